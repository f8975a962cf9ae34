"""Storage trees stated plainly: docs/protocol/storage.md, file trees and segment proofs. ``k`` is any keccak256."""

from __future__ import annotations

from collections.abc import Callable

Hash = Callable[[bytes], bytes]

SECTOR = 256
SEGMENT_SECTORS = 1024


def root(leaves: list[bytes], k: Hash) -> bytes:
    """The left subtree takes the largest power of two strictly below the count."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << ((len(leaves) - 1).bit_length() - 1)
    return k(root(leaves[:half], k) + root(leaves[half:], k))


def proof(leaves: list[bytes], index: int, k: Hash) -> tuple[list[bytes], list[bool]]:
    """Siblings from the leaf upwards, and whether the running node is the left child."""
    if len(leaves) == 1:
        return [], []
    half = 1 << ((len(leaves) - 1).bit_length() - 1)
    if index < half:
        siblings, path = proof(leaves[:half], index, k)
        return [*siblings, root(leaves[half:], k)], [*path, True]
    siblings, path = proof(leaves[half:], index - half, k)
    return [*siblings, root(leaves[:half], k)], [*path, False]


def padded_sectors(size: int) -> int:
    chunks = -(-size // SECTOR)
    power = 1 << (chunks - 1).bit_length()
    if chunks == power:
        return chunks
    multiple = power // 16 if power >= 16 else 1
    return -(-chunks // multiple) * multiple


def node_heights(size: int) -> list[int]:
    rest, heights = padded_sectors(size), []
    part = 1 << (rest - 1).bit_length()
    while rest:
        if rest >= part:
            heights.append(part.bit_length() - 1)
            rest -= part
        part //= 2
    return heights


def file_leaves(data: bytes, k: Hash) -> list[bytes]:
    padded = padded_sectors(len(data))
    filled = data + bytes(padded * SECTOR - len(data))
    return [k(filled[i * SECTOR : (i + 1) * SECTOR]) for i in range(padded)]

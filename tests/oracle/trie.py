"""The Merkle Patricia trie from its definition (Ethereum yellow paper, appendix D): the root of a whole mapping, recursively.

``c(J, i)`` and ``n(J, i)`` are the yellow paper's names: the composition of a node for the pairs ``J`` that share their first
``i`` nibbles, and the capped reference to it. Proofs are the encodings on the way to a key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sha3

from oracle import rlp

Pairs = dict[tuple[int, ...], bytes]


def keccak256(data: bytes) -> bytes:
    return sha3.keccak_256(data).digest()


EMPTY_ROOT = keccak256(rlp.encode(b""))


def nibbles(key: bytes) -> tuple[int, ...]:
    return tuple(part for byte in key for part in (byte >> 4, byte & 15))


def hex_prefix(path: tuple[int, ...], leaf: bool) -> bytes:
    flag = 2 if leaf else 0
    full = (flag + 1, *path) if len(path) % 2 else (flag, 0, *path)
    return bytes(16 * high + low for high, low in zip(full[::2], full[1::2], strict=True))


def c(pairs: Pairs, i: int) -> Any:
    if len(pairs) == 1:
        [(path, value)] = pairs.items()
        return [hex_prefix(path[i:], True), value]
    paths = list(pairs)
    j = min(len(path) for path in paths)
    while any(path[:j] != paths[0][:j] for path in paths):
        j -= 1
    if j > i:
        return [hex_prefix(paths[0][i:j], False), n(pairs, j)]
    node: list[Any] = []
    for nibble in range(16):
        below = {path: value for path, value in pairs.items() if len(path) > i and path[i] == nibble}
        node.append(n(below, i + 1) if below else b"")
    node.append(pairs.get(paths[0][:i], b""))
    return node


def n(pairs: Pairs, i: int) -> Any:
    node = c(pairs, i)
    encoded = rlp.encode(node)
    return node if len(encoded) < 32 else keccak256(encoded)


def root(mapping: Mapping[bytes, bytes]) -> bytes:
    if not mapping:
        return EMPTY_ROOT
    return keccak256(rlp.encode(c({nibbles(key): value for key, value in mapping.items()}, 0)))


def ordered_root(items: list[bytes]) -> bytes:
    return root({rlp.encode(i): item for i, item in enumerate(items)})


def secure_root(mapping: Mapping[bytes, bytes]) -> bytes:
    return root({keccak256(key): value for key, value in mapping.items()})


def prove(mapping: Mapping[bytes, bytes], key: bytes) -> list[bytes]:
    """The nodes from the root towards ``key``, those inside their parents left out."""
    if not mapping:
        return []
    pairs: Pairs = {nibbles(k): value for k, value in mapping.items()}
    wanted = nibbles(key)
    proof: list[bytes] = []
    i = 0
    while pairs:
        node = c(pairs, i)
        encoded = rlp.encode(node)
        if not proof or len(encoded) >= 32:
            proof.append(encoded)
        if len(pairs) == 1:
            break
        step = i + 1
        if len(node) == 2:
            step = i
            while all(len(path) > step and path[step] == next(iter(pairs))[step] for path in pairs):
                step += 1
        pairs = {path: value for path, value in pairs.items() if path[i:step] == wanted[i:step] and len(path) >= step}
        if len(wanted) < step:
            break
        i = step
    return proof

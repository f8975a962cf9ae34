"""Sealing and mining stated plainly: docs/protocol/storage.md, mining. ``k`` is any keccak256, ``b`` any BLAKE2b-512."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

Hash = Callable[[bytes], bytes]

SEAL = 4096
LOAD_SECTORS = 1024


def u256(number: int) -> bytes:
    return number.to_bytes(32, "big")


def xored(a: bytes, b: bytes) -> bytes:
    return (int.from_bytes(a, "big") ^ int.from_bytes(b, "big")).to_bytes(len(a), "big")


def seal(data: bytes, miner_id: bytes, context: bytes, sector: int, k: Hash) -> bytes:
    """One seal of 4096 bytes."""
    mask, out = k(miner_id + context + u256(sector)), b""
    for at in range(0, SEAL, 32):
        word = xored(data[at : at + 32], mask)
        out += word
        mask = k(word)
    return out


def unseal(data: bytes, miner_id: bytes, context: bytes, sector: int, k: Hash) -> bytes:
    mask, out = k(miner_id + context + u256(sector)), b""
    for at in range(0, SEAL, 32):
        out += xored(data[at : at + 32], mask)
        mask = k(data[at : at + 32])
    return out


class Range(NamedTuple):
    start: int
    length: int
    shard_id: int
    shard_mask: int

    def digest(self, k: Hash) -> bytes:
        return k(b"".join(map(u256, self)))


class Try(NamedTuple):
    pad_seed: bytes
    pad: bytes
    recall_seed: bytes
    position: int


def draw(miner_id: bytes, nonce: bytes, subtask: bytes, area: Range, k: Hash, b: Hash) -> Try:
    """From a nonce to its scratchpad and the first sector of its load."""
    seed = b(miner_id + nonce + subtask + area.digest(k))
    d, pad = seed, b""
    for _ in range(256):
        d = k(d) + d[32:]
        d = d[:32] + k(d)
        pad += d
    recall = k(d)
    offset = int.from_bytes(recall, "big") % (area.length // LOAD_SECTORS)
    chunk = (offset & (1 << 64) - 1 & area.shard_mask) | area.shard_id
    return Try(seed, pad, recall, area.start + chunk * LOAD_SECTORS)


def quality(sealed: bytes, index: int, attempt: Try, b: Hash) -> bytes:
    """Of seal ``index`` (0 to 63) of a load, whose sealed bytes these are."""
    quarter = attempt.pad[index % 4 * SEAL : (index % 4 + 1) * SEAL]
    return b(u256(index) + attempt.pad_seed + bytes(32) + xored(sealed, quarter))[:32]


def threshold(target: int, flow_length: int, shards: int) -> int:
    bound = 1 << 35
    scale = (min(flow_length, bound) << 64) // min(flow_length // shards, bound)
    return target // scale << 64

"""Hashes of the DA sampling lottery: the quality of rows and of their sublines, and names of submissions.

A round has a seed. A row's *line quality* depends on the seed and the row's name alone, so that a miner skips most rows without
reading them; a subline's *data quality* hashes its 1,024 bytes. Their sum must stay at or below the round's target.
Source: the sampling contract of 0G DA (PoDAS); integers are big-endian, of 32 bytes unless said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from zerog.errors import InvalidInput
from zerog.primitives import blob, hashing

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["TARGET_MAX", "BlobRecord", "Hit", "data_qualities", "line_qualities", "mine_row", "submission_id"]

TARGET_MAX: Final = (2**256 - 1) // 128


class BlobRecord(NamedTuple):
    """What names a blob on chain."""

    epoch: int
    quorum_id: int
    data_root: bytes


class Hit(NamedTuple):
    """A subline whose quality is good enough."""

    subline: int
    quality: int


def line_qualities(seed: bytes, record: BlobRecord, lines: Sequence[int]) -> list[int]:
    """keccak(seed ‖ epoch ‖ quorum ‖ root ‖ 8-byte line) of many lines of one blob.

    Raises:
        InvalidInput: a seed or root that is not 32 bytes long, a zero seed (a round that cannot be
            mined), or a number that does not fit.
    """
    if len(seed) != 32 or not any(seed):
        raise InvalidInput("seed: expected 32 bytes that are not all zero")
    if len(record.data_root) != 32:
        raise InvalidInput(f"data_root: expected 32 bytes, found {len(record.data_root)}")
    prefix = seed + _be(record.epoch, 8).rjust(32, b"\0") + _be(record.quorum_id, 8).rjust(32, b"\0") + record.data_root
    return _numbers([prefix + _be(line, 8) for line in lines])


def data_qualities(line_quality: int, data: Buffer, sublines: Sequence[int] | None = None) -> list[int]:
    """keccak(line quality ‖ subline ‖ its 1,024 bytes) of the sublines of a row's bytes, by default all of them.

    Raises:
        InvalidInput: bytes that are not whole sublines, or a subline beyond them.
    """
    view = memoryview(data).cast("B")
    size = blob.SUBLINE_SIZE_BYTES
    if len(view) % size != 0:
        raise InvalidInput(f"data: expected whole sublines of {size} bytes, found {len(view)} bytes")
    count = len(view) // size
    chosen = range(count) if sublines is None else sublines
    if any(not 0 <= index < count for index in chosen):
        raise InvalidInput(f"subline: expected below {count}")
    prefix = _be(line_quality, 32)
    return _numbers([prefix + _be(index, 32) + view[size * index : size * (index + 1)].tobytes() for index in chosen])


def mine_row(line_quality: int, data: Buffer, target: int) -> list[Hit]:
    """The sublines of a row whose quality, the sum of both, is at most ``target``; sums beyond 256 bits never are."""
    if line_quality > target:
        return []
    found = data_qualities(line_quality, data)
    return [Hit(index, line_quality + one) for index, one in enumerate(found) if line_quality + one <= min(target, 2**256 - 1)]


def submission_id(seed: bytes, record: BlobRecord, line: int, subline: int) -> bytes:
    """keccak(root ‖ seed ‖ 8-byte epoch ‖ 8-byte quorum ‖ 4-byte line ‖ 4-byte subline): what the contract counts once."""
    packed = record.data_root + seed + _be(record.epoch, 8) + _be(record.quorum_id, 8) + _be(line, 4) + _be(subline, 4)
    return hashing.keccak256(packed)


def _be(value: int, size_bytes: int) -> bytes:
    if not 0 <= value < 1 << (8 * size_bytes):
        raise InvalidInput(f"expected an integer of at most {size_bytes} bytes, found {value}")
    return value.to_bytes(size_bytes, "big")


def _numbers(inputs: list[bytes]) -> list[int]:
    """Digests of inputs of one length, as integers."""
    if not inputs:
        return []
    digests = hashing.keccak256_many(b"".join(inputs), size=len(inputs[0]))
    return [int.from_bytes(digest.tobytes(), "big") for digest in digests]

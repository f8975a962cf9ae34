"""What others may use of storage: files of the log, shards, and the ports that pillars and services meet at.

A *file* (``Tx``) is one submission of the flow contract: its ``seq`` counts from 0, and the same bytes submitted twice are two
files with one root. ``TxId`` also carries the hash of the submission, so that bytes meant for a submission that a
reorganisation took away are never attached to the one that came instead.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple, Protocol

from zerog.errors import InvalidInput
from zerog.primitives.hashing import keccak256
from zerog.storage import layout
from zerog.storage.layout import SECTORS_PER_SEGMENT, Layout

PROTOCOL_VERSION = (0, 4, 0)


class TxId(NamedTuple):
    """Which submission: its number, and the hash of what it says."""

    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Tx:
    """A file as the log knows it.

    ``nodes`` are ``(root, height)``; ``sender`` is the submitter that the event names (anyone may name anyone), ``tx_hash`` the
    transaction it came in.
    """

    seq: int
    root: bytes
    nodes: tuple[tuple[bytes, int], ...]
    start_entry: int
    size: int
    sender: bytes
    identity: bytes
    tags: bytes
    block_number: int
    block_hash: bytes
    tx_hash: bytes

    @property
    def layout(self) -> Layout:
        return _layout(self.size)

    @property
    def start_segment(self) -> int:
        """The segment of the flow in which the file begins."""
        return self.start_entry // SECTORS_PER_SEGMENT

    @property
    def sectors(self) -> int:
        """Leaves of its tree: what it takes of the flow."""
        return sum(1 << height for _, height in self.nodes)

    @property
    def id(self) -> TxId:
        """keccak256 of the SSZ form of the submission, without what depends on the block it is in."""
        nodes = b"".join(struct.pack("<Q", height + 1) + root for root, height in self.nodes)
        fixed = 4 + 4 + 32 + 4 + 8 + 8 + 8
        head = struct.pack("<II32sIQQQ", fixed, fixed, self.root, fixed, self.start_entry, self.size, self.seq)
        return TxId(self.seq, bytes(keccak256(head + nodes)))

    def to_json(self) -> dict[str, Any]:
        """The ``tx`` of a FileInfo."""
        return {
            "streamIds": [],
            "data": [],
            "dataMerkleRoot": "0x" + self.root.hex(),
            "merkleNodes": [[height + 1, "0x" + root.hex()] for root, height in self.nodes],
            "startEntryIndex": self.start_entry,
            "size": self.size,
            "seq": self.seq,
        }


@lru_cache(maxsize=256)
def _layout(size: int) -> Layout:
    return layout.file_layout(size)


@dataclass(frozen=True, slots=True)
class FileInfo:
    """What a node tells about a file."""

    tx: Tx
    finalized: bool
    is_cached: bool
    uploaded_segments: int
    pruned: bool

    def to_json(self) -> dict[str, Any]:
        return {
            "tx": self.tx.to_json(),
            "finalized": self.finalized,
            "isCached": self.is_cached,
            "uploadedSegNum": self.uploaded_segments,
            "pruned": self.pruned,
        }


@dataclass(frozen=True, slots=True)
class Shard:
    """Which segments of the flow a node keeps: those whose index is ``id`` modulo ``count``, a power of two."""

    id: int = 0
    count: int = 1

    def __post_init__(self) -> None:
        if self.count < 1 or self.count & (self.count - 1) or not 0 <= self.id < self.count:
            raise InvalidInput(f"shard: expected id below a power of two, found {self.id}/{self.count}")

    @classmethod
    def parse(cls, text: str) -> Shard:
        """``id/count``, as ``0/1``."""
        id, slash, count = text.partition("/")
        if not slash or not id.isdecimal() or not count.isdecimal() or len(text) > 40:
            raise InvalidInput(f"shard: expected id/count such as 0/1, found {text!r}")
        return cls(int(id), int(count))

    def __str__(self) -> str:
        return f"{self.id}/{self.count}"

    def holds(self, flow_segment: int) -> bool:
        return flow_segment % self.count == self.id

    def segments(self, tx: Tx) -> range:
        """The segments of a file, counted in the file, that the shard must hold."""
        first = (self.id - tx.start_segment) % self.count
        return range(first, tx.layout.data_segments, self.count)

    def intersects(self, other: Shard) -> bool:
        """Whether some segment belongs to both."""
        smaller = min(self.count, other.count)
        return self.id % smaller == other.id % smaller

    def to_json(self) -> dict[str, int]:
        return {"shardId": self.id, "numShard": self.count}

    @classmethod
    def from_json(cls, value: object) -> Shard:
        """The reverse of ``to_json``; ``InvalidInput`` for anything else."""
        id = value.get("shardId") if isinstance(value, dict) else None
        count = value.get("numShard") if isinstance(value, dict) else None
        if type(id) is not int or type(count) is not int:
            raise InvalidInput("shard: expected an object with the numbers shardId and numShard")
        return cls(id, count)


def covered(shards: Sequence[Shard]) -> bool:
    """Whether every segment of the flow belongs to at least one of the shards."""
    widest = max((shard.count for shard in shards), default=1)
    if widest > 1 << 20:
        raise InvalidInput(f"shard: expected at most {1 << 20} shards, found {widest}")
    held = bytearray(widest)
    for shard in shards:
        held[shard.id :: shard.count] = b"\1" * len(range(shard.id, widest, shard.count))
    return all(held) and bool(shards)


@dataclass(frozen=True, slots=True)
class PeerLocation:
    """A node that is known to hold a file."""

    ip: str
    shard: Shard


class Peers(Protocol):
    """What the admin surface asks of whoever keeps peers and synchronises files. All numbers are of this node's view."""

    @property
    def connected(self) -> int: ...
    def network_info(self) -> dict[str, Any]: ...
    def peers(self) -> dict[str, Any]: ...
    async def find(self, tx: Tx) -> None: ...
    def locations(self, tx: Tx) -> Sequence[PeerLocation]: ...
    async def start_file(self, tx: Tx) -> None: ...
    async def start_chunks(self, tx: Tx, start: int, end: int) -> None: ...
    async def terminate(self, seq: int) -> bool: ...
    def service_state(self) -> dict[str, Any]: ...
    def status(self, seq: int) -> str: ...
    def info(self, seq: int | None) -> dict[str, Any]: ...


def segment_range(tx: Tx, start_chunk: int, end_chunk: int) -> Iterator[tuple[int, int, int]]:
    """The pieces that a range of a file's sectors is made of: (segment, first byte in it, end byte in it)."""
    size = layout.SECTOR
    for index in range(start_chunk // SECTORS_PER_SEGMENT, -(-end_chunk // SECTORS_PER_SEGMENT)):
        base = index * SECTORS_PER_SEGMENT
        yield index, max(0, start_chunk - base) * size, min(SECTORS_PER_SEGMENT, end_chunk - base) * size

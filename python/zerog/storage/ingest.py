"""Uploads: segments are checked in native batches, written under a bounded window, or kept in memory by root until the log
has their submission.

The order of checks and the words of refusals are those that clients match; ``Refusal`` carries them to the RPC surface.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from zerog.errors import Conflict, Corrupt, Exhausted
from zerog.runtime import disk, log
from zerog.runtime.offload import Offload
from zerog.storage.api import Tx, TxId
from zerog.storage.layout import SECTOR, Segment, SegmentFault, check_segments
from zerog.storage.store import DUPLICATE, NewSegment, Store
from zerog.wire.jsonrpc import INTERNAL_ERROR, INVALID_PARAMS, SERVER_ERROR

_log = log.get(__name__)

ALREADY_FINALIZED: Final = "already uploaded and finalized"
ALREADY_PRUNED: Final = "already pruned"
_COPIES_MAX: Final = 100_000


class Refusal(Exception):
    """Why an upload is refused: code, message and data of the error object."""

    def __init__(self, code: int, message: str, data: str | None = None) -> None:
        super().__init__(data or message)
        self.code, self.message, self.data = code, message, data


def invalid_params(name: str, reason: str) -> Refusal:
    return Refusal(INVALID_PARAMS, f"Invalid params: {name}", reason)


_FAULTS: Final[dict[SegmentFault, Refusal]] = {
    SegmentFault.FILE_EMPTY: invalid_params("file_size", "file is empty"),
    SegmentFault.INDEX: invalid_params("index", "index out of bound"),
    SegmentFault.LENGTH: invalid_params("data", "invalid data length"),
    SegmentFault.SHAPE: invalid_params("proof", "invalid proof"),
    SegmentFault.POSITION: Refusal(SERVER_ERROR, "wrong position: the path leads to another segment"),
    SegmentFault.LEAF: Refusal(SERVER_ERROR, "data hash mismatch: the first hash of the proof is not that of the data"),
    SegmentFault.ROOT: Refusal(SERVER_ERROR, "root mismatch: the last hash of the proof is not the root of the file"),
    SegmentFault.ZERO_PADDING: invalid_params("proof", "invalid proof node value in the padding range"),
    SegmentFault.FOLD: invalid_params("proof", "validation failed"),
}


@dataclass(frozen=True)
class Limits:
    """See ``[storage.pool]`` of default.toml."""

    writings_max: int = 16
    waiting_bytes_max: int = 64 << 20
    waiting_s: float = 10
    cached_file_bytes_max: int = 10 << 20
    cached_bytes_max: int = 256 << 20
    cached_expire_s: float = 300
    free_bytes_min: int = 0


@dataclass
class _Cached:
    file_size: int
    segments: dict[int, Segment] = field(default_factory=dict)
    size_bytes: int = 0
    touched_s: float = 0


class ChunkCache:
    """Segments of files whose submission is not known yet, by root; small files only, forgotten after a while.

    When memory runs out the file that waited longest without a new segment goes first.
    """

    def __init__(self, limits: Limits, now_s: Callable[[], float] = time.monotonic) -> None:
        self._limits, self._now_s = limits, now_s
        self._files: dict[bytes, _Cached] = {}
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._files)

    def count(self, root: bytes) -> int | None:
        """How many segments wait for a root, None when none do."""
        found = self._files.get(root)
        return None if found is None else len(found.segments)

    def put(self, segment: Segment) -> None:
        """Keep a checked segment.

        Raises:
            Refusal: it is here already, or claims another file size than those before it.
        """
        self.expire()
        found = self._files.get(segment.root)
        if found is not None and found.file_size != segment.file_size:
            raise invalid_params("file_size", "segment file size not matched with cached file size")
        if found is not None and segment.index in found.segments:
            raise Refusal(SERVER_ERROR, DUPLICATE)
        size = len(segment.data)
        while self.size_bytes + size > self._limits.cached_bytes_max and self._files:
            oldest = min(self._files, key=lambda root: self._files[root].touched_s)
            if oldest == segment.root:
                break
            self.take(oldest)
        if self.size_bytes + size > self._limits.cached_bytes_max:
            raise Refusal(SERVER_ERROR, "exceeds the maximum cached chunks of whole pool")
        if found is None:
            found = self._files[segment.root] = _Cached(segment.file_size)
        # A copy: a view would keep all of the body that it came in.
        found.segments[segment.index] = replace(segment, data=bytes(segment.data))
        found.size_bytes += size
        found.touched_s = self._now_s()
        self.size_bytes += size

    def take(self, root: bytes) -> list[Segment]:
        """Remove and return what waits for a root."""
        found = self._files.pop(root, None)
        if found is None:
            return []
        self.size_bytes -= found.size_bytes
        return [found.segments[index] for index in sorted(found.segments)]

    def expire(self) -> int:
        """Forget files that got nothing for too long; returns how many."""
        ends_at_s = self._now_s() - self._limits.cached_expire_s
        old = [root for root, cached in self._files.items() if cached.touched_s <= ends_at_s]
        for root in old:
            self.take(root)
        return len(old)


class Ingest:
    """Takes uploads on one event loop.

    Args:
        store: where checked segments go.
        lane: threads for checking and writing.
    """

    def __init__(self, store: Store, lane: Offload, limits: Limits, home: Path | None = None) -> None:
        self._store, self._lane, self._limits, self._home = store, lane, limits, home
        self.cache = ChunkCache(limits)
        self._writing: set[tuple[TxId, int]] = set()
        self._places = asyncio.Semaphore(limits.writings_max)
        self._waiting_bytes = 0
        self._copies: dict[TxId, None] = {}
        self._copies_wake = asyncio.Event()
        self.stored_bytes = 0

    async def upload(self, segments: Sequence[Segment], seq: int | None, *, skip_duplicates: bool = False) -> None:
        """Take segments of one call in order: those before the first that is refused are kept, then its refusal is raised.

        Args:
            seq: the file that they are said to belong to; None: found by root.
            skip_duplicates: segments that are here already count as taken.

        Raises:
            Refusal: code and words for the client.
        """
        refusal: Refusal | None = None
        wanted: list[tuple[Tx | None, Segment]] = []
        for segment in segments:
            try:
                wanted.append((self._admit(segment, seq), segment))
            except Refusal as found:
                refusal = found
                break
        faults = await self._lane.run(check_segments, [segment for _, segment in wanted]) if wanted else []
        for at, fault in enumerate(faults):
            if fault is not None:
                known = _FAULTS[fault]
                refusal = Refusal(known.code, known.message, known.data)
                del wanted[at:]
                break
        fresh: list[NewSegment] = []
        for tx, segment in wanted:
            try:
                if tx is None:
                    # The log may have told it while the proof was checked.
                    tx = self._find(segment, seq)
                if tx is None:
                    self.cache.put(segment)
                    continue
                if (tx.id, segment.index) in self._writing or segment.index in self._store.present(tx.seq):
                    raise Refusal(SERVER_ERROR, DUPLICATE)
                if any(other.id == tx.id and other.index == segment.index for other in fresh):
                    raise Refusal(SERVER_ERROR, DUPLICATE)
                fresh.append(NewSegment(tx.id, segment.index, segment.data, segment.proof))
            except Refusal as found:
                if skip_duplicates and found.message == DUPLICATE:
                    continue
                refusal = found
                break
        if fresh:
            await self._write(fresh)
        if refusal is not None:
            raise refusal

    def _find(self, segment: Segment, seq: int | None) -> Tx | None:
        if seq is None:
            return self._store.tx_of_root(segment.root)
        tx = self._store.find_tx(seq)
        if tx is not None and tx.root != segment.root:
            raise Refusal(INTERNAL_ERROR, "Internal error", "data root and tx seq not match")
        return tx

    def _admit(self, segment: Segment, seq: int | None) -> Tx | None:
        """The file of a segment, None when the log does not have it yet; refuses what needs no look at the proof."""
        size = len(segment.data)
        if size == 0:
            raise Refusal(SERVER_ERROR, "data is empty")
        if size % SECTOR:
            raise Refusal(SERVER_ERROR, "invalid data length")
        tx = self._find(segment, seq)
        if tx is not None:
            if segment.file_size != tx.size:
                raise invalid_params("file_size", "segment file size not matched with tx file size")
            if self._store.finalized(tx.seq) and not self._is_extra(tx, segment.index):
                raise invalid_params("root", ALREADY_FINALIZED)
            if self._store.pruned(tx.seq):
                raise invalid_params("root", ALREADY_PRUNED)
        elif segment.file_size > self._limits.cached_file_bytes_max:
            raise invalid_params("file_size", "caching of large file when tx is unavailable is not supported")
        return tx

    def _is_extra(self, tx: Tx, index: int) -> bool:
        """Whether a segment is of no use to this node's shard, but of an erasure-coded file that was placed here."""
        store = self._store
        outside = not store.shard.holds(tx.start_segment + index)
        return outside and index not in store.present(tx.seq) and store.is_coded(tx)

    @asynccontextmanager
    async def _window(self, segments: Sequence[NewSegment]) -> AsyncIterator[None]:
        """A place among the uploads being written: at once, or soon while little enough waits, or a refusal.

        Clients send all of a file at a time and give up after a few refusals.
        """
        keys = {(segment.id, segment.index) for segment in segments}
        size = sum(len(segment.data) for segment in segments)
        limits = self._limits
        full = Refusal(SERVER_ERROR, f"too many data writing: {limits.writings_max}")
        if self._places.locked() and self._waiting_bytes + size > limits.waiting_bytes_max:
            raise full
        self._writing |= keys
        self._waiting_bytes += size
        try:
            try:
                async with asyncio.timeout(limits.waiting_s):
                    await self._places.acquire()
            except TimeoutError:
                raise full from None
            finally:
                self._waiting_bytes -= size
            try:
                yield
            finally:
                self._places.release()
        finally:
            self._writing -= keys

    async def _write(self, segments: Sequence[NewSegment]) -> None:
        async with self._window(segments):
            await self._store_now(segments)

    async def keep(self, segments: Sequence[NewSegment]) -> None:
        """Store segments that were fetched from peers and checked; those that are here or on their way are passed over.

        Raises:
            Refusal: the submission is gone, or the disk is full.
        """
        fresh = [
            segment
            for segment in segments
            if (segment.id, segment.index) not in self._writing and segment.index not in self._store.present(segment.id.seq)
        ]
        keys = {(segment.id, segment.index) for segment in fresh}
        self._writing |= keys
        try:
            if fresh:
                await self._store_now(fresh)
        finally:
            self._writing -= keys

    async def _store_now(self, segments: Sequence[NewSegment]) -> None:
        try:
            if self._home is not None:
                disk.check_free(self._home, self._limits.free_bytes_min)
            await self._lane.run(self._store.put_segments, segments)
        except (Conflict, Exhausted) as error:
            raise Refusal(SERVER_ERROR, str(error)) from None
        self.stored_bytes += sum(len(segment.data) for segment in segments)

    async def on_new(self, txs: Sequence[Tx]) -> None:
        """New files of the log: attach what waited for them; look later whether their bytes are here under another number."""
        for tx in txs:
            waiting = [segment for segment in self.cache.take(tx.root) if segment.file_size == tx.size]
            if waiting and not self._store.finalized(tx.seq):
                fresh = [NewSegment(tx.id, segment.index, segment.data, segment.proof) for segment in waiting]
                try:
                    await self._store_now(fresh)
                except Refusal as refusal:
                    _log.warning("ingest.flush_failed", seq=tx.seq, reason=str(refusal))
            if not self._store.finalized(tx.seq) and len(self._copies) < _COPIES_MAX:
                self._copies[tx.id] = None
        self._copies_wake.set()

    async def run_copies(self) -> None:
        """Finalize files whose bytes are here under another number, until cancelled: beside the log, a copy may be long."""
        while True:
            await self._copies_wake.wait()
            self._copies_wake.clear()
            while self._copies:
                id = next(iter(self._copies))
                del self._copies[id]
                try:
                    await self._lane.run(self._copy, id)
                except (Conflict, Corrupt) as error:
                    _log.warning("ingest.copy_failed", seq=id.seq, reason=str(error))

    def _copy(self, id: TxId) -> None:
        tx = self._store.find_tx(id.seq)
        if tx is not None and tx.id == id:
            self._store.copy_from_equal(tx)

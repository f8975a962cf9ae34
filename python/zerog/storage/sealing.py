"""What a miner keeps beside the node's own records: the segments of the flow, sealed under its id.

Only whole segments of the flow are sealed, once every epoch that has sectors in them is closed and all their data are here.
A seal hides 4096 bytes under the digest of the epoch that contains its last sector, so one segment may carry several digests.
The sealed copy stands beside the plain one: clients are served without unsealing, and a sealed copy that turns out wrong is
forgotten and made again.

Two families: ``sealed`` has the bytes, ``seals`` a small row for each, which is all that a start reads. Both rows of a segment
are one batch, so a crash leaves it sealed or not; sealing goes on where it stopped.

Source: docs/protocol/storage.md, 5.1.
"""

from __future__ import annotations

import threading
from bisect import bisect_right
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from zerog.contracts.flow import EpochRange
from zerog.errors import Corrupt, PeerFault
from zerog.primitives import merkle, pora
from zerog.storage.layout import SECTOR, SECTORS_PER_SEGMENT, SEGMENT, Proof
from zerog.storage.store import Store
from zerog.store.kv import Batch

_VERSION: Final = 1
_SEALS: Final = SECTORS_PER_SEGMENT // pora.SEAL_SECTORS
_RANGES_MAX: Final = 100_000


class Run(NamedTuple):
    """From seal ``first`` of a segment on, up to the next run, seals stand under ``digest``."""

    first: int
    digest: bytes


class Sealed(NamedTuple):
    """A segment of the flow as the miner keeps it: 262144 sealed bytes and the digests they are sealed under."""

    data: memoryview
    runs: tuple[Run, ...]

    def digest(self, seal: int) -> bytes:
        """Under which epoch's digest seal ``seal`` (0 to 63) stands."""
        return self.runs[bisect_right(self.runs, seal, key=lambda run: run.first) - 1].digest


def encode_sealed(miner_id: bytes, runs: Sequence[Run], data: Any) -> bytes:
    """The record: version, miner, number of runs, runs of one byte and 32, the sealed bytes."""
    head = bytes([_VERSION]) + miner_id + bytes([len(runs)])
    return head + b"".join(bytes([run.first]) + run.digest for run in runs) + bytes(data)


def decode_sealed(record: bytes, miner_id: bytes) -> Sealed | None:
    """The reverse; None for the seals of another miner.

    Raises:
        Corrupt: not such a record.
    """
    count = record[33] if len(record) > 33 else 0
    at = 34 + 33 * count
    if len(record) != at + SEGMENT or record[0] != _VERSION or not 0 < count <= _SEALS:
        raise Corrupt(f"sealed segment: expected a record of version {_VERSION}, found {len(record)} bytes")
    if record[1:33] != miner_id:
        return None
    runs = tuple(Run(record[i], record[i + 1 : i + 33]) for i in range(34, at, 33))
    firsts = [run.first for run in runs]
    if firsts[0] != 0 or firsts != sorted(set(firsts)) or firsts[-1] >= _SEALS:
        raise Corrupt(f"sealed segment: expected runs from seal 0 upwards, found {firsts}")
    return Sealed(memoryview(record)[at:], runs)


class Epochs:
    """The closed epochs that the flow contract knows, by the sectors that came in them.

    Args:
        ask: the epoch that holds a sector, from the contract (``queryContextAtPosition``).
    """

    def __init__(self, ask: Callable[[int], Awaitable[EpochRange]]) -> None:
        self._ask = ask
        self._ranges: list[EpochRange] = []

    def forget(self) -> None:
        """The chain may have been rewritten: ask again."""
        self._ranges.clear()

    async def runs(self, segment: int) -> tuple[Run, ...]:
        """The digests that the seals of a segment of the flow stand under. All its sectors lie in closed epochs."""
        first, out, seal = segment * SECTORS_PER_SEGMENT, [], 0
        while seal < _SEALS:
            last_sector = first + pora.SEAL_SECTORS * (seal + 1) - 1
            held = await self._of(last_sector)
            out.append(Run(seal, held.digest))
            # The next run begins with the first seal whose last sector lies beyond this epoch.
            seal = max(seal + 1, (held.end - first) // pora.SEAL_SECTORS)
        return tuple(out)

    async def _of(self, sector: int) -> EpochRange:
        at = bisect_right(self._ranges, sector, key=lambda held: held.start) - 1
        if at >= 0 and sector < self._ranges[at].end:
            return self._ranges[at]
        found = await self._ask(sector)
        if not found.start <= sector < found.end:
            raise PeerFault(f"the flow contract names epoch {found.start} to {found.end} for sector {sector}")
        if len(self._ranges) >= _RANGES_MAX:
            self._ranges.clear()
        self._ranges.insert(bisect_right(self._ranges, found.start, key=lambda held: held.start), found)
        return found


class Seals:
    """The sealed segments of one miner in a node's store. Calls block and are safe for many threads.

    Args:
        miner_id: whose seals; those of another id in the same store are forgotten at once.
    """

    def __init__(self, store: Store, miner_id: bytes) -> None:
        self.store, self.miner_id = store, miner_id
        self._lock = threading.Lock()
        self._sealed = bytearray()
        self.count = 0
        stale = Batch()
        for key, value in store.kv.scan("seals"):
            if value == miner_id:
                self._mark(int.from_bytes(key, "big"), True)
            else:
                stale.delete("seals", key)
                stale.delete("sealed", key)
        if stale:
            store.kv.write(stale, sync=False)

    def _mark(self, segment: int, sealed: bool) -> None:
        with self._lock:
            if segment >= len(self._sealed):
                self._sealed.extend(bytes(segment + 1 - len(self._sealed)))
            self.count += sealed - self._sealed[segment]
            self._sealed[segment] = sealed

    def has(self, segment: int) -> bool:
        return segment < len(self._sealed) and self._sealed[segment] == 1

    def among(self, start: int, end: int) -> list[int]:
        """The sealed segments from ``start`` and below ``end`` that the node's shard keeps, ascending."""
        shard = self.store.shard
        first = start + (shard.id - start) % shard.count
        return [segment for segment in range(first, min(end, len(self._sealed)), shard.count) if self._sealed[segment]]

    def wanted(self, end: int, start: int, limit: int) -> list[int]:
        """Up to ``limit`` segments from ``start`` and below ``end`` that the shard keeps, whose data are here, not sealed."""
        shard = self.store.shard
        found: list[int] = []
        segment = start + (shard.id - start) % shard.count
        while segment < end and len(found) < limit:
            after = segment + shard.count
            if not self.has(segment):
                absent_until = self._absent_until(segment)
                if absent_until is None:
                    found.append(segment)
                else:
                    after = max(after, absent_until + (shard.id - absent_until) % shard.count)
            segment = after
        return found

    def _absent_until(self, segment: int) -> int | None:
        """None when all data of a segment are here; else where to look next: after a file of which nothing is here."""
        for tx in self.store.tx_at(segment):
            index = segment - tx.start_segment
            if index >= tx.layout.data_segments or self.store.finalized(tx.seq):
                continue
            present = self.store.present(tx.seq)
            if not present:
                return tx.start_segment + -(-tx.sectors // SECTORS_PER_SEGMENT)
            if index not in present:
                return segment + 1
        return None

    def strays(self, limit: int) -> list[int]:
        """Up to ``limit`` sealed segments that are not of the shard any more."""
        shard = self.store.shard
        found: list[int] = []
        if shard.count == 1:
            return []
        at = self._sealed.find(1)
        while at >= 0 and len(found) < limit:
            if not shard.holds(at):
                found.append(at)
            at = self._sealed.find(1, at + 1)
        return found

    def plain(self, segment: int) -> bytearray | None:
        """The plain bytes of a whole segment of the flow, gaps of alignment being zeros; None when some are not here.

        Raises:
            Corrupt: a record is damaged.
        """
        first = segment * SECTORS_PER_SEGMENT
        out = bytearray(SEGMENT)
        for tx in self.store.tx_at(segment):
            start = max(first, tx.start_entry)
            end = min(first + SECTORS_PER_SEGMENT, tx.start_entry + tx.layout.chunks)
            if start >= end:
                continue  # only padding of the file lies here
            data = self.store.chunks(tx, start - tx.start_entry, end - tx.start_entry)
            if data is None:
                return None
            at = (start - first) * SECTOR
            out[at : at + len(data)] = data
        return out

    def seal(self, segment: int, runs: Sequence[Run]) -> bool:
        """Seal a segment and keep it; whether its data were here."""
        plain = self.plain(segment)
        if plain is None:
            return False
        ends = [run.first for run in runs[1:]] + [_SEALS]
        contexts = b"".join(run.digest * (end - run.first) for run, end in zip(runs, ends, strict=True))
        sealed = pora.seal(plain, self.miner_id, contexts, segment * SECTORS_PER_SEGMENT, out=plain)
        batch = Batch()
        batch.put("sealed", _key(segment), encode_sealed(self.miner_id, runs, sealed))
        batch.put("seals", _key(segment), self.miner_id)
        self.store.kv.write(batch, sync=False)  # lost in a crash of the machine, it is made again
        self._mark(segment, True)
        return True

    def read(self, segment: int) -> Sealed | None:
        """A sealed segment; None when it is not sealed, or when its record was damaged and has been forgotten."""
        if not self.has(segment):
            return None
        try:
            record = self.store.kv.get("sealed", _key(segment))
            sealed = None if record is None else decode_sealed(record, self.miner_id)
        except Corrupt:
            sealed = None
        if sealed is None:
            self.forget([segment])
        return sealed

    def forget(self, segments: Sequence[int]) -> None:
        """Make these anew, or never again when they left the shard."""
        batch = Batch()
        for segment in segments:
            batch.delete("sealed", _key(segment))
            batch.delete("seals", _key(segment))
        self.store.kv.write(batch, sync=False)
        for segment in segments:
            self._mark(segment, False)


def seal_proof(store: Store, sector: int, flow_root: bytes) -> tuple[bytes, ...]:
    """The siblings of the 16 sectors from ``sector`` on, bottom up, in the flow that had ``flow_root``.

    Raises:
        NotFound: no such root, or bytes that the proof needs are not here.
    """
    proof: Proof = store.sector_proof(sector, flow_root)
    return proof.lemma[5:-1]


def is_sealed_well(
    sealed: bytes, miner_id: bytes, digest: bytes, sector: int, proof: Sequence[bytes], flow_root: bytes
) -> bool:
    """What the contract checks of an answer's bytes: unsealed they lead to the flow's root."""
    plain = pora.unseal(sealed, miner_id, digest, sector)
    root = merkle.tree(merkle.hash_sectors(plain).tobytes()).root
    leaf = np.frombuffer(root, dtype=np.uint8)
    place = sector // pora.SEAL_SECTORS
    if not proof:
        return root == flow_root and place == 0
    path = np.array([place >> level & 1 == 0 for level in range(len(proof))], dtype=np.uint8)
    found = merkle.fold(leaf, b"".join(proof), path, np.array([0, len(proof)], dtype=np.uint64))
    return bytes(found[0]) == flow_root and place >> len(proof) == 0


def _key(segment: int) -> bytes:
    return segment.to_bytes(8, "big")

"""What a node gives up: segments outside its shard, half of the shard when the disk is full, and what pays no reward any more.

Deleting goes in batches with pauses. Shards never grow back by themselves. Source: docs/protocol/storage.md, section 6.5.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from zerog.contracts import reward
from zerog.errors import Corrupt, Exhausted, InvalidInput, NotFound, PeerFault, TimedOut, Unavailable
from zerog.runtime import log
from zerog.runtime.eth import Eth
from zerog.runtime.offload import Offload
from zerog.runtime.service import Ready
from zerog.storage import shards
from zerog.storage.layout import SECTORS_PER_SEGMENT
from zerog.storage.metrics import PrunerMetrics
from zerog.storage.store import Store

_log = log.get(__name__)

COUNT_EVERY = 10


@dataclass(frozen=True)
class Pruning:
    """See ``[storage.pruner]`` of default.toml; ``reward`` is the contract's address, empty for none."""

    sectors_max: int = 0
    reward: bytes = b""
    check_s: float = 60
    batch_segments: int = 1024
    pause_s: float = 1


@dataclass(frozen=True)
class Pruned:
    """Where the pruner stands: what ``admin_getPrunerStatus`` tells."""

    stored_sectors: int = 0
    sectors_max: int = 0
    splits: int = 0
    segments: int = 0
    files: int = 0
    first_rewarded_sector: int = 0
    fault: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "storedSectors": self.stored_sectors, "maxSectors": self.sectors_max, "splits": self.splits,
            "prunedSegments": self.segments, "prunedFiles": self.files, "firstRewardedSector": self.first_rewarded_sector,
            "fault": self.fault,
        }  # fmt: skip


class Pruner:
    """The service of one node.

    Args:
        lane: a thread of its own; every look at the store is long.
        on_split: told when the shard became smaller.
        upper: which half is kept, at random by default: nodes that split alone should not all keep the same.
    """

    name = "pruner"

    def __init__(
        self,
        store: Store,
        eth: Eth,
        pruning: Pruning,
        numbers: PrunerMetrics,
        *,
        on_split: Callable[[], None] = lambda: None,
        upper: Callable[[], bool] = lambda: bool(secrets.randbits(1)),
    ) -> None:
        self._store, self._eth, self._pruning, self._numbers = store, eth, pruning, numbers
        self._on_split, self._upper = on_split, upper
        self.status = Pruned(sectors_max=pruning.sectors_max)
        self._looks = 0

    def told(self) -> dict[str, Any]:
        """admin_getPrunerStatus."""
        return self.status.to_json() | {"shard": self._store.shard.to_json()}

    async def run(self, ready: Ready) -> None:
        with Offload(1, name="pruner") as lane:
            ready()
            while True:
                # First a pause: after a change of the shard in the settings there is time to take it back.
                await asyncio.sleep(self._pruning.check_s)
                await self.step(lane)

    async def step(self, lane: Offload) -> None:
        """Look once, and delete what has to go. What goes wrong is told, and tried again at the next look."""
        self.status = replace(self.status, fault="")
        for part in (self._drop_unrewarded, self._drop_outside, self._fit):
            try:
                await part(lane)
            except (Unavailable, TimedOut, PeerFault, InvalidInput, NotFound, Corrupt, Exhausted) as error:
                self.status = replace(self.status, fault=str(error))
                _log.warning("pruner.failed", error=type(error).__name__, reason=str(error))

    async def _fit(self, lane: Offload) -> None:
        """Count, and give up half of the shard when the node is full. Without a limit it is enough to count now and then."""
        most = self._pruning.sectors_max
        self._looks += 1
        if not most and self._looks % COUNT_EVERY != 1:
            return
        stored = await lane.run(self._store.stored_sectors)
        if most and stored * 10 >= most * 9:
            old = self._store.shard
            await lane.run(self._store.reshard, shards.split(old, self._upper()))
            self.status = replace(self.status, splits=self.status.splits + 1)
            _log.warning("pruner.split", old=str(old), new=str(self._store.shard), sectors=stored, sectors_max=most)
            self._on_split()
            await self._drop_outside(lane)
            stored = await lane.run(self._store.stored_sectors)
        self.status = replace(self.status, stored_sectors=stored)
        self._numbers.sectors.set(stored)
        self._numbers.shards.set(self._store.shard.count)

    async def _drop_outside(self, lane: Offload) -> None:
        """Delete segments that are not of the shard, ``batch_segments`` at a time."""
        at = 0 if self._store.shard.count > 1 else self._store.next_seq
        while at < self._store.next_seq:
            dropped, at = await lane.run(self._sweep, at)
            self._dropped(dropped)
            if dropped:
                await asyncio.sleep(self._pruning.pause_s)

    def _sweep(self, first: int) -> tuple[int, int]:
        """Delete at most a batch from file ``first`` on; how many segments, and the file to go on with."""
        store, most, dropped = self._store, self._pruning.batch_segments, 0
        for seq in range(first, store.next_seq):
            start = store.tree.submission(seq).start // SECTORS_PER_SEGMENT
            if all(store.shard.holds(start + index) for index in store.present(seq)):
                continue
            dropped += store.drop_outside(seq, most - dropped)
            if dropped >= most:
                return dropped, seq
        return dropped, store.next_seq

    async def _drop_unrewarded(self, lane: Offload) -> None:
        """Delete what lies before the first pricing chunk that still pays; files that begin there count as pruned."""
        if not self._pruning.reward:
            return
        wanted = reward.first_rewardable_chunk()
        chunk, _ = wanted.decode(await self._eth.call(self._pruning.reward, wanted.data))
        boundary = chunk * reward.SECTORS_PER_PRICE
        self.status = replace(self.status, first_rewarded_sector=boundary)
        store = self._store
        for seq in range(store.next_seq):
            if seq >= store.next_seq or store.tree.submission(seq).start >= boundary:
                break
            if store.pruned(seq) and not store.present(seq):
                continue
            first = not store.pruned(seq)
            dropped = await lane.run(lambda seq=seq: store.prune(seq, below=boundary // SECTORS_PER_SEGMENT))
            self._dropped(dropped)
            if first:
                self.status = replace(self.status, files=self.status.files + 1)
                self._numbers.files.inc()
            if dropped:
                await asyncio.sleep(self._pruning.pause_s * dropped / self._pruning.batch_segments)

    def _dropped(self, count: int) -> None:
        if count:
            self._numbers.segments.inc(count)
            self.status = replace(self.status, segments=self.status.segments + count)

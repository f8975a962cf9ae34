"""Confirmed blobs become final when the chain's last final block has their commitment; a reorganisation sends them back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from zerog.da.disperser.chain import DisperserChain
from zerog.da.disperser.metrics import DisperserMetrics
from zerog.da.disperser.queue import BlobQueue, Status
from zerog.errors import PeerFault, TimedOut, Unavailable
from zerog.runtime import log
from zerog.runtime.offload import Offload
from zerog.store.kv import Batch

_log = log.get(__name__)

EXPIRE_POLL_S: Final = 60.0
EXPIRED_AT_ONCE: Final = 8


class Finalizer:
    """Two loops over the queue.

    Args:
        poll_s: between looks at the chain.
        keep_ns: how long the data of a blob that ended is kept, from its request.
        now_ns: the time of day.
        on_return: told when a blob has to be recorded again.
        also_expire: forgets some of what else is older than a time, and says how many.
    """

    def __init__(
        self, queue: BlobQueue, chain: DisperserChain, lane: Offload, numbers: DisperserMetrics, *,
        poll_s: float, keep_ns: int, now_ns: Callable[[], int], on_return: Callable[[], None] = lambda: None,
        also_expire: Callable[[int], int] = lambda before_ns: 0,
    ) -> None:  # fmt: skip
        self._queue, self._chain, self._lane, self._numbers = queue, chain, lane, numbers
        self._poll_s, self._keep_ns, self._now_ns, self._on_return = poll_s, keep_ns, now_ns, on_return
        self._also_expire = also_expire

    async def step(self) -> int:
        """Finalize what can be; returns how many blobs changed."""
        waiting = self._queue.waiting(Status.CONFIRMED)
        if not waiting:
            return 0
        head = await self._chain.final()
        changed = 0
        for entry in waiting:
            if entry.commit_block > head.number:
                continue
            recorded = await self._chain.is_recorded(entry.record, head.number)
            step: dict[str, Any] = {"status": Status.FINALIZED}
            if not recorded:
                _log.warning("blob.unrecorded", root=entry.data_root.hex()[:16], block=entry.commit_block)
                step = {"status": Status.PROCESSING, "commit_tx": b"", "commit_block": 0}
            await self._lane.run(self._queue.settle, {entry.request_id: step}, Batch())
            self._numbers.blobs.labels("finalized" if recorded else "unrecorded").inc()
            if not recorded:
                self._on_return()
            changed += 1
        return changed

    async def run(self) -> None:
        """Finalize until cancelled."""
        while True:
            try:
                await self.step()
            except (Unavailable, TimedOut, PeerFault) as error:
                _log.warning("finalizer.waits", reason=str(error))
            await asyncio.sleep(self._poll_s)

    async def run_expiry(self) -> None:
        """Forget what is too old until cancelled."""
        while True:
            before_ns = self._now_ns() - self._keep_ns
            while await self._lane.run(self._expire, before_ns):
                pass
            await asyncio.sleep(EXPIRE_POLL_S)

    def _expire(self, before_ns: int) -> int:
        return self._also_expire(before_ns) + self._queue.expire(before_ns, count_max=EXPIRED_AT_ONCE)

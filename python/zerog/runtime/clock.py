"""Time as a port: wall time for what is written into blocks, monotonic time for waiting."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Timers use ``monotonic_s``; only timestamps that people or protocols see use ``now_s``."""

    def now_s(self) -> float: ...
    def monotonic_s(self) -> float: ...
    async def sleep(self, duration_s: float) -> None: ...


class SystemClock:
    """The machine's clock."""

    def now_s(self) -> float:
        return time.time()

    def monotonic_s(self) -> float:
        return time.monotonic()

    async def sleep(self, duration_s: float) -> None:
        await asyncio.sleep(duration_s)


class OffsetClock:
    """Another clock with its wall time moved: ``evm_increaseTime`` of a devnet."""

    def __init__(self, base: Clock) -> None:
        self._base = base
        self.offset_s = 0.0

    def now_s(self) -> float:
        return self._base.now_s() + self.offset_s

    def monotonic_s(self) -> float:
        return self._base.monotonic_s()

    async def sleep(self, duration_s: float) -> None:
        await self._base.sleep(duration_s)

"""A single proposer in the process itself: a block by the timer, or at once when a transaction waits. Every block is final."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

from zerog.chain.api import NewBlock
from zerog.chain.consensus.application import Application
from zerog.chain.inputs import NO_INPUTS, ConsensusInputs
from zerog.errors import InvalidInput
from zerog.runtime import log
from zerog.runtime.clock import Clock, OffsetClock
from zerog.runtime.service import Ready

_log = log.get(__name__)


@dataclass(frozen=True)
class Pace:
    """See ``[chain.consensus]`` of default.toml."""

    block_interval_ms: int = 500
    instant: bool = True
    gather_ms: int = 20
    block_gap_min_ms: int = 100
    empty_blocks: bool = True


class EmbeddedConsensus:
    """Drives an application at a pace.

    Timestamps are whole seconds and may repeat (chain.md §3.1); where the rules forbid that they are moved on.
    """

    name = "consensus"

    def __init__(self, application: Application, pace: Pace, clock: Clock, *, repeated_timestamps: bool = True) -> None:
        self._application = application
        self.pace = pace
        self.clock = OffsetClock(clock)
        self._repeated_timestamps = repeated_timestamps
        self._wake = asyncio.Event()
        self._next_timestamp: int | None = None
        self._turn = asyncio.Lock()
        self._last_s = -1e18

    # --- development --------------------------------------------------------------------------------------------------

    def set_next_timestamp(self, timestamp: int) -> None:
        """The timestamp of the next block; time goes on from there.

        Raises:
            InvalidInput: before the head's.
        """
        if timestamp < self._timestamp_min():
            raise InvalidInput(f"timestamp {timestamp} is before the last block's {self._application.latest.timestamp}")
        self._next_timestamp = timestamp

    def increase_time(self, duration_s: int) -> int:
        """Move the clock on; returns by how much in all."""
        self.clock.offset_s += duration_s
        return int(self.clock.offset_s)

    async def mine(self, timestamp: int | None = None, inputs: ConsensusInputs = NO_INPUTS) -> NewBlock:
        """A block now, with what consensus gives it."""
        if timestamp is not None:
            self.set_next_timestamp(timestamp)
        async with self._turn:
            return await self._produce(inputs)

    async def revert(self, number: int) -> None:
        """Go back to a block and listen to the pool of the new engine."""
        async with self._turn:
            self._application.engine.set_pool_listener(None)
            try:
                await self._application.revert(number)
            finally:
                self.watch()

    def set_instant(self, instant: bool) -> None:
        """Whether a waiting transaction makes a block at once; counts from now on, whatever the loop waits for."""
        self.pace = replace(self.pace, instant=instant)
        if self._waiting():
            self._wake.set()

    # --- the loop -----------------------------------------------------------------------------------------------------

    def watch(self) -> None:
        """Let the pool of the application's engine wake the loop (again after evm_revert has replaced the engine)."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            try:
                loop.call_soon_threadsafe(self._wake.set)
            except RuntimeError:  # the loop is closed: the node has stopped
                return

        self._application.engine.set_pool_listener(wake)

    async def run(self, ready: Ready) -> None:
        self.watch()
        ready()
        clock = self.clock
        if self._waiting():
            self._wake.set()
        try:
            while True:
                pace = self.pace
                due_s = self._last_s + pace.block_interval_ms / 1000
                by_timer = not await self._woken(due_s - clock.monotonic_s())
                if by_timer and not pace.empty_blocks and not self._waiting():
                    self._last_s = clock.monotonic_s()
                    continue
                if not by_timer:
                    self._wake.clear()
                    gap_s = self._last_s + pace.block_gap_min_ms / 1000 - clock.monotonic_s()
                    await clock.sleep(max(pace.gather_ms / 1000, gap_s, 0))
                async with self._turn:
                    block = await self._produce(NO_INPUTS)
                # More may wait than the block took. A block that took none means that the rest cannot go in now.
                if block.tx_count and self._waiting():
                    self._wake.set()
        finally:
            self._application.engine.set_pool_listener(None)

    async def _woken(self, timeout_s: float) -> bool:
        """Wait for the pool (when instant) or the timer; whether it was the pool."""
        try:
            async with asyncio.timeout(max(0.0, timeout_s)):
                while True:
                    await self._wake.wait()
                    if self.pace.instant:
                        return True
                    self._wake.clear()
        except TimeoutError:
            return False

    def _waiting(self) -> bool:
        pending, _ = self._application.engine.pool_status()
        return bool(pending)

    def _timestamp_min(self) -> int:
        return self._application.latest.timestamp + (0 if self._repeated_timestamps else 1)

    async def _produce(self, inputs: ConsensusInputs) -> NewBlock:
        timestamp, self._next_timestamp = self._next_timestamp, None
        if timestamp is not None:
            self.clock.offset_s += timestamp - int(self.clock.now_s())
        else:
            timestamp = int(self.clock.now_s())
        timestamp = max(timestamp, self._timestamp_min())
        block = await self._application.produce(timestamp, inputs)
        self._last_s = self.clock.monotonic_s()
        return block

"""Bounds: queues that refuse, buckets that empty, deadlines that pass."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Generic, TypeVar

from zerog.errors import Exhausted, TimedOut

_T = TypeVar("_T")


class BoundedQueue(Generic[_T]):
    """A queue of one event loop that never waits to put: full means ``Exhausted``, and the caller decides what to drop."""

    def __init__(self, count_max: int, name: str) -> None:
        if count_max < 1:
            raise ValueError("count_max must be positive")
        self.name = name
        self._count_max = count_max
        self._items: deque[_T] = deque()
        self._waiter: asyncio.Future[None] | None = None

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: _T) -> None:
        if len(self._items) >= self._count_max:
            raise Exhausted(f"queue {self.name} is full ({self._count_max})", queue=self.name)
        self._items.append(item)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def take_all(self, count_max: int | None = None) -> list[_T]:
        """Wait for at least one item, then take what is there (one consumer)."""
        while not self._items:
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        if count_max is None or count_max >= len(self._items):
            return self.drain()
        return [self._items.popleft() for _ in range(count_max)]

    def drain(self) -> list[_T]:
        """Take what is there, perhaps nothing."""
        taken = list(self._items)
        self._items.clear()
        return taken


class TokenBucket:
    """``rate`` tokens a second, at most ``burst`` saved up."""

    def __init__(self, rate: float, burst: float, now_s: Callable[[], float]) -> None:
        self._rate, self._burst, self._now_s = rate, burst, now_s
        self._tokens = burst
        self._at = now_s()

    def take(self, count: float = 1) -> bool:
        now = self._now_s()
        self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
        self._at = now
        if self._tokens < count:
            return False
        self._tokens -= count
        return True


@asynccontextmanager
async def deadline(timeout_s: float, what: str) -> AsyncIterator[None]:
    """``asyncio.timeout`` that raises our ``TimedOut``, naming what was waited for."""
    scope = asyncio.timeout(timeout_s)
    try:
        async with scope:
            yield
    except TimeoutError:
        if not scope.expired():
            raise
        raise TimedOut(f"timeout: {what} took more than {timeout_s} s", what=what) from None

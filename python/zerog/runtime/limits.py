"""Bounds: queues that refuse, buckets that empty, deadlines that pass."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
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


class Shares:
    """Room of a fixed size that strangers fill together: one of them has at most as much as is free, so whoever comes new finds
    room. One alone gets half of it, two a third each. No name is kept of those who have nothing here. Not for several threads.

    Args:
        size_max: of all together.
        what: the plural of what is counted, for sentences.
    """

    def __init__(self, size_max: int, what: str) -> None:
        self.size_max, self.what = size_max, what
        self.size = 0
        self._held: dict[str, int] = {}

    def held(self, who: str) -> int:
        return self._held.get(who, 0)

    def check(self, who: str, size: int = 1) -> None:
        """Whether there is room for more of somebody's; ``""`` is ourselves, who may fill all of it.

        Raises:
            Exhausted: no room for anybody, or this one's share is used up.
        """
        free = self.size_max - self.size
        if size > free:
            raise Exhausted(f"the queue is full: {self.size} {self.what} wait, of at most {self.size_max}")
        held = self.held(who)
        if who and held and held + size > free:
            raise Exhausted(f"{held} {self.what} of {who} wait already; a client has at most as many as are free, {free} now")

    def add(self, who: str, size: int = 1) -> None:
        self.size += size
        self._held[who] = self.held(who) + size

    def remove(self, who: str, size: int = 1) -> None:
        self.size -= size
        self._held[who] -= size
        if not self._held[who]:
            del self._held[who]

    @contextmanager
    def holding(self, who: str) -> Iterator[None]:
        """A place for the time of the block; ``Exhausted`` as ``check``."""
        self.check(who)
        self.add(who)
        try:
            yield
        finally:
            self.remove(who)


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

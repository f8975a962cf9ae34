"""The only place where tasks start: no task outlives its block, and one that falls takes its block down.

``asyncio.TaskGroup`` with names, plus ``drain`` for background work that may be cancelled at any time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

_T = TypeVar("_T")


class Tasks:
    """A block of tasks. Leaving it waits for all; one that raises cancels the others.

    ``start`` is for tasks that end by themselves; ``start_background`` for loops that only end by cancellation: they are
    cancelled when the block is left.
    """

    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()
        self._background: list[asyncio.Task[Any]] = []

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._background:
            task.cancel()
        await self._group.__aexit__(kind, error, trace)

    def start(self, work: Coroutine[Any, Any, _T], name: str) -> asyncio.Task[_T]:
        """Run ``work`` inside this block."""
        return self._group.create_task(work, name=name)

    def start_background(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Run ``work`` until the block is left."""
        task = self._group.create_task(work, name=name)
        self._background.append(task)
        return task


async def to_the_end(work: Coroutine[Any, Any, _T], name: str) -> _T:
    """The result of work that must not stop half-way: a caller that is cancelled waits for its end, and is cancelled then."""
    task = asyncio.create_task(work, name=name)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        if not task.cancelled():
            task.exception()  # seen: nobody is left to look at it
        raise cancelled
    return task.result()


def first_error(group: BaseException) -> BaseException:
    """The first leaf of nested exception groups: what an exit line should name."""
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group

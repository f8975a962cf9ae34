"""Native work leaves the event loop here: a bounded pool of threads, and lanes of one thread for writers.

Native calls release the interpreter lock, so threads really run beside the loop. Work cannot be interrupted inside one
native call: whoever sends long work cuts it into pieces and stops between them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self, TypeVar

from zerog.errors import Exhausted

_T = TypeVar("_T")


class Offload:
    """``thread_count`` threads and at most ``waiting_max`` calls queued or running; one more is refused with ``Exhausted``."""

    def __init__(self, thread_count: int, *, waiting_max: int = 1024, name: str = "offload") -> None:
        self._name = name
        self._waiting_max = waiting_max
        self._waiting = 0
        self._threads = ThreadPoolExecutor(thread_count, thread_name_prefix=name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)

    @property
    def waiting(self) -> int:
        return self._waiting

    async def run(self, function: Callable[..., _T], *args: Any) -> _T:
        """``function(*args)`` in a thread.

        When the caller is cancelled the call goes on to its end, and keeps its place in the bound until then.
        """
        if self._waiting >= self._waiting_max:
            raise Exhausted(f"{self._name}: {self._waiting_max} calls already waiting", queue=self._name)
        self._waiting += 1
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(self._threads, function, *args)
        future.add_done_callback(self._done)
        return await asyncio.shield(future)

    def _done(self, future: asyncio.Future[Any]) -> None:
        self._waiting -= 1
        if not future.cancelled():
            future.exception()  # seen: a caller that was cancelled leaves nobody else to look at it

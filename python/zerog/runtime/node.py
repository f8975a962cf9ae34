"""Run a set of services: start in dependency order, stop in reverse, and say who fell first."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence

from zerog.errors import ConfigError, TimedOut
from zerog.runtime import log
from zerog.runtime.service import Service

_log = log.get(__name__)


class Node:
    """Services in dependency order: each starts when the one before it is ready.

    Args:
        services: the first depends on nothing.
        start_timeout_s: how long one service may take to become ready.
        stop_timeout_s: how long one may take to drain after cancellation; then it is named and left behind.
    """

    def __init__(self, services: Sequence[Service], *, start_timeout_s: float = 120, stop_timeout_s: float = 8) -> None:
        self._services = list(services)
        self._start_timeout_s = start_timeout_s
        self._stop_timeout_s = stop_timeout_s

    async def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serve until cancelled or until a service falls.

        Errors: re-raises the error of the service that fell first, after all others have been drained in reverse order.
        """
        running: list[tuple[str, asyncio.Task[None]]] = []
        try:
            for service in self._services:
                up = asyncio.Event()
                # Not a TaskGroup: it would cancel all at once, and we promise reverse order.
                task = asyncio.create_task(service.run(up.set), name=service.name)
                running.append((service.name, task))
                await self._until_up(service.name, up, running)
                _log.info("service.ready", service=service.name)
            ready()
            await asyncio.wait([task for _, task in running], return_when=asyncio.FIRST_COMPLETED)
            self._raise_fallen(running)
        finally:
            await self._drain(running)

    async def _until_up(self, name: str, up: asyncio.Event, running: list[tuple[str, asyncio.Task[None]]]) -> None:
        waiter = asyncio.create_task(up.wait(), name=f"{name}.up")
        try:
            done, _ = await asyncio.wait(
                [waiter, *(task for _, task in running)], timeout=self._start_timeout_s, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            waiter.cancel()
        if not done:
            raise TimedOut(f"service {name} not ready after {self._start_timeout_s} s", service=name)
        if not up.is_set():
            self._raise_fallen(running)

    @staticmethod
    def _raise_fallen(running: list[tuple[str, asyncio.Task[None]]]) -> None:
        for name, task in running:
            if not task.done():
                continue
            error = None if task.cancelled() else task.exception()
            while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
                error = error.exceptions[0]
            how = type(error).__name__ if error else "returned"
            _log.error("service.fell", service=name, error=how, reason=str(error or ""))
            if error is not None:
                error.add_note(f"in service {name}")
                raise error
            raise RuntimeError(f"service {name} returned before it was stopped")

    async def _drain(self, running: list[tuple[str, asyncio.Task[None]]]) -> None:
        for name, task in reversed(running):
            if task.done():
                continue
            task.cancel()
            done, _ = await asyncio.wait([task], timeout=self._stop_timeout_s)
            if not done:
                _log.error("service.stuck", service=name, waited_s=self._stop_timeout_s)
            elif not task.cancelled() and (error := task.exception()) is not None:
                _log.error("service.drain_failed", service=name, error=type(error).__name__, reason=str(error))
            else:
                _log.info("service.stopped", service=name)


async def until_stopped(work: Callable[[], asyncio.Task[None]]) -> int:
    """Run ``work`` until it ends or SIGTERM / SIGINT arrives; returns the exit code (0 stopped, 1 fell, 2 configuration)."""
    loop = asyncio.get_running_loop()
    task = work()
    asked = False

    def stop() -> None:
        nonlocal asked
        asked = True
        task.cancel()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    try:
        await task
    except asyncio.CancelledError:
        if not asked:
            raise
        _log.info("node.stopped")
        return 0
    except ConfigError as error:
        _log.error("node.exit", reason=str(error))
        return 2
    except Exception as error:
        _log.error("node.exit", error=type(error).__name__, reason=str(error), note="; ".join(getattr(error, "__notes__", [])))
        return 1
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
    return 0

"""A service as a process: settings, log, signals, the file that says it is ready. Each service's ``main`` is one call.

A supervisor (the local network, a test) starts the process, waits for its ready file, and keeps the other end of its
standard input: when that closes, the process stops, so a supervisor that was killed leaves nothing behind.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import resource
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import uvloop

from zerog.errors import ConfigError
from zerog.runtime import config as settings
from zerog.runtime import disk, log
from zerog.runtime.config import Config
from zerog.runtime.node import until_stopped

_log = log.get(__name__)

Serve = Callable[[Config, Callable[[Any], None]], Awaitable[None]]
"""Runs a service until cancelled, and calls its second argument once, with its endpoints, when every port answers."""


def main(program: str, about: str | None, serve: Serve, arguments: Sequence[str] | None = None) -> int:
    """``python -m program``: a service in the foreground until SIGTERM or SIGINT.

    Args:
        program: the module's name, for the help text.
        about: one sentence for the help text.
        arguments: of the command line by default.

    Returns:
        The exit code: 0 stopped, 1 fell, 2 settings that do not fit.
    """
    parser = argparse.ArgumentParser(prog=program, description=about)
    parser.add_argument("--config", type=Path, help="TOML settings; see default.toml")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="one setting, e.g. metrics.port=0")
    parser.add_argument("--ready-file", type=Path, help="written with the endpoints as JSON when the service answers")
    parser.add_argument("--until-stdin-closes", action="store_true", help="also stop when standard input ends")
    given = parser.parse_args(arguments)
    log.set_up()
    try:
        flags = dict(item.split("=", 1) if "=" in item else (item, "") for item in given.set)
        loaded = settings.load(given.config, flags=flags)
    except ConfigError as error:
        _log.error("node.exit", reason=str(error))
        return 2
    return foreground(loaded.config, serve, ready_file=given.ready_file, until_stdin_closes=given.until_stdin_closes)


def foreground(config: Config, serve: Serve, *, ready_file: Path | None = None, until_stdin_closes: bool = False) -> int:
    """Run a service until it is stopped; returns the exit code (0 stopped, 1 fell, 2 settings that do not fit).

    Args:
        ready_file: gets the service's endpoints as JSON, mode 0600, when all its ports answer.
        until_stdin_closes: also stop when standard input ends, which is what happens when a supervisor dies.
    """
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a secret never reaches a core file
    try:
        log.set_up(
            config.log.level, file=Path(config.log.file) if config.log.file else None,
            file_bytes_max=config.log.file_bytes_max, files_max=config.log.files_max,
        )  # fmt: skip
    except ConfigError as error:
        _log.error("node.exit", reason=str(error))
        return 2

    def ready(endpoints: Any) -> None:
        if ready_file is not None:
            disk.write_atomic(ready_file, msgspec.json.encode(endpoints), mode=0o600)

    async def work() -> None:
        if until_stdin_closes:
            await _unless_orphaned(serve(config, ready))
        else:
            await serve(config, ready)

    async def run() -> int:
        return await until_stopped(lambda: asyncio.create_task(work(), name="node"))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run())


async def _unless_orphaned(serving: Awaitable[None]) -> None:
    """Serve until standard input ends, the service falls, or the caller is cancelled."""
    work = asyncio.ensure_future(serving)
    watch = asyncio.create_task(_stdin_closed(), name="stdin")
    try:
        await asyncio.wait([work, watch], return_when=asyncio.FIRST_COMPLETED)
    finally:
        watch.cancel()
        work.cancel()
        await asyncio.wait([work])  # everything is closed before anybody hears that it ended
        if not work.cancelled() and (error := work.exception()) is not None:
            raise error


async def _stdin_closed() -> None:
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while await reader.read(4096):
        pass

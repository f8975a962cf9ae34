"""Who trains: a port, and its body that runs a program of ours in a process of its own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from zerog.compute.tuning.lora import Job
from zerog.errors import InvalidInput, TimedOut, Unavailable

LINE_BYTES_MAX: Final = 64 << 10
ERROR_BYTES_MAX: Final = 4 << 10
_STOP_S: Final = 5.0

Report = Callable[[dict[str, Any]], Awaitable[None]]
"""Told of each step: ``{step, steps, loss, tokens, seconds}``."""


class Trainer(Protocol):
    """Trains a job and leaves an adapter in its ``output``; goes on where it stopped when asked again."""

    async def train(self, job: Job, report: Report) -> None:
        """
        Raises:
            InvalidInput: the job cannot be trained as it is. Unavailable: this machine cannot train now. TimedOut: too slow.
            Cancelling it ends the work at once.
        """
        ...


class LoraTrainer:
    """``zerog.compute.tuning.lora`` in a child process.

    Args:
        timeout_s: of a whole task.
        threads: of the child's arithmetic; 0: all cores.
    """

    def __init__(self, *, timeout_s: float, threads: int = 0) -> None:
        self._timeout_s, self._threads = timeout_s, threads

    async def train(self, job: Job, report: Report) -> None:
        path = Path(job.work) / "job.json"
        path.write_bytes(msgspec.json.encode(job))
        environment = dict(os.environ) | {"JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONUNBUFFERED": "1"}
        if self._threads:
            environment["XLA_FLAGS"] = f"--xla_cpu_multi_thread_eigen=true intra_op_parallelism_threads={self._threads}"
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "zerog.compute.tuning.lora", str(path),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env=environment, limit=LINE_BYTES_MAX, start_new_session=True,
        )  # fmt: skip
        try:
            async with asyncio.timeout(self._timeout_s):
                words = asyncio.create_task(_last_words(child), name="trainer.errors")
                await self._follow(child, report)
                told, code = await words, await child.wait()
        except TimeoutError:
            raise TimedOut(f"training took longer than {self._timeout_s:g} s") from None
        finally:
            await _end(child)
        if code == 1:
            raise InvalidInput(told or "the data set cannot be trained on")
        if code != 0:
            raise Unavailable(f"the trainer ended with code {code}: {told[-400:]}")

    async def _follow(self, child: asyncio.subprocess.Process, report: Report) -> None:
        assert child.stdout is not None
        while True:
            try:
                line = await child.stdout.readline()
            except ValueError:
                raise Unavailable("the trainer wrote a line without an end") from None
            if not line:
                return
            with suppress(ValueError):
                found = json.loads(line)
                if isinstance(found, dict):
                    await report(found)


async def _last_words(child: asyncio.subprocess.Process) -> str:
    """The end of what a child says about itself."""
    assert child.stderr is not None
    kept = b""
    while part := await child.stderr.read(4096):
        kept = (kept + part)[-ERROR_BYTES_MAX:]
    return kept.decode("utf-8", "replace").strip()


async def _end(child: asyncio.subprocess.Process) -> None:
    """The child's whole group is gone when this returns."""
    if child.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        with suppress(TimeoutError):
            await asyncio.wait_for(child.wait(), _STOP_S)

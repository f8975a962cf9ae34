"""Logs, limits, disk, offload, tasks and the node that runs services."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import secrets
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from zerog.errors import Conflict, Exhausted, TimedOut, Unauthorized
from zerog.runtime import disk, log
from zerog.runtime.clock import OffsetClock, SystemClock
from zerog.runtime.limits import BoundedQueue, TokenBucket, deadline
from zerog.runtime.node import Node
from zerog.runtime.offload import Offload
from zerog.runtime.service import Ready
from zerog.runtime.tasks import Tasks, first_error

# --- log --------------------------------------------------------------------------------------------------------------


def line(event: str, **facts: object) -> str:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    logger = logging.getLogger("zerog.test_log")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        log.get("zerog.test_log").info(event, **facts)
    finally:
        logger.removeHandler(handler)
    return stream.getvalue()


def test_events_are_one_line_of_facts() -> None:
    assert (
        line("block.commit", height=5, hash=bytes(range(32)), took_s=0.25)
        == "block.commit height=5 hash=0x000102030405… took_s=0.250\n"
    )
    assert line("a.b", text="two words", empty="", quote='"') == 'a.b text="two words" empty="" quote="\\""\n'


def test_no_value_can_forge_an_event() -> None:
    """C19."""
    text = line("peer.said", text="x\nchain.ready height=9\r\t\x1b[31m\u2028y")
    assert text.count("\n") == 1
    assert "\x1b" not in text
    assert "\u2028" not in text
    assert len(line("a.b", text="x" * 10_000)) < 600


def test_secrets_are_masked_by_name() -> None:
    token = secrets.token_hex(16)
    for name in ("private_key", "admin_token", "password", "jwt_secret", "authorization"):
        assert token not in line("a.b", **{name: token})


# --- limits -----------------------------------------------------------------------------------------------------------


async def test_bounded_queue_refuses_and_keeps_order() -> None:
    queue: BoundedQueue[int] = BoundedQueue(3, "test")
    for item in range(3):
        queue.put(item)
    with pytest.raises(Exhausted, match="test"):
        queue.put(3)
    assert await queue.take_all(2) == [0, 1]
    assert await queue.take_all() == [2]
    waiting = asyncio.create_task(queue.take_all())
    await asyncio.sleep(0)
    queue.put(7)
    queue.put(8)
    assert await waiting == [7, 8]
    assert queue.drain() == []
    with pytest.raises(ValueError, match="positive"):
        BoundedQueue(0, "none")


def test_token_bucket() -> None:
    now = 0.0
    bucket = TokenBucket(2, 4, lambda: now)
    assert all(bucket.take() for _ in range(4))
    assert not bucket.take()
    now = 1.0
    assert bucket.take(2)
    assert not bucket.take()
    now = 100.0
    assert bucket.take(4)
    assert not bucket.take()


async def test_deadline_names_what_was_waited_for() -> None:
    with pytest.raises(TimedOut, match="the moon"):
        async with deadline(0.01, "the moon"):
            await asyncio.sleep(10)
    async with deadline(10, "nothing"):
        pass
    with pytest.raises(TimeoutError, match="inner"):
        async with deadline(10, "outer"):
            raise TimeoutError("inner")


def test_offset_clock() -> None:
    clock = OffsetClock(SystemClock())
    before = clock.now_s()
    clock.offset_s = 3600
    assert 3600 <= clock.now_s() - before < 3700
    assert abs(clock.monotonic_s() - SystemClock().monotonic_s()) < 60


# --- disk -------------------------------------------------------------------------------------------------------------


def test_directory_lock_is_exclusive_and_dies_with_its_process(tmp_path: Path) -> None:
    """C17."""
    home = tmp_path / "home"
    with disk.DirectoryLock(home):
        assert home.stat().st_mode & 0o777 == 0o700
        with pytest.raises(Conflict, match=str(os.getpid())), disk.DirectoryLock(home):
            pass
    with disk.DirectoryLock(home):
        pass
    script = (
        "from zerog.runtime.disk import DirectoryLock; from pathlib import Path; import os, signal\n"
        f"with DirectoryLock(Path({str(home)!r})): os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    with disk.DirectoryLock(home):
        pass


def test_atomic_write_and_private_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    disk.write_atomic(path, b"one")
    disk.write_atomic(path, b"two" * 100_000, mode=0o600)
    assert disk.read_private(path) == b"two" * 100_000
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
    path.chmod(0o640)
    with pytest.raises(Unauthorized, match="0640"):
        disk.read_private(path)


def test_free_space(tmp_path: Path) -> None:
    disk.check_free(tmp_path, 1)
    with pytest.raises(Exhausted, match=r"nearly full: .* MiB free"):
        disk.check_free(tmp_path, 1 << 62)


# --- offload and tasks ------------------------------------------------------------------------------------------------


async def test_offload_is_bounded_and_survives_cancelled_callers() -> None:
    gate = threading.Event()
    with Offload(1, waiting_max=2, name="test") as lane:
        first = asyncio.create_task(lane.run(gate.wait, 10))
        second = asyncio.create_task(lane.run(lambda: "done"))
        await asyncio.sleep(0.01)
        with pytest.raises(Exhausted):
            await lane.run(lambda: None)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        assert lane.waiting == 2
        gate.set()
        assert await second == "done"
        with pytest.raises(ZeroDivisionError):
            await lane.run(lambda: 1 // 0)
        assert lane.waiting == 0


async def test_background_tasks_end_with_their_block() -> None:
    ended: list[str] = []

    async def forever() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append("background")

    async with Tasks() as tasks:
        tasks.start_background(forever(), "forever")
        result = tasks.start(asyncio.sleep(0, "value"), "short")
        await asyncio.sleep(0.01)
    assert result.result() == "value"
    assert ended == ["background"]

    async def fall() -> None:
        raise LookupError("gone")

    async def block() -> None:
        async with Tasks() as tasks:
            tasks.start_background(forever(), "forever")
            tasks.start(fall(), "fall")
            await asyncio.sleep(10)

    with pytest.raises(ExceptionGroup) as caught:
        await block()
    assert isinstance(first_error(caught.value), LookupError)


# --- node -------------------------------------------------------------------------------------------------------------


class Part:
    """A service that writes down what happens to it."""

    def __init__(
        self, name: str, story: list[str], *, fails: float | None = None, ready: bool = True, stuck: bool = False
    ) -> None:
        self.name, self._story, self._fails, self._ready, self._stuck = name, story, fails, ready, stuck

    async def run(self, ready: Ready) -> None:
        self._story.append(f"+{self.name}")
        if self._ready:
            ready()
        try:
            if self._fails is not None:
                await asyncio.sleep(self._fails)
                raise LookupError(f"{self.name} broke")
            await asyncio.get_running_loop().create_future()
        finally:
            self._story.append(f"-{self.name}")
            if self._stuck:
                await asyncio.sleep(0.5)


async def test_services_start_in_order_and_stop_in_reverse() -> None:
    story: list[str] = []
    up = asyncio.Event()
    running = asyncio.create_task(Node([Part(name, story) for name in "abc"]).run(up.set))
    await up.wait()
    assert story == ["+a", "+b", "+c"]
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert story == ["+a", "+b", "+c", "-c", "-b", "-a"]


async def test_the_first_that_falls_is_named_and_the_rest_drained(caplog: pytest.LogCaptureFixture) -> None:
    story: list[str] = []
    with pytest.raises(LookupError, match="b broke") as caught:
        await Node([Part("a", story), Part("b", story, fails=0.01), Part("c", story)]).run()
    assert caught.value.__notes__ == ["in service b"]
    assert story == ["+a", "+b", "+c", "-b", "-c", "-a"]
    assert "service.fell service=b error=LookupError" in caplog.text


async def test_falling_while_another_starts() -> None:
    story: list[str] = []
    with pytest.raises(LookupError, match="a broke"):
        await Node([Part("a", story, fails=0.01), Part("b", story, ready=False), Part("c", story)]).run()
    assert story == ["+a", "+b", "-a", "-b"]


async def test_deadlines_of_start_and_stop(caplog: pytest.LogCaptureFixture) -> None:
    story: list[str] = []
    with pytest.raises(TimedOut, match="service b not ready"):
        await Node([Part("a", story), Part("b", story, ready=False)], start_timeout_s=0.05).run()
    assert story == ["+a", "+b", "-b", "-a"]
    node = Node([Part("a", []), Part("b", [], stuck=True)], stop_timeout_s=0.05)
    running = asyncio.create_task(node.run())
    await asyncio.sleep(0.01)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert "service.stuck service=b" in caplog.text
    await asyncio.sleep(0.6)  # the one left behind ends by itself

"""Many streams at once before the native engine: queues and memory stay bounded, none is lost, who leaves is out in a step."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiohttp
import pytest
from tests.unit.compute.engine_kit import LIMITS, opened
from tests.unit.compute.provider_kit import ONE, World, eventually

from zerog.compute.engine.native import NativeBackend
from zerog.compute.engine.service import EngineService, Stream

pytestmark = pytest.mark.slow

OPEN, OVER = 256, 8
RUNNING = 64
PLACES = 200
"""Of one user at the door: the rest of those let in wait there."""
STREAM_BYTES_MAX = 256 << 10
"""Of this process for one stream, which is its client as well."""


@dataclass
class Watched:
    """The engine's queues after every step, and when requests were taken out."""

    service: EngineService
    steps: list[tuple[int, int, int]] = field(default_factory=list)
    """Number of the step, and who runs and waits after it."""
    cancelled: list[int] = field(default_factory=list)
    """The last step before each."""

    def over(self, monkeypatch: pytest.MonkeyPatch) -> Watched:
        publish, cancel = self.service._publish, self.service.cancel

        def told() -> None:
            publish()
            counts = self.service.counts
            self.steps.append((counts["steps"], counts["running"], counts["waiting"]))

        def seen(stream: Stream) -> None:
            if stream.ended < stream.choices:
                self.cancelled.append(self.steps[-1][0])
            cancel(stream)

        monkeypatch.setattr(self.service, "_publish", told)
        monkeypatch.setattr(self.service, "cancel", seen)
        return self


@asynccontextmanager
async def small_provider(world: World, seed: int, pages: int) -> AsyncIterator[NativeBackend]:
    limits = replace(
        LIMITS, page_count=pages, account_pages_max=pages, step_tokens_max=256, running_max=RUNNING,
        account_running_max=RUNNING, waiting_max=OPEN, account_waiting_max=OPEN,
    )  # fmt: skip
    await world.fund(4, 3 * ONE)
    flags = {"compute__limits__user_running_max": PLACES, "compute__limits__user_waiting_max": OPEN - PLACES}
    async with opened(seed, limits) as backend, world.serving(backend=backend, compute__service__model="tiny", **flags):
        yield backend


class Clients:
    """Streams over connections of their own."""

    def __init__(self, world: World, session: aiohttp.ClientSession) -> None:
        self._url, self._session = world.url + "/v1/proxy/chat/completions", session
        self._headers = {"Authorization": f"Bearer {world.key(4)}"}
        self.begun = 0
        self.refused = 0

    async def stream(self, number: int, tokens: int, leave: asyncio.Event | None = None) -> bytes:
        """The whole answer, or what came until ``leave``, when the connection is closed; nothing when it was refused."""
        body = {
            "model": "tiny", "messages": [{"role": "user", "content": f"question {number}"}], "max_tokens": tokens,
            "ignore_eos": True, "seed": number, "stream": True, "stream_options": {"include_usage": True},
        }  # fmt: skip
        async with self._session.post(self._url, json=body, headers=self._headers) as response:
            if response.status == 429:
                assert (await response.json())["error"]["code"] == "concurrency_limit_exceeded"
                self.refused += 1
                return b""
            assert response.status == 200, await response.text()
            parts = [await response.content.readany()]
            while b'"content":"' not in b"".join(parts).partition(b"\n\n")[2]:
                parts.append(await response.content.readany())
            self.begun += 1
            if leave is not None:
                await leave.wait()
                response.close()
            else:
                parts += [part async for part in response.content.iter_any()]
            return b"".join(parts)


@asynccontextmanager
async def clients(world: World) -> AsyncIterator[Clients]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        yield Clients(world, session)


def completion_tokens(answer: bytes) -> int:
    *_, last, done, rest = answer.split(b"\n\n")
    assert (done, rest) == (b"data: [DONE]", b"")
    return int(json.loads(last.removeprefix(b"data: "))["usage"]["completion_tokens"])


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


async def most(of: Callable[[], int], while_: asyncio.Future[list[bytes]]) -> int:
    """The largest value seen until something is done."""
    found = of()
    while not while_.done():
        await asyncio.sleep(0.005)
        found = max(found, of())
    return found


async def test_256_open_streams(world: World, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async with small_provider(world, seed, 512) as backend, clients(world) as asking:
        watched, limits = Watched(backend._service).over(monkeypatch), world.parts.serving.limits
        await asyncio.gather(*(asking.stream(number, 24) for number in range(RUNNING)))  # what is made once is made now
        before = resident_bytes()
        work = asyncio.gather(*(asking.stream(number, 40) for number in range(OPEN + OVER)))
        let_in, at_door, resident = await asyncio.gather(
            most(lambda: limits.running, work), most(lambda: limits.waiting, work), most(resident_bytes, work)
        )
        finished = [completion_tokens(answer) for answer in await work if answer]
        assert let_in == PLACES
        assert 0 < at_door <= OPEN - PLACES
        assert 0 < asking.refused <= OVER
        assert finished == [40] * (OPEN + OVER - asking.refused)
        assert max(running for _, running, _ in watched.steps) == RUNNING
        assert 0 < max(waiting for _, _, waiting in watched.steps) <= PLACES - RUNNING
        assert max(running + waiting for _, running, waiting in watched.steps) <= PLACES
        assert resident - before <= OPEN * STREAM_BYTES_MAX
        assert len(list(world.parts.store.owed())) == RUNNING + len(finished)
        assert watched.cancelled == []
        await eventually(lambda: (limits.running, limits.waiting, *world.parts.accounts.totals[1:]) == (0, 0, 0, 0))
        stats = backend.stats()
        assert (stats.running, stats.waiting, stats.pages_used) == (0, 0, 0)


async def test_who_leaves_is_out_within_a_step(world: World, seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    leaving, staying = 24, RUNNING
    async with small_provider(world, seed, 2048) as backend, clients(world) as asking:
        watched, leave = Watched(backend._service).over(monkeypatch), asyncio.Event()
        gone = asyncio.gather(*(asking.stream(number, 900, leave) for number in range(leaving)))
        await eventually(lambda: asking.begun == leaving)
        stay = asyncio.gather(*(asking.stream(number, 200) for number in range(staying)))
        await eventually(lambda: watched.steps[-1][1:] == (RUNNING, leaving + staying - RUNNING))
        leave.set()
        assert all(b"[DONE]" not in answer for answer in await gone)
        assert [completion_tokens(answer) for answer in await stay] == [200] * staying
        assert len(watched.cancelled) == leaving
        for count, step in enumerate(watched.cancelled, 1):
            # One step may have been under way; after the next the place is free, or somebody else's.
            after = next(entry for entry in watched.steps if entry[0] >= step + 2)
            assert after[1] + after[2] <= leaving + staying - count
        assert max(running for _, running, _ in watched.steps) == RUNNING
        await eventually(lambda: world.parts.serving.limits.running == 0)
        assert len(list(world.parts.store.owed())) == leaving + staying  # who left pays for what came

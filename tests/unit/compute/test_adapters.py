"""Adapters from the folder to a model: what is taken from the folder, who has room, what comes back after a restart."""

from __future__ import annotations

import asyncio
import os
import pickle
import shutil
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import pytest
from tests.unit.compute.adapter_kit import leave

from zerog.compute import adapter as handing
from zerog.compute.adapter import Handed
from zerog.compute.api import BackendStats, EmbeddingRequest, Embeddings, Event, GenerationRequest, Model, Usage
from zerog.compute.engine.adapters import Adapters, Room, Standing, State
from zerog.errors import Exhausted, InvalidInput, NotFound
from zerog.types import Address

ANN, BEN, CAT = (Address(bytes([index]) * 20) for index in (1, 2, 3))


def task(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-000000000000"


def given(folder: Path, user: Address, number: int, base: str = "tiny", **changes: Any) -> Handed:
    """An adapter that a fine-tuning node has handed over."""
    made = Handed(task(number), user.hex(), base, "aa" * 32, "0x" + "bb" * 32)
    output = leave(folder.parent / f"output-{user.hex()[:2]}-{number}", **changes)
    handing.hand_over(folder, made, output)
    return made


# -- the folder --------------------------------------------------------------------------------------------------------


def test_names_are_those_of_the_official_client() -> None:
    id = "7f9c24e8-3b12-4fef-91e0-5a1c7d2b8e44"
    assert handing.adapter_name("Qwen2.5-0.5B-Instruct", id) == "ft-Qwen2-5-0-5B-Instruct-7f9c24e8-3b1"
    assert handing.adapter_name("/models/a b.c-", id) == "ft-models-a-b-c-7f9c24e8-3b1"


def test_handed_over_once_and_whole(tmp_path: Path) -> None:
    folder = tmp_path / "adapters"
    one, two = given(folder, ANN, 1), given(folder, ANN, 2)
    given(folder, BEN, 3)
    assert handing.handed_to(folder, ANN) == [one, two]
    assert handing.handed_to(folder, CAT) == []
    assert handing.users(folder) == [ANN, BEN]
    config, weights = handing.read_files(folder, one, 1 << 20)
    handing.hand_over(folder, one, tmp_path / "not there")  # done already
    assert handing.read_files(folder, one, 1 << 20) == (config, weights)
    place = folder / ANN.hex() / one.task
    assert sorted(path.name for path in place.iterdir()) == ["adapter_config.json", "adapter_model.safetensors", "handed.json"]
    assert {path.stat().st_mode & 0o777 for path in place.iterdir()} == {0o600}
    assert place.stat().st_mode & 0o777 == 0o700


def test_a_hand_over_that_was_cut_off_begins_again(tmp_path: Path) -> None:
    folder = tmp_path / "adapters"
    half = folder / ANN.hex() / f".{task(1)}.new"
    half.mkdir(parents=True)
    (half / "adapter_config.json").write_text("{")
    assert handing.handed_to(folder, ANN) == []
    one = given(folder, ANN, 1)
    assert handing.handed_to(folder, ANN) == [one]
    with pytest.raises(NotFound, match="adapter_config"):
        handing.hand_over(folder, Handed(task(2), ANN.hex(), "tiny", "aa"), tmp_path)
    assert handing.handed_to(folder, ANN) == [one]


def _another_user(place: Path) -> None:
    (place / "handed.json").write_text((place / "handed.json").read_text().replace(ANN.hex(), BEN.hex()))


def _another_task(place: Path) -> None:
    (place / "handed.json").write_text((place / "handed.json").read_text().replace(task(1), task(9)))


def _linked(place: Path) -> None:
    away = place.parent.parent / "away"
    place.rename(away)
    place.symlink_to(away)


def _linked_record(place: Path) -> None:
    shutil.move(place / "handed.json", place / "real.json")
    (place / "handed.json").symlink_to(place / "real.json")


@pytest.mark.parametrize(
    "spoil",
    [
        _another_user,
        _another_task,
        _linked,
        _linked_record,
        lambda place: (place / "handed.json").write_text("{}"),
        lambda place: (place / "handed.json").write_bytes(b" " * (handing.HANDED_BYTES_MAX + 1)),
        lambda place: (place / "handed.json").unlink(),
        lambda place: place.rename(place.with_name("not-a-task")),
        lambda place: place.rename(place.with_name(place.name.upper().replace("-4000", "-ABCD"))),
    ],
)
def test_what_is_not_as_it_was_left_is_passed_over(tmp_path: Path, spoil: Callable[[Path], Any]) -> None:
    folder = tmp_path / "adapters"
    given(folder, ANN, 1)
    other = given(folder, ANN, 2)
    spoil(folder / ANN.hex() / task(1))
    assert handing.handed_to(folder, ANN) == [other]


def test_only_plain_files_of_the_two_names_are_read(tmp_path: Path) -> None:
    folder = tmp_path / "adapters"
    one = given(folder, ANN, 1)
    weights = folder / ANN.hex() / one.task / handing.WEIGHTS
    with pytest.raises(InvalidInput, match="at most 100 bytes"):
        handing.read_files(folder, one, 100)
    (tmp_path / "secret").write_text("secret")
    weights.unlink()
    weights.symlink_to(tmp_path / "secret")
    with pytest.raises(InvalidInput, match="safetensors"):
        handing.read_files(folder, one, 1 << 20)
    weights.unlink()
    os.mkfifo(weights)
    with pytest.raises(InvalidInput, match="plain file"):
        handing.read_files(folder, one, 1 << 20)
    weights.unlink()
    weights.with_name("adapter_model.bin").write_bytes(pickle.dumps({"weights": 1}))
    with pytest.raises(NotFound, match=r"adapter_model\.safetensors"):
        handing.read_files(folder, one, 1 << 20)
    for wrong in ("../../etc", "/etc", "", task(1) + "/..", "x" * 36):
        with pytest.raises(InvalidInput, match="UUID"):
            handing.read_files(folder, Handed(wrong, ANN.hex(), "tiny", "aa"), 1 << 20)


def test_unused_ones_go(tmp_path: Path) -> None:
    folder = tmp_path / "adapters"
    old, kept, fresh = given(folder, ANN, 1), given(folder, ANN, 2), given(folder, BEN, 3)
    for one in (old, kept):
        os.utime(folder / ANN.hex() / one.task, (100.0, 100.0))
    assert handing.expire(folder, 1000.0, frozenset({kept.task})) == 1
    assert handing.handed_to(folder, ANN) == [kept]
    handing.touch(folder, kept)
    assert handing.expire(folder, 1000.0, frozenset()) == 0
    assert handing.handed_to(folder, BEN) == [fresh]
    assert handing.expire(tmp_path / "nowhere", 1000.0, frozenset()) == 0


# -- deployed ----------------------------------------------------------------------------------------------------------


class Clock:
    """Time that a test moves."""

    def __init__(self) -> None:
        self.at = 1000.0

    def now_s(self) -> float:
        return 1e9 + self.at

    def monotonic_s(self) -> float:
        return self.at

    async def sleep(self, duration_s: float) -> None:
        await asyncio.get_running_loop().create_future()


class Engine:
    """What stands where an engine would: it says which adapter it has."""

    def __init__(self, handed: Handed) -> None:
        self.handed, self.running, self.is_open = handed, 0, False

    async def __aenter__(self) -> Self:
        self.is_open = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self.is_open = False

    def models(self) -> Sequence[Model]:
        return (Model(self.handed.name),)

    async def prompt_tokens_max(self, request: GenerationRequest | EmbeddingRequest) -> int:
        return 1

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[Event, None]:
        yield Usage(1, 0)

    async def embed(self, request: EmbeddingRequest) -> Embeddings:
        raise InvalidInput("no")

    def stats(self) -> BackendStats:
        return BackendStats(running=self.running)

    async def check(self) -> None:
        assert self.is_open


class Marks:
    def __init__(self) -> None:
        self.rows: list[tuple[Address, str]] = []

    def deployed(self) -> list[tuple[Address, str]]:
        return list(self.rows)

    async def mark_deployed(self, user: Address, task: str, deployed: bool) -> None:
        self.rows = [row for row in self.rows if row != (user, task)] + [(user, task)] * deployed


class World:
    """A folder, a clock, and engines that can be looked at."""

    def __init__(self, home: Path) -> None:
        self.folder, self.clock, self.marks = home / "adapters", Clock(), Marks()
        self.engines: dict[str, Engine] = {}
        self.wrong: dict[str, Exception] = {}

    @asynccontextmanager
    async def adapters(self, **room: Any) -> AsyncIterator[Adapters]:
        """Running inside the block."""

        def open(handed: Handed) -> Engine:
            if handed.task in self.wrong:
                raise self.wrong[handed.task]
            made = self.engines[handed.task] = Engine(handed)
            return made

        async with Adapters(self.folder, ("tiny", "small"), open, self.marks, self.clock, Room(**room)) as made:
            up = asyncio.Event()
            task = asyncio.create_task(made.run(up.set))
            try:
                await up.wait()
                yield made
            finally:
                task.cancel()
                await asyncio.wait([task])
                assert task.cancelled()

    async def until(self, adapters: Adapters, user: Address, name: str, state: State) -> Standing:
        async with asyncio.timeout(10):
            while (found := await adapters.named(user, name)).state is not state:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        return found

    async def active(self, adapters: Adapters, handed: Handed) -> None:
        await adapters.deploy(handed.owner, name=handed.name)
        await self.until(adapters, handed.owner, handed.name, State.ACTIVE)


def ask(handed: Handed, user: Address) -> GenerationRequest:
    return GenerationRequest(handed.name, "1", prompt="x", account=user)


async def test_from_ready_to_active_for_its_owner_alone(tmp_path: Path) -> None:
    world = World(tmp_path)
    one = given(world.folder, ANN, 1)
    async with world.adapters() as adapters:
        assert await adapters.of_user(ANN) == [Standing(one, State.READY)]
        assert await adapters.of_user(BEN) == []
        with pytest.raises(NotFound):
            await adapters.named(BEN, one.name)
        for wrong in ({"name": one.name}, {"task": one.task, "base": "tiny"}):
            with pytest.raises(NotFound, match="of yours"):
                await adapters.deploy(BEN, **wrong)
        with pytest.raises(InvalidInput, match="baseModel"):
            await adapters.deploy(ANN, task=one.task, base="another")
        assert (await adapters.deploy(ANN, task=one.task.upper(), base="small")).state is State.LOADING
        await world.until(adapters, ANN, one.name, State.ACTIVE)
        assert (await adapters.deploy(ANN, name=one.name)).state is State.ACTIVE
        (model,) = adapters.models()
        assert (model.id, model.owner) == (one.name, ANN)
        assert [event async for event in adapters.generate(ask(one, ANN))] == [Usage(1, 0)]
        assert await adapters.prompt_tokens_max(ask(one, ANN)) == 1
        with pytest.raises(NotFound):
            adapters.generate(ask(one, BEN))
        await adapters.check()
    assert not world.engines[one.task].is_open


async def test_room_is_bounded_and_the_longest_idle_makes_it(tmp_path: Path) -> None:
    world = World(tmp_path)
    first, second = given(world.folder, ANN, 1), given(world.folder, ANN, 2)
    third, fourth = given(world.folder, BEN, 3), given(world.folder, CAT, 4)
    async with world.adapters(active_max=2, user_active_max=1, idle_s=60) as adapters:
        await world.active(adapters, first)
        world.engines[first.task].running = 1
        with pytest.raises(Exhausted, match="of one account"):  # its own is busy
            await adapters.deploy(ANN, name=second.name)
        world.engines[first.task].running = 0
        await world.active(adapters, second)
        assert [one.state for one in await adapters.of_user(ANN)] == [State.READY, State.ACTIVE]
        assert not world.engines[first.task].is_open
        world.clock.at += 30
        await world.active(adapters, third)
        with pytest.raises(Exhausted, match="in all") as refused:  # nobody is idle for long enough
            await adapters.deploy(CAT, name=fourth.name)
        assert int(refused.value.facts["headers"]["Retry-After"]) >= 10
        world.clock.at += 40
        async for _ in adapters.generate(ask(third, BEN)):
            pass
        await world.active(adapters, fourth)
        assert world.marks.rows == [(BEN, third.task), (CAT, fourth.task)]
        with pytest.raises(NotFound):
            adapters.generate(ask(second, ANN))
        assert adapters.stats().running == 0


async def test_what_does_not_fit_fails_alone_and_may_be_tried_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    one, two = given(world.folder, ANN, 1), given(world.folder, BEN, 2)
    strange = given(world.folder, CAT, 3, base="another")
    world.wrong = {one.task: InvalidInput("adapter: it has no tensors"), two.task: RuntimeError("an inside")}
    async with world.adapters() as adapters:
        await adapters.deploy(ANN, name=one.name)
        assert (await world.until(adapters, ANN, one.name, State.FAILED)).error == "adapter: it has no tensors"
        await adapters.deploy(BEN, name=two.name)
        assert (await world.until(adapters, BEN, two.name, State.FAILED)).error == "it cannot be loaded"
        assert world.marks.rows == []
        assert (await adapters.named(CAT, strange.name)).state is State.FAILED
        with pytest.raises(InvalidInput, match="serves tiny"):
            await adapters.deploy(CAT, name=strange.name)
        world.wrong = {}
        await world.active(adapters, one)


async def test_what_was_deployed_is_there_again_after_a_restart(tmp_path: Path) -> None:
    world = World(tmp_path)
    one, two, gone = given(world.folder, ANN, 1), given(world.folder, BEN, 2), given(world.folder, CAT, 3)
    async with world.adapters(active_max=3) as adapters:
        for handed in (gone, one, two):
            await world.active(adapters, handed)
    shutil.rmtree(world.folder / CAT.hex())
    async with world.adapters(active_max=3) as adapters:
        for handed in (one, two):
            await world.until(adapters, handed.owner, handed.name, State.ACTIVE)
        assert world.marks.rows == [(ANN, one.task), (BEN, two.task)]
    async with world.adapters(active_max=1) as adapters:  # the settings have changed
        await world.until(adapters, ANN, one.name, State.ACTIVE)
        assert (await adapters.named(BEN, two.name)).state is State.READY
        assert world.marks.rows == [(ANN, one.task)]

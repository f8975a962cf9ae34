"""Adapters served by a real provider: from a paid task to an answer, over restarts, and what strangers and bad files get."""

from __future__ import annotations

import asyncio
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.chain.node_kit import ADDRESSES
from tests.unit.compute.adapter_kit import leave, native_logits, random_tensors
from tests.unit.compute.provider_kit import INPUT, ONE, OUTPUT, World
from tests.unit.compute.tuning_kit import tiny_model, tuning

from zerog.compute.adapter import Handed, hand_over, read_files
from zerog.compute.engine.lora import load_adapted, parse_adapter
from zerog.compute.tuning.texts import open_texts
from zerog.contracts import fine_tuning, registry
from zerog.types import Address

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
ANN, BEN, CAT = 4, 5, 6
PATH = "/v1/lora/adapters"


def task(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-000000000000"


def given(folder: Path, who: int, number: int, root: bytes, base: str = "tiny") -> Handed:
    """A strong random adapter that a fine-tuning node has handed over."""
    made = Handed(task(number), Address(ADDRESSES[who]).hex(), base, root.hex())
    hand_over(folder, made, leave(folder.parent / f"output-{number}", random_tensors(number)))
    return made


def native(model: Path, folder: Path, **flags: Any) -> dict[str, Any]:
    """Settings of a provider that serves the tiny model and adapters of it."""
    return {
        "compute__forward__url": "", "compute__forward__embedding_model": "", "compute__service__model": "tiny",
        "compute__native__model_file": str(model), "compute__native__aliases": "small", "compute__native__pages": 64,
        "compute__native__account_pages_max": 32, "compute__lora__folder": str(folder), "compute__lora__pages": 32, **flags,
    }  # fmt: skip


async def told(world: World, who: int, path: str = PATH) -> tuple[int, Any]:
    answer = await world.get(path, Authorization=f"Bearer {world.key(who)}")
    return answer.status, answer.json


async def until(world: World, who: int, name: str, state: str) -> dict[str, Any]:
    """The adapter once it is loaded, or not: then in that state."""
    async with asyncio.timeout(30):
        while True:
            status, row = await told(world, who, f"{PATH}/{name}")
            assert status == 200, row
            if row["state"] not in ("ready", "loading"):
                assert row["state"] == state, row
                return dict(row)
            await asyncio.sleep(0.02)


async def deployed(world: World, who: int, name: str) -> None:
    answer = await world.post(f"{PATH}/deploy", {"adapterName": name}, who)
    assert answer.status == 200, answer.body
    await until(world, who, name, "active")


QUESTION = {"role": "user", "content": "say one"}


async def says(world: World, who: int, model: str) -> tuple[str, list[float]]:
    """A greedy answer, and how likely its tokens were."""
    body = {"model": model, "messages": [QUESTION], "max_tokens": 8, "temperature": 0, "ignore_eos": True, "logprobs": True}
    answer = await world.post("/v1/proxy/chat/completions", body, who)
    assert answer.status == 200, answer.body
    (choice,) = answer.json["choices"]
    return choice["message"]["content"], [row["logprob"] for row in choice["logprobs"]["content"]]


async def test_an_adapter_of_a_task_is_served_to_its_user_alone(world: World, tmp_path: Path) -> None:
    model, folder = tmp_path / "tiny.gguf", tmp_path / "adapters"
    root = tiny_model(model)
    async with (
        tuning(world, model, root, tuning__adapters=str(folder)) as node,
        world.serving(**native(model, folder, compute__lora__weights="f32")),
    ):
        await node.fund(ANN, 2 * ONE)
        for who in (ANN, BEN):
            await world.fund(who, 3 * ONE)
        before = await says(world, ANN, "tiny")
        _, answer = await node.create(ANN, await node.upload(ANN))
        id = answer["id"]
        await node.until(ANN, id, "Delivered")
        assert await told(world, ANN) == (200, {"adapters": []})  # nothing before it is paid for
        await world.send(ANN, registry.FINE_TUNING, fine_tuning.acknowledge_deliverable(world.address, id))
        await node.until(ANN, id, "Finished")
        made = await node.ask(fine_tuning.deliverable(node.key(ANN).address, world.address, id))
        name = f"ft-tiny-{id[:12]}"
        assert f"a provider can serve it as {name}" in await node.log(ANN, id)
        row = {
            "adapterName": name, "taskId": id, "baseModel": "tiny", "userAddress": node.user(ANN), "state": "ready",
            "storageRootHash": "0x" + made.root.hex(),
        }  # fmt: skip
        assert await told(world, ANN) == (200, {"adapters": [row]})
        assert await told(world, BEN) == (200, {"adapters": []})
        assert (await told(world, BEN, f"{PATH}/{name}"))[0] == 404
        for body in ({"taskId": id, "baseModel": "tiny"}, {"adapterName": name}):
            assert (await world.post(f"{PATH}/deploy", body, BEN)).status == 404
        assert (await world.post("/v1/proxy/completions", {"model": name, "prompt": "x"}, ANN)).status == 404

        accepted = await world.post(f"{PATH}/deploy", {"taskId": id, "baseModel": "tiny"}, ANN)
        assert accepted.status == 200, accepted.body
        assert accepted.json["adapterName"] == name
        assert accepted.json["message"]
        assert await until(world, ANN, name, "active") == row | {"state": "active"}

        owed = world.parts.accounts.owed(Address(ADDRESSES[ANN]))
        text, likely = await says(world, ANN, name)
        texts = open_texts(model)
        ids = texts.encode(texts.render([QUESTION], open=True))
        assert world.parts.accounts.owed(Address(ADDRESSES[ANN])) - owed == len(ids) * INPUT + 8 * OUTPUT
        (handed,) = [one.handed for one in await world.parts.adapters.of_user(Address(ADDRESSES[ANN]))]  # type: ignore[union-attr]
        merged = load_adapted(model, parse_adapter(*read_files(folder, handed, 1 << 20)), "f32")
        logits = native_logits(merged, ids)[-1].astype(float)
        assert likely[0] == pytest.approx(logits.max() - np.log(np.exp(logits).sum()), abs=1e-3)
        assert likely != before[1]
        assert await says(world, ANN, "tiny") == before  # the base is what it was
        assert (await says(world, ANN, name))[0] == text

        refused = await world.post("/v1/proxy/completions", {"model": name, "prompt": "x"}, BEN)
        assert refused.status == 404
        assert name not in refused.error["message"].split("there is")[1]
        listed = [row["id"] for row in (await world.get("/v1/models")).json["data"]]
        assert listed == ["tiny"]
        assert (await world.get(f"/v1/models/{name}")).status == 404


async def test_restart_room_and_isolation(world: World, tmp_path: Path) -> None:
    model, folder = tmp_path / "tiny.gguf", tmp_path / "adapters"
    root = tiny_model(model)
    mine, next_of_mine, his, hers = (
        given(folder, who, number, root) for number, who in enumerate((ANN, ANN, BEN, CAT), start=1)
    )
    async with world.serving(**native(model, folder)):
        for who in (ANN, BEN, CAT):
            await world.fund(who, 3 * ONE)
        base = await says(world, ANN, "tiny")
        await deployed(world, ANN, mine.name)
        alone = await says(world, ANN, mine.name)
        await deployed(world, BEN, his.name)
        askers = [(ANN, mine.name), (BEN, his.name), (CAT, "tiny")] * 4
        both = await asyncio.gather(*(says(world, who, model) for who, model in askers))
        assert all(both[at] == both[at % 3] for at in range(12))
        assert both[0] == alone
        assert both[2] == base
        assert len({answer[0] for answer in both}) == 3
        full = await world.post(f"{PATH}/deploy", {"adapterName": hers.name}, CAT)
        assert (full.status, "in all" in full.json["error"]) == (429, True)
        assert "Retry-After" in full.headers
    async with world.serving(acknowledge=False, **native(model, folder)):
        await until(world, ANN, mine.name, "active")
        await until(world, BEN, his.name, "active")
        assert await says(world, ANN, mine.name) == alone
        assert await says(world, BEN, his.name) == both[1]
        await deployed(world, ANN, next_of_mine.name)
        assert (await told(world, ANN, f"{PATH}/{mine.name}"))[1]["state"] == "ready"
        assert (await world.post("/v1/proxy/completions", {"model": mine.name, "prompt": "x"}, ANN)).status == 404
        assert await says(world, ANN, "tiny") == base


async def test_bad_files_and_bad_requests(world: World, tmp_path: Path) -> None:
    model, folder = tmp_path / "tiny.gguf", tmp_path / "adapters"
    root = tiny_model(model)
    good = given(folder, ANN, 1, root)
    pickled, linked, strange = given(folder, ANN, 2, root), given(folder, ANN, 3, root), given(folder, ANN, 4, b"\1" * 32)
    foreign = given(folder, ANN, 5, root, base="another")
    place = folder / pickled.user
    (place / pickled.task / "adapter_model.safetensors").rename(place / pickled.task / "adapter_model.bin")
    (place / pickled.task / "adapter_model.bin").write_bytes(pickle.dumps({"weights": 1}))
    (place / linked.task / "adapter_config.json").unlink()
    (place / linked.task / "adapter_config.json").symlink_to(place / good.task / "adapter_config.json")
    async with world.serving(**native(model, folder)):
        await world.fund(ANN, 3 * ONE)
        for handed, word in ((pickled, "safetensors"), (linked, "adapter_config"), (strange, "another file")):
            assert (await world.post(f"{PATH}/deploy", {"adapterName": handed.name}, ANN)).status == 200
            assert word in (await until(world, ANN, handed.name, "failed"))["error"]
        answer = await world.post(f"{PATH}/deploy", {"adapterName": foreign.name}, ANN)
        assert (answer.status, "serves tiny" in answer.json["error"]) == (400, True)
        cases: list[tuple[Any, int]] = [
            ({"adapterName": "../../../etc/passwd"}, 404), ({"adapterName": f"ft-tiny-/../{good.name}"}, 404),
            ({"adapterName": good.name + "\0"}, 404), ({"taskId": "../" + good.task, "baseModel": "tiny"}, 404),
            ({"taskId": good.user, "baseModel": "tiny"}, 404), ({"adapterName": "\ud800"}, 400),
            ({"adapterName": "x" * 257}, 400), ({"adapterName": 5}, 400), ({"adapterName": [good.name]}, 400),
            ({"taskId": good.task, "baseModel": {"a": 1}}, 400), ({"taskId": good.task, "baseModel": "another"}, 400),
            ({}, 400), ({"baseModel": "tiny"}, 400), ([], 400), (b"{", 400), (b"\xff", 400), (b"[" * 100_000, 400),
        ]  # fmt: skip
        for body, status in cases:
            answer = await world.post(f"{PATH}/deploy", body, ANN)
            assert (answer.status, bool(answer.json["error"])) == (status, True), (body, answer.body)
        for name in ("..%2f..%2fetc%2fpasswd", "%00", "%ff", "ft-tiny-", "deploy", "x" * 4000):
            status, row = await told(world, ANN, f"{PATH}/{name}")
            assert (status in (400, 404), bool(row["error"])) == (True, True), (name, row)
        for verb in ("", "/" + good.name):
            assert (await world.get(PATH + verb)).status == 401
        forged = world.key(ANN, signer=BEN)
        assert (await world.get(PATH, Authorization=f"Bearer {forged}")).status == 401
        assert (await world.post(f"{PATH}/deploy", {"adapterName": good.name}, ANN, key=forged)).status == 401
        poor = await world.post(f"{PATH}/deploy", {"adapterName": good.name}, 7)
        assert poor.status in (402, 403), poor.body
        await deployed(world, ANN, good.name)
    async with world.serving(acknowledge=False, **native(model, folder, compute__lora__folder="")):
        assert (await told(world, ANN))[0] == 404

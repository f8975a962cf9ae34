"""Fine-tuning from a signed request to a paid adapter that its user alone can open, on a real chain with the real trainer."""

from __future__ import annotations

import asyncio
import json
import os
import time
import zipfile
from pathlib import Path

import pytest
from tests.unit.chain.node_kit import KEYS
from tests.unit.compute.provider_kit import ONE, World
from tests.unit.compute.provider_kit import world as provider_world
from tests.unit.compute.tuning_kit import DATASET, PARAMS, dataset_of, settings_of, tiny_model, tuning

from zerog.compute.tuning import ecies, parcel
from zerog.compute.tuning.chain import TuningChain
from zerog.compute.tuning.store import FAMILIES, TaskStore
from zerog.compute.tuning.task import State, Task
from zerog.contracts import fine_tuning, registry
from zerog.errors import NotFound, TimedOut, ZerogError
from zerog.node.tuning import open_depot
from zerog.primitives.hashing import keccak256
from zerog.runtime.eth import HttpEth
from zerog.runtime.key import Key
from zerog.sdk.tuning import open_tuning
from zerog.store.memory import MemoryKv
from zerog.types import parse_address
from zerog.wire import compute

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
USER = 4


async def test_from_a_data_set_to_an_adapter(world: World, tmp_path: Path) -> None:
    model = tmp_path / "tiny.gguf"
    root = tiny_model(model)
    async with tuning(world, model, root) as node:
        await node.fund(USER, 2 * ONE)
        dataset = await node.upload(USER)
        assert dataset == "0x" + keccak256(DATASET).hex()
        status, answer = await node.create(USER, dataset)
        assert status == 200, answer
        id = answer["id"]
        assert (await node.create(USER, dataset))[0] == 409  # one unfinished task a user
        task = await node.until(USER, id, "Delivered")
        fee = int(task["fee"])
        assert fee > 0

        made = await node.ask(fine_tuning.deliverable(node.key(USER).address, world.address, id))
        assert not made.acknowledged
        assert not made.settled
        now = int(time.time())
        taken = {"signature": node.sign(USER, compute.adapter_hash(bytes.fromhex(id.replace("-", "")), now)), "timestamp": now}
        path = f"/v1/user/{node.user(USER)}/task/{id}/lora"
        status, _, encrypted = await node.request("POST", path, json=taken)
        assert status == 200
        assert keccak256(encrypted) == made.root
        status, refused, _ = await node.request("POST", path, json=taken | {"signature": node.sign(5, b"\1" * 32)})
        assert status == 401, refused
        assert "signature" in refused["error"]
        status, refused, _ = await node.request("POST", path, json=taken | {"timestamp": now - 400})
        assert status == 401, refused
        assert "timestamp" in refused["error"]

        before = (await node.ask(fine_tuning.account(node.key(USER).address, world.address))).balance
        await world.send(USER, registry.FINE_TUNING, fine_tuning.acknowledge_deliverable(world.address, id))
        await node.until(USER, id, "Finished")
        after = (await node.ask(fine_tuning.account(node.key(USER).address, world.address))).balance
        assert before - after == fee
        made = await node.ask(fine_tuning.deliverable(node.key(USER).address, world.address, id))
        assert made.settled
        assert len(made.secret) == 129

        sealed, plain = tmp_path / "sealed", tmp_path / "plain.zip"
        sealed.write_bytes(encrypted)
        secret = ecies.open_sealed(bytes(KEYS[USER]), made.secret)
        parcel.open_parcel(sealed, plain, secret, parse_address(node.endpoints.signer))
        with zipfile.ZipFile(plain) as archive:
            assert sorted(archive.namelist()) == ["adapter_config.json", "adapter_model.safetensors", "training.json"]
            losses = json.loads(archive.read("training.json"))["loss"]
        assert len(losses) == 20
        assert sum(losses[-4:]) < sum(losses[:4])
        log = await node.log(USER, id)
        assert all(word in log for word in ("accepted", "tokens", "step 20/20", "Delivered", "UserAcknowledged", "Finished"))
        listed = (await node.request("GET", f"/v1/user/{node.user(USER)}/task?latest=true"))[1]
        assert [one["id"] for one in listed] == [id]
        assert (await node.request("GET", "/v1/task/pending"))[2] == b"0"


async def test_a_restart_goes_on_where_it_stopped(world: World, tmp_path: Path) -> None:
    model = tmp_path / "tiny.gguf"
    root = tiny_model(model)
    async with tuning(world, model, root) as node:
        await node.fund(USER, 2 * ONE)
        _, answer = await node.create(USER, await node.upload(USER))
        await node.until(USER, answer["id"], "Training")
    async with tuning(world, model, root) as node:
        await node.until(USER, answer["id"], "Delivered")
    await world.send(USER, registry.FINE_TUNING, fine_tuning.acknowledge_deliverable(world.address, answer["id"]))
    async with tuning(world, model, root) as node:
        await node.until(USER, answer["id"], "Finished")
        account = await node.ask(fine_tuning.account(node.key(USER).address, world.address))
        assert [one.id for one in account.deliverables] == [answer["id"]]


async def test_who_does_not_acknowledge_pays_a_part_and_gets_no_key(world: World, tmp_path: Path) -> None:
    model = tmp_path / "tiny.gguf"
    root = tiny_model(model)
    async with tuning(world, model, root, tuning__acknowledge_s=1) as node:
        await node.fund(USER, 2 * ONE)
        before = (await node.ask(fine_tuning.account(node.key(USER).address, world.address))).balance
        _, answer = await node.create(USER, await node.upload(USER))
        task = await node.until(USER, answer["id"], "Finished")
        assert "not acknowledged in time" in task["reason"]
        account = await node.ask(fine_tuning.account(node.key(USER).address, world.address))
        share = await node.ask(fine_tuning.penalty_percentage())
        assert before - account.balance == int(task["fee"]) * share // 100
        assert account.deliverables[0].secret == b""


async def test_refused_and_cancelled_and_failed(world: World, tmp_path: Path) -> None:
    model = tmp_path / "tiny.gguf"
    root = tiny_model(model)
    async with tuning(world, model, root) as node:
        status, refused = await node.create(USER, "0x" + "11" * 32)
        assert (status, refused["error"]) == (400, "no account with this provider: transfer funds to it first")
        await node.fund(USER, ONE)
        dataset = await node.upload(USER)
        wrong: list[tuple[dict[str, object], int, str]] = [
            ({"signature": "0x" + "00" * 65}, 401, "signature"),
            ({"signature": "nonsense"}, 400, "signature"),
            ({"nonce": "-1", "signature": "0x" + "00" * 65}, 400, "nonce"),
            ({"trainingParams": json.dumps(PARAMS | {"colour": 1})}, 400, "colour"),
            ({"trainingParams": json.dumps(PARAMS | {"num_train_epochs": 11})}, 400, "num_train_epochs"),
            ({"trainingParams": json.dumps(PARAMS | {"num_train_epochs": True})}, 400, "num_train_epochs"),
            ({"trainingParams": json.dumps(PARAMS).replace("0.001", "1e-3")}, 400, "scientific"),
            ({"trainingParams": "[]"}, 400, "JSON object"),
            ({"preTrainedModelHash": "0x" + "22" * 32}, 404, "not tuned here"),
            ({"datasetHash": "../../etc/passwd", "signature": "0x" + "00" * 65}, 400, "datasetHash"),
            ({"userAddress": node.user(5)}, 400, "userAddress"),
            ({"wait": "yes"}, 400, "wait"),
        ]
        for changes, code, word in wrong:
            status, refused = await node.create(USER, dataset, **changes)
            assert (status, word in refused["error"]) == (code, True), (changes, status, refused)
        for path in ("/v1/user/nobody/task", f"/v1/user/{node.user(USER)}/task/1", "/v1/nowhere", "/v1/model/other"):
            status, refused, _ = await node.request("GET", path)
            assert status in (400, 404)
            assert refused["error"]
        for data in (b"", b"not multipart", b"{" * 70_000):
            status, refused, _ = await node.request("POST", f"/v1/user/{node.user(USER)}/task", data=data)
            assert status in (400, 413)
            assert refused["error"]
        bad = await node.upload(USER, b'{"instruction": "x"}\n')
        _, answer = await node.create(USER, bad)
        failed = await node.until_failed(USER, answer["id"])
        assert "line 1" in failed["reason"]

        long = dataset_of(1200)
        assert len(long) > 1 << 16
        _, answer = await node.create(USER, await node.upload(USER, long))
        await node.until(USER, answer["id"], "Training")
        path = f"/v1/user/{node.user(USER)}/task/{answer['id']}/cancel"
        hash = compute.cancel_hash(bytes.fromhex(answer["id"].replace("-", "")))
        status, refused, _ = await node.request("POST", path, json={"signature": node.sign(5, hash)})
        assert status == 401, refused
        status, _, body = await node.request("POST", path, json={"signature": node.sign(USER, hash)})
        assert status == 200, body
        assert "cancelled" in (await node.until_failed(USER, answer["id"]))["reason"]
        quote = (await node.request("GET", "/v1/quote"))[1]
        assert quote["mock"] is True
        assert quote["signing_address"] == node.endpoints.signer


async def test_an_application_submits_watches_and_fetches_whatever_storage_does(world: World, tmp_path: Path) -> None:
    """A storage network that fails, here a server that is no indexer, costs neither side the result: the node hands it over."""
    model = tmp_path / "tiny.gguf"
    root = tiny_model(model)
    wrong = world.node.endpoints.http_url
    nowhere = {"tuning__indexer": wrong, "tuning__tries_max": 1, "tuning__pause_ms": 10}
    async with (
        open_depot(settings_of(world, model, **nowhere).tuning) as depot,
        tuning(world, model, root, depot=depot, **nowhere) as node,
        open_tuning(world.chain, world.people[USER], indexer=wrong) as user,
    ):
        await node.fund(USER, 2 * ONE)
        seen: list[str] = []
        with pytest.raises(NotFound, match="tiny"):
            await user.submit(world.address, DATASET, PARAMS, model="other")
        id = await user.submit(world.address, DATASET, PARAMS)
        await user.watch(world.address, id, ("Delivered",), timeout_s=120, told=lambda task: seen.append(task["progress"]))
        assert seen[-1] == "Delivered"
        with pytest.raises(ZerogError, match="indexer_get"):
            await user.fetch(world.address, id, tmp_path / "out", via="storage")
        done = await user.fetch(world.address, id, tmp_path / "out", timeout_s=60)
        assert done.source == "node"
        assert done.files == ("adapter_config.json", "adapter_model.safetensors", "training.json")
        assert done.fee > 0
        assert sorted(path.name for path in done.folder.iterdir()) == list(done.files)
        await user.watch(world.address, id, ("Finished",), timeout_s=60)
        log = await user.log(world.address, id)
        assert "Finished" in log
        assert "not in the storage network" in log
        assert [task["id"] for task in await user.tasks(world.address)] == [id]
        with pytest.raises(NotFound, match="not being worked on"):
            await user.cancel(world.address, id)
        with pytest.raises(NotFound, match="not been delivered"):
            await user.fetch(world.address, "00000000-0000-4000-8000-000000000000", tmp_path / "none")


async def test_a_transaction_that_nobody_takes_is_sent_at_a_higher_price(tmp_path: Path) -> None:
    by_hand = {"chain.consensus.block_interval_ms": 3_600_000}
    async with provider_world(tmp_path, **by_hand) as world, HttpEth(world.node.endpoints.http_url) as eth:
        quota = fine_tuning.Quota(1, 1, 0, 1, "none")
        chain = TuningChain(eth, Key(bytes(KEYS[1])), registry.FINE_TUNING, await eth.chain_id(), confirm_s=2)
        await world.node.call("evm_setAutomine", False)
        service = ("http://127.0.0.1:9", quota, 7, False, ["small"], world.people[2].address, 100 * ONE)
        with pytest.raises(TimedOut, match="in no block after 2 s"):
            await chain.register(*service)
        pool = await world.node.call("txpool_content")
        (waits,) = pool["pending"].values()
        (last,) = waits.values()
        assert int(last["gasPrice"], 16) > int(await world.node.call("eth_gasPrice"), 16) * 5 // 4
        again = asyncio.create_task(chain.register(*service))  # the next try pays more than what still waits
        await asyncio.sleep(0.3)
        await world.node.call("evm_setAutomine", True)
        made = await again
        assert made is not None
        found = await chain.service()
        assert found is not None
        assert found.price_per_token == 7
        assert await eth.nonce(world.address) == 1


async def test_what_was_kept_long_enough_goes(tmp_path: Path) -> None:
    """The files and keys of tasks that ended, and data sets; never those of a task that is not over."""
    store = TaskStore(MemoryKv(list(FAMILIES)), tmp_path)
    user = parse_address("0x" + "11" * 20)
    tasks = []
    for index, state in enumerate((State.FINISHED, State.FAILED, State.FINISHED, State.TRAINING)):
        hash = store.keep_dataset(user, b"rows %d" % index, 1 << 20)
        os.utime(store.dataset(user, hash), (100.0, 100.0))
        updated_s = 900.0 if index == 2 else 100.0
        task = Task(
            id=f"00000000-0000-4000-8000-{index:012}", user=bytes(user), public_key=b"", dataset="0x" + hash.hex(),
            params_text="{}", model_hash="0x", nonce=str(index), signature="0x", created_s=100.0, updated_s=updated_s,
            state=state,
        )  # fmt: skip
        store.add(task)
        store.put(task, secret=b"k" * 32)
        store.log(task, "said")
        store.parcel(task).write_bytes(b"sealed")
        tasks.append(task)
    assert store.expire(50.0) == 0
    assert store.expire(500.0) == 5  # two results and three data sets
    assert [store.parcel(task).exists() for task in tasks] == [False, False, True, True]
    assert [store.secret(task.id) is not None for task in tasks] == [False, False, True, True]
    kept = [store.dataset(user, bytes.fromhex(task.dataset[2:])).exists() for task in tasks]
    assert kept == [False, False, False, True]
    assert all(store.log_text(task) == b"said\n" for task in tasks)
    assert store.expire(500.0) == 0

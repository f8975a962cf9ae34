"""Data availability on the local network, real processes in the network's own geometry: in, final, back, sampled, killed."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from tests.e2e.conftest import Network, Zerog
from tests.unit.da import da_wire

from zerog.contracts import da_entrance
from zerog.da.api import Quorum
from zerog.da.retriever import Asking, Retriever
from zerog.errors import InvalidInput
from zerog.primitives.blob import MAINNET
from zerog.runtime.offload import Offload
from zerog.sdk.availability import BlobRecord, open_reader
from zerog.sdk.da import Da
from zerog.types import Address, parse_hex

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]

PATIENCE_S = 600
SIZES = (1, 31, 1 << 20, MAINNET.data_size_bytes_max)


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    made = Zerog(tmp_path_factory.mktemp("da") / "devnet")
    ports = ("--rpc-port", "0", "--ws-port", "0")
    status = made.json("devnet", "up", "--detach", *ports, "--block-ms", "100", "--no-storage", "--no-compute")
    yield Network(made, status)
    made.run("devnet", "down")


@dataclass(frozen=True)
class Blob:
    data: bytes
    record: BlobRecord

    @property
    def root(self) -> str:
        return "0x" + self.record.data_root.hex()


@pytest.fixture(scope="module")
def blobs(net: Network) -> list[Blob]:
    """A blob of each size, handed over together, all final."""
    rng = random.Random(8)

    async def disperse() -> list[Blob]:
        async with Da(net.status["da"]["disperser"]) as da:
            datas = [rng.randbytes(size) for size in SIZES]
            ids = [await da.disperse(data) for data in datas]
            assert (await da.status(ids[-1])).status == "processing"
            records = [await da.wait(one, timeout_s=PATIENCE_S) for one in ids]
            return [Blob(data, record) for data, record in zip(datas, records, strict=True)]

    return asyncio.run(disperse())


def process(zerog: Zerog, name: str) -> dict[str, Any]:
    running = json.loads((zerog.home / "running.json").read_text())
    found: dict[str, Any] = next(one for one in running["processes"] if one["name"] == name)
    return found


def kill(zerog: Zerog, name: str) -> None:
    """kill -9, and wait until the supervisor has started it again."""
    victim = process(zerog, name)["process"]
    os.kill(victim, signal.SIGKILL)
    ends = time.monotonic() + PATIENCE_S
    while (now := process(zerog, name))["state"] != "running" or now["process"] == victim:
        assert time.monotonic() < ends, f"{name} is not back"
        time.sleep(0.05)


def metric(zerog: Zerog, name: str, sample: str) -> float:
    with urllib.request.urlopen(process(zerog, name)["metrics_url"], timeout=30) as told:
        values = dict(line.rsplit(" ", 1) for line in told.read().decode().splitlines() if line[:1] != "#")
    return float(values.get(sample, 0))


def test_what_goes_in_comes_back_proven(net: Network, blobs: list[Blob], tmp_path: Path) -> None:
    assert len({blob.record for blob in blobs}) == len(SIZES)
    for blob in blobs:
        target = tmp_path / str(len(blob.data))
        told = net.zerog.json("da", "retrieve", blob.root, "--output", str(target))
        assert target.read_bytes() == blob.data
        assert told["blobs"][0]["storage_root"] == blob.root
    joined = tmp_path / "joined"
    retriever = net.status["da"]["retriever"]
    net.zerog.json("da", "retrieve", blobs[0].root, blobs[1].root, "--retriever", retriever, "--output", str(joined))
    assert joined.read_bytes() == blobs[0].data + blobs[1].data
    assert "no final block records" in net.zerog.fails(1, "da", "retrieve", "0x" + "12" * 32, "--output", str(joined))
    assert net.zerog.fails(2, "da", "retrieve", "0x12")


def test_the_networks_own_clients_see_statuses_and_data(net: Network, blobs: list[Blob]) -> None:
    """A stranger with nothing but the published message numbers."""

    async def ask() -> None:
        big = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        named = {
            "storage_root": blobs[2].record.data_root,
            "epoch": blobs[2].record.epoch,
            "quorum_id": blobs[2].record.quorum_id,
        }
        async with grpc.aio.insecure_channel(net.status["da"]["retriever"], options=big) as channel:
            reply = await da_wire.call(channel, "retriever", "RetrieveBlob", **named)
            assert reply.data == blobs[2].data
            with pytest.raises(grpc.aio.AioRpcError) as missing:
                await da_wire.call(channel, "retriever", "RetrieveBlob", **(named | {"epoch": 99}))
            assert missing.value.code() == grpc.StatusCode.NOT_FOUND
        async with grpc.aio.insecure_channel(net.status["da"]["disperser"], options=big) as channel:
            assert (await da_wire.call(channel, "disperser", "RetrieveBlob", **named)).data == blobs[2].data
            for data, words in ((bytes(MAINNET.data_size_bytes_max + 1), "31744 KiB"), (b"", "greater than 0")):
                with pytest.raises(grpc.aio.AioRpcError) as refused:
                    await da_wire.call(channel, "disperser", "DisperseBlob", data=data)
                assert refused.value.code() == grpc.StatusCode.UNKNOWN
                assert words in str(refused.value.details())
        async with grpc.aio.insecure_channel(net.status["da"]["signers"][0]) as channel:
            status = await da_wire.call(channel, "signer", "GetStatus")
            assert (status.status_code, "0x" + status.entrance_contract) == (
                200,
                net.status["contracts"]["da_entrance"].lower(),
            )

    asyncio.run(ask())
    asyncio.run(well(net))
    too_much = net.zerog.home.parent / "too-much"
    too_much.write_bytes(bytes(MAINNET.data_size_bytes_max + 1))
    assert "at most" in net.zerog.fails(2, "da", "disperse", str(too_much))
    too_much.unlink()


async def well(net: Network) -> None:
    """Every role tells standard tools that it serves, and what."""
    roles = {
        "disperser.Disperser": "disperser", "retriever.Retriever": "retriever", "zerog.da.v1.Light": "light",
        "encoder.Encoder": "encoder",
    }  # fmt: skip
    where = {name: net.status["da"][role] for name, role in roles.items()} | {"signer.Signer": net.status["da"]["signers"][3]}
    for name, target in where.items():
        async with grpc.aio.insecure_channel(target) as channel:
            reply = await health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=name))
            assert reply.status == health_pb2.HealthCheckResponse.SERVING, name
            asked = iter([reflection_pb2.ServerReflectionRequest(list_services="")])
            async for told in reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(asked):
                assert name in {one.name for one in told.list_services_response.service}


def test_samples_say_available(net: Network, blobs: list[Blob]) -> None:
    found = net.zerog.json("da", "sample", blobs[3].root)
    assert (found["available"], found["rows_asked"], found["rows_proven"]) == (True, 24, 24)
    assert found["doubt"] < 1e-9
    ends = time.monotonic() + PATIENCE_S
    while metric(net.zerog, "da-light", 'zerog_da_light_blobs_total{verdict="available"}') < len(SIZES):
        assert time.monotonic() < ends, "the light client has not sampled all blobs by itself"
        time.sleep(0.2)
    assert metric(net.zerog, "da-light", 'zerog_da_light_blobs_total{verdict="unavailable"}') == 0


class _Thinned:
    """A register in which so many rows, chosen at random, are held by somebody that nobody can dial."""

    def __init__(self, quorum: Quorum, missing: set[int]) -> None:
        nobody = Address(bytes(20))
        self._quorum = Quorum(tuple(nobody if row in missing else who for row, who in enumerate(quorum.rows)), quorum.sockets)

    async def quorum(self, epoch: int, quorum_id: int) -> Quorum:
        return self._quorum


def test_any_two_thirds_of_the_rows_may_be_missing(net: Network, blobs: list[Blob], seed: int) -> None:
    rng, blob = random.Random(seed), blobs[2]

    async def retrieve(missing: set[int]) -> bytes:
        async with open_reader(net.status["rpc_url"]) as reader:
            thinned = _Thinned(await reader.directory.quorum(blob.record.epoch, blob.record.quorum_id), missing)
            with Offload(2) as lane:
                return await Retriever(thinned, lane, asking=Asking(timeout_s=PATIENCE_S)).retrieve(blob.record)

    every = range(MAINNET.rows_encoded)
    assert asyncio.run(retrieve(set(range(2048)))) == blob.data
    assert asyncio.run(retrieve(set(rng.sample(every, 2048)))) == blob.data
    with pytest.raises(Exception, match="expected 1024 rows, found 1023"):
        asyncio.run(retrieve(set(rng.sample(every, 2049))))


def test_any_role_may_be_killed_at_any_moment(net: Network, blobs: list[Blob], tmp_path: Path, seed: int) -> None:
    """One blob on its way while its roles die; what was dispersed before is still there."""
    zerog, data = net.zerog, random.Random(seed).randbytes(100_000)

    async def disperse() -> bytes:
        async with Da(net.status["da"]["disperser"]) as da:
            return await da.disperse(data)

    async def final(request_id: bytes) -> BlobRecord:
        async with Da(net.status["da"]["disperser"]) as da:
            return await da.wait(request_id, timeout_s=PATIENCE_S)

    sampled = metric(zerog, "da-light", "zerog_da_light_next_block")
    request_id = asyncio.run(disperse())
    for name in ("da-disperser", "da-encoder", "da-signer-1", "da-retriever", "da-light"):
        kill(zerog, name)
    record = asyncio.run(final(request_id))
    root, target = "0x" + record.data_root.hex(), tmp_path / "out"
    zerog.json("da", "retrieve", root, "--output", str(target))
    assert target.read_bytes() == data
    zerog.json("da", "retrieve", blobs[1].root, "--output", str(target))
    assert target.read_bytes() == blobs[1].data
    assert zerog.json("da", "sample", root)["available"]
    ends = time.monotonic() + PATIENCE_S
    while not metric(zerog, "da-light", 'zerog_da_light_blobs_total{verdict="available"}'):
        assert time.monotonic() < ends, "the light client that was killed has not sampled the new blob"
        time.sleep(0.2)
    assert metric(zerog, "da-light", "zerog_da_light_next_block") > sampled


def test_a_program_reads_without_trust(net: Network, blobs: list[Blob]) -> None:
    async def work() -> None:
        async with open_reader(net.status["rpc_url"]) as reader:
            record = await reader.find(blobs[0].record.data_root)
            assert record == blobs[0].record
            rows: list[int] = []
            assert await reader.retrieve(record, lambda here, need: rows.append(here)) == blobs[0].data
            assert rows[-1] == MAINNET.rows
            verdict = await reader.sample(record, Path(net.status["da"]["parameters"]), rows=30, allow_insecure=True)
            assert (verdict.available, verdict.rows_proven) == (True, 30)
            with pytest.raises(InvalidInput, match="development"):
                await reader.sample(record, Path(net.status["da"]["parameters"]))

    asyncio.run(work())


def test_the_next_epoch_comes_and_what_is_held_is_mined(net: Network, blobs: list[Blob], tmp_path: Path) -> None:
    """28,800 blocks later: new quorums, blobs of the last epoch stay, and signers are taken at their word by the contract."""

    def rpc(method: str, *params: Any) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        request = urllib.request.Request(net.status["rpc_url"], body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as response:
            answer = json.loads(response.read())
        assert "error" not in answer, answer
        return answer["result"]

    for _ in range(3):
        rpc("hardhat_mine", hex(9600))
    entrance = net.status["contracts"]["da_entrance"]
    topic = "0x" + da_entrance.REWARD_TOPIC.hex()
    ends = time.monotonic() + PATIENCE_S
    while not (found := rpc("eth_getLogs", {"address": entrance, "topics": [topic], "fromBlock": hex(28_000)})):
        assert time.monotonic() < ends, "nothing was mined"
        time.sleep(0.2)
    reward = da_entrance.decode_reward([parse_hex(one) for one in found[0]["topics"]], parse_hex(found[0]["data"]))
    assert reward.epoch == blobs[0].record.epoch
    fresh = random.Random(9).randbytes(5000)

    async def disperse() -> BlobRecord:
        async with Da(net.status["da"]["disperser"]) as da:
            return await da.wait(await da.disperse(fresh), timeout_s=PATIENCE_S)

    record = asyncio.run(disperse())
    assert record.epoch == reward.epoch + 1
    for root, data in (("0x" + record.data_root.hex(), fresh), (blobs[1].root, blobs[1].data)):
        net.zerog.json("da", "retrieve", root, "--output", str(tmp_path / "out"))
        assert (tmp_path / "out").read_bytes() == data

"""The whole of data availability as its services, over both versions of DASigners: signers come by themselves, epochs begin."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.unit.chain import node_kit
from tests.unit.da import da_kit, da_wire, network_kit

from zerog.chain import presets
from zerog.contracts import da_entrance, da_signers
from zerog.contracts.registry import DA_ENTRANCE, DA_SIGNERS, DAParameters
from zerog.da import encoder_service, light_service, params
from zerog.da.chain import ChainDirectory, ReadingChain, signers_version
from zerog.da.disperser import service as disperser_service
from zerog.da.retriever import SERVICE as RETRIEVER
from zerog.da.retriever import Retriever, RetrieverServer
from zerog.da.signer import service as signer_service
from zerog.errors import ConfigError, InvalidInput, PeerFault
from zerog.primitives import blob
from zerog.primitives.blob import Geometry
from zerog.runtime import config as settings
from zerog.runtime.config import Config
from zerog.runtime.eth import HttpEth
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_grpc import GrpcClient, service
from zerog.types import Address
from zerog.wire.proto import da_light_pb2

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

TINY = Geometry(64, 32)
SIGNERS = (1, 2, 3, 4)
PAYER = 0
EPOCH_BLOCKS = 20
"""Of version 2: two seconds. Signers have to be in one epoch and register for the next in that time."""
PATIENCE_S = 60


@dataclass
class World:
    """What runs, and where it answers."""

    home: Path
    version: int
    node: node_kit.Running
    chain: ReadingChain
    signers: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    disperser: str = ""
    retriever: str = ""
    light: str = ""

    def config(self, **flags: object) -> Config:
        given: dict[str, object] = {
            "da.chain.endpoint": self.node.endpoints.http_url, "da.chain.poll_ms": 50, "da.chain.page_blocks": 5000,
            "da.params.directory": str(self.home / "params"), "da.params.allow_insecure": True, "metrics.enabled": False,
        }  # fmt: skip
        return settings.load(flags=given | flags, environment={}).config

    def key(self, account: int) -> str:
        file = self.home / f"{account}.key"
        if not file.exists():
            file.touch(mode=0o600)
            file.write_text(node_kit.KEYS[account].hex())
        return str(file)

    async def epoch(self) -> int:
        return await self.chain.ask_latest(DA_SIGNERS, da_signers.epoch_number())

    async def until(self, what: Callable[[], Coroutine[Any, Any, bool]]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not await what():  # noqa: ASYNC110 - the chain's time
                await asyncio.sleep(0.05)


async def started(
    stack: AsyncExitStack, serve: Callable[..., Coroutine[Any, Any, None]], config: Config
) -> tuple[Any, asyncio.Task[None]]:
    """A service that is ready, until the stack is left or its task is cancelled."""
    ready: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(config, ready.set_result))
    stack.push_async_callback(stopped, task)
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.wait([ready, task], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    return ready.result(), task


async def stopped(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def start_signers(stack: AsyncExitStack, world: World, *accounts: int) -> None:
    """All at once, as a network begins: by the rules of version 3 the first epoch waits for all of them."""

    async def start(account: int) -> None:
        config = world.config(**{
            "da.signer.home": str(world.home / f"signer-{account}"), "da.signer.key_file": world.key(account),
            "da.signer.port": 0, "da.signer.first_epoch_signers": len(SIGNERS), "da.signer.epoch_poll_ms": 100,
            "da.signer.free_bytes_min": 0, "da.signer.cache_bytes": 1 << 20, "da.signer.scrub_interval_s": 0,
        })  # fmt: skip
        _, world.signers[account] = await started(stack, signer_service.serve, config)

    async with asyncio.TaskGroup() as group:
        for account in accounts:
            group.create_task(start(account))


async def world_of(stack: AsyncExitStack, home: Path, version: int) -> World:
    """A chain of this version, and every role as the service that users run, told only where the chain answers."""
    net = presets.network("devnet", da=replace(DAParameters(), signers_version=version, epoch_blocks=EPOCH_BLOCKS))
    genesis = presets.genesis(net, {Address(one): node_kit.COINS for one in node_kit.ADDRESSES})
    (home / "chain").mkdir()
    (home / "chain" / "genesis.json").write_text(json.dumps(genesis))
    params.write_dev(home / "params", TINY, tau=network_kit.TAU)
    flags = {"chain.consensus.empty_blocks": True, "chain.consensus.block_interval_ms": 100}
    node = await stack.enter_async_context(node_kit.running(home / "chain", **flags))
    eth = await stack.enter_async_context(HttpEth(node.endpoints.http_url))
    world = World(home, version, node, ReadingChain(eth))
    await start_signers(stack, world, *SIGNERS)
    encoder, _ = await started(stack, encoder_service.serve, world.config(**{"da.encoder.port": 0}))
    # The service of retrievers knows the network's geometry alone: the same server, in this one.
    retriever = Retriever(ChainDirectory(world.chain), stack.enter_context(Offload(2)), geometry=TINY)
    server = RetrieverServer(retriever)
    world.retriever = f"127.0.0.1:{await da_kit.serve(stack, service(RETRIEVER, server.methods()))}"
    config = world.config(**{
        "da.disperser.home": str(home / "disperser"), "da.disperser.key_file": world.key(PAYER), "da.disperser.port": 0,
        "da.disperser.encoders": (encoder.address,), "da.disperser.retriever": world.retriever,
        "da.disperser.batch_wait_ms": 0, "da.disperser.commit_wait_ms": 0, "da.disperser.finalize_poll_ms": 50,
        "da.disperser.free_bytes_min": 0, "da.disperser.cache_bytes": 1 << 20, "da.disperser.scrub_interval_s": 0,
    })  # fmt: skip
    world.disperser = (await started(stack, disperser_service.serve, config))[0].address
    config = world.config(**{"da.light.home": str(home / "light"), "da.light.port": 0})
    world.light = (await started(stack, light_service.serve, config))[0].address
    return world


async def dispersed(world: World, data: bytes) -> Any:
    """A blob through a stranger's client, from the first status to the last; its header."""
    async with grpc.aio.insecure_channel(world.disperser) as channel:
        reply = await da_wire.call(channel, "disperser", "DisperseBlob", data=data)
        assert reply.result == da_wire.STATUSES["PROCESSING"]
        seen = []
        async with asyncio.timeout(PATIENCE_S):
            while da_wire.STATUSES["FINALIZED"] not in seen:
                now = await da_wire.call(channel, "disperser", "GetBlobStatus", request_id=reply.request_id)
                seen.append(now.status)
                await asyncio.sleep(0.02)
        assert set(seen) <= {da_wire.STATUSES[name] for name in ("PROCESSING", "CONFIRMED", "FINALIZED")}
        assert seen == sorted(seen)
        assert now.info.blob_header.storage_root == blob.encode(data, TINY).data_root
        return now.info.blob_header


async def retrieved(world: World, header: Any) -> bytes:
    named = {"storage_root": header.storage_root, "epoch": header.epoch, "quorum_id": header.quorum_id}
    async with grpc.aio.insecure_channel(world.retriever) as channel:
        return bytes((await da_wire.call(channel, "retriever", "RetrieveBlob", **named)).data)


@pytest.mark.parametrize("version", [2, 3])
def test_a_blob_in_and_out(tmp_path: Path, version: int) -> None:
    async def work() -> None:
        async with AsyncExitStack() as stack:
            world = await world_of(stack, tmp_path, version)
            assert await signers_version(world.chain, 0) == version
            begun = await world.epoch()
            assert begun == 1 if version == 3 else begun >= 1
            header = await dispersed(world, b"first")
            assert header.epoch >= begun
            call = da_entrance.commitment_exists(header.storage_root, header.epoch, header.quorum_id)
            assert await world.chain.ask(DA_ENTRANCE, call)
            assert await retrieved(world, header) == b"first"
            rows = await world.chain.ask(DA_SIGNERS, da_signers.get_quorum(header.epoch, header.quorum_id))
            assert set(rows) <= {Address(node_kit.ADDRESSES[account]) for account in SIGNERS}

            light = GrpcClient(world.light, light_service.SERVICE, receive_bytes_max=1 << 20)
            stack.push_async_callback(light.close)
            named = {"epoch": header.epoch, "quorum_id": header.quorum_id, "storage_root": header.storage_root}
            verdict = await light.call("Sample", da_light_pb2.SampleRequest(**named, rows=24), timeout_s=30)
            assert verdict.available
            assert (verdict.rows_proven, verdict.rows_false) == (24, 0)

            for name, target, code in (
                ("disperser", world.disperser, grpc.StatusCode.UNKNOWN),
                ("retriever", world.retriever, grpc.StatusCode.NOT_FOUND),
            ):
                async with grpc.aio.insecure_channel(target) as channel:
                    with pytest.raises(grpc.aio.AioRpcError) as refused:
                        await da_wire.call(channel, name, "RetrieveBlob", **named | {"epoch": 99_999})
                    assert refused.value.code() == code

            # A signer that stops and starts again; by the older rules also in an epoch that began without anybody's call.
            await stopped(world.signers[SIGNERS[0]])
            if version == 2:
                later = await world.epoch() + 1
                await world.until(lambda: reached(world, later))
            await start_signers(stack, world, SIGNERS[0])
            second = await dispersed(world, b"second")
            assert second.epoch == 1 if version == 3 else second.epoch >= later
            assert await retrieved(world, second) == b"second"
            assert await retrieved(world, header) == b"first"
            async with grpc.aio.insecure_channel(world.disperser) as channel:
                place = {"storage_root": second.storage_root, "epoch": second.epoch, "quorum_id": second.quorum_id}
                assert (await da_wire.call(channel, "disperser", "RetrieveBlob", **place)).data == b"second"

    asyncio.run(work())


async def reached(world: World, epoch: int) -> bool:
    return await world.epoch() >= epoch


def test_who_may_begin_an_epoch_and_register(tmp_path: Path) -> None:
    """By the older rules nobody may begin an epoch, and the registry of the newer ones has nothing to say."""

    async def work() -> None:
        net = presets.network("devnet", da=replace(DAParameters(), signers_version=2, epoch_blocks=3))
        genesis = presets.genesis(net, {Address(one): node_kit.COINS for one in node_kit.ADDRESSES})
        assert genesis["config"]["zerog"]["daSigners"] == {"version": 2, "epochBlocks": 3}
        (tmp_path / "genesis.json").write_text(json.dumps(genesis))
        async with node_kit.running(tmp_path) as node, HttpEth(node.endpoints.http_url) as eth:
            chain = ReadingChain(eth)
            account = Address(node_kit.ADDRESSES[1])
            secret, chain_id = network_kit.secret_of(account), await eth.chain_id()
            call = da_signers.register_signer(secret, account, "127.0.0.1:1", chain_id)
            for to, data in (
                (DA_SIGNERS, da_signers.make_epoch().data),
                (da_signers.registration_target(3), call.data),
            ):
                with pytest.raises(PeerFault):
                    await eth.estimate_gas(account, to, data)
            for made in (call, da_signers.register_next_epoch(secret, account, 0, chain_id)):
                receipt = await node.mined(await node.send(1, to=DA_SIGNERS, data=made.data, gas=1_000_000))
                assert int(receipt["status"], 16) == 1
            await node.call("evm_mine")
            assert await chain.ask_latest(DA_SIGNERS, da_signers.epoch_number()) == 1
            assert await chain.ask_latest(DA_SIGNERS, da_signers.quorum_count(1)) == 1
            assert set(await chain.ask_latest(DA_SIGNERS, da_signers.get_quorum(1, 0))) == {account}
            with pytest.raises(PeerFault):
                await chain.ask_latest(DA_SIGNERS, da_signers.quorum_count(2))
            # Nobody is in the next epoch: no quorum, and no blob is taken for it.
            for _ in range(3):
                await node.call("evm_mine")
            assert await chain.ask_latest(DA_SIGNERS, da_signers.quorum_count(2)) == 0
            with pytest.raises(PeerFault, match=r"No DA Signers|reverted"):
                await eth.estimate_gas(account, DA_ENTRANCE, da_entrance.submit_original_data([bytes(range(32))]).data)

    asyncio.run(work())


@pytest.mark.parametrize(
    "wrong", [{"version": 4}, {"version": 3, "epochBlocks": 5}, {"version": 2, "epochBlocks": 0}, {"v": 2}, 2]
)
def test_a_genesis_that_says_nonsense_of_the_signers(tmp_path: Path, wrong: object) -> None:
    genesis = node_kit.write_genesis(tmp_path)
    genesis["config"]["zerog"]["daSigners"] = wrong
    (tmp_path / "genesis.json").write_text(json.dumps(genesis))

    async def work() -> None:
        async with node_kit.running(tmp_path):
            raise AssertionError

    with pytest.raises((ConfigError, InvalidInput), match="daSigners"):
        asyncio.run(work())

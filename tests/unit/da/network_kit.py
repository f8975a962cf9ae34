"""A whole small network in one process: a real chain, signers, encoders and a disperser over gRPC, and ways to spoil each."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import grpc
from prometheus_client import CollectorRegistry
from tests.unit.chain import node_kit
from tests.unit.da import da_kit, da_wire

from zerog.contracts import da_entrance, da_signers
from zerog.contracts.calls import Call
from zerog.contracts.registry import DA_ENTRANCE, DA_SIGNERS
from zerog.da.disperser.batcher import Batcher, Pace
from zerog.da.disperser.chain import DisperserChain
from zerog.da.disperser.dispatcher import Dispatcher, Patience
from zerog.da.disperser.encoders import Encoders
from zerog.da.disperser.finalizer import Finalizer
from zerog.da.disperser.metrics import DisperserMetrics
from zerog.da.disperser.outbox import Outbox
from zerog.da.disperser.queue import FAMILIES, BlobQueue
from zerog.da.disperser.server import SERVICE, DisperserServer
from zerog.da.encoder import ENCODER, EncoderServer
from zerog.da.parameters import Given
from zerog.da.signer import store as signer_store
from zerog.da.signer.duties import LogDuty
from zerog.da.signer.rows import RowServer
from zerog.da.signer.server import SIGNER, SignerServer
from zerog.da.signer.store import SignerStore
from zerog.primitives import bls, commit
from zerog.primitives.hashing import keccak256
from zerog.runtime.eth import HttpEth
from zerog.runtime.key import Key
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_grpc import Caller, GrpcClient, Prescribed, Unary, service
from zerog.store.kv import Kv
from zerog.store.memory import MemoryKv
from zerog.types import Address

T = TypeVar("T")

TAU = 1234567890
SETUP = commit.dev_setup(da_kit.SMALL, TAU)
PAYER = 0
SIGNERS = (1, 2, 3, 4)
PAYER_ADDRESS = node_kit.ADDRESSES[PAYER]
QUICK = Pace(blob_s=30, gather_s=0, commit_gather_s=0)
HASTY = Patience(sign_s=20, straggle_s=0.2)
MESSAGE_BYTES_MAX = 16 << 20

Lie = Callable[[Any, Any], Any]
"""What a signer answers to a request, given the honest answer; may be a coroutine function."""


class ChainView:
    """What duties of signers ask of the chain, over HTTP."""

    def __init__(self, eth: HttpEth, final_after_blocks: int = 0) -> None:
        self._eth, self._final_after_blocks = eth, final_after_blocks

    async def finalized_block(self) -> int:
        return max(0, (await self._eth.finalized()).number - self._final_after_blocks)

    async def logs(self, address: bytes, first: int, last: int) -> Sequence[tuple[Sequence[bytes], bytes]]:
        return [(one.topics, one.data) for one in await self._eth.logs_of(address, (), first, last)]

    async def ask(self, to: bytes, call: Call[T]) -> T:
        return call.decode(await self._eth.call(to, call.data))

    async def send(self, to: bytes, call: Call[Any]) -> None:
        raise NotImplementedError("these signers are registered by hand")


@dataclass
class SignerAt:
    """A signer of the network, honest unless ``lie`` is set."""

    account: Address
    secret: bls.SecretKey
    store: SignerStore
    target: str = ""
    lie: Lie | None = None
    asked: int = 0


@dataclass
class Network:
    """What is up, and the parts that a disperser is made of."""

    node: node_kit.Running
    eth: HttpEth
    chain_id: int
    lane: Offload
    signers: list[SignerAt] = field(default_factory=list)
    encoders: list[str] = field(default_factory=list)
    encoder_lies: list[Callable[[Any], Any] | None] = field(default_factory=list)

    async def transact(self, account: int, to: bytes, call: Call[Any]) -> None:
        receipt = await self.node.mined(await self.node.send(account, to=to, data=call.data, gas=5_000_000))
        assert int(receipt["status"], 16) == 1

    async def mine(self) -> None:
        """Empty blocks until cancelled."""
        while True:
            await self.node.call("evm_mine")
            await asyncio.sleep(0.02)

    async def paid(self) -> list[bytes]:
        """Roots that were announced, in order, however often."""
        head = await self.eth.block_number()
        logs = await self.eth.logs(DA_ENTRANCE, da_entrance.DATA_UPLOAD_TOPIC, 0, head)
        return [da_entrance.decode_data_upload(one.topics, one.data).data_root for one in logs]

    async def recorded(self) -> list[bytes]:
        """Roots whose commitments were recorded, in order."""
        head = await self.eth.block_number()
        logs = await self.eth.logs(DA_ENTRANCE, da_entrance.COMMITMENT_VERIFIED_TOPIC, 0, head)
        return [da_entrance.decode_commitment_verified(one.topics, one.data).data_root for one in logs]


@dataclass
class Disperser:
    """A disperser at work, and a stranger's connection to it."""

    queue: BlobQueue
    batcher: Batcher
    outbox: Outbox
    channel: grpc.aio.Channel
    target: str
    told: list[tuple[Address, str]]
    working: asyncio.Task[None]
    """Ends only when the pipeline falls."""

    async def hears(self) -> list[tuple[Address, str]]:
        """What was told of signers, once anything was."""
        async with asyncio.timeout(10):
            for _ in itertools.takewhile(lambda _: not self.told, itertools.count()):
                await asyncio.sleep(0.02)
        return self.told

    async def put(self, data: bytes) -> bytes:
        reply = await da_wire.call(self.channel, "disperser", "DisperseBlob", data=data)
        assert reply.result == da_wire.STATUSES["PROCESSING"]
        return bytes(reply.request_id)

    async def status(self, request_id: bytes) -> Any:
        return await da_wire.call(self.channel, "disperser", "GetBlobStatus", request_id=request_id)

    async def reaches(self, request_id: bytes, *statuses: str, timeout_s: float = 30) -> Any:
        """The reply that first has one of these statuses."""
        wanted = [da_wire.STATUSES[name] for name in statuses]
        async with asyncio.timeout(timeout_s):
            while True:
                reply = await self.status(request_id)
                if reply.status in wanted:
                    return reply
                await asyncio.sleep(0.02)


def signer_address(index: int) -> Address:
    return Address(node_kit.ADDRESSES[SIGNERS[index]])


def secret_of(account: bytes) -> bls.SecretKey:
    return bls.SecretKey.from_random(b"".join(bytes(keccak256(account + bytes([part]))) for part in range(2)))


@asynccontextmanager
async def network(
    home: Path, *, signers: Sequence[int] = SIGNERS, encoders: int = 1, final_after_blocks: int = 0, **flags: Any
) -> AsyncIterator[Network]:
    """A chain with an epoch in which these accounts sign, and encoders."""
    async with AsyncExitStack() as stack:
        node = await stack.enter_async_context(node_kit.running(home, **flags))
        eth = await stack.enter_async_context(HttpEth(node.endpoints.http_url, attempts=2, backoff_s=0.05))
        lane = stack.enter_context(Offload(4))
        made = Network(node, eth, await eth.chain_id(), lane)
        for account in signers:
            await _enlist(stack, made, account)
        await made.transact(PAYER, DA_SIGNERS, da_signers.make_epoch())
        view = ChainView(eth, final_after_blocks)
        epoch = await view.ask(DA_SIGNERS, da_signers.epoch_number())
        quorums = [
            await view.ask(DA_SIGNERS, da_signers.get_quorum(epoch, quorum_id))
            for quorum_id in range(await view.ask(DA_SIGNERS, da_signers.quorum_count(epoch)))
        ]
        for one in made.signers:
            one.store.put_quorums(epoch, [[row for row, who in enumerate(rows) if who == one.account] for rows in quorums])
            duty = LogDuty(view, one.store, lane)
            following = asyncio.create_task(_follow(duty))
            stack.push_async_callback(_stop, following)
        for index in range(encoders):
            made.encoder_lies.append(None)
            server = EncoderServer(Given(SETUP), stack.enter_context(Offload(1)))
            methods = {"EncodeBlob": _spoiled(made, index, server.methods()["EncodeBlob"])}
            made.encoders.append(f"127.0.0.1:{await da_kit.serve(stack, service(ENCODER, methods), MESSAGE_BYTES_MAX)}")
        yield made


@asynccontextmanager
async def disperser(
    net: Network, kv: Kv | None = None, *, pace: Pace = QUICK, patience: Patience = HASTY, encoders: Sequence[str] = (),
    encode_s: float = 10, final_after_blocks: int = 0, raise_s: float = 20, eth: HttpEth | None = None,
    retriever: GrpcClient | None = None, finalize_s: float = 0.05, **queue: Any,
) -> AsyncIterator[Disperser]:  # fmt: skip
    """A disperser over a database, until the block is left: as abruptly as a task can end."""
    async with AsyncExitStack() as stack:
        kv = MemoryKv(list(FAMILIES)) if kv is None else kv
        blobs = BlobQueue(kv, **queue)
        chain = DisperserChain(net.eth if eth is None else eth, final_after_blocks=final_after_blocks)
        told: list[tuple[Address, str]] = []
        key = Key(node_kit.KEYS[PAYER])
        lane = stack.enter_context(Offload(2))
        outbox = Outbox(kv, chain, key, net.chain_id, lane, poll_s=0.05, raise_s=raise_s, dead_s=1)
        asked = Encoders(list(encoders) or net.encoders, Given(SETUP), lane, timeout_s=encode_s)
        stack.push_async_callback(asked.close)
        dispatch = Dispatcher(da_kit.SMALL, lane, patience, told=lambda signer, why: told.append((signer, why)))
        stack.push_async_callback(dispatch.close)
        numbers = DisperserMetrics(CollectorRegistry())
        batcher = Batcher(blobs, asked, dispatch, chain, outbox, lane, da_kit.SMALL, numbers, pace=pace)
        finalizer = Finalizer(blobs, chain, lane, numbers, poll_s=finalize_s, keep_ns=10**18, now_ns=time.time_ns)
        server = DisperserServer(
            blobs, lane, now_ns=time.time_ns, now_s=time.monotonic, geometry=da_kit.SMALL, retriever=retriever
        )
        port = await da_kit.serve(stack, service(SERVICE, server.methods()), MESSAGE_BYTES_MAX)
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{port}"))
        running = [asyncio.create_task(batcher.run()), asyncio.create_task(finalizer.run())]
        for task in running:
            stack.push_async_callback(_stop, task)
        working = asyncio.create_task(_either(running))
        stack.push_async_callback(_stop, working)
        yield Disperser(blobs, batcher, outbox, channel, f"127.0.0.1:{port}", told, working)
        if working.done():
            working.result()


async def _enlist(stack: AsyncExitStack, net: Network, account: int) -> None:
    address = Address(node_kit.ADDRESSES[account])
    secret = secret_of(address)
    light = commit.light_slice_size_bytes(da_kit.SMALL)
    families = list(signer_store.FAMILIES)
    one = SignerAt(address, secret, SignerStore(MemoryKv(families), row_size=da_kit.SMALL.row_size_bytes, light_size=light))
    lane, writer = stack.enter_context(Offload(2)), stack.enter_context(Offload(1))
    rows = RowServer(one.store, lane, da_kit.ENTRANCE, geometry=da_kit.SMALL)
    methods = SignerServer(one.store, Given(SETUP), secret, rows, lane, writer).methods()
    methods["BatchSign"] = _lying(one, methods["BatchSign"])
    one.target = f"127.0.0.1:{await da_kit.serve(stack, service(SIGNER, methods), MESSAGE_BYTES_MAX)}"
    net.signers.append(one)
    target = da_signers.registration_target(3)
    await net.transact(account, target, da_signers.register_signer(secret, address, one.target, net.chain_id))
    await net.transact(account, target, da_signers.register_next_epoch(secret, address, 0, net.chain_id))


def _lying(one: SignerAt, honest: Unary) -> Unary:
    async def answer(request: Any, caller: Caller) -> Any:
        one.asked += 1
        reply: Any = None
        fault: Prescribed | None = None
        try:
            reply = await honest(request, caller)
        except Prescribed as error:  # a liar need not have seen the blob announced
            fault = error
        told = reply if one.lie is None else one.lie(request, reply)
        told = await told if asyncio.iscoroutine(told) else told
        if told is None and fault is not None:
            raise fault
        return told

    return answer


def _spoiled(net: Network, index: int, honest: Unary) -> Unary:
    async def answer(request: Any, caller: Caller) -> Any:
        reply = await honest(request, caller)
        lie = net.encoder_lies[index]
        return reply if lie is None else lie(reply)

    return answer


async def _follow(duty: LogDuty) -> None:
    while True:
        if not await duty.step():
            await asyncio.sleep(0.02)


async def _either(running: Sequence[asyncio.Task[None]]) -> None:
    done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


async def _stop(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

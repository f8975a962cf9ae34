"""Signers of a small network as real gRPC servers over real stores, honest and otherwise, and a retriever that asks them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc

from zerog.da.api import BlobRecord, Quorum
from zerog.da.retriever import SERVICE as RETRIEVER
from zerog.da.retriever import SIGNER, Asking, Retriever, RetrieverServer, write_row
from zerog.da.signer.rows import RowServer
from zerog.da.signer.store import FAMILIES, SignerStore, Slice
from zerog.errors import NotFound
from zerog.primitives import blob
from zerog.primitives.blob import EncodedBlob, Geometry
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_grpc import Caller, GrpcServer, Prescribed, Unary, service
from zerog.store.memory import MemoryKv
from zerog.types import Address
from zerog.wire.proto import da_signer_pb2

SMALL = Geometry(8, 4)
LIGHT = 7
ENTRANCE = bytes(range(20))
HASTY = Asking(calls_max=8, rows_per_call=5, call_timeout_s=2, hedge_s=0.2, timeout_s=10)

Answer = Callable[[Any, da_signer_pb2.BatchRetrieveReply], Any]
"""What a liar makes of the request and the honest answer."""


@dataclass
class Chain:
    """The register of quorums, told by the test."""

    quorums: dict[tuple[int, int], Quorum] = field(default_factory=dict)
    fault: Exception | None = None

    async def quorum(self, epoch: int, quorum_id: int) -> Quorum:
        if self.fault is not None:
            raise self.fault
        found = self.quorums.get((epoch, quorum_id))
        if found is None:
            raise NotFound(f"quorum {quorum_id} of epoch {epoch} is unknown")
        return found


@dataclass
class Fleet:
    chain: Chain
    record: BlobRecord
    data: bytes
    encoded: EncodedBlob
    stores: dict[Address, SignerStore]
    lane: Offload
    sockets: dict[Address, str]
    told: list[tuple[Address, str]] = field(default_factory=list)
    asked: list[Address] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def signers(self) -> list[Address]:
        return list(self.stores)

    def retriever(self, asking: Asking = HASTY) -> Retriever:
        return Retriever(
            self.chain, self.lane, geometry=SMALL, asking=asking, told=lambda signer, why: self.told.append((signer, why))
        )


@asynccontextmanager
async def fleet(
    seed: int, *, signers: int = 4, liars: Mapping[int, Answer] | None = None, data: bytes | None = None
) -> AsyncIterator[Fleet]:
    """A network with one blob: rows go round, signer by signer; ``liars`` answer what their function makes of the truth."""
    rng = random.Random(seed)
    data = rng.randbytes(SMALL.data_size_bytes_max) if data is None else data
    encoded = blob.encode(data, SMALL)
    record = BlobRecord(3, 1, encoded.data_root)
    addresses = [Address(rng.randbytes(20)) for _ in range(signers)]
    rows = tuple(addresses[row % signers] for row in range(SMALL.rows_encoded))
    async with AsyncExitStack() as stack:
        lane = stack.enter_context(Offload(4))
        made = Fleet(Chain(), record, data, encoded, {}, lane, {})
        for index, address in enumerate(addresses):
            store = SignerStore(MemoryKv(list(FAMILIES)), row_size=SMALL.row_size_bytes, light_size=LIGHT)
            own = [row for row in range(len(rows)) if rows[row] == address]
            store.put_quorums(record.epoch, [[], own])
            store.put_slices(record, [Slice(row, row.to_bytes(LIGHT, "big"), encoded.row(row)) for row in own])
            made.stores[address] = store
            methods = RowServer(store, lane, ENTRANCE, geometry=SMALL).methods() | {"BatchSign": _signs_nothing}
            methods["BatchRetrieve"] = _noted(made, address, methods["BatchRetrieve"], (liars or {}).get(index))
            port = await serve(stack, service(SIGNER, methods))
            made.sockets[address] = f"127.0.0.1:{port}"
        made.chain.quorums[record.epoch, record.quorum_id] = Quorum(rows, made.sockets)
        yield made


async def serve(stack: AsyncExitStack, handler: grpc.GenericRpcHandler, receive_bytes_max: int = 1 << 20) -> int:
    server = GrpcServer(handler, "127.0.0.1", 0, receive_bytes_max=receive_bytes_max, calls_max=64)
    port = await server.start()
    stack.push_async_callback(server.stop, 0)
    return port


@asynccontextmanager
async def served(handler: grpc.GenericRpcHandler) -> AsyncIterator[str]:
    """A service on a port of its own, by its target."""
    async with AsyncExitStack() as stack:
        yield f"127.0.0.1:{await serve(stack, handler)}"


@asynccontextmanager
async def retriever_channel(retriever: Any, **options: Any) -> AsyncIterator[grpc.aio.Channel]:
    """A stranger's connection to a retriever."""
    async with AsyncExitStack() as stack:
        port = await serve(stack, service(RETRIEVER, RetrieverServer(retriever, **options).methods()))
        yield await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{port}"))


async def _signs_nothing(request: Any, caller: Caller) -> da_signer_pb2.BatchSignReply:
    raise Prescribed(grpc.StatusCode.UNIMPLEMENTED, "these signers only give back")


def _noted(made: Fleet, address: Address, honest: Any, lie: Answer | None) -> Unary:
    async def answer(request: Any, caller: Caller) -> Any:
        made.asked.append(address)
        made.heard.set()
        reply = await honest(request, caller)
        return reply if lie is None else await asyncio.wait_for(_awaited(lie(request, reply)), 60)

    return answer


async def _awaited(value: Any) -> Any:
    return await value if asyncio.iscoroutine(value) else value


# -- lies --------------------------------------------------------------------------------------------------------------


def refuse(request: Any, reply: Any) -> Any:
    raise Prescribed(grpc.StatusCode.INTERNAL, "blob not found")


async def delay(request: Any, reply: Any) -> Any:
    await asyncio.sleep(30)
    return reply


def each_row(change: Callable[[int, bytes], bytes]) -> Answer:
    """A lie that changes the cells of each row."""

    def lie(request: Any, reply: Any) -> Any:
        numbers = sorted(request.requests[0].row_indexes)
        rows = [
            write_row(change(number, wire[8:]), SMALL)
            for number, wire in zip(numbers, reply.encoded_slice[0].encoded_slice, strict=True)
        ]
        return reshaped([rows])(request, reply)

    return lie


def reshaped(slices: Sequence[Sequence[bytes]]) -> Answer:
    """A lie that answers with these rows."""
    return lambda request, reply: da_signer_pb2.BatchRetrieveReply(
        encoded_slice=[da_signer_pb2.Slices(encoded_slice=rows) for rows in slices]
    )

"""Sampling and proven retrieval against real signers of a small network, honest and otherwise."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.unit.da import da_kit

from zerog.da import light_service
from zerog.da.api import BlobRecord, Quorum
from zerog.da.light import Sampler, Sampling, doubt_of
from zerog.da.light_service import LightServer, LightStore
from zerog.da.parameters import Given
from zerog.da.retriever import SIGNER, SLICES, Retriever, merkle_path
from zerog.da.signer.rows import RowServer
from zerog.da.signer.store import FAMILIES, SignerStore, Slice
from zerog.errors import Conflict, InvalidInput, NotFound
from zerog.primitives import blob, commit
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_grpc import Caller, GrpcClient, Prescribed, service
from zerog.store.memory import MemoryKv
from zerog.types import Address
from zerog.wire.proto import da_light_pb2, da_slices_pb2

SMALL = da_kit.SMALL
SETUP = commit.dev_setup(SMALL, 1234567890123456789012345678901234567890)
FAST = Sampling(rows=6, rounds_max=3, doubt_max=0.02, call_timeout_s=2)

Lie = Callable[[Any], Any]


@dataclass
class Fleet:
    directory: da_kit.Chain
    record: BlobRecord
    made: commit.CommittedBlob
    data: bytes
    lane: Offload
    told: list[tuple[Address, str]]
    recorded: bytes | None

    async def commitment(self, record: BlobRecord) -> bytes | None:
        return self.recorded if record == self.record else None

    def sampler(self, sampling: Sampling = FAST) -> Sampler:
        return Sampler(
            self.directory, self, Given(SETUP), self.lane, sampling=sampling,
            told=lambda signer, why: self.told.append((signer, why)),
        )  # fmt: skip

    def retriever(self) -> Retriever:
        return Retriever(
            self.directory, self.lane, geometry=SMALL, asking=da_kit.HASTY,
            told=lambda signer, why: self.told.append((signer, why)),
        )  # fmt: skip


@asynccontextmanager
async def fleet(seed: int, lies: dict[int, Lie] | None = None, count: int = 4) -> AsyncIterator[Fleet]:
    """So many signers with as many rows each, row by row; ``lies`` change what a signer answers with proofs."""
    rng = random.Random(seed)
    data = rng.randbytes(SMALL.data_size_bytes_max)
    made = commit.commit(SETUP, data)
    record = BlobRecord(2, 0, made.encoded.data_root)
    signers = [Address(rng.randbytes(20)) for _ in range(count)]
    rows = tuple(signers[row % count] for row in range(SMALL.rows_encoded))
    sockets: dict[Address, str] = {}
    async with AsyncExitStack() as stack:
        lane = stack.enter_context(Offload(4))
        for index, signer in enumerate(signers):
            light_size = commit.light_slice_size_bytes(SMALL)
            store = SignerStore(MemoryKv(list(FAMILIES)), row_size=SMALL.row_size_bytes, light_size=light_size)
            own = [row for row in range(SMALL.rows_encoded) if rows[row] == signer]
            store.put_quorums(record.epoch, [own])
            lights = [one.tobytes() for one in made.light_slices(own)]
            store.put_slices(record, [Slice(row, light, made.encoded.row(row)) for row, light in zip(own, lights, strict=True)])
            server = RowServer(store, lane, da_kit.ENTRANCE, geometry=SMALL)
            slices = {"GetSlices": _changed(server.slice_methods()["GetSlices"], (lies or {}).get(index))}
            handlers = [service(SIGNER, server.methods() | {"BatchSign": _signs_nothing}), service(SLICES, slices)]
            sockets[signer] = f"127.0.0.1:{await _serve(stack, handlers)}"
        directory = da_kit.Chain({(record.epoch, record.quorum_id): Quorum(rows, sockets)})
        yield Fleet(directory, record, made, data, lane, [], made.commitment)


async def _serve(stack: AsyncExitStack, handlers: list[grpc.GenericRpcHandler]) -> int:
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(tuple(handlers))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    stack.push_async_callback(server.stop, 0)
    return port


async def _signs_nothing(request: Any, caller: Caller) -> Any:
    raise Prescribed(grpc.StatusCode.UNIMPLEMENTED, "these signers only give back")


def _changed(honest: Any, lie: Lie | None) -> Any:
    async def answer(request: Any, caller: Caller) -> Any:
        reply = await honest(request, caller)
        return reply if lie is None else lie(reply)

    return answer


def refuse(reply: Any) -> Any:
    raise Prescribed(grpc.StatusCode.INTERNAL, "blob not found")


def false_cells(reply: Any) -> Any:
    slices = [
        da_slices_pb2.ProvenSlice(light_slice=one.light_slice, row=bytes([one.row[0] ^ 1]) + one.row[1:])
        for one in reply.slices
    ]
    return da_slices_pb2.GetSlicesReply(slices=slices)


def swapped(reply: Any) -> Any:
    return da_slices_pb2.GetSlicesReply(slices=list(reply.slices)[::-1])


def short(reply: Any) -> Any:
    return da_slices_pb2.GetSlicesReply(slices=[da_slices_pb2.ProvenSlice(light_slice=b"x", row=b"y") for _ in reply.slices])


def test_an_available_blob(seed: int) -> None:
    async def work() -> None:
        async with fleet(seed) as made:
            found = await made.sampler().sample(made.record)
            assert (found.available, found.rows_asked, found.rows_proven, found.rows_false) == (True, 6, 6, 0)
            assert found.doubt == pytest.approx(FAST.rounds_max * doubt_of(6, 6, SMALL))
            assert made.told == []

    asyncio.run(work())


@pytest.mark.parametrize("lie", [refuse, false_cells, swapped, short])
def test_a_third_that_lies_is_named_and_asked_around(seed: int, lie: Lie) -> None:
    async def work() -> None:
        async with fleet(seed, {2: lie}) as made:
            signer = made.directory.quorums[2, 0].rows[2]
            found = await made.sampler(Sampling(rows=12, rounds_max=2, doubt_max=0.05, call_timeout_s=2)).sample(made.record)
            assert found.available
            assert found.rows_proven <= found.rows_asked - found.rows_false
            assert {who for who, _ in made.told} <= {signer}
            assert await made.retriever().retrieve(made.record) == made.data

    asyncio.run(work())


def test_three_quarters_missing_is_not_available(seed: int) -> None:
    async def work() -> None:
        async with fleet(seed, dict.fromkeys(range(3), refuse)) as made:
            found = await made.sampler(Sampling(rows=6, rounds_max=3, doubt_max=1e-6)).sample(made.record)
            assert not found.available
            assert (found.rows_asked, found.doubt) == (18, pytest.approx(1, abs=0.9))
            assert len(made.told) >= 3

    asyncio.run(work())


def test_another_commitment_proves_nothing(seed: int) -> None:
    async def work() -> None:
        async with fleet(seed) as made:
            made.recorded = commit.commit(SETUP, b"another").commitment
            found = await made.sampler().sample(made.record)
            assert (found.available, found.rows_proven, found.rows_false) == (False, 0, 18)
            made.recorded = None
            with pytest.raises(NotFound, match="no commitment"):
                await made.sampler().sample(made.record)
            with pytest.raises(InvalidInput):
                await made.sampler().sample(made.record, 257)

    asyncio.run(work())


@pytest.mark.parametrize("lie", [refuse, false_cells, swapped, short])
def test_two_thirds_that_lie_cost_no_search(seed: int, lie: Lie, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many false rows as there may be (reliability D10): each liar is named by its own, and what is left decodes."""
    monkeypatch.setattr("zerog.da.retriever.false_rows", lambda *_, **__: pytest.fail("searched"))

    async def work() -> None:
        async with fleet(seed, {0: lie, 2: lie}, count=3) as made:
            assert await made.retriever().retrieve(made.record) == made.data
            liars = {made.directory.quorums[2, 0].rows[row] for row in (0, 2)}
            assert {who for who, why in made.told if lie is refuse or why == "false rows"} == liars

    asyncio.run(work())


def test_paths_of_light_slices(seed: int) -> None:
    made = commit.commit(SETUP, random.Random(seed).randbytes(40))
    for row in range(SMALL.rows_encoded):
        found = merkle_path(made.light_slices([row])[0].tobytes(), SMALL)
        assert found is not None
        assert blob.verify_row(row, made.encoded.row(row), found[1], found[0], made.encoded.data_root, SMALL)
    assert merkle_path(b"short", SMALL) is None


@pytest.mark.parametrize("asked", [1, 3, 8])
def test_doubt_is_counted_as_a_slow_count_does(asked: int) -> None:
    every, there = SMALL.rows_encoded, SMALL.rows - 1

    def slow(left: int, good: int, total: int, need: int) -> Fraction:
        if need <= 0:
            return Fraction(1)
        if left == 0 or good == 0:
            return Fraction(0)
        hit = Fraction(good, total) * slow(left - 1, good - 1, total - 1, need - 1)
        return hit + Fraction(total - good, total) * slow(left - 1, good, total - 1, need)

    for proven in range(asked + 1):
        assert doubt_of(asked, proven, SMALL) == pytest.approx(float(slow(asked, there, every, proven)))
    assert doubt_of(20, 20, blob.MAINNET) < 3**-20


def test_the_service_remembers(seed: int) -> None:
    async def work() -> None:
        kv = MemoryKv(list(light_service.FAMILIES))
        async with fleet(seed) as made, AsyncExitStack() as stack:
            store = LightStore(kv, "chain 1")
            writing = stack.enter_context(Offload(1))
            server = LightServer(made.sampler(), store, writing, samplings_max=1)
            port = await _serve(stack, [service(light_service.SERVICE, server.methods())])
            client = GrpcClient(f"127.0.0.1:{port}", light_service.SERVICE, receive_bytes_max=1 << 16)
            stack.push_async_callback(client.close)
            named = {"epoch": 2, "quorum_id": 0, "storage_root": made.record.data_root}
            with pytest.raises(NotFound):
                await client.call("GetVerdict", da_light_pb2.VerdictRequest(**named), timeout_s=5)
            said = await client.call("Sample", da_light_pb2.SampleRequest(rows=5, **named), timeout_s=5)
            assert (said.available, said.rows_asked >= 5) == (True, True)
            with pytest.raises(InvalidInput):
                await client.call("Sample", da_light_pb2.SampleRequest(storage_root=b"x"), timeout_s=5)
            store.put(made.record, await made.sampler().sample(made.record))
            store.read_up_to(77)
            again = await client.call("GetVerdict", da_light_pb2.VerdictRequest(**named), timeout_s=5)
            assert again.available
            status = await client.call("GetStatus", da_light_pb2.LightStatusRequest(), timeout_s=5)
            assert (status.next_block, status.available, status.unavailable) == (77, 1, 0)
        restarted = LightStore(kv, "chain 1")
        assert (restarted.next_block, restarted.counts) == (77, {True: 1, False: 0})
        with pytest.raises(Conflict):
            LightStore(kv, "chain 2")

    asyncio.run(work())


def test_parameters_are_made_once_and_read_lazily(tmp_path: Path) -> None:
    from zerog.da.parameters import Stored

    with pytest.raises(NotFound):
        Stored(tmp_path / "none", prover=False, allow_insecure=True)
    with pytest.raises(InvalidInput):
        Stored(tmp_path / "none", prover=False, allow_insecure=False, make=SMALL)
    made = [Stored(tmp_path / "set", prover=prover, allow_insecure=True, make=SMALL) for prover in (True, False)]
    assert not any(one.loaded for one in made)
    assert [one.get().can_prove for one in made] == [True, False]
    assert made[0].get() is made[0].get()
    assert Stored(tmp_path / "set", prover=True, allow_insecure=True).geometry == SMALL
    with pytest.raises(InvalidInput, match="development"):
        Stored(tmp_path / "set", prover=True, allow_insecure=False).get()

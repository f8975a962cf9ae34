"""Retrieval from real signers over gRPC: any sufficient set, liars of every kind, and the statuses a stranger sees."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import grpc
import pytest
from tests.unit.da import da_kit, da_wire

from zerog.da.api import BlobRecord, Quorum, dial_target
from zerog.da.locate import ORDER
from zerog.errors import InvalidInput, NotFound, PeerFault, TimedOut, Unavailable
from zerog.primitives import blob
from zerog.types import Address

_GARBAGE = {
    "refuses": da_kit.refuse,
    "delays": da_kit.delay,
    "nothing": da_kit.reshaped([]),
    "too few": da_kit.reshaped([[]]),
    "empty rows": da_kit.reshaped([[b""] * 5]),
    "too large": lambda request, reply: da_kit.reshaped([[bytes(1 << 18)]])(request, reply),
    "cells out of range": da_kit.each_row(lambda number, row: ORDER.to_bytes(32, "little") + row[32:]),
    "zeros": da_kit.each_row(lambda number, row: bytes(len(row))),
    "one bit": da_kit.each_row(lambda number, row: bytes([row[0] ^ 1]) + row[1:]),
}


def _run(work: Any) -> Any:
    return asyncio.run(work)


@pytest.mark.parametrize("size", [1, 31, da_kit.SMALL.data_size_bytes_max])
def test_comes_back_as_it_was(size: int, seed: int) -> None:
    async def work() -> None:
        data = random.Random(seed).randbytes(size)
        async with da_kit.fleet(seed, data=data) as network:
            assert await network.retriever().retrieve(network.record) == data
            assert network.told == []

    _run(work())


@pytest.mark.parametrize("kind", _GARBAGE)
def test_one_of_four_signers_lies(kind: str, seed: int) -> None:
    """A quarter of the rows is false or missing: found out, named, and made up for."""

    async def work() -> None:
        async with da_kit.fleet(seed, liars={1: _GARBAGE[kind]}) as network:
            assert await network.retriever().retrieve(network.record) == network.data
            if kind != "delays":
                assert {signer for signer, _ in network.told} == {network.signers[1]}

    _run(work())


def test_the_same_lie_in_unison(seed: int) -> None:
    """A third of the rows is of another blob: as many false rows as unique decoding bears."""

    async def work() -> None:
        other = blob.encode(b"another blob", da_kit.SMALL)
        swap = da_kit.each_row(lambda number, row: other.row(number))
        async with da_kit.fleet(seed, signers=6, liars={0: swap, 3: swap}) as network:
            assert await network.retriever().retrieve(network.record) == network.data
            assert {signer for signer, _ in network.told} == {network.signers[0], network.signers[3]}

    _run(work())


def test_half_lie_and_are_left_out(seed: int) -> None:
    """Beyond unique decoding a set of signers that answers the root is still found, here by leaving one and two out."""

    async def work() -> None:
        spoil = da_kit.each_row(lambda number, row: bytes([row[0] ^ 1]) + row[1:])
        async with da_kit.fleet(seed, liars={0: spoil, 2: spoil}) as network:
            assert await network.retriever().retrieve(network.record) == network.data

    _run(work())


def test_two_thirds_of_the_rows_are_gone(seed: int) -> None:
    async def work() -> None:
        async with da_kit.fleet(seed, signers=3, liars={0: da_kit.refuse, 1: da_kit.refuse}) as network:
            assert await network.retriever().retrieve(network.record) == network.data
        async with da_kit.fleet(seed, signers=6, liars=dict.fromkeys(range(5), da_kit.refuse)) as network:
            with pytest.raises(NotFound, match="expected 8 rows, found 4"):
                await network.retriever().retrieve(network.record)

    _run(work())


def test_systematic_rows_suffice(seed: int) -> None:
    """Whoever holds none of the first third is not asked while the others answer."""

    async def work() -> None:
        async with da_kit.fleet(seed) as network:
            first, second, *others = network.signers
            rows = (first,) * 4 + (second,) * 4 + tuple(others[row % 2] for row in range(16))
            network.chain.quorums[3, 1] = Quorum(rows, network.sockets)
            for signer, store in network.stores.items():
                store.put_quorums(3, [[], [row for row, owner in enumerate(rows) if owner == signer]])
            for row in range(8):
                made = da_kit.Slice(row, bytes(da_kit.LIGHT), network.encoded.row(row))
                network.stores[rows[row]].put_slices(network.record, [made])
            assert await network.retriever().retrieve(network.record) == network.data
            assert set(network.asked) == {first, second}

    _run(work())


def test_another_blob_is_never_returned(seed: int) -> None:
    """All signers agree on rows of a blob that was not asked for."""

    async def work() -> None:
        other = blob.encode(b"another blob", da_kit.SMALL)
        swap = da_kit.each_row(lambda number, row: other.row(number))
        async with da_kit.fleet(seed, liars=dict.fromkeys(range(4), swap)) as network:
            with pytest.raises(NotFound, match="of another blob"):
                await network.retriever().retrieve(network.record)

    _run(work())


def test_statuses_for_a_stranger(seed: int) -> None:
    async def work() -> None:
        async with da_kit.fleet(seed) as network, da_kit.retriever_channel(network.retriever()) as channel:
            root = network.record.data_root

            async def ask(**fields: Any) -> Any:
                return await da_wire.call(channel, "retriever", "RetrieveBlob", **fields)

            async def refused(**fields: Any) -> tuple[grpc.StatusCode, str]:
                with pytest.raises(grpc.aio.AioRpcError) as error:
                    await ask(**fields)
                return error.value.code(), str(error.value.details())

            assert (await ask(storage_root=root, epoch=3, quorum_id=1)).data == network.data
            assert (await refused(storage_root=root[1:], epoch=3, quorum_id=1))[0] == grpc.StatusCode.INVALID_ARGUMENT
            assert (await refused())[0] == grpc.StatusCode.INVALID_ARGUMENT
            assert (await refused(storage_root=root, epoch=4, quorum_id=1))[0] == grpc.StatusCode.NOT_FOUND
            assert (await refused(storage_root=bytes(32), epoch=3, quorum_id=1))[0] == grpc.StatusCode.NOT_FOUND
            for fault in (Unavailable("no chain"), PeerFault("no words"), TimedOut("late")):
                network.chain.fault = fault
                code = (await refused(storage_root=root, epoch=3, quorum_id=1))[0]
                assert code == (grpc.StatusCode.DEADLINE_EXCEEDED if isinstance(fault, TimedOut) else grpc.StatusCode.NOT_FOUND)

    _run(work())


def test_one_too_many_is_told(seed: int) -> None:
    async def work() -> None:
        async with (
            da_kit.fleet(seed, liars=dict.fromkeys(range(4), da_kit.delay)) as network,
            da_kit.retriever_channel(network.retriever(), ongoing_max=1) as channel,
        ):
            fields = {"storage_root": network.record.data_root, "epoch": 3, "quorum_id": 1}
            first = asyncio.create_task(da_wire.call(channel, "retriever", "RetrieveBlob", **fields))
            await asyncio.wait_for(network.heard.wait(), 10)
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await da_wire.call(channel, "retriever", "RetrieveBlob", **fields)
            assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
            first.cancel()

    _run(work())


def test_signers_give_back_with_the_networks_statuses(seed: int) -> None:
    async def work() -> None:
        async with da_kit.fleet(seed) as network:
            signer = network.signers[0]
            own = [row for row in range(24) if row % 4 == 0]
            async with grpc.aio.insecure_channel(network.sockets[signer]) as channel:

                async def ask(*rows: int, record: BlobRecord = network.record) -> Any:
                    one = da_wire.message(
                        "signer", "RetrieveRequest", epoch=record.epoch, quorum_id=record.quorum_id,
                        storage_root=record.data_root, row_indexes=rows,
                    )  # fmt: skip
                    return await da_wire.call(channel, "signer", "BatchRetrieve", requests=[one, one])

                async def refused(*rows: int, **fields: Any) -> grpc.StatusCode:
                    with pytest.raises(grpc.aio.AioRpcError) as error:
                        await ask(*rows, **fields)
                    return error.value.code()

                reply = await ask(8, 0, 8, 20)
                rows = [(4).to_bytes(8, "little") + network.encoded.row(row) for row in (0, 8, 20)]
                assert [list(one.encoded_slice) for one in reply.encoded_slice] == [rows, rows]
                assert len((await ask(*own)).encoded_slice[0].encoded_slice) == len(own)
                unknown = network.record._replace(data_root=bytes(32))
                assert await refused(1) == grpc.StatusCode.INVALID_ARGUMENT
                assert await refused(24) == grpc.StatusCode.INVALID_ARGUMENT
                assert await refused() == grpc.StatusCode.INVALID_ARGUMENT
                assert await refused(0, record=network.record._replace(data_root=b"")) == grpc.StatusCode.INVALID_ARGUMENT
                assert await refused(0, record=unknown) == grpc.StatusCode.INTERNAL
                assert await refused(0, record=network.record._replace(epoch=9)) == grpc.StatusCode.INTERNAL
                status = await da_wire.call(channel, "signer", "GetStatus")
                assert (status.status_code, status.entrance_contract) == (200, da_kit.ENTRANCE.hex())

    _run(work())


@pytest.mark.parametrize(
    ("socket", "target"),
    [
        ("10.0.0.1:34000", "10.0.0.1:34000"),
        ("http://10.0.0.1:34000", "10.0.0.1:34000"),
        ("http://http://10.0.0.1:34000/x", "10.0.0.1:34000"),
        ("signer.example.org:34000", "signer.example.org:34000"),
        ("http://signer.example.org:34000/", "signer.example.org:34000"),
        ("[::1]:34000", "[::1]:34000"),
    ],
)
def test_sockets_as_they_are_registered(socket: str, target: str) -> None:
    assert dial_target(socket) == target


@pytest.mark.parametrize(
    "socket", ["", "http://", "10.0.0.1", "10.0.0.256:1", "10.0.0.1:0", "unix:/tmp/x", "a b:1", "x:99999", "h" * 300 + ":1"]
)
def test_sockets_that_are_none(socket: str) -> None:
    with pytest.raises(InvalidInput):
        dial_target(socket)


def test_a_signer_without_a_socket_is_passed_over(seed: int) -> None:
    async def work() -> None:
        async with da_kit.fleet(seed) as network:
            gone = network.signers[2]
            del network.sockets[gone]
            network.sockets[network.signers[3]] = "nowhere"
            assert await network.retriever().retrieve(network.record) == network.data
            assert {signer for signer, _ in network.told} == {gone, network.signers[3]}
            network.chain.quorums[3, 1] = Quorum((Address(bytes(20)),) * 8, {})
            with pytest.raises(NotFound, match="expected 24 rows"):
                await network.retriever().retrieve(network.record)

    _run(work())

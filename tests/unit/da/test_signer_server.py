"""A signer signs what it has verified and keeps, and nothing else; refusals in the network's order and with its codes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import grpc
import pytest
from tests.unit.da import da_kit, da_wire

from zerog.da.api import BlobRecord
from zerog.da.parameters import Given
from zerog.da.retriever import read_row
from zerog.da.signer.rows import SLICES, RowServer
from zerog.da.signer.server import BLOBS_MAX, SIGNER, SignerServer
from zerog.da.signer.store import FAMILIES, SignerStore
from zerog.errors import Conflict, Exhausted
from zerog.primitives import bls, commit
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_grpc import GrpcClient, service
from zerog.store.memory import MemoryKv
from zerog.wire.proto import da_slices_pb2

ROWS = [1, 5, 8, 13, 23]
SETUP = commit.dev_setup(da_kit.SMALL, 1234567890123456789012345678901234567890)


@dataclass
class Case:
    store: SignerStore
    channel: grpc.aio.Channel
    target: str
    blob: commit.CommittedBlob
    record: BlobRecord
    key: bls.SecretKey

    def request(self, **changes: Any) -> Any:
        fields: dict[str, Any] = {
            "epoch": self.record.epoch,
            "quorum_id": self.record.quorum_id,
            "erasure_commitment": self.blob.commitment,
            "storage_root": self.record.data_root,
            "encoded_slice": self.slices(ROWS),
        }
        return da_wire.message("signer", "SignRequest", **(fields | changes))

    def slices(self, rows: list[int]) -> list[bytes]:
        return [one.tobytes() for one in self.blob.slices(rows)]

    async def sign(self, *requests: Any) -> list[bytes]:
        return list((await da_wire.call(self.channel, "signer", "BatchSign", requests=requests)).signatures)

    async def refused(self, *requests: Any) -> tuple[grpc.StatusCode, str]:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await self.sign(*requests)
        assert self.store.held_rows(self.record) is None
        return error.value.code(), str(error.value.details())


@asynccontextmanager
async def signer(seed: int, **options: Any) -> AsyncIterator[Case]:
    rng = random.Random(seed)
    made = commit.commit(SETUP, rng.randbytes(900))
    record = BlobRecord(3, 1, made.encoded.data_root)
    light = commit.light_slice_size_bytes(da_kit.SMALL)
    store = SignerStore(MemoryKv(list(FAMILIES)), row_size=da_kit.SMALL.row_size_bytes, light_size=light)
    store.put_quorums(3, [[], ROWS, []])
    store.take_page([record, record._replace(quorum_id=2)], [], 10)
    key = bls.SecretKey.from_random(rng.randbytes(48))
    async with AsyncExitStack() as stack:
        lanes = [stack.enter_context(Offload(count)) for count in (2, 1)]
        rows = RowServer(store, lanes[0], da_kit.ENTRANCE, geometry=da_kit.SMALL)
        server = SignerServer(store, Given(SETUP), key, rows, lanes[0], lanes[1], **options)
        port = await da_kit.serve(stack, service(SIGNER, server.methods()))
        slices = await da_kit.serve(stack, service(SLICES, rows.slice_methods()))
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{port}"))
        yield Case(store, channel, f"127.0.0.1:{slices}", made, record, key)


def test_signs_what_it_keeps(seed: int) -> None:
    async def work() -> None:
        async with signer(seed) as case:
            first, second = await case.sign(case.request(), case.request())
            assert first == second
            point = bls.decode(case.blob.commitment, "plain")
            digest = bls.attestation_digest(case.record.data_root, 3, 1, point)
            assert bls.verify(digest, bls.decode(first, "flagged"), case.key.public_g2)
            one = da_wire.message(
                "signer", "RetrieveRequest", epoch=3, quorum_id=1, storage_root=case.record.data_root, row_indexes=ROWS
            )
            reply = await da_wire.call(case.channel, "signer", "BatchRetrieve", requests=[one])
            rows = [read_row(wire, da_kit.SMALL) for wire in reply.encoded_slice[0].encoded_slice]
            assert rows == [case.blob.encoded.row(row) for row in ROWS]

    asyncio.run(work())


def test_rows_with_proofs_prove_themselves(seed: int) -> None:
    async def work() -> None:
        async with signer(seed) as case:
            await case.sign(case.request())
            client = GrpcClient(case.target, SLICES, receive_bytes_max=1 << 20)
            wanted = da_slices_pb2.GetSlicesRequest(
                epoch=3, quorum_id=1, storage_root=case.record.data_root, row_indexes=[23, 5]
            )
            reply = await client.call("GetSlices", wanted, timeout_s=10)
            await client.close()
            joined = [commit.join_slice(one.light_slice, one.row, da_kit.SMALL) for one in reply.slices]
            assert joined == case.slices([5, 23])

    asyncio.run(work())


def test_refusals(seed: int) -> None:
    async def work() -> None:
        rng = random.Random(seed)
        async with signer(seed) as case:
            wrong, internal = grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.INTERNAL
            other = commit.commit(SETUP, b"another blob")
            slices = case.slices(ROWS)
            swapped = [other.slices([row])[0].tobytes() for row in ROWS]
            for changes in (
                {"storage_root": b"short"},
                {"erasure_commitment": b""},
                {"erasure_commitment": bytes(64)},
                {"erasure_commitment": (5).to_bytes(64, "little")},
                {"erasure_commitment": other.commitment},
                {"encoded_slice": []},
                {"encoded_slice": slices[:-1]},
                {"encoded_slice": slices[::-1]},
                {"encoded_slice": [*slices, slices[-1]]},
                {"encoded_slice": [*slices[:-1], slices[-1][:-1]]},
                {"encoded_slice": swapped},
                {"encoded_slice": case.slices([0, *ROWS[1:]])},
                {"encoded_slice": [], "quorum_id": 2},
            ):
                assert (await case.refused(case.request(**changes)))[0] == wrong, changes
            assert await case.refused(case.request(epoch=4)) == (internal, "blob not found")
            assert await case.refused(case.request(), case.request(storage_root=bytes(32))) == (internal, "blob not found")
            assert (await case.refused())[0] == wrong
            assert (await case.refused(*[case.request()] * (BLOBS_MAX + 1)))[0] == wrong
            for _ in range(30):
                which, at = rng.randrange(len(slices)), rng.randrange(len(slices[0]))
                spoilt = bytearray(slices[which])
                spoilt[at] ^= 1 << rng.randrange(8)
                changed = [*slices[:which], bytes(spoilt), *slices[which + 1 :]]
                assert (await case.refused(case.request(), case.request(encoded_slice=changed)))[0] == wrong
            case.store.take_page([], [case.record], 11)
            assert await case.refused(case.request()) == (internal, "blob verified already")

    asyncio.run(work())


def test_no_second_commitment_is_signed(seed: int) -> None:
    async def work() -> None:
        other = commit.commit(SETUP, b"another blob")
        async with signer(seed) as case:
            (first,) = await case.sign(case.request())
            with pytest.raises(grpc.aio.AioRpcError, match="another one was signed") as error:
                await case.sign(case.request(erasure_commitment=other.commitment))
            assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
            assert case.store.signed_commitment(case.record) == case.blob.commitment
            assert await case.sign(case.request()) == [first]
            case.store.prune(case.record.epoch)
            assert case.store.held_rows(case.record) is None
            with pytest.raises(Conflict):
                case.store.put_slices(case.record, [], other.commitment)

    asyncio.run(work())


def test_an_unknown_blob_is_looked_for_once_more(seed: int) -> None:
    """Between the block that announces a blob and the next look at the chain a disperser may be the first to know."""
    looked: list[float] = []

    async def work() -> None:
        async with signer(seed, look=lambda timeout_s: look(timeout_s)) as case:
            late = case.record._replace(quorum_id=1, data_root=bytes(31) + b"x")

            async def found(timeout_s: float) -> None:
                looked.append(timeout_s)
                case.store.take_page([late], [], 11)

            nonlocal look
            look = found
            status, text = await case.refused(case.request(storage_root=late.data_root))
            assert (status, "blob not found" in text) == (grpc.StatusCode.INVALID_ARGUMENT, False)
            await case.sign(case.request())
            assert len(looked) == 1

    async def look(timeout_s: float) -> None:
        raise AssertionError

    asyncio.run(work())


def test_a_full_disk_signs_nothing(seed: int) -> None:
    def full() -> None:
        raise Exhausted("the disk is nearly full")

    async def work() -> None:
        async with signer(seed, free=full) as case:
            assert (await case.refused(case.request()))[0] == grpc.StatusCode.RESOURCE_EXHAUSTED

    asyncio.run(work())


def test_the_pool_is_bounded(seed: int) -> None:
    async def work() -> None:
        async with signer(seed, ongoing_max=0) as case:
            assert await case.refused(case.request()) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "request pool is full")

    asyncio.run(work())

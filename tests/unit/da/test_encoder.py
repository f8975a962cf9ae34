"""The encoder for strangers: what it answers proves itself, what it refuses has the network's code."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import grpc
import pytest
from tests.unit.da import da_kit, da_wire

from zerog.da.encoder import ENCODER, EncoderServer, check_one
from zerog.da.parameters import Given
from zerog.errors import DeviceError
from zerog.primitives import blob, commit
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_grpc import service

SETUP = commit.dev_setup(da_kit.SMALL, 987654321)


@asynccontextmanager
async def encoder(setup: commit.Setup | None = None, **options: Any) -> AsyncIterator[grpc.aio.Channel]:
    async with AsyncExitStack() as stack:
        server = EncoderServer(Given(setup or SETUP), stack.enter_context(Offload(1)), **options)
        port = await da_kit.serve(stack, service(ENCODER, server.methods()))
        yield await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{port}"))


@pytest.mark.parametrize("size", [0, 1, 31, da_kit.SMALL.data_size_bytes_max])
def test_all_rows_prove_themselves(size: int, seed: int) -> None:
    async def work() -> None:
        data = random.Random(seed).randbytes(size)
        async with encoder() as channel:
            reply = await da_wire.call(channel, "encoder", "EncodeBlob", data=data, require_data=True)
        plain = blob.encode(data, da_kit.SMALL)
        assert (reply.version, reply.storage_root, reply.encoded_data) == (0, plain.data_root, plain.matrix.tobytes())
        count = len(reply.encoded_slice)
        assert count == da_kit.SMALL.rows_encoded
        verdicts = commit.verify_slices(
            SETUP, list(reply.encoded_slice), [reply.erasure_commitment] * count, [plain.data_root] * count,
            seed=secrets.token_bytes(32),
        )  # fmt: skip
        assert verdicts == [commit.OK] * count
        assert any(reply.erasure_commitment) == (size > 0)

    asyncio.run(work())


def test_data_only_when_asked_for() -> None:
    async def work() -> None:
        async with encoder() as channel:
            assert (await da_wire.call(channel, "encoder", "EncodeBlob", data=b"blob")).encoded_data == b""

    asyncio.run(work())


def test_refusals() -> None:
    async def work() -> None:
        async with encoder() as channel:
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await da_wire.call(channel, "encoder", "EncodeBlob", data=bytes(da_kit.SMALL.data_size_bytes_max + 1))
            assert error.value.code() == grpc.StatusCode.UNKNOWN
            assert "TooLargeBlob" in str(error.value.details())
        async with encoder(ongoing_max=0) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await da_wire.call(channel, "encoder", "EncodeBlob", data=b"blob")
            assert error.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED

    asyncio.run(work())


def test_a_false_encoding_is_not_handed_out() -> None:
    right, wrong = (commit.commit(SETUP, data) for data in (b"right", b"wrong"))
    slices = [one.tobytes() for one in right.slices(range(da_kit.SMALL.rows_encoded))]
    check_one(SETUP, slices, right.commitment, right.encoded.data_root)
    with pytest.raises(DeviceError, match="wrong-commitment"):
        check_one(SETUP, slices, wrong.commitment, right.encoded.data_root)
    with pytest.raises(DeviceError, match="bad-data-root"):
        check_one(SETUP, slices, right.commitment, wrong.encoded.data_root)


def test_a_verifiers_setup_encodes_nothing() -> None:
    verifier = commit.load_setup(da_kit.SMALL, [SETUP.verify_file(coset) for coset in range(3)])

    async def work() -> None:
        async with encoder(verifier) as channel:
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await da_wire.call(channel, "encoder", "EncodeBlob", data=b"blob")
            assert error.value.code() == grpc.StatusCode.INTERNAL

    asyncio.run(work())

"""Messages of strangers to real DA servers, changed byte by byte: each gets an answer or a refusal that is the caller's, no
signature is given for a changed claim, and the server goes on."""

from __future__ import annotations

import asyncio
import random
from contextlib import AsyncExitStack
from typing import Any

import grpc
import pytest
from tests.unit.da import da_kit, da_wire
from tests.unit.da.test_signer_server import ROWS, SETUP, signer

from zerog.da.encoder import ENCODER, EncoderServer
from zerog.da.parameters import Given
from zerog.primitives import bls, commit
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_grpc import service
from zerog.wire.proto import da_encoder_pb2

CHANGES = 400
# What da.md §2.3 prescribes INTERNAL for; any other INTERNAL is a fault of ours.
PRESCRIBED = ("blob not found", "blob verified already", "is not held", "quorum", "epoch")


def changed(rng: random.Random, good: bytes) -> bytes:
    data = bytearray(good)
    for _ in range(rng.randrange(1, 4)):
        at = rng.randrange(len(data)) if data else 0
        match rng.randrange(6):
            case 0 if data:
                data[at] ^= 1 << rng.randrange(8)
            case 1:
                del data[at:]
            case 2:
                data[at:at] = rng.randbytes(rng.randrange(1, 9))
            case 3:
                data += data[:at]  # fields given twice
            case 4 if data:
                del data[at : at + rng.randrange(1, 40)]
            case 5:
                data[: min(12, len(data))] = rng.randbytes(min(12, len(data)))  # tags and lengths
    return bytes(data)


async def ask(channel: grpc.aio.Channel, path: str, body: bytes) -> bytes | grpc.aio.AioRpcError:
    try:
        reply: bytes = await channel.unary_unary(path)(body, timeout=30)
    except grpc.aio.AioRpcError as error:
        return error
    return reply


def is_the_callers(error: grpc.aio.AioRpcError) -> bool:
    if error.code() == grpc.StatusCode.INTERNAL:
        return any(word in str(error.details()) for word in PRESCRIBED)
    return error.code() in (
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        grpc.StatusCode.NOT_FOUND,
        grpc.StatusCode.OUT_OF_RANGE,
    )


@pytest.mark.slow
def test_a_signer_answers_anything(seed: int) -> None:
    async def work() -> None:
        rng = random.Random(seed)
        async with signer(seed) as case:
            request = da_wire.message("signer", "BatchSignRequest", requests=[case.request()])
            asked = da_wire.message(
                "signer", "RetrieveRequest", epoch=3, quorum_id=1, storage_root=case.record.data_root, row_indexes=ROWS
            )
            retrieve = da_wire.message("signer", "BatchRetrieveRequest", requests=[asked])
            signed = 0
            for index in range(CHANGES):
                name, good = ("BatchSign", request) if index % 2 == 0 else ("BatchRetrieve", retrieve)
                body = changed(rng, good.SerializeToString())
                answer = await ask(case.channel, f"/signer.Signer/{name}", body)
                if isinstance(answer, grpc.aio.AioRpcError):
                    assert is_the_callers(answer), (name, answer.code(), answer.details(), body[:80])
                    assert signed or case.store.held_rows(case.record) is None
                elif name == "BatchSign":
                    reply = type(da_wire.message("signer", "BatchSignReply")).FromString(answer)
                    heard = type(request).FromString(body)
                    for one, signature in zip(heard.requests, reply.signatures, strict=True):
                        # Only the true claim has slices that verify.
                        assert (one.storage_root, one.erasure_commitment) == (case.record.data_root, case.blob.commitment)
                        assert list(one.encoded_slice) == case.slices(ROWS)
                        point = bls.decode(case.blob.commitment, "plain")
                        digest = bls.attestation_digest(case.record.data_root, one.epoch, one.quorum_id, point)
                        assert bls.verify(digest, bls.decode(signature, "flagged"), case.key.public_g2)
                        signed += 1
            await case.sign(case.request())
        assert signed < CHANGES // 2

    asyncio.run(work())


@pytest.mark.slow
def test_an_encoder_answers_anything(seed: int) -> None:
    async def work() -> None:
        rng = random.Random(seed)
        async with AsyncExitStack() as stack:
            server = EncoderServer(Given(SETUP), stack.enter_context(Offload(1)))
            port = await da_kit.serve(stack, service(ENCODER, server.methods()))
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{port}"))
            for _ in range(60):
                good = da_encoder_pb2.EncodeBlobRequest(data=rng.randbytes(rng.randrange(1, 1200)), require_data=True)
                body = changed(rng, good.SerializeToString())
                answer = await ask(channel, "/encoder.Encoder/EncodeBlob", body)
                if isinstance(answer, grpc.aio.AioRpcError):
                    too_large = answer.code() == grpc.StatusCode.UNKNOWN and "TooLargeBlob" in str(answer.details())
                    assert too_large or is_the_callers(answer), (answer.code(), answer.details())
                else:
                    reply: Any = da_encoder_pb2.EncodeBlobReply.FromString(answer)
                    count = len(reply.encoded_slice)
                    words = commit.verify_slices(
                        SETUP,
                        list(reply.encoded_slice),
                        [reply.erasure_commitment] * count,
                        [reply.storage_root] * count,
                        seed=rng.randbytes(32),
                    )
                    assert words == [commit.OK] * SETUP.geometry.rows_encoded

    asyncio.run(work())

"""Messages of strangers to every other role of data availability, byte by byte and field by field: each gets an answer or a
refusal in the network's codes, what is refused leaves nothing behind, and the server goes on. Answers of strangers to a client:
it returns what is true or raises what it promises."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from typing import Any

import grpc
import pytest
from tests.property.test_da_messages import ask, changed
from tests.unit.da import da_kit, da_wire, test_light
from tests.unit.da.da_kit import SMALL
from tests.unit.da.test_packer import NOW_NS, WAIT_NS, database, packs_of

from zerog.da import light_service, packing
from zerog.da.disperser.packer import SERVICE as PACKER
from zerog.da.disperser.packer import PackerServer
from zerog.da.disperser.queue import BlobQueue, Status
from zerog.da.disperser.server import SERVICE as DISPERSER
from zerog.da.disperser.server import DisperserServer
from zerog.da.light_service import LightServer, LightStore
from zerog.errors import PeerFault, ZerogError
from zerog.primitives import blob
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_grpc import service
from zerog.sdk.da import Da
from zerog.wire.proto import da_disperser_pb2, da_light_pb2, da_packer_pb2, da_slices_pb2

pytestmark = pytest.mark.slow

CHANGES = 100
NUMBERS = (0, 1, 23, 24, 2**31, 2**32 - 1, 2**32, 2**63, 2**64 - 1)
UNREAD = "the bytes are no"
OVERSIZED = 5 << 20
"""Above what these servers receive."""

Refusals = Mapping[grpc.StatusCode, tuple[str, ...]]


def fields(rng: random.Random, good: Any) -> Any:
    """The message with one field that is too small, too large or of another length."""
    message = type(good)()
    message.CopyFrom(good)
    name = rng.choice([one.name for one in good.DESCRIPTOR.fields])
    value = getattr(good, name)
    if isinstance(value, bytes):
        others = (b"", value[:-1], value + b"\0", rng.randbytes(32), rng.randbytes(2000), value * 3)
        setattr(message, name, rng.choice(others))
    elif isinstance(value, int):
        with contextlib.suppress(ValueError):  # a number beyond the field's
            setattr(message, name, rng.choice(NUMBERS))
    else:
        getattr(message, name).extend(rng.choice(NUMBERS[:6]) for _ in range(rng.choice((1, 5000))))
    return message


async def pelt(
    channel: grpc.aio.Channel, rng: random.Random, path: str, good: Any, refusals: Refusals,
    answered: Callable[[Any, bytes], None], *, changes: int = CHANGES,
) -> int:  # fmt: skip
    """Changed requests of one call; returns how many were answered. ``answered`` judges those, with the request."""
    count = 0
    for index in range(changes):
        message = fields(rng, good) if index % 2 and good.DESCRIPTOR.fields else good
        body = message.SerializeToString()
        body = body if index % 2 and good.DESCRIPTOR.fields else changed(rng, body)
        answer = await ask(channel, path, body)
        if not isinstance(answer, grpc.aio.AioRpcError):
            count += 1
            answered(type(good).FromString(body), answer)
            continue
        text = str(answer.details())
        named = answer.code() in refusals and any(word in text for word in refusals[answer.code()])
        assert named or (answer.code() == grpc.StatusCode.INVALID_ARGUMENT and UNREAD in text), (
            path,
            answer.code(),
            text,
            body[:80],
        )
    large = await ask(channel, path, bytes(OVERSIZED))
    assert isinstance(large, grpc.aio.AioRpcError)
    assert large.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert not isinstance(await ask(channel, path, good.SerializeToString()), grpc.aio.AioRpcError)
    return count


def nothing(request: Any, answer: bytes) -> None:
    pass


def test_a_disperser_answers_anything(seed: int) -> None:
    async def work() -> None:
        rng, kv = random.Random(seed), database()
        queue = BlobQueue(kv, count_max=10_000)
        async with AsyncExitStack() as stack:
            lane = stack.enter_context(Offload(2))
            server = DisperserServer(queue, lane, now_ns=lambda: NOW_NS, now_s=lambda: 0.0, geometry=SMALL)
            port = await da_kit.serve(stack, service(DISPERSER, server.methods()))
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{port}"))
            taken: list[bytes] = []

            def is_taken(request: Any, answer: bytes) -> None:
                reply = da_disperser_pb2.DisperseBlobReply.FromString(answer)
                assert (reply.result, queue.data(reply.request_id)) == (da_disperser_pb2.PROCESSING, request.data)
                taken.append(request.data)

            async def unknown(name: str, good: Any, *words: str, judge: Callable[[Any, bytes], None] = nothing) -> int:
                return await pelt(channel, rng, f"/disperser.Disperser/{name}", good, {grpc.StatusCode.UNKNOWN: words}, judge)

            good = da_wire.message("disperser", "DisperseBlobRequest", data=rng.randbytes(500))
            await unknown("DisperseBlob", good, "blob size cannot exceed", "greater than 0", judge=is_taken)
            assert len(queue) == len({*taken, good.data})  # and the good one at the end; repeats are the blob that waits
            entry = queue.waiting(Status.PROCESSING)[0]
            entry = queue.update(entry, epoch=3, quorum_id=1, data_root=b"r" * 32)
            queue.update(queue.update(entry, status=Status.CONFIRMED), status=Status.FINALIZED)
            before = {family: list(kv.scan(family)) for family in ("da_request", "da_data", "da_record")}
            good = da_wire.message("disperser", "BlobStatusRequest", request_id=entry.request_id)
            await unknown("GetBlobStatus", good, "request id", "request_id must not be empty")
            good = da_wire.message("disperser", "RetrieveBlobRequest", storage_root=b"r" * 32, epoch=3, quorum_id=1)
            data = queue.data(entry.request_id)

            def is_the_blob(request: Any, answer: bytes) -> None:
                assert (request.storage_root, request.epoch, request.quorum_id) == (b"r" * 32, 3, 1)
                assert da_disperser_pb2.RetrieveBlobReply.FromString(answer).data == data

            await unknown("RetrieveBlob", good, "32 bytes", "no retriever to ask", judge=is_the_blob)
            assert before == {family: list(kv.scan(family)) for family in before}

    asyncio.run(work())


def test_a_packer_answers_anything(seed: int) -> None:
    async def work() -> None:
        rng = random.Random(seed)
        packs, queue = packs_of(database())
        async with AsyncExitStack() as stack:
            lane, now = stack.enter_context(Offload(1)), [NOW_NS]
            server = PackerServer(packs, lane, lane, now_ns=lambda: now[0])
            port = await da_kit.serve(stack, service(PACKER, server.methods()))
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{port}"))
            refused = {grpc.StatusCode.INVALID_ARGUMENT: ("item",), grpc.StatusCode.NOT_FOUND: ("no item",)}
            good = da_packer_pb2.DisperseItemRequest(data=rng.randbytes(50))
            count = await pelt(channel, rng, "/zerog.da.v1.Packer/DisperseItem", good, refused, nothing)
            assert len(packs) == count + 1
            while packs.close(now[0] + WAIT_NS) is not None:
                now[0] += 1
            data = rng.randbytes(50)
            item_id = packs.put(data, now[0])
            entry = packs.close(now[0] + WAIT_NS)
            assert entry is not None
            root = blob.encode(queue.data(entry.request_id), SMALL).data_root
            queue.update(entry, status=Status.CONFIRMED, data_root=root, epoch=3, quorum_id=1)

            def is_proven(request: Any, answer: bytes) -> None:
                reply = da_packer_pb2.GetItemReply.FromString(answer)
                if request.item_id == item_id:
                    assert packing.verify(data, packing.InclusionProof.from_bytes(reply.proof), root, SMALL)

            good = da_packer_pb2.GetItemRequest(item_id=item_id)
            await pelt(channel, rng, "/zerog.da.v1.Packer/GetItem", good, refused, is_proven)
            assert len(packs) == 0

    asyncio.run(work())


def test_a_retriever_answers_anything(seed: int) -> None:
    async def work() -> None:
        rng = random.Random(seed)
        async with da_kit.fleet(seed) as made, da_kit.retriever_channel(made.retriever()) as channel:
            root = made.record.data_root
            good = da_wire.message("retriever", "BlobRequest", storage_root=root, epoch=3, quorum_id=1)

            def is_the_blob(request: Any, answer: bytes) -> None:
                assert (request.storage_root, request.epoch, request.quorum_id) == (root, 3, 1)
                assert da_wire.message("retriever", "BlobReply").FromString(answer).data == made.data

            refused = {grpc.StatusCode.INVALID_ARGUMENT: ("32 bytes",), grpc.StatusCode.NOT_FOUND: ("quorum", "rows")}
            await pelt(channel, rng, "/retriever.Retriever/RetrieveBlob", good, refused, is_the_blob, changes=80)

    asyncio.run(work())


def test_rows_with_proofs_and_states_of_signers(seed: int) -> None:
    """``SliceProvider`` and what of ``Signer`` is not in ``test_da_messages``."""

    async def work() -> None:
        rng = random.Random(seed)
        async with test_light.fleet(seed) as made:
            quorum = await made.directory.quorum(2, 0)
            signer = quorum.rows[0]
            own = [row for row, who in enumerate(quorum.rows) if who == signer]
            root = made.record.data_root
            async with grpc.aio.insecure_channel(quorum.sockets[signer]) as channel:

                def are_the_rows(request: Any, answer: bytes) -> None:
                    assert (request.storage_root, request.epoch, request.quorum_id) == (root, 2, 0)
                    reply = da_slices_pb2.GetSlicesReply.FromString(answer)
                    numbers = sorted(set(request.row_indexes))
                    assert set(numbers) <= set(own)
                    assert [one.row for one in reply.slices] == [made.made.encoded.row(number) for number in numbers]

                good: Any = da_slices_pb2.GetSlicesRequest(epoch=2, quorum_id=0, storage_root=root, row_indexes=own[:3])
                refused = {
                    grpc.StatusCode.INVALID_ARGUMENT: ("32 bytes", "row_indexes"),
                    grpc.StatusCode.INTERNAL: ("quorum not found", "held"),
                }
                await pelt(channel, rng, "/zerog.da.v1.SliceProvider/GetSlices", good, refused, are_the_rows)

                def is_well(request: Any, answer: bytes) -> None:
                    assert da_wire.message("signer", "StatusReply").FromString(answer).status_code == 200

                await pelt(channel, rng, "/signer.Signer/GetStatus", da_wire.message("signer", "Empty"), {}, is_well)

    asyncio.run(work())


def test_a_light_client_answers_anything(seed: int) -> None:
    async def work() -> None:
        rng = random.Random(seed)
        async with test_light.fleet(seed) as made, AsyncExitStack() as stack:
            store = LightStore(test_light.MemoryKv(list(light_service.FAMILIES)), "chain 1")
            server = LightServer(made.sampler(), store, stack.enter_context(Offload(1)), samplings_max=2)
            port = await da_kit.serve(stack, service(light_service.SERVICE, server.methods()))
            channel = await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{port}"))
            root = made.record.data_root
            store.put(made.record, await made.sampler().sample(made.record))

            def is_available(request: Any, answer: bytes) -> None:
                assert (request.storage_root, request.epoch, request.quorum_id) == (root, 2, 0)
                verdict = da_light_pb2.Verdict.FromString(answer)
                assert verdict.rows_false == 0
                assert verdict.rows_proven == verdict.rows_asked

            refused = {
                grpc.StatusCode.INVALID_ARGUMENT: ("32 bytes", "rows: expected"),
                grpc.StatusCode.NOT_FOUND: ("no commitment", "was not sampled"),
            }
            good: Any = da_light_pb2.SampleRequest(epoch=2, quorum_id=0, storage_root=root, rows=5)
            await pelt(channel, rng, "/zerog.da.v1.Light/Sample", good, refused, is_available, changes=80)
            good = da_light_pb2.VerdictRequest(epoch=2, quorum_id=0, storage_root=root)
            await pelt(channel, rng, "/zerog.da.v1.Light/GetVerdict", good, refused, is_available)
            await pelt(channel, rng, "/zerog.da.v1.Light/GetStatus", da_light_pb2.LightStatusRequest(), refused, nothing)
            assert store.counts == {True: 1, False: 0}
            made.directory.fault = PeerFault("no words")
            away = await ask(channel, "/zerog.da.v1.Light/Sample", da_light_pb2.SampleRequest(
                epoch=2, quorum_id=0, storage_root=root).SerializeToString())  # fmt: skip
            assert isinstance(away, grpc.aio.AioRpcError)
            assert away.code() == grpc.StatusCode.UNAVAILABLE

    asyncio.run(work())


def test_a_client_believes_nothing_that_is_false(seed: int) -> None:
    """``zerog.sdk.da`` against a disperser whose every answer is changed."""

    async def work() -> None:
        rng = random.Random(seed)
        packs, queue = packs_of(database())
        data, now = b"an item of a client", NOW_NS
        item_id = packs.put(data, now)
        entry = packs.close(now + WAIT_NS)
        assert entry is not None
        root = blob.encode(queue.data(entry.request_id), SMALL).data_root
        item, _ = packs.get(item_id)
        queue.update(entry, status=Status.CONFIRMED, data_root=root, epoch=3, quorum_id=1)
        header = da_disperser_pb2.BlobHeader(storage_root=root, epoch=3, quorum_id=1)
        said: dict[str, Any] = {
            "DisperseBlob": da_disperser_pb2.DisperseBlobReply(result=da_disperser_pb2.PROCESSING, request_id=entry.request_id),
            "GetBlobStatus": da_disperser_pb2.BlobStatusReply(
                status=da_disperser_pb2.FINALIZED, info=da_disperser_pb2.BlobInfo(blob_header=header)
            ),
            "RetrieveBlob": da_disperser_pb2.RetrieveBlobReply(data=data),
            "DisperseItem": da_packer_pb2.DisperseItemReply(item_id=item_id),
            "GetItem": da_packer_pb2.GetItemReply(
                status=2, storage_root=root, epoch=3, quorum_id=1, leaf=item.leaf, size_bytes=len(data),
                proof=packs.proof(item_id, item),
            ),
        }  # fmt: skip

        def method(name: str) -> Any:
            async def answer(body: bytes, context: Any) -> bytes:
                return changed(rng, said[name].SerializeToString())

            return grpc.unary_unary_rpc_method_handler(answer)

        disperser = grpc.method_handlers_generic_handler(
            DISPERSER.full_name, {name: method(name) for name in ("DisperseBlob", "GetBlobStatus", "RetrieveBlob")}
        )
        packer = grpc.method_handlers_generic_handler(
            PACKER.full_name, {name: method(name) for name in ("DisperseItem", "GetItem")}
        )
        async with AsyncExitStack() as stack:
            port = await test_light._serve(stack, [disperser, packer])
            da = await stack.enter_async_context(Da(f"127.0.0.1:{port}", timeout_s=10, geometry=SMALL))
            calls: list[Callable[[], Any]] = [
                lambda: da.disperse(data), lambda: da.status(entry.request_id), lambda: da.disperse_item(data),
                lambda: da.retrieve(entry.record), lambda: da.item(item_id, data),
            ]  # fmt: skip
            for index in range(3 * CHANGES):
                try:
                    found = await calls[index % len(calls)]()
                except ZerogError:
                    continue
                if index % len(calls) == 4 and found is not None:
                    assert packing.verify(data, found.proof, found.record.data_root, SMALL)

    asyncio.run(work())

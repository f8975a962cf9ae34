"""The disperser for strangers: every status, every refusal; and its queue, which forgets nothing that it acknowledged."""

from __future__ import annotations

import asyncio
import hashlib
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.unit.da import da_kit, da_wire

from zerog.da.disperser.queue import FAMILIES, BlobQueue, Entry, Status
from zerog.da.disperser.server import RECEIVE_BYTES_MAX, SERVICE, DisperserServer, Rates
from zerog.da.retriever import SERVICE as RETRIEVER
from zerog.da.retriever import RetrieverServer
from zerog.errors import Conflict, Exhausted, InvalidInput, NotFound
from zerog.primitives import blob
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_grpc import GrpcClient, service
from zerog.store.memory import MemoryKv
from zerog.store.rocks import RocksKv
from zerog.wire.da_ids import parse_request_id

NOW_NS = 1_800_000_000_123_456_789
PLACE = {"epoch": 3, "quorum_id": 1, "data_root": b"r" * 32}

Ask = Callable[..., Awaitable[Any]]


@asynccontextmanager
async def disperser(queue: BlobQueue, **options: Any) -> AsyncIterator[tuple[Ask, Callable[..., Awaitable[str]]]]:
    """A stranger at a disperser: calls that succeed, and texts of calls that fail with UNKNOWN."""
    async with AsyncExitStack() as stack:
        lane = stack.enter_context(Offload(2))
        server = DisperserServer(queue, lane, **({"now_ns": lambda: NOW_NS, "now_s": lambda: 0.0} | options))
        port = await da_kit.serve(stack, service(SERVICE, server.methods()), RECEIVE_BYTES_MAX)
        sizes = [("grpc.max_send_message_length", -1), ("grpc.max_receive_message_length", -1)]
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=sizes))

        async def ask(name: str, **fields: Any) -> Any:
            return await da_wire.call(channel, "disperser", name, **fields)

        async def refused(name: str, **fields: Any) -> str:
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await ask(name, **fields)
            assert error.value.code() == grpc.StatusCode.UNKNOWN
            return str(error.value.details())

        yield ask, refused


def test_every_status_of_a_blob() -> None:
    async def work() -> None:
        queue = BlobQueue(MemoryKv(list(FAMILIES)), retries_max=0)
        async with disperser(queue) as (ask, _):

            async def put() -> Entry:
                reply = await ask("DisperseBlob", data=b"blob")
                assert reply.result == da_wire.STATUSES["PROCESSING"]
                return queue.get(reply.request_id)

            async def status(entry: Entry) -> tuple[int, tuple[bytes, int, int]]:
                reply = await ask("GetBlobStatus", request_id=entry.request_id)
                header = reply.info.blob_header
                return reply.status, (header.storage_root, header.epoch, header.quorum_id)

            nothing, place = (b"", 0, 0), (b"r" * 32, 3, 1)
            entry = await put()
            assert parse_request_id(entry.request_id) == (hashlib.sha256(b"blob").digest(), NOW_NS)
            assert await status(entry) == (da_wire.STATUSES["PROCESSING"], nothing)
            entry = queue.update(entry, **PLACE)
            assert await status(entry) == (da_wire.STATUSES["PROCESSING"], nothing)
            entry = queue.update(entry, status=Status.CONFIRMED)
            assert await status(entry) == (da_wire.STATUSES["CONFIRMED"], place)
            entry = queue.update(entry, status=Status.FINALIZED)
            assert await status(entry) == (da_wire.STATUSES["FINALIZED"], place)
            entry = queue.failed(await put(), "no luck")
            assert await status(entry) == (da_wire.STATUSES["FAILED"], nothing)
            entry = queue.failed(await put(), "no luck", status=Status.INSUFFICIENT_SIGNATURES)
            assert await status(entry) == (da_wire.STATUSES["INSUFFICIENT_SIGNATURES"], nothing)
            fetched = await ask("RetrieveBlob", storage_root=b"r" * 32, epoch=3, quorum_id=1)
            assert fetched.data == b"blob"

    asyncio.run(work())


def test_every_refusal_is_unknown_with_a_text() -> None:
    async def work() -> None:
        queue = BlobQueue(MemoryKv(list(FAMILIES)), count_max=1)
        async with disperser(queue) as (ask, refused):
            assert await refused("DisperseBlob") == "blob size must be greater than 0"
            too_much = bytes(blob.MAINNET.data_size_bytes_max + 1)
            assert await refused("DisperseBlob", data=too_much) == "blob size cannot exceed 31744 KiB"
            assert "must not be empty" in await refused("GetBlobStatus")
            for bad in (b"x", b"a-b-c", b"-", b"\xff" * 40, b"0" * 1000):
                assert "request id" in await refused("GetBlobStatus", request_id=bad)
            unknown = (await ask("DisperseBlob", data=b"1")).request_id.replace(b"6", b"7", 1)
            assert "no blob" in await refused("GetBlobStatus", request_id=unknown)
            assert "queue is full" in await refused("DisperseBlob", data=b"2")
            assert "32 bytes" in await refused("RetrieveBlob", storage_root=b"short")
            assert "no retriever" in await refused("RetrieveBlob", storage_root=bytes(32))
            assert len(queue) == 1

    asyncio.run(work())


def test_rates_of_one_address() -> None:
    async def work() -> None:
        queue, now = BlobQueue(MemoryKv(list(FAMILIES))), [100.0]
        rates = Rates(writes_per_minute=60, reads_per_minute=60)
        async with disperser(queue, rates=rates, now_s=lambda: now[0]) as (ask, refused):
            await ask("DisperseBlob", data=b"1")
            assert await refused("DisperseBlob", data=b"1") == "request ratelimited"
            now[0] += 1
            await ask("DisperseBlob", data=b"1")
            assert "no retriever" in await refused("RetrieveBlob", storage_root=bytes(32))
            assert await refused("RetrieveBlob", storage_root=bytes(32)) == "request rate limited"
        async with disperser(queue, rates=Rates(1, 1, ("127.0.0",))) as (ask, refused):
            for _ in range(3):
                await ask("DisperseBlob", data=b"1")

    asyncio.run(work())


def test_what_is_not_here_comes_through_the_retriever(seed: int) -> None:
    async def work() -> None:
        async with da_kit.fleet(seed) as network, AsyncExitStack() as stack:
            port = await da_kit.serve(stack, service(RETRIEVER, RetrieverServer(network.retriever()).methods()))
            client = GrpcClient(f"127.0.0.1:{port}", RETRIEVER, receive_bytes_max=1 << 20)
            stack.push_async_callback(client.close)
            async with disperser(BlobQueue(MemoryKv(list(FAMILIES))), retriever=client) as (ask, refused):
                found = await ask("RetrieveBlob", storage_root=network.record.data_root, epoch=3, quorum_id=1)
                assert found.data == network.data
                assert "rows" in await refused("RetrieveBlob", storage_root=bytes(32), epoch=3, quorum_id=1)

    asyncio.run(work())


def test_goes_on_after_a_restart(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    kv = RocksKv(tmp_path / "db", FAMILIES)
    queue = BlobQueue(kv, retries_max=1)
    blobs = [rng.randbytes(rng.randrange(1, 1000)) for _ in range(5)]
    entries = [queue.put(data, NOW_NS + index) for index, data in enumerate(blobs)]
    entries[0] = queue.update(queue.update(entries[0], **PLACE), status=Status.CONFIRMED)
    entries[1] = queue.update(queue.update(entries[1], status=Status.CONFIRMED, **PLACE), status=Status.FINALIZED)
    entries[2] = queue.failed(queue.failed(entries[2], "once"), "twice")
    entries[3] = queue.failed(entries[3], "once")
    kv.close()
    kv = RocksKv(tmp_path / "db", FAMILIES)
    queue = BlobQueue(kv, retries_max=1)
    assert [queue.get(entry.request_id) for entry in entries] == entries
    assert queue.waiting(Status.CONFIRMED) == [entries[0]]
    assert queue.waiting(Status.PROCESSING) == [entries[3], entries[4]]
    assert queue.size_bytes == sum(len(blobs[index]) for index in (0, 3, 4))
    assert [queue.data(entries[index].request_id) for index in (0, 1, 3, 4)] == [blobs[index] for index in (0, 1, 3, 4)]
    assert entries[2].status == Status.FAILED
    with pytest.raises(NotFound):
        queue.data(entries[2].request_id)
    assert queue.expire(NOW_NS + 10) == 2
    with pytest.raises(NotFound):
        queue.get(entries[1].request_id)
    assert queue.get(entries[3].request_id) == entries[3]
    kv.close()


_WRITER = """
import sys
from pathlib import Path
from zerog.da.disperser.queue import FAMILIES, BlobQueue
from zerog.store.rocks import RocksKv
queue = BlobQueue(RocksKv(Path(sys.argv[1]), FAMILIES), count_max=100_000)
for index in range(100_000):
    entry = queue.put(b"blob %d" % index, 10**18 + index)
    print(entry.request_id.decode(), flush=True)
"""


def test_an_acknowledged_blob_survives_kill_9(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _WRITER, str(tmp_path / "db")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        told = [writer.stdout.readline().strip() for _ in range(50)]
        writer.send_signal(signal.SIGKILL)
        told += [line.strip() for line in writer.stdout if line.endswith("\n")]
    kv = RocksKv(tmp_path / "db", FAMILIES)
    queue = BlobQueue(kv, count_max=100_000)
    for index, request_id in enumerate(told):
        assert queue.get(request_id.encode()).status == Status.PROCESSING
        assert queue.data(request_id.encode()) == b"blob %d" % index
    assert len(queue) - len(told) in (0, 1)
    kv.close()


def test_bounds_and_steps() -> None:
    queue = BlobQueue(MemoryKv(list(FAMILIES)), count_max=3, bytes_max=10)
    first = queue.put(b"12345", NOW_NS)
    twin = queue.put(b"12345", NOW_NS)
    assert first.request_id != twin.request_id
    with pytest.raises(Exhausted):
        queue.put(b"1", NOW_NS)
    after = queue.update(first, **PLACE)
    with pytest.raises(Conflict):
        queue.update(first, status=Status.CONFIRMED)
    with pytest.raises(InvalidInput, match="no step"):
        queue.update(after, status=Status.FINALIZED)
    queue.update(queue.update(after, status=Status.CONFIRMED), status=Status.FINALIZED)
    assert (len(queue), queue.size_bytes, queue.find(after.record)) == (1, 5, b"12345")
    assert queue.find(after.record._replace(epoch=4)) is None
    queue.put(b"67890", NOW_NS)

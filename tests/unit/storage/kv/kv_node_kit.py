"""A KV node over a simulated chain, and storage nodes that give it the bytes."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
from tests.oracle.streams import Blob
from tests.unit.storage.harness import FLOW, Refused, Running, SimulatedEth, running, segment_json, submission_of
from tests.unit.storage.kv.kv_kit import encode

from zerog.runtime import config as settings
from zerog.storage.kv.service import Endpoints, KvNode, serve
from zerog.storage.layout import FileTree
from zerog.storage.stream_blob import STREAM_DOMAIN, VERSION_LATEST

ALICE, BOB, CAROL = (bytes(19) + bytes([number]) for number in (0xA1, 0xB0, 0xC4))
STREAM, OTHER = bytes(31) + b"\1", bytes(31) + b"\2"


@dataclass
class StreamEth(SimulatedEth):
    """The simulated chain, which also tells who sent each transaction."""

    senders: dict[bytes, bytes] = field(default_factory=dict)
    next_sender: bytes = ALICE

    def submit_as(self, sender: bytes, data: bytes, tags: bytes) -> FileTree:
        tree = FileTree.from_buffer(data)
        self.mine(replace(submission_of(tree, len(data)), tags=tags))
        self.senders[self.blocks[-1][1][0].tx_hash] = sender
        return tree

    async def sender(self, tx_hash: bytes) -> bytes | None:
        return self.senders.get(tx_hash)


def text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def tags_of(*streams: bytes) -> bytes:
    return STREAM_DOMAIN + b"".join(streams)


@dataclass
class Network:
    """One chain, some storage nodes, one KV node."""

    eth: StreamEth
    storage: list[Running]
    endpoints: Endpoints
    node: KvNode
    session: aiohttp.ClientSession
    task: asyncio.Task[None]
    blobs: dict[int, bytes] = field(default_factory=dict)

    async def submit(
        self, sender: bytes, blob: Blob | bytes, *streams: bytes, upload: bool = True, tags: bytes | None = None
    ) -> int:
        """Put a blob into the log and its bytes onto the storage nodes; returns its number."""
        data = blob if isinstance(blob, bytes) else encode(blob)
        if tags is None:
            named = [stream for stream, *_ in blob.writes] if isinstance(blob, Blob) else []
            tags = tags_of(*(streams or dict.fromkeys(named)))
        tree = self.eth.submit_as(sender, data, tags)
        seq = self.eth.tree.submission_count - 1
        self.blobs[seq] = data
        if upload:
            await self.upload(seq, tree)
        return seq

    async def upload(self, seq: int, tree: FileTree | None = None) -> None:
        data = self.blobs[seq]
        tree = tree or FileTree.from_buffer(data)
        for node in self.storage:
            async with asyncio.timeout(20):
                while True:
                    tx = node.node.store.find_tx(seq)
                    if tx is not None and tx.root == tree.root:
                        break
                    await asyncio.sleep(0.003)
            held = [i for i in range(tree.layout.data_segments) if node.node.store.shard.holds(tx.start_segment + i)]
            try:
                if held:
                    await node.call("zgs_uploadSegmentsByTxSeq", [segment_json(tree, data, i) for i in held], seq)
            except Refused as refused:  # the same bytes were here before: the node copies them by itself
                if refused.data != "already uploaded and finalized":
                    raise

    async def write(
        self, sender: bytes, *pairs: tuple[bytes, bytes], stream: bytes = STREAM, version: int = VERSION_LATEST
    ) -> str:
        """Write keys of one stream and wait; returns the result."""
        return await self.done(await self.submit(sender, Blob(version, [], [(stream, key, value) for key, value in pairs])))

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.wait([self.task], timeout=20)

    async def call(self, method: str, *params: Any) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}).encode()
        async with self.session.post(self.endpoints.url, data=io.BytesIO(body)) as response:
            assert response.status == 200
            answer = json.loads(await response.read())
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["result"]

    async def refused(self, method: str, *params: Any) -> tuple[int, str, Any]:
        try:
            result = await self.call(method, *params)
        except Refused as error:
            return error.all
        raise AssertionError(f"{method} answered {result}")

    async def done(self, seq: int) -> str | None:
        """The result of a submission, once it is replayed."""
        async with asyncio.timeout(20):
            while True:
                if self.node.store.view.cursor > seq:
                    break
                await asyncio.sleep(0.003)
        found: str | None = await self.call("kv_getTransactionResult", seq)
        return found

    async def result(self, seq: int, wanted: str) -> None:
        """Wait until a submission has this result."""
        async with asyncio.timeout(20):
            while True:
                if self.node.store.view.result(seq) == wanted:
                    return
                await asyncio.sleep(0.003)

    async def get(self, key: bytes, stream: bytes = STREAM, version: int | None = None) -> tuple[int, bytes]:
        found = await self.call(
            "kv_getValue", "0x" + stream.hex(), text(key), 0, 1 << 18, *([] if version is None else [version])
        )
        data = base64.b64decode(found["data"])
        assert len(data) == found["size"]
        return found["version"], data


def kv_config(home: Path, **flags: Any) -> settings.Config:
    defaults: dict[str, Any] = {
        "storage.kv.home": str(home),
        "storage.kv.port": 0,
        "storage.kv.free_bytes_min": 0,
        "storage.kv.cache_bytes": 8 << 20,
        "storage.kv.download_pause_ms": 10,
        "storage.chain.flow": "0x" + FLOW.hex(),
        "storage.chain.confirmations": 0,
        "storage.chain.poll_ms": 10,
        "storage.chain.backoff_ms": 10,
        "metrics.enabled": False,
    }
    return settings.load(flags=defaults | flags, environment={}).config


@asynccontextmanager
async def kv_node(home: Path, eth: Any, storage: list[Running], **flags: Any) -> AsyncIterator[Network]:
    """A KV node over storage nodes that are there."""
    up: asyncio.Future[Endpoints] = asyncio.get_running_loop().create_future()
    opened: list[KvNode] = []
    urls = ",".join(node.endpoints.rpc_url for node in storage) or "http://127.0.0.1:9"
    config = kv_config(home, **{"storage.kv.nodes": urls} | flags)
    task = asyncio.create_task(serve(config, up.set_result, eth=eth, opened=opened.append))
    try:
        async with asyncio.timeout(60):
            await asyncio.wait([task, up], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        async with aiohttp.ClientSession() as session:
            yield Network(eth, storage, up.result(), opened[0], session, task)
        if task.done() and not task.cancelled():
            task.result()
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=20)
        assert task.done()


@asynccontextmanager
async def network(home: Path, eth: StreamEth, *, shards: tuple[str, ...] = ("0/1",), **flags: Any) -> AsyncIterator[Network]:
    """Storage nodes of these shards and a KV node."""
    async with AsyncExitStack() as stack:
        nodes = [
            await stack.enter_async_context(running(home / f"storage-{at}", eth, **{"storage.shard": shard}))
            for at, shard in enumerate(shards)
        ]
        yield await stack.enter_async_context(kv_node(home / "kv", eth, nodes, **flags))

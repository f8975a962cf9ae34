"""A simulated chain with a flow contract, and storage nodes over it inside the test's event loop."""

from __future__ import annotations

import asyncio
import base64
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from zerog.contracts import flow
from zerog.contracts.artifact import load
from zerog.primitives.hashing import keccak256
from zerog.primitives.merkle import FlowTree
from zerog.runtime import config as settings
from zerog.runtime.eth import BlockHead, EthLog, PageTooLarge
from zerog.storage.layout import FileTree, Segment
from zerog.storage.service import Endpoints, StorageNode, serve
from zerog.wire import abi

CHAIN_ID = 16_600
FLOW = bytes.fromhex("22e03a6a89b950f1c82ec5e74f8eca321a105296")
SENDER = bytes.fromhex("00000000000000000000000000000000000000aa")


def pattern(size: int, salt: int = 0) -> bytes:
    """Bytes that differ from file to file and from segment to segment."""
    block = b"".join(keccak256(b"%d %d" % (salt, i)) for i in range(min(size // 32 + 1, 8191)))
    return (block * (size // len(block) + 1))[:size]


def submit_log(data: flow.SubmissionData, seq: int, start: int, block: BlockHead, index: int) -> EthLog:
    """The log that the contract would have written."""
    event = load("Flow").interface.event("Submit")
    body = abi.encode(
        ["uint256", "uint256", "uint256", "(uint256,bytes,(bytes32,uint256)[])"], [seq, start, data.sectors, data.abi()]
    )
    topics = (event.topic, SENDER.rjust(32, b"\0"), data.identity)
    return EthLog(topics, body, block.number, block.hash, keccak256(block.hash + bytes([index])), index)


def submission_of(tree: FileTree, size: int) -> flow.SubmissionData:
    return flow.SubmissionData(size, tuple(flow.Node(root, height) for root, height in tree.nodes))


@dataclass
class SimulatedEth:
    """A chain that can be rewritten: blocks with the submissions in them, and a flow tree of its own for the places."""

    blocks: list[tuple[BlockHead, list[EthLog]]] = field(default_factory=list)
    tree: FlowTree = field(default_factory=FlowTree)
    salt: int = 0
    page_max: int | None = None
    roots: dict[int, bytes] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.blocks:
            self.mine()

    def mine(self, *files: flow.SubmissionData) -> BlockHead:
        number = len(self.blocks)
        parent = self.blocks[-1][0].hash if self.blocks else bytes(32)
        head = BlockHead(number, keccak256(parent + b"%d %d" % (number, self.salt)), parent)
        logs = []
        for index, data in enumerate(files):
            seq = self.tree.submission_count
            placed = self.tree.submit([(node.root, node.height) for node in data.nodes])
            self.roots[seq] = placed.flow_root
            logs.append(submit_log(data, seq, placed.start, head, index))
        self.blocks.append((head, logs))
        return head

    def submit(self, data: bytes) -> FileTree:
        """One block with one file."""
        tree = FileTree.from_buffer(data)
        self.mine(submission_of(tree, len(data)))
        return tree

    def rewind(self, count: int) -> None:
        """Take the last blocks away; what is mined next has other hashes."""
        self.salt += 1
        for _, logs in self.blocks[-count:]:
            for _ in logs:
                at = self.tree.submission_count - 1
                self.tree.revert(self.tree.submission(at - 1).length if at else 1)
        del self.blocks[-count:]

    async def chain_id(self) -> int:
        return CHAIN_ID

    async def block_number(self) -> int:
        return len(self.blocks) - 1

    async def block(self, number: int) -> BlockHead | None:
        return self.blocks[number][0] if number < len(self.blocks) else None

    async def logs(self, address: bytes, topic: bytes, first: int, last: int) -> list[EthLog]:
        self.calls.append(f"logs {first}..{last}")
        assert address == FLOW
        assert topic == flow.SUBMIT_TOPIC
        if self.page_max is not None and last - first + 1 > self.page_max:
            raise PageTooLarge("query exceeds the max limit of blocks")
        return [entry for _, logs in self.blocks[first : last + 1] for entry in logs]

    async def call(self, to: bytes, data: bytes) -> bytes:
        seq = int.from_bytes(data[4:36], "big")
        return self.roots.get(seq, bytes(32))


def segment_json(tree: FileTree, content: bytes, at: int, **changes: Any) -> dict[str, Any]:
    """A segment as clients send it."""
    part = content[at * 262_144 : (at + 1) * 262_144]
    part += bytes(-len(part) % 256)
    value = {
        "root": "0x" + tree.root.hex(),
        "data": base64.b64encode(part).decode(),
        "index": at,
        "proof": tree.proof(at).to_json(),
        "fileSize": len(content),
    }
    return value | changes


def segment_of(tree: FileTree, data: bytes, index: int) -> Segment:
    part = data[index * 262_144 : (index + 1) * 262_144]
    return Segment(tree.root, part + bytes(-len(part) % 256), index, tree.proof(index), len(data))


class Refused(Exception):
    """A JSON-RPC error object."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(str(error))
        self.code, self.message, self.data = error["code"], error["message"], error.get("data")

    @property
    def all(self) -> tuple[int, str, Any]:
        return self.code, self.message, self.data


@dataclass
class Running:
    """A storage node under test."""

    endpoints: Endpoints
    node: StorageNode
    session: aiohttp.ClientSession
    home: Path

    async def post(self, url: str, value: Any, **headers: str) -> tuple[int, bytes, Any]:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        async with self.session.post(url, data=io.BytesIO(body), headers=headers) as response:
            return response.status, await response.read(), response.headers

    async def call(self, method: str, *params: Any) -> Any:
        status, body, _ = await self.post(
            self.endpoints.rpc_url, {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        )
        assert status == 200, body
        return _result(json.loads(body))

    async def admin(self, method: str, *params: Any) -> Any:
        token = (self.home / "admin.token").read_text()
        status, body, _ = await self.post(
            self.endpoints.admin_url, {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)},
            Authorization=f"Bearer {token}",
        )  # fmt: skip
        assert status == 200, body
        return _result(json.loads(body))

    async def refused(self, method: str, *params: Any) -> tuple[int, str, Any]:
        try:
            result = await self.call(method, *params)
        except Refused as error:
            return error.all
        raise AssertionError(f"{method} answered {result}")

    async def synced(self, seq: int) -> None:
        """Wait until submissions up to ``seq`` are in the log."""
        async with asyncio.timeout(20):
            while True:
                if self.node.store.next_seq > seq:
                    return
                await asyncio.sleep(0.005)

    async def finalized(self, seq: int) -> None:
        async with asyncio.timeout(20):
            while True:
                if await self.call("zgs_checkFileFinalized", seq):
                    return
                await asyncio.sleep(0.01)

    async def upload(self, tree: FileTree, data: bytes, seq: int) -> None:
        count = tree.layout.data_segments
        assert await self.call("zgs_uploadSegmentsByTxSeq", [segment_json(tree, data, i) for i in range(count)], seq) == 0


def _result(answer: dict[str, Any]) -> Any:
    if "error" in answer:
        raise Refused(answer["error"])
    return answer["result"]


def config_for(home: Path, **flags: Any) -> settings.Config:
    defaults: dict[str, Any] = {
        "storage.home": str(home),
        "storage.chain.flow": "0x" + FLOW.hex(),
        "storage.chain.confirmations": 0,
        "storage.chain.poll_ms": 10,
        "storage.chain.backoff_ms": 10,
        "storage.rpc.port": 0,
        "storage.admin.port": 0,
        "storage.store.free_bytes_min": 0,
        "storage.store.cache_bytes": 8 << 20,
        "metrics.port": 0,
    }
    return settings.load(flags=defaults | flags, environment={}).config


@asynccontextmanager
async def running(home: Path, eth: Any, **flags: Any) -> AsyncIterator[Running]:
    """A node over ``eth`` (None: over ``storage.chain.endpoint``)."""
    up: asyncio.Future[Endpoints] = asyncio.get_running_loop().create_future()
    opened: list[StorageNode] = []

    def keep(node: StorageNode) -> list[Any]:
        opened.append(node)
        return []

    task = asyncio.create_task(serve(config_for(home, **flags), up.set_result, eth=eth, more=keep))
    try:
        async with asyncio.timeout(60):
            await asyncio.wait([task, up], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        async with aiohttp.ClientSession() as session:
            yield Running(up.result(), opened[0], session, home)
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=20)
        assert task.done()

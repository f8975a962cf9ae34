"""A chain with short epochs and a storage node that mines on it, both inside the test's event loop, joined by real JSON-RPC."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.unit.chain import node_kit as chain_kit
from tests.unit.storage import harness

from zerog.chain import presets
from zerog.contracts import flow, mine, registry, reward
from zerog.contracts.calls import Call
from zerog.contracts.registry import StorageParameters
from zerog.storage.layout import FileTree
from zerog.types import Address

EPOCH = 40
PAYER, UPLOADER = chain_kit.KEYS[1], 2
BENEFICIARY = bytes(range(1, 21))


def storage_parameters(**changes: Any) -> StorageParameters:
    """Epochs of 40 blocks that can be mined to their end, every hash an answer, quick money."""
    easy: dict[str, Any] = {
        "blocks_per_epoch": EPOCH, "target_mine_blocks": EPOCH, "subtask_interval": 1, "difficulty": 1, "target_submissions": 2,
        "release_seconds": 1000,
    }  # fmt: skip
    return replace(StorageParameters(), **(easy | changes))


def write_genesis(home: Path, **changes: Any) -> None:
    home.mkdir(parents=True, exist_ok=True)
    net = presets.network("devnet", owner=Address(chain_kit.ADDRESSES[0]), storage=storage_parameters(**changes))
    balances = {Address(address): chain_kit.COINS for address in chain_kit.ADDRESSES}
    (home / "genesis.json").write_text(json.dumps(presets.genesis(net, balances)))


@dataclass
class Chain:
    """The chain under the miner, and what a test asks of its contracts."""

    node: chain_kit.Running

    async def ask(self, to: bytes, call: Call[Any], sender: bytes | None = None) -> Any:
        request = {"to": "0x" + to.hex(), "data": "0x" + call.data.hex()}
        if sender is not None:
            request["from"] = "0x" + sender.hex()
        return call.decode(bytes.fromhex((await self.node.call("eth_call", request, "latest"))[2:]))

    async def send(self, to: bytes, call: Call[Any], value: int = 0, account: int = UPLOADER) -> dict[str, Any]:
        hash = await self.node.send(account, to=to, data=call.data, value=value, gas=5_000_000)
        receipt = await self.node.mined(hash)
        assert receipt["status"] == "0x1", receipt
        return receipt

    async def submit(self, data: flow.SubmissionData) -> None:
        price = StorageParameters().price_per_sector
        await self.send(registry.FLOW, flow.submit(data, chain_kit.ADDRESSES[UPLOADER]), value=data.fee(price))

    async def blocks(self, count: int) -> None:
        await self.node.call("hardhat_mine", hex(count))

    async def next_epoch(self) -> int:
        """Go to the first block in which the next epoch can be mined; returns its number."""
        context: flow.MineContext = await self.ask(registry.FLOW, flow.make_context_with_result())
        head = int(await self.node.call("eth_blockNumber"), 16)
        await self.blocks(EPOCH * (context.epoch + 1) + 1 - head)
        return context.epoch + 1

    async def parameters(self) -> mine.Parameters:
        return mine.Parameters(*[await self.ask(registry.MINE, call) for call in mine.parameter_calls()])

    async def answers(self) -> list[mine.AnswerAccepted]:
        wanted = {"address": "0x" + registry.MINE.hex(), "topics": ["0x" + mine.SUBMISSION_TOPIC.hex()], "fromBlock": "0x0"}
        logs = await self.node.call("eth_getLogs", wanted)
        return [
            mine.decode_submission([bytes.fromhex(topic[2:]) for topic in entry["topics"]], bytes.fromhex(entry["data"][2:]))
            for entry in logs
        ]

    async def owed(self, account: bytes = BENEFICIARY) -> int:
        found: int = await self.ask(registry.REWARD, reward.payments(account))
        return found


@asynccontextmanager
async def chain(home: Path, **changes: Any) -> AsyncIterator[Chain]:
    write_genesis(home, **changes)
    async with chain_kit.running(home) as node:
        yield Chain(node)


def key_file(home: Path) -> Path:
    home.mkdir(parents=True, exist_ok=True)
    path = home / "key"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(PAYER.hex())
    return path


@asynccontextmanager
async def miner(home: Path, on: Chain, **flags: Any) -> AsyncIterator[harness.Running]:
    """A storage node that mines on the chain."""
    given = {
        "storage.chain.endpoint": on.node.endpoints.http_url,
        "storage.chain.flow": "0x" + registry.FLOW.hex(),
        "storage.miner.enabled": True,
        "storage.miner.key_file": str(key_file(home)),
        "storage.miner.beneficiary": "0x" + BENEFICIARY.hex(),
        "storage.miner.poll_ms": 10,
        "storage.miner.batch_nonces": 16,
    }
    async with harness.running(home / "node", None, **(given | flags)) as node:
        yield node


async def store(on: Chain, node: harness.Running, data: bytes) -> FileTree:
    """A file submitted and uploaded."""
    tree = FileTree.from_buffer(data)
    seq = node.node.store.next_seq
    await on.submit(harness.submission_of(tree, len(data)))
    await node.synced(seq)
    await node.upload(tree, data, seq)
    return tree


async def until(condition: Callable[[], Any], what: str = "", within_s: float = 30) -> Any:
    """Wait until a condition, plain or awaitable, holds; returns its value."""
    async with asyncio.timeout(within_s):
        while True:
            value = condition()
            if asyncio.iscoroutine(value):
                value = await value
            if value:
                return value
            await asyncio.sleep(0.01)

"""The storage contracts in a small world, and plain statements of what they compute: the flow's tree, one try of a miner."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from tests.unit.contracts.contract_kit import ALICE, GAS, OWNER, Failed, World

from zerog._native import keccak256
from zerog.chain.presets import Network, network
from zerog.contracts import flow, mine, registry
from zerog.contracts.artifact import load
from zerog.contracts.calls import Call
from zerog.contracts.registry import StorageParameters

VECTORS = Path(__file__).parents[2] / "vectors" / "storage" / "merkle.json"
ZERO_SECTOR = bytes(keccak256(bytes(256)))
PRICE = 232_830_643
MINER = bytes(keccak256(b"a miner"))


@cache
def vectors() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(VECTORS.read_text())
    return data


def raw(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def pattern(size: int) -> bytes:
    return bytes(i % 251 + 1 for i in range(size))


def recorded(index: int) -> flow.SubmissionData:
    """The file of one of the 13 recorded submissions."""
    row = vectors()["flow"]["submissions"][index]
    nodes = tuple(flow.Node(raw(node["root"]), node["height"]) for node in row["nodes"])
    return flow.SubmissionData(row["fileSize"], nodes)


def network_with(**changes: Any) -> Network:
    return network("devnet", owner=OWNER, storage=replace(StorageParameters(), **changes))


@dataclass
class StorageWorld(World):
    """The world with the four contracts; ``hashes`` are the past blocks that BLOCKHASH knows.

    ``written`` are slots that genesis has besides its own, ``absent`` accounts that it lacks.
    """

    net: Network = field(default_factory=lambda: network_with())
    hashes: dict[int, bytes] = field(default_factory=dict)
    later: int = 0
    written: dict[bytes, dict[int, int]] = field(default_factory=dict)
    absent: tuple[bytes, ...] = ()

    def change_alloc(self, alloc: dict[Any, Any]) -> None:
        for address, slots in self.written.items():
            alloc[address]["storage"] = {**alloc[address].get("storage", {}), **slots}
        for address in self.absent:
            del alloc[address]

    def env(self) -> dict[str, Any]:
        made = super().env()
        return {**made, "timestamp": made["timestamp"] + self.later, "block_hashes": self.hashes}

    def ask(self, address: bytes, call: Call[Any], sender: bytes = ALICE, value: int = 0, gas: int = GAS) -> Any:
        """The decoded result of a transaction that must succeed; its effects stay."""
        return call.decode(self.send(address, call, sender, value, gas)["output"])

    def send(self, address: bytes, call: Call[Any], sender: bytes = ALICE, value: int = 0, gas: int = GAS) -> dict[str, Any]:
        result = self.raw(sender, address, call.data, value, gas)
        if not result["success"]:
            raise Failed(self.explain(address, result["output"]))
        return result

    def refused(self, address: bytes, call: Call[Any], sender: bytes = ALICE, value: int = 0) -> str:
        """Why a transaction fails."""
        result = self.raw(sender, address, call.data, value)
        assert not result["success"], "it succeeded"
        return self.explain(address, result["output"])

    def explain(self, address: bytes, output: bytes) -> str:
        errors = dict(load("Flow").interface.errors)
        known = registry.interface_at(address)
        return (load("Flow").interface if known is None or known.errors == errors else known).explain_revert(output)

    def add(self, data: flow.SubmissionData, submitter: bytes = ALICE, **changes: Any) -> flow.Receipt:
        """A submission that pays exactly its fee."""
        price = self.at(registry.MARKET, "FixedPrice").call("pricePerSector")
        receipt: flow.Receipt = self.ask(registry.FLOW, flow.submit(data, submitter), value=data.fee(price), **changes)
        return receipt


def file_of(heights: list[int], seed: bytes = b"", tags: bytes = b"") -> flow.SubmissionData:
    """A submission of the largest size for its heights, with roots that nobody knows the leaves of."""
    nodes = tuple(flow.Node(bytes(keccak256(seed + bytes([height, i]))), height) for i, height in enumerate(heights))
    return flow.SubmissionData(256 * sum(1 << height for height in heights), nodes, tags)


class FlowModel:
    """The flow by its definition: where everything lies, and the root of the whole tree, hashed from the top."""

    def __init__(self) -> None:
        self.length = 1
        self.nodes: dict[tuple[int, int], bytes] = {(0, 0): bytes(32)}
        self.zeros = [ZERO_SECTOR]
        while len(self.zeros) < 64:
            self.zeros.append(bytes(keccak256(self.zeros[-1] * 2)))

    def add(self, data: flow.SubmissionData) -> int:
        first = self.align(data.nodes[0].height)
        if first % 1024 and first // 1024 != (first + data.sectors - 1) // 1024:
            self.length = first + 1024 - first % 1024
        start = None
        for node in data.nodes:
            position = self.align(node.height)
            start = position if start is None else start
            self.nodes[(node.height, position >> node.height)] = node.root
            self.length = position + (1 << node.height)
        assert start is not None
        return start

    def align(self, height: int) -> int:
        return -(-self.length // (1 << height)) << height

    def root(self) -> bytes:
        return self._node((self.length - 1).bit_length(), 0)

    def _node(self, height: int, index: int) -> bytes:
        if (height, index) in self.nodes:
            return self.nodes[(height, index)]
        low, high = index << height, (index + 1) << height
        held = any(low <= at << level < high for level, at in self.nodes if level < height)
        if not held:
            return self.zeros[height]
        return bytes(keccak256(self._node(height - 1, 2 * index) + self._node(height - 1, 2 * index + 1)))


def seal(data: bytes, miner_id: bytes, digest: bytes, sector: int) -> bytes:
    """storage.md 5.1"""
    out = bytearray()
    mask = bytes(keccak256(miner_id + digest + sector.to_bytes(32, "big")))
    for at in range(0, len(data), 32):
        word = bytes(a ^ b for a, b in zip(data[at : at + 32], mask, strict=True))
        out += word
        mask = bytes(keccak256(word))
    return bytes(out)


@dataclass(frozen=True)
class Try:
    """What one nonce gives before the data are looked at."""

    pad_seed: bytes
    pad: bytes
    seed: bytes
    load: int

    def quality(self, seal_offset: int, sealed: bytes) -> bytes:
        at = seal_offset % 4 * 4096
        mixed = bytes(a ^ b for a, b in zip(sealed, self.pad[at : at + 4096], strict=True))
        message = seal_offset.to_bytes(32, "big") + self.pad_seed + bytes(32) + mixed
        return hashlib.blake2b(message).digest()[:32]


def attempt(miner_id: bytes, nonce: bytes, subtask: bytes, where: mine.RecallRange) -> Try:
    """storage.md 5.3"""
    pad_seed = hashlib.blake2b(miner_id + nonce + subtask + where.digest).digest()
    digest, pad = pad_seed, bytearray()
    for _ in range(256):
        first = bytes(keccak256(digest))
        digest = first + bytes(keccak256(first + digest[32:]))
        pad += digest
    seed = bytes(keccak256(digest))
    offset = int.from_bytes(seed, "big") % (where.mine_length // 1024)
    chunk = offset & (1 << 64) - 1 & where.shard_mask | where.shard_id
    return Try(pad_seed, bytes(pad), seed, where.start_position + chunk * 1024)


def find_answer(
    context: flow.MineContext,
    subtask: bytes,
    target: int,
    miner_id: bytes,
    salt: int = 0,
    where: mine.RecallRange | None = None,
    above: int = -1,
) -> mine.PoraAnswer:
    """An answer for a contract that checks neither seal nor proof; its quality lies above ``above`` and up to ``target``."""
    where = where or mine.RecallRange(0, context.flow_length // 1024 * 1024)
    sealed = bytes(4096)
    for nonce in range(salt << 32, (salt << 32) + 10_000):
        word = nonce.to_bytes(32, "big")
        made = attempt(miner_id, word, subtask, where)
        for offset in range(64):
            if above < int.from_bytes(made.quality(offset, sealed), "big") <= target >> 64 << 64:
                return mine.PoraAnswer(
                    context.digest, word, miner_id, where, made.load + 16 * offset, offset, context.digest, sealed, ()
                )
    raise AssertionError("no answer found")

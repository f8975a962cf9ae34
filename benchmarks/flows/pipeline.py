"""Our own chain for the benchmarks: the node's executor over RocksDB, in process, with funded senders and a token."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.workload import FUNDS_NEURON, Sender
from zerog import _native
from zerog.chain.blocks import FAMILIES, BlockStore
from zerog.chain.executor import Executor
from zerog.chain.genesis import parse
from zerog.contracts import artifact
from zerog.store.rocks import RocksKv

TOKEN = bytes.fromhex("70ce" + "00" * 17 + "01")
COINBASE = bytes.fromhex("c0ffee" + "00" * 17)
CHAIN_ID = 16601
GAS_LIMIT = 120_000_000
POOL = {"pool_total": 200_000, "pool_bytes": 1 << 30}


def token_slot(holder: bytes) -> bytes:
    """Where Token.sol keeps a balance: mapping number 0."""
    return _native.keccak256(bytes(12) + holder + bytes(32))


def genesis(accounts: list[Sender], *, zerog: bool = True, chain_id: int = CHAIN_ID) -> dict[str, Any]:
    """A geth-style genesis that funds these accounts with coins and tokens; usable by every peer."""
    alloc: dict[str, Any] = {"0x" + sender.address.hex(): {"balance": hex(FUNDS_NEURON)} for sender in accounts}
    code = artifact.load("Token").deployed
    storage = {"0x" + token_slot(sender.address).hex(): "0x" + (10**18).to_bytes(32, "big").hex() for sender in accounts}
    alloc["0x" + TOKEN.hex()] = {"balance": "0x0", "code": "0x" + code.hex(), "storage": storage}
    config: dict[str, Any] = {"chainId": chain_id, "shanghaiTime": 0, "cancunTime": 0, "pragueTime": 0}
    if zerog:
        config["zerog"] = {"gasFloorPercent": 80, "precompiles": True, "repeatedTimestamps": True, "gasLimitMin": 3_000_000}
    return {
        "config": config,
        "timestamp": "0x0",
        "extraData": "0x",
        "gasLimit": hex(GAS_LIMIT),
        "baseFeePerGas": hex(10**9),
        "difficulty": "0x0",
        "coinbase": "0x" + "00" * 20,
        "alloc": alloc,
    }


@dataclass
class Taken:
    """Seconds of one pipeline run, split by stage."""

    admit_s: float = 0.0
    build_s: float = 0.0
    durable_s: float = 0.0
    commit_s: float = 0.0
    blocks: int = 0
    transactions: int = 0
    failed: int = 0

    @property
    def total_s(self) -> float:
        return self.admit_s + self.build_s + self.durable_s + self.commit_s


@contextmanager
def chain(folder: Path, accounts: list[Sender]) -> Iterator[Executor]:
    """An opened executor over a synced RocksDB in ``folder``."""
    kv = RocksKv(folder, FAMILIES)
    try:
        executor = Executor(BlockStore(kv, sync=True), parse(genesis(accounts)), pool_limits=POOL)
        executor.open()
        yield executor
    finally:
        kv.close()


def run(executor: Executor, raws: list[bytes]) -> Taken:
    """Raw transactions in, durable blocks out; every block is synced before it is committed."""
    engine, taken = executor.engine, Taken()
    begun = time.perf_counter()
    answers = engine.add_transactions(raws)
    taken.admit_s = time.perf_counter() - begun
    wrong = [answer for answer in answers if isinstance(answer, str)]
    assert not wrong, wrong[:3]
    while engine.pool_status()[0]:
        start = time.perf_counter()
        sealed = engine.build(int(time.time()), COINBASE, bytes(32))
        built = time.perf_counter()
        executor.blocks.append(sealed)
        durable = time.perf_counter()
        engine.commit()
        taken.build_s += built - start
        taken.durable_s += durable - built
        taken.commit_s += time.perf_counter() - durable
        taken.blocks += 1
        taken.transactions += sealed.tx_count
        taken.failed += len(sealed.failed)
    return taken

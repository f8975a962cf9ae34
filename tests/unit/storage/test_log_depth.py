"""The log in bad weather: reorganisations far deeper than the confirmations, a chain's node that goes away and comes back,
a long way to catch up."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from tests.unit.storage.harness import FLOW, SimulatedEth, pattern, running, submission_of
from tests.unit.storage.peers_kit import until

from zerog.errors import PeerFault, TimedOut, Unavailable
from zerog.runtime.eth import BlockHead
from zerog.runtime.offload import Offload
from zerog.storage.layout import FileTree
from zerog.storage.store import FAMILIES, Store
from zerog.storage.sync.log_sync import LogSync, Reading
from zerog.store.memory import MemoryKv

TREES = [FileTree.from_buffer(pattern(size, size)) for size in (1, 300, 4352, 70_000, 262_145)]
FILES = [submission_of(tree, tree.layout.size) for tree in TREES]


async def nothing(txs: Any) -> None:
    """New files are of no interest."""


def reader(eth: Any, store: Store, lane: Offload, **changes: Any) -> LogSync:
    reading = Reading(FLOW, **{"confirmations": 3, "page_blocks": 40, "blocks_kept": 128} | changes)
    return LogSync(eth, store, reading, lane, nothing)


async def caught_up(sync: LogSync, store: Store, eth: SimulatedEth, confirmations: int = 3) -> None:
    for _ in range(10_000):
        await sync.step()
        goal = len(eth.blocks) - 1 - confirmations
        if store.progress is not None and store.progress.number == goal and store.progress.hash == eth.blocks[goal][0].hash:
            return
    raise AssertionError("the log never caught up")


def contents(store: Store) -> dict[str, list[tuple[bytes, bytes]]]:
    return {family: list(store.kv.scan(family)) for family in ("tx", "roots", "flow", "flow_roots", "status")}


async def reorganise(eth: SimulatedEth, count: int, seed: int) -> None:
    """After every reorganisation of up to 64 blocks the store is that of a node that read the new chain alone."""
    chance = random.Random(seed)
    kept = Store(MemoryKv(list(FAMILIES)))
    with Offload(1) as lane:
        sync = reader(eth, kept, lane)
        for number in range(count):
            gone = min(chance.randrange(1, 65), len(eth.blocks) - 1)
            eth.rewind(gone)
            for _ in range(max(4, gone + chance.randrange(1, 5))):  # the chain that wins is the longer one
                eth.mine(*chance.choices(FILES, k=chance.choice((0, 0, 1, 2))))
            if chance.random() < 0.3:
                await sync.step()  # a reorganisation in the middle of catching up
                continue
            await caught_up(sync, kept, eth)
            if number % 40 == 39:
                fresh = Store(MemoryKv(list(FAMILIES)))
                await caught_up(reader(eth, fresh, lane, page_blocks=1000), fresh, eth)
                assert contents(fresh) == contents(kept)
                assert (fresh.tree.root, fresh.tree.length, fresh.next_seq) == (kept.tree.root, kept.tree.length, kept.next_seq)


async def test_reorganisations_deeper_than_the_confirmations(eth: SimulatedEth, seed: int) -> None:
    await reorganise(eth, 40, seed)


@pytest.mark.slow
async def test_a_thousand_reorganisations(eth: SimulatedEth, seed: int) -> None:
    await reorganise(eth, 1000, seed)


class Weather(SimulatedEth):
    """A chain's node that fails as told: with an error, by silence, or with nonsense."""

    fault: Exception | None = None
    failed = 0

    def _check(self) -> None:
        if self.fault is not None:
            self.failed += 1
            raise self.fault

    async def block_number(self) -> int:
        self._check()
        return await super().block_number()

    async def block(self, number: int) -> BlockHead | None:
        self._check()
        return await super().block(number)


@pytest.mark.parametrize("fault", [Unavailable("refused"), TimedOut("silence"), PeerFault("nonsense")])
async def test_an_outage_is_waited_out(tmp_path: Path, fault: Exception) -> None:
    eth = Weather()
    data = pattern(600_000)
    tree = eth.submit(data)
    async with running(tmp_path / "node", eth) as node:
        await node.synced(0)
        await node.upload(tree, data, 0)
        eth.fault = fault
        await until(lambda: eth.failed >= 3)
        for size in (100, 200, 300):
            eth.submit(pattern(size))
        assert await node.call("zgs_checkFileFinalized", 0), "what is here is served without the chain"
        assert (await node.call("zgs_getStatus"))["nextTxSeq"] == 1
        # The chain that comes back is another one from block 1 on.
        eth.rewind(4)
        for size in (400, 500):
            eth.submit(pattern(size))
        eth.fault = None
        await until(lambda: node.node.store.next_seq == 2 and node.node.store.tx(1).size == 500)
        assert await node.call("zgs_getFlowContext") == ["0x" + eth.tree.root.hex(), eth.tree.length]
        assert not await node.call("zgs_checkFileFinalized", 0)


async def test_catching_up_is_told(eth: SimulatedEth, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(400):
        eth.mine(*FILES[: number % 2])
    store, now_s = Store(MemoryKv(list(FAMILIES))), 0.0

    def tick() -> float:
        nonlocal now_s
        now_s += 2.0
        return now_s

    with Offload(1) as lane, caplog.at_level("INFO", "zerog.storage.sync.log_sync"):
        sync = LogSync(eth, store, Reading(FLOW, page_blocks=30, confirmations=0), lane, nothing, now_s=tick)
        while await sync.step():
            pass
        assert store.next_seq == 200
        said = [record.getMessage() for record in caplog.records]
        assert said[0].startswith("log.catching_up block=29 head=400")
        assert any(line.startswith("log.progress ") and "percent=" in line and "left_s=" in line for line in said)
        assert said[-1] == "log.caught_up block=400 files=200"
        assert len(said) < 9, "not a line for every page"
        caplog.clear()
        eth.mine()
        await sync.step()
        assert not caplog.records, "a quiet day is quiet"


async def test_a_restart_in_the_middle_of_catching_up(tmp_path: Path, eth: SimulatedEth) -> None:
    for number in range(60):
        eth.mine(FILES[number % 5])
    async with running(tmp_path / "node", eth, **{"storage.chain.page_blocks": 2}) as node:
        await until(lambda: node.node.store.next_seq >= 6)
    read = len(eth.calls)
    async with running(tmp_path / "node", eth, **{"storage.chain.page_blocks": 2}) as node:
        await node.synced(59)
        assert node.node.store.tree.root == eth.tree.root
    firsts = [int(call.split()[1].split("..")[0]) for call in eth.calls[read:] if call.startswith("logs")]
    assert firsts[0] > 2, "what was read is not read again"

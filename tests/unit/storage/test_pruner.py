"""What a node gives up: by size, by reward, outside its shard; in batches, told, and for good."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.unit.storage.harness import Running, SimulatedEth, running
from tests.unit.storage.peers_kit import PEERS, joined, until
from tests.unit.storage.test_peers import filled, holds, peers_of

from zerog.contracts import reward
from zerog.runtime.metrics import new_registry
from zerog.runtime.offload import Offload
from zerog.storage.api import Shard
from zerog.storage.metrics import PrunerMetrics
from zerog.storage.pruner import Pruner, Pruning
from zerog.wire import abi

REWARD = bytes.fromhex("a97b57b4bdfea2d0a25e535bd849ad4e6c440a69")


class Paying(SimulatedEth):
    """A chain whose reward contract pays from some pricing chunk on."""

    first_chunk = 0

    async def call(self, to: bytes, data: bytes) -> bytes:
        if to == REWARD:
            assert data == reward.first_rewardable_chunk().data
            return abi.encode(["uint64", "uint256"], [self.first_chunk, 0])
        return await super().call(to, data)


def pruner(node: Running, upper: bool = False, **changes: Any) -> Pruner:
    pruning = Pruning(**{"batch_segments": 2, "pause_s": 0} | changes)
    return Pruner(node.node.store, node.node.eth, pruning, PrunerMetrics(new_registry()), upper=lambda: upper)


async def test_a_full_node_gives_up_half_and_again(tmp_path: Path, eth: SimulatedEth) -> None:
    async with running(tmp_path / "node", eth) as node:
        data = await filled(node, eth, 7 * 262_144, 300)
        store = node.node.store
        stored = store.stored_sectors()
        assert stored == 7 * 1024 + 2
        with Offload(1) as lane:
            wide = pruner(node, sectors_max=stored * 10 // 9 + 10)
            await wide.step(lane)
            assert (wide.status.splits, wide.status.stored_sectors, store.shard) == (0, stored, Shard())
            tight = pruner(node, upper=True, sectors_max=stored)
            await tight.step(lane)
            assert (tight.status.splits, store.shard) == (1, Shard(1, 2))
            assert all(store.present(seq) == set(store.shard.segments(store.tx(seq))) for seq in (0, 1))
            assert tight.status.stored_sectors == store.stored_sectors() < stored
            assert tight.status.segments == 8 - sum(len(store.present(seq)) for seq in (0, 1))
            assert await node.call("zgs_getShardConfig") == {"shardId": 1, "numShard": 2}
            assert await node.call("zgs_checkFileFinalized", 0)
            assert all(holds(node, seq, item) for seq, item in enumerate(data))
            await tight.step(lane)
            assert tight.status.splits == 1, "below the line nothing happens"
            again = pruner(node, sectors_max=store.stored_sectors())
            await again.step(lane)
            assert store.shard == Shard(1, 4)
    async with running(tmp_path / "node", eth) as node:
        assert node.node.store.shard == Shard(1, 4), "the settings did not change: what was given up is not wanted back"
    async with running(tmp_path / "node", eth, **{"storage.shard": "1/2"}) as node:
        assert node.node.store.shard == Shard(1, 2)
        assert 0 in node.node.store.unfinished(), "now it is"


@pytest.mark.slow
async def test_neighbours_hear_of_a_smaller_shard(tmp_path: Path, eth: SimulatedEth) -> None:
    async with running(tmp_path / "a", eth, **PEERS) as a, running(tmp_path / "b", eth, **joined(a)) as b:
        await filled(a, eth, 7 * 262_144)
        await b.finalized(0)
        tight = {"storage.pruner.sectors_max": 7 * 1024, "storage.pruner.check_ms": 50, "storage.pruner.pause_ms": 1}
        async with running(tmp_path / "c", eth, **joined(a, b, **tight)) as c:
            await until(lambda: c.node.store.shard.count == 2 and not c.node.store.unfinished())
            id, shard = peers_of(c).key.id, c.node.store.shard
            await until(lambda: id in peers_of(a).network.connections and peers_of(a).network.connections[id].shard == shard)
            assert (await c.admin("admin_getPrunerStatus"))["splits"] == 1


async def test_what_pays_no_more_is_deleted_and_never_wanted_again(tmp_path: Path) -> None:
    eth = Paying()
    flags = {"storage.pruner.reward": "0x" + REWARD.hex(), "storage.pruner.check_ms": 3_600_000}
    async with running(tmp_path / "node", eth, **flags) as node:
        store = node.node.store
        data = await filled(node, eth, 600_000, 300)
        with Offload(1) as lane:
            prune = pruner(node, reward=REWARD)
            await prune.step(lane)
            assert prune.status.files == 0
            eth.first_chunk = 1
            await prune.step(lane)
            assert (prune.status.files, prune.status.segments, prune.status.first_rewarded_sector) == (2, 4, 1 << 25)
            await prune.step(lane)
            assert (prune.status.files, prune.status.segments) == (2, 4)
        root = "0x" + store.tx(0).root.hex()
        info = await node.call("zgs_getFileInfo", root, False)
        assert (info["finalized"], info["pruned"], info["uploadedSegNum"]) == (False, True, 3)
        assert await node.call("zgs_getFileInfo", root, True) is None
        assert await node.call("zgs_downloadSegmentByTxSeq", 0, 0, 1024) is None
        assert store.unfinished() == []
        assert next(iter(store.kv.scan("segments")), None) is None
        assert len(data) == 2


async def test_a_file_over_the_border_keeps_what_still_pays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    eth = Paying()
    async with running(tmp_path / "node", eth) as node:
        store = node.node.store
        await filled(node, eth, 5 * 262_144)
        monkeypatch.setattr(reward, "SECTORS_PER_PRICE", (store.tx(0).start_segment + 2) * 1024)
        with Offload(1) as lane:
            prune = pruner(node, reward=REWARD)
            eth.first_chunk = 1
            await prune.step(lane)
            assert store.pruned(0)
            assert store.present(0) == {2, 3, 4}
            eth.first_chunk = 5
            await prune.step(lane)
            assert (store.present(0), prune.status.files, prune.status.segments) == (frozenset(), 1, 5)


async def test_a_reward_contract_that_does_not_answer_stops_nothing(tmp_path: Path, eth: SimulatedEth) -> None:
    async with running(tmp_path / "node", eth) as node:
        await filled(node, eth, 600_000)
        with Offload(1) as lane:
            prune = pruner(node, reward=b"\1" * 20)
            await prune.step(lane)
            assert prune.status.fault
            assert node.node.store.finalized(0)

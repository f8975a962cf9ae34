"""The log: pages, reorganisations, gaps, false roots, copies of equal files, shards, restarts."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.storage.harness import (
    CHAIN_ID,
    FLOW,
    Refused,
    Running,
    SimulatedEth,
    pattern,
    running,
    segment_json,
    submission_of,
)

from zerog.errors import Conflict, InvalidInput
from zerog.storage.api import Shard
from zerog.storage.layout import FileTree, Proof, verify_sector
from zerog.storage.log import read_submission
from zerog.storage.shards import settle, split
from zerog.storage.store import FAMILIES, Position, Store
from zerog.store.memory import MemoryKv

pytestmark = pytest.mark.slow  # whole nodes or processes in each: `make test` stays under a minute without


async def until(met: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while True:
            if met():
                return
            await asyncio.sleep(0.005)


async def test_many_pages_and_a_node_that_answers_few_blocks(tmp_path: Path, eth: SimulatedEth) -> None:
    for salt in range(30):
        eth.submit(pattern(300 + 7 * salt, salt))
        eth.mine()
    eth.page_max = 5
    async with running(tmp_path / "node", eth, **{"storage.chain.page_blocks": 16, "storage.chain.check_every": 3}) as node:
        await node.synced(29)
        assert await node.call("zgs_getFlowContext") == ["0x" + eth.tree.root.hex(), eth.tree.length]
        status = await node.call("zgs_getStatus")
        assert (status["nextTxSeq"], status["networkIdentity"]["chainId"]) == (30, CHAIN_ID)
        await until(lambda: node.node.store.progress is not None and node.node.store.progress.number == 60)
        assert (await node.call("zgs_getStatus"))["logSyncBlock"] == "0x" + eth.blocks[60][0].hash.hex()


async def test_confirmations_are_waited_for(tmp_path: Path, eth: SimulatedEth) -> None:
    eth.submit(pattern(100))
    async with running(tmp_path / "node", eth, **{"storage.chain.confirmations": 2}) as node:
        eth.mine()
        await asyncio.sleep(0.1)
        assert node.node.store.next_seq == 0
        eth.mine()
        await node.synced(0)


async def test_a_reorganisation_takes_files_and_their_data_away(node: Running, eth: SimulatedEth) -> None:
    kept, lost, other = pattern(1000, 1), pattern(600_000, 2), pattern(600_000, 3)
    kept_tree, lost_tree, other_tree = (FileTree.from_buffer(data) for data in (kept, lost, other))
    eth.submit(kept)
    await node.synced(0)
    eth.submit(lost)
    await node.synced(1)
    await node.upload(kept_tree, kept, 0)
    await node.upload(lost_tree, lost, 1)
    assert await node.call("zgs_checkFileFinalized", 1)
    eth.rewind(1)
    eth.submit(other)
    await until(lambda: node.node.store.seqs_of(other_tree.root) == [1])
    assert await node.call("zgs_getFileInfo", "0x" + lost_tree.root.hex(), False) is None
    assert not await node.call("zgs_checkFileFinalized", 1)
    assert await node.call("zgs_downloadSegmentByTxSeq", 1, 0, 1024) is None
    assert node.node.store.present(1) == frozenset()
    assert await node.call("zgs_checkFileFinalized", 0)
    await node.upload(other_tree, other, 1)
    assert await node.call("zgs_checkFileFinalized", 1)
    assert await node.call("zgs_getFlowContext") == ["0x" + eth.tree.root.hex(), eth.tree.length]


async def test_the_same_file_in_another_block_keeps_its_number(node: Running, eth: SimulatedEth) -> None:
    data = pattern(1000)
    eth.submit(data)
    await node.synced(0)
    eth.rewind(1)
    eth.mine()
    eth.submit(data)
    await until(lambda: (tx := node.node.store.find_tx(0)) is not None and tx.block_number == 2)
    assert node.node.store.tx(0).block_hash == eth.blocks[2][0].hash


async def test_a_shorter_chain_is_waited_out(node: Running, eth: SimulatedEth) -> None:
    eth.submit(pattern(1000))
    eth.mine()
    await node.synced(0)
    await until(lambda: node.node.store.progress is not None and node.node.store.progress.number == 2)
    removed = eth.blocks.pop()
    await asyncio.sleep(0.1)
    assert node.node.store.next_seq == 1
    eth.blocks.append(removed)
    eth.submit(pattern(2000))
    await node.synced(1)


async def test_a_gap_in_the_log_stops_nothing_but_the_log(tmp_path: Path, eth: SimulatedEth) -> None:
    eth.submit(pattern(1000))
    eth.submit(pattern(2000))
    eth.submit(pattern(3000))
    hidden = eth.blocks[2]
    eth.blocks[2] = (hidden[0], [])
    async with running(tmp_path / "node", eth) as node:
        await asyncio.sleep(0.3)
        assert node.node.store.next_seq <= 1
        assert (await node.call("zgs_getStatus"))["nextTxSeq"] <= 1
        eth.blocks[2] = hidden
        await node.synced(2)


async def test_a_flow_root_that_the_contract_does_not_have_stops_reading(tmp_path: Path, eth: SimulatedEth) -> None:
    for salt in range(3):
        eth.submit(pattern(500, salt))
    eth.roots[1] = b"\x11" * 32
    async with running(tmp_path / "node", eth, **{"storage.chain.check_every": 2}) as node:
        await until(lambda: node.node.store.next_seq == 3)
        eth.submit(pattern(900))
        await asyncio.sleep(0.2)
        assert node.node.store.next_seq == 3
        assert (await node.admin("admin_getMetrics", "zerog_storage_files"))["zerog_storage_files"].startswith("gauge ")


async def test_equal_files_are_finalized_without_another_upload(node: Running, eth: SimulatedEth) -> None:
    data = pattern(600_000)
    tree = eth.submit(data)
    await node.synced(0)
    await node.upload(tree, data, 0)
    eth.submit(data)
    await node.synced(1)
    await node.finalized(1)
    assert node.node.store.seqs_of(tree.root) == [0, 1]
    answer = await node.call("zgs_downloadSegmentWithProofByTxSeq", 1, 2)
    assert answer["proof"] == tree.proof(2).to_json()
    info = await node.call("zgs_getFileInfo", "0x" + tree.root.hex(), True)
    assert info["tx"]["seq"] == 0, "the first finalized one answers for a root"


async def test_the_first_finalized_answers_for_a_root(node: Running, eth: SimulatedEth) -> None:
    data = pattern(1000)
    tree = eth.submit(data)
    eth.submit(data)
    await node.synced(1)
    await node.upload(tree, data, 1)
    assert (await node.call("zgs_getFileInfo", "0x" + tree.root.hex(), True))["tx"]["seq"] == 1
    assert await node.call("zgs_checkFileFinalized", "0x" + tree.root.hex())


async def test_shards_count_in_the_flow_and_not_in_the_file(tmp_path: Path, eth: SimulatedEth) -> None:
    eth.submit(pattern(262_144, 9))  # segment 1 of the flow
    data = pattern(4 * 262_144)  # segments 4 to 7
    tree = eth.submit(data)
    small = pattern(300)
    small_tree = eth.submit(small)  # segment 8
    async with running(tmp_path / "odd", eth, **{"storage.shard": "1/2"}) as node:
        await node.synced(2)
        start = node.node.store.tx(1).start_segment
        needed = [index for index in range(4) if (start + index) % 2 == 1]
        assert await node.call("zgs_getShardConfig") == {"shardId": 1, "numShard": 2}
        assert node.node.store.tx(2).start_segment % 2 == 0
        assert await node.call("zgs_checkFileFinalized", 2), "nothing of it belongs here"
        assert await node.call("zgs_downloadSegmentByTxSeq", 2, 0, small_tree.layout.chunks) is None
        assert await node.call("zgs_uploadSegmentsByTxSeq", [segment_json(tree, data, needed[0])], 1) == 0
        assert not await node.call("zgs_checkFileFinalized", 1)
        outside = next(index for index in range(4) if index not in needed)
        assert await node.call("zgs_uploadSegmentsByTxSeq", [segment_json(tree, data, outside)], 1) == 0, "taken, not required"
        assert not await node.call("zgs_checkFileFinalized", 1)
        assert await node.call("zgs_uploadSegmentsByTxSeq", [segment_json(tree, data, needed[1])], 1) == 0
        assert await node.call("zgs_checkFileFinalized", 1)
        assert (await node.call("zgs_getFileInfoByTxSeq", 1))["uploadedSegNum"] == 4
    async with running(tmp_path / "odd", eth, **{"storage.shard": "0/2"}) as node:
        assert await node.call("zgs_getShardConfig") == {"shardId": 0, "numShard": 2}
        assert not await node.call("zgs_checkFileFinalized", 1), "the other half was never here, but for one segment"
        assert node.node.store.missing(node.node.store.tx(1)) == [
            index for index in range(4) if index not in (*needed, outside)
        ]


async def test_a_restart_goes_on_where_it_stopped(tmp_path: Path, eth: SimulatedEth) -> None:
    data = pattern(1_048_577)
    tree = eth.submit(data)
    async with running(tmp_path / "node", eth) as node:
        await node.synced(0)
        await node.call("zgs_uploadSegmentsByTxSeq", [segment_json(tree, data, i) for i in (0, 1, 3)], 0)
    eth.submit(pattern(700))
    async with running(tmp_path / "node", eth) as node:
        await node.synced(1)
        assert node.node.store.missing(node.node.store.tx(0)) == [2, 4]
        assert (await node.call("zgs_getFileInfoByTxSeq", 0))["uploadedSegNum"] == 2
        await node.upload(tree, data, 0)
        await node.finalized(0)
        assert await node.call("zgs_getFlowContext") == ["0x" + eth.tree.root.hex(), eth.tree.length]


async def test_a_directory_of_another_chain_is_refused(tmp_path: Path, eth: SimulatedEth) -> None:
    async with running(tmp_path / "node", eth):
        pass
    with pytest.raises(Conflict, match="belongs to chain"):
        async with running(tmp_path / "node", eth, **{"storage.chain.flow": "0x" + "12" * 20}):
            pass


async def test_sector_proofs_lead_to_the_flows_root(node: Running, eth: SimulatedEth) -> None:
    files = [pattern(size, size) for size in (1, 300, 4352, 600_000, 1_048_577)]
    trees = [eth.submit(data) for data in files]
    await node.synced(4)
    with pytest.raises(Refused, match="not here"):
        await node.call("zgs_getSectorProof", node.node.store.tx(3).start_entry + 5, None)
    for seq, (tree, data) in enumerate(zip(trees, files, strict=True)):
        await node.upload(tree, data, seq)
    for seq, data in enumerate(files):
        start = node.node.store.tx(seq).start_entry
        for chunk in {0, (len(data) - 1) // 256, len(data) // 512}:
            proof = Proof.from_json(await node.call("zgs_getSectorProof", start + chunk, None))
            sector = data[chunk * 256 : (chunk + 1) * 256].ljust(256, b"\0")
            assert verify_sector(sector, start + chunk, proof, eth.tree.root)
    old = eth.tree.root_after(1)
    proof = Proof.from_json(await node.call("zgs_getSectorProof", 2, "0x" + old.hex()))
    assert proof.lemma[-1] == old
    with pytest.raises(Refused, match="is not known"):
        await node.call("zgs_getSectorProof", 2, "0x" + "77" * 32)
    assert (await node.call("zgs_getHashAtNodeIndex", 1)) == "0x" + trees[0].root.hex()
    assert (await node.call("zgs_getDataByNodeIndex", 0))[0][:1] == [files[0][0]]
    assert "segment 0 of the flow" in await node.call("zgs_getMetaDataByNodeIndex", 0)


async def test_a_damaged_record_is_never_served_and_wanted_again(node: Running, eth: SimulatedEth) -> None:
    data = pattern(600_000)
    tree = eth.submit(data)
    await node.synced(0)
    await node.upload(tree, data, 0)
    rocks = node.node.store.kv
    key = bytes(8) + (1).to_bytes(6, "big")
    family = rocks._families["segments"]  # type: ignore[attr-defined]
    stored = bytearray(family[key])
    stored[5000] ^= 1
    family[key] = bytes(stored)
    code, message, reason = await node.refused("zgs_downloadSegmentByTxSeq", 0, 1024, 2048)
    assert (code, message, reason) == (-32603, "Internal error", "data on disk failed its check")
    async with asyncio.timeout(20):
        while True:
            if not await node.call("zgs_checkFileFinalized", 0):
                break
            await asyncio.sleep(0.01)
    assert node.node.store.missing(node.node.store.tx(0)) == [1]
    await node.call("zgs_uploadSegmentsByTxSeq", [segment_json(tree, data, 1)], 0)
    assert await node.call("zgs_checkFileFinalized", 0)


async def test_the_scrub_finds_damage(tmp_path: Path, eth: SimulatedEth) -> None:
    data = pattern(600_000)
    tree = eth.submit(data)
    async with running(tmp_path / "node", eth, **{"storage.store.scrub_interval_s": 1}) as node:
        await node.synced(0)
        await node.upload(tree, data, 0)
        family = node.node.store.kv._families["segments"]  # type: ignore[attr-defined]
        key = bytes(8) + (0).to_bytes(6, "big")
        family[key] = family[key][:-1]
        await until(lambda: not node.node.store.finalized(0))
        assert node.node.store.missing(node.node.store.tx(0)) == [0]


async def test_the_admin_surface(node: Running, eth: SimulatedEth) -> None:
    data = pattern(100)
    tree = eth.submit(data)
    await node.synced(0)
    status, _, _ = await node.post(node.endpoints.admin_url, {"jsonrpc": "2.0", "id": 1, "method": "admin_getPeers"})
    assert status == 401
    assert await node.admin("admin_getPeers") == {}
    assert await node.admin("admin_getFileLocation", 0, True) is None
    assert await node.admin("admin_getFileLocation", 0, False) == []
    await node.upload(tree, data, 0)
    assert await node.admin("admin_getFileLocation", 0, True) == [
        {"ip": "127.0.0.1", "shardConfig": {"shardId": 0, "numShard": 1}}
    ]
    with pytest.raises(Refused, match="tx not found"):
        await node.admin("admin_getFileLocation", 7, True)
    assert await node.admin("admin_getSyncStatus", 0) == "unknown"
    assert await node.admin("admin_getSyncInfo") == {}
    assert (await node.admin("admin_getSyncServiceState"))["numSyncing"] == 0
    assert (await node.admin("admin_getNetworkInfo"))["connectedPeers"] == 0
    assert await node.admin("admin_terminateSync", 0) is False


def test_the_operator_settles_the_shard_and_the_pruner_may_split_it() -> None:
    assert settle(Shard(1, 2), None, None) == Shard(1, 2)
    assert settle(Shard(0, 1), Shard(2, 4), Shard(0, 1)) == Shard(2, 4)
    assert settle(Shard(1, 2), Shard(0, 1), None) == Shard(1, 2)
    assert settle(Shard(0, 2), Shard(2, 4), Shard(0, 1)) == Shard(0, 2)
    assert settle(Shard(0, 2), Shard(1, 4), Shard(1, 4)) == Shard(0, 2)
    assert (split(Shard(1, 2), False), split(Shard(1, 2), True)) == (Shard(1, 4), Shard(3, 4))
    with pytest.raises(InvalidInput):
        Shard.parse("2/2")


async def test_a_page_that_does_not_fit_leaves_the_store_as_it_was(eth: SimulatedEth) -> None:
    store = Store(MemoryKv(list(FAMILIES)))
    trees = [FileTree.from_buffer(pattern(size)) for size in (300, 900)]
    block = eth.mine(*(submission_of(tree, size) for tree, size in zip(trees, (300, 900), strict=True)))
    first, second = (read_submission(entry) for entry in await eth.logs(FLOW, eth.blocks[-1][1][0].topics[0], 0, 1))
    with pytest.raises(InvalidInput, match="start"):
        store.put_page([first, dataclasses.replace(second, start_entry=second.start_entry + 4)], Position(1, block.hash))
    assert (store.next_seq, store.tree.length) == (0, 1)
    store.put_page([first, second], Position(1, block.hash))
    again = Store(store.kv)
    assert again.tree.root == store.tree.root == eth.tree.root
    assert again.tx(1) == second
    assert [tx.seq for tx in again.tx_at(0)] == [0, 1]

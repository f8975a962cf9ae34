"""File sync between whole nodes over real gRPC: what is announced, ordered, lacking after a change, damaged or reverted."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.unit.storage.harness import Refused, Running, SimulatedEth, pattern, running, submission_of
from tests.unit.storage.peers_kit import HASTY, PEERS, handshake, joined, peer_of, until

from zerog.runtime.config import load
from zerog.storage.api import Shard
from zerog.storage.layout import FileTree
from zerog.storage.peers.identity import PeerKey
from zerog.storage.peers.messages import Address, file_message
from zerog.storage.peers.score import Event
from zerog.storage.service import open_store
from zerog.storage.store import check_stored
from zerog.wire.proto import storage_peers_pb2 as pb

BY_HAND = {"storage.sync.auto": False}


def peers_of(node: Running) -> Any:
    assert node.node.peers is not None
    return node.node.peers


def holds(node: Running, seq: int, data: bytes) -> bool:
    store = node.node.store
    tx = store.tx(seq)
    assert all(check_stored(store, seq, index) for index in store.present(seq))
    return all(
        store.segment(seq, index) == data[index * 262_144 : (index + 1) * 262_144].ljust(tx.layout.segment_size(index), b"\0")
        for index in store.shard.segments(tx)
    )


async def filled(node: Running, eth: SimulatedEth, *sizes: int) -> list[bytes]:
    """Files of these sizes, uploaded to a node."""
    first = eth.tree.submission_count
    data = [pattern(size, first + at) for at, size in enumerate(sizes)]
    trees = [eth.submit(item) for item in data]
    await node.synced(first + len(sizes) - 1)
    for at, (tree, item) in enumerate(zip(trees, data, strict=True)):
        if node.node.store.shard.count == 1:
            await node.upload(tree, item, first + at)
    return data


async def test_a_new_node_gets_what_its_peer_has_and_what_comes_later(tmp_path: Path, eth: SimulatedEth) -> None:
    async with running(tmp_path / "a", eth, **PEERS) as a:
        data = await filled(a, eth, 1, 300, 600_000, 2_883_584)
        async with running(tmp_path / "b", eth, **joined(a)) as b:
            for seq, item in enumerate(data):
                await b.finalized(seq)
                assert holds(b, seq, item)
            data += await filled(a, eth, 700_000)
            await b.finalized(4)
            assert holds(b, 4, data[4])
            await until(lambda: peers_of(b).service_state()["autoSyncSerial"] == "0 running")
            state = await b.admin("admin_getSyncServiceState")
            assert (state["numSyncing"], state["autoSyncSerial"]) == (0, "0 running")
            metrics = await b.admin("admin_getMetrics", "zerog_storage_synced")
            assert metrics["zerog_storage_synced_segments_total"] == f"counter {1 + 1 + 3 + 11 + 3}"


@pytest.mark.slow
async def test_an_empty_node_joins_a_network_with_many_files(tmp_path: Path, eth: SimulatedEth) -> None:
    sizes = [1 + 977 * number for number in range(120)]
    data = [pattern(size, number) for number, size in enumerate(sizes)]
    trees = [FileTree.from_buffer(item) for item in data]
    for first in range(0, 120, 40):
        eth.mine(*(submission_of(trees[n], sizes[n]) for n in range(first, first + 40)))
    async with (
        running(tmp_path / "a", eth, **PEERS | {"storage.store.sync": False}) as a,
        running(tmp_path / "b", eth, **joined(a, **BY_HAND, **{"storage.store.sync": False})) as b,
    ):
        await a.synced(119)
        await b.synced(119)
        for seq, (tree, item) in enumerate(zip(trees, data, strict=True)):
            await (a, b)[seq % 2].upload(tree, item, seq)
        async with running(tmp_path / "c", eth, **joined(a, **{"storage.store.sync": False})) as c:
            await until(lambda: not c.node.store.unfinished() and c.node.store.next_seq == 120)
            assert all(holds(c, seq, item) for seq, item in enumerate(data))
            await until(lambda: c.node.peers.service_state()["catchedUp"] is True)  # type: ignore[union-attr]
        assert len(b.node.store.unfinished()) == 60, "it fetches nothing by itself"


async def test_an_operators_orders(tmp_path: Path, eth: SimulatedEth) -> None:
    async with running(tmp_path / "a", eth, **PEERS) as a, running(tmp_path / "b", eth, **joined(a, **BY_HAND)) as b:
        data = await filled(a, eth, 2_000_000, 600_000)
        await b.synced(1)
        await until(lambda: len(peers_of(b).network.connections) == 1)
        assert await b.admin("admin_getSyncStatus", 0) == "unknown"
        assert await b.admin("admin_findFile", 0) is None
        assert await b.admin("admin_getFileLocation", 0, True) == [
            {"ip": "127.0.0.1", "shardConfig": {"shardId": 0, "numShard": 1}}
        ]
        # sectors 1500 to 3000 lie in segments 1 and 2
        assert await b.admin("admin_startSyncChunks", 0, 1500, 3000) is None
        await until(lambda: peers_of(b).status(0) == "Completed")
        assert b.node.store.present(0) == {1, 2}
        info = (await b.admin("admin_getSyncInfo", 0))["0"]
        assert info["goal"] == {"numChunks": 1500, "indexStart": 1500, "indexEnd": 3000, "allChunks": False}
        assert (info["state"], info["peers"]) == ("Completed", {"Connected": 1})
        assert await b.admin("admin_startSyncFile", 0) is None
        await b.finalized(0)
        assert holds(b, 0, data[0])
        assert not b.node.store.finalized(1), "nobody asked for it"
        for params in ((0, 5, 5), (0, 9, 4), (0, 0, 7814)):
            with pytest.raises(Refused, match="invalid chunk index"):
                await b.admin("admin_startSyncChunks", *params)
        with pytest.raises(Refused, match="tx not found"):
            await b.admin("admin_startSyncFile", 2)
        assert await b.admin("admin_terminateSync", 1) is False


@pytest.mark.slow
async def test_orders_nobody_can_fill_and_their_end(tmp_path: Path, eth: SimulatedEth) -> None:
    async with running(tmp_path / "a", eth, **PEERS) as a, peer_of(a, "silent") as silent:
        await filled(a, eth, 600_000)
        async with running(tmp_path / "b", eth, **joined(silent.address, **BY_HAND)) as b:
            await b.synced(0)
            await until(lambda: len(peers_of(b).network.connections) == 1)
            await b.admin("admin_startSyncFile", 0)
            await until(lambda: bool(silent.asked))
            with pytest.raises(Refused, match="being synchronised"):
                await b.admin("admin_startSyncFile", 0)
            assert (await b.admin("admin_getSyncInfo"))["0"]["state"] == "Downloading"
            assert (await b.admin("admin_getSyncServiceState"))["numSyncing"] == 1
            assert await b.admin("admin_terminateSync", 0) is True
            assert await b.admin("admin_getSyncStatus", 0) == "Cancelled { reason: terminated }"
            assert (await b.admin("admin_getSyncServiceState"))["numSyncing"] == 0
        async with running(tmp_path / "c", eth, **joined("127.0.0.1:1", **BY_HAND)) as c:
            await c.synced(0)
            await c.admin("admin_startSyncFile", 0)
            await until(lambda: peers_of(c).status(0) == "Failed { reason: no connected peer has it }")


@pytest.mark.slow
async def test_halves_fill_a_whole_and_a_whole_fills_halves(tmp_path: Path, eth: SimulatedEth) -> None:
    async with running(tmp_path / "whole", eth, **PEERS) as whole:
        data = await filled(whole, eth, 262_144, 9 * 262_144 + 5, 300)
        async with (
            running(tmp_path / "0", eth, **joined(whole, **{"storage.shard": "0/2"})) as even,
            running(tmp_path / "1", eth, **joined(whole, **{"storage.shard": "1/2"})) as odd,
        ):
            for half in (even, odd):
                await until(lambda half=half: half.node.store.next_seq == 3 and not half.node.store.unfinished())  # type: ignore[misc]
                assert all(holds(half, seq, item) for seq, item in enumerate(data))
            assert not even.node.store.present(1) & odd.node.store.present(1)
            async with running(tmp_path / "again", eth, **joined(even, odd)) as again:
                peers_of(again).network.scores.note(peers_of(whole).key.id, Event.LIE)
                await until(lambda: again.node.store.next_seq == 3 and not again.node.store.unfinished())
                assert all(holds(again, seq, item) for seq, item in enumerate(data))
                assert peers_of(whole).key.id not in peers_of(again).network.connections


@pytest.mark.slow
async def test_a_changed_shard_is_filled_and_emptied(tmp_path: Path, eth: SimulatedEth) -> None:
    quick = {"storage.pruner.check_ms": 20, "storage.pruner.pause_ms": 1, "storage.pruner.batch_segments": 2}
    async with running(tmp_path / "whole", eth, **PEERS) as whole:
        data = await filled(whole, eth, 8 * 262_144, 300)

        def settled(node: Running) -> Callable[[], bool]:
            store = node.node.store
            return lambda: (
                store.next_seq == 2 and not store.unfinished()
                and all(store.present(seq) == set(store.shard.segments(store.tx(seq))) for seq in (0, 1))
            )  # fmt: skip

        for shard in ("0/2", "3/4", "0/1", "1/2", "1/2", "0/2"):
            async with running(tmp_path / "node", eth, **joined(whole, **quick, **{"storage.shard": shard})) as node:
                assert str(node.node.store.shard) == shard
                await until(settled(node))
                assert all(holds(node, seq, item) for seq, item in enumerate(data))
                await until(lambda node=node: len(peers_of(whole).server.sessions) == 1)  # type: ignore[misc]
        async with running(tmp_path / "node", eth, **joined(whole, **quick, **{"storage.shard": "1/2"})) as node:
            await until(settled(node))
            status = await node.admin("admin_getPrunerStatus")
            outside = sum(len(Shard(0, 2).segments(node.node.store.tx(seq))) for seq in (0, 1))
            assert (status["shard"], status["prunedSegments"]) == ({"shardId": 1, "numShard": 2}, outside)


@pytest.mark.slow
async def test_flipped_bits_are_told_never_served_and_repaired(tmp_path: Path, eth: SimulatedEth) -> None:
    async with running(tmp_path / "a", eth, **PEERS) as a:
        data = await filled(a, eth, 1_000_000, 600_000)
        async with running(tmp_path / "b", eth, **joined(a)) as b:
            await b.finalized(0)
            await b.finalized(1)
        config = load(flags={"storage.home": str(tmp_path / "b")}, environment={}).config.storage
        with open_store(config) as store:
            kv: Any = store.kv
            for seq, index, at in ((0, 1, 20), (0, 3, 5000), (1, 2, 0)):
                family, key = kv._families["segments"], seq.to_bytes(8, "big") + index.to_bytes(6, "big")
                stored = bytearray(family[key])
                stored[at] ^= 0x40
                family[key] = bytes(stored)
        # Read first: the damage of file 0 is told, and repaired from the peer although automatic synchronisation is off.
        off = joined(a, **BY_HAND, **{"storage.store.scrub_interval_s": 1})
        async with running(tmp_path / "b", eth, **off) as b:
            assert b.node.store.finalized(0)
            refused = await b.refused("zgs_downloadSegmentByTxSeq", 0, 1024, 2048)
            assert refused == (-32603, "Internal error", "data on disk failed its check")
            await until(lambda: peers_of(b).status(0) == "Completed")
            assert b.node.store.finalized(0)
            assert holds(b, 0, data[0])
            # The scrub finds that of file 1.
            await until(lambda: peers_of(b).status(1) == "Completed")
            assert b.node.store.finalized(1)
            assert holds(b, 1, data[1])
            assert (await b.admin("admin_getMetrics", "zerog_storage_faults"))["zerog_storage_faults"] == "gauge 1"


async def test_a_repair_waits_for_a_peer_that_can_help(tmp_path: Path, eth: SimulatedEth) -> None:
    async with running(tmp_path / "a", eth, **PEERS) as a:
        data = await filled(a, eth, 600_000)
        async with running(tmp_path / "b", eth, **joined(a)) as b:
            await b.finalized(0)
        async with running(tmp_path / "b", eth, **PEERS | BY_HAND) as b:
            family: Any = b.node.store.kv._families["segments"]  # type: ignore[attr-defined]
            key = bytes(8) + (1).to_bytes(6, "big")
            family[key] = family[key][:-1] + b"\xaa"
            await b.refused("zgs_downloadSegmentByTxSeq", 0, 1024, 2048)
            await until(lambda: peers_of(b).status(0) == "Failed { reason: no connected peer has it }")
            peers_of(b).network.know(Address.parse(a.endpoints.peers_address), fixed=True)
            await b.finalized(0)
            assert holds(b, 0, data[0])


async def test_a_peer_that_reads_damage_leaves_it_out_and_mends_it(tmp_path: Path, eth: SimulatedEth) -> None:
    async with running(tmp_path / "a", eth, **PEERS) as a, running(tmp_path / "c", eth, **joined(a)) as c:
        data = await filled(a, eth, 1_000_000)
        await c.finalized(0)
        family: Any = a.node.store.kv._families["segments"]  # type: ignore[attr-defined]
        key = bytes(8) + (2).to_bytes(6, "big")
        family[key] = family[key][:-1] + b"\xaa"
        client, session = await handshake(a.endpoints.peers_address, PeerKey(b"\x21" * 32))
        file = file_message(a.node.store.tx(0).id)
        request = pb.GetSegmentsRequest(session=session, file=file, indexes=[1, 2, 3])
        assert [found.index async for found in client.stream("GetSegments", request, timeout_s=5)] == [1, 3]
        await client.close()
        await until(lambda: peers_of(a).status(0) == "Completed")
        assert a.node.store.segment(0, 2) == data[0][524_288:786_432]
        assert a.node.store.finalized(0)


@pytest.mark.slow
async def test_a_reorganisation_in_the_middle_of_a_transfer(tmp_path: Path, eth: SimulatedEth) -> None:
    async with running(tmp_path / "a", eth, **PEERS) as a, peer_of(a, "slow") as slow:
        await filled(a, eth, 600_000)
        async with running(tmp_path / "b", eth, **joined(slow.address, **HASTY)) as b:
            await until(lambda: bool(slow.asked))
            old = b.node.store.tx(0)
            eth.rewind(1)
            other = pattern(600_000, 77)
            tree = eth.submit(other)
            await until(lambda: b.node.store.seqs_of(tree.root) == [0] and a.node.store.seqs_of(tree.root) == [0])
            assert not peers_of(b).network.locations.holders(old.id)
            await a.upload(tree, other, 0)
            peers_of(b).network.know(Address.parse(a.endpoints.peers_address), fixed=True)
            await b.finalized(0)
            assert holds(b, 0, other)
    assert old.root != tree.root


@pytest.mark.slow
async def test_a_peer_that_comes_back_is_found_again(tmp_path: Path, eth: SimulatedEth) -> None:
    async with AsyncExitStack() as first:
        a = await first.enter_async_context(running(tmp_path / "a", eth, **PEERS))
        port = int(a.endpoints.peers_address.rsplit(":", 1)[1])
        async with running(tmp_path / "b", eth, **joined(a)) as b:
            await until(lambda: len(peers_of(b).network.connections) == 1)
            await first.aclose()
            async with running(tmp_path / "a", eth, **PEERS | {"storage.peers.port": port}) as again:
                data = await filled(again, eth, 700_000)
                await b.finalized(0)
                assert holds(b, 0, data[0])
                assert again.endpoints.peer_id == a.endpoints.peer_id

"""Peers over real gRPC on loopback: files announced, asked for, fetched; shards, restarts, damage, the admin surface."""

from __future__ import annotations

from pathlib import Path

from tests.unit.storage.harness import SimulatedEth, pattern, running
from tests.unit.storage.peers_kit import PEERS, joined


async def test_a_node_gets_what_its_peer_has(tmp_path: Path, eth: SimulatedEth) -> None:
    data = [pattern(size, size) for size in (300, 600_000, 2_883_584)]
    trees = [eth.submit(item) for item in data]
    async with running(tmp_path / "a", eth, **PEERS) as a:
        await a.synced(2)
        for seq, (tree, item) in enumerate(zip(trees, data, strict=True)):
            await a.upload(tree, item, seq)
        async with running(tmp_path / "b", eth, **joined(a)) as b:
            for seq, item in enumerate(data):
                await b.finalized(seq)
                tx = b.node.store.tx(seq)
                assert b.node.store.chunks(tx, 0, tx.layout.chunks)[: len(item)] == item  # type: ignore[index]
            more = pattern(700_000, 99)
            tree = eth.submit(more)
            await a.synced(3)
            await a.upload(tree, more, 3)
            await b.finalized(3)

"""Two of three peers lie, each in its way, over real gRPC: what is stored is true, and who lied is put off."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.storage.harness import Running, SimulatedEth, pattern, running
from tests.unit.storage.peers_kit import HASTY, PEERS, joined, peer_of, until

from zerog.storage.peers.messages import Address
from zerog.storage.peers.score import Standing
from zerog.storage.store import check_stored

SIZE = 5 * 262_144 + 4711
PROVEN = ("wrong data", "wrong proof", "wrong side", "no proof", "zeros")
MALFORMED = ("truncated", "another index", "huge", "long proof", "junk", "nothing", "twice")
PARTLY_TRUE = {"twice", "slow", "cut"}


@pytest.fixture
async def honest(tmp_path: Path, eth: SimulatedEth) -> AsyncIterator[Running]:
    data = pattern(SIZE)
    tree = eth.submit(data)
    async with running(tmp_path / "honest", eth, **PEERS) as node:
        await node.synced(0)
        await node.upload(tree, data, 0)
        yield node


async def completes_in_spite_of(first: str, second: str, honest: Running, eth: SimulatedEth, home: Path) -> None:
    """A new node knows two liars, asks them, and only then meets an honest peer."""
    async with (
        peer_of(honest, first) as one,
        peer_of(honest, second) as two,
        running(home, eth, **joined(one.address, two.address, **HASTY)) as node,
    ):
        peers = node.node.peers
        assert peers is not None
        await until(lambda: bool(one.asked and two.asked))
        assert not node.node.store.finalized(0) or PARTLY_TRUE & {first, second}
        peers.network.know(Address.parse(honest.endpoints.peers_address), fixed=True)
        await node.finalized(0)
        tx, data = node.node.store.tx(0), pattern(SIZE)
        assert node.node.store.chunks(tx, 0, tx.layout.chunks) == data + bytes(-SIZE % 256)
        assert all(check_stored(node.node.store, 0, index) for index in range(6))
        for how, liar in ((first, one), (second, two)):
            score, standing = peers.network.scores.score(liar.id), peers.network.scores.standing(liar.id)
            if how in PROVEN:
                assert standing is Standing.BANNED
                await until(lambda liar=liar: liar.id not in peers.network.connections)  # type: ignore[misc]
                assert len(liar.asked) <= 2, "at most the requests that were on their way"
            elif how in MALFORMED:
                assert score <= -25
            elif how not in PARTLY_TRUE:
                assert score < 0
        if not PARTLY_TRUE & {first, second}:
            await until(lambda: peers.network.scores.score(honest.node.peers.key.id) > 0)  # type: ignore[union-attr]


@pytest.mark.parametrize(("first", "second"), [("wrong data", "wrong proof"), ("truncated", "huge")])
async def test_two_of_three_lie(first: str, second: str, honest: Running, eth: SimulatedEth, tmp_path: Path) -> None:
    await completes_in_spite_of(first, second, honest, eth, tmp_path / "new")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("wrong side", "no proof"), ("zeros", "another index"), ("long proof", "junk"), ("nothing", "twice"),
        ("silent", "slow"), ("refusing", "missing"), ("cut", "wrong data"), ("slow", "huge"), ("silent", "junk"),
    ],
)  # fmt: skip
async def test_every_pair_of_liars(first: str, second: str, honest: Running, eth: SimulatedEth, tmp_path: Path) -> None:
    await completes_in_spite_of(first, second, honest, eth, tmp_path / "new")


@pytest.mark.slow
async def test_only_liars_store_nothing(honest: Running, eth: SimulatedEth, tmp_path: Path) -> None:
    async with (
        peer_of(honest, "wrong data") as one,
        peer_of(honest, "zeros") as two,
        running(tmp_path / "new", eth, **joined(one.address, two.address)) as node,
    ):
        scores = node.node.peers.network.scores  # type: ignore[union-attr]
        await until(lambda: scores.banned_count == 2)
        assert node.node.store.present(0) == frozenset()
        assert next(iter(node.node.store.kv.scan("segments")), None) is None
        info = await node.admin("admin_getNetworkInfo")
        assert (info["bannedPeers"], info["connectedPeers"]) == (2, 0)
        await until(lambda: node.node.peers.status(0).startswith("Failed"))  # type: ignore[union-attr]
        assert (await node.admin("admin_getMetrics", "zerog_storage_peer_faults_total"))[
            "zerog_storage_peer_faults_total.lie"
        ] == "counter 2"

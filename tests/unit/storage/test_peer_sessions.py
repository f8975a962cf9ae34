"""Handshakes and sessions over real gRPC: who gets in, what a session may do, and what ends it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.storage.harness import Running, SimulatedEth, pattern, running
from tests.unit.storage.peers_kit import NETWORK, PEERS, handshake, joined, peer_of, until

from zerog.errors import Exhausted, InvalidInput, NotFound, Unauthorized, Unavailable
from zerog.runtime.rpc_grpc import GrpcClient
from zerog.storage.api import Shard, TxId
from zerog.storage.peers import messages
from zerog.storage.peers.identity import NetworkId, PeerKey, announcement_digest
from zerog.storage.peers.messages import Announcement
from zerog.storage.peers.network import SERVICE
from zerog.storage.peers.score import Event, Standing
from zerog.wire.proto import storage_peers_pb2 as pb

pytestmark = pytest.mark.slow  # whole nodes or processes in each: `make test` stays under a minute without

KEY, OTHER = PeerKey(b"\x11" * 32), PeerKey(b"\x12" * 32)
DATA = pattern(600_000)


@pytest.fixture
async def full(tmp_path: Path, eth: SimulatedEth) -> AsyncIterator[Running]:
    tree = eth.submit(DATA)
    async with running(tmp_path / "full", eth, **PEERS) as node:
        await node.synced(0)
        await node.upload(tree, DATA, 0)
        yield node


def peers_of(node: Running) -> Any:
    assert node.node.peers is not None
    return node.node.peers


async def test_who_gets_in(full: Running) -> None:
    address = full.endpoints.peers_address
    client, session = await handshake(address, KEY)
    assert len(session) == 16
    reply = await client.call("Ping", pb.PingRequest(session=session), timeout_s=5)
    assert (reply.shard.count, reply.next_seq) == (1, 1)
    with pytest.raises(Unauthorized, match="no such session"):
        await client.call("Ping", pb.PingRequest(session=bytes(16)), timeout_s=5)
    for other in (NetworkId(1, NETWORK.flow), NetworkId(NETWORK.chain_id, bytes(20)),
                  NetworkId(NETWORK.chain_id, NETWORK.flow, (1, 0, 0))):  # fmt: skip
        with pytest.raises(NotFound, match="another network"):
            await handshake(address, OTHER, other)
    with pytest.raises(Unauthorized, match="signature"):
        await handshake(address, KEY, signer=OTHER)
    with pytest.raises(InvalidInput, match="myself"):
        await handshake(address, peers_of(full).key)
    assert (await client.call("Ping", pb.PingRequest(session=session), timeout_s=5)).next_seq == 1, "nobody else ended it"
    again, newer = await handshake(address, KEY)
    with pytest.raises(Unauthorized):
        await client.call("Ping", pb.PingRequest(session=session), timeout_s=5)
    await again.call("Goodbye", pb.GoodbyeRequest(session=newer, reason=pb.SHUTDOWN), timeout_s=5)
    with pytest.raises(Unauthorized):
        await again.call("Ping", pb.PingRequest(session=newer), timeout_s=5)
    peers_of(full).network.note(KEY.id, Event.LIE, "test")
    with pytest.raises(Unauthorized, match="not welcome"):
        await handshake(address, KEY)
    await client.close()
    await again.close()


async def test_a_handshake_counts_once(full: Running) -> None:
    client = GrpcClient(full.endpoints.peers_address, SERVICE, receive_bytes_max=1 << 20)
    hello = pb.HelloRequest(network=messages.network_message(NETWORK), peer_id=KEY.id, nonce=bytes(32), shard=pb.Shard(count=1))
    reply = await client.call("Hello", hello, timeout_s=5)
    join = pb.JoinRequest(nonce=reply.nonce, signature=bytes(65))
    with pytest.raises(Unauthorized, match="signature"):
        await client.call("Join", join, timeout_s=5)
    with pytest.raises(Unauthorized, match="no such handshake"):
        await client.call("Join", join, timeout_s=5)
    await client.close()


async def test_files_are_asked_for_and_segments_proven(full: Running) -> None:
    client, session = await handshake(full.endpoints.peers_address, KEY)
    tx = full.node.store.tx(0)
    files = [messages.file_message(id) for id in (tx.id, TxId(0, bytes(32)), TxId(9, bytes(32)))]
    reply = await client.call("AskFiles", pb.AskFilesRequest(session=session, files=files), timeout_s=5)
    assert [messages.read_file(file) for file in reply.files] == [tx.id]

    async def get(file: TxId, *indexes: int) -> list[pb.Segment]:
        request = pb.GetSegmentsRequest(session=session, file=messages.file_message(file), indexes=indexes)
        return [message async for message in client.stream("GetSegments", request, timeout_s=5)]

    found = await get(tx.id, 0, 2)
    assert [(segment.index, segment.data) for segment in found] == [
        (0, DATA[:262_144]), (2, DATA[524_288:] + bytes(-len(DATA) % 256)),
    ]  # fmt: skip
    with pytest.raises(NotFound, match="no such file"):
        await get(TxId(0, bytes(32)), 0)
    scores = peers_of(full).network.scores
    assert scores.score(KEY.id) == 0, "a reorganisation is nobody's fault"
    with pytest.raises(InvalidInput, match="expected below 3"):
        await get(tx.id, 3)
    assert scores.score(KEY.id) <= -29
    with pytest.raises(InvalidInput, match="ascending"):
        await get(tx.id, 1, 0)
    assert scores.standing(KEY.id) is Standing.DROPPED
    with pytest.raises(Unauthorized):
        await get(tx.id, 0)
    await client.close()


async def test_a_flood_ends_the_session(node: Running, eth: SimulatedEth, tmp_path: Path) -> None:
    async with running(tmp_path / "n", eth, **PEERS) as full:
        client, session = await handshake(full.endpoints.peers_address, KEY)
        ping = pb.PingRequest(session=session)

        async def flood() -> None:
            for _ in range(400):
                with contextlib.suppress(Exhausted):
                    await client.call("Ping", ping, timeout_s=5)

        with pytest.raises(Unauthorized):
            await flood()
        assert peers_of(full).network.scores.standing(KEY.id) is Standing.DROPPED
        await client.close()


async def test_bounds_of_handshakes_sessions_and_transfers(full: Running) -> None:
    async with peer_of(full, hellos_burst=3, hellos_per_s=0.001) as peer:
        for number in range(3):
            client, _ = await handshake(peer.address, PeerKey(bytes([number + 1]) * 32))
            await client.close()
        with pytest.raises(Exhausted, match="handshakes"):
            await handshake(peer.address, OTHER)
    async with peer_of(full, sessions_max=1) as peer:
        client, _ = await handshake(peer.address, KEY)
        with pytest.raises(Exhausted, match="peers"):
            await handshake(peer.address, OTHER)
        await client.close()
    async with peer_of(full, "slow", uploads_per_peer_max=1) as peer:
        client, session = await handshake(peer.address, KEY)
        request = pb.GetSegmentsRequest(session=session, file=messages.file_message(full.node.store.tx(0).id), indexes=[0, 1])
        first = client.stream("GetSegments", request, timeout_s=5)
        assert (await anext(first)).index == 0
        with pytest.raises(Exhausted, match="transfers"):
            await anext(client.stream("GetSegments", request, timeout_s=5))
        await client.close()


async def test_announcements_are_signed_fresh_and_ones_own(full: Running) -> None:
    client, session = await handshake(full.endpoints.peers_address, KEY)
    network = peers_of(full).network
    file = TxId(7, b"\7" * 32)

    async def announce(signer: PeerKey, **changes: Any) -> None:
        fields = {"peer_id": KEY.id, "address": "", "shard": Shard(1, 2), "files": (file,), "timestamp_s": int(time.time())}
        body = messages.announcement_body(Announcement(**(fields | changes)))
        signature = signer.sign(announcement_digest(NETWORK, body))
        request = pb.AnnounceRequest(session=session, announcement=body, signature=signature)
        await client.call("Announce", request, timeout_s=5)

    await announce(KEY)
    assert network.locations.holders(file) == [KEY.id]
    assert peers_of(full).server.sessions[0].hello.shard == Shard(1, 2)
    with pytest.raises(InvalidInput, match="signature"):
        await announce(OTHER)
    network.scores._entries.clear()
    with pytest.raises(InvalidInput, match="timestamp"):
        await announce(KEY, timestamp_s=int(time.time()) - 100)
    network.scores._entries.clear()
    with pytest.raises(InvalidInput, match="another than"):
        await announce(KEY, peer_id=OTHER.id)
    await client.close()


async def test_a_node_takes_no_one_else_for_its_peer(full: Running, tmp_path: Path, eth: SimulatedEth) -> None:
    other = f"{OTHER.id.hex()}@{full.endpoints.peers_address}"
    async with running(tmp_path / "new", eth, **PEERS | {"storage.peers.bootstrap": (other,)}) as node:
        await asyncio.sleep(0.3)
        assert not peers_of(node).network.connections
    right = f"{full.endpoints.peer_id}@{full.endpoints.peers_address}"
    async with running(tmp_path / "newer", eth, **PEERS | {"storage.peers.bootstrap": (right,)}) as node:
        await node.finalized(0)


async def test_peers_tell_of_peers_and_dial_back(full: Running, tmp_path: Path, eth: SimulatedEth) -> None:
    async with (
        running(tmp_path / "b", eth, **joined(full)) as b,
        running(tmp_path / "c", eth, **joined(b)) as c,
    ):
        every = {node.endpoints.peer_id for node in (full, b, c)}
        for node in (full, b, c):
            mine = every - {node.endpoints.peer_id}
            await until(lambda node=node, mine=mine: {id.hex() for id in peers_of(node).network.connections} == mine)  # type: ignore[misc]
        told = await c.admin("admin_getPeers")
        assert set(told) == every - {c.endpoints.peer_id}
        assert {peer["connectionStatus"]["connectionsOut"] for peer in told.values()} == {1}
        assert told[full.endpoints.peer_id]["listeningAddresses"] == [full.endpoints.peers_address]
        info = await c.admin("admin_getNetworkInfo")
        assert (info["peerId"], info["connectedOutgoingPeers"]) == (c.endpoints.peer_id, 2)
        assert (await c.call("zgs_getStatus"))["connectedPeers"] == 2
        await until(lambda: b.node.store.finalized(0) and c.node.store.finalized(0))
    await until(lambda: not peers_of(full).server.sessions)


async def test_keys_are_private_and_kept(full: Running, tmp_path: Path) -> None:
    path = full.home / "peer.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert PeerKey.load(path).id.hex() == full.endpoints.peer_id
    path.chmod(0o640)
    with pytest.raises(Unauthorized, match="0600"):
        PeerKey.load(path)


async def test_a_closed_connection_is_a_peer_that_is_gone_and_ends_no_task(full: Running) -> None:
    async with peer_of(full, "silent") as peer:
        client, session = await handshake(peer.address, KEY)
        request = pb.GetSegmentsRequest(session=session, file=messages.file_message(full.node.store.tx(0).id), indexes=[0])
        waiting = asyncio.create_task(anext(client.stream("GetSegments", request, timeout_s=20)))  # type: ignore[arg-type]
        await until(lambda: bool(peer.asked))
        await client.close()
        with pytest.raises(Unavailable, match="closed"):
            await waiting
        with pytest.raises(Unavailable, match="closed"):
            await client.call("Ping", pb.PingRequest(session=session), timeout_s=5)
        with pytest.raises(Unavailable, match="closed"):
            await anext(client.stream("GetSegments", request, timeout_s=5))
        again, session = await handshake(peer.address, KEY)
        cancelled = asyncio.create_task(again.call("Ping", pb.PingRequest(session=session), timeout_s=5))
        await asyncio.sleep(0)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        await again.close()

"""Settings of nodes that know each other, waiting, and peers that lie: the real server with some of its answers replaced."""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.unit.storage.harness import CHAIN_ID, FLOW, Running

from zerog.errors import Exhausted
from zerog.runtime.rpc_grpc import Caller, GrpcClient, GrpcServer, service
from zerog.storage.peers.identity import NetworkId, PeerKey, hello_digest, join_digest, verify
from zerog.storage.peers.messages import Address, Announcement, network_message
from zerog.storage.peers.network import SERVICE
from zerog.storage.peers.score import Event
from zerog.storage.peers.server import PeerServer, Serving, Session
from zerog.wire.proto import storage_peers_pb2 as pb

NETWORK = NetworkId(CHAIN_ID, FLOW)
PEERS: dict[str, Any] = {
    "storage.peers.enabled": True,
    "storage.peers.port": 0,
    "storage.sync.idle_ms": 50,
    "storage.sync.backoff_ms": 50,
}
HASTY: dict[str, Any] = {
    "storage.sync.first_timeout_ms": 300,
    "storage.sync.request_timeout_ms": 600,
    "storage.peers.find_timeout_ms": 500,
}


def joined(*others: Any, **more: Any) -> dict[str, Any]:
    """Settings of a node that begins with these: nodes, or addresses."""
    known = tuple(other.endpoints.peers_address if isinstance(other, Running) else str(other) for other in others)
    return PEERS | {"storage.peers.bootstrap": known} | more


async def until(met: Callable[[], bool], timeout_s: float = 20) -> None:
    async with asyncio.timeout(timeout_s):
        while True:
            if met():
                return
            await asyncio.sleep(0.01)


class AnyHost:
    """Lets everybody in and holds nothing against them."""

    def __init__(self) -> None:
        self.noted: list[tuple[bytes, Event]] = []
        self.announcements: list[Announcement] = []

    def admits(self, peer_id: bytes) -> bool:
        return True

    def note(self, peer_id: bytes, event: Event, reason: str) -> bool:
        self.noted.append((peer_id, event))
        return True

    def joined(self, session: Session) -> None: ...

    def announced(self, announcement: Announcement) -> None:
        self.announcements.append(announcement)

    def others(self, peer_id: bytes) -> Sequence[tuple[bytes, Address]]:
        return []

    def sent(self, size_bytes: int) -> None: ...


@dataclass
class Bytes:
    """An answer that is not the message it should be."""

    body: bytes

    def SerializeToString(self) -> bytes:
        return self.body


Change = Callable[[pb.Segment], Any]


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def _proof(segment: pb.Segment) -> pb.Segment:
    lemma = list(segment.lemma)
    lemma[len(lemma) // 2] = flip(lemma[len(lemma) // 2], 3)
    return pb.Segment(index=segment.index, data=segment.data, lemma=lemma, path=segment.path)


CHANGES: dict[str, Change] = {
    "wrong data": lambda s: pb.Segment(index=s.index, data=flip(s.data, len(s.data) // 2), lemma=s.lemma, path=s.path),
    "wrong proof": _proof,
    "wrong side": lambda s: pb.Segment(index=s.index, data=s.data, lemma=s.lemma, path=[not side for side in s.path]),
    "no proof": lambda s: pb.Segment(index=s.index, data=s.data),
    "zeros": lambda s: pb.Segment(index=s.index, data=bytes(len(s.data)), lemma=s.lemma, path=s.path),
    "truncated": lambda s: pb.Segment(index=s.index, data=s.data[:-256], lemma=s.lemma, path=s.path),
    "another index": lambda s: pb.Segment(index=s.index + 1_000_000, data=s.data, lemma=s.lemma, path=s.path),
    "huge": lambda s: pb.Segment(index=s.index, data=bytes(8 << 20), lemma=s.lemma, path=s.path),
    "long proof": lambda s: pb.Segment(index=s.index, data=s.data, lemma=[bytes(32)] * 4000, path=[True] * 4000),
    "junk": lambda s: Bytes(b"\xff" * 100),
    "nothing": lambda s: Bytes(b""),
}


async def handshake(
    address: str, key: PeerKey, network: NetworkId = NETWORK, *, signer: PeerKey | None = None
) -> tuple[GrpcClient, bytes]:
    """A client with a session, from the other side's point of view a peer that owns ``key``."""
    client = GrpcClient(address, SERVICE, receive_bytes_max=1 << 20)
    try:
        nonce = secrets.token_bytes(32)
        shard = pb.Shard(count=1)
        hello = pb.HelloRequest(network=network_message(network), peer_id=key.id, nonce=nonce, shard=shard)
        reply = await client.call("Hello", hello, timeout_s=5)
        assert verify(reply.peer_id, hello_digest(network, nonce, reply.nonce, key.id, reply.peer_id), reply.signature)
        signature = (signer or key).sign(join_digest(network, nonce, reply.nonce, key.id, reply.peer_id))
        joined = await client.call("Join", pb.JoinRequest(nonce=reply.nonce, signature=signature), timeout_s=5)
    except BaseException:
        await client.close()
        raise
    return client, joined.session


@dataclass
class Peer:
    """A peer made for a test."""

    address: str
    id: bytes
    server: PeerServer
    host: AnyHost
    asked: list[list[int]] = field(default_factory=list)


@asynccontextmanager
async def peer_of(node: Running, how: str = "", **serving: Any) -> AsyncIterator[Peer]:
    """A real server over the store of ``node`` under a key of its own, whose segments are as ``how`` says."""
    key, host = PeerKey(secrets.token_bytes(32)), AnyHost()
    settings = dataclasses.replace(Serving(), **serving)
    server = PeerServer(
        node.node.store, node.node.reads, key, NETWORK, host, settings, now_s=time.monotonic, wall_s=time.time
    )  # fmt: skip
    methods: dict[str, Any] = server.methods()
    honest = methods["GetSegments"]
    asked: list[list[int]] = []

    async def segments(request: pb.GetSegmentsRequest, caller: Caller) -> AsyncIterator[Any]:
        asked.append(list(request.indexes))
        if how == "refusing":
            raise Exhausted("not today")
        if how == "silent":
            await asyncio.sleep(60)
        async for segment in honest(request, caller):
            if how == "missing":
                continue
            yield CHANGES[how](segment) if how in CHANGES else segment
            if how == "twice":
                yield segment
            if how == "cut":
                return
            if how == "slow":
                await asyncio.sleep(60)

    methods["GetSegments"] = segments
    grpc_server = GrpcServer(service(SERVICE, methods), "127.0.0.1", 0, receive_bytes_max=32 << 10, calls_max=100)
    port = await grpc_server.start()
    try:
        yield Peer(f"127.0.0.1:{port}", key.id, server, host, asked)
    finally:
        await grpc_server.stop(0)

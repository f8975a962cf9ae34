"""The side that answers: handshakes, sessions, and what a peer may ask for in one of them.

A caller without a session gets only a handshake. Sessions are bounded, each has a budget of calls and of parallel uploads, and
what a peer does wrong is told to ``note``, which may end its session.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from zerog.errors import Corrupt, Exhausted, InvalidInput, NotFound, Unauthorized
from zerog.runtime import log
from zerog.runtime.limits import TokenBucket
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_grpc import Caller, Stream, Unary
from zerog.storage.api import Tx, TxId
from zerog.storage.layout import SEGMENT, Proof
from zerog.storage.peers import messages
from zerog.storage.peers.identity import (
    NONCE_BYTES,
    SESSION_BYTES,
    NetworkId,
    PeerKey,
    announcement_digest,
    hello_digest,
    join_digest,
    verify,
)
from zerog.storage.peers.messages import Address, Announcement, Hello
from zerog.storage.peers.score import Event
from zerog.storage.store import Store
from zerog.wire.proto import storage_peers_pb2 as pb

_log = log.get(__name__)

HELLOS_MAX = 1024
HELLO_LIFE_S = 10.0
SESSION_IDLE_S = 300.0
CALLERS_MAX = 1024


@dataclass(frozen=True)
class Serving:
    """Bounds of the answering side; see ``[storage.peers]`` of default.toml."""

    sessions_max: int = 50
    uploads_max: int = 16
    uploads_per_peer_max: int = 4
    calls_per_s: float = 50
    calls_burst: float = 200
    hellos_per_s: float = 5
    hellos_burst: float = 50
    bytes_per_s: int = 0


@dataclass
class Session:
    """A peer that has shown its key."""

    id: bytes
    hello: Hello
    ip: str
    calls: TokenBucket
    since_s: float
    seen_s: float
    uploads: int = 0
    sent_bytes: int = 0


class Host(Protocol):
    """What the server needs of whoever keeps the peers."""

    def admits(self, peer_id: bytes) -> bool:
        """Whether a peer may have a session: it is neither banned nor dropped."""

    def note(self, peer_id: bytes, event: Event, reason: str) -> bool:
        """Hold something against a peer; whether it may stay."""

    def joined(self, session: Session) -> None: ...
    def announced(self, announcement: Announcement) -> None: ...
    def others(self, peer_id: bytes) -> Sequence[tuple[bytes, Address]]: ...
    def sent(self, size_bytes: int) -> None: ...


class PeerServer:
    """Answers peers of one network from one store.

    Args:
        lane: threads for reads.
        on_damaged: told of a file of which a record failed its check.
        now_s, wall_s: a clock for waiting, and one for timestamps.
    """

    def __init__(
        self,
        store: Store,
        lane: Offload,
        key: PeerKey,
        network: NetworkId,
        host: Host,
        serving: Serving,
        *,
        now_s: Callable[[], float],
        wall_s: Callable[[], float],
        on_damaged: Callable[[int], None] = lambda seq: None,
    ) -> None:
        self._store, self._lane, self._key, self._network, self._host = store, lane, key, network, host
        self._serving, self._now_s, self._wall_s, self._on_damaged = serving, now_s, wall_s, on_damaged
        self._hellos: OrderedDict[bytes, tuple[float, Hello, bytes]] = OrderedDict()
        self._callers: OrderedDict[str, TokenBucket] = OrderedDict()
        self._sessions: dict[bytes, Session] = {}
        self._by_peer: dict[bytes, Session] = {}
        self._uploads = 0
        self._bandwidth = TokenBucket(serving.bytes_per_s, max(serving.bytes_per_s, SEGMENT), now_s)
        self.address = ""

    def methods(self) -> dict[str, Unary | Stream]:
        return {
            "Hello": self._hello,
            "Join": self._join,
            "Ping": self._ping,
            "AskFiles": self._ask_files,
            "GetSegments": self._get_segments,
            "Announce": self._announce,
            "GetPeers": self._get_peers,
            "Goodbye": self._goodbye,
        }

    @property
    def sessions(self) -> list[Session]:
        return list(self._by_peer.values())

    def end(self, peer_id: bytes) -> None:
        """Forget a peer's session."""
        session = self._by_peer.pop(peer_id, None)
        if session is not None:
            self._sessions.pop(session.id, None)

    def expire(self) -> None:
        """Forget sessions and handshakes that nothing was heard of for too long."""
        now_s = self._now_s()
        for session in self.sessions:
            if session.seen_s + SESSION_IDLE_S < now_s:
                self.end(session.hello.peer_id)
        for nonce in [nonce for nonce, (at_s, _, _) in self._hellos.items() if at_s + HELLO_LIFE_S < now_s]:
            del self._hellos[nonce]

    # --- handshake ----------------------------------------------------------------------------------------------------

    async def _hello(self, request: pb.HelloRequest, caller: Caller) -> pb.HelloReply:
        self._slow_down(caller)
        if not messages.same_network(request.network, self._network):
            raise NotFound("another network")
        hello = messages.read_hello(request)
        if hello.peer_id == self._key.id:
            raise InvalidInput("peer_id: this is myself")
        if not self._host.admits(hello.peer_id):
            raise Unauthorized("not welcome for a while")
        self.expire()
        while len(self._hellos) >= HELLOS_MAX:
            self._hellos.popitem(last=False)
        nonce = secrets.token_bytes(NONCE_BYTES)
        self._hellos[nonce] = (self._now_s(), hello, nonce)
        digest = hello_digest(self._network, hello.nonce, nonce, hello.peer_id, self._key.id)
        return pb.HelloReply(
            network=messages.network_message(self._network),
            peer_id=self._key.id,
            nonce=nonce,
            shard=messages.shard_message(self._store.shard),
            address=self.address,
            signature=self._key.sign(digest),
        )

    async def _join(self, request: pb.JoinRequest, caller: Caller) -> pb.JoinReply:
        found = self._hellos.pop(request.nonce, None)
        if found is None or found[0] + HELLO_LIFE_S < self._now_s():
            raise Unauthorized("no such handshake: say hello first")
        _, hello, nonce = found
        digest = join_digest(self._network, hello.nonce, nonce, hello.peer_id, self._key.id)
        if not verify(hello.peer_id, digest, request.signature):
            raise Unauthorized("the signature is not that of peer_id")
        if not self._host.admits(hello.peer_id):
            raise Unauthorized("not welcome for a while")
        self.end(hello.peer_id)
        if len(self._sessions) >= self._serving.sessions_max:
            raise Exhausted("too many peers")
        now_s = self._now_s()
        calls = TokenBucket(self._serving.calls_per_s, self._serving.calls_burst, self._now_s)
        session = Session(secrets.token_bytes(SESSION_BYTES), hello, caller.ip, calls, now_s, now_s)
        self._sessions[session.id] = self._by_peer[hello.peer_id] = session
        self._host.joined(session)
        return pb.JoinReply(session=session.id)

    def _slow_down(self, caller: Caller) -> None:
        """Handshakes cost us a signature: each address has a budget of them."""
        bucket = self._callers.get(caller.ip)
        if bucket is None:
            while len(self._callers) >= CALLERS_MAX:
                self._callers.popitem(last=False)
            bucket = self._callers[caller.ip] = TokenBucket(self._serving.hellos_per_s, self._serving.hellos_burst, self._now_s)
        if not bucket.take():
            raise Exhausted("too many handshakes from this address")

    def _session(self, id: bytes) -> Session:
        session = self._sessions.get(id)
        if session is None:
            raise Unauthorized("no such session: say hello first")
        session.seen_s = self._now_s()
        if not session.calls.take():
            self._blame(session, Event.FLOOD, "too many calls")
            raise Exhausted("too many calls")
        return session

    def _blame(self, session: Session, event: Event, reason: str) -> None:
        if not self._host.note(session.hello.peer_id, event, reason):
            self.end(session.hello.peer_id)

    # --- in a session -------------------------------------------------------------------------------------------------

    async def _ping(self, request: pb.PingRequest, caller: Caller) -> pb.PingReply:
        self._session(request.session)
        return pb.PingReply(shard=messages.shard_message(self._store.shard), next_seq=self._store.next_seq)

    async def _ask_files(self, request: pb.AskFilesRequest, caller: Caller) -> pb.AskFilesReply:
        session = self._session(request.session)
        try:
            files = messages.read_files(request.files)
        except InvalidInput as error:
            self._blame(session, Event.INVALID, str(error))
            raise
        held = await self._lane.run(lambda: [file for file in files if self._holds(file)])
        shard = messages.shard_message(self._store.shard)
        return pb.AskFilesReply(shard=shard, files=[messages.file_message(file) for file in held])

    def _holds(self, file: TxId) -> bool:
        if not self._store.finalized(file.seq):
            return False
        tx = self._store.find_tx(file.seq)
        return tx is not None and tx.id == file and len(self._store.shard.segments(tx)) > 0

    async def _get_segments(self, request: pb.GetSegmentsRequest, caller: Caller) -> AsyncIterator[pb.Segment]:
        session = self._session(request.session)
        serving = self._serving
        try:
            file, indexes = messages.read_file(request.file), messages.read_indexes(request)
        except InvalidInput as error:
            self._blame(session, Event.INVALID, str(error))
            raise
        tx = await self._lane.run(self._store.find_tx, file.seq)
        if tx is None or tx.id != file:
            raise NotFound("no such file here")  # a reorganisation may be on its way to one of us
        if indexes[-1] >= tx.layout.data_segments:
            self._blame(session, Event.INVALID, "segments beyond the file")
            raise InvalidInput(f"indexes: expected below {tx.layout.data_segments}, found {indexes[-1]}")
        if session.uploads >= serving.uploads_per_peer_max or self._uploads >= serving.uploads_max:
            raise Exhausted("too many transfers")
        session.uploads += 1
        self._uploads += 1
        try:
            for index in indexes:
                try:
                    found = await self._lane.run(self._read, tx, index)
                except Corrupt:
                    self._on_damaged(tx.seq)
                    continue
                if found is None:
                    continue
                await self._pace(len(found[0]))
                yield messages.segment_message(index, *found)
                session.sent_bytes += len(found[0])
                session.seen_s = self._now_s()
                self._host.sent(len(found[0]))
        finally:
            session.uploads -= 1
            self._uploads -= 1

    async def _pace(self, size_bytes: int) -> None:
        """Wait until there is bandwidth left; the deadline of the stream ends it."""
        while True:
            if not self._serving.bytes_per_s or self._bandwidth.take(size_bytes):
                return
            await asyncio.sleep(0.05)

    def _read(self, tx: Tx, index: int) -> tuple[bytes, Proof] | None:
        if self._store.pruned(tx.seq):
            return None
        data, proof = self._store.segment(tx.seq, index), self._store.proof(tx.seq, index)
        return None if data is None or proof is None else (data, proof)

    async def _announce(self, request: pb.AnnounceRequest, caller: Caller) -> pb.AnnounceReply:
        session = self._session(request.session)
        peer_id = session.hello.peer_id
        try:
            if not verify(peer_id, announcement_digest(self._network, request.announcement), request.signature):
                raise InvalidInput("signature: not that of the peer")
            announcement = messages.read_announcement(request.announcement, self._wall_s())
            if announcement.peer_id != peer_id:
                raise InvalidInput("peer_id: another than that of the session")
        except InvalidInput as error:
            self._blame(session, Event.INVALID, str(error))
            raise
        self._host.announced(announcement)
        return pb.AnnounceReply()

    async def _get_peers(self, request: pb.GetPeersRequest, caller: Caller) -> pb.GetPeersReply:
        session = self._session(request.session)
        found = self._host.others(session.hello.peer_id)[: messages.PEERS_MAX]
        return pb.GetPeersReply(peers=[pb.Peer(peer_id=id, address=str(address)) for id, address in found])

    async def _goodbye(self, request: pb.GoodbyeRequest, caller: Caller) -> pb.GoodbyeReply:
        session: Any = self._sessions.get(request.session)
        if session is not None:
            self.end(session.hello.peer_id)
            _log.info("peer.left", peer=session.hello.peer_id.hex()[:12], reason=request.reason)
        return pb.GoodbyeReply()

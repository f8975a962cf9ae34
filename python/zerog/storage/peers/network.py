"""The side that asks: who is known, who is connected, what they hold, and what is held against them.

Addresses come from the settings, from other peers and from those that connect to us. A loop keeps up to ``peers_max``
connections; each begins with a handshake in which both sides show their keys. Everything has a deadline, every table a bound.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from zerog.errors import (
    Exhausted,
    InvalidInput,
    NotFound,
    PeerFault,
    TimedOut,
    Unauthorized,
    Unavailable,
    ZerogError,
)
from zerog.runtime import log
from zerog.runtime.rpc_grpc import GrpcClient
from zerog.runtime.tasks import Tasks
from zerog.storage.api import Shard, Tx, TxId
from zerog.storage.layout import Segment
from zerog.storage.metrics import PeerMetrics
from zerog.storage.peers import messages
from zerog.storage.peers.identity import NONCE_BYTES, NetworkId, PeerKey, announcement_digest, hello_digest, join_digest, verify
from zerog.storage.peers.locations import Locations
from zerog.storage.peers.messages import Address, Announcement
from zerog.storage.peers.score import Event, Scores, Standing
from zerog.storage.peers.server import Session
from zerog.storage.store import Store
from zerog.wire.proto import storage_peers_pb2 as pb

_log = log.get(__name__)

SERVICE: Final = pb.DESCRIPTOR.services_by_name["Peers"]
BOOK_MAX: Final = 1000
ANNOUNCE_WAITING_MAX: Final = 10_000
AHEAD_MAX: Final = 10_000
"""Announced files that the own log has not reached yet are remembered up to so far ahead of it."""
TRANSFERS_MAX: Final = 4
"""Requests for segments to one peer at one moment: as many as a peer of default settings takes."""


@dataclass(frozen=True)
class Dialing:
    """How peers are sought and asked; see ``[storage.peers]`` and ``[storage.sync]`` of default.toml."""

    peers_max: int = 50
    connect_timeout_s: float = 15
    find_timeout_s: float = 5
    request_timeout_s: float = 15
    first_timeout_s: float = 5
    dial_interval_s: float = 1
    ping_interval_s: float = 15
    exchange_interval_s: float = 60
    announce_interval_s: float = 0.5
    retry_min_s: float = 1
    retry_max_s: float = 120


@dataclass
class _Known:
    """An address, and when it is worth a try."""

    address: Address
    fixed: bool = False
    pinned_id: bytes | None = None
    pause_s: float = 0
    next_s: float = 0


@dataclass
class Connection:
    """A peer that we may ask."""

    peer_id: bytes
    address: Address
    client: GrpcClient
    session: bytes
    shard: Shard
    since_s: float
    seen_s: float
    next_seq: int = 0
    transfers: int = 0
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(TRANSFERS_MAX))
    received_bytes: int = 0


@dataclass
class Fetched:
    """What a request for segments brought: those of the right form, and why it ended early if it did."""

    segments: list[Segment]
    fault: ZerogError | None


class Network:
    """The peers of one node.

    Args:
        now_s, wall_s: a clock for waiting, and one for timestamps.
        on_announced: told of files that a peer has complete now.
    """

    def __init__(
        self,
        store: Store,
        key: PeerKey,
        network: NetworkId,
        dialing: Dialing,
        scores: Scores,
        locations: Locations,
        numbers: PeerMetrics,
        *,
        now_s: Callable[[], float],
        wall_s: Callable[[], float],
        on_announced: Callable[[Sequence[TxId]], None] = lambda files: None,
    ) -> None:
        self._store, self._key, self._network, self._dialing = store, key, network, dialing
        self.scores, self.locations, self._numbers = scores, locations, numbers
        self._now_s, self._wall_s, self._on_announced = now_s, wall_s, on_announced
        self._book: dict[Address, _Known] = {}
        self._own: set[Address] = set()
        self.connections: dict[bytes, Connection] = {}
        self.sessions: Callable[[], Sequence[Session]] = lambda: []
        self.end_session: Callable[[bytes], None] = lambda peer_id: None
        self.address = ""
        self._to_announce: dict[TxId, None] = {}
        self._announce_shard = False
        self._announce_wake = asyncio.Event()
        self._dial_wake = asyncio.Event()
        self._closing: list[tuple[Connection, pb.Reason]] = []
        self._dialing_now: set[Address] = set()

    # --- the book -----------------------------------------------------------------------------------------------------

    def know(self, address: Address, *, fixed: bool = False, pinned_id: bytes | None = None) -> None:
        """An address worth trying; ``fixed`` ones are never forgotten, ``pinned_id`` is who must answer there."""
        if address in self._own or address in self._book:
            return
        if not fixed and address.is_local and not (self.address and Address.parse(self.address).is_local):
            return  # a stranger's word does not make us call ports of this machine
        if len(self._book) >= BOOK_MAX:
            loose = [known for known in self._book.values() if not known.fixed and known.address not in self._connected()]
            if not loose:
                return
            del self._book[max(loose, key=lambda known: known.pause_s).address]
        self._book[address] = _Known(address, fixed, pinned_id)
        self._dial_wake.set()

    def _connected(self) -> set[Address]:
        return {connection.address for connection in self.connections.values()}

    # --- what the server asks -----------------------------------------------------------------------------------------

    def admits(self, peer_id: bytes) -> bool:
        return self.scores.standing(peer_id) is Standing.GOOD

    def note(self, peer_id: bytes, event: Event, reason: str, count: int = 1) -> bool:
        before = self.scores.standing(peer_id)
        standing = self.scores.note(peer_id, event, count)
        if event is not Event.GOOD:
            self._numbers.faults.labels(event.name.lower()).inc(count)
            _log.info("peer.fault", peer=peer_id.hex()[:12], fault=event.name.lower(), reason=reason[:200],
                      score=round(self.scores.score(peer_id), 1))  # fmt: skip
        if standing is not Standing.GOOD and before is Standing.GOOD:
            _log.warning("peer.put_off", peer=peer_id.hex()[:12], standing=standing.value, reason=reason[:200])
            self._leave(peer_id, pb.BANNED if standing is Standing.BANNED else pb.BAD_SCORE)
        return standing is Standing.GOOD

    def joined(self, session: Session) -> None:
        _log.info("peer.joined", peer=session.hello.peer_id.hex()[:12], address=session.hello.address or "none")
        if session.hello.address:
            self.know(Address.parse(session.hello.address))

    def announced(self, announcement: Announcement) -> None:
        connection = self.connections.get(announcement.peer_id)
        if connection is not None:
            connection.shard = announcement.shard
        for session in self.sessions():
            if session.hello.peer_id == announcement.peer_id:
                session.hello = messages.Hello(
                    announcement.peer_id, session.hello.nonce, announcement.shard, session.hello.address
                )
        near = [file for file in announcement.files if file.seq < self._store.next_seq + AHEAD_MAX]
        for file in near:
            self.locations.add(file, announcement.peer_id)
        self._on_announced(near)

    def others(self, peer_id: bytes) -> list[tuple[bytes, Address]]:
        found = [(c.peer_id, c.address) for c in self.connections.values() if c.peer_id != peer_id]
        return found[: messages.PEERS_MAX]

    def sent(self, size_bytes: int) -> None:
        self._numbers.sent.inc(size_bytes)

    def _leave(self, peer_id: bytes, reason: pb.Reason) -> None:
        self.end_session(peer_id)
        connection = self.connections.pop(peer_id, None)
        if connection is not None:
            self._closing.append((connection, reason))
            known = self._book.get(connection.address)
            if known is not None:
                known.pause_s = self._dialing.retry_max_s
                known.next_s = self._now_s() + known.pause_s
            self._dial_wake.set()

    # --- loops --------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Keep peers until cancelled; says goodbye to all of them then."""
        try:
            async with Tasks() as tasks:
                tasks.start_background(self._dial_all(tasks), "peers.dial")
                tasks.start_background(self._ping_all(), "peers.ping")
                tasks.start_background(self._announce_all(), "peers.announce")
                await asyncio.get_running_loop().create_future()
        finally:
            leaving = [(connection, pb.SHUTDOWN) for connection in self.connections.values()] + self._closing
            self.connections.clear()
            self._closing = []
            await asyncio.gather(*(self._close(connection, reason) for connection, reason in leaving))

    async def _close(self, connection: Connection, reason: pb.Reason) -> None:
        try:
            request = pb.GoodbyeRequest(session=connection.session, reason=reason)
            await connection.client.call("Goodbye", request, timeout_s=1)
        except ZerogError:
            pass  # it may be gone already
        finally:
            await connection.client.close()

    async def _dial_all(self, tasks: Tasks) -> None:
        while True:
            self._dial_wake.clear()
            closing, self._closing = self._closing, []
            for connection, reason in closing:
                tasks.start(self._close(connection, reason), "peers.close")
            connected = self._connected()
            room = self._dialing.peers_max - len(self.connections) - len(self._dialing_now)
            due = [
                known
                for known in self._book.values()
                if known.next_s <= self._now_s() and known.address not in connected and known.address not in self._dialing_now
            ]
            for known in sorted(due, key=lambda known: (not known.fixed, known.next_s))[: max(0, room)]:
                self._dialing_now.add(known.address)
                tasks.start(self._dial(known), "peers.connect")
            self._numbers.connected.labels("out").set(len(self.connections))
            self._numbers.connected.labels("in").set(len(self.sessions()))
            self._numbers.banned.set(self.scores.banned_count)
            try:
                async with asyncio.timeout(self._dialing.dial_interval_s):
                    await self._dial_wake.wait()
            except TimeoutError:
                pass

    async def _dial(self, known: _Known) -> None:
        try:
            connection = await self._connect(known)
        except (ZerogError, ValueError) as error:
            _log.debug("peer.unreachable", address=str(known.address), reason=str(error))
            known.pause_s = min(max(2 * known.pause_s, self._dialing.retry_min_s), self._dialing.retry_max_s)
            known.next_s = self._now_s() + known.pause_s * (1 + secrets.randbelow(256) / 1024)
            if not known.fixed and known.pause_s >= self._dialing.retry_max_s and known.address in self._book:
                del self._book[known.address]
        else:
            known.pause_s = 0
            if connection is not None:
                _log.info("peer.connected", peer=connection.peer_id.hex()[:12], address=str(known.address),
                          shard=str(connection.shard))  # fmt: skip
                await self._exchange(connection)
        finally:
            self._dialing_now.discard(known.address)
            self._dial_wake.set()

    async def _connect(self, known: _Known) -> Connection | None:
        """A handshake; None when it turns out to be this node, or one that is connected already."""
        client = GrpcClient(str(known.address), SERVICE, receive_bytes_max=messages.REPLY_BYTES_MAX)
        kept = False
        try:
            nonce = secrets.token_bytes(NONCE_BYTES)
            request = pb.HelloRequest(
                network=messages.network_message(self._network),
                peer_id=self._key.id,
                nonce=nonce,
                shard=messages.shard_message(self._store.shard),
                address=self.address,
            )
            try:
                reply: pb.HelloReply = await client.call("Hello", request, timeout_s=self._dialing.connect_timeout_s)
            except InvalidInput as error:
                if "this is myself" in str(error):
                    self._own.add(known.address)
                    self._book.pop(known.address, None)
                    return None
                raise
            if not messages.same_network(reply.network, self._network):
                raise PeerFault(f"{known.address} is of another network")
            hello = messages.read_hello(reply)
            digest = hello_digest(self._network, nonce, hello.nonce, self._key.id, hello.peer_id)
            if not verify(hello.peer_id, digest, reply.signature):
                raise PeerFault(f"{known.address} does not have the key of its name")
            if known.pinned_id is not None and known.pinned_id != hello.peer_id:
                raise PeerFault(f"{known.address} is {hello.peer_id.hex()}, expected {known.pinned_id.hex()}")
            if not self.admits(hello.peer_id):
                raise PeerFault(f"{known.address} is {self.scores.standing(hello.peer_id).value}")
            if hello.peer_id in self.connections:
                known.next_s = self._now_s() + self._dialing.retry_max_s
                return None
            signature = self._key.sign(join_digest(self._network, nonce, hello.nonce, self._key.id, hello.peer_id))
            joined: pb.JoinReply = await client.call(
                "Join", pb.JoinRequest(nonce=hello.nonce, signature=signature), timeout_s=self._dialing.connect_timeout_s
            )
            if hello.peer_id in self.connections or not self.admits(hello.peer_id):
                return None
            now_s = self._now_s()
            connection = Connection(hello.peer_id, known.address, client, joined.session, hello.shard, now_s, now_s)
            self.connections[hello.peer_id] = connection
            kept = True
            return connection
        finally:
            if not kept:
                await client.close()

    async def _exchange(self, connection: Connection) -> None:
        """Ask a peer for others."""
        try:
            reply = await self._call(connection, "GetPeers", pb.GetPeersRequest(session=connection.session))
            if reply is not None:
                for _, address in messages.read_peers(reply):
                    self.know(address)
        except InvalidInput as error:
            self.note(connection.peer_id, Event.INVALID, str(error))

    async def _ping_all(self) -> None:
        exchanged_s = self._now_s()
        while True:
            await asyncio.sleep(self._dialing.ping_interval_s)
            connections = list(self.connections.values())
            await asyncio.gather(*(self._ping(connection) for connection in connections))
            if self._now_s() - exchanged_s >= self._dialing.exchange_interval_s:
                exchanged_s = self._now_s()
                await asyncio.gather(*(self._exchange(connection) for connection in connections))

    async def _ping(self, connection: Connection) -> None:
        reply = await self._call(connection, "Ping", pb.PingRequest(session=connection.session))
        if reply is not None:
            try:
                connection.shard, connection.next_seq = messages.read_shard(reply.shard), reply.next_seq
            except InvalidInput as error:
                self.note(connection.peer_id, Event.INVALID, str(error))

    async def _call(self, connection: Connection, name: str, request: Any) -> Any:
        """A call to a connected peer; None when it failed, which is noted."""
        try:
            reply = await connection.client.call(name, request, timeout_s=self._dialing.find_timeout_s)
        except ZerogError as error:
            self.failed(connection, error)
            return None
        connection.seen_s = self._now_s()
        return reply

    def failed(self, connection: Connection, error: ZerogError, *, progress: bool = False) -> None:
        """Hold a failed call against a peer, less so when it brought something; one that is gone is connected to anew."""
        event = {
            PeerFault: Event.INVALID, InvalidInput: Event.INVALID, TimedOut: Event.LATE, Exhausted: Event.REFUSED,
            NotFound: Event.REFUSED,
        }.get(type(error), Event.UNREACHABLE)  # fmt: skip
        if event is Event.LATE and progress:
            event = Event.REFUSED
        self.note(connection.peer_id, event, str(error))
        if isinstance(error, Unavailable | Unauthorized) and self.connections.get(connection.peer_id) is connection:
            del self.connections[connection.peer_id]
            self._closing.append((connection, pb.UNKNOWN))
            known = self._book.get(connection.address)
            if known is not None:
                known.next_s = self._now_s() + self._dialing.retry_min_s
            self._dial_wake.set()

    # --- files --------------------------------------------------------------------------------------------------------

    async def ask(self, files: Sequence[TxId]) -> None:
        """Ask every connected peer which of these files it holds, within the time for finding; answers go to ``locations``."""
        connections = list(self.connections.values())
        await asyncio.gather(*(self._ask(connection, files) for connection in connections))

    async def _ask(self, connection: Connection, files: Sequence[TxId]) -> None:
        for at in range(0, len(files), messages.FILES_MAX):
            wanted = files[at : at + messages.FILES_MAX]
            request = pb.AskFilesRequest(session=connection.session, files=[messages.file_message(file) for file in wanted])
            reply = await self._call(connection, "AskFiles", request)
            if reply is None:
                return
            try:
                connection.shard = messages.read_shard(reply.shard)
                held = [messages.read_file(file) for file in reply.files[: len(wanted) + 1]]
                if not set(held) <= set(wanted) or len(held) > len(wanted):
                    raise InvalidInput("files: found some that were not asked for")
            except InvalidInput as error:
                self.note(connection.peer_id, Event.INVALID, str(error))
                return
            for file in held:
                self.locations.add(file, connection.peer_id)

    def holders(self, file: TxId) -> list[Connection]:
        """Connected peers that said they hold a file, the best first."""
        found = [self.connections[id] for id in self.locations.holders(file) if id in self.connections]
        found.sort(key=lambda c: (c.transfers, -self.scores.score(c.peer_id), secrets.randbits(16)))
        return found

    async def fetch(self, connection: Connection, tx: Tx, indexes: Sequence[int]) -> Fetched:
        """Ask a peer for segments of a file. What comes back has the right form and nothing else: check the proofs.

        Waits for one of the peer's four slots. Then the first must come within ``first_timeout_s``, all within
        ``request_timeout_s``; what came until then is returned.
        """
        connection.transfers += 1
        try:
            async with connection.slots:
                if self.connections.get(connection.peer_id) is not connection:
                    return Fetched([], NotFound(f"{connection.address} has left"))
                return await self._fetch(connection, tx, indexes)
        finally:
            connection.transfers -= 1

    async def _fetch(self, connection: Connection, tx: Tx, indexes: Sequence[int]) -> Fetched:
        request = pb.GetSegmentsRequest(session=connection.session, file=messages.file_message(tx.id), indexes=indexes)
        segments: list[Segment] = []
        left = set(indexes)
        stream = connection.client.stream(
            "GetSegments", request, timeout_s=self._dialing.request_timeout_s, first_timeout_s=self._dialing.first_timeout_s
        )
        try:
            async with asyncio.timeout(self._dialing.request_timeout_s):
                async for message in stream:
                    segment = messages.read_segment(message, tx, left)
                    left.discard(segment.index)
                    segments.append(segment)
                    connection.received_bytes += len(segment.data)
                    self._numbers.received.inc(len(segment.data))
        except TimeoutError:
            return Fetched(segments, TimedOut(f"{connection.address}: segments took too long"))
        except ZerogError as error:
            return Fetched(segments, error)
        finally:
            await stream.aclose()  # type: ignore[attr-defined]
        connection.seen_s = self._now_s()
        return Fetched(segments, None)

    # --- announcements ------------------------------------------------------------------------------------------------

    def announce(self, file: TxId) -> None:
        """A file is complete here: tell the neighbours soon, with others."""
        if len(self._to_announce) < ANNOUNCE_WAITING_MAX:
            self._to_announce[file] = None
            self._announce_wake.set()

    def announce_shard(self) -> None:
        self._announce_shard = True
        self._announce_wake.set()

    async def _announce_all(self) -> None:
        while True:
            await self._announce_wake.wait()
            await asyncio.sleep(self._dialing.announce_interval_s)
            self._announce_wake.clear()
            while self._to_announce or self._announce_shard:
                self._announce_shard = False
                files = tuple(self._to_announce)[: messages.FILES_MAX]
                for file in files:
                    del self._to_announce[file]
                body = messages.announcement_body(
                    Announcement(self._key.id, self.address, self._store.shard, files, int(self._wall_s()))
                )
                signature = self._key.sign(announcement_digest(self._network, body))
                sends: list[Coroutine[Any, Any, Any]] = [
                    self._call(
                        connection, "Announce",
                        pb.AnnounceRequest(session=connection.session, announcement=body, signature=signature),
                    )
                    for connection in self.connections.values()
                ]  # fmt: skip
                await asyncio.gather(*sends)

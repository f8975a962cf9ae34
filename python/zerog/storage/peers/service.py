"""The peers of a storage node as a service: listening, connecting, fetching; and what the admin surface is told of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry

from zerog.errors import ConfigError, InvalidInput
from zerog.runtime import log
from zerog.runtime.config import StorageConfig
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_grpc import GrpcServer, service
from zerog.runtime.service import Ready
from zerog.runtime.tasks import Tasks
from zerog.storage.api import PROTOCOL_VERSION, PeerLocation, Tx
from zerog.storage.ingest import Ingest
from zerog.storage.metrics import PeerMetrics
from zerog.storage.peers import messages
from zerog.storage.peers.identity import ID_BYTES, KEY_FILE, NetworkId, PeerKey
from zerog.storage.peers.locations import Locations
from zerog.storage.peers.messages import Address
from zerog.storage.peers.network import SERVICE, Dialing, Network
from zerog.storage.peers.score import Scores, Standing
from zerog.storage.peers.server import PeerServer, Serving
from zerog.storage.store import Store
from zerog.storage.sync.file_sync import FileSync, Plan

_log = log.get(__name__)


class PeerService:
    """One node's peers; ``zerog.storage.api.Peers`` for the admin surface.

    Args:
        lane: threads for reads and checks.

    Raises:
        ConfigError: an address in the settings is none. Unauthorized: others may read the key file.
    """

    name = "peers"

    def __init__(
        self, config: StorageConfig, store: Store, ingest: Ingest, lane: Offload, registry: CollectorRegistry, *,
        chain_id: int, flow: bytes,
    ) -> None:  # fmt: skip
        self._config, self._store = config, store
        peers, sync = config.peers, config.sync
        self.key = PeerKey.load(Path(peers.key_file) if peers.key_file else Path(config.home) / KEY_FILE)
        self._numbers = PeerMetrics(registry)
        network_id = NetworkId(chain_id, flow)
        dialing = Dialing(
            peers_max=peers.peers_max, connect_timeout_s=peers.connect_timeout_ms / 1000,
            find_timeout_s=peers.find_timeout_ms / 1000,
            request_timeout_s=sync.request_timeout_ms / 1000,
            first_timeout_s=sync.first_timeout_ms / 1000, ping_interval_s=peers.ping_s,
        )  # fmt: skip
        self.network = Network(
            store, self.key, network_id, dialing, Scores(time.monotonic, ban_s=peers.ban_s),
            Locations(time.monotonic, files_max=peers.locations_max, expire_s=peers.locations_expire_s), self._numbers,
            now_s=time.monotonic, wall_s=time.time, on_announced=lambda files: self.sync.announced(files),
        )  # fmt: skip
        serving = Serving(sessions_max=peers.peers_max, uploads_max=peers.uploads_max, bytes_per_s=peers.upload_bytes_per_s)
        self.server = PeerServer(
            store, lane, self.key, network_id, self.network, serving,
            now_s=time.monotonic, wall_s=time.time, on_damaged=lambda seq: self.on_damaged(seq),
        )  # fmt: skip
        self.network.sessions = lambda: self.server.sessions
        self.network.end_session = self.server.end
        plan = Plan(
            sync.auto, sync.files_max, sync.random_max, sync.sequential_max, sync.requests_per_file, sync.segments_per_request,
            sync.failures_max, sync.idle_ms / 1000, sync.backoff_ms / 1000,
        )  # fmt: skip
        self.sync = FileSync(store, ingest, self.network, lane, plan, self._numbers, now_s=time.monotonic)
        self.port = 0
        # Told of a file of which a record failed its check when a peer asked for it.
        self.on_damaged: Callable[[int], None] = lambda seq: None
        for text in peers.bootstrap:
            try:
                id, at, address = text.rpartition("@")
                pinned = bytes.fromhex(id) if at else None
                if pinned is not None and len(pinned) != ID_BYTES:
                    raise InvalidInput(f"id: expected {ID_BYTES} bytes of hex, found {id!r}")
                self.network.know(Address.parse(address), fixed=True, pinned_id=pinned)
            except ValueError as error:
                message = f"storage.peers.bootstrap: {error}"
                raise ConfigError(message, key="storage.peers.bootstrap", value=text, origin="") from None

    @property
    def address(self) -> str:
        """What others are told to dial; empty before the service runs."""
        return self.network.address

    async def run(self, ready: Ready) -> None:
        peers = self._config.peers
        loop = asyncio.get_running_loop()
        handler = service(SERVICE, self.server.methods())
        server = GrpcServer(
            handler, peers.host, peers.port, receive_bytes_max=messages.REQUEST_BYTES_MAX, calls_max=8 * peers.peers_max
        )
        self.port = await server.start()
        try:
            self._name_address()

            def finalized(tx: Tx) -> None:
                loop.call_soon_threadsafe(self.network.announce, tx.id)

            self._store.on_finalized = finalized
            async with Tasks() as tasks:
                tasks.start_background(self.network.run(), "peers.network")
                tasks.start_background(self.sync.run(), "peers.sync")
                tasks.start_background(self._upkeep(), "peers.upkeep")
                ready()
                await loop.create_future()
        finally:
            self._store.on_finalized = lambda tx: None
            await server.stop()

    def _name_address(self) -> None:
        peers = self._config.peers
        host = self._config.public_ip
        text = peers.address or (f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}")
        try:
            address = Address.parse(text)
        except InvalidInput as error:
            message = f"storage.peers.address: {error}"
            raise ConfigError(message, key="storage.peers.address", value=text, origin="") from None
        self.network.address = self.server.address = str(address)

    async def _upkeep(self) -> None:
        while True:
            self.server.expire()
            scores = [self.network.scores.score(peer_id) for peer_id in self.network.connections]
            self._numbers.score.labels("lowest").set(min(scores, default=0))
            self._numbers.score.labels("highest").set(max(scores, default=0))
            await asyncio.sleep(1)

    # --- zerog.storage.api.Peers --------------------------------------------------------------------------------------

    @property
    def connected(self) -> int:
        return len(self._ids())

    def _ids(self) -> set[bytes]:
        return set(self.network.connections) | {session.hello.peer_id for session in self.server.sessions}

    def network_info(self) -> dict[str, Any]:
        scores = self.network.scores
        return {
            "peerId": self.key.id.hex(),
            "listenAddresses": [self.address] if self.address else [],
            "totalPeers": self.connected + scores.banned_count,
            "bannedPeers": scores.banned_count,
            "disconnectedPeers": 0,
            "connectedPeers": self.connected,
            "connectedOutgoingPeers": len(self.network.connections),
            "connectedIncomingPeers": len(self.server.sessions),
        }

    def peers(self) -> dict[str, Any]:
        now_s = time.monotonic()
        sessions = {session.hello.peer_id: session for session in self.server.sessions}
        found = {}
        for id in sorted(self._ids()):
            connection, session = self.network.connections.get(id), sessions.get(id)
            address = str(connection.address) if connection is not None else ""
            if not address and session is not None:
                address = session.hello.address
            seen_s = max(connection.seen_s if connection is not None else 0, session.seen_s if session is not None else 0)
            ip = connection.address.host if connection is not None else session.ip if session is not None else ""
            version = ".".join(str(part) for part in PROTOCOL_VERSION)
            found[id.hex()] = {
                "client": {"version": version, "os": "", "protocol": "zerog.storage.peers.v1", "agent": "zerog"},
                "connectionStatus": {
                    "status": "connected" if self.network.scores.standing(id) is Standing.GOOD else "disconnecting",
                    "connectionsIn": int(session is not None),
                    "connectionsOut": int(connection is not None),
                    "lastSeenSecs": int(now_s - seen_s),
                },
                "listeningAddresses": [address] if address else [],
                "seenIps": [ip] if ip else [],
                "isTrusted": False,
                "connectionDirection": "outgoing" if connection is not None else "incoming",
                "enr": None,
                "score": round(self.network.scores.score(id), 2),
                "receivedBytes": 0 if connection is None else connection.received_bytes,
                "sentBytes": 0 if session is None else session.sent_bytes,
            }
        return found

    async def find(self, tx: Tx) -> None:
        await self.network.ask([tx.id])

    def locations(self, tx: Tx) -> Sequence[PeerLocation]:
        return [PeerLocation(connection.address.host, connection.shard) for connection in self.network.holders(tx.id)]

    async def start_file(self, tx: Tx) -> None:
        self.sync.order(tx)

    async def start_chunks(self, tx: Tx, start: int, end: int) -> None:
        self.sync.order(tx, start, end)

    async def terminate(self, seq: int) -> bool:
        return await self.sync.terminate(seq)

    def service_state(self) -> dict[str, Any]:
        return self.sync.service_state()

    def status(self, seq: int) -> str:
        return self.sync.status(seq)

    def info(self, seq: int | None) -> dict[str, Any]:
        return self.sync.info(seq)

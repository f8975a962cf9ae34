"""The storage node from its settings to its last shutdown step.

Start-up, in order: lock the directory, open the store (which finishes what a crash interrupted), ask the chain who it is,
follow its log, listen. A chain that does not answer is waited for; what is already here is served as soon as the chain is
known once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from prometheus_client import CollectorRegistry

from zerog.contracts import registry as contracts
from zerog.errors import ConfigError, Exhausted, InvalidInput, Unavailable
from zerog.runtime import disk, log, metrics, process
from zerog.runtime.config import Config, StorageConfig
from zerog.runtime.eth import Eth, SendingEth, known_chain, open_eth
from zerog.runtime.node import Node
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_http import Bounds, Doors, Method, RpcServer, Site, Stats
from zerog.runtime.service import Ready, Service
from zerog.runtime.tasks import Tasks
from zerog.storage.api import Peers, Shard, Tx
from zerog.storage.erasure.surface import ErasureSurface
from zerog.storage.frames_http import SegmentRoutes
from zerog.storage.ingest import Ingest, Limits
from zerog.storage.metrics import PrunerMetrics, StorageMetrics
from zerog.storage.miner import MinerService
from zerog.storage.peers.service import PeerService
from zerog.storage.pruner import Pruner, Pruning
from zerog.storage.rpc import AdminSurface, Surface
from zerog.storage.store import FAMILIES, Store
from zerog.storage.sync.log_sync import LogSync, Reading
from zerog.store.kv import scrub
from zerog.store.rocks import RocksKv
from zerog.types import parse_address

_log = log.get(__name__)

TOKEN_FILE = "admin.token"
_WATCH_S = 0.5
_FREE_TO_START_BYTES = 8 << 20


@dataclass
class Endpoints:
    """Where a running node answers; ports are the ones that were taken."""

    chain_id: int = 0
    flow: str = ""
    rpc_url: str = ""
    admin_url: str = ""
    metrics_url: str = ""
    peers_address: str = ""
    peer_id: str = ""


@dataclass
class StorageNode:
    """The parts of a node that is open; what further services (peers, miner, pruner) are made from."""

    config: StorageConfig
    store: Store
    ingest: Ingest
    eth: Eth
    chain_id: int
    flow: bytes
    reads: Offload
    writes: Offload
    peers: PeerService | None = None
    pruner: Pruner | None = None

    def split(self) -> None:
        """The shard became smaller: the neighbours are told."""
        if self.peers is not None:
            self.peers.network.announce_shard()

    def reverted(self, txs: Sequence[Tx]) -> None:
        """The log has lost these files."""
        if self.peers is not None:
            self.peers.sync.reverted(txs)

    def dropped(self, seq: int) -> None:
        """Damaged segments of a file were dropped."""
        if self.peers is not None:
            self.peers.sync.repair(seq)


@contextmanager
def open_store(config: StorageConfig) -> Iterator[Store]:
    """The directory's store under the directory's lock: for a node, and for tools that read one while it is down.

    Raises:
        Conflict: another process has the directory.
    """
    home = Path(config.home)
    try:
        shard = Shard.parse(config.shard)
    except InvalidInput as error:
        raise ConfigError(f"storage.shard: {error}", key="storage.shard", value=config.shard, origin="") from None
    with ExitStack() as stack:
        stack.enter_context(disk.DirectoryLock(home))
        kv = RocksKv(home / "db", FAMILIES, cache_bytes=config.store.cache_bytes)
        stack.callback(kv.close)
        yield Store(kv, shard=shard, sync=config.store.sync)


async def serve(
    config: Config,
    ready: Callable[[Endpoints], None] = lambda endpoints: None,
    *,
    eth: Eth | None = None,
    peers: Peers | None = None,
    more: Callable[[StorageNode], list[Service]] = lambda node: [],
) -> None:
    """Run a storage node until cancelled: the one function to start it with.

    Args:
        config: see ``[storage]`` of default.toml.
        ready: called once, when every port answers.
        eth: another chain than the one behind ``storage.chain.endpoint``.
        peers: who keeps peers and synchronises files, for the admin surface, instead of ``storage.peers``.
        more: further services over the open node; started after the log.

    Raises:
        ConfigError: settings do not fit. Conflict: the directory is in use, or belongs to another chain.
        Whatever made a service fall later: start again, nothing acknowledged is lost.
    """
    given = config.storage
    flow = _flow(given)
    endpoints = Endpoints(flow="0x" + flow.hex())
    async with AsyncExitStack() as stack:
        store = stack.enter_context(open_store(given))
        chain = given.chain
        if eth is None:
            eth = await stack.enter_async_context(open_eth(chain))
        reads = stack.enter_context(Offload(given.rpc.threads, waiting_max=1024, name="reads"))
        writes = stack.enter_context(Offload(1, waiting_max=1024, name="writes"))
        chain_id = await known_chain(eth, chain.endpoint)
        store.identity(chain_id, flow)
        endpoints.chain_id = chain_id
        pool = given.pool
        limits = Limits(
            pool.writings_max, pool.waiting_bytes_max, pool.waiting_s, pool.cached_file_bytes_max, pool.cached_bytes_max,
            pool.cached_expire_s, given.store.free_bytes_min,
        )  # fmt: skip
        ingest = Ingest(store, reads, limits, Path(given.home))
        node = StorageNode(given, store, ingest, eth, chain_id, flow, reads, writes)
        registry = metrics.new_registry()
        numbers = StorageMetrics(registry)
        if given.peers.enabled and peers is None:
            peers = node.peers = PeerService(given, store, ingest, reads, registry, chain_id=chain_id, flow=flow)
        node.pruner = Pruner(store, eth, _pruning(given), PrunerMetrics(registry), on_split=node.split)
        upkeep = _Upkeep(node, numbers)
        if node.peers is not None:
            node.peers.on_damaged = upkeep.damaged
        stop = asyncio.Event()
        surface = Surface(
            store, ingest, reads, chain_id=chain_id, flow=flow, peers=peers, upload_result=None if given.rpc.upload_null else 0,
            on_damaged=upkeep.damaged,
        )  # fmt: skip
        admin = AdminSurface(store, registry, peers=peers, shutdown=stop.set, own_ip=given.public_ip, pruner=node.pruner.told)
        services: list[Service] = [_LogService(node, numbers), upkeep, node.pruner]
        if node.peers is not None:
            services.append(node.peers)
        services += more(node)
        miner = _miner(node, registry)
        if miner is not None:
            services.append(miner)
        methods = admin.methods() | ({} if miner is None else miner.methods())
        public = surface.methods() | ErasureSurface(store, reads).methods()

        def segments(stats: Stats) -> SegmentRoutes:
            return SegmentRoutes(
                store, ingest, reads, body_bytes_max=given.rpc.body_bytes_max, body_timeout_s=given.rpc.body_timeout_s,
                on_damaged=upkeep.damaged, observe=stats.observe,
            )  # fmt: skip

        services.append(_RpcService(given, public, methods, numbers, endpoints, segments))
        if config.metrics.enabled:
            services.append(metrics.MetricsService(registry, config.metrics, partial(setattr, endpoints, "metrics_url")))
        await _until(Node(services), lambda: _tell(endpoints, ready, node), stop)


async def _until(node: Node, ready: Callable[[], None], stop: asyncio.Event) -> None:
    """Run a node until it falls, the caller is cancelled, or ``stop`` (admin_shutdown) is set."""
    running = asyncio.create_task(node.run(ready), name="node")
    asked = asyncio.create_task(stop.wait(), name="shutdown")
    try:
        await asyncio.wait([running, asked], return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        await asyncio.sleep(0.05)  # the answer to admin_shutdown leaves first
    finally:
        asked.cancel()
        running.cancel()
        await asyncio.wait([running])
        if not running.cancelled() and (error := running.exception()) is not None:
            raise error


def _miner(node: StorageNode, registry: CollectorRegistry) -> MinerService | None:
    if not node.config.miner.enabled:
        return None
    if not isinstance(node.eth, SendingEth):
        raise ConfigError(
            "storage.miner: this chain takes no transactions", key="storage.miner.enabled", value="true", origin=""
        )
    return MinerService(node.config, node.store, node.eth, node.flow, node.chain_id, registry)


def _tell(endpoints: Endpoints, ready: Callable[[Endpoints], None], node: StorageNode) -> None:
    if node.peers is not None:
        endpoints.peers_address, endpoints.peer_id = node.peers.address, node.peers.key.id.hex()
    _log.info("storage.ready", chain_id=endpoints.chain_id, rpc=endpoints.rpc_url, admin=endpoints.admin_url)
    ready(endpoints)


def _pruning(config: StorageConfig) -> Pruning:
    pruner = config.pruner
    try:
        address = bytes(parse_address(pruner.reward)) if pruner.reward else b""
    except InvalidInput as error:
        message = f"storage.pruner.reward: {error}"
        raise ConfigError(message, key="storage.pruner.reward", value=pruner.reward, origin="") from None
    return Pruning(pruner.sectors_max, address, pruner.check_ms / 1000, pruner.batch_segments, pruner.pause_ms / 1000)


def _flow(config: StorageConfig) -> bytes:
    try:
        return bytes(parse_address(config.chain.flow)) if config.chain.flow else bytes(contracts.FLOW)
    except InvalidInput as error:
        message = f"storage.chain.flow: {error}"
        raise ConfigError(message, key="storage.chain.flow", value=config.chain.flow, origin="") from None


class _LogService:
    """The log of submissions."""

    name = "log"

    def __init__(self, node: StorageNode, numbers: StorageMetrics) -> None:
        self._node, self._numbers = node, numbers
        chain = node.config.chain
        reading = Reading(
            node.flow, chain.start_block, chain.confirmations, chain.page_blocks, chain.poll_ms / 1000, chain.backoff_ms / 1000,
            chain.check_every, chain.blocks_kept,
        )  # fmt: skip
        self._sync = LogSync(node.eth, node.store, reading, node.writes, node.ingest.on_new, node.reverted)

    async def run(self, ready: Ready) -> None:
        async with Tasks() as tasks:
            tasks.start_background(self._sync.run(), "log.sync")
            tasks.start_background(self._gauges(), "log.gauges")
            ready()
            await asyncio.get_running_loop().create_future()

    async def _gauges(self) -> None:
        store, numbers = self._node.store, self._numbers
        while True:
            numbers.height.set(0 if store.progress is None else store.progress.number)
            numbers.files.set(store.next_seq)
            numbers.flow.set(store.tree.length)
            numbers.stopped.set(self._sync.fault is not None)
            numbers.cached.set(self._node.ingest.cache.size_bytes)
            numbers.stored.set(self._node.ingest.stored_bytes)
            self._node.ingest.cache.expire()
            await asyncio.sleep(1)


class _Upkeep:
    """What nobody waits for: copies of equal files that a crash interrupted, scrubbing, repair of damaged records."""

    name = "upkeep"

    def __init__(self, node: StorageNode, numbers: StorageMetrics) -> None:
        self._node, self._numbers = node, numbers
        self._damaged: set[int] = set()
        self._wake = asyncio.Event()

    def damaged(self, seq: int) -> None:
        """A record of this file failed its check when it was read."""
        if len(self._damaged) < 10_000:
            self._damaged.add(seq)
            self._wake.set()

    async def run(self, ready: Ready) -> None:
        node = self._node
        with Offload(1, name="scrub") as lane:
            async with Tasks() as tasks:
                tasks.start_background(self._copies(lane), "copies")
                tasks.start_background(self._drop_damaged(lane), "damaged")
                tasks.start_background(self._watch_database(), "database")
                if node.config.store.scrub_interval_s:
                    tasks.start_background(self._scrub(lane), "scrub")
                ready()
                await asyncio.get_running_loop().create_future()

    async def _copies(self, lane: Offload) -> None:
        """Copies that a crash interrupted, then those that the log brings."""
        store = self._node.store
        unfinished = await lane.run(store.unfinished)
        await self._node.ingest.on_new([tx for seq in unfinished if (tx := store.find_tx(seq)) is not None])
        await self._node.ingest.run_copies()

    async def _watch_database(self) -> None:
        """End the process when its database cannot be written any more: only a new start reads what was kept out of the log.

        While the disk is full that would not help, and what is here is served until there is room.
        """
        kv, config, told = self._node.store.kv, self._node.config, False
        while True:
            await asyncio.sleep(_WATCH_S)
            if kv.broken is None:
                continue
            try:
                disk.check_free(Path(config.home), max(config.store.free_bytes_min, _FREE_TO_START_BYTES))
            except Exhausted as error:
                if not told:
                    _log.error("store.waits_for_room", reason=str(error), database=kv.broken)
                told = True
                continue
            raise Unavailable(f"the database cannot be written any more ({kv.broken}); start the node again")

    async def _drop_damaged(self, lane: Offload) -> None:
        """A damaged segment is forgotten, so that the file counts as unfinished and can be uploaded or synchronised again."""
        store = self._node.store
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._damaged:
                seq = self._damaged.pop()
                dropped = await lane.run(store.drop_damaged, seq)
                _log.error("store.damaged", seq=seq, segments=dropped)
                if dropped:
                    self._node.dropped(seq)

    async def _scrub(self, lane: Offload) -> None:
        store, config = self._node.store, self._node.config.store
        stopping = False

        def pass_once() -> tuple[int, list[str], list[int]]:
            started, done = time.monotonic(), 0

            def pace(size_bytes: int) -> None:
                nonlocal done
                if stopping:
                    raise InterruptedError
                done += size_bytes
                ahead_s = done / config.scrub_bytes_per_s - (time.monotonic() - started)
                if ahead_s > 0.05:
                    time.sleep(min(ahead_s, 0.5))

            count, faults = scrub(store.kv, list(FAMILIES), pace)
            return count, faults, store.damaged_seqs(pace) if faults else []

        try:
            while True:
                await asyncio.sleep(config.scrub_interval_s)
                count, faults, seqs = await lane.run(pass_once)
                self._numbers.scrubbed.inc(count)
                self._numbers.faults.set(len(faults))
                for fault in faults[:10]:
                    _log.error("store.damaged_record", record=fault)
                for seq in seqs:
                    self.damaged(seq)
                _log.info("store.scrubbed", records=count, faults=len(faults))
        finally:
            stopping = True


class _RpcService:
    """The public and the admin port."""

    name = "rpc"

    def __init__(
        self,
        config: StorageConfig,
        public: dict[str, Method],
        admin: dict[str, Method],
        numbers: StorageMetrics,
        endpoints: Endpoints,
        segments: Callable[[Stats], SegmentRoutes],
    ) -> None:
        self._config, self._public, self._admin = config, public, admin
        self._numbers, self._endpoints, self._segments = numbers, endpoints, segments

    async def run(self, ready: Ready) -> None:
        rpc, admin = self._config.rpc, self._config.admin
        bounds = Bounds(
            rpc.body_bytes_max, rpc.response_bytes_max, rpc.batch_max, rpc.connections_max, rpc.idle_close_s,
            rpc.body_timeout_s, compress=False,
        )  # fmt: skip
        one_port = admin.enabled and admin.port == rpc.port != 0
        sites: list[Site] = []

        async def listen(name: str, methods: dict[str, Method], doors: Doors, host: str, port: int) -> str:
            stats = self._numbers.stats(name)
            routes = self._segments(stats).routes() if name == "rpc" else ()
            site = Site(RpcServer(methods, None, bounds, doors, stats).app(routes), host, port, bounds, stats)
            sites.append(site)
            return f"http://{host if ':' not in host else f'[{host}]'}:{await site.start()}"

        try:
            methods = self._public | self._admin if one_port else self._public
            self._endpoints.rpc_url = await listen("rpc", methods, Doors(rpc.hosts, (), rpc.cors), rpc.host, rpc.port)
            if one_port:
                self._endpoints.admin_url = self._endpoints.rpc_url
            elif admin.enabled:
                doors = Doors(rpc.hosts, (), (), admin_token(self._config))
                self._endpoints.admin_url = await listen("admin", self._admin, doors, admin.host, admin.port)
            async with Tasks() as tasks:
                for site in sites:
                    tasks.start_background(site.watch(), "connections")
                ready()
                await asyncio.get_running_loop().create_future()
        finally:
            for site in sites:
                await site.stop()


def admin_token(config: StorageConfig) -> str:
    """The bearer token of the admin port, made at first start."""
    path = Path(config.admin.token_file) if config.admin.token_file else Path(config.home) / TOKEN_FILE
    return disk.bearer_token(path, "storage.admin.token_file")


def main(arguments: list[str] | None = None) -> int:
    """``python -m zerog.storage.service --config node.toml``: a storage node in the foreground until SIGTERM."""
    return process.main("zerog.storage.service", main.__doc__, serve, arguments)


if __name__ == "__main__":
    raise SystemExit(main())

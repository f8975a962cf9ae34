"""The chain node from its settings to its last shutdown step.

Start-up, in order: lock the directory, open the store, bring the engine to the last durable block, put journaled
transactions back into the pool, listen, propose. Shutdown is the same in reverse; nothing needs it to be safe.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from zerog.chain import genesis as genesis_file
from zerog.chain import types
from zerog.chain.blocks import FAMILIES, BlockStore
from zerog.chain.consensus.application import Application, Proposing
from zerog.chain.consensus.embedded import EmbeddedConsensus, Pace
from zerog.chain.executor import Executor
from zerog.chain.genesis import Genesis
from zerog.chain.metrics import ChainMetrics
from zerog.chain.pool import Journal, Pool
from zerog.chain.rpc.context import Context
from zerog.chain.rpc.surface import Surface
from zerog.chain.signing import DevAccounts
from zerog.errors import ConfigError, InvalidInput
from zerog.runtime import disk, log, metrics, process
from zerog.runtime.clock import Clock, SystemClock
from zerog.runtime.config import ChainConfig, Config, RpcConfig
from zerog.runtime.node import Node
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_http import Bounds, Doors, RpcServer, Site, Stats
from zerog.runtime.service import Ready, Service
from zerog.runtime.tasks import Tasks
from zerog.store.kv import scrub
from zerog.store.rocks import RocksKv

_log = log.get(__name__)

GENESIS_FILE = "genesis.json"
TOKEN_FILE = "admin.token"


@dataclass
class Endpoints:
    """Where a running node answers; ports are the ones that were taken."""

    chain_id: int = 0
    http_url: str = ""
    ws_url: str = ""
    admin_url: str = ""
    metrics_url: str = ""


async def serve(
    config: Config, ready: Callable[[Endpoints], None] = lambda endpoints: None, clock: Clock | None = None
) -> None:
    """Run a chain node until cancelled: the one function to start it with.

    Args:
        config: see ``zerog.runtime.config``; ``chain.home`` must hold ``genesis.json`` unless ``chain.genesis`` names one.
        ready: called once, when every port answers.

    Raises:
        ConfigError: settings or genesis do not fit. Conflict: the directory is in use, or belongs to another genesis.
        Whatever made a service fall later, e.g. Unavailable after a failed fsync: start again, nothing acknowledged is lost.
    """
    endpoints = Endpoints()
    with open_chain(config.chain, clock or SystemClock()) as chain:
        await chain.application.open()
        endpoints.chain_id = chain.genesis.chain_id
        registry = metrics.new_registry()
        numbers = ChainMetrics(registry)
        services: list[Service] = [
            _PoolService(chain),
            _Upkeep(chain, config.chain, numbers),
            _RpcService(chain, config.chain, numbers, endpoints),
        ]
        if config.metrics.enabled:
            services.append(metrics.MetricsService(registry, config.metrics, partial(setattr, endpoints, "metrics_url")))
        services.append(chain.consensus)
        await Node(services).run(lambda: _tell(endpoints, ready))


def _tell(endpoints: Endpoints, ready: Callable[[Endpoints], None]) -> None:
    _log.info("chain.ready", chain_id=endpoints.chain_id, http=endpoints.http_url, ws=endpoints.ws_url)
    ready(endpoints)


@dataclass
class Chain:
    """The parts of a node that is open."""

    genesis: Genesis
    application: Application
    consensus: EmbeddedConsensus
    pool: Pool
    clock: Clock


def load_genesis(config: ChainConfig) -> Genesis:
    """The genesis that a configuration names.

    Raises:
        ConfigError: there is none, or it does not fit.
    """
    path = Path(config.genesis) if config.genesis else Path(config.home) / GENESIS_FILE
    return genesis_file.load(path)


@contextmanager
def open_store(config: ChainConfig) -> Iterator[BlockStore]:
    """The directory's block store under the directory's lock: for a node, and for tools that read one while it is down.

    Raises:
        Conflict: another process has the directory.
    """
    home = Path(config.home)
    with ExitStack() as stack:
        stack.enter_context(disk.DirectoryLock(home))
        kv = RocksKv(home / "db", FAMILIES, cache_bytes=config.store.cache_bytes)
        stack.callback(kv.close)
        yield BlockStore(kv, sync=config.store.sync, archive=config.store.archive)


@contextmanager
def open_chain(config: ChainConfig, clock: Clock) -> Iterator[Chain]:
    """Put a chain together over its store; ``application.open`` brings it to its head."""
    genesis = load_genesis(config)
    proposing = _proposing(config)
    with open_store(config) as blocks:
        executor = Executor(
            blocks,
            genesis,
            history_blocks=config.store.history_blocks,
            fold_interval_blocks=config.store.fold_interval_blocks,
            pool_limits={
                "pool_total": config.pool.transactions_max,
                "pool_per_sender": config.pool.sender_max,
                "pool_bytes": config.pool.bytes_max,
                "pool_tip_min": config.pool.tip_min,
            },
        )
        journal = Journal(blocks.kv, sync=config.store.sync) if config.pool.journal else None
        pool = Pool(
            lambda: executor.engine, journal, waiting_max=config.pool.waiting_max, home=Path(config.home),
            free_bytes_min=config.store.free_bytes_min,
        )  # fmt: skip
        application = Application(executor, pool, proposing)
        given = config.consensus
        pace = Pace(given.block_interval_ms, given.instant, given.gather_ms, given.block_gap_min_ms, given.empty_blocks)
        repeated = bool(genesis.config["zerog"]["repeatedTimestamps"])
        consensus = EmbeddedConsensus(application, pace, clock, repeated_timestamps=repeated)
        try:
            yield Chain(genesis, application, consensus, pool, consensus.clock)
        finally:
            application.close()


def _proposing(config: ChainConfig) -> Proposing:
    try:
        coinbase = types.address(config.consensus.coinbase, "chain.consensus.coinbase")
    except InvalidInput as error:
        raise ConfigError(str(error), key="chain.consensus.coinbase", value=config.consensus.coinbase, origin="") from None
    extra_data = config.consensus.extra_data.encode()
    if len(extra_data) > 32:
        raise ConfigError(
            f"chain.consensus.extra_data: at most 32 bytes, found {len(extra_data)}",
            key="chain.consensus.extra_data", value=config.consensus.extra_data, origin="",
        )  # fmt: skip
    return Proposing(coinbase, extra_data, config.consensus.transactions_max)


class _PoolService:
    """Admission rounds."""

    name = "pool"

    def __init__(self, chain: Chain) -> None:
        self._chain = chain

    async def run(self, ready: Ready) -> None:
        ready()
        await self._chain.pool.run()


class _Upkeep:
    """What nobody waits for: folding of state rows, scrubbing, gauges."""

    name = "upkeep"

    def __init__(self, chain: Chain, config: ChainConfig, numbers: ChainMetrics) -> None:
        self._chain = chain
        self._config = config
        self._numbers = numbers

    async def run(self, ready: Ready) -> None:
        wake = asyncio.Event()

        def on_block(block: object) -> None:
            wake.set()

        stops = [self._chain.application.on_block(on_block), self._chain.application.on_block(self._numbers.on_block)]
        self._numbers.height.set(self._chain.application.latest.number)
        try:
            with Offload(1, name="fold") as fold, Offload(1, name="scrub") as scrubber:
                async with Tasks() as tasks:
                    tasks.start_background(self._fold(fold, wake), "fold")
                    tasks.start_background(self._gauges(), "gauges")
                    if self._config.store.scrub_interval_s:
                        tasks.start_background(self._scrub(scrubber), "scrub")
                    ready()
                    await asyncio.get_running_loop().create_future()
        finally:
            for stop in stops:
                stop()

    async def _fold(self, lane: Offload, wake: asyncio.Event) -> None:
        executor = self._chain.application.executor
        while True:
            await wake.wait()
            wake.clear()
            if executor.fold_due():
                count = await lane.run(executor.fold)
                if count:
                    folded = executor.blocks.folded()
                    self._numbers.folded.set(folded)
                    _log.debug("state.fold", height=folded, operations=count)

    async def _gauges(self) -> None:
        while True:
            pending, queued = self._chain.application.engine.pool_status()
            self._numbers.pool.labels("pending").set(pending)
            self._numbers.pool.labels("queued").set(queued)
            self._numbers.admitted.set(self._chain.pool.admitted_total)
            self._numbers.refused.set(self._chain.pool.refused_total)
            await self._chain.clock.sleep(1)

    async def _scrub(self, lane: Offload) -> None:
        bytes_per_s = self._config.store.scrub_bytes_per_s
        kv = self._chain.application.blocks.kv
        stopping = False

        def pass_once() -> tuple[int, list[str]]:
            started, done = time.monotonic(), 0

            def pace(size_bytes: int) -> None:
                nonlocal done
                if stopping:
                    raise InterruptedError
                done += size_bytes
                ahead_s = done / bytes_per_s - (time.monotonic() - started)
                if ahead_s > 0.05:
                    time.sleep(min(ahead_s, 0.5))

            return scrub(kv, list(FAMILIES), pace)

        try:
            while True:
                await self._chain.clock.sleep(self._config.store.scrub_interval_s)
                count, faults = await lane.run(pass_once)
                self._numbers.scrubbed.inc(count)
                self._numbers.faults.set(len(faults))
                for fault in faults[:10]:
                    _log.error("store.damaged", record=fault)
                _log.info("store.scrubbed", records=count, faults=len(faults))
        finally:
            stopping = True


class _RpcService:
    """HTTP, WebSocket and admin ports."""

    name = "rpc"

    def __init__(self, chain: Chain, config: ChainConfig, numbers: ChainMetrics, endpoints: Endpoints) -> None:
        self._chain = chain
        self._config = config
        self._numbers = numbers
        self._endpoints = endpoints

    async def run(self, ready: Ready) -> None:
        rpc, admin = self._config.rpc, self._config.admin
        accounts = DevAccounts(self._config.dev_accounts) if self._config.dev else None
        if self._config.dev_accounts and accounts is None:
            raise ConfigError("chain.dev_accounts needs chain.dev = true", key="chain.dev_accounts", value="***", origin="")
        bounds = _bounds(rpc)
        with Offload(rpc.threads, waiting_max=4096, name="reader") as readers:
            context = Context(self._chain.application, self._chain.genesis, readers, rpc, self._chain.clock)
            surface = Surface(context, self._chain.consensus, accounts)
            doors = Doors(rpc.hosts, rpc.origins, rpc.cors)
            sites: list[Site] = []
            ports: dict[str, int] = {}

            async def listen(name: str, server: RpcServer, host: str, port: int, stats: Stats) -> str:
                site = Site(server.app(), host, port, bounds, stats)
                ports[name] = await site.start()
                sites.append(site)
                return f"{host if ':' not in host else f'[{host}]'}:{ports[name]}"

            try:
                for name, port, scheme in (("http", rpc.http_port, "http"), ("ws", rpc.ws_port, "ws")):
                    stats = self._numbers.stats(name)
                    server = RpcServer(
                        surface.methods, surface.batch_methods, bounds, doors, stats, short_way=surface.short_way
                    )
                    place = await listen(name, server, rpc.host, port, stats)
                    setattr(self._endpoints, f"{name}_url", f"{scheme}://{place}")
                if admin.enabled:
                    stats = self._numbers.stats("admin")
                    token = _admin_token(self._config)
                    server = RpcServer(surface.admin(lambda: ports), None, bounds, Doors(rpc.hosts, (), (), token), stats)
                    place = await listen("admin", server, admin.host, admin.port, stats)
                    self._endpoints.admin_url = f"http://{place}"
                async with Tasks() as tasks:
                    tasks.start_background(surface.subscriptions.run(), "subscriptions")
                    for site in sites:
                        tasks.start_background(site.watch(), "connections")
                    tasks.start_background(self._expire(surface), "filters")
                    ready()
                    await asyncio.get_running_loop().create_future()
            finally:
                for site in sites:
                    await site.stop()

    async def _expire(self, surface: Surface) -> None:
        while True:
            await self._chain.clock.sleep(10)
            surface.filters.expire()


def _bounds(rpc: RpcConfig) -> Bounds:
    return Bounds(
        rpc.body_bytes_max, rpc.response_bytes_max, rpc.batch_max, rpc.connections_max, rpc.idle_close_s, rpc.body_timeout_s,
        rpc.notifications_max,
    )  # fmt: skip


def _admin_token(config: ChainConfig) -> str:
    """The bearer token of the admin port, made at first start."""
    path = Path(config.admin.token_file) if config.admin.token_file else Path(config.home) / TOKEN_FILE
    return disk.bearer_token(path, "chain.admin.token_file")


def main(arguments: list[str] | None = None) -> int:
    """``python -m zerog.chain.service --config node.toml``: a node in the foreground until SIGTERM."""
    return process.main("zerog.chain.service", main.__doc__, serve, arguments)


if __name__ == "__main__":
    raise SystemExit(main())

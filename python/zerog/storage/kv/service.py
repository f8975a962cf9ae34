"""The KV node from its settings to its last shutdown step.

Start-up, in order: lock the directory, open the store (which steps the view back where a crash left it ahead of the log), ask
the chain who it is, follow its log, replay, listen. What was replayed before is served as soon as the port answers.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from zerog.contracts import registry as contracts
from zerog.errors import ConfigError, Corrupt, Exhausted, InvalidInput
from zerog.runtime import disk, log, metrics, process
from zerog.runtime.config import Config, StorageKvConfig
from zerog.runtime.eth import Eth, known_chain, open_eth
from zerog.runtime.limits import BoundedQueue
from zerog.runtime.node import Node
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_http import Bounds, Doors, RpcServer, Site
from zerog.runtime.service import Ready, Service
from zerog.runtime.tasks import Tasks
from zerog.storage import crypt
from zerog.storage.kv.fetch import Fetcher
from zerog.storage.kv.metrics import KvMetrics
from zerog.storage.kv.replay import Counts, Held, KvStore, Patience, Replayer, Senders
from zerog.storage.kv.rpc import Surface
from zerog.storage.kv.view import VIEW_FAMILIES
from zerog.storage.remote import Remote, check_url
from zerog.storage.store import FAMILIES
from zerog.storage.sync.log_sync import LogSync, Reading
from zerog.store.kv import scrub
from zerog.store.rocks import RocksKv
from zerog.types import parse_address, parse_hash

_log = log.get(__name__)


@dataclass
class Endpoints:
    """Where a running KV node answers; ports are the ones that were taken."""

    chain_id: int = 0
    flow: str = ""
    url: str = ""
    metrics_url: str = ""


class KvEth(Eth, Senders, Protocol):
    """What a KV node asks of a chain."""


@dataclass
class KvNode:
    """The parts of a KV node that is open."""

    config: StorageKvConfig
    store: KvStore
    held: Held
    replayer: Replayer


@contextmanager
def open_store(config: StorageKvConfig) -> Iterator[KvStore]:
    """The directory's store under the directory's lock.

    Raises:
        Conflict: another process has the directory.
    """
    home = Path(config.home)
    with ExitStack() as stack:
        stack.enter_context(disk.DirectoryLock(home))
        kv = RocksKv(home / "db", FAMILIES | VIEW_FAMILIES, cache_bytes=config.cache_bytes)
        stack.callback(kv.close)
        yield KvStore(kv, sync=config.sync)


async def serve(
    config: Config,
    ready: Callable[[Endpoints], None] = lambda endpoints: None,
    *,
    eth: KvEth | None = None,
    opened: Callable[[KvNode], None] = lambda node: None,
) -> None:
    """Run a KV node until cancelled: the one function to start it with.

    Args:
        config: see ``[storage.kv]`` and ``[storage.chain]`` of default.toml.
        ready: called once, when every port answers.
        eth: another chain than the one behind ``storage.chain.endpoint``.
        opened: told of the node before it serves.

    Raises:
        ConfigError: settings do not fit. Conflict: the directory is in use, or belongs to another chain.
        Whatever made a service fall later: start again, nothing replayed is lost.
    """
    given, chain = config.storage.kv, config.storage.chain
    flow, keys = _flow(chain.flow), _keys(given)
    every, streams = _streams(given)
    nodes, indexer = _places(given)
    endpoints = Endpoints(flow="0x" + flow.hex())
    async with AsyncExitStack() as stack:
        store = stack.enter_context(open_store(given))
        if eth is None:
            eth = await stack.enter_async_context(open_eth(chain))
        remote = await stack.enter_async_context(Remote(timeout_s=given.node_timeout_s, retries=1))
        reads = stack.enter_context(Offload(given.threads, waiting_max=1024, name="reads"))
        writes = stack.enter_context(Offload(1, waiting_max=1024, name="writes"))
        endpoints.chain_id = await known_chain(eth, chain.endpoint)
        store.identity(endpoints.chain_id, flow)
        work = Path(given.home) / "incoming"
        work.mkdir(mode=0o700, exist_ok=True)
        registry = metrics.new_registry()
        numbers = KvMetrics(registry)
        held = await writes.run(Held, store, every, streams)
        fetcher = Fetcher(remote, nodes=nodes, indexer=indexer, on_lie=numbers.lies.inc)
        replayer = Replayer(
            store, held, fetcher.fetch, eth, reads, writes, work,
            patience=Patience(
                given.download_timeout_s, given.download_pause_ms / 1000, given.download_tries_max, given.blob_bytes_max,
                given.free_bytes_min,
            ),
            keys=keys,
            counts=Counts(numbers.replayed, numbers.waiting.set),
        )  # fmt: skip
        node = KvNode(given, store, held, replayer)
        opened(node)
        reading = Reading(
            flow, chain.start_block, chain.confirmations, chain.page_blocks, chain.poll_ms / 1000, chain.backoff_ms / 1000,
            chain.check_every, chain.blocks_kept,
        )  # fmt: skip

        async def on_new(txs: object) -> None:
            replayer.wake()

        sync = LogSync(eth, store, reading, writes, on_new, lambda txs: replayer.wake())
        upkeep = _Upkeep(node, numbers)
        surface = Surface(
            store, held, reads, writes, chain_id=endpoints.chain_id, query_bytes_max=given.query_bytes_max,
            streams_added_max=given.streams_added_max, on_added=replayer.wake, on_damaged=upkeep.damaged,
        )  # fmt: skip
        services: list[Service] = [
            _LogService(node, sync, numbers), _ReplayService(node), upkeep, _RpcService(given, surface, numbers, endpoints),
        ]  # fmt: skip
        if config.metrics.enabled:
            told = partial(setattr, endpoints, "metrics_url")
            services.append(metrics.MetricsService(registry, config.metrics, told, partial(_health, node, sync)))

        def tell() -> None:
            _log.info("kv.ready", chain_id=endpoints.chain_id, url=endpoints.url, streams="all" if every else len(streams))
            ready(endpoints)

        await Node(services).run(tell)


def _health(node: KvNode, sync: LogSync) -> dict[str, object]:
    """What ``/health`` answers: where the node stands, and why it does not get further."""
    store = node.store
    dead = store.kv.broken or sync.fault
    return {
        "status": "failed" if dead else "ok",
        "block": 0 if store.progress is None else store.progress.number,
        "head": sync.head,
        "next_tx_seq": store.next_seq,
        "replayed_below": store.view.cursor,
        "reason": dead or node.replayer.fault,
    }


def _flow(text: str) -> bytes:
    try:
        return bytes(parse_address(text)) if text else bytes(contracts.FLOW)
    except InvalidInput as error:
        raise ConfigError(f"storage.chain.flow: {error}", key="storage.chain.flow", value=text, origin="") from None


def _streams(config: StorageKvConfig) -> tuple[bool, set[bytes]]:
    """(every stream, or these)."""
    if "all" in config.streams:
        return True, set()
    try:
        return False, {bytes(parse_hash(text, "stream id")) for text in config.streams}
    except InvalidInput as error:
        message = f'storage.kv.streams: {error}; or say "all"'
        raise ConfigError(message, key="storage.kv.streams", value=config.streams, origin="") from None


def _places(config: StorageKvConfig) -> tuple[list[str], str]:
    """Node URLs, or an indexer's."""
    key = "storage.kv.indexer" if config.indexer else "storage.kv.nodes"
    try:
        if config.indexer:
            return [], check_url(config.indexer)
        if not config.nodes:
            raise InvalidInput("expected the URL of at least one storage node, or storage.kv.indexer")
        return [check_url(url) for url in config.nodes], ""
    except InvalidInput as error:
        raise ConfigError(f"{key}: {error}", key=key, value=config.indexer or config.nodes, origin="") from None


def _keys(config: StorageKvConfig) -> crypt.Keys | None:
    """What encrypted streams are read with; None for plain ones."""
    if not config.encryption_key_file and not config.wallet_key_file:
        return None
    common = _secret(config.encryption_key_file, "storage.kv.encryption_key_file")
    return crypt.Keys(common, _secret(config.wallet_key_file, "storage.kv.wallet_key_file"))


def _secret(path: str, key: str) -> bytes | None:
    if not path:
        return None
    try:
        secret = bytes.fromhex(disk.read_private(Path(path)).decode("ascii", "replace").strip().removeprefix("0x"))
    except (ValueError, OSError):
        secret = b""
    if len(secret) != 32:
        raise ConfigError(f"{key}: expected 64 hex digits in {path}", key=key, value="***", origin="")
    return secret


class _LogService:
    """The log of submissions."""

    name = "log"

    def __init__(self, node: KvNode, sync: LogSync, numbers: KvMetrics) -> None:
        self._node, self._sync, self._numbers = node, sync, numbers

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
            numbers.cursor.set(store.view.cursor)
            numbers.stopped.set(self._sync.fault is not None)
            numbers.stuck.set(bool(self._node.replayer.fault))
            await asyncio.sleep(1)


class _ReplayService:
    """What submissions do to streams."""

    name = "replay"

    def __init__(self, node: KvNode) -> None:
        self._node = node

    async def run(self, ready: Ready) -> None:
        ready()
        await self._node.replayer.run()


class _Upkeep:
    """What nobody waits for: scrubbing, and replaying what damaged records said."""

    name = "upkeep"

    def __init__(self, node: KvNode, numbers: KvMetrics) -> None:
        self._node, self._numbers = node, numbers
        self._faults: BoundedQueue[Corrupt] = BoundedQueue(100, "damaged records")

    def damaged(self, fault: Corrupt) -> None:
        """A record failed its check when it was read."""
        with suppress(Exhausted):
            self._faults.put(fault)

    async def run(self, ready: Ready) -> None:
        async with Tasks() as tasks:
            tasks.start_background(self._repair(), "repair")
            if self._node.config.scrub_interval_s:
                tasks.start_background(self._scrub(), "scrub")
            ready()
            await asyncio.get_running_loop().create_future()

    async def _repair(self) -> None:
        while True:
            for fault in await self._faults.take_all():
                if not await self._node.replayer.repair(fault):
                    raise fault

    async def _scrub(self) -> None:
        """Read everything from time to time, slowly."""
        store, config = self._node.store, self._node.config
        stopping = False

        def pass_once() -> tuple[int, list[Corrupt]]:
            started, done = time.monotonic(), 0

            def pace(size_bytes: int) -> None:
                nonlocal done
                if stopping:
                    raise InterruptedError
                done += size_bytes
                ahead_s = done / config.scrub_bytes_per_s - (time.monotonic() - started)
                if ahead_s > 0.05:
                    time.sleep(min(ahead_s, 0.5))

            count, texts = scrub(store.kv, list(FAMILIES), pace)
            for text in texts:
                _log.error("store.damaged_record", record=text)
            seen, faults = store.view.check(pace)
            return count + seen, faults

        with Offload(1, name="scrub") as lane:
            try:
                while True:
                    await asyncio.sleep(config.scrub_interval_s)
                    count, faults = await lane.run(pass_once)
                    self._numbers.faults.set(len(faults))
                    for fault in faults:
                        self.damaged(fault)
                    _log.info("kv.scrubbed", records=count, faults=len(faults))
            finally:
                stopping = True


class _RpcService:
    """The port."""

    name = "rpc"

    def __init__(self, config: StorageKvConfig, surface: Surface, numbers: KvMetrics, endpoints: Endpoints) -> None:
        self._config, self._surface, self._numbers, self._endpoints = config, surface, numbers, endpoints

    async def run(self, ready: Ready) -> None:
        config = self._config
        bounds = Bounds(
            config.body_bytes_max, config.response_bytes_max, config.batch_max, config.connections_max, config.idle_close_s,
            config.body_timeout_s,
        )  # fmt: skip
        stats = self._numbers.stats()
        app = RpcServer(self._surface.methods(), None, bounds, Doors(config.hosts, (), config.cors), stats).app()
        site = Site(app, config.host, config.port, bounds, stats)
        try:
            host = f"[{config.host}]" if ":" in config.host else config.host
            self._endpoints.url = f"http://{host}:{await site.start()}"
            ready()
            await site.watch()
        finally:
            await site.stop()


def main(arguments: list[str] | None = None) -> int:
    """``python -m zerog.storage.kv.service --config node.toml``: a KV node in the foreground until SIGTERM."""
    return process.main("zerog.storage.kv.service", main.__doc__, serve, arguments)


if __name__ == "__main__":
    raise SystemExit(main())

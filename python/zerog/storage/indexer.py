"""The indexer: which nodes there are, which have a file, and which to upload to. JSON-RPC of its own, REST of ``gateway``.

Trusted nodes are named in the settings and asked at call time; others are discovered through the peers of one node. What
nodes answer is checked for shape, and one that does not answer in time is left out.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp
import msgspec

from zerog.errors import ConfigError, InvalidInput, PeerFault, TimedOut, Unavailable, ZerogError
from zerog.runtime import disk, log, metrics, process
from zerog.runtime.config import Config, IndexerConfig
from zerog.runtime.node import Node
from zerog.runtime.rpc_http import Bounds, Doors, Method, RpcServer, Site
from zerog.runtime.service import Ready, Service
from zerog.runtime.tasks import Tasks
from zerog.storage import gateway
from zerog.storage.api import Shard
from zerog.storage.gateway import Known
from zerog.storage.ingest import invalid_params
from zerog.storage.metrics import IndexerMetrics
from zerog.storage.remote import FileInfo, Remote, check_url
from zerog.storage.rpc import Arguments, guarded
from zerog.storage.selection import NODES_MAX, ShardedNode, order, read_shard, select, uncovered

_log = log.get(__name__)

_PEERS_MAX: Final = 4096
_FIND_COOL_DOWN_S: Final = 3600
_ASKED_AT_ONCE: Final = 32


@dataclass
class Endpoints:
    """Where a running indexer answers."""

    url: str = ""
    metrics_url: str = ""


class NodeManager:
    """The nodes of the network as this indexer sees them.

    Args:
        remote: open connections.
        config: see ``[indexer]`` of default.toml.
        numbers: told which nodes answered.
    """

    def __init__(self, remote: Remote, config: IndexerConfig, numbers: IndexerMetrics | None = None) -> None:
        self.remote, self._config = remote, config
        self._numbers = numbers
        try:
            self.trusted_urls = [check_url(url) for url in config.trusted]
        except InvalidInput as error:
            raise ConfigError(f"indexer.trusted: {error}", key="indexer.trusted", value=config.trusted, origin="") from None
        self._discovered: dict[str, ShardedNode] = {}
        self._locations: OrderedDict[bytes, tuple[float, list[ShardedNode]]] = OrderedDict()
        self._searched: OrderedDict[int, float] = OrderedDict()
        self._token: str | None = None
        if config.discovery and config.discovery_token_file:
            self._token = disk.read_private(Path(config.discovery_token_file)).decode("ascii", "replace").strip()

    # --- nodes --------------------------------------------------------------------------------------------------------

    async def trusted(self) -> list[ShardedNode]:
        """The trusted nodes that answer, each with its shard and the time it took to tell."""
        found = await asyncio.gather(*(self._measure(url, 0) for url in self.trusted_urls))
        answering = [node for node in found if node is not None]
        if self._numbers is not None:
            self._numbers.nodes.labels("trusted").set(len(answering))
            self._numbers.silent.inc(len(found) - len(answering))
        return answering

    def discovered(self) -> list[ShardedNode]:
        return list(self._discovered.values())

    async def _measure(self, url: str, since_s: int) -> ShardedNode | None:
        started = time.monotonic()
        try:
            shard: Shard = await self.remote.ask(url, read_shard, "zgs_getShardConfig", retries=0)
        except ZerogError as error:
            _log.debug("indexer.node_silent", url=url, reason=str(error))
            return None
        return ShardedNode(url, shard, int((time.monotonic() - started) * 1000), since_s)

    async def selected(self, replicas: int, method: str, full_trusted: bool, dropped: Sequence[str]) -> dict[str, list[Any]]:
        """Nodes to upload to: a part of the copies on discovered nodes, unless only trusted ones are wanted.

        Raises:
            Unavailable: the nodes do not hold every shard often enough.
        """
        without = set(dropped)
        foreign: list[ShardedNode] = []
        on_foreign = 0 if full_trusted else replicas * 3 // 5
        if on_foreign:
            try:
                foreign = select([node for node in self.discovered() if node.url not in without], on_foreign, method)
            except Unavailable:
                on_foreign = 0
        own = [node for node in await self.trusted() if node.url not in without]
        chosen = select(own, replicas - on_foreign, method) if replicas > on_foreign else []
        return {"trusted": [node.to_json() for node in chosen], "discovered": [node.to_json() for node in foreign]}

    # --- files --------------------------------------------------------------------------------------------------------

    async def infos(self, root: bytes | None, seq: int | None = None) -> list[Known]:
        """The trusted nodes that know a file, by root or by number, and what they tell of it."""

        async def ask(url: str) -> Known | None:
            method, wanted = ("zgs_getFileInfo", ["0x" + root.hex(), True]) if root else ("zgs_getFileInfoByTxSeq", [seq])
            try:
                told = await self.remote.call(url, method, *wanted, retries=0)
                if told is None:
                    return None
                info = FileInfo.from_json(told)
            except ZerogError as error:
                _log.debug("indexer.node_silent", url=url, reason=str(error))
                return None
            if (root is not None and info.root != root) or (seq is not None and info.seq != seq):
                _log.warning("indexer.node_lies", url=url)
                return None
            return Known(url, info, told["tx"])

        return [answer for answer in await asyncio.gather(*(ask(url) for url in self.trusted_urls)) if answer is not None]

    async def locations(self, root: bytes) -> list[ShardedNode]:
        """The nodes that have all of a file that belongs to their shards; none while they do not cover the file."""
        kept = self._locations.get(root)
        if kept is not None and time.monotonic() - kept[0] < self._config.locations_expire_s:
            return kept[1]
        answers = await self.infos(root)
        finalized = {known.url: known.info for known in answers if known.info.finalized}
        if not finalized:
            return []
        nodes = [node for node in await self.trusted() if node.url in finalized]
        info = next(iter(finalized.values()))
        segments = range(info.start_segment, info.start_segment + -(-info.size // 262_144))
        complete = uncovered([node.shard for node in nodes], segments) is None
        if not complete and self._config.discovery:
            nodes += await self._located(info.seq, {node.url for node in nodes})
            complete = uncovered([node.shard for node in nodes], segments) is None
        if not complete:
            return []
        self._locations[root] = (time.monotonic(), nodes)
        while len(self._locations) > self._config.locations_max:
            self._locations.popitem(last=False)
        return nodes

    async def _located(self, seq: int, known: set[str]) -> list[ShardedNode]:
        """Whom the discovery node knows to have a file; asks it to search when it knows too few."""
        try:
            places = await self._admin("admin_getFileLocation", seq, True)
            if not places:
                self._forget_searches()
                if seq not in self._searched:
                    self._searched[seq] = time.monotonic()
                    await self._admin("admin_findFile", seq)
                return []
            if not isinstance(places, list) or not all(isinstance(place, dict) for place in places):
                raise PeerFault("the discovery node's locations have another form")
            urls = [_node_url(str(place.get("ip", "")), port) for place in places for port in self._config.discover_ports]
            return await self._probe([url for url in urls if url not in known])
        except ZerogError as error:
            _log.warning("indexer.location_failed", seq=seq, reason=str(error))
            return []

    def _forget_searches(self) -> None:
        while self._searched and time.monotonic() - next(iter(self._searched.values())) > _FIND_COOL_DOWN_S:
            self._searched.popitem(last=False)

    # --- discovery ----------------------------------------------------------------------------------------------------

    async def discover(self) -> None:
        """Probe the peers of the discovery node, again and again."""
        while True:
            try:
                await self._discover_once()
            except ZerogError as error:
                _log.warning("indexer.discovery_failed", reason=str(error))
            await asyncio.sleep(self._config.discover_interval_s)

    async def _discover_once(self) -> None:
        peers = await self._admin("admin_getPeers")
        if not isinstance(peers, dict):
            raise PeerFault("the discovery node's peers have another form")
        urls: dict[str, None] = {}
        for peer in list(peers.values())[:_PEERS_MAX]:
            for ip in (peer.get("seenIps") or [] if isinstance(peer, dict) else [])[:8]:
                for port in self._config.discover_ports:
                    try:
                        urls[_node_url(str(ip), port)] = None
                    except InvalidInput:
                        continue
        found = await self._probe([url for url in urls if url not in self.trusted_urls])
        self._discovered = {node.url: node for node in found[:NODES_MAX]}
        if self._numbers is not None:
            self._numbers.nodes.labels("discovered").set(len(self._discovered))

    async def _probe(self, urls: Sequence[str]) -> list[ShardedNode]:
        found: list[ShardedNode] = []
        for at in range(0, len(urls), _ASKED_AT_ONCE):
            answers = await asyncio.gather(*(self._measure(url, int(time.time())) for url in urls[at : at + _ASKED_AT_ONCE]))
            found += [node for node in answers if node is not None]
        return found

    async def _admin(self, method: str, *params: Any) -> Any:
        headers = {"Content-Type": "application/json"}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        body = msgspec.json.encode({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        timeout = aiohttp.ClientTimeout(total=self._config.node_timeout_s)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(self._config.discovery, data=body, headers=headers) as response,
            ):
                answer = msgspec.json.decode(await response.content.read(8 << 20))
        except aiohttp.ClientError as error:
            raise Unavailable(f"{self._config.discovery}: {error}") from None
        except TimeoutError:
            raise TimedOut(f"{self._config.discovery}: no answer to {method}") from None
        except msgspec.DecodeError:
            raise PeerFault(f"{self._config.discovery}: the answer to {method} is not JSON") from None
        if not isinstance(answer, dict) or answer.get("error") is not None:
            raise PeerFault(f"{self._config.discovery}: {method} was refused")
        return answer.get("result")


def _node_url(ip: str, port: int) -> str:
    host = f"[{ip}]" if ":" in ip else ip
    url = f"http://{host}:{port}"
    if not ip or urlsplit(url).hostname != ip.lower() or len(ip) > 64:
        raise InvalidInput(f"expected an IP address, found {ip[:64]!r}")
    return url


class Surface:
    """indexer_*."""

    def __init__(self, manager: NodeManager) -> None:
        self._manager = manager

    def methods(self) -> dict[str, Method]:
        return guarded(
            {
                "indexer_getShardedNodes": self._nodes,
                "indexer_getSelectedNodes": self._selected,
                "indexer_getNodeLocations": self._node_locations,
                "indexer_getFileLocations": self._file_locations,
            }
        )

    async def _nodes(self, given: Arguments) -> dict[str, Any]:
        return {
            "trusted": [node.to_json() for node in await self._manager.trusted()],
            "discovered": [node.to_json() for node in self._manager.discovered()],
        }

    async def _selected(self, given: Arguments) -> dict[str, Any]:
        replicas = given.number(0, "expected_replica")
        method = given.value(1, "method", optional=True) or "min"
        full_trusted = given.value(2, "full_trusted", optional=True) or False
        dropped = given.value(3, "dropped", optional=True) or []
        if not 1 <= replicas <= 1000:
            raise invalid_params("expected_replica", "expected 1 to 1000")
        if not isinstance(method, str):
            raise invalid_params("method", "expected text")
        try:
            order([], method)
        except InvalidInput as error:
            raise invalid_params("method", str(error)) from None
        if not isinstance(full_trusted, bool):
            raise invalid_params("full_trusted", "expected true or false")
        if not isinstance(dropped, list) or not all(isinstance(url, str) for url in dropped):
            raise invalid_params("dropped", "expected a list of URLs")
        return await self._manager.selected(replicas, method, full_trusted, dropped)

    async def _node_locations(self, given: Arguments) -> dict[str, Any]:
        """Addresses without places: this indexer asks nobody where an address is."""
        urls = [*self._manager.trusted_urls, *(node.url for node in self._manager.discovered())]
        nowhere = {"city": "", "region": "", "country": "", "loc": "", "timezone": ""}
        return {host: nowhere for url in urls if (host := urlsplit(url).hostname) is not None}

    async def _file_locations(self, given: Arguments) -> list[dict[str, Any]]:
        return [node.to_json() for node in await self._manager.locations(given.hash(0, "root"))]


async def serve(config: Config, ready: Callable[[Endpoints], None] = lambda endpoints: None) -> None:
    """Run an indexer until cancelled.

    Args:
        config: see ``[indexer]`` of default.toml.
        ready: called once, when the port answers.

    Raises:
        ConfigError: settings do not fit.
    """
    given = config.indexer
    endpoints = Endpoints()
    async with Remote(timeout_s=given.node_timeout_s, retries=1) as remote:
        registry = metrics.new_registry()
        numbers = IndexerMetrics(registry)
        services: list[Service] = [_IndexerService(NodeManager(remote, given, numbers), given, numbers, endpoints)]
        if config.metrics.enabled:
            services.append(metrics.MetricsService(registry, config.metrics, partial(setattr, endpoints, "metrics_url")))

        def tell() -> None:
            _log.info("indexer.ready", url=endpoints.url)
            ready(endpoints)

        await Node(services).run(tell)


class _IndexerService:
    name = "indexer"

    def __init__(self, manager: NodeManager, config: IndexerConfig, numbers: IndexerMetrics, endpoints: Endpoints) -> None:
        self._manager, self._config, self._numbers, self._endpoints = manager, config, numbers, endpoints

    async def run(self, ready: Ready) -> None:
        config = self._config
        bounds = Bounds(body_bytes_max=16 << 20, batch_max=1000)
        stats = self._numbers.stats()
        app = RpcServer(Surface(self._manager).methods(), None, bounds, Doors(config.hosts, (), config.cors), stats).app()
        gateway.add_routes(app, self._manager, config)
        site = Site(app, config.host, config.port, bounds, stats)
        try:
            host = f"[{config.host}]" if ":" in config.host else config.host
            self._endpoints.url = f"http://{host}:{await site.start()}"
            async with Tasks() as tasks:
                tasks.start_background(site.watch(), "connections")
                if config.discovery:
                    tasks.start_background(self._manager.discover(), "discovery")
                ready()
                await asyncio.get_running_loop().create_future()
        finally:
            await site.stop()


def main(arguments: list[str] | None = None) -> int:
    """``python -m zerog.storage.indexer --config node.toml``: an indexer in the foreground until SIGTERM."""
    return process.main("zerog.storage.indexer", main.__doc__, serve, arguments)


if __name__ == "__main__":
    raise SystemExit(main())

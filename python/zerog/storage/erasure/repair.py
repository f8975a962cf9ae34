"""The background repair: every erasure-coded file again and again, so that what one loss took is there before the next.

It remembers nothing that a restart would miss: each pass asks the nodes anew. Several may run; killed at any time, the next
one finds what was stored.

Source: docs/operating/durability.md.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from prometheus_client import CollectorRegistry

from zerog.errors import InvalidInput, ZerogError
from zerog.runtime import log, metrics, process
from zerog.runtime.config import Config, RepairConfig
from zerog.runtime.node import Node
from zerog.runtime.service import Ready, Service
from zerog.storage.client import StorageClient
from zerog.storage.erasure.census import Durability
from zerog.storage.erasure.client import ErasureClient
from zerog.storage.erasure.reading import spread
from zerog.storage.metrics import RepairMetrics
from zerog.storage.remote import Remote

_log = log.get(__name__)

_REMEMBERED_MAX = 100_000


@dataclass
class Endpoints:
    """Where a running repair tells of itself."""

    metrics_url: str = ""


@dataclass(slots=True)
class Pass:
    """What one pass over all files found and did."""

    files: int = 0
    full: int = 0
    postponed: int = 0
    failed: int = 0
    rebuilt: int = 0
    copied: int = 0
    losses: int | None = None
    liars: int = 0


class Repairer:
    """Passes over all files that nodes list.

    Args:
        client: who the nodes are.
        remote: open connections.
        config: see ``[repair]`` of default.toml.
        clock: seconds that only grow.
    """

    def __init__(
        self, client: StorageClient, remote: Remote, config: RepairConfig, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client, self._config, self._clock = client, config, clock
        self._coded = ErasureClient(client, remote, concurrency=config.concurrency, timeout_s=config.learn_timeout_s)
        self._seen: dict[str, float] = {}
        self._passes = 0

    async def pass_once(self) -> Pass:
        """Look at every file once and repair those that need it; a file that fails does not hold up the others.

        Raises:
            Unavailable, PeerFault: nobody says which nodes there are.
        """
        found, waiting = Pass(), self._waiting([node.url for node in await self._client.nodes()])
        prove = self._config.prove_every > 0 and self._passes % self._config.prove_every == 0
        self._passes += 1
        liars: set[str] = set()

        def wanted(now: Durability) -> bool:
            if now.full:
                return False
            if waiting and now.lost == 0 and now.losses >= self._config.urgent_losses:
                found.postponed += 1
                return False
            return True

        async def tend(root: bytes) -> None:
            try:
                done = await self._coded.repair(root, prove=prove, wanted=wanted)
            except ZerogError as error:
                found.failed += 1
                _log.error("repair.failed", root="0x" + root.hex(), reason=str(error))
                return
            now = done.durability
            found.rebuilt += done.rebuilt
            found.copied += done.copied
            found.full += now.full
            found.losses = now.losses if found.losses is None else min(found.losses, now.losses)
            liars.update(url for url, _ in now.liars)
            if done.rebuilt or done.copied:
                _log.info("repair.done", root="0x" + root.hex(), rebuilt=done.rebuilt, copied=done.copied, losses=now.losses)
            for url, reason in now.liars:
                _log.error("repair.node_lies", url=url, reason=reason)

        listed = await self._coded.listed()
        found.files = len(listed)
        await spread([one.root for one in listed], tend, self._config.files_at_once)
        found.liars = len(liars)
        return found

    def _waiting(self, answering: list[str]) -> bool:
        """Whether some node has been silent for less than the time it is given to come back."""
        now = self._clock()
        self._seen.update(dict.fromkeys(answering, now))
        for url in [url for url, at in self._seen.items() if now - at >= self._config.grace_s]:
            del self._seen[url]
        while len(self._seen) > _REMEMBERED_MAX:
            del self._seen[next(iter(self._seen))]
        return any(at < now for at in self._seen.values())


class _RepairService:
    name = "repair"

    def __init__(self, repairer: Repairer, config: RepairConfig, numbers: RepairMetrics) -> None:
        self._repairer, self._config, self._numbers = repairer, config, numbers

    async def run(self, ready: Ready) -> None:
        ready()
        while True:
            started = time.monotonic()
            try:
                found = await self._repairer.pass_once()
            except ZerogError as error:
                _log.warning("repair.no_nodes", reason=str(error))
                self._numbers.failures.inc()
            else:
                self._tell(found, time.monotonic() - started)
            await asyncio.sleep(self._config.interval_s)

    def _tell(self, found: Pass, seconds: float) -> None:
        numbers = self._numbers
        numbers.files.set(found.files)
        numbers.full.set(found.full)
        numbers.postponed.set(found.postponed)
        numbers.losses.set(-1 if found.failed else 0 if found.losses is None else found.losses)
        numbers.liars.set(found.liars)
        numbers.seconds.set(seconds)
        numbers.rebuilt.inc(found.rebuilt)
        numbers.copied.inc(found.copied)
        numbers.failures.inc(found.failed)


async def serve(config: Config, ready: Callable[[Endpoints], None] = lambda endpoints: None) -> None:
    """Repair until cancelled.

    Args:
        config: see ``[repair]`` of default.toml.
        ready: called once, when the first pass begins.

    Raises:
        ConfigError, InvalidInput: settings do not fit.
    """
    given = config.repair
    if bool(given.nodes) == bool(given.indexer):
        raise InvalidInput("repair: give nodes or an indexer (repair.nodes, repair.indexer), one of them")
    endpoints = Endpoints()
    registry: CollectorRegistry = metrics.new_registry()
    numbers = RepairMetrics(registry)
    async with Remote(timeout_s=given.node_timeout_s, retries=1) as remote:
        client = StorageClient(remote, nodes=given.nodes, indexer=given.indexer or None)
        services: list[Service] = [_RepairService(Repairer(client, remote, given), given, numbers)]
        if config.metrics.enabled:
            services.append(metrics.MetricsService(registry, config.metrics, partial(setattr, endpoints, "metrics_url")))

        def tell() -> None:
            _log.info("repair.ready", interval_s=given.interval_s)
            ready(endpoints)

        await Node(services).run(tell)


def main(arguments: list[str] | None = None) -> int:
    """``python -m zerog.storage.erasure.repair --config node.toml``: repair in the foreground until SIGTERM."""
    return process.main("zerog.storage.erasure.repair", main.__doc__, serve, arguments)


if __name__ == "__main__":
    raise SystemExit(main())

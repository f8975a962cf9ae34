"""One registry a node and its text exposition. Pillars declare their metrics in their own ``metrics.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiohttp import web
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from zerog.runtime.config import MetricsConfig
from zerog.runtime.rpc_http import Bounds, Site
from zerog.runtime.service import Ready

Health = Callable[[], Mapping[str, object]]
"""``status`` (``ok``, or what is wrong) and whatever else helps."""


def new_registry() -> CollectorRegistry:
    """A registry that already tells about the process itself."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return registry


def _well() -> Mapping[str, object]:
    return {"status": "ok"}


def add_route(app: web.Application, registry: CollectorRegistry, health_of: Health = _well) -> None:
    """``GET /metrics`` and ``GET /health``, which answers 503 when its ``status`` is not ``ok``."""

    async def metrics(_: web.Request) -> web.Response:
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def health(_: web.Request) -> web.Response:
        found = dict(health_of())
        return web.json_response(found, status=200 if found["status"] == "ok" else 503)

    app.router.add_get("/metrics", metrics)
    app.router.add_get("/health", health)


class MetricsService:
    """The metrics port of a process.

    Args:
        registry: what it tells.
        config: see ``[metrics]`` of default.toml.
        told: gets the URL when the port answers.
        health: what ``/health`` tells.
    """

    name = "metrics"

    def __init__(
        self, registry: CollectorRegistry, config: MetricsConfig, told: Callable[[str], None], health: Health = _well
    ) -> None:
        self._registry, self._config, self._told, self._health = registry, config, told, health

    async def run(self, ready: Ready) -> None:
        app = web.Application()
        add_route(app, self._registry, self._health)
        site = Site(app, self._config.host, self._config.port, Bounds())
        try:
            port = await site.start()
            host = f"[{self._config.host}]" if ":" in self._config.host else self._config.host
            self._told(f"http://{host}:{port}/metrics")
            ready()
            await site.watch()
        finally:
            await site.stop()

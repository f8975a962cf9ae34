"""The encoder from its settings to its last shutdown step. It keeps nothing: started again, it is as before."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from zerog.da import role
from zerog.da.encoder import ENCODER, EncoderServer
from zerog.da.metrics import EncoderMetrics
from zerog.da.parameters import Stored, open_parameters
from zerog.runtime import log, metrics, process
from zerog.runtime.config import Config
from zerog.runtime.node import Node
from zerog.runtime.offload import Offload
from zerog.runtime.service import Ready, Service

_log = log.get(__name__)


@dataclass
class Endpoints:
    """Where a running encoder answers; ports are the ones that were taken."""

    address: str = ""
    metrics_url: str = ""


async def serve(config: Config, ready: Callable[[Endpoints], None] = lambda endpoints: None) -> None:
    """Run an encoder until cancelled: the one function to start it with.

    Args:
        config: see ``[da.encoder]`` and ``[da.params]`` of default.toml.
        ready: called once, when the port answers.

    Raises:
        ConfigError: settings do not fit. NotFound, Corrupt: no parameters, or broken ones.
    """
    given, endpoints = config.da.encoder, Endpoints()
    parameters = open_parameters(config.da.params, prover=True)
    async with AsyncExitStack() as stack:
        lane = stack.enter_context(Offload(given.workers, waiting_max=given.ongoing_max + 1, name="encodes"))
        registry = metrics.new_registry()
        numbers = EncoderMetrics(registry)
        server = EncoderServer(parameters, lane, ongoing_max=given.ongoing_max, told=numbers.told)
        port = role.GrpcPort(
            {ENCODER: server.methods()}, given.host, given.port, partial(setattr, endpoints, "address"),
            receive_bytes_max=given.receive_bytes_max, calls_max=given.ongoing_max + 4, observe=numbers.observe,
        )  # fmt: skip
        services: list[Service] = [port, role.Watch(lambda: None, lambda: numbers.ongoing.set(server.ongoing))]
        if given.warm:
            services.append(_Warm(parameters, lane))
        if config.metrics.enabled:
            services.append(metrics.MetricsService(registry, config.metrics, partial(setattr, endpoints, "metrics_url")))

        def tell() -> None:
            _log.info("encoder.ready", address=endpoints.address, rows=parameters.geometry.rows)
            ready(endpoints)

        await Node(services).run(tell)


class _Warm:
    """Reads the parameters before somebody waits for them."""

    name = "warm"

    def __init__(self, parameters: Stored, lane: Offload) -> None:
        self._parameters, self._lane = parameters, lane

    async def run(self, ready: Ready) -> None:
        ready()
        await self._lane.run(self._parameters.get)
        await asyncio.get_running_loop().create_future()


def main(arguments: list[str] | None = None) -> int:
    """``python -m zerog.da.encoder_service --config node.toml``: a DA encoder in the foreground until SIGTERM."""
    return process.main("zerog.da.encoder_service", main.__doc__, serve, arguments)


if __name__ == "__main__":
    raise SystemExit(main())

"""The retriever from its settings to its last shutdown step. It keeps nothing: started again, it is as before."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from zerog.da import role
from zerog.da.chain import ChainDirectory, ReadingChain
from zerog.da.metrics import RetrieverMetrics
from zerog.da.retriever import REQUEST_BYTES_MAX, SERVICE, Asking, Retriever, RetrieverServer
from zerog.runtime import log, metrics, process
from zerog.runtime.config import Config, DaRetrieverConfig
from zerog.runtime.eth import known_chain, open_eth
from zerog.runtime.node import Node
from zerog.runtime.offload import Offload
from zerog.runtime.service import Service

_log = log.get(__name__)


@dataclass
class Endpoints:
    """Where a running retriever answers; ports are the ones that were taken."""

    chain_id: int = 0
    address: str = ""
    metrics_url: str = ""


def asking(config: DaRetrieverConfig) -> Asking:
    """The bounds of one retrieval that the settings name."""
    return Asking(
        calls_max=config.signer_calls_max,
        rows_per_call=config.rows_per_call,
        call_timeout_s=config.call_timeout_s,
        hedge_s=config.hedge_ms / 1000,
        timeout_s=config.timeout_s,
    )


async def serve(config: Config, ready: Callable[[Endpoints], None] = lambda endpoints: None) -> None:
    """Run a retriever until cancelled: the one function to start it with.

    Args:
        config: see ``[da.retriever]`` and ``[da.chain]`` of default.toml.
        ready: called once, when the port answers.

    Raises:
        ConfigError: settings do not fit.
    """
    given, chain_config, endpoints = config.da.retriever, config.da.chain, Endpoints()
    async with AsyncExitStack() as stack:
        eth = await stack.enter_async_context(open_eth(chain_config, "da.chain"))
        lane = stack.enter_context(Offload(given.threads, waiting_max=1024, name="decodes"))
        endpoints.chain_id = await known_chain(eth, chain_config.endpoint)
        registry = metrics.new_registry()
        numbers = RetrieverMetrics(registry)
        directory = ChainDirectory(ReadingChain(eth, final_after_blocks=chain_config.final_after_blocks))
        retriever = Retriever(
            directory, lane, asking=asking(given), told=lambda signer, reason: numbers.faults.labels(reason).inc()
        )
        server = RetrieverServer(retriever, given.ongoing_max, lambda outcome: numbers.blobs.labels(outcome).inc())
        port = role.GrpcPort(
            {SERVICE: server.methods()}, given.host, given.port, partial(setattr, endpoints, "address"),
            receive_bytes_max=REQUEST_BYTES_MAX, calls_max=given.ongoing_max + 16, observe=numbers.observe,
        )  # fmt: skip
        services: list[Service] = [port]
        if config.metrics.enabled:
            services.append(metrics.MetricsService(registry, config.metrics, partial(setattr, endpoints, "metrics_url")))

        def tell() -> None:
            _log.info("retriever.ready", address=endpoints.address)
            ready(endpoints)

        await Node(services).run(tell)


def main(arguments: list[str] | None = None) -> int:
    """``python -m zerog.da.retriever_service --config node.toml``: a DA retriever in the foreground until SIGTERM."""
    return process.main("zerog.da.retriever_service", main.__doc__, serve, arguments)


if __name__ == "__main__":
    raise SystemExit(main())

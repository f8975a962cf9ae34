"""The disperser from its settings to its last shutdown step.

Blobs that were taken, and transactions on their way, are on the disk: killed at any moment and started again, it goes on.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry

from zerog.da import role
from zerog.da.chain import entrance_of
from zerog.da.disperser.batcher import Batcher, Pace
from zerog.da.disperser.chain import DisperserChain
from zerog.da.disperser.dispatcher import Dispatcher, Patience
from zerog.da.disperser.encoders import Encoders
from zerog.da.disperser.finalizer import Finalizer
from zerog.da.disperser.metrics import DisperserMetrics
from zerog.da.disperser.outbox import Outbox
from zerog.da.disperser.packer import FAMILIES as ITEM_FAMILIES
from zerog.da.disperser.packer import SERVICE as PACKER
from zerog.da.disperser.packer import PackerServer, Packs
from zerog.da.disperser.queue import FAMILIES, BlobQueue
from zerog.da.disperser.server import SERVICE, DisperserServer, Rates
from zerog.da.encoder import MESSAGE_BYTES_MAX
from zerog.da.parameters import open_parameters
from zerog.da.retriever import SERVICE as RETRIEVER
from zerog.errors import ConfigError, Conflict
from zerog.runtime import disk, log, metrics, process
from zerog.runtime.config import Config, DaDisperserConfig
from zerog.runtime.eth import known_chain, open_eth
from zerog.runtime.key import Key
from zerog.runtime.limits import Shares
from zerog.runtime.node import Node
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_grpc import GrpcClient
from zerog.runtime.service import Ready, Service
from zerog.runtime.tasks import Tasks
from zerog.store.kv import Batch, Kv
from zerog.store.rocks import RocksKv
from zerog.types import format_address

_log = log.get(__name__)

_IDENTITY: Final = b"identity"
_CHECKS_WAITING_MAX: Final = 256


@dataclass
class Endpoints:
    """Where a running disperser answers; ports are the ones that were taken."""

    chain_id: int = 0
    account: str = ""
    address: str = ""
    metrics_url: str = ""


async def serve(config: Config, ready: Callable[[Endpoints], None] = lambda endpoints: None) -> None:
    """Run a disperser until cancelled: the one function to start it with.

    Args:
        config: see ``[da.disperser]``, ``[da.chain]`` and ``[da.params]`` of default.toml.
        ready: called once, when the port answers.

    Raises:
        ConfigError: settings do not fit. Conflict: the directory is in use, or belongs to another chain, contract or account.
        Whatever made a service fall later: start again, no blob is lost and none is paid twice.
    """
    given, chain_config = config.da.disperser, config.da.chain
    home, entrance, endpoints = Path(given.home), entrance_of(chain_config), Endpoints()
    if not given.key_file:
        raise ConfigError(
            "da.disperser.key_file: a disperser needs an account", key="da.disperser.key_file", value="", origin=""
        )
    if not given.encoders:
        raise ConfigError("da.disperser.encoders: expected at least one", key="da.disperser.encoders", value="", origin="")
    key = Key.read(Path(given.key_file), named="da.disperser.key_file")
    parameters = open_parameters(config.da.params, prover=False)
    async with AsyncExitStack() as stack:
        stack.enter_context(disk.DirectoryLock(home))
        families = FAMILIES | ITEM_FAMILIES
        kv = RocksKv(home / "db", families, cache_bytes=given.cache_bytes)
        stack.callback(kv.close)
        eth = await stack.enter_async_context(open_eth(chain_config, "da.chain"))
        lane = stack.enter_context(Offload(given.threads, waiting_max=1024, name="disk"))
        checks = stack.enter_context(Offload(given.threads, waiting_max=_CHECKS_WAITING_MAX, name="checks"))
        endpoints.chain_id = await known_chain(eth, chain_config.endpoint)
        endpoints.account = format_address(key.address)
        _identity(kv, f"{endpoints.chain_id} 0x{entrance.hex()} {endpoints.account}")
        registry = metrics.new_registry()
        numbers = DisperserMetrics(registry)
        queue = BlobQueue(kv, count_max=given.queue_blobs_max, bytes_max=given.queue_bytes_max, retries_max=given.retries_max)
        chain = DisperserChain(eth, entrance=entrance, final_after_blocks=chain_config.final_after_blocks)
        outbox = Outbox(
            kv, chain, key, endpoints.chain_id, lane, poll_s=chain_config.poll_ms / 1000, raise_s=given.resend_s,
            dead_s=given.abandon_s,
        )  # fmt: skip
        encoders = Encoders(
            given.encoders, parameters, checks, calls_max=given.encoder_calls_max, timeout_s=given.encoder_timeout_s,
            told=lambda target, why: numbers.encoders_false.inc(),
        )  # fmt: skip
        stack.push_async_callback(encoders.close)
        dispatcher = Dispatcher(
            parameters.geometry, checks, Patience(given.sign_timeout_s, given.straggler_s, given.signer_calls_max),
            told=lambda signer, why: numbers.signers_missing.labels(why).inc(),
        )  # fmt: skip
        stack.push_async_callback(dispatcher.close)
        batcher = Batcher(
            queue, encoders, dispatcher, chain, outbox, lane, parameters.geometry, numbers, pace=_pace(given)
        )  # fmt: skip
        packs = Packs(
            kv, queue, parameters.geometry, count_max=given.pack_items_max, bytes_max=given.pack_bytes_max,
            wait_ns=given.pack_wait_ms * 10**6,
        )  # fmt: skip
        finalizer = Finalizer(
            queue, chain, lane, numbers, poll_s=given.finalize_poll_ms / 1000, keep_ns=given.keep_s * 10**9,
            now_ns=time.time_ns, on_return=batcher.wake, also_expire=packs.expire,
        )  # fmt: skip
        retriever = None
        if given.retriever:
            retriever = GrpcClient(given.retriever, RETRIEVER, receive_bytes_max=MESSAGE_BYTES_MAX)
            stack.push_async_callback(retriever.close)
        free = partial(disk.check_free, home, given.free_bytes_min)
        server = DisperserServer(
            queue, lane, now_ns=time.time_ns, now_s=time.monotonic, geometry=parameters.geometry,
            rates=Rates(given.writes_per_minute, given.reads_per_minute, given.unlimited), retriever=retriever,
            retrieve_timeout_s=given.retriever_timeout_s, free=free, taken=batcher.wake,
        )  # fmt: skip
        packer = PackerServer(
            packs, lane, checks, takes=server.takes_write, client_of=server.client_of, free=free, taken=batcher.wake
        )  # fmt: skip
        calls = Shares(given.calls_max, "calls")
        port = role.GrpcPort(
            {SERVICE: server.methods(), PACKER: packer.methods()}, given.host, given.port,
            partial(setattr, endpoints, "address"), receive_bytes_max=given.receive_bytes_max, calls_max=given.calls_max,
            observe=numbers.observe, place=lambda ip: calls.holding(server.client_of(ip)),
        )  # fmt: skip
        watch = role.Watch(lambda: kv.broken, lambda: numbers.items.set(len(packs)))
        services: list[Service] = [_Pipeline(batcher, finalizer, packer), port, watch]
        if given.scrub_interval_s:
            services.append(
                role.Scrub(
                    kv,
                    list(families),
                    given.scrub_interval_s,
                    given.scrub_bytes_per_s,
                    numbers.scrubbed.inc,
                    numbers.faults.set,
                )
            )
        if config.metrics.enabled:
            services.append(_metrics(config, registry, endpoints, kv, queue))

        def tell() -> None:
            _log.info("disperser.ready", address=endpoints.address, account=endpoints.account, blobs=len(queue))
            ready(endpoints)

        await Node(services).run(tell)


class _Pipeline:
    """What happens to blobs once they are taken."""

    name = "pipeline"

    def __init__(self, batcher: Batcher, finalizer: Finalizer, packer: PackerServer) -> None:
        self._batcher, self._finalizer, self._packer = batcher, finalizer, packer

    async def run(self, ready: Ready) -> None:
        async with Tasks() as tasks:
            tasks.start_background(self._batcher.run(), "batcher")
            tasks.start_background(self._packer.run(), "packer")
            tasks.start_background(self._finalizer.run(), "finalizer")
            tasks.start_background(self._finalizer.run_expiry(), "expiry")
            ready()
            await asyncio.get_running_loop().create_future()


def _pace(given: DaDisperserConfig) -> Pace:
    return Pace(
        blob_s=given.blob_timeout_s,
        encoded_bytes_max=given.encoded_bytes_max,
        batch_max=given.batch_blobs_max,
        gather_s=given.batch_wait_ms / 1000,
        signing_max=given.sign_blobs_max,
        sign_tries=given.sign_tries,
        commit_max=given.commit_blobs_max,
        commit_gather_s=given.commit_wait_ms / 1000,
    )


def _identity(kv: Kv, here: str) -> None:
    """Blobs that were announced on one chain mean nothing on another, and a nonce belongs to one account."""
    known = kv.get("da_misc", _IDENTITY)
    if known is None:
        batch = Batch()
        batch.put("da_misc", _IDENTITY, here.encode())
        kv.write(batch)
    elif known != here.encode():
        raise Conflict(f"the directory belongs to another chain, contract or account: {known.decode()}; here it is {here}")


def _metrics(
    config: Config, registry: CollectorRegistry, endpoints: Endpoints, kv: Kv, queue: BlobQueue
) -> metrics.MetricsService:
    def health() -> dict[str, object]:
        return {"status": "failed" if kv.broken else "ok", "reason": kv.broken, "blobs": len(queue), "bytes": queue.size_bytes}

    return metrics.MetricsService(registry, config.metrics, partial(setattr, endpoints, "metrics_url"), health)


def main(arguments: list[str] | None = None) -> int:
    """``python -m zerog.da.disperser.service --config node.toml``: a disperser in the foreground until SIGTERM."""
    return process.main("zerog.da.disperser.service", main.__doc__, serve, arguments)


if __name__ == "__main__":
    raise SystemExit(main())

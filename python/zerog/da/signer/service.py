"""The signer from its settings to its last shutdown step.

Start-up, in order: lock the directory, open the store, ask the chain who it is, answer for rows, follow the chain, enrol, take
part in epochs. What is held is given back as soon as the port answers; new blobs are signed for once their epoch is known.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from zerog.da import role
from zerog.da.chain import SendingChain, entrance_of, signers_version
from zerog.da.metrics import SignerMetrics
from zerog.da.parameters import open_parameters
from zerog.da.signer.duties import EpochDuty, Identity, LogDuty, PruneDuty
from zerog.da.signer.miner import Miner
from zerog.da.signer.rows import SLICES, RowServer
from zerog.da.signer.server import SIGNER, SignerServer
from zerog.da.signer.store import FAMILIES, SignerStore
from zerog.errors import ConfigError
from zerog.primitives.commit import light_slice_size_bytes
from zerog.runtime import disk, log, metrics, process
from zerog.runtime.config import Config, DaSignerConfig
from zerog.runtime.eth import known_chain, open_eth
from zerog.runtime.key import Key
from zerog.runtime.node import Node
from zerog.runtime.offload import Offload
from zerog.runtime.service import Ready, Service
from zerog.runtime.tasks import Tasks
from zerog.store.rocks import RocksKv
from zerog.types import format_address

_log = log.get(__name__)

BLS_KEY_FILE = "bls.key"


@dataclass
class Endpoints:
    """Where a running signer answers; ports are the ones that were taken."""

    chain_id: int = 0
    account: str = ""
    address: str = ""
    socket: str = ""
    metrics_url: str = ""


async def serve(config: Config, ready: Callable[[Endpoints], None] = lambda endpoints: None) -> None:
    """Run a signer until cancelled: the one function to start it with.

    Args:
        config: see ``[da.signer]``, ``[da.chain]`` and ``[da.params]`` of default.toml.
        ready: called once, when the port answers and the signer has a quorum to serve.

    Raises:
        ConfigError: settings do not fit. Conflict: the directory is in use, or the chain knows the account with another key.
        Whatever made a service fall later: start again, nothing that was signed for is lost.
    """
    given, chain_config = config.da.signer, config.da.chain
    home, entrance, endpoints = Path(given.home), entrance_of(chain_config), Endpoints()
    if not given.key_file:
        raise ConfigError("da.signer.key_file: a signer needs an account", key="da.signer.key_file", value="", origin="")
    key = Key.read(Path(given.key_file), named="da.signer.key_file")
    parameters = open_parameters(config.da.params, prover=False)
    geometry = parameters.geometry
    async with AsyncExitStack() as stack:
        stack.enter_context(disk.DirectoryLock(home))
        named = given.bls_key_file
        secret = role.bls_key(Path(named) if named else home / BLS_KEY_FILE, "da.signer.bls_key_file", make=not named)
        kv = RocksKv(home / "db", FAMILIES, cache_bytes=given.cache_bytes)
        stack.callback(kv.close)
        store = SignerStore(kv, row_size=geometry.row_size_bytes, light_size=light_slice_size_bytes(geometry))
        eth = await stack.enter_async_context(open_eth(chain_config, "da.chain"))
        reading = stack.enter_context(Offload(given.threads, waiting_max=1024, name="reads"))
        verifying = stack.enter_context(Offload(given.verify_threads, waiting_max=64, name="verifies"))
        writing = stack.enter_context(Offload(1, waiting_max=1024, name="writes"))
        endpoints.chain_id = await known_chain(eth, chain_config.endpoint)
        endpoints.account = format_address(key.address)
        registry = metrics.new_registry()
        numbers = SignerMetrics(registry)
        chain = SendingChain(eth, key, endpoints.chain_id, final_after_blocks=chain_config.final_after_blocks)
        version = await signers_version(chain, chain_config.signers_version)
        logs = LogDuty(
            chain, store, writing, start_block=chain_config.start_block, page_blocks=chain_config.page_blocks, entrance=entrance
        )
        rows = RowServer(store, reading, entrance, geometry=geometry, ongoing_max=given.readings_max)
        server = SignerServer(
            store, parameters, secret, rows, verifying, writing, ongoing_max=given.signings_max, look=logs.look,
            free=partial(disk.check_free, home, given.free_bytes_min), told=numbers.told,
        )  # fmt: skip
        duties = _Duties(given, chain_config.poll_ms / 1000, logs, PruneDuty(chain, store, writing, entrance=entrance))

        def listening(address: str) -> None:
            endpoints.address, endpoints.socket = address, given.socket or address
            who = Identity(key.address, secret, endpoints.socket, endpoints.chain_id, version)
            duties.epochs = EpochDuty(
                chain, store, writing, who, entrance=entrance, first_epoch_signers=given.first_epoch_signers,
                page_blocks=chain_config.page_blocks,
            )  # fmt: skip

        if given.mining:
            payer = Key.read(Path(given.mining_key_file), named="da.signer.mining_key_file") if given.mining_key_file else None
            wallet = chain if payer is None else SendingChain(eth, payer, endpoints.chain_id)
            duties.miner = Miner(
                wallet, store, reading, entrance, geometry=geometry, answers_max=given.mining_answers_max,
                poll_s=given.mining_poll_ms / 1000, told=numbers.mined,
            )  # fmt: skip

        def gauges() -> None:
            numbers.height.set(store.next_block or 0)
            numbers.epoch.set(0 if duties.epochs is None else duties.epochs.epoch)

        port = role.GrpcPort(
            {SIGNER: server.methods(), SLICES: rows.slice_methods()}, given.host, given.port, listening,
            receive_bytes_max=given.receive_bytes_max, calls_max=given.calls_max, observe=numbers.observe,
        )  # fmt: skip
        services: list[Service] = [port, duties, role.Watch(lambda: store.broken, gauges)]
        if given.scrub_interval_s:
            services.append(
                role.Scrub(
                    kv,
                    list(FAMILIES),
                    given.scrub_interval_s,
                    given.scrub_bytes_per_s,
                    numbers.scrubbed.inc,
                    numbers.faults.set,
                )
            )
        if config.metrics.enabled:
            health = partial(_health, store, duties)
            services.append(
                metrics.MetricsService(registry, config.metrics, partial(setattr, endpoints, "metrics_url"), health)
            )

        def tell() -> None:
            _log.info("signer.ready", account=endpoints.account, address=endpoints.address, socket=endpoints.socket)
            ready(endpoints)

        services.append(role.Announce(duties.serving, tell))
        await Node(services).run()


def _health(store: SignerStore, duties: _Duties) -> dict[str, object]:
    """What ``/health`` answers."""
    return {
        "status": "failed" if store.broken else "ok",
        "reason": store.broken,
        "next_block": store.next_block,
        "epoch": 0 if duties.epochs is None else duties.epochs.epoch,
        "serving": duties.serving.is_set(),
    }


class _Duties:
    """What a signer does without being asked."""

    name = "duties"

    def __init__(self, config: DaSignerConfig, log_poll_s: float, logs: LogDuty, prune: PruneDuty) -> None:
        self._config, self._log_poll_s, self._logs, self._prune = config, log_poll_s, logs, prune
        self.miner: Miner | None = None
        self.epochs: EpochDuty | None = None
        """There once the port is known, which the chain is told."""
        self.serving = asyncio.Event()

    async def run(self, ready: Ready) -> None:
        if self.epochs is None:
            raise ConfigError("the port is not known", key="da.signer.port", value="", origin="")
        async with Tasks() as tasks:

            def start(work: Coroutine[Any, Any, None], name: str) -> None:
                tasks.start_background(work, name)

            start(self._logs.run(self._log_poll_s), "log")
            start(self.epochs.run(self._config.epoch_poll_ms / 1000), "epochs")
            start(self._prune.run(self._config.prune_poll_s), "prune")
            if self.miner is not None:
                start(self.miner.run(), "mining")
            ready()
            await self.epochs.serving.wait()
            self.serving.set()
            await asyncio.get_running_loop().create_future()


def main(arguments: list[str] | None = None) -> int:
    """``python -m zerog.da.signer.service --config node.toml``: a DA signer in the foreground until SIGTERM."""
    return process.main("zerog.da.signer.service", main.__doc__, serve, arguments)


if __name__ == "__main__":
    raise SystemExit(main())

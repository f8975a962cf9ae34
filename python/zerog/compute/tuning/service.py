"""The fine-tuning node from its settings to its last shutdown step.

Start-up, in order: lock the directory, open the store, find the chain, read the models, listen, register the service, go on
with tasks that an earlier process left behind. A training that was cut off goes on from its last checkpoint.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from zerog.compute.attest import Enclave, compose_text, open_quoter
from zerog.compute.tuning.chain import TuningChain
from zerog.compute.tuning.lifecycle import BaseModel, Depot, Lifecycle, Terms
from zerog.compute.tuning.metrics import TuningMetrics
from zerog.compute.tuning.server import TuningServer
from zerog.compute.tuning.store import FAMILIES, TaskStore
from zerog.compute.tuning.task import State, Task
from zerog.compute.tuning.texts import open_texts
from zerog.compute.tuning.trainer import LoraTrainer, Trainer
from zerog.contracts import registry
from zerog.contracts.fine_tuning import Quota
from zerog.errors import ConfigError, InvalidInput, PeerFault, TimedOut, Unavailable
from zerog.primitives.merkle import file_tree
from zerog.runtime import disk, log, metrics
from zerog.runtime.config import Config, TuningConfig
from zerog.runtime.eth import SendingEth, known_chain, open_eth
from zerog.runtime.key import Key, made_key
from zerog.runtime.node import Node
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_http import Bounds, Site, Stats
from zerog.runtime.service import Ready, Service
from zerog.runtime.tasks import Tasks
from zerog.store.rocks import RocksKv
from zerog.types import Address, format_address, parse_address, parse_amount

_log = log.get(__name__)

MODEL_BYTES_MAX: Final = 8 << 30


@dataclass
class Endpoints:
    """Where a running fine-tuning node answers; ports are the ones that were taken."""

    chain_id: int = 0
    contract: str = ""
    provider: str = ""
    signer: str = ""
    url: str = ""
    metrics_url: str = ""
    models: tuple[str, ...] = ()


async def serve(
    config: Config,
    ready: Callable[[Endpoints], None] = lambda endpoints: None,
    *,
    depot: Depot | None = None,
    eth: SendingEth | None = None,
    trainer: Trainer | None = None,
) -> None:
    """Run a fine-tuning node until cancelled.

    Args:
        config: see ``[tuning]`` of default.toml.
        ready: called once, when the port answers.
        depot: the storage network; without it results are handed over by this node alone.
        eth: another chain than the one behind ``tuning.chain.endpoint``.
        trainer: another one than the program of ours.

    Raises:
        ConfigError: settings do not fit. Conflict: the directory is in use, or belongs to another provider.
    """
    given = config.tuning
    contract = _contract(given)
    async with AsyncExitStack() as stack:
        home = Path(given.home)
        stack.enter_context(disk.DirectoryLock(home))
        kv = RocksKv(home / "db", FAMILIES, cache_bytes=given.cache_bytes)
        stack.callback(kv.close)
        lane = stack.enter_context(Offload(2, waiting_max=256, name="tuning"))
        key = Key.read(Path(_needed(given.chain.key_file, "tuning.chain.key_file")), named="tuning.chain.key_file")
        signer = made_key(Path(given.enclave.key_file or home / "enclave.key"), named="tuning.enclave.key_file")
        if eth is None:
            eth = await stack.enter_async_context(open_eth(given.chain, "tuning.chain"))
        chain_id = await known_chain(eth, given.chain.endpoint)
        chain = TuningChain(eth, key, contract, chain_id, confirm_s=given.chain.confirm_s)
        store = TaskStore(kv, home)
        store.identity(chain_id, contract, key.address)
        models = await lane.run(read_models, given)
        numbers = TuningMetrics(registry_ := metrics.new_registry())
        lifecycle = Lifecycle(
            store, chain, trainer or LoraTrainer(timeout_s=given.train_timeout_s, threads=given.threads), models,
            lambda model: open_texts(model.path), depot, signer, _terms(given), lane,
            adapters=_adapters(given), on_moved=partial(_moved, numbers),
        )  # fmt: skip
        quoter = open_quoter(given.enclave.quote, Path(given.enclave.socket))
        names = ",".join(model.name for model in models.values())
        enclave = Enclave(
            signer, quoter, chain_id=chain_id, contract=contract, provider=key.address, compose=compose_text(names)
        )
        server = TuningServer(
            lifecycle, enclave, lane, queue_max=given.queue_max, dataset_bytes_max=given.dataset_bytes_max,
            datasets_bytes_max=given.datasets_bytes_max,
        )  # fmt: skip
        endpoints = Endpoints(
            chain_id, format_address(contract), format_address(key.address), format_address(signer.address),
            models=tuple(model.name for model in models.values()),
        )  # fmt: skip
        door = _Door(given, server, numbers, endpoints)
        services: list[Service] = [door, _Work(given, lifecycle, chain, door, signer.address, numbers)]
        if config.metrics.enabled:
            told = partial(setattr, endpoints, "metrics_url")
            services.append(metrics.MetricsService(registry_, config.metrics, told, partial(_health, lifecycle)))

        def tell() -> None:
            _log.info("tuning.ready", url=endpoints.url, provider=endpoints.provider, models=",".join(endpoints.models))
            ready(endpoints)

        await Node(services).run(tell)


def read_models(config: TuningConfig) -> dict[bytes, BaseModel]:
    """The models that the settings name, by the root of their file.

    Raises:
        ConfigError: none, or a file that is not there.
    """
    made = {}
    for entry in config.models:
        name, mark, path = entry.partition("=")
        file = Path(path)
        if not mark or not name or not file.is_file() or file.stat().st_size > MODEL_BYTES_MAX:
            message = f"tuning.models: expected name=path of a GGUF file, found {entry[:128]!r}"
            raise ConfigError(message, key="tuning.models", value=entry, origin="")
        root = bytes(file_tree(file.read_bytes()).root)
        made[root] = BaseModel(name, file, root, f"{name}, tuned by LoRA on the processor")
    if not made:
        message = "tuning.models: expected at least one model, as name=path of a GGUF file"
        raise ConfigError(message, key="tuning.models", value=list(config.models), origin="")
    return made


def _terms(config: TuningConfig) -> Terms:
    return Terms(
        price_per_token=config.service.price_per_token,
        reserve=_amount(config.service.reserve, "tuning.service.reserve"),
        dataset_bytes_max=config.dataset_bytes_max, tokens_max=config.tokens_max, row_tokens_max=config.row_tokens_max,
        rank=config.rank, alpha=config.alpha, tries_max=config.tries_max, pause_s=config.pause_ms / 1000,
        poll_s=config.poll_ms / 1000, acknowledge_s=config.acknowledge_s, kept_s=config.kept_s,
    )  # fmt: skip


def _moved(numbers: TuningMetrics, task: Task) -> None:
    numbers.moved.labels(str(task.state)).inc()
    if task.state is State.TRAINED:
        numbers.tokens.inc(task.tokens * task.params.num_train_epochs)


def _health(lifecycle: Lifecycle) -> dict[str, object]:
    dead = lifecycle.store.kv.broken
    return {
        "status": "failed" if dead else "ok",
        "unfinished": lifecycle.unfinished,
        "pending": lifecycle.pending,
        "reason": dead,
    }


def _contract(config: TuningConfig) -> Address:
    text = config.chain.contract
    try:
        return parse_address(text) if text else registry.FINE_TUNING
    except InvalidInput as error:
        raise ConfigError(f"tuning.chain.contract: {error}", key="tuning.chain.contract", value=text, origin="") from None


def _adapters(config: TuningConfig) -> Path | None:
    """The folder shared with a provider, made where it is missing.

    Raises:
        ConfigError: it cannot be made.
    """
    if not config.adapters:
        return None
    try:
        Path(config.adapters).mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        message = f"tuning.adapters: {error.strerror}"
        raise ConfigError(message, key="tuning.adapters", value=config.adapters, origin="") from None
    return Path(config.adapters)


def _amount(text: str, key: str) -> int:
    try:
        return parse_amount(text)
    except InvalidInput as error:
        raise ConfigError(f"{key}: {error}", key=key, value=text, origin="") from None


def _needed(text: str, key: str) -> str:
    if not text:
        raise ConfigError(f"{key}: expected the file with the provider's secret key", key=key, value=text, origin="")
    return text


class _Door:
    """The public port. It listens before the chain is told its address."""

    name = "http"

    def __init__(self, config: TuningConfig, server: TuningServer, numbers: TuningMetrics, endpoints: Endpoints) -> None:
        http = config.http
        self._config, self._endpoints = config, endpoints
        bounds = Bounds(
            connections_max=http.connections_max, idle_close_s=http.idle_close_s, body_timeout_s=http.body_timeout_s,
            compress=False,
        )  # fmt: skip
        self._site = Site(server.app(), http.host, http.port, bounds, Stats(connections=numbers.connections.set))

    @property
    def public_url(self) -> str:
        return self._config.service.url.rstrip("/") or self._endpoints.url

    async def run(self, ready: Ready) -> None:
        host = self._config.http.host
        try:
            self._endpoints.url = f"http://{f'[{host}]' if ':' in host else host}:{await self._site.start()}"
            ready()
            await self._site.watch()
        finally:
            await self._site.stop()


class _Work:
    """Registers the service, then works tasks off."""

    name = "work"

    def __init__(
        self,
        config: TuningConfig,
        lifecycle: Lifecycle,
        chain: TuningChain,
        door: _Door,
        signer: Address,
        numbers: TuningMetrics,
    ) -> None:
        self._config, self._life, self._chain, self._door = config, lifecycle, chain, door
        self._signer, self._numbers = signer, numbers

    async def run(self, ready: Ready) -> None:
        if self._config.service.register:
            await self._register()
        async with Tasks() as tasks:
            tasks.start_background(self._life.work(), "tuning.work")
            tasks.start_background(self._life.watch(), "tuning.watch")
            tasks.start_background(self._gauges(), "tuning.gauges")
            ready()
            await asyncio.get_running_loop().create_future()

    async def _register(self) -> None:
        """Make the chain say what the settings say; a chain that does not answer is waited for."""
        service = self._config.service
        quota = Quota(service.cpus, service.memory_gb, service.gpus, service.storage_gb, service.gpu)
        names = [model.name for model in self._life.models.values()]
        stake, pause_s = _amount(service.stake, "tuning.service.stake"), 0.2
        while True:
            try:
                done = await self._chain.register(
                    self._door.public_url, quota, service.price_per_token, False, names, self._signer, stake
                )
                if done is not None:
                    _log.info("service.registered", url=self._door.public_url, models=",".join(names), tx="0x" + done.hex())
                return
            except PeerFault as error:
                raise ConfigError(
                    f"tuning.service: the contract refuses the service: {error}; is {format_address(self._chain.provider)} "
                    f"funded with the stake of {service.stake} and gas?",
                    key="tuning.service", value=names, origin="",
                ) from None  # fmt: skip
            except (Unavailable, TimedOut) as error:
                _log.warning("chain.unreachable", reason=str(error), pause_s=pause_s)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, 10)

    async def _gauges(self) -> None:
        while True:
            self._numbers.unfinished.set(self._life.unfinished)
            self._numbers.pending.set(self._life.pending)
            await asyncio.sleep(1)

"""The provider from its settings to its last shutdown step.

Start-up, in order: lock the directory, open the store, find the chain, open the backend, listen, follow a settlement that an
earlier process left behind, register the service. At shutdown settling stops, requests in work end or are charged for what they
delivered, and what is owed stays on the disk.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from zerog.compute.accounts import Accounts
from zerog.compute.api import Backend, Kind, Model, Tier
from zerog.compute.attest import Enclave, compose_text, open_quoter
from zerog.compute.chain import LoggingEth, ServingChain
from zerog.compute.engine.forward import ForwardBackend
from zerog.compute.gateway.adapters import AdapterRoutes
from zerog.compute.gateway.auth import Auth
from zerog.compute.gateway.chat_serving import Serving, ServingRules
from zerog.compute.gateway.jobs import JobRules, Jobs
from zerog.compute.gateway.limits import Bounds as LimitBounds
from zerog.compute.gateway.limits import Limits
from zerog.compute.gateway.logs import Logs
from zerog.compute.gateway.passing import Passing
from zerog.compute.gateway.router import Gateway
from zerog.compute.gateway.videos import Videos
from zerog.compute.kept import Keep
from zerog.compute.metrics import ComputeMetrics
from zerog.compute.settlement import Rules, Settler, Tally
from zerog.compute.store import FAMILIES, Store
from zerog.contracts import inference, registry
from zerog.contracts.inference import Service as Offer
from zerog.contracts.inference import ServiceParams
from zerog.errors import ConfigError, InvalidInput, NotFound, PeerFault, TimedOut, Unavailable
from zerog.primitives.merkle import file_tree
from zerog.runtime import disk, log, metrics, process
from zerog.runtime.clock import Clock, SystemClock
from zerog.runtime.config import ComputeConfig, ComputeNativeConfig, Config
from zerog.runtime.eth import known_chain, open_eth
from zerog.runtime.key import Key, made_key
from zerog.runtime.node import Node
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_http import Bounds, Site, Stats
from zerog.runtime.service import Ready, Service
from zerog.runtime.tasks import Tasks
from zerog.store.kv import scrub
from zerog.store.rocks import RocksKv
from zerog.types import Address, format_address, parse_address, parse_amount

if TYPE_CHECKING:
    from zerog.compute.engine.adapters import Adapters
    from zerog.compute.engine.native import EngineLimits, NativeBackend

CATCH_UP_BLOCKS: Final = 900
DAY_MS: Final = 86_400_000
GAUGES_S: Final = 1.0
"""How often gauges are set: they cost a look at every user, and nobody reads them faster."""
_log = log.get(__name__)


@dataclass
class Endpoints:
    """Where a running provider answers; ports are the ones that were taken."""

    chain_id: int = 0
    contract: str = ""
    provider: str = ""
    signer: str = ""
    url: str = ""
    metrics_url: str = ""
    models: tuple[str, ...] = ()


@dataclass
class Provider:
    """The parts of an open provider."""

    config: ComputeConfig
    chain: ServingChain
    store: Store
    accounts: Accounts
    enclave: Enclave
    settler: Settler
    serving: Serving
    adapters: Adapters | None = None


@asynccontextmanager
async def open_backend(config: ComputeConfig, clock: Clock) -> AsyncIterator[Backend]:
    """What the settings name: our own engine on a model file, or a server to forward to.

    Raises:
        ConfigError: they name nothing that can be opened.
    """
    if not config.native.model_file:
        async with _forwarding(config) as forwarding:
            yield forwarding
        return
    if config.forward.url:
        message = "compute.forward.url: compute.native.model_file is given as well; give one of the two"
        raise ConfigError(message, key="compute.forward.url", value=config.forward.url, origin="")
    # Who forwards needs no tokenizer, no templates and no kernels.
    from zerog.compute.engine.embedding import EmbeddingBackend
    from zerog.compute.engine.several import SeveralBackends

    async with AsyncExitStack() as stack:
        backends: list[Backend] = []
        native = config.native
        try:
            made = await asyncio.to_thread(_native, config, clock)
            backends.append(await stack.enter_async_context(made))
            if native.embedding_directory:
                encoder = await asyncio.to_thread(
                    EmbeddingBackend, Path(native.embedding_directory), model_id=native.embedding_model
                )
                backends.append(await stack.enter_async_context(encoder))
        except (InvalidInput, NotFound) as error:
            message = f"compute.native: {error}"
            raise ConfigError(message, key="compute.native", value=native.model_file, origin="") from None
        yield SeveralBackends(*backends)


def _native(config: ComputeConfig, clock: Clock) -> NativeBackend:
    """Reads and packs the weights: seconds."""
    from zerog.compute.engine.native import NativeBackend
    from zerog.compute.engine.weights import load_gguf

    native = config.native
    loaded = load_gguf(Path(native.model_file), native.context_tokens_max)
    limits = _engine_limits(native)
    return NativeBackend(
        loaded, clock, model_id=config.service.model, random=secrets.token_bytes, limits=limits, aliases=native.aliases
    )


def _engine_limits(native: ComputeNativeConfig) -> EngineLimits:
    from zerog.compute.engine.native import EngineLimits

    return EngineLimits(
        page_count=native.pages, account_pages_max=native.account_pages_max, context_tokens_max=native.context_tokens_max,
        step_tokens_max=native.step_tokens_max, running_max=native.running_max, account_running_max=native.account_running_max,
        waiting_max=native.waiting_max, account_waiting_max=native.account_waiting_max,
    )  # fmt: skip


def _adapters(config: ComputeConfig, store: Store, clock: Clock) -> Adapters:
    """Users' own adapters of the native engine's model.

    Raises:
        ConfigError: there is no such model.
    """
    from zerog.compute.adapter import Handed, read_files
    from zerog.compute.engine.adapters import Adapters, Room
    from zerog.compute.engine.lora import load_adapted, parse_adapter
    from zerog.compute.engine.native import NativeBackend

    native, lora = config.native, config.lora
    if not native.model_file:
        message = "compute.lora.folder: adapters are merged into compute.native.model_file, which is not given"
        raise ConfigError(message, key="compute.lora.folder", value=lora.folder, origin="")
    folder, model_file = Path(lora.folder), Path(native.model_file)
    limits = replace(
        _engine_limits(native), page_count=lora.pages, account_pages_max=lora.pages, running_max=lora.running_max,
        account_running_max=lora.running_max,
    )  # fmt: skip
    root_of = cache(lambda: bytes(file_tree(model_file.read_bytes()).root).hex())

    def open_adapter(handed: Handed) -> NativeBackend:
        if handed.base_root != root_of():
            raise InvalidInput(f"the adapter was trained on another file of {handed.base[:100]!r} than the one that is served")
        adapter = parse_adapter(*read_files(folder, handed, lora.bytes_max))
        loaded = load_adapted(model_file, adapter, lora.weights, native.context_tokens_max)
        return NativeBackend(loaded, clock, model_id=handed.name, random=secrets.token_bytes, limits=limits)

    room = Room(lora.active_max, lora.user_active_max, lora.idle_s, lora.kept_s)
    return Adapters(folder, (config.service.model, *native.aliases), open_adapter, store, clock, room)


def _forwarding(config: ComputeConfig) -> ForwardBackend:
    forward = config.forward
    if not forward.url.startswith(("http://", "https://")):
        message = (
            "compute.forward.url: expected a URL that begins with http:// or https:// (or compute.native.model_file), "
            f"found {forward.url[:80]!r}"
        )
        raise ConfigError(message, key="compute.forward.url", value=forward.url, origin="")
    headers = {}
    if forward.key_file:
        try:
            secret = disk.read_private(Path(forward.key_file)).decode().strip()
        except OSError as error:
            message = f"compute.forward.key_file: {error.strerror}"
            raise ConfigError(message, key="compute.forward.key_file", value=forward.key_file, origin="") from None
        headers["Authorization"] = f"Bearer {secret}"
    model = config.service.model
    models = [
        Model(model, Kind(config.service.kind), forward.context_tokens, forward.completion_tokens_max, aliases=forward.aliases)
    ]
    if forward.embedding_model:
        models.append(Model(forward.embedding_model, Kind.EMBEDDING, forward.context_tokens, 1))
    return ForwardBackend(
        forward.url, models, upstream={model: forward.model or model}, headers=headers, timeout_s=forward.timeout_s,
        running_max=config.limits.running_max + (config.queue.running_max if config.queue.enabled else 0),
    )  # fmt: skip


async def serve(
    config: Config,
    ready: Callable[[Endpoints], None] = lambda endpoints: None,
    *,
    eth: LoggingEth | None = None,
    backend: Backend | None = None,
    clock: Clock | None = None,
    opened: Callable[[Provider], None] = lambda provider: None,
) -> None:
    """Run a provider until cancelled: the one function to start it with.

    Args:
        config: see ``[compute]`` of default.toml.
        ready: called once, when the port answers.
        eth: another chain than the one behind ``compute.chain.endpoint``.
        backend: another one than the settings name; already open.
        opened: gets the parts before anything is served.

    Raises:
        ConfigError: settings do not fit. Conflict: the directory is in use, or belongs to another provider.
    """
    given, clock = config.compute, clock or SystemClock()
    contract = _contract(given)
    async with AsyncExitStack() as stack:
        home = Path(given.home)
        stack.enter_context(disk.DirectoryLock(home))
        kv = RocksKv(home / "db", FAMILIES, cache_bytes=given.store.cache_bytes)
        stack.callback(kv.close)
        writes = stack.enter_context(Offload(1, waiting_max=4096, name="writes"))
        key = _provider_key(given, home)
        signer = made_key(Path(given.enclave.key_file or home / "enclave.key"), named="compute.enclave.key_file")
        if eth is None:
            eth = await stack.enter_async_context(open_eth(given.chain, "compute.chain"))
        chain = ServingChain(eth, key, contract, await known_chain(eth, given.chain.endpoint))
        store = Store(kv, writes)
        store.identity(chain.chain_id, contract, key.address, clock.now_s())
        numbers = ComputeMetrics(registry_ := metrics.new_registry())
        accounts = Accounts(chain, store, clock, floor=_amount(given.limits.floor, "compute.limits.floor"),
                            stale_s=given.chain.stale_s)  # fmt: skip
        quoter = open_quoter(given.enclave.quote, Path(given.enclave.socket))
        enclave = Enclave(
            signer, quoter, chain_id=chain.chain_id, contract=contract, provider=key.address,
            compose=compose_text(given.service.model),
        )  # fmt: skip
        settler = Settler(chain, accounts, store, enclave, clock, _rules(given), told=partial(_count, numbers))
        if backend is None:
            backend = await stack.enter_async_context(open_backend(given, clock))
        adapters = None
        if given.lora.folder:
            from zerog.compute.engine.several import SeveralBackends

            adapters = await stack.enter_async_context(_adapters(given, store, clock))
            backend = SeveralBackends(backend, adapters)
        serving = Serving(
            backend, accounts, Auth(key.address, clock), _limits(given, clock), enclave, store, clock, numbers,
            _serving_rules(given), key.address,
        )  # fmt: skip
        provider = Provider(given, chain, store, accounts, enclave, settler, serving, adapters)
        opened(provider)
        endpoints = Endpoints(
            chain.chain_id, format_address(contract), format_address(key.address), format_address(enclave.signer),
            models=tuple(model.id for model in backend.models()),
        )  # fmt: skip
        door = _Door(provider, numbers, clock, endpoints, Path(config.log.file) if config.log.file else None)
        services: list[Service] = [
            _Upkeep(provider, numbers, clock, door), door, _ChainService(provider, numbers, clock, door), door.jobs,
        ]  # fmt: skip
        if adapters is not None:
            services.insert(0, adapters)
        if config.metrics.enabled:
            health = partial(_health, provider, backend)
            services.append(
                metrics.MetricsService(registry_, config.metrics, partial(setattr, endpoints, "metrics_url"), health)
            )
        await Node(services).run(lambda: _tell(endpoints, ready))


def _tell(endpoints: Endpoints, ready: Callable[[Endpoints], None]) -> None:
    _log.info("compute.ready", url=endpoints.url, provider=endpoints.provider, signer=endpoints.signer)
    ready(endpoints)


def _health(provider: Provider, backend: Backend) -> dict[str, object]:
    """Whether a request could be served now."""
    service, stats = provider.accounts.service, backend.stats()
    wrong = []
    if not provider.accounts.fresh:
        wrong.append("the chain does not answer")
    if service is None:
        wrong.append("the service is not registered")
    elif not service.signer_acknowledged:
        wrong.append("the contract's owner has not acknowledged the signer")
    if provider.store.kv.broken:
        wrong.append(f"the store is broken: {provider.store.kv.broken}")
    return {
        "status": "; ".join(wrong) or "ok", "running": stats.running, "waiting": stats.waiting,
        "models": [model.id for model in backend.models()],
    }  # fmt: skip


def _count(numbers: ComputeMetrics, tally: Tally) -> None:
    numbers.settled.inc(tally.amount / 10**18)
    numbers.settlements.labels("settled").inc(tally.users)
    numbers.settlements.labels("failed").inc(tally.failed)


class _ChainService:
    """Follows the chain: registers the service, hears of changed accounts and revoked keys, settles."""

    name = "chain"

    def __init__(self, provider: Provider, numbers: ComputeMetrics, clock: Clock, door: _Door) -> None:
        self._provider, self._numbers, self._clock, self._door = provider, numbers, clock, door
        self._seen, self._gauges_s = 0, 0.0

    async def run(self, ready: Ready) -> None:
        provider = self._provider
        await self._patiently(provider.settler.resume)
        await self._patiently(self._register)
        self._seen = await provider.chain.head()
        provider.accounts.heard()
        async with Tasks() as tasks:
            tasks.start_background(self._watch(), "chain.watch")
            tasks.start_background(provider.settler.run(), "settlement")
            ready()
            await asyncio.get_running_loop().create_future()

    async def _patiently(self, work: Callable[[], Any]) -> None:
        """A chain that does not answer is waited for."""
        pause_s = 0.2
        while True:
            try:
                await work()
                return
            except (Unavailable, TimedOut) as error:
                _log.warning("chain.unreachable", reason=str(error), pause_s=pause_s)
                await self._clock.sleep(pause_s)
                pause_s = min(2 * pause_s, 10)

    async def _register(self) -> None:
        """Make the chain say what the settings say."""
        provider, service = self._provider, self._provider.config.service
        found = await provider.accounts.load_service()
        if not service.register:
            return
        wanted = ServiceParams(
            service.kind, self._door.public_url, service.model, service.verifiability, service.input_price,
            service.output_price, additional_info(provider), provider.enclave.signer,
        )  # fmt: skip
        if found is not None and same_offer(found, wanted):
            return
        stake = 0 if found is not None else _amount(service.stake, "compute.service.stake")
        call = inference.add_or_update_service(wanted)
        rules = provider.config.settlement
        try:
            signed = await provider.chain.sign(call.data, value=stake, gas_spare=rules.gas_spare, price_max=rules.gas_price_max)
        except PeerFault as error:
            raise ConfigError(
                f"compute.service: the contract refuses the service: {error}; is {format_address(provider.chain.provider)} "
                f"funded with the stake of {service.stake} and gas?",
                key="compute.service", value=service.model, origin="",
            ) from None  # fmt: skip
        await provider.chain.send(signed.raw)
        async with asyncio.timeout(120):
            while (receipt := await provider.chain.receipt(signed.hash)) is None:
                await self._clock.sleep(0.1)
        if not receipt.succeeded:
            raise Unavailable("the transaction that registers the service failed")
        await provider.accounts.load_service()
        _log.info("service.registered", url=wanted.url, model=wanted.model, block=receipt.block_number)

    async def _watch(self) -> None:
        """New blocks, several times a second: what they changed counts from then on."""
        provider, poll_s = self._provider, self._provider.config.chain.poll_ms / 1000
        while True:
            try:
                head = await provider.chain.head()
                if head > self._seen + CATCH_UP_BLOCKS:
                    provider.accounts.forget()
                    await provider.accounts.load_service()
                elif head > self._seen:
                    changes = await provider.chain.changes(self._seen + 1, head)
                    provider.accounts.changed(changes)
                    if changes.service:
                        await provider.accounts.load_service()
                    debtors = [user for user in changes.users if provider.accounts.owed(user)]
                    for user in debtors:
                        await provider.accounts.user(user)
                    if debtors:
                        provider.settler.want()
                self._seen = max(self._seen, head)
                provider.accounts.heard()
            except (Unavailable, TimedOut, PeerFault) as error:
                _log.warning("chain.unreachable", reason=str(error))
            if self._clock.monotonic_s() >= self._gauges_s:
                self._gauges_s = self._clock.monotonic_s() + GAUGES_S
                self._gauges()
            await self._clock.sleep(poll_s)

    def _gauges(self) -> None:
        provider, numbers = self._provider, self._numbers
        owed, reserved, running = provider.accounts.totals
        numbers.owed.set(owed / 10**18)
        numbers.reserved.set(reserved / 10**18)
        numbers.running.set(running)
        numbers.waiting.set(provider.serving.limits.waiting)
        numbers.chain_fresh.set(provider.accounts.fresh)
        for what, value in msgspec.structs.asdict(_StatsRow(**provider.serving.backend.stats().__dict__)).items():
            numbers.backend.labels(what).set(value)


class _StatsRow(msgspec.Struct):
    """The backend's stats as labels."""

    running: int
    waiting: int
    waiting_max: int
    pages_used: int
    pages: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    preemptions: int
    restarts: int


class _Door:
    """The public port. It listens before the chain is told its address; until then requests are refused."""

    name = "http"

    def __init__(
        self, provider: Provider, numbers: ComputeMetrics, clock: Clock, endpoints: Endpoints, log_file: Path | None
    ) -> None:
        self._provider, self._endpoints = provider, endpoints
        config, serving, store = provider.config, provider.serving, provider.store
        http = config.http
        self.keep = Keep(store, config.store.kept_bytes_max)
        passing = Passing(
            serving, self.keep, clock, url=lambda: self.public_url, speech_bytes_per_s=config.forward.speech_bytes_per_s
        )
        rules = JobRules(**msgspec.structs.asdict(config.queue))
        self.jobs = Jobs(serving, passing, store, self.keep, clock, numbers, rules)
        more = [
            *passing.routes(), *Videos(serving, passing, self.keep, clock, kept_s=config.forward.videos_s).routes(),
            *self.jobs.routes(), *AdapterRoutes(serving, provider.adapters).routes(),
            *Logs(serving.auth, provider.chain.provider, log_file, bytes_max=http.log_bytes_max).routes(),
        ]  # fmt: skip
        gateway = Gateway(
            serving, store, clock, numbers, hosts=http.hosts, origins=http.cors, body_bytes_max=http.body_bytes_max,
            card=partial(card, provider), more=more,
        )  # fmt: skip
        bounds = Bounds(
            body_bytes_max=http.body_bytes_max, connections_max=http.connections_max, idle_close_s=http.idle_close_s,
            body_timeout_s=http.body_timeout_s, compress=False,
        )  # fmt: skip
        self._site = Site(gateway.app(), http.host, http.port, bounds, Stats(connections=numbers.connections.set))

    @property
    def public_url(self) -> str:
        return self._provider.config.service.url.rstrip("/") or self._endpoints.url

    async def run(self, ready: Ready) -> None:
        host = self._provider.config.http.host
        try:
            self._endpoints.url = f"http://{f'[{host}]' if ':' in host else host}:{await self._site.start()}"
            ready()
            await self._site.watch()
        finally:
            await self._site.stop()


class _Upkeep:
    """What nobody waits for: old records are forgotten, all others are read and checked now and then."""

    name = "upkeep"

    def __init__(self, provider: Provider, numbers: ComputeMetrics, clock: Clock, door: _Door) -> None:
        self._provider, self._numbers, self._clock, self._door = provider, numbers, clock, door

    async def run(self, ready: Ready) -> None:
        with Offload(1, name="scrub") as lane:
            async with Tasks() as tasks:
                tasks.start_background(self._expire(), "expire")
                if self._provider.config.store.scrub_interval_s:
                    tasks.start_background(self._scrub(lane), "scrub")
                ready()
                await asyncio.get_running_loop().create_future()

    async def _expire(self) -> None:
        store, config = self._provider.store, self._provider.config.store
        while True:
            now_ms = int(self._clock.now_s() * 1000)
            await store.expire_signatures(now_ms)
            await self._door.jobs.expire()
            await self._door.keep.expire(now_ms)
            self._numbers.jobs_waiting.set(self._door.jobs.waiting)
            self._numbers.kept_bytes.set(self._door.keep.size_bytes)
            if config.history_days:
                await store.expire_history(now_ms - config.history_days * DAY_MS)
            await self._clock.sleep(60)

    async def _scrub(self, lane: Offload) -> None:
        while True:
            await self._clock.sleep(self._provider.config.store.scrub_interval_s)
            count, faults = await lane.run(scrub, self._provider.store.kv, list(FAMILIES))
            self._numbers.scrubbed.inc(count)
            self._numbers.faults.set(len(faults))
            for fault in faults[:10]:
                _log.error("store.damaged_record", record=fault)


def same_offer(found: Offer, wanted: ServiceParams) -> bool:
    """Whether the chain says already what the settings say."""
    return (
        found.kind, found.url, found.model, found.verifiability, found.input_price, found.output_price, found.additional_info,
        found.signer,
    ) == (
        wanted.kind, wanted.url, wanted.model, wanted.verifiability, wanted.input_price, wanted.output_price,
        wanted.additional_info, wanted.signer,
    )  # fmt: skip


def additional_info(provider: Provider) -> str:
    """The JSON of the service record that clients read (compute.md §7.5)."""
    config = provider.config
    made: dict[str, Any] = {
        "TEEVerifier": "dstack", "TargetSeparated": False, "ProviderType": "decentralized", "ImageName": "zerog",
        "Mock": config.enclave.quote == "mock",
    }  # fmt: skip
    if config.service.cached_divisor:
        made["cacheTokenBilling"] = {"divisor": config.service.cached_divisor}
    if config.service.tiers:
        made["tieredPricing"] = _tiered_pricing(config)
    return msgspec.json.encode(made, order="sorted").decode()


def _tiered_pricing(config: ComputeConfig) -> dict[str, Any]:
    names = (
        "maxInputTokens",
        "inputMultiplier",
        "inputMultiplierDenominator",
        "outputMultiplier",
        "outputMultiplierDenominator",
    )
    return {"tiers": [dict(zip(names, row, strict=True)) for row in config.service.tiers]}


def card(provider: Provider, model: Model) -> dict[str, Any]:
    """One entry of the list of models (compute.md §7.6)."""
    config, service = provider.config, provider.accounts.service
    input_price = service.input_price if service else config.service.input_price
    output_price = service.output_price if service else config.service.output_price
    limits = config.limits
    mock = config.enclave.quote == "mock"
    return {
        "id": model.id,
        "canonical_id": model.id,
        "object": "model",
        "created": model.created or (service.updated_at if service else 0),
        "owned_by": model.owned_by,
        "name": model.id,
        "description": model.description,
        "type": model.kind.value,
        "context_length": model.context_tokens,
        "max_completion_tokens": model.completion_tokens_max,
        "pricing": {
            "prompt": str(input_price),
            "completion": str(0 if model.kind == Kind.EMBEDDING else output_price),
            **({"image": str(output_price)} if model.kind in (Kind.IMAGE, Kind.IMAGE_EDIT) else {}),
            **({"video": str(output_price)} if model.kind == Kind.VIDEO else {}),
            **({"tiered_pricing": _tiered_pricing(config)} if config.service.tiers else {}),
            **({"cache_token_billing": {"divisor": config.service.cached_divisor}} if config.service.cached_divisor else {}),
        },
        "verifiability": config.service.verifiability,
        "tee_attested": not mock,
        "tee_type": "mock" if mock else "tdx",
        "provider_type": "decentralized",
        "provider_identity": format_address(provider.chain.provider),
        "rate_limits": {
            "requests_per_minute": limits.requests_per_minute,
            "tokens_per_minute": limits.tokens_per_minute,
            "images_per_minute": limits.images_per_minute,
        },
    }


# -- settings ----------------------------------------------------------------------------------------------------------


def _contract(config: ComputeConfig) -> Address:
    try:
        return parse_address(config.chain.contract) if config.chain.contract else registry.INFERENCE
    except InvalidInput as error:
        message = f"compute.chain.contract: {error}"
        raise ConfigError(message, key="compute.chain.contract", value=config.chain.contract, origin="") from None


def _provider_key(config: ComputeConfig, home: Path) -> Key:
    if config.chain.key_file:
        return Key.read(Path(config.chain.key_file), named="compute.chain.key_file")
    return made_key(home / "provider.key", named="compute.chain.key_file")


def _amount(text: str, key: str) -> int:
    try:
        return parse_amount(text)
    except InvalidInput as error:
        raise ConfigError(f"{key}: {error}", key=key, value=text, origin="") from None


def _rules(config: ComputeConfig) -> Rules:
    given = config.settlement
    return Rules(
        given.force_s, given.thin_s, _amount(given.fee_min, "compute.settlement.fee_min"), given.records_max, given.skip_s,
        given.gas_spare, given.gas_price_max, given.bump_s, given.confirmations,
    )  # fmt: skip


def _limits(config: ComputeConfig, clock: Clock) -> Limits:
    given = config.limits
    bounds = LimitBounds(
        given.running_max, given.waiting_max, given.user_running_max, given.user_waiting_max, given.wait_s,
        given.requests_per_minute, given.requests_burst, given.tokens_per_minute, given.images_per_minute,
        given.address_per_second, given.address_burst,
    )  # fmt: skip
    return Limits(bounds, clock.monotonic_s, frozenset(_addresses(given.free, "compute.limits.free")))


def _addresses(texts: Sequence[str], key: str) -> list[Address]:
    try:
        return [parse_address(text) for text in texts]
    except InvalidInput as error:
        raise ConfigError(f"{key}: {error}", key=key, value=",".join(texts), origin="") from None


def _serving_rules(config: ComputeConfig) -> ServingRules:
    tiers = []
    for row in config.service.tiers:
        if len(row) != 5 or min(row) < 0 or not (row[2] and row[4]):
            raise ConfigError(
                "compute.service.tiers: expected rows of five numbers: prompt tokens, then numerator and denominator of the "
                "input's and of the output's price",
                key="compute.service.tiers", value=str(row), origin="",
            )  # fmt: skip
        tiers.append(Tier(*row))
    return ServingRules(
        config.limits.tokens_default, config.http.signature_s, config.http.body_timeout_s, config.http.deadline_s,
        config.forward.parts, config.service.cached_divisor, tuple(tiers),
    )  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """``python -m zerog.compute.service --config provider.toml``: a provider in the foreground until SIGTERM."""
    return process.main("zerog.compute.service", main.__doc__, serve, arguments)


if __name__ == "__main__":
    raise SystemExit(main())

"""Settings: flags > environment > file > defaults, each value with its origin.

``default.toml`` beside this file is the manual: every key, its default and what it does; a test holds the two together.
The environment name of a key is its path in capitals: ``chain.rpc.http_port`` is ``ZEROG_CHAIN_RPC_HTTP_PORT``.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints

import msgspec
from msgspec import Meta

from zerog.errors import ConfigError

Port = Annotated[int, Meta(ge=0, le=65535)]
Positive = Annotated[int, Meta(ge=1)]
Count = Annotated[int, Meta(ge=0)]
Percent = Annotated[int, Meta(ge=0, le=100)]


class _Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class LogConfig(_Section, frozen=True):
    level: Literal["debug", "info", "warning", "error"] = "info"
    file: str = ""
    file_bytes_max: Positive = 16 << 20
    files_max: Annotated[int, Meta(ge=1, le=100)] = 5


class MetricsConfig(_Section, frozen=True):
    enabled: bool = True
    host: str = "127.0.0.1"
    port: Port = 6060


class ConsensusConfig(_Section, frozen=True):
    mode: Literal["embedded"] = "embedded"
    block_interval_ms: Annotated[int, Meta(ge=100, le=3_600_000)] = 500
    instant: bool = True
    gather_ms: Annotated[int, Meta(ge=0, le=10_000)] = 20
    block_gap_min_ms: Annotated[int, Meta(ge=0, le=60_000)] = 100
    empty_blocks: bool = True
    coinbase: str = "0x0000000000000000000000000000000000000000"
    extra_data: str = "zerog"
    transactions_max: Count = 0


class StoreConfig(_Section, frozen=True):
    sync: bool = True
    fold_interval_blocks: Positive = 64
    history_blocks: Annotated[int, Meta(ge=1, le=100_000)] = 256
    archive: bool = False
    cache_bytes: Positive = 256 << 20
    free_bytes_min: Count = 256 << 20
    scrub_interval_s: Count = 86_400
    scrub_bytes_per_s: Positive = 16 << 20


class PoolConfig(_Section, frozen=True):
    journal: bool = True
    waiting_max: Positive = 65_536
    transactions_max: Positive = 10_000
    sender_max: Positive = 64
    bytes_max: Positive = 256 << 20
    tip_min: Count = 0


class RpcConfig(_Section, frozen=True):
    host: str = "127.0.0.1"
    http_port: Port = 8545
    ws_port: Port = 8546
    hosts: tuple[str, ...] = ("localhost",)
    origins: tuple[str, ...] = ()
    cors: tuple[str, ...] = ("*",)
    body_bytes_max: Positive = 32 << 20
    response_bytes_max: Positive = 128 << 20
    batch_max: Positive = 10_000
    connections_max: Positive = 1024
    idle_close_s: Positive = 30
    body_timeout_s: Positive = 15
    call_timeout_ms: Positive = 5000
    call_gas_max: Positive = 1_000_000_000
    threads: Positive = 4
    logs_blocks_max: Positive = 10_000
    logs_results_max: Positive = 20_000
    filters_max: Positive = 10_000
    filter_idle_s: Positive = 300
    subscriptions_max: Positive = 128
    notifications_max: Annotated[int, Meta(ge=10_000)] = 10_000
    price_min: Count = 1_000_000_000
    debug: bool = True


class AdminConfig(_Section, frozen=True):
    enabled: bool = True
    host: str = "127.0.0.1"
    port: Port = 8547
    token_file: str = ""


class ChainConfig(_Section, frozen=True):
    home: str = "zerog-chain"
    genesis: str = ""
    dev: bool = False
    dev_accounts: tuple[str, ...] = ()
    consensus: ConsensusConfig = ConsensusConfig()
    store: StoreConfig = StoreConfig()
    pool: PoolConfig = PoolConfig()
    rpc: RpcConfig = RpcConfig()
    admin: AdminConfig = AdminConfig()


class StorageChainConfig(_Section, frozen=True):
    endpoint: str = "http://127.0.0.1:8545"
    flow: str = ""
    start_block: Count = 0
    confirmations: Count = 3
    page_blocks: Annotated[int, Meta(ge=1, le=1_000_000)] = 999
    poll_ms: Annotated[int, Meta(ge=10, le=600_000)] = 500
    timeout_s: Positive = 30
    attempts: Positive = 5
    backoff_ms: Positive = 500
    check_every: Count = 500
    blocks_kept: Annotated[int, Meta(ge=2)] = 1024


class StorageStoreConfig(_Section, frozen=True):
    sync: bool = True
    cache_bytes: Positive = 64 << 20
    free_bytes_min: Count = 256 << 20
    scrub_interval_s: Count = 86_400
    scrub_bytes_per_s: Positive = 16 << 20


class StoragePoolConfig(_Section, frozen=True):
    writings_max: Positive = 16
    waiting_bytes_max: Count = 64 << 20
    waiting_s: Positive = 10
    cached_file_bytes_max: Positive = 10 << 20
    cached_bytes_max: Positive = 256 << 20
    cached_expire_s: Positive = 300


class StorageRpcConfig(_Section, frozen=True):
    host: str = "127.0.0.1"
    port: Port = 5678
    hosts: tuple[str, ...] = ("*",)
    cors: tuple[str, ...] = ("*",)
    body_bytes_max: Positive = 100 << 20
    response_bytes_max: Positive = 128 << 20
    batch_max: Positive = 1000
    connections_max: Positive = 1024
    idle_close_s: Positive = 30
    body_timeout_s: Positive = 60
    threads: Positive = 4
    upload_null: bool = False


class StorageAdminConfig(_Section, frozen=True):
    enabled: bool = True
    host: str = "127.0.0.1"
    port: Port = 5679
    token_file: str = ""


class StoragePeersConfig(_Section, frozen=True):
    enabled: bool = False
    host: str = "127.0.0.1"
    port: Port = 1234
    address: str = ""
    bootstrap: tuple[str, ...] = ()
    key_file: str = ""
    peers_max: Annotated[int, Meta(ge=1, le=1000)] = 50
    uploads_max: Positive = 16
    upload_bytes_per_s: Count = 0
    connect_timeout_ms: Positive = 15_000
    find_timeout_ms: Positive = 5000
    ping_s: Positive = 15
    ban_s: Positive = 3600
    locations_max: Positive = 100_000
    locations_expire_s: Positive = 86_400


class StorageSyncConfig(_Section, frozen=True):
    auto: bool = True
    files_max: Positive = 16
    random_max: Count = 8
    sequential_max: Count = 2
    requests_per_file: Annotated[int, Meta(ge=1, le=16)] = 2
    segments_per_request: Annotated[int, Meta(ge=1, le=16)] = 8
    failures_max: Positive = 3
    first_timeout_ms: Positive = 5000
    request_timeout_ms: Positive = 15_000
    idle_ms: Annotated[int, Meta(ge=10, le=600_000)] = 3000
    backoff_ms: Positive = 10_000


class StoragePrunerConfig(_Section, frozen=True):
    sectors_max: Count = 0
    reward: str = ""
    check_ms: Annotated[int, Meta(ge=10, le=86_400_000)] = 60_000
    batch_segments: Annotated[int, Meta(ge=1, le=65_536)] = 1024
    pause_ms: Count = 1000


class StorageMinerConfig(_Section, frozen=True):
    enabled: bool = False
    mine: str = ""
    key_file: str = ""
    beneficiary: str = ""
    miner_id: str = ""
    start_position: Count = 0
    poll_ms: Annotated[int, Meta(ge=10, le=600_000)] = 2000
    batch_nonces: Annotated[int, Meta(ge=1, le=65_536)] = 256
    threads: Count = 0
    cpu_percent: Annotated[int, Meta(ge=1, le=100)] = 100
    cache_bytes: Count = 256 << 20
    close_epochs: bool = False


class StorageKvConfig(_Section, frozen=True):
    home: str = "zerog-kv"
    streams: tuple[str, ...] = ("all",)
    streams_added_max: Count = 1024
    nodes: tuple[str, ...] = ("http://127.0.0.1:5678",)
    indexer: str = ""
    encryption_key_file: str = ""
    wallet_key_file: str = ""
    download_timeout_s: Positive = 300
    download_pause_ms: Positive = 1000
    download_tries_max: Count = 0
    blob_bytes_max: Positive = 1 << 30
    node_timeout_s: Positive = 10
    host: str = "127.0.0.1"
    port: Port = 6789
    hosts: tuple[str, ...] = ("*",)
    cors: tuple[str, ...] = ("*",)
    query_bytes_max: Positive = 256 << 10
    body_bytes_max: Positive = 32 << 20
    response_bytes_max: Positive = 30 << 20
    batch_max: Positive = 1000
    connections_max: Positive = 1024
    idle_close_s: Positive = 30
    body_timeout_s: Positive = 15
    threads: Positive = 4
    sync: bool = True
    cache_bytes: Positive = 64 << 20
    free_bytes_min: Count = 256 << 20
    scrub_interval_s: Count = 86_400
    scrub_bytes_per_s: Positive = 16 << 20


class StorageConfig(_Section, frozen=True):
    home: str = "zerog-storage"
    shard: str = "0/1"
    public_ip: str = "127.0.0.1"
    chain: StorageChainConfig = StorageChainConfig()
    store: StorageStoreConfig = StorageStoreConfig()
    pool: StoragePoolConfig = StoragePoolConfig()
    rpc: StorageRpcConfig = StorageRpcConfig()
    admin: StorageAdminConfig = StorageAdminConfig()
    peers: StoragePeersConfig = StoragePeersConfig()
    sync: StorageSyncConfig = StorageSyncConfig()
    pruner: StoragePrunerConfig = StoragePrunerConfig()
    miner: StorageMinerConfig = StorageMinerConfig()
    kv: StorageKvConfig = StorageKvConfig()


class IndexerConfig(_Section, frozen=True):
    host: str = "127.0.0.1"
    port: Port = 12345
    hosts: tuple[str, ...] = ("*",)
    cors: tuple[str, ...] = ("*",)
    trusted: tuple[str, ...] = ("http://127.0.0.1:5678",)
    discovery: str = ""
    discovery_token_file: str = ""
    discover_ports: tuple[Port, ...] = (5678,)
    discover_interval_s: Positive = 600
    node_timeout_s: Positive = 10
    locations_max: Positive = 100_000
    locations_expire_s: Positive = 86_400
    file_bytes_max: Positive = 100 << 20
    kept_bytes_max: Count = 256 << 20


class RepairConfig(_Section, frozen=True):
    nodes: tuple[str, ...] = ()
    indexer: str = "http://127.0.0.1:12345"
    interval_s: Positive = 600
    grace_s: Count = 900
    urgent_losses: Count = 1
    prove_every: Count = 24
    concurrency: Annotated[int, Meta(ge=1, le=64)] = 8
    files_at_once: Annotated[int, Meta(ge=1, le=64)] = 2
    node_timeout_s: Positive = 30
    learn_timeout_s: Positive = 60


class DaChainConfig(_Section, frozen=True):
    endpoint: str = "http://127.0.0.1:8545"
    entrance: str = ""
    signers_version: Literal[0, 2, 3] = 0
    start_block: Count = 0
    page_blocks: Annotated[int, Meta(ge=1, le=1_000_000)] = 100
    final_after_blocks: Count = 0
    poll_ms: Annotated[int, Meta(ge=10, le=600_000)] = 1000
    timeout_s: Positive = 30
    attempts: Positive = 5
    backoff_ms: Positive = 500


class DaParamsConfig(_Section, frozen=True):
    directory: str = "zerog-da-params"
    allow_insecure: bool = False
    make_insecure: bool = False


class DaSignerConfig(_Section, frozen=True):
    home: str = "zerog-da-signer"
    key_file: str = ""
    bls_key_file: str = ""
    host: str = "127.0.0.1"
    port: Port = 34000
    socket: str = ""
    first_epoch_signers: Positive = 1
    receive_bytes_max: Positive = 1 << 30
    calls_max: Positive = 64
    signings_max: Positive = 10
    readings_max: Positive = 10
    verify_threads: Positive = 2
    threads: Positive = 4
    epoch_poll_ms: Annotated[int, Meta(ge=10, le=600_000)] = 5000
    prune_poll_s: Positive = 600
    mining: bool = False
    mining_key_file: str = ""
    mining_poll_ms: Annotated[int, Meta(ge=10, le=600_000)] = 1000
    mining_answers_max: Positive = 40
    cache_bytes: Positive = 64 << 20
    free_bytes_min: Count = 256 << 20
    scrub_interval_s: Count = 86_400
    scrub_bytes_per_s: Positive = 16 << 20


class DaEncoderConfig(_Section, frozen=True):
    host: str = "127.0.0.1"
    port: Port = 34000
    workers: Annotated[int, Meta(ge=1, le=64)] = 1
    ongoing_max: Positive = 4
    receive_bytes_max: Positive = 1 << 30
    warm: bool = True


class DaRetrieverConfig(_Section, frozen=True):
    host: str = "127.0.0.1"
    port: Port = 34005
    threads: Positive = 2
    ongoing_max: Positive = 10
    signer_calls_max: Positive = 32
    rows_per_call: Annotated[int, Meta(ge=1, le=3072)] = 128
    call_timeout_s: Positive = 30
    hedge_ms: Positive = 2000
    timeout_s: Positive = 300


class DaDisperserConfig(_Section, frozen=True):
    home: str = "zerog-da-disperser"
    key_file: str = ""
    host: str = "127.0.0.1"
    port: Port = 51001
    receive_bytes_max: Positive = 300 << 20
    calls_max: Positive = 64
    threads: Positive = 4
    writes_per_minute: Count = 0
    reads_per_minute: Count = 0
    unlimited: tuple[str, ...] = ()
    queue_blobs_max: Positive = 256
    queue_bytes_max: Positive = 2 << 30
    retries_max: Count = 2
    blob_timeout_s: Positive = 600
    keep_s: Positive = 30 * 86_400
    encoders: tuple[str, ...] = ("127.0.0.1:34000",)
    encoder_calls_max: Positive = 1
    encoder_timeout_s: Positive = 300
    encoded_bytes_max: Positive = 1 << 30
    retriever: str = ""
    retriever_timeout_s: Positive = 60
    pack_wait_ms: Positive = 2000
    pack_items_max: Positive = 65_536
    pack_bytes_max: Positive = 64 << 20
    batch_blobs_max: Annotated[int, Meta(ge=1, le=100)] = 9
    batch_wait_ms: Count = 1000
    sign_timeout_s: Positive = 60
    sign_tries: Positive = 2
    sign_blobs_max: Positive = 4
    signer_calls_max: Annotated[int, Meta(ge=1, le=10)] = 4
    straggler_s: Count = 10
    commit_blobs_max: Annotated[int, Meta(ge=1, le=1000)] = 100
    commit_wait_ms: Count = 500
    finalize_poll_ms: Annotated[int, Meta(ge=10, le=600_000)] = 1000
    resend_s: Positive = 20
    abandon_s: Positive = 60
    cache_bytes: Positive = 64 << 20
    free_bytes_min: Count = 256 << 20
    scrub_interval_s: Count = 86_400
    scrub_bytes_per_s: Positive = 16 << 20


class DaLightConfig(_Section, frozen=True):
    home: str = "zerog-da-light"
    host: str = "127.0.0.1"
    port: Port = 34006
    follow: bool = True
    rows: Annotated[int, Meta(ge=1, le=256)] = 24
    rounds_max: Annotated[int, Meta(ge=1, le=16)] = 4
    doubt_exponent: Annotated[int, Meta(ge=1, le=60)] = 9
    tries: Positive = 3
    retry_ms: Positive = 5000
    blobs_max: Positive = 4
    samplings_max: Positive = 10
    call_timeout_s: Positive = 10
    threads: Positive = 2
    cache_bytes: Positive = 8 << 20


class DaConfig(_Section, frozen=True):
    chain: DaChainConfig = DaChainConfig()
    params: DaParamsConfig = DaParamsConfig()
    encoder: DaEncoderConfig = DaEncoderConfig()
    signer: DaSignerConfig = DaSignerConfig()
    retriever: DaRetrieverConfig = DaRetrieverConfig()
    disperser: DaDisperserConfig = DaDisperserConfig()
    light: DaLightConfig = DaLightConfig()


class ComputeChainConfig(_Section, frozen=True):
    endpoint: str = "http://127.0.0.1:8545"
    contract: str = ""
    key_file: str = ""
    poll_ms: Annotated[int, Meta(ge=10, le=60_000)] = 200
    stale_s: Positive = 60
    timeout_s: Positive = 30
    attempts: Positive = 3
    backoff_ms: Positive = 200


class ComputeServiceConfig(_Section, frozen=True):
    register: bool = True
    url: str = ""
    kind: Literal["chatbot", "embedding", "text-to-image", "image-editing", "speech-to-text", "video-generation"] = "chatbot"
    model: str = "smollm2-135m-instruct"
    verifiability: str = "TeeML"
    input_price: Count = 50_000_000_000
    output_price: Count = 100_000_000_000
    cached_divisor: Count = 0
    tiers: tuple[tuple[int, ...], ...] = ()
    stake: str = "100"


class ComputeEnclaveConfig(_Section, frozen=True):
    key_file: str = ""
    quote: Literal["mock", "tsm", "dstack"] = "mock"
    socket: str = "/var/run/dstack.sock"


class ComputeNativeConfig(_Section, frozen=True):
    model_file: str = ""
    aliases: tuple[str, ...] = ()
    embedding_directory: str = ""
    embedding_model: str = "all-minilm-l6-v2"
    pages: Positive = 2048
    account_pages_max: Positive = 1024
    context_tokens_max: Positive = 8192
    step_tokens_max: Annotated[int, Meta(ge=16, le=65_536)] = 512
    running_max: Positive = 64
    account_running_max: Positive = 32
    waiting_max: Positive = 512
    account_waiting_max: Positive = 128


class ComputeLoraConfig(_Section, frozen=True):
    folder: str = ""
    weights: Literal["q8_0", "f16", "f32"] = "q8_0"
    active_max: Positive = 2
    user_active_max: Positive = 1
    idle_s: Positive = 600
    kept_s: Positive = 2_592_000
    bytes_max: Positive = 1 << 30
    pages: Positive = 512
    running_max: Positive = 16


class ComputeForwardConfig(_Section, frozen=True):
    url: str = ""
    model: str = ""
    aliases: tuple[str, ...] = ()
    embedding_model: str = ""
    key_file: str = ""
    timeout_s: Positive = 120
    context_tokens: Positive = 8192
    completion_tokens_max: Positive = 8192
    parts: bool = False
    speech_bytes_per_s: Positive = 1000
    videos_s: Positive = 86_400


class ComputeHttpConfig(_Section, frozen=True):
    host: str = "127.0.0.1"
    port: Port = 3080
    hosts: tuple[str, ...] = ("*",)
    cors: tuple[str, ...] = ("*",)
    body_bytes_max: Positive = 32 << 20
    connections_max: Positive = 1024
    idle_close_s: Positive = 30
    body_timeout_s: Positive = 60
    deadline_s: Positive = 600
    signature_s: Positive = 1200
    log_bytes_max: Positive = 64 << 20


class ComputeLimitsConfig(_Section, frozen=True):
    running_max: Positive = 20
    waiting_max: Count = 64
    user_running_max: Positive = 5
    user_waiting_max: Count = 0
    wait_s: Positive = 30
    requests_per_minute: Count = 30
    requests_burst: Positive = 5
    tokens_per_minute: Count = 0
    images_per_minute: Count = 0
    address_per_second: Count = 15
    address_burst: Positive = 20
    tokens_default: Positive = 1024
    floor: str = "1"
    free: tuple[str, ...] = ()


class ComputeSettlementConfig(_Section, frozen=True):
    force_s: Positive = 600
    thin_s: Positive = 300
    fee_min: str = "0"
    records_max: Annotated[int, Meta(ge=1, le=100_000)] = 5000
    skip_s: Count = 3600
    gas_spare: Count = 10_000
    gas_price_max: Positive = 1_000_000_000_000
    bump_s: Positive = 30
    confirmations: Count = 0


class ComputeQueueConfig(_Section, frozen=True):
    enabled: bool = False
    job_timeout_s: Positive = 900
    running_max: Positive = 10
    waiting_max: Positive = 100
    user_jobs_max: Positive = 10
    wait_s: Positive = 3600
    result_s: Positive = 1800


class ComputeStoreConfig(_Section, frozen=True):
    cache_bytes: Positive = 32 << 20
    kept_bytes_max: Positive = 2 << 30
    history_days: Count = 90
    scrub_interval_s: Count = 86_400


class ComputeConfig(_Section, frozen=True):
    home: str = "zerog-compute"
    chain: ComputeChainConfig = ComputeChainConfig()
    service: ComputeServiceConfig = ComputeServiceConfig()
    enclave: ComputeEnclaveConfig = ComputeEnclaveConfig()
    native: ComputeNativeConfig = ComputeNativeConfig()
    lora: ComputeLoraConfig = ComputeLoraConfig()
    forward: ComputeForwardConfig = ComputeForwardConfig()
    http: ComputeHttpConfig = ComputeHttpConfig()
    limits: ComputeLimitsConfig = ComputeLimitsConfig()
    queue: ComputeQueueConfig = ComputeQueueConfig()
    settlement: ComputeSettlementConfig = ComputeSettlementConfig()
    store: ComputeStoreConfig = ComputeStoreConfig()


class TuningChainConfig(_Section, frozen=True):
    endpoint: str = "http://127.0.0.1:8545"
    contract: str = ""
    key_file: str = ""
    timeout_s: Positive = 30
    attempts: Positive = 3
    backoff_ms: Positive = 200
    confirm_s: Positive = 60


class TuningServiceConfig(_Section, frozen=True):
    register: bool = True
    url: str = ""
    price_per_token: Count = 1_000_000_000_000
    reserve: str = "0"
    stake: str = "100"
    cpus: Count = 2
    memory_gb: Count = 8
    gpus: Count = 0
    storage_gb: Count = 20
    gpu: str = ""


class TuningEnclaveConfig(_Section, frozen=True):
    key_file: str = ""
    quote: Literal["mock", "tsm", "dstack"] = "mock"
    socket: str = "/var/run/dstack.sock"


class TuningHttpConfig(_Section, frozen=True):
    host: str = "127.0.0.1"
    port: Port = 3082
    connections_max: Positive = 256
    idle_close_s: Positive = 30
    body_timeout_s: Positive = 60


class TuningConfig(_Section, frozen=True):
    home: str = "zerog-tuning"
    models: tuple[str, ...] = ()
    indexer: str = ""
    adapters: str = ""
    threads: Count = 0
    queue_max: Positive = 64
    dataset_bytes_max: Positive = 100 << 20
    datasets_bytes_max: Positive = 4 << 30
    tokens_max: Positive = 10_000_000
    row_tokens_max: Annotated[int, Meta(ge=64, le=4096)] = 512
    rank: Annotated[int, Meta(ge=1, le=128)] = 8
    alpha: Positive = 16
    train_timeout_s: Positive = 86_400
    tries_max: Count = 3
    pause_ms: Positive = 1000
    poll_ms: Annotated[int, Meta(ge=50, le=600_000)] = 1000
    acknowledge_s: Positive = 43_200
    kept_s: Positive = 604_800
    cache_bytes: Positive = 8 << 20
    chain: TuningChainConfig = TuningChainConfig()
    service: TuningServiceConfig = TuningServiceConfig()
    enclave: TuningEnclaveConfig = TuningEnclaveConfig()
    http: TuningHttpConfig = TuningHttpConfig()


class Config(_Section, frozen=True):
    """Everything that a zerog process can be told."""

    log: LogConfig = LogConfig()
    metrics: MetricsConfig = MetricsConfig()
    chain: ChainConfig = ChainConfig()
    storage: StorageConfig = StorageConfig()
    indexer: IndexerConfig = IndexerConfig()
    repair: RepairConfig = RepairConfig()
    da: DaConfig = DaConfig()
    compute: ComputeConfig = ComputeConfig()
    tuning: TuningConfig = TuningConfig()


@dataclass(frozen=True)
class Loaded:
    """A configuration and where each value came from: ``default``, ``file PATH``, ``environment NAME`` or ``flag``."""

    config: Config
    origins: Mapping[str, str]

    def rows(self) -> Iterator[tuple[str, Any, str]]:
        """``(key, value, origin)`` in the order of the manual; what ``zerog config show`` prints."""
        for key, _ in leaves(Config):
            yield key, value_at(self.config, key), self.origins[key]


def leaves(section: type[_Section], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every key of a section by its path, with its type."""
    hints = get_type_hints(section, include_extras=True)
    for name in section.__struct_fields__:
        kind = hints[name]
        if isinstance(kind, type) and issubclass(kind, _Section):
            yield from leaves(kind, f"{prefix}{name}.")
        else:
            yield prefix + name, kind


def value_at(config: Any, key: str) -> Any:
    """The value of ``chain.rpc.http_port`` in a configuration."""
    for part in key.split("."):
        config = getattr(config, part)
    return config


def environment_name(key: str) -> str:
    return "ZEROG_" + key.replace(".", "_").upper()


def load(
    path: Path | None = None, *, flags: Mapping[str, object] | None = None, environment: Mapping[str, str] | None = None
) -> Loaded:
    """Read the settings of a process.

    Args:
        path: a TOML file, or None.
        flags: values by key (``{"chain.rpc.http_port": 0}``); None values mean not given.
        environment: the process environment by default.

    Raises:
        ConfigError: an unknown key (with the nearest known one), or a value that does not fit; names key, value and origin.
    """
    known = dict(leaves(Config))
    values: dict[str, Any] = {}
    origins = dict.fromkeys(known, "default")

    def put(key: str, value: Any, origin: str, *, text: bool) -> None:
        if key not in known:
            raise ConfigError(f"unknown setting {key} ({origin}){_near(key, known)}", key=key, value=value, origin=origin)
        values[key] = _convert(key, value, known[key], origin, text=text)
        origins[key] = origin

    if path is not None:
        for key, value in _read(path, known):
            put(key, value, f"file {path}", text=False)
    names = {environment_name(key): key for key in known}
    sections = tuple(f"ZEROG_{name.upper()}_" for name in Config.__struct_fields__)
    for name, value in sorted((os.environ if environment is None else environment).items()):
        if name in names:
            put(names[name], value, f"environment {name}", text=True)
        elif name.startswith(sections):
            raise ConfigError(
                f"unknown setting {name} (environment){_near(name, names)}", key=name, value=value, origin=f"environment {name}"
            )
    for key, given in (flags or {}).items():
        if given is not None:
            put(key, given, "flag", text=isinstance(given, str))
    return Loaded(_build(Config, values), origins)


def _near(key: str, known: Mapping[str, Any]) -> str:
    close = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    if not close:
        tail = key.rsplit(".", 1)[-1]
        close = [name for name in known if name.rsplit(".", 1)[-1] == tail][:1]
    return f"; did you mean {close[0]}?" if close else ""


def _read(path: Path, known: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}", key="", value=str(path), origin="file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}", key="", value=str(path), origin="file") from None
    yield from _flatten(table, "", known)


def _flatten(table: Mapping[str, Any], prefix: str, known: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        key = prefix + name
        inner = any(other.startswith(key + ".") for other in known)
        if isinstance(value, dict) and (inner or key not in known):
            if not inner:
                yield key, value  # unknown table: reported by the caller
            else:
                yield from _flatten(value, key + ".", known)
        else:
            yield key, value


def _convert(key: str, value: Any, kind: Any, origin: str, *, text: bool) -> Any:
    found = value
    if text and "tuple" in str(kind):
        value = [item.strip() for item in str(value).split(",") if item.strip()]
    if text and kind is bool and str(value).lower() in ("1", "true", "yes", "on", "0", "false", "no", "off"):
        value = str(value).lower() in ("1", "true", "yes", "on")
    try:
        return msgspec.convert(value, kind, strict=not text)
    except msgspec.ValidationError as error:
        shown = "***" if "token" in key else repr(found)
        raise ConfigError(f"{key} = {shown} ({origin}): {error}", key=key, value=found, origin=origin) from None


def _build(section: type[_Section], values: Mapping[str, Any], prefix: str = "") -> Any:
    hints = get_type_hints(section, include_extras=True)
    given: dict[str, Any] = {}
    for name in section.__struct_fields__:
        kind = hints[name]
        if isinstance(kind, type) and issubclass(kind, _Section):
            given[name] = _build(kind, values, f"{prefix}{name}.")
        elif prefix + name in values:
            given[name] = values[prefix + name]
    return section(**given)

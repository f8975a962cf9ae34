"""Metrics of the roles of data availability, declared once. Names never change."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from zerog.runtime.rpc_grpc import Observe

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class SignerMetrics:
    """One signer's numbers.

    Args:
        registry: where they are exposed.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.height = Gauge("zerog_da_signer_next_block", "first block that is not read yet", registry=registry)
        self.epoch = Gauge("zerog_da_signer_epoch", "current epoch", registry=registry)
        self.rows = Counter("zerog_da_signer_verified_rows", "rows verified", registry=registry)
        self.blobs = Counter("zerog_da_signer_signed_blobs", "signatures given", registry=registry)
        self.false = Counter("zerog_da_signer_false_rows", "calls refused for a false row", registry=registry)
        self.faults = Gauge("zerog_da_signer_faults", "records that failed their check in the last scrub", registry=registry)
        self.scrubbed = Counter("zerog_da_signer_scrubbed_records", "records read by the scrub since start", registry=registry)
        self.rounds = Counter("zerog_da_signer_mined_rounds", "sampling rounds that were searched", registry=registry)
        self.answers = Counter("zerog_da_signer_answers", "answers to sampling rounds", ["result"], registry=registry)
        self.observe = calls_of("signer", registry)

    def told(self, event: str, count: int) -> None:
        """What the server tells: ``rows``, ``blobs``, ``false``."""
        {"rows": self.rows, "blobs": self.blobs, "false": self.false}[event].inc(count)

    def mined(self, event: str) -> None:
        """What the miner tells: ``round``, else what became of an answer."""
        if event == "round":
            self.rounds.inc()
        else:
            self.answers.labels(event).inc()


class EncoderMetrics:
    """One encoder's numbers.

    Args:
        registry: where they are exposed.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.ongoing = Gauge("zerog_da_encoder_ongoing", "blobs in work or waiting", registry=registry)
        self.bytes = Counter("zerog_da_encoder_data_bytes", "bytes of blobs that were encoded", registry=registry)
        self.seconds = Histogram(
            "zerog_da_encoder_blob_seconds", "seconds a blob took, checked", buckets=_SECONDS, registry=registry
        )
        self.observe = calls_of("encoder", registry)

    def told(self, size_bytes: int, took_s: float) -> None:
        """A blob was encoded."""
        self.bytes.inc(size_bytes)
        self.seconds.observe(took_s)


class RetrieverMetrics:
    """One retriever's numbers.

    Args:
        registry: where they are exposed.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.blobs = Counter("zerog_da_retriever_blobs", "retrievals by how they ended", ["outcome"], registry=registry)
        self.faults = Counter("zerog_da_retriever_faults", "what was held against signers", ["reason"], registry=registry)
        self.observe = calls_of("retriever", registry)


class LightMetrics:
    """One light client's numbers.

    Args:
        registry: where they are exposed.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.height = Gauge("zerog_da_light_next_block", "first block that is not read yet", registry=registry)
        self.blobs = Counter("zerog_da_light_blobs", "blobs sampled, by what was found", ["verdict"], registry=registry)
        self.rows = Counter("zerog_da_light_rows", "rows asked for, by what came", ["result"], registry=registry)
        self.faults = Counter("zerog_da_light_faults", "what was held against signers", ["reason"], registry=registry)
        self.observe = calls_of("light", registry)


def calls_of(role: str, registry: CollectorRegistry) -> Observe:
    """The calls of a role's gRPC port, by method: a closed set."""
    seconds = Histogram(f"zerog_da_{role}_grpc_seconds", "seconds a call took", ["method"], buckets=_SECONDS, registry=registry)
    failures = Counter(
        f"zerog_da_{role}_grpc_failures", "calls answered with an error", ["method", "status"], registry=registry
    )

    def observe(method: str, status: str, took_s: float) -> None:
        seconds.labels(method).observe(took_s)
        if status != "OK":
            failures.labels(method, status).inc()

    return observe

"""The disperser's numbers."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


class DisperserMetrics:
    """See docs/metrics.md, which is made from these texts."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.blobs = Counter(
            "zerog_da_disperser_blobs_total", "Blobs that reached a status.", ["status"], registry=registry
        )  # fmt: skip
        self.bytes = Counter("zerog_da_disperser_bytes_total", "Bytes of blobs that were confirmed.", registry=registry)
        self.queued = Gauge("zerog_da_disperser_queue_blobs", "Blobs that are neither final nor given up.", registry=registry)
        self.queued_bytes = Gauge("zerog_da_disperser_queue_bytes", "Their bytes.", registry=registry)
        self.encoded_bytes = Gauge(
            "zerog_da_disperser_encoded_bytes", "Slices held in memory until their blobs are signed.", registry=registry
        )
        self.stages = Histogram(
            "zerog_da_disperser_stage_seconds", "Time of one step of one batch: encode, upload, sign, commit.", ["stage"],
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self.failures = Counter(
            "zerog_da_disperser_failures_total", "Steps that failed and are tried again.", ["stage"], registry=registry
        )
        self.encoders_false = Counter(
            "zerog_da_disperser_encoders_false_total", "Answers of encoders that were false.", registry=registry
        )
        self.signers_missing = Counter(
            "zerog_da_disperser_signers_missing_total", "Signers that did not sign a blob: bad, refused, silent, unreachable.",
            ["why"], registry=registry,
        )  # fmt: skip
        self.transactions = Counter(
            "zerog_da_disperser_transactions_total", "Transactions by kind (upload, commit) and outcome (done, failed, dead).",
            ["kind", "outcome"], registry=registry,
        )  # fmt: skip

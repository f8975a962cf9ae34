"""Metrics of the disperser. Names never change."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from zerog.da.metrics import calls_of

_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


class DisperserMetrics:
    """One disperser's numbers.

    Args:
        registry: where they are exposed.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.blobs = Counter("zerog_da_disperser_blobs", "blobs that reached a status", ["status"], registry=registry)
        self.bytes = Counter("zerog_da_disperser_bytes", "bytes of blobs that were confirmed", registry=registry)
        self.queued = Gauge("zerog_da_disperser_queue_blobs", "blobs that are neither final nor given up", registry=registry)
        self.queued_bytes = Gauge("zerog_da_disperser_queue_bytes", "their bytes", registry=registry)
        self.encoded_bytes = Gauge(
            "zerog_da_disperser_encoded_bytes", "slices held in memory until their blobs are signed", registry=registry
        )
        self.items = Gauge("zerog_da_disperser_items_waiting", "small blobs that wait for a pack", registry=registry)
        self.stages = Histogram(
            "zerog_da_disperser_stage_seconds", "seconds of one step: encode, upload, sign, commit", ["stage"],
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self.failures = Counter(
            "zerog_da_disperser_failures", "steps that failed and are tried again", ["stage"], registry=registry
        )
        self.encoders_false = Counter(
            "zerog_da_disperser_encoders_false", "answers of encoders that were false", registry=registry
        )
        self.signers_missing = Counter(
            "zerog_da_disperser_signers_missing", "signers that did not sign a blob: bad, late, refused, silent, unreachable",
            ["why"], registry=registry,
        )  # fmt: skip
        self.transactions = Counter(
            "zerog_da_disperser_transactions", "transactions by kind (upload, commit) and outcome (done, failed, dead)",
            ["kind", "outcome"], registry=registry,
        )  # fmt: skip
        self.faults = Gauge("zerog_da_disperser_faults", "records that failed their check in the last scrub", registry=registry)
        self.scrubbed = Counter(
            "zerog_da_disperser_scrubbed_records", "records read by the scrub since start", registry=registry
        )
        self.observe = calls_of("disperser", registry)

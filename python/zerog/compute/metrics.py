"""Metrics of a provider, declared once. Names never change."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300)


class ComputeMetrics:
    """One provider's numbers. Money is in 0G.

    Args:
        registry: where they are exposed.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter("zerog_compute_requests", "requests answered", ["route", "status"], registry=registry)
        self.seconds = Histogram(
            "zerog_compute_request_seconds", "seconds of an answered request", buckets=_SECONDS, registry=registry
        )
        self.first_token = Histogram(
            "zerog_compute_first_token_seconds", "seconds to a stream's first token", buckets=_SECONDS, registry=registry
        )
        self.tokens = Counter("zerog_compute_tokens", "tokens of answered requests", ["kind"], registry=registry)
        self.cancelled = Counter("zerog_compute_cancelled", "streams whose client went away", registry=registry)
        self.broken = Counter("zerog_compute_broken", "streams that broke off here, not charged", registry=registry)
        self.charged = Counter("zerog_compute_charged", "what was charged, in 0G", registry=registry)
        self.jobs = Counter("zerog_compute_jobs", "jobs of the queue mode that ended", ["result"], registry=registry)
        self.jobs_waiting = Gauge("zerog_compute_jobs_waiting", "jobs of the queue mode that wait", registry=registry)
        self.kept_bytes = Gauge("zerog_compute_kept_bytes", "bodies of jobs, results and images kept", registry=registry)
        self.settled = Counter("zerog_compute_settled", "what was settled on the chain, in 0G", registry=registry)
        self.settlements = Counter("zerog_compute_settlements", "users settled", ["result"], registry=registry)
        self.owed = Gauge("zerog_compute_owed", "what all users owe, in 0G", registry=registry)
        self.reserved = Gauge("zerog_compute_reserved", "what requests in work may cost, in 0G", registry=registry)
        self.running = Gauge("zerog_compute_running", "requests in work", registry=registry)
        self.waiting = Gauge("zerog_compute_waiting", "requests that wait for a place", registry=registry)
        self.connections = Gauge("zerog_compute_connections", "open connections", registry=registry)
        self.chain_fresh = Gauge("zerog_compute_chain_fresh", "1 while the chain answers", registry=registry)
        self.backend = Gauge("zerog_compute_backend", "what the backend is doing", ["what"], registry=registry)
        self.scrubbed = Counter("zerog_compute_scrubbed_records", "records read by the scrub since start", registry=registry)
        self.faults = Gauge("zerog_compute_faults", "records that failed their check in the last scrub", registry=registry)

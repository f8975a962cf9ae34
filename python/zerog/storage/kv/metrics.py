"""Metrics of a KV node, declared once. Names never change."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from zerog.runtime.rpc_http import Stats

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
RESULTS = frozenset(
    {
        "Commit",
        "DataParseError",
        "VersionConfliction",
        "TagsMismatch",
        "SenderNoWritePermission",
        "WritePermissionDenied",
        "AccessControlPermissionDenied",
        "DownloadFailed",
    }
)


class KvMetrics:
    """One KV node's numbers.

    Args:
        registry: where they are exposed.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.height = Gauge("zerog_kv_log_height", "block up to which the log is read", registry=registry)
        self.files = Gauge("zerog_kv_log_files", "submissions in the log", registry=registry)
        self.cursor = Gauge("zerog_kv_replay_cursor", "the next submission to replay", registry=registry)
        self.waiting = Gauge("zerog_kv_replay_waiting", "submissions being downloaded or waiting for it", registry=registry)
        self.stuck = Gauge("zerog_kv_replay_stuck", "1 while the submission at the cursor cannot be had", registry=registry)
        self.stopped = Gauge("zerog_kv_log_stopped", "1 when reading the log has stopped for good", registry=registry)
        self.results = Counter("zerog_kv_results", "submissions replayed since start", ["result"], registry=registry)
        self.lies = Counter("zerog_kv_node_lies", "answers of storage nodes that were not proven", registry=registry)
        self.faults = Gauge("zerog_kv_faults", "records that failed their check in the last scrub", registry=registry)
        self.connections = Gauge("zerog_kv_rpc_connections", "open connections", registry=registry)
        self.calls = Histogram("zerog_kv_rpc_seconds", "seconds a call took", ["method"], buckets=_SECONDS, registry=registry)
        self.failures = Counter("zerog_kv_rpc_failures", "calls answered with an error", ["method"], registry=registry)

    def replayed(self, result: str) -> None:
        """Count a result by its first word."""
        kind = result.split(":", 1)[0]
        self.results.labels(kind if kind in RESULTS else "other").inc()

    def stats(self) -> Stats:
        """What the HTTP side tells. Method names are those served, ``unknown`` or ``malformed``: a closed set."""

        def observe(method: str, failed: bool, seconds: float) -> None:
            self.calls.labels(method).observe(seconds)
            if failed:
                self.failures.labels(method).inc()

        return Stats(observe, self.connections.set)

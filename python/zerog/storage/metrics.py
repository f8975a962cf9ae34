"""Metrics of a storage node and of an indexer, declared once. Names never change."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from zerog.runtime.rpc_http import Stats

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class StorageMetrics:
    """One node's numbers.

    Args:
        registry: where they are exposed.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.height = Gauge("zerog_storage_log_height", "block up to which the log is read", registry=registry)
        self.files = Gauge("zerog_storage_files", "submissions in the log", registry=registry)
        self.flow = Gauge("zerog_storage_flow_sectors", "length of the flow", registry=registry)
        self.stopped = Gauge("zerog_storage_log_stopped", "1 when reading the log has stopped for good", registry=registry)
        self.cached = Gauge("zerog_storage_cached_bytes", "uploads that wait for their submission", registry=registry)
        self.stored = Gauge("zerog_storage_stored_bytes", "bytes of uploads stored since start", registry=registry)
        self.faults = Gauge("zerog_storage_faults", "records that failed their check in the last scrub", registry=registry)
        self.scrubbed = Counter("zerog_storage_scrubbed_records", "records read by the scrub since start", registry=registry)
        self.connections = Gauge("zerog_storage_rpc_connections", "open connections", ["port"], registry=registry)
        self.calls = Histogram(
            "zerog_storage_rpc_seconds", "seconds a call took", ["method"], buckets=_SECONDS, registry=registry
        )
        self.failures = Counter("zerog_storage_rpc_failures", "calls answered with an error", ["method"], registry=registry)

    def stats(self, port: str) -> Stats:
        """What the HTTP side tells of one port."""
        return _stats(self.calls, self.failures, self.connections.labels(port))


class PeerMetrics:
    """Numbers of the peers of a node, and of what it fetches from them.

    Args:
        registry: where they are exposed.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.connected = Gauge("zerog_storage_peers", "peers with a connection", ["direction"], registry=registry)
        self.banned = Gauge("zerog_storage_peers_banned", "peers that are banned now", registry=registry)
        self.score = Gauge("zerog_storage_peer_score", "scores of connected peers", ["which"], registry=registry)
        self.faults = Counter("zerog_storage_peer_faults", "what was held against peers", ["event"], registry=registry)
        self.sent = Counter("zerog_storage_peer_sent_bytes", "bytes of segments sent to peers", registry=registry)
        self.received = Counter("zerog_storage_peer_received_bytes", "bytes of segments received from peers", registry=registry)
        self.syncing = Gauge("zerog_storage_syncing_files", "files being fetched from peers", registry=registry)
        self.wanted = Gauge("zerog_storage_wanted_files", "files of the log that are not complete here", registry=registry)
        self.synced = Counter("zerog_storage_synced_files", "files completed from peers", registry=registry)
        self.segments = Counter("zerog_storage_synced_segments", "segments taken from peers and stored", registry=registry)
        self.failed = Counter("zerog_storage_sync_failures", "files given up for a while", registry=registry)


class PrunerMetrics:
    """What a node has and gives up.

    Args:
        registry: where they are exposed.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.sectors = Gauge("zerog_storage_stored_sectors", "sectors in the store at the last look", registry=registry)
        self.shards = Gauge("zerog_storage_shards", "into how many shards the flow is cut for this node", registry=registry)
        self.segments = Counter("zerog_storage_pruned_segments", "segments deleted by the pruner", registry=registry)
        self.files = Counter("zerog_storage_pruned_files", "files given up because they pay no reward", registry=registry)


class IndexerMetrics:
    """One indexer's numbers.

    Args:
        registry: where they are exposed.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.nodes = Gauge("zerog_indexer_nodes", "nodes known, by how they became known", ["kind"], registry=registry)
        self.silent = Counter("zerog_indexer_silent_nodes", "questions to trusted nodes without an answer", registry=registry)
        self.connections = Gauge("zerog_indexer_connections", "open connections", registry=registry)
        self.calls = Histogram(
            "zerog_indexer_rpc_seconds", "seconds a call took", ["method"], buckets=_SECONDS, registry=registry
        )
        self.failures = Counter("zerog_indexer_rpc_failures", "calls answered with an error", ["method"], registry=registry)

    def stats(self) -> Stats:
        """What the HTTP side tells."""
        return _stats(self.calls, self.failures, self.connections)


class RepairMetrics:
    """One background repair's numbers; those of files are of the last pass.

    Args:
        registry: where they are exposed.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.files = Gauge("zerog_repair_files", "erasure-coded files that nodes list", registry=registry)
        self.full = Gauge("zerog_repair_full_files", "files that need no repair", registry=registry)
        self.postponed = Gauge("zerog_repair_postponed_files", "files that wait for silent nodes", registry=registry)
        self.losses = Gauge(
            "zerog_repair_losses_survivable",
            "nodes that may die before a file is lost; -1: a failure",
            registry=registry,
        )
        self.liars = Gauge("zerog_repair_liars", "nodes that sent wrong bytes", registry=registry)
        self.seconds = Gauge("zerog_repair_pass_seconds", "seconds that the last pass took", registry=registry)
        self.rebuilt = Counter("zerog_repair_rebuilt_segments", "segments made out of others", registry=registry)
        self.copied = Counter("zerog_repair_copied_segments", "segments copied to spread files", registry=registry)
        self.failures = Counter("zerog_repair_failures", "files and passes that failed", registry=registry)


def _stats(calls: Histogram, failures: Counter, connections: Gauge) -> Stats:
    """Method names are those served, ``unknown`` or ``malformed``: a closed set."""

    def observe(method: str, failed: bool, seconds: float) -> None:
        calls.labels(method).observe(seconds)
        if failed:
            failures.labels(method).inc()

    return Stats(observe, connections.set)

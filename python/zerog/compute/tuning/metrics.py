"""Numbers of a fine-tuning node."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class TuningMetrics:
    """See docs/metrics.md."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.moved = Counter("zerog_tuning_moved_total", "Tasks that came to a state", ["state"], registry=registry)
        self.unfinished = Gauge("zerog_tuning_unfinished", "Tasks that have not ended", registry=registry)
        self.pending = Gauge("zerog_tuning_pending", "Tasks that still want the machine", registry=registry)
        self.tokens = Counter("zerog_tuning_tokens_total", "Tokens trained on, epochs counted", registry=registry)
        self.connections = Gauge("zerog_tuning_connections", "Open HTTP connections", registry=registry)

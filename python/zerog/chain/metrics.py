"""Metrics of the chain, declared once. Names never change; docs/metrics.md is generated from here."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from zerog.chain.api import NewBlock
from zerog.runtime.rpc_http import Stats

_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class ChainMetrics:
    """One node's numbers.

    Args:
        registry: where they are exposed.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.height = Gauge("zerog_chain_height", "number of the last block", registry=registry)
        self.blocks = Counter("zerog_chain_blocks", "blocks committed since start", registry=registry)
        self.transactions = Counter(
            "zerog_chain_transactions", "transactions in committed blocks since start", registry=registry
        )
        self.gas = Counter("zerog_chain_gas", "gas used by committed blocks since start", registry=registry)
        self.base_fee = Gauge("zerog_chain_base_fee_wei", "base fee of the last block", registry=registry)
        self.pool = Gauge("zerog_chain_pool_transactions", "transactions in the pool", ["kind"], registry=registry)
        self.admitted = Gauge("zerog_chain_pool_admitted", "transactions admitted since start", registry=registry)
        self.refused = Gauge("zerog_chain_pool_refused", "transactions refused since start", registry=registry)
        self.folded = Gauge("zerog_chain_folded_height", "block whose state the flat rows hold", registry=registry)
        self.faults = Gauge("zerog_chain_store_faults", "records that failed their check in the last scrub", registry=registry)
        self.scrubbed = Counter(
            "zerog_chain_store_scrubbed_records", "records read by the scrub since start", registry=registry
        )
        self.connections = Gauge("zerog_chain_rpc_connections", "open connections", ["port"], registry=registry)
        self.calls = Histogram(
            "zerog_chain_rpc_seconds", "seconds a call took", ["method"], buckets=_SECONDS, registry=registry
        )
        self.failures = Counter("zerog_chain_rpc_failures", "calls answered with an error", ["method"], registry=registry)

    def on_block(self, block: NewBlock) -> None:
        self.height.set(block.number)
        self.blocks.inc()
        self.transactions.inc(block.tx_count)
        self.gas.inc(block.gas_used)
        self.base_fee.set(block.base_fee)

    def stats(self, port: str) -> Stats:
        """What the HTTP side tells. Method names come from the served surface, ``unknown`` or ``malformed``: a closed set."""

        def observe(method: str, failed: bool, seconds: float) -> None:
            self.calls.labels(method).observe(seconds)
            if failed:
                self.failures.labels(method).inc()

        return Stats(observe, lambda count: self.connections.labels(port).set(count))

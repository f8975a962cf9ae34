"""Which part of the flow this node keeps, and how that may change: by the settings, or by giving up half."""

from __future__ import annotations

from zerog.storage.api import Shard


def settle(configured: Shard, kept: Shard | None, configured_before: Shard | None) -> Shard:
    """The shard of a node that is configured as ``configured``, was ``configured_before``, and last ran as ``kept``.

    The operator's change counts; without one a node stays with the smaller part that the pruner left it.
    """
    if kept is None:
        return configured
    return kept if configured == (configured_before or kept) else configured


def split(shard: Shard, upper: bool) -> Shard:
    """Half of a shard."""
    return Shard(shard.id + (shard.count if upper else 0), shard.count * 2)

"""Which part of the flow this node keeps, and how that may change: shards only split, and the choice is kept on disk."""

from __future__ import annotations

from zerog.errors import Conflict
from zerog.storage.api import Shard


def settle(configured: Shard, kept: Shard | None) -> Shard:
    """The shard of a node that was configured as ``configured`` and last ran as ``kept``.

    A node that has split further by itself (the pruner) keeps its smaller part.

    Raises:
        Conflict: the configured shard is no part of the kept one, so data would be missing, or lies beside it.
    """
    if kept is None or configured == kept:
        return configured
    if not configured.intersects(kept):
        raise Conflict(f"this directory holds shard {kept}; configured is {configured}, which has no segment in common")
    return kept if kept.count >= configured.count else configured


def split(shard: Shard, upper: bool) -> Shard:
    """Half of a shard."""
    return Shard(shard.id + (shard.count if upper else 0), shard.count * 2)

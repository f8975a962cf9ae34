"""Which nodes a file goes to: the smallest prefix of an order that holds every shard often enough.

Clients and indexers decide alike. A node of ``count`` shards holds the segments whose place in the flow leaves ``id`` when
divided by ``count``, a power of two. The shards form a binary tree over the bits of that place, the lowest first: a node of
2**d shards stands at depth d and holds all below it.

Source: docs/protocol/storage.md, section 3.3.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from zerog.errors import InvalidInput, Unavailable
from zerog.storage.api import Shard

SHARDS_MAX: Final = 1 << 16
NODES_MAX: Final = 10_000


class Chance(Protocol):
    """What ``random`` draws from: ``secrets.SystemRandom``, or a seeded ``random.Random``."""

    def shuffle(self, listed: list[Any], /) -> None: ...


def read_shard(value: object) -> Shard:
    """A stranger's shard; ``InvalidInput`` for anything else, and for more shards than any network has."""
    shard = Shard.from_json(value)
    if shard.count > SHARDS_MAX:
        raise InvalidInput(f"shard: expected at most {SHARDS_MAX} shards, found {shard.count}")
    return shard


@dataclass(frozen=True, slots=True)
class ShardedNode:
    """A node, what it holds, how long it took to say so, and when (unix seconds, 0 for a trusted one)."""

    url: str
    shard: Shard
    latency_ms: int = 0
    since_s: int = 0

    def to_json(self) -> dict[str, Any]:
        return {"url": self.url, "config": self.shard.to_json(), "latency": self.latency_ms, "since": self.since_s}

    @classmethod
    def from_json(cls, value: object) -> ShardedNode:
        """The reverse of ``to_json``; ``InvalidInput`` without a URL and a shard."""
        url = value.get("url") if isinstance(value, dict) else None
        if not isinstance(value, dict) or not isinstance(url, str) or not url:
            raise InvalidInput("node: expected an object with url and config")
        latency, since = value.get("latency", 0), value.get("since", 0)
        return cls(
            url,
            read_shard(value.get("config")),
            latency if type(latency) is int else 0,
            since if type(since) is int else 0,
        )


class _Range:
    """A sub-tree: ``copies`` is the number of copies that its worst leaf has."""

    __slots__ = ("below", "copies")

    def __init__(self, copies: int) -> None:
        self.copies = copies
        self.below: tuple[_Range, _Range] | None = None

    def add(self, id: int, count: int, wanted: int) -> bool:
        """Put a copy on a shard unless its range has ``wanted`` already."""
        if self.copies >= wanted:
            return False
        if count == 1:
            self._raise()
            return True
        if self.below is None:
            self.below = (_Range(self.copies), _Range(self.copies))
        added = self.below[id & 1].add(id >> 1, count >> 1, wanted)
        self.copies = min(self.below[0].copies, self.below[1].copies)
        return added

    def _raise(self) -> None:
        self.copies += 1
        if self.below is not None:
            for part in self.below:
                part._raise()

    def missing(self, wanted: int, id: int = 0, count: int = 1) -> list[str]:
        """The shards with fewer than ``wanted`` copies, as ``id/count``."""
        if self.copies >= wanted:
            return []
        if self.below is None:
            return [f"{id}/{count}"]
        return self.below[0].missing(wanted, id, count * 2) + self.below[1].missing(wanted, id + count, count * 2)


def order(nodes: Iterable[ShardedNode], method: str, chance: Chance | None = None) -> list[ShardedNode]:
    """The order in which nodes are taken.

    Args:
        method: ``min`` (few shards first), ``max`` (many first), ``random``, or a number: only nodes of so many shards.
        chance: what ``random`` draws from; the system's generator when not given.

    Raises:
        InvalidInput: no such method.
    """
    listed = list(nodes)
    if method == "min":
        return sorted(listed, key=lambda node: (node.shard.count, node.shard.id))
    if method == "max":
        return sorted(listed, key=lambda node: (-node.shard.count, node.shard.id))
    if method == "random":
        (chance or secrets.SystemRandom()).shuffle(listed)
        return listed
    if method.isascii() and method.isdigit() and int(method) > 0:
        return [node for node in listed if node.shard.count == int(method)]
    raise InvalidInput(f"method: expected min, max, random or a number of shards above 0, found {method[:80]!r}")


def select(
    nodes: Iterable[ShardedNode], replicas: int = 1, method: str = "min", *, chance: Chance | None = None
) -> list[ShardedNode]:
    """Nodes that together hold every shard ``replicas`` times.

    Raises:
        Unavailable: they do not; names the shards that are missing.
        InvalidInput: fewer than one replica, or no such method.
    """
    if replicas < 1:
        raise InvalidInput(f"replicas: expected at least 1, found {replicas}")
    ordered = order(nodes, method, chance)[:NODES_MAX]
    tree, chosen = _Range(0), []
    for node in ordered:
        if tree.add(node.shard.id, node.shard.count, replicas):
            chosen.append(node)
        if tree.copies >= replicas:
            return chosen
    missing = tree.missing(replicas)
    shown = ", ".join(missing[:8]) + (f" and {len(missing) - 8} more" if len(missing) > 8 else "")
    raise Unavailable(
        f"{len(ordered)} storage nodes do not hold every shard {replicas} times: missing are (shard/of) {shown}; "
        "add nodes that hold these, or ask for fewer replicas"
    )


def uncovered(shards: Sequence[Shard], flow_segments: range) -> int | None:
    """The first of these segments of the flow that none of the shards holds, None when each is held."""
    period = max((shard.count for shard in shards), default=1)
    return next((n for n in flow_segments[:period] if not any(shard.holds(n) for shard in shards)), None)

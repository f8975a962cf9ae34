"""Where the segments of stripes go, and how many nodes may die before a file is lost. Pure: who holds what goes in, plans and
counts come out.

A *row* is what must survive together: the segments of one stripe, or the copies of one segment. ``need`` of its positions
suffice to read it.

Source: docs/protocol/erasure.md, placement.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final, NamedTuple

_SUBSETS_MAX: Final = 4096


@dataclass(frozen=True, slots=True)
class Row:
    """Positions of one stripe with the nodes that hold each, and how many positions are needed to read it."""

    holders: Mapping[int, frozenset[str]]
    need: int

    @property
    def present(self) -> int:
        return sum(1 for nodes in self.holders.values() if nodes)


class Losses(NamedTuple):
    """How many nodes may die, whichever they are: -1 when it is lost already. Not exact: at least so many."""

    nodes: int
    exact: bool


def losses(row: Row) -> Losses:
    """How many nodes a row survives the loss of.

    Where every segment has one holder, the worst is that those with most segments die. Copies on several nodes are counted by
    trying the sets of nodes while they are few, and from below by sharing each segment among its holders otherwise.
    """
    held = [nodes for nodes in row.holders.values() if nodes]
    spare = len(held) - row.need
    if spare < 0:
        return Losses(-1, True)
    if all(len(nodes) == 1 for nodes in held):
        counts = sorted(Counter(node for nodes in held for node in nodes).values(), reverse=True)
        return Losses(_prefix(counts, spare), True)
    if row.need == 1 and len(set(held)) == 1:
        return Losses(len(held[0]) - 1, True)
    shares: dict[str, float] = {}
    for nodes in held:
        for node in nodes:
            shares[node] = shares.get(node, 0.0) + 1 / len(nodes)
    # Whole segments die: less than one more than the spare ones is harmless. The rest is for rounding.
    at_least = _prefix(sorted(shares.values(), reverse=True), spare + 0.999)
    numbers = {node: 1 << at for at, node in enumerate(shares)}
    masks = [sum(numbers[node] for node in nodes) for nodes in held]
    tried = 0
    for count in range(at_least + 1, len(numbers) + 1):
        for chosen in combinations(numbers.values(), count):
            tried += 1
            if tried > _SUBSETS_MAX:
                return Losses(count - 1, False)
            alive = ~sum(chosen)
            if sum(1 for mask in masks if not mask & alive) > spare:
                return Losses(count - 1, True)
    return Losses(len(numbers), True)


def _prefix(counts: Sequence[float], spare: float) -> int:
    """How many of the largest counts fit into ``spare``."""
    total = 0.0
    for at, count in enumerate(counts):
        total += count
        if total > spare:
            return at
    return len(counts)


def best_losses(positions: int, need: int, nodes: int) -> int:
    """What ``losses`` of a row can be at best over so many nodes: its segments spread evenly."""
    if nodes == 0:
        return -1
    low, more = divmod(positions, nodes)
    return _prefix([low + 1] * more + [low] * (nodes - more), positions - need) if positions > nodes else positions - need


class Move(NamedTuple):
    """A segment that goes to a node: because nobody has it (then it is made from others), or to spread the row."""

    position: int
    node: str


def plan(
    row: Row,
    nodes: Sequence[str],
    takes: Callable[[int, str], bool],
    prefers: Callable[[int, str], bool],
    load: Counter[str],
) -> list[Move]:
    """What must be stored where, so that every position has a node and no node more positions than it must.

    Nodes that hold a position keep it as far as that spreads the row; the others are chosen by fewest positions of this row,
    then whether the node is the segment's own (``prefers``), then the least load.

    Args:
        nodes: those that answer and may be written to.
        takes: whether a node stores a position at all.
        prefers: whether any client looks for the segment on the node.
        load: segments by node, brought up to date.
    """
    if not nodes:
        return []
    if row.present == len(row.holders) and losses(row).nodes >= best_losses(len(row.holders), row.need, len(nodes)):
        return []
    each, more = divmod(len(row.holders), len(nodes))
    kept = _keep(row, max(1, each))
    counts = Counter(kept.values())
    if each > 0:
        # What does not divide evenly: so many nodes may hold one more.
        for position in sorted(set(row.holders) - set(kept)):
            able = [node for node in sorted(row.holders[position]) if counts[node] == each]
            if able and more > 0:
                kept[position] = able[0]
                counts[able[0]] += 1
                more -= 1
    moves = []
    for position in sorted(row.holders):
        if position in kept:
            continue
        able = [node for node in nodes if takes(position, node)]
        holders = row.holders[position]
        if not able:
            continue
        best = min(
            able, key=lambda node: (counts[node], node not in holders, *_rank(prefers(position, node), load[node]), node)
        )
        if best not in holders and holders and counts[best] >= min(counts[node] for node in holders):
            # Moving gains nothing: it stays where it is.
            best = min(holders, key=lambda node: counts[node])
        counts[best] += 1
        if best not in holders:
            load[best] += 1
            moves.append(Move(position, best))
    return moves


def _rank(preferred: bool, load: int) -> tuple[bool, int]:
    """Among the replicas of a shard always the same one, so that it has all of the shard; elsewhere whoever has least."""
    return not preferred, 0 if preferred else load


def _keep(row: Row, limit: int) -> dict[int, str]:
    """As many positions as possible, each with one of its holders, at most ``limit`` on a node: augmenting paths."""
    kept: dict[int, str] = {}
    on: dict[str, list[int]] = {}

    def settle(position: int, seen: set[str]) -> bool:
        for node in sorted(row.holders[position]):
            if node in seen:
                continue
            seen.add(node)
            mine = on.setdefault(node, [])
            if len(mine) < limit:
                mine.append(position)
                kept[position] = node
                return True
            for other in mine:
                if settle(other, seen):
                    mine.remove(other)
                    mine.append(position)
                    kept[position] = node
                    return True
        return False

    for position in sorted(row.holders, key=lambda position: len(row.holders[position])):
        if row.holders[position]:
            settle(position, set())
    return kept


def plan_copies(
    holders: frozenset[str],
    wanted: int,
    nodes: Iterable[str],
    takes: Callable[[str], bool],
    prefers: Callable[[str], bool],
    load: Counter[str],
) -> list[str]:
    """The nodes that get a copy of a segment, so that ``wanted`` of them have it; fewer when there are no more."""
    able = [node for node in nodes if node not in holders and takes(node)]
    able.sort(key=lambda node: (*_rank(prefers(node), load[node]), node))
    chosen = able[: max(0, wanted - len(holders))]
    load.update(chosen)
    return chosen

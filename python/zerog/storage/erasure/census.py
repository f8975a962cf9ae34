"""Who holds what of one erasure-coded file: what nodes say, and what of it turned out to be true.

Nodes are asked which segments they have; a claim costs them nothing, so nothing is decided by it that bytes do not confirm:
what is read is proven, who sends wrong bytes is not believed in anything about the file any more.

Source: docs/protocol/erasure.md.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from zerog.errors import InvalidInput, PeerFault, TimedOut, Unavailable
from zerog.storage.api import Shard
from zerog.storage.erasure.manifest import MANIFEST_SIZE_MAX, Manifest, Part
from zerog.storage.erasure.placement import Losses, Row, best_losses, losses
from zerog.storage.layout import FileTree, file_layout
from zerog.storage.remote import Node, NodeRefused
from zerog.storage.selection import ShardedNode
from zerog.storage.transfer import wrong_segment
from zerog.wire.jsonrpc import METHOD_NOT_FOUND

Kind = Literal["data", "parity", "manifest"]
KINDS: Final[tuple[Kind, ...]] = ("data", "parity", "manifest")

Failures = (Unavailable, TimedOut, PeerFault, NodeRefused)
_SUBMISSIONS_MAX: Final = 16


@dataclass(slots=True)
class Held:
    """What one node says of one file: its number and place in the flow, and under which number it has each segment."""

    seq: int
    start_segment: int
    where: dict[int, int] = field(default_factory=dict)


@dataclass(eq=False)
class Member:
    """A node that answers.

    ``takes_any`` is true for nodes that store segments of such files whatever their shard; those of others only take their own.
    """

    node: Node
    shard: Shard
    takes_any: bool
    held: dict[Kind, Held]
    lied: str = ""
    refused: str = ""
    busy: int = 0
    failed: int = 0

    @property
    def url(self) -> str:
        return self.node.url

    def holds(self, kind: Kind, index: int) -> bool:
        held = self.held.get(kind)
        return held is not None and index in held.where

    def owns(self, kind: Kind, index: int) -> bool:
        """Whether the segment belongs to the node's shard."""
        held = self.held.get(kind)
        return held is not None and self.shard.holds(held.start_segment + index)

    def may_take(self, kind: Kind, index: int) -> bool:
        """Whether the node stores the segment when it is asked to."""
        return self.takes_any or self.shard.count == 1 or self.owns(kind, index)

    def is_looked_at(self, kind: Kind, index: int) -> bool:
        """Whether clients that know nothing of this class look for the segment on this of all nodes."""
        return kind == "data" and self.shard.count > 1 and self.owns(kind, index)

    def counts(self) -> tuple[int, int, int]:
        """Segments of data, parity and manifest."""
        data, parity, manifest = (len(self.held[kind].where) if kind in self.held else 0 for kind in KINDS)
        return data, parity, manifest


@dataclass(frozen=True, slots=True)
class Durability:
    """What a file survives now.

    ``losses`` more nodes may die, whichever; -1 when it cannot be read. ``possible`` is the most that the nodes which answer
    allow. ``missing`` segments have no holder, ``lost`` stripes have fewer than they need. Not ``exact``: at least so many.
    """

    root: bytes
    manifest: bytes
    size: int
    code: str
    losses: int
    possible: int
    exact: bool
    missing: int
    lost: int
    stripes: tuple[tuple[int, int, int], ...]
    nodes: tuple[tuple[str, str, int, int, int], ...]
    liars: tuple[tuple[str, str], ...]
    proven: bool

    @property
    def full(self) -> bool:
        """Whether repair has nothing to do."""
        return self.missing == 0 and self.losses >= self.possible

    def to_json(self) -> dict[str, Any]:
        return {
            "root": "0x" + self.root.hex(),
            "manifest": "0x" + self.manifest.hex(),
            "size": self.size,
            "code": self.code,
            "losses_survivable": self.losses,
            "losses_possible": self.possible,
            "exact": self.exact,
            "full": self.full,
            "missing_segments": self.missing,
            "lost_stripes": self.lost,
            "proven": self.proven,
            "stripes": [{"present": here, "needed": need, "losses": count} for here, need, count in self.stripes],
            "nodes": [
                {"url": url, "shard": shard, "data": data, "parity": parity, "manifest": manifest}
                for url, shard, data, parity, manifest in self.nodes
            ],
            "liars": [{"url": url, "reason": reason} for url, reason in self.liars],
        }


class Census:
    """The nodes that answer, and what they have of a file, its parity and its manifest.

    Args:
        manifest: of the file.
        raw: the manifest's own bytes.
        members: from ``ask``.
    """

    def __init__(self, manifest: Manifest, raw: bytes, members: Sequence[Member]) -> None:
        self.manifest, self.raw, self.members = manifest, raw, list(members)
        self.manifest_part = part_of(raw)
        self.changes = 0
        self._rows: dict[tuple[tuple[frozenset[str], ...], int], Losses] = {}

    def part(self, kind: Kind) -> Part:
        found = {"data": self.manifest.data, "parity": self.manifest.parity, "manifest": self.manifest_part}[kind]
        if found is None:
            raise InvalidInput("a file of one segment has no parity")
        return found

    @property
    def believed(self) -> list[Member]:
        return [member for member in self.members if not member.lied]

    @property
    def usable(self) -> list[Member]:
        """Nodes to write to."""
        return [member for member in self.members if not member.lied and not member.refused]

    def holders(self, kind: Kind, index: int) -> list[Member]:
        return [member for member in self.members if not member.lied and member.holds(kind, index)]

    def place(self, stripe: int, position: int) -> tuple[Kind, int]:
        """Which segment of which file a position of a stripe is."""
        code = self.manifest.code
        if position < code.data:
            return "data", stripe * code.data + position
        return "parity", stripe * code.parity + position - code.data

    def row(self, stripe: int) -> Row:
        """A stripe with the holders of its positions."""
        manifest, code = self.manifest, self.manifest.code
        if manifest.parity is None:
            return Row({0: self._urls("data", 0)}, 1)
        width = manifest.width(stripe)
        positions = (*range(width), *range(code.data, code.data + code.parity))
        return Row({position: self._urls(*self.place(stripe, position)) for position in positions}, width)

    def _urls(self, kind: Kind, index: int) -> frozenset[str]:
        return frozenset(member.url for member in self.holders(kind, index))

    def copied(self) -> Iterator[tuple[Kind, int]]:
        """Segments that copies protect: the manifest's, and that of a file of one segment."""
        if self.manifest.parity is None:
            yield "data", 0
        for index in range(self.manifest_part.layout.data_segments):
            yield "manifest", index

    def durability(self, *, proven: bool = False) -> Durability:
        manifest, count = self.manifest, len(self.usable)
        rows = [self.row(stripe) for stripe in range(manifest.stripes)]
        found = [self._losses(row) for row in rows]
        copies = [Row({0: self._urls(kind, index)}, 1) for kind, index in self.copied()]
        copied = [self._losses(row) for row in copies]
        worst = min(found + copied)
        possible = min([best_losses(len(row.holders), row.need, count) for row in rows if len(row.holders) > 1]
                       + [min(count, manifest.copies) - 1])  # fmt: skip
        missing = sum(len(row.holders) - row.present for row in rows) + sum(1 for row in copies if not row.present)
        return Durability(
            manifest.data.root, self.manifest_part.root, manifest.data.size, str(manifest.code), worst.nodes, possible,
            all(one.exact for one in found + copied if one.nodes == worst.nodes), missing,
            sum(1 for one in found if one.nodes < 0),
            tuple((row.present, row.need, one.nodes) for row, one in zip(rows, found, strict=True)),
            tuple((member.url, str(member.shard), *member.counts()) for member in self.believed),
            tuple((member.url, member.lied) for member in self.members if member.lied),
            proven,
        )  # fmt: skip

    def _losses(self, row: Row) -> Losses:
        key = (tuple(sorted(row.holders.values(), key=sorted)), row.need)
        if key not in self._rows:
            self._rows[key] = losses(row)
        return self._rows[key]

    def load(self) -> Counter[str]:
        """Segments of the file by node."""
        return Counter({member.url: sum(len(held.where) for held in member.held.values()) for member in self.members})

    # --- what turned out otherwise ------------------------------------------------------------------------------------
    # ``changes`` grows with each: a plan made before is not the best any more.

    def forget(self, member: Member, kind: Kind, index: int) -> None:
        """It did not give a segment that it says it has."""
        held = member.held.get(kind)
        if held is not None and held.where.pop(index, None) is not None:
            self.changes += 1

    def distrust(self, member: Member, why: str) -> None:
        """It gave wrong bytes."""
        member.lied = why
        member.held.clear()
        self.changes += 1

    def refuse(self, member: Member, why: str) -> None:
        """It takes nothing; what it holds still counts."""
        if not member.refused:
            member.refused = why
            self.changes += 1

    # --- reading ------------------------------------------------------------------------------------------------------

    async def read(self, kind: Kind, index: int) -> bytes | None:
        """A proven segment from whoever gives it; None when nobody does. Claims that turn out false are taken back."""
        for member in sorted(self.holders(kind, index), key=lambda member: (member.failed, member.busy)):
            data = await self.read_from(member, kind, index)
            if data is not None:
                return data
        return None

    async def read_from(self, member: Member, kind: Kind, index: int) -> bytes | None:
        """``read`` from one node."""
        part = self.part(kind)
        if not member.holds(kind, index):
            return None
        member.busy += 1
        try:
            segment = await member.node.segment(member.held[kind].where[index], index)
            if segment is None:
                self.forget(member, kind, index)
                return None
            wrong = await wrong_segment(part.root, part.layout, index, segment)
            if not wrong:
                return bytes(segment.data)
            self.distrust(member, wrong)
        except PeerFault as error:
            self.distrust(member, str(error))
        except Failures:
            # It may come back; for now it gives nothing.
            member.failed += 1
            self.forget(member, kind, index)
        finally:
            member.busy -= 1
        return None


def part_of(raw: bytes) -> Part:
    """A small file of ours as a part."""
    tree = FileTree.from_buffer(raw)
    return Part(tree.root, len(raw), tuple(tree.segment_roots[: tree.layout.data_segments]))


async def ask(node: Node, known: ShardedNode, files: dict[Kind, tuple[bytes, int]]) -> Member:
    """What a node says that it has of files (root and size).

    Raises:
        Unavailable, TimedOut, PeerFault, NodeRefused: it does not say.
    """
    held: dict[Kind, Held] = {}
    ours = True
    for kind, (root, size) in files.items():
        found = await ask_file(node, root, size) if ours else None
        if found is None:
            ours = False
            found = await _probe(node, known.shard, root, size)
        if found:
            held[kind] = merged(found)
    return Member(node, known.shard, ours, held)


@dataclass(frozen=True, slots=True)
class Told:
    """One submission of a file on a node."""

    seq: int
    size: int
    start_segment: int
    segments: frozenset[int]


async def ask_file(node: Node, root: bytes, size: int | None) -> list[Told] | None:
    """The submissions of a root that a node knows, with the segments that it says it has; None when it has no such method.

    Args:
        size: only submissions of this size count; None for any that a manifest may have.
    """
    try:
        told: list[Told] = await node.remote.ask(
            node.url, lambda value: _told(value, size), "erasure_getSegments", "0x" + root.hex(), retries=1
        )
    except NodeRefused as error:
        if error.rpc_code == METHOD_NOT_FOUND:
            return None
        raise
    return told


async def _probe(node: Node, shard: Shard, root: bytes, size: int) -> list[Told]:
    """The same of a node that only speaks zgs_*: one sector of each segment tells whether it is there."""
    info = await node.info(root)
    if info is None or info.size != size or info.pruned:
        return []
    count = file_layout(size).data_segments
    if info.finalized:
        have = frozenset(index for index in range(count) if shard.holds(info.start_segment + index))
        return [Told(info.seq, size, info.start_segment, have)]
    found = set()
    for index in range(count):
        if await node.remote.call(node.url, "zgs_downloadSegmentByTxSeq", info.seq, index * 1024, index * 1024 + 1, retries=1):
            found.add(index)
    return [Told(info.seq, size, info.start_segment, frozenset(found))]


def merged(told: Sequence[Told]) -> Held:
    """All submissions of one file on one node: any of them gives its segments, the first takes new ones."""
    held = Held(told[0].seq, told[0].start_segment)
    for one in told:
        held.where.update((index, one.seq) for index in one.segments if index not in held.where)
    return held


def _told(value: object, wanted_size: int | None) -> list[Told]:
    if not isinstance(value, list) or len(value) > _SUBMISSIONS_MAX:
        raise InvalidInput(f"expected a list of at most {_SUBMISSIONS_MAX} submissions")
    found = []
    for item in value:
        if not isinstance(item, dict):
            raise InvalidInput("expected objects with seq, size, startSegment and segments")
        seq, size, start = (_number(item.get(name), name) for name in ("seq", "size", "startSegment"))
        bits = item.get("segments")
        if not isinstance(bits, str):
            raise InvalidInput("segments: expected hex")
        # Before its segments are counted: a stranger's size may be anything.
        if size != wanted_size and (wanted_size is not None or not 1 <= size <= MANIFEST_SIZE_MAX):
            continue
        count = file_layout(size).data_segments
        try:
            raw = bytes.fromhex(bits.removeprefix("0x"))
        except ValueError:
            raise InvalidInput("segments: expected hex") from None
        if len(raw) != -(-count // 8):
            raise InvalidInput(f"segments: expected a bit for each of {count}")
        found.append(Told(seq, size, start, frozenset(i for i in range(count) if raw[i >> 3] >> (i & 7) & 1)))
    return found


def _number(value: object, name: str) -> int:
    if type(value) is not int or not 0 <= value < 1 << 64:
        raise InvalidInput(f"{name}: expected a number from 0 to 2**64 - 1")
    return value


async def together(nodes: Sequence[tuple[Node, ShardedNode]], files: dict[Kind, tuple[bytes, int]]) -> list[Member]:
    """``ask`` of all nodes; those that do not answer are left out."""
    answers = await asyncio.gather(*(ask(node, known, files) for node, known in nodes), return_exceptions=True)
    found = []
    for answer in answers:
        if isinstance(answer, Member):
            found.append(answer)
        elif not isinstance(answer, Failures):
            raise answer
    return found

"""From a file to its sectors, segments, tree and submission, and from submissions to places in the flow.

Sizes, counts and positions are exact integers; hashes are 32 bytes. Nothing here does I/O: bytes are hashed by
``zerog.primitives.merkle``, once. A *chunk* is a sector of 256 bytes, the leaf of every tree; a *segment* is 1024 of them.

Source: docs/protocol/storage.md, data layout.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from zerog.errors import InvalidInput
from zerog.primitives import merkle
from zerog.primitives.hashing import keccak256

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = [
    "FLOW_SECTORS_MAX",
    "SECTOR",
    "SECTORS_PER_SEGMENT",
    "SEGMENT",
    "SEGMENT_HEIGHT",
    "FileTree",
    "Layout",
    "Placement",
    "Proof",
    "Segment",
    "SegmentFault",
    "check_segments",
    "file_layout",
    "identity_of_nodes",
    "place",
    "root_of_nodes",
    "verify_sector",
    "verify_segment",
    "zero_root",
]

SECTOR: Final = merkle.SECTOR_SIZE_BYTES
SEGMENT: Final = merkle.SEGMENT_SIZE_BYTES
SECTORS_PER_SEGMENT: Final = merkle.SEGMENT_SECTORS
SEGMENT_HEIGHT: Final = 10
FLOW_SECTORS_MAX: Final = 1 << 56

zero_root = merkle.zero_root


@dataclass(frozen=True, slots=True)
class Layout:
    """What follows from a file's length alone.

    ``chunks`` sectors and ``data_segments`` segments carry data; ``padded`` sectors are the leaves of the tree and
    ``tree_segments`` the leaves of the proof tree. ``nodes`` are the submission's ``(height, sectors)``, heights descending.
    """

    size: int
    chunks: int
    padded: int
    data_segments: int
    tree_segments: int
    nodes: tuple[tuple[int, int], ...]

    def segment_leaves(self, index: int) -> int:
        """Leaves of segment ``index`` of the proof tree: 1024, or fewer for the last."""
        if not 0 <= index < self.tree_segments:
            raise InvalidInput(f"index: expected below {self.tree_segments}, found {index}")
        if index + 1 < self.tree_segments:
            return SECTORS_PER_SEGMENT
        return (self.padded - 1) % SECTORS_PER_SEGMENT + 1

    def segment_chunks(self, index: int) -> int:
        """Sectors of segment ``index`` that carry data; a segment is sent and stored as these sectors."""
        if not 0 <= index < self.data_segments:
            raise InvalidInput(f"index: expected below {self.data_segments}, found {index}")
        return min(SECTORS_PER_SEGMENT, self.chunks - index * SECTORS_PER_SEGMENT)

    def segment_size(self, index: int) -> int:
        """Bytes that segment ``index`` is sent as: whole sectors, the last one filled with zeros."""
        return self.segment_chunks(index) * SECTOR


def file_layout(size: int) -> Layout:
    """The layout of a file of ``size`` bytes.

    Raises:
        InvalidInput: an empty file (it cannot be stored), or one above 2**56 bytes.
    """
    return _layout(merkle.file_layout(size))


def _layout(layout: merkle.FileLayout) -> Layout:
    return Layout(
        size=layout.size_bytes,
        chunks=layout.sectors,
        padded=layout.sectors_padded,
        data_segments=layout.segments,
        tree_segments=layout.segments_padded,
        nodes=tuple((height, 1 << height) for height, _ in layout.nodes),
    )


class Proof(NamedTuple):
    """A proof as servers exchange it.

    ``lemma`` is leaf, siblings bottom up, root; for a tree of one leaf that leaf alone. ``path[i]`` is true when the running
    node is the left child, bottom up.
    """

    lemma: tuple[bytes, ...]
    path: tuple[bool, ...]

    def to_json(self) -> dict[str, Any]:
        """``{"lemma": ["0x…"], "path": [true, …]}``."""
        return {"lemma": ["0x" + node.hex() for node in self.lemma], "path": list(self.path)}

    @classmethod
    def from_json(cls, value: object) -> Proof:
        """The reverse of ``to_json``; ``InvalidInput`` for anything else. More hashes than any tree needs are refused."""
        lemma = value.get("lemma") if isinstance(value, dict) else None
        path = value.get("path") if isinstance(value, dict) else None
        if not isinstance(lemma, list) or not isinstance(path, list) or len(lemma) > 66 or len(path) > 64:
            raise InvalidInput("proof: expected an object with the lists lemma (at most 66) and path (at most 64)")
        hashes = []
        for node in lemma:
            try:
                digest = bytes.fromhex(node[2:]) if isinstance(node, str) and node[:2] == "0x" and len(node) == 66 else b""
            except ValueError:
                digest = b""
            if len(digest) != 32:
                raise InvalidInput("proof: expected hashes of 0x and 64 hex digits in lemma")
            hashes.append(digest)
        if not all(isinstance(side, bool) for side in path):
            raise InvalidInput("proof: expected true or false in path")
        return cls(tuple(hashes), tuple(path))

    @property
    def packed_path(self) -> bytes:
        return bytes(self.path)


class FileTree:
    """The tree of one file down to its segments: root, submission nodes, segment proofs.

    ``root`` names the file; ``nodes`` are the submission's ``(root, height)``; ``identity`` is what the contract emits for
    them (not the root). ``segment_roots`` are those of the ``layout.tree_segments`` segments.
    """

    __slots__ = ("_tree", "layout")

    def __init__(self, tree: merkle.FileTree) -> None:
        self._tree = tree
        self.layout = _layout(tree.layout)

    @classmethod
    def from_buffer(cls, view: Buffer, *, backend: str = "") -> FileTree:
        """The tree of the bytes in ``view`` (map large files): one pass over them on all threads, the lock released.

        Raises:
            InvalidInput: no bytes.
        """
        return cls(merkle.file_tree(view, backend=backend))

    @property
    def root(self) -> bytes:
        return self._tree.root

    @property
    def identity(self) -> bytes:
        return self._tree.identity

    @property
    def nodes(self) -> list[tuple[bytes, int]]:
        heights = [height for height, _ in self.layout.nodes]
        return list(zip(self._tree.node_roots, heights, strict=True))

    @property
    def segment_roots(self) -> list[bytes]:
        count = self.layout.tree_segments
        return [self._tree.levels[at : at + 32] for at in range(0, 32 * count, 32)]

    def proof(self, index: int) -> Proof:
        """The proof of segment ``index``; ``InvalidInput`` when the tree has no such segment."""
        packed = self._tree.segment_proof(index)
        lemma = tuple(packed.lemma[at : at + 32] for at in range(0, len(packed.lemma), 32))
        return Proof(lemma, tuple(side != 0 for side in packed.path))


def root_of_nodes(roots: Sequence[bytes]) -> bytes:
    """The file root that submission nodes fold to: what a node must compute, since the event does not carry it.

    Raises:
        InvalidInput: no nodes, or a root that is not 32 bytes.
    """
    if not roots or any(len(root) != 32 for root in roots):
        raise InvalidInput(f"roots: expected at least one of 32 bytes, found {[len(root) for root in roots]}")
    accumulated = bytes(roots[-1])
    for root in reversed(roots[:-1]):
        accumulated = keccak256(bytes(root) + accumulated)
    return accumulated


def identity_of_nodes(roots: Iterable[bytes]) -> bytes:
    """keccak256 of the node roots in a row: the ``identity`` of the Submit event."""
    return keccak256(b"".join(roots))


class SegmentFault(StrEnum):
    """Why a received segment is refused, in the order in which servers look.

    ======================  ====================================================================================
    ``FILE_EMPTY``          the claimed file has no bytes
    ``INDEX``               index out of bound: the file has no such segment of data
    ``LENGTH``              invalid data length: the bytes are not those that this segment sends
    ``SHAPE``               invalid proof: lemma and path do not fit together
    ``POSITION``            wrong position: the path leads to another segment
    ``LEAF``                data hash mismatch: the first hash is not the root of the bytes
    ``ROOT``                root mismatch: the last hash is not the file's root
    ``ZERO_PADDING``        invalid proof node value in the padding range
    ``FOLD``                validation failed: the siblings do not lead from leaf to root
    ======================  ====================================================================================
    """

    FILE_EMPTY = "file-empty"
    INDEX = "index"
    LENGTH = "length"
    SHAPE = "shape"
    POSITION = "position"
    LEAF = "leaf"
    ROOT = "root"
    ZERO_PADDING = "zero-padding"
    FOLD = "fold"


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment on its way between client and node: which bytes of which file, and why to believe it."""

    root: bytes
    data: Any
    index: int
    proof: Proof
    file_size: int


def check_segments(segments: Sequence[Segment], *, backend: str = "") -> list[SegmentFault | None]:
    """What is wrong with each segment, None for a good one; one native call for all, safe for any bytes.

    Cost: three permutations for each 256 bytes, on all threads, the lock released. Call it off the event loop.
    """
    received = []
    for segment in segments:
        if len(segment.root) != 32 or segment.index < 0 or segment.file_size < 0:
            raise InvalidInput(
                f"segment: expected a root of 32 bytes, an index and a size from 0 on, found {len(segment.root)} bytes, "
                f"{segment.index}, {segment.file_size}"
            )
        received.append(
            merkle.ReceivedSegment(
                segment.data,
                b"".join(segment.proof.lemma),
                segment.proof.packed_path,
                min(segment.index, (1 << 64) - 1),
                min(segment.file_size, (1 << 64) - 1),
                segment.root,
            )
        )
    return [None if fault == "none" else SegmentFault(fault) for fault in merkle.check_segments(received, backend=backend)]


def verify_segment(root: bytes, data: Buffer, index: int, proof: Proof, file_size: int) -> SegmentFault | None:
    """``check_segments`` of one."""
    return check_segments([Segment(root, data, index, proof, file_size)])[0]


def verify_sector(data: Buffer, position: int, proof: Proof, flow_root: bytes) -> bool:
    """Whether the 256 bytes of ``data`` are sector ``position`` of the flow that has ``flow_root``.

    Sector 0 carries no data and is never proven by it.
    """
    view = memoryview(data).cast("B")
    depth = len(proof.path)
    if len(view) != SECTOR or position < 1 or position >> depth != 0 or len(proof.lemma) != depth + 2:
        return False
    if any(side == bool(position >> level & 1) for level, side in enumerate(proof.path)):
        return False
    leaf = keccak256(view)
    running = leaf
    for sibling, is_left in zip(proof.lemma[1:-1], proof.path, strict=True):
        running = keccak256(running + sibling if is_left else sibling + running)
    return proof.lemma[0] == leaf and proof.lemma[-1] == running == flow_root


class Placement(NamedTuple):
    """Where a submission lies in the flow: its first sector, the first sector of each node, the flow's length after it."""

    start: int
    positions: tuple[int, ...]
    length: int


def place(length: int, heights: Sequence[int]) -> Placement:
    """Where a submission of nodes of these heights goes in a flow of ``length`` sectors (at least 1: sector 0 is a dummy).

    A file lies inside one segment of the flow or begins on a segment's boundary, and each node is aligned to its own size.
    Everything skipped is zero sectors.

    Raises:
        InvalidInput: no nodes, heights that do not descend, or a flow beyond 2**56 sectors.
    """
    if length < 1:
        raise InvalidInput(f"length: expected at least 1, found {length}")
    if any(not 0 <= height <= 56 for height in heights):
        raise InvalidInput(f"heights: expected one or more from 0 to 56, found {list(heights)}")
    positions, length_after = merkle.place(length, heights)
    return Placement(positions[0], tuple(positions), length_after)

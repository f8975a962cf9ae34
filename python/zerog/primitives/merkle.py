"""Binary keccak trees: the file tree of 0G storage, trees over given leaves, proofs in batches.

A node is keccak256(left ‖ right); an odd last node of a level is carried up unhashed. Functions take contiguous buffers and
answer with numpy arrays; the batch forms that make sense on a device take and return cupy arrays too. A false proof is not
an error: ``verify_*`` return truth for each proof. ``backend`` as in ``hashing``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from zerog import _native
from zerog.errors import InvalidInput
from zerog.primitives import device
from zerog.primitives.flow_tree import FlowProof, FlowTree, place

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import Buffer

__all__ = [
    "SECTOR_SIZE_BYTES",
    "SEGMENT_SECTORS",
    "SEGMENT_SIZE_BYTES",
    "FileLayout",
    "FileTree",
    "FlowProof",
    "FlowTree",
    "Proof",
    "ReceivedSegment",
    "SegmentProof",
    "Tree",
    "check_segments",
    "file_layout",
    "file_tree",
    "fold",
    "hash_sectors",
    "place",
    "segment_root",
    "segment_roots",
    "tree",
    "tree_roots",
    "verify_many",
    "verify_segments",
    "zero_root",
]

Digests: TypeAlias = "NDArray[np.uint8]"

SECTOR_SIZE_BYTES: Final = 256
SEGMENT_SECTORS: Final = 1024
SEGMENT_SIZE_BYTES: Final = SECTOR_SIZE_BYTES * SEGMENT_SECTORS


class Proof(NamedTuple):
    """An inclusion proof: siblings from the leaf upwards, and for each whether the running node is the left child."""

    siblings: Digests
    path: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class FileLayout:
    """What follows from a file's length alone.

    ``sectors`` and ``segments`` carry data; the padded counts are the leaves of the tree and of the proof tree. ``nodes``
    are the submission's ``(height, first sector)``, heights descending.
    """

    size_bytes: int
    sectors: int
    sectors_padded: int
    segments: int
    segments_padded: int
    nodes: tuple[tuple[int, int], ...]

    def segment_sectors(self, segment_index: int) -> int:
        """Leaves of one segment of the proof tree: 1024, or fewer for the last."""
        if not 0 <= segment_index < self.segments_padded:
            raise InvalidInput(f"segment_index: expected below {self.segments_padded}, found {segment_index}")
        if segment_index + 1 < self.segments_padded:
            return SEGMENT_SECTORS
        return (self.sectors_padded - 1) % SEGMENT_SECTORS + 1


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """All levels of one tree, leaves first, root last; a carried node appears on both levels."""

    nodes: Digests
    leaf_count: int

    @property
    def root(self) -> bytes:
        root: bytes = self.nodes[-1].tobytes()
        return root

    def proof(self, index: int) -> Proof:
        """The proof of leaf ``index``; ``InvalidInput`` when there is no such leaf."""
        if index < 0:
            raise InvalidInput(f"index: expected 0 to {self.leaf_count - 1}, found {index}")
        return Proof(*_native.merkle_proof(self.nodes, self.leaf_count, index))


@dataclass(frozen=True, slots=True, eq=False)
class FileTree:
    """The tree of one file, down to its segments.

    ``root`` names the file; ``node_roots`` go on chain with ``layout.nodes``; ``identity`` is what the contract emits.
    ``levels`` are the nodes above its segments as ``Tree.nodes`` has them, in a row.
    """

    layout: FileLayout
    root: bytes
    identity: bytes
    node_roots: tuple[bytes, ...]
    levels: bytes

    @property
    def segments(self) -> Tree:
        """The tree over the roots of the segments."""
        import numpy as np  # for who wants arrays: a client that sends one file does not

        return Tree(np.frombuffer(self.levels, np.uint8).reshape(-1, 32), self.layout.segments_padded)

    @property
    def segment_roots(self) -> Digests:
        return self.segments.nodes[: self.layout.segments_padded]

    def segment_proof(self, segment_index: int) -> SegmentProof:
        """The proof that servers exchange for one segment; ``InvalidInput`` when there is no such segment."""
        count = self.layout.segments_padded
        if not 0 <= segment_index < count:
            raise InvalidInput(f"segment_index: expected below {count}, found {segment_index}")
        lemma, path = [self._node(segment_index)], bytearray()
        base, at = 0, segment_index
        while count > 1:
            if at ^ 1 < count:  # else it is carried up as it is
                lemma.append(self._node(base + (at ^ 1)))
                path.append(at & 1 == 0)
            base, at, count = base + count, at // 2, (count + 1) // 2
        if path:
            lemma.append(self.root)
        return SegmentProof(b"".join(lemma), bytes(path), segment_index, self.layout.size_bytes, self.root, lemma[0])

    def _node(self, number: int) -> bytes:
        return self.levels[32 * number : 32 * number + 32]


class SegmentProof(NamedTuple):
    """A segment's proof and what it is checked against.

    ``lemma`` is leaf ‖ siblings ‖ root in 32-byte hashes (one hash alone for a file of one segment), ``path`` one byte for
    each sibling, non-zero where the running node is the left child. ``segment_root`` is recomputed from the received bytes.
    """

    lemma: bytes
    path: bytes
    segment_index: int
    file_size_bytes: int
    file_root: bytes
    segment_root: bytes


class ReceivedSegment(NamedTuple):
    """A segment as it arrives: bytes, proof (as in ``SegmentProof``), and the file it claims to belong to."""

    data: Any
    lemma: bytes
    path: bytes
    segment_index: int
    file_size_bytes: int
    file_root: bytes


def zero_root(height: int) -> bytes:
    """Root of ``2**height`` sectors of zero bytes, height at most 63."""
    root: bytes = _native.merkle_zero_root(height)
    return root


def file_layout(size_bytes: int) -> FileLayout:
    """Sectors, segments, padding and submission nodes of a file of ``size_bytes``.

    Raises:
        InvalidInput: an empty file (it has no tree), or one above 2**56 bytes.
    """
    if size_bytes < 0:
        raise InvalidInput(f"size_bytes: expected at least 1, found {size_bytes}")
    return _layout(_native.merkle_file_layout(size_bytes))


def _layout(facts: dict[str, Any]) -> FileLayout:
    return FileLayout(
        size_bytes=facts["size_bytes"],
        sectors=facts["sectors"],
        sectors_padded=facts["sectors_padded"],
        segments=facts["segments"],
        segments_padded=facts["segments_padded"],
        nodes=tuple(facts["nodes"]),
    )


def file_tree(data: Buffer, *, backend: str = "") -> FileTree:
    """The storage tree of a file held in one contiguous buffer (map large files, they are read once).

    Raises:
        InvalidInput: no bytes.

    Cost: three permutations for each 256 bytes, on all threads; no copy; the lock is released.
    Source: docs/protocol/storage.md, file trees.
    """
    facts = _native.merkle_file_tree(data, backend)
    return FileTree(
        layout=_layout(facts),
        root=facts["root"],
        identity=facts["identity"],
        node_roots=tuple(_rows(facts["node_roots"])),
        levels=_levels(facts["segment_roots"], backend),
    )


def _rows(packed: bytes) -> list[bytes]:
    return [packed[at : at + 32] for at in range(0, len(packed), 32)]


def _levels(leaves: bytes, backend: str) -> bytes:
    count = len(leaves) // 32
    size = count
    while count > 1:
        count = (count + 1) // 2
        size += count
    nodes = bytearray(32 * size)
    _native.merkle_build(leaves, nodes, backend)
    return bytes(nodes)


def segment_root(data: Buffer, leaf_count: int = SEGMENT_SECTORS, *, backend: str = "") -> bytes:
    """Root over ``leaf_count`` leaves of which the first carry ``data`` and the rest are zero sectors.

    ``FileLayout.segment_sectors`` gives the leaf count of a file's segment.

    Raises:
        InvalidInput: data longer than the leaves, or a leaf count outside 1 … 1024.
    """
    if leaf_count < 1:
        raise InvalidInput(f"leaf_count: expected 1 to {SEGMENT_SECTORS}, found {leaf_count}")
    root: bytes = _native.merkle_segment_root(data, leaf_count, backend)
    return root


def segment_roots(data: Any, *, out: Any = None, backend: str = "") -> Digests:
    """Roots of whole segments of 256 KiB that lie one after the other; device arrays are reduced on their device.

    Raises:
        InvalidInput: a length that is not a multiple of a segment's.
        DeviceError: the array lies on a device that cannot be used.
    """
    if device.is_device_array(data):
        on_device: Digests = device.segment_roots(data, out)
        return on_device
    view = memoryview(data).cast("B")
    if len(view) % SEGMENT_SIZE_BYTES != 0:
        raise InvalidInput(f"data: expected whole segments of {SEGMENT_SIZE_BYTES} bytes, found {len(view)}")
    roots: Digests = _native.merkle_segment_roots(view, out, backend)
    return roots


def hash_sectors(data: Buffer, *, out: Any = None, backend: str = "") -> Digests:
    """Leaf digests of the 256-byte sectors of ``data``, the last one filled with zeros."""
    digests: Digests = _native.merkle_sectors(data, out, backend)
    return digests


def tree(leaves: Buffer, *, backend: str = "") -> Tree:
    """The tree over ``leaves``, a buffer of 32-byte digests, with everything that proofs need.

    Raises:
        InvalidInput: no leaves, or a length that is not a multiple of 32.
    """
    view = memoryview(leaves)
    return Tree(_native.merkle_build(leaves, None, backend), view.nbytes // 32)


def tree_roots(leaves: Buffer, offsets: Buffer, *, out: Any = None, backend: str = "") -> Digests:
    """Roots of many trees at once: tree ``t`` has the leaves ``offsets[t]`` to ``offsets[t + 1] - 1``.

    A tree without leaves gives 32 zero bytes. Each level of all trees is hashed as one batch.
    """
    roots: Digests = _native.merkle_tree_roots(leaves, offsets, out, backend)
    return roots


def fold(leaves: Any, siblings: Any, path: Any, offsets: Any, *, out: Any = None, backend: str = "") -> Digests:
    """The roots that many proofs lead to.

    Args:
        leaves: n × 32 bytes.
        siblings: the siblings of all proofs in a row, 32 bytes each.
        path: one byte for each sibling, non-zero where the running node is the left child.
        offsets: n + 1 ascending uint64 positions; proof ``i`` has the siblings ``offsets[i]`` to ``offsets[i + 1] - 1``.
        out: where the roots go.

    Returns:
        uint8[n, 32]; on the device when ``leaves`` lie there.
    """
    roots: Digests
    if device.is_device_array(leaves):
        roots = device.fold(leaves, siblings, path, offsets, out)
    else:
        roots = _native.merkle_fold(leaves, siblings, path, offsets, out, backend)
    return roots


def verify_many(
    leaves: Buffer, siblings: Buffer, path: Buffer, offsets: Buffer, roots: Buffer, *, backend: str = ""
) -> NDArray[np.bool_]:
    """Which of many proofs lead from their leaf to their root; arguments as in ``fold``.

    ``roots`` holds one root for all proofs or one for each. The guilty are ``numpy.flatnonzero(~verdicts)``.

    Raises:
        InvalidInput: buffers that do not fit together. A wrong hash is a false verdict, never an error.
    """
    verdicts: NDArray[np.bool_] = _native.merkle_verify(leaves, siblings, path, offsets, roots, backend)
    return verdicts


def verify_segments(proofs: Sequence[SegmentProof], *, backend: str = "") -> list[str]:
    """What is wrong with each segment proof: ``"none"``, ``"shape"``, ``"position"``, ``"leaf"``, ``"root"``, ``"fold"`` or
    ``"zero-padding"``. The hashing of all proofs is one batch. Any bytes are safe.

    Source: docs/protocol/storage.md, segment proofs.
    """
    faults: list[str] = _native.merkle_verify_segments(proofs, backend)
    return faults


def check_segments(segments: Sequence[ReceivedSegment], *, backend: str = "") -> list[str]:
    """What is wrong with each received segment, from its bytes: ``verify_segments``' words, or ``"file-empty"``, ``"index"``
    (the file has no such segment of data), ``"length"`` (not the bytes that this segment sends).

    The segments' roots are recomputed on all threads and the proofs hashed as one batch, the lock released. Any bytes are safe.

    Raises:
        InvalidInput: a negative number, or a root that is not 32 bytes.
    """
    faults: list[str] = _native.merkle_check_segments(segments, backend)
    return faults

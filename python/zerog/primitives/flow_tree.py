"""The flow of 0G storage: where submissions lie, and the tree over all of them. Used as ``merkle.FlowTree``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from zerog import _native
from zerog.errors import Corrupt, InvalidInput

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["FlowNode", "FlowProof", "FlowSubmission", "FlowTree", "place"]

SEAL_HEIGHT = 4


class FlowProof(NamedTuple):
    """``lemma`` is leaf, siblings bottom up, root; ``path[i]`` is true when the running node is the left child."""

    lemma: tuple[bytes, ...]
    path: tuple[bool, ...]


class FlowSubmission(NamedTuple):
    """Where a submission begins, and the flow's length and root after it."""

    start: int
    length: int
    flow_root: bytes


class FlowNode(NamedTuple):
    """A node of the tree: ``2**height`` sectors from ``first_sector`` on."""

    height: int
    first_sector: int
    root: bytes


def place(length: int, heights: Sequence[int]) -> tuple[list[int], int]:
    """First sectors of nodes of these heights in a flow of ``length`` sectors, and the flow's length after them."""
    positions, length_after = _native.merkle_place(length, heights)
    return positions, length_after


class FlowTree:
    """The tree of the flow: append-only but for reorganisations, known by its nodes alone.

    A submission appends aligned nodes of which only roots are known; gaps of alignment are zeros; the right edge is filled
    with roots of zeros. Segment roots below larger nodes are filled in as bytes arrive, never before they are shown to lead
    to what the log has, so every proof that comes out is a true one. Sector 0 is a dummy and the length begins at 1.

    Memory grows with nodes, about 70 bytes each, not with the sectors that they claim. Calls take microseconds but for
    proofs from bytes (the lock is released while those are hashed) and ``revert`` (a walk over all nodes). The state changes
    under the interpreter lock only, so calls from several threads do not tear it.

    Source: docs/protocol/storage.md, the flow.
    """

    __slots__ = ("_tree",)

    def __init__(self) -> None:
        self._tree = _native.FlowTree()

    @property
    def length(self) -> int:
        """Sectors so far, gaps and the dummy included."""
        length: int = self._tree.length
        return length

    @property
    def root(self) -> bytes:
        """The root after the last submission; 32 zero bytes before the first."""
        root: bytes = self._tree.root
        return root

    @property
    def submission_count(self) -> int:
        count: int = self._tree.submission_count
        return count

    @property
    def node_count(self) -> int:
        """Nodes kept in memory."""
        count: int = self._tree.node_count
        return count

    def submission(self, tx_seq: int) -> FlowSubmission:
        """Start, length and root of submission ``tx_seq``.

        Raises:
            InvalidInput: there is no such submission.
        """
        if tx_seq < 0:
            raise InvalidInput(f"tx_seq: expected below {self.submission_count}, found {tx_seq}")
        return FlowSubmission(*self._tree.submission(tx_seq))

    def submit(self, nodes: Sequence[tuple[bytes, int]], *, start: int | None = None) -> FlowSubmission:
        """Append the next submission: ``nodes`` are its ``(root, height)``, heights descending.

        With ``start`` (the event's ``startPos``) the place is compared before anything changes.

        Raises:
            InvalidInput: no nodes, heights that do not descend or exceed 56, a root that is not 32 bytes, a flow beyond 2**56
                sectors, or another place than ``start``.
        """
        if start is not None:
            if any(not 0 <= height <= 56 for _, height in nodes):
                raise InvalidInput(f"nodes: expected heights from 0 to 56, found {[height for _, height in nodes]}")
            positions, _ = place(self.length, [height for _, height in nodes])
            if positions[0] != start:
                raise InvalidInput(f"start: expected {positions[0]} in a flow of {self.length} sectors, found {start}")
        return FlowSubmission(*self._tree.submit(nodes))

    def revert(self, length: int) -> int:
        """Drop the submissions after the one that ended at ``length`` (1: all), and say how many.

        Raises:
            InvalidInput: no submission ended there.
        """
        dropped: int = self._tree.revert(length)
        return dropped

    def root_at(self, length: int) -> bytes:
        """The root when the flow had ``length`` sectors; ``InvalidInput`` when no submission ended there."""
        root: bytes = self._tree.root_at(length)
        return root

    def root_after(self, tx_seq: int) -> bytes:
        """The contract's ``getFlowRootByTxSeq``; ``InvalidInput`` when there is no such submission."""
        return self.submission(tx_seq).flow_root

    def known(self, sector: int) -> FlowNode | None:
        """The lowest node above ``sector`` whose root is kept: a submitted node, a gap, or a segment filled in.

        Proofs below it need its bytes. None beyond the end of the flow.
        """
        found = self._tree.known(sector)
        return None if found is None else FlowNode(found[0], found[1] << found[0], found[2])

    def fill_segments(self, first_segment: int, roots: Sequence[bytes] | Buffer) -> int:
        """Keep the roots of consecutive segments of the flow; they must complete the nodes of the log that cover them.

        ``roots`` are hashes, or one buffer of them. Returns how many were taken: all.

        Raises:
            InvalidInput: a segment in no node, nodes not completed, or roots that do not lead to them. Nothing is kept then.
        """
        packed = b"".join(roots) if isinstance(roots, list | tuple) else roots
        taken: int = self._tree.fill_segments(first_segment, packed)
        return taken

    def fill_proof(self, segment: int, root: bytes, siblings: Sequence[bytes], path: Sequence[bool]) -> int:
        """Keep one segment's root and the siblings of its file proof (``lemma[1:-1]`` and ``path``).

        ``segment`` counts in the flow. Siblings above the node of the log are not looked at. A segment of small files has
        nothing to keep. Returns how many nodes were shown to belong there.

        Raises:
            InvalidInput: beyond the flow, too few siblings, or siblings that do not lead to the node. Nothing is kept then.
        """
        taken: int = self._tree.fill_proof(segment, root, b"".join(siblings), bytes(path))
        return taken

    def sector_proof(self, sector: int, data: Buffer | None = None, *, length: int | None = None) -> FlowProof | None:
        """The proof of ``sector`` in the flow of ``length`` sectors (None: now), or None when a neighbour's root is missing.

        Args:
            sector: its position in the flow.
            data: the bytes of ``known(sector)`` when that is more than the sector; zeros at the end may be left out.
            length: as some submission left it.

        Raises:
            InvalidInput: beyond that flow, a length at which no submission ended, or bytes with another root than the log's.
        """
        proof = self._prove(0, sector, data, length)
        if proof is None:
            return None
        leaf, siblings, path, root = proof
        return FlowProof((leaf, *siblings, root), tuple(path))

    def seal_proof(self, sector: int, data: Buffer | None = None, *, length: int | None = None) -> list[bytes] | None:
        """Siblings of the seal (16 sectors) that begins at ``sector``, bottom up, as a mining answer carries them.

        Arguments and errors as for ``sector_proof``.
        """
        if sector % (1 << SEAL_HEIGHT) != 0:
            raise InvalidInput(f"sector: expected a multiple of {1 << SEAL_HEIGHT}, found {sector}")
        proof = self._prove(SEAL_HEIGHT, sector >> SEAL_HEIGHT, data, length)
        return None if proof is None else proof[1]

    def _prove(
        self, height: int, index: int, data: Buffer | None, length: int | None
    ) -> tuple[bytes, list[bytes], list[bool], bytes] | None:
        if index < 0:
            raise InvalidInput(f"sector: expected 0 or more, found {index << height}")
        proof: tuple[bytes, list[bytes], list[bool], bytes] | None
        proof = self._tree.prove(height, index, self.length if length is None else length, data)
        return proof

    def take_rows(self) -> list[tuple[bytes, bytes | None]]:
        """What changed since the last call, as keys and values of a key-value store (None: erased), in order.

        Write them in one batch with whatever else the change belongs to. They are kept until taken: take them after each
        change.
        """
        rows: list[tuple[bytes, bytes | None]] = self._tree.take_rows()
        return rows

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[bytes, bytes]]) -> FlowTree:
        """The tree that a store's rows describe, in any order.

        Raises:
            Corrupt: rows of another form, or nodes that do not lead to the last submission's root.
        """
        tree = cls()
        try:
            tree._tree.load_rows(rows)
            tree._tree.finish_load()
        except InvalidInput as error:
            raise Corrupt(str(error)) from error
        return tree

"""Laws of batches, trees and proofs, over inputs that hypothesis chooses."""

from __future__ import annotations

from itertools import accumulate

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from zerog.primitives import hashing, merkle

INPUTS = st.lists(st.binary(max_size=900), max_size=40)
LEAVES = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=70)


@given(INPUTS)
def test_a_batch_equals_its_singles(items: list[bytes]) -> None:
    wanted = [hashing.keccak256(item) for item in items]
    offsets = np.array([0, *accumulate(map(len, items))], dtype=np.uint64)
    assert [row.tobytes() for row in hashing.keccak256_many(items)] == wanted
    assert [row.tobytes() for row in hashing.keccak256_many(b"".join(items), offsets)] == wanted


@given(INPUTS, st.randoms())
def test_order_does_not_matter(items: list[bytes], random: object) -> None:
    order = list(range(len(items)))
    random.shuffle(order)  # type: ignore[attr-defined]
    straight = hashing.keccak256_many(items)
    mixed = hashing.keccak256_many([items[i] for i in order])
    assert all((mixed[k] == straight[i]).all() for k, i in enumerate(order))


@given(LEAVES)
@settings(deadline=None)
def test_every_leaf_proves_and_no_other_place(leaves: list[bytes]) -> None:
    tree = merkle.tree(b"".join(leaves))
    proofs = [tree.proof(i) for i in range(len(leaves))]
    offsets = np.array([0, *accumulate(len(proof.path) for proof in proofs)], dtype=np.uint64)
    siblings = b"".join(proof.siblings.tobytes() for proof in proofs)
    path = b"".join(proof.path.tobytes() for proof in proofs)
    assert merkle.verify_many(b"".join(leaves), siblings, path, offsets, tree.root).all()
    moved = [*leaves[1:], leaves[0]]
    verdicts = merkle.verify_many(b"".join(moved), siblings, path, offsets, tree.root)
    assert [bool(v) for v in verdicts] == [a == b for a, b in zip(moved, leaves, strict=True)]


@given(LEAVES, st.data())
@settings(deadline=None)
def test_one_turned_bit_is_one_guilty_proof(leaves: list[bytes], data: st.DataObject) -> None:
    tree = merkle.tree(b"".join(leaves))
    proofs = [tree.proof(i) for i in range(len(leaves))]
    offsets = np.array([0, *accumulate(len(proof.path) for proof in proofs)], dtype=np.uint64)
    parts = [bytearray(b"".join(leaves)), bytearray(b"".join(proof.siblings.tobytes() for proof in proofs))]
    path = b"".join(proof.path.tobytes() for proof in proofs)
    part = data.draw(st.integers(0, 1 if parts[1] else 0))
    bit = data.draw(st.integers(0, 8 * len(parts[part]) - 1))
    parts[part][bit // 8] ^= 1 << bit % 8
    item = bit // 256
    guilty = item if part == 0 else int(np.searchsorted(offsets, item, side="right")) - 1
    verdicts = merkle.verify_many(*parts, path, offsets, tree.root)
    assert np.flatnonzero(~verdicts).tolist() == [guilty]


@given(st.integers(1, 1 << 40))
def test_layout_of_any_size(size: int) -> None:
    layout = merkle.file_layout(size)
    assert layout.sectors == -(-size // 256)
    assert layout.sectors <= layout.sectors_padded < 2 * layout.sectors + 1
    assert sum(1 << height for height, _ in layout.nodes) == layout.sectors_padded
    assert [first for _, first in layout.nodes] == [0, *accumulate(1 << height for height, _ in layout.nodes)][:-1]
    assert all(first % (1 << height) == 0 for height, first in layout.nodes)
    assert len(layout.nodes) <= 4
    assert sum(layout.segment_sectors(i) for i in {0, layout.segments_padded - 1}) <= layout.sectors_padded


@given(st.binary(min_size=1, max_size=3000), st.integers(0, 300))
@settings(deadline=None)
def test_zeros_at_the_end_of_the_last_sector_do_not_count(data: bytes, zeros: int) -> None:
    extended = data + bytes(min(zeros, -len(data) % 256))
    assert merkle.file_tree(data).root == merkle.file_tree(extended).root

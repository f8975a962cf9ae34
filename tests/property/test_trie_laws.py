"""The trie against its definition: random changes, staging, proofs, and proofs that were tampered with."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from oracle import trie as oracle
from zerog import _native
from zerog.errors import InvalidInput
from zerog.primitives import trie

KEYS = st.binary(max_size=4) | st.binary(min_size=1, max_size=6).map(lambda tail: b"\x11\x11" + tail)
VALUES = st.binary(min_size=1, max_size=40)


def crowded(rng: random.Random) -> bytes:
    """A 32-byte key that shares long paths with others of its kind."""
    shared = rng.choice([0, 1, 7, 40, 61, 62, 63])
    return bytes.fromhex("0" * shared + "".join(rng.choice("01f") for _ in range(64 - shared)))


@given(st.dictionaries(KEYS, VALUES, max_size=24))
def test_root_of_any_keys(items: dict[bytes, bytes]) -> None:
    assert trie.root_of(items) == oracle.root(items)


@given(st.lists(VALUES, max_size=300))
def test_ordered_root(items: list[bytes]) -> None:
    assert trie.ordered_root(items) == oracle.ordered_root(items)


@pytest.mark.parametrize("count", [0, 1, 2, 16, 17, 127, 128, 129, 255, 256, 257, 1000])
def test_ordered_root_at_the_edges_of_key_sizes(count: int) -> None:
    items = [bytes([1 + i % 255]) * (1 + i % 70) for i in range(count)]
    assert trie.ordered_root(items) == oracle.ordered_root(items)


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("round_", [0, *(pytest.param(round_, marks=pytest.mark.slow) for round_ in range(1, 6))])
def test_changes_follow_the_definition(seed: int, secure: bool, round_: int) -> None:
    rng = random.Random(seed * 10 + round_)
    tree = trie.Trie(secure=secure)
    model: dict[bytes, bytes] = {}
    root_of = oracle.secure_root if secure else oracle.root
    for _ in range(25):
        change = {
            crowded(rng): rng.randbytes(rng.choice([0, 0, 1, 5, 32, 33, 100, 200])) for _ in range(rng.choice([1, 2, 12]))
        }
        after = {key: value for key, value in {**model, **change}.items() if value}
        before = tree.root
        assert tree.stage(change) == root_of(after)
        assert tree.root == before
        if rng.random() < 0.3:
            tree.discard()
        else:
            tree.commit()
            model = after
        assert tree.root == root_of(model)
        for key in [crowded(rng), *rng.sample(sorted(model), min(2, len(model)))]:
            check_proof(tree, model, key, secure, rng)
    assert tree.update([(key, b"") for key in model]) == oracle.EMPTY_ROOT == trie.EMPTY_ROOT


def check_proof(tree: trie.Trie, model: dict[bytes, bytes], key: bytes, secure: bool, rng: random.Random) -> None:
    proof = tree.prove(key)
    hashed = {oracle.keccak256(k): v for k, v in model.items()} if secure else model
    assert proof == oracle.prove(hashed, oracle.keccak256(key) if secure else key)
    assert tree.get(key) == model.get(key)
    assert _native.verify_trie_proof(tree.root, key, proof, secure=secure) == (True, model.get(key))
    assert trie.verify_proof(tree.root, key, proof, model.get(key), secure=secure)
    assert not trie.verify_proof(tree.root, key, proof, b"something else", secure=secure)
    if not proof:
        return
    at = rng.randrange(len(proof))
    bent = list(proof)
    flipped = bytearray(bent[at])
    flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
    bent[at] = bytes(flipped)
    for wrong in (bent, proof[:-1], [*proof, proof[-1]], [*proof, b"\x80"]):
        assert _native.verify_trie_proof(tree.root, key, wrong, secure=secure) == (False, None)
    assert _native.verify_trie_proof(bytes(32), key, proof, secure=secure) == (False, None)


def test_order_and_grouping_do_not_matter(seed: int) -> None:
    rng = random.Random(seed)
    items = [(rng.randbytes(20), rng.randbytes(30)) for _ in range(400)]
    roots = set()
    for group in (1, 7, 400):
        rng.shuffle(items)
        tree = trie.Trie()
        for start in range(0, len(items), group):
            tree.update(items[start : start + group])
        roots.add(tree.root)
    assert roots == {oracle.secure_root(dict(items))}


def test_arrays_and_repeated_keys() -> None:
    keys = np.arange(60, dtype=np.uint8).reshape(3, 20)
    values = np.arange(1, 10, dtype=np.uint8).reshape(3, 3)
    tree = trie.Trie()
    root = tree.update_arrays(keys, values)
    assert root == oracle.secure_root({bytes(k): bytes(v) for k, v in zip(keys, values, strict=True)})
    # The last of several values for a key counts.
    key = bytes(keys[0])
    assert tree.update([(key, b"a"), (key, b""), (key, bytes(values[0]))]) == root


def test_what_a_trie_refuses() -> None:
    tree = trie.Trie(secure=False)
    with pytest.raises(InvalidInput, match="32 bytes"):
        tree.update({b"short": b"x"})
    with pytest.raises(InvalidInput, match="nothing is staged"):
        tree.commit()
    tree.stage({bytes(32): b"x"})
    with pytest.raises(InvalidInput, match="staged"):
        tree.update({bytes(32): b"y"})
    with pytest.raises(InvalidInput):
        trie.ordered_root([b"a", b""])
    with pytest.raises(InvalidInput):
        trie.root_of({bytes(257): b"a"})
    with pytest.raises(InvalidInput):
        tree.update_arrays(np.zeros((2, 32), np.uint8), np.zeros((3, 4), np.uint8))

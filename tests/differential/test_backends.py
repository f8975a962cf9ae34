"""Every backend of keccak256 and the merkle kernels against scalar, and scalar against the oracle."""

from __future__ import annotations

import random
from itertools import accumulate

import numpy as np
import pytest

from differential.cases import BATCH_COUNTS, FILE_SIZES, KECCAK_SIZES, LARGE_COUNTS, LEAF_COUNTS, ragged
from oracle import merkle as merkle_oracle
from oracle.keccak256 import keccak256 as oracle_keccak256
from zerog import _native
from zerog.primitives import hashing, merkle

BACKENDS = ("scalar", "avx2", "avx512", "emu")
VECTORS = BACKENDS[1:]


def usable(kernel: str, name: str) -> str:
    report = next(entry for entry in _native.backends() if entry["kernel"] == kernel)
    if name not in report["available"]:
        pytest.skip(f"{name}: {report['unavailable'] or 'not in this build'}")
    return name


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return usable("merkle_tree", usable("keccak256", str(request.param)))


@pytest.fixture(params=VECTORS)
def vector(request: pytest.FixtureRequest) -> str:
    return usable("merkle_tree", usable("keccak256", str(request.param)))


@pytest.fixture
def rng(seed: int) -> random.Random:
    return random.Random(seed)


def packed(items: list[bytes]) -> tuple[bytes, np.ndarray]:
    return b"".join(items), np.array([0, *accumulate(map(len, items))], dtype=np.uint64)


def test_scalar_is_the_oracle(rng: random.Random) -> None:
    items = [rng.randbytes(size) for size in KECCAK_SIZES]
    wanted = b"".join(map(oracle_keccak256, items))
    assert hashing.keccak256_many(items, backend="scalar").tobytes() == wanted
    assert b"".join(map(hashing.keccak256, items)) == wanted


@pytest.mark.parametrize("count", BATCH_COUNTS)
def test_keccak256_equal_sizes(backend: str, rng: random.Random, count: int) -> None:
    for size in (*KECCAK_SIZES[1:8], *rng.sample(KECCAK_SIZES[8:], 4), 64, 256):
        data = rng.randbytes(size * count)
        wanted = [hashing.keccak256(data[i * size : (i + 1) * size]) for i in range(count)]
        found = hashing.keccak256_many(data, size=size, backend=backend)
        assert found.shape == (count, 32)
        assert found.tobytes() == b"".join(wanted)


@pytest.mark.parametrize("count", BATCH_COUNTS)
def test_keccak256_every_edge(vector: str, rng: random.Random, count: int) -> None:
    for size in KECCAK_SIZES:
        items = [rng.randbytes(size) for _ in range(count)]
        assert (hashing.keccak256_many(items, backend=vector) == hashing.keccak256_many(items, backend="scalar")).all()


@pytest.mark.parametrize("count", [*BATCH_COUNTS, *LARGE_COUNTS])
def test_keccak256_ragged(vector: str, rng: random.Random, count: int) -> None:
    if vector == "emu" and count > 100:
        count //= 16
    items = ragged(rng, count)
    wanted = hashing.keccak256_many(items, backend="scalar")
    assert (hashing.keccak256_many(items, backend=vector) == wanted).all()
    data, offsets = packed(items)
    assert (hashing.keccak256_many(data, offsets, backend=vector) == wanted).all()


def test_keccak256_unaligned(vector: str, rng: random.Random) -> None:
    data = np.frombuffer(rng.randbytes(64 * 40 + 64), dtype=np.uint8)
    for shift in (0, 1, 3, 7, 8, 31, 33, 63):
        part = data[shift : shift + 64 * 40]
        out = np.empty(32 * 40 + 64, dtype=np.uint8)[shift : shift + 32 * 40]
        wanted = hashing.keccak256_many(part.tobytes(), size=64, backend="scalar")
        assert hashing.keccak256_many(part, size=64, out=out, backend=vector) is out
        assert out.tobytes() == wanted.tobytes()


def test_tree_against_the_oracle(backend: str, rng: random.Random) -> None:
    for count in LEAF_COUNTS:
        leaves = [rng.randbytes(32) for _ in range(count)]
        tree = merkle.tree(b"".join(leaves), backend=backend)
        assert tree.root == merkle_oracle.root(leaves, hashing.keccak256)
        for index in {0, count - 1, rng.randrange(count)}:
            siblings, path = merkle_oracle.proof(leaves, index, hashing.keccak256)
            found = tree.proof(index)
            assert found.siblings.tobytes() == b"".join(siblings)
            assert [bool(side) for side in found.path] == path


def test_many_trees_at_once(backend: str, rng: random.Random) -> None:
    counts = [rng.choice([0, 1, 2, 3, 5, 8, 9, 30]) for _ in range(60)]
    trees = [[rng.randbytes(32) for _ in range(count)] for count in counts]
    leaves = b"".join(leaf for tree in trees for leaf in tree)
    offsets = np.array([0, *accumulate(counts)], dtype=np.uint64)
    found = merkle.tree_roots(leaves, offsets, backend=backend)
    for row, tree in zip(found, trees, strict=True):
        assert row.tobytes() == (merkle_oracle.root(tree, hashing.keccak256) if tree else bytes(32))


@pytest.mark.parametrize("size", FILE_SIZES)
def test_file_tree(vector: str, rng: random.Random, size: int) -> None:
    if vector == "emu" and size > 5000:
        pytest.skip("emu: the small files hold the same shapes")
    data = rng.randbytes(size)
    found, wanted = merkle.file_tree(data, backend=vector), merkle.file_tree(data, backend="scalar")
    assert found.root == wanted.root
    assert (found.segment_roots == wanted.segment_roots).all()
    assert found.node_roots == wanted.node_roots
    if size <= 70000:
        leaves = merkle_oracle.file_leaves(data, hashing.keccak256)
        assert found.root == merkle_oracle.root(leaves, hashing.keccak256)
        assert [height for height, _ in found.layout.nodes] == merkle_oracle.node_heights(size)


def test_segments_of_a_device_body(backend: str, rng: random.Random) -> None:
    data = rng.randbytes(2 * merkle.SEGMENT_SIZE_BYTES)
    roots = merkle.segment_roots(data, backend=backend)
    for i in range(2):
        part = data[i * merkle.SEGMENT_SIZE_BYTES : (i + 1) * merkle.SEGMENT_SIZE_BYTES]
        assert roots[i].tobytes() == merkle.segment_root(part, backend="scalar")


def test_proofs_of_mixed_depth(backend: str, rng: random.Random) -> None:
    leaves, siblings, path, roots, counts = [], [], [], [], []
    for _ in range(70):
        tree = merkle.tree(rng.randbytes(32 * rng.choice(LEAF_COUNTS)))
        index = rng.randrange(tree.leaf_count)
        proof = tree.proof(index)
        leaves.append(tree.nodes[index].tobytes())
        siblings.append(proof.siblings.tobytes())
        path.append(proof.path.tobytes())
        roots.append(tree.root)
        counts.append(len(proof.path))
    offsets = np.array([0, *accumulate(counts)], dtype=np.uint64)
    inputs = (b"".join(leaves), b"".join(siblings), b"".join(path), offsets)
    assert merkle.fold(*inputs, backend=backend).tobytes() == b"".join(roots)
    assert merkle.verify_many(*inputs, b"".join(roots), backend=backend).all()

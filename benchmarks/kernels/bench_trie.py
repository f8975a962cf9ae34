"""The trie: random updates in large tries, building, ordered roots; against geth's trie and the Python package ``trie``."""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from measure import TINY, interleave, keep, timed
from peers.golang import GoPeer
from zerog import _native
from zerog.primitives import trie

LEAVES = 2_000 if TINY else 1_000_000
UPDATES = 200 if TINY else 20_000
ROUNDS = 3 if TINY else 9


@pytest.fixture(autouse=True)
def one_core() -> Iterator[None]:
    before, threads = os.sched_getaffinity(0), _native.thread_count()
    os.sched_setaffinity(0, {max(before)})
    _native.set_thread_count(1)
    yield
    os.sched_setaffinity(0, before)
    _native.set_thread_count(threads)


def keys(indices: Any) -> Any:
    return np.ascontiguousarray(indices.astype("<u8")).view(np.uint8).reshape(-1, 8)


def values(indices: Any, salt: int) -> Any:
    base = indices.astype(np.uint64)[:, None] + np.uint64(salt * 31) + np.arange(70, dtype=np.uint64)
    return (np.uint64(1) + base % np.uint64(255)).astype(np.uint8)


def chosen(seed: int) -> Any:
    """The same pseudo-random indices as geth_trie/main.go; of equal ones the last counts, as there."""
    counter = np.arange(seed, seed + UPDATES, dtype=np.uint64)
    return (counter * np.uint64(6364136223846793005) >> np.uint64(20)) % np.uint64(LEAVES)


def built() -> Any:
    everything = np.arange(LEAVES, dtype=np.uint64)
    tree = trie.Trie()
    tree.update_arrays(keys(everything), values(everything, 0))
    return tree


@pytest.mark.benchmark(group="random updates in a large trie, keys hashed too")
def test_update(benchmark: Any) -> None:
    tree = built()
    benchmark.extra_info["leaves"] = LEAVES
    benchmark.extra_info["memory_bytes_per_leaf"] = round(tree.memory_bytes / LEAVES, 1)
    batches = [(keys(chosen(seed)), values(chosen(seed), seed)) for seed in range(1, 1 + ROUNDS)]
    turn = iter(range(10**9))
    benchmark.pedantic(lambda: tree.update_arrays(*batches[next(turn) % ROUNDS]), rounds=2 * ROUNDS, iterations=1)


@pytest.mark.benchmark(group="building a trie")
def test_build(benchmark: Any) -> None:
    benchmark.extra_info["leaves"] = LEAVES
    benchmark.pedantic(built, rounds=1 if TINY else 3, iterations=1)


@pytest.mark.benchmark(group="root of a list")
@pytest.mark.parametrize("count", (100,) if TINY else (100, 5_000), ids=lambda count: f"{count:05d}")
def test_ordered_root(benchmark: Any, count: int) -> None:
    items = [np.random.default_rng(i).bytes(110) for i in range(count)]
    benchmark(trie.ordered_root, items)


class Geth:
    """geth's trie in a process of its own, one core, in the same rounds."""

    def __init__(self) -> None:
        self.peer = GoPeer("geth_trie", str(LEAVES))
        self.root, self.build_s = self.answer()

    def answer(self) -> tuple[bytes, float]:
        root, seconds = self.peer.answer().split()
        return bytes.fromhex(root), float(seconds)

    def update(self, seed: int) -> tuple[bytes, float]:
        self.peer.tell(f"{seed} {UPDATES}")
        return self.answer()

    def close(self) -> None:
        self.peer.close()


def test_against_geth() -> None:
    """The same updates in turns, roots compared after each; kept as results/trie_geth.json."""
    geth = Geth()
    try:
        tree = trie.Trie()
        everything = np.arange(LEAVES, dtype=np.uint64)
        arrays = keys(everything), values(everything, 0)
        build_s = timed(lambda: tree.update_arrays(*arrays))
        assert tree.root == geth.root
        ours, theirs = [], []
        for seed in range(1, 1 + ROUNDS):
            indices = chosen(seed)
            arrays = keys(indices), values(indices, seed)
            ours.append(timed(lambda arrays=arrays: tree.update_arrays(*arrays)))
            root, seconds = geth.update(seed)
            assert tree.root == root
            theirs.append(seconds)
    finally:
        geth.close()
    keep(
        "trie_geth",
        {
            "leaves": LEAVES,
            "updates": UPDATES,
            "ours_ms_best": round(1e3 * min(ours), 2),
            "ours_ms_median": round(1e3 * statistics.median(ours), 2),
            "geth_ms_best": round(1e3 * min(theirs), 2),
            "geth_ms_median": round(1e3 * statistics.median(theirs), 2),
            "ratio_median": round(statistics.median(b / a for a, b in zip(ours, theirs, strict=True)), 2),
            "build_s": round(build_s, 2),
            "geth_build_s": round(geth.build_s, 2),
            "memory_bytes_per_leaf": round(tree.memory_bytes / LEAVES, 1),
        },
    )


def test_against_python() -> None:
    """The package ``trie`` (py-trie, with pycryptodome below it), a small trie; kept as results/trie_python.json."""
    peer_module = pytest.importorskip("trie")
    count = 50 if TINY else 1_000
    rng = np.random.default_rng(7)
    items = [(rng.bytes(20), rng.bytes(70)) for _ in range(count)]

    def ours() -> bytes:
        tree = trie.Trie(secure=False)
        return tree.update([(_native.keccak256(key), value) for key, value in items])

    def peer() -> bytes:
        tree = peer_module.HexaryTrie(db={}, prune=True)
        with tree.squash_changes() as batch:
            for key, value in items:
                batch[_native.keccak256(key)] = value
        return bytes(tree.root_hash)

    assert ours() == peer()
    keep("trie_python", {f"{count} keys": interleave(ours, peer, 3 if TINY else 9).summary(count)})

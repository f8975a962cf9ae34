"""Merkle kernels: the storage tree by backend and size, levels, proofs; against a plain driver over XKCP and Python loops."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import Any

import numpy as np
import pytest

from measure import PAIRS, TINY, Comparison, keep
from measure import interleave as interleave_by
from peers import hashes
from zerog import _native
from zerog.primitives import merkle

BACKENDS = ("scalar", "avx2", "avx512")
FILES = (1 << 16,) if TINY else (1 << 18, 1 << 22, 1 << 26)
PROOFS = 64 if TINY else 4_096


def interleave(ours: Callable[[], object], peer: Callable[[], object], pairs: int = PAIRS) -> Comparison:
    """Everything here runs on one thread: its own time counts, not what others of the machine take."""
    return interleave_by(ours, peer, pairs, clock=time.thread_time)


@pytest.fixture(autouse=True)
def one_core() -> Iterator[None]:
    before, threads = os.sched_getaffinity(0), _native.thread_count()
    os.sched_setaffinity(0, {max(before)})
    _native.set_thread_count(1)
    yield
    os.sched_setaffinity(0, before)
    _native.set_thread_count(threads)


def usable(backend: str) -> str:
    report = next(entry for entry in _native.backends() if entry["kernel"] == "merkle_tree")
    if backend not in report["available"]:
        pytest.skip(f"{backend}: {report['unavailable']}")
    return backend


def random_bytes(size: int) -> Any:
    offset = random.randrange(64)
    return np.random.default_rng().integers(0, 256, size + 64, dtype=np.uint8)[offset : offset + size]


def proofs(count: int) -> tuple[Any, ...]:
    """Proofs of random leaves of one tree of 4,096: a storage request's worth."""
    tree = merkle.tree(random_bytes(32 * 4096))
    chosen = [random.randrange(4096) for _ in range(count)]
    made = [tree.proof(index) for index in chosen]
    offsets = np.array([0, *accumulate(len(proof.path) for proof in made)], dtype=np.uint64)
    leaves = tree.nodes[np.array(chosen)].copy()
    return (
        leaves,
        np.concatenate([proof.siblings for proof in made]),
        np.concatenate([proof.path for proof in made]),
        offsets,
        tree.root,
    )


@pytest.mark.benchmark(group="storage tree of a file")
@pytest.mark.parametrize("size", FILES, ids=lambda size: f"{size:08d}")
@pytest.mark.parametrize("backend", BACKENDS)
def test_file_tree(benchmark: Any, backend: str, size: int) -> None:
    data = random_bytes(size)
    benchmark.extra_info["bytes"] = size
    benchmark(merkle.file_tree, data, backend=usable(backend))


@pytest.mark.benchmark(group="tree over given leaves")
@pytest.mark.parametrize("count", (100,) if TINY else (1_024, 65_536), ids=lambda count: f"{count:06d}")
@pytest.mark.parametrize("backend", BACKENDS)
def test_tree(benchmark: Any, backend: str, count: int) -> None:
    benchmark(merkle.tree, random_bytes(32 * count), backend=usable(backend))


@pytest.mark.benchmark(group="proofs verified")
@pytest.mark.parametrize("backend", BACKENDS)
def test_verify(benchmark: Any, backend: str) -> None:
    batch = proofs(PROOFS)
    verdicts = benchmark(merkle.verify_many, *batch, backend=usable(backend))
    assert verdicts.all()


def loop_root(data: bytes, one: Any) -> bytes:
    """The tree as a Python program over a hash function."""
    level = [one(data[at : at + 256]) for at in range(0, len(data), 256)]
    while len(level) > 1:
        level = [one(level[i] + level[i + 1]) for i in range(0, len(level), 2)]
    return level[0]


def test_against_peers() -> None:
    """Interleaved pairs; kept as results/merkle.json."""
    facts: dict[str, Any] = {}
    size = 1 << (18 if TINY else 26)
    data = random_bytes(size)
    compared = {}
    try:
        scratch = np.empty(size // 8 + 512, dtype=np.uint8)
        for peer in hashes.xkcp():
            assert peer.tree(data, scratch) == merkle.file_tree(data).root
            compared[peer.name] = interleave(
                lambda: merkle.file_tree(data), lambda peer=peer: peer.tree(data, scratch), 3 if TINY else 9
            ).summary(size)
    except hashes.PeerMissing as missing:
        facts["xkcp"] = str(missing)
    small = data[: 1 << (16 if TINY else 20)]
    plain = small.tobytes()
    for name, one in (("safe-pysha3", hashes.pysha3()), ("pycryptodome", hashes.pycryptodome())):
        assert loop_root(plain, one) == merkle.file_tree(small).root
        compared[f"{name}, 1 MiB"] = interleave(lambda: merkle.file_tree(small), lambda one=one: loop_root(plain, one)).summary(
            len(plain)
        )
    facts[f"file tree, {size >> 20} MiB, bytes"] = compared

    batch = proofs(PROOFS)
    leaves, siblings, path, offsets, root = batch
    sha3 = hashes.pysha3()

    def loop() -> bool:
        good = True
        for i in range(PROOFS):
            running = leaves[i].tobytes()
            for k in range(int(offsets[i]), int(offsets[i + 1])):
                sibling = siblings[k].tobytes()
                running = sha3(running + sibling if path[k] else sibling + running)
            good = good and running == root
        return good

    assert loop()
    assert merkle.verify_many(*batch).all()
    facts["proofs of depth 12"] = {"safe-pysha3": interleave(lambda: merkle.verify_many(*batch), loop).summary(PROOFS)}
    if not TINY:
        assert all(entry["ratio_median"] > 1 for name, entry in compared.items() if not name.startswith("xkcp"))
    keep("merkle", facts)

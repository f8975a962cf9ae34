"""keccak256: every backend by size, and the batch against XKCP's eight states, safe-pysha3 and pycryptodome.

One core (ZEROG_THREADS and affinity are set here); working sets are named by their size; content and page offset are random.
"""

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
from zerog.primitives import hashing

BACKENDS = ("scalar", "avx2", "avx512")
COUNTS = (8, 64) if TINY else (1, 8, 64, 1_024, 16_384, 262_144)
NODES = 200 if TINY else 20_000


def interleave(ours: Callable[[], object], peer: Callable[[], object], pairs: int = PAIRS) -> Comparison:
    """Everything here runs on one thread: its own time counts, not what others of the machine take."""
    return interleave_by(ours, peer, pairs, clock=time.thread_time)


@pytest.fixture(autouse=True)
def one_core() -> Iterator[None]:
    """One thread on one core; given back afterwards."""
    before, threads = os.sched_getaffinity(0), _native.thread_count()
    os.sched_setaffinity(0, {max(before)})
    _native.set_thread_count(1)
    yield
    os.sched_setaffinity(0, before)
    _native.set_thread_count(threads)


def usable(backend: str) -> str:
    report = next(entry for entry in _native.backends() if entry["kernel"] == "keccak256")
    if backend not in report["available"]:
        pytest.skip(f"{backend}: {report['unavailable']}")
    return backend


def random_bytes(size: int) -> Any:
    """Random content at a random place of a page."""
    offset = random.randrange(64)
    return np.frombuffer(random.randbytes(size + 64), dtype=np.uint8)[offset : offset + size].copy()


def trie_nodes(count: int) -> list[bytes]:
    """What a block's trie hands over: full branches of 532 bytes, short branches, leaves; scattered."""
    return [
        random.randbytes(random.choice((532, 532, 532, random.randrange(33, 500), random.randrange(60, 115))))
        for _ in range(count)
    ]


@pytest.mark.benchmark(group="keccak256 of 64 bytes, batch")
@pytest.mark.parametrize("count", COUNTS, ids=lambda count: f"{count:06d}")
@pytest.mark.parametrize("backend", BACKENDS)
def test_batch(benchmark: Any, backend: str, count: int) -> None:
    data, out = random_bytes(64 * count), np.empty((count, 32), dtype=np.uint8)
    benchmark.extra_info["items"] = count
    benchmark(hashing.keccak256_many, data, size=64, out=out, backend=usable(backend))


@pytest.mark.benchmark(group="keccak256 of trie nodes, ragged")
@pytest.mark.parametrize("backend", BACKENDS)
def test_trie_nodes(benchmark: Any, backend: str) -> None:
    nodes = trie_nodes(NODES)
    offsets = np.array([0, *accumulate(map(len, nodes))], dtype=np.uint64)
    data, out = b"".join(nodes), np.empty((NODES, 32), dtype=np.uint8)
    benchmark.extra_info["items"] = NODES
    benchmark(hashing.keccak256_many, data, offsets, out=out, backend=usable(backend))


@pytest.mark.benchmark(group="keccak256 of one input")
@pytest.mark.parametrize("size", (64, 4096) if TINY else (64, 4_096, 1_048_576), ids=lambda size: f"{size:07d}")
def test_one(benchmark: Any, size: int) -> None:
    benchmark(hashing.keccak256, random_bytes(size))


def summary(comparisons: dict[str, Comparison], items: int) -> dict[str, dict[str, float]]:
    return {name: comparison.summary(items) for name, comparison in comparisons.items()}


def test_against_peers() -> None:
    """Interleaved pairs; kept as results/keccak256.json."""
    facts: dict[str, Any] = {}
    count = 512 if TINY else 4_096
    data = random_bytes(64 * count)
    out, peer_out = np.empty((count, 32), dtype=np.uint8), np.empty((count, 32), dtype=np.uint8)

    def ours() -> object:
        return hashing.keccak256_many(data, size=64, out=out)

    compared: dict[str, Comparison] = {}
    try:
        builds: tuple[hashes.Xkcp, ...] = hashes.xkcp()
    except hashes.PeerMissing as missing:
        facts["xkcp"] = str(missing)
        builds = ()
    active = next(entry for entry in _native.backends() if entry["kernel"] == "keccak256")["chosen"]
    if builds and active == "avx512":
        groups, times = 64, 2 if TINY else 20
        storage = np.zeros(200 * groups + 8, dtype=np.uint64)
        states = storage[-storage.ctypes.data % 64 // 8 :][: 200 * groups]
        states[:] = np.frombuffer(random.randbytes(1600 * groups), dtype=np.uint64)
        theirs = states.copy()
        _native.keccak256_permute(states, 3)
        permuted: dict[str, Comparison] = {}
        for peer in builds:
            check = theirs.copy()
            peer.permute(check, 3)
            assert (check == states).all()
            permuted[peer.name] = interleave(
                lambda: _native.keccak256_permute(states, times),
                lambda peer=peer: peer.permute(theirs, times),
                3 if TINY else 41,
            )
            ours()
            peer.hash_64(data, peer_out)
            assert (out == peer_out).all()
            compared[peer.name] = interleave(ours, lambda peer=peer: peer.hash_64(data, peer_out), 3 if TINY else 41)
        facts["permutation"] = summary(permuted, 8 * groups * times)

    pieces = [data[64 * i : 64 * (i + 1)].tobytes() for i in range(count)]
    loops: dict[str, Callable[[bytes], bytes]] = {"safe-pysha3": hashes.pysha3(), "pycryptodome": hashes.pycryptodome()}
    for name, one in loops.items():
        assert b"".join(map(one, pieces)) == hashing.keccak256_many(pieces).tobytes()
        compared[name] = interleave(ours, lambda one=one: [one(piece) for piece in pieces])
    facts["batch of 64 bytes"] = summary(compared, count)

    nodes = trie_nodes(NODES)
    sha3 = loops["safe-pysha3"]
    assert b"".join(map(sha3, nodes)) == hashing.keccak256_many(nodes).tobytes()
    facts["trie nodes"] = summary(
        {"safe-pysha3": interleave(lambda: hashing.keccak256_many(nodes), lambda: [sha3(node) for node in nodes])}, NODES
    )
    long = random_bytes(4_096 if TINY else 1 << 20)
    once = bytes(long)
    facts["one long input, bytes"] = summary(
        {"safe-pysha3": interleave(lambda: hashing.keccak256(once), lambda: sha3(once))}, len(once)
    )
    for group in facts.values():
        if isinstance(group, dict) and not TINY:
            assert all(entry["ratio_median"] > 1 for name, entry in group.items() if not name.startswith("xkcp"))
    keep("keccak256", facts)

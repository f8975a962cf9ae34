"""Proof of random access: scratchpads, qualities, sealing and BLAKE2b by backend, one core; whole tries of many nonces."""

from __future__ import annotations

import functools
import hashlib
import os
import random
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from measure import TINY, interleave, keep
from zerog import _native
from zerog.primitives import pora
from zerog.primitives.hashing import blake2b_512_many

BACKENDS = ("scalar", "avx2", "avx512")
NONCES = 8 if TINY else 64
MINER, CONTEXT, SUBTASK = bytes(32), b"\1" * 32, b"\2" * 32


@pytest.fixture(autouse=True)
def one_core() -> Iterator[None]:
    before, threads = os.sched_getaffinity(0), _native.thread_count()
    os.sched_setaffinity(0, {max(before)})
    _native.set_thread_count(1)
    yield
    os.sched_setaffinity(0, before)
    _native.set_thread_count(threads)


def usable(backend: str) -> str:
    report = next(entry for entry in _native.backends() if entry["kernel"] == "pora_mix")
    if backend not in report["available"]:
        pytest.skip(f"{backend}: {report['unavailable']}")
    return backend


def random_bytes(size: int) -> Any:
    offset = random.randrange(64)
    return np.random.default_rng().integers(0, 256, size + 64, dtype=np.uint8)[offset : offset + size]


@pytest.mark.benchmark(group="scratchpads")
@pytest.mark.parametrize("backend", BACKENDS)
def test_scratchpads(benchmark: Any, backend: str) -> None:
    benchmark.extra_info["nonces"] = NONCES
    benchmark(pora.scratchpads, random_bytes(64 * NONCES), backend=usable(backend))


@pytest.mark.benchmark(group="qualities of a load")
@pytest.mark.parametrize("backend", BACKENDS)
def test_qualities(benchmark: Any, backend: str) -> None:
    loads, pads, seeds = [random_bytes(262144)], [random_bytes(16384)], [random_bytes(64)]
    benchmark(pora.qualities, loads, pads, seeds, backend=usable(backend))


@pytest.mark.benchmark(group="sealing a segment")
@pytest.mark.parametrize("backend", BACKENDS)
def test_seal(benchmark: Any, backend: str) -> None:
    data = random_bytes(262144)
    out = np.empty(262144, dtype=np.uint8)
    benchmark(pora.seal, data, MINER, CONTEXT, 0, out=out, backend=usable(backend))


@pytest.mark.benchmark(group="unsealing a segment")
@pytest.mark.parametrize("backend", BACKENDS)
def test_unseal(benchmark: Any, backend: str) -> None:
    data = random_bytes(262144)
    out = np.empty(262144, dtype=np.uint8)
    benchmark(pora.unseal, data, MINER, CONTEXT, 0, out=out, backend=usable(backend))


def hunt(backend: str, nonces: Any, loads: dict[int, Any], threshold: int) -> list[pora.Winner]:
    """All of a miner's arithmetic for these nonces; the loads are in memory, 16 of them."""
    return pora.hunt(MINER, nonces, SUBTASK, pora.Range(0, 16 * 1024), loads, threshold, backend=backend).winners


def test_against_scalar_and_the_library() -> None:
    """Interleaved pairs; kept as results/pora.json."""
    facts: dict[str, Any] = {}
    flow = random_bytes(16 * 262144)
    loads = {1024 * i: flow[262144 * i : 262144 * (i + 1)] for i in range(16)}
    nonces = random_bytes(32 * NONCES)
    threshold = (1 << 250) - 1
    report = next(entry for entry in _native.backends() if entry["kernel"] == "pora_mix")
    for name in BACKENDS[1:]:
        if name not in report["available"]:
            continue
        assert hunt(name, nonces, loads, threshold) == hunt("scalar", nonces, loads, threshold)
        facts[f"whole tries, {name} beside scalar, nonces"] = interleave(
            functools.partial(hunt, name, nonces, loads, threshold),
            lambda: hunt("scalar", nonces, loads, threshold),
            clock=time.thread_time,
        ).summary(NONCES)
    chosen = report["chosen"]
    data = flow[: 1 << 18]
    plain = [data[at : at + 4224].tobytes() for at in range(0, 262144 - 4224, 4224)]
    joined = b"".join(plain)
    wanted = b"".join(hashlib.blake2b(item).digest() for item in plain)
    assert blake2b_512_many(joined, size=4224).tobytes() == wanted
    facts["BLAKE2b-512 of 4224 bytes each, beside hashlib, bytes"] = interleave(
        lambda: blake2b_512_many(joined, size=4224),
        lambda: [hashlib.blake2b(item).digest() for item in plain],
        clock=time.thread_time,
    ).summary(len(joined))
    facts[f"sealing, {chosen} beside scalar, bytes"] = interleave(
        lambda: pora.seal(data, MINER, CONTEXT, 0),
        lambda: pora.seal(data, MINER, CONTEXT, 0, backend="scalar"),
        clock=time.thread_time,
    ).summary(len(data))
    keep("pora", facts)

"""The BN254 fields and the Fr transforms by backend; against gnark-crypto in turns; a whole blob by phases."""

from __future__ import annotations

import os
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from measure import PAIRS, TINY, keep, timed
from peers.golang import GoPeer
from zerog import _native
from zerog.primitives import blob, fields, merkle
from zerog.primitives.blob import MAINNET, Geometry

BACKENDS = ("scalar", "avx512")
LOGS = (6,) if TINY else (10, 16, 20)
COMPARED_LOGS = (8,) if TINY else (10, 16, 20)
PRODUCTS = 1 << (8 if TINY else 16)
GEOMETRY = Geometry(64, 32) if TINY else MAINNET


@pytest.fixture
def one_core() -> Iterator[None]:
    before, threads = os.sched_getaffinity(0), _native.thread_count()
    os.sched_setaffinity(0, {max(before)})
    _native.set_thread_count(1)
    yield
    os.sched_setaffinity(0, before)
    _native.set_thread_count(threads)


def usable(kernel: str, backend: str) -> str:
    report = next(entry for entry in _native.backends() if entry["kernel"] == kernel)
    if backend not in report["available"]:
        pytest.skip(f"{backend}: {report['unavailable']}")
    return backend


def elements(count: int) -> Any:
    """Element i is i² + 3 i + 7, as the peer has it."""
    i = np.arange(count, dtype=np.uint64)
    out = np.zeros((count, 4), dtype=np.uint64)
    out[:, 0] = i * i + np.uint64(3) * i + np.uint64(7)
    return out


@pytest.mark.benchmark(group="products of Fr")
@pytest.mark.parametrize("backend", BACKENDS)
def test_products(benchmark: Any, one_core: None, backend: str) -> None:
    a = fields.to_mont(elements(PRODUCTS))
    benchmark.extra_info["items"] = PRODUCTS
    benchmark(fields.mul, a, a, out=np.empty_like(a), backend=usable("bn254_field", backend))


@pytest.mark.benchmark(group="inversions in Fr")
@pytest.mark.parametrize("backend", BACKENDS)
def test_inversions(benchmark: Any, one_core: None, backend: str) -> None:
    a = elements(PRODUCTS)
    benchmark.extra_info["items"] = PRODUCTS
    benchmark(fields.inverse, a, out=np.empty_like(a), backend=usable("bn254_field", backend))


@pytest.mark.benchmark(group="transforms over Fr")
@pytest.mark.parametrize("log_size", LOGS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_transform(benchmark: Any, one_core: None, backend: str, log_size: int) -> None:
    values = elements(1 << log_size)
    benchmark.extra_info["items"] = 1 << log_size
    benchmark(fields.transform, values, log_size, out=values, backend=usable("ntt", backend))


def compared(ours: Callable[[], float], peer: Callable[[], float], unit: str, scale: float) -> dict[str, float]:
    """Turns of both, each the fastest of a few calls; the median ratio of the pairs."""
    a, b = [], []
    for index in range(PAIRS):
        for mine in (True, False) if index % 2 == 0 else (False, True):
            (a if mine else b).append(ours() if mine else peer())
    return {
        "ratio_median": round(statistics.median(theirs / mine for mine, theirs in zip(a, b, strict=True)), 3),
        f"ours_{unit}_best": round(min(a) * scale, 4),
        f"gnark_{unit}_best": round(min(b) * scale, 4),
    }


def test_against_gnark(one_core: None) -> None:
    """Pinned to one core, ours through Python, checked equal first. Kept as results/ntt.json."""
    peer = GoPeer("gnark")
    facts: dict[str, Any] = {}
    try:
        for log_size in COMPARED_LOGS:
            n, times = 1 << log_size, 2 if TINY or log_size == 20 else 20
            values = elements(n)
            y = fields.transform(values, log_size)
            index = np.zeros((n, 4), dtype=np.uint64)
            index[:, 0] = np.arange(n, dtype=np.uint64)
            weighed = fields.mul(y, index)
            total = sum(fields.to_ints(weighed)) % fields.FR_MODULUS
            assert f"{total:064x}" == peer.ask(f"open {log_size}")

            def ours(values: Any = values, log_size: int = log_size, times: int = times, shift: int = 1) -> float:
                return min(timed(lambda: fields.transform(values, log_size, shift=shift, out=values)) for _ in range(times))

            def coset(ours: Any = ours) -> float:
                return float(ours(shift=5))

            for name, call, word in (
                ("transform, against bit-reversed output", ours, "fft"),
                ("transform, natural order", ours, "natural"),
                ("transform on a coset, natural order", coset, "coset"),
            ):
                line = f"{word} {times}"
                facts[f"{name}, 2^{log_size}"] = compared(call, lambda line=line: float(peer.ask(line)), "ms", 1e3)
        a = fields.to_mont(elements(PRODUCTS))
        out, repeat = np.empty_like(a), 3 if TINY else 20

        def products() -> float:
            return min(timed(lambda: fields.mul_mont(a, a, out=out)) for _ in range(repeat)) / PRODUCTS

        for name, word in (("products of vectors", "mul"), ("products, gnark one by one", "scalar")):
            line = f"{word} {PRODUCTS} {repeat}"
            facts[f"{name}, {PRODUCTS} elements"] = compared(
                products, lambda line=line: float(peer.ask(line)) * 1e-9, "ns_a_product", 1e9
            )
    finally:
        peer.close()
    keep("ntt", facts)


def test_whole_blob() -> None:
    """Seconds of encoding and recovering one full blob, and what its parts take alone. Kept as results/blob_encode.json."""
    rng = np.random.default_rng(3)
    data = rng.bytes(GEOMETRY.data_size_bytes_max)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun = time.perf_counter()
    made = blob.encode(data, GEOMETRY)
    first_s = time.perf_counter() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    log_size = (GEOMETRY.rows * GEOMETRY.columns).bit_length() - 1
    cells = made.matrix[: GEOMETRY.rows].copy().view(np.uint64).reshape(-1, 4)
    third = [*range(GEOMETRY.rows, 2 * GEOMETRY.rows)]
    rows = np.ascontiguousarray(made.matrix[third])
    matrix = made.matrix.reshape(-1)
    calls: dict[str, Callable[[], object]] = {
        "encode": lambda: blob.encode(data, GEOMETRY),
        "recover from the middle third": lambda: blob.recover(third, rows, GEOMETRY),
        "of encoding: one of its three transforms": lambda: fields.transform(cells, log_size, out=cells),
        "of encoding: hashing the matrix": lambda: merkle.file_tree(matrix),
        "unpadding": made.data,
    }
    facts: dict[str, Any] = {
        "data_bytes": len(data),
        "first_encode_s": round(first_s, 4),
        "peak_of_first_encode_mib": round((peak - before) / 1024, 1),
    }
    count, before_threads, cores = 2 if TINY else 5, _native.thread_count(), os.sched_getaffinity(0)
    for threads in (1, 2):
        os.sched_setaffinity(0, set(sorted(cores)[-threads:]))
        _native.set_thread_count(threads)
        for name, call in calls.items():
            taken = [timed(call) for _ in range(count)]
            facts[f"{name}, {threads} threads"] = {
                "s_best": round(min(taken), 4),
                "s_median": round(statistics.median(taken), 4),
                "data_mb_per_s_best": round(len(data) / min(taken) / 1e6, 1),
            }
    os.sched_setaffinity(0, cores)
    _native.set_thread_count(before_threads)
    keep("blob_encode", facts)

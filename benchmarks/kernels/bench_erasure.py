"""The erasure codes by backend, shape and size; against klauspost/reedsolomon in turns, over GF(2^8) byte for byte too."""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest

from measure import PAIRS, TINY, keep, timed
from peers.golang import GoPeer
from zerog import _native
from zerog.primitives import erasure

BACKENDS = ("scalar", "avx2", "avx512")
CODES = ((10, 4),) if TINY else ((4, 2), (10, 4), (17, 3), (20, 10))
SIZES = (1_000,) if TINY else (4_096, 65_536, 1 << 20)
# Cache levels: second, third, none of them.
COMPARED = (
    ((10, 4, 1_000),)
    if TINY
    else (*((10, 4, size) for size in (4_096, 65_536, 1 << 18, 1 << 20, 1 << 22, 1 << 24)), (20, 10, 65_536))
)
# Codes of more than 256 shards: there the peer has Leopard over GF(2^16), whose parity is another.
WIDE = ((300, 100, 64),) if TINY else ((1024, 1024, 4_096), (1024, 1024, 65_536), (1024, 2048, 4_096))


@pytest.fixture(autouse=True)
def one_core() -> Iterator[None]:
    before, threads = os.sched_getaffinity(0), _native.thread_count()
    os.sched_setaffinity(0, {max(before)})
    _native.set_thread_count(1)
    yield
    os.sched_setaffinity(0, before)
    _native.set_thread_count(threads)


def usable(backend: str, kernel: str = "gf256") -> str:
    report = next(entry for entry in _native.backends() if entry["kernel"] == kernel)
    if backend not in report["available"]:
        pytest.skip(f"{backend}: {report['unavailable']}")
    return backend


def aligned(rows: int, size: int) -> Any:
    """Touched memory whose rows begin on cache lines, as the peer has it."""
    pitch = (size + 63) // 64 * 64
    memory = np.zeros(rows * pitch + 64, dtype=np.uint8)
    begin = -memory.ctypes.data % 64
    return memory[begin : begin + rows * pitch].reshape(rows, pitch)[:, :size]


def filled(rows: int, size: int) -> Any:
    """The peer's data: byte ``at`` of shard i is the low byte of i·31 + at·7 + at/251."""
    out = aligned(rows, size)
    at = np.arange(size, dtype=np.uint64)
    for i in range(rows):
        out[i] = (np.uint64(31 * i) + at * np.uint64(7) + at // np.uint64(251)).astype(np.uint8)
    return out


@pytest.mark.benchmark(group="parity, data bytes")
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size:08d}")
@pytest.mark.parametrize("code", CODES, ids=lambda code: f"{code[0]}+{code[1]}")
@pytest.mark.parametrize("backend", BACKENDS)
def test_encode(benchmark: Any, backend: str, code: tuple[int, int], size: int) -> None:
    k, m = code
    data, out = filled(k, size), aligned(m, size)
    benchmark.extra_info["bytes"] = k * size
    benchmark(erasure.encode, data, m, out=out, backend=usable(backend))


@pytest.mark.benchmark(group="parity of wide codes, data bytes")
@pytest.mark.parametrize("code", WIDE, ids=lambda code: f"{code[0]}+{code[1]}-{code[2]:08d}")
@pytest.mark.parametrize("backend", BACKENDS)
def test_encode_wide(benchmark: Any, backend: str, code: tuple[int, int, int]) -> None:
    k, m, size = code
    data, out = filled(k, size), aligned(m, size)
    benchmark.extra_info["bytes"] = k * size
    benchmark(erasure.encode, data, m, field="gf65536", out=out, backend=usable(backend, "gf65536"))


@pytest.mark.benchmark(group="parity into fresh memory, data bytes")
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size:08d}")
def test_encode_fresh(benchmark: Any, size: int) -> None:
    data = filled(10, size)
    benchmark.extra_info["bytes"] = 10 * size
    benchmark(erasure.encode, data, 4)


@pytest.mark.benchmark(group="shards recovered, data bytes")
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size:08d}")
@pytest.mark.parametrize("lost", [1, 4])
def test_recover(benchmark: Any, lost: int, size: int) -> None:
    data = filled(10, size)
    given = [*data[lost:], *erasure.encode(data, 4)[:lost]]
    out = aligned(lost, size)
    benchmark.extra_info["bytes"] = 10 * size
    benchmark(erasure.recover, given, range(lost, 10 + lost), 10, 4, wanted=range(lost), out=out)
    assert (out == data[:lost]).all()


@pytest.mark.benchmark(group="first recovery of a pattern, coefficients made")
@pytest.mark.parametrize("code", ((10, 4),) if TINY else ((10, 4), (128, 128)), ids=lambda code: f"{code[0]}+{code[1]}")
def test_new_pattern(benchmark: Any, code: tuple[int, int]) -> None:
    k, m = code
    survivors = np.zeros((k, 64), dtype=np.uint8)
    rng = np.random.default_rng(5)
    benchmark(lambda: erasure.recover(survivors, rng.permutation(k + m)[:k], k, m))


def fnv1a(data: bytes) -> str:
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return f"{value:016x}"


def compare(peer: GoPeer, code: tuple[int, int], size: int) -> dict[str, Any]:
    """Turns of encoding and of recovery; each turn is the fastest of a few calls."""
    k, m = code
    field: erasure.Field = "gf256" if k + m <= erasure.SHARDS_MAX else "gf65536"
    data, parity = filled(k, size), aligned(m, size)
    erasure.encode(data, m, field=field, out=parity)
    hashed = peer.ask(f"open {k} {m} {size}")
    if field == "gf256" and size <= 65_536:
        assert fnv1a(parity.tobytes()) == hashed
    times = max(2, min(2_000, 50_000_000 // (k * size)))
    facts = {}

    def turns(name: str, call: Callable[[], object], line: str) -> None:
        ours, theirs = [], []
        for pair in range(PAIRS):
            for turn in ((0, 1), (1, 0))[pair % 2]:
                if turn:
                    theirs.append(float(peer.ask(line)))
                else:
                    ours.append(min(timed(call) for _ in range(times)))
        facts[f"{name} {k}+{m}, {size} bytes a shard"] = {
            "ratio_median": round(statistics.median(b / a for a, b in zip(ours, theirs, strict=True)), 3),
            "ratio_of_bests": round(min(theirs) / min(ours), 3),
            "ours_gb_per_s_best": round(k * size / min(ours) / 1e9, 2),
            "klauspost_gb_per_s_best": round(k * size / min(theirs) / 1e9, 2),
        }

    turns("encode", lambda: erasure.encode(data, m, field=field, out=parity), f"encode {times}")
    for lost in (min(m, 4),) if field == "gf256" else (16, min(k, m)):
        given, numbers = [*data[lost:], *parity[:lost]], range(lost, k + lost)
        back = aligned(lost, size)
        turns(
            "recover" if field == "gf256" else f"recover {lost} of",
            partial(erasure.recover, given, numbers, k, m, wanted=range(lost), field=field, out=back),
            f"recover {lost} {times}",
        )
        assert (back == data[:lost]).all()
    return facts


def test_against_klauspost() -> None:
    """On one core, then on all; ours through Python, the peer inside Go. Kept as results/erasure.json."""
    facts: dict[str, Any] = {}
    cores = os.sched_getaffinity(os.getppid())
    for threads in (1,) if len(cores) == 1 else (1, len(cores)):
        if threads > 1:
            os.sched_setaffinity(0, cores)
            _native.set_thread_count(threads)
        peer = GoPeer("klauspost", threads=threads)
        try:
            for k, m, size in (*COMPARED, *WIDE):
                found = compare(peer, (k, m), size)
                facts |= found if threads == 1 else {f"{name}, {threads} threads": value for name, value in found.items()}
        finally:
            peer.close()
    keep("erasure", facts)

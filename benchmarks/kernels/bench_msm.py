"""Sums of multiples in G1 of BN254 by backend, and against gnark-crypto in turns, on one core."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kernels import bench_ntt
from kernels.bench_ntt import BACKENDS, compared, elements, usable
from measure import TINY, keep, timed
from peers.golang import GoPeer
from zerog.primitives import commit, fields
from zerog.primitives.blob import Geometry

LOGS = (3, 4) if TINY else (16, 20)
GENERATOR = (1).to_bytes(32, "little") + (2).to_bytes(32, "little")
HEADER_SIZE_BYTES = 8

one_core: Any = bench_ntt.one_core
Terms = dict[int, tuple[bytes, bytes]]


@pytest.fixture(scope="module")
def terms() -> Terms:
    """By log of number: the points 12345^i · G, without flags, and the scalars 1 / (i² + 3 i + 7), as the peer has them."""
    out = {}
    for log in LOGS:
        count = 1 << log
        geometry = Geometry(1 << (log // 2), 1 << (log - log // 2))
        # The file has N / 2 powers from 0 on, then N from the shift on.
        file = commit.dev_setup(geometry, 12345, shift=1).powers_file()
        high = np.frombuffer(file, dtype=np.uint8, offset=HEADER_SIZE_BYTES + 32 * count).reshape(count, 64).copy()
        high[:, 63] &= 0x3F
        out[log] = GENERATOR + high[:-1].tobytes(), fields.inverse(elements(count)).tobytes()
    return out


@pytest.mark.benchmark(group="sums in G1")
@pytest.mark.parametrize("backend", BACKENDS)
def test_sum(benchmark: Any, one_core: None, terms: Terms, backend: str) -> None:
    benchmark.extra_info["items"] = 1 << LOGS[0]
    benchmark(commit.g1_sum, *terms[LOGS[0]], backend=usable("msm", backend))


def test_against_gnark(one_core: None, terms: Terms) -> None:
    """Checked equal first; ours from bytes, decoding and curve checks included. Kept as results/msm.json."""
    facts = {}
    peer = GoPeer("gnark")
    try:
        for log in LOGS:
            own = terms[log]
            sum_ = commit.g1_sum(*own)
            assert sum_[:32][::-1].hex() + sum_[32:][::-1].hex() == peer.ask(f"points {log}")
            times = 2 if log == LOGS[0] else 1
            facts[f"sum of 2^{log} terms"] = compared(
                lambda own=own, times=times: min(timed(lambda: commit.g1_sum(*own)) for _ in range(times)),
                lambda times=times: float(peer.ask(f"msm {times}")),
                "ms",
                1e3,
            )
    finally:
        peer.close()
    keep("msm", facts)

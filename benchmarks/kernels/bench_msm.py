"""Sums of multiples in G1 of BN254 by backend, and against gnark-crypto in turns, on one core."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kernels import bench_ntt
from kernels.bench_ntt import BACKENDS, Gnark, compared, elements, usable
from measure import TINY, keep, timed
from zerog.primitives import commit, fields
from zerog.primitives.blob import Geometry

GEOMETRY = Geometry(4, 4) if TINY else Geometry(1024, 128)
COUNT = GEOMETRY.rows * GEOMETRY.columns // 2
LOG = COUNT.bit_length() - 1
HEADER_SIZE_BYTES = 8

one_core: Any = bench_ntt.one_core


@pytest.fixture(scope="module")
def terms() -> tuple[bytes, bytes]:
    """The points 12345^i · G, without flags, and the scalars 1 / (i² + 3 i + 7), as the peer has them."""
    file = commit.dev_setup(GEOMETRY, 12345).powers_file()
    points = np.frombuffer(file, dtype=np.uint8, count=64 * COUNT, offset=HEADER_SIZE_BYTES).reshape(COUNT, 64).copy()
    points[:, 63] &= 0x3F
    return points.tobytes(), fields.inverse(elements(COUNT)).tobytes()


@pytest.mark.benchmark(group="sums in G1")
@pytest.mark.parametrize("backend", BACKENDS)
def test_sum(benchmark: Any, one_core: None, terms: tuple[bytes, bytes], backend: str) -> None:
    benchmark.extra_info["items"] = COUNT
    benchmark(commit.g1_sum, *terms, backend=usable("msm", backend))


def test_against_gnark(one_core: None, terms: tuple[bytes, bytes]) -> None:
    """Checked equal first; ours from bytes, decoding and curve checks included. Kept as results/msm.json."""
    peer = Gnark()
    try:
        sum_ = commit.g1_sum(*terms)
        assert sum_[:32][::-1].hex() + sum_[32:][::-1].hex() == peer.ask(f"points {LOG}")
        facts = {
            f"sum of 2^{LOG} terms": compared(
                lambda: min(timed(lambda: commit.g1_sum(*terms)) for _ in range(2)), lambda: float(peer.ask("msm 2")), "ms", 1e3
            )
        }
    finally:
        peer.close()
    keep("msm", facts)

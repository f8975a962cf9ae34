"""Every backend of the GF(2^8) code against the oracle, which inverts matrices where the code interpolates."""

from __future__ import annotations

import json
import random
from pathlib import Path

import numpy as np
import pytest

from oracle import gf256 as oracle
from zerog import _native
from zerog.primitives import erasure

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "klauspost_reedsolomon"
BACKENDS = ("scalar", "avx2", "avx512", "emu")
# Around vectors of 32 and 64 bytes, pairs of them, and cache lines.
SIZES = (0, 1, 7, 8, 9, 31, 32, 33, 63, 64, 65, 95, 127, 128, 129, 191, 192, 193, 257, 1000)
# Odd and even columns, every width of a pass (1 … 6), passes of unequal width.
CODES = ((1, 1), (2, 1), (1, 2), (3, 2), (10, 4), (4, 3), (5, 5), (6, 6), (7, 7), (2, 8), (9, 13), (17, 3), (20, 12))


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    report = next(entry for entry in _native.backends() if entry["kernel"] == "gf256")
    if request.param not in report["available"]:
        pytest.skip(f"{request.param}: {report['unavailable'] or 'not in this build'}")
    return str(request.param)


@pytest.fixture
def rng(seed: int) -> random.Random:
    return random.Random(seed)


def rows(shards: np.ndarray) -> list[bytes]:
    return [row.tobytes() for row in shards]


def test_parity_of_klauspost(backend: str) -> None:
    for case in json.loads((VECTORS / "parity.json").read_text()):
        k, m, size = case["data_shards"], case["parity_shards"], case["size_bytes"]
        data = [bytes((31 * i + 7 * at + at // 251) % 256 for at in range(size)) for i in range(k)]
        assert [row.hex() for row in rows(erasure.encode(data, m, backend=backend))] == case["parity"], (k, m)


@pytest.mark.parametrize("code", CODES, ids=lambda code: f"{code[0]}+{code[1]}")
def test_encode(backend: str, rng: random.Random, code: tuple[int, int]) -> None:
    k, m = code
    for size in SIZES:
        data = [rng.randbytes(size) for _ in range(k)]
        wanted = oracle.encode(data, m) if size else [b""] * m
        assert rows(erasure.encode(data, m, backend=backend)) == wanted, size
        assert erasure.verify([*data, *wanted], k, backend=backend)


@pytest.mark.parametrize("code", CODES, ids=lambda code: f"{code[0]}+{code[1]}")
def test_recover(backend: str, rng: random.Random, code: tuple[int, int]) -> None:
    k, m = code
    for size in (1, 65, 200):
        data = [rng.randbytes(size) for _ in range(k)]
        shards = [*data, *oracle.encode(data, m)]
        present = rng.sample(range(k + m), k)
        lost = sorted(set(range(k + m)) - set(present))
        given = [shards[number] for number in present]
        found = rows(erasure.recover(given, present, k, m, backend=backend))
        assert found == [shards[number] for number in lost]
        assert found == oracle.recover(given, present, k, m, lost)


def test_every_coefficient(backend: str) -> None:
    """256 shards in all: one data shard of every byte and its image under many coefficients."""
    every = bytes(range(256))
    table = np.array([[oracle.multiply(a, b) for b in range(256)] for a in range(256)], dtype=np.uint8)
    for total in (2, 3, 256):
        data = [every, every[::-1]]
        if total == 2:
            assert rows(erasure.encode([every], 255, backend=backend)) == [every] * 255  # a constant polynomial
            continue
        parity = erasure.encode(data, total - 2, backend=backend)
        # The line through (0, a) and (1, b) at x: a·(x + 1) + b·x.
        for row, x in zip(parity, range(2, total), strict=True):
            assert (row == (table[x ^ 1][np.frombuffer(data[0], np.uint8)] ^ table[x][np.frombuffer(data[1], np.uint8)])).all()


def test_wide(backend: str, rng: random.Random) -> None:
    k, m, size = 128, 128, 70
    data = np.frombuffer(rng.randbytes(k * size), dtype=np.uint8).reshape(k, size)
    parity = erasure.encode(data, m, backend=backend)
    assert (parity == erasure.encode(data, m, backend="scalar")).all()
    assert rows(parity[:2]) == oracle.combine(_lagrange_rows(k, [128, 129]), rows(data))
    back = erasure.recover(parity, range(k, k + m), k, m, wanted=range(k), backend=backend)
    assert (back == data).all()


def _lagrange_rows(k: int, points: list[int]) -> oracle.Matrix:
    out = []
    for x in points:
        row = []
        for i in range(k):
            value = 1
            for j in range(k):
                if j != i:
                    value = oracle.multiply(value, oracle.multiply(x ^ j, oracle.inverse(i ^ j)))
            row.append(value)
        out.append(row)
    return out


def test_unaligned_and_apart(backend: str, rng: random.Random) -> None:
    k, m = 5, 3
    memory = np.frombuffer(rng.randbytes(40_000), dtype=np.uint8)
    for shift in (0, 1, 3, 31, 32, 63):
        for size in (64, 129, 1000):
            data = memory[shift : shift + k * 3000].reshape(k, 3000)[:, 7 : 7 + size]
            out = np.zeros((m, size + 5), dtype=np.uint8)
            assert erasure.encode(data, m, out=out[:, 5:], backend=backend) is not None
            assert (out[:, 5:] == erasure.encode(data.copy(), m, backend="scalar")).all()
            assert not out[:, :5].any()


def test_beyond_the_cache(backend: str, rng: random.Random) -> None:
    """Large enough to be written past the cache and to be cut into pieces; aligned, and not."""
    if backend == "emu":
        pytest.skip("emu: has neither")
    size, k, m = (6 << 20) + 37, 3, 2
    data = np.random.default_rng(rng.randrange(1 << 30)).integers(0, 256, (k, size), dtype=np.uint8)
    wanted = erasure.encode(data, m, backend="scalar")
    assert (erasure.encode(data, m, backend=backend) == wanted).all()
    memory = np.zeros(2 * (size + 128), dtype=np.uint8)
    begin = -memory.ctypes.data % 64 + 24
    pitch = (size + 63) // 64 * 64
    out = [memory[begin : begin + size], memory[begin + pitch : begin + pitch + size]]
    erasure.encode(data, m, out=out, backend=backend)
    assert (np.stack(out) == wanted).all()
    shards = np.concatenate([data, wanted])
    assert erasure.verify(shards, k, backend=backend)
    shards[rng.randrange(k + m), size - 1] ^= 1
    assert not erasure.verify(shards, k, backend=backend)

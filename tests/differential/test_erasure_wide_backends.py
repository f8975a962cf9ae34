"""Every backend and both methods of the GF(2^16) code against the oracle, which multiplies and interpolates term by term."""

from __future__ import annotations

import random

import numpy as np
import pytest

from oracle import gf65536 as oracle
from zerog import _native
from zerog.errors import InvalidInput
from zerog.primitives import erasure

BACKENDS = ("scalar", "avx2", "avx512", "emu")
# Around vectors of 64 and 128 bytes of words, and units of 128.
SIZES = (0, 2, 4, 8, 10, 62, 64, 66, 126, 128, 130, 254, 256, 258, 514)
# Every width of a pass (1 … 4), powers of two and their neighbours: the truncated transform takes each of its branches.
CODES = ((1, 1), (1, 5), (2, 1), (2, 2), (3, 2), (4, 4), (5, 3), (6, 11), (7, 7), (8, 3), (9, 4), (13, 21))


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    report = next(entry for entry in _native.backends() if entry["kernel"] == "gf65536")
    if request.param not in report["available"]:
        pytest.skip(f"{request.param}: {report['unavailable'] or 'not in this build'}")
    return str(request.param)


@pytest.fixture
def rng(seed: int) -> random.Random:
    return random.Random(seed)


def methods(backend: str) -> tuple[str, ...]:
    return ("matrix",) if backend == "emu" else ("matrix", "transform")


def rows(shards: np.ndarray) -> list[bytes]:
    return [row.tobytes() for row in shards]


@pytest.mark.parametrize("code", CODES, ids=lambda code: f"{code[0]}+{code[1]}")
def test_encode_and_recover(backend: str, rng: random.Random, code: tuple[int, int]) -> None:
    k, m = code
    data = [rng.randbytes(10) for _ in range(k)]
    shards = [*data, *oracle.encode(data, m)]
    present = rng.sample(range(k + m), k)
    given = [shards[number] for number in present]
    wanted = rng.sample(range(k + m), rng.randint(1, k + m))
    assert oracle.recover(given, present, wanted) == [shards[number] for number in wanted]
    for method in methods(backend):
        assert rows(_native.gf65536_encode(data, m, None, backend, method)) == shards[k:], method
        assert _native.gf65536_verify(shards, k, backend, method)
        assert rows(_native.gf65536_recover(given, present, k, m, wanted, None, backend, method)) == [
            shards[number] for number in wanted
        ], method
        hurt = [bytearray(shard) for shard in shards]
        hurt[rng.randrange(k + m)][rng.randrange(10)] ^= rng.randint(1, 255)
        assert not _native.gf65536_verify(hurt, k, backend, method)


@pytest.mark.parametrize("size", SIZES)
def test_lengths(backend: str, rng: random.Random, size: int) -> None:
    """A longer shard is the same code at each of its words: bytes at any length are those of one word at a time."""
    for k, m in ((5, 6), (12, 4)):
        data = np.frombuffer(rng.randbytes(k * size), np.uint8).reshape(k, size)
        words = [np.ascontiguousarray(data[:, at : at + 2]) for at in range(0, size, 2)]
        alone = [_native.gf65536_encode(word, m, None, "scalar", "matrix") for word in words]
        wanted = np.hstack(alone) if alone else np.zeros((m, 0), np.uint8)
        for method in methods(backend):
            assert (_native.gf65536_encode(data, m, None, backend, method) == wanted).all()
            lost = rng.sample(range(k + m), m)
            present = [number for number in range(k + m) if number not in lost]
            code = np.concatenate([data, wanted])
            assert (_native.gf65536_recover(code[present], present, k, m, lost, None, backend, method) == code[lost]).all()


def test_every_word_value(backend: str) -> None:
    """The line through (0, a) and (1, b) at x is a·(x + 1) + b·x, for all 65,536 values of a."""
    every = np.arange(65536, dtype=np.uint16)
    other = every[::-1].copy()
    data = [every.tobytes(), other.tobytes()]
    points = (2, 3, 255, 256, 40_000, 65_535)
    found = _native.gf65536_recover(data, [0, 1], 2, 65_534, points, None, backend)
    for row, x in zip(found, points, strict=True):
        made = row.view(np.uint16)
        for at in (0, 1, 2, 255, 256, 257, 4097, 30_000, 65_535):
            assert int(made[at]) == oracle.multiply(int(every[at]), x ^ 1) ^ oracle.multiply(int(other[at]), x)
        # The rest follows from linearity over bits: all words are sums of the sixteen single bits.
        bits = [made[1 << bit] ^ made[0] for bit in range(16)]
        sums = np.zeros(65536, np.uint16)
        for bit, image in enumerate(bits):
            sums[every >> bit & 1 == 1] ^= image
        assert (made == sums ^ made[0]).all()


@pytest.mark.parametrize("code", [(300, 40), (129, 600), (256, 256)], ids=lambda code: f"{code[0]}+{code[1]}")
def test_wide_methods_agree(backend: str, rng: random.Random, code: tuple[int, int]) -> None:
    if backend == "emu":
        pytest.skip("emu: the device has the matrix only")
    k, m = code
    data = np.frombuffer(rng.randbytes(k * 130), np.uint8).reshape(k, 130)
    parity = _native.gf65536_encode(data, m, None, backend, "transform")
    probe = [0, 1, m - 1]
    by_matrix = _native.gf65536_recover(data, range(k), k, m, [k + i for i in probe], None, "scalar", "matrix")
    assert (parity[probe] == by_matrix).all()
    if k == 129:
        assert rows(parity[:1, :2]) == [oracle.combine(oracle.row(list(range(k)), k), rows(np.ascontiguousarray(data[:, :2])))]
    shards = np.concatenate([data, parity])
    present = rng.sample(range(k + m), k)
    lost = [number for number in range(k + m) if number not in set(present)]
    back = _native.gf65536_recover(shards[present], present, k, m, lost, None, backend, "transform")
    assert (back == shards[lost]).all()
    some = lost[:: max(1, len(lost) // 5)]
    assert (_native.gf65536_recover(shards[present], present, k, m, some, None, backend, "matrix") == shards[some]).all()


def test_the_widest_code(backend: str, rng: random.Random) -> None:
    """65,536 shards: half of them are enough, and both halves give the other."""
    if backend not in ("avx512", "avx2"):
        pytest.skip("the vector backends stand for all: this is a second of scalar work")
    k = m = 32_768
    data = np.frombuffer(rng.randbytes(2 * k), np.uint8).reshape(k, 2)
    parity = erasure.encode(data, m, field="gf65536", backend=backend)
    back = erasure.recover(parity, range(k, k + m), k, m, wanted=range(k), field="gf65536", backend=backend)
    assert (back == data).all()
    one = _native.gf65536_recover(data, range(k), k, m, [65_535], None, "scalar", "matrix")
    assert (one[0] == parity[-1]).all()


def test_unaligned_and_apart(backend: str, rng: random.Random) -> None:
    k, m = 5, 3
    memory = np.frombuffer(rng.randbytes(40_000), dtype=np.uint8)
    for shift in (0, 1, 3, 31, 63):
        for size in (64, 130, 1000):
            data = memory[shift : shift + k * 3000].reshape(k, 3000)[:, 7 : 7 + size]
            for method in methods(backend):
                out = np.zeros((m, size + 5), dtype=np.uint8)
                _native.gf65536_encode(data, m, out[:, 5:], backend, method)
                assert (out[:, 5:] == _native.gf65536_encode(data.copy(), m, None, "scalar", "matrix")).all()
                assert not out[:, :5].any()


def test_pieces_on_threads(backend: str, rng: random.Random) -> None:
    if backend == "emu":
        pytest.skip("emu: no threads of its own")
    before = _native.thread_count()
    data = np.random.default_rng(rng.randrange(1 << 30)).integers(0, 256, (20, 60_002), dtype=np.uint8)
    try:
        _native.set_thread_count(1)
        alone = _native.gf65536_encode(data, 30, None, backend, "matrix")
        _native.set_thread_count(4)
        for method in methods(backend):
            assert (_native.gf65536_encode(data, 30, None, backend, method) == alone).all()
            assert _native.gf65536_verify([*data, *alone], 20, backend, method)
    finally:
        _native.set_thread_count(before)


def test_emu_has_no_transform(rng: random.Random) -> None:
    report = next(entry for entry in _native.backends() if entry["kernel"] == "gf65536")
    if "emu" not in report["available"]:
        pytest.skip("emu: not in this build")
    with pytest.raises(InvalidInput, match="no transform"):
        _native.gf65536_encode([rng.randbytes(2)], 1, None, "emu", "transform")
    with pytest.raises(InvalidInput, match="coefficients: expected at most 16777216"):
        _native.gf65536_encode(np.zeros((5000, 2), np.uint8), 5000, None, "emu")

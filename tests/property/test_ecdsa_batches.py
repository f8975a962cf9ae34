"""A batch of signatures means what its members mean alone: positions, neighbours, order and size change nothing."""

from __future__ import annotations

import random

import coincurve
import numpy as np
import pytest

from zerog import _native
from zerog.primitives import sig

N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@pytest.fixture(params=("scalar", "avx512"))
def backend(request: pytest.FixtureRequest) -> str:
    report = next(entry for entry in _native.backends() if entry["kernel"] == "ecdsa")
    if request.param not in report["available"]:
        pytest.skip(f"{request.param}: {report['unavailable']}")
    return str(request.param)


class Signed:
    """``count`` good signatures of as many keys, as arrays of rows."""

    def __init__(self, count: int, rng: random.Random) -> None:
        secrets = [coincurve.PrivateKey(rng.randrange(1, N).to_bytes(32)) for _ in range(count)]
        messages = [rng.randbytes(32) for _ in range(count)]
        rows = [s.sign_recoverable(m, hasher=None) for s, m in zip(secrets, messages, strict=True)]
        self.digests = np.frombuffer(b"".join(messages), np.uint8).reshape(count, 32).copy()
        self.signatures = np.frombuffer(b"".join(rows), np.uint8).reshape(count, 65).copy()
        keys = b"".join(s.public_key.format(compressed=False)[1:] for s in secrets)
        self.keys = np.frombuffer(keys, np.uint8).reshape(count, 64).copy()

    def verify(self, backend: str, *, low_s_only: bool = True) -> np.ndarray:
        compact = np.ascontiguousarray(self.signatures[:, :64])
        return sig.verify_many(self.digests, compact, self.keys, low_s_only=low_s_only, backend=backend)


def spoil(row: np.ndarray, how: str) -> None:
    values = {"r zero": (0, 0), "s zero": (32, 0), "r order": (0, N), "s order": (32, N), "r huge": (0, 2**256 - 1)}
    start, value = values[how]
    row[start : start + 32] = np.frombuffer(value.to_bytes(32), np.uint8)


@pytest.mark.parametrize("how", ["r zero", "s zero", "r order", "s order", "r huge"])
def test_one_bad_at_each_position(backend: str, seed: int, how: str) -> None:
    good = Signed(18, random.Random(seed))
    clean = good.signatures.copy()
    for position in range(18):
        good.signatures[:] = clean
        spoil(good.signatures[position], how)
        keys, ok = sig.recover_many(good.digests, good.signatures, backend=backend)
        assert sig.blame(ok).tolist() == [position]
        assert sig.blame(good.verify(backend)).tolist() == [position]
        expected = good.keys.copy()
        expected[position] = 0
        assert np.array_equal(keys, expected)


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 255, 256, 257, 300])
def test_sizes(backend: str, seed: int, count: int) -> None:
    signed = Signed(count, random.Random(seed))
    keys, ok = sig.recover_many(signed.digests, signed.signatures, backend=backend)
    assert ok.shape == (count,)
    assert ok.dtype == np.bool_
    assert ok.all()
    assert np.array_equal(keys, signed.keys)
    assert signed.verify(backend).all()


def test_all_bad(backend: str, seed: int) -> None:
    signed = Signed(20, random.Random(seed))
    signed.signatures[:, :32] = 0
    keys, ok = sig.recover_many(signed.digests, signed.signatures, backend=backend)
    assert not ok.any()
    assert not keys.any()
    assert not signed.verify(backend).any()


def test_order_of_lanes(backend: str, seed: int) -> None:
    rng = random.Random(seed)
    signed = Signed(40, rng)
    for position in rng.sample(range(40), 10):
        spoil(signed.signatures[position], "s order")
    addresses, ok = sig.recover_addresses(signed.digests, signed.signatures, backend=backend)
    for _ in range(5):
        order = rng.sample(range(40), 40)
        shuffled, shuffled_ok = sig.recover_addresses(signed.digests[order], signed.signatures[order], backend=backend)
        assert np.array_equal(shuffled, addresses[order])
        assert np.array_equal(shuffled_ok, ok[order])


def test_duplicates(backend: str, seed: int) -> None:
    one = Signed(1, random.Random(seed))
    keys, ok = sig.recover_many(np.repeat(one.digests, 21, axis=0), np.repeat(one.signatures, 21, axis=0), backend=backend)
    assert ok.all()
    assert np.array_equal(keys, np.repeat(one.keys, 21, axis=0))


def test_twin_with_high_s(backend: str, seed: int) -> None:
    """(r, n - s) with the other parity recovers the same key and verifies only where high s is allowed."""
    signed = Signed(11, random.Random(seed))
    for row in signed.signatures:
        row[32:64] = np.frombuffer((N - int.from_bytes(row[32:64].tobytes())).to_bytes(32), np.uint8)
        row[64] ^= 1
    keys, ok = sig.recover_many(signed.digests, signed.signatures, backend=backend)
    assert ok.all()
    assert np.array_equal(keys, signed.keys)
    assert signed.verify(backend, low_s_only=False).all()
    assert not signed.verify(backend, low_s_only=True).any()


def test_any_bit_counts(backend: str, seed: int) -> None:
    """A verified signature fails after any one bit of digest, signature or key has turned."""
    rng = random.Random(seed)
    one = Signed(1, rng)
    fields = {"digests": 256, "signatures": 512, "keys": 512}
    flips = [(field, bit) for field, bits in fields.items() for bit in range(bits)]
    many = Signed.__new__(Signed)
    many.digests, many.signatures, many.keys = (
        np.repeat(rows, len(flips), axis=0) for rows in (one.digests, one.signatures, one.keys)
    )
    assert many.verify(backend).all()
    for row, (field, bit) in enumerate(flips):
        getattr(many, field)[row, bit // 8] ^= 1 << (bit % 8)
    assert not many.verify(backend, low_s_only=False).any()


def test_thread_counts_agree(backend: str, seed: int) -> None:
    signed = Signed(500, random.Random(seed))
    results = []
    try:
        for threads in (1, 2, 3):
            _native.set_thread_count(threads)
            results.append(sig.recover_addresses(signed.digests, signed.signatures, backend=backend)[0].tobytes())
    finally:
        _native.set_thread_count(0)
    assert len(set(results)) == 1

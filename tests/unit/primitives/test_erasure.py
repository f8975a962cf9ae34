"""The facade of the erasure code: kinds of input, outputs of the caller's, what is refused and with which sentence."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from zerog import _native
from zerog.errors import DeviceError, InvalidInput
from zerog.primitives import erasure


def shards(k: int, m: int, size: int = 100) -> np.ndarray:
    data = np.random.default_rng(k * 1000 + m).integers(0, 256, (k, size), dtype=np.uint8)
    return np.concatenate([data, erasure.encode(data, m)])


def test_arrays_and_sequences_are_alike() -> None:
    code = shards(5, 3)
    data = code[:5]
    kinds: list[Any] = [
        [row.tobytes() for row in data],
        tuple(bytearray(row.tobytes()) for row in data),
        [memoryview(row) for row in data],
        memoryview(data),
        np.repeat(data, 2, axis=0)[::2],
        np.hstack([data, data])[:, :100],
        data[::-1].copy()[::-1],
    ]
    for kind in kinds:
        assert (erasure.encode(kind, 3) == code[5:]).all()


def test_out_is_filled_and_given_back() -> None:
    code = shards(4, 2)
    out = np.zeros((2, 100), dtype=np.uint8)
    assert erasure.encode(code[:4], 2, out=out) is out
    assert (out == code[4:]).all()
    rows = [bytearray(100), bytearray(100)]
    assert erasure.recover(code[2:], range(2, 6), 4, 2, out=rows) is rows
    assert [bytes(row) for row in rows] == [row.tobytes() for row in code[:2]]


def test_a_hole_is_filled_in_place() -> None:
    """Rows of one array may be input and output as long as no row is both."""
    code = shards(6, 3)
    holed = code.copy()
    holed[[1, 4]] = 0
    present = [0, 2, 3, 5, 6, 7]
    erasure.recover([holed[i] for i in present], present, 6, 3, wanted=[1, 4], out=[holed[1], holed[4]])
    assert (holed == code).all()


def test_nothing_to_do() -> None:
    code = shards(3, 2)
    assert erasure.recover(code, range(5), 3, 2).shape == (0, 100)
    assert erasure.encode(np.zeros((3, 0), dtype=np.uint8), 2).shape == (2, 0)
    assert erasure.verify(np.zeros((3, 0), dtype=np.uint8), 2)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda c: erasure.encode(c[:4], 0), "parity_shards: expected 1 to 255, found 0"),
        (lambda c: erasure.encode(c[:4], -1), "parity_shards: expected 1 to 255, found -1"),
        (lambda c: erasure.encode(c[:4], 253), "at most 256 in all, found 4 and 253"),
        (lambda c: erasure.encode([], 2), "at least 1 of data"),
        (lambda c: erasure.encode([b"12", b"123"], 2), "shards of one length, found 2 and 3 bytes at index 1"),
        (lambda c: erasure.encode(b"12", 2), "expected two dimensions of bytes"),
        (lambda c: erasure.encode(c[:4].astype(np.uint16), 2), "found 2 dimensions of 2-byte items"),
        (lambda c: erasure.encode(c[:4].T, 2), "contiguous rows"),
        (lambda c: erasure.encode(7, 2), "expected an array or a sequence of buffers, found int"),
        (lambda c: erasure.encode([b"12", "12"], 2), "found str"),
        (lambda c: erasure.encode(c[:4], 2, out=c[4:5]), "out: expected 2 shards, found 1"),
        (lambda c: erasure.encode(c[:4], 2, out=np.zeros((2, 99), np.uint8)), "out: expected shards of 100 bytes, found 99"),
        (lambda c: erasure.encode(c[:4], 2, out=c[3:5]), "out: overlaps data"),
        (lambda c: erasure.encode(c[:4], 2, out=[c[4], c[4]]), "out: overlaps out"),
        (lambda c: erasure.encode(c[:4], 2, out=[bytes(100), bytes(100)]), "writable"),
        (lambda c: erasure.encode(c[:4], 2, field="gf4"), "field: expected 'gf256' or 'gf65536', found 'gf4'"),
        (lambda c: erasure.encode(c[:4, :7], 2, field="gf65536"), "shards: expected whole 16-bit words, found 7 bytes"),
        (lambda c: erasure.encode(c[:4], 65_533, field="gf65536"), "at most 65536 in all, found 4 and 65533"),
        (lambda c: erasure.encode(c[:4], 65_536, field="gf65536"), "parity_shards: expected 1 to 65535, found 65536"),
        (lambda c: erasure.recover(c[:4], [0, 1, 2, 70_000], 4, 2, field="gf65536"), "from 0 to 65535, found 70000"),
        (lambda c: erasure.recover(c[:4], [0, 1, 2, 2], 4, 2, field="gf65536"), "present: shard 2 is given twice"),
        (lambda c: erasure.recover(c[:3], [0, 1, 2], 4, 2, field="gf65536"), "present: expected at least 4 shards, found 3"),
        (lambda c: erasure.recover(c[:4], range(4), 4, 2, wanted=[9], field="gf65536"), "wanted: expected shard numbers"),
        (lambda c: erasure.encode(c[:4], 2, out=c[3:5], field="gf65536"), "out: overlaps data"),
        (lambda c: erasure.verify(c[:4], 4, field="gf65536"), "at least 1 of data and 1 of parity"),
        (lambda c: erasure.recover(c[:3], [0, 1, 2], 4, 2), "present: expected at least 4 shards, found 3"),
        (lambda c: erasure.recover(c[:4], [0, 1, 2, 2], 4, 2), "present: shard 2 is given twice"),
        (lambda c: erasure.recover(c[:4], [0, 1, 2, 6], 4, 2), "present: expected shard numbers below 6, found 6"),
        (lambda c: erasure.recover(c[:4], [0, 1, 2, -1], 4, 2), "present: expected shard numbers from 0 to 255, found -1"),
        (lambda c: erasure.recover(c[:4], range(4), 4, 2, wanted=[9]), "wanted: expected shard numbers below 6, found 9"),
        (lambda c: erasure.recover(c[:4], range(5), 4, 2), "shards: expected 5 shards, found 4"),
        (lambda c: erasure.recover(c[:4], range(4), 4, 300), "parity_shards: expected 1 to 255"),
        (lambda c: erasure.verify(c[:4], 4), "at least 1 of data and 1 of parity"),
    ],
)  # fmt: skip
def test_refused(call: Any, sentence: str) -> None:
    code = shards(4, 2)
    before = code.copy()
    with pytest.raises(InvalidInput, match=sentence):
        call(code)
    assert (code == before).all()


def test_wide_codes_fill_holes_in_place() -> None:
    data = np.random.default_rng(4).integers(0, 256, (300, 50), dtype=np.uint8)
    code = np.concatenate([data, erasure.encode(data, 100, field="gf65536")])
    assert erasure.verify(code, 300, field="gf65536")
    assert not erasure.verify(code[::-1].copy(), 300, field="gf65536")
    lost = list(range(0, 400, 4))
    present = [i for i in range(400) if i % 4]
    holed = code.copy()
    holed[lost] = 0
    out = [holed[i] for i in lost]
    assert erasure.recover([holed[i] for i in present], present, 300, 100, out=out, field="gf65536") is out
    assert (holed == code).all()


def test_the_fields_have_codes_of_their_own() -> None:
    data = np.random.default_rng(4).integers(0, 256, (4, 50), dtype=np.uint8)
    assert (erasure.encode(data, 2) != erasure.encode(data, 2, field="gf65536")).any()


def test_unknown_backend() -> None:
    with pytest.raises(DeviceError, match="nothing"):
        erasure.encode(shards(2, 1), 1, backend="nothing")


def test_many_patterns_from_many_threads() -> None:
    """More patterns of loss than the plans that are kept, on several threads at once."""
    code = shards(12, 6, 64)

    def one(seed: int) -> bool:
        present = np.random.default_rng(seed % 400).permutation(18)[:12]
        lost = sorted(set(range(18)) - set(present.tolist()))
        return bool((erasure.recover(code[present], present, 12, 6) == code[lost]).all())

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(one, range(1200)))


def test_pieces_on_threads() -> None:
    before = _native.thread_count()
    data = np.random.default_rng(3).integers(0, 256, (10, 1_000_003), dtype=np.uint8)
    try:
        _native.set_thread_count(1)
        alone = erasure.encode(data, 4)
        _native.set_thread_count(4)
        assert (erasure.encode(data, 4) == alone).all()
        assert erasure.verify([*data, *alone], 10)
    finally:
        _native.set_thread_count(before)

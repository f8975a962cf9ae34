"""hashing: known answers, the forms of input, and what is refused."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np
import pytest

from oracle.keccak256 import keccak256 as oracle_keccak256
from zerog import _native
from zerog.errors import DeviceError, InvalidInput
from zerog.primitives import hashing

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "keccak" / "short_msg_kat_256.txt"


def known_answers() -> list[tuple[bytes, bytes]]:
    lines = [line for line in VECTORS.read_text().splitlines() if line and not line.startswith("#")]
    return [(bytes.fromhex(message), bytes.fromhex(digest)) for message, digest in (line.split(",") for line in lines)]


def test_known_answers_everywhere() -> None:
    answers = known_answers()
    assert len(answers) == 256
    messages, digests = [m for m, _ in answers], [d for _, d in answers]
    assert [hashing.keccak256(m) for m in messages] == digests
    assert [oracle_keccak256(m) for m in messages[::17]] == digests[::17]
    report = next(entry for entry in _native.backends() if entry["kernel"] == "keccak256")
    for backend in report["available"]:
        assert hashing.keccak256_many(messages, backend=backend).tobytes() == b"".join(digests)


def test_kinds_of_buffer() -> None:
    data = bytes(range(200))
    wanted = hashing.keccak256(data)
    for kind in (bytearray(data), memoryview(data), np.frombuffer(data, dtype=np.uint8)):
        assert hashing.keccak256(kind) == wanted
        assert hashing.keccak256_many([kind, data]).tobytes() == 2 * wanted
    with mmap.mmap(-1, 200) as mapped:
        mapped[:] = data
        assert hashing.keccak256(mapped) == wanted


def test_rows_of_an_array() -> None:
    rows = np.arange(300, dtype=np.uint8).reshape(3, 100)
    found = hashing.keccak256_many(rows)
    assert [row.tobytes() for row in found] == [hashing.keccak256(row.tobytes()) for row in rows]


def test_out_is_used_and_returned() -> None:
    out = np.zeros((2, 32), dtype=np.uint8)
    assert hashing.keccak256_many([b"a", b"b"], out=out) is out
    assert out[1].tobytes() == hashing.keccak256(b"b")
    raw = bytearray(64)
    assert hashing.keccak256_many(b"ab", size=1, out=raw) is raw
    assert raw == out.tobytes()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: hashing.keccak256("text"), "C-contiguous buffer"),
        (lambda: hashing.keccak256(np.zeros((4, 4), dtype=np.uint8)[:, ::2]), "C-contiguous buffer"),
        (lambda: hashing.keccak256_many(b"abc", size=2), "multiple of 2"),
        (lambda: hashing.keccak256_many(b"abc", size=0), "at least 1"),
        (lambda: hashing.keccak256_many(b"abc"), "expected a list"),
        (lambda: hashing.keccak256_many(np.zeros((2, 2), dtype=np.uint16)), "expected a list"),
        (lambda: hashing.keccak256_many([b"a", 1]), "found int"),
        (lambda: hashing.keccak256_many(b"abc", np.array([0, 2, 1], dtype=np.uint64)), "ascending"),
        (lambda: hashing.keccak256_many(b"abc", np.array([0, 4], dtype=np.uint64)), "the input ends at 3"),
        (lambda: hashing.keccak256_many(b"abc", np.array([0, -1], dtype=np.int64)), "the input ends at 3"),
        (lambda: hashing.keccak256_many(b"abc", np.array([], dtype=np.uint64)), "at least one"),
        (lambda: hashing.keccak256_many(b"abc", np.array([0, 1], dtype=np.uint32)), "64-bit"),
        (lambda: hashing.keccak256_many(b"abc", np.array([0, 1], dtype=np.uint64), size=3), "found both"),
        (lambda: hashing.keccak256_many([b"a"], out=bytearray(31)), "expected 32 bytes"),
        (lambda: hashing.keccak256_many([b"a"], out=bytes(32)), "writable"),
    ],
)
def test_refusals(call: object, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        call()  # type: ignore[operator]


def test_output_may_not_overlap_input() -> None:
    data = np.zeros(128, dtype=np.uint8)
    with pytest.raises(InvalidInput, match="overlaps"):
        hashing.keccak256_many(data[:64], size=64, out=data[32:64])
    assert hashing.keccak256_many(data[:64], size=64, out=data[64:96]).tobytes() == hashing.keccak256(bytes(64))


def test_unknown_backend_is_an_error() -> None:
    with pytest.raises(DeviceError, match="no backend 'neon'"):
        hashing.keccak256_many([b"a"], backend="neon")

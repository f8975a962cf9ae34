"""Safetensors files: what is read, what is refused."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest

from zerog.errors import InvalidInput
from zerog.wire import safetensors


def file(header: Any, data: bytes = bytes(range(64))) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def entry(**changes: Any) -> dict[str, Any]:
    return {"dtype": "F32", "shape": [2, 3], "data_offsets": [8, 32]} | changes


def test_tensors_are_found() -> None:
    found = safetensors.parse(
        file({"__metadata__": {"format": "pt"}, "a": entry(), "b": entry(dtype="BF16", shape=[], data_offsets=[0, 2])})
    )
    assert sorted(found) == ["a", "b"]
    assert (found["a"].dtype, found["a"].shape, bytes(found["a"].data)) == ("F32", (2, 3), bytes(range(8, 32)))
    assert (found["b"].shape, bytes(found["b"].data)) == ((), b"\0\1")


def test_every_truncation_is_refused() -> None:
    whole = file({"a": entry()}, bytes(32))
    for size in range(len(whole)):
        with pytest.raises(InvalidInput):
            safetensors.parse(whole[:size])


@pytest.mark.parametrize(
    "header",
    [
        b"[]",
        b"{",
        b"\xff\xff",
        {"a": 7},
        {"a": entry(dtype="Q4")},
        {"a": entry(dtype=4)},
        {"a": entry(shape=[2, -3])},
        {"a": entry(shape=[2, 3.0])},
        {"a": entry(shape=[True, 6])},
        {"a": entry(shape=[1 << 60, 1 << 60])},
        {"a": entry(shape=[1] * 9)},
        {"a": entry(data_offsets=[32, 8])},
        {"a": entry(data_offsets=[8, 31])},
        {"a": entry(data_offsets=[48, 72])},
        {"a": entry(data_offsets=[8])},
        {"a": entry(data_offsets=None)},
    ],
    ids=str,
)
def test_nonsense_is_refused(header: Any) -> None:
    with pytest.raises(InvalidInput):
        safetensors.parse(file(header))


def test_a_long_header_is_refused() -> None:
    with pytest.raises(InvalidInput, match="header"):
        safetensors.parse(file(b" " * (safetensors.HEADER_BYTES_MAX + 1)))

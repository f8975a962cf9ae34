"""GGUF files: what is read, what is refused."""

from __future__ import annotations

import struct
from typing import Any

import pytest

from zerog.errors import InvalidInput
from zerog.wire import gguf


def text(value: str) -> bytes:
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def entry(key: str, kind: int, value: bytes) -> bytes:
    return text(key) + struct.pack("<I", kind) + value


def tensor(name: str, shape: tuple[int, ...], kind: int, offset: int) -> bytes:
    return text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, kind, offset)


def file(entries: list[bytes], tensors: list[bytes], data: bytes, version: int = 3) -> bytes:
    head = b"GGUF" + struct.pack("<IQQ", version, len(tensors), len(entries)) + b"".join(entries) + b"".join(tensors)
    return head + bytes(-len(head) % 32) + data


ENTRIES = [
    entry("name", 8, text("tiny ü")),
    entry("count", 4, struct.pack("<I", 7)),
    entry("rate", 6, struct.pack("<f", 0.5)),
    entry("on", 7, b"\1"),
    entry("sizes", 9, struct.pack("<IQ3i", 5, 3, -1, 0, 1)),
    entry("tokens", 9, struct.pack("<IQ", 8, 2) + text("a") + text("")),
]
TENSORS = [tensor("a.weight", (32, 2), 3, 0), tensor("b", (4,), 0, 64), tensor("odd", (256,), 99, 0)]
DATA = bytes(range(80))


def test_everything_is_found() -> None:
    found = gguf.parse(file(ENTRIES, TENSORS, DATA))
    assert found.metadata == {"name": "tiny ü", "count": 7, "rate": 0.5, "on": True, "sizes": [-1, 0, 1], "tokens": ["a", ""]}
    assert found.tensors["a.weight"].shape == (2, 32)
    assert bytes(found.tensors["a.weight"].data or b"") == DATA[:40]
    assert bytes(found.tensors["b"].data or b"") == DATA[64:80]
    assert found.tensors["odd"].data is None


def test_every_truncation_is_refused() -> None:
    whole = file(ENTRIES, TENSORS, DATA)
    for size in range(len(whole)):
        with pytest.raises(InvalidInput):
            gguf.parse(whole[:size])


@pytest.mark.parametrize(
    ("entries", "tensors", "version"),
    [
        ([ENTRIES[0], ENTRIES[0]], [], 3),
        ([], [TENSORS[0], TENSORS[0]], 3),
        ([], [], 1),
        ([entry("x", 77, b"")], [], 3),
        ([entry("x", 9, struct.pack("<IQ", 9, 1))], [], 3),
        ([entry("x", 9, struct.pack("<IQ", 0, 1 << 60))], [], 3),
        ([text("x")[:8] + b"\xff" + struct.pack("<I", 7) + b"\1"], [], 3),
        ([], [tensor("a", (31,), 3, 0)], 3),
        ([], [tensor("a", (32, 1 << 40), 3, 0)], 3),
        ([], [tensor("a", (1 << 62, 1 << 62), 0, 0)], 3),
        ([], [tensor("a", (1,) * 5, 0, 0)], 3),
        ([], [tensor("a", (32,), 3, 1 << 63)], 3),
        ([entry("general.alignment", 4, struct.pack("<I", 0))], [], 3),
    ],
)
def test_nonsense_is_refused(entries: list[bytes], tensors: list[bytes], version: int) -> None:
    with pytest.raises(InvalidInput, match="gguf"):
        gguf.parse(file(entries, tensors, DATA, version))


@pytest.mark.parametrize("data", [b"", b"GGUF", b"GGML" + bytes(40)])
def test_other_files_are_refused(data: Any) -> None:
    with pytest.raises(InvalidInput):
        gguf.parse(data)

"""GGUF, the file format of llama.cpp's models: metadata and where each tensor lies. Strict, bounded, no copy of the weights.

Source: ggml's description of GGUF, versions 2 and 3, little-endian.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from zerog.errors import InvalidInput

if TYPE_CHECKING:
    from typing_extensions import Buffer

MAGIC: Final = b"GGUF"
VERSIONS: Final = (2, 3)
ENTRIES_MAX: Final = 1 << 16
"""Metadata entries, and tensors, of a file."""
ARRAY_ITEMS_MAX: Final = 1 << 24
DIMENSIONS_MAX: Final = 4
ALIGNMENT_MAX: Final = 1 << 20

_NUMBERS: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING: Final = 8
_ARRAY: Final = 9
# Values and bytes of a block, for the tensor types that zerog reads; others are listed without their bytes.
_BLOCKS: Final = {
    0: (1, 4),
    1: (1, 2),
    2: (32, 18),
    3: (32, 20),
    8: (32, 34),
    12: (256, 144),
    13: (256, 176),
    14: (256, 210),
    30: (1, 2),
}


@dataclass(frozen=True, slots=True)
class GgufTensor:
    """A tensor: ``shape`` from the slowest dimension to the fastest, ``type`` by ggml's number, ``data`` a view of the file.

    ``data`` is None for a type that zerog does not read.
    """

    name: str
    type: int
    shape: tuple[int, ...]
    data: memoryview | None


@dataclass(frozen=True, slots=True)
class GgufFile:
    metadata: dict[str, Any]
    tensors: dict[str, GgufTensor]


class _Reader:
    """A cursor that refuses to leave the file."""

    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> memoryview:
        if count > len(self.data) - self.at:
            raise InvalidInput(f"gguf: the file ends at {len(self.data)}, {count} bytes were expected at {self.at}")
        self.at += count
        return self.data[self.at - count : self.at]

    def number(self, code: str) -> Any:
        return struct.unpack("<" + code, self.take(struct.calcsize("<" + code)))[0]

    def count(self, most: int, what: str) -> int:
        found: int = self.number("Q")
        if found > most:
            raise InvalidInput(f"gguf: expected at most {most} {what}, found {found}")
        return found

    def string(self) -> str:
        raw = bytes(self.take(self.count(len(self.data), "bytes of text")))
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            raise InvalidInput(f"gguf: text that is not UTF-8 before byte {self.at}") from error

    def value(self, kind: int) -> Any:
        if kind == _STRING:
            return self.string()
        if kind in _NUMBERS:
            return self.number(_NUMBERS[kind])
        if kind != _ARRAY:
            raise InvalidInput(f"gguf: value type {kind} is unknown")
        inner = self.number("I")
        count = self.count(ARRAY_ITEMS_MAX, "items of an array")
        if inner in _NUMBERS:
            code = _NUMBERS[inner]
            return list(struct.unpack(f"<{count}{code}", self.take(count * struct.calcsize("<" + code))))
        if inner != _STRING:
            raise InvalidInput(f"gguf: arrays of type {inner} are not read")
        text: Callable[[], str] = self.string
        return [text() for _ in range(count)]


def parse(data: Buffer) -> GgufFile:
    """What a GGUF file holds.

    Args:
        data: the whole file, for large ones a mapping; the tensors' views keep it alive.

    Returns:
        Metadata by key, tensors by name in the order of the file.

    Raises:
        InvalidInput: not GGUF of a version that is read, truncated, something said twice, or a bound above exceeded.

    Cost: the metadata is read once, 0.1 s for a vocabulary of 50,000; weights are not touched.
    """
    reader = _Reader(memoryview(data).cast("B"))
    if bytes(reader.data[:4]) != MAGIC:
        raise InvalidInput(f"gguf: expected a file that begins with {MAGIC!r}")
    reader.at = 4
    version = reader.number("I")
    if version not in VERSIONS:
        raise InvalidInput(f"gguf: expected version 2 or 3, found {version}")
    tensor_count = reader.count(ENTRIES_MAX, "tensors")
    entry_count = reader.count(ENTRIES_MAX, "metadata entries")
    metadata: dict[str, Any] = {}
    for _ in range(entry_count):
        key = reader.string()
        if key in metadata:
            raise InvalidInput(f"gguf: {key!r} is given twice")
        metadata[key] = reader.value(reader.number("I"))
    heads = []
    for _ in range(tensor_count):
        name = reader.string()
        dimensions = reader.number("I")
        if not 1 <= dimensions <= DIMENSIONS_MAX:
            raise InvalidInput(f"gguf: tensor {name!r}: expected 1 to {DIMENSIONS_MAX} dimensions, found {dimensions}")
        shape = tuple(reversed([reader.number("Q") for _ in range(dimensions)]))
        heads.append((name, shape, reader.number("I"), reader.number("Q")))
    alignment = metadata.get("general.alignment", 32)
    if not isinstance(alignment, int) or not 1 <= alignment <= ALIGNMENT_MAX:
        raise InvalidInput(f"gguf: general.alignment: expected 1 to {ALIGNMENT_MAX}, found {alignment!r}")
    start = (reader.at + alignment - 1) // alignment * alignment
    tensors: dict[str, GgufTensor] = {}
    for name, shape, kind, offset in heads:
        if name in tensors:
            raise InvalidInput(f"gguf: tensor {name!r} is given twice")
        tensors[name] = GgufTensor(name, kind, shape, _bytes_of(reader.data, start + offset, name, shape, kind))
    return GgufFile(metadata, tensors)


def _bytes_of(data: memoryview, begin: int, name: str, shape: tuple[int, ...], kind: int) -> memoryview | None:
    if kind not in _BLOCKS:
        return None
    values, size = _BLOCKS[kind]
    if shape[-1] % values:
        raise InvalidInput(f"gguf: tensor {name!r}: rows of {shape[-1]} values, expected a multiple of {values}")
    count = 1
    for side in shape:
        count *= side
    end = begin + count // values * size
    if end > len(data):
        raise InvalidInput(f"gguf: tensor {name!r} ends at byte {end}, the file at {len(data)}")
    return data[begin:end]

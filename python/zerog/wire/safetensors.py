"""The safetensors format: where each tensor lies in a file. Strict, bounded, no copy of the weights.

``u64 size, size bytes of JSON, data``; the JSON names dtype, shape and a byte range of the data for each tensor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeGuard

from zerog.errors import InvalidInput
from zerog.wire import jsonrpc

if TYPE_CHECKING:
    from typing_extensions import Buffer

HEADER_BYTES_MAX: Final = 1 << 20
_SIZES: Final = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}


@dataclass(frozen=True, slots=True)
class SafeTensor:
    """A tensor: ``dtype`` as the file spells it, row-major, ``data`` a view of the file."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    data: memoryview


def parse(data: Buffer) -> dict[str, SafeTensor]:
    """The tensors of a safetensors file, by name.

    Args:
        data: the whole file, for large ones a mapping; the views keep it alive.

    Raises:
        InvalidInput: truncated, a header above ``HEADER_BYTES_MAX`` or not JSON of the right shape, a dtype that is unknown, or
            a range that does not fit dtype, shape and file.
    """
    view = memoryview(data).cast("B")
    size = int.from_bytes(view[:8], "little")
    if len(view) < 8 or size > HEADER_BYTES_MAX or 8 + size > len(view):
        raise InvalidInput(f"safetensors: expected a header of at most {HEADER_BYTES_MAX} bytes inside the file, found {size}")
    header = jsonrpc.parse(bytes(view[8 : 8 + size]))
    if not isinstance(header, dict):
        raise InvalidInput("safetensors: expected an object as header")
    body = view[8 + size :]
    return {name: _tensor(name, entry, body) for name, entry in header.items() if name != "__metadata__"}


def _tensor(name: str, entry: object, body: memoryview) -> SafeTensor:
    wrong = InvalidInput(
        f"safetensors: tensor {name!r}: expected dtype, shape and data_offsets that fit each other and the file"
    )
    if not isinstance(entry, dict):
        raise wrong
    dtype, shape, offsets = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
    if not isinstance(dtype, str) or dtype not in _SIZES or not _counts(shape) or not _counts(offsets) or len(offsets) != 2:
        raise wrong
    count = _SIZES[dtype]
    for side in shape:
        count *= side
    begin, end = offsets
    if end - begin != count or end > len(body):
        raise wrong
    return SafeTensor(name, dtype, tuple(shape), body[begin:end])


def _counts(value: object) -> TypeGuard[list[int]]:
    return isinstance(value, list) and len(value) <= 8 and all(type(item) is int and 0 <= item < 1 << 48 for item in value)

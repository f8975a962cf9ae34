"""Recursive length prefix: byte strings and lists to bytes and back. Canonical both ways, bounded in depth.

For single items such as a transaction about to be signed; whole blocks and batches are the native codec's work.

Source: Ethereum yellow paper, appendix B.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from zerog.errors import InvalidInput

DEPTH_MAX: Final = 64

Item = bytes | Sequence["Item"]


def encode_int(value: int) -> bytes:
    """A non-negative integer as RLP wants it inside: big-endian without leading zeros, zero is empty."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def encode(item: Item) -> bytes:
    if isinstance(item, bytes | bytearray | memoryview):
        data = bytes(item)
        return data if len(data) == 1 and data[0] < 0x80 else _prefix(0x80, len(data)) + data
    body = b"".join(encode(part) for part in item)
    return _prefix(0xC0, len(body)) + body


def _prefix(base: int, size: int) -> bytes:
    if size < 56:
        return bytes([base + size])
    digits = encode_int(size)
    return bytes([base + 55 + len(digits)]) + digits


def decode(data: bytes) -> bytes | list[Item]:
    """The one item that ``data`` holds.

    Raises:
        InvalidInput: truncated, trailing bytes, a form that is not the shortest, or nested too deeply.
    """
    item, end = _decode(bytes(data), 0, 0)
    if end != len(data):
        raise InvalidInput(f"rlp: {len(data) - end} bytes after the item")
    return item


def _decode(data: bytes, at: int, depth: int) -> tuple[bytes | list[Item], int]:
    if depth > DEPTH_MAX:
        raise InvalidInput("rlp: nested too deeply")
    if at >= len(data):
        raise InvalidInput("rlp: expected an item, found the end")
    first = data[at]
    if first < 0x80:
        return data[at : at + 1], at + 1
    base = 0x80 if first < 0xC0 else 0xC0
    size, start = first - base, at + 1
    if size > 55:
        digits = data[start : start + size - 55]
        start += size - 55
        size = int.from_bytes(digits, "big")
        if len(digits) != start - at - 1 or digits[0] == 0 or size < 56:
            raise InvalidInput(f"rlp: a length at {at} that is not the shortest form")
    end = start + size
    if end > len(data):
        raise InvalidInput(f"rlp: expected {size} bytes at {start}, found {len(data) - start}")
    if base == 0x80:
        if size == 1 and data[start] < 0x80:
            raise InvalidInput(f"rlp: a byte at {at} that is not the shortest form")
        return data[start:end], end
    items: list[Item] = []
    at = start
    while at < end:
        item, at = _decode(data, at, depth + 1)
        items.append(item)
    if at != end:
        raise InvalidInput(f"rlp: an item that runs over the end of its list at {end}")
    return items, end

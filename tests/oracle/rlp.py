"""RLP as the Ethereum yellow paper writes it (appendix B), nothing clever."""

from __future__ import annotations

from typing import Any


def number(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def encode(item: Any) -> bytes:
    if isinstance(item, int):
        item = number(item)
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        return header(0x80, len(item)) + item
    body = b"".join(encode(part) for part in item)
    return header(0xC0, len(body)) + body


def header(base: int, size: int) -> bytes:
    if size <= 55:
        return bytes([base + size])
    return bytes([base + 55 + len(number(size))]) + number(size)


def decode(data: bytes) -> Any:
    """The one canonical item in ``data``: found by decoding loosely and encoding again."""
    item, rest = _take(data)
    if rest or encode(item) != data:
        raise ValueError("not canonical")
    return item


def _take(data: bytes) -> tuple[Any, bytes]:
    if not data:
        raise ValueError("too short")
    first = data[0]
    if first < 0x80:
        return data[:1], data[1:]
    base = 0x80 if first < 0xC0 else 0xC0
    size, start = first - base, 1
    if size > 55:
        start = 1 + size - 55
        if len(data) < start:
            raise ValueError("too short")
        size = int.from_bytes(data[1:start], "big")
    body, rest = data[start : start + size], data[start + size :]
    if len(body) != size:
        raise ValueError("too short")
    if base == 0x80:
        return body, rest
    items = []
    while body:
        item, body = _take(body)
        items.append(item)
    return items, rest

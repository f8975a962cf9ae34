"""Recursive length prefix: byte strings, numbers and lists to bytes and back. Canonical both ways, bounded in depth.

Source: Ethereum yellow paper, appendix B.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

from zerog import _native
from zerog.errors import InvalidInput

DEPTH_MAX: Final = 64

Item = bytes | Sequence["Item"]
Value = bytes | int | Sequence["Value"]


def encode_int(value: int) -> bytes:
    """A non-negative integer as RLP wants it inside: big-endian without leading zeros, zero is empty."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def decode_int(data: bytes) -> int:
    """The inverse of ``encode_int``.

    Raises:
        InvalidInput: a leading zero.
    """
    if data[:1] == b"\0":
        raise InvalidInput("rlp: number has a leading zero")
    return int.from_bytes(data, "big")


def encode(item: Value) -> bytes:
    """The encoding of a byte string, an integer (as ``encode_int`` writes it), or a list or tuple of items.

    Raises:
        InvalidInput: another type, an integer outside 0 … 2^256 - 1, or lists more than ``DEPTH_MAX`` deep.
    """
    return _native.rlp_encode(item)


def decode(data: bytes) -> bytes | list[Item]:
    """The one item that ``data`` holds; lists become lists, everything else bytes.

    Raises:
        InvalidInput: truncated, trailing bytes, a form that is not the shortest, or more than ``DEPTH_MAX`` lists deep.
    """
    return cast("bytes | list[Item]", _native.rlp_decode(data))

"""The native codec against the plain one, on what decodes and on what must not."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from oracle import rlp as oracle
from zerog.errors import InvalidInput
from zerog.wire import rlp

LEAVES = st.binary(max_size=80) | st.integers(0, 2**256 - 1)
ITEMS = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=8), max_leaves=40)


def plain(item: Any) -> Any:
    if isinstance(item, int):
        return oracle.number(item)
    return [plain(part) for part in item] if isinstance(item, list) else item


@given(ITEMS)
def test_encodes_as_the_oracle(item: Any) -> None:
    data = rlp.encode(item)
    assert data == oracle.encode(item)
    assert rlp.decode(data) == plain(item) == oracle.decode(data)


def agree(data: bytes) -> None:
    try:
        expected = oracle.decode(data)
    except ValueError:
        expected = None
    try:
        found: Any = rlp.decode(data)
    except InvalidInput:
        found = None
    assert found == expected


@given(st.binary(max_size=120))
def test_accepts_what_the_oracle_accepts(data: bytes) -> None:
    agree(data)


@given(ITEMS, st.data())
def test_bent_encodings(item: Any, data: st.DataObject) -> None:
    encoded = bytearray(rlp.encode(item))
    at = data.draw(st.integers(0, len(encoded) - 1))
    encoded[at] = data.draw(st.integers(0, 255))
    agree(bytes(encoded))
    agree(bytes(encoded[:at]))

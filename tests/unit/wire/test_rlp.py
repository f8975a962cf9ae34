"""The small RLP codec: the yellow paper's examples, round trips, refusals."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerog.errors import InvalidInput
from zerog.wire import rlp

ITEMS = st.recursive(st.binary(max_size=70), lambda inner: st.lists(inner, max_size=6), max_leaves=30)


@pytest.mark.parametrize(
    ("item", "text"),
    [
        (b"dog", "83646f67"), ([b"cat", b"dog"], "c88363617483646f67"), (b"", "80"), ([], "c0"), (b"\x00", "00"),
        (b"\x0f", "0f"), (b"\x04\x00", "820400"), ([[], [[]], [[], [[]]]], "c7c0c1c0c3c0c1c0"), (b"a" * 56, "b838" + "61" * 56),
    ],
)  # fmt: skip
def test_examples(item: Any, text: str) -> None:
    assert rlp.encode(item).hex() == text
    assert rlp.decode(bytes.fromhex(text)) == item


@given(ITEMS)
def test_round_trip(item: Any) -> None:
    assert rlp.decode(rlp.encode(item)) == item


@given(st.binary(max_size=100))
def test_only_canonical_forms_decode(data: bytes) -> None:
    try:
        item = rlp.decode(data)
    except InvalidInput:
        return
    assert rlp.encode(item) == data


@pytest.mark.parametrize("text", ["", "8100", "b80161", "b90038" + "61" * 56, "83646f", "c283646f67", "0000", "b8", "f80100"])
def test_refusals(text: str) -> None:
    with pytest.raises(InvalidInput):
        rlp.decode(bytes.fromhex(text))


def test_depth_is_bounded() -> None:
    item: Any = []
    for _ in range(rlp.DEPTH_MAX - 1):
        item = [item]
    data = rlp.encode(item)
    assert rlp.decode(data) == item
    with pytest.raises(InvalidInput, match="nested"):
        rlp.encode([item])
    size = len(data)
    with pytest.raises(InvalidInput, match="nested"):
        rlp.decode(b"\xf8" + bytes([size]) + data)


@pytest.mark.parametrize("number", [0, 1, 127, 128, 255, 256, 2**64 - 1, 2**64, 2**256 - 1])
def test_numbers(number: int) -> None:
    assert rlp.encode(number) == rlp.encode(rlp.encode_int(number))
    assert rlp.decode_int(rlp.encode_int(number)) == number


@pytest.mark.parametrize("item", [-1, 2**256, True, None, "text", 1.0, [b"", {}]])
def test_what_does_not_encode(item: Any) -> None:
    with pytest.raises(InvalidInput):
        rlp.encode(item)


def test_a_number_with_a_leading_zero() -> None:
    with pytest.raises(InvalidInput):
        rlp.decode_int(b"\0\1")


def test_buffers_of_any_kind() -> None:
    assert rlp.encode([bytearray(b"dog"), memoryview(b"cat"), (b"x",)]) == rlp.encode([b"dog", b"cat", [b"x"]])
    assert rlp.decode(memoryview(bytes.fromhex("c0"))) == []  # type: ignore[arg-type]

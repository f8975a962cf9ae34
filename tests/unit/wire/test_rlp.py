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
    data = b""
    for _ in range(1000):
        data = rlp._prefix(0xC0, len(data)) + data
    with pytest.raises(InvalidInput, match="nested"):
        rlp.decode(data)

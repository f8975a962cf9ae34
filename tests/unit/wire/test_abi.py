"""The ABI codec against eth-abi, and its refusals."""

from __future__ import annotations

import contextlib
from typing import Any

import eth_abi
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zerog.errors import InvalidInput
from zerog.types import format_address
from zerog.wire import abi

ADDRESS = bytes(range(1, 21))


def values_of(kind: abi.AbiType) -> st.SearchStrategy[Any]:
    """Values of a type, as our codec and eth-abi both take them."""
    if kind.kind == "uint":
        return st.integers(0, (1 << kind.size) - 1)
    if kind.kind == "int":
        return st.integers(-(1 << kind.size - 1), (1 << kind.size - 1) - 1)
    if kind.kind == "bool":
        return st.booleans()
    if kind.kind == "address":
        return st.binary(min_size=20, max_size=20)
    if kind.kind == "fixed":
        return st.binary(min_size=kind.size, max_size=kind.size)
    if kind.kind == "bytes":
        return st.binary(max_size=80)
    if kind.kind == "string":
        return st.text(max_size=40)
    if kind.kind == "tuple":
        return st.tuples(*[values_of(item) for item in kind.items])
    size = {"max_size": 4} if kind.count is None else {"min_size": kind.count, "max_size": kind.count}
    return st.lists(values_of(kind.items[0]), **size)


def type_texts() -> st.SearchStrategy[str]:
    base = st.one_of(
        st.sampled_from(["bool", "address", "bytes", "string", "uint256", "int256", "bytes32", "bytes1", "uint8", "int8"]),
        st.integers(1, 32).map(lambda n: f"uint{8 * n}"),
        st.integers(1, 32).map(lambda n: f"bytes{n}"),
    )
    return st.recursive(
        base,
        lambda inner: st.one_of(
            inner.map(lambda kind: kind + "[]"),
            st.tuples(inner, st.integers(1, 3)).map(lambda pair: f"{pair[0]}[{pair[1]}]"),
            st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"({','.join(parts)})"),
        ),
        max_leaves=5,
    )


def as_ours(value: Any) -> Any:
    """eth-abi answers tuples for arrays and checksummed text for addresses."""
    return [as_ours(item) for item in value] if isinstance(value, tuple | list) else value


def as_peer(kind: abi.AbiType, value: Any) -> Any:
    if kind.kind == "address":
        return format_address(value).lower()
    if kind.kind in ("array", "tuple"):
        kinds = kind.items if kind.kind == "tuple" else kind.items * len(value)
        return [as_peer(item, part) for item, part in zip(kinds, value, strict=True)]
    return value


@settings(max_examples=300, deadline=None)
@given(st.lists(type_texts(), min_size=1, max_size=4), st.data())
def test_equal_to_eth_abi(texts: list[str], data: st.DataObject) -> None:
    kinds = [abi.parse_type(text) for text in texts]
    values = data.draw(st.tuples(*[values_of(kind) for kind in kinds]))
    ours = abi.encode(kinds, values)
    assert ours == eth_abi.encode(texts, values)
    assert as_ours(abi.decode(kinds, ours)) == as_ours(values)
    assert [as_peer(k, v) for k, v in zip(kinds, values, strict=True)] == as_ours(eth_abi.decode(texts, ours))


@settings(max_examples=500, deadline=None)
@given(type_texts(), st.binary(max_size=400))
def test_any_bytes_decode_or_refuse(text: str, data: bytes) -> None:
    try:
        (value,) = abi.decode([text], data)
    except InvalidInput:
        return
    again = abi.encode([text], [value])
    assert abi.decode([text], again) == (value,)


@settings(max_examples=300, deadline=None)
@given(type_texts(), st.data())
def test_a_flipped_bit_never_crashes(text: str, data: st.DataObject) -> None:
    kind = abi.parse_type(text)
    good = bytearray(abi.encode([kind], [data.draw(values_of(kind))]))
    if good:
        good[data.draw(st.integers(0, len(good) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with contextlib.suppress(InvalidInput):
        abi.decode([kind], bytes(good))


WORD = 32


def word(value: int) -> bytes:
    return value.to_bytes(WORD, "big")


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("uint8", word(256)),
        ("int8", word(128)),
        ("bool", word(2)),
        ("address", b"\x01" + bytes(11) + ADDRESS),
        ("bytes4", b"abcd" + bytes(27) + b"\x01"),
        ("bytes", word(32) + word(1) + b"ab" + bytes(30)),
        ("bytes", word(32) + word(33) + bytes(32)),
        ("bytes", word(1 << 255)),
        ("string", word(32) + word(1) + b"\xff" + bytes(31)),
        ("uint256[]", word(32) + word(1 << 64)),
        ("uint256[]", word(32) + word(2) + word(1)),
        ("uint256", bytes(31)),
        ("()[]", word(32) + word(1)),
    ],
)
def test_refusals(text: str, data: bytes) -> None:
    with pytest.raises(InvalidInput):
        abi.decode([text], data)


def test_overlapping_tails_cannot_multiply_the_work() -> None:
    """Every element of every level points at the same place: without the bound 100**4 elements from 3 kB."""
    level = b"".join(word(32 * 100) for _ in range(100))
    data = word(32) + word(100) + level + (word(100) + level) * 3
    with pytest.raises(InvalidInput):
        abi.decode(["uint256[][][][]"], data)


@pytest.mark.parametrize("text", ["uint", "tuple(uint256,bool)[2]", "bytes32[3][]", "((address),(bytes,string[]))"])
def test_types_parse(text: str) -> None:
    assert abi.parse_type(str(abi.parse_type(text))) == abi.parse_type(text)


BAD_TYPES = [
    "uint7",
    "uint264",
    "bytes0",
    "bytes33",
    "uint08",
    "fixed128x18",
    "(uint256",
    "uint256)",
    "uint[",
    "x",
    "uint256[0]",
]


@pytest.mark.parametrize("text", ["", "(" * 40 + "uint256" + ")" * 40, *BAD_TYPES])
def test_bad_types(text: str) -> None:
    with pytest.raises(InvalidInput):
        abi.parse_type(text)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("uint8", 256), ("uint256", -1), ("int8", 128), ("bool", 1), ("uint256", True), ("address", b"1"), ("bytes4", b"abc"),
     ("string", b"x"), ("uint256[2]", [1]), ("(uint256,bool)", [1]), ("uint256", "1"), ("string", "\ud800")],
)  # fmt: skip
def test_bad_values(kind: str, value: object) -> None:
    with pytest.raises(InvalidInput):
        abi.encode([kind], [value])


def test_signature_text() -> None:
    transfer = abi.parse_signature("transfer(address,uint256)(bool)")
    assert transfer.selector.hex() == "a9059cbb"
    assert abi.parse_signature("function transfer(address, uint256) returns (bool)").text == transfer.text
    call = transfer.encode_call(ADDRESS, 7)
    assert transfer.decode_call(call) == (ADDRESS, 7)
    assert transfer.decode_result(word(1)) is True
    for bad in ("", "transfer", "transfer(address", "1x()", "a()b()", "f(uint256)()()"):
        with pytest.raises(InvalidInput):
            abi.parse_signature(bad)


def test_reverts_are_explained() -> None:
    assert abi.explain_revert(b"") == "reverted without a reason"
    assert abi.explain_revert(bytes.fromhex("08c379a0") + abi.encode(["string"], ["no"])) == "no"
    assert abi.explain_revert(bytes.fromhex("4e487b71") + word(0x11)) == "an arithmetic overflow"
    assert abi.explain_revert(bytes.fromhex("08c379a0ff")) == "reverted with 0x08c379a0ff"


def test_text_values() -> None:
    assert abi.from_text(abi.parse_type("uint256"), "0x10") == 16
    assert abi.from_text(abi.parse_type("bool"), "true") is True
    kind = abi.parse_type("(address,uint256[])")
    value = abi.from_text(kind, f'["0x{ADDRESS.hex()}", ["1", 2]]')
    assert abi.decode([kind], abi.encode([kind], [value])) == ((ADDRESS, [1, 2]),)
    for bad in ("x", "1.5", ""):
        with pytest.raises(InvalidInput):
            abi.from_text(abi.parse_type("uint256"), bad)

"""Addresses, hashes and amounts: their text forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerog.errors import InvalidInput
from zerog.types import format_address, format_amount, parse_address, parse_amount, parse_hash, parse_hex

# the examples of EIP-55
CHECKSUMMED = [
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
]


@pytest.mark.parametrize("text", CHECKSUMMED)
def test_checksums(text: str) -> None:
    assert format_address(parse_address(text)) == text
    assert parse_address(text.lower()) == parse_address("0x" + text[2:].upper()) == parse_address(text)
    with pytest.raises(InvalidInput, match="checksum"):
        parse_address(text.replace("a", "A") if "a" in text else text.replace("C", "c"))


@pytest.mark.parametrize(
    "text",
    ["", "0x", "0x12", "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x" + "g" * 40, "0x" + "1" * 41, "0x" + "1" * 42, "0x1 "],
)
def test_bad_addresses(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_address(text)


def test_hex_and_hash() -> None:
    assert parse_hex("0x") == b""
    assert parse_hash("0x" + "ab" * 32) == b"\xab" * 32
    for bad in ("0x1", "ab", "0xa b1", "0x_1"):
        with pytest.raises(InvalidInput):
            parse_hex(bad)
    with pytest.raises(InvalidInput):
        parse_hash("0x00")


@pytest.mark.parametrize(
    ("text", "neuron"),
    [("1", 10**18), ("1.5 0G", 15 * 10**17), ("0.000000000000000001", 1), ("20 gwei", 20 * 10**9), ("3gwei", 3 * 10**9),
     ("7 neuron", 7), (".5", 5 * 10**17), ("2.5 GWEI", 25 * 10**8), ("0", 0)],
)  # fmt: skip
def test_amounts(text: str, neuron: int) -> None:
    assert parse_amount(text) == neuron


@pytest.mark.parametrize(
    "text", ["", "-1", "1e3", "1,5", "1 eth", "10G", "0.0000000000000000001", "0.5 neuron", "9" * 70, "nan", "1.", "1 2"]
)
def test_bad_amounts(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_amount(text)


@given(st.integers(0, 1 << 200))
def test_amounts_print_exactly(neuron: int) -> None:
    assert parse_amount(format_amount(neuron)) == neuron

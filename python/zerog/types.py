"""Identifiers and units as types of their own: addresses, hashes, amounts.

Addresses and hashes are plain ``bytes`` of a checked length; text forms appear only where people or JSON need them.
One 0G is 10**18 neuron, the smallest unit.
"""

from __future__ import annotations

import re
from typing import Final, NewType

from zerog._native import keccak256
from zerog.errors import InvalidInput

Address = NewType("Address", bytes)
Hash32 = NewType("Hash32", bytes)
Neuron = NewType("Neuron", int)

ZERO_ADDRESS: Final = Address(bytes(20))
UNITS: Final = {"neuron": 1, "gwei": 10**9, "0g": 10**18}
_AMOUNT = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:\s*(gwei|neuron)|\s+(0g))?\s*", re.IGNORECASE)


def parse_hex(text: str, what: str = "value") -> bytes:
    """``0x…`` text with an even number of digits as bytes.

    Raises:
        InvalidInput: no ``0x``, an odd length or a character that is no hex digit.
    """
    if not isinstance(text, str) or text[:2] not in ("0x", "0X"):
        raise InvalidInput(f"{what}: expected hex that begins with 0x, found {_short(text)}")
    try:
        if not text[2:].isalnum() and text[2:]:
            raise ValueError
        return bytes.fromhex(text[2:])
    except ValueError:
        raise InvalidInput(f"{what}: expected an even number of hex digits, found {_short(text)}") from None


def parse_address(value: str | bytes | bytearray, what: str = "address") -> Address:
    """An address from 20 bytes or from text; mixed-case text must carry the right checksum (EIP-55).

    Raises:
        InvalidInput: wrong length, not hex, or a wrong checksum.
    """
    raw = bytes(value) if isinstance(value, bytes | bytearray) else parse_hex(value, what)
    if len(raw) != 20:
        raise InvalidInput(f"{what}: expected 20 bytes, found {len(raw)}")
    address = Address(raw)
    if isinstance(value, str):
        digits = value[2:]
        if digits != digits.lower() and digits != digits.upper() and "0x" + digits != format_address(address):
            raise InvalidInput(f"{what}: the mixed-case checksum of {value} is wrong; check for a typing error")
    return address


def format_address(address: bytes) -> str:
    """The mixed-case text of EIP-55."""
    digits = bytes(address).hex()
    marks = keccak256(digits.encode()).hex()
    return "0x" + "".join(digit.upper() if int(mark, 16) >= 8 else digit for digit, mark in zip(digits, marks, strict=False))


def parse_hash(value: str | bytes, what: str = "hash") -> Hash32:
    """32 bytes from bytes or from ``0x`` text."""
    raw = bytes(value) if isinstance(value, bytes | bytearray) else parse_hex(value, what)
    if len(raw) != 32:
        raise InvalidInput(f"{what}: expected 32 bytes, found {len(raw)}")
    return Hash32(raw)


def parse_amount(text: str, what: str = "amount") -> Neuron:
    """An amount of money as people write it: ``1.5``, ``1.5 0G``, ``20 gwei``, ``1 neuron``; without a unit it is 0G.

    Raises:
        InvalidInput: not a number, an unknown unit, or more digits than a neuron can hold.
    """
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise InvalidInput(f"{what}: expected a number and a unit (0G, gwei or neuron), found {_short(text)}")
    number, unit = match.group(1), (match.group(2) or "0g").lower()  # 0G begins with a digit: it stands after a space
    whole, _, fraction = number.partition(".")
    digits = len(str(UNITS[unit])) - 1
    fraction = fraction.rstrip("0")
    if len(fraction) > digits or len(whole) > 80:
        raise InvalidInput(f"{what}: {_short(text)} has more digits than {unit} can hold")
    neuron = int((whole or "0") + fraction.ljust(digits, "0"))
    if neuron >= 1 << 256:
        raise InvalidInput(f"{what}: {_short(text)} does not fit into 256 bits")
    return Neuron(neuron)


def format_amount(neuron: int) -> str:
    """Neuron as 0G, exact, without trailing zeros: ``1.5 0G``."""
    sign, value = ("-", -neuron) if neuron < 0 else ("", neuron)
    whole, rest = divmod(value, 10**18)
    fraction = f"{rest:018d}".rstrip("0")
    return f"{sign}{whole}{'.' + fraction if fraction else ''} 0G"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."

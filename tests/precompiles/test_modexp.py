"""Modular exponentiation against Python's pow, and costs against the formula of EIP-2565."""

from __future__ import annotations

import random

import pytest

from zerog import _native

SIZES = [0, 1, 2, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 40, 63, 64, 65, 96, 128, 200, 256]


def encode(base: bytes, exponent: bytes, modulus: bytes) -> bytes:
    return b"".join(len(part).to_bytes(32, "big") for part in (base, exponent, modulus)) + base + exponent + modulus


def cost(base_size: int, exponent: bytes, modulus_size: int) -> int:
    words = (max(base_size, modulus_size) + 7) // 8
    head = int.from_bytes(exponent[:32], "big")
    steps = max(head.bit_length() - 1, 0) + 8 * max(len(exponent) - 32, 0)
    return max(200, words * words * max(steps, 1) // 3)


def number(rng: random.Random, size: int) -> bytes:
    """Random, or with runs of zeros or ones at either end: the shapes that break long arithmetic."""
    value = bytearray(rng.randbytes(size))
    cut = rng.randrange(size + 1)
    match rng.randrange(7):
        case 0:
            value[:cut] = bytes(cut)
        case 1:
            value[cut:] = bytes(size - cut)
        case 2:
            value[:cut] = b"\xff" * cut
        case 3:
            value[cut:] = b"\xff" * (size - cut)
        case 4 if size:
            value[-1] |= 1
        case 5 if size:
            value[-1] &= 0xFE
    return bytes(value)


def expected(base: bytes, exponent: bytes, modulus: bytes) -> bytes:
    if not base and not modulus:
        return b""
    m = int.from_bytes(modulus, "big")
    value = pow(int.from_bytes(base, "big"), int.from_bytes(exponent, "big"), m) if m else 0
    return value.to_bytes(len(modulus), "big")


def test_random_against_pow(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(3000):
        base, exponent, modulus = (number(rng, rng.choice(SIZES)) for _ in range(3))
        exponent = exponent[:72]
        data = encode(base, exponent, modulus)
        price = cost(len(base), exponent, len(modulus))
        got = _native.precompile(5, data, price)
        assert got == (True, price, expected(base, exponent, modulus)), data.hex()
        assert _native.precompile(5, data, price - 1) == (False, price - 1, b"")


@pytest.mark.parametrize("size", [1, 8, 9, 32, 33, 72])
def test_structured_moduli(size: int) -> None:
    for modulus in {
        1,
        2,
        3,
        2 ** (8 * size) - 1,
        2 ** (8 * size - 1),
        2 ** (8 * size - 1) + 1,
        2 ** (4 * size) * 3 % 2 ** (8 * size),
    }:
        for base in {0, 1, 2, modulus - 1, modulus, 2 ** (8 * size) - 1, 2 ** (4 * size)}:
            for exponent in (0, 1, 2, 3, 255, 256, 2**64 - 1, 2**64, 2**255 + 1):
                parts = base.to_bytes(size, "big"), exponent.to_bytes(33, "big"), modulus.to_bytes(size, "big")
                assert _native.precompile(5, encode(*parts), 10**9)[2] == expected(*parts)


def test_input_that_ends_early() -> None:
    whole = encode(b"\x05" * 9, b"\x11" * 40, b"\xfb" * 13)
    for end in range(len(whole) + 1):
        padded = whole[:end] + bytes(len(whole) - end)
        sizes = [int.from_bytes(padded[i : i + 32], "big") for i in (0, 32, 64)]
        rest = padded[96:]
        base, exponent = rest[: sizes[0]], rest[sizes[0] : sizes[0] + sizes[1]]
        modulus = rest[sizes[0] + sizes[1] :][: sizes[2]]
        ok, gas, output = _native.precompile(5, whole[:end], 10**9)
        assert ok
        assert output == expected(base.ljust(sizes[0], b"\0"), exponent.ljust(sizes[1], b"\0"), modulus.ljust(sizes[2], b"\0"))
        assert gas == cost(sizes[0], exponent.ljust(sizes[1], b"\0"), sizes[2])


def test_lengths_nobody_can_pay() -> None:
    huge = 2**256 - 1
    for lengths in [(huge, 1, 1), (1, huge, 1), (1, 1, huge), (huge, huge, huge), (2**40, 0, 0), (0, 2**63, 1), (0, 2**64, 8)]:
        data = b"".join(value.to_bytes(32, "big") for value in lengths)
        assert _native.precompile(5, data, 2**64 - 1) == (False, 2**64 - 1, b""), lengths
    # No base and no modulus: nothing to do, whatever the exponent's length claims.
    data = bytes(32) + huge.to_bytes(32, "big") + bytes(32)
    assert _native.precompile(5, data, 200) == (True, 200, b"")


def test_exponent_of_trailing_zeros() -> None:
    """The bytes beyond the input are zeros that belong to the exponent's end."""
    data = (1).to_bytes(32, "big") + (64).to_bytes(32, "big") + (8).to_bytes(32, "big") + b"\x03\x01"
    assert _native.precompile(5, data, 10**6)[2] == bytes(8)  # the modulus lies beyond the input: zero

"""keccak256 stated plainly, from "The Keccak reference" 3.0: lanes in a 5 × 5 dictionary, steps by their names."""

from __future__ import annotations

RATE = 136
MASK = (1 << 64) - 1


def rotate(value: int, by: int) -> int:
    by %= 64
    return ((value << by) | (value >> (64 - by))) & MASK


def round_constants() -> list[int]:
    """Bits 2^j - 1 of constant i come from a linear feedback shift register over x^8 + x^6 + x^5 + x^4 + 1."""
    register, constants = 1, []
    for _ in range(24):
        constant = 0
        for j in range(7):
            if register & 1:
                constant |= 1 << ((1 << j) - 1)
            register = (register << 1) ^ (0x171 if register & 0x80 else 0)
        constants.append(constant)
    return constants


def rotations() -> dict[tuple[int, int], int]:
    """Offsets (t + 1)(t + 2) / 2 along the orbit of (1, 0) under (x, y) -> (y, 2x + 3y)."""
    offsets = {(0, 0): 0}
    x, y = 1, 0
    for t in range(24):
        offsets[x, y] = (t + 1) * (t + 2) // 2 % 64
        x, y = y, (2 * x + 3 * y) % 5
    return offsets


CONSTANTS = round_constants()
OFFSETS = rotations()


def permute(a: dict[tuple[int, int], int]) -> dict[tuple[int, int], int]:
    for constant in CONSTANTS:
        c = [a[x, 0] ^ a[x, 1] ^ a[x, 2] ^ a[x, 3] ^ a[x, 4] for x in range(5)]
        d = [c[(x - 1) % 5] ^ rotate(c[(x + 1) % 5], 1) for x in range(5)]
        b = {(y, (2 * x + 3 * y) % 5): rotate(a[x, y] ^ d[x], OFFSETS[x, y]) for x in range(5) for y in range(5)}
        a = {(x, y): b[x, y] ^ (~b[(x + 1) % 5, y] & MASK & b[(x + 2) % 5, y]) for x in range(5) for y in range(5)}
        a[0, 0] ^= constant
    return a


def keccak256(data: bytes) -> bytes:
    padded = bytearray(data) + b"\x01"
    padded += bytes(-len(padded) % RATE)
    padded[-1] |= 0x80
    state = {(x, y): 0 for x in range(5) for y in range(5)}
    for start in range(0, len(padded), RATE):
        for i in range(RATE // 8):
            state[i % 5, i // 5] ^= int.from_bytes(padded[start + 8 * i : start + 8 * i + 8], "little")
        state = permute(state)
    return b"".join(state[i, 0].to_bytes(8, "little") for i in range(4))

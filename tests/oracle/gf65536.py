"""GF(2^16) and its systematic Reed–Solomon code from their definitions, slow and plain.

Products are carry-less multiplications with a reduction, inverses a power, coefficients Lagrange's formula term by term: no
logarithms, no transform, which makes this an independent road to the same bytes.
"""

from __future__ import annotations

from functools import cache

POLYNOMIAL = 0x1002D


def multiply(a: int, b: int) -> int:
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a & 0x10000:
            a ^= POLYNOMIAL
        b >>= 1
    return product


@cache
def inverse(a: int) -> int:
    """``a`` to the power 2^16 - 2."""
    out, square = 1, a
    for _ in range(15):
        square = multiply(square, square)
        out = multiply(out, square)
    return out


def row(sources: list[int], target: int) -> list[int]:
    """What the values at the sources are multiplied with for the value at the target."""
    out = []
    for i, source in enumerate(sources):
        above = below = 1
        for j, other in enumerate(sources):
            if j != i:
                above, below = multiply(above, target ^ other), multiply(below, source ^ other)
        out.append(multiply(above, inverse(below)))
    return out


def combine(factors: list[int], shards: list[bytes]) -> bytes:
    out = bytearray(len(shards[0]))
    for factor, shard in zip(factors, shards, strict=True):
        for at in range(0, len(shard), 2):
            value = multiply(int.from_bytes(shard[at : at + 2], "little"), factor)
            out[at] ^= value & 255
            out[at + 1] ^= value >> 8
    return bytes(out)


def recover(shards: list[bytes], present: list[int], wanted: list[int]) -> list[bytes]:
    """Shards out of exactly k others."""
    return [combine(row(present, target), shards) for target in wanted]


def encode(data: list[bytes], parity_shards: int) -> list[bytes]:
    k = len(data)
    return recover(data, list(range(k)), list(range(k, k + parity_shards)))

"""GF(2^8) and its systematic Reed–Solomon code from their definitions, slow and plain.

The matrix is built as klauspost/reedsolomon and Backblaze do: a Vandermonde matrix times the inverse of its upper square. The
native code never builds it so (it uses Lagrange's formula), which makes this an independent road to the same bytes.
"""

from __future__ import annotations

from functools import cache

POLYNOMIAL = 0x11D

Matrix = list[list[int]]


@cache
def multiply(a: int, b: int) -> int:
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a & 0x100:
            a ^= POLYNOMIAL
        b >>= 1
    return product


def power(a: int, exponent: int) -> int:
    out = 1
    for _ in range(exponent):
        out = multiply(out, a)
    return out


@cache
def inverse(a: int) -> int:
    return next(b for b in range(1, 256) if multiply(a, b) == 1)


def invert(matrix: Matrix) -> Matrix:
    """Gauss and Jordan."""
    size = len(matrix)
    work = [[*row, *(int(i == j) for j in range(size))] for i, row in enumerate(matrix)]
    for column in range(size):
        pivot = next(row for row in range(column, size) if work[row][column])
        work[column], work[pivot] = work[pivot], work[column]
        scale = inverse(work[column][column])
        work[column] = [multiply(scale, value) for value in work[column]]
        for row in range(size):
            if row != column and work[row][column]:
                factor = work[row][column]
                work[row] = [value ^ multiply(factor, other) for value, other in zip(work[row], work[column], strict=True)]
    return [row[size:] for row in work]


def times(a: Matrix, b: Matrix) -> Matrix:
    out = []
    for row in a:
        made = [0] * len(b[0])
        for factor, other in zip(row, b, strict=True):
            made = [value ^ multiply(factor, item) for value, item in zip(made, other, strict=True)]
        out.append(made)
    return out


@cache
def code_matrix(data_shards: int, parity_shards: int) -> Matrix:
    """All k + m rows; the first k are the identity."""
    vandermonde = [[power(row, column) for column in range(data_shards)] for row in range(data_shards + parity_shards)]
    return times(vandermonde, invert(vandermonde[:data_shards]))


def combine(matrix: Matrix, shards: list[bytes]) -> list[bytes]:
    tables = {value: bytes(multiply(value, byte) for byte in range(256)) for row in matrix for value in row}
    out = []
    for row in matrix:
        total = 0
        for factor, shard in zip(row, shards, strict=True):
            total ^= int.from_bytes(shard.translate(tables[factor]), "big")
        out.append(total.to_bytes(len(shards[0]), "big"))
    return out


def encode(data: list[bytes], parity_shards: int) -> list[bytes]:
    return combine(code_matrix(len(data), parity_shards)[len(data) :], data)


def recover(shards: list[bytes], present: list[int], data_shards: int, parity_shards: int, wanted: list[int]) -> list[bytes]:
    matrix = code_matrix(data_shards, parity_shards)
    decode = invert([matrix[number] for number in present[:data_shards]])
    return combine(times([matrix[number] for number in wanted], decode), shards[:data_shards])

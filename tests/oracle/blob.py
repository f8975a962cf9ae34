"""Blobs of 0G DA as matrices over Fr: padding, extension, trees, recovery, from docs/protocol/da.md alone. Slow."""

from __future__ import annotations

from oracle import fr
from oracle.keccak256 import keccak256

TRAILER = 4


def pad(data: bytes, rows: int, columns: int) -> bytes:
    """Zeros, then the length in the last four bytes."""
    size = 31 * rows * columns
    return data + bytes(size - TRAILER - len(data)) + len(data).to_bytes(4, "little")


def symbols(padded: bytes) -> list[int]:
    """31 bytes each, little-endian."""
    return [int.from_bytes(padded[at : at + 31], "little") for at in range(0, len(padded), 31)]


def coset_factor(coset: int, rows: int, columns: int) -> int:
    """root28^(rev(coset)), the reversal over 28 - log N bits."""
    bits = 28 - (rows * columns).bit_length() + 1
    reversed_index = int(f"{coset:0{bits}b}"[::-1], 2)
    return pow(fr.root_of_unity(28), reversed_index, fr.R)


def point(coset: int, i: int, j: int, rows: int, columns: int) -> int:
    """X(c, i, j) = k_c w^(j R + i)."""
    w = fr.root_of_unity((rows * columns).bit_length() - 1)
    return coset_factor(coset, rows, columns) * pow(w, j * rows + i, fr.R) % fr.R


def extend(cells: list[int], rows: int, columns: int) -> list[list[int]]:
    """All 3 R rows, by interpolation and Horner's rule."""
    ordered = [cells[i * columns + j] for j in range(columns) for i in range(rows)]
    coefficients = fr.inverse_transform(ordered)
    return [
        [fr.evaluate(coefficients, point(c, i, j, rows, columns)) for j in range(columns)]
        for c in range(3)
        for i in range(rows)
    ]


def interpolate(rows_known: dict[int, list[int]], rows: int, columns: int) -> list[int]:
    """The systematic cells from any R rows: Lagrange over the points of whole rows, F_j by F_j (da.md §1.6)."""
    zeta = fr.root_of_unity(columns.bit_length() - 1)
    inner: dict[int, list[int]] = {}
    for g, values in rows_known.items():
        base = point(g // rows, g % rows, 0, rows, columns)
        scale, turn = pow(columns, -1, fr.R), pow(zeta, -1, fr.R)
        down = pow(base, -1, fr.R)
        inner[g] = [
            sum(v * pow(turn, j * m, fr.R) for j, v in enumerate(values)) * scale * pow(down, m, fr.R) % fr.R
            for m in range(columns)
        ]
    ys = {g: pow(point(g // rows, g % rows, 0, rows, columns), columns, fr.R) for g in rows_known}
    out = []
    for i in range(rows):
        base = point(0, i, 0, rows, columns)
        y = pow(base, columns, fr.R)
        weights = {}
        for g in ys:
            weight = 1
            for h in ys:
                if h != g:
                    weight = weight * (y - ys[h]) * pow(ys[g] - ys[h], -1, fr.R) % fr.R
            weights[g] = weight
        column_values = [sum(weights[g] * inner[g][m] for g in ys) * pow(base, m, fr.R) % fr.R for m in range(columns)]
        out.extend([fr.evaluate(column_values, pow(zeta, j, fr.R)) for j in range(columns)])
    return out


def row_bytes(row: list[int]) -> bytes:
    return b"".join(value.to_bytes(32, "little") for value in row)


def tree(leaves: list[bytes]) -> list[list[bytes]]:
    """Levels, leaves first; a power of two of them."""
    levels = [leaves]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([keccak256(below[i] + below[i + 1]) for i in range(0, len(below), 2)])
    return levels


def row_levels(row: list[int]) -> list[list[bytes]]:
    data = row_bytes(row)
    return tree([keccak256(data[at : at + 256]) for at in range(0, len(data), 256)])


def roots(matrix: list[list[int]]) -> tuple[bytes, list[bytes], list[bytes]]:
    """The data root, the three blob roots, the row roots."""
    count = len(matrix) // 3
    row_roots = [row_levels(row)[-1][0] for row in matrix]
    blob_roots = [tree(row_roots[c * count : (c + 1) * count])[-1][0] for c in range(3)]
    return keccak256(keccak256(blob_roots[0] + blob_roots[1]) + blob_roots[2]), blob_roots, row_roots

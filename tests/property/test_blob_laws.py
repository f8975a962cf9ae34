"""Laws of the DA code: linear, any third of the rows is enough, rows are remainders of one polynomial, no bit may flip."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zerog.errors import InvalidInput
from zerog.primitives import blob, fields
from zerog.primitives.blob import Geometry

R = fields.FR_MODULUS
GEOMETRIES = st.builds(Geometry, st.sampled_from([2, 4, 8, 16, 64]), st.sampled_from([2, 4, 8, 32]))


def words(view: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(view).view(np.uint64).reshape(-1, 4)


def random_cells(rng: random.Random, geometry: Geometry) -> np.ndarray:
    return fields.from_ints([rng.randrange(R) for _ in range(geometry.rows * geometry.columns)])


@settings(max_examples=25, deadline=None)
@given(GEOMETRIES, st.integers(0, 2**32))
def test_linear(geometry: Geometry, seed: int) -> None:
    rng = random.Random(seed)
    a, b = random_cells(rng, geometry), random_cells(rng, geometry)
    left, right = blob.extend(a, geometry), blob.extend(b, geometry)
    both = blob.extend(fields.add(a, b), geometry)
    assert (fields.add(words(left.matrix), words(right.matrix)) == words(both.matrix)).all()
    factor = fields.from_ints([rng.randrange(R)] * len(a))
    scaled = blob.extend(fields.mul(a, factor), geometry)
    every = np.repeat(factor[:1], 3 * len(a), axis=0)
    assert (fields.mul(words(left.matrix), every) == words(scaled.matrix)).all()


@settings(max_examples=40, deadline=None)
@given(GEOMETRIES, st.data())
def test_any_third_recovers(geometry: Geometry, data: st.DataObject) -> None:
    payload = data.draw(st.binary(max_size=geometry.data_size_bytes_max))
    made = blob.encode(payload, geometry)
    rng = random.Random(data.draw(st.integers(0, 2**32)))
    count = data.draw(st.integers(geometry.rows, geometry.rows_encoded))
    present = rng.sample(range(geometry.rows_encoded), count)
    back = blob.recover(present, made.matrix[present], geometry)
    assert back.data_root == made.data_root
    assert back.data() == payload
    with pytest.raises(InvalidInput):
        blob.recover(present[: geometry.rows - 1], made.matrix[present[: geometry.rows - 1]], geometry)


@settings(max_examples=20, deadline=None)
@given(GEOMETRIES, st.integers(0, 2**32))
def test_rows_are_remainders(geometry: Geometry, seed: int) -> None:
    """Row g is f mod (x^C - y_g) on a coset of the C-th roots; the y are 4R-th roots of unity (da.md §1.6)."""
    rng = random.Random(seed)
    rows, columns = geometry
    made = blob.extend(random_cells(rng, geometry), geometry, keep_coefficients=True)
    assert made.coefficients is not None
    coefficients = fields.to_ints(made.coefficients)
    log_n, log_c = (rows * columns).bit_length() - 1, columns.bit_length() - 1
    w, g_wide = fields.root_of_unity(log_n), fields.root_of_unity(rows.bit_length() + 1)
    for _ in range(4):
        coset, i = rng.randrange(3), rng.randrange(rows)
        k = fields.root_of_unity(log_n + coset) if coset else 1
        base = k * pow(w, i, R) % R
        y = pow(base, columns, R)
        assert y == pow(g_wide, 4 * i + (0, 2, 1)[coset], R)
        remainder = [0] * columns
        for place, coefficient in enumerate(coefficients):
            remainder[place % columns] = (remainder[place % columns] + coefficient * pow(y, place // columns, R)) % R
        values = fields.transform(fields.from_ints(remainder), log_c, shift=base)
        assert (values == words(made.matrix[coset * rows + i])).all()


def test_no_bit_may_flip(seed: int) -> None:
    """10,000 single bits, in rows, proofs, roots and positions: nothing is accepted."""
    rng, geometry = random.Random(seed), Geometry(64, 32)
    made = blob.encode(rng.randbytes(geometry.data_size_bytes_max), geometry)
    roots = b"".join(made.blob_roots)
    rows = [(made.row(g), b"".join(made.row_proof(g))) for g in range(192)]
    for _ in range(10_000):
        index = rng.randrange(192)
        row, proof = rows[index]
        parts = [
            bytearray(row),
            bytearray(proof),
            bytearray(roots),
            bytearray(made.data_root),
            bytearray(index.to_bytes(1, "little")),
        ]
        place = rng.randrange(5)
        bit = rng.randrange(8 * len(parts[place]))
        parts[place][bit // 8] ^= 1 << bit % 8
        split = [[bytes(part[at : at + 32]) for at in range(0, len(part), 32)] for part in parts[1:3]]
        assert not blob.verify_row(parts[4][0], parts[0], split[0], split[1], bytes(parts[3]), geometry)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 11), st.integers(1, R - 1), st.integers(0, 2**32))
def test_transform_laws(log_size: int, shift: int, seed: int) -> None:
    """There and back, a shift in one domain is a factor in the other, products are convolutions."""
    rng, n = random.Random(seed), 1 << log_size
    a = fields.from_ints([rng.randrange(R) for _ in range(n)])
    there = fields.transform(a, log_size, shift=shift)
    assert (fields.transform(there, log_size, inverse=True, shift=shift) == a).all()
    weights = fields.from_ints([pow(shift, k, R) for k in range(n)])
    assert (fields.transform(fields.mul(a, weights), log_size) == there).all()
    if log_size == 0:
        return
    # x^(n/2) · a on the subgroup: every other value changes its sign, the coefficients turn by half.
    turned = np.roll(a, n // 2, axis=0)
    signs = fields.from_ints([1 if i % 2 == 0 else R - 1 for i in range(n)])
    assert (fields.transform(turned, log_size) == fields.mul(fields.transform(a, log_size), signs)).all()

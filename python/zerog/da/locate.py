"""Which rows of a blob are false, found from the rows themselves: no proofs, no setup.

A row is a polynomial of degree below ``columns``: the blob's polynomial modulo ``x^columns - y`` with a ``y`` of the row's own.
All rows at one random point are one Reed-Solomon word over those ``y``, of dimension ``rows``; a false row is an error in it,
whatever its cells, except with probability below 2^-240. Syndromes and Berlekamp-Massey find up to half of the surplus.

This runs only after rows without proofs turned out to be false: about n² modular products in Python for n rows, tens of seconds
in the network's geometry, and stops when it is told to.
Source: da.md §1.6; J. Massey, "Shift-register synthesis and BCH decoding", 1969.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from zerog.errors import InvalidInput
from zerog.primitives.blob import CELL_SIZE_BYTES, Geometry
from zerog.primitives.fields import FR_MODULUS, root_of_unity

ORDER: Final = FR_MODULUS
_ROOT28: Final = root_of_unity(28)


def false_rows(
    rows: Mapping[int, bytes], geometry: Geometry, point: int, *, stop: Callable[[], None] = lambda: None
) -> list[int] | None:
    """The numbers of the rows that do not fit the others.

    Args:
        rows: cells by row number, more than ``geometry.rows`` of them, all cells below the modulus.
        point: random, and unknown to whoever made the rows.
        stop: called every few milliseconds; raises to end the search.

    Returns:
        The false rows, perhaps none; None when there are more than half of the surplus, or nothing fits.
    """
    numbers = sorted(rows)
    surplus = len(numbers) - geometry.rows
    if surplus <= 0:
        return None
    bases = [_base(number, geometry) for number in numbers]
    places = [pow(base, geometry.columns, ORDER) for base in bases]
    values = []
    for number, base, place in zip(numbers, bases, places, strict=True):
        stop()
        values.append(_value_at(point, rows[number], base, place, geometry))
    weights = _invert(_derivatives(places, stop))
    terms = [weight * value % ORDER for weight, value in zip(weights, values, strict=True)]
    syndromes = []
    for _ in range(surplus):
        stop()
        syndromes.append(sum(terms) % ORDER)
        terms = [term * place % ORDER for term, place in zip(terms, places, strict=True)]
    locator = _shortest_recurrence(syndromes, stop)
    count = len(locator) - 1
    if 2 * count > surplus:
        return None
    # The reversed locator has the places themselves as its roots.
    found = [number for number, place in zip(numbers, places, strict=True) if _horner(locator, place) == 0]
    return found if len(found) == count else None


def _base(number: int, geometry: Geometry) -> int:
    """k_c · omega^i, the first point of the row."""
    count_log2 = (geometry.rows * geometry.columns).bit_length() - 1
    coset, local = divmod(number, geometry.rows)
    bits = 28 - count_log2
    exponent = int(f"{coset:0{bits}b}"[::-1], 2) + (local << bits)
    return pow(_ROOT28, exponent, ORDER)


def _value_at(point: int, row: bytes, base: int, place: int, geometry: Geometry) -> int:
    """The row's polynomial at ``point``, from its values at ``base · zeta^j`` (the barycentric formula of roots of unity)."""
    if len(row) != geometry.row_size_bytes:
        raise InvalidInput(f"row: expected {geometry.row_size_bytes} bytes, found {len(row)}")
    count_log2 = (geometry.rows * geometry.columns).bit_length() - 1
    zeta = pow(_ROOT28, geometry.rows << (28 - count_log2), ORDER)
    points = []
    at = base
    for _ in range(geometry.columns):
        points.append(at)
        at = at * zeta % ORDER
    inverses = _invert([(point - each) % ORDER for each in points])
    total = 0
    for column, (each, inverse) in enumerate(zip(points, inverses, strict=True)):
        cell = int.from_bytes(row[CELL_SIZE_BYTES * column : CELL_SIZE_BYTES * (column + 1)], "little")
        total += cell * (each * inverse % ORDER)
    scale = (pow(point, geometry.columns, ORDER) - place) * pow(geometry.columns * place, -1, ORDER)
    return total * scale % ORDER


def _derivatives(places: list[int], stop: Callable[[], None]) -> list[int]:
    """M'(y) at every root of M = prod (X - y)."""
    found = []
    for place in places:
        stop()
        product = 1
        for other in places:
            if other != place:
                product = product * (place - other) % ORDER
        found.append(product)
    return found


def _invert(values: list[int]) -> list[int]:
    """Inverses of many with one inversion. A zero is not expected: the point is random, places differ."""
    products = [1]
    for value in values:
        products.append(products[-1] * value % ORDER)
    left = pow(products[-1], -1, ORDER)
    inverses = [0] * len(values)
    for index in range(len(values) - 1, -1, -1):
        inverses[index] = left * products[index] % ORDER
        left = left * values[index] % ORDER
    return inverses


def _shortest_recurrence(sequence: list[int], stop: Callable[[], None]) -> list[int]:
    """Coefficients 1, c1, ..., cL with s[n] + c1 s[n-1] + ... + cL s[n-L] = 0, L as small as can be (Berlekamp-Massey)."""
    current, previous = [1], [1]
    length, shift, last = 0, 1, 1
    for index, value in enumerate(sequence):
        stop()
        gap = value
        for back in range(1, min(length, len(current) - 1) + 1):
            gap += current[back] * sequence[index - back]
        gap %= ORDER
        if gap == 0:
            shift += 1
            continue
        factor = gap * pow(last, -1, ORDER) % ORDER
        before = current
        current = current + [0] * (len(previous) + shift - len(current))
        for at, each in enumerate(previous, shift):
            current[at] = (current[at] - factor * each) % ORDER
        if 2 * length <= index:
            length, previous, last, shift = index + 1 - length, before, gap, 1
        else:
            shift += 1
    return (current + [0] * (length + 1 - len(current)))[: length + 1]


def _horner(coefficients: list[int], at: int) -> int:
    """c0·x^L + c1·x^(L-1) + ... + cL."""
    total = 0
    for each in coefficients:
        total = (total * at + each) % ORDER
    return total

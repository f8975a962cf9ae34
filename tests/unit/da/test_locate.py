"""False rows are found by number, up to half of the surplus, whatever was done to them."""

from __future__ import annotations

import random

import pytest

from zerog.da.locate import ORDER, false_rows
from zerog.primitives import blob
from zerog.primitives.blob import Geometry

SMALL = Geometry(8, 4)
TEST = Geometry(64, 32)


def _rows(geometry: Geometry, rng: random.Random) -> dict[int, bytes]:
    made = blob.encode(rng.randbytes(geometry.data_size_bytes_max - 5), geometry)
    return {number: made.row(number) for number in range(geometry.rows_encoded)}


def _spoil(row: bytes, rng: random.Random) -> bytes:
    at = 32 * rng.randrange(len(row) // 32)
    cell = (int.from_bytes(row[at : at + 32], "little") + rng.randrange(1, ORDER)) % ORDER
    return row[:at] + cell.to_bytes(32, "little") + row[at + 32 :]


@pytest.mark.parametrize("geometry", [SMALL, TEST, Geometry(4, 16)])
def test_up_to_half_of_the_surplus_is_found(geometry: Geometry, seed: int) -> None:
    rng = random.Random(seed)
    rows = _rows(geometry, rng)
    point = rng.randrange(ORDER)
    assert false_rows(rows, geometry, point) == []
    for count in (1, geometry.rows):
        bad = sorted(rng.sample(sorted(rows), count))
        spoilt = rows | {number: _spoil(rows[number], rng) for number in bad}
        assert false_rows(spoilt, geometry, point) == bad


def test_of_any_rows_that_came(seed: int) -> None:
    rng = random.Random(seed)
    rows = _rows(SMALL, rng)
    chosen = rng.sample(sorted(rows), 12)
    bad = sorted(rng.sample(chosen, 2))
    spoilt = {number: _spoil(rows[number], rng) if number in bad else rows[number] for number in chosen}
    assert false_rows(spoilt, SMALL, rng.randrange(ORDER)) == bad


def test_too_many_are_not_guessed(seed: int) -> None:
    rng = random.Random(seed)
    rows = _rows(SMALL, rng)
    spoilt = rows | {number: _spoil(rows[number], rng) for number in rng.sample(sorted(rows), SMALL.rows + 1)}
    assert false_rows(spoilt, SMALL, rng.randrange(ORDER)) is None
    assert false_rows({number: rows[number] for number in range(SMALL.rows)}, SMALL, 7) is None


def test_a_search_stops_when_it_is_told_to(seed: int) -> None:
    rows = _rows(TEST, random.Random(seed))

    def until(limit: int) -> int:
        asked = 0

        def stop() -> None:
            nonlocal asked
            asked += 1
            if asked == limit:
                raise TimeoutError

        false_rows(rows, TEST, 5, stop=stop)
        return asked

    every = until(0)
    for limit in (1, every // 2, every):
        with pytest.raises(TimeoutError):
            until(limit)

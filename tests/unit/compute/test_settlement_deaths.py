"""Each charge is settled once, whatever dies when and whatever the chain does: every kill point, from many seeds, to the wei.

``ZEROG_TEST_SETTLEMENTS=1000 pytest -s -m slow tests/unit/compute/test_settlement_deaths.py -k every_point`` is the long run
that docs/testing.md tells of.
"""

from __future__ import annotations

import os
from collections import Counter

import pytest
from tests.unit.compute.settling_kit import KILLS, World

pytestmark = [pytest.mark.slow, pytest.mark.timeout(3600)]

SEEDS = int(os.environ.get("ZEROG_TEST_SETTLEMENTS", "20"))


async def test_every_point_from_many_seeds(seed: int) -> None:
    reached: Counter[str] = Counter()
    lives = charges = 0
    for number in range(SEEDS):
        world = World(seed + number)
        order = list(KILLS)
        world.draw.shuffle(order)
        for point in order:
            try:
                await world.live(point)
            except Exception as error:
                raise AssertionError(f"ZEROG_SEED={seed + number} point {point} of {order}") from error
        reached += world.reached
        lives, charges = lives + world.lives, charges + world.charges
    deaths = ", ".join(f"{point} {reached[point]}" for point in KILLS)
    print(f"\n{SEEDS} worlds from seed {seed}: {lives} lives, {charges} charges, each settled once; deaths: {deaths}")
    assert all(reached[point] >= SEEDS for point in KILLS), reached

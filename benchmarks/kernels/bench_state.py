"""Look-ups in the flat state by its size: one after another, and with coming entries fetched ahead as block execution does."""

from __future__ import annotations

import random
import statistics
import time
from typing import Any

from measure import TINY, keep
from zerog import _native

SIZES = (1_000,) if TINY else (10_000, 100_000, 1_000_000)
LOOKUPS = 1_000 if TINY else 300_000
TURNS = 2 if TINY else 7
PIECE = 50_000


def address(number: int) -> bytes:
    return (number * 0x9E3779B97F4A7C15 & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "big") + number.to_bytes(12, "big")


def grow(world: Any, begin: int, end: int) -> None:
    """Accounts with their number as nonce, some in a block."""
    empty = bytes(_native.keccak256(b""))
    for first in range(begin, end, PIECE):
        numbers = range(first, min(first + PIECE, end))
        world.stage([(address(n), (n, 1, empty), False, {}) for n in numbers])
        world.commit(world.head + 1, bytes(32))


def test_lookups() -> None:
    rows: dict[str, dict[str, float]] = {}
    world, size = _native.World(), 0
    world.set_history_blocks(1)
    rng = random.Random(3)
    for wanted in SIZES:
        grow(world, size, wanted)
        size = wanted
        numbers = [rng.randrange(size) for _ in range(LOOKUPS)]
        addresses = b"".join(address(n) for n in numbers)
        expected = b"".join(n.to_bytes(8, "little") for n in numbers)
        seconds: dict[bool, list[float]] = {False: [], True: []}
        for _ in range(TURNS):
            for ahead, taken in seconds.items():
                begun = time.process_time()
                found = world.nonces(addresses, ahead=ahead)
                taken.append(time.process_time() - begun)
                assert found == expected
        row = {
            "ns_median": round(statistics.median(seconds[False]) / LOOKUPS * 1e9, 1),
            "ns_ahead_median": round(statistics.median(seconds[True]) / LOOKUPS * 1e9, 1),
        }
        rows[f"{size} accounts"] = row
        print(f"\n{size} accounts: {row}")
    keep("state", rows)

"""The erasure-coded class over real nodes on a simulated chain: nodes die with their disks, lie, and are replaced."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.unit.storage.fleet import Fleet, reads
from tests.unit.storage.harness import SimulatedEth
from tests.unit.storage.test_transfers import MiningPayer

from zerog.storage.client import UploadOptions
from zerog.storage.erasure.manifest import Code
from zerog.storage.layout import SEGMENT
from zerog.storage.remote import Remote

pytestmark = pytest.mark.timeout(300)

QUICK = UploadOptions(timeout_s=20)


@pytest.fixture
async def fleet(tmp_path: Path, eth: SimulatedEth) -> AsyncIterator[Fleet]:
    async with Remote(timeout_s=10, pause_s=0.01) as remote:
        made = Fleet(tmp_path / "nodes", eth, remote, MiningPayer(eth))
        made.home.mkdir()
        yield made
        for _, stack in made.alive.values():
            with suppress(asyncio.CancelledError):
                await stack.aclose()


async def test_nodes_die_and_are_replaced(fleet: Fleet, seed: int) -> None:
    chance = random.Random(seed)
    await fleet.add(5)
    storage = fleet.storage()
    data = chance.randbytes(7 * SEGMENT + 4711)
    done = await storage.upload(data, erasure=Code(3, 2), options=QUICK)
    (root,) = done.roots
    assert done.durability[0].losses == 2
    assert done.durability[0].full
    # Each segment once: no node has the whole file.
    assert sum(counts[0] for _, _, *counts in done.durability[0].nodes) == 8
    await reads(storage, root, data)
    for _ in range(2):
        await fleet.destroy_some(chance, 2)
        now = await storage.durability(root, prove=True)
        assert (now.losses, now.lost, now.full) == (0, 0, False)
        await reads(storage, root, data)
        await fleet.add(2)
        repaired = await fleet.storage().repair(root)
        assert repaired.rebuilt > 0
        storage = fleet.storage()
        now = await storage.durability(root, prove=True)
        assert (now.losses, now.missing, now.full) == (2, 0, True)
    again = await storage.repair(root)
    assert (again.rebuilt, again.copied) == (0, 0)
    assert len(fleet.payer.transactions) == 1

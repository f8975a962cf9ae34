"""A simulated chain, and a storage node over it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.storage.harness import Running, SimulatedEth, running


@pytest.fixture
def eth() -> SimulatedEth:
    return SimulatedEth()


@pytest.fixture
async def node(tmp_path: Path, eth: SimulatedEth) -> AsyncIterator[Running]:
    async with running(tmp_path / "node", eth) as started:
        yield started

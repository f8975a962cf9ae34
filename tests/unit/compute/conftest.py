"""A chain with a model server, once for a module; each test starts providers on it as it likes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.compute import provider_kit


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[provider_kit.World]:
    async with provider_kit.world(tmp_path) as made:
        yield made

"""Fixtures that every test may use.

``seed`` is printed so that a failure can be replayed with ``ZEROG_SEED``; ``node_home`` is a private directory of mode 0700.
In CI seeds are fixed and hypothesis is derandomised; elsewhere both are random.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
SEED_IN_CI = 20_261_122

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """The seed of ``ZEROG_SEED``; without it one fixed in CI and random elsewhere. Shown with a failure."""
    value = int(os.environ.get("ZEROG_SEED") or (SEED_IN_CI if os.environ.get("CI") else secrets.randbits(32)))
    request.node.add_report_section("setup", "seed", f"ZEROG_SEED={value}")
    return value


@pytest.fixture
def node_home(tmp_path: Path) -> Path:
    """An empty data directory as a node would make it."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    return home

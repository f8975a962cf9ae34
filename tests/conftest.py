"""Fixtures that every test may use.

``backend`` runs a test once for each backend of the kernel named by the ``kernel`` marker argument or fixture; ``seed``
is printed so that a failure can be replayed with ``ZEROG_SEED``; ``node_home`` is a private directory of mode 0700.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """A random seed, the one of ``ZEROG_SEED`` when set; shown with a failure."""
    value = int(os.environ.get("ZEROG_SEED") or secrets.randbits(32))
    request.node.add_report_section("setup", "seed", f"ZEROG_SEED={value}")
    return value


@pytest.fixture
def node_home(tmp_path: Path) -> Path:
    """An empty data directory as a node would make it."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    return home

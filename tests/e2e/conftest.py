"""A local network of real processes, one for the tests that only use it, and the command line to drive others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

COMMAND_TIMEOUT_S = 400


@dataclass(frozen=True)
class Zerog:
    """``zerog`` as a person runs it, with a home of its own; ``person``: the folder of whoever does, if not of us."""

    home: Path
    person: Path | None = None

    def run(self, *arguments: str, input: str | None = None) -> subprocess.CompletedProcess[str]:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("ZEROG_")}
        environment |= {"ZEROG_HOME": str(self.home), "ZEROG_KEYS": str(self.home.parent / "keys"), "COLUMNS": "140"}
        environment |= {} if self.person is None else {"HOME": str(self.person)}
        return subprocess.run(
            [sys.executable, "-m", "zerog", *arguments],
            env=environment, input=input, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S,
        )  # fmt: skip

    def json(self, *arguments: str) -> Any:
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout)

    def fails(self, code: int, *arguments: str) -> str:
        done = self.run(*arguments)
        assert done.returncode == code, f"{arguments}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
        return done.stderr


@pytest.fixture
def zerog(tmp_path: Path) -> Iterator[Zerog]:
    made = Zerog(tmp_path / "devnet")
    yield made
    made.run("devnet", "down")


@dataclass(frozen=True)
class Network:
    """A running local network."""

    zerog: Zerog
    status: dict[str, Any]


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """A chain for a whole module; blocks come every 100 ms so that waiting for heights is short."""
    made = Zerog(tmp_path_factory.mktemp("network") / "devnet")
    ports = ("--rpc-port", "0", "--ws-port", "0")
    status = made.json("devnet", "up", "--detach", *ports, "--block-ms", "100", "--no-storage", "--no-da", "--no-compute")
    yield Network(made, status)
    made.run("devnet", "down")


@pytest.fixture(scope="module")
def whole_network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """A network with everything of storage that ``zerog devnet up`` starts: nodes, indexer, repair."""
    made = Zerog(tmp_path_factory.mktemp("whole") / "devnet")
    status = made.json(
        "devnet", "up", "--detach", "--rpc-port", "0", "--ws-port", "0", "--block-ms", "100", "--no-da", "--no-compute"
    )
    yield Network(made, status)
    made.run("devnet", "down")

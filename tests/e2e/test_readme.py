"""Every command of the README runs, in order, as a reader would type it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
COMMAND_TIMEOUT_S = 120

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.M | re.S)


def test_shell_commands(tmp_path: Path) -> None:
    """The sh blocks share one home; the two root scripts are run by CI itself and by test_demo."""
    commands = [line for block in blocks("sh") for line in block.splitlines() if line.strip()]
    assert len(commands) > 5
    environment = os.environ | {"ZEROG_HOME": str(tmp_path / "home"), "COLUMNS": "120"}
    bin_folder = Path(sys.executable).parent
    try:
        for command in commands:
            typed = command.replace(".venv/bin/", f"{bin_folder}/")
            done = subprocess.run(typed, shell=True, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S)
            assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
            assert done.stdout.strip(), f"{command} printed nothing"
    finally:
        subprocess.run([bin_folder / "zerog", "devnet", "down"], env=environment, capture_output=True, timeout=COMMAND_TIMEOUT_S)


def test_python_examples() -> None:
    for block in blocks("python"):
        done = subprocess.run([sys.executable, "-W", "error", "-c", block], capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S)
        assert done.returncode == 0, f"{block}\n{done.stderr}"


def test_demo(tmp_path: Path) -> None:
    """./demo in a home of its own: the network starts, the lives run, it says what to do next."""
    environment = os.environ | {"ZEROG_HOME": str(tmp_path / "home"), "COLUMNS": "120"}
    bin_folder = Path(sys.executable).parent
    try:
        done = subprocess.run([ROOT / "demo"], env=environment, capture_output=True, text=True, timeout=600, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        for wanted in ("http://127.0.0.1:", "16601", "0x"):
            assert wanted in done.stdout
    finally:
        subprocess.run([bin_folder / "zerog", "devnet", "down"], env=environment, capture_output=True, timeout=COMMAND_TIMEOUT_S)

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
COMMAND_TIMEOUT_S = 400

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


def run(
    command: str | list[str], environment: dict[str, str], *, shell: bool = False, timeout_s: int = COMMAND_TIMEOUT_S
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        shell=shell,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout_s,
        stdin=subprocess.DEVNULL,
    )


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
            done = run(typed, environment, shell=True)
            assert done.returncode == 0, f"{command}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
            assert done.stdout.strip(), f"{command} printed nothing"
    finally:
        run([str(bin_folder / "zerog"), "devnet", "down"], environment)


def test_python_examples() -> None:
    for block in blocks("python"):
        done = run([sys.executable, "-W", "error", "-c", block], dict(os.environ))
        assert done.returncode == 0, f"{block}\n{done.stderr}"


def test_demo(tmp_path: Path) -> None:
    """./demo in a home of its own: the network starts, the lives run, it says what to do next."""
    environment = os.environ | {"ZEROG_HOME": str(tmp_path / "home"), "COLUMNS": "120"}
    bin_folder = Path(sys.executable).parent
    try:
        done = run([str(ROOT / "demo")], environment, timeout_s=600)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        for wanted in ("http://127.0.0.1:", "16601", "indexer and gateway", "3,000,000 bytes stored as 0x", "storage upload"):
            assert wanted in done.stdout
    finally:
        run([str(bin_folder / "zerog"), "devnet", "down"], environment)

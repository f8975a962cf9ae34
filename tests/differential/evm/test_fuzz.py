"""The differential fuzz against EELS as a test: ``ZEROG_FUZZ_CASES`` cases (20,000 in CI), zero differences.

``ZEROG_EELS_PYTHON`` names the python of a virtual environment with ethereum-execution; without it one is made under build/.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
EELS = "ethereum-execution==2.20.0"
CASES = int(os.environ.get("ZEROG_FUZZ_CASES") or (20_000 if os.environ.get("CI") else 2_000))


def eels_python() -> str:
    """The oracle's interpreter; the environment is made once and kept."""
    if given := os.environ.get("ZEROG_EELS_PYTHON"):
        return given
    home = ROOT / "build" / "eels"
    python = home / "bin" / "python"
    done = home / "installed"
    if not done.exists():
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", EELS], check=True, timeout=300)
        done.write_text(EELS + "\n")
    return str(python)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_random_transactions_end_as_the_specification_says(seed: int) -> None:
    command = [
        sys.executable,
        str(Path(__file__).with_name("fuzz.py")),
        "--eels",
        eels_python(),
        "--cases",
        str(CASES),
        "--seed",
        str(seed),
    ]
    done = subprocess.run(
        [*command, "--workers", str(os.cpu_count() or 1)], capture_output=True, text=True, timeout=1700, check=False
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert f"{CASES} cases in" in done.stdout

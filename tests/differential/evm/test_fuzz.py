"""The differential fuzz against EELS as a test: ``ZEROG_FUZZ_CASES`` cases (20,000 in CI), zero differences.

``ZEROG_EELS_PYTHON`` names the python of a virtual environment with ethereum-execution; without it one is made under build/.
"""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import generator

import fuzz

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


def test_the_comparison_sees_every_kind_of_difference() -> None:
    case = next(
        c for c in map(generator.case, range(1000)) if c["withdrawals"] and c["fork"] == "prague" and len(c["transactions"]) > 2
    )

    def answer() -> dict[str, Any]:
        results, requests, world, root = fuzz.ours(case)
        return {"results": [{**r, "why": ""} for r in results], "requests": requests, "accounts": world.dump(), "root": root}

    assert fuzz.differences(case, answer()) == []
    index = next(i for i, r in enumerate(answer()["results"]) if r["valid"])
    address = generator.SENDERS[0]

    def result(name: str, value: Any) -> dict[str, Any]:
        spoiled = answer()
        spoiled["results"][index][name] = value
        return spoiled

    def account(name: str, value: Any) -> dict[str, Any]:
        spoiled = answer()
        spoiled["accounts"][address][name] = value
        return spoiled

    spoiled_answers = [
        *(result("valid", False), result("success", None), result("gas_used", 0), result("output", b"?"), result("logs", None)),
        *(account("nonce", -1), account("balance", -1), account("code", b"?"), account("storage", {1: 77})),
        *({**answer(), "root": bytes(32)}, {**answer(), "requests": [b"?"]}, {"broken": "?"}),
    ]
    for spoiled in spoiled_answers:
        assert len(fuzz.differences(case, spoiled)) == 1


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

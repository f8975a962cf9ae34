"""ethers v6, unmodified, from npm: deploy, call, estimate, logs, batches, subscriptions, transaction types 0, 1, 2 and 4."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.e2e.conftest import Network

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

HERE = Path(__file__).parent / "ethers"
ARTIFACTS = Path(__file__).resolve().parents[2] / "python" / "zerog" / "contracts" / "artifacts"


@pytest.fixture(scope="module")
def project() -> Path:
    if shutil.which("node") is None or shutil.which("npm") is None:
        assert not os.environ.get("CI"), "CI must have node and npm"
        pytest.skip("node and npm are not installed")
    if not (HERE / "node_modules" / "ethers").exists():
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
        subprocess.run(command, cwd=HERE, check=True, timeout=300)
    return HERE


def test_ethers(project: Path, network: Network) -> None:
    status = network.status
    done = subprocess.run(
        ["node", "run.mjs", status["rpc_url"], status["ws_url"], status["accounts"][0]["private_key"], str(ARTIFACTS)],
        cwd=project, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    seen = json.loads(done.stdout)
    assert seen["types"] == [0, 1, 2, 4]
    assert seen["subscriptions"] >= 1

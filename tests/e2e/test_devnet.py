"""The local network's own life: up, status, kill -9, up again, down, reset; and who may not have it."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import stat
import subprocess
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import Zerog

from zerog.contracts import mine
from zerog.devnet import compute, da, topology

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

EVERYTHING = ("--rpc-port", "0", "--ws-port", "0")
WHOLE = (*EVERYTHING, "--no-da", "--no-compute")
"""Without data availability and compute, whose lives test_da_network.py and test_compute_network.py live."""
FREE = (*WHOLE, "--no-storage")
"""The chain alone, for what is about the supervisor and the chain."""
FRIEND = "0x00000000000000000000000000000000000000f1"


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    return state != "Z"


def children(process: int) -> list[int]:
    return [int(text) for text in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def until(truth: object, what: str, timeout_s: float = 30) -> None:
    end = time.monotonic() + timeout_s
    while not truth():  # type: ignore[operator]
        assert time.monotonic() < end, f"waited {timeout_s} s for {what}"
        time.sleep(0.02)


def test_status_is_a_contract_with_scripts(zerog: Zerog) -> None:
    assert "zerog devnet up" in zerog.fails(3, "devnet", "status", "--json")
    up = zerog.json("devnet", "up", "--detach", *EVERYTHING)
    status = zerog.json("devnet", "status")
    assert {key: status[key] for key in up} == up
    assert status["chain_id"] == 16601
    assert status["rpc_url"].startswith("http://127.0.0.1:")
    assert status["ws_url"].startswith("ws://127.0.0.1:")
    assert len(status["accounts"]) == 10
    assert status["accounts"][0] == {
        "address": "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
        "private_key": "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    }
    assert status["contracts"]["staking"] == "0xea224dBB52F57752044c0C86aD50930091F561B9"
    assert set(status["contracts"]) == {
        "da_signers", "da_registry", "wrapped_base", "w0g", "w0g_agency", "staking", "flow", "market", "mine", "reward",
        "da_entrance", "ledger", "inference", "fine_tuning",
    }  # fmt: skip
    assert len(set(status["storage"]["nodes"])) == 4
    assert status["storage"]["miner"]["node"] == status["storage"]["nodes"][0]
    assert status["storage"]["repair"] == status["processes"][7]["metrics_url"]
    names = ["chain", "storage-0", "storage-1", "storage-2", "storage-3", "indexer", "kv", "repair", *da.NAMES, compute.NAME]
    assert [one["name"] for one in status["processes"]] == names
    assert {one["state"] for one in status["processes"]} == {"running"}
    for one in status["processes"]:
        assert alive(one["process"])
        with urllib.request.urlopen(one["metrics_url"], timeout=10) as told:
            assert b"zerog_" in told.read(), one["name"]
        assert "service.ready" in (zerog.home / "logs" / f"{one['name']}.log").read_text()
    assert "repair.ready" in (zerog.home / "logs" / "repair.log").read_text(), "a module's own events, run by python -m"
    assert {"encoder", "signers", "parameters", *(name.removeprefix("da-") for name in topology.PUBLIC_DA)} >= set(status["da"])
    assert len(set(status["da"]["signers"])) == 4
    assert "INSECURE" in status["da"]["parameters"]
    (provider,) = status["compute"]["providers"]
    assert provider["url"] == status["processes"][-1]["url"]
    assert provider["address"] == status["processes"][-1]["address"]
    assert stat.S_IMODE(zerog.home.stat().st_mode) == 0o700
    for name in ("network.json", "chain.toml", "running.json", "storage-0.toml", "indexer.toml", "da-signer-0.key"):
        assert stat.S_IMODE((zerog.home / name).stat().st_mode) == 0o600, name


def rpc(url: str, method: str, *params: Any) -> Any:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    with urllib.request.urlopen(
        urllib.request.Request(url, body, {"Content-Type": "application/json"}), timeout=60
    ) as response:
        return json.loads(response.read())["result"]


def answers(status: dict[str, Any]) -> list[str]:
    """Who mined, for each answer that the mine contract accepted."""
    wanted = {"address": status["contracts"]["mine"], "topics": ["0x" + mine.SUBMISSION_TOPIC.hex()], "fromBlock": "0x0"}
    return [entry["topics"][2] for entry in rpc(status["rpc_url"], "eth_getLogs", wanted)]


def running(zerog: Zerog) -> dict[str, Any]:
    """What the supervisor wrote last."""
    status: dict[str, Any] = json.loads((zerog.home / "running.json").read_text())
    return status


def fallen_and_back(zerog: Zerog, name: str, meanwhile: Callable[[], None] = lambda: None) -> None:
    """kill -9 of one process, and the supervisor has started it again."""

    def facts() -> Any:
        return next(one for one in running(zerog)["processes"] if one["name"] == name)

    killed = facts()["process"]
    meanwhile()
    os.kill(killed, signal.SIGKILL)
    until(lambda: facts()["state"] == "running" and facts()["process"] != killed, f"{name} to run again")


def repaired(zerog: Zerog) -> float:
    """Segments that the repair has made, if all files were whole when it last looked; else 0."""
    with urllib.request.urlopen(running(zerog)["storage"]["repair"], timeout=10) as told:
        numbers = dict(line.split() for line in told.read().decode().splitlines() if line[:1] != "#")
    whole = numbers["zerog_repair_files"] == numbers["zerog_repair_full_files"] == "1.0"
    return float(numbers["zerog_repair_rebuilt_segments_total"]) if whole else 0


def test_a_network_goes_on_where_it_stopped(zerog: Zerog, tmp_path: Path, seed: int) -> None:
    """What is in the chain and what is stored; mining, and repair of what a node has lost."""
    first = zerog.json("devnet", "up", "--detach", *WHOLE)
    sent = zerog.json("chain", "send", "--to", FRIEND, "--value", "1.25")
    (tmp_path / "in").write_bytes(random.Random(seed).randbytes(1_200_000))
    stored = zerog.json("storage", "upload", "--erasure", "2+1", str(tmp_path / "in"))
    assert stored["losses_survivable"] == 1
    # The epoch with the file in it ends; in the next one the node that mines answers for its part.
    assert answers(first) == []
    rpc(first["rpc_url"], "hardhat_mine", hex(250))
    until(lambda: answers(first), "an answer of the miner", 90)
    process = first["process"]
    others = children(process)
    assert sorted(others) == sorted(one["process"] for one in first["processes"])
    assert zerog.json("devnet", "down") == {"stopped": True}
    assert not alive(process)
    assert not any(alive(child) for child in others)
    assert zerog.json("devnet", "down") == {"stopped": False}

    again = zerog.json("devnet", "up", "--detach", *WHOLE)
    assert zerog.json("chain", "account", "balance", FRIEND)["balance"] == "1250000000000000000"
    found = zerog.json("chain", "tx", sent["hash"])
    assert int(found["receipt"]["blockNumber"], 16) == sent["block"]
    before = zerog.json("storage", "durability", stored["root"])
    assert (before["full"], before["losses_survivable"]) == (True, 1)
    holder = next(one["url"] for one in before["nodes"] if one["data"])
    name = next(one["name"] for one in again["processes"] if one.get("url") == holder)
    fallen_and_back(zerog, name, lambda: os.rename(zerog.home / name, tmp_path / "lost"))
    until(lambda: repaired(zerog), f"the repair of what {name} lost", 60)

    # Segments are counted as they are made, whole files when a pass has ended.
    def whole() -> bool:
        after = zerog.json("storage", "durability", stored["root"], "--prove")
        return (after["full"], after["losses_survivable"], after["liars"]) == (True, 1, [])

    until(whole, "the file to survive another loss", 60)
    fallen_and_back(zerog, "repair")
    mined = len(answers(again))
    rpc(again["rpc_url"], "hardhat_mine", hex(250))
    until(lambda: len(answers(again)) > mined, "mining to go on", 90)


@pytest.mark.parametrize("victim", ["supervisor", "chain"])
def test_kill_9_loses_nothing_and_leaves_nothing(zerog: Zerog, victim: str) -> None:
    status = zerog.json("devnet", "up", "--detach", *WHOLE)
    supervisor = status["process"]
    everybody = [supervisor, *children(supervisor)]
    chain = status["processes"][0]["process"]
    zerog.json("chain", "send", "--to", FRIEND, "--value", "3 neuron")
    os.kill(supervisor if victim == "supervisor" else chain, signal.SIGKILL)
    until(lambda: not any(alive(process) for process in everybody), "all processes to end")
    zerog.fails(3, "devnet", "status")
    began = time.monotonic()
    zerog.json("devnet", "up", "--detach", *WHOLE)
    assert time.monotonic() - began < 30
    assert zerog.json("chain", "account", "balance", FRIEND)["balance"] == "3"


def test_one_network_a_directory(zerog: Zerog) -> None:
    status = zerog.json("devnet", "up", "--detach", *FREE)
    began = time.monotonic()
    assert "runs already" in zerog.fails(1, "devnet", "up", "--detach")
    assert "in use" in zerog.fails(1, "devnet", "up")
    assert "devnet down" in zerog.fails(1, "devnet", "reset", "--yes")
    assert time.monotonic() - began < 20
    assert zerog.json("devnet", "status")["process"] == status["process"]


def test_reset(zerog: Zerog) -> None:
    zerog.fails(1, "devnet", "reset", "--yes")
    zerog.json("devnet", "up", "--detach", *FREE, "--chain-id", "777", "--gas-limit", "30000000")
    zerog.json("devnet", "down")
    assert "--yes" in zerog.fails(1, "devnet", "reset")
    assert "chain-id" in zerog.fails(1, "devnet", "up", "--chain-id", "778")
    status = zerog.json("devnet", "up", "--detach", *FREE)
    assert status["chain_id"] == 777
    block = zerog.json("chain", "block", "0")
    assert int(block["gasLimit"], 16) == 30_000_000
    zerog.json("devnet", "down")
    zerog.json("devnet", "reset", "--yes")
    assert list(zerog.home.iterdir()) == []
    assert zerog.json("devnet", "up", "--detach", *FREE)["chain_id"] == 16601


def test_a_directory_of_something_else_is_left_alone(zerog: Zerog) -> None:
    zerog.home.mkdir(mode=0o700)
    (zerog.home / "thesis.txt").write_text("years of work")
    assert "thesis.txt" in zerog.fails(1, "devnet", "up", "--detach", *FREE)
    zerog.fails(1, "devnet", "reset", "--yes")
    assert (zerog.home / "thesis.txt").read_text() == "years of work"


def test_a_damaged_network_file_is_named(zerog: Zerog) -> None:
    zerog.home.mkdir(mode=0o700)
    (zerog.home / "network.json").write_text("{")
    (zerog.home / "network.json").chmod(0o600)
    assert "network.json" in zerog.fails(1, "devnet", "up", *FREE)


def test_a_taken_port_is_named_before_anything_starts(zerog: Zerog) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert port in zerog.fails(1, "devnet", "up", "--detach", "--rpc-port", port, "--ws-port", "0")


def test_in_the_foreground_until_sigterm(zerog: Zerog, tmp_path: Path) -> None:
    import sys

    environment = os.environ | {"ZEROG_HOME": str(zerog.home)}
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "zerog", "devnet", "up", *FREE, "--json"],
            env=environment, stdout=subprocess.PIPE, stderr=log, text=True,
        )  # fmt: skip
    assert process.stdout is not None
    status = json.loads(process.stdout.readline())
    assert status["process"] == process.pid
    assert zerog.json("devnet", "status")["chain_id"] == 16601
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    process.stdout.close()
    zerog.fails(3, "devnet", "status")


def test_export_import_verify(zerog: Zerog, tmp_path: Path) -> None:
    """A network's blocks leave as a file, come into a second directory, and both execute again to the same root."""
    zerog.json("devnet", "up", "--detach", *FREE)
    zerog.json("devnet", "demo")
    zerog.json("devnet", "down")
    home, copy, file = zerog.home / "chain", tmp_path / "copy", tmp_path / "blocks.rlp"
    genesis = str(zerog.home / "genesis.json")
    (home / "genesis.json").write_bytes(Path(genesis).read_bytes())
    verified = zerog.json("chain", "verify", "--home", str(home))
    exported = zerog.json("chain", "export", str(file), "--home", str(home))
    assert exported["blocks"] == verified["blocks"] > 5
    zerog.json("chain", "init", "--home", str(copy), "--genesis", genesis)
    imported = zerog.json("chain", "import", str(file), "--home", str(copy))
    assert imported["imported"] == exported["blocks"]
    assert zerog.json("chain", "import", str(file), "--home", str(copy))["skipped"] == exported["blocks"]
    assert zerog.json("chain", "verify", "--home", str(copy)) == verified
    other = tmp_path / "other"
    zerog.json("chain", "init", "--home", str(other), "--network", "testnet")
    assert "parent" in zerog.fails(2, "chain", "import", str(file), "--home", str(other))
    file.write_bytes(file.read_bytes()[:-5])
    assert "ends" in zerog.fails(2, "chain", "import", str(file), "--home", str(copy))
    file.unlink()
    zerog.fails(2, "chain", "import", str(file), "--home", str(copy))
    zerog.fails(1, "chain", "verify", "--home", str(tmp_path / "none"))
    zerog.fails(1, "chain", "init", "--home", str(copy))

"""Other people's Ethereum nodes, started for a comparison in the same run.

anvil comes from npm, geth is built once through the Go module proxy. Both land
in a cache folder of the checkout; a peer that cannot be had is reported with the reason, never silently left out.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e.official_clients import go_toolchain

HERE = Path(__file__).resolve().parent
CACHE = HERE.parents[1] / ".cache" / "peers"
GETH_VERSION = "v1.16.7"
ANVIL_VERSION = "1.7.1"
START_TIMEOUT_S = 60.0


class PeerMissing(Exception):
    """This peer cannot be had here; the sentence says why."""


@dataclass(frozen=True)
class Node:
    """A running node: where it answers, which chain it is, whose process it is."""

    name: str
    url: str
    chain_id: int
    pid: int


def rpc(url: str, body: object, timeout_s: float = 30.0) -> object:
    """One HTTP JSON-RPC exchange; ``body`` is a request or a batch."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=timeout_s) as answer:
        return json.load(answer)


def call(url: str, method: str, *params: object) -> object:
    """The result of one call; raises with the node's own error text."""
    answer = rpc(url, {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
    assert isinstance(answer, dict)
    if answer.get("error"):
        raise RuntimeError(f"{method}: {answer['error']}")
    return answer["result"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def anvil_binary() -> Path:
    """Installs anvil with npm on first use: the package of this platform by its own name. As an optional part of the whole
    one an older npm leaves it out when its Node.js is older than the package wants; the binary needs none at all."""
    home = CACHE / f"anvil-{ANVIL_VERSION}"
    binary = next(iter(home.glob("node_modules/@foundry-rs/anvil-linux-*/bin/anvil")), None)
    if binary is None:
        npm = shutil.which("npm")
        if npm is None:
            raise PeerMissing("anvil: npm is not installed")
        home.mkdir(parents=True, exist_ok=True)
        package = f"@foundry-rs/anvil-linux-{'arm64' if platform.machine() == 'aarch64' else 'amd64'}"
        (home / "package.json").write_text(json.dumps({"private": True, "dependencies": {package: ANVIL_VERSION}}))
        done = subprocess.run(
            [npm, "install", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=home, capture_output=True, text=True
        )
        binary = next(iter(home.glob("node_modules/@foundry-rs/anvil-linux-*/bin/anvil")), None)
        if binary is None:
            raise PeerMissing(f"anvil: npm install failed: {done.stderr[-300:]}")
    return binary


def geth_is_built() -> bool:
    return (CACHE / f"geth-{GETH_VERSION}" / "geth").exists()


def geth_binary() -> Path:
    """Builds geth with the Go toolchain on first use (minutes)."""
    binary = CACHE / f"geth-{GETH_VERSION}" / "geth"
    if not binary.exists():
        target = f"github.com/ethereum/go-ethereum/cmd/geth@{GETH_VERSION}"
        done = subprocess.run(
            [go_toolchain(), "install", target], env=os.environ | {"GOBIN": str(binary.parent)}, capture_output=True, text=True
        )
        if not binary.exists():
            raise PeerMissing(f"geth: go install failed: {done.stderr[-300:]}")
    return binary


def wait_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> int:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            return int(str(call(url, "eth_chainId")), 16)
        except OSError:
            time.sleep(0.05)
    raise PeerMissing(f"{process.args[0]}: did not answer; its log ends with: {log.read_text(errors='replace')[-400:]}")  # type: ignore[index]


def with_forks(genesis: Mapping[str, Any], chain_id: int) -> dict[str, Any]:
    """The same genesis as geth wants it: every fork named, no keys of ours."""
    blocks = (
        "homestead eip150 eip155 eip158 byzantium constantinople petersburg istanbul berlin london arrowGlacier grayGlacier"
    )
    config: dict[str, Any] = {f"{name}Block": 0 for name in blocks.split()}
    config |= {"chainId": chain_id, "shanghaiTime": 0, "cancunTime": 0, "pragueTime": 0, "mergeNetsplitBlock": 0}
    config |= {"terminalTotalDifficulty": 0, "terminalTotalDifficultyPassed": True}
    cancun = {"target": 3, "max": 6, "baseFeeUpdateFraction": 3338477}
    config["blobSchedule"] = {"cancun": cancun, "prague": {"target": 6, "max": 9, "baseFeeUpdateFraction": 5007716}}
    return {**genesis, "config": config, "nonce": "0x0"}


@contextmanager
def running(name: str, command: list[str], url: str, home: Path) -> Iterator[Node]:
    log = home / "log"
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, cwd=home)
        try:
            chain_id = wait_ready(url, process, log)
            yield Node(name, url, chain_id, process.pid)
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(15)


@contextmanager
def anvil(genesis: Mapping[str, Any], chain_id: int) -> Iterator[Node]:
    """anvil with a block a second (its automatic mode, a block for each transaction, is slower and hung at 2,000)."""
    binary, port = anvil_binary(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "genesis.json").write_text(json.dumps(with_forks(genesis, chain_id)))
        command = [str(binary), "--port", str(port), "--init", "genesis.json", "--silent", "--hardfork", "prague"]
        command += ["--chain-id", str(chain_id), "--gas-limit", str(int(genesis["gasLimit"], 16)), "--block-time", "1"]
        with running("anvil", command, f"http://127.0.0.1:{port}", home) as node:
            yield node


@contextmanager
def geth(genesis: Mapping[str, Any]) -> Iterator[Node]:
    """geth --dev with a block a second; its chain id is 1337."""
    binary, port = geth_binary(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "genesis.json").write_text(json.dumps(with_forks(genesis, 1337)))
        data = ["--datadir", str(home / "data")]
        done = subprocess.run([str(binary), *data, "init", "genesis.json"], cwd=home, capture_output=True, text=True)
        if done.returncode != 0:
            raise PeerMissing(f"geth: init failed: {done.stderr[-300:]}")
        command = [str(binary), *data, "--dev", "--dev.period", "1", "--http", "--http.port", str(port)]
        command += ["--http.api", "eth,net,web3,txpool", "--ipcdisable", "--port", "0", "--nodiscover", "--maxpeers", "0"]
        command += ["--authrpc.port", str(free_port()), "--txpool.globalslots", "200000", "--txpool.globalqueue", "200000"]
        command += ["--rpc.batch-request-limit", "100000", "--rpc.batch-response-max-size", "500000000"]
        command += ["--miner.gaslimit", str(int(genesis["gasLimit"], 16)), "--miner.recommit", "200ms"]
        with running("geth", command, f"http://127.0.0.1:{port}", home) as node:
            yield node


@contextmanager
def zerog(genesis: Mapping[str, Any]) -> Iterator[Node]:
    """Our own node as an operator runs it: durable pool journal, a synced write a block."""
    with tempfile.TemporaryDirectory() as folder:
        home, port = Path(folder), free_port()
        (home / "genesis.json").write_text(json.dumps(genesis))
        settings = [f"chain.home={home / 'data'}", f"chain.genesis={home / 'genesis.json'}", f"chain.rpc.http_port={port}"]
        settings += [
            "chain.rpc.ws_port=0",
            "chain.admin.enabled=false",
            "metrics.enabled=false",
            "chain.pool.transactions_max=200000",
        ]
        command = [sys.executable, "-m", "zerog.chain.service"]
        for setting in settings:
            command += ["--set", setting]
        with running("zerog", command, f"http://127.0.0.1:{port}", home) as node:
            yield node

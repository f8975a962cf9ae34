"""``zerog storage run --config node.toml`` on somebody else's chain: anvil, with our contracts put there by transactions.

The node follows a chain that is not ours in every way that counts: another EVM, another JSON-RPC, blocks that are taken back.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from benchmarks.peers.nodes import PeerMissing, anvil_binary, call, free_port, running
from tests.e2e.conftest import Zerog
from tests.e2e.official_clients import CLIENTS, Net
from tests.unit.storage.harness import pattern

from zerog.chain.client import ChainClient
from zerog.contracts.artifact import load
from zerog.contracts.registry import StorageParameters
from zerog.devnet.topology import MNEMONIC
from zerog.sdk.chain import Chain, Contract
from zerog.sdk.wallet import Account

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

CHAIN_ID = 31337
# Of the mnemonic that anvil and our local networks share.
PEOPLE = [Account.from_mnemonic(MNEMONIC, index) for index in range(3)]


def until(truth: Callable[[], Any], what: str, timeout_s: float = 60) -> Any:
    end = time.monotonic() + timeout_s
    while not (found := truth()):
        assert time.monotonic() < end, f"waited {timeout_s} s for {what}"
        time.sleep(0.05)
    return found


@dataclass(frozen=True)
class Foreign:
    """A chain and, on it, the address of the flow."""

    url: str
    flow: str


async def deployed(url: str) -> str:
    """The four storage contracts, made and told of each other by their owner; the flow's address."""
    given = StorageParameters()
    async with ChainClient(url) as client:
        chain, owner = Chain(client), PEOPLE[0]
        names = {"flow": "Flow", "market": "FixedPrice", "reward": "ChunkLinearReward"}
        made: dict[str, Contract] = {key: await chain.deploy(owner, load(name)) for key, name in names.items()}
        made["mine"] = await chain.deploy(owner, load("PoraMine"), given.mine_settings)
        flow, market, reward, mine = (made[key].address for key in ("flow", "market", "reward", "mine"))
        mining = (given.difficulty, given.target_mine_blocks, given.target_submissions, given.max_shards, given.subtasks,
                  given.subtask_interval)  # fmt: skip
        first = await chain.block_number()
        await made["flow"].transact(owner, "initialize", market, given.blocks_per_epoch, first)
        await made["market"].transact(owner, "initialize", given.price_per_sector, flow, reward)
        await made["reward"].transact(owner, "initialize", market, mine, owner.address, owner.address, given.release_seconds)
        await made["mine"].transact(owner, "initialize", flow, reward, mining)
        return "0x" + bytes(flow).hex()


@pytest.fixture(scope="module")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Foreign]:
    try:
        binary = anvil_binary()
    except PeerMissing as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    port = free_port()
    command = [str(binary), "--port", str(port), "--chain-id", str(CHAIN_ID), "--block-time", "1", "--mnemonic", MNEMONIC]
    with running("anvil", [*command, "--silent"], f"http://127.0.0.1:{port}", tmp_path_factory.mktemp("anvil")) as node:
        yield Foreign(node.url, asyncio.run(deployed(node.url)))


@dataclass
class Operated:
    """A storage node as an operator runs it."""

    url: str

    def ask(self, method: str, *params: Any) -> Any:
        return call(self.url, method, *params)

    def next_seq(self) -> int:
        return int(self.ask("zgs_getStatus")["nextTxSeq"])


@pytest.fixture
def node(foreign: Foreign, tmp_path: Path) -> Iterator[Operated]:
    (tmp_path / "node.toml").write_text(
        f"""
[storage]
home = "{tmp_path / "node"}"

[storage.chain]
endpoint = "{foreign.url}"
flow = "{foreign.flow}"
confirmations = 1
poll_ms = 100

[storage.rpc]
port = 0

[storage.admin]
port = 0

[metrics]
port = 0
"""
    )
    ready = tmp_path / "ready"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ZEROG_")}
    command = [sys.executable, "-m", "zerog", "storage", "run", "--config", str(tmp_path / "node.toml")]
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen([*command, "--ready-file", str(ready)], env=environment, stdout=log, stderr=log)
    try:
        until(lambda: ready.exists() or process.poll() is not None, "the node")
        assert process.poll() is None, (tmp_path / "log").read_text()
        yield Operated(json.loads(ready.read_text())["rpc_url"].rstrip("/"))
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()


def test_files_go_in_and_out_and_come_back_after_a_reorg(foreign: Foreign, node: Operated, tmp_path: Path) -> None:
    identity = node.ask("zgs_getStatus")["networkIdentity"]
    assert (identity["chainId"], identity["flowAddress"].lower()) == (CHAIN_ID, foreign.flow)
    zerog = Zerog(tmp_path / "home")
    key = tmp_path / "account"
    key.touch(mode=0o600)
    key.write_text(PEOPLE[1].export_secret().removeprefix("0x"))
    at = ["--node", node.url]
    pay = [*at, "--rpc", foreign.url, "--from", f"file:{key}"]
    files = [pattern(700_000, 1), pattern(300, 2)]
    roots = []
    for number, data in enumerate(files):
        (tmp_path / f"in{number}").write_bytes(data)
        done = zerog.json("storage", "upload", str(tmp_path / f"in{number}"), *pay)
        assert done["paid"]
        roots.append(done["root"])

    def comes_back(number: int) -> None:
        out = tmp_path / "out"
        zerog.json("storage", "download", str(out), "--root", roots[number], "--overwrite", *at)
        assert out.read_bytes() == files[number]

    comes_back(0)
    comes_back(1)
    # The official Go client against the same node and the same chain.
    go = next(client for client in CLIENTS if client.name.startswith("go"))
    (tmp_path / "theirs").write_bytes(pattern(262_145, 3))
    net = Net(foreign.url, "", [node.url], PEOPLE[2].export_secret())
    steps = [{"do": "upload", "path": str(tmp_path / "theirs"), "via": "direct"}]
    results, printed = go.run(tmp_path, net, steps)
    assert "error" not in results[0], printed[-3000:]
    root = results[0]["root"]
    results, printed = go.run(tmp_path, net, [{"do": "download", "root": root, "path": str(tmp_path / "back"), "via": "direct",
                                               "proof": True}])  # fmt: skip
    assert results[0].get("sha256") == hashlib.sha256(pattern(262_145, 3)).hexdigest(), printed[-3000:]
    assert node.next_seq() == 3
    # The chain takes back blocks and a submission with them; what came before stays, what is sent again is taken again.
    (tmp_path / "late").write_bytes(pattern(5000, 4))
    late = zerog.json("storage", "upload", str(tmp_path / "late"), *pay)
    assert node.next_seq() == 4
    submitted = int(zerog.json("chain", "tx", late["transactions"][0], "--rpc", foreign.url)["receipt"]["blockNumber"], 16)
    head = int(str(call(foreign.url, "eth_blockNumber")), 16)
    call(foreign.url, "anvil_reorg", head - submitted + 1, [])
    until(lambda: node.next_seq() == 3, "the node to take the submission back")
    assert node.ask("zgs_getFileInfo", late["root"], False) is None
    comes_back(0)
    again = zerog.json("storage", "upload", str(tmp_path / "late"), *pay)
    assert (again["root"], again["paid"]) == (late["root"], True)
    assert node.next_seq() == 4
    roots.append(again["root"])
    files.append(pattern(5000, 4))
    comes_back(2)

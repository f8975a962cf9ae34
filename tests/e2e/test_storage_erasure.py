"""The erasure-coded class on real processes: client and nodes are killed, homes deleted, and every acknowledged file reads."""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.e2e.conftest import Network
from tests.e2e.official_clients import CLIENTS, Net, Step
from tests.e2e.storage_process import StorageNode

from zerog.wire import jsonrpc

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

SEGMENT = 262_144


@dataclass
class Fleet:
    """Ten nodes of the whole flow, and those that came after them."""

    network: Network
    home: Path
    nodes: list[StorageNode] = field(default_factory=list)
    gone: list[StorageNode] = field(default_factory=list)

    def add(self, count: int) -> None:
        first = len(self.nodes) + len(self.gone)
        rpc = self.network.status["rpc_url"]
        made = [StorageNode(self.home / f"node{first + number}", rpc, "0/1") for number in range(count)]
        with ThreadPoolExecutor(4) as starters:
            list(starters.map(StorageNode.start, made))
        self.nodes += made

    def destroy(self, chance: random.Random, count: int) -> None:
        """kill -9, and the disk is gone."""
        for node in chance.sample(self.nodes, count):
            node.stop(signal.SIGKILL)
            shutil.rmtree(node.home)
            self.nodes.remove(node)
            self.gone.append(node)

    @property
    def words(self) -> list[str]:
        """Every node there ever was: who is dead is not told to the client."""
        return [word for node in self.nodes + self.gone for word in ("--node", node.url)]

    def killed(self, after_s: float, *arguments: str) -> None:
        """A command that is killed in the middle."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("ZEROG_")}
        made = self.network.zerog
        environment |= {"ZEROG_HOME": str(made.home), "ZEROG_KEYS": str(made.home.parent / "keys")}
        with subprocess.Popen(
            [sys.executable, "-m", "zerog", *arguments], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            try:
                process.wait(after_s)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture(scope="module")
def fleet(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    made = Fleet(network, tmp_path_factory.mktemp("fleet"))
    try:
        made.add(10)
        yield made
    finally:
        for node in made.nodes:
            node.stop(signal.SIGKILL)


def test_thirty_percent_of_nodes_destroyed_twice(fleet: Fleet, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    zerog = fleet.network.zerog
    files = {"small": 100, "large": 40 * SEGMENT + 4711}
    roots = {}
    for name, size in files.items():
        (tmp_path / name).write_bytes(chance.randbytes(size))
    upload = ("storage", "upload", "--erasure", "7+3")
    for _ in range(2):
        fleet.killed(chance.uniform(1, 4), *upload, str(tmp_path / "large"), *fleet.words)
    for name in files:
        done = zerog.json(*upload, str(tmp_path / name), *fleet.words)
        assert (done["erasure"], done["losses_survivable"]) == ("7+3", 3)
        roots[name] = done["root"]
    # data, parity and manifest, data and manifest: whatever was killed, nothing was paid twice.
    assert submissions(fleet.nodes[0]) == 5

    def all_read() -> None:
        for name, root in roots.items():
            zerog.json("storage", "download", str(tmp_path / "out"), "--root", root, "--overwrite", *fleet.words)
            assert (tmp_path / "out").read_bytes() == (tmp_path / name).read_bytes()

    all_read()
    fleet.destroy(chance, 3)
    assert zerog.json("storage", "durability", roots["large"], *fleet.words)["losses_survivable"] == 0
    all_read()
    fleet.add(3)
    fleet.killed(chance.uniform(1, 3), "storage", "repair", *fleet.words)
    repaired = zerog.json("storage", "repair", *fleet.words)
    assert {one["root"] for one in repaired} == set(roots.values())
    for root in roots.values():
        now = zerog.json("storage", "durability", root, "--prove", *fleet.words)
        assert (now["losses_survivable"], now["missing_segments"], now["liars"]) == (3, 0, [])
    fleet.destroy(chance, 3)
    all_read()


def test_the_service_repairs_by_itself(fleet: Fleet, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    zerog = fleet.network.zerog
    (tmp_path / "file").write_bytes(chance.randbytes(5 * SEGMENT))
    root = zerog.json("storage", "upload", "--erasure", "3+2", str(tmp_path / "file"), *fleet.words)["root"]
    fleet.destroy(chance, 2)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ZEROG_")}
    environment |= {"ZEROG_REPAIR_GRACE_S": "0", "ZEROG_METRICS_PORT": "0"}
    ready = tmp_path / "ready"
    words = ["storage", "repair-service", "--interval", "1", "--ready-file", str(ready), *fleet.words]
    with subprocess.Popen([sys.executable, "-m", "zerog", *words], env=environment) as process:
        try:
            ends = time.monotonic() + 60
            while zerog.json("storage", "durability", root, *fleet.words)["losses_survivable"] < 2:
                assert process.poll() is None
                assert time.monotonic() < ends
        finally:
            process.terminate()
    assert process.returncode == 0
    assert ready.exists()


def test_official_clients_read_the_plain_file(whole_network: Network, tmp_path: Path, seed: int) -> None:
    """Two shards of two replicas: whoever knows nothing of the class reads a file of it as any other, through the indexer."""
    chance = random.Random(seed)
    status = whole_network.status
    net = Net(status["rpc_url"], status["storage"]["indexer"], status["storage"]["nodes"], status["accounts"][2]["private_key"])
    steps: list[Step] = []
    hashes = []
    for size in (100, 9 * SEGMENT + 4711):
        (tmp_path / "in").write_bytes(chance.randbytes(size))
        done = whole_network.zerog.json("storage", "upload", "--erasure", "2+1", str(tmp_path / "in"))
        assert done["losses_survivable"] == 1
        hashes.append(hashlib.sha256((tmp_path / "in").read_bytes()).hexdigest())
        steps.append({"do": "download", "root": done["root"], "path": f"out-{size}", "via": "indexer", "proof": True})
    for client in CLIENTS:
        where = tmp_path / client.name
        where.mkdir()
        own: list[Step] = [step | {"path": str(where / step["path"])} for step in steps]
        results, printed = client.run(where, net, own)
        assert [one.get("sha256") for one in results] == hashes, printed[-4000:]


def submissions(node: StorageNode) -> int:
    """How many submissions a node has in its log."""
    body = b'{"jsonrpc":"2.0","id":1,"method":"zgs_getStatus","params":[]}'
    request = urllib.request.Request(node.url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        found = jsonrpc.parse(answer.read())
    assert isinstance(found, dict)
    return int(found["result"]["nextTxSeq"])

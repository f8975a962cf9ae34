"""Storage nodes as peers, as real processes: an empty one joins and is killed while it fetches."""

from __future__ import annotations

import json
import random
import signal
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import Network
from tests.e2e.storage_process import StorageNode
from tests.unit.storage.harness import pattern

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

SEGMENT = 262_144
FILES = 3
LARGE = 40 * SEGMENT + 99
SLOW = {"ZEROG_STORAGE_PEERS_UPLOAD_BYTES_PER_S": str(6 << 20), "ZEROG_STORAGE_STORE_FREE_BYTES_MIN": "0"}
QUICK = {
    "ZEROG_STORAGE_SYNC_IDLE_MS": "200",
    "ZEROG_STORAGE_SYNC_BACKOFF_MS": "200",
    "ZEROG_STORAGE_STORE_FREE_BYTES_MIN": "0",
}


def call(node: StorageNode, method: str, *params: Any) -> Any:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}).encode()
    request = urllib.request.Request(node.url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        found: dict[str, Any] = json.load(answer)
    return found["result"]


def metric(node: StorageNode, name: str) -> float:
    with urllib.request.urlopen(node.ready["metrics_url"], timeout=20) as answer:
        lines = answer.read().decode().splitlines()
    return float(next(line for line in lines if line.startswith(name + " ")).rsplit(" ", 1)[1])


def wait(what: str, met: Callable[[], bool], timeout_s: float = 90) -> None:
    ends = time.monotonic() + timeout_s
    while not met():
        assert time.monotonic() < ends, what
        time.sleep(0.05)


def test_an_empty_node_is_killed_again_and_again_while_it_catches_up(network: Network, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    rpc = network.status["rpc_url"]
    old = StorageNode(tmp_path / "old", rpc, "0/1", settings=SLOW, more=["--peers-port", "0"])
    new = StorageNode(tmp_path / "new", rpc, "0/1", settings=QUICK)
    try:
        old.start()
        made = {}
        for number, size in enumerate([LARGE, *(1 + 400_000 * number for number in range(FILES - 1))]):
            path = tmp_path / f"in{number}"
            path.write_bytes(pattern(size, seed + number))
            made[network.zerog.json("storage", "upload", str(path), "--node", old.url)["root"]] = path
        new.more = ["--peer", old.ready["peers_address"]]
        lives = 0
        while True:
            new.start()
            lives += 1
            if lives > 2:
                break
            wait("something arrives", lambda: metric(new, "zerog_storage_synced_segments_total") >= chance.randrange(1, 9))
            new.stop(signal.SIGKILL)
        wait("all arrives", lambda: all(call(new, "zgs_checkFileFinalized", root) for root in made))
        total = sum(path.stat().st_size for path in made.values())
        last = metric(new, "zerog_storage_peer_received_bytes_total")
        assert last < total - 3 * SEGMENT, "what was stored before a kill is not fetched again"
        old.stop(signal.SIGKILL)
        for number, (root, path) in enumerate(made.items()):
            network.zerog.json("storage", "download", str(tmp_path / f"out{number}"), "--root", root, "--node", new.url)
            assert (tmp_path / f"out{number}").read_bytes() == path.read_bytes()
    finally:
        old.stop()
        new.stop()

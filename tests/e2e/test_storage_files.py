"""``zerog storage`` on real processes: a local network, two storage nodes of half the flow each, one of all of it."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import Network, Zerog
from tests.e2e.storage_process import StorageNode
from tests.unit.storage.harness import pattern

from zerog.storage import directory

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

SEGMENT = 262_144


@dataclass(frozen=True)
class Storage:
    zerog: Zerog
    network: Network
    halves: list[StorageNode]
    whole: StorageNode

    def nodes(self, *which: StorageNode) -> list[str]:
        return [word for node in which for word in ("--node", node.url)]


@pytest.fixture(scope="module")
def storage(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    home = tmp_path_factory.mktemp("storage")
    rpc = network.status["rpc_url"]
    nodes = [StorageNode(home / name, rpc, shard) for name, shard in (("half0", "0/2"), ("half1", "1/2"), ("whole", "0/1"))]
    try:
        for node in nodes:
            node.start()
        yield Storage(network.zerog, network, nodes[:2], nodes[2])
    finally:
        for node in nodes:
            node.stop()


def test_a_file_there_and_back(storage: Storage, tmp_path: Path) -> None:
    data = pattern(7 * SEGMENT + 4711)
    (tmp_path / "in").write_bytes(data)
    both = storage.nodes(*storage.halves)
    done = storage.zerog.json("storage", "upload", str(tmp_path / "in"), *both)
    assert done["paid"]
    assert len(done["nodes"]) == 2
    assert storage.zerog.json("storage", "root", str(tmp_path / "in"))["root"] == done["root"]
    again = storage.zerog.json("storage", "upload", str(tmp_path / "in"), *both)
    assert (again["paid"], again["root"]) == (False, done["root"])
    got = storage.zerog.json("storage", "download", str(tmp_path / "out"), "--root", done["root"], *both)
    assert got["size"] == len(data)
    assert (tmp_path / "out").read_bytes() == data
    told = storage.zerog.json("storage", "info", done["root"], *both)
    assert [one["finalized"] for one in told] == [True, True]
    # The chain saw one submission of this root: the second upload sent nothing.
    assert storage.zerog.json("chain", "tx", done["transactions"][0])["receipt"]["status"] == "0x1"
    assert again["transactions"] == []


def test_refusals_say_what_to_do(storage: Storage, tmp_path: Path) -> None:
    zerog, whole = storage.zerog, storage.nodes(storage.whole)
    (tmp_path / "in").write_bytes(b"text")
    (tmp_path / "empty").touch()
    assert "empty file" in zerog.fails(2, "storage", "upload", str(tmp_path / "empty"), *whole)
    assert "upload-dir" in zerog.fails(2, "storage", "upload", str(tmp_path), *whole)
    assert "fewer replicas" in zerog.fails(3, "storage", "upload", str(tmp_path / "in"), "--expected-replica", "2", *whole)
    half = storage.nodes(storage.halves[0])
    assert "1/2" in zerog.fails(3, "storage", "upload", str(tmp_path / "in"), *half)
    assert "is the root right" in zerog.fails(1, "storage", "download", str(tmp_path / "o"), "--root", "0x" + "11" * 32, *whole)
    assert "zerog devnet up" in zerog.fails(3, "storage", "status", "--node", "http://127.0.0.1:9")
    assert "root" in zerog.fails(2, "storage", "download", str(tmp_path / "o"), "--root", "0x11", *whole)
    done = zerog.json("storage", "upload", str(tmp_path / "in"), *whole)
    (tmp_path / "old").write_bytes(b"old")
    assert "--overwrite" in zerog.fails(1, "storage", "download", str(tmp_path / "old"), "--root", done["root"], *whole)
    assert (tmp_path / "old").read_bytes() == b"old"


def test_encrypted_for_an_account_and_with_a_key(storage: Storage, tmp_path: Path) -> None:
    zerog, whole, data = storage.zerog, storage.nodes(storage.whole), pattern(300_000)
    (tmp_path / "in").write_bytes(data)
    (tmp_path / "key").write_text("ab" * 32)
    (tmp_path / "key").chmod(0o600)
    keyed = ["--encryption-key", str(tmp_path / "key")]
    for encrypt, decrypt in ((keyed, keyed), (["--encrypt", "--from", "3"], ["--decrypt", "--from", "3"])):
        done = zerog.json("storage", "upload", str(tmp_path / "in"), *encrypt, *whole)
        assert done["encrypted"]
        zerog.json("storage", "download", str(tmp_path / "out"), "--root", done["root"], "--overwrite", *decrypt, *whole)
        assert (tmp_path / "out").read_bytes() == data
        zerog.json("storage", "download", str(tmp_path / "raw"), "--root", done["root"], "--overwrite", *whole)
        assert data[:32] not in (tmp_path / "raw").read_bytes()
    (tmp_path / "key").chmod(0o644)
    assert "0600" in zerog.fails(1, "storage", "upload", str(tmp_path / "in"), *keyed, *whole)


def test_a_directory_and_a_stream(storage: Storage, tmp_path: Path) -> None:
    zerog, whole = storage.zerog, storage.nodes(storage.whole)
    top = tmp_path / "top"
    (top / "sub").mkdir(parents=True)
    (top / "a").write_bytes(pattern(1000))
    (top / "sub" / "b").write_bytes(pattern(SEGMENT + 1))
    (top / "sub" / "l").symlink_to("../a")
    done = zerog.json("storage", "upload-dir", str(top), *whole)
    assert (done["files"], done["transactions"]) == (2, 2)
    assert zerog.json("storage", "download-dir", str(tmp_path / "back"), "--root", done["root"], *whole)["files"] == 2
    assert (tmp_path / "back" / "sub" / "b").read_bytes() == (top / "sub" / "b").read_bytes()
    assert (tmp_path / "back" / "sub" / "l").read_bytes() == pattern(1000)
    piped = zerog.run("storage", "upload", "-", "--json", *whole, input="from a pipe")
    root = json.loads(piped.stdout)["root"]
    assert zerog.run("storage", "download", "-", "--root", root, *whole).stdout == "from a pipe"
    stream = "0x" + "00" * 30 + "f2bd"
    written = zerog.json(
        "storage", "kv-write", "--stream-id", stream, "--stream-keys", "hello", "--stream-values", "world", *whole
    )  # fmt: skip
    entry: dict[str, Any] = zerog.json("chain", "tx", written["transactions"][0])["receipt"]
    assert stream[2:] in entry["logs"][0]["data"]


def test_directories_that_lead_elsewhere(storage: Storage, tmp_path: Path) -> None:
    """Names and links of strangers never leave the target; nothing of ours behind a link is sent."""
    zerog, whole = storage.zerog, storage.nodes(storage.whole)
    place = tmp_path / "place"
    place.mkdir()
    bad: list[dict[str, Any]] = [
        {"name": "..", "type": "directory", "entries": [{"name": "out", "type": "file", "size": 0}]},
        {"name": str(tmp_path / "absolute"), "type": "file", "size": 0},
        {"name": "link", "type": "symbolic", "link": "../../out"},
    ]
    for entry in bad:
        top = {"name": "", "type": "directory", "entries": [{"name": "fine", "type": "file", "size": 0}, entry]}
        (tmp_path / "metadata").write_bytes(directory.MAGIC + b"\0\2" + json.dumps(top).encode())
        root = zerog.json("storage", "upload", str(tmp_path / "metadata"), *whole)["root"]
        assert "directory" in zerog.fails(2, "storage", "download-dir", str(place / "target"), "--root", root, *whole)
    assert list(place.iterdir()) == []
    assert {path.name for path in tmp_path.iterdir()} == {"place", "metadata"}
    top_path = tmp_path / "top"
    top_path.mkdir()
    (top_path / "link").symlink_to("../place")
    assert "link" in zerog.fails(2, "storage", "upload-dir", str(top_path), *whole)
    (place / "real").write_bytes(b"old")
    (place / "target").symlink_to(place / "real")
    (tmp_path / "file").write_bytes(b"new")
    root = zerog.json("storage", "upload", str(tmp_path / "file"), *whole)["root"]
    zerog.fails(1, "storage", "download", str(place / "target"), "--root", root, *whole)
    zerog.json("storage", "download", str(place / "target"), "--root", root, "--overwrite", *whole)
    assert (place / "real").read_bytes() == b"old"
    assert (place / "target").read_bytes() == b"new"


def test_a_node_killed_in_the_middle(storage: Storage, tmp_path: Path) -> None:
    """kill -9 of a node during an upload: the same command again finishes it, and nothing is paid twice."""
    zerog, node = storage.zerog, storage.whole
    data = pattern(40 * SEGMENT + 3, 77)
    (tmp_path / "in").write_bytes(data)
    command = [sys.executable, "-m", "zerog", "storage", "upload", str(tmp_path / "in"), "--node", node.url, "--routines", "1",
               "--task-size", "1", "--timeout", "5", "--json"]  # fmt: skip
    environment = os.environ | {"ZEROG_HOME": str(zerog.home)}
    running = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    root = zerog.json("storage", "root", str(tmp_path / "in"))["root"]
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        seen = zerog.run("storage", "info", root, "--node", node.url, "--json")
        if seen.returncode == 0 and json.loads(seen.stdout)[0]["uploaded_segments"] > 0:
            break
    node.stop(signal.SIGKILL)
    running.communicate(timeout=120)
    node.start()
    done = zerog.json("storage", "upload", str(tmp_path / "in"), "--node", node.url)
    assert not done["paid"]
    zerog.json("storage", "download", str(tmp_path / "out"), "--root", root, "--node", node.url)
    assert (tmp_path / "out").read_bytes() == data


def submissions(node: StorageNode) -> int:
    """How many the node has read from the log."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "zgs_getStatus", "params": []}).encode()
    with urllib.request.urlopen(
        urllib.request.Request(node.url, body, {"Content-Type": "application/json"}), timeout=20
    ) as told:
        return int(json.loads(told.read())["result"]["nextTxSeq"])


def test_a_disk_that_refuses_writes(storage: Storage, tmp_path: Path) -> None:
    """What comes is refused and not acknowledged; the node ends by itself, and a new start goes on without loss."""
    node, zerog = storage.whole, storage.zerog
    assert node.process is not None
    (tmp_path / "kept").write_bytes(pattern(600_000, 91))
    (tmp_path / "late").write_bytes(pattern(3 * SEGMENT, 92))
    at = storage.nodes(node)
    root = zerog.json("storage", "upload", str(tmp_path / "kept"), *at)["root"]
    before = submissions(node)
    unlimited = resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(node.process.pid, resource.RLIMIT_FSIZE, (1, unlimited[1]))  # no file of it may grow
    zerog.fails(3, "storage", "upload", str(tmp_path / "late"), *at)
    assert node.process.wait(20) == 1
    node.process = None
    node.start()
    zerog.json("storage", "download", str(tmp_path / "out"), "--root", root, *at)
    assert (tmp_path / "out").read_bytes() == (tmp_path / "kept").read_bytes()
    done = zerog.json("storage", "upload", str(tmp_path / "late"), *at)
    # Whether the first attempt came as far as paying or not: one submission.
    assert json.loads(zerog.run("storage", "info", done["root"], "--json", *at).stdout)[0]["finalized"]
    assert submissions(node) == before + 1
    zerog.json("storage", "download", str(tmp_path / "out2"), "--root", done["root"], *at)
    assert (tmp_path / "out2").read_bytes() == (tmp_path / "late").read_bytes()

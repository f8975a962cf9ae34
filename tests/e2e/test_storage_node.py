"""Storage nodes as processes: the official Python SDK against them, and kill -9 in the middle of uploads."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import Network
from tests.e2e.storage_process import StorageNode
from tests.unit.storage.harness import pattern, segment_json

from zerog.storage.layout import FileTree

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

SDK_VERSION = "0.4.0"
SDK = Path(__file__).resolve().parents[2] / ".cache" / f"0g-storage-sdk-{SDK_VERSION}"
SIZES = [1, 256, 262_144, 262_145, 10 << 20]
SCRIPT = """
import json, sys
from eth_account import Account
from core.file import ZgFile
from core.indexer import Indexer

indexer_url, rpc, key, where, sizes = *sys.argv[1:5], json.loads(sys.argv[5])
account, seen = Account.from_key(key), {}
for size in sizes:
    file = ZgFile.from_file_path(f"{where}/in-{size}")
    tree, error = file.merkle_tree()
    assert error is None, error
    options = {"tags": b"\\x00", "finalityRequired": True, "taskSize": 10, "expectedReplica": 1, "skipTx": False,
               "account": account}
    done, error = Indexer(indexer_url).upload(file, rpc, account, options)
    assert error is None, error
    assert done["rootHash"] == tree.root_hash()
    error = Indexer(indexer_url).download(done["rootHash"], f"{where}/out-{size}", True)
    assert error is None, error
    seen[size] = done
print("RESULT" + json.dumps(seen))
"""


@pytest.fixture(scope="module")
def sdk_python() -> Path:
    """The interpreter of an environment with the unmodified SDK: it installs modules named core, models, utils."""
    python = SDK / "bin" / "python"
    if not (SDK / "installed").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(SDK)], check=True, timeout=120)
        command = [str(python), "-m", "pip", "install", "--quiet", f"0g-storage-sdk=={SDK_VERSION}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
        if done.returncode != 0:
            assert not os.environ.get("CI"), done.stderr
            pytest.skip("the official SDK cannot be installed here")
        (SDK / "installed").touch()
    return python


@pytest.fixture(scope="module")
def node(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StorageNode]:
    made = StorageNode(tmp_path_factory.mktemp("storage-node") / "node", network.status["rpc_url"], "0/1")
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def indexer(node: StorageNode, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("indexer")
    ready = home / "ready"
    command = [sys.executable, "-m", "zerog.storage.indexer", "--set", "indexer.port=0", "--set", f"indexer.trusted={node.url}",
               "--ready-file", str(ready)]  # fmt: skip
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ZEROG_")}
    with open(home / "log", "wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    try:
        ends = time.monotonic() + 60
        while not ready.exists():
            assert process.poll() is None, (home / "log").read_text()
            assert time.monotonic() < ends, (home / "log").read_text()
            time.sleep(0.05)
        yield json.loads(ready.read_text())["url"]
    finally:
        process.terminate()
        assert process.wait(30) == 0


def test_the_official_python_sdk(sdk_python: Path, network: Network, indexer: str, tmp_path: Path) -> None:
    files = {size: pattern(size, 77) for size in SIZES}
    for size, data in files.items():
        (tmp_path / f"in-{size}").write_bytes(data)
    key = network.status["accounts"][2]["private_key"]
    done = subprocess.run(
        [str(sdk_python), "-c", SCRIPT, indexer, network.status["rpc_url"], key, str(tmp_path), json.dumps(SIZES)],
        cwd=tmp_path, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    result = next(line for line in done.stdout.splitlines() if line.startswith("RESULT"))
    seen = json.loads(result.removeprefix("RESULT"))
    # No fallback of the SDK was needed: every call was answered as it wants it at the first attempt.
    for trouble in ("non-fatal", "retrying", "Direct upload", "attempt 2"):
        assert trouble not in done.stdout, done.stdout[-4000:]
    for size, data in files.items():
        assert (tmp_path / f"out-{size}").read_bytes() == data
        assert seen[str(size)]["rootHash"] == "0x" + FileTree.from_buffer(data).root.hex()


def call(url: str, method: str, *params: Any) -> Any:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        answer = json.loads(response.read())
    if "error" in answer:
        raise RuntimeError(str(answer["error"]))
    return answer["result"]


def test_kill_in_the_middle_of_uploads(network: Network, tmp_path: Path) -> None:
    """What was acknowledged is there after kill -9, what was not can be sent again, and no wrong byte is served."""
    size = 12 * 262_144 + 999
    node = StorageNode(tmp_path / "node", network.status["rpc_url"], "0/1")
    node.start()
    try:
        for round_index in range(3):
            data = pattern(size, 1000 + round_index)
            tree = FileTree.from_buffer(data)
            source = tmp_path / f"in-{round_index}"
            source.write_bytes(data)
            # The node that will be killed learns of the file from the chain alone.
            sender = StorageNode(tmp_path / f"sender-{round_index}", network.status["rpc_url"], "0/1")
            sender.start()
            try:
                network.zerog.json("storage", "upload", str(source), "--node", sender.url)
            finally:
                sender.stop()
            root = "0x" + tree.root.hex()
            ends = time.monotonic() + 30
            while (info := call(node.url, "zgs_getFileInfo", root, True)) is None:
                assert time.monotonic() < ends
                time.sleep(0.02)
            seq = info["tx"]["seq"]
            acknowledged: list[int] = []

            def upload(tree: FileTree = tree, data: bytes = data, seq: int = seq, kept: list[int] = acknowledged) -> None:
                for index in range(tree.layout.data_segments):
                    try:
                        call(node.url, "zgs_uploadSegmentsByTxSeq", [segment_json(tree, data, index)], seq)
                    except (OSError, RuntimeError):
                        return
                    kept.append(index)

            worker = threading.Thread(target=upload)
            worker.start()
            while len(acknowledged) < 2 + 3 * round_index and worker.is_alive():
                time.sleep(0.001)
            node.stop(signal.SIGKILL)
            worker.join(60)
            node.start()
            assert acknowledged
            for index in acknowledged:
                got = call(node.url, "zgs_downloadSegmentWithProofByTxSeq", seq, index)
                assert got is not None, f"segment {index} was acknowledged and is gone"
                assert got == {**segment_json(tree, data, index)}
            for index in range(tree.layout.data_segments):
                if call(node.url, "zgs_checkFileFinalized", seq):
                    break
                call(node.url, "zgs_uploadSegmentsByTxSeq", [segment_json(tree, data, index)], seq)
            assert call(node.url, "zgs_checkFileFinalized", seq)
            out = tmp_path / f"out-{round_index}"
            network.zerog.json("storage", "download", str(out), "--root", root, "--node", node.url)
            assert out.read_bytes() == data
    finally:
        node.stop()

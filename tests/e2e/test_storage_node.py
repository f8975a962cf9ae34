"""Storage nodes as processes: kill -9 in the middle of uploads."""

from __future__ import annotations

import json
import signal
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import Network
from tests.e2e.storage_process import StorageNode
from tests.unit.storage.harness import pattern, segment_json

from zerog.storage.layout import FileTree

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]


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

"""zgs_* and admin_* against strangers: whatever is asked is answered by the protocol, nothing is stored, the node lives."""

from __future__ import annotations

import re
from pathlib import Path

from tests.unit.storage.harness import Running, SimulatedEth, pattern, running, segment_json
from tests.unit.storage.hostile import UNKNOWN, survive, too_large

from zerog.storage import rpc

SOURCE = Path(rpc.__file__).read_text()
ZGS = sorted(set(re.findall(r'"(zgs_\w+)":', SOURCE)))
ADMIN = sorted(set(re.findall(r'"(admin_\w+)":', SOURCE)) - {"admin_shutdown"})
DATA = pattern(300_000)


async def test_zgs_against_nonsense(node: Running, eth: SimulatedEth) -> None:
    tree = eth.submit(DATA)
    await node.synced(0)
    refused = await survive(node.session, node.endpoints.rpc_url, ZGS)
    assert len(refused) == 18
    assert all(refused[name] == 15 for name in ZGS if name.startswith("zgs_uploadSegment") and "Segments" not in name)
    assert node.node.store.present(0) == frozenset()
    await node.upload(tree, DATA, 0)
    await survive(node.session, node.endpoints.rpc_url, ZGS)
    assert await node.call("zgs_checkFileFinalized", 0)
    assert node.node.store.present(0) == {0, 1}


async def test_zgs_of_files_that_nobody_has(node: Running) -> None:
    for method in ("zgs_getFileInfo", "zgs_checkFileFinalized"):
        assert await node.call(method, UNKNOWN, *([True] if method == "zgs_getFileInfo" else [])) is None
    assert await node.call("zgs_downloadSegment", UNKNOWN, 0, 1) is None
    assert await node.call("zgs_downloadSegmentWithProof", UNKNOWN, 0) is None
    assert await node.call("zgs_downloadSegmentWithProofByTxSeq", 7, 0) is None


async def test_a_segment_of_another_shard_when_the_own_are_here(tmp_path: Path, eth: SimulatedEth) -> None:
    """Taken while the file wants more (as the official node does), refused afterwards, never required and never served."""
    data = pattern(4 * 262_144)
    tree = eth.submit(data)
    async with running(tmp_path / "half", eth, **{"storage.shard": "1/2"}) as node:
        await node.synced(0)
        start = node.node.store.tx(0).start_segment
        own = [index for index in range(4) if (start + index) % 2]
        (other, *_) = [index for index in range(4) if index not in own]
        for index in own:
            assert await node.call("zgs_uploadSegmentsByTxSeq", [segment_json(tree, data, index)], 0) == 0
        code, message, words = await node.refused("zgs_uploadSegmentByTxSeq", segment_json(tree, data, other), 0)
        assert (code, message, words) == (-32602, "Invalid params: root", "already uploaded and finalized")
        assert node.node.store.present(0) == set(own)
        assert await node.call("zgs_downloadSegmentWithProofByTxSeq", 0, other) is None


async def test_admin_against_nonsense(node: Running, eth: SimulatedEth) -> None:
    eth.submit(DATA)
    await node.synced(0)
    token = {"Authorization": f"Bearer {(node.home / 'admin.token').read_text()}"}
    refused = await survive(node.session, node.endpoints.admin_url, ADMIN, **token)
    assert len(refused) == 12
    assert refused["admin_findFile"] == refused["admin_startSyncChunks"] == 15
    for given in ("", "Bearer ", "Bearer ../admin.token", "Basic eDp4", token["Authorization"] + "x"):
        status, _, _ = await node.post(node.endpoints.admin_url, b"{}", Authorization=given)
        assert status == 401
    assert await node.admin("admin_getSyncServiceState")
    assert (await node.call("zgs_getStatus"))["nextTxSeq"] == 1


async def test_admin_bodies_are_bounded(tmp_path: Path, eth: SimulatedEth) -> None:
    async with running(tmp_path / "node", eth, **{"storage.rpc.body_bytes_max": 100_000}) as node:
        token = {"Authorization": f"Bearer {(node.home / 'admin.token').read_text()}"}
        await too_large(node.session, node.endpoints.admin_url, 100_000, **token)
        assert await node.admin("admin_getPeers") == {}

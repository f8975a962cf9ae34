"""Every refusal of an upload with its exact code and words, and what is kept after it."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.storage.harness import Running, SimulatedEth, pattern, running, segment_json, segment_of

from zerog.storage import ingest
from zerog.storage.ingest import ChunkCache, Limits, Refusal
from zerog.storage.layout import FileTree

pytestmark = pytest.mark.slow  # whole nodes or processes in each: `make test` stays under a minute without

DATA = pattern(1_048_577)
TREE = FileTree.from_buffer(DATA)
LARGE = pattern(11 << 20)


def proof(index: int, **changes: Any) -> dict[str, Any]:
    return segment_json(TREE, DATA, index)["proof"] | changes


def flipped(text: str) -> str:
    return text[:-1] + ("0" if text[-1] != "0" else "1")


LEMMA = proof(0)["lemma"]
LAST_LEMMA = proof(4)["lemma"]
REFUSALS: dict[str, tuple[int, dict[str, Any], tuple[int, str, Any]]] = {
    "empty": (0, {"data": ""}, (-32000, "data is empty", None)),
    "not whole sectors": (0, {"data": base64.b64encode(bytes(255)).decode()}, (-32000, "invalid data length", None)),
    "another file size": (
        0, {"fileSize": len(DATA) + 1},
        (-32602, "Invalid params: file_size", "segment file size not matched with tx file size"),
    ),
    "no such segment": (0, {"index": 5}, (-32602, "Invalid params: index", "index out of bound")),
    "too few bytes": (
        0, {"data": base64.b64encode(DATA[:256]).decode()}, (-32602, "Invalid params: data", "invalid data length"),
    ),
    "proof without hashes": (0, {"proof": {"lemma": [], "path": []}}, (-32602, "Invalid params: proof", "invalid proof")),
    "false sibling": (
        0, {"proof": proof(0, lemma=[LEMMA[0], flipped(LEMMA[1]), *LEMMA[2:]])},
        (-32602, "Invalid params: proof", "validation failed"),
    ),
    "no base64": (0, {"data": "!!"}, (-32602, "Invalid params: data", None)),
    "no root": (0, {"root": 7}, (-32602, "Invalid params: root", "expected 0x and 64 hex digits")),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
async def test_what_is_refused_and_how(node: Running, eth: SimulatedEth, name: str) -> None:
    eth.submit(DATA)
    await node.synced(0)
    index, changes, wanted = REFUSALS[name]
    code, message, data = await node.refused("zgs_uploadSegmentByTxSeq", segment_json(TREE, DATA, index, **changes), 0)
    assert (code, message) == wanted[:2]
    assert wanted[2] is None or data == wanted[2]
    assert not node.node.store.present(0)
    assert (await node.call("zgs_getStatus"))["nextTxSeq"] == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [("position", "wrong position"), ("leaf", "data hash mismatch"), ("root", "root mismatch")],
)
async def test_refusals_of_proofs_that_carry_a_sentence(node: Running, eth: SimulatedEth, change: str, words: str) -> None:
    eth.submit(DATA)
    await node.synced(0)
    given = segment_json(TREE, DATA, 0)
    if change == "position":
        given["proof"]["path"][0] = not given["proof"]["path"][0]
    elif change == "leaf":
        given["data"] = base64.b64encode(DATA[262_144:524_288]).decode()
    else:
        given["proof"]["lemma"][-1] = flipped(LEMMA[-1])
    code, message, _ = await node.refused("zgs_uploadSegment", given)
    assert code == -32000
    assert message.startswith(words)
    assert not node.node.store.present(0)


async def test_a_false_hash_in_the_padding_is_named(node: Running, eth: SimulatedEth) -> None:
    size = 10_485_883
    data = pattern(size)
    tree = eth.submit(data)
    await node.synced(0)
    given = segment_json(tree, data, 40)
    lemma = given["proof"]["lemma"]
    given["proof"]["lemma"] = [lemma[0], flipped(lemma[1]), *lemma[2:]]
    assert await node.refused("zgs_uploadSegmentByTxSeq", given, 0) == (
        -32602, "Invalid params: proof", "invalid proof node value in the padding range",
    )  # fmt: skip


async def test_a_root_that_is_not_the_files(node: Running, eth: SimulatedEth) -> None:
    eth.submit(DATA)
    eth.submit(pattern(300))
    await node.synced(1)
    assert await node.refused("zgs_uploadSegmentsByTxSeq", [segment_json(TREE, DATA, 0)], 1) == (
        -32603, "Internal error", "data root and tx seq not match",
    )  # fmt: skip


async def test_finalized_pruned_and_repeated(node: Running, eth: SimulatedEth) -> None:
    eth.submit(DATA)
    await node.synced(0)
    first = segment_json(TREE, DATA, 0)
    assert await node.call("zgs_uploadSegment", first) == 0
    duplicate = (-32000, "segment has already been uploaded or is being uploaded", None)
    assert await node.refused("zgs_uploadSegment", first) == duplicate
    assert await node.refused("zgs_uploadSegments", [first]) == duplicate
    assert await node.refused("zgs_uploadSegmentByTxSeq", first, 0) == duplicate
    assert await node.call("zgs_uploadSegmentsByTxSeq", [first, segment_json(TREE, DATA, 1)], 0) == 0
    assert (await node.call("zgs_getFileInfoByTxSeq", 0))["uploadedSegNum"] == 2
    await node.upload(TREE, DATA, 0)
    final = (-32602, "Invalid params: root", "already uploaded and finalized")
    assert await node.refused("zgs_uploadSegmentsByTxSeq", [first], 0) == final
    assert await node.refused("zgs_uploadSegments", [first]) == final
    node.node.store.prune(0)
    assert await node.refused("zgs_uploadSegment", first) == (-32602, "Invalid params: root", "already pruned")
    info = await node.call("zgs_getFileInfo", first["root"], False)
    assert (info["pruned"], info["finalized"], info["uploadedSegNum"]) == (True, False, 5)
    assert await node.call("zgs_getFileInfo", first["root"], True) is None
    assert await node.call("zgs_downloadSegmentByTxSeq", 0, 0, 1024) is None


async def test_the_good_ones_before_a_bad_one_are_kept(node: Running, eth: SimulatedEth) -> None:
    eth.submit(DATA)
    await node.synced(0)
    bad = segment_json(TREE, DATA, 2, index=3)
    given = [segment_json(TREE, DATA, 0), segment_json(TREE, DATA, 1), bad, segment_json(TREE, DATA, 4)]
    await node.refused("zgs_uploadSegmentsByTxSeq", given, 0)
    assert node.node.store.present(0) == {0, 1}


async def test_segments_before_their_submission_wait_by_root(node: Running, eth: SimulatedEth) -> None:
    data = pattern(300_000)
    tree = FileTree.from_buffer(data)
    assert await node.call("zgs_uploadSegments", [segment_json(tree, data, i) for i in range(2)]) == 0
    assert await node.call("zgs_getFileInfo", "0x" + tree.root.hex(), True) is None
    assert await node.refused("zgs_uploadSegment", segment_json(tree, data, 0)) == (
        -32000, "segment has already been uploaded or is being uploaded", None,
    )  # fmt: skip
    eth.submit(data)
    await node.synced(0)
    await node.finalized(0)
    large = FileTree.from_buffer(LARGE)
    assert await node.refused("zgs_uploadSegment", segment_json(large, LARGE, 0)) == (
        -32602, "Invalid params: file_size", "caching of large file when tx is unavailable is not supported",
    )  # fmt: skip
    unknown = flipped("0x" + tree.root.hex())
    assert await node.refused("zgs_uploadSegment", segment_json(tree, data, 0, root=unknown, fileSize=0)) == (
        -32602, "Invalid params: file_size", "file is empty",
    )  # fmt: skip


def test_what_waits_is_bounded_and_forgotten() -> None:
    now = [0.0]
    cache = ChunkCache(Limits(cached_bytes_max=600_000, cached_expire_s=300), lambda: now[0])
    files = [(pattern(262_144, salt), FileTree.from_buffer(pattern(262_144, salt))) for salt in range(3)]
    for data, tree in files:
        cache.put(segment_of(tree, data, 0))
        now[0] += 1
    assert cache.count(files[0][1].root) is None, "the one that waited longest made room"
    assert (len(cache), cache.size_bytes) == (2, 524_288)
    with pytest.raises(Refusal, match="already been uploaded"):
        cache.put(segment_of(files[1][1], files[1][0], 0))
    now[0] = 301.5
    assert cache.expire() == 1
    now[0] = 400
    assert cache.expire() == 1
    assert cache.size_bytes == 0


async def test_the_write_window_refuses_what_it_cannot_take(
    tmp_path: Path, eth: SimulatedEth, monkeypatch: pytest.MonkeyPatch
) -> None:
    eth.submit(DATA)
    flags = {"storage.pool.writings_max": 1, "storage.pool.waiting_bytes_max": 0}
    async with running(tmp_path / "node", eth, **flags) as node:
        await node.synced(0)
        gate = asyncio.Event()
        entered = asyncio.Event()
        write = ingest.Ingest._store_now

        async def slow(self: Any, segments: Any) -> None:
            entered.set()
            await gate.wait()
            await write(self, segments)

        monkeypatch.setattr(ingest.Ingest, "_store_now", slow)
        first = asyncio.create_task(node.call("zgs_uploadSegment", segment_json(TREE, DATA, 0)))
        await entered.wait()
        assert await node.refused("zgs_uploadSegment", segment_json(TREE, DATA, 1)) == (
            -32000, "too many data writing: 1", None,
        )  # fmt: skip
        assert await node.refused("zgs_uploadSegment", segment_json(TREE, DATA, 0)) == (
            -32000, "segment has already been uploaded or is being uploaded", None,
        )  # fmt: skip
        gate.set()
        assert await first == 0
        assert await node.call("zgs_uploadSegment", segment_json(TREE, DATA, 1)) == 0


async def test_uploads_wait_for_the_window_and_not_for_ever(
    tmp_path: Path, eth: SimulatedEth, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Clients send all calls of a file at once and give up after three refusals."""
    eth.submit(DATA)
    flags = {"storage.pool.writings_max": 1, "storage.pool.waiting_bytes_max": 262_144, "storage.pool.waiting_s": 1}
    async with running(tmp_path / "node", eth, **flags) as node:
        await node.synced(0)
        gate, entered = asyncio.Event(), asyncio.Event()
        write = ingest.Ingest._store_now

        async def slow(self: Any, segments: Any) -> None:
            entered.set()
            await gate.wait()
            await write(self, segments)

        monkeypatch.setattr(ingest.Ingest, "_store_now", slow)
        full = (-32000, "too many data writing: 1", None)
        first = asyncio.create_task(node.call("zgs_uploadSegment", segment_json(TREE, DATA, 0)))
        await entered.wait()
        second = asyncio.create_task(node.refused("zgs_uploadSegment", segment_json(TREE, DATA, 1)))
        async with asyncio.timeout(5):
            while node.node.ingest._waiting_bytes == 0:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        # One segment waits: that is all the memory there is for it.
        assert await node.refused("zgs_uploadSegment", segment_json(TREE, DATA, 2)) == full
        assert await second == full
        third = asyncio.create_task(node.call("zgs_uploadSegment", segment_json(TREE, DATA, 1)))
        async with asyncio.timeout(5):
            while node.node.ingest._waiting_bytes == 0:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
        gate.set()
        assert (await first, await third) == (0, 0)
        assert node.node.store.present(0) == {0, 1}
        assert (node.node.ingest._waiting_bytes, node.node.ingest._writing) == (0, set())


async def test_a_reorganisation_in_the_middle_of_an_upload(
    node: Running, eth: SimulatedEth, monkeypatch: pytest.MonkeyPatch
) -> None:
    eth.mine()
    eth.submit(DATA)
    await node.synced(0)
    put = node.node.store.put_segments

    def reverted_before(segments: Any) -> None:
        node.node.store.revert(None, keep=0)
        put(segments)

    monkeypatch.setattr(node.node.store, "put_segments", reverted_before)
    assert await node.refused("zgs_uploadSegmentByTxSeq", segment_json(TREE, DATA, 0), 0) == (
        -32000, "Transaction reverted when uploading segments, please try again", None,
    )  # fmt: skip


async def test_upload_answers_null_when_told_to(tmp_path: Path, eth: SimulatedEth) -> None:
    data = pattern(100)
    async with running(tmp_path / "node", eth, **{"storage.rpc.upload_null": True}) as node:
        tree = eth.submit(data)
        await node.synced(0)
        assert await node.call("zgs_uploadSegmentsByTxSeq", [segment_json(tree, data, 0)], 0) is None


async def test_transport(node: Running, eth: SimulatedEth) -> None:
    url = node.endpoints.rpc_url
    _, body, headers = await node.post(url, {"jsonrpc": "2.0", "id": 5, "method": "zgs_getStatus"}, Origin="http://a.example")
    answer = json.loads(body)["result"]
    assert answer["networkIdentity"]["p2pProtocolVersion"] == {"major": 0, "minor": 4, "build": 0}
    assert headers["Access-Control-Allow-Origin"] == "*"
    async with node.session.options(url, headers={"Origin": "http://a.example"}) as response:
        assert response.headers["Access-Control-Allow-Methods"] == "POST, GET, OPTIONS"
    calls = [{"jsonrpc": "2.0", "id": i, "method": "zgs_getShardConfig", "params": []} for i in range(3)]
    _, body, _ = await node.post(url, calls, Connection="close")
    assert [one["result"] for one in json.loads(body)] == [{"shardId": 0, "numShard": 1}] * 3
    assert (await node.refused("zgs_nothing"))[0] == -32601
    assert (await node.refused("zgs_getFileInfo"))[:2] == (-32602, "Invalid params: root")
    assert (await node.refused("zgs_getFileInfo", "0x12"))[:2] == (-32602, "Invalid params: root")
    assert (await node.refused("zgs_downloadSegmentByTxSeq", 0, 5, 5))[1:] == (
        "Invalid params: end_index", "invalid chunk index",
    )  # fmt: skip
    assert (await node.refused("zgs_downloadSegmentByTxSeq", 0, 0, 1025))[1:] == (
        "Invalid params: end_index", "exceeds maximum chunks 1024",
    )  # fmt: skip
    assert await node.call("zgs_downloadSegmentByTxSeq", 0, 0, 1) is None
    assert await node.call("zgs_checkFileFinalized", 3) is None
    assert await node.call("zgs_checkFileFinalized", "0x" + "12" * 32) is None


async def test_a_body_over_the_limit_is_refused(tmp_path: Path, eth: SimulatedEth) -> None:
    async with running(tmp_path / "node", eth, **{"storage.rpc.body_bytes_max": 100_000}) as node:
        status, _, _ = await node.post(node.endpoints.rpc_url, b"[" + b" " * 200_000 + b"]")
        assert status == 413
        assert (await node.call("zgs_getStatus"))["nextTxSeq"] == 0

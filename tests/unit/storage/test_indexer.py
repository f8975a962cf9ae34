"""The indexer and its REST routes over real nodes on a simulated chain."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.unit.storage.harness import Refused, Running, SimulatedEth, pattern, running, segment_json
from tests.unit.storage.hostile import survive, too_large
from yarl import URL

from zerog.runtime import config as settings
from zerog.storage import directory, indexer
from zerog.storage.directory import Entry
from zerog.storage.indexer import Endpoints, serve
from zerog.storage.layout import FileTree

pytestmark = pytest.mark.slow  # whole nodes live and die in these: `make test` stays under a minute without

METHODS = sorted(set(re.findall(r'"(indexer_\w+)":', Path(indexer.__file__).read_text())))


@dataclass
class Network:
    url: str
    nodes: list[Running]
    session: aiohttp.ClientSession
    eth: SimulatedEth

    async def call(self, method: str, *params: Any) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        async with self.session.post(self.url, json=body) as response:
            answer = json.loads(await response.read())
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["result"]

    async def get(self, path: str, **headers: str) -> tuple[int, dict[str, Any]]:
        async with self.session.get(URL(self.url + path, encoded=True), headers=headers) as response:
            return response.status, json.loads(await response.read())

    async def store(self, data: bytes) -> FileTree:
        """A file on both shards."""
        tree = self.eth.submit(data)
        seq = self.eth.tree.submission_count - 1
        for node in self.nodes:
            await node.synced(seq)
            if not await node.call("zgs_checkFileFinalized", seq):
                start = node.node.store.tx(seq).start_segment
                shard = node.node.store.shard
                own = [i for i in range(tree.layout.data_segments) if shard.holds(start + i)]
                await node.call("zgs_uploadSegmentsByTxSeq", [segment_json(tree, data, i) for i in own], seq)
        return tree


@pytest.fixture
async def network(tmp_path: Path, eth: SimulatedEth) -> AsyncIterator[Network]:
    """Two nodes of one shard each, and an indexer that also trusts one that is down."""
    async with AsyncExitStack() as stack:
        nodes = [
            await stack.enter_async_context(running(tmp_path / f"node{i}", eth, **{"storage.shard": f"{i}/2"}))
            for i in range(2)
        ]
        trusted = [node.endpoints.rpc_url for node in nodes] + ["http://127.0.0.1:9"]
        token = tmp_path / "node0" / "admin.token"
        flags = {
            "indexer.port": 0, "metrics.port": 0, "indexer.trusted": trusted, "indexer.node_timeout_s": 5,
            "indexer.file_bytes_max": 2 << 20,
            "indexer.discovery": nodes[0].endpoints.admin_url, "indexer.discovery_token_file": str(token),
        }  # fmt: skip
        up: asyncio.Future[Endpoints] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(serve(settings.load(flags=flags, environment={}).config, up.set_result))
        await asyncio.wait([task, up], return_when=asyncio.FIRST_COMPLETED, timeout=20)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        yield Network(up.result().url, nodes, session, eth)
        task.cancel()
        await asyncio.wait([task], timeout=20)


async def test_nodes(network: Network) -> None:
    found = await network.call("indexer_getShardedNodes")
    assert [node["config"] for node in found["trusted"]] == [{"shardId": i, "numShard": 2} for i in range(2)]
    assert all(node["since"] == 0 for node in found["trusted"])
    assert found["discovered"] == []
    chosen = await network.call("indexer_getSelectedNodes", 1, "min", True, [])
    assert [node["url"] for node in chosen["trusted"]] == [node.endpoints.rpc_url for node in network.nodes]
    with pytest.raises(Refused, match="do not hold every shard"):
        await network.call("indexer_getSelectedNodes", 2, "min", True, [])
    with pytest.raises(Refused, match="do not hold every shard"):
        await network.call("indexer_getSelectedNodes", 1, "min", True, [network.nodes[0].endpoints.rpc_url])
    with pytest.raises(Refused, match="Invalid params: method"):
        await network.call("indexer_getSelectedNodes", 1, "best")
    assert await network.call("indexer_getNodeLocations") == {
        "127.0.0.1": {"city": "", "region": "", "country": "", "loc": "", "timezone": ""}
    }


async def test_where_files_are(network: Network) -> None:
    data = pattern(1_000_000)
    tree = FileTree.from_buffer(data)
    assert await network.call("indexer_getFileLocations", "0x" + tree.root.hex()) == []
    await network.store(data)
    found = await network.call("indexer_getFileLocations", "0x" + tree.root.hex())
    assert sorted(node["config"]["shardId"] for node in found) == [0, 1]
    with pytest.raises(Refused, match="Invalid params: root"):
        await network.call("indexer_getFileLocations", "0x12")


async def test_files_over_rest(network: Network) -> None:
    data = pattern(1_000_000)
    tree = await network.store(data)
    root = "0x" + tree.root.hex()
    for query in (f"root={root}", "txSeq=0"):
        async with network.session.get(f"{network.url}/file?{query}", headers={"Origin": "http://a.example"}) as response:
            assert response.status == 200
            assert await response.read() == data
            assert response.headers["Access-Control-Allow-Origin"] == "*"
            assert root in response.headers["Content-Disposition"]
    async with network.session.get(f"{network.url}/file?root={root}", headers={"Range": "bytes=262140-262150"}) as response:
        assert response.status == 206
        assert await response.read() == data[262_140:262_151]
    status, answer = await network.get(f"/file/info/{root}")
    assert (status, answer["code"], answer["data"]["finalized"], answer["data"]["tx"]["size"]) == (200, 0, True, len(data))
    assert answer["data"]["tx"]["merkleNodes"] == [[height + 1, "0x" + one.hex()] for one, height in tree.nodes]
    _, answer = await network.get(f"/files/info?cid=0&cid=0x{'12' * 32}")
    assert [one and one["tx"]["seq"] for one in answer["data"]] == [0, None]
    assert (await network.get("/node/status"))[1]["data"]["nextTxSeq"] == 1


@pytest.mark.slow
async def test_ranges_of_a_file(network: Network) -> None:
    """As a browser, a player and a download manager ask; only whole proven files are cut."""
    data = pattern(300_001)
    root = "0x" + (await network.store(data)).root.hex()
    size = len(data)
    asks = [
        ("0-0", 0, 1), ("262140-262150", 262_140, 262_151), ("300000-", 300_000, size), ("-5", size - 5, size),
        ("5-999999999", 5, size),
    ]  # fmt: skip
    for asked, first, end in asks:
        async with network.session.get(f"{network.url}/file?root={root}", headers={"Range": f"bytes={asked}"}) as response:
            assert response.status == 206
            assert response.headers["Content-Range"] == f"bytes {first}-{end - 1}/{size}"
            assert await response.read() == data[first:end]
    async with network.session.get(f"{network.url}/file?root={root}", headers={"Range": "bytes=300001-"}) as response:
        assert response.status == 416
        assert response.headers["Content-Range"] == f"bytes */{size}"
    async with network.session.head(f"{network.url}/file?root={root}") as response:
        assert (response.status, response.headers["Content-Length"]) == (200, str(size))
    url = URL(f"{network.url}/file?root={root}&name=..%2F..%2Fetc%2Fpass%0d%0awd%22.html", encoded=True)
    async with network.session.get(url) as response:
        assert response.headers["Content-Type"] == "application/octet-stream"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        name = response.headers["Content-Disposition"]
        assert name.startswith("attachment; ")
        assert "/" not in name.replace("UTF-8''", "")
        assert 'filename="pass__wd_.html"' in name


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/file", 1), ("/file?root=0x12", 1), (f"/file?root=0x{'12' * 32}", 101), ("/file?txSeq=7", 101),
        ("/file/info/zz", 1), ("/file/0/x", 103), ("/files/info", 1),
    ],
)  # fmt: skip
async def test_refusals_over_rest(network: Network, path: str, code: int) -> None:
    network.eth.submit(pattern(1000))
    for node in network.nodes:
        await node.synced(0)
    status, answer = await network.get(path)
    assert (status, answer["code"]) == (200, code)


@pytest.mark.slow
async def test_a_directory_over_rest(network: Network) -> None:
    inner = pattern(5000)
    tree = await network.store(inner)
    top = Entry(
        "", "directory",
        entries=(
            Entry("docs", "directory", entries=(Entry("a.txt", "file", (tree.root,), len(inner)),)),
            Entry("link", "symbolic", link="docs/a.txt"),
        ),
    )  # fmt: skip
    metadata = await network.store(directory.encode(top))
    root = "0x" + metadata.root.hex()
    _, answer = await network.get(f"/file/{root}/")
    assert answer["data"] == [
        {"name": "docs", "type": "directory", "size": 0},
        {"name": "link", "type": "symbolic", "size": 0},
    ]
    async with network.session.get(f"{network.url}/file/{root}/docs/a.txt") as response:
        assert await response.read() == inner
        assert 'filename="a.txt"' in response.headers["Content-Disposition"]
    assert (await network.get(f"/file/{root}/link"))[1]["data"]["link"] == "docs/a.txt"
    assert (await network.get(f"/file/{root}/docs/b.txt"))[1]["code"] == 104
    assert (await network.get(f"/file/{root}/%2e%2e/%2e%2e/etc/passwd"))[1]["code"] == 104
    assert (await network.get("/file/0/x"))[1]["code"] == 106


async def test_a_file_beyond_the_limit(network: Network) -> None:
    tree = await network.store(pattern(3 << 20))
    assert (await network.get(f"/file?root=0x{tree.root.hex()}"))[1]["code"] == 105


async def test_segments_over_rest(network: Network) -> None:
    data = pattern(1000)
    tree = network.eth.submit(data)
    for node in network.nodes:
        await node.synced(0)
    segment = segment_json(tree, data, 0)
    given = {"txSeq": 0, "data": segment["data"], "index": 0, "proof": segment["proof"], "expectedReplica": 1}

    async def post(value: Any) -> dict[str, Any]:
        async with network.session.post(f"{network.url}/file/segment", json=value) as response:
            assert response.status == 200
            return dict(json.loads(await response.read()))

    wrongs: list[Any] = [[1], None, {}]
    wrongs += [given | {"index": 1}, given | {"data": 1}, given | {"expectedReplica": -1}]
    wrongs += [given | {"proof": {"lemma": [], "path": []}}, given | {"proof": {"lemma": ["0x" + "11" * 32], "path": []}}]
    for wrong in wrongs:
        assert (await post(wrong))["code"] == 1, wrong
    for raw in (b"{", b"[" * 100_000, b"\xff"):
        async with network.session.post(f"{network.url}/file/segment", data=io.BytesIO(raw)) as response:
            assert json.loads(await response.read())["code"] == 1
    async with network.session.post(f"{network.url}/file/segment", data=io.BytesIO(bytes(17 << 20))) as response:
        assert response.status == 413
    assert not any(node.node.store.present(0) for node in network.nodes)
    assert (await post(given | {"data": "AAAA"}))["code"] == 1
    assert (await post(given | {"expectedReplica": 2}))["code"] == 1
    assert (await post(given | {"txSeq": 9}))["code"] == 101
    assert (await post(given))["code"] == 0
    assert (await post(given))["code"] == 0  # again: it is there
    assert (await network.get("/file/info/0"))[1]["data"]["finalized"]


async def test_indexer_against_nonsense(network: Network) -> None:
    refused = await survive(network.session, network.url, METHODS)
    assert len(refused) == 4
    assert refused["indexer_getFileLocations"] >= 10
    await too_large(network.session, network.url, 16 << 20)
    for path in ("/file/0/../../etc/passwd", "/file/..%2f..%2fetc%2fpasswd", "/../etc/passwd", "/file?root=..%2f..%2fetc",
                 "/file/0/%00", "/file/0/..%5c..%5cetc"):  # fmt: skip
        async with network.session.get(URL(network.url + path, encoded=True)) as response:
            assert response.status in (200, 400, 404), path
            assert b"root:x:0" not in await response.read()
    assert (await network.get("/node/status"))[1]["data"]["nextTxSeq"] == 0

"""storage.client against nodes that lie: another node is asked, or the error says who lied; the target never appears."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from tests.unit.storage.harness import Running, SimulatedEth, pattern
from tests.unit.storage.test_transfers import QUICK, MiningPayer, names

from zerog.errors import PeerFault, Unavailable, ZerogError
from zerog.sdk.storage import Storage
from zerog.storage.client import StorageClient
from zerog.storage.kv.client import KvClient
from zerog.storage.layout import SEGMENT, FileTree, Layout
from zerog.storage.part import Part, put
from zerog.storage.remote import FileInfo, Remote
from zerog.storage.uploads import UploadOptions

pytestmark = pytest.mark.slow  # whole nodes live and die in these: `make test` stays under a minute without

SIZE = 4 * SEGMENT + 777
DATA = pattern(SIZE)
TREE = FileTree.from_buffer(DATA)
OTHER = pattern(SIZE, 5)

Tamper = Callable[[str, list[Any], Any], Any]
"""(method, params, the true answer) → what is answered; an exception is answered as an error object."""


class Say(Exception):
    """An error object to answer with."""

    def __init__(self, code: int, message: str, data: str | None = None) -> None:
        super().__init__(message)
        self.value = {"code": code, "message": message} | ({} if data is None else {"data": data})


@asynccontextmanager
async def liar(node: Running, tamper: Tamper, keep: str = "-") -> AsyncIterator[str]:
    """A server that passes calls on to a real node (not methods that begin with ``keep``) and tampers with what comes back."""

    async def handle(request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        value = {"jsonrpc": "2.0", "id": body["id"], "result": None}
        if not body["method"].startswith(keep):
            _, answer, _ = await node.post(node.endpoints.rpc_url, body)
            value = json.loads(answer)
        try:
            made = tamper(body["method"], body["params"], value.get("result"))
            if isinstance(made, Awaitable):
                made = await made
        except Say as error:
            value = {"jsonrpc": "2.0", "id": body["id"], "error": error.value}
        else:
            if isinstance(made, web.Response):
                return made
            if "error" not in value:
                value["result"] = made
        return web.Response(body=json.dumps(value).encode(), content_type="application/json")

    app = web.Application(client_max_size=1 << 27)
    app.router.add_post("/", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"  # type: ignore[union-attr]
    finally:
        await runner.cleanup()


@pytest.fixture
async def remote() -> AsyncIterator[Remote]:
    async with Remote(timeout_s=5, retries=1, pause_s=0.01) as opened:
        yield opened


@pytest.fixture
async def stored(node: Running, eth: SimulatedEth, remote: Remote) -> Running:
    eth.submit(DATA)
    await node.synced(0)
    await node.upload(TREE, DATA, 0)
    await node.finalized(0)
    return node


def over(remote: Remote, *urls: str, payer: MiningPayer | None = None) -> Storage:
    return Storage(StorageClient(remote, nodes=urls), remote, payer)


def on(wanted: str, change: Callable[[Any], Any]) -> Tamper:
    def tamper(method: str, params: list[Any], result: Any) -> Any:
        return change(result) if method.startswith(wanted) and result is not None else result

    return tamper


def wrong_bytes(segment: Any) -> Any:
    data = bytearray(base64.b64decode(segment["data"]))
    data[len(data) // 2] ^= 1
    return segment | {"data": base64.b64encode(data).decode()}


def other_file(segment: Any) -> Any:
    tree, index = FileTree.from_buffer(OTHER), segment["index"]
    data = OTHER[index * SEGMENT : (index + 1) * SEGMENT]
    data += bytes(-len(data) % 256)
    return segment | {"data": base64.b64encode(data).decode(), "proof": tree.proof(index).to_json()}


def proof_of(index: int) -> Callable[[Any], Any]:
    return lambda segment: segment | {"proof": TREE.proof(index).to_json()}


SEGMENT_LIES: dict[str, Callable[[Any], Any]] = {
    "a bit of the data": wrong_bytes,
    "another file with its own proof": other_file,
    "another file's root": lambda s: s | {"root": "0x" + "11" * 32},
    "another segment's proof": lambda s: s | {"proof": TREE.proof((s["index"] + 1) % 5).to_json()},
    "another index": lambda s: s | {"index": (s["index"] + 1) % 5},
    "a huge index": lambda s: s | {"index": 1 << 63},
    "short data": lambda s: s | {"data": base64.b64encode(base64.b64decode(s["data"])[:-256]).decode()},
    "long data": lambda s: s | {"data": base64.b64encode(base64.b64decode(s["data"]) + bytes(256)).decode()},
    "no data": lambda s: s | {"data": ""},
    "another size": lambda s: s | {"fileSize": SIZE + 1},
    "a size of zero": lambda s: s | {"fileSize": 0},
    "an empty proof": lambda s: s | {"proof": {"lemma": [], "path": []}},
    "a proof without end": lambda s: s | {"proof": {"lemma": ["0x" + "00" * 32] * 5000, "path": [True] * 5000}},
    "a proof of the leaf alone": lambda s: s | {"proof": {"lemma": [s["root"]], "path": []}},
    "a proof of nonsense": lambda s: s | {"proof": {"lemma": [1, None], "path": "no"}},
    "text that is no base64": lambda s: s | {"data": "*" * 100},
    "data as a number": lambda s: s | {"data": 5},
    "nothing": lambda s: None,
    "a list": lambda s: [],
    "text": lambda s: "segment",
}


@pytest.mark.parametrize("lie", SEGMENT_LIES.values(), ids=SEGMENT_LIES.keys())
async def test_a_lie_about_a_segment(stored: Running, remote: Remote, tmp_path: Path, lie: Callable[[Any], Any]) -> None:
    async with liar(stored, on("zgs_downloadSegment", lie)) as url:
        with pytest.raises((PeerFault, Unavailable), match="nobody gives segment"):
            await over(remote, url).download(TREE.root, tmp_path / "alone")
        assert not (tmp_path / "alone").exists()
        part = tmp_path / f".zerog-{TREE.root.hex()}.part"
        assert not any(part.read_bytes()), "nothing unproven was written anywhere"
        assert await over(remote, url, stored.endpoints.rpc_url).download(TREE.root, tmp_path / "out") == SIZE
    assert (tmp_path / "out").read_bytes() == DATA


def bigger(info: Any) -> Any:
    info["tx"]["size"] += 256 * 1024 * 50
    return info


INFO_LIES: dict[str, Callable[[Any], Any]] = {
    "a size that does not fit the nodes": bigger,
    "nodes of another file": lambda i: i | {"tx": i["tx"] | {"merkleNodes": [[13, "0x" + "11" * 32], [11, "0x" + "22" * 32]]}},
    "another root": lambda i: i | {"tx": i["tx"] | {"dataMerkleRoot": "0x" + "11" * 32}},
    "a size beyond everything": lambda i: i | {"tx": i["tx"] | {"size": 1 << 63}},
    "a negative size": lambda i: i | {"tx": i["tx"] | {"size": -1}},
    "a size of zero": lambda i: i | {"tx": i["tx"] | {"size": 0}},
    "no nodes": lambda i: i | {"tx": i["tx"] | {"merkleNodes": []}},
    "no tx": lambda i: {"finalized": True},
    "a number": lambda i: 7,
}


@pytest.mark.parametrize("lie", INFO_LIES.values(), ids=INFO_LIES.keys())
async def test_a_lie_about_the_file(stored: Running, remote: Remote, tmp_path: Path, lie: Callable[[Any], Any]) -> None:
    async with liar(stored, on("zgs_getFileInfo", lie)) as url:
        with pytest.raises(PeerFault):
            await over(remote, url).download(TREE.root, tmp_path / "alone")
        assert names(tmp_path) == {"node"}
        await over(remote, url, stored.endpoints.rpc_url).download(TREE.root, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == DATA


@pytest.mark.parametrize("change", [-1, 1, -8, 100])
async def test_a_size_that_only_the_end_betrays(stored: Running, remote: Remote, tmp_path: Path, change: int) -> None:
    """The root does not fix the size within its last sectors: what is cut off shows as data behind the end."""

    def tamper(method: str, params: list[Any], result: Any) -> Any:
        if method.startswith("zgs_getFileInfo"):
            result["tx"]["size"] += change
        elif method.startswith("zgs_downloadSegment"):
            result["fileSize"] += change
        return result

    async with liar(stored, tamper) as url:
        if change < 0:
            with pytest.raises(PeerFault, match="the file is longer"):
                await over(remote, url).download(TREE.root, tmp_path / "out")
            assert not (tmp_path / "out").exists()
        honest = stored.endpoints.rpc_url
        with pytest.raises(PeerFault, match="do not agree"):
            await over(remote, url, honest).download(TREE.root, tmp_path / "out")
        async with liar(stored, lambda method, params, result: result) as second:
            await over(remote, url, honest, second).download(TREE.root, tmp_path / "out")
            assert (tmp_path / "out").read_bytes() == DATA
        await over(remote, url, honest).download(TREE.root, tmp_path / "told", size=SIZE)
        assert (tmp_path / "told").read_bytes() == DATA


async def test_a_place_in_the_flow_that_is_not_true(stored: Running, remote: Remote, tmp_path: Path) -> None:
    """A false start only makes the client ask the wrong node; the proof decides."""
    shifted = on("zgs_getFileInfo", lambda info: info | {"tx": info["tx"] | {"startEntryIndex": 1024 * 7}})
    async with liar(stored, shifted) as url:
        await over(remote, url).download(TREE.root, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == DATA


TRANSPORT: dict[str, Callable[[], web.Response]] = {
    "no JSON": lambda: web.Response(body=b"<html>"),
    "another JSON": lambda: web.Response(body=b"[1, 2]"),
    "an empty object": lambda: web.Response(body=b"{}"),
    "an error that is none": lambda: web.Response(body=b'{"error": 5}'),
    "status 404": lambda: web.Response(status=404),
    "status 503": lambda: web.Response(status=503),
    "a redirect": lambda: web.Response(status=307, headers={"Location": "http://127.0.0.1:1/"}),
    "an answer without end": lambda: web.Response(body=b" " * (9 << 20)),
    "deep JSON": lambda: web.Response(body=b"[" * 500_000),
}


@pytest.mark.parametrize("answer", TRANSPORT.values(), ids=TRANSPORT.keys())
async def test_servers_that_are_none(
    stored: Running, remote: Remote, tmp_path: Path, answer: Callable[[], web.Response]
) -> None:
    async with liar(stored, lambda *_: answer()) as url:
        with pytest.raises((PeerFault, Unavailable)):
            await over(remote, url).download(TREE.root, tmp_path / "alone")
        await over(remote, url, stored.endpoints.rpc_url).download(TREE.root, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == DATA


@pytest.mark.slow
async def test_a_node_that_goes_silent(stored: Running, tmp_path: Path) -> None:
    async def silent(method: str, params: list[Any], result: Any) -> Any:
        if method.startswith("zgs_downloadSegment"):
            await asyncio.sleep(60)
        return result

    async with Remote(timeout_s=0.3, retries=0, pause_s=0.01) as remote, liar(stored, silent) as url:
        await over(remote, url, stored.endpoints.rpc_url).download(TREE.root, tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == DATA
        with pytest.raises(Unavailable, match="no answer"):
            await over(remote, url).download(TREE.root, tmp_path / "alone")


async def test_a_download_goes_on_where_it_was(stored: Running, remote: Remote, tmp_path: Path) -> None:
    asked: list[int] = []
    limit = 3

    def failing(method: str, params: list[Any], result: Any) -> Any:
        if method.startswith("zgs_downloadSegment"):
            if len(asked) >= limit:
                raise Say(-32603, "Internal error", "disk")
            asked.append(params[1])
        return result

    async with liar(stored, failing) as url:
        storage = Storage(StorageClient(remote, nodes=[url], concurrency=1), remote)
        with pytest.raises(Unavailable, match="disk"):
            await storage.download(TREE.root, tmp_path / "out")
        assert asked == [0, 1, 2]
        assert not (tmp_path / "out").exists()
        limit = 100
        await storage.download(TREE.root, tmp_path / "out")
    assert asked == [0, 1, 2, 3, 4]
    assert (tmp_path / "out").read_bytes() == DATA
    assert names(tmp_path) == {"node", "out"}


async def test_what_an_earlier_run_left_is_not_trusted(stored: Running, remote: Remote, tmp_path: Path) -> None:
    part = tmp_path / f".zerog-{TREE.root.hex()}.part"
    with Part(part, TREE.root, SIZE, 5) as opened:
        opened.write(2, bytes(SEGMENT))
    await over(remote, stored.endpoints.rpc_url).download(TREE.root, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == DATA


def test_two_downloads_do_not_share_a_working_file(tmp_path: Path) -> None:
    with Part(tmp_path / "p", b"\1" * 32, 10, 1), pytest.raises(ZerogError, match="another process"):
        Part(tmp_path / "p", b"\1" * 32, 10, 1).__enter__()


def test_put_never_replaces_by_accident(tmp_path: Path) -> None:
    (tmp_path / "new").write_bytes(b"new")
    (tmp_path / "target").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ZerogError, match="exists already"):
        put(tmp_path / "new", tmp_path / "target", overwrite=False)
    put(tmp_path / "new", tmp_path / "target", overwrite=True)
    assert not (tmp_path / "elsewhere").exists()
    assert (tmp_path / "target").read_bytes() == b"new"


# --- upload -----------------------------------------------------------------------------------------------------------


async def test_the_official_texts(node: Running, eth: SimulatedEth, remote: Remote) -> None:
    """Finalized and duplicate are success; a full pool is tried again; anything else is an error."""
    said: list[str] = []
    queue = [
        Say(-32000, "too many data writing: 16"),
        Say(-32000, "segment has already been uploaded or is being uploaded"),
    ]

    def tamper(method: str, params: list[Any], result: Any) -> Any:
        if method == "zgs_uploadSegmentsByTxSeq" and queue:
            error = queue.pop(0)
            said.append(str(error))
            raise error
        return result

    payer = MiningPayer(eth)
    async with liar(node, tamper) as url:
        done = await over(remote, url, payer=payer).upload(DATA, options=QUICK)
        assert said == ["too many data writing: 16", "segment has already been uploaded or is being uploaded"]
        assert await over(remote, url).read(done.roots) == DATA


async def test_finalized_in_the_meantime(stored: Running, remote: Remote) -> None:
    calls = 0

    def tamper(method: str, params: list[Any], result: Any) -> Any:
        nonlocal calls
        if method == "zgs_getFileInfo":
            calls += 1
            return result | {"finalized": calls > 2, "uploadedSegNum": 0}
        if method == "zgs_uploadSegmentsByTxSeq":
            raise Say(-32602, "Invalid params: root", "already uploaded and finalized")
        return result

    async with liar(stored, tamper) as url:
        done = await over(remote, url).upload(DATA, options=QUICK)
    assert not done.paid


async def test_a_node_that_fails_is_replaced(node: Running, eth: SimulatedEth, remote: Remote) -> None:
    def broken(method: str, params: list[Any], result: Any) -> Any:
        if method.startswith("zgs_uploadSegments"):
            raise Say(-32603, "Internal error", "disk full")
        return result

    payer = MiningPayer(eth)
    async with liar(node, broken, "zgs_uploadSegments") as url:
        with pytest.raises(Unavailable, match=r"disk full.*paid for: run the same command again"):
            await over(remote, url, payer=payer).upload(DATA, options=UploadOptions(timeout_s=3))
        assert len(payer.files) == 1
        done = await over(remote, url, node.endpoints.rpc_url, payer=payer).upload(DATA, options=QUICK)
    assert done.stored[0].nodes == (node.endpoints.rpc_url,)
    assert len(payer.files) == 1, "paid once"


async def test_a_node_that_never_learns_of_the_file(node: Running, eth: SimulatedEth, remote: Remote) -> None:
    def deaf(method: str, params: list[Any], result: Any) -> Any:
        return None if method.startswith("zgs_getFileInfo") else result

    async with liar(node, deaf) as url:
        with pytest.raises(Unavailable, match="did not learn of the file within 1 s"):
            await over(remote, url, payer=MiningPayer(eth)).upload(b"data", options=UploadOptions(timeout_s=1))


async def test_a_node_that_names_another_file(node: Running, eth: SimulatedEth, remote: Remote) -> None:
    eth.submit(OTHER)
    await node.synced(0)

    async def swap(method: str, params: list[Any], result: Any) -> Any:
        return await node.call("zgs_getFileInfoByTxSeq", 0) if method == "zgs_getFileInfoByTxSeq" else result

    async with liar(node, swap) as url:
        with pytest.raises(Unavailable, match="expected 0x"):
            await over(remote, url, payer=MiningPayer(eth)).upload(DATA, options=UploadOptions(timeout_s=2))


def test_file_info_of_every_published_file() -> None:
    for size in (1, 4352, 262_145, 2_883_584):
        tree = FileTree.from_buffer(pattern(size))
        layout: Layout = tree.layout
        value = {
            "tx": {
                "dataMerkleRoot": "0x" + tree.root.hex(), "size": size, "seq": 3, "startEntryIndex": 1024,
                "merkleNodes": [[height + 1, "0x" + root.hex()] for root, height in tree.nodes],
            },
            "finalized": True, "isCached": False, "uploadedSegNum": layout.data_segments, "pruned": False,
        }  # fmt: skip
        info = FileInfo.from_json(value)
        assert (info.root, info.size, info.seq, info.start_segment) == (tree.root, size, 3, 1)


async def test_an_indexer_that_knows_nothing(node: Running, remote: Remote) -> None:
    async def indexer(method: str, params: list[Any], result: Any) -> Any:
        return web.Response(body=b'{"jsonrpc": "2.0", "id": 1, "result": {"trusted": null, "discovered": []}}')

    async with liar(node, indexer) as url:
        storage = Storage(StorageClient(remote, indexer=url), remote)
        with pytest.raises(Unavailable, match="knows no storage node"):
            await storage.upload(b"x")


async def test_through_an_indexer(stored: Running, remote: Remote) -> None:
    listed = [{"url": stored.endpoints.rpc_url, "config": {"shardId": 0, "numShard": 1}, "latency": 3, "since": 0}]

    async def indexer(method: str, params: list[Any], result: Any) -> Any:
        answer = {"trusted": listed, "discovered": []} if method == "indexer_getShardedNodes" else listed
        return web.Response(body=json.dumps({"jsonrpc": "2.0", "id": 1, "result": answer}).encode())

    async with liar(stored, indexer) as url:
        storage = Storage(StorageClient(remote, indexer=url), remote)
        assert await storage.read(TREE.root) == DATA
        assert not (await storage.upload(DATA)).paid


async def test_a_value_that_does_not_add_up(node: Running, remote: Remote) -> None:
    pages = [{"version": 4, "data": base64.b64encode(b"ab").decode(), "size": 5}, {"version": 4, "data": "", "size": 5}]

    def kv(method: str, params: list[Any], result: Any) -> Any:
        assert method == "kv_getValue"
        return web.Response(body=json.dumps({"jsonrpc": "2.0", "id": 1, "result": pages[0 if params[2] == 0 else 1]}).encode())

    async with liar(node, kv) as url:
        client = KvClient(remote, url)
        with pytest.raises(PeerFault, match="do not add up"):
            await client.value(b"\1" * 32, b"key")
        pages[1] = {"version": 4, "data": base64.b64encode(b"cde").decode(), "size": 5}
        assert await KvClient(remote, url).value(b"\1" * 32, b"key") == (
            await KvClient(remote, url).value(b"\1" * 32, b"key", 4)
        )
        assert (await KvClient(remote, url).value(b"\1" * 32, b"key")).data == b"abcde"

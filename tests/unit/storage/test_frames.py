"""Segments as plain bytes: what comes back, what is refused and in which words, and a client whose node lies in them."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from tests.unit.storage.harness import Running, SimulatedEth, pattern, running, segment_of

from zerog.errors import InvalidInput, PeerFault, Unavailable
from zerog.sdk.storage import open_storage
from zerog.storage import frames
from zerog.storage.layout import SEGMENT, FileTree, Proof, Segment
from zerog.storage.remote import NodeRefused, Remote
from zerog.storage.uploads import UploadOptions

pytestmark = pytest.mark.slow  # whole nodes or processes in each: `make test` stays under a minute without

DATA = pattern(11 * SEGMENT + 777)
TREE = FileTree.from_buffer(DATA)
COUNT = TREE.layout.data_segments


def body_of(*segments: Segment) -> bytes:
    return b"".join(bytes(piece) for piece in frames.encode(segments))


def some(count: int) -> list[Segment]:
    return [segment_of(TREE, DATA, index) for index in range(count)]


def test_what_was_encoded_is_decoded() -> None:
    found = frames.decode(body_of(*some(COUNT)), COUNT)
    assert [replace(segment, data=bytes(segment.data)) for segment in found] == some(COUNT)
    assert frames.decode(b"", 0) == []


def test_bodies_that_are_no_frames(seed: int) -> None:
    one = some(1)[0]
    body = body_of(one)
    head = 32 + 8 + 8 + 4 + 2
    too_long = replace(one, data=bytes(SEGMENT + 1))
    wrong = {
        "one too many": (body * 3, 2),
        "a long segment": (body_of(too_long), 1),
        "hashes": (body_of(replace(one, proof=Proof((bytes(32),) * 67, ()))), 1),
        "steps": (body_of(replace(one, proof=Proof((), (True,) * 65))), 1),
        "a step of 2": (body[:head] + b"\2" + body[head + 1 :], 1),
    }
    for sent, count_max in wrong.values():
        with pytest.raises(InvalidInput):
            frames.decode(sent, count_max)
    draw = random.Random(seed)
    for cut in [1, head - 1, head, head + 3, len(body) - 1, *(draw.randrange(1, len(body)) for _ in range(50))]:
        with pytest.raises(InvalidInput, match="cut off"):
            frames.decode(body[:cut], 1)
    for _ in range(300):
        changed = bytearray(body[: head + 300])
        for _ in range(draw.randrange(1, 6)):
            changed[draw.randrange(len(changed))] = draw.randrange(256)
        try:
            found = frames.decode(changed, 4)
        except InvalidInput:
            continue
        assert sum(len(bytes(piece)) for piece in frames.encode(found)) == len(changed)


@pytest.fixture
async def remote() -> AsyncIterator[Remote]:
    async with Remote(timeout_s=5, retries=1, pause_s=0.01) as opened:
        yield opened


@pytest.fixture
async def known(node: Running, eth: SimulatedEth) -> Running:
    eth.submit(DATA)
    await node.synced(0)
    return node


async def test_up_and_down(known: Running, remote: Remote, tmp_path: Path) -> None:
    url = known.endpoints.rpc_url
    assert await remote.takes_frames(url)
    async with open_storage(nodes=[url]) as storage:
        await storage.upload(DATA, options=UploadOptions())
        assert await known.call("zgs_checkFileFinalized", 0)
        await storage.download(TREE.root, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == DATA
    assert await known.call("zgs_downloadSegmentWithProofByTxSeq", 0, COUNT - 1) is not None
    got = await remote.get_segments(url, 0, range(2, 12, 3))
    assert [segment.index for segment in got] == [2, 5, 8, 11]
    assert [bytes(segment.data) for segment in got] == [segment_of(TREE, DATA, index).data for index in (2, 5, 8, 11)]
    assert await remote.get_segments(url, 1, range(0, 1)) == []


async def test_some_are_not_there(known: Running, remote: Remote) -> None:
    url = known.endpoints.rpc_url
    await remote.post_segments(url, 0, some(4)[:3])
    await remote.post_segments(url, 0, some(4)[:3])  # again: nothing happens
    assert [segment.index for segment in await remote.get_segments(url, 0, range(1, 9))] == [1, 2]
    assert await remote.get_segments(url, 0, range(7, 9)) == []


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/segments/x", "expected a number"),
        ("/segments/18446744073709551616", "expected a number"),
        ("/segments/-1", "expected a number"),
        ("/segments/0?first=99", "index out of bound"),
        ("/segments/0?count=0", "expected 1 to 16"),
        ("/segments/0?count=17", "expected 1 to 16"),
        ("/segments/0?step=0", "expected at least 1"),
        ("/segments/0?first=%C2%B2", "expected a number"),
    ],
)
async def test_questions_that_are_refused(known: Running, path: str, words: str) -> None:
    async with known.session.get(known.endpoints.rpc_url + path) as response:
        assert response.status == 422
        refused = await response.json()
    assert words in refused["data"]


async def test_the_doors_and_limits_hold(tmp_path: Path, eth: SimulatedEth) -> None:
    eth.submit(DATA)
    async with running(
        tmp_path / "bounded", eth, **{"storage.rpc.body_bytes_max": 300_000, "storage.rpc.hosts": ["localhost"]}
    ) as node:
        await node.synced(0)
        url = node.endpoints.rpc_url + "/segments/0"
        async with node.session.get(url, headers={"Host": "evil.example"}) as response:
            assert response.status == 403
        async with node.session.post(url, data=bytes(300_001)) as response:
            assert response.status == 413

        async def unsized() -> AsyncIterator[bytes]:
            yield b"x"

        async with node.session.post(url, data=unsized()) as response:
            assert response.status == 411
        for path in ("/segments/../etc/passwd", "/segments/0/..%2f..%2fetc", "/segments/..%2f0"):
            async with node.session.get(node.endpoints.rpc_url + path) as response:
                assert response.status in (404, 422)
        assert await node.call("zgs_getStatus")


FLIP = bytes(31) + b"\1"
LIES: dict[str, tuple[Callable[[Segment], Segment], int, str]] = {
    "data": (lambda s: replace(s, data=b"\1" + s.data[1:]), -32000, "data hash mismatch"),
    "size": (lambda s: replace(s, data=s.data[:256]), -32602, "invalid data length"),
    "no data": (lambda s: replace(s, data=b""), -32000, "data is empty"),
    "proof": (
        lambda s: replace(s, proof=Proof((*s.proof.lemma[:1], FLIP, *s.proof.lemma[2:]), s.proof.path)), -32602, "validation",
    ),
    "no proof": (lambda s: replace(s, proof=Proof((), ())), -32602, "invalid proof"),
    "root": (lambda s: replace(s, root=FLIP), -32603, "data root and tx seq not match"),
    "file size": (lambda s: replace(s, file_size=1), -32602, "segment file size not matched with tx file size"),
    "index": (lambda s: replace(s, index=99), -32602, "index out of bound"),
}  # fmt: skip


@pytest.mark.parametrize("name", LIES)
async def test_uploads_are_refused_in_the_words_of_the_protocol(known: Running, remote: Remote, name: str) -> None:
    change, code, words = LIES[name]
    with pytest.raises(NodeRefused) as caught:
        await remote.post_segments(known.endpoints.rpc_url, 0, [change(some(1)[0])])
    assert caught.value.rpc_code == code
    assert caught.value.says(words)
    assert known.node.store.present(0) == frozenset()


async def test_what_is_no_frame_is_refused(known: Running) -> None:
    for sent in (b"x", body_of(*some(1))[:-1], b"\xff" * 5000):
        async with known.session.post(known.endpoints.rpc_url + "/segments/0", data=sent) as response:
            assert response.status == 422
            assert (await response.json())["code"] == -32602
    assert known.node.store.present(0) == frozenset()


@asynccontextmanager
async def between(node: Running, change: Callable[[list[Segment]], bytes]) -> AsyncIterator[str]:
    """A server that passes everything on and changes the frames that come back."""

    async def handle(request: web.Request) -> web.StreamResponse:
        sent = await request.read()
        url = node.endpoints.rpc_url + request.path_qs
        async with node.session.request(request.method, url, data=sent or None) as response:
            body, kind = await response.read(), response.content_type
        if kind == frames.CONTENT_TYPE and body:
            body = change(frames.decode(body, 99))
        return web.Response(status=response.status, body=body, content_type=kind)

    app = web.Application(client_max_size=1 << 27)
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


DOWN_LIES: dict[str, Callable[[list[Segment]], bytes]] = {
    "a bit": lambda got: body_of(*got[:-1], replace(got[-1], data=b"\1" + bytes(got[-1].data)[1:])),
    "another order": lambda got: body_of(*got[1:], got[0]),
    "another root": lambda got: body_of(*(replace(s, root=FLIP) for s in got)),
    "another size": lambda got: body_of(*(replace(s, file_size=s.file_size + 1) for s in got)),
    "too many": lambda got: body_of(*got, *got),
    "cut off": lambda got: body_of(*got)[:-1],
    "noise": lambda got: b"noise",
}


@pytest.mark.parametrize("name", DOWN_LIES)
async def test_a_lie_in_frames(known: Running, tmp_path: Path, name: str) -> None:
    """Alone the liar is named and no target appears; beside an honest node the file comes whole."""
    await known.upload(TREE, DATA, 0)
    async with between(known, DOWN_LIES[name]) as url:
        async with open_storage(nodes=[url]) as storage:
            with pytest.raises((PeerFault, Unavailable), match="nobody gives segment") as caught:
                await storage.download(TREE.root, tmp_path / "alone")
        assert url in str(caught.value)
        assert not (tmp_path / "alone").exists()
        async with open_storage(nodes=[url, known.endpoints.rpc_url]) as storage:
            await storage.download(TREE.root, tmp_path / "both")
    assert (tmp_path / "both").read_bytes() == DATA


async def test_fewer_than_asked_for_is_no_lie(known: Running, tmp_path: Path) -> None:
    await known.upload(TREE, DATA, 0)

    def first(got: list[Segment]) -> bytes:
        return body_of(*got[:1])

    async with between(known, first) as url, open_storage(nodes=[url]) as storage:
        await storage.download(TREE.root, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == DATA


async def test_damage_is_not_served(known: Running, remote: Remote) -> None:
    await known.upload(TREE, DATA, 0)
    family: Any = known.node.store.kv._families["segments"]  # type: ignore[attr-defined]
    key = bytes(8) + (2).to_bytes(6, "big")
    damaged = bytearray(family[key])
    damaged[100] ^= 1
    family[key] = bytes(damaged)
    with pytest.raises(NodeRefused, match="data on disk failed its check"):
        await remote.get_segments(known.endpoints.rpc_url, 0, range(0, 4))

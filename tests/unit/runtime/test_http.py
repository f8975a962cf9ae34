"""Our HTTP client against servers that answer in every way HTTP has, and in ways that it has not."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from zerog.errors import InvalidInput, PeerFault, TimedOut, Unavailable
from zerog.runtime.http import Head, Http, Refused

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\n"
CHUNKS = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@asynccontextmanager
async def server(serve: Serve) -> AsyncIterator[str]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    made = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{made.sockets[0].getsockname()[1]}"
    finally:
        made.close()


def says(*answers: bytes, pause: bool = False) -> Serve:
    """One answer a request, in single bytes when ``pause``, then the end."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            head = await reader.readuntil(b"\r\n\r\n")
            for line in head.lower().split(b"\r\n"):
                if line.startswith(b"content-length:"):
                    await reader.readexactly(int(line.split(b":")[1]))
            for at in range(0, len(answer), 1 if pause else len(answer)):
                writer.write(answer[at : at + 1] if pause else answer)
                await writer.drain()
                if pause:
                    await asyncio.sleep(0)

    return serve


BODIES = {
    "length": (OK + b"Content-Type: Text/Plain; charset=x\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
    "empty": (OK + b"Content-Length: 0\r\n\r\n", b""),
    "chunks": (
        OK + b"Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n00A\r\n, everyone\r\n0\r\nX: y\r\n\r\n",
        b"hello, everyone",
    ),
    "until the end": (OK + b"\r\nhello", b"hello"),
    "http 1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi", b"hi"),
    "no content": (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    "interim": (b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nhi", b"hi"),
    "no reason": (b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nhi", b"hi"),
}


@pytest.mark.parametrize("pause", [False, True])
@pytest.mark.parametrize("name", list(BODIES))
def test_bodies_of_every_kind(name: str, pause: bool) -> None:
    sent, wanted = BODIES[name]

    async def run() -> None:
        for lent in (None, bytearray(64), bytearray(3)):
            async with server(says(sent, pause=pause)) as url, Http(timeout_s=5) as http:
                answer = await http.request("POST", url, pieces=(b"x" * 10, memoryview(b"y")), size_max=100, into=lent)
                assert bytes(answer.body) == wanted
                assert answer.status in (200, 204)
                if lent is not None and len(lent) >= len(wanted):
                    assert lent[: len(wanted)] == wanted

    asyncio.run(run())


def test_content_type_is_plain() -> None:
    async def run() -> None:
        async with server(says(BODIES["length"][0])) as url, Http(timeout_s=5) as http:
            assert (await http.request("GET", url, size_max=5)).content_type == "text/plain"

    asyncio.run(run())


WRONG = {
    "no http": b"SSH-2.0-server\r\n\r\n",
    "no code": b"HTTP/1.1 abc\r\n\r\n",
    "other version": b"HTTP/2 200 OK\r\n\r\n",
    "no header": OK + b"what\r\n\r\n",
    "folded": OK + b"A: b\r\n c\r\nContent-Length: 0\r\n\r\n",
    "two lengths": OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nhi",
    "negative": OK + b"Content-Length: -1\r\n\r\n",
    "length of words": OK + b"Content-Length: +1\r\n\r\nh",
    "too long": OK + b"Content-Length: 101\r\n\r\n",
    "too long in chunks": OK + b"Transfer-Encoding: chunked\r\n\r\n40\r\n" + b"a" * 64 + b"\r\n40\r\n" + b"a" * 64,
    "too long to the end": OK + b"\r\n" + b"a" * 101,
    "chunk without size": OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "chunk of another size": OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n0\r\n\r\n",
    "huge chunk": OK + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
    "endless trailers": OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"A: b\r\n" * 1000,
    "gzip": OK + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nhi",
    "other coding": OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n",
    "endless head": OK + b"A: b\r\n" * 10_000,
    "only interims": b"HTTP/1.1 102 Wait\r\n\r\n" * 50,
}


@pytest.mark.parametrize("name", list(WRONG))
def test_what_is_no_answer_is_the_peers_fault(name: str) -> None:
    async def run() -> None:
        async with server(says(WRONG[name])) as url, Http(timeout_s=5) as http:
            with pytest.raises(PeerFault):
                await http.request("GET", url, size_max=100)

    asyncio.run(run())


@pytest.mark.parametrize("sent", [b"", OK, OK + b"Content-Length: 5\r\n\r\nhel", CHUNKS + b"5\r\nhel"])
def test_an_answer_that_breaks_off(sent: bytes) -> None:
    async def run() -> None:
        async with server(says(sent) if sent else says()) as url, Http(timeout_s=5) as http:
            with pytest.raises(Unavailable):
                await http.request("GET", url, size_max=100)

    asyncio.run(run())


def test_nobody_and_nothing_in_time() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async def run() -> None:
        async with server(silent) as url, Http(timeout_s=0.2) as http:
            with pytest.raises(TimedOut):
                await http.request("GET", url, size_max=100)
        async with Http(timeout_s=5) as http:
            with pytest.raises(Unavailable):  # the server above has gone
                await http.request("GET", url, size_max=100)
        with pytest.raises(Unavailable, match="async with"):
            await http.request("GET", url, size_max=100)

    asyncio.run(run())


@pytest.mark.parametrize(
    "url", ["ftp://a/", "http://", "http://a:b/", "http://a/ HTTP/1.1\r\nX: y", "http://ä/", "file:///etc"]
)
def test_only_urls_of_http(url: str) -> None:
    async def run() -> None:
        async with Http(timeout_s=1) as http:
            with pytest.raises(InvalidInput):
                await http.request("GET", url, size_max=1)

    asyncio.run(run())


def test_connections_are_kept_and_no_longer_than_they_are_good() -> None:
    opened = 0
    bodies = [BODIES["length"][0], BODIES["chunks"][0]]

    async def counting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        await says(*bodies)(reader, writer)

    async def run() -> None:
        async with server(counting) as url, Http(timeout_s=5) as http:
            for _ in range(2):
                assert (await http.request("GET", url, size_max=100)).status == 200
            assert opened == 1
            await asyncio.sleep(0.05)  # the server closes after two; a new connection is made without an error
            assert (await http.request("GET", url, size_max=100)).status == 200
            assert opened == 2

    asyncio.run(run())


def test_a_large_body_arrives_and_an_early_answer_stops_it(seed: int) -> None:
    body = random.Random(seed).randbytes(3_000_000)
    got = bytearray()

    async def taking(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        got.extend(await reader.readexactly(len(body)))
        writer.write(OK + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()

    async def refusing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
        await writer.drain()
        await asyncio.sleep(10)

    async def run() -> None:
        async with server(taking) as url, Http(timeout_s=10) as http:
            pieces = [memoryview(body)[at : at + 700_001] for at in range(0, len(body), 700_001)]
            answer = await http.request("POST", url, pieces=pieces, size_max=len(body))
            assert got == body == answer.body
        async with server(refusing) as url, Http(timeout_s=10) as http:
            answer = await http.request("POST", url, pieces=[bytes(32 << 20)], size_max=100)
            assert (answer.status, bytes(answer.body)) == (413, b"no")

    asyncio.run(run())


def test_credentials_of_the_url() -> None:
    seen = bytearray()

    async def telling(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.extend(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK + b"Content-Length: 0\r\n\r\n")

    async def run() -> None:
        async with server(telling) as url, Http(timeout_s=5) as http:
            await http.request("GET", url.replace("//", "//user:p%40ss@") + "/a/b?c=d", size_max=1)

    asyncio.run(run())
    assert seen.startswith(b"GET /a/b?c=d HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"Authorization: Basic dXNlcjpwQHNz\r\n" in seen


def test_any_bytes_are_a_head_or_refused(seed: int) -> None:
    random_ = random.Random(seed)
    base = BODIES["chunks"][0].partition(b"\r\n\r\n")[0]
    for _ in range(3000):
        data = bytearray(base)
        for _ in range(random_.randrange(1, 6)):
            data[random_.randrange(len(data))] = random_.randrange(256)
        try:
            head = Head.parse(bytes(data))
            assert 0 <= head.status <= 999
            head.length, head.chunked, head.content_type  # noqa: B018
        except Refused:
            pass

"""A small HTTP/1.1 client: what our own clients need of it, and no more.

One request a connection at a time, connections kept and used again; answers of a stated length, in chunks, or up to the end of
the connection; every size bounded before a byte of it is kept. A body goes out of the caller's own buffers and comes into one
buffer, which the caller may lend, so that moving a file costs no copies and no fresh memory. Redirects, cookies, proxies and
compression are not taken. It loads in milliseconds, where a whole client would take longer than a small file's transfer.

What a peer sends is parsed by ``httptools`` (llhttp): heads, chunks, trailers. A body of stated length goes by without it.
Source: RFC 9112, sections 2 to 7 and 9.
"""

from __future__ import annotations

import asyncio
import base64
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self
from urllib.parse import SplitResult, unquote, urlsplit

import httptools

from zerog.errors import InvalidInput, PeerFault, TimedOut, Unavailable

if TYPE_CHECKING:
    from ssl import SSLContext

    from typing_extensions import Buffer

CONNECTIONS_MAX: Final = 64
IDLE_S: Final = 15.0
"""After so long without use a connection is made anew: servers close theirs after 30 s and more."""
_HEAD_SIZE_MAX: Final = 32 << 10
_HEADERS_MAX: Final = 256
"""Of a head, and after the last chunk."""
_CHUNK_OVERHEAD_MAX: Final = 8
"""Bytes about chunks for each byte in them, beyond what a head may have."""
_INTERIM_MAX: Final = 8
_PIECE: Final = 1 << 18


class Answer(NamedTuple):
    """Status, media type without parameters in lower case, and the body: in the caller's buffer when one was lent."""

    status: int
    content_type: str
    body: memoryview


class Refused(Exception):
    """What a peer sent is no answer that is taken; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Head:
    """Of an answer: status and headers, names in lower case."""

    status: int
    headers: Mapping[str, str]
    keeps: bool

    @classmethod
    def parse(cls, data: bytes) -> Head:
        """From the bytes before the empty line.

        Raises:
            Refused: not the head of an HTTP/1 answer.
        """
        return _Message().head(data)

    @property
    def bodyless(self) -> bool:
        return self.status < 200 or self.status in (204, 304)

    @property
    def chunked(self) -> bool:
        """``Refused`` for another coding."""
        coding = self.headers.get("transfer-encoding", "").lower()
        if coding not in ("", "chunked"):
            raise Refused("a transfer coding that is not taken")
        return coding == "chunked"

    @property
    def length(self) -> int | None:
        """None where the head does not tell it."""
        text = self.headers.get("content-length")
        if text is None:
            return None
        if not (text.isascii() and text.isdecimal() and len(text) <= 15):
            raise Refused("a length that is none")
        return int(text)

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class _Message:
    """One answer as the parser hears it: its head, and its chunks where it comes in such.

    Args:
        sink: where the bytes of chunks go.
    """

    def __init__(self, sink: _Sink | None = None) -> None:
        self._sink = sink
        self._headers: dict[str, str] = {}
        self._count = self._fed = self._kept = 0
        self.complete = False
        self._parser = httptools.HttpResponseParser(self)

    def head(self, data: bytes) -> Head:
        self._feed(data + b"\r\n\r\n")
        status, version = self._parser.get_status_code(), self._parser.get_http_version()
        if version not in ("1.0", "1.1") or not 100 <= status <= 999:
            raise Refused("no HTTP answer")
        self._count = 0
        return Head(status, dict(self._headers), self._parser.should_keep_alive())

    def chunks(self, data: bytes) -> None:
        """More of the body; ``complete`` tells when that was the last of it."""
        self._fed += len(data)
        self._feed(data)
        if self._fed > self._kept * (1 + _CHUNK_OVERHEAD_MAX) + _HEAD_SIZE_MAX:
            raise Refused("more bytes about chunks than in them")

    def _feed(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserCallbackError as error:
            raise (error.__context__ if isinstance(error.__context__, Refused) else Refused("no HTTP answer")) from None
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            raise Refused(f"no HTTP answer: {error}") from None

    # --- what the parser calls ----------------------------------------------------------------------------------------

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count += 1
        if self._count > _HEADERS_MAX:
            raise Refused("too many headers")
        key, text = name.decode("latin-1").lower(), value.decode("latin-1").strip(" \t")
        if key != "content-length" or key not in self._headers:
            self._headers[key] = f"{self._headers[key]}, {text}" if key in self._headers else text

    def on_body(self, body: bytes) -> None:
        if self._sink is None or self.complete:
            raise Refused("bytes after the answer")
        self._kept += len(body)
        self._sink.room(len(body))[:] = body

    def on_message_complete(self) -> None:
        self.complete = True


class Http:
    """Connections to any number of servers. Use as ``async with Http() as http``.

    Args:
        timeout_s: of one request, from the wait for a connection to the last byte.
        connections_max: open at a time; more requests wait.
    """

    def __init__(self, *, timeout_s: float, connections_max: int = CONNECTIONS_MAX) -> None:
        self._timeout_s = timeout_s
        self._places = asyncio.Semaphore(connections_max)
        self._idle: defaultdict[tuple[str, str, int], list[tuple[_Connection, float]]] = defaultdict(list)
        self._context: SSLContext | None = None
        self._open = False

    async def __aenter__(self) -> Self:
        self._open = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open = False
        idle = [connection for kept in self._idle.values() for connection, _ in kept]
        self._idle.clear()
        for connection in idle:
            connection.abort()

    async def request(
        self,
        verb: str,
        url: str,
        *,
        pieces: Iterable[Buffer] = (),
        content_type: str = "",
        size_max: int,
        into: bytearray | None = None,
    ) -> Answer:
        """One request.

        Args:
            pieces: the body; borrowed until this returns.
            size_max: of the answer's body.
            into: where the answer's body goes, if it fits: the answer then holds a view of it.

        Raises:
            Unavailable: no connection, or it broke. TimedOut. PeerFault: no HTTP, or more than ``size_max``.
        """
        if not self._open:
            raise Unavailable("the client is not open: use it as `async with`")
        target = _target(url)
        views = [memoryview(piece).cast("B") for piece in pieces]
        head = _request_head(
            verb, target, content_type, sum(view.nbytes for view in views) if views or verb == "POST" else None
        )
        try:
            async with asyncio.timeout(self._timeout_s), self._places:
                return await self._exchange(target, head, views, size_max, into)
        except TimeoutError:
            raise TimedOut(f"{url}: no answer within {self._timeout_s:g} s") from None
        except Refused as error:
            raise PeerFault(f"{url}: {error}") from None
        except EOFError:
            raise Unavailable(f"{url}: the connection was closed before the answer ended") from None
        except OSError as error:
            raise Unavailable(f"{url}: {error.strerror or error}") from None

    async def _exchange(
        self, target: _Target, head: bytes, views: list[memoryview], size_max: int, into: bytearray | None
    ) -> Answer:
        connection = await self._connect(target)
        keeps = False
        try:
            sent = await connection.send(head, views)
            answer, again = await _read(connection, size_max, into)
            keeps = sent and again
        finally:
            if keeps and self._open and not connection.lost:
                self._idle[target.key].append((connection, asyncio.get_running_loop().time()))
            else:
                connection.abort()
        return answer

    async def _connect(self, target: _Target) -> _Connection:
        loop = asyncio.get_running_loop()
        kept = self._idle[target.key]
        while kept:
            connection, since = kept.pop()
            if not connection.lost and not connection.has_input and loop.time() - since < IDLE_S:
                return connection
            connection.abort()
        tls = self._tls() if target.tls else None
        _, made = await loop.create_connection(_Connection, target.host, target.port, ssl=tls)
        return made

    def _tls(self) -> SSLContext:
        if self._context is None:
            import ssl

            self._context = ssl.create_default_context()
        return self._context


@dataclass(frozen=True, slots=True)
class _Target:
    tls: bool
    host: str
    port: int
    path: str
    host_header: str
    authorization: str = field(default="", repr=False)

    @property
    def key(self) -> tuple[str, str, int]:
        return ("https" if self.tls else "http", self.host, self.port)


def _target(url: str) -> _Target:
    """``InvalidInput`` for what is no URL of an HTTP server."""
    try:
        parts: SplitResult = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidInput(f"expected a URL that begins with http:// or https://, found {url[:80]!r}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isascii() or any(ord(c) <= 32 for c in url):
        raise InvalidInput(f"expected a URL that begins with http:// or https://, found {url[:80]!r}")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    given = ""
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        given = "Basic " + base64.b64encode(pair.encode()).decode()
    tls = parts.scheme == "https"
    shown = name if port is None else f"{name}:{port}"
    return _Target(tls, parts.hostname, port or (443 if tls else 80), path, shown, given)


def _request_head(verb: str, target: _Target, content_type: str, size: int | None) -> bytes:
    lines = [f"{verb} {target.path} HTTP/1.1", f"Host: {target.host_header}", "Accept: */*", "Accept-Encoding: identity"]
    if target.authorization:
        lines.append(f"Authorization: {target.authorization}")
    if content_type:
        lines.append(f"Content-Type: {content_type}")
    if size is not None:
        lines.append(f"Content-Length: {size}")
    return "\r\n".join([*lines, "", ""]).encode("ascii")


async def _read(connection: _Connection, size_max: int, into: bytearray | None) -> tuple[Answer, bool]:
    """The answer, and whether another request may follow."""
    sink = _Sink(size_max, into)
    for _ in range(_INTERIM_MAX):
        message = _Message(sink)
        head = message.head(await connection.until(b"\r\n\r\n", _HEAD_SIZE_MAX))
        if head.status >= 200:
            break
    else:
        raise Refused("too many interim answers")
    if head.headers.get("content-encoding", "identity").lower() != "identity":
        raise Refused("the answer is compressed, which was not asked for")
    if head.bodyless:
        return Answer(head.status, head.content_type, memoryview(b"")), head.keeps
    chunked, length = head.chunked, head.length
    if chunked:
        while not message.complete:
            if not await connection.some():
                raise EOFError
            message.chunks(connection.take())
    elif length is not None:
        await connection.read_into(sink.room(length))
    else:
        while await connection.some():
            await connection.read_into(sink.room(connection.waiting))
        return Answer(head.status, head.content_type, sink.view()), False
    return Answer(head.status, head.content_type, sink.view()), head.keeps


class _Sink:
    """Where a body goes: the buffer that was lent, or one that grows; never more than was allowed."""

    def __init__(self, size_max: int, into: bytearray | None) -> None:
        self._size_max, self._lent = size_max, into
        self._own = bytearray()
        self._size = 0

    def room(self, size: int) -> memoryview:
        """Places for the next ``size`` bytes; earlier views of room must be gone."""
        end = self._size + size
        if end > self._size_max:
            raise Refused(f"the answer is longer than {self._size_max} bytes")
        at, self._size = self._size, end
        if self._lent is not None:
            if end <= len(self._lent):
                return memoryview(self._lent)[at:end]
            self._own, self._lent = self._lent[:at], None
        if self._own:
            self._own.extend(bytes(end - len(self._own)))
        else:
            self._own = bytearray(end)
        return memoryview(self._own)[at:end]

    def view(self) -> memoryview:
        return memoryview(self._own if self._lent is None else self._lent)[: self._size]


class _Connection(asyncio.BufferedProtocol):
    """One connection: bytes wait in a buffer of its own until somebody gives them a place, and then go there at once."""

    def __init__(self) -> None:
        self._transport: Any = None
        self._input = bytearray(_PIECE)
        self._start = self._end = 0
        self._place: memoryview | None = None
        self._error: Exception | None = None
        self._ended = False
        self._paused = False
        self._changed: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None

    # --- what the loop calls ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transport.set_write_buffer_limits(high=_PIECE)

    def get_buffer(self, sizehint: int) -> memoryview:
        if self._place is not None:
            return self._place
        if self._start == self._end:
            self._start = self._end = 0
        elif self._end == len(self._input):
            self._input[: self._end - self._start] = self._input[self._start : self._end]
            self._start, self._end = 0, self._end - self._start
        return memoryview(self._input)[self._end :]

    def buffer_updated(self, nbytes: int) -> None:
        if self._place is not None:
            self._place = self._place[nbytes:]
            if len(self._place):
                return
            self._place = None
        else:
            self._end += nbytes
            if self._end - self._start == len(self._input) and not self._paused:
                self._paused = True
                self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        self._ended = True
        self._wake()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended, self._error = True, exc
        self._wake()

    def pause_writing(self) -> None:
        self._drained = asyncio.get_running_loop().create_future()

    def resume_writing(self) -> None:
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)

    def _wake(self) -> None:
        for waiter in (self._changed, self._drained):
            if waiter is not None and not waiter.done():
                waiter.set_result(None)

    # --- what a request does ------------------------------------------------------------------------------------------

    @property
    def lost(self) -> bool:
        return self._ended or self._transport.is_closing()

    @property
    def waiting(self) -> int:
        """Bytes that are here."""
        return self._end - self._start

    @property
    def has_input(self) -> bool:
        return self.waiting > 0

    def abort(self) -> None:
        self._transport.abort()

    async def send(self, head: bytes, views: list[memoryview]) -> bool:
        """Hand a request over. False: an answer came before all of it was sent; the rest is not wanted.

        Raises:
            OSError: the connection broke.
        """
        self._transport.write(head)
        for view in views:
            for at in range(0, len(view), _PIECE):
                if self._drained is not None:
                    await self._drained
                if self.has_input:
                    return False
                if self.lost:
                    raise self._error or ConnectionResetError("the connection was closed")
                self._transport.write(view[at : at + _PIECE])
        return True

    async def some(self) -> bool:
        """Wait until bytes are here; false at the end."""
        while not self.waiting:
            if self._ended:
                if self._error is not None:
                    raise self._error
                return False
            await self._change()
        return True

    def take(self) -> bytes:
        """The bytes that are here."""
        taken = bytes(memoryview(self._input)[self._start : self._end])
        self._take(len(taken))
        return taken

    async def until(self, mark: bytes, size_max: int) -> bytes:
        """The bytes before the next ``mark``, which is taken too.

        Raises:
            Refused: none within ``size_max`` bytes. EOFError: the connection ended.
        """
        seen = 0
        while True:
            found = self._input.find(mark, self._start + max(0, seen - len(mark)), self._end)
            if 0 <= found <= self._start + size_max:
                taken = bytes(self._input[self._start : found])
                self._take(found + len(mark) - self._start)
                return taken
            seen = self.waiting
            if seen >= size_max + len(mark):
                raise Refused(f"no end of a line or of the head within {size_max} bytes")
            if self._ended:
                raise self._error or EOFError
            await self._change()

    async def read_into(self, place: memoryview) -> None:
        """Fill ``place``.

        Raises:
            EOFError: the connection ended first.
        """
        taken = min(len(place), self.waiting)
        place[:taken] = memoryview(self._input)[self._start : self._start + taken]
        self._take(taken)
        if taken == len(place):
            return
        self._place = place[taken:]
        try:
            while self._place is not None:
                if self._ended:
                    raise self._error or EOFError
                await self._change()
        finally:
            self._place = None

    def _take(self, count: int) -> None:
        self._start += count
        if self._paused:
            self._paused = False
            self._transport.resume_reading()

    async def _change(self) -> None:
        self._changed = asyncio.get_running_loop().create_future()
        await self._changed

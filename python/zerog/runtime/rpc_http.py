"""JSON-RPC over HTTP and WebSocket, a thin adapter over aiohttp.

Hostile input is the normal case: bodies, batches, nesting, connections, waiting times and answers are bounded; Host and
Origin are checked against DNS rebinding; whatever a method raises becomes a JSON-RPC error object, never a 5xx.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import os
import resource
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from aiohttp import WSMsgType, web

from zerog.errors import Conflict, Exhausted
from zerog.runtime import log, status
from zerog.runtime.limits import BoundedQueue
from zerog.runtime.tasks import Tasks
from zerog.wire import jsonrpc
from zerog.wire.jsonrpc import Call, Malformed, RpcError

_log = log.get(__name__)

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_GZIP_BYTES_MIN = 8 << 10
_GZIP_THREAD_BYTES_MIN = 64 << 10
_YIELD_EVERY_CALLS = 64
_WAITING_BYTES_LOW = 1 << 20
_WAITING_BYTES_MAX = 64 << 20


class Session(Protocol):
    """What a method may know of its connection: only WebSockets can be notified."""

    def notify(self, message: bytes) -> None: ...
    @property
    def subscriptions(self) -> dict[str, Callable[[], None]]: ...


Method = Callable[[Session | None, list[Any]], Any]
"""Called with the session and the parameters; returns a result, or an awaitable of one."""
BatchMethod = Callable[[list[list[Any]]], Awaitable[list[Any]]]
"""All calls of one method in a body at once: parameters in, results (or exceptions) out."""


@dataclass(frozen=True)
class Bounds:
    """See ``[chain.rpc]`` of default.toml."""

    body_bytes_max: int = 32 << 20
    response_bytes_max: int = 128 << 20
    batch_max: int = 10_000
    connections_max: int = 1024
    idle_close_s: float = 30
    body_timeout_s: float = 15
    notifications_max: int = 10_000
    subscriptions_max: int = 128
    compress: bool = True
    """Whether answers are compressed for who asks. Bytes of files are not worth it: they cost more than the network."""


@dataclass(frozen=True)
class Doors:
    """Who may enter: names for the Host header, origins for WebSockets, origins told by CORS, a bearer token."""

    hosts: Sequence[str] = ("localhost",)
    origins: Sequence[str] = ()
    cors: Sequence[str] = ("*",)
    token: str | None = None


@dataclass
class Stats:
    """Told after every body: method names (or ``unknown``), errors and seconds."""

    observe: Callable[[str, bool, float], None] = lambda method, failed, seconds: None
    connections: Callable[[int], None] = field(default=lambda count: None)


class RpcServer:
    """Answers bodies of JSON-RPC with the methods it is given.

    Args:
        methods: by name.
        batch_methods: methods whose calls within one body are worth collecting (eth_sendRawTransaction).
        short_way: answers a whole batch body at once, or says None: then nothing has happened and the long way is taken.
    """

    def __init__(
        self,
        methods: Mapping[str, Method],
        batch_methods: Mapping[str, BatchMethod] | None = None,
        bounds: Bounds | None = None,
        doors: Doors | None = None,
        stats: Stats | None = None,
        short_way: Callable[[bytes], Awaitable[bytes | None]] | None = None,
    ) -> None:
        self._short_way = short_way
        self._methods = methods
        self._batch_methods = batch_methods or {}
        self.bounds = bounds or Bounds()
        self._doors = doors or Doors()
        self._stats = stats or Stats()
        self._hosts = {host.lower() for host in self._doors.hosts}
        self._sockets: set[web.WebSocketResponse] = set()
        self._open = 0

    # --- bodies -------------------------------------------------------------------------------------------------------

    async def answer(self, body: bytes, session: Session | None = None) -> bytes:
        """The answer to one body; empty when it held notifications only."""
        if self._short_way is not None and body[:1] == b"[":
            started = time.perf_counter()
            try:
                whole = await self._short_way(body)
            except Exception as error:
                self._stats.observe("batch", True, time.perf_counter() - started)
                return jsonrpc.encode_error(None, status.rpc_error(error, "batch"))
            if whole is not None:
                self._stats.observe("batch", False, time.perf_counter() - started)
                return whole
        try:
            entries, is_batch = jsonrpc.decode(body, self.bounds.batch_max)
        except RpcError as error:
            self._stats.observe("malformed", True, 0.0)
            return jsonrpc.encode_error(None, error)
        if not is_batch:
            entry = entries[0]
            answer = await self._answer_one(entry, session)
            return b"" if isinstance(entry, Call) and entry.notify else answer
        answers: list[bytes | None] = [None] * len(entries)
        collected = await self._answer_collected(entries, answers)
        size = 0
        for index, entry in enumerate(entries):
            if index not in collected:
                if size > self.bounds.response_bytes_max:
                    id = entry.id
                    answers[index] = jsonrpc.encode_error(id, RpcError(jsonrpc.LIMIT_EXCEEDED, "response too large"))
                else:
                    answers[index] = await self._answer_one(entry, session)
            if isinstance(entry, Call) and entry.notify:
                answers[index] = None
            else:
                size += len(answers[index] or b"")
            if index % _YIELD_EVERY_CALLS == _YIELD_EVERY_CALLS - 1:
                await asyncio.sleep(0)
        kept = [answer for answer in answers if answer is not None]
        return jsonrpc.join_batch(kept) if kept else b""

    async def _answer_collected(self, entries: list[Call | Malformed], answers: list[bytes | None]) -> set[int]:
        done: set[int] = set()
        for name, method in self._batch_methods.items():
            where = [i for i, entry in enumerate(entries) if isinstance(entry, Call) and entry.method == name]
            if len(where) < 2:
                continue
            calls = [entries[i] for i in where]
            started = time.perf_counter()
            failures = 0
            try:
                results = await method([call.params for call in calls if isinstance(call, Call)])
            except Exception as error:
                results = [error] * len(where)
            for i, call, result in zip(where, calls, results, strict=True):
                if isinstance(result, Exception):
                    failures += 1
                    answers[i] = jsonrpc.encode_error(call.id, status.rpc_error(result, name))
                else:
                    answers[i] = jsonrpc.encode_result(call.id, result)
            self._stats.observe(name, failures > 0, time.perf_counter() - started)
            done.update(where)
        return done

    async def _answer_one(self, entry: Call | Malformed, session: Session | None) -> bytes:
        if isinstance(entry, Malformed):
            self._stats.observe("malformed", True, 0.0)
            return jsonrpc.encode_error(entry.id, entry.error)
        method = self._methods.get(entry.method)
        if method is None:
            self._stats.observe("unknown", True, 0.0)
            shown = entry.method[:64]
            return jsonrpc.encode_error(
                entry.id, RpcError(jsonrpc.METHOD_NOT_FOUND, f"the method {shown} does not exist/is not available")
            )
        started = time.perf_counter()
        try:
            jsonrpc.check_depth(entry.params)
            result = method(session, entry.params)
            if isinstance(result, Awaitable):
                result = await result
            answer = jsonrpc.encode_result(entry.id, result)
            self._stats.observe(entry.method, False, time.perf_counter() - started)
            return answer
        except Exception as error:
            self._stats.observe(entry.method, True, time.perf_counter() - started)
            return jsonrpc.encode_error(entry.id, status.rpc_error(error, entry.method))

    # --- HTTP ---------------------------------------------------------------------------------------------------------

    def app(self, more: Sequence[web.RouteDef] = ()) -> web.Application:
        """POST ``/`` for bodies, GET ``/`` with an upgrade for WebSockets; ``more`` routes behind the same doors."""
        app = web.Application(middlewares=[self._guard], client_max_size=self.bounds.body_bytes_max)
        app.router.add_post("/", self._post)
        app.router.add_get("/", self._get)
        app.router.add_options("/", self._options)
        app.router.add_routes(more)
        app.on_shutdown.append(self._close_sockets)
        return app

    def host_allowed(self, host: str) -> bool:
        """Whether a Host header (name or address, perhaps with a port) may enter."""
        if "*" in self._hosts:
            return True
        name = _host_name(host)
        if name is None:
            return False
        return _is_address(name) or name in self._hosts

    def origin_allowed(self, origin: str, host: str) -> bool:
        """Whether a page of ``origin`` may open a WebSocket."""
        if "*" in self._doors.origins or origin in self._doors.origins:
            return True
        try:
            name = urlsplit(origin).hostname
        except ValueError:
            return False
        if not name:
            return False
        if name == "localhost" or (_is_address(name) and ipaddress.ip_address(name).is_loopback):
            return True
        return name.lower() == _host_name(host)

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        if not self.host_allowed(request.headers.get("Host", "")):
            return web.Response(status=403, text="invalid host specified\n")
        if self._doors.token is not None:
            given = request.headers.get("Authorization", "")
            if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), b"Bearer " + self._doors.token.encode()):
                return web.Response(status=401, text="unauthorized\n")
        try:
            return await handler(request)
        except web.HTTPException as error:
            if error.status < 500:
                return web.Response(status=error.status, text=f"{error.reason}\n")
            raise

    def _cors(self, request: web.Request) -> dict[str, str]:
        origin = request.headers.get("Origin")
        if origin is None:
            return {}
        if "*" in self._doors.cors:
            return {"Access-Control-Allow-Origin": "*"}
        if origin in self._doors.cors:
            return {"Access-Control-Allow-Origin": origin, "Vary": "Origin"}
        return {}

    async def _options(self, request: web.Request) -> web.Response:
        headers = self._cors(request)
        if headers:
            headers |= {
                "Access-Control-Allow-Methods": "POST, GET, OPTIONS",
                "Access-Control-Allow-Headers": "Content-Type, Authorization",
                "Access-Control-Max-Age": "600",
            }
        return web.Response(status=204, headers=headers)

    async def _post(self, request: web.Request) -> web.StreamResponse:
        headers = self._cors(request)
        length = request.content_length
        if length is not None and length > self.bounds.body_bytes_max:
            return web.Response(status=413, text=f"body larger than {self.bounds.body_bytes_max} bytes\n", headers=headers)
        try:
            async with asyncio.timeout(self.bounds.body_timeout_s):
                body = await request.read()
        except TimeoutError:
            response = web.Response(status=408, text="body took too long\n", headers=headers)
            response.force_close()
            return response
        except web.HTTPRequestEntityTooLarge:
            return web.Response(status=413, text=f"body larger than {self.bounds.body_bytes_max} bytes\n", headers=headers)
        answer = await self.answer(body)
        response = web.Response(
            body=answer, content_type="application/json", headers=headers, zlib_executor_size=_GZIP_THREAD_BYTES_MIN
        )
        if self.bounds.compress and len(answer) >= _GZIP_BYTES_MIN and "gzip" in request.headers.get("Accept-Encoding", ""):
            response.enable_compression(web.ContentCoding.gzip)
        return response

    async def _get(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Upgrade", "").lower() != "websocket":
            return web.Response(text="zerog JSON-RPC: POST a request here\n", headers=self._cors(request))
        origin = request.headers.get("Origin")
        if origin is not None and not self.origin_allowed(origin, request.headers.get("Host", "")):
            return web.Response(status=403, text="invalid origin specified\n")
        socket = web.WebSocketResponse(
            max_msg_size=self.bounds.body_bytes_max, heartbeat=self.bounds.idle_close_s, compress=False
        )
        await socket.prepare(request)
        self._sockets.add(socket)
        session = _SocketSession(self.bounds.notifications_max)
        try:
            async with Tasks() as tasks:
                tasks.start_background(session.send_all(socket), "ws.send")
                async for message in socket:
                    if message.type is WSMsgType.TEXT:
                        answer = await self.answer(message.data.encode("utf-8", "surrogatepass"), session)
                    elif message.type is WSMsgType.BINARY:
                        answer = await self.answer(message.data, session)
                    else:
                        break
                    if answer:
                        session.notify(answer)
                        # Whoever asks faster than he reads waits here, and his requests wait in his own buffers.
                        await session.drained(self.bounds.idle_close_s)
        except* (_SlowReader, Exhausted):
            _log.warning("ws.dropped", peer=request.remote, waiting_max=self.bounds.notifications_max)
            if request.transport is not None:
                request.transport.abort()
        except* ConnectionError:
            pass
        finally:
            session.end()
            self._sockets.discard(socket)
        return socket

    async def _close_sockets(self, _: web.Application) -> None:
        for socket in list(self._sockets):
            await socket.close(code=1001, message=b"server stops")


class _SlowReader(Exception):
    pass


class _SocketSession:
    """Outgoing messages of one WebSocket, in order, through one bounded queue.

    A reader that falls ``waiting_max`` messages or ``_WAITING_BYTES_MAX`` behind is dropped: a gap in a subscription would be
    worse than its end.
    """

    def __init__(self, waiting_max: int) -> None:
        self._queue: BoundedQueue[bytes] = BoundedQueue(waiting_max, "notifications")
        self._overflow = asyncio.Event()
        self._low = asyncio.Event()
        self._waiting_bytes = 0
        self.subscriptions: dict[str, Callable[[], None]] = {}

    def notify(self, message: bytes) -> None:
        try:
            self._queue.put(message)
        except Exhausted:
            self._overflow.set()
            return
        self._waiting_bytes += len(message)
        # One message may be larger than the bound: it is the others behind it that count.
        if self._waiting_bytes - len(message) > _WAITING_BYTES_MAX:
            self._overflow.set()

    async def drained(self, timeout_s: float) -> None:
        """Wait until little waits to be sent; a peer that does not read within ``timeout_s`` is dropped."""
        while self._waiting_bytes > _WAITING_BYTES_LOW:
            self._low.clear()
            try:
                async with asyncio.timeout(timeout_s):
                    await self._low.wait()
            except TimeoutError:
                self._overflow.set()
                return

    async def send_all(self, socket: web.WebSocketResponse) -> None:
        async with Tasks() as tasks:
            tasks.start(self._watch(), "ws.watch")
            while True:
                for message in await self._queue.take_all(256):
                    await socket.send_str(message.decode())
                    self._waiting_bytes -= len(message)
                    if self._waiting_bytes <= _WAITING_BYTES_LOW:
                        self._low.set()

    async def _watch(self) -> None:
        await self._overflow.wait()
        raise _SlowReader

    def end(self) -> None:
        for cancel in list(self.subscriptions.values()):
            cancel()
        self.subscriptions.clear()


class Site:
    """One listening address of an application, with the connection bounds that aiohttp leaves to us.

    aiohttp closes connections that send no whole request head within ``idle_close_s``; this also closes those beyond
    ``connections_max`` and those that take an answer too slowly.
    """

    def __init__(self, app: web.Application, host: str, port: int, bounds: Bounds, stats: Stats | None = None) -> None:
        self._runner = web.AppRunner(
            app, handle_signals=False, access_log=None, keepalive_timeout=bounds.idle_close_s, shutdown_timeout=3.0,
            handler_cancellation=True,
        )  # fmt: skip
        self._host, self._port, self._bounds = host, port, bounds
        self._stats = stats or Stats()
        self._stalled: dict[Any, tuple[int, float]] = {}

    async def start(self) -> int:
        """Listen; returns the port taken.

        Raises:
            Conflict: the address cannot be listened on; says what to do.
        """
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port, backlog=1024)
        try:
            await site.start()
        except OSError as error:
            await self._runner.cleanup()
            reason = os.strerror(error.errno) if error.errno else str(error)
            raise Conflict(
                f"cannot listen on {self._host}:{self._port} ({reason}); stop what listens there, or choose another port "
                f"(0 takes any free one)"
            ) from None
        return int(self._runner.addresses[0][1])

    async def watch(self) -> None:
        """Once a second: shed connections beyond the bound and those whose buffered answer does not shrink."""
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        connections_max = max(16, min(self._bounds.connections_max, files // 2))
        while True:
            await asyncio.sleep(1)
            server = self._runner.server
            if server is None:
                continue
            handlers = list(server.connections)
            self._stats.connections(len(handlers))
            for handler in handlers[connections_max:]:
                handler.force_close()
            self._close_stalled(handlers)

    def _close_stalled(self, handlers: list[Any]) -> None:
        now = time.monotonic()
        before, self._stalled = self._stalled, {}
        for handler in handlers:
            transport = handler.transport
            if transport is None:
                continue
            waiting = transport.get_write_buffer_size()
            if waiting == 0:
                continue
            size, since = before.get(handler, (waiting, now))
            if waiting < size:
                size, since = waiting, now
            if now - since > self._bounds.idle_close_s:
                _log.warning("http.slow_reader", waiting_bytes=waiting)
                transport.abort()
            else:
                self._stalled[handler] = (size, since)

    async def stop(self) -> None:
        await self._runner.cleanup()


def _host_name(host: str) -> str | None:
    try:
        return urlsplit("//" + host).hostname
    except ValueError:
        return None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True

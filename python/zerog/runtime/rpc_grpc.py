"""gRPC over a service's descriptor: strangers' bytes are parsed here, exceptions become codes here and back, once.

Handlers get parsed messages and raise what they like of ``zerog.errors``; clients raise the same. A message that does not parse
is ``INVALID_ARGUMENT`` at a server and ``PeerFault`` at a client, never a stack trace.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from urllib.parse import unquote

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from zerog import errors
from zerog.runtime import log
from zerog.runtime.grpc_meta import Health, reflection

_log = log.get(__name__)

_CODES: Final[list[tuple[type[errors.ZerogError], grpc.StatusCode]]] = [
    (errors.InvalidInput, grpc.StatusCode.INVALID_ARGUMENT),
    (errors.Unauthorized, grpc.StatusCode.UNAUTHENTICATED),
    (errors.NotFound, grpc.StatusCode.NOT_FOUND),
    (errors.Conflict, grpc.StatusCode.ALREADY_EXISTS),
    (errors.InsufficientFunds, grpc.StatusCode.FAILED_PRECONDITION),
    (errors.Exhausted, grpc.StatusCode.RESOURCE_EXHAUSTED),
    (errors.Unavailable, grpc.StatusCode.UNAVAILABLE),
    (errors.TimedOut, grpc.StatusCode.DEADLINE_EXCEEDED),
    (errors.Corrupt, grpc.StatusCode.DATA_LOSS),
]
_CLASSES: Final = {code: kind for kind, code in _CODES}
_TOO_LARGE = "larger than max"


class Prescribed(errors.ZerogError):
    """An answer whose status another network's protocol prescribes, where ours would be another.

    Args:
        status: what the caller gets, with ``message`` as its text.
    """

    code = "prescribed"

    def __init__(self, status: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, as far as the transport knows: the address without its port."""

    ip: str


Observe: TypeAlias = Callable[[str, str, float], None]
"""Told of every call: its method, the name of its status, the seconds it took."""
Unary: TypeAlias = Callable[[Any, Caller], Awaitable[Message]]
Stream: TypeAlias = Callable[[Any, Caller], AsyncIterator[Message]]


def service(
    descriptor: ServiceDescriptor,
    methods: Mapping[str, Unary | Stream],
    *,
    stream_timeout_s: float = 60,
    observe: Observe | None = None,
    place: Callable[[str], AbstractContextManager[None]] = lambda ip: nullcontext(),
) -> grpc.GenericRpcHandler:
    """The methods of a service, by the names in its descriptor; each must be there.

    Args:
        stream_timeout_s: a stream that the caller does not read to its end in this time is closed.
        observe: told of unary calls.
        place: what a unary call holds while it is answered; raises when its address has too many.
    """
    handlers: dict[str, Any] = {}
    for method in descriptor.methods:
        function = methods[method.name]
        if method.server_streaming:
            answer = _stream(method, function, stream_timeout_s)
            handlers[method.name] = grpc.unary_stream_rpc_method_handler(answer)
        else:
            handlers[method.name] = grpc.unary_unary_rpc_method_handler(_unary(method, function, observe, place))
    return grpc.method_handlers_generic_handler(descriptor.full_name, handlers)


def _caller(context: Any) -> Caller:
    kind, _, rest = str(context.peer()).partition(":")
    return Caller(unquote(rest.rpartition(":")[0]).strip("[]") if kind in ("ipv4", "ipv6") else kind)


def _parse(method: MethodDescriptor, body: bytes) -> Message:
    message: Message = GetMessageClass(method.input_type)()
    try:
        message.ParseFromString(body)
    except DecodeError:
        raise errors.InvalidInput(f"{method.name}: the bytes are no {method.input_type.name}") from None
    return message


def _unary(
    method: MethodDescriptor, function: Any, observe: Observe | None, place: Callable[[str], AbstractContextManager[None]]
) -> Any:
    async def answer(body: bytes, context: Any) -> bytes:
        caller = _caller(context)
        began, status = time.monotonic(), "CANCELLED"
        try:
            with place(caller.ip):
                reply: bytes = (await function(_parse(method, body), caller)).SerializeToString()
            status = "OK"
        except Exception as error:
            code, text = _status(error, method.name)
            status = code.name
            await context.abort(code, text)
            raise
        finally:
            if observe is not None:
                observe(method.name, status, time.monotonic() - began)
        return reply

    return answer


def _stream(method: MethodDescriptor, function: Any, timeout_s: float) -> Any:
    async def answer(body: bytes, context: Any) -> None:
        caller = _caller(context)
        try:
            request = _parse(method, body)
            async with asyncio.timeout(timeout_s):
                async for message in function(request, caller):
                    await context.write(message.SerializeToString())
        except Exception as error:
            await context.abort(*_status(error, method.name))
            raise

    return answer


def _status(error: Exception, method: str) -> tuple[grpc.StatusCode, str]:
    if isinstance(error, TimeoutError):
        return grpc.StatusCode.DEADLINE_EXCEEDED, "took too long"
    if isinstance(error, Prescribed):
        return error.status, str(error)[:256]
    for kind, code in _CODES:
        if isinstance(error, kind):
            return code, str(error)[:256]
    _log.error("grpc.failed", method=method, error=type(error).__name__, reason=str(error))
    return grpc.StatusCode.INTERNAL, "internal error"


class GrpcServer:
    """One listening address, plaintext.

    Args:
        receive_bytes_max: larger messages are refused by the transport.
        calls_max: calls at one moment; one more is refused.
        more: further services of the same port.
        described: services that health and reflection tell of; without any there is neither.
    """

    def __init__(
        self,
        handler: grpc.GenericRpcHandler,
        host: str,
        port: int,
        *,
        receive_bytes_max: int,
        calls_max: int,
        more: Sequence[grpc.GenericRpcHandler] = (),
        described: Sequence[ServiceDescriptor] = (),
    ) -> None:
        self._host, self._port = host, port
        self._server = grpc.aio.server(
            options=[
                ("grpc.max_receive_message_length", receive_bytes_max),
                ("grpc.max_send_message_length", -1),
                ("grpc.max_metadata_size", 8192),
                ("grpc.max_concurrent_streams", calls_max),
                ("grpc.so_reuseport", 0),
            ],
            maximum_concurrent_rpcs=calls_max,
        )
        self._health = Health([one.full_name for one in described])
        own = (*self._health.handlers(), *reflection(described)) if described else ()
        self._server.add_generic_rpc_handlers((handler, *more, *own))

    async def start(self) -> int:
        """Listen; returns the port.

        Raises:
            Conflict: the address is taken or not of this machine.
        """
        where = f"[{self._host}]" if ":" in self._host else self._host
        try:
            port = self._server.add_insecure_port(f"{where}:{self._port}")
        except RuntimeError as error:
            raise errors.Conflict(f"cannot listen on {where}:{self._port}: {error}") from None
        await self._server.start()
        return port

    async def stop(self, grace_s: float = 0.5) -> None:
        self._health.stop()
        await self._server.stop(grace_s)


class GrpcClient:
    """Calls of one service at one address, plaintext; connects with the first call.

    Raises (from every call):
        PeerFault: an answer that is no message or larger than allowed. TimedOut, Unavailable: none in time, or nobody there.
        Otherwise what the server raised, by its code.
    """

    def __init__(self, target: str, descriptor: ServiceDescriptor, *, receive_bytes_max: int) -> None:
        self.target = target
        self._descriptor = descriptor
        self._channel = grpc.aio.insecure_channel(
            target,
            options=[
                ("grpc.max_receive_message_length", receive_bytes_max),
                ("grpc.max_metadata_size", 8192),
                ("grpc.enable_http_proxy", 0),
                ("grpc.enable_retries", 0),
                ("grpc.use_local_subchannel_pool", 1),
                ("grpc.service_config_disable_resolution", 1),
            ],
        )

    async def close(self) -> None:
        await self._channel.close()

    async def call(self, name: str, request: Message, *, timeout_s: float) -> Any:
        method = self._descriptor.methods_by_name[name]
        send: Any = self._channel.unary_unary(f"/{self._descriptor.full_name}/{name}")
        with self._closing(name):
            try:
                body: bytes = await send(request.SerializeToString(), timeout=timeout_s)
            except grpc.aio.AioRpcError as error:
                raise self._error(error, name) from None
        return self._read(method, body)

    @contextmanager
    def _closing(self, name: str) -> Iterator[None]:
        """gRPC cancels the calls of a channel that is closed; for us that is a peer that is gone, not a task that shall end."""
        try:
            yield
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise errors.Unavailable(f"{self.target}: {name}: the connection was closed") from None
        except grpc.aio.UsageError:
            raise errors.Unavailable(f"{self.target}: {name}: the connection is closed") from None

    async def stream(
        self, name: str, request: Message, *, timeout_s: float, first_timeout_s: float | None = None
    ) -> AsyncIterator[Any]:
        """The messages of a stream: the whole within ``timeout_s``, the first (or the end) within ``first_timeout_s``."""
        method = self._descriptor.methods_by_name[name]
        send: Any = self._channel.unary_stream(f"/{self._descriptor.full_name}/{name}")
        with self._closing(name):
            call = send(request.SerializeToString(), timeout=timeout_s)
        wait_s = timeout_s if first_timeout_s is None else first_timeout_s
        try:
            while True:
                try:
                    async with asyncio.timeout(wait_s):
                        with self._closing(name):
                            body = await call.read()
                except TimeoutError:
                    raise errors.TimedOut(f"{self.target}: {name} took more than {wait_s} s") from None
                if body is grpc.aio.EOF:
                    with self._closing(name):
                        if await call.code() != grpc.StatusCode.OK:
                            raise self._error(call, name, await call.code(), await call.details())
                    return
                yield self._read(method, body)
                wait_s = timeout_s
        except grpc.aio.AioRpcError as error:
            raise self._error(error, name) from None
        finally:
            call.cancel()

    def _read(self, method: MethodDescriptor, body: bytes) -> Message:
        message: Message = GetMessageClass(method.output_type)()
        try:
            message.ParseFromString(body)
        except DecodeError:
            raise errors.PeerFault(f"{self.target}: the answer to {method.name} is no {method.output_type.name}") from None
        return message

    def _error(self, error: Any, name: str, code: Any = None, details: str | None = None) -> errors.ZerogError:
        code = error.code() if code is None else code
        details = str(error.details() if details is None else details)[:256]
        if code == grpc.StatusCode.RESOURCE_EXHAUSTED and _TOO_LARGE in details:
            return errors.PeerFault(f"{self.target}: the answer to {name} is too large")
        if code in (grpc.StatusCode.INTERNAL, grpc.StatusCode.UNIMPLEMENTED, grpc.StatusCode.UNKNOWN):
            return errors.PeerFault(f"{self.target}: {name}: {code.name}: {details}", status=code.name, details=details)
        kind = _CLASSES.get(code, errors.Unavailable)
        return kind(f"{self.target}: {name}: {details}")

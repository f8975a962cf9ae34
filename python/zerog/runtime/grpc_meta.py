"""gRPC's own services beside ours: is it well (``grpc.health.v1``), and what can it do (reflection, both versions).

Standard tools work without our files: ``grpc_health_probe``, ``grpcurl``. A stream of either is closed after a while, and the
calls of the port are bounded as a whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, Final

import grpc
from google.protobuf.descriptor import FileDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from zerog.wire.grpc_meta import HEALTH, NOT_SERVING, REFLECTIONS, SERVICE_UNKNOWN, SERVING

STREAM_S: Final = 300.0
ANSWERS_MAX: Final = 256
_NOT_FOUND: Final = 5
_INVALID: Final = 3


class Health:
    """Serving, from the moment that the port listens until it is told to stop.

    Args:
        names: the services of the port; the empty name is all of them together.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._names = {"", *names}
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        self._stopped.set()

    def handlers(self) -> list[grpc.GenericRpcHandler]:
        methods: dict[str, Any] = {
            "Check": grpc.unary_unary_rpc_method_handler(self._check),
            "Watch": grpc.unary_stream_rpc_method_handler(self._watch),
        }
        return [grpc.method_handlers_generic_handler(HEALTH.full_name, methods)]

    def _status(self) -> bytes:
        reply = GetMessageClass(HEALTH.methods_by_name["Check"].output_type)
        return bytes(reply(status=NOT_SERVING if self._stopped.is_set() else SERVING).SerializeToString())

    async def _name(self, body: bytes, context: Any) -> str:
        request: Any = GetMessageClass(HEALTH.methods_by_name["Check"].input_type)()
        try:
            request.ParseFromString(body)
        except DecodeError:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the bytes are no HealthCheckRequest")
        return str(request.service)

    async def _check(self, body: bytes, context: Any) -> bytes:
        if await self._name(body, context) not in self._names:
            await context.abort(grpc.StatusCode.NOT_FOUND, "no such service here")
        return self._status()

    async def _watch(self, body: bytes, context: Any) -> AsyncIterator[bytes]:
        if await self._name(body, context) not in self._names:
            reply = GetMessageClass(HEALTH.methods_by_name["Watch"].output_type)
            yield bytes(reply(status=SERVICE_UNKNOWN).SerializeToString())
            return
        yield self._status()
        try:
            async with asyncio.timeout(STREAM_S):
                await self._stopped.wait()
        except TimeoutError:
            return
        yield self._status()


def reflection(services: Sequence[ServiceDescriptor]) -> list[grpc.GenericRpcHandler]:
    """Handlers of both versions that describe these services and the health service."""
    described = [*services, HEALTH]
    made = []
    for version in REFLECTIONS:
        answer = _answer(version, described)
        handler: Any = grpc.stream_stream_rpc_method_handler(answer)
        made.append(grpc.method_handlers_generic_handler(version.full_name, {"ServerReflectionInfo": handler}))
    return made


def _answer(version: ServiceDescriptor, described: Sequence[ServiceDescriptor]) -> Callable[..., AsyncIterator[bytes]]:
    method = version.methods_by_name["ServerReflectionInfo"]
    names = [one.full_name for one in described] + [one.full_name for one in REFLECTIONS]
    files = _files([one.file for one in (*described, *REFLECTIONS)])
    symbols = {name: file for file in files.values() for name in _symbols(file)}

    def reply_to(request: Any) -> Any:
        reply: Any = GetMessageClass(method.output_type)(valid_host=request.host, original_request=request)
        kind = request.WhichOneof("message_request")
        found: FileDescriptor | None = None
        if kind == "list_services":
            for name in names:
                reply.list_services_response.service.add(name=name)
            return reply
        if kind == "file_by_filename":
            found = files.get(request.file_by_filename)
        elif kind == "file_containing_symbol":
            found = symbols.get(request.file_containing_symbol)
        elif kind not in ("file_containing_extension", "all_extension_numbers_of_type"):
            reply.error_response.error_code, reply.error_response.error_message = _INVALID, "a question without a question"
            return reply
        if found is None:
            reply.error_response.error_code, reply.error_response.error_message = _NOT_FOUND, "nothing of that name here"
            return reply
        for file in _files([found]).values():
            text = FileDescriptorProto()
            file.CopyToProto(text)
            reply.file_descriptor_response.file_descriptor_proto.append(text.SerializeToString())
        return reply

    async def answer(bodies: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
        deadline = asyncio.get_running_loop().time() + STREAM_S
        for _ in range(ANSWERS_MAX):
            try:
                async with asyncio.timeout_at(deadline):
                    body = await anext(bodies)
            except (StopAsyncIteration, TimeoutError):
                return
            request: Any = GetMessageClass(method.input_type)()
            try:
                request.ParseFromString(body)
            except DecodeError:
                await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the bytes are no ServerReflectionRequest")
            yield reply_to(request).SerializeToString()

    return answer


def _files(wanted: Sequence[FileDescriptor]) -> dict[str, FileDescriptor]:
    """Files with all that they import, by name."""
    found: dict[str, FileDescriptor] = {}
    waiting = list(wanted)
    while waiting:
        file = waiting.pop()
        if file.name not in found:
            found[file.name] = file
            waiting += list(file.dependencies)
    return found


def _symbols(file: FileDescriptor) -> list[str]:
    named = [*file.services_by_name.values(), *file.message_types_by_name.values(), *file.enum_types_by_name.values()]
    methods = [method.full_name for one in file.services_by_name.values() for method in one.methods]
    return [one.full_name for one in named] + methods

"""gRPC's own services as standard tools ask for them: messages typed here by the official packages, not by ours."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from zerog.runtime.rpc_grpc import GrpcServer, service
from zerog.wire.proto import da_retriever_pb2

SERVICE = da_retriever_pb2.DESCRIPTOR.services_by_name["Retriever"]


async def _nothing(request: Any, caller: Any) -> Any:
    return da_retriever_pb2.BlobReply()


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[GrpcServer, grpc.aio.Channel]]:
    handler = service(SERVICE, {"RetrieveBlob": _nothing})
    server = GrpcServer(handler, "127.0.0.1", 0, receive_bytes_max=1 << 16, calls_max=8, described=[SERVICE])
    port = await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield server, channel
    await server.stop(0)


def test_health() -> None:
    async def work() -> None:
        async with listening() as (server, channel):
            stub = health_pb2_grpc.HealthStub(channel)
            serving = health_pb2.HealthCheckResponse.SERVING
            for name in ("", "retriever.Retriever"):
                assert (await stub.Check(health_pb2.HealthCheckRequest(service=name))).status == serving
            with pytest.raises(grpc.aio.AioRpcError) as error:
                await stub.Check(health_pb2.HealthCheckRequest(service="nobody"))
            assert error.value.code() == grpc.StatusCode.NOT_FOUND
            watch = stub.Watch(health_pb2.HealthCheckRequest())
            assert (await watch.read()).status == serving
            stopping = asyncio.create_task(server.stop(5))
            assert (await watch.read()).status == health_pb2.HealthCheckResponse.NOT_SERVING
            await stopping
            raw = channel.unary_unary("/grpc.health.v1.Health/Check")
            with pytest.raises(grpc.aio.AioRpcError):
                await raw(b"\xff", timeout=2)

    asyncio.run(work())


def test_reflection() -> None:
    async def work() -> None:
        async with listening() as (_, channel):
            stub = reflection_pb2_grpc.ServerReflectionStub(channel)
            request = reflection_pb2.ServerReflectionRequest
            asked = [
                request(list_services=""),
                request(file_containing_symbol="retriever.Retriever"),
                request(file_containing_symbol="retriever.BlobReply"),
                request(file_containing_symbol="nothing.Here"),
                request(),
            ]
            told = [one async for one in stub.ServerReflectionInfo(iter(asked))]
            names = {one.name for one in told[0].list_services_response.service}
            assert {"retriever.Retriever", "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"} <= names
            for answer in told[1:3]:
                (packed,) = answer.file_descriptor_response.file_descriptor_proto
                file = FileDescriptorProto.FromString(packed)
                assert (file.package, [one.name for one in file.service]) == ("retriever", ["Retriever"])
            assert [one.error_response.error_code for one in told[3:]] == [5, 3]
            newer = channel.stream_stream("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo")
            bodies = [one async for one in newer(iter([asked[0].SerializeToString()]))]
            assert b"retriever.Retriever" in bodies[0]
            with pytest.raises(grpc.aio.AioRpcError) as error:
                async for _ in newer(iter([b"\xff\xff"])):
                    pass
            assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT

    asyncio.run(work())

"""Messages of gRPC's own services, health and reflection, as their public definitions number them.

They live in a pool of their own: a program that also loads the official packages of these services has both.
Source: grpc.health.v1, grpc.reflection.v1 and v1alpha (equal but for the package).
"""

from __future__ import annotations

from typing import Final

from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool

SERVING: Final = 1
NOT_SERVING: Final = 2
SERVICE_UNKNOWN: Final = 3

_POOL: Final = DescriptorPool()
_TYPES: Final = {
    "string": FieldDescriptorProto.TYPE_STRING,
    "bytes": FieldDescriptorProto.TYPE_BYTES,
    "int32": FieldDescriptorProto.TYPE_INT32,
}


def _message(file: FileDescriptorProto, name: str, fields: str, one_of: str = "") -> DescriptorProto:
    """A message from ``number name type`` triples; ``*`` before a type repeats it, ``|`` makes it a member of the one-of."""
    made = file.message_type.add(name=name)
    if one_of:
        made.oneof_decl.add(name=one_of)
    for text in filter(None, fields.split(", ")):
        number, field_name, kind = text.split(" ")
        label = FieldDescriptorProto.LABEL_REPEATED if kind[0] == "*" else FieldDescriptorProto.LABEL_OPTIONAL
        field = made.field.add(name=field_name, number=int(number), label=label)
        bare = kind.lstrip("*|")
        if bare in _TYPES:
            field.type = _TYPES[bare]
        else:
            field.type = FieldDescriptorProto.TYPE_ENUM if bare.endswith("Status") else FieldDescriptorProto.TYPE_MESSAGE
            field.type_name = f".{file.package}.{bare}"
        if kind[0] == "|":
            field.oneof_index = 0
    return made


def _health() -> ServiceDescriptor:
    file = FileDescriptorProto(name="zerog/wire/grpc_health.proto", package="grpc.health.v1", syntax="proto3")
    _message(file, "HealthCheckRequest", "1 service string")
    reply = _message(file, "HealthCheckResponse", "1 status HealthCheckResponse.ServingStatus")
    states = reply.enum_type.add(name="ServingStatus")
    for number, name in enumerate(("UNKNOWN", "SERVING", "NOT_SERVING", "SERVICE_UNKNOWN")):
        states.value.add(name=name, number=number)
    service = file.service.add(name="Health")
    types = {"input_type": ".grpc.health.v1.HealthCheckRequest", "output_type": ".grpc.health.v1.HealthCheckResponse"}
    service.method.add(name="Check", **types)
    service.method.add(name="Watch", server_streaming=True, **types)
    _POOL.Add(file)
    return _POOL.FindServiceByName("grpc.health.v1.Health")


def _reflection(version: str) -> ServiceDescriptor:
    package = f"grpc.reflection.{version}"
    file = FileDescriptorProto(name=f"zerog/wire/grpc_reflection_{version}.proto", package=package, syntax="proto3")
    _message(
        file, "ServerReflectionRequest",
        "1 host string, 3 file_by_filename |string, 4 file_containing_symbol |string, "
        "5 file_containing_extension |ExtensionRequest, 6 all_extension_numbers_of_type |string, 7 list_services |string",
        "message_request",
    )  # fmt: skip
    _message(file, "ExtensionRequest", "1 containing_type string, 2 extension_number int32")
    _message(
        file, "ServerReflectionResponse",
        "1 valid_host string, 2 original_request ServerReflectionRequest, 4 file_descriptor_response |FileDescriptorResponse, "
        "5 all_extension_numbers_response |ExtensionNumberResponse, 6 list_services_response |ListServiceResponse, "
        "7 error_response |ErrorResponse",
        "message_response",
    )  # fmt: skip
    _message(file, "FileDescriptorResponse", "1 file_descriptor_proto *bytes")
    _message(file, "ExtensionNumberResponse", "1 base_type_name string, 2 extension_number *int32")
    _message(file, "ListServiceResponse", "1 service *ServiceResponse")
    _message(file, "ServiceResponse", "1 name string")
    _message(file, "ErrorResponse", "1 error_code int32, 2 error_message string")
    service = file.service.add(name="ServerReflection")
    service.method.add(
        name="ServerReflectionInfo", client_streaming=True, server_streaming=True,
        input_type=f".{package}.ServerReflectionRequest", output_type=f".{package}.ServerReflectionResponse",
    )  # fmt: skip
    _POOL.Add(file)
    return _POOL.FindServiceByName(f"{package}.ServerReflection")


HEALTH: Final = _health()
REFLECTIONS: Final = (_reflection("v1"), _reflection("v1alpha"))

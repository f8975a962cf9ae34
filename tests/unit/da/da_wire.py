"""The messages of 0G DA as a stranger knows them: names and numbers from da.md §2, typed here by hand, in a pool of their own.

Nothing of the package's generated code is used, so whoever speaks through these speaks what the network speaks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import grpc
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

STATUSES: Final = {
    "UNKNOWN": 0, "PROCESSING": 1, "CONFIRMED": 2, "FAILED": 3, "FINALIZED": 4, "INSUFFICIENT_SIGNATURES": 5,
}  # fmt: skip


@dataclass(frozen=True)
class Api:
    """One package: its messages as ``{name: "field=number:type, ..."}``, its service and the calls of it."""

    service: str
    calls: dict[str, tuple[str, str]]
    messages: dict[str, str]
    enums: dict[str, dict[str, int]] = field(default_factory=dict)


APIS: Final = {
    "disperser": Api(
        "Disperser",
        {
            "DisperseBlob": ("DisperseBlobRequest", "DisperseBlobReply"),
            "GetBlobStatus": ("BlobStatusRequest", "BlobStatusReply"),
            "RetrieveBlob": ("RetrieveBlobRequest", "RetrieveBlobReply"),
        },
        {
            "DisperseBlobRequest": "data=1:bytes",
            "DisperseBlobReply": "result=1:BlobStatus, request_id=2:bytes",
            "BlobStatusRequest": "request_id=1:bytes",
            "BlobStatusReply": "status=1:BlobStatus, info=2:BlobInfo",
            "BlobInfo": "blob_header=1:BlobHeader",
            "BlobHeader": "storage_root=1:bytes, epoch=2:uint64, quorum_id=3:uint64",
            "RetrieveBlobRequest": "storage_root=1:bytes, epoch=2:uint64, quorum_id=3:uint64",
            "RetrieveBlobReply": "data=1:bytes",
        },
        {"BlobStatus": STATUSES},
    ),
    "encoder": Api(
        "Encoder",
        {"EncodeBlob": ("EncodeBlobRequest", "EncodeBlobReply")},
        {
            "EncodeBlobRequest": "data=1:bytes, require_data=2:bool",
            "EncodeBlobReply": "version=1:uint32, erasure_commitment=2:bytes, storage_root=3:bytes, encoded_data=4:bytes, "
            "encoded_slice=5:repeated bytes",
        },
    ),
    "signer": Api(
        "Signer",
        {
            "BatchSign": ("BatchSignRequest", "BatchSignReply"),
            "BatchRetrieve": ("BatchRetrieveRequest", "BatchRetrieveReply"),
            "GetStatus": ("Empty", "StatusReply"),
        },
        {
            "SignRequest": "epoch=1:uint64, quorum_id=2:uint64, erasure_commitment=3:bytes, storage_root=4:bytes, "
            "encoded_slice=5:repeated bytes",
            "BatchSignRequest": "requests=1:repeated SignRequest",
            "BatchSignReply": "signatures=1:repeated bytes",
            "RetrieveRequest": "epoch=1:uint64, quorum_id=2:uint64, storage_root=3:bytes, row_indexes=4:repeated uint32",
            "BatchRetrieveRequest": "requests=1:repeated RetrieveRequest",
            "Slices": "encoded_slice=1:repeated bytes",
            "BatchRetrieveReply": "encoded_slice=1:repeated Slices",
            "StatusReply": "status_code=1:uint64, entrance_contract=2:string",
            "Empty": "",
        },
    ),
    "retriever": Api(
        "Retriever",
        {"RetrieveBlob": ("BlobRequest", "BlobReply")},
        {"BlobRequest": "storage_root=1:bytes, epoch=2:uint64, quorum_id=3:uint64", "BlobReply": "data=1:bytes"},
    ),
}

_TYPES: Final = {
    "bytes": FieldDescriptorProto.TYPE_BYTES,
    "string": FieldDescriptorProto.TYPE_STRING,
    "bool": FieldDescriptorProto.TYPE_BOOL,
    "uint32": FieldDescriptorProto.TYPE_UINT32,
    "uint64": FieldDescriptorProto.TYPE_UINT64,
}


def _file(package: str, api: Api) -> FileDescriptorProto:
    made = FileDescriptorProto(name=f"by_hand/{package}.proto", package=package, syntax="proto3")
    for name, values in api.enums.items():
        enum = made.enum_type.add(name=name)
        for value, number in values.items():
            enum.value.add(name=value, number=number)
    for name, fields in api.messages.items():
        message = made.message_type.add(name=name)
        for part in filter(None, fields.split(", ")):
            head, _, kind = part.partition(":")
            label, _, number = head.partition("=")
            repeated = kind.startswith("repeated ")
            kind = kind.removeprefix("repeated ")
            one = message.field.add(name=label, number=int(number))
            one.label = FieldDescriptorProto.LABEL_REPEATED if repeated else FieldDescriptorProto.LABEL_OPTIONAL
            if kind in _TYPES:
                one.type = _TYPES[kind]
            else:
                one.type = FieldDescriptorProto.TYPE_ENUM if kind in api.enums else FieldDescriptorProto.TYPE_MESSAGE
                one.type_name = f".{package}.{kind}"
    return made


_POOL: Final = DescriptorPool()
for _package, _api in APIS.items():
    _POOL.Add(_file(_package, _api))


def described(package: str) -> FileDescriptorProto:
    """The hand-made file of a package."""
    return _file(package, APIS[package])


def message(package: str, name: str, **fields: Any) -> Any:
    """A message of the hand-made pool."""
    return GetMessageClass(_POOL.FindMessageTypeByName(f"{package}.{name}"))(**fields)


async def call(channel: grpc.aio.Channel, package: str, name: str, timeout_s: float = 20, **fields: Any) -> Any:
    """One call by its path on the wire; raises ``grpc.aio.AioRpcError`` as any client would."""
    api = APIS[package]
    request, reply = api.calls[name]
    send: Any = channel.unary_unary(
        f"/{package}.{api.service}/{name}",
        request_serializer=lambda value: value.SerializeToString(),
        response_deserializer=GetMessageClass(_POOL.FindMessageTypeByName(f"{package}.{reply}")).FromString,
    )
    return await send(message(package, request, **fields), timeout=timeout_s)

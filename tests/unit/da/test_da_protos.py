"""The package's messages are those of the network: names, numbers, types and paths from da.md §2."""

from __future__ import annotations

from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from tests.unit.da import da_wire

from zerog.wire.proto import da_disperser_pb2, da_encoder_pb2, da_retriever_pb2, da_signer_pb2, da_slices_pb2

MODULES: dict[str, Any] = {
    "disperser": da_disperser_pb2,
    "encoder": da_encoder_pb2,
    "signer": da_signer_pb2,
    "retriever": da_retriever_pb2,
}


@pytest.mark.parametrize("package", MODULES)
def test_names_and_numbers_are_the_networks(package: str) -> None:
    ours = FileDescriptorProto()
    MODULES[package].DESCRIPTOR.CopyToProto(ours)
    theirs = da_wire.described(package)
    assert ours.package == theirs.package

    def shape(proto: FileDescriptorProto) -> dict[str, list[tuple[str, int, int, int, str]]]:
        return {
            message.name: sorted((one.name, one.number, one.type, one.label, one.type_name) for one in message.field)
            for message in proto.message_type
        }

    assert shape(ours) == shape(theirs)
    enums = [{one.name: {value.name: value.number for value in one.value} for one in each.enum_type} for each in (ours, theirs)]
    assert enums[0] == enums[1]
    (service,) = ours.service
    api = da_wire.APIS[package]
    assert service.name == api.service
    calls = {one.name: (one.input_type, one.output_type) for one in service.method}
    assert calls == {name: (f".{package}.{asks}", f".{package}.{gets}") for name, (asks, gets) in api.calls.items()}
    assert not any(one.client_streaming or one.server_streaming for one in service.method)


def test_rows_with_proofs_have_a_service_of_their_own() -> None:
    service = da_slices_pb2.DESCRIPTOR.services_by_name["SliceProvider"]
    assert service.full_name == "zerog.da.v1.SliceProvider"
    assert [method.name for method in service.methods] == ["GetSlices"]


def test_bytes_of_a_stranger_are_read_as_meant(seed: int) -> None:
    root = seed.to_bytes(8, "big") * 4
    theirs = da_wire.message("signer", "RetrieveRequest", epoch=2**63, quorum_id=9, storage_root=root, row_indexes=[0, 3071])
    ours = da_signer_pb2.RetrieveRequest.FromString(theirs.SerializeToString())
    assert (ours.epoch, ours.quorum_id, ours.storage_root, list(ours.row_indexes)) == (2**63, 9, root, [0, 3071])

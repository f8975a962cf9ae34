from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class GetSlicesRequest(_message.Message):
    __slots__ = ("epoch", "quorum_id", "storage_root", "row_indexes")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    QUORUM_ID_FIELD_NUMBER: _ClassVar[int]
    STORAGE_ROOT_FIELD_NUMBER: _ClassVar[int]
    ROW_INDEXES_FIELD_NUMBER: _ClassVar[int]
    epoch: int
    quorum_id: int
    storage_root: bytes
    row_indexes: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, epoch: _Optional[int] = ..., quorum_id: _Optional[int] = ..., storage_root: _Optional[bytes] = ..., row_indexes: _Optional[_Iterable[int]] = ...) -> None: ...

class ProvenSlice(_message.Message):
    __slots__ = ("light_slice", "row")
    LIGHT_SLICE_FIELD_NUMBER: _ClassVar[int]
    ROW_FIELD_NUMBER: _ClassVar[int]
    light_slice: bytes
    row: bytes
    def __init__(self, light_slice: _Optional[bytes] = ..., row: _Optional[bytes] = ...) -> None: ...

class GetSlicesReply(_message.Message):
    __slots__ = ("slices",)
    SLICES_FIELD_NUMBER: _ClassVar[int]
    slices: _containers.RepeatedCompositeFieldContainer[ProvenSlice]
    def __init__(self, slices: _Optional[_Iterable[_Union[ProvenSlice, _Mapping]]] = ...) -> None: ...

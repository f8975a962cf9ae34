from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class DisperseItemRequest(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    def __init__(self, data: _Optional[bytes] = ...) -> None: ...

class DisperseItemReply(_message.Message):
    __slots__ = ("item_id",)
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    item_id: bytes
    def __init__(self, item_id: _Optional[bytes] = ...) -> None: ...

class GetItemRequest(_message.Message):
    __slots__ = ("item_id",)
    ITEM_ID_FIELD_NUMBER: _ClassVar[int]
    item_id: bytes
    def __init__(self, item_id: _Optional[bytes] = ...) -> None: ...

class GetItemReply(_message.Message):
    __slots__ = ("status", "storage_root", "epoch", "quorum_id", "leaf", "size_bytes", "proof")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    STORAGE_ROOT_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    QUORUM_ID_FIELD_NUMBER: _ClassVar[int]
    LEAF_FIELD_NUMBER: _ClassVar[int]
    SIZE_BYTES_FIELD_NUMBER: _ClassVar[int]
    PROOF_FIELD_NUMBER: _ClassVar[int]
    status: int
    storage_root: bytes
    epoch: int
    quorum_id: int
    leaf: int
    size_bytes: int
    proof: bytes
    def __init__(self, status: _Optional[int] = ..., storage_root: _Optional[bytes] = ..., epoch: _Optional[int] = ..., quorum_id: _Optional[int] = ..., leaf: _Optional[int] = ..., size_bytes: _Optional[int] = ..., proof: _Optional[bytes] = ...) -> None: ...

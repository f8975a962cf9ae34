from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class BlobRequest(_message.Message):
    __slots__ = ("storage_root", "epoch", "quorum_id")
    STORAGE_ROOT_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    QUORUM_ID_FIELD_NUMBER: _ClassVar[int]
    storage_root: bytes
    epoch: int
    quorum_id: int
    def __init__(self, storage_root: _Optional[bytes] = ..., epoch: _Optional[int] = ..., quorum_id: _Optional[int] = ...) -> None: ...

class BlobReply(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: bytes
    def __init__(self, data: _Optional[bytes] = ...) -> None: ...

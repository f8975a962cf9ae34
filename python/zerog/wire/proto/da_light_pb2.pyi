from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class SampleRequest(_message.Message):
    __slots__ = ("epoch", "quorum_id", "storage_root", "rows")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    QUORUM_ID_FIELD_NUMBER: _ClassVar[int]
    STORAGE_ROOT_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    epoch: int
    quorum_id: int
    storage_root: bytes
    rows: int
    def __init__(self, epoch: _Optional[int] = ..., quorum_id: _Optional[int] = ..., storage_root: _Optional[bytes] = ..., rows: _Optional[int] = ...) -> None: ...

class VerdictRequest(_message.Message):
    __slots__ = ("epoch", "quorum_id", "storage_root")
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    QUORUM_ID_FIELD_NUMBER: _ClassVar[int]
    STORAGE_ROOT_FIELD_NUMBER: _ClassVar[int]
    epoch: int
    quorum_id: int
    storage_root: bytes
    def __init__(self, epoch: _Optional[int] = ..., quorum_id: _Optional[int] = ..., storage_root: _Optional[bytes] = ...) -> None: ...

class Verdict(_message.Message):
    __slots__ = ("available", "rows_asked", "rows_proven", "doubt", "rows_false")
    AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    ROWS_ASKED_FIELD_NUMBER: _ClassVar[int]
    ROWS_PROVEN_FIELD_NUMBER: _ClassVar[int]
    DOUBT_FIELD_NUMBER: _ClassVar[int]
    ROWS_FALSE_FIELD_NUMBER: _ClassVar[int]
    available: bool
    rows_asked: int
    rows_proven: int
    doubt: float
    rows_false: int
    def __init__(self, available: bool = ..., rows_asked: _Optional[int] = ..., rows_proven: _Optional[int] = ..., doubt: _Optional[float] = ..., rows_false: _Optional[int] = ...) -> None: ...

class LightStatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class LightStatus(_message.Message):
    __slots__ = ("next_block", "available", "unavailable")
    NEXT_BLOCK_FIELD_NUMBER: _ClassVar[int]
    AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    UNAVAILABLE_FIELD_NUMBER: _ClassVar[int]
    next_block: int
    available: int
    unavailable: int
    def __init__(self, next_block: _Optional[int] = ..., available: _Optional[int] = ..., unavailable: _Optional[int] = ...) -> None: ...

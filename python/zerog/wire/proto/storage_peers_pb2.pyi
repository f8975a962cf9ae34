from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Reason(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    UNKNOWN: _ClassVar[Reason]
    SHUTDOWN: _ClassVar[Reason]
    IRRELEVANT_NETWORK: _ClassVar[Reason]
    FAULT: _ClassVar[Reason]
    TOO_MANY_PEERS: _ClassVar[Reason]
    BAD_SCORE: _ClassVar[Reason]
    BANNED: _ClassVar[Reason]
UNKNOWN: Reason
SHUTDOWN: Reason
IRRELEVANT_NETWORK: Reason
FAULT: Reason
TOO_MANY_PEERS: Reason
BAD_SCORE: Reason
BANNED: Reason

class Network(_message.Message):
    __slots__ = ("chain_id", "flow", "major", "minor", "build")
    CHAIN_ID_FIELD_NUMBER: _ClassVar[int]
    FLOW_FIELD_NUMBER: _ClassVar[int]
    MAJOR_FIELD_NUMBER: _ClassVar[int]
    MINOR_FIELD_NUMBER: _ClassVar[int]
    BUILD_FIELD_NUMBER: _ClassVar[int]
    chain_id: int
    flow: bytes
    major: int
    minor: int
    build: int
    def __init__(self, chain_id: _Optional[int] = ..., flow: _Optional[bytes] = ..., major: _Optional[int] = ..., minor: _Optional[int] = ..., build: _Optional[int] = ...) -> None: ...

class Shard(_message.Message):
    __slots__ = ("id", "count")
    ID_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    id: int
    count: int
    def __init__(self, id: _Optional[int] = ..., count: _Optional[int] = ...) -> None: ...

class TxId(_message.Message):
    __slots__ = ("seq", "hash")
    SEQ_FIELD_NUMBER: _ClassVar[int]
    HASH_FIELD_NUMBER: _ClassVar[int]
    seq: int
    hash: bytes
    def __init__(self, seq: _Optional[int] = ..., hash: _Optional[bytes] = ...) -> None: ...

class HelloRequest(_message.Message):
    __slots__ = ("network", "peer_id", "nonce", "shard", "address")
    NETWORK_FIELD_NUMBER: _ClassVar[int]
    PEER_ID_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    SHARD_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    network: Network
    peer_id: bytes
    nonce: bytes
    shard: Shard
    address: str
    def __init__(self, network: _Optional[_Union[Network, _Mapping]] = ..., peer_id: _Optional[bytes] = ..., nonce: _Optional[bytes] = ..., shard: _Optional[_Union[Shard, _Mapping]] = ..., address: _Optional[str] = ...) -> None: ...

class HelloReply(_message.Message):
    __slots__ = ("network", "peer_id", "nonce", "shard", "address", "signature")
    NETWORK_FIELD_NUMBER: _ClassVar[int]
    PEER_ID_FIELD_NUMBER: _ClassVar[int]
    NONCE_FIELD_NUMBER: _ClassVar[int]
    SHARD_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    network: Network
    peer_id: bytes
    nonce: bytes
    shard: Shard
    address: str
    signature: bytes
    def __init__(self, network: _Optional[_Union[Network, _Mapping]] = ..., peer_id: _Optional[bytes] = ..., nonce: _Optional[bytes] = ..., shard: _Optional[_Union[Shard, _Mapping]] = ..., address: _Optional[str] = ..., signature: _Optional[bytes] = ...) -> None: ...

class JoinRequest(_message.Message):
    __slots__ = ("nonce", "signature")
    NONCE_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    nonce: bytes
    signature: bytes
    def __init__(self, nonce: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class JoinReply(_message.Message):
    __slots__ = ("session",)
    SESSION_FIELD_NUMBER: _ClassVar[int]
    session: bytes
    def __init__(self, session: _Optional[bytes] = ...) -> None: ...

class PingRequest(_message.Message):
    __slots__ = ("session",)
    SESSION_FIELD_NUMBER: _ClassVar[int]
    session: bytes
    def __init__(self, session: _Optional[bytes] = ...) -> None: ...

class PingReply(_message.Message):
    __slots__ = ("shard", "next_seq")
    SHARD_FIELD_NUMBER: _ClassVar[int]
    NEXT_SEQ_FIELD_NUMBER: _ClassVar[int]
    shard: Shard
    next_seq: int
    def __init__(self, shard: _Optional[_Union[Shard, _Mapping]] = ..., next_seq: _Optional[int] = ...) -> None: ...

class AskFilesRequest(_message.Message):
    __slots__ = ("session", "files")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    session: bytes
    files: _containers.RepeatedCompositeFieldContainer[TxId]
    def __init__(self, session: _Optional[bytes] = ..., files: _Optional[_Iterable[_Union[TxId, _Mapping]]] = ...) -> None: ...

class AskFilesReply(_message.Message):
    __slots__ = ("shard", "files")
    SHARD_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    shard: Shard
    files: _containers.RepeatedCompositeFieldContainer[TxId]
    def __init__(self, shard: _Optional[_Union[Shard, _Mapping]] = ..., files: _Optional[_Iterable[_Union[TxId, _Mapping]]] = ...) -> None: ...

class GetSegmentsRequest(_message.Message):
    __slots__ = ("session", "file", "indexes")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    FILE_FIELD_NUMBER: _ClassVar[int]
    INDEXES_FIELD_NUMBER: _ClassVar[int]
    session: bytes
    file: TxId
    indexes: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, session: _Optional[bytes] = ..., file: _Optional[_Union[TxId, _Mapping]] = ..., indexes: _Optional[_Iterable[int]] = ...) -> None: ...

class Segment(_message.Message):
    __slots__ = ("index", "data", "lemma", "path")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    LEMMA_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    index: int
    data: bytes
    lemma: _containers.RepeatedScalarFieldContainer[bytes]
    path: _containers.RepeatedScalarFieldContainer[bool]
    def __init__(self, index: _Optional[int] = ..., data: _Optional[bytes] = ..., lemma: _Optional[_Iterable[bytes]] = ..., path: _Optional[_Iterable[bool]] = ...) -> None: ...

class Announcement(_message.Message):
    __slots__ = ("peer_id", "address", "shard", "files", "timestamp_s")
    PEER_ID_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    SHARD_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_S_FIELD_NUMBER: _ClassVar[int]
    peer_id: bytes
    address: str
    shard: Shard
    files: _containers.RepeatedCompositeFieldContainer[TxId]
    timestamp_s: int
    def __init__(self, peer_id: _Optional[bytes] = ..., address: _Optional[str] = ..., shard: _Optional[_Union[Shard, _Mapping]] = ..., files: _Optional[_Iterable[_Union[TxId, _Mapping]]] = ..., timestamp_s: _Optional[int] = ...) -> None: ...

class AnnounceRequest(_message.Message):
    __slots__ = ("session", "announcement", "signature")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    ANNOUNCEMENT_FIELD_NUMBER: _ClassVar[int]
    SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    session: bytes
    announcement: bytes
    signature: bytes
    def __init__(self, session: _Optional[bytes] = ..., announcement: _Optional[bytes] = ..., signature: _Optional[bytes] = ...) -> None: ...

class AnnounceReply(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class GetPeersRequest(_message.Message):
    __slots__ = ("session",)
    SESSION_FIELD_NUMBER: _ClassVar[int]
    session: bytes
    def __init__(self, session: _Optional[bytes] = ...) -> None: ...

class Peer(_message.Message):
    __slots__ = ("peer_id", "address")
    PEER_ID_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    peer_id: bytes
    address: str
    def __init__(self, peer_id: _Optional[bytes] = ..., address: _Optional[str] = ...) -> None: ...

class GetPeersReply(_message.Message):
    __slots__ = ("peers",)
    PEERS_FIELD_NUMBER: _ClassVar[int]
    peers: _containers.RepeatedCompositeFieldContainer[Peer]
    def __init__(self, peers: _Optional[_Iterable[_Union[Peer, _Mapping]]] = ...) -> None: ...

class GoodbyeRequest(_message.Message):
    __slots__ = ("session", "reason")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    session: bytes
    reason: Reason
    def __init__(self, session: _Optional[bytes] = ..., reason: _Optional[_Union[Reason, str]] = ...) -> None: ...

class GoodbyeReply(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

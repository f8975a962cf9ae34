"""Messages of the peer protocol as checked values: everything that a stranger can say wrong is refused here, by name.

``InvalidInput`` says what does not fit; a server answers with it, a client holds it against the peer.
Source: docs/protocol/peers.md, messages and limits.
"""

from __future__ import annotations

import ipaddress
import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from google.protobuf.message import DecodeError

from zerog.errors import InvalidInput
from zerog.storage.api import Shard, Tx, TxId
from zerog.storage.layout import Proof, Segment
from zerog.storage.peers.identity import ID_BYTES, NONCE_BYTES, NetworkId
from zerog.wire.proto import storage_peers_pb2 as pb

FILES_MAX: Final = 256
SEGMENTS_MAX: Final = 16
PEERS_MAX: Final = 64
REQUEST_BYTES_MAX: Final = 32 << 10
REPLY_BYTES_MAX: Final = 512 << 10
ADDRESS_CHARS_MAX: Final = 262
SHARDS_MAX: Final = 1 << 20
DRIFT_S: Final = 10
ANNOUNCEMENT_LIFE_S: Final = 30

_NAME = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*\.?")


class Address(NamedTuple):
    """Where a node listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """``host:port``; the host is an IP address (IPv6 in brackets) or a DNS name.

        Raises:
            InvalidInput: anything else.
        """
        host, colon, port = text.rpartition(":")
        bracketed = host[:1] == "[" and host[-1:] == "]"
        bare = host[1:-1] if bracketed else host
        if not colon or len(text) > ADDRESS_CHARS_MAX or not port.isascii() or not port.isdecimal() or len(port) > 5:
            raise InvalidInput(f"address: expected host:port, found {text[:80]!r}")
        try:
            version = ipaddress.ip_address(bare).version
            fits = (version == 6) == bracketed
        except ValueError:
            fits = not bracketed and _NAME.fullmatch(bare) is not None and not bare.rstrip(".").rpartition(".")[2].isdecimal()
        if not fits or not 1 <= int(port) <= 65535 or "%" in bare:
            raise InvalidInput(f"address: expected host:port, found {text[:80]!r}")
        return cls(bare, int(port))

    @property
    def is_local(self) -> bool:
        """Whether it means a place on the machine that asks."""
        if self.host.rstrip(".").lower().rpartition(".")[2] == "localhost":
            return True
        try:
            found = ipaddress.ip_address(self.host)
        except ValueError:
            return False
        return found.is_loopback or found.is_unspecified


@dataclass(frozen=True, slots=True)
class Hello:
    """Either side of the handshake's first exchange."""

    peer_id: bytes
    nonce: bytes
    shard: Shard
    address: str
    """host:port, or nothing from a node that does not listen."""


@dataclass(frozen=True, slots=True)
class Announcement:
    peer_id: bytes
    address: str
    shard: Shard
    files: tuple[TxId, ...]
    timestamp_s: int


def network_message(network: NetworkId) -> pb.Network:
    major, minor, build = network.version
    return pb.Network(chain_id=network.chain_id, flow=network.flow, major=major, minor=minor, build=build)


def same_network(message: pb.Network, network: NetworkId) -> bool:
    """Whether a stranger is of our network: chain, contract, and the first two numbers of the version."""
    return (message.chain_id, message.flow, message.major, message.minor) == (
        network.chain_id, network.flow, *network.version[:2],
    )  # fmt: skip


def shard_message(shard: Shard) -> pb.Shard:
    return pb.Shard(id=shard.id, count=shard.count)


def read_shard(message: pb.Shard) -> Shard:
    if message.count > SHARDS_MAX:
        raise InvalidInput(f"shard: expected at most {SHARDS_MAX} shards, found {message.count}")
    return Shard(message.id, message.count)


def file_message(file: TxId) -> pb.TxId:
    return pb.TxId(seq=file.seq, hash=file.hash)


def read_file(message: pb.TxId) -> TxId:
    if len(message.hash) != 32:
        raise InvalidInput(f"file: expected a hash of 32 bytes, found {len(message.hash)}")
    return TxId(message.seq, message.hash)


def read_files(messages: Sequence[pb.TxId]) -> list[TxId]:
    if not 1 <= len(messages) <= FILES_MAX:
        raise InvalidInput(f"files: expected 1 to {FILES_MAX}, found {len(messages)}")
    return [read_file(message) for message in messages]


def read_hello(message: pb.HelloRequest | pb.HelloReply) -> Hello:
    if len(message.peer_id) != ID_BYTES or message.peer_id[0] not in (2, 3):
        raise InvalidInput(f"peer_id: expected a compressed public key of {ID_BYTES} bytes")
    if len(message.nonce) != NONCE_BYTES:
        raise InvalidInput(f"nonce: expected {NONCE_BYTES} bytes, found {len(message.nonce)}")
    address = str(Address.parse(message.address)) if message.address else ""
    return Hello(message.peer_id, message.nonce, read_shard(message.shard), address)


def read_indexes(message: pb.GetSegmentsRequest) -> list[int]:
    """Indexes of segments in a file, ascending, at most 16."""
    found = list(message.indexes)
    if not 1 <= len(found) <= SEGMENTS_MAX:
        raise InvalidInput(f"indexes: expected 1 to {SEGMENTS_MAX}, found {len(found)}")
    if any(left >= right for left, right in itertools.pairwise(found)):
        raise InvalidInput("indexes: expected ascending numbers")
    return found


def segment_message(index: int, data: bytes, proof: Proof) -> pb.Segment:
    return pb.Segment(index=index, data=data, lemma=proof.lemma, path=proof.path)


def read_segment(message: pb.Segment, tx: Tx, wanted: Iterable[int]) -> Segment:
    """A segment that was asked for, of the right form; whether it is true is for ``layout.check_segments`` to say.

    Raises:
        InvalidInput: another index, length, or a proof of another form.
    """
    if message.index not in wanted:
        raise InvalidInput(f"index: found {message.index}, which was not asked for or came before")
    size = tx.layout.segment_size(message.index)
    if len(message.data) != size:
        raise InvalidInput(f"data: expected {size} bytes, found {len(message.data)}")
    if len(message.lemma) > 66 or len(message.path) > 64 or any(len(node) != 32 for node in message.lemma):
        raise InvalidInput("proof: expected at most 66 hashes of 32 bytes and 64 sides")
    return Segment(tx.root, message.data, message.index, Proof(tuple(message.lemma), tuple(message.path)), tx.size)


def announcement_body(announcement: Announcement) -> bytes:
    """The bytes that are signed and sent."""
    message = pb.Announcement(
        peer_id=announcement.peer_id,
        address=announcement.address,
        shard=shard_message(announcement.shard),
        files=[file_message(file) for file in announcement.files],
        timestamp_s=announcement.timestamp_s,
    )
    return bytes(message.SerializeToString())


def read_announcement(body: bytes, now_s: float) -> Announcement:
    """An announcement whose signature has been verified.

    Raises:
        InvalidInput: not the bytes of one, more than 256 files, or a time that is long past or to come.
    """
    message: Any = pb.Announcement()
    try:
        message.ParseFromString(body)
    except DecodeError:
        raise InvalidInput("announcement: the bytes are none") from None
    if len(message.peer_id) != ID_BYTES:
        raise InvalidInput(f"peer_id: expected {ID_BYTES} bytes, found {len(message.peer_id)}")
    if len(message.files) > FILES_MAX:
        raise InvalidInput(f"files: expected at most {FILES_MAX}, found {len(message.files)}")
    if not now_s - ANNOUNCEMENT_LIFE_S - DRIFT_S <= message.timestamp_s <= now_s + DRIFT_S:
        raise InvalidInput(f"timestamp_s: expected about {int(now_s)}, found {message.timestamp_s}")
    address = str(Address.parse(message.address)) if message.address else ""
    files = tuple(read_file(file) for file in message.files)
    return Announcement(message.peer_id, address, read_shard(message.shard), files, message.timestamp_s)


def read_peers(message: pb.GetPeersReply) -> list[tuple[bytes, Address]]:
    """Who else is there, as the peer says."""
    if len(message.peers) > PEERS_MAX:
        raise InvalidInput(f"peers: expected at most {PEERS_MAX}, found {len(message.peers)}")
    found = []
    for peer in message.peers:
        if len(peer.peer_id) != ID_BYTES:
            raise InvalidInput(f"peer_id: expected {ID_BYTES} bytes, found {len(peer.peer_id)}")
        found.append((peer.peer_id, Address.parse(peer.address)))
    return found

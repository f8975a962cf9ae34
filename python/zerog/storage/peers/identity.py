"""Who a node is among its peers: a secp256k1 key of its own, the network it belongs to, and what it signs.

A peer's id is its compressed public key (33 bytes). Signatures are 65 bytes r ‖ s ‖ v over keccak256 of a domain and the signed
fields. Source: docs/protocol/peers.md, identity.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from coincurve import PrivateKey, PublicKey

from zerog.errors import ConfigError
from zerog.primitives.hashing import keccak256
from zerog.runtime import disk
from zerog.storage.api import PROTOCOL_VERSION

KEY_FILE: Final = "peer.key"
ID_BYTES: Final = 33
NONCE_BYTES: Final = 32
SESSION_BYTES: Final = 16
SIGNATURE_BYTES: Final = 65
_HALF_ORDER: Final = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0


@dataclass(frozen=True, slots=True)
class NetworkId:
    """Chain, flow contract and version of the protocol: nodes with different ones have nothing to say to each other."""

    chain_id: int
    flow: bytes
    version: tuple[int, int, int] = PROTOCOL_VERSION

    def encode(self) -> bytes:
        """31 bytes: u64 little-endian, 20 bytes, three bytes."""
        return struct.pack("<Q", self.chain_id) + self.flow + bytes(self.version)


class PeerKey:
    """The secret key of a node, kept in a private file; it names the node and is worth nothing else."""

    def __init__(self, secret: bytes) -> None:
        self._key = PrivateKey(secret)
        self.id: bytes = self._key.public_key.format(compressed=True)

    @classmethod
    def load(cls, path: Path) -> PeerKey:
        """The key in ``path``, made at first use with mode 0600.

        Raises:
            Unauthorized: others may read it. ConfigError: it holds no key.
        """
        if not path.exists():
            disk.write_atomic(path, PrivateKey().secret.hex().encode(), mode=0o600)
        try:
            return cls(bytes.fromhex(disk.read_private(path).decode("ascii").strip()))
        except ValueError:
            message = f"{path}: expected a secret key of 64 hex digits"
            raise ConfigError(message, key="storage.peers.key_file", value="***", origin="") from None

    def sign(self, digest: bytes) -> bytes:
        return self._key.sign_recoverable(digest, hasher=None)


def verify(peer_id: bytes, digest: bytes, signature: bytes) -> bool:
    """Whether the owner of ``peer_id`` signed ``digest``; false for anything malformed, or with s in the upper half."""
    if len(signature) != SIGNATURE_BYTES or len(peer_id) != ID_BYTES or signature[64] > 3:
        return False
    if int.from_bytes(signature[32:64], "big") > _HALF_ORDER:
        return False
    try:
        found = PublicKey.from_signature_and_message(signature, digest, hasher=None)
    except Exception:  # coincurve raises plain Exception for points that are none
        return False
    return bool(found.format(compressed=True) == peer_id)


def hello_digest(network: NetworkId, client_nonce: bytes, server_nonce: bytes, client_id: bytes, server_id: bytes) -> bytes:
    """What the server signs in its HelloReply."""
    return _digest(b"zerog storage peer hello v1", network, client_nonce, server_nonce, client_id, server_id)


def join_digest(network: NetworkId, client_nonce: bytes, server_nonce: bytes, client_id: bytes, server_id: bytes) -> bytes:
    """What the client signs in its JoinRequest."""
    return _digest(b"zerog storage peer join v1", network, client_nonce, server_nonce, client_id, server_id)


def announcement_digest(network: NetworkId, body: bytes) -> bytes:
    """What the sender of an announcement signs: its bytes."""
    return keccak256(b"zerog storage peer announcement v1" + network.encode() + body)


def _digest(domain: bytes, network: NetworkId, *fields: bytes) -> bytes:
    return keccak256(domain + network.encode() + b"".join(fields))

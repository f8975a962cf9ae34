"""Identifiers of the DA network: the disperser's request ids and the names of attested blobs.

A request id is text: ``hex(sha256(data)) + "-" + hex(ascii("<unix nanoseconds>/") ‖ sha256(""))``. Its second half looks like a
digest and is none: the official disperser appends the digest of nothing to the text. Clients treat it as opaque.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final, NamedTuple

from zerog.errors import InvalidInput
from zerog.primitives.hashing import keccak256

__all__ = ["RequestId", "attestation_key", "make_request_id", "parse_request_id", "record_key"]

_EMPTY_DIGEST: Final = hashlib.sha256(b"").digest()
_TIME: Final = re.compile(rb"([0-9]{1,20})/")
_HEX: Final = re.compile(rb"[0-9a-f]*")
REQUEST_ID_SIZE_BYTES_MAX: Final = 64 + 1 + 2 * (21 + 32)


class RequestId(NamedTuple):
    """What a request id says."""

    blob_hash: bytes
    requested_at_ns: int


def make_request_id(data_hash: bytes, requested_at_ns: int) -> bytes:
    """The ASCII request id of data with this SHA-256.

    Raises:
        InvalidInput: a digest that is not 32 bytes long, or a time outside 64 bits.
    """
    if len(data_hash) != 32:
        raise InvalidInput(f"data_hash: expected 32 bytes, found {len(data_hash)}")
    if not 0 <= requested_at_ns < 2**64:
        raise InvalidInput(f"requested_at_ns: expected a 64-bit time, found {requested_at_ns}")
    return f"{data_hash.hex()}-{(b'%d/' % requested_at_ns + _EMPTY_DIGEST).hex()}".encode()


def parse_request_id(request_id: bytes) -> RequestId:
    """The parts of a request id that a disperser of 0G made.

    Raises:
        InvalidInput: empty, too long, not exactly two parts, or parts that are not what they should be.
    """
    if not 0 < len(request_id) <= REQUEST_ID_SIZE_BYTES_MAX:
        raise InvalidInput(f"request id: expected 1 to {REQUEST_ID_SIZE_BYTES_MAX} bytes, found {len(request_id)}")
    parts = request_id.split(b"-")
    if len(parts) != 2:
        raise InvalidInput(f"request id: expected two parts, found {len(parts)}")
    head, tail = parts
    if len(head) != 64 or len(tail) % 2 or not _HEX.fullmatch(head) or not _HEX.fullmatch(tail):
        raise InvalidInput("request id: expected lower-case hex of a digest and of a time")
    rest = bytes.fromhex(tail.decode())
    time = _TIME.match(rest)
    if time is None or rest[time.end() :] != _EMPTY_DIGEST or not int(time[1]) < 2**64 or time[1] != b"%d" % int(time[1]):
        raise InvalidInput("request id: the second part does not name a time")
    return RequestId(bytes.fromhex(head.decode()), int(time[1]))


def attestation_key(data_root: bytes, epoch: int, quorum_id: int) -> bytes:
    """keccak(root ‖ 8-byte epoch ‖ 8-byte quorum): what the official disperser remembers a finished blob by."""
    return keccak256(_root(data_root) + _be(epoch, 8) + _be(quorum_id, 8))


def record_key(data_root: bytes, epoch: int, quorum_id: int) -> bytes:
    """keccak(root ‖ 32-byte epoch ‖ 32-byte quorum): the contract's key of a verified commitment."""
    return keccak256(_root(data_root) + _be(epoch, 32) + _be(quorum_id, 32))


def _root(value: bytes) -> bytes:
    if len(value) != 32:
        raise InvalidInput(f"data_root: expected 32 bytes, found {len(value)}")
    return value


def _be(value: int, size_bytes: int) -> bytes:
    if not 0 <= value < 1 << (8 * size_bytes):
        raise InvalidInput(f"expected an integer of at most {size_bytes} bytes, found {value}")
    return value.to_bytes(size_bytes, "big")

"""The blob that writes to key-value streams: what it reads, writes and permits, in one file.

Source: docs/protocol/storage.md, section 3.6. This is the writer's side; the reader's is ``storage.kv.stream``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from zerog.errors import InvalidInput

STREAM_DOMAIN: Final = hashlib.sha256(b"STREAM").digest()
VERSION_LATEST: Final = (1 << 64) - 1
"""No conflict check: whatever version a key has is fine."""
ENTRIES_MAX: Final = 65_536
KEY_SIZE_MAX: Final = (1 << 24) - 1


class AccessOp(IntEnum):
    """What an entry of access control does."""

    GRANT_ADMIN = 0x00
    RENOUNCE_ADMIN = 0x01
    KEY_TO_SPECIAL = 0x10
    KEY_TO_NORMAL = 0x11
    GRANT_WRITER = 0x20
    REVOKE_WRITER = 0x21
    RENOUNCE_WRITER = 0x22
    GRANT_KEY_WRITER = 0x30
    REVOKE_KEY_WRITER = 0x31
    RENOUNCE_KEY_WRITER = 0x32

    @property
    def has_key(self) -> bool:
        return self >= AccessOp.KEY_TO_SPECIAL and self not in (
            AccessOp.GRANT_WRITER, AccessOp.REVOKE_WRITER, AccessOp.RENOUNCE_WRITER,
        )  # fmt: skip

    @property
    def has_account(self) -> bool:
        return self in (
            AccessOp.GRANT_ADMIN, AccessOp.GRANT_WRITER, AccessOp.REVOKE_WRITER, AccessOp.GRANT_KEY_WRITER,
            AccessOp.REVOKE_KEY_WRITER,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Read:
    """A key whose version must not be above the blob's."""

    stream: bytes
    key: bytes


@dataclass(frozen=True, slots=True)
class Write:
    """A key and its new value; an empty one deletes it."""

    stream: bytes
    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Access:
    """One change of access control; ``key`` and ``account`` only where the operation has them."""

    op: AccessOp
    stream: bytes
    key: bytes = b""
    account: bytes = b""


@dataclass(frozen=True, slots=True)
class StreamBlob:
    """A transaction on streams, applied as a whole or not at all."""

    writes: Sequence[Write] = ()
    reads: Sequence[Read] = ()
    access: Sequence[Access] = ()
    version: int = VERSION_LATEST

    @property
    def streams(self) -> list[bytes]:
        """Every stream that is changed, once each, in order of appearance. Streams that are only read are not among them: whose
        tags name a new stream becomes its administrator."""
        return list(dict.fromkeys(entry.stream for entries in (self.writes, self.access) for entry in entries))

    @property
    def tags(self) -> bytes:
        """The tags that its submission must carry.

        Raises:
            InvalidInput: it changes no stream.
        """
        if not self.streams:
            raise InvalidInput("stream blob: expected at least one write or change of access, found none")
        return STREAM_DOMAIN + b"".join(self.streams)

    def check(self) -> None:
        """Raise ``InvalidInput`` for what cannot be encoded or changes nothing."""
        if self.tags:
            self.encode()

    def encode(self) -> bytes:
        """
        Raises:
            InvalidInput: a length or count that the format cannot hold.
        """
        if not 0 <= self.version <= VERSION_LATEST:
            raise InvalidInput(f"stream blob: expected a version from 0 to 2**64 - 1, found {self.version}")
        parts = [self.version.to_bytes(8, "big"), _count("reads", self.reads)]
        parts += [_stream(read.stream) + _key(read.key) for read in self.reads]
        parts.append(_count("writes", self.writes))
        parts += [_stream(write.stream) + _key(write.key) + len(write.value).to_bytes(8, "big") for write in self.writes]
        parts += [write.value for write in self.writes]
        parts.append(_count("access", self.access))
        for entry in self.access:
            if bool(entry.key) != entry.op.has_key or len(entry.account) != (20 if entry.op.has_account else 0):
                raise InvalidInput(
                    f"stream blob: {entry.op.name} takes {'a key' if entry.op.has_key else 'no key'} and "
                    f"{'an account of 20 bytes' if entry.op.has_account else 'no account'}"
                )
            parts.append(
                bytes([entry.op]) + _stream(entry.stream) + (_key(entry.key) if entry.op.has_key else b"") + entry.account
            )
        return b"".join(parts)


def _count(what: str, entries: Sequence[object]) -> bytes:
    if len(entries) > ENTRIES_MAX:
        raise InvalidInput(f"stream blob: expected at most {ENTRIES_MAX} {what}, found {len(entries)}")
    return len(entries).to_bytes(4, "big")


def _stream(stream: bytes) -> bytes:
    if len(stream) != 32:
        raise InvalidInput(f"stream id: expected 32 bytes, found {len(stream)}")
    return stream


def _key(key: bytes) -> bytes:
    if not 1 <= len(key) <= KEY_SIZE_MAX:
        raise InvalidInput(f"key: expected 1 to {KEY_SIZE_MAX} bytes, found {len(key)}")
    return len(key).to_bytes(3, "big") + key

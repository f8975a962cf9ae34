"""Writing to key-value streams: a batch that collects what one transaction will do."""

from __future__ import annotations

from typing import Self

from zerog.storage.stream_blob import VERSION_LATEST, Access, AccessOp, Read, StreamBlob, Write
from zerog.types import parse_address, parse_hash


class KvBatch:
    """What one transaction does to streams: all of it, or nothing when a read conflicts or a right is missing.

    Every verb returns the batch, so that they can be chained. Of writes to one key the last counts. Whoever first writes to a
    stream becomes its administrator.

    Args:
        stream: id of the stream that verbs are about when they name none.
        version: no key that is read or written may be newer than this submission; without it there is no check.
    """

    def __init__(self, stream: str | bytes, *, version: int = VERSION_LATEST) -> None:
        self._stream, self._version = bytes(parse_hash(stream, "stream id")), version
        self._reads: dict[tuple[bytes, bytes], Read] = {}
        self._writes: dict[tuple[bytes, bytes], Write] = {}
        self._access: list[Access] = []

    def set(self, key: bytes, value: bytes, *, stream: str | bytes | None = None) -> Self:
        """Write a value; an empty one deletes the key."""
        of = self._of(stream)
        self._writes[of, key] = Write(of, key, value)
        return self

    def delete(self, key: bytes, *, stream: str | bytes | None = None) -> Self:
        return self.set(key, b"", stream=stream)

    def watch(self, key: bytes, *, stream: str | bytes | None = None) -> Self:
        """Let the transaction fail when the key is newer than ``version``."""
        of = self._of(stream)
        self._reads[of, key] = Read(of, key)
        return self

    def grant_admin(self, account: str | bytes, *, stream: str | bytes | None = None) -> Self:
        return self.access(AccessOp.GRANT_ADMIN, account=account, stream=stream)

    def renounce_admin(self, *, stream: str | bytes | None = None) -> Self:
        """The sender stops being an administrator."""
        return self.access(AccessOp.RENOUNCE_ADMIN, stream=stream)

    def make_special(self, key: bytes, *, stream: str | bytes | None = None) -> Self:
        """From now on only administrators and writers of this key may write it."""
        return self.access(AccessOp.KEY_TO_SPECIAL, key, stream=stream)

    def make_normal(self, key: bytes, *, stream: str | bytes | None = None) -> Self:
        return self.access(AccessOp.KEY_TO_NORMAL, key, stream=stream)

    def grant_writer(self, account: str | bytes, *, stream: str | bytes | None = None) -> Self:
        return self.access(AccessOp.GRANT_WRITER, account=account, stream=stream)

    def revoke_writer(self, account: str | bytes, *, stream: str | bytes | None = None) -> Self:
        return self.access(AccessOp.REVOKE_WRITER, account=account, stream=stream)

    def renounce_writer(self, *, stream: str | bytes | None = None) -> Self:
        return self.access(AccessOp.RENOUNCE_WRITER, stream=stream)

    def grant_key_writer(self, key: bytes, account: str | bytes, *, stream: str | bytes | None = None) -> Self:
        return self.access(AccessOp.GRANT_KEY_WRITER, key, account, stream=stream)

    def revoke_key_writer(self, key: bytes, account: str | bytes, *, stream: str | bytes | None = None) -> Self:
        return self.access(AccessOp.REVOKE_KEY_WRITER, key, account, stream=stream)

    def renounce_key_writer(self, key: bytes, *, stream: str | bytes | None = None) -> Self:
        return self.access(AccessOp.RENOUNCE_KEY_WRITER, key, stream=stream)

    def access(
        self, op: AccessOp, key: bytes = b"", account: str | bytes | None = None, *, stream: str | bytes | None = None
    ) -> Self:
        """Any operation of access control, with the key and the account that it takes."""
        who = b"" if account is None else bytes(parse_address(account, "account"))
        self._access.append(Access(op, self._of(stream), key, who))
        return self

    def build(self) -> StreamBlob:
        """The batch as it is stored: ``Storage.kv_write`` sends it."""
        return StreamBlob(list(self._writes.values()), list(self._reads.values()), list(self._access), self._version)

    def _of(self, stream: str | bytes | None) -> bytes:
        return self._stream if stream is None else bytes(parse_hash(stream, "stream id"))

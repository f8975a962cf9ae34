"""What a submission says to key-value streams: its tags, and its blob read step by step.

Nothing here trusts the bytes: counts and lengths are checked against what is there before anything is made from them, and
whatever is no blob is ``Malformed`` with the words of the official node. The blob is read in the order in which its parts are
judged (version, reads, writes, access), because a conflict in the reads is told even where the writes are garbage.

Source: docs/protocol/storage.md, section 3.6. The writer's side is ``storage.stream_blob``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from zerog.errors import InvalidInput
from zerog.storage.layout import SECTOR
from zerog.storage.stream_blob import ENTRIES_MAX, STREAM_DOMAIN, Access, AccessOp, Read

INVALID: Final = "Invalid stream data"
TOO_LONG: Final = "Stream read/write/access_control list too long"
KEY_BYTES_MAX: Final = 64 << 20
"""All keys of one blob together: they are held in memory, several times, while it is replayed."""
ID_SIZE: Final = 32
_OPS: Final = {int(op): op for op in AccessOp}


class Malformed(InvalidInput):
    """Bytes that are no stream blob: ``INVALID`` or ``TOO_LONG``."""


@dataclass(frozen=True, slots=True)
class Place:
    """A key that is written, and where in the blob its value stands."""

    stream: bytes
    key: bytes
    start: int
    size: int


def stream_ids(tags: bytes) -> list[bytes]:
    """The streams that a submission names; none when its tags are not about streams."""
    if len(tags) < ID_SIZE or len(tags) % ID_SIZE or tags[:ID_SIZE] != STREAM_DOMAIN:
        return []
    return list(dict.fromkeys(tags[at : at + ID_SIZE] for at in range(ID_SIZE, len(tags), ID_SIZE)))


class BlobReader:
    """A blob, read once from its start: ``version``, ``reads``, ``writes``, ``access`` in this order.

    Args:
        text: the bytes of the file, decrypted.
        end: where the file's last sector ends; its zero bytes belong to the blob, as they do for the official node: a blob
            whose last zeros were cut off still reads.
    """

    def __init__(self, text: memoryview, *, end: int | None = None) -> None:
        self._text = text
        self._end = -(-text.nbytes // SECTOR) * SECTOR if end is None else end
        self._at = 0
        self._key_bytes = 0

    def version(self) -> int:
        """The highest version that the keys of the blob may have."""
        return self._number(8)

    def reads(self) -> list[Read]:
        return [Read(self._take(ID_SIZE), self._key()) for _ in range(self._count())]

    def writes(self) -> list[Place]:
        """All writes in order; the values are skipped, not read."""
        heads = [(self._take(ID_SIZE), self._key(), self._number(8)) for _ in range(self._count())]
        places = []
        for stream, key, size in heads:
            places.append(Place(stream, key, self._at, size))
            self._skip(size)
        return places

    def access(self) -> Iterator[Access]:
        """The changes of access control, in order."""
        for _ in range(self._count()):
            op = _OPS.get(self._number(1))
            stream = self._take(ID_SIZE)
            if op is None:
                raise Malformed(INVALID)
            yield Access(op, stream, self._key() if op.has_key else b"", self._take(20) if op.has_account else b"")

    def value(self, place: Place, start: int, end: int) -> bytes:
        """A part of a value."""
        part = bytes(self._text[place.start + start : place.start + end])
        return part.ljust(end - start, b"\0")

    def _take(self, size: int) -> bytes:
        start = self._at
        self._skip(size)
        return bytes(self._text[start : self._at]).ljust(size, b"\0")

    def _skip(self, size: int) -> None:
        if size > self._end - self._at:
            raise Malformed(INVALID)
        self._at += size

    def _number(self, size: int) -> int:
        return int.from_bytes(self._take(size), "big")

    def _count(self) -> int:
        count = self._number(4)
        if count > ENTRIES_MAX:
            raise Malformed(TOO_LONG)
        return count

    def _key(self) -> bytes:
        size = self._number(3)
        if size == 0:
            raise Malformed(INVALID)
        self._key_bytes += size
        if self._key_bytes > KEY_BYTES_MAX:
            raise Malformed(TOO_LONG)
        return self._take(size)

"""The state of streams at every version: keys and values, access control, results, and how far the log has been replayed.

The version of a row is the number of the submission that wrote it. Rows are only added, newest first below their key, so that
any past version can be asked for; each submission also leaves a list of its rows, by which a reorganisation takes exactly them
away again. Values lie in pages of their own, written before the one batch that makes them visible: after a crash at any point
the state is that of some submission, whole, and the submission after it is replayed from its start.

Calls block and are safe for many threads; one thread at a time writes.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from zerog.errors import Corrupt, Exhausted, Unavailable
from zerog.storage.stream_blob import AccessOp
from zerog.store.kv import Batch, Kv

VIEW_FAMILIES: Final = {
    "kv_keys": False,
    "kv_values": True,
    "kv_access": False,
    "kv_writers": False,
    "kv_streams": False,
    "kv_results": False,
    "kv_changes": True,
    "kv_misc": False,
}
LATEST: Final = (1 << 64) - 1
PAGE: Final = 64 << 10
DELETED_SKIPPED_MAX: Final = 100_000
"""Deleted keys that one step of an iterator passes over; beyond it the call is refused instead of holding a thread."""

_BATCH_BYTES: Final = 4 << 20
_BATCH_ROWS: Final = 4096
_ROW: Final = struct.Struct(">QI")
_FAMILY_OF: Final = ("kv_keys", "kv_access", "kv_writers", "kv_streams")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Row:
    """One version of a key: where its value is, and how long; 0 bytes for a key that was deleted."""

    key: bytes
    version: int
    size: int
    index: int


@dataclass(frozen=True, slots=True)
class Change:
    """An operation of access control as it is kept; ``account`` is the sender's where somebody renounces."""

    op: AccessOp
    stream: bytes
    key: bytes
    account: bytes


@dataclass(frozen=True, slots=True)
class Written:
    """A key of a commit, and the place of its value in the submission."""

    stream: bytes
    key: bytes
    size: int
    index: int


class View:
    """The rows of streams over ``kv``, which has ``VIEW_FAMILIES``.

    Args:
        sync: whether commits are flushed to the disk before they count.
    """

    def __init__(self, kv: Kv, *, sync: bool = True) -> None:
        self._kv, self._sync = kv, sync
        self._lock = threading.RLock()
        self._generation = 0
        kept = kv.get("kv_misc", b"cursor")
        self._cursor = 0 if kept is None else int.from_bytes(kept, "big")

    @property
    def cursor(self) -> int:
        """The number of the next submission to replay; all before it are done."""
        return self._cursor

    # --- which streams ------------------------------------------------------------------------------------------------

    def held(self) -> tuple[bool, set[bytes], set[bytes]]:
        """(all streams, the configured ones, those added while running) of the state that is here."""
        kept = self._kv.get("kv_misc", b"configured") or b""
        every, configured = kept == b"all", set() if kept == b"all" else set(_split(kept))
        return every, configured, set(_split(self._kv.get("kv_misc", b"added") or b""))

    def configure(self, every: bool, configured: set[bytes], added: set[bytes]) -> None:
        """Remember which streams this state is about."""
        batch = Batch()
        batch.put("kv_misc", b"configured", b"all" if every else b"".join(sorted(configured)))
        batch.put("kv_misc", b"added", b"".join(sorted(added)))
        self._kv.write(batch, sync=self._sync)

    def streams(self) -> Iterator[bytes]:
        """Every stream that something was committed to, ascending."""
        start = b""
        while (found := next(iter(self._kv.scan("kv_streams", start)), None)) is not None:
            yield found[0][:32]
            start = found[0][:32] + b"\xff" * 9

    # --- keys ---------------------------------------------------------------------------------------------------------

    def latest(self, stream: bytes, key: bytes, version: int = LATEST) -> Row | None:
        """The newest row of a key that is not above ``version``; a deleted key's row has size 0."""
        return self._row(stream + _escape(key), key, version)

    def value(self, row: Row, start: int = 0, end: int | None = None) -> bytes:
        """A part of a row's value.

        Raises:
            Corrupt: a record that fails its check, or is not there; inside ``steady`` that may be a reorganisation.
        """
        end = row.size if end is None else min(end, row.size)
        if start >= end:
            return b""
        head = _number(row.version) + _small(row.index)
        pages = range(start // PAGE, -(-end // PAGE))
        parts = self._kv.get_many("kv_values", [head + _small(page) for page in pages])
        if None in parts:
            raise Corrupt(f"value {row.index} of submission {row.version} lacks a page", seq=row.version)
        joined = b"".join(part for part in parts if part is not None)
        first = pages.start * PAGE
        return joined[start - first : end - first]

    def next(self, stream: bytes, key: bytes, version: int = LATEST, *, inclusive: bool = False) -> Row | None:
        """The first key after ``key`` (or it itself) that is there at ``version``; deleted keys are passed over."""
        start = stream + _escape(key)
        return self._forward(stream, start if inclusive else start + b"\xff" * 9, version)

    def prev(self, stream: bytes, key: bytes, version: int = LATEST, *, inclusive: bool = False) -> Row | None:
        """The last key before ``key`` (or it itself) that is there at ``version``."""
        stop = stream + _escape(key)
        return self._backward(stream, stop + b"\xff" * 9 if inclusive else stop, version)

    def first(self, stream: bytes, version: int = LATEST) -> Row | None:
        return self._forward(stream, stream, version)

    def last(self, stream: bytes, version: int = LATEST) -> Row | None:
        return self._backward(stream, _after(stream), version)

    def _forward(self, stream: bytes, start: bytes, version: int) -> Row | None:
        stop = _after(stream)
        for _ in range(DELETED_SKIPPED_MAX):
            found = next(iter(self._kv.scan("kv_keys", start, stop)), None)
            if found is None:
                return None
            prefix = found[0][:-8]
            row = self._row(prefix, _unescape(prefix[32:]), version)
            if row is not None and row.size:
                return row
            start = prefix + b"\xff" * 9
        raise Exhausted(f"more than {DELETED_SKIPPED_MAX} deleted keys in a row; begin after them")

    def _backward(self, stream: bytes, stop: bytes | None, version: int) -> Row | None:
        for _ in range(DELETED_SKIPPED_MAX):
            found = next(iter(self._kv.scan("kv_keys", stream, stop, reverse=True)), None)
            if found is None:
                return None
            prefix = found[0][:-8]
            row = self._row(prefix, _unescape(prefix[32:]), version)
            if row is not None and row.size:
                return row
            stop = prefix
        raise Exhausted(f"more than {DELETED_SKIPPED_MAX} deleted keys in a row; begin before them")

    def _row(self, prefix: bytes, key: bytes, version: int) -> Row | None:
        found = self._newest("kv_keys", prefix, version)
        return None if found is None else Row(key, found[0], *_ROW.unpack(found[1]))

    def _newest(self, family: str, prefix: bytes, version: int) -> tuple[int, bytes] | None:
        """The newest (version, record) below a prefix that is not above ``version``."""
        found = next(iter(self._kv.scan(family, prefix + _number(LATEST - version), prefix + b"\xff" * 9)), None)
        return None if found is None else (LATEST - int.from_bytes(found[0][-8:], "big"), found[1])

    # --- access control -----------------------------------------------------------------------------------------------

    def is_new(self, stream: bytes, version: int = LATEST) -> bool:
        """Whether nobody administers the stream yet: whoever writes first will."""
        found = next(iter(self._kv.scan("kv_streams", stream, stream + b"\xff" * 9)), None)
        return found is None or int.from_bytes(found[0][32:], "big") > version

    def is_admin(self, account: bytes, stream: bytes, version: int = LATEST) -> bool:
        return self._op(stream + b"\x00" + account, version) is AccessOp.GRANT_ADMIN

    def is_special(self, stream: bytes, key: bytes, version: int = LATEST) -> bool:
        return self._op(stream + b"\x10" + _escape(key), version) is AccessOp.KEY_TO_SPECIAL

    def is_writer_of_stream(self, account: bytes, stream: bytes, version: int = LATEST) -> bool:
        return self._op(stream + b"\x20" + account, version) is AccessOp.GRANT_WRITER

    def is_writer_of_key(self, account: bytes, stream: bytes, key: bytes, version: int = LATEST) -> bool:
        return self._op(stream + b"\x30" + _escape(key) + account, version) is AccessOp.GRANT_KEY_WRITER

    def is_writer_of_any_key(self, account: bytes, stream: bytes, version: int = LATEST) -> bool:
        """Whether the account may write at least one special key."""
        start, stop = stream + account, _after(stream + account)
        while (found := next(iter(self._kv.scan("kv_writers", start, stop)), None)) is not None:
            prefix = found[0][:-8]
            newest = self._newest("kv_writers", prefix, version)
            if newest is not None and newest[1][0] == AccessOp.GRANT_KEY_WRITER:
                return True
            start = prefix + b"\xff" * 9
        return False

    def can_write(self, account: bytes, stream: bytes, version: int = LATEST) -> bool:
        """Whether the account may write anything at all in the stream."""
        return (
            self.is_new(stream, version)
            or self.is_admin(account, stream, version)
            or self.is_writer_of_stream(account, stream, version)
            or self.is_writer_of_any_key(account, stream, version)
        )

    def has_write_permission(self, account: bytes, stream: bytes, key: bytes, version: int = LATEST) -> bool:
        """Whether the account may write the key: anyone in a new stream, admins, else writers of the key or of the stream."""
        if self.is_new(stream, version) or self.is_admin(account, stream, version):
            return True
        if self.is_special(stream, key, version):
            return self.is_writer_of_key(account, stream, key, version)
        return self.is_writer_of_stream(account, stream, version)

    def _op(self, prefix: bytes, version: int) -> AccessOp | None:
        found = self._newest("kv_access", prefix, version)
        return None if found is None else AccessOp(found[1][0])

    # --- results ------------------------------------------------------------------------------------------------------

    def result(self, seq: int) -> str | None:
        """What became of a submission; None for one that is not about these streams, or not replayed yet."""
        kept = self._kv.get("kv_results", _number(seq))
        return None if kept is None else kept.decode()

    def steady(self, read: Callable[[], _T]) -> _T:
        """``read()`` on one state: again when a reorganisation came between its steps."""
        for _ in range(8):
            before = self._generation
            try:
                found = read()
            except Corrupt:
                if before == self._generation and before % 2 == 0:  # odd: a step back is under way
                    raise
                continue
            if before == self._generation:
                return found
        raise Unavailable("the chain is being reorganised; ask again")

    # --- writing ------------------------------------------------------------------------------------------------------

    @property
    def generation(self) -> int:
        """Grows with every step back; a commit that was judged on an older one does not count."""
        return self._generation

    def disturb(self) -> None:
        """Whatever is being judged must be judged again: what is held has changed."""
        self._generation += 2

    def skip(self, seq: int) -> None:
        """Everything before ``seq`` is done and left nothing."""
        batch = Batch()
        batch.put("kv_misc", b"cursor", _number(seq))
        self._kv.write(batch, sync=False)
        self._cursor = seq

    def put_values(self, seq: int, values: Iterable[tuple[int, int, Callable[[int, int], bytes]]]) -> None:
        """The values of a commit that will come: (index, size, reader of ``start`` to ``end``), not visible yet."""
        self._drop_values(seq)
        batch = Batch()
        for index, size, read in values:
            head = _number(seq) + _small(index)
            for page in range(-(-size // PAGE)):
                batch.put("kv_values", head + _small(page), read(page * PAGE, min((page + 1) * PAGE, size)))
                if batch.size_bytes >= _BATCH_BYTES:
                    self._kv.write(batch, sync=False)
                    batch = Batch()
        self._kv.write(batch, sync=False)

    def commit(self, seq: int, result: str, writes: Iterable[Written] = (), changes: Iterable[Change] = ()) -> None:
        """What a submission did: its rows, its result, and the cursor behind it, in one batch that is on the disk on return."""
        version = _number(LATEST - seq)
        rows: list[tuple[int, bytes, bytes]] = []
        for write in writes:
            key = write.stream + _escape(write.key) + version
            rows.append((0, key, _ROW.pack(write.size, write.index)))
        streams: dict[bytes, None] = {}
        for change in changes:
            streams[change.stream] = None
            rows.append((1, change.stream + _subject(change) + version, bytes([change.op])))
            if change.op & 0xF0 == 0x30:
                rows.append((2, change.stream + change.account + _escape(change.key) + version, bytes([change.op])))
        rows += [(3, stream + _number(seq), b"\1") for stream in streams if self.is_new(stream)]
        batch = Batch()
        for family, key, record in rows:
            batch.put(_FAMILY_OF[family], key, record)
        batch.put("kv_changes", _number(seq), b"".join(bytes([family]) + _small(len(key)) + key for family, key, _ in rows))
        batch.put("kv_results", _number(seq), result.encode())
        batch.put("kv_misc", b"cursor", _number(seq + 1))
        with self._lock:
            self._kv.write(batch, sync=self._sync)
            self._cursor = seq + 1

    def rewind(self, seq: int) -> None:
        """Back to the state before submission ``seq``, one submission after the other: a crash in between loses nothing."""
        with self._lock:
            if self._cursor <= seq:
                return
            self._generation += 1
            try:
                dropped = list(self._keys("kv_results", _number(seq), None))[::-1]
                for key in dropped:
                    batch = Batch()
                    for family, row in _listed(self._kv.get("kv_changes", key) or b""):
                        batch.delete(_FAMILY_OF[family], row)
                    batch.delete("kv_changes", key)
                    batch.delete("kv_results", key)
                    batch.put("kv_misc", b"cursor", key)
                    self._kv.write(batch, sync=False)
                    self._cursor = int.from_bytes(key, "big")
                batch = Batch()
                batch.put("kv_misc", b"cursor", _number(seq))
                self._kv.write(batch, sync=self._sync)
                self._cursor = seq
                for key in dropped:
                    self._drop_values(int.from_bytes(key, "big"))
            finally:
                self._generation += 1

    # --- damage -------------------------------------------------------------------------------------------------------

    def check(self, pace: Callable[[int], None] = lambda size_bytes: None) -> tuple[int, list[Corrupt]]:
        """Read every record; how many there are, and what is wrong with those that fail their check."""
        count, faults = 0, []
        for family in VIEW_FAMILIES:
            start = b""
            while True:
                try:
                    for key, value in self._kv.scan(family, start):
                        count, start = count + 1, key + b"\0"
                        pace(len(key) + len(value))
                    break
                except Corrupt as error:
                    faults.append(error)
                    at = error.facts.get("key")
                    if not isinstance(at, bytes):
                        break
                    count, start = count + 1, at + b"\0"
        return count, faults

    def repair(self, fault: Corrupt) -> int | None:
        """Step back before the submission that a damaged record belongs to, so that it is replayed; its number.

        None when the record is not of this view: nothing was done.
        """
        family, key = fault.facts.get("family"), fault.facts.get("key", b"")
        seq = fault.facts.get("seq")
        if isinstance(seq, int):
            pass
        elif family not in VIEW_FAMILIES or not isinstance(key, bytes):
            return None
        elif family in ("kv_values", "kv_results", "kv_changes"):
            seq = int.from_bytes(key[:8], "big")
        elif family == "kv_streams":
            seq = int.from_bytes(key[-8:], "big")
        elif family == "kv_misc":
            seq = 0
        else:
            seq = LATEST - int.from_bytes(key[-8:], "big")
        try:
            self.rewind(seq)
        except Corrupt:
            seq = 0
            self._wipe()
        return seq

    def _wipe(self) -> None:
        """Forget every row: the lists by which to step back are damaged themselves."""
        with self._lock:
            self._generation += 1
            start = Batch()
            start.put("kv_misc", b"cursor", _number(0))
            self._kv.write(start, sync=self._sync)
            self._cursor = 0
            for family in VIEW_FAMILIES:
                batch = Batch()
                for key in self._keys(family, b"", None) if family != "kv_misc" else ():
                    batch.delete(family, key)
                    if len(batch) >= _BATCH_ROWS:
                        self._kv.write(batch, sync=False)
                        batch = Batch()
                self._kv.write(batch, sync=self._sync)
            self._generation += 1

    def _keys(self, family: str, start: bytes, stop: bytes | None) -> Iterator[bytes]:
        """Keys of records, damaged ones as well: to delete them nobody needs to know what they said."""
        while True:
            try:
                for key, _ in self._kv.scan(family, start, stop):
                    yield key
                    start = key + b"\0"
                return
            except Corrupt as error:
                at = error.facts.get("key")
                if not isinstance(at, bytes):
                    raise
                yield at
                start = at + b"\0"

    def _drop_values(self, seq: int) -> None:
        batch = Batch()
        for key in self._keys("kv_values", _number(seq), _number(seq) + b"\xff" * 9):
            batch.delete("kv_values", key)
            if len(batch) >= _BATCH_ROWS:
                self._kv.write(batch, sync=False)
                batch = Batch()
        self._kv.write(batch, sync=False)


def _subject(change: Change) -> bytes:
    """What an operation is about, below its stream: the group of operations, then key or account or both."""
    group = change.op & 0xF0
    key = _escape(change.key) if group in (0x10, 0x30) else b""
    return bytes([group]) + key + (b"" if group == 0x10 else change.account)


def _escape(key: bytes) -> bytes:
    """A key in a form that sorts like it and that no other key's form begins with: 00 becomes 00 ff, 00 01 ends it."""
    return key.replace(b"\0", b"\0\xff") + b"\0\1"


def _unescape(form: bytes) -> bytes:
    return form[:-2].replace(b"\0\xff", b"\0")


def _after(prefix: bytes) -> bytes | None:
    """The first key behind all that begin with a prefix; None when there can be none."""
    number = int.from_bytes(prefix, "big") + 1
    return None if number >> (8 * len(prefix)) else number.to_bytes(len(prefix), "big")


def _listed(changes: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(changes):
        size = int.from_bytes(changes[at + 1 : at + 5], "big")
        yield changes[at], changes[at + 5 : at + 5 + size]
        at += 5 + size


def _split(ids: bytes) -> list[bytes]:
    return [ids[at : at + 32] for at in range(0, len(ids), 32)]


def _number(value: int) -> bytes:
    return value.to_bytes(8, "big")


def _small(value: int) -> bytes:
    return value.to_bytes(4, "big")

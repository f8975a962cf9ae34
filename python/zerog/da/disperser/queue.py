"""Blobs on their way through a disperser: a bounded queue on the disk, with every step of each blob.

A blob is on the disk before its request id is given away, and every step is written before the next begins, so a disperser that
was killed goes on where it was. The official disperser keeps this in memory and loses it (da.md §9.2).
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum
from typing import Any, Final, TypeVar

import msgspec

from zerog.da.api import BlobRecord
from zerog.errors import Conflict, Corrupt, InvalidInput, NotFound
from zerog.runtime.limits import Shares
from zerog.store.kv import Batch, Kv
from zerog.wire.da_ids import make_request_id, parse_request_id, record_key

_T = TypeVar("_T")

FAMILIES: Final = {"da_request": False, "da_record": False, "da_data": True, "da_intent": False, "da_misc": False}
"""Column families of a disperser's database: steps by request id, request ids by what the chain calls a blob, the data,
transactions that are not settled yet by nonce, and whose database it is."""


class Status(IntEnum):
    """How far a blob has come, in the network's numbers."""

    PROCESSING = 1
    CONFIRMED = 2
    FAILED = 3
    FINALIZED = 4
    INSUFFICIENT_SIGNATURES = 5


_NEXT: Final = {
    Status.PROCESSING: {Status.CONFIRMED, Status.FAILED, Status.INSUFFICIENT_SIGNATURES},
    # A reorganisation takes a confirmation back.
    Status.CONFIRMED: {Status.FINALIZED, Status.PROCESSING},
    Status.FAILED: set(),
    Status.FINALIZED: set(),
    Status.INSUFFICIENT_SIGNATURES: set(),
}


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One blob's place in the queue. Hashes and ids are empty until they are known; ``client`` is empty for our own."""

    request_id: bytes
    size_bytes: int
    requested_at_ns: int
    status: Status = Status.PROCESSING
    retries: int = 0
    data_root: bytes = b""
    epoch: int = 0
    quorum_id: int = 0
    upload_tx: bytes = b""
    commit_tx: bytes = b""
    commit_block: int = 0
    reason: str = ""
    client: str = ""

    @property
    def record(self) -> BlobRecord:
        """What the chain calls it; means something from CONFIRMED on."""
        return BlobRecord(self.epoch, self.quorum_id, self.data_root)


def in_turn(given: Iterable[_T], client_of: Callable[[_T], str]) -> list[_T]:
    """The first of each client, then the second of each, and so on: who sends many waits for those who send few."""
    turns: dict[str, int] = {}
    ranked = []
    for one in given:
        client = client_of(one)
        turn = turns[client] = turns.get(client, -1) + 1
        ranked.append((turn, one))
    return [one for _, one in sorted(ranked, key=lambda pair: pair[0])]


class BlobQueue:
    """The queue of one disperser. Threads may share it.

    Args:
        kv: an open database with ``FAMILIES``.
        count_max, bytes_max: of blobs that are neither finalized nor given up; one more is refused. A client has at most as
            much of each as is free.
        retries_max: failures of one blob before it is given up.
    """

    def __init__(self, kv: Kv, *, count_max: int = 256, bytes_max: int = 2 << 30, retries_max: int = 2) -> None:
        self._kv, self._retries_max = kv, retries_max
        self._lock = threading.Lock()
        self._open: dict[bytes, Entry] = {}
        self._count, self._bytes = Shares(count_max, "blobs"), Shares(bytes_max, "bytes of blobs")
        self._sent: dict[tuple[str, bytes], bytes] = {}
        for _, packed in kv.scan("da_request"):
            entry = _unpack(packed)
            if entry.status in (Status.PROCESSING, Status.CONFIRMED):
                self._enter(entry)

    def __len__(self) -> int:
        return len(self._open)

    @property
    def size_bytes(self) -> int:
        return self._bytes.size

    def put(
        self, data: bytes, requested_at_ns: int, also: Callable[[Entry, Batch], None] | None = None, *, client: str = ""
    ) -> Entry:
        """Take a blob; it is on the disk when this returns.

        Args:
            also: adds to the write that takes it.
            client: who gave it. What it gives again while the first is on its way is that blob, encoded and paid for once.

        Raises:
            Exhausted: the queue is full, or the client's share of it.
        """
        digest = hashlib.sha256(data).digest()
        with self._lock:
            if also is None and client and (known := self._sent.get((client, digest))) is not None:
                return self._open[known]
            self._count.check(client)
            self._bytes.check(client, len(data))
            while self._kv.get("da_request", request_id := make_request_id(digest, requested_at_ns)) is not None:
                requested_at_ns += 1  # the same data at the same moment is still another request
            entry = Entry(request_id, len(data), requested_at_ns, client=client)
            batch = Batch()
            batch.put("da_data", request_id, data)
            batch.put("da_request", request_id, msgspec.msgpack.encode(entry))
            if also is not None:
                also(entry, batch)
            self._kv.write(batch)
            self._enter(entry)
            return entry

    def _enter(self, entry: Entry) -> None:
        self._open[entry.request_id] = entry
        self._count.add(entry.client)
        self._bytes.add(entry.client, entry.size_bytes)
        if entry.client:
            self._sent[entry.client, _digest_of(entry)] = entry.request_id

    def _leave(self, entry: Entry) -> None:
        del self._open[entry.request_id]
        self._count.remove(entry.client)
        self._bytes.remove(entry.client, entry.size_bytes)
        if self._sent.get((entry.client, _digest_of(entry))) == entry.request_id:
            del self._sent[entry.client, _digest_of(entry)]

    def get(self, request_id: bytes) -> Entry:
        """
        Raises:
            NotFound: no blob was ever taken under this id, or it expired.
        """
        found = self._open.get(request_id)
        if found is not None:
            return found
        packed = self._kv.get("da_request", request_id)
        if packed is None:
            raise NotFound("no blob with this request id")
        return _unpack(packed)

    def waiting(self, status: Status) -> list[Entry]:
        """Blobs of a status that is not final, each client in its turn."""
        with self._lock:
            found = [entry for entry in self._open.values() if entry.status == status]
        found.sort(key=lambda entry: (entry.requested_at_ns, entry.request_id))
        return in_turn(found, lambda entry: entry.client)

    def data(self, request_id: bytes) -> bytes:
        found = self._kv.get("da_data", request_id)
        if found is None:
            raise NotFound("the data of this request id is gone")
        return found

    def update(self, entry: Entry, **changes: Any) -> Entry:
        """Write a step; ``changes`` are fields of ``Entry``.

        Raises:
            Conflict: somebody else changed the blob since ``entry`` was read. InvalidInput: no such step exists.
        """
        with self._lock:
            if self._open.get(entry.request_id) != entry:
                raise Conflict("the blob is not what it was when this step began")
            batch = Batch()
            after = _step(entry, changes, batch)
            self._kv.write(batch)
            self._take(after)
            return after

    def settle(self, steps: Mapping[bytes, Mapping[str, Any]], batch: Batch) -> list[Entry]:
        """Write one step of each of several blobs together with ``batch``: all of it or nothing.

        Args:
            steps: fields to change, by request id. Blobs that have ended, or gone where no such step leads from, are left as
                they are.

        Returns:
            The blobs that took their step.
        """
        with self._lock:
            found = [(self._open[request_id], changes) for request_id, changes in steps.items() if request_id in self._open]
            after = [_step(entry, changes, batch) for entry, changes in found if _leads(entry, changes)]
            self._kv.write(batch)
            for entry in after:
                self._take(entry)
            return after

    def _take(self, after: Entry) -> None:
        if after.status in (Status.PROCESSING, Status.CONFIRMED):
            self._open[after.request_id] = after
        else:
            self._leave(after)

    def failed(self, entry: Entry, reason: str, *, status: Status = Status.FAILED) -> Entry:
        """A step failed: the blob is tried again from its last step, or given up with ``status`` after too many failures."""
        retries = entry.retries + 1
        if retries > self._retries_max:
            return self.update(entry, status=status, retries=retries, reason=reason[:256])
        return self.update(entry, retries=retries, reason=reason[:256])

    def find(self, record: BlobRecord) -> bytes | None:
        """The data of a blob that this disperser confirmed, None for others."""
        request_id = self._kv.get("da_record", record_key(record.data_root, record.epoch, record.quorum_id))
        return None if request_id is None else self._kv.get("da_data", request_id)

    def expire(self, before_ns: int, *, count_max: int = 8) -> int:
        """Forget blobs that ended and were requested before a time, at most so many; returns how many."""
        batch, count = Batch(), 0
        with self._lock:
            for request_id, packed in self._kv.scan("da_request"):
                entry = _unpack(packed)
                if request_id in self._open or entry.requested_at_ns >= before_ns:
                    continue
                batch.delete("da_request", request_id)
                batch.delete("da_data", request_id)
                if entry.status == Status.FINALIZED:
                    key = record_key(entry.data_root, entry.epoch, entry.quorum_id)
                    if self._kv.get("da_record", key) == request_id:
                        batch.delete("da_record", key)
                count += 1
                if count == count_max:
                    break
            self._kv.write(batch)
        return count


def _digest_of(entry: Entry) -> bytes:
    return parse_request_id(entry.request_id).blob_hash


def _leads(entry: Entry, changes: Mapping[str, Any]) -> bool:
    status = changes.get("status", entry.status)
    return status == entry.status or status in _NEXT[entry.status]


def _step(entry: Entry, changes: Mapping[str, Any], batch: Batch) -> Entry:
    """The blob after a step, and what is written for it.

    Raises:
        InvalidInput: no such step exists.
    """
    after: Entry = msgspec.structs.replace(entry, **changes)
    if not _leads(entry, changes):
        raise InvalidInput(f"no step leads from {entry.status.name} to {after.status.name}")
    batch.put("da_request", after.request_id, msgspec.msgpack.encode(after))
    if after.status in (Status.CONFIRMED, Status.FINALIZED):
        batch.put("da_record", record_key(after.data_root, after.epoch, after.quorum_id), after.request_id)
    if after.status in (Status.FAILED, Status.INSUFFICIENT_SIGNATURES):
        batch.delete("da_data", after.request_id)
    return after


def _unpack(packed: bytes) -> Entry:
    try:
        return msgspec.msgpack.decode(packed, type=Entry)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise Corrupt(f"an entry of the queue has another form: {error}") from None

"""Submissions to streams: made, encoded and put through the rules and the view, without a node."""

from __future__ import annotations

from functools import partial

from tests.oracle.streams import Blob

from zerog.storage.kv.judge import COMMIT, NO_PERMISSION, Submission, judge
from zerog.storage.kv.stream import BlobReader
from zerog.storage.kv.view import VIEW_FAMILIES, View, Written
from zerog.storage.stream_blob import Access, AccessOp, Read, StreamBlob, Write
from zerog.store.memory import MemoryKv

OPS = {
    "grant-admin": AccessOp.GRANT_ADMIN, "renounce-admin": AccessOp.RENOUNCE_ADMIN, "special": AccessOp.KEY_TO_SPECIAL,
    "normal": AccessOp.KEY_TO_NORMAL, "grant-writer": AccessOp.GRANT_WRITER, "revoke-writer": AccessOp.REVOKE_WRITER,
    "renounce-writer": AccessOp.RENOUNCE_WRITER, "grant-key-writer": AccessOp.GRANT_KEY_WRITER,
    "revoke-key-writer": AccessOp.REVOKE_KEY_WRITER, "renounce-key-writer": AccessOp.RENOUNCE_KEY_WRITER,
}  # fmt: skip


def encode(blob: Blob) -> bytes:
    return StreamBlob(
        [Write(*write) for write in blob.writes],
        [Read(*read) for read in blob.reads],
        [Access(OPS[name], stream, key, account) for name, stream, key, account in blob.access],
        blob.version,
    ).encode()


class Replayed:
    """A view that submissions are put into, one after the other."""

    def __init__(self, monitored: set[bytes]) -> None:
        self.kv = MemoryKv(list(VIEW_FAMILIES))
        self.view, self.monitored = View(self.kv), monitored

    def submit(self, seq: int, sender: bytes, tags: list[bytes], data: bytes) -> str | None:
        view = self.view
        assert view.cursor == seq
        if not tags or any(stream not in self.monitored for stream in tags):
            view.skip(seq + 1)
            return None
        if not any(view.can_write(sender, stream, seq) for stream in tags):
            view.commit(seq, NO_PERMISSION)
            return NO_PERMISSION
        blob = BlobReader(memoryview(data))
        verdict = judge(view, Submission(seq, sender, tags), blob, self.monitored.__contains__)
        assert verdict.result == COMMIT or not (verdict.writes or verdict.changes)
        view.put_values(seq, [(index, place.size, partial(blob.value, place)) for index, place in enumerate(verdict.writes)])
        view.commit(
            seq, verdict.result, [Written(p.stream, p.key, p.size, i) for i, p in enumerate(verdict.writes)], verdict.changes
        )
        return verdict.result

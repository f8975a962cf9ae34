"""The rules: what a submission to streams does, given the state before it. No input or output, no clock.

Parts are judged in the order in which they stand in the blob (reads, writes, access), each before the next one is read. Results
are told in the words of the official node. Where its outcome depends on the order of a hash table, ours is the blob's order.

Source: docs/protocol/storage.md, section 3.6, and the official replayer as described there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from zerog.storage.kv.stream import INVALID, BlobReader, Malformed, Place
from zerog.storage.kv.view import Change, Row
from zerog.storage.stream_blob import AccessOp

COMMIT: Final = "Commit"
VERSION_CONFLICT: Final = "VersionConfliction"
TAGS_MISMATCH: Final = "TagsMismatch"
NO_PERMISSION: Final = "SenderNoWritePermission"
DOWNLOAD_FAILED: Final = "DownloadFailed"
ZERO_ACCOUNT: Final = bytes(20)

_ADMIN_ONLY: Final = frozenset(
    {AccessOp.GRANT_ADMIN, AccessOp.KEY_TO_SPECIAL, AccessOp.KEY_TO_NORMAL, AccessOp.REVOKE_WRITER, AccessOp.REVOKE_KEY_WRITER}
)
_RENOUNCES: Final = frozenset({AccessOp.RENOUNCE_ADMIN, AccessOp.RENOUNCE_WRITER, AccessOp.RENOUNCE_KEY_WRITER})
OP_NAMES: Final = {
    AccessOp.GRANT_ADMIN: "GRANT_ADMIN_ROLE",
    AccessOp.RENOUNCE_ADMIN: "RENOUNCE_ADMIN_ROLE",
    AccessOp.KEY_TO_SPECIAL: "SET_KEY_TO_SPECIAL",
    AccessOp.KEY_TO_NORMAL: "SET_KEY_TO_NORMAL",
    AccessOp.GRANT_WRITER: "GRANT_WRITER_ROLE",
    AccessOp.REVOKE_WRITER: "REVOKE_WRITER_ROLE",
    AccessOp.RENOUNCE_WRITER: "RENOUNCE_WRITER_ROLE",
    AccessOp.GRANT_KEY_WRITER: "GRANT_SPECIAL_WRITER_ROLE",
    AccessOp.REVOKE_KEY_WRITER: "REVOKE_SPECIAL_WRITER_ROLE",
    AccessOp.RENOUNCE_KEY_WRITER: "RENOUNCE_SPECIAL_WRITER_ROLE",
}


class State(Protocol):
    """What the rules ask of the state before a submission; ``view.View`` answers, and the oracle of the tests."""

    def latest(self, stream: bytes, key: bytes, version: int, /) -> Row | None: ...
    def is_new(self, stream: bytes, version: int, /) -> bool: ...
    def is_admin(self, account: bytes, stream: bytes, version: int, /) -> bool: ...
    def is_special(self, stream: bytes, key: bytes, version: int, /) -> bool: ...
    def is_writer_of_stream(self, account: bytes, stream: bytes, version: int, /) -> bool: ...
    def is_writer_of_key(self, account: bytes, stream: bytes, key: bytes, version: int, /) -> bool: ...


@dataclass(frozen=True)
class Submission:
    """A file of the log that is about streams: its number, who sent the transaction, the streams of its tags."""

    seq: int
    sender: bytes
    streams: Sequence[bytes]


@dataclass(frozen=True)
class Verdict:
    """``result`` in the words of the official node; writes and changes only with ``COMMIT``."""

    result: str
    writes: Sequence[Place] = ()
    changes: Sequence[Change] = ()


@dataclass
class _Refused(Exception):
    result: str


@dataclass
class _Rights:
    """What the sender may, asked of the state once for each stream."""

    state: State
    submission: Submission
    known: dict[bytes, tuple[bool, bool, bool]] = field(default_factory=dict)

    def of(self, stream: bytes) -> tuple[bool, bool, bool]:
        """(the stream is new, the sender administers it, the sender may write its normal keys)."""
        if stream not in self.known:
            state, sender, seq = self.state, self.submission.sender, self.submission.seq
            self.known[stream] = (
                state.is_new(stream, seq), state.is_admin(sender, stream, seq), state.is_writer_of_stream(sender, stream, seq),
            )  # fmt: skip
        return self.known[stream]

    def may_write(self, stream: bytes, key: bytes) -> bool:
        new, admin, writer = self.of(stream)
        if new or admin:
            return True
        sender, seq = self.submission.sender, self.submission.seq
        if self.state.is_special(stream, key, seq):
            return self.state.is_writer_of_key(sender, stream, key, seq)
        return writer


def judge(state: State, submission: Submission, blob: BlobReader, monitored: Callable[[bytes], bool]) -> Verdict:
    """What a submission does.

    Args:
        monitored: whether this node holds a stream; reads of others cannot be checked and are refused.

    Cost: one look-up for each key that is read or written below the version that the blob allows, and for each right.
    """
    rights = _Rights(state, submission)
    try:
        bound = blob.version()
        for read in blob.reads():
            if not monitored(read.stream):
                return Verdict(TAGS_MISMATCH)
            _check_version(state, submission, read.stream, read.key, bound)
        # A dict keeps the place of the first write of a key and the value of the last.
        writes = {(place.stream, place.key): place for place in blob.writes()}
        tagged = set(submission.streams)
        for stream, key in writes:
            if stream not in tagged:
                return Verdict(TAGS_MISMATCH)
            _check_version(state, submission, stream, key, bound)
            if not rights.may_write(stream, key):
                return Verdict(f"WritePermissionDenied: stream: 0x{stream.hex()}, key: {shown(key)}")
        changes = _changes(rights, submission, blob)
        for change in changes:
            if change.stream not in tagged:
                return Verdict(TAGS_MISMATCH)
            if not _may_change(rights, change):
                return Verdict(
                    f"AccessControlPermissionDenied: operation: {OP_NAMES[change.op]}, stream: 0x{change.stream.hex()}, "
                    f"key: {shown(change.key)}, account: 0x{change.account.hex()}"
                )
    except Malformed as error:
        return Verdict(parse_error(str(error)))
    except _Refused as refused:
        return Verdict(refused.result)
    return Verdict(COMMIT, list(writes.values()), changes)


def _check_version(state: State, submission: Submission, stream: bytes, key: bytes, bound: int) -> None:
    """No key may be newer than the blob allows. Nothing can be newer than the submission itself."""
    if bound < submission.seq:
        row = state.latest(stream, key, submission.seq)
        if row is not None and row.version > bound:
            raise _Refused(VERSION_CONFLICT)


def _changes(rights: _Rights, submission: Submission, blob: BlobReader) -> list[Change]:
    """The changes that count: of those about one thing the last, and an administrator for every new stream.

    A grant of administration never replaces what the blob says of the account before, and nobody grants it to himself.
    """
    sender = submission.sender
    found: dict[tuple[int, bytes, bytes, bytes], Change] = {}
    for stream in submission.streams:
        if rights.of(stream)[0]:
            found[0, stream, b"", sender] = Change(AccessOp.GRANT_ADMIN, stream, b"", sender)
    for entry in blob.access():
        account = sender if entry.op in _RENOUNCES else entry.account or ZERO_ACCOUNT
        about = (entry.op & 0xF0, entry.stream, entry.key, account)
        if entry.op is not AccessOp.GRANT_ADMIN or (about not in found and account != sender):
            found[about] = Change(entry.op, entry.stream, entry.key, account)
    return list(found.values())


def _may_change(rights: _Rights, change: Change) -> bool:
    new, admin, writer = rights.of(change.stream)
    if new or admin or change.op in _RENOUNCES:
        return True
    if change.op in _ADMIN_ONLY:
        return False
    if change.op is AccessOp.GRANT_WRITER:
        return writer
    submission = rights.submission
    return rights.state.is_writer_of_key(submission.sender, change.stream, change.key, submission.seq)


def parse_error(reason: str = INVALID) -> str:
    return f"DataParseError: {reason}"


def shown(key: bytes) -> str:
    """A key as results show it: its first 32 characters."""
    if not key:
        return "NONE"
    try:
        return key.decode()[:32]
    except UnicodeDecodeError:
        return "UNKNOWN"

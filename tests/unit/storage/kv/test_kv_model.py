"""The rules and the view against streams said plainly, over random submissions, questions and steps back."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.oracle.streams import GROUPS, Blob, Streams
from tests.unit.storage.kv.kv_kit import Replayed, encode

from zerog.storage.kv.view import LATEST

STREAMS = [bytes(31) + b"\1", bytes(31) + b"\2", b"\xff" * 32, bytes(31) + b"\3"]
MONITORED = set(STREAMS[:3])
KEYS = [b"a", b"a\0", b"a\0\1", b"a\0\xff", b"b", b"\0", b"\0\0", b"\xff", b"\xff\xff\xff\xff"]
ACCOUNTS = [bytes(19) + b"\1", bytes(19) + b"\2", b"\xff" * 20]

_streams = st.sampled_from(STREAMS)
_held = st.sampled_from(STREAMS[:3])
_keys = st.sampled_from(KEYS)
_accounts = st.sampled_from(ACCOUNTS)
_values = st.sampled_from([b"", b"x", b"value", b"\0" * 300])


@st.composite
def _ops(draw: st.DrawFn) -> tuple[str, bytes, bytes, bytes]:
    name = draw(st.sampled_from(list(GROUPS)))
    key = draw(_keys) if "key" in name or name in ("special", "normal") else b""
    account = draw(_accounts) if name.startswith(("grant", "revoke")) else b""
    return name, draw(_held), key, account


_blobs = st.builds(
    Blob,
    st.one_of(st.just(LATEST), st.integers(0, 12)),
    st.lists(st.tuples(_held, _keys), max_size=1),
    st.lists(st.tuples(_held, _keys, _values), max_size=4),
    st.lists(_ops(), max_size=4),
)


@st.composite
def _steps(draw: st.DrawFn) -> list[tuple[bytes, list[bytes], Blob] | int]:
    """Submissions, and numbers: how many to step back."""
    steps: list[tuple[bytes, list[bytes], Blob] | int] = []
    for _ in range(draw(st.integers(1, 12))):
        if draw(st.integers(0, 7)) == 0:
            steps.append(draw(st.integers(1, 4)))
            continue
        blob = draw(_blobs)
        named = [stream for stream, *_ in blob.writes] + [op[1] for op in blob.access]
        tags = list(dict.fromkeys(named if draw(st.integers(0, 9)) else named[:-1])) or [draw(_streams)]
        steps.append((draw(_accounts), tags, blob))
    return steps


def _versions(seq: int) -> Iterator[int]:
    yield from {0, seq // 2, max(0, seq - 1), LATEST}


Steps = list[tuple[bytes, list[bytes], Blob] | int]


@settings(max_examples=25, deadline=None)
@given(_steps())
def test_every_question_is_answered_as_the_plain_model_does(steps: Steps) -> None:
    replay(steps)


@pytest.mark.slow
@settings(max_examples=600, deadline=None)
@given(_steps())
def test_every_question_at_length(steps: Steps) -> None:
    replay(steps)


def replay(steps: Steps) -> None:
    real, model, seq = Replayed(MONITORED), Streams(set(MONITORED)), 0
    for step in steps:
        if isinstance(step, int):
            seq = max(0, seq - step)
            real.view.rewind(seq)
            model.rewind(seq)
            continue
        sender, tags, blob = step
        expected = model.submit(seq, sender, tags, blob)
        found = real.submit(seq, sender, tags, encode(blob))
        assert (found and found.split(":")[0]) == expected
        seq += 1
    assert real.view.cursor == seq
    assert {one: (real.view.result(one) or "").split(":")[0] for one in range(seq)} == {
        one: model.results.get(one, "") for one in range(seq)
    }
    for version in _versions(seq):
        for stream in STREAMS[:3]:
            check_stream(real, model, stream, version)
    # Stepping all the way back leaves nothing of anything.
    real.view.rewind(0)
    left = [family for family in real.kv._records if family != "kv_misc" and real.kv._records[family]]
    assert left == []


def check_stream(real: Replayed, model: Streams, stream: bytes, version: int) -> None:
    view = real.view
    for key in KEYS:
        row, expected = view.latest(stream, key, version), model.get(stream, key, version)
        assert (row and (row.version, view.value(row))) == expected
        assert view.is_special(stream, key, version) == model.special(stream, key, version)
        for account in ACCOUNTS:
            assert view.is_writer_of_key(account, stream, key, version) == model.key_writer(account, stream, key, version)
            assert view.has_write_permission(account, stream, key, version) == model.may_write(account, stream, key, version)
    for account in ACCOUNTS:
        assert view.is_admin(account, stream, version) == model.admin(account, stream, version)
        assert view.is_writer_of_stream(account, stream, version) == model.writer(account, stream, version)
        assert view.can_write(account, stream, version) == model.may_write_something(account, stream, version)
    pairs = model.pairs(stream, version)
    forward, backward = [], []
    row = view.first(stream, version)
    while row is not None:
        forward.append((row.key, row.version, view.value(row)))
        row = view.next(stream, row.key, version)
    row = view.last(stream, version)
    while row is not None:
        backward.append((row.key, row.version, view.value(row)))
        row = view.prev(stream, row.key, version)
    assert forward == pairs
    assert backward == pairs[::-1]
    for key in KEYS:
        for inclusive in (False, True):
            after = [pair for pair in pairs if pair[0] > key or (inclusive and pair[0] == key)]
            before = [pair for pair in pairs if pair[0] < key or (inclusive and pair[0] == key)]
            found = view.next(stream, key, version, inclusive=inclusive)
            assert (found and found.key) == (after[0][0] if after else None)
            found = view.prev(stream, key, version, inclusive=inclusive)
            assert (found and found.key) == (before[-1][0] if before else None)

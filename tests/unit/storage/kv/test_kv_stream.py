"""The blob: the vector, what is encoded reads again, and nothing that a stranger sends does harm."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zerog.storage.kv.stream import INVALID, TOO_LONG, BlobReader, Malformed, stream_ids
from zerog.storage.stream_blob import STREAM_DOMAIN, Access, AccessOp, Read, StreamBlob, Write

VECTOR = json.loads((Path(__file__).resolve().parents[3] / "vectors" / "storage" / "merkle.json").read_text())["kv"]
STREAM = bytes.fromhex(VECTOR["streamId"][2:])


def read_all(data: bytes) -> tuple[int, list[Read], list[tuple[bytes, bytes, bytes]], list[Access]]:
    blob = BlobReader(memoryview(data))
    version, reads = blob.version(), blob.reads()
    writes = [(place.stream, place.key, blob.value(place, 0, place.size)) for place in blob.writes()]
    return version, reads, writes, list(blob.access())


def read_or_reason(data: bytes) -> tuple[int, list[Read], list[tuple[bytes, bytes, bytes]], list[Access]] | str:
    try:
        return read_all(data)
    except Malformed as error:
        return str(error)


def test_the_published_example() -> None:
    encoded = bytes.fromhex(VECTOR["encoded"][2:])
    blob = StreamBlob([Write(STREAM, b"hello", b"world"), Write(STREAM, b"k2", b"\1\2\3")], version=VECTOR["version"])
    assert (blob.encode(), blob.tags) == (encoded, bytes.fromhex(VECTOR["tags"][2:]))
    assert read_all(encoded) == (1, [], [(STREAM, b"hello", b"world"), (STREAM, b"k2", b"\1\2\3")], [])
    assert stream_ids(blob.tags) == [STREAM]
    assert bytes.fromhex(VECTOR["streamDomain"][2:]) == STREAM_DOMAIN


IDS = st.binary(min_size=32, max_size=32)
KEYS = st.binary(min_size=1, max_size=40)


def _access(op: AccessOp) -> st.SearchStrategy[Access]:
    account = st.binary(min_size=20, max_size=20) if op.has_account else st.just(b"")
    return st.builds(Access, st.just(op), IDS, KEYS if op.has_key else st.just(b""), account)


BLOBS = st.builds(
    StreamBlob,
    st.lists(st.builds(Write, IDS, KEYS, st.binary(max_size=600)), max_size=6),
    st.lists(st.builds(Read, IDS, KEYS), max_size=4),
    st.lists(st.sampled_from(AccessOp).flatmap(_access), max_size=6),
    st.integers(0, (1 << 64) - 1),
)


@settings(max_examples=40, deadline=None)
@given(BLOBS)
def test_what_is_encoded_reads_again(blob: StreamBlob) -> None:
    found = read_all(blob.encode())
    assert found == (
        blob.version, list(blob.reads), [(w.stream, w.key, w.value) for w in blob.writes], list(blob.access),
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(BLOBS, st.data())
def test_damaged_blobs_are_malformed_or_say_something_else(blob: StreamBlob, data: st.DataObject) -> None:
    encoded = bytearray(blob.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        encoded[data.draw(st.integers(0, len(encoded) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(encoded)))
    found = read_or_reason(bytes(encoded[:cut]))
    if isinstance(found, str):
        assert found in (INVALID, TOO_LONG)
        return
    version, reads, writes, access = found
    # Whatever reads, reads as something that fits into the sectors that were there.
    assert sum(len(key) + len(value) for _, key, value in writes) <= -(-cut // 256) * 256
    assert len(reads) + len(writes) + len(access) <= len(encoded)
    assert 0 <= version < 1 << 64


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=700))
def test_garbage_is_refused_without_harm(garbage: bytes) -> None:
    found = read_or_reason(garbage)
    assert not isinstance(found, str) or found in (INVALID, TOO_LONG)
    assert all(len(stream) == 32 for stream in stream_ids(garbage))


@pytest.mark.parametrize(
    ("tail", "reason"),
    [
        ((65_537).to_bytes(4, "big"), TOO_LONG),
        ((0xFFFFFFFF).to_bytes(4, "big"), TOO_LONG),
        ((65_536).to_bytes(4, "big"), INVALID),
        ((1).to_bytes(4, "big") + STREAM + bytes(3), INVALID),
        ((1).to_bytes(4, "big") + STREAM + b"\xff\xff\xff", INVALID),
    ],
)
def test_counts_and_lengths_are_checked_before_anything_is_made(tail: bytes, reason: str) -> None:
    for head in (bytes(8), bytes(12), bytes(16)):
        body = head + (tail if head != bytes(16) else tail.replace(STREAM, b"\x10" + STREAM))
        with pytest.raises(Malformed) as caught:
            read_all(body)
        assert str(caught.value) == reason


def test_keys_are_bounded_together(monkeypatch: pytest.MonkeyPatch) -> None:
    blob = StreamBlob([Write(STREAM, b"k" * 100, b"")] * 2, [Read(STREAM, b"k" * 100)])
    monkeypatch.setattr("zerog.storage.kv.stream.KEY_BYTES_MAX", 300)
    assert len(read_all(blob.encode())[2]) == 2
    monkeypatch.setattr("zerog.storage.kv.stream.KEY_BYTES_MAX", 299)
    with pytest.raises(Malformed, match="too long"):
        read_all(blob.encode())


def test_a_value_longer_than_the_file_is_invalid() -> None:
    head = bytes(8) + bytes(4) + (1).to_bytes(4, "big") + STREAM + b"\0\0\1k"
    for size in (256, 1 << 32, (1 << 64) - 1):
        with pytest.raises(Malformed):
            read_all(head + size.to_bytes(8, "big"))


def test_the_zeros_of_the_last_sector_belong_to_the_blob() -> None:
    whole = StreamBlob([Write(STREAM, b"k", b"v")], version=7).encode()
    assert read_all(whole[:-4])[2] == [(STREAM, b"k", b"v")]
    # A value may reach into them too; behind the sector there is nothing.
    head = bytes(15) + b"\1" + STREAM + b"\0\0\1k" + (250 - len(whole)).to_bytes(8, "big")
    assert read_all(head)[2] == [(STREAM, b"k", bytes(250 - len(whole)))]


@pytest.mark.parametrize("tags", [b"", STREAM_DOMAIN[:-1], STREAM_DOMAIN + bytes(31), bytes(32) + STREAM, STREAM_DOMAIN, b"\0"])
def test_tags_of_others_name_no_stream(tags: bytes) -> None:
    assert stream_ids(tags) == []


def test_a_stream_named_twice_is_one() -> None:
    assert stream_ids(STREAM_DOMAIN + STREAM + bytes(32) + STREAM) == [STREAM, bytes(32)]

"""storage.crypt and storage.stream_blob: published vectors; any text, offset and cut comes back; wrong keys and headers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import coincurve
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerog.errors import InvalidInput, Unauthorized
from zerog.storage import crypt, stream_blob
from zerog.storage.stream_blob import Access, AccessOp, Read, StreamBlob, Write

VECTORS: dict[str, Any] = json.loads((Path(__file__).resolve().parents[2] / "vectors" / "storage" / "merkle.json").read_text())
SEALED, KV = VECTORS["encryption"], VECTORS["kv"]


def raw(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def test_version_1_vector() -> None:
    case = SEALED["v1"]
    sealer = crypt.seal_for_key(raw(case["key"]), raw(case["nonce"]))
    made = sealer.header.encode() + sealer.apply(case["plaintextAscii"].encode())
    assert made == raw(case["file"])
    header = crypt.Header.decode(made)
    assert header.version == 1
    opened = crypt.Keys(common=raw(case["key"])).open(header)
    assert opened.apply(made[header.size :]) == case["plaintextAscii"].encode()


def test_version_2_vector() -> None:
    case = SEALED["v2"]
    recipient, nonce = crypt.public_key(raw(case["recipientPriv"])), bytes(16)
    sealer = crypt.seal_for_owner(recipient, nonce=nonce, ephemeral_secret=raw(case["ephemeralPriv"]))
    assert sealer.header.encode() == b"\2" + raw(case["ephemeralPub"]) + nonce
    assert sealer.key == raw(case["aesKey"])
    opened = crypt.Keys(secret=raw(case["recipientPriv"])).open(crypt.Header.decode(sealer.header.encode()))
    assert opened.key == raw(case["aesKey"])
    uncompressed = coincurve.PublicKey(recipient).format(compressed=False)
    for form in (uncompressed, uncompressed[1:]):
        assert crypt.seal_for_owner(form, nonce=nonce, ephemeral_secret=raw(case["ephemeralPriv"])) == sealer


@given(st.binary(max_size=3000), st.binary(min_size=16, max_size=16), st.integers(0, 3000), st.integers(0, 2**40))
def test_any_cut_at_any_offset(text: bytes, nonce: bytes, cut: int, start: int) -> None:
    sealer = crypt.seal_for_key(bytes(range(32)), nonce)
    whole = sealer.apply(text, start)
    assert sealer.apply(text[:cut], start) + sealer.apply(text[cut:], start + min(cut, len(text))) == whole
    assert sealer.apply(whole, start) == text
    assert len(text) < 16 or whole != text


@given(st.binary(max_size=500), st.integers(1, 1 << 255).map(lambda number: number.to_bytes(32, "big")))
def test_for_an_owner(text: bytes, secret: bytes) -> None:
    sealer = crypt.seal_for_owner(crypt.public_key(secret))
    again = crypt.seal_for_owner(crypt.public_key(secret))
    assert sealer.key != again.key
    stored = sealer.header.encode() + sealer.apply(text)
    header = crypt.Header.decode(stored)
    assert crypt.Keys(secret=secret).open(header).apply(stored[header.size :]) == text


def test_the_counter_wraps_at_128_bits() -> None:
    key = bytes(32)
    assert crypt.seal_for_key(key, b"\xff" * 16).apply(bytes(32))[16:] == crypt.seal_for_key(key, bytes(16)).apply(bytes(16))


@pytest.mark.parametrize("data", [b"", b"\1", b"\1" + bytes(15), b"\2" + bytes(48), b"\0" + bytes(60), b"\3" + bytes(60)])
def test_headers_that_are_none(data: bytes) -> None:
    with pytest.raises(InvalidInput, match="encryption header"):
        crypt.Header.decode(data)


def test_missing_and_wrong_keys() -> None:
    one, two = crypt.seal_for_key(bytes(32)).header, crypt.seal_for_owner(crypt.public_key(b"\1" * 32)).header
    with pytest.raises(Unauthorized, match="common key"):
        crypt.Keys(secret=b"\1" * 32).open(one)
    with pytest.raises(Unauthorized, match="wallet"):
        crypt.Keys(common=bytes(32)).open(two)
    with pytest.raises(InvalidInput, match="32 bytes"):
        crypt.seal_for_key(b"short")
    for bad in (b"", b"\2" + b"\xff" * 32, bytes(64), b"\4" + bytes(64)):
        with pytest.raises(InvalidInput, match="public key"):
            crypt.seal_for_owner(bad)
    for secret in (b"", bytes(32), b"\xff" * 32):
        with pytest.raises(InvalidInput, match="secret key"):
            crypt.public_key(secret)
    with pytest.raises(InvalidInput, match="public key"):
        crypt.Keys(secret=b"\1" * 32).open(crypt.Header(bytes(16), b"\2" + b"\xff" * 32))


def test_nothing_shows_a_key() -> None:
    key = b"\xab" * 32
    assert "ab" * 4 not in (repr(crypt.seal_for_key(key, bytes(16))) + repr(crypt.Keys(key, key)))
    assert repr(key)[2:-1] not in (repr(crypt.seal_for_key(key, bytes(16))) + repr(crypt.Keys(key, key)))


def test_stream_blob_vector() -> None:
    stream = raw(KV["streamId"])
    blob = StreamBlob([Write(stream, b"hello", b"world"), Write(stream, b"k2", b"\1\2\3")], version=KV["version"])
    assert blob.encode() == raw(KV["encoded"])
    assert blob.tags == raw(KV["tags"])
    assert raw(KV["streamDomain"]) == stream_blob.STREAM_DOMAIN


def test_stream_blob_layout() -> None:
    a, b = b"\1" * 32, b"\2" * 32
    blob = StreamBlob([Write(b, b"k", b"")], [Read(a, b"r")], [
        Access(AccessOp.GRANT_ADMIN, a, account=b"\7" * 20),
        Access(AccessOp.GRANT_KEY_WRITER, b, b"k", b"\7" * 20),
        Access(AccessOp.KEY_TO_SPECIAL, a, b"k"),
        Access(AccessOp.RENOUNCE_WRITER, a),
    ])  # fmt: skip
    assert blob.encode() == b"".join([
        b"\xff" * 8, b"\0\0\0\1", a, b"\0\0\1r", b"\0\0\0\1", b, b"\0\0\1k", bytes(8), b"\0\0\0\4",
        b"\x00" + a + b"\7" * 20, b"\x30" + b + b"\0\0\1k" + b"\7" * 20, b"\x10" + a + b"\0\0\1k", b"\x22" + a,
    ])  # fmt: skip
    assert blob.tags == stream_blob.STREAM_DOMAIN + b + a
    # What is only read is not among the tags, as in the official builders: a new stream there would get an administrator.
    assert StreamBlob([Write(b, b"k", b"")], [Read(a, b"r")]).tags == stream_blob.STREAM_DOMAIN + b
    with pytest.raises(InvalidInput):
        StreamBlob(reads=[Read(a, b"r")]).tags  # noqa: B018


@pytest.mark.parametrize(
    "blob",
    [
        StreamBlob([Write(b"\1" * 31, b"k", b"")]), StreamBlob([Write(b"\1" * 32, b"", b"")]),
        StreamBlob([Write(b"\1" * 32, b"k", b"")], version=-1), StreamBlob([Write(b"\1" * 32, b"k", b"")], version=1 << 64),
        StreamBlob([Write(b"\1" * 32, bytes(1 << 24), b"")]), StreamBlob(access=[Access(AccessOp.GRANT_ADMIN, b"\1" * 32)]),
        StreamBlob(access=[Access(AccessOp.KEY_TO_NORMAL, b"\1" * 32)]),
        StreamBlob(access=[Access(AccessOp.RENOUNCE_ADMIN, b"\1" * 32, b"key")]),
        StreamBlob([Write(b"\1" * 32, b"k", b"")] * 65_537),
    ],
    ids=range(9),
)  # fmt: skip
def test_stream_blobs_that_cannot_be_written(blob: StreamBlob) -> None:
    with pytest.raises(InvalidInput):
        blob.encode()
    with pytest.raises(InvalidInput):
        StreamBlob().tags  # noqa: B018

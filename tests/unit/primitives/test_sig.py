"""The facade of the signature kernel: buffers, errors, known addresses, Project Wycheproof's vectors."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import coincurve
import numpy as np
import pytest

from zerog.errors import DeviceError, InvalidInput
from zerog.primitives import sig

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "wycheproof" / "ecdsa_secp256k1_sha256_bitcoin_test.json"


def signed(secret: int, digest: bytes) -> tuple[bytes, bytes]:
    key = coincurve.PrivateKey(secret.to_bytes(32))
    return key.sign_recoverable(digest, hasher=None), key.public_key.format(compressed=False)[1:]


# Secret keys 1, 2 and the first account of the well-known test mnemonic of development chains.
ADDRESSES = {
    1: "7e5f4552091a69125d5dfcb7b8c2659029395bdf",
    2: "2b5ad5c4795c026514f8317c7a215e218dccd6cf",
    0xAC0974BEC39A17E36BA4A6B4D238FF944BACB478CBED5EFCAE784D7BF4F2FF80: "f39fd6e51aad88f6f4ce6ab8827279cfffb92266",
}


def test_known_addresses() -> None:
    digest = hashlib.sha256(b"known addresses").digest()
    signatures = b"".join(signed(secret, digest)[0] for secret in ADDRESSES)
    addresses, ok = sig.recover_addresses(digest * len(ADDRESSES), signatures)
    assert ok.all()
    assert [row.tobytes().hex() for row in addresses] == list(ADDRESSES.values())


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, lambda b: np.frombuffer(b, np.uint8)])
def test_buffer_kinds(kind: type) -> None:
    digest = bytes(range(32))
    signature, key = signed(7, digest)
    keys, ok = sig.recover_many(kind(digest), kind(signature))
    assert keys.shape == (1, 64)
    assert keys.tobytes() == key
    assert ok.tolist() == [True]
    assert sig.verify_many(kind(digest), kind(signature[:64]), kind(key), low_s_only=True).tolist() == [True]


def test_empty() -> None:
    keys, ok = sig.recover_many(b"", b"")
    addresses, _ = sig.recover_addresses(b"", b"")
    assert keys.shape == (0, 64)
    assert addresses.shape == (0, 20)
    assert ok.shape == (0,)
    assert sig.verify_many(b"", b"", b"", low_s_only=False).shape == (0,)
    assert sig.blame(ok).size == 0


def test_ragged_and_unequal_buffers_are_refused() -> None:
    with pytest.raises(InvalidInput, match="digests: expected a multiple of 32"):
        sig.recover_many(bytes(33), bytes(65))
    with pytest.raises(InvalidInput, match="signatures: expected a multiple of 65"):
        sig.recover_many(bytes(32), bytes(64))
    with pytest.raises(InvalidInput, match="signatures: expected 2 items"):
        sig.recover_addresses(bytes(64), bytes(65))
    with pytest.raises(InvalidInput, match="public_keys: expected 1 items"):
        sig.verify_many(bytes(32), bytes(64), bytes(128), low_s_only=True)
    with pytest.raises(InvalidInput, match="contiguous"):
        sig.recover_many(np.zeros((2, 64), np.uint8)[:, ::2], bytes(130))
    with pytest.raises(InvalidInput, match="contiguous"):
        sig.recover_many(["not a buffer"], bytes(65))  # type: ignore[arg-type]


def test_unknown_backend_is_refused() -> None:
    with pytest.raises(DeviceError, match="no backend 'abacus'"):
        sig.recover_many(bytes(32), bytes(65), backend="abacus")


def test_blame_names_the_bad() -> None:
    assert sig.blame(np.array([True, False, True, False])).tolist() == [1, 3]


def parse_der(signature: bytes) -> tuple[int, int] | None:
    """r, s of a strictly encoded DER signature whose numbers fit 32 bytes; None for anything else."""

    def integer(data: bytes) -> tuple[int, bytes] | None:
        if len(data) < 3 or data[0] != 2 or not 0 < data[1] < 0x80 or len(data) < 2 + data[1]:
            return None
        body, rest = data[2 : 2 + data[1]], data[2 + data[1] :]
        if body[0] & 0x80 or (len(body) > 1 and body[0] == 0 and not body[1] & 0x80):
            return None
        return int.from_bytes(body), rest

    if len(signature) < 2 or signature[0] != 0x30 or signature[1] != len(signature) - 2:
        return None
    first = integer(signature[2:])
    second = integer(first[1]) if first else None
    if first is None or second is None or second[1] or max(first[0], second[0]) >= 2**256:
        return None
    return first[0], second[0]


@pytest.mark.parametrize("backend", ["scalar", "avx512"])
def test_wycheproof(backend: str) -> None:
    digests, signatures, keys, expected, names = [], [], [], [], []
    unparsed = 0
    for group in json.loads(VECTORS.read_text())["testGroups"]:
        key = bytes.fromhex(group["publicKey"]["uncompressed"])
        assert len(key) == 65
        for test in group["tests"]:
            parsed = parse_der(bytes.fromhex(test["sig"]))
            if parsed is None:
                unparsed += 1
                assert test["result"] == "invalid", test["tcId"]
                continue
            digests.append(hashlib.sha256(bytes.fromhex(test["msg"])).digest())
            signatures.append(parsed[0].to_bytes(32) + parsed[1].to_bytes(32))
            keys.append(key[1:])
            expected.append(test["result"] == "valid")
            names.append(test["tcId"])
    assert len(expected) + unparsed == 463
    assert len(expected) > 200
    assert 100 < sum(expected) < len(expected)
    try:
        verdicts = sig.verify_many(b"".join(digests), b"".join(signatures), b"".join(keys), low_s_only=True, backend=backend)
    except DeviceError as missing:
        pytest.skip(str(missing))
    wrong = [name for name, verdict, wanted in zip(names, verdicts, expected, strict=True) if verdict != wanted]
    assert wrong == []

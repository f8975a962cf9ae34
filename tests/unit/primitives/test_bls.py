"""BLS over BN254: the protocol's vectors byte for byte, py_ecc as a second opinion, and everything that must be refused."""

from __future__ import annotations

import json
import pickle
import random
from pathlib import Path

import numpy as np
import pytest
from tests.oracle import bls_bn254 as oracle

from zerog import _native
from zerog._native import keccak256
from zerog.errors import InvalidInput, ZerogError
from zerog.primitives import bls

VECTORS = json.loads((Path(__file__).resolve().parents[2] / "vectors" / "zerog_da" / "da_bls.json").read_text())
Q, R = oracle.Q, oracle.R
INFINITY = {"flagged": bytes(63) + b"\x40", "compressed": bytes(31) + b"\x40", "flagged_g2": bytes(127) + b"\x40"}


def key(secret: int) -> bls.SecretKey:
    return bls.SecretKey(secret.to_bytes(32, "big"))


def words(pair: list[str]) -> bytes:
    return bls.from_words([int(v) for v in pair])


@pytest.mark.parametrize("case", VECTORS["blob_signatures"], ids=lambda c: c["data_root"][:8])
def test_vectors_of_attestations(case: dict) -> None:
    commitment = words(case["erasure_commitment"])
    digest = bls.attestation_digest(bytes.fromhex(case["data_root"]), case["epoch"], case["quorum_id"], commitment)
    assert digest.hex() == case["message_keccak"]
    point = bls.map_to_g1(digest)
    assert point == words(case["hash_point"])
    signatures, keys1, keys2 = b"", b"", b""
    for signer in case["signers"]:
        secret = bls.SecretKey.from_decimal(signer["sk"])
        signature = secret.sign(digest)
        assert signature == words(signer["sig"])
        assert bls.encode(signature, "flagged").hex() == signer["sig_wire_hex"]
        assert bls.decode(bytes.fromhex(signer["sig_wire_hex"]), "flagged") == signature
        assert bls.to_words(secret.public_g1) == tuple(int(v) for v in signer["pk_g1"])
        key2 = {axis: tuple(int(v) for v in signer["pk_g2_c0c1"][axis]) for axis in "xy"}
        assert bls.to_words_signers(secret.public_g2) == (key2["x"], key2["y"])
        assert bls.from_words_signers((key2["x"], key2["y"])) == secret.public_g2
        assert bls.verify(digest, signature, secret.public_g2)
        signatures, keys1, keys2 = signatures + signature, keys1 + secret.public_g1, keys2 + secret.public_g2
    aggregate = case["aggregate"]
    signature, key1, key2 = bls.sum_g1(signatures), bls.sum_g1(keys1), bls.sum_g2(keys2)
    assert signature == words(aggregate["sig"])
    assert key1 == words(aggregate["pk_g1"])
    evm = aggregate["pk_g2_c1c0_evm_order"]
    assert bls.to_words_entrance(key2) == tuple(tuple(int(v) for v in evm[axis]) for axis in "xy")
    assert bls.from_words_entrance(bls.to_words_entrance(key2)) == key2
    assert bls.verify_aggregate(digest, signatures, keys2)
    gamma = bls.gamma_entrance(point, signature, key1, key2)
    assert gamma == int(aggregate["gamma"])
    assert bls.verify_bound(point, signature, key1, key2, gamma)
    assert not bls.verify_bound(point, signature, bls.G1_GENERATOR, bls.sum_g2(keys2 + keys2), gamma)


def test_vectors_of_registrations() -> None:
    assert len(VECTORS["registration"]) == 4
    for case in VECTORS["registration"]:
        address = bytes.fromhex(case["address"])
        if case["kind"] == "pubkey_registration":
            digest = bls.registration_digest(address, case["chain_id"])
        else:
            digest = bls.epoch_digest(address, case["epoch"], case["chain_id"])
        assert digest.hex() == case["keccak"]
        assert bls.map_to_g1(digest) == words(case["point"])


def test_vectors_of_encodings() -> None:
    texts = {name: bytes.fromhex(text) for name, text in VECTORS["wire_encoding"].items()}
    negative = bls.from_words((1, Q - 2))
    assert bls.encode(bls.G1_GENERATOR, "plain") == texts["commitment_of_G1_generator_no_flags"]
    assert bls.encode(negative, "flagged") == texts["neg_generator_signature_uncompressed_with_flag"]
    assert bls.encode(negative, "plain") == texts["neg_generator_commitment_no_flag"]
    constant = VECTORS["constant_polynomial_commitment"]
    point = key(int(constant["scalar"])).public_g1
    assert point == words(constant["commitment"])
    assert bls.encode(point, "plain").hex() == constant["commitment_wire_hex"]


@pytest.mark.slow
def test_against_plain_arithmetic(seed: int) -> None:
    rng = random.Random(seed)
    for secret in (1, 2, R - 1, rng.randrange(1, R)):
        digest = rng.randbytes(32)
        made = key(secret)
        assert (made.public_g1, made.public_g2) == oracle.keys(secret)
        assert made.sign(digest) == oracle.sign(secret, digest)
        for form, point in (("plain", made.public_g1), ("flagged", made.public_g1), ("compressed", made.public_g1),
                            ("flagged_g2", made.public_g2)):  # fmt: skip
            wire = oracle.wire(point, form)
            assert bls.encode(point, form) == wire
            assert bls.decode(wire, form) == point


def test_gamma_of_a_registration(seed: int) -> None:
    """Real parts first, the hash before the signature; the chain's own check of the same is tested with DARegistry."""
    secret = key(random.Random(seed).randrange(1, R))
    point = bls.map_to_g1(bls.registration_digest(b"\x11" * 20, 8888))
    signature = secret.sign(bls.registration_digest(b"\x11" * 20, 8888))
    (a, b), (c, d) = bls.to_words_signers(secret.public_g2)
    text = point + signature + secret.public_g1 + b"".join(v.to_bytes(32, "big") for v in (a, b, c, d))
    gamma = bls.gamma_signers(point, signature, secret.public_g1, secret.public_g2)
    assert gamma == int.from_bytes(keccak256(text), "big") % R
    assert gamma != bls.gamma_entrance(point, signature, secret.public_g1, secret.public_g2)
    assert bls.verify_bound(point, signature, secret.public_g1, secret.public_g2, gamma)
    assert not bls.verify_bound(point, signature, key(3).public_g1, secret.public_g2, gamma)


def test_secret_keys_refuse_and_keep_quiet() -> None:
    for number in (0, R, R + 1, 2**256 - 1):
        with pytest.raises(InvalidInput):
            key(number)
    for text in ("", "-1", "0", "1.5", "0x10", " 7", str(R), "9" * 79, "٣", str(2**256)):
        with pytest.raises(InvalidInput) as error:
            bls.SecretKey.from_decimal(text)
        assert len(text) < 20 or text not in str(error.value)
    for size in (0, 31, 33):
        with pytest.raises(InvalidInput):
            bls.SecretKey(bytes(size))
    secret = bls.SecretKey.from_decimal("123456789")
    assert secret.decimal() == "123456789"
    assert "123456789" not in repr(secret)
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert bls.SecretKey.from_random(b"\xff" * 64).decimal() != bls.SecretKey.from_random(b"\xfe" * 64).decimal()
    with pytest.raises(InvalidInput):
        bls.SecretKey.from_random(bytes(47))
    with pytest.raises(InvalidInput):
        secret.sign(bytes(31))


@pytest.mark.parametrize("form", ["plain", "flagged", "compressed", "flagged_g2"])
def test_every_changed_bit_is_refused_or_another_point(form: bls.Form, seed: int) -> None:
    """Uncompressed forms: no bit can change. Compressed: what decodes is another point, and encodes to the changed bytes."""
    made = key(random.Random(seed).randrange(1, R))
    point = made.public_g2 if form == "flagged_g2" else made.public_g1
    wire = bls.encode(point, form)
    for bit in range(8 * len(wire)):
        changed = bytearray(wire)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            found = bls.decode(bytes(changed), form)
        except InvalidInput:
            continue
        assert form == "compressed"
        assert found != point
        assert bls.encode(found, form) == changed


@pytest.mark.parametrize("form", ["plain", "flagged", "compressed", "flagged_g2"])
def test_decoders_refuse(form: bls.Form) -> None:
    size = {"plain": 64, "flagged": 64, "compressed": 32, "flagged_g2": 128}[form]
    good = bls.encode(key(9).public_g2 if form == "flagged_g2" else key(9).public_g1, form)
    too_large = (int.from_bytes(good[:32], "little") + Q) & (1 << 256) - 1
    bad = {
        "short": good[:-1],
        "long": good + b"\0",
        "empty": b"",
        "zeros": bytes(size),
        "all ones": b"\xff" * size,
        "both flags": bytes(size - 1) + b"\xc0",
        "infinity with a number": b"\x01" + bytes(size - 2) + b"\x40",
        "not canonical": too_large.to_bytes(32, "little")[:32] + good[32:],
        "x at the modulus": Q.to_bytes(32, "little") + good[32:],
    }
    for name, wire in bad.items():
        if name == "zeros" and form == "compressed":
            continue  # x = 0: the test of roots below has it
        with pytest.raises(InvalidInput):
            bls.decode(wire, form)
    if form == "plain":
        with pytest.raises(InvalidInput):
            bls.encode(bytes(64), form)  # infinity has no such form
    else:
        infinity = bytes(128 if form == "flagged_g2" else 64)
        assert bls.encode(infinity, form) == INFINITY[form]
        assert bls.decode(INFINITY[form], form) == infinity


def test_compressed_without_a_root_is_refused() -> None:
    refused = 0
    for x in range(40):
        has_root = pow(x**3 + 3, (Q - 1) // 2, Q) == 1
        wire = x.to_bytes(32, "little")
        if has_root:
            assert bls.to_words(bls.decode(wire, "compressed"))[0] == x
        else:
            refused += 1
            with pytest.raises(InvalidInput):
                bls.decode(wire, "compressed")
    assert refused > 5


def test_points_outside_the_group_are_refused_everywhere(seed: int) -> None:
    stray = oracle.twist_point_outside_group(seed)
    assert not bls.accepts(stray)
    digest = bytes(32)
    signature = key(5).sign(digest)
    assert not bls.verify(digest, signature, stray)
    assert not bls.verify_aggregate(digest, signature, stray)
    assert not bls.verify_bound(bls.map_to_g1(digest), signature, key(5).public_g1, stray, 7)
    with pytest.raises(InvalidInput):
        bls.encode(stray, "flagged_g2")
    for flagged in (0, 0x80):
        wire = bytearray(oracle.wire(stray, "flagged_g2"))
        wire[-1] = wire[-1] & 0x3F | flagged
        with pytest.raises(InvalidInput):
            bls.decode(bytes(wire), "flagged_g2")
    for infinity in (bytes(64), bytes(128)):
        assert not bls.accepts(infinity)
    for off_curve in (bls.from_words((1, 3)), bls.from_words((Q, 2)), bls.from_words((1, Q + 2))):
        assert not bls.accepts(off_curve)
    with pytest.raises(InvalidInput, match="item 1"):
        bls.sum_g1(bls.G1_GENERATOR + bls.from_words((1, 3)))
    assert not bls.verify(digest, bytes(64), bytes(128))  # e(0, ·) = e(·, 0) = 1 proves nothing
    assert not bls.verify_aggregate(digest, b"", b"")


@pytest.fixture(params=["scalar", "emu"])
def backend(request: pytest.FixtureRequest) -> str:
    report = next(entry for entry in _native.backends() if entry["kernel"] == "bls_bn254")
    if request.param not in report["available"]:
        pytest.skip(f"{request.param}: not in this build")
    return str(request.param)


def test_sums_on_every_backend(backend: str, seed: int) -> None:
    """Repetitions, opposite points and infinity among others; the sums are those of py_ecc's multiples."""
    rng = random.Random(seed)
    for count in (0, 1, 2, 13):
        factors = [rng.randrange(1, R) for _ in range(count)]
        if count == 13:
            factors[4], factors[6] = factors[3], R - factors[5]
        total = sum(factors) % R
        owners = [key(factor) for factor in factors]
        points1, points2 = b"".join(k.public_g1 for k in owners), b"".join(k.public_g2 for k in owners)
        wanted1, wanted2 = (key(total).public_g1, key(total).public_g2) if total else (bytes(64), bytes(128))
        assert bls.sum_g1(points1 + bytes(64), backend=backend) == wanted1
        assert bls.sum_g2(bytes(128) + points2, backend=backend) == wanted2
    digest = rng.randbytes(32)
    signatures = b"".join(k.sign(digest) for k in owners)
    assert bls.verify_aggregate(digest, signatures, points2, backend=backend)
    assert not bls.verify_aggregate(digest, signatures[64:] + bls.G1_GENERATOR, points2, backend=backend)
    with pytest.raises(InvalidInput, match="item 2"):
        bls.sum_g2(points2[:256] + points2[:127] + b"\x01", backend=backend)
    with pytest.raises(ZerogError, match="bls_bn254"):
        bls.sum_g1(b"", backend="abacus")


def test_blame_by_index(backend: str, seed: int) -> None:
    """Several digests, several kinds of bad entries among good ones: each is named, nobody else is."""
    rng = random.Random(seed)
    count = 24
    secrets = [key(rng.randrange(1, R)) for _ in range(count)]
    digests = [bytes([i % 3]) * 32 for i in range(count)]
    signatures = [secret.sign(digest) for secret, digest in zip(secrets, digests, strict=True)]
    keys = [secret.public_g2 for secret in secrets]
    for group in (False, True):
        ok = bls.verify_many(b"".join(digests), b"".join(signatures), b"".join(keys), keys_in_group=group, backend=backend)
        assert ok.all()
    bad = {3: bytes(64), 4: signatures[7], 11: bls.from_words((1, 3)), 23: bls.G1_GENERATOR}
    for index, signature in bad.items():
        signatures[index] = signature
    keys[16] = oracle.twist_point_outside_group(seed)
    keys[17] = bytes(128)
    ok = bls.verify_many(b"".join(digests), b"".join(signatures), b"".join(keys), backend=backend)
    assert np.flatnonzero(~ok).tolist() == sorted([*bad, 16, 17])
    one = [bls.verify(d, s, k) for d, s, k in zip(digests, signatures, keys, strict=True)]
    assert ok.tolist() == one


@pytest.mark.parametrize("count", [15, 16, 127, 128, 300])
def test_every_width_of_the_weighted_sums(count: int, seed: int) -> None:
    """Two digests, one bad signature anywhere: found alone, at every size where the sums change their windows."""
    rng = random.Random(seed)
    secrets = [key(rng.randrange(1, R)) for _ in range(8)]
    owners = [secrets[i % 8] for i in range(count)]
    digests = [bytes([i % 2]) * 32 for i in range(count)]
    made = {(secret, digest): secret.sign(digest) for secret in secrets for digest in set(digests)}
    signatures = [made[owner, digest] for owner, digest in zip(owners, digests, strict=True)]
    keys = b"".join(owner.public_g2 for owner in owners)
    assert bls.verify_many(b"".join(digests), b"".join(signatures), keys, keys_in_group=True).all()
    bad = rng.randrange(count)
    signatures[bad] = bls.sum_g1(signatures[bad] + bls.G1_GENERATOR)
    ok = bls.verify_many(b"".join(digests), b"".join(signatures), keys, keys_in_group=True)
    assert np.flatnonzero(~ok).tolist() == [bad]


def test_errors_that_cancel_in_a_sum_are_found(backend: str, seed: int) -> None:
    """Two signatures shifted by opposite points: the plain sum holds, the weighted one does not."""
    rng = random.Random(seed)
    digest = rng.randbytes(32)
    secrets = [key(rng.randrange(1, R)) for _ in range(4)]
    x, y = bls.to_words(secrets[0].public_g1)
    signatures = [secret.sign(digest) for secret in secrets]
    signatures[1] = bls.sum_g1(signatures[1] + bls.from_words((x, y)))
    signatures[2] = bls.sum_g1(signatures[2] + bls.from_words((x, Q - y)))
    keys = b"".join(secret.public_g2 for secret in secrets)
    assert bls.verify_aggregate(digest, b"".join(signatures), keys, backend=backend)
    assert bls.verify_many(digest * 4, b"".join(signatures), keys, backend=backend).tolist() == [True, False, False, True]


def test_ragged_buffers() -> None:
    with pytest.raises(InvalidInput):
        bls.verify_many(bytes(33), bytes(64), bytes(128))
    with pytest.raises(InvalidInput):
        bls.verify_many(bytes(32), bytes(128), bytes(128))
    with pytest.raises(InvalidInput):
        bls.verify_aggregate(bytes(32), bytes(64), bytes(256))
    with pytest.raises(InvalidInput):
        bls.to_words(bytes(63))
    with pytest.raises(InvalidInput):
        bls.from_words((1 << 256, 0))
    with pytest.raises(InvalidInput):
        bls.accepts(bytes(65))
    assert bls.verify_many(b"", b"", b"").shape == (0,)

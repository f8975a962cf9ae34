"""Every backend of the ECDSA kernel against libsecp256k1 (through coincurve) and against the definition."""

from __future__ import annotations

import random
import re
from pathlib import Path

import coincurve
import pytest

from oracle import ecdsa as oracle
from zerog import _native
from zerog.primitives import sig

ROOT = Path(__file__).resolve().parents[2]
BACKENDS = ("scalar", "avx512")


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    report = next(entry for entry in _native.backends() if entry["kernel"] == "ecdsa")
    if request.param not in report["available"]:
        pytest.skip(f"{request.param}: {report['unavailable']}")
    return str(request.param)


@pytest.fixture
def rng(seed: int) -> random.Random:
    return random.Random(seed)


def number(value: int) -> bytes:
    return value.to_bytes(32)


def times_generator(k: int) -> oracle.Point:
    """k G by libsecp256k1, which is quicker than the definition."""
    if k % oracle.N == 0:
        return None
    return coincurve.PublicKey.from_valid_secret(number(k % oracle.N)).point()


def test_against_libsecp256k1(backend: str, rng: random.Random) -> None:
    digests, signatures, keys = [], [], []
    for i in range(150):
        secret = coincurve.PrivateKey(number(rng.randrange(1, oracle.N)))
        digest = rng.choice([rng.randbytes(32), bytes(32), b"\xff" * 32])
        signature = bytearray(secret.sign_recoverable(digest, hasher=None))
        if i % 3 == 1:  # one bit turned somewhere
            signature[rng.randrange(64)] ^= 1 << rng.randrange(8)
        digests.append(digest)
        signatures.append(bytes(signature))
        keys.append(secret.public_key.format(compressed=False)[1:])
    found, ok = sig.recover_many(b"".join(digests), b"".join(signatures), backend=backend)
    verdicts = sig.verify_many(
        b"".join(digests), b"".join(s[:64] for s in signatures), b"".join(keys), low_s_only=True, backend=backend
    )
    for i, (digest, signature) in enumerate(zip(digests, signatures, strict=True)):
        try:
            recovered = coincurve.PublicKey.from_signature_and_message(signature, digest, hasher=None)
            expected = recovered.format(compressed=False)[1:]
        except Exception:  # coincurve raises bare exceptions
            expected = None
        assert ok[i] == (expected is not None)
        assert found[i].tobytes() == (expected or bytes(64))
        assert verdicts[i] == (i % 3 != 1)


def test_borders_against_definition(backend: str, rng: random.Random) -> None:
    n, p = oracle.N, oracle.P
    borders = [0, 1, 2, n // 2, n // 2 + 1, n - 1, n, n + 1, p - n - 1, p - n, p - 1, p, 2**256 - 1]
    small_on_curve = next(r for r in range(rng.randrange(2**64), 2**65) if oracle.lift_x(r + n, 0))
    small_off_curve = next(r for r in range(rng.randrange(2**64), 2**65) if not oracle.lift_x(r + n, 0))
    cases = [
        (number(rng.choice(borders)), number(r) + number(s) + bytes([recovery_id]))
        for r in [*borders, small_on_curve, small_off_curve]
        for s in rng.sample(borders, 3)
        for recovery_id in (0, 1, 2, 3, 4, 27, 255)
    ]
    expected = [oracle.recover(digest, signature) for digest, signature in cases]
    digests, signatures = b"".join(c[0] for c in cases), b"".join(c[1] for c in cases)
    found, ok = sig.recover_many(digests, signatures, backend=backend)
    for i, key in enumerate(expected):
        assert ok[i] == (key is not None), cases[i][1].hex()
        assert found[i].tobytes() == (key or bytes(64)), cases[i][1].hex()
    assert any(key is not None and case[1][64] in (2, 3) for key, case in zip(expected, cases, strict=True))

    # The found keys, and keys beside the curve or out of range, under the verifier.
    keys = [
        key
        or rng.choice([bytes(64), number(p) + number(1), oracle.pack((oracle.G[0], oracle.G[1] + 1)), oracle.pack(oracle.G)])
        for key in expected
    ]
    for low_s_only in (False, True):
        verdicts = sig.verify_many(
            digests, b"".join(c[1][:64] for c in cases), b"".join(keys), low_s_only=low_s_only, backend=backend
        )
        for i, (digest, signature) in enumerate(cases):
            assert verdicts[i] == oracle.verify(digest, signature[:64], keys[i], low_s_only=low_s_only), signature.hex()


def test_digits_spell_the_scalar(rng: random.Random) -> None:
    for q in [0, 1, 2, oracle.N - 1, oracle.N // 2, oracle.LAMBDA, *(rng.randrange(oracle.N) for _ in range(200))]:
        for bits, width in ((132, 4), (130, 13)):
            first, second = oracle.digits(q, bits, width)
            assert all(d % 2 == 1 and abs(d) < 2**width for d in first + second)
            total = sum((a + b * oracle.LAMBDA) << (width * i) for i, (a, b) in enumerate(zip(first, second, strict=True)))
            assert total % oracle.N == q


def test_constants_are_those_of_the_definition() -> None:
    source = (ROOT / "cpp/field/secp256k1_fn.hpp").read_text() + (ROOT / "cpp/curve/secp256k1.hpp").read_text()
    source = source.replace("kMask52", hex(2**52 - 1)).replace("kMask48", hex(2**48 - 1))

    def limbs(name: str) -> int:
        text = re.search(name + r"(?:\[3\])? = \{+([^}]*)\}", source)
        assert text is not None, name
        return sum(int(limb, 0) << 52 * i for i, limb in enumerate(text.group(1).split(",")))

    n = oracle.N
    assert limbs("kOrder") == n
    assert f"{-pow(n, -1, 2**52) % 2**52:#x}" in source
    assert limbs("kSplitG1") == oracle.SPLIT_G1
    assert limbs("kSplitG2") == oracle.SPLIT_G2
    assert limbs("kSplitA1") == oracle.A1 == oracle.B2
    assert limbs("kSplitA2") == oracle.A2
    assert limbs("kSplitMinusB1") == -oracle.B1
    assert limbs("kOffset132") == oracle.offset(132)
    assert limbs("kOffset130") == oracle.offset(130)
    assert limbs("kBeta") == oracle.BETA
    assert (limbs("kGeneratorX"), limbs("kGeneratorY")) == oracle.G
    assert oracle.multiply(oracle.LAMBDA, oracle.G) == (oracle.BETA * oracle.G[0] % oracle.P, oracle.G[1])
    assert (oracle.A1 + oracle.B1 * oracle.LAMBDA) % n == (oracle.A2 + oracle.B2 * oracle.LAMBDA) % n == 0


@pytest.mark.parametrize("sign", [1, -1])
def test_exceptional_additions(backend: str, rng: random.Random, sign: int) -> None:
    """For each of the 85 additions of the row: a point for which it adds equal (or opposite) points."""
    n = oracle.N
    u1, u2 = rng.randrange(1, n), rng.randrange(1, n)
    digests, signatures, keys, recoverable, recovered = [], [], [], [], []
    steps = list(oracle.additions(u1, u2))
    assert len(steps) == 33 * 2 - 1 + 10 * 2
    hit = 0
    for step in steps:
        # base + own k = sign (base_term + own_term k)
        if step.base == step.base_term == 0:
            continue  # only multiples of the point itself so far: never equal
        k = (sign * step.base_term - step.base) * pow(step.own - sign * step.own_term, -1, n) % n
        assert (step.base + step.own * k - sign * (step.base_term + step.own_term * k)) % n == 0
        point = times_generator(k)
        total = times_generator(u1 + u2 * k)
        assert point is not None
        # As a recovery: the point is R, r = x(R), s = u2 r, z = -u1 r.
        r = point[0] % n
        recoverable.append((number(-u1 * r % n), number(r) + number(u2 * r % n) + bytes([point[1] & 1])))
        recovered.append(bytes(64) if total is None else oracle.pack(total))
        # As a verification: the point is the key and r = x(u1 G + u2 Q); after an opposite pair at the very end there is none.
        if total is not None:
            r = total[0] % n
            s = r * pow(u2, -1, n) % n
            digests.append(number(u1 * s % n))
            signatures.append(number(r) + number(s))
            keys.append(oracle.pack(point))
        hit += 1
    assert hit > 60
    found, ok = sig.recover_many(b"".join(c[0] for c in recoverable), b"".join(c[1] for c in recoverable), backend=backend)
    assert found.tobytes() == b"".join(recovered)
    assert ok.tolist() == [key != bytes(64) for key in recovered]
    verdicts = sig.verify_many(b"".join(digests), b"".join(signatures), b"".join(keys), low_s_only=False, backend=backend)
    assert verdicts.all()


def test_infinite_results(backend: str, rng: random.Random) -> None:
    """u1 G + u2 P = infinity: no key can be recovered, no signature holds."""
    n = oracle.N
    digests, signatures, forged, keys = [], [], [], []
    for _ in range(9):
        k, u2 = rng.randrange(1, n), rng.randrange(1, n)
        point = times_generator(k)
        assert point is not None
        r = point[0] % n
        digests.append(number(u2 * k * r % n))
        signatures.append(number(r) + number(u2 * r % n) + bytes([point[1] & 1]))
        # z / s = -k r / s with the key k G: the sum vanishes whatever r and s are.
        s = rng.randrange(1, n)
        forged.append((number(-r * k % n), number(r) + number(s)))
        keys.append(oracle.pack(point))
    found, ok = sig.recover_many(b"".join(digests), b"".join(signatures), backend=backend)
    assert not ok.any()
    assert not found.any()
    verdicts = sig.verify_many(
        b"".join(f[0] for f in forged), b"".join(f[1] for f in forged), b"".join(keys), low_s_only=False, backend=backend
    )
    assert not verdicts.any()


def test_wrapped_x(backend: str) -> None:
    """A nonce point with x at n or above: r = x - n, recovery ids 2 and 3, and the verifier's second comparison."""
    n = oracle.N
    digests, signatures, keys = [], [], []
    r = 1
    while len(keys) < 10:
        for odd in (0, 1):
            point = oracle.lift_x(r + n, odd)
            if point is not None:
                digest, s = number(3 * r), 12345 + r
                signature = number(r) + number(s) + bytes([2 + odd])
                key = oracle.recover(digest, signature)
                assert key is not None
                digests.append(digest)
                signatures.append(signature)
                keys.append(key)
        r += 1
    found, ok = sig.recover_many(b"".join(digests), b"".join(signatures), backend=backend)
    assert ok.all()
    assert found.tobytes() == b"".join(keys)
    verdicts = sig.verify_many(
        b"".join(digests), b"".join(s[:64] for s in signatures), b"".join(keys), low_s_only=True, backend=backend
    )
    assert verdicts.all()

"""BN254 against py_ecc: encodings, group laws, pairings; and the generated constants."""

from __future__ import annotations

import random
import runpy
from pathlib import Path

import pytest
from py_ecc import optimized_bn128 as ecc

from zerog import _native

ROOT = Path(__file__).resolve().parents[2]
P, R = ecc.field_modulus, ecc.curve_order
FAILED = (False, 10**7, b"")


def run(address: int, data: bytes) -> tuple[bool, int, bytes]:
    return _native.precompile(address, data, 10**7)


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def g1(point: object) -> bytes:
    if ecc.is_inf(point):
        return bytes(64)
    x, y = ecc.normalize(point)
    return word(int(x)) + word(int(y))


def g2(point: object) -> bytes:
    if ecc.is_inf(point):
        return bytes(128)
    x, y = ecc.normalize(point)
    return b"".join(word(int(c)) for c in (x.coeffs[1], x.coeffs[0], y.coeffs[1], y.coeffs[0]))


def test_constants_are_regenerated() -> None:
    generated = runpy.run_path(str(ROOT / "cpp" / "field" / "gen_constants.py"))["render"]()
    assert generated == (ROOT / "cpp" / "field" / "bn254_constants.hpp").read_text()


def test_addition(seed: int) -> None:
    rng = random.Random(seed)
    points = [ecc.multiply(ecc.G1, rng.randrange(R)) for _ in range(8)] + [ecc.Z1, ecc.G1, ecc.neg(ecc.G1)]
    for a in points:
        for b in points:
            assert run(6, g1(a) + g1(b)) == (True, 150, g1(ecc.add(a, b)))
    assert run(6, b"") == (True, 150, bytes(64))
    assert run(6, g1(ecc.G1)[:33]) == FAILED  # x = 1 with a cut y is off the curve
    assert run(6, g1(ecc.G1) + g1(ecc.G1) + b"more") == run(6, g1(ecc.G1) + g1(ecc.G1))


def test_multiplication(seed: int) -> None:
    rng = random.Random(seed)
    for scalar in [0, 1, 2, 7, 8, 9, 15, 16, 17, R - 1, R, R + 1, 2**256 - 1, *(rng.randrange(2**256) for _ in range(12))]:
        point = ecc.multiply(ecc.G1, rng.randrange(1, R))
        assert run(7, g1(point) + word(scalar)) == (True, 6000, g1(ecc.multiply(point, scalar % R)))
    assert run(7, bytes(64) + word(5)) == (True, 6000, bytes(64))


@pytest.mark.parametrize("address", [6, 7])
def test_bad_points(address: int) -> None:
    for x, y in [(1, 1), (P, 0), (P + 1, 2), (1, P + 2), (0, P), (0, 1), (2**256 - 1, 2)]:
        assert run(address, word(x) + word(y) + bytes(64)) == FAILED


def test_pairing(seed: int) -> None:
    rng = random.Random(seed)
    a, b = rng.randrange(1, R), rng.randrange(1, R)
    p, q = ecc.multiply(ecc.G1, a), ecc.multiply(ecc.G2, b)
    ab = ecc.multiply(ecc.G1, R - a * b % R)
    yes, no = word(1), word(0)
    assert run(8, b"") == (True, 45000, yes)
    assert run(8, g1(p) + g2(q)) == (True, 79000, no)
    assert run(8, g1(p) + g2(q) + g1(ab) + g2(ecc.G2)) == (True, 113000, yes)
    assert run(8, g1(p) + g2(q) + g1(ecc.add(ab, ecc.G1)) + g2(ecc.G2)) == (True, 113000, no)
    assert run(8, g1(p) + g2(ecc.Z2)) == (True, 79000, yes)
    assert run(8, g1(ecc.Z1) + g2(q)) == (True, 79000, yes)
    # py_ecc agrees on a product of three.
    c = rng.randrange(1, R)
    r = ecc.multiply(ecc.G2, c)
    pairs = [(p, q), (ecc.G1, r), (ecc.multiply(ecc.G1, R - (a * b + c) % R), ecc.G2)]
    product = ecc.FQ12.one()
    for left, right in pairs:
        product *= ecc.pairing(right, left)
    assert (product == ecc.FQ12.one()) is True
    assert run(8, b"".join(g1(left) + g2(right) for left, right in pairs)) == (True, 147000, yes)


def test_pairing_rejects(seed: int) -> None:
    rng = random.Random(seed)
    good = g1(ecc.G1) + g2(ecc.G2)
    for end in (1, 64, 191, 193, 383):
        assert run(8, (good + good)[:end]) == FAILED
    for i in range(6):
        data = bytearray(good)
        data[32 * i : 32 * i + 32] = word(P)
        assert run(8, bytes(data)) == FAILED
    # On the twist but outside the group: almost every point of the twist is.
    while True:
        x = ecc.FQ2([rng.randrange(P), rng.randrange(P)])
        y = square_root(x * x * x + ecc.b2)
        if y is not None:
            break
    outside = (x, y, ecc.FQ2.one())
    assert ecc.is_on_curve(outside, ecc.b2)
    assert not ecc.is_inf(ecc.multiply(outside, R))
    assert run(8, g1(ecc.G1) + g2(outside)) == FAILED
    assert run(8, bytes(64) + g2(outside)) == FAILED
    assert run(8, good + g1(ecc.G1) + g2(outside)) == FAILED


def square_root(a: ecc.FQ2) -> ecc.FQ2 | None:
    """A root in Fp2 by the norm, or None."""
    a0, a1 = (int(c) for c in a.coeffs)
    norm = pow(a0 * a0 + a1 * a1, (P + 1) // 4, P)
    for s in (norm, P - norm):
        x = pow((a0 + s) * pow(2, -1, P) % P, (P + 1) // 4, P)
        if x == 0:
            continue
        root = ecc.FQ2([x, a1 * pow(2 * x, -1, P) % P])
        if root * root == a:
            return root
    return None

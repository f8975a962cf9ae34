"""BLS over BN254 from the definitions, on py_ecc's points: slow, plain integers, nothing shared with the package.

Source: docs/protocol/da.md; arkworks' canonical serialization for the flags.
"""

from __future__ import annotations

from typing import Any

from py_ecc.optimized_bn128 import FQ, FQ2, G1, G2, curve_order, field_modulus, multiply, normalize

R, Q = int(curve_order), int(field_modulus)


def map_to_g1(digest: bytes) -> tuple[FQ, FQ, FQ]:
    x = int.from_bytes(digest, "big") % Q
    while True:
        square = (x**3 + 3) % Q
        y = pow(square, (Q + 1) // 4, Q)
        if y * y % Q == square:
            return FQ(x), FQ(y), FQ(1)
        x = (x + 1) % Q


def be(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(32, "big") for number in numbers)


def g1_bytes(point: Any) -> bytes:
    x, y = normalize(point)
    return be(int(x), int(y))


def g2_bytes(point: Any) -> bytes:
    x, y = normalize(point)
    return be(int(x.coeffs[1]), int(x.coeffs[0]), int(y.coeffs[1]), int(y.coeffs[0]))


def sign(secret: int, digest: bytes) -> bytes:
    return g1_bytes(multiply(map_to_g1(digest), secret))


def keys(secret: int) -> tuple[bytes, bytes]:
    return g1_bytes(multiply(G1, secret)), g2_bytes(multiply(G2, secret))


def wire(point: bytes, form: str) -> bytes:
    """The little-endian forms of a 64- or 128-byte point."""
    numbers = [int.from_bytes(point[at : at + 32], "big") for at in range(0, len(point), 32)]
    if form == "flagged_g2":
        numbers = [numbers[1], numbers[0], numbers[3], numbers[2]]
    y = numbers[len(numbers) // 2 :]
    larger = [n for n in reversed(y) if n][:1] if form == "flagged_g2" else y
    flag = 0x40 if not any(numbers) else 0x80 if larger[0] > (Q - 1) // 2 else 0
    if form == "compressed":
        numbers = numbers[:1]
    out = bytearray(b"".join(number.to_bytes(32, "little") for number in numbers))
    if form != "plain":
        out[-1] |= flag
    return bytes(out)


def twist_point_outside_group(seed: int) -> bytes:
    """A point of y² = x³ + 3 / (9 + u) over Fq2 that is not of order r."""
    b = FQ2([3, 0]) / FQ2([9, 1])
    x0 = seed % Q
    while True:
        x0 += 1
        x = FQ2([x0, 1])
        y = _root(x * x * x + b)
        if y is not None:
            point = (x, y, FQ2.one())
            assert multiply(point, R)[2] != FQ2.zero()
            return g2_bytes(point)


def _root(a: FQ2) -> FQ2 | None:
    c0, c1 = (int(c) for c in a.coeffs)
    norm = pow((c0 * c0 + c1 * c1) % Q, (Q + 1) // 4, Q)
    for n in (norm, -norm):
        half = (c0 + n) * pow(2, -1, Q) % Q
        re = pow(half, (Q + 1) // 4, Q)
        if re and re * re % Q == half:
            root = FQ2([re, c1 * pow(2 * re, -1, Q) % Q])
            if root * root == a:
                return root
    return None

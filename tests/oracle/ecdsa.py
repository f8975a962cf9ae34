"""ECDSA over secp256k1 from the definition: affine points, plain integers, nothing fast.

Source: SEC 1 v2.0, 4.1.4 (verify) and 4.1.6 (recover); SEC 2 v2.0, 2.4.1 (the curve). The second half states the digit form of
scalars that the lanes use (docs/kernels/ecdsa.md), so that tests can build inputs that hit a chosen exceptional addition.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)
LAMBDA = 0x5363AD4CC05C30E0A5261C028812645A122E22EA20816678DF02967C1B23BD72
BETA = 0x7AE96A2B657C07106E64479EAC3434E99CF0497512F58995C1396C28719501EE

Point = tuple[int, int] | None  # None is the point at infinity


def add(a: Point, b: Point) -> Point:
    if a is None or b is None:
        return b if a is None else a
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return None
        slope = 3 * a[0] * a[0] * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def multiply(k: int, point: Point) -> Point:
    total: Point = None
    while k:
        if k & 1:
            total = add(total, point)
        point = add(point, point)
        k >>= 1
    return total


def lift_x(x: int, odd: int) -> Point:
    """The point with this x whose y has the given parity; None if there is none."""
    square = (x * x * x + 7) % P
    y = pow(square, (P + 1) // 4, P)
    if y * y % P != square:
        return None
    return x, (P - y if y & 1 != odd else y)


def recover(digest: bytes, signature65: bytes) -> bytes | None:
    """The public key x ‖ y, or None where the signature has none."""
    r, s, recovery_id = int.from_bytes(signature65[:32]), int.from_bytes(signature65[32:64]), signature65[64]
    if not (0 < r < N and 0 < s < N and recovery_id < 4):
        return None
    x = r + N if recovery_id & 2 else r
    if x >= P:
        return None
    nonce_point = lift_x(x, recovery_id & 1)
    if nonce_point is None:
        return None
    inverse = pow(r, -1, N)
    key = add(multiply(-int.from_bytes(digest) * inverse % N, G), multiply(s * inverse % N, nonce_point))
    return None if key is None else pack(key)


def verify(digest: bytes, signature64: bytes, public_key64: bytes, *, low_s_only: bool) -> bool:
    r, s = int.from_bytes(signature64[:32]), int.from_bytes(signature64[32:])
    x, y = int.from_bytes(public_key64[:32]), int.from_bytes(public_key64[32:])
    if not (0 < r < N and 0 < s < N) or (low_s_only and s > N // 2):
        return False
    if x >= P or y >= P or (y * y - x * x * x - 7) % P != 0:
        return False
    inverse = pow(s, -1, N)
    point = add(multiply(int.from_bytes(digest) * inverse % N, G), multiply(r * inverse % N, (x, y)))
    return point is not None and point[0] % N == r


def pack(point: tuple[int, int]) -> bytes:
    return point[0].to_bytes(32) + point[1].to_bytes(32)


# The scalar's digits, as the lanes write them.

A1 = B2 = 0x3086D221A7D46BCDE86C90E49284EB15
B1 = -0xE4437ED6010E88286F547FA90ABFE4C3
A2 = 0x114CA50F7A8E2F3F657C1108D9D44CFD8
SPLIT_G1 = (2**384 * B2 + N // 2) // N
SPLIT_G2 = (2**384 * -B1 + N // 2) // N


def offset(bits: int) -> int:
    """What is added to a scalar before it is halved and split."""
    return (2**bits - 2**129 - 1) * (1 + LAMBDA) % N


def split(s: int) -> tuple[int, int]:
    """s1, s2 with s = s1 + s2 λ mod n and both below 2^128 in size."""
    c1, c2 = (s * SPLIT_G1 + 2**383) >> 384, (s * SPLIT_G2 + 2**383) >> 384
    return s - c1 * A1 - c2 * A2, -c1 * B1 - c2 * B2


def digits(q: int, bits: int, width: int) -> tuple[list[int], list[int]]:
    """Odd digits d with q = Σ (d1[i] + d2[i] λ) 2^(width i) mod n, least first."""
    halves = split((q + offset(bits)) * pow(2, -1, N) % N)
    rows = []
    for half in halves:
        v = half + 2**128
        assert 0 <= v < 2**129
        rows.append([2 * (v >> width * i & (2**width - 1)) + 1 - 2**width for i in range(bits // width)])
    return rows[0], rows[1]


@dataclass(frozen=True)
class Addition:
    """One addition of the lanes' row: (base + own k) G plus (base_term + own_term k) G, for the point k G."""

    base: int
    own: int
    base_term: int
    own_term: int


def additions(u1: int, u2: int) -> Iterator[Addition]:
    """The additions of u1 G + u2 P in order, as multiples of G and P: 33 windows of 4 bits for P, 10 of 13 bits for G."""
    own1, own2 = digits(u2, 132, 4)
    base1, base2 = digits(u1, 130, 13)
    base, own = 0, own1[32]
    for position in range(128, -1, -1):
        if position < 128:
            base, own = 2 * base, 2 * own
        terms = []
        if position % 4 == 0:
            if position < 128:
                terms.append((0, own1[position // 4]))
            terms.append((0, own2[position // 4] * LAMBDA))
        if position % 13 == 0 and position < 128:
            terms += [(base1[position // 13], 0), (base2[position // 13] * LAMBDA, 0)]
        for base_term, own_term in terms:
            yield Addition(base % N, own % N, base_term % N, own_term % N)
            base, own = base + base_term, own + own_term
    assert (base - u1) % N == 0
    assert (own - u2) % N == 0

"""Files in the formats of a ceremony, made from a known tau: scalars from the closed forms, points from py_ecc and our sums.

Source: docs/protocol/da.md §§1.9, 1.10.
"""

from __future__ import annotations

import struct
from functools import cache

import numpy as np
from py_ecc.optimized_bn128 import G2, multiply

from oracle import bls_bn254
from oracle.amt import Scalars
from zerog.primitives import commit
from zerog.primitives.blob import Geometry
from zerog.primitives.fields import FR_MODULUS

R, Q = FR_MODULUS, bls_bn254.Q
GENERATOR = (1).to_bytes(32, "little") + (2).to_bytes(32, "little")


def flags(y: bytes) -> int:
    """Of a coordinate, little-endian."""
    return 0x80 if int.from_bytes(y, "little") > (Q - 1) // 2 else 0


@cache
def g1(scalar: int) -> bytes:
    """64 bytes, little-endian, no flags."""
    return commit.g1_sum(GENERATOR, (scalar % R).to_bytes(32, "little"))


@cache
def g2(scalar: int) -> bytes:
    """128 bytes, big-endian, imaginary parts first."""
    return bls_bn254.g2_bytes(multiply(G2, scalar % R))


def canonical_g1(point: bytes) -> bytes:
    return point[:63] + bytes([point[63] | flags(point[32:])])


def canonical_g2(point: bytes) -> bytes:
    return bls_bn254.wire(point, "flagged_g2")


def compressed_g1(point: bytes) -> bytes:
    return point[:31] + bytes([point[31] | flags(point[32:])])


def compressed_g2(point: bytes) -> bytes:
    full = canonical_g2(point)
    return full[:63] + bytes([full[63] | full[127] & 0xC0])


def limbs(point: bytes) -> bytes:
    """Little-endian coordinates to Montgomery form."""
    numbers = [int.from_bytes(point[at : at + 32], "little") for at in range(0, len(point), 32)]
    return b"".join((number * (1 << 256) % Q).to_bytes(32, "little") for number in numbers)


def little_g2(point: bytes) -> bytes:
    """Little-endian, real parts first."""
    return canonical_g2(point)[:127] + bytes([canonical_g2(point)[127] & 0x3F])


def reversed_bits(value: int, bits: int) -> int:
    return int(f"{value:0{bits}b}"[::-1], 2) if bits else 0


def counted(items: list[bytes]) -> bytes:
    return struct.pack("<Q", len(items)) + b"".join(items)


class Ceremony:
    """What everybody would publish about one tau and one geometry."""

    def __init__(self, geometry: Geometry, tau: int, shift: int) -> None:
        self.geometry, self.tau, self.shift = geometry, tau, shift
        self.n = geometry.rows * geometry.columns
        self.scalars = Scalars([0] * self.n, geometry.rows, geometry.columns, tau, shift)
        self.powers = [pow(tau, n, R) for n in range(self.n)]
        self.high = pow(tau, shift, R)

    def power_tau(self) -> bytes:
        """The canonical compressed file."""
        return (
            counted([compressed_g1(g1(p)) for p in self.powers])
            + counted([compressed_g2(g2(p)) for p in self.powers])
            + counted([compressed_g1(g1(p * self.high)) for p in self.powers])
            + compressed_g2(g2(self.high))
        )

    def ptau(self) -> bytes:
        """Its variant with Montgomery coordinates."""
        return (
            b"ptau"
            + bytes([self.scalars.log_n])
            + canonical_g2(g2(self.high))
            + b"".join(limbs(g1(p)) for p in self.powers)
            + b"".join(limbs(little_g2(g2(p))) for p in self.powers)
            + b"".join(limbs(g1(p * self.high)) for p in self.powers)
        )

    def pieces(self) -> list[bytes]:
        """Pieces of a challenge file."""
        big = [b"".join(g1(p * factor)[at : at + 32][::-1] for p in self.powers for at in (0, 32)) for factor in (1, self.high)]
        steps = b"".join(g2(self.powers[self.geometry.columns * j]) for j in range(self.geometry.rows))
        return [big[0], big[1], steps, g2(self.tau), g2(self.high)]

    def vanishing(self, coset: int, depth: int, rho: int) -> int:
        x = self.tau * pow(self.scalars.factor(coset), -1, R) % R
        m = self.n >> depth
        return (pow(x, self.n, R) - 1) * pow(pow(x, m, R) - pow(self.scalars.omega, rho * m, R), -1, R) % R

    def prover(self, coset: int, *, montgomery: bool) -> bytes:
        """``amt-prove-coset…``, with Montgomery coordinates or canonical."""
        log_n, depths = self.scalars.log_n, range(1, self.geometry.rows.bit_length())
        slots = [reversed_bits(t, log_n) for t in range(self.n)]
        basis = [self.scalars.lagrange(coset, t) for t in slots]
        quotients = [[self.scalars.quotient(coset, depth, t) for t in slots] for depth in depths]
        nodes = [[self.vanishing(coset, depth, reversed_bits(slot, depth)) for slot in range(1 << depth)] for depth in depths]
        high = [scalar * self.high % R for scalar in basis]
        single = [canonical_g2(g2(1)), canonical_g2(g2(self.high))]
        if montgomery:
            everything = [scalar for each in (basis, *quotients) for scalar in each]
            return (
                b"bamt"
                + bytes([log_n, len(depths)])
                + b"".join(single)
                + b"".join(limbs(g1(scalar)) for scalar in everything)
                + b"".join(limbs(little_g2(g2(scalar))) for level in nodes for scalar in level)
                + b"".join(limbs(g1(scalar)) for scalar in high)
            )
        return (
            counted([canonical_g1(g1(scalar)) for scalar in basis])
            + counted([counted([canonical_g1(g1(scalar)) for scalar in each]) for each in quotients])
            + counted([counted([canonical_g2(g2(scalar)) for scalar in level]) for level in nodes])
            + single[0]
            + counted([canonical_g1(g1(scalar)) for scalar in high])
            + single[1]
        )


def challenge_file(ceremony: Ceremony, log_g2: int) -> bytes:
    """A whole challenge file of 2^log_g2 powers in G2 and 2^(log_g2 + 1) - 1 in G1; its hash is left zero."""
    tau = ceremony.tau
    first = b"".join(g1(pow(tau, n, R))[at : at + 32][::-1] for n in range((2 << log_g2) - 1) for at in (0, 32))
    second = b"".join(g2(pow(tau, n, R)) for n in range(1 << log_g2))
    return bytes(64) + first + second


def full_size(geometry: Geometry, tau: int, shift: int) -> bytes:
    """``power_tau`` of a large geometry: powers in G2 that nobody reads are the generator."""
    count = geometry.rows * geometry.columns

    def compressed(from_: int) -> bytes:
        file = commit.dev_setup(geometry, tau, shift=from_).powers_file()
        points = np.frombuffer(file, dtype=np.uint8, offset=8 + 32 * count).reshape(count, 64).copy()
        points[:, 31] |= points[:, 63] & 0x80
        return points[:, :32].tobytes()

    ones = compressed_g1(GENERATOR)
    low = ones + compressed(1)[:-32]
    points = [compressed_g2(g2(1))] * count
    for n in [1, *range(0, count, geometry.columns)]:
        points[n] = compressed_g2(g2(pow(tau, n, R)))
    length = struct.pack("<Q", count)
    return length + low + counted(points) + length + compressed(shift) + compressed_g2(g2(pow(tau, shift, R)))

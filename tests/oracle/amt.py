"""AMT commitments of 0G DA in the exponent: every group element is a known multiple of its generator, from the closed forms.

Values of a blob's cells in, scalars out; ``point`` multiplies out in G1. No dependency on zerog.
"""

from __future__ import annotations

from oracle.fr import Q, R, evaluate, inverse_transform, root_of_unity


class Scalars:
    """Of one blob on one geometry with a known tau."""

    def __init__(self, cells: list[int], rows: int, columns: int, tau: int, shift: int) -> None:
        self.rows, self.columns, self.n = rows, columns, rows * columns
        self.log_n = self.n.bit_length() - 1
        self.tau = tau
        self.omega = root_of_unity(self.log_n)
        self.f = inverse_transform([cells[(t % rows) * columns + t // rows] for t in range(self.n)])
        self.commitment = evaluate(self.f, tau)
        self.high = pow(tau, shift, R) * self.commitment % R

    def factor(self, coset: int) -> int:
        return 1 if coset == 0 else root_of_unity(self.log_n + coset)

    def value(self, coset: int, t: int) -> int:
        return evaluate(self.f, self.factor(coset) * pow(self.omega, t, R) % R)

    def row(self, index: int) -> list[int]:
        coset, i = divmod(index, self.rows)
        return [self.value(coset, j * self.rows + i) for j in range(self.columns)]

    def lagrange(self, coset: int, t: int) -> int:
        x, w = self.tau * pow(self.factor(coset), -1, R) % R, pow(self.omega, t, R)
        return w * (pow(x, self.n, R) - 1) * pow(self.n * (x - w), -1, R) % R

    def quotient(self, coset: int, depth: int, t: int) -> int:
        x, w, m = self.tau * pow(self.factor(coset), -1, R) % R, pow(self.omega, t, R), self.n >> depth
        return w * pow(self.n, -1, R) * (pow(x, m, R) - pow(w, m, R)) * pow(x - w, -1, R) % R

    def proof(self, index: int) -> list[tuple[int, int]]:
        """(commitment, quotient) of the sibling at each depth, 1 first."""
        coset, i = divmod(index, self.rows)
        pairs = []
        for depth in range(1, self.rows.bit_length()):
            sibling = (i % (1 << depth)) ^ (1 << (depth - 1))
            node = range(sibling, self.n, 1 << depth)
            values = {t: self.value(coset, t) for t in node}
            pairs.append(
                (
                    sum(v * self.lagrange(coset, t) for t, v in values.items()) % R,
                    sum(v * self.quotient(coset, depth, t) for t, v in values.items()) % R,
                )
            )
        return pairs


Point = tuple[int, int] | None


def add(a: Point, b: Point) -> Point:
    """The group law of y^2 = x^3 + 3; None is infinity."""
    if a is None or b is None:
        return a or b
    if a[0] == b[0]:
        if (a[1] + b[1]) % Q == 0:
            return None
        slope = 3 * a[0] * a[0] * pow(2 * a[1], -1, Q)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, Q)
    x = (slope * slope - a[0] - b[0]) % Q
    return x, (slope * (a[0] - x) - a[1]) % Q


def point(scalar: int, base: Point = (1, 2)) -> Point:
    """scalar · base."""
    total: Point = None
    while scalar:
        if scalar & 1:
            total = add(total, base)
        base = add(base, base)
        scalar >>= 1
    return total


def flagged(p: Point) -> bytes:
    """64 bytes with arkworks' flags."""
    if p is None:
        return bytes(63) + b"\x40"
    out = bytearray(p[0].to_bytes(32, "little") + p[1].to_bytes(32, "little"))
    out[63] |= 0x80 if p[1] > (Q - 1) // 2 else 0
    return bytes(out)

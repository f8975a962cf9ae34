"""The scalar field of BN254 and transforms over it, from the definitions. No dependency on zerog."""

from __future__ import annotations

R = 21888242871839275222246405745257275088548364400416034343698204186575808495617
Q = 21888242871839275222246405745257275088696311157297823662689037894645226208583
GENERATOR = 5
TWO_ADICITY = 28


def root_of_unity(log_size: int) -> int:
    """A primitive 2^log_size-th root."""
    return pow(GENERATOR, (R - 1) >> log_size, R)


def evaluate(coefficients: list[int], x: int) -> int:
    """Horner's rule."""
    value = 0
    for coefficient in reversed(coefficients):
        value = (value * x + coefficient) % R
    return value


def transform(coefficients: list[int], shift: int = 1) -> list[int]:
    """The values at shift · w^i."""
    n = len(coefficients)
    w = root_of_unity(n.bit_length() - 1)
    return [evaluate(coefficients, shift * pow(w, i, R) % R) for i in range(n)]


def inverse_transform(values: list[int], shift: int = 1) -> list[int]:
    """The coefficients of the polynomial with these values at shift · w^i."""
    n = len(values)
    w = pow(root_of_unity(n.bit_length() - 1), -1, R)
    down, scale = pow(shift, -1, R), pow(n, -1, R)
    return [sum(v * pow(w, i * k, R) for i, v in enumerate(values)) * scale * pow(down, k, R) % R for k in range(n)]

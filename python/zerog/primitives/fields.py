"""The two prime fields of BN254 in batches, and Fourier transforms over the scalar field.

``fr`` is the field of scalars (the order of the groups), ``fq`` the field of coordinates. An element is a plain value below the
prime: 32 little-endian bytes, which on every machine we run on are four 64-bit words, least significant first. Inputs are
contiguous buffers of whole elements, 8-byte aligned (uint64[n, 4], uint8[n, 32] or bytes); answers are uint64[n, 4]. An element
that is not below the prime is refused, never reduced. ``backend`` as in ``hashing``. Public data only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from zerog import _native
from zerog.errors import InvalidInput

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = [
    "FQ_MODULUS",
    "FR_MODULUS",
    "TRANSFORM_LOG_MAX",
    "add",
    "from_ints",
    "from_mont",
    "inverse",
    "mul",
    "mul_mont",
    "root_of_unity",
    "square",
    "sub",
    "to_ints",
    "to_mont",
    "transform",
]

FR_MODULUS: Final = 21888242871839275222246405745257275088548364400416034343698204186575808495617
FQ_MODULUS: Final = 21888242871839275222246405745257275088696311157297823662689037894645226208583
TRANSFORM_LOG_MAX: Final = 22

Field: TypeAlias = Literal["fr", "fq"]
Elements: TypeAlias = "NDArray[np.uint64] | NDArray[np.uint8] | Buffer"


def from_ints(values: Iterable[int], field: Field = "fr") -> NDArray[np.uint64]:
    """uint64[n, 4] of plain integers; for tests and small inputs.

    Raises:
        InvalidInput: a value outside the field.
    """
    modulus = FR_MODULUS if field == "fr" else FQ_MODULUS
    parts = []
    for value in values:
        if not 0 <= value < modulus:
            raise InvalidInput(f"expected integers from 0 to the modulus of {field}, found {value}")
        parts.append(value.to_bytes(32, "little"))
    return np.frombuffer(b"".join(parts), dtype="<u8").reshape(-1, 4).astype(np.uint64)


def to_ints(elements: Elements) -> list[int]:
    """The integers behind elements; for tests and small outputs."""
    data = bytes(memoryview(elements).cast("B")) if not isinstance(elements, np.ndarray) else elements.tobytes()
    return [int.from_bytes(data[at : at + 32], "little") for at in range(0, len(data), 32)]


def add(a: Elements, b: Elements, *, field: Field = "fr", out: Any = None, backend: str = "") -> NDArray[np.uint64]:
    """``a + b``, element by element. ``out``: a writable buffer of the size of ``a``, which may be ``a`` or ``b`` themselves.

    Raises:
        InvalidInput: an element not below the prime, different counts, an output that overlaps at another place.
    """
    result: NDArray[np.uint64] = _native.bn254_add(a, b, field, out, backend)
    return result


def sub(a: Elements, b: Elements, *, field: Field = "fr", out: Any = None, backend: str = "") -> NDArray[np.uint64]:
    """``a - b``; as ``add``."""
    result: NDArray[np.uint64] = _native.bn254_sub(a, b, field, out, backend)
    return result


def mul(a: Elements, b: Elements, *, field: Field = "fr", out: Any = None, backend: str = "") -> NDArray[np.uint64]:
    """``a · b``; as ``add``. Two Montgomery products an element."""
    result: NDArray[np.uint64] = _native.bn254_mul(a, b, field, out, backend)
    return result


def mul_mont(a: Elements, b: Elements, *, field: Field = "fr", out: Any = None, backend: str = "") -> NDArray[np.uint64]:
    """``a · b / 2^256``, the product of Montgomery forms; as ``add``. Half the work of ``mul``."""
    result: NDArray[np.uint64] = _native.bn254_mul_mont(a, b, field, out, backend)
    return result


def square(a: Elements, *, field: Field = "fr", out: Any = None, backend: str = "") -> NDArray[np.uint64]:
    """``a · a``; as ``add``."""
    result: NDArray[np.uint64] = _native.bn254_square(a, field, out, backend)
    return result


def inverse(a: Elements, *, field: Field = "fr", out: Any = None, backend: str = "") -> NDArray[np.uint64]:
    """``1 / a``, and 0 for 0; as ``add``. One inversion for 512 elements, five products each."""
    result: NDArray[np.uint64] = _native.bn254_inverse(a, field, out, backend)
    return result


def to_mont(a: Elements, *, field: Field = "fr", out: Any = None, backend: str = "") -> NDArray[np.uint64]:
    """``a · 2^256``, the Montgomery form that the native core and files of curve parameters hold; as ``add``."""
    result: NDArray[np.uint64] = _native.bn254_to_mont(a, field, out, backend)
    return result


def from_mont(a: Elements, *, field: Field = "fr", out: Any = None, backend: str = "") -> NDArray[np.uint64]:
    """``a / 2^256``: the inverse of ``to_mont``."""
    result: NDArray[np.uint64] = _native.bn254_from_mont(a, field, out, backend)
    return result


def root_of_unity(log_size: int) -> int:
    """The primitive 2^log_size-th root of unity of ``fr`` that 0G uses: 5^((r - 1) / 2^log_size). The documentation of 0G says
    generator 3, whose powers have half the order and give another code.

    Raises:
        InvalidInput: log_size above 28, the two-adicity of r - 1.
    """
    if not 0 <= log_size <= 28:
        raise InvalidInput(f"log_size: expected 0 to 28, found {log_size}")
    return int.from_bytes(_native.fr_root_of_unity(log_size), "little")


def transform(
    values: Elements, log_size: int, *, inverse: bool = False, shift: int = 1, out: Any = None, backend: str = ""
) -> NDArray[np.uint64]:
    """Discrete Fourier transforms over ``fr`` of vectors of ``2^log_size`` elements, one after the other.

    Forward: coefficients ``c[k]`` to values at ``shift · w^i``, ``w = root_of_unity(log_size)``, natural order in and out.
    ``inverse`` takes such values and gives the coefficients.

    Args:
        values: count · 2^log_size elements.
        log_size: 0 to 22.
        shift: names the coset, an integer from 1 to r - 1.
        out: a writable buffer of the size of ``values``, which may be ``values`` itself: then nothing is copied.

    Returns:
        uint64[count · 2^log_size, 4], or ``out``.

    Raises:
        InvalidInput: an element not below r, an incomplete vector, a size or shift outside its range.

    Cost: log_size / 2 products an element, on all threads; the lock is released. A vector of more than 2^11 elements takes a
    copy of itself as scratch. Factors of the last sizes are kept, at most 192 MiB.
    Source: docs/kernels/ntt.md.
    """
    if not 0 <= log_size <= TRANSFORM_LOG_MAX:
        raise InvalidInput(f"log_size: expected 0 to {TRANSFORM_LOG_MAX}, found {log_size}")
    if not 1 <= shift < FR_MODULUS:
        raise InvalidInput(f"shift: expected 1 to the modulus of fr, found {shift}")
    coset = None if shift == 1 else from_ints([shift])
    result: NDArray[np.uint64] = _native.fr_transform(values, log_size, inverse, coset, out, backend)
    return result

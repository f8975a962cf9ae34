"""Reed–Solomon erasure codes: parity for a set of shards, any lost shards from any ``k`` survivors, consistency.

Shards are numbered: 0 to ``k - 1`` carry the data, ``k`` to ``k + m - 1`` the parity. Functions take a two-dimensional uint8
array (a shard a row) or a sequence of buffers of one length, and answer with arrays; arrays on a device are answered with
arrays on that device. ``backend`` as in ``hashing``. Two fields:

* ``gf256``: GF(2^8) with polynomial 0x11D, at most 256 shards. The code is the systematic Vandermonde one of
  klauspost/reedsolomon and Backblaze: parity is equal to theirs byte for byte.
* ``gf65536``: GF(2^16) with polynomial 0x1002D, at most 65,536 shards of little-endian 16-bit words, so of even length. The
  same code over another field; many shards go through a transform of O(n log n), with the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from zerog import _native
from zerog.errors import InvalidInput
from zerog.primitives import device

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = ["SHARDS_MAX", "WIDE_SHARDS_MAX", "Field", "encode", "recover", "verify"]

SHARDS_MAX: Final = 256
WIDE_SHARDS_MAX: Final = 65536

Field: TypeAlias = Literal["gf256", "gf65536"]
Shards: TypeAlias = "NDArray[np.uint8] | Sequence[Buffer]"


def encode(
    data: Shards | Any, parity_shards: int, *, field: Field = "gf256", out: Any = None, backend: str = ""
) -> NDArray[np.uint8]:
    """The parity of ``data``.

    Args:
        data: uint8[k, n], or k buffers of n bytes; rows may lie apart.
        parity_shards: m, at least 1; k + m at most 256, over GF(2^16) 65,536.
        field: ``gf256`` or ``gf65536``; the parities have nothing to do with each other.
        out: where the parity goes: a writable uint8[m, n] or m writable buffers, apart from the data. Large calls are
            bound by first touches of fresh memory; pass ``out`` again and again instead. Rows that start at multiples of
            64 bytes are written past the cache when the shards are too large for it.

    Returns:
        uint8[m, n], or ``out``.

    Raises:
        InvalidInput: shards of different lengths, too many or none, an output that does not fit or overlaps; over GF(2^16)
            an odd length, and on a device more than 2^24 coefficients.

    Cost: k·m·n multiply-adds on all threads, 64 an instruction; no copy; the lock is released. Over GF(2^16) at most about
    1.5 · (k + m) · log2(k)·n.
    Source: docs/kernels/gf256.md, docs/kernels/gf65536.md.
    """
    most = _known(field)
    _count("parity_shards", parity_shards, most)
    wide = field == "gf65536"
    if device.is_device_array(data):
        wanted = range(len(data), len(data) + parity_shards)
        matrix = _native.gf65536_matrix if wide else _native.gf256_matrix
        coefficients = matrix(range(len(data)), len(data), parity_shards, wanted)
        product = device.gf65536_product if wide else device.gf256_product
        on_device: NDArray[np.uint8] = product(coefficients, parity_shards, data, out)
        return on_device
    native = _native.gf65536_encode if wide else _native.gf256_encode
    parity: NDArray[np.uint8] = native(data, parity_shards, out, backend)
    return parity


def recover(
    shards: Shards | Any,
    present: Iterable[int],
    data_shards: int,
    parity_shards: int,
    *,
    wanted: Iterable[int] | None = None,
    field: Field = "gf256",
    out: Any = None,
    backend: str = "",
) -> NDArray[np.uint8]:
    """Shards of a code out of any ``data_shards`` others.

    Args:
        shards: the survivors, in the order of ``present``; of more than ``data_shards`` the first ones are used.
        present: their numbers.
        data_shards: k of the code.
        parity_shards: m of the code.
        wanted: numbers of the shards to make; by default all that are not present, ascending.
        out: as in ``encode``, a row for each wanted shard.

    Returns:
        uint8[len(wanted), n], or ``out``. What comes out of wrong survivors is wrong: check it against what names it.

    Raises:
        InvalidInput: fewer than k survivors, a number outside the code or given twice, shards that do not fit.

    Cost: k·len(wanted)·n multiply-adds, over GF(2^16) at most about 3 · (k + m) · log2(k + m)·n; what the last patterns of loss
    took to prepare is kept.
    """
    most = _known(field)
    _count("data_shards", data_shards, most)
    _count("parity_shards", parity_shards, most)
    wide = field == "gf65536"
    given = tuple(present)
    if wanted is None:
        targets: Sequence[int] = sorted(set(range(data_shards + parity_shards)).difference(given))
    else:
        targets = tuple(wanted)
    if not device.is_device_array(shards):
        native = _native.gf65536_recover if wide else _native.gf256_recover
        try:
            made: NDArray[np.uint8] = native(shards, given, data_shards, parity_shards, targets, out, backend)
        except TypeError:  # numbers that are no shard's: told below, or taken as integers
            numbers, targets = _numbers("present", given, most), _numbers("wanted", targets, most)
            made = native(shards, numbers, data_shards, parity_shards, targets, out, backend)
        return made
    numbers, targets = _numbers("present", given, most), _numbers("wanted", targets, most)
    matrix = _native.gf65536_matrix if wide else _native.gf256_matrix
    coefficients = matrix(numbers, data_shards, parity_shards, targets)
    if len(shards) != len(numbers):
        raise InvalidInput(f"shards: expected {len(numbers)} shards, found {len(shards)}")
    product = device.gf65536_product if wide else device.gf256_product
    on_device: NDArray[np.uint8] = product(coefficients, len(targets), shards[:data_shards], out)
    return on_device


def verify(shards: Shards | Any, data_shards: int, *, field: Field = "gf256", backend: str = "") -> bool:
    """Whether all shards of a code, data first, belong together. It cannot say which one is wrong.

    Raises:
        InvalidInput: no parity among the shards, or shards of different lengths.
    """
    most = _known(field)
    _count("data_shards", data_shards, most)
    if device.is_device_array(shards):
        parity = encode(shards[:data_shards], len(shards) - data_shards, field=field)
        return bool((parity == shards[data_shards:]).all())
    native = _native.gf65536_verify if field == "gf65536" else _native.gf256_verify
    good: bool = native(shards, data_shards, backend)
    return good


def _known(field: str) -> int:
    """The most shards of a code over this field."""
    if field == "gf256":
        return SHARDS_MAX
    if field == "gf65536":
        return WIDE_SHARDS_MAX
    raise InvalidInput(f"field: expected 'gf256' or 'gf65536', found {field!r}")


def _count(name: str, value: int, most: int) -> None:
    if not 1 <= value < most:
        raise InvalidInput(f"{name}: expected 1 to {most - 1}, found {value}")


def _numbers(name: str, values: Iterable[int], most: int) -> list[int]:
    numbers = list(map(int, values))
    if numbers and not 0 <= min(numbers) <= max(numbers) < most:
        wrong = next(number for number in numbers if not 0 <= number < most)
        raise InvalidInput(f"{name}: expected shard numbers from 0 to {most - 1}, found {wrong}")
    return numbers

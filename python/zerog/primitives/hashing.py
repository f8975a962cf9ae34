"""keccak256 of one input or of many at once; BLAKE2b-512 of many.

The batch is the form to use: one call costs about a microsecond, one digest of a batch 25 nanoseconds. ``backend`` names a
backend for tests and benches (``"scalar"``, ``"avx2"``, ``"avx512"``); empty means the best of this machine, or what the
environment's ``ZEROG_BACKEND`` forces.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, TypeAlias

from zerog import _native
from zerog.errors import InvalidInput
from zerog.primitives import device

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from typing_extensions import Buffer

__all__ = ["blake2b_512_many", "keccak256", "keccak256_many"]

Digests: TypeAlias = "NDArray[np.uint8]"


def keccak256(data: Buffer) -> bytes:
    """The 32-byte keccak256 digest of one contiguous buffer."""
    digest: bytes = _native.keccak256(data)
    return digest


def keccak256_many(
    data: Buffer | Sequence[Buffer] | Any,
    offsets: Buffer | None = None,
    *,
    size: int | None = None,
    out: Any = None,
    backend: str = "",
) -> Digests:
    """keccak256 of many inputs, one lane of a vector for each.

    The inputs are one of:

    * a list or tuple of buffers (``bytes`` are read where they lie, other kinds are copied once);
    * one buffer and ``offsets``: ascending uint64 positions, input ``i`` being ``data[offsets[i]:offsets[i + 1]]``;
    * one buffer and ``size``: inputs of that many bytes each, one after the other (64 is the fastest form);
    * a two-dimensional array of one-byte items: one input a row.

    Args:
        data: the inputs, C-contiguous; on a device (cupy) the answer is made and stays there.
        offsets: see above; a numpy array of uint64 or anything with 8-byte items.
        size: see above.
        out: where the digests go; any writable contiguous buffer of ``32 * count`` bytes that shares none with the input.
        backend: see the module.

    Returns:
        uint8[count, 32], or ``out`` when given.

    Raises:
        InvalidInput: sizes that do not fit, positions that descend or leave the input, an overlapping ``out``.
        DeviceError: the backend, or the device that the array needs, is not to be had.

    Cost: one permutation for each 136 bytes begun; no copy; all threads for large batches; the lock is released.
    """
    if offsets is not None and size is not None:
        raise InvalidInput("expected offsets or size, found both")
    digests: Digests
    if device.is_device_array(data):
        if offsets is not None:
            digests = device.keccak256_ragged(data, offsets, out)
        else:
            digests = device.keccak256_fixed(data, _row_size(data) if size is None else size, out)
    elif offsets is not None:
        digests = _native.keccak256_many(data, offsets, out, backend)
    elif size is None and isinstance(data, list | tuple):
        digests = _native.keccak256_list(data, out, backend)
    else:
        digests = _native.keccak256_fixed(data, _row_size(data) if size is None else size, out, backend)
    return digests


def _row_size(data: Any) -> int:
    shape, item_size = getattr(data, "shape", None), getattr(data, "itemsize", None)
    if shape is None or len(shape) != 2 or item_size != 1:
        raise InvalidInput("data: expected a list of buffers, a two-dimensional array of bytes, or offsets or size")
    return int(shape[1])


def blake2b_512_many(
    data: Buffer | Sequence[Buffer], offsets: Buffer | None = None, *, size: int | None = None, backend: str = ""
) -> Digests:
    """BLAKE2b-512 (unkeyed) of many inputs, one lane of a vector for each; of one input, ``hashlib.blake2b`` is the thing.

    Inputs as in ``keccak256_many``: a list of buffers (copied once), a buffer with ``offsets`` or with ``size``. Neighbours of
    equal size run fastest.

    Returns:
        uint8[count, 64].

    Raises:
        InvalidInput: sizes or positions that do not fit.

    Cost: one compression for each 128 bytes begun; all threads for large batches; the lock is released.
    """
    if offsets is not None and size is not None:
        raise InvalidInput("expected offsets or size, found both")
    digests: Digests
    if isinstance(data, list | tuple):
        packed = b"".join(data)
        import numpy as np

        bounds = np.array([0, *accumulate(memoryview(item).nbytes for item in data)], dtype=np.uint64)
        digests = _native.blake2b_many(packed, bounds, backend)
    elif offsets is not None:
        digests = _native.blake2b_many(data, offsets, backend)
    else:
        digests = _native.blake2b_fixed(data, _row_size(data) if size is None else size, backend)
    return digests

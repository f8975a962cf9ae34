"""Parity of stripes of segments, and lost segments out of those that are left. Bytes in, bytes out; no I/O.

Source: docs/protocol/erasure.md; the code is that of ``zerog.primitives.erasure``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from zerog.errors import InvalidInput
from zerog.primitives import erasure
from zerog.storage.erasure.manifest import Code
from zerog.storage.layout import SEGMENT

if TYPE_CHECKING:
    from typing_extensions import Buffer

_ZEROS = np.zeros(SEGMENT, np.uint8)


def parity_size(size: int, code: Code) -> int:
    """Bytes of parity for a file of ``size`` bytes; none for a file of one segment."""
    segments = -(-size // SEGMENT)
    return 0 if segments == 1 else -(-segments // code.data) * code.parity * SEGMENT


def write_parity(data: Buffer, code: Code, out: Any) -> None:
    """The parity of a whole file into ``out``, a writable buffer of ``parity_size`` bytes; stripe by stripe."""
    view = np.frombuffer(memoryview(data), np.uint8)
    target = np.frombuffer(out, np.uint8).reshape(-1, code.parity, SEGMENT)
    if target.size != parity_size(view.size, code):
        raise InvalidInput(f"out: expected {parity_size(view.size, code)} bytes, found {target.size}")
    for stripe, rows in enumerate(target):
        at = stripe * code.data * SEGMENT
        piece = view[at : at + code.data * SEGMENT]
        if piece.size == code.data * SEGMENT:
            erasure.encode(piece.reshape(code.data, SEGMENT), code.parity, field=code.field, out=rows)
        else:
            erasure.encode(_padded(piece, code.data), code.parity, field=code.field, out=rows)


def _padded(piece: NDArray[np.uint8], count: int) -> list[NDArray[np.uint8]]:
    """A stripe that ends early, filled with zeros."""
    rows = []
    for at in range(0, count * SEGMENT, SEGMENT):
        row = piece[at : at + SEGMENT]
        if row.size < SEGMENT:
            row = np.concatenate([row, _ZEROS[row.size :]]) if row.size else _ZEROS
        rows.append(row)
    return rows


def decode(code: Code, width: int, known: Mapping[int, Buffer], wanted: Sequence[int]) -> dict[int, NDArray[np.uint8]]:
    """Segments of one stripe out of ``width`` others.

    Args:
        width: data segments of the stripe; positions from there to k are zeros.
        known: segments by position (0 to k - 1 data, k on parity), whole or filled with zeros here.
        wanted: positions to make.

    Returns:
        Whole segments by position. What comes out of wrong ones is wrong: compare each with its root.

    Raises:
        InvalidInput: too few are known.
    """
    rows: dict[int, NDArray[np.uint8]] = dict.fromkeys(range(width, code.data), _ZEROS)
    for position, data in known.items():
        row = np.frombuffer(memoryview(data), np.uint8)
        rows[position] = row if row.size == SEGMENT else np.concatenate([row, _ZEROS[row.size :]])
    if len(rows) < code.data:
        raise InvalidInput(f"stripe: {width} segments are needed, {len(known)} are known")
    present = sorted(rows)[: code.data]
    given = [rows[position] for position in present]
    made = erasure.recover(given, present, code.data, code.parity, wanted=wanted, field=code.field)
    return dict(zip(wanted, made, strict=True))

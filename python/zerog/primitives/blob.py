"""Blobs of 0G DA: bytes to an extended matrix with its roots, and back from any third of the rows.

A blob is padded, cut into symbols of 31 bytes and laid out as ``rows`` × ``columns`` cells, each an element of the scalar
field of BN254 in 32 little-endian bytes. Two more matrices of that size extend it: row ``g`` of 3·rows belongs to coset
``g // rows``, and any ``rows`` of the rows determine all. The network's geometry is ``MAINNET``: 1024 × 1024, 31 MiB of data,
whatever the blob's length. Every row, the three blob roots and the data root are keccak trees over 256-byte leaves.

The matrix lives in the native core; Python holds a handle and views of it. ``backend`` names a backend of the transforms.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zerog import _native
from zerog.errors import InvalidInput

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = [
    "CELL_SIZE_BYTES",
    "COSETS",
    "MAINNET",
    "SUBLINE_SIZE_BYTES",
    "SYMBOL_SIZE_BYTES",
    "EncodedBlob",
    "Geometry",
    "encode",
    "extend",
    "recover",
    "row_root",
    "verify_row",
    "verify_subline",
]

COSETS: Final = 3
SYMBOL_SIZE_BYTES: Final = 31
CELL_SIZE_BYTES: Final = 32
SUBLINE_SIZE_BYTES: Final = 1024
_TRAILER_SIZE_BYTES: Final = 4


class Geometry(NamedTuple):
    """Shape of the matrix: powers of two from 2 to 1024. Others than ``MAINNET`` are for tests."""

    rows: int
    columns: int

    @property
    def data_size_bytes_max(self) -> int:
        """The longest data; there are no smaller classes."""
        return SYMBOL_SIZE_BYTES * self.rows * self.columns - _TRAILER_SIZE_BYTES

    @property
    def rows_encoded(self) -> int:
        return COSETS * self.rows

    @property
    def row_size_bytes(self) -> int:
        return CELL_SIZE_BYTES * self.columns

    @property
    def encoded_size_bytes(self) -> int:
        return self.rows_encoded * self.row_size_bytes

    @property
    def sublines(self) -> int:
        """Sublines of a row; 0 where a row is shorter than one."""
        return self.row_size_bytes // SUBLINE_SIZE_BYTES


MAINNET: Final = Geometry(1024, 1024)


class EncodedBlob:
    """An encoded blob; immutable, shared by threads. Made by ``encode``, ``extend`` and ``recover``."""

    __slots__ = ("_native", "geometry")

    def __init__(self, native: _native.EncodedBlob) -> None:
        self._native = native
        self.geometry: Final = Geometry(native.rows, native.columns)

    @property
    def data_root(self) -> bytes:
        """keccak(keccak(b0 ‖ b1) ‖ b2) of the blob roots: the blob's name on chain, and the 0G Storage root of the matrix."""
        root: bytes = self._native.data_root
        return root

    @property
    def blob_roots(self) -> tuple[bytes, bytes, bytes]:
        """Roots of the trees over the rows of each coset."""
        first, second, third = self._native.blob_roots
        return first, second, third

    @property
    def matrix(self) -> NDArray[np.uint8]:
        """uint8[3·rows, columns, 32], read-only: a view of native memory, no copy; it keeps the blob alive."""
        view: NDArray[np.uint8] = self._native.matrix
        return view

    @property
    def coefficients(self) -> NDArray[np.uint64] | None:
        """uint64[rows·columns, 4], read-only: coefficients of the blob's polynomial, lowest first, when they were asked for."""
        view: NDArray[np.uint64] | None = self._native.coefficients
        return view

    def row(self, index: int) -> bytes:
        """The bytes of row ``index``, ``geometry.row_size_bytes`` of them."""
        made: bytes = self._native.row(_index(index, self.geometry.rows_encoded))
        return made

    def row_root(self, index: int) -> bytes:
        """The root of row ``index``."""
        made: bytes = self._native.row_root(_index(index, self.geometry.rows_encoded))
        return made

    def row_proof(self, index: int) -> list[bytes]:
        """Siblings from the row up to its blob root, the row's own first."""
        return _split(self._native.row_proof(_index(index, self.geometry.rows_encoded)))

    def subline(self, row: int, subline: int) -> bytes:
        """The 1024 bytes of a subline."""
        _index(subline, self.geometry.sublines, "subline")
        cells = SUBLINE_SIZE_BYTES // CELL_SIZE_BYTES
        return self.matrix[_index(row, self.geometry.rows_encoded), cells * subline : cells * (subline + 1)].tobytes()

    def subline_proof(self, row: int, subline: int) -> list[bytes]:
        """Siblings from a subline up to its row's root, then those of ``row_proof``: 15 in the network's geometry."""
        _index(subline, self.geometry.sublines, "subline")
        return _split(self._native.subline_proof(_index(row, self.geometry.rows_encoded), subline))

    def data(self) -> bytes:
        """The data that was padded.

        Raises:
            InvalidInput: a symbol of more than 31 bytes, a length beyond the largest, or padding that is not zero; possible
                only for blobs that others made.
        """
        made: bytes = self._native.data()
        return made


def encode(data: Buffer, geometry: Geometry = MAINNET, *, keep_coefficients: bool = False, backend: str = "") -> EncodedBlob:
    """Pad, extend and hash a blob.

    Args:
        data: contiguous bytes, at most ``geometry.data_size_bytes_max``; empty data is encoded too, though the network
            accepts none.
        keep_coefficients: for commitments; 32 MiB more in the network's geometry.

    Raises:
        InvalidInput: too much data, or a geometry that does not exist.
        Exhausted: no memory.

    Cost: three transforms of rows·columns elements and 96 bytes hashed for each, on all threads; the lock is released. In the
    network's geometry: 96 MiB for the result, 32 MiB of scratch, 96 MiB of factors made once and kept.
    Source: docs/protocol/da.md §1, docs/kernels/rs_fr.md.
    """
    return EncodedBlob(_native.blob_encode(data, geometry.rows, geometry.columns, keep_coefficients, backend))


def extend(cells: Buffer, geometry: Geometry = MAINNET, *, keep_coefficients: bool = False, backend: str = "") -> EncodedBlob:
    """As ``encode``, from the cells themselves: rows·columns elements of 32 little-endian bytes, row-major.

    Raises:
        InvalidInput: another size, or a cell not below the modulus; it is refused, never reduced.
    """
    return EncodedBlob(_native.blob_extend(cells, geometry.rows, geometry.columns, keep_coefficients, backend))


def recover(
    indices: Iterable[int],
    rows: NDArray[np.uint8] | Sequence[Buffer] | Any,
    geometry: Geometry = MAINNET,
    *,
    keep_coefficients: bool = False,
    backend: str = "",
) -> EncodedBlob:
    """The whole encoded blob from any third of its rows.

    Args:
        indices: numbers of the rows, all different, at least ``geometry.rows`` of them.
        rows: the rows in that order: a contiguous buffer, or a sequence of buffers.

    Returns:
        The blob that has these rows. Every row beyond the ones needed was compared with it. As many rows as needed always
        determine *some* blob: compare ``data_root`` with the one that was asked for.

    Raises:
        InvalidInput: too few rows, a number outside the code or given twice, a row of another size, a cell not below the
            modulus, or rows that do not belong together (named).

    Cost: about twice ``encode``.
    """
    numbers = []
    for index in indices:
        numbers.append(_index(index, geometry.rows_encoded))
    return EncodedBlob(_native.blob_recover(numbers, rows, geometry.rows, geometry.columns, keep_coefficients, backend))


def row_root(row: Buffer, geometry: Geometry = MAINNET) -> bytes:
    """The root of one row's bytes: a tree over 256-byte leaves; a row shorter than that is one leaf."""
    made: bytes = _native.blob_row_root(row, geometry.rows, geometry.columns)
    return made


def verify_row(
    index: int, row: Buffer, proof: Sequence[bytes], blob_roots: Sequence[bytes], data_root: bytes, geometry: Geometry = MAINNET
) -> bool:
    """Whether ``row`` is row ``index`` of the blob named ``data_root``. False for anything that does not fit.

    Raises:
        InvalidInput: hashes that are not 32 bytes long.
    """
    if not 0 <= index < geometry.rows_encoded:
        return False
    good: bool = _native.blob_verify_row(
        index, row, _hashes(proof), _hashes(blob_roots), data_root, geometry.rows, geometry.columns
    )
    return good


def verify_subline(
    row: int,
    subline: int,
    data: Buffer,
    proof: Sequence[bytes],
    blob_roots: Sequence[bytes],
    data_root: bytes,
    geometry: Geometry = MAINNET,
) -> bool:
    """Whether ``data`` is that subline of that row; as ``verify_row``."""
    if not 0 <= row < geometry.rows_encoded or not 0 <= subline < geometry.sublines:
        return False
    good: bool = _native.blob_verify_subline(
        row, subline, data, _hashes(proof), _hashes(blob_roots), data_root, geometry.rows, geometry.columns
    )
    return good


def _index(value: int, count: int, name: str = "row") -> int:
    if not 0 <= value < count:
        raise InvalidInput(f"{name}: expected 0 to {count - 1}, found {value}")
    return value


def _split(joined: bytes) -> list[bytes]:
    return [joined[at : at + 32] for at in range(0, len(joined), 32)]


def _hashes(values: Sequence[bytes]) -> bytes:
    for value in values:
        if len(value) != 32:
            raise InvalidInput(f"hashes: expected 32 bytes each, found {len(value)}")
    return b"".join(values)

"""Many small blobs in one matrix, each with a proof of its own that it is in there. Pure: values in, values out.

The network encodes, signs and charges every blob as a whole matrix, however small it is. A *pack* is ordinary blob data to
everybody else; inside it, items lie at the boundaries of the matrix's Merkle leaves, so that an item's leaves can be hashed
from the item alone.

Format, version 1. A leaf is 8 cells (a whole row where rows are shorter), so 248 bytes of blob data: one byte of kind and 247
of content. Leaf 0 is the header (kind 3): ``zerogpak``, version (u8), items (u32), leaves in use, itself included (u32),
zeros. An item is a run of leaves, kinds 1, 2, 2, …: its length (u32), its bytes, zeros. Items follow each other without gaps;
numbers are little-endian; the matrix's last leaf holds the blob's own length and is never used. Kinds keep an item's bytes
from passing as an item themselves.

Use::

    packer = Packer(geometry)                 # or pack(items, geometry) at once
    place = packer.add(item)                  # Exhausted when the matrix is full: start the next
    data = packer.data()                      # disperse this like any blob; encode it to `encoded`
    prover = Prover(encoded)
    proof = prover.prove(place)               # proof.to_bytes() for the wire
    verify(item, proof, encoded.data_root)    # by whoever trusts the data root (DAEntrance says it is available)
    needed_rows(place); read(place, rows)     # an item from its own rows, without the rest of the blob
    unpack(data)                              # all items, strictly

``verify`` shows that a matrix with this data root holds exactly this item at this place. That the place belongs to a pack that
``unpack`` accepts is a property of the whole, which only who has all of it can judge.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from zerog.errors import Exhausted, InvalidInput
from zerog.primitives import hashing
from zerog.primitives.blob import CELL_SIZE_BYTES, MAINNET, SYMBOL_SIZE_BYTES, EncodedBlob, Geometry

__all__ = [
    "InclusionProof",
    "Packer",
    "Placement",
    "Prover",
    "capacity_leaves",
    "item_size_bytes_max",
    "leaves_of",
    "needed_rows",
    "pack",
    "read",
    "unpack",
    "verify",
]

_MAGIC: Final = b"zerogpak"
_VERSION: Final = 1
_HEADER: Final = struct.Struct("<8sBII")
_FIRST, _MORE, _HEAD = 1, 2, 3
_LENGTH_SIZE_BYTES: Final = 4
_LEAF_CELLS: Final = 8
_PROOF: Final = struct.Struct("<IB")
_HASH_SIZE_BYTES: Final = 32

Bytes2d = NDArray[np.uint8]


@dataclass(frozen=True)
class Placement:
    """Where an item lies: its first leaf, and its size in bytes."""

    leaf: int
    size_bytes: int


@dataclass(frozen=True)
class InclusionProof:
    """What leads from an item's leaves to the data root.

    ``siblings``: level by level from the leaves up, of each level the neighbour on the left where there is one, then the one
    on the right. ``other_roots``: of the trees of the two extended matrices.
    """

    leaf: int
    siblings: tuple[bytes, ...]
    other_roots: tuple[bytes, bytes]

    def to_bytes(self) -> bytes:
        """First leaf (u32), number of siblings (u8), the siblings, the two roots; at most 1,157 bytes."""
        return _PROOF.pack(self.leaf, len(self.siblings)) + b"".join((*self.siblings, *self.other_roots))

    @classmethod
    def from_bytes(cls, data: bytes) -> InclusionProof:
        """The inverse; bytes from strangers.

        Raises:
            InvalidInput: another length than its number of siblings says.
        """
        if len(data) < _PROOF.size:
            raise InvalidInput(f"inclusion proof: expected at least {_PROOF.size} bytes, found {len(data)}")
        leaf, count = _PROOF.unpack_from(data)
        wanted = _PROOF.size + _HASH_SIZE_BYTES * (count + 2)
        if len(data) != wanted:
            raise InvalidInput(f"inclusion proof: expected {wanted} bytes for {count} siblings, found {len(data)}")
        hashes = [bytes(data[at : at + _HASH_SIZE_BYTES]) for at in range(_PROOF.size, wanted, _HASH_SIZE_BYTES)]
        return cls(leaf, tuple(hashes[:-2]), (hashes[-2], hashes[-1]))


class _Shape:
    """Leaves of a geometry's systematic matrix."""

    def __init__(self, geometry: Geometry) -> None:
        self.cells = min(_LEAF_CELLS, geometry.columns)
        self.size_bytes = SYMBOL_SIZE_BYTES * self.cells
        self.content_bytes = self.size_bytes - 1
        self.per_row = geometry.columns // self.cells
        self.count = geometry.rows * self.per_row
        self.usable = self.count - 1

    def leaves(self, size_bytes: int) -> int:
        return -(-(_LENGTH_SIZE_BYTES + size_bytes) // self.content_bytes)

    def item(self, data: bytes) -> Bytes2d:
        """uint8[leaves, size_bytes] of one item."""
        count = self.leaves(len(data))
        content = struct.pack("<I", len(data)) + data + bytes(count * self.content_bytes - _LENGTH_SIZE_BYTES - len(data))
        out = np.full((count, self.size_bytes), _MORE, dtype=np.uint8)
        out[0, 0] = _FIRST
        out[:, 1:] = np.frombuffer(content, dtype=np.uint8).reshape(count, self.content_bytes)
        return out

    def header(self, items: int, leaves: int) -> bytes:
        return (bytes([_HEAD]) + _HEADER.pack(_MAGIC, _VERSION, items, leaves)).ljust(self.size_bytes, b"\0")

    def hashed(self, leaves: Bytes2d) -> Bytes2d:
        """uint8[leaves, 32]: the leaves' digests in the matrix, where a zero byte follows every 31."""
        cells = np.zeros((len(leaves) * self.cells, CELL_SIZE_BYTES), dtype=np.uint8)
        cells[:, :SYMBOL_SIZE_BYTES] = leaves.reshape(-1, SYMBOL_SIZE_BYTES)
        return hashing.keccak256_many(cells.reshape(len(leaves), self.cells * CELL_SIZE_BYTES))


def capacity_leaves(geometry: Geometry = MAINNET) -> int:
    """Leaves of one pack that items can have together: 131,070 in the network's geometry."""
    return _Shape(geometry).usable - 1


def leaves_of(size_bytes: int, geometry: Geometry = MAINNET) -> int:
    """Leaves that an item of this size takes: one up to 243 bytes, then one for each 247 begun."""
    return _Shape(geometry).leaves(size_bytes)


def item_size_bytes_max(geometry: Geometry = MAINNET) -> int:
    """The longest item of a pack."""
    shape = _Shape(geometry)
    return max(0, (shape.usable - 1) * shape.content_bytes - _LENGTH_SIZE_BYTES)


class Packer:
    """A pack being filled, item by item. Not for several threads."""

    def __init__(self, geometry: Geometry = MAINNET) -> None:
        self.geometry = geometry
        self._shape = _Shape(geometry)
        self._parts: list[Bytes2d] = []
        self._used = 1

    def __len__(self) -> int:
        return len(self._parts)

    @property
    def free_leaves(self) -> int:
        return self._shape.usable - self._used

    def fits(self, size_bytes: int) -> bool:
        """Whether an item of this size can be added."""
        return self._shape.leaves(size_bytes) <= self.free_leaves

    def add(self, item: bytes) -> Placement:
        """
        Raises:
            InvalidInput: no bytes, or more than any pack holds.
            Exhausted: it does not fit into what is left of this pack.
        """
        limit = item_size_bytes_max(self.geometry)
        if not 0 < len(item) <= limit:
            raise InvalidInput(f"item: expected 1 to {limit} bytes, found {len(item)}")
        if not self.fits(len(item)):
            raise Exhausted(f"pack: {self.free_leaves} leaves are free, the item needs {self._shape.leaves(len(item))}")
        part = self._shape.item(item)
        place = Placement(self._used, len(item))
        self._parts.append(part)
        self._used += len(part)
        return place

    def data(self) -> bytes:
        """The blob to disperse.

        Raises:
            InvalidInput: nothing was added.
        """
        if not self._parts:
            raise InvalidInput("pack: expected at least one item")
        return self._shape.header(len(self._parts), self._used) + b"".join(part.tobytes() for part in self._parts)


def pack(items: Sequence[bytes], geometry: Geometry = MAINNET) -> tuple[bytes, list[Placement]]:
    """The blob of all items, and where each lies.

    Raises:
        InvalidInput, Exhausted: as ``Packer``.
    """
    packer = Packer(geometry)
    places = [packer.add(item) for item in items]
    return packer.data(), places


def unpack(data: bytes, geometry: Geometry = MAINNET) -> list[tuple[Placement, bytes]]:
    """The items of a pack in order; bytes from strangers. What it accepts is exactly what ``pack`` makes.

    Raises:
        InvalidInput: bytes that are no pack of this geometry.
    """
    shape = _Shape(geometry)
    if len(data) < shape.size_bytes or data[:1] != bytes([_HEAD]):
        raise InvalidInput("pack: expected a header")
    magic, version, items, used = _HEADER.unpack_from(data, 1)
    if magic != _MAGIC or version != _VERSION or data[: shape.size_bytes] != shape.header(items, used):
        raise InvalidInput(f"pack: expected a header of version {_VERSION}")
    if not 1 < used <= shape.usable or len(data) != used * shape.size_bytes:
        raise InvalidInput(f"pack: expected 2 to {shape.usable} leaves of {shape.size_bytes} bytes, as the header says")
    leaves = np.frombuffer(data, dtype=np.uint8).reshape(used, shape.size_bytes)
    out: list[tuple[Placement, bytes]] = []
    at = 1
    while at < used:
        size = int.from_bytes(leaves[at, 1 : 1 + _LENGTH_SIZE_BYTES].tobytes(), "little")
        count = shape.leaves(size)
        if size == 0 or count > used - at:
            raise InvalidInput(f"pack: item {len(out)} at leaf {at} has an impossible length, {size}")
        out.append((Placement(at, size), _item_of(shape, leaves[at : at + count], size, f"item {len(out)}")))
        at += count
    if len(out) != items:
        raise InvalidInput(f"pack: expected {items} items, found {len(out)}")
    return out


def _item_of(shape: _Shape, leaves: Bytes2d, size_bytes: int, name: str) -> bytes:
    data = leaves[:, 1:].tobytes()[_LENGTH_SIZE_BYTES : _LENGTH_SIZE_BYTES + size_bytes]
    if not np.array_equal(shape.item(data), leaves):
        raise InvalidInput(f"pack: {name} is not in its one form")
    return data


def needed_rows(place: Placement, geometry: Geometry = MAINNET) -> range:
    """The rows of the matrix that hold the item; all systematic.

    Raises:
        InvalidInput: a place that no pack of this geometry has.
    """
    shape = _Shape(geometry)
    count = _checked(shape, place.leaf, place.size_bytes)
    return range(place.leaf // shape.per_row, (place.leaf + count - 1) // shape.per_row + 1)


def read(place: Placement, rows: Mapping[int, bytes], geometry: Geometry = MAINNET) -> bytes:
    """The item, from the rows of ``needed_rows``. Whether the rows are the blob's is for the caller to know.

    Raises:
        InvalidInput: a row missing or of another size, or rows that hold no such item there.
    """
    shape = _Shape(geometry)
    wanted = needed_rows(place, geometry)
    for row in wanted:
        if len(rows.get(row, b"")) != geometry.row_size_bytes:
            raise InvalidInput(f"rows: expected {geometry.row_size_bytes} bytes of row {row}")
    cells = np.frombuffer(b"".join(rows[row] for row in wanted), dtype=np.uint8).reshape(-1, CELL_SIZE_BYTES)
    if cells[:, SYMBOL_SIZE_BYTES].any():
        raise InvalidInput("rows: expected symbols of 31 bytes")
    leaves = np.ascontiguousarray(cells[:, :SYMBOL_SIZE_BYTES]).reshape(-1, shape.size_bytes)
    first = place.leaf - wanted[0] * shape.per_row
    own = leaves[first : first + shape.leaves(place.size_bytes)]
    return _item_of(shape, own, place.size_bytes, f"the item of leaf {place.leaf}")


class Prover:
    """Proofs for the items of one encoded pack. Immutable once made.

    Cost: hashes the systematic matrix once; 8 MiB in the network's geometry.
    """

    def __init__(self, encoded: EncodedBlob) -> None:
        geometry = encoded.geometry
        self._shape = shape = _Shape(geometry)
        matrix = encoded.matrix[: geometry.rows].reshape(shape.count, shape.cells * CELL_SIZE_BYTES)
        self._levels = [hashing.keccak256_many(matrix)]
        while len(self._levels[-1]) > 1:
            self._levels.append(hashing.keccak256_many(self._levels[-1].reshape(-1, 2 * _HASH_SIZE_BYTES)))
        self._other_roots = (encoded.blob_roots[1], encoded.blob_roots[2])

    def prove(self, place: Placement) -> InclusionProof:
        """
        Raises:
            InvalidInput: a place that no pack of this geometry has.
        """
        first, last = place.leaf, place.leaf + _checked(self._shape, place.leaf, place.size_bytes) - 1
        siblings = []
        for level in self._levels[:-1]:
            if first % 2 == 1:
                siblings.append(level[first - 1].tobytes())
            if last % 2 == 0:
                siblings.append(level[last + 1].tobytes())
            first, last = first // 2, last // 2
        return InclusionProof(place.leaf, tuple(siblings), self._other_roots)


def verify(item: bytes, proof: InclusionProof, data_root: bytes, geometry: Geometry = MAINNET) -> bool:
    """Whether the matrix named ``data_root`` holds exactly this item at the proof's place. False for anything else.

    Cost: hashes the item's leaves and two nodes a level.
    """
    shape = _Shape(geometry)
    try:
        count = _checked(shape, proof.leaf, len(item))
    except InvalidInput:
        return False
    hashes = [*proof.siblings, *proof.other_roots]
    if len(proof.other_roots) != 2 or any(len(each) != _HASH_SIZE_BYTES for each in hashes):
        return False
    nodes = shape.hashed(shape.item(item))
    first, last, width = proof.leaf, proof.leaf + count - 1, shape.count
    siblings = iter(proof.siblings)
    while width > 1:
        parts = [nodes.tobytes()]
        try:
            if first % 2 == 1:
                parts.insert(0, next(siblings))
            if last % 2 == 0:
                parts.append(next(siblings))
        except StopIteration:
            return False
        nodes = hashing.keccak256_many(b"".join(parts), size=2 * _HASH_SIZE_BYTES)
        first, last, width = first // 2, last // 2, width // 2
    if next(siblings, None) is not None:
        return False
    pair = hashing.keccak256(nodes.tobytes() + proof.other_roots[0])
    return hashing.keccak256(pair + proof.other_roots[1]) == data_root


def _checked(shape: _Shape, leaf: int, size_bytes: int) -> int:
    """Leaves of an item there."""
    count = shape.leaves(size_bytes)
    if size_bytes <= 0 or leaf < 1 or leaf + count > shape.usable:
        raise InvalidInput(f"place: expected leaves 1 to {shape.usable - 1}, found {count} from {leaf}")
    return count

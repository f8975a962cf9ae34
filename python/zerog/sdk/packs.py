"""Many files in one blob: packed here, dispersed like any blob, and each proven and read by itself afterwards.

A *receipt* says of each file where it lies and what proves it; it is a small JSON file that may be given to anybody. Use::

    packed = pack({"a.txt": b"...", "b.txt": b"..."})
    receipt = packed.receipt(await da.wait(await da.disperse(packed.data)))
    found = await read_item(reader.retriever, receipt.find("a.txt"))   # some rows, not the whole blob
    assert found.data == b"..."

Whoever holds a receipt needs nobody's word: ``read_item`` gives what the blob named in it holds, or an error. That the chain
records the blob is another question (``Reader.is_recorded``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from zerog.da import packing
from zerog.da.api import BlobRecord
from zerog.da.packing import InclusionProof, Packer, Placement, Prover
from zerog.da.retriever import Retriever
from zerog.errors import InvalidInput, NotFound
from zerog.primitives import blob
from zerog.primitives.blob import MAINNET, Geometry
from zerog.types import parse_hash, parse_hex
from zerog.wire import jsonrpc

__all__ = [
    "FORMAT",
    "RECEIPT_BYTES_MAX",
    "Found",
    "Pack",
    "PackedFile",
    "Receipt",
    "pack",
    "parse_geometry",
    "read_item",
    "unpack",
]

FORMAT: Final = "zerog-da-pack-1"
RECEIPT_BYTES_MAX: Final = 64 << 20
_EDGES: Final = tuple(1 << power for power in range(1, 11))


@dataclass(frozen=True)
class PackedFile:
    """A file in a dispersed blob: which, where in it, and what leads from the file alone to the blob's root."""

    name: str
    record: BlobRecord
    place: Placement
    proof: InclusionProof

    def value(self) -> dict[str, Any]:
        """As it stands in a receipt."""
        return {
            "name": self.name,
            "size_bytes": self.place.size_bytes,
            "storage_root": "0x" + self.record.data_root.hex(),
            "epoch": self.record.epoch,
            "quorum_id": self.record.quorum_id,
            "leaf": self.place.leaf,
            "proof": "0x" + self.proof.to_bytes().hex(),
        }


@dataclass(frozen=True)
class Receipt:
    """What finds and proves the files of one or several packs."""

    items: tuple[PackedFile, ...]
    geometry: Geometry = MAINNET

    def find(self, name: str) -> PackedFile:
        """The file of a name, or the only one when no name is given.

        Raises:
            NotFound: none of this name. InvalidInput: several, and no name.
        """
        if not name and len(self.items) == 1:
            return self.items[0]
        if not name:
            raise InvalidInput(f"the receipt has {len(self.items)} items; name one of them")
        for item in self.items:
            if item.name == name:
                return item
        raise NotFound(f"the receipt has no item {name!r}")

    def to_json(self) -> bytes:
        geometry = f"{self.geometry.rows}x{self.geometry.columns}"
        value = {"format": FORMAT, "geometry": geometry, "items": [item.value() for item in self.items]}
        return (json.dumps(value, indent=1, ensure_ascii=False) + "\n").encode()

    @classmethod
    def from_json(cls, text: bytes) -> Receipt:
        """The inverse; a receipt may come from anybody.

        Raises:
            InvalidInput: no receipt.
        """
        if len(text) > RECEIPT_BYTES_MAX:
            raise InvalidInput(f"receipt: expected at most {RECEIPT_BYTES_MAX} bytes, found {len(text)}")
        try:
            value = jsonrpc.parse(text)
        except InvalidInput as error:
            raise InvalidInput(f"receipt: {error}") from None
        if not isinstance(value, dict) or value.get("format") != FORMAT or not isinstance(value.get("items"), list):
            raise InvalidInput(f"receipt: expected an object with format {FORMAT!r} and a list of items")
        items = tuple(_item(entry, f"item {at}") for at, entry in enumerate(value["items"]))
        if not items or len({item.name for item in items}) < len(items):
            raise InvalidInput("receipt: expected at least one item, and each name once")
        return cls(items, parse_geometry(value.get("geometry")))


@dataclass(frozen=True)
class Pack:
    """Files as one blob that is not dispersed yet: ``data`` is what a disperser gets."""

    data: bytes
    data_root: bytes
    names: tuple[str, ...]
    places: tuple[Placement, ...]
    proofs: tuple[InclusionProof, ...]
    geometry: Geometry

    def receipt(self, record: BlobRecord) -> Receipt:
        """What the blob's record makes of it.

        Raises:
            InvalidInput: a record of another blob.
        """
        if record.data_root != self.data_root:
            raise InvalidInput(f"record: expected root 0x{self.data_root.hex()}, found 0x{record.data_root.hex()}")
        files = zip(self.names, self.places, self.proofs, strict=True)
        return Receipt(tuple(PackedFile(name, record, place, proof) for name, place, proof in files), self.geometry)


@dataclass(frozen=True)
class Found:
    """An item that was read. ``rows`` of the matrix were enough; 0 when all of the blob had to come."""

    data: bytes
    rows: int


def pack(files: Mapping[str, bytes], geometry: Geometry = MAINNET) -> Pack:
    """Files as one blob, with a proof of each.

    Raises:
        InvalidInput: no files, or an empty one. Exhausted: together they are more than one blob holds.

    Cost: an encoding, about a second in the network's geometry.
    """
    packer = Packer(geometry)
    places = tuple(packer.add(data) for data in files.values())
    return _proven(packer.data(), tuple(files), places, geometry)


def unpack(data: bytes, geometry: Geometry = MAINNET) -> tuple[Pack, list[bytes]]:
    """The items of a pack that came back, named by their numbers from 1 on, and proofs of them made anew; cost as ``pack``.

    Raises:
        InvalidInput: no pack of this geometry.
    """
    found = packing.unpack(data, geometry)
    digits = len(str(len(found)))
    names = tuple(f"item-{number:0{digits}}" for number in range(1, len(found) + 1))
    return _proven(data, names, tuple(place for place, _ in found), geometry), [item for _, item in found]


def _proven(data: bytes, names: tuple[str, ...], places: tuple[Placement, ...], geometry: Geometry) -> Pack:
    encoded = blob.encode(data, geometry)
    prover = Prover(encoded)
    return Pack(data, encoded.data_root, names, places, tuple(prover.prove(place) for place in places), geometry)


async def read_item(retriever: Retriever, item: PackedFile, geometry: Geometry = MAINNET) -> Found:
    """One item of a dispersed pack, proven to be what the blob holds there.

    The signers that hold its rows are asked for these alone. When one of them is away or lies, the whole blob is retrieved.

    Raises:
        InvalidInput: the blob holds no such item there, or the proof is not its proof.
        NotFound, TimedOut: as ``Retriever.retrieve``.
    """
    wanted = packing.needed_rows(item.place, geometry)
    rows = await retriever.rows(item.record, wanted)
    try:
        data = packing.read(item.place, rows, geometry)
    except InvalidInput:
        pass
    else:
        if packing.verify(data, item.proof, item.record.data_root, geometry):
            return Found(data, len(wanted))
    items = dict(packing.unpack(await retriever.retrieve(item.record), geometry))
    if item.place not in items:
        raise InvalidInput(
            f"blob 0x{item.record.data_root.hex()} holds no item of {item.place.size_bytes} bytes at leaf {item.place.leaf}"
        )
    if not packing.verify(items[item.place], item.proof, item.record.data_root, geometry):
        raise InvalidInput(f"item {item.name!r}: the receipt's proof is false")
    return Found(items[item.place], 0)


def parse_geometry(text: object) -> Geometry:
    """``ROWSxCOLUMNS``.

    Raises:
        InvalidInput: something else, or no powers of two up to 1024.
    """
    parts = text.split("x") if isinstance(text, str) else []
    edges = [int(part) for part in parts if part.isascii() and part.isdigit() and len(part) <= 4]
    if len(parts) != 2 or len(edges) != 2 or any(edge not in _EDGES for edge in edges):
        raise InvalidInput(f"geometry: expected ROWSxCOLUMNS, powers of two from 2 to 1024, found {str(text)[:20]!r}")
    return Geometry(edges[0], edges[1])


def _item(entry: Any, what: str) -> PackedFile:
    fields = {"name": str, "size_bytes": int, "storage_root": str, "epoch": int, "quorum_id": int, "leaf": int, "proof": str}
    if not isinstance(entry, dict) or any(type(entry.get(name)) is not kind for name, kind in fields.items()):
        raise InvalidInput(f"receipt: {what}: expected {', '.join(fields)}")
    numbers = [entry[name] for name in ("size_bytes", "epoch", "quorum_id", "leaf")]
    if any(not 0 <= number < 1 << 63 for number in numbers):
        raise InvalidInput(f"receipt: {what}: a number is out of range")
    size, epoch, quorum_id, leaf = numbers
    proof = InclusionProof.from_bytes(parse_hex(entry["proof"], f"{what}: proof"))
    if proof.leaf != leaf:
        raise InvalidInput(f"receipt: {what}: the proof is of leaf {proof.leaf}, the item at leaf {leaf}")
    root = bytes(parse_hash(entry["storage_root"], f"{what}: storage_root"))
    return PackedFile(entry["name"], BlobRecord(epoch, quorum_id, root), Placement(leaf, size), proof)

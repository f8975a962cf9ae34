"""What a signer keeps: how far the chain is read, its rows of every quorum, states of blobs, and the rows with their proofs.

One database of eight families; keys are big-endian, so an epoch is one range:

=============  ==============================  ==========================================
family         key                             value
=============  ==============================  ==========================================
misc           0x00; 0x01                      next block to read; last pruned epoch
quorum_count   epoch                           how many quorums the epoch has
quorum         epoch ‖ quorum                  own rows, u16 little-endian each
blob           epoch ‖ quorum ‖ root           1 announced, 2 verified
held           epoch ‖ quorum ‖ root           rows that are held, u16 little-endian each
proof          epoch ‖ quorum ‖ root ‖ row     the light form of the slice
row            epoch ‖ quorum ‖ root ‖ row     the row's cells
signed         epoch ‖ quorum ‖ root           the commitment that was signed for it, 64 bytes
=============  ==============================  ==========================================

What a signature promises is on the disk before it is given away: ``put_slices`` returns after a synced write. A blob counts as
held once its record in ``held`` exists, which is written last and deleted first, so a crash leaves rows that nobody claims,
never a claim without rows. Calls block and are safe for many threads; writes of one blob must not overlap.
Source: docs/protocol/da.md.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import Final, NamedTuple

from zerog.errors import Conflict, Corrupt, InvalidInput, NotFound
from zerog.primitives.da_sampling import BlobRecord
from zerog.store.kv import Batch, Kv

FAMILIES: Final = {
    "misc": False,
    "quorum_count": False,
    "quorum": False,
    "blob": False,
    "held": False,
    "proof": False,
    "row": True,
    "signed": False,
}
ROWS: Final = 3072
ROW_SIZE: Final = 32_768
LIGHT_SLICE_SIZE: Final = 1176
QUORUMS_MAX: Final = 1 << 16

_NEXT_BLOCK, _PRUNED = b"\0", b"\1"
_BATCH_BYTES: Final = 16 << 20
_PRUNE_KEYS: Final = 4096


class BlobState(IntEnum):
    """What the chain has said of a blob."""

    ANNOUNCED = 1
    VERIFIED = 2


class Slice(NamedTuple):
    """A row of a blob: its number in the blob, its proofs in light form, its cells."""

    row_index: int
    light: bytes
    row: bytes


class SignerStore:
    """A signer's database.

    Args:
        kv: an open database with ``FAMILIES``.
        row_size, light_size: bytes of a row and of a light slice; others than the network's for small geometries.
    """

    def __init__(self, kv: Kv, *, row_size: int = ROW_SIZE, light_size: int = LIGHT_SLICE_SIZE) -> None:
        self._kv, self._row_size, self._light_size = kv, row_size, light_size

    @property
    def broken(self) -> str | None:
        """Why nothing can be written any more, or None."""
        return self._kv.broken

    # the chain

    @property
    def next_block(self) -> int | None:
        """The first block whose logs are not read yet, None at the very start."""
        return self._number("misc", _NEXT_BLOCK)

    @property
    def pruned_epoch(self) -> int | None:
        """The last epoch whose rows are deleted, None while there is none."""
        return self._number("misc", _PRUNED)

    def take_page(self, announced: Sequence[BlobRecord], verified: Sequence[BlobRecord], next_block: int) -> None:
        """What a page of the chain's log says, and where the next begins: one batch. A verified blob stays verified."""
        batch, known = Batch(), {_name(key): BlobState.VERIFIED for key in verified}
        for key in announced:
            known.setdefault(_name(key), BlobState.ANNOUNCED)
        for name, state in known.items():
            if state is BlobState.VERIFIED or self._kv.get("blob", name) is None:
                batch.put("blob", name, struct.pack(">Q", state))
        batch.put("misc", _NEXT_BLOCK, struct.pack(">Q", next_block))
        self._kv.write(batch)

    def blob_state(self, key: BlobRecord) -> BlobState | None:
        """None for a blob that no finalized block has announced."""
        found = self._number("blob", _name(key))
        if found is None:
            return None
        try:
            return BlobState(found)
        except ValueError:
            raise Corrupt(f"blob 0x{key.data_root.hex()}: state {found} does not exist") from None

    # quorums

    def put_quorums(self, epoch: int, own_rows: Sequence[Sequence[int]]) -> None:
        """The signer's rows in every quorum of an epoch, once it is known."""
        if len(own_rows) > QUORUMS_MAX:
            raise InvalidInput(f"quorums: expected at most {QUORUMS_MAX}, found {len(own_rows)}")
        batch = Batch()
        for quorum_id, rows in enumerate(own_rows):
            batch.put("quorum", struct.pack(">QQ", epoch, quorum_id), _pack_rows(rows))
        batch.put("quorum_count", struct.pack(">Q", epoch), struct.pack(">Q", len(own_rows)))
        self._kv.write(batch)

    def quorum_count(self, epoch: int) -> int | None:
        """None while the epoch's quorums are not fetched."""
        return self._number("quorum_count", struct.pack(">Q", epoch))

    def own_rows(self, epoch: int, quorum_id: int) -> list[int]:
        """The rows of a quorum that are this signer's, ascending; empty when it has none.

        Raises:
            NotFound: the epoch is not known, or has no such quorum.
        """
        found = self._kv.get("quorum", struct.pack(">QQ", epoch, quorum_id))
        if found is None:
            raise NotFound(f"epoch {epoch} has no quorum {quorum_id} here")
        return _unpack_rows(found)

    # rows

    def signed_commitment(self, key: BlobRecord) -> bytes | None:
        """The commitment that was signed for a blob, None while none was. It outlives the rows."""
        return self._kv.get("signed", _name(key))

    def put_slices(self, key: BlobRecord, slices: Sequence[Slice], commitment: bytes = b"") -> None:
        """Keep rows of a blob; on the disk when this returns. What was held of it before stays held.

        Args:
            commitment: what is about to be signed, kept with the rows.

        Raises:
            InvalidInput: a row twice, out of range, or of the wrong size. Conflict: another commitment was signed before.
        """
        name, batch, indexes = _name(key), Batch(), [one.row_index for one in slices]
        if commitment and (self._kv.get("signed", name) or commitment) != commitment:
            raise Conflict("another commitment of this blob was signed before")
        if len(set(indexes)) != len(indexes):
            raise InvalidInput("slices: expected every row once")
        for one in slices:
            if len(one.row) != self._row_size or len(one.light) != self._light_size:
                raise InvalidInput(
                    f"slice {one.row_index}: expected a row of {self._row_size} bytes and a proof of {self._light_size}, "
                    f"found {len(one.row)} and {len(one.light)}"
                )
            place = name + _place(one.row_index)
            batch.put("proof", place, one.light)
            batch.put("row", place, one.row)
            if batch.size_bytes >= _BATCH_BYTES:
                self._kv.write(batch, sync=False)
                batch = Batch()
        if commitment:
            batch.put("signed", name, commitment)
        batch.put("held", name, _pack_rows(sorted({*indexes, *(self.held_rows(key) or [])})))
        self._kv.write(batch)

    def held_rows(self, key: BlobRecord) -> list[int] | None:
        """The rows that are held of a blob, ascending; None for a blob of which nothing is held."""
        found = self._kv.get("held", _name(key))
        return None if found is None else _unpack_rows(found)

    def rows(self, key: BlobRecord, indexes: Sequence[int]) -> list[bytes]:
        """The cells of rows, in the order asked for.

        Raises:
            NotFound: one of them is not held.
        """
        return self._many("row", key, indexes)

    def lights(self, key: BlobRecord, indexes: Sequence[int]) -> list[bytes]:
        """The light slices of rows; errors as :meth:`rows`."""
        return self._many("proof", key, indexes)

    def held_blobs(self, first_epoch: int, last_epoch: int) -> Iterator[tuple[BlobRecord, list[int]]]:
        """Every blob held of the epochs, both ends included, with its rows: what a sampling round walks through."""
        stop = struct.pack(">Q", last_epoch + 1) if last_epoch + 1 < 1 << 64 else None
        for name, packed in self._kv.scan("held", struct.pack(">Q", first_epoch), stop):
            yield _key(name), _unpack_rows(packed)

    def prune(self, epoch: int) -> int:
        """Delete the rows of an epoch and remember that; states of blobs stay. How many rows were deleted.

        Interrupted, it is simply called again: claims go first, the mark is written last.
        """
        start, stop = struct.pack(">Q", epoch), struct.pack(">Q", epoch + 1)
        count = 0
        for family in ("held", "proof", "row"):
            while True:
                batch = Batch()
                for name, _ in self._kv.scan(family, start, stop):
                    batch.delete(family, name)
                    if len(batch) >= _PRUNE_KEYS:
                        break
                if not len(batch):
                    break
                count += len(batch) if family == "row" else 0
                self._kv.write(batch, sync=False)
        done = Batch()
        done.put("misc", _PRUNED, start)
        self._kv.write(done)
        return count

    def _many(self, family: str, key: BlobRecord, indexes: Sequence[int]) -> list[bytes]:
        name = _name(key)
        held = set(self.held_rows(key) or [])
        missing = [index for index in indexes if index not in held]
        if missing:
            raise NotFound(f"row {missing[0]} of blob 0x{key.data_root.hex()} is not held")
        found = self._kv.get_many(family, [name + _place(index) for index in indexes])
        made = [one for one in found if one is not None]
        if len(made) != len(indexes):
            raise Corrupt(f"blob 0x{key.data_root.hex()}: a row that is recorded as held is missing")
        return made

    def _number(self, family: str, name: bytes) -> int | None:
        found = self._kv.get(family, name)
        if found is None:
            return None
        if len(found) != 8:
            raise Corrupt(f"record of family {family} has {len(found)} bytes instead of 8")
        return int.from_bytes(found, "big")


def _name(blob: BlobRecord) -> bytes:
    if not (0 <= blob.epoch < 1 << 64 and 0 <= blob.quorum_id < 1 << 64) or len(blob.data_root) != 32:
        raise InvalidInput("blob: expected an epoch and a quorum of 64 bits and a root of 32 bytes")
    return struct.pack(">QQ", blob.epoch, blob.quorum_id) + blob.data_root


def _place(index: int) -> bytes:
    if not 0 <= index < ROWS:
        raise InvalidInput(f"slice: expected a row below {ROWS}, found {index}")
    return struct.pack(">Q", index)


def _key(name: bytes) -> BlobRecord:
    if len(name) != 48:
        raise Corrupt(f"key of a blob has {len(name)} bytes instead of 48")
    epoch, quorum_id = struct.unpack(">QQ", name[:16])
    return BlobRecord(epoch, quorum_id, name[16:])


def _pack_rows(rows: Sequence[int]) -> bytes:
    for row in rows:
        _place(row)
    return struct.pack(f"<{len(rows)}H", *rows)


def _unpack_rows(packed: bytes) -> list[int]:
    if len(packed) % 2:
        raise Corrupt(f"list of rows has {len(packed)} bytes")
    return list(struct.unpack(f"<{len(packed) // 2}H", packed))

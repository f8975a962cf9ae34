"""The block store: one synced batch a block *before* it becomes visible, indexes by hash, flat state folded in behind.

Families (keys are big-endian, so order of key is order of number):
    meta          head, folded, genesis, format
    blocks        number → record                     diffs      number → changes of the block, old and new values
    numbers       block hash → number                     hashes        number → block hash
    blooms        number → header bloom, when not empty
    transactions  transaction hash → number ‖ index   journal    sequence → acknowledged transactions (pool.py)
    accounts slots codes                              flat state of the height ``folded``
    history       kind ‖ key ‖ number → value before that block (archive only; empty value: did not exist)
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from zerog import _native as native
from zerog.errors import Conflict, Corrupt, NotFound
from zerog.store.kv import Batch, Kv

FAMILIES: Final[dict[str, bool]] = {
    "meta": False, "blocks": True, "diffs": True, "numbers": False, "hashes": False, "blooms": False,
    "transactions": False, "journal": True,
    "accounts": False, "slots": False, "codes": True, "history": False,
}  # fmt: skip
FORMAT: Final = 1
_NO_BLOOM = bytes(256)
_ROWS_BYTES: Final = 4 << 20
_KIND: Final = {"accounts": b"a", "slots": b"s", "codes": b"c"}


def number_key(number: int) -> bytes:
    return number.to_bytes(8, "big")


@dataclass(frozen=True, slots=True)
class Head:
    """The last durable block."""

    number: int
    hash: bytes


class BlockStore:
    """Blocks and state rows in a store.

    Args:
        archive: also keep what every value was before each block.
    """

    def __init__(self, kv: Kv, *, sync: bool = True, archive: bool = False) -> None:
        self.kv = kv
        self._sync = sync
        self.archive = archive

    # --- meta ---------------------------------------------------------------------------------------------------------

    def check_format(self, genesis: bytes) -> bool:
        """Whether the store holds a chain. Refuses, before anything is written, one of another genesis or format.

        Raises:
            Conflict: the store was made by another version or for another genesis.
        """
        found = self.kv.get("meta", b"format")
        if found is None:
            if next(iter(self.kv.scan("meta")), None) is not None:
                raise Conflict("the data directory holds something else than a chain")
            return False
        if int.from_bytes(found, "big") != FORMAT:
            raise Conflict(f"the data directory has format {int.from_bytes(found, 'big')}; this version reads {FORMAT}")
        if self.kv.get("meta", b"genesis") != genesis:
            raise Conflict("the data directory belongs to another genesis")
        if self.archive and self.kv.get("meta", b"archive") is None:
            raise Conflict("archive mode needs a data directory that was an archive from its first block")
        return True

    def head(self) -> Head:
        """The last block.

        Raises:
            NotFound: the store is empty.
        """
        value = self.kv.get("meta", b"head")
        if value is None:
            raise NotFound("the store holds no block")
        return Head(int.from_bytes(value[:8], "big"), value[8:])

    def folded(self) -> int:
        """The height whose state the flat families hold."""
        value = self.kv.get("meta", b"folded")
        if value is None:
            raise Corrupt("the store does not say up to which block its state rows go")
        return int.from_bytes(value, "big")

    # --- writing ------------------------------------------------------------------------------------------------------

    def append(self, sealed: Any, *, genesis: bytes | None = None) -> None:
        """Make a sealed block durable: record, changes, indexes and head pointer in one synced batch."""
        number: int = sealed.number
        key = number_key(number)
        batch = Batch()
        batch.put("blocks", key, sealed.record)
        batch.put("diffs", key, sealed.diff)
        batch.put("numbers", sealed.hash, key)
        batch.put("hashes", key, sealed.hash)
        bloom: bytes = sealed.bloom
        if bloom != _NO_BLOOM:
            batch.put("blooms", key, bloom)
        hashes: bytes = sealed.tx_hashes
        put, pack = batch.put, struct.Struct(">QI").pack
        for index in range(len(hashes) // 32):
            put("transactions", hashes[32 * index : 32 * index + 32], pack(number, index))
        batch.put("meta", b"head", key + sealed.hash)
        if genesis is not None:
            batch.put("meta", b"format", FORMAT.to_bytes(4, "big"))
            batch.put("meta", b"genesis", genesis)
            if self.archive:
                batch.put("meta", b"archive", b"1")
            self._fold_into(batch, [sealed.diff], number)
        self.kv.write(batch, sync=self._sync)

    def fold(self, last: int) -> int:
        """Bring the flat families up to block ``last`` and drop the changes that a restart no longer needs.

        Returns:
            How many operations were written. One batch: a kill leaves the old height or the new one.
        """
        first = self.folded() + 1
        if first > last:
            return 0
        batch = Batch()
        diffs = [self.diff(number) for number in range(first, last + 1)]
        if self.archive:
            for number, diff in zip(range(first, last + 1), diffs, strict=True):
                for family, key, value in native.diff_rows(diff, before=True):
                    if family != "codes":
                        batch.put("history", history_key(family, key, number), value or b"")
        self._fold_into(batch, diffs, last)
        for number in range(first - 1, last + 1):
            batch.delete("diffs", number_key(number))
        self.kv.write(batch, sync=False)
        return len(batch)

    @staticmethod
    def _fold_into(batch: Batch, diffs: Sequence[bytes], last: int) -> None:
        rows: dict[tuple[str, bytes], bytes | None] = {}
        for diff in diffs:
            for family, key, value in native.diff_rows(diff):
                rows[family, key] = value
        for (family, key), value in rows.items():
            if value is None:
                batch.delete(family, key)
            else:
                batch.put(family, key, value)
        batch.put("meta", b"folded", number_key(last))

    def truncate(self, last: int) -> None:
        """Forget every block after ``last`` (development: evm_revert).

        Raises:
            Conflict: the flat state is already past it.
        """
        if self.folded() > last:
            raise Conflict(f"state rows are already at block {self.folded()}")
        batch = Batch()
        for number in range(last + 1, self.head().number + 1):
            record = self.record(number)
            batch.delete("numbers", native.record_header(record)["hash"])
            hashes = native.record_header(record)["tx_hashes"]
            for index in range(len(hashes) // 32):
                batch.delete("transactions", hashes[32 * index : 32 * index + 32])
            for family in ("blocks", "diffs", "blooms", "hashes"):
                batch.delete(family, number_key(number))
        batch.put("meta", b"head", number_key(last) + self.hash_of(last))
        self.kv.write(batch, sync=self._sync)

    # --- reading ------------------------------------------------------------------------------------------------------

    def record(self, number: int) -> bytes:
        """Raises: NotFound."""
        found = self.kv.get("blocks", number_key(number))
        if found is None:
            raise NotFound(f"block {number} is not known")
        return found

    def records(self, numbers: Sequence[int]) -> list[bytes]:
        found = self.kv.get_many("blocks", [number_key(number) for number in numbers])
        for number, record in zip(numbers, found, strict=True):
            if record is None:
                raise NotFound(f"block {number} is not known")
        return [record for record in found if record is not None]

    def diff(self, number: int) -> bytes:
        found = self.kv.get("diffs", number_key(number))
        if found is None:
            raise NotFound(f"the changes of block {number} are not kept")
        return found

    def number_of(self, hash: bytes) -> int | None:
        found = self.kv.get("numbers", hash)
        return None if found is None else int.from_bytes(found, "big")

    def hash_of(self, number: int) -> bytes:
        """Raises: NotFound."""
        found = self.kv.get("hashes", number_key(number))
        if found is None:
            raise NotFound(f"block {number} is not known")
        return found

    def hashes(self, first: int, last: int) -> list[bytes]:
        """Block hashes in order."""
        return [hash for _, hash in self.kv.scan("hashes", number_key(first), number_key(last + 1))]

    def transaction(self, hash: bytes) -> tuple[int, int] | None:
        """Block number and index of a transaction."""
        found = self.kv.get("transactions", hash)
        if found is None:
            return None
        number, index = struct.unpack(">QI", found)
        return int(number), int(index)

    def blooms(self, first: int, last: int) -> Iterator[tuple[int, bytes]]:
        """Header blooms that are not empty, in order."""
        for key, bloom in self.kv.scan("blooms", number_key(first), number_key(last + 1)):
            yield int.from_bytes(key, "big"), bloom

    def packed_rows(self, family: str) -> Iterator[bytes]:
        """The flat rows of a family in the form of ``Engine.load_rows``, a few MiB at a time."""
        return self.kv.scan_packed(family, _ROWS_BYTES)

    def value_at(self, family: str, key: bytes, number: int) -> bytes | None:
        """A flat row as it was after block ``number`` (archive); None when it did not exist.

        The flat row is read first: should a fold land between the two reads, then its entry in the history is found.
        """
        row = self.kv.get(family, key)
        if family == "codes":
            return row
        start = history_key(family, key, number + 1)
        stop = _KIND[family] + key + b"\xff" * 9
        for _, before in self.kv.scan("history", start, stop):
            return before or None
        return row

    def has_storage_at(self, address: bytes, number: int) -> bool:
        """Whether an account had a slot that was not zero after block ``number`` (archive)."""
        stop = address + b"\xff" * 33
        if any(self.value_at("slots", key, number) for key, _ in self.kv.scan("slots", address, stop)):
            return True
        start = _KIND["slots"] + address
        seen: set[bytes] = set()
        for key, _ in self.kv.scan("history", start, _next_prefix(start)):
            slot = key[1:-8]
            if slot not in seen and self.value_at("slots", slot, number):
                return True
            seen.add(slot)
        return False

    def external(self, kind: str, key: bytes, number: int) -> bytes | None:
        """What the engine asks about heights that it no longer keeps; None: absent."""
        if kind == "headers":
            try:
                header: bytes = native.record_header(self.record(number))["header_rlp"]
            except NotFound:
                return None
            return header
        if kind == "has_storage":
            return b"\1" if self.has_storage_at(key, number) else None
        return self.value_at(kind, key, number)


def _next_prefix(prefix: bytes) -> bytes:
    """The first key after every key that begins with ``prefix`` (whose last byte is not 0xff everywhere)."""
    return (int.from_bytes(prefix, "big") + 1).to_bytes(len(prefix), "big")


def history_key(family: str, key: bytes, number: int) -> bytes:
    return _KIND[family] + key + number_key(number)

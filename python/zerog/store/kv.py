"""The port: ordered keys in column families, atomic batches, every record sealed with a digest of its place and bytes.

What both bodies promise, and one contract test holds them to:
- A batch is applied whole or not at all; with ``sync`` it is on the disk when ``write`` returns.
- A record that is not the one that was written, or stands in another place, is ``Corrupt`` when read, never returned.
- After a write that failed for reasons of the disk nothing more is written: the body is *broken*, reads go on, and every
  later write raises. The owner stops and starts again from the log: an fsync is never tried twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from blake3 import blake3

from zerog import _native
from zerog.errors import Corrupt

SEAL_BYTES = 16


def seal(family: str, key: bytes, value: bytes) -> bytes:
    """What is stored for a value: 16 bytes of BLAKE3 over family, key and value, then the value."""
    digest = blake3(b"%b\0%d\0%b" % (family.encode(), len(key), key))
    digest.update(value)
    return digest.digest(SEAL_BYTES) + value


def unseal(family: str, key: bytes, stored: bytes) -> bytes:
    """The value of a stored record.

    Raises:
        Corrupt: the digest does not fit family, key and value.
    """
    value = stored[SEAL_BYTES:]
    digest = blake3(b"%b\0%d\0%b" % (family.encode(), len(key), key))
    digest.update(value)
    if len(stored) < SEAL_BYTES or digest.digest(SEAL_BYTES) != stored[:SEAL_BYTES]:
        raise _broken_record(family, key)
    return value


def unseal_rows(family: str, keys: list[bytes], stored: list[bytes]) -> bytes:
    """Many stored records, checked in one native call: u32 little-endian size and bytes of each key, then of its value.

    Raises:
        Corrupt: a digest does not fit; names the first such record.
    """
    packed: bytes | int = _native.unseal_rows(family, keys, stored)
    if isinstance(packed, int):
        raise _broken_record(family, keys[packed])
    return packed


def _broken_record(family: str, key: bytes) -> Corrupt:
    return Corrupt(f"record of family {family} at key 0x{key.hex()} fails its check", family=family, key=key)


class Batch:
    """Puts and deletes that become visible together, in the order given."""

    __slots__ = ("operations", "size_bytes")

    def __init__(self) -> None:
        self.operations: list[tuple[str, bytes, bytes | None]] = []
        self.size_bytes = 0

    def put(self, family: str, key: bytes, value: bytes) -> None:
        self.operations.append((family, key, value))
        self.size_bytes += len(key) + len(value)

    def delete(self, family: str, key: bytes) -> None:
        self.operations.append((family, key, None))

    def __len__(self) -> int:
        return len(self.operations)


class Kv(Protocol):
    """One open database. Safe for many threads; reads and writes release the interpreter lock where they are long."""

    @property
    def broken(self) -> str | None:
        """Why nothing can be written any more, or None."""

    def get(self, family: str, key: bytes) -> bytes | None: ...
    def get_many(self, family: str, keys: Sequence[bytes]) -> list[bytes | None]: ...

    def scan(
        self, family: str, start: bytes = b"", stop: bytes | None = None, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Records with ``start <= key < stop`` in order of key, or in reverse order from the last one."""

    def scan_packed(self, family: str, portion_bytes: int) -> Iterator[bytes]:
        """A family in order of key, in the form of ``unseal_rows``, ``portion_bytes`` or a little more at a time."""

    def write(self, batch: Batch, *, sync: bool = True) -> None:
        """Apply a batch.

        Raises:
            Exhausted: the disk is full; Unavailable: it failed. Either way the body is broken from then on.
        """

    def flush(self) -> None:
        """Write what memory holds into files, so that the next start has less log to read."""

    def checkpoint(self, path: str) -> None:
        """A consistent copy of the whole database at ``path``, which must not exist."""

    def close(self) -> None: ...


def scrub(kv: Kv, families: Sequence[str], pace: Callable[[int], None] = lambda size_bytes: None) -> tuple[int, list[str]]:
    """Read and check every record.

    Args:
        pace: called with the size of each record read; may sleep, or raise to stop.

    Returns:
        How many records were read, and a sentence for each that fails its check.
    """
    count, faults = 0, []
    for family in families:
        start = b""
        while True:
            try:
                for key, value in kv.scan(family, start):
                    count += 1
                    start = key + b"\0"
                    pace(len(key) + len(value))
                break
            except Corrupt as error:
                faults.append(str(error))
                at = error.facts.get("key")
                if not isinstance(at, bytes):
                    break
                count += 1
                start = at + b"\0"
    return count, faults

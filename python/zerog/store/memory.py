"""The port in memory, for tests: the same promises, records sealed just the same, and faults on demand."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterator, Sequence

from zerog.errors import Conflict, InvalidInput, Unavailable
from zerog.store.kv import Batch, seal, unseal, unseal_rows


class MemoryKv:
    """A dict and a sorted list of keys for each family.

    ``fail_next_write`` makes the next write fail as a dying disk would.
    """

    def __init__(self, families: Sequence[str]) -> None:
        self._records: dict[str, dict[bytes, bytes]] = {family: {} for family in families}
        self._lock = threading.Lock()
        self._broken: str | None = None
        self._closed = False
        self.fail_next_write = False
        self.synced_writes = 0

    @property
    def broken(self) -> str | None:
        return self._broken

    def _family(self, family: str) -> dict[bytes, bytes]:
        if self._closed:
            raise Unavailable("database is closed")
        try:
            return self._records[family]
        except KeyError:
            raise InvalidInput(f"unknown family {family}") from None

    def get(self, family: str, key: bytes) -> bytes | None:
        stored = self._family(family).get(key)
        return None if stored is None else unseal(family, key, stored)

    def get_many(self, family: str, keys: Sequence[bytes]) -> list[bytes | None]:
        return [self.get(family, key) for key in keys]

    def scan(
        self, family: str, start: bytes = b"", stop: bytes | None = None, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        records = self._family(family)
        with self._lock:
            keys = sorted(records)
            low = bisect_left(keys, start)
            high = len(keys) if stop is None else bisect_left(keys, stop)
            chosen = [(key, records[key]) for key in keys[low:high]]
        for key, stored in reversed(chosen) if reverse else chosen:
            yield key, unseal(family, key, stored)

    def scan_packed(self, family: str, portion_bytes: int) -> Iterator[bytes]:
        records = self._family(family)
        with self._lock:
            chosen = sorted(records.items())
        keys: list[bytes] = []
        values: list[bytes] = []
        size = 0
        for key, stored in chosen:
            keys.append(key)
            values.append(stored)
            size += len(key) + len(stored)
            if size >= portion_bytes:
                yield unseal_rows(family, keys, values)
                keys, values, size = [], [], 0
        if keys:
            yield unseal_rows(family, keys, values)

    def write(self, batch: Batch, *, sync: bool = True) -> None:
        with self._lock:
            if self._broken is not None:
                raise Unavailable(f"database is broken: {self._broken}")
            for family, _, _ in batch.operations:
                self._family(family)
            if self.fail_next_write:
                self._broken = "injected fault"
                raise Unavailable("database is broken: injected fault")
            for family, key, value in batch.operations:
                if value is None:
                    self._records[family].pop(key, None)
                else:
                    self._records[family][key] = seal(family, key, value)
            self.synced_writes += sync

    def damage(self, family: str, key: bytes, stored: bytes) -> None:
        """Put raw bytes in the place of a record, as a bad disk would."""
        self._records[family][key] = stored

    def raw(self, family: str, key: bytes) -> bytes:
        """The sealed bytes of a record."""
        return self._records[family][key]

    def flush(self) -> None:
        self._family(next(iter(self._records)))

    def checkpoint(self, path: str) -> None:
        raise Conflict("a database in memory has no files to copy")

    def close(self) -> None:
        self._closed = True

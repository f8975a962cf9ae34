"""The port on RocksDB: one column family a kind of record, a synced log, recovery to the last point that was whole."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import rocksdict as rocks

from zerog.errors import Conflict, Corrupt, Exhausted, InvalidInput, Unavailable, ZerogError
from zerog.store.kv import Batch, seal, unseal, unseal_rows

_LARGE_VALUE_FAMILIES_BLOCK_BYTES = 32 << 10


class RocksKv:
    """One RocksDB database.

    Args:
        path: its directory, made when missing.
        families: every column family, by name; True for those with large values (blocks, diffs).
        cache_bytes: block cache shared by all families.

    Raises:
        Conflict: another process has it open.
        Corrupt: its files fail their checks. Unavailable: they cannot be read.
    """

    def __init__(self, path: Path, families: Mapping[str, bool], *, cache_bytes: int = 256 << 20) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._broken: str | None = None
        self._write_lock = threading.Lock()
        cache = rocks.Cache(cache_bytes)
        options = _options(cache, large=False)
        options.create_if_missing(True)
        options.create_missing_column_families(True)
        # Everything up to the first torn record of the log counts, nothing after it: what was acknowledged was synced.
        options.set_wal_recovery_mode(rocks.DBRecoveryMode.point_in_time())
        options.set_max_background_jobs(2)
        options.set_max_total_wal_size(128 << 20)
        options.set_paranoid_checks(True)
        options.set_keep_log_file_num(4)
        # A family that was flushed alone would otherwise be ahead of the others after a crash without their log.
        options.set_atomic_flush(True)
        try:
            self._db: Any = rocks.Rdict(
                str(path), options, column_families={name: _options(cache, large=large) for name, large in families.items()}
            )
        except Exception as error:  # rocksdict raises plain Exception
            raise _translate(error, f"open {path}") from None
        self._families: dict[str, Any] = {name: self._db.get_column_family(name) for name in families}
        self._handles: dict[str, Any] = {name: self._db.get_column_family_handle(name) for name in families}
        self._synced = rocks.WriteOptions()
        self._synced.sync = True
        self._unsynced = rocks.WriteOptions()

    @property
    def broken(self) -> str | None:
        return self._broken

    def _family(self, family: str) -> Any:
        try:
            return self._families[family]
        except KeyError:
            raise InvalidInput(f"unknown family {family}") from None

    def get(self, family: str, key: bytes) -> bytes | None:
        try:
            stored = self._family(family).get(key)
        except ZerogError:
            raise
        except Exception as error:
            raise _translate(error, f"read {family}", family=family, key=key) from None
        return None if stored is None else unseal(family, key, stored)

    def get_many(self, family: str, keys: Sequence[bytes]) -> list[bytes | None]:
        if not keys:
            return []
        try:
            found = self._family(family).get(list(keys))
        except ZerogError:
            raise
        except Exception as error:
            raise _translate(error, f"read {family}") from None
        return [None if stored is None else unseal(family, key, stored) for key, stored in zip(keys, found, strict=True)]

    def scan(
        self, family: str, start: bytes = b"", stop: bytes | None = None, *, reverse: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        try:
            cursor = self._family(family).iter()
            if not reverse:
                cursor.seek(start)
            elif stop is None:
                cursor.seek_to_last()
            else:
                cursor.seek_for_prev(stop)
                if cursor.valid() and cursor.key() == stop:
                    cursor.prev()
            while cursor.valid():
                key = cursor.key()
                if (reverse and key < start) or (not reverse and stop is not None and key >= stop):
                    return
                yield key, unseal(family, key, cursor.value())
                if reverse:
                    cursor.prev()
                else:
                    cursor.next()
            cursor.status()
        except ZerogError:
            raise
        except Exception as error:
            raise _translate(error, f"scan {family}") from None

    def scan_packed(self, family: str, portion_bytes: int) -> Iterator[bytes]:
        try:
            cursor = self._family(family).iter()
            cursor.seek(b"")
            read_key, read_value, go_on, valid = cursor.key, cursor.value, cursor.next, cursor.valid
            keys: list[bytes] = []
            values: list[bytes] = []
            size = 0
            while valid():
                key, value = read_key(), read_value()
                keys.append(key)
                values.append(value)
                size += len(key) + len(value)
                go_on()
                if size >= portion_bytes:
                    yield unseal_rows(family, keys, values)
                    keys, values, size = [], [], 0
            cursor.status()
            if keys:
                yield unseal_rows(family, keys, values)
        except ZerogError:
            raise
        except Exception as error:
            raise _translate(error, f"scan {family}") from None

    def write(self, batch: Batch, *, sync: bool = True) -> None:
        if not batch.operations:
            return
        native = rocks.WriteBatch(raw_mode=True)
        put, delete, handles = native.put, native.delete, self._handles
        for family, key, value in batch.operations:
            if family not in handles:
                raise InvalidInput(f"unknown family {family}")
            if value is None:
                delete(key, handles[family])
            else:
                put(key, seal(family, key, value), handles[family])
        if self._broken is not None:
            raise Unavailable(f"database is broken: {self._broken}")
        try:
            self._db.write(native, self._synced if sync else self._unsynced)
        except Exception as error:
            with self._write_lock:
                self._broken = self._broken or str(error)
            raise _translate(error, "write") from None

    def flush(self) -> None:
        try:
            self._db.flush()
        except Exception as error:
            self._broken = self._broken or str(error)
            raise _translate(error, "flush") from None

    def checkpoint(self, path: str) -> None:
        try:
            rocks.Checkpoint(self._db).create_checkpoint(path)
        except Exception as error:
            raise _translate(error, "checkpoint") from None

    def close(self) -> None:
        self._handles.clear()
        families, self._families = self._families, {}
        try:
            for family in families.values():
                family.close()
            self._db.close()
        except Exception as error:  # a full disk refuses the last flush; the log has what was acknowledged
            if self._broken is None:  # else it was told why, and this would hide it
                raise _translate(error, "close") from None


def _options(cache: rocks.Cache, *, large: bool) -> rocks.Options:
    options = rocks.Options(raw_mode=True)
    table = rocks.BlockBasedOptions()
    table.set_block_cache(cache)
    table.set_bloom_filter(10, False)
    table.set_cache_index_and_filter_blocks(True)
    if large:
        table.set_block_size(_LARGE_VALUE_FAMILIES_BLOCK_BYTES)
    options.set_block_based_table_factory(table)
    options.set_compression_type(rocks.DBCompressionType.lz4())
    options.set_write_buffer_size((64 if large else 32) << 20)
    options.set_level_compaction_dynamic_level_bytes(True)
    return options


def _translate(error: Exception, doing: str, **facts: object) -> ZerogError:
    text = str(error)
    if "No space left" in text or "Disk quota" in text:
        return Exhausted(f"{doing}: disk is full: {text}", **facts)
    if "lock" in text.lower() and "LOCK" in text:
        return Conflict(f"{doing}: in use by another process", **facts)
    if "Corruption" in text or "checksum" in text:
        return Corrupt(f"{doing}: {text}", **facts)
    return Unavailable(f"{doing}: {text}", **facts)

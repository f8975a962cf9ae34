"""What is kept for a while: its bytes, its owner, its end, and the bound on all of it, over a restart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from zerog.compute.kept import Keep
from zerog.compute.store import FAMILIES, Store
from zerog.errors import Exhausted
from zerog.runtime.offload import Offload
from zerog.store.kv import Batch
from zerog.store.rocks import RocksKv
from zerog.types import Address

OWNER = Address(b"\1" * 20)


@contextmanager
def opened(home: Path, bytes_max: int = 1000) -> Iterator[tuple[Store, Keep]]:
    kv = RocksKv(home / "db", FAMILIES, cache_bytes=1 << 20)
    try:
        with Offload(1, name="writes") as writes:
            store = Store(kv, writes)
            yield store, Keep(store, bytes_max)
    finally:
        kv.close()


async def test_pieces_are_there_until_their_time_is_over(tmp_path: Path) -> None:
    with opened(tmp_path) as (store, keep):
        batch = Batch()
        keep.put(batch, "a", OWNER, [b"one", b"two"], 2000)
        keep.put(batch, "for ever", OWNER, [b"x" * 900])
        await store.commit(batch)
        assert [await keep.piece("a", index, 1999) for index in (0, 1, 2, -1)] == [b"one", b"two", None, None]
        assert await keep.piece("a", 0, 2000) is None
        assert keep.size_bytes == 906
    with opened(tmp_path) as (store, keep):
        entry = keep.entry("a", 1000)
        assert entry is not None
        assert (entry.owner, entry.sizes, keep.size_bytes) == (OWNER, [3, 3], 906)
        keep.check_room(94)
        with pytest.raises(Exhausted):
            keep.check_room(95)
        assert await keep.expire(1999) == 0
        assert await keep.expire(2000) == 1
        assert (await keep.piece("a", 0, 0), keep.size_bytes) == (None, 900)
        batch = Batch()
        for name in ("for ever", "for ever", "never was"):
            keep.drop(batch, name)
        await store.commit(batch)
        assert keep.size_bytes == 0
    with opened(tmp_path) as (store, keep):
        assert keep.size_bytes == 0
        assert list(store.kv.scan("kept")) == list(store.kv.scan("pieces")) == []

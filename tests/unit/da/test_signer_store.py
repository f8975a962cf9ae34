"""A signer's database, on both bodies of the store: what is promised stays, what is pruned goes, damage is never served."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from zerog.da.signer import store as signer_store
from zerog.da.signer.store import FAMILIES, BlobState, SignerStore, Slice
from zerog.errors import Corrupt, InvalidInput, NotFound, Unavailable
from zerog.primitives.da_sampling import BlobRecord
from zerog.store.kv import Batch, Kv
from zerog.store.memory import MemoryKv
from zerog.store.rocks import RocksKv

ROW, LIGHT = 1024, 96


@pytest.fixture(params=["memory", "rocks"])
def kv(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kv]:
    memory = request.param == "memory"
    body: Kv = MemoryKv(list(FAMILIES)) if memory else RocksKv(tmp_path / "db", FAMILIES, cache_bytes=1 << 20)
    yield body
    body.close()


@pytest.fixture
def kept(kv: Kv) -> SignerStore:
    return SignerStore(kv, row_size=ROW, light_size=LIGHT)


def blob(epoch: int, quorum_id: int = 0, name: int = 0) -> BlobRecord:
    return BlobRecord(epoch, quorum_id, bytes([name]) * 32)


def slices(seed: int, *rows: int) -> list[Slice]:
    return [Slice(row, random.Random(seed + row).randbytes(LIGHT), random.Random(-seed - row).randbytes(ROW)) for row in rows]


def test_the_chain_page_by_page(kept: SignerStore) -> None:
    assert kept.next_block is None
    assert kept.pruned_epoch is None
    assert kept.blob_state(blob(1)) is None
    kept.take_page([blob(1), blob(1, 2)], [], 101)
    assert (kept.next_block, kept.blob_state(blob(1)), kept.blob_state(blob(1, 2))) == (
        101, BlobState.ANNOUNCED, BlobState.ANNOUNCED,
    )  # fmt: skip
    kept.take_page([blob(2)], [blob(1), blob(2), blob(3)], 201)  # announced and verified in one page, verified alone
    assert [kept.blob_state(blob(epoch)) for epoch in (1, 2, 3)] == [BlobState.VERIFIED] * 3
    kept.take_page([blob(1), blob(3)], [], 301)  # announced again: still verified
    assert [kept.blob_state(blob(epoch)) for epoch in (1, 3)] == [BlobState.VERIFIED] * 2
    assert kept.blob_state(blob(1, 2)) is BlobState.ANNOUNCED
    assert kept.next_block == 301


def test_a_page_is_taken_whole_or_not() -> None:
    kv = MemoryKv(list(FAMILIES))
    kept = SignerStore(kv)
    kept.take_page([blob(1)], [], 11)
    kv.fail_next_write = True
    with pytest.raises(Unavailable):
        kept.take_page([blob(2)], [blob(1)], 21)
    assert (kept.next_block, kept.blob_state(blob(1)), kept.blob_state(blob(2))) == (11, BlobState.ANNOUNCED, None)


def test_quorums(kept: SignerStore) -> None:
    assert kept.quorum_count(7) is None
    with pytest.raises(NotFound):
        kept.own_rows(7, 0)
    kept.put_quorums(7, [[0, 5, 3071], []])
    assert (kept.quorum_count(7), kept.own_rows(7, 0), kept.own_rows(7, 1)) == (2, [0, 5, 3071], [])
    with pytest.raises(NotFound):
        kept.own_rows(7, 2)
    kept.put_quorums(8, [])
    assert kept.quorum_count(8) == 0
    for bad in ([[3072]], [[-1]]):
        with pytest.raises(InvalidInput):
            kept.put_quorums(9, bad)
    assert kept.quorum_count(9) is None


def test_rows_come_back_in_the_order_asked_for(kept: SignerStore, seed: int) -> None:
    assert kept.held_rows(blob(1)) is None
    made = slices(seed, 3, 700, 3071)
    kept.put_slices(blob(1), made)
    assert kept.held_rows(blob(1)) == [3, 700, 3071]
    assert kept.rows(blob(1), [3071, 3]) == [made[2].row, made[0].row]
    assert kept.lights(blob(1), [700]) == [made[1].light]
    for other in (blob(1, 1), blob(2), blob(1, 0, 1)):
        assert kept.held_rows(other) is None
        with pytest.raises(NotFound):
            kept.rows(other, [3])
    with pytest.raises(NotFound, match="row 4"):
        kept.rows(blob(1), [3, 4])
    more = slices(seed + 1, 4, 700)  # a second batch adds, and replaces what it brings again
    kept.put_slices(blob(1), more)
    assert kept.held_rows(blob(1)) == [3, 4, 700, 3071]
    assert kept.rows(blob(1), [3, 4, 700]) == [made[0].row, more[0].row, more[1].row]


def test_slices_that_are_refused(kept: SignerStore, seed: int) -> None:
    good = slices(seed, 1)[0]
    for bad in (
        [good, good],
        [good._replace(row_index=3072)],
        [good._replace(row_index=-1)],
        [good._replace(row=good.row[:-1])],
        [good._replace(light=good.light + b"\0")],
    ):
        with pytest.raises(InvalidInput):
            kept.put_slices(blob(1), bad)
        assert kept.held_rows(blob(1)) is None
    for odd in (BlobRecord(-1, 0, bytes(32)), BlobRecord(0, 1 << 64, bytes(32)), BlobRecord(0, 0, bytes(31))):
        with pytest.raises(InvalidInput):
            kept.put_slices(odd, [good])
        with pytest.raises(InvalidInput):
            kept.blob_state(odd)


def test_a_crash_before_the_claim_leaves_no_claim(monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Rows that fill several batches: when the last one fails, the blob is not held, and writing it again works."""
    kv = MemoryKv(list(FAMILIES))
    monkeypatch.setattr(signer_store, "_BATCH_BYTES", 2 * ROW)
    kept, made, count = SignerStore(kv, row_size=ROW, light_size=LIGHT), slices(seed, *range(7)), 0
    write = kv.write

    def counting(batch: Batch, *, sync: bool = True) -> None:
        nonlocal count
        count += 1
        if sync:
            raise Unavailable("power")
        write(batch, sync=sync)

    monkeypatch.setattr(kv, "write", counting)
    with pytest.raises(Unavailable):
        kept.put_slices(blob(1), made)
    assert count == 4
    assert kept.held_rows(blob(1)) is None
    with pytest.raises(NotFound):
        kept.rows(blob(1), [0])
    monkeypatch.setattr(kv, "write", write)
    kept.put_slices(blob(1), made)
    assert kept.rows(blob(1), list(range(7))) == [one.row for one in made]


def test_pruning_an_epoch_leaves_its_neighbours(kept: SignerStore, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    monkeypatch.setattr(signer_store, "_PRUNE_KEYS", 3)
    for epoch in (4, 5, 6):
        for name in range(2):
            kept.put_slices(blob(epoch, 1, name), slices(seed, 0, 1, 2, 3))
        kept.take_page([blob(epoch, 1, 0)], [], 10)
    assert [(key, rows) for key, rows in kept.held_blobs(4, 5)] == [
        (blob(epoch, 1, name), [0, 1, 2, 3]) for epoch in (4, 5) for name in range(2)
    ]
    assert kept.prune(5) == 8
    assert kept.pruned_epoch == 5
    assert [key.epoch for key, _ in kept.held_blobs(0, 2**64 - 1)] == [4, 4, 6, 6]
    assert kept.held_rows(blob(5, 1, 0)) is None
    assert kept.blob_state(blob(5, 1, 0)) is BlobState.ANNOUNCED  # what the chain said stays
    assert kept.rows(blob(6, 1, 1), [3]) == [slices(seed, 3)[0].row]
    assert kept.prune(5) == 0


def test_damage_is_never_served(kept: SignerStore, kv: Kv, seed: int) -> None:
    kept.put_slices(blob(1), slices(seed, 9))
    place = (1).to_bytes(8, "big") + bytes(8) + bytes(32) + (9).to_bytes(8, "big")
    broken = Batch()
    broken.delete("row", place)
    kv.write(broken)
    with pytest.raises(Corrupt):
        kept.rows(blob(1), [9])
    odd = Batch()
    odd.put("held", bytes(48), b"\1")
    odd.put("blob", bytes(48), (9).to_bytes(8, "big"))
    odd.put("quorum_count", bytes(8), b"\1")
    odd.put("held", b"short", b"")
    kv.write(odd)
    with pytest.raises(Corrupt):
        kept.held_rows(BlobRecord(0, 0, bytes(32)))
    with pytest.raises(Corrupt):
        kept.blob_state(BlobRecord(0, 0, bytes(32)))
    with pytest.raises(Corrupt):
        kept.quorum_count(0)
    with pytest.raises(Corrupt):
        list(kept.held_blobs(0, 2**64 - 1))


def test_it_survives_a_restart(tmp_path: Path, seed: int) -> None:
    made = slices(seed, 5, 6)
    kv = RocksKv(tmp_path / "db", FAMILIES, cache_bytes=1 << 20)
    first = SignerStore(kv, row_size=ROW, light_size=LIGHT)
    first.take_page([blob(1)], [], 77)
    first.put_slices(blob(1), made)
    kv.close()
    again = SignerStore(RocksKv(tmp_path / "db", FAMILIES, cache_bytes=1 << 20), row_size=ROW, light_size=LIGHT)
    assert (again.next_block, again.held_rows(blob(1))) == (77, [5, 6])
    assert again.rows(blob(1), [6, 5]) == [made[1].row, made[0].row]

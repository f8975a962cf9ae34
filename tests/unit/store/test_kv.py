"""One contract for every body of the store, then what only RocksDB can be asked: locks, restarts, kills, damaged files."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from zerog.errors import Conflict, Corrupt, InvalidInput, Unavailable, ZerogError
from zerog.store.kv import Batch, Kv, scrub, seal, unseal, unseal_rows
from zerog.store.memory import MemoryKv
from zerog.store.rocks import RocksKv

FAMILIES = {"small": False, "large": True}


@pytest.fixture(params=["memory", "rocks"])
def kv(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Kv]:
    memory = request.param == "memory"
    body: Kv = MemoryKv(list(FAMILIES)) if memory else RocksKv(tmp_path / "db", FAMILIES, cache_bytes=1 << 20)
    yield body
    body.close()


def put(kv: Kv, family: str, items: dict[bytes, bytes], *, sync: bool = False) -> None:
    batch = Batch()
    for key, value in items.items():
        batch.put(family, key, value)
    kv.write(batch, sync=sync)


def test_empty_database_answers_nothing(kv: Kv) -> None:
    assert kv.get("small", b"a") is None
    assert kv.get_many("small", [b"a", b"b"]) == [None, None]
    assert kv.get_many("small", []) == []
    assert list(kv.scan("small")) == []
    assert list(kv.scan("small", reverse=True)) == []


@pytest.mark.parametrize("value", [b"", b"x", b"\0" * 100, os.urandom(1 << 20)], ids=["empty", "one", "zeros", "mebibyte"])
def test_value_comes_back(kv: Kv, value: bytes) -> None:
    put(kv, "large", {b"k": value}, sync=True)
    assert kv.get("large", b"k") == value
    assert kv.get("small", b"k") is None


def test_scan_is_ordered_and_half_open(kv: Kv) -> None:
    keys = [bytes([i]) for i in range(0, 200, 2)]
    put(kv, "small", {key: key * 3 for key in reversed(keys)})
    assert [k for k, _ in kv.scan("small")] == keys
    assert [k for k, _ in kv.scan("small", b"\x05", b"\x0c")] == [b"\x06", b"\x08", b"\x0a"]
    assert [k for k, _ in kv.scan("small", b"\x06", b"\x0c", reverse=True)] == [b"\x0a", b"\x08", b"\x06"]
    assert next(iter(kv.scan("small", reverse=True)))[0] == keys[-1]
    assert next(iter(kv.scan("small", stop=b"\x0b", reverse=True)))[0] == b"\x0a"
    assert list(kv.scan("small", b"\xff")) == []


def test_batch_keeps_the_order_of_its_operations(kv: Kv) -> None:
    batch = Batch()
    batch.put("small", b"a", b"1")
    batch.delete("small", b"a")
    batch.put("small", b"b", b"1")
    batch.put("small", b"b", b"2")
    kv.write(batch)
    assert kv.get_many("small", [b"a", b"b"]) == [None, b"2"]


def test_batch_with_an_unknown_family_changes_nothing(kv: Kv) -> None:
    batch = Batch()
    batch.put("small", b"a", b"1")
    batch.put("nowhere", b"a", b"1")
    with pytest.raises(InvalidInput):
        kv.write(batch)
    assert kv.get("small", b"a") is None
    assert kv.broken is None


def test_random_operations_agree_with_a_dict(kv: Kv, seed: int) -> None:
    rng = random.Random(seed)
    model: dict[bytes, bytes] = {}
    for _ in range(200):
        batch = Batch()
        for _ in range(rng.randrange(1, 8)):
            key = rng.randbytes(rng.randrange(1, 3))
            if rng.random() < 0.3:
                batch.delete("small", key)
                model.pop(key, None)
            else:
                value = rng.randbytes(rng.randrange(0, 40))
                batch.put("small", key, value)
                model[key] = value
        kv.write(batch, sync=False)
    assert dict(kv.scan("small")) == model
    assert [k for k, _ in kv.scan("small", reverse=True)] == sorted(model, reverse=True)


def test_scrub_counts_every_record(kv: Kv) -> None:
    put(kv, "small", {bytes([i]): b"v" for i in range(50)})
    put(kv, "large", {b"k": b"v" * 1000})
    sizes: list[int] = []
    assert scrub(kv, list(FAMILIES), sizes.append) == (51, [])
    assert sum(sizes) == 50 * 2 + 1001


def test_seal_binds_family_key_and_value() -> None:
    stored = seal("small", b"key", b"value")
    assert unseal("small", b"key", stored) == b"value"
    for family, key in (("large", b"key"), ("small", b"kez"), ("small", b"ke")):
        with pytest.raises(Corrupt):
            unseal(family, key, stored)
    for bit in range(len(stored) * 8):
        bad = bytearray(stored)
        bad[bit // 8] ^= 1 << (bit % 8)
        with pytest.raises(Corrupt):
            unseal("small", b"key", bytes(bad))
    for size in range(len(stored)):
        with pytest.raises(Corrupt):
            unseal("small", b"key", stored[:size])


def test_damaged_record_is_never_returned_and_scrub_goes_on() -> None:
    kv = MemoryKv(["small"])
    put(kv, "small", {bytes([i]): b"value" for i in range(10)})
    kv.damage("small", b"\x03", kv.raw("small", b"\x04"))
    with pytest.raises(Corrupt):
        kv.get("small", b"\x03")
    count, faults = scrub(kv, ["small"])
    assert count == 10
    assert len(faults) == 1
    assert "0x03" in faults[0]


def test_after_a_failed_write_nothing_more_is_written() -> None:
    kv = MemoryKv(["small"])
    put(kv, "small", {b"a": b"1"})
    kv.fail_next_write = True
    with pytest.raises(Unavailable):
        put(kv, "small", {b"b": b"1"})
    kv.fail_next_write = False
    with pytest.raises(Unavailable):
        put(kv, "small", {b"c": b"1"})
    assert kv.get("small", b"a") == b"1"
    assert kv.get("small", b"b") is None
    assert kv.broken


def test_rocks_survives_a_restart(tmp_path: Path) -> None:
    for step in range(3):
        kv = RocksKv(tmp_path / "db", FAMILIES, cache_bytes=1 << 20)
        assert len(list(kv.scan("small"))) == step
        put(kv, "small", {bytes([step]): b"v"}, sync=True)
        if step == 1:
            kv.flush()
        kv.close()


def test_rocks_is_opened_once(tmp_path: Path) -> None:
    kv = RocksKv(tmp_path / "db", FAMILIES, cache_bytes=1 << 20)
    with pytest.raises(Conflict):
        RocksKv(tmp_path / "db", FAMILIES, cache_bytes=1 << 20)
    kv.close()


def test_rocks_checkpoint_is_a_database(tmp_path: Path) -> None:
    kv = RocksKv(tmp_path / "db", FAMILIES, cache_bytes=1 << 20)
    put(kv, "small", {b"a": b"1"})
    kv.checkpoint(str(tmp_path / "copy"))
    put(kv, "small", {b"a": b"2"})
    copy = RocksKv(tmp_path / "copy", FAMILIES, cache_bytes=1 << 20)
    assert copy.get("small", b"a") == b"1"
    copy.close()
    kv.close()


_WRITER = """
    import sys
    from pathlib import Path
    from zerog.store.kv import Batch
    from zerog.store.rocks import RocksKv
    kv = RocksKv(Path(sys.argv[1]), {"small": False, "large": True}, cache_bytes=1 << 20)
    start = sum(1 for _ in kv.scan("small"))
    print(start, flush=True)
    for number in range(start, 1 << 30):
        batch = Batch()
        key = number.to_bytes(8, "big")
        batch.put("small", key, key)
        batch.put("large", key, key * 500)
        kv.write(batch, sync=True)
        print(number, flush=True)
"""


@pytest.mark.e2e
def test_rocks_keeps_what_was_acknowledged_before_a_kill(tmp_path: Path) -> None:
    acknowledged = -1
    for round in range(int(os.environ.get("ZEROG_TEST_KILLS", "3"))):
        writer = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(_WRITER), str(tmp_path / "db")], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        start = int(writer.stdout.readline())
        assert start > acknowledged
        for _ in range(20 + 7 * round):
            acknowledged = int(writer.stdout.readline())
        os.kill(writer.pid, signal.SIGKILL)
        rest = writer.stdout.read().split("\n")
        acknowledged = max([acknowledged, *(int(line) for line in rest[:-1])])
        writer.stdout.close()
        writer.wait()
    kv = RocksKv(tmp_path / "db", FAMILIES, cache_bytes=1 << 20)
    for number in range(acknowledged + 1):
        key = number.to_bytes(8, "big")
        assert kv.get("small", key) == key
        assert kv.get("large", key) == key * 500
    kv.close()


def _flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0x10
    path.write_bytes(data)


def _truncate(path: Path, at: int) -> None:
    path.write_bytes(path.read_bytes()[:at])


@pytest.mark.parametrize("damage", [_flip, _truncate], ids=["flip", "truncate"])
def test_damaged_files_never_yield_other_bytes(tmp_path: Path, damage: Callable[[Path, int], None], seed: int) -> None:
    """C3 and C4: whatever happens to a file, a read gives the value that was written, nothing, or an error."""
    rng = random.Random(seed)
    good = {i.to_bytes(4, "big"): rng.randbytes(300) for i in range(200)}
    template = tmp_path / "template"
    kv = RocksKv(template, FAMILIES, cache_bytes=1 << 20)
    put(kv, "small", dict(list(good.items())[:100]), sync=True)
    kv.flush()
    put(kv, "small", dict(list(good.items())[100:]), sync=True)
    kv.close()
    for round in range(12):
        copy = tmp_path / f"copy-{round}"
        copy.mkdir()
        for file in template.iterdir():
            (copy / file.name).write_bytes(file.read_bytes())
        files = [f for f in copy.iterdir() if f.suffix in (".sst", ".log") and f.stat().st_size > 64]
        target = rng.choice(files)
        damage(target, rng.randrange(target.stat().st_size))
        try:
            kv = RocksKv(copy, FAMILIES, cache_bytes=1 << 20)
        except ZerogError:
            continue
        for key, value in good.items():
            try:
                found = kv.get("small", key)
            except ZerogError:
                continue
            assert found is None or found == value
        kv.close()


def unpack(packed: bytes) -> list[tuple[bytes, bytes]]:
    parts, at = [], 0
    while at < len(packed):
        size = int.from_bytes(packed[at : at + 4], "little")
        parts.append(packed[at + 4 : at + 4 + size])
        at += 4 + size
    return list(zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.parametrize("portion_bytes", [1, 1000, 1 << 20])
def test_packed_scan_is_the_scan(kv: Kv, seed: int, portion_bytes: int) -> None:
    rng = random.Random(seed)
    items = {
        rng.randbytes(rng.randrange(1, 60)): rng.randbytes(rng.choice([0, 1, 31, 64, 1023, 1024, 5000])) for _ in range(300)
    }
    put(kv, "small", items)
    portions = list(kv.scan_packed("small", portion_bytes))
    assert [row for portion in portions for row in unpack(portion)] == list(kv.scan("small"))
    assert (len(portions) == 1) == (portion_bytes == 1 << 20)
    assert list(kv.scan_packed("large", portion_bytes)) == []


@pytest.mark.parametrize("at", [0, 1500, 2999])
def test_unseal_rows_names_the_first_broken_record(at: int) -> None:
    keys = [b"%d" % i for i in range(3000)]
    stored = [seal("small", key, key * 3) for key in keys]
    assert unpack(unseal_rows("small", keys, stored)) == [(key, key * 3) for key in keys]
    for broken in (stored[at][:-1] + b"!", stored[at][:10], b"", stored[at - 1]):
        some = [*stored[:at], broken, *stored[at + 1 :]]
        with pytest.raises(Corrupt, match=rf"small at key 0x{keys[at].hex()} "):
            unseal_rows("small", keys, some)
    with pytest.raises(Corrupt):
        unseal_rows("large", keys, stored)


def test_unseal_rows_refuses_other_shapes() -> None:
    with pytest.raises(InvalidInput, match="as many keys"):
        unseal_rows("small", [b"a"], [])
    with pytest.raises(InvalidInput, match="expected bytes"):
        unseal_rows("small", ["a"], [seal("small", b"a", b"")])  # type: ignore[list-item]

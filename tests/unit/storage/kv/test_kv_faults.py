"""What goes wrong around a KV node: damaged records, nodes that lie, streams added late, settings that do not fit."""

from __future__ import annotations

import asyncio
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from coincurve import PrivateKey
from tests.oracle.streams import Blob
from tests.unit.storage.harness import CHAIN_ID, pattern
from tests.unit.storage.kv.kv_kit import Replayed, encode
from tests.unit.storage.kv.kv_node_kit import ALICE, BOB, OTHER, STREAM, StreamEth, kv_config, kv_node, network

from zerog.errors import ConfigError, Corrupt, Exhausted, Unavailable
from zerog.primitives.hashing import keccak256
from zerog.storage.api import Shard, Tx
from zerog.storage.kv import service
from zerog.storage.kv.fetch import Fetcher
from zerog.storage.kv.view import DELETED_SKIPPED_MAX, VIEW_FAMILIES, Change, View, Written
from zerog.storage.layout import FileTree, Segment
from zerog.storage.remote import Remote
from zerog.storage.stream_blob import VERSION_LATEST, AccessOp
from zerog.store.kv import Batch
from zerog.store.memory import MemoryKv
from zerog.types import format_address
from zerog.wire.typed_data import typed_digest

S = "0x" + STREAM.hex()


def filled() -> Replayed:
    real = Replayed({STREAM})
    for seq in range(4):
        blob = Blob(VERSION_LATEST, writes=[(STREAM, b"k%d" % seq, pattern(70_000, seq)), (STREAM, b"same", b"%d" % seq)])
        blob.access = [("grant-key-writer", STREAM, b"k", BOB)]
        assert real.submit(seq, ALICE, [STREAM], encode(blob)) == "Commit"
    return real


@pytest.mark.parametrize("family", sorted(VIEW_FAMILIES))
def test_every_damaged_record_is_found_and_stepped_back_from(family: str) -> None:
    real = filled()
    whole = {name: dict(records) for name, records in real.kv._records.items()}
    for key in list(whole[family]):
        real.kv._records = {name: dict(records) for name, records in whole.items()}
        view = View(real.kv)
        stored = bytearray(whole[family][key])
        stored[-1] ^= 1
        real.kv.damage(family, key, bytes(stored))
        count, faults = view.check()
        assert count == sum(len(records) for records in whole.values())
        assert [fault.facts["key"] for fault in faults] == [key]
        seq = view.repair(faults[0])
        assert seq is not None
        assert view.cursor == seq < 4
        # What is left is whole, and what was stepped over can be replayed to the same state.
        assert family == "kv_misc" or view.check()[1] == []
        assert all(view.result(one) == ("Commit" if one < seq else None) for one in range(4))


def test_damage_of_the_lists_themselves_begins_anew() -> None:
    real = filled()
    for key in list(real.kv._records["kv_changes"]):
        real.kv.damage("kv_changes", key, b"\0" * 40)
    for fault in real.view.check()[1]:
        assert real.view.repair(fault) == 0 or real.view.cursor == 0
    assert [name for name, records in real.kv._records.items() if records] == ["kv_misc"]
    assert real.view.repair(Corrupt("a record of the log", family="tx", key=b"\0" * 8)) is None


def test_a_page_that_is_missing_is_damage_not_emptiness() -> None:
    real = filled()
    row = real.view.latest(STREAM, b"k2")
    assert row is not None
    del real.kv._records["kv_values"][(2).to_bytes(8, "big") + row.index.to_bytes(4, "big") + (1).to_bytes(4, "big")]
    with pytest.raises(Corrupt) as caught:
        real.view.steady(lambda: real.view.value(row))
    assert real.view.repair(caught.value) == 2


def test_a_value_that_is_taken_away_while_it_is_read_is_no_damage() -> None:
    real = filled()
    row = real.view.latest(STREAM, b"k3")
    assert row is not None
    turns: list[int] = []

    def read() -> bytes | None:
        """The row was found, then the log lost its submission."""
        turns.append(len(turns))
        if len(turns) == 1:
            real.view.rewind(3)
            return real.view.value(row)
        found = real.view.latest(STREAM, b"k3")
        return None if found is None else real.view.value(found)

    assert real.view.steady(read) is None
    assert len(turns) == 2


def test_a_write_that_the_disk_refuses_changes_nothing() -> None:
    real = filled()
    before = {name: dict(records) for name, records in real.kv._records.items()}
    real.kv.fail_next_write = True
    with pytest.raises(Unavailable):
        real.view.commit(4, "Commit", [Written(STREAM, b"x", 0, 0)], [Change(AccessOp.GRANT_ADMIN, STREAM, b"", BOB)])
    assert real.kv._records == before
    assert (real.view.cursor, real.view.is_admin(BOB, STREAM)) == (4, False)


class DyingKv(MemoryKv):
    """A database whose process dies before its ``last``-th write: nothing that comes after is kept."""

    last = 1 << 60

    def write(self, batch: Batch, *, sync: bool = True) -> None:
        if not batch.operations:
            return
        if self.last == 0:
            raise ProcessLookupError
        self.last -= 1
        super().write(batch, sync=sync)


def test_death_between_any_two_writes_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Submissions and a step back, cut off at every write: whoever opens the directory goes on to exactly the same state."""
    monkeypatch.setattr("zerog.storage.kv.view._BATCH_BYTES", 100_000)
    monkeypatch.setattr("zerog.storage.kv.view._BATCH_ROWS", 2)
    blobs = [
        encode(Blob(VERSION_LATEST, writes=[(STREAM, b"k%d" % at, pattern(150_000, seq)) for at in range(2)],
                    access=[("special", STREAM, b"k%d" % seq, b"")]))
        for seq in range(3)
    ]  # fmt: skip

    def life(kv: DyingKv, *, back: bool) -> None:
        """Everything that is not done yet; with ``back`` the log loses its last submission at the end."""
        real = Replayed({STREAM})
        real.kv, real.view = kv, View(kv)
        for seq in range(real.view.cursor, 3):
            assert real.submit(seq, ALICE, [STREAM], blobs[seq]) == "Commit"
        if back:
            real.view.rewind(2)

    for back in (False, True):
        whole = DyingKv(list(VIEW_FAMILIES))
        life(whole, back=back)
        writes = (1 << 60) - whole.last
        assert writes > 10
        for cut in range(writes):
            kv = DyingKv(list(VIEW_FAMILIES))
            kv.last = cut
            with pytest.raises(ProcessLookupError):
                life(kv, back=back)
            kv.last = 1 << 60
            view = View(kv)
            assert view.check()[1] == []
            # What counts is whole: every key of the submissions before the cursor, nothing of those after it.
            for seq in range(3):
                row = view.latest(STREAM, b"k1", seq)
                expected = min(seq, view.cursor - 1)
                assert (row and (row.version, view.value(row))) == (
                    None if expected < 0 else (expected, pattern(150_000, expected))
                )
            life(kv, back=back)
            left = {family: records for family, records in kv._records.items() if family != "kv_values"}
            assert left == {family: records for family, records in whole._records.items() if family != "kv_values"}
            assert whole._records["kv_values"].items() <= kv._records["kv_values"].items()


def test_a_desert_of_deleted_keys_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert DELETED_SKIPPED_MAX >= 65_536
    monkeypatch.setattr("zerog.storage.kv.view.DELETED_SKIPPED_MAX", 10)
    view = View(MemoryKv(list(VIEW_FAMILIES)))
    view.commit(0, "Commit", [Written(STREAM, b"%02d" % at, 0, at) for at in range(30)], [])
    for look in (lambda: view.first(STREAM), lambda: view.last(STREAM), lambda: view.next(STREAM, b"05")):
        with pytest.raises(Exhausted, match="deleted keys"):
            look()
    assert view.next(STREAM, b"25") is None


# --- downloads --------------------------------------------------------------------------------------------------------


class Told(Remote):
    """Storage nodes as functions: what each says to a request for a segment."""

    def __init__(self, nodes: dict[str, Any]) -> None:
        super().__init__()
        self.nodes = nodes
        self.asked: list[str] = []

    async def ask(self, url: str, read: Any, method: str, *params: Any, retries: int | None = None) -> Any:
        shard, answer = self.nodes[url]
        if method == "zgs_getShardConfig":
            return Shard.parse(shard)
        assert method == "zgs_downloadSegmentWithProofByTxSeq"
        self.asked.append(url)
        return answer(params[1])


def tx_of(data: bytes, start: int = 1024) -> Tx:
    tree = FileTree.from_buffer(data)
    return Tx(3, tree.root, tuple(tree.nodes), start, len(data), ALICE, bytes(32), b"", 1, bytes(32), bytes(32))


def segment(whole: bytes, index: int, **changes: Any) -> Segment:
    tree = FileTree.from_buffer(whole)
    part = whole[index * 262_144 : (index + 1) * 262_144]
    facts = {"root": tree.root, "data": part + bytes(-len(part) % 256), "index": index, "proof": tree.proof(index),
             "file_size": len(whole)}  # fmt: skip
    return Segment(**(facts | changes))


async def fetched(nodes: dict[str, Any], data: bytes, lies: list[int]) -> bytes:
    remote = Told(nodes)
    fetcher = Fetcher(remote, nodes=list(nodes), on_lie=lambda: lies.append(1))
    with tempfile.TemporaryFile() as target:
        await fetcher.fetch(tx_of(data), target)
        target.seek(0)
        return target.read()


DATA = pattern(3 * 262_144 + 12_345, 4)


async def test_liars_are_passed_over_and_counted() -> None:
    def flipped(index: int) -> Segment:
        good = segment(DATA, index)
        return segment(DATA, index, data=bytes([good.data[0] ^ 1]) + good.data[1:])

    other = pattern(len(DATA), 9)
    nodes = {
        "http://flip": ("0/1", flipped),
        "http://other": ("0/1", lambda index: segment(other, index)),
        "http://index": ("0/1", lambda index: segment(DATA, (index + 1) % 4)),
        "http://size": ("0/1", lambda index: segment(DATA, index, file_size=len(DATA) + 1)),
        "http://none": ("0/1", lambda index: None),
        "http://half": ("1/2", lambda index: segment(DATA, index)),
        "http://rest": ("0/2", lambda index: segment(DATA, index)),
    }
    lies: list[int] = []
    assert await fetched(nodes, DATA, lies) == DATA
    # Four segments at a time may each have asked a liar before the first answer came.
    assert 4 <= len(lies) <= 16


async def test_nobody_who_has_it_is_said_with_reasons() -> None:
    lies: list[int] = []
    with pytest.raises(Unavailable, match="does not have the segment"):
        await fetched({"http://none": ("0/1", lambda index: None)}, DATA, lies)
    with pytest.raises(Unavailable, match="no node that answers holds segment"):
        await fetched({"http://half": ("0/2", lambda index: segment(DATA, index))}, DATA, lies)
    assert lies == []
    with pytest.raises(Unavailable, match="none is configured"):
        await fetched({}, DATA, lies)


# --- streams added while running --------------------------------------------------------------------------------------


def signed(key: PrivateKey, stream: bytes, *, chain_id: int = CHAIN_ID, purpose: str = "register-stream") -> tuple[str, str]:
    wallet = "0x" + bytes(keccak256(key.public_key.format(compressed=False)[1:]))[12:].hex()
    kinds = [("purpose", "string"), ("wallet", "address"), ("streamId", "bytes32")]
    digest = typed_digest(
        {
            "types": {"RegisterStream": [{"name": name, "type": kind} for name, kind in kinds]},
            "primaryType": "RegisterStream",
            "domain": {"name": "0G Storage Scan", "version": "1", "chainId": chain_id},
            "message": {"purpose": purpose, "wallet": wallet, "streamId": "0x" + stream.hex()},
        }
    )
    raw = bytearray(key.sign_recoverable(digest, hasher=None))
    raw[64] += 27
    return wallet, "0x" + raw.hex()


@pytest.mark.slow
async def test_a_stream_added_late_is_replayed_from_its_first_submission(tmp_path: Path) -> None:
    eth, key = StreamEth(), PrivateKey(b"\7" * 32)
    flags = {"storage.kv.streams": S, "storage.kv.streams_added_max": 1}
    async with network(tmp_path, eth, **flags) as net:
        both = Blob(VERSION_LATEST, writes=[(STREAM, b"k", b"both"), (OTHER, b"k", b"both")])
        assert await net.write(ALICE, (b"k", b"0")) == "Commit"
        assert await net.done(await net.submit(ALICE, both)) is None
        assert await net.done(await net.submit(BOB, Blob(VERSION_LATEST, writes=[(OTHER, b"k", b"bob")]))) is None
        assert await net.write(ALICE, (b"after", b"3")) == "Commit"
        wallet, signature = signed(key, OTHER)
        other = "0x" + OTHER.hex()
        wrong = (-32602, "Invalid params: signature", "recovered signer does not match claimed wallet")
        assert await net.refused("admin_addStream", other, format_address(ALICE), signature) == wrong
        assert await net.refused("admin_addStream", S, wallet, signature) == wrong
        assert await net.refused("admin_addStream", other, wallet, signed(key, OTHER, chain_id=1)[1]) == wrong
        assert await net.refused("admin_addStream", other, wallet, signed(key, OTHER, purpose="x")[1]) == wrong
        for bad in ("not-hex", "0x12", signature[:-2] + "05", 7, "0x" + "00" * 64 + "1b"):
            assert (await net.refused("admin_addStream", other, wallet, bad))[:2] == (-32602, "Invalid params: signature")
        assert await net.call("admin_addStream", other, wallet, signature) is True
        assert await net.done(3) == "Commit"
        assert await net.call("admin_addStream", other, wallet, signature) is True
        # As if it had been held from the beginning: the first writer is Alice, so Bob may not.
        assert await net.call("kv_getTransactionResult", 1) == "Commit"
        assert await net.call("kv_getTransactionResult", 2) == "SenderNoWritePermission"
        assert await net.get(b"k", OTHER) == (1, b"both")
        assert await net.get(b"k") == (1, b"both")
        third = bytes(31) + b"\3"
        wallet, signature = signed(key, third)
        assert (await net.refused("admin_addStream", "0x" + third.hex(), wallet, signature))[0] == -32000
        await net.stop()
        async with kv_node(Path(net.node.config.home), eth, net.storage, **flags) as again:
            assert await again.call("kv_getHoldingStreamIds") == [S, other]
            assert await again.get(b"k", OTHER) == (1, b"both")


@pytest.mark.slow
async def test_a_damaged_value_is_never_served_and_comes_back(tmp_path: Path) -> None:
    eth = StreamEth()
    async with network(tmp_path, eth, **{"storage.kv.scrub_interval_s": 1}) as net:
        assert await net.write(ALICE, (b"k", b"precious")) == "Commit"
        assert await net.write(ALICE, (b"other", b"1")) == "Commit"
        kv = net.node.store.kv
        key = bytes(16)
        sealed = kv._families["kv_values"]  # type: ignore[attr-defined]
        stored = bytearray(sealed[key])
        stored[-1] ^= 1
        sealed[key] = bytes(stored)
        code, message, _ = await net.refused("kv_getValue", S, "aw==", 0, 10)
        assert (code, message) == (-32603, "Internal error")
        async with asyncio.timeout(20):
            while True:
                if net.node.store.view.cursor == 2 and net.node.store.view.check()[1] == []:
                    break
                await asyncio.sleep(0.01)
        assert await net.get(b"k") == (0, b"precious")
        # Damage that nobody reads is found by the scrub.
        row = next(iter(kv.scan("kv_keys")))[0]
        stored = bytearray(kv._families["kv_keys"][row])  # type: ignore[attr-defined]
        stored[0] ^= 1
        kv._families["kv_keys"][row] = bytes(stored)  # type: ignore[attr-defined]
        async with asyncio.timeout(20):
            while True:
                if net.node.store.view.cursor == 2 and net.node.store.view.check()[1] == []:
                    break
                await asyncio.sleep(0.02)
        assert await net.get(b"other") == (1, b"1")


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ({"storage.kv.streams": "0x12"}, "32 bytes"),
        ({"storage.kv.nodes": ""}, "at least one storage node"),
        ({"storage.kv.nodes": "ftp://x"}, "http://"),
        ({"storage.kv.indexer": "x"}, "http://"),
        ({"storage.kv.encryption_key_file": "/nowhere"}, "64 hex digits"),
        ({"storage.chain.flow": "0x1234"}, "20 bytes"),
    ],
)
async def test_settings_that_do_not_fit(tmp_path: Path, flags: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        await service.serve(kv_config(tmp_path / "kv", **flags), eth=StreamEth())
    assert os.listdir(tmp_path) == []

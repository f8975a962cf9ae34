"""A KV node from the log to its answers: writes, versions, rights, reorganisations, restarts, nodes that lie or are late."""

from __future__ import annotations

import asyncio
import base64
import re
from pathlib import Path

import pytest
from tests.oracle.streams import Blob
from tests.unit.storage.harness import CHAIN_ID, pattern
from tests.unit.storage.hostile import survive, too_large
from tests.unit.storage.kv.kv_node_kit import ALICE, BOB, OTHER, STREAM, StreamEth, kv_node, network, tags_of, text

from zerog.storage.kv import rpc
from zerog.storage.layout import FileTree
from zerog.storage.stream_blob import VERSION_LATEST

S = "0x" + STREAM.hex()
METHODS = sorted(set(re.findall(r'"(kv_\w+)":', Path(rpc.__file__).read_text())))


@pytest.fixture
def eth() -> StreamEth:
    return StreamEth()


async def test_values_at_every_version(tmp_path: Path, eth: StreamEth) -> None:
    large = pattern(200_000, 5)
    async with network(tmp_path, eth) as net:
        assert await net.call("kv_getStatus") is True
        assert await net.call("kv_getReplayProgress") == {"appliedSeq": 0, "firstTxSeq": None}
        assert await net.write(ALICE, (b"k", b"one"), (b"large", large)) == "Commit"
        await net.submit(BOB, b"some file of somebody", tags=b"\0")
        assert await net.write(ALICE, (b"k", b"two"), (b"k", b"three"), (b"gone", b"x")) == "Commit"
        assert await net.write(ALICE, (b"gone", b"")) == "Commit"
        assert await net.get(b"k") == (2, b"three")
        assert await net.get(b"k", version=1) == (0, b"one")
        assert await net.get(b"large") == (0, large)
        assert await net.get(b"gone") == (3, b"")
        assert await net.get(b"gone", version=2) == (2, b"x")
        assert await net.get(b"never") == (0, b"")
        assert await net.call("kv_getTransactionResult", 1) is None
        assert await net.call("kv_getTransactionResult", "2") == "Commit"
        assert await net.call("kv_getReplayProgress") == {"appliedSeq": 4, "firstTxSeq": 0}
        assert await net.call("kv_getHoldingStreamIds") == [S]


async def test_pages_of_a_value_and_the_refusals(tmp_path: Path, eth: StreamEth) -> None:
    large = pattern(700_000, 6)
    async with network(tmp_path, eth) as net:
        assert await net.write(ALICE, (b"large", large), (b"zzz", b"end")) == "Commit"
        at, parts = 0, []
        while at < len(large):
            page = await net.call("kv_getValue", S, text(b"large"), at, 1 << 18)
            assert (page["version"], page["size"]) == (0, len(large))
            parts.append(base64.b64decode(page["data"]))
            at += len(parts[-1])
        assert b"".join(parts) == large
        assert await net.call("kv_getValue", S, text(b"large"), len(large), 5) == {"version": 0, "data": "", "size": 700_000}
        assert await net.call("kv_getValue", S, text(b"large"), 1 << 60, 0) == {"version": 0, "data": "", "size": 700_000}
        assert await net.refused("kv_getValue", S, text(b"large"), len(large) + 1, 5) == (
            -32602, "Invalid params: start_index", "start index is greater than value length",
        )  # fmt: skip
        too_long = (-32602, "Invalid params: len", "query length too large")
        empty = (-32602, "Invalid params: key", "key is empty")
        assert await net.refused("kv_getValue", S, text(b"large"), 0, (1 << 18) + 1) == too_long
        assert await net.refused("kv_getValue", S, "", 0, 5) == empty
        for method in ("kv_getNext", "kv_getPrev"):
            assert await net.refused(method, S, "", 0, 5, True) == empty
            assert await net.refused(method, S, text(b"k"), 0, (1 << 18) + 1, False, None) == too_long
            assert (await net.refused(method, S, text(b"k"), 0, 5))[:2] == (-32602, "Invalid params: inclusive")
        for method in ("kv_getFirst", "kv_getLast"):
            assert await net.refused(method, S, 0, (1 << 18) + 1) == too_long
        for method, params in (
            ("kv_isSpecialKey", (S, "")), ("kv_isWriterOfKey", ("0x" + ALICE.hex(), S, "")),
            ("kv_hasWritePermission", ("0x" + ALICE.hex(), S, "")),
        ):  # fmt: skip
            assert await net.refused(method, *params) == empty
        for params in (
            (), ("0x12", text(b"k"), 0, 1), (S, 5, 0, 1), (S, "not base64!", 0, 1), (S, text(b"k"), -1, 1),
            (S, text(b"k"), 0, 1.5), (S, text(b"k"), 0, 1, "1"), (S, text(b"k"), 0, 1, 1 << 64), (S, text(b"k"), 0, True),
        ):  # fmt: skip
            assert (await net.refused("kv_getValue", *params))[0] == -32602
        assert (await net.refused("kv_isAdmin", "0x12", S))[0] == -32602
        assert (await net.refused("kv_getTransactionResult", "x"))[0] == -32602
        assert (await net.refused("kv_nothing"))[0] == -32601
        # The key as 0x hex, as one published client sends it.
        assert (await net.call("kv_getValue", S, "0x" + b"zzz".hex(), 0, 10))["data"] == text(b"end")


@pytest.mark.slow
async def test_iterators_pass_over_deleted_keys(tmp_path: Path, eth: StreamEth) -> None:
    async with network(tmp_path, eth) as net:
        await net.write(ALICE, (b"a", b"1"), (b"b", b"2"), (b"c", b"3"))
        await net.write(ALICE, (b"b", b""))

        async def keys(method: str, *params: object) -> bytes | None:
            found = await net.call(method, S, *params)
            return None if found is None else base64.b64decode(found["key"])

        assert await net.call("kv_getFirst", S, 0, 10) == {"version": 0, "key": text(b"a"), "data": text(b"1"), "size": 1}
        assert await net.call("kv_getLast", S, 0, 0) == {"version": 0, "key": text(b"c"), "data": "", "size": 1}
        assert await keys("kv_getNext", text(b"a"), 0, 0, False) == b"c"
        assert await keys("kv_getNext", text(b"b"), 0, 0, True) == b"c"
        assert await keys("kv_getPrev", text(b"b"), 0, 0, True) == b"a"
        assert await keys("kv_getNext", text(b"a"), 0, 0, False, 0) == b"b"
        assert await keys("kv_getPrev", text(b"c"), 0, 0, False, 0) == b"b"
        assert await keys("kv_getNext", text(b"c"), 0, 0, False) is None
        assert await keys("kv_getPrev", text(b"a"), 0, 0, False) is None
        assert await net.call("kv_getFirst", "0x" + OTHER.hex(), 0, 0) is None


async def test_who_may_write_is_who_signed(tmp_path: Path, eth: StreamEth) -> None:
    """The event names 0x…aa as the submitter of everything; only the transaction's sender counts."""
    alice, bob, key = "0x" + ALICE.hex(), "0x" + BOB.hex(), text(b"k")
    async with network(tmp_path, eth) as net:
        assert await net.call("kv_hasWritePermission", bob, S, key)
        assert await net.write(ALICE, (b"k", b"1")) == "Commit"
        assert await net.call("kv_isAdmin", alice, S)
        assert await net.call("kv_IsAdmin", alice, S)
        assert not await net.call("kv_isAdmin", bob, S)
        assert not await net.call("kv_hasWritePermission", bob, S, key)
        assert await net.write(BOB, (b"k", b"2")) == "SenderNoWritePermission"
        grant = Blob(VERSION_LATEST, access=[("grant-writer", STREAM, b"", BOB), ("special", STREAM, b"vip", b"")])
        assert await net.done(await net.submit(ALICE, grant, STREAM)) == "Commit"
        assert await net.call("kv_isWriterOfStream", bob, S)
        assert not await net.call("kv_isWriterOfStream", bob, S, 1)
        assert await net.call("kv_isSpecialKey", S, text(b"vip"))
        assert not await net.call("kv_isWriterOfKey", bob, S, text(b"vip"))
        assert await net.write(BOB, (b"k", b"2")) == "Commit"
        assert await net.write(BOB, (b"vip", b"2")) == f"WritePermissionDenied: stream: {S}, key: vip"
        promote = Blob(VERSION_LATEST, access=[("grant-admin", STREAM, b"", BOB)])
        denied = f"AccessControlPermissionDenied: operation: REVOKE_WRITER_ROLE, stream: {S}, key: NONE, account: {alice}"
        revoke = Blob(VERSION_LATEST, access=[("revoke-writer", STREAM, b"", ALICE)])
        assert await net.done(await net.submit(BOB, revoke, STREAM)) == denied
        # Nobody makes himself an administrator: the operation is passed over, as the official node does.
        assert await net.done(await net.submit(BOB, promote, STREAM)) == "Commit"
        assert not await net.call("kv_isAdmin", bob, S)
        special = Blob(VERSION_LATEST, access=[("grant-key-writer", STREAM, b"vip", BOB)])
        assert await net.done(await net.submit(ALICE, special, STREAM)) == "Commit"
        assert await net.write(BOB, (b"vip", b"3")) == "Commit"
        assert await net.get(b"vip") == (8, b"3")


@pytest.mark.slow
async def test_conflicts_and_garbage_have_results_and_change_nothing(tmp_path: Path, eth: StreamEth) -> None:
    async with network(tmp_path, eth, **{"storage.kv.streams": S}) as net:
        assert await net.write(ALICE, (b"k", b"0")) == "Commit"
        assert await net.write(ALICE, (b"k", b"1")) == "Commit"
        assert await net.write(ALICE, (b"k", b"2"), version=0) == "VersionConfliction"
        reads = Blob(0, reads=[(STREAM, b"k")], writes=[(STREAM, b"other", b"x")])
        assert await net.done(await net.submit(ALICE, reads)) == "VersionConfliction"
        foreign = Blob(9, reads=[(OTHER, b"k")], writes=[(STREAM, b"other", b"x")])
        assert await net.done(await net.submit(ALICE, foreign)) == "TagsMismatch"
        assert await net.done(await net.submit(ALICE, pattern(900, 3), STREAM)) in (
            "DataParseError: Invalid stream data", "DataParseError: Stream read/write/access_control list too long",
        )  # fmt: skip
        # Two streams of which one is not held: not replayed at all.
        both = Blob(VERSION_LATEST, writes=[(STREAM, b"k", b"7"), (OTHER, b"k", b"7")])
        assert await net.done(await net.submit(ALICE, both)) is None
        assert await net.get(b"k") == (1, b"1")
        assert await net.get(b"other") == (0, b"")
        assert await net.call("kv_getHoldingStreamIds") == [S]


async def test_a_reorganisation_takes_values_and_rights_away(tmp_path: Path, eth: StreamEth) -> None:
    async with network(tmp_path, eth) as net:
        assert await net.write(ALICE, (b"k", b"kept")) == "Commit"
        assert await net.write(ALICE, (b"k", b"lost"), (b"only", b"lost")) == "Commit"
        grant = Blob(VERSION_LATEST, access=[("grant-writer", STREAM, b"", BOB)])
        assert await net.done(await net.submit(ALICE, grant, STREAM)) == "Commit"
        eth.rewind(2)
        # The same bytes again, but sent by somebody else: the same file, another result.
        again = net.blobs[1]
        tree = eth.submit_as(BOB, again, tags_of(STREAM))
        eth.mine()  # a shorter chain would be waited out
        await net.result(1, "SenderNoWritePermission")
        assert await net.get(b"k") == (0, b"kept")
        assert await net.get(b"only") == (0, b"")
        assert not await net.call("kv_isWriterOfStream", "0x" + BOB.hex(), S)
        assert await net.call("kv_getTransactionResult", 2) is None
        assert tree.root == FileTree.from_buffer(again).root
        assert await net.write(ALICE, (b"k", b"after")) == "Commit"
        assert await net.get(b"k") == (2, b"after")


@pytest.mark.slow
async def test_late_bytes_are_waited_for_and_restarts_go_on(tmp_path: Path, eth: StreamEth) -> None:
    async with network(tmp_path, eth) as net:
        assert await net.write(ALICE, (b"k", b"0")) == "Commit"
        late = await net.submit(ALICE, Blob(VERSION_LATEST, writes=[(STREAM, b"k", b"1")]), upload=False)
        later = await net.submit(ALICE, Blob(VERSION_LATEST, writes=[(STREAM, b"k", b"2")]))
        await asyncio.sleep(0.15)
        assert (await net.call("kv_getReplayProgress"))["appliedSeq"] == late
        assert "does not have the segment" in net.node.replayer.fault
        await net.upload(late)
        assert await net.done(later) == "Commit"
        assert await net.get(b"k", version=late) == (late, b"1")
        storage = net.storage
        assert net.node.replayer.fault == ""
        home = Path(net.node.config.home)
        async with kv_node(tmp_path / "second", eth, storage) as other:
            assert await other.done(later) == "Commit"
            assert await other.get(b"k") == (later, b"2")
    async with kv_node(home, eth, []) as net:
        # What was replayed is served without any storage node.
        assert await net.get(b"k") == (later, b"2")
        assert (await net.call("kv_getReplayProgress"))["appliedSeq"] == later + 1


@pytest.mark.slow
async def test_sharded_nodes_give_a_long_blob(tmp_path: Path, eth: StreamEth) -> None:
    value = pattern(5 * 262_144 + 77, 9)
    async with network(tmp_path, eth, shards=("0/2", "1/2")) as net:
        assert await net.write(ALICE, (b"v", value), (b"w", b"end")) == "Commit"
        row = net.node.store.view.latest(STREAM, b"v")
        assert row is not None
        assert net.node.store.view.value(row) == value
        assert await net.get(b"w") == (0, b"end")


@pytest.mark.slow
async def test_another_set_of_streams_replays_all(tmp_path: Path, eth: StreamEth) -> None:
    both = Blob(VERSION_LATEST, writes=[(STREAM, b"k", b"7"), (OTHER, b"k", b"8")])
    async with network(tmp_path, eth, **{"storage.kv.streams": S}) as net:
        assert await net.done(await net.submit(ALICE, both)) is None
        assert await net.get(b"k") == (0, b"")
        assert net.endpoints.chain_id == CHAIN_ID
        storage = net.storage
        await net.stop()
        async with kv_node(Path(net.node.config.home), eth, storage) as every:
            assert await every.done(0) == "Commit"
            assert await every.call("kv_getHoldingStreamIds") == [S, "0x" + OTHER.hex()]
            assert await every.get(b"k") == (0, b"7")


async def test_kv_against_nonsense(tmp_path: Path, eth: StreamEth) -> None:
    """Answers of the protocol only; and the same submission once more changes nothing but its number."""
    async with network(tmp_path, eth, **{"storage.kv.body_bytes_max": 200_000}) as net:
        assert await net.write(ALICE, (b"k", b"one")) == "Commit"
        refused = await survive(net.session, net.endpoints.url, METHODS)
        assert len(refused) == 15
        assert refused["kv_getValue"] == 15
        await too_large(net.session, net.endpoints.url, 200_000)
        blob = net.blobs[0]
        again = await net.submit(BOB, blob, tags=tags_of(STREAM))
        assert await net.done(again) != "Commit"  # a replay by somebody without rights
        assert await net.get(b"k") == (0, b"one")

"""Every decoder of storage against bytes and JSON of strangers: a value that keeps its promises, or the one named refusal.

Inputs are good ones with something changed, so that they come past the first check, and noise. The native decoders have
libFuzzer targets (``tests/fuzz``); peers' messages and keys of streams are fuzzed beside their own tests.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zerog.contracts import flow
from zerog.errors import Conflict, InvalidInput, PeerFault
from zerog.primitives.hashing import keccak256
from zerog.runtime.eth import EthLog
from zerog.storage import crypt, directory, frames
from zerog.storage.api import Shard
from zerog.storage.directory import Entry
from zerog.storage.erasure import manifest
from zerog.storage.ingest import Refusal
from zerog.storage.layout import FileTree, Proof, Segment, check_segments
from zerog.storage.log import read_submission
from zerog.storage.remote import FileInfo, _located, _sharded, _status
from zerog.storage.rpc import read_segment, read_segments
from zerog.storage.selection import ShardedNode
from zerog.storage.uploads import submission
from zerog.wire import abi

DATA = bytes(range(256)) * 1030
TREE = FileTree.from_buffer(DATA)
SEGMENT = {
    "root": "0x" + TREE.root.hex(),
    "data": base64.b64encode(DATA[262_144:]).decode(),
    "index": 1,
    "proof": TREE.proof(1).to_json(),
    "fileSize": len(DATA),
}
INFO = {
    "tx": {
        "streamIds": [], "data": [], "dataMerkleRoot": "0x" + TREE.root.hex(), "size": len(DATA), "seq": 3,
        "startEntryIndex": 1024, "merkleNodes": [[height + 1, "0x" + root.hex()] for root, height in TREE.nodes],
    },
    "finalized": True, "isCached": False, "uploadedSegNum": 2, "pruned": False,
}  # fmt: skip
STATUS = {
    "connectedPeers": 0, "logSyncHeight": 1, "logSyncBlock": "0x" + "11" * 32, "nextTxSeq": 1,
    "networkIdentity": {"chainId": 16601, "flowAddress": "0x" + "22" * 20, "p2pProtocolVersion": {"major": 0}},
}  # fmt: skip
NODE = {"url": "http://127.0.0.1:5678", "config": {"shardId": 1, "numShard": 2}, "latency": 3, "since": 0}
TOP = Entry(
    "", "directory",
    entries=(
        Entry("d", "directory", entries=(Entry("f", "file", (TREE.root,), len(DATA)),)), Entry("l", "symbolic", link="d/f"),
    ),
)  # fmt: skip

LEAVES = (
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=70)
    | st.sampled_from(["0x" + "11" * 32, "0x", "..", "/", "http://x", "directory", "file", "symbolic", "AAAA"])
)  # fmt: skip
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4), max_leaves=8
)


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a JSON value."""
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(found for key, part in inside for found in places(part, (*at, key)))]


def replaced(value: Any, at: tuple[Any, ...], new: Any) -> Any:
    if not at:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[at[0]] = replaced(value[at[0]], at[1:], new)
    return copy


def changed(good: Any) -> st.SearchStrategy[Any]:
    """``good`` with a value put somewhere into it."""
    return st.builds(lambda at, new: replaced(good, at, new), st.sampled_from(places(good)), VALUES)


def bent(good: bytes) -> st.SearchStrategy[bytes]:
    """``good`` cut, longer, or with some bytes of it others."""

    def bend(at: int, new: bytes, end: int, more: bytes) -> bytes:
        return (good[:at] + new + good[at + len(new) :])[:end] + more

    size = len(good)
    bounds = st.integers(0, size), st.binary(max_size=40), st.integers(0, size) | st.just(size), st.binary(max_size=3)
    return st.builds(bend, *bounds) | st.binary(max_size=200)


def _checked_segment(value: Any) -> None:
    """What passes for a segment is safe to check, and only the true one is good."""
    segment = read_segment(value)
    (fault,) = check_segments([segment])
    if fault is None:
        padded = DATA[262_144:].ljust(-(-(len(DATA) - 262_144) // 256) * 256, b"\0")
        assert bytes(segment.data) == padded
        assert (segment.index, segment.file_size) == (1, len(DATA))


JSON_DECODERS: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "segment": (SEGMENT, _checked_segment),
    "segments": ([SEGMENT], read_segments),
    "proof": (SEGMENT["proof"], lambda value: Proof.from_json(Proof.from_json(value).to_json())),
    "info": (INFO, FileInfo.from_json),
    "status": (STATUS, _status),
    "node": (NODE, lambda value: ShardedNode.from_json(value).to_json()),
    "nodes": ({"trusted": [NODE], "discovered": None}, _sharded),
    "located": ([NODE], _located),
    "shard": (NODE["config"], lambda value: Shard.from_json(value).to_json()),
}


@pytest.mark.parametrize("name", list(JSON_DECODERS))
@settings(max_examples=40)
@given(data=st.data())
def test_json(name: str, data: st.DataObject) -> None:
    good, read = JSON_DECODERS[name]
    read(good)
    with suppress(InvalidInput, Refusal):
        read(data.draw(changed(good) | VALUES))


@given(changed(TOP.to_json()))
def test_directories(value: Any) -> None:
    """Whatever is accepted stays inside the directory and survives its own encoding."""
    raw = directory.MAGIC + b"\0\2" + json.dumps(value).encode()
    try:
        top = directory.decode(raw)
    except InvalidInput:
        return
    for path, entry in directory.walk(top):
        assert all(part not in ("", ".", "..") and "/" not in part for part in path)
        assert not entry.link.startswith("/")
    assert directory.decode(directory.encode(top)) == top


BYTES: dict[str, tuple[bytes, Callable[[bytes], Any]]] = {
    "directory": (directory.encode(TOP), directory.decode),
    "header of version 1": (b"\1" + bytes(16), crypt.Header.decode),
    "header of version 2": (b"\2\2" + keccak256(b"x") + bytes(16), crypt.Header.decode),
    "manifest": (
        manifest._HEAD.pack(manifest.MAGIC, 1, 4, 2, 262_144, 1000, bytes(32), 0, bytes(32)) + bytes(32),
        manifest.Manifest.decode,
    ),
    "tag": (manifest.Tag(True, TREE.root).encode(), manifest.read_tag),
    "frames": (
        b"".join(
            bytes(piece)
            for piece in frames.encode([Segment(TREE.root, bytes(512), index, TREE.proof(1), len(DATA)) for index in range(2)])
        ),
        lambda raw: check_segments(frames.decode(raw, 4)),
    ),
}


@pytest.mark.parametrize("name", list(BYTES))
@settings(max_examples=40)
@given(data=st.data())
def test_bytes(name: str, data: st.DataObject) -> None:
    good, read = BYTES[name]
    with suppress(InvalidInput):
        read(data.draw(bent(good)))


def _log(body: bytes, topics: tuple[bytes, ...]) -> EthLog:
    return EthLog(topics, body, 7, bytes(32), bytes(32), 0)


@given(st.data())
def test_submit_logs(data: st.DataObject) -> None:
    given_ = submission(TREE)
    body = abi.encode(
        ["uint256", "uint256", "uint256", "(uint256,bytes,(bytes32,uint256)[])"], [3, 1024, given_.sectors, given_.abi()]
    )
    topics = (flow.SUBMIT_TOPIC, bytes(32), given_.identity)
    assert read_submission(_log(body, topics)).root == TREE.root
    try:
        tx = read_submission(_log(data.draw(bent(body)), topics))
    except (PeerFault, InvalidInput, Conflict):
        return
    assert tx.identity == given_.identity
    assert tx.sectors == given_.sectors

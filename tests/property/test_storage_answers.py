"""What answers storage from outside its own nodes, and what it finds on its own disk: chains, KV nodes, records, working files.

A value that keeps its promises or the one named refusal, as in ``test_storage_decoders``.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.property.test_storage_decoders import VALUES, bent, changed

from zerog.errors import Corrupt, InvalidInput, PeerFault
from zerog.runtime.eth import HttpEth
from zerog.storage.erasure.census import _told
from zerog.storage.erasure.client import _listing
from zerog.storage.kv.client import _hashes, _pair_page, _progress, _value_page
from zerog.storage.layout import SEGMENT
from zerog.storage.part import Part
from zerog.storage.uploads import Resume
from zerog.store.kv import seal, unseal, unseal_rows

HASH, OTHER, ADDRESS = "0x" + "11" * 32, "0x" + "12" * 32, "0x" + "22" * 20
BLOCK = {"number": "0x7", "hash": HASH, "parentHash": OTHER}
LOG = {
    "address": ADDRESS, "topics": [HASH, OTHER], "data": "0x00ff", "blockNumber": "0x7", "blockHash": HASH,
    "transactionHash": OTHER, "logIndex": "0x1", "removed": False,
}  # fmt: skip
RECEIPT = {"status": "0x1", "blockNumber": "0x7", "gasUsed": "0x5208", "logs": [LOG]}


class LyingChain(HttpEth):
    """A chain whose node answers anything."""

    def __init__(self, answer: Any) -> None:
        super().__init__("http://127.0.0.1:1", attempts=1)
        self._answer = answer

    async def _once(self, method: str, params: Sequence[Any]) -> Any:
        return self._answer


CHAIN: dict[str, tuple[Any, Callable[[HttpEth], Awaitable[Any]]]] = {
    "number": ("0x10", lambda eth: eth.block_number()),
    "block": (BLOCK, lambda eth: eth.block(7)),
    "final block": (BLOCK, lambda eth: eth.finalized()),
    "logs": ([LOG], lambda eth: eth.logs(bytes(20), bytes(32), 0, 9)),
    "call": ("0x00ff", lambda eth: eth.call(bytes(20), b"")),
    "receipt": (RECEIPT, lambda eth: eth.receipt(bytes(32))),
    "sender": ({"hash": HASH, "from": ADDRESS}, lambda eth: eth.sender(bytes.fromhex("11" * 32))),
}


@pytest.mark.parametrize("name", list(CHAIN))
@settings(max_examples=40)
@given(data=st.data())
def test_chains(name: str, data: st.DataObject) -> None:
    good, ask = CHAIN[name]

    async def both() -> None:
        assert await ask(LyingChain(good)) is not None
        answer = data.draw(changed(good) | VALUES)
        with suppress(PeerFault):
            told = await ask(LyingChain(answer))
            assert not isinstance(told, int) or 0 <= told < 1 << 256
            for log in told if isinstance(told, list) else []:
                assert 0 <= log.block_number < 1 << 64
                assert all(len(topic) == 32 for topic in log.topics)

    asyncio.run(both())


@pytest.mark.parametrize("number", ["-0x5", "0x-5", "5", "0x", "0x" + "1" * 65, "0x5 ", "0x1_0", 5, None])
def test_numbers_of_chains_are_quantities(number: Any) -> None:
    with pytest.raises(PeerFault):
        asyncio.run(LyingChain(number).block_number())
    with pytest.raises(PeerFault):
        asyncio.run(LyingChain(BLOCK | {"number": number}).block(5))


PAIR = {"version": 3, "key": base64.b64encode(b"key").decode(), "data": base64.b64encode(b"value").decode(), "size": 5}
JSON_DECODERS: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "value of a key": ({name: PAIR[name] for name in ("version", "data", "size")}, _value_page),
    "pair": (PAIR, _pair_page),
    "progress": ({"appliedSeq": 3, "firstTxSeq": 0}, _progress),
    "streams": ([HASH], _hashes),
    "segments that a node has": (
        [{"seq": 3, "size": 300_000, "startSegment": 4, "segments": "0x03"}], lambda value: _told(value, 300_000)
    ),
    "manifests that a node has": ({"files": [{"data": HASH, "manifest": OTHER}], "next": None}, _listing),
}  # fmt: skip


@pytest.mark.parametrize("name", list(JSON_DECODERS))
@settings(max_examples=40)
@given(data=st.data())
def test_nodes(name: str, data: st.DataObject) -> None:
    good, read = JSON_DECODERS[name]
    assert read(good) is not None
    with suppress(InvalidInput):
        read(data.draw(changed(good) | VALUES))


ROWS = [(bytes([at]) * at, bytes([at]) * (100 * at)) for at in range(4)]


@given(at=st.integers(0, 3), data=st.data())
def test_records(at: int, data: st.DataObject) -> None:
    """One by one and many at a time: exactly the record that was written in this place, or Corrupt with its name."""
    keys, stored = [key for key, _ in ROWS], [seal("data", *row) for row in ROWS]
    changed_ = data.draw(bent(stored[at]))
    packed = b"".join(len(part).to_bytes(4, "little") + part for row in ROWS for part in row)
    assert unseal_rows("data", keys, stored) == packed
    damaged = [*stored[:at], changed_, *stored[at + 1 :]]
    if changed_ == stored[at]:
        assert unseal("data", keys[at], changed_) == ROWS[at][1]
        return
    with pytest.raises(Corrupt):
        unseal("data", keys[at], changed_)
    with pytest.raises(Corrupt) as refused:
        unseal_rows("data", keys, damaged)
    assert refused.value.key == keys[at]  # type: ignore[attr-defined]
    with pytest.raises(Corrupt):
        unseal_rows("meta", keys, stored)


STATE = {"version": 1, "transactions": {"11" * 32: "22" * 32}, "header": "01" + "33" * 16}


@settings(max_examples=40)
@given(data=st.data())
def test_states_of_uploads(data: st.DataObject) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "state"
        path.write_bytes(
            data.draw(changed(STATE).map(lambda value: json.dumps(value).encode()) | bent(json.dumps(STATE).encode()))
        )
        with suppress(InvalidInput):
            resume = Resume(path)
            assert resume.transaction(b"\x11" * 32) is None or len(resume.transaction(b"\x11" * 32) or b"") == 32
            assert resume.header is None or len(resume.header) in (17, 50)


@settings(max_examples=40)
@given(data=st.data())
def test_lists_of_working_files(data: st.DataObject) -> None:
    """What the list of a download says is there has to be read again; it never claims more segments than the file has."""
    root, size = b"\x11" * 32, 3 * SEGMENT - 5
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "part"
        with Part(path, root, size, 3) as part:
            part.write(1, bytes(SEGMENT))
        listed = Path(folder) / "part.list"
        listed.write_bytes(data.draw(bent(listed.read_bytes())))
        if data.draw(st.booleans()):
            os.truncate(path, data.draw(st.integers(0, size + 9)))
        with Part(path, root, size, 3) as part:
            assert len(part.missing()) + part.done_count == 3
            assert set(part.missing()) <= {0, 1, 2}
            assert path.stat().st_size == size

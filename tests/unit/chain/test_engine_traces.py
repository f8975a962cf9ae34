"""Traces of stored transactions, of whole blocks, and of calls: the right transaction on the right state."""

from __future__ import annotations

import json
from typing import Any

import pytest
from chain_kit import ETHER, GWEI, Key, admit, build, engine

from zerog.errors import InvalidInput, NotFound, TimedOut

ALICE, BOB = Key(1), Key(2)
COUNTER = b"\xa1" * 20  # adds one to slot 0 and returns it
COUNTER_CODE = bytes.fromhex("600054600101806000555f5260205ff3")
CALLER = b"\xa2" * 20  # calls the counter with all gas
CALLER_CODE = bytes.fromhex("5f5f5f5f5f73" + "a1" * 20 + "5af100")
ENDLESS = b"\xa3" * 20


@pytest.fixture(scope="module")
def chain() -> tuple[Any, list[Any]]:
    alloc: dict[bytes, dict[str, Any]] = {
        COUNTER: {"nonce": 1, "code": COUNTER_CODE},
        CALLER: {"nonce": 1, "code": CALLER_CODE},
        ENDLESS: {"nonce": 1, "code": bytes.fromhex("5b5f56")},
    }
    made = engine([ALICE, BOB], alloc=alloc)
    blocks = []
    for number in range(2):
        admit(
            made,
            ALICE.dynamic(2 * number, COUNTER, gas=100_000, tip=3 * GWEI),
            ALICE.dynamic(2 * number + 1, CALLER, gas=100_000, tip=3 * GWEI),
            BOB.dynamic(number, ALICE.address, ETHER, tip=GWEI),
        )
        blocks.append(build(made, 1001 + number))
    return made, blocks


def test_call_tracer_sees_the_transactions_before(chain: tuple[Any, list[Any]]) -> None:
    made, blocks = chain
    for number, block in enumerate(blocks):
        first = json.loads(made.trace_transaction(block.record, 0, number, "callTracer"))
        assert int(first["output"], 16) == 2 * number + 1
        assert (first["from"], first["to"], first["type"]) == ("0x" + ALICE.address.hex(), "0x" + COUNTER.hex(), "CALL")
        second = json.loads(made.trace_transaction(block.record, 1, number, "callTracer"))
        assert int(second["calls"][0]["output"], 16) == 2 * number + 2
        assert second["calls"][0]["to"] == "0x" + COUNTER.hex()
        assert "calls" not in json.loads(made.trace_transaction(block.record, 1, number, "callTracer", {"onlyTopCall": True}))
        third = json.loads(made.trace_transaction(block.record, 2, number, "callTracer"))
        assert int(third["value"], 16) == ETHER


def test_whole_blocks(chain: tuple[Any, list[Any]]) -> None:
    made, blocks = chain
    traces = json.loads(made.trace_block(blocks[1].record, 1, "callTracer"))
    hashes = [blocks[1].tx_hashes[at : at + 32].hex() for at in (0, 32, 64)]
    assert [entry["txHash"] for entry in traces] == ["0x" + hash for hash in hashes]
    for index, entry in enumerate(traces):
        assert entry["result"] == json.loads(made.trace_transaction(blocks[1].record, index, 1, "callTracer"))


def test_prestate_and_struct_logger(chain: tuple[Any, list[Any]]) -> None:
    made, blocks = chain
    before = json.loads(made.trace_transaction(blocks[1].record, 0, 1, "prestateTracer"))
    assert int(before["0x" + COUNTER.hex()]["storage"]["0x" + "00" * 32], 16) == 2
    change = json.loads(made.trace_transaction(blocks[1].record, 0, 1, "prestateTracer", {"diffMode": True}))
    assert int(change["post"]["0x" + COUNTER.hex()]["storage"]["0x" + "00" * 32], 16) == 3
    steps = json.loads(made.trace_transaction(blocks[1].record, 0, 1))
    assert [step["op"] for step in steps["structLogs"]][:3] == ["PUSH1", "SLOAD", "PUSH1"]
    assert steps["failed"] is False
    short = json.loads(made.trace_transaction(blocks[1].record, 0, 1, "", {"limit": 2}))
    assert len(short["structLogs"]) == 2


def test_calls_are_traced_on_any_kept_state(chain: tuple[Any, list[Any]]) -> None:
    made, _ = chain
    for number, expected in ((0, 1), (1, 3), (None, 5)):
        trace = json.loads(made.trace_call({"from": ALICE.address, "to": COUNTER}, number, "callTracer"))
        assert int(trace["output"], 16) == expected
    overridden = made.trace_call({"to": COUNTER}, None, "callTracer", overrides={COUNTER: {"state": {0: 41}}})
    assert int(json.loads(overridden)["output"], 16) == 42


def test_traces_refuse_in_words(chain: tuple[Any, list[Any]]) -> None:
    made, blocks = chain
    with pytest.raises(NotFound):
        made.trace_transaction(blocks[0].record, 3, 0, "callTracer")
    with pytest.raises(NotFound):
        made.trace_transaction(blocks[0].record, 0, 77, "callTracer")
    with pytest.raises(InvalidInput, match="someTracer"):
        made.trace_transaction(blocks[0].record, 0, 0, "someTracer")
    with pytest.raises(InvalidInput, match="unknown field"):
        made.trace_transaction(blocks[0].record, 0, 0, "callTracer", {"surprise": True})
    with pytest.raises(InvalidInput, match="expected true or false"):
        made.trace_transaction(blocks[0].record, 0, 0, "callTracer", {"withLog": 1})
    with pytest.raises(TimedOut):
        made.trace_call({"to": ENDLESS, "gas": 100_000_000}, None, "callTracer", deadline_ms=1)

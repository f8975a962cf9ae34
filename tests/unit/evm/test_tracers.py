"""callTracer, prestateTracer and struct logger: the values and the JSON shape of geth."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from zerog import _native

PAYER, OUTER, INNER, COINBASE = b"\x11" * 20, b"\x22" * 20, b"\x33" * 20, b"\x99" * 20
ENV: dict[str, Any] = {"number": 100, "timestamp": 1_000_000, "base_fee": 7, "coinbase": COINBASE}
ERROR = bytes.fromhex("08c379a0") + (32).to_bytes(32, "big") + (4).to_bytes(32, "big") + b"nope".ljust(32, b"\0")

# sstore(2, 1); log0(""); revert with Error("nope") copied from its own code
REVERTER = bytes.fromhex("60016002555f5fa060646019" + "5f39" + "60645ffd")
REVERTER = REVERTER.replace(b"\x60\x19\x5f\x39", bytes([0x60, len(REVERTER)]) + b"\x5f\x39") + ERROR
# sstore(1, 5); call(INNER, value 1); log0(32 bytes); return the flag
CALLER = (
    bytes.fromhex("6005600155") + bytes.fromhex("5f5f5f5f6001") + b"\x73" + INNER + bytes.fromhex("5af15f5260205fa060205ff3")
)
TX: dict[str, Any] = {
    "sender": PAYER,
    "to": OUTER,
    "gas_limit": 200_000,
    "max_fee": 10,
    "max_priority_fee": 1,
    "nonce": 0,
    "type": 2,
    "value": 3,
}


def text(address: bytes) -> str:
    return "0x" + address.hex()


def word(value: int) -> str:
    return f"0x{value:064x}"


def traced(
    tracer: str, transaction: dict[str, Any] | None = None, alloc: dict[bytes, Any] | None = None, **config: Any
) -> tuple[Any, Any]:
    world = _native.EvmWorld(
        alloc
        or {
            PAYER: {"balance": 10**20},
            OUTER: {"code": CALLER, "balance": 5, "nonce": 1},
            INNER: {"code": REVERTER, "nonce": 1, "storage": {2: 9}},
        }
    )
    result = world.transact(ENV, transaction or TX, tracer=tracer, tracer_config=config)
    return result, json.loads(result["trace"])


def test_call_tracer_shows_the_tree() -> None:
    result, trace = traced("callTracer", withLog=True)
    assert trace == {
        "type": "CALL",
        "from": text(PAYER),
        "to": text(OUTER),
        "value": "0x3",
        "gas": hex(200_000),
        "gasUsed": hex(result["gas_used"]),
        "input": "0x",
        "output": word(0),
        "calls": [
            {
                "type": "CALL",
                "from": text(OUTER),
                "to": text(INNER),
                "value": "0x1",
                "gas": trace["calls"][0]["gas"],
                "gasUsed": trace["calls"][0]["gasUsed"],
                "input": "0x",
                "output": "0x" + ERROR.hex(),
                "error": "execution reverted",
                "revertReason": "nope",
            }
        ],
        "logs": [{"address": text(OUTER), "topics": [], "data": word(0), "index": "0x1", "position": "0x1"}],
    }
    _, top = traced("callTracer", onlyTopCall=True)
    assert "calls" not in top


def test_call_tracer_shows_every_kind() -> None:
    init = (
        bytes.fromhex(
            "5f5f5f5f6004611000fa" + "5f5f5f5f600461100" + "0f4" + "5f5f5f5f5f600461100" + "0f2" + "5f5f5ff0" + "5f5f5f5ff5"
        )
        + b"\x30\xff"
    )
    _, trace = traced("callTracer", {**TX, "to": None, "data": init})
    assert trace["type"] == "CREATE"
    assert [call["type"] for call in trace["calls"]] == [
        "STATICCALL",
        "DELEGATECALL",
        "CALLCODE",
        "CREATE",
        "CREATE2",
        "SELFDESTRUCT",
    ]
    assert ["value" in call for call in trace["calls"]] == [False, True, True, True, True, True]
    assert trace["calls"][1]["value"] == "0x3"
    assert trace["calls"][5] == {
        "type": "SELFDESTRUCT",
        "from": trace["to"],
        "to": trace["to"],
        "gas": "0x0",
        "gasUsed": "0x0",
        "input": "0x",
        "value": "0x3",
    }


def test_call_tracer_of_failures() -> None:
    _, trace = traced("callTracer", {**TX, "to": None, "data": b"\xfe"})
    assert trace["error"] == "invalid opcode: INVALID"
    assert "to" not in trace
    assert "output" not in trace


def test_prestate_is_what_was_there_before() -> None:
    _, trace = traced("prestateTracer")
    assert trace == {
        text(PAYER): {"balance": hex(10**20)},
        text(OUTER): {"balance": "0x5", "nonce": 1, "code": "0x" + CALLER.hex(), "storage": {word(1): word(0)}},
        text(INNER): {"balance": "0x0", "nonce": 1, "code": "0x" + REVERTER.hex(), "storage": {word(2): word(9)}},
        text(COINBASE): {"balance": "0x0"},
    }
    _, plain = traced("prestateTracer", disableCode=True, disableStorage=True)
    assert plain[text(OUTER)] == {"balance": "0x5", "nonce": 1}


def test_prestate_difference() -> None:
    result, trace = traced("prestateTracer", diffMode=True)
    assert trace["post"] == {
        text(PAYER): {"balance": hex(10**20 - 3 - 8 * result["gas_used"]), "nonce": 1},
        text(OUTER): {"balance": "0x8", "storage": {word(1): word(5)}},
        text(COINBASE): {"balance": hex(result["gas_used"])},
    }
    assert set(trace["pre"]) == {text(PAYER), text(OUTER), text(COINBASE)}
    assert "storage" not in trace["pre"][text(OUTER)]


def test_prestate_of_a_creation_that_dies() -> None:
    result, trace = traced("prestateTracer", {**TX, "to": None, "data": b"\x33\xff"}, diffMode=True)
    created = text(result["created"])
    assert created not in trace["pre"]
    assert created not in trace["post"]


def test_struct_log_counts_every_step() -> None:
    result, trace = traced("", enableMemory=True, enableReturnData=True)
    steps = trace["structLogs"]
    assert (trace["gas"], trace["failed"], trace["returnValue"]) == (result["gas_used"], False, word(0))
    assert [s["op"] for s in steps[:3]] == ["PUSH1", "PUSH1", "SSTORE"]
    assert steps[2] == {
        "pc": 4,
        "op": "SSTORE",
        "gas": 178_994,
        "gasCost": 22_100,
        "depth": 1,
        "stack": ["0x5", "0x1"],
        "storage": {word(1)[2:]: word(5)[2:]},
    }
    call = next(i for i, s in enumerate(steps) if s["op"] == "CALL")
    assert steps[call]["gas"] - steps[call]["gasCost"] + steps[call + 1]["gas"] - 2300 == steps[call]["gas"] - 2600 - 9000
    back = next(s for s in steps[call + 1 :] if s["depth"] == 1)
    assert back["returnData"] == "0x" + ERROR.hex()
    assert {s["depth"] for s in steps} == {1, 2}
    for before, after in itertools.pairwise(steps):
        if before["depth"] == after["depth"]:
            assert before["gas"] - before["gasCost"] == after["gas"]
    last = steps[-1]
    assert last["op"] == "RETURN"
    assert last["memory"] == [word(0)[2:]]
    used = 200_000 - (last["gas"] - last["gasCost"])
    assert result["gas_max_used"] == used


def test_struct_log_of_a_fault_and_its_limit() -> None:
    alloc = {PAYER: {"balance": 10**20}, OUTER: {"code": b"\x5f\x01"}}
    _, trace = traced("", alloc=alloc)
    assert trace["failed"]
    assert trace["structLogs"][1]["error"] == "stack underflow (1 <=> 2)"
    _, short = traced("", limit=1, disableStack=True)
    assert len(short["structLogs"]) == 1
    assert "stack" not in short["structLogs"][0]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (bytes.fromhex("4e487b71") + (0x11).to_bytes(32, "big"), "arithmetic underflow or overflow"),
        (bytes.fromhex("4e487b71") + (0x77).to_bytes(32, "big"), "unknown panic code: 0x77"),
        (ERROR.replace(b"nope", 'é"\n'.encode()), 'é"\n'),
        (ERROR.replace(b"nope", b"a\xff\xc3("), "a\ufffd\ufffd("),
        (ERROR[:60], None),
        (ERROR[:36] + (5000).to_bytes(32, "big") + ERROR[68:], None),
        (b"\x01\x02\x03\x04", None),
    ],
)
def test_revert_reasons(data: bytes, reason: str | None) -> None:
    code = bytes([0x60, len(data), 0x60, 12, 0x5F, 0x39, 0x60, len(data), 0x5F, 0xFD, 0, 0]) + data
    _, trace = traced("callTracer", alloc={PAYER: {"balance": 10**20}, OUTER: {"code": code}})
    assert trace["error"] == "execution reverted"
    assert trace["output"] == "0x" + data.hex()
    assert trace.get("revertReason") == reason

"""Calls, estimates and access lists: executions that leave no trace."""

from __future__ import annotations

import json
from typing import Any

import pytest
from chain_kit import ETHER, GWEI, Key, admit, build, config, engine

from zerog import _native
from zerog.errors import InvalidInput, NotFound, TimedOut

ALICE, BOB = Key(1), Key(2)
SINK = b"\x11" * 20


def at(byte: int) -> bytes:
    return bytes([byte]) * 20


CODES = {
    at(0xA1): "600035602035555a60005260206000f3",  # slot[data 1] = data 0; returns the gas left
    at(0xA2): "6308c379a060e01b60005260046000fd",  # reverts with four bytes
    at(0xA3): "5b600056",  # runs forever
    at(0xA4): "600060006000600060006000355af115601457005b60006000fd",  # calls data 0 with all gas, reverts when that fails
    at(0xA5): "6000600155600060025560006003556000600455600060055500",  # clears five slots: refunds
    at(0xA6): "620186a05a11600e5760006000fd5b00",  # wants 100,000 gas to be left (GT), else reverts
    at(0xA7): "fe",
    at(0xA8): "600054600155600254600355600060006000600060007f" + "00" * 12 + "a1" * 20 + "61ffff" "fa00",  # reads, static call
    at(0xA9): "4260005243602052486040524160605244608052" "4560a05260c06000f3",  # block facts
    at(0xAA): "3360005247602052" "60406000f3",  # caller and own balance
}  # fmt: skip


@pytest.fixture(scope="module")
def chain() -> Any:
    alloc = {
        a: {"balance": 0, "nonce": 1, "code": bytes.fromhex(code), "storage": {n: n for n in range(1, 6)}}
        for a, code in CODES.items()
    }
    made = engine([ALICE, BOB], alloc=alloc)
    build(made)
    return made


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


# --- calls -----------------------------------------------------------------------------------------------------------------


def test_call_leaves_no_trace(chain: Any) -> None:
    answer = chain.call({"from": ALICE.address, "to": at(0xA1), "data": word(7) + word(1)})
    assert answer["success"]
    assert chain.storage(at(0xA1), 1) == 1
    assert chain.account(ALICE.address) == chain.account(ALICE.address, 0)


def test_reverts_and_halts(chain: Any) -> None:
    reverted = chain.call({"to": at(0xA2)})
    assert (reverted["success"], reverted["reverted"], reverted["error"]) == (False, True, "execution reverted")
    assert reverted["output"] == bytes.fromhex("08c379a0")
    invalid = chain.call({"to": at(0xA7), "gas": 100_000})
    assert (invalid["success"], invalid["reverted"]) == (False, False)
    assert invalid["error"].startswith("invalid opcode")
    assert invalid["gas_used"] == 100_000


def test_deadline_and_gas_bound_endless_code(chain: Any) -> None:
    with pytest.raises(TimedOut):
        chain.call({"to": at(0xA3), "gas": 2**62}, gas_cap=2**62, deadline_ms=50)
    answer = chain.call({"to": at(0xA3), "gas": 1_000_000})
    assert answer["error"] == "out of gas"
    assert chain.call({"to": at(0xA1), "gas": 2**63, "data": word(0) * 2}, gas_cap=60_000)["gas_used"] <= 60_000


def test_fees_are_charged_only_when_given(chain: Any) -> None:
    poor = {"from": b"\x99" * 20, "to": SINK, "gas": 21000}
    assert chain.call(poor)["success"]
    assert chain.call(poor | {"gas_price": 2 * GWEI})["error"].startswith("insufficient funds for gas * price + value")
    assert chain.call({"from": ALICE.address, "to": SINK, "gas": 21000, "max_fee_per_gas": 1, "max_priority_fee_per_gas": 1})[
        "error"
    ].startswith("max fee per gas less than block base fee")
    assert chain.call(poor | {"value": 1})["error"].startswith("insufficient funds")


def test_state_overrides(chain: Any) -> None:
    who = b"\x99" * 20
    facts = chain.call({"from": who, "to": at(0xAA)}, overrides={at(0xAA): {"balance": 5 * ETHER}})["output"]
    assert facts == who.rjust(32, b"\0") + word(5 * ETHER)
    assert chain.call({"to": who}, overrides={who: {"code": bytes.fromhex("602a5f5260205ff3")}})["output"] == word(42)
    load = bytes.fromhex("5f35545f5260205ff3")  # the slot that data names
    for slot, plain, replaced, patched in ((1, 1, 0, 1), (2, 2, 77, 77)):
        ask = {"to": at(0xA5), "data": word(slot)}
        assert chain.call(ask, overrides={at(0xA5): {"code": load}})["output"] == word(plain)
        assert chain.call(ask, overrides={at(0xA5): {"code": load, "state": {2: 77}}})["output"] == word(replaced)
        assert chain.call(ask, overrides={at(0xA5): {"code": load, "state_diff": {2: 77}}})["output"] == word(patched)
    with pytest.raises(InvalidInput, match="unknown field"):
        chain.call({"to": who}, overrides={who: {"surprise": 1}})


def test_block_overrides(chain: Any) -> None:
    facts = chain.call(
        {"to": at(0xA9)},
        block_overrides={
            "timestamp": 5,
            "number": 6,
            "base_fee": 7,
            "coinbase": SINK,
            "prev_randao": word(8),
            "gas_limit": 9_000_000,
        },
    )["output"]
    assert facts[:192] == word(5) + word(6) + word(0) + SINK.rjust(32, b"\0") + word(8) + word(9_000_000)


def test_past_and_unknown_heights(chain: Any) -> None:
    assert chain.call({"to": SINK}, 0)["success"]
    with pytest.raises(NotFound):
        chain.call({"to": SINK}, 99)
    with pytest.raises(InvalidInput, match="unknown field"):
        chain.call({"tu": SINK})


# --- estimates -------------------------------------------------------------------------------------------------------------

REQUESTS: dict[str, dict[str, Any]] = {
    "transfer": {"from": ALICE.address, "to": SINK, "value": 1},
    "data to nobody": {"from": ALICE.address, "to": SINK, "data": b"\x01" * 100},
    "store": {"from": ALICE.address, "to": at(0xA1), "data": word(7) + word(99)},
    "refunds": {"from": ALICE.address, "to": at(0xA5)},
    "wants gas left": {"from": ALICE.address, "to": at(0xA6)},
    "call in call": {"from": ALICE.address, "to": at(0xA4), "data": word(int.from_bytes(at(0xA5), "big"))},
    "create": {"from": ALICE.address, "data": bytes.fromhex("6001600155600a600c600039600a6000f3" + "00" * 10)},
}


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("floor", [0, 80])
def test_sending_with_the_estimate_works_and_little_less_does_not(name: str, floor: int) -> None:
    alloc = {
        a: {"balance": 0, "nonce": 1, "code": bytes.fromhex(code), "storage": {n: n for n in range(1, 6)}}
        for a, code in CODES.items()
    }
    made = engine([ALICE, BOB], rules=config(gasFloorPercent=floor), alloc=alloc)
    request = REQUESTS[name]
    estimate = made.estimate_gas(request)
    assert isinstance(estimate, int)

    def works(gas: int, nonce: int) -> bool:
        raw = ALICE.dynamic(nonce, request.get("to", b""), request.get("value", 0), gas=gas, data=request.get("data", b""))
        sealed = made.build_with([raw], 1001, b"\xc0" * 20, bytes(32))
        made.discard()
        if sealed.failed:
            return False
        return bool(json.loads(_native.record_receipt_json(sealed.record, 0))["status"] == "0x1")

    assert works(estimate, 0)
    assert not works(int(estimate * 0.98) - 1, 0) or estimate == 21000


@pytest.mark.parametrize("name", REQUESTS)
def test_the_floor_and_the_callers_gas_do_not_move_the_estimate(name: str) -> None:
    alloc = {
        a: {"balance": 0, "nonce": 1, "code": bytes.fromhex(code), "storage": {n: n for n in range(1, 6)}}
        for a, code in CODES.items()
    }
    plain = engine([ALICE], rules=config(gasFloorPercent=0), alloc=alloc)
    floored = engine([ALICE], alloc=alloc)
    request = REQUESTS[name]
    want = plain.estimate_gas(request)
    assert {floored.estimate_gas(request | {"gas": gas}) for gas in (0, 21000, 50_000, 10**6, 2**63 - 1)} == {want}
    assert floored.estimate_gas(request) == want


def test_estimates_that_cannot_be(chain: Any) -> None:
    reverted = chain.estimate_gas({"to": at(0xA2)})
    assert (reverted["reverted"], reverted["output"]) == (True, bytes.fromhex("08c379a0"))
    endless = chain.estimate_gas({"to": at(0xA3)})
    assert endless["error"] == "gas required exceeds allowance (120000000)"
    assert chain.estimate_gas({"to": at(0xA7)})["error"].startswith("invalid opcode")
    poor = chain.estimate_gas({"from": b"\x99" * 20, "to": SINK, "value": 1, "gas_price": GWEI})
    assert poor["error"] == "insufficient funds for transfer"
    assert chain.estimate_gas({"from": ALICE.address, "to": SINK, "value": 1}) == 21000


def test_balance_bounds_the_estimate() -> None:
    made = engine([ALICE], alloc={BOB.address: {"balance": 40_000 * GWEI}, at(0xA3): {"code": bytes.fromhex(CODES[at(0xA3)])}})
    assert made.estimate_gas({"from": BOB.address, "to": SINK, "value": 1, "gas_price": GWEI}) == 21000
    endless = made.estimate_gas({"from": BOB.address, "to": at(0xA3), "gas_price": GWEI})
    assert endless["error"] == "gas required exceeds allowance (40000)"


FLOORS = [
    (21_000, 21_000),
    (21_001, 21_000),
    (26_250, 21_000),
    (26_252, 21_001),
    (100_000, 80_000),
    (100_001, 80_000),
    (100_003, 80_002),
]


@pytest.mark.parametrize(("limit", "charged"), FLOORS)
def test_the_gas_floor_of_a_transfer(limit: int, charged: int) -> None:
    made = engine([ALICE])
    admit(made, ALICE.transfer(0, SINK, gas=limit))
    assert build(made).gas_used == charged


def test_the_gas_floor_of_the_largest_limit() -> None:
    made = engine([ALICE])
    limit = 2**63 - 1
    answer = made.call({"to": SINK, "gas": limit}, gas_cap=limit)
    assert answer["gas_used"] == limit // 100 * 80 + limit % 100 * 80 // 100
    assert answer["gas_max_used"] == 21000


# --- access lists ----------------------------------------------------------------------------------------------------------


def test_access_list_covers_what_is_touched(chain: Any) -> None:
    slots, gas, error = chain.create_access_list({"from": ALICE.address, "to": at(0xA8)})
    assert error == ""
    by_address = {address: set(keys) for address, keys in slots}
    assert by_address[at(0xA8)] == {word(n) for n in range(4)}
    assert at(0xA1) in by_address
    assert ALICE.address not in by_address
    assert gas > 21000
    _, _, error = chain.create_access_list({"to": at(0xA2)})
    assert error == "execution reverted"

"""What happens at the edges of a block: EIP-4788, 2935, 6110, 7002, 7251, 7685, withdrawals and 0G's distribution call."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from zerog import _native
from zerog.contracts.registry import (
    BEACON_ROOTS,
    CONSOLIDATION_REQUESTS,
    HISTORY_STORAGE,
    SYSTEM_CONTRACTS,
    WITHDRAWAL_REQUESTS,
)
from zerog.errors import InvalidInput

SYSTEM = b"\xff" * 19 + b"\xfe"
PAYER = b"\x11" * 20
DEPOSITS = b"\x44" * 20
ENV: dict[str, Any] = {"number": 100, "timestamp": 1_000_000, "base_fee": 7}
DEPOSIT_TOPIC = bytes.fromhex("649bbc62d0e31342afea4e5cd82d4049e7e1ee912fc0889aa790803be39038c5")


def world(fork: str = "prague", zerog: bool = False, **accounts: Any) -> _native.EvmWorld:
    alloc: dict[bytes, dict[str, Any]] = {
        bytes(address): {"code": code, "nonce": 1} for address, code in SYSTEM_CONTRACTS.items()
    }
    alloc[PAYER] = {"balance": 10**24}
    alloc.update({bytes.fromhex(address): account for address, account in accounts.items()})
    return _native.EvmWorld(alloc, fork=fork, zerog_precompiles=zerog)


def test_beacon_root_and_parent_hash_are_kept() -> None:
    w = world()
    parent, root = b"\xaa" * 32, b"\xbb" * 32
    w.block_start(ENV, parent, root)
    assert w.storage(BEACON_ROOTS, 1_000_000 % 8191) == 1_000_000
    assert w.storage(BEACON_ROOTS, 1_000_000 % 8191 + 8191) == int.from_bytes(root, "big")
    assert w.storage(HISTORY_STORAGE, 99) == int.from_bytes(parent, "big")
    answer = w.system_call(ENV, PAYER, BEACON_ROOTS, (1_000_000).to_bytes(32, "big"))
    assert answer["success"]
    assert answer["output"] == root


def test_cancun_keeps_no_parent_hash_and_has_no_requests() -> None:
    w = world("cancun")
    w.block_start(ENV, b"\xaa" * 32, b"\xbb" * 32)
    assert w.storage(HISTORY_STORAGE, 99) == 0
    assert w.block_end(ENV)["requests_hash"] is None


def test_without_the_contracts_the_start_changes_nothing() -> None:
    w = _native.EvmWorld({PAYER: {"balance": 1}})
    before = w.root()
    w.block_start(ENV, b"\xaa" * 32, b"\xbb" * 32)
    assert w.root() == before


def test_withdrawals_are_gwei_and_touch_nobody_for_nothing() -> None:
    w = world()
    w.block_end(ENV, [(0, 5, PAYER, 3), (1, 6, b"\x77" * 20, 0)])
    assert w.account(PAYER)[1] == 10**24 + 3 * 10**9
    w.root()
    assert b"\x77" * 20 not in w.dump()


def test_requests_come_out_in_order_with_their_hash() -> None:
    w = world()
    pubkey, target = b"\x01" * 48, b"\x02" * 48
    tx = {"sender": PAYER, "gas_limit": 300_000, "max_fee": 10, "value": 1}
    asked = w.transact(ENV, {**tx, "to": WITHDRAWAL_REQUESTS, "data": pubkey + (5).to_bytes(8, "big"), "nonce": 0})
    merged = w.transact(ENV, {**tx, "to": CONSOLIDATION_REQUESTS, "data": pubkey + target, "nonce": 1})
    assert asked["success"]
    assert merged["success"]
    data = bytearray(576)
    for i, (offset, size) in enumerate(((160, 48), (256, 32), (320, 8), (384, 96), (512, 8))):
        data[32 * i : 32 * i + 32] = offset.to_bytes(32, "big")
        data[offset : offset + 32] = size.to_bytes(32, "big")
        data[offset + 32 : offset + 32 + size] = bytes([i + 1]) * size
    logs = [
        (DEPOSITS, [DEPOSIT_TOPIC], bytes(data)),
        (PAYER, [DEPOSIT_TOPIC], b"not the contract"),
        (DEPOSITS, [], b"other event"),
    ]
    end = w.block_end(ENV, [], DEPOSITS, logs)
    deposit = b"".join(bytes([i + 1]) * size for i, size in enumerate((48, 32, 8, 96, 8)))
    withdrawal = PAYER + pubkey + (5).to_bytes(8, "little")
    assert end["requests"] == [b"\0" + deposit, b"\1" + withdrawal, b"\2" + PAYER + pubkey + target]
    assert end["requests_hash"] == hashlib.sha256(b"".join(hashlib.sha256(r).digest() for r in end["requests"])).digest()


def test_no_requests_have_the_hash_of_nothing() -> None:
    assert world().block_end(ENV)["requests_hash"] == hashlib.sha256(b"").digest()


@pytest.mark.parametrize("spoil", [0, 159, 300])
def test_a_deposit_event_of_another_layout_invalidates_the_block(spoil: int) -> None:
    data = bytearray(576)
    data[spoil] = 1
    with pytest.raises(InvalidInput, match="deposit event"):
        world().block_end(ENV, [], DEPOSITS, [(DEPOSITS, [DEPOSIT_TOPIC], bytes(data))])


def test_missing_and_failing_request_contracts() -> None:
    bare = _native.EvmWorld({PAYER: {"balance": 1}})
    with pytest.raises(InvalidInput, match="no code at the withdrawal request contract"):
        bare.block_end(ENV)
    assert bare.block_end(ENV, requests_required=False)["requests"] == []
    failing = _native.EvmWorld({WITHDRAWAL_REQUESTS: {"code": b"\xfe"}})
    with pytest.raises(InvalidInput, match="withdrawal request call failed: invalid opcode"):
        failing.block_end(ENV, requests_required=False)


# Stores its calldata word at slot 0 and the caller at slot 1.
RECORDER = bytes.fromhex("5f355f5533600155")


def test_distribution_sentinel() -> None:
    target = b"\x66" * 20
    entries = [(0, 2**64 - 1, target, 7), (1, 1, PAYER, 1)]
    w = world(zerog=True, **{target.hex(): {"code": RECORDER}})
    end = w.block_end(ENV, entries)
    assert (end["distribution_called"], end["distribution_succeeded"]) == (True, True)
    assert w.storage(target, 0) == 7 * 10**9
    assert w.storage(target, 1) == int.from_bytes(SYSTEM, "big")
    assert w.account(target)[1] == 7 * 10**9
    for alone, rules in ((entries[:1], True), (entries, False)):
        quiet = world(zerog=rules, **{target.hex(): {"code": RECORDER}})
        assert not quiet.block_end(ENV, alone)["distribution_called"]
        assert quiet.storage(target, 0) == 0


def test_a_failing_distribution_call_is_ignored() -> None:
    target = b"\x66" * 20
    w = world(zerog=True, **{target.hex(): {"code": b"\x5f\x35\x5f\x55\xfe"}})
    end = w.block_end(ENV, [(0, 2**64 - 1, target, 7), (1, 1, PAYER, 1)])
    assert (end["distribution_called"], end["distribution_succeeded"]) == (True, False)
    assert w.storage(target, 0) == 0
    assert w.account(target)[1] == 7 * 10**9


def test_system_calls_cost_nobody_anything_and_roll_back_when_they_fail() -> None:
    target = b"\x66" * 20
    w = world(**{target.hex(): {"code": b"\x60\x01\x5f\x55\x5f\x5f\xfd"}})
    failed = w.system_call(ENV, SYSTEM, target, b"", 100_000)
    assert not failed["success"]
    assert failed["error"] == "execution reverted"
    assert w.storage(target, 0) == 0
    assert w.account(SYSTEM) == (0, 0, b"")
    assert w.system_call(ENV, SYSTEM, b"\x88" * 20, b"")["success"]

"""Transactions: why they are refused (geth's sentences), what they cost, 0G's floor, options of calls."""

from __future__ import annotations

from typing import Any

import pytest

from zerog import _native
from zerog.errors import InvalidInput

PAYER, OTHER, CODE = b"\x11" * 20, b"\x22" * 20, b"\x33" * 20
PAYER_TEXT = "0x1111111111111111111111111111111111111111"
ENV: dict[str, Any] = {"number": 100, "timestamp": 1_000_000, "base_fee": 7, "gas_limit": 10**7, "coinbase": b"\x99" * 20}
BLOB = b"\x01" + bytes(31)


def world(code: bytes = b"", *, balance: int = 10**24, nonce: int = 0, **options: Any) -> _native.EvmWorld:
    return _native.EvmWorld({PAYER: {"balance": balance, "nonce": nonce}, CODE: {"code": code, "nonce": 1}}, **options)


def tx(**fields: Any) -> dict[str, Any]:
    return {"sender": PAYER, "to": OTHER, "gas_limit": 21_000, "max_fee": 10, "nonce": 0, **fields}


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("nonce-high", {"nonce": 5}, f"nonce too high: address {PAYER_TEXT}, tx: 5 state: 0"),
    (
        "funds",
        {"value": 10**24},
        f"insufficient funds for gas * price + value: address {PAYER_TEXT} have {10**24} want {10**24 + 210000}",
    ),
    ("funds-overflow", {"max_fee": 2**255}, "insufficient funds for gas * price + value"),
    ("intrinsic", {"gas_limit": 20_999}, "intrinsic gas too low: have 20999, want 21000"),
    ("floor", {"data": b"\xff" * 100, "gas_limit": 23_000}, "insufficient gas for floor data gas cost: have 23000, want 25000"),
    ("fee-cap", {"max_fee": 6}, f"max fee per gas less than block base fee: address {PAYER_TEXT}, maxFeePerGas: 6, baseFee: 7"),
    (
        "tip",
        {"type": 2, "max_priority_fee": 11},
        "max priority fee per gas higher than max fee per gas: "
        f"address {PAYER_TEXT}, maxPriorityFeePerGas: 11, maxFeePerGas: 10",
    ),
    ("block-gas", {"gas_limit": 10**7 + 1}, "exceeds block gas limit"),
    ("gas-beyond-63-bits", {"gas_limit": 2**63, "max_fee": 7}, "exceeds block gas limit"),
    (
        "init-code",
        {"to": None, "data": bytes(49153), "gas_limit": 10**6},
        "max initcode size exceeded: code size 49153 limit 49152",
    ),
    ("chain-id", {"chain_id": 2}, "invalid chain id for signer: have 2 want 1"),
    ("blob-create", {"type": 3, "to": None, "blob_hashes": [BLOB]}, "blob transaction of type create"),
    ("blob-none", {"type": 3, "max_fee_per_blob_gas": 1}, "blob transaction missing blob hashes"),
    ("blob-many", {"type": 3, "blob_hashes": [BLOB] * 10, "max_fee_per_blob_gas": 1}, "blob transaction has too many blobs"),
    ("blob-version", {"type": 3, "blob_hashes": [bytes(32)], "max_fee_per_blob_gas": 1}, "blob has invalid hash version"),
    ("blob-fee", {"type": 3, "blob_hashes": [BLOB]}, "max fee per blob gas less than block blob gas fee"),
    ("auth-create", {"type": 4, "to": None}, "EIP-7702 transaction cannot be used to create contract"),
    ("auth-none", {"type": 4}, "EIP-7702 transaction with empty auth list"),
]


@pytest.mark.parametrize(("fields", "sentence"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_refused_with_geths_sentence_and_no_effect(fields: dict[str, Any], sentence: str) -> None:
    w = world()
    result = w.transact({**ENV, "gas_limit": 10**7}, tx(**fields))
    assert not result["valid"]
    assert result["error"].startswith(sentence)
    assert w.root() == world().root()


def test_nonces_behind_and_at_their_end() -> None:
    assert world(nonce=3).transact(ENV, tx())["error"] == f"nonce too low: address {PAYER_TEXT}, tx: 0 state: 3"
    assert world(nonce=2**64 - 1).transact(ENV, tx(nonce=2**64 - 1))["error"].startswith("nonce has max value")


def test_contracts_do_not_send() -> None:
    w = _native.EvmWorld({PAYER: {"balance": 10**24, "code": b"\x00"}})
    assert w.transact(ENV, tx())["error"] == f"sender not an eoa: address {PAYER_TEXT}, len(code): 1"
    assert w.transact(ENV, tx(), check_sender_code=False)["success"]
    delegated = _native.EvmWorld({PAYER: {"balance": 10**24, "code": b"\xef\x01\x00" + OTHER}})
    assert delegated.transact(ENV, tx())["success"]


def test_type_four_needs_prague() -> None:
    assert world(fork="cancun").transact(ENV, tx(type=4))["error"] == "transaction type not supported"


@pytest.mark.parametrize(
    ("gas_limit", "charged"),
    [
        (21_000, 21_000),
        (21_001, 21_000),
        (26_250, 21_000),
        (26_252, 21_001),
        (100_000, 80_000),
        (2**63 - 1, 7378697629483820645),
    ],
)
def test_eighty_percent_floor(gas_limit: int, charged: int) -> None:
    w = world(gas_floor_percent=80, balance=2**200)
    env = {**ENV, "gas_limit": 2**63 - 1}
    result = w.transact(env, tx(gas_limit=gas_limit, value=1))
    assert result["gas_used"] == charged
    assert result["gas_max_used"] == 21_000
    assert w.account(PAYER)[1] == 2**200 - 1 - 10 * charged
    assert w.account(ENV["coinbase"])[1] == 3 * charged
    plain = world(balance=2**200)
    assert plain.transact(env, tx(gas_limit=gas_limit, value=1))["gas_used"] == 21_000


def test_the_floor_takes_the_refund_and_the_calldata_floor_comes_last() -> None:
    clears = bytes.fromhex("5f5f55")  # slot 0 was 1: a refund of 4,800
    alloc = {PAYER: {"balance": 10**24}, CODE: {"code": clears, "nonce": 1, "storage": {0: 1}}}
    spent = 21_000 + 2 + 2 + 5_000
    plain = _native.EvmWorld(alloc).transact(ENV, tx(to=CODE, gas_limit=30_000))
    assert (plain["gas_used"], plain["gas_refunded"]) == (spent - 4_800, 4_800)
    floored = _native.EvmWorld(alloc, gas_floor_percent=80).transact(ENV, tx(to=CODE, gas_limit=30_000))
    assert (floored["gas_used"], floored["gas_refunded"], floored["gas_max_used"]) == (24_000, 0, spent)
    data = b"\xff" * 1000
    heavy = _native.EvmWorld(alloc, gas_floor_percent=80).transact(ENV, tx(to=OTHER, gas_limit=61_000, data=data))
    assert heavy["gas_used"] == 21_000 + 40 * 1000
    assert (
        _native.EvmWorld(alloc, fork="cancun").transact(ENV, tx(gas_limit=61_000, data=data))["gas_used"] == 21_000 + 16 * 1000
    )


def test_free_calls() -> None:
    basefee = bytes.fromhex("485f5260205ff3")
    w = world(basefee, balance=0)
    free = tx(to=CODE, gas_limit=100_000, max_fee=0)
    assert not w.transact(ENV, free)["valid"]
    result = w.transact(ENV, free, check_base_fee=False, check_nonce=False)
    assert int.from_bytes(result["output"], "big") == 0
    assert w.account(ENV["coinbase"])[1] == 0
    short = w.transact(ENV, tx(to=CODE, gas_limit=100_000, max_fee=0, value=1), check_base_fee=False, check_nonce=False)
    assert short["error"].startswith("insufficient funds")


def test_deadline() -> None:
    result = world(b"\x5b\x5f\x56").transact(
        {**ENV, "gas_limit": 2**62}, tx(to=CODE, gas_limit=2**62, max_fee=0), check_base_fee=False, deadline_ms=20
    )
    assert result["error"] == "execution aborted (timeout)"


def test_access_list_of_a_call() -> None:
    # BALANCE of OTHER, SLOAD 5, CALL to the identity precompile, BALANCE of itself
    code = b"\x73" + OTHER + bytes.fromhex("31600554") + bytes.fromhex("5f5f5f5f600461fffff1") + b"\x3031"
    result = world(code).transact(ENV, tx(to=CODE, gas_limit=200_000), collect_access_list=True)
    assert result["access_list"] == [(OTHER, []), (CODE, [(5).to_bytes(32, "big")])]


def test_access_lists_make_slots_warm() -> None:
    reads = bytes.fromhex("600554")
    cold = world(reads).transact(ENV, tx(to=CODE, gas_limit=100_000))["gas_used"]
    listed = tx(type=1, to=CODE, gas_limit=100_000, access_list=[(CODE, [(5).to_bytes(32, "big")])])
    assert world(reads).transact(ENV, listed)["gas_used"] == cold - 2_000 + 2_400 + 1_900


def test_delegation_sets_runs_and_clears() -> None:
    signer = b"\x55" * 20
    w = world(bytes.fromhex("60075f55"))  # slot 0 of the account that runs it becomes 7
    entry = {"chain_id": 1, "address": CODE, "nonce": 0, "authority": signer}
    result = w.transact(
        ENV,
        tx(
            type=4, to=signer, gas_limit=200_000, authorizations=[entry, {**entry, "chain_id": 2}, {**entry, "authority": None}]
        ),
    )
    assert result["success"]
    assert w.account(signer) == (1, 0, b"\xef\x01\x00" + CODE)
    assert (w.storage(signer, 0), w.storage(CODE, 0)) == (7, 0)
    cleared = w.transact(
        ENV, tx(type=4, nonce=1, gas_limit=200_000, authorizations=[{**entry, "nonce": 1, "address": bytes(20), "chain_id": 0}])
    )
    assert cleared["success"]
    assert cleared["gas_refunded"] == 46_000 // 5  # 12,500 for an account that exists, capped at a fifth
    assert w.account(signer) == (2, 0, b"")


def test_delegations_stay_when_the_transaction_fails() -> None:
    signer = b"\x55" * 20
    w = world(b"\xfe")
    entry = {"chain_id": 1, "address": CODE, "nonce": 0, "authority": signer}
    result = w.transact(ENV, tx(type=4, to=CODE, gas_limit=200_000, authorizations=[entry]))
    assert not result["success"]
    assert w.account(signer)[2] == b"\xef\x01\x00" + CODE


def test_blob_fees_are_burned() -> None:
    w = world(fork="prague")
    env = {**ENV, "excess_blob_gas": 50_000_000}
    price = blob_price(50_000_000, 5_007_716)
    result = w.transact(env, tx(type=3, max_priority_fee=1, max_fee_per_blob_gas=price, blob_hashes=[BLOB] * 2))
    assert result["blob_gas_used"] == 2 * 131_072
    assert w.account(PAYER)[1] == 10**24 - 21_000 * 8 - 2 * 131_072 * price
    assert w.account(ENV["coinbase"])[1] == 21_000
    dearer = world().transact(env, tx(type=3, max_priority_fee=1, max_fee_per_blob_gas=price - 1, blob_hashes=[BLOB]))
    assert not dearer["valid"]


def blob_price(excess: int, fraction: int) -> int:
    """EIP-4844, fake_exponential."""
    total, term, i = 0, fraction, 1
    while term > 0:
        total += term
        term = term * excess // (fraction * i)
        i += 1
    return total // fraction


def test_creation() -> None:
    init = bytes.fromhex("60fe5f5360015ff3")  # deploys fe
    w = world()
    result = w.transact(ENV, tx(to=None, data=init, gas_limit=100_000))
    assert result["success"]
    assert w.account(result["created"]) == (1, 0, b"\xfe")
    taken = _native.EvmWorld({PAYER: {"balance": 10**24}, result["created"]: {"storage": {1: 1}}})
    collision = taken.transact(ENV, tx(to=None, data=init, gas_limit=100_000))
    assert (collision["success"], collision["error"], collision["gas_used"]) == (False, "contract address collision", 100_000)


def test_bad_arguments_are_named() -> None:
    with pytest.raises(InvalidInput, match="sender: expected 20 bytes"):
        world().transact(ENV, {**tx(), "sender": b"\x01"})
    with pytest.raises(InvalidInput, match="value: expected an integer"):
        world().transact(ENV, tx(value=2**256))
    with pytest.raises(InvalidInput, match="fork: expected"):
        _native.EvmWorld({}, fork="london")
    with pytest.raises(InvalidInput, match="tracer not found"):
        world().transact(ENV, tx(), tracer="noTracer")

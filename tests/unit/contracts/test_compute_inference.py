"""The inference contract on the native EVM: services, tokens, refunds, settlements, every refusal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from coincurve import PrivateKey
from tests.unit.contracts.compute_kit import (
    DAY,
    INFERENCE,
    PROVIDER,
    STAKE,
    STRANGER,
    TEE,
    ComputeWorld,
    high,
    service,
    settlement,
)  # fmt: skip
from tests.unit.contracts.contract_kit import ALICE, BOB, ONE, OWNER

from zerog.contracts import inference, registry
from zerog.contracts.inference import Status
from zerog.errors import InvalidInput
from zerog.types import Address


@pytest.fixture
def world() -> ComputeWorld:
    made = ComputeWorld()
    made.serve()
    made.fund(ALICE, ONE)
    return made


def account(world: ComputeWorld, user: Address = ALICE) -> inference.Account:
    made: inference.Account = world.ask(world.inference, inference.account(user, PROVIDER))
    return made


def settle(world: ComputeWorld, *items: inference.Settlement, sender: Address = PROVIDER) -> list[Status]:
    made: list[Status] = world.ask(world.inference, inference.settle(items), sender)
    return made


def test_constants(world: ComputeWorld) -> None:
    found = [world.inference.call(name) for name in ("MIN_LOCKTIME", "MAX_LOCKTIME", "MIN_PROVIDER_STAKE", "lockTime")]
    assert found == [3600, 7 * DAY, STAKE, DAY]
    assert world.inference.call("ledgerAddress") == registry.LEDGER
    for id, expected in (("160841b1", True), ("01ffc9a7", True), ("ffffffff", False)):
        assert world.inference.call("supportsInterface", bytes.fromhex(id)) is expected
    for bad in (3599, 7 * DAY + 1):
        assert "LockTimeOutOfRange" in world.inference.fails(OWNER, "updateLockTime", bad)
    assert "Ownable" in world.inference.fails(ALICE, "updateLockTime", 3600)
    told = world.inference.send(OWNER, "updateLockTime", 3600)
    assert told == [("LockTimeUpdated", {"oldLockTime": DAY, "newLockTime": 3600})]


def test_stakes_and_services(world: ComputeWorld) -> None:
    contract = world.inference
    assert "InsufficientStake" in contract.fails(STRANGER, "addOrUpdateService", service(), value=STAKE - 1)
    assert "CannotAddStakeWhenUpdating" in contract.fails(PROVIDER, "addOrUpdateService", service(), value=1)
    too_long = service(additionalInfo="i" * 4097)
    assert contract.fails(STRANGER, "addOrUpdateService", too_long, value=STAKE) == "AdditionalInfoTooLong()"
    before = world.balance(STRANGER)
    told = contract.send(STRANGER, "addOrUpdateService", service(additionalInfo="i" * 4096), value=STAKE + 7)
    assert [name for name, _ in told] == ["ProviderStaked", "ServiceUpdated"]
    made = world.ask(contract, inference.service(STRANGER))
    assert (made.provider, made.signer, made.signer_acknowledged, made.updated_at) == (STRANGER, TEE, False, world.now)
    assert [row.provider for row in world.ask(contract, inference.services(0, 50))[0]] == [PROVIDER, STRANGER]
    assert world.ask(contract, inference.services(1, 50))[1] == 2
    assert contract.fails(ALICE, "getAllServices", 0, 51) == "LimitTooLarge(limit=51, max=50)"
    told = contract.send(STRANGER, "removeService")
    assert [name for name, _ in told] == ["ServiceRemoved", "ProviderStakeReturned"]
    assert world.balance(STRANGER) == before
    assert "ServiceNotExist" in contract.fails(STRANGER, "removeService")
    assert "ServiceNotExist" in contract.fails(ALICE, "getService", STRANGER)
    assert contract.call("serviceExists", PROVIDER)
    assert not contract.call("serviceExists", STRANGER)
    contract.send(PROVIDER, "removeService")
    assert contract.call("getAllServices", 0, 0) == ([], 0)


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({"url": "http://other"}, True), ({"inputPrice": 11}, True), ({"outputPrice": 0}, True), ({}, True),
        ({"serviceType": "embedding"}, False), ({"model": "other"}, False), ({"verifiability": "none"}, False),
        ({"additionalInfo": "{ }"}, False), ({"teeSignerAddress": ALICE}, False),
    ],
)  # fmt: skip
def test_what_is_served_by_whom_has_to_be_looked_at_again(world: ComputeWorld, change: dict[str, Any], kept: bool) -> None:
    world.inference.send(PROVIDER, "addOrUpdateService", service(**change))
    assert world.ask(world.inference, inference.service(PROVIDER)).signer_acknowledged is kept
    expected = Status.SUCCESS if kept else Status.NO_TEE_SIGNER
    assert settle(world, settlement(world, ALICE, 1, 1)) == [expected]


def test_acknowledgements(world: ComputeWorld) -> None:
    contract = world.inference
    assert "Ownable" in contract.fails(ALICE, "acknowledgeTEESignerByOwner", PROVIDER)
    assert "Ownable" in contract.fails(PROVIDER, "revokeTEESignerAcknowledgement", PROVIDER)
    assert "ServiceNotExist" in contract.fails(OWNER, "acknowledgeTEESignerByOwner", STRANGER)
    (told,) = contract.send(OWNER, "revokeTEESignerAcknowledgement", PROVIDER)
    assert told[1] == {"provider": PROVIDER, "teeSignerAddress": TEE, "acknowledged": False}
    assert settle(world, settlement(world, ALICE, 1, 1)) == [Status.NO_TEE_SIGNER]
    contract.send(OWNER, "acknowledgeTEESignerByOwner", PROVIDER)
    assert "AccountNotExists" in contract.fails(BOB, "acknowledgeTEESigner", PROVIDER, True)
    assert "CannotRevokeWithNonZeroBalance" in contract.fails(ALICE, "acknowledgeTEESigner", PROVIDER, False)
    assert settle(world, settlement(world, ALICE, ONE, 1)) == [Status.SUCCESS]
    contract.send(ALICE, "acknowledgeTEESigner", PROVIDER, False)
    assert settle(world, settlement(world, ALICE, 1, 2)) == [Status.NO_TEE_SIGNER]
    world.fund(ALICE, ONE)  # a transfer says it again
    assert account(world).acknowledged


def test_the_ledger_alone_moves_money(world: ComputeWorld) -> None:
    for contract in (world.inference, world.tuning):
        for name, arguments in (
            ("addAccount", (ALICE, PROVIDER, "")), ("depositFund", (ALICE, PROVIDER, 0)), ("deleteAccount", (ALICE, PROVIDER)),
            ("requestRefundAll", (ALICE, PROVIDER)), ("processRefund", (ALICE, PROVIDER)),
        ):  # fmt: skip
            assert "CallerNotLedger" in contract.fails(ALICE, name, *arguments)


def test_tokens(world: ComputeWorld) -> None:
    contract = world.inference
    assert contract.send(ALICE, "revokeToken", PROVIDER, 3)[0][0] == "TokenRevoked"
    world.ask(contract, inference.revoke_tokens(PROVIDER, [0, 254]), ALICE)
    assert inference.decode_revoked(world.logs[0][1], world.logs[0][2]).token_ids == (0, 254)
    assert account(world).revoked_bitmap == 1 | 1 << 3 | 1 << 254
    assert [contract.call("isTokenRevoked", ALICE, PROVIDER, id) for id in (0, 1, 3, 254, 255)] == [
        True,
        False,
        True,
        True,
        False,
    ]
    assert not contract.call("isTokenRevoked", BOB, PROVIDER, 0)
    assert "255" in contract.fails(ALICE, "revokeToken", PROVIDER, 255)
    assert "255" in contract.fails(ALICE, "revokeTokens", PROVIDER, [1, 255])
    assert not account(world).revoked(1)
    for name, more in (("revokeToken", (1,)), ("revokeTokens", ([1],)), ("revokeAllTokens", ())):
        assert "AccountNotExists" in contract.fails(BOB, name, PROVIDER, *more)
    world.ask(contract, inference.revoke_all_tokens(PROVIDER), ALICE)
    told = inference.decode_revoked(world.logs[0][1], world.logs[0][2])
    assert told == inference.TokensRevoked(ALICE, PROVIDER, (), 1)
    assert (account(world).generation, account(world).revoked_bitmap) == (1, 0)


def test_settling(world: ComputeWorld) -> None:
    world.fund(BOB, 2 * ONE)
    before = world.balance(PROVIDER)
    items = [settlement(world, ALICE, 100, 7), settlement(world, BOB, 3 * ONE, 9)]
    preview = world.ask(world.inference, inference.preview(items), PROVIDER)
    assert preview == inference.Preview((), ((BOB, ONE),))
    assert settle(world, *items) == [Status.SUCCESS, Status.PARTIAL]
    logs = world.logs
    assert world.balance(PROVIDER) == before + 100 + 2 * ONE
    assert (account(world).balance, account(world).nonce) == (ONE - 100, 7)
    assert (account(world, BOB).balance, account(world, BOB).nonce) == (0, 9)
    assert world.ledger.call("getLedger", BOB) == (BOB, 0, 0, "")
    told = {bytes(topics[0]): (topics, data) for _, topics, data in logs}
    assert inference.decode_batch(*told[inference.BATCH_TOPIC]) == [
        inference.BalanceUpdated(ALICE, None, ONE - 100, 0), inference.BalanceUpdated(BOB, None, 0, 0)
    ]  # fmt: skip
    results = [inference.decode_result(topics, data) for _, topics, data in logs if topics[0] == inference.RESULT_TOPIC]
    assert results == [
        inference.SettlementResult(ALICE, Status.SUCCESS, 0), inference.SettlementResult(BOB, Status.PARTIAL, ONE)
    ]  # fmt: skip
    assert settle(world, *items) == [Status.INVALID_NONCE] * 2  # the same batch again
    assert world.ask(world.inference, inference.preview(items), PROVIDER).failed == (
        (ALICE, Status.INVALID_NONCE), (BOB, Status.INVALID_NONCE)
    )  # fmt: skip
    assert world.balance(PROVIDER) == before + 100 + 2 * ONE
    assert settle(world, settlement(world, ALICE, 0, 8)) == [Status.SUCCESS]
    assert settle(world, settlement(world, ALICE, 1, (1 << 256) - 1)) == [Status.SUCCESS]
    assert account(world).nonce == (1 << 256) - 1


def test_one_bad_item_spoils_no_other(world: ComputeWorld) -> None:
    good = settlement(world, ALICE, 5, 3)
    bad = [
        (settlement(world, ALICE, 5, 1, provider=STRANGER), Status.PROVIDER_MISMATCH),
        (settlement(world, BOB, 5, 1), Status.INVALID_SIGNATURE),
        (settlement(world, ALICE, 5, 0), Status.INVALID_NONCE),
        (settlement(world, ALICE, 5, 1, key=PrivateKey(b"\7" * 32)), Status.INVALID_SIGNATURE),
        (settlement(world, ALICE, 5, 1, total_fee=6), Status.INVALID_SIGNATURE),
        (replace(good, requests_hash=b"\6" * 32), Status.INVALID_SIGNATURE),
        (replace(good, nonce=4), Status.INVALID_SIGNATURE),
        (replace(good, signature=b""), Status.INVALID_SIGNATURE),
        (replace(good, signature=good.signature[:64]), Status.INVALID_SIGNATURE),
        (replace(good, signature=good.signature + b"\0"), Status.INVALID_SIGNATURE),
        (replace(good, signature=good.signature[:64] + bytes([good.signature[64] - 27])), Status.INVALID_SIGNATURE),
        (replace(good, signature=bytes(65)), Status.INVALID_SIGNATURE),
        (replace(good, signature=high(good.signature)), Status.INVALID_SIGNATURE),
    ]
    items = [item for item, _ in bad]
    expected = [status for _, status in bad]
    preview = world.ask(world.inference, inference.preview([*items, good]), PROVIDER)
    assert [reason for _, reason in preview.failed] == expected
    assert settle(world, *items, good) == [*expected, Status.SUCCESS]
    results = [inference.decode_result(topics, data) for _, topics, data in world.logs if topics[0] == inference.RESULT_TOPIC]
    assert [result.unsettled for result in results] == [item.total_fee for item in items] + [0]
    assert settle(world, settlement(world, ALICE, 5, 9), sender=STRANGER) == [Status.PROVIDER_MISMATCH]
    assert account(world).balance == ONE - 5


def test_signatures_of_another_chain_or_contract(world: ComputeWorld) -> None:
    elsewhere = ComputeWorld(replace(world.net, chain_id=7))
    assert settle(world, settlement(elsewhere, ALICE, 5, 1)) == [Status.INVALID_SIGNATURE]
    world.inference.send(PROVIDER, "removeService")
    assert settle(world, settlement(world, ALICE, 5, 1)) == [Status.PROVIDER_MISMATCH]


def test_how_many_at_once(world: ComputeWorld) -> None:
    assert world.refused(world.inference, inference.settle([]), PROVIDER) == "NoSettlementsProvided()"
    assert world.refused(world.inference, inference.preview([]), PROVIDER) == "NoSettlementsProvided()"
    items = [settlement(world, ALICE, 1, index + 1) for index in range(51)]
    assert world.refused(world.inference, inference.settle(items), PROVIDER) == "TooManySettlements(count=51, max=50)"
    assert settle(world, *items[:50]) == [Status.SUCCESS] * 50
    assert account(world).balance == ONE - 50


def test_the_newest_refund_gives_way(world: ComputeWorld) -> None:
    """A partial cancellation leaves free money that the next request takes: entries of 60 and 40, one second apart."""
    world.ledger.send(ALICE, "retrieveFund", [PROVIDER], INFERENCE)
    first = world.now
    world.ledger.send(ALICE, "transferFund", PROVIDER, INFERENCE, 40)
    assert [entry.amount for entry in account(world).refunds] == [ONE - 40]
    world.later = 1
    world.ledger.send(ALICE, "retrieveFund", [PROVIDER], INFERENCE)
    assert account(world).refunds == (inference.Refund(0, ONE - 40, first), inference.Refund(1, 40, first + 1))
    assert settle(world, settlement(world, ALICE, 10, 1)) == [Status.SUCCESS]
    assert [entry.amount for entry in account(world).refunds] == [ONE - 40, 30]
    assert settle(world, settlement(world, ALICE, 35, 2)) == [Status.SUCCESS]
    assert [entry.amount for entry in account(world).refunds] == [ONE - 45]
    assert (account(world).balance, account(world).pending_refund) == (ONE - 45, ONE - 45)


def test_five_requests_wait_and_the_sixth_is_refused(world: ComputeWorld) -> None:
    for index in range(5):
        world.later = index
        world.ledger.send(ALICE, "retrieveFund", [PROVIDER], INFERENCE)
        world.ledger.send(ALICE, "transferFund", PROVIDER, INFERENCE, 64 >> index)
    assert len(account(world).refunds) == 5
    assert account(world).spendable == 4
    assert "9edd285f" in world.ledger.fails(
        ALICE, "retrieveFund", [PROVIDER], INFERENCE
    )  # TooManyRefunds, an error of the service
    world.later = DAY  # the first has matured and makes room
    world.ledger.send(ALICE, "retrieveFund", [PROVIDER], INFERENCE)
    held = account(world)
    assert [entry.index for entry in held.refunds] == list(range(len(held.refunds)))
    assert held.pending_refund == held.balance == sum(entry.amount for entry in held.refunds)
    assert world.ledger.call("getLedger", ALICE)[1] + held.balance == ONE


def test_an_account_remembers_what_must_not_come_back(world: ComputeWorld) -> None:
    assert settle(world, first := settlement(world, ALICE, 1, 5)) == [Status.SUCCESS]
    world.ask(world.inference, inference.revoke_all_tokens(PROVIDER), ALICE)
    world.inference.send(ALICE, "revokeToken", PROVIDER, 9)
    world.ledger.send(ALICE, "retrieveFund", [PROVIDER], INFERENCE)
    world.later = DAY
    world.ledger.send(ALICE, "retrieveFund", [PROVIDER], INFERENCE)
    world.ledger.send(ALICE, "refund", ONE - 1)
    assert "AccountNotExists" in world.inference.fails(ALICE, "getAccount", ALICE, PROVIDER)
    assert "AccountNotExists" in world.inference.fails(ALICE, "getPendingRefund", ALICE, PROVIDER)
    world.fund(ALICE, ONE)
    again = account(world)
    assert (again.nonce, again.generation, again.revoked(9), again.balance) == (5, 1, True, ONE)
    assert settle(world, first) == [Status.INVALID_NONCE]


def test_pages_of_accounts(world: ComputeWorld) -> None:
    contract = world.inference
    for user in (BOB, STRANGER, OWNER):
        world.fund(user, ONE)
    rows, total = world.ask(contract, inference.accounts_of_provider(PROVIDER, 1, 2))
    assert ([row.user for row in rows], total) == ([BOB, STRANGER], 4)
    rows, total = world.ask(contract, inference.accounts_of_user(BOB, 0, 0))
    assert ([row.provider for row in rows], total) == ([PROVIDER], 1)
    for name, more in (("getAllAccounts", ()), ("getAccountsByProvider", (PROVIDER,)), ("getAccountsByUser", (BOB,))):
        for at in (world.inference, world.tuning):
            assert "LimitTooLarge" in at.fails(ALICE, name, *more, 0, 51)
        assert contract.call(name, *more, 1 << 255, 50)[0] == []
    batch = contract.call("getBatchAccountsByUsers", [ALICE, registry.W0G, BOB], sender=PROVIDER)
    assert [row[0] for row in batch] == [ALICE, bytes(20), BOB]
    assert "BatchSizeTooLarge" in contract.fails(PROVIDER, "getBatchAccountsByUsers", [ALICE] * 501)


def test_decoders_refuse_other_events(world: ComputeWorld) -> None:
    for decode in (inference.decode_balance, inference.decode_batch, inference.decode_refund, inference.decode_revoked):
        with pytest.raises(InvalidInput):
            decode([bytes(32)], b"")

"""The fine-tuning contract on the native EVM: deliverables from their root to their key, fees, penalties, the ring."""

from __future__ import annotations

from dataclasses import replace

import pytest
from coincurve import PrivateKey
from tests.unit.contracts.compute_kit import (
    DAY,
    PROVIDER,
    STAKE,
    STRANGER,
    TEE,
    TUNING,
    ComputeWorld,
    delivery,
    high,
    tuning_service,
)  # fmt: skip
from tests.unit.contracts.contract_kit import ALICE, BOB, ONE, OWNER

from zerog.contracts import fine_tuning
from zerog.contracts.fine_tuning import Deliverable
from zerog.types import Address

ROOT = b"\1" * 32


@pytest.fixture
def world() -> ComputeWorld:
    made = ComputeWorld()
    made.serve_tuning()
    made.fund(ALICE, ONE, name=TUNING)
    return made


def deliver(world: ComputeWorld, id: str, user: Address = ALICE, acknowledge: bool = False) -> None:
    world.ask(world.tuning, fine_tuning.add_deliverable(user, id, ROOT), PROVIDER)
    if acknowledge:
        world.ask(world.tuning, fine_tuning.acknowledge_deliverable(PROVIDER, id), user)


def settle(world: ComputeWorld, item: fine_tuning.Settlement) -> fine_tuning.FeesSettled:
    world.ask(world.tuning, fine_tuning.settle(item), PROVIDER)
    return fine_tuning.decode_settled(*world.logs[-1][1:])


def account(world: ComputeWorld, user: Address = ALICE) -> fine_tuning.Account:
    made: fine_tuning.Account = world.ask(world.tuning, fine_tuning.account(user, PROVIDER))
    return made


def test_services(world: ComputeWorld) -> None:
    contract = world.tuning
    assert "InsufficientStake" in contract.fails(STRANGER, "addOrUpdateService", *tuning_service(), value=STAKE - 1)
    assert "CannotAddStakeWhenUpdating" in contract.fails(PROVIDER, "addOrUpdateService", *tuning_service(), value=1)
    contract.send(PROVIDER, "addOrUpdateService", *tuning_service(url="http://b", occupied=True, models=["one"]))
    quota = fine_tuning.Quota(2, 3, 4, 5, "H100")
    expected = fine_tuning.Service(PROVIDER, "http://b", quota, 7, True, ("one",), TEE, True)
    assert world.ask(contract, fine_tuning.services()) == [expected]
    contract.send(PROVIDER, "addOrUpdateService", *tuning_service(teeSignerAddress=BOB))
    assert not world.ask(contract, fine_tuning.service(PROVIDER)).signer_acknowledged
    before = world.balance(PROVIDER)
    contract.send(PROVIDER, "removeService")
    assert world.balance(PROVIDER) == before + STAKE
    assert "ServiceNotExist" in contract.fails(PROVIDER, "removeService")
    assert "ServiceNotExist" in contract.fails(ALICE, "getService", PROVIDER)


def test_settings(world: ComputeWorld) -> None:
    contract = world.tuning
    assert (contract.call("penaltyPercentage"), contract.call("lockTime")) == (30, DAY)
    assert contract.fails(OWNER, "updatePenaltyPercentage", 101) == "PenaltyPercentageTooHigh(percentage=101)"
    assert contract.fails(OWNER, "updateLockTime", 3599) == "LockTimeOutOfRange(lockTime=3599)"
    for name in ("updatePenaltyPercentage", "updateLockTime"):
        assert "Ownable" in contract.fails(ALICE, name, 1)
    contract.send(OWNER, "updatePenaltyPercentage", 100)
    assert contract.call("penaltyPercentage") == 100


def test_a_deliverable_that_is_acknowledged_is_paid_in_full_and_gives_its_key(world: ComputeWorld) -> None:
    deliver(world, "a")
    told = fine_tuning.decode_added(*world.logs[0][1:])
    assert told == fine_tuning.DeliverableAdded(ALICE, PROVIDER, "a", ROOT, world.now)
    assert account(world).deliverables == (Deliverable("a", ROOT, b"", False, world.now, False),)
    world.ask(world.tuning, fine_tuning.acknowledge_deliverable(PROVIDER, "a"), ALICE)
    assert fine_tuning.decode_acknowledged(*world.logs[0][1:]).id == "a"
    before = world.balance(PROVIDER)
    assert "SecretShouldNotBeEmpty" in world.refused(
        world.tuning, fine_tuning.settle(delivery(world, ALICE, "a", 1000, 1, secret=b"")), PROVIDER
    )
    item = delivery(world, ALICE, "a", 1000, 1)
    assert settle(world, item) == fine_tuning.FeesSettled(ALICE, PROVIDER, "a", 1000, True, 1)
    assert world.balance(PROVIDER) == before + 1000
    made = world.ask(world.tuning, fine_tuning.deliverable(ALICE, PROVIDER, "a"))
    assert made == Deliverable("a", ROOT, b"secret", True, world.now, True)
    assert world.ledger.call("getLedger", ALICE)[2] == ONE - 1000
    assert "nonce" in world.refused(world.tuning, fine_tuning.settle(item), PROVIDER)
    again = delivery(world, ALICE, "a", 1000, 2)
    assert "DeliverableAlreadySettled" in world.refused(world.tuning, fine_tuning.settle(again), PROVIDER)
    assert "CannotAcknowledgeSettledDeliverable" in world.refused(
        world.tuning, fine_tuning.acknowledge_deliverable(PROVIDER, "a"), ALICE
    )


@pytest.mark.parametrize(("fee", "penalty", "due"), [(1000, 30, 300), (7, 30, 2), (3, 30, 0), (9, 100, 9), (9, 0, 0)])
def test_who_never_acknowledges_pays_a_part_and_gets_no_key(world: ComputeWorld, fee: int, penalty: int, due: int) -> None:
    world.tuning.send(OWNER, "updatePenaltyPercentage", penalty)
    deliver(world, "a")
    with_key = delivery(world, ALICE, "a", fee, 1)
    assert "SecretShouldBeEmpty" in world.refused(world.tuning, fine_tuning.settle(with_key), PROVIDER)
    before = world.balance(PROVIDER)
    told = settle(world, delivery(world, ALICE, "a", fee, 1, secret=b""))
    assert (told.fee, told.acknowledged) == (due, False)
    assert world.balance(PROVIDER) == before + due
    assert account(world).balance == ONE - due


def test_what_a_settlement_is_refused_for(world: ComputeWorld) -> None:
    deliver(world, "a", acknowledge=True)
    good = delivery(world, ALICE, "a", 1000, 5)
    for item, reason in (
        (delivery(world, BOB, "a", 1000, 5), "AccountNotExists"),
        (delivery(world, ALICE, "a", 1000, 0), "nonce"),
        (delivery(world, ALICE, "a", ONE + 1, 5), "insufficient balance"),
        (delivery(world, ALICE, "b", 1000, 5), "DeliverableNotExists"),
        (delivery(world, ALICE, "a", 1000, 5, root=b"\2" * 32), "model root hash mismatch"),
        (delivery(world, ALICE, "a", 1000, 5, key=PrivateKey(b"\7" * 32)), "not signed"),
        (replace(good, secret=b"other"), "not signed"),
        (replace(good, task_fee=999), "not signed"),
        (replace(good, nonce=6), "not signed"),
        (replace(good, signature=high(good.signature)), "not signed"),
        (replace(good, signature=good.signature[:64]), "not signed"),
    ):
        assert reason in world.refused(world.tuning, fine_tuning.settle(item), PROVIDER), reason
    assert "AccountNotExists" in world.refused(world.tuning, fine_tuning.settle(good), STRANGER)
    world.tuning.send(OWNER, "revokeTEESignerAcknowledgement", PROVIDER)
    assert "TEE signer not acknowledged" in world.refused(world.tuning, fine_tuning.settle(good), PROVIDER)
    world.tuning.send(OWNER, "acknowledgeTEESignerByOwner", PROVIDER)
    assert settle(world, good).fee == 1000


def test_a_fee_takes_what_is_on_its_way_back(world: ComputeWorld) -> None:
    deliver(world, "a", acknowledge=True)
    world.ledger.send(ALICE, "retrieveFund", [PROVIDER], TUNING)
    assert account(world).pending_refund == ONE
    settle(world, delivery(world, ALICE, "a", ONE - 1, 1))
    assert (account(world).balance, account(world).pending_refund) == (1, 1)
    world.later = DAY
    world.ledger.send(ALICE, "retrieveFund", [PROVIDER], TUNING)
    assert world.ledger.call("getLedger", ALICE)[1:3] == (1, 1)


def test_ids(world: ComputeWorld) -> None:
    for id, length in (("", 0), ("i" * 257, 257)):
        told = world.refused(world.tuning, fine_tuning.add_deliverable(ALICE, id, ROOT), PROVIDER)
        assert told == f"DeliverableIdInvalidLength(length={length})"
    deliver(world, "i" * 256, acknowledge=True)
    again = fine_tuning.add_deliverable(ALICE, "i" * 256, ROOT)
    assert "DeliverableAlreadyExists" in world.refused(world.tuning, again, PROVIDER)
    assert "AccountNotExists" in world.refused(world.tuning, fine_tuning.add_deliverable(BOB, "a", ROOT), PROVIDER)
    assert "DeliverableNotExists" in world.refused(world.tuning, fine_tuning.acknowledge_deliverable(PROVIDER, "b"), ALICE)
    assert "DeliverableNotExists" in world.tuning.fails(ALICE, "getDeliverable", ALICE, PROVIDER, "b")
    assert "AccountNotExists" in world.tuning.fails(ALICE, "getDeliverables", BOB, PROVIDER)


def test_who_acknowledges_nothing_blocks_himself_alone(world: ComputeWorld) -> None:
    world.fund(BOB, ONE, name=TUNING)
    deliver(world, "a")
    blocked = fine_tuning.add_deliverable(ALICE, "b", ROOT)
    assert "PreviousDeliverableNotAcknowledged" in world.refused(world.tuning, blocked, PROVIDER)
    deliver(world, "b", BOB)
    settle(world, delivery(world, ALICE, "a", 10, 1, secret=b""))
    deliver(world, "b")


def test_twenty_deliverables_and_the_oldest_goes(world: ComputeWorld) -> None:
    for index in range(20):
        deliver(world, f"task {index}", acknowledge=True)
    more = fine_tuning.add_deliverable(ALICE, "task 20", ROOT)
    assert "CannotEvictUnsettledDeliverable" in world.refused(world.tuning, more, PROVIDER)
    for index in range(3):
        settle(world, delivery(world, ALICE, f"task {index}", 1, index + 1))
    for index in range(20, 23):
        (evicted, _) = world.tuning.send(PROVIDER, "addDeliverable", ALICE, f"task {index}", ROOT)
        assert evicted[0] == "DeliverableEvicted"
        assert evicted[1]["evictedDeliverableId"] == f"task {index - 20}"
        world.ask(world.tuning, fine_tuning.acknowledge_deliverable(PROVIDER, f"task {index}"), ALICE)
    found = world.tuning.call("getAccount", ALICE, PROVIDER)
    assert [row[0] for row in found[7]] == [f"task {index}" for index in range(3, 23)]
    assert found[9:11] == (3, 20)
    assert "DeliverableNotExists" in world.tuning.fails(ALICE, "getDeliverable", ALICE, PROVIDER, "task 0")
    assert found[7][-1][2:6] == (b"", True, world.now, False), "nothing of the evicted one is left"
    summary = world.tuning.call("getAccountsByUser", ALICE, 0, 0)[0][0]
    assert summary == (ALICE, PROVIDER, 3, ONE - 3, 0, "", 0, 20, True)

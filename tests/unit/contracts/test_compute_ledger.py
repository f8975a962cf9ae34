"""The ledger on the native EVM: every rule, every refusal, and what a first transfer costs."""

from __future__ import annotations

import pytest
from tests.unit.contracts.compute_kit import DAY, INFERENCE, PROVIDER, STRANGER, TUNING, ComputeWorld, network_with, settlement
from tests.unit.contracts.contract_kit import ALICE, BOB, ONE, OWNER

from zerog.contracts import inference, ledger, registry
from zerog.contracts.artifact import load
from zerog.types import Address

LEAST, LEAST_TRANSFER = 10**16, 10**15


@pytest.fixture
def world() -> ComputeWorld:
    return ComputeWorld()


def held(world: ComputeWorld, user: Address = ALICE) -> tuple[int, int]:
    found = world.ledger.call("getLedger", user)
    assert found[0] == user
    return found[1], found[2]


def test_constants(world: ComputeWorld) -> None:
    names = ("PROVIDERS_PER_BATCH", "SERVICES", "PROVIDERS_PER_USER_PER_SERVICE", "ADDITIONAL_INFO_LENGTH")
    assert [world.ledger.call(f"MAX_{name}") for name in names] == [20, 500, 50, 4096]
    assert (world.ledger.call("MIN_ACCOUNT_BALANCE"), world.ledger.call("MIN_TRANSFER_AMOUNT")) == (LEAST, LEAST_TRANSFER)
    assert "Ownable: caller is not the owner" in world.ledger.fails(ALICE, "setMinimums", 1, 1)
    world.ledger.send(OWNER, "setMinimums", 3 * ONE, ONE)
    assert "MinimumDepositRequired" in world.ledger.fails(ALICE, "addLedger", "", value=3 * ONE - 1)


def test_a_ledger_begins_with_the_minimum(world: ComputeWorld) -> None:
    assert world.ledger.fails(ALICE, "getLedger", BOB).startswith("LedgerNotExists")
    assert world.ledger.fails(ALICE, "addLedger", "", value=LEAST - 1).startswith("MinimumDepositRequired(")
    assert world.ledger.fails(ALICE, "depositFund", value=LEAST - 1).startswith("MinimumDepositRequired(")
    assert world.ledger.fails(ALICE, "addLedger", "i" * 4097, value=ONE).startswith("AdditionalInfoTooLong(length=4097")
    world.ledger.send(ALICE, "addLedger", "i" * 4096, value=LEAST)
    assert world.ledger.call("getLedger", ALICE) == (ALICE, LEAST, LEAST, "i" * 4096)
    assert world.ledger.fails(ALICE, "addLedger", "", value=ONE).startswith("LedgerExists")
    assert world.ledger.fails(ALICE, "depositFund") == "ZeroAmountNotAllowed()"
    world.ledger.send(ALICE, "depositFund", value=1)
    assert held(world) == (LEAST + 1, LEAST + 1)
    (told,) = world.ledger.send(ALICE, "updateAdditionalInfo", "changed")
    assert told == ("LedgerInfoUpdated", {"user": ALICE, "additionalInfo": "changed"})
    assert "AdditionalInfoTooLong" in world.ledger.fails(ALICE, "updateAdditionalInfo", "i" * 4097)
    assert "LedgerNotExists" in world.ledger.fails(BOB, "updateAdditionalInfo", "")


def test_deposits_for_others(world: ComputeWorld) -> None:
    assert world.ledger.fails(ALICE, "depositFundFor", bytes(20), value=ONE) == "ZeroAddressNotAllowed()"
    assert "MinimumDepositRequired" in world.ledger.fails(ALICE, "depositFundFor", BOB, value=1)
    world.ledger.send(ALICE, "depositFundFor", BOB, value=ONE)
    world.ledger.send(ALICE, "depositFundFor", BOB, value=1)
    assert held(world, BOB) == (ONE + 1, ONE + 1)


def test_money_comes_only_by_a_deposit(world: ComputeWorld) -> None:
    for contract in (world.ledger, world.inference, world.tuning):
        result = world.raw(ALICE, contract.address, b"", 5)
        assert not result["success"]
        assert contract.interface.explain_revert(result["output"]) == "DirectDepositsDisabled()"
        assert world.balance(contract.address) == 0


def test_refunds_leave_nothing_or_the_minimum(world: ComputeWorld) -> None:
    assert "LedgerNotExists" in world.ledger.fails(ALICE, "refund", 1)
    assert "LedgerNotExists" in world.ledger.fails(ALICE, "deleteLedger")
    before = world.balance(ALICE)
    world.ledger.send(ALICE, "addLedger", "", value=ONE)
    world.ledger.send(BOB, "addLedger", "", value=ONE)
    assert world.ledger.fails(ALICE, "refund", 0) == "ZeroAmountNotAllowed()"
    for amount in (ONE + 1, 1 << 120, (1 << 256) - 1):
        assert "InsufficientBalance" in world.ledger.fails(ALICE, "refund", amount)
    assert "MinimumDepositRequired" in world.ledger.fails(ALICE, "refund", ONE - LEAST + 1)
    assert "MustWithdrawAllFundsFirst" in world.ledger.fails(ALICE, "deleteLedger")
    world.ledger.send(ALICE, "refund", ONE - LEAST)
    assert held(world) == (LEAST, LEAST)
    world.ledger.send(ALICE, "refund", LEAST)
    assert world.balance(ALICE) == before
    assert "LedgerNotExists" in world.ledger.fails(ALICE, "getLedger", ALICE)
    assert [row[0] for row in world.ledger.call("getAllLedgers", 0, 0)[0]] == [BOB]


def test_a_first_transfer_fits_what_the_python_client_allows(world: ComputeWorld) -> None:
    """The very first of the chain, where every list begins, and later ones: no call gets more than that client sends."""
    function = world.ledger.interface.function("transferFund")
    for index in range(3):
        provider = Address(bytes([index + 1]) * 20)
        for user in (ALICE, BOB):
            if index == 0:
                add = world.ledger.interface.function("addLedger").encode_call("")
                assert world.raw(user, registry.LEDGER, add, 10 * ONE, gas=300_000)["success"]
            for name in (INFERENCE, TUNING):
                result = world.raw(user, registry.LEDGER, function.encode_call(provider, name, ONE), gas=300_000)
                assert result["success"], (index, user, name)
    again = world.raw(ALICE, registry.LEDGER, function.encode_call(provider, INFERENCE, ONE), gas=100_000)
    assert again["success"]
    back = world.ledger.interface.function("retrieveFund").encode_call([provider], INFERENCE)
    assert world.raw(ALICE, registry.LEDGER, back, gas=200_000)["success"]
    world.later = DAY
    assert world.raw(ALICE, registry.LEDGER, back, gas=200_000)["success"]
    assert world.inference.call("getAccount", ALICE, provider)[3] == 0


def test_transfers(world: ComputeWorld) -> None:
    book = world.ledger
    assert "LedgerNotExists" in book.fails(ALICE, "transferFund", PROVIDER, INFERENCE, ONE)
    book.send(ALICE, "addLedger", "about me", value=10 * ONE)
    assert "InvalidServiceType" in book.fails(ALICE, "transferFund", PROVIDER, "inference", ONE)
    assert book.fails(ALICE, "transferFund", PROVIDER, INFERENCE, 0) == "ZeroAmountNotAllowed()"
    assert "MinimumDepositRequired" in book.fails(ALICE, "transferFund", PROVIDER, INFERENCE, LEAST_TRANSFER - 1)
    told = book.fails(ALICE, "transferFund", PROVIDER, INFERENCE, 10 * ONE + 1)
    assert told == f"InsufficientAvailableBalance(available={10 * ONE}, required={10 * ONE + 1})"
    assert "InsufficientAvailableBalance" in book.fails(ALICE, "transferFund", PROVIDER, INFERENCE, 1 << 200)
    assert book.fails(ALICE, "transferFund", ALICE, INFERENCE, ONE) == "CallFailed()"  # a provider is no user of its own
    assert world.inference.call("accountExists", ALICE, PROVIDER) is False
    book.send(ALICE, "transferFund", PROVIDER, INFERENCE, 4 * ONE)
    assert held(world) == (6 * ONE, 10 * ONE)
    assert world.balance(registry.INFERENCE) == 4 * ONE
    account = world.inference.call("getAccount", ALICE, PROVIDER)
    assert account == (ALICE, PROVIDER, 0, 4 * ONE, 0, [], "about me", True, 0, 0, 0)
    book.send(ALICE, "transferFund", PROVIDER, INFERENCE, 1)  # an account that exists takes any amount
    assert world.inference.call("getAccount", ALICE, PROVIDER)[3] == 4 * ONE + 1
    assert "MinimumDepositRequired" in book.fails(ALICE, "refund", 6 * ONE - 2)
    assert book.call("getLedgerProviders", ALICE, INFERENCE) == [PROVIDER]
    assert book.call("getLedgerProviders", ALICE, TUNING) == []
    assert "InvalidServiceType" in book.fails(ALICE, "retrieveFund", [PROVIDER], "x")


def test_what_is_on_its_way_back_is_taken_first(world: ComputeWorld) -> None:
    world.fund(ALICE, 4 * ONE)
    world.ledger.send(ALICE, "retrieveFund", [PROVIDER], INFERENCE)
    assert world.inference.call("getPendingRefund", ALICE, PROVIDER) == 4 * ONE
    world.ledger.send(ALICE, "transferFund", PROVIDER, INFERENCE, ONE)  # without any available money
    assert world.inference.call("getAccount", ALICE, PROVIDER)[3:5] == (4 * ONE, 3 * ONE)
    assert held(world) == (0, 4 * ONE)
    assert "InsufficientAvailableBalance(available=0, required=1)" in world.ledger.fails(
        ALICE, "transferFund", PROVIDER, INFERENCE, 3 * ONE + 1
    )
    world.ledger.send(ALICE, "depositFund", value=ONE)
    world.ledger.send(ALICE, "transferFund", PROVIDER, INFERENCE, 3 * ONE + 1)
    assert world.inference.call("getAccount", ALICE, PROVIDER)[3:5] == (4 * ONE + 1, 0)


def test_retrieving_takes_the_lock_time(world: ComputeWorld) -> None:
    world.fund(ALICE, 4 * ONE)
    world.ledger.send(ALICE, "retrieveFund", [PROVIDER, STRANGER], INFERENCE)  # who has no account there is passed over
    asked = world.now
    (entry,) = world.inference.call("getAccount", ALICE, PROVIDER)[5]
    assert entry == (0, 4 * ONE, asked, False)
    world.later = DAY - 1
    world.ledger.send(ALICE, "retrieveFund", [PROVIDER], INFERENCE)
    assert held(world) == (0, 4 * ONE)
    world.later = DAY
    world.ledger.send(ALICE, "retrieveFund", [PROVIDER, PROVIDER], INFERENCE)
    assert held(world) == (4 * ONE, 4 * ONE)
    assert world.balance(registry.INFERENCE) == 0
    before = world.balance(ALICE)
    world.ledger.send(ALICE, "refund", 4 * ONE)
    assert world.balance(ALICE) == before + 4 * ONE
    assert not world.inference.call("accountExists", ALICE, PROVIDER)  # gone with the ledger
    assert "TooManyProviders(requested=21" in world.ledger.fails(ALICE, "retrieveFund", [PROVIDER] * 21, INFERENCE)
    assert "LedgerNotExists" in world.ledger.fails(ALICE, "retrieveFund", [PROVIDER], INFERENCE)


def test_fifty_providers_and_no_more() -> None:
    world = ComputeWorld(network_with(min_transfer_amount=1))
    world.ledger.send(ALICE, "addLedger", "", value=ONE)
    providers = [Address(bytes([1, index]) * 10) for index in range(51)]
    for provider in providers[:50]:
        world.ledger.send(ALICE, "transferFund", provider, INFERENCE, 1)
    assert "TooManyProvidersForService(current=50, maximum=50)" in world.ledger.fails(
        ALICE, "transferFund", providers[50], INFERENCE, 1
    )
    assert world.ledger.call("getLedgerProviders", ALICE, INFERENCE) == providers[:50]
    rows, total = world.inference.call("getAccountsByUser", ALICE, 48, 50)
    assert ([row[1] for row in rows], total) == (providers[48:50], 50)
    for first in (0, 20, 40):
        world.ledger.send(ALICE, "retrieveFund", providers[first : min(first + 20, 50)], INFERENCE)
    world.later = DAY
    for first in (0, 20, 40):
        world.ledger.send(ALICE, "retrieveFund", providers[first : min(first + 20, 50)], INFERENCE)
    world.ledger.send(ALICE, "refund", ONE)
    assert world.ledger.call("getLedgerProviders", ALICE, INFERENCE) == []
    assert world.inference.call("getAllAccounts", 0, 0) == ([], 0)


def test_typed_calls(world: ComputeWorld) -> None:
    """What a wallet of ours sends and reads, beside the contract's own words."""
    at = world.ledger
    world.raw(ALICE, at.address, ledger.add_ledger("me").data, ONE)
    world.raw(ALICE, at.address, ledger.deposit().data, 1)
    world.raw(ALICE, at.address, ledger.deposit_for(BOB).data, ONE)
    world.ask(at, ledger.transfer(PROVIDER, ledger.INFERENCE, ONE))
    assert world.ask(at, ledger.ledger(ALICE)) == (one := ledger.Ledger(ALICE, 1, ONE + 1, "me"))
    assert one.locked == ONE
    assert world.ask(at, ledger.providers(ALICE, ledger.INFERENCE)) == [PROVIDER]
    world.ask(at, ledger.retrieve([PROVIDER], ledger.INFERENCE))
    world.later = DAY
    world.ask(at, ledger.retrieve([PROVIDER], ledger.INFERENCE))
    assert "MustWithdrawAllFundsFirst" in world.refused(at, ledger.delete())
    world.ask(at, ledger.refund(ONE + 1))
    assert "LedgerNotExists" in world.refused(at, ledger.ledger(ALICE))
    assert [row.name for row in world.ask(at, ledger.services())] == [ledger.INFERENCE, ledger.FINE_TUNING]
    found = world.ask(at, ledger.service_info(registry.FINE_TUNING))
    assert (found.address, found.kind, found.version, found.recommended) == (registry.FINE_TUNING, "fine-tuning", "v1.0", True)
    world.ask(at, ledger.set_minimums(7, 8), OWNER)
    assert (world.ask(at, ledger.min_account_balance()), world.ask(at, ledger.min_transfer_amount())) == (7, 8)


def test_spending_is_told(world: ComputeWorld) -> None:
    world.serve()
    world.fund(ALICE, ONE)
    world.ask(world.inference, inference.settle([settlement(world, ALICE, 9, 1)]), PROVIDER)
    told = [(topics, data) for address, topics, data in world.logs if address == registry.LEDGER]
    assert [ledger.decode_spent(*one) for one in told] == [ledger.Spent(ALICE, registry.INFERENCE, 9)]


def test_only_services_spend(world: ComputeWorld) -> None:
    world.ledger.send(ALICE, "addLedger", "", value=ONE)
    assert "CallerNotRegisteredService" in world.ledger.fails(BOB, "spendFund", ALICE, 1)
    assert "CallerNotRegisteredService" in world.ledger.fails(OWNER, "spendFund", ALICE, 1)


def test_pages_of_ledgers(world: ComputeWorld) -> None:
    users = [ALICE, BOB, OWNER]
    for index, user in enumerate(users):
        world.ledger.send(user, "addLedger", "", value=ONE + index)
    assert [row[0] for row in world.ledger.call("getAllLedgers", 0, 0)[0]] == users
    assert [row[0] for row in world.ledger.call("getAllLedgers", 1, 1)[0]] == [BOB]
    assert world.ledger.call("getAllLedgers", 3, 1) == ([], 3)
    assert world.ledger.call("getAllLedgers", (1 << 256) - 1, (1 << 256) - 1) == ([], 3)
    world.ledger.send(ALICE, "refund", ONE)
    rows, total = world.ledger.call("getAllLedgers", 0, 50)
    assert (total, {row[0]: row[1] for row in rows}) == (2, {BOB: ONE + 1, OWNER: ONE + 2})
    world.ledger.send(OWNER, "refund", ONE + 2)
    world.ledger.send(ALICE, "addLedger", "", value=ONE)
    assert [row[0] for row in world.ledger.call("getAllLedgers", 0, 0)[0]] == [BOB, ALICE]


def test_the_registry_of_services(world: ComputeWorld) -> None:
    book = world.ledger
    rows = book.call("getAllActiveServices")
    stamp = world.net.timestamp
    service, tuning = registry.INFERENCE, registry.FINE_TUNING
    assert rows == [
        (service, service, "inference", "v1.0", INFERENCE, "", True, stamp),
        (tuning, tuning, "fine-tuning", "v1.0", TUNING, "", True, stamp),
    ]
    assert book.call("getServiceInfo", service) == rows[0]
    assert "ServiceNotRegistered" in book.fails(ALICE, "getServiceInfo", ALICE)
    assert book.call("getServiceAddressByName", TUNING) == tuning
    assert book.call("getServiceAddressByName", "none") == bytes(20)
    assert book.call("getRecommendedService", "inference") == ("v1.0", service)
    assert "NoRecommendedService" in book.fails(ALICE, "getRecommendedService", "none")
    newer = world.deploy(OWNER, load("BeaconProxy"), registry.compute_name("inference beacon"), b"")
    world.at(newer, "InferenceServing").send(OWNER, "initialize", DAY, registry.LEDGER, OWNER)
    more = ("inference", "v2.0", newer, "the next")
    assert "Ownable" in book.fails(ALICE, "registerService", *more)
    assert "InvalidServiceAddress" in book.fails(OWNER, "registerService", "a", "b", bytes(20), "")
    assert book.fails(OWNER, "registerService", "", "b", newer, "") == "ServiceTypeRequired()"
    assert book.fails(OWNER, "registerService", "a", "", newer, "") == "VersionRequired()"
    assert "ServiceAlreadyRegistered" in book.fails(OWNER, "registerService", "a", "b", service, "")
    assert "ServiceNameExists" in book.fails(OWNER, "registerService", "inference", "v1.0", newer, "")
    for address in (ALICE, registry.W0G, registry.LEDGER):
        assert "ServiceMustImplementIServing" in book.fails(OWNER, "registerService", "a", "b", address, "")
    (told,) = book.send(OWNER, "registerService", *more)
    assert told == ("ServiceRegistered", {"serviceAddress": newer, "serviceName": "inference-v2.0"})
    assert book.call("getAllVersions", "inference") == (["v1.0", "v2.0"], [service, newer], [True, False])
    assert not book.call("isRecommendedVersion", "inference", "v2.0")
    assert "InvalidServiceType" in book.fails(OWNER, "setRecommendedService", "inference", "v3.0")
    assert "Ownable" in book.fails(ALICE, "setRecommendedService", "inference", "v2.0")
    book.send(OWNER, "setRecommendedService", "inference", "v2.0")
    assert book.call("isRecommendedVersion", "inference", "v2.0")
    assert book.call("getAllVersions", "inference")[2] == [False, True]
    assert book.call("getAllVersions", "none") == ([], [], [])


def test_owners(world: ComputeWorld) -> None:
    for contract in (world.ledger, world.inference, world.tuning):
        assert "Ownable: caller is not the owner" in contract.fails(ALICE, "transferOwnership", ALICE)
        assert "new owner is the zero address" in contract.fails(OWNER, "transferOwnership", bytes(20))
        (told,) = contract.send(OWNER, "transferOwnership", ALICE)
        assert told == ("OwnershipTransferred", {"previousOwner": OWNER, "newOwner": ALICE})
        contract.send(ALICE, "renounceOwnership")
        assert contract.call("owner") == bytes(20)


def test_nobody_comes_back_into_a_ledger_while_a_call_works_on_it() -> None:
    """A user's contract that answers money with the same call again: the inner one is refused, the outer one stands."""
    user = Address(b"\xee" * 20)
    refund = load("LedgerManager").interface.function("refund").encode_call(ONE)
    deposit = load("LedgerManager").interface.function("depositFund").encode_call()
    target = b"\x73" + registry.LEDGER
    # with no data (money arrives): store the call of refund, make it, and keep its success and its error
    store = b"".join(
        b"\x7f" + refund[at : at + 32].ljust(32, b"\0") + b"\x60" + bytes([at]) + b"\x52" for at in range(0, len(refund), 32)
    )
    inner = (
        store + bytes.fromhex("5f5f60") + bytes([len(refund)]) + bytes.fromhex("5f5f") + target + bytes.fromhex("5af1600155")
    )
    inner += bytes.fromhex("5f5160e01c") + b"\x50" + bytes.fromhex("60045f5f3e5f5160e01c600255") + b"\x00"
    # with data: send it on to the ledger with the value that the data's sender gave
    outer = bytes.fromhex("365f5f37") + bytes.fromhex("5f5f365f34") + target + bytes.fromhex("5af1") + b"\x5f\x55\x00"
    jump = 4 + len(outer)  # CALLDATASIZE ISZERO PUSH1 x JUMPI
    code = bytes.fromhex("3615") + b"\x60" + bytes([jump + 1]) + b"\x57" + outer + b"\x5b" + inner
    world = ComputeWorld(extra={user: {"balance": 0, "code": code, "nonce": 1}})
    assert world.raw(ALICE, user, deposit, 3 * ONE)["success"]
    assert held(world, user) == (3 * ONE, 3 * ONE)
    assert world.raw(ALICE, user, refund)["success"]
    world.native.root()
    storage = world.native.dump()[user]["storage"]
    assert storage.get(0) == 1, "the outer call succeeds"
    assert storage.get(1, 0) == 0, "the inner one does not"
    assert storage[2] == int.from_bytes(bytes.fromhex("689e300a"), "big"), "LedgerLocked()"
    assert held(world, user) == (2 * ONE, 2 * ONE)
    assert world.balance(user) == ONE

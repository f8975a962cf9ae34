"""Random histories of ledgers, accounts and settlements beside a plain statement of the rules: sums right to the wei."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.contracts.compute_kit import DAY, INFERENCE, PROVIDER, STRANGER, ComputeWorld, Failed, settlement
from tests.unit.contracts.contract_kit import ALICE, BOB

from zerog.contracts import inference, ledger, registry
from zerog.types import Address

USERS = (ALICE, BOB)
PROVIDERS = (PROVIDER, STRANGER)
MIN_ACCOUNT, MIN_TRANSFER = 10**16, 10**15
AMOUNTS = st.one_of(
    st.sampled_from([0, 1, MIN_TRANSFER - 1, MIN_TRANSFER, MIN_ACCOUNT - 1, MIN_ACCOUNT, MIN_ACCOUNT + 1, 5 * MIN_ACCOUNT]),
    st.integers(0, 5 * MIN_ACCOUNT),
)
PEOPLE = st.integers(0, 1)
OPERATIONS = st.one_of(
    st.tuples(st.sampled_from(["deposit", "refund"]), PEOPLE, st.just(0), AMOUNTS),
    st.tuples(st.sampled_from(["transfer", "transfer", "settle"]), PEOPLE, PEOPLE, AMOUNTS),
    st.tuples(st.just("retrieve"), PEOPLE, PEOPLE, st.just(0)),
    st.tuples(st.just("wait"), st.just(0), st.just(0), st.sampled_from([1, DAY // 2, DAY - 1, DAY])),
)


class Refused(Exception):
    """The rules do not allow it."""


def need(truth: bool) -> None:
    if not truth:
        raise Refused


class Account:
    def __init__(self) -> None:
        self.balance = 0
        self.waiting: list[list[int]] = []  # amount, since

    @property
    def pending(self) -> int:
        return sum(amount for amount, _ in self.waiting)

    def cancel(self, amount: int) -> None:
        while amount > 0:
            taken = min(amount, self.waiting[-1][0])
            self.waiting[-1][0] -= taken
            amount -= taken
            if self.waiting[-1][0] == 0:
                self.waiting.pop()


class Model:
    """compute.md, sections 3.6, 4.5 and 4.6, by their words."""

    def __init__(self) -> None:
        self.available: dict[Address, int] = {}
        self.accounts: dict[tuple[Address, Address], Account] = {}
        self.earned = dict.fromkeys(PROVIDERS, 0)
        self.paid = dict.fromkeys(USERS, 0)  # out of the wallet, less what came back

    def locked(self, user: Address) -> int:
        return sum(account.balance for (owner, _), account in self.accounts.items() if owner == user)

    def deposit(self, user: Address, amount: int) -> None:
        need(amount >= (1 if user in self.available else MIN_ACCOUNT))
        self.available[user] = self.available.get(user, 0) + amount
        self.paid[user] += amount

    def refund(self, user: Address, amount: int) -> None:
        need(user in self.available and 0 < amount <= self.available[user])
        left = self.available[user] - amount
        need(left == 0 or left >= MIN_ACCOUNT)
        self.available[user] = left
        self.paid[user] -= amount
        if left == 0 and self.locked(user) == 0:
            del self.available[user]
            self.accounts = {key: value for key, value in self.accounts.items() if key[0] != user}

    def transfer(self, user: Address, provider: Address, amount: int) -> None:
        need(user in self.available and amount > 0)
        account = self.accounts.get((user, provider))
        if account is None:
            need(MIN_TRANSFER <= amount <= self.available[user])
            account = self.accounts[(user, provider)] = Account()
            cancelled = 0
        else:
            cancelled = min(amount, account.pending)
            need(amount - cancelled <= self.available[user])
            account.cancel(cancelled)
        account.balance += amount - cancelled
        self.available[user] -= amount - cancelled

    def retrieve(self, user: Address, provider: Address, now: int) -> None:
        need(user in self.available)
        account = self.accounts.get((user, provider))
        if account is None:
            return
        ripe = sum(amount for amount, since in account.waiting if now >= since + DAY)
        waiting = [entry for entry in account.waiting if now < entry[1] + DAY]
        free = account.balance - account.pending
        need(free == 0 or len(waiting) < 5)
        account.waiting = waiting + ([[free, now]] if free else [])
        account.balance -= ripe
        self.available[user] += ripe

    def settle(self, user: Address, provider: Address, fee: int) -> inference.Status:
        account = self.accounts.get((user, provider))
        if account is None:
            return inference.Status.INVALID_SIGNATURE
        pay = min(fee, account.balance)
        account.cancel(max(0, pay - (account.balance - account.pending)))
        account.balance -= pay
        self.earned[provider] += pay
        return inference.Status.SUCCESS if pay == fee else inference.Status.PARTIAL


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(OPERATIONS, min_size=5, max_size=30))
def test_every_wei_is_where_the_rules_say(operations: list[tuple[str, int, int, int]]) -> None:
    world, model = ComputeWorld(), Model()
    for provider in PROVIDERS:
        world.serve(provider)
    wallets = {who: world.balance(who) for who in (*USERS, *PROVIDERS)}
    for nonce, (kind, first, second, amount) in enumerate(operations, 1):
        user, provider = USERS[first], PROVIDERS[second]
        if kind == "wait":
            world.later += amount
        elif kind == "settle":
            item = settlement(world, user, amount, nonce, provider=provider)
            (status,) = world.ask(world.inference, inference.settle([item]), provider)
            assert status == model.settle(user, provider, amount)
        else:
            _both(*_act(world, model, kind, user, provider, amount))
        _compare(world, model, wallets)


def _act(
    world: ComputeWorld, model: Model, kind: str, user: Address, provider: Address, amount: int
) -> tuple[Callable[[], Any], Callable[[], Any]]:
    at, now = world.ledger, world.now
    if kind == "deposit":
        return lambda: at.send(user, "depositFund", value=amount), lambda: model.deposit(user, amount)
    if kind == "refund":
        return lambda: at.send(user, "refund", amount), lambda: model.refund(user, amount)
    if kind == "transfer":
        return (
            lambda: at.send(user, "transferFund", provider, INFERENCE, amount),
            lambda: model.transfer(user, provider, amount),
        )
    return (
        lambda: at.send(user, "retrieveFund", [provider], INFERENCE),
        lambda: model.retrieve(user, provider, now),
    )


def _both(real: Callable[[], Any], stated: Callable[[], Any]) -> None:
    """The contract refuses exactly what the rules refuse."""
    try:
        stated()
        allowed = True
    except Refused:
        allowed = False
    try:
        real()
        done = True
    except Failed:
        done = False
    assert done == allowed


def _compare(world: ComputeWorld, model: Model, wallets: dict[Address, int]) -> None:
    rows, total = world.ask(world.ledger, ledger.ledgers(0, 0))
    assert total == len(model.available)
    assert {row.user: (row.available, row.locked) for row in rows} == {
        user: (available, model.locked(user)) for user, available in model.available.items()
    }
    accounts, count = world.inference.call("getAllAccounts", 0, 0)
    assert count == len(model.accounts)
    found = {(row[0], row[1]): (row[3], row[4], [[entry[1], entry[2]] for entry in row[5]], row[8]) for row in accounts}
    assert found == {key: (one.balance, one.pending, one.waiting, len(one.waiting)) for key, one in model.accounts.items()}
    for user in USERS:
        listed = {row[1] for row in world.inference.call("getAccountsByUser", user, 0, 0)[0]}
        assert listed == {provider for owner, provider in model.accounts if owner == user}
        assert world.balance(user) == wallets[user] - model.paid[user]
    for provider in PROVIDERS:
        listed = {row[0] for row in world.inference.call("getAccountsByProvider", provider, 0, 0)[0]}
        assert listed == {owner for owner, seller in model.accounts if seller == provider}
        assert world.balance(provider) == wallets[provider] + model.earned[provider]
    stakes = 100 * 10**18 * len(PROVIDERS)
    assert world.balance(registry.LEDGER) == sum(model.available.values())
    assert world.balance(registry.INFERENCE) == stakes + sum(one.balance for one in model.accounts.values())

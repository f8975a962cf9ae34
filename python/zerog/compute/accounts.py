"""Money of users with this provider: what they hold on the chain, what they owe, what requests in work may still cost.

No work begins before the most it can cost is reserved, and what it did cost is on the disk before its last byte leaves. So
``owed + reserved`` never passes what a user's account can pay, however many requests come at once. Source: compute.md §7.2.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from zerog.compute.api import Fee, Price, Usage
from zerog.compute.chain import Changes, ServingChain
from zerog.compute.store import Charge, Owed, Store
from zerog.contracts.inference import Account, Service
from zerog.errors import InsufficientFunds, InternalError, PeerFault, TimedOut, Unauthorized, Unavailable
from zerog.runtime import log
from zerog.runtime.clock import Clock
from zerog.store.kv import Batch
from zerog.types import Address, format_address, format_amount

USERS_MAX: Final = 100_000
_log = log.get(__name__)


@dataclass
class User:
    """One user as this process knows him."""

    address: Address
    account: Account | None = None
    known: bool = False
    """Whether ``account`` is what the chain said after the last change that was seen."""
    changes: int = 0
    owed: int = 0
    reserved: int = 0
    running: int = 0
    """Requests between their reservation and its end."""
    loading: asyncio.Lock = field(default_factory=asyncio.Lock)


@dataclass
class Reservation:
    """The most that one request may cost, at the price of the moment it was accepted."""

    user: User
    amount: int
    price: Price
    open: bool = True


class Accounts:
    """Reservations and charges of one provider.

    Args:
        chain: where accounts are read.
        store: where charges are written.
        floor: what an account must hold beyond everything owed and reserved.
        stale_s: without news from the chain for so long nobody is let in any more.
    """

    def __init__(self, chain: ServingChain, store: Store, clock: Clock, *, floor: int, stale_s: float) -> None:
        self._chain, self.store, self._clock = chain, store, clock
        self._floor, self._stale_s = floor, stale_s
        self._users: dict[Address, User] = {}
        self._heard_s = float("-inf")
        self.service: Service | None = None
        self.held_until_s: dict[Address, float] = {}
        for owed in store.owed():
            self._user(owed.user).owed += owed.charge.due

    # -- what the chain says -------------------------------------------------------------------------------------------

    async def load_service(self) -> Service | None:
        self.service = await self._chain.service()
        return self.service

    def heard(self) -> None:
        """Everything up to the chain's head has been looked at."""
        self._heard_s = self._clock.monotonic_s()

    def changed(self, changes: Changes) -> None:
        """Blocks have changed accounts: what is known of them no longer counts."""
        for address in changes.users:
            if address in self._users:
                self._outdated(self._users[address])

    def forget(self) -> None:
        """Blocks were missed: every account is read again."""
        for user in self._users.values():
            self._outdated(user)

    @staticmethod
    def _outdated(user: User) -> None:
        user.known = False
        user.changes += 1

    @property
    def fresh(self) -> bool:
        """Whether the chain has been heard of lately."""
        return self._clock.monotonic_s() - self._heard_s <= self._stale_s

    async def user(self, address: Address) -> User:
        """A user with the account as the chain has it.

        Raises:
            Unavailable: the chain does not answer, or not for too long.
        """
        if not self.fresh:
            raise Unavailable("the chain does not answer; nobody is served until it does", public=True)
        user = self._user(address)
        if not user.known:
            async with user.loading:
                while not user.known:
                    changes = user.changes
                    try:
                        user.account = await self._chain.account(address)
                    except (PeerFault, TimedOut) as error:
                        raise Unavailable(f"the chain does not tell of an account: {error}") from None
                    user.known = user.changes == changes
        self._shrink()
        return user

    def _user(self, address: Address) -> User:
        found = self._users.pop(address, None) or User(address)
        self._users[address] = found  # the last one used stands last
        return found

    def _shrink(self) -> None:
        if len(self._users) <= USERS_MAX:
            return
        for address, user in list(self._users.items())[: USERS_MAX // 10]:
            if not (user.owed or user.running or user.loading.locked()):
                del self._users[address]

    # -- reserving and charging ----------------------------------------------------------------------------------------

    def spendable(self, user: User) -> int:
        """What a request may still reserve; below 0 when there is nothing."""
        if user.account is None:
            return 0
        return user.account.spendable - user.owed - user.reserved - self._floor

    def check(self, user: User) -> None:
        """
        A refusal is not remembered: who was told to open an account, or to acknowledge, may have done so since.

        Raises:
            InsufficientFunds: no account. Unauthorized: not acknowledged, by the user or by the contract's owner.
        """
        provider = format_address(self._chain.provider)
        if user.account is None or not user.account.acknowledged:
            self._outdated(user)
        if user.account is None:
            raise InsufficientFunds(
                f"insufficient balance: account of {format_address(user.address)} with provider {provider} does not exist; "
                f"open it with: zerog compute account transfer {provider} 2 (or 0g-compute-cli transfer-fund --provider "
                f"{provider} --amount 2)",
                reason="account_not_found",
            )
        if not user.account.acknowledged:
            raise Unauthorized(
                f"provider signer is not acknowledged by {format_address(user.address)}; "
                f"acknowledge it with: zerog compute account acknowledge {provider}",
                status=403, reason="not_acknowledged",
            )  # fmt: skip
        service = self.service
        if service is None or not service.signer_acknowledged:
            raise Unavailable("provider signer is not acknowledged by the contract's owner yet", public=True)

    def reserve(self, user: User, amount: int, price: Price) -> Reservation:
        """
        Raises:
            InsufficientFunds: names the balance, what is wanted, and how to add it.
        """
        self.check(user)
        account = user.account
        assert account is not None
        left = self.spendable(user)
        if amount > left:
            self._outdated(user)
            provider = format_address(self._chain.provider)
            raise InsufficientFunds(
                f"insufficient balance: the account with provider {provider} holds {format_amount(account.balance)}, of which "
                f"{format_amount(account.pending_refund)} is asked back, {format_amount(user.owed)} is owed for earlier "
                f"requests, {format_amount(user.reserved)} is reserved for requests in work and "
                f"{format_amount(self._floor)} must stay; this request needs {format_amount(amount)}, "
                f"{format_amount(amount - left)} more; add it with: zerog compute account transfer {provider} "
                f"{format_amount(amount - left).removesuffix(' 0G')}",
                reason="insufficient_balance",
            )
        user.reserved += amount
        user.running += 1
        return Reservation(user, amount, price)

    def release(self, reservation: Reservation) -> None:
        """Nothing is owed for it."""
        if reservation.open:
            reservation.open = False
            reservation.user.reserved -= reservation.amount
            reservation.user.running -= 1

    def fee(self, reservation: Reservation, usage: Usage) -> Fee:
        """What the usage costs at the reserved price; never more than was reserved."""
        return self.bounded(reservation, reservation.price.fee(usage))

    def bounded(self, reservation: Reservation, fee: Fee) -> Fee:
        """A fee within its reservation."""
        if fee.total <= reservation.amount:
            return fee
        _log.error("charge.above_reservation", fee=fee.total, reserved=reservation.amount)
        input = min(fee.input, reservation.amount)
        return Fee(input, reservation.amount - input)

    async def charge(self, reservation: Reservation, charge: Charge, batch: Batch | None = None) -> None:
        """Turn a reservation into a debt, on the disk when this returns, together with what else is in ``batch``.

        The reservation stands until then, so nothing else can take its money meanwhile. A caller that is cancelled leaves the
        write to its end.

        Raises:
            InternalError: the charge is above the reservation. Unavailable: it could not be written; nothing is owed.
        """
        if not reservation.open:
            raise InternalError("a reservation is charged once")
        if charge.due > reservation.amount:
            raise InternalError("a charge is above its reservation")
        batch = batch if batch is not None else Batch()
        user = reservation.user
        if charge.due:
            self.store.put_owed(batch, self.store.new_owed(user.address, charge))
        reservation.open = False
        user.owed += charge.due
        user.reserved -= reservation.amount
        user.running -= 1
        if batch.operations:
            try:
                await self.store.commit(batch)
            except Unavailable:
                user.owed -= charge.due
                raise

    # -- settling ------------------------------------------------------------------------------------------------------

    def debtors(self) -> list[User]:
        """Who owes something."""
        return [user for user in self._users.values() if user.owed > 0]

    def paid(self, owed: Iterable[tuple[Owed, int]]) -> None:
        """Debts that a settlement has paid, whole or in part; their accounts are read again."""
        for one, amount in owed:
            user = self._user(one.user)
            user.owed -= amount
            self._outdated(user)
            if user.owed < 0:
                raise InternalError(f"more was settled than {format_address(one.user)} owes")

    def owed(self, address: Address) -> int:
        return self._users[address].owed if address in self._users else 0

    @property
    def totals(self) -> tuple[int, int, int]:
        """Owed and reserved by all, and requests in work."""
        users = self._users.values()
        return sum(u.owed for u in users), sum(u.reserved for u in users), sum(u.running for u in users)

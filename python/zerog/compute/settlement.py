"""Folding what users owe into settlements, and submitting them: each charge is settled exactly once, whatever dies when.

A settlement is stored, signed transaction and all, before it is sent (the *intent*), and charges leave what is owed only in the
write that records its receipt. There is never more than one on its way. Its transactions share one account nonce, so at most
one is ever in a block; at start an intent that is found is followed to its end before anything new is made.
Source: docs/protocol/compute.md §§4.6, 7.10.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from zerog.compute.accounts import Accounts, User
from zerog.compute.attest import Enclave
from zerog.compute.chain import ServingChain, Signed
from zerog.compute.store import Attempt, Intent, IntentItem, Owed, Store
from zerog.contracts import inference
from zerog.contracts.inference import Settlement, SettlementResult, Status
from zerog.errors import Conflict, InternalError, PeerFault, TimedOut, Unavailable
from zerog.runtime import log
from zerog.runtime.clock import Clock
from zerog.runtime.eth import EthReceipt
from zerog.store.kv import Batch
from zerog.types import Address, format_address
from zerog.wire.compute import ChargedRequest, settlement_nonce

POLL_S: Final = 0.2
STEPS: Final = ("chosen", "previewed", "signed", "stored", "sent", "mined", "recorded")
_log = log.get(__name__)


@dataclass(frozen=True)
class Rules:
    """See ``[compute.settlement]`` of default.toml."""

    force_s: float = 600
    thin_s: float = 300
    fee_min: int = 0
    records_max: int = 5000
    skip_s: float = 3600
    gas_spare: int = 10_000
    price_max: int = 10**12
    bump_s: float = 30
    confirmations: int = 0


@dataclass
class Tally:
    """What one settlement did."""

    users: int = 0
    records: int = 0
    amount: int = 0
    failed: int = 0


@dataclass(frozen=True)
class _Item:
    user: User
    owed: list[Owed]
    signed: Settlement


class Settler:
    """Settles for one provider.

    Args:
        on_step: called when a settlement has reached one of ``STEPS``; for tests that kill there.
        told: called after every settlement that reached a block.
    """

    def __init__(
        self,
        chain: ServingChain,
        accounts: Accounts,
        store: Store,
        enclave: Enclave,
        clock: Clock,
        rules: Rules,
        *,
        on_step: Callable[[str], None] = lambda step: None,
        told: Callable[[Tally], None] = lambda tally: None,
    ) -> None:
        self._chain, self._accounts, self._store, self._enclave = chain, accounts, store, enclave
        self._clock, self._rules, self._on_step, self._told = clock, rules, on_step, told
        self._busy = asyncio.Lock()
        self._wanted = asyncio.Event()
        self._refused_once: set[Address] = set()

    # -- when ----------------------------------------------------------------------------------------------------------

    def want(self) -> None:
        """Settle soon: an account has become thin, or its money is asked back."""
        self._wanted.set()

    async def run(self) -> None:
        """Settle for ever: thin accounts often, everybody now and then."""
        forced_s = self._clock.monotonic_s()
        while True:
            try:
                async with asyncio.timeout(min(self._rules.thin_s, self._rules.force_s)):
                    await self._wanted.wait()
            except TimeoutError:
                pass
            self._wanted.clear()
            force = self._clock.monotonic_s() - forced_s >= self._rules.force_s
            try:
                await self.settle(everybody=force)
                if force:
                    forced_s = self._clock.monotonic_s()
            except (Unavailable, TimedOut, PeerFault, Conflict) as error:
                _log.warning("settlement.postponed", reason=str(error))
                await self._clock.sleep(POLL_S)

    async def settle(self, *, everybody: bool = True) -> Tally:
        """Settle what is owed, in as many transactions as it takes.

        Args:
            everybody: not only users whose money might go elsewhere.

        Raises:
            Unavailable, TimedOut, PeerFault: the chain does not answer or refuses; nothing is lost.
        """
        whole = Tally()
        async with self._busy:
            await self._resume()
            tried: set[Address] = set()
            while True:
                users = [user for user in self._chosen(everybody) if user.address not in tried][: inference.SETTLEMENTS_MAX]
                if not users:
                    return whole
                tried.update(user.address for user in users)
                tally = await self._settle_users(users)
                whole = Tally(
                    whole.users + tally.users, whole.records + tally.records, whole.amount + tally.amount,
                    whole.failed + tally.failed,
                )  # fmt: skip

    async def resume(self) -> None:
        """Follow a settlement that an earlier process left behind to its end; before anything else at start."""
        async with self._busy:
            await self._resume()

    def _chosen(self, everybody: bool) -> list[User]:
        now, found = self._clock.monotonic_s(), []
        for user in sorted(self._accounts.debtors(), key=lambda user: -user.owed):
            if user.owed < self._rules.fee_min or self._accounts.held_until_s.get(user.address, 0) > now:
                continue
            if everybody or self._thin(user):
                found.append(user)
        return found

    def _thin(self, user: User) -> bool:
        """Whether little is left beyond what is owed, or money is asked back."""
        service, account = self._accounts.service, user.account
        if account is None or service is None:
            return True
        margin = 1_000_000 * (service.input_price + service.output_price)
        return account.pending_refund > 0 or account.spendable - user.owed < margin

    # -- one transaction -----------------------------------------------------------------------------------------------

    async def _settle_users(self, users: Sequence[User]) -> Tally:
        accounts = await self._chain.accounts([user.address for user in users])
        nonce = max(settlement_nonce(int(self._clock.now_s())), self._store.last_nonce() + 1)
        items = []
        for user, account in zip(users, accounts, strict=True):
            if account is not None and account.nonce > self._store.last_nonce():
                # Whoever settled that has records that we lack: to settle ours could take the same money twice.
                _log.error("settlement.old_records", user=format_address(user.address), settled=account.nonce)
                self._hold(user.address)
                continue
            owed = []
            for one in self._store.owed(user.address):
                owed.append(one)
                if len(owed) == self._rules.records_max:
                    break
            if owed:
                items.append(self._item(user, owed, nonce))
        if not items:
            return Tally()
        self._on_step("chosen")
        items = await self._previewed(items, nonce)
        self._on_step("previewed")
        if not items:
            return Tally()
        call = inference.settle([item.signed for item in items])
        signed = await self._chain.sign(call.data, gas_spare=self._rules.gas_spare, price_max=self._rules.price_max)
        self._on_step("signed")
        intent = self._intent(nonce, items, signed)
        await self._keep(intent)
        self._on_step("stored")
        return await self._follow(intent)

    def _item(self, user: User, owed: list[Owed], nonce: int) -> _Item:
        return _Item(user, owed, self._enclave.sign_settlement(user.address, [_request(one) for one in owed], nonce))

    async def _previewed(self, items: list[_Item], nonce: int) -> list[_Item]:
        """The items that the contract would take; what goes beyond a balance is cut to the oldest charges that fit."""
        preview = await self._chain.preview([item.signed for item in items])
        failed, partial = dict(preview.failed), dict(preview.partial)
        kept = []
        for item in items:
            address = item.user.address
            if address in failed:
                self._refused(address, failed[address])
            elif address in partial:
                self._hold(address)
                payable, fitting = item.signed.total_fee - partial[address], []
                for one in item.owed:
                    payable -= one.charge.due
                    if payable < 0:
                        break
                    fitting.append(one)
                _log.error("settlement.beyond_balance", user=format_address(address), left=len(item.owed) - len(fitting))
                if fitting:
                    kept.append(self._item(item.user, fitting, nonce))
            else:
                kept.append(item)
        return kept

    def _intent(self, nonce: int, items: list[_Item], signed: Signed) -> Intent:
        made = [
            IntentItem(
                item.user.address, nonce, str(item.signed.total_fee), item.signed.requests_hash, item.signed.signature,
                [one.seq for one in item.owed],
            )
            for item in items
        ]  # fmt: skip
        attempt = Attempt(signed.raw, signed.hash, str(signed.price))
        return Intent(nonce, signed.nonce, signed.gas, made, [attempt], int(self._clock.now_s() * 1000))

    async def _keep(self, intent: Intent) -> None:
        batch = Batch()
        self._store.put_intent(batch, intent)
        await self._store.commit(batch)

    # -- following it --------------------------------------------------------------------------------------------------

    async def _resume(self) -> None:
        for intent in self._store.intents():
            _log.info("settlement.resumed", id=intent.id, users=len(intent.items), attempts=len(intent.attempts))
            await self._follow(intent)

    async def _follow(self, intent: Intent) -> Tally:
        """Send until one attempt is in a block, or another transaction has taken their nonce; then record what became of it."""
        sent_s, first = self._clock.monotonic_s(), True
        while True:
            # Before the receipts: what took the nonce must show there. Only in blocks that stay, for a transaction that has
            # lost its nonce in a block that is taken back can still be in another.
            used = await self._chain.used_nonces(self._rules.confirmations)
            receipt = await self._receipt(intent)
            if receipt is not None:
                self._on_step("mined")
                return await self._record(intent, receipt)
            if used > intent.tx_nonce and not await self._applied(intent):
                _log.warning("settlement.superseded", id=intent.id, nonce=intent.tx_nonce)
                batch = Batch()
                self._store.drop_intent(batch, intent)
                await self._store.commit(batch)
                return Tally()
            if not first and self._clock.monotonic_s() - sent_s >= self._rules.bump_s:
                intent, first, sent_s = await self._raised(intent), True, self._clock.monotonic_s()
            if first and used <= intent.tx_nonce:
                intent, first = await self._sent(intent), False
                self._on_step("sent")
            else:
                await self._clock.sleep(POLL_S)

    async def _sent(self, intent: Intent) -> Intent:
        """The last attempt handed over; at higher and higher prices while the node holds another transaction that pays more."""
        while not await self._chain.send(intent.attempts[-1].raw):
            raised = await self._raised(intent)
            if raised is intent:
                _log.warning("settlement.outbid", id=intent.id, nonce=intent.tx_nonce, price=intent.attempts[-1].price)
                break
            intent = raised
        return intent

    async def _applied(self, intent: Intent) -> bool:
        """Whether the contract has taken an item, whatever the node says of receipts: then the receipt will show."""
        accounts = await self._chain.accounts([Address(item.user) for item in intent.items])
        return any(
            account is not None and account.nonce >= item.nonce for account, item in zip(accounts, intent.items, strict=True)
        )

    async def _receipt(self, intent: Intent) -> EthReceipt | None:
        """Of the attempt that is in a block, once enough others stand on it; None when none is in a block (any more)."""
        wait = self._rules.confirmations
        for attempt in intent.attempts:
            while True:
                head = await self._chain.head() if wait else 0  # first: a reorganisation in between makes a chain longer
                found = await self._chain.receipt(attempt.hash)
                if found is None:
                    break
                if not wait or head >= found.block_number + wait:
                    return found
                await self._clock.sleep(POLL_S)
        return None

    async def _raised(self, intent: Intent) -> Intent:
        """The same settlement at a higher price, stored before it is sent; the old one when the price is as high as may be."""
        last = int(intent.attempts[-1].price)
        price = min(max(last + last // 8 + 1, await self._chain.gas_price()), self._rules.price_max)
        if price < last + last // 10:
            return intent
        call = inference.settle([
            Settlement(Address(one.user), self._chain.provider, one.fee, one.requests_hash, one.nonce, one.signature)
            for one in intent.items
        ])  # fmt: skip
        raw = self._chain.resign(call.data, nonce=intent.tx_nonce, gas=intent.gas, price=price)
        raised = Intent(
            intent.id, intent.tx_nonce, intent.gas, intent.items,
            [*intent.attempts, Attempt(raw.raw, raw.hash, str(price))], intent.at_ms,
        )  # fmt: skip
        await self._keep(raised)
        _log.info("settlement.raised", id=intent.id, price=price)
        return raised

    async def _record(self, intent: Intent, receipt: EthReceipt) -> Tally:
        """Charges that the receipt shows as paid leave what is owed, in one write with the intent."""
        batch, tally = Batch(), Tally()
        self._store.drop_intent(batch, intent)
        paid: list[tuple[Owed, int]] = []
        if receipt.succeeded:
            results = {one.user: one for one in self._chain.results(receipt)}
            for item in intent.items:
                result = results.get(Address(item.user))
                if result is None:
                    raise InternalError(f"the receipt of settlement {intent.id} does not tell of {format_address(item.user)}")
                paid += self._record_item(batch, item, result, tally)
        else:
            _log.error("settlement.reverted", id=intent.id, block=receipt.block_number)
            tally.failed = len(intent.items)
        await self._store.commit(batch)
        self._on_step("recorded")
        self._accounts.paid(paid)
        self._told(tally)
        _log.info("settlement.done", id=intent.id, users=tally.users, records=tally.records, amount=tally.amount,
                  failed=tally.failed)  # fmt: skip
        return tally

    def _record_item(self, batch: Batch, item: IntentItem, result: SettlementResult, tally: Tally) -> list[tuple[Owed, int]]:
        user = Address(item.user)
        if result.status not in (Status.SUCCESS, Status.PARTIAL):
            tally.failed += 1
            self._refused(user, result.status)
            return []
        self._refused_once.discard(user)
        left = item.fee - result.unsettled
        if result.status == Status.PARTIAL:
            self._hold(user)
            _log.error("settlement.partial", user=format_address(user), unsettled=result.unsettled)
        tally.users += 1
        tally.amount += left
        wanted, paid = set(item.seqs), []
        for owed in self._store.owed(user):
            if owed.seq not in wanted or left <= 0:
                continue
            due = owed.charge.due
            if due <= left:
                self._store.settle_owed(batch, owed, item.nonce)
                tally.records += 1
            else:
                self._store.pay_part(batch, owed, left)
            paid.append((owed, min(due, left)))
            left -= min(due, left)
        if left:
            raise InternalError(f"a settlement has paid {left} neuron more than its charges")
        return paid

    def _refused(self, user: Address, status: Status) -> None:
        """A nonce that is too low is tried once more with a higher one; all else is for the operator, and waits."""
        _log.error("settlement.refused", user=format_address(user), status=status.name.lower())
        if status == Status.INVALID_NONCE and user not in self._refused_once:
            self._refused_once.add(user)
            self.want()
        else:
            self._hold(user)

    def _hold(self, user: Address) -> None:
        self._accounts.held_until_s[user] = self._clock.monotonic_s() + self._rules.skip_s


def _request(owed: Owed) -> ChargedRequest:
    """A charge as the settlement's hash names it: what is left of its fees, the input's first."""
    charge = owed.charge
    input_due = max(0, charge.input_fee - charge.paid)
    return ChargedRequest(charge.request_hash, owed.user, charge.due, input_due, charge.due - input_due)

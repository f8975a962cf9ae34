"""Verbs on the compute network: find providers, pay them, talk to their models, check their answers. Each returns plain values.

Works with any provider of the inference contract, over any chain that has it.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from zerog.compute.api import Fee, Provider, Usage
from zerog.compute.client import ComputeClient, Receipt, expected_signer, fault, now_ms, provider_of
from zerog.contracts import inference, ledger, registry
from zerog.contracts.calls import Call
from zerog.errors import Conflict, InsufficientFunds, InvalidInput, NotFound, PeerFault, TimedOut, Unavailable
from zerog.primitives.hashing import keccak256
from zerog.types import Address, parse_address
from zerog.wire.abi import Interface
from zerog.wire.compute import EPHEMERAL_TOKEN, SESSION_MS_MAX, SessionToken, encode_key

if TYPE_CHECKING:
    from zerog.sdk.chain import Chain
    from zerog.sdk.chain import Receipt as ChainReceipt
    from zerog.sdk.wallet import Account

SESSION_MS: Final = SESSION_MS_MAX - 60_000
RENEW_MS: Final = 3_600_000
POLL_S: Final = 0.3


@dataclass(frozen=True)
class Reply:
    """An answer and what it cost. ``fault`` says why it is not shown to be the provider's; empty when it is."""

    text: str
    usage: Usage
    fee: Fee
    provider: Provider
    receipt: Receipt | None
    fault: str

    @property
    def verified(self) -> bool:
        return self.receipt is not None and not self.fault


@dataclass(frozen=True)
class Standing:
    """A user's account with a provider: what it holds, what is asked back, what is owed by the provider's word."""

    provider: Address
    balance: int
    pending_refund: int
    acknowledged: bool
    unsettled: int | None = None


@dataclass
class Record:
    """What this process has seen of a provider: the router's memory."""

    good: int = 0
    forged: int = 0
    failed: int = 0
    seconds: float = 0.0


class Compute:
    """One user of the network.

    Args:
        account: signs keys and pays; None: only what needs neither.

    Use through ``open_compute``.
    """

    def __init__(
        self, chain: Chain, client: ComputeClient, chain_id: int, account: Account | None, *, contract: Address, book: Address
    ) -> None:
        self._chain, self._client, self._chain_id, self._account = chain, client, chain_id, account
        self._contract, self._book = contract, book
        self._keys: dict[Address, tuple[str, int]] = {}
        self.records: dict[Address, Record] = {}

    # -- looking -------------------------------------------------------------------------------------------------------

    async def providers(self) -> list[Provider]:
        """Everybody who offers a service."""
        found: list[Provider] = []
        while True:
            rows, total = await self._read(inference.services(len(found), inference.PAGE_MAX))
            found += [provider_of(row) for row in rows]
            if len(found) >= total or not rows:
                return found

    async def provider(self, address: str | bytes) -> Provider:
        """
        Raises:
            NotFound: it offers nothing.
        """
        try:
            return provider_of(await self._read(inference.service(parse_address(address))))
        except Conflict:
            raise NotFound(f"{parse_address(address).hex()} has no inference service") from None

    async def standing(self, provider: str | bytes, *, ask: bool = False) -> Standing | None:
        """The user's account with a provider, None when there is none; with ``ask`` the provider tells what is owed."""
        address = parse_address(provider)
        try:
            found = await self._read(inference.account(self._me.address, address))
        except Conflict:
            return None
        owed = None
        if ask:
            owed = await self._client.unsettled(await self.provider(address), await self.session(address), self._me.address)
        return Standing(address, found.balance, found.pending_refund, found.acknowledged, owed)

    async def ledger(self) -> ledger.Ledger | None:
        """The user's ledger, None before the first deposit."""
        try:
            found: ledger.Ledger = await self._read(ledger.ledger(self._me.address), self._book)
            return found
        except Conflict:
            return None

    async def standings(self) -> list[Standing]:
        """The user's accounts with all providers."""
        found: list[Standing] = []
        while True:
            rows, total = await self._read(inference.accounts_of_user(self._me.address, len(found), inference.PAGE_MAX))
            found += [Standing(row.provider, row.balance, row.pending_refund, row.acknowledged) for row in rows]
            if len(found) >= total or not rows:
                return found

    # -- money ---------------------------------------------------------------------------------------------------------

    async def deposit(self, amount: int) -> ChainReceipt:
        """Money from the wallet into the ledger; the first deposit opens it."""
        return await self._send(ledger.deposit(), self._book, value=amount)

    async def transfer(self, provider: str | bytes, amount: int) -> ChainReceipt:
        """Money from the ledger to the account with a provider, which the first transfer opens and acknowledges."""
        return await self._send(ledger.transfer(parse_address(provider), await self._service_name(), amount), self._book)

    async def retrieve(self, providers: Sequence[str | bytes] = ()) -> ChainReceipt:
        """Collect what has waited long enough, and ask for the rest: of these providers, or of all."""
        named = [parse_address(one) for one in providers] or [one.provider for one in await self.standings()]
        if not named:
            raise NotFound("there is no account with any provider")
        return await self._send(
            ledger.retrieve(named[: ledger.PROVIDERS_PER_BATCH_MAX], await self._service_name()), self._book
        )

    async def refund(self, amount: int) -> ChainReceipt:
        """Money from the ledger back into the wallet."""
        return await self._send(ledger.refund(amount), self._book)

    async def acknowledge(self, provider: str | bytes, acknowledged: bool = True) -> ChainReceipt:
        """Trust a provider's signer, or no longer."""
        return await self._send(inference.acknowledge(parse_address(provider), acknowledged), self._contract)

    async def _service_name(self) -> str:
        return str((await self._read(ledger.service_info(self._contract), self._book)).name)

    # -- keys ----------------------------------------------------------------------------------------------------------

    async def session(self, provider: str | bytes) -> str:
        """A key for a day, made anew when less than an hour is left."""
        address = parse_address(provider)
        key, until = self._keys.get(address, ("", 0))
        if until - now_ms() < RENEW_MS:
            now = now_ms()
            key, until = await self._key(address, EPHEMERAL_TOKEN, now, now + SESSION_MS), now + SESSION_MS
            self._keys[address] = (key, until)
        return key

    async def api_key(self, provider: str | bytes, token_id: int, expires_at_ms: int = 0) -> str:
        """A key (``app-sk-…``) for any OpenAI client, good until it expires or is revoked.

        Raises:
            InvalidInput: a number that is not 0 to 254.
        """
        if not 0 <= token_id < EPHEMERAL_TOKEN:
            raise InvalidInput(f"key number: expected 0 to 254, found {token_id}")
        return await self._key(parse_address(provider), token_id, now_ms(), expires_at_ms)

    async def _key(self, provider: Address, token_id: int, now: int, expires_at: int) -> str:
        try:
            generation = (await self._read(inference.account(self._me.address, provider))).generation
        except Conflict:
            generation = 0
        token = SessionToken(self._me.address, provider, now, expires_at, secrets.token_hex(16), generation, token_id)
        raw = token.raw()
        return encode_key(raw, self._me.sign_message(keccak256(raw)))

    async def revoke(self, provider: str | bytes, token_ids: Sequence[int] = ()) -> ChainReceipt:
        """End keys by their numbers, or all keys and sessions."""
        address = parse_address(provider)
        call = inference.revoke_tokens(address, token_ids) if token_ids else inference.revoke_all_tokens(address)
        self._keys.pop(address, None)
        return await self._send(call, self._contract)

    # -- own adapters --------------------------------------------------------------------------------------------------

    async def adapters(self, provider: str | bytes) -> list[dict[str, Any]]:
        """The user's adapters at a provider: ``adapterName, taskId, baseModel, userAddress, state`` and, failed, ``error``."""
        address = parse_address(provider)
        return await self._client.adapters(await self.provider(address), await self.session(address))

    async def deploy(
        self, provider: str | bytes, adapter: str, *, wait_s: float = 0, told: Callable[[str], None] = lambda state: None
    ) -> dict[str, Any]:
        """Have a provider serve an own adapter, for ``chat(…, model=name)``.

        Args:
            adapter: its name, or the task that made it.
            wait_s: how long to wait until it has been handed over and is served; 0: not at all.
            told: hears each state.

        Raises:
            NotFound: the provider has no such adapter. Exhausted: no room. Conflict: it cannot be served, and why. TimedOut.
        """
        address, deadline, before = parse_address(provider), time.monotonic() + wait_s, ""
        asked = False
        while True:
            found = next((one for one in await self.adapters(address) if adapter in (one["adapterName"], one["taskId"])), None)
            state = "not there" if found is None else str(found["state"])
            if state != before:
                told(before := state)
            if found is not None and asked and state == "failed":
                reason = found.get("error") or "the provider does not say why"
                raise Conflict(f"{found['adapterName']} cannot be served: {reason}")
            if found is not None and (state == "active" or (asked and not wait_s)):
                return found
            if found is not None and not asked:
                await self._client.deploy(
                    await self.provider(address), await self.session(address), {"adapterName": found["adapterName"]}
                )
                asked = True
                continue
            if found is None and not wait_s:
                raise NotFound(f"the provider has no adapter {adapter} of yours: is its task Finished?")
            if time.monotonic() > deadline:
                raise TimedOut(f"adapter {adapter} is {state} after {wait_s:g} s")
            await asyncio.sleep(POLL_S)

    # -- talking -------------------------------------------------------------------------------------------------------

    async def chat(
        self,
        provider: Provider,
        messages: Sequence[Mapping[str, Any]],
        *,
        on_text: Callable[[str], None] | None = None,
        key: str = "",
        **options: Any,
    ) -> Reply:
        """A chat with one provider, checked.

        Args:
            on_text: called with each piece as it comes; without it the answer comes whole.
            key: instead of a session of the account.
            options: more members of OpenAI's body; ``model`` for another one than the provider's first, an own adapter too.

        Raises:
            what the provider's refusal says.
        """
        body: dict[str, Any] = {"model": provider.model, "messages": list(messages), **options}
        if on_text is not None:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        used: Mapping[str, Any] | None = None
        began, text = now_ms(), ""
        given = key or await self.session(provider.address)
        async with self._client.exchange(provider, given, "/chat/completions", body) as exchange:
            if on_text is None:
                whole = await exchange.whole()
                used = whole.get("usage")
                text = _text(whole)
            else:
                async for piece in exchange.pieces():
                    used = piece.usage or used
                    text += piece.text
                    if piece.text:
                        on_text(piece.text)
        receipt, wrong = await self._checked(provider, exchange.chat_id, exchange.model, exchange.receipt)
        usage = _usage(used)
        record = self.records.setdefault(provider.address, Record())
        record.good += not wrong
        record.forged += bool(wrong)
        record.seconds += 0.2 * ((now_ms() - began) / 1000 - record.seconds)
        return Reply(text, usage, provider.price.fee(usage), provider, receipt, wrong)

    async def _checked(
        self, provider: Provider, chat_id: str, model: str, receipt_of: Callable[[Mapping[str, Any]], Receipt]
    ) -> tuple[Receipt | None, str]:
        try:
            signer = expected_signer(provider)
            receipt = receipt_of(await self._client.signature(provider, chat_id, model or provider.model))
        except (PeerFault, NotFound, Unavailable, TimedOut, InvalidInput) as error:
            return None, str(error)
        return receipt, fault(receipt, signer, strict="statement" in receipt.signature, now_ms=now_ms())

    async def route(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        model: str = "",
        on_text: Callable[[str], None] | None = None,
        prefer: str = "price",
        **options: Any,
    ) -> Reply:
        """A chat with the best provider that has the model and an account of the user; the next one when it fails.

        A provider whose answer is not shown to be its own is not asked again, and its answer is not returned.

        Args:
            prefer: ``price`` or ``latency``.

        Raises:
            NotFound: nobody offers the model. InsufficientFunds: no account with any who does. What the last one said.
        """
        ranked = await self.ranked(model, prefer=prefer)
        last: Exception = NotFound(f"nobody offers {model or 'a chat model'}")
        for provider in ranked:
            said: list[str] = []

            def tell(piece: str, to: list[str] = said) -> None:
                to.append(piece)

            try:
                reply = await self.chat(provider, messages, on_text=tell if on_text else None, **options)
            except (Unavailable, TimedOut, PeerFault, InsufficientFunds) as error:
                self.records.setdefault(provider.address, Record()).failed += 1
                last = error
                continue
            if reply.fault:
                last = PeerFault(f"{provider.address.hex()}: {reply.fault}")
                continue
            if on_text is not None:
                for piece in said:
                    on_text(piece)
            return reply
        raise last

    async def ranked(self, model: str = "", *, prefer: str = "price") -> list[Provider]:
        """Providers of a model whose answers can be checked, the best first; who forged never comes, who failed comes last.

        Raises:
            InvalidInput: no such preference.
        """
        if prefer not in ("price", "latency"):
            raise InvalidInput(f"prefer: expected price or latency, found {prefer}")
        held = {one.provider for one in await self.standings()} if self._account is not None else set()
        found = [
            one
            for one in await self.providers()
            if one.signer_acknowledged and one.kind == "chatbot" and model in ("", one.model)
            and not self.records.get(one.address, Record()).forged
        ]  # fmt: skip

        def rank(one: Provider) -> tuple[Any, ...]:
            record = self.records.get(one.address, Record())
            price = one.price.input + 2 * one.price.output
            order = (price, record.seconds) if prefer == "price" else (record.seconds, price)
            return (one.address not in held, record.failed > record.good, *order, one.address)

        return sorted(found, key=rank)

    # -- the chain -----------------------------------------------------------------------------------------------------

    @property
    def _me(self) -> Account:
        if self._account is None:
            raise InvalidInput("this needs an account: say who signs")
        return self._account

    async def _read(self, call: Call[Any], to: Address | None = None) -> Any:
        from zerog.chain.client import CallError
        from zerog.sdk.chain import Reverted

        try:
            return call.decode(await self._chain.client.call(to or self._contract, call.data))
        except CallError as error:
            raise Reverted(str(error), data=error.data) from None

    async def _send(self, call: Call[Any], to: Address, value: int = 0) -> ChainReceipt:
        return await self._chain.transact(self._me, to=to, data=call.data, value=value, interface=_interface(to))


@asynccontextmanager
async def open_compute(
    chain: Chain, account: Account | None = None, *, contract: Address = registry.INFERENCE, book: Address = registry.LEDGER
) -> AsyncIterator[Compute]:
    """The network behind a chain.

    Args:
        contract: the inference contract there; ``book`` the ledger.
    """
    chain_id = await chain.chain_id()
    async with ComputeClient(chain_id) as client:
        yield Compute(chain, client, chain_id, account, contract=contract, book=book)


def _interface(address: Address) -> Interface | None:
    return registry.interface_at(address)


def _text(whole: Mapping[str, Any]) -> str:
    try:
        return str(whole["choices"][0]["message"]["content"] or "")
    except (KeyError, IndexError, TypeError):
        raise PeerFault("the provider's answer has another form") from None


def _usage(row: Mapping[str, Any] | None) -> Usage:
    """The usage as the provider tells it; what is no number counts nothing."""
    row = row if isinstance(row, Mapping) else {}
    details = row.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, Mapping) else 0
    prompt, completion, kept = (
        value if type(value) is int and 0 <= value < 1 << 40 else 0
        for value in (row.get("prompt_tokens"), row.get("completion_tokens"), cached)
    )
    return Usage(prompt, completion, min(kept, prompt))

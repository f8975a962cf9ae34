"""The chain as a provider sees it: its service and its users' accounts, what happens to them, and transactions of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from zerog.contracts import inference
from zerog.contracts.inference import Account, Preview, Service, Settlement
from zerog.errors import InternalError, PeerFault
from zerog.primitives.hashing import keccak256
from zerog.runtime.eth import EthLog, EthReceipt, SendingEth
from zerog.runtime.key import Key
from zerog.types import Address
from zerog.wire.transaction import Transaction

TIP: Final = 10**9
_WATCHED: Final = (
    inference.BALANCE_TOPIC, inference.BATCH_TOPIC, inference.REFUND_TOPIC, inference.DELETED_TOPIC, inference.TOKEN_TOPIC,
    inference.TOKENS_TOPIC, inference.ALL_TOKENS_TOPIC, inference.SERVICE_TOPIC, inference.SIGNER_TOPIC,
)  # fmt: skip


class LoggingEth(SendingEth, Protocol):
    """A chain that tells logs of several topics at once, and what an account had sent by a block."""

    async def logs_of(self, address: bytes, topics: Sequence[bytes], first: int, last: int) -> list[EthLog]: ...

    async def nonce_at(self, address: bytes, block: int) -> int: ...


@dataclass(frozen=True)
class Changes:
    """What blocks have brought: users whose accounts are no longer as they were, and whether the service changed."""

    users: frozenset[Address]
    service: bool


@dataclass(frozen=True)
class Signed:
    """A transaction that is ready to go."""

    raw: bytes
    hash: bytes
    nonce: int
    gas: int
    price: int


class ServingChain:
    """Calls of one provider to the inference contract.

    Args:
        eth: the chain.
        key: the provider's; pays for gas and receives what is settled.
        contract: the inference contract.

    Raises (from every call):
        Unavailable, TimedOut: the chain does not answer. PeerFault: it refuses, with its words.
    """

    def __init__(self, eth: LoggingEth, key: Key, contract: Address, chain_id: int) -> None:
        self._eth, self._key = eth, key
        self.contract, self.chain_id, self.provider = contract, chain_id, key.address

    async def head(self) -> int:
        return await self._eth.block_number()

    async def account(self, user: Address) -> Account | None:
        return (await self.accounts([user]))[0]

    async def accounts(self, users: Sequence[Address]) -> list[Account | None]:
        """Accounts with this provider, in the order of ``users``; None for who has none."""
        found: list[Account | None] = []
        for start in range(0, len(users), inference.BATCH_MAX):
            call = inference.accounts_of_users(users[start : start + inference.BATCH_MAX])
            found += call.decode(await self._eth.call_from(self.provider, self.contract, call.data))
        if len(found) != len(users):
            raise PeerFault(f"the contract told of {len(found)} accounts, asked for {len(users)}")
        return found

    async def service(self) -> Service | None:
        """This provider's service, None before it is registered."""
        call = inference.service(self.provider)
        try:
            return call.decode(await self._eth.call(self.contract, call.data))
        except PeerFault as error:
            if "revert" in str(error):
                return None
            raise

    async def changes(self, first: int, last: int) -> Changes:
        """What the blocks ``first`` to ``last`` have changed for this provider."""
        users: set[Address] = set()
        service = False
        mine = b"\0" * 12 + self.provider
        for entry in await self._eth.logs_of(self.contract, _WATCHED, first, last):
            topic, topics = entry.topics[0], entry.topics
            if topic in (inference.SERVICE_TOPIC, inference.SIGNER_TOPIC):
                service |= topics[1] == mine
            elif topic == inference.BATCH_TOPIC:
                users.update(one.user for one in inference.decode_batch(topics, entry.data))
            elif len(topics) > 2 and topics[2] == mine:
                users.add(Address(topics[1][12:]))
        return Changes(frozenset(users), service)

    async def preview(self, items: Sequence[Settlement]) -> Preview:
        call = inference.preview(items)
        return call.decode(await self._eth.call_from(self.provider, self.contract, call.data))

    async def gas_price(self) -> int:
        return await self._eth.gas_price()

    async def sign(self, data: bytes, *, value: int = 0, gas_spare: int, price_max: int) -> Signed:
        """A transaction to the contract with the account's next nonce; ``PeerFault`` when it would fail.

        Args:
            gas_spare: added to the estimate.
            price_max: most neuron for a unit of gas, whatever the chain suggests.
        """
        gas = await self._eth.estimate_gas(self.provider, self.contract, data, value) + gas_spare
        price = min(await self._eth.gas_price(), price_max)
        nonce = await self._eth.nonce(self.provider, pending=False)
        return self._signed(
            Transaction(0, self.chain_id, nonce, gas, to=self.contract, value=value, data=data, gas_price=price)
        )

    def _signed(self, transaction: Transaction) -> Signed:
        raw = self._key.sign(transaction)
        return Signed(raw, keccak256(raw), transaction.nonce, transaction.gas_limit, transaction.gas_price)

    def resign(self, data: bytes, *, nonce: int, gas: int, price: int) -> Signed:
        """A transaction once more at another price: the same nonce, so only one of them can be in a block."""
        return self._signed(Transaction(0, self.chain_id, nonce, gas, to=self.contract, data=data, gas_price=price))

    async def send(self, raw: bytes) -> bool:
        """Hand over a transaction; one that the chain knows already is no error. False when it must pay more to be taken."""
        try:
            await self._eth.send_raw(raw)
        except PeerFault as error:
            told = str(error)
            if "underpriced" in told:
                return False
            if not any(text in told for text in ("already known", "already imported", "known transaction", "nonce too low")):
                raise
        return True

    async def receipt(self, hash: bytes) -> EthReceipt | None:
        return await self._eth.receipt(hash)

    async def used_nonces(self, below: int = 0) -> int:
        """How many of the provider's transactions are in blocks with at least ``below`` others on top of them."""
        if not below:
            return await self._eth.nonce(self.provider, pending=False)
        return await self._eth.nonce_at(self.provider, max(0, await self.head() - below))

    def results(self, receipt: EthReceipt) -> list[inference.SettlementResult]:
        """What a settlement's receipt says of its items, in their order."""
        if not receipt.succeeded:
            raise InternalError("a transaction that failed has no results")
        return [
            inference.decode_result(topics, data)
            for address, topics, data in receipt.logs
            if address == self.contract and topics and topics[0] == inference.RESULT_TOPIC
        ]

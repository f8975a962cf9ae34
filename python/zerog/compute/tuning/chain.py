"""The fine-tuning contract as its provider uses it: reads, and transactions of which each is waited for."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final, TypeVar

from zerog.contracts import fine_tuning
from zerog.contracts.calls import Call
from zerog.contracts.fine_tuning import Account, Deliverable, Quota, Service, Settlement
from zerog.errors import PeerFault, TimedOut
from zerog.primitives.hashing import keccak256
from zerog.runtime.eth import EthReceipt, SendingEth
from zerog.runtime.key import Key
from zerog.types import Address
from zerog.wire.transaction import Transaction

GAS_SPARE: Final = 50_000
POLL_S: Final = 0.25
_T = TypeVar("_T")


class TuningChain:
    """Calls of one provider to the fine-tuning contract.

    Args:
        key: the provider's; pays for gas and receives fees. No other process may send with it.
        confirm_s: how long a transaction may take to be in a block.

    Raises (from every call):
        Unavailable, TimedOut: the chain does not answer, or does not take a transaction in. PeerFault: it refuses, with its
        words.
    """

    def __init__(self, eth: SendingEth, key: Key, contract: Address, chain_id: int, *, confirm_s: float = 60) -> None:
        self._eth, self._key, self._confirm_s = eth, key, confirm_s
        self._turn = asyncio.Lock()
        self.contract, self.chain_id, self.provider = contract, chain_id, key.address

    async def account(self, user: Address) -> Account | None:
        return await self._maybe(fine_tuning.account(user, self.provider))

    async def service(self) -> Service | None:
        return await self._maybe(fine_tuning.service(self.provider))

    async def deliverable(self, user: Address, id: str) -> Deliverable | None:
        return await self._maybe(fine_tuning.deliverable(user, self.provider, id))

    async def lock_time_s(self) -> int:
        return await self._ask(fine_tuning.lock_time())

    async def register(
        self, url: str, quota: Quota, price_per_token: int, occupied: bool, models: list[str], signer: Address, stake: int
    ) -> bytes | None:
        """Make the service what it should be; None when it is so already. The first registration carries the stake."""
        found = await self.service()
        wanted = (url, quota, price_per_token, occupied, tuple(models), signer)
        if found is not None and wanted == (
            found.url, found.quota, found.price_per_token, found.occupied, found.models, found.signer
        ):  # fmt: skip
            return None
        call = fine_tuning.add_or_update_service(url, quota, price_per_token, occupied, models, signer)
        return await self._send(call, stake if found is None else 0)

    async def deliver(self, user: Address, id: str, root: bytes) -> bytes:
        """Tell the contract what was made."""
        return await self._send(fine_tuning.add_deliverable(user, id, root))

    async def settle(self, item: Settlement) -> bytes:
        """Hand over the key, or none, and be paid."""
        return await self._send(fine_tuning.settle(item))

    async def _ask(self, call: Call[_T]) -> _T:
        return call.decode(await self._eth.call_from(self.provider, self.contract, call.data))

    async def _maybe(self, call: Call[_T]) -> _T | None:
        """None where the contract reverts: it has no such account, service or deliverable."""
        try:
            return await self._ask(call)
        except PeerFault as error:
            if "revert" in str(error).lower():
                return None
            raise

    async def _send(self, call: Call[Any], value: int = 0) -> bytes:
        """One transaction at a time, from its nonce to its receipt; its hash."""
        async with self._turn:
            gas = await self._eth.estimate_gas(self.provider, self.contract, call.data, value) + GAS_SPARE
            price, nonce = await self._eth.gas_price(), await self._eth.nonce(self.provider, pending=False)
            raw = self._key.sign(
                Transaction(0, self.chain_id, nonce, gas, to=self.contract, value=value, data=call.data, gas_price=price)
            )
            hash = bytes(keccak256(raw))
            try:
                await self._eth.send_raw(raw)
            except PeerFault as error:
                if "already known" not in str(error):
                    raise
            receipt = await self._receipt(hash)
        if not receipt.succeeded:
            raise PeerFault(f"transaction 0x{hash.hex()} was reverted")
        return hash

    async def _receipt(self, hash: bytes) -> EthReceipt:
        deadline = time.monotonic() + self._confirm_s
        while (found := await self._eth.receipt(hash)) is None:
            if time.monotonic() > deadline:
                raise TimedOut(f"transaction 0x{hash.hex()} is in no block after {self._confirm_s:g} s")
            await asyncio.sleep(POLL_S)
        return found

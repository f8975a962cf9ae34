"""The fine-tuning contract as its provider uses it: reads, and transactions of which each is waited for."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
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
BUMPS: Final = 4
"""How often the price of a transaction is raised while it may be waited for."""
RAISES_MAX: Final = 16
"""Most raises, to six and a half times the first price; a node that holds a dearer one is answered at once."""
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
        """One transaction at a time, from its nonce to its receipt; its hash.

        One that nobody takes is sent again at a higher price. All have one nonce, so at most one is ever in a block.
        """
        async with self._turn:
            gas = await self._eth.estimate_gas(self.provider, self.contract, call.data, value) + GAS_SPARE
            price, nonce = await self._eth.gas_price(), await self._eth.nonce(self.provider, pending=False)
            wanted = Transaction(0, self.chain_id, nonce, gas, to=self.contract, value=value, data=call.data, gas_price=price)
            deadline = time.monotonic() + self._confirm_s
            sent: list[bytes] = []
            for _ in range(1 + RAISES_MAX):
                raw = self._key.sign(wanted)
                if await self._taken(raw, again=bool(sent)):
                    sent.append(bytes(keccak256(raw)))
                    found = await self._found(sent, min(deadline, time.monotonic() + self._confirm_s / BUMPS))
                    if found is not None or time.monotonic() >= deadline:
                        break
                wanted = replace(wanted, gas_price=wanted.gas_price + wanted.gas_price // 8 + 1)
            else:
                found = await self._found(sent, deadline)
        if found is None:
            last = f"0x{sent[-1].hex()}" if sent else "that the node never took"
            raise TimedOut(f"transaction {last} is in no block after {self._confirm_s:g} s")
        hash, receipt = found
        if not receipt.succeeded:
            raise PeerFault(f"transaction 0x{hash.hex()} was reverted")
        return hash

    async def _taken(self, raw: bytes, *, again: bool) -> bool:
        """Whether the node has taken a transaction, or has had it; it does not when another one with the nonce pays more."""
        try:
            await self._eth.send_raw(raw)
        except PeerFault as error:
            told = str(error)
            if "underpriced" in told:
                return False
            known = (
                "already known",
                "already imported",
                *(("nonce too low",) if again else ()),
            )  # an earlier one is in a block
            if not any(text in told for text in known):
                raise
        return True

    async def _found(self, hashes: list[bytes], deadline_s: float) -> tuple[bytes, EthReceipt] | None:
        """The one of some transactions that is in a block, as soon as one is."""
        while True:
            for hash in reversed(hashes):
                if (found := await self._eth.receipt(hash)) is not None:
                    return hash, found
            if time.monotonic() >= deadline_s:
                return None
            await asyncio.sleep(POLL_S)

"""Who pays for files: transactions of one account that put them into the log through the flow contract."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from zerog.chain.client import CallError
from zerog.contracts import flow as flow_calls
from zerog.contracts import market as market_calls
from zerog.contracts.artifact import load
from zerog.contracts.calls import Call
from zerog.contracts.flow import SubmissionData
from zerog.errors import Conflict, InvalidInput, NotFound
from zerog.sdk.chain import Chain, Receipt, Refused, Reverted
from zerog.sdk.wallet import Account
from zerog.types import Address, parse_hex

_TRIES: Final = 3
_DEPTH_MAX: Final = 56
_SPARE_GAS: Final = 90_000
_SPARE_GAS_PER_LEVEL: Final = 2_600


def submission_spare_gas(count: int, depth: int) -> int:
    """By how much a submission of ``count`` files may cost more than it was estimated at, after any others came before it.

    A file costs least where it only sets one known peak of the flow's tree and most where it is padded twice and every level is
    read, hashed and written for the first time. Measured over adversarial lengths up to 2^40 sectors the difference is at most
    91,000 gas and 2,200 for each level; a test holds the contract to what is given here.
    """
    return count * (_SPARE_GAS + _SPARE_GAS_PER_LEVEL * (depth + 2))


def _ran_out(receipt: Receipt, limit: int) -> bool:
    """Whether a failed transaction used what it had; a call keeps a 64th back from what it calls."""
    return receipt.gas_used * 32 >= limit * 31


class ChainPayer:
    """Pays for files through the flow contract, from one account."""

    def __init__(self, chain: Chain, account: Account) -> None:
        self._chain, self._account = chain, account

    async def chain_id(self) -> int:
        return await self._chain.chain_id()

    async def price(self, flow: Address) -> int:
        """Wei for a sector of 256 bytes.

        Raises:
            NotFound: no flow contract at the address.
        """
        market: Address = await self._ask(flow, flow_calls.market())
        price: int = await self._ask(market, market_calls.price_per_sector())
        return price

    async def submit(
        self, flow: Address, files: Sequence[SubmissionData], sent: Callable[[bytes], None]
    ) -> tuple[bytes, list[int]]:
        """One transaction for all files; waits until it is in a block.

        What a submission costs depends on those before it: the limit covers any that come between the estimate and the block
        (``submission_spare_gas``). One that runs out all the same (an epoch ended under it) is estimated and sent again.

        Raises:
            InsufficientFunds: the account cannot pay. Reverted, Refused: the contract or the node did not take it.
        """
        price = await self.price(flow)
        own = self._account.address
        data = (
            flow_calls.submit(files[0], own).data
            if len(files) == 1
            else flow_calls.batch_submit([(file, own) for file in files]).data
        )
        spare = submission_spare_gas(len(files), await self._depth(flow))
        for attempt in range(_TRIES):
            signed = await self._chain.prepare(
                self._account, to=flow, value=sum(file.fee(price) for file in files), data=data,
                interface=load("Flow").interface, spare_gas=spare,
            )  # fmt: skip
            # On disk before it is sent: a crash between the two costs a look at the chain, not a second payment.
            sent(signed.hash)
            try:
                receipt = await self._chain.wait(await self._chain.send(signed))
                break
            except Reverted as error:
                failed = error.facts.get("receipt")
                if (
                    attempt + 1 == _TRIES
                    or not isinstance(failed, Receipt)
                    or not _ran_out(failed, signed.transaction.gas_limit)
                ):
                    raise
        found = _submitted(receipt, flow)
        if [root for root, _ in found] != [file.file_root for file in files]:
            raise Refused(f"transaction 0x{receipt.hash.hex()} did not log the files; is 0x{flow.hex()} the flow contract?")
        return receipt.hash, [seq for _, seq in found]

    async def _depth(self, flow: Address) -> int:
        """Levels of the flow's tree; a contract that does not tell has as many as any."""
        try:
            length, _ = await self._ask(flow, flow_calls.tree())
        except (CallError, InvalidInput, NotFound):
            return _DEPTH_MAX
        return min(_DEPTH_MAX, int(length).bit_length())

    async def outcome(self, flow: Address, hash: bytes) -> dict[bytes, int] | None:
        """The files of a transaction sent earlier; waits for one that is still on its way."""
        receipt = await self._chain.client.call_rpc("eth_getTransactionReceipt", "0x" + hash.hex())
        if receipt is None and await self._chain.client.call_rpc("eth_getTransactionByHash", "0x" + hash.hex()) is None:
            return None
        try:
            return dict(_submitted(await self._chain.wait(hash), flow))
        except Conflict:  # it failed: nothing was paid but gas
            return None

    async def _ask(self, to: Address, call: Call[Any]) -> Any:
        request = {"to": "0x" + to.hex(), "data": "0x" + call.data.hex()}
        answer = parse_hex(await self._chain.client.call_rpc("eth_call", request, "latest"))
        if not answer:
            raise NotFound(f"no contract at 0x{to.hex()}; is this the chain of the storage nodes?")
        return call.decode(answer)


def _submitted(receipt: Receipt, flow: Address) -> list[tuple[bytes, int]]:
    """(root, number) of every file that a transaction added."""
    found = []
    for log in receipt.logs:
        topics = [parse_hex(topic) for topic in log["topics"]]
        if parse_hex(log["address"]) == flow and topics and topics[0] == flow_calls.SUBMIT_TOPIC:
            event = flow_calls.decode_submit(topics, parse_hex(log["data"]))
            found.append((event.data.file_root, event.index))
    return found

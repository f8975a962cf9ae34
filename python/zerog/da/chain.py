"""What the roles of data availability ask of a chain, over the JSON-RPC of any node.

Only final blocks count: those that the node calls finalized, or those with enough blocks on top of them. What quorums a past
epoch has never changes and is kept; where signers are dialled may change and is asked again after a while.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, TypeVar

from zerog.contracts import da_entrance, da_signers
from zerog.contracts.calls import Call
from zerog.contracts.registry import DA_ENTRANCE, DA_SIGNERS
from zerog.da.api import BlobRecord, Quorum
from zerog.errors import ConfigError, InvalidInput, NotFound, PeerFault, TimedOut
from zerog.primitives.hashing import keccak256
from zerog.runtime.config import DaChainConfig
from zerog.runtime.eth import EthReceipt, HttpEth, PageTooLarge
from zerog.runtime.key import Key
from zerog.types import Address, parse_address
from zerog.wire.transaction import Transaction

T = TypeVar("T")

SIGNERS_MAX: Final = 3072
SIGNERS_A_CALL: Final = 64
QUORUMS_KEPT: Final = 64
SOCKETS_KEPT_S: Final = 60.0
RECEIPT_S: Final = 30.0
PRICE_STEPS: Final = 6
POLL_S: Final = 0.1


def entrance_of(config: DaChainConfig) -> Address:
    """The entrance contract that the settings name.

    Raises:
        ConfigError: no address.
    """
    try:
        return parse_address(config.entrance) if config.entrance else DA_ENTRANCE
    except InvalidInput as error:
        message = f"da.chain.entrance: {error}"
        raise ConfigError(message, key="da.chain.entrance", value=config.entrance, origin="") from None


class ReadingChain:
    """Contracts and logs, as of the last final block.

    Args:
        final_after_blocks: 0 takes the node's word for what is final.
    """

    def __init__(self, eth: HttpEth, *, final_after_blocks: int = 0) -> None:
        self._eth, self._after = eth, final_after_blocks

    async def finalized_block(self) -> int:
        if self._after:
            return max(0, await self._eth.block_number() - self._after)
        return (await self._eth.finalized()).number

    async def logs(self, address: bytes, first: int, last: int) -> Sequence[tuple[Sequence[bytes], bytes]]:
        """In pieces where the node does not answer so many blocks at once."""
        try:
            return [(entry.topics, entry.data) for entry in await self._eth.logs_of(address, (), first, last)]
        except PageTooLarge as error:
            if first >= last:
                raise PeerFault(f"the chain's node does not answer the logs of block {first}: {error}") from None
        middle = (first + last) // 2
        return [*await self.logs(address, first, middle), *await self.logs(address, middle + 1, last)]

    async def ask(self, to: bytes, call: Call[T]) -> T:
        return await self._ask(to, call, await self.finalized_block() if self._after else "finalized")

    async def ask_latest(self, to: bytes, call: Call[T]) -> T:
        """At the head, for what is only true of the head: the current sampling round."""
        return await self._ask(to, call, "latest")

    async def _ask(self, to: bytes, call: Call[T], at: int | str) -> T:
        answer = await self._eth.call(to, call.data, at)
        try:
            return call.decode(answer)
        except InvalidInput as error:
            raise PeerFault(f"the chain's answer has another form: {error}") from None


class SendingChain(ReadingChain):
    """The same with an account that sends transactions, one after the other; the body of ``duties.SignerChain``."""

    def __init__(self, eth: HttpEth, key: Key, chain_id: int, *, final_after_blocks: int = 0) -> None:
        super().__init__(eth, final_after_blocks=final_after_blocks)
        self._key, self._chain_id = key, chain_id
        self._turn = asyncio.Lock()

    @property
    def account(self) -> Address:
        return self._key.address

    async def send(self, to: bytes, call: Call[Any]) -> None:
        await self.transact(to, call.data)

    async def transact(self, to: bytes, data: bytes, value: int = 0) -> EthReceipt:
        """A transaction with its receipt. Its price rises while it is in no block.

        Raises:
            PeerFault: it would fail, it failed, or the node does not take it. TimedOut: it is in no block.
        """
        async with self._turn:
            sender = bytes(self.account)
            gas = await self._eth.estimate_gas(sender, to, data, value)
            nonce, (price, tip) = await self._eth.nonce(sender), await self._eth.fee_caps()
            hashes: list[bytes] = []
            for step in range(PRICE_STEPS):
                made = Transaction(
                    type=2, chain_id=self._chain_id, nonce=nonce, gas_limit=gas + gas // 4, to=to, value=value, data=data,
                    max_fee_per_gas=price, max_priority_fee_per_gas=tip,
                )  # fmt: skip
                raw = self._key.sign(made)
                hashes.append(keccak256(raw))
                try:
                    await self._eth.send_raw(raw)
                except PeerFault as error:
                    # Refused outright only while nothing of this nonce was ever taken.
                    if step == 0 and "already known" not in str(error):
                        raise
                receipt = await self._receipt(hashes)
                if receipt is not None:
                    if not receipt.succeeded:
                        raise PeerFault(f"the transaction failed in block {receipt.block_number}")
                    return receipt
                price, tip = price + price // 4 + 1, tip + tip // 4 + 1
            raise TimedOut(f"transaction 0x{hashes[-1].hex()} is in no block after {PRICE_STEPS * RECEIPT_S:.0f} s")

    async def _receipt(self, hashes: Sequence[bytes]) -> EthReceipt | None:
        ends = time.monotonic() + RECEIPT_S
        while time.monotonic() < ends:
            for hash in hashes:
                if (found := await self._eth.receipt(hash)) is not None:
                    return found
            await asyncio.sleep(POLL_S)
        return None


async def signers_version(chain: ReadingChain, said: Literal[0, 2, 3]) -> da_signers.SignersVersion:
    """Which rules the chain's DASigners has.

    Args:
        said: what the settings say; 0 asks the chain. The parameters of version 3 are the same wherever it is, those of
            version 2 are each chain's own.

    Raises:
        Unavailable, TimedOut, PeerFault: as asking does; PeerFault too where there is no DASigners.
    """
    if said:
        return said
    found = await chain.ask(DA_SIGNERS, da_signers.parameters())
    return 3 if found == da_signers.PARAMETERS_OF_3 else 2


class ChainDirectory:
    """The chain's register of quorums; the body of ``api.Directory``.

    Args:
        now_s: a clock for how long sockets are believed.
    """

    def __init__(self, chain: ReadingChain, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._chain, self._now_s = chain, now_s
        self._rows: OrderedDict[tuple[int, int], tuple[Address, ...]] = OrderedDict()
        self._details: dict[Address, tuple[float, da_signers.SignerDetail]] = {}

    async def quorum(self, epoch: int, quorum_id: int) -> Quorum:
        rows = await self.rows(epoch, quorum_id)
        return Quorum(rows, {signer: detail.socket for signer, detail in (await self.details(rows)).items()})

    async def rows(self, epoch: int, quorum_id: int) -> tuple[Address, ...]:
        """The signer of every row; errors as ``quorum``."""
        known = self._rows.get((epoch, quorum_id))
        if known is None:
            if epoch == 0 or epoch > await self._chain.ask(DA_SIGNERS, da_signers.epoch_number()):
                raise NotFound(f"epoch {epoch} has not begun")
            if quorum_id >= await self._chain.ask(DA_SIGNERS, da_signers.quorum_count(epoch)):
                raise NotFound(f"epoch {epoch} has no quorum {quorum_id}")
            found = await self._chain.ask(DA_SIGNERS, da_signers.get_quorum(epoch, quorum_id))
            known = tuple(found)
            self._rows[epoch, quorum_id] = known
            if len(self._rows) > QUORUMS_KEPT:
                self._rows.popitem(last=False)
        self._rows.move_to_end((epoch, quorum_id))
        return known

    async def details(self, rows: Sequence[Address]) -> dict[Address, da_signers.SignerDetail]:
        """Keys and sockets of everybody in a quorum."""
        now, signers = self._now_s(), sorted(set(rows))
        stale = [one for one in signers if one not in self._details or self._details[one][0] + SOCKETS_KEPT_S < now]
        if stale:
            found: list[da_signers.SignerDetail] = []
            for at in range(0, len(stale), SIGNERS_A_CALL):
                portion = await self._chain.ask(DA_SIGNERS, da_signers.get_signers(stale[at : at + SIGNERS_A_CALL]))
                found += portion
            if [detail.signer for detail in found] != stale:
                raise PeerFault("the chain's node tells of other signers than those that it was asked for")
            if len(self._details) + len(stale) > SIGNERS_MAX:
                self._details.clear()
            self._details |= {detail.signer: (now, detail) for detail in found}
            missing = [one for one in signers if one not in self._details]
            if missing:
                return await self.details(rows)
        return {one: self._details[one][1] for one in signers}


async def find_blob(
    chain: ReadingChain, entrance: bytes, data_root: bytes, *, start_block: int, page_blocks: int
) -> BlobRecord:
    """The newest verified blob with a root, found in the contract's log from its end backwards.

    Raises:
        NotFound: no final block records a commitment for it.
    """
    last = await chain.finalized_block()
    while last >= start_block:
        first = max(start_block, last - page_blocks + 1)
        for topics, data in reversed(await chain.logs(entrance, first, last)):
            if topics and topics[0] == da_entrance.COMMITMENT_VERIFIED_TOPIC:
                found = da_entrance.decode_commitment_verified(topics, data)
                if found.data_root == data_root:
                    return BlobRecord(found.epoch, found.quorum_id, found.data_root)
        last = first - 1
    raise NotFound(f"blob 0x{data_root.hex()}: no final block records a commitment for it")

"""The chain as a disperser needs it: finality, the entrance's state, and who holds which row of a quorum."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from zerog.contracts import da_entrance, da_signers
from zerog.contracts.calls import Call
from zerog.contracts.da_signers import SignerDetail
from zerog.contracts.registry import DA_ENTRANCE, DA_SIGNERS
from zerog.da.api import BlobRecord
from zerog.errors import InvalidInput, PeerFault
from zerog.runtime.eth import BlockHead, HttpEth
from zerog.types import Address

T = TypeVar("T")

QUORUMS_KEPT: Final = 32
SIGNERS_A_CALL: Final = 64


@dataclass(frozen=True)
class SigningQuorum:
    """The signer of every row of a quorum, and what the chain knows of each signer."""

    rows: tuple[Address, ...]
    signers: Mapping[Address, SignerDetail]

    def rows_of(self, count: int) -> dict[Address, list[int]]:
        """Rows below ``count`` by signer, ascending."""
        found: dict[Address, list[int]] = {}
        for row, signer in enumerate(self.rows[:count]):
            found.setdefault(signer, []).append(row)
        return found

    def slots_of(self) -> dict[Address, int]:
        """How many rows of the whole quorum each signer holds: its weight."""
        found: dict[Address, int] = {}
        for signer in self.rows:
            found[signer] = found.get(signer, 0) + 1
        return found


class DisperserChain:
    """Questions to one node.

    Args:
        final_after_blocks: 0 believes the node's word of what is final; otherwise so many blocks on top make a block final.

    Raises (from every call): Unavailable, TimedOut: no answer. PeerFault: an answer that is none.
    """

    def __init__(self, eth: HttpEth, *, entrance: Address = DA_ENTRANCE, final_after_blocks: int = 0) -> None:
        self.eth, self.entrance, self._final_after_blocks = eth, entrance, final_after_blocks
        self._quorums: OrderedDict[tuple[int, int], tuple[Address, ...]] = OrderedDict()

    async def final(self) -> BlockHead:
        """The last block that is never taken back."""
        if not self._final_after_blocks:
            return await self.eth.finalized()
        number = max(await self.eth.block_number() - self._final_after_blocks, 0)
        head = await self.eth.block(number)
        if head is None:
            raise PeerFault(f"the chain's node has no block {number} below its head")
        return head

    async def ask(self, to: bytes, call: Call[T], at: int | str = "latest") -> T:
        data = await self.eth.call(to, call.data, at)
        try:
            return call.decode(data)
        except InvalidInput as error:
            raise PeerFault(f"no contract answers at 0x{to.hex()}: {error}") from None

    async def blob_price(self) -> int:
        """What announcing one blob costs, in wei."""
        price: int = await self.ask(self.entrance, da_entrance.getter("blobPrice"))
        return price

    async def is_recorded(self, record: BlobRecord, at: int | str = "latest") -> bool:
        """Whether the entrance has a verified commitment of a blob."""
        call = da_entrance.commitment_exists(record.data_root, record.epoch, record.quorum_id)
        return await self.ask(self.entrance, call, at)

    async def quorum(self, epoch: int, quorum_id: int) -> SigningQuorum:
        """Rows never change and are remembered; sockets may change at any time and are asked for."""
        key = (epoch, quorum_id)
        rows = self._quorums.get(key)
        if rows is None:
            found = await self.ask(DA_SIGNERS, da_signers.get_quorum(epoch, quorum_id))
            rows = self._quorums[key] = tuple(found)
            if len(self._quorums) > QUORUMS_KEPT:
                self._quorums.popitem(last=False)
        everybody = list(dict.fromkeys(rows))
        signers: dict[Address, SignerDetail] = {}
        for at in range(0, len(everybody), SIGNERS_A_CALL):
            portion = everybody[at : at + SIGNERS_A_CALL]
            details = await self.ask(DA_SIGNERS, da_signers.get_signers(portion))
            if [one.signer for one in details] != portion:
                raise PeerFault("the chain's node names other signers than it was asked for")
            signers |= {one.signer: one for one in details}
        return SigningQuorum(rows, signers)

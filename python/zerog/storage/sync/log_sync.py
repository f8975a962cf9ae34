"""The log of submissions, followed from the chain page by page, through reorganisations, without gaps.

One step: make sure that the block where reading stopped is still of the chain (else go back to the youngest recorded block
that is, forgetting what came after it), then read the next page of logs. A page counts only when the blocks at both its ends
are the same before and after it was read. Submissions are numbered without gaps; one that does not fit is a reorganisation
that the blocks did not show, and sends reading back to the last submission that fits.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from zerog.contracts import flow as flow_contract
from zerog.errors import Conflict, Corrupt, Exhausted, InvalidInput, PeerFault, TimedOut, Unavailable
from zerog.runtime import log
from zerog.runtime.eth import Eth, PageTooLarge
from zerog.runtime.offload import Offload
from zerog.storage.api import Tx
from zerog.storage.log import SUBMIT_TOPIC, read_submission
from zerog.storage.store import Position, Store

_log = log.get(__name__)

PROGRESS_S: Final = 5.0


@dataclass(frozen=True)
class Reading:
    """How to read a chain's log; see ``[storage.chain]`` of default.toml."""

    flow: bytes
    start_block: int = 0
    confirmations: int = 3
    page_blocks: int = 999
    poll_s: float = 0.5
    backoff_s: float = 0.5
    check_every: int = 500
    blocks_kept: int = 1024


class LogSync:
    """Keeps a store at the head of the chain's log.

    Args:
        store, writer: where submissions go, and the lane of its writes.
        on_new: told of new files after they are durable, in order.
        on_reverted: told of files that a reorganisation took away.
    """

    def __init__(
        self,
        eth: Eth,
        store: Store,
        reading: Reading,
        writer: Offload,
        on_new: Callable[[Sequence[Tx]], Awaitable[None]],
        on_reverted: Callable[[Sequence[Tx]], None] = lambda txs: None,
        *,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._eth, self._store, self._reading, self._writer = eth, store, reading, writer
        self._on_new, self._on_reverted, self._now_s = on_new, on_reverted, now_s
        self._page = reading.page_blocks
        self._gap_at: int | None = None
        self.fault: str | None = None
        self.head = 0
        self._told_s = 0.0
        self._told_block = -1

    async def run(self) -> None:
        """Follow the chain until cancelled.

        What the chain's node does wrong is tried again later. A flow root that the contract does not have stops reading for
        good (``fault`` says so): everything after it would be wrong.
        """
        pause_s = self._reading.backoff_s
        while True:
            try:
                moved = await self.step()
                pause_s = self._reading.backoff_s
                await asyncio.sleep(0 if moved else self._reading.poll_s)
            except Corrupt as error:
                self.fault = str(error)
                _log.error("log.stopped", reason=str(error))
                await asyncio.get_running_loop().create_future()
            except (Unavailable, TimedOut, PeerFault, Conflict, InvalidInput, Exhausted) as error:
                _log.warning("log.failed", error=type(error).__name__, reason=str(error), pause_s=pause_s)
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, 30)

    async def step(self) -> bool:
        """Look for a reorganisation, then read at most one page; whether there was one to read."""
        self.head = await self._eth.block_number()
        if not await self._is_rooted():
            return False
        progress = self._store.progress
        first = self._reading.start_block if progress is None else progress.number + 1
        last = min(first + self._page - 1, self.head - self._reading.confirmations)
        if last < first:
            return False
        end = await self._eth.block(last)
        try:
            logs = await self._eth.logs(self._reading.flow, SUBMIT_TOPIC, first, last)
        except PageTooLarge:
            if self._page == 1:
                raise PeerFault("the chain's node refuses the logs of a single block") from None
            self._page = max(1, self._page // 2)
            return True
        if end is None or await self._eth.block(last) != end or not await self._is_current(progress):
            return False
        await self._take([read_submission(entry) for entry in logs], Position(last, end.hash))
        self._tell(first, last)
        return True

    def _tell(self, first: int, last: int) -> None:
        """While the log is more than a page behind: how far it is, every few seconds, and when it has caught up."""
        goal, now_s = self.head - self._reading.confirmations, self._now_s()
        behind = goal - last
        if self._told_block < 0:
            if behind >= self._page:
                self._told_s, self._told_block = now_s, first
                _log.info("log.catching_up", block=last, head=self.head, files=self._store.next_seq)
            return
        if behind <= 0:
            _log.info("log.caught_up", block=last, files=self._store.next_seq)
            self._told_block = -1
        elif now_s - self._told_s >= PROGRESS_S:
            rate = (last - self._told_block) / (now_s - self._told_s)
            _log.info(
                "log.progress", block=last, head=self.head, percent=round(100 * last / max(1, goal), 1),
                files=self._store.next_seq, blocks_per_s=round(rate), left_s=round(behind / max(rate, 1e-9)),
            )  # fmt: skip
            self._told_s, self._told_block = now_s, last

    async def _is_current(self, position: Position | None) -> bool:
        if position is None:
            return True
        block = await self._eth.block(position.number)
        return block is not None and block.hash == position.hash

    async def _is_rooted(self) -> bool:
        """Whether reading may go on from where it stopped; goes back to the fork when there is one."""
        progress = self._store.progress
        if progress is None or await self._is_current(progress):
            return True
        if await self._eth.block(progress.number) is None:
            return False  # a node that is behind, or a chain that is about to be replaced: wait until it has the height
        for position in list(self._store.blocks()):
            if position.number < progress.number and await self._is_current(position):
                await self._revert(position)
                return True
        if progress.number - self._reading.start_block >= self._reading.page_blocks * 2 and self._store.next_seq:
            raise Conflict("none of the blocks read so far is of this chain; is it another one?")
        await self._revert(None)
        return True

    async def _revert(self, position: Position | None, keep: int | None = None) -> None:
        dropped = await self._writer.run(lambda: self._store.revert(position, keep=keep))
        _log.warning("log.reverted", to=-1 if position is None else position.number, files=len(dropped))
        self._on_reverted(dropped)

    async def _take(self, txs: list[Tx], position: Position) -> None:
        fresh: list[Tx] = []
        for tx in txs:
            expected = self._store.next_seq + len(fresh)
            if tx.seq == expected:
                fresh.append(tx)
            elif tx.seq > expected:
                await self._go_back(expected)
                return
            else:
                known = fresh[tx.seq - self._store.next_seq] if tx.seq >= self._store.next_seq else self._store.find_tx(tx.seq)
                if known is not None and known.id == tx.id:
                    continue
                await self._go_back(tx.seq)
                return
        await self._writer.run(lambda: self._store.put_page(fresh, position, blocks_kept=self._reading.blocks_kept))
        self._gap_at = None
        await self._check_roots(fresh)
        if fresh:
            _log.debug("log.page", block=position.number, files=len(fresh), next_seq=self._store.next_seq)
            await self._on_new(fresh)

    async def _go_back(self, seq: int) -> None:
        """The log does not continue at ``seq``: drop what is from there on, and read again from before it."""
        if self._gap_at == seq:
            raise PeerFault(f"the chain's node does not tell submission {seq}")
        self._gap_at = seq
        last = self._store.find_tx(seq - 1)
        floor = self._reading.start_block if last is None else last.block_number
        to = next((position for position in self._store.blocks() if position.number < floor), None)
        await self._revert(to)

    async def _check_roots(self, txs: Sequence[Tx]) -> None:
        every = self._reading.check_every
        for tx in txs:
            if every and tx.seq % every == every - 1:
                wanted = flow_contract.root_by_tx_seq(tx.seq)
                found = wanted.decode(await self._eth.call(self._reading.flow, wanted.data))
                own = self._store.tree.root_after(tx.seq)
                if found != bytes(32) and found != own:
                    raise Corrupt(f"flow root after {tx.seq}: the contract has 0x{found.hex()}, the node 0x{own.hex()}")

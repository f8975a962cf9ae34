"""The application behind consensus: prepare, process, finalize, commit; one writer, one block in flight.

The embedded proposer uses the short way ``produce``; an ABCI server drives the four steps one by one. A block becomes
visible only in ``commit``, after it is on disk. A step that has begun ends, even when whoever asked for it is gone: an engine
that holds a block of which the application knows nothing could make no other.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

from zerog import _native as native
from zerog.chain.api import BlockListener, Finalized, NewBlock, new_block
from zerog.chain.blocks import BlockStore, Head
from zerog.chain.executor import Executor, Opened
from zerog.chain.inputs import NO_INPUTS, ConsensusInputs
from zerog.chain.pool import Pool
from zerog.errors import Conflict, InvalidInput
from zerog.runtime import log
from zerog.runtime.offload import Offload
from zerog.runtime.tasks import to_the_end

_log = log.get(__name__)

_T = TypeVar("_T")


@dataclass(frozen=True)
class Proposing:
    """What a proposer puts into its headers."""

    coinbase: bytes = bytes(20)
    extra_data: bytes = b"zerog"
    transactions_max: int = 0


class Application:
    """One chain: executor, pool and those who want to hear of new blocks.

    Args:
        randomness: source of prevRandao, 32 bytes a call.
    """

    def __init__(
        self, executor: Executor, pool: Pool, proposing: Proposing | None = None, randomness: Callable[[], bytes] | None = None
    ) -> None:
        self.executor = executor
        self.pool = pool
        self._proposing = proposing or Proposing()
        self._randomness = randomness or (lambda: secrets.token_bytes(32))
        self._writer = Offload(1, waiting_max=64, name="writer")
        self._turn = asyncio.Lock()
        self._staged: Any = None
        self._listeners: list[BlockListener] = []
        self.latest: NewBlock

    @property
    def engine(self) -> Any:
        return self.executor.engine

    @property
    def blocks(self) -> BlockStore:
        return self.executor.blocks

    @property
    def head(self) -> Head:
        return Head(self.latest.number, self.latest.hash)

    async def open(self) -> Opened:
        """Bring the chain to its last durable block and the journal back into the pool."""
        opened = await self._writer.run(self.executor.open)
        self.latest = await self._writer.run(self._stored_block, opened.number)
        self.pool.height = opened.number
        waiting = await self.pool.restore()
        _log.info(
            "chain.open", height=opened.number, hash=self.latest.hash, fresh=opened.fresh, replayed=opened.replayed,
            pool=waiting, took_s=opened.took_s,
        )  # fmt: skip
        return opened

    def close(self) -> None:
        with self._writer:
            pass

    def _stored_block(self, number: int) -> NewBlock:
        record = self.blocks.record(number)
        facts = native.record_header(record)
        return NewBlock(
            number=number, hash=facts["hash"], parent_hash=facts["parent_hash"], timestamp=facts["timestamp"],
            gas_used=facts["gas_used"], gas_limit=facts["gas_limit"], base_fee=facts["base_fee"], bloom=facts["bloom"],
            record=record, tx_hashes=facts["tx_hashes"], tx_count=facts["tx_count"],
        )  # fmt: skip

    def on_block(self, listener: BlockListener) -> Callable[[], None]:
        """Tell ``listener`` of every block, in order, on the event loop; returns how to stop."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    # --- the four steps -----------------------------------------------------------------------------------------------

    async def prepare_proposal(self, timestamp: int, inputs: ConsensusInputs = NO_INPUTS) -> bytes:
        """A block on top of the head from what the pool holds, as RLP. It stays staged: deciding it costs no execution.

        Args:
            inputs: what consensus gives this block: rewards, slashings of validators that misbehaved, bridge messages. They
                go into the block's bytes, so that the other validators need nothing else.

        Raises:
            InvalidInput: the chain's forks do not have these inputs, or they are malformed.
        """

        async def step() -> bytes:
            block: bytes = (await self._build(timestamp, inputs)).block_rlp
            return block

        return await self._take_turn(step())

    async def process_proposal(self, block_rlp: bytes) -> bool:
        """Whether somebody's block is valid on top of the head; a valid one stays staged."""

        async def step() -> bool:
            try:
                await self._stage(block_rlp)
            except InvalidInput as error:
                _log.warning("proposal.refused", reason=str(error))
                return False
            return True

        return await self._take_turn(step())

    async def finalize_block(self, block_rlp: bytes) -> Finalized:
        """The block was decided.

        Raises:
            InvalidInput: it does not fit our head: consensus decided what we cannot follow, the node must stop.
        """

        async def step() -> Finalized:
            sealed = await self._stage(block_rlp)
            return Finalized(sealed.number, sealed.hash, sealed.hash, [])

        return await self._take_turn(step())

    async def commit(self) -> NewBlock:
        """Make the finalized block durable and visible.

        Raises:
            Conflict: nothing was finalized.
        """
        return await self._take_turn(self._commit())

    async def produce(self, timestamp: int, inputs: ConsensusInputs = NO_INPUTS) -> NewBlock:
        """Build, make durable, make visible: the whole way of a single proposer."""

        async def step() -> NewBlock:
            await self._build(timestamp, inputs)
            return await self._commit()

        return await self._take_turn(step())

    async def revert(self, number: int) -> None:
        """Development: go back to a block; what waits in the pool goes along."""

        async def step() -> None:
            await self._discard()
            raws = self.engine.pool_raw(1 << 20)
            await self._writer.run(self.executor.revert, number)
            self.latest = await self._writer.run(self._stored_block, number)
            self.pool.height = number
            if raws:
                await self._writer.run(self.engine.add_transactions, raws, True)

        await self._take_turn(step())

    # --- inside a turn ------------------------------------------------------------------------------------------------

    async def _take_turn(self, step: Coroutine[Any, Any, _T]) -> _T:
        try:
            await self._turn.acquire()
        except BaseException:
            step.close()
            raise
        try:
            return await to_the_end(step, "chain.step")
        finally:
            self._turn.release()

    async def _build(self, timestamp: int, inputs: ConsensusInputs) -> Any:
        await self._discard()
        proposing = self._proposing

        def build() -> Any:
            return self.engine.build(
                timestamp, proposing.coinbase, self._randomness(), extra_data=proposing.extra_data,
                max_transactions=proposing.transactions_max, **inputs.for_engine(),
            )  # fmt: skip

        self._staged = await self._writer.run(build)
        for hash, reason in self._staged.failed:
            _log.info("transaction.dropped", hash=hash, reason=reason)
        self._tell_failed_calls()
        return self._staged

    async def _stage(self, block_rlp: bytes) -> Any:
        if self._staged is not None and self._staged.block_rlp == block_rlp:
            return self._staged
        await self._discard()
        self._staged = await self._writer.run(self.engine.import_block, block_rlp)
        self._tell_failed_calls()
        return self._staged

    def _tell_failed_calls(self) -> None:
        for reason in self._staged.failed_calls:
            _log.error("system_call.failed", height=self._staged.number, reason=reason)

    async def _discard(self) -> None:
        if self._staged is not None:
            self._staged = None
            await self._writer.run(self.engine.discard)

    async def _commit(self) -> NewBlock:
        if self._staged is None:
            raise Conflict("no block was finalized")
        sealed, self._staged = self._staged, None
        await self._writer.run(self.executor.commit, sealed)
        block = new_block(sealed)
        self.latest = block
        self.pool.on_block(block)
        for listener in list(self._listeners):
            listener(block)
        _log.debug("block.commit", height=block.number, hash=block.hash, transactions=block.tx_count, gas=block.gas_used)
        return block

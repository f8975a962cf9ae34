"""Admission of transactions: many callers, one native call, one synced journal record, then the answers.

The pool itself (order, bounds, replacement, error texts) is native. Here: a transaction is acknowledged only when it is on
disk, whoever waits at the same moment shares one sync, and what was acknowledged is in the pool again after a restart.
"""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

from zerog.chain.api import NewBlock, PendingListener
from zerog.chain.blocks import number_key
from zerog.errors import Exhausted, Unavailable
from zerog.runtime import disk, log
from zerog.runtime.limits import BoundedQueue, deadline
from zerog.runtime.offload import Offload
from zerog.store.kv import Batch, Kv
from zerog.wire.jsonrpc import SERVER_ERROR, RpcError

_log = log.get(__name__)

_ROUND_COUNT_MAX: Final = 16_384
_SWEEP_BLOCKS: Final = 256
_SUBMIT_TIMEOUT_S: Final = 60.0


class Journal:
    """Acknowledged transactions on disk, one record a round, dropped when none of its transactions waits any more.

    Belongs to one thread.
    """

    def __init__(self, kv: Kv, *, sync: bool) -> None:
        self._kv = kv
        self._sync = sync
        self._next = 0
        self._record_of: dict[bytes, int] = {}
        self._left: dict[int, set[bytes]] = {}
        self._written_at: dict[int, int] = {}
        self._done: list[int] = []

    def __len__(self) -> int:
        return len(self._record_of)

    def load(self) -> Iterable[tuple[int, list[bytes]]]:
        """Every record, oldest first."""
        for key, value in self._kv.scan("journal"):
            sequence = int.from_bytes(key, "big")
            self._next = sequence + 1
            yield sequence, unpack_raws(value)

    def keep(self, sequence: int, hashes: Iterable[bytes], height: int) -> None:
        """Say which transactions of a record still wait; a record of none is dropped with the next write."""
        waiting = set(hashes)
        if not waiting:
            self._done.append(sequence)
            return
        self._left[sequence] = waiting
        self._written_at[sequence] = height
        for hash in waiting:
            self._record_of[hash] = sequence

    def append(self, raws: list[bytes], hashes: list[bytes], height: int) -> None:
        """Write a record; on disk when this returns."""
        sequence, self._next = self._next, self._next + 1
        batch = Batch()
        batch.put("journal", number_key(sequence), pack_raws(raws))
        self._drop_done(batch)
        self._kv.write(batch, sync=self._sync)
        self.keep(sequence, hashes, height)

    def forget(self, hashes: Iterable[bytes]) -> None:
        """These transactions are in a block, or out of the pool for good."""
        for hash in hashes:
            sequence = self._record_of.pop(hash, None)
            if sequence is None:
                continue
            waiting = self._left[sequence]
            waiting.discard(hash)
            if not waiting:
                del self._left[sequence], self._written_at[sequence]
                self._done.append(sequence)

    def older_than(self, height: int) -> list[bytes]:
        """Transactions of records written before a height."""
        return [hash for sequence, at in self._written_at.items() if at < height for hash in self._left[sequence]]

    def tidy(self) -> None:
        """Delete finished records. Unsynced: a record that comes back is found to be done again."""
        batch = Batch()
        self._drop_done(batch)
        self._kv.write(batch, sync=False)

    def _drop_done(self, batch: Batch) -> None:
        for sequence in self._done:
            batch.delete("journal", number_key(sequence))
        self._done.clear()


def pack_raws(raws: list[bytes]) -> bytes:
    """Transactions as one record: 4 bytes of size before each."""
    return b"".join(part for raw in raws for part in (len(raw).to_bytes(4, "big"), raw))


def unpack_raws(value: bytes) -> list[bytes]:
    raws, at = [], 0
    while at < len(value):
        (size,) = struct.unpack_from(">I", value, at)
        raws.append(value[at + 4 : at + 4 + size])
        at += 4 + size
    return raws


class _Turn(NamedTuple):
    """What one caller waits for: raws to admit, or, with ``hashes``, raws that are admitted and want to be on disk."""

    raws: list[bytes]
    answer: asyncio.Future[list[bytes | Exception]]
    hashes: list[bytes] | None = None


class Pool:
    """The way into the native pool.

    Args:
        engine: the engine of the moment (evm_revert replaces it).
        journal: None acknowledges without writing (tests, ``pool.journal = false``).
        home: whose file system must have ``free_bytes_min`` left for new transactions.
    """

    def __init__(
        self,
        engine: Callable[[], Any],
        journal: Journal | None,
        *,
        waiting_max: int = 65_536,
        home: Path | None = None,
        free_bytes_min: int = 0,
    ) -> None:
        self._engine = engine
        self._journal = journal
        self._waiting_max = waiting_max
        self._waiting = 0
        self._home, self._free_bytes_min = home, free_bytes_min
        self._queue: BoundedQueue[_Turn] = BoundedQueue(waiting_max, "transactions")
        self._lane = Offload(1, waiting_max=1024, name="pool")
        self._listeners: list[PendingListener] = []
        self._mined: deque[NewBlock] = deque()
        self.height = 0
        self.admitted_total = 0
        self.refused_total = 0

    def on_pending(self, listener: PendingListener) -> Callable[[], None]:
        """Tell ``listener`` of admitted transactions, on the event loop; returns how to stop."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener) if listener in self._listeners else None

    @property
    def watched(self) -> bool:
        return bool(self._listeners)

    async def restore(self) -> int:
        """Put journaled transactions back into the pool; returns how many wait again."""
        return await self._lane.run(self._restore)

    def _restore(self) -> int:
        if self._journal is None:
            return 0
        for sequence, raws in list(self._journal.load()):
            results = self._engine().add_transactions(raws, True)
            self._journal.keep(sequence, [result for result in results if isinstance(result, bytes)], self.height)
        self._journal.tidy()
        return len(self._journal)

    async def submit(self, raws: list[bytes]) -> list[bytes | Exception]:
        """Admit transactions; each answer is its hash, on disk by now, or why it was refused.

        Raises:
            Exhausted: too many wait already. Unavailable: the disk failed.
        """
        if self._waiting + len(raws) > self._waiting_max:
            raise Exhausted(f"mempool is full: {self._waiting} transactions wait for admission")
        return await self._wait(raws, None)

    async def answer_body(self, body: bytes, batch_max: int, readers: Offload) -> bytes | None:
        """Let the native engine answer a whole JSON-RPC batch; what it admits is on disk before the answer is handed out.

        Returns:
            The response, or None when the engine leaves the body to the long way; then nothing has happened.
        """
        if self._waiting >= self._waiting_max or not self._has_room():
            return None
        found = await readers.run(self._engine().rpc_batch, body, batch_max)
        if found is None:
            return None
        response: bytes
        response, raws, hashes, _, refused = found
        self.refused_total += refused
        if raws:
            await self._wait(raws, hashes)
        return response

    def _has_room(self) -> bool:
        if self._home is None or not self._free_bytes_min:
            return True
        try:
            disk.check_free(self._home, self._free_bytes_min)
        except Exhausted:
            return False
        return True

    async def _wait(self, raws: list[bytes], hashes: list[bytes] | None) -> list[bytes | Exception]:
        answer: asyncio.Future[list[bytes | Exception]] = asyncio.get_running_loop().create_future()
        self._queue.put(_Turn(raws, answer, hashes))
        self._waiting += len(raws)
        try:
            async with deadline(_SUBMIT_TIMEOUT_S, "admission to the mempool"):
                return await answer
        finally:
            self._waiting -= len(raws)

    async def run(self) -> None:
        """Admit round after round until cancelled: while one round is being synced the next one gathers."""
        try:
            while True:
                await self._round()
        finally:
            for turn in self._queue.drain():
                if not turn.answer.done():
                    turn.answer.set_exception(Unavailable("the node is stopping"))
            with self._lane:
                pass

    async def _round(self) -> None:
        waiting = await self._queue.take_all()
        while waiting:
            count = taken = 0
            while taken < len(waiting) and (taken == 0 or count + len(waiting[taken].raws) <= _ROUND_COUNT_MAX):
                count += len(waiting[taken].raws)
                taken += 1
            turns, waiting = waiting[:taken], waiting[taken:]
            try:
                results = await self._lane.run(self._admit, turns)
            except Exception as error:
                for turn in turns + waiting:
                    if not turn.answer.done():
                        turn.answer.set_exception(error)
                if isinstance(error, Exhausted):
                    return
                raise
            for turn, answers in zip(turns, results, strict=True):
                if not turn.answer.done():
                    turn.answer.set_result(answers)
                self._tell(turn.raws, answers)

    def _admit(self, turns: list[_Turn]) -> list[list[bytes | Exception]]:
        if self._journal is not None:
            self._forget_mined(self._journal)
        fresh = [raw for turn in turns if turn.hashes is None for raw in turn.raws]
        results: list[bytes | str] = []
        if fresh:
            if self._home is not None and self._free_bytes_min:
                disk.check_free(self._home, self._free_bytes_min)
            results = self._engine().add_transactions(fresh, True)
        answers: list[list[bytes | Exception]] = []
        at = 0
        for turn in turns:
            if turn.hashes is not None:
                answers.append(list(turn.hashes))
                continue
            part = results[at : at + len(turn.raws)]
            at += len(part)
            answers.append([one if isinstance(one, bytes) else RpcError(SERVER_ERROR, one) for one in part])
        if self._journal is not None:
            kept = [
                (raw, one)
                for turn, part in zip(turns, answers, strict=True)
                for raw, one in zip(turn.raws, part, strict=True)
                if isinstance(one, bytes)
            ]
            if kept:
                self._journal.append([raw for raw, _ in kept], [hash for _, hash in kept], self.height)
        return answers

    def _tell(self, raws: list[bytes], results: list[bytes | Exception]) -> None:
        admitted = [(result, raw) for raw, result in zip(raws, results, strict=True) if isinstance(result, bytes)]
        self.admitted_total += len(admitted)
        self.refused_total += len(raws) - len(admitted)
        if self._listeners and admitted:
            hashes, kept = [hash for hash, _ in admitted], [raw for _, raw in admitted]
            for listener in list(self._listeners):
                listener(hashes, kept)

    def on_block(self, block: NewBlock) -> None:
        """A block was committed: what it holds need not be kept any longer. The next round sees to it."""
        self.height = block.number
        if self._journal is not None and (block.tx_count or block.number % _SWEEP_BLOCKS == 0):
            self._mined.append(block)
            if not len(self._queue):
                self._queue.put(_Turn([], asyncio.get_running_loop().create_future()))

    def _forget_mined(self, journal: Journal) -> None:
        while self._mined:
            block = self._mined.popleft()
            hashes = block.tx_hashes
            journal.forget(hashes[at : at + 32] for at in range(0, len(hashes), 32))
            if block.number % _SWEEP_BLOCKS == 0:
                engine = self._engine()
                old = journal.older_than(block.number - _SWEEP_BLOCKS)
                journal.forget([hash for hash in old if engine.pool_transaction(hash) is None])
                journal.tidy()

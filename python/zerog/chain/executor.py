"""The life cycle of the native engine: first start, restart from flat rows and later changes, commit, fold, re-execution.

Nothing here runs on the event loop; every function belongs to one writer thread, except the folding, which touches only
the store and has a lock of its own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from zerog import _native as native
from zerog.chain.blocks import BlockStore
from zerog.chain.genesis import Genesis
from zerog.errors import Corrupt, NotFound
from zerog.runtime import log

_log = log.get(__name__)

REPLAY_BYTES_MAX: Final = 48 << 20
_RECENT_HASHES: Final = 256


@dataclass(frozen=True, slots=True)
class Opened:
    """How a start went."""

    fresh: bool
    number: int
    replayed: int
    took_s: float


class Executor:
    """One engine over one block store.

    Args:
        history_blocks: how many blocks back reads reach without an archive, also after a restart as far as
            ``REPLAY_BYTES_MAX`` of changes allow.
        fold_interval_blocks: state rows are folded in steps of this many blocks.
        pool_limits: keyword arguments of the native engine that bound its pool.
    """

    def __init__(
        self,
        blocks: BlockStore,
        genesis: Genesis,
        *,
        history_blocks: int = 256,
        fold_interval_blocks: int = 64,
        pool_limits: Mapping[str, int] | None = None,
    ) -> None:
        self._pool_limits = dict(pool_limits or {})
        self.blocks = blocks
        self.genesis = genesis
        self._history_blocks = history_blocks
        self._fold_interval_blocks = fold_interval_blocks
        self._fold_lock = threading.Lock()
        self._unfolded_bytes = 0
        self._held: int | None = None
        self.engine: Any = None

    # --- starting -----------------------------------------------------------------------------------------------------

    def open(self) -> Opened:
        """Bring the engine to the last durable block.

        Raises:
            Conflict: the store belongs to another genesis or version; nothing was written.
            Corrupt: a record fails its check, or the state root differs from the header's.
        """
        started = time.perf_counter()
        fingerprint = self.genesis.fingerprint()
        engine = self._new_engine()
        if not self.blocks.check_format(fingerprint):
            sealed = engine.init_genesis(self.genesis.engine_genesis())
            self.blocks.append(sealed, genesis=fingerprint)
            engine.commit()
            self.engine = engine
            return Opened(True, 0, 0, time.perf_counter() - started)
        replayed = self._restore(engine)
        self.engine = engine
        return Opened(False, engine.head()[0], replayed, time.perf_counter() - started)

    def _new_engine(self) -> Any:
        # The ring reaches past what folding leaves behind, so that an archive answers every height without a gap.
        engine = native.Engine(
            self.genesis.engine_config(),
            history_blocks=self._history_blocks + 2 * self._fold_interval_blocks,
            **self._pool_limits,
        )
        if self.blocks.archive:
            engine.set_external_reader(self.blocks.external)
        return engine

    def _restore(self, engine: Any) -> int:
        head, folded = self.blocks.head(), self.blocks.folded()
        if folded > head.number:
            raise Corrupt(f"state rows are at block {folded}, the head at {head.number}")
        for family in ("codes", "accounts", "slots"):
            for rows in self.blocks.packed_rows(family):
                engine.load_rows(family, rows)
        first = max(0, folded - _RECENT_HASHES)
        recent = self.blocks.hashes(first, folded - 1)
        engine.load_finish(self.blocks.record(folded), recent)
        self._unfolded_bytes = 0
        for number in range(folded + 1, head.number + 1):
            diff = self.blocks.diff(number)
            self._unfolded_bytes += len(diff)
            engine.replay(self.blocks.record(number), diff)
        if engine.head() != (head.number, head.hash):
            raise Corrupt(f"replay ends at block {engine.head()[0]}, the head is {head.number}")
        return head.number - folded

    # --- blocks -------------------------------------------------------------------------------------------------------

    def commit(self, sealed: Any) -> None:
        """Make the staged block durable, then visible. When the store fails the block is discarded and the error raised."""
        try:
            self.blocks.append(sealed)
        except BaseException:
            self.engine.discard()
            raise
        self.engine.commit()
        self._unfolded_bytes += len(sealed.diff)

    # --- folding ------------------------------------------------------------------------------------------------------

    def hold(self, number: int | None) -> None:
        """Keep the flat state at or below a block (an open evm_snapshot), or let go with None."""
        with self._fold_lock:
            self._held = number

    def fold_due(self) -> bool:
        """Whether a fold would do something; cheap enough for the event loop."""
        return self.fold_target() is not None

    def fold_target(self) -> int | None:
        """Up to which block folding is due, or None."""
        head, folded = self.blocks.head().number, self.blocks.folded()
        target = head - self._history_blocks
        if self._unfolded_bytes > REPLAY_BYTES_MAX:
            target = head - 1
        if self._held is not None:
            target = min(target, self._held)
        due = target - folded >= self._fold_interval_blocks or (self._unfolded_bytes > REPLAY_BYTES_MAX and target > folded)
        return target if due else None

    def fold(self) -> int:
        """Fold what is due; returns how many store operations that took."""
        with self._fold_lock:
            target = self.fold_target()
            if target is None:
                return 0
            folded = self.blocks.folded()
            # In steps, so that one batch stays small.
            count = 0
            while folded < target:
                step = min(target, folded + self._fold_interval_blocks)
                size = sum(len(self.blocks.diff(number)) for number in range(folded + 1, step + 1))
                count += self.blocks.fold(step)
                self._unfolded_bytes -= size
                folded = step
            return count

    # --- development --------------------------------------------------------------------------------------------------

    def revert(self, number: int) -> None:
        """Go back to an earlier block: forget later ones and start a new engine from rows and changes.

        Raises:
            Conflict: the flat state is already past it (nothing holds it: see ``hold``).
            NotFound: no such block.
        """
        with self._fold_lock:
            if number > self.blocks.head().number:
                raise NotFound(f"block {number} is not known")
            self.blocks.truncate(number)
            engine = self._new_engine()
            self._restore(engine)
            self.engine = engine


def reexecute(
    blocks: BlockStore, genesis: Genesis, *, last: int | None = None, progress: Callable[[int], None] = lambda number: None
) -> tuple[int, bytes]:
    """Execute every block again from genesis and compare each with what is stored.

    Args:
        last: stop after this block; the head by default.
        progress: called with each number done.

    Returns:
        The last number and its state root.

    Raises:
        Corrupt: a block does not come out as stored: says which and how.
    """
    engine = native.Engine(genesis.engine_config(), history_blocks=1)
    sealed = engine.init_genesis(genesis.engine_genesis())
    stored = native.record_header(blocks.record(0))
    if sealed.hash != stored["hash"]:
        raise Corrupt(f"genesis: hash 0x{sealed.hash.hex()}, stored 0x{stored['hash'].hex()}")
    engine.commit()
    end = blocks.head().number if last is None else last
    for number in range(1, end + 1):
        record = blocks.record(number)
        stored = native.record_header(record)
        try:
            sealed = engine.import_block(native.record_raw_block(record))
        except Exception as error:
            raise Corrupt(f"block {number} does not execute: {error}") from error
        if sealed.hash != stored["hash"] or sealed.record != record:
            raise Corrupt(f"block {number}: hash 0x{sealed.hash.hex()}, stored 0x{stored['hash'].hex()}, or other receipts")
        engine.commit()
        progress(number)
    root: bytes = stored["state_root"]
    return end, root

"""Submissions, one after the other in the order of the log: downloaded, judged, committed.

Downloads run a few submissions ahead; judging waits for its turn. A commit counts only if the log still says what was judged:
the same submission in the same block, and no step back in between. Whatever fails on the way (a node, the chain, the disk of
others) is tried again; only what the bytes themselves say becomes a result.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Final, Protocol

from zerog.errors import Conflict, Corrupt, Exhausted, InvalidInput, PeerFault, TimedOut, Unavailable, ZerogError
from zerog.runtime import log
from zerog.runtime.disk import check_free
from zerog.runtime.offload import Offload
from zerog.storage import crypt
from zerog.storage.api import Tx
from zerog.storage.kv.judge import COMMIT, DOWNLOAD_FAILED, NO_PERMISSION, Submission, Verdict, judge, parse_error
from zerog.storage.kv.stream import BlobReader, stream_ids
from zerog.storage.kv.view import View, Written
from zerog.storage.layout import SECTOR
from zerog.storage.part import mapped_file
from zerog.storage.store import Position, Store
from zerog.store.kv import Kv

_log = log.get(__name__)

AHEAD: Final = 4
_SCAN: Final = 512
_PAUSE_MAX_S: Final = 30
_TRIES_QUIET: Final = 5
"""Bytes often come a little later than their submission."""
_BLOCK: Final = 1 << 20
_FAILURES: Final = (Unavailable, TimedOut, PeerFault, Exhausted, Conflict)


class Senders(Protocol):
    """Who sent a transaction: what the chain says, never what an event claims."""

    async def sender(self, tx_hash: bytes) -> bytes | None:
        """The address that signed, None when the chain has no such transaction (any more)."""


class KvStore(Store):
    """The log of submissions with the view that is replayed from it: a step back of one is a step back of both."""

    def __init__(self, kv: Kv, *, sync: bool = True) -> None:
        super().__init__(kv, sync=sync)
        self.view = View(kv, sync=sync)
        # Killed between the two steps back: the log's was first.
        self.view.rewind(self.next_seq)

    def unfinished(self) -> list[int]:
        """None: this node keeps no segments."""
        return []

    def revert(self, position: Position | None, *, keep: int | None = None) -> list[Tx]:
        dropped = super().revert(position, keep=keep)
        self.view.rewind(self.next_seq)
        return dropped


class Held:
    """Which streams this node is about: all, or those configured and those added while it ran."""

    def __init__(self, store: KvStore, every: bool, configured: set[bytes]) -> None:
        self._store = store
        was_every, was_configured, added = store.view.held()
        self.every, self.configured, self.added = every, configured, added
        if (was_every, was_configured) != (every, configured):
            # Transactions over several streams count only where all are held, so that another set is another history.
            store.view.rewind(0)
            store.view.configure(every, configured, added)

    def has(self, stream: bytes) -> bool:
        return self.every or stream in self.configured or stream in self.added

    def wants(self, streams: list[bytes]) -> bool:
        """Whether a submission with these tags is replayed: only when all its streams are held."""
        return bool(streams) and all(self.has(stream) for stream in streams)

    def add(self, stream: bytes) -> None:
        """Hold one more stream from its first submission on; replaying begins again there."""
        if self.has(stream):
            return
        added = self.added | {stream}
        self._store.view.configure(self.every, self.configured, added)
        self.added = added
        self._store.view.disturb()
        for seq in range(self._store.view.cursor):
            tx = self._store.find_tx(seq)
            if tx is not None and stream in stream_ids(tx.tags) and self.wants(stream_ids(tx.tags)):
                self._store.view.rewind(seq)
                return

    def listed(self) -> list[bytes]:
        """The streams held, ascending; with all streams those that something was committed to."""
        return sorted({*self.configured, *self.added, *(self._store.view.streams() if self.every else ())})


@dataclass(frozen=True)
class Patience:
    """How downloads are tried: seconds for one try, pause after the first failed one, tries (0: until it works)."""

    timeout_s: float = 300
    pause_s: float = 1
    tries_max: int = 0
    blob_bytes_max: int = 1 << 30
    free_bytes_min: int = 0


@dataclass
class Counts:
    """Told what happens; the service turns it into metrics."""

    replayed: Callable[[str], None] = lambda result: None
    waiting: Callable[[int], None] = lambda count: None


class Replayer:
    """Keeps a view at the end of the log.

    Args:
        fetch: downloads a submission into a file.
        reads, writes: lanes of threads for reading and judging, and the one for writing.
        work: directory for what is being downloaded.
        keys: to decrypt with, when the streams are encrypted.
    """

    def __init__(
        self,
        store: KvStore,
        held: Held,
        fetch: Callable[[Tx, IO[bytes]], Awaitable[None]],
        senders: Senders,
        reads: Offload,
        writes: Offload,
        work: Path,
        *,
        patience: Patience = Patience(),
        keys: crypt.Keys | None = None,
        counts: Counts | None = None,
    ) -> None:
        self._store, self._view, self.held = store, store.view, held
        self._fetch, self._senders, self._reads, self._writes = fetch, senders, reads, writes
        self._work, self._patience, self._keys = work, patience, keys
        self._counts = counts or Counts()
        self._ahead: dict[Tx, asyncio.Task[IO[bytes] | None]] = {}
        self._asked: tuple[Tx, Submission] | None = None
        self._wake = asyncio.Event()
        self.fault: str = ""
        """Why the submission at the cursor is not done yet; empty while all goes well."""

    def wake(self) -> None:
        """There are new submissions, or fewer."""
        self._wake.set()

    async def run(self) -> None:
        """Replay until cancelled; raises only when nothing can be written or the log itself is damaged."""
        pause_s = self._patience.pause_s
        try:
            while True:
                self._wake.clear()
                try:
                    moved = await self.step()
                    self.fault, pause_s = "", self._patience.pause_s
                    if not moved:
                        await self._wake.wait()
                except Corrupt as error:
                    if not await self.repair(error):
                        raise
                except _FAILURES as error:
                    if self._store.kv.broken is not None:
                        raise
                    self.fault = str(error)
                    _log.warning("kv.replay_failed", seq=self._view.cursor, reason=str(error), pause_s=pause_s)
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._wake.wait(), pause_s)
                    pause_s = min(2 * pause_s, _PAUSE_MAX_S)
        finally:
            await self._forget(lambda tx: True)

    async def repair(self, fault: Corrupt) -> bool:
        """Replay again what a damaged record says; whether the record is of the streams at all."""
        seq = await self._writes.run(self._view.repair, fault)
        if seq is not None:
            _log.error("kv.damaged", reason=str(fault), replayed_from=seq)
            self.wake()
        return seq is not None

    async def step(self) -> bool:
        """Replay what comes next; whether there was something."""
        wanted, scanned = await self._reads.run(self._upcoming)
        await self._forget(lambda tx: tx not in wanted)
        self._counts.waiting(len(wanted))
        if not wanted or wanted[0].seq > self._view.cursor:
            end = wanted[0].seq if wanted else scanned
            if end <= self._view.cursor:
                return False
            await self._writes.run(self._skip, end, self._view.generation)
            return True
        await self._replay(wanted)
        return True

    def _upcoming(self) -> tuple[list[Tx], int]:
        """The next submissions that are about streams held here, and up to which number the log was looked through."""
        found: list[Tx] = []
        seq = self._view.cursor
        end = min(self._store.next_seq, seq + _SCAN)
        while seq < end and len(found) < AHEAD:
            tx = self._store.find_tx(seq)
            if tx is None:
                break
            if self.held.wants(stream_ids(tx.tags)):
                found.append(tx)
            seq += 1
        return found, seq

    def _skip(self, seq: int, generation: int) -> None:
        if generation == self._view.generation and self._view.cursor < seq <= self._store.next_seq:
            self._view.skip(seq)

    async def _replay(self, wanted: list[Tx]) -> None:
        tx, generation = wanted[0], self._view.generation
        submission = await self._submission(tx)
        if not await self._reads.run(self._may_write, submission):
            await self._commit(tx, generation, Verdict(NO_PERMISSION), None)
            return
        for one in wanted:
            if one not in self._ahead:
                self._ahead[one] = asyncio.create_task(self._download(one), name=f"kv.download {one.seq}")
        if not await self._arrived(self._ahead[tx]):
            return  # the log moved: perhaps this submission is not the next one any more
        file = await self._ahead.pop(tx)
        if file is None:
            await self._commit(tx, generation, Verdict(DOWNLOAD_FAILED), None)
            return
        with file:
            await self._judge(tx, submission, generation, file)

    async def _submission(self, tx: Tx) -> Submission:
        if self._asked is None or self._asked[0] != tx:
            sender = await self._senders.sender(tx.tx_hash)
            if sender is None:
                raise Unavailable(
                    f"the chain has no transaction 0x{tx.tx_hash.hex()} of submission {tx.seq}; is it being reorganised?"
                )
            self._asked = tx, Submission(tx.seq, sender, stream_ids(tx.tags))
        return self._asked[1]

    async def _arrived(self, download: asyncio.Task[IO[bytes] | None]) -> bool:
        """Wait for a download, or for news of the log; whether it was the download."""
        news = asyncio.create_task(self._wake.wait(), name="kv.news")
        try:
            await asyncio.wait([download, news], return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()
        return download.done()

    def _may_write(self, submission: Submission) -> bool:
        return any(self._view.can_write(submission.sender, stream, submission.seq) for stream in submission.streams)

    async def _judge(self, tx: Tx, submission: Submission, generation: int, file: IO[bytes]) -> None:
        header_size = 0
        if self._keys is not None:
            try:
                header_size = await self._reads.run(_decrypt, file, self._keys)
            except InvalidInput as error:
                await self._commit(tx, generation, Verdict(parse_error(str(error))), None)
                return
            except ZerogError as error:
                await self._commit(tx, generation, Verdict(f"{DOWNLOAD_FAILED}: {error}"), None)
                return
        with mapped_file(file) as view, view[header_size:] as text:
            blob = BlobReader(text, end=-(-view.nbytes // SECTOR) * SECTOR - header_size)
            verdict = await self._reads.run(judge, self._view, submission, blob, self.held.has)
            await self._commit(tx, generation, verdict, blob)

    async def _commit(self, tx: Tx, generation: int, verdict: Verdict, blob: BlobReader | None) -> None:
        await self._writes.run(self._write, tx, generation, verdict, blob)
        self._counts.replayed(verdict.result)
        level = _log.info if verdict.result == COMMIT else _log.warning
        level("kv.replayed", seq=tx.seq, result=verdict.result[:200], writes=len(verdict.writes), access=len(verdict.changes))

    def _write(self, tx: Tx, generation: int, verdict: Verdict, blob: BlobReader | None) -> None:
        """In the lane of writes: nothing steps back while this runs."""
        view = self._view
        if view.generation != generation or view.cursor != tx.seq or self._store.find_tx(tx.seq) != tx:
            raise Conflict(f"submission {tx.seq} was taken away by a reorganisation while it was replayed")
        if verdict.writes and blob is not None:
            view.put_values(
                tx.seq, [(index, place.size, partial(blob.value, place)) for index, place in enumerate(verdict.writes)]
            )
        written = [Written(place.stream, place.key, place.size, index) for index, place in enumerate(verdict.writes)]
        view.commit(tx.seq, verdict.result, written, verdict.changes)

    # --- downloads ----------------------------------------------------------------------------------------------------

    async def _download(self, tx: Tx) -> IO[bytes] | None:
        """A submission in a file without a name; None when this node gives up on it."""
        patience = self._patience
        if tx.size > patience.blob_bytes_max:
            _log.warning("kv.blob_too_large", seq=tx.seq, size=tx.size, max=patience.blob_bytes_max)
            return None
        pause_s, tries = patience.pause_s, 0
        while True:
            file = await asyncio.to_thread(_nameless, self._work)
            try:
                await asyncio.to_thread(check_free, self._work, 2 * tx.size + patience.free_bytes_min)
                async with asyncio.timeout(patience.timeout_s):
                    await self._fetch(tx, file)
                return file
            except (*_FAILURES, TimeoutError) as error:
                file.close()
                tries += 1
                self.fault = str(error) or f"submission {tx.seq} was not downloaded within {patience.timeout_s:g} s"
                tell = _log.warning if tries >= _TRIES_QUIET else _log.debug
                tell("kv.download_failed", seq=tx.seq, tries=tries, reason=self.fault, pause_s=pause_s)
                if patience.tries_max and tries >= patience.tries_max:
                    return None
            except BaseException:
                file.close()
                raise
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _PAUSE_MAX_S)

    async def _forget(self, stale: Callable[[Tx], bool]) -> None:
        for tx in [tx for tx in self._ahead if stale(tx)]:
            task = self._ahead.pop(tx)
            task.cancel()
            with suppress(asyncio.CancelledError):
                file = await task
                if file is not None:
                    file.close()


def _nameless(directory: Path) -> IO[bytes]:
    """A file that goes with the process, however that ends."""
    return tempfile.TemporaryFile(dir=directory)


def _decrypt(file: IO[bytes], keys: crypt.Keys) -> int:
    """Decrypt a file in place behind its header; the header's size.

    Raises:
        InvalidInput: no header of a known version. Unauthorized: the key of its version is not here.
    """
    file.seek(0)
    header = crypt.Header.decode(file.read(crypt.HEADER_SIZE_MAX))
    sealer = keys.open(header)
    at = 0
    while True:
        file.seek(header.size + at)
        block = file.read(_BLOCK)
        if not block:
            file.flush()
            return header.size
        file.seek(header.size + at)
        file.write(sealer.apply(block, at))
        at += len(block)

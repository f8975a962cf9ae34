"""Blobs from the queue to the chain: encoded, announced, signed, recorded. One tick looks at every blob and starts what is due.

Every stage takes each client's oldest blob before anybody's second, so that a flood of one client delays the others little.
Every step is on the disk before the next begins, and a blob's place is read from there: what is announced from its entry, what
is on its way from the outbox. Only encodings live in memory; after a restart they are made again, bit for bit. So a disperser
that was killed at any moment goes on where it was, and pays for no blob twice. Source: da.md §3.1.

What the world does wrong (a chain, encoder or signer that does not answer) costs a blob time, never one of its retries; after
``Pace.blob_s`` its client is told that it failed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from zerog.contracts import da_entrance
from zerog.contracts.da_entrance import CommitRootSubmission
from zerog.da.api import BlobRecord
from zerog.da.disperser.chain import DisperserChain
from zerog.da.disperser.dispatcher import Dispatcher
from zerog.da.disperser.encoders import Encoders, Encoding
from zerog.da.disperser.metrics import DisperserMetrics
from zerog.da.disperser.outbox import COMMIT, UPLOAD, Intent, Outbox, Outcome, Refused
from zerog.da.disperser.queue import BlobQueue, Entry, Status
from zerog.errors import Conflict, Corrupt, Exhausted, InvalidInput, NotFound, PeerFault, TimedOut, Unavailable
from zerog.primitives.blob import Geometry
from zerog.primitives.commit import slice_size_bytes
from zerog.runtime import log
from zerog.runtime.offload import Offload
from zerog.runtime.tasks import Tasks
from zerog.store.kv import Batch

_log = log.get(__name__)

TICK_S: Final = 0.1
PAUSE_FIRST_S: Final = 0.5
PAUSE_LAST_S: Final = 30.0
_ILL: Final = ("INTERNAL", "UNIMPLEMENTED")
"""Statuses of an encoder that is ill; its other answers are about the blob."""
_WORLD: Final = (Unavailable, TimedOut, PeerFault, Exhausted, Refused)


@dataclass(frozen=True)
class Pace:
    """How much at once, and how long.

    Args:
        blob_s: a blob that is not confirmed after this is given up; counted from its arrival, or from the start of the process.
        encoded_bytes_max: slices in memory.
        batch_max: blobs of one announcement; the network's signers expect at most nine in a batch.
        gather_s: an announcement waits so long for further blobs.
        signing_max: blobs that are being signed at one moment.
        sign_tries: rounds of asking all signers, before a blob has insufficient signatures.
        commit_max: blobs of one recording.
        commit_gather_s: a recording waits so long for further blobs.
    """

    blob_s: float = 600
    encoded_bytes_max: int = 1 << 30
    batch_max: int = 9
    gather_s: float = 1.0
    signing_max: int = 4
    sign_tries: int = 2
    commit_max: int = 100
    commit_gather_s: float = 0.5


class _Work:
    """What memory knows of an open blob."""

    def __init__(self, entry: Entry, now_s: float) -> None:
        self.entry, self.since_s = entry, now_s
        self.encoding: Encoding | None = None
        self.signed: CommitRootSubmission | None = None
        self.busy = False
        self.sign_tries = 0
        self.ready_s = 0.0
        self.rests_until_s = 0.0
        self._pause_s = PAUSE_FIRST_S

    @property
    def id(self) -> bytes:
        return self.entry.request_id

    @property
    def announced(self) -> bool:
        return bool(self.entry.upload_tx)

    def rest(self, now_s: float) -> None:
        self.rests_until_s = now_s + self._pause_s
        self._pause_s = min(2 * self._pause_s, PAUSE_LAST_S)

    def rested(self) -> None:
        self.rests_until_s, self._pause_s = 0.0, PAUSE_FIRST_S


class Batcher:
    """The pipeline of one disperser.

    Args:
        lane: threads for the disk.
    """

    def __init__(
        self, queue: BlobQueue, encoders: Encoders, dispatcher: Dispatcher, chain: DisperserChain, outbox: Outbox,
        lane: Offload, geometry: Geometry, numbers: DisperserMetrics, *, pace: Pace | None = None,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._queue, self._encoders, self._dispatcher, self._chain, self._outbox = queue, encoders, dispatcher, chain, outbox
        self._lane, self._geometry, self._numbers, self._now_s = lane, geometry, numbers, now_s
        self._pace = Pace() if pace is None else pace
        self._works: dict[bytes, _Work] = {}
        self._turns: dict[bytes, int] = {}
        self._encoding: set[bytes] = set()
        self._signing: dict[bytes, BlobRecord] = {}
        self._driven: set[int] = set()
        self._commit_max = self._pace.commit_max
        self._wake = asyncio.Event()

    def wake(self) -> None:
        """Something may be due: look now instead of at the next tick."""
        self._wake.set()

    async def run(self) -> None:
        """Work until cancelled."""
        async with Tasks() as tasks:
            while True:
                await self._tick(tasks)
                self._wake.clear()
                try:
                    async with asyncio.timeout(TICK_S):
                        await self._wake.wait()
                except TimeoutError:
                    pass

    # --- what is due --------------------------------------------------------------------------------------------------

    async def _tick(self, tasks: Tasks) -> None:
        now = self._now_s()
        self._refresh(now)
        await self._give_up(now)
        on_way = {COMMIT: set[bytes](), UPLOAD: set[bytes]()}
        for intent in self._outbox.open:
            on_way[intent.kind].update(intent.request_ids)
            if intent.nonce not in self._driven:
                self._driven.add(intent.nonce)
                tasks.start(self._drive(intent), "da.drive")
        idle = [work for work in self._works.values() if not work.busy and now >= work.rests_until_s]
        idle = [work for work in idle if work.id not in on_way[COMMIT]]
        idle.sort(key=lambda work: self._turns.get(work.id, 0))
        self._start_encoding(tasks, sorted(idle, key=lambda work: not work.announced))
        ready = [work for work in idle if work.encoding is not None and work.id not in on_way[UPLOAD]]
        self._start_upload(tasks, [work for work in ready if not work.announced], now)
        self._start_signing(tasks, [work for work in ready if work.announced and work.signed is None])
        self._start_commit(tasks, [work for work in ready if work.announced and work.signed is not None], now)
        self._numbers.queued.set(len(self._queue))
        self._numbers.queued_bytes.set(self._queue.size_bytes)
        self._numbers.encoded_bytes.set(self._encoded_bytes())

    def _refresh(self, now: float) -> None:
        entries = {entry.request_id: entry for entry in self._queue.waiting(Status.PROCESSING)}
        self._turns = {request_id: turn for turn, request_id in enumerate(entries)}
        for request_id in [known for known in self._works if known not in entries]:
            del self._works[request_id]
        for request_id, entry in entries.items():
            work = self._works.get(request_id)
            if work is None:
                self._works[request_id] = _Work(entry, now)
            else:
                work.entry = entry

    async def _give_up(self, now: float) -> None:
        late = [work for work in self._works.values() if now - work.since_s >= self._pace.blob_s]
        for work in late:
            reason = f"not confirmed within {self._pace.blob_s:.0f} s; last: {work.entry.reason or 'nothing failed'}"
            await self._end(work, Status.FAILED, reason)
            del self._works[work.id]

    def _encoded_bytes(self) -> int:
        return sum(work.encoding.size_bytes for work in self._works.values() if work.encoding is not None)

    def _start_encoding(self, tasks: Tasks, idle: Sequence[_Work]) -> None:
        one = self._geometry.rows_encoded * slice_size_bytes(self._geometry)
        room = (self._pace.encoded_bytes_max - self._encoded_bytes()) // one - len(self._encoding)
        if not any(work.encoding is not None for work in self._works.values()) and not self._encoding:
            room = max(room, 1)
        room = min(room, self._encoders.room - len(self._encoding))
        for work in [work for work in idle if work.encoding is None][: max(room, 0)]:
            self._encoding.add(work.id)
            self._start(tasks, [work], "encode", partial(self._encode, work))

    def _start_upload(self, tasks: Tasks, ready: Sequence[_Work], now: float) -> None:
        if not ready or not self._outbox.has_room:
            return
        batch = ready[: self._pace.batch_max]
        if len(batch) == self._pace.batch_max or now - min(work.ready_s for work in batch) >= self._pace.gather_s:
            self._start(tasks, batch, "upload", partial(self._upload, batch))

    def _start_signing(self, tasks: Tasks, ready: Sequence[_Work]) -> None:
        taken = set(self._signing.values()) | {work.entry.record for work in self._works.values() if work.signed is not None}
        for work in ready:
            # Equal blobs of one announcement are one record for the chain: the second finds it there when the first is done.
            if len(self._signing) >= self._pace.signing_max or work.entry.record in taken:
                continue
            taken.add(work.entry.record)
            self._signing[work.id] = work.entry.record
            self._start(tasks, [work], "sign", partial(self._sign, work))

    def _start_commit(self, tasks: Tasks, ready: Sequence[_Work], now: float) -> None:
        if not ready or not self._outbox.has_room:
            return
        batch = ready[: self._commit_max]
        if len(batch) == self._commit_max or now - min(work.ready_s for work in batch) >= self._pace.commit_gather_s:
            self._start(tasks, batch, "commit", partial(self._commit, batch))

    def _start(self, tasks: Tasks, works: Sequence[_Work], stage: str, step: Callable[[], Awaitable[None]]) -> None:
        for work in works:
            work.busy = True
        tasks.start(self._guarded(works, stage, step), f"da.{stage}")

    async def _guarded(self, works: Sequence[_Work], stage: str, step: Callable[[], Awaitable[None]]) -> None:
        started = self._now_s()
        try:
            await step()
        except _WORLD as error:
            self._numbers.failures.labels(stage).inc()
            _log.warning("disperser.waits", stage=stage, blobs=len(works), error=error.code, reason=str(error))
            for work in works:
                await self._note(work, str(error))
                work.rest(self._now_s())
        finally:
            self._numbers.stages.labels(stage).observe(self._now_s() - started)
            for work in works:
                work.busy = False
                self._encoding.discard(work.id)
                self._signing.pop(work.id, None)
            self.wake()

    # --- steps --------------------------------------------------------------------------------------------------------

    async def _encode(self, work: _Work) -> None:
        try:
            data = await self._lane.run(self._queue.data, work.id)
            made = await self._encoders.encode(data)
            if work.announced and made.data_root != work.entry.data_root:
                raise PeerFault("the encoders give another root than the one that was announced")
        except (PeerFault, InvalidInput) as error:
            if error.facts.get("status") in _ILL:
                raise
            await self._failed(work, f"encoding: {error}")
            work.rest(self._now_s())
            return
        except Corrupt as error:
            await self._end(work, Status.FAILED, str(error))
            return
        except NotFound:
            return  # given up in the meantime
        work.encoding, work.ready_s = made, self._now_s()
        work.rested()

    async def _upload(self, batch: Sequence[_Work]) -> None:
        roots = [work.encoding.data_root for work in batch if work.encoding is not None]
        value = len(roots) * await self._chain.blob_price()
        call = da_entrance.submit_original_data(roots)
        ids = tuple(work.id for work in batch)
        await self._outbox.prepare(UPLOAD, self._chain.entrance, call.data, value, ids)

    async def _sign(self, work: _Work) -> None:
        encoding, record = work.encoding, work.entry.record
        assert encoding is not None
        if await self._chain.is_recorded(record):
            # By an equal blob, by somebody else, or by us before a reorganisation brought it back in another block.
            block = await self._chain.eth.block_number()
            await self._settle({work.id: {"status": Status.CONFIRMED, "commit_block": block}}, Batch())
            return
        quorum = await self._chain.quorum(record.epoch, record.quorum_id)
        tally = await self._dispatcher.collect(record, encoding, quorum)
        if tally.is_enough:
            work.signed, work.ready_s = tally.submission(), self._now_s()
            work.rested()
            return
        work.sign_tries += 1
        reason = f"signatures for {tally.slots} of {len(quorum.rows)} rows; two thirds are needed"
        self._numbers.failures.labels("sign").inc()
        _log.warning("disperser.unsigned", root=record.data_root.hex()[:16], tries=work.sign_tries, reason=reason)
        if work.sign_tries >= self._pace.sign_tries:
            await self._end(work, Status.INSUFFICIENT_SIGNATURES, reason)
        else:
            await self._note(work, reason)
            work.rest(self._now_s())

    async def _commit(self, batch: Sequence[_Work]) -> None:
        call = da_entrance.submit_verified_commit_roots([work.signed for work in batch if work.signed is not None])
        try:
            ids = tuple(work.id for work in batch)
            await self._outbox.prepare(COMMIT, self._chain.entrance, call.data, 0, ids)
        except Refused as error:
            if len(batch) > 1:  # one of them would be refused: each half by itself
                middle = len(batch) // 2
                await self._commit(batch[:middle])
                await self._commit(batch[middle:])
                return
            batch[0].signed = None
            await self._failed(batch[0], f"recording: {error}")

    # --- transactions -------------------------------------------------------------------------------------------------

    async def _drive(self, intent: Intent) -> None:
        """A transaction from the outbox to its end, and what comes of it for its blobs."""
        try:
            await self._end_of(intent)
        finally:
            self._driven.discard(intent.nonce)
            self.wake()

    async def _end_of(self, intent: Intent) -> None:
        try:
            outcome = await self._outbox.drive(intent, final=intent.kind == UPLOAD)
        except Refused as error:
            _log.warning("disperser.refused", kind=intent.kind, nonce=intent.nonce, reason=str(error))
            self._measure(intent, succeeded=False)
            self._numbers.transactions.labels(intent.kind, "failed").inc()
            for request_id in intent.request_ids:
                if (work := self._works.get(request_id)) is not None:
                    await self._note(work, str(error))
                    work.rest(self._now_s())
            return
        batch = Batch()
        self._outbox.forget(intent, batch)
        steps: dict[bytes, dict[str, Any]] = {}
        if outcome.alive and outcome.succeeded:
            steps = self._announced(intent, outcome) if intent.kind == UPLOAD else self._recorded(intent, outcome)
        await self._settle(steps, batch)
        self._outbox.forgotten(intent)
        if outcome.alive:
            self._measure(intent, succeeded=outcome.succeeded)
        word = "dead" if not outcome.alive else "done" if outcome.succeeded else "failed"
        self._numbers.transactions.labels(intent.kind, word).inc()
        _log.info(
            "disperser.transaction", kind=intent.kind, outcome=word, blobs=len(intent.request_ids), nonce=intent.nonce,
            block=outcome.block_number, tx="0x" + outcome.tx_hash.hex(),
        )  # fmt: skip
        if outcome.alive and not outcome.succeeded:
            for request_id in intent.request_ids:
                if (work := self._works.get(request_id)) is not None:
                    work.signed = None
                    work.rest(self._now_s())
                    await self._failed(work, f"{intent.kind}: the transaction failed in block {outcome.block_number}")

    def _measure(self, intent: Intent, *, succeeded: bool) -> None:
        """A recording that was too much for a block makes the next half as large."""
        if intent.kind == COMMIT:
            count = len(intent.request_ids)
            self._commit_max = min(2 * self._commit_max, self._pace.commit_max) if succeeded else max(count // 2, 1)

    def _announced(self, intent: Intent, outcome: Outcome) -> dict[bytes, dict[str, Any]]:
        """Epoch and quorum of each blob, from the announcement's events."""
        topic = da_entrance.DATA_UPLOAD_TOPIC
        found = [
            da_entrance.decode_data_upload(topics, data)
            for address, topics, data in outcome.logs
            if address == self._chain.entrance and topics[:1] == (topic,)
        ]
        if len(found) != len(intent.request_ids):
            reason = f"the announcement of {len(intent.request_ids)} blobs has {len(found)} events: another contract is there"
            _log.error("disperser.wrong_contract", reason=reason)
            return {request_id: {"status": Status.FAILED, "reason": reason} for request_id in intent.request_ids}
        return {
            request_id: {
                "data_root": upload.data_root, "epoch": upload.epoch, "quorum_id": upload.quorum_id,
                "upload_tx": outcome.tx_hash,
            }
            for request_id, upload in zip(intent.request_ids, found, strict=True)
        }  # fmt: skip

    def _recorded(self, intent: Intent, outcome: Outcome) -> dict[bytes, dict[str, Any]]:
        done = {"status": Status.CONFIRMED, "commit_tx": outcome.tx_hash, "commit_block": outcome.block_number}
        return dict.fromkeys(intent.request_ids, done)

    # --- the disk -----------------------------------------------------------------------------------------------------

    async def _settle(self, steps: dict[bytes, dict[str, Any]], batch: Batch) -> list[Entry]:
        settled = await self._lane.run(self._queue.settle, steps, batch)
        for after in settled:
            if (work := self._works.get(after.request_id)) is not None:
                work.entry = after
            if after.status == Status.CONFIRMED:
                self._numbers.blobs.labels("confirmed").inc()
                self._numbers.bytes.inc(after.size_bytes)
                _log.info("blob.confirmed", root=after.data_root.hex()[:16], epoch=after.epoch, quorum=after.quorum_id)
        return settled

    async def _note(self, work: _Work, reason: str) -> None:
        if work.entry.reason != reason[:256]:
            await self._settle({work.id: {"reason": reason[:256]}}, Batch())

    async def _end(self, work: _Work, status: Status, reason: str) -> None:
        if not await self._settle({work.id: {"status": status, "reason": reason[:256]}}, Batch()):
            return  # it was confirmed in the meantime
        self._numbers.blobs.labels(status.name.lower()).inc()
        _log.error("blob.failed", status=status.name, size_bytes=work.entry.size_bytes, reason=reason)

    async def _failed(self, work: _Work, reason: str) -> None:
        """One of the blob's retries is used up."""
        self._numbers.failures.labels("blob").inc()
        try:
            after = await self._lane.run(self._queue.failed, work.entry, reason)
        except Conflict:
            return  # it ended in the meantime
        work.entry = after
        if after.status == Status.FAILED:
            self._numbers.blobs.labels("failed").inc()
            _log.error("blob.failed", status="FAILED", size_bytes=after.size_bytes, reason=reason)

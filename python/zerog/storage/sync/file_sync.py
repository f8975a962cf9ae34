"""Files from other nodes: what the log has and this node lacks is fetched segment by segment, proven, stored.

A bounded number of files is in work at a time; for each a few requests run beside each other, to different peers where there
are several. Nothing is stored before its proof leads to the root that the chain told. A peer that sends anything else is held
to it, and the segments are asked of another. What arrived stays when a file is given up: the next try asks for the rest.

Files come from three sides: an operator's orders first; then, with ``auto``, files that peers announce, files in the order of
the log (so that old gaps close for certain) and files at random (so that many nodes do not all ask for the same).
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from zerog.errors import Conflict, Corrupt, Exhausted, InvalidInput, NotFound, PeerFault, TimedOut, ZerogError
from zerog.runtime import log
from zerog.runtime.offload import Offload
from zerog.runtime.tasks import Tasks, first_error
from zerog.storage.api import Tx, TxId
from zerog.storage.ingest import Ingest, Refusal
from zerog.storage.layout import SECTORS_PER_SEGMENT, Segment, check_segments
from zerog.storage.metrics import PeerMetrics
from zerog.storage.peers.messages import FILES_MAX
from zerog.storage.peers.network import Connection, Network
from zerog.storage.peers.score import Event
from zerog.storage.store import NewSegment, Store

_log = log.get(__name__)

ORDERS_MAX: Final = 1000
ANNOUNCED_MAX: Final = 10_000
REPAIRS_MAX: Final = 10_000
REMEMBERED_MAX: Final = 1000
BACKOFF_MAX: Final = 100_000
BUSY_S: Final = 0.5
"""The pause after a peer said that it is busy, which counts as a tenth of a failure."""
BUSY_COST: Final = 0.1


class State(StrEnum):
    """Where a file's synchronisation stands."""

    IDLE = "Idle"
    FINDING_PEERS = "FindingPeers"
    FOUND_PEERS = "FoundPeers"
    DOWNLOADING = "Downloading"
    COMPLETED = "Completed"
    FAILED = "Failed"
    CANCELLED = "Cancelled"


@dataclass(frozen=True)
class Plan:
    """How much at once, and how long; see ``[storage.sync]`` of default.toml."""

    auto: bool = True
    files_max: int = 16
    random_max: int = 8
    sequential_max: int = 2
    requests_per_file: int = 2
    segments_per_request: int = 8
    failures_max: int = 3
    idle_s: float = 3
    backoff_s: float = 10
    backoff_max_s: float = 600


@dataclass
class _Job:
    """One file, or some of its segments, on their way here."""

    tx: Tx
    goal: tuple[int, int]
    kind: str
    started_s: float
    state: State = State.IDLE
    reason: str = ""
    wanted: dict[int, None] = field(default_factory=dict)
    claimed: set[int] = field(default_factory=set)
    failures: dict[bytes, float] = field(default_factory=dict)
    peers: dict[bytes, str] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class FileSync:
    """Fetches files on one event loop until cancelled.

    Args:
        lane: threads for reading the log and checking proofs.
        now_s: a clock for waiting.
    """

    def __init__(
        self,
        store: Store,
        ingest: Ingest,
        network: Network,
        lane: Offload,
        plan: Plan,
        numbers: PeerMetrics,
        *,
        now_s: Callable[[], float],
    ) -> None:
        self._store, self._ingest, self._network, self._lane = store, ingest, network, lane
        self._plan, self._numbers, self._now_s = plan, numbers, now_s
        self._chance = secrets.SystemRandom()
        self._orders: deque[_Job] = deque()
        self._announced: OrderedDict[TxId, None] = OrderedDict()
        self._repairs: dict[int, None] = {}
        self._jobs: dict[int, _Job] = {}
        self._done: OrderedDict[int, _Job] = OrderedDict()
        self._backoff: dict[int, tuple[float, float]] = {}
        self._pending: list[int] = []
        self._pending_count: int | None = None
        self._wake = asyncio.Event()

    # --- orders -------------------------------------------------------------------------------------------------------

    def order(self, tx: Tx, start: int | None = None, end: int | None = None) -> None:
        """Fetch a file, or the segments with its sectors [start, end), before everything else.

        Raises:
            Conflict: it is pruned, or in work already. Exhausted: too many orders wait.
        """
        if self._store.pruned(tx.seq):
            raise Conflict("already pruned")
        if tx.seq in self._jobs or any(job.tx.seq == tx.seq for job in self._orders):
            raise Conflict(f"file {tx.seq} is being synchronised")
        if len(self._orders) >= ORDERS_MAX:
            raise Exhausted(f"{ORDERS_MAX} files wait for synchronisation")
        self._backoff.pop(tx.seq, None)
        goal = (0, tx.layout.chunks) if start is None or end is None else (start, end)
        self._orders.append(_Job(tx, goal, "order", self._now_s()))
        self._wake.set()

    def announced(self, files: Sequence[TxId]) -> None:
        """A peer has these files complete."""
        if not self._plan.auto:
            return
        for file in files:
            if self._store.finalized(file.seq) or self._store.pruned(file.seq) or file.seq in self._jobs:
                continue
            if len(self._announced) >= ANNOUNCED_MAX:
                self._announced.popitem(last=False)
            self._announced[file] = None
            self._backoff.pop(file.seq, None)
        self._wake.set()

    def repair(self, seq: int) -> None:
        """Damaged segments of a file were dropped: fetch them again, with or without ``auto``, until they are here."""
        if len(self._repairs) < REPAIRS_MAX:
            self._repairs[seq] = None
            self._backoff.pop(seq, None)
            self._wake.set()

    async def terminate(self, seq: int) -> bool:
        """Stop fetching a file; whether it was being fetched."""
        for job in list(self._orders):
            if job.tx.seq == seq:
                self._orders.remove(job)
                self._finish(job, State.CANCELLED, "terminated")
                return True
        found = self._jobs.get(seq)
        if found is None or found.task is None:
            return False
        found.reason = "terminated"
        found.task.cancel()
        await asyncio.wait([found.task], timeout=5)
        return True

    def reverted(self, txs: Sequence[Tx]) -> None:
        """The log has lost these files."""
        for tx in txs:
            self._network.locations.forget_file(tx.id)
            self._backoff.pop(tx.seq, None)
            job = self._jobs.get(tx.seq)
            if job is not None and job.task is not None:
                job.reason = "reverted"
                job.task.cancel()

    # --- what is told -------------------------------------------------------------------------------------------------

    def service_state(self) -> dict[str, Any]:
        """admin_getSyncServiceState."""
        auto = self._plan.auto
        kinds = [job.kind for job in self._jobs.values()]

        def side(kind: str) -> str | None:
            return f"{kinds.count(kind)} running" if auto else None

        return {
            "numSyncing": len(self._jobs),
            "catchedUp": None if self._pending_count is None else self._pending_count == 0,
            "autoSyncSerial": side("sequential"),
            "autoSyncRandom": side("random"),
        }

    def status(self, seq: int) -> str:
        """admin_getSyncStatus."""
        job = self._find(seq)
        return "unknown" if job is None else job.state.value + (f" {{ reason: {job.reason} }}" if job.reason else "")

    def info(self, seq: int | None) -> dict[str, Any]:
        """admin_getSyncInfo: of one file, or of all in work."""
        if seq is None:
            jobs = [*self._orders, *self._jobs.values()]
        else:
            found = self._find(seq)
            jobs = [] if found is None else [found]
        return {str(job.tx.seq): self._told(job) for job in jobs}

    def _find(self, seq: int) -> _Job | None:
        return self._jobs.get(seq) or next((job for job in self._orders if job.tx.seq == seq), None) or self._done.get(seq)

    def _told(self, job: _Job) -> dict[str, Any]:
        states = list(job.peers.values())
        start, end = job.goal
        left = min([*job.wanted, *job.claimed], default=None)
        return {
            "elapsedSecs": int(self._now_s() - job.started_s),
            "peers": {state: states.count(state) for state in sorted(set(states))},
            "goal": {
                "numChunks": end - start, "indexStart": start, "indexEnd": end,
                "allChunks": (start, end) == (0, job.tx.layout.chunks),
            },
            "nextChunks": end if left is None else left * SECTORS_PER_SEGMENT,
            "state": job.state.value,
        }  # fmt: skip

    # --- the scheduler ------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Start what there is room for whenever something changes."""
        async with Tasks() as tasks:
            while True:
                self._wake.clear()
                try:
                    await self._start_some(tasks)
                except (Exhausted, Corrupt) as error:  # of this node: its lane is full, or a record of its log is damaged
                    _log.warning("sync.held_up", error=type(error).__name__, reason=str(error))
                self._numbers.syncing.set(len(self._jobs))
                try:
                    async with asyncio.timeout(self._plan.idle_s):
                        await self._wake.wait()
                except TimeoutError:
                    self._pending = []  # look at the log again

    async def _start_some(self, tasks: Tasks) -> None:
        plan = self._plan
        while self._orders and len(self._jobs) < plan.files_max:
            self._start(tasks, self._orders.popleft())
        for seq in list(self._repairs):
            tx = self._store.find_tx(seq)
            if tx is None or self._store.finalized(seq) or self._store.pruned(seq) or self._store.is_coded(tx):
                del self._repairs[seq]
            elif self._is_open(seq) and len(self._jobs) < plan.files_max:
                self._start(tasks, self._job(tx, "repair"))
        if not plan.auto or not self._network.connections:
            return
        while self._announced and self._room("random"):
            file = next(iter(self._announced))
            del self._announced[file]
            tx = self._store.find_tx(file.seq)
            if tx is not None and tx.id == file and self._is_open(tx.seq) and not self._store.is_coded(tx):
                self._start(tasks, self._job(tx, "random"))
        if not self._room("random") and not self._room("sequential"):
            return
        await self._look()
        while self._pending and self._room("sequential"):
            self._try(tasks, self._pending.pop(0), "sequential")
        while self._pending and self._room("random"):
            at = self._chance.randrange(len(self._pending))
            self._pending[at], self._pending[-1] = self._pending[-1], self._pending[at]
            self._try(tasks, self._pending.pop(), "random")

    def _room(self, kind: str) -> bool:
        most = self._plan.random_max if kind == "random" else self._plan.sequential_max
        count = sum(1 for job in self._jobs.values() if job.kind == kind)
        return count < most and len(self._jobs) < self._plan.files_max

    def _is_open(self, seq: int) -> bool:
        """Whether a file is lacking, not in work and not waiting for another try."""
        if seq in self._jobs or self._store.finalized(seq) or self._store.pruned(seq):
            return False
        return self._backoff.get(seq, (0.0, 0.0))[0] <= self._now_s()

    async def _look(self) -> None:
        """A window of lacking files, and who has them: one question for many."""
        if self._pending:
            return
        lacking = await self._lane.run(self._store.unfinished)
        self._pending_count = len(lacking)
        self._numbers.wanted.set(len(lacking))
        found = [seq for seq in lacking if self._is_open(seq)]
        if len(found) > FILES_MAX:
            first, rest = found[: FILES_MAX // 2], found[FILES_MAX // 2 :]
            found = first + sorted(self._chance.sample(rest, FILES_MAX // 2))
        txs = await self._lane.run(self._plain, found)
        for seq in set(found).difference(tx.seq for tx in txs):
            self._put_off(seq)
        unknown = [tx.id for tx in txs if not self._network.holders(tx.id)]
        if unknown:
            await self._network.ask(unknown)
        for tx in txs:
            if self._network.holders(tx.id):
                self._pending.append(tx.seq)
            else:
                self._put_off(tx.seq)

    def _plain(self, seqs: Sequence[int]) -> list[Tx]:
        """Files to fetch by themselves. Parts of erasure-coded ones lie where they were put: whole copies would undo that."""
        found = [tx for seq in seqs if (tx := self._store.find_tx(seq)) is not None]
        return [tx for tx in found if not self._store.is_coded(tx)]

    def _try(self, tasks: Tasks, seq: int, kind: str) -> None:
        tx = self._store.find_tx(seq)
        if tx is not None and self._is_open(seq):
            self._start(tasks, self._job(tx, kind))

    def _job(self, tx: Tx, kind: str) -> _Job:
        return _Job(tx, (0, tx.layout.chunks), kind, self._now_s())

    def _start(self, tasks: Tasks, job: _Job) -> None:
        self._jobs[job.tx.seq] = job
        job.task = tasks.start(self._run(job), f"sync.{job.tx.seq}")

    def _put_off(self, seq: int) -> None:
        if len(self._backoff) >= BACKOFF_MAX:
            self._backoff.clear()
        _, pause_s = self._backoff.get(seq, (0.0, self._plan.backoff_s / 2))
        pause_s = min(2 * pause_s, self._plan.backoff_max_s)
        self._backoff[seq] = (self._now_s() + pause_s, pause_s)

    # --- one file -----------------------------------------------------------------------------------------------------

    async def _run(self, job: _Job) -> None:
        seq = job.tx.seq
        try:
            await self._fetch_all(job)
        except asyncio.CancelledError:
            self._finish(job, State.CANCELLED, job.reason or "stopped")
            if job.reason not in ("terminated", "reverted"):
                raise
        except (ZerogError, Refusal) as error:
            self._put_off(seq)
            self._numbers.failed.inc()
            self._finish(job, State.FAILED, str(error))
            _log.info("sync.failed", seq=seq, reason=str(error))
        else:
            self._backoff.pop(seq, None)
            self._numbers.synced.inc()
            self._finish(job, State.COMPLETED, "")
            _log.debug("sync.completed", seq=seq)
        finally:
            self._wake.set()

    def _finish(self, job: _Job, state: State, reason: str) -> None:
        job.state, job.reason = state, reason
        self._jobs.pop(job.tx.seq, None)
        self._done[job.tx.seq] = job
        self._done.move_to_end(job.tx.seq)
        while len(self._done) > REMEMBERED_MAX:
            self._done.popitem(last=False)

    async def _fetch_all(self, job: _Job) -> None:
        tx, (start, end) = job.tx, job.goal
        first, last = start // SECTORS_PER_SEGMENT, (end - 1) // SECTORS_PER_SEGMENT
        missing = await self._lane.run(self._store.missing, tx)
        job.wanted = {index: None for index in missing if first <= index <= last}
        if not job.wanted:
            return
        job.state = State.FINDING_PEERS
        if not self._usable(job):
            await self._network.ask([tx.id])
        if not self._usable(job):
            raise NotFound("no connected peer has it")
        job.state = State.FOUND_PEERS
        try:
            async with Tasks() as tasks:
                for _ in range(self._plan.requests_per_file):
                    tasks.start(self._work(job), f"sync.{tx.seq}.fetch")
        except BaseExceptionGroup as group:
            raise first_error(group) from None
        if job.wanted or job.claimed:
            raise NotFound(f"{len(job.wanted)} segments left, and no peer to ask for them")

    def _usable(self, job: _Job) -> list[Connection]:
        """Peers that may still bring something for this file."""
        return [
            connection
            for connection in self._network.holders(job.tx.id)
            if job.failures.get(connection.peer_id, 0) < self._plan.failures_max
            and connection.shard.intersects(self._store.shard)
        ]

    async def _work(self, job: _Job) -> None:
        """Fetch runs of segments until none is left or nobody can be asked."""
        asked_again = False
        while job.wanted or job.claimed:
            job.changed.clear()
            picked = self._pick(job)
            if picked is None:
                if job.claimed:
                    # The others' segments may come back to be asked for again.
                    await job.changed.wait()
                    continue
                if not job.wanted or asked_again:
                    return
                asked_again = True
                await self._network.ask([job.tx.id])
                continue
            connection, indexes = picked
            job.state = State.DOWNLOADING
            job.peers[connection.peer_id] = "Downloading"
            for index in indexes:
                del job.wanted[index]
            job.claimed.update(indexes)
            stored: set[int] = set()
            try:
                await self._request(job, connection, indexes, stored)
            finally:
                job.claimed.difference_update(indexes)
                job.wanted.update((index, None) for index in indexes if index not in stored)
                job.changed.set()

    def _pick(self, job: _Job) -> tuple[Connection, list[int]] | None:
        tx = job.tx
        for connection in self._usable(job):
            held = (index for index in job.wanted if connection.shard.holds(tx.start_segment + index))
            indexes = sorted(itertools.islice(held, self._plan.segments_per_request))
            if indexes:
                return connection, indexes
        return None

    async def _request(self, job: _Job, connection: Connection, indexes: list[int], stored: set[int]) -> None:
        tx, peer = job.tx, connection.peer_id
        fetched = await self._network.fetch(connection, tx, indexes)
        good: list[Segment] = []
        if fetched.segments:
            faults = await self._lane.run(check_segments, fetched.segments)
            good = [segment for segment, fault in zip(fetched.segments, faults, strict=True) if fault is None]
            false = next((fault for fault in faults if fault is not None), None)
            if false is not None:
                self._network.note(peer, Event.LIE, f"file {tx.seq}: {false}")
                self._network.locations.drop(tx.id, peer)
                job.failures[peer] = self._plan.failures_max
                job.peers[peer] = "Lied"
        if good:
            await self._ingest.keep([NewSegment(tx.id, segment.index, segment.data, segment.proof) for segment in good])
            stored.update(segment.index for segment in good)
            self._numbers.segments.inc(len(good))
            self._network.note(peer, Event.GOOD, "", len(good))
        if fetched.fault is not None:
            self._failed(job, connection, fetched.fault, progress=bool(good))
            if isinstance(fetched.fault, Exhausted):
                await asyncio.sleep(BUSY_S)
        elif len(good) == len(indexes):
            job.peers[peer] = "Connected"
        elif len(fetched.segments) < len(indexes):
            # It said that it has them all.
            self._network.note(peer, Event.MISSING, f"file {tx.seq}: {len(indexes) - len(fetched.segments)} segments not sent")
            self._network.locations.drop(tx.id, peer)
            job.failures[peer] = job.failures.get(peer, 0) + 1
            job.peers[peer] = "Lacking"

    def _failed(self, job: _Job, connection: Connection, error: ZerogError, *, progress: bool) -> None:
        peer = connection.peer_id
        if not progress:
            job.failures[peer] = job.failures.get(peer, 0) + (BUSY_COST if isinstance(error, Exhausted) else 1)
        job.peers[peer] = "Failed"
        if isinstance(error, PeerFault | InvalidInput):
            job.failures[peer] = self._plan.failures_max
        if isinstance(error, NotFound | PeerFault | InvalidInput) or (isinstance(error, TimedOut) and not progress):
            self._network.locations.drop(job.tx.id, peer)
        self._network.failed(connection, error, progress=progress)

"""DA sampling: pieces of held rows that are good enough for the round, shown to the entrance contract for its rewards.

A round has a seed. First all rows of the epochs that may be sampled are judged by their names alone, which reads nothing from
the disk; then the best of them are read, 32 pieces each. The work of a round is bounded: rows remembered, answers sent.
Source: docs/protocol/da.md §§3.6, 4.4.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, Protocol, TypeVar

from zerog.contracts import da_entrance
from zerog.contracts.calls import Call
from zerog.contracts.da_entrance import SampleRange, SampleResponse, SampleTask
from zerog.da.retriever import merkle_path
from zerog.da.signer.store import SignerStore
from zerog.errors import Corrupt, NotFound, PeerFault, TimedOut, Unavailable
from zerog.primitives import blob, da_sampling
from zerog.primitives.blob import SUBLINE_SIZE_BYTES, Geometry
from zerog.primitives.da_sampling import BlobRecord
from zerog.primitives.hashing import keccak256
from zerog.runtime import log
from zerog.runtime.offload import Offload

T = TypeVar("T")
_log = log.get(__name__)

LINES_MAX: Final = 4096
_LEAF_BYTES: Final = 256


class Line(NamedTuple):
    """A row whose name is good enough, and how good: lower is better."""

    quality: int
    record: BlobRecord
    row: int


class MiningChain(Protocol):
    """What the miner asks of a chain; its head, where the round is.

    Raises (from every call): Unavailable, TimedOut: no answer. PeerFault: an answer that is none, or a contract's refusal.
    """

    async def ask_latest(self, to: bytes, call: Call[T]) -> T: ...

    async def send(self, to: bytes, call: Call[Any]) -> None: ...


class Miner:
    """Mines for one signer's store.

    Args:
        reading: threads for the disk and for hashing.
        answers_max: answers sent in one round.
        told: gets what became of an answer: ``accepted``, ``refused``, ``unrecorded``; and ``round`` for each round searched.
    """

    def __init__(
        self, chain: MiningChain, store: SignerStore, reading: Offload, entrance: bytes, *, geometry: Geometry = blob.MAINNET,
        answers_max: int = 40, poll_s: float = 1, told: Callable[[str], None] = lambda event: None,
    ) -> None:  # fmt: skip
        self._chain, self._store, self._reading, self._geometry = chain, store, reading, geometry
        self._entrance = entrance
        self._answers_max, self._poll_s, self._told = answers_max, poll_s, told
        self._done = bytes(32)

    async def run(self) -> None:
        if not self._geometry.sublines:
            return  # rows that are shorter than a piece
        while True:
            try:
                await self.step()
            except (Unavailable, TimedOut, PeerFault, Corrupt) as error:
                _log.warning("miner.waits", error=type(error).__name__, reason=str(error))
            await asyncio.sleep(self._poll_s)

    async def step(self) -> int:
        """Search the current round if it was not searched before; how many answers were taken."""
        task = await self._task()
        if task.seed in (self._done, bytes(32)) or not task.remaining:
            return 0
        reach = await self._chain.ask_latest(self._entrance, da_entrance.sample_range())
        lines = await self._reading.run(self._lines, task, reach)
        self._done = task.seed
        self._told("round")
        sent = taken = 0
        while lines and sent < min(self._answers_max, task.remaining):
            line = heapq.heappop(lines)
            for answer in await self._reading.run(self._answers, task, line):
                if sent >= min(self._answers_max, task.remaining):
                    break
                if (await self._task()).seed != task.seed:
                    return taken
                sent += 1
                taken += await self._send(answer)
        return taken

    async def _task(self) -> SampleTask:
        return await self._chain.ask_latest(self._entrance, da_entrance.sample_task())

    def _lines(self, task: SampleTask, reach: SampleRange) -> list[Line]:
        """The best rows by their names alone, as a heap."""
        found: list[Line] = []
        for record, rows in self._store.held_blobs(reach.start_epoch, reach.end_epoch):
            for row, quality in zip(rows, da_sampling.line_qualities(task.seed, record, rows), strict=True):
                if quality <= task.podas_target:
                    found.append(Line(quality, record, row))
            if len(found) > 2 * LINES_MAX:
                found = heapq.nsmallest(LINES_MAX, found)
        found = heapq.nsmallest(LINES_MAX, found)
        heapq.heapify(found)
        return found

    def _answers(self, task: SampleTask, line: Line) -> list[SampleResponse]:
        """The pieces of a row that are good enough, with their proofs, the best first."""
        try:
            (row,), (light,) = self._store.rows(line.record, [line.row]), self._store.lights(line.record, [line.row])
        except NotFound:  # pruned meanwhile
            return []
        path = merkle_path(light, self._geometry)
        hits = da_sampling.mine_row(line.quality, row, task.podas_target)
        if path is None or not hits:
            return []
        made = []
        for hit in sorted(hits, key=lambda one: one.quality):
            data = row[SUBLINE_SIZE_BYTES * hit.subline : SUBLINE_SIZE_BYTES * (hit.subline + 1)]
            proof = [*inner_proof(row, hit.subline), *path[1]]
            if not blob.verify_subline(line.row, hit.subline, data, proof, path[0], line.record.data_root, self._geometry):
                raise Corrupt(f"row {line.row} of blob 0x{line.record.data_root.hex()} does not lead to its root")
            first, second, third = path[0]
            made.append(
                SampleResponse(
                    task.seed,
                    line.record.epoch,
                    line.record.quorum_id,
                    line.row,
                    hit.subline,
                    hit.quality,
                    line.record.data_root,
                    (first, second, third),
                    tuple(proof),
                    data,
                )
            )
        return made

    async def _send(self, answer: SampleResponse) -> bool:
        record = BlobRecord(answer.epoch, answer.quorum_id, answer.data_root)
        known = da_entrance.commitment_exists(record.data_root, record.epoch, record.quorum_id)
        if not await self._chain.ask_latest(self._entrance, known):
            self._told("unrecorded")
            return False
        try:
            await self._chain.send(self._entrance, da_entrance.submit_sampling_response(answer))
        except PeerFault as error:  # somebody was faster, or the round is over
            self._told("refused")
            _log.info("miner.refused", row=answer.line_index, piece=answer.subline_index, reason=str(error))
            return False
        self._told("accepted")
        _log.info("miner.accepted", epoch=answer.epoch, row=answer.line_index, piece=answer.subline_index)
        return True


def inner_proof(row: bytes, piece: int) -> list[bytes]:
    """Siblings from a piece of a row up to the row's root, the lowest first."""
    level = [keccak256(row[at : at + _LEAF_BYTES]) for at in range(0, len(row), _LEAF_BYTES)]
    while len(level) > len(row) // SUBLINE_SIZE_BYTES:
        level = _parents(level)
    siblings = []
    while len(level) > 1:
        siblings.append(level[piece ^ 1])
        level, piece = _parents(level), piece // 2
    return siblings


def _parents(level: Sequence[bytes]) -> list[bytes]:
    return [keccak256(level[at] + level[at + 1]) for at in range(0, len(level), 2)]

"""The bytes of a submission, from whichever storage nodes have them, each segment proven against the root in the log.

Segments are asked for by the submission's number, so that another submission of the same bytes with another length cannot come
between. Nothing that a node says is believed: a segment counts only with its proof, and the length comes from the log.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import IO, Final

from zerog.errors import Exhausted, PeerFault, TimedOut, Unavailable, ZerogError
from zerog.runtime import log
from zerog.storage.api import Shard, Tx
from zerog.storage.layout import SEGMENT, Segment, check_segments
from zerog.storage.remote import Node, NodeRefused, Remote

_log = log.get(__name__)

CONCURRENCY: Final = 4
NODES_MAX: Final = 64
_SHARDS_EXPIRE_S: Final = 60
_FAILURES: Final = (Unavailable, TimedOut, PeerFault, NodeRefused, Exhausted)


@dataclass
class _Source:
    node: Node
    shard: Shard
    failed: int = 0
    lied: bool = False


class Fetcher:
    """Downloads submissions.

    Args:
        nodes: URLs of storage nodes; the indexer is asked when there are none.
        on_lie: told whenever a node sends something that is not proven.
    """

    def __init__(
        self, remote: Remote, *, nodes: Sequence[str] = (), indexer: str = "", on_lie: Callable[[], None] = lambda: None
    ) -> None:
        self._remote, self._on_lie = remote, on_lie
        self._nodes = [remote.node(url) for url in dict.fromkeys(nodes)][:NODES_MAX]
        self._indexer = remote.indexer(indexer) if indexer and not nodes else None
        self._shards: dict[str, tuple[float, Shard]] = {}

    async def fetch(self, tx: Tx, target: IO[bytes]) -> None:
        """A whole submission into ``target``, exactly its bytes.

        Raises:
            Unavailable: a segment that nobody gives (yet); says why.
        """
        sources = await self._sources(tx)
        waiting = list(reversed(range(tx.layout.data_segments)))

        async def work() -> None:
            while waiting:
                index = waiting.pop()
                data = await self._segment(tx, index, sources)
                await asyncio.to_thread(_write, target, index * SEGMENT, data[: tx.size - index * SEGMENT])

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(CONCURRENCY, len(waiting))):
                    group.create_task(work())
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None

    async def _segment(self, tx: Tx, index: int, sources: list[_Source]) -> bytes:
        reasons: list[str] = []
        able = [source for source in sources if source.shard.holds(tx.start_segment + index)]
        for source in sorted(able, key=lambda source: source.failed):
            if source.lied:
                reasons.append(f"{source.node.url}: it lied before")
                continue
            try:
                segment = await source.node.segment(tx.seq, index)
                wrong = await asyncio.to_thread(_wrong, tx, index, segment)
                if segment is not None and not wrong:
                    return bytes(segment.data)
                source.lied = segment is not None
            except PeerFault as error:
                wrong, source.lied = str(error), True
            except _FAILURES as error:
                wrong = str(error)
            source.failed += 1
            if source.lied:
                self._on_lie()
                _log.warning("kv.node_lied", node=source.node.url, seq=tx.seq, reason=wrong)
            reasons.append(f"{source.node.url}: {wrong.removeprefix(source.node.url + ': ')}")
        told = "; ".join(reasons[:4]) or f"no node that answers holds segment {tx.start_segment + index} of the flow"
        raise Unavailable(f"nobody gives segment {index} of submission {tx.seq}: {told}")

    async def _sources(self, tx: Tx) -> list[_Source]:
        if self._indexer is not None:
            located = await self._indexer.locations(tx.root) or await self._indexer.nodes()
            return [_Source(self._remote.node(node.url), node.shard) for node in located[:NODES_MAX]]
        answers = await asyncio.gather(*(self._shard(node) for node in self._nodes), return_exceptions=True)
        sources = []
        for node, answer in zip(self._nodes, answers, strict=True):
            if isinstance(answer, Shard):
                sources.append(_Source(node, answer))
            elif not isinstance(answer, ZerogError):
                raise answer
        if not sources:
            raise Unavailable(f"no storage node answers: {answers[0] if answers else 'none is configured'}")
        return sources

    async def _shard(self, node: Node) -> Shard:
        """A node's part of the flow, asked again from time to time: nodes may keep less later."""
        kept = self._shards.get(node.url)
        if kept is not None and time.monotonic() - kept[0] < _SHARDS_EXPIRE_S:
            return kept[1]
        shard = await node.shard(retries=0)
        self._shards[node.url] = (time.monotonic(), shard)
        return shard


def _wrong(tx: Tx, index: int, segment: Segment | None) -> str:
    """Why a received segment is not the one asked for; nothing when it is."""
    if segment is None:
        return "it does not have the segment"
    if segment.root != tx.root or segment.index != index:
        return f"it sent segment {segment.index} of file 0x{segment.root.hex()}"
    if segment.file_size != tx.size or len(segment.data) != tx.layout.segment_size(index):
        return f"it sent {len(segment.data)} bytes of a file of {segment.file_size}, expected {tx.size}"
    (fault,) = check_segments([segment])
    return "" if fault is None else f"its proof is wrong ({fault})"


def _write(target: IO[bytes], at: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        done = os.pwrite(target.fileno(), view, at)
        view, at = view[done:], at + done

"""Files out of the storage network: nothing that a node says is believed without a proof, nothing unproven reaches the disk.

Source: docs/protocol/storage.md, sections 4 and 9.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Final

from zerog.errors import PeerFault, Unavailable, ZerogError
from zerog.runtime.disk import check_free
from zerog.storage import frames
from zerog.storage.api import Shard
from zerog.storage.fleet import Fleet
from zerog.storage.layout import SEGMENT, Layout, Segment, check_segments, file_layout
from zerog.storage.part import Part
from zerog.storage.remote import FileInfo, Node, not_found
from zerog.storage.selection import uncovered
from zerog.storage.transfer import FAILURES, Meter, Progress, fault_of, first_failure, seen, unlike, wrong_segment

_RUN_MAX: Final = 8
_FLUSH_BYTES: Final = 32 << 20


@dataclass
class _Holder:
    """A node that says it has a file, and how it has behaved so far."""

    node: Node
    shard: Shard
    info: FileInfo
    busy: int = 0
    failed: int = 0
    banned: bool = False
    lie: str = ""

    def has(self, index: int) -> bool:
        return self.shard.holds(self.info.start_segment + index)


class Downloads:
    """Downloads from the nodes of a fleet, ``concurrency`` calls with segments in flight at any time."""

    def __init__(self, fleet: Fleet, concurrency: int) -> None:
        self._fleet, self._remote, self._concurrency = fleet, fleet.remote, concurrency

    async def fetch(self, root: bytes, part: Path, *, size: int | None = None, progress: Progress | None = None) -> int:
        """A whole file into ``part``, each segment proven before it is written; goes on where an earlier run stopped.

        Args:
            part: a working file that only this client writes; beside it a list of what is there.
            size: the file's size where the caller knows it, else what most nodes say.

        Returns:
            The file's size. ``part`` then holds exactly the file, on disk, with its root compared.

        Raises:
            NotFound: no node knows it. Unavailable: a segment that nobody gives. PeerFault: every node that has it lies.
        """
        for again in (True, False):
            holders = await self._holders(root)
            agreed = _agree(holders, size)
            holders = [holder for holder in holders if holder.info.size == agreed]
            layout = file_layout(agreed)
            for index in range(min(layout.data_segments, max(holder.shard.count for holder in holders))):
                if not any(holder.has(index) for holder in holders):
                    missing = uncovered(
                        [holder.shard for holder in holders], range(holders[0].info.start_segment + index, 1 << 60)
                    )
                    raise Unavailable(
                        f"nobody that answers has segment {index} of file 0x{root.hex()} "
                        f"(segment {missing} of the flow): add nodes that hold its shard"
                    )
            await asyncio.to_thread(check_free, part.parent, agreed)
            with Part(part, root, agreed, layout.data_segments) as opened:
                resumed = opened.done_count > 0
                await self._fetch_missing(root, layout, holders, opened, progress)
                # Segments of this run were proven to lie at their places under the root, padding included: together they are
                # the file. What an earlier run left is only believed when the whole has the root.
                if not resumed or await asyncio.to_thread(opened.root) == root:
                    await asyncio.to_thread(opened.sync)
                    return agreed
                opened.discard()
            if not again:
                break
        raise PeerFault(f"file 0x{root.hex()}: the parts do not make the whole; its size of {agreed} bytes may be wrong")

    async def _fetch_missing(
        self, root: bytes, layout: Layout, holders: list[_Holder], part: Part, progress: Progress | None
    ) -> None:
        missing = part.missing()
        meter = Meter(progress, layout.size)
        meter.reach(layout.size - sum(min(SEGMENT, layout.size - index * SEGMENT) for index in missing))
        todo, waiting = set(missing), deque(missing)
        several = len(missing) > 1
        unflushed, flushing = 0, set[asyncio.Task[None]]()

        async def one(index: int) -> None:
            data = await self._proven(root, layout, holders, index)
            await asyncio.to_thread(part.write, index, data[: layout.size - index * SEGMENT])

        async def worker() -> None:
            # Fresh memory for every answer would cost as much as the hashing of what is in it.
            memory = bytearray(min(_RUN_MAX, len(missing)) * frames.FRAME_SIZE_MAX if several else 0)
            while waiting:
                index = waiting.popleft()
                if index not in todo:
                    continue
                todo.discard(index)
                holder = await self._framing(holders, index) if several else None
                run = range(index, index + 1)
                if holder is not None:
                    able = range(index, layout.data_segments, holder.shard.count)[:_RUN_MAX]
                    run = able[: 1 + sum(1 for _ in takewhile(todo.__contains__, able[1:]))]
                    todo.difference_update(run)
                written = set() if holder is None else await self._fetch_run(root, layout, holder, run, part, memory)
                for i in run:
                    if i not in written:
                        await one(i)
                    meter.step(min(SEGMENT, layout.size - i * SEGMENT))
                flush(len(run) * SEGMENT)

        def flush(count: int) -> None:
            """Some of it on the way to the disk while the rest comes: at the end all of it would be waited for."""
            nonlocal unflushed
            unflushed += count
            if unflushed >= _FLUSH_BYTES and not flushing:
                unflushed = 0
                task = group.create_task(asyncio.to_thread(part.sync))
                flushing.add(task)
                task.add_done_callback(flushing.discard)

        async with first_failure() as group:
            for _ in range(min(self._concurrency, len(missing))):
                group.create_task(worker())

    async def _framing(self, holders: list[_Holder], index: int) -> _Holder | None:
        """The best holder of a segment, when it gives frames."""
        able = [holder for holder in holders if holder.has(index) and not holder.banned]
        best = min(able, key=lambda holder: (holder.failed, holder.busy), default=None)
        return best if best is not None and await self._remote.takes_frames(best.node.url) else None

    async def _fetch_run(
        self, root: bytes, layout: Layout, holder: _Holder, indices: range, part: Part, memory: bytearray
    ) -> set[int]:
        """Some segments at once from one holder, into their places; those that it gave with a right proof."""
        holder.busy += 1
        try:
            segments = await holder.node.segments(holder.info.seq, indices, memory)
            lie, written = await asyncio.to_thread(_keep_proven, root, layout, indices, segments, part)
        except PeerFault as error:
            lie, written = str(error), set()
        except FAILURES:
            lie, written = "", set()
        finally:
            holder.busy -= 1
        if lie:
            holder.banned, holder.lie = True, lie
        holder.failed += len(written) < len(indices)
        return written

    async def _proven(self, root: bytes, layout: Layout, holders: list[_Holder], index: int) -> bytes:
        """A segment from whoever gives it with a right proof."""
        reasons: dict[str, str] = {}
        for _ in range(2):
            able = [holder for holder in holders if holder.has(index) and not holder.banned]
            for holder in sorted(able, key=lambda holder: (holder.failed, holder.busy)):
                holder.busy += 1
                try:
                    segment = await holder.node.segment(holder.info.seq, index)
                    wrong = "it does not have the segment"
                    if segment is not None:
                        wrong = await wrong_segment(root, layout, index, segment)
                    if segment is not None and not wrong:
                        return bytes(segment.data)
                    # A node that lies once is not asked again; one that has not got the segment may have others.
                    holder.banned = segment is not None
                except PeerFault as error:
                    wrong, holder.banned = str(error), True
                except FAILURES as error:
                    wrong = str(error)
                finally:
                    holder.busy -= 1
                holder.failed += 1
                reasons[holder.node.url] = wrong
        if not reasons:
            reasons = {holder.node.url: holder.lie or "it lied before" for holder in holders if holder.has(index)} or {
                "": "no node that answers has it"
            }
        told = "; ".join(f"{url}: {reason.removeprefix(url + ': ')}" for url, reason in list(reasons.items())[:4])
        lied = [holder for holder in holders if holder.has(index)]
        kind = PeerFault if lied and all(holder.banned for holder in lied) else Unavailable
        raise kind(f"nobody gives segment {index} of file 0x{root.hex()} with a right proof: {told}")

    async def _holders(self, root: bytes) -> list[_Holder]:
        nodes = await self._fleet.locations(root)

        async def ask(node: Node, retries: int) -> _Holder | None:
            info = await node.info(root, retries=retries)
            return None if info is None else _Holder(node, await node.shard(retries=retries), info)

        # Who does not answer at once is asked again only when those who do are not enough.
        answers: list[_Holder | ZerogError | None] = [Unavailable("not asked")] * len(nodes)
        for retries in (0, 1):
            again = [at for at, answer in enumerate(answers) if isinstance(answer, ZerogError)]
            told = seen(await asyncio.gather(*(ask(nodes[at], retries) for at in again), return_exceptions=True))
            for at, answer in zip(again, told, strict=True):
                answers[at] = answer
            found = [answer for answer in answers if isinstance(answer, _Holder)]
            ready = [holder for holder in found if holder.info.finalized and not holder.info.pruned]
            if _covered(ready):
                break
        if ready:
            return ready
        failures = [answer for answer in answers if isinstance(answer, ZerogError)]
        if any(holder.info.pruned for holder in found):
            raise Unavailable(f"file 0x{root.hex()}: already pruned on every node that answers; try other nodes")
        if found:
            best = max(holder.info.uploaded_segments for holder in found)
            raise Unavailable(
                f"file 0x{root.hex()} is in the log, but no node has all of it yet ({best} of "
                f"{file_layout(found[0].info.size).data_segments} segments); finish the upload or try again later"
            )
        if failures and len(failures) == len(answers):
            if all(isinstance(failure, PeerFault) for failure in failures):
                raise PeerFault(f"no storage node gives a right answer: {failures[0]}")
            raise Unavailable(f"no storage node answers: {failures[0]}; is a node running, and is its address right?")
        raise not_found(root)


def _keep_proven(root: bytes, layout: Layout, indices: range, segments: list[Segment], part: Part) -> tuple[str, set[int]]:
    """Write those segments that are the ones asked for; why one was not (nothing: all were), and which were written."""
    lie, like = "", []
    for index, segment in zip(indices, segments, strict=False):
        other = unlike(root, layout, index, segment)
        if other:
            lie = other
        else:
            like.append((index, segment))
    written = set()
    for (index, segment), fault in zip(like, check_segments([segment for _, segment in like]), strict=True):
        wrong = fault_of(layout, index, segment, fault)
        if wrong:
            lie = wrong
        else:
            part.write(index, segment.data[: layout.size - index * SEGMENT])
            written.add(index)
    return lie, written


def _covered(holders: list[_Holder]) -> bool:
    """Whether these nodes have a whole file between them."""
    if not holders:
        return False
    start = holders[0].info.start_segment
    count = min(max(holder.shard.count for holder in holders), file_layout(holders[0].info.size).data_segments)
    return all(any(holder.shard.holds(start + index) for holder in holders) for index in range(count))


def _agree(holders: list[_Holder], size: int | None) -> int:
    """The size of a file. The root fixes it only up to zero bytes at the end, so the nodes' words are counted."""
    votes: dict[int, int] = {}
    for holder in holders:
        votes[holder.info.size] = votes.get(holder.info.size, 0) + 1
    if size is not None:
        if size not in votes:
            raise PeerFault(f"no node says that the file has {size} bytes; they say {sorted(votes)[:5]}")
        return size
    best = max(votes, key=lambda candidate: votes[candidate])
    if list(votes.values()).count(votes[best]) > 1:
        raise PeerFault(
            f"the nodes do not agree how many bytes the file has: {sorted(votes)[:5]}; give the size (--size), or other nodes"
        )
    return best

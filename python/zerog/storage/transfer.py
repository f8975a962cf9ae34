"""What uploads and downloads have in common: how nodes fail, how their answers are gathered, how progress is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from zerog.errors import PeerFault, TimedOut, Unavailable, ZerogError
from zerog.storage.layout import SEGMENT, Layout, Segment, SegmentFault, check_segments
from zerog.storage.remote import FileInfo, NodeRefused

BATCH_SIZE: Final = 10
_POLL_FIRST_S: Final = 0.1
_POLL_S: Final = 1.0

Progress = Callable[[int, int], None]
"""Bytes done, bytes in all."""

FAILURES: Final = (Unavailable, TimedOut, PeerFault, NodeRefused)
"""What a node may do to us."""


def seen(answers: Sequence[Any]) -> list[Any]:
    """Answers of ``gather``: errors that zerog raises on purpose stay values, others are bugs and go up."""
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, ZerogError):
            raise answer
    return list(answers)


async def until(look: Callable[[], Awaitable[FileInfo | None]], ends_at_s: float, complaint: str) -> FileInfo:
    """Ask again, soon at first and then every second, until there is an answer."""
    pause_s = _POLL_FIRST_S
    while True:
        found = await look()
        if found is not None:
            return found
        if asyncio.get_running_loop().time() + pause_s > ends_at_s:
            raise TimedOut(complaint)
        await asyncio.sleep(pause_s)
        pause_s = min(_POLL_S, pause_s * 1.5)


class first_failure:
    """A task group whose first failure comes out as itself, not wrapped."""

    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()

    async def __aenter__(self) -> asyncio.TaskGroup:
        return await self._group.__aenter__()

    async def __aexit__(self, *facts: Any) -> None:
        try:
            await self._group.__aexit__(*facts)
        except BaseExceptionGroup as several:
            raise several.exceptions[0] from None


class Meter:
    """Tells progress: in steps, and at least what is known to be done."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total, self._done, self._floor = progress, total, 0.0, 0

    def step(self, count: float) -> None:
        self._done = min(self._total, self._done + count)
        self._tell()

    def reach(self, count: int) -> None:
        """At least ``count`` more than what was reached before is done."""
        self._floor += count
        self._done = min(self._total, max(self._done, self._floor))
        self._tell()

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(int(self._done), self._total)


def shifted(progress: Progress, before: int, total: int) -> Progress:
    """Progress of a part of something larger."""
    return lambda done, _: progress(before + done, total)


async def wrong_segment(root: bytes, layout: Layout, index: int, segment: Segment) -> str:
    """Why a received segment is not the one asked for; nothing when it is."""
    other = unlike(root, layout, index, segment)
    if other:
        return other
    (fault,) = await asyncio.to_thread(check_segments, [segment])
    return fault_of(layout, index, segment, fault)


def fault_of(layout: Layout, index: int, segment: Segment, fault: SegmentFault | None) -> str:
    """What the check of a segment came to, in words; nothing when it is good."""
    if fault is not None:
        return f"its proof is wrong ({fault})"
    if any(segment.data[max(0, layout.size - index * SEGMENT) :]):
        return "there is data behind the end that it states; the file is longer"
    return ""


def unlike(root: bytes, layout: Layout, index: int, segment: Segment) -> str:
    """Why a segment is another than the one asked for, its proof aside."""
    if segment.root != root or segment.index != index:
        return f"it sent segment {segment.index} of file 0x{segment.root.hex()}"
    if segment.file_size != layout.size:
        return f"it says that the file has {segment.file_size} bytes, not {layout.size}"
    if len(segment.data) != layout.segment_size(index):
        return f"it sent {len(segment.data)} bytes, not {layout.segment_size(index)}"
    return ""

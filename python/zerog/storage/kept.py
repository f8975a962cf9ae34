"""Files that the gateway fetched and compared with their roots, kept for a while: a player asks for many ranges of one film.

Each is fetched once however many ask, in a private directory; the longest unused go first when all together take too much.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from zerog.errors import Exhausted

Fetch = Callable[[Path], Awaitable[object]]

_DATES_FROM_NS: Final = 946_684_800 * 10**9
_DATES_NS: Final = 10**17


@dataclass
class _Kept:
    size: int
    private: tempfile.TemporaryDirectory[str]
    fetching: asyncio.Task[None]
    users: int = 0
    used_at: float = field(default=0.0)

    @property
    def path(self) -> Path:
        return Path(self.private.name) / "file"


class KeptFiles:
    """Verified files by root.

    Args:
        bytes_max: files that nobody reads are kept while all together take no more than this; 0 keeps none.
        fetches_max: so many may be fetched at a time.
        idle_s: who was not asked for during so long goes.
    """

    def __init__(self, *, bytes_max: int, fetches_max: int, idle_s: float) -> None:
        self._bytes_max, self._fetches_max, self._idle_s = bytes_max, fetches_max, idle_s
        self._files: OrderedDict[bytes, _Kept] = OrderedDict()

    @property
    def count(self) -> int:
        """Files that are here or being fetched."""
        return len(self._files)

    @asynccontextmanager
    async def open(self, root: bytes, size: int, fetch: Fetch) -> AsyncIterator[Path]:
        """The file, for as long as the block lasts.

        Args:
            size: its bytes.
            fetch: writes the file, proven, to a path; called when nobody has it.

        Raises:
            Exhausted: too many are being fetched. What ``fetch`` raises.
        """
        kept = self._files.get(root)
        if kept is None:
            if sum(not one.fetching.done() for one in self._files.values()) >= self._fetches_max:
                raise Exhausted(f"{self._fetches_max} downloads are running already; try again in a moment")
            private = tempfile.TemporaryDirectory(prefix="zerog-gateway-")
            part = Path(private.name) / "file"
            kept = _Kept(size, private, asyncio.create_task(_fetched(fetch, part, root), name="gateway.fetch"))
            self._files[root] = kept
        kept.users += 1
        try:
            await asyncio.shield(kept.fetching)
            yield kept.path
        finally:
            kept.users -= 1
            kept.used_at = asyncio.get_running_loop().time()
            if root in self._files:
                self._files.move_to_end(root)
            await self._tidy(root, kept)

    async def _tidy(self, root: bytes, kept: _Kept) -> None:
        """Drop what failed, what the last reader left in the middle, and what is too much."""
        failed = kept.fetching.done() and (kept.fetching.cancelled() or kept.fetching.exception() is not None)
        if not kept.users and (failed or not kept.fetching.done()):
            await self._drop(root, kept)
        self._make_room()
        asyncio.get_running_loop().call_later(self._idle_s + 0.01, self._make_room)

    def _make_room(self) -> None:
        idle_since = asyncio.get_running_loop().time() - self._idle_s
        taken = sum(one.size for one in self._files.values())
        for root, one in [(root, one) for root, one in self._files.items() if not one.users and one.fetching.done()]:
            if taken > self._bytes_max or one.used_at < idle_since:
                taken -= one.size
                del self._files[root]
                one.private.cleanup()

    async def _drop(self, root: bytes, kept: _Kept) -> None:
        if self._files.get(root) is kept:
            del self._files[root]
        kept.fetching.cancel()
        try:
            await asyncio.gather(kept.fetching, return_exceptions=True)
        finally:
            kept.private.cleanup()

    async def close(self) -> None:
        """Delete all of it."""
        for root, kept in list(self._files.items()):
            await self._drop(root, kept)


async def _fetched(fetch: Fetch, part: Path, root: bytes) -> None:
    await fetch(part)
    # What a root names never changes, so its date is the root's as well: validators of HTTP stay the same over restarts.
    date_ns = _DATES_FROM_NS + int.from_bytes(root[:8], "big") % _DATES_NS
    await asyncio.to_thread(os.utime, part, ns=(date_ns, date_ns))

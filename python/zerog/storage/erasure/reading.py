"""Segments of an erasure-coded file out of the network: read where somebody has them, else made out of their stripe's others.

Whatever comes out is proven: read segments by their proof, decoded ones by their root in the manifest.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar

from zerog.errors import PeerFault, Unavailable
from zerog.storage.erasure import coding
from zerog.storage.erasure.census import Census, Kind
from zerog.storage.erasure.manifest import Code
from zerog.storage.layout import SEGMENT
from zerog.storage.part import Part as PartFile

_STRIPES_BYTES_MAX: Final = 64 << 20
_T = TypeVar("_T")


class Reader:
    """Bounded reading.

    Args:
        concurrency: calls with segments in flight at any time.
    """

    def __init__(self, concurrency: int) -> None:
        self.calls, self.concurrency = asyncio.Semaphore(concurrency), concurrency

    async def read(self, census: Census, kind: Kind, index: int) -> bytes | None:
        """``Census.read``, waiting for its turn."""
        async with self.calls:
            return await census.read(kind, index)

    async def segments(self, census: Census, stripe: int, wanted: Sequence[int], opened: PartFile) -> dict[int, bytes]:
        """Data segments of a stripe: read where somebody has them, else decoded."""
        answers = await asyncio.gather(*(self.read(census, "data", index) for index in wanted))
        found = {index: data for index, data in zip(wanted, answers, strict=True) if data is not None}
        lost = [index for index in wanted if index not in found]
        if lost:
            data, k = census.manifest.data, census.manifest.code.data
            known: dict[int, bytes] = {index - stripe * k: found[index] for index in found}
            for index in range(stripe * k, stripe * k + census.manifest.width(stripe)):
                if index not in wanted:
                    piece = opened.read(index)
                    piece += bytes(-len(piece) % 256)
                    if await asyncio.to_thread(data.has, index, piece):
                        known[index - stripe * k] = piece
            made = await self.decode(census, stripe, [index - stripe * k for index in lost], known)
            found.update((position + stripe * k, piece) for position, piece in made.items())
        return found

    async def decode(self, census: Census, stripe: int, wanted: Sequence[int], known: dict[int, bytes]) -> dict[int, bytes]:
        """Positions of a stripe made out of any others, each compared with its root.

        Raises:
            Unavailable: too few others are left. PeerFault: the parity is not that of the file.
        """
        manifest = census.manifest
        code, width = manifest.code, manifest.width(stripe)
        if manifest.parity is None:
            raise Unavailable(f"nobody gives the only segment of file 0x{manifest.data.root.hex()}")
        positions = [
            p for p in (*range(width), *range(code.data, code.data + code.parity)) if p not in known and p not in wanted
        ]
        while len(known) < width and positions:
            # As many as are still needed at once; who fails is replaced from the rest.
            batch, positions = positions[: width - len(known)], positions[width - len(known) :]
            answers = await asyncio.gather(*(self.read(census, *census.place(stripe, position)) for position in batch))
            known.update((position, data) for position, data in zip(batch, answers, strict=True) if data is not None)
        if len(known) < width:
            raise Unavailable(
                f"file 0x{manifest.data.root.hex()}: stripe {stripe} has {len(known)} segments left and needs {width}; "
                "bring nodes back that hold others"
            )
        made = await asyncio.to_thread(coding.decode, code, width, known, wanted)
        found = {}
        for position, row in made.items():
            kind, index = census.place(stripe, position)
            piece = row[: census.part(kind).layout.segment_size(index)].tobytes()
            if not await asyncio.to_thread(census.part(kind).has, index, piece):
                raise PeerFault(f"manifest 0x{census.manifest_part.root.hex()}: its parity does not fit the file")
            found[position] = piece
        return found

    async def each(self, stripes: list[int], work: Callable[[int], Awaitable[None]], code: Code) -> None:
        """Stripes, as many at a time as memory is meant for."""
        width = max(1, min(self.concurrency, _STRIPES_BYTES_MAX // ((code.data + code.parity) * SEGMENT)))
        await spread(stripes, work, width)


async def spread(items: Sequence[_T], work: Callable[[_T], Awaitable[None]], width: int) -> None:
    """``work`` on all items, ``width`` at a time; the first failure ends it and comes out as itself."""
    waiting = list(reversed(items))

    async def worker() -> None:
        while waiting:
            await work(waiting.pop())

    tasks = [asyncio.create_task(worker()) for _ in range(min(width, len(items)))]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

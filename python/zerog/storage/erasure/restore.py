"""Bringing the segments of a file to the nodes that they should lie on: what an upload and a repair both are.

Source: docs/protocol/erasure.md, placement and repair.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from zerog.errors import PeerFault, Unavailable
from zerog.storage.erasure.census import KINDS, Census, Durability, Failures, Held, Kind, Member, ask_file, merged
from zerog.storage.erasure.manifest import Manifest, Part
from zerog.storage.erasure.placement import plan, plan_copies
from zerog.storage.erasure.reading import Reader
from zerog.storage.layout import SEGMENT, Segment
from zerog.storage.transfer import Progress

_ROUNDS: Final = 4
_POLL_S: Final = 0.25

Source = Callable[[Kind, int], bytes]
"""The bytes of a segment of the file, its parity or its manifest, from here."""


@dataclass(slots=True)
class Repaired:
    """What a repair did: segments made out of others, segments copied to spread them, and how safe the file is now."""

    durability: Durability
    rebuilt: int = 0
    copied: int = 0
    failures: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            "rebuilt_segments": self.rebuilt,
            "copied_segments": self.copied,
            "failures": self.failures,
            **self.durability.to_json(),
        }


class Restore:
    """One run over the nodes of a census.

    Args:
        reader: for what has to be read.
        timeout_s: for nodes to learn of the file.
    """

    def __init__(self, reader: Reader, timeout_s: float) -> None:
        self._reader, self._timeout_s = reader, timeout_s

    async def run(self, census: Census, source: Source | None, progress: Progress | None) -> Repaired:
        """Bring every stripe to the nodes that it should lie on; planned anew when nodes turn out to be of no use."""
        manifest = census.manifest
        await self._all_know(census)
        done = Repaired(census.durability())
        for _ in range(_ROUNDS):
            before = census.changes
            meter = _Meter(progress, manifest)
            load = census.load()

            async def one(stripe: int, load: Counter[str] = load, meter: _Meter = meter) -> None:
                await self._stripe(census, stripe, source, load, done)
                meter.step()

            if manifest.parity is not None:
                await self._reader.each(list(range(manifest.stripes)), one, manifest.code)
            for kind, index in census.copied():
                await self._copies(census, kind, index, source, load, done)
            if census.changes == before:
                break
        done.durability = census.durability()
        return done

    async def _stripe(self, census: Census, stripe: int, source: Source | None, load: Counter[str], done: Repaired) -> None:
        members = {member.url: member for member in census.usable}
        row = census.row(stripe)
        if source is None and row.present < row.need:
            done.failures.append(f"stripe {stripe} has {row.present} segments and needs {row.need}")
            return

        moves = plan(
            row,
            list(members),
            lambda position, url: members[url].may_take(*census.place(stripe, position)),
            lambda position, url: members[url].is_looked_at(*census.place(stripe, position)),
            load,
        )
        if not moves:
            return
        pieces: dict[int, bytes] = {}
        if source is not None:
            pieces = {move.position: source(*census.place(stripe, move.position)) for move in moves}
        else:
            for move in moves:
                if row.holders[move.position]:
                    data = await self._reader.read(census, *census.place(stripe, move.position))
                    if data is not None:
                        pieces[move.position] = data
            lost = [move.position for move in moves if move.position not in pieces]
            if lost:
                try:
                    pieces.update(await self._reader.decode(census, stripe, lost, dict(pieces)))
                except (Unavailable, PeerFault) as error:
                    done.failures.append(str(error))
        stored = await asyncio.gather(
            *(
                self._store(census, members[move.node], *census.place(stripe, move.position), pieces[move.position], done)
                for move in moves
                if move.position in pieces
            )
        )
        if source is None:
            fresh = sum(1 for move in moves if move.position in pieces and not row.holders[move.position])
            done.rebuilt += min(fresh, sum(stored))
            done.copied += max(0, sum(stored) - fresh)

    async def _copies(
        self, census: Census, kind: Kind, index: int, source: Source | None, load: Counter[str], done: Repaired
    ) -> None:
        members = {member.url: member for member in census.usable}
        holders = frozenset(member.url for member in census.holders(kind, index))
        chosen = plan_copies(
            holders,
            census.manifest.copies,
            members,
            lambda url: members[url].may_take(kind, index),
            lambda url: members[url].is_looked_at(kind, index),
            load,
        )
        if not chosen:
            return
        if source is not None:
            data: bytes | None = source(kind, index)
        elif kind == "manifest":
            piece = census.raw[index * SEGMENT : (index + 1) * SEGMENT]
            data = piece + bytes(-len(piece) % 256)
        else:
            data = await self._reader.read(census, kind, index)
        if data is None:
            done.failures.append(f"nobody gives segment {index} of the {kind}")
            return
        stored = await asyncio.gather(*(self._store(census, members[url], kind, index, data, done) for url in chosen))
        if source is None:
            done.copied += sum(stored)

    async def _store(self, census: Census, member: Member, kind: Kind, index: int, data: bytes, done: Repaired) -> bool:
        """Put a segment on a node; who fails is not used again in this run."""
        if member.refused:
            return False
        part = census.part(kind)
        try:
            held = await self._known(member, kind, part)
            async with self._reader.calls:
                fresh = await member.node.upload([Segment(part.root, data, index, part.proof(index), part.size)], held.seq)
        except Failures as error:
            census.refuse(member, str(error))
            done.failures.append(str(error))
            return False
        if not fresh and not member.owns(kind, index):
            census.refuse(member, f"{member.url} takes no segments outside its shard")
            done.failures.append(member.refused)
            return False
        held.where[index] = held.seq
        return True

    async def _all_know(self, census: Census) -> None:
        """Wait until nodes have read the log so far that they know the set; the others are not written to."""

        async def wait(member: Member) -> None:
            try:
                for kind in KINDS:
                    if kind != "parity" or census.manifest.parity is not None:
                        await self._known(member, kind, census.part(kind))
            except Failures as error:
                census.refuse(member, str(error))

        await asyncio.gather(*(wait(member) for member in census.usable))

    async def _known(self, member: Member, kind: Kind, part: Part) -> Held:
        """A file's number on a node, as soon as the node has learned of it."""
        ends_at_s = asyncio.get_running_loop().time() + self._timeout_s
        while kind not in member.held:
            told = await ask_file(member.node, part.root, part.size) if member.takes_any else None
            if told:
                member.held[kind] = merged(told)
                break
            info = None if member.takes_any else await member.node.info(part.root)
            if info is not None and info.size == part.size:
                member.held[kind] = Held(info.seq, info.start_segment)
                break
            if asyncio.get_running_loop().time() > ends_at_s:
                raise Unavailable(f"{member.url} did not learn of file 0x{part.root.hex()} within {self._timeout_s:g} s")
            await asyncio.sleep(_POLL_S)
        return member.held[kind]


class _Meter:
    """Progress in bytes of the file as stripes are done."""

    def __init__(self, progress: Progress | None, manifest: Manifest) -> None:
        self._progress, self._total, self._stripes, self._done = progress, manifest.data.size, manifest.stripes, 0

    def step(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._total * self._done // self._stripes, self._total)

"""Files of the erasure-coded class: in, out, how safe they are, and safe again.

Upload and repair are one thing: look who holds what, plan what is missing, store it, look again. Nothing is remembered but what
nodes hold and what the log says, so each may be killed at any time and run again.

Source: docs/protocol/erasure.md.
"""

from __future__ import annotations

import asyncio
import mmap
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeVar

from zerog.errors import InvalidInput, NotFound, PeerFault, Unavailable
from zerog.runtime.disk import check_free
from zerog.storage.client import Payer, Progress, Resume, StorageClient, wrong_segment
from zerog.storage.erasure import coding
from zerog.storage.erasure.census import (
    KINDS,
    Census,
    Durability,
    Failures,
    Held,
    Kind,
    Member,
    Told,
    ask_file,
    merged,
    part_of,
    together,
)
from zerog.storage.erasure.manifest import MAGIC, MANIFEST_SIZE_MAX, Code, Manifest, Part, Tag
from zerog.storage.erasure.placement import plan, plan_copies
from zerog.storage.layout import SEGMENT, FileTree, Segment, file_layout
from zerog.storage.part import Part as PartFile
from zerog.storage.remote import Node, Remote
from zerog.storage.selection import ShardedNode
from zerog.types import parse_hash

CANDIDATES_MAX: Final = 8
_ROUNDS: Final = 4
_STRIPES_BYTES_MAX: Final = 64 << 20
_POLL_S: Final = 0.25
_MANIFESTS_MAX: Final = 1_000_000

Source = Callable[[Kind, int], bytes]
"""The bytes of a segment of the file, its parity or its manifest, from here."""


@dataclass(frozen=True, slots=True)
class StoredCoded:
    """A file of the class in the network."""

    root: bytes
    size: int
    tx_hash: bytes | None
    seq: int | None
    durability: Durability


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


@dataclass(frozen=True, slots=True)
class Listed:
    """A file that nodes list as erasure-coded, with its manifests."""

    root: bytes
    manifests: tuple[bytes, ...]


class ErasureClient:
    """The class over the nodes of ``client``.

    Args:
        client: who the nodes are, and how files are paid for.
        remote: open connections.
        concurrency: calls with segments in flight at any time.
        timeout_s: for nodes to learn of a file.
    """

    def __init__(self, client: StorageClient, remote: Remote, *, concurrency: int = 8, timeout_s: float = 300) -> None:
        self._client, self._remote = client, remote
        self._calls = asyncio.Semaphore(concurrency)
        self._concurrency, self._timeout_s = concurrency, timeout_s

    # --- in -----------------------------------------------------------------------------------------------------------

    async def upload(
        self,
        view: memoryview,
        code: Code,
        payer: Payer | None,
        *,
        resume: Resume | None = None,
        progress: Progress | None = None,
    ) -> StoredCoded:
        """Store a file with its parity, so that ``code.parity`` nodes may die; all three files in one transaction.

        Every segment is on a disk when this returns. Run again after an interruption: what is paid and stored is found.

        Returns:
            What the file survives as it lies now. Fewer nodes than ``k + m`` survive fewer losses; the number says so.

        Raises:
            Unavailable: some segments have no node; what is stored stays. Others as ``StorageClient.upload``.
        """
        with _spool(coding.parity_size(view.nbytes, code)) as parity:
            if parity.nbytes:
                await asyncio.to_thread(coding.write_parity, view, code, parity)
            tree = await asyncio.to_thread(FileTree.from_buffer, view)
            parity_tree = await asyncio.to_thread(FileTree.from_buffer, parity) if parity.nbytes else None
            manifest = Manifest(code, _part(tree), None if parity_tree is None else _part(parity_tree))
            raw = manifest.encode()
            files = [(tree, b"")]
            if parity_tree is not None:
                files.append((parity_tree, Tag(False, tree.root).encode()))
            files.append((FileTree.from_buffer(raw), Tag(True, tree.root).encode()))
            (seq, hash), *_ = await self._client.enter(files, payer, resume)

            def local(kind: Kind, index: int) -> bytes:
                source = {"data": view, "parity": parity, "manifest": memoryview(raw)}[kind]
                piece = bytes(source[index * SEGMENT : (index + 1) * SEGMENT])
                return piece + bytes(-len(piece) % 256)

            census = await self._census(manifest, raw)
            done = await self._restore(census, local, progress)
        if done.durability.missing:
            reasons = "; ".join(done.failures[:4]) or "no node takes them"
            raise Unavailable(
                f"file 0x{tree.root.hex()}: {done.durability.missing} segments have no node ({reasons}); "
                "it is paid for: run the same command again to go on"
            )
        return StoredCoded(tree.root, view.nbytes, hash, seq, done.durability)

    # --- out ----------------------------------------------------------------------------------------------------------

    async def fetch(
        self,
        root: bytes,
        part: Path,
        *,
        size: int | None = None,
        progress: Progress | None = None,
        manifest: bytes | None = None,
    ) -> int:
        """A whole file into ``part`` as ``StorageClient.fetch``; what nobody gives is made out of the rest of its stripe.

        Args:
            manifest: its root, when the nodes do not tell.

        Raises:
            NotFound: no manifest names this root. Unavailable: a stripe has lost more than its parity.
        """
        reasons = []
        async for census in self._candidates(root, manifest):
            if size is not None and census.manifest.data.size != size:
                reasons.append(f"its manifest says {census.manifest.data.size} bytes, not {size}")
                continue
            try:
                return await self._fetch(census, part, progress)
            except (Unavailable, PeerFault) as error:
                reasons.append(str(error))
        raise Unavailable(f"file 0x{root.hex()} cannot be read: {'; '.join(reasons[:4])}")

    async def _fetch(self, census: Census, path: Path, progress: Progress | None) -> int:
        data, k = census.manifest.data, census.manifest.code.data
        await asyncio.to_thread(check_free, path.parent, data.size)
        for again in (True, False):
            with PartFile(path, data.root, data.size, data.layout.data_segments) as opened:
                resumed = opened.done_count > 0
                stripes: dict[int, list[int]] = {}
                for index in opened.missing():
                    stripes.setdefault(index // k, []).append(index)
                done = data.size - sum(data_size(data, index) for wanted in stripes.values() for index in wanted)

                async def stripe(number: int, opened: PartFile = opened, stripes: dict[int, list[int]] = stripes) -> None:
                    nonlocal done
                    for index, found in (await self._segments(census, number, stripes[number], opened)).items():
                        await asyncio.to_thread(opened.write, index, found[: data_size(data, index)])
                        done += data_size(data, index)
                        if progress is not None:
                            progress(done, data.size)

                await self._each(list(stripes), stripe, census.manifest.code)
                if await asyncio.to_thread(opened.root) == data.root:
                    await asyncio.to_thread(opened.sync)
                    return data.size
                opened.discard()
            if not (again and resumed):
                break
        raise PeerFault(f"file 0x{data.root.hex()}: the parts do not make the whole")

    async def _segments(self, census: Census, stripe: int, wanted: Sequence[int], opened: PartFile) -> dict[int, bytes]:
        """Data segments of a stripe: read where somebody has them, else decoded."""
        answers = await asyncio.gather(*(self._read(census, "data", index) for index in wanted))
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
            made = await self._decode(census, stripe, [index - stripe * k for index in lost], known)
            found.update((position + stripe * k, piece) for position, piece in made.items())
        return found

    async def _decode(self, census: Census, stripe: int, wanted: Sequence[int], known: dict[int, bytes]) -> dict[int, bytes]:
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
            answers = await asyncio.gather(*(self._read(census, *census.place(stripe, position)) for position in batch))
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

    async def _read(self, census: Census, kind: Kind, index: int) -> bytes | None:
        async with self._calls:
            return await census.read(kind, index)

    # --- looking ------------------------------------------------------------------------------------------------------

    async def durability(self, root: bytes, *, prove: bool = False, manifest: bytes | None = None) -> Durability:
        """How many more nodes may die before a file is lost.

        Args:
            prove: read every segment from every node that claims it; else their claims are counted.
        """
        best: Durability | None = None
        async for census in self._candidates(root, manifest):
            if prove:
                await self.prove(census)
            found = census.durability(proven=prove)
            best = found if best is None or found.losses > best.losses else best
        if best is None:
            raise NotFound(f"no erasure-coded file 0x{root.hex()}")
        return best

    async def prove(self, census: Census) -> None:
        """Read every claimed segment; false claims and liars are gone from the census afterwards."""
        claims: list[tuple[Member, Kind, int]] = [
            (member, kind, index) for member in census.members for kind, held in member.held.items() for index in held.where
        ]

        async def check(claim: tuple[Member, Kind, int]) -> None:
            async with self._calls:
                await census.read_from(*claim)

        await _spread(claims, check, self._concurrency)

    # --- again --------------------------------------------------------------------------------------------------------

    async def repair(
        self, root: bytes, *, prove: bool = False, manifest: bytes | None = None, progress: Progress | None = None
    ) -> Repaired:
        """Make what is missing and put it on nodes, spread as far as they allow.

        Raises:
            NotFound: no such file. Unavailable: a stripe has lost more than its parity; the others are repaired first.
        """
        best: Repaired | None = None
        async for census in self._candidates(root, manifest):
            if prove:
                await self.prove(census)
            done = await self._restore(census, None, progress)
            best = done if best is None or done.durability.losses > best.durability.losses else best
        if best is None:
            raise NotFound(f"no erasure-coded file 0x{root.hex()}")
        if best.durability.lost:
            raise Unavailable(
                f"file 0x{root.hex()}: {best.durability.lost} stripes have lost more than their parity; bring nodes back: "
                + "; ".join(best.failures[:3])
            )
        return best

    async def listed(self) -> list[Listed]:
        """Every erasure-coded file that any node lists."""
        found: dict[bytes, Counter[bytes]] = {}
        for node in await self._nodes():
            cursor: str | None = None
            while len(found) < _MANIFESTS_MAX:
                try:
                    page, cursor = await self._remote.ask(
                        node[0].url, _listing, "erasure_getManifests", None, cursor, retries=1
                    )
                except Failures:
                    break
                for data, manifest in page:
                    found.setdefault(data, Counter())[manifest] += 1
                if cursor is None or not page:
                    break
        return [
            Listed(root, tuple(manifest for manifest, _ in votes.most_common(CANDIDATES_MAX)))
            for root, votes in sorted(found.items())
        ]

    # --- inside -------------------------------------------------------------------------------------------------------

    async def _nodes(self) -> list[tuple[Node, ShardedNode]]:
        return [(self._remote.node(known.url), known) for known in await self._client.nodes()]

    async def _census(self, manifest: Manifest, raw: bytes) -> Census:
        files: dict[Kind, tuple[bytes, int]] = {"data": (manifest.data.root, manifest.data.size)}
        if manifest.parity is not None:
            files["parity"] = (manifest.parity.root, manifest.parity.size)
        own = part_of(raw)
        files["manifest"] = (own.root, own.size)
        return Census(manifest, raw, await together(await self._nodes(), files))

    async def _candidates(self, root: bytes, given: bytes | None) -> AsyncIterator[Census]:
        """The manifests that name a file, those first that most nodes tell of; such that prove false are passed over."""
        nodes = await self._nodes()
        votes: Counter[bytes] = Counter()
        if given is not None:
            votes[given] += 1
        else:

            async def look(node: Node) -> list[bytes]:
                try:
                    page, _ = await self._remote.ask(node.url, _listing, "erasure_getManifests", "0x" + root.hex(), retries=1)
                except Failures:
                    return []
                return list(dict.fromkeys(manifest for data, manifest in page if data == root))[:CANDIDATES_MAX]

            for told in await asyncio.gather(*(look(node) for node, _ in nodes)):
                votes.update(told)
        if not votes:
            raise NotFound(f"no node knows file 0x{root.hex()} as erasure-coded; is the root right?")
        reasons = []
        found = False
        for candidate, _ in votes.most_common(CANDIDATES_MAX):
            try:
                raw = await self._manifest(candidate, nodes)
                manifest = Manifest.decode(raw)
                if manifest.data.root != root:
                    raise InvalidInput(f"manifest 0x{candidate.hex()} names another file")
            except (InvalidInput, Unavailable) as error:
                reasons.append(str(error))
                continue
            found = True
            yield await self._census(manifest, raw)
        if not found:
            raise Unavailable(f"file 0x{root.hex()} is erasure-coded, but its manifest cannot be had: {'; '.join(reasons[:4])}")

    async def _manifest(self, root: bytes, nodes: Sequence[tuple[Node, ShardedNode]]) -> bytes:
        """The bytes of a manifest by its root, proven."""

        async def look(node: Node) -> tuple[Node, list[Told]]:
            try:
                told = await ask_file(node, root, None)
                if told is None:
                    info = await node.info(root)
                    told = [] if info is None else [Told(info.seq, info.size, info.start_segment, _all(info.size))]
            except Failures:
                told = []
            return node, told

        answers = await asyncio.gather(*(look(node) for node, _ in nodes))
        sizes = Counter(one.size for _, told in answers for one in told)
        for size, _ in sizes.most_common(2):
            layout = file_layout(size)
            pieces: list[bytes] = []
            for index in range(layout.data_segments):
                piece = await self._manifest_segment(root, size, index, answers)
                if piece is None:
                    break
                pieces.append(piece)
            raw = b"".join(pieces)[:size]
            if len(raw) == size and raw.startswith(MAGIC):
                return raw
        raise Unavailable(f"nobody gives manifest 0x{root.hex()}")

    async def _manifest_segment(
        self, root: bytes, size: int, index: int, answers: Sequence[tuple[Node, list[Told]]]
    ) -> bytes | None:
        for node, told in answers:
            for one in told:
                if one.size != size or index not in one.segments:
                    continue
                try:
                    segment = await node.segment(one.seq, index)
                except Failures:
                    continue
                if segment is not None and not await wrong_segment(root, file_layout(size), index, segment):
                    return bytes(segment.data)
        return None

    async def _restore(self, census: Census, source: Source | None, progress: Progress | None) -> Repaired:
        """Bring every stripe to the nodes that it should lie on; planned anew when nodes turn out to be of no use."""
        manifest = census.manifest
        await self._all_know(census)
        done = Repaired(census.durability())
        for _ in range(_ROUNDS):
            before = census.changes
            meter = _Meter(progress, manifest)
            load = census.load()

            async def one(stripe: int, load: Counter[str] = load, meter: _Meter = meter) -> None:
                await self._restore_stripe(census, stripe, source, load, done)
                meter.step()

            if manifest.parity is not None:
                await self._each(list(range(manifest.stripes)), one, manifest.code)
            for kind, index in census.copied():
                await self._restore_copies(census, kind, index, source, load, done)
            if census.changes == before:
                break
        done.durability = census.durability()
        return done

    async def _restore_stripe(
        self, census: Census, stripe: int, source: Source | None, load: Counter[str], done: Repaired
    ) -> None:
        members = {member.url: member for member in census.usable}
        row = census.row(stripe)
        if source is None and row.present < row.need:
            done.failures.append(f"stripe {stripe} has {row.present} segments and needs {row.need}")
            return

        def takes(position: int, url: str) -> bool:
            kind, index = census.place(stripe, position)
            return members[url].takes_any or members[url].shard.count == 1 or members[url].owns(kind, index)

        moves = plan(row, list(members), takes, lambda position, url: members[url].owns(*census.place(stripe, position)), load)
        if not moves:
            return
        pieces: dict[int, bytes] = {}
        if source is not None:
            pieces = {move.position: source(*census.place(stripe, move.position)) for move in moves}
        else:
            for move in moves:
                if row.holders[move.position]:
                    data = await self._read(census, *census.place(stripe, move.position))
                    if data is not None:
                        pieces[move.position] = data
            lost = [move.position for move in moves if move.position not in pieces]
            if lost:
                try:
                    pieces.update(await self._decode(census, stripe, lost, dict(pieces)))
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

    async def _restore_copies(
        self, census: Census, kind: Kind, index: int, source: Source | None, load: Counter[str], done: Repaired
    ) -> None:
        members = {member.url: member for member in census.usable}
        holders = frozenset(member.url for member in census.holders(kind, index))
        chosen = plan_copies(
            holders,
            census.manifest.copies,
            # The nodes whose shard the segment is of come first: any client finds it there.
            sorted(members, key=lambda url: not members[url].owns(kind, index)),
            lambda url: members[url].takes_any or members[url].shard.count == 1 or members[url].owns(kind, index),
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
            data = await self._read(census, kind, index)
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
            async with self._calls:
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

    async def _each(self, stripes: list[int], work: Callable[[int], Awaitable[None]], code: Code) -> None:
        """Stripes, as many at a time as memory is meant for."""
        width = max(1, min(self._concurrency, _STRIPES_BYTES_MAX // ((code.data + code.parity) * SEGMENT)))
        await _spread(stripes, work, width)


_T = TypeVar("_T")


async def _spread(items: Sequence[_T], work: Callable[[_T], Awaitable[None]], width: int) -> None:
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


class _Meter:
    """Progress in bytes of the file as stripes are done."""

    def __init__(self, progress: Progress | None, manifest: Manifest) -> None:
        self._progress, self._total, self._stripes, self._done = progress, manifest.data.size, manifest.stripes, 0

    def step(self) -> None:
        self._done += 1
        if self._progress is not None:
            self._progress(self._total * self._done // self._stripes, self._total)


@contextmanager
def _spool(size: int) -> Iterator[memoryview]:
    """Writable bytes in a temporary file, so that the parity of large files needs no memory."""
    if size == 0:
        yield memoryview(b"")
        return
    with tempfile.TemporaryFile(prefix="zerog-parity-") as spool:
        spool.truncate(size)
        with mmap.mmap(spool.fileno(), size) as mapped, memoryview(mapped) as view:
            yield view


def _part(tree: FileTree) -> Part:
    return Part(tree.root, tree.layout.size, tuple(tree.segment_roots[: tree.layout.data_segments]))


def data_size(part: Part, index: int) -> int:
    """Bytes of the file in a segment."""
    return min(SEGMENT, part.size - index * SEGMENT)


def _all(size: int) -> frozenset[int]:
    return frozenset(range(file_layout(size).data_segments)) if 1 <= size <= MANIFEST_SIZE_MAX else frozenset()


def _listing(value: object) -> tuple[list[tuple[bytes, bytes]], str | None]:
    """(root, manifest) of files, and where the next page begins."""
    files = value.get("files") if isinstance(value, dict) else None
    cursor = value.get("next") if isinstance(value, dict) else None
    if not isinstance(files, list) or len(files) > 1000 or not isinstance(cursor, str | None):
        raise InvalidInput("expected an object with files and next")
    found: list[tuple[bytes, bytes]] = []
    for item in files:
        if not isinstance(item, dict):
            raise InvalidInput("expected objects with data and manifest")
        found.append((parse_hash(item.get("data", ""), "data"), parse_hash(item.get("manifest", ""), "manifest")))
    return found, cursor

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
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zerog.errors import InvalidInput, NotFound, PeerFault, Unavailable
from zerog.runtime.disk import check_free
from zerog.storage.client import StorageClient
from zerog.storage.erasure import coding
from zerog.storage.erasure.census import (
    Census,
    Durability,
    Failures,
    Kind,
    Member,
    Told,
    ask_file,
    part_of,
    together,
)
from zerog.storage.erasure.manifest import MAGIC, MANIFEST_SIZE_MAX, Code, Manifest, Part, Tag
from zerog.storage.erasure.reading import Reader, spread
from zerog.storage.erasure.restore import Repaired, Restore
from zerog.storage.layout import SEGMENT, FileTree, file_layout
from zerog.storage.part import Part as PartFile
from zerog.storage.remote import Node, Remote
from zerog.storage.selection import ShardedNode
from zerog.storage.transfer import Progress, wrong_segment
from zerog.storage.uploads import Payer, Resume
from zerog.types import parse_hash

CANDIDATES_MAX: Final = 8
_MANIFESTS_MAX: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class StoredCoded:
    """A file of the class in the network."""

    root: bytes
    size: int
    tx_hash: bytes | None
    seq: int | None
    durability: Durability


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
        self._reader, self._timeout_s = Reader(concurrency), timeout_s

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
            done = await Restore(self._reader, self._timeout_s).run(census, local, progress)
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
                    for index, found in (await self._reader.segments(census, number, stripes[number], opened)).items():
                        await asyncio.to_thread(opened.write, index, found[: data_size(data, index)])
                        done += data_size(data, index)
                        if progress is not None:
                            progress(done, data.size)

                await self._reader.each(list(stripes), stripe, census.manifest.code)
                if await asyncio.to_thread(opened.root) == data.root:
                    await asyncio.to_thread(opened.sync)
                    return data.size
                opened.discard()
            if not (again and resumed):
                break
        raise PeerFault(f"file 0x{data.root.hex()}: the parts do not make the whole")

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
            async with self._reader.calls:
                await census.read_from(*claim)

        await spread(claims, check, self._reader.concurrency)

    # --- again --------------------------------------------------------------------------------------------------------

    async def repair(
        self,
        root: bytes,
        *,
        prove: bool = False,
        manifest: bytes | None = None,
        wanted: Callable[[Durability], bool] = lambda now: True,
        progress: Progress | None = None,
    ) -> Repaired:
        """Make what is missing and put it on nodes, spread as far as they allow.

        Args:
            prove: read every segment from every node that claims it first.
            wanted: whether a file that is so safe is repaired at all.

        Raises:
            NotFound: no such file. Unavailable: a stripe has lost more than its parity; the others are repaired first.
        """
        best: Repaired | None = None
        async for census in self._candidates(root, manifest):
            if prove:
                await self.prove(census)
            done = Repaired(census.durability(proven=prove))
            if wanted(done.durability):
                done = await Restore(self._reader, self._timeout_s).run(census, None, progress)
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

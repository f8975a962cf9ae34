"""Files into the storage network and out of it, over nodes of anybody.

A file is paid for once: its root is looked up before a transaction is sent, and the hash of a sent transaction is on disk
before anybody waits for it. Nothing that a node says is believed without a proof, and nothing unproven reaches the target.

Source: docs/protocol/storage.md, sections 4 and 9.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from zerog.errors import Conflict, InvalidInput, PeerFault, TimedOut, Unavailable, ZerogError
from zerog.runtime.disk import check_free, write_atomic
from zerog.storage import frames
from zerog.storage.api import Shard
from zerog.storage.layout import SEGMENT, FileTree, Layout, Segment, SegmentFault, check_segments, file_layout
from zerog.storage.part import Part
from zerog.storage.remote import FileInfo, Indexer, Node, NodeRefused, NodeStatus, Remote, not_found
from zerog.storage.selection import ShardedNode, select, uncovered
from zerog.types import Address

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from zerog.contracts.flow import SubmissionData

FAST_SIZE_MAX: Final = SEGMENT
BATCH_SIZE: Final = 10
_RUN_MAX: Final = 8
_POLL_FIRST_S: Final = 0.1
_POLL_S: Final = 1.0
_ROUNDS: Final = 3
_NODES_ASKED_MAX: Final = 100

Progress = Callable[[int, int], None]
"""Bytes done, bytes in all."""

_Failure = (Unavailable, TimedOut, PeerFault, NodeRefused)


class Payer(Protocol):
    """Who sends the transactions that put files into the log."""

    async def chain_id(self) -> int: ...

    async def submit(
        self, flow: Address, files: Sequence[SubmissionData], sent: Callable[[bytes], None]
    ) -> tuple[bytes, list[int]]:
        """Pay for files in one transaction: its hash, and the number of each file. ``sent`` is told the hash at once."""
        ...

    async def outcome(self, flow: Address, hash: bytes) -> dict[bytes, int] | None:
        """The files of a transaction sent earlier, by root; None when it failed or no longer exists."""
        ...


@dataclass(frozen=True)
class UploadOptions:
    """How files are stored.

    Args:
        replicas: how many nodes hold each shard.
        method: the order in which nodes are taken; ``selection.order``.
        task_size: segments in one call.
        fast: send small files (one segment) while the transaction is still on its way.
        skip_known: do not pay for a root that the network knows already.
        finality: wait until every node has the whole file.
        timeout_s: for nodes to learn of the transaction, and for finality.
    """

    replicas: int = 1
    method: str = "min"
    task_size: int = BATCH_SIZE
    fast: bool = True
    skip_known: bool = True
    finality: bool = True
    timeout_s: float = 300
    tags: bytes = b""

    def __post_init__(self) -> None:
        if not 1 <= self.task_size <= 64:
            raise InvalidInput(f"task size: expected 1 to 64 segments in one call, found {self.task_size}")


@dataclass(frozen=True, slots=True)
class Stored:
    """One file in the network: its root, its number in the log (None when it was there), who has it, who was paid."""

    root: bytes
    size: int
    seq: int | None
    tx_hash: bytes | None
    nodes: tuple[str, ...]


class Resume:
    """What an upload has paid for so far, in a private file: taken up again after a crash, nothing is paid twice."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._facts: dict[str, Any] = {"version": 1, "transactions": {}, "header": None}
        if path.exists():
            try:
                found = json.loads(path.read_bytes())
                if found["version"] != 1 or not all(
                    len(bytes.fromhex(text)) == 32 for pair in found["transactions"].items() for text in pair
                ):
                    raise ValueError
            except (ValueError, KeyError, TypeError, AttributeError):
                raise InvalidInput(
                    f"{path} is no state of an upload; remove it to begin anew (a file may be paid for again)"
                ) from None
            self._facts = found

    def transaction(self, root: bytes) -> bytes | None:
        """The transaction that a file was sent with."""
        found = self._facts["transactions"].get(root.hex())
        return None if found is None else bytes.fromhex(found)

    def remember(self, roots: Iterable[bytes], hash: bytes) -> None:
        self._facts["transactions"].update({root.hex(): hash.hex() for root in roots})
        self._save()

    @property
    def header(self) -> bytes | None:
        """The header that the file was encrypted with, so that a second run makes the same bytes."""
        return None if self._facts.get("header") is None else bytes.fromhex(self._facts["header"])

    def remember_header(self, header: bytes) -> None:
        self._facts["header"] = header.hex()
        self._save()

    def _save(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_atomic(self.path, json.dumps(self._facts).encode(), mode=0o600)

    def done(self) -> None:
        """Everything is stored; nothing is left to take up."""
        self.path.unlink(missing_ok=True)


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


@dataclass
class _File:
    data: memoryview
    tree: FileTree
    seq: int | None = None
    tx_hash: bytes | None = None
    finished: list[str] = field(default_factory=list)
    tags: bytes | None = None


class StorageClient:
    """Uploads and downloads through given nodes, or through the nodes that an indexer names.

    Args:
        remote: open connections.
        nodes: URLs of storage nodes.
        indexer: URL of an indexer, asked when no nodes are given.
        concurrency: calls with segments in flight at any time.
    """

    def __init__(self, remote: Remote, *, nodes: Sequence[str] = (), indexer: str | None = None, concurrency: int = 8) -> None:
        if not nodes and indexer is None:
            raise InvalidInput("storage: expected the address of at least one node (--node) or of an indexer (--indexer)")
        if not 1 <= concurrency <= 64:
            raise InvalidInput(f"storage: expected 1 to 64 calls at a time, found {concurrency}")
        self._remote = remote
        self._nodes = [remote.node(url) for url in dict.fromkeys(nodes)]
        self._indexer: Indexer | None = None if nodes or indexer is None else remote.indexer(indexer)
        self._concurrency = concurrency
        self._sending = asyncio.Semaphore(concurrency)

    # --- nodes --------------------------------------------------------------------------------------------------------

    async def nodes(self) -> list[ShardedNode]:
        """Every node that may be used and what it holds; nodes given by URL that do not answer are left out.

        Raises:
            Unavailable: none answers.
        """
        if self._indexer is not None:
            found = await self._indexer.nodes()
            if not found:
                raise Unavailable(f"indexer {self._indexer.url} knows no storage node; is a node running and trusted by it?")
            return found
        answers = await asyncio.gather(*(node.shard(retries=1) for node in self._nodes), return_exceptions=True)
        found = []
        for node, answer in zip(self._nodes, answers, strict=True):
            if isinstance(answer, Shard):
                found.append(ShardedNode(node.url, answer))
            elif not isinstance(answer, _Failure):
                raise answer
        if not found:
            raise Unavailable(
                f"no storage node answers: {answers[0]}; is a node running, and is its address (--node, --indexer) right?"
            )
        return found

    async def statuses(self) -> list[tuple[str, NodeStatus | ZerogError]]:
        """What every node says of itself, or why it does not."""
        urls = [node.url for node in self._nodes] or [node.url for node in await self.nodes()]
        answers = await asyncio.gather(*(self._remote.node(url).status() for url in urls), return_exceptions=True)
        return list(zip(urls, _seen(answers), strict=True))

    async def infos(self, root: bytes) -> list[tuple[str, FileInfo | ZerogError | None]]:
        """What every node knows of a file."""
        urls = [node.url for node in self._nodes] or [node.url for node in await self.nodes()]
        answers = await asyncio.gather(*(self._remote.node(url).info(root) for url in urls), return_exceptions=True)
        return list(zip(urls, _seen(answers), strict=True))

    # --- upload -------------------------------------------------------------------------------------------------------

    async def upload(
        self,
        files: Sequence[Buffer],
        payer: Payer | None,
        options: UploadOptions = UploadOptions(),
        *,
        trees: Sequence[FileTree] = (),
        resume: Resume | None = None,
        progress: Progress | None = None,
    ) -> list[Stored]:
        """Store files, one transaction for all that are new.

        Args:
            trees: of the files, where the caller has them already.
            payer: None to send only files that are in the log already.

        Raises:
            InvalidInput: an empty file, or more than a transaction takes.
            Unavailable: too few nodes, or none that answers; nothing was paid unless the sentence says so.
            Conflict: the chain of the nodes is not the payer's.
        """
        if not 1 <= len(files) <= BATCH_SIZE:
            raise InvalidInput(f"upload: expected 1 to {BATCH_SIZE} files at a time, found {len(files)}")
        views = [memoryview(data).cast("B") for data in files]
        if not all(view.nbytes for view in views):
            raise InvalidInput("upload: an empty file cannot be stored")
        by_root: dict[bytes, _File] = {}
        roots = []
        for number, view in enumerate(views):
            tree = trees[number] if trees else await asyncio.to_thread(FileTree.from_buffer, view)
            by_root.setdefault(tree.root, _File(view, tree))
            roots.append(tree.root)
        targets = select(await self.nodes(), options.replicas, options.method)
        new = await self._new(by_root, targets, options)
        early = None
        total = sum(file.data.nbytes for file in by_root.values())
        meter = _Meter(progress, total)
        try:
            if new:
                if options.fast and len(by_root) == 1 and total <= FAST_SIZE_MAX:
                    early = asyncio.create_task(self._push_early(new[0], targets))
                await self._pay(new, targets, payer, options, resume)
            for file in by_root.values():
                await self._store(file, targets, options, meter)
        finally:
            if early is not None:
                early.cancel()
                with suppress(asyncio.CancelledError):
                    await early
        stored = {
            root: Stored(root, file.data.nbytes, file.seq, file.tx_hash, tuple(file.finished)) for root, file in by_root.items()
        }
        return [stored[root] for root in roots]

    async def enter(
        self, files: Sequence[tuple[FileTree, bytes]], payer: Payer | None, resume: Resume | None = None
    ) -> list[tuple[int | None, bytes | None]]:
        """Put files (trees and tags) into the log, one transaction for all that no node knows; their bytes are sent by others.

        Returns:
            The number and the transaction of each file; None for those that were known.

        Raises:
            Unavailable, Conflict: as ``upload``; nothing was paid.
        """
        found = {tree.root: _File(memoryview(b""), tree, tags=tags) for tree, tags in files}
        targets, options = await self.nodes(), UploadOptions()
        new = await self._new(found, targets, options)
        if new:
            await self._pay(new, targets, payer, options, resume)
        return [(found[tree.root].seq, found[tree.root].tx_hash) for tree, _ in files]

    async def _new(self, files: dict[bytes, _File], targets: Sequence[ShardedNode], options: UploadOptions) -> list[_File]:
        """The files that no node knows: those that must be paid for."""
        if not options.skip_known:
            return list(files.values())

        async def known(root: bytes) -> bool:
            answers = await asyncio.gather(
                *(self._remote.node(node.url).info(root, need_available=True) for node in targets), return_exceptions=True
            )
            infos = _seen(answers)
            if all(isinstance(answer, ZerogError) for answer in infos):
                raise Unavailable(f"no storage node tells whether it knows the file: {infos[0]}; nothing was paid")
            return any(isinstance(answer, FileInfo) for answer in infos)

        return [file for root, file in files.items() if not await known(root)]

    async def _pay(
        self,
        files: list[_File],
        targets: Sequence[ShardedNode],
        payer: Payer | None,
        options: UploadOptions,
        resume: Resume | None,
    ) -> None:
        if payer is None:
            raise Conflict("the file is not in the log and nobody pays for it: give an account (--from) and a chain (--rpc)")
        status = await self._first_status(targets)
        chain_id = await payer.chain_id()
        if chain_id != status.chain_id:
            raise Conflict(
                f"the nodes follow chain {status.chain_id}, the account pays on chain {chain_id}; give the --rpc of theirs"
            )
        open_files = []
        for file in files:
            earlier = resume.transaction(file.tree.root) if resume is not None else None
            outcome = await payer.outcome(status.flow, earlier) if earlier is not None else None
            if outcome is not None and file.tree.root in outcome:
                file.seq, file.tx_hash = outcome[file.tree.root], earlier
            else:
                open_files.append(file)
        if not open_files:
            return
        data = [submission(file.tree, options.tags if file.tags is None else file.tags) for file in open_files]

        def sent(hash: bytes) -> None:
            if resume is not None:
                resume.remember([file.tree.root for file in open_files], hash)

        hash, seqs = await payer.submit(status.flow, data, sent)
        for file, seq in zip(open_files, seqs, strict=True):
            file.seq, file.tx_hash = seq, hash

    async def _first_status(self, targets: Sequence[ShardedNode]) -> NodeStatus:
        failure: ZerogError | None = None
        for node in targets:
            try:
                return await self._remote.node(node.url).status()
            except _Failure as error:
                failure = error
        raise Unavailable(f"no storage node tells its status: {failure}; nothing was paid")

    async def _push_early(self, file: _File, targets: Sequence[ShardedNode]) -> None:
        """Fast mode: nodes keep the segment by its root until the log names it. Who refuses gets it again later."""
        segments = [_segment(file, 0)]
        await asyncio.gather(*(self._remote.node(node.url).upload(segments, None) for node in targets), return_exceptions=True)

    async def _store(self, file: _File, targets: Sequence[ShardedNode], options: UploadOptions, meter: _Meter) -> None:
        """Send a file to its nodes; a node that fails is replaced by others that hold the same shards."""
        bad: dict[str, ZerogError] = {}
        chosen = list(targets)
        for _ in range(_ROUNDS):
            waiting = [node for node in chosen if node.url not in file.finished]
            share = file.data.nbytes / max(1, len(waiting))
            answers = await asyncio.gather(
                *(self._store_on(file, node, options, meter, share) for node in waiting), return_exceptions=True
            )
            for node, answer in zip(waiting, _seen(answers), strict=True):
                if isinstance(answer, ZerogError):
                    bad[node.url] = answer
                else:
                    file.finished.append(node.url)
            if all(node.url in file.finished for node in chosen):
                meter.reach(file.data.nbytes)
                return
            try:
                usable = [node for node in await self.nodes() if node.url not in bad]
                # Who has it already comes first, so that the fewest others are asked.
                usable.sort(key=lambda node: node.url not in file.finished)
                chosen = select(usable, options.replicas, options.method)
            except ZerogError:
                break
        reasons = "; ".join(str(error) for error in list(bad.values())[:4])
        paid = (
            "it is paid for: run the same command again to go on" if file.seq is not None else "run the command again to go on"
        )
        raise Unavailable(f"file 0x{file.tree.root.hex()} is not on enough nodes: {reasons}; {paid}")

    async def _store_on(self, file: _File, target: ShardedNode, options: UploadOptions, meter: _Meter, share: float) -> None:
        node, root = self._remote.node(target.url), file.tree.root
        ends_at_s = asyncio.get_running_loop().time() + options.timeout_s

        async def look() -> FileInfo | None:
            found = await (node.info(root) if file.seq is None else node.info_of(file.seq))
            if found is not None and found.root != root:
                raise PeerFault(f"{target.url}: file {file.seq} has root 0x{found.root.hex()} there, expected 0x{root.hex()}")
            return found

        info = await _until(look, ends_at_s, f"{target.url} did not learn of the file within {options.timeout_s:g} s")
        if info.pruned:
            raise Unavailable(f"{target.url}: already pruned")
        if info.finalized:
            return
        shard = await node.shard()
        first = info.uploaded_segments if shard.count == 1 and not info.cached else 0
        count = file.tree.layout.data_segments
        wanted = [index for index in range(first, count) if shard.holds(info.start_segment + index)]
        batches = [wanted[at : at + options.task_size] for at in range(0, len(wanted), options.task_size)]
        step = share / max(1, len(batches))

        async def worker(work: list[list[int]]) -> None:
            while work:
                batch = work.pop()
                async with self._sending:
                    fresh = await node.upload([_segment(file, index) for index in batch], info.seq)
                meter.step(step)
                if not fresh:
                    work.clear()

        batches.reverse()
        async with _group() as group:
            for _ in range(min(self._concurrency, len(batches))):
                group.create_task(worker(batches))
        if options.finality:

            async def final() -> FileInfo | None:
                found = await look()
                return found if found is not None and found.finalized else None

            await _until(final, ends_at_s, f"{target.url} did not finish the file within {options.timeout_s:g} s")

    # --- download -----------------------------------------------------------------------------------------------------

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
        meter = _Meter(progress, layout.size)
        meter.reach(layout.size - sum(min(SEGMENT, layout.size - index * SEGMENT) for index in missing))
        todo, waiting = set(missing), deque(missing)
        several = len(missing) > 1

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

        async with _group() as group:
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
        except _Failure:
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
                except _Failure as error:
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
        if self._indexer is not None:
            located = await self._indexer.locations(root) or await self._indexer.nodes()
            nodes = [self._remote.node(node.url) for node in located[:_NODES_ASKED_MAX]]
        else:
            nodes = self._nodes

        async def ask(node: Node, retries: int) -> _Holder | None:
            info = await node.info(root, retries=retries)
            return None if info is None else _Holder(node, await node.shard(retries=retries), info)

        # Who does not answer at once is asked again only when those who do are not enough.
        answers: list[_Holder | ZerogError | None] = [Unavailable("not asked")] * len(nodes)
        for retries in (0, 1):
            again = [at for at, answer in enumerate(answers) if isinstance(answer, ZerogError)]
            told = _seen(await asyncio.gather(*(ask(nodes[at], retries) for at in again), return_exceptions=True))
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


def submission(tree: FileTree, tags: bytes = b"") -> SubmissionData:
    """What the flow contract is told of a file."""
    from zerog.contracts.flow import Node as FlowNode
    from zerog.contracts.flow import SubmissionData

    return SubmissionData(tree.layout.size, tuple(FlowNode(root, height) for root, height in tree.nodes), tags)


def _keep_proven(root: bytes, layout: Layout, indices: range, segments: list[Segment], part: Part) -> tuple[str, set[int]]:
    """Write those segments that are the ones asked for; why one was not (nothing: all were), and which were written."""
    lie, like = "", []
    for index, segment in zip(indices, segments, strict=False):
        unlike = _unlike(root, layout, index, segment)
        if unlike:
            lie = unlike
        else:
            like.append((index, segment))
    written = set()
    for (index, segment), fault in zip(like, check_segments([segment for _, segment in like]), strict=True):
        wrong = _fault(layout, index, segment, fault)
        if wrong:
            lie = wrong
        else:
            part.write(index, segment.data[: layout.size - index * SEGMENT])
            written.add(index)
    return lie, written


async def wrong_segment(root: bytes, layout: Layout, index: int, segment: Segment) -> str:
    """Why a received segment is not the one asked for; nothing when it is."""
    unlike = _unlike(root, layout, index, segment)
    if unlike:
        return unlike
    (fault,) = await asyncio.to_thread(check_segments, [segment])
    return _fault(layout, index, segment, fault)


def _fault(layout: Layout, index: int, segment: Segment, fault: SegmentFault | None) -> str:
    if fault is not None:
        return f"its proof is wrong ({fault})"
    if any(segment.data[max(0, layout.size - index * SEGMENT) :]):
        return "there is data behind the end that it states; the file is longer"
    return ""


def _unlike(root: bytes, layout: Layout, index: int, segment: Segment) -> str:
    if segment.root != root or segment.index != index:
        return f"it sent segment {segment.index} of file 0x{segment.root.hex()}"
    if segment.file_size != layout.size:
        return f"it says that the file has {segment.file_size} bytes, not {layout.size}"
    if len(segment.data) != layout.segment_size(index):
        return f"it sent {len(segment.data)} bytes, not {layout.segment_size(index)}"
    return ""


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


def _segment(file: _File, index: int) -> Segment:
    size = file.tree.layout.segment_size(index)
    data = file.data[index * SEGMENT : index * SEGMENT + size]
    if len(data) < size:
        return Segment(file.tree.root, bytes(data).ljust(size, b"\0"), index, file.tree.proof(index), file.data.nbytes)
    return Segment(file.tree.root, data, index, file.tree.proof(index), file.data.nbytes)


def _seen(answers: Sequence[Any]) -> list[Any]:
    """Answers of ``gather``: errors that zerog raises on purpose stay values, others are bugs and go up."""
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, ZerogError):
            raise answer
    return list(answers)


async def _until(look: Callable[[], Awaitable[FileInfo | None]], ends_at_s: float, complaint: str) -> FileInfo:
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


class _group:
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


class _Meter:
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

"""Files into the storage network: paid for once, sent with proofs to nodes that hold every shard.

A root is looked up before a transaction is sent, and the hash of a sent transaction is on disk before anybody waits for it.

Source: docs/protocol/storage.md, sections 4 and 9.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

from zerog.errors import Conflict, InvalidInput, PeerFault, Unavailable, ZerogError
from zerog.runtime.disk import write_atomic
from zerog.storage.fleet import Fleet
from zerog.storage.layout import SEGMENT, FileTree, Segment
from zerog.storage.remote import FileInfo, NodeStatus
from zerog.storage.selection import ShardedNode, select
from zerog.storage.transfer import BATCH_SIZE, FAILURES, Meter, Progress, first_failure, seen, until
from zerog.types import Address

if TYPE_CHECKING:
    from typing_extensions import Buffer

    from zerog.contracts.flow import SubmissionData

FAST_SIZE_MAX: Final = SEGMENT
_ROUNDS: Final = 3


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
                if found.get("header") is not None and len(bytes.fromhex(found["header"])) not in (17, 50):
                    raise ValueError
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
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
class _File:
    data: memoryview
    tree: FileTree
    seq: int | None = None
    tx_hash: bytes | None = None
    finished: list[str] = field(default_factory=list)
    tags: bytes | None = None


class Uploads:
    """Uploads to the nodes of a fleet, ``concurrency`` calls with segments in flight at any time."""

    def __init__(self, fleet: Fleet, concurrency: int) -> None:
        self._fleet, self._remote, self._concurrency = fleet, fleet.remote, concurrency
        self._sending = asyncio.Semaphore(concurrency)

    async def upload(
        self,
        files: Sequence[Buffer],
        payer: Payer | None,
        options: UploadOptions,
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
        targets = select(await self._fleet.nodes(), options.replicas, options.method)
        new = await self._new(by_root, targets, options)
        early = None
        total = sum(file.data.nbytes for file in by_root.values())
        meter = Meter(progress, total)
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
        targets, options = await self._fleet.nodes(), UploadOptions()
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
            infos = seen(answers)
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
            except FAILURES as error:
                failure = error
        raise Unavailable(f"no storage node tells its status: {failure}; nothing was paid")

    async def _push_early(self, file: _File, targets: Sequence[ShardedNode]) -> None:
        """Fast mode: nodes keep the segment by its root until the log names it. Who refuses gets it again later."""
        segments = [_segment(file, 0)]
        await asyncio.gather(*(self._remote.node(node.url).upload(segments, None) for node in targets), return_exceptions=True)

    async def _store(self, file: _File, targets: Sequence[ShardedNode], options: UploadOptions, meter: Meter) -> None:
        """Send a file to its nodes; a node that fails is replaced by others that hold the same shards."""
        bad: dict[str, ZerogError] = {}
        chosen = list(targets)
        for _ in range(_ROUNDS):
            waiting = [node for node in chosen if node.url not in file.finished]
            share = file.data.nbytes / max(1, len(waiting))
            answers = await asyncio.gather(
                *(self._store_on(file, node, options, meter, share) for node in waiting), return_exceptions=True
            )
            for node, answer in zip(waiting, seen(answers), strict=True):
                if isinstance(answer, ZerogError):
                    bad[node.url] = answer
                else:
                    file.finished.append(node.url)
            if all(node.url in file.finished for node in chosen):
                meter.reach(file.data.nbytes)
                return
            try:
                usable = [node for node in await self._fleet.nodes() if node.url not in bad]
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

    async def _store_on(self, file: _File, target: ShardedNode, options: UploadOptions, meter: Meter, share: float) -> None:
        node, root = self._remote.node(target.url), file.tree.root
        ends_at_s = asyncio.get_running_loop().time() + options.timeout_s

        async def look() -> FileInfo | None:
            found = await (node.info(root) if file.seq is None else node.info_of(file.seq))
            if found is not None and found.root != root:
                raise PeerFault(f"{target.url}: file {file.seq} has root 0x{found.root.hex()} there, expected 0x{root.hex()}")
            return found

        info = await until(look, ends_at_s, f"{target.url} did not learn of the file within {options.timeout_s:g} s")
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
        async with first_failure() as group:
            for _ in range(min(self._concurrency, len(batches))):
                group.create_task(worker(batches))
        if options.finality:

            async def final() -> FileInfo | None:
                found = await look()
                return found if found is not None and found.finalized else None

            await until(final, ends_at_s, f"{target.url} did not finish the file within {options.timeout_s:g} s")


def submission(tree: FileTree, tags: bytes = b"") -> SubmissionData:
    """What the flow contract is told of a file."""
    from zerog.contracts.flow import Node as FlowNode
    from zerog.contracts.flow import SubmissionData

    return SubmissionData(tree.layout.size, tuple(FlowNode(root, height) for root, height in tree.nodes), tags)


def _segment(file: _File, index: int) -> Segment:
    size = file.tree.layout.segment_size(index)
    data = file.data[index * SEGMENT : index * SEGMENT + size]
    if len(data) < size:
        return Segment(file.tree.root, bytes(data).ljust(size, b"\0"), index, file.tree.proof(index), file.data.nbytes)
    return Segment(file.tree.root, data, index, file.tree.proof(index), file.data.nbytes)

"""Verbs on the storage network: store, fetch, whole directories, streams. Each returns plain values.

Works over ``zerog.storage.client`` with any nodes or indexer, and pays with an account on any chain that has the flow contract.
"""

from __future__ import annotations

import asyncio
import os
import stat
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, Final

from zerog.chain.client import CallError
from zerog.contracts import flow as flow_calls
from zerog.contracts import market as market_calls
from zerog.contracts.artifact import load
from zerog.contracts.calls import Call
from zerog.contracts.flow import SubmissionData
from zerog.errors import Conflict, InvalidInput, NotFound, PeerFault, Unavailable
from zerog.sdk.chain import Chain, Receipt, Refused, Reverted
from zerog.sdk.kv import KvBatch
from zerog.sdk.wallet import Account
from zerog.storage import crypt, directory, part
from zerog.storage.client import BATCH_SIZE, FRAGMENT_SIZE, Payer, Progress, Resume, StorageClient, Stored, UploadOptions
from zerog.storage.directory import Entry
from zerog.storage.erasure.census import Durability
from zerog.storage.erasure.client import ErasureClient, StoredCoded
from zerog.storage.erasure.manifest import Code
from zerog.storage.erasure.restore import Repaired
from zerog.storage.kv.client import KvClient
from zerog.storage.layout import SEGMENT, FileTree
from zerog.storage.remote import FileInfo, NodeStatus, Remote, check_url
from zerog.storage.stream_blob import StreamBlob
from zerog.types import Address, parse_hex

_BLOCK: Final = 1 << 20
_TRIES: Final = 3
_DEPTH_MAX: Final = 56
_SPARE_GAS: Final = 90_000
_SPARE_GAS_PER_LEVEL: Final = 2_600


def submission_spare_gas(count: int, depth: int) -> int:
    """By how much a submission of ``count`` files may cost more than it was estimated at, after any others came before it.

    A file costs least where it only sets one known peak of the flow's tree and most where it is padded twice and every level is
    read, hashed and written for the first time. Measured over adversarial lengths up to 2^40 sectors the difference is at most
    91,000 gas and 2,200 for each level; a test holds the contract to what is given here.
    """
    return count * (_SPARE_GAS + _SPARE_GAS_PER_LEVEL * (depth + 2))


def _ran_out(receipt: Receipt, limit: int) -> bool:
    """Whether a failed transaction used what it had; a call keeps a 64th back from what it calls."""
    return receipt.gas_used * 32 >= limit * 31


class ChainPayer:
    """Pays for files through the flow contract, from one account."""

    def __init__(self, chain: Chain, account: Account) -> None:
        self._chain, self._account = chain, account

    async def chain_id(self) -> int:
        return await self._chain.chain_id()

    async def price(self, flow: Address) -> int:
        """Wei for a sector of 256 bytes.

        Raises:
            NotFound: no flow contract at the address.
        """
        market: Address = await self._ask(flow, flow_calls.market())
        price: int = await self._ask(market, market_calls.price_per_sector())
        return price

    async def submit(
        self, flow: Address, files: Sequence[SubmissionData], sent: Callable[[bytes], None]
    ) -> tuple[bytes, list[int]]:
        """One transaction for all files; waits until it is in a block.

        What a submission costs depends on those before it: the limit covers any that come between the estimate and the block
        (``submission_spare_gas``). One that runs out all the same (an epoch ended under it) is estimated and sent again.

        Raises:
            InsufficientFunds: the account cannot pay. Reverted, Refused: the contract or the node did not take it.
        """
        price = await self.price(flow)
        own = self._account.address
        data = (
            flow_calls.submit(files[0], own).data
            if len(files) == 1
            else flow_calls.batch_submit([(file, own) for file in files]).data
        )
        spare = submission_spare_gas(len(files), await self._depth(flow))
        for attempt in range(_TRIES):
            signed = await self._chain.prepare(
                self._account, to=flow, value=sum(file.fee(price) for file in files), data=data,
                interface=load("Flow").interface, spare_gas=spare,
            )  # fmt: skip
            # On disk before it is sent: a crash between the two costs a look at the chain, not a second payment.
            sent(signed.hash)
            try:
                receipt = await self._chain.wait(await self._chain.send(signed))
                break
            except Reverted as error:
                failed = error.facts.get("receipt")
                if (
                    attempt + 1 == _TRIES
                    or not isinstance(failed, Receipt)
                    or not _ran_out(failed, signed.transaction.gas_limit)
                ):
                    raise
        found = _submitted(receipt, flow)
        if [root for root, _ in found] != [file.file_root for file in files]:
            raise Refused(f"transaction 0x{receipt.hash.hex()} did not log the files; is 0x{flow.hex()} the flow contract?")
        return receipt.hash, [seq for _, seq in found]

    async def _depth(self, flow: Address) -> int:
        """Levels of the flow's tree; a contract that does not tell has as many as any."""
        try:
            length, _ = await self._ask(flow, flow_calls.tree())
        except (CallError, InvalidInput, NotFound):
            return _DEPTH_MAX
        return min(_DEPTH_MAX, int(length).bit_length())

    async def outcome(self, flow: Address, hash: bytes) -> dict[bytes, int] | None:
        """The files of a transaction sent earlier; waits for one that is still on its way."""
        receipt = await self._chain.client.call_rpc("eth_getTransactionReceipt", "0x" + hash.hex())
        if receipt is None and await self._chain.client.call_rpc("eth_getTransactionByHash", "0x" + hash.hex()) is None:
            return None
        try:
            return dict(_submitted(await self._chain.wait(hash), flow))
        except Conflict:  # it failed: nothing was paid but gas
            return None

    async def _ask(self, to: Address, call: Call[Any]) -> Any:
        request = {"to": "0x" + to.hex(), "data": "0x" + call.data.hex()}
        answer = parse_hex(await self._chain.client.call_rpc("eth_call", request, "latest"))
        if not answer:
            raise NotFound(f"no contract at 0x{to.hex()}; is this the chain of the storage nodes?")
        return call.decode(answer)


def _submitted(receipt: Receipt, flow: Address) -> list[tuple[bytes, int]]:
    """(root, number) of every file that a transaction added."""
    found = []
    for log in receipt.logs:
        topics = [parse_hex(topic) for topic in log["topics"]]
        if parse_hex(log["address"]) == flow and topics and topics[0] == flow_calls.SUBMIT_TOPIC:
            event = flow_calls.decode_submit(topics, parse_hex(log["data"]))
            found.append((event.data.file_root, event.index))
    return found


@dataclass(frozen=True)
class Encryption:
    """How a file is encrypted: with ``key`` of 32 bytes (version 1), or for the owner of ``recipient`` (version 2).

    ``own_secret`` is the recipient's secret key where the sender has it; an upload that was cut off can then go on.
    """

    key: bytes | None = None
    recipient: bytes | None = None
    own_secret: bytes | None = None

    def __post_init__(self) -> None:
        if (self.key is None) == (self.recipient is None):
            raise InvalidInput("encryption: expected a key or a recipient, and not both")

    def __repr__(self) -> str:
        return f"Encryption(version {1 if self.key is not None else 2})"

    def begin(self, resume: Resume | None) -> crypt.Sealer:
        """A sealer with a fresh nonce, or that of the upload which ``resume`` tells of."""
        if resume is not None and resume.header is not None:
            header = crypt.Header.decode(resume.header)
            if header.version == 1 and self.key is not None:
                return crypt.Keys(common=self.key).open(header)
            if header.version == 2 and self.own_secret is not None:
                return crypt.Keys(secret=self.own_secret).open(header)
        sealer = crypt.seal_for_key(self.key) if self.key is not None else crypt.seal_for_owner(self.recipient or b"")
        if resume is not None:
            resume.remember_header(sealer.header.encode())
        return sealer


@dataclass(frozen=True)
class Uploaded:
    """A file in the network. More than one root when it was cut into fragments: their order is needed to read it."""

    roots: tuple[bytes, ...]
    size: int
    encrypted: bool
    stored: tuple[Stored, ...]
    durability: tuple[Durability, ...] = ()

    @property
    def paid(self) -> bool:
        return any(one.tx_hash is not None for one in self.stored)

    @property
    def losses(self) -> int:
        """How many nodes may die; of a file that was stored with an erasure code."""
        return min((one.losses for one in self.durability), default=0)

    def to_json(self) -> dict[str, Any]:
        return {
            "root": "0x" + self.roots[0].hex(),
            "roots": ["0x" + root.hex() for root in self.roots],
            "size": self.size,
            "encrypted": self.encrypted,
            "paid": self.paid,
            "transactions": list(dict.fromkeys("0x" + one.tx_hash.hex() for one in self.stored if one.tx_hash is not None)),
            "tx_seqs": [one.seq for one in self.stored],
            "nodes": sorted({url for one in self.stored for url in one.nodes}),
            **({"erasure": self.durability[0].code, "losses_survivable": self.losses} if self.durability else {}),
        }


@dataclass(frozen=True)
class UploadedDirectory:
    """A directory in the network, named by the root of its metadata."""

    root: bytes
    files: int
    size: int
    paid_transactions: int

    def to_json(self) -> dict[str, Any]:
        return {
            "root": "0x" + self.root.hex(),
            "files": self.files,
            "size": self.size,
            "transactions": self.paid_transactions,
        }


def _as_stored(coded: StoredCoded) -> Stored:
    nodes = tuple(url for url, _, *counts in coded.durability.nodes if any(counts))
    return Stored(coded.root, coded.size, coded.seq, coded.tx_hash, nodes)


class Storage:
    """The storage network, seen through some nodes or an indexer.

    Args:
        client: ``zerog.storage.client``.
        payer: who pays for new files; None to read, and to send files that are in the log already.
        state: a directory where uploads keep what they have paid for, so that nothing is paid twice after a crash.
    """

    def __init__(self, client: StorageClient, remote: Remote, payer: Payer | None = None, state: Path | None = None) -> None:
        self.client, self.remote, self.payer, self._state = client, remote, payer, state

    # --- in -----------------------------------------------------------------------------------------------------------

    async def upload(
        self,
        source: Path | bytes | IO[bytes],
        *,
        options: UploadOptions | None = None,
        encryption: Encryption | None = None,
        fragment_size: int = FRAGMENT_SIZE,
        erasure: Code | None = None,
        progress: Progress | None = None,
    ) -> Uploaded:
        """Store a file, bytes, or what a stream gives until its end (it goes through a private temporary file).

        The same file again costs nothing: it is found by its root. Encrypted files are new each time, except that an upload
        which was cut off goes on with the same bytes.

        Args:
            erasure: store it so that nodes may die: each part once, parity beside it (docs/operating/durability.md). Of
                ``options`` only the time limit counts then.

        Raises:
            InvalidInput: nothing to store. Unavailable: too few nodes, or not all took it; run it again to go on.
            InsufficientFunds, Reverted, Refused: the payment failed.
        """
        options = options or UploadOptions()
        with ExitStack() as stack:
            plain = stack.enter_context(await asyncio.to_thread(_opened, source))
            if not plain.nbytes:
                raise InvalidInput("an empty file cannot be stored")
            kind = "" if encryption is None else "-v1" if encryption.key is not None else "-v2"
            resume = None
            if self._state is not None:
                name = (await asyncio.to_thread(FileTree.from_buffer, plain)).root.hex()
                resume = Resume(self._state / f"{name}-{plain.nbytes}{kind}.json")
            view = plain
            if encryption is not None:
                view = stack.enter_context(await asyncio.to_thread(_sealed, plain, encryption.begin(resume)))
            durability: tuple[Durability, ...] = ()
            if erasure is None:
                stored = await self._upload_fragments(view, options, resume, fragment_size, progress)
            else:
                coded = await self._upload_coded(view, erasure, options, resume, fragment_size, progress)
                stored = [_as_stored(one) for one in coded]
                durability = tuple(one.durability for one in coded)
            if resume is not None:
                resume.done()
            roots = tuple(one.root for one in stored)
            return Uploaded(roots, plain.nbytes, encryption is not None, tuple(stored), durability)

    async def _upload_coded(
        self,
        view: memoryview,
        code: Code,
        options: UploadOptions,
        resume: Resume | None,
        fragment_size: int,
        progress: Progress | None,
    ) -> list[StoredCoded]:
        size, client = fragment_bytes(fragment_size), self._coded(options.timeout_s)
        stored = []
        for at in range(0, view.nbytes, size):
            report = None if progress is None else _shifted(progress, at, view.nbytes)
            with view[at : at + size] as fragment:
                stored.append(await client.upload(fragment, code, self.payer, resume=resume, progress=report))
        return stored

    def _coded(self, timeout_s: float = 30) -> ErasureClient:
        return ErasureClient(self.client, self.remote, timeout_s=timeout_s)

    async def _upload_fragments(
        self, view: memoryview, options: UploadOptions, resume: Resume | None, fragment_size: int, progress: Progress | None
    ) -> list[Stored]:
        size = fragment_bytes(fragment_size)
        fragments = [view[at : at + size] for at in range(0, view.nbytes, size)]
        stored: list[Stored] = []
        try:
            for at in range(0, len(fragments), BATCH_SIZE):
                batch, before = fragments[at : at + BATCH_SIZE], at * size
                report = None if progress is None else _shifted(progress, before, view.nbytes)
                stored += await self.client.upload(batch, self.payer, options, resume=resume, progress=report)
        finally:
            for fragment in fragments:
                fragment.release()
        return stored

    async def upload_directory(
        self, path: Path, *, options: UploadOptions | None = None, progress: Progress | None = None
    ) -> UploadedDirectory:
        """Store every file of a directory, up to ten in a transaction, then the metadata whose root names the directory.

        Raises:
            InvalidInput: something that cannot be stored: a device, a link that leads out, a name that no reader takes.
        """
        options = options or UploadOptions()
        found = await asyncio.to_thread(lambda: list(directory.scan(path)))
        sizes = {below: where.stat().st_size for below, kind, where in found if kind == "file"}
        total, done, transactions = sum(sizes.values()), 0, set[bytes]()
        entries: dict[str, Entry] = {}
        batch: list[tuple[str, Path]] = []

        async def store() -> None:
            nonlocal done
            if not batch:
                return
            with ExitStack() as stack:
                views = [stack.enter_context(part.mapped(where)) for _, where in batch]
                report = None if progress is None else _shifted(progress, done, total)
                stored = await self.client.upload(views, self.payer, options, resume=self._resume_of(path), progress=report)
                for (below, where), view, one in zip(batch, views, stored, strict=True):
                    entries[below] = Entry(where.name, "file", (one.root,), view.nbytes)
                    done += view.nbytes
                    transactions.update({one.tx_hash} if one.tx_hash is not None else ())
            batch.clear()

        for below, kind, where in found:
            if kind == "directory":
                entries[below] = Entry(where.name, "directory")
            elif kind == "symbolic":
                entries[below] = Entry(where.name, "symbolic", link=os.readlink(where))
            elif sizes[below] == 0:
                entries[below] = Entry(where.name, "file")
            elif sizes[below] > FRAGMENT_SIZE:
                one = await self.upload(where, options=options)
                entries[below] = Entry(where.name, "file", one.roots, one.size)
                done += one.size
                transactions.update(item.tx_hash for item in one.stored if item.tx_hash is not None)
            else:
                batch.append((below, where))
                if len(batch) == BATCH_SIZE:
                    await store()
        await store()
        metadata = directory.encode(directory.build(_absolute(path).name, entries))
        (top,) = await self.client.upload([metadata], self.payer, options, resume=self._resume_of(path))
        transactions.update({top.tx_hash} if top.tx_hash is not None else ())
        resume = self._resume_of(path)
        if resume is not None:
            resume.done()
        return UploadedDirectory(top.root, len(sizes), total, len(transactions))

    def _resume_of(self, path: Path) -> Resume | None:
        if self._state is None:
            return None
        return Resume(self._state / f"directory-{FileTree.from_buffer(os.fsencode(_absolute(path))).root.hex()}.json")

    # --- out ----------------------------------------------------------------------------------------------------------

    async def download(
        self,
        roots: bytes | Sequence[bytes],
        target: Path,
        *,
        keys: crypt.Keys | None = None,
        size: int | None = None,
        overwrite: bool = False,
        progress: Progress | None = None,
    ) -> int:
        """A file, or the fragments of one in their order, into ``target``. Every segment is proven; ``target`` appears whole
        (mode 0600) or not at all. What was fetched before an interruption is kept beside it and not fetched again.

        Args:
            keys: to decrypt with; nothing is decrypted before all of it is proven.
            size: the stored file's size where it is known; for one root only.

        Returns:
            The size of ``target``.

        Raises:
            Conflict: ``target`` is there. NotFound, Unavailable, PeerFault: no node gives it. Unauthorized: the wrong key.
        """
        listed = [roots] if isinstance(roots, bytes) else list(roots)
        if not listed:
            raise InvalidInput("download: expected at least one root")
        if size is not None and len(listed) > 1:
            raise InvalidInput("download: a size can be given for one root only")
        target = _free_place(target, overwrite=overwrite)
        parts = [target.parent / f".zerog-{root.hex()}.part" for root in listed]
        sizes = []
        for root, working in zip(listed, parts, strict=True):
            sizes.append(await self._fetch(root, working, size, progress))
        if len(parts) == 1 and keys is None:
            await asyncio.to_thread(part.put, parts[0], target, overwrite=overwrite)
            written = sizes[0]
        else:
            written = await asyncio.to_thread(_assemble, parts, target, keys, overwrite)
        for working in parts:
            part.remove(working)
        return written

    async def _fetch(self, root: bytes, working: Path, size: int | None, progress: Progress | None) -> int:
        """A file as it lies; where parts of it are nowhere, out of its parity."""
        try:
            return await self.client.fetch(root, working, size=size, progress=progress)
        except (NotFound, Unavailable, PeerFault):
            try:
                return await self._coded().fetch(root, working, size=size, progress=progress)
            except NotFound:
                pass
            raise

    async def read(self, roots: bytes | Sequence[bytes], *, keys: crypt.Keys | None = None, size_max: int = 1 << 30) -> bytes:
        """A file's bytes, at most ``size_max`` of them."""
        with tempfile.TemporaryDirectory(prefix="zerog-") as scratch:
            target = Path(scratch) / "file"
            size = await self.download(roots, target, keys=keys)
            if size > size_max:
                raise InvalidInput(f"the file has {size} bytes; at most {size_max} were asked for")
            return await asyncio.to_thread(target.read_bytes)

    async def download_directory(
        self, root: bytes, target: Path, *, progress: Callable[[str, int, int], None] | None = None
    ) -> int:
        """A directory by the root of its metadata. It is made beside ``target`` and moved there whole; names and links that
        lead out of it are refused before anything is fetched. What an interrupted run has fetched is used again.

        Args:
            progress: told the path, and how many files are done of how many.

        Returns:
            How many files there are.
        """
        target = _free_place(target)
        top = await self.read_directory(root)
        entries = list(directory.walk(top))
        files = [(path, entry) for path, entry in entries if entry.kind == "file"]
        working = target.parent / f".zerog-{root.hex()}.dir"
        _own_directory(working)
        for path, entry in entries:
            if entry.kind == "directory":
                _own_directory(working.joinpath(*path))
        for count, (path, entry) in enumerate(files):
            place = working.joinpath(*path)
            if progress is not None:
                progress("/".join(path), count, len(files))
            if not entry.size:
                place.touch(mode=0o600)
            elif not await asyncio.to_thread(_is_file, place, entry):
                place.unlink(missing_ok=True)
                got = await self.download(entry.roots, place, size=entry.size if len(entry.roots) == 1 else None)
                if got != entry.size:
                    raise PeerFault(f"{'/'.join(path)} has {got} bytes, the directory says {entry.size}")
        # Last: while files are written there is no link to be led astray by.
        for path, entry in entries:
            place = working.joinpath(*path)
            if entry.kind == "symbolic" and not place.is_symlink():
                os.symlink(entry.link, place)
        if progress is not None and files:
            progress("", len(files), len(files))
        os.rename(working, _free_place(target))
        return len(files)

    async def read_directory(self, root: bytes) -> Entry:
        """What a directory holds, by the root of its metadata."""
        return directory.decode(await self.read(root, size_max=directory.METADATA_SIZE_MAX))

    # --- looking ------------------------------------------------------------------------------------------------------

    async def status(self) -> list[tuple[str, NodeStatus | Exception]]:
        """What each node says of itself, or why it does not."""
        return list(await self.client.statuses())

    async def info(self, root: bytes) -> list[tuple[str, FileInfo | Exception | None]]:
        """What each node knows of a file."""
        return list(await self.client.infos(root))

    async def durability(self, root: bytes, *, prove: bool = False) -> Durability:
        """How many more nodes may die before an erasure-coded file is lost, and who holds what of it.

        Args:
            prove: read every part from every node that claims to hold it, instead of believing them.

        Raises:
            NotFound: no node knows the file as erasure-coded.
        """
        return await self._coded().durability(root, prove=prove)

    async def repair(self, root: bytes, *, prove: bool = False, progress: Progress | None = None) -> Repaired:
        """Make the parts of an erasure-coded file that no node holds any more, and spread it over the nodes that there are.

        Raises:
            NotFound: no node knows the file as erasure-coded. Unavailable: more is lost than its parity makes up for.
        """
        return await self._coded().repair(root, prove=prove, progress=progress)

    async def coded_files(self) -> list[bytes]:
        """The roots of all erasure-coded files that nodes list."""
        return [listed.root for listed in await self._coded().listed()]

    # --- streams ------------------------------------------------------------------------------------------------------

    async def kv_write(
        self, batch: KvBatch | StreamBlob, *, options: UploadOptions | None = None, encryption: Encryption | None = None
    ) -> Uploaded:
        """Write to key-value streams. Each call is a transaction of its own, also with the same content.

        It is stored when this returns; what it did to the streams is told by a KV node: ``kv(url).wait(stored[0].seq)``.
        """
        blob = batch.build() if isinstance(batch, KvBatch) else batch
        options = replace(options or UploadOptions(), tags=blob.tags, skip_known=False)
        # One submission, however large: the streams would not find the other pieces.
        return await self.upload(blob.encode(), options=options, encryption=encryption, fragment_size=1 << 56)

    def kv(self, url: str) -> KvClient:
        """A KV node, to read from."""
        return KvClient(self.remote, check_url(url))


@asynccontextmanager
async def open_storage(
    *,
    nodes: Sequence[str] = (),
    indexer: str | None = None,
    chain: Chain | None = None,
    account: Account | None = None,
    state: Path | None = None,
    concurrency: int = 8,
    timeout_s: float = 30,
) -> AsyncIterator[Storage]:
    """The storage network for as long as the block lasts; with ``chain`` and ``account`` new files can be paid for."""
    async with Remote(timeout_s=timeout_s) as remote:
        payer = ChainPayer(chain, account) if chain is not None and account is not None else None
        client = StorageClient(remote, nodes=nodes, indexer=indexer, concurrency=concurrency)
        yield Storage(client, remote, payer, state)


def file_root(source: Path | bytes | IO[bytes], *, fragment_size: int = FRAGMENT_SIZE) -> list[bytes]:
    """The root that a file will have, without any network; several for a file above ``fragment_size``.

    Raises:
        InvalidInput: an empty file.
    """
    size = fragment_bytes(fragment_size)
    with _opened(source) as view:
        if not view.nbytes:
            raise InvalidInput("an empty file cannot be stored")
        roots = []
        for at in range(0, view.nbytes, size):
            with view[at : at + size] as fragment:
                roots.append(FileTree.from_buffer(fragment).root)
        return roots


def fragment_bytes(wanted: int) -> int:
    """The size of a fragment: the next power of two, at least a segment."""
    if not 1 <= wanted <= 1 << 56:
        raise InvalidInput(f"fragment size: expected 1 to 2**56 bytes, found {wanted}")
    return max(SEGMENT, 1 << (wanted - 1).bit_length())


@contextmanager
def _opened(source: Path | bytes | IO[bytes]) -> Iterator[memoryview]:
    if isinstance(source, bytes):
        yield memoryview(source)
    elif isinstance(source, Path):
        if not source.is_file():
            raise InvalidInput(f"{source} is no file" + ("; a directory goes with upload-dir" if source.is_dir() else ""))
        with part.mapped(source) as view:
            yield view
    else:
        with tempfile.TemporaryFile(prefix="zerog-") as spool:
            while block := source.read(_BLOCK):
                spool.write(block)
            spool.flush()
            with part.mapped_file(spool) as view:
                yield view


@contextmanager
def _sealed(plain: memoryview, sealer: crypt.Sealer) -> Iterator[memoryview]:
    with tempfile.TemporaryFile(prefix="zerog-") as spool:
        spool.write(sealer.header.encode())
        for at in range(0, plain.nbytes, _BLOCK):
            spool.write(sealer.apply(plain[at : at + _BLOCK], at))
        spool.flush()
        with part.mapped_file(spool) as view:
            yield view


def _assemble(parts: Sequence[Path], target: Path, keys: crypt.Keys | None, overwrite: bool) -> int:
    """Proven fragments, decrypted, one after the other, into ``target``."""
    temporary = target.parent / f".zerog-{os.getpid()}-{os.urandom(8).hex()}.new"
    sealer: crypt.Sealer | None = None
    written = 0
    try:
        with open(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as output:
            for number, path in enumerate(parts):
                with open(path, "rb") as source:
                    if number == 0 and keys is not None:
                        header = crypt.Header.decode(source.read(crypt.HEADER_SIZE_MAX))
                        source.seek(header.size)
                        sealer = keys.open(header)
                    while block := source.read(_BLOCK):
                        output.write(block if sealer is None else sealer.apply(block, written))
                        written += len(block)
            output.flush()
            os.fsync(output.fileno())
        part.put(temporary, target, overwrite=overwrite)
    finally:
        temporary.unlink(missing_ok=True)
    return written


def _absolute(path: Path) -> Path:
    return Path(os.path.abspath(path))


def _free_place(path: Path, *, overwrite: bool = False) -> Path:
    """Where something new may go.

    Raises:
        Conflict: something is there, and may not be replaced. InvalidInput: there is no such directory.
    """
    place = _absolute(path)
    if not place.name or not place.parent.is_dir():
        raise InvalidInput(f"{place.parent} is no directory; make it first")
    if os.path.lexists(place) and (not overwrite or place.is_dir()):
        raise Conflict(f"{place} exists already; give another place" + ("" if place.is_dir() else " or say --overwrite"))
    return place


def _own_directory(path: Path) -> None:
    """A private directory of ours, made when it is not there."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        facts = path.lstat()
        if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid() or stat.S_IMODE(facts.st_mode) & 0o077:
            raise Conflict(f"{path} is not a private directory of ours; remove it") from None
    except FileNotFoundError:
        raise InvalidInput(f"{path.parent} is no directory; make it first") from None


def _is_file(place: Path, entry: Entry) -> bool:
    """Whether an earlier run left the whole file here."""
    if place.is_symlink() or not place.is_file() or place.stat().st_size != entry.size or len(entry.roots) != 1:
        return False
    with part.mapped(place) as view:
        return FileTree.from_buffer(view).root == entry.roots[0]


def _shifted(progress: Progress, before: int, total: int) -> Progress:
    return lambda done, _: progress(before + done, total)

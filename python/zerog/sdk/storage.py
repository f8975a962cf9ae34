"""Verbs on the storage network: store, fetch, whole directories, streams. Each returns plain values.

What only some verbs need (ciphers, erasure codes, streams, the chain) is imported by those.
Works over ``zerog.storage.client`` with any nodes or indexer, and pays with an account on any chain that has the flow contract.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from zerog.errors import InvalidInput, NotFound, PeerFault, Unavailable
from zerog.sdk.files import FRAGMENT_SIZE, assemble, fragment_bytes, free_place, opened, sealed
from zerog.storage import part
from zerog.storage.client import StorageClient
from zerog.storage.layout import FileTree
from zerog.storage.remote import FileInfo, NodeStatus, Remote, check_url
from zerog.storage.transfer import BATCH_SIZE, Progress, shifted
from zerog.storage.uploads import Payer, Resume, Stored, UploadOptions

if TYPE_CHECKING:
    from zerog.sdk.chain import Chain
    from zerog.sdk.directories import UploadedDirectory
    from zerog.sdk.kv import KvBatch
    from zerog.sdk.wallet import Account
    from zerog.storage import crypt
    from zerog.storage.directory import Entry
    from zerog.storage.erasure.census import Durability
    from zerog.storage.erasure.client import ErasureClient, StoredCoded
    from zerog.storage.erasure.manifest import Code
    from zerog.storage.erasure.restore import Repaired
    from zerog.storage.kv.client import KvClient
    from zerog.storage.stream_blob import StreamBlob


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
        from zerog.storage import crypt

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
        self.client, self.remote, self.payer, self.state = client, remote, payer, state

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
            plain = stack.enter_context(await asyncio.to_thread(opened, source))
            if not plain.nbytes:
                raise InvalidInput("an empty file cannot be stored")
            kind = "" if encryption is None else "-v1" if encryption.key is not None else "-v2"
            resume = tree = None
            if self.state is not None:
                tree = await asyncio.to_thread(FileTree.from_buffer, plain)
                resume = Resume(self.state / f"{tree.root.hex()}-{plain.nbytes}{kind}.json")
            view = plain
            if encryption is not None:
                view = stack.enter_context(await asyncio.to_thread(sealed, plain, encryption.begin(resume)))
            durability: tuple[Durability, ...] = ()
            if erasure is None:
                whole = encryption is None and plain.nbytes <= fragment_bytes(fragment_size)
                trees = [tree] if tree is not None and whole else []
                stored = await self._upload_fragments(view, trees, options, resume, fragment_size, progress)
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
            report = None if progress is None else shifted(progress, at, view.nbytes)
            with view[at : at + size] as fragment:
                stored.append(await client.upload(fragment, code, self.payer, resume=resume, progress=report))
        return stored

    def _coded(self, timeout_s: float = 30) -> ErasureClient:
        from zerog.storage.erasure.client import ErasureClient

        return ErasureClient(self.client, self.remote, timeout_s=timeout_s)

    async def _upload_fragments(
        self,
        view: memoryview,
        trees: list[FileTree],
        options: UploadOptions,
        resume: Resume | None,
        fragment_size: int,
        progress: Progress | None,
    ) -> list[Stored]:
        size = fragment_bytes(fragment_size)
        fragments = [view[at : at + size] for at in range(0, view.nbytes, size)]
        stored: list[Stored] = []
        try:
            for at in range(0, len(fragments), BATCH_SIZE):
                batch, before = fragments[at : at + BATCH_SIZE], at * size
                report = None if progress is None else shifted(progress, before, view.nbytes)
                stored += await self.client.upload(batch, self.payer, options, trees=trees, resume=resume, progress=report)
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
        from zerog.sdk import directories

        return await directories.upload(self, path, options or UploadOptions(), progress)

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
        target = free_place(target, overwrite=overwrite)
        parts = [target.parent / f".zerog-{root.hex()}.part" for root in listed]
        sizes = []
        for root, working in zip(listed, parts, strict=True):
            sizes.append(await self._fetch(root, working, size, progress))
        if len(parts) == 1 and keys is None:
            await asyncio.to_thread(part.put, parts[0], target, overwrite=overwrite)
            written = sizes[0]
        else:
            written = await asyncio.to_thread(assemble, parts, target, keys, overwrite)
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
        from zerog.sdk import directories

        return await directories.download(self, root, target, progress)

    async def read_directory(self, root: bytes) -> Entry:
        """What a directory holds, by the root of its metadata."""
        from zerog.storage import directory

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
        from zerog.sdk.kv import KvBatch

        blob = batch.build() if isinstance(batch, KvBatch) else batch
        options = replace(options or UploadOptions(), tags=blob.tags, skip_known=False)
        # One submission, however large: the streams would not find the other pieces.
        return await self.upload(blob.encode(), options=options, encryption=encryption, fragment_size=1 << 56)

    def kv(self, url: str) -> KvClient:
        """A KV node, to read from."""
        from zerog.storage.kv.client import KvClient

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
        payer: Payer | None = None
        if chain is not None and account is not None:
            from zerog.sdk.payer import ChainPayer

            payer = ChainPayer(chain, account)
        client = StorageClient(remote, nodes=nodes, indexer=indexer, concurrency=concurrency)
        yield Storage(client, remote, payer, state)

"""The storage network, seen through given nodes or through those that an indexer names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from zerog.errors import InvalidInput, ZerogError
from zerog.storage.downloads import Downloads
from zerog.storage.fleet import Fleet
from zerog.storage.layout import FileTree
from zerog.storage.remote import FileInfo, NodeStatus, Remote
from zerog.storage.selection import ShardedNode
from zerog.storage.transfer import Progress
from zerog.storage.uploads import Payer, Resume, Stored, UploadOptions, Uploads

if TYPE_CHECKING:
    from typing_extensions import Buffer


class StorageClient:
    """Uploads and downloads through given nodes, or through the nodes that an indexer names.

    Args:
        remote: open connections.
        nodes: URLs of storage nodes.
        indexer: URL of an indexer, asked when no nodes are given.
        concurrency: calls with segments in flight at any time.
    """

    def __init__(self, remote: Remote, *, nodes: Sequence[str] = (), indexer: str | None = None, concurrency: int = 8) -> None:
        if not 1 <= concurrency <= 64:
            raise InvalidInput(f"storage: expected 1 to 64 calls at a time, found {concurrency}")
        fleet = Fleet(remote, nodes, indexer)
        self._fleet, self._uploads, self._downloads = fleet, Uploads(fleet, concurrency), Downloads(fleet, concurrency)

    async def nodes(self) -> list[ShardedNode]:
        """``Fleet.nodes``."""
        return await self._fleet.nodes()

    async def statuses(self) -> list[tuple[str, NodeStatus | ZerogError]]:
        """``Fleet.statuses``."""
        return await self._fleet.statuses()

    async def infos(self, root: bytes) -> list[tuple[str, FileInfo | ZerogError | None]]:
        """``Fleet.infos``."""
        return await self._fleet.infos(root)

    async def upload(
        self,
        files: Sequence[Buffer],
        payer: Payer | None,
        options: UploadOptions | None = None,
        *,
        trees: Sequence[FileTree] = (),
        resume: Resume | None = None,
        progress: Progress | None = None,
    ) -> list[Stored]:
        """``Uploads.upload``."""
        return await self._uploads.upload(
            files, payer, options or UploadOptions(), trees=trees, resume=resume, progress=progress
        )

    async def enter(
        self, files: Sequence[tuple[FileTree, bytes]], payer: Payer | None, resume: Resume | None = None
    ) -> list[tuple[int | None, bytes | None]]:
        """``Uploads.enter``."""
        return await self._uploads.enter(files, payer, resume)

    async def fetch(self, root: bytes, part: Path, *, size: int | None = None, progress: Progress | None = None) -> int:
        """``Downloads.fetch``."""
        return await self._downloads.fetch(root, part, size=size, progress=progress)

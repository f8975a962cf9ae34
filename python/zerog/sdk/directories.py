"""Whole directories: every file of one into the network, and all of it out again."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zerog.errors import PeerFault
from zerog.sdk.files import FRAGMENT_SIZE, absolute, free_place, is_file, own_directory
from zerog.storage import directory, part
from zerog.storage.directory import Entry
from zerog.storage.layout import FileTree
from zerog.storage.transfer import BATCH_SIZE, Progress, shifted
from zerog.storage.uploads import Resume, UploadOptions

if TYPE_CHECKING:
    from zerog.sdk.storage import Storage


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


async def upload(storage: Storage, path: Path, options: UploadOptions, progress: Progress | None) -> UploadedDirectory:
    """``Storage.upload_directory``."""
    resume = _resume(storage, path)
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
            report = None if progress is None else shifted(progress, done, total)
            stored = await storage.client.upload(views, storage.payer, options, resume=resume, progress=report)
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
            one = await storage.upload(where, options=options)
            entries[below] = Entry(where.name, "file", one.roots, one.size)
            done += one.size
            transactions.update(item.tx_hash for item in one.stored if item.tx_hash is not None)
        else:
            batch.append((below, where))
            if len(batch) == BATCH_SIZE:
                await store()
    await store()
    metadata = directory.encode(directory.build(directory.TOP_NAME, entries))
    (top,) = await storage.client.upload([metadata], storage.payer, options, resume=resume)
    transactions.update({top.tx_hash} if top.tx_hash is not None else ())
    if resume is not None:
        resume.done()
    return UploadedDirectory(top.root, len(sizes), total, len(transactions))


def _resume(storage: Storage, path: Path) -> Resume | None:
    if storage.state is None:
        return None
    return Resume(storage.state / f"directory-{FileTree.from_buffer(os.fsencode(absolute(path))).root.hex()}.json")


async def download(storage: Storage, root: bytes, target: Path, progress: Callable[[str, int, int], None] | None) -> int:
    """``Storage.download_directory``."""
    target = free_place(target)
    top = await storage.read_directory(root)
    entries = list(directory.walk(top))
    files = [(path, entry) for path, entry in entries if entry.kind == "file"]
    working = target.parent / f".zerog-{root.hex()}.dir"
    own_directory(working)
    for path, entry in entries:
        if entry.kind == "directory":
            own_directory(working.joinpath(*path))
    for count, (path, entry) in enumerate(files):
        place = working.joinpath(*path)
        if progress is not None:
            progress("/".join(path), count, len(files))
        if not entry.size:
            place.touch(mode=0o600)
        elif not await asyncio.to_thread(is_file, place, entry):
            place.unlink(missing_ok=True)
            got = await storage.download(entry.roots, place, size=entry.size if len(entry.roots) == 1 else None)
            if got != entry.size:
                raise PeerFault(f"{'/'.join(path)} has {got} bytes, the directory says {entry.size}")
    # Last: while files are written there is no link to be led astray by.
    for path, entry in entries:
        place = working.joinpath(*path)
        if entry.kind == "symbolic" and not place.is_symlink():
            os.symlink(entry.link, place)
    if progress is not None and files:
        progress("", len(files), len(files))
    os.rename(working, free_place(target))
    return len(files)

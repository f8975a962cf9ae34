"""A file that is being downloaded: proven segments at their places, and beside it a list of those that are there.

Both files are private and nobody else writes them. The list is only a hint: whoever finishes compares the root of the whole.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Final, Self

from zerog.errors import Conflict
from zerog.storage.layout import SEGMENT, FileTree

if TYPE_CHECKING:
    from typing_extensions import Buffer

_HEAD: Final = 40


class Part:
    """The working file of one download, locked while open.

    Raises:
        Conflict: another process is downloading into it, or it is not a plain file of ours.
    """

    def __init__(self, path: Path, root: bytes, size: int, segment_count: int) -> None:
        self._path, self._list_path = path, path.with_name(path.name + ".list")
        self._size, self._count = size, segment_count
        self._head = root + size.to_bytes(8, "big")
        self._file = self._list = -1
        self._done = bytearray(segment_count)

    def __enter__(self) -> Self:
        try:
            self._file = open_private(self._path)
            self._list = open_private(self._list_path)
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                    raise
                raise Conflict(f"{self._path} is being downloaded by another process") from None
            known = os.pread(self._list, _HEAD + self._count, 0)
            if known[:_HEAD] == self._head and os.fstat(self._file).st_size == self._size:
                self._done[: len(known) - _HEAD] = known[_HEAD:]
            else:
                os.ftruncate(self._list, 0)
                os.pwrite(self._list, self._head, 0)
            os.ftruncate(self._file, self._size)
        except BaseException:
            self._close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._close()

    def _close(self) -> None:
        for file in (self._file, self._list):
            if file >= 0:
                os.close(file)
        self._file = self._list = -1

    @property
    def done_count(self) -> int:
        return sum(1 for mark in self._done if mark == 1)

    def missing(self) -> list[int]:
        return [index for index, mark in enumerate(self._done) if mark != 1]

    def write(self, index: int, data: Buffer) -> None:
        """Put a segment at its place, then say that it is there."""
        at, view = index * SEGMENT, memoryview(data)
        while view:
            written = os.pwrite(self._file, view, at)
            at, view = at + written, view[written:]
        os.pwrite(self._list, b"\1", _HEAD + index)
        self._done[index] = 1

    def read(self, index: int) -> bytes:
        """What is on disk at a segment's place; to be checked by whoever uses it."""
        return os.pread(self._file, SEGMENT, index * SEGMENT)

    def root(self) -> bytes:
        """The root of what is on disk."""
        with mmap.mmap(self._file, self._size, prot=mmap.PROT_READ) as mapped, memoryview(mapped) as view:
            return FileTree.from_buffer(view).root

    def sync(self) -> None:
        os.fsync(self._file)

    def discard(self) -> None:
        """Begin anew next time."""
        self._done = bytearray(self._count)
        os.ftruncate(self._list, 0)
        os.ftruncate(self._file, 0)


def remove(path: Path) -> None:
    """Take away a working file and its list."""
    path.unlink(missing_ok=True)
    path.with_name(path.name + ".list").unlink(missing_ok=True)


def open_private(path: Path) -> int:
    """A plain file of mode 0600 that is ours alone, made when it is not there; links are not followed.

    Raises:
        Conflict: something else stands there.
    """
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o600)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EISDIR, errno.ENXIO):
            raise Conflict(f"{path} is not a plain file; remove it") from None
        raise
    facts = os.fstat(file)
    if not stat.S_ISREG(facts.st_mode) or facts.st_uid != os.geteuid() or facts.st_nlink != 1:
        os.close(file)
        raise Conflict(f"{path} is not a plain file of ours; remove it")
    os.fchmod(file, 0o600)
    return file


def put(temporary: Path, target: Path, *, overwrite: bool) -> None:
    """Move a finished file to its place and make the move durable.

    Raises:
        Conflict: something is there and ``overwrite`` is false.
    """
    if overwrite:
        os.replace(temporary, target)
    else:
        try:
            os.link(temporary, target, follow_symlinks=False)  # fails where rename would replace
        except FileExistsError:
            raise Conflict(f"{target} exists already; say --overwrite to replace it") from None
        except OSError as error:
            if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK) or os.path.lexists(target):
                raise
            os.rename(temporary, target)
        else:
            os.unlink(temporary)
    directory = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


@contextmanager
def mapped(path: Path) -> Iterator[memoryview]:
    """A file's bytes without reading them; an empty file is an empty view."""
    with open(path, "rb") as file, mapped_file(file) as view:
        yield view


@contextmanager
def mapped_file(file: IO[bytes]) -> Iterator[memoryview]:
    """``mapped`` for an open file."""
    size = os.fstat(file.fileno()).st_size
    if size == 0:
        yield memoryview(b"")
        return
    mapping = mmap.mmap(file.fileno(), size, prot=mmap.PROT_READ)
    view = memoryview(mapping)
    try:
        yield view
    finally:
        # An error on its way may still hold slices of the view; the mapping then goes with the last of them.
        with suppress(BufferError):
            view.release()
            mapping.close()

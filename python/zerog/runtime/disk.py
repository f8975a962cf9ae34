"""Files of a node: the lock on its directory, atomic writes, private files."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import stat
from pathlib import Path
from types import TracebackType
from typing import Self

from zerog.errors import ConfigError, Conflict, Exhausted, Unauthorized


class DirectoryLock:
    """One process per data directory, held by ``flock`` on ``LOCK.pid`` for as long as the block lasts.

    The kernel lets go of it when the process dies, however it dies, so a restart after ``kill -9`` needs no cleaning up.

    Raises:
        Conflict: another process holds it; says which one. Or it cannot be made or written.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._file: int | None = None

    def __enter__(self) -> Self:
        path = self._directory / "LOCK.pid"
        try:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            message = f"directory {self._directory} cannot be used ({error.strerror})"
            raise Conflict(message, directory=str(self._directory)) from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = os.pread(file, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(file)
            if error.errno not in (errno.EWOULDBLOCK, errno.EACCES):
                raise
            message = f"directory {self._directory} is in use by process {holder}"
            raise Conflict(message, directory=str(self._directory)) from None
        os.ftruncate(file, 0)
        os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        self._file = file
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None


def write_atomic(path: Path, data: bytes, *, mode: int = 0o644) -> None:
    """Replace ``path`` whole or not at all: temporary name, fsync, rename, fsync of the directory."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.new")
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        os.fchmod(file, mode)
        view = memoryview(data)
        while view:
            view = view[os.write(file, view) :]
        os.fsync(file)
    except BaseException:
        os.unlink(temporary)
        raise
    finally:
        os.close(file)
    os.replace(temporary, path)
    directory = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def read_private(path: Path) -> bytes:
    """Read a file that holds a secret.

    Raises:
        Unauthorized: others than the owner may read or write it.
    """
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise Unauthorized(f"{path} has mode {mode:04o}; expected 0600", path=str(path))
    return path.read_bytes()


def bearer_token(path: Path, setting: str) -> str:
    """The token of an admin port, made when it is not there yet.

    Args:
        setting: the key that chooses the file, for the message.

    Raises:
        Unauthorized: others may read the file. ConfigError: what it holds is too short to be a secret.
    """
    if not path.exists():
        write_atomic(path, secrets.token_hex(32).encode(), mode=0o600)
    token = read_private(path).decode("ascii", "replace").strip()
    if len(token) < 32:
        raise ConfigError(f"{path}: expected a token of at least 32 characters", key=setting, value="***", origin="")
    return token


def check_free(directory: Path, wanted_bytes: int) -> None:
    """Raise ``Exhausted`` when the file system of ``directory`` has less than ``wanted_bytes`` left."""
    facts = os.statvfs(directory)
    free = facts.f_bavail * facts.f_frsize
    if free < wanted_bytes:
        raise Exhausted(
            f"the disk of {directory} is nearly full: {free >> 20:,} MiB free, at least {-(-wanted_bytes >> 20):,} MiB wanted",
            free_bytes=free,
        )

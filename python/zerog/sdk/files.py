"""The near side of a transfer: files of this machine as bytes to send, and proven bytes as files of this machine."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

from zerog.errors import Conflict, InvalidInput
from zerog.storage import part
from zerog.storage.layout import SEGMENT, FileTree

if TYPE_CHECKING:
    from zerog.storage import crypt
    from zerog.storage.directory import Entry

FRAGMENT_SIZE: Final = 1 << 32
_BLOCK: Final = 1 << 20


def file_root(source: Path | bytes | IO[bytes], *, fragment_size: int = FRAGMENT_SIZE) -> list[bytes]:
    """The root that a file will have, without any network; several for a file above ``fragment_size``.

    Raises:
        InvalidInput: an empty file.
    """
    size = fragment_bytes(fragment_size)
    with opened(source) as view:
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
def opened(source: Path | bytes | IO[bytes]) -> Iterator[memoryview]:
    """The bytes of a source: a file's are mapped, a stream's go through a private temporary file until its end.

    Raises:
        InvalidInput: no such file.
    """
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
def sealed(plain: memoryview, sealer: crypt.Sealer) -> Iterator[memoryview]:
    """Header and ciphertext, in a private temporary file."""
    with tempfile.TemporaryFile(prefix="zerog-") as spool:
        spool.write(sealer.header.encode())
        for at in range(0, plain.nbytes, _BLOCK):
            spool.write(sealer.apply(plain[at : at + _BLOCK], at))
        spool.flush()
        with part.mapped_file(spool) as view:
            yield view


def assemble(parts: Sequence[Path], target: Path, keys: crypt.Keys | None, overwrite: bool) -> int:
    """Proven fragments, decrypted, one after the other, into ``target``."""
    temporary = target.parent / f".zerog-{os.getpid()}-{os.urandom(8).hex()}.new"
    from zerog.storage import crypt

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


def absolute(path: Path) -> Path:
    """From the root, links left as they are."""
    return Path(os.path.abspath(path))


def free_place(path: Path, *, overwrite: bool = False) -> Path:
    """Where something new may go.

    Raises:
        Conflict: something is there, and may not be replaced. InvalidInput: there is no such directory.
    """
    place = absolute(path)
    if not place.name or not place.parent.is_dir():
        raise InvalidInput(f"{place.parent} is no directory; make it first")
    if os.path.lexists(place) and (not overwrite or place.is_dir()):
        raise Conflict(f"{place} exists already; give another place" + ("" if place.is_dir() else " or say --overwrite"))
    return place


def own_directory(path: Path) -> None:
    """A private directory of ours, made when it is not there."""
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        facts = path.lstat()
        if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid() or stat.S_IMODE(facts.st_mode) & 0o077:
            raise Conflict(f"{path} is not a private directory of ours; remove it") from None
    except FileNotFoundError:
        raise InvalidInput(f"{path.parent} is no directory; make it first") from None


def is_file(place: Path, entry: Entry) -> bool:
    """Whether an earlier run left the whole file here."""
    if place.is_symlink() or not place.is_file() or place.stat().st_size != entry.size or len(entry.roots) != 1:
        return False
    with part.mapped(place) as view:
        return FileTree.from_buffer(view).root == entry.roots[0]

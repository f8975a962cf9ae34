"""An adapter on its way from a fine-tuning node to the provider that serves it: a folder that both see.

``folder/<user, 40 hex digits>/<task id>/`` holds ``adapter_config.json``, ``adapter_model.safetensors`` and ``handed.json``. It
is made under another name and renamed, so what is there is whole. No path is made of what a client says: names that clients
send are compared with what lies in their own user's folder. Source: docs/protocol/compute.md §8.
"""

from __future__ import annotations

import os
import shutil
import stat
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from zerog.errors import InvalidInput, NotFound
from zerog.runtime import log
from zerog.types import Address

CONFIG: Final = "adapter_config.json"
WEIGHTS: Final = "adapter_model.safetensors"
HANDED: Final = "handed.json"
HANDED_BYTES_MAX: Final = 64 << 10
ENTRIES_MAX: Final = 1024
"""Of one user's folder, as many as are looked at."""
TASK_CHARS: Final = 12
"""Of a task's id, in the name of its adapter."""
_log = log.get(__name__)


class Handed(msgspec.Struct, frozen=True):
    """What a fine-tuning node says of an adapter that it hands over; ``handed.json``."""

    task: str
    """Its id, a UUID."""
    user: str
    """Whose it is: 40 hex digits."""
    base: str
    """The model that was tuned, by its name, and the root of its file."""
    base_root: str
    root: str = ""
    """Of the encrypted file that the user was given, as the contract has it."""

    @property
    def owner(self) -> Address:
        return Address(bytes.fromhex(self.user))

    @property
    def name(self) -> str:
        """By which the adapter is deployed, and asked as a model; the official clients make the same."""
        return adapter_name(self.base, self.task)


def adapter_name(base: str, task: str) -> str:
    """``ft-<base>-<the task id's first 12 characters>``."""
    for mark in "/. ":
        base = base.replace(mark, "-")
    return f"ft-{base.strip('-')}-{task[:TASK_CHARS]}"


def hand_over(folder: Path, handed: Handed, output: Path) -> None:
    """Put what training left in ``output`` where providers find it; done already is done.

    Raises:
        NotFound, InvalidInput: ``output`` has no adapter. OSError: the disk does not take it.
    """
    place = _place(folder, handed.owner, handed.task)
    if place.exists():
        return
    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    making = place.with_name(f".{handed.task}.new")
    if making.exists():
        shutil.rmtree(making)
    making.mkdir(mode=0o700)
    for name in (CONFIG, WEIGHTS):
        _write(making / name, read_plain(output / name, 1 << 40))
    _write(making / HANDED, msgspec.json.encode(handed))
    _sync(making)
    os.rename(making, place)
    _sync(place.parent)


def handed_to(folder: Path, user: Address) -> list[Handed]:
    """A user's adapters, by task id. What is not as ``hand_over`` leaves it is passed over, and told in the log."""
    made = []
    try:
        with os.scandir(folder / user.hex()) as entries:
            names = [one.name for _, one in zip(range(ENTRIES_MAX), entries, strict=False) if one.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    for name in sorted(names):
        if not _is_id(name):
            continue
        try:
            found = msgspec.json.decode(read_plain(folder / user.hex() / name / HANDED, HANDED_BYTES_MAX), type=Handed)
        except (msgspec.MsgspecError, InvalidInput, NotFound, OSError) as error:
            _log.warning("adapter.unreadable", task=name, reason=str(error)[:200])
            continue
        if (found.task, found.user) != (name, user.hex()):
            _log.warning("adapter.unreadable", task=name, reason="it names another task or user")
            continue
        made.append(found)
    return made


def users(folder: Path) -> list[Address]:
    """Who has adapters here."""
    try:
        names = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir(follow_symlinks=False))
    except FileNotFoundError:
        return []
    return [Address(bytes.fromhex(name)) for name in names if len(name) == 40 and _is_hex(name)]


def read_files(folder: Path, handed: Handed, bytes_max: int) -> tuple[bytes, bytes]:
    """The configuration and the weights of an adapter.

    Raises:
        NotFound: one of them is not there; no other form of weights is ever read. InvalidInput: a link, or too large.
    """
    place = _place(folder, handed.owner, handed.task)
    return read_plain(place / CONFIG, HANDED_BYTES_MAX), read_plain(place / WEIGHTS, bytes_max)


def touch(folder: Path, handed: Handed) -> None:
    """Used now: ``expire`` counts from here."""
    with suppress(FileNotFoundError):
        os.utime(_place(folder, handed.owner, handed.task))


def expire(folder: Path, before_s: float, kept: frozenset[str]) -> int:
    """Remove adapters that were not used since then; ``kept`` tasks stay. Returns how many went."""
    gone = 0
    for user in users(folder):
        for handed in handed_to(folder, user):
            place = _place(folder, user, handed.task)
            if handed.task not in kept and place.stat().st_mtime < before_s:
                shutil.rmtree(place)
                gone += 1
    return gone


def read_plain(path: Path, bytes_max: int) -> bytes:
    """A file that is one: no link, no device, no more than ``bytes_max``.

    Raises:
        NotFound: it is not there. InvalidInput: it is something else, or larger.
    """
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise NotFound(f"adapter: {path.name} is not there") from None
    except OSError as error:
        raise InvalidInput(f"adapter: {path.name}: {error.strerror}") from None
    with os.fdopen(number, "rb") as file:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode) or facts.st_size > bytes_max:
            raise InvalidInput(f"adapter: {path.name}: expected a plain file of at most {bytes_max:,} bytes")
        return file.read(facts.st_size)


def _place(folder: Path, user: Address, task: str) -> Path:
    if not _is_id(task):
        raise InvalidInput("adapter: expected a task named by a UUID")
    return folder / user.hex() / task


def _is_id(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text
    except ValueError:
        return False


def _is_hex(text: str) -> bool:
    return all(letter in "0123456789abcdef" for letter in text)


def _write(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(directory: Path) -> None:
    number = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)

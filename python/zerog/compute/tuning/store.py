"""Tasks on the disk: records in the key-value store, data sets and what training makes as files beside it.

A record moves in one synced write before anybody hears of it. Files are made under another name and renamed, so a name that is
there is whole.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from zerog.compute.tuning.task import Task
from zerog.errors import Conflict, Corrupt, Exhausted, InvalidInput, NotFound
from zerog.primitives.hashing import keccak256
from zerog.store.kv import Batch, Kv
from zerog.types import Address

FAMILIES: Final = {"meta": False, "tasks": False, "by_user": False, "nonces": False, "secrets": True}
LOG_BYTES_MAX: Final = 1 << 20
_VERSION: Final = b"1"


class TaskStore:
    """The tasks of one provider.

    Args:
        kv: with ``FAMILIES``.
        home: the directory for files; private.
    """

    def __init__(self, kv: Kv, home: Path) -> None:
        self.kv, self._tasks, self._datasets = kv, home / "tasks", home / "datasets"
        for folder in (self._tasks, self._datasets):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def identity(self, chain_id: int, contract: Address, provider: Address) -> None:
        """Claim the directory.

        Raises:
            Conflict: it belongs to another chain, contract or provider.
        """
        wanted = b"|".join([_VERSION, str(chain_id).encode(), contract.hex().encode(), provider.hex().encode()])
        found = self.kv.get("meta", b"identity")
        if found is None:
            batch = Batch()
            batch.put("meta", b"identity", wanted)
            self.kv.write(batch)
        elif found != wanted:
            raise Conflict(f"the directory belongs to another provider or chain: {found.decode(errors='replace')}")

    # --- tasks --------------------------------------------------------------------------------------------------------

    def add(self, task: Task) -> None:
        """A new task with its place in its user's list, and its nonce spent.

        Raises:
            InvalidInput: a nonce that is not above the last one of this user.
        """
        if int(task.nonce) <= self.last_nonce(Address(task.user)):
            raise InvalidInput("task: nonce: expected one above that of your last task; make a new request")
        batch = Batch()
        batch.put("tasks", task.id.encode(), _encode(task))
        batch.put("by_user", _place(task), task.id.encode())
        batch.put("nonces", task.user, task.nonce.encode())
        self.kv.write(batch)

    def put(self, task: Task, secret: bytes | None = None) -> None:
        """A task as it is now; with it the key of its encrypted file, kept while it may be sold."""
        batch = Batch()
        batch.put("tasks", task.id.encode(), _encode(task))
        if secret is not None:
            batch.put("secrets", task.id.encode(), secret)
        self.kv.write(batch)

    def get(self, id: str) -> Task:
        """
        Raises:
            NotFound: no such task.
        """
        found = self.kv.get("tasks", id.encode())
        if found is None:
            raise NotFound(f"task {id} is not known here")
        return _decode(found)

    def secret(self, id: str) -> bytes | None:
        return self.kv.get("secrets", id.encode())

    def of_user(self, user: Address, count_max: int = 1000) -> list[Task]:
        """A user's tasks, newest first."""
        made = []
        for _, id in self.kv.scan("by_user", user, _after(user), reverse=True):
            made.append(self.get(id.decode()))
            if len(made) >= count_max:
                break
        return made

    def unfinished(self) -> Iterator[Task]:
        """Every task that has not ended, oldest first."""
        waiting = [task for _, value in self.kv.scan("tasks") if not (task := _decode(value)).state.ended]
        yield from sorted(waiting, key=lambda task: (task.created_s, task.id))

    def last_nonce(self, user: Address) -> int:
        return int(self.kv.get("nonces", user) or b"-1")

    # --- files --------------------------------------------------------------------------------------------------------

    def folder(self, task: Task) -> Path:
        """A task's own directory."""
        made = self._tasks / task.id
        made.mkdir(mode=0o700, exist_ok=True)
        return made

    def parcel(self, task: Task) -> Path:
        """Where a task's encrypted file lies."""
        return self._tasks / task.id / "adapter.bin"

    def clean(self, task: Task, *, parcel: bool) -> None:
        """Remove what a task no longer needs; with ``parcel`` everything but its log."""
        for entry in self.folder(task).iterdir():
            if entry.name == "log.txt" or (entry.name == "adapter.bin" and not parcel):
                continue
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()

    def log(self, task: Task, line: str) -> None:
        """One more line of a task's log, until it is full."""
        path = self.folder(task) / "log.txt"
        if path.exists() and path.stat().st_size > LOG_BYTES_MAX:
            return
        with path.open("a", encoding="utf-8", errors="replace") as file:
            file.write(line.rstrip("\n") + "\n")

    def log_text(self, task: Task) -> bytes:
        path = self._tasks / task.id / "log.txt"
        return path.read_bytes() if path.exists() else b""

    def keep_dataset(self, user: Address, data: bytes, bytes_max: int) -> bytes:
        """An uploaded data set, by the keccak256 that names it from then on.

        Raises:
            Exhausted: all uploads together would have more than ``bytes_max``.
        """
        hash = bytes(keccak256(data))
        path = self.dataset(user, hash)
        if path.exists():
            os.utime(path)
        else:
            held = sum(entry.stat().st_size for entry in self._datasets.rglob("*") if entry.is_file())
            if held + len(data) > bytes_max:
                raise Exhausted(f"data sets here have {held >> 20:,} MiB; use the storage network, or come back later")
            path.parent.mkdir(mode=0o700, exist_ok=True)
            temporary = path.with_suffix(f".{os.getpid()}.new")
            temporary.write_bytes(data)
            os.replace(temporary, path)
        return hash

    def dataset(self, user: Address, hash: bytes) -> Path:
        """Where a user's own upload lies; nobody else can name it."""
        return self._datasets / user.hex() / hash.hex()

    def expire(self, before_s: float) -> int:
        """Forget what tasks that ended before then have made, their keys, and data sets that nobody has used since.

        Records and logs of tasks stay. Returns how many files went.
        """
        gone, wanted = 0, set()
        for _, value in self.kv.scan("tasks"):
            task = _decode(value)
            if not task.state.ended:
                wanted.add(self.dataset(Address(task.user), bytes.fromhex(task.dataset.removeprefix("0x"))))
            elif task.updated_s < before_s and self.parcel(task).exists():
                self.clean(task, parcel=True)
                batch = Batch()
                batch.delete("secrets", task.id.encode())
                self.kv.write(batch)
                gone += 1
        for path in self._datasets.rglob("*"):
            if path.is_file() and path not in wanted and path.stat().st_mtime < before_s:
                path.unlink()
                gone += 1
        return gone


def _place(task: Task) -> bytes:
    return task.user + int(task.created_s * 1e6).to_bytes(8, "big") + task.id.encode()


def _after(user: Address) -> bytes:
    return (int.from_bytes(user, "big") + 1).to_bytes(21, "big")[1:] if user != b"\xff" * 20 else b"\xff" * 40


def _encode(task: Task) -> bytes:
    return msgspec.msgpack.encode(task)


def _decode(data: bytes) -> Task:
    try:
        return msgspec.msgpack.decode(data, type=Task)
    except msgspec.MsgspecError as error:
        raise Corrupt(f"a task's record has another form: {error}") from error

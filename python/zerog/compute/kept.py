"""Large things that a provider keeps for a while: bodies of waiting jobs, their results, images that are fetched by URL.

All of them together stay within a bound that is checked before anything more is taken on. What is kept of whom, how large it is
and until when is known in memory; the bytes are on the disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from zerog.compute.store import Store, decode
from zerog.errors import Exhausted
from zerog.store.kv import Batch
from zerog.types import Address

ENTRIES_MAX: Final = 100_000
EXPIRED_AT_ONCE: Final = 1_000


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """One kept thing: whose it is, until when it is kept (0: until it is dropped), and the sizes of its pieces."""

    owner: bytes
    expires_ms: int
    sizes: list[int]


class Keep:
    """Kept things by name.

    Args:
        store: with the families ``kept`` and ``pieces``.
        bytes_max: of all pieces together.
    """

    def __init__(self, store: Store, bytes_max: int) -> None:
        self._store, self._bytes_max = store, bytes_max
        self._entries = {key.decode(): decode(value, Entry) for key, value in store.kv.scan("kept")}
        self.size_bytes = sum(sum(entry.sizes) for entry in self._entries.values())

    def check_room(self, size_bytes: int) -> None:
        """
        Raises:
            Exhausted: so much more does not fit now.
        """
        if self.size_bytes + size_bytes > self._bytes_max or len(self._entries) >= ENTRIES_MAX:
            raise Exhausted(
                "the provider keeps as many results as it has room for; try again when some have been forgotten",
                headers={"Retry-After": "60"}, reason="store_full",
            )  # fmt: skip

    def put(self, batch: Batch, name: str, owner: Address, pieces: Sequence[bytes], expires_ms: int = 0) -> None:
        """Keep pieces under a name that is free, from the moment the batch is on the disk. Ask ``check_room`` before."""
        entry = Entry(bytes(owner), expires_ms, [len(piece) for piece in pieces])
        for index, piece in enumerate(pieces):
            batch.put("pieces", _piece(name, index), piece)
        batch.put("kept", name.encode(), msgspec.msgpack.encode(entry))
        self._entries[name] = entry
        self.size_bytes += sum(entry.sizes)

    def drop(self, batch: Batch, name: str) -> None:
        """Forget a name, if it is there."""
        entry = self._entries.pop(name, None)
        if entry is None:
            return
        self.size_bytes -= sum(entry.sizes)
        batch.delete("kept", name.encode())
        for index in range(len(entry.sizes)):
            batch.delete("pieces", _piece(name, index))

    def entry(self, name: str, now_ms: int) -> Entry | None:
        """What is known of a name while it is kept."""
        entry = self._entries.get(name)
        return entry if entry is not None and (not entry.expires_ms or entry.expires_ms > now_ms) else None

    async def piece(self, name: str, index: int, now_ms: int) -> bytes | None:
        """One piece while it is kept."""
        entry = self.entry(name, now_ms)
        if entry is None or not 0 <= index < len(entry.sizes):
            return None
        return await asyncio.to_thread(self._store.kv.get, "pieces", _piece(name, index))

    async def expire(self, now_ms: int) -> int:
        """Forget what is not kept any longer; returns how many."""
        over = [name for name, entry in self._entries.items() if 0 < entry.expires_ms <= now_ms][:EXPIRED_AT_ONCE]
        batch = Batch()
        for name in over:
            self.drop(batch, name)
        if over:
            await self._store.commit(batch)
        return len(over)


def _piece(name: str, index: int) -> bytes:
    return name.encode() + b"\0" + index.to_bytes(2, "big")

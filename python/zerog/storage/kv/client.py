"""A KV node of anybody, asked: values whole, streams in order, rights, and what became of a submission.

What it answers is checked for shape before it is believed. Values carry no proof: who must not trust the node runs one.

Source: docs/protocol/storage.md, section 3.6.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

from zerog.errors import InvalidInput, PeerFault, TimedOut
from zerog.storage.remote import Remote, as_bytes, as_count
from zerog.types import parse_hash

PAGE: Final = 1 << 18
VALUE_SIZE_MAX: Final = 1 << 30
_POLL_S: Final = 0.2


@dataclass(frozen=True, slots=True)
class KvValue:
    """A key's value and the number of the submission that wrote it; 0 for a key that was never written."""

    version: int
    data: bytes


@dataclass(frozen=True, slots=True)
class KvPair:
    """A key that is there, its value, and the number of the submission that wrote it."""

    key: bytes
    version: int
    data: bytes


@dataclass(frozen=True, slots=True)
class _Page:
    key: bytes
    version: int
    data: bytes
    size: int


@dataclass(frozen=True, slots=True)
class KvClient:
    """A KV node behind ``url``. ``version`` asks for the state after that submission; None for the newest.

    Raises (from every call):
        NodeRefused: the node answered with an error. Unavailable, TimedOut: no answer. PeerFault: no proper one.
    """

    remote: Remote
    url: str

    # --- values -------------------------------------------------------------------------------------------------------

    async def value(self, stream: bytes, key: bytes, version: int | None = None, *, size_max: int = VALUE_SIZE_MAX) -> KvValue:
        """A whole value, page by page, all pages of one version; empty for a key that was deleted or never written."""
        return await self._rest(stream, key, None, version, size_max)

    async def first(self, stream: bytes, version: int | None = None) -> KvPair | None:
        return await self._pair(stream, version, "kv_getFirst", _hex(stream), 0, PAGE)

    async def last(self, stream: bytes, version: int | None = None) -> KvPair | None:
        return await self._pair(stream, version, "kv_getLast", _hex(stream), 0, PAGE)

    async def next(self, stream: bytes, key: bytes, version: int | None = None, *, inclusive: bool = False) -> KvPair | None:
        """The first key after ``key``, or it itself, that is there."""
        return await self._pair(stream, version, "kv_getNext", _hex(stream), _text(key), 0, PAGE, inclusive)

    async def prev(self, stream: bytes, key: bytes, version: int | None = None, *, inclusive: bool = False) -> KvPair | None:
        """The last key before ``key``, or it itself, that is there."""
        return await self._pair(stream, version, "kv_getPrev", _hex(stream), _text(key), 0, PAGE, inclusive)

    async def pairs(
        self, stream: bytes, *, start: bytes = b"", version: int | None = None, reverse: bool = False
    ) -> AsyncIterator[KvPair]:
        """Keys in order (or in reverse) from ``start`` on, with their values. For one state of the stream give a version."""
        if start:
            found = await (self.prev if reverse else self.next)(stream, start, version, inclusive=True)
        else:
            found = await (self.last if reverse else self.first)(stream, version)
        while found is not None:
            yield found
            before = found.key
            found = await (self.prev if reverse else self.next)(stream, before, version)
            if found is not None and (found.key >= before if reverse else found.key <= before):
                raise PeerFault(f"{self.url}: after key 0x{before.hex()[:64]} it answered with one that does not follow")

    async def _pair(self, stream: bytes, version: int | None, method: str, *params: Any) -> KvPair | None:
        page: _Page | None = await self.remote.ask(self.url, _pair_page, method, *params, *_at(version))
        if page is None:
            return None
        if len(page.data) == page.size:
            return KvPair(page.key, page.version, page.data)
        whole = await self._rest(stream, page.key, page, page.version, VALUE_SIZE_MAX)
        return KvPair(page.key, whole.version, whole.data)

    async def _rest(self, stream: bytes, key: bytes, begun: _Page | None, version: int | None, size_max: int) -> KvValue:
        parts, have = ([] if begun is None else [begun.data]), 0 if begun is None else len(begun.data)
        while True:
            page: _Page = await self.remote.ask(
                self.url, _value_page, "kv_getValue", _hex(stream), _text(key), have, PAGE, *_at(version)
            )
            if page.size > size_max:
                raise PeerFault(f"{self.url}: the value has {page.size} bytes; at most {size_max} are read")
            parts.append(page.data)
            have += len(page.data)
            if have == page.size:
                return KvValue(page.version, b"".join(parts))
            if not page.data or have > page.size or (version is not None and page.version > version):
                raise PeerFault(f"{self.url}: the pages of the value do not add up to its {page.size} bytes")
            version = page.version

    # --- submissions --------------------------------------------------------------------------------------------------

    async def result(self, seq: int) -> str | None:
        """What became of a submission: ``Commit``, or why not; None before it is replayed, and when it is not about streams."""
        found: str | None = await self.remote.ask(self.url, _optional_text, "kv_getTransactionResult", seq)
        return found

    async def progress(self) -> int:
        """The number of the next submission that the node replays: what is below is done."""
        found: int = await self.remote.ask(self.url, _progress, "kv_getReplayProgress")
        return found

    async def wait(self, seq: int, *, timeout_s: float = 60) -> str | None:
        """The result of a submission as soon as it is replayed.

        Raises:
            TimedOut: it is not within ``timeout_s``.
        """
        ends_at_s = asyncio.get_running_loop().time() + timeout_s
        while await self.progress() <= seq:
            if asyncio.get_running_loop().time() > ends_at_s:
                raise TimedOut(f"{self.url} did not replay submission {seq} within {timeout_s:g} s")
            await asyncio.sleep(_POLL_S)
        return await self.result(seq)

    async def streams(self) -> list[bytes]:
        """The streams that the node holds."""
        found: list[bytes] = await self.remote.ask(self.url, _hashes, "kv_getHoldingStreamIds")
        return found

    # --- rights -------------------------------------------------------------------------------------------------------

    async def has_write_permission(self, account: bytes, stream: bytes, key: bytes, version: int | None = None) -> bool:
        return await self._truth("kv_hasWritePermission", _hex(account), _hex(stream), _text(key), *_at(version))

    async def is_admin(self, account: bytes, stream: bytes, version: int | None = None) -> bool:
        return await self._truth("kv_isAdmin", _hex(account), _hex(stream), *_at(version))

    async def is_writer_of_stream(self, account: bytes, stream: bytes, version: int | None = None) -> bool:
        return await self._truth("kv_isWriterOfStream", _hex(account), _hex(stream), *_at(version))

    async def is_special_key(self, stream: bytes, key: bytes, version: int | None = None) -> bool:
        return await self._truth("kv_isSpecialKey", _hex(stream), _text(key), *_at(version))

    async def is_writer_of_key(self, account: bytes, stream: bytes, key: bytes, version: int | None = None) -> bool:
        return await self._truth("kv_isWriterOfKey", _hex(account), _hex(stream), _text(key), *_at(version))

    async def _truth(self, method: str, *params: Any) -> bool:
        found: bool = await self.remote.ask(self.url, _boolean, method, *params)
        return found


def _at(version: int | None) -> list[int]:
    return [] if version is None else [version]


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _text(key: bytes) -> str:
    if not key:
        raise InvalidInput("key: expected at least one byte")
    return base64.b64encode(key).decode()


def _value_page(value: object, key: bytes = b"") -> _Page:
    if not isinstance(value, dict):
        raise InvalidInput("expected an object with version, data and size")
    return _Page(
        key, as_count(value.get("version"), "version"), as_bytes(value.get("data"), "data"), as_count(value.get("size"), "size")
    )


def _pair_page(value: object) -> _Page | None:
    if value is None:
        return None
    key = as_bytes(value.get("key"), "key") if isinstance(value, dict) else b""
    if not key:
        raise InvalidInput("expected an object with a key, or null")
    page = _value_page(value, key)
    if len(page.data) > page.size:
        raise InvalidInput(f"expected at most {page.size} bytes of the value, found {len(page.data)}")
    return page


def _optional_text(value: object) -> str | None:
    if value is not None and not isinstance(value, str):
        raise InvalidInput("expected text or null")
    return value


def _progress(value: object) -> int:
    return as_count(value.get("appliedSeq") if isinstance(value, dict) else None, "appliedSeq")


def _hashes(value: object) -> list[bytes]:
    if not isinstance(value, list):
        raise InvalidInput("expected a list of hashes")
    return [bytes(parse_hash(item, "stream id")) for item in value]


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise InvalidInput("expected true or false")
    return value

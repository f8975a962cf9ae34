"""kv_*: the exact shapes, codes and texts that clients of KV nodes match.

Keys and values travel as base64, streams and accounts as 0x hex, numbers as JSON numbers. Published clients disagree with
the official node in three small things, and all of them are served: ``kv_IsAdmin`` with a capital letter, the number of a
submission as text, and (PyPI) keys as 0x hex where no key of that base64 exists.

Source: docs/protocol/storage.md, section 3.6.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, TypeVar

import msgspec

from zerog.errors import Corrupt, Exhausted, InvalidInput, Unauthorized
from zerog.primitives.sig import recover_addresses
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_http import Method
from zerog.storage.ingest import invalid_params
from zerog.storage.kv.replay import Held, KvStore
from zerog.storage.kv.view import LATEST, Row
from zerog.storage.rpc import Arguments, as_number, base64_json, guarded
from zerog.types import parse_hex
from zerog.wire.typed_data import typed_digest

_HEX_KEY: Final = re.compile(r"0x(?:[0-9a-f]{2})+")
_DOMAIN_NAME: Final = "0G Storage Scan"
_PURPOSE: Final = "register-stream"
_T = TypeVar("_T")


class Surface:
    """The methods of a KV node.

    Args:
        reads, writes: lanes of threads, so that the event loop never waits for the disk.
        query_bytes_max: bytes of a value in one answer.
        streams_added_max: how many streams may be added while the node runs.
        on_added: told when another stream is held.
        on_damaged: told of a record that failed its check when it was read.
    """

    def __init__(
        self,
        store: KvStore,
        held: Held,
        reads: Offload,
        writes: Offload,
        *,
        chain_id: int,
        query_bytes_max: int = 256 << 10,
        streams_added_max: int = 0,
        on_added: Callable[[], None] = lambda: None,
        on_damaged: Callable[[Corrupt], None] = lambda fault: None,
    ) -> None:
        self._store, self._view, self._held, self._reads, self._writes = store, store.view, held, reads, writes
        self._chain_id, self._query_bytes_max, self._added_max = chain_id, query_bytes_max, streams_added_max
        self._on_added, self._on_damaged = on_added, on_damaged

    def methods(self) -> dict[str, Method]:
        return guarded(
            {
                "kv_getStatus": lambda given: True,
                "kv_getValue": self._value,
                "kv_getNext": lambda given: self._step(given, forward=True),
                "kv_getPrev": lambda given: self._step(given, forward=False),
                "kv_getFirst": lambda given: self._end(given, first=True),
                "kv_getLast": lambda given: self._end(given, first=False),
                "kv_getTransactionResult": self._result,
                "kv_getHoldingStreamIds": self._streams,
                "kv_getReplayProgress": self._progress,
                "kv_hasWritePermission": self._has_write_permission,
                "kv_isAdmin": self._is_admin,
                "kv_IsAdmin": self._is_admin,
                "kv_isSpecialKey": self._is_special,
                "kv_isWriterOfKey": self._is_writer_of_key,
                "kv_isWriterOfStream": self._is_writer_of_stream,
                "admin_addStream": self._add_stream,
            }
        )

    async def _read(self, read: Callable[[], _T]) -> _T:
        try:
            return await self._reads.run(self._view.steady, read)
        except Corrupt as fault:
            self._on_damaged(fault)
            raise

    # --- values -------------------------------------------------------------------------------------------------------

    async def _value(self, given: Arguments) -> dict[str, Any]:
        stream, text = given.hash(0, "stream_id"), given.value(1, "key")
        key, start, size = _key(given, 1), given.number(2, "start_index"), given.number(3, "len")
        version = _version(given, 4)
        self._check(size, key)
        other = parse_hex(text) if _HEX_KEY.fullmatch(text) else None

        def read() -> dict[str, Any]:
            row = self._view.latest(stream, key, version)
            if row is None and other is not None:
                row = self._view.latest(stream, other, version)
            if row is None:
                return {"version": 0, "data": "", "size": 0}
            return {"version": row.version, "data": self._part(row, start, size), "size": row.size}

        return await self._read(read)

    async def _step(self, given: Arguments, *, forward: bool) -> dict[str, Any] | None:
        stream, key = given.hash(0, "stream_id"), _key(given, 1)
        start, size = given.number(2, "start_index"), given.number(3, "len")
        inclusive, version = given.value(4, "inclusive"), _version(given, 5)
        if type(inclusive) is not bool:
            raise invalid_params("inclusive", "expected true or false")
        self._check(size, key)
        look = self._view.next if forward else self._view.prev
        return await self._read(lambda: self._pair(look(stream, key, version, inclusive=inclusive), start, size))

    async def _end(self, given: Arguments, *, first: bool) -> dict[str, Any] | None:
        stream, start, size = given.hash(0, "stream_id"), given.number(1, "start_index"), given.number(2, "len")
        version = _version(given, 3)
        self._check(size)
        look = self._view.first if first else self._view.last
        return await self._read(lambda: self._pair(look(stream, version), start, size))

    def _check(self, size: int, key: bytes = b"\0") -> None:
        if size > self._query_bytes_max:
            raise invalid_params("len", "query length too large")
        if not key:
            raise invalid_params("key", "key is empty")

    def _pair(self, row: Row | None, start: int, size: int) -> dict[str, Any] | None:
        if row is None:
            return None
        return {
            "version": row.version,
            "key": base64_json(row.key),
            "data": self._part(row, start, size),
            "size": row.size,
        }

    def _part(self, row: Row, start: int, size: int) -> msgspec.Raw | str:
        if size == 0 or row.size == 0:
            return ""
        if start > row.size:
            raise invalid_params("start_index", "start index is greater than value length")
        return base64_json(self._view.value(row, start, start + size))

    # --- replay -------------------------------------------------------------------------------------------------------

    async def _result(self, given: Arguments) -> str | None:
        seq = given.value(0, "tx_seq")
        if isinstance(seq, str) and seq.isascii() and seq.isdecimal() and len(seq) <= 20:
            seq = int(seq)
        return await self._reads.run(self._view.result, as_number(seq, "tx_seq"))

    async def _streams(self, given: Arguments) -> list[str]:
        return ["0x" + stream.hex() for stream in await self._reads.run(self._held.listed)]

    def _progress(self, given: Arguments) -> dict[str, Any]:
        return {"appliedSeq": self._view.cursor, "firstTxSeq": 0 if self._store.next_seq else None}

    # --- access control -----------------------------------------------------------------------------------------------

    async def _has_write_permission(self, given: Arguments) -> bool:
        account, stream, key, version = _account(given, 0), given.hash(1, "stream_id"), _key(given, 2), _version(given, 3)
        self._check(0, key)
        return await self._read(lambda: self._view.has_write_permission(account, stream, key, version))

    async def _is_admin(self, given: Arguments) -> bool:
        account, stream, version = _account(given, 0), given.hash(1, "stream_id"), _version(given, 2)
        return await self._read(lambda: self._view.is_admin(account, stream, version))

    async def _is_writer_of_stream(self, given: Arguments) -> bool:
        account, stream, version = _account(given, 0), given.hash(1, "stream_id"), _version(given, 2)
        return await self._read(lambda: self._view.is_writer_of_stream(account, stream, version))

    async def _is_special(self, given: Arguments) -> bool:
        stream, key, version = given.hash(0, "stream_id"), _key(given, 1), _version(given, 2)
        self._check(0, key)
        return await self._read(lambda: self._view.is_special(stream, key, version))

    async def _is_writer_of_key(self, given: Arguments) -> bool:
        account, stream, key, version = _account(given, 0), given.hash(1, "stream_id"), _key(given, 2), _version(given, 3)
        self._check(0, key)
        return await self._read(lambda: self._view.is_writer_of_key(account, stream, key, version))

    # --- streams ------------------------------------------------------------------------------------------------------

    async def _add_stream(self, given: Arguments) -> bool:
        stream, wallet, signature = given.hash(0, "stream_id"), _account(given, 1), given.value(2, "signature")
        if _signer(stream, wallet, signature, self._chain_id) != wallet:
            raise invalid_params("signature", "recovered signer does not match claimed wallet")
        if self._added_max == 0:
            raise Unauthorized("this node adds no streams")
        await self._writes.run(self._add, stream)
        self._on_added()
        return True

    def _add(self, stream: bytes) -> None:
        if not self._held.has(stream) and len(self._held.added) >= self._added_max:
            raise Exhausted(f"this node adds at most {self._added_max} streams")
        self._held.add(stream)


def _signer(stream: bytes, wallet: bytes, signature: object, chain_id: int) -> bytes:
    """Who signed that a stream is to be held."""
    text = signature if isinstance(signature, str) else ""
    try:
        raw = parse_hex(text if text[:2] in ("0x", "0X") else "0x" + text, "signature")
        if len(raw) != 65:
            raise InvalidInput(f"expected 65 bytes, found {len(raw)}")
    except InvalidInput as error:
        raise invalid_params("signature", f"not valid hex: {error}") from None
    digest = typed_digest(
        {
            "types": {
                "RegisterStream": [
                    {"name": "purpose", "type": "string"},
                    {"name": "wallet", "type": "address"},
                    {"name": "streamId", "type": "bytes32"},
                ]
            },
            "primaryType": "RegisterStream",
            "domain": {"name": _DOMAIN_NAME, "version": "1", "chainId": chain_id},
            "message": {"purpose": _PURPOSE, "wallet": "0x" + wallet.hex(), "streamId": "0x" + stream.hex()},
        }
    )
    recovery = raw[64] - 27 if raw[64] >= 27 else raw[64]
    if not 0 <= recovery <= 3:
        raise invalid_params("signature", f"recovery failed: expected v of 27 or 28, found {raw[64]}")
    addresses, good = recover_addresses(digest, raw[:64] + bytes([recovery]))
    if not good[0]:
        raise invalid_params("signature", "recovery failed: nobody can have made it")
    return bytes(addresses[0])


def _key(given: Arguments, at: int) -> bytes:
    text = given.value(at, "key")
    if isinstance(text, str):
        try:
            return msgspec.convert(text, bytes)
        except msgspec.ValidationError:
            if _HEX_KEY.fullmatch(text):
                return parse_hex(text)
    raise invalid_params("key", "expected base64 text")


def _account(given: Arguments, at: int) -> bytes:
    text = given.value(at, "account")
    try:
        raw = parse_hex(text, "account") if isinstance(text, str) else b""
    except InvalidInput:
        raw = b""
    if len(raw) != 20:
        raise invalid_params("account", "expected 0x and 40 hex digits")
    return raw


def _version(given: Arguments, at: int) -> int:
    wanted = given.value(at, "version", optional=True)
    return LATEST if wanted is None else as_number(wanted, "version")

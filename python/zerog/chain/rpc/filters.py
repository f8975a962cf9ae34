"""Filters that are polled (eth_newFilter and kin) and subscriptions over WebSocket, both fed by committed blocks."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from zerog import _native as native
from zerog.chain import types
from zerog.chain.api import NewBlock
from zerog.chain.rpc import logs
from zerog.chain.rpc.context import Context, arguments
from zerog.chain.rpc.logs import Criteria, Logs, Query
from zerog.chain.types import hexd
from zerog.errors import Exhausted, InvalidInput
from zerog.runtime import log
from zerog.runtime.limits import BoundedQueue
from zerog.runtime.rpc_http import Session
from zerog.wire import jsonrpc
from zerog.wire.jsonrpc import SERVER_ERROR, RpcError

_log = log.get(__name__)

_PENDING_MAX: Final = 10_000
_BLOCKS_BEHIND_MAX: Final = 4096


@dataclass
class _Filter:
    kind: str
    next_block: int
    touched_s: float
    query: Query | None = None
    pending: deque[bytes] = field(default_factory=lambda: deque(maxlen=_PENDING_MAX))
    stop: Callable[[], None] = lambda: None


class Filters:
    """eth_newFilter, eth_newBlockFilter, eth_newPendingTransactionFilter; forgotten when not polled for a while."""

    def __init__(self, context: Context, logs_of: Logs) -> None:
        self._context = context
        self._logs = logs_of
        self._filters: dict[str, _Filter] = {}

    def _add(self, kind: str, query: Query | None = None) -> str:
        self.expire()
        if len(self._filters) >= self._context.config.filters_max:
            raise Exhausted(f"too many filters, at most {self._context.config.filters_max}")
        found = _Filter(kind, self._context.head + 1, self._context.clock.monotonic_s(), query)
        if kind == "pending":
            found.stop = self._context.application.pool.on_pending(lambda hashes, raws: found.pending.extend(hashes))
        id = "0x" + secrets.token_hex(16)
        self._filters[id] = found
        return id

    def expire(self) -> None:
        """Drop filters that nobody polled for ``filter_idle_s``."""
        oldest = self._context.clock.monotonic_s() - self._context.config.filter_idle_s
        for id in [id for id, found in self._filters.items() if found.touched_s < oldest]:
            self._filters.pop(id).stop()

    def _get(self, params: list[Any]) -> _Filter:
        (id,) = arguments(params, 1, 1)
        self.expire()
        found = self._filters.get(types.text(id, "filter id", 66).lower())
        if found is None:
            raise RpcError(SERVER_ERROR, "filter not found")
        found.touched_s = self._context.clock.monotonic_s()
        return found

    async def eth_newFilter(self, params: list[Any]) -> str:
        (criteria,) = arguments(params, 1, 1)
        return self._add("logs", logs.parse(criteria))

    async def eth_newBlockFilter(self, params: list[Any]) -> str:
        arguments(params, 0, 0)
        return self._add("blocks")

    async def eth_newPendingTransactionFilter(self, params: list[Any]) -> str:
        arguments(params, 0, 1)
        return self._add("pending")

    async def eth_uninstallFilter(self, params: list[Any]) -> bool:
        (id,) = arguments(params, 1, 1)
        found = self._filters.pop(types.text(id, "filter id", 66).lower(), None)
        if found is not None:
            found.stop()
        return found is not None

    async def eth_getFilterChanges(self, params: list[Any]) -> Any:
        found = self._get(params)
        if found.kind == "pending":
            hashes = [hexd(hash) for hash in found.pending]
            found.pending.clear()
            return hashes
        head = self._context.head
        # After evm_revert the head may stand before what was already told.
        first = min(found.next_block, head + 1)
        last = min(head, first + self._context.config.logs_blocks_max - 1)
        found.next_block = last + 1
        if found.kind == "blocks":
            blocks = self._context.application.blocks
            return [hexd(hash) for hash in await self._context.readers.run(blocks.hashes, first, last)]
        assert found.query is not None
        if found.query.first.number is not None:
            first = max(first, found.query.first.number)
        if found.query.last.number is not None:
            last = min(last, found.query.last.number)
        if first > last:
            return []
        return await self._logs.range(found.query.criteria, first, last)

    async def eth_getFilterLogs(self, params: list[Any]) -> Any:
        found = self._get(params)
        if found.query is None:
            raise RpcError(SERVER_ERROR, "filter not found")
        return await self._logs.query(found.query)

    async def eth_getLogs(self, params: list[Any]) -> Any:
        (criteria,) = arguments(params, 1, 1)
        return await self._logs.query(logs.parse(criteria))


@dataclass(frozen=True)
class _LogSubscriber:
    id: str
    session: Session
    criteria: Criteria


class Subscriptions:
    """eth_subscribe: new heads, logs, pending transactions. One worker sends in order of blocks."""

    def __init__(self, context: Context, subscriptions_max: int) -> None:
        self._context = context
        self._subscriptions_max = subscriptions_max
        self._blocks: BoundedQueue[NewBlock] = BoundedQueue(_BLOCKS_BEHIND_MAX, "new blocks")
        self._heads: dict[str, Session] = {}
        self._logs: dict[str, _LogSubscriber] = {}
        self._pending: dict[str, tuple[Session, bool]] = {}

    def eth_subscribe(self, session: Session | None, params: list[Any]) -> str:
        if session is None:
            raise RpcError(SERVER_ERROR, "notifications not supported")
        kind, more = arguments(params, 1, 2)
        if len(session.subscriptions) >= self._subscriptions_max:
            raise Exhausted(f"too many subscriptions, at most {self._subscriptions_max} on one connection")
        id = "0x" + secrets.token_hex(16)
        tables: dict[str, dict[str, Any]] = {
            "newHeads": self._heads,
            "logs": self._logs,
            "newPendingTransactions": self._pending,
        }
        if kind == "newHeads":
            self._heads[id] = session
        elif kind == "logs":
            self._logs[id] = _LogSubscriber(id, session, logs.parse({} if more is None else more).criteria)
        elif kind == "newPendingTransactions":
            full = more
            if type(more) is dict:
                full = more.get("includeTransactions", more.get("hydrated", False))
            self._pending[id] = (session, full is not None and types.boolean(full, "full"))
        elif kind == "syncing":
            # A single proposer is never behind: the state is told once, and nothing changes it.
            session.subscriptions[id] = lambda: None
            session.notify(jsonrpc.encode_notification("eth_subscription", id, b"false"))
            return id
        else:
            raise InvalidInput(f"no {types.shown(kind)} subscription in eth namespace")
        session.subscriptions[id] = lambda: tables[kind].pop(id, None)
        return id

    def eth_unsubscribe(self, session: Session | None, params: list[Any]) -> bool:
        if session is None:
            raise RpcError(SERVER_ERROR, "notifications not supported")
        (id,) = arguments(params, 1, 1)
        stop = session.subscriptions.pop(types.text(id, "subscription id", 66).lower(), None)
        if stop is None:
            raise RpcError(SERVER_ERROR, "subscription not found")
        stop()
        return True

    async def run(self) -> None:
        """Send until cancelled."""
        stops = [
            self._context.application.on_block(self._on_block),
            self._context.application.pool.on_pending(self._on_pending),
        ]
        try:
            while True:
                for block in await self._blocks.take_all():
                    await self._send(block)
        finally:
            for stop in stops:
                stop()

    def _on_block(self, block: NewBlock) -> None:
        if not self._heads and not self._logs:
            return
        try:
            self._blocks.put(block)
        except Exhausted:
            # Nobody may see a gap: whoever subscribed starts again.
            _log.error("subscriptions.behind", blocks=_BLOCKS_BEHIND_MAX)
            self._blocks.drain()
            for id, session in [*self._heads.items(), *((one.id, one.session) for one in self._logs.values())]:
                session.subscriptions.pop(id, lambda: None)()

    async def _send(self, block: NewBlock) -> None:
        if self._heads:
            header = native.record_header_json(block.record)
            for id, session in list(self._heads.items()):
                session.notify(jsonrpc.encode_notification("eth_subscription", id, header))
        for subscriber in list(self._logs.values()):
            criteria = subscriber.criteria
            if not logs.may_match(block.bloom, criteria.masks()):
                continue
            # Inline: one record, lock released, and no queue that could refuse.
            count, text = native.filter_logs([block.record], criteria.addresses, criteria.topics, 1 << 30)
            if count:
                for one in msgspec.json.decode(text, type=list[msgspec.Raw]):
                    subscriber.session.notify(jsonrpc.encode_notification("eth_subscription", subscriber.id, bytes(one)))

    def _on_pending(self, hashes: list[bytes], raws: list[bytes]) -> None:
        if not self._pending:
            return
        whole = any(full for _, full in self._pending.values())
        for hash in hashes:
            short = b'"0x%b"' % hash.hex().encode()
            found = self._context.engine.pool_transaction(hash) if whole else None
            for id, (session, full) in list(self._pending.items()):
                if full and found is None:
                    continue  # mined in the meantime: no longer pending
                session.notify(jsonrpc.encode_notification("eth_subscription", id, found if full and found else short))

"""Log queries: which blocks a header bloom leaves over, then native filtering of whole records, off the event loop."""

from __future__ import annotations

import asyncio
import threading
import time
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from zerog import _native as native
from zerog.chain import types
from zerog.chain.rpc.context import Context
from zerog.chain.types import BlockId
from zerog.errors import Exhausted, InvalidInput, TimedOut
from zerog.wire.jsonrpc import INVALID_PARAMS, SERVER_ERROR, RpcError

_ADDRESSES_MAX: Final = 1000
_TOPICS_MAX: Final = 1000
_CHUNK_BLOCKS: Final = 128
_TIMEOUT_S: Final = 10.0


@dataclass(frozen=True)
class Criteria:
    """Which logs: any of the addresses, and at each position any of the topics (None: whatever)."""

    addresses: list[bytes]
    topics: list[list[bytes] | None]

    def masks(self) -> list[list[int]]:
        """Blooms as numbers: a block may match when in every group at least one mask is wholly set."""
        groups = [self.addresses] if self.addresses else []
        groups += [topics for topics in self.topics if topics]
        return [[bloom_mask(item) for item in group] for group in groups]


@dataclass(frozen=True)
class Query:
    """Criteria over a range of blocks or over one block by hash."""

    criteria: Criteria
    first: BlockId
    last: BlockId
    hash: bytes | None


def bloom_mask(item: bytes) -> int:
    """The three bits of an address or a topic in a header's bloom."""
    digest = native.keccak256(item)
    mask = 0
    for at in (0, 2, 4):
        mask |= 1 << (int.from_bytes(digest[at : at + 2], "big") & 2047)
    return mask


def may_match(bloom: bytes, masks: list[list[int]]) -> bool:
    bits = int.from_bytes(bloom, "big")
    return all(any(bits & mask == mask for mask in group) for group in masks)


def parse(value: Any) -> Query:
    """A filter object of eth_getLogs."""
    fields = types.table(value, "filter")
    address = fields.get("address")
    if address is None:
        addresses = []
    elif type(address) is list:
        addresses = types.array(address, "address", _ADDRESSES_MAX, types.address)
    else:
        addresses = [types.address(address, "address")]
    topics: list[list[bytes] | None] = []
    given = fields.get("topics")
    if given is not None:
        if type(given) is not list or len(given) > 4:
            raise InvalidInput("invalid argument topics: expected an array of at most 4 entries")
        for index, item in enumerate(given):
            name = f"topics[{index}]"
            if item is None:
                topics.append(None)
            elif type(item) is list:
                # An empty list, or null inside one, matches whatever stands there.
                some = [types.hash32(one, name) for one in item if one is not None]
                if len(item) > _TOPICS_MAX:
                    raise InvalidInput(f"invalid argument {name}: at most {_TOPICS_MAX} entries, found {len(item)}")
                topics.append(some if some and len(some) == len(item) else None)
            else:
                topics.append([types.hash32(item, name)])
    hash = None
    if fields.get("blockHash") is not None:
        if fields.get("fromBlock") is not None or fields.get("toBlock") is not None:
            raise InvalidInput("cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other")
        hash = types.hash32(fields["blockHash"], "blockHash")
    return Query(
        Criteria(addresses, topics),
        types.block_id(fields.get("fromBlock"), "fromBlock"),
        types.block_id(fields.get("toBlock"), "toBlock"),
        hash,
    )


class Logs:
    """Answers log queries of one chain."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def query(self, query: Query) -> msgspec.Raw:
        """The answer of eth_getLogs, an array already rendered.

        Raises:
            RpcError: unknown block hash, a range that ends before it begins, more blocks or results than allowed.
        """
        context = self._context
        if query.hash is not None:
            number = context.number(BlockId(hash=query.hash))
            if number is None:
                raise RpcError(SERVER_ERROR, "unknown block")
            return await self.range(query.criteria, number, number)
        head = context.head
        first = self._bound(query.first, head)
        last = min(self._bound(query.last, head), head)
        if first > head:
            return msgspec.Raw(b"[]")
        if first > last:
            raise RpcError(INVALID_PARAMS, "invalid block range params")
        limit = context.config.logs_blocks_max
        if last - first + 1 > limit:
            raise RpcError(SERVER_ERROR, f"block range of {last - first + 1} exceeds the max limit of {limit} blocks")
        return await self.range(query.criteria, first, last)

    @staticmethod
    def _bound(block: BlockId, head: int) -> int:
        if block.hash is not None:
            raise InvalidInput("invalid argument: fromBlock and toBlock are numbers or tags")
        if block.number is not None:
            return block.number
        return 0 if block.tag == "earliest" else head

    async def range(self, criteria: Criteria, first: int, last: int) -> msgspec.Raw:
        """Logs of blocks ``first`` to ``last``, which exist. Cancelled between chunks when the caller goes away."""
        stop = threading.Event()
        try:
            return msgspec.Raw(await self._context.readers.run(self._range, criteria, first, last, stop))
        except asyncio.CancelledError:
            stop.set()
            raise

    def _range(self, criteria: Criteria, first: int, last: int, stop: threading.Event) -> bytes:
        context = self._context
        masks = criteria.masks()
        blocks = context.application.blocks
        if first == last == context.head:
            candidates = [first]
        else:
            candidates = [number for number, bloom in blocks.blooms(first, last) if may_match(bloom, masks)]
        limit = left = context.config.logs_results_max
        ends_at = time.monotonic() + _TIMEOUT_S
        parts: list[bytes] = []
        for at in range(0, len(candidates), _CHUNK_BLOCKS):
            if stop.is_set() or time.monotonic() > ends_at:
                raise TimedOut(f"timeout: query of {len(candidates)} blocks took more than {_TIMEOUT_S} s")
            chunk = candidates[at : at + _CHUNK_BLOCKS]
            records = [context.record(first)] if first == last else blocks.records(chunk)
            try:
                count, text = native.filter_logs(records, criteria.addresses, criteria.topics, left)
            except Exhausted:
                raise RpcError(SERVER_ERROR, f"number of results exceeds the max limit of {limit} logs") from None
            left -= count
            if count:
                parts.append(text[1:-1])
        return b"[" + b",".join(parts) + b"]"

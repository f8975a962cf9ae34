"""What every namespace shares: the chain, threads for native calls, bounds, and the resolution of block identifiers."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from zerog import __version__
from zerog import _native as native
from zerog.chain.consensus.application import Application
from zerog.chain.genesis import Genesis
from zerog.chain.types import BlockId
from zerog.errors import InvalidInput, NotFound
from zerog.runtime.clock import Clock
from zerog.runtime.config import RpcConfig
from zerog.runtime.offload import Offload
from zerog.wire.abi import explain_revert
from zerog.wire.jsonrpc import EXECUTION_REVERTED, SERVER_ERROR, RpcError

_T = TypeVar("_T")

CLIENT_VERSION = f"zerog/v{__version__}/linux-amd64/python"
_RECORD_CACHE_BYTES = 64 << 20
_INLINE_BYTES = 32 << 10


class RecordCache:
    """The records read last, up to a number of bytes, so that polling for receipts of a large block reads it once."""

    def __init__(self, load: Callable[[int], bytes], bytes_max: int) -> None:
        self._load = load
        self._bytes_max = bytes_max
        self._bytes = 0
        self._records: OrderedDict[int, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, number: int) -> bytes:
        with self._lock:
            record = self._records.get(number)
            if record is not None:
                self._records.move_to_end(number)
                return record
        record = self._load(number)
        with self._lock:
            if number not in self._records:
                self._records[number] = record
                self._bytes += len(record)
            while self._bytes > self._bytes_max and len(self._records) > 1:
                _, dropped = self._records.popitem(last=False)
                self._bytes -= len(dropped)
        return record

    def clear(self) -> None:
        """After evm_revert numbers mean other blocks."""
        with self._lock:
            self._records.clear()
            self._bytes = 0


@dataclass(frozen=True, slots=True)
class Place:
    """A transaction in a block."""

    record: bytes
    number: int
    index: int


class Context:
    """One chain as the namespaces see it.

    Args:
        readers: threads for calls, traces and log queries.
    """

    def __init__(self, application: Application, genesis: Genesis, readers: Offload, config: RpcConfig, clock: Clock) -> None:
        self.application = application
        self.genesis = genesis
        self.readers = readers
        self.config = config
        self.clock = clock
        self._records = RecordCache(lambda number: self.application.blocks.record(number), _RECORD_CACHE_BYTES)

    @property
    def engine(self) -> Any:
        return self.application.engine

    @property
    def head(self) -> int:
        """The engine's word: what reads of the state show is also there as block and receipt."""
        number: int = self.engine.head()[0]
        return number

    # --- which block --------------------------------------------------------------------------------------------------

    def number(self, block: BlockId) -> int | None:
        """The number that an identifier means, or None when there is no such block. Pending is the head.

        A block is on disk a moment before it is the head; until then it is not known.
        """
        if block.hash is not None:
            latest = self.application.latest
            number = latest.number if block.hash == latest.hash else self.application.blocks.number_of(block.hash)
            return number if number is not None and number <= self.head else None
        if block.number is not None:
            return block.number if block.number <= self.head else None
        return 0 if block.tag == "earliest" else self.head

    def state_number(self, block: BlockId) -> int | None:
        """The height to read state at: None for the head.

        Raises:
            RpcError: there is no such block.
        """
        number = self.number(block)
        if number is None:
            raise RpcError(SERVER_ERROR, "header not found")
        return None if number == self.head else number

    async def at_state(self, block: BlockId, read: Callable[[int | None], _T]) -> _T:
        """``read`` at a height: at once for the head, in a thread for the past.

        Raises:
            RpcError: the height is not known or not kept.
        """
        number = self.state_number(block)
        if number is None:
            return read(None)
        try:
            return await self.readers.run(read, number)
        except NotFound:
            raise self.not_kept(number) from None

    def not_kept(self, number: int) -> RpcError:
        return RpcError(SERVER_ERROR, f"missing trie node: state of block {number} is not kept, the node is no archive")

    # --- records ------------------------------------------------------------------------------------------------------

    def record(self, number: int) -> bytes:
        """The record of a known number."""
        latest = self.application.latest
        return latest.record if number == latest.number else self._records.get(number)

    def forget_records(self) -> None:
        self._records.clear()

    def record_of(self, block: BlockId) -> bytes | None:
        number = self.number(block)
        if number is None:
            return None
        return self.record(number)

    def place(self, hash: bytes, *, durable: bool = False) -> Place | None:
        """Where a mined transaction stands; with ``durable`` also in the block that is on disk and about to be the head."""
        found = self.application.blocks.transaction(hash)
        if found is None:
            return None
        number, index = found
        return Place(self.record(number), number, index) if durable or number <= self.head else None

    async def render(self, record: bytes, function: Callable[..., bytes | None], *args: Any) -> msgspec.Raw | None:
        """JSON of a record, in a thread when the record is large."""
        if len(record) <= _INLINE_BYTES:
            text = function(record, *args)
        else:
            text = await self.readers.run(function, record, *args)
        return None if text is None else msgspec.Raw(text)


def arguments(params: list[Any], least: int, most: int) -> list[Any]:
    """Parameters filled up with None.

    Raises:
        InvalidInput: too few or too many.
    """
    if len(params) > most:
        raise InvalidInput(f"too many arguments, want at most {most}")
    for index in range(least):
        if index >= len(params) or params[index] is None:
            raise InvalidInput(f"missing value for required argument {index}")
    return params + [None] * (most - len(params))


_NAMED_REASONS = (bytes.fromhex("08c379a0"), bytes.fromhex("4e487b71"))  # Error(string), Panic(uint256)


def revert_error(output: bytes) -> RpcError:
    """The error of a reverted call: code 3, the reason in words when it is a standard one, the bytes as data."""
    message = "execution reverted"
    if output[:4] in _NAMED_REASONS:
        message += f": {explain_revert(output)}"
    return RpcError(EXECUTION_REVERTED, message, "0x" + output.hex())


def header_facts(record: bytes) -> dict[str, Any]:
    facts: dict[str, Any] = native.record_header(record)
    return facts

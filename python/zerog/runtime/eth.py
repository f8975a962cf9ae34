"""The chain as services beside it need it: a few calls of any node's JSON-RPC, with retries. Two ports, one body over HTTP."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar, runtime_checkable
from urllib.parse import urlsplit

import aiohttp
import msgspec

from zerog.errors import ConfigError, InvalidInput, PeerFault, TimedOut, Unavailable
from zerog.runtime import log
from zerog.types import parse_address, parse_hash, parse_hex
from zerog.wire import jsonrpc

_log = log.get(__name__)

_QUANTITY = re.compile("0x[0-9a-fA-F]{1,64}")
_PAGE_TOO_LARGE = ("exceeds the max limit of", "too large with more than")
_RATE_LIMITED = (429, 503)
_FIRST_PAUSE_S = 0.1
_QUIET_PAUSE_S = 0.5
_LAST_PAUSE_S = 5.0
_T = TypeVar("_T")


class PageTooLarge(Exception):
    """The node does not answer logs of so many blocks at once."""


@dataclass(frozen=True, slots=True)
class BlockHead:
    number: int
    hash: bytes
    parent_hash: bytes


@dataclass(frozen=True, slots=True)
class EthLog:
    """One log, in the order of the chain."""

    topics: tuple[bytes, ...]
    data: bytes
    block_number: int
    block_hash: bytes
    tx_hash: bytes
    index: int


class Eth(Protocol):
    """What log synchronisation asks of a chain."""

    async def chain_id(self) -> int: ...
    async def block_number(self) -> int: ...

    async def block(self, number: int) -> BlockHead | None:
        """The head of a block, None when the node has none of that number."""

    async def logs(self, address: bytes, topic: bytes, first: int, last: int) -> list[EthLog]:
        """The logs of blocks ``first`` to ``last``; ``PageTooLarge`` when that is more than the node answers."""

    async def call(self, to: bytes, data: bytes) -> bytes: ...


class Endpoint(Protocol):
    """The settings of a section that say where a chain answers."""

    @property
    def endpoint(self) -> str: ...
    @property
    def timeout_s(self) -> int: ...
    @property
    def attempts(self) -> int: ...
    @property
    def backoff_ms(self) -> int: ...


@dataclass(frozen=True, slots=True)
class EthReceipt:
    """What became of a transaction; ``logs`` are (address, topics, data) in order."""

    succeeded: bool
    block_number: int
    gas_used: int
    logs: tuple[tuple[bytes, tuple[bytes, ...], bytes], ...]


@runtime_checkable
class SendingEth(Eth, Protocol):
    """What a service that sends transactions asks of a chain besides."""

    async def call_from(self, sender: bytes, to: bytes, data: bytes) -> bytes: ...

    async def estimate_gas(self, sender: bytes, to: bytes, data: bytes, value: int = 0) -> int:
        """``PeerFault`` with the contract's words when the transaction would fail."""

    async def gas_price(self) -> int: ...

    async def nonce(self, address: bytes, *, pending: bool = True) -> int: ...

    async def send_raw(self, raw: bytes) -> None:
        """Hand over a signed transaction. ``PeerFault`` with the node's words when it does not take it."""

    async def receipt(self, hash: bytes) -> EthReceipt | None:
        """None while it is in no block."""


class HttpEth:
    """A chain behind ``http://host:port``.

    Args:
        timeout_s: of one request.
        attempts: how often a request is tried when the node does not answer or says that it is busy.
        backoff_s: the pause before the second try; it doubles up to ten seconds.

    Raises (from every call):
        Unavailable, TimedOut: no answer after all attempts. PeerFault: an answer that is no answer, or a refusal.
    """

    def __init__(self, url: str, *, timeout_s: float = 30, attempts: int = 5, backoff_s: float = 0.5) -> None:
        self._url, self._timeout_s, self._attempts, self._backoff_s = url, timeout_s, attempts, backoff_s
        self._session: aiohttp.ClientSession | None = None
        self._id = 0

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self._timeout_s))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def chain_id(self) -> int:
        """One attempt: who needs it at start waits for the chain by itself (``known_chain``)."""
        return _quantity(await self._once("eth_chainId", ()))

    async def block_number(self) -> int:
        return _quantity(await self._call("eth_blockNumber"))

    async def block(self, number: int) -> BlockHead | None:
        found = await self._call("eth_getBlockByNumber", hex(number), False)
        if found is None:
            return None
        return _read(lambda: BlockHead(_number(found["number"]), parse_hash(found["hash"]), parse_hash(found["parentHash"])))

    async def finalized(self) -> BlockHead:
        """The last block that is never taken back, by the node's word."""
        found = await self._call("eth_getBlockByNumber", "finalized", False)
        return _read(lambda: BlockHead(_number(found["number"]), parse_hash(found["hash"]), parse_hash(found["parentHash"])))

    async def logs(self, address: bytes, topic: bytes, first: int, last: int) -> list[EthLog]:
        return await self.logs_of(address, (topic,), first, last)

    async def logs_of(self, address: bytes, topics: Sequence[bytes], first: int, last: int) -> list[EthLog]:
        """``logs`` with one of several first topics, or with any when none is named."""
        wanted: dict[str, Any] = {"address": "0x" + address.hex(), "fromBlock": hex(first), "toBlock": hex(last)}
        if topics:
            wanted["topics"] = [["0x" + topic.hex() for topic in topics]]
        found = await self._call("eth_getLogs", wanted)

        def read() -> list[EthLog]:
            logs = [
                EthLog(
                    tuple(parse_hash(topic) for topic in entry["topics"]),
                    parse_hex(entry["data"]),
                    _number(entry["blockNumber"]),
                    parse_hash(entry["blockHash"]),
                    parse_hash(entry["transactionHash"]),
                    _number(entry["logIndex"]),
                )
                for entry in found
                if not entry.get("removed", False)
            ]
            return sorted(logs, key=lambda entry: (entry.block_number, entry.index))

        return _read(read)

    async def call(self, to: bytes, data: bytes, at: int | str = "latest") -> bytes:
        """At a block, by its number or by a name that the node knows."""
        block = hex(at) if isinstance(at, int) else at
        found = await self._call("eth_call", {"to": "0x" + to.hex(), "data": "0x" + data.hex()}, block)
        return _read(lambda: parse_hex(found))

    async def call_from(self, sender: bytes, to: bytes, data: bytes) -> bytes:
        found = await self._call("eth_call", _request(sender, to, data), "latest")
        return _read(lambda: parse_hex(found))

    async def estimate_gas(self, sender: bytes, to: bytes, data: bytes, value: int = 0) -> int:
        return _quantity(await self._call("eth_estimateGas", _request(sender, to, data) | {"value": hex(value)}))

    async def gas_price(self) -> int:
        return _quantity(await self._call("eth_gasPrice"))

    async def fee_caps(self) -> tuple[int, int]:
        """The most to pay for a unit of gas, with room for a base fee twice as high, and the tip of it.

        The tip is what the node suggests, never more: who pays a share on top of the suggestion, and is most of the traffic, is
        what the next suggestion is made of, and drives the price up without end.
        """
        tip = _quantity(await self._call("eth_maxPriorityFeePerGas"))
        base = max(await self.gas_price() - tip, 0)
        return 2 * base + tip, tip

    async def nonce(self, address: bytes, *, pending: bool = True) -> int:
        at = "pending" if pending else "latest"
        return _quantity(await self._call("eth_getTransactionCount", "0x" + address.hex(), at))

    async def nonce_at(self, address: bytes, block: int) -> int:
        """How many transactions of an account the chain has up to a block."""
        return _quantity(await self._call("eth_getTransactionCount", "0x" + address.hex(), hex(block)))

    async def send_raw(self, raw: bytes) -> None:
        await self._call("eth_sendRawTransaction", "0x" + raw.hex())

    async def receipt(self, hash: bytes) -> EthReceipt | None:
        found = await self._call("eth_getTransactionReceipt", "0x" + hash.hex())
        if found is None or not isinstance(found, dict) or found.get("blockNumber") is None:
            return None

        def read() -> EthReceipt:
            logs = tuple(
                (parse_hex(entry["address"]), tuple(parse_hash(topic) for topic in entry["topics"]), parse_hex(entry["data"]))
                for entry in found["logs"]
            )
            status, number, gas = (_number(found[name]) for name in ("status", "blockNumber", "gasUsed"))
            return EthReceipt(status == 1, number, gas, logs)

        return _read(read)

    async def sender(self, tx_hash: bytes) -> bytes | None:
        """Who signed a transaction, None when the chain has no such one. Not what its events say: anyone may name anyone."""
        found = await self._call("eth_getTransactionByHash", "0x" + tx_hash.hex())
        if found is None:
            return None
        if _read(lambda: parse_hash(found["hash"])) != tx_hash:
            raise PeerFault(f"{self._url}: asked for transaction 0x{tx_hash.hex()}, it answered with another")
        return _read(lambda: bytes(parse_address(str(found["from"]))))

    async def _call(self, method: str, *params: Any) -> Any:
        pause_s = self._backoff_s
        for attempt in range(self._attempts):
            try:
                return await self._once(method, params)
            except (Unavailable, TimedOut) as error:
                if attempt + 1 == self._attempts:
                    raise
                _log.debug("eth.retry", method=method, reason=str(error))
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, 10)
        raise Unavailable(f"{self._url}: no attempt allowed")

    async def _once(self, method: str, params: Sequence[Any]) -> Any:
        if self._session is None:
            raise Unavailable("the client is not open: use it as `async with`")
        self._id += 1
        body = msgspec.json.encode({"jsonrpc": "2.0", "id": self._id, "method": method, "params": list(params)})
        try:
            async with self._session.post(self._url, data=body, headers={"Content-Type": "application/json"}) as response:
                if response.status in _RATE_LIMITED or response.status >= 500:
                    raise Unavailable(f"{self._url}: status {response.status}")
                text = await response.read()
        except aiohttp.ClientError as error:
            raise Unavailable(f"{self._url}: {error}") from error
        except TimeoutError:
            raise TimedOut(f"{self._url}: no answer within {self._timeout_s} s") from None
        try:
            answer = jsonrpc.parse(text)
        except InvalidInput:
            raise PeerFault(f"{self._url}: the answer to {method} is not JSON") from None
        if not isinstance(answer, dict):
            raise PeerFault(f"{self._url}: the answer to {method} is no object")
        refusal = answer.get("error")
        if refusal is None:
            return answer.get("result")
        message = str(refusal.get("message", refusal)) if isinstance(refusal, dict) else str(refusal)
        if any(part in message for part in _PAGE_TOO_LARGE):
            raise PageTooLarge(message)
        if isinstance(refusal, dict) and refusal.get("code") == -32005:
            raise Unavailable(f"{self._url}: {message}")
        raise PeerFault(f"{self._url}: {method}: {message}")


def _request(sender: bytes, to: bytes, data: bytes) -> dict[str, str]:
    return {"from": "0x" + sender.hex(), "to": "0x" + to.hex(), "data": "0x" + data.hex()}


def open_eth(config: Endpoint, section: str = "storage.chain") -> HttpEth:
    """The chain behind the endpoint of a section of the settings.

    Raises:
        ConfigError: the endpoint is no URL.
    """
    url = urlsplit(config.endpoint)
    if url.scheme not in ("http", "https") or not url.hostname:
        message = f"{section}.endpoint: expected a URL that begins with http:// or https://, found {config.endpoint[:80]!r}"
        raise ConfigError(message, key=f"{section}.endpoint", value=config.endpoint, origin="")
    return HttpEth(config.endpoint, timeout_s=config.timeout_s, attempts=config.attempts, backoff_s=config.backoff_ms / 1000)


async def known_chain(eth: Eth, endpoint: str) -> int:
    """The chain's id, as soon as it answers: a node may be started before its chain."""
    pause_s = _FIRST_PAUSE_S
    while True:
        try:
            return await eth.chain_id()
        except (Unavailable, TimedOut, PeerFault) as error:
            if pause_s > _QUIET_PAUSE_S:  # a chain that is started beside us is no news
                _log.warning("chain.unreachable", endpoint=endpoint, reason=str(error), pause_s=pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, _LAST_PAUSE_S)


def _quantity(value: Any) -> int:
    return _read(lambda: _number(value, 256))


def _number(value: Any, bits: int = 64) -> int:
    """A quantity: ``0x`` and hex digits."""
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value) or (number := int(value, 16)) >> bits:
        raise ValueError(f"expected a number of at most {bits} bits as 0x and hex digits, found {str(value)[:80]!r}")
    return number


def _read(read: Callable[[], _T]) -> _T:
    try:
        return read()
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise PeerFault(f"the chain's answer has another form: {error}") from None

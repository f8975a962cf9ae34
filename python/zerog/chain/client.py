"""A typed client of any node's JSON-RPC: calls and batches, receipts, and logs followed without gaps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from zerog.chain import types
from zerog.chain.types import hexd, hexq
from zerog.errors import InvalidInput, NotFound, PeerFault, TimedOut, Unavailable
from zerog.runtime.clock import Clock, SystemClock
from zerog.runtime.http import Http

_TIMEOUT_S: Final = 30.0
_ANSWER_SIZE_MAX: Final = 1 << 30
_PAGE_BLOCKS: Final = 999
_PAGE_TOO_LARGE: Final = ("exceeds the max limit of", "too large with more than")


class CallError(Exception):
    """The node refused: the error object of JSON-RPC, ``data`` being revert bytes when there are any."""

    def __init__(self, code: int, message: str, data: bytes) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data


class Log(msgspec.Struct, frozen=True, rename="camel"):
    """One log, in the words of JSON-RPC."""

    address: str
    topics: list[str]
    data: str
    block_number: str
    block_hash: str
    transaction_hash: str
    log_index: str
    transaction_index: str = "0x0"
    removed: bool = False
    block_timestamp: str | None = None

    @property
    def number(self) -> int:
        return int(self.block_number, 16)

    @property
    def payload(self) -> bytes:
        return bytes.fromhex(self.data[2:])


class Receipt(msgspec.Struct, frozen=True, rename="camel"):
    """What became of a transaction."""

    transaction_hash: str
    block_hash: str
    block_number: str
    transaction_index: str
    gas_used: str
    cumulative_gas_used: str
    effective_gas_price: str
    status: str
    logs: list[Log]
    to: str | None = None
    contract_address: str | None = None

    @property
    def success(self) -> bool:
        return self.status == "0x1"

    @property
    def number(self) -> int:
        return int(self.block_number, 16)


class ChainClient:
    """Calls one node over HTTP.

    Args:
        url: ``http://host:port``.
        timeout_s: of one request.
        clock: what waiting is measured with.

    Use as ``async with ChainClient(url) as client``.
    """

    def __init__(self, url: str, *, timeout_s: float = _TIMEOUT_S, clock: Clock | None = None) -> None:
        self._url = url
        self._http = Http(timeout_s=timeout_s)
        self._clock = clock or SystemClock()
        self._next_id = 1

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, trace)

    async def _post(self, body: Any) -> Any:
        status, _, answer = await self._http.request(
            "POST", self._url, pieces=(msgspec.json.encode(body),), content_type="application/json", size_max=_ANSWER_SIZE_MAX
        )
        if status != 200:
            raise Unavailable(f"{self._url}: status {status}", status=status)
        try:
            return msgspec.json.decode(answer)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise PeerFault(f"{self._url}: the answer is not JSON") from None

    async def call_rpc(self, method: str, *params: Any) -> Any:
        """One request.

        Raises:
            CallError: the node answered with an error. Unavailable, TimedOut, PeerFault: no proper answer.
        """
        id, self._next_id = self._next_id, self._next_id + 1
        answer = await self._post({"jsonrpc": "2.0", "id": id, "method": method, "params": list(params)})
        return _result(answer)

    async def batch(self, calls: Sequence[tuple[str, Sequence[Any]]]) -> list[Any]:
        """Many requests in one body; each answer is a result or a CallError, in order of the calls."""
        if not calls:
            return []
        first, self._next_id = self._next_id, self._next_id + len(calls)
        answers = await self._post(
            [{"jsonrpc": "2.0", "id": first + i, "method": m, "params": list(p)} for i, (m, p) in enumerate(calls)]
        )
        if not isinstance(answers, list):
            return [_error(answers)] * len(calls)
        by_id = {answer.get("id"): answer for answer in answers if isinstance(answer, dict)}
        results: list[Any] = []
        for index in range(len(calls)):
            try:
                results.append(_result(by_id.get(first + index)))
            except CallError as error:
                results.append(error)
        return results

    # --- the chain ----------------------------------------------------------------------------------------------------

    async def chain_id(self) -> int:
        return types.quantity(await self.call_rpc("eth_chainId"), "chain id")

    async def block_number(self) -> int:
        return types.quantity(await self.call_rpc("eth_blockNumber"), "block number")

    async def block(self, at: int | str | bytes = "latest", *, full: bool = False) -> dict[str, Any]:
        """A block by number, tag or hash.

        Raises:
            NotFound: there is none.
        """
        if isinstance(at, bytes):
            found = await self.call_rpc("eth_getBlockByHash", hexd(at), full)
        else:
            found = await self.call_rpc("eth_getBlockByNumber", hexq(at) if isinstance(at, int) else at, full)
        if found is None:
            raise NotFound(f"block {at if not isinstance(at, bytes) else hexd(at)} is not known")
        block: dict[str, Any] = found
        return block

    async def balance(self, address: bytes, at: str = "latest") -> int:
        return types.quantity(await self.call_rpc("eth_getBalance", hexd(address), at), "balance")

    async def nonce(self, address: bytes, at: str = "pending") -> int:
        return types.quantity(await self.call_rpc("eth_getTransactionCount", hexd(address), at), "nonce")

    async def code(self, address: bytes, at: str = "latest") -> bytes:
        return types.data(await self.call_rpc("eth_getCode", hexd(address), at), "code")

    async def gas_price(self) -> int:
        return types.quantity(await self.call_rpc("eth_gasPrice"), "gas price")

    async def tip(self) -> int:
        return types.quantity(await self.call_rpc("eth_maxPriorityFeePerGas"), "tip")

    async def base_fee(self) -> int:
        return types.quantity((await self.block())["baseFeePerGas"], "base fee")

    async def call(
        self, to: bytes | None, data: bytes, *, sender: bytes | None = None, value: int = 0, at: str = "latest"
    ) -> bytes:
        """eth_call."""
        return types.data(await self.call_rpc("eth_call", request(to, data, sender, value), at), "output")

    async def estimate_gas(self, to: bytes | None, data: bytes = b"", *, sender: bytes | None = None, value: int = 0) -> int:
        return types.quantity(await self.call_rpc("eth_estimateGas", request(to, data, sender, value)), "gas")

    # --- transactions -------------------------------------------------------------------------------------------------

    async def send_raw(self, wire: bytes) -> bytes:
        """Hand over a signed transaction; returns its hash."""
        return types.hash32(await self.call_rpc("eth_sendRawTransaction", hexd(wire)))

    async def send_raw_many(self, wires: Iterable[bytes]) -> list[bytes | CallError]:
        """Many in one body; each answer is a hash or why it was refused."""
        results = await self.batch([("eth_sendRawTransaction", [hexd(wire)]) for wire in wires])
        return [result if isinstance(result, CallError) else types.hash32(result) for result in results]

    async def receipt(self, hash: bytes) -> Receipt | None:
        """The receipt of a transaction, None while it is not mined."""
        found = await self.call_rpc("eth_getTransactionReceipt", hexd(hash))
        return None if found is None else _convert(found, Receipt)

    async def wait_receipt(self, hash: bytes, *, timeout_s: float = 60, poll_s: float = 0.1) -> Receipt:
        """Wait until a transaction is mined.

        Raises:
            TimedOut: it was not within ``timeout_s``.
        """
        ends_at_s = self._clock.monotonic_s() + timeout_s
        while True:
            found = await self.receipt(hash)
            if found is not None:
                return found
            if self._clock.monotonic_s() >= ends_at_s:
                raise TimedOut(f"transaction {hexd(hash)} was not mined within {timeout_s} s", hash=hash)
            await self._clock.sleep(poll_s)

    # --- logs ---------------------------------------------------------------------------------------------------------

    async def logs(self, first: int, last: int, *, addresses: Sequence[bytes] = (), topics: Sequence[Any] = ()) -> list[Log]:
        """Logs of a range of any length: pages that the node finds too large are halved.

        Args:
            topics: for each position a topic, a list of alternatives, or None.
        """
        found: list[Log] = []
        page = _PAGE_BLOCKS
        while first <= last:
            end = min(last, first + page - 1)
            criteria: dict[str, Any] = {"fromBlock": hexq(first), "toBlock": hexq(end)}
            if addresses:
                criteria["address"] = [hexd(address) for address in addresses]
            if topics:
                criteria["topics"] = [_topic(topic) for topic in topics]
            try:
                answer = await self.call_rpc("eth_getLogs", criteria)
            except CallError as error:
                if page == 1 or not any(text in error.message for text in _PAGE_TOO_LARGE):
                    raise
                page = max(1, page // 2)
                continue
            found += _convert(answer, list[Log])
            first = end + 1
        return found

    async def follow_logs(
        self, first: int, *, addresses: Sequence[bytes] = (), topics: Sequence[Any] = (), poll_s: float = 0.25
    ) -> AsyncIterator[tuple[int, list[Log]]]:
        """Logs from block ``first`` on, for ever: ``(last block covered, its logs)``, in order and without gaps.

        Only finalized blocks are read, so nothing told is ever taken back.
        """
        while True:
            head = types.quantity((await self.block("finalized"))["number"], "number")
            if head >= first:
                last = min(head, first + _PAGE_BLOCKS - 1)
                yield last, await self.logs(first, last, addresses=addresses, topics=topics)
                first = last + 1
                if last < head:
                    continue
            await self._clock.sleep(poll_s)

    async def wait_block(self, number: int, *, timeout_s: float = 60, poll_s: float = 0.1) -> int:
        """Wait until the head is at least ``number``; returns the head."""
        async with asyncio.timeout(timeout_s):
            while (head := await self.block_number()) < number:
                await self._clock.sleep(poll_s)
            return head


def request(to: bytes | None, data: bytes, sender: bytes | None, value: int) -> dict[str, str]:
    """A call object."""
    fields = {"data": hexd(data)}
    if to is not None:
        fields["to"] = hexd(to)
    if sender is not None:
        fields["from"] = hexd(sender)
    if value:
        fields["value"] = hexq(value)
    return fields


def _topic(topic: Any) -> Any:
    if topic is None:
        return None
    if isinstance(topic, bytes):
        return hexd(topic)
    return [hexd(one) for one in topic]


def _convert(value: Any, kind: Any) -> Any:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        raise PeerFault(f"the node's answer has another shape: {error}") from None


def _error(answer: Any) -> CallError:
    error = answer.get("error") if isinstance(answer, dict) else None
    if not isinstance(error, dict):
        raise PeerFault("the node's answer is no JSON-RPC")
    data = error.get("data")
    try:
        payload = types.data(data, "data") if isinstance(data, str) else b""
    except InvalidInput:
        payload = b""
    return CallError(int(error.get("code", 0)), str(error.get("message", "")), payload)


def _result(answer: Any) -> Any:
    if not isinstance(answer, dict):
        raise PeerFault("the node's answer is no JSON-RPC")
    if answer.get("error") is not None:
        raise _error(answer)
    return answer.get("result")

"""debug_* (geth's tracers, raw forms) and trace_* (the flat traces of reth and parity, which explorers read)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from zerog import _native as native
from zerog.chain import types
from zerog.chain.rpc.context import Context, Place, arguments, header_facts
from zerog.chain.types import BlockId, hexd, hexq
from zerog.errors import InvalidInput, NotFound, TimedOut
from zerog.wire.jsonrpc import SERVER_ERROR, RpcError

_TRACERS: Final = frozenset({"", "callTracer", "prestateTracer"})
_FILTER_BLOCKS_MAX: Final = 1000
_FILTER_TRACES_MAX: Final = 20_000
_LOGGER_OPTIONS: Final = ("disableStorage", "disableStack", "enableMemory", "enableReturnData", "limit")


def parse_tracer(value: Any) -> tuple[str, dict[str, Any]]:
    """The options of debug_trace*: which tracer, and its own settings."""
    if value is None:
        return "", {}
    fields = types.table(value, "options")
    tracer = fields.get("tracer")
    name = "" if tracer is None else types.text(tracer, "tracer", 1 << 16)
    if name not in _TRACERS:
        known = "callTracer, prestateTracer and, without a name, the struct logger"
        raise RpcError(SERVER_ERROR, f"tracer {types.shown(name)} is not known; there are {known}")
    if name:
        config = fields.get("tracerConfig")
        return name, {} if config is None else _flags(types.table(config, "tracerConfig"))
    return "", _flags({key: fields[key] for key in _LOGGER_OPTIONS if fields.get(key) is not None})


def _flags(config: dict[str, Any]) -> dict[str, Any]:
    for key, value in config.items():
        if type(value) is not bool and not (key == "limit" and type(value) is int and 0 <= value <= types.U64_MAX):
            raise InvalidInput(f"invalid argument {types.shown(key)}: expected true or false")
    return config


class Debug:
    """Re-execution with somebody watching."""

    def __init__(self, context: Context) -> None:
        self._context = context

    async def _trace(self, function: Any, number: int) -> bytes:
        try:
            text: bytes = await self._context.readers.run(function)
        except NotFound:
            raise self._context.not_kept(number) from None
        return text

    async def trace_place(self, place: Place, tracer: str, config: dict[str, Any]) -> bytes:
        if place.number == 0:
            raise RpcError(SERVER_ERROR, "genesis is not traceable")
        engine = self._context.engine
        return await self._trace(
            lambda: engine.trace_transaction(place.record, place.index, place.number - 1, tracer, config), place.number - 1
        )

    async def trace_record(self, record: bytes, tracer: str, config: dict[str, Any]) -> bytes:
        number: int = header_facts(record)["number"]
        if number == 0:
            raise RpcError(SERVER_ERROR, "genesis is not traceable")
        engine = self._context.engine
        return await self._trace(lambda: engine.trace_block(record, number - 1, tracer, config), number - 1)

    async def debug_traceTransaction(self, params: list[Any]) -> msgspec.Raw:
        hash, options = arguments(params, 1, 2)
        tracer, config = parse_tracer(options)
        place = self._context.place(types.hash32(hash))
        if place is None:
            raise RpcError(SERVER_ERROR, "transaction not found")
        return msgspec.Raw(await self.trace_place(place, tracer, config))

    async def _trace_block(self, block: BlockId, options: Any) -> msgspec.Raw:
        tracer, config = parse_tracer(options)
        record = self._context.record_of(block)
        if record is None:
            raise RpcError(SERVER_ERROR, "block not found")
        return msgspec.Raw(await self.trace_record(record, tracer, config))

    async def debug_traceBlockByNumber(self, params: list[Any]) -> msgspec.Raw:
        block, options = arguments(params, 1, 2)
        return await self._trace_block(types.block_id(block, "block", None), options)

    async def debug_traceBlockByHash(self, params: list[Any]) -> msgspec.Raw:
        hash, options = arguments(params, 1, 2)
        return await self._trace_block(BlockId(hash=types.hash32(hash)), options)

    async def debug_traceCall(self, params: list[Any]) -> msgspec.Raw:
        call, block, options = arguments(params, 1, 3)
        request = types.call_request(call)
        number = self._context.state_number(types.block_id(block))
        tracer, config = parse_tracer(options)
        more: dict[str, Any] = {"deadline_ms": self._context.config.call_timeout_ms}
        if options is not None:
            if options.get("stateOverrides") is not None:
                more["overrides"] = types.state_overrides(options["stateOverrides"], "stateOverrides")
            if options.get("blockOverrides") is not None:
                more["block_overrides"] = types.block_overrides(options["blockOverrides"])
        engine = self._context.engine
        return msgspec.Raw(await self._trace(lambda: engine.trace_call(request, number, tracer, config, **more), number or 0))

    # --- raw forms ----------------------------------------------------------------------------------------------------

    def _record(self, params: list[Any]) -> bytes:
        (block,) = arguments(params, 1, 1)
        record = self._context.record_of(types.block_id(block, "block", None))
        if record is None:
            raise RpcError(SERVER_ERROR, "block not found")
        return record

    async def debug_getRawBlock(self, params: list[Any]) -> str:
        return hexd(await self._context.readers.run(native.record_raw_block, self._record(params)))

    async def debug_getRawHeader(self, params: list[Any]) -> str:
        return hexd(header_facts(self._record(params))["header_rlp"])

    async def debug_getRawReceipts(self, params: list[Any]) -> list[str]:
        return [hexd(raw) for raw in await self._context.readers.run(native.record_raw_receipts, self._record(params))]

    async def debug_getRawTransaction(self, params: list[Any]) -> str | None:
        (hash,) = arguments(params, 1, 1)
        place = self._context.place(types.hash32(hash))
        return None if place is None else hexd(native.record_raw_transaction(place.record, place.index))


class Trace:
    """trace_block, trace_transaction, trace_filter, made from callTracer's trees."""

    def __init__(self, context: Context, debug: Debug) -> None:
        self._context = context
        self._debug = debug

    async def _block(self, record: bytes) -> list[dict[str, Any]]:
        facts = header_facts(record)
        if facts["number"] == 0 or not facts["tx_count"]:
            return []
        trees = msgspec.json.decode(await self._debug.trace_record(record, "callTracer", {}))
        traces: list[dict[str, Any]] = []
        for index, tree in enumerate(trees):
            traces += flat_traces(tree["result"], facts, tree["txHash"], index)
        return traces

    async def trace_block(self, params: list[Any]) -> list[dict[str, Any]] | None:
        (block,) = arguments(params, 1, 1)
        record = self._context.record_of(types.block_id(block, "block", None))
        return None if record is None else await self._block(record)

    async def trace_transaction(self, params: list[Any]) -> list[dict[str, Any]] | None:
        (hash,) = arguments(params, 1, 1)
        place = self._context.place(types.hash32(hash))
        if place is None:
            return None
        tree = msgspec.json.decode(await self._debug.trace_place(place, "callTracer", {}))
        return list(flat_traces(tree, header_facts(place.record), hash, place.index))

    async def trace_filter(self, params: list[Any]) -> list[dict[str, Any]]:
        (value,) = arguments(params, 1, 1)
        fields = types.table(value, "filter")
        context = self._context
        first = context.number(types.block_id(fields.get("fromBlock"), "fromBlock", BlockId(tag="earliest")))
        last = context.number(types.block_id(fields.get("toBlock"), "toBlock"))
        senders, receivers = (
            None if fields.get(key) is None else {hexd(a) for a in types.array(fields[key], key, 1000, types.address)}
            for key in ("fromAddress", "toAddress")
        )
        skip, wanted = (_count(fields.get(key), key, default) for key, default in (("after", 0), ("count", _FILTER_TRACES_MAX)))
        if first is None or last is None or first > last:
            raise RpcError(SERVER_ERROR, "invalid block range params")
        if last - first + 1 > _FILTER_BLOCKS_MAX:
            raise RpcError(
                SERVER_ERROR, f"range of {last - first + 1} blocks exceeds the max limit of {_FILTER_BLOCKS_MAX} blocks"
            )
        ends_at_s = context.clock.monotonic_s() + context.config.call_timeout_ms / 1000
        found: list[dict[str, Any]] = []
        for number in range(first, last + 1):
            if context.clock.monotonic_s() > ends_at_s:
                raise TimedOut(f"timeout: {last - first + 1} blocks took more than {context.config.call_timeout_ms} ms")
            for trace in await self._block(context.record(number)):
                if not _matches(trace, senders, receivers):
                    continue
                if skip:
                    skip -= 1
                elif len(found) < wanted:
                    found.append(trace)
                else:
                    return found
        return found


def _count(value: Any, name: str, default: int) -> int:
    if value is None:
        return default
    if type(value) is int and 0 <= value <= types.U64_MAX:
        return min(value, _FILTER_TRACES_MAX) if name == "count" else value
    found = types.quantity(value, name, types.U64_MAX)
    return min(found, _FILTER_TRACES_MAX) if name == "count" else found


def _matches(trace: dict[str, Any], senders: set[str] | None, receivers: set[str] | None) -> bool:
    action = trace["action"]
    sender = action.get("from", action.get("address"))
    receiver = action.get("to", action.get("refundAddress")) or (trace.get("result") or {}).get("address")
    return (senders is None or sender in senders) and (receivers is None or receiver in receivers)


_PARITY_ERRORS: Final = {
    "execution reverted": "Reverted",
    "out of gas": "Out of gas",
    "contract creation code storage out of gas": "Out of gas",
    "gas uint64 overflow": "Out of gas",
    "invalid jump destination": "Bad jump destination",
    "write protection": "Mutable Call In Static Context",
    "stack underflow": "Stack underflow",
    "stack limit reached": "Out of stack",
}


def flat_traces(tree: dict[str, Any], block: dict[str, Any], tx_hash: str, index: int) -> Iterator[dict[str, Any]]:
    """callTracer's tree as parity's list, parents before children, each with its path."""
    place = {
        "blockHash": hexd(block["hash"]),
        "blockNumber": block["number"],
        "transactionHash": tx_hash,
        "transactionPosition": index,
    }
    stack: list[tuple[dict[str, Any], list[int]]] = [(tree, [])]
    while stack:
        frame, path = stack.pop()
        calls = frame.get("calls", [])
        trace = _flat(frame)
        trace |= {"subtraces": len(calls), "traceAddress": path, **place}
        yield trace
        stack.extend((call, [*path, at]) for at, call in reversed(list(enumerate(calls))))


def _flat(frame: dict[str, Any]) -> dict[str, Any]:
    kind = frame["type"]
    value, gas, output = frame.get("value", "0x0"), frame["gas"], frame.get("output", "0x")
    trace: dict[str, Any]
    if kind == "SELFDESTRUCT":
        return {
            "type": "suicide",
            "action": {"address": frame["from"], "refundAddress": frame.get("to"), "balance": value},
            "result": None,
        }
    if kind in ("CREATE", "CREATE2"):
        method = kind.lower()
        action = {"from": frame["from"], "gas": gas, "init": frame.get("input", "0x"), "value": value, "creationMethod": method}
        trace = {"type": "create", "action": action}
        result: dict[str, Any] = {"gasUsed": frame["gasUsed"], "code": output, "address": frame.get("to")}
    else:
        action = {
            "callType": kind.lower(), "from": frame["from"], "to": frame.get("to"), "gas": gas,
            "input": frame.get("input", "0x"), "value": value,
        }  # fmt: skip
        trace = {"type": "call", "action": action}
        result = {"gasUsed": frame["gasUsed"], "output": output}
    error = frame.get("error")
    if error is None:
        trace["result"] = result
    else:
        trace["error"] = next((text for start, text in _PARITY_ERRORS.items() if error.startswith(start)), error)
        if error == "execution reverted":
            trace["result"] = result | {"gasUsed": hexq(int(frame["gasUsed"], 16))}
    return trace

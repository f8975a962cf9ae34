"""eth_simulateV1: several blocks of calls on top of a state, each call seeing what those before it left behind.

The engine executes one call at a time and keeps nothing; what a call changed is read from the prestate tracer in diff mode
and laid over the state for the next one.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from zerog import _native as native
from zerog.chain import types
from zerog.chain.rpc.context import Context, arguments, header_facts, revert_error
from zerog.chain.rpc.fees import Fees, next_base_fee
from zerog.chain.types import hexd, hexq
from zerog.errors import InvalidInput, NotFound
from zerog.wire.jsonrpc import RpcError

_BLOCKS_MAX: Final = 256
_CALLS_MAX: Final = 1000
_TRANSFER_TOPIC: Final = "0x" + native.keccak256(b"Transfer(address,address,uint256)").hex()
_NATIVE_TOKEN: Final = "0xeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
_VM_ERROR: Final = -32015
_INSUFFICIENT_FUNDS: Final = -38014
_INVALID_TRANSACTION: Final = -32000

Overlay = dict[bytes, dict[str, Any]]


class Simulate:
    """The one method, and the overlay that carries state from call to call."""

    def __init__(self, context: Context, fees: Fees) -> None:
        self._context = context
        self._fees = fees

    async def eth_simulateV1(self, params: list[Any]) -> list[dict[str, Any]]:
        options, block = arguments(params, 1, 2)
        fields = types.table(options, "options")
        transfers, full, _ = (
            fields.get(key) is not None and types.boolean(fields[key], key)
            for key in ("traceTransfers", "returnFullTransactions", "validation")
        )
        blocks = types.array(fields.get("blockStateCalls"), "blockStateCalls", _BLOCKS_MAX, _block_calls)
        if not blocks:
            raise InvalidInput("empty input")
        if sum(len(calls) for _, _, calls in blocks) > _CALLS_MAX:
            raise InvalidInput(f"too many calls, at most {_CALLS_MAX}")
        at = types.block_id(block)
        number = self._context.state_number(at)
        record = self._context.record_of(at)
        assert record is not None
        try:
            return await self._context.readers.run(self._run, blocks, number, header_facts(record), transfers, full)
        except NotFound:
            raise self._context.not_kept(number or 0) from None

    def _run(
        self, blocks: list[tuple[dict[str, Any], Overlay, list[dict[str, Any]]]], number: int | None, parent: dict[str, Any],
        transfers: bool, full: bool,
    ) -> list[dict[str, Any]]:  # fmt: skip
        overlay: Overlay = {}
        answers: list[dict[str, Any]] = []
        above, time = parent["number"], parent["timestamp"]
        base_fee = next_base_fee(parent["base_fee"], parent["gas_used"], parent["gas_limit"])
        hash: bytes = parent["hash"]
        ends_at_s = self._context.clock.monotonic_s() + self._context.config.call_timeout_ms / 1000
        for overrides, state, calls in blocks:
            environment = {"number": above + 1, "timestamp": time + 1, "gas_limit": parent["gas_limit"], "base_fee": base_fee}
            environment |= overrides
            if environment["number"] <= above:
                raise RpcError(-38020, f"block numbers must be in order: {environment['number']} <= {above}")
            if environment["timestamp"] < time:
                raise RpcError(-38021, f"block timestamps must be in order: {environment['timestamp']} < {time}")
            above, time = environment["number"], environment["timestamp"]
            merge(overlay, state)
            answer = self._block(calls, number, environment, overlay, transfers, full, ends_at_s)
            answer["parentHash"] = hexd(hash)
            hash = native.keccak256(msgspec.json.encode(answer))
            answer["hash"] = hexd(hash)
            for call in answer["calls"]:
                for entry in call["logs"]:
                    entry["blockHash"] = answer["hash"]
            answers.append(answer)
        return answers

    def _block(
        self, calls: list[dict[str, Any]], number: int | None, environment: dict[str, Any], overlay: Overlay, transfers: bool,
        full: bool, ends_at_s: float,
    ) -> dict[str, Any]:  # fmt: skip
        engine = self._context.engine
        results: list[dict[str, Any]] = []
        transactions: list[Any] = []
        gas_used = log_index = 0
        for index, request in enumerate(calls):
            left_ms = int((ends_at_s - self._context.clock.monotonic_s()) * 1000)
            if left_ms <= 0:
                raise RpcError(-32016, "execution aborted (timeout)")
            request = dict(request)
            request.setdefault("from", bytes(20))
            request["gas"] = min(request.get("gas", environment["gas_limit"] - gas_used), self._context.config.call_gas_max)
            more = {"overrides": overlay, "block_overrides": environment, "deadline_ms": left_ms}
            outcome = engine.call(request, number, **more)
            if not outcome["success"] and outcome["gas_used"] == 0:  # it could not even start: the whole request is wrong
                code = _INSUFFICIENT_FUNDS if "insufficient funds" in outcome["error"] else _INVALID_TRANSACTION
                raise RpcError(code, outcome["error"])
            if transfers:
                tree = msgspec.json.decode(engine.trace_call(request, number, "callTracer", {"withLog": True}, **more))
                found = logs_of(tree)
            else:
                found = [
                    {"address": hexd(address), "topics": [hexd(topic) for topic in topics], "data": hexd(data)}
                    for address, topics, data in outcome["logs"]
                ]
            changed = msgspec.json.decode(engine.trace_call(request, number, "prestateTracer", {"diffMode": True}, **more))
            merge(overlay, overlay_of(changed))
            gas_used += outcome["gas_used"]
            tx_hash = hexd(native.keccak256(msgspec.json.encode([environment["number"], index, repr(request)])))
            place = {
                "blockNumber": hexq(environment["number"]), "transactionHash": tx_hash, "transactionIndex": hexq(index),
                "blockTimestamp": hexq(environment["timestamp"]), "removed": False,
            }  # fmt: skip
            for entry in found:
                entry |= place | {"logIndex": hexq(log_index)}
                log_index += 1
            results.append(_result(outcome, found))
            transactions.append(tx_hash if not full else {"hash": tx_hash, **_shown(request)})
        return {
            "number": hexq(environment["number"]), "timestamp": hexq(environment["timestamp"]), "gasUsed": hexq(gas_used),
            "gasLimit": hexq(environment["gas_limit"]), "baseFeePerGas": hexq(environment["base_fee"]), "difficulty": "0x0",
            "miner": hexd(environment.get("coinbase", bytes(20))), "mixHash": hexd(environment.get("prev_randao", bytes(32))),
            "nonce": "0x0000000000000000", "uncles": [], "withdrawals": [], "transactions": transactions, "calls": results,
        }  # fmt: skip


def _block_calls(value: Any, name: str) -> tuple[dict[str, Any], Overlay, list[dict[str, Any]]]:
    fields = types.table(value, name)
    overrides = types.block_overrides(fields.get("blockOverrides") or {}, f"{name}.blockOverrides")
    state = types.state_overrides(fields.get("stateOverrides") or {}, f"{name}.stateOverrides")
    return overrides, state, types.array(fields.get("calls") or [], f"{name}.calls", _CALLS_MAX, types.call_request)


def _result(outcome: dict[str, Any], found: list[dict[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "returnData": hexd(outcome["output"]), "logs": found, "gasUsed": hexq(outcome["gas_used"]),
        "status": "0x1" if outcome["success"] else "0x0",
    }  # fmt: skip
    if not outcome["success"]:
        if outcome["reverted"]:
            error = revert_error(outcome["output"])
            result["error"] = {"code": error.code, "message": error.message, "data": error.data}
        else:
            result["error"] = {"code": _VM_ERROR, "message": outcome["error"]}
    return result


def _shown(request: dict[str, Any]) -> dict[str, Any]:
    names = {"from": "from", "to": "to", "data": "input", "value": "value", "gas": "gas", "nonce": "nonce"}
    return {
        out: hexd(request[key]) if isinstance(request[key], bytes) else hexq(request[key])
        for key, out in names.items()
        if key in request
    }


def logs_of(frame: dict[str, Any]) -> list[dict[str, Any]]:
    """Logs of a call tree in order of emission, and one before them for each movement of value."""
    if frame.get("error"):
        return []
    found: list[tuple[int, list[dict[str, Any]]]] = []
    own = frame.get("logs", [])
    calls = frame.get("calls", [])
    for entry in own:
        position = int(entry.get("position", "0x0"), 16)
        shown = {"address": entry["address"], "topics": entry.get("topics", []), "data": entry.get("data", "0x")}
        found.append((position, [shown]))
    # `position` says how many calls came before a log; calls keep their own order.
    merged: list[dict[str, Any]] = []
    if int(frame.get("value", "0x0"), 16) and frame["type"] not in ("DELEGATECALL", "CALLCODE"):
        sender, receiver = frame["from"], frame.get("to") or "0x" + "00" * 20
        topics = [_TRANSFER_TOPIC, "0x" + sender[2:].rjust(64, "0"), "0x" + receiver[2:].rjust(64, "0")]
        merged.append({"address": _NATIVE_TOKEN, "topics": topics, "data": f"0x{int(frame['value'], 16):064x}"})
    at = 0
    for index in range(len(calls) + 1):
        while at < len(found) and found[at][0] <= index:
            merged += found[at][1]
            at += 1
        if index < len(calls):
            merged += logs_of(calls[index])
    return merged


def overlay_of(changed: dict[str, Any]) -> Overlay:
    """What the diff mode of the prestate tracer says as state overrides."""
    overlay: Overlay = {}
    before, after = changed.get("pre", {}), changed.get("post", {})
    for key in {*before, *after}:
        old, new = before.get(key, {}), after.get(key)
        one: dict[str, Any] = {}
        if new is None:  # gone
            one = {"balance": 0, "nonce": 0, "code": b"", "state": {}}
        else:
            if "balance" in new:
                one["balance"] = int(new["balance"], 16)
            if "nonce" in new:
                one["nonce"] = int(new["nonce"])
            if "code" in new:
                one["code"] = bytes.fromhex(new["code"][2:])
            slots = {int(slot, 16): 0 for slot in old.get("storage", {})}
            slots |= {int(slot, 16): int(value, 16) for slot, value in new.get("storage", {}).items()}
            if slots:
                one["state_diff"] = slots
        overlay[bytes.fromhex(key[2:])] = one
    return overlay


def merge(overlay: Overlay, more: Overlay) -> None:
    """Lay ``more`` over ``overlay``: later values win, storage is merged slot by slot unless replaced whole."""
    for address, new in more.items():
        one = overlay.setdefault(address, {})
        for key in ("balance", "nonce", "code"):
            if key in new:
                one[key] = new[key]
        if "state" in new:
            one.pop("state_diff", None)
            one["state"] = dict(new["state"])
        if "state_diff" in new:
            target = one["state"] if "state" in one else one.setdefault("state_diff", {})
            target |= new["state_diff"]

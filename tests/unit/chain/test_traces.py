"""debug_*, trace_*, eth_simulateV1: what watching a transaction says must agree with its receipt."""

from __future__ import annotations

from typing import Any

import pytest
from node_kit import ADDRESSES, Refused, Running
from test_rpc import HEX_ADDRESSES, LOGGER, deploy, reverting

from zerog._native import keccak256
from zerog.chain.rpc.simulate import merge, overlay_of


def calling(target: str, value: int = 0) -> bytes:
    """Code that calls ``target`` with 32 bytes of its own calldata and hands the result through."""
    push_value = b"\x60" + bytes([value])
    #  CALLDATACOPY(0,0,32); CALL(gas, target, value, 0, 32, 0, 32); POP; RETURN(0, 32)
    head = bytes.fromhex("60205f5f37" + "60205f60205f") + push_value
    return head + b"\x73" + bytes.fromhex(target[2:]) + bytes.fromhex("5af1" + "50" + "60205ff3")


async def nested(node: Running) -> tuple[str, str, dict[str, Any]]:
    """A transaction: sender → outer → logger, which logs and stores."""
    logger = await deploy(node, LOGGER)
    outer = await deploy(node, calling(logger))
    hash = await node.send(0, to=bytes.fromhex(outer[2:]), data=(9).to_bytes(32, "big"), gas=300_000)
    receipt = await node.mined(hash)
    assert receipt["status"] == "0x1"
    return logger, outer, receipt


async def test_call_tracer(node: Running) -> None:
    logger, outer, receipt = await nested(node)
    hash = receipt["transactionHash"]
    tree = await node.call("debug_traceTransaction", hash, {"tracer": "callTracer", "tracerConfig": {"withLog": True}})
    assert (tree["type"], tree["from"], tree["to"]) == ("CALL", HEX_ADDRESSES[0], outer)
    assert tree["gasUsed"] == receipt["gasUsed"]
    (inner,) = tree["calls"]
    assert (inner["type"], inner["from"], inner["to"]) == ("CALL", outer, logger)
    (entry,) = inner["logs"]
    assert entry["topics"] == receipt["logs"][0]["topics"]
    top = await node.call("debug_traceTransaction", hash, {"tracer": "callTracer", "tracerConfig": {"onlyTopCall": True}})
    assert "calls" not in top
    for method, block in (
        ("debug_traceBlockByNumber", receipt["blockNumber"]),
        ("debug_traceBlockByHash", receipt["blockHash"]),
    ):
        (one,) = await node.call(method, block, {"tracer": "callTracer"})
        assert one["txHash"] == hash
        assert one["result"]["gasUsed"] == receipt["gasUsed"]


async def test_prestate_and_struct_logger(node: Running) -> None:
    logger, outer, receipt = await nested(node)
    hash = receipt["transactionHash"]
    before = await node.call("debug_traceTransaction", hash, {"tracer": "prestateTracer"})
    assert {HEX_ADDRESSES[0], outer, logger} <= set(before)
    diff = await node.call("debug_traceTransaction", hash, {"tracer": "prestateTracer", "tracerConfig": {"diffMode": True}})
    slot = "0x" + "00" * 32
    assert int(diff["post"][logger]["storage"][slot], 16) == 9
    assert int(diff["post"][HEX_ADDRESSES[0]]["balance"], 16) < int(diff["pre"][HEX_ADDRESSES[0]]["balance"], 16)
    steps = await node.call("debug_traceTransaction", hash)
    assert steps["failed"] is False
    assert {"PUSH20", "CALL", "SSTORE", "LOG2"} <= {step["op"] for step in steps["structLogs"]}
    assert max(step["depth"] for step in steps["structLogs"]) == 2


async def test_trace_call(node: Running) -> None:
    logger, outer, _ = await nested(node)
    call = {"from": HEX_ADDRESSES[1], "to": outer, "data": "0x" + "11" * 32}
    tree = await node.call("debug_traceCall", call, "latest", {"tracer": "callTracer"})
    assert tree["calls"][0]["to"] == logger
    other = "0x" + "42" * 20
    code = {other: {"code": "0x" + reverting(b"\xde\xad").hex()}}
    failed = await node.call("debug_traceCall", {"to": other}, "latest", {"tracer": "callTracer", "stateOverrides": code})
    assert failed["error"] == "execution reverted"
    with pytest.raises(Refused, match="tracer"):
        await node.call("debug_traceCall", call, "latest", {"tracer": "4byteTracer"})
    with pytest.raises(Refused, match="transaction not found"):
        await node.call("debug_traceTransaction", "0x" + "00" * 32)
    with pytest.raises(Refused, match="genesis"):
        await node.call("debug_traceBlockByNumber", "0x0")


async def test_raw_forms(node: Running) -> None:
    _, _, receipt = await nested(node)
    header = await node.call("debug_getRawHeader", receipt["blockNumber"])
    assert "0x" + keccak256(bytes.fromhex(header[2:])).hex() == receipt["blockHash"]
    block = await node.call("debug_getRawBlock", receipt["blockNumber"])
    assert header[2:] in block
    raw = await node.call("debug_getRawTransaction", receipt["transactionHash"])
    assert raw[2:] in block
    (encoded,) = await node.call("debug_getRawReceipts", receipt["blockNumber"])
    assert encoded.startswith("0x02f9")


async def test_flat_traces(node: Running) -> None:
    logger, outer, receipt = await nested(node)
    traces = await node.call("trace_transaction", receipt["transactionHash"])
    assert [trace["traceAddress"] for trace in traces] == [[], [0]]
    assert [trace["subtraces"] for trace in traces] == [1, 0]
    assert traces[0]["action"]["to"] == outer
    assert traces[1]["action"] | {"gas": "", "input": ""} == {
        "callType": "call", "from": outer, "to": logger, "gas": "", "input": "", "value": "0x0",
    }  # fmt: skip
    assert traces[0]["blockNumber"] == int(receipt["blockNumber"], 16)
    assert traces == await node.call("trace_block", receipt["blockNumber"])
    found = await node.call("trace_filter", {"fromBlock": "0x0", "toBlock": "latest", "toAddress": [logger]})
    assert found[0]["type"] == "create"
    assert found[1:] == [traces[1]]
    assert await node.call("trace_filter", {"fromBlock": "0x0", "fromAddress": [outer], "after": 1}) == []
    created = await node.call("trace_filter", {"fromBlock": "0x1", "toBlock": "0x1", "count": 1})
    assert created[0]["type"] == "create"
    assert created[0]["result"]["address"] == logger
    failing = await deploy(node, reverting(b""))
    receipt = await node.mined(await node.send(0, to=bytes.fromhex(failing[2:]), gas=100_000))
    assert receipt["status"] == "0x0"
    (trace,) = await node.call("trace_transaction", receipt["transactionHash"])
    assert trace["error"] == "Reverted"
    assert await node.call("trace_transaction", "0x" + "00" * 32) is None


async def test_simulation_carries_state_from_call_to_call(node: Running) -> None:
    logger = await deploy(node, LOGGER)
    read = "0x" + "42" * 20
    reading = {read: {"code": "0x" + calling(logger).hex()}}
    poor, rich = "0x" + "51" * 20, "0x" + "52" * 20
    blocks = [
        {
            "stateOverrides": {rich: {"balance": "0x100"}} | reading,
            "calls": [
                {"from": rich, "to": poor, "value": "0x80"},
                {"from": poor, "to": rich, "value": "0x7f"},
                {"from": rich, "to": logger, "data": "0x" + "00" * 31 + "07"},
            ],
        },
        {"blockOverrides": {"number": "0x20", "time": "0xffffffffff"}, "calls": [{"from": rich, "to": poor, "value": "0xff"}]},
    ]
    first, second = await node.call("eth_simulateV1", {"blockStateCalls": blocks, "traceTransfers": True}, "latest")
    assert [call["status"] for call in first["calls"][:2]] == ["0x1", "0x1"]
    bankrupt = [{"calls": [{"from": poor, "to": rich, "value": "0x1"}]}]
    with pytest.raises(Refused, match="insufficient funds") as caught:
        await node.call("eth_simulateV1", {"blockStateCalls": bankrupt})
    assert caught.value.code == -38014
    assert first["calls"][0]["logs"][0]["address"] == "0x" + "ee" * 20
    (log,) = first["calls"][2]["logs"]
    assert log["address"] == logger
    assert log["blockHash"] == first["hash"]
    assert second["parentHash"] == first["hash"]
    assert second["number"] == "0x20"
    assert second["calls"][0]["status"] == "0x1"
    assert first["parentHash"] == (await node.call("eth_getBlockByNumber", "latest", False))["hash"]
    assert await node.call("eth_getBalance", rich, "latest") == "0x0"
    for bad in ({}, {"blockStateCalls": []}, {"blockStateCalls": [{"calls": [5]}]}, {"blockStateCalls": "x"}):
        with pytest.raises(Refused) as caught:
            await node.call("eth_simulateV1", bad)
        assert caught.value.code == -32602
    disorder = [{"blockOverrides": {"number": "0x20"}}, {"blockOverrides": {"number": "0x20"}}]
    with pytest.raises(Refused, match="in order"):
        await node.call("eth_simulateV1", {"blockStateCalls": disorder})


def test_overlays() -> None:
    a, b = ADDRESSES[0], ADDRESSES[1]
    overlay: dict[bytes, dict[str, Any]] = {a: {"balance": 5, "state": {1: 1}}}
    changed = {
        "pre": {"0x" + a.hex(): {"balance": "0x5", "storage": {"0x1": "0x1"}}, "0x" + b.hex(): {"balance": "0x9"}},
        "post": {"0x" + a.hex(): {"balance": "0x6", "nonce": 3}},
    }
    merge(overlay, overlay_of(changed))
    assert overlay[a] == {"balance": 6, "nonce": 3, "state": {1: 0}}
    assert overlay[b] == {"balance": 0, "nonce": 0, "code": b"", "state": {}}
    merge(overlay, {b: {"state_diff": {2: 2}}, a: {"state": {7: 7}}})
    assert overlay[b]["state"] == {2: 2}
    assert overlay[a]["state"] == {7: 7}

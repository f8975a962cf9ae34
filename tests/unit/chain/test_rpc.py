"""The surface of chain.md §10 against a running node: shapes, tags, error codes and texts that clients match."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from node_kit import ADDRESSES, COINS, KEYS, Refused, Running, running

from zerog._native import keccak256
from zerog.chain.executor import Executor

GWEI = 10**9
HEX_ADDRESSES = ["0x" + address.hex() for address in ADDRESSES]

# init code: returns 33 bytes of runtime code that answers every call by reverting with Error("no luck")
_REASON = bytes.fromhex("08c379a0") + (32).to_bytes(32, "big") + (7).to_bytes(32, "big") + b"no luck".ljust(32, b"\0")


def deploying(runtime: bytes) -> bytes:
    """Init code that returns ``runtime``: PUSH2 size, PUSH1 offset, PUSH0, CODECOPY, PUSH2 size, PUSH0, RETURN."""
    head = bytes.fromhex("61") + len(runtime).to_bytes(2, "big") + bytes.fromhex("600d5f3961") + len(runtime).to_bytes(2, "big")
    return head + bytes.fromhex("5ff3") + b"\0" * (13 - len(head) - 2) + runtime


def reverting(data: bytes) -> bytes:
    """Code that reverts with ``data``: CODECOPY its own tail, REVERT."""
    size = len(data).to_bytes(2, "big")
    head = b"\x61" + size + b"\x60\x0c\x5f\x39\x61" + size + b"\x5f\xfd"
    return head.ljust(12, b"\0") + data


# LOG2(topic1 = 0x11…, topic2 = CALLER) with 32 bytes of data from calldata, then SSTORE(0, calldata[0:32])
LOGGER = bytes.fromhex("5f355f52337f" + "11" * 32 + "60205fa25f355f5500")


async def deploy(node: Running, runtime: bytes) -> str:
    receipt = await node.mined(await node.send(0, to=None, data=deploying(runtime), gas=500_000))
    assert receipt["status"] == "0x1"
    assert await node.call("eth_getCode", receipt["contractAddress"], "latest") == "0x" + runtime.hex()
    return str(receipt["contractAddress"])


async def refused(node: Running, method: str, *params: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        await node.call(method, *params)
    return caught.value


async def test_identity(node: Running) -> None:
    assert await node.call("eth_chainId") == "0x40d9"
    assert await node.call("net_version") == "16601"
    assert await node.call("net_listening") is True
    assert await node.call("net_peerCount") == "0x0"
    assert await node.call("eth_syncing") is False
    assert (await node.call("web3_clientVersion")).startswith("zerog/v")
    assert await node.call("web3_sha3", "0x") == "0x" + keccak256(b"").hex()
    assert await node.call("eth_accounts") == HEX_ADDRESSES[:3]
    modules = await node.call("rpc_modules")
    assert {"eth", "net", "web3", "txpool", "debug", "trace", "evm"} <= set(modules)
    assert "admin" not in modules


async def test_state_reads_at_tags_and_heights(node: Running) -> None:
    receipt = await node.mined(await node.send(0, value=5, to=b"\x77" * 20))
    number = receipt["blockNumber"]
    fee = 21_000 * int(receipt["effectiveGasPrice"], 16)
    for tag in ("latest", "pending", "safe", "finalized", number, {"blockNumber": number}, {"blockHash": receipt["blockHash"]}):
        assert await node.call("eth_getBalance", "0x" + "77" * 20, tag) == "0x5"
        assert int(await node.call("eth_getBalance", HEX_ADDRESSES[0], tag), 16) == COINS - fee - 5
    assert await node.call("eth_getBalance", "0x" + "77" * 20, "earliest") == "0x0"
    assert await node.call("eth_getTransactionCount", HEX_ADDRESSES[0]) == "0x1"
    assert await node.call("eth_getTransactionCount", HEX_ADDRESSES[0], "0x0") == "0x0"
    error = await refused(node, "eth_getBalance", HEX_ADDRESSES[0], "0xffff")
    assert (error.code, error.message) == (-32000, "header not found")


async def test_final_is_latest_after_every_block(node: Running) -> None:
    """CH-08."""
    for _ in range(3):
        await node.call("evm_mine")
        blocks = [await node.call("eth_getBlockByNumber", tag, False) for tag in ("latest", "safe", "finalized")]
        assert blocks[0] == blocks[1] == blocks[2]


async def test_blocks_and_transactions(node: Running) -> None:
    hash = await node.send(0, value=1, to=ADDRESSES[5])
    receipt = await node.mined(hash)
    number, block_hash = receipt["blockNumber"], receipt["blockHash"]
    block = await node.call("eth_getBlockByNumber", number, True)
    assert block == await node.call("eth_getBlockByHash", block_hash, True)
    (transaction,) = block["transactions"]
    assert transaction["hash"] == hash
    assert transaction["from"] == HEX_ADDRESSES[0]
    assert transaction["to"] == HEX_ADDRESSES[5]
    assert transaction == await node.call("eth_getTransactionByHash", hash)
    assert transaction == await node.call("eth_getTransactionByBlockNumberAndIndex", number, "0x0")
    assert transaction == await node.call("eth_getTransactionByBlockHashAndIndex", block_hash, "0x0")
    assert (await node.call("eth_getBlockByNumber", number, False))["transactions"] == [hash]
    assert await node.call("eth_getBlockTransactionCountByNumber", number) == "0x1"
    assert await node.call("eth_getBlockTransactionCountByHash", block_hash) == "0x1"
    assert await node.call("eth_getUncleCountByBlockNumber", number) == "0x0"
    assert await node.call("eth_getUncleCountByBlockHash", block_hash) == "0x0"
    assert await node.call("eth_getBlockReceipts", number) == [receipt]
    assert receipt["gasUsed"] == receipt["cumulativeGasUsed"] == "0x5208"
    assert receipt["status"] == "0x1"
    assert receipt["type"] == "0x2"
    assert receipt["contractAddress"] is None
    assert int(block["baseFeePerGas"], 16) + GWEI == int(receipt["effectiveGasPrice"], 16)
    raw = await node.call("eth_getRawTransactionByHash", hash)
    assert "0x" + keccak256(bytes.fromhex(raw[2:])).hex() == hash


async def test_unknown_things_are_null(node: Running) -> None:
    unknown = "0x" + "ab" * 32
    for method in (
        "eth_getTransactionByHash",
        "eth_getTransactionReceipt",
        "eth_getRawTransactionByHash",
        "eth_getBlockReceipts",
    ):
        assert await node.call(method, unknown) is None
    assert await node.call("eth_getBlockByHash", unknown, False) is None
    assert await node.call("eth_getBlockByNumber", "0xfffff", False) is None
    assert await node.call("eth_getBlockTransactionCountByHash", unknown) is None
    assert await node.call("eth_getTransactionByBlockNumberAndIndex", "latest", "0x9") is None
    assert await node.call("eth_getUncleCountByBlockHash", unknown) is None


async def test_errors_have_their_codes(node: Running) -> None:
    assert (await refused(node, "eth_nothing")).code == -32601
    assert "eth_nothing" in (await refused(node, "eth_nothing")).message
    error = await refused(node, "eth_getBalance")
    assert (error.code, error.message) == (-32602, "missing value for required argument 0")
    assert (await refused(node, "eth_getBalance", "0x12")).code == -32602
    assert (await refused(node, "eth_getBalance", HEX_ADDRESSES[0], "latest", 1)).code == -32602
    for body in (b"", b"{", b"[", b"nonsense", b"\xff\xfe", b'{"jsonrpc":"2.0"', b"[" * 100_000, b'{"a":' * 50_000):
        answer = await node.body(body)
        assert answer["error"]["code"] == -32700
        assert answer["id"] is None
    for body in (b"[]", b"1", b'"x"', b"null", b'{"jsonrpc":"2.0","id":1}', b'{"jsonrpc":"1.0","id":1,"method":"eth_chainId"}'):
        assert (await node.body(body))["error"]["code"] == -32600


async def test_sending_says_what_geth_says(node: Running) -> None:
    """chain.md §10.3.5: official clients match these texts."""
    await node.mined(await node.send(0))
    cases = {
        "nonce too low": node.sign(0, nonce=0),
        "intrinsic gas too low": node.sign(0, nonce=1, gas=20_999),
        "exceeds block gas limit": node.sign(0, nonce=1, gas=121_000_000),
        "insufficient funds for gas * price + value": node.sign(0, nonce=1, value=COINS),
        "max priority fee per gas higher than max fee per gas": node.sign(
            0, nonce=1, max_fee_per_gas=GWEI, max_priority_fee_per_gas=2 * GWEI
        ),
    }
    for text, wire in cases.items():
        error = await refused(node, "eth_sendRawTransaction", wire)
        assert error.code == -32000
        assert text in error.message
    gap = node.sign(1, nonce=5)
    await node.call("eth_sendRawTransaction", gap)
    assert "already known" in (await refused(node, "eth_sendRawTransaction", gap)).message
    close = node.sign(1, nonce=5, value=1, max_fee_per_gas=20 * GWEI + 1)
    assert "replacement transaction underpriced" in (await refused(node, "eth_sendRawTransaction", close)).message
    await node.call(
        "eth_sendRawTransaction", node.sign(1, nonce=5, max_fee_per_gas=25 * GWEI, max_priority_fee_per_gas=2 * GWEI)
    )
    assert await node.call("txpool_status") == {"pending": "0x0", "queued": "0x1"}
    for junk in ("0x", "0x00", "0xdeadbeef", "0x02c0", "0xf8"):
        assert (await refused(node, "eth_sendRawTransaction", junk)).code == -32000


async def test_pool_views(node: Running) -> None:
    wire = node.sign(1, nonce=3, value=9)
    hash = await node.call("eth_sendRawTransaction", wire)
    content = await node.call("txpool_content")
    assert content["pending"] == {}
    (by_nonce,) = content["queued"].values()
    assert by_nonce["3"]["hash"] == hash
    assert (await node.call("txpool_contentFrom", HEX_ADDRESSES[1]))["queued"]["3"]["hash"] == hash
    assert (await node.call("txpool_contentFrom", HEX_ADDRESSES[2])) == {"pending": {}, "queued": {}}
    (inspected,) = (await node.call("txpool_inspect"))["queued"].values()
    assert "9 wei" in inspected["3"]
    waiting = await node.call("eth_getTransactionByHash", hash)
    assert waiting["blockHash"] is None
    assert await node.call("eth_getRawTransactionByHash", hash) == wire
    assert await node.call("eth_getTransactionReceipt", hash) is None


async def test_calls_and_reverts(node: Running) -> None:
    contract = await deploy(node, reverting(_REASON))
    error = await refused(node, "eth_call", {"to": contract, "data": "0x"}, "latest")
    assert (error.code, error.message, error.data) == (3, "execution reverted: no luck", "0x" + _REASON.hex())
    error = await refused(node, "eth_estimateGas", {"to": contract})
    assert (error.code, error.data) == (3, "0x" + _REASON.hex())
    custom = await deploy(node, reverting(b"\xde\xad\xbe\xef" + bytes(32)))
    error = await refused(node, "eth_call", {"to": custom})
    assert (error.code, error.message) == (3, "execution reverted")
    assert error.data.startswith("0xdeadbeef")
    silent = await deploy(node, bytes.fromhex("5f5ffd"))
    error = await refused(node, "eth_call", {"to": silent})
    assert (error.code, error.message, error.data) == (3, "execution reverted", "0x")
    invalid = await deploy(node, b"\xfe")
    assert (await refused(node, "eth_call", {"to": invalid})).code == -32000
    panic = bytes.fromhex("4e487b71") + (0x11).to_bytes(32, "big")
    overflow = await deploy(node, reverting(panic))
    assert (await refused(node, "eth_call", {"to": overflow})).message.startswith("execution reverted: ")


async def test_call_overrides(node: Running) -> None:
    balance_of_7 = "0x" + bytes.fromhex("6007315f5260205ff3").hex()
    other = "0x" + "42" * 20
    answer = await node.call(
        "eth_call", {"to": other}, "latest", {other: {"code": balance_of_7}, "0x" + "00" * 19 + "07": {"balance": "0x99"}}
    )
    assert int(answer, 16) == 0x99
    number = "0x" + bytes.fromhex("435f5260205ff3").hex()
    assert (
        int(await node.call("eth_call", {"to": other}, "latest", {other: {"code": number}}, {"number": "0x1234"}), 16) == 0x1234
    )
    load_slot = "0x" + bytes.fromhex("5f545f5260205ff3").hex()
    diff = {other: {"code": load_slot, "stateDiff": {"0x" + "00" * 32: "0x" + "00" * 31 + "2a"}}}
    assert int(await node.call("eth_call", {"to": other}, "latest", diff), 16) == 42
    assert (await refused(node, "eth_call", {"to": other}, "latest", {other: {"nonsense": 1}})).code == -32602


async def test_endless_call_is_stopped(tmp_path: Path) -> None:
    """E6: bounded by gas or by time, never by the client's patience."""
    async with running(tmp_path / "home", **{"chain.rpc.call_timeout_ms": 300, "chain.rpc.call_gas_max": 1 << 60}) as node:
        other = "0x" + "42" * 20
        began = time.monotonic()
        error = await refused(node, "eth_call", {"to": other, "gas": hex(1 << 60)}, "latest", {other: {"code": "0x5b5f56"}})
        assert error.code == -32000
        assert time.monotonic() - began < 5
        assert await node.call("eth_blockNumber") == "0x0"


async def test_estimates_are_immune_to_the_floor(node: Running) -> None:
    """CH-02: independent of the gas given, and sending with the estimate works."""
    contract = await deploy(node, LOGGER)
    call = {"from": HEX_ADDRESSES[0], "to": contract, "data": "0x" + "00" * 31 + "05"}
    estimate = int(await node.call("eth_estimateGas", call), 16)
    for gas in ("0x186a0", "0x7a1200"):
        assert int(await node.call("eth_estimateGas", {**call, "gas": gas}), 16) == estimate
    receipt = await node.mined(await node.send(0, to=bytes.fromhex(contract[2:]), data=(5).to_bytes(32, "big"), gas=estimate))
    assert receipt["status"] == "0x1"
    wasteful = await node.mined(await node.send(0, to=b"\x55" * 20, gas=100_000))
    assert int(wasteful["gasUsed"], 16) == 80_000
    assert await node.call("eth_estimateGas", {"to": HEX_ADDRESSES[7], "value": "0x1"}) == "0x5208"


async def test_access_list_and_proof(node: Running) -> None:
    contract = await deploy(node, LOGGER)
    answer = await node.call("eth_createAccessList", {"from": HEX_ADDRESSES[0], "to": contract, "data": "0x" + "01" * 32})
    assert {"address": contract, "storageKeys": ["0x" + "00" * 32]} in answer["accessList"]
    await node.mined(await node.send(0, to=bytes.fromhex(contract[2:]), data=(5).to_bytes(32, "big"), gas=200_000))
    assert await node.call("eth_getStorageAt", contract, "0x0", "latest") == "0x" + "00" * 31 + "05"
    proof = await node.call("eth_getProof", contract, ["0x0"], "latest")
    root = (await node.call("eth_getBlockByNumber", "latest", False))["stateRoot"]
    assert "0x" + keccak256(bytes.fromhex(proof["accountProof"][0][2:])).hex() == root
    assert proof["storageProof"][0]["value"] == "0x5"


async def test_fee_history_and_oracle(node: Running) -> None:
    tip = int(await node.call("eth_maxPriorityFeePerGas"), 16)
    assert tip == GWEI
    base = int((await node.call("eth_feeHistory", "0x1", "latest", []))["baseFeePerGas"][-1], 16)
    assert int(await node.call("eth_gasPrice"), 16) == base + tip
    await node.mined(await node.send(0, max_priority_fee_per_gas=3 * GWEI))
    history = await node.call("eth_feeHistory", "0x2", "latest", [0, 50, 100])
    assert history["oldestBlock"] == "0x0"
    assert history["reward"] == [["0x0"] * 3, [hex(3 * GWEI)] * 3]
    assert len(history["baseFeePerGas"]) == 3
    assert len(history["gasUsedRatio"]) == 2
    block = await node.call("eth_getBlockByNumber", "latest", False)
    assert history["baseFeePerGas"][1] == block["baseFeePerGas"]
    await node.call("evm_mine")
    assert history["baseFeePerGas"][2] == (await node.call("eth_getBlockByNumber", "latest", False))["baseFeePerGas"]
    assert await node.call("eth_blobBaseFee") == "0x1"
    assert "reward" not in await node.call("eth_feeHistory", 4, "latest", None)
    for bad in ([101], [50, 10], ["x"], {}):
        assert (await refused(node, "eth_feeHistory", "0x1", "latest", bad)).code == -32602


async def test_logs(node: Running) -> None:
    contract = await deploy(node, LOGGER)
    target = bytes.fromhex(contract[2:])
    receipts = [await node.mined(await node.send(i, to=target, data=bytes([i + 1]) * 32, gas=200_000)) for i in range(3)]
    first = receipts[0]["blockNumber"]
    everything = await node.call("eth_getLogs", {"fromBlock": first, "toBlock": "latest", "address": contract})
    assert [entry["data"] for entry in everything] == ["0x" + bytes([i + 1]).hex() * 32 for i in range(3)]
    assert everything[0] == receipts[0]["logs"][0]
    assert everything[0]["blockTimestamp"] is not None
    topic = "0x" + "11" * 32
    sender = "0x" + ADDRESSES[1].rjust(32, b"\0").hex()
    both = {"fromBlock": "earliest", "topics": [topic, [sender, "0x" + "22" * 32]]}
    assert [entry["data"] for entry in await node.call("eth_getLogs", both)] == ["0x" + "02" * 32]
    assert await node.call("eth_getLogs", {"fromBlock": "0x0", "topics": [None, sender]}) == await node.call(
        "eth_getLogs", both
    )
    assert len(await node.call("eth_getLogs", {"fromBlock": "0x0", "topics": [[], []]})) == 3
    assert await node.call("eth_getLogs", {"fromBlock": "0x0", "topics": [sender]}) == []
    assert await node.call("eth_getLogs", {"fromBlock": "0x0", "address": HEX_ADDRESSES[0]}) == []
    one = await node.call("eth_getLogs", {"blockHash": receipts[2]["blockHash"]})
    assert one == receipts[2]["logs"]
    assert (await refused(node, "eth_getLogs", {"blockHash": "0x" + "77" * 32})).message == "unknown block"
    assert (await refused(node, "eth_getLogs", {"blockHash": receipts[2]["blockHash"], "fromBlock": "0x0"})).code == -32602
    assert (await refused(node, "eth_getLogs", {"fromBlock": "0x2", "toBlock": "0x1"})).code == -32602
    assert await node.call("eth_getLogs", {"fromBlock": "0xffff"}) == []


async def test_log_limits_say_so_in_the_words_that_clients_match(tmp_path: Path) -> None:
    async with running(tmp_path / "home", **{"chain.rpc.logs_blocks_max": 5, "chain.rpc.logs_results_max": 3}) as node:
        contract = bytes.fromhex((await deploy(node, LOGGER))[2:])
        for _ in range(4):
            await node.mined(await node.send(0, to=contract, data=b"\1" * 32, gas=200_000))
        error = await refused(node, "eth_getLogs", {"fromBlock": "0x0", "toBlock": "0x5"})
        assert "exceeds the max limit of 5 blocks" in error.message
        error = await refused(node, "eth_getLogs", {"fromBlock": "0x1", "toBlock": "latest"})
        assert "exceeds the max limit of 3 logs" in error.message
        assert len(await node.call("eth_getLogs", {"fromBlock": "0x1", "toBlock": "0x4"})) == 3


async def test_filters(node: Running) -> None:
    contract = bytes.fromhex((await deploy(node, LOGGER))[2:])
    blocks = await node.call("eth_newBlockFilter")
    pending = await node.call("eth_newPendingTransactionFilter")
    logs = await node.call("eth_newFilter", {"address": "0x" + contract.hex()})
    hash = await node.send(0, to=contract, data=b"\1" * 32, gas=200_000)
    receipt = await node.mined(hash)
    assert await node.call("eth_getFilterChanges", blocks) == [receipt["blockHash"]]
    assert await node.call("eth_getFilterChanges", pending) == [hash]
    assert await node.call("eth_getFilterChanges", logs) == receipt["logs"]
    for filter in (blocks, pending, logs):
        assert await node.call("eth_getFilterChanges", filter) == []
    assert await node.call("eth_getFilterLogs", logs) == receipt["logs"]
    for filter in (blocks, pending, logs):
        assert await node.call("eth_uninstallFilter", filter) is True
        assert await node.call("eth_uninstallFilter", filter) is False
        assert (await refused(node, "eth_getFilterChanges", filter)).message == "filter not found"


async def test_filters_expire(tmp_path: Path) -> None:
    async with running(tmp_path / "home", **{"chain.rpc.filter_idle_s": 1}) as node:
        id = await node.call("eth_newBlockFilter")
        await asyncio.sleep(1.2)
        assert (await refused(node, "eth_getFilterChanges", id)).message == "filter not found"


async def test_batches(node: Running) -> None:
    wires = [node.sign(0, nonce=i) for i in range(5)]
    mixed: list[tuple[str, list[Any]]] = [("eth_chainId", [])]
    mixed += [("eth_sendRawTransaction", [wire]) for wire in wires]
    mixed += [
        ("eth_sendRawTransaction", [wires[0]]),
        ("eth_sendRawTransaction", [5]),
        ("eth_none", []),
        ("eth_blockNumber", []),
    ]
    answers = await node.batch(*mixed)
    assert answers[0]["result"] == "0x40d9"
    hashes = [answer["result"] for answer in answers[1:6]]
    assert "already known" in answers[6]["error"]["message"]
    assert answers[7]["error"]["code"] == -32602
    assert answers[8]["error"]["code"] == -32601
    assert answers[9]["result"].startswith("0x")
    for hash in hashes:
        assert (await node.mined(hash))["status"] == "0x1"
    assert len(await node.batch(*[("eth_chainId", [])] * 1000)) == 1000
    too_many = json.dumps([{"jsonrpc": "2.0", "id": 1, "method": "eth_chainId"}] * 10_001).encode()
    assert (await node.body(too_many))["error"]["code"] == -32600
    notifications = b'[{"jsonrpc":"2.0","method":"eth_chainId"},{"jsonrpc":"2.0","method":"eth_none"}]'
    async with node.session.post(node.endpoints.http_url, data=notifications) as response:
        assert await response.read() == b""
    half = b'[{"jsonrpc":"2.0","method":"eth_chainId"},{"jsonrpc":"2.0","id":"a","method":"eth_chainId"},7]'
    answers = await node.body(half)
    assert [answer["id"] for answer in answers] == ["a", None]


async def test_http_manners(node: Running) -> None:
    url = node.endpoints.http_url
    body = b'{"jsonrpc":"2.0","id":1,"method":"eth_getBlockByNumber","params":["latest",false]}'
    async with node.session.post(url, data=body, headers={"Origin": "http://anywhere.example"}) as response:
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert response.content_type == "application/json"
    async with node.session.options(url, headers={"Origin": "http://anywhere.example"}) as response:
        assert response.status == 204
        assert "POST" in response.headers["Access-Control-Allow-Methods"]
    for host, status in (
        ("evil.example", 403),
        ("localhost:1", 200),
        ("127.0.0.1", 200),
        ("[::1]:5", 200),
        ("", 403),
        ("a@b:c", 403),
    ):
        async with node.session.post(url, data=body, headers={"Host": host}) as response:
            assert response.status == status, host
    batch = b"[" + b",".join([body] * 20) + b"]"
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.post(url, data=batch, headers={"Accept-Encoding": "gzip"}) as response,
    ):
        assert response.headers["Content-Encoding"] == "gzip"
        assert json.loads(gzip.decompress(await response.read()))[19]["result"]["number"] == "0x0"
    async with node.session.get(url) as response:
        assert response.status == 200
    async with node.session.put(url, data=body) as response:
        assert response.status == 405
    async with node.session.post(url + "/other", data=body) as response:
        assert response.status == 404


async def test_admin_needs_its_port_and_token(node: Running) -> None:
    """K3."""
    assert (await refused(node, "admin_nodeInfo")).code == -32601
    url = node.endpoints.admin_url
    body = b'{"jsonrpc":"2.0","id":1,"method":"admin_nodeInfo"}'
    token_file = node.home / "admin.token"
    assert token_file.stat().st_mode & 0o777 == 0o600
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}):
        async with node.session.post(url, data=body, headers=headers) as response:
            assert response.status == 401
    headers = {"Authorization": f"Bearer {token_file.read_text()}"}
    async with node.session.post(url, data=body, headers=headers) as response:
        info = json.loads(await response.read())["result"]
    assert info["protocols"]["eth"]["network"] == 16601
    async with node.session.post(url, data=b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}', headers=headers) as response:
        assert json.loads(await response.read())["error"]["code"] == -32601


async def test_metrics(node: Running) -> None:
    await node.mined(await node.send(0))
    async with node.session.get(node.endpoints.metrics_url) as response:
        text = await response.text()
    assert "zerog_chain_height 1.0" in text
    assert "zerog_chain_transactions_total 1.0" in text
    assert 'zerog_chain_rpc_seconds_count{method="eth_sendRawTransaction"} 1.0' in text
    async with node.session.get(node.endpoints.metrics_url.replace("/metrics", "/health")) as response:
        assert response.status == 200


async def test_development_methods(node: Running) -> None:
    before = await node.call("eth_getBlockByNumber", "latest", False)
    now = int(time.time())
    assert await node.call("evm_increaseTime", 3600) == 3600
    await node.call("evm_mine")
    block = await node.call("eth_getBlockByNumber", "latest", False)
    assert now + 3600 <= int(block["timestamp"], 16) <= now + 3660
    at = int(block["timestamp"], 16) + 1000
    await node.call("evm_setNextBlockTimestamp", hex(at))
    await node.call("evm_mine")
    assert int((await node.call("eth_getBlockByNumber", "latest", False))["timestamp"], 16) == at
    assert (await refused(node, "evm_setNextBlockTimestamp", 5)).code == -32602
    snapshot = await node.call("evm_snapshot")
    hash = await node.call("eth_sendTransaction", {"from": HEX_ADDRESSES[0], "to": "0x" + "66" * 20, "value": "0x7"})
    await node.mined(hash)
    assert await node.call("eth_getBalance", "0x" + "66" * 20, "latest") == "0x7"
    height = await node.call("eth_blockNumber")
    assert await node.call("evm_revert", snapshot) is True
    assert await node.call("evm_revert", snapshot) is False
    assert int(await node.call("eth_blockNumber"), 16) == int(height, 16) - 1
    assert await node.call("eth_getBalance", "0x" + "66" * 20, "latest") == "0x0"
    assert await node.call("eth_getTransactionReceipt", hash) is None
    await node.mined(await node.send(0, value=1))
    assert before["number"] == "0x0"
    await node.call("hardhat_setBalance", "0x" + "65" * 20, hex(10**18))
    assert await node.call("eth_getBalance", "0x" + "65" * 20, "latest") == hex(10**18)
    assert (await refused(node, "anvil_setBalance", "0x" + "65" * 20, "0x1")).code == -32602
    await node.call("anvil_mine", "0x3", "0xa")
    signature = await node.call("eth_sign", HEX_ADDRESSES[1], "0x1234")
    assert len(bytes.fromhex(signature[2:])) == 65
    assert (await refused(node, "eth_sign", HEX_ADDRESSES[8], "0x1234")).message == "unknown account"
    assert (await refused(node, "eth_sendTransaction", {"from": HEX_ADDRESSES[8]})).message == "unknown account"


async def test_development_methods_are_absent_elsewhere(tmp_path: Path) -> None:
    async with running(tmp_path / "home", **{"chain.dev": False, "chain.dev_accounts": []}) as node:
        for method in ("evm_mine", "evm_revert", "eth_sendTransaction", "eth_sign", "hardhat_setBalance", "zerog_setBalance"):
            assert (await refused(node, method)).code == -32601
        assert await node.call("eth_accounts") == []


async def test_blocks_may_share_a_second(node: Running) -> None:
    """CH-05."""
    stamps = []
    for _ in range(5):
        await node.call("evm_mine")
        stamps.append((await node.call("eth_getBlockByNumber", "latest", False))["timestamp"])
    assert len(set(stamps)) < 5
    assert stamps == sorted(stamps)


async def test_keys_never_reach_logs_or_answers(node: Running, caplog: pytest.LogCaptureFixture) -> None:
    """C19."""
    texts = [json.dumps(await node.call("rpc_modules")), caplog.text, (node.home / "genesis.json").read_text()]
    for key in KEYS[:3]:
        assert not any(key.hex() in text for text in texts)


async def test_archive_answers_calls_at_every_height(tmp_path: Path) -> None:
    """chain.md §10.3.6: 128 blocks and more without, all with the archive."""
    short = {"chain.store.history_blocks": 4, "chain.store.fold_interval_blocks": 2}
    for archive in (True, False):
        async with running(tmp_path / f"home-{archive}", **short, **{"chain.store.archive": archive}) as node:
            contract = await deploy(node, LOGGER)
            heights = []
            for value in range(1, 4):
                data = value.to_bytes(32, "big")
                receipt = await node.mined(await node.send(0, to=bytes.fromhex(contract[2:]), data=data, gas=200_000))
                heights.append((receipt["blockNumber"], value))
            await node.call("hardhat_mine", "0x28")
            for number, value in heights:
                if not archive:
                    error = await refused(node, "eth_getStorageAt", contract, "0x0", number)
                    assert error.code == -32000
                    assert "not kept" in error.message
                    continue
                assert int(await node.call("eth_getStorageAt", contract, "0x0", number), 16) == value
                assert await node.call("eth_getCode", contract, number) != "0x"
                assert await node.call("eth_getCode", contract, "0x0") == "0x"
                await node.call("eth_call", {"to": contract, "data": "0x" + "01" * 32}, number)
                count = await node.call("eth_getTransactionCount", HEX_ADDRESSES[0], number)
                assert int(count, 16) == value + 1


async def test_stopping_with_open_connections_is_quick(tmp_path: Path) -> None:
    """C15."""
    async with running(tmp_path / "home") as node:
        socket = await node.session.ws_connect(node.endpoints.ws_url)
        await socket.send_str('{"jsonrpc":"2.0","id":1,"method":"eth_subscribe","params":["newHeads"]}')
        await socket.receive()
        began = time.monotonic()
    assert time.monotonic() - began < 8
    assert (await socket.receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSING)


async def test_short_and_long_way_answer_alike(node: Running) -> None:
    """A batch that the native engine answers whole, and the same one with a call that makes it take the long way."""
    hashes: list[str] = []
    for account, extra in ((0, []), (1, [("eth_blockNumber", [])])):
        wires = [node.sign(account, nonce=nonce) for nonce in range(5)]
        calls: list[tuple[str, list[Any]]] = [("eth_sendRawTransaction", [wire]) for wire in wires]
        calls += [("eth_sendRawTransaction", [wires[0]]), ("eth_sendRawTransaction", ["0x02"]), ("eth_chainId", []), *extra]
        answers = await node.batch(*calls)
        assert ["0x" + keccak256(bytes.fromhex(wire[2:])).hex() for wire in wires] == [a["result"] for a in answers[:5]]
        assert answers[5]["error"]["code"] == answers[6]["error"]["code"] == -32000
        assert "already known" in answers[5]["error"]["message"] or "nonce too low" in answers[5]["error"]["message"]
        assert answers[7]["result"] == "0x40d9"
        hashes += [answer["result"] for answer in answers[:5]]
    for hash in hashes:
        assert (await node.mined(hash))["status"] == "0x1"


async def test_short_way_is_durable_too(tmp_path: Path) -> None:
    by_hand = {"chain.consensus.instant": False, "chain.consensus.block_interval_ms": 3_600_000}
    async with running(tmp_path / "home", **by_hand) as node:
        await node.call("evm_mine")
        pending = await node.call("eth_newPendingTransactionFilter")
        answers = await node.batch(*(("eth_sendRawTransaction", [node.sign(2, nonce=nonce)]) for nonce in range(4)))
        hashes = [answer["result"] for answer in answers]
        assert await node.call("eth_getFilterChanges", pending) == hashes
        async with node.session.get(node.endpoints.metrics_url) as response:
            assert 'zerog_chain_rpc_seconds_count{method="batch"} 1.0' in await response.text()
    async with running(tmp_path / "home", **by_hand) as node:
        for hash in hashes:
            assert (await node.mined(hash))["status"] == "0x1"


async def test_what_state_shows_is_there_as_block_and_receipt(node: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the commit in the writer's thread and the event loop hearing of it, answers speak of one head."""
    commit = Executor.commit

    def slow(executor: Executor, sealed: Any) -> None:
        commit(executor, sealed)
        time.sleep(0.2)

    monkeypatch.setattr(Executor, "commit", slow)
    who = "0x" + ADDRESSES[5].hex()
    hash = await node.send(5)
    async with asyncio.timeout(20):
        while await node.call("eth_getTransactionCount", who, "latest") == "0x0":  # noqa: ASYNC110
            await asyncio.sleep(0.005)
    receipt = await node.call("eth_getTransactionReceipt", hash)
    assert receipt is not None
    height = receipt["blockNumber"]
    assert await node.call("eth_blockNumber") == height
    assert (await node.call("eth_getBlockByHash", receipt["blockHash"], False))["number"] == height
    assert (await node.call("eth_getTransactionByHash", hash))["blockNumber"] == height
    assert await node.call("eth_getTransactionCount", who, height) == "0x1"

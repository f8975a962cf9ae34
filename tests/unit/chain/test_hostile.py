"""Hostile input over real connections: whatever arrives, the answer is a JSON-RPC error or a closed connection, never a 5xx."""

from __future__ import annotations

import asyncio
import io
import json
import random
import resource
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from node_kit import ADDRESSES, Running, running

from zerog.chain.signing import DevAccounts

CONFUSIONS: list[Any] = [
    None, True, False, 0, -1, 1.5, 1e300, 2**64, 2**300, "", "0x", "0x0", "0xg", "0x" + "f" * 65, "latest", "\u0000", "é" * 50,
    "0x" + "00" * 20, "0x" + "00" * 32, [], [[]], [None], ["0x"], {}, {"": None}, {"from": []}, {"to": "0x"}, {"data": 5},
    {"blockHash": "0x"}, {"fromBlock": {}}, {"topics": [[[]]]}, {"accessList": [{}]}, {"authorizationList": [{}]},
    {"blockStateCalls": [{"calls": [1]}]}, {"tracer": "x"}, {"tracer": {}}, [{}] * 100, ["0x" + "ff" * 32] * 50,
]  # fmt: skip


async def test_every_method_survives_every_confusion(node: Running, seed: int) -> None:
    """C12: 600 and more type confusions, no 5xx, no internal error, no stall."""
    rng = random.Random(seed)
    async with node.session.post(node.endpoints.admin_url, data=b"{}") as response:
        assert response.status == 401
    names = sorted(
        {
            "eth_getBalance", "eth_getCode", "eth_getStorageAt", "eth_getTransactionCount", "eth_call", "eth_estimateGas",
            "eth_createAccessList", "eth_sendRawTransaction", "eth_getBlockByNumber", "eth_getBlockByHash", "eth_feeHistory",
            "eth_getBlockTransactionCountByNumber", "eth_getBlockTransactionCountByHash", "eth_getUncleCountByBlockNumber",
            "eth_getUncleCountByBlockHash", "eth_getTransactionByHash", "eth_getTransactionByBlockNumberAndIndex",
            "eth_getTransactionByBlockHashAndIndex", "eth_getTransactionReceipt", "eth_getBlockReceipts", "eth_getLogs",
            "eth_newFilter", "eth_newBlockFilter", "eth_newPendingTransactionFilter", "eth_getFilterChanges",
            "eth_getFilterLogs",
            "eth_uninstallFilter", "eth_subscribe", "eth_unsubscribe", "eth_getProof", "eth_simulateV1", "web3_sha3",
            "txpool_contentFrom", "debug_traceTransaction", "debug_traceCall", "debug_traceBlockByNumber",
            "debug_traceBlockByHash", "debug_getRawBlock", "debug_getRawTransaction", "debug_getRawReceipts", "trace_block",
            "trace_transaction", "trace_filter", "eth_sendTransaction", "eth_sign", "evm_increaseTime",
            "evm_setNextBlockTimestamp", "evm_revert", "zerog_setBalance", "eth_chainId", "eth_gasPrice", "net_version",
        }
    )  # fmt: skip
    count = 0
    for name in names:
        for _ in range(24):
            params = [rng.choice(CONFUSIONS) for _ in range(rng.randrange(0, 5))]
            if rng.random() < 0.1:
                params = rng.choice([5, "x", {}, True])  # type: ignore[assignment]
            body = json.dumps({"jsonrpc": "2.0", "id": count, "method": name, "params": params}).encode()
            async with node.session.post(node.endpoints.http_url, data=body) as response:
                assert response.status == 200, (name, params)
                answer = json.loads(await response.read())
            assert answer["id"] == count
            assert ("result" in answer) != ("error" in answer)
            if "error" in answer:
                assert answer["error"]["code"] != -32603, (name, params, answer)
                assert len(answer["error"]["message"]) < 500
            count += 1
    assert count >= 600
    assert await node.call("eth_chainId") == "0x40d9"


async def raw(node: Running, data: bytes, *, timeout_s: float = 10) -> bytes:
    """Send bytes, read until the peer closes or falls silent."""
    host, port = node.endpoints.http_url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(data)
        await writer.drain()
        async with asyncio.timeout(timeout_s):
            return await reader.read()
    except (TimeoutError, ConnectionError):
        return b""
    finally:
        writer.close()


async def test_garbage_connections(node: Running, seed: int) -> None:
    """C10 and C11."""
    rng = random.Random(seed)
    body = b'{"jsonrpc":"2.0","id":1,"method":"eth_chainId"}'
    host = b"POST / HTTP/1.1\r\nHost: localhost\r\n"
    smuggling = [
        host + b"Content-Length: 47\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + host + b"\r\n",
        host + b"Content-Length: 47\r\nContent-Length: 3\r\n\r\n" + body,
        host + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n" + body,
        host + b"Content-Length: -5\r\n\r\n" + body,
        host + b"Content-Length: 99999999999999999999\r\n\r\n" + body,
        host + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    ]
    for data in smuggling:
        answer = await raw(node, data, timeout_s=2)
        assert answer.count(b"HTTP/1.1") <= 1
        assert b'"result"' not in answer or answer.count(b'"result"') == 1
        assert not answer.startswith(b"HTTP/1.1 5")
    preludes = [
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"\0" * 4096,
    ]
    for data in [*preludes, *(rng.randbytes(rng.randrange(1, 3000)) for _ in range(60))]:
        answer = await raw(node, data + b"\r\n\r\n", timeout_s=0.5)
        assert not answer.startswith(b"HTTP/1.1 5"), answer[:200]
    assert await node.call("eth_chainId") == "0x40d9"


async def test_oversized_bodies(tmp_path: Path) -> None:
    """C7: refused by its length at once, or while it arrives, without being kept."""
    async with running(tmp_path / "home", **{"chain.rpc.body_bytes_max": 1 << 20}) as node:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        async def endless() -> Any:
            for _ in range(64):
                yield b"[" * 65_536

        async def one(data: Any) -> int:
            try:
                async with node.session.post(node.endpoints.http_url, data=data) as response:
                    return response.status
            except aiohttp.ClientConnectionError:
                return 413  # closed while we were still sending

        statuses = await asyncio.gather(
            *(one(io.BytesIO(b" " * (2 << 20))) for _ in range(16)), *(one(endless()) for _ in range(16))
        )
        assert set(statuses) == {413}
        assert await node.call("eth_chainId") == "0x40d9"
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 256 << 10


@pytest.mark.slow
async def test_slow_connections_are_closed_and_bother_nobody(tmp_path: Path) -> None:
    """C9: 200 half-open requests; the others are answered, and all 200 are gone after the deadline."""
    async with running(tmp_path / "home", **{"chain.rpc.idle_close_s": 2, "chain.rpc.body_timeout_s": 2}) as node:
        host, port = node.endpoints.http_url.removeprefix("http://").split(":")
        halves = [b"", b"POST / HT", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50\r\n\r\n{"]
        connections = [await asyncio.open_connection(host, int(port)) for _ in range(200)]
        for index, (_, writer) in enumerate(connections):
            writer.write(halves[index % 3])
        took: list[float] = []
        loop = asyncio.get_running_loop()
        for _ in range(20):
            began = loop.time()
            assert await node.call("eth_chainId") == "0x40d9"
            took.append(loop.time() - began)
        assert sorted(took)[18] < 1

        async def closed(reader: asyncio.StreamReader) -> bytes:
            try:
                return await reader.read()
            except ConnectionError:
                return b""

        async with asyncio.timeout(15):
            answers = await asyncio.gather(*(closed(reader) for reader, _ in connections))
        assert not any(answer.startswith(b"HTTP/1.1 5") for answer in answers)
        for _, writer in connections:
            writer.close()


@pytest.mark.slow
async def test_many_connections(tmp_path: Path) -> None:
    """C13: beyond the bound connections are shed; those that remain, and later ones, are answered."""
    async with running(tmp_path / "home", **{"chain.rpc.connections_max": 32, "chain.rpc.idle_close_s": 3}) as node:
        host, port = node.endpoints.http_url.removeprefix("http://").split(":")
        opened = [await asyncio.open_connection(host, int(port)) for _ in range(200)]
        await asyncio.sleep(1.5)
        open_now = sum(not reader.at_eof() for reader, _ in opened)
        assert open_now <= 64
        for _, writer in opened:
            writer.close()
        assert await node.call("eth_chainId") == "0x40d9"


async def test_second_process_on_a_directory_is_refused(node: Running) -> None:
    """C17."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "zerog.chain.service", "--set", f"chain.home={node.home}", "--set", "chain.rpc.http_port=0",
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    async with asyncio.timeout(10):
        _, text = await process.communicate()
    assert process.returncode == 1
    assert b"is in use by process" in text
    assert await node.call("eth_chainId") == "0x40d9"


async def test_pool_answers_when_it_is_full(tmp_path: Path) -> None:
    async with running(tmp_path / "home", **{"chain.pool.transactions_max": 5, "chain.consensus.instant": False}) as node:
        answers = await node.batch(*[("eth_sendRawTransaction", [node.sign(0, nonce=i)]) for i in range(1, 12)])
        texts = [answer["error"]["message"] for answer in answers if "error" in answer]
        assert texts
        assert all("mempool is full" in text or "txpool is full" in text or "underpriced" in text for text in texts)
        assert any("mempool is full" in text for text in texts)


@pytest.mark.parametrize("depth", [65, 500, 5000])
async def test_deep_parameters(node: Running, depth: int) -> None:
    """C8."""
    for opening, closing in (("[", "]"), ('{"a":', "}")):
        params = opening * depth + "1" + closing * depth
        body = f'{{"jsonrpc":"2.0","id":1,"method":"eth_call","params":[{params}]}}'.encode()
        assert (await node.body(body))["error"]["code"] in (-32602, -32700)


async def test_unfunded_senders_are_refused(node: Running) -> None:
    request = {
        "gas": 21_000,
        "nonce": 0,
        "value": 1,
        "to": ADDRESSES[1],
        "max_fee_per_gas": 10**10,
        "max_priority_fee_per_gas": 1,
    }
    stranger = DevAccounts(["0x" + "31" * 32])
    wire = stranger.sign_transaction(stranger.addresses[0], request, 16601)
    answer = await node.batch(("eth_sendRawTransaction", ["0x" + wire.hex()]))
    assert "insufficient funds for gas * price + value" in answer[0]["error"]["message"]

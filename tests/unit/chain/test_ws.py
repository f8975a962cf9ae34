"""Subscriptions and requests over WebSocket: order, kinds, origins, slow readers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from node_kit import ADDRESSES, Running, running
from test_rpc import LOGGER, deploy


class Socket:
    """One connection: answers by id, notifications in order."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.notifications: list[dict[str, Any]] = []
        self._id = 0

    async def receive(self) -> Any:
        async with asyncio.timeout(20):
            message = await self.socket.receive()
        assert message.type is aiohttp.WSMsgType.TEXT, message
        return json.loads(message.data)

    async def call(self, method: str, *params: Any) -> Any:
        self._id += 1
        await self.socket.send_str(json.dumps({"jsonrpc": "2.0", "id": self._id, "method": method, "params": params}))
        while True:
            answer = await self.receive()
            if answer.get("method") == "eth_subscription":
                self.notifications.append(answer["params"])
                continue
            assert answer["id"] == self._id
            return answer["result"] if "result" in answer else answer["error"]

    async def notified(self, count: int) -> list[dict[str, Any]]:
        """The first ``count`` notifications, waiting for them."""
        while len(self.notifications) < count:
            answer = await self.receive()
            assert answer["method"] == "eth_subscription"
            self.notifications.append(answer["params"])
        taken, self.notifications = self.notifications[:count], self.notifications[count:]
        return taken


@asynccontextmanager
async def connected(node: Running, **headers: str) -> AsyncIterator[Socket]:
    async with node.session.ws_connect(node.endpoints.ws_url, headers=headers, max_msg_size=0) as socket:
        yield Socket(socket)


async def test_requests_and_batches_share_the_socket(node: Running) -> None:
    async with connected(node) as socket:
        assert await socket.call("eth_chainId") == "0x40d9"
        assert (await socket.call("eth_none"))["code"] == -32601
        await socket.socket.send_str(
            '[{"jsonrpc":"2.0","id":1,"method":"eth_chainId"},{"jsonrpc":"2.0","id":2,"method":"net_version"}]'
        )
        assert [answer["result"] for answer in await socket.receive()] == ["0x40d9", "16601"]
        await socket.socket.send_bytes(b'{"jsonrpc":"2.0","id":3,"method":"net_version"}')
        assert (await socket.receive())["result"] == "16601"
        await socket.socket.send_str("garbage")
        assert (await socket.receive())["error"]["code"] == -32700


async def test_new_heads_come_once_a_block_in_order(node: Running) -> None:
    async with connected(node) as socket:
        id = await socket.call("eth_subscribe", "newHeads")
        for _ in range(20):
            await node.call("evm_mine")
        heads = await socket.notified(20)
        assert {head["subscription"] for head in heads} == {id}
        numbers = [int(head["result"]["number"], 16) for head in heads]
        assert numbers == list(range(1, 21))
        assert all(a["result"]["hash"] == b["result"]["parentHash"] for a, b in pairwise(heads))
        block = await node.call("eth_getBlockByNumber", "0x14", False)
        assert heads[-1]["result"]["hash"] == block["hash"]
        assert await socket.call("eth_unsubscribe", id) is True
        assert (await socket.call("eth_unsubscribe", id))["message"] == "subscription not found"
        await node.call("evm_mine")
        assert await socket.call("eth_blockNumber") == "0x15"
        assert socket.notifications == []


async def test_logs_and_pending_transactions(node: Running) -> None:
    contract = await deploy(node, LOGGER)
    async with connected(node) as socket:
        logs = await socket.call("eth_subscribe", "logs", {"address": contract})
        others = await socket.call("eth_subscribe", "logs", {"address": "0x" + "99" * 20})
        hashes = await socket.call("eth_subscribe", "newPendingTransactions")
        whole = await socket.call("eth_subscribe", "newPendingTransactions", True)
        hash = await node.send(0, to=bytes.fromhex(contract[2:]), data=b"\7" * 32, gas=200_000)
        receipt = await node.mined(hash)
        told = {entry["subscription"]: entry["result"] for entry in await socket.notified(3)}
        assert told[hashes] == hash
        assert told[whole]["hash"] == hash
        assert told[whole]["from"] == "0x" + ADDRESSES[0].hex()
        assert told[logs] == receipt["logs"][0]
        assert others not in told


async def test_syncing_is_told_once(node: Running) -> None:
    async with connected(node) as socket:
        id = await socket.call("eth_subscribe", "syncing")
        (told,) = socket.notifications or await socket.notified(1)
        assert told == {"subscription": id, "result": False}


async def test_unknown_subscriptions(node: Running) -> None:
    async with connected(node) as socket:
        for params in (["nothing"], [5], [None], ["logs", 5], ["newPendingTransactions", "x"]):
            assert (await socket.call("eth_subscribe", *params))["code"] == -32602
    with pytest.raises(Exception, match="notifications not supported"):
        await node.call("eth_subscribe", "newHeads")


async def test_origins(node: Running) -> None:
    """K4: a page from elsewhere must not reach a node on this machine."""
    for origin in ("http://localhost:3000", "http://127.0.0.1", "http://[::1]:80"):
        async with connected(node, Origin=origin) as socket:
            assert await socket.call("eth_chainId") == "0x40d9"
    for origin in ("http://evil.example", "null", "file://", "http://localhost.evil.example", "http://[bad"):
        with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
            async with connected(node, Origin=origin):
                pass
        assert caught.value.status == 403
    with pytest.raises(aiohttp.WSServerHandshakeError) as caught:
        async with connected(node, Host="evil.example"):
            pass
    assert caught.value.status == 403


async def test_too_many_subscriptions(tmp_path: Path) -> None:
    async with running(tmp_path / "home", **{"chain.rpc.subscriptions_max": 3}) as node, connected(node) as socket:
        for _ in range(3):
            assert isinstance(await socket.call("eth_subscribe", "newHeads"), str)
        assert (await socket.call("eth_subscribe", "newHeads"))["code"] == -32005


async def test_a_reader_that_stops_reading_is_dropped(tmp_path: Path) -> None:
    """C9: it is closed by a deadline, what waits for it stays bounded, and the others go on."""
    async with running(tmp_path / "home", **{"chain.rpc.idle_close_s": 1}) as node:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(node.endpoints.ws_url.rsplit(":", 1)[1]), limit=1024)
        writer.write(
            b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        await reader.readuntil(b"\r\n\r\n")
        call = {"jsonrpc": "2.0", "id": 1, "method": "eth_getBlockByNumber", "params": ["latest", False]}
        batch = json.dumps([call] * 500).encode()
        frame = b"\x82\xff" + len(batch).to_bytes(8, "big") + bytes(4) + batch  # masked with zeros

        async def ask_without_reading() -> None:
            while True:
                writer.write(frame)
                await writer.drain()

        asking = asyncio.create_task(ask_without_reading())
        async with connected(node) as socket:
            await socket.call("eth_subscribe", "newHeads")
            for _ in range(3):
                await node.call("evm_mine")
            assert len(await socket.notified(3)) == 3
        async with asyncio.timeout(20):
            await asyncio.wait([asking])
        assert isinstance(asking.exception(), ConnectionError)
        writer.close()

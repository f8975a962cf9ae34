"""A chain of development settings, served on free ports inside the test's event loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from coincurve import PrivateKey

from zerog._native import keccak256
from zerog.chain import presets
from zerog.chain.service import Endpoints, serve
from zerog.chain.signing import DevAccounts
from zerog.runtime import config as settings
from zerog.types import Address

KEYS = [keccak256(b"zerog test account %d" % i) for i in range(10)]
COINS = 10**24


def address_of(key: bytes) -> bytes:
    return bytes(keccak256(PrivateKey(key).public_key.format(compressed=False)[1:]))[-20:]


ADDRESSES = [address_of(key) for key in KEYS]


def write_genesis(home: Path, **changes: Any) -> dict[str, Any]:
    """A devnet genesis with ten funded accounts."""
    home.mkdir(parents=True, exist_ok=True)
    value = presets.genesis(presets.network("devnet"), {Address(address): COINS for address in ADDRESSES})
    value |= changes
    (home / "genesis.json").write_text(json.dumps(value))
    return value


def config_for(home: Path, **flags: Any) -> settings.Config:
    defaults: dict[str, Any] = {
        "chain.home": str(home),
        "chain.dev": True,
        "chain.dev_accounts": ["0x" + key.hex() for key in KEYS[:3]],
        "chain.rpc.http_port": 0,
        "chain.rpc.ws_port": 0,
        "chain.admin.port": 0,
        "metrics.port": 0,
        "chain.consensus.empty_blocks": False,
        "chain.consensus.block_interval_ms": 100,
        "chain.consensus.gather_ms": 0,
        "chain.consensus.block_gap_min_ms": 0,
        "chain.store.free_bytes_min": 0,
        "chain.store.cache_bytes": 8 << 20,
    }
    return settings.load(flags=defaults | flags, environment={}).config


class Refused(Exception):
    """A JSON-RPC error object."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code, self.message, self.data = error["code"], error["message"], error.get("data")


@dataclass
class Running:
    """A node under test and the shortest ways to talk to it."""

    endpoints: Endpoints
    session: aiohttp.ClientSession
    home: Path
    signer: DevAccounts = field(default_factory=lambda: DevAccounts(["0x" + key.hex() for key in KEYS]))

    async def body(self, body: bytes, **headers: str) -> Any:
        async with self.session.post(self.endpoints.http_url, data=body, headers=headers) as response:
            assert response.status == 200, await response.text()
            return json.loads(await response.read())

    async def call(self, method: str, *params: Any) -> Any:
        asked = json.dumps({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).encode()
        answer = await self.body(asked, **{"Content-Type": "application/json"})
        assert answer["id"] == 7
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["result"]

    async def batch(self, *calls: tuple[str, list[Any]]) -> list[dict[str, Any]]:
        entries = [{"jsonrpc": "2.0", "id": i, "method": m, "params": p} for i, (m, p) in enumerate(calls)]
        answers = await self.body(json.dumps(entries).encode())
        assert [answer["id"] for answer in answers] == list(range(len(calls)))
        return list(answers)

    def sign(self, account: int = 0, **request: Any) -> str:
        """A signed transaction; type 2 unless ``gas_price`` is given."""
        filled: dict[str, Any] = {"gas": 21_000, "nonce": 0, "value": 0, "to": ADDRESSES[9]}
        if "gas_price" not in request:
            filled |= {"max_fee_per_gas": 20 * 10**9, "max_priority_fee_per_gas": 10**9}
        filled |= request
        if filled["to"] is None:
            del filled["to"]
        return "0x" + self.signer.sign_transaction(ADDRESSES[account], filled, presets.NETWORKS["devnet"].chain_id).hex()

    async def send(self, account: int = 0, **request: Any) -> str:
        """Sign with the account's next nonce, send, and return the hash."""
        if "nonce" not in request:
            request["nonce"] = int(await self.call("eth_getTransactionCount", "0x" + ADDRESSES[account].hex(), "pending"), 16)
        return str(await self.call("eth_sendRawTransaction", self.sign(account, **request)))

    async def mined(self, hash: str) -> dict[str, Any]:
        """The receipt of a transaction, once it is there."""
        async with asyncio.timeout(20):
            while True:
                receipt = await self.call("eth_getTransactionReceipt", hash)
                if receipt is not None:
                    return dict(receipt)
                await asyncio.sleep(0.01)


Start = Callable[..., Any]


@asynccontextmanager
async def running(home: Path, **flags: Any) -> AsyncIterator[Running]:
    if not (home / "genesis.json").exists():
        write_genesis(home)
    up: asyncio.Future[Endpoints] = asyncio.get_running_loop().create_future()
    node = asyncio.create_task(serve(config_for(home, **flags), lambda endpoints: up.set_result(endpoints)))
    try:
        async with asyncio.timeout(60):
            await asyncio.wait([node, up], return_when=asyncio.FIRST_COMPLETED)
        if node.done():
            node.result()
        async with aiohttp.ClientSession() as session:
            yield Running(up.result(), session, home)
        if node.done():
            node.result()
    finally:
        node.cancel()
        await asyncio.wait([node], timeout=20)
        assert node.done()


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Running]:
    """A running node with empty blocks off: a block comes when a transaction waits."""
    async with running(tmp_path / "home") as started:
        yield started

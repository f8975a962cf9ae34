"""The typed client against a node: calls, batches, receipts, logs over many pages."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from node_kit import ADDRESSES, COINS, Running, running
from test_rpc import LOGGER, deploy, reverting

from zerog.chain.client import CallError, ChainClient
from zerog.errors import NotFound, TimedOut, Unavailable


async def test_reads_and_sends(node: Running) -> None:
    async with ChainClient(node.endpoints.http_url) as client:
        assert await client.chain_id() == 16601
        assert await client.balance(ADDRESSES[0]) == COINS
        assert await client.nonce(ADDRESSES[0]) == 0
        assert await client.gas_price() > await client.base_fee()
        assert await client.tip() == 10**9
        hash = await client.send_raw(bytes.fromhex(node.sign(0, value=5)[2:]))
        receipt = await client.wait_receipt(hash)
        assert receipt.success
        assert receipt.number == await client.block_number() == 1
        assert (await client.block(bytes.fromhex(receipt.block_hash[2:])))["number"] == "0x1"
        assert await client.nonce(ADDRESSES[0]) == 1
        answers = await client.send_raw_many([bytes.fromhex(node.sign(0, nonce=n)[2:]) for n in (0, 1)])
        assert isinstance(answers[0], CallError)
        assert "nonce too low" in answers[0].message
        assert isinstance(answers[1], bytes)
        assert (await client.wait_receipt(answers[1])).success
        assert await client.wait_block(2) >= 2
        assert await client.batch([]) == []


async def test_errors(node: Running) -> None:
    contract = bytes.fromhex((await deploy(node, reverting(b"\xde\xad\xbe\xef")))[2:])
    async with ChainClient(node.endpoints.http_url) as client:
        with pytest.raises(CallError) as caught:
            await client.call(contract, b"")
        assert (caught.value.code, caught.value.data) == (3, b"\xde\xad\xbe\xef")
        with pytest.raises(CallError):
            await client.estimate_gas(contract)
        with pytest.raises(NotFound):
            await client.block(999)
        with pytest.raises(TimedOut):
            await client.wait_receipt(bytes(32), timeout_s=0.05, poll_s=0.01)
        assert await client.code(contract) != b""
    with pytest.raises(Unavailable):
        await client.chain_id()
    async with ChainClient("http://127.0.0.1:1") as nobody:
        with pytest.raises(Unavailable):
            await nobody.chain_id()


async def test_logs_are_complete_whatever_the_node_allows(tmp_path: Path) -> None:
    limits = {"chain.rpc.logs_blocks_max": 7, "chain.rpc.logs_results_max": 3}
    async with running(tmp_path / "home", **limits) as node, ChainClient(node.endpoints.http_url) as client:
        contract = bytes.fromhex((await deploy(node, LOGGER))[2:])
        hashes = []
        for account in range(5):
            for _ in range(3):  # one a block: a block with more logs than the node allows could not be read at all
                hashes.append(await node.send(account, to=contract, data=b"\1" * 32, gas=200_000))
                await node.mined(hashes[-1])
        await node.call("hardhat_mine", "0x10")
        head = await client.block_number()
        found = await client.logs(0, head, addresses=[contract])
        assert [log.transaction_hash for log in found] != []
        assert {log.transaction_hash for log in found} == set(hashes)
        by_sender = await client.logs(0, head, topics=[None, [ADDRESSES[2].rjust(32, b"\0")]])
        assert {log.transaction_hash for log in by_sender} == set(hashes[6:9])

        covered = 0
        followed: list[str] = []
        async with asyncio.timeout(20):
            async for last, logs in client.follow_logs(0, addresses=[contract], poll_s=0.01):
                assert last >= covered
                covered = last
                followed += [log.transaction_hash for log in logs]
                if len(followed) == len(hashes):
                    await node.send(0, to=contract, data=b"\1" * 32, gas=200_000)
                if len(followed) > len(hashes):
                    break
        assert sorted(followed[:-1]) == sorted(hashes)

"""web3.py, unmodified, against a node: deploy, call, estimate, logs, batch, subscription, types 0, 1, 2 and 4."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account
from web3 import AsyncWeb3, Web3
from web3.exceptions import ContractLogicError, TransactionNotFound, Web3RPCError
from web3.providers import AsyncHTTPProvider, HTTPProvider, WebSocketProvider

from zerog.chain import presets
from zerog.chain.service import Endpoints, serve
from zerog.contracts.artifact import load
from zerog.runtime import config as settings
from zerog.types import Address

ALICE, BOB = Account.from_key("0x" + "a1" * 32), Account.from_key("0x" + "b0" * 32)


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Endpoints]:
    home = tmp_path / "home"
    home.mkdir()
    balances = {Address(bytes.fromhex(account.address[2:])): 10**24 for account in (ALICE, BOB)}
    (home / "genesis.json").write_text(json.dumps(presets.genesis(presets.network("devnet"), balances)))
    ports = {f"chain.rpc.{name}_port": 0 for name in ("http", "ws")}
    flags = {"chain.home": str(home), **ports, "chain.admin.enabled": False, "metrics.enabled": False}
    config = settings.load(flags=flags | {"chain.store.free_bytes_min": 0}, environment={}).config
    up: asyncio.Future[Endpoints] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(config, lambda endpoints: up.set_result(endpoints)))
    try:
        yield await up
    finally:
        serving.cancel()
        await asyncio.wait([serving])


def script(url: str) -> None:
    """What a developer writes first, synchronous and all in one."""
    w3 = Web3(HTTPProvider(url))
    assert w3.is_connected()
    assert w3.client_version.startswith("zerog/")
    assert w3.eth.chain_id == 16601
    assert w3.eth.get_block("finalized")["number"] <= w3.eth.get_block("latest")["number"]
    token = load("Token")
    factory = w3.eth.contract(abi=list(token.abi), bytecode=token.bytecode)

    def send(account: Any, transaction: dict[str, Any]) -> Any:
        signed = account.sign_transaction({"nonce": w3.eth.get_transaction_count(account.address, "pending"), **transaction})
        hash = w3.eth.send_raw_transaction(signed.raw_transaction)
        receipt = w3.eth.wait_for_transaction_receipt(hash, timeout=20, poll_latency=0.05)
        assert receipt["status"] == 1
        assert w3.eth.get_transaction(hash)["type"] == transaction.get("type", receipt["type"])
        return receipt

    # deploy: web3 fills in type 2, fees by eth_maxPriorityFeePerGas and gas by eth_estimateGas
    construct = factory.constructor("Test Token", "TT", 10**24)
    receipt = send(ALICE, construct.build_transaction({"from": ALICE.address, "chainId": 16601}))
    contract = w3.eth.contract(address=receipt["contractAddress"], abi=list(token.abi))
    assert contract.functions.symbol().call() == "TT"
    assert contract.functions.balanceOf(ALICE.address).call() == 10**24
    transfer = contract.functions.transfer(BOB.address, 5)
    gas = transfer.estimate_gas({"from": ALICE.address})
    assert 30_000 < gas < 100_000

    # types 0, 1 and 2
    to, chain = contract.address, {"chainId": 16601, "gas": gas, "value": 0}
    payload = transfer._encode_transaction_data()
    price = w3.eth.gas_price
    first = send(ALICE, {"to": to, "data": payload, "gasPrice": price, **chain})
    access = w3.eth.create_access_list({"from": ALICE.address, "to": to, "data": payload})
    listed = [{"address": e["address"], "storageKeys": e["storageKeys"]} for e in access["accessList"]]
    wide = {**chain, "gas": 120_000}
    send(ALICE, {"type": 1, "to": to, "data": payload, "gasPrice": price, "accessList": listed, **wide})
    fees = {"maxFeePerGas": 2 * price, "maxPriorityFeePerGas": w3.eth.max_priority_fee}
    send(ALICE, {"type": 2, "to": to, "data": payload, **fees, **chain})
    assert contract.functions.balanceOf(BOB.address).call() == 15
    assert contract.functions.balanceOf(BOB.address).call(block_identifier=first["blockNumber"]) == 5

    # type 4: Bob's account runs the token's code for one call
    signed = BOB.sign_authorization({"chainId": 16601, "address": to, "nonce": w3.eth.get_transaction_count(BOB.address)})
    symbol = contract.functions.symbol()._encode_transaction_data()
    delegated = {"to": BOB.address, "data": symbol, "value": 0, "authorizationList": [signed], "gas": 200_000}
    send(ALICE, {"type": 4, "chainId": 16601, **delegated, **fees})
    assert w3.eth.get_code(BOB.address) == bytes.fromhex("ef0100" + to[2:])

    # logs and filters
    events = contract.events.Transfer.get_logs(from_block=first["blockNumber"], argument_filters={"to": BOB.address})
    assert [event["args"].get("value", event["args"].get("amount")) for event in events] == [5, 5, 5]
    watch = w3.eth.filter({"address": to})
    send(ALICE, {"to": to, "data": payload, "gasPrice": price, **chain})
    assert len(watch.get_new_entries()) == 1
    assert watch.get_new_entries() == []

    # errors as web3 knows them
    with pytest.raises(ContractLogicError):
        contract.functions.transfer(BOB.address, 10**30).call({"from": ALICE.address})
    with pytest.raises(TransactionNotFound):
        w3.eth.get_transaction_receipt("0x" + "77" * 32)
    stale = ALICE.sign_transaction(
        {"nonce": 0, "to": BOB.address, "value": 1, "gas": 21_000, "gasPrice": price, "chainId": 16601}
    )
    with pytest.raises(Web3RPCError, match="nonce too low"):
        w3.eth.send_raw_transaction(stale.raw_transaction)

    # batch
    with w3.batch_requests() as batch:
        for address in (ALICE.address, BOB.address):
            batch.add(w3.eth.get_balance(address))
        batch.add(w3.eth.get_block("latest"))
        balances = batch.execute()
    assert balances[0] > 10**23
    assert balances[2]["number"] >= first["blockNumber"]
    history = w3.eth.fee_history(4, "latest", [25, 75])
    assert len(history["reward"]) == len(history["gasUsedRatio"])
    proof = w3.eth.get_proof(to, [0], "latest")
    assert proof["address"] == to


@pytest.mark.e2e
async def test_script(node: Endpoints) -> None:
    await asyncio.to_thread(script, node.http_url)


@pytest.mark.e2e
async def test_async_provider(node: Endpoints) -> None:
    w3 = AsyncWeb3(AsyncHTTPProvider(node.http_url))
    assert await w3.eth.chain_id == 16601
    assert await w3.eth.get_balance(ALICE.address) == 10**24
    await w3.provider.disconnect()


@pytest.mark.e2e
async def test_subscription(node: Endpoints) -> None:
    async with AsyncWeb3(WebSocketProvider(node.ws_url)) as w3:
        heads = await w3.eth.subscribe("newHeads")
        pending = await w3.eth.subscribe("newPendingTransactions")
        price = await w3.eth.gas_price
        signed = ALICE.sign_transaction(
            {"nonce": 0, "to": BOB.address, "value": 1, "gas": 21_000, "gasPrice": price, "chainId": 16601}
        )
        hash = await w3.eth.send_raw_transaction(signed.raw_transaction)
        numbers: list[int] = []
        hashes: list[bytes] = []
        async with asyncio.timeout(20):
            async for message in w3.socket.process_subscriptions():
                if message["subscription"] == heads:
                    numbers.append(message["result"]["number"])
                elif message["subscription"] == pending:
                    hashes.append(bytes(message["result"]))
                if len(numbers) >= 3 and hashes:
                    break
        assert hashes == [bytes(hash)]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert await w3.eth.unsubscribe(heads)

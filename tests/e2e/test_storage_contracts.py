"""The storage contracts on a real network, the way the official clients use them, encoded and decoded by web3.py."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from tests.e2e.conftest import Network
from tests.unit.contracts.storage_kit import FlowModel, file_of, vectors
from web3 import Web3
from web3.exceptions import ContractCustomError, ContractLogicError

from zerog.chain.client import ChainClient
from zerog.contracts import flow, mine, registry
from zerog.contracts.artifact import load
from zerog.sdk.chain import Chain
from zerog.sdk.payer import ChainPayer
from zerog.sdk.wallet import Account

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


class Uploader:
    """A client that knows only the flow's address."""

    def __init__(self, network: Network, index: int) -> None:
        self.w3 = Web3(Web3.HTTPProvider(network.status["rpc_url"]))
        self.who = self.w3.eth.account.from_key(network.status["accounts"][index]["private_key"])
        self.flow: Any = self.w3.eth.contract(address=network.status["contracts"]["flow"], abi=list(load("Flow").abi))
        market = self.flow.functions.market().call()
        assert market == network.status["contracts"]["market"]
        self.market: Any = self.w3.eth.contract(address=market, abi=list(load("FixedPrice").abi))
        self.price: int = self.market.functions.pricePerSector().call()

    def send(self, call: Any, value: int) -> Any:
        nonce = self.w3.eth.get_transaction_count(self.who.address)
        built = call.build_transaction({"from": self.who.address, "nonce": nonce, "value": value})
        hash = self.w3.eth.send_raw_transaction(self.who.sign_transaction(built).raw_transaction)
        return self.w3.eth.wait_for_transaction_receipt(hash, timeout=60)


def logs(receipt: Any) -> list[flow.Submitted]:
    return [
        flow.decode_submit(log["topics"], bytes(log["data"])) for log in receipt.logs if log["topics"][0] == flow.SUBMIT_TOPIC
    ]


def test_uploads_in_both_interfaces(network: Network) -> None:
    """Gas is estimated, fees are read, receipts and log queries agree, places follow the definition."""
    client = Uploader(network, 7)
    assert client.price == 232_830_643
    length = client.flow.functions.tree().call()[0]
    count = client.flow.functions.numSubmissions().call()
    assert length == 1, "the network of these tests has no other uploads"
    model = FlowModel()
    first = client.w3.eth.block_number
    files = [file_of([4, 1], b"a", b"\x00"), file_of([0], b"b"), file_of([10, 7], b"c", b"tags" * 20), file_of([2], b"d")]
    submit, submit_old = client.flow.functions[flow.SUBMIT], client.flow.functions[flow.SUBMIT_OLD]
    batch = client.flow.functions[flow.BATCH_SUBMIT]
    receipts = [
        client.send(submit((files[0].abi(), client.who.address)), files[0].fee(client.price)),
        client.send(submit_old(files[1].abi()), files[1].fee(client.price)),
        client.send(
            batch([(data.abi(), client.who.address) for data in files[2:]]), sum(data.fee(client.price) for data in files[2:])
        ),
    ]
    assert all(receipt.status == 1 for receipt in receipts)
    found = [entry for receipt in receipts for entry in logs(receipt)]
    for number, (entry, data) in enumerate(zip(found, files, strict=True)):
        assert entry.start == model.add(data)
        assert (entry.index, entry.sectors, entry.identity) == (count + number, data.sectors, data.identity)
        assert (entry.data, entry.sender) == (data, bytes.fromhex(client.who.address[2:]))
        root = client.flow.functions.getFlowRootByTxSeq(entry.index).call()
        assert root == model.root()
    asked = client.w3.eth.get_logs(
        {"address": client.flow.address, "topics": ["0x" + flow.SUBMIT_TOPIC.hex()], "fromBlock": first, "toBlock": "latest"}
    )
    assert [flow.decode_submit(log["topics"], bytes(log["data"])) for log in asked] == found
    with pytest.raises(ContractCustomError, match="0xf85c6482"):
        submit((files[0].abi(), client.who.address)).call({"from": client.who.address})
    with pytest.raises(ContractLogicError, match="Invalid submission"):
        submit(((0, b"", files[0].abi()[2]), client.who.address)).call({"from": client.who.address})


def test_the_recorded_call_is_what_web3_makes(network: Network) -> None:
    client = Uploader(network, 8)
    row = vectors()["flow"]["submissions"][0]["nodes"][0]
    arguments = (((1, b"", [(row["root"], row["height"])]), "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"),)
    assert client.flow.encode_abi(flow.SUBMIT, args=arguments) == vectors()["submitCall"]["newAbi"]["calldata"]


def test_miners_ask_from_their_own_address(network: Network) -> None:
    """Without epochs there is nothing to mine, and the contract says so to the one sender it answers."""
    client = Uploader(network, 9)
    contract: Any = client.w3.eth.contract(address=network.status["contracts"]["mine"], abi=list(load("PoraMine").abi))
    receipt = client.send(contract.functions.requestMinerId(client.who.address, 1), 0)
    (log,) = receipt.logs
    made = mine.decode_new_miner(log["topics"], bytes(log["data"]))
    caller = Web3.to_checksum_address("0x" + mine.WORKER_CONTEXT_CALLER.hex())
    call = contract.functions.computeWorkerContext(made.miner_id)
    work = mine.worker_context(made.miner_id).decode(
        client.w3.eth.call({"from": caller, "to": contract.address, "data": call._encode_transaction_data()})
    )
    assert (work.context.epoch, work.context.digest, work.max_shards) == (0, registry.EMPTY_HASH, 32)
    with pytest.raises(ContractLogicError, match="Only authorized caller"):
        call.call({"from": client.who.address})


def test_many_submitters_at_once_never_run_out_of_gas(network: Network, seed: int) -> None:
    """Accounts of their own, all estimating on one state and paying on others; what a file costs differs by its place."""
    draw, shapes = random.Random(seed), [[0], [2], [10], [3, 1], [12, 11, 10, 9], [14], [5, 4, 3, 2]]

    async def run() -> list[int]:
        async with ChainClient(network.status["rpc_url"]) as client:
            chain = Chain(client)
            rich = Account.from_hex(network.status["accounts"][5]["private_key"])
            accounts = [Account.from_hex("0x" + draw.randbytes(32).hex()) for _ in range(16)]
            nonce = await chain.nonce(rich.address)
            signed = [
                await chain.prepare(rich, to=account.address, value=10**18, gas=21000, nonce=nonce + i)
                for i, account in enumerate(accounts)
            ]
            for hash in [await chain.send(one) for one in signed]:
                await chain.wait(hash)

            async def submit(account: Account) -> list[int]:
                payer, found = ChainPayer(chain, account), []
                for _ in range(5):
                    files = [file_of(draw.choice(shapes), draw.randbytes(8)) for _ in range(draw.choice((1, 1, 2)))]
                    attempts: list[bytes] = []
                    _, seqs = await payer.submit(registry.FLOW, files, attempts.append)
                    assert len(attempts) == 1  # the first was enough
                    found += seqs
                return found

            return [seq for seqs in await asyncio.gather(*map(submit, accounts)) for seq in seqs]

    seqs = asyncio.run(run())
    assert len(seqs) == len(set(seqs)) >= 80

"""Contracts of 0G on a real network, through web3.py and our own SDK: signer registration, wrapping, staking."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import pytest
from py_ecc.bls import G2ProofOfPossession as Bls
from tests.e2e.conftest import Network
from tests.unit.contracts.test_da_registry import detail, sign
from web3 import Web3
from web3.exceptions import ContractCustomError

from zerog._native import keccak256
from zerog.chain.client import ChainClient
from zerog.contracts import registry
from zerog.contracts.artifact import load
from zerog.errors import InsufficientFunds, InvalidInput, NotFound
from zerog.sdk.chain import Chain, Refused, Reverted
from zerog.sdk.wallet import Account
from zerog.wire.abi import parse_signature

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

T = TypeVar("T")
ONE = 10**18
GWEI = 10**9


def account(network: Network, index: int) -> Account:
    return Account.from_hex(network.status["accounts"][index]["private_key"])


def with_chain(network: Network, work: Callable[[Chain], Awaitable[T]]) -> T:
    async def run() -> T:
        async with ChainClient(network.status["rpc_url"]) as client:
            return await work(Chain(client))

    return asyncio.run(run())


def test_a_signer_registers_and_serves_an_epoch(network: Network) -> None:
    """Keys and signatures come from py_ecc; the chain checks them with its own pairing."""
    who = account(network, 5)
    chain_id = network.status["chain_id"].to_bytes(32, "big")

    async def work(chain: Chain) -> None:
        face = chain.contract(registry.DA_REGISTRY, load("DARegistry"))
        signers = chain.contract(registry.DA_SIGNERS, load("IDASigners"))
        wrong = sign(bytes(keccak256(b"something else")))
        with pytest.raises(Reverted, match="Refused"):
            await face.transact(who, "registerSigner", detail(who.address), wrong)
        proof = sign(bytes(keccak256(who.address + chain_id + b"0G_BN254_Pubkey_Registration")))
        receipt = await face.transact(who, "registerSigner", detail(who.address), proof)
        assert [name for name, _ in signers.events(receipt)] == ["NewSigner", "SocketUpdated"]
        assert await signers.call("isSigner", who.address)
        epoch = await signers.call("epochNumber") + 1
        word = sign(bytes(keccak256(who.address + epoch.to_bytes(8, "big") + chain_id)))
        await face.transact(who, "registerNextEpoch", word)
        assert await signers.call("registeredEpoch", who.address, epoch)
        await signers.transact(account(network, 6), "makeEpoch")
        assert await signers.call("epochNumber") == epoch
        assert await signers.call("quorumCount", epoch) == 10
        assert set(await signers.call("getQuorum", epoch, 3)) == {who.address}
        key, total, hit = await signers.call("getAggPkG1", epoch, 0, b"\x01" + bytes(383))
        assert (key, total, hit) == (detail(who.address)[2], 3072, 3072)

    with_chain(network, work)


def test_staking_from_a_key_to_the_last_coin(network: Network) -> None:
    operator, friend, heir = account(network, 7), account(network, 8), Account.create()
    secret = 0x5EC2E7
    key = bytes(Bls.SkToPk(secret))
    description = {"moniker": "e2e", "identity": "", "website": "", "securityContact": "", "details": ""}

    async def work(chain: Chain) -> None:
        staking = chain.contract(registry.STAKING, load("StakingContract"))
        message = await staking.call("depositMessage", key, 32 * GWEI)
        arguments = (description, 50_000, 5, key)
        name = "createAndInitializeValidatorIfNecessary"
        with pytest.raises(Reverted, match="BadSignature"):
            await staking.transact(operator, name, *arguments, bytes(Bls.Sign(secret + 1, message)), value=32 * ONE)
        await staking.transact(operator, name, *arguments, bytes(Bls.Sign(secret, message)), value=32 * ONE)
        validator = chain.contract(await staking.call("getValidator", key), load("ValidatorContract"))
        assert await validator.call("tokens") == 32 * ONE
        await validator.transact(friend, "delegate", friend.address, value=8 * ONE)
        assert await staking.call("effectiveStakesInGwei", validator.address) == 40 * GWEI
        with pytest.raises(Reverted, match="NotEnoughWithdrawalFee"):
            await validator.transact(friend, "undelegate", heir.address, 8 * ONE, value=1)
        receipt = await validator.transact(friend, "undelegate", heir.address, 8 * ONE, value=5 * GWEI)
        ((_, event),) = validator.events(receipt)
        assert event["amount"] == 8 * ONE
        await chain.client.wait_block(event["completionHeight"])
        await validator.transact(operator, "completeUndelegations", 5)
        assert await chain.balance(heir.address) == 8 * ONE
        assert await validator.call("tokens") == 32 * ONE
        with pytest.raises(Reverted, match="NotSystem"):
            await staking.transact(operator, "slashValidator", validator.address, ONE)
        # What the consensus layer may do, asked on the head's state: the same call from the system's address passes.
        function = staking.interface.function("slashValidator")
        await chain.call(registry.STAKING, function, validator.address, ONE, sender=registry.SYSTEM)

    with_chain(network, work)


def test_the_sdk_explains_itself(network: Network) -> None:
    who, nobody = account(network, 9), Account.create()

    async def work(chain: Chain) -> None:
        with pytest.raises(InsufficientFunds):
            await chain.transact(nobody, to=who.address, value=ONE)
        nonce = await chain.nonce(who.address)
        used = await chain.prepare(who, to=nobody.address, value=1, nonce=nonce)
        await chain.wait(await chain.send(used))
        with pytest.raises(Refused, match=r"nonce too low|already known"):
            await chain.send(used)
        with pytest.raises(NotFound, match="no contract"):
            await chain.call(nobody.address, parse_signature("name()(string)"))
        with pytest.raises(InvalidInput, match="interface"):
            await chain.deploy(who, load("IDASigners"))
        token = await chain.deploy(who, load("Token"), "T", "T", 5)
        with pytest.raises(Reverted, match=r"InsufficientBalance\(.*balance=5, needed=6"):
            await token.transact(who, "transfer", nobody.address, 6)
        with pytest.raises(Reverted, match="failed in block"):
            await token.transact(who, "transfer", nobody.address, 6, gas=100_000)
        delegated = who.sign_authorization(await chain.chain_id(), token.address, await chain.nonce(who.address) + 1)
        await chain.transact(who, to=nobody.address, type=4, authorizations=[delegated])
        assert await chain.code(who.address) == b"\xef\x01\x00" + token.address

    with_chain(network, work)


def test_web3(network: Network) -> None:
    """web3.py as its documentation shows it: wrap, unwrap, logs, fee history."""
    w3 = Web3(Web3.HTTPProvider(network.status["rpc_url"]))
    assert w3.is_connected()
    assert w3.eth.chain_id == 16601
    key = network.status["accounts"][4]["private_key"]
    who = w3.eth.account.from_key(key)
    w0g: Any = w3.eth.contract(address=network.status["contracts"]["w0g"], abi=list(load("W0G").abi))

    def send(call: Any, **fields: Any) -> Any:
        built = call.build_transaction({"from": who.address, "nonce": w3.eth.get_transaction_count(who.address), **fields})
        hash = w3.eth.send_raw_transaction(who.sign_transaction(built).raw_transaction)
        return w3.eth.wait_for_transaction_receipt(hash, timeout=60)

    before = w0g.functions.balanceOf(who.address).call()
    receipt = send(w0g.functions.deposit(), value=3 * ONE)
    assert receipt.status == 1
    (event,) = w0g.events.Deposit().process_receipt(receipt)
    assert event.args.value == 3 * ONE
    assert send(w0g.functions.withdraw(ONE)).status == 1
    assert w0g.functions.balanceOf(who.address).call() == before + 2 * ONE
    logs = w0g.events.Withdrawal().get_logs(from_block=receipt.blockNumber)
    assert [entry.args.value for entry in logs] == [ONE]
    history = w3.eth.fee_history(4, "latest", [50])
    assert len(history["baseFeePerGas"]) == 5
    with pytest.raises(ContractCustomError, match="0xdb42144d"):
        w0g.functions.withdraw(10**30).call({"from": who.address})

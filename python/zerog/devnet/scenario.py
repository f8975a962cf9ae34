"""Scripted stories on a running local network: what people do first, done for real. Each may run again and again."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from zerog.contracts import registry
from zerog.contracts.artifact import load
from zerog.errors import InternalError
from zerog.sdk.availability import open_reader
from zerog.sdk.chain import Chain
from zerog.sdk.compute import open_compute
from zerog.sdk.da import Da
from zerog.sdk.storage import open_storage
from zerog.sdk.wallet import Account
from zerog.storage.remote import FileInfo
from zerog.storage.stream_blob import StreamBlob, Write
from zerog.types import format_address, format_amount

ONE: Final = 10**18
FILE_BYTES: Final = 3_000_000
"""Some segments of both shards, and an end that fills none."""
REPLAY_TIMEOUT_S: Final = 30
BLOB_BYTES: Final = 100_000
BLOB_TIMEOUT_S: Final = 600
HELPFUL: Final = "You are a helpful assistant."
QUESTION: Final = "What is the capital of France?"
SETTLE_TIMEOUT_S: Final = 60
DEMO_PUBKEY: Final = bytes.fromhex(
    "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
)
"""The generator of BLS12-381's G1: the key of the secret 1, so a validator that anybody may take over, as fits a demo."""


@dataclass(frozen=True)
class Told:
    """What one life showed: a sentence, and the values behind it."""

    life: str
    text: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Stage:
    """Where lives take place: the chain and its rich accounts; indexer and KV node if the network has storage, and what its
    status says of data availability and of compute if it has those."""

    chain: Chain
    people: list[Account]
    indexer: str = ""
    kv: str = ""
    da: Mapping[str, Any] = field(default_factory=dict)
    rpc_url: str = ""
    compute: Mapping[str, Any] = field(default_factory=dict)


Life = Callable[[Stage], Awaitable[Told]]


def _check(truth: bool, what: str) -> None:
    if not truth:
        raise InternalError(f"demo: {what} did not come out as it must")


async def money(stage: Stage) -> Told:
    """Somebody new gets 1.5 0G and sends a part back."""
    chain, people = stage.chain, stage.people
    stranger, giver = Account.create(), people[0]
    receipt = await chain.transact(giver, to=stranger.address, value=3 * ONE // 2)
    back = await chain.transact(stranger, to=giver.address, value=ONE // 2)
    left = await chain.balance(stranger.address)
    _check(left == ONE - back.fee, "the stranger's balance")
    text = (
        f"1.5 0G to {stranger.address_text} in block {receipt.block_number}, 0.5 0G back in block {back.block_number}; "
        f"the fee was {format_amount(back.fee)}"
    )
    return Told("money", text, {"hash": "0x" + receipt.hash.hex(), "block": receipt.block_number, "balance": str(left)})


async def token(stage: Stage) -> Told:
    """A token is deployed and moved; its events are found in the logs."""
    chain, people = stage.chain, stage.people
    maker, friend = people[1], people[2]
    made = await chain.deploy(maker, load("Token"), "Demo Token", "DEMO", 1_000_000 * ONE)
    receipt = await made.transact(maker, "transfer", friend.address, 25 * ONE)
    _check(await made.call("balanceOf", friend.address) == 25 * ONE, "the friend's tokens")
    name, values = made.events(receipt)[0]
    _check(name == "Transfer" and values["value"] == 25 * ONE, "the Transfer event")
    criteria = {"fromBlock": hex(receipt.block_number), "toBlock": "latest", "address": format_address(made.address)}
    logs = await chain.client.call_rpc("eth_getLogs", criteria)
    _check(any(int(log["blockNumber"], 16) == receipt.block_number for log in logs), "the log search")
    text = f"contract {format_address(made.address)} ({await made.call('symbol')}), 25 moved, {receipt.gas_used:,} gas, 1 log"
    return Told("token", text, {"contract": format_address(made.address), "hash": "0x" + receipt.hash.hex()})


async def wrapped(stage: Stage) -> Told:
    """2 0G are wrapped, 1 is unwrapped."""
    chain, people = stage.chain, stage.people
    holder = people[3]
    w0g = chain.contract(registry.W0G, load("W0G"))
    before = await w0g.call("balanceOf", holder.address)
    await w0g.transact(holder, "deposit", value=2 * ONE)
    await w0g.transact(holder, "withdraw", ONE)
    after = await w0g.call("balanceOf", holder.address)
    _check(after == before + ONE, "the wrapped balance")
    supply = await w0g.call("totalSupply")
    text = f"2 0G in, 1 out; {holder.address_text} holds {format_amount(after)} wrapped of {format_amount(supply)} in all"
    return Told("wrapped 0G", text, {"contract": format_address(registry.W0G), "balance": str(after)})


async def staking(stage: Stage) -> Told:
    """A validator's contract is made at the address that its key alone decides."""
    chain, people = stage.chain, stage.people
    register = chain.contract(registry.STAKING, load("StakingContract"))
    expected = await register.call("computeValidatorAddress", DEMO_PUBKEY)
    if not any(await register.call("getValidator", DEMO_PUBKEY)):
        await register.transact(people[4], "createValidator", DEMO_PUBKEY)
    _check(await register.call("getValidator", DEMO_PUBKEY) == expected, "the validator's address")
    count, most = await register.call("validatorCount"), await register.call("maxValidatorCount")
    text = f"validator contract {format_address(expected)}, waiting for its stake; {count} of at most {most} are staked"
    return Told("staking", text, {"validator": format_address(expected), "count": count})


async def signers(stage: Stage) -> Told:
    """The data-availability precompile answers."""
    precompile = stage.chain.contract(registry.DA_SIGNERS, load("IDASigners"))
    rules, epoch = await precompile.call("params"), await precompile.call("epochNumber")
    _check(rules == (30, 102400, 10, 28800, 3072), "the parameters of DASigners")
    text = f"epoch {epoch}, {rules[4]} slices, a vote for each {rules[0]} 0G"
    return Told("DA signers", text, {"epoch": epoch})


async def file(stage: Stage) -> Told:
    """A file goes into the storage network and comes back, every part of it proven against its root."""
    with tempfile.TemporaryDirectory(prefix="zerog-") as folder:
        sent, copy = Path(folder) / "sent", Path(folder) / "copy"
        sent.write_bytes(os.urandom(FILE_BYTES))
        async with open_storage(indexer=stage.indexer, chain=stage.chain, account=stage.people[1]) as storage:
            stored = await storage.upload(sent)
            fetched = await storage.download(stored.roots, copy)
            holders = [one for _, one in await storage.info(stored.roots[0]) if isinstance(one, FileInfo) and one.finalized]
        _check(fetched == FILE_BYTES and copy.read_bytes() == sent.read_bytes(), "the file")
    root = "0x" + stored.roots[0].hex()
    text = f"{FILE_BYTES:,} bytes stored as {root}, on {len(holders)} nodes; fetched again and proven against the root"
    return Told("file", text, {"root": root, "size": FILE_BYTES, "nodes": stored.to_json()["nodes"]})


async def stream(stage: Stage) -> Told:
    """A key of a stream is written in one transaction and read from the KV node, once that has replayed it."""
    writer, id, key, value = stage.people[2], os.urandom(32), b"greeting", b"hello, 0G"
    async with open_storage(indexer=stage.indexer, chain=stage.chain, account=writer) as storage:
        written = await storage.kv_write(StreamBlob([Write(id, key, value)]))
        deadline = time.monotonic() + REPLAY_TIMEOUT_S
        while (found := await storage.kv(stage.kv).value(id, key)).data != value:
            _check(time.monotonic() < deadline, "the stream's key")
            await asyncio.sleep(0.05)
    name = "0x" + id.hex()
    text = f"{key.decode()} = {found.data.decode()!r} in stream {name[:10]}…, read from the KV node at version {found.version}"
    return Told("stream", text, {"stream": name, "version": found.version, "root": "0x" + written.roots[0].hex()})


async def blob(stage: Stage) -> Told:
    """A blob is dispersed to signers, comes back from their rows, and random rows of it say that it is available."""
    data = os.urandom(BLOB_BYTES)
    async with Da(stage.da["disperser"]) as da:
        began = time.monotonic()
        record = await da.wait(await da.disperse(data), timeout_s=BLOB_TIMEOUT_S)
        took = time.monotonic() - began
    async with open_reader(stage.rpc_url) as reader:
        _check(await reader.retrieve(record) == data, "the blob")
        found = await reader.sample(record, Path(stage.da["parameters"]), allow_insecure=True)
    _check(found.available, "the blob's availability")
    root = "0x" + record.data_root.hex()
    text = (
        f"{BLOB_BYTES:,} bytes dispersed as {root} in {took:.0f} s, signed for, fetched again and verified; "
        f"{found.rows_proven} random rows proven: available but for a chance of {found.doubt:.0e}"
    )
    return Told("blob", text, {"root": root, "epoch": record.epoch, "quorum_id": record.quorum_id, "doubt": found.doubt})


async def chat(stage: Stage) -> Told:
    """A question to a model is answered, signed, paid for, and the payment settled on the chain."""
    (named,) = stage.compute["providers"][:1]
    async with open_compute(stage.chain, stage.people[0]) as compute:
        provider = await compute.provider(named["address"])
        began = await compute.standing(provider.address, ask=True)
        reply = await compute.chat(
            provider,
            [{"role": "system", "content": HELPFUL}, {"role": "user", "content": QUESTION}],
            temperature=0,
            max_tokens=64,
        )
        _check(reply.verified, f"the answer's signature: {reply.fault}")
        ends_s = time.monotonic() + SETTLE_TIMEOUT_S
        while (now := await compute.standing(provider.address, ask=True)) is None or now.unsettled:
            _check(time.monotonic() < ends_s, "the settlement")
            await asyncio.sleep(0.3)
    if began is None:
        raise InternalError("there is no account with the provider")
    paid = began.balance - now.balance
    _check(paid >= reply.fee.total, "what was settled")
    text = (
        f"asked {QUESTION!r}, told {reply.text.strip()[:80]!r}: {reply.usage.completion_tokens} tokens for "
        f"{format_amount(reply.fee.total)}, signed by the provider's signer, settled on the chain"
    )
    return Told("chat", text, {"provider": named["address"], "answer": reply.text, "fee": str(reply.fee.total)})


CHAIN_LIVES: Final[tuple[Life, ...]] = (money, token, wrapped, staking, signers)
STORAGE_LIVES: Final[tuple[Life, ...]] = (file, stream)
DA_LIVES: Final[tuple[Life, ...]] = (blob,)
COMPUTE_LIVES: Final[tuple[Life, ...]] = (chat,)

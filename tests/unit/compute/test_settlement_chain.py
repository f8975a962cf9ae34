"""Settlements on a chain that is slow, crowded or changes its mind: ours, and anvil, somebody else's node.

The proposer is held back by hand (``evm_setAutomine``) and blocks are taken back by ``evm_revert``.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from benchmarks.peers.nodes import PeerMissing, anvil
from tests.unit.chain.node_kit import ADDRESSES, COINS, KEYS, Running
from tests.unit.compute import provider_kit
from tests.unit.compute.provider_kit import ONE, World, eventually, model_server
from tests.unit.compute.test_provider_money import balances, owe

from zerog.chain import presets
from zerog.chain.client import ChainClient
from zerog.chain.service import Endpoints
from zerog.compute.settlement import Tally
from zerog.compute.store import Intent
from zerog.primitives.hashing import keccak256
from zerog.runtime.key import Key
from zerog.sdk.chain import Chain
from zerog.types import Address
from zerog.wire.transaction import Transaction

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120)]


BY_HAND = {"chain.consensus.block_interval_ms": 3_600_000}


@pytest.fixture
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    """Blocks come at once when a transaction waits, or by hand, never by the clock. Of anvil where a test asks for it."""
    made = anvil_world(tmp_path) if getattr(request, "param", "") == "anvil" else provider_kit.world(tmp_path, **BY_HAND)
    async with made as world:
        yield world


on_anvil = pytest.param("anvil", marks=pytest.mark.e2e)
everywhere = pytest.mark.parametrize("world", ["ours", on_anvil], indirect=True)


@asynccontextmanager
async def anvil_world(home: Path) -> AsyncIterator[World]:
    """The same contracts and people on anvil."""
    rich = {Address(address): COINS for address in ADDRESSES}
    genesis = presets.genesis(presets.network("devnet", owner=Address(ADDRESSES[0])), rich)
    with ExitStack() as stack:
        try:
            node = stack.enter_context(anvil(genesis, presets.NETWORKS["devnet"].chain_id))
        except PeerMissing as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(str(error))
        async with model_server() as models, aiohttp.ClientSession() as session, ChainClient(node.url) as client:
            running = Running(Endpoints(http_url=node.url), session, home)
            await running.call("evm_setIntervalMining", 0)
            await running.call("evm_setAutomine", True)
            yield World(running, Chain(client), models, home / "compute", session)


async def hold(world: World) -> None:
    await world.node.call("evm_setAutomine", False)


async def release(world: World) -> None:
    await world.node.call("evm_setAutomine", True)


async def mine(world: World, blocks: int = 1) -> None:
    await world.node.call("anvil_mine", hex(blocks))


def settling(world: World) -> asyncio.Task[Tally]:
    """A settlement in the background; nothing else settles."""
    settler = world.parts.settler
    settler.want = lambda: None  # type: ignore[method-assign]
    return asyncio.create_task(settler.settle())


def intent(world: World) -> Intent | None:
    found = world.parts.store.intents()
    return found[0] if found else None


def attempts(world: World) -> list[int]:
    """The prices at which the settlement on its way was sent."""
    found = intent(world)
    return [int(one.price) for one in found.attempts] if found is not None else []


async def mined(world: World, of: Intent) -> list[int]:
    """Which of an intent's transactions are in blocks, by their place."""
    found = [await world.parts.chain.receipt(one.hash) for one in of.attempts]
    return [index for index, one in enumerate(found) if one is not None]


async def waiting(world: World) -> Intent:
    """The intent whose last transaction the node has taken."""
    async with asyncio.timeout(10):
        while True:
            found = intent(world)
            hash = b"" if found is None else found.attempts[-1].hash
            if found and await world.node.call("eth_getTransactionByHash", "0x" + hash.hex()) is not None:
                return found
            await asyncio.sleep(0.05)


async def rival(world: World, price: int) -> bytes:
    """Another transaction with the nonce that the provider's next settlement wants; its hash."""
    nonce = int(await world.node.call("eth_getTransactionCount", "0x" + world.address.hex(), "latest"), 16)
    transaction = Transaction(
        0, world.parts.chain.chain_id, nonce, 21_000, to=world.people[9].address, value=1, gas_price=price
    )
    raw = Key(bytes(KEYS[1])).sign(transaction)
    await world.node.call("eth_sendRawTransaction", "0x" + raw.hex())
    return bytes(keccak256(raw))


async def price_now(world: World) -> int:
    return int(await world.node.call("eth_gasPrice"), 16)


async def done(world: World, task: asyncio.Task[Tally], before: int, *fees: int) -> None:
    """The settlement is over and has moved what was owed, once."""
    tally = await asyncio.wait_for(task, 30)
    await release(world)
    again = await world.parts.settler.settle()
    assert (tally.amount + again.amount, tally.records + again.records) == (sum(fees), len(fees))
    assert await balances(world, 4) == [before - sum(fees)]
    assert list(world.parts.store.owed()) == []
    assert world.parts.accounts.totals == (0, 0, 0)
    assert intent(world) is None


async def test_what_nobody_takes_is_sent_at_higher_prices_up_to_the_highest(world: World) -> None:
    first = await price_now(world)
    highest = first * 13 // 10
    flags = {"compute.settlement.bump_s": 1, "compute.settlement.gas_price_max": highest}
    async with world.serving(**flags):
        await world.fund(4, 3 * ONE)
        await owe(world, 4, 5, 6)
        (before,) = await balances(world, 4)
        await hold(world)
        task = settling(world)
        await eventually(lambda: len(attempts(world)) >= 3, 20)
        prices = attempts(world)
        assert all(later * 10 >= 11 * earlier for earlier, later in pairwise(prices))
        await asyncio.sleep(1.5)
        last = intent(world)
        assert last is not None
        assert max(attempts(world)) <= highest
        status = await world.node.call("txpool_status")
        assert int(status["pending"], 16) == 1  # each has taken the place of the one before
        await release(world)
        await done(world, task, before, 5, 6)
        assert await mined(world, last) == [len(last.attempts) - 1]


@everywhere
async def test_a_dearer_transaction_with_the_nonce_is_outbid(world: World) -> None:
    async with world.serving():
        await world.fund(4, 3 * ONE)
        await owe(world, 4, 7)
        (before,) = await balances(world, 4)
        await hold(world)
        price = 2 * await price_now(world)
        other = await rival(world, price)
        task = settling(world)
        last = await waiting(world)
        assert int(last.attempts[-1].price) > price
        await release(world)
        await done(world, task, before, 7)
        assert await world.parts.chain.receipt(other) is None
        assert await mined(world, last) == [len(last.attempts) - 1]


async def test_one_that_is_too_dear_goes_first_and_the_settlement_after_it(world: World) -> None:
    price = await price_now(world)
    async with world.serving(**{"compute.settlement.gas_price_max": 2 * price}):
        await world.fund(4, 3 * ONE)
        await owe(world, 4, 7)
        (before,) = await balances(world, 4)
        await hold(world)
        other = await rival(world, 4 * price)
        task = settling(world)
        await eventually(lambda: bool(attempts(world)) and attempts(world)[-1] * 10 >= 18 * price)
        lost = intent(world)
        await mine(world)
        await release(world)
        await done(world, task, before, 7)
        assert await world.parts.chain.receipt(other) is not None
        assert lost is not None
        assert await mined(world, lost) == []


async def test_it_counts_when_enough_blocks_stand_on_it(world: World) -> None:
    async with world.serving(**{"compute.settlement.confirmations": 3}):
        await world.fund(4, 3 * ONE)
        await owe(world, 4, 5)
        (before,) = await balances(world, 4)
        task = settling(world)
        await until_paid(world, before - 5)
        for _ in range(2):
            await mine(world)
            await asyncio.sleep(0.5)
            assert not task.done()
            assert [one.charge.due for one in world.parts.store.owed()] == [5]
        await mine(world)
        tally = await asyncio.wait_for(task, 10)
        assert (tally.amount, list(world.parts.store.owed())) == (5, [])


async def test_the_blocks_that_count_stand_on_the_block_where_it_is_now(world: World) -> None:
    async with world.serving(**{"compute.settlement.confirmations": 2}):
        await world.fund(4, 3 * ONE)
        await owe(world, 4, 5)
        (before,) = await balances(world, 4)
        snapshot = await world.node.call("evm_snapshot")
        task = settling(world)
        await until_paid(world, before - 5)
        sent = intent(world)
        assert sent is not None
        await hold(world)
        assert await world.node.call("evm_revert", snapshot)
        await mine(world, 2)
        await world.parts.chain.send(sent.attempts[0].raw)
        await mine(world)
        assert await mined(world, sent) == [0]
        await asyncio.sleep(0.6)
        assert not task.done()  # as many blocks as it once wanted, but none on top of it
        await mine(world, 2)
        tally = await asyncio.wait_for(task, 10)
        assert (tally.amount, await balances(world, 4)) == (5, [before - 5])


async def until_paid(world: World, balance: int) -> None:
    async with asyncio.timeout(10):
        while await balances(world, 4) != [balance]:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("rivalled", [False, True], ids=["alone", "with-a-rival"])
@everywhere
async def test_a_block_with_a_settlement_is_taken_back(world: World, rivalled: bool) -> None:
    """It is sent again; where another transaction has its nonce meanwhile, only once that one is there to stay."""
    flags: dict[str, Any] = {"compute.settlement.confirmations": 2, "compute.settlement.bump_s": 1}
    async with world.serving(**flags):
        await world.fund(4, 3 * ONE)
        await owe(world, 4, 5, 6)
        (before,) = await balances(world, 4)
        snapshot = await world.node.call("evm_snapshot")
        task = settling(world)
        await until_paid(world, before - 11)
        first = intent(world)
        assert first is not None
        await mine(world)
        await hold(world)
        assert await world.node.call("evm_revert", snapshot)
        assert await balances(world, 4) == [before]
        if rivalled:
            await rival(world, 100 * await price_now(world))
            await mine(world, 2)
            await asyncio.sleep(0.6)
            assert (intent(world) or first).id == first.id  # the rival's block could be taken back as well
            await mine(world)
            tally = await asyncio.wait_for(task, 10)
            assert (tally.amount, intent(world)) == (0, None)
            task = settling(world)
        await release(world)
        await until_paid(world, before - 11)
        second = intent(world)
        assert second is not None
        await mine(world, 2)
        await asyncio.wait_for(task, 20)
        for one in first.attempts:  # a node that remembers it: the nonce is used, and the contract has seen a later settlement
            await world.parts.chain.send(one.raw)
        await mine(world, 3)
        assert await balances(world, 4) == [before - 11]
        assert list(world.parts.store.owed()) == []
        assert sorted(owed.charge.paid for owed, _ in world.parts.store.history()) == [5, 6]

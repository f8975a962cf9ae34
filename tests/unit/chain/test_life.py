"""The life of a chain's data: restarts, folding, archive, reverts, re-execution, damage, the journal, the four steps."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from node_kit import ADDRESSES, KEYS, config_for, running, write_genesis
from test_rpc import LOGGER, deploying

from zerog import _native as native
from zerog.chain.blocks import FAMILIES, BlockStore, number_key
from zerog.chain.consensus.application import Application
from zerog.chain.executor import Executor, reexecute
from zerog.chain.genesis import Genesis, load, parse
from zerog.chain.pool import Journal, Pool, pack_raws, unpack_raws
from zerog.chain.service import load_genesis, open_store
from zerog.chain.signing import DevAccounts
from zerog.errors import ConfigError, Conflict, Corrupt, InvalidInput, NotFound, Unavailable
from zerog.store.kv import seal
from zerog.store.memory import MemoryKv

SIGNER = DevAccounts(["0x" + key.hex() for key in KEYS])
GWEI = 10**9


def genesis_in(home: Path) -> Genesis:
    return parse(write_genesis(home))


def wire(account: int, nonce: int, **request: Any) -> bytes:
    filled: dict[str, Any] = {
        "gas": 21_000, "nonce": nonce, "value": 1 + nonce, "to": bytes([nonce % 250, account]).rjust(20, b"\x70"),
        "max_fee_per_gas": 100 * GWEI, "max_priority_fee_per_gas": GWEI,
    }  # fmt: skip
    filled |= request
    if filled["to"] is None:
        del filled["to"]
    return SIGNER.sign_transaction(ADDRESSES[account], filled, 16601)


class Chain:
    """An executor over a store in memory, driven by hand."""

    def __init__(self, genesis: Genesis, kv: MemoryKv, *, archive: bool = False, **options: int) -> None:
        self.genesis, self.kv = genesis, kv
        self.blocks = BlockStore(kv, archive=archive)
        self.executor = Executor(self.blocks, genesis, **options)
        self.opened = self.executor.open()

    def block(self, *wires: bytes, timestamp: int | None = None) -> Any:
        number = self.executor.engine.head()[0]
        at = timestamp if timestamp is not None else self.genesis.fields["timestamp"] + 1 + number
        sealed = self.executor.engine.build_with(list(wires), at, bytes(20), bytes(32))
        assert not sealed.failed
        self.executor.commit(sealed)
        return sealed

    def balance(self, address: bytes, number: int | None = None) -> int:
        return int(self.executor.engine.account(address, number)[1])


@pytest.fixture
def genesis(tmp_path: Path) -> Genesis:
    return genesis_in(tmp_path)


def new_kv() -> MemoryKv:
    return MemoryKv(list(FAMILIES))


def test_restart_gives_the_same_chain(genesis: Genesis) -> None:
    kv = new_kv()
    chain = Chain(genesis, kv, history_blocks=8, fold_interval_blocks=4)
    assert chain.opened.fresh
    contract = None
    for number in range(30):
        wires = [wire(number % 5, number // 5)]
        if number == 3:
            wires.append(wire(6, 0, to=None, data=deploying(LOGGER), gas=300_000))
        sealed = chain.block(*wires)
        if number == 3:
            contract = native.record_receipt_json(sealed.record, 1)
        chain.executor.fold()
    assert contract is not None
    assert 0 < chain.blocks.folded() < 30
    again = Chain(genesis, kv, history_blocks=8, fold_interval_blocks=4)
    assert not again.opened.fresh
    assert again.opened.number == 30
    assert again.opened.replayed == 30 - chain.blocks.folded()
    assert again.executor.engine.head() == chain.executor.engine.head()
    for address in ADDRESSES:
        assert again.executor.engine.account(address) == chain.executor.engine.account(address)
    a, b = (
        chain.block(wire(0, 6)),
        again.executor.engine.build_with([wire(0, 6)], genesis.fields["timestamp"] + 31, bytes(20), bytes(32)),
    )
    assert a.hash == b.hash


def test_restart_after_a_kill_between_any_two_writes(genesis: Genesis) -> None:
    """E8: whatever the last whole batch was, the chain goes on from it, and gets to the same blocks."""
    kv = new_kv()
    chain = Chain(genesis, kv, history_blocks=2, fold_interval_blocks=1)
    hashes = [chain.executor.engine.head()[1]]
    writes: list[tuple[int, dict[str, dict[bytes, bytes]]]] = []
    original = kv.write

    def write(batch: Any, *, sync: bool = True) -> None:
        original(batch, sync=sync)
        writes.append((chain.blocks.head().number, {family: dict(kv._records[family]) for family in FAMILIES}))

    kv.write = write  # type: ignore[method-assign]
    for number in range(8):
        hashes.append(chain.block(wire(0, number)).hash)
        chain.executor.fold()
    assert len(writes) > 8
    for height, records in writes:
        copy = new_kv()
        copy._records = {family: dict(rows) for family, rows in records.items()}
        again = Chain(genesis, copy, history_blocks=2, fold_interval_blocks=1)
        assert again.executor.engine.head() == (height, hashes[height])
        if height < 8:
            assert again.block(wire(0, height)).hash == hashes[height + 1]


def test_reexecution_agrees_and_notices_a_difference(genesis: Genesis) -> None:
    kv = new_kv()
    chain = Chain(genesis, kv)
    for number in range(10):
        last = chain.block(*(wire(account, number) for account in range(4)))
    seen: list[int] = []
    assert reexecute(chain.blocks, genesis, progress=seen.append) == (10, last.state_root)
    assert seen == list(range(1, 11))
    assert reexecute(chain.blocks, genesis, last=4)[0] == 4
    richer = parse({**_json(genesis), "alloc": {"0x" + ADDRESSES[0].hex(): {"balance": "0x5"}}})
    with pytest.raises(Corrupt, match="genesis"):
        reexecute(chain.blocks, richer)
    kv.damage("blocks", number_key(5), kv.raw("blocks", number_key(4)))
    with pytest.raises(Corrupt):
        reexecute(chain.blocks, genesis)


def _json(genesis: Genesis) -> dict[str, Any]:
    return {"config": genesis.config, "timestamp": genesis.fields["timestamp"], "gasLimit": genesis.fields["gas_limit"]}


def test_damage_is_found_at_start_not_later(genesis: Genesis) -> None:
    """C4: a flipped bit in any record that a start reads stops the start."""
    kv = new_kv()
    chain = Chain(genesis, kv, history_blocks=4, fold_interval_blocks=2)
    for number in range(12):
        chain.block(wire(0, number))
        chain.executor.fold()
    folded = chain.blocks.folded()
    victims = [
        ("accounts", ADDRESSES[0]),
        ("diffs", number_key(folded + 1)),
        ("blocks", number_key(folded + 1)),
        ("meta", b"head"),
    ]
    for family, key in victims:
        good = kv.raw(family, key)
        bad = bytearray(good)
        bad[len(bad) // 2] ^= 4
        kv.damage(family, key, bytes(bad))
        with pytest.raises(Corrupt):
            Chain(genesis, kv)
        kv.damage(family, key, good)
    assert Chain(genesis, kv).opened.number == 12


def test_a_lost_row_is_found_by_the_root(genesis: Genesis) -> None:
    kv = new_kv()
    Chain(genesis, kv)
    del kv._records["accounts"][ADDRESSES[0]]
    with pytest.raises(Corrupt):
        Chain(genesis, kv)


def test_another_genesis_or_format_is_refused_untouched(genesis: Genesis, tmp_path: Path) -> None:
    """C16."""
    kv = new_kv()
    Chain(genesis, kv)
    before = {family: dict(rows) for family, rows in kv._records.items()}
    other = parse(write_genesis(tmp_path / "other", timestamp="0x1"))
    with pytest.raises(Conflict, match="another genesis"):
        Chain(other, kv)
    with pytest.raises(Conflict, match="archive"):
        Chain(genesis, kv, archive=True)
    assert kv._records == before
    kv_format = new_kv()
    kv_format._records = {family: dict(rows) for family, rows in before.items()}
    kv_format.damage("meta", b"format", seal("meta", b"format", (99).to_bytes(4, "big")))
    with pytest.raises(Conflict, match="format 99"):
        Chain(genesis, kv_format)


def test_a_failed_write_leaves_the_old_head_and_stops_writing(genesis: Genesis) -> None:
    """C6."""
    kv = new_kv()
    chain = Chain(genesis, kv)
    chain.block(wire(0, 0))
    kv.fail_next_write = True
    with pytest.raises(Unavailable):
        chain.block(wire(0, 1))
    assert chain.executor.engine.head()[0] == 1
    assert chain.balance(bytes([1, 0]).rjust(20, b"\x70")) == 0
    kv.fail_next_write = False
    with pytest.raises(Unavailable):
        chain.block(wire(0, 1))
    kv._broken = None  # the restart
    again = Chain(genesis, kv)
    assert again.opened.number == 1
    again.block(wire(0, 1))


def test_archive_answers_every_height(genesis: Genesis) -> None:
    kv = new_kv()
    chain = Chain(genesis, kv, archive=True, history_blocks=4, fold_interval_blocks=2)
    target = b"\x70" * 18
    balances: list[list[int]] = [[chain.balance(address) for address in ADDRESSES[:3]]]
    for number in range(40):
        chain.block(wire(number % 3, number // 3, value=1000 + number, to=target + b"\x01\x02"))
        chain.executor.fold()
        balances.append([chain.balance(address) for address in ADDRESSES[:3]])
    for executor in (chain.executor, Chain(genesis, kv, archive=True, history_blocks=4, fold_interval_blocks=2).executor):
        for number, wanted in enumerate(balances):
            assert [executor.engine.account(address, number)[1] for address in ADDRESSES[:3]] == wanted, number
            sent = sum(1000 + n for n in range(number))
            assert executor.engine.account(target + b"\x01\x02", number)[1] == sent
    plain = Chain(genesis, new_kv(), history_blocks=4, fold_interval_blocks=2)
    for number in range(40):
        plain.block(wire(0, number))
        plain.executor.fold()
    with pytest.raises(NotFound):
        plain.executor.engine.account(ADDRESSES[0], 0)


def test_revert_goes_back_and_on(genesis: Genesis) -> None:
    kv = new_kv()
    chain = Chain(genesis, kv, history_blocks=4, fold_interval_blocks=2)
    first = [chain.block(wire(0, number)) for number in range(3)]
    chain.executor.hold(3)
    for number in range(3, 20):
        last = chain.block(wire(0, number))
        chain.executor.fold()
    assert chain.blocks.folded() <= 3
    chain.executor.revert(3)
    assert chain.executor.engine.head() == (3, first[2].hash)
    assert chain.blocks.transaction(native.keccak256(wire(0, 10))) is None
    assert chain.blocks.number_of(last.hash) is None
    chain.executor.hold(None)
    for number in range(3, 20):
        again = chain.block(wire(0, number))
        chain.executor.fold()
    assert again.hash == last.hash
    with pytest.raises(Conflict):
        chain.executor.revert(0)


def test_journal_keeps_what_waits_and_drops_what_is_done(genesis: Genesis) -> None:
    kv = new_kv()
    journal = Journal(kv, sync=True)
    raws = [wire(0, n) for n in range(6)]
    hashes = [native.keccak256(raw) for raw in raws]
    synced = kv.synced_writes
    journal.append(raws[:3], hashes[:3], 1)
    journal.append(raws[3:], hashes[3:], 2)
    assert kv.synced_writes == synced + 2
    journal.forget(hashes[:2])
    journal.tidy()
    assert [entry for _, entry in Journal(kv, sync=True).load()] == [raws[:3], raws[3:]]
    journal.forget(hashes[2:3])
    journal.tidy()
    assert [entry for _, entry in Journal(kv, sync=True).load()] == [raws[3:]]
    assert len(journal.older_than(3)) == 3
    assert set(journal.older_than(3)) == set(hashes[3:])
    assert journal.older_than(2) == []
    assert unpack_raws(pack_raws(raws)) == raws
    assert unpack_raws(pack_raws([])) == []


@contextmanager
def application(chain: Chain) -> Iterator[tuple[Application, Pool]]:
    pool = Pool(lambda: chain.executor.engine, Journal(chain.kv, sync=True))
    app = Application(chain.executor, pool, randomness=lambda: bytes(32))
    try:
        yield app, pool
    finally:
        app.close()


async def admitting(pool: Pool, work: Callable[[], Any]) -> Any:
    """Run ``work`` while the pool admits."""
    rounds = asyncio.create_task(pool.run())
    try:
        return await work()
    finally:
        rounds.cancel()
        await asyncio.wait([rounds])


async def test_the_four_steps_are_those_of_the_short_way(genesis: Genesis) -> None:
    """What CometBFT will drive gives the blocks that the embedded proposer makes; a proposal of somebody else is checked."""
    proposer, follower = Chain(genesis, new_kv()), Chain(genesis, new_kv())
    at = genesis.fields["timestamp"]
    with application(proposer) as (ours, pool), application(follower) as (theirs, _):
        await ours.open()
        await theirs.open()
        seen: list[int] = []
        stop = theirs.on_block(lambda block: seen.append(block.number))
        with pytest.raises(Conflict):
            await ours.commit()

        async def heights() -> None:
            for height in range(1, 5):
                answers = await pool.submit([wire(account, height - 1) for account in range(3)])
                assert all(isinstance(answer, bytes) for answer in answers)
                block_rlp = await ours.prepare_proposal(at + height)
                assert await ours.process_proposal(block_rlp)
                assert await theirs.process_proposal(block_rlp)
                broken = bytearray(block_rlp)
                broken[300] ^= 1  # inside the header's bloom
                assert not await theirs.process_proposal(bytes(broken))
                decided = [await app.finalize_block(block_rlp) for app in (ours, theirs)]
                assert decided[0] == decided[1]
                blocks = [await app.commit() for app in (ours, theirs)]
                assert blocks[0] == blocks[1]
                assert blocks[0].tx_count == 3
            with pytest.raises(InvalidInput):
                await theirs.finalize_block(b"\xc0")

        await admitting(pool, heights)
        assert seen == [1, 2, 3, 4]
        stop()
        assert ours.head == theirs.head


async def test_whoever_goes_away_in_the_middle_of_a_block_stops_no_chain(genesis: Genesis, seed: int) -> None:
    """A caller is cancelled at any moment of any step, as ``evm_mine`` is when its client hangs up."""
    rng = random.Random(seed)
    chain = Chain(genesis, new_kv())
    seen: list[int] = []
    cut = 0
    with application(chain) as (app, _):
        await app.open()
        app.on_block(lambda block: seen.append(block.number))
        for round in range(60):
            at = genesis.fields["timestamp"] + 1 + round
            work = app.prepare_proposal(at) if round % 3 == 2 else app.produce(at)
            asked = asyncio.create_task(work)
            for _ in range(rng.randrange(12)):
                await asyncio.sleep(rng.choice((0, 0.0002)))
            asked.cancel()
            await asyncio.wait([asked])
            cut += asked.cancelled()
            assert app.latest.number == chain.executor.engine.head()[0] == len(seen)
        assert cut > 10
        await app.produce(genesis.fields["timestamp"] + 100)
        assert seen == list(range(1, app.latest.number + 1))


async def test_acknowledged_transactions_are_in_the_pool_after_a_restart(genesis: Genesis) -> None:
    kv = new_kv()
    chain = Chain(genesis, kv)
    with application(chain) as (app, pool):
        await app.open()
        sent = [wire(account, nonce) for account in range(3) for nonce in range(4)]
        answers = await admitting(pool, lambda: pool.submit(sent))
        assert answers == [native.keccak256(raw) for raw in sent]
        refused = await admitting_again(chain, [sent[0], b"\x02junk"])
        assert [type(answer).__name__ for answer in refused] == ["RpcError", "RpcError"]
    again = Chain(genesis, kv)
    with application(again) as (app, pool):
        await app.open()
        assert again.executor.engine.pool_status() == (12, 0)
        block = await app.produce(genesis.fields["timestamp"] + 1)
        assert block.tx_count == 12
        await admitting(pool, lambda: pool.submit([wire(5, 0)]))
    last = Chain(genesis, kv)
    with application(last) as (app, pool):
        await app.open()
        assert last.executor.engine.pool_status() == (1, 0)
        assert len(list(kv.scan("journal"))) == 1


async def admitting_again(chain: Chain, raws: list[bytes]) -> list[bytes | Exception]:
    pool = Pool(lambda: chain.executor.engine, None)
    answers: list[bytes | Exception] = await admitting(pool, lambda: pool.submit(raws))
    return answers


async def test_callers_of_one_moment_share_one_sync(genesis: Genesis) -> None:
    kv = new_kv()
    chain = Chain(genesis, kv)
    with application(chain) as (app, pool):
        await app.open()
        before = kv.synced_writes

        async def many() -> None:
            answers = await asyncio.gather(*(pool.submit([wire(account, 0)]) for account in range(10)))
            assert all(isinstance(answer[0], bytes) for answer in answers)

        await admitting(pool, many)
        assert 1 <= kv.synced_writes - before < 10


async def test_a_node_restarts_with_its_pool(tmp_path: Path) -> None:
    home = tmp_path / "home"
    async with running(home, **{"chain.consensus.instant": False, "chain.consensus.block_interval_ms": 3_600_000}) as node:
        await node.call("evm_mine")
        hash = await node.send(0, value=3)
        assert (await node.call("eth_getTransactionByHash", hash))["blockHash"] is None
    began = time.monotonic()
    async with running(home) as node:
        assert time.monotonic() - began < 5
        assert (await node.mined(hash))["status"] == "0x1"
        height = await node.call("eth_blockNumber")
    config = config_for(home).chain
    with open_store(config) as blocks:
        assert hex(reexecute(blocks, load_genesis(config))[0]) == height
        with pytest.raises(Conflict), open_store(config):
            pass


async def test_sender_that_drains_itself_does_not_stop_the_chain(tmp_path: Path) -> None:
    """CH-07: packed by limit, unpayable at execution, left out and named; the rest of the block stands."""
    async with running(
        tmp_path / "home", **{"chain.consensus.instant": False, "chain.consensus.block_interval_ms": 3_600_000}
    ) as node:
        await node.call("evm_mine")
        for nonce in range(3):
            await node.send(4, nonce=nonce, value=10)
        await node.send(5, value=1)
        await node.call("evm_mine")
        assert await node.call("eth_getBlockTransactionCountByNumber", "latest") == "0x4"


def test_genesis_files(tmp_path: Path) -> None:
    value = write_genesis(tmp_path)
    genesis = load(tmp_path / "genesis.json")
    assert genesis.chain_id == 16601
    assert genesis.fingerprint() == parse(value).fingerprint()
    assert genesis.fingerprint() != parse({**value, "timestamp": "0x5"}).fingerprint()
    bad: list[dict[str, Any]] = [
        {"config": {}}, {"config": {**value["config"], "chainId": 0}}, {"config": {**value["config"], "londonBlock": 5}},
        {"config": {**value["config"], "cancunTime": 5}}, {"alloc": []}, {"alloc": {"0x12": {}}}, {"difficulty": "0x1"},
        {"extraData": "0x" + "00" * 33}, {"gasLimit": "x"}, {"timestamp": -1}, {"coinbase": "0x1"},
        {"config": {**value["config"], "zerog": {"unknown": 1}}},
    ]  # fmt: skip
    for change in bad:
        with pytest.raises(InvalidInput):
            parse({**value, **change})
    (tmp_path / "genesis.json").write_text("{")
    with pytest.raises(ConfigError):
        load(tmp_path / "genesis.json")
    with pytest.raises(ConfigError):
        load(tmp_path / "absent.json")


def test_random_blocks_survive_random_restarts(genesis: Genesis, seed: int) -> None:
    rng = random.Random(seed)
    kv = new_kv()
    chain = Chain(genesis, kv, history_blocks=3, fold_interval_blocks=2)
    nonces = [0] * 6
    for _ in range(40):
        wires = []
        for _ in range(rng.randrange(4)):
            account = rng.randrange(6)
            wires.append(wire(account, nonces[account], to=rng.choice(ADDRESSES), value=rng.randrange(1000)))
            nonces[account] += 1
        chain.block(*wires)
        if rng.random() < 0.5:
            chain.executor.fold()
        if rng.random() < 0.2:
            head = chain.executor.engine.head()
            chain = Chain(genesis, kv, history_blocks=rng.randrange(1, 6), fold_interval_blocks=rng.randrange(1, 4))
            assert chain.executor.engine.head() == head
    assert reexecute(chain.blocks, genesis)[0] == 40


async def test_a_proposer_held_back_by_hand_stops_at_once_and_goes_on_at_once(tmp_path: Path) -> None:
    async with running(tmp_path / "home", **{"chain.consensus.block_interval_ms": 3_600_000}) as node:
        await node.mined(await node.send())
        await node.call("evm_setAutomine", False)
        waiting = await node.send()
        await asyncio.sleep(0.3)
        assert await node.call("eth_getTransactionReceipt", waiting) is None
        await node.call("evm_setAutomine", True)
        await node.mined(waiting)

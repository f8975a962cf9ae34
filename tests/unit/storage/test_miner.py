"""Mining from end to end on our own chain: seals, answers, epochs, difficulty, restarts, and copies that went bad."""

from __future__ import annotations

import itertools
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.contracts.test_pora import adjusted
from tests.unit.storage.harness import Refused, Running, SimulatedEth, config_for, pattern
from tests.unit.storage.mining_kit import BENEFICIARY, EPOCH, Chain, chain, key_file, miner, store, until

from oracle import pora as oracle
from zerog.contracts import flow, mine, registry
from zerog.contracts.calls import call as contract_call
from zerog.contracts.calls import nothing
from zerog.contracts.flow import EpochRange, MineContext
from zerog.errors import ConfigError, Corrupt, PeerFault
from zerog.primitives import pora
from zerog.primitives.hashing import keccak256
from zerog.runtime.eth import HttpEth
from zerog.runtime.key import Key
from zerog.runtime.metrics import new_registry
from zerog.storage.api import Shard
from zerog.storage.miner import MinerService, MiningTask, task_of
from zerog.storage.sealing import Epochs, Run, Sealed, decode_sealed, encode_sealed
from zerog.storage.service import serve
from zerog.storage.store import FAMILIES, Store
from zerog.store.kv import Batch
from zerog.store.memory import MemoryKv
from zerog.wire.transaction import Transaction

MOST = (1 << 256) - 1


@pytest.fixture
async def on(tmp_path: Path) -> AsyncIterator[Chain]:
    async with chain(tmp_path / "chain") as running:
        yield running


async def answered(on: Chain, epoch: int, count: int = 4) -> list[mine.AnswerAccepted]:
    """Wait until an epoch has as many answers as it takes."""

    async def enough() -> list[mine.AnswerAccepted]:
        found = [answer for answer in await on.answers() if answer.epoch == epoch]
        return found if len(found) >= count else []

    found: list[mine.AnswerAccepted] = await until(enough)
    return found


def sealed_rows(node: Running) -> dict[bytes, bytes]:
    return dict(node.node.store.kv.scan("sealed"))


@pytest.mark.slow
async def test_answers_are_accepted_epoch_after_epoch_and_difficulty_follows(on: Chain, tmp_path: Path) -> None:
    """Twice the wanted number of answers comes in every epoch, so that the target shrinks by the rule of the contract."""
    ratio = contract_call("PoraMine", "setDifficultyAdjustRatio", 3, read=nothing)
    await on.send(registry.MINE, ratio, account=0)
    target = (await on.parameters()).pora_target
    async with miner(tmp_path / "node", on) as node:
        await store(on, node, pattern(600_000, 1))
        for number in range(1, 6):
            assert await on.next_epoch() == number
            found = await answered(on, number)
            assert [answer.epoch_index for answer in found] == [0, 1, 2, 3]
            wanted = target if number == 1 else adjusted(target, 2, 4, 3, 0)
            target = (await on.parameters()).pora_target
            assert target == wanted
    assert target < MOST // 2
    answers = await on.answers()
    assert len(answers) == 20
    (id,) = {answer.miner_id for answer in answers}
    assert await on.ask(registry.MINE, mine.beneficiary(id)) == BENEFICIARY


@pytest.mark.slow
async def test_a_restart_keeps_the_id_and_the_seals(on: Chain, tmp_path: Path) -> None:
    async with miner(tmp_path / "node", on) as node:
        await store(on, node, pattern(600_000, 1))
        await on.next_epoch()
        await answered(on, 1)
        before = sealed_rows(node)
        assert len(before) == (await on.ask(registry.FLOW, flow.context())).flow_length // 1024
        await node.admin("miner_stop")
    async with miner(tmp_path / "node", on) as node:
        await on.next_epoch()
        await answered(on, 2)
        assert sealed_rows(node) == before
    assert len({answer.miner_id for answer in await on.answers()}) == 1


@pytest.mark.slow
async def test_loads_from_the_disk(on: Chain, tmp_path: Path) -> None:
    async with miner(tmp_path / "node", on, **{"storage.miner.cache_bytes": 0, "storage.miner.threads": 1}) as node:
        await store(on, node, pattern(600_000, 1))
        await on.next_epoch()
        await answered(on, 1)


@pytest.mark.slow
async def test_a_bad_copy_is_found_before_it_is_sent_and_made_again(on: Chain, tmp_path: Path) -> None:
    async with miner(tmp_path / "node", on, **{"storage.miner.cache_bytes": 0}) as node:
        await store(on, node, pattern(262_144, 1))
        await node.admin("miner_stop")
        await on.next_epoch()
        rows = await until(lambda: sealed_rows(node) if len(sealed_rows(node)) == 2 else None)
        kv, batch = node.node.store.kv, Batch()
        for key, record in rows.items():
            batch.put("sealed", key, record[: -pora.LOAD_SIZE_BYTES] + bytes(pora.LOAD_SIZE_BYTES))
        kv.write(batch)
        await node.admin("miner_start")
        await answered(on, 1)
        await until(lambda: any(row == rows[key] for key, row in sealed_rows(node).items()))


@pytest.mark.slow
async def test_one_shard_answers_with_its_own_segments(on: Chain, tmp_path: Path) -> None:
    async with miner(tmp_path / "node", on, **{"storage.shard": "1/2"}) as node:
        await store(on, node, pattern(1 << 20, 1))
        await on.next_epoch()
        found = await answered(on, 1)
        assert {answer.recall_position // 1024 % 2 for answer in found} == {1}
        assert {int.from_bytes(key, "big") % 2 for key in sealed_rows(node)} == {1}


@pytest.mark.slow
async def test_a_segment_over_the_border_of_epochs(on: Chain, tmp_path: Path) -> None:
    """Its seals stand under two digests, and answers from both parts are accepted."""
    async with miner(tmp_path / "node", on) as node:
        await store(on, node, pattern(100_000, 1))
        await on.next_epoch()
        await on.send(registry.FLOW, flow.make_context())
        border = (await on.ask(registry.FLOW, flow.context())).flow_length
        assert 0 < border < 1024
        await store(on, node, pattern(100_000, 2))
        await store(on, node, pattern(262_144, 3))
        epoch, sides = await on.next_epoch(), set()
        while len(sides) < 2:
            found = await answered(on, epoch)
            sides |= {answer.recall_position + 16 <= border for answer in found if answer.recall_position < 1024}
            epoch = await on.next_epoch()
        sealed = decode_sealed(sealed_rows(node)[bytes(8)], (await on.answers())[0].miner_id)
        assert sealed is not None
        assert [run.first for run in sealed.runs] == [0, border // 16]


async def test_the_operator_stops_and_starts(on: Chain, tmp_path: Path) -> None:
    async with miner(tmp_path / "node", on) as node:
        await store(on, node, pattern(262_144, 1))
        assert await node.admin("miner_stop") is True
        await on.next_epoch()
        await until(lambda: len(sealed_rows(node)) == 2)
        assert await on.answers() == []
        with pytest.raises(Refused, match=r"start_position.*multiple of 33554432"):
            await node.admin("miner_setStartPosition", 5)
        assert await node.admin("miner_setStartPosition", 1 << 25) is True
        assert await node.admin("miner_start") is True
        await answered(on, 1)

        async def told() -> bool:
            async with node.session.get(node.endpoints.metrics_url) as response:
                text = await response.text()
            assert "zerog_storage_miner_sealed_segments 2.0" in text
            return 'zerog_storage_miner_submissions_total{result="accepted"} 4.0' in text

        await until(told)


@pytest.mark.slow
@pytest.mark.parametrize("pays", [True, False])
async def test_epochs_are_closed_where_nobody_submits(on: Chain, tmp_path: Path, pays: bool) -> None:
    """More than fit one transaction; without the setting they stay open."""
    async with miner(tmp_path, on, **{"storage.miner.close_epochs": pays}) as node:
        await on.blocks(50 * EPOCH)
        await until(lambda: node.node.store.kv.get("misc", b"miner_id/" + registry.MINE))
        if pays:
            await until(lambda: closed(on, 50))
        else:
            assert not await closed(on, 1)


async def closed(on: Chain, epochs: int) -> bool:
    return bool(await on.ask(registry.FLOW, flow.epoch()) >= epochs)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"key_file": ""}, "key_file: expected a private file"),
        ({"key_file": "absent"}, "key_file"),
        ({"mine": "0x12"}, "mine: .*20 bytes"),
        ({"beneficiary": "me"}, "beneficiary"),
        ({"miner_id": "0x12"}, "miner_id"),
        ({"start_position": 1024}, "multiple of 33554432"),
    ],
)
def test_settings_that_do_not_fit(tmp_path: Path, settings: dict[str, Any], words: str) -> None:
    flags = {"storage.miner.key_file": str(key_file(tmp_path))}
    flags |= {f"storage.miner.{key}": value for key, value in settings.items()}
    config = config_for(tmp_path / "node", **flags).storage
    with pytest.raises(ConfigError, match=words):
        MinerService(config, Store(MemoryKv(FAMILIES)), HttpEth("http://127.0.0.1:1"), bytes(20), 1, new_registry())


async def test_a_chain_that_takes_no_transactions(tmp_path: Path) -> None:
    flags = {"storage.miner.enabled": True, "storage.miner.key_file": str(key_file(tmp_path))}
    with pytest.raises(ConfigError, match="takes no transactions"):
        await serve(config_for(tmp_path / "node", **flags), eth=SimulatedEth())


def test_keys_stay_secret(tmp_path: Path) -> None:
    path = key_file(tmp_path)
    key = Key.read(path, named="it")
    assert path.read_text() not in repr(key) + str(key)
    raw = key.sign(Transaction(type=0, chain_id=5, nonce=0, gas_limit=21_000, to=bytes(20), gas_price=1))
    assert raw[0] == 0xF8
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="0600"):
        Key.read(path, named="it")
    path.chmod(0o600)
    for text in ("", "0x12", "z" * 64, "0" * 64, "f" * 64):
        path.write_text(text)
        with pytest.raises(ConfigError, match="it: expected"):
            Key.read(path, named="it")


CONTEXT = MineContext(3, 100, b"\1" * 32, 10_499, b"\2" * 32, b"\3" * 32)
WORK = mine.WorkerContext(CONTEXT, MOST // 7, b"\4" * 32, 32)


@pytest.mark.parametrize(
    ("change", "shard", "words"),
    [
        ({"context": replace(CONTEXT, digest=registry.EMPTY_HASH)}, Shard(), "no digest"),
        ({"subtask_digest": bytes(32)}, Shard(), "outside"),
        ({"pora_target": 0}, Shard(), "enough answers"),
        ({"max_shards": 2}, Shard(1, 4), "at most 2"),
        ({"context": replace(CONTEXT, flow_length=1023)}, Shard(), "less than one load"),
    ],
)
def test_nothing_to_mine(change: dict[str, Any], shard: Shard, words: str) -> None:
    found = task_of(replace(WORK, **change), shard)
    assert isinstance(found, str)
    assert words in found


def test_what_to_mine() -> None:
    found = task_of(WORK, Shard(1, 4), 1 << 25)
    assert isinstance(found, MiningTask)
    assert found.recall_range == pora.Range(0, 10_240, 1, pora.shard_mask(4))
    assert found.threshold == oracle.threshold(MOST // 7, 10_499, 4)
    assert (found.chunk_start, found.chunk_end) == (0, 10)
    large = task_of(replace(WORK, context=replace(CONTEXT, flow_length=(1 << 36) + 5)), Shard(), 3 << 25)
    assert isinstance(large, MiningTask)
    assert large.recall_range == pora.Range(3 << 25, 1 << 35)
    latest = task_of(replace(WORK, context=replace(CONTEXT, flow_length=(1 << 35) + (5 << 25) + 7)), Shard(), 1 << 40)
    assert isinstance(latest, MiningTask)
    assert latest.recall_range == pora.Range(5 << 25, 1 << 35)


def test_sealed_records_are_read_with_care(seed: int) -> None:
    rng = random.Random(seed)
    id, data = rng.randbytes(32), rng.randbytes(pora.LOAD_SIZE_BYTES)
    runs = (Run(0, rng.randbytes(32)), Run(7, rng.randbytes(32)), Run(63, rng.randbytes(32)))
    record = encode_sealed(id, runs, data)
    read = decode_sealed(record, id)
    assert read is not None
    assert (bytes(read.data), read.runs) == (data, runs)
    assert [read.digest(seal) for seal in (0, 6, 7, 62, 63)] == [runs[0].digest] * 2 + [runs[1].digest] * 2 + [runs[2].digest]
    assert decode_sealed(record, bytes(32)) is None
    disordered = encode_sealed(id, (runs[0], runs[2], runs[1]), data)
    outside = encode_sealed(id, (runs[0], Run(64, bytes(32))), data)
    short = (b"", record[:33], record[:-1], record + b"\0", b"\2" + record[1:])
    for bad in (*short, encode_sealed(id, (), data), encode_sealed(id, runs[1:], data), disordered, outside):
        with pytest.raises(Corrupt, match="sealed segment"):
            decode_sealed(bad, id)
    head = len(record) - len(data)
    for _ in range(300):
        at = rng.randrange(head)
        mutated = record[:at] + bytes([rng.randrange(256)]) + record[at + 1 :]
        try:
            found = decode_sealed(mutated, id)
        except Corrupt:
            continue
        assert found is None or isinstance(found, Sealed)
        if found is not None:
            assert all(len(found.digest(seal)) == 32 for seal in range(64))


async def test_digests_of_a_segment_are_those_of_the_last_sectors(seed: int) -> None:
    """Against asking for each seal, for epochs that end anywhere."""
    rng = random.Random(seed)
    borders = sorted({0, 5000, *(rng.randrange(1, 5000) for _ in range(9)), *(16 * rng.randrange(1, 300) for _ in range(4))})
    ranges = [EpochRange(start, end, keccak256(b"%d" % start)) for start, end in itertools.pairwise(borders)]
    asked = []

    async def ask(sector: int) -> EpochRange:
        asked.append(sector)
        return next(held for held in ranges if held.start <= sector < held.end)

    epochs = Epochs(ask)
    for segment in (2, 0, 3, 1, 0):
        sealed = Sealed(memoryview(b""), await epochs.runs(segment))
        for seal in range(64):
            last = 1024 * segment + 16 * seal + 15
            assert sealed.digest(seal) == next(held.digest for held in ranges if held.start <= last < held.end)
        assert len(sealed.runs) == len(set(sealed.runs))
    assert len(asked) <= len(ranges), "an epoch is asked for once"

    async def lie(sector: int) -> EpochRange:
        return EpochRange(sector + 1, sector + 2, bytes(32))

    with pytest.raises(PeerFault, match="names epoch"):
        await Epochs(lie).runs(0)


def test_the_kit_closes_epochs() -> None:
    assert EPOCH > 16, "four answers and a few transactions of the tests fit one epoch"

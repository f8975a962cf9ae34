"""The recorded proof of random access is accepted; every change of it is refused, with the contract's own words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from tests.unit.contracts.contract_kit import ALICE, BOB, OWNER
from tests.unit.contracts.storage_kit import (
    MINER,
    StorageWorld,
    attempt,
    find_answer,
    network_with,
    pattern,
    raw,
    recorded,
    seal,
    vectors,
)

from zerog._native import keccak256
from zerog.contracts import flow, mine, registry
from zerog.contracts.artifact import load

EPOCH = 20
FIXED = 4
OTHER_MINER = bytes(keccak256(b"another miner"))
VALUES = vectors()["pora"]["v"]
MINER_ID = raw(VALUES["minerId"])


def registered(*miners: bytes) -> dict[bytes, dict[int, int]]:
    artifact = load("PoraMine")
    return {registry.MINE: {artifact.entry("beneficiaries", miner): int.from_bytes(BOB, "big") for miner in miners}}


def recorded_answer() -> mine.PoraAnswer:
    where = VALUES["range"]
    digest = raw(VALUES["contextDigest"])
    return mine.PoraAnswer(
        context_digest=digest,
        nonce=raw(VALUES["nonce"]),
        miner_id=MINER_ID,
        range=mine.RecallRange(where["startPosition"], where["mineLength"], where["shardId"], int(where["shardMask"], 16)),
        recall_position=VALUES["recallPosition"],
        seal_offset=VALUES["sealOffset"],
        sealed_context_digest=digest,
        sealed_data=seal(pattern(4096), MINER_ID, digest, VALUES["recallPosition"]),
        merkle_proof=tuple(raw(item) for item in VALUES["merkleProof"]),
    )


def recorded_world(**changes: Any) -> StorageWorld:
    """The 13 submissions are in; the block at the end of the first epoch has the recorded hash; one block later."""
    net = network_with(**{"blocks_per_epoch": EPOCH, "mine_settings": FIXED, **changes})
    world = StorageWorld(net, number=EPOCH - 1, written=registered(MINER_ID, OTHER_MINER))
    for index in range(13):
        world.add(recorded(index))
    world.number = EPOCH + 1
    world.hashes = {EPOCH: raw(VALUES["blockHash"])}
    return world


@pytest.fixture(scope="module")
def shared() -> StorageWorld:
    """For transactions that fail, which leave the world as it is."""
    return recorded_world()


def test_the_plain_statement_agrees_with_the_record() -> None:
    answer = recorded_answer()
    assert answer.range.digest == raw(VALUES["rangeDigest"])
    assert answer.sealed_data[:64] == raw(VALUES["sealedFirst64"])
    assert keccak256(answer.sealed_data) == raw(VALUES["sealedKeccak"])
    made = attempt(answer.miner_id, answer.nonce, raw(VALUES["subtaskDigest"]), answer.range)
    assert (made.pad_seed, made.seed) == (raw(VALUES["padSeed"]), raw(VALUES["recallSeed"]))
    assert keccak256(made.pad) == raw(VALUES["scratchKeccak"])
    assert made.load + 16 * answer.seal_offset == VALUES["recallPosition"]
    assert made.quality(0, answer.sealed_data) == raw(VALUES["poraHash"])


@pytest.mark.parametrize("changes", [{}, {"mine_settings": 0, "difficulty": 1}], ids=["fixed target", "difficulty 1"])
def test_the_recorded_answer_is_accepted(changes: dict[str, int]) -> None:
    world = recorded_world(**changes)
    work = world.ask(registry.MINE, mine.worker_context(MINER_ID), sender=mine.WORKER_CONTEXT_CALLER)
    assert work.context == flow.MineContext(
        1, EPOCH, raw(VALUES["flowRoot"]), VALUES["flowLength"], raw(VALUES["blockHash"]), raw(VALUES["contextDigest"])
    )
    assert work.subtask_digest == raw(VALUES["subtaskDigest"])
    assert (work.pora_target, work.max_shards) == ((1 << 256) - 1, 32)
    call = mine.submit(recorded_answer())
    assert len(call.data) == 4836
    result = world.send(registry.MINE, call)
    assert result["gas_max_used"] <= VALUES["submitGas"]
    (log,) = [log for log in result["logs"] if log[0] == registry.MINE]
    assert mine.decode_submission(log[1], log[2]) == mine.AnswerAccepted(1, MINER_ID, 0, 4096)
    contract = world.at(registry.MINE, "PoraMine")
    assert (contract.call("lastMinedEpoch"), contract.call("currentSubmissions")) == (1, 1)
    assert world.refused(registry.MINE, call) == "Answer has been submitted"


Change = Callable[[mine.PoraAnswer], mine.PoraAnswer]


def flipped(data: bytes, bit: int) -> bytes:
    return (int.from_bytes(data, "big") ^ 1 << bit).to_bytes(len(data), "big")


def field(name: str, change: Callable[[Any], Any]) -> Change:
    return lambda answer: replace(answer, **{name: change(getattr(answer, name))})


def within(name: str, value: int) -> Change:
    return lambda answer: replace(answer, range=replace(answer.range, **{name: value}))


NO_ROOT = "Inconsistent merkle root"
PLACE = "Incorrect recall position"
EMPTY = bytes(keccak256(b""))
MUTATIONS: list[tuple[str, Change, str]] = [
    ("context: a bit", field("context_digest", lambda v: flipped(v, 0)), "Inconsistent mining digest"),
    ("context: zero", field("context_digest", lambda _: bytes(32)), "Inconsistent mining digest"),
    ("context: empty hash", field("context_digest", lambda _: EMPTY), "Inconsistent mining digest"),
    ("nonce: lowest bit", field("nonce", lambda v: flipped(v, 0)), PLACE),
    ("nonce: highest bit", field("nonce", lambda v: flipped(v, 255)), PLACE),
    ("nonce: zero", field("nonce", lambda _: bytes(32)), PLACE),
    ("miner: zero", field("miner_id", lambda _: bytes(32)), "MinerId cannot be zero"),
    ("miner: a bit", field("miner_id", lambda v: flipped(v, 7)), "MinerId does not registered"),
    ("miner: another one", field("miner_id", lambda _: OTHER_MINER), NO_ROOT),
    ("start: one sector on", within("start_position", 1), "Start position is not aligned"),
    ("start: one pricing chunk on", within("start_position", 1 << 25), "Mining range overflow"),
    ("start: the last possible", within("start_position", (1 << 256) - (1 << 25)), "Mining range overflow"),
    ("length: zero", within("mine_length", 0), "Mining range too short"),
    ("length: a load less", within("mine_length", 9216), "Mining range too short"),
    ("length: a sector less", within("mine_length", 10239), "Mining range too short"),
    ("length: a sector more", within("mine_length", 10241), "Mining range overflow"),
    ("length: a load more", within("mine_length", 11264), "Mining range overflow"),
    ("length: everything", within("mine_length", (1 << 256) - 1), "Mining range overflow"),
    ("shard: one", within("shard_id", 1), "Masked bits should be zero"),
    ("shard: highest bit", within("shard_id", 1 << 63), "Masked bits should be zero"),
    ("mask: two shards", within("shard_mask", (1 << 64) - 2), PLACE),
    ("mask: 64 shards", within("shard_mask", (1 << 64) - 64), "Exceeding the allowed number of shards"),
    ("mask: nothing", within("shard_mask", 0), "Exceeding the allowed number of shards"),
    ("position: next seal", field("recall_position", lambda v: v + 16), NO_ROOT),
    ("position: seal before", field("recall_position", lambda v: v - 16), NO_ROOT),
    ("position: a sector on", field("recall_position", lambda v: v + 1), NO_ROOT),
    ("position: zero", field("recall_position", lambda _: 0), NO_ROOT),
    ("position: past the end", field("recall_position", lambda _: 10_496), "Invalid sealed context digest"),
    ("position: the last possible", field("recall_position", lambda _: (1 << 256) - 1), "an arithmetic overflow"),
    ("offset: one", field("seal_offset", lambda _: 1), PLACE),
    ("offset: same part of the pad", field("seal_offset", lambda _: 4), PLACE),
    ("offset: behind the load", field("seal_offset", lambda _: 64), PLACE),
    ("offset: the last possible", field("seal_offset", lambda _: (1 << 256) - 1), "an arithmetic overflow"),
    ("sealed in: a bit", field("sealed_context_digest", lambda v: flipped(v, 0)), "Invalid sealed context digest"),
    ("sealed in: empty hash", field("sealed_context_digest", lambda _: EMPTY), "Invalid sealed context digest"),
    ("data: first bit", field("sealed_data", lambda v: flipped(v, 4096 * 8 - 1)), NO_ROOT),
    ("data: middle bit", field("sealed_data", lambda v: flipped(v, 16_384)), NO_ROOT),
    ("data: last bit", field("sealed_data", lambda v: flipped(v, 0)), NO_ROOT),
    ("data: zero", field("sealed_data", lambda _: bytes(4096)), NO_ROOT),
    ("data: not sealed", field("sealed_data", lambda _: pattern(4096)), NO_ROOT),
    ("data: two words changed over", field("sealed_data", lambda v: v[32:64] + v[:32] + v[64:]), NO_ROOT),
    *[
        (f"proof: a bit of sibling {i}", field("merkle_proof", lambda v, i=i: (*v[:i], flipped(v[i], 0), *v[i + 1 :])), NO_ROOT)
        for i in range(10)
    ],
    ("proof: without the last", field("merkle_proof", lambda v: v[:-1]), NO_ROOT),
    ("proof: without the first", field("merkle_proof", lambda v: v[1:]), NO_ROOT),
    ("proof: one more", field("merkle_proof", lambda v: (*v, bytes(32))), NO_ROOT),
    ("proof: none", field("merkle_proof", lambda _: ()), NO_ROOT),
    ("proof: upside down", field("merkle_proof", lambda v: v[::-1]), NO_ROOT),
]


def test_the_unchanged_answer_is_good_where_changes_are_tried(shared: StorageWorld) -> None:
    pora = load("PoraMine").interface.function("pora")
    subtask = raw(VALUES["subtaskDigest"])
    result = shared.raw(ALICE, registry.MINE, pora.encode_call(recorded_answer().abi(), subtask))
    assert pora.decode_result(result["output"]) == raw(VALUES["poraHash"])


@pytest.mark.parametrize(("change", "reason"), [row[1:] for row in MUTATIONS], ids=[row[0] for row in MUTATIONS])
def test_a_changed_answer_is_refused(shared: StorageWorld, change: Change, reason: str) -> None:
    answer = change(recorded_answer())
    assert answer != recorded_answer()
    assert shared.refused(registry.MINE, mine.submit(answer)) == reason


def test_quality_must_reach_the_target() -> None:
    """The recorded quality is just above half of all: difficulty 1 takes it, difficulty 2 does not."""
    assert raw(VALUES["poraHash"])[0] == 0x81
    world = recorded_world(mine_settings=0, difficulty=2)
    assert world.refused(registry.MINE, mine.submit(recorded_answer())) == "Do not reach target quality"


@dataclass
class Mining:
    """A flow of one file of four loads, with a contract that checks neither seal nor proof."""

    world: StorageWorld

    @classmethod
    def begin(cls, slots: dict[int, int] | None = None, **changes: Any) -> Mining:
        changes = {"blocks_per_epoch": EPOCH, "mine_settings": 3, "difficulty": 4, **changes}
        written = {registry.MINE: {**registered(MINER, OTHER_MINER)[registry.MINE], **(slots or {})}}
        world = StorageWorld(network_with(**changes), number=2, written=written)
        world.add(recorded(9))
        return cls(world)

    def epoch(self, number: int, blocks: int = 1) -> None:
        """Go to a block in epoch ``number``; block hashes are known."""
        self.world.number = EPOCH * number + blocks
        past = range(max(0, self.world.number - 256), self.world.number)
        self.world.hashes = {block: bytes(keccak256(block.to_bytes(8, "big"))) for block in past}

    def work(self, miner: bytes = MINER) -> mine.WorkerContext:
        work: mine.WorkerContext = self.world.ask(registry.MINE, mine.worker_context(miner), sender=mine.WORKER_CONTEXT_CALLER)
        return work

    def answer(
        self, salt: int = 0, target: int | None = None, where: mine.RecallRange | None = None, above: int = -1
    ) -> mine.PoraAnswer:
        contract = self.world.at(registry.MINE, "PoraMine")
        self.world.ask(registry.FLOW, flow.make_context())
        context: flow.MineContext = self.world.ask(registry.FLOW, flow.context())
        subtask: bytes = self.world.ask(registry.MINE, mine.subtask_digest(context, MINER))
        target = contract.call("poraTarget") if target is None else target
        held: flow.EpochRange = self.world.ask(registry.FLOW, flow.epoch_range_at(0))
        return replace(find_answer(context, subtask, target, MINER, salt, where, above), sealed_context_digest=held.digest)


def test_windows_of_blocks() -> None:
    """storage.md 5.2: begin < block <= begin + targetMineBlocks, begin by miner and context."""
    mining = Mining.begin(subtasks=4, subtask_interval=3, target_mine_blocks=2)
    world = mining.world
    seen = set()
    for miner in (MINER, OTHER_MINER):
        mining.epoch(1)
        context = mining.work(miner).context
        index = int.from_bytes(keccak256(context.digest + miner), "big") % 4
        seen.add(index)
        start = EPOCH + 3 * index
        for block in range(EPOCH + 1, EPOCH + 16):
            mining.epoch(1, block - EPOCH)
            work = mining.work(miner)
            inside = start < block <= start + 2
            begin = world.hashes.get(start, bytes(32))
            assert work.subtask_digest == (bytes(keccak256(context.digest + begin)) if inside else bytes(32))
            assert (work.pora_target != 0) == inside
            call = mine.subtask_digest(context, miner)
            if block <= start:
                assert world.refused(registry.MINE, call) == "Earlier than expected subtask start block."
            elif inside:
                assert world.ask(registry.MINE, call) == work.subtask_digest
            else:
                assert world.refused(registry.MINE, call) == "Mine deadline exceed"
    assert len(seen) == 2, "choose another miner, the test wants two windows"


def test_before_the_first_epoch_nobody_mines() -> None:
    world = recorded_world()
    world.number = EPOCH
    answer = replace(recorded_answer(), context_digest=EMPTY)
    assert world.refused(registry.MINE, mine.submit(answer)) == "Empty digest can not mine"
    assert world.refused(registry.MINE, mine.submit(recorded_answer())) == "Inconsistent mining digest"


def test_worker_context_answers_one_sender_and_known_miners() -> None:
    world = recorded_world()
    call = mine.worker_context(MINER_ID)
    assert world.refused(registry.MINE, call) == "Only authorized caller can compute worker context"
    for miner, reason in ((bytes(32), "MinerId cannot be zero"), (MINER, "MinerId does not registered")):
        assert world.refused(registry.MINE, mine.worker_context(miner), sender=mine.WORKER_CONTEXT_CALLER) == reason


def test_an_epoch_takes_twice_the_wanted_answers() -> None:
    mining = Mining.begin(target_submissions=2, difficulty=1)
    world = mining.world
    mining.epoch(1)
    for salt in range(4):
        assert world.ask(registry.MINE, mine.can_submit())
        result = world.send(registry.MINE, mine.submit(mining.answer(salt)))
        (accepted,) = [mine.decode_submission(log[1], log[2]) for log in result["logs"] if log[0] == registry.MINE]
        assert (accepted.epoch, accepted.epoch_index) == (1, salt)
    assert not world.ask(registry.MINE, mine.can_submit())
    assert mining.work().pora_target == 0
    assert world.refused(registry.MINE, mine.submit(mining.answer(5))) == "Epoch has enough submissions"
    mining.epoch(2)
    assert world.ask(registry.MINE, mine.can_submit())
    world.send(registry.MINE, mine.submit(mining.answer(6)))
    assert world.at(registry.MINE, "PoraMine").call("currentSubmissions") == 1


MOST = (1 << 256) - 1


def adjusted(target: int, wanted: int, submissions: int, ratio: int, least: int) -> int:
    """storage.md 5.5"""
    old = target >> 16
    expected = old * wanted // submissions if submissions else MOST >> 16
    made = ((ratio - 1) * old + expected) // ratio
    made = min(max(made, old // 2), 2 * old, MOST >> 16)
    return min(made << 16, MOST // least if least else MOST)


@pytest.mark.parametrize(
    ("wanted", "submissions", "ratio", "least"),
    [
        (3, 1, 20, 0), (3, 2, 20, 0), (3, 3, 20, 0), (3, 4, 20, 0), (3, 6, 20, 0), (10, 1, 20, 0),
        (3, 1, 1, 0), (3, 6, 1, 0), (3, 5, 1, 0), (10, 1, 2, 0), (3, 1, 1, 4), (3, 1, 1, 3), (3, 3, 20, 4), (5, 0, 20, 0),
        (5, 0, 1, 0), (5, 0, 20, 2), (65535, 1, 32767, 0), (3, 30, 1, 0), (3, 3000, 20, 0),
    ],
)  # fmt: skip
def test_difficulty_follows_the_answers(wanted: int, submissions: int, ratio: int, least: int) -> None:
    # Too many answers in an epoch, or none in one that began: no history leads there, but the rules name them.
    real = 0 < submissions <= 2 * wanted
    slots = {} if real else load("PoraMine").storage({"lastMinedEpoch": 1, "currentSubmissions": submissions})
    mining = Mining.begin(slots, target_submissions=wanted)
    world = mining.world
    contract = world.at(registry.MINE, "PoraMine")
    contract.send(OWNER, "setDifficultyAdjustRatio", ratio)
    contract.send(OWNER, "setMinDifficulty", least)
    before = contract.call("poraTarget")
    assert before == MOST // 4
    mining.epoch(1)
    for salt in range(submissions if real else 0):
        world.send(registry.MINE, mine.submit(mining.answer(salt)))
        assert contract.call("poraTarget") == before
    mining.epoch(2)
    after = adjusted(before, wanted, submissions, ratio, least)
    world.send(registry.MINE, mine.submit(mining.answer(100, target=after)))
    assert contract.call("poraTarget") == after
    assert contract.call("currentSubmissions") == 1
    world.send(registry.MINE, mine.submit(mining.answer(101)))
    assert contract.call("poraTarget") == after, "once in an epoch"


def test_shards_answer_for_less_and_need_more() -> None:
    """storage.md 5.3: with two shards half of the target counts, and every load is one of the shard's."""
    mining = Mining.begin(difficulty=2)
    world, target = mining.world, MOST // 2
    mining.epoch(1)
    mask = (1 << 64) - 2
    for shard in (0, 1):
        length = mining.work().context.flow_length
        where = mine.RecallRange(0, length // 1024 * 1024, shard, mask)
        scale = (length << 64) // (length // 2)
        reached = target // scale << 64
        weak = mining.answer(shard, target=target, where=where, above=reached)
        assert weak.recall_position // 1024 % 2 == shard
        assert world.refused(registry.MINE, mine.submit(weak)) == "Do not reach target quality"
        world.send(registry.MINE, mine.submit(mining.answer(shard, target=reached, where=where)))
    whole = mining.answer(5, target=target, above=target // 2)
    world.send(registry.MINE, mine.submit(whole))


def test_a_seal_behind_the_load_is_not_the_loads() -> None:
    """The published contract takes offsets from 64 on, which gives a nonce more places than one load has."""
    mining = Mining.begin(mine_settings=7)
    mining.epoch(1)
    answer = next(made for salt in range(64) if (made := mining.answer(salt)).recall_position < 4096)
    beyond = replace(answer, seal_offset=64, recall_position=answer.recall_position - 16 * answer.seal_offset + 1024)
    assert mining.world.refused(registry.MINE, mine.submit(beyond)) == PLACE
    inside = replace(answer, seal_offset=63, recall_position=beyond.recall_position - 16)
    mining.world.send(registry.MINE, mine.submit(inside))


def test_data_are_sealed_in_the_epoch_that_has_their_last_sector() -> None:
    mining = Mining.begin(mine_settings=7)
    world = mining.world
    mining.epoch(1)
    world.add(recorded(9))  # closes the first epoch, belongs to the second
    mining.epoch(2)
    world.ask(registry.FLOW, flow.make_context())
    first, second = (world.ask(registry.FLOW, flow.epoch_range_at(index)) for index in (0, 1))
    assert (first.start, first.end, second.start) == (0, 8192, 8192)
    early = late = None
    for salt in range(64):
        answer = mining.answer(salt)
        if answer.recall_position < 8192:
            early = answer
        else:
            late = answer
    assert early is not None
    assert late is not None
    wrong = "Invalid sealed context digest"
    assert world.refused(registry.MINE, mine.submit(replace(early, sealed_context_digest=second.digest))) == wrong
    assert world.refused(registry.MINE, mine.submit(replace(late, sealed_context_digest=first.digest))) == wrong
    world.send(registry.MINE, mine.submit(replace(early, sealed_context_digest=first.digest)))
    world.send(registry.MINE, mine.submit(replace(late, sealed_context_digest=second.digest)))


@pytest.mark.parametrize(("sectors", "sealed_in"), [(8, 1), (15, 1), (16, 0), (17, 0)])
def test_a_seal_over_a_border_belongs_to_the_later_epoch(sectors: int, sealed_in: int) -> None:
    """basicCheck alone: a seal of 16 sectors at 0, the first epoch ends inside it or at its end."""
    world = StorageWorld(network_with(blocks_per_epoch=EPOCH, mine_settings=7), number=2, written=registered(MINER))
    for _ in range(sectors - 1):
        world.add(recorded(0))
    mining = Mining(world)
    mining.epoch(1)
    world.add(recorded(9))
    mining.epoch(2)
    context = world.ask(registry.FLOW, flow.make_context_with_result())
    check = load("PoraMine").interface.function("basicCheck")
    length = context.flow_length // 1024 * 1024
    for index in (0, 1):
        held = world.ask(registry.FLOW, flow.epoch_range_at(index))
        answer = mine.PoraAnswer(
            context.digest, bytes(32), MINER, mine.RecallRange(0, length), 0, 0, held.digest, bytes(4096), ()
        )
        result = world.raw(ALICE, registry.MINE, check.encode_call(answer.abi(), context.abi()))
        assert result["success"] == (index == sealed_in)


def test_a_fixed_target_stays() -> None:
    mining = Mining.begin(mine_settings=7, target_submissions=1)
    contract = mining.world.at(registry.MINE, "PoraMine")
    for number in (1, 2, 5):
        mining.epoch(number)
        mining.world.send(registry.MINE, mine.submit(mining.answer(number)))
        assert contract.call("poraTarget") == MOST


@pytest.mark.parametrize("settings", range(8))
def test_settings(settings: int) -> None:
    world = StorageWorld(network_with(mine_settings=settings))
    contract = world.at(registry.MINE, "PoraMine")
    assert contract.call("sealDataEnabled") == (settings & 1 == 0)
    assert contract.call("dataProofEnabled") == (settings & 2 == 0)
    assert contract.call("fixedDifficulty") == (settings & 4 != 0)
    assert contract.call("poraTarget") == (MOST if settings & 4 else MOST // 30_000)


def test_data_need_not_be_sealed_when_the_setting_says_so() -> None:
    world = recorded_world(mine_settings=FIXED | 1)
    context, subtask = raw(VALUES["contextDigest"]), raw(VALUES["subtaskDigest"])
    answer = recorded_answer()
    assert world.refused(registry.MINE, mine.submit(answer)) == NO_ROOT
    plain = replace(answer, sealed_data=pattern(4096))
    world.send(registry.MINE, mine.submit(plain))
    assert attempt(answer.miner_id, answer.nonce, subtask, answer.range).load == 4096
    assert context == answer.context_digest


def test_miner_ids() -> None:
    world = StorageWorld(number=30)
    world.hashes = {29: b"\x29" * 32}
    result = world.send(registry.MINE, mine.request_miner_id(BOB, 7))
    ((_, topics, data),) = result["logs"]
    made = mine.decode_new_miner(topics, data)
    assert made == mine.MinerRegistered(bytes(keccak256(b"\x29" * 32 + ALICE + (7).to_bytes(8, "big"))), BOB)
    assert world.ask(registry.MINE, mine.beneficiary(made.miner_id)) == BOB
    assert world.refused(registry.MINE, mine.request_miner_id(BOB, 7)) == "MinerId has registered"
    assert world.refused(registry.MINE, mine.request_miner_id(bytes(20), 8)) == "Beneficiary cannot be zero"
    assert world.refused(registry.MINE, mine.transfer_beneficial(ALICE, made.miner_id)) == "Sender does not own minerId"
    ((_, topics, data),) = world.send(registry.MINE, mine.transfer_beneficial(ALICE, made.miner_id), sender=BOB)["logs"]
    assert mine.decode_update_miner(topics, data) == mine.MinerTransferred(made.miner_id, BOB, ALICE)
    assert world.ask(registry.MINE, mine.beneficiary(made.miner_id)) == ALICE
    assert world.ask(registry.MINE, mine.pora_version()) == 1


def test_parameters() -> None:
    world = StorageWorld(network_with(blocks_per_epoch=1000))
    contract = world.at(registry.MINE, "PoraMine")
    found = mine.Parameters(*[world.ask(registry.MINE, call) for call in mine.parameter_calls()])
    assert found == mine.Parameters(MOST // 30_000, 0, 100, 10, 1, 100, 32, 0, 0)
    assert (contract.call("flow"), contract.call("reward")) == (registry.FLOW, registry.REWARD)
    assert contract.call("difficultyAdjustRatio") == 20
    changes = [
        ("setTargetMineBlocks", 200, "targetMineBlocks"), ("setTargetSubmissions", 20, "targetSubmissions"),
        ("setDifficultyAdjustRatio", 10, "difficultyAdjustRatio"), ("setMaxShards", 64, "maxShards"),
        ("setMinDifficulty", 40_000, "minDifficulty"), ("setNumSubtasks", 4, "nSubtasks"),
        ("setSubtaskInterval", 200, "subtaskInterval"),
    ]  # fmt: skip
    for setter, value, getter in changes:
        assert "AccessControlUnauthorizedAccount" in contract.fails(ALICE, setter, value)
        contract.send(OWNER, setter, value)
        assert contract.call(getter) == value
    assert contract.call("poraTarget") == MOST // 40_000
    for getter, value in (("targetSubmissions", 20), ("nSubtasks", 4), ("subtaskInterval", 200)):
        assert contract.call(f"{getter}NextEpoch") == value
    for setter, value, reason in [
        ("setTargetMineBlocks", 8192, "target mine block must <= 8191"),
        ("setTargetSubmissions", 65_536, "Too many target submissions"),
        ("setDifficultyAdjustRatio", 0, "Adjust ratio must be non-zero"),
        ("setDifficultyAdjustRatio", 40_000, "Adjust ratio too large"),
        ("setMaxShards", 0, "Max shard number cannot be zero"),
        ("setMaxShards", 3, "Max shard number must be power of 2"),
        ("setNumSubtasks", 0, "Number of subtasks cannot be zero"),
        ("setNumSubtasks", 5, "Number of subtasks must be less than blocks per epoch"),
        ("setSubtaskInterval", 0, "Subtask interval cannot be zero"),
        ("setSubtaskInterval", 267, "Number of subtask intervals must be less than blocks per epoch"),
    ]:
        assert contract.fails(OWNER, setter, value) == reason

"""DAEntrance on the native EVM: from an announced blob to its recorded commitment, sampling, rewards, and every refusal."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.contracts.contract_kit import ALICE, BOB, OWNER, Failed
from tests.unit.contracts.da_kit import (
    ENTRANCE,
    EPOCH_BLOCKS,
    ROOT,
    SIGNERS,
    SOCKET,
    DAWorld,
    Signer,
    attest,
    block_hash,
    network_with,
    signer,
)

from zerog._native import keccak256
from zerog.contracts import da_entrance, da_signers, registry
from zerog.contracts.artifact import load
from zerog.contracts.calls import Call, call, nothing
from zerog.contracts.da_entrance import SampleResponse
from zerog.contracts.registry import DAParameters, da_predeploy
from zerog.errors import InvalidInput
from zerog.primitives import bls, da_sampling

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "zerog_da"
SAMPLING = json.loads((VECTORS / "da_sampling.json").read_text())
FIELD = 21888242871839275222246405745257275088696311157297823662689037894645226208583
PEOPLE = [signer(bytes([0x70 + i]) * 20) for i in range(3)]  # with one, two and three votes


@pytest.fixture
def world() -> DAWorld:
    """Epoch 1: six ballots, so rows of one quorum repeat six signers' places; shares of 512, 1024 and 1536 rows."""
    made = DAWorld()
    for votes, who in enumerate(PEOPLE, 1):
        made.fund(who.account, votes)
        made.register(who)
    made.begin_epoch(*PEOPLE)
    return made


def ballots(world: DAWorld, epoch: int, votes: dict[int, int]) -> list[bytes]:
    """da.md 3.5, rule of version 3: who owns which place of the sorted ballots."""
    found = []
    for index, count in votes.items():
        who = PEOPLE[index]
        ballot = keccak256(who.secret.sign(bls.epoch_digest(who.account, epoch, world.net.chain_id)))
        for _ in range(count):
            found.append((bytes(ballot), bytes(who.account)))
            ballot = keccak256(ballot)
    return [account for _, account in sorted(found)]


def test_from_announcement_to_recorded_commitment(world: DAWorld) -> None:
    places = ballots(world, 1, {0: 1, 1: 2, 2: 3})
    quorum = world.ask(SIGNERS, da_signers.get_quorum(1, 0))
    assert quorum == [places[row % 6] for row in range(3072)]

    (upload,) = world.upload(ROOT)
    assert upload == da_entrance.DataUpload(ALICE, ROOT, 1, 0, 0)
    assert not world.ask(ENTRANCE, da_entrance.commitment_exists(ROOT, 1, 0))
    assert world.ask(ENTRANCE, da_entrance.verified_commitment(ROOT, 1, 0)) is None

    submission = attest(world, PEOPLE, epoch=1)
    key = world.ask(SIGNERS, da_signers.aggregate_key(1, 0, submission.quorum_bitmap))
    assert (key.total, key.hit, key.suffices) == (3072, 3072, True)
    assert key.key1 == bls.sum_g1(b"".join(who.secret.public_g1 for who in PEOPLE))
    assert world.record(submission, sender=BOB) == [da_entrance.CommitmentVerified(ROOT, 1, 0)]
    assert world.ask(ENTRANCE, da_entrance.commitment_exists(ROOT, 1, 0))
    assert world.ask(ENTRANCE, da_entrance.verified_commitment(ROOT, 1, 0)) == bls.G1_GENERATOR
    for other in ((ROOT, 2, 0), (ROOT, 1, 1), (bytes(32), 1, 0)):
        assert not world.ask(ENTRANCE, da_entrance.commitment_exists(*other))

    # A second submission changes nothing, even one that nobody signed.
    other = replace(submission, commitment=PEOPLE[0].secret.public_g1)
    assert world.record(submission, other) == []
    assert world.ask(ENTRANCE, da_entrance.verified_commitment(ROOT, 1, 0)) == bls.G1_GENERATOR


def test_two_thirds_of_the_rows(world: DAWorld) -> None:
    """Signers with 512 and 1536 rows are exactly enough; one row less, or a heavier head with fewer rows, is not."""
    light, middle, heavy = PEOPLE
    exact = attest(world, [light, heavy], epoch=1)
    assert world.ask(SIGNERS, da_signers.aggregate_key(1, 0, exact.quorum_bitmap)).hit == 2048
    for few in ([light, middle], [heavy], [light]):
        assert world.refused(ENTRANCE, da_entrance.submit_verified_commit_roots([attest(world, few, epoch=1)])) == (
            "Insufficient signed slices"
        )
    quorum = world.ask(SIGNERS, da_signers.get_quorum(1, 0))
    rows = [row for row, owner in enumerate(quorum) if owner in (light.account, heavy.account)]
    last = max(rows.index(quorum.index(light.account)), rows.index(quorum.index(heavy.account)))
    one_less = [row for at, row in enumerate(rows) if at != last]
    short = attest(world, [light, heavy], epoch=1, rows=one_less)
    assert world.ask(SIGNERS, da_signers.aggregate_key(1, 0, short.quorum_bitmap)).hit == 2047
    assert "Insufficient" in world.refused(ENTRANCE, da_entrance.submit_verified_commit_roots([short]))
    # One bit at the lowest row of each counts all of their rows.
    lowest = attest(world, [light, heavy], epoch=1, rows=[quorum.index(light.account), quorum.index(heavy.account)])
    assert world.record(lowest) == [da_entrance.CommitmentVerified(ROOT, 1, 0)]
    assert world.record(attest(world, PEOPLE[1:], root=bytes(32), epoch=1)) != []


def test_signatures_that_do_not_hold(world: DAWorld) -> None:
    good = attest(world, PEOPLE, epoch=1)
    x, y = bls.to_words(good.signature)
    stranger = signer(BOB)
    bad = {
        "other root": replace(good, data_root=bytes(32)),
        "other commitment": replace(good, commitment=stranger.secret.public_g1),
        "negated signature": replace(good, signature=bls.from_words((x, FIELD - y))),
        "signature of fewer": replace(good, signature=attest(world, PEOPLE[1:], epoch=1).signature),
        "key of fewer": replace(good, key2=attest(world, PEOPLE[1:], epoch=1).key2),
        "another's key": replace(good, key2=stranger.secret.public_g2),
        "bitmap of fewer": replace(good, quorum_bitmap=attest(world, PEOPLE[1:], epoch=1).quorum_bitmap),
        "DASigners' order of the key": replace(good, key2=bls.from_words_entrance(bls.to_words_signers(good.key2))),
        "no signature": replace(good, signature=bytes(64)),
    }
    for name, submission in bad.items():
        reason = world.refused(ENTRANCE, da_entrance.submit_verified_commit_roots([submission]))
        assert reason == "Signature is not valid", name
    off_curve = replace(good, signature=bls.from_words((1, 3)))
    assert "not on the curve" in world.refused(ENTRANCE, da_entrance.submit_verified_commit_roots([off_curve]))
    infinity = replace(good, commitment=bytes(64))
    assert "infinity" in world.refused(ENTRANCE, da_entrance.submit_verified_commit_roots([infinity]))
    for unknown in (replace(good, epoch=2), replace(good, quorum_id=1)):
        world.refused(ENTRANCE, da_entrance.submit_verified_commit_roots([unknown]))
    # One bad submission spoils its whole batch, and nothing is left behind.
    world.refused(ENTRANCE, da_entrance.submit_verified_commit_roots([good, bad["other root"]]))
    assert not world.ask(ENTRANCE, da_entrance.commitment_exists(ROOT, 1, 0))
    assert world.record(good) != []


def test_quorums_take_turns_and_fees_stay() -> None:
    world = DAWorld(net=network_with(blob_price=7))
    assert world.refused(ENTRANCE, da_entrance.submit_original_data([ROOT]), value=7) == "No DA signers"
    rich = signer(BOB)
    world.register(rich)
    world.begin_epoch(rich)
    assert world.ask(SIGNERS, da_signers.quorum_count(1)) == 10
    seen = []
    for _ in range(11):
        uploads = world.upload(ROOT, bytes(32), ROOT, value=30)  # nine more than the price: kept
        assert {upload.quorum_id for upload in uploads} == {uploads[0].quorum_id}
        assert [upload.data_root for upload in uploads] == [ROOT, bytes(32), ROOT]
        seen.append(uploads[0].quorum_id)
    assert seen == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    assert world.get("currentEpochReward") == 330 == world.balance(ENTRANCE)
    assert world.refused(ENTRANCE, da_entrance.submit_original_data([ROOT] * 2), value=13) == "Not enough da blob fee"


def test_epoch_fees_become_rewards_and_the_treasury_has_its_share() -> None:
    world = DAWorld(net=network_with(service_fee_rate_bps=250))
    rich = signer(BOB)
    world.register(rich)
    world.begin_epoch(rich)
    world.upload(ROOT, value=10_001)
    world.enlist(rich)
    world.number += EPOCH_BLOCKS
    world.send(ENTRANCE, da_entrance.sync_fixed_times(0))
    assert (world.get("currentEpoch"), world.epoch()) == (2, 2)
    assert (world.get("currentEpochReward"), world.get("activedReward"), world.get("serviceFee")) == (0, 9751, 250)
    assert world.ask(ENTRANCE, da_entrance.payments(OWNER)) == 250
    before = world.balance(OWNER)
    world.send(ENTRANCE, da_entrance.withdraw_payments(OWNER), sender=BOB)
    assert world.balance(OWNER) == before + 250
    assert world.ask(ENTRANCE, da_entrance.payments(OWNER)) == 0


def test_rounds_follow_heights(world: DAWorld) -> None:
    """Every thirty blocks; a seed older than 256 blocks is zero; a submission catches up with 32 rounds at most."""
    world.number = 95
    result = world.send(ENTRANCE, da_entrance.sync())
    rounds = [da_entrance.decode_sample_round(topics, data) for address, topics, data in result["logs"] if address == ENTRANCE]
    assert [(one.number, one.height, one.seed) for one in rounds] == [
        (1, 30, block_hash(29)), (2, 60, block_hash(59)), (3, 90, block_hash(89)),
    ]  # fmt: skip
    assert world.get("nextSampleHeight") == 120
    assert world.ask(ENTRANCE, da_entrance.sample_task()) == da_entrance.SampleTask(
        block_hash(89), (da_entrance.MAX_PODAS_TARGET >> 32) << 32, 40
    )
    world.send(ENTRANCE, da_entrance.sync())
    assert world.get("sampleRound") == 3
    world.number = 90 + 30 * 40
    world.upload(ROOT)
    assert world.get("sampleRound") == 35
    world.send(ENTRANCE, da_entrance.sync_fixed_times(2))
    assert world.get("sampleRound") == 37
    assert world.get("currentSampleSeed") == block_hash(30 * 37 - 1)
    world.number += 300
    world.send(ENTRANCE, da_entrance.sync_fixed_times(1))
    assert world.get("currentSampleSeed") == bytes(32)  # known to nobody
    world.send(ENTRANCE, da_entrance.sync())
    assert world.get("sampleRound") == world.number // 30
    assert world.ask(ENTRANCE, da_entrance.sample_range()) == da_entrance.SampleRange(0, 0)


# sampling


def row_zero() -> bytes:
    """The first row of the vectors' blob: symbols of 31 bytes, each with a zero byte behind it."""
    data = bytes((31 * n * n + 7 * n + 13) % 251 for n in range(1234)).ljust(31 * 1024, b"\0")
    return b"".join(data[at : at + 31] + b"\0" for at in range(0, 31 * 1024, 31))


@pytest.fixture(scope="module")
def mined() -> tuple[DAWorld, SampleResponse]:
    """Epoch 42 of a chain whose blob of the vectors is recorded for epoch 41 and quorum 2, at a round with the vectors' seed.

    The target is everything, so that the vectors' quality, above the initial target, reaches it.
    """
    period = EPOCH_BLOCKS * 50
    root, seed = bytes.fromhex(SAMPLING["data_root"]), bytes.fromhex(SAMPLING["seed"])
    slot = load("DAEntrance").variables["podasTarget"].slot
    world = DAWorld(
        net=network_with(sample_period=period, base_reward=5, reward_ratio=10),
        hashes={period - 1: seed},
        written={ENTRANCE: {slot: 2**256 - 1}},
    )
    rich = signer(BOB)
    world.register(rich)
    for _ in range(40):
        world.begin_epoch()
    assert world.begin_epoch(rich) == 41
    world.send(ENTRANCE, da_entrance.sync())
    world.upload(root, value=1000)
    world.record(attest(world, [rich], root=root, epoch=41, quorum_id=2))
    world.send(ENTRANCE, da_entrance.donate(), value=8)
    line = SAMPLING["cases"][0]
    case = next(one for one in line["sublines"] if one["quality"])
    answer = SampleResponse(
        seed, 41, 2, line["line_index"], case["subline_index"], int(case["quality"]), root,
        tuple(bytes.fromhex(one) for one in SAMPLING["blob_roots"]),  # type: ignore[arg-type]
        tuple(bytes.fromhex(one) for one in case["proof"]),
        row_zero()[1024 * case["subline_index"] :][:1024],
    )  # fmt: skip
    assert world.refused(ENTRANCE, da_entrance.submit_sampling_response(answer)) == "Sample round 0 cannot be mined"
    world.number = period
    assert world.begin_epoch(rich) == 42
    world.number = period
    return world, answer


def variants(answer: SampleResponse) -> dict[str, tuple[SampleResponse, str]]:
    proof, roots, data = answer.proof, answer.blob_roots, answer.data
    changed = bytes([data[0] ^ 1]) + data[1:]
    return {
        "seed": (replace(answer, seed=bytes(32)), "Unmatched sample seed"),
        "epoch": (replace(answer, epoch=40), "Unrecorded commitment"),
        "quorum": (replace(answer, quorum_id=3), "Unrecorded commitment"),
        "root": (replace(answer, data_root=bytes(32)), "Unrecorded commitment"),
        "line": (replace(answer, line_index=1), "Incorrect merkle proof"),
        "coset": (replace(answer, line_index=1024), "Incorrect merkle proof"),
        "line out of range": (replace(answer, line_index=3072), "Line index out of range"),
        "subline": (replace(answer, subline_index=0), "Incorrect merkle proof"),
        "subline out of range": (replace(answer, subline_index=32), "Subline index out of range"),
        "quality": (replace(answer, quality=answer.quality - 1), "Incorrect quality"),
        "data": (replace(answer, data=changed), "Incorrect merkle proof"),
        "proof": (replace(answer, proof=(proof[1], proof[0], *proof[2:])), "Incorrect merkle proof"),
        "roots": (replace(answer, blob_roots=(roots[0], roots[2], roots[1])), "Incorrect blob roots"),
    }


def test_the_vectors_response_is_accepted(mined: tuple[DAWorld, SampleResponse]) -> None:
    world, answer = mined
    lines = da_sampling.line_qualities(answer.seed, da_sampling.BlobRecord(41, 2, answer.data_root), [0])
    assert da_sampling.data_qualities(lines[0], row_zero())[31] + lines[0] == answer.quality
    for name, (bad, reason) in variants(answer).items():
        assert world.refused(ENTRANCE, da_entrance.submit_sampling_response(bad)) == reason, name
    with pytest.raises(InvalidInput):
        da_entrance.submit_sampling_response(replace(answer, data=answer.data[:-1]))
    with pytest.raises(InvalidInput):
        da_entrance.submit_sampling_response(replace(answer, proof=answer.proof[:-1]))

    result = world.send(ENTRANCE, da_entrance.submit_sampling_response(answer), sender=ALICE)
    rewards = [
        da_entrance.decode_reward(topics, data) for _, topics, data in result["logs"] if topics[0] == da_entrance.REWARD_TOPIC
    ]
    # 1000 of fees over a ratio of ten, and a base reward of five out of eight
    assert rewards == [da_entrance.SampleReward(BOB, 1, 41, 2, answer.data_root, answer.quality, 0, 31, 105)]  # type: ignore[arg-type]
    assert world.ask(ENTRANCE, da_entrance.payments(BOB)) == 105
    assert (world.get("activedReward"), world.get("totalBaseReward"), world.get("roundSubmissions")) == (900, 3, 1)
    assert world.refused(ENTRANCE, da_entrance.submit_sampling_response(answer)) == "Duplicated submission"
    assert world.ask(ENTRANCE, da_entrance.sample_range()) == da_entrance.SampleRange(0, 41)
    before = world.balance(BOB)
    world.send(ENTRANCE, da_entrance.withdraw_payments(BOB))
    assert world.balance(BOB) == before + 105


def test_epochs_that_may_not_be_sampled(mined: tuple[DAWorld, SampleResponse]) -> None:
    """The window is counted from the current epoch, which itself is not sampled yet."""
    world, answer = mined
    other = replace(answer, subline_index=30)
    world.send(ENTRANCE, world_call("setEpochWindowSize", 0), sender=OWNER)
    assert world.refused(ENTRANCE, da_entrance.submit_sampling_response(other)) == "Epoch has stopped sampling"
    world.send(ENTRANCE, world_call("setEpochWindowSize", 300), sender=OWNER)
    world.record(attest(world, [signer(BOB)], root=other.data_root, epoch=42, quorum_id=2))
    early = replace(other, epoch=42)
    assert world.refused(ENTRANCE, da_entrance.submit_sampling_response(early)) == "Epoch has not started sampling"
    world.record(attest(world, [signer(BOB)], root=ROOT, epoch=41, quorum_id=5))
    foreign = replace(other, data_root=ROOT, quorum_id=5)
    assert world.refused(ENTRANCE, da_entrance.submit_sampling_response(foreign)) == "Incorrect blob roots"
    # Sublines of zeros have one path: only the quality tells them apart.
    assert world.refused(ENTRANCE, da_entrance.submit_sampling_response(other)) == "Quality overflows"


@pytest.mark.parametrize(("found", "reason"), [(39, "Quality not reached"), (40, "Too many submissions in one round")])
def test_full_rounds_and_poor_qualities(mined: tuple[DAWorld, SampleResponse], found: int, reason: str) -> None:
    _, answer = mined
    variables = load("DAEntrance").variables
    counts = {"roundSubmissions": found, "targetRoundSubmissions": 20, "targetRoundSubmissionsNext": 20}
    slots = {
        variables["sampleRound"].slot: 1,
        variables["currentSampleSeed"].slot: int.from_bytes(answer.seed, "big"),
        variables["roundSubmissions"].slot: sum(count << 8 * variables[name].offset for name, count in counts.items()),
    }
    world = DAWorld(written={ENTRANCE: slots})
    assert world.refused(ENTRANCE, da_entrance.submit_sampling_response(answer)) == reason


def world_call(name: str, *arguments: int | bytes) -> Call[None]:
    return call("DAEntrance", name, *arguments, read=nothing)


@pytest.mark.parametrize("found", [0, 1, 19, 20, 21, 40])
def test_retarget(found: int) -> None:
    """da.md 3.6: an eighth of the relative error, in the upper 224 bits, never above the maximum."""
    variables = load("DAEntrance").variables
    start = da_entrance.MAX_PODAS_TARGET // 3
    submissions = variables["roundSubmissions"]
    goals = {name: variables[name] for name in ("targetRoundSubmissions", "targetRoundSubmissionsNext")}
    packed = found << 8 * submissions.offset
    for place in goals.values():
        assert place.slot == submissions.slot
        packed |= 20 << 8 * place.offset
    world = DAWorld(
        written={ENTRANCE: {variables["podasTarget"].slot: start, variables["sampleRound"].slot: 1, submissions.slot: packed}}
    )
    rich = signer(BOB)
    world.register(rich)
    world.begin_epoch(rich)
    world.number = 30
    world.send(ENTRANCE, da_entrance.sync())
    target = start >> 32
    target = target - target * (found - 20) // 20 // 8 if found > 20 else target + target * (20 - found) // 20 // 8
    assert world.get("podasTarget") == min(target, da_entrance.MAX_PODAS_TARGET >> 32) << 32
    assert (world.get("sampleRound"), world.get("roundSubmissions")) == (2, 0)
    world.number = 300
    world.send(ENTRANCE, da_entrance.sync())  # nine empty rounds: it grows to the maximum and no further
    for _ in range(9):
        target = min(target + target // 8, da_entrance.MAX_PODAS_TARGET >> 32)
    assert world.get("podasTarget") == target << 32


# parameters


def test_only_the_admin_sets_parameters(world: DAWorld) -> None:
    settings = {
        "setRoundSubmissions": (80, "targetRoundSubmissionsNext"),
        "setEpochWindowSize": (9, "epochWindowSize"),
        "setRewardRatio": (3, "rewardRatio"),
        "setBaseReward": (11, "baseReward"),
        "setSamplePeriod": (40, "samplePeriod"),
        "setBlobPrice": (12, "blobPrice"),
        "setServiceFeeRate": (10_000, "serviceFeeRateBps"),
        "setTreasury": (BOB, "treasury"),
    }
    for name, (value, view) in settings.items():
        assert "AccessControlUnauthorizedAccount" in world.refused(ENTRANCE, world_call(name, value))
        world.send(ENTRANCE, world_call(name, value), sender=OWNER)
        assert world.get(view) == value
    assert world.get("nextSampleHeight") == 40
    assert world.get("targetRoundSubmissions") == 20  # until the next round
    world.number = 40
    world.send(ENTRANCE, da_entrance.sync())
    assert world.get("targetRoundSubmissions") == 80


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("setRoundSubmissions", 81, "four times"),
        ("setRoundSubmissions", 4, "four times"),
        ("setRoundSubmissions", 0, "four times"),
        ("setRewardRatio", 0, "cannot be zero"),
        ("setSamplePeriod", 0, "cannot be zero"),
        ("setServiceFeeRate", 10_001, "above everything"),
        ("setTreasury", bytes(20), "cannot be zero"),
    ],
)
def test_parameters_that_are_refused(world: DAWorld, name: str, value: int | bytes, reason: str) -> None:
    assert reason in world.refused(ENTRANCE, world_call(name, value), sender=OWNER)


def test_it_is_initialized_once(world: DAWorld) -> None:
    arguments = (SIGNERS, 3, 30, 20, 300, 1, 0, 0, OWNER)
    assert "InvalidInitialization" in world.refused(ENTRANCE, world_call("initialize", *arguments), sender=OWNER)
    assert "AccessControlUnauthorizedAccount" in world.refused(ENTRANCE, world_call("initialize", *arguments))
    made = world.deploy(ALICE, load("DAEntrance"))
    face = world.at(made, "DAEntrance")
    for at, wrong in ((1, 1), (2, 0), (3, 0), (5, 0)):
        changed = [*arguments]
        changed[at] = wrong
        with pytest.raises(Failed):
            face.send(ALICE, "initialize", *changed)
    face.send(ALICE, "initialize", *arguments)
    mine, genesis = ({name: face.call(name) for name in PLAIN}, {name: world.get(name) for name in PLAIN})
    assert mine == {**genesis, "rewardRatio": 1}  # what genesis wrote is what initialize writes


PLAIN = (
    "daSigners", "signersVersion", "samplePeriod", "nextSampleHeight", "targetRoundSubmissions", "targetRoundSubmissionsNext",
    "epochWindowSize", "rewardRatio", "baseReward", "blobPrice", "treasury", "podasTarget", "sampleRound", "currentEpoch",
)  # fmt: skip


def test_version_two_leaves_epochs_to_the_chain() -> None:
    """With rules of version 2 the contract never makes an epoch; it sees the one that the chain is in."""
    world = DAWorld(net=network_with(signers_version=2))
    rich = signer(BOB)
    world.register(rich)
    world.begin_epoch(rich)
    world.enlist(rich)
    world.number += EPOCH_BLOCKS
    world.send(ENTRANCE, da_entrance.sync_fixed_times(0))
    assert (world.epoch(), world.get("currentEpoch")) == (1, 1)
    assert world.upload(ROOT)[0].epoch == 1
    world.send(SIGNERS, da_signers.make_epoch())
    assert world.upload(ROOT)[0].epoch == 2
    assert da_signers.registration_target(2) == SIGNERS
    assert da_signers.registration_target(3) == registry.DA_REGISTRY


@pytest.mark.parametrize(
    "changes",
    [{"signers_version": 1}, {"sample_period": 0}, {"target_round_submissions": 0}, {"reward_ratio": 0},
     {"service_fee_rate_bps": 10_001}],
)  # fmt: skip
def test_genesis_refuses_what_the_contract_would(changes: dict[str, int]) -> None:
    with pytest.raises(InvalidInput):
        da_predeploy(OWNER, replace(DAParameters(), **changes))


# typed callers


def test_signers_by_typed_calls(world: DAWorld) -> None:
    parameters = world.ask(SIGNERS, da_signers.parameters())
    assert parameters == da_signers.Parameters(30, 102_400, 10, EPOCH_BLOCKS, 3072)
    details = world.ask(SIGNERS, da_signers.get_signers([who.account for who in PEOPLE]))
    assert details == [
        da_signers.SignerDetail(who.account, SOCKET, who.secret.public_g1, who.secret.public_g2) for who in PEOPLE
    ]
    first = PEOPLE[0]
    assert world.ask(SIGNERS, da_signers.is_signer(first.account))
    assert not world.ask(SIGNERS, da_signers.is_signer(ALICE))
    assert world.ask(SIGNERS, da_signers.registered_epoch(first.account, 1))
    assert not world.ask(SIGNERS, da_signers.registered_epoch(first.account, 2))
    quorum = world.ask(SIGNERS, da_signers.get_quorum(1, 0))
    assert world.ask(SIGNERS, da_signers.get_quorum_row(1, 0, 3071)) == quorum[3071]

    result = world.send(SIGNERS, da_signers.update_socket("da.example:34000"), sender=first.account)
    (log,) = result["logs"]
    assert da_signers.decode_socket_updated(log[1], log[2]) == da_signers.SocketUpdated(first.account, "da.example:34000")
    assert world.ask(SIGNERS, da_signers.get_signers([first.account]))[0].socket == "da.example:34000"
    for long in (da_signers.update_socket, lambda text: da_signers.register_signer(first.secret, first.account, text, 1)):
        with pytest.raises(InvalidInput):
            long("ü" * 49)

    late = signer(BOB)
    call = da_signers.register_signer(late.secret, late.account, SOCKET, world.net.chain_id)
    logs = world.send(registry.DA_REGISTRY, call, late.account)["logs"]
    assert da_signers.decode_new_signer(logs[0][1], logs[0][2]) == da_signers.SignerRegistered(
        late.account, late.secret.public_g1, late.secret.public_g2
    )


def test_bitmaps() -> None:
    assert da_entrance.quorum_bitmap([0, 9, 3071]) == b"\x01\x02" + bytes(381) + b"\x80"
    for row in (-1, 3072):
        with pytest.raises(InvalidInput):
            da_entrance.quorum_bitmap([row])
    with pytest.raises(InvalidInput):
        replace(attest_nothing(), quorum_bitmap=bytes(383)).abi()


def attest_nothing() -> da_entrance.CommitRootSubmission:
    who: Signer = signer(ALICE)
    return da_entrance.CommitRootSubmission(
        ROOT, 1, 0, bls.G1_GENERATOR, bytes(384), who.secret.public_g2, who.secret.public_g1
    )


def test_the_address_is_derived() -> None:
    assert keccak256(b"zerog da entrance")[12:] == registry.DA_ENTRANCE

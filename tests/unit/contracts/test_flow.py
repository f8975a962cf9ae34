"""The flow contract against the recorded submissions, calls and logs, and against the flow by its definition."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.contracts.contract_kit import ALICE, BOB, OWNER, RICH
from tests.unit.contracts.storage_kit import (
    PRICE,
    FlowModel,
    StorageWorld,
    file_of,
    network_with,
    raw,
    recorded,
    vectors,
)

from zerog import _native as native
from zerog._native import keccak256
from zerog.chain.genesis import parse
from zerog.chain.presets import genesis
from zerog.contracts import flow, market, registry
from zerog.contracts.artifact import load
from zerog.errors import InvalidInput
from zerog.sdk.payer import submission_spare_gas
from zerog.types import Address, parse_address

SUBMITTER = parse_address("0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266")
EMPTY = bytes(keccak256(b""))
ONE = flow.SubmissionData(1, (flow.Node(b"\x01" * 32, 0),))


@pytest.fixture
def world() -> StorageWorld:
    return StorageWorld()


def logs_of(result: dict[str, Any]) -> list[flow.Submitted]:
    return [
        flow.decode_submit(topics, data)
        for address, topics, data in result["logs"]
        if address == registry.FLOW and topics[0] == flow.SUBMIT_TOPIC
    ]


def test_addresses_are_nobodys_choice() -> None:
    for name in ("flow", "market", "mine", "reward"):
        assert registry.NAMED[name][0] == keccak256(b"zerog storage " + name.encode())[12:]


# -- the record -------------------------------------------------------------------------------------------------------


def test_the_recorded_submissions(world: StorageWorld) -> None:
    """Same place, length, root and identity as the published contract; never noticeably more gas."""
    for index, row in enumerate(vectors()["flow"]["submissions"]):
        data = recorded(index)
        assert data.identity == raw(row["identity"])
        price = int(row["feeWei"])
        assert data.fee(PRICE) == price
        result = world.send(registry.FLOW, flow.submit(data, SUBMITTER), value=price, gas=400_000)
        receipt = flow.submit(data, SUBMITTER).decode(result["output"])
        assert receipt == flow.Receipt(row["txSeq"], raw(row["identity"]), row["startPos"], row["sectors"])
        assert logs_of(result) == [
            flow.Submitted(SUBMITTER, receipt.identity, receipt.index, receipt.start, receipt.sectors, data)
        ]
        assert result["gas_max_used"] <= row["gasUsed"] * 1.05
        assert 100_000 <= result["gas_max_used"] <= 270_000
        levels = (row["flowLengthAfter"] - 1).bit_length() + 1
        assert world.ask(registry.FLOW, flow.tree()) == (row["flowLengthAfter"], levels)
        assert world.ask(registry.FLOW, flow.root_by_tx_seq(row["txSeq"])) == raw(row["flowRootAfter"])
        assert world.ask(registry.FLOW, flow.flow_root()) == raw(row["flowRootAfter"])
    assert world.ask(registry.FLOW, flow.submission_count()) == 13
    assert world.at(registry.FLOW, "Flow").call("numSubmissions") == 13
    assert world.ask(registry.FLOW, flow.root_by_tx_seq(13)) == bytes(32)


def test_file_roots_are_folded_from_nodes() -> None:
    seen = set()
    for row in vectors()["files"]:
        nodes = tuple(flow.Node(raw(node["root"]), int(node["height"])) for node in row["nodes"])
        data = flow.SubmissionData(int(row["size"]), nodes)
        data.check()
        assert (data.file_root, data.identity) == (raw(row["root"]), raw(row["identity"]))
        assert data.sectors == int(row["paddedChunks"])
        seen.add(len(nodes))
    assert {1, 2, 3} <= seen


@pytest.mark.parametrize(("key", "index"), [("newAbi", 0), ("newAbi256Bytes", 1)])
def test_recorded_call_and_log(world: StorageWorld, key: str, index: int) -> None:
    row = vectors()["submitCall"][key]
    for before in range(index):
        world.add(recorded(before))
    call = flow.submit(recorded(index), SUBMITTER)
    assert call.data == raw(row["calldata"])
    assert flow.decode_submit_call(call.data) == [(recorded(index), SUBMITTER)]
    ((address, topics, data),) = world.send(registry.FLOW, call, value=PRICE)["logs"]
    assert address == registry.FLOW
    assert [bytes(topic) for topic in topics] == [raw(topic) for topic in row["log"]["topics"]]
    assert bytes(data) == raw(row["log"]["data"])


def test_recorded_call_of_the_older_interface(world: StorageWorld) -> None:
    call = flow.submit_old(recorded(0))
    assert call.data == raw(vectors()["submitCall"]["oldAbiCalldata"])
    assert flow.decode_submit_call(call.data) == [(recorded(0), None)]
    recorded_log = vectors()["submitCall"]["newAbi"]["log"]
    ((_, topics, data),) = world.send(registry.FLOW, call, sender=BOB, value=PRICE)["logs"]
    assert bytes(data) == raw(recorded_log["data"])
    assert bytes(topics[0]) == raw(recorded_log["topics"][0])
    assert bytes(topics[1]) == bytes(12) + BOB  # who has no submitter is its own
    assert bytes(topics[2]) == raw(recorded_log["topics"][2])


def test_batches_are_single_submissions_one_after_another(world: StorageWorld) -> None:
    single = StorageWorld()
    files = [recorded(index) for index in range(13)]
    price = sum(data.fee(PRICE) for data in files)
    for call in (flow.batch_submit([(data, SUBMITTER) for data in files]), flow.batch_submit_old(files)):
        receipts = [single.add(data, SUBMITTER) for data in files]
        result = world.send(registry.FLOW, call, value=price)
        assert call.decode(result["output"]) == receipts
        assert [item.data for item in logs_of(result)] == files
        assert world.ask(registry.FLOW, flow.flow_root()) == single.ask(registry.FLOW, flow.flow_root())
        assert len(flow.decode_submit_call(call.data)) == 13
    assert {item.sender for item in logs_of(result)} == {ALICE}
    assert world.ask(registry.FLOW, flow.batch_submit([])) == []
    assert world.balance(registry.FLOW) == 0


def test_a_batch_is_all_or_nothing(world: StorageWorld) -> None:
    bad = replace(ONE, length=0)
    call = flow.batch_submit([(ONE, ALICE), (bad, ALICE)])
    assert world.refused(registry.FLOW, call, value=2 * PRICE) == "Invalid submission"
    assert world.ask(registry.FLOW, flow.submission_count()) == 0


def test_tags_come_back_as_they_went(world: StorageWorld) -> None:
    data = replace(ONE, tags=bytes(range(256)) * 3 + b"x")
    (log,) = logs_of(world.send(registry.FLOW, flow.submit(data, ALICE), value=PRICE))
    assert log.data == data


# -- against the definition -------------------------------------------------------------------------------------------


def random_file(source: random.Random, top: int) -> flow.SubmissionData:
    first = source.randint(0, top)
    heights = [first] + [height for height in range(first - 1, max(-1, first - 4), -1) if source.random() < 0.4]
    return file_of(heights, source.randbytes(8))


@pytest.mark.parametrize(("seed", "count", "top"), [(1, 60, 12), (2, 60, 4), (3, 40, 25), (4, 25, 31), (5, 80, 0)])
def test_places_and_roots_are_those_of_the_definition(world: StorageWorld, seed: int, count: int, top: int) -> None:
    world.at(registry.MARKET, "FixedPrice").send(OWNER, "setPricePerSector", 0)
    source, model = random.Random(seed), FlowModel()
    assert world.ask(registry.FLOW, flow.flow_root()) == model.root() == bytes(32)
    for number in range(count):
        data = random_file(source, top)
        start = model.add(data)
        receipt = world.add(data)
        assert (receipt.index, receipt.start, receipt.sectors) == (number, start, data.sectors)
        assert world.ask(registry.FLOW, flow.tree())[0] == model.length
        assert world.ask(registry.FLOW, flow.flow_root()) == model.root()
        assert world.ask(registry.FLOW, flow.root_by_tx_seq(number)) == model.root()


def test_a_flow_that_is_already_long() -> None:
    """Positions beyond 2^56, as the plain statement has them."""
    length, low, high = (1 << 56) + 1, b"\x05" * 32, b"\x56" * 32
    artifact = load("Flow")
    slots = {artifact.entry("_peaks", bytes([level])): int.from_bytes(node, "big") for level, node in ((0, low), (56, high))}
    world = StorageWorld(written={registry.FLOW: {**artifact.storage({"_length": length}), **slots}})
    model = FlowModel()
    model.nodes, model.length = {(56, 0): high, (0, 1 << 56): low}, length
    assert world.ask(registry.FLOW, flow.flow_root()) == model.root()
    source = random.Random(6)
    for _ in range(30):
        data = random_file(source, 12)
        start = model.add(data)
        assert world.add(data).start == start > 1 << 56
        assert world.ask(registry.FLOW, flow.flow_root()) == model.root()


# -- validity ---------------------------------------------------------------------------------------------------------

INVALID = "Invalid submission"
OVERFLOW = "an arithmetic overflow"


def sized(heights: list[int], length: int) -> flow.SubmissionData:
    return replace(file_of(heights), length=length)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (flow.SubmissionData(1, ()), INVALID),
        (sized([0, 0], 512), INVALID),
        (sized([3, 3], 4096), INVALID),
        (sized([0, 1], 768), OVERFLOW),
        (sized([4, 5], 12_288), OVERFLOW),
        (sized([5, 4, 4], 16_384), INVALID),
        (sized([5, 3, 4, 2], 15_000), INVALID),
        (sized([4, 0], 4_352), INVALID),
        (sized([9, 5], 139_264), INVALID),
        (sized([64], 1), INVALID),
        (sized([64, 63], 1), INVALID),
        (sized([65, 62], 1), INVALID),
        (flow.SubmissionData(1, (flow.Node(bytes(32), (1 << 256) - 1),)), INVALID),
        (sized([0], 0), INVALID),
        (sized([0], 257), INVALID),
        (sized([1], 256), INVALID),
        (sized([1], 513), INVALID),
        (sized([3, 2, 1, 0], 3_584), INVALID),
        (sized([3, 2, 1, 0], 3_841), INVALID),
        (sized([4], 3_840), INVALID),
        (sized([4], 4_097), INVALID),
        (sized([10], 245_760), INVALID),
        (sized([10], 262_145), INVALID),
        (sized([4, 1], 4_096), INVALID),
        (sized([4, 1], 4_609), INVALID),
        (sized([10, 7], 262_144), INVALID),
        (sized([10, 7], 294_913), INVALID),
        (sized([0], (1 << 256) - 1), INVALID),
    ],
)
def test_what_is_no_submission(world: StorageWorld, data: flow.SubmissionData, reason: str) -> None:
    for call in (
        flow.submit(data, ALICE), flow.submit_old(data), flow.batch_submit([(data, ALICE)]), flow.batch_submit_old([data])
    ):  # fmt: skip
        assert world.refused(registry.FLOW, call, value=10**18) == reason
    with pytest.raises(InvalidInput):
        data.check()
    assert world.ask(registry.FLOW, flow.tree())[0] == 1


@pytest.mark.parametrize(
    "data",
    [
        sized([0], 1), sized([0], 256), sized([1], 257), sized([1], 512), sized([3, 2, 1, 0], 3_585), sized([4], 3_841),
        sized([4, 1], 4_097), sized([4, 1], 4_608), sized([10], 245_761), sized([10, 7], 262_145), sized([5, 4, 3, 2], 15_360),
        sized([30], 2**38), sized([30, 27], 2**38 + 1),
    ],
)  # fmt: skip
def test_the_edges_of_what_is_one(world: StorageWorld, data: flow.SubmissionData) -> None:
    data.check()
    world.at(registry.MARKET, "FixedPrice").send(OWNER, "setPricePerSector", 0)
    assert world.add(data).sectors == data.sectors


@pytest.mark.parametrize("data", [sized([63], 2**71), sized([63, 60], 2**71 + 1)])
def test_more_than_anyone_can_pay_gas_for_is_no_invalid_submission(world: StorageWorld, data: flow.SubmissionData) -> None:
    """Height 63 passes the rules; the reward of 2^38 pricing chunks does not fit any block."""
    data.check()
    world.at(registry.MARKET, "FixedPrice").send(OWNER, "setPricePerSector", 0)
    result = world.raw(ALICE, registry.FLOW, flow.submit(data, ALICE).data)
    assert (result["success"], bytes(result["output"])) == (False, b"")


def test_the_check_before_sending_agrees_with_the_contract(world: StorageWorld) -> None:
    world.at(registry.MARKET, "FixedPrice").send(OWNER, "setPricePerSector", 0)
    source, taken = random.Random(7), 0
    for _ in range(400):
        heights = [source.randint(0, 8) for _ in range(source.randint(1, 4))]
        if source.random() < 0.8:
            heights = sorted(set(heights), reverse=True)
        sectors = sum(1 << height for height in heights)
        near = source.choice((sectors, sectors - 1, sectors - sectors // 16, sectors - max(1, (1 << heights[0]) // 8)))
        data = sized(heights, max(0, 256 * near + source.randint(-1, 1)))
        result = world.raw(ALICE, registry.FLOW, flow.submit(data, ALICE).data)
        try:
            data.check()
            good = True
        except InvalidInput:
            good = False
        assert result["success"] == good, data
        taken += good
    assert 50 < taken < 350


def test_nobody_cannot_submit(world: StorageWorld) -> None:
    assert world.refused(registry.FLOW, flow.submit(ONE, bytes(20)), value=PRICE) == INVALID
    assert world.refused(registry.FLOW, flow.batch_submit([(ONE, bytes(20))]), value=PRICE) == INVALID


# -- fees -------------------------------------------------------------------------------------------------------------


def not_enough(price: int, sectors: int, paid: int) -> str:
    return f"NotEnoughFee(price={price}, amount={sectors}, paid={paid})"


def test_the_fee_is_for_the_padded_sectors(world: StorageWorld) -> None:
    data = recorded(4)  # 4352 bytes: 17 sectors of data, 18 to pay
    call = flow.submit(data, ALICE)
    assert data.fee(PRICE) == 18 * PRICE
    assert world.refused(registry.FLOW, call) == not_enough(PRICE, 18, 0)
    assert world.refused(registry.FLOW, call, value=18 * PRICE - 1) == not_enough(PRICE, 18, 18 * PRICE - 1)
    assert world.ask(registry.FLOW, call, value=18 * PRICE).sectors == 18
    assert (world.balance(registry.FLOW), world.balance(registry.MARKET)) == (0, 0)
    assert world.balance(registry.REWARD) == 18 * PRICE


def test_error_bytes(world: StorageWorld) -> None:
    result = world.raw(ALICE, registry.FLOW, flow.submit(ONE, ALICE).data, 5)
    assert bytes(result["output"]).hex() == f"f85c6482{PRICE:064x}{1:064x}{5:064x}"
    world.ask(registry.FLOW, flow.pause(), sender=OWNER)
    result = world.raw(ALICE, registry.FLOW, flow.submit(ONE, ALICE).data, PRICE)
    assert bytes(result["output"]).hex() == "d93c0665"


def test_gaps_in_the_flow_cost_nothing_more(world: StorageWorld) -> None:
    world.add(ONE)
    before = world.balance(registry.REWARD)
    assert world.add(recorded(6)).start == 1024
    assert world.balance(registry.REWARD) - before == 1024 * PRICE


def test_surplus_pays_for_the_next(world: StorageWorld) -> None:
    world.ask(registry.FLOW, flow.submit(ONE, ALICE), value=3 * PRICE - 1)
    assert world.balance(registry.FLOW) == 2 * PRICE - 1
    world.ask(registry.FLOW, flow.submit(ONE, BOB), sender=BOB)
    assert world.refused(registry.FLOW, flow.submit(ONE, BOB), sender=BOB).startswith("NotEnoughFee(")
    world.ask(registry.FLOW, flow.submit(ONE, BOB), sender=BOB, value=1)
    assert world.balance(registry.FLOW) == 0
    assert world.balance(registry.REWARD) == 3 * PRICE


def test_a_batch_needs_the_fee_of_all(world: StorageWorld) -> None:
    call = flow.batch_submit([(ONE, ALICE)] * 3)
    assert world.refused(registry.FLOW, call, value=3 * PRICE - 1).startswith("NotEnoughFee(")
    world.ask(registry.FLOW, call, value=3 * PRICE)


def test_another_price(world: StorageWorld) -> None:
    contract = world.at(registry.MARKET, "FixedPrice")
    assert world.ask(registry.FLOW, flow.market()) == registry.MARKET
    assert world.ask(registry.MARKET, market.price_per_sector()) == PRICE
    assert "AccessControlUnauthorizedAccount" in contract.fails(ALICE, "setPricePerSector", 1)
    world.ask(registry.MARKET, market.set_price_per_sector(7), sender=OWNER)
    assert world.refused(registry.FLOW, flow.submit(recorded(3), ALICE), value=7 * 16 - 1).startswith("NotEnoughFee(")
    world.ask(registry.FLOW, flow.submit(recorded(3), ALICE), value=7 * 16)
    assert (world.ask(registry.MARKET, market.flow()), world.ask(registry.MARKET, market.reward())) == (
        registry.FLOW,
        registry.REWARD,
    )


# -- pause, launch, roles ---------------------------------------------------------------------------------------------


def test_pause(world: StorageWorld) -> None:
    contract = world.at(registry.FLOW, "Flow")
    assert "AccessControlUnauthorizedAccount" in contract.fails(ALICE, "pause")
    assert contract.fails(OWNER, "unpause") == "ExpectedPause()"
    assert contract.send(OWNER, "pause") == [("Paused", {"account": OWNER})]
    assert world.ask(registry.FLOW, flow.paused())
    refused = [
        flow.submit(ONE, ALICE), flow.submit_old(ONE), flow.batch_submit([(ONE, ALICE)]), flow.batch_submit_old([ONE]),
        flow.make_context(), flow.make_context_fixed_times(1), flow.make_context_with_result(), flow.context_at(0),
    ]  # fmt: skip
    for call in refused:
        value = PRICE if call in refused[:4] else 0
        assert world.refused(registry.FLOW, call, value=value) == "EnforcedPause()"
    assert contract.fails(OWNER, "pause") == "EnforcedPause()"
    assert world.ask(registry.FLOW, flow.tree()) == (1, 1)
    assert contract.send(OWNER, "unpause") == [("Unpaused", {"account": OWNER})]
    world.add(ONE)


def deployed_flow(world: StorageWorld, first_block: int) -> Address:
    address = world.deploy(OWNER, load("Flow"))
    world.at(address, "Flow").send(OWNER, "initialize", registry.MARKET, 10**9, first_block)
    return address


def test_nothing_happens_before_the_launch(world: StorageWorld) -> None:
    address = deployed_flow(world, 50)
    contract = world.at(address, "Flow")
    early = "Contract has not launched."
    world.number = 49
    for call in (flow.submit(ONE, ALICE), flow.make_context(), flow.make_context_with_result()):
        result = world.raw(ALICE, address, call.data)
        assert not result["success"]
        assert contract.interface.explain_revert(result["output"]) == early
    world.number = 50
    assert world.ask(address, flow.make_context_with_result()) == flow.MineContext(0, 50, bytes(32), 1, EMPTY, EMPTY)
    assert world.ask(address, flow.first_block()) == 50


def test_roles(world: StorageWorld) -> None:
    contract = world.at(registry.FLOW, "Flow")
    role = registry.PAUSER_ROLE
    assert contract.call("PAUSER_ROLE") == role
    assert contract.call("hasRole", role, OWNER)
    assert contract.call("getRoleAdmin", role) == bytes(32)
    assert "AccessControlUnauthorizedAccount" in contract.fails(ALICE, "grantRole", role, ALICE)
    assert contract.send(OWNER, "grantRole", role, ALICE) == [
        ("RoleGranted", {"role": role, "account": ALICE, "sender": OWNER})
    ]
    assert contract.send(OWNER, "grantRole", role, ALICE) == []
    contract.send(ALICE, "pause")
    assert contract.fails(BOB, "renounceRole", role, ALICE) == "AccessControlBadConfirmation()"
    contract.send(ALICE, "renounceRole", role, ALICE)
    assert "AccessControlUnauthorizedAccount" in contract.fails(ALICE, "unpause")
    assert contract.send(OWNER, "revokeRole", role, OWNER) == [
        ("RoleRevoked", {"role": role, "account": OWNER, "sender": OWNER})
    ]
    assert "AccessControlUnauthorizedAccount" in contract.fails(OWNER, "unpause")


def test_genesis_is_what_constructors_and_initializers_write(world: StorageWorld) -> None:
    parameters = world.net.storage
    assert parameters is not None
    made = {name: world.deploy(OWNER, load(name)) for name in ("Flow", "FixedPrice", "ChunkLinearReward")}
    made["PoraMine"] = world.deploy(OWNER, load("PoraMine"), 0)
    world.at(made["Flow"], "Flow").send(OWNER, "initialize", registry.MARKET, parameters.blocks_per_epoch, 0)
    world.at(made["FixedPrice"], "FixedPrice").send(
        OWNER, "initialize", parameters.price_per_sector, registry.FLOW, registry.REWARD
    )
    world.at(made["PoraMine"], "PoraMine").send(
        OWNER, "initialize", registry.FLOW, registry.REWARD,
        (parameters.difficulty, parameters.target_mine_blocks, parameters.target_submissions, parameters.max_shards,
         parameters.subtasks, parameters.subtask_interval),
    )  # fmt: skip
    world.at(made["ChunkLinearReward"], "ChunkLinearReward").send(
        OWNER, "initialize", registry.MARKET, registry.MINE, OWNER, OWNER, parameters.release_seconds
    )
    again = {"Flow": (registry.MARKET, 1, 0), "FixedPrice": (1, registry.FLOW, registry.REWARD)}
    for name, arguments in again.items():
        assert world.at(made[name], name).fails(OWNER, "initialize", *arguments) == "InvalidInitialization()"
        assert "AccessControlUnauthorizedAccount" in world.at(made[name], name).fails(ALICE, "initialize", *arguments)
    world.native.root()
    dump = world.native.dump()
    for name in ("flow", "market", "mine", "reward"):
        address, contract = registry.NAMED[name]
        assert dump[made[contract]]["storage"] == dump[address]["storage"], contract
        assert dump[made[contract]]["code"] == dump[address]["code"], contract


def test_genesis_refuses_what_the_contracts_would() -> None:
    for name in ("blocks_per_epoch", "release_seconds", "difficulty", "subtasks", "max_shards"):
        with pytest.raises(InvalidInput, match=name):
            StorageWorld(network_with(**{name: 0}))
    with pytest.raises(InvalidInput, match="does not fit"):
        StorageWorld(network_with(blocks_per_epoch=1 << 64))


def test_addresses_of_genesis_can_be_chosen() -> None:
    places = {name: Address(bytes([i + 1]) * 20) for i, name in enumerate(("flow", "market", "mine", "reward"))}
    world = StorageWorld(network_with(**places))
    receipt = world.ask(places["flow"], flow.submit(ONE, ALICE), value=PRICE)
    assert receipt.start == 1
    assert world.balance(places["reward"]) == PRICE
    assert world.account(registry.FLOW)[2] == b""


# -- epochs -----------------------------------------------------------------------------------------------------------

EPOCH = 10


def epochs(number: int = 1) -> StorageWorld:
    return StorageWorld(network_with(blocks_per_epoch=EPOCH), number=number)


def hash_of(block: int) -> bytes:
    return bytes(keccak256(block.to_bytes(8, "big")))


def to_block(world: StorageWorld, number: int) -> None:
    world.number = number
    world.hashes = {block: hash_of(block) for block in range(max(0, number - 256), number)}


def begun(result: dict[str, Any]) -> list[flow.EpochBegun]:
    return [flow.decode_new_epoch(topics, data) for _, topics, data in result["logs"] if topics[0] == flow.NEW_EPOCH_TOPIC]


def test_a_first_context_is_empty() -> None:
    world = epochs()
    empty = flow.MineContext(0, 0, bytes(32), 1, EMPTY, EMPTY)
    assert world.ask(registry.FLOW, flow.context()) == empty
    to_block(world, EPOCH)
    assert begun(world.send(registry.FLOW, flow.make_context())) == []
    assert world.ask(registry.FLOW, flow.make_context_with_result()) == empty
    assert [world.ask(registry.FLOW, call) for call in (flow.epoch(), flow.blocks_per_epoch(), flow.first_block())] == [
        0,
        10,
        0,
    ]


def test_an_epoch_ends_after_its_last_block() -> None:
    world = epochs()
    world.add(recorded(3))
    root = world.ask(registry.FLOW, flow.flow_root())
    to_block(world, EPOCH + 1)
    result = world.send(registry.FLOW, flow.make_context(), sender=BOB)
    digest = bytes(keccak256(hash_of(EPOCH) + root + (32).to_bytes(32, "big")))
    assert begun(result) == [flow.EpochBegun(BOB, 1, root, 1, 32, digest)]
    assert world.ask(registry.FLOW, flow.context()) == flow.MineContext(1, EPOCH, root, 32, hash_of(EPOCH), digest)
    assert world.ask(registry.FLOW, flow.epoch_range(digest)) == flow.EpochRange(0, 32, digest)
    assert world.ask(registry.FLOW, flow.epoch_range_at(0)) == flow.EpochRange(0, 32, digest)
    assert world.ask(registry.FLOW, flow.epoch_range(hash_of(1))) == flow.EpochRange(0, 0, hash_of(1))
    assert world.ask(registry.FLOW, flow.epoch_start_position()) == 32
    assert begun(world.send(registry.FLOW, flow.make_context())) == []


def test_submissions_close_epochs_before_they_are_placed() -> None:
    world = epochs()
    world.add(ONE)
    root = world.ask(registry.FLOW, flow.flow_root())
    to_block(world, EPOCH + 1)
    result = world.send(registry.FLOW, flow.submit(ONE, BOB), value=PRICE)
    (epoch,) = begun(result)
    assert (epoch.sender, epoch.flow_root, epoch.submission_index, epoch.flow_length) == (ALICE, root, 1, 2)
    assert [topics[0] for _, topics, _ in result["logs"]] == [flow.NEW_EPOCH_TOPIC, flow.SUBMIT_TOPIC]


def test_missed_epochs_are_closed_one_by_one() -> None:
    world = epochs()
    world.add(recorded(3))
    root = world.ask(registry.FLOW, flow.flow_root())
    to_block(world, 5 * EPOCH + 1)
    result = world.send(registry.FLOW, flow.make_context())
    found = begun(result)
    assert [epoch.epoch for epoch in found] == [1, 2, 3, 4, 5]
    for epoch in found:
        data = hash_of(EPOCH * epoch.epoch) + root + (32).to_bytes(32, "big")
        assert (epoch.flow_root, epoch.flow_length, epoch.context) == (root, 32, bytes(keccak256(data)))
    ranges = [world.ask(registry.FLOW, flow.epoch_range_at(index)) for index in range(5)]
    assert [(item.start, item.end) for item in ranges] == [(0, 32)] + [(32, 32)] * 4
    assert [item.digest for item in ranges] == [epoch.context for epoch in found]
    contract = world.at(registry.FLOW, "Flow")
    assert contract.call("rootHistory") == registry.FLOW
    assert [contract.call("at", index) for index in range(5)] == [root] * 5
    assert contract.call("contains", root)
    assert not contract.call("contains", b"\x01" * 32)
    assert contract.fails(ALICE, "at", 5) == "UnavailableIndex(index=5)"


def test_missed_epochs_in_pieces() -> None:
    """The published contract goes one further than its argument says; keepers count on it."""
    world = epochs()
    to_block(world, 12 * EPOCH + 1)
    assert len(begun(world.send(registry.FLOW, flow.make_context_fixed_times(0)))) == 1
    assert len(begun(world.send(registry.FLOW, flow.make_context_fixed_times(4)))) == 5
    assert len(begun(world.send(registry.FLOW, flow.make_context_fixed_times(100)))) == 6
    assert world.ask(registry.FLOW, flow.epoch()) == 12


@pytest.mark.parametrize(
    ("back", "known"), [(1, True), (256, True), (257, True), (300, True), (8191, True), (8192, False), (20_000, False)]
)
def test_how_far_back_an_epoch_can_end(back: int, known: bool) -> None:
    """Up to 256 blocks by BLOCKHASH, up to 8191 by the contract of EIP-2935, beyond that the epoch is void."""
    world = StorageWorld(network_with(blocks_per_epoch=30_000))
    world.add(recorded(3))
    root = world.ask(registry.FLOW, flow.flow_root())
    world.number = 30_001
    world.native.block_start(world.env(), hash_of(30_000), bytes(32))  # as every block does for its parent
    to_block(world, 30_000 + back)
    (epoch,) = begun(world.send(registry.FLOW, flow.make_context()))
    context = world.ask(registry.FLOW, flow.context())
    assert (context.epoch, context.mine_start, context.flow_root, context.flow_length) == (1, 30_000, root, 32)
    if known:
        digest = bytes(keccak256(hash_of(30_000) + root + (32).to_bytes(32, "big")))
        assert (context.block_digest, context.digest, epoch.context) == (hash_of(30_000), digest, digest)
        assert world.ask(registry.FLOW, flow.epoch_start_position()) == 32
    else:
        assert (context.block_digest, context.digest, epoch.context) == (EMPTY, EMPTY, EMPTY)
        assert world.ask(registry.FLOW, flow.epoch_start_position()) == 0
        assert not world.raw(ALICE, registry.FLOW, flow.epoch_range_at(0).data)["success"]


def test_without_the_history_contract_older_hashes_are_zero() -> None:
    world = StorageWorld(network_with(blocks_per_epoch=30_000), absent=(registry.HISTORY_STORAGE,))
    assert world.account(registry.HISTORY_STORAGE)[2] == b""
    to_block(world, 30_300)
    world.send(registry.FLOW, flow.make_context())
    assert world.ask(registry.FLOW, flow.context()).block_digest == bytes(32)


def test_which_context_holds_a_sector() -> None:
    world = epochs()
    lengths = set()
    for number in range(1, 8):
        for index in range(number % 3):
            world.add(file_of([3, 1], bytes([number, index])))
        to_block(world, EPOCH * number + 1)
        world.ask(registry.FLOW, flow.make_context())
        lengths.add(length := world.ask(registry.FLOW, flow.tree())[0])
    found = [world.ask(registry.FLOW, flow.context_at(sector)) for sector in range(length)]
    digests = set()
    for sector, item in enumerate(found):
        assert item.start <= sector < item.end
        assert item == world.ask(registry.FLOW, flow.epoch_range(item.digest))
        digests.add(item.digest)
    assert len(digests) == len(lengths) == 5, "an epoch without data has an empty range"
    reason = "Queried position exceeds upper bound"
    assert world.refused(registry.FLOW, flow.context_at(length)) == reason
    receipt = world.add(ONE)
    assert world.refused(registry.FLOW, flow.context_at(receipt.start)) == "Can not find proper context"


def test_the_ring_of_roots() -> None:
    world = StorageWorld(network_with(blocks_per_epoch=1))
    contract = world.at(registry.FLOW, "Flow")
    world.add(ONE)
    old = world.ask(registry.FLOW, flow.flow_root())
    to_block(world, 1002)
    world.ask(registry.FLOW, flow.make_context_fixed_times(500), gas=100_000_000)
    assert contract.call("available", 0)
    world.ask(registry.FLOW, flow.make_context_fixed_times(498), gas=100_000_000)
    assert world.ask(registry.FLOW, flow.epoch()) == 1000
    assert contract.call("available", 0)
    assert contract.call("at", 0) == contract.call("at", 999) == old
    world.ask(registry.FLOW, flow.make_context())
    assert not contract.call("available", 0)
    assert contract.call("available", 1)
    assert contract.call("available", 1000)
    assert not contract.call("available", 1001)


def test_mining_begins_when_epochs_become_short(world: StorageWorld) -> None:
    """A devnet's epochs are endless until its owner sets them; past blocks make no missed epochs."""
    contract = world.at(registry.FLOW, "Flow")
    world.add(recorded(3))
    to_block(world, 5_000)
    assert begun(world.send(registry.FLOW, flow.make_context())) == []
    assert "AccessControlUnauthorizedAccount" in contract.fails(ALICE, "setBlocksPerEpoch", 20)
    assert contract.fails(OWNER, "setBlocksPerEpoch", 0) == "Blocks per epoch cannot be zero"
    world.send(registry.FLOW, flow.set_blocks_per_epoch(20), sender=OWNER)
    assert world.ask(registry.FLOW, flow.blocks_per_epoch()) == 20
    to_block(world, 5_020)
    assert begun(world.send(registry.FLOW, flow.make_context())) == []
    to_block(world, 5_041)
    assert [item.epoch for item in begun(world.send(registry.FLOW, flow.make_context()))] == [1, 2]
    assert world.ask(registry.FLOW, flow.context()).mine_start == 5_040
    to_block(world, 5_065)
    result = world.send(registry.FLOW, flow.set_blocks_per_epoch(100), sender=OWNER)
    assert [item.epoch for item in begun(result)] == [3]
    to_block(world, 5_166)
    assert [item.epoch for item in begun(world.send(registry.FLOW, flow.make_context()))] == [4]
    assert world.ask(registry.FLOW, flow.context()).mine_start == 5_165


# -- the callers ------------------------------------------------------------------------------------------------------


def test_callers_refuse_what_is_not_theirs() -> None:
    for data in (b"", b"\x12", flow.make_context().data, flow.submit(ONE, ALICE).data[:-1]):
        with pytest.raises(InvalidInput):
            flow.decode_submit_call(data)
    with pytest.raises(InvalidInput):
        flow.decode_submit([flow.NEW_EPOCH_TOPIC], b"")
    with pytest.raises(InvalidInput):
        flow.decode_new_epoch([flow.SUBMIT_TOPIC, bytes(32), bytes(32)], bytes(160))
    with pytest.raises(InvalidInput):
        flow.decode_submit([flow.SUBMIT_TOPIC, bytes(32), bytes(32)], bytes(31))
    with pytest.raises(InvalidInput):
        flow.submit(replace(ONE, nodes=(flow.Node(b"short", 0),)), ALICE)


# -- what others do to the price of a submission ------------------------------------------------------------------------


class Unfloored(StorageWorld):
    """Without the rule that most of the limit is charged: what a call really uses."""

    def __post_init__(self) -> None:
        made = parse(genesis(self.net, {who: RICH for who in (OWNER, ALICE, BOB)}))
        self.change_alloc(made.alloc)
        self.native = native.EvmWorld(made.alloc, "prague", self.net.chain_id, 0, True)


def gas_at(length: int, data: list[flow.SubmissionData], *, worn: bool) -> int:
    """Of a submission into a flow of this length; ``worn``: every peak was written before."""
    artifact = load("Flow")
    levels = [level for level in range(length.bit_length()) if worn or length >> level & 1]
    peaks = {artifact.entry("_peaks", bytes([level])): 7 + level for level in levels}
    world = Unfloored(written={registry.FLOW: {**artifact.storage({"_length": length}), **peaks}})
    call = flow.submit(data[0], ALICE) if len(data) == 1 else flow.batch_submit([(one, ALICE) for one in data])
    return int(world.send(registry.FLOW, call, value=sum(one.fee(PRICE) for one in data))["gas_used"])


@pytest.mark.parametrize(("depth", "heights"), [(12, [5, 4, 3, 2]), (40, [12, 11, 10, 9]), (40, [10])])
def test_what_is_spared_covers_any_submissions_before(depth: int, heights: list[int]) -> None:
    end = 1 << depth
    used = [
        gas_at(length, [file_of(heights)], worn=worn)
        for length in (end - 1, end - 1023, end - 1025, end - 512, end // 2, end // 2 + 1)
        for worn in (False, True)
    ]
    assert min(used) // 5 < max(used) - min(used) <= submission_spare_gas(1, depth)


def test_what_is_spared_covers_a_batch() -> None:
    files = [file_of([2], b"a"), file_of([5, 4, 3, 2], b"b"), file_of([10], b"c")]
    end = 1 << 30
    used = [gas_at(length, files, worn=worn) for length in (end - 1, end - 1025, end // 2, end - 512) for worn in (False, True)]
    assert max(used) - min(used) <= submission_spare_gas(3, 30)

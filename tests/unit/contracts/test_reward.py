"""Market and reward: how fees are shared over the flow, released over time, and paid out."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest
from tests.unit.contracts.contract_kit import ALICE, BOB, ONE, OWNER, At
from tests.unit.contracts.storage_kit import MINER, PRICE, StorageWorld, file_of, network_with

from zerog.contracts import flow, registry, reward
from zerog.contracts.artifact import load
from zerog.errors import InvalidInput
from zerog.types import Address

CHUNK = reward.SECTORS_PER_PRICE
RELEASE = 1_000
TREASURY = Address(b"\x7e" * 20)
DENIED = "Sender does not have permission"


@dataclass
class Money:
    """A reward contract of its own: ALICE is its market, BOB its mine."""

    world: StorageWorld = field(default_factory=StorageWorld)

    def __post_init__(self) -> None:
        self.address = self.world.deploy(OWNER, load("ChunkLinearReward"))
        self.contract = self.world.at(self.address, "ChunkLinearReward")
        self.contract.send(OWNER, "initialize", ALICE, BOB, OWNER, TREASURY, RELEASE)

    @property
    def now(self) -> int:
        return int(self.world.env()["timestamp"])

    def fill(self, before: int, sectors: int, value: int) -> None:
        self.contract.send(ALICE, "fillReward", before, sectors, value=value)

    def at(self, index: int) -> reward.Reward:
        found: reward.Reward = self.world.ask(self.address, reward.rewards(index))
        return found

    def claim(self, index: int, to: bytes = OWNER) -> int:
        """What a proof brings."""
        before = self.contract.call("payments", to)
        events = self.contract.send(BOB, "claimMineReward", index, to, MINER)
        paid: int = self.contract.call("payments", to) - before
        shown = {"pricingIndex": index, "beneficiary": to, "minerId": MINER, "amount": paid}
        assert events == ([("DistributeReward", shown)] if paid else [])
        return paid


@pytest.fixture
def money() -> Money:
    return Money()


# -- the market shares the fee ----------------------------------------------------------------------------------------


def test_a_fee_is_shared_between_the_gap_and_the_file() -> None:
    """The padding's share goes to where the gap lies: here both lie in the first chunk but for one file."""
    world = StorageWorld()
    world.add(file_of([0]))
    data = file_of([26])  # starts at 2^26: the gap fills chunks 0 and 1, the file 2 and 3
    receipt = world.add(data, gas=10_000_000)
    assert receipt.start == 1 << 26
    fee, gap = data.fee(PRICE), (1 << 26) - 2
    padding = fee * gap // (gap + data.sectors)
    found = [world.ask(registry.REWARD, reward.rewards(index)) for index in range(5)]
    per_chunk = padding * CHUNK // gap
    now = world.env()["timestamp"]
    assert [item.locked for item in found] == [
        PRICE + per_chunk * (CHUNK - 2) // CHUNK,
        per_chunk * CHUNK // CHUNK,
        (fee - padding) * CHUNK // data.sectors,
        (fee - padding) * CHUNK // data.sectors,
        0,
    ]
    assert [item.start_time for item in found] == [now] * 4 + [0]
    assert world.balance(registry.REWARD) == fee + PRICE
    assert world.balance(registry.MARKET) == 0


def test_money_that_lies_in_the_market_goes_along() -> None:
    world = StorageWorld()
    assert world.raw(ALICE, registry.MARKET, b"", 12345)["success"]
    world.add(file_of([4]))
    assert world.ask(registry.REWARD, reward.rewards(0)).locked == 16 * PRICE + 12345
    assert world.balance(registry.MARKET) == 0


def test_only_the_flow_charges() -> None:
    world = StorageWorld()
    contract = world.at(registry.MARKET, "FixedPrice")
    assert contract.fails(ALICE, "chargeFee", 1, 1, 0) == DENIED
    assert contract.fails(OWNER, "chargeFee", 1, 1, 0) == DENIED
    made = world.at(world.deploy(OWNER, load("FixedPrice")), "FixedPrice")
    made.send(OWNER, "initialize", 5, ALICE, registry.REWARD)
    assert made.fails(ALICE, "chargeFee", 1, 1, 0) == "Not enough paid fee"


# -- filling ----------------------------------------------------------------------------------------------------------


def test_a_chunk_starts_when_it_is_full(money: Money) -> None:
    money.fill(1, CHUNK // 2, 100)
    assert money.at(0) == reward.Reward(100, 0, 0, 0, 0)
    money.fill(1 + CHUNK // 2, CHUNK // 2 - 2, 50)
    assert money.at(0) == reward.Reward(150, 0, 0, 0, 0)
    money.fill(CHUNK - 1, 1, 7)
    assert money.at(0) == reward.Reward(157, 0, 0, money.now, money.now)
    money.fill(CHUNK, 1, 9)
    assert money.at(1) == reward.Reward(9, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("before", "sectors"),
    [
        (1, CHUNK - 1), (1, CHUNK), (CHUNK - 1, 2), (5, 3 * CHUNK), (CHUNK, CHUNK), (CHUNK, 3 * CHUNK),
        (2 * CHUNK - 1, CHUNK + 1), (2 * CHUNK + 7, 4 * CHUNK + 11),
    ],
)  # fmt: skip
def test_money_is_spread_by_sectors(money: Money, before: int, sectors: int) -> None:
    value = 10**18 + 12_345_678_901
    money.fill(before, sectors, value)
    end = before + sectors
    first, last = before // CHUNK, (end - 1) // CHUNK
    total = 0
    for index in range(first, last + 1):
        share = min(end, (index + 1) * CHUNK) - max(before, index * CHUNK)
        wanted = value if first == last else value * CHUNK // sectors * share // CHUNK
        found = money.at(index)
        full = end >= (index + 1) * CHUNK
        assert found == reward.Reward(wanted, 0, 0, *((money.now, money.now) if full else (0, 0)))
        total += wanted
    assert 0 <= value - total < 2 * (last - first + 2), "only rounding is lost"
    for index in {last + 1, first - 1} - {-1}:
        assert money.at(index) == reward.Reward(0, 0, 0, 0, 0)


def test_only_market_and_mine_have_a_say(money: Money) -> None:
    assert money.contract.fails(BOB, "fillReward", 1, 1, value=1) == DENIED
    assert money.contract.fails(ALICE, "claimMineReward", 0, ALICE, MINER) == DENIED
    for setter, value in (("setBaseReward", 1), ("setServiceFeeRate", 1), ("setTreasury", BOB), ("setFoundationAdmin", BOB)):
        assert money.contract.fails(ALICE, setter, value) == "Not foundation admin"


def test_service_fee(money: Money) -> None:
    assert money.contract.fails(OWNER, "setServiceFeeRate", 10_001) == "Service fee above everything"
    money.contract.send(OWNER, "setServiceFeeRate", 250)
    money.fill(1, 10, 10_039)
    assert money.world.balance(TREASURY) == 250
    assert money.at(0).locked == 10_039 - 250


def test_a_treasury_that_takes_no_money_stops_no_upload(money: Money) -> None:
    money.contract.send(OWNER, "setServiceFeeRate", 1000)
    money.contract.send(OWNER, "setTreasury", registry.FLOW)
    money.fill(1, 10, 1000)
    assert money.at(0).locked == 900
    assert money.contract.call("payments", registry.FLOW) == 100
    assert money.contract.fails(BOB, "withdrawPayments", registry.FLOW) == "Payee refused the payment"


# -- release ----------------------------------------------------------------------------------------------------------


def test_nothing_is_released_before_a_chunk_is_full(money: Money) -> None:
    money.contract.send(OWNER, "setBaseReward", 5)
    money.contract.send(ALICE, "donate", value=100)
    money.fill(1, 10, 1000)
    money.world.later = 10 * RELEASE
    assert money.claim(0) == 0
    assert money.claim(3) == 0
    assert money.at(0) == reward.Reward(1000, 0, 0, 0, 0)


def test_release_is_linear_and_half_of_it_is_paid(money: Money) -> None:
    money.fill(0, CHUNK, 8_000)
    start = money.now
    assert money.claim(0) == 0
    money.world.later = RELEASE // 4
    assert money.claim(0) == 1_000  # a quarter of all is released: 2000, half of that is paid
    assert money.at(0) == reward.Reward(6_000, 1_000, 1_000, start, money.now)
    assert money.claim(0) == 500
    money.world.later = RELEASE // 2
    assert money.claim(0) == 1_250
    assert money.at(0) == reward.Reward(4_000, 1_250, 2_750, start, money.now)
    money.world.later = 5 * RELEASE
    assert money.claim(0) == 2_625
    assert money.at(0) == reward.Reward(0, 2_625, 5_375, start, money.now)


def test_release_against_the_formula(money: Money) -> None:
    source = random.Random(3)
    total = 10**18 + 7
    money.fill(0, CHUNK, total)
    claimable = distributed = 0
    for _ in range(40):
        money.world.later += source.randint(0, 60)
        elapsed = money.now - money.at(0).start_time
        released = total if elapsed >= RELEASE else total * elapsed // RELEASE
        claimable = released - distributed
        paid = claimable // 2
        assert money.claim(0) == paid
        claimable, distributed = claimable - paid, distributed + paid
        found = money.at(0)
        assert (found.locked, found.claimable, found.distributed) == (total - released, claimable, distributed)
        assert money.world.balance(money.address) >= found.locked + found.claimable + money.contract.call("payments", OWNER)


def test_base_reward_until_the_deadline(money: Money) -> None:
    money.fill(0, CHUNK, 8_000)
    money.contract.send(OWNER, "setBaseReward", 70)
    money.contract.send(ALICE, "donate", value=100)
    assert money.claim(0) == 70
    assert money.contract.call("totalBaseReward") == 30
    assert money.claim(0) == 30, "what the pool still has"
    assert money.claim(0) == 0
    money.contract.send(ALICE, "donate", value=1000)
    money.world.later = RELEASE - 1
    released = 8_000 * (RELEASE - 1) // RELEASE
    assert money.claim(0) == released // 2 + 70
    money.world.later = RELEASE
    left = 8_000 - released // 2
    assert money.claim(0) == left // 2, "no base reward from the deadline on"
    assert money.contract.call("totalBaseReward") == 930


def test_payments_are_withdrawn_by_anyone_for_the_payee(money: Money) -> None:
    payee = Address(b"\x11" * 20)
    money.fill(0, CHUNK, 8 * ONE)
    money.world.later = RELEASE
    assert money.claim(0, payee) == 4 * ONE
    assert money.world.ask(money.address, reward.payments(payee)) == 4 * ONE
    events = money.contract.send(BOB, "withdrawPayments", payee)
    assert events == [("Withdrawn", {"payee": payee, "weiAmount": 4 * ONE})]
    assert (money.world.balance(payee), money.contract.call("payments", payee)) == (4 * ONE, 0)
    money.contract.send(BOB, "withdrawPayments", payee)
    assert money.world.balance(payee) == 4 * ONE


def test_the_first_chunk_that_pays(money: Money) -> None:
    assert money.world.ask(money.address, reward.first_rewardable_chunk()) == (0, money.now)
    assert money.world.ask(money.address, reward.reward_deadline(0)) == 0
    money.fill(0, 3 * CHUNK, 300)
    deadline = money.now + RELEASE
    assert money.world.ask(money.address, reward.reward_deadline(2)) == deadline
    money.world.later = RELEASE
    assert money.world.ask(money.address, reward.first_rewardable_chunk()) == (0, deadline)
    money.world.later = RELEASE + 1
    assert money.world.ask(money.address, reward.first_rewardable_chunk()) == (3, deadline + 1)
    money.fill(3 * CHUNK, CHUNK, 100)
    assert money.world.ask(money.address, reward.first_rewardable_chunk())[0] == 3


@pytest.mark.parametrize("chunks", [1023, 1024, 1025, 1026, 2048, 2049, 3000])
def test_the_first_chunk_that_pays_is_found_far_out(chunks: int) -> None:
    """Doubling from 1024, then halving: the chunks below are full and over, the rest are not."""
    artifact = load("ChunkLinearReward")
    slots = {}
    for index in range(chunks):
        slot = artifact.entry("_rewards", index.to_bytes(32, "big")) + 1
        slots[slot] = 1_000 << 128 | 1_000 << 168
    world = StorageWorld(network_with(release_seconds=RELEASE), written={registry.REWARD: slots})
    assert world.ask(registry.REWARD, reward.rewards(chunks - 1)).start_time == 1_000
    assert world.ask(registry.REWARD, reward.first_rewardable_chunk())[0] == chunks


def test_genesis_values() -> None:
    world = StorageWorld()
    contract: At = world.at(registry.REWARD, "ChunkLinearReward")
    found = {name: contract.call(name) for name in ("market", "mine", "treasury", "foundationAdmin")}
    assert found == {"market": registry.MARKET, "mine": registry.MINE, "treasury": OWNER, "foundationAdmin": OWNER}
    assert world.ask(registry.REWARD, reward.release_seconds()) == 3 * 31 * 86_400
    assert world.ask(registry.REWARD, reward.base_reward()) == 0
    world.send(registry.REWARD, reward.donate(), value=5)
    assert world.ask(registry.REWARD, reward.total_base_reward()) == 5


def test_the_callers_event(money: Money) -> None:
    money.fill(0, CHUNK, 80)
    money.world.later = RELEASE
    result = money.world.raw(
        BOB, money.address, money.contract.interface.function("claimMineReward").encode_call(2**40, ALICE, MINER)
    )
    assert result["logs"] == []
    result = money.world.raw(
        BOB, money.address, money.contract.interface.function("claimMineReward").encode_call(0, ALICE, MINER)
    )
    ((_, topics, data),) = result["logs"]
    assert topics[0] == reward.DISTRIBUTE_TOPIC
    assert reward.decode_distribute(topics, data) == reward.Distributed(0, ALICE, MINER, 40)
    with pytest.raises(InvalidInput):
        reward.decode_distribute([flow.SUBMIT_TOPIC], data)

"""A signer's duties against the real contracts on the native EVM: enrolment, epochs, logs, rounds, pruning."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import pytest
from tests.unit.contracts.contract_kit import ALICE, BOB, OWNER, Failed
from tests.unit.contracts.da_kit import ENTRANCE, EPOCH_BLOCKS, ROOT, SIGNERS, DAWorld, attest, network_with, signer

from zerog.contracts import da_entrance, da_signers
from zerog.contracts.calls import Call, call, nothing
from zerog.contracts.registry import DA_REGISTRY
from zerog.da.signer import duties
from zerog.da.signer.duties import EpochDuty, Identity, LogDuty, PruneDuty
from zerog.da.signer.store import FAMILIES, BlobState, SignerStore, Slice
from zerog.errors import Conflict, PeerFault, Unavailable
from zerog.primitives.da_sampling import BlobRecord
from zerog.runtime.offload import Offload
from zerog.store.memory import MemoryKv

T = TypeVar("T")
ME = signer(BOB)


@dataclass
class WorldChain:
    """The contracts' world as a chain: every transaction is final at once, logs stay with their block."""

    world: DAWorld
    history: list[tuple[int, bytes, Sequence[bytes], bytes]] = field(default_factory=list)
    sent: list[bytes] = field(default_factory=list)
    down: int = 0

    async def finalized_block(self) -> int:
        if self.down:
            self.down -= 1
            raise Unavailable("no answer")
        return self.world.number

    async def logs(self, address: bytes, first: int, last: int) -> Sequence[tuple[Sequence[bytes], bytes]]:
        return [(topics, data) for number, at, topics, data in self.history if at == address and first <= number <= last]

    async def ask(self, to: bytes, call: Call[T]) -> T:
        found: T = self.world.ask(to, call)
        return found

    async def send(self, to: bytes, call: Call[Any]) -> None:
        self.sent.append(bytes(to))
        self.act(to, call, ME.account)

    def act(self, to: bytes, call: Call[Any], sender: bytes = ALICE) -> None:
        try:
            result = self.world.send(to, call, sender)
        except Failed as error:
            raise PeerFault(error.reason) from None
        self.history += [(self.world.number, at, topics, data) for at, topics, data in result["logs"]]


@dataclass
class Node:
    """One signer's store and duties on a world."""

    chain: WorldChain
    store: SignerStore
    writer: Offload
    who: Identity

    @property
    def epochs(self) -> EpochDuty:
        return EpochDuty(self.chain, self.store, self.writer, self.who, first_epoch_signers=2)

    def log(self, **changes: int) -> LogDuty:
        return LogDuty(self.chain, self.store, self.writer, **changes)


@pytest.fixture
def node() -> Iterator[Node]:
    world = DAWorld(net=network_with(epoch_window_size=2))
    with Offload(1) as writer:
        store = SignerStore(MemoryKv(list(FAMILIES)), row_size=32, light_size=8)
        yield Node(WorldChain(world), store, writer, Identity(ME.account, ME.secret, "10.0.0.1:34000", world.net.chain_id))


def epochs_with_first(node: Node, count: int) -> EpochDuty:
    return EpochDuty(node.chain, node.store, node.writer, node.who, first_epoch_signers=count)


def now(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def test_enrolment_happens_once_and_follows_the_socket(node: Node) -> None:
    world = node.chain.world
    now(node.epochs.enroll())
    assert node.chain.sent == [da_signers.registration_target(3)]
    now(node.epochs.enroll())
    assert len(node.chain.sent) == 1
    moved = replace(node.who, socket="10.0.0.2:34000")
    now(EpochDuty(node.chain, node.store, node.writer, moved).enroll())
    assert node.chain.sent[1:] == [SIGNERS]
    assert world.ask(SIGNERS, da_signers.get_signers([ME.account]))[0].socket == "10.0.0.2:34000"
    other = replace(moved, secret=signer(ALICE).secret)
    with pytest.raises(Conflict):
        now(EpochDuty(node.chain, node.store, node.writer, other).enroll())


def test_every_epoch_is_entered_and_known(node: Node) -> None:
    world = node.chain.world
    now(node.epochs.enroll())
    assert now(node.epochs.step())  # epoch 0: nothing to know, the next to enter
    assert world.ask(SIGNERS, da_signers.registered_epoch(ME.account, 1))
    assert not now(node.epochs.step())
    for epoch in (1, 2):
        if epoch > 1:
            world.number += EPOCH_BLOCKS
        world.send(SIGNERS, da_signers.make_epoch())
        world.send(ENTRANCE, da_entrance.sync())
        assert now(node.epochs.step())
        assert node.store.quorum_count(epoch) == 10
        assert node.store.own_rows(epoch, 9) == list(range(3072))
        assert world.ask(SIGNERS, da_signers.registered_epoch(ME.account, epoch + 1))
        assert not now(node.epochs.step())


def test_the_first_epoch_waits_for_as_many_signers_as_it_should_have(node: Node) -> None:
    world, other, waiting = node.chain.world, signer(ALICE), node.epochs
    now(waiting.enroll())
    assert now(waiting.step())  # in the next epoch
    assert not now(waiting.step())  # alone: two are wanted
    assert world.ask(SIGNERS, da_signers.epoch_number()) == 0
    world.number += 1  # a block that is final gets no more logs
    node.chain.act(DA_REGISTRY, da_signers.register_signer(other.secret, ALICE, "10.0.0.3:1", node.who.chain_id))
    assert not now(waiting.step())  # a signer, but not of the first epoch
    node.chain.act(DA_REGISTRY, da_signers.register_next_epoch(other.secret, ALICE, 0, node.who.chain_id))
    assert now(waiting.step())
    assert world.ask(SIGNERS, da_signers.epoch_number()) == 1
    assert not waiting.serving.is_set()
    assert now(waiting.step())
    assert waiting.serving.is_set()
    assert set(world.ask(SIGNERS, da_signers.get_quorum(1, 0))) == {ALICE, ME.account}


def test_rounds_are_kept_going_ten_at_a_time(node: Node) -> None:
    world = node.chain.world
    alone = epochs_with_first(node, 1)
    now(alone.enroll())
    world.number = 30 * 25
    rounds = []
    while now(alone.step()):
        rounds.append(world.get("sampleRound"))
    assert rounds == [10, 20, 25]


def test_the_log_is_read_page_by_page(node: Node) -> None:
    world, chain = node.chain.world, node.chain
    world.register(ME)
    world.begin_epoch(ME)
    world.number = 5
    chain.act(ENTRANCE, da_entrance.submit_original_data([ROOT, bytes(32)]))
    quorum_id = world.get("currentQuorumIndex")
    world.number = 14
    chain.act(ENTRANCE, da_entrance.submit_verified_commit_roots([attest(world, [ME], epoch=1, quorum_id=quorum_id)]))
    world.number = 21
    duty = node.log(page_blocks=10)
    announced, verified = BlobRecord(1, quorum_id, bytes(32)), BlobRecord(1, quorum_id, ROOT)
    assert now(duty.step())
    assert (node.store.next_block, node.store.blob_state(verified)) == (10, BlobState.ANNOUNCED)
    assert now(duty.step())
    assert (node.store.next_block, node.store.blob_state(verified)) == (20, BlobState.VERIFIED)
    assert now(duty.step())
    assert node.store.next_block == 22
    assert not now(duty.step())
    assert node.store.blob_state(announced) is BlobState.ANNOUNCED


def test_old_epochs_are_pruned_when_their_window_is_over(node: Node) -> None:
    world = node.chain.world
    for epoch in range(3):
        node.store.put_slices(BlobRecord(epoch, 0, ROOT), [Slice(0, bytes(8), bytes(32))])
    duty = PruneDuty(node.chain, node.store, node.writer)
    assert not now(duty.step())
    for _ in range(4):
        world.begin_epoch()
    steps = 0
    while now(duty.step()):
        steps += 1
    assert (steps, node.store.pruned_epoch) == (2, 1)  # epoch 4 may still sample 2 and 3
    assert [blob.epoch for blob, _ in node.store.held_blobs(0, 9)] == [2]
    world.send(ENTRANCE, call("DAEntrance", "setEpochWindowSize", 0, read=nothing), sender=OWNER)
    while now(duty.step()):
        pass
    assert node.store.pruned_epoch == 3


def test_a_silent_chain_is_asked_again(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duties, "POLL_S", 0.001)
    monkeypatch.setattr(duties, "BACKOFF_MAX_S", 0.002)
    node.chain.down = 3
    node.chain.world.number = 250

    async def until_read() -> None:
        reading = asyncio.create_task(node.log().run())
        while node.store.next_block != 251:
            assert not reading.done()
            await asyncio.sleep(0.001)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading

    now(asyncio.wait_for(until_read(), 20))
    assert node.chain.down == 0

"""DA sampling against the real contract on the native EVM: what a signer finds is taken, paid, and never sent twice."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest
from tests.unit.contracts.contract_kit import ALICE, BOB, Failed
from tests.unit.contracts.da_kit import ENTRANCE, DAWorld, attest, network_with, signer

from zerog.contracts import da_entrance
from zerog.contracts.calls import Call
from zerog.da.signer.miner import Miner, inner_proof
from zerog.da.signer.store import FAMILIES, SignerStore, Slice
from zerog.errors import PeerFault
from zerog.primitives import blob, da_sampling
from zerog.primitives.blob import EncodedBlob
from zerog.primitives.da_sampling import BlobRecord
from zerog.runtime.offload import Offload
from zerog.store.memory import MemoryKv

T = TypeVar("T")
ME = signer(BOB)
REWARD = 7


@dataclass
class Head:
    """The contracts' world as the head of a chain."""

    world: DAWorld
    sent: list[Call[Any]] = field(default_factory=list)

    async def ask_latest(self, to: bytes, call: Call[T]) -> T:
        found: T = self.world.ask(to, call)
        return found

    async def send(self, to: bytes, call: Call[Any]) -> None:
        self.sent.append(call)
        try:
            self.world.send(to, call, ALICE)
        except Failed as error:
            raise PeerFault(error.reason) from None


@pytest.fixture(scope="module")
def encoded() -> EncodedBlob:
    return blob.encode(b"a blob that is mined")


def light_of(encoded: EncodedBlob, row: int) -> bytes:
    """A light slice as far as its Merkle part goes; its points are of no interest here."""
    path = encoded.row_proof(row)
    tail = b"".join(encoded.blob_roots) + len(path).to_bytes(8, "little") + b"".join(path) + encoded.row_root(row)
    return tail.rjust(1176, b"\0")


def world_with(encoded: EncodedBlob) -> tuple[DAWorld, BlobRecord]:
    """Epoch 2, with a blob of epoch 1 that may be sampled."""
    world = DAWorld(net=network_with(base_reward=REWARD))
    world.register(ME)
    world.begin_epoch(ME)
    world.record(attest(world, [ME], root=encoded.data_root, epoch=1))
    world.send(ENTRANCE, da_entrance.donate(), value=10**6)
    world.begin_epoch(ME)
    world.send(ENTRANCE, da_entrance.sync_fixed_times(world.number))
    return world, BlobRecord(1, 0, encoded.data_root)


@pytest.mark.slow
def test_what_is_found_is_taken_once_and_paid(encoded: EncodedBlob) -> None:
    world, record = world_with(encoded)
    head, events = Head(world), list[str]()
    task = world.ask(ENTRANCE, da_entrance.sample_task())
    qualities = da_sampling.line_qualities(task.seed, record, range(3072))
    lines = [row for row in range(3072) if qualities[row] <= task.podas_target]
    assert 5 < len(lines) < 100
    expected = [
        (row, hit.subline) for row in lines for hit in da_sampling.mine_row(qualities[row], encoded.row(row), task.podas_target)
    ]
    store = SignerStore(MemoryKv(list(FAMILIES)))
    held = sorted({*lines, *range(20)})
    store.put_slices(record, [Slice(row, light_of(encoded, row), encoded.row(row)) for row in held])
    store.put_slices(BlobRecord(2, 0, encoded.data_root), [Slice(lines[0], light_of(encoded, lines[0]), bytes(32_768))])

    async def work() -> None:
        with Offload(2) as lane:
            miner = Miner(head, store, lane, ENTRANCE, told=events.append)
            assert await miner.step() == len(expected) > 0
            assert await miner.step() == 0  # the same round
            assert len(head.sent) == len(expected)
            again = Miner(head, store, lane, ENTRANCE, told=events.append)
            assert await again.step() == 0  # after a restart: the contract has them all

    asyncio.run(work())
    assert world.ask(ENTRANCE, da_entrance.payments(ME.account)) == REWARD * len(expected)
    assert (events.count("accepted"), events.count("refused"), events.count("round")) == (len(expected), len(expected), 2)


@pytest.mark.slow
def test_a_row_that_was_changed_on_the_way_is_never_sent(encoded: EncodedBlob, monkeypatch: pytest.MonkeyPatch) -> None:
    world, record = world_with(encoded)
    head, task = Head(world), world.ask(ENTRANCE, da_entrance.sample_task())
    qualities = da_sampling.line_qualities(task.seed, record, range(3072))
    best = min(range(3072), key=qualities.__getitem__)
    store = SignerStore(MemoryKv(list(FAMILIES)))
    store.put_slices(record, [Slice(best, light_of(encoded, best), bytes([1]) + encoded.row(best)[1:])])
    monkeypatch.setattr(da_sampling, "mine_row", lambda *_: [da_sampling.Hit(0, qualities[best])])

    async def work() -> None:
        with Offload(2) as lane, pytest.raises(Exception, match="does not lead to its root"):
            await Miner(head, store, lane, ENTRANCE).step()

    asyncio.run(work())
    assert not head.sent


def test_proofs_inside_a_row() -> None:
    geometry = blob.Geometry(4, 128)
    encoded = blob.encode(bytes(range(256)) * 20, geometry)
    for row in range(geometry.rows_encoded):
        for piece in range(geometry.sublines):
            proof = encoded.subline_proof(row, piece)
            assert inner_proof(encoded.row(row), piece) == proof[: len(proof) - len(encoded.row_proof(row))]

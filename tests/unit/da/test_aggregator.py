"""Two thirds to the row, bad signatures by name, and what the contract is given."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from zerog.contracts.da_entrance import ROWS
from zerog.contracts.da_signers import AggregateKey, SignerDetail
from zerog.da.api import BlobRecord
from zerog.da.disperser.aggregator import Tally, suffices
from zerog.da.disperser.chain import SigningQuorum
from zerog.errors import InvalidInput
from zerog.primitives import bls
from zerog.types import Address

COMMITMENT = bls.G1_GENERATOR
RECORD = BlobRecord(5, 2, b"r" * 32)
DIGEST = bls.attestation_digest(RECORD.data_root, 5, 2, COMMITMENT)


class World:
    """Signers with so many rows each, in an order of the seed's."""

    def __init__(self, rng: random.Random, rows: Sequence[int]) -> None:
        self.keys = [bls.SecretKey.from_random(rng.randbytes(48)) for _ in rows]
        self.who = [Address(rng.randbytes(20)) for _ in rows]
        order = [signer for signer, count in zip(self.who, rows, strict=True) for _ in range(count)]
        rng.shuffle(order)
        pairs = zip(self.who, self.keys, strict=True)
        self.quorum = SigningQuorum(
            tuple(order), {who: SignerDetail(who, "", key.public_g1, key.public_g2) for who, key in pairs}
        )

    def tally(self) -> Tally:
        return Tally(RECORD, COMMITMENT, self.quorum)

    def signature(self, index: int, digest: bytes = DIGEST) -> bytes:
        return bls.encode(self.keys[index].sign(digest), "flagged")


@pytest.mark.parametrize("hit", [0, 1, 2047, 2048, 2049, 3071, 3072])
def test_the_boundary_is_the_contracts(hit: int) -> None:
    assert suffices(hit, ROWS) == AggregateKey(bls.G1_GENERATOR, ROWS, hit).suffices


@pytest.mark.parametrize(("rows", "enough"), [([2048, 1024], True), ([2047, 1025], False), ([2049, 1023], True)])
def test_two_thirds_to_the_row(rows: list[int], enough: bool, seed: int) -> None:
    world = World(random.Random(seed), rows)
    tally = world.tally()
    tally.add(world.who[0], world.signature(0))
    assert (tally.could_suffice, tally.is_enough) == (enough, False)
    tally.check()
    assert (tally.slots, tally.is_enough) == (rows[0], enough)
    if not enough:
        with pytest.raises(InvalidInput, match="two thirds"):
            tally.submission()
        return
    made = tally.submission()
    bits = {row for row in range(ROWS) if made.quorum_bitmap[row // 8] >> row % 8 & 1}
    assert bits == {row for row, signer in enumerate(world.quorum.rows) if signer == world.who[0]}
    assert bls.verify(DIGEST, made.signature, made.key2)


def test_bad_ones_are_named_and_left_out_of_the_sum(seed: int) -> None:
    rng = random.Random(seed)
    world = World(rng, [400] * 7 + [272])
    tally = world.tally()
    infinity = bytes(63) + b"\x40"
    wrong = {
        1: (world.signature(1, bytes(32)), "does not hold"),  # of another blob
        4: (world.signature(0), "does not hold"),  # somebody else's
        7: (infinity, "infinity"),
        6: (rng.randbytes(63), "bytes"),
    }
    for index in range(8):
        tally.add(world.who[index], wrong[index][0] if index in wrong else world.signature(index))
    tally.check()
    assert {world.who.index(signer) for signer in tally.bad} == set(wrong)
    for index, (_, words) in wrong.items():
        assert words in tally.bad[world.who[index]]
    assert tally.slots == 4 * 400
    assert not tally.is_enough
    for index in (1, 4):  # they come again, honestly: what holds counts
        tally.add(world.who[index], world.signature(index))
    tally.check()
    assert tally.slots == 6 * 400
    made = tally.submission()
    assert bls.verify(DIGEST, made.signature, made.key2)
    assert made.signature == bls.sum_g1(b"".join(world.keys[index].sign(DIGEST) for index in (0, 1, 2, 3, 4, 5)))


def test_one_signer_many_times_counts_once(seed: int) -> None:
    world = World(random.Random(seed), [1500, 1572])
    tally = world.tally()
    for _ in range(3):
        tally.add(world.who[0], world.signature(0))
        tally.check()
    assert tally.slots == 1500
    assert not tally.is_enough

"""Laws of the row proofs (da.md §1.9; reliability D3, D4): what the prover makes holds, nothing else does, in any geometry."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle.amt import flagged, point
from zerog.errors import InvalidInput
from zerog.primitives import blob, commit, fields
from zerog.primitives.blob import Geometry
from zerog.primitives.fields import FQ_MODULUS, FR_MODULUS

SHAPES = [Geometry(2, 2), Geometry(2, 8), Geometry(4, 4), Geometry(8, 2), Geometry(16, 8)]
SEED = bytes(range(32))
INFINITY = bytes(63) + b"\x40"


@pytest.fixture(scope="module")
def setups() -> dict[Geometry, commit.Setup]:
    return {geometry: commit.dev_setup(geometry, 987654321987654321) for geometry in SHAPES}


@dataclass
class Layout:
    """Where the fields of a slice lie."""

    geometry: Geometry

    def __post_init__(self) -> None:
        self.depth = self.geometry.rows.bit_length() - 1
        self.row = 96
        self.proof = self.row + self.geometry.row_size_bytes + 8
        self.high = self.proof + 128 * self.depth
        self.roots = self.high + 64
        self.path = self.roots + 96 + 8
        self.leaf = self.path + 32 * self.depth

    def points(self) -> list[int]:
        """Of every point but the blob's commitment."""
        return [*range(self.proof, self.high, 64), self.high]

    def renamed(self, slice_: bytes, index: int) -> bytes:
        """The same slice under another number, in all its four places."""
        name, local = index.to_bytes(8, "little"), (index % self.geometry.rows).to_bytes(8, "little")
        return name + name + slice_[16:80] + local + slice_[88 : self.leaf] + name + slice_[self.leaf + 8 :]


def put(slice_: bytes, at: int, new: bytes) -> bytes:
    return slice_[:at] + new + slice_[at + len(new) :]


def random_blob(setup: commit.Setup, rng: random.Random) -> commit.CommittedBlob:
    """Any field elements, not only padded data."""
    count = setup.geometry.rows * setup.geometry.columns
    cells = fields.from_ints([rng.randrange(FR_MODULUS) for _ in range(count)])
    return commit.prove(setup, blob.extend(cells, setup.geometry, keep_coefficients=True))


def verdicts(setup: commit.Setup, made: commit.CommittedBlob, slices: list[bytes], **other: bytes) -> list[str]:
    commitment, root = other.get("commitment", made.commitment), other.get("root", made.encoded.data_root)
    return commit.verify_slices(setup, slices, [commitment] * len(slices), [root] * len(slices), seed=SEED)


def forged(good: bytes, layout: Layout, other: bytes, rng: random.Random) -> list[bytes]:
    """Slices that are false in one respect each; ``other``: the same row's slice of another blob."""
    out = []
    for at in layout.points():
        out.append(put(good, at, flagged(point(rng.randrange(1, FR_MODULUS)))))  # on the curve, but another
        out.append(put(good, at, INFINITY))
        out.append(put(good, at, other[at : at + 64]))
        x, y = (int.from_bytes(good[at + k : at + k + 32], "little") & (1 << 254) - 1 for k in (0, 32))
        out.append(put(good, at, flagged((x, FQ_MODULUS - y))))  # its negative
        out.append(put(good, at, (x + 1).to_bytes(32, "little")))  # off the curve
        out.append(put(good, at, (x + FQ_MODULUS).to_bytes(32, "little")))  # the same number, not reduced
    for column in (0, layout.geometry.columns - 1):
        at = layout.row + 32 * column
        value = int.from_bytes(good[at : at + 32], "little")
        out += [put(good, at, changed.to_bytes(32, "little")) for changed in (value + FR_MODULUS, (value + 1) % FR_MODULUS)]
    for level in range(layout.depth):
        at = layout.proof + 128 * level
        out.append(put(good, at, good[at + 64 : at + 128] + good[at : at + 64]))  # commitment and quotient exchanged
        if level:
            out.append(put(good, at - 128, good[at : at + 128] + good[at - 128 : at]))  # two depths exchanged
    out.append(put(put(good, 16, good[layout.high : layout.high + 64]), layout.high, good[16:80]))  # C and C_high exchanged
    out.append(put(good, layout.roots, good[layout.roots + 32 : layout.roots + 64] + good[layout.roots : layout.roots + 32]))
    out.append(put(good, layout.path, other[layout.path : layout.leaf]))
    out.append(put(good, layout.leaf + 8, other[layout.leaf + 8 :]))
    return out


@settings(max_examples=8, deadline=None)
@given(st.sampled_from(SHAPES), st.integers(0, 2**32))
def test_every_row_holds_and_no_forgery_does(setups: dict[Geometry, commit.Setup], geometry: Geometry, seed: int) -> None:
    rng, layout, setup = random.Random(seed), Layout(geometry), setups[geometry]
    made, other = random_blob(setup, rng), random_blob(setup, rng)
    every = range(geometry.rows_encoded)
    slices = [row.tobytes() for row in made.slices(every)]
    assert verdicts(setup, made, slices) == [commit.OK] * len(slices)
    g = rng.choice(every)
    foreign = other.slices([g])[0].tobytes()
    false = forged(slices[g], layout, foreign, rng)
    # Wrong index: the row and proof of one number under every other; wrong blob: either part of the claim.
    false += [layout.renamed(slices[g], h) for h in every if h != g]
    false += [layout.renamed(slices[g], h) for h in (geometry.rows_encoded, 2**32 + g, 2**64 - 1)]
    false += [slices[g][:-1], slices[g] + b"\0", b"", foreign]
    assert commit.OK not in verdicts(setup, made, false)
    assert verdicts(setup, made, [foreign], commitment=other.commitment) == ["bad-data-root"]
    assert verdicts(setup, made, [slices[g]], root=other.encoded.data_root) == ["bad-data-root"]
    assert verdicts(setup, made, [slices[g]], commitment=other.commitment) == ["wrong-commitment"]
    assert verdicts(setup, made, [slices[g]], commitment=bytes(64)) == ["wrong-commitment"]


@pytest.mark.slow
@settings(max_examples=6, deadline=None)
@given(st.sampled_from(SHAPES), st.integers(0, 2**32))
def test_a_batch_says_of_each_what_each_alone_does(setups: dict[Geometry, commit.Setup], geometry: Geometry, seed: int) -> None:
    rng, layout, setup = random.Random(seed), Layout(geometry), setups[geometry]
    made, other = random_blob(setup, rng), random_blob(setup, rng)
    g = rng.randrange(geometry.rows_encoded)
    slices = [row.tobytes() for row in made.slices(range(geometry.rows_encoded))]
    batch = slices + rng.sample(forged(slices[g], layout, other.slices([g])[0].tobytes(), rng), 6) + [slices[g]]
    rng.shuffle(batch)
    together = verdicts(setup, made, batch)
    assert together == [verdicts(setup, made, [one])[0] for one in batch]
    assert together.count(commit.OK) >= len(slices)


@settings(max_examples=8, deadline=None)
@given(st.sampled_from(SHAPES), st.integers(0, 2**32))
def test_linear(setups: dict[Geometry, commit.Setup], geometry: Geometry, seed: int) -> None:
    """The sum of two blobs has the sum of their commitments, and of every point of every proof."""
    rng, setup = random.Random(seed), setups[geometry]
    count, ones = geometry.rows * geometry.columns, (1).to_bytes(32, "little") * 2
    cells = [fields.from_ints([rng.randrange(FR_MODULUS) for _ in range(count)]) for _ in range(2)]
    parts = [commit.prove(setup, blob.extend(each, geometry, keep_coefficients=True)) for each in cells]
    both = commit.prove(setup, blob.extend(fields.add(*cells), geometry, keep_coefficients=True))
    assert commit.g1_sum(parts[0].commitment + parts[1].commitment, ones) == both.commitment
    assert commit.g1_sum(parts[0].high + parts[1].high, ones) == both.high
    g = rng.randrange(geometry.rows_encoded)
    first, second, total = (each.slices([g])[0].tobytes() for each in (*parts, both))

    def plain(slice_: bytes, at: int) -> bytes:
        return slice_[at : at + 63] + bytes([slice_[at + 63] & 0x3F])

    for at in Layout(geometry).points():
        if INFINITY in (first[at : at + 64], second[at : at + 64], total[at : at + 64]):
            continue
        assert commit.g1_sum(plain(first, at) + plain(second, at), ones) == plain(total, at)


def test_parameters_of_another_secret_refuse(setups: dict[Geometry, commit.Setup], seed: int) -> None:
    geometry = Geometry(4, 4)
    made = random_blob(setups[geometry], random.Random(seed))
    slices = [row.tobytes() for row in made.slices(range(12))]
    assert verdicts(commit.dev_setup(geometry, 5), made, slices) == ["bad-node-proof"] * 12
    shifted = commit.dev_setup(geometry, 987654321987654321, shift=7)
    assert verdicts(shifted, made, slices) == ["bad-low-degree"] * 12


@pytest.mark.slow
def test_ten_thousand_flips_in_batches(setups: dict[Geometry, commit.Setup], seed: int) -> None:
    """Single bits anywhere in any slice, a hundred slices a batch, whole ones among them: those pass, no other does."""
    rng, geometry = random.Random(seed), Geometry(8, 2)
    setup = setups[geometry]
    made = random_blob(setup, rng)
    slices = [row.tobytes() for row in made.slices(range(24))]
    for _ in range(100):
        batch, whole = [], set(rng.sample(range(110), 10))
        for k in range(110):
            slice_ = bytearray(rng.choice(slices))
            if k not in whole:
                slice_[rng.randrange(len(slice_))] ^= 1 << rng.randrange(8)
            batch.append(bytes(slice_))
        found = verdicts(setup, made, batch)
        assert {k for k, word in enumerate(found) if word == commit.OK} == whole


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32))
def test_stored_slices_have_one_form(setups: dict[Geometry, commit.Setup], seed: int) -> None:
    """A light slice with its row is the slice again; what decodes after a change is no longer the same slice."""
    rng, geometry = random.Random(seed), Geometry(4, 4)
    made = random_blob(setups[geometry], rng)
    slice_ = made.slices([rng.randrange(12)])[0].tobytes()
    light, row = commit.split_slice(slice_, geometry)
    assert commit.join_slice(light, row, geometry) == slice_
    for _ in range(20):
        bad = bytearray(light)
        bad[rng.randrange(len(bad))] ^= 1 << rng.randrange(8)
        try:
            joined = commit.join_slice(bytes(bad), row, geometry)
        except InvalidInput:
            continue
        assert verdicts(setups[geometry], made, [joined]) != [commit.OK]

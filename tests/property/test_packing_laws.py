"""Packing: whatever goes in comes out, each item has a proof that nothing else has, and no bit of anything may flip."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from oracle import blob as oracle_blob
from zerog.da import packing
from zerog.da.packing import InclusionProof, Packer, Placement, Prover
from zerog.errors import Exhausted, InvalidInput
from zerog.primitives import blob, hashing
from zerog.primitives.blob import MAINNET, Geometry

GEOMETRIES = st.builds(Geometry, st.sampled_from([4, 8, 16]), st.sampled_from([2, 4, 8, 16, 32]))


def filled(rng: random.Random, geometry: Geometry) -> list[bytes]:
    """Random items of all sizes until one does not fit."""
    packer = Packer(geometry)
    items: list[bytes] = []
    while packer.free_leaves:
        size = rng.choice([1, 26, 58, 242, 243, 244, rng.randrange(1, packing.item_size_bytes_max(geometry) + 1)])
        if not packer.fits(size):
            break
        items.append(rng.choice([rng.randbytes(size), bytes(size), b"\1" * size]))
        packer.add(items[-1])
    return items or [b"x"]


@settings(max_examples=40, deadline=None)
@given(GEOMETRIES, st.integers(0, 2**32))
def test_in_and_out(geometry: Geometry, seed: int) -> None:
    items = filled(random.Random(seed), geometry)
    data, places = packing.pack(items, geometry)
    assert packing.unpack(data, geometry) == list(zip(places, items, strict=True))
    encoded = blob.encode(data, geometry)
    assert encoded.data() == data
    prover = Prover(encoded)
    for place, item in zip(places, items, strict=True):
        rows = {row: encoded.row(row) for row in packing.needed_rows(place, geometry)}
        assert packing.read(place, rows, geometry) == item
        proof = prover.prove(place)
        assert InclusionProof.from_bytes(proof.to_bytes()) == proof
        assert packing.verify(item, proof, encoded.data_root, geometry)


def test_the_root_is_the_oracles() -> None:
    """The data root that proofs lead to, from the specification's own words."""
    geometry = Geometry(8, 16)
    data, places = packing.pack([b"first", bytes(500), b"last"], geometry)
    encoded = blob.encode(data, geometry)
    root, _, _ = oracle_blob.roots(oracle_blob.extend(oracle_blob.symbols(oracle_blob.pad(data, 8, 16)), 8, 16))
    assert encoded.data_root == root
    assert packing.verify(b"last", Prover(encoded).prove(places[2]), encoded.data_root, geometry)


def forgeries(items: list[bytes], proofs: list[InclusionProof], k: int) -> Iterator[tuple[bytes, InclusionProof]]:
    item, proof, other = items[k], proofs[k], (k + 1) % len(items)
    yield items[other], proof
    yield item, proofs[other]
    yield item, dataclasses.replace(proof, leaf=proofs[other].leaf)
    yield item + b"\0", proof
    yield item[:-1], proof
    yield b"", proof
    yield item, dataclasses.replace(proof, siblings=proof.siblings[:-1])
    yield item, dataclasses.replace(proof, siblings=(*proof.siblings, bytes(32)))
    yield item, dataclasses.replace(proof, siblings=(b"short", *proof.siblings[1:]))
    yield item, dataclasses.replace(proof, siblings=tuple(reversed(proof.siblings)))
    yield item, dataclasses.replace(proof, other_roots=(proof.other_roots[1], proof.other_roots[0]))
    for leaf in (0, proof.leaf + 1, proof.leaf - 1, 127, 128, 2**32 - 1):
        if leaf != proof.leaf:
            yield item, dataclasses.replace(proof, leaf=leaf)


def test_what_is_false_is_refused(seed: int) -> None:
    rng, geometry = random.Random(seed), Geometry(16, 64)
    items = [rng.randbytes(size) for size in (1, 243, 244, 2_000, 490, 5)]
    data, places = packing.pack(items, geometry)
    encoded, foreign = blob.encode(data, geometry), blob.encode(data[:-1] + b"\1", geometry)
    prover = Prover(encoded)
    proofs = [prover.prove(place) for place in places]
    for k in range(len(items)):
        assert packing.verify(items[k], proofs[k], encoded.data_root, geometry)
        assert not packing.verify(items[k], proofs[k], foreign.data_root, geometry)
        for item, proof in forgeries(items, proofs, k):
            assert not packing.verify(item, proof, encoded.data_root, geometry)


def test_an_item_inside_an_item_is_none(seed: int) -> None:
    """Bytes that look like leaves of an item, at a leaf's place, do not pass as one: their kind says otherwise."""
    rng, geometry = random.Random(seed), Geometry(16, 64)
    inner = rng.randbytes(100)
    crafted = rng.randbytes(247 - 4) + (len(inner).to_bytes(4, "little") + inner).ljust(247, b"\0") + b"tail"
    data, places = packing.pack([crafted], geometry)
    encoded = blob.encode(data, geometry)
    prover = Prover(encoded)
    within = Placement(places[0].leaf + 1, len(inner))
    assert not packing.verify(inner, prover.prove(within), encoded.data_root, geometry)
    rows = {row: encoded.row(row) for row in packing.needed_rows(within, geometry)}
    with pytest.raises(InvalidInput, match="one form"):
        packing.read(within, rows, geometry)


def test_no_bit_may_flip(seed: int) -> None:
    """10,000 single bits of item, proof and root."""
    rng, geometry = random.Random(seed), Geometry(16, 16)
    items = [rng.randbytes(300), rng.randbytes(20), rng.randbytes(1000)]
    data, places = packing.pack(items, geometry)
    encoded = blob.encode(data, geometry)
    prover = Prover(encoded)
    wires = [prover.prove(place).to_bytes() for place in places]
    for _ in range(10_000):
        k = rng.randrange(3)
        parts = [bytearray(items[k]), bytearray(wires[k]), bytearray(encoded.data_root)]
        part = rng.choice(parts)
        part[rng.randrange(len(part))] ^= 1 << rng.randrange(8)
        try:
            proof = InclusionProof.from_bytes(bytes(parts[1]))
        except InvalidInput:
            continue
        assert not packing.verify(bytes(parts[0]), proof, bytes(parts[2]), geometry)


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32))
def test_damaged_packs_are_refused_or_their_own_form(seed: int) -> None:
    """What ``unpack`` accepts is what ``pack`` makes of what it gave."""
    rng, geometry = random.Random(seed), Geometry(8, 8)
    data = bytearray(packing.pack([b"one", bytes(300), b"three"], geometry)[0])
    for _ in range(rng.randrange(1, 4)):
        match rng.randrange(4):
            case 0:
                data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
            case 1:
                data = data[: rng.randrange(1, len(data) + 1)]
            case 2:
                data += rng.randbytes(rng.choice([1, 248]))
            case 3:
                at = 248 * rng.randrange(len(data) // 248 + 1)
                data[at : at + 8] = rng.randbytes(8)
        data = data or bytearray(1)
    try:
        found = packing.unpack(bytes(data), geometry)
    except InvalidInput:
        return
    assert packing.pack([item for _, item in found], geometry)[0] == data


def test_bounds() -> None:
    geometry = Geometry(8, 8)
    assert packing.capacity_leaves() == 131_070
    assert packing.capacity_leaves(geometry) == 6
    assert [packing.leaves_of(size) for size in (1, 243, 244, 490, 491)] == [1, 1, 2, 2, 3]
    limit = packing.item_size_bytes_max(geometry)
    assert packing.item_size_bytes_max() < MAINNET.data_size_bytes_max
    data, (place,) = packing.pack([b"\xff" * limit], geometry)
    assert packing.unpack(data, geometry) == [(place, b"\xff" * limit)]
    assert len(data) <= geometry.data_size_bytes_max
    packer = Packer(geometry)
    for bad in (b"", bytes(limit + 1)):
        with pytest.raises(InvalidInput, match="item: expected"):
            packer.add(bad)
    with pytest.raises(InvalidInput, match="at least one"):
        packer.data()
    packer.add(bytes(limit - 247))
    assert len(packer) == 1
    assert packer.free_leaves == 1
    with pytest.raises(Exhausted):
        packer.add(bytes(244))
    encoded = blob.encode(data, geometry)
    for wrong in (Placement(0, 5), Placement(-1, 5), Placement(1, 0), Placement(7, 1), Placement(1, limit + 1)):
        with pytest.raises(InvalidInput):
            Prover(encoded).prove(wrong)
        with pytest.raises(InvalidInput):
            packing.needed_rows(wrong, geometry)
    with pytest.raises(InvalidInput, match="row 1"):
        packing.read(place, {0: encoded.row(0)}, geometry)
    for wire in (b"", bytes(5), bytes(5 + 63), bytes([0, 0, 0, 0, 1]) + bytes(64), bytes(5 + 65)):
        with pytest.raises(InvalidInput):
            InclusionProof.from_bytes(wire)


@pytest.mark.slow
def test_a_full_matrix_of_small_items(seed: int) -> None:
    """The network's geometry, filled to its last leaf: items of about 1 KiB."""
    rng = random.Random(seed)
    packer = Packer(MAINNET)
    items: list[bytes] = []
    places: list[Placement] = []
    while packer.free_leaves:
        size = min(rng.randrange(500, 1500), 247 * packer.free_leaves - 4)
        items.append(rng.randbytes(size))
        places.append(packer.add(items[-1]))
    data = packer.data()
    assert len(data) == 248 * 131_071
    encoded = blob.encode(data)
    prover = Prover(encoded)
    for k in [0, len(items) - 1, *rng.sample(range(len(items)), 200)]:
        proof = prover.prove(places[k])
        assert len(proof.to_bytes()) <= 1_157
        assert packing.verify(items[k], proof, encoded.data_root)
    assert [item for _, item in packing.unpack(data)] == items
    assert hashing.keccak256(data) == hashing.keccak256(encoded.data())

"""The pure parts of the erasure-coded class: manifests, stripes, placement, and how many nodes may die, against trying it."""

from __future__ import annotations

import random
from collections import Counter
from contextlib import suppress
from itertools import combinations

import pytest

from zerog.errors import InvalidInput
from zerog.storage.erasure import coding
from zerog.storage.erasure.manifest import Code, Manifest, Part, Tag, read_tag
from zerog.storage.erasure.placement import Losses, Row, best_losses, losses, plan, plan_copies
from zerog.storage.layout import SEGMENT, FileTree


def part(data: bytes) -> Part:
    tree = FileTree.from_buffer(data)
    return Part(tree.root, len(data), tuple(tree.segment_roots[: tree.layout.data_segments]))


def coded(data: bytes, code: Code) -> tuple[Manifest, bytes]:
    parity = bytearray(coding.parity_size(len(data), code))
    if parity:
        coding.write_parity(data, code, parity)
    return Manifest(code, part(data), part(bytes(parity)) if parity else None), bytes(parity)


@pytest.mark.parametrize("text", ["10+4", "1+1", "200+56", "3+2:gf65536", "200+57", "700+324"])
def test_codes(text: str) -> None:
    code = Code.parse(text)
    assert str(code) == text
    assert code.field == ("gf65536" if text.endswith("65536") or code.data + code.parity > 256 else "gf256")


def test_a_field_that_is_usual_is_not_told() -> None:
    assert str(Code.parse("3+2:gf256")) == "3+2"
    assert str(Code.parse("300+20:gf65536")) == "300+20"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10",
        "10+",
        "+4",
        "0+4",
        "10+0",
        "200+57:gf256",
        "700+325",
        "-1+4",
        "1e1+4",
        "10+4+1",
        "²+1",
        "9" * 20 + "+1",
        "3+2:",
        "3+2:gf4",
        "3+2:gf65536:",
        ":gf256",
    ],
)
def test_codes_that_are_none(text: str) -> None:
    with pytest.raises(InvalidInput):
        Code.parse(text)


def test_tags() -> None:
    for is_manifest in (True, False):
        tag = Tag(is_manifest, bytes(range(32)))
        assert read_tag(tag.encode()) == tag
        assert len(tag.encode()) % 32  # no streams of a key-value node
    assert read_tag(b"") is None
    assert read_tag(tag.encode() + b"\0") is None
    assert read_tag(tag.encode()[:16] + b"\3" + bytes(32)) is None


@pytest.mark.parametrize("size", [1, 255, 257, SEGMENT, SEGMENT + 1, 5 * SEGMENT - 300, 17 * SEGMENT, 41 * SEGMENT - 5])
def test_a_part_proves_what_its_file_proves(size: int, seed: int) -> None:
    data = random.Random(seed).randbytes(size)
    tree, made = FileTree.from_buffer(data), part(data)
    made.check()
    for index in range(tree.layout.data_segments):
        piece = data[index * SEGMENT : (index + 1) * SEGMENT]
        piece += bytes(-len(piece) % 256)
        assert made.proof(index) == tree.proof(index)
        assert made.has(index, piece)
        assert not made.has(index, piece + bytes(256))
        assert not made.has(index, bytes([piece[0] ^ 1]) + piece[1:])


@pytest.mark.parametrize("size", [100, 3 * SEGMENT, 7 * SEGMENT + 4711])
@pytest.mark.parametrize("field", [1, 2])
def test_manifests_there_and_back(size: int, field: int, seed: int) -> None:
    chance = random.Random(seed)
    manifest, _ = coded(chance.randbytes(size), Code(3, 2, field="gf256" if field == 1 else "gf65536"))
    raw = manifest.encode()
    assert raw[16] == field
    assert Manifest.decode(raw) == manifest
    with pytest.raises(InvalidInput, match="field 3"):
        Manifest.decode(raw[:16] + bytes([3]) + raw[17:])
    too_wide = raw[:20] + (200).to_bytes(4, "big") + (57 if field == 1 else 825).to_bytes(4, "big") + raw[28:]
    with pytest.raises(InvalidInput, match="at most 256" if field == 1 else "at most 1024"):
        Manifest.decode(too_wide)
    assert len(raw) == 112 + 32 * (-(-size // SEGMENT) + (0 if size < SEGMENT else -(-size // (3 * SEGMENT)) * 2))
    for at in [*range(60, 112), *(chance.randrange(len(raw)) for _ in range(60))]:
        wrong = bytearray(raw)
        wrong[at] ^= 1 << chance.randrange(8)
        # Size (by zeros at the end) and code may be false without a trace; then what is decoded fits no segment root.
        with suppress(InvalidInput):
            found = Manifest.decode(bytes(wrong))
            assert (found.data.root, found.data.segment_roots) == (manifest.data.root, manifest.data.segment_roots)
            assert (found.parity and found.parity.root) == (manifest.parity and manifest.parity.root)
            assert found.code != manifest.code or found.data.size != size
    for length in (0, 15, 112, len(raw) - 1):
        with pytest.raises(InvalidInput):
            Manifest.decode(raw[:length])
    with pytest.raises(InvalidInput):
        Manifest.decode(raw + bytes(32))


@pytest.mark.parametrize("size", [2 * SEGMENT - 100, 3 * SEGMENT, 4 * SEGMENT + 1])
@pytest.mark.parametrize("code", [Code(3, 2), Code(3, 2, field="gf65536")], ids=str)
def test_any_of_a_stripe_give_all(size: int, code: Code, seed: int) -> None:
    data = random.Random(seed).randbytes(size)
    manifest, parity = coded(data, code)
    padded = data + bytes(-size % SEGMENT)
    for stripe in range(manifest.stripes):
        width = manifest.width(stripe)
        whole = {p: padded[(stripe * 3 + p) * SEGMENT :][:SEGMENT] for p in range(width)}
        whole |= {3 + p: parity[(stripe * 2 + p) * SEGMENT :][:SEGMENT] for p in range(2)}
        for kept in combinations(whole, width):
            lost = [position for position in whole if position not in kept]
            made = coding.decode(code, width, {position: whole[position] for position in kept}, lost)
            assert {position: row.tobytes() for position, row in made.items()} == {p: whole[p] for p in lost}
        with pytest.raises(InvalidInput):
            coding.decode(code, width, dict(list(whole.items())[: width - 1]), [4])


def test_a_stripe_wider_than_bytes_count(seed: int) -> None:
    """260+4 over a short file: positions beyond 256, zeros that are stored nowhere, as many lost as there is parity."""
    code = Code.parse("260+4")
    data = random.Random(seed).randbytes(6 * SEGMENT - 1000)
    manifest, parity = coded(data, code)
    assert Manifest.decode(manifest.encode()) == manifest
    padded = data + bytes(-len(data) % SEGMENT)
    whole = {p: padded[p * SEGMENT :][:SEGMENT] for p in range(6)}
    whole |= {260 + p: parity[p * SEGMENT :][:SEGMENT] for p in range(4)}
    lost = [0, 3, 5, 262]
    made = coding.decode(code, 6, {p: row for p, row in whole.items() if p not in lost}, lost)
    assert {p: row.tobytes() for p, row in made.items()} == {p: whole[p] for p in lost}


def survives(row: Row) -> int:
    """How many nodes may die, by killing every set of them."""
    nodes = sorted(set().union(*row.holders.values()))
    for count in range(len(nodes) + 1):
        for dead in combinations(nodes, count):
            if sum(1 for held in row.holders.values() if held - set(dead)) < row.need:
                return count - 1
    return len(nodes)


def test_losses_are_what_killing_nodes_shows(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(150):
        nodes = [f"n{number}" for number in range(chance.randrange(1, 8))]
        positions, copies = chance.randrange(1, 9), chance.choice([1, 1, 2, 3])
        holders = {
            position: frozenset(chance.sample(nodes, min(len(nodes), chance.randrange(copies + 1))))
            for position in range(positions)
        }
        row = Row(holders, chance.randrange(1, positions + 1))
        assert losses(row) == Losses(survives(row), True)
    # Too many sets to try: one node has a copy of everything, eleven more must die with it.
    hub = losses(Row({p: frozenset({"hub", f"n{p}"}) for p in range(30)}, 20))
    assert hub == Losses(2, False)


def test_plans_spread_as_far_as_the_nodes_allow(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(100):
        nodes = [f"n{number}" for number in range(chance.randrange(1, 12))]
        k, m = chance.randrange(1, 8), chance.randrange(1, 5)
        holders = {p: frozenset(chance.sample(nodes, chance.choice([0, 0, 1, 1, min(2, len(nodes))]))) for p in range(k + m)}
        load: Counter[str] = Counter()
        moves = plan(Row(holders, k), nodes, lambda p, node: True, lambda p, node: False, load)
        assert all(move.node not in holders[move.position] for move in moves)
        assert load.total() == len(moves)
        after = dict(holders)
        for move in moves:
            after[move.position] = after[move.position] | {move.node}
        best = best_losses(k + m, k, len(nodes))
        assert all(after.values())
        assert losses(Row(after, k)).nodes >= best
        assert plan(Row(after, k), nodes, lambda p, node: True, lambda p, node: False, Counter()) == []


def test_plans_prefer_the_shard_and_respect_refusals() -> None:
    nodes = [f"n{number}" for number in range(4)]
    row = Row(dict.fromkeys(range(4), frozenset()), 2)
    moves = plan(row, nodes, lambda p, node: True, lambda p, node: node == nodes[3 - p], Counter())
    assert {move.position: move.node for move in moves} == {p: nodes[3 - p] for p in range(4)}
    only = plan(row, nodes, lambda p, node: node == "n1" and p < 2, lambda p, node: False, Counter())
    assert [(move.position, move.node) for move in only] == [(0, "n1"), (1, "n1")]
    assert plan(row, [], lambda p, node: True, lambda p, node: False, Counter()) == []
    assert plan_copies(frozenset({"n0"}), 3, nodes, lambda node: node != "n1", lambda node: node == "n3", Counter()) == [
        "n3",
        "n2",
    ]
    assert (best_losses(14, 10, 14), best_losses(14, 10, 4), best_losses(14, 10, 7), best_losses(14, 10, 0)) == (4, 1, 2, -1)

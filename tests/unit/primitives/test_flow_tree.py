"""merkle.FlowTree: the published flow, proofs from bytes, filling in, and everything it must refuse."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from oracle.flow import Flow, siblings
from zerog.errors import Corrupt, InvalidInput
from zerog.primitives import merkle
from zerog.primitives.hashing import keccak256
from zerog.primitives.merkle import FlowTree
from zerog.storage.layout import FileTree, Proof, verify_sector

VECTORS: dict[str, Any] = json.loads((Path(__file__).resolve().parents[2] / "vectors" / "storage" / "merkle.json").read_text())
FLOW = VECTORS["flow"]


def pattern(size: int) -> bytes:
    return (bytes(range(1, 252)) * (size // 251 + 1))[:size]


def published() -> tuple[FlowTree, Flow]:
    tree, oracle = FlowTree(), Flow(keccak256)
    for row in FLOW["submissions"]:
        data = pattern(row["fileSize"])
        tree.submit(FileTree.from_buffer(data).nodes, start=row["startPos"])
        assert oracle.submit(data) == row["startPos"]
    return tree, oracle


def test_published_flow() -> None:
    tree = FlowTree()
    assert (tree.length, tree.root, tree.submission_count) == (1, bytes(32), 0)
    for row in FLOW["submissions"]:
        nodes = [(bytes.fromhex(node["root"][2:]), node["height"]) for node in row["nodes"]]
        assert tree.submit(nodes) == (row["startPos"], row["flowLengthAfter"], bytes.fromhex(row["flowRootAfter"][2:]))
    for row in FLOW["submissions"]:
        wanted = bytes.fromhex(row["flowRootAfter"][2:])
        assert tree.root_after(row["txSeq"]) == tree.root_at(row["flowLengthAfter"]) == wanted
    while tree.submission_count > 1:
        before = tree.submission(tree.submission_count - 2)
        assert tree.revert(before.length) == 1
        assert (tree.length, tree.root) == (before.length, before.flow_root)


def test_the_published_mining_answer() -> None:
    pora = VECTORS["pora"]["v"]
    tree, oracle = published()
    position = pora["recallPosition"]
    data = b"".join(oracle.sectors[4096:5120])
    assert tree.seal_proof(position, data) is None  # the megabyte's segments are not filled in yet
    assert tree.fill_segments(4, FileTree.from_buffer(pattern(1048576)).segment_roots) == 4
    assert tree.known(position) == (10, 4096, FileTree.from_buffer(data).root)
    found = tree.seal_proof(position, data)
    assert found is not None
    assert ["0x" + node.hex() for node in found] == pora["merkleProof"]


def known_bytes(tree: FlowTree, oracle: Flow, sector: int) -> bytes:
    node = tree.known(sector)
    assert node is not None
    return b"".join(oracle.sectors[node.first_sector : node.first_sector + (1 << node.height)])


def test_every_kind_of_sector() -> None:
    tree, oracle = published()
    tree.fill_segments(4, FileTree.from_buffer(pattern(1048576)).segment_roots)
    levels = oracle.levels(tree.length)
    edges = (0, 4, 16, 32, 50, 1024, 2048, 3072, 3200, 4096, 8192, 8212, 9216, 10496)
    for sector in sorted({edge + step for edge in edges for step in (-1, 0, 1, 2) if 0 <= edge + step < tree.length}):
        proof = tree.sector_proof(sector, known_bytes(tree, oracle, sector))
        assert proof is not None
        assert list(proof.lemma) == [oracle.leaves[sector], *siblings(levels, 0, sector), levels[-1][0]]
        assert verify_sector(oracle.sectors[sector], sector, Proof(*proof), tree.root) == (sector != 0)


def test_trailing_zeros_may_be_left_out() -> None:
    tree, oracle = published()
    whole = known_bytes(tree, oracle, 2048)  # a full segment
    node = tree.known(3100)
    assert node is not None
    assert (node.height, node.first_sector) == (7, 3072)  # one byte of data, 127 sectors of padding
    assert tree.sector_proof(3100, pattern(262145)[-1:]) == tree.sector_proof(3100, known_bytes(tree, oracle, 3100))
    assert tree.sector_proof(2048, whole) is not None


def test_fill_by_proof_and_by_roots_agree() -> None:
    data = pattern(2883584)  # heights 13, 11, 10
    file = FileTree.from_buffer(data)
    by_roots, by_proof = FlowTree(), FlowTree()
    for tree in (by_roots, by_proof):
        tree.submit(file.nodes)
    assert by_roots.length == 1024 * 8 + 11 * 1024
    start = by_roots.submission(0).start // 1024
    assert by_roots.fill_segments(start, file.segment_roots) == 11
    for index in range(11):
        proof = file.proof(index)
        by_proof.fill_proof(start + index, proof.lemma[0], proof.lemma[1:-1], proof.path)
        assert by_proof.known((start + index) * 1024) == by_roots.known((start + index) * 1024)
    assert by_proof.node_count == by_roots.node_count
    rows = dict(by_proof.take_rows())
    assert rows == dict(by_roots.take_rows())
    sector = (start + 5) * 1024 + 3
    part = data[5 * 262144 : 6 * 262144]
    assert by_proof.sector_proof(sector, part) == by_roots.sector_proof(sector, part)
    assert verify_sector(part[768:1024], sector, Proof(*by_proof.sector_proof(sector, part) or ((), ())), by_proof.root)


def test_one_proof_is_enough_for_its_segment() -> None:
    data = pattern(2097152)
    file = FileTree.from_buffer(data)
    tree = FlowTree()
    tree.submit(file.nodes)
    start = tree.submission(0).start // 1024
    proof = file.proof(6)
    assert tree.sector_proof(start * 1024 + 6 * 1024, data[6 * 262144 : 7 * 262144]) is None
    assert tree.fill_proof(start + 6, proof.lemma[0], proof.lemma[1:-1], proof.path) == 6
    assert tree.sector_proof(start * 1024 + 6 * 1024, data[6 * 262144 : 7 * 262144]) is not None
    assert tree.sector_proof(start * 1024, data[:262144]) is None


def test_lies_are_not_filled_in() -> None:
    data = pattern(1048576)
    file = FileTree.from_buffer(data)
    tree = FlowTree()
    tree.submit(file.nodes)
    tree.take_rows()
    count = tree.node_count
    roots = file.segment_roots
    proof = file.proof(1)
    start = tree.submission(0).start // 1024
    assert start == 4
    cases: list[tuple[Any, str]] = [
        (lambda: tree.fill_segments(4, [*roots[:3], bytes(32)]), "do not lead"),
        (lambda: tree.fill_segments(4, roots[:3]), "in no node"),
        (lambda: tree.fill_segments(5, roots[1:]), "in no node"),
        (lambda: tree.fill_segments(8, roots), "in no node"),
        (lambda: tree.fill_segments(1 << 60, roots), "a segment of the flow"),
        (lambda: tree.fill_segments(4, bytes(33)), "hashes of 32"),
        (lambda: tree.fill_proof(5, bytes(32), proof.lemma[1:-1], proof.path), "do not lead"),
        (lambda: tree.fill_proof(4, proof.lemma[0], proof.lemma[1:-1], proof.path), "elsewhere"),
        (lambda: tree.fill_proof(5, proof.lemma[0], proof.lemma[1:2], proof.path[:1]), "end below"),
        (lambda: tree.fill_proof(5, proof.lemma[0], proof.lemma[1:-1], proof.path[:1]), "one byte for each"),
        (lambda: tree.fill_proof(8, proof.lemma[0], proof.lemma[1:-1], proof.path), "beyond"),
        (lambda: tree.fill_proof(1 << 60, proof.lemma[0], proof.lemma[1:-1], proof.path), "beyond"),
    ]
    for call, words in cases:
        with pytest.raises(InvalidInput, match=words):
            call()
    assert tree.node_count == count
    assert tree.take_rows() == []


def test_huge_claims_cost_nothing() -> None:
    tree = FlowTree()
    tree.submit([(b"\1" * 32, 50)])
    tree.submit([(b"\2" * 32, 3)])
    assert tree.length == (1 << 51) + 8
    assert tree.node_count < 200
    assert tree.sector_proof((1 << 50) + 5) is None
    proof = tree.sector_proof((1 << 51) + 8, length=tree.length) if tree.length > (1 << 51) + 8 else None
    assert proof is None
    assert tree.revert(1 << 51) == 1
    assert tree.revert(1) == 1
    assert (tree.node_count, tree.root) == (1, bytes(32))


def test_rows_of_another_form_are_corrupt() -> None:
    tree, _ = published()
    rows = [(key, value) for key, value in tree.take_rows() if value is not None]
    assert FlowTree.from_rows(rows).root == tree.root
    assert FlowTree.from_rows([]).length == 1
    nodes = [row for row in rows if row[0][:1] == b"n"]
    flipped = [(node, (node[0], bytes([node[1][0] ^ 1]) + node[1][1:])) for node in nodes]
    bad: list[list[tuple[bytes, bytes]]] = [
        [*rows, rows[-1]],
        [*rows, nodes[0]],
        *[[turned if row is node else row for row in rows] for node, turned in flipped],
        *[[row for row in rows if row is not lost] for lost in rows],
        rows[:-1],
        [*rows, (b"x", b"")],
        [*rows, (b"n" + bytes(9), b"")],
        [*rows, (b"n\x39" + bytes(8), bytes(32))],
        [*rows, (b"n\0" + b"\xff" * 8, bytes(32))],
        [*rows, (b"s" + b"\xff" * 8, bytes(48))],
        [*rows, (b"s" + (1 << 30).to_bytes(8, "big"), bytes(48))],
        [*rows, (b"s" + (14).to_bytes(8, "big"), bytes(48))],
    ]
    for case in bad:
        with pytest.raises(Corrupt, match="flow rows"):
            FlowTree.from_rows(case)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda tree: tree.submit([]), "one or more"),
        (lambda tree: tree.submit([(bytes(32), 1), (bytes(32), 1)]), "descending"),
        (lambda tree: tree.submit([(bytes(32), 57)]), "from 0 to 56"),
        (lambda tree: tree.submit([(bytes(32), -1)]), "from 0 to 56"),
        (lambda tree: tree.submit([(bytes(32), -1)], start=4), "from 0 to 56"),
        (lambda tree: tree.submit([(bytes(31), 0)]), "32 bytes"),
        (lambda tree: tree.submit([(bytes(32), 56)]), "beyond"),
        (lambda tree: tree.submit([(bytes(32), 0)], start=7), "start: expected 10499"),
        (lambda tree: tree.submission(13), "below 13"),
        (lambda tree: tree.submission(-1), "below 13"),
        (lambda tree: tree.revert(17), "no submission ended at 17"),
        (lambda tree: tree.root_at(10500), "no submission ended"),
        (lambda tree: tree.root_at(0), "no submission ended"),
        (lambda tree: tree.sector_proof(-1), "0 or more"),
        (lambda tree: tree.sector_proof(10499), "does not hold"),
        (lambda tree: tree.sector_proof(60, length=50), "does not hold"),
        (lambda tree: tree.sector_proof(1 << 62), "does not hold"),
        (lambda tree: tree.sector_proof(16), "expected the bytes of the 16 sectors"),
        (lambda tree: tree.sector_proof(16, bytes(4096)), "not the one that the log has"),
        (lambda tree: tree.sector_proof(16, bytes(4097)), "at most 4096"),
        (lambda tree: tree.sector_proof(16, bytes(4096), length=33), "no submission ended"),
        (lambda tree: tree.seal_proof(8), "multiple of 16"),
        (lambda tree: tree.seal_proof(10496), "does not hold"),
    ],
)
def test_refusals(call: Any, words: str) -> None:
    tree, _ = published()
    root, count = tree.root, tree.node_count
    with pytest.raises(InvalidInput, match=words):
        call(tree)
    assert (tree.root, tree.node_count) == (root, count)


def test_place_is_layouts() -> None:
    assert merkle.place(1, [4, 1]) == ([16, 32], 34)

"""storage.layout: published files, proofs and flow placements; every way a received segment can be wrong."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from oracle import merkle as oracle
from zerog.errors import InvalidInput
from zerog.primitives.hashing import keccak256
from zerog.storage import layout
from zerog.storage.layout import FileTree, Placement, Proof, Segment, SegmentFault, file_layout, place

VECTORS: dict[str, Any] = json.loads((Path(__file__).resolve().parents[2] / "vectors" / "storage" / "merkle.json").read_text())
FILES = VECTORS["files"]
FLOW = VECTORS["flow"]


def contents(entry: dict[str, Any]) -> bytes:
    if entry["data"] == "zeros":
        return bytes(entry["size"])
    return (bytes(range(1, 252)) * (entry["size"] // 251 + 1))[: entry["size"]]


def hexed(value: bytes) -> str:
    return "0x" + value.hex()


def segment_of(data: bytes, tree: FileTree, index: int) -> Segment:
    size = tree.layout.segment_size(index)
    part = data[index * layout.SEGMENT : index * layout.SEGMENT + size].ljust(size, b"\0")
    return Segment(tree.root, part, index, tree.proof(index), len(data))


@pytest.mark.parametrize("entry", FILES, ids=lambda entry: f"{entry['data']}-{entry['size']:08d}")
def test_published_files(entry: dict[str, Any]) -> None:
    data = contents(entry)
    tree = FileTree.from_buffer(data)
    found = tree.layout
    assert found == file_layout(entry["size"])
    assert hexed(tree.root) == entry["root"]
    assert hexed(tree.identity) == entry["identity"] == hexed(layout.identity_of_nodes(root for root, _ in tree.nodes))
    assert [{"height": height, "root": hexed(root)} for root, height in tree.nodes] == entry["nodes"]
    assert [[height + 1, hexed(root)] for root, height in tree.nodes] == entry["merkleNodesRpc"]
    assert [hexed(root) for root in tree.segment_roots] == entry["segmentRoots"]
    assert layout.root_of_nodes([root for root, _ in tree.nodes]) == tree.root
    assert found.nodes == tuple((node["height"], 1 << node["height"]) for node in entry["nodes"])
    assert sum(sectors for _, sectors in found.nodes) == found.padded == entry["paddedChunks"]
    assert (found.chunks, found.data_segments, found.tree_segments) == (
        entry["chunks"],
        entry["segments"],
        entry["paddedSegments"],
    )
    assert found.segment_chunks(found.data_segments - 1) == entry["lastSegmentChunksSent"]
    assert sum(found.segment_leaves(i) for i in range(found.tree_segments)) == found.padded
    for index, wanted in entry["segmentProofs"].items():
        proof = tree.proof(int(index))
        assert proof.to_json() == wanted
        assert Proof.from_json(json.loads(json.dumps(wanted))) == proof
    segments = [segment_of(data, tree, i) for i in range(found.data_segments)]
    assert layout.check_segments(segments) == [None] * len(segments)


@pytest.mark.parametrize("backend", ["scalar", ""])
def test_every_segment_of_some_sizes(backend: str, seed: int) -> None:
    rng = random.Random(seed)
    for size in (1, 257, 5000, 262144, 262145, 300000, 600000):
        data = rng.randbytes(size)
        tree = FileTree.from_buffer(data, backend=backend)
        assert tree.root == oracle.root(oracle.file_leaves(data, keccak256), keccak256)
        segments = [segment_of(data, tree, i) for i in range(tree.layout.data_segments)]
        assert layout.check_segments(segments, backend=backend) == [None] * len(segments)


def large() -> tuple[bytes, FileTree]:
    data = contents({"data": "pattern", "size": 10485883})
    return data, FileTree.from_buffer(data)


DATA, TREE = large()
GOOD = segment_of(DATA, TREE, 40)


def turned(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def lemma_turned(proof: Proof, index: int) -> Proof:
    lemma = list(proof.lemma)
    lemma[index] = turned(lemma[index], 7)
    return Proof(tuple(lemma), proof.path)


@pytest.mark.parametrize(
    ("fault", "change"),
    [
        (None, {}),
        (SegmentFault.FILE_EMPTY, {"file_size": 0}),
        (SegmentFault.SHAPE, {"file_size": 1 << 60}),
        (SegmentFault.INDEX, {"index": 41}),  # in the proof tree, but beyond the data
        (SegmentFault.INDEX, {"index": 44}),
        (SegmentFault.INDEX, {"index": 1 << 70}),
        (SegmentFault.INDEX, {"file_size": 100}),
        (SegmentFault.LENGTH, {"data": b""}),
        (SegmentFault.LENGTH, {"data": bytes(layout.SEGMENT)}),
        (SegmentFault.LENGTH, {"data": GOOD.data[:-1]}),
        (SegmentFault.LENGTH, {"data": GOOD.data + bytes(layout.SECTOR)}),
        (SegmentFault.LENGTH, {"index": 39}),
        (SegmentFault.SHAPE, {"proof": Proof(GOOD.proof.lemma[:-1], GOOD.proof.path)}),
        (SegmentFault.SHAPE, {"proof": Proof((), ())}),
        (SegmentFault.SHAPE, {"proof": Proof(GOOD.proof.lemma, GOOD.proof.path[:-1])}),
        (SegmentFault.SHAPE, {"proof": Proof((bytes(32),) * 102, (True,) * 100)}),
        (SegmentFault.POSITION, {"proof": Proof(GOOD.proof.lemma, (False, *GOOD.proof.path[1:]))}),
        (SegmentFault.POSITION, {"proof": Proof(GOOD.proof.lemma[:1], ())}),
        (SegmentFault.LEAF, {"data": turned(GOOD.data, 0)}),
        (SegmentFault.LEAF, {"proof": lemma_turned(GOOD.proof, 0)}),
        (SegmentFault.ROOT, {"root": bytes(32)}),
        (SegmentFault.ROOT, {"proof": lemma_turned(GOOD.proof, -1)}),
        (SegmentFault.ZERO_PADDING, {"proof": lemma_turned(GOOD.proof, 1)}),
        (SegmentFault.FOLD, {"proof": lemma_turned(GOOD.proof, 3)}),
    ],
)
def test_guilty_segments(fault: SegmentFault | None, change: dict[str, Any]) -> None:
    found = layout.check_segments([GOOD, replace(GOOD, **change), GOOD])
    assert found == [None, fault, None]
    assert layout.check_segments([replace(GOOD, **change)]) == [fault]
    bad = replace(GOOD, **change)
    assert layout.verify_segment(bad.root, bad.data, bad.index, bad.proof, bad.file_size) == fault


def test_one_bad_segment_at_each_position() -> None:
    segments = [segment_of(DATA, TREE, i) for i in range(6)]
    for guilty in range(6):
        batch = list(segments)
        batch[guilty] = replace(batch[guilty], data=turned(batch[guilty].data, 200000))
        assert [i for i, fault in enumerate(layout.check_segments(batch)) if fault] == [guilty]
    assert layout.check_segments([]) == []


def test_a_proof_of_zeros_where_zeros_are() -> None:
    """Segments 41 to 43 of the proof tree are padding: the siblings that cover them are known roots."""
    assert TREE.layout.tree_segments == 44
    assert TREE.segment_roots[41:] == [layout.zero_root(10)] * 3
    assert GOOD.proof.lemma[1] == layout.zero_root(10)
    assert GOOD.proof.lemma[2] == layout.zero_root(11)


def test_published_flow() -> None:
    length = FLOW["emptyFlow"]["length"]
    for row in FLOW["submissions"]:
        found = place(length, [height for height, _ in file_layout(row["fileSize"]).nodes])
        assert (found.start, found.length) == (row["startPos"], row["flowLengthAfter"])
        length = found.length


@pytest.mark.parametrize(
    ("length", "heights", "wanted"),
    [
        (1, [0], Placement(1, (1,), 2)),
        (1, [10], Placement(1024, (1024,), 2048)),
        (1000, [4, 3], Placement(1024, (1024, 1040), 1048)),  # aligned to 1008 its 24 sectors would cross the boundary
        (1020, [1, 0], Placement(1020, (1020, 1022), 1023)),
        (1022, [1, 0], Placement(1024, (1024, 1026), 1027)),  # would cross a segment: begins with the next one
        (1023, [0], Placement(1023, (1023,), 1024)),
        (1025, [11, 9], Placement(2048, (2048, 4096), 4608)),
    ],
)
def test_placements(length: int, heights: list[int], wanted: Placement) -> None:
    assert place(length, heights) == wanted


def test_laws_of_placement(seed: int) -> None:
    rng = random.Random(seed)
    length = 1
    for _ in range(3000):
        heights = [height for height, _ in file_layout(rng.randrange(1, rng.choice([300, 5000, 300000, 3000000]))).nodes]
        found = place(length, heights)
        assert found.start >= length
        assert all(position % (1 << height) == 0 for position, height in zip(found.positions, heights, strict=True))
        ends = [position + (1 << height) for position, height in zip(found.positions, heights, strict=True)]
        assert list(found.positions[1:]) == ends[:-1]  # a file has no gaps inside
        assert found.length == ends[-1]
        assert found.start % 1024 == 0 or found.start // 1024 == (found.length - 1) // 1024
        length = found.length


def test_sector_proofs() -> None:
    flow = [bytes(256), b"a" * 256, b"b" * 256, b"c" * 256]
    leaves = [bytes(32), *(keccak256(sector) for sector in flow[1:])]
    siblings, path = oracle.proof(leaves, 2, keccak256)
    root = oracle.root(leaves, keccak256)
    good = Proof((leaves[2], *siblings, root), tuple(path))
    assert layout.verify_sector(flow[2], 2, good, root)
    assert not layout.verify_sector(flow[2], 3, good, root)
    assert not layout.verify_sector(flow[2], 6, good, root)
    assert not layout.verify_sector(flow[1], 2, good, root)
    assert not layout.verify_sector(flow[2], 2, good, bytes(32))
    assert not layout.verify_sector(flow[2][:255], 2, good, root)
    assert not layout.verify_sector(flow[2], 2, Proof(good.lemma[:-1], good.path), root)
    for index in range(4):
        assert not layout.verify_sector(flow[2], 2, lemma_turned(good, index), root)


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"lemma": []},
        {"lemma": "0x", "path": []},
        {"lemma": ["0x" + "00" * 31], "path": []},
        {"lemma": ["00" * 33], "path": []},
        {"lemma": ["0x" + "0g" * 32], "path": []},
        {"lemma": ["0x" + "0 " * 32], "path": []},
        {"lemma": [7], "path": []},
        {"lemma": [], "path": [1]},
        {"lemma": ["0x" + "00" * 32] * 67, "path": []},
        {"lemma": [], "path": [True] * 65},
    ],
)
def test_proofs_that_are_none(value: object) -> None:
    with pytest.raises(InvalidInput, match="proof"):
        Proof.from_json(value)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: file_layout(0), "empty file"),
        (lambda: file_layout(-1), "at least 1"),
        (lambda: FileTree.from_buffer(b""), "empty file"),
        (lambda: file_layout(1).segment_size(1), "below 1"),
        (lambda: file_layout(1).segment_leaves(-1), "below 1"),
        (lambda: TREE.proof(44), "below 44"),
        (lambda: layout.root_of_nodes([]), "at least one"),
        (lambda: layout.root_of_nodes([bytes(31)]), "32 bytes"),
        (lambda: place(0, [1]), "at least 1"),
        (lambda: place(1, []), "one or more"),
        (lambda: place(1, [57]), "from 0 to 56"),
        (lambda: place(1, [3, 3]), "descending"),
        (lambda: place(1, [1, 2]), "descending"),
        (lambda: place(2, [56]), "beyond"),
        (lambda: layout.check_segments([replace(GOOD, index=-1)]), "from 0 on"),
        (lambda: layout.check_segments([replace(GOOD, root=b"")]), "32 bytes"),
        (lambda: layout.check_segments([replace(GOOD, data="text")]), "contiguous buffer"),
    ],
)
def test_refusals(call: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        call()

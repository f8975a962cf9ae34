"""merkle: 0G storage's published trees and proofs, guilty proofs by name, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oracle import merkle as oracle
from oracle.keccak256 import keccak256 as oracle_keccak256
from zerog import _native
from zerog.errors import InvalidInput
from zerog.primitives import merkle
from zerog.primitives.hashing import keccak256

VECTORS: dict[str, Any] = json.loads((Path(__file__).resolve().parents[2] / "vectors" / "storage" / "merkle.json").read_text())
FILES = VECTORS["files"]


def contents(entry: dict[str, Any]) -> bytes:
    if entry["data"] == "zeros":
        return bytes(entry["size"])
    return (bytes(range(1, 252)) * (entry["size"] // 251 + 1))[: entry["size"]]


def hexed(value: bytes) -> str:
    return "0x" + value.hex()


@pytest.mark.parametrize("entry", FILES, ids=lambda entry: f"{entry['data']}-{entry['size']:08d}")
def test_published_files(entry: dict[str, Any]) -> None:
    tree = merkle.file_tree(contents(entry))
    assert hexed(tree.root) == entry["root"]
    assert hexed(tree.identity) == entry["identity"]
    assert [{"height": h, "root": hexed(r)} for (h, _), r in zip(tree.layout.nodes, tree.node_roots, strict=True)] == entry[
        "nodes"
    ]
    assert [hexed(row.tobytes()) for row in tree.segment_roots] == entry["segmentRoots"]
    layout = tree.layout
    assert (layout.sectors, layout.sectors_padded, layout.segments, layout.segments_padded) == (
        entry["chunks"],
        entry["paddedChunks"],
        entry["segments"],
        entry["paddedSegments"],
    )
    if entry["segments"] == entry["paddedSegments"]:
        assert layout.segment_sectors(layout.segments - 1) == entry["lastSegmentPaddedChunks"]
    proofs = []
    for index, wanted in entry["segmentProofs"].items():
        proof = tree.segment_proof(int(index))
        assert hexed(proof.lemma) == "0x" + "".join(h[2:] for h in wanted["lemma"])
        assert [bool(side) for side in proof.path] == wanted["path"]
        proofs.append(proof)
    assert set(merkle.verify_segments(proofs)) <= {"none"}


@pytest.mark.slow
def test_published_files_by_the_oracle() -> None:
    for entry in FILES:
        if entry["size"] > 5000:
            continue
        leaves = oracle.file_leaves(contents(entry), oracle_keccak256)
        assert hexed(oracle.root(leaves, oracle_keccak256)) == entry["root"]


def test_zero_roots() -> None:
    wanted = VECTORS["zeroHashes"]
    pairs = wanted.items() if isinstance(wanted, dict) else enumerate(wanted)
    for height, root in pairs:
        assert hexed(merkle.zero_root(int(height))) == root
    with pytest.raises(InvalidInput, match="at most 63"):
        merkle.zero_root(64)


def test_ascii_example() -> None:
    assert hexed(merkle.file_tree(VECTORS["ascii"]["text"].encode()).root) == VECTORS["ascii"]["root"]


def test_sectors_and_segments() -> None:
    data = bytes(range(256)) * 3 + b"end"
    wanted = [keccak256(data[i : i + 256].ljust(256, b"\0")) for i in range(0, len(data), 256)]
    assert merkle.hash_sectors(data).tobytes() == b"".join(wanted)
    assert merkle.segment_root(data, 4) == oracle.root(wanted, keccak256)
    assert merkle.segment_root(b"", 8) == merkle.zero_root(3)
    assert merkle.segment_roots(b"").shape == (0, 32)


def guilty_cases() -> list[tuple[str, dict[str, Any]]]:
    entry = next(entry for entry in FILES if entry["size"] == 10485883)
    lemma = b"".join(bytes.fromhex(h[2:]) for h in entry["segmentProofs"]["0"]["lemma"])
    turned = lemma[:40] + bytes([lemma[40] ^ 1]) + lemma[41:]
    return [
        ("none", {}),
        ("position", {"segment_index": 1}),
        ("position", {"path": b"\0\1\1\1\1\1"}),
        ("leaf", {"segment_root": bytes(32)}),
        ("root", {"file_root": bytes(32)}),
        ("fold", {"lemma": turned}),
        ("shape", {"lemma": lemma[:-32]}),
        ("shape", {"lemma": lemma[:-1]}),
        ("shape", {"lemma": b"", "path": b""}),
        ("shape", {"file_size_bytes": 0}),
        ("position", {"file_size_bytes": 1}),
        ("position", {"file_size_bytes": 1 << 55}),
    ]


@pytest.mark.parametrize(("verdict", "change"), guilty_cases())
def test_guilty_segment_proofs(verdict: str, change: dict[str, Any]) -> None:
    entry = next(entry for entry in FILES if entry["size"] == 10485883)
    published = entry["segmentProofs"]["0"]
    lemma = b"".join(bytes.fromhex(h[2:]) for h in published["lemma"])
    good = merkle.SegmentProof(lemma, bytes(published["path"]), 0, entry["size"], bytes.fromhex(entry["root"][2:]), lemma[:32])
    report = next(entry for entry in _native.backends() if entry["kernel"] == "merkle_tree")
    for backend in report["available"]:
        assert merkle.verify_segments([good, good._replace(**change), good], backend=backend) == ["none", verdict, "none"]


def test_empty_batches() -> None:
    none = np.zeros(1, dtype=np.uint64)
    assert merkle.verify_many(b"", b"", b"", none, b"").shape == (0,)
    assert merkle.fold(b"", b"", b"", none).shape == (0, 32)
    assert merkle.tree_roots(b"", none).shape == (0, 32)
    assert merkle.verify_segments([]) == []


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: merkle.file_tree(b""), "empty file"),
        (lambda: merkle.file_layout(0), "empty file"),
        (lambda: merkle.file_layout(-1), "at least 1"),
        (lambda: merkle.file_layout((1 << 56) + 1), "at most"),
        (lambda: merkle.tree(b""), "at least one"),
        (lambda: merkle.tree(bytes(33)), "multiple of 32"),
        (lambda: merkle.tree(bytes(64)).proof(2), "below 2"),
        (lambda: merkle.tree(bytes(64)).proof(-1), "expected 0 to 1"),
        (lambda: merkle.segment_root(bytes(257), 1), "at most 256"),
        (lambda: merkle.segment_root(b"", 0), "1 to 1024"),
        (lambda: merkle.segment_root(b"", 1025), "1 to 1024"),
        (lambda: merkle.segment_roots(bytes(1000)), "whole segments"),
        (lambda: merkle.file_layout(1).segment_sectors(1), "below 1"),
        (lambda: merkle.tree_roots(bytes(32), np.array([0, 2], dtype=np.uint64)), "ends at 1"),
        (lambda: merkle.fold(bytes(32), bytes(32), b"", np.array([0, 0], dtype=np.uint64)), "one byte for each"),
        (lambda: merkle.fold(bytes(64), b"", b"", np.array([0, 0], dtype=np.uint64)), "expected 3 items"),
        (lambda: merkle.verify_many(bytes(32), b"", b"", np.array([0, 0], dtype=np.uint64), bytes(31)), "expected one root"),
        (lambda: merkle.verify_segments([merkle.SegmentProof(b"", b"", -1, 1, bytes(32), bytes(32))]), "segment_index"),
        (lambda: merkle.verify_segments([merkle.SegmentProof(b"", b"", 0, 1, bytes(31), bytes(32))]), "file_root"),
    ],
)
def test_refusals(call: object, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        call()  # type: ignore[operator]

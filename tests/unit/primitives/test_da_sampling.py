"""The sampling lottery against its vectors: qualities, proofs of fifteen nodes, names of submissions."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from zerog.errors import InvalidInput
from zerog.primitives import blob, da_sampling
from zerog.primitives.blob import Geometry
from zerog.primitives.hashing import keccak256

CASE = json.loads((Path(__file__).resolve().parents[2] / "vectors" / "zerog_da" / "da_sampling.json").read_text())
SEED = bytes.fromhex(CASE["seed"])
RECORD = da_sampling.BlobRecord(CASE["epoch"], CASE["quorum_id"], bytes.fromhex(CASE["data_root"]))
ROOTS = [bytes.fromhex(root) for root in CASE["blob_roots"]]


def test_line_qualities_and_names() -> None:
    assert int(CASE["max_podas_target"]) == da_sampling.TARGET_MAX
    lines = [entry["line_index"] for entry in CASE["cases"]]
    found = da_sampling.line_qualities(SEED, RECORD, lines)
    assert [f"{quality:064x}" for quality in found] == [entry["line_quality"] for entry in CASE["cases"]]
    assert da_sampling.line_qualities(SEED, RECORD, []) == []
    for entry in CASE["cases"]:
        for subline, name in entry["submission_identifier"].items():
            assert da_sampling.submission_id(SEED, RECORD, entry["line_index"], int(subline)).hex() == name


@pytest.mark.slow
def test_sublines_of_a_whole_blob() -> None:
    n = np.arange(1234, dtype=np.uint64)
    made = blob.encode(((31 * n * n + 7 * n + 13) % 251).astype(np.uint8).tobytes())
    assert made.data_root == RECORD.data_root
    assert list(made.blob_roots) == ROOTS
    for entry in CASE["cases"]:
        line, quality = entry["line_index"], int(entry["line_quality"], 16)
        row = made.row(line)
        for sub in entry["sublines"]:
            index = sub["subline_index"]
            data, proof = made.subline(line, index), made.subline_proof(line, index)
            assert data == row[1024 * index : 1024 * (index + 1)]
            assert keccak256(data).hex() == sub["data_keccak"]
            assert [node.hex() for node in proof] == sub["proof"]
            assert blob.verify_subline(line, index, data, proof, ROOTS, RECORD.data_root)
            assert not blob.verify_subline(line, index ^ 1, data, proof, ROOTS, RECORD.data_root) or data == made.subline(
                line, index ^ 1
            )
            [found] = da_sampling.data_qualities(quality, row, [index])
            assert f"{found:064x}" == sub["data_quality"]
            assert sub["overflow"] == (quality + found >= 2**256)
            if not sub["overflow"]:
                assert quality + found == int(sub["quality"])
                # The best of the row is found with its own quality as the target, and not below.
                hits = da_sampling.mine_row(quality, row, quality + found)
                assert da_sampling.Hit(index, quality + found) in hits
                assert da_sampling.Hit(index, quality + found) not in da_sampling.mine_row(quality, row, quality + found - 1)


def test_mining_by_definition() -> None:
    row = bytes(range(256)) * 4 * 5
    quality = 12345
    one_by_one = [
        int.from_bytes(keccak256(quality.to_bytes(32, "big") + s.to_bytes(32, "big") + row[1024 * s : 1024 * (s + 1)]), "big")
        for s in range(5)
    ]
    assert da_sampling.data_qualities(quality, row) == one_by_one
    target = quality + sorted(one_by_one)[2]
    assert {hit.subline for hit in da_sampling.mine_row(quality, row, target)} == {
        s for s, value in enumerate(one_by_one) if quality + value <= target
    }
    assert da_sampling.mine_row(target + 1, row, target) == []
    top = 2**256 - 1
    assert da_sampling.mine_row(top, row, 2**257) == []  # sums that overflow never count


def test_refusals() -> None:
    for seed in (bytes(32), b"x" * 31):
        with pytest.raises(InvalidInput):
            da_sampling.line_qualities(seed, RECORD, [0])
    with pytest.raises(InvalidInput):
        da_sampling.line_qualities(SEED, RECORD._replace(data_root=b"x"), [0])
    with pytest.raises(InvalidInput):
        da_sampling.line_qualities(SEED, RECORD, [-1])
    with pytest.raises(InvalidInput):
        da_sampling.data_qualities(0, bytes(1000))
    with pytest.raises(InvalidInput):
        da_sampling.data_qualities(0, bytes(1024), [1])
    with pytest.raises(InvalidInput):
        da_sampling.submission_id(SEED, RECORD, 2**32, 0)
    assert Geometry(64, 16).sublines == 0

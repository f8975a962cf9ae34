"""One storage node over a simulated chain: uploads, downloads, proofs, finalization."""

from __future__ import annotations

import base64

import pytest
from tests.unit.storage.harness import Running, SimulatedEth, pattern

from zerog.storage.layout import Proof, verify_segment

SIZES = [1, 256, 300, 4352, 262_144, 262_145, 1_048_577]


@pytest.mark.parametrize("size", SIZES)
async def test_a_file_comes_back_as_it_went_in(node: Running, eth: SimulatedEth, size: int) -> None:
    data = pattern(size)
    tree = eth.submit(data)
    await node.synced(0)
    before = await node.call("zgs_getFileInfo", "0x" + tree.root.hex(), True)
    assert (before["finalized"], before["uploadedSegNum"], before["pruned"]) == (False, 0, False)
    await node.upload(tree, data, 0)
    info = await node.call("zgs_getFileInfoByTxSeq", 0)
    assert info["finalized"]
    assert info["uploadedSegNum"] == tree.layout.data_segments
    assert info["tx"]["merkleNodes"] == [[height + 1, "0x" + root.hex()] for root, height in tree.nodes]
    chunks = tree.layout.chunks
    got = b""
    for first in range(0, chunks, 1024):
        got += base64.b64decode(await node.call("zgs_downloadSegmentByTxSeq", 0, first, min(first + 1024, chunks)))
    assert got[:size] == data
    assert not any(got[size:])
    assert len(got) == chunks * 256
    for index in range(tree.layout.data_segments):
        answer = await node.call("zgs_downloadSegmentWithProof", "0x" + tree.root.hex(), index)
        proof = Proof.from_json(answer["proof"])
        assert verify_segment(tree.root, base64.b64decode(answer["data"]), index, proof, size) is None
        assert answer["fileSize"] == size
        assert answer["root"] == "0x" + tree.root.hex()

"""pora: the published mining answer, step by step; ranges, shards and targets; what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oracle import pora as oracle
from zerog.errors import InvalidInput
from zerog.primitives import pora
from zerog.primitives.hashing import blake2b_512_many, keccak256

VECTOR: dict[str, Any] = json.loads((Path(__file__).resolve().parents[2] / "vectors" / "storage" / "merkle.json").read_text())[
    "pora"
]["v"]
MINER, NONCE, CONTEXT, SUBTASK = (
    bytes.fromhex(VECTOR[name][2:]) for name in ("minerId", "nonce", "contextDigest", "subtaskDigest")
)
RANGE = pora.Range(VECTOR["range"]["startPosition"], VECTOR["range"]["mineLength"], 0, int(VECTOR["range"]["shardMask"], 16))


def hexed(value: Any) -> str:
    return "0x" + bytes(value).hex()


def load() -> bytes:
    """Sectors 4096 to 5119 of the published flow: the beginning of the file of a megabyte."""
    return (bytes(range(1, 252)) * 1045)[: pora.LOAD_SIZE_BYTES]


@pytest.mark.parametrize("backend", ["scalar", ""])
def test_the_published_answer(backend: str) -> None:
    position = VECTOR["recallPosition"]
    assert hexed(RANGE.digest) == VECTOR["rangeDigest"]
    tried = pora.tries(MINER, NONCE, SUBTASK, RANGE, backend=backend)
    assert hexed(tried.pad_seeds[0]) == VECTOR["padSeed"]
    assert hexed(keccak256(tried.pads[0].tobytes())) == VECTOR["scratchKeccak"]
    assert hexed(tried.recall_seeds[0]) == VECTOR["recallSeed"]
    assert tried.positions == (position,)
    assert hexed(load()[:64]) == VECTOR["unsealedFirst64"]

    sealed = pora.seal(load(), MINER, CONTEXT, position, backend=backend)
    assert hexed(sealed[:64]) == VECTOR["sealedFirst64"]
    assert hexed(keccak256(sealed[:4096].tobytes())) == VECTOR["sealedKeccak"]
    assert pora.unseal(sealed, MINER, CONTEXT, position, backend=backend).tobytes() == load()
    mixed = oracle.xored(sealed[:4096].tobytes(), tried.pads[0][:4096].tobytes())
    assert hexed(keccak256(mixed)) == VECTOR["mixedKeccak"]

    quality = int(VECTOR["poraHash"], 16)
    winners = tried.winners({position: sealed}, quality, backend=backend)
    assert pora.Winner(NONCE, position, VECTOR["sealOffset"], quality) == winners[-1]
    assert all(winner.quality <= quality for winner in winners)
    assert tried.winners({position: sealed}, quality - 1, backend=backend) == winners[:-1]


def test_winners_are_those_of_the_qualities() -> None:
    position = VECTOR["recallPosition"]
    tried = pora.tries(MINER, NONCE, SUBTASK, RANGE)
    sealed = pora.seal(load(), MINER, CONTEXT, position)
    found = [int.from_bytes(row.tobytes(), "big") for row in pora.qualities([sealed], [tried.pads[0]], [tried.pad_seeds[0]])[0]]
    middle = sorted(found)[20]
    wanted = sorted((quality, offset) for offset, quality in enumerate(found) if quality <= middle)
    assert len(wanted) == 21
    winners = tried.winners({position: sealed}, middle)
    assert [(winner.quality, winner.seal_offset) for winner in winners] == wanted
    assert all(winner.recall_position == position + 16 * winner.seal_offset for winner in winners)
    missing = frozenset({wanted[0][1], wanted[5][1]})
    rest = tried.winners({position: sealed}, middle, unavailable={position: missing, 0: frozenset({1})})
    assert [winner.seal_offset for winner in rest] == [offset for _, offset in wanted if offset not in missing]
    assert len(tried.winners({position: sealed}, (1 << 256) - 1)) == 64
    assert tried.winners({position: sealed}, 0) == []
    assert tried.winners({}, middle) == tried.winners({position + 1024: sealed}, middle) == []


def test_the_dummy_sector_cannot_win() -> None:
    area = pora.Range(0, 1024)
    tried = pora.tries(MINER, NONCE, SUBTASK, area)
    assert tried.positions == (0,)
    winners = tried.winners({0: bytes(pora.LOAD_SIZE_BYTES)}, (1 << 256) - 1)
    assert sorted(winner.seal_offset for winner in winners) == list(range(1, 64))


@pytest.mark.parametrize("shards", [1, 2, 8, 256])
def test_positions_lie_in_the_shard(shards: int) -> None:
    area = pora.Range(1 << 25, 1024 * 777, 5 % shards, pora.shard_mask(shards))
    plain = oracle.Range(1 << 25, 1024 * 777, 5 % shards, pora.shard_mask(shards))
    assert area.digest == plain.digest(keccak256)
    for number in range(50):
        seed = keccak256(bytes([number]))
        position = area.recall_position(seed)
        chunk = (position - (1 << 25)) // 1024
        assert position % 1024 == 0
        assert chunk % shards == 5 % shards
        assert 0 <= chunk < 777 + shards


def test_loads_beyond_the_range_do_not_count() -> None:
    """Three loads and shard 3 of 4: every nonce leads to load 3, where the contract draws the line; shard 7 of 8 is out."""
    nonces = bytes(range(96))
    for shards, wanted in ((4, [3 * 1024]), (8, [])):
        tried = pora.tries(MINER, nonces, SUBTASK, pora.Range(0, 3 * 1024, shards - 1, pora.shard_mask(shards)))
        assert set(tried.positions) == {(shards - 1) * 1024}
        assert tried.wanted == wanted
        loads = {position: bytes(pora.LOAD_SIZE_BYTES) for position in tried.positions}
        assert len(tried.winners(loads, (1 << 256) - 1)) == len(wanted) * 3 * 64


def test_thresholds() -> None:
    for target, length, shards in ((1 << 250, 10499, 1), ((1 << 256) - 1, 1 << 36, 4), (12345 << 200, 7, 7), (0, 1, 1)):
        assert pora.quality_threshold(target, length, shards) == oracle.threshold(target, length, shards)
    assert pora.quality_threshold((1 << 256) - 1, 5000) == ((1 << 192) - 1) << 64


def test_sealing_with_many_contexts() -> None:
    contexts = [keccak256(bytes([i])) for i in range(5)]
    data = load()[: 5 * 4096]
    sealed = pora.seal(data, MINER, b"".join(contexts), 160)
    for i, context in enumerate(contexts):
        part = slice(4096 * i, 4096 * i + 4096)
        assert sealed[part].tobytes() == oracle.seal(data[part], MINER, context, 160 + 16 * i, keccak256)
    in_place = bytearray(data)
    assert pora.seal(in_place, MINER, b"".join(contexts), 160, out=in_place) is in_place
    assert bytes(in_place) == sealed.tobytes()
    assert pora.unseal(in_place, MINER, b"".join(contexts), 160, out=in_place) is in_place
    assert bytes(in_place) == data
    assert pora.seal(b"", MINER, CONTEXT, 0).shape == (0,)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: pora.seal(bytes(4095), MINER, CONTEXT, 0), "multiple of 4096"),
        (lambda: pora.seal(bytes(4096), MINER[:31], CONTEXT, 0), "miner_id: expected 32"),
        (lambda: pora.seal(bytes(8192), MINER, bytes(96), 0), "contexts: expected one of 32 bytes, or 2"),
        (lambda: pora.seal(bytes(4096), MINER, CONTEXT, 8), "multiple of 16"),
        (lambda: pora.unseal(bytes(4096), MINER, CONTEXT, -16), "0 to"),
        (lambda: pora.unseal(bytes(4096), MINER, CONTEXT, 0, out=bytearray(4095)), "expected 4096 bytes"),
        (lambda: pora.unseal(bytes(4096), MINER, CONTEXT, 0, out=bytes(4096)), "writable"),
        (lambda: overlapping(), "overlaps"),
        (lambda: pora.tries(MINER, NONCE[:31], SUBTASK, RANGE), "multiple of 32"),
        (lambda: pora.tries(MINER, NONCE, SUBTASK[:31], RANGE), "subtask: expected 32"),
        (lambda: pora.scratchpads(bytes(63)), "multiple of 64"),
        (lambda: pora.qualities([bytes(5)], [bytes(16384)], [bytes(64)]), "loads: expected 262144"),
        (lambda: pora.qualities([], [bytes(16384)], []), "one for each load"),
        (lambda: pora.Range(0, 1023), "from 1024"),
        (lambda: pora.Range(-1, 1024), "from 0"),
        (lambda: pora.Range(0, 1024, 1), "outside the mask"),
        (lambda: pora.Range(0, 1 << 63), "up to 2\\*\\*62"),
        (lambda: pora.hunt(MINER, bytes(33), SUBTASK, RANGE, {}, 0), "multiple of 32"),
        (lambda: pora.hunt(MINER, bytes(32), SUBTASK, RANGE, {0: bytes(9)}, 0), "262144"),
        (lambda: pora.hunt(MINER, bytes(32), SUBTASK, RANGE, {512: bytes(262144)}, 0), "position 512"),
        (lambda: pora.hunt(MINER, bytes(32), SUBTASK, RANGE, {1 << 40: bytes(262144)}, 0), "in the range"),
        (lambda: pora.hunt(MINER, bytes(32), SUBTASK, RANGE, {}, -1), "from 0 on"),
        (lambda: pora.shard_mask(3), "power of two"),
        (lambda: pora.shard_mask(0), "power of two"),
        (lambda: pora.quality_threshold(-1, 10), "pora_target"),
        (lambda: pora.quality_threshold(1, 0), "flow_length"),
        (lambda: pora.quality_threshold(1, 3, 4), "flow_length"),
        (lambda: blake2b_512_many(b"abc", size=2), "multiple of 2"),
        (lambda: blake2b_512_many(b"abc", size=0), "at least 1"),
        (lambda: blake2b_512_many(b"abc"), "offsets or size"),
        (lambda: blake2b_512_many(b"abc", np.array([0, 4], dtype=np.uint64)), "ends at 3"),
        (lambda: blake2b_512_many(b"abc", np.array([0], dtype=np.uint64), size=3), "found both"),
    ],
)
def test_refusals(call: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        call()


def overlapping() -> None:
    both = np.zeros(8192, dtype=np.uint8)
    pora.seal(both[:4096], MINER, CONTEXT, 0, out=both[64 : 4096 + 64])

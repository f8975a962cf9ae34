"""Every backend of BLAKE2b and of the mining kernels against scalar, and scalar against the oracles."""

from __future__ import annotations

import hashlib
import random
from itertools import accumulate

import numpy as np
import pytest

from differential.cases import BATCH_COUNTS
from oracle import pora as oracle
from oracle.blake2b import blake2b as oracle_blake2b
from zerog import _native
from zerog.primitives import pora
from zerog.primitives.hashing import blake2b_512_many, keccak256

BACKENDS = ("scalar", "avx2", "avx512", "emu")
# Nothing, words and blocks of 128 bytes, each with one less and one more; the input of a quality.
BLAKE_SIZES = (0, 1, 7, 8, 9, 63, 64, 65, 127, 128, 129, 255, 256, 257, 383, 384, 1000, 4224)
MINER, CONTEXT, SUBTASK = (keccak256(name) for name in (b"miner", b"context", b"subtask"))


def library(data: bytes) -> bytes:
    return hashlib.blake2b(data).digest()


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    for kernel in ("blake2b", "pora_seal", "pora_mix"):
        report = next(entry for entry in _native.backends() if entry["kernel"] == kernel)
        if name not in report["available"]:
            pytest.skip(f"{name}: {report['unavailable'] or 'not in this build'}")
    return name


@pytest.fixture
def rng(seed: int) -> random.Random:
    return random.Random(seed)


def test_the_oracle_is_the_standard_one(rng: random.Random) -> None:
    for size in BLAKE_SIZES:
        data = rng.randbytes(size)
        assert oracle_blake2b(data) == library(data)


@pytest.mark.parametrize("count", BATCH_COUNTS)
def test_blake2b_ragged(backend: str, rng: random.Random, count: int) -> None:
    items = [rng.randbytes(rng.choice(BLAKE_SIZES)) for _ in range(count)]
    wanted = b"".join(map(library, items))
    assert blake2b_512_many(items, backend=backend).tobytes() == wanted
    offsets = np.array([0, *accumulate(map(len, items))], dtype=np.uint64)
    assert blake2b_512_many(b"".join(items), offsets, backend=backend).tobytes() == wanted


@pytest.mark.parametrize("size", BLAKE_SIZES[1:])
def test_blake2b_equal_sizes(backend: str, rng: random.Random, size: int) -> None:
    for count in (1, 8, 11):
        data = rng.randbytes(size * count)
        wanted = b"".join(library(data[size * i : size * (i + 1)]) for i in range(count))
        assert blake2b_512_many(data, size=size, backend=backend).tobytes() == wanted


@pytest.mark.parametrize("count", [1, 2, 7, 8, 9, 17, 64])
def test_sealing(backend: str, rng: random.Random, count: int) -> None:
    if backend == "emu" and count > 17:
        pytest.skip("emu: the smaller counts hold the same shapes")
    data, sector = rng.randbytes(4096 * count), 16 * rng.randrange(1 << 40)
    sealed = pora.seal(data, MINER, CONTEXT, sector, backend=backend).tobytes()
    for i in {0, count - 1, rng.randrange(count)}:
        part = slice(4096 * i, 4096 * i + 4096)
        assert sealed[part] == oracle.seal(data[part], MINER, CONTEXT, sector + 16 * i, keccak256)
        assert oracle.unseal(sealed[part], MINER, CONTEXT, sector + 16 * i, keccak256) == data[part]
    assert sealed == pora.seal(data, MINER, CONTEXT, sector, backend="scalar").tobytes()
    assert pora.unseal(sealed, MINER, CONTEXT, sector, backend=backend).tobytes() == data


@pytest.mark.parametrize("count", [0, 1, 3, 8, 9, 20])
def test_scratchpads(backend: str, rng: random.Random, count: int) -> None:
    if backend == "emu" and count > 9:
        pytest.skip("emu: the smaller counts hold the same shapes")
    area, plain = pora.Range(0, 1024 * 1000), oracle.Range(0, 1024 * 1000, 0, (1 << 64) - 1)
    nonces = rng.randbytes(32 * count)
    tried = pora.tries(MINER, nonces, SUBTASK, area, backend=backend)
    assert len(tried) == count
    assert tried.pads.shape == (count, 16384)
    for i in range(count):
        wanted = oracle.draw(MINER, tried.nonce(i), SUBTASK, plain, keccak256, library)
        found = (tried.pad_seeds[i].tobytes(), tried.pads[i].tobytes(), tried.recall_seeds[i].tobytes(), tried.positions[i])
        assert found == wanted


@pytest.mark.parametrize("count", [0, 1, 3])
def test_qualities(backend: str, rng: random.Random, count: int) -> None:
    area = oracle.Range(0, 1024 * 1000, 0, (1 << 64) - 1)
    drawn = [oracle.draw(MINER, rng.randbytes(32), SUBTASK, area, keccak256, library) for _ in range(count)]
    shift = rng.randrange(64)
    loads = [np.frombuffer(rng.randbytes(262144 + 64), dtype=np.uint8)[shift : shift + 262144] for _ in range(count)]
    found = pora.qualities(loads, [attempt.pad for attempt in drawn], [attempt.pad_seed for attempt in drawn], backend=backend)
    assert found.shape == (count, 64, 32)
    for i in range(count):
        for seal in range(64):
            sealed = loads[i][4096 * seal : 4096 * seal + 4096].tobytes()
            assert found[i, seal].tobytes() == oracle.quality(sealed, seal, drawn[i], library)


def test_a_whole_hunt(backend: str, rng: random.Random) -> None:
    """Nonces against a flow of three loads: the winners of every backend are those of the oracle."""
    flow = rng.randbytes(3 * 262144)
    sealed = pora.seal(flow, MINER, CONTEXT, 0).tobytes()
    loads = {1024 * i: sealed[262144 * i : 262144 * (i + 1)] for i in range(3)}
    area, plain = pora.Range(0, 3072), oracle.Range(0, 3072, 0, (1 << 64) - 1)
    limit = pora.quality_threshold((1 << 250) * 3, 3072)
    nonces = rng.randbytes(32 * 8)
    wanted = []
    for i in range(8):
        nonce = nonces[32 * i : 32 * i + 32]
        attempt = oracle.draw(MINER, nonce, SUBTASK, plain, keccak256, library)
        for seal in range(64):
            quality = oracle.quality(loads[attempt.position][4096 * seal : 4096 * seal + 4096], seal, attempt, library)
            if int.from_bytes(quality, "big") <= limit and (attempt.position, seal) != (0, 0):
                wanted.append((int.from_bytes(quality, "big"), nonce, attempt.position + 16 * seal, seal))
    tried = pora.tries(MINER, nonces, SUBTASK, area, backend=backend)
    found = tried.winners(loads, limit, backend=backend)
    assert [(winner.quality, winner.nonce, winner.recall_position, winner.seal_offset) for winner in found] == sorted(wanted)
    whole = pora.hunt(MINER, nonces, SUBTASK, area, loads, limit, backend=backend)
    assert (whole.winners, whole.positions, whole.tried) == (found, tried.positions, 8)
    del loads[tried.positions[0]]
    fewer = pora.hunt(MINER, nonces, SUBTASK, area, loads, limit, threads=1, backend=backend)
    assert fewer.winners == tried.winners(loads, limit, threads=1, backend=backend)
    assert (fewer.positions, fewer.tried) == (tried.positions, sum(position in loads for position in tried.positions))


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 33])
@pytest.mark.parametrize(("shard", "shards"), [(0, 1), (3, 4), (7, 8)])
def test_a_hunt_in_one_call_is_a_hunt_in_two(backend: str, rng: random.Random, count: int, shard: int, shards: int) -> None:
    """For every split into lanes and threads, with loads that are not there and shards that lead beyond the range."""
    if backend == "emu" and count > 9:
        pytest.skip("emu: the smaller counts hold the same shapes")
    area = pora.Range(1 << 25, 13 * 1024, shard, pora.shard_mask(shards))
    given = [chunk for chunk in range(13) if chunk % shards == shard and chunk != 4]
    loads = {(1 << 25) + 1024 * chunk: rng.randbytes(262144) for chunk in given}
    nonces, limit = rng.randbytes(32 * count), (1 << 251) - 1
    tried = pora.tries(MINER, nonces, SUBTASK, area, backend="scalar")
    wanted = tried.winners(loads, limit, backend="scalar")
    for threads in (0, 1, 3):
        found = pora.hunt(MINER, nonces, SUBTASK, area, loads, limit, threads=threads, backend=backend)
        assert (found.winners, found.positions) == (wanted, tried.positions)
        assert found.tried == sum(position in loads for position in tried.positions)
    assert all(tried.positions[i] == area.recall_position(tried.recall_seeds[i].tobytes()) for i in range(count))

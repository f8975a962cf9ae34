"""AMT commitments on every backend: the vectors byte for byte, the oracle on tiny geometries, and everything false refused."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oracle import amt as oracle
from zerog import _native
from zerog.errors import InvalidInput
from zerog.primitives import blob, commit, hashing
from zerog.primitives.blob import Geometry
from zerog.primitives.fields import FR_MODULUS

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "zerog_da"
BACKENDS = ("scalar", "avx512")
TAU = 1234567890123456789012345678901234567890
GEOMETRY = Geometry(64, 32)
SEED = bytes(range(32))


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    report = next(entry for entry in _native.backends() if entry["kernel"] == "amt")
    if request.param not in report["available"]:
        pytest.skip(f"{request.param}: {report['unavailable'] or 'not in this build'}")
    return str(request.param)


@pytest.fixture(scope="module")
def setup() -> commit.Setup:
    return commit.dev_setup(GEOMETRY, TAU)


@pytest.fixture(scope="module")
def small_setup() -> commit.Setup:
    return commit.dev_setup(Geometry(4, 8), TAU)


def vector(name: str) -> Any:
    return json.loads((VECTORS / f"da_{name}.json").read_text())


def pattern(size: int) -> bytes:
    n = np.arange(size, dtype=np.uint64)
    return ((np.uint64(31) * n * n + np.uint64(7) * n + np.uint64(13)) % np.uint64(251)).astype(np.uint8).tobytes()


def point(pair: list[str] | None) -> oracle.Point:
    if pair is None or [int(v) for v in pair] == [0, 0]:
        return None
    return int(pair[0]), int(pair[1])


def verify(
    setup: commit.Setup, made: commit.CommittedBlob, slices: list[bytes], backend: str = "", **other: bytes
) -> list[str]:
    commitment, root = other.get("commitment", made.commitment), other.get("root", made.encoded.data_root)
    return commit.verify_slices(setup, slices, [commitment] * len(slices), [root] * len(slices), seed=SEED, backend=backend)


@pytest.mark.parametrize("backend", [*BACKENDS, "emu"], indirect=True)
@pytest.mark.parametrize("case", range(2))
def test_small_vectors(case: int, backend: str) -> None:
    data = vector("amt_small")["cases"][case]
    geometry = Geometry(1 << data["log_row"], 1 << data["log_col"])
    setup = commit.dev_setup(geometry, int(data["tau"]), shift=data["high_shift"], backend=backend)
    cells = b"".join(int(value).to_bytes(32, "little") for value in data["raw"])
    made = commit.prove(setup, blob.extend(cells, geometry, keep_coefficients=True), backend=backend)
    for coset in data["cosets"]:
        for row in coset["rows"]:
            g = geometry.rows * int(coset["coset"]) + int(row["index"])
            slice_ = made.slices([g])[0].tobytes()
            assert slice_[16:80] == oracle.flagged(point(coset["commitment"]))
            values = b"".join(int(value).to_bytes(32, "little") for value in row["values"])
            assert slice_[96 : 96 + geometry.row_size_bytes] == values
            at = 96 + geometry.row_size_bytes + 8
            for pair in row["proof"]:
                assert slice_[at : at + 128] == b"".join(oracle.flagged(point(p)) for p in pair)
                at += 128
            assert slice_[at : at + 64] == oracle.flagged(point(row["high_commitment"]))


def test_slices_of_the_test_geometry(backend: str) -> None:
    data = vector("slices_test64x32")
    setup = commit.dev_setup(GEOMETRY, int(data["tau"]), shift=data["high_shift"], backend=backend)
    made = commit.commit(setup, pattern(data["data_len"]), backend=backend)
    assert made.encoded.data_root.hex() == data["file_root"]
    every = range(GEOMETRY.rows_encoded)
    slices, light = made.slices(every), made.light_slices(every)
    for entry in data["slices"]:
        full, small = slices[entry["index"]].tobytes(), light[entry["index"]].tobytes()
        assert (len(full), hashing.keccak256(full).hex()) == (entry["len"], entry["keccak"])
        assert (len(small), hashing.keccak256(small).hex()) == (entry["light_len"], entry["light_keccak"])
        if "hex" in entry:
            assert full.hex() == entry["hex"]
            assert small.hex() == entry["light_hex"]
        assert commit.split_slice(full, GEOMETRY) == (small, full[96 : 96 + GEOMETRY.row_size_bytes])
        assert commit.join_slice(*commit.split_slice(full, GEOMETRY), GEOMETRY) == full
    assert verify(setup, made, [row.tobytes() for row in slices], backend) == [commit.OK] * len(slices)
    parameters = setup.verify_file(1)
    wanted = data["params"]["verify_params_coset1"]
    assert (len(parameters), hashing.keccak256(parameters).hex()) == (wanted["len"], wanted["keccak"])


@pytest.mark.slow
def test_slices_of_the_network_geometry() -> None:
    data = vector("slices_production")
    setup = commit.dev_setup(blob.MAINNET, int(data["tau"]), shift=data["high_shift"])
    made = commit.commit(setup, pattern(data["data_len"]))
    assert int.from_bytes(made.commitment[:32], "little") == int(data["commitment"][0])
    assert int.from_bytes(made.high[:32], "little") == int(data["high_commitment"][0])
    assert made.encoded.data_root.hex() == data["file_root"]
    assert commit.commitment_of(setup, made.encoded) == made.commitment
    slices = []
    for entry in data["slices"]:
        full, small = made.slices([entry["index"]])[0].tobytes(), made.light_slices([entry["index"]])[0].tobytes()
        assert (len(full), hashing.keccak256(full).hex()) == (entry["len"], entry["keccak"])
        assert (small.hex(), hashing.keccak256(small).hex()) == (entry["light_hex"], entry["light_keccak"])
        slices.append(full)
    assert verify(setup, made, slices) == [commit.OK] * len(slices)


@pytest.mark.parametrize("backend", [*BACKENDS, "emu"], indirect=True)
@pytest.mark.parametrize("geometry", [Geometry(2, 2), Geometry(2, 4), Geometry(4, 2), Geometry(8, 4)])
def test_oracle(geometry: Geometry, backend: str, seed: int) -> None:
    rng = random.Random(seed)
    tau, shift = rng.randrange(1, FR_MODULUS), rng.randrange(1, 1 << 64)
    cells = [rng.choice([0, 1, FR_MODULUS - 1, rng.randrange(FR_MODULUS)]) for _ in range(geometry.rows * geometry.columns)]
    known = oracle.Scalars(cells, geometry.rows, geometry.columns, tau, shift)
    setup = commit.dev_setup(geometry, tau, shift=shift, backend=backend)
    encoded = blob.extend(b"".join(c.to_bytes(32, "little") for c in cells), geometry, keep_coefficients=True)
    made = commit.prove(setup, encoded, backend=backend)
    for index in rng.sample(range(geometry.rows_encoded), 4):
        slice_ = made.slices([index])[0].tobytes()
        proof = b"".join(oracle.flagged(oracle.point(s)) for pair in known.proof(index) for s in pair)
        at = 96 + geometry.row_size_bytes + 8
        assert slice_[16:80] == oracle.flagged(oracle.point(known.commitment))
        assert slice_[at : at + len(proof)] == proof
        assert slice_[at + len(proof) : at + len(proof) + 64] == oracle.flagged(oracle.point(known.high))
        assert verify(setup, made, [slice_], backend) == [commit.OK]
    assert commit.commitment_of(setup, encoded, backend=backend) == made.commitment


def test_files_round_trip(small_setup: commit.Setup) -> None:
    files = [small_setup.verify_file(coset) for coset in range(3)]
    geometry = small_setup.geometry
    both = commit.load_setup(geometry, files, small_setup.powers_file())
    assert both.insecure
    assert both.can_prove
    assert commit.commit(both, b"abc").slices([7]).tobytes() == commit.commit(small_setup, b"abc").slices([7]).tobytes()
    verifier = commit.load_setup(geometry, files)
    assert not verifier.can_prove
    made = commit.commit(small_setup, b"abc")
    assert verify(verifier, made, [made.slices([11])[0].tobytes()]) == [commit.OK]
    with pytest.raises(InvalidInput, match="powers of a prover"):
        commit.commit(verifier, b"abc")
    with pytest.raises(InvalidInput):
        commit.load_setup(Geometry(8, 4), files)


def test_damaged_files_are_refused(small_setup: commit.Setup, seed: int) -> None:
    rng = random.Random(seed)
    files = [bytearray(small_setup.verify_file(coset)) for coset in range(3)] + [bytearray(small_setup.powers_file())]
    for _ in range(200):
        which = rng.randrange(4)
        at, bit = rng.randrange(len(files[which])), 1 << rng.randrange(8)
        if which == 3 and at == 5:
            continue  # the label
        files[which][at] ^= bit
        with pytest.raises(InvalidInput):
            commit.load_setup(small_setup.geometry, files[:3], files[3])
        files[which][at] ^= bit
    with pytest.raises(InvalidInput):
        commit.load_setup(small_setup.geometry, [files[0], files[1], files[2][:-1]])
    with pytest.raises(InvalidInput):
        commit.load_setup(small_setup.geometry, [files[0], files[1], files[2] + b"\0"])


def changed(slice_: bytes, at: int, new: bytes) -> bytes:
    return slice_[:at] + new + slice_[at + len(new) :]


def test_each_reason_in_its_order(setup: commit.Setup) -> None:
    made, other = commit.commit(setup, pattern(50_000)), commit.commit(setup, pattern(60_000))
    g = 70
    good = made.slices([g])[0].tobytes()
    foreign = other.slices([g])[0].tobytes()
    size = GEOMETRY.row_size_bytes
    proof, high = 96 + size + 8, 96 + size + 8 + 128 * 6
    roots, path = high + 64, high + 64 + 96 + 8
    leaf = path + 32 * 6
    far = (3 * 64 + 6).to_bytes(8, "little")
    cell = int.from_bytes(good[96:128], "little")
    swapped = good[:proof] + good[proof + 128 : proof + 256] + good[proof : proof + 128] + good[proof + 256 :]
    exchanged = good[:proof] + good[proof + 64 : proof + 128] + good[proof : proof + 64] + good[proof + 128 :]
    cases = {
        "wrong-index": changed(good, 8, (g + 1).to_bytes(8, "little")),
        "wrong-commitment": foreign,
        "index-out-of-range": changed(changed(changed(good, 0, far), 8, far), leaf, far),
        "wrong-local-index": changed(good, 80, (g % 64 + 1).to_bytes(8, "little")),
        "bad-node-proof": swapped,
        "bad-sum": changed(good, 96, (cell + 1).to_bytes(32, "little")),
        "bad-low-degree": changed(good, high, foreign[high : high + 64]),
        "bad-data-root": changed(good, roots, foreign[roots : roots + 32]),
        "bad-row-root": changed(good, leaf + 8, foreign[leaf + 8 : leaf + 40]),
        "bad-path": changed(good, path, foreign[path : path + 32]),
        "bad-encoding": changed(good, 96, FR_MODULUS.to_bytes(32, "little")),
    }
    for wanted, slice_ in cases.items():
        assert verify(setup, made, [slice_]) == [wanted]
    assert verify(setup, made, [exchanged]) == ["bad-node-proof"]
    assert verify(setup, made, [changed(good, leaf, far)]) == ["wrong-index"]
    assert verify(setup, made, [good], root=other.encoded.data_root) == ["bad-data-root"]
    assert verify(setup, made, [good], commitment=other.commitment) == ["wrong-commitment"]
    # The neighbour's row under this index: every part is genuine, nothing fits.
    neighbour = made.slices([g + 1])[0].tobytes()
    assert verify(setup, made, [changed(good, 96, neighbour[96 : 96 + size])]) == ["bad-sum"]
    # Earlier reasons come first, and in one batch everybody gets its own.
    both = changed(changed(good, high, foreign[high : high + 64]), 96, (cell + 1).to_bytes(32, "little"))
    batch = [good, *cases.values(), both, neighbour]
    assert verify(setup, made, batch) == [commit.OK, *cases, "bad-sum", commit.OK]


def test_slices_of_many_blobs_in_one_batch(setup: commit.Setup) -> None:
    blobs = [commit.commit(setup, pattern(size)) for size in (1, 31, 63_484)]
    slices, commitments, roots = [], [], []
    for made in blobs:
        for g in (0, 1, 63, 64, 130, 191):
            slices.append(made.slices([g])[0].tobytes())
            commitments.append(made.commitment)
            roots.append(made.encoded.data_root)
    assert commit.verify_slices(setup, slices, commitments, roots, seed=SEED) == [commit.OK] * len(slices)
    commitments[2], commitments[8] = commitments[8], commitments[2]
    found = commit.verify_slices(setup, slices, commitments, roots, seed=SEED)
    assert [i for i, word in enumerate(found) if word != commit.OK] == [2, 8]
    assert commit.verify_slices(setup, [], [], [], seed=SEED) == []


def test_the_empty_matrix_is_infinity(small_setup: commit.Setup) -> None:
    made = commit.commit(small_setup, b"")
    assert made.commitment == bytes(64) == made.high
    slices = [made.slices([g])[0].tobytes() for g in range(12)]
    assert slices[0][16:80] == bytes(63) + b"\x40"
    assert verify(small_setup, made, slices) == [commit.OK] * 12


def flips(setup: commit.Setup, seed: int, count: int) -> None:
    rng = random.Random(seed)
    made = commit.commit(setup, rng.randbytes(150))
    slices = [bytearray(made.slices([g])[0].tobytes()) for g in range(12)]
    for _ in range(count):
        slice_ = rng.choice(slices)
        at, bit = rng.randrange(len(slice_)), 1 << rng.randrange(8)
        slice_[at] ^= bit
        found = verify(setup, made, [bytes(slice_)])
        assert found[0] in commit.VERDICTS, (at, bit)
        slice_[at] ^= bit
    assert verify(setup, made, [bytes(s) for s in slices]) == [commit.OK] * 12


def test_bit_flips(small_setup: commit.Setup, seed: int) -> None:
    flips(small_setup, seed, 200)


@pytest.mark.slow
def test_ten_thousand_bit_flips(small_setup: commit.Setup, seed: int) -> None:
    flips(small_setup, seed, 10_000)


@pytest.mark.parametrize("backend", [*BACKENDS, "emu"], indirect=True)
def test_sums_of_multiples(backend: str, seed: int) -> None:
    rng = random.Random(seed)
    scalars = [rng.randrange(FR_MODULUS) for _ in range(6)] + [0, 1, FR_MODULUS - 1]
    factors = [rng.randrange(1, 1000) for _ in range(6)] + [5, 0, 7]
    points = [oracle.point(f) for f in factors]
    flat = b"".join(bytes(64) if p is None else oracle.flagged(p)[:63] + bytes([oracle.flagged(p)[63] & 0x3F]) for p in points)
    found = commit.g1_sum(flat, b"".join(s.to_bytes(32, "little") for s in scalars), backend=backend)
    wanted = oracle.point(sum(s * f for s, f in zip(scalars, factors, strict=True)) % FR_MODULUS)
    assert wanted is not None
    assert found == wanted[0].to_bytes(32, "little") + wanted[1].to_bytes(32, "little")
    assert commit.g1_sum(b"", b"", backend=backend) == bytes(64)


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["emu"], indirect=True)
def test_the_device_body_proves(backend: str) -> None:
    """The whole prover and verifier with the device's bodies on the host's grid."""
    setup = commit.dev_setup(Geometry(8, 4), TAU)
    made, wanted = commit.commit(setup, b"device", backend=backend), commit.commit(setup, b"device", backend="scalar")
    every = range(24)
    assert made.slices(every).tobytes() == wanted.slices(every).tobytes()
    slices = [row.tobytes() for row in made.slices(every)]
    assert verify(setup, made, slices, backend) == [commit.OK] * 24
    assert verify(setup, made, [changed(slices[0], 96, bytes(32))], backend) == ["bad-sum"]


def test_bad_arguments(small_setup: commit.Setup) -> None:
    made = commit.commit(small_setup, b"x")
    slice_ = made.slices([0])[0].tobytes()
    for call in (
        lambda: commit.dev_setup(Geometry(4, 3), 5),
        lambda: commit.dev_setup(Geometry(4, 4), 0),
        lambda: commit.dev_setup(Geometry(4, 4), 1),  # an evaluation point
        lambda: commit.dev_setup(Geometry(4, 4), FR_MODULUS),
        lambda: commit.dev_setup(Geometry(4, 4), 5, shift=0),
        lambda: commit.commit(small_setup, bytes(31 * 32)),
        lambda: commit.prove(small_setup, blob.encode(b"x", Geometry(4, 8))),
        lambda: commit.prove(small_setup, blob.encode(b"x", Geometry(8, 4), keep_coefficients=True)),
        lambda: commit.verify_slices(small_setup, [slice_], [], [], seed=SEED),
        lambda: commit.verify_slices(small_setup, [slice_], [b"\1" * 64], [bytes(32)], seed=SEED),
        lambda: commit.verify_slices(small_setup, [slice_], [made.commitment], [bytes(32)], seed=b""),
        lambda: made.slices([12]),
        lambda: made.slices([-1]),
        lambda: commit.split_slice(slice_[:-1], Geometry(4, 8)),
        lambda: commit.join_slice(b"", b"", Geometry(4, 8)),
        lambda: commit.g1_sum(b"\1" * 64, bytes(32)),
        lambda: commit.g1_sum(bytes(64), b"\xff" * 32),
        lambda: commit.g1_sum(bytes(64), b""),
        lambda: commit.powers_from_ceremony(b"", Geometry(4, 4)),
    ):
        with pytest.raises(InvalidInput):
            call()
    assert commit.slice_size_bytes(Geometry(4, 8)) == len(slice_)
    assert commit.slice_size_bytes() == 34_680
    assert commit.light_slice_size_bytes() == 1_176

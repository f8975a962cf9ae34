"""The DA code on every backend: the vectors byte for byte, the oracle on tiny geometries, recovery from chosen patterns."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from oracle import blob as oracle
from oracle import fr
from zerog import _native
from zerog.errors import InvalidInput
from zerog.primitives import blob, hashing
from zerog.primitives.blob import Geometry

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "zerog_da"
BACKENDS = ("scalar", "avx512", "emu")
TEST_GEOMETRY = Geometry(64, 32)


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    report = next(entry for entry in _native.backends() if entry["kernel"] == "rs_fr")
    if request.param not in report["available"]:
        pytest.skip(f"{request.param}: {report['unavailable'] or 'not in this build'}")
    return str(request.param)


def vector(name: str) -> Any:
    return json.loads((VECTORS / f"da_{name}.json").read_text())


def pattern(size: int) -> bytes:
    n = np.arange(size, dtype=np.uint64)
    return ((np.uint64(31) * n * n + np.uint64(7) * n + np.uint64(13)) % np.uint64(251)).astype(np.uint8).tobytes()


def cells_of(values: list[int]) -> bytes:
    return b"".join(value.to_bytes(32, "little") for value in values)


def ints(row: bytes) -> list[int]:
    return [int.from_bytes(row[at : at + 32], "little") for at in range(0, len(row), 32)]


def random_cells(rng: random.Random, geometry: Geometry) -> list[int]:
    """Any elements, small and large, runs of zero and of r - 1."""
    kind = rng.randrange(4)
    count = geometry.rows * geometry.columns
    if kind == 0:
        return [rng.choice((0, 1, fr.R - 1)) for _ in range(count)]
    if kind == 1:
        return [fr.R - 1] * count
    return [rng.randrange(fr.R) for _ in range(count)]


def test_rows_of_the_small_vectors(backend: str) -> None:
    for case in vector("amt_small")["cases"]:
        geometry = Geometry(1 << case["log_row"], 1 << case["log_col"])
        made = blob.extend(cells_of([int(v) for v in case["raw"]]), geometry, backend=backend)
        for coset in case["cosets"]:
            for row in coset["rows"]:
                assert ints(made.row(geometry.rows * coset["coset"] + row["index"])) == [int(v) for v in row["values"]]


def test_slices_of_the_test_geometry(backend: str) -> None:
    case = vector("slices_test64x32")
    made = blob.encode(pattern(case["data_len"]), Geometry(case["rows"], case["cols"]), backend=backend)
    assert made.data_root.hex() == case["file_root"]
    assert [root.hex() for root in made.blob_roots] == case["coset_roots"]
    complete = [entry for entry in case["slices"] if "hex" in entry]
    assert len(complete) >= 4
    for entry in complete:
        index, wire = entry["index"], bytes.fromhex(entry["hex"])
        row, tail = made.row(index), b"".join(made.blob_roots) + (6).to_bytes(8, "little")
        assert wire[96 : 96 + len(row)] == row  # index, amt index, commitment, row index, count
        tail += b"".join(made.row_proof(index)) + index.to_bytes(8, "little") + made.row_root(index)
        assert wire[-len(tail) :] == tail


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "shape", [(2, 2), (4, 4), (4, 8), (8, 4), (2, 16), *(pytest.param(s, marks=SLOW) for s in ((16, 2), (8, 32), (16, 16)))]
)
def test_extension_by_definition(backend: str, shape: tuple[int, int], seed: int) -> None:
    rng, geometry = random.Random(seed), Geometry(*shape)
    values = random_cells(rng, geometry)
    made = blob.extend(cells_of(values), geometry, keep_coefficients=True, backend=backend)
    wanted = oracle.extend(values, *shape)
    assert [ints(made.row(g)) for g in range(3 * geometry.rows)] == wanted
    ordered = [values[i * shape[1] + j] for j in range(shape[1]) for i in range(shape[0])]
    assert made.coefficients is not None
    assert ints(made.coefficients.tobytes()) == fr.inverse_transform(ordered)
    data_root, blob_roots, row_roots = (
        oracle.roots(wanted) if geometry.columns >= 8 else (made.data_root, list(made.blob_roots), [])
    )
    assert (made.data_root, list(made.blob_roots)) == (data_root, blob_roots)
    assert [made.row_root(g) for g in range(len(row_roots))] == row_roots


def test_padding_by_definition(backend: str, seed: int) -> None:
    rng, geometry = random.Random(seed), Geometry(4, 8)
    for size in (0, 1, 30, 31, 32, 33, 62, 500, geometry.data_size_bytes_max - 1, geometry.data_size_bytes_max):
        data = rng.randbytes(size)
        made = blob.encode(data, geometry, backend=backend)
        cells = oracle.symbols(oracle.pad(data, *geometry))
        assert [v for g in range(4) for v in ints(made.row(g))] == cells
        assert made.data() == data
        assert made.data_root == blob.extend(cells_of(cells), geometry, backend=backend).data_root
    with pytest.raises(InvalidInput, match="at most"):
        blob.encode(bytes(geometry.data_size_bytes_max + 1), geometry, backend=backend)


def test_backends_agree(backend: str, seed: int) -> None:
    rng = random.Random(seed)
    for geometry in (Geometry(64, 32), Geometry(16, 128), Geometry(128, 16)):
        if backend == "emu" and geometry.rows != 64:
            continue
        data = rng.randbytes(rng.randrange(geometry.data_size_bytes_max))
        made, plain = blob.encode(data, geometry, backend=backend), blob.encode(data, geometry, backend="scalar")
        assert (made.matrix == plain.matrix).all()
        assert made.data_root == plain.data_root


@pytest.mark.parametrize("shape", [(2, 2), (4, 4), (4, 8), pytest.param((8, 4), marks=SLOW)])
def test_recovery_by_definition(backend: str, shape: tuple[int, int], seed: int) -> None:
    rng, geometry = random.Random(seed), Geometry(*shape)
    values = random_cells(rng, geometry)
    made = blob.extend(cells_of(values), geometry, backend=backend)
    for _ in range(3):
        present = rng.sample(range(3 * geometry.rows), geometry.rows)
        known = {g: ints(made.row(g)) for g in present}
        assert oracle.interpolate(known, *shape) == values
        back = blob.recover(present, [made.row(g) for g in present], geometry, keep_coefficients=True, backend=backend)
        assert (back.matrix == made.matrix).all()
        assert back.data_root == made.data_root


def patterns(rng: random.Random, geometry: Geometry) -> list[list[int]]:
    """The systematic rows, each extension alone, every third, the last, all but one systematic, random ones."""
    rows = geometry.rows
    chosen = [list(range(c * rows, (c + 1) * rows)) for c in range(3)]
    chosen += [list(range(0, 3 * rows, 3)), list(range(1, rows + 1)), list(range(rows // 2, rows // 2 + rows))]
    chosen += [rng.sample(range(3 * rows), rows) for _ in range(3)]
    return chosen


def test_recovery_patterns(backend: str, seed: int) -> None:
    rng = random.Random(seed)
    geometry = TEST_GEOMETRY if backend != "emu" else Geometry(16, 8)
    data = rng.randbytes(rng.randrange(geometry.data_size_bytes_max))
    made = blob.encode(data, geometry, backend="scalar")
    for present in patterns(rng, geometry):
        back = blob.recover(present, made.matrix[present], geometry, backend=backend)
        assert back.data_root == made.data_root
        assert back.data() == data


def test_too_few_rows_and_corrupt_ones(seed: int) -> None:
    rng, geometry = random.Random(seed), TEST_GEOMETRY
    made = blob.encode(rng.randbytes(1000), geometry)
    present = rng.sample(range(192), 65)
    rows = made.matrix[present].copy()
    assert blob.recover(present, rows, geometry).data_root == made.data_root
    with pytest.raises(InvalidInput, match="at least 64"):
        blob.recover(present[:63], rows[:63], geometry)
    for _ in range(5):
        at = rng.randrange(65)
        wrong = rows.copy()
        wrong[at, rng.randrange(32), rng.randrange(31)] ^= 1 << rng.randrange(8)
        with pytest.raises(InvalidInput, match="does not belong"):
            blob.recover(present, wrong, geometry)
        # Without the surplus row the error cannot be seen in the rows; the data root tells.
        keep = [k for k in range(65) if k != (at + 1) % 65]
        try:
            other = blob.recover([present[k] for k in keep], wrong[keep], geometry)
        except InvalidInput:
            pytest.fail("exactly enough rows always determine a blob")
        assert other.data_root != made.data_root
    with pytest.raises(InvalidInput, match="twice"):
        blob.recover([*present[:64], present[0]], rows, geometry)
    with pytest.raises(InvalidInput):
        blob.recover([*present[:64], 192], rows, geometry)
    with pytest.raises(InvalidInput):
        blob.recover(present, rows[:64], geometry)
    with pytest.raises(InvalidInput):
        blob.recover(present, [row.tobytes()[:-1] for row in rows], geometry)
    at = rng.randrange(65)
    wrong = rows.copy()
    wrong[at, 3] = np.frombuffer(fr.R.to_bytes(32, "little"), dtype=np.uint8)
    with pytest.raises(InvalidInput, match=f"row {present[at]}: cell 3"):
        blob.recover(present, wrong, geometry)


def test_foreign_matrices_are_refused(seed: int) -> None:
    """Cells that no padding gives: a long symbol, a length beyond the largest, dirt behind the data."""
    geometry = Geometry(4, 8)
    cells = oracle.symbols(oracle.pad(b"hello", *geometry))
    for at, value, what in (
        (3, 1 << 248, "symbol 3"),
        (31, (2**32 - 1) << 216, "length"),
        (7, 1, "padding"),
        (31, (5 << 216) | 1, "padding"),
    ):
        wrong = list(cells)
        wrong[at] = value
        made = blob.extend(cells_of(wrong), geometry)
        with pytest.raises(InvalidInput, match=what):
            made.data()
    with pytest.raises(InvalidInput, match="cell 2"):
        blob.extend(cells_of([0, 0]) + fr.R.to_bytes(32, "little") + bytes(29 * 32), geometry)
    for shape in ((3, 4), (1, 4), (4, 2048), (0, 0)):
        with pytest.raises(InvalidInput, match="powers of two"):
            blob.encode(b"", Geometry(*shape))


def test_row_proofs(seed: int) -> None:
    rng, geometry = random.Random(seed), TEST_GEOMETRY
    made = blob.encode(rng.randbytes(geometry.data_size_bytes_max), geometry)  # no two rows are the same
    for index in (0, 1, 63, 64, 127, 128, 191, rng.randrange(192)):
        row, proof = made.row(index), made.row_proof(index)
        roots, root = made.blob_roots, made.data_root
        assert len(proof) == 6
        assert blob.row_root(row, geometry) == made.row_root(index)
        assert blob.verify_row(index, row, proof, roots, root, geometry)
        assert not blob.verify_row((index + 1) % 192, row, proof, roots, root, geometry)
        assert not blob.verify_row(index, row, proof[:-1], roots, root, geometry)
        assert not blob.verify_row(index, row, [*proof, proof[0]], roots, root, geometry)
        assert not blob.verify_row(index, row, proof, roots[::-1], root, geometry)
        assert not blob.verify_row(index, row, proof, roots[:2], root, geometry)
        assert not blob.verify_row(index, row[:-32], proof, roots, root, geometry)
        assert not blob.verify_row(192 + index, row, proof, roots, root, geometry)
        assert not blob.verify_row(-1, row, proof, roots, root, geometry)
    with pytest.raises(InvalidInput):
        made.row(192)
    with pytest.raises(InvalidInput):
        made.row_proof(-1)
    assert made.geometry.sublines == 1
    assert blob.verify_subline(5, 0, made.subline(5, 0), made.subline_proof(5, 0), made.blob_roots, made.data_root, geometry)
    with pytest.raises(InvalidInput):
        made.subline_proof(5, 1)


def test_views_keep_the_blob(seed: int) -> None:
    made = blob.encode(b"x" * 100, Geometry(8, 8), keep_coefficients=True)
    matrix, coefficients, root = made.matrix, made.coefficients, made.data_root
    del made
    assert coefficients is not None
    assert blob.extend(matrix[:8], Geometry(8, 8)).data_root == root
    for view in (matrix, coefficients):
        with pytest.raises(ValueError, match="read-only"):
            view[0, 0] = 1


@pytest.mark.slow
@pytest.mark.parametrize("case", vector("roots_production")["cases"], ids=lambda case: case["name"])
def test_production_roots(case: dict[str, Any]) -> None:
    constant = bytes([*range(1, 28), 0xFC, 0xFF, 0xEF, 0x01])
    data = {
        "empty": b"",
        "one_byte_0x5a": b"\x5a",
        "constant_polynomial_max": (constant * (1 << 20))[:-4],
    }.get(case["name"], pattern(case["len"]))
    assert (len(data), hashing.keccak256(data).hex()) == (case["len"], case["keccak_data"])
    made = blob.encode(data)
    assert made.data_root.hex() == case["file_root"]
    assert [root.hex() for root in made.blob_roots] == case["coset_roots"]
    for entry in case["rows"]:
        row = made.row(entry["row"])
        assert (row[:32].hex(), row[-32:].hex()) == (entry["first"], entry["last"])
        assert hashing.keccak256(row).hex() == entry["keccak_row"]
    assert made.data() == data


@pytest.mark.slow
def test_production_recovery(seed: int) -> None:
    """da.md §10: the systematic rows, the last third, every third, random ones; one too few; one corrupt of 1025."""
    rng = random.Random(seed)
    data = rng.randbytes(blob.MAINNET.data_size_bytes_max)
    made = blob.encode(data)
    for present in (range(1024), range(2048, 3072), range(0, 3072, 3), rng.sample(range(3072), 1024)):
        back = blob.recover(present, made.matrix[list(present)])
        assert back.data_root == made.data_root
        assert back.data() == data
    present = rng.sample(range(3072), 1025)
    rows = made.matrix[present]
    with pytest.raises(InvalidInput, match="at least 1024"):
        blob.recover(present[:1023], rows[:1023])
    rows[rng.randrange(1025), 17, 5] ^= 1
    with pytest.raises(InvalidInput, match="does not belong"):
        blob.recover(present, rows)

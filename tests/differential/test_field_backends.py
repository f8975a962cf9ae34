"""Every backend of the BN254 fields and of the Fr transforms against plain integers."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from oracle import fr as oracle
from zerog import _native
from zerog.errors import InvalidInput
from zerog.primitives import fields

FIELD_VECTORS = json.loads((Path(__file__).resolve().parents[1] / "vectors" / "zerog_da" / "da_field.json").read_text())
BACKENDS = ("scalar", "avx512", "emu")
# Around vectors of 8, blocks of 512 that share an inversion, and pieces of 4096.
COUNTS = (0, 1, 7, 8, 9, 15, 16, 17, 63, 511, 512, 513, 1031, 4096, 4105)
MODULI = {"fr": oracle.R, "fq": oracle.Q}


def usable(kernel: str, backend: str) -> str:
    report = next(entry for entry in _native.backends() if entry["kernel"] == kernel)
    if backend not in report["available"]:
        pytest.skip(f"{backend}: {report['unavailable'] or 'not in this build'}")
    return backend


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    return usable("bn254_field", request.param)


@pytest.fixture(params=("fr", "fq"))
def field(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def some(rng: random.Random, modulus: int, count: int) -> list[int]:
    """Random elements and those at the edges: ends of the field, of words, of 52-bit limbs."""
    edges = [
        0,
        1,
        2,
        modulus - 1,
        modulus - 2,
        modulus // 2,
        2**64 - 1,
        2**64,
        2**52 - 1,
        2**52,
        2**208 - 1,
        2**253 - 1,
    ]
    return [rng.choice(edges) if rng.randrange(3) == 0 else rng.randrange(modulus) for _ in range(count)]


def test_moduli_and_roots() -> None:
    assert int(FIELD_VECTORS["modulus_r"]) == fields.FR_MODULUS == oracle.R
    assert int(FIELD_VECTORS["modulus_q"]) == fields.FQ_MODULUS == oracle.Q
    assert fields.root_of_unity(28) == int(FIELD_VECTORS["two_adic_root_2^28"])
    assert fields.root_of_unity(20) == int(FIELD_VECTORS["omega_2^20"])
    assert fields.root_of_unity(21) == int(FIELD_VECTORS["coset_factors_N_2^20"]["1"])
    assert fields.root_of_unity(22) == int(FIELD_VECTORS["coset_factors_N_2^20"]["2"])
    assert [fields.root_of_unity(log) for log in range(29)] == [oracle.root_of_unity(log) for log in range(29)]
    with pytest.raises(InvalidInput):
        fields.root_of_unity(29)


def test_the_documented_generator_is_wrong() -> None:
    claim = FIELD_VECTORS["docs_claim_generator_3_is_wrong"]
    assert pow(3, (oracle.R - 1) // 2, oracle.R) == 1
    wrong = pow(3, (oracle.R - 1) >> 28, oracle.R)
    assert wrong == int(claim["3^A"])
    assert pow(wrong, 1 << 27, oracle.R) == 1


def test_arithmetic(backend: str, field: str, seed: int) -> None:
    rng, p = random.Random(seed), MODULI[field]
    operations: list[tuple[Callable[..., np.ndarray], Callable[[int, int], int]]] = [
        (fields.add, lambda x, y: (x + y) % p),
        (fields.sub, lambda x, y: (x - y) % p),
        (fields.mul, lambda x, y: x * y % p),
        (fields.mul_mont, lambda x, y: x * y * pow(2, -256, p) % p),
    ]
    for count in COUNTS if backend != "emu" else COUNTS[:9]:
        a, b = some(rng, p, count), some(rng, p, count)
        left, right = fields.from_ints(a, field), fields.from_ints(b, field)
        for call, plain in operations:
            found = call(left, right, field=field, backend=backend)
            assert found.shape == (count, 4)
            assert fields.to_ints(found) == [plain(x, y) for x, y in zip(a, b, strict=True)]
        assert fields.to_ints(fields.square(left, field=field, backend=backend)) == [x * x % p for x in a]
        assert fields.to_ints(fields.to_mont(left, field=field, backend=backend)) == [(x << 256) % p for x in a]
        assert fields.to_ints(fields.from_mont(left, field=field, backend=backend)) == [x * pow(2, -256, p) % p for x in a]


def test_inverse(backend: str, field: str, seed: int) -> None:
    rng, p = random.Random(seed), MODULI[field]
    for count in (0, 1, 8, 9, 100, 513) if backend != "emu" else (0, 1, 60):
        a = some(rng, p, count)
        found = fields.to_ints(fields.inverse(fields.from_ints(a, field), field=field, backend=backend))
        assert found == [pow(x, -1, p) if x else 0 for x in a]
    assert fields.to_ints(fields.inverse(fields.from_ints([0] * 11, field), field=field, backend=backend)) == [0] * 11


def test_every_pair_of_edges(backend: str, field: str) -> None:
    p = MODULI[field]
    edges = [0, 1, 2, p - 1, p - 2, 2**52 - 1, 2**104 - 1, 2**156 - 1, 2**208 - 1, 2**253, 2**253 - 1, p // 2, p // 2 + 1]
    pairs = [(x, y) for x in edges for y in edges]
    a, b = (fields.from_ints([pair[i] for pair in pairs], field) for i in (0, 1))
    assert fields.to_ints(fields.mul(a, b, field=field, backend=backend)) == [x * y % p for x, y in pairs]
    assert fields.to_ints(fields.sub(a, b, field=field, backend=backend)) == [(x - y) % p for x, y in pairs]
    assert fields.to_ints(fields.add(a, b, field=field, backend=backend)) == [(x + y) % p for x, y in pairs]


def test_in_place_and_out(backend: str, seed: int) -> None:
    rng = random.Random(seed)
    a, b = some(rng, oracle.R, 37), some(rng, oracle.R, 37)
    for target in (0, 1):
        both = [fields.from_ints(a), fields.from_ints(b)]
        assert fields.mul(both[0], both[1], out=both[target], backend=backend) is both[target]
        assert fields.to_ints(both[target]) == [x * y % oracle.R for x, y in zip(a, b, strict=True)]
    own = fields.from_ints(a)
    fields.inverse(own, out=own, backend=backend)
    assert fields.to_ints(own) == [pow(x, -1, oracle.R) if x else 0 for x in a]


def test_refusals(field: str) -> None:
    p = MODULI[field]
    good = fields.from_ints([1, 2], field)
    for bad in (p, p + 1, 2**256 - 1):
        for at in (0, 8, 20):
            data = b"".join((bad if i == at else 5).to_bytes(32, "little") for i in range(21))
            for backend in BACKENDS[:2]:
                with pytest.raises(InvalidInput, match=f"element {at} is not below"):
                    fields.square(data, field=field, backend=usable("bn254_field", backend))
    for wrong in (b"x" * 31, [1, 2], "x"):
        with pytest.raises(InvalidInput):
            fields.square(wrong, field=field)  # type: ignore[arg-type]
    with pytest.raises(InvalidInput):
        fields.add(good, good[:1], field=field)
    with pytest.raises(InvalidInput):
        fields.add(good, good, field=field, out=np.zeros((3, 4), dtype=np.uint64))
    with pytest.raises(InvalidInput):
        fields.add(good, good, field="fp")  # type: ignore[arg-type]
    memory = np.zeros((9, 4), dtype=np.uint64)
    with pytest.raises(InvalidInput, match="overlaps"):
        fields.add(memory[:8], memory[:8], out=memory[1:])
    with pytest.raises(InvalidInput):
        fields.from_ints([p], field)


# ---- transforms


@pytest.fixture(params=BACKENDS)
def transformer(request: pytest.FixtureRequest) -> str:
    return usable("ntt", request.param)


@pytest.mark.parametrize("log_size", range(8))
def test_transform_by_definition(transformer: str, log_size: int, seed: int) -> None:
    rng, n = random.Random(seed), 1 << log_size
    # Counts below, at and beyond the lanes; the shortest way and the matrix way.
    for count in (1, 2, 8, 9) if log_size < 5 else (1, 5):
        for shift in (1, 7, oracle.R - 1, rng.randrange(1, oracle.R)):
            vectors = [some(rng, oracle.R, n) for _ in range(count)]
            given = fields.from_ints([x for vector in vectors for x in vector])
            wanted = [x for vector in vectors for x in oracle.transform(vector, shift)]
            found = fields.transform(given, log_size, shift=shift, backend=transformer)
            assert fields.to_ints(found) == wanted, (count, shift)
            back = fields.transform(found, log_size, inverse=True, shift=shift, backend=transformer)
            assert (back == given).all()
            if n <= 16:
                coefficients = [x for vector in vectors for x in oracle.inverse_transform(vector, shift)]
                assert (
                    fields.to_ints(fields.transform(given, log_size, inverse=True, shift=shift, backend=transformer))
                    == coefficients
                )


@pytest.mark.parametrize("log_size", [8, 9, 10, 11, 12, 13])
def test_backends_agree(transformer: str, log_size: int, seed: int) -> None:
    if transformer == "emu" and log_size > 9:
        pytest.skip("emu: shown by the shorter ones")
    rng, n = random.Random(seed), 1 << log_size
    for count in (1, 3, 11) if transformer != "emu" else (1,):
        if count * n > 20_000:
            continue
        given = fields.from_ints(some(rng, oracle.R, n * count))
        for shift in (1, 5):
            for inverse in (False, True):
                found = fields.transform(given, log_size, inverse=inverse, shift=shift, backend=transformer)
                assert (found == fields.transform(given, log_size, inverse=inverse, shift=shift, backend="scalar")).all()
        values = fields.to_ints(fields.transform(given, log_size, shift=5, backend=transformer))
        w, coefficients = oracle.root_of_unity(log_size), fields.to_ints(given)
        for at in rng.sample(range(n * count), 3):
            vector, i = divmod(at, n)
            assert values[at] == oracle.evaluate(coefficients[n * vector : n * (vector + 1)], 5 * pow(w, i, oracle.R))


def test_largest_values(transformer: str) -> None:
    """Sums grow most when every element is r - 1; lazy ranges must hold."""
    for log_size in (3, 6, 10, 11) if transformer != "emu" else (3, 6):
        n = 1 << log_size
        given = fields.from_ints([oracle.R - 1] * (8 * n))
        found = fields.to_ints(fields.transform(given, log_size, backend=transformer))
        assert found == ([(-n) % oracle.R] + [0] * (n - 1)) * 8
        spike = fields.from_ints(([oracle.R - 1] + [0] * (n - 1)) * 8)
        assert fields.to_ints(fields.transform(spike, log_size, shift=9, backend=transformer)) == [oracle.R - 1] * (8 * n)


def test_transform_refusals() -> None:
    with pytest.raises(InvalidInput):
        fields.transform(fields.from_ints([1, 2, 3]), 1)
    for log_size in (-1, 23):
        with pytest.raises(InvalidInput):
            fields.transform(fields.from_ints([1]), log_size)
    for shift in (0, oracle.R, -1):
        with pytest.raises(InvalidInput):
            fields.transform(fields.from_ints([1, 2]), 1, shift=shift)
    with pytest.raises(InvalidInput, match="element 1"):
        fields.transform((1).to_bytes(32, "little") + oracle.R.to_bytes(32, "little"), 1)
    with pytest.raises(InvalidInput):
        _native.fr_transform(fields.from_ints([1, 2]), 1, False, fields.from_ints([0]))


@pytest.mark.slow
@pytest.mark.parametrize("log_size", [16, 19, 20, 22])
def test_large_transform(seed: int, log_size: int) -> None:
    """Cut into a matrix and back, and two values by Horner's rule."""
    n = 1 << log_size
    rng = np.random.default_rng(seed)
    given = rng.integers(0, 2**64, (n, 4), dtype=np.uint64)
    given[:, 3] &= np.uint64(2**61 - 1)
    found = fields.transform(given, log_size, shift=3)
    coefficients = fields.to_ints(given)
    for i in (1, n // 2 + 5):
        x = 3 * pow(oracle.root_of_unity(log_size), i, oracle.R)
        assert fields.to_ints(found[i]) == [oracle.evaluate(coefficients, x)]
    assert (fields.transform(found, log_size, inverse=True, shift=3, out=found) == given).all()

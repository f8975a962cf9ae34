"""Gas per second of every precompile, on ordinary inputs and on the worst ones known, and BN254 beside py_ecc.

One thread, inputs warm. A contract is safe at a block gas limit when limit / (gas per second) is well under the block time.
"""

from __future__ import annotations

import json
import random
import statistics
import time
from collections.abc import Iterator
from pathlib import Path

from py_ecc import optimized_bn128 as ecc

from measure import TINY, interleave, keep, timed
from zerog import _native

VECTORS = Path(__file__).resolve().parents[2] / "tests" / "vectors" / "go_ethereum_precompiles"
ENOUGH = 10**10


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def modexp(base: bytes, exponent: bytes, modulus: bytes) -> bytes:
    return word(len(base)) + word(len(exponent)) + word(len(modulus)) + base + exponent + modulus


def vector(name: str, case: str) -> bytes:
    cases = json.loads((VECTORS / f"{name}.json").read_text())
    return bytes.fromhex(next(c for c in cases if c["Name"] == case)["Input"])


def longest(name: str) -> bytes:
    cases = json.loads((VECTORS / f"{name}.json").read_text())
    return bytes.fromhex(max(cases, key=lambda c: len(c["Input"]))["Input"])


def modexp_cases(rng: random.Random) -> Iterator[tuple[str, int, bytes]]:
    """Odd, even and half-zero moduli, long and short exponents: the shapes that have hurt other clients."""
    for size in (1, 8, 16, 32, 40, 128, 256, 1024):
        odd = bytearray(rng.randbytes(size))
        odd[0] |= 0x80
        odd[-1] |= 1
        even = bytes(odd[:-1]) + bytes([odd[-1] & 0xFE])
        half = bytes(odd[: (size + 1) // 2]).ljust(size, b"\0")
        base = b"\xff" * size
        for kind, modulus in (("odd", bytes(odd)), ("even", even), ("half-zero", half)):
            yield f"modexp-{size:04d}-{kind}-512bits", 5, modexp(base, b"\xff" * 64, modulus)
        yield f"modexp-{size:04d}-odd-2bits", 5, modexp(base, b"\x03", bytes(odd))
        yield f"modexp-{size:04d}-odd-8000squares", 5, modexp(base, b"\x80" + bytes(999), bytes(odd))


def cases() -> Iterator[tuple[str, int, bytes]]:
    rng = random.Random(1)
    yield "ecrecover", 1, vector("ecRecover", "ValidKey")
    for size in (0, 100_000):
        data = rng.randbytes(size)
        yield f"sha256-{size:06d}", 2, data
        yield f"ripemd160-{size:06d}", 3, data
        yield f"identity-{size:06d}", 4, data
    yield from modexp_cases(rng)
    yield "bn254-add", 6, vector("bn256Add", "chfast1")
    yield "bn254-mul", 7, vector("bn256ScalarMul", "chfast1")
    for name in ("one_point", "jeff1", "ten_point_match_1"):
        yield f"bn254-pairing-{name}", 8, vector("bn256Pairing", name)
    yield "blake2f-100000rounds", 9, (100_000).to_bytes(4, "big") + rng.randbytes(208) + b"\1"
    yield "kzg", 10, longest("pointEvaluation")
    for name, address in (("blsG1Add", 11), ("blsG1Mul", 12), ("blsG1MultiExp", 12), ("blsG2Add", 13), ("blsG2Mul", 14)):
        yield name, address, longest(name)
    for name, address in (("blsG2MultiExp", 14), ("blsPairing", 15), ("blsMapG1", 16), ("blsMapG2", 17)):
        yield name, address, longest(name)


def test_gas_per_second() -> None:
    rows = {}
    print(f"\n{'case':<36} {'gas':>10} {'min us':>10} {'median us':>10} {'max us':>10} {'Mgas/s':>8}")
    for name, address, data in cases():
        ok, gas, _ = _native.precompile(address, data, ENOUGH)
        assert ok, name
        took: list[float] = []
        end = time.perf_counter() + (0 if TINY else 0.2)
        while len(took) < 3 or time.perf_counter() < end:
            took.append(1e6 * timed(lambda a=address, d=data: _native.precompile(a, d, ENOUGH)))
        low, middle, high = min(took), statistics.median(took), max(took)
        print(f"{name:<36} {gas:>10} {low:>10.2f} {middle:>10.2f} {high:>10.2f} {gas / middle:>8.1f}")
        rows[name] = {"gas": gas, "min_us": round(low, 2), "median_us": round(middle, 2), "mgas_per_s": round(gas / middle, 1)}
    assert min(row["mgas_per_s"] for row in rows.values()) > 5, "a gas bomb"
    keep("precompiles", {"one_thread_warm": rows})


def test_bn254_beside_py_ecc() -> None:
    scalar = 2**253 + 12345
    x, y = ecc.normalize(ecc.multiply(ecc.G1, scalar))
    mul = word(1) + word(2) + word(scalar)
    assert _native.precompile(7, mul, ENOUGH)[2] == word(int(x)) + word(int(y))
    pairing = vector("bn256Pairing", "one_point")
    keep(
        "bn254_beside_py_ecc",
        {
            "mul": interleave(lambda: _native.precompile(7, mul, ENOUGH), lambda: ecc.multiply(ecc.G1, scalar), 3).summary(1),
            "pairing": interleave(
                lambda: _native.precompile(8, pairing, ENOUGH), lambda: ecc.pairing(ecc.G2, ecc.G1), 3
            ).summary(1),
        },
    )

"""Gas per second of every precompile, on ordinary inputs and on the worst ones known, beside py_ecc where it has the operation.

    python benchmarks/kernels/bench_precompiles.py [--tiny] [--filter TEXT] [--json FILE]

One thread, inputs warm. A contract is safe at a block gas limit when limit / (gas per second) is well under the block time.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

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


def times(call: Callable[[], object], seconds: float) -> list[float]:
    """Wall seconds of single calls, at least three, for about that long."""
    call()
    out: list[float] = []
    end = time.perf_counter() + seconds
    while len(out) < 3 or time.perf_counter() < end:
        start = time.perf_counter()
        call()
        out.append(time.perf_counter() - start)
    return out


def peer() -> dict[str, float]:
    """Seconds of py_ecc for a pairing and a multiplication on BN254; empty without it."""
    try:
        from py_ecc import optimized_bn128 as ecc
    except ImportError:
        return {}
    scalar = 2**253 + 12345
    pairing = min(times(lambda: ecc.pairing(ecc.G2, ecc.G1), 0))
    return {"bn254-pairing-one_point": pairing, "bn254-mul": min(times(lambda: ecc.multiply(ecc.G1, scalar), 0))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tiny", action="store_true", help="each case three times: a test that the bench runs")
    parser.add_argument("--filter", default="", help="only cases whose name contains this")
    parser.add_argument("--json", type=Path, help="where to write the rows")
    options = parser.parse_args()
    peers = {} if options.tiny else peer()
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, one thread, warm")
    print(f"{'case':<36} {'gas':>10} {'min us':>10} {'median us':>10} {'max us':>10} {'Mgas/s':>8}  py_ecc")
    rows = []
    for name, address, data in cases():
        if options.filter not in name:
            continue
        ok, gas, _ = _native.precompile(address, data, ENOUGH)
        if not ok:
            raise SystemExit(f"{name}: the input is rejected")
        took = [1e6 * t for t in times(lambda a=address, d=data: _native.precompile(a, d, ENOUGH), 0 if options.tiny else 0.2)]
        low, middle, high = min(took), statistics.median(took), max(took)
        other = f"{1e6 * peers[name] / low:.0f}x slower" if name in peers else ""
        print(f"{name:<36} {gas:>10} {low:>10.2f} {middle:>10.2f} {high:>10.2f} {gas / middle:>8.1f}  {other}")
        rows.append({"case": name, "gas": gas, "min_us": low, "median_us": middle, "max_us": high})
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()

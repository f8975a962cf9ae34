"""Every precompile at both forks against the executable Ethereum specification, on random, structured and damaged inputs.

The specification runs in its own interpreter: the one named by ``ZEROG_EELS_PYTHON``, or the environment that the transaction
fuzz keeps under ``build/eels``; without either the tests skip. ``ZEROG_FUZZ_ROUNDS`` multiplies the number of cases.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from coincurve import PrivateKey

from zerog import _native

KEPT = Path(__file__).resolve().parents[3] / "build" / "eels"
PYTHON = os.environ.get("ZEROG_EELS_PYTHON") or (str(KEPT / "bin" / "python") if (KEPT / "installed").exists() else "")
ROUNDS = int(os.environ.get("ZEROG_FUZZ_ROUNDS", "1"))
ENOUGH = 10**8
VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "go_ethereum_precompiles"
P = 21888242871839275222246405745257275088696311157297823662689037894645226208583
SECP_N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141

pytestmark = [
    pytest.mark.skipif(not PYTHON, reason="no interpreter with the execution specification: ZEROG_EELS_PYTHON or build/eels"),
    pytest.mark.slow,
    pytest.mark.timeout(900),
]


class Specification:
    """The worker process, one request at a time."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("eels_worker.py")
        self.process = subprocess.Popen([PYTHON, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def run(self, fork: str, address: int, data: bytes, gas: int) -> tuple[bool, int, bytes] | None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps([fork, address, data.hex(), gas]) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        return None if answer is None else (answer[0], answer[1], bytes.fromhex(answer[2]))

    def close(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


@pytest.fixture(scope="module")
def specification() -> Iterator[Specification]:
    worker = Specification()
    yield worker
    worker.close()


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


def damaged(rng: random.Random, data: bytes) -> bytes:
    """One of the ways in which callers get an input wrong."""
    value = bytearray(data)
    match rng.randrange(6):
        case 0:
            return data[: rng.randrange(len(data) + 1)]
        case 1:
            return data + rng.randbytes(rng.choice([1, 31, 32, 64]))
        case 2 if value:
            value[rng.randrange(len(value))] ^= 1 << rng.randrange(8)
        case 3 if len(value) >= 32:
            at = 32 * rng.randrange(len(value) // 32)
            value[at : at + 32] = rng.choice([word(0), word(P), word(2**256 - 1), word(1), word(P - 1)])
        case 4:
            return rng.randbytes(len(data))
    return bytes(value)


def valid_input(rng: random.Random, name: str) -> bytes:
    """The input of one of go-ethereum's vectors, of those that the specification runs in reasonable time."""
    cases = json.loads((VECTORS / f"{name}.json").read_text())
    return bytes.fromhex(rng.choice([case for case in cases if len(case["Input"]) < 2600])["Input"])


def ecrecover(rng: random.Random) -> bytes:
    digest = rng.randbytes(32)
    signature = PrivateKey(word(rng.randrange(1, SECP_N))).sign_recoverable(digest, hasher=None)
    r, s, v = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big"), 27 + signature[64]
    match rng.randrange(12):
        case 0:
            v = rng.choice([0, 1, 26, 29, 2**255, 27 + 256])
        case 1:
            s, v = SECP_N - s, 55 - v
        case 2:
            r = rng.choice([0, 1, SECP_N - 1, SECP_N, SECP_N + 1, 2**256 - 1])
        case 3:
            s = rng.choice([0, 1, SECP_N - 1, SECP_N, 2**256 - 1])
        case 4:
            r = rng.randrange(2**256)
    return digest + word(v) + word(r) + word(s)


def modexp(rng: random.Random) -> bytes:
    parts = [rng.randbytes(rng.choice([0, 1, 8, 31, 32, 33, 64, 100])) for _ in range(3)]
    parts[1] = parts[1][:40]
    if rng.randrange(4) == 0:
        parts[rng.randrange(3)] = bytes(rng.randrange(40))
    lengths = [len(part) for part in parts]
    if rng.randrange(5) == 0:
        lengths[rng.randrange(3)] = rng.choice([0, 1, 33, 500, 2**31, 2**64, 2**255])
    return b"".join(word(n) for n in lengths) + b"".join(parts)


def blake2f(rng: random.Random) -> bytes:
    return rng.choice([0, 1, 9, 10, 11, 12, 40]).to_bytes(4, "big") + rng.randbytes(208) + bytes([rng.choice([0, 1, 1, 2])])


def any_bytes(rng: random.Random) -> bytes:
    return rng.randbytes(rng.choice([0, 1, 31, 32, 33, 55, 56, 63, 64, 65, 119, 120, 128, 200, 1000]))


def from_vectors(name: str) -> Callable[[random.Random], bytes]:
    return lambda rng: valid_input(rng, name)


# address: (how to make an input, how many cases)
MAKERS: dict[int, tuple[Callable[[random.Random], bytes], int]] = {
    1: (ecrecover, 60),
    2: (any_bytes, 60),
    3: (any_bytes, 60),
    4: (any_bytes, 30),
    5: (modexp, 120),
    6: (from_vectors("bn256Add"), 60),
    7: (from_vectors("bn256ScalarMul"), 40),
    8: (from_vectors("bn256Pairing"), 14),
    9: (blake2f, 60),
    10: (from_vectors("pointEvaluation"), 8),
    11: (from_vectors("blsG1Add"), 40),
    12: (from_vectors("blsG1MultiExp"), 16),
    13: (from_vectors("blsG2Add"), 40),
    14: (from_vectors("blsG2MultiExp"), 10),
    15: (from_vectors("blsPairing"), 8),
    16: (from_vectors("blsMapG1"), 16),
    17: (from_vectors("blsMapG2"), 10),
}


@pytest.mark.parametrize("address", MAKERS)
def test_against_the_specification(address: int, specification: Specification, seed: int) -> None:
    rng = random.Random(seed * 32 + address)
    make, count = MAKERS[address]
    succeeded = 0
    for i in range(count * ROUNDS):
        fork = "prague" if address > 10 or rng.randrange(2) else "cancun"
        data = make(rng)
        if i % 3 == 2:
            data = damaged(rng, data)
        gas = ENOUGH
        if i % 5 == 4:  # around the exact price
            gas = max(0, _native.precompile(address, data, ENOUGH, fork)[1] + rng.choice([-1, 0, 1]))
        expected = specification.run(fork, address, data, gas)
        assert _native.precompile(address, data, gas, fork) == expected, (fork, address, data.hex(), gas)
        succeeded += expected is not None and expected[0]
    assert succeeded > 0


def test_the_forks_have_the_same_addresses(specification: Specification) -> None:
    for fork, last in [("cancun", 0x0A), ("prague", 0x11)]:
        for address in range(1, 0x14):
            assert (specification.run(fork, address, b"", 0) is None) == (address > last)

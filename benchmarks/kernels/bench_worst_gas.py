"""The most time for the least gas: one class of instruction after another in a tight loop, as an attacker would fill a block.

One thread and its processor time, one transaction of a fixed gas limit a class; operands are four full words, and results
feed the next step where they can. Beside it revm (through pyrevm) on the same code and gas, in turns.
``ZEROG_PYREVM_PYTHON`` names the interpreter of an environment with pyrevm; without it only our numbers are taken. A block
is safe when its gas limit over the rate is well under half of the block time (reliability E5): 120 Mgas in 250 ms is 480
Mgas/s.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kernels.bench_evm import ENV, call, people
from measure import TINY, keep
from zerog import _native

GAS = 1_000_000 if TINY else 10_000_000
TURNS = 2 if TINY else 5
CHILD = Path(__file__).resolve().parents[1] / "peers" / "revm_child.py"
TARGET = b"\x72" * 20
BODY_SIZE = 12_000

A = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
B = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
M = "fd2c9a1f4c0aa0dbe1aa6b4d0f3f6a1c5a8d9c3b7e5f1a2b3c4d5e6f70818293"
M_LOW = "00000000000000000000000000000001fd2c9a1f4c0aa0dbe1aa6b4d0f3f6a1c"  # three words
HALF = "0000000000000000000000000000000097d1c9a1f4c0aa0dbe1aa6b4d0f3f6a1"  # two words


def push(word: str) -> str:
    return "7f" + word


def looped(head: str, body: str, tail: str = "") -> bytes:
    """``body`` as often as fits between one jump destination and one jump back to it; ``tail`` once a turn."""
    start = len(head) // 2
    filled = body * max(1, (BODY_SIZE - start) // (len(body) // 2))
    return bytes.fromhex(head + "5b" + filled + tail + f"61{start:04x}56")


def modexp(base: bytes, exponent: bytes, modulus: bytes, price: int) -> bytes:
    """Static calls of the contract at 5 with everything in memory; ``price`` is handed over exactly."""
    data = b"".join(len(part).to_bytes(32, "big") for part in (base, exponent, modulus)) + base + exponent + modulus
    data = data.ljust(-(-len(data) // 32) * 32, b"\0")
    head = "".join(f"{push(data[at : at + 32].hex())}61{at:04x}52" for at in range(0, len(data), 32))
    body = f"5f5f61{len(data):04x}5f600563{price:08x}fa50"
    return looped(head, body)


def classes() -> Iterator[tuple[str, bytes]]:
    three = push(M) + push(B) + push(A)  # modulus, b, a
    yield "add chain", looped(push(A) + push(B), "8101")
    yield "mul chain", looped(push(A) + push(B), "8102")
    yield "addmod", looped(three, "8282820890" + "50")
    yield "mulmod", looped(three, "8282820990" + "50")
    yield "mulmod, 3-word modulus", looped(push(M_LOW) + push(B) + push(A), "828282" + "09" + "50")
    yield "mulmod, 1-word modulus", looped(push(M[48:].rjust(64, "0")) + push(B) + push(A), "828282" + "09" + "50")
    for name, code in (("div", "04"), ("sdiv", "05"), ("mod", "06"), ("smod", "07")):
        for words, divisor in (("4/2 words", HALF), ("4/3 words", M_LOW), ("4/1 words", M[48:].rjust(64, "0"))):
            yield f"{name}, {words}", looped(push(divisor) + push(M), f"8181{code}50")
    yield "exp, 32 bytes", looped(push(A) + push(B), "80820a50")
    yield "signextend, sar", looped(push(A), "60100b60031d")
    yield "keccak256, 0 bytes", looped("", "5f5f2050")
    yield "keccak256, 32 bytes", looped("", "60205f205f52")
    yield "keccak256, 136 bytes", looped("", "60885f2050")
    yield "keccak256, 8 KiB", looped("", "6120005f2050")
    yield "mload, mstore", looped(push(A) + "5f52", "5f515f52")
    yield "mcopy, 8 KiB", looped("5f61200052", "61200060205f5e")
    yield "codecopy, 8 KiB", looped("", "6120005f5f39")
    yield "calldatacopy, 8 KiB", looped("", "6120005f5f37")
    yield "log0, 8 KiB", looped("", "6120005fa0")
    yield "jumpdest", looped("", "5b")
    yield "push, pop", looped("", push(A) + "50")
    yield "tload, tstore", looped("", "5f5c60010180" + "5f5d50")
    yield "sload, warm", looped("", "5f5450")
    yield "sload, cold", looped("43", "6001018054" + "50")
    yield "sstore, cold", looped("43", "600101808055")
    yield "balance, cold", looped(push(A), "60010180" + "31" + "50")
    yield "extcodehash, cold", looped(push(A), "60010180" + "3f" + "50")
    yield "call, cold", looped(push(A), "6001015f5f5f5f5f85" + "5af150")
    yield "call of itself, 1024 deep", looped("", "5f5f5f5f5f305af150")
    yield "create, empty", looped("", "5f5f5ff050")
    yield "ecrecover, no key", looped("", "5f5f60805f6001610bb8fa50")
    yield "identity, 8 KiB", looped("", "5f5f6120005f6004610bb8fa50")
    odd = bytes.fromhex(M)
    yield "modexp, base 1 KiB, exponent 1 bit", modexp(b"\xff" * 1024, b"\1", odd, 5461)
    yield "modexp, base 1 KiB, exponent 2 bits", modexp(b"\xff" * 1024, b"\3", odd, 5461)
    yield "modexp, 32 bytes, exponent 2 bits", modexp(b"\xff" * 32, b"\3", odd, 200)
    yield "modexp, 40 bytes, exponent 13 bits", modexp(b"\xff" * 40, b"\x1f\xff", odd[:8] + odd, 200)
    yield "modexp, 192 bytes, exponent 2 bits", modexp(b"\xff" * 192, b"\3", odd * 6, 200)
    yield "modexp, 192 bytes, even, 2 bits", modexp(b"\xff" * 192, b"\3", odd[:-1] * 6 + bytes(6), 200)
    yield "modexp, 512 bytes, exponent 2 bits", modexp(b"\xff" * 512, b"\3", odd * 16, 1365)


class Revm:
    """A child that runs the same code by revm and tells seconds and gas."""

    def __init__(self, python: str) -> None:
        self.process = subprocess.Popen([python, str(CHILD)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def rate(self, code: bytes) -> float:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(code.hex(), GAS, file=self.process.stdin, flush=True)
        seconds, gas = self.process.stdout.readline().split()
        return int(gas) / float(seconds) / 1e6

    def close(self) -> None:
        self.process.communicate("", timeout=30)


def measured(code: bytes, revm: Revm | None) -> tuple[list[float], list[float]]:
    """Mgas/s of each turn, ours and the peer's in turns."""
    sender = people(1)[0]
    alloc: dict[bytes, Any] = {sender: {"balance": 10**30}, TARGET: {"code": code}}
    batch = _native.EvmBatch([call(sender, TARGET, 0, b"\0", GAS)])
    rates, peers = [], []
    for _ in range(TURNS):
        world = _native.EvmWorld(alloc)
        begun = time.process_time()
        done = world.run(ENV, batch)
        rates.append(done["gas_used"] / (time.process_time() - begun) / 1e6)
        assert done["gas_used"] > GAS * 0.95, done
        if revm is not None:
            peers.append(revm.rate(code))
    return rates, peers


@pytest.mark.parametrize("only", [os.environ.get("ZEROG_BENCH_ONLY", "")])
def test_worst_gas(only: str) -> None:
    python = os.environ.get("ZEROG_PYREVM_PYTHON")
    revm = Revm(python) if python and Path(python).exists() else None
    rows: dict[str, Any] = {}
    print(f"\n{'class':<40} {'Mgas/s':>8} {'least':>8} {'revm':>8} {'ratio':>6}")
    for name, code in classes():
        if only not in name:
            continue
        rates, peers = measured(code, revm)
        row = {"mgas_per_s_median": round(statistics.median(rates), 1), "mgas_per_s_least": round(min(rates), 1)}
        if revm is not None:
            row["revm_mgas_per_s_median"] = round(statistics.median(peers), 1)
            row["ratio_median"] = round(statistics.median(rates) / statistics.median(peers), 2)
        rows[name] = row
        print(
            f"{name:<40} {row['mgas_per_s_median']:>8} {row['mgas_per_s_least']:>8} "
            f"{row.get('revm_mgas_per_s_median', ''):>8} {row.get('ratio_median', ''):>6}",
            file=sys.stdout,
            flush=True,
        )
    if revm is not None:
        revm.close()
    if not only:
        keep("worst_gas", rows)

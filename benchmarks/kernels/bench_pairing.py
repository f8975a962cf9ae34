"""Products of BN254 pairings against gnark-crypto in turns, on one core."""

from __future__ import annotations

from typing import Any

from py_ecc.optimized_bn128 import G1, G2, multiply
from tests.oracle import bls_bn254

from kernels import bench_ntt
from kernels.bench_ntt import compared
from measure import TINY, keep, timed
from peers.golang import GoPeer
from zerog import _native

COUNTS = (2,) if TINY else (2, 12, 64)
PAIRING_ADDRESS = 8
ENOUGH_GAS = 100_000_000

one_core: Any = bench_ntt.one_core


def pairs(count: int) -> bytes:
    """As the peer has them: (i G1, G2), and one that makes the product one."""
    factors = [*range(1, count), bls_bn254.R - count * (count - 1) // 2]
    g2 = bls_bn254.g2_bytes(G2)
    return b"".join(bls_bn254.g1_bytes(multiply(G1, factor)) + g2 for factor in factors)


def test_against_gnark(one_core: None) -> None:
    """Ours as the EVM's precompile: from bytes, with curve and subgroup checks; the peer's points are decoded before. Kept as
    results/pairing.json."""
    facts: dict[str, Any] = {}
    peer = GoPeer("gnark")
    try:
        for count in COUNTS:
            data = pairs(count)
            assert _native.precompile(PAIRING_ADDRESS, data, ENOUGH_GAS)[2] == (1).to_bytes(32, "big")
            assert peer.ask(f"pairs {count}") == "true"

            def ours(data: bytes = data) -> float:
                return min(timed(lambda: _native.precompile(PAIRING_ADDRESS, data, ENOUGH_GAS)) for _ in range(3))

            facts[f"product of {count} pairs"] = compared(ours, lambda: float(peer.ask("pairing 3")), "ms", 1e3)
    finally:
        peer.close()
    keep("pairing", facts)

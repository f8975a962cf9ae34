"""Hash to curve, quorums and hit counts against the vectors of the data availability protocol."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zerog import _native
from zerog.errors import InvalidInput

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "zerog_da"
BLS = json.loads((VECTORS / "da_bls.json").read_text())
QUORUM = json.loads((VECTORS / "da_quorum.json").read_text())


def words(data: bytes) -> list[int]:
    return [int.from_bytes(data[i : i + 32], "big") for i in range(0, len(data), 32)]


def test_map_to_g1() -> None:
    cases = [(case["keccak"], case["point"]) for case in BLS["registration"]]
    cases += [(case["message_keccak"], case["hash_point"]) for case in BLS["blob_signatures"]]
    assert len(cases) >= 5
    for digest, point in cases:
        assert words(_native.da_map_to_g1(bytes.fromhex(digest))) == [int(v) for v in point]
    with pytest.raises(InvalidInput):
        _native.da_map_to_g1(bytes(31))


def test_signatures_of_the_vectors_pair() -> None:
    """e(sig, -G2) e(hash, pk2) = 1 with the pairing precompile, and not for a foreign signature."""
    signers = [(case, signer) for case in BLS["blob_signatures"] for signer in case["signers"]]
    modulus = 21888242871839275222246405745257275088696311157297823662689037894645226208583
    generator = next(s["pk_g2_c0c1"] for _, s in signers if s["sk"] == "1")

    def g2(key: dict[str, list[str]], sign: int) -> bytes:
        x, y = [int(v) for v in key["x"]], [sign * int(v) % modulus for v in key["y"]]
        return b"".join(v.to_bytes(32, "big") for v in (x[1], x[0], y[1], y[0]))

    for case, signer in signers:
        sig = b"".join(int(v).to_bytes(32, "big") for v in signer["sig"])
        point = b"".join(int(v).to_bytes(32, "big") for v in case["hash_point"])
        for other, expected in [(point, 1), (b"".join(v.to_bytes(32, "big") for v in (1, 2)), 0)]:
            data = sig + g2(generator, -1) + other + g2(signer["pk_g2_c0c1"], 1)
            assert words(_native.precompile(8, data, 10**6)[2]) == [expected]


def keccak(data: bytes) -> bytes:
    from sha3 import keccak_256

    return bytes(keccak_256(data).digest())


@pytest.mark.parametrize("case", QUORUM["cases"], ids=lambda c: f"{c['name']}-{c['rule']}")
def test_quorums(case: dict) -> None:
    first = {"v2": bytes, "v3": keccak}[case["rule"]]
    signers = [
        (bytes.fromhex(address), first(bytes.fromhex(QUORUM["registrations"][address])), votes)
        for address, votes in case["votes"].items()
    ]
    built = _native.da_quorums(signers, case["encoded_slices"], case["max_quorums"], case["max_votes_per_signer"])
    assert [[row.hex() for row in rows_of(quorum)] for quorum in built] == case["quorums"]


def rows_of(quorum: bytes) -> list[bytes]:
    return [quorum[i : i + 20] for i in range(0, len(quorum), 20)]


def test_quorum_arguments() -> None:
    assert _native.da_quorums([]) == []
    for bad in [(bytes(19), bytes(32), 1), (bytes(20), bytes(33), 1)]:
        with pytest.raises(InvalidInput):
            _native.da_quorums([bad])
    with pytest.raises(InvalidInput):
        _native.da_quorums([], encoded_slices=0)

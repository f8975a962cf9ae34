"""go-ethereum's precompile vectors: outputs, costs and failures, at every fork that has the contract."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from zerog import _native

VECTORS = Path(__file__).resolve().parents[1] / "vectors" / "go_ethereum_precompiles"
ADDRESSES = {
    "ecRecover": 0x01,
    "modexp_eip2565": 0x05,
    "bn256Add": 0x06,
    "bn256ScalarMul": 0x07,
    "bn256Pairing": 0x08,
    "blake2F": 0x09,
    "pointEvaluation": 0x0A,
    "blsG1Add": 0x0B,
    "blsG1Mul": 0x0C,
    "blsG1MultiExp": 0x0C,
    "blsG2Add": 0x0D,
    "blsG2Mul": 0x0E,
    "blsG2MultiExp": 0x0E,
    "blsPairing": 0x0F,
    "blsMapG1": 0x10,
    "blsMapG2": 0x11,
}
FAILING = {"blake2f": 0x09} | {name: number for name, number in ADDRESSES.items() if name.startswith("bls")}
ENOUGH = 10**9


def forks(address: int) -> list[str]:
    return ["cancun", "prague"] if address <= 0x0A else ["prague"]


@pytest.mark.parametrize("name", ADDRESSES)
def test_outputs_and_costs(name: str) -> None:
    cases = json.loads((VECTORS / f"{name}.json").read_text())
    assert cases
    for case in cases:
        data, expected = bytes.fromhex(case["Input"]), bytes.fromhex(case["Expected"])
        for fork in forks(ADDRESSES[name]):
            ok, gas, output = _native.precompile(ADDRESSES[name], data, ENOUGH, fork)
            assert (ok, output) == (True, expected), case["Name"]
            if "Gas" in case:
                assert gas == case["Gas"], case["Name"]
            assert _native.precompile(ADDRESSES[name], data, gas, fork) == (True, gas, expected)
            if gas > 0:
                assert _native.precompile(ADDRESSES[name], data, gas - 1, fork) == (False, gas - 1, b""), case["Name"]


@pytest.mark.parametrize("name", FAILING)
def test_failures_use_all_gas(name: str) -> None:
    cases = json.loads((VECTORS / f"fail-{name}.json").read_text())
    assert cases
    for case in cases:
        answer = _native.precompile(FAILING[name], bytes.fromhex(case["Input"]), ENOUGH, "prague")
        assert answer == (False, ENOUGH, b""), case["Name"]


def test_addresses_that_are_none() -> None:
    from zerog.errors import InvalidInput

    for address, fork in [(0, "cancun"), (0x0B, "cancun"), (0x12, "prague"), (0x100, "prague"), (1, "osaka")]:
        with pytest.raises(InvalidInput):
            _native.precompile(address, b"", ENOUGH, fork)

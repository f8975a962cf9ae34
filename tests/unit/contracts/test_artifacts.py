"""The committed artifacts are what the pinned compiler makes of the sources beside them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from zerog.contracts import compile as compiler
from zerog.contracts.artifact import create2_address, load, names
from zerog.errors import InvalidInput, NotFound


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_artifacts_are_in_step_with_the_sources() -> None:
    if shutil.which("node") is None or shutil.which("npm") is None:
        assert not os.environ.get("CI"), "CI must have node and npm"
        pytest.skip("node and npm are not installed")
    made = compiler.compile_sources()
    folder = Path(compiler.__file__).parent / "artifacts"
    assert sorted(made) == names()
    for name, artifact in made.items():
        assert json.loads((folder / f"{name}.json").read_text()) == artifact, f"{name}: run `make contracts`"


def test_code_sizes_fit_the_protocol() -> None:
    for name in names():
        artifact = load(name)
        assert len(artifact.deployed) <= 24576, name
        assert len(artifact.bytecode) <= 49152, name


def test_storage_packs_as_the_compiler_says() -> None:
    staking = load("StakingContract")
    place = {name: staking.variables[name] for name in ("maxValidatorCount", "communityTaxRate", "owner")}
    assert place["maxValidatorCount"].slot == place["communityTaxRate"].slot
    slots = staking.storage({"maxValidatorCount": 5, "communityTaxRate": 7, "owner": b"\x01" * 20})
    packed = slots[place["maxValidatorCount"].slot]
    assert packed == 5 << 8 * place["maxValidatorCount"].offset | 7 << 8 * place["communityTaxRate"].offset
    assert slots[place["owner"].slot] == int.from_bytes(b"\x01" * 20, "big")
    for values in ({"none": 1}, {"isValidator": 1}, {"maxValidatorCount": 1 << 32}, {"maxValidatorCount": -1}):
        with pytest.raises(InvalidInput):
            staking.storage(values)


def test_unknown_contract() -> None:
    with pytest.raises(NotFound, match="W0G"):
        load("Nothing")


def test_create2_examples() -> None:
    """Two of the examples of EIP-1014."""
    assert create2_address(bytes(20), bytes(32), b"\x00").hex() == "4d1a2e2bb4f88f0250f26ffff098b0b30b26bf38"
    deployer = bytes.fromhex("00000000000000000000000000000000deadbeef")
    salt = bytes.fromhex("00000000000000000000000000000000000000000000000000000000cafebabe")
    assert create2_address(deployer, salt, bytes.fromhex("deadbeef")).hex() == "60f3f640a8508fc6a86d45df051962668e1e8ac7"

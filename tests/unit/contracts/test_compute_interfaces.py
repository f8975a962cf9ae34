"""The compute contracts answer every call, event and error that the published clients know, and nothing unexplained."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from tests.unit.contracts.compute_kit import DAY, ComputeWorld
from tests.unit.contracts.contract_kit import OWNER, World

from zerog._native import keccak256
from zerog.chain.presets import network
from zerog.contracts import registry
from zerog.contracts.artifact import load
from zerog.contracts.registry import ComputeParameters, StakingParameters, compute_name, predeploys
from zerog.errors import InvalidInput
from zerog.wire.abi import type_of

PATH = Path(__file__).parents[2] / "vectors" / "compute" / "interfaces.json"
OURS = {"LedgerManager": {"event MinimumsChanged(uint256,uint256)", "function setMinimums(uint256,uint256) nonpayable ()"}}


def lines(contract: str) -> set[str]:
    made = set()
    for entry in load(contract).abi:
        if entry["type"] in ("constructor", "receive"):
            continue
        inputs = ",".join(str(type_of(item)) + (" indexed" if item.get("indexed") else "") for item in entry["inputs"])
        text = f"{entry['type']} {entry['name']}({inputs})"
        if entry["type"] == "function":
            outputs = ",".join(str(type_of(item)) for item in entry["outputs"])
            text += f" {entry['stateMutability'].replace('pure', 'view')} ({outputs})"
        made.add(text)
    return made


def test_vectors_are_those_that_came() -> None:
    assert hashlib.sha256(PATH.read_bytes()).hexdigest() in PATH.with_name("ORIGIN").read_text()


@pytest.mark.parametrize("contract", ["LedgerManager", "InferenceServing", "FineTuningServing"])
def test_interfaces_are_the_published_ones(contract: str) -> None:
    published = set(json.loads(PATH.read_text())[contract])
    assert len(published) > 50
    assert lines(contract) - published == OURS.get(contract, set())
    assert published - lines(contract) == set()


def test_genesis_is_what_a_deployment_in_the_published_order_makes() -> None:
    """Deployed, initialized and registered by hand, the proxies hold slot for slot what genesis writes."""
    world = ComputeWorld()
    made = {}
    start = {"LedgerManager": "ledger", "InferenceServing": "inference", "FineTuningServing": "fine_tuning"}
    services = list(start)[1:]
    for contract in start:
        implementation = world.deploy(OWNER, load(contract))
        beacon = world.deploy(OWNER, load("UpgradeableBeacon"), implementation, OWNER)
        made[contract] = (implementation, beacon, world.deploy(OWNER, load("BeaconProxy"), beacon, b""))
    ledger = world.at(made["LedgerManager"][2], "LedgerManager")
    parameters = ComputeParameters()
    ledger.send(OWNER, "initialize", OWNER)
    assert (ledger.call("MIN_ACCOUNT_BALANCE"), ledger.call("MIN_TRANSFER_AMOUNT")) == (3 * 10**18, 10**18)
    ledger.send(OWNER, "setMinimums", parameters.min_account_balance, parameters.min_transfer_amount)
    for contract, kind, more in (("InferenceServing", "inference", ()), ("FineTuningServing", "fine-tuning", (30,))):
        proxy = world.at(made[contract][2], contract)
        proxy.send(OWNER, "initialize", parameters.lock_time, ledger.address, OWNER, *more)
        ledger.send(OWNER, "registerService", kind, "v1.0", proxy.address, "")
        ledger.send(OWNER, "setRecommendedService", kind, "v1.0")
    world.native.root()
    dump = world.native.dump()
    moved = {
        int.from_bytes(made[contract][2], "big"): int.from_bytes(registry.NAMED[name][0], "big")
        for contract, name in start.items()
    }
    registered = dump[made["LedgerManager"][2]]["storage"]
    for contract, name in start.items():
        implementation, beacon, proxy = made[contract]
        genesis_proxy = registry.NAMED[name][0]
        assert dump[implementation]["code"] == dump[compute_name(f"{name} implementation")]["code"]
        assert dump[implementation]["storage"] == dump[compute_name(f"{name} implementation")]["storage"]
        assert dump[proxy]["code"] == dump[genesis_proxy]["code"]
        moved[int.from_bytes(beacon, "big")] = int.from_bytes(compute_name(f"{name} beacon"), "big")
    artifact = load("LedgerManager")
    slots = {
        artifact.entry("_registered", made[contract][2]): artifact.entry("_registered", registry.NAMED[start[contract]][0])
        for contract in services
    }
    times = set(slots.values())
    slots |= {slot + more: here + more for slot, here in list(slots.items()) for more in (1, 2, 3)}
    translated = {slots.get(slot, slot): moved.get(value, value) for slot, value in registered.items()}
    genesis = dict(dump[registry.LEDGER]["storage"])
    for slot in times:  # when they were registered
        assert genesis.pop(slot) == world.net.timestamp | 1 << 64
        assert translated.pop(slot) == world.now | 1 << 64
    assert translated == genesis
    for contract in services:
        found = {slot: moved.get(value, value) for slot, value in dump[made[contract][2]]["storage"].items()}
        assert found == dump[registry.NAMED[start[contract]][0]]["storage"]


def test_predeploys_stand_where_they_are_said_to(world: ComputeWorld) -> None:
    assert compute_name("ledger beacon") == keccak256(b"zerog compute ledger beacon")[12:]
    for name in ("ledger", "inference", "fine_tuning"):
        address, contract = registry.NAMED[name]
        beacon = world.at(compute_name(f"{name} beacon"), "UpgradeableBeacon")
        implementation = world.at(compute_name(f"{name} implementation"), contract)
        assert (beacon.call("owner"), beacon.call("implementation")) == (OWNER, implementation.address)
        assert world.at(address, contract).call("owner") == OWNER
        more = {"ledger": (OWNER,), "inference": (DAY, OWNER, OWNER), "fine_tuning": (DAY, OWNER, OWNER, 1)}[name]
        assert implementation.fails(OWNER, "initialize", *more) == "AlreadyInitialized()"
        assert world.at(address, contract).fails(OWNER, "initialize", *more) == "AlreadyInitialized()"


@pytest.fixture
def world() -> ComputeWorld:
    return ComputeWorld()


@pytest.mark.parametrize(
    "changes",
    [{"lock_time": 3599}, {"lock_time": 7 * DAY + 1}, {"penalty_percentage": 101}, {"min_account_balance": 1 << 120}],
)
def test_values_that_the_contracts_would_refuse(changes: dict[str, int]) -> None:
    with pytest.raises(InvalidInput, match="compute contracts"):
        predeploys(OWNER, bytes(32), StakingParameters(), compute=ComputeParameters(**changes), timestamp=1)


def test_public_presets_have_none_of_them() -> None:
    world = World(network("testnet", owner=OWNER))
    assert world.account(registry.LEDGER) == (0, 0, b"")

"""W0G, its agency and minters; proxies and beacons; the token and the workload: on the native EVM."""

from __future__ import annotations

import pytest
from tests.unit.contracts.contract_kit import ALICE, BOB, ONE, OWNER, World

from zerog._native import keccak256
from zerog.contracts import registry
from zerog.contracts.artifact import load

UNLIMITED = (1 << 256) - 1


@pytest.fixture
def world() -> World:
    return World()


def test_wrap_and_unwrap(world: World) -> None:
    w0g = world.at(registry.W0G, "W0G")
    assert (w0g.call("name"), w0g.call("symbol"), w0g.call("decimals")) == ("Wrapped 0G", "W0G", 18)
    assert w0g.send(ALICE, "deposit", value=5 * ONE) == [("Deposit", {"to": ALICE, "value": 5 * ONE})]
    assert world.raw(ALICE, registry.W0G, b"", ONE)["success"]  # plain money wraps too
    assert w0g.call("totalSupply") == 6 * ONE == w0g.call("balanceOf", ALICE)
    before = world.balance(ALICE)
    assert w0g.send(ALICE, "withdraw", 2 * ONE) == [("Withdrawal", {"from": ALICE, "value": 2 * ONE})]
    assert world.balance(ALICE) == before + 2 * ONE
    assert "InsufficientBalance" in w0g.fails(ALICE, "withdraw", 5 * ONE)
    assert w0g.call("totalSupply") == 4 * ONE


def test_allowances(world: World) -> None:
    w0g = world.at(registry.W0G, "W0G")
    w0g.send(ALICE, "deposit", value=5 * ONE)
    assert "InsufficientAllowance" in w0g.fails(BOB, "transferFrom", ALICE, BOB, 1)
    w0g.send(ALICE, "approve", BOB, 2 * ONE)
    w0g.send(BOB, "transferFrom", ALICE, BOB, ONE)
    assert w0g.call("allowance", ALICE, BOB) == ONE
    w0g.send(ALICE, "approve", BOB, UNLIMITED)
    w0g.send(BOB, "transferFrom", ALICE, BOB, ONE)
    assert w0g.call("allowance", ALICE, BOB) == UNLIMITED
    assert w0g.call("balanceOf", BOB) == 2 * ONE


def test_minters_mint_to_their_cap_and_burn_what_they_may(world: World) -> None:
    """Agency → precompile → W0G: the cap is set by the agency's owner alone, supply is native balance of W0G."""
    agency, w0g = world.at(registry.AGENCY, "W0GAgency"), world.at(registry.W0G, "W0G")
    base = world.at(registry.WRAPPED_BASE, "IWrapped0GBase")
    assert base.call("getWA0GI") == registry.W0G
    assert "BaseRefused" in w0g.fails(ALICE, "mint", BOB, 1)
    assert "NotOwner" in agency.fails(ALICE, "setMinterCap", ALICE, 10 * ONE, 0)
    (event,) = agency.send(OWNER, "setMinterCap", ALICE, 10 * ONE, 0)
    assert event == ("MinterCapSet", {"minter": ALICE, "cap": 10 * ONE, "initialSupply": 0})
    w0g.send(ALICE, "mint", BOB, 7 * ONE)
    assert base.call("minterSupply", ALICE) == (10 * ONE, 0, 7 * ONE)
    assert w0g.call("balanceOf", BOB) == 7 * ONE == w0g.call("totalSupply") == world.balance(registry.W0G)
    assert "BaseRefused" in w0g.fails(ALICE, "mint", BOB, 4 * ONE)
    assert "InsufficientAllowance" in w0g.fails(ALICE, "burn", BOB, ONE)
    w0g.send(BOB, "approve", ALICE, 3 * ONE)
    w0g.send(ALICE, "burn", BOB, 3 * ONE)
    assert base.call("minterSupply", ALICE)[2] == 4 * ONE
    assert w0g.call("totalSupply") == 4 * ONE
    for name, arguments in (("mint", (ALICE, 1)), ("burn", (ALICE, 1)), ("setMinterCap", (ALICE, 1, 1))):
        base.fails(OWNER, name, *arguments)


@pytest.mark.parametrize(
    ("proxy", "beacon", "implementation", "contract"),
    [
        (registry.DA_REGISTRY, registry.DA_REGISTRY_BEACON, registry.DA_REGISTRY_IMPLEMENTATION, "DARegistry"),
        (registry.AGENCY, registry.AGENCY_BEACON, registry.AGENCY_IMPLEMENTATION, "W0GAgency"),
    ],
)
def test_proxies_run_what_their_beacon_names(
    world: World, proxy: bytes, beacon: bytes, implementation: bytes, contract: str
) -> None:
    face, named = world.at(proxy, contract), world.at(beacon, "UpgradeableBeacon")
    assert face.call("owner") == OWNER == named.call("owner")
    assert named.call("implementation") == implementation
    assert "NotOwner" in named.fails(ALICE, "upgradeTo", implementation)
    assert "NotAContract" in named.fails(OWNER, "upgradeTo", ALICE)
    face.send(OWNER, "transferOwnership", BOB)
    assert face.call("owner") == BOB
    assert world.at(implementation, contract).call("owner") == bytes(20)  # storage is the proxy's
    named.send(OWNER, "upgradeTo", registry.W0G)
    assert world.at(proxy, "W0G").call("symbol") == "W0G"


def test_genesis_storage_of_proxies_is_what_constructors_write(world: World) -> None:
    beacon = world.deploy(ALICE, load("UpgradeableBeacon"), registry.AGENCY_IMPLEMENTATION, OWNER)
    proxy = world.deploy(ALICE, load("BeaconProxy"), registry.AGENCY_BEACON, b"")
    world.native.root()
    dump = world.native.dump()
    assert dump[beacon]["storage"] == dump[registry.AGENCY_BEACON]["storage"]
    assert dump[beacon]["code"] == dump[registry.AGENCY_BEACON]["code"]
    assert dump[proxy]["code"] == dump[registry.AGENCY]["code"]
    owner_slot = {0: int.from_bytes(OWNER, "big")}
    assert {**dump[proxy]["storage"], **owner_slot} == dump[registry.AGENCY]["storage"]


def test_token(world: World) -> None:
    token = world.at(world.deploy(ALICE, load("Token"), "Demo", "D", 100), "Token")
    assert (token.call("name"), token.call("symbol"), token.call("totalSupply")) == ("Demo", "D", 100)
    assert token.send(ALICE, "transfer", BOB, 40) == [("Transfer", {"from": ALICE, "to": BOB, "value": 40})]
    assert "InsufficientBalance" in token.fails(BOB, "transfer", ALICE, 41)
    token.send(BOB, "approve", ALICE, 10)
    token.send(ALICE, "transferFrom", BOB, ALICE, 10)
    assert "InsufficientAllowance" in token.fails(ALICE, "transferFrom", BOB, ALICE, 1)
    assert (token.call("balanceOf", ALICE), token.call("balanceOf", BOB)) == (70, 30)


def test_workload(world: World) -> None:
    load_ = world.at(world.deploy(ALICE, load("Workload")), "Workload")
    x = 0x9E3779B97F4A7C15
    for _ in range(5):
        x = (x * 0xBF58476D1CE4E5B9) % (1 << 256) ^ (x >> 27) ^ (x << 31) % (1 << 256)
    assert load_.call("spin", 5) == x
    digest = bytes(32)
    for index in range(3):
        digest = keccak256(digest + index.to_bytes(32, "big"))
    assert load_.call("hash", 3) == digest
    load_.send(ALICE, "write", 10, 4)
    assert load_.call("read", 10, 4) == sum(10 ^ (index + 1) for index in range(4))
    assert len(load_.send(ALICE, "log", 3)) == 3
    load_.send(ALICE, "increment")
    assert load_.call("counter") == 2
    assert load_.fails(ALICE, "fail", 7) == "Refused(code=7)"
    assert load_.fails(ALICE, "failWithReason", "because") == "because"

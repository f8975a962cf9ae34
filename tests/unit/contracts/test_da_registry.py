"""A signer registers through the registry, with a BN254 key and signature made here from the protocol's words."""

from __future__ import annotations

import pytest
from py_ecc.optimized_bn128 import FQ, G1, G2, curve_order, field_modulus, multiply, normalize
from tests.unit.contracts.contract_kit import ALICE, BOB, ONE, World

from zerog._native import keccak256
from zerog.contracts import registry
from zerog.contracts.artifact import load

SECRET = 0x1F2E3D4C5B6A7988
SOCKET = "127.0.0.1:34000"


def hash_to_g1(digest: bytes) -> tuple[FQ, FQ, FQ]:
    """chain.md 5.1: the first x at or above the digest that has a square root, no choice of sign."""
    x = int.from_bytes(digest, "big") % field_modulus
    while True:
        square = (x**3 + 3) % field_modulus
        y = pow(square, (field_modulus + 1) // 4, field_modulus)
        if y * y % field_modulus == square:
            return (FQ(x), FQ(y), FQ(1))
        x = (x + 1) % field_modulus


def pair(point: object) -> tuple[int, int]:
    x, y = normalize(point)  # type: ignore[arg-type]
    return int(x), int(y)


def sign(digest: bytes, secret: int = SECRET) -> tuple[int, int]:
    return pair(multiply(hash_to_g1(digest), secret))


def detail(signer: bytes, secret: int = SECRET) -> tuple[object, ...]:
    x, y = normalize(multiply(G2, secret))
    key2 = ([int(c) for c in x.coeffs], [int(c) for c in y.coeffs])
    return (signer, SOCKET, pair(multiply(G1, secret)), key2)


def registration(world: World, signer: bytes) -> bytes:
    return bytes(keccak256(signer + world.net.chain_id.to_bytes(32, "big") + b"0G_BN254_Pubkey_Registration"))


def epoch_digest(world: World, signer: bytes, epoch: int) -> bytes:
    return bytes(keccak256(signer + epoch.to_bytes(8, "big") + world.net.chain_id.to_bytes(32, "big")))


@pytest.fixture
def world() -> World:
    return World()


def test_from_registration_to_quorum(world: World) -> None:
    face, signers = world.at(registry.DA_REGISTRY, "DARegistry"), world.at(registry.DA_SIGNERS, "IDASigners")
    assert not signers.call("isSigner", ALICE)
    result = world.raw(
        ALICE, registry.DA_REGISTRY,
        face.interface.function("registerSigner").encode_call(detail(ALICE), sign(registration(world, ALICE))),
    )  # fmt: skip
    assert result["success"], face.interface.explain_revert(result["output"])
    assert [name for name, _ in signers.events(result["logs"])] == ["NewSigner", "SocketUpdated"]
    assert signers.call("isSigner", ALICE)
    (stored,) = signers.call("getSigner", [ALICE])
    assert stored == detail(ALICE)
    assert world.account(registry.DA_SIGNERS)[2] == b"\x01"

    face.send(ALICE, "registerNextEpoch", sign(epoch_digest(world, ALICE, 1)))
    assert signers.call("registeredEpoch", ALICE, 1)
    signers.send(BOB, "makeEpoch")
    assert signers.call("epochNumber") == 1
    assert signers.call("quorumCount", 1) == 10
    assert signers.call("getQuorum", 1, 0) == [ALICE] * 3072
    assert signers.call("getQuorumRow", 1, 9, 3071) == ALICE
    key, total, hit = signers.call("getAggPkG1", 1, 0, b"\x01" + bytes(383))
    assert (key, total, hit) == (detail(ALICE)[2], 3072, 3072)


def test_votes_are_liquid_balance(world: World) -> None:
    """A signer with 95 0G gets three ballots: one quorum that repeats them."""
    poor = b"\x77" * 20
    world.raw(ALICE, poor, b"", 95 * ONE)
    face, signers = world.at(registry.DA_REGISTRY, "DARegistry"), world.at(registry.DA_SIGNERS, "IDASigners")
    face.send(poor, "registerSigner", detail(poor), sign(registration(world, poor)))
    face.send(poor, "registerNextEpoch", sign(epoch_digest(world, poor, 1)))
    signers.send(poor, "makeEpoch")
    assert signers.call("quorumCount", 1) == 1
    broke = b"\x78" * 20
    world.raw(ALICE, broke, b"", 29 * ONE)
    face.send(broke, "registerSigner", detail(broke), sign(registration(world, broke)))
    assert "NoVotes" in face.fails(broke, "registerNextEpoch", sign(epoch_digest(world, broke, 2)))


def test_refusals(world: World) -> None:
    face, signers = world.at(registry.DA_REGISTRY, "DARegistry"), world.at(registry.DA_SIGNERS, "IDASigners")
    good = sign(registration(world, ALICE))
    assert "NotTheSigner" in face.fails(BOB, "registerSigner", detail(ALICE), good)
    assert face.fails(ALICE, "registerSigner", detail(ALICE), sign(registration(world, BOB))) == "Refused()"
    assert face.fails(ALICE, "registerSigner", detail(ALICE, SECRET + 1), good) == "Refused()"
    mixed = (*detail(ALICE)[:3], detail(ALICE, SECRET + 1)[3])
    assert face.fails(ALICE, "registerSigner", mixed, good) == "Refused()"
    assert face.fails(ALICE, "registerNextEpoch", sign(epoch_digest(world, ALICE, 1))) == "Refused()"
    signers.fails(ALICE, "registerSigner", detail(ALICE), good)  # only the registry may
    face.send(ALICE, "registerSigner", detail(ALICE), good)
    assert face.fails(ALICE, "registerSigner", detail(ALICE), good) == "Refused()"
    assert 0 < SECRET < curve_order


def test_contracts_cannot_register(world: World) -> None:
    """Registration needs sender = origin: a contract in between (here a proxy onto the registry) is refused."""
    proxy = world.deploy(ALICE, load("BeaconProxy"), registry.DA_REGISTRY_BEACON, b"")
    relay = world.at(proxy, "DARegistry")
    # The proxy delegates, so the registry's code runs with the caller's sender; its own address is not the registry's.
    assert relay.fails(ALICE, "registerSigner", detail(ALICE), sign(registration(world, ALICE))) == "Refused()"

"""The staking contract and its validators: the documented life, the money in every step, and who may do what."""

from __future__ import annotations

from functools import cache

import pytest
from py_ecc.bls import G2ProofOfPossession as Bls
from tests.unit.contracts.contract_kit import ALICE, BOB, GWEI, ONE, OWNER, At, World

from zerog._native import keccak256
from zerog.contracts import registry
from zerog.contracts.artifact import create2_address, load
from zerog.types import Address

ME = ("me", "", "https://example.org", "", "a validator")
RATE = 50_000
FEE_GWEI = 7
STAKE = 32 * ONE
CAROL = Address(b"\xca" * 20)


@cache
def pubkey(secret: int) -> bytes:
    return bytes(Bls.SkToPk(secret))


def sign(secret: int, message: bytes) -> bytes:
    return bytes(Bls.Sign(secret, message))


@cache
def one_signature(secret: int, message: bytes) -> bytes:
    return sign(secret, message)


def staking(world: World) -> At:
    return world.at(registry.STAKING, "StakingContract")


def create(world: World, secret: int = 11, operator: Address = ALICE, value: int = STAKE) -> At:
    """A validator with a signature that fits."""
    key = pubkey(secret)
    contract = staking(world)
    message = contract.call("depositMessage", key, value // GWEI)
    contract.send(
        operator,
        "createAndInitializeValidatorIfNecessary",
        ME,
        RATE,
        FEE_GWEI,
        key,
        one_signature(secret, message),
        value=value,
    )
    return world.at(contract.call("getValidator", key), "ValidatorContract")


@pytest.fixture
def world() -> World:
    return World()


def test_parameters_are_those_of_genesis(world: World) -> None:
    contract = staking(world)
    values = registry.staking_values(world.net.owner, b"", world.net.staking)
    for name in ("maxValidatorCount", "communityTaxRate", "minWithdrawabilityDelay", "minActivationStakesInGwei",
                 "maxEffectiveStakesInGwei", "effectiveDelegationInGwei", "minDelegationInGwei"):  # fmt: skip
        assert contract.call(name) == values[name], name
    assert contract.call("owner") == OWNER
    assert contract.call("validatorCount") == 0
    assert contract.call("getValidator", pubkey(1)) == bytes(20)


def test_the_address_depends_on_the_key_alone(world: World) -> None:
    key = pubkey(11)
    expected = create2_address(registry.STAKING, keccak256(key), load("ValidatorContract").bytecode)
    assert staking(world).call("computeValidatorAddress", key) == expected
    assert create(world).address == expected


def test_created_by_anybody_initialized_by_who_has_the_signature(world: World) -> None:
    contract, key = staking(world), pubkey(12)
    assert "ValidatorMissing" in contract.fails(ALICE, "initializeValidator", ME, RATE, 0, key, bytes(96), value=STAKE)
    events = contract.send(BOB, "createValidator", key)
    assert [name for name, _ in events] == ["ValidatorCreated"]
    assert "ValidatorExists" in contract.fails(BOB, "createValidator", key)
    signature = sign(12, contract.call("depositMessage", key, STAKE // GWEI))
    events = contract.send(ALICE, "initializeValidator", ME, RATE, FEE_GWEI, key, signature, value=STAKE)
    assert events[-1][1]["operator"] == ALICE
    assert "AlreadyInitialized" in contract.fails(ALICE, "initializeValidator", ME, RATE, FEE_GWEI, key, signature, value=STAKE)
    validator = world.at(contract.call("getValidator", key), "ValidatorContract")
    assert validator.call("operator") == ALICE
    assert validator.call("tokens") == validator.call("delegatorShares") == STAKE
    assert validator.call("getDelegation", ALICE) == (ALICE, STAKE)
    assert validator.call("commissionRate") == RATE
    assert validator.call("withdrawalFeeInGwei") == FEE_GWEI
    assert validator.call("pubkey") == key
    assert validator.call("description") == ME
    assert contract.call("validatorCount") == 1
    assert contract.call("validators", 0, 10) == [validator.address]
    assert contract.call("validators", 1, 10) == []


def test_wrong_signatures_are_refused(world: World) -> None:
    contract, key = staking(world), pubkey(13)
    message = contract.call("depositMessage", key, STAKE // GWEI)
    good = sign(13, message)
    other_amount = sign(13, contract.call("depositMessage", key, STAKE // GWEI + 1))
    infinity = b"\xc0" + bytes(95)
    uncompressed_flag = bytes([good[0] & 0x7F]) + good[1:]
    negated = bytes([good[0] ^ 0x20]) + good[1:]
    not_on_curve = bytes([0x80]) + bytes(94) + b"\x01"
    too_large = b"\x9f" + b"\xff" * 95
    cases = {
        "another key": (sign(14, message), "BadSignature"),
        "another amount": (other_amount, "BadSignature"),
        "negated": (negated, "BadSignature"),
        "infinity": (infinity, "BadPoint"),
        "flag": (uncompressed_flag, "BadPoint"),
        "off the curve": (not_on_curve, "BadPoint"),
        "above the field": (too_large, "BadPoint"),
        "short": (good[:95], "BadPoint"),
        "long": (good + b"\x00", "BadPoint"),
        "empty": (b"", "BadPoint"),
    }
    for name, (signature, error) in cases.items():
        reason = contract.fails(
            ALICE, "createAndInitializeValidatorIfNecessary", ME, RATE, FEE_GWEI, key, signature, value=STAKE
        )
        assert error in reason or (error == "BadPoint" and "0x" in reason), f"{name}: {reason}"
    contract.send(ALICE, "createAndInitializeValidatorIfNecessary", ME, RATE, FEE_GWEI, key, good, value=STAKE)


def test_a_signature_point_outside_the_subgroup_is_refused(world: World) -> None:
    """On the curve but not in the group of order r: found by trying x; the pairing precompile must say no."""
    from py_ecc.bls.g2_primitives import G2_to_signature
    from py_ecc.bls.point_compression import modular_squareroot_in_FQ2
    from py_ecc.fields import optimized_bls12_381_FQ2 as FQ2
    from py_ecc.optimized_bls12_381 import b2, curve_order, is_on_curve, multiply

    for value in range(1, 50):
        x = FQ2([value, 1])
        y = modular_squareroot_in_FQ2(x**3 + b2)
        if y is not None:
            break
    point = (x, y, FQ2([1, 0]))
    assert is_on_curve(point, b2)
    assert multiply(point, curve_order)[2] != FQ2([0, 0])
    reason = staking(world).fails(
        ALICE, "createAndInitializeValidatorIfNecessary", ME, RATE, 0, pubkey(13), bytes(G2_to_signature(point)), value=STAKE
    )
    assert "BadPoint" in reason or "0x" in reason


@pytest.mark.parametrize("key", [b"", bytes(47), bytes(48), b"\xc0" + bytes(47), b"\x80" + bytes(47), b"\x9f" + b"\xff" * 47])
def test_keys_that_are_no_points_are_refused(world: World, key: bytes) -> None:
    reason = staking(world).fails(ALICE, "createValidator", key)
    assert "BadPubkey" in reason or "BadPoint" in reason or "0x" in reason


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"value": STAKE - 1}, "BadAmount"), ({"value": STAKE + 1}, "BadAmount"), ({"rate": 1_000_001}, "BadCommissionRate"),
        ({"description": ("m" * 71, "", "", "", "")}, "DescriptionTooLong(field=0"),
        ({"description": ("", "i" * 3001, "", "", "")}, "DescriptionTooLong(field=1"),
        ({"description": ("", "", "w" * 141, "", "")}, "DescriptionTooLong(field=2"),
        ({"description": ("", "", "", "s" * 141, "")}, "DescriptionTooLong(field=3"),
        ({"description": ("", "", "", "", "d" * 281)}, "DescriptionTooLong(field=4"),
    ],
)  # fmt: skip
def test_limits(world: World, change: dict[str, object], error: str) -> None:
    arguments = {"description": ME, "rate": RATE, "value": STAKE, **change}
    reason = staking(world).fails(
        ALICE, "createAndInitializeValidatorIfNecessary", arguments["description"], arguments["rate"], 0, pubkey(11), bytes(96),
        value=arguments["value"],  # type: ignore[arg-type]
    )  # fmt: skip
    assert error in reason


def test_no_more_validators_than_allowed(world: World) -> None:
    contract = staking(world)
    parameters = (1, 20_000, 10, 32 * GWEI, 10**8 * GWEI, GWEI, GWEI)
    assert "NotOwner" in contract.fails(ALICE, "setParameters", parameters)
    contract.send(OWNER, "setParameters", parameters)
    contract.send(ALICE, "createValidator", pubkey(21))
    contract.send(ALICE, "createValidator", pubkey(22))  # without a stake it takes no place
    assert contract.call("validatorCount") == 0
    create(world, 11)
    assert "TooManyValidators" in contract.fails(
        ALICE, "initializeValidator", ME, RATE, FEE_GWEI, pubkey(21), bytes(96), value=STAKE
    )


def test_delegations_and_their_delay(world: World) -> None:
    validator = create(world)
    assert "DelegationBelowMinimum" in validator.fails(BOB, "delegate", BOB, value=ONE - 1)
    assert "ZeroAddress" in validator.fails(BOB, "delegate", bytes(20), value=ONE)
    validator.send(BOB, "delegate", BOB, value=8 * ONE)
    assert validator.call("getDelegation", BOB) == (BOB, 8 * ONE)
    assert validator.call("tokens") == 40 * ONE
    fee = FEE_GWEI * GWEI
    assert "NotEnoughWithdrawalFee" in validator.fails(BOB, "undelegate", CAROL, ONE, value=fee - 1)
    assert "NotEnoughShares" in validator.fails(BOB, "undelegate", CAROL, 8 * ONE + 1, value=fee)
    assert "NotEnoughShares" in validator.fails(BOB, "undelegate", CAROL, 0, value=fee)
    world.number = 100
    ((name, event),) = validator.send(BOB, "undelegate", CAROL, 3 * ONE, value=fee)
    assert name == "Undelegated"
    assert event["completionHeight"] == 110
    assert validator.call("undelegations", 0, 5) == [(110, CAROL, 3 * ONE)]
    assert validator.call("tokens") == 37 * ONE
    assert validator.call("commission") == fee
    world.number = 109
    validator.send(ALICE, "completeUndelegations", 10)
    assert world.balance(CAROL) == 0
    world.number = 110
    validator.send(ALICE, "completeUndelegations", 10)
    assert world.balance(CAROL) == 3 * ONE
    assert validator.call("undelegationCount") == 0
    assert world.balance(validator.address) == 37 * ONE + fee


def test_rewards_run_down_the_waterfall(world: World) -> None:
    """Community tax, then the operator's commission, then pro rata to shares; `tokens` tells before anything is touched."""
    validator = create(world)
    validator.send(BOB, "delegate", BOB, value=8 * ONE)
    world.reward(validator.address, 10 * GWEI)  # 10 0G
    tax = 10 * ONE * 20_000 // 1_000_000
    commission = (10 * ONE - tax) * RATE // 1_000_000
    rest = 10 * ONE - tax - commission
    assert validator.call("tokens") == 40 * ONE + rest
    assert validator.call("bonded") == 40 * ONE
    told = world.native.system_call(world.env(), registry.SYSTEM, validator.address, (10 * ONE).to_bytes(32, "big"))
    assert told["success"]
    assert validator.call("bonded") == validator.call("tokens") == 40 * ONE + rest
    assert validator.call("communityTax") == tax
    assert validator.call("commission") == commission
    assert "NotOperator" in validator.fails(BOB, "withdrawCommission", BOB)
    validator.send(ALICE, "withdrawCommission", CAROL)
    assert world.balance(CAROL) == commission
    validator.send(CAROL, "withdrawCommunityTax")
    assert world.balance(registry.STAKING) == tax
    assert "NotOwner" in staking(world).fails(ALICE, "withdrawCommunityPool", ALICE, tax)
    staking(world).send(OWNER, "withdrawCommunityPool", CAROL, tax)
    assert world.balance(CAROL) == commission + tax
    world.number = 50
    validator.send(BOB, "undelegate", BOB, 8 * ONE, value=FEE_GWEI * GWEI)
    assert validator.call("undelegations", 0, 1)[0][2] == 8 * ONE * (40 * ONE + rest) // (40 * ONE)


def test_a_delegation_does_not_take_part_in_earlier_rewards(world: World) -> None:
    validator = create(world)
    world.reward(validator.address, 8 * GWEI)
    before = validator.call("tokens")
    validator.send(BOB, "delegate", BOB, value=10 * ONE)
    shares = validator.call("getDelegation", BOB)[1]
    assert shares == 10 * ONE * STAKE // before
    assert abs(shares * validator.call("tokens") // validator.call("delegatorShares") - 10 * ONE) <= 1


def test_strangers_cannot_distribute(world: World) -> None:
    validator = create(world)
    result = world.raw(ALICE, validator.address, bytes(32))
    assert not result["success"]
    result = world.native.system_call(world.env(), registry.SYSTEM, validator.address, bytes(31))
    assert not result["success"]


def test_slashing_is_the_systems_alone(world: World) -> None:
    validator = create(world)
    contract = staking(world)
    validator.send(BOB, "delegate", BOB, value=8 * ONE)
    assert "NotSystem" in contract.fails(OWNER, "slashValidator", validator.address, ONE)
    assert "NotStaking" in validator.fails(OWNER, "slash", ONE)
    done = contract.system("slashValidator", validator.address, 10 * ONE)
    assert done["success"], done
    ((name, event),) = contract.events(done["logs"])
    assert name == "ValidatorSlashed"
    assert event["burnt"] == 10 * ONE
    assert validator.call("tokens") == 30 * ONE
    assert world.balance(validator.address) == 30 * ONE
    assert contract.call("effectiveStakesInGwei", validator.address) == 0  # below the activation stake
    assert not contract.system("slashValidator", CAROL, ONE)["success"]


def test_slashing_spares_what_is_leaving_and_stops_at_nothing(world: World) -> None:
    validator = create(world)
    validator.send(ALICE, "undelegate", CAROL, 12 * ONE, value=FEE_GWEI * GWEI)
    done = staking(world).system("slashValidator", validator.address, 1000 * ONE)
    assert done["success"]
    assert validator.call("tokens") == 0
    assert "ValidatorEmpty" in validator.fails(BOB, "delegate", BOB, value=ONE)
    world.number = 100
    validator.send(BOB, "completeUndelegations", 10)
    assert world.balance(CAROL) == 12 * ONE


def test_voting_weight(world: World) -> None:
    contract, validator = staking(world), create(world)
    assert contract.call("effectiveStakesInGwei", validator.address) == 32 * GWEI
    validator.send(BOB, "delegate", BOB, value=3 * ONE // 2)
    assert contract.call("effectiveStakesInGwei", validator.address) == 33 * GWEI
    parameters = (100, 20_000, 10, 32 * GWEI, 33 * GWEI - 1, GWEI, GWEI)
    contract.send(OWNER, "setParameters", parameters)
    assert contract.call("effectiveStakesInGwei", validator.address) == 32 * GWEI


def test_a_receiver_that_refuses_does_not_stop_the_queue(world: World) -> None:
    """Money that cannot be pushed waits; the staking registry's proxy refuses plain money."""
    validator = create(world)
    refuser = registry.DA_REGISTRY
    validator.send(ALICE, "undelegate", refuser, ONE, value=FEE_GWEI * GWEI)
    validator.send(ALICE, "undelegate", CAROL, ONE, value=FEE_GWEI * GWEI)
    world.number = 100
    events = validator.send(BOB, "completeUndelegations", 10)
    assert [name for name, _ in events] == ["UndelegationKept", "UndelegationPaid"]
    assert world.balance(CAROL) == ONE
    assert validator.call("claimable", refuser) == ONE
    assert "TransferFailed" in validator.fails(BOB, "claim", refuser)
    assert "NothingToClaim" in validator.fails(BOB, "claim", BOB)


def test_genesis_storage_is_what_the_constructor_writes(world: World) -> None:
    """The same parameters through a real deployment: every slot equal."""
    made = load("StakingContract")
    values = world.net.staking
    address = world.deploy(
        ALICE, made, world.net.owner, staking(world).call("genesisId"),
        (values.max_validator_count, values.community_tax_rate, values.min_withdrawability_delay,
         values.min_activation_stakes_in_gwei, values.max_effective_stakes_in_gwei, values.effective_delegation_in_gwei,
         values.min_delegation_in_gwei),
    )  # fmt: skip
    world.native.root()
    dump = world.native.dump()
    assert dump[address]["storage"] == dump[registry.STAKING]["storage"]
    assert dump[address]["code"] == dump[registry.STAKING]["code"] == made.deployed

"""Every selector and event topic of chain.md sections 5 to 8 is what our artifacts answer to."""

from __future__ import annotations

import pytest

from zerog.contracts.artifact import load
from zerog.contracts.registry import NAMED, interface_at

DA_SIGNERS = """
cff0ab96 params()
f4145a83 epochNumber()
5ecba503 quorumCount(uint256)
7df73e27 isSigner(address)
d1f5e5f8 getSigner(address[])
6ab6f654 getQuorum(uint256,uint256)
fa6fcba6 getQuorumRow(uint256,uint256,uint32)
6c9e560c registeredEpoch(address,uint256)
50b73739 getAggPkG1(uint256,uint256,bytes)
7ca4dd5e registerSigner((address,string,(uint256,uint256),(uint256[2],uint256[2])),(uint256,uint256))
0f62bda5 registerNextEpoch(address,(uint256,uint256),uint256)
0cf4b767 updateSocket(string)
5a889f0c makeEpoch()
"""
DA_REGISTRY = """
7ca4dd5e registerSigner((address,string,(uint256,uint256),(uint256[2],uint256[2])),(uint256,uint256))
56a32372 registerNextEpoch((uint256,uint256))
"""
WRAPPED_BASE = """
a9283a7a getWA0GI()
95609212 minterSupply(address)
40c10f19 mint(address,uint256)
9dc29fac burn(address,uint256)
dddba6c8 setMinterCap(address,uint256,uint256)
"""
STAKING = """
a5a470ad createValidator(bytes)
fe630f9c initializeValidator((string,string,string,string,string),uint32,uint96,bytes,bytes)
e7740331 createAndInitializeValidatorIfNecessary((string,string,string,string,string),uint32,uint96,bytes,bytes)
b4891bfd getValidator(bytes)
1ab06aa7 computeValidatorAddress(bytes)
0f43a677 validatorCount()
2ceec630 maxValidatorCount()
892b77e7 minActivationStakesInGwei()
b69b365e maxEffectiveStakesInGwei()
4da9a9f3 communityTaxRate()
279a0d76 minWithdrawabilityDelay()
9f37d864 effectiveDelegationInGwei()
3e4208ef slashValidator(address,uint256)
"""
VALIDATOR = """
5c19a95c delegate(address)
4d99dd16 undelegate(address,uint256)
16c58d04 withdrawCommission(address)
9d63848a tokens()
6cfa8c66 delegatorShares()
2b293768 getDelegation(address)
5ea1d6f8 commissionRate()
09fd6393 withdrawalFeeInGwei()
"""
TABLES = {
    "IDASigners": DA_SIGNERS,
    "DARegistry": DA_REGISTRY,
    "IWrapped0GBase": WRAPPED_BASE,
    "StakingContract": STAKING,
    "ValidatorContract": VALIDATOR,
}
ROWS = [(contract, *line.split(" ", 1)) for contract, table in TABLES.items() for line in table.strip().splitlines()]


@pytest.mark.parametrize(("contract", "selector", "signature"), ROWS)
def test_selectors(contract: str, selector: str, signature: str) -> None:
    artifact = load(contract)
    assert artifact.methods[signature] == selector
    assert artifact.interface.function(signature).selector.hex() == selector
    if artifact.deployed:
        assert b"\x63" + bytes.fromhex(selector.removeprefix("00")) in artifact.deployed  # PUSH4 in the dispatcher


@pytest.mark.parametrize(
    ("event", "topic"),
    [
        ("NewSigner", "679917c2006df1daaa987a56bf1d66e99764d5ad317892d9e83a6eb4e3f051e7"),
        ("SocketUpdated", "09617a966176a40f8f1410768b118506db0096484acd5811064fcc12038798de"),
    ],
)
def test_topics(event: str, topic: str) -> None:
    assert load("IDASigners").interface.event(event).topic.hex() == topic


def test_named_contracts_have_interfaces() -> None:
    for address, artifact in NAMED.values():
        assert interface_at(address) is load(artifact).interface
    assert interface_at(bytes(20)) is None

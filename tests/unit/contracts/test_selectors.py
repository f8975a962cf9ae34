"""Every selector, event topic and error of chain.md §§5-8, storage.md §2 and da.md §3.3 is what our artifacts have."""

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
FLOW = """
bc8c11f8 submit(((uint256,bytes,(bytes32,uint256)[]),address))
49aa3395 batchSubmit(((uint256,bytes,(bytes32,uint256)[]),address)[])
ef3e12dc submit((uint256,bytes,(bytes32,uint256)[]))
9e62a38e batchSubmit((uint256,bytes,(bytes32,uint256)[])[])
80f55605 market()
127f0f07 getContext()
38d45e10 makeContext()
18a641ef makeContextFixedTimes(uint256)
b464b53e makeContextWithResult()
31bae174 queryContextAtPosition(uint128)
7d590708 getEpochRange(bytes32)
4282b532 getEpochRangeHistory(uint256)
6d7ad0fc getFlowRootByTxSeq(uint256)
b8a409ac submissionIndex()
77e19824 numSubmissions()
fd54b228 tree()
900cf0cf epoch()
93e405a0 epochStartPosition()
231b0268 firstBlock()
f0682054 blocksPerEpoch()
1deb0fca computeFlowRoot()
c7dd5221 rootHistory()
5c975abb paused()
"""
MARKET = """
61ec5082 pricePerSector()
da6eb36a chargeFee(uint256,uint256,uint256)
"""
ANSWER = "(bytes32,bytes32,bytes32,(uint256,uint256,uint64,uint64),uint256,uint256,bytes32,bytes32[128],bytes32[])"
MINE = f"""
ae722e82 submit({ANSWER})
296beba7 computeWorkerContext(bytes32)
e282e27b poraVersion()
047c13f5 requestMinerId(address,uint64)
39cd53ee beneficiaries(bytes32)
b0628ee0 transferBeneficial(address,bytes32)
ffbc9bd0 canSubmit()
"""
REWARD = """
59e96700 fillReward(uint256,uint256)
f301af42 rewards(uint256)
b7a3c04c claimMineReward(uint256,address,bytes32)
e2982c21 payments(address)
31b3eb94 withdrawPayments(address)
b3b30c1a firstRewardableChunk()
"""
POINT, KEY2 = "(uint256,uint256)", "(uint256[2],uint256[2])"
SAMPLE = "(bytes32,uint64,uint64,uint32,uint32,uint256,bytes32,bytes32[3],bytes32[],bytes)"
DA_ENTRANCE = f"""
d4ae59c9 submitOriginalData(bytes32[])
eafed6ce submitVerifiedCommitRoots((bytes32,uint256,uint256,{POINT},bytes,{KEY2},{POINT})[])
9da3a69b verifiedErasureCommitment(bytes32,uint256,uint256)
6a53525d commitmentExists(bytes32,uint256,uint256)
f6902775 submitSamplingResponse({SAMPLE})
988ea94e sampleTask()
6efc2555 sampleRange()
fff6cae9 sync()
e051d1ea syncFixedTimes(uint256)
ed88c68e donate()
e2982c21 payments(address)
31b3eb94 withdrawPayments(address)
76671808 currentEpoch()
3d00448a blobPrice()
3e898337 epochWindowSize()
7397eb33 nextSampleHeight()
98920f57 samplePeriod()
c8d3b359 podasTarget()
"""
TABLES = {
    "DAEntrance": DA_ENTRANCE,
    "IDASigners": DA_SIGNERS,
    "DARegistry": DA_REGISTRY,
    "IWrapped0GBase": WRAPPED_BASE,
    "StakingContract": STAKING,
    "ValidatorContract": VALIDATOR,
    "Flow": FLOW,
    "FixedPrice": MARKET,
    "PoraMine": MINE,
    "ChunkLinearReward": REWARD,
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
    ("contract", "event", "topic"),
    [
        ("IDASigners", "NewSigner", "679917c2006df1daaa987a56bf1d66e99764d5ad317892d9e83a6eb4e3f051e7"),
        ("IDASigners", "SocketUpdated", "09617a966176a40f8f1410768b118506db0096484acd5811064fcc12038798de"),
        ("DAEntrance", "DataUpload", "57b8b1a6583dc6ce934dfba3d66f2a8e1591b6e171bb2e0921cc64640277087b"),
        ("DAEntrance", "ErasureCommitmentVerified", "0f1b20d87bebd11dddaaab51f01cf2726880cb3f8073b636dbafa2aa8cacd256"),
        ("DAEntrance", "NewSampleRound", "dfb5db5886e81f083727f21152a2a83457e99364e9f104e1aa10bbd6d9b4b95f"),
        ("DAEntrance", "DAReward", "c3898eb7106c1cb2f727da316a76320c0035f5692950aa7f6b65d20a5efaedc5"),
        ("Flow", "Submit", "167ce04d2aa1981994d3a31695da0d785373335b1078cec239a1a3a2c7675555"),
        ("Flow", "NewEpoch", "bc8a3fd82465d43f1709e44ed882f7e1af0147274196ef1ec009f5d52ff4e993"),
        ("PoraMine", "NewMinerId", "bfeb006f16aca8eb3d9953cf44db6b11b6f3041a313875dfa18f2e9d71bd309e"),
        ("PoraMine", "UpdateMinerId", "9a26a8e7fd42c501b452c02016def8048e3ea28c2bf15127a9b5e2029d989bf1"),
        ("PoraMine", "NewSubmission", "fedd8f58059af8fd54b4394c01ea8d07cac041988be3b5a822fb779f9c8de3a4"),
        ("ChunkLinearReward", "DistributeReward", "f099de0c527342bff1397d08daae31c3de66104f48886094fbe9126a21ebf4b0"),
    ],
)
def test_topics(contract: str, event: str, topic: str) -> None:
    assert load(contract).interface.event(event).topic.hex() == topic


@pytest.mark.parametrize(("error", "selector"), [("NotEnoughFee", "f85c6482"), ("EnforcedPause", "d93c0665")])
def test_errors(error: str, selector: str) -> None:
    assert load("Flow").interface.errors[bytes.fromhex(selector)].name == error


@pytest.mark.parametrize(
    ("contract", "function", "outputs"),
    [
        ("Flow", "submit", "uint256,bytes32,uint256,uint256"),
        ("Flow", "batchSubmit", "uint256[],bytes32[],uint256[],uint256[]"),
        ("Flow", "getContext", "(uint256,uint256,bytes32,uint256,bytes32,bytes32)"),
        ("Flow", "makeContextWithResult", "(uint256,uint256,bytes32,uint256,bytes32,bytes32)"),
        ("Flow", "queryContextAtPosition", "(uint128,uint128,bytes32)"),
        ("Flow", "getEpochRange", "(uint128,uint128)"),
        ("Flow", "tree", "uint256,uint256"),
        ("Flow", "market", "address"),
        (
            "PoraMine",
            "computeWorkerContext",
            "((uint256,uint256,bytes32,uint256,bytes32,bytes32),uint256,bytes32,uint64)",
        ),
        ("PoraMine", "poraVersion", "uint64"),
        ("ChunkLinearReward", "rewards", "(uint128,uint128,uint128,uint40,uint40)"),
        ("ChunkLinearReward", "firstRewardableChunk", "uint64,uint256"),
    ],
)
def test_results(contract: str, function: str, outputs: str) -> None:
    assert ",".join(str(kind) for kind in load(contract).interface.function(function).outputs) == outputs


def test_named_contracts_have_interfaces() -> None:
    for address, artifact in NAMED.values():
        assert interface_at(address) is load(artifact).interface
    assert interface_at(bytes(20)) is None

"""Which contract answers at which address, and the accounts that genesis puts there.

Fixed addresses and their origin: docs/protocol/chain.md, sections 3.7, 4-8. The byte code of the four Ethereum system
contracts is the text of their EIPs. Predeployed contracts carry the storage that their constructors would have written,
computed from the compiler's own layout (``Artifact.storage``), so genesis needs no execution.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from zerog._native import keccak256
from zerog.contracts.artifact import Artifact, load
from zerog.errors import InvalidInput
from zerog.types import Address, parse_address
from zerog.wire.abi import Interface

DA_SIGNERS: Final = parse_address("0x0000000000000000000000000000000000001000")
WRAPPED_BASE: Final = parse_address("0x0000000000000000000000000000000000001002")
SYSTEM: Final = parse_address("0xfffffffffffffffffffffffffffffffffffffffe")

DA_REGISTRY_IMPLEMENTATION: Final = parse_address("0x7ad29425f6d68ed6bd8eb8a77d73bb2ad81b8afa")
DA_REGISTRY_BEACON: Final = parse_address("0x762662fb644cdd051f35e0dd8fb6ac15a4bf65ad")
DA_REGISTRY: Final = parse_address("0x20f30b2584f3096ea0d6c18c3b5cacc0585e12fc")
W0G: Final = parse_address("0x1cd0690ff9a693f5ef2dd976660a8dafc81a109c")
AGENCY_IMPLEMENTATION: Final = parse_address("0xcc46de259693c7ca0a776903381fd9b30f797368")
AGENCY_BEACON: Final = parse_address("0x357f0f6bff45b51bd84121aab517c63c3c9d003a")
AGENCY: Final = parse_address("0xe1a5162f99e075f8c6681ae28191ab3ac250b468")
STAKING: Final = parse_address("0xea224dbb52f57752044c0c86ad50930091f561b9")
INITIAL_OWNER: Final = parse_address("0x2d7f2d2286994477ba878f321b17a7e40e52cda4")

# The storage network's contracts: the last 20 bytes of keccak256("zerog storage flow") and so on.
FLOW: Final = parse_address("0x9f7d7d4ebb8ea44cb5cf7081a7032bd87ed7b99d")
MARKET: Final = parse_address("0x0dd14210a92af93ecc45cc2c91f0fdc6c1ecb614")
MINE: Final = parse_address("0xd11a436c6e82fbbf23bd91a058d10bc78034e12d")
REWARD: Final = parse_address("0x416cf18fbf4955382397696e98e3eccf23ab05a2")

# The entrance of data availability: the last 20 bytes of keccak256("zerog da entrance").
DA_ENTRANCE: Final = parse_address("0xd93b844a6795c2f49f6d7b70dd9481600ec1d9f4")

# The compute network's contracts stand where the official JS client looks for them on the testnet, which it takes any chain
# it does not know to be (compute.md, section 2.1). Behind them: keccak256("zerog compute ledger implementation") and so on.
LEDGER: Final = parse_address("0xe70830508dac0a97e6c087c75f402f9be669e406")
INFERENCE: Final = parse_address("0xa79f4c8311ff93c06b8cfb403690cc987c93f91e")
FINE_TUNING: Final = parse_address("0xc6c075d8039763c8f1ebe580be5addf2fd6941ba")

ADMIN_ROLE: Final = bytes(32)
PAUSER_ROLE: Final = bytes(keccak256(b"PAUSER_ROLE"))
PARAMS_ADMIN_ROLE: Final = bytes(keccak256(b"PARAMS_ADMIN_ROLE"))
EMPTY_HASH: Final = bytes(keccak256(b""))

# (sender, transactions it sent, what it paid for them): the keyless deployers of the contracts above
KEYLESS_SENDERS: Final = (
    (parse_address("0xeb995d37799ad4a2db524e5ff0825ae2d4711757"), 3, 3 * 10**17),
    (parse_address("0x873cd27b6833e6394c34a00c37b260aca5abc0b6"), 1, 10**17),
    (parse_address("0x3504d167b83f6fc763ed006ad9b3ae2c90ad1c5b"), 3, 3 * 10**17),
)

BEACON_SLOT: Final = int.from_bytes(keccak256(b"eip1967.proxy.beacon"), "big") - 1

BEACON_ROOTS: Final = parse_address("0x000f3df6d732807ef1319fb7b8bb8522d0beac02")
HISTORY_STORAGE: Final = parse_address("0x0000f90827f1c53a10cb7a02335b175320002935")
WITHDRAWAL_REQUESTS: Final = parse_address("0x00000961ef480eb55e80d19ad83579a64c007002")
CONSOLIDATION_REQUESTS: Final = parse_address("0x0000bbddc7ce488642fb579f8b00f3a590007251")

SYSTEM_CONTRACTS: Final[Mapping[Address, bytes]] = {
    # EIP-4788, "Block processing" and "Deployment"
    BEACON_ROOTS: bytes.fromhex(
        "3373fffffffffffffffffffffffffffffffffffffffe14604d57602036146024575f5ffd5b5f35801560495762001fff810690815414603c"
        "575f5ffd5b62001fff01545f5260205ff35b5f5ffd5b62001fff42064281555f359062001fff015500"
    ),
    # EIP-2935, "EVM Assembly"
    HISTORY_STORAGE: bytes.fromhex(
        "3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611f"
        "ff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500"
    ),
    # EIP-7002, "Deployment"
    WITHDRAWAL_REQUESTS: bytes.fromhex(
        "3373fffffffffffffffffffffffffffffffffffffffe1460cb5760115f54807fffffffffffffffffffffffffffffffffffffffffffffffff"
        "ffffffffffffffff146101f457600182026001905f5b5f82111560685781019083028483029004916001019190604d565b90939004925050"
        "5036603814608857366101f457346101f4575f5260205ff35b34106101f45760015460010160015560035480600302600401338155600101"
        "5f35815560010160203590553360601b5f5260385f601437604c5fa0600101600355005b6003546002548082038060101160df575060105b"
        "5f5b8181146101835782810160030260040181604c02815460601b8152601401816001015481526020019060020154807fffffffffffffff"
        "ffffffffffffffffff00000000000000000000000000000000168252906010019060401c908160381c81600701538160301c816006015381"
        "60281c81600501538160201c81600401538160181c81600301538160101c81600201538160081c81600101535360010160e1565b91018092"
        "1461019557906002556101a0565b90505f6002555f6003555b5f54807fffffffffffffffffffffffffffffffffffffffffffffffffffffff"
        "ffffffffff14156101cd57505f5b6001546002828201116101e25750505f6101e8565b01600290035b5f555f600155604c025ff35b5f5ffd"
    ),
    # EIP-7251, "Execution layer"
    CONSOLIDATION_REQUESTS: bytes.fromhex(
        "3373fffffffffffffffffffffffffffffffffffffffe1460d35760115f54807fffffffffffffffffffffffffffffffffffffffffffffffff"
        "ffffffffffffffff1461019a57600182026001905f5b5f82111560685781019083028483029004916001019190604d565b90939004925050"
        "50366060146088573661019a573461019a575f5260205ff35b341061019a5760015460010160015560035480600402600401338155600101"
        "5f358155600101602035815560010160403590553360601b5f5260605f60143760745fa0600101600355005b600354600254808203806002"
        "1160e7575060025b5f5b8181146101295782810160040260040181607402815460601b815260140181600101548152602001816002015481"
        "526020019060030154905260010160e9565b910180921461013b5790600255610146565b90505f6002555f6003555b5f54807fffffffffff"
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffff141561017357505f5b6001546001828201116101885750505f61018e56"
        "5b01600190035b5f555f6001556074025ff35b5f5ffd"
    ),
}


@dataclass(frozen=True)
class Predeploy:
    """An account of genesis that has code."""

    address: Address
    code: bytes
    storage: Mapping[int, int] = field(default_factory=dict)
    balance: int = 0


@dataclass(frozen=True)
class StakingParameters:
    """What the staking contract starts with. Rates are parts per million, the delay is in blocks, stakes are gwei.

    The maximal number of validators and the delay are not published for the public networks; see chain.md section 14.
    """

    max_validator_count: int = 100
    community_tax_rate: int = 20_000
    min_withdrawability_delay: int = 345_600
    min_activation_stakes_in_gwei: int = 32 * 10**9
    max_effective_stakes_in_gwei: int = 100_000_000 * 10**9
    effective_delegation_in_gwei: int = 10**9
    min_delegation_in_gwei: int = 10**9


@dataclass(frozen=True)
class StorageParameters:
    """What the storage network's contracts start with, and where they stand. Prices are wei, times seconds.

    The price is that of three months at one token per 256 GiB and year, the parameters of mining those of the published
    development configuration. With epochs this long there is no mining and a submission never has epochs to catch up with;
    ``setBlocksPerEpoch`` of the flow begins it.
    """

    flow: Address = FLOW
    market: Address = MARKET
    mine: Address = MINE
    reward: Address = REWARD
    price_per_sector: int = 3 * 10**18 // 2**30 // 12
    blocks_per_epoch: int = 10**9
    release_seconds: int = 3 * 31 * 86_400
    difficulty: int = 30_000
    target_mine_blocks: int = 100
    target_submissions: int = 10
    max_shards: int = 32
    subtasks: int = 1
    subtask_interval: int = 100
    mine_settings: int = 0


@dataclass(frozen=True)
class DAParameters:
    """What the entrance of data availability starts with. Periods are blocks, windows are epochs, prices and rewards wei.

    ``signers_version`` is 3 for the DASigners of this chain, whose epochs begin by ``makeEpoch``, and 2 for the older module,
    whose chain begins one every ``epoch_blocks``. The other values are the published ones.
    """

    entrance: Address = DA_ENTRANCE
    signers_version: int = 3
    epoch_blocks: int = 5760
    sample_period: int = 30
    target_round_submissions: int = 20
    epoch_window_size: int = 300
    reward_ratio: int = 1_200_000
    base_reward: int = 0
    blob_price: int = 0
    service_fee_rate_bps: int = 0


@dataclass(frozen=True)
class ComputeParameters:
    """What the compute network's contracts start with. Amounts are wei, times seconds.

    The minima are smaller than those of the public networks (3 and 1 tokens), because the published Python client opens
    ledgers and accounts with amounts below those; whoever keeps the public networks' own amounts is not hindered.
    """

    min_account_balance: int = 10**16
    min_transfer_amount: int = 10**15
    lock_time: int = 86_400
    penalty_percentage: int = 30


def predeploys(
    owner: Address,
    genesis_id: bytes,
    staking: StakingParameters,
    storage: StorageParameters | None = None,
    da: DAParameters | None = None,
    compute: ComputeParameters | None = None,
    timestamp: int = 0,
) -> list[Predeploy]:
    """Every contract that a 0G chain has from its first block on.

    Those of storage, DA and compute too, where their values are given; ``timestamp`` is that of genesis.
    """
    registry, agency = load("DARegistry"), load("W0GAgency")
    register = load("StakingContract")
    return [
        *[Predeploy(address, code) for address, code in SYSTEM_CONTRACTS.items()],
        *_behind(owner, DA_REGISTRY_BEACON, DA_REGISTRY_IMPLEMENTATION, registry, DA_REGISTRY),
        Predeploy(W0G, load("W0G").deployed),
        *_behind(owner, AGENCY_BEACON, AGENCY_IMPLEMENTATION, agency, AGENCY),
        Predeploy(STAKING, register.deployed, register.storage(staking_values(owner, genesis_id, staking))),
        *([] if storage is None else storage_predeploys(owner, storage)),
        *([] if da is None else [da_predeploy(owner, da)]),
        *([] if compute is None else compute_predeploys(owner, compute, timestamp)),
    ]


def da_predeploy(owner: Address, da: DAParameters) -> Predeploy:
    """DAEntrance, as ``owner`` would have deployed and initialized it before the first block.

    Raises:
        InvalidInput: a value that the contract would refuse.
    """
    if da.signers_version not in (2, 3):
        raise InvalidInput(f"da entrance: expected signers_version 2 or 3, found {da.signers_version}")
    for name in ("sample_period", "target_round_submissions", "reward_ratio", "epoch_blocks"):
        if not 1 <= getattr(da, name) < 1 << 64:
            raise InvalidInput(f"da entrance: expected {name} between 1 and 2^64, found {getattr(da, name)}")
    if not 0 <= da.service_fee_rate_bps <= 10_000:
        raise InvalidInput(f"da entrance: expected a service fee of at most 10000 bps, found {da.service_fee_rate_bps}")
    made = load("DAEntrance")
    values: dict[str, int | bytes] = {
        "_initialized": 1,
        "daSigners": DA_SIGNERS,
        "signersVersion": da.signers_version,
        "samplePeriod": da.sample_period,
        "nextSampleHeight": da.sample_period,
        "targetRoundSubmissions": da.target_round_submissions,
        "targetRoundSubmissionsNext": da.target_round_submissions,
        "epochWindowSize": da.epoch_window_size,
        "rewardRatio": da.reward_ratio,
        "baseReward": da.base_reward,
        "blobPrice": da.blob_price,
        "serviceFeeRateBps": da.service_fee_rate_bps,
        "treasury": owner,
        "podasTarget": ((1 << 256) - 1) // 128,
    }
    granted = {made.entry("_roles", role, owner): 1 for role in (ADMIN_ROLE, PARAMS_ADMIN_ROLE)}
    return Predeploy(da.entrance, made.deployed, {**made.storage(values), **granted})


def _behind(
    owner: Address,
    beacon_address: Address,
    implementation: Address,
    made: Artifact,
    address: Address,
    slots: Mapping[int, int] | None = None,
    locked: Mapping[int, int] | None = None,
) -> list[Predeploy]:
    """An implementation, its beacon and its proxy. ``slots`` are the proxy's storage, ``locked`` the implementation's."""
    beacon, proxy = load("UpgradeableBeacon"), load("BeaconProxy")
    held = made.storage({"owner": owner}) if slots is None else slots
    return [
        Predeploy(implementation, made.deployed, locked or {}),
        Predeploy(beacon_address, beacon.deployed, beacon.storage({"owner": owner, "implementation": implementation})),
        Predeploy(address, proxy.deployed, {**held, BEACON_SLOT: int.from_bytes(beacon_address, "big")}),
    ]


def compute_name(part: str) -> Address:
    """Where a part behind the compute network's proxies stands, such as ``ledger beacon``."""
    return Address(bytes(keccak256(b"zerog compute " + part.encode()))[12:])


def compute_predeploys(owner: Address, compute: ComputeParameters, timestamp: int) -> list[Predeploy]:
    """Ledger, inference and fine-tuning, as ``owner`` would have deployed, initialized and registered them.

    Raises:
        InvalidInput: a value that the contracts would refuse.
    """
    if not 3600 <= compute.lock_time <= 7 * 86_400:
        raise InvalidInput(f"compute contracts: expected lock_time of 3600 to {7 * 86_400} s, found {compute.lock_time}")
    if not 0 <= compute.penalty_percentage <= 100:
        raise InvalidInput(f"compute contracts: expected a penalty of 0 to 100 %, found {compute.penalty_percentage}")
    if not (timestamp > 0 and 0 <= compute.min_account_balance < 1 << 120 and 0 <= compute.min_transfer_amount < 1 << 120):
        raise InvalidInput("compute contracts: expected minima below 2^120 and the timestamp of genesis")
    ledger, inference, tuning = load("LedgerManager"), load("InferenceServing"), load("FineTuningServing")
    common: dict[str, int | bytes] = {"owner": owner, "initialized": 1}
    serving = {**common, "lockTime": compute.lock_time, "ledgerAddress": LEDGER}
    minima: dict[str, int | bytes] = {
        "_minAccountBalance": compute.min_account_balance,
        "_minTransferAmount": compute.min_transfer_amount,
    }
    book = ledger.storage({**common, **minima})
    listed = ledger.variables["_services"].slot
    first = int.from_bytes(keccak256(listed.to_bytes(32, "big")), "big")
    services = ((INFERENCE, b"inference"), (FINE_TUNING, b"fine-tuning"))
    book[listed] = len(services)
    for index, (service, kind) in enumerate(services):
        number = int.from_bytes(service, "big")
        record = ledger.entry("_registered", service)
        book[first + index] = number
        book[record] = timestamp | 1 << 64  # registered at, recommended
        book[record + 1], book[record + 2] = _short_string(kind), _short_string(b"v1.0")
        book[ledger.entry("_byName", bytes(keccak256(kind + b"-v1.0")))] = number
        book[ledger.entry("_recommended", bytes(keccak256(kind)))] = number

    def proxied(name: str, made: Artifact, address: Address, slots: Mapping[int, int]) -> list[Predeploy]:
        beacon, implementation = compute_name(f"{name} beacon"), compute_name(f"{name} implementation")
        return _behind(owner, beacon, implementation, made, address, slots, made.storage({"initialized": 1}))

    return [
        *proxied("ledger", ledger, LEDGER, book),
        *proxied("inference", inference, INFERENCE, inference.storage(serving)),
        *proxied(
            "fine_tuning", tuning, FINE_TUNING, tuning.storage({**serving, "penaltyPercentage": compute.penalty_percentage})
        ),
    ]


def _short_string(text: bytes) -> int:
    """The slot of a Solidity string of up to 31 bytes."""
    return int.from_bytes(text.ljust(31, b"\0") + bytes([2 * len(text)]), "big")


def storage_predeploys(owner: Address, storage: StorageParameters) -> list[Predeploy]:
    """Flow, market, mine and reward, as ``owner`` would have deployed and initialized them.

    Raises:
        InvalidInput: a value that the contracts would refuse.
    """
    for name in ("blocks_per_epoch", "release_seconds", "difficulty", "subtasks", "max_shards"):
        if getattr(storage, name) < 1:
            raise InvalidInput(f"storage contracts: expected {name} of at least 1, found {getattr(storage, name)}")

    def made(address: Address, name: str, values: Mapping[str, int | bytes], *roles: bytes) -> Predeploy:
        artifact = load(name)
        granted = {artifact.entry("_roles", role, owner): 1 for role in (ADMIN_ROLE, *roles)}
        return Predeploy(address, artifact.deployed, {**artifact.storage({"_initialized": 1, **values}), **granted})

    target = (1 << 256) - 1
    flow: dict[str, int | bytes] = {
        "_length": 1,
        "_contextLength": 1,
        "_blockDigest": EMPTY_HASH,
        "_digest": EMPTY_HASH,
        "_market": storage.market,
        "_blocksPerEpoch": storage.blocks_per_epoch,
    }
    market: dict[str, int | bytes] = {
        "pricePerSector": storage.price_per_sector,
        "flow": storage.flow,
        "reward": storage.reward,
    }
    mine: dict[str, int | bytes] = {
        "_settings": storage.mine_settings,
        "flow": storage.flow,
        "reward": storage.reward,
        "poraTarget": target if storage.mine_settings & 4 else target // storage.difficulty,
        "difficultyAdjustRatio": 20,
        "targetMineBlocks": storage.target_mine_blocks,
        "targetSubmissions": storage.target_submissions,
        "targetSubmissionsNextEpoch": storage.target_submissions,
        "maxShards": storage.max_shards,
        "nSubtasks": storage.subtasks,
        "nSubtasksNextEpoch": storage.subtasks,
        "subtaskInterval": storage.subtask_interval,
        "subtaskIntervalNextEpoch": storage.subtask_interval,
    }
    reward: dict[str, int | bytes] = {
        "market": storage.market,
        "mine": storage.mine,
        "foundationAdmin": owner,
        "treasury": owner,
        "releaseSeconds": storage.release_seconds,
    }
    return [
        made(storage.flow, "Flow", flow, PAUSER_ROLE, PARAMS_ADMIN_ROLE),
        made(storage.market, "FixedPrice", market, PARAMS_ADMIN_ROLE),
        made(storage.mine, "PoraMine", mine, PARAMS_ADMIN_ROLE),
        made(storage.reward, "ChunkLinearReward", reward),
    ]


def staking_values(owner: Address, genesis_id: bytes, staking: StakingParameters) -> dict[str, int | bytes]:
    """The staking contract's variables by their Solidity names."""
    return {
        "owner": owner,
        "genesisId": genesis_id,
        "maxValidatorCount": staking.max_validator_count,
        "communityTaxRate": staking.community_tax_rate,
        "minWithdrawabilityDelay": staking.min_withdrawability_delay,
        "minActivationStakesInGwei": staking.min_activation_stakes_in_gwei,
        "maxEffectiveStakesInGwei": staking.max_effective_stakes_in_gwei,
        "effectiveDelegationInGwei": staking.effective_delegation_in_gwei,
        "minDelegationInGwei": staking.min_delegation_in_gwei,
    }


NAMED: Final[Mapping[str, tuple[Address, str]]] = {
    "da_signers": (DA_SIGNERS, "IDASigners"),
    "da_registry": (DA_REGISTRY, "DARegistry"),
    "wrapped_base": (WRAPPED_BASE, "IWrapped0GBase"),
    "w0g": (W0G, "W0G"),
    "w0g_agency": (AGENCY, "W0GAgency"),
    "staking": (STAKING, "StakingContract"),
    "flow": (FLOW, "Flow"),
    "market": (MARKET, "FixedPrice"),
    "mine": (MINE, "PoraMine"),
    "reward": (REWARD, "ChunkLinearReward"),
    "da_entrance": (DA_ENTRANCE, "DAEntrance"),
    "ledger": (LEDGER, "LedgerManager"),
    "inference": (INFERENCE, "InferenceServing"),
    "fine_tuning": (FINE_TUNING, "FineTuningServing"),
}
"""Contracts that people call, by the names that ``zerog devnet status`` shows: address and artifact."""


def interface_at(address: bytes) -> Interface | None:
    """The interface of a known contract, None for any other address."""
    for known, artifact in NAMED.values():
        if known == address:
            return load(artifact).interface
    return None

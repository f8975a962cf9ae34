"""Networks by name, and the genesis that each begins with, as geth-style JSON.

The public networks' own genesis files are not published; ``mainnet`` and ``testnet`` here have their ids, rules and
predeployed contracts, so that software written for them behaves alike. Source: docs/protocol/chain.md, sections 2, 3, 9.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from zerog._native import keccak256
from zerog.contracts.registry import (
    INITIAL_OWNER,
    KEYLESS_SENDERS,
    ComputeParameters,
    DAParameters,
    Predeploy,
    StakingParameters,
    StorageParameters,
    predeploys,
)
from zerog.errors import InvalidInput
from zerog.types import Address, format_address


@dataclass(frozen=True)
class Network:
    """What distinguishes one 0G network from another."""

    name: str
    chain_id: int
    currency: str
    gas_limit: int = 120_000_000
    gas_limit_min: int = 3_000_000
    base_fee: int = 10**9
    staking_fork_time: int = 0
    timestamp: int = 1_735_689_600
    owner: Address = INITIAL_OWNER
    staking: StakingParameters = field(default_factory=StakingParameters)
    storage: StorageParameters | None = None
    da: DAParameters | None = None
    compute: ComputeParameters | None = None


NETWORKS: Final[Mapping[str, Network]] = {
    "mainnet": Network("mainnet", 16661, "0G", staking_fork_time=1_769_558_400),
    "testnet": Network("testnet", 16602, "0G", staking_fork_time=1_767_830_400),
    # one second of blocks to wait for an undelegation: a devnet is for trying things
    "devnet": Network(
        "devnet",
        16601,
        "0G",
        staking=StakingParameters(min_withdrawability_delay=10),
        storage=StorageParameters(),
        da=DAParameters(),
        compute=ComputeParameters(),
    ),
}

BLOB_SCHEDULE: Final = {
    "cancun": {"target": 3, "max": 6, "baseFeeUpdateFraction": 3_338_477},
    "prague": {"target": 6, "max": 9, "baseFeeUpdateFraction": 5_007_716},
}


def network(name: str, **changes: Any) -> Network:
    """A preset, with some of its fields changed.

    Raises:
        InvalidInput: no such preset.
    """
    if name not in NETWORKS:
        raise InvalidInput(f"expected a network of {', '.join(NETWORKS)}, found {name!r}")
    return replace(NETWORKS[name], **{key: value for key, value in changes.items() if value is not None})


def chain_config(net: Network) -> dict[str, Any]:
    """The ``config`` object: every fork of Ethereum through Prague from the first block, and the rules of 0G."""
    blocks = (
        "homestead", "eip150", "eip155", "eip158", "byzantium", "constantinople", "petersburg", "istanbul", "muirGlacier",
        "berlin", "london", "arrowGlacier", "grayGlacier", "mergeNetsplit",
    )  # fmt: skip
    return {
        "chainId": net.chain_id,
        **{f"{name}Block": 0 for name in blocks},
        "terminalTotalDifficulty": 0,
        "terminalTotalDifficultyPassed": True,
        "shanghaiTime": 0,
        "cancunTime": 0,
        "pragueTime": 0,
        "blobSchedule": BLOB_SCHEDULE,
        "zerog": {
            "gasFloorPercent": 80,
            "precompiles": True,
            "repeatedTimestamps": True,
            "gasLimitMin": net.gas_limit_min,
            **({"stakingForkTime": net.staking_fork_time} if net.staking_fork_time else {}),
            **_da_signers(net.da),
        },
    }


def _da_signers(da: DAParameters | None) -> dict[str, Any]:
    """The rules of DASigners, where they are not those of this chain."""
    if da is None or da.signers_version == 3:
        return {}
    return {"daSigners": {"version": da.signers_version, "epochBlocks": da.epoch_blocks}}


def genesis_id(net: Network) -> bytes:
    """What a validator's deposit signature names instead of the genesis hash, which covers this very value."""
    return bytes(keccak256(b"zerog genesis" + net.chain_id.to_bytes(32, "big") + net.timestamp.to_bytes(8, "big")))


def genesis(net: Network, balances: Mapping[Address, int]) -> dict[str, Any]:
    """A geth-style genesis: the network's contracts, and ``balances`` in neuron.

    Raises:
        InvalidInput: a funded address is one of the network's contracts.
    """
    alloc: dict[str, dict[str, Any]] = {}
    for account in predeploys(net.owner, genesis_id(net), net.staking, net.storage, net.da, net.compute, net.timestamp):
        alloc[account.address.hex()] = _account(account)
    for sender, count, balance in KEYLESS_SENDERS:
        alloc[sender.hex()] = {"balance": hex(balance), "nonce": hex(count)}
    for address, balance in balances.items():
        if address.hex() in alloc:
            raise InvalidInput(f"genesis: {format_address(address)} is one of the network's contracts; fund another account")
        alloc[address.hex()] = {"balance": hex(balance)}
    return {
        "config": chain_config(net),
        "nonce": "0x0",
        "timestamp": hex(net.timestamp),
        "extraData": "0x" + f"zerog {net.name}".encode().hex(),
        "gasLimit": hex(net.gas_limit),
        "difficulty": "0x0",
        "mixHash": "0x" + "00" * 32,
        "coinbase": "0x" + "00" * 20,
        "baseFeePerGas": hex(net.base_fee),
        "excessBlobGas": "0x0",
        "blobGasUsed": "0x0",
        "alloc": dict(sorted(alloc.items())),
    }


def _account(made: Predeploy) -> dict[str, Any]:
    entry: dict[str, Any] = {"balance": hex(made.balance), "nonce": "0x1", "code": "0x" + made.code.hex()}
    if made.storage:
        entry["storage"] = {f"0x{slot:064x}": f"0x{value:064x}" for slot, value in sorted(made.storage.items())}
    return entry

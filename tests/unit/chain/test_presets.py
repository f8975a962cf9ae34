"""Genesis of the named networks: ids, rules, contracts and their storage."""

from __future__ import annotations

import pytest

from zerog._native import keccak256
from zerog.chain.presets import NETWORKS, chain_config, genesis, genesis_id, network
from zerog.contracts import registry
from zerog.contracts.artifact import load
from zerog.errors import InvalidInput
from zerog.types import Address, parse_address

RICH = parse_address("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266")


def test_ids() -> None:
    assert {name: net.chain_id for name, net in NETWORKS.items()} == {"mainnet": 16661, "testnet": 16602, "devnet": 16601}
    with pytest.raises(InvalidInput):
        network("newton")


@pytest.mark.parametrize("name", NETWORKS)
def test_every_contract_stands_where_clients_expect_it(name: str) -> None:
    made = genesis(network(name), {RICH: 5})
    alloc = {bytes.fromhex(key): entry for key, entry in made["alloc"].items()}
    with_code = {address for address, entry in alloc.items() if "code" in entry}
    compute = {registry.LEDGER, registry.INFERENCE, registry.FINE_TUNING}
    for part in ("ledger", "inference", "fine_tuning"):
        compute |= {registry.compute_name(f"{part} beacon"), registry.compute_name(f"{part} implementation")}
    assert with_code == {
        *registry.SYSTEM_CONTRACTS, registry.DA_REGISTRY, registry.DA_REGISTRY_BEACON, registry.DA_REGISTRY_IMPLEMENTATION,
        registry.AGENCY, registry.AGENCY_BEACON, registry.AGENCY_IMPLEMENTATION, registry.W0G, registry.STAKING,
        *({registry.FLOW, registry.MARKET, registry.MINE, registry.REWARD, registry.DA_ENTRANCE} if name == "devnet" else ()),
        *(compute if name == "devnet" else ()),
    }  # fmt: skip
    assert alloc[RICH] == {"balance": "0x5"}
    for sender, count, balance in registry.KEYLESS_SENDERS:
        assert alloc[sender] == {"balance": hex(balance), "nonce": hex(count)}
    assert all(entry["nonce"] == "0x1" for entry in alloc.values() if "code" in entry)
    owner = int.from_bytes(registry.INITIAL_OWNER, "big")
    for proxy, beacon, implementation in (
        (registry.DA_REGISTRY, registry.DA_REGISTRY_BEACON, registry.DA_REGISTRY_IMPLEMENTATION),
        (registry.AGENCY, registry.AGENCY_BEACON, registry.AGENCY_IMPLEMENTATION),
    ):
        assert slots(alloc[proxy]) == {0: owner, registry.BEACON_SLOT: int.from_bytes(beacon, "big")}
        assert slots(alloc[beacon]) == {0: owner, 1: int.from_bytes(implementation, "big")}


def slots(entry: dict[str, dict[str, str]]) -> dict[int, int]:
    return {int(key, 16): int(value, 16) for key, value in entry["storage"].items()}


def test_owner_and_staking_follow_the_network() -> None:
    net = network("devnet", owner=RICH, chain_id=777)
    made = genesis(net, {})
    assert made["config"]["chainId"] == 777 == chain_config(net)["chainId"]
    staking = slots(made["alloc"][registry.STAKING.hex()])
    place = load("StakingContract").variables
    assert staking[place["owner"].slot] == int.from_bytes(RICH, "big")
    assert staking[place["genesisId"].slot] == int.from_bytes(genesis_id(net), "big")
    assert genesis_id(net) != genesis_id(network("devnet"))
    packed = staking[place["maxValidatorCount"].slot] >> 8 * place["maxValidatorCount"].offset
    assert packed & 0xFFFFFFFF == 100


def test_a_contract_cannot_be_funded_by_mistake() -> None:
    with pytest.raises(InvalidInput, match="contracts"):
        genesis(network("devnet"), {registry.W0G: 1})


# the create addresses of the keyless senders: keccak256(rlp([sender, nonce]))[12:]
@pytest.mark.parametrize(
    ("sender", "nonce", "address"),
    [
        (0, 0, registry.DA_REGISTRY_IMPLEMENTATION), (0, 1, registry.DA_REGISTRY_BEACON), (0, 2, registry.DA_REGISTRY),
        (1, 0, registry.W0G), (2, 0, registry.AGENCY_IMPLEMENTATION), (2, 1, registry.AGENCY_BEACON), (2, 2, registry.AGENCY),
    ],
)  # fmt: skip
def test_predeployed_addresses_are_the_keyless_senders(sender: int, nonce: int, address: Address) -> None:
    from zerog.wire import rlp

    who = registry.KEYLESS_SENDERS[sender][0]
    assert keccak256(rlp.encode([who, rlp.encode_int(nonce)]))[12:] == address


@pytest.mark.parametrize(
    ("address", "digest"),
    # keccak256 of the code as the EIPs give it; 7002 and 7251 are 504 and 414 bytes after their deployment prefix
    [
        (registry.BEACON_ROOTS, "f57acd40259872606d76197ef052f3d35588dadf919ee1f0e3cb9b62d3f4b02c"),
        (registry.HISTORY_STORAGE, "6e49e66782037c0555897870e29fa5e552daf4719552131a0abce779daec0a5d"),
    ],
)
def test_system_contract_code(address: Address, digest: str) -> None:
    assert keccak256(registry.SYSTEM_CONTRACTS[address]).hex() == digest
    assert len(registry.SYSTEM_CONTRACTS[registry.WITHDRAWAL_REQUESTS]) == 0x1F8
    assert len(registry.SYSTEM_CONTRACTS[registry.CONSOLIDATION_REQUESTS]) == 0x19E

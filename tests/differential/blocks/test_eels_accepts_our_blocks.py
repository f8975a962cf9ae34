"""Blocks that we build, judged by the executable specification of Ethereum (EELS), at Cancun and Prague.

``ZEROG_EELS_PYTHON`` names an interpreter that has ethereum-execution 2.20.0; without it the test is skipped. The blocks hold
transactions of every type, contracts that log, revert, create, self-destruct and read the block, withdrawals, EIP-7002 and
EIP-7251 requests, 7702 delegations, and full and empty blocks so that fees move both ways.
"""

from __future__ import annotations

import json
import os
import pickle
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import rlp  # type: ignore[import-untyped]
from eth_abi.abi import encode
from eth_utils import keccak
from py_ecc.bls import G2ProofOfPossession as Bls

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "unit" / "chain"))

from chain_kit import CHAIN_ID, COINBASE, ETHER, GWEI, Key, admit

from zerog import _native
from zerog.chain import presets
from zerog.chain.genesis import parse
from zerog.chain.inputs import BridgeMessage, ConsensusInputs, Slashing, encode_bridge
from zerog.contracts import registry
from zerog.contracts.artifact import load

EELS = os.environ.get("ZEROG_EELS_PYTHON", "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path(EELS).is_file(), reason="ZEROG_EELS_PYTHON names no interpreter; make test-slow makes one"),
]

CHILD = Path(__file__).resolve().parent / "eels_blocks.py"
KEYS = [Key(1000 + i) for i in range(12)]
BRIDGE = bytes.fromhex("54EbF70B91fe29fdF6F5C6cF726983DDF0DE0750")

# Hand-made byte code; calldata's first word steers it.
CONTRACTS = {
    # slot[calldata[0]] = calldata[32], and a log with both
    bytes.fromhex("c0de" * 10): "602035600035556020356000526000356020" "6000a100",
    # creates an empty contract and keeps its address
    bytes.fromhex("c1de" * 10): "600060006000f060005500",
    # keeps block facts: number, timestamp, prev randao, base fee, gas limit, coinbase, blob base fee, the parent's hash
    bytes.fromhex("c2de" * 10): "436000554260015544600255486003554560045541600555" "4a600655600143034060075500",
    # reverts with four bytes
    bytes.fromhex("c3de" * 10): "63deadbeef60e01b60005260046000fd",
    # self-destructs to the caller
    bytes.fromhex("c4de" * 10): "33ff",
    # clears slots 1 to 3 (refunds), then hashes as many times as calldata says
    bytes.fromhex("c5de" * 10): "60006001556000600255600060035560003561ffff16"
    "5b8015602d576001900380600052602060002050601656" "5b00",
}  # fmt: skip


class Oracle:
    def __init__(self) -> None:
        self.process = subprocess.Popen([EELS, str(CHILD)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def judge(self, case: dict[str, Any]) -> list[str]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        body = pickle.dumps(case)
        self.process.stdin.write(len(body).to_bytes(4, "big") + body)
        self.process.stdin.flush()
        size = int.from_bytes(self.process.stdout.read(4), "big")
        answer: list[str] = pickle.loads(self.process.stdout.read(size))
        return answer


@pytest.fixture(scope="module")
def oracle() -> Iterator[Oracle]:
    made = Oracle()
    yield made
    assert made.process.stdin is not None
    assert made.process.stdout is not None
    made.process.stdin.close()
    made.process.stdout.close()
    made.process.wait(timeout=30)


def system_contracts() -> dict[bytes, dict[str, Any]]:
    return {
        bytes(address): {"balance": 0, "nonce": 1, "code": code, "storage": {}}
        for address, code in registry.SYSTEM_CONTRACTS.items()
    }


class Random:
    """Transactions for one chain; nonces are taken from the engine, so that what was dropped leaves no gap."""

    def __init__(self, seed: int, prague: bool) -> None:
        self.rng = random.Random(seed)
        self.prague = prague

    def transaction(self, key: Key, nonce: int, base_fee: int) -> bytes:
        rng = self.rng
        cap = base_fee * 2 + rng.randrange(5) * GWEI
        tip = rng.choice([0, 1, GWEI // 2, GWEI, cap])
        target = rng.choice(
            [*CONTRACTS, *(k.address for k in KEYS), rng.randbytes(20), b"\x00" * 19 + bytes([rng.randrange(1, 18)])]
        )
        data = rng.randrange(4).to_bytes(32, "big") + rng.choice([0, 1, rng.getrandbits(256)]).to_bytes(32, "big")
        data = rng.choice([b"", data, data, data, rng.randbytes(rng.randrange(300))])
        value = rng.choice([0, 0, 1, rng.randrange(ETHER)])
        gas = rng.choice([60_000, 150_000, 400_000])
        kind = rng.randrange(7 if self.prague else 5)
        if kind == 0:
            return key.transfer(nonce, target, value, gas=gas, price=cap, data=data)
        if kind == 1:
            access = [[target, [bytes(32), (1).to_bytes(32, "big")]], [rng.choice(list(CONTRACTS)), []]]
            return key.typed(1, [CHAIN_ID, nonce, cap, gas, target, value, data, access])
        if kind == 2:
            init = rng.choice(
                ["600060006000fd", "60ef60005360016000f3", "6001600155600a600c600039600a6000f3" + "00" * 10, "fe", "5b600056"]
            )
            return key.dynamic(nonce, b"", value, gas=gas, tip=min(tip, cap), cap=cap, data=bytes.fromhex(init))
        if kind == 3:
            hashes = [b"\x01" + rng.randbytes(31) for _ in range(rng.randrange(1, 3))]
            return key.blob(nonce, hashes, tip=min(tip, cap), cap=cap)
        if kind == 5:
            signer = rng.choice(KEYS)
            entries = [
                signer.authorize(
                    rng.choice([*CONTRACTS, b"\x00" * 20]), rng.choice([0, 1, nonce]), rng.choice([0, CHAIN_ID, 99])
                )
                for _ in range(rng.randrange(1, 4))
            ]
            return key.set_code(nonce, target, entries, gas=gas, tip=min(tip, cap), cap=cap)
        if kind == 6:
            contract, payload = rng.choice(
                [
                    (registry.WITHDRAWAL_REQUESTS, rng.randbytes(48) + rng.randbytes(8)),
                    (registry.CONSOLIDATION_REQUESTS, rng.randbytes(96)),
                ]
            )
            return key.dynamic(nonce, bytes(contract), 10, gas=400_000, tip=min(tip, cap), cap=cap, data=payload)
        return key.dynamic(nonce, target, value, gas=gas, tip=min(tip, cap), cap=cap, data=data)


@pytest.mark.parametrize("fork", ["cancun", "prague"])
@pytest.mark.parametrize("chain", range(4))
def test_random_chains(oracle: Oracle, fork: str, chain: int, seed: int) -> None:
    prague = fork == "prague"
    rules = {"chainId": CHAIN_ID, "cancunTime": 0} | ({"pragueTime": 0} if prague else {})
    alloc: dict[bytes, dict[str, Any]] = {
        key.address: {"balance": 100 * ETHER, "nonce": 0, "code": b"", "storage": {}} for key in KEYS
    }
    for address, code in CONTRACTS.items():
        alloc[address] = {"balance": 7, "nonce": 1, "code": bytes.fromhex(code), "storage": {1: 1, 2: 2, 3: 3}}
    alloc |= system_contracts()
    engine = _native.Engine(json.dumps(rules).encode())
    genesis = engine.init_genesis({"timestamp": 1000, "gas_limit": 4_000_000, "base_fee": GWEI, "alloc": alloc})
    engine.commit()
    source = Random(seed + chain, prague)
    rng = source.rng
    blocks, kinds = [], set()
    for number in range(1, 9):
        for key in rng.sample(KEYS, rng.randrange(len(KEYS) + 1)):
            for _ in range(rng.randrange(1, 4)):
                base_fee = genesis.base_fee if not blocks else blocks[-1].base_fee
                answer = admit(engine, source.transaction(key, engine.pool_nonce(key.address), base_fee))[0]
                assert isinstance(answer, bytes) or answer.split(":")[0] in {
                    "gapped-nonce tx from delegated accounts", "in-flight transaction limit reached for delegated accounts",
                    "authority already reserved", "insufficient funds for gas * price + value", "nonce too low",
                    "intrinsic gas too low",
                }, answer  # fmt: skip
        withdrawals = [
            {"index": number * 4 + i, "validator_index": i, "address": rng.choice(KEYS).address, "amount": rng.randrange(GWEI)}
            for i in range(rng.randrange(3))
        ]
        sealed = engine.build(
            1000 + 12 * number, COINBASE, keccak(bytes([number])), gas_limit=rng.choice([None, 5_000_000, 3_000_000]),
            withdrawals=withdrawals, parent_beacon_root=keccak(b"beacon" + bytes([number])), extra_data=b"zerog",
        )  # fmt: skip
        engine.commit()
        blocks.append(sealed)
        kinds |= {raw[0] if raw[0] < 0x80 else 0 for raw in _native.record_raw_transactions(sealed.record)}
    case = {
        "fork": fork, "chain_id": CHAIN_ID, "alloc": alloc, "genesis": genesis.header_rlp,
        "blocks": [sealed.block_rlp for sealed in blocks],
    }  # fmt: skip
    assert oracle.judge(case) == [""] * len(blocks)
    spoiled = bytearray(blocks[-1].header_rlp)
    spoiled[3 + 3 * 33 + 20] ^= 1  # inside the state root
    bad = blocks[-1].block_rlp.replace(blocks[-1].header_rlp, bytes(spoiled))
    assert oracle.judge(case | {"blocks": [*case["blocks"][:-1], bad]})[-1].startswith("InvalidBlock")
    assert len(kinds) >= 3


def test_slashings_and_bridge_calls(oracle: Oracle) -> None:
    """0G's calls at a block's end, with the staking contract of our devnet, come to the state that EELS comes to."""
    secret, stake = 11, 32 * ETHER
    staking, validator_code = load("StakingContract").interface, load("ValidatorContract").interface
    rules = {
        "chainId": CHAIN_ID, "cancunTime": 0, "pragueTime": 0, "bridgeForkTime": 0,
        "zerog": {"gasFloorPercent": 0, "precompiles": False, "repeatedTimestamps": False, "gasLimitMin": 5000},
    }  # fmt: skip
    alloc: dict[bytes, dict[str, Any]] = dict(parse(presets.genesis(presets.network("devnet"), {})).alloc)
    alloc |= {KEYS[0].address: {"balance": 100 * ETHER, "nonce": 0, "code": b"", "storage": {}}}
    recorder = bytes.fromhex("365f5f37365f204355335f5500")  # slot[number] = keccak256(calldata), slot[0] = caller
    alloc[BRIDGE] = {"balance": 0, "nonce": 1, "code": recorder, "storage": {}}
    alloc |= system_contracts()
    engine = _native.Engine(json.dumps(rules).encode())
    genesis = engine.init_genesis({"timestamp": 1000, "gas_limit": 30_000_000, "base_fee": GWEI, "alloc": alloc})
    engine.commit()

    def ask(contract: bytes, interface: Any, name: str, *arguments: Any) -> Any:
        answer = engine.call({"to": contract, "data": interface.function(name).encode_call(*arguments)})
        return interface.function(name).decode_result(answer["output"])

    key = bytes(Bls.SkToPk(secret))
    signed = bytes(Bls.Sign(secret, ask(registry.STAKING, staking, "depositMessage", key, stake // GWEI)))
    create = staking.function("createAndInitializeValidatorIfNecessary").encode_call(
        ("", "", "", "", ""), 50_000, 5, key, signed
    )
    validator = bytes(ask(registry.STAKING, staking, "computeValidatorAddress", key))
    raw = KEYS[0].dynamic(0, bytes(registry.STAKING), stake, gas=8_000_000, tip=1, cap=10 * GWEI, data=create)
    assert isinstance(admit(engine, raw)[0], bytes)
    message = BridgeMessage(1, CHAIN_ID, 1, b"\x01" * 20, b"\x02" * 20, ETHER)
    plan: list[tuple[list[tuple[bytes, int]], tuple[BridgeMessage, ...]]] = [
        ([], ()),
        ([(validator, 3), (validator, 2 * 10**9), (b"\xca" * 20, 7)], (message,)),  # the last is no validator: it reverts
        ([(validator, 10**12)], (message, message)),  # more than there is
    ]  # fmt: skip
    blocks, additions = [], []
    for number, (slashed, messages) in enumerate(plan, 1):
        inputs = ConsensusInputs(slashings=tuple(Slashing(*entry) for entry in slashed), bridge=messages)
        sealed = engine.build(1000 + number, COINBASE, bytes(32), **inputs.for_engine())
        engine.commit()
        assert len(sealed.failed_calls) == sum(who != validator for who, _ in slashed)
        assert sealed.tx_count == (number == 1)
        blocks.append(bytes(rlp.encode(rlp.decode(sealed.block_rlp)[:4])))
        kind = "(uint64,uint64,address,address,uint256,address)[]"
        rows = [(m.source_chain, m.nonce, m.local_token, m.recipient, m.amount, COINBASE) for m in messages]
        calls = [(BRIDGE, keccak(f"parkRemoteMessages({kind})".encode())[:4] + encode([kind], [rows]))]
        slash = staking.function("slashValidator")
        calls += [(bytes(registry.STAKING), slash.encode_call(who, gwei * GWEI)) for who, gwei in slashed]
        additions.append((calls, b"\xf0" + encode_bridge(messages)))
        if number == 2:
            assert ask(validator, validator_code, "tokens") == stake - (2 * 10**9 + 3) * GWEI
    assert ask(validator, validator_code, "tokens") == 0
    case = {
        "fork": "prague", "chain_id": CHAIN_ID, "alloc": alloc, "genesis": genesis.header_rlp, "blocks": blocks,
        "additions": additions,
    }  # fmt: skip
    assert oracle.judge(case) == [""] * 3
    additions[1][0].pop()  # the call that reverts: it changed nothing
    assert oracle.judge(case) == [""] * 3
    additions[1][0].pop()
    assert oracle.judge(case)[1].startswith("InvalidBlock")

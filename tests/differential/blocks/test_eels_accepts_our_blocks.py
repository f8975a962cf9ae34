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
from eth_utils import keccak

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "unit" / "chain"))

from chain_kit import CHAIN_ID, COINBASE, ETHER, GWEI, Key, admit

from zerog import _native
from zerog.contracts import registry

EELS = os.environ.get("ZEROG_EELS_PYTHON", "")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path(EELS).is_file(), reason="ZEROG_EELS_PYTHON names no interpreter; make test-slow makes one"),
]

CHILD = Path(__file__).resolve().parent / "eels_blocks.py"
KEYS = [Key(1000 + i) for i in range(12)]

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

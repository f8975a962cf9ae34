"""Execution alone, one thread: plain transfers, ERC-20 transfers, and a multiply-xor-shift loop; EELS beside it.

Decoding, signatures and state roots are outside the clock on both sides. ``ZEROG_EELS_PYTHON`` names the interpreter of an
environment with ethereum-execution; without it only our numbers are taken.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
from pathlib import Path
from typing import Any

import coincurve

from measure import ROOT, TINY, keep
from zerog import _native

DIFFERENTIAL = ROOT / "tests" / "differential" / "evm"
TURNS = 2 if TINY else 7
SENDERS = 10 if TINY else 1_000
KEYS = [coincurve.PrivateKey((n + 1).to_bytes(32, "big")) for n in range(20)]
COINBASE = b"\x99" * 20
ENV: dict[str, Any] = {
    **{"number": 100, "timestamp": 1, "base_fee": 7, "gas_limit": 2**60, "coinbase": COINBASE},
    **{"prev_randao": 0, "excess_blob_gas": 0, "block_hashes": {n: bytes(32) for n in range(100)}},
}
TRANSFER = bytes.fromhex("a9059cbb")
TOKEN = json.loads((ROOT / "python" / "zerog" / "contracts" / "artifacts" / "Token.json").read_text())


def loop_code(rounds: int) -> bytes:
    """x = x * C ^ x >> 13, ``rounds`` times."""
    head = b"\x63" + rounds.to_bytes(4, "big") + b"\x60\x07"
    constant = bytes.fromhex("9e3779b97f4a7c15f39cc0605cedc8341082276bf3a27251f86c6a11d0c18e95")
    mix = b"\x5b\x80\x7f" + constant + b"\x02\x81\x60\x0d\x1c\x18\x90\x50"
    count = b"\x90\x60\x01\x90\x03\x90\x81\x61" + len(head).to_bytes(2, "big") + b"\x57\x00"
    return head + mix + count


def mapping_slot(key: bytes, slot: int) -> int:
    return int.from_bytes(_native.keccak256(key.rjust(32, b"\0") + slot.to_bytes(32, "big")), "big")


def token_account(holders: list[bytes]) -> dict[str, Any]:
    """The Token contract after its construction, every holder rich. Slot 0 is the mapping of balances."""
    return {
        "nonce": 1,
        "code": bytes.fromhex(TOKEN["deployedBytecode"].removeprefix("0x")),
        "storage": {mapping_slot(h, 0): 10**20 for h in holders},
    }


def call(sender: bytes, to: bytes, nonce: int, data: bytes = b"", gas: int = 21_000) -> dict[str, Any]:
    fields = {"type": 2, "chain_id": 1, "max_fee": 10, "max_priority_fee": 1, "value": 0 if data else 1}
    return {**fields, "sender": sender, "to": to, "nonce": nonce, "data": data, "gas_limit": gas}


def people(count: int) -> list[bytes]:
    return [_native.keccak256(n.to_bytes(8, "big"))[12:] for n in range(count)]


def best_and_median(alloc: dict[bytes, Any], transactions: list[dict[str, Any]]) -> tuple[list[float], int]:
    seconds, gas = [], 0
    batch = _native.EvmBatch(transactions)
    for _ in range(TURNS):
        done = _native.EvmWorld(alloc).run(ENV, batch)
        assert done["succeeded"] == len(transactions)
        seconds.append(done["seconds"])
        gas = done["gas_used"]
    return seconds, gas


def report(name: str, seconds: list[float], items: int, gas: int) -> dict[str, float]:
    row = {
        "per_s_best": round(items / min(seconds)),
        "per_s_median": round(items / statistics.median(seconds)),
        "per_s_worst": round(items / max(seconds)),
        "mgas_per_s_best": round(gas / min(seconds) / 1e6, 1),
        "mgas_per_s_median": round(gas / statistics.median(seconds) / 1e6, 1),
    }
    print(name, row)
    return row


def workloads() -> dict[str, tuple[dict[bytes, Any], list[dict[str, Any]]]]:
    count = 100 if TINY else 100_000
    crowd, token, looper = people(SENDERS), b"\x70" * 20, b"\x71" * 20
    rich: dict[bytes, Any] = {one: {"balance": 10**24} for one in crowd}

    def pairs() -> list[tuple[bytes, bytes, int]]:
        return [(crowd[i % SENDERS], crowd[(i * 7 + 3) % SENDERS], i // SENDERS) for i in range(count)]

    payload = {one: TRANSFER + one.rjust(32, b"\0") + (5).to_bytes(32, "big") for one in crowd}
    return {
        "transfer": (rich, [call(a, b, n) for a, b, n in pairs()]),
        "erc20": ({**rich, token: token_account(crowd)}, [call(a, token, n, payload[b], 100_000) for a, b, n in pairs()]),
        "loop": ({**rich, looper: {"code": loop_code(1_000 if TINY else 1_000_000)}}, [call(crowd[0], looper, 0, b"", 10**9)]),
    }


def signed(key: coincurve.PrivateKey, rlp: Any, transaction: dict[str, Any]) -> bytes:
    t = transaction
    fields = [1, t["nonce"], t["max_priority_fee"], t["max_fee"], t["gas_limit"], t["to"], t["value"], t["data"], []]
    signature = key.sign_recoverable(_native.keccak256(b"\x02" + rlp(fields)), hasher=None)
    return b"\x02" + rlp(
        [*fields, signature[64], int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")]
    )


def eels_seconds(python: str) -> dict[str, tuple[float, int]]:
    """Seconds and count of the same kinds of transactions by EELS: fewer of them, it is a specification."""
    sys.path.insert(0, str(DIFFERENTIAL))
    import generator

    import fuzz

    oracle = fuzz.Oracle(python)
    owners = [_native.keccak256(key.public_key.format(compressed=False)[1:])[12:] for key in KEYS]
    token, looper = b"\x70" * 20, b"\x71" * 20
    base = {one: {"nonce": 0, "balance": 10**24, "code": b"", "storage": {}} for one in owners}
    rounds = 5 if TINY else 40
    out = {}
    for name in ("transfer", "erc20", "loop"):
        pre = dict(base)
        if name == "erc20":
            pre[token] = {"balance": 0, **token_account(owners)}
        if name == "loop":
            pre[looper] = {"nonce": 1, "balance": 0, "code": loop_code(2_000), "storage": {}}
        raws = []
        for i in range(1 if name == "loop" else len(KEYS) * rounds):
            a, b, nonce = i % len(KEYS), (i * 7 + 3) % len(KEYS), i // len(KEYS)
            data = TRANSFER + owners[b].rjust(32, b"\0") + (5).to_bytes(32, "big") if name == "erc20" else b""
            to = {"transfer": owners[b], "erc20": token, "loop": looper}[name]
            raws.append(
                signed(KEYS[a], generator.rlp, call(owners[a], to, nonce, data, 21_000 if name == "transfer" else 10**6))
            )
        answer = oracle.ask({"seed": 0, "fork": "prague", "env": ENV, "pre": pre, "transactions": raws, "withdrawals": None})
        assert all(result["valid"] and result["success"] for result in answer["results"]), answer
        gas = sum(result["gas_used"] for result in answer["results"])
        out[name] = (answer["seconds"], gas if name == "loop" else len(raws))
    oracle.close()
    return out


def test_execution_alone() -> None:
    rows: dict[str, Any] = {}
    for name, (alloc, transactions) in workloads().items():
        seconds, gas = best_and_median(alloc, transactions)
        rows[name] = report(name, seconds, len(transactions), gas)
    python = os.environ.get("ZEROG_EELS_PYTHON")
    if python and Path(python).exists():
        for name, (seconds_peer, items) in eels_seconds(python).items():
            rate = items / seconds_peer
            ours = rows[name]["mgas_per_s_median"] * 1e6 if name == "loop" else rows[name]["per_s_median"]
            rows[name]["eels_per_s"] = round(rate)
            rows[name]["ratio_median"] = round(ours / rate, 1)
            print(f"{name}: EELS {rate:.0f}/s, {ours / rate:.0f} times")
    keep("evm", rows)

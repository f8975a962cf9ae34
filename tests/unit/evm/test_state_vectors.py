"""Ethereum's public state tests at Cancun: every case of tests/vectors/eth_state.

One test a directory of the suite; its cases run on a thread for each processor, execution without the interpreter lock.
"""

from __future__ import annotations

import json
import lzma
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from zerog import _native
from zerog.errors import InvalidInput

keccak256 = _native.keccak256

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "eth_state"
FILES = sorted(VECTORS.glob("*.jsonl.xz"))

Log = tuple[bytes, list[bytes], bytes]


def data(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def rlp(item: Any) -> bytes:
    """The plain recursive definition; the logs of a case are small."""
    if isinstance(item, bytes):
        if len(item) == 1 and item[0] < 0x80:
            return item
        body, base = item, 0x80
    else:
        body, base = b"".join(rlp(part) for part in item), 0xC0
    if len(body) < 56:
        return bytes([base + len(body)]) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes([base + 55 + len(size)]) + size + body


def alloc_of(pre: dict[str, Any]) -> dict[bytes, dict[str, Any]]:
    return {
        data(address): {
            "balance": int(account["balance"], 16),
            "nonce": int(account["nonce"], 16),
            "code": data(account["code"]),
            "storage": {int(slot, 16): int(value, 16) for slot, value in account["storage"].items()},
        }
        for address, account in pre.items()
    }


def env_of(env: dict[str, str]) -> dict[str, Any]:
    number = int(env["currentNumber"], 16)
    return {
        "number": number,
        "timestamp": int(env["currentTimestamp"], 16),
        "gas_limit": min(int(env["currentGasLimit"], 16), 2**64 - 1),
        "coinbase": data(env["currentCoinbase"]),
        "base_fee": int(env["currentBaseFee"], 16),
        "prev_randao": int(env["currentRandom"], 16),
        "excess_blob_gas": int(env["currentExcessBlobGas"], 16),
        "block_hashes": {n: keccak256(str(n).encode()) for n in range(max(0, number - 256), number)},
    }


def failure_of(case: dict[str, Any], post: dict[str, Any]) -> str | None:
    world = _native.EvmWorld(alloc_of(case["pre"]), fork="cancun", chain_id=1)
    logs: list[Log] = []
    refused = False
    try:
        result = world.transact(env_of(case["env"]), data(post["txbytes"]))
        refused = not result["valid"]
        logs = result["logs"]
    except InvalidInput:
        refused = True
    if refused != ("expectException" in post):
        return f"refused is {refused}, expected exception {post.get('expectException')}"
    root = world.root()
    if root != data(post["hash"]):
        return f"root {root.hex()}, expected {post['hash']}"
    digest = keccak256(rlp([[address, list(topics), body] for address, topics, body in logs]))
    if digest != data(post["logs"]):
        return f"logs {digest.hex()}, expected {post['logs']}"
    return None


def failures_of(case: dict[str, Any]) -> list[str]:
    found = [(post["indexes"], failure_of(case, post)) for post in case["post"]]
    return [f"{case['file']} {case['name']} {indexes}: {failure}" for indexes, failure in found if failure is not None]


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=[path.name.split(".")[0] for path in FILES])
def test_every_case_ends_in_the_expected_state(path: Path) -> None:
    with lzma.open(path, "rt") as lines, ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        results = list(pool.map(failures_of, (json.loads(line) for line in lines)))
    assert results
    failures = [failure for case in results for failure in case]
    assert not failures, "\n".join([f"{len(failures)} failures", *failures[:20]])


def test_the_whole_selection_is_there() -> None:
    cases = 0
    for path in FILES:
        with lzma.open(path, "rt") as lines:
            cases += sum(len(json.loads(line)["post"]) for line in lines)
    assert cases == 7337

"""Stored blocks: geth's JSON shapes, logs, raw forms, and damage that never goes unnoticed or out of bounds."""

from __future__ import annotations

import contextlib
import json
import random
from typing import Any

import pytest
import rlp  # type: ignore[import-untyped]
from chain_kit import CHAIN_ID, GWEI, Key, admit, build, engine
from eth_utils import keccak

from zerog import _native
from zerog.errors import Corrupt, Exhausted, InvalidInput, NotFound

ALICE, BOB = Key(1), Key(2)
# logs data 0 as topic 1 and data 1 as data, under topic 0 = 0x77…
LOGGER = b"\xa1" * 20
LOGGER_CODE = bytes.fromhex("602035600052600035" + "7f" + "77" * 32 + "60206000a200")
SECOND = b"\xa2" * 20
TOPIC = b"\x77" * 32
BLOB = b"\x01" + b"\x05" * 31


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


@pytest.fixture(scope="module")
def sealed() -> Any:
    alloc = {address: {"nonce": 1, "code": LOGGER_CODE} for address in (LOGGER, SECOND)}
    chain = engine([ALICE, BOB], alloc=alloc)
    access = [[LOGGER, [word(1), word(0)]]]
    admit(
        chain,
        ALICE.transfer(0, LOGGER, 0, gas=60_000, price=9 * GWEI, data=word(1) + word(11)),
        ALICE.typed(1, [CHAIN_ID, 1, 8 * GWEI, 60_000, SECOND, 0, word(2) + word(22), access]),
        ALICE.dynamic(2, b"", 0, gas=100_000, tip=7 * GWEI, cap=20 * GWEI, data=bytes.fromhex("60ff60005360016000f3")),
        ALICE.blob(3, [BLOB], tip=6 * GWEI, cap=20 * GWEI, blob_cap=5),
        ALICE.set_code(4, LOGGER, [BOB.authorize(LOGGER, 0), BOB.authorize(SECOND, 7)], tip=5 * GWEI, cap=20 * GWEI),
        ALICE.dynamic(5, LOGGER, 5, gas=22_000, tip=4 * GWEI, cap=20 * GWEI),
    )
    withdrawals = [{"index": 5, "validator_index": 6, "address": BOB.address, "amount": 7}]
    made = build(chain, 1001, withdrawals=withdrawals, extra_data=b"zerog")
    assert made.tx_count == 6
    return made


BLOCK_KEYS = {
    "number", "hash", "parentHash", "nonce", "mixHash", "sha3Uncles", "logsBloom", "transactionsRoot", "stateRoot",
    "receiptsRoot",
    "miner", "difficulty", "extraData", "gasLimit", "gasUsed", "timestamp", "baseFeePerGas", "withdrawalsRoot", "blobGasUsed",
    "excessBlobGas", "parentBeaconBlockRoot", "requestsHash",
}  # fmt: skip
TX_KEYS = {
    "blockHash", "blockNumber", "transactionIndex", "hash", "type", "nonce", "from", "to", "value", "gas", "gasPrice", "input",
    "chainId", "v", "r", "s",
}  # fmt: skip
RECEIPT_KEYS = {
    "type", "status", "transactionHash", "transactionIndex", "blockHash", "blockNumber", "from", "to", "contractAddress",
    "gasUsed", "cumulativeGasUsed", "effectiveGasPrice", "logsBloom", "logs",
}  # fmt: skip
LOG_KEYS = {
    "address", "topics", "data", "blockNumber", "transactionHash", "transactionIndex", "blockHash", "blockTimestamp",
    "logIndex", "removed",
}  # fmt: skip


def test_block_shape(sealed: Any) -> None:
    header = json.loads(_native.record_header_json(sealed.record))
    assert set(header) == BLOCK_KEYS
    block = json.loads(_native.record_block_json(sealed.record, False))
    assert set(block) == BLOCK_KEYS | {"size", "transactions", "uncles", "withdrawals"}
    assert {key: block[key] for key in header} == header
    assert block["hash"] == "0x" + sealed.hash.hex() == "0x" + keccak(sealed.header_rlp).hex()
    assert int(block["size"], 16) == len(sealed.block_rlp)
    assert block["transactions"] == ["0x" + sealed.tx_hashes[at : at + 32].hex() for at in range(0, 6 * 32, 32)]
    assert block["withdrawals"] == [
        {"index": "0x5", "validatorIndex": "0x6", "address": "0x" + BOB.address.hex(), "amount": "0x7"}
    ]
    assert (block["uncles"], block["nonce"], block["extraData"]) == ([], "0x" + "00" * 8, "0x" + b"zerog".hex())
    full = json.loads(_native.record_block_json(sealed.record, True))
    assert full["transactions"] == [json.loads(_native.record_transaction_json(sealed.record, i)) for i in range(6)]


def test_transaction_shapes(sealed: Any) -> None:
    legacy, listed, create, blob, delegating, failing = (
        json.loads(_native.record_transaction_json(sealed.record, i)) for i in range(6)
    )
    assert set(legacy) == TX_KEYS
    assert legacy["gasPrice"] == hex(9 * GWEI)
    assert set(listed) == TX_KEYS | {"accessList", "yParity"}
    assert listed["accessList"] == [
        {"address": "0x" + LOGGER.hex(), "storageKeys": ["0x" + word(1).hex(), "0x" + word(0).hex()]}
    ]
    dynamic = TX_KEYS | {"accessList", "yParity", "maxFeePerGas", "maxPriorityFeePerGas"}
    assert set(create) == set(failing) == dynamic
    assert create["to"] is None
    assert int(create["gasPrice"], 16) == sealed.base_fee + 7 * GWEI  # effective, not the cap
    assert set(blob) == dynamic | {"maxFeePerBlobGas", "blobVersionedHashes"}
    assert blob["blobVersionedHashes"] == ["0x" + BLOB.hex()]
    assert set(delegating) == dynamic | {"authorizationList"}
    entry = delegating["authorizationList"][0]
    assert set(entry) == {"chainId", "address", "nonce", "yParity", "r", "s"}
    assert (entry["chainId"], entry["address"], entry["nonce"]) == (hex(CHAIN_ID), "0x" + LOGGER.hex(), "0x0")
    assert delegating["yParity"] == delegating["v"]


def test_receipt_shapes(sealed: Any) -> None:
    receipts = json.loads(_native.record_receipts_json(sealed.record))
    assert receipts == [json.loads(_native.record_receipt_json(sealed.record, i)) for i in range(6)]
    for index, receipt in enumerate(receipts):
        extra = {"blobGasUsed", "blobGasPrice"} if index == 3 else set()
        assert set(receipt) == RECEIPT_KEYS | extra
        assert receipt["status"] == ("0x0" if index == 5 else "0x1")
    sums = [sum(int(r["gasUsed"], 16) for r in receipts[: i + 1]) for i in range(6)]
    assert [int(r["cumulativeGasUsed"], 16) for r in receipts] == sums
    assert sums[-1] == sealed.gas_used
    assert receipts[2]["contractAddress"] == "0x" + keccak(rlp.encode([ALICE.address, 2]))[12:].hex()
    assert [r["contractAddress"] for i, r in enumerate(receipts) if i != 2] == [None] * 5
    (log,) = receipts[1]["logs"]
    assert set(log) == LOG_KEYS
    assert log["topics"] == ["0x" + TOPIC.hex(), "0x" + word(2).hex()]
    assert (log["data"], log["logIndex"], log["removed"], log["blockTimestamp"]) == (
        "0x" + word(22).hex(),
        "0x1",
        False,
        hex(1001),
    )
    blooms = [int(r["logsBloom"], 16) for r in receipts]
    assert blooms[0] | blooms[1] | blooms[4] == int.from_bytes(sealed.bloom, "big")


def test_raw_forms(sealed: Any) -> None:
    raws = _native.record_raw_transactions(sealed.record)
    assert [keccak(raw) for raw in raws] == [sealed.tx_hashes[at : at + 32] for at in range(0, 6 * 32, 32)]
    assert _native.record_raw_transaction(sealed.record, 2) == raws[2]
    assert _native.record_raw_block(sealed.record) == sealed.block_rlp
    receipts = _native.record_raw_receipts(sealed.record)
    status, _, bloom, logs = rlp.decode(receipts[4][1:])
    assert (receipts[4][0], status) == (4, b"\x01")
    assert (len(bloom), len(logs)) == (256, 1)
    fees = _native.record_fees(sealed.record)
    assert [tip for tip, _ in fees][2:] == [7 * GWEI, 6 * GWEI, 5 * GWEI, 4 * GWEI]
    assert sum(gas for _, gas in fees) == sealed.gas_used


def test_log_filters(sealed: Any) -> None:
    def found(addresses: list[bytes], topics: list[list[bytes] | None], limit: int = 100) -> list[int]:
        count, text = _native.filter_logs([sealed.record, sealed.record], addresses, topics, limit)
        logs = json.loads(text)
        assert len(logs) == count
        assert count % 2 == 0
        return [int(log["logIndex"], 16) for log in logs[: count // 2]]

    assert found([], []) == [0, 1, 2]
    assert found([LOGGER], []) == [0, 2]
    assert found([SECOND], []) == [1]
    assert found([LOGGER, SECOND], [[TOPIC]]) == [0, 1, 2]
    assert found([], [None, [word(1), word(2)]]) == [0, 1]
    assert found([SECOND], [None, [word(1)]]) == []
    assert found([], [[TOPIC], None]) == [0, 1, 2]
    assert found([], [[TOPIC], None, None]) == []  # no log has three topics
    assert found([b"\x01" * 20], []) == []
    assert found([], [], limit=6) == [0, 1, 2]
    with pytest.raises(Exhausted, match="too large with more than 5"):
        found([], [], limit=5)
    with pytest.raises(InvalidInput):
        found([b"\x01"], [])
    with pytest.raises(InvalidInput, match="at most 4"):
        found([], [None] * 5)
    for value in (LOGGER, SECOND, TOPIC, word(1), word(2)):
        assert _native.bloom_may_match(sealed.bloom, [value])
    assert not _native.bloom_may_match(sealed.bloom, [b"\x99" * 20])
    assert _native.bloom_may_match(sealed.bloom, [])


def test_indices_out_of_range(sealed: Any) -> None:
    for function in (_native.record_transaction_json, _native.record_receipt_json, _native.record_raw_transaction):
        with pytest.raises(NotFound):
            function(sealed.record, 6)


def test_damage_is_found_and_never_harms(sealed: Any, seed: int) -> None:
    rng = random.Random(seed)
    assert _native.record_check(sealed.record)
    readers = [
        _native.record_header,
        _native.record_header_json,
        lambda r: _native.record_block_json(r, True),
        _native.record_receipts_json,
        _native.record_raw_block,
        _native.record_raw_receipts,
        _native.record_requests,
        lambda r: _native.filter_logs([r], [], [], 1000),
    ]
    for _ in range(400):
        damaged = bytearray(sealed.record)
        for _ in range(rng.randrange(1, 4)):
            damaged[rng.randrange(256 if rng.random() < 0.5 else len(damaged))] = rng.randrange(256)
        if rng.random() < 0.2:
            del damaged[rng.randrange(len(damaged)) :]
        if bytes(damaged) == sealed.record:
            continue
        assert not _native.record_check(bytes(damaged))
        for reader in readers:
            with contextlib.suppress(Corrupt):
                reader(bytes(damaged))
    for junk in (b"", b"ZGBR", bytes(175), bytes(208), rng.randbytes(500)):
        assert not _native.record_check(junk)
        with pytest.raises(Corrupt):
            _native.record_header(junk)

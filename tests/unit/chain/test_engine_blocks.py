"""Blocks of the native engine: building, importing, storing, restarting."""

from __future__ import annotations

import json
import struct
from typing import Any

import pytest
import rlp  # type: ignore[import-untyped]
from chain_kit import COINBASE, ETHER, GWEI, RANDAO, Key, admit, build, config, engine, genesis
from eth_utils import keccak

from zerog import _native
from zerog.errors import Corrupt, InvalidInput, NotFound

KEYS = [Key(i) for i in range(8)]
SINK = b"\x11" * 20


def chain_of(count: int) -> tuple[Any, list[Any]]:
    made = engine(KEYS)
    blocks = []
    for number in range(count):
        admit(made, *[key.transfer(number, SINK, 5) for key in KEYS])
        blocks.append(build(made, 1001 + number))
    return made, blocks


def test_a_built_block_moves_value_and_can_be_imported() -> None:
    made, (sealed,) = chain_of(1)
    assert (sealed.number, sealed.tx_count, sealed.gas_used, sealed.failed) == (1, 8, 8 * 21000, [])
    assert made.account(SINK)[1] == 40
    assert made.account(SINK, 0)[1] == 0
    assert made.account(KEYS[0].address)[0] == 1
    price = 2 * GWEI  # legacy: the whole price is paid, the base fee's part burned
    assert made.account(KEYS[0].address)[1] == 1000 * ETHER - 5 - 21000 * price
    assert made.account(COINBASE)[1] == 8 * 21000 * (price - sealed.base_fee)
    other = engine(KEYS)
    copy = other.import_block(sealed.block_rlp)
    assert (copy.hash, copy.record, copy.diff) == (sealed.hash, sealed.record, sealed.diff)
    other.commit()
    assert other.head() == made.head() == (1, sealed.hash)


# --- refusals --------------------------------------------------------------------------------------------------------------

HEADER = [
    "parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot", "logsBloom", "difficulty", "number",
    "gasLimit", "gasUsed", "timestamp", "extraData", "mixHash", "nonce", "baseFeePerGas", "withdrawalsRoot", "blobGasUsed",
    "excessBlobGas", "parentBeaconBlockRoot", "requestsHash",
]  # fmt: skip


def spoil(block: bytes, field: str, value: bytes) -> bytes:
    parts = rlp.decode(block)
    parts[0] = [value if name == field else old for name, old in zip(HEADER, parts[0], strict=True)]
    return bytes(rlp.encode(parts))


WRONG = {
    "parentHash": (b"\x01" * 32, "parentHash"),
    "sha3Uncles": (b"\x01" * 32, "sha3Uncles"),
    "stateRoot": (b"\x01" * 32, "stateRoot"),
    "transactionsRoot": (b"\x01" * 32, "transactionsRoot"),
    "receiptsRoot": (b"\x01" * 32, "receiptsRoot"),
    "logsBloom": (b"\x01" * 256, "logsBloom"),
    "difficulty": (b"\x01", "difficulty"),
    "number": (b"\x03", "number"),
    "gasLimit": ((120_000_000 + 120_000_000 // 1024).to_bytes(4, "big"), "gasLimit"),
    "gasUsed": (b"\x01", "gasUsed"),
    "timestamp": ((1000).to_bytes(2, "big"), "timestamp"),
    "extraData": (b"\x00" * 33, "extraData"),
    "nonce": (b"\x00" * 7 + b"\x01", "nonce"),
    "baseFeePerGas": (b"\x07", "baseFeePerGas"),
    "withdrawalsRoot": (b"\x01" * 32, "withdrawalsRoot"),
    "blobGasUsed": ((131072).to_bytes(3, "big"), "blobGasUsed"),
    "excessBlobGas": ((131072).to_bytes(3, "big"), "excessBlobGas"),
    "requestsHash": (b"\x01" * 32, "requestsHash"),
    # what execution depends on shows in the state or in what it feeds
    "miner": (b"\x01" * 20, "stateRoot"),
    "parentBeaconBlockRoot": (b"\x01" * 31, "header: "),
}


@pytest.mark.parametrize("field", WRONG)
def test_import_refuses_each_wrong_field(field: str) -> None:
    made, (first, second) = chain_of(2)
    other = engine(KEYS)
    other.import_block(first.block_rlp)
    other.commit()
    value, text = WRONG[field]
    with pytest.raises(InvalidInput, match=f"^{text}"):
        other.import_block(spoil(second.block_rlp, field, value))
    assert other.head() == (1, first.hash)
    other.import_block(second.block_rlp)  # nothing stuck
    other.commit()
    assert other.head() == made.head()


def test_import_refuses_wrong_bodies() -> None:
    _, (first,) = chain_of(1)
    other = engine(KEYS)
    header, transactions, _, _ = rlp.decode(first.block_rlp)
    bodies = {
        "transactionsRoot": [header, transactions[::-1], [], []],
        "gasUsed": [header, transactions[:-1], [], []],
        "withdrawalsRoot": [header, transactions, [], [[b"", b"", SINK, b"\x01"]]],
        "block: a block has no ommers": [header, transactions, [header], []],
        "transaction 8: nonce too low": [header, [*transactions, transactions[0]], [], []],
        "transaction 0: rlp": [header, [[*transactions[0], b""]], [], []],
        "transaction 0: transaction type not supported": [header, [b"\x06\xc0"], [], []],
        "block: a legacy transaction stands in the list": [header, [rlp.encode(transactions[0]), *transactions[1:]], [], []],
        "block: ": [header, transactions, []],
    }
    for text, body in bodies.items():
        with pytest.raises(InvalidInput, match=f"^{text}"):
            other.import_block(rlp.encode(body))
    for raw in (b"", b"\xc0", first.block_rlp[:-1], first.block_rlp + b"\x00", b"\xff" * 100):
        with pytest.raises(InvalidInput):
            other.import_block(raw)
    assert other.head()[0] == 0


def test_one_block_is_staged_at_a_time() -> None:
    made = engine(KEYS)
    with pytest.raises(InvalidInput, match="no block is staged"):
        made.commit()
    made.discard()
    made.build(1001, COINBASE, RANDAO)
    for attempt in (lambda: made.build(1001, COINBASE, RANDAO), lambda: made.build_with([], 1001, COINBASE, RANDAO)):
        with pytest.raises(InvalidInput, match="staged"):
            attempt()
    assert made.head()[0] == 0  # readers see the old head
    made.discard()
    build(made)
    assert made.head()[0] == 1


def test_before_genesis_everything_says_so() -> None:
    made = _native.Engine(config())
    with pytest.raises(NotFound):
        made.head()
    for attempt in (
        lambda: made.account(SINK),
        lambda: made.call({"to": SINK}),
        lambda: made.build(1, COINBASE, RANDAO),
        lambda: made.import_block(rlp.encode([[b""] * 21, [], [], []])),
    ):
        with pytest.raises(InvalidInput):
            attempt()
    made.init_genesis(genesis(KEYS))
    made.commit()
    with pytest.raises(InvalidInput, match="has a head already"):
        made.init_genesis(genesis(KEYS))


# --- headers ---------------------------------------------------------------------------------------------------------------


def test_equal_timestamps() -> None:
    made = engine(KEYS)
    for number in range(3):
        admit(made, KEYS[0].transfer(number, SINK))
        assert build(made, 1000).timestamp == 1000
    with pytest.raises(InvalidInput, match="timestamp: expected at least 1000, found 999"):
        made.build(999, COINBASE, RANDAO)
    plain = engine(KEYS, rules=config(repeatedTimestamps=False))
    with pytest.raises(InvalidInput, match="timestamp: expected above 1000"):
        plain.build(1000, COINBASE, RANDAO)
    with pytest.raises(InvalidInput, match="timestamp: expected above 1000"):
        plain.import_block(chain_with_timestamp(1000).block_rlp)


def chain_with_timestamp(timestamp: int) -> Any:
    return engine(KEYS).build(timestamp, COINBASE, RANDAO)


def test_gas_limit_moves_by_less_than_a_1024th() -> None:
    made = engine(KEYS, gas_limit=30_000_000)
    step = 30_000_000 // 1024 - 1
    assert build(made, gas_limit=60_000_000).gas_limit == 30_000_000 + step
    assert build(made, gas_limit=30_000_000 + step).gas_limit == 30_000_000 + step
    assert build(made, gas_limit=None).gas_limit == 30_000_000 + step
    low = engine(KEYS, gas_limit=3_000_100)
    assert build(low, gas_limit=1).gas_limit == 3_000_000  # chain.md §3.3
    assert build(low, gas_limit=1).gas_limit == 3_000_000


@pytest.mark.parametrize(
    ("used_gas", "limit", "fee", "expected"),
    [
        (0, 120_000_000, GWEI, 875_000_000),
        (0, 120_000_000, 7, 7),
        (0, 120_000_000, 8, 7),
        (21000 * 8, 3_000_000, GWEI, None),
    ],
)
def test_base_fee(used_gas: int, limit: int, fee: int, expected: int | None) -> None:
    made = engine(KEYS, gas_limit=limit, base_fee=fee)
    if used_gas:
        admit(made, *[key.transfer(0, SINK) for key in KEYS])
    first = build(made)
    # block 1 follows an empty genesis, block 2 a block with transactions
    second = build(made)
    want = first.base_fee
    target = limit // 2
    used = first.gas_used
    delta = want * abs(used - target) // target // 8
    assert second.base_fee == (want + max(delta, 1) if used > target else want - delta)
    if expected is not None:
        assert first.base_fee == expected


def test_full_blocks_raise_the_base_fee() -> None:
    made = engine(KEYS, gas_limit=3_000_000)
    for nonce in range(2):
        admit(made, KEYS[0].transfer(nonce, SINK, gas=2_990_000, price=3 * GWEI))
        full = build(made)
        assert full.gas_used == 2_392_000  # 80 % of the limit
    assert full.base_fee > 875_000_000


def test_withdrawals_pay() -> None:
    made = engine(KEYS)
    withdrawals = [{"index": i, "validator_index": i, "address": SINK, "amount": i + 1} for i in range(3)]
    sealed = build(made, withdrawals=withdrawals)
    assert made.account(SINK)[1] == 6 * GWEI
    other = engine(KEYS)
    assert other.import_block(sealed.block_rlp).hash == sealed.hash
    with pytest.raises(InvalidInput, match="amount is missing"):
        made.build(1002, COINBASE, RANDAO, withdrawals=[{"index": 0, "validator_index": 0, "address": SINK}])


def test_blob_fees_move() -> None:
    made = engine(KEYS)
    for n in range(3):
        admit(made, *[key.blob(n, [b"\x01" + bytes(31)] * 3) for key in KEYS])
        sealed = build(made)
        assert sealed.tx_count == 3  # nine blobs a block
    facts = _native.record_header(sealed.record)
    assert facts["blob_gas_used"] == 9 * 131072
    assert facts["excess_blob_gas"] == 2 * 3 * 131072  # three above the target of six, twice
    other = engine(KEYS)
    with pytest.raises(InvalidInput):
        other.import_block(sealed.block_rlp)


# --- history and restart ---------------------------------------------------------------------------------------------------


def test_heights_that_are_kept() -> None:
    made = engine(KEYS, options={"history_blocks": 4})
    for number in range(8):
        admit(made, KEYS[0].transfer(number, SINK, 1))
        build(made)
    assert [made.account(SINK, n)[1] for n in range(4, 9)] == [4, 5, 6, 7, 8]
    assert made.account(SINK)[1] == 8
    with pytest.raises(NotFound):
        made.account(SINK, 2)
    with pytest.raises(NotFound):
        made.account(SINK, 9)
    with pytest.raises(NotFound):
        made.call({"to": SINK}, 0)


def packed(rows: list[tuple[bytes, bytes]]) -> bytes:
    return b"".join(struct.pack("<I", len(key)) + key + struct.pack("<I", len(value)) + value for key, value in rows)


def folded(diffs: list[bytes]) -> dict[str, dict[bytes, bytes]]:
    families: dict[str, dict[bytes, bytes]] = {"accounts": {}, "slots": {}, "codes": {}}
    for diff in diffs:
        for family, key, value in _native.diff_rows(diff):
            if value is None:
                families[family].pop(key, None)
            else:
                families[family][key] = value
    return families


STORE = b"\x5a" * 20
STORE_CODE = bytes.fromhex("6000356020355500")  # slot[calldata[32]] = calldata[0]


def busy_chain() -> tuple[Any, Any, list[Any]]:
    alloc = {STORE: {"balance": 0, "nonce": 1, "code": STORE_CODE, "storage": {1: 5, 9: 9}}}
    made = _native.Engine(config())
    first = made.init_genesis(genesis(KEYS, alloc=alloc))
    made.commit()
    blocks = []
    for number in range(6):
        word = number.to_bytes(32, "big") + (number % 3).to_bytes(32, "big")
        admit(made, *[key.dynamic(number, STORE, gas=100_000, data=word) for key in KEYS])
        admit(made, KEYS[0].dynamic(number, bytes([number]) * 20, 3))
        blocks.append(build(made, 1001 + number))
    return made, first, blocks


@pytest.mark.parametrize("fold_at", [0, 3, 6])
def test_restart_from_rows_and_diffs(fold_at: int) -> None:
    made, first, blocks = busy_chain()
    sealed = [first, *blocks]
    again = _native.Engine(config())
    rows = folded([block.diff for block in sealed[: fold_at + 1]])
    for family, entries in rows.items():
        items = list(entries.items())
        again.load_rows(family, packed(items[: len(items) // 2]))
        again.load_rows(family, packed(items[len(items) // 2 :]))
    again.load_finish(sealed[fold_at].record, [block.hash for block in sealed[:fold_at]])
    for block in sealed[fold_at + 1 :]:
        again.replay(block.record, block.diff)
    assert again.head() == made.head()
    assert [again.storage(STORE, n) for n in range(4)] == [made.storage(STORE, n) for n in range(4)]
    # What was mined before the restart is not mined again (reliability.md E3), and both go on alike.
    raws = _native.record_raw_transactions(blocks[-1].record)
    assert all(answer.startswith("nonce too low") for answer in admit(again, *raws))
    for chain in (made, again):
        admit(chain, KEYS[1].transfer(6, SINK))
    # BLOCKHASH reaches behind the restart
    probe = {"to": b"\x77" * 20, "data": (1).to_bytes(32, "big")}
    code = {b"\x77" * 20: {"code": bytes.fromhex("600035405f5260205ff3")}}
    assert again.call(probe, overrides=code)["output"] == blocks[0].hash == made.call(probe, overrides=code)["output"]
    assert build(made, 2000).hash == build(again, 2000).hash


def test_restart_refuses_what_does_not_fit() -> None:
    _, first, _blocks = busy_chain()
    again = _native.Engine(config())
    rows = folded([first.diff])
    address, value = next(iter(rows["accounts"].items()))
    rows["accounts"][address] = bytes(value[:-1]) + bytes([value[-1] ^ 1])
    for family, entries in rows.items():
        try:
            again.load_rows(family, packed(list(entries.items())))
        except Corrupt:
            return
    with pytest.raises(Corrupt, match="flat state: expected the root"):
        again.load_finish(first.record, [])


def test_replay_refuses_damage_and_gaps() -> None:
    _, first, blocks = busy_chain()
    again = _native.Engine(config())
    again.replay(first.record, first.diff)
    with pytest.raises(InvalidInput, match="does not follow the head"):
        again.replay(blocks[1].record, blocks[1].diff)
    with pytest.raises(Corrupt, match="leads to the root"):
        again.replay(blocks[0].record, blocks[1].diff)
    for record, diff in ((blocks[0].record, blocks[0].diff[:-1]), (blocks[0].record[:-1], blocks[0].diff)):
        with pytest.raises(Corrupt):
            again.replay(record, diff)
    flipped = bytearray(blocks[0].record)
    flipped[200] ^= 1
    with pytest.raises(Corrupt, match="checksum"):
        again.replay(bytes(flipped), blocks[0].diff)
    again.replay(blocks[0].record, blocks[0].diff)
    assert again.head() == (1, blocks[0].hash)


def test_diff_rows_lead_back() -> None:
    _, first, blocks = busy_chain()
    before = folded([first.diff, *[block.diff for block in blocks[:-1]]])
    after = folded([first.diff, *[block.diff for block in blocks]])
    for family, key, value in _native.diff_rows(blocks[-1].diff, before=True):
        if value is None:
            after[family].pop(key)
        else:
            after[family][key] = value
    assert after == before


def test_archive_heights_are_read_outside() -> None:
    made, first, blocks = busy_chain()
    small = _native.Engine(config(), history_blocks=1)
    sealed = [first, *blocks]
    for block in sealed:
        small.replay(block.record, block.diff)
    with pytest.raises(NotFound):
        small.account(SINK, 2)

    def reader(family: str, key: bytes, number: int) -> bytes | None:
        if family == "headers":
            return bytes(_native.record_header(sealed[number].record)["header_rlp"])
        rows = folded([block.diff for block in sealed[: number + 1]])
        if family == "has_storage":
            return b"\x01" if any(slot[:20] == key for slot in rows["slots"]) else None
        return rows[family].get(key)

    small.set_external_reader(reader)
    for number in range(7):
        assert small.account(KEYS[0].address, number) == made.account(KEYS[0].address, number)
        assert small.storage(STORE, 1, number) == made.storage(STORE, 1, number)
        assert small.code(STORE, number) == STORE_CODE
        ask = {"to": STORE, "data": bytes(64)}
        assert small.call(ask, number)["gas_max_used"] == made.call(ask, number)["gas_max_used"]
    small.set_external_reader(None)
    with pytest.raises(NotFound):
        small.account(SINK, 2)


def test_proofs_hash_to_the_state_root() -> None:
    made, _, blocks = busy_chain()
    for number in (3, 6):
        proof = json.loads(made.proof(STORE, [1, 9, 77], number))
        root = _native.record_header(blocks[number - 1].record)["state_root"]
        assert keccak(bytes.fromhex(proof["accountProof"][0][2:])) == root
        assert int(proof["storageProof"][1]["value"], 16) == 9
        assert int(proof["storageProof"][2]["value"], 16) == 0
        assert keccak(bytes.fromhex(proof["storageProof"][0]["proof"][0][2:])) == bytes.fromhex(proof["storageHash"][2:])

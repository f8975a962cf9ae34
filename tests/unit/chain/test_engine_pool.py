"""The transaction pool: admission, error texts, order, replacement, bounds, and what blocks do to it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from chain_kit import CHAIN_ID, COINBASE, ETHER, GWEI, RANDAO, Key, admit, build, config, engine

from zerog import _native

ALICE, BOB, CAROL, POOR = Key(1), Key(2), Key(3), Key(4)
SINK = b"\x11" * 20


@pytest.fixture
def chain() -> Any:
    return engine([ALICE, BOB, CAROL], alloc={POOR.address: {"balance": 21000 * 2 * GWEI}})


def refused(chain: Any, raw: bytes) -> str:
    (answer,) = admit(chain, raw)
    assert isinstance(answer, str), "admitted"
    return answer


def order(sealed: Any) -> list[bytes]:
    return [sealed.tx_hashes[at : at + 32] for at in range(0, len(sealed.tx_hashes), 32)]


# --- admission -----------------------------------------------------------------------------------------------------------

MALFORMED = {
    "wrong chain": (ALICE.dynamic(0, SINK, chain_id=1), "invalid sender: invalid chain id for signer: have 1 want 16601"),
    "low gas": (ALICE.transfer(0, SINK, gas=20999), "intrinsic gas too low: gas 20999, minimum needed 21000"),
    "calldata floor": (
        ALICE.transfer(0, SINK, gas=22000, data=b"\x01" * 50),
        "insufficient gas for floor data gas cost: gas 22000, minimum needed 23000",
    ),
    "above block": (ALICE.transfer(0, SINK, gas=120_000_001), "exceeds block gas limit"),
    "tip above cap": (ALICE.dynamic(0, SINK, tip=3, cap=2), "max priority fee per gas higher than max fee per gas"),
    "nonce max": (ALICE.transfer(2**64 - 1, SINK), "nonce has max value"),
    "init code": (
        ALICE.transfer(0, b"", gas=10_000_000, data=b"\x00" * 49153),
        "max initcode size exceeded: code size 49153, limit 49152",
    ),
    "blob version": (ALICE.blob(0, [b"\x02" + bytes(31)]), "blob has invalid hash version"),
    "no blobs": (ALICE.blob(0, []), "blob transaction missing blob hashes"),
    "too many blobs": (ALICE.blob(0, [b"\x01" + bytes(31)] * 10), "too many blobs in transaction: have 10, permitted 9"),
    "no authorization": (ALICE.set_code(0, SINK, []), "set code tx must have at least one authorization tuple"),
    "unfunded": (Key(99).transfer(0, SINK), "insufficient funds for gas * price + value: balance 0, tx cost 42000000000001"),
    "undecodable": (b"\x02\xc0", "rlp: "),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_refusals_in_geths_words(chain: Any, name: str) -> None:
    raw, text = MALFORMED[name]
    assert refused(chain, raw).startswith(text)
    assert chain.pool_status() == (0, 0)


def test_known_stale_and_short_of_funds(chain: Any) -> None:
    first = ALICE.transfer(0, SINK)
    assert admit(chain, first, first)[1] == "already known"
    assert refused(chain, first) == "already known"
    build(chain)
    assert refused(chain, first) == "nonce too low: next nonce 1, tx nonce 0"
    assert refused(chain, POOR.transfer(0, SINK, value=1)).startswith(
        "insufficient funds for gas * price + value: balance 42000000000000, "
    )
    assert isinstance(admit(chain, POOR.transfer(0, SINK, value=0))[0], bytes)
    assert "queued cost 42000000000000" in refused(chain, POOR.transfer(1, SINK, value=0))


def test_tip_floor() -> None:
    chain = engine([ALICE], options={"pool_tip_min": GWEI})
    assert (
        refused(chain, ALICE.dynamic(0, SINK, tip=GWEI - 1))
        == "transaction underpriced: gas tip cap 999999999, minimum needed 1000000000"
    )
    assert isinstance(admit(chain, ALICE.dynamic(0, SINK, tip=GWEI))[0], bytes)


def test_cancun_has_no_set_code() -> None:
    chain = engine([ALICE], rules=json.dumps({"chainId": CHAIN_ID, "cancunTime": 0}).encode())
    assert refused(chain, ALICE.set_code(0, SINK, [BOB.authorize(SINK, 0)])).startswith("transaction type not supported")


# --- replacement -----------------------------------------------------------------------------------------------------------

REPLACEMENTS = [
    # tip, cap of the first; tip, cap of the second; accepted
    (100, 1000, 110, 1100, True),
    (100, 1000, 109, 1100, False),
    (100, 1000, 110, 1099, False),
    (100, 1000, 100, 1100, False),
    (100, 1000, 110, 1000, False),
    (100, 1000, 99, 2000, False),
    (0, 1000, 0, 1100, False),
    (0, 1000, 1, 1100, True),
    (1, 10, 2, 11, True),
    (101, 1000, 111, 1100, True),  # 111.1 rounds down, as in geth
]


@pytest.mark.parametrize(("tip", "cap", "new_tip", "new_cap", "accepted"), REPLACEMENTS)
def test_replacement_needs_ten_percent_on_both(
    chain: Any, tip: int, cap: int, new_tip: int, new_cap: int, accepted: bool
) -> None:
    old = ALICE.dynamic(0, SINK, 1, tip=tip, cap=cap)
    new = ALICE.dynamic(0, SINK, 2, tip=new_tip, cap=new_cap)
    (old_hash,) = admit(chain, old)
    (answer,) = admit(chain, new)
    if accepted:
        assert isinstance(answer, bytes)
        assert chain.pool_transaction(old_hash) is None
    else:
        assert answer == "replacement transaction underpriced"
        assert chain.pool_transaction(old_hash) is not None
    assert chain.pool_status() == (1, 0)


def test_blob_replacement_needs_twice(chain: Any) -> None:
    hashes = [b"\x01" + bytes(31)]
    admit(chain, ALICE.blob(0, hashes, tip=100, cap=5 * GWEI, blob_cap=100))
    assert refused(chain, ALICE.blob(0, hashes, tip=199, cap=10 * GWEI, blob_cap=200)) == "replacement transaction underpriced"
    assert refused(chain, ALICE.blob(0, hashes, tip=200, cap=10 * GWEI, blob_cap=199)) == "replacement transaction underpriced"
    assert refused(chain, ALICE.dynamic(0, SINK, tip=150, cap=9 * GWEI)) == "replacement transaction underpriced"
    assert isinstance(admit(chain, ALICE.blob(0, hashes, tip=200, cap=10 * GWEI, blob_cap=200))[0], bytes)


# --- order -----------------------------------------------------------------------------------------------------------------


def test_gaps_wait_and_are_filled(chain: Any) -> None:
    hashes = {nonce: admit(chain, ALICE.transfer(nonce, SINK))[0] for nonce in (2, 1, 5)}
    assert chain.pool_status() == (0, 3)
    assert chain.pool_nonce(ALICE.address) == 0
    assert build(chain).tx_count == 0
    hashes[0] = admit(chain, ALICE.transfer(0, SINK))[0]
    assert chain.pool_status() == (3, 1)
    assert chain.pool_nonce(ALICE.address) == 3
    assert order(build(chain)) == [hashes[0], hashes[1], hashes[2]]
    assert chain.pool_status() == (0, 1)
    admit(chain, ALICE.transfer(3, SINK), ALICE.transfer(4, SINK))
    assert order(build(chain))[-1] == hashes[5]


def test_price_order_keeps_nonces_and_arrival(chain: Any) -> None:
    raws = [
        ALICE.dynamic(0, SINK, tip=1 * GWEI),
        ALICE.dynamic(1, SINK, tip=9 * GWEI),  # dear, but behind a cheap one
        BOB.dynamic(0, SINK, tip=5 * GWEI),
        BOB.dynamic(1, SINK, tip=2 * GWEI),
        CAROL.dynamic(0, SINK, tip=5 * GWEI),
    ]
    hashes = admit(chain, *raws)
    assert order(build(chain)) == [hashes[2], hashes[4], hashes[3], hashes[0], hashes[1]]


def test_effective_tip_is_what_counts(chain: Any) -> None:
    # A high tip under a low cap is worth less than an honest middle one: base fee 0.875 gwei.
    squeezed = admit(chain, ALICE.dynamic(0, SINK, tip=1_100_000_000, cap=1_100_000_000))[0]
    honest = admit(chain, BOB.dynamic(0, SINK, tip=500_000_000, cap=5 * GWEI))[0]
    below = admit(chain, CAROL.dynamic(0, SINK, tip=1, cap=800_000_000))[0]
    assert order(build(chain)) == [honest, squeezed]
    # The base fee falls, the third follows.
    assert order(build(chain)) == [below]


def test_packing_by_gas_limit_without_executing() -> None:
    chain = engine([ALICE, BOB], gas_limit=3_000_000)
    big = admit(chain, ALICE.dynamic(0, SINK, gas=2_990_000, tip=5 * GWEI))[0]
    small = admit(chain, BOB.dynamic(0, SINK, gas=21_000, tip=GWEI))[0]
    assert order(build(chain)) == [big]  # although it burned far less than its limit leaves
    assert order(build(chain)) == [small]


def test_cumulative_worst_case_cost_at_the_base_fee() -> None:
    # Enough for the caps of two, spent down by a block to less than both at this base fee.
    chain = engine([BOB], alloc={ALICE.address: {"balance": 21000 * 4 * GWEI}})
    raws = [ALICE.dynamic(n, SINK, tip=GWEI, cap=2 * GWEI) for n in range(2)]
    assert all(isinstance(answer, bytes) for answer in admit(chain, *raws))
    assert build(chain).tx_count == 2


def test_max_transactions(chain: Any) -> None:
    admit(chain, *[ALICE.transfer(n, SINK) for n in range(5)])
    assert build(chain, max_transactions=2).tx_count == 2
    assert chain.pool_status() == (3, 0)


# --- bounds ----------------------------------------------------------------------------------------------------------------


def test_sixty_four_a_sender(chain: Any) -> None:
    answers = admit(chain, *[ALICE.transfer(n, SINK) for n in range(65)])
    assert all(isinstance(answer, bytes) for answer in answers[:64])
    assert answers[64].startswith("account limit exceeded")
    assert chain.pool_status() == (64, 0)
    assert isinstance(admit(chain, ALICE.transfer(3, SINK, price=3 * GWEI))[0], bytes)  # replacing is not adding


def test_full_pool_evicts_by_price() -> None:
    keys = [Key(100 + i) for i in range(12)]
    chain = engine(keys, options={"pool_total": 10})
    hashes = admit(chain, *[key.dynamic(0, SINK, tip=(10 + i) * GWEI, cap=100 * GWEI) for i, key in enumerate(keys[:10])])
    cheap = refused(chain, keys[10].dynamic(0, SINK, tip=10 * GWEI, cap=100 * GWEI))
    assert "mempool is full" in cheap
    assert "transaction underpriced" in cheap
    dear = admit(chain, keys[10].dynamic(0, SINK, tip=50 * GWEI, cap=100 * GWEI))[0]
    assert chain.pool_transaction(hashes[0]) is None  # the cheapest went
    assert chain.pool_transaction(hashes[1]) is not None
    assert chain.pool_status() == (10, 0)
    # What cannot be executed goes first, whatever it offers: a waiting one makes room for a modest executable one.
    chain2 = engine(keys, options={"pool_total": 3})
    gapped, *_ = admit(
        chain2, keys[0].dynamic(5, SINK, tip=90 * GWEI, cap=100 * GWEI), keys[1].transfer(0, SINK), keys[2].transfer(0, SINK)
    )
    assert isinstance(admit(chain2, keys[3].dynamic(0, SINK, tip=1, cap=GWEI))[0], bytes)
    assert chain2.pool_transaction(gapped) is None
    assert order(build(chain))[0] == dear


def test_flood_without_funds_leaves_room() -> None:
    chain = engine([ALICE], options={"pool_total": 50})
    answers = admit(chain, *[Key(5000 + i).transfer(0, SINK, price=100 * GWEI) for i in range(200)], ALICE.transfer(0, SINK))
    assert all(answer.startswith("insufficient funds") for answer in answers[:200])
    assert isinstance(answers[200], bytes)
    assert build(chain).tx_count == 1


def test_byte_bound() -> None:
    chain = engine([ALICE, BOB], options={"pool_bytes": 200_000})
    assert isinstance(admit(chain, ALICE.transfer(0, SINK, gas=6_000_000, data=b"\x01" * 100_000))[0], bytes)
    assert "mempool is full" in refused(chain, BOB.transfer(0, SINK, gas=6_000_000, data=b"\x01" * 100_000))


# --- EIP-7702 --------------------------------------------------------------------------------------------------------------


def test_delegated_senders_have_one_in_flight(chain: Any) -> None:
    admit(chain, BOB.set_code(0, SINK, [ALICE.authorize(b"\xee" * 20, 0)], tip=5 * GWEI))
    # named by a waiting authorization
    assert isinstance(admit(chain, ALICE.transfer(0, SINK))[0], bytes)
    assert refused(chain, ALICE.transfer(1, SINK)) == "gapped-nonce tx from delegated accounts"
    build(chain)
    build(chain)
    assert chain.code(ALICE.address) == b"\xef\x01\x00" + b"\xee" * 20
    nonce = chain.account(ALICE.address)[0]
    # delegated by state
    assert isinstance(admit(chain, ALICE.transfer(nonce, SINK))[0], bytes)
    assert refused(chain, ALICE.transfer(nonce + 1, SINK)) == "gapped-nonce tx from delegated accounts"
    assert isinstance(admit(chain, ALICE.transfer(nonce, SINK, price=3 * GWEI))[0], bytes)


def test_authority_with_several_waiting_is_reserved(chain: Any) -> None:
    admit(chain, ALICE.transfer(0, SINK), ALICE.transfer(1, SINK))
    assert refused(chain, BOB.set_code(0, SINK, [ALICE.authorize(SINK, 0)])) == "authority already reserved"


# --- blocks and the pool ---------------------------------------------------------------------------------------------------


def test_sender_that_drains_its_balance_inside_the_block() -> None:
    """chain.md CH-07: packing does not execute; what cannot be paid at execution is dropped, and the chain goes on."""
    drainer = Key(7)
    # Delegated to code that sends its whole balance to the caller: BOB's transaction, dearer, drains it before its own runs.
    code = bytes.fromhex("5f5f5f5f47335af1")
    target = b"\xdd" * 20
    chain = engine([ALICE, BOB, drainer], alloc={target: {"balance": 0, "nonce": 1, "code": code}})
    admit(chain, ALICE.set_code(0, SINK, [drainer.authorize(target, 0)]))
    build(chain)
    assert chain.code(drainer.address).endswith(target)
    victim = admit(chain, drainer.dynamic(1, SINK, 10 * ETHER, tip=GWEI))[0]
    drain = admit(chain, BOB.dynamic(0, drainer.address, gas=200_000, tip=5 * GWEI))[0]
    later = admit(chain, ALICE.dynamic(1, SINK, tip=1))[0]
    sealed = build(chain)
    assert order(sealed) == [drain, later]
    assert [(hash, text.split(":")[0]) for hash, text in sealed.failed] == [
        (victim, "insufficient funds for gas * price + value")
    ]
    assert chain.account(drainer.address)[1] == 0
    assert chain.account(drainer.address)[0] == 1  # no effect at all
    assert chain.pool_transaction(victim) is None
    assert chain.pool_status() == (0, 0)
    assert build(chain).tx_count == 0
    other = engine([ALICE, BOB, drainer], alloc={target: {"balance": 0, "nonce": 1, "code": code}})
    for record in (sealed,):
        with pytest.raises(Exception, match="parentHash"):
            other.import_block(record.block_rlp)


def test_balance_spent_elsewhere_demotes_and_drops(chain: Any) -> None:
    # Two transactions that the balance covers; a third sender's block makes nothing of them worse, their own does.
    admit(chain, *[ALICE.transfer(n, SINK, 400 * ETHER) for n in range(2)])
    assert chain.pool_status() == (2, 0)
    sealed = chain.build_with([ALICE.transfer(0, SINK, 700 * ETHER)], 1001, COINBASE, RANDAO)
    assert sealed.tx_count == 1
    chain.commit()
    assert chain.pool_status() == (0, 0)  # nonce 0 is taken, nonce 1 alone costs more than is left


def test_discard_leaves_the_pool_alone(chain: Any) -> None:
    admit(chain, ALICE.transfer(0, SINK))
    chain.build(1001, COINBASE, RANDAO)
    assert chain.pool_status() == (1, 0)
    chain.discard()
    assert chain.pool_status() == (1, 0)
    assert build(chain).tx_count == 1


def test_same_input_same_blocks() -> None:
    keys = [Key(300 + i) for i in range(30)]

    def run() -> list[bytes]:
        chain = engine(keys)
        for n in range(3):
            admit(chain, *[key.dynamic(n, SINK, tip=(i % 4) * GWEI) for i, key in enumerate(keys)])
        return [build(chain, 1001 + i, max_transactions=25).hash for i in range(4)]

    assert run() == run()


# --- views -----------------------------------------------------------------------------------------------------------------


def test_views(chain: Any) -> None:
    pending = admit(chain, ALICE.dynamic(0, SINK, 7))[0]
    queued = admit(chain, BOB.transfer(3, b"", gas=100_000))[0]
    content = json.loads(chain.pool_content())
    entry = content["pending"]["0x" + ALICE.address.hex()]["0"]
    assert entry["hash"] == "0x" + pending.hex()
    assert entry["blockHash"] is entry["blockNumber"] is entry["transactionIndex"] is None
    assert entry["gasPrice"] == entry["maxFeePerGas"] == hex(10 * GWEI)
    assert content["queued"]["0x" + BOB.address.hex()]["3"]["hash"] == "0x" + queued.hex()
    assert json.loads(chain.pool_content("content", ALICE.address)) == {"pending": {"0": entry}, "queued": {}}
    inspect = json.loads(chain.pool_content("inspect"))
    assert inspect["pending"]["0x" + ALICE.address.hex()]["0"] == f"0x{SINK.hex()}: 7 wei + 21000 gas × {10 * GWEI} wei"
    assert inspect["queued"]["0x" + BOB.address.hex()]["3"].startswith("contract creation: 1 wei")
    assert json.loads(chain.pool_transaction(pending)) == entry
    assert len(chain.pool_raw(10)) == 2
    assert len(chain.pool_raw(1)) == 1
    assert _native.decode_transactions([chain.pool_raw_transaction(queued)])[0][0] == queued


def test_listener_is_called_once_a_batch(chain: Any) -> None:
    calls: list[int] = []
    chain.set_pool_listener(lambda: calls.append(chain.pool_status()[0]))
    admit(chain, *[ALICE.transfer(n, SINK) for n in range(5)])
    assert calls == [5]
    admit(chain, ALICE.transfer(0, SINK))  # known: nothing new
    assert calls == [5]
    chain.set_pool_listener(None)
    admit(chain, BOB.transfer(0, SINK))
    assert calls == [5]


def test_config_is_checked() -> None:
    for bad in (b"", b"[]", b"{}", b'{"chainId": -1}', b'{"chainId": 1, "cancunTime": 5}', b'{"chainId": 1, "osakaTime": 0}'):
        with pytest.raises(ValueError, match=r"config"):
            _native.Engine(bad)
    with pytest.raises(ValueError, match="gasFloorPercent"):
        _native.Engine(config(gasFloorPercent=101))
    with pytest.raises(ValueError, match="unknown setting"):
        _native.Engine(config(surprise=1))

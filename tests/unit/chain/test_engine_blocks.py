"""Blocks of the native engine: building, importing, storing, restarting."""

from __future__ import annotations

from typing import Any

from chain_kit import COINBASE, ETHER, GWEI, Key, admit, build, engine

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
    assert made.account(SINK)[1] == 40 and made.account(SINK, 0)[1] == 0
    assert made.account(KEYS[0].address)[0] == 1
    price = 2 * GWEI  # legacy: the whole price is paid, the base fee's part burned
    assert made.account(KEYS[0].address)[1] == 1000 * ETHER - 5 - 21000 * price
    assert made.account(COINBASE)[1] == 8 * 21000 * (price - sealed.base_fee)
    other = engine(KEYS)
    copy = other.import_block(sealed.block_rlp)
    assert (copy.hash, copy.record, copy.diff) == (sealed.hash, sealed.record, sealed.diff)
    other.commit()
    assert other.head() == made.head() == (1, sealed.hash)

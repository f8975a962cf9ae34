"""Division and multiplication of the machine's words against Python's integers: a table of edges and random words."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from zerog import _native

SENDER, TARGET = b"\x11" * 20, b"\x72" * 20
ENV = {
    "number": 1, "timestamp": 1, "base_fee": 0, "gas_limit": 2**40, "coinbase": bytes(20), "prev_randao": 0,
    "excess_blob_gas": 0, "block_hashes": {},
}  # fmt: skip
MAX = 2**256 - 1


def signed(value: int) -> int:
    return value - 2**256 if value >> 255 else value


def truncated(a: int, b: int) -> int:
    """Division towards zero."""
    return abs(a) // abs(b) * (-1 if (a < 0) != (b < 0) else 1)


OPERATIONS: dict[int, tuple[int, Callable[..., int]]] = {
    0x02: (2, lambda a, b: a * b & MAX),
    0x04: (2, lambda a, b: a // b if b else 0),
    0x05: (2, lambda a, b: truncated(signed(a), signed(b)) & MAX if b else 0),
    0x06: (2, lambda a, b: a % b if b else 0),
    0x07: (2, lambda a, b: (signed(a) - signed(b) * truncated(signed(a), signed(b))) & MAX if b else 0),
    0x08: (3, lambda a, b, m: (a + b) % m if m else 0),
    0x09: (3, lambda a, b, m: a * b % m if m else 0),
    0x0A: (2, lambda a, b: pow(a, b, 2**256)),
}
EDGE_WORDS = (0, 1, 2**32, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 2, 2**64 - 1)


def results(steps: Sequence[tuple[int, Sequence[int]]]) -> list[int]:
    """Each instruction with its operands (the first on top), run by one piece of code."""
    code = b""
    for place, (instruction, operands) in enumerate(steps):
        code += b"".join(b"\x7f" + operand.to_bytes(32, "big") for operand in reversed(operands))
        code += bytes([instruction]) + b"\x62" + (32 * place).to_bytes(3, "big") + b"\x52"
    code += b"\x62" + (32 * len(steps)).to_bytes(3, "big") + b"\x5f\xf3"
    world = _native.EvmWorld({SENDER: {"balance": 10**18}, TARGET: {"code": code}})
    done = world.transact(
        ENV,
        {
            "type": 2, "chain_id": 1, "nonce": 0, "max_fee": 0, "max_priority_fee": 0, "gas_limit": 2**36, "to": TARGET,
            "value": 0, "data": b"", "sender": SENDER,
        },
    )  # fmt: skip
    assert done["success"], done
    return [int.from_bytes(done["output"][at : at + 32], "big") for at in range(0, 32 * len(steps), 32)]


def check(steps: Sequence[tuple[int, Sequence[int]]]) -> None:
    for (instruction, operands), found in zip(steps, results(steps), strict=True):
        expected = OPERATIONS[instruction][1](*operands)
        assert found == expected, (hex(instruction), [hex(operand) for operand in operands], hex(found), hex(expected))


def test_edges() -> None:
    """Every instruction on words around powers of two and on quotients that the first guess misses."""
    corners = [0, 1, 2, 3, MAX, MAX - 1, 2**255, 2**255 - 1, 2**255 + 1]
    corners += [(1 << bit) + less for bit in (63, 64, 65, 127, 128, 129, 191, 192, 193) for less in (-1, 0, 1)]
    # Knuth, volume 2, 4.3.1, exercise 21 and its like: the digit is one too large, or 2^64 - 1
    corners += [2**191 + 2**64 - 1, (2**63 << 192) + 2**64 - 2, (2**64 - 1) << 192, ((2**63 << 64) + 2**64 - 1) << 64]
    pairs = [(code, pair) for code in (2, 4, 5, 6, 7) for pair in itertools.product(corners, corners)]
    check(pairs)
    rng = random.Random(5)
    check([(rng.choice((8, 9)), [rng.choice(corners) for _ in range(3)]) for _ in range(3000)])


WORD = st.one_of(
    st.integers(0, MAX),
    st.integers(0, 256).flatmap(lambda bits: st.integers(0, (1 << bits) - 1)),
    st.lists(st.sampled_from(EDGE_WORDS), min_size=4, max_size=4).map(lambda w: sum(x << 64 * i for i, x in enumerate(w))),
)
STEP = st.sampled_from(sorted(OPERATIONS)).flatmap(
    lambda code: st.tuples(st.just(code), st.lists(WORD, min_size=OPERATIONS[code][0], max_size=OPERATIONS[code][0]))
)


@settings(max_examples=15, deadline=None)
@given(st.lists(STEP, min_size=20, max_size=60))
def test_random_words(steps: list[tuple[int, list[int]]]) -> None:
    check(steps)

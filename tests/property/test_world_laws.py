"""The world's state against the trie's definition: roots, kept heights, proofs, diffs there and back."""

from __future__ import annotations

import random

import pytest

from oracle import rlp
from oracle import trie as oracle
from zerog import _native
from zerog.errors import Exhausted, InvalidInput

EMPTY_CODE = oracle.keccak256(b"")
Plain = dict[bytes, tuple[int, int, dict[int, int]]]


def storage_root(slots: dict[int, int]) -> bytes:
    return oracle.secure_root({slot.to_bytes(32, "big"): rlp.encode(value) for slot, value in slots.items()})


def state_root(world: Plain) -> bytes:
    return oracle.secure_root(
        {
            address: rlp.encode([nonce, balance, storage_root(slots), EMPTY_CODE])
            for address, (nonce, balance, slots) in world.items()
        }
    )


def change(rng: random.Random, world: Plain) -> tuple[list[tuple[object, ...]], Plain]:
    after = dict(world)
    rows: list[tuple[object, ...]] = []
    for name in rng.sample(range(12), rng.randrange(1, 6)):
        address = oracle.keccak256(bytes([name]))[:20]
        nonce, balance, old = world.get(address, (0, 0, {}))
        if rng.random() < 0.2:
            rows.append((address, None, True, {}))
            after.pop(address, None)
            continue
        nonce, balance = nonce + 1, rng.randrange(2 ** rng.choice([1, 64, 256]))
        cleared = rng.random() < 0.15
        slots = {rng.randrange(10): rng.choice([0, 1, 127, 128, 2**256 - 1]) for _ in range(rng.randrange(4))}
        rows.append((address, (nonce, balance, EMPTY_CODE), cleared, slots))
        merged = {**({} if cleared else old), **slots}
        after[address] = (nonce, balance, {slot: value for slot, value in merged.items() if value})
    return rows, after


@pytest.mark.parametrize("proof_memory", [pytest.param(0, marks=pytest.mark.slow), 1 << 20])
def test_blocks_follow_the_definition(seed: int, proof_memory: int) -> None:
    rng = random.Random(seed)
    world = _native.World()
    world.set_history_blocks(5)
    world.set_proof_memory(proof_memory)
    plain: Plain = {}
    heights: dict[int, Plain] = {}
    diffs: list[bytes] = []
    for number in range(25):
        rows, after = change(rng, plain)
        before = world.root
        if rng.random() < 0.3:
            world.stage(change(rng, plain)[0])
            world.discard()
            assert world.root == before
        assert world.stage(rows) == state_root(after)
        diffs.append(world.staged_diff())
        world.commit(number, bytes([number]) * 32)
        heights[number] = plain = after
        assert world.oldest == max(0, number - 5)
        for height in range(world.oldest, number + 1):
            check_height(world, heights[height], height, rng)
        if world.oldest:
            with pytest.raises(Exhausted):
                world.account(bytes(20), world.oldest - 1)
    # The diffs alone lead to the same place, and their inverses back to nothing.
    follower = _native.World()
    for number, diff in enumerate(diffs):
        assert follower.stage_diff(diff) == state_root(heights[number])
        follower.commit(number, bytes(32))
    for number, diff in reversed(list(enumerate(diffs))):
        expected = state_root(heights[number - 1]) if number else oracle.EMPTY_ROOT
        assert follower.stage_diff(diff, inverse=True) == expected
        follower.commit(follower.head + 1, bytes(32))
    assert follower.memory()["slot_count"] == follower.memory()["account_count"] == 0


def check_height(world: _native.World, plain: Plain, height: int, rng: random.Random) -> None:
    address = oracle.keccak256(bytes([rng.randrange(12)]))[:20]
    found = plain.get(address)
    assert world.account(address, height) == (None if found is None else (found[0], found[1], EMPTY_CODE))
    slots = found[2] if found else {}
    wanted = [rng.randrange(10), rng.randrange(10)]
    nodes, root, storage = world.prove(address, wanted, height)
    assert root == storage_root(slots)
    leaf = None if found is None else rlp.encode([found[0], found[1], root, EMPTY_CODE])
    assert _native.verify_trie_proof(state_root(plain), address, nodes) == (True, leaf)
    for slot, (value, slot_nodes) in zip(wanted, storage, strict=True):
        assert value == slots.get(slot, 0) == world.storage(address, slot, height)
        shown = rlp.encode(value) if value else None
        assert _native.verify_trie_proof(root, slot.to_bytes(32, "big"), slot_nodes) == (True, shown)


def test_diffs_are_checked(seed: int) -> None:
    rng = random.Random(seed)
    world = _native.World()
    world.stage(change(rng, {})[0] + [(b"\xff" * 20, (1, 2, EMPTY_CODE), False, {1: 2})])
    diff = world.staged_diff()
    world.discard()
    for _ in range(300):
        bent = bytearray(diff)
        bent[rng.randrange(len(bent))] ^= 1 << rng.randrange(8)
        with pytest.raises(InvalidInput, match="state diff"):
            world.stage_diff(bytes(bent))
    for size in range(len(diff)):
        with pytest.raises(InvalidInput, match="state diff"):
            world.stage_diff(diff[:size])

"""storage.selection: the rules of the specification, one by one, and against counting copies shard by shard."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerog.errors import InvalidInput, Unavailable
from zerog.storage.api import Shard
from zerog.storage.selection import ShardedNode, order, read_shard, select, uncovered


def nodes(*shards: tuple[int, int]) -> list[ShardedNode]:
    return [ShardedNode(f"http://n{i}", Shard(id, count)) for i, (id, count) in enumerate(shards)]


def shards(chosen: list[ShardedNode]) -> list[tuple[int, int]]:
    return [(node.shard.id, node.shard.count) for node in chosen]


def test_min_takes_the_node_that_holds_everything() -> None:
    assert shards(select(nodes((0, 2), (1, 2), (0, 1)))) == [(0, 1)]


def test_max_takes_many_shards_first() -> None:
    assert shards(select(nodes((0, 1), (1, 2), (0, 2)), 1, "max")) == [(0, 2), (1, 2)]


def test_a_range_that_has_enough_copies_is_skipped() -> None:
    # min: 0/2 comes first; 0/4 and 2/4 lie inside it and are skipped; 1/4 and 3/4 fill the other half.
    assert shards(select(nodes((3, 4), (0, 4), (2, 4), (1, 4), (0, 2)))) == [(0, 2), (1, 4), (3, 4)]


def test_ids_split_by_the_lowest_bit_first() -> None:
    # 0/2 holds even segments: 0 and 2 of four. The odd ones are still missing.
    with pytest.raises(Unavailable, match=r"shard/of\) 1/2"):
        select(nodes((0, 2), (2, 4)))
    with pytest.raises(Unavailable, match="3/4"):
        select(nodes((0, 2), (1, 4)))


def test_replicas() -> None:
    assert shards(select(nodes((0, 1), (0, 2), (1, 2), (0, 1)), 2)) == [(0, 1), (0, 1)]
    assert shards(select(nodes((0, 1), (0, 2), (1, 2)), 2)) == [(0, 1), (0, 2), (1, 2)]
    with pytest.raises(Unavailable, match="fewer replicas"):
        select(nodes((0, 1)), 2)


def test_a_number_keeps_nodes_of_so_many_shards_in_their_order() -> None:
    assert shards(select(nodes((1, 2), (0, 1), (0, 2)), 1, "2")) == [(1, 2), (0, 2)]


def test_random_is_a_permutation_that_depends_on_chance() -> None:
    listed = nodes(*[(i % 8, 8) for i in range(32)])
    first, second = order(listed, "random", random.Random(1)), order(listed, "random", random.Random(2))
    assert sorted(map(repr, first)) == sorted(map(repr, listed))
    assert first != second
    assert order(listed, "random", random.Random(1)) == first


@pytest.mark.parametrize("method", ["", "0", "-1", "best", "1.5", "²"])
def test_unknown_methods(method: str) -> None:
    with pytest.raises(InvalidInput, match="method"):
        select(nodes((0, 1)), 1, method)


@pytest.mark.parametrize(
    "value",
    [None, {}, [], {"shardId": 0}, {"shardId": 0, "numShard": 3}, {"shardId": 2, "numShard": 2}, {"shardId": -1, "numShard": 2},
     {"shardId": 0, "numShard": 0}, {"shardId": True, "numShard": 2}, {"shardId": "0", "numShard": "1"},
     {"shardId": 0, "numShard": 1 << 60}],
)  # fmt: skip
def test_shards_from_strangers(value: object) -> None:
    with pytest.raises(InvalidInput, match="shard"):
        read_shard(value)


def test_json() -> None:
    node = ShardedNode("http://a", Shard(3, 4), 12, 7)
    assert ShardedNode.from_json(node.to_json()) == node
    assert node.to_json() == {"url": "http://a", "config": {"shardId": 3, "numShard": 4}, "latency": 12, "since": 7}


def test_uncovered() -> None:
    assert uncovered([Shard(0, 2), Shard(1, 2)], range(5, 100)) is None
    assert uncovered([Shard(0, 2)], range(4, 5)) is None
    assert uncovered([Shard(0, 2)], range(4, 9)) == 5
    assert uncovered([], range(3, 4)) == 3


shard = st.integers(0, 4).flatmap(lambda depth: st.builds(Shard, st.integers(0, (1 << depth) - 1), st.just(1 << depth)))


@given(st.lists(shard, max_size=24), st.integers(1, 3), st.sampled_from(["min", "max"]))
def test_selection_against_counting(listed: list[Shard], replicas: int, method: str) -> None:
    """The rule in words, on an array of all sixteen shards: skip if the range has enough, stop once all have."""
    candidates = [ShardedNode(str(i), one) for i, one in enumerate(listed)]
    copies, expected = [0] * 16, []
    for node in order(candidates, method):
        held = range(node.shard.id, 16, node.shard.count)
        if min(copies[i] for i in held) >= replicas:
            continue
        for i in held:
            copies[i] += 1
        expected.append(node)
        if min(copies) >= replicas:
            break
    if min(copies) >= replicas:
        assert select(candidates, replicas, method) == expected
    else:
        with pytest.raises(Unavailable):
            select(candidates, replicas, method)

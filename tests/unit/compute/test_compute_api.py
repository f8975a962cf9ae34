"""Prices: whole numbers, tiers, cached tokens, and a bound that holds."""

from __future__ import annotations

import random

import pytest

from zerog.compute.api import Fee, Price, Tier, Usage
from zerog.errors import InvalidInput


def test_fee_is_tokens_times_price() -> None:
    assert Price(3, 7).fee(Usage(10, 20)) == Fee(30, 140)
    assert Price(3, 7).fee(Usage(10, 20, cached_tokens=4)) == Fee(30, 140)
    assert Price(8, 7, cached_divisor=4).fee(Usage(10, 20, cached_tokens=4)) == Fee(6 * 8 + 8, 140)


def test_tier_follows_the_prompt() -> None:
    price = Price(10, 10, tiers=(Tier(100), Tier(200, 3, 2, 2, 1)))
    assert price.fee(Usage(100, 1)) == Fee(1000, 10)
    assert price.fee(Usage(101, 1)) == Fee(1515, 20)
    assert price.fee(Usage(1000, 1)) == Fee(15000, 20)


@pytest.mark.parametrize("usage", [Usage(-1, 0), Usage(0, -1), Usage(3, 0, cached_tokens=4), Usage(3, 0, cached_tokens=-1)])
def test_counts_that_cannot_be(usage: Usage) -> None:
    with pytest.raises(InvalidInput, match="usage"):
        Price(1, 1, cached_divisor=4).fee(usage)


def test_no_fee_is_above_the_reserved_one(seed: int) -> None:
    source = random.Random(seed)
    for _ in range(500):
        tiers = tuple(
            Tier(limit, source.randint(1, 9), source.randint(1, 4), source.randint(1, 9), source.randint(1, 4))
            for limit in sorted(source.sample(range(1, 5000), source.randint(0, 3)))
        )
        price = Price(source.randint(0, 10**30), source.randint(0, 10**30), source.choice([0, 4]), tiers)
        prompt, completion = source.randint(0, 6000), source.randint(0, 6000)
        used = Usage(source.randint(0, prompt), source.randint(0, completion))
        used = Usage(used.prompt_tokens, used.completion_tokens, source.randint(0, used.prompt_tokens))
        assert price.fee(used).total <= price.most(prompt, completion)

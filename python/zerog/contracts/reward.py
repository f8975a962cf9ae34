"""The reward contract's calls and events as typed values. Source: docs/protocol/storage.md, section 2.5."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from zerog.contracts.calls import Call, call, event, nothing, same, topics_of
from zerog.types import Address

SECTORS_PER_PRICE: Final = 1 << 25
"""A pricing chunk: 8 GiB of the flow."""

_DISTRIBUTE_EVENT: Final = event("ChunkLinearReward", "DistributeReward")
DISTRIBUTE_TOPIC: Final = _DISTRIBUTE_EVENT.topic


@dataclass(frozen=True)
class Reward:
    """The money of a pricing chunk in wei; a chunk that is not full has no start and releases nothing."""

    locked: int
    claimable: int
    distributed: int
    start_time: int
    last_update: int


@dataclass(frozen=True)
class Distributed:
    """The ``DistributeReward`` event."""

    pricing_index: int
    beneficiary: Address
    miner_id: bytes
    amount: int


def rewards(pricing_index: int) -> Call[Reward]:
    return call("ChunkLinearReward", "rewards", pricing_index, read=lambda value: Reward(*value))


def reward_deadline(pricing_index: int) -> Call[int]:
    return call("ChunkLinearReward", "rewardDeadline", pricing_index, read=same)


def first_rewardable_chunk() -> Call[tuple[int, int]]:
    """The first pricing chunk that still pays, and the chain's time of the answer."""
    return call("ChunkLinearReward", "firstRewardableChunk", read=same)


def release_seconds() -> Call[int]:
    return call("ChunkLinearReward", "releaseSeconds", read=same)


def base_reward() -> Call[int]:
    return call("ChunkLinearReward", "baseReward", read=same)


def total_base_reward() -> Call[int]:
    return call("ChunkLinearReward", "totalBaseReward", read=same)


def donate() -> Call[None]:
    """Adds the value that is sent along to the pool of base rewards."""
    return call("ChunkLinearReward", "donate", read=nothing)


def payments(account: bytes) -> Call[int]:
    """What waits for an account."""
    return call("ChunkLinearReward", "payments", account, read=same)


def withdraw_payments(payee: bytes) -> Call[None]:
    return call("ChunkLinearReward", "withdrawPayments", payee, read=nothing)


def decode_distribute(topics: Sequence[bytes], data: bytes) -> Distributed:
    """A ``DistributeReward`` log.

    Raises:
        InvalidInput: not such a log.
    """
    found = _DISTRIBUTE_EVENT.decode_log(topics_of(topics), data)
    return Distributed(found["pricingIndex"], Address(found["beneficiary"]), found["minerId"], found["amount"])

"""What others may use of the chain: values and ports. The chain itself imports no other pillar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from zerog.chain.inputs import NO_INPUTS, ConsensusInputs


@dataclass(frozen=True, slots=True)
class NewBlock:
    """A block that has just become visible: durable, final."""

    number: int
    hash: bytes
    parent_hash: bytes
    timestamp: int
    gas_used: int
    gas_limit: int
    base_fee: int
    bloom: bytes
    record: bytes
    tx_hashes: bytes
    tx_count: int


BlockListener = Callable[[NewBlock], None]
PendingListener = Callable[[list[bytes], list[bytes]], None]
"""Hashes and raw bytes of transactions that were admitted together."""


@dataclass(frozen=True, slots=True)
class Finalized:
    """The answer to a decided block: what validators must agree on, and changes of their powers."""

    number: int
    hash: bytes
    app_hash: bytes
    validator_updates: list[tuple[bytes, int]]


class ConsensusApplication(Protocol):
    """What a consensus engine drives, in this order for every height; ``commit`` is the only durable step."""

    async def prepare_proposal(self, timestamp: int, inputs: ConsensusInputs = NO_INPUTS) -> bytes: ...
    async def process_proposal(self, block_rlp: bytes) -> bool: ...
    async def finalize_block(self, block_rlp: bytes) -> Finalized: ...
    async def commit(self) -> NewBlock: ...


class Submitter(Protocol):
    """Takes signed transactions; an answer means that they are on disk."""

    async def submit(self, raws: list[bytes]) -> list[bytes | Exception]: ...


def new_block(sealed: Any) -> NewBlock:
    """The event of a sealed block of the native engine."""
    return NewBlock(
        number=sealed.number,
        hash=sealed.hash,
        parent_hash=sealed.parent_hash,
        timestamp=sealed.timestamp,
        gas_used=sealed.gas_used,
        gas_limit=sealed.gas_limit,
        base_fee=sealed.base_fee,
        bloom=sealed.bloom,
        record=sealed.record,
        tx_hashes=sealed.tx_hashes,
        tx_count=sealed.tx_count,
    )

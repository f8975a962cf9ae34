"""The mine contract's calls and events as typed values. Source: docs/protocol/storage.md, sections 2.4 and 5."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from zerog._native import keccak256
from zerog.contracts.calls import Call, call, event, nothing, same, topics_of
from zerog.contracts.flow import MineContext
from zerog.errors import InvalidInput
from zerog.types import Address, parse_address

WORKER_CONTEXT_CALLER: Final = parse_address("0x000000000000000000000000000000000000000a")
"""``worker_context`` answers only an ``eth_call`` that names this sender."""
SEAL_BYTES: Final = 4096
SECTORS_PER_SEAL: Final = 16
SECTORS_PER_LOAD: Final = 1024

_NEW_MINER_EVENT: Final = event("PoraMine", "NewMinerId")
_UPDATE_MINER_EVENT: Final = event("PoraMine", "UpdateMinerId")
_SUBMISSION_EVENT: Final = event("PoraMine", "NewSubmission")
NEW_MINER_TOPIC: Final = _NEW_MINER_EVENT.topic
UPDATE_MINER_TOPIC: Final = _UPDATE_MINER_EVENT.topic
SUBMISSION_TOPIC: Final = _SUBMISSION_EVENT.topic


@dataclass(frozen=True)
class RecallRange:
    """The part of the flow that a miner answers for; ``shard_mask`` has zeros where the shard's bits are."""

    start_position: int
    mine_length: int
    shard_id: int = 0
    shard_mask: int = (1 << 64) - 1

    @property
    def digest(self) -> bytes:
        return bytes(keccak256(b"".join(number.to_bytes(32, "big") for number in self.abi())))

    def abi(self) -> tuple[int, int, int, int]:
        return self.start_position, self.mine_length, self.shard_id, self.shard_mask


@dataclass(frozen=True)
class PoraAnswer:
    """A proof of random access. ``sealed_data`` is one seal of 4096 bytes, ``merkle_proof`` its siblings bottom-up."""

    context_digest: bytes
    nonce: bytes
    miner_id: bytes
    range: RecallRange
    recall_position: int
    seal_offset: int
    sealed_context_digest: bytes
    sealed_data: bytes
    merkle_proof: tuple[bytes, ...]

    def abi(self) -> tuple[Any, ...]:
        """
        Raises:
            InvalidInput: the sealed data are not one seal.
        """
        if len(self.sealed_data) != SEAL_BYTES:
            raise InvalidInput(f"pora answer: expected {SEAL_BYTES} bytes of sealed data, found {len(self.sealed_data)}")
        return (
            self.context_digest,
            self.nonce,
            self.miner_id,
            self.range.abi(),
            self.recall_position,
            self.seal_offset,
            self.sealed_context_digest,
            [self.sealed_data[at : at + 32] for at in range(0, SEAL_BYTES, 32)],
            list(self.merkle_proof),
        )


@dataclass(frozen=True)
class WorkerContext:
    """What a miner begins with. Outside its window ``subtask_digest`` is zero, in a full epoch ``pora_target`` is."""

    context: MineContext
    pora_target: int
    subtask_digest: bytes
    max_shards: int


@dataclass(frozen=True)
class MinerRegistered:
    """The ``NewMinerId`` event."""

    miner_id: bytes
    beneficiary: Address


@dataclass(frozen=True)
class MinerTransferred:
    """The ``UpdateMinerId`` event."""

    miner_id: bytes
    sender: Address
    receiver: Address


@dataclass(frozen=True)
class AnswerAccepted:
    """The ``NewSubmission`` event."""

    epoch: int
    miner_id: bytes
    epoch_index: int
    recall_position: int


@dataclass(frozen=True)
class Parameters:
    """Settings and counters of the contract that miners and operators look at."""

    pora_target: int
    min_difficulty: int
    target_mine_blocks: int
    target_submissions: int
    subtasks: int
    subtask_interval: int
    max_shards: int
    last_mined_epoch: int
    current_submissions: int


PARAMETERS: Final = (
    "poraTarget", "minDifficulty", "targetMineBlocks", "targetSubmissions", "nSubtasks", "subtaskInterval", "maxShards",
    "lastMinedEpoch", "currentSubmissions",
)  # fmt: skip
"""The getters behind ``Parameters``, in its order."""


def parameter_calls() -> list[Call[int]]:
    """The calls whose results, in order, make ``Parameters``."""
    return [call("PoraMine", name, read=same) for name in PARAMETERS]


def getter(name: str) -> Call[Any]:
    """Any getter without arguments, by its Solidity name.

    Raises:
        InvalidInput: the contract has no such function.
    """
    return call("PoraMine", name, read=same)


def submit(answer: PoraAnswer) -> Call[None]:
    return call("PoraMine", "submit", answer.abi(), read=nothing)


def worker_context(miner_id: bytes) -> Call[WorkerContext]:
    """Ask with ``eth_call`` from ``WORKER_CONTEXT_CALLER``."""
    return call("PoraMine", "computeWorkerContext", miner_id, read=_worker_context)


def pora_version() -> Call[int]:
    return call("PoraMine", "poraVersion", read=same)


def can_submit() -> Call[bool]:
    """Whether the epoch takes more answers. Changes state: ask with ``eth_call``."""
    return call("PoraMine", "canSubmit", read=same)


def request_miner_id(beneficiary: bytes, seed: int) -> Call[None]:
    """A new miner id; the transaction's ``NewMinerId`` log tells it."""
    return call("PoraMine", "requestMinerId", beneficiary, seed, read=nothing)


def beneficiary(miner_id: bytes) -> Call[Address]:
    """Who is paid for a miner's answers; zero for an id that is not registered."""
    return call("PoraMine", "beneficiaries", miner_id, read=Address)


def transfer_beneficial(to: bytes, miner_id: bytes) -> Call[None]:
    return call("PoraMine", "transferBeneficial", to, miner_id, read=nothing)


def subtask_digest(context: MineContext, miner_id: bytes) -> Call[bytes]:
    return call("PoraMine", "getSubtaskDigest", context.abi(), miner_id, read=same)


def decode_new_miner(topics: Sequence[bytes], data: bytes) -> MinerRegistered:
    """A ``NewMinerId`` log.

    Raises:
        InvalidInput: not such a log.
    """
    found = _NEW_MINER_EVENT.decode_log(topics_of(topics), data)
    return MinerRegistered(found["minerId"], Address(found["beneficiary"]))


def decode_update_miner(topics: Sequence[bytes], data: bytes) -> MinerTransferred:
    """An ``UpdateMinerId`` log.

    Raises:
        InvalidInput: not such a log.
    """
    found = _UPDATE_MINER_EVENT.decode_log(topics_of(topics), data)
    return MinerTransferred(found["minerId"], Address(found["from"]), Address(found["to"]))


def decode_submission(topics: Sequence[bytes], data: bytes) -> AnswerAccepted:
    """A ``NewSubmission`` log.

    Raises:
        InvalidInput: not such a log.
    """
    found = _SUBMISSION_EVENT.decode_log(topics_of(topics), data)
    return AnswerAccepted(found["epoch"], found["minerId"], found["epochIndex"], found["recallPosition"])


def _worker_context(value: Any) -> WorkerContext:
    context, target, digest, max_shards = value
    return WorkerContext(MineContext(*context), target, digest, max_shards)

"""DAEntrance's calls and events as typed values. Source: docs/protocol/da.md; points are those of ``zerog.primitives.bls``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from zerog.contracts.calls import Call, call, event, nothing, same, topics_of
from zerog.errors import InvalidInput
from zerog.primitives import bls
from zerog.types import Address

ROWS: Final = 3072
BITMAP_SIZE: Final = ROWS // 8
MAX_PODAS_TARGET: Final = ((1 << 256) - 1) // 128
SUBLINE_SIZE: Final = 1024
SAMPLE_PROOF_LENGTH: Final = 15

_UPLOAD_EVENT: Final = event("DAEntrance", "DataUpload")
_VERIFIED_EVENT: Final = event("DAEntrance", "ErasureCommitmentVerified")
_ROUND_EVENT: Final = event("DAEntrance", "NewSampleRound")
_REWARD_EVENT: Final = event("DAEntrance", "DAReward")
DATA_UPLOAD_TOPIC: Final = _UPLOAD_EVENT.topic
COMMITMENT_VERIFIED_TOPIC: Final = _VERIFIED_EVENT.topic
NEW_SAMPLE_ROUND_TOPIC: Final = _ROUND_EVENT.topic
REWARD_TOPIC: Final = _REWARD_EVENT.topic


@dataclass(frozen=True)
class CommitRootSubmission:
    """A commitment with the aggregate signature of its quorum. ``signature`` and ``key2`` are the sums of the signers' own."""

    data_root: bytes
    epoch: int
    quorum_id: int
    commitment: bytes
    quorum_bitmap: bytes
    key2: bytes
    signature: bytes

    def abi(self) -> tuple[Any, ...]:
        """
        Raises:
            InvalidInput: a point or bitmap of the wrong size.
        """
        if len(self.quorum_bitmap) != BITMAP_SIZE:
            raise InvalidInput(f"quorum bitmap: expected {BITMAP_SIZE} bytes, found {len(self.quorum_bitmap)}")
        x, y = bls.to_words_entrance(self.key2)
        return (
            self.data_root,
            self.epoch,
            self.quorum_id,
            bls.to_words(self.commitment),
            self.quorum_bitmap,
            (list(x), list(y)),
            bls.to_words(self.signature),
        )


@dataclass(frozen=True)
class SampleResponse:
    """1024 bytes of a row with their quality, and 15 siblings up to the blob root of the row's third."""

    seed: bytes
    epoch: int
    quorum_id: int
    line_index: int
    subline_index: int
    quality: int
    data_root: bytes
    blob_roots: tuple[bytes, bytes, bytes]
    proof: tuple[bytes, ...]
    data: bytes

    def abi(self) -> tuple[Any, ...]:
        """
        Raises:
            InvalidInput: data or proof of a size that the contract refuses.
        """
        if len(self.data) != SUBLINE_SIZE or len(self.proof) != SAMPLE_PROOF_LENGTH:
            raise InvalidInput(
                f"sample: expected {SUBLINE_SIZE} bytes and {SAMPLE_PROOF_LENGTH} siblings, "
                f"found {len(self.data)} and {len(self.proof)}"
            )
        return (
            self.seed,
            self.epoch,
            self.quorum_id,
            self.line_index,
            self.subline_index,
            self.quality,
            self.data_root,
            list(self.blob_roots),
            list(self.proof),
            self.data,
        )


@dataclass(frozen=True)
class SampleTask:
    """The current round: a zero seed means that it cannot be mined."""

    seed: bytes
    podas_target: int
    remaining: int


@dataclass(frozen=True)
class SampleRange:
    """The epochs whose blobs may be sampled, both ends included."""

    start_epoch: int
    end_epoch: int


@dataclass(frozen=True)
class DataUpload:
    """The ``DataUpload`` event: a blob is announced and has its quorum."""

    sender: Address
    data_root: bytes
    epoch: int
    quorum_id: int
    blob_price: int


@dataclass(frozen=True)
class CommitmentVerified:
    """The ``ErasureCommitmentVerified`` event."""

    data_root: bytes
    epoch: int
    quorum_id: int


@dataclass(frozen=True)
class SampleRound:
    """The ``NewSampleRound`` event."""

    number: int
    height: int
    seed: bytes
    podas_target: int


@dataclass(frozen=True)
class SampleReward:
    """The ``DAReward`` event."""

    beneficiary: Address
    sample_round: int
    epoch: int
    quorum_id: int
    data_root: bytes
    quality: int
    line_index: int
    subline_index: int
    reward: int


def quorum_bitmap(rows: Iterable[int]) -> bytes:
    """The bitmap of 3072 rows, lowest bit first: row g is bit g mod 8 of byte g / 8.

    Raises:
        InvalidInput: a row outside the quorum.
    """
    made = bytearray(BITMAP_SIZE)
    for row in rows:
        if not 0 <= row < ROWS:
            raise InvalidInput(f"quorum bitmap: expected rows below {ROWS}, found {row}")
        made[row // 8] |= 1 << row % 8
    return bytes(made)


def submit_original_data(data_roots: Sequence[bytes]) -> Call[None]:
    """Announces blobs; pay ``blobPrice`` for each. The ``DataUpload`` logs tell epoch and quorum, one of both a call."""
    return call("DAEntrance", "submitOriginalData", list(data_roots), read=nothing)


def submit_verified_commit_roots(submissions: Sequence[CommitRootSubmission]) -> Call[None]:
    return call("DAEntrance", "submitVerifiedCommitRoots", [one.abi() for one in submissions], read=nothing)


def commitment_exists(data_root: bytes, epoch: int, quorum_id: int) -> Call[bool]:
    return call("DAEntrance", "commitmentExists", data_root, epoch, quorum_id, read=same)


def verified_commitment(data_root: bytes, epoch: int, quorum_id: int) -> Call[bytes | None]:
    """The recorded commitment as a point, None where there is none."""
    return call("DAEntrance", "verifiedErasureCommitment", data_root, epoch, quorum_id, read=_commitment)


def submit_sampling_response(answer: SampleResponse) -> Call[None]:
    return call("DAEntrance", "submitSamplingResponse", answer.abi(), read=nothing)


def sample_task() -> Call[SampleTask]:
    """Changes state: ask with ``eth_call``."""
    return call("DAEntrance", "sampleTask", read=lambda value: SampleTask(*value))


def sample_range() -> Call[SampleRange]:
    """Changes state: ask with ``eth_call``."""
    return call("DAEntrance", "sampleRange", read=lambda value: SampleRange(*value))


def sync() -> Call[None]:
    """Begins the epoch that is due and every round since the last call, however many."""
    return call("DAEntrance", "sync", read=nothing)


def sync_fixed_times(times: int) -> Call[None]:
    """The same with at most so many rounds."""
    return call("DAEntrance", "syncFixedTimes", times, read=nothing)


def donate() -> Call[None]:
    return call("DAEntrance", "donate", read=nothing)


def payments(account: bytes) -> Call[int]:
    """What waits for an account to be withdrawn."""
    return call("DAEntrance", "payments", account, read=same)


def withdraw_payments(payee: bytes) -> Call[None]:
    """Pays an account what waits for it; anybody may send this."""
    return call("DAEntrance", "withdrawPayments", payee, read=nothing)


def getter(name: str) -> Call[Any]:
    """Any getter without arguments, by its Solidity name.

    Raises:
        InvalidInput: the contract has no such function.
    """
    return call("DAEntrance", name, read=same)


def decode_data_upload(topics: Sequence[bytes], data: bytes) -> DataUpload:
    """A ``DataUpload`` log.

    Raises:
        InvalidInput: not such a log.
    """
    found = _UPLOAD_EVENT.decode_log(topics_of(topics), data)
    return DataUpload(Address(found["sender"]), found["dataRoot"], found["epoch"], found["quorumId"], found["blobPrice"])


def decode_commitment_verified(topics: Sequence[bytes], data: bytes) -> CommitmentVerified:
    """An ``ErasureCommitmentVerified`` log.

    Raises:
        InvalidInput: not such a log.
    """
    found = _VERIFIED_EVENT.decode_log(topics_of(topics), data)
    return CommitmentVerified(found["dataRoot"], found["epoch"], found["quorumId"])


def decode_sample_round(topics: Sequence[bytes], data: bytes) -> SampleRound:
    """A ``NewSampleRound`` log.

    Raises:
        InvalidInput: not such a log.
    """
    found = _ROUND_EVENT.decode_log(topics_of(topics), data)
    return SampleRound(found["sampleRound"], found["sampleHeight"], found["sampleSeed"], found["podasTarget"])


def decode_reward(topics: Sequence[bytes], data: bytes) -> SampleReward:
    """A ``DAReward`` log.

    Raises:
        InvalidInput: not such a log.
    """
    found = _REWARD_EVENT.decode_log(topics_of(topics), data)
    return SampleReward(
        Address(found["beneficiary"]),
        found["sampleRound"],
        found["epoch"],
        found["quorumId"],
        found["dataRoot"],
        found["quality"],
        found["lineIndex"],
        found["sublineIndex"],
        found["reward"],
    )


def _commitment(value: Sequence[int]) -> bytes | None:
    return bls.from_words(value) if any(value) else None

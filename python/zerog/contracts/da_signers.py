"""DASigners' and DARegistry's calls and events as typed values. Source: docs/protocol/chain.md, sections 4 and 5.

Two versions of the rules exist. In 3 (this chain's) a signer registers through DARegistry, votes are its balance, and an
epoch begins when somebody calls ``makeEpoch``. In 2 (the older module) it registers with the precompile itself, votes are
bonded stake, and epochs begin by height. The call data of both registrations are equal: only the address differs
(:func:`registration_target`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from zerog.contracts.calls import Call, call, event, nothing, same, topics_of
from zerog.contracts.registry import DA_REGISTRY, DA_SIGNERS
from zerog.errors import InvalidInput
from zerog.primitives import bls
from zerog.types import Address

SignersVersion: TypeAlias = Literal[2, 3]

SOCKET_SIZE_MAX: Final = 96

_NEW_SIGNER_EVENT: Final = event("IDASigners", "NewSigner")
_SOCKET_EVENT: Final = event("IDASigners", "SocketUpdated")
NEW_SIGNER_TOPIC: Final = _NEW_SIGNER_EVENT.topic
SOCKET_UPDATED_TOPIC: Final = _SOCKET_EVENT.topic


@dataclass(frozen=True)
class Parameters:
    """``params()``; ``tokens_per_vote`` is whole tokens."""

    tokens_per_vote: int
    max_votes_per_signer: int
    max_quorums: int
    epoch_blocks: int
    encoded_slices: int


PARAMETERS_OF_3: Final = Parameters(30, 102_400, 10, 28_800, 3072)
"""What ``params()`` answers by version 3 of the rules, on every chain."""


@dataclass(frozen=True)
class SignerDetail:
    """A registered signer: its keys as points (64 and 128 bytes) and the address that others dial."""

    signer: Address
    socket: str
    key1: bytes
    key2: bytes

    def abi(self) -> tuple[Any, ...]:
        """
        Raises:
            InvalidInput: a socket that the registry refuses.
        """
        size = len(self.socket.encode())
        if size > SOCKET_SIZE_MAX:
            raise InvalidInput(f"signer: expected a socket of at most {SOCKET_SIZE_MAX} bytes, found {size}")
        key1, (x, y) = bls.to_words(self.key1), bls.to_words_signers(self.key2)
        return bytes(self.signer), self.socket, key1, (list(x), list(y))


@dataclass(frozen=True)
class AggregateKey:
    """The sum of the keys that a bitmap names, and how many rows of the quorum they hold."""

    key1: bytes
    total: int
    hit: int

    @property
    def suffices(self) -> bool:
        """Whether DAEntrance accepts it: two thirds of the rows."""
        return 2 * self.total <= 3 * self.hit


@dataclass(frozen=True)
class SignerRegistered:
    """The ``NewSigner`` event."""

    signer: Address
    key1: bytes
    key2: bytes


@dataclass(frozen=True)
class SocketUpdated:
    """The ``SocketUpdated`` event."""

    signer: Address
    socket: str


def registration_target(version: SignersVersion) -> Address:
    """Where ``register_signer`` and ``register_next_epoch`` are sent."""
    return DA_REGISTRY if version == 3 else DA_SIGNERS


def register_signer(secret: bls.SecretKey, signer: Address, socket: str, chain_id: int) -> Call[None]:
    """Registers the sender, once and for all, with the proof that it holds the key."""
    detail = SignerDetail(signer, socket, secret.public_g1, secret.public_g2)
    signature = secret.sign(bls.registration_digest(signer, chain_id))
    return call("DARegistry", "registerSigner", detail.abi(), bls.to_words(signature), read=nothing)


def register_next_epoch(secret: bls.SecretKey, signer: Address, current_epoch: int, chain_id: int) -> Call[None]:
    """Takes part in the epoch after ``current_epoch``."""
    signature = secret.sign(bls.epoch_digest(signer, current_epoch + 1, chain_id))
    return call("DARegistry", "registerNextEpoch", bls.to_words(signature), read=nothing)


def update_socket(socket: str) -> Call[None]:
    """Sent by the signer's account to DASigners itself.

    Raises:
        InvalidInput: longer than the precompile takes.
    """
    size = len(socket.encode())
    if size > SOCKET_SIZE_MAX:
        raise InvalidInput(f"signer: expected a socket of at most {SOCKET_SIZE_MAX} bytes, found {size}")
    return call("IDASigners", "updateSocket", socket, read=nothing)


def make_epoch() -> Call[None]:
    """Begins the next epoch if it is due; version 3 only."""
    return call("IDASigners", "makeEpoch", read=nothing)


def parameters() -> Call[Parameters]:
    return call("IDASigners", "params", read=lambda value: Parameters(*value))


def epoch_number() -> Call[int]:
    return call("IDASigners", "epochNumber", read=same)


def quorum_count(epoch: int) -> Call[int]:
    return call("IDASigners", "quorumCount", epoch, read=same)


def is_signer(account: bytes) -> Call[bool]:
    return call("IDASigners", "isSigner", account, read=same)


def registered_epoch(account: bytes, epoch: int) -> Call[bool]:
    return call("IDASigners", "registeredEpoch", account, epoch, read=same)


def get_signers(accounts: Sequence[bytes]) -> Call[list[SignerDetail]]:
    """The call fails when one of them is no signer."""
    return call("IDASigners", "getSigner", list(accounts), read=lambda found: [_detail(one) for one in found])


def get_quorum(epoch: int, quorum_id: int) -> Call[list[Address]]:
    """The signer of every row."""
    return call("IDASigners", "getQuorum", epoch, quorum_id, read=lambda rows: [Address(row) for row in rows])


def get_quorum_row(epoch: int, quorum_id: int, row: int) -> Call[Address]:
    return call("IDASigners", "getQuorumRow", epoch, quorum_id, row, read=Address)


def aggregate_key(epoch: int, quorum_id: int, bitmap: bytes) -> Call[AggregateKey]:
    return call("IDASigners", "getAggPkG1", epoch, quorum_id, bitmap, read=_aggregate)


def decode_new_signer(topics: Sequence[bytes], data: bytes) -> SignerRegistered:
    """A ``NewSigner`` log.

    Raises:
        InvalidInput: not such a log.
    """
    found = _NEW_SIGNER_EVENT.decode_log(topics_of(topics), data)
    return SignerRegistered(Address(found["signer"]), bls.from_words(found["pkG1"]), bls.from_words_signers(found["pkG2"]))


def decode_socket_updated(topics: Sequence[bytes], data: bytes) -> SocketUpdated:
    """A ``SocketUpdated`` log.

    Raises:
        InvalidInput: not such a log.
    """
    found = _SOCKET_EVENT.decode_log(topics_of(topics), data)
    return SocketUpdated(Address(found["signer"]), found["socket"])


def _detail(value: Any) -> SignerDetail:
    signer, socket, key1, key2 = value
    return SignerDetail(Address(signer), socket, bls.from_words(key1), bls.from_words_signers(key2))


def _aggregate(value: Any) -> AggregateKey:
    key1, total, hit = value
    return AggregateKey(bls.from_words(key1), total, hit)

"""The fine-tuning contract's calls and events as typed values. Source: docs/protocol/compute.md, section 5."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from typing import Any, Final

from zerog.contracts.calls import Call, call, event, nothing, same, topics_of
from zerog.contracts.inference import Refund
from zerog.types import Address

DELIVERABLES_MAX: Final = 20
ID_BYTES_MAX: Final = 256

_NAME: Final = "FineTuningServing"
_ADDED_EVENT: Final = event(_NAME, "DeliverableAdded")
_ACKNOWLEDGED_EVENT: Final = event(_NAME, "DeliverableAcknowledged")
_SETTLED_EVENT: Final = event(_NAME, "FeesSettled")
ADDED_TOPIC: Final = _ADDED_EVENT.topic
ACKNOWLEDGED_TOPIC: Final = _ACKNOWLEDGED_EVENT.topic
SETTLED_TOPIC: Final = _SETTLED_EVENT.topic


@dataclass(frozen=True)
class Quota:
    """What a provider's machine has; memory and storage in GB."""

    cpus: int
    memory: int
    gpus: int
    storage: int
    gpu: str


@dataclass(frozen=True)
class Service:
    """What a provider trains; the price is neuron a token."""

    provider: Address
    url: str
    quota: Quota
    price_per_token: int
    occupied: bool
    models: tuple[str, ...]
    signer: Address
    signer_acknowledged: bool


@dataclass(frozen=True)
class Deliverable:
    """What a provider has made: the root of an encrypted model, and once paid its key for the user alone."""

    id: str
    root: bytes
    secret: bytes
    acknowledged: bool
    timestamp: int
    settled: bool


@dataclass(frozen=True)
class Account:
    """A user's account with a provider, in wei, and what was delivered to it, oldest first."""

    user: Address
    provider: Address
    nonce: int
    balance: int
    pending_refund: int
    refunds: tuple[Refund, ...]
    additional_info: str
    deliverables: tuple[Deliverable, ...]
    acknowledged: bool


@dataclass(frozen=True)
class Settlement:
    """A deliverable's fee, signed by the provider's enclave (``wire.compute.deliverable_struct``)."""

    id: str
    secret: bytes
    root: bytes
    nonce: int
    signature: bytes
    task_fee: int
    user: Address


@dataclass(frozen=True)
class DeliverableAdded:
    """The ``DeliverableAdded`` event."""

    user: Address
    provider: Address
    id: str
    root: bytes
    timestamp: int


@dataclass(frozen=True)
class DeliverableAcknowledged:
    """The ``DeliverableAcknowledged`` event."""

    user: Address
    provider: Address
    id: str
    timestamp: int


@dataclass(frozen=True)
class FeesSettled:
    """The ``FeesSettled`` event."""

    user: Address
    provider: Address
    id: str
    fee: int
    acknowledged: bool
    nonce: int


def add_or_update_service(
    url: str, quota: Quota, price_per_token: int, occupied: bool, models: Sequence[str], signer: Address
) -> Call[None]:
    """The first one carries the provider's stake as its value."""
    return call(_NAME, "addOrUpdateService", url, astuple(quota), price_per_token, occupied, list(models), signer, read=nothing)


def remove_service() -> Call[None]:
    return call(_NAME, "removeService", read=nothing)


def acknowledge_by_owner(provider: Address) -> Call[None]:
    return call(_NAME, "acknowledgeTEESignerByOwner", provider, read=nothing)


def acknowledge(provider: Address, acknowledged: bool = True) -> Call[None]:
    return call(_NAME, "acknowledgeTEESigner", provider, acknowledged, read=nothing)


def add_deliverable(user: Address, id: str, root: bytes) -> Call[None]:
    """For the provider."""
    return call(_NAME, "addDeliverable", user, id, root, read=nothing)


def acknowledge_deliverable(provider: Address, id: str) -> Call[None]:
    """For the user."""
    return call(_NAME, "acknowledgeDeliverable", provider, id, read=nothing)


def settle(item: Settlement) -> Call[None]:
    """For the provider: with the key once the user has acknowledged, without it and for a part of the fee otherwise."""
    return call(_NAME, "settleFees", astuple(item), read=nothing)


def account(user: Address, provider: Address) -> Call[Account]:
    """Reverts with AccountNotExists where there is none."""
    return call(_NAME, "getAccount", user, provider, read=_account)


def deliverable(user: Address, provider: Address, id: str) -> Call[Deliverable]:
    """Reverts with DeliverableNotExists where there is none."""
    return call(_NAME, "getDeliverable", user, provider, id, read=lambda row: Deliverable(*row))


def service(provider: Address) -> Call[Service]:
    """Reverts with ServiceNotExist where there is none."""
    return call(_NAME, "getService", provider, read=_service)


def services() -> Call[list[Service]]:
    return call(_NAME, "getAllServices", read=lambda rows: [_service(row) for row in rows])


def penalty_percentage() -> Call[int]:
    """The part of a fee, in percent, that is due without an acknowledgement."""
    return call(_NAME, "penaltyPercentage", read=same)


def lock_time() -> Call[int]:
    """Seconds between asking money back and having it."""
    return call(_NAME, "lockTime", read=same)


def decode_added(topics: Sequence[bytes], data: bytes) -> DeliverableAdded:
    """
    Raises:
        InvalidInput: another event, here and in the decoders below.
    """
    found = _ADDED_EVENT.decode_log(topics_of(topics), data)
    user, provider, id, root, timestamp = found.values()
    return DeliverableAdded(Address(user), Address(provider), id, root, timestamp)


def decode_acknowledged(topics: Sequence[bytes], data: bytes) -> DeliverableAcknowledged:
    user, provider, id, timestamp = _ACKNOWLEDGED_EVENT.decode_log(topics_of(topics), data).values()
    return DeliverableAcknowledged(Address(user), Address(provider), id, timestamp)


def decode_settled(topics: Sequence[bytes], data: bytes) -> FeesSettled:
    user, provider, id, fee, acknowledged, nonce = _SETTLED_EVENT.decode_log(topics_of(topics), data).values()
    return FeesSettled(Address(user), Address(provider), id, fee, acknowledged, nonce)


def _service(row: Any) -> Service:
    return Service(Address(row[0]), row[1], Quota(*row[2]), row[3], row[4], tuple(row[5]), Address(row[6]), row[7])


def _account(row: Any) -> Account:
    refunds = tuple(Refund(*entry[:3]) for entry in row[5])
    made = tuple(Deliverable(*entry) for entry in row[7])
    user, provider, nonce, balance, pending = row[:5]
    return Account(Address(user), Address(provider), nonce, balance, pending, refunds, row[6], made, row[11])

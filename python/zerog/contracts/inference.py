"""The inference contract's calls and events as typed values. Source: docs/protocol/compute.md, section 4."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from enum import IntEnum
from typing import Any, Final

from zerog.contracts.calls import Call, call, event, nothing, same, topics_of
from zerog.types import Address

PAGE_MAX: Final = 50
SETTLEMENTS_MAX: Final = 50
BATCH_MAX: Final = 500
INFO_BYTES_MAX: Final = 4096
PROVIDER_STAKE: Final = 100 * 10**18

_NAME: Final = "InferenceServing"
_BALANCE_EVENT: Final = event(_NAME, "BalanceUpdated")
_BATCH_EVENT: Final = event(_NAME, "BatchBalanceUpdated")
_REFUND_EVENT: Final = event(_NAME, "RefundRequested")
_DELETED_EVENT: Final = event(_NAME, "AccountDeleted")
_RESULT_EVENT: Final = event(_NAME, "TEESettlementResult")
_SERVICE_EVENT: Final = event(_NAME, "ServiceUpdated")
_SIGNER_EVENT: Final = event(_NAME, "ProviderTEESignerAcknowledged")
_TOKEN_EVENT: Final = event(_NAME, "TokenRevoked")
_TOKENS_EVENT: Final = event(_NAME, "TokensRevoked")
_ALL_TOKENS_EVENT: Final = event(_NAME, "AllTokensRevoked")
BALANCE_TOPIC: Final = _BALANCE_EVENT.topic
BATCH_TOPIC: Final = _BATCH_EVENT.topic
REFUND_TOPIC: Final = _REFUND_EVENT.topic
DELETED_TOPIC: Final = _DELETED_EVENT.topic
RESULT_TOPIC: Final = _RESULT_EVENT.topic
SERVICE_TOPIC: Final = _SERVICE_EVENT.topic
SIGNER_TOPIC: Final = _SIGNER_EVENT.topic
TOKEN_TOPIC: Final = _TOKEN_EVENT.topic
TOKENS_TOPIC: Final = _TOKENS_EVENT.topic
ALL_TOKENS_TOPIC: Final = _ALL_TOKENS_EVENT.topic


class Status(IntEnum):
    """What became of an item of a settlement."""

    SUCCESS = 0
    PARTIAL = 1
    PROVIDER_MISMATCH = 2
    NO_TEE_SIGNER = 3
    INVALID_NONCE = 4
    INVALID_SIGNATURE = 5


@dataclass(frozen=True)
class Refund:
    """Money asked back; ``created_at`` is seconds since 1970."""

    index: int
    amount: int
    created_at: int


@dataclass(frozen=True)
class Account:
    """A user's account with a provider, in wei. ``pending_refund`` is the part of the balance that is asked back."""

    user: Address
    provider: Address
    nonce: int
    balance: int
    pending_refund: int
    refunds: tuple[Refund, ...]
    additional_info: str
    acknowledged: bool
    generation: int
    revoked_bitmap: int

    @property
    def spendable(self) -> int:
        return self.balance - self.pending_refund

    def revoked(self, token_id: int) -> bool:
        """Whether a key of the present generation is revoked."""
        return bool(self.revoked_bitmap >> token_id & 1)


@dataclass(frozen=True)
class Service:
    """What a provider offers; prices are neuron a token."""

    provider: Address
    kind: str
    url: str
    input_price: int
    output_price: int
    updated_at: int
    model: str
    verifiability: str
    additional_info: str
    signer: Address
    signer_acknowledged: bool


@dataclass(frozen=True)
class ServiceParams:
    """What a provider says of its service."""

    kind: str
    url: str
    model: str
    verifiability: str
    input_price: int
    output_price: int
    additional_info: str
    signer: Address


@dataclass(frozen=True)
class Settlement:
    """One user's fees, signed by the provider's enclave (``wire.compute.settlement_struct``)."""

    user: Address
    provider: Address
    total_fee: int
    requests_hash: bytes
    nonce: int
    signature: bytes


@dataclass(frozen=True)
class Preview:
    """What a settlement would give; exact for the first item of each user."""

    failed: tuple[tuple[Address, Status], ...]
    partial: tuple[tuple[Address, int], ...]


@dataclass(frozen=True)
class BalanceUpdated:
    """The ``BalanceUpdated`` event, or one entry of ``BatchBalanceUpdated``, whose provider is the transaction's sender."""

    user: Address
    provider: Address | None
    balance: int
    pending_refund: int


@dataclass(frozen=True)
class RefundRequested:
    """The ``RefundRequested`` event."""

    user: Address
    provider: Address
    index: int
    timestamp: int


@dataclass(frozen=True)
class SettlementResult:
    """The ``TEESettlementResult`` event."""

    user: Address
    status: Status
    unsettled: int


@dataclass(frozen=True)
class TokensRevoked:
    """Keys that are no longer good: those of ``token_ids``, or with ``generation`` all of earlier generations."""

    user: Address
    provider: Address
    token_ids: tuple[int, ...]
    generation: int | None = None


def add_or_update_service(params: ServiceParams) -> Call[None]:
    """The first one carries the provider's stake as its value."""
    return call(_NAME, "addOrUpdateService", astuple(params), read=nothing)


def remove_service() -> Call[None]:
    return call(_NAME, "removeService", read=nothing)


def acknowledge_by_owner(provider: Address) -> Call[None]:
    """For the contract's owner, who has looked at the provider's quote."""
    return call(_NAME, "acknowledgeTEESignerByOwner", provider, read=nothing)


def acknowledge(provider: Address, acknowledged: bool = True) -> Call[None]:
    return call(_NAME, "acknowledgeTEESigner", provider, acknowledged, read=nothing)


def revoke_tokens(provider: Address, token_ids: Sequence[int]) -> Call[None]:
    return call(_NAME, "revokeTokens", provider, list(token_ids), read=nothing)


def revoke_all_tokens(provider: Address) -> Call[None]:
    return call(_NAME, "revokeAllTokens", provider, read=nothing)


def settle(items: Sequence[Settlement]) -> Call[list[Status]]:
    """For the provider; each item settles or fails by itself."""
    return call(_NAME, "settleFeesWithTEE", _items(items), read=lambda row: [Status(one) for one in row])


def preview(items: Sequence[Settlement]) -> Call[Preview]:
    """For an ``eth_call`` by the provider."""
    return call(_NAME, "previewSettlementResults", _items(items), read=_preview)


def account(user: Address, provider: Address) -> Call[Account]:
    """Reverts with AccountNotExists where there is none."""
    return call(_NAME, "getAccount", user, provider, read=_account)


def account_exists(user: Address, provider: Address) -> Call[bool]:
    return call(_NAME, "accountExists", user, provider, read=same)


def accounts_of_users(users: Sequence[Address]) -> Call[list[Account | None]]:
    """For an ``eth_call`` by the provider, of at most 500 users: their accounts with it, None where there is none."""

    def read(rows: Any) -> list[Account | None]:
        found = [_account(row) for row in rows]
        return [one if any(one.user) else None for one in found]

    return call(_NAME, "getBatchAccountsByUsers", list(users), read=read)


def accounts_of_provider(provider: Address, offset: int, limit: int) -> Call[tuple[list[Account], int]]:
    """A page of at most 50, and how many there are."""
    return call(_NAME, "getAccountsByProvider", provider, offset, limit, read=_accounts)


def accounts_of_user(user: Address, offset: int, limit: int) -> Call[tuple[list[Account], int]]:
    """A page of at most 50, and how many there are."""
    return call(_NAME, "getAccountsByUser", user, offset, limit, read=_accounts)


def service(provider: Address) -> Call[Service]:
    """Reverts with ServiceNotExist where there is none."""
    return call(_NAME, "getService", provider, read=_service)


def services(offset: int, limit: int) -> Call[tuple[list[Service], int]]:
    """A page of at most 50, and how many there are."""
    return call(_NAME, "getAllServices", offset, limit, read=lambda row: ([_service(one) for one in row[0]], row[1]))


def lock_time() -> Call[int]:
    """Seconds between asking money back and having it."""
    return call(_NAME, "lockTime", read=same)


def decode_balance(topics: Sequence[bytes], data: bytes) -> BalanceUpdated:
    """
    Raises:
        InvalidInput: another event, here and in the decoders below.
    """
    found = _BALANCE_EVENT.decode_log(topics_of(topics), data)
    return BalanceUpdated(Address(found["user"]), Address(found["provider"]), found["amount"], found["pendingRefund"])


def decode_batch(topics: Sequence[bytes], data: bytes) -> list[BalanceUpdated]:
    """After a settlement: the users that it charged."""
    found = _BATCH_EVENT.decode_log(topics_of(topics), data)
    rows = zip(found["users"], found["balances"], found["pendingRefunds"], strict=True)
    return [BalanceUpdated(Address(user), None, balance, pending) for user, balance, pending in rows]


def decode_refund(topics: Sequence[bytes], data: bytes) -> RefundRequested:
    found = _REFUND_EVENT.decode_log(topics_of(topics), data)
    return RefundRequested(Address(found["user"]), Address(found["provider"]), found["index"], found["timestamp"])


def decode_deleted(topics: Sequence[bytes], data: bytes) -> tuple[Address, Address]:
    """User and provider of an account that is gone."""
    found = _DELETED_EVENT.decode_log(topics_of(topics), data)
    return Address(found["user"]), Address(found["provider"])


def decode_result(topics: Sequence[bytes], data: bytes) -> SettlementResult:
    found = _RESULT_EVENT.decode_log(topics_of(topics), data)
    return SettlementResult(Address(found["user"]), Status(found["status"]), found["unsettledAmount"])


def decode_revoked(topics: Sequence[bytes], data: bytes) -> TokensRevoked:
    """Any of the three events of revocation."""
    topics = topics_of(topics)
    for kind in (_TOKEN_EVENT, _TOKENS_EVENT):
        if topics and topics[0] == kind.topic:
            found = kind.decode_log(topics, data)
            ids = found["tokenIds"] if "tokenIds" in found else [found["tokenId"]]
            return TokensRevoked(Address(found["user"]), Address(found["provider"]), tuple(ids))
    found = _ALL_TOKENS_EVENT.decode_log(topics, data)
    return TokensRevoked(Address(found["user"]), Address(found["provider"]), (), found["newGeneration"])


def _items(items: Sequence[Settlement]) -> list[tuple[Any, ...]]:
    return [astuple(item) for item in items]


def _preview(row: Any) -> Preview:
    failed = tuple((Address(user), Status(reason)) for user, reason in zip(row[0], row[1], strict=True))
    return Preview(failed, tuple((Address(user), amount) for user, amount in zip(row[2], row[3], strict=True)))


def _account(row: Any) -> Account:
    refunds = tuple(Refund(*entry[:3]) for entry in row[5])
    user, provider, nonce, balance, pending, _, info, acknowledged, _, generation, bitmap = row
    return Account(Address(user), Address(provider), nonce, balance, pending, refunds, info, acknowledged, generation, bitmap)


def _accounts(row: Any) -> tuple[list[Account], int]:
    return [_account(one) for one in row[0]], row[1]


def _service(row: Any) -> Service:
    provider, *said, signer, acknowledged = row
    kind, url, input_price, output_price, updated_at, model, verifiability, info = said
    return Service(
        Address(provider), kind, url, input_price, output_price, updated_at, model, verifiability, info, Address(signer),
        acknowledged,
    )  # fmt: skip

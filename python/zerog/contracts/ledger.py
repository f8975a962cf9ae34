"""The ledger's calls and events as typed values. Source: docs/protocol/compute.md, section 3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from zerog.contracts.calls import Call, call, event, nothing, same, topics_of
from zerog.types import Address

INFERENCE: Final = "inference-v1.0"
FINE_TUNING: Final = "fine-tuning-v1.0"
"""Names that services are registered by; after an upgrade ``service_info`` tells the new ones."""
PROVIDERS_PER_BATCH_MAX: Final = 20

_SPENT_EVENT: Final = event("LedgerManager", "FundSpent")
SPENT_TOPIC: Final = _SPENT_EVENT.topic


@dataclass(frozen=True)
class Ledger:
    """A user's money in wei; what is not available lies in accounts with providers."""

    user: Address
    available: int
    total: int
    additional_info: str

    @property
    def locked(self) -> int:
        return self.total - self.available


@dataclass(frozen=True)
class ServiceInfo:
    """A contract that the ledger transfers to."""

    address: Address
    kind: str
    version: str
    name: str
    description: str
    recommended: bool
    registered_at: int


@dataclass(frozen=True)
class Spent:
    """The ``FundSpent`` event."""

    user: Address
    service: Address
    amount: int


def add_ledger(additional_info: str = "") -> Call[None]:
    """Begins a ledger with the value that is sent along."""
    return call("LedgerManager", "addLedger", additional_info, read=_nothing)


def deposit() -> Call[None]:
    return call("LedgerManager", "depositFund", read=nothing)


def deposit_for(recipient: Address) -> Call[None]:
    return call("LedgerManager", "depositFundFor", recipient, read=nothing)


def refund(amount: int) -> Call[None]:
    """Back to the wallet; afterwards nothing or at least the minimum is available."""
    return call("LedgerManager", "refund", amount, read=nothing)


def delete() -> Call[None]:
    return call("LedgerManager", "deleteLedger", read=nothing)


def transfer(provider: Address, service: str, amount: int) -> Call[None]:
    """To the account with a provider, which the first transfer opens."""
    return call("LedgerManager", "transferFund", provider, service, amount, read=nothing)


def retrieve(providers: Sequence[Address], service: str) -> Call[None]:
    """Collects what has waited its lock time, and asks for the rest."""
    return call("LedgerManager", "retrieveFund", list(providers), service, read=nothing)


def ledger(user: Address) -> Call[Ledger]:
    """Reverts with LedgerNotExists where there is none."""
    return call("LedgerManager", "getLedger", user, read=_ledger)


def ledgers(offset: int, limit: int) -> Call[tuple[list[Ledger], int]]:
    """A page, and how many there are; a limit of 0 means all."""
    return call("LedgerManager", "getAllLedgers", offset, limit, read=lambda row: ([_ledger(one) for one in row[0]], row[1]))


def providers(user: Address, service: str) -> Call[list[Address]]:
    return call("LedgerManager", "getLedgerProviders", user, service, read=lambda row: [Address(one) for one in row])


def services() -> Call[list[ServiceInfo]]:
    return call("LedgerManager", "getAllActiveServices", read=lambda rows: [_service(row) for row in rows])


def service_info(address: Address) -> Call[ServiceInfo]:
    return call("LedgerManager", "getServiceInfo", address, read=_service)


def min_account_balance() -> Call[int]:
    return call("LedgerManager", "MIN_ACCOUNT_BALANCE", read=same)


def min_transfer_amount() -> Call[int]:
    return call("LedgerManager", "MIN_TRANSFER_AMOUNT", read=same)


def set_minimums(account_balance: int, transfer_amount: int) -> Call[None]:
    """For the contract's owner."""
    return call("LedgerManager", "setMinimums", account_balance, transfer_amount, read=nothing)


def decode_spent(topics: Sequence[bytes], data: bytes) -> Spent:
    """
    Raises:
        InvalidInput: another event.
    """
    found = _SPENT_EVENT.decode_log(topics_of(topics), data)
    return Spent(Address(found["user"]), Address(found["service"]), found["amount"])


def _nothing(_: Any) -> None:
    """For a result that says what the transaction itself says."""


def _ledger(row: Any) -> Ledger:
    return Ledger(Address(row[0]), *row[1:])


def _service(row: Any) -> ServiceInfo:
    return ServiceInfo(Address(row[0]), *row[2:])

"""A call of a contract as values: the bytes to send, and how to read the answer. No I/O: who has a connection sends it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from zerog.contracts.artifact import load
from zerog.wire.abi import Signature

T = TypeVar("T")


@dataclass(frozen=True)
class Call(Generic[T]):
    """Call data, and the decoder of what the contract returns.

    Args:
        data: selector and arguments, for ``eth_call`` or for a transaction.
        decode: the result from the returned bytes; raises InvalidInput when they are not such a result.
    """

    data: bytes
    decode: Callable[[bytes], T]


def call(contract: str, function: str, *arguments: Any, read: Callable[[Any], T]) -> Call[T]:
    """A call of a function by name, or by full signature where a name has several."""
    signature = load(contract).interface.function(function)
    return Call(signature.encode_call(*arguments), lambda data: read(signature.decode_result(data)))


def same(value: Any) -> Any:
    """For results that need no other shape."""
    return value


def nothing(_: Any) -> None:
    """For functions that return nothing."""


def event(contract: str, name: str) -> Signature:
    """An event of a contract: ``topic`` to filter by, ``decode_log`` to read."""
    return load(contract).interface.event(name)


def topics_of(topics: Sequence[bytes]) -> list[bytes]:
    """Topics as plain bytes, whatever byte-like type a client hands over."""
    return [bytes(topic) for topic in topics]

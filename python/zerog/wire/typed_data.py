"""What people sign that is no transaction: messages (EIP-191) and typed data (EIP-712)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from zerog._native import keccak256
from zerog.errors import InvalidInput
from zerog.types import parse_hex
from zerog.wire import abi

DEPTH_MAX: Final = 16
DOMAIN_FIELDS: Final = (
    ("name", "string"),
    ("version", "string"),
    ("chainId", "uint256"),
    ("verifyingContract", "address"),
    ("salt", "bytes32"),
)
_ARRAY = re.compile(r"(.*)\[([0-9]*)\]")

Fields = Sequence[Mapping[str, str]]


def message_digest(message: bytes) -> bytes:
    """The digest of ``personal_sign``: version 0x45 of EIP-191."""
    return bytes(keccak256(b"\x19Ethereum Signed Message:\n" + str(len(message)).encode() + message))


def typed_digest(data: Mapping[str, Any]) -> bytes:
    """The digest of an ``eth_signTypedData_v4`` document: ``types``, ``primaryType``, ``domain``, ``message``.

    Raises:
        InvalidInput: an unknown type, a missing field, or a value that does not fit.
    """
    try:
        types: dict[str, Fields] = {str(name): list(fields) for name, fields in data["types"].items()}
        primary, domain, message = str(data["primaryType"]), data["domain"], data["message"]
    except (KeyError, TypeError, AttributeError):
        raise InvalidInput("typed data: expected an object with types, primaryType, domain and message") from None
    if "EIP712Domain" not in types:
        types["EIP712Domain"] = [{"name": name, "type": kind} for name, kind in DOMAIN_FIELDS if name in domain]
    parts = b"\x19\x01" + _struct("EIP712Domain", domain, types, 0)
    return bytes(keccak256(parts if primary == "EIP712Domain" else parts + _struct(primary, message, types, 0)))


def type_text(name: str, types: Mapping[str, Fields]) -> str:
    """``encodeType`` of EIP-712: the struct, then those it refers to in order of name."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        current = waiting.pop()
        if current in found or current not in types:
            continue
        found.add(current)
        waiting += [_core(field["type"]) for field in types[current]]
    order = [name, *sorted(found - {name})]
    return "".join(f"{item}({_members(types[item])})" for item in order)


def _members(fields: Fields) -> str:
    return ",".join(f"{field['type']} {field['name']}" for field in fields)


def _core(kind: str) -> str:
    return kind.split("[", 1)[0]


def _struct(name: str, value: Any, types: Mapping[str, Fields], depth: int) -> bytes:
    if name not in types:
        raise InvalidInput(f"typed data: no type {name!r}")
    if depth > DEPTH_MAX:
        raise InvalidInput("typed data: nested too deeply")
    if not isinstance(value, Mapping):
        raise InvalidInput(f"typed data: expected an object of {name}, found {type(value).__name__}")
    words = [bytes(keccak256(type_text(name, types).encode()))]
    for field in types[name]:
        if field["name"] not in value:
            raise InvalidInput(f"typed data: {name} needs the field {field['name']!r}")
        words.append(_value(field["type"], value[field["name"]], types, depth + 1))
    return bytes(keccak256(b"".join(words)))


def _value(kind: str, value: Any, types: Mapping[str, Fields], depth: int) -> bytes:
    match = _ARRAY.fullmatch(kind)
    if match is not None:
        if not isinstance(value, list | tuple) or (match.group(2) and len(value) != int(match.group(2))):
            raise InvalidInput(f"typed data: expected {kind}, found {type(value).__name__}")
        if depth > DEPTH_MAX:
            raise InvalidInput("typed data: nested too deeply")
        return bytes(keccak256(b"".join(_value(match.group(1), item, types, depth + 1) for item in value)))
    if kind in types:
        return _struct(kind, value, types, depth)
    if kind == "string":
        if not isinstance(value, str):
            raise InvalidInput(f"typed data: expected string, found {type(value).__name__}")
        return bytes(keccak256(value.encode()))
    if kind == "bytes":
        return bytes(keccak256(parse_hex(value, "typed data") if isinstance(value, str) else bytes(value)))
    if isinstance(value, str) and kind.startswith(("uint", "int")):
        try:
            value = int(value, 0)
        except ValueError:
            raise InvalidInput(f"typed data: expected {kind}, found {value[:40]!r}") from None
    return abi.encode([kind], [value])

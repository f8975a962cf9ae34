"""The contract ABI of Solidity: types, values, calls, results, errors, events.

Encoding is canonical. Decoding is strict: dirty padding, an offset or length outside the data and a boolean other than
0 or 1 are refused, and the work is bounded by the size of the data (overlapping tails cannot make it grow).

Values: ``uint/int`` are ``int``, ``bool`` is ``bool``, ``address`` and ``bytesN`` are ``bytes`` (text is taken too
when encoding an address), ``bytes`` is ``bytes``, ``string`` is ``str``, arrays are lists, tuples are tuples (a mapping by
component name is taken too when encoding).

Source: Solidity documentation, "Contract ABI Specification".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from zerog._native import keccak256
from zerog.errors import InvalidInput
from zerog.types import format_address, parse_address, parse_hex

WORD: Final = 32
DEPTH_MAX: Final = 16
_BASE = re.compile(r"(uint|int|bytes|address|bool|string|function)([0-9]*)((?:\[[0-9]*\])*)")


@dataclass(frozen=True)
class AbiType:
    """One type. ``kind`` is uint, int, bool, address, fixed (bytesN), bytes, string, array or tuple."""

    kind: str
    size: int = 0
    count: int | None = None
    items: tuple[AbiType, ...] = ()
    names: tuple[str, ...] = ()
    dynamic: bool = False
    words: int = 1
    """Words that the type takes in a head when it is static."""

    def __str__(self) -> str:
        if self.kind in ("uint", "int"):
            return f"{self.kind}{self.size}"
        if self.kind == "fixed":
            return f"bytes{self.size}"
        if self.kind == "array":
            return f"{self.items[0]}[{'' if self.count is None else self.count}]"
        if self.kind == "tuple":
            return f"({','.join(str(item) for item in self.items)})"
        return self.kind


def _tuple(items: Sequence[AbiType], names: Sequence[str] = ()) -> AbiType:
    dynamic = any(item.dynamic for item in items)
    words = sum(1 if item.dynamic else item.words for item in items)
    return AbiType("tuple", items=tuple(items), names=tuple(names), dynamic=dynamic, words=words)


def _array(item: AbiType, count: int | None) -> AbiType:
    dynamic = count is None or item.dynamic
    return AbiType("array", count=count, items=(item,), dynamic=dynamic, words=1 if dynamic else item.words * (count or 0))


def _arrays(base: AbiType, suffix: str) -> AbiType:
    for digits in re.findall(r"\[([0-9]*)\]", suffix):
        if digits and not 1 <= int(digits) <= 1 << 20:
            raise InvalidInput(f"abi: array of {digits} elements")
        base = _array(base, int(digits) if digits else None)
    return base


@lru_cache(maxsize=1024)
def parse_type(text: str) -> AbiType:
    """A type from its canonical text: ``uint256``, ``(address,bytes32[2])[]``.

    Raises:
        InvalidInput: not a type of the ABI (fixed-point numbers are not supported, as in Solidity).
    """
    found, end = _parse(text.replace(" ", ""), 0, 0)
    if end != len(text.replace(" ", "")):
        raise InvalidInput(f"abi: {text!r} is no type")
    return found


def _parse(text: str, at: int, depth: int) -> tuple[AbiType, int]:
    if depth > DEPTH_MAX:
        raise InvalidInput("abi: type nested too deeply")
    if text.startswith("tuple(", at):
        at += 5
    if text.startswith("(", at):
        items: list[AbiType] = []
        at += 1
        while not text.startswith(")", at):
            item, at = _parse(text, at, depth + 1)
            items.append(item)
            if text.startswith(",", at):
                at += 1
            elif not text.startswith(")", at):
                raise InvalidInput(f"abi: {text!r}: expected ',' or ')' at {at}")
        suffix = re.compile(r"(?:\[[0-9]*\])*").match(text, at + 1)
        assert suffix is not None
        return _arrays(_tuple(items), suffix.group()), suffix.end()
    match = _BASE.match(text, at)
    if match is None:
        raise InvalidInput(f"abi: {text!r}: expected a type at {at}")
    return _arrays(_base(match.group(1), match.group(2)), match.group(3)), match.end()


def _base(name: str, digits: str) -> AbiType:
    if digits.startswith("0"):
        raise InvalidInput(f"abi: {name}{digits} is no type")
    if name in ("uint", "int"):
        size = int(digits or 256)
        if size % 8 or not 8 <= size <= 256:
            raise InvalidInput(f"abi: {name}{digits} is no type")
        return AbiType(name, size=size)
    if name == "bytes":
        if not digits:
            return AbiType("bytes", dynamic=True)
        if not 1 <= int(digits) <= 32:
            raise InvalidInput(f"abi: bytes{digits} is no type")
        return AbiType("fixed", size=int(digits))
    if digits:
        raise InvalidInput(f"abi: {name}{digits} is no type")
    if name == "function":
        return AbiType("fixed", size=24)
    return AbiType(name, dynamic=name == "string")


def type_of(entry: Mapping[str, Any]) -> AbiType:
    """The type of one parameter of a JSON ABI; tuples keep the names of their components."""
    text = str(entry["type"])
    if not text.startswith("tuple"):
        return parse_type(text)
    parts = entry.get("components", [])
    return _arrays(_tuple([type_of(part) for part in parts], [str(part.get("name", "")) for part in parts]), text[5:])


# -- values to bytes -------------------------------------------------------------------------------------------------


def encode(types: Sequence[AbiType | str], values: Sequence[Any]) -> bytes:
    """The canonical encoding of ``values`` as a parameter list.

    Raises:
        InvalidInput: a value that does not fit its type; the message names the position.
    """
    parsed = [parse_type(kind) if isinstance(kind, str) else kind for kind in types]
    if len(parsed) != len(values):
        raise InvalidInput(f"abi: expected {len(parsed)} values, found {len(values)}")
    return _encode_all(parsed, values, "argument ")


def _encode_all(types: Sequence[AbiType], values: Sequence[Any], where: str) -> bytes:
    head, tail = bytearray(), bytearray()
    size = WORD * sum(1 if kind.dynamic else kind.words for kind in types)
    for index, (kind, value) in enumerate(zip(types, values, strict=True)):
        part = _encode(kind, value, f"{where}{index}")
        if kind.dynamic:
            head += (size + len(tail)).to_bytes(WORD, "big")
            tail += part
        else:
            head += part
    return bytes(head + tail)


def _encode(kind: AbiType, value: Any, where: str) -> bytes:
    if kind.kind in ("uint", "int"):
        return _encode_int(kind, value, where)
    if kind.kind == "bool":
        if not isinstance(value, bool):
            raise _unfit(kind, value, where)
        return int(value).to_bytes(WORD, "big")
    if kind.kind == "address":
        if not isinstance(value, str | bytes | bytearray):
            raise _unfit(kind, value, where)
        return bytes(12) + parse_address(value, where)
    if kind.kind in ("fixed", "bytes"):
        if isinstance(value, str):
            value = parse_hex(value, where)
        if not isinstance(value, bytes | bytearray | memoryview):
            raise _unfit(kind, value, where)
        data = bytes(value)
        if kind.kind == "bytes":
            return len(data).to_bytes(WORD, "big") + _pad(data)
        if len(data) != kind.size:
            raise InvalidInput(f"abi: {where}: expected {kind.size} bytes, found {len(data)}")
        return _pad(data)
    if kind.kind == "string":
        if not isinstance(value, str):
            raise _unfit(kind, value, where)
        try:
            data = value.encode()
        except UnicodeEncodeError:
            raise _unfit(kind, value, where) from None
        return len(data).to_bytes(WORD, "big") + _pad(data)
    if kind.kind == "tuple":
        if isinstance(value, Mapping):
            if not kind.names or set(value) != set(kind.names):
                raise InvalidInput(f"abi: {where}: expected the fields {list(kind.names)}, found {sorted(value)}")
            value = [value[name] for name in kind.names]
        if not isinstance(value, list | tuple) or len(value) != len(kind.items):
            raise _unfit(kind, value, where)
        return _encode_all(kind.items, value, f"{where}.")
    if not isinstance(value, list | tuple) or (kind.count is not None and len(value) != kind.count):
        raise _unfit(kind, value, where)
    body = _encode_all([kind.items[0]] * len(value), value, f"{where}.")
    return len(value).to_bytes(WORD, "big") + body if kind.count is None else body


def _encode_int(kind: AbiType, value: Any, where: str) -> bytes:
    if not isinstance(value, int) or isinstance(value, bool):
        raise _unfit(kind, value, where)
    signed = kind.kind == "int"
    low, high = (-(1 << kind.size - 1), 1 << kind.size - 1) if signed else (0, 1 << kind.size)
    if not low <= value < high:
        raise InvalidInput(f"abi: {where}: {value} does not fit {kind}")
    return value.to_bytes(WORD, "big", signed=signed)


def _pad(data: bytes) -> bytes:
    return data + bytes(-len(data) % WORD)


def _unfit(kind: AbiType, value: Any, where: str) -> InvalidInput:
    return InvalidInput(f"abi: {where}: expected {kind}, found {type(value).__name__} {str(value)[:60]!r}")


# -- bytes to values -------------------------------------------------------------------------------------------------


class _Reader:
    """Data and the words that may still be read from it: each word once, so overlapping tails run out."""

    def __init__(self, data: bytes) -> None:
        self.data, self.budget = data, len(data) // WORD + 1

    def word(self, at: int) -> bytes:
        self.budget -= 1
        if at + WORD > len(self.data):
            raise InvalidInput(f"abi: expected 32 bytes at {at}, found {max(0, len(self.data) - at)}")
        if self.budget < 0:
            raise InvalidInput("abi: tails overlap")
        return self.data[at : at + WORD]

    def size(self, at: int) -> int:
        value = int.from_bytes(self.word(at), "big")
        if value > len(self.data):
            raise InvalidInput(f"abi: an offset or length of {value} in {len(self.data)} bytes")
        return value

    def run(self, at: int, size: int) -> bytes:
        padded = size + -size % WORD
        self.budget -= padded // WORD
        if at + padded > len(self.data):
            raise InvalidInput(f"abi: expected {padded} bytes at {at}, found {max(0, len(self.data) - at)}")
        if self.budget < 0:
            raise InvalidInput("abi: tails overlap")
        if any(self.data[at + size : at + padded]):
            raise InvalidInput(f"abi: dirty padding after {at + size}")
        return self.data[at : at + size]


def decode(types: Sequence[AbiType | str], data: bytes) -> tuple[Any, ...]:
    """The values of a parameter list. Bytes behind the last value are ignored, as contracts do.

    Raises:
        InvalidInput: the data is no encoding of these types.
    """
    parsed = [parse_type(kind) if isinstance(kind, str) else kind for kind in types]
    return tuple(_decode_all(parsed, _Reader(bytes(data)), 0))


def _decode_all(types: Sequence[AbiType], reader: _Reader, base: int) -> list[Any]:
    values, at = [], base
    for kind in types:
        if kind.dynamic:
            values.append(_decode(kind, reader, base + reader.size(at)))
            at += WORD
        else:
            values.append(_decode(kind, reader, at))
            at += WORD * kind.words
    return values


def _decode(kind: AbiType, reader: _Reader, at: int) -> Any:
    if kind.kind in ("uint", "int"):
        word = reader.word(at)
        value = int.from_bytes(word, "big", signed=kind.kind == "int")
        low, high = (0, 1 << kind.size) if kind.kind == "uint" else (-(1 << kind.size - 1), 1 << kind.size - 1)
        if not low <= value < high:
            raise InvalidInput(f"abi: {value} at {at} does not fit {kind}")
        return value
    if kind.kind == "bool":
        number = int.from_bytes(reader.word(at), "big")
        if number > 1:
            raise InvalidInput(f"abi: a bool of {number} at {at}")
        return number == 1
    if kind.kind == "address":
        word = reader.word(at)
        if any(word[:12]):
            raise InvalidInput(f"abi: dirty padding before the address at {at}")
        return word[12:]
    if kind.kind == "fixed":
        word = reader.word(at)
        if any(word[kind.size :]):
            raise InvalidInput(f"abi: dirty padding after {kind} at {at}")
        return word[: kind.size]
    if kind.kind in ("bytes", "string"):
        content = reader.run(at + WORD, reader.size(at))
        if kind.kind == "bytes":
            return content
        try:
            return content.decode()
        except UnicodeDecodeError:
            raise InvalidInput(f"abi: the string at {at} is not UTF-8") from None
    if kind.kind == "tuple":
        return tuple(_decode_all(kind.items, reader, at))
    if kind.count is not None:
        return _decode_all([kind.items[0]] * kind.count, reader, at)
    count = reader.size(at)
    if count * max(1, kind.items[0].words) > reader.budget:
        raise InvalidInput(f"abi: an array of {count} elements in {len(reader.data)} bytes")
    if kind.items[0].words == 0 and count:
        raise InvalidInput("abi: an array of elements without size")
    return _decode_all([kind.items[0]] * count, reader, at + WORD)


def to_json(kind: AbiType, value: Any) -> Any:
    """A decoded value with bytes as ``0x`` text, addresses with their checksum and named tuples as objects."""
    if kind.kind == "address":
        return format_address(value)
    if kind.kind in ("fixed", "bytes"):
        return "0x" + value.hex()
    if kind.kind == "array":
        return [to_json(kind.items[0], item) for item in value]
    if kind.kind == "tuple":
        parts = [to_json(item, part) for item, part in zip(kind.items, value, strict=True)]
        return dict(zip(kind.names, parts, strict=True)) if kind.names and all(kind.names) else parts
    return value


def from_text(kind: AbiType, text: str) -> Any:
    """A value as people type it on a command line; arrays and tuples as JSON.

    Raises:
        InvalidInput: the text is no value of the type.
    """
    if kind.kind in ("array", "tuple"):
        try:
            value = json.loads(text)
        except ValueError:
            raise InvalidInput(f"abi: expected {kind} as JSON, found {text[:60]!r}") from None
        return _from_json(kind, value)
    return _from_json(kind, text)


def _from_json(kind: AbiType, value: Any) -> Any:
    if kind.kind in ("uint", "int") and isinstance(value, str):
        try:
            return int(value, 0)
        except ValueError:
            raise InvalidInput(f"abi: expected {kind}, found {value[:60]!r}") from None
    if kind.kind == "bool" and value in ("true", "false"):
        return value == "true"
    if kind.kind == "array" and isinstance(value, list):
        return [_from_json(kind.items[0], item) for item in value]
    if kind.kind == "tuple" and isinstance(value, list) and len(value) == len(kind.items):
        return [_from_json(item, part) for item, part in zip(kind.items, value, strict=True)]
    if kind.kind == "tuple" and isinstance(value, dict) and set(value) == set(kind.names):
        return [_from_json(item, value[name]) for item, name in zip(kind.items, kind.names, strict=True)]
    return value


# -- functions, events, errors ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Signature:
    """A function, event or error: its name, inputs and, for functions, outputs."""

    name: str
    inputs: tuple[AbiType, ...]
    names: tuple[str, ...] = ()
    outputs: tuple[AbiType, ...] = ()
    output_names: tuple[str, ...] = ()
    indexed: tuple[bool, ...] = ()
    mutability: str = "nonpayable"

    @property
    def text(self) -> str:
        return f"{self.name}({','.join(str(kind) for kind in self.inputs)})"

    @property
    def topic(self) -> bytes:
        return bytes(keccak256(self.text.encode()))

    @property
    def selector(self) -> bytes:
        return self.topic[:4]

    def encode_call(self, *values: Any) -> bytes:
        """Call data: the selector and the arguments."""
        return self.selector + encode(self.inputs, values)

    def decode_call(self, data: bytes) -> tuple[Any, ...]:
        if data[:4] != self.selector:
            raise InvalidInput(f"abi: expected the selector of {self.text}, found 0x{data[:4].hex()}")
        return decode(self.inputs, data[4:])

    def decode_result(self, data: bytes) -> Any:
        """One value when the function returns one, else a tuple."""
        values = decode(self.outputs, data)
        return values[0] if len(values) == 1 else values

    def decode_log(self, topics: Sequence[bytes], data: bytes) -> dict[str, Any]:
        """The arguments of an event by name; an indexed value of dynamic type stays its 32-byte hash.

        Raises:
            InvalidInput: the log is not of this event.
        """
        if not topics or topics[0] != self.topic or len(topics) != 1 + sum(self.indexed):
            raise InvalidInput(f"abi: the log is no {self.text}")
        plain = iter(decode([kind for kind, held in zip(self.inputs, self.indexed, strict=True) if not held], data))
        rest = iter(topics[1:])
        out: dict[str, Any] = {}
        for index, (kind, held) in enumerate(zip(self.inputs, self.indexed, strict=True)):
            name = self.names[index] or f"arg{index}"
            if not held:
                out[name] = next(plain)
            elif kind.dynamic or kind.kind in ("array", "tuple"):
                out[name] = next(rest)
            else:
                out[name] = decode([kind], next(rest))[0]
        return out


def parse_signature(text: str) -> Signature:
    """A function from text such as ``transfer(address,uint256)(bool)`` or ``name() returns (string)``.

    Raises:
        InvalidInput: not such a text.
    """
    start = text.find("(")
    name = text[:start].removeprefix("function ").strip()
    if start < 0 or not re.fullmatch(r"[A-Za-z_$][A-Za-z0-9_$]*", name):
        raise InvalidInput(f"abi: expected name(type,…)(type,…), found {text[:80]!r}")
    packed = text[start:].replace("returns", "").replace(" ", "")
    inputs, end = _parse(packed, 0, 0)
    outputs = _tuple([])
    if end < len(packed):
        outputs, end = _parse(packed, end, 0)
    if end != len(packed) or inputs.kind != "tuple" or outputs.kind != "tuple":
        raise InvalidInput(f"abi: expected name(type,…)(type,…), found {text[:80]!r}")
    return Signature(name, inputs.items, ("",) * len(inputs.items), outputs.items, ("",) * len(outputs.items))


PANICS: Final = {
    0x01: "an assertion failed", 0x11: "an arithmetic overflow", 0x12: "a division by zero", 0x21: "an invalid enum value",
    0x22: "a malformed storage byte array", 0x31: "a pop from an empty array", 0x32: "an array index out of bounds",
    0x41: "too much memory", 0x51: "a call of an uninitialised function",
}  # fmt: skip


@dataclass
class Interface:
    """The functions, events and errors of one contract, from its JSON ABI."""

    functions: dict[str, Signature] = field(default_factory=dict)
    events: dict[bytes, Signature] = field(default_factory=dict)
    errors: dict[bytes, Signature] = field(default_factory=dict)
    constructor: Signature = field(default_factory=lambda: Signature("constructor", ()))

    @classmethod
    def from_json(cls, entries: Sequence[Mapping[str, Any]]) -> Interface:
        made = cls()
        for entry in entries:
            inputs = entry.get("inputs", [])
            outputs = entry.get("outputs", [])
            signature = Signature(
                str(entry.get("name", entry["type"])),
                tuple(type_of(part) for part in inputs),
                tuple(str(part.get("name", "")) for part in inputs),
                tuple(type_of(part) for part in outputs),
                tuple(str(part.get("name", "")) for part in outputs),
                tuple(bool(part.get("indexed", False)) for part in inputs),
                str(entry.get("stateMutability", "nonpayable")),
            )
            if entry["type"] == "function":
                made.functions[signature.text] = signature
                made.functions.setdefault(signature.name, signature)
            elif entry["type"] == "event":
                made.events[signature.topic] = signature
            elif entry["type"] == "error":
                made.errors[signature.selector] = signature
            elif entry["type"] == "constructor":
                made.constructor = signature
        return made

    def function(self, name: str) -> Signature:
        """A function by name or by full signature."""
        if name not in self.functions:
            raise InvalidInput(
                f"abi: the contract has no function {name}; it has {sorted(k for k in self.functions if '(' in k)}"
            )
        return self.functions[name]

    def event(self, name: str) -> Signature:
        for signature in self.events.values():
            if name in (signature.name, signature.text):
                return signature
        raise InvalidInput(f"abi: the contract has no event {name}")

    def decode_log(self, topics: Sequence[bytes], data: bytes) -> tuple[str, dict[str, Any]] | None:
        """Name and arguments of a log, None when the interface does not know it."""
        signature = self.events.get(bytes(topics[0])) if topics else None
        return None if signature is None else (signature.name, signature.decode_log([bytes(t) for t in topics], data))

    def explain_revert(self, data: bytes) -> str:
        """A sentence for revert data: a reason, a panic, one of the contract's own errors, or the bytes."""
        return explain_revert(data, self.errors)


def explain_revert(data: bytes, errors: Mapping[bytes, Signature] | None = None) -> str:
    """A sentence for revert data; never raises, whatever the data is."""
    try:
        if not data:
            return "reverted without a reason"
        if data[:4] == bytes.fromhex("08c379a0"):
            return str(decode(["string"], data[4:])[0])
        if data[:4] == bytes.fromhex("4e487b71"):
            code = decode(["uint256"], data[4:])[0]
            return PANICS.get(code, f"panic {code:#x}")
        known = (errors or {}).get(bytes(data[:4]))
        if known is not None:
            values = decode(known.inputs, data[4:])
            shown = [to_json(kind, value) for kind, value in zip(known.inputs, values, strict=True)]
            named = [f"{name}={value}" if name else str(value) for name, value in zip(known.names, shown, strict=True)]
            return f"{known.name}({', '.join(named)})"
    except InvalidInput:
        pass
    return f"reverted with 0x{bytes(data).hex()[:200]}"

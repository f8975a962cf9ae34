"""A compiled contract: interface, byte code, and how its variables lie in storage."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from zerog._native import keccak256
from zerog.errors import InvalidInput, NotFound
from zerog.types import parse_hex
from zerog.wire.abi import Interface, encode


@dataclass(frozen=True)
class Variable:
    """A state variable: slot, byte offset inside it, size; ``encoding`` is solc's (inplace, mapping, bytes …)."""

    slot: int
    offset: int
    size: int
    encoding: str


@dataclass(frozen=True)
class Artifact:
    """What the compiler made of one contract. ``deployed`` has zeros where immutables go."""

    name: str
    abi: tuple[Mapping[str, Any], ...]
    interface: Interface
    bytecode: bytes
    deployed: bytes
    variables: Mapping[str, Variable]
    methods: Mapping[str, str]
    immutables: tuple[tuple[int, int], ...]

    def creation_code(self, *arguments: Any) -> bytes:
        """The data of a transaction that deploys the contract with these constructor arguments."""
        return self.bytecode + encode(self.interface.constructor.inputs, arguments)

    def storage(self, values: Mapping[str, int | bytes]) -> dict[int, int]:
        """Slots that hold ``values``: what a constructor that assigns these variables would have written.

        Raises:
            InvalidInput: no such variable, not a plain value type, or a value that does not fit.
        """
        slots: dict[int, int] = {}
        for label, value in values.items():
            place = self.variables.get(label)
            if place is None or place.encoding != "inplace":
                raise InvalidInput(f"{self.name} has no plain variable {label}")
            number = int.from_bytes(value, "big") if isinstance(value, bytes) else value
            if not 0 <= number < 1 << 8 * place.size:
                raise InvalidInput(f"{self.name}.{label}: {number} does not fit {place.size} bytes")
            if number:
                slots[place.slot] = slots.get(place.slot, 0) | number << 8 * place.offset
        return slots

    def entry(self, label: str, *keys: bytes) -> int:
        """The slot of one entry of a mapping; several keys for a mapping of mappings, each at most 32 bytes.

        Raises:
            InvalidInput: no such mapping.
        """
        place = self.variables.get(label)
        if place is None or place.encoding != "mapping" or not keys:
            raise InvalidInput(f"{self.name} has no mapping {label}")
        slot = place.slot.to_bytes(32, "big")
        for key in keys:
            slot = bytes(keccak256(key.rjust(32, b"\0") + slot))
        return int.from_bytes(slot, "big")


@cache
def load(name: str) -> Artifact:
    """The artifact of a contract by its name.

    Raises:
        NotFound: no such contract.
    """
    path = files("zerog.contracts").joinpath("artifacts", f"{name}.json")
    if not path.is_file():
        raise NotFound(f"no contract {name}; there are {', '.join(names())}")
    data = json.loads(path.read_text())
    variables = {
        entry["label"]: Variable(entry["slot"], entry["offset"], entry["bytes"], entry["encoding"])
        for entry in data.get("storage", [])
    }
    return Artifact(
        name=data["contract"],
        abi=tuple(data["abi"]),
        interface=Interface.from_json(data["abi"]),
        bytecode=parse_hex(data.get("bytecode", "0x")),
        deployed=parse_hex(data.get("deployedBytecode", "0x")),
        variables=variables,
        methods=data["methods"],
        immutables=tuple((place["start"], place["length"]) for place in data.get("immutables", [])),
    )


def names() -> list[str]:
    """All contracts that have an artifact."""
    folder = files("zerog.contracts").joinpath("artifacts")
    return sorted(entry.name.removesuffix(".json") for entry in folder.iterdir() if entry.name.endswith(".json"))


def create2_address(deployer: bytes, salt: bytes, creation_code: bytes) -> bytes:
    """Where CREATE2 puts a contract (EIP-1014)."""
    return bytes(keccak256(b"\xff" + deployer + salt + keccak256(creation_code)))[12:]

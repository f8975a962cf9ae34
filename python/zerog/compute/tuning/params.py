"""Training parameters as users send them: an exact set of names, each within bounds. Source: docs/protocol/compute.md §8.2."""

from __future__ import annotations

import math
import re
from typing import Any, Final

import msgspec

from zerog.errors import InvalidInput
from zerog.wire.jsonrpc import parse

TEXT_BYTES_MAX: Final = 4096
_NUMBER: Final = re.compile(r'"(\w+)"\s*:\s*-?\d+(?:\.\d+)?[eE]')


class TrainingParams(msgspec.Struct, frozen=True):
    """How to train. What is not given has the default that the official node documents."""

    neftune_noise_alpha: float = 5.0
    """0 to 10; 0: no noise."""
    num_train_epochs: int = 1
    """1 to 10."""
    per_device_train_batch_size: int = 2
    """1 to 4."""
    learning_rate: float = 0.0002
    """0.00001 to 0.001, written out in decimals."""
    max_steps: int = -1
    """−1: all of them."""


_BOUNDS: Final[dict[str, tuple[bool, float, float]]] = {
    "neftune_noise_alpha": (False, 0, 10),
    "num_train_epochs": (True, 1, 10),
    "per_device_train_batch_size": (True, 1, 4),
    "learning_rate": (False, 1e-5, 1e-3),
}


def parse_params(text: str) -> TrainingParams:
    """
    Raises:
        InvalidInput: no JSON object, a name that is not one of them, a number out of its bounds or in scientific notation.
    """
    if len(text.encode("utf-8", "replace")) > TEXT_BYTES_MAX:
        raise InvalidInput(f"training parameters: expected at most {TEXT_BYTES_MAX} bytes")
    data = parse(text.encode("utf-8", "replace"))
    if not isinstance(data, dict):
        raise InvalidInput("training parameters: expected a JSON object")
    names = TrainingParams.__struct_fields__
    unknown = sorted(set(data) - set(names))
    if unknown:
        raise InvalidInput(f"training parameters: {unknown[0][:64]!r} is not one of {', '.join(names)}")
    scientific = _NUMBER.search(text)
    if scientific is not None:
        raise InvalidInput(
            f"training parameters: {scientific[1]}: write the number out in decimals, not in scientific notation"
        )
    for name, (whole, low, high) in _BOUNDS.items():
        if name in data:
            _check(name, data[name], whole, low, high)
    if "max_steps" in data and (type(data["max_steps"]) is not int or not (data["max_steps"] == -1 or data["max_steps"] > 0)):
        raise InvalidInput("training parameters: max_steps: expected -1 or a number above 0")
    return TrainingParams(**data)


def _check(name: str, value: Any, whole: bool, low: float, high: float) -> None:
    kinds = (int,) if whole else (int, float)
    if type(value) not in kinds or not math.isfinite(value) or not low <= value <= high:
        kind = "a whole number" if whole else "a number"
        raise InvalidInput(
            f"training parameters: {name}: expected {kind} from {low:.5f}".rstrip("0").rstrip(".") + f" to {high:g}"
        )

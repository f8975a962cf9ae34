"""A stranger's JSON, member by member: types and ranges are checked here, once, and a refusal names the member."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from zerog.errors import InvalidInput
from zerog.wire import jsonrpc
from zerog.wire.jsonrpc import RpcError, check_depth

TEXT_CHARS_MAX: Final = 8 << 20
EXTRA_MAX: Final = 64
DEPTH_MAX: Final = 64


def refuse(param: str, wanted: str, found: object) -> InvalidInput:
    """``param: expected …, found …`` with the member named for OpenAI's clients."""
    shown = repr(found)
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    return InvalidInput(f"{param}: expected {wanted}, found {shown}", param=param, reason="invalid_value")


def parse_object(raw: bytes) -> Body:
    """
    Raises:
        InvalidInput: not a JSON object, or nested too deeply.
    """
    try:
        value = jsonrpc.parse(raw)
        check_depth(value, DEPTH_MAX)
    except InvalidInput as error:
        raise InvalidInput(f"the body is not JSON: {error}", reason="invalid_json") from None
    except RpcError:
        raise InvalidInput(f"the body is nested deeper than {DEPTH_MAX}", reason="invalid_json") from None
    if type(value) is not dict:
        raise InvalidInput("the body: expected a JSON object", reason="invalid_json")
    return Body(value)


class Body:
    """An object whose members are taken one by one; null counts as absent.

    Args:
        path: what stands before a member's name in a refusal.
    """

    def __init__(self, members: Mapping[str, Any], path: str = "") -> None:
        self._members, self._path = members, path
        self._left = dict(members)

    def name(self, key: str) -> str:
        return f"{self._path}{key}"

    def raw(self, key: str) -> Any:
        """The member as it is; it counts as known from now on."""
        self._left.pop(key, None)
        return self._members.get(key)

    def text(self, key: str, default: str | None = None, *, chars_max: int = TEXT_CHARS_MAX, filled: bool = False) -> str:
        value = self.raw(key)
        if value is None and default is not None:
            return default
        return self._text(self.name(key), value, chars_max, filled=filled)

    @staticmethod
    def _text(name: str, value: Any, chars_max: int, *, filled: bool = False) -> str:
        if type(value) is not str or len(value) > chars_max or (filled and not value):
            raise refuse(name, f"a string of {'1 to' if filled else 'at most'} {chars_max} characters", value)
        try:
            value.encode()
        except UnicodeEncodeError:
            raise refuse(name, "well-formed Unicode", value) from None
        return value

    def whole(self, key: str, default: int | None, low: int, high: int) -> int:
        value = self.optional_whole(key, low, high)
        if value is None:
            if default is None:
                raise refuse(self.name(key), f"a whole number from {low} to {high}", None)
            return default
        return value

    def optional_whole(self, key: str, low: int, high: int) -> int | None:
        value = self.raw(key)
        if value is None:
            return None
        if type(value) is float and value.is_integer() and abs(value) < 1 << 53:
            value = int(value)
        if type(value) is not int or not low <= value <= high:
            raise refuse(self.name(key), f"a whole number from {low} to {high}", value)
        return value

    def number(self, key: str, default: float, low: float, high: float, *, above_low: bool = False) -> float:
        value = self.raw(key)
        if value is None:
            return default
        wanted = f"a number {'above' if above_low else 'from'} {low:g} {'up ' if above_low else ''}to {high:g}"
        if type(value) not in (int, float) or not low <= value <= high or (above_low and value == low):
            raise refuse(self.name(key), wanted, value)
        if not math.isfinite(value):
            raise refuse(self.name(key), wanted, value)
        return float(value)

    def flag(self, key: str, default: bool) -> bool:
        value = self.raw(key)
        if value is None:
            return default
        if type(value) is not bool:
            raise refuse(self.name(key), "true or false", value)
        return value

    def child(self, key: str) -> Body | None:
        """A member that is an object."""
        value = self.raw(key)
        if value is None:
            return None
        if type(value) is not dict:
            raise refuse(self.name(key), "an object", value)
        return Body(value, f"{self.name(key)}.")

    def rows(self, key: str, count_max: int, *, needed: bool = False) -> list[Any]:
        """A member that is an array."""
        value = self.raw(key)
        if value is None and not needed:
            return []
        if type(value) is not list or len(value) > count_max or (needed and not value):
            found = f"{len(value)} entries" if type(value) is list else value
            raise refuse(self.name(key), f"an array of {'1 to' if needed else 'at most'} {count_max} entries", found)
        return value

    def bodies(self, key: str, count_max: int, *, needed: bool = False) -> list[Body]:
        """A member that is an array of objects."""
        found = []
        for index, row in enumerate(self.rows(key, count_max, needed=needed)):
            if type(row) is not dict:
                raise refuse(f"{self.name(key)}[{index}]", "an object", row)
            found.append(Body(row, f"{self.name(key)}[{index}]."))
        return found

    def choice(self, key: str, wanted: Sequence[str], default: str | None = None) -> str:
        value = self.raw(key)
        if value is None and default is not None:
            return default
        if type(value) is not str or value not in wanted:
            raise refuse(self.name(key), "one of " + ", ".join(wanted), value)
        return value

    def texts(self, key: str, count_max: int, chars_max: int) -> tuple[str, ...]:
        """A string or an array of strings, none of them empty."""
        value = self.raw(key)
        if value is None:
            return ()
        rows = [value] if type(value) is str else value
        if type(rows) is not list or len(rows) > count_max:
            raise refuse(self.name(key), f"a string or an array of at most {count_max} strings", value)
        return tuple(self._text(f"{self.name(key)}", row, chars_max, filled=True) for row in rows)

    def token_ids(self, key: str, value: Any, count_max: int) -> tuple[int, ...]:
        if type(value) is not list or len(value) > count_max or not all(type(i) is int and 0 <= i < 1 << 31 for i in value):
            raise refuse(self.name(key), f"an array of at most {count_max} token ids", value)
        return tuple(value)

    def rest(self) -> dict[str, Any]:
        """Members that nobody has asked for.

        Raises:
            InvalidInput: too many of them.
        """
        if len(self._left) > EXTRA_MAX:
            raise InvalidInput(f"{self._path or 'the body'}: more than {EXTRA_MAX} members that are not known here")
        return {key: value for key, value in self._left.items() if value is not None}

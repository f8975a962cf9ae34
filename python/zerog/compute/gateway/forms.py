"""A stranger's multipart form: where its fields are, so that what is paid for is what the model server reads.

Two readings of one body would let a client be charged for one image and get ten. So a form that could be read in two ways is
refused: a name given twice, a name in a form of its own, bytes before the first boundary.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from aiohttp import web
from aiohttp.helpers import parse_mimetype

from zerog.errors import InvalidInput

PARTS_MAX: Final = 256
HEAD_BYTES_MAX: Final = 8192
_PARAMETER: Final = rb'[ \t]*;[ \t]*([a-z*]+)=("[^"\r\n]*"|[!#$%&\'*+\-.^_`|~0-9a-z]+)'
_PARAMETERS: Final = re.compile(_PARAMETER, re.IGNORECASE)
_DISPOSITION: Final = re.compile(rb"content-disposition:[ \t]*form-data(?:" + _PARAMETER + rb")*[ \t]*;?[ \t]*", re.IGNORECASE)
_WHOLE: Final = re.compile(rb"[0-9]{1,9}")


def form_type(request: web.Request) -> str:
    """The content type with its boundary, which must travel with the body.

    Raises:
        InvalidInput: not a form.
    """
    if request.content_type != "multipart/form-data":
        raise InvalidInput(f"Content-Type: expected multipart/form-data, found {request.content_type[:80]}", status=415)
    return request.headers["Content-Type"]


@dataclass(frozen=True)
class Form:
    """The fields of one body: the place of each value by name."""

    raw: bytes
    places: dict[str, tuple[int, int]]

    @staticmethod
    def parse(raw: bytes, content_type: str) -> Form:
        """
        Raises:
            InvalidInput: not a form, or one that can be read in two ways.
        """
        boundary = parse_mimetype(content_type).parameters.get("boundary", "")
        if not 1 <= len(boundary) <= 70 or not boundary.isascii() or not boundary.isprintable():
            raise InvalidInput("Content-Type: expected a boundary of 1 to 70 printable characters", param="boundary")
        line = b"--" + boundary.encode()
        if not raw.startswith(line):
            raise InvalidInput("the body: expected a form that begins with its boundary")
        places: dict[str, tuple[int, int]] = {}
        at = len(line)
        while raw[at : at + 2] != b"--":
            start = raw.find(b"\r\n\r\n", at, at + HEAD_BYTES_MAX)
            if raw[at : at + 2] != b"\r\n" or start < 0:
                raise InvalidInput("the body: a part of the form has no head")
            name = _name(raw[at + 2 : start])
            end = raw.find(b"\r\n" + line, start + 2)
            if end < 0:
                raise InvalidInput("the body: the form does not end with its boundary")
            if name in places and not name.endswith("[]"):
                raise InvalidInput(f"{name[:60]}: given twice", param=name[:60])
            places[name] = (start + 4, max(end, start + 4))
            if len(places) > PARTS_MAX:
                raise InvalidInput(f"the body: more than {PARTS_MAX} parts")
            at = end + 2 + len(line)
        return Form(raw, places)

    def value(self, name: str) -> bytes | None:
        place = self.places.get(name)
        return None if place is None else self.raw[place[0] : place[1]]

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        """A field that is a whole number."""
        value = self.value(name)
        if value is None:
            return default
        number = int(value) if _WHOLE.fullmatch(value) else -1
        if not low <= number <= high:
            shown = value[:20].decode("utf-8", "replace")
            raise InvalidInput(f"{name}: expected a whole number from {low} to {high}, found {shown!r}", param=name)
        return number

    def text(self, name: str) -> str:
        """A field as text; empty when it is not there."""
        try:
            return (self.value(name) or b"").decode()
        except UnicodeDecodeError:
            raise InvalidInput(f"{name}: expected well-formed UTF-8", param=name) from None

    def replaced(self, name: str, value: bytes) -> bytes:
        """The body with another value of a field that is there."""
        start, end = self.places[name]
        return self.raw[:start] + value + self.raw[end:]


def _name(head: bytes) -> str:
    lines = [one for one in head.split(b"\r\n") if one.lower().startswith(b"content-disposition:")]
    given = _PARAMETERS.findall(lines[0]) if len(lines) == 1 and _DISPOSITION.fullmatch(lines[0]) else []
    names = [value for key, value in given if key.lower() in (b"name", b"name*")]
    if len(names) != 1 or b"\\" in names[0] or b'\\"' in lines[0] or any(key.lower() == b"name*" for key, _ in given):
        raise InvalidInput("the body: expected each part of the form to have one Content-Disposition with one name")
    try:
        return bytes(names[0]).strip(b'"').decode()
    except UnicodeDecodeError:
        raise InvalidInput("the body: a name in the form is not UTF-8") from None

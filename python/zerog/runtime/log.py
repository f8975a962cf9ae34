"""Events as ``noun.verb key=value``: one logger a module, one line an event, nothing that could break a line or leak.

Values are escaped so that no fact can forge a second event; names that smell of secrets are masked whatever their value.
"""

from __future__ import annotations

import logging
import sys
from typing import TextIO

_SECRET = ("key", "token", "secret", "password", "mnemonic", "authorization", "jwt")
_VALUE_CHARS_MAX = 400


def _text(name: str, value: object) -> str:
    if any(word in name for word in _SECRET):
        return "***"
    if isinstance(value, bytes | bytearray):
        text = "0x" + bytes(value[:6]).hex() + ("…" if len(value) > 6 else "")
    elif isinstance(value, float):
        text = f"{value:.3f}"
    else:
        text = str(value)
    if len(text) > _VALUE_CHARS_MAX:
        text = text[:_VALUE_CHARS_MAX] + "…"
    if text == "" or not text.isprintable() or any(c in text for c in ' "=\\'):
        text = '"' + "".join(_escape(c) for c in text) + '"'
    return text


def _escape(char: str) -> str:
    if char in '"\\':
        return "\\" + char
    if char.isprintable():
        return char
    return {"\n": "\\n", "\r": "\\r", "\t": "\\t"}.get(char, f"\\u{{{ord(char):x}}}")


class Logger:
    """Thin face of a stdlib logger: an event name and its facts."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def _emit(self, level: int, event: str, facts: dict[str, object]) -> None:
        if self._logger.isEnabledFor(level):
            self._logger.log(level, "%s", " ".join([event, *(f"{k}={_text(k, v)}" for k, v in facts.items())]))

    def debug(self, event: str, **facts: object) -> None:
        self._emit(logging.DEBUG, event, facts)

    def info(self, event: str, **facts: object) -> None:
        self._emit(logging.INFO, event, facts)

    def warning(self, event: str, **facts: object) -> None:
        self._emit(logging.WARNING, event, facts)

    def error(self, event: str, **facts: object) -> None:
        self._emit(logging.ERROR, event, facts)


def get(name: str) -> Logger:
    """The logger of a module: ``log.get(__name__)``, also where the module runs as ``python -m``."""
    if name == "__main__":
        spec = getattr(sys.modules[name], "__spec__", None)
        name = "zerog" if spec is None else spec.name
    return Logger(name)


def set_up(level: str = "info", stream: TextIO | None = None) -> None:
    """Send the events of zerog to ``stream`` (standard error)."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s.%(msecs)03d %(levelname)-7s %(message)s", "%Y-%m-%dT%H:%M:%S"))
    root = logging.getLogger("zerog")
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    root.propagate = False

"""Events as ``noun.verb key=value``: one logger a module, one line an event, nothing that could break a line or leak.

Values are escaped so that no fact can forge a second event; names that smell of secrets are masked whatever their value.
"""

from __future__ import annotations

import logging
import os
import sys
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import TextIO

from zerog.errors import ConfigError

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


class _PrivateFile(RotatingFileHandler):
    """A file of bounded size with a bounded number before it, for the owner alone."""

    def _open(self) -> TextIOWrapper:
        file = os.open(self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        os.fchmod(file, 0o600)
        return open(file, "a", encoding="utf-8")


def set_up(
    level: str = "info",
    stream: TextIO | None = None,
    *,
    file: Path | None = None,
    file_bytes_max: int = 16 << 20,
    files_max: int = 5,
) -> None:
    """Send the events of zerog to ``stream`` (standard error), and to a file as well.

    Args:
        file: turned over at ``file_bytes_max``; ``files_max`` older ones stay as ``file.1`` and so on.

    Raises:
        ConfigError: the file cannot be written.
    """
    handlers: list[logging.Handler] = [logging.StreamHandler(stream or sys.stderr)]
    if file is not None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handlers.append(_PrivateFile(file, maxBytes=file_bytes_max, backupCount=files_max, encoding="utf-8"))
        except OSError as error:
            raise ConfigError(f"log.file: {error.strerror}", key="log.file", value=str(file), origin="") from None
    form = logging.Formatter("%(asctime)s.%(msecs)03d %(levelname)-7s %(message)s", "%Y-%m-%dT%H:%M:%S")
    root = logging.getLogger("zerog")
    for old in root.handlers:
        if isinstance(old, _PrivateFile):
            old.close()
    for handler in handlers:
        handler.setFormatter(form)
    root.handlers[:] = handlers
    root.setLevel(level.upper())
    root.propagate = False

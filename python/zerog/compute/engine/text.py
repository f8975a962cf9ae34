"""From pieces of text to what a client sees: the answer ends before a stop string, tool calls are taken out of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from zerog.compute.api import ToolCallDelta

CALL_CHARS_MAX: Final = 1 << 16
_OPEN: Final = "<tool_call>"
_CLOSE: Final = "</tool_call>"


def held_back(text: str, needles: Sequence[str]) -> int:
    """How many characters at the end of ``text`` may be the beginning of one of ``needles``."""
    most = 0
    for needle in needles:
        for size in range(min(len(needle) - 1, len(text)), most, -1):
            if text.endswith(needle[:size]):
                most = size
                break
    return most


class StopStrings:
    """Lets text through up to the first stop string; what may be the beginning of one waits."""

    def __init__(self, stops: Sequence[str]) -> None:
        self._stops = [stop for stop in stops if stop]
        self._waiting = ""
        self.is_over = False

    def push(self, text: str) -> str:
        if not self._stops or self.is_over:
            return "" if self.is_over else text
        text = self._waiting + text
        found = [at for at in (text.find(stop) for stop in self._stops) if at >= 0]
        if found:
            self.is_over, self._waiting = True, ""
            return text[: min(found)]
        size = held_back(text, self._stops)
        self._waiting = text[len(text) - size :]
        return text[: len(text) - size]

    def end(self) -> str:
        text, self._waiting = self._waiting, ""
        return text


class ToolCalls:
    """Takes ``<tool_call>{"name": …, "arguments": …}</tool_call>`` out of an answer (the form of Hermes, Qwen and SmolLM2).

    With ``is_whole`` the answer is nothing but one call, written by a guide. What is no call after all stays text.
    """

    def __init__(self, id_prefix: str, *, is_whole: bool = False) -> None:
        self._id_prefix = id_prefix
        self._is_whole = is_whole
        self._waiting = ""
        self.count = 0

    def push(self, text: str) -> tuple[str, list[ToolCallDelta]]:
        self._waiting += text
        if self._is_whole:
            return "", []
        shown, calls = "", list[ToolCallDelta]()
        while True:
            begin = self._waiting.find(_OPEN)
            if begin < 0:
                size = held_back(self._waiting, (_OPEN,))
                shown += self._waiting[: len(self._waiting) - size]
                self._waiting = self._waiting[len(self._waiting) - size :]
                return shown, calls
            end = self._waiting.find(_CLOSE, begin)
            if end < 0 and len(self._waiting) - begin <= CALL_CHARS_MAX:
                shown += self._waiting[:begin]
                self._waiting = self._waiting[begin:]
                return shown, calls
            if end < 0:
                shown += self._waiting
                self._waiting = ""
                return shown, calls
            call = self._read(self._waiting[begin + len(_OPEN) : end])
            shown += self._waiting[:begin]
            if call is None:
                shown += self._waiting[begin : end + len(_CLOSE)]
            else:
                calls.append(call)
            self._waiting = self._waiting[end + len(_CLOSE) :]

    def end(self) -> tuple[str, list[ToolCallDelta]]:
        text, self._waiting = self._waiting, ""
        if not text:
            return "", []
        call = self._read(text.removeprefix(_OPEN))
        return ("", [call]) if call is not None else (text, [])

    def _read(self, text: str) -> ToolCallDelta | None:
        try:
            value: Any = json.loads(text)
        except (ValueError, RecursionError):
            return None
        if not isinstance(value, dict) or not isinstance(value.get("name"), str):
            return None
        arguments = value.get("arguments", value.get("parameters", {}))
        written = arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
        index = self.count
        self.count += 1
        return ToolCallDelta(index, f"call_{self._id_prefix}_{index}", value["name"], written)

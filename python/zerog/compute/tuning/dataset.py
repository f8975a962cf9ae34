"""Data sets for fine-tuning: lines of JSON, to token rows with what is to be learned in them.

A line is ``{"instruction", "input"?, "output"}``, ``{"messages": [{"role", "content"}, …]}`` or ``{"text"}``. Of instructions
and conversations only the assistant's words are learned; of plain text everything. Source: docs/protocol/compute.md §8.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

from zerog.compute.tuning.lora import Row
from zerog.errors import InvalidInput
from zerog.wire.jsonrpc import parse

ROWS_MAX: Final = 100_000
LINE_BYTES_MAX: Final = 1 << 20
MESSAGES_MAX: Final = 256
_ROLES: Final = ("system", "user", "assistant")


class Texts(Protocol):
    """A model's tokenizer and template, as far as training needs them."""

    def encode(self, text: str) -> list[int]:
        """Token ids; marks of the template count as one token each."""
        ...

    def render(self, messages: Sequence[Mapping[str, str]], *, open: bool) -> str:
        """A conversation by the model's template; ``open``: ready for the assistant's next words."""
        ...


def parse_dataset(data: bytes) -> list[dict[str, Any]]:
    """The lines of a data set, checked.

    Raises:
        InvalidInput: names the line and what is wrong with it; nothing in it at all.
    """
    rows: list[dict[str, Any]] = []
    for number, line in _lines(data):
        if len(rows) >= ROWS_MAX:
            raise InvalidInput(f"data set: more than {ROWS_MAX:,} rows")
        try:
            found = parse(line)
            rows.append({"messages": _conversation(found)} if not _is_text(found) else {"text": found["text"]})
        except InvalidInput as error:
            raise InvalidInput(f"data set: line {number}: {error}") from None
    if not rows:
        raise InvalidInput("data set: no rows; expected one JSON object a line")
    return rows


def tokenize(rows: Sequence[Mapping[str, Any]], texts: Texts, row_tokens_max: int) -> list[Row]:
    """Token rows of a checked data set; a row beyond ``row_tokens_max`` tokens is cut there."""
    return [_row(row, texts, row_tokens_max) for row in rows]


def token_count(rows: Sequence[Row]) -> int:
    """What a data set has, and what is paid for each epoch."""
    return sum(len(row.ids) for row in rows)


def _lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        text = line.strip()
        if len(text) > LINE_BYTES_MAX:
            raise InvalidInput(f"data set: line {number}: more than {LINE_BYTES_MAX:,} bytes")
        if text:
            yield number, text


def _is_text(row: Any) -> bool:
    if not isinstance(row, dict) or set(row) != {"text"}:
        return False
    if not isinstance(row["text"], str) or not row["text"].strip():
        raise InvalidInput("text: expected some text")
    return True


def _conversation(row: Any) -> list[dict[str, str]]:
    if not isinstance(row, dict):
        raise InvalidInput("expected a JSON object")
    if "messages" in row:
        return _messages(row["messages"])
    if "instruction" in row and "output" in row:
        parts = [row.get(name, "") for name in ("instruction", "input", "output")]
        if not all(isinstance(part, str) for part in parts):
            raise InvalidInput("instruction, input and output: expected texts")
        instruction, more, output = parts
        if not output.strip():
            raise InvalidInput("output: expected some text to learn")
        asked = f"{instruction}\n\n{more}" if more.strip() else instruction
        return [{"role": "user", "content": asked}, {"role": "assistant", "content": output}]
    raise InvalidInput("expected members instruction and output, or messages, or text")


def _messages(value: Any) -> list[dict[str, str]]:
    if not isinstance(value, list) or not 0 < len(value) <= MESSAGES_MAX:
        raise InvalidInput(f"messages: expected 1 to {MESSAGES_MAX} of them")
    made = []
    for one in value:
        if not isinstance(one, dict) or one.get("role") not in _ROLES or not isinstance(one.get("content"), str):
            raise InvalidInput(f"messages: expected objects with a role ({', '.join(_ROLES)}) and a content of text")
        made.append({"role": one["role"], "content": one["content"]})
    if not any(one["role"] == "assistant" and one["content"].strip() for one in made):
        raise InvalidInput("messages: no words of the assistant to learn")
    return made


def _row(row: Mapping[str, Any], texts: Texts, row_tokens_max: int) -> Row:
    if "text" in row:
        ids = texts.encode(row["text"])[:row_tokens_max]
        return Row(ids, [1] * len(ids))
    messages = row["messages"]
    ids = []
    learn: list[int] = []
    for index, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        # What stands before the assistant's words is read; the template says where they begin and end.
        _extend(ids, learn, texts.encode(texts.render(messages[:index], open=True)), 0)
        _extend(ids, learn, texts.encode(texts.render(messages[: index + 1], open=False)), 1)
    return Row(ids[:row_tokens_max], learn[:row_tokens_max])


def _extend(ids: list[int], learn: list[int], longer: Sequence[int], value: int) -> None:
    """Go on to a longer reading of the same conversation; where both differ (a template may rewrite), the longer one holds."""
    same = 0
    while same < len(ids) and same < len(longer) and ids[same] == longer[same]:
        same += 1
    del ids[same:], learn[same:]
    ids += longer[same:]
    learn += [value] * (len(longer) - same)

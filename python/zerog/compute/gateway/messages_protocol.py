"""Anthropic's messages as a request of ours, and our events as its answers and events."""

from __future__ import annotations

import json
from typing import Any

from zerog.compute.api import (
    MESSAGES_MAX,
    STOP_CHARS_MAX,
    STOPS_MAX,
    TOOLS_MAX,
    Delta,
    Finished,
    GenerationRequest,
    Message,
    Sampling,
)
from zerog.compute.gateway.chat_protocol import PARTS_MAX, TOKENS_MAX, Chunks, encode
from zerog.compute.gateway.checks import TEXT_CHARS_MAX, Body, refuse
from zerog.errors import InvalidInput
from zerog.types import Address

_REASONS = {"length": "max_tokens", "tool_calls": "tool_use", "content_filter": "refusal"}
_QUIET = ("metadata", "service_tier", "container", "context_management", "betas")


class MessageChunks(Chunks):
    """``message``, whole and as named events."""

    def __init__(self, request: GenerationRequest, id: str, created: int) -> None:
        super().__init__(request, id, created)
        self._open: tuple[str, int] | None = None
        self._blocks = 0

    def _message(self, content: list[dict[str, Any]], reason: str | None) -> dict[str, Any]:
        return {
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "model": self.request.model,
            "content": content,
            "stop_reason": reason,
            "stop_sequence": None,
            "usage": self._usage(),
        }

    def _usage(self) -> dict[str, int]:
        cached = self.usage.cached_tokens
        return {
            "input_tokens": self.usage.prompt_tokens - cached,
            "cache_read_input_tokens": cached,
            "cache_creation_input_tokens": 0,
            "output_tokens": self.usage.completion_tokens,
        }

    def whole(self) -> bytes:
        content: list[dict[str, Any]] = [{"type": "text", "text": self.texts[0]}] if self.texts[0] or not self.calls[0] else []
        for _, call in sorted(self.calls[0].items()):
            content.append(
                {
                    "type": "tool_use",
                    "id": call["id"],
                    "name": call["function"]["name"],
                    "input": _arguments(call["function"]["arguments"]),
                }
            )
        return encode(self._message(content, _reason(self.reasons[0] or "stop")))

    def first(self) -> bytes:
        return _event("message_start", {"message": self._message([], None)})

    def chunk(self, event: Delta | Finished) -> bytes:
        if isinstance(event, Finished):
            return self._close()
        made = b""
        if event.text:
            made += self._begin("text", 0, {"type": "text", "text": ""})
            made += self._delta({"type": "text_delta", "text": event.text})
        for piece in event.tool_calls:
            block = {"type": "tool_use", "id": piece.id, "name": piece.name, "input": {}}
            made += self._begin("tool", piece.index, block)
            if piece.arguments:
                made += self._delta({"type": "input_json_delta", "partial_json": piece.arguments})
        return made

    def last(self) -> bytes:
        made = self._begin("text", 0, {"type": "text", "text": ""}) if not self._blocks else b""
        made += self._close()
        delta = {"stop_reason": _reason(self.reasons[0] or "stop"), "stop_sequence": None}
        return made + _event("message_delta", {"delta": delta, "usage": self._usage()}) + _event("message_stop", {})

    def failure(self, body: bytes) -> bytes:
        return b"event: error\ndata: " + body + b"\n\n"

    def _begin(self, kind: str, index: int, block: dict[str, Any]) -> bytes:
        if self._open == (kind, index):
            return b""
        made = self._close()
        self._open = (kind, index)
        made += _event("content_block_start", {"index": self._blocks, "content_block": block})
        self._blocks += 1
        return made

    def _delta(self, delta: dict[str, Any]) -> bytes:
        return _event("content_block_delta", {"index": self._blocks - 1, "delta": delta})

    def _close(self) -> bytes:
        if self._open is None:
            return b""
        self._open = None
        return _event("content_block_stop", {"index": self._blocks - 1})


def parse(body: Body, *, id: str, account: Address) -> tuple[GenerationRequest, bool, bool]:
    """The request, and whether it is a stream.

    Raises:
        InvalidInput: names the member.
    """
    messages: list[Message] = []
    system = _system(body)
    if system:
        messages.append(Message("system", system))
    for row in body.bodies("messages", MESSAGES_MAX, needed=True):
        messages += _turn(row)
    tools = tuple(_tool(row) for row in body.bodies("tools", TOOLS_MAX))
    thinking = body.child("thinking")
    if thinking is not None and thinking.choice("type", ("disabled", "enabled", "adaptive")) != "disabled":
        raise InvalidInput("thinking: not supported by this model", param="thinking")
    for name in _QUIET:
        body.raw(name)
    temperature = body.number("temperature", 1.0, 0, 1)
    request = GenerationRequest(
        model=body.text("model", "", chars_max=256),
        id=id,
        messages=tuple(messages),
        max_tokens=body.whole("max_tokens", None, 1, TOKENS_MAX),
        sampling=Sampling(
            temperature=temperature,
            top_p=body.number("top_p", 1.0, 0, 1, above_low=True),
            top_k=body.whole("top_k", 0, 0, 1 << 20),
        ),
        stop=body.texts("stop_sequences", STOPS_MAX, STOP_CHARS_MAX),
        tools=tools,
        tool_choice=_tool_choice(body, [tool["function"]["name"] for tool in tools]),
        account=account,
        extra={},
    )
    stream = body.flag("stream", False)
    body.rest()
    return request, stream, False


def _system(body: Body) -> str:
    value = body.raw("system")
    if value is None:
        return ""
    if type(value) is str:
        return body.text("system")
    return "\n".join(_text_block(row) for row in body.bodies("system", PARTS_MAX))


def _text_block(row: Body) -> str:
    row.choice("type", ("text",))
    return row.text("text")


def _turn(row: Body) -> list[Message]:
    """One turn; results of tools become messages of their own, before the text beside them."""
    role = row.choice("role", ("user", "assistant"))
    value = row.raw("content")
    if type(value) is str:
        return [Message(role, row.text("content"))]
    texts: list[str] = []
    calls: list[dict[str, Any]] = []
    results: list[Message] = []
    for block in row.bodies("content", PARTS_MAX, needed=True):
        kind = block.text("type", chars_max=64)
        if kind == "text":
            texts.append(block.text("text"))
        elif kind == "tool_use" and role == "assistant":
            given = block.raw("input")
            if type(given) is not dict:
                raise refuse(block.name("input"), "an object", given)
            function = {"name": block.text("name", chars_max=256, filled=True), "arguments": json.dumps(given)}
            calls.append({"id": block.text("id", chars_max=256, filled=True), "type": "function", "function": function})
        elif kind == "tool_result" and role == "user":
            results.append(Message("tool", _result(block), tool_call_id=block.text("tool_use_id", chars_max=256, filled=True)))
        elif kind in ("thinking", "redacted_thinking") and role == "assistant":
            continue
        else:
            raise InvalidInput(
                f"{block.name('type')}: this model takes text, tool_use and tool_result; nothing is fetched here",
                param=block.name("type"),
            )
    made = list(results)
    if texts or calls or not results:
        made.append(Message(role, "".join(texts), tool_calls=tuple(calls)))
    return made


def _result(block: Body) -> str:
    value = block.raw("content")
    if value is None:
        return ""
    if type(value) is str:
        return Body._text(block.name("content"), value, TEXT_CHARS_MAX)
    return "\n".join(_text_block(row) for row in block.bodies("content", PARTS_MAX))


def _tool(row: Body) -> dict[str, Any]:
    row.choice("type", ("custom",), "custom")
    made: dict[str, Any] = {
        "name": row.text("name", chars_max=256, filled=True),
        "description": row.text("description", "", chars_max=65_536),
    }
    if row.child("input_schema") is not None:
        made["parameters"] = row.raw("input_schema")
    return {"type": "function", "function": made}


def _tool_choice(body: Body, names: list[str]) -> str | dict[str, Any]:
    given = body.child("tool_choice")
    if given is None:
        return "auto" if names else "none"
    kind = given.choice("type", ("auto", "any", "tool", "none"))
    if kind in ("any", "tool") and not names:
        raise refuse("tool_choice.type", "tools to be given with it", kind)
    if kind == "tool":
        name = given.text("name", chars_max=256)
        if name not in names:
            raise refuse("tool_choice.name", "the name of one of the tools", name)
        return {"type": "function", "function": {"name": name}}
    return {"auto": "auto", "any": "required", "none": "none"}[kind]


def _reason(reason: str) -> str:
    return _REASONS.get(reason, "end_turn")


def _arguments(text: str) -> Any:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        return {"_raw": text}
    return found if isinstance(found, dict) else {"_raw": text}


def _event(name: str, value: dict[str, Any]) -> bytes:
    return f"event: {name}\ndata: ".encode() + encode({"type": name, **value}) + b"\n\n"

"""OpenAI's chat completions as a request of ours, and our events as its answers and chunks."""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any, Final

from zerog.compute.api import (
    BIASES_MAX,
    CHOICES_MAX,
    MESSAGES_MAX,
    STOP_CHARS_MAX,
    STOPS_MAX,
    TOOLS_MAX,
    TOP_LOGPROBS_MAX,
    Delta,
    Finished,
    GenerationRequest,
    Guide,
    Message,
    Sampling,
    TokenLogprob,
    Usage,
)
from zerog.compute.gateway.checks import Body, refuse
from zerog.errors import InvalidInput
from zerog.types import Address

ROLES: Final = ("system", "developer", "user", "assistant", "tool")
TOKENS_MAX: Final = 1 << 20
PARTS_MAX: Final = 256
_QUIET: Final = ("user", "store", "metadata", "service_tier", "safety_identifier", "prompt_cache_key", "verbosity")


class Chunks(ABC):
    """Builds the answer to one request, whole or chunk by chunk; what protocols have in common.

    Args:
        id: with its prefix (``chatcmpl-…``), in the body and, without it, in the header ``ZG-Res-Key``.
    """

    def __init__(self, request: GenerationRequest, id: str, created: int, *, stream_usage: bool = False) -> None:
        self.request, self.id, self.created, self.stream_usage = request, id, created, stream_usage
        self.usage = Usage()
        self.texts = [""] * request.choices
        self.reasoning = [""] * request.choices
        self.reasons: list[str | None] = [None] * request.choices
        self.calls: list[dict[int, dict[str, Any]]] = [{} for _ in range(request.choices)]
        self.logprobs: list[list[TokenLogprob]] = [[] for _ in range(request.choices)]

    def take(self, event: Delta | Finished | Usage) -> None:
        """Remember an event for the whole answer."""
        if isinstance(event, Usage):
            self.usage = event
        elif isinstance(event, Finished):
            self.reasons[event.choice] = event.reason.value
        else:
            self.texts[event.choice] += event.text
            self.reasoning[event.choice] += event.reasoning
            self.logprobs[event.choice] += event.logprobs
            for piece in event.tool_calls:
                call = self.calls[event.choice].setdefault(
                    piece.index, {"id": "", "type": "function", "function": {"name": "", "arguments": ""}}
                )
                call["id"] += piece.id
                call["function"]["name"] += piece.name
                call["function"]["arguments"] += piece.arguments

    # What a protocol says; every piece is bytes of the body.
    @abstractmethod
    def whole(self) -> bytes: ...

    @abstractmethod
    def first(self) -> bytes: ...

    @abstractmethod
    def chunk(self, event: Delta | Finished) -> bytes: ...

    @abstractmethod
    def last(self) -> bytes: ...

    def failure(self, body: bytes) -> bytes:
        """An error in mid-stream."""
        return b"data: " + body + b"\n\n"


class ChatChunks(Chunks):
    """``chat.completion`` and ``chat.completion.chunk``."""

    _plain: tuple[bytes, bytes] | None = None
    """What stands around the text of a piece that holds nothing else, which is nearly every one."""

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.request.model}

    def whole(self) -> bytes:
        choices = []
        for index in range(self.request.choices):
            calls = [call for _, call in sorted(self.calls[index].items())]
            message: dict[str, Any] = {
                "role": "assistant", "content": self.texts[index] if self.texts[index] or not calls else None, "refusal": None,
            }  # fmt: skip
            if self.reasoning[index]:
                message["reasoning_content"] = self.reasoning[index]
            if calls:
                message["tool_calls"] = calls
            logprobs = {"content": [logprob(one) for one in self.logprobs[index]], "refusal": None}
            choices.append(
                {
                    "index": index,
                    "message": message,
                    "logprobs": logprobs if self.request.sampling.logprobs else None,
                    "finish_reason": self.reasons[index] or "stop",
                }
            )
        return encode({**self._head("chat.completion"), "choices": choices, "usage": usage(self.usage)})

    def first(self) -> bytes:
        choices = [
            {"index": i, "delta": {"role": "assistant", "content": ""}, "logprobs": None, "finish_reason": None}
            for i in range(self.request.choices)
        ]
        return self._event(choices)

    def chunk(self, event: Delta | Finished) -> bytes:
        if isinstance(event, Finished):
            return self._event([{"index": event.choice, "delta": {}, "logprobs": None, "finish_reason": event.reason.value}])
        if not (event.choice or event.logprobs or event.tool_calls or event.reasoning):
            return self._text(event.text)
        delta: dict[str, Any] = {}
        if event.text:
            delta["content"] = event.text
        if event.reasoning:
            delta["reasoning_content"] = event.reasoning
        if event.tool_calls:
            delta["tool_calls"] = [
                {
                    "index": piece.index,
                    **({"id": piece.id, "type": "function"} if piece.id else {}),
                    "function": {**({"name": piece.name} if piece.name else {}), "arguments": piece.arguments},
                }
                for piece in event.tool_calls
            ]
        told = {"content": [logprob(one) for one in event.logprobs], "refusal": None} if event.logprobs else None
        if not delta and told is None:
            return b""
        return self._event([{"index": event.choice, "delta": delta, "logprobs": told, "finish_reason": None}])

    def last(self) -> bytes:
        made = b""
        if self.stream_usage:
            made = self._event([], usage(self.usage))
        return made + b"data: [DONE]\n\n"

    def _text(self, text: str) -> bytes:
        if not text:
            return b""
        if self._plain is None:
            mark = "\x00"  # JSON escapes it, so it stands nowhere else in the chunk
            whole = self._event([{"index": 0, "delta": {"content": mark}, "logprobs": None, "finish_reason": None}])
            before, after = whole.split(encode(mark))
            self._plain = before, after
        return self._plain[0] + encode_basestring(text).encode("utf-8", "replace") + self._plain[1]

    def _event(self, choices: list[dict[str, Any]], used: dict[str, Any] | None = None) -> bytes:
        body = {**self._head("chat.completion.chunk"), "choices": choices}
        if self.stream_usage:
            body["usage"] = used
        return b"data: " + encode(body) + b"\n\n"


def parse(body: Body, *, id: str, account: Address, parts: bool) -> tuple[GenerationRequest, bool, bool]:
    """The request, whether it is a stream, and whether a stream's last chunk tells the usage.

    Args:
        parts: whether parts that are no text may go to the backend.

    Raises:
        InvalidInput: names the member.
    """
    messages = tuple(_message(row, parts) for row in body.bodies("messages", MESSAGES_MAX, needed=True))
    stream, stream_usage = streaming(body)
    tools = tuple(_tool(row) for row in body.bodies("tools", TOOLS_MAX))
    request = GenerationRequest(
        model=body.text("model", "", chars_max=256),
        id=id,
        messages=messages,
        max_tokens=max_tokens(body, "max_completion_tokens", "max_tokens"),
        min_tokens=body.whole("min_tokens", 0, 0, TOKENS_MAX),
        choices=body.whole("n", 1, 1, CHOICES_MAX),
        sampling=sampling(body),
        stop=body.texts("stop", STOPS_MAX, STOP_CHARS_MAX),
        stop_token_ids=_token_ids(body, "stop_token_ids"),
        ignore_eos=body.flag("ignore_eos", False),
        guide=guide(body),
        tools=tools,
        tool_choice=_tool_choice(body, tools),
        parallel_tool_calls=body.flag("parallel_tool_calls", True),
        template_arguments=body.raw("chat_template_kwargs") if body.child("chat_template_kwargs") is not None else {},
        account=account,
        extra=_extra(body),
    )
    return request, stream, stream_usage


def streaming(body: Body) -> tuple[bool, bool]:
    """``stream`` and ``stream_options.include_usage``."""
    stream, options = body.flag("stream", False), body.child("stream_options")
    return stream, options is not None and options.flag("include_usage", False)


def max_tokens(body: Body, *names: str) -> int | None:
    """The first of several names of the same bound."""
    found = [value for name in names if (value := body.optional_whole(name, 1, TOKENS_MAX)) is not None]
    return found[0] if found else None


def sampling(body: Body) -> Sampling:
    """How tokens are chosen; members that all text protocols share."""
    logprobs = body.flag("logprobs", False)
    top = body.whole("top_logprobs", 0, 0, TOP_LOGPROBS_MAX)
    if top and not logprobs:
        raise refuse("top_logprobs", "logprobs to be true with it", top)
    return Sampling(
        temperature=body.number("temperature", 1.0, 0, 2),
        top_k=body.whole("top_k", 0, -1, 1 << 20) if body.raw("top_k") != -1 else 0,
        top_p=body.number("top_p", 1.0, 0, 1, above_low=True),
        min_p=body.number("min_p", 0.0, 0, 1),
        presence_penalty=body.number("presence_penalty", 0.0, -2, 2),
        frequency_penalty=body.number("frequency_penalty", 0.0, -2, 2),
        repetition_penalty=body.number("repetition_penalty", 1.0, 0, 2, above_low=True),
        logit_bias=_bias(body),
        seed=body.optional_whole("seed", -(1 << 63), (1 << 64) - 1),
        logprobs=logprobs,
        top_logprobs=top,
    )


def _bias(body: Body) -> dict[int, float]:
    given = body.raw("logit_bias")
    if given is None:
        return {}
    if type(given) is not dict or len(given) > BIASES_MAX:
        raise refuse("logit_bias", f"an object of at most {BIASES_MAX} token ids", given)
    made = {}
    for key, value in given.items():
        if not key.isascii() or not key.isdigit() or len(key) > 10:
            raise refuse("logit_bias", "token ids as names", key)
        if type(value) not in (int, float) or not math.isfinite(value) or not -100 <= value <= 100:
            raise refuse(f"logit_bias.{key}", "a number from -100 to 100", value)
        made[int(key)] = float(value)
    return made


def guide(body: Body) -> Guide | None:
    """``response_format`` and vLLM's ``guided_*`` members."""
    found = []
    wanted = body.child("response_format")
    if wanted is not None:
        kind = wanted.choice("type", ("text", "json_object", "json_schema"))
        if kind == "json_object":
            found.append(Guide(json=True))
        elif kind == "json_schema":
            holder = wanted.child("json_schema")
            schema = holder.raw("schema") if holder is not None else None
            if type(schema) is not dict:
                raise refuse("response_format.json_schema.schema", "an object", schema)
            found.append(Guide(schema=schema))
    if (schema := body.raw("guided_json")) is not None:
        if type(schema) is not dict:
            raise refuse("guided_json", "an object", schema)
        found.append(Guide(schema=schema))
    if (regex := body.text("guided_regex", "", chars_max=4096)) != "":
        found.append(Guide(regex=regex))
    if (grammar := body.text("guided_grammar", "", chars_max=65_536)) != "":
        found.append(Guide(grammar=grammar))
    if len(found) > 1:
        raise InvalidInput("response_format: expected one of response_format, guided_json, guided_regex, guided_grammar")
    return found[0] if found else None


def _token_ids(body: Body, key: str) -> tuple[int, ...]:
    value = body.raw(key)
    return () if value is None else body.token_ids(key, value, 64)


def _extra(body: Body) -> dict[str, Any]:
    for name in _QUIET:
        body.raw(name)
    if body.raw("functions") is not None or body.raw("function_call") is not None:
        raise InvalidInput("functions: this old form is not supported; use tools", param="functions")
    if body.raw("audio") is not None or body.raw("modalities") not in (None, ["text"]):
        raise InvalidInput("modalities: only text is produced here", param="modalities")
    return body.rest()


def _message(row: Body, parts: bool) -> Message:
    role = row.choice("role", ROLES)
    text, others = content(row, parts)
    calls = tuple(_call(call) for call in row.bodies("tool_calls", TOOLS_MAX))
    if calls and role != "assistant":
        raise refuse(row.name("tool_calls"), "them in messages of the assistant only", role)
    if role == "tool" and row.raw("tool_call_id") is None:
        raise refuse(row.name("tool_call_id"), "the id of the call that this answers", None)
    return Message(
        role="system" if role == "developer" else role,
        content=text,
        name=row.text("name", "", chars_max=256),
        tool_call_id=row.text("tool_call_id", "", chars_max=256),
        tool_calls=calls,
        parts=others,
    )


def content(row: Body, parts: bool) -> tuple[str, tuple[Mapping[str, Any], ...]]:
    """The text of a message, and all its parts when some are no text."""
    value = row.raw("content")
    if value is None:
        return "", ()
    if type(value) is str:
        return row.text("content"), ()
    texts, others = [], False
    for part in row.bodies("content", PARTS_MAX):
        kind = part.text("type", chars_max=64)
        if kind in ("text", "refusal"):
            texts.append(part.text(kind))
        elif not parts:
            raise InvalidInput(
                f"{part.name('type')}: this model takes text only; URLs are never fetched here", param=part.name("type")
            )
        else:
            _check_part(part, kind)
            others = True
    return "".join(texts), tuple(value) if others else ()


def _check_part(part: Body, kind: str) -> None:
    """Data may travel in the request; nothing is fetched at its wish."""
    if kind == "image_url":
        holder = part.child("image_url")
        url = holder.text("url") if holder is not None else ""
        if not url.startswith("data:"):
            raise refuse(part.name("image_url.url"), "a data: URL; nothing is fetched at a caller's wish", url[:40])
    elif kind == "input_audio":
        if part.child("input_audio") is None:
            raise refuse(part.name("input_audio"), "an object", None)
    else:
        raise refuse(part.name("type"), "text, image_url or input_audio", kind)


def _call(row: Body) -> dict[str, Any]:
    function = row.child("function")
    if function is None:
        raise refuse(row.name("function"), "an object", None)
    name, arguments = function.text("name", chars_max=256, filled=True), function.text("arguments", "")
    id = row.text("id", "", chars_max=256)
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


def _tool(row: Body) -> Mapping[str, Any]:
    row.choice("type", ("function",), "function")
    function = row.child("function")
    if function is None:
        raise refuse(row.name("function"), "an object", None)
    made: dict[str, Any] = {
        "name": function.text("name", chars_max=256, filled=True),
        "description": function.text("description", "", chars_max=65_536),
    }
    if function.child("parameters") is not None:
        made["parameters"] = function.raw("parameters")
    return {"type": "function", "function": made}


def _tool_choice(body: Body, tools: Sequence[Mapping[str, Any]]) -> str | Mapping[str, Any]:
    value = body.raw("tool_choice")
    if value is None:
        return "auto" if tools else "none"
    if type(value) is str:
        choice = body.choice("tool_choice", ("none", "auto", "required"))
        if choice == "required" and not tools:
            raise refuse("tool_choice", "tools to be given with it", choice)
        return choice
    named = body.child("tool_choice")
    function = named.child("function") if named is not None else None
    name = function.text("name", chars_max=256) if function is not None else ""
    if name not in [tool["function"]["name"] for tool in tools]:
        raise refuse("tool_choice.function.name", "the name of one of the tools", name)
    return {"type": "function", "function": {"name": name}}


def usage(used: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": used.prompt_tokens,
        "completion_tokens": used.completion_tokens,
        "total_tokens": used.total_tokens,
        "prompt_tokens_details": {"cached_tokens": used.cached_tokens},
    }


def logprob(one: TokenLogprob, *, inner: bool = False) -> dict[str, Any]:
    made: dict[str, Any] = {"token": one.token, "logprob": max(one.logprob, -9999.0), "bytes": list(one.bytes)}
    if not inner:
        made["top_logprobs"] = [logprob(other, inner=True) for other in one.top]
    return made


def encode(value: Any) -> bytes:
    """JSON as it leaves: compact, text as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")

"""The served description of the API (OpenAPI 3.1): every route with its bodies and every status that it may answer."""

from __future__ import annotations

from functools import cache
from typing import Any

from zerog import __version__
from zerog.compute.api import CHOICES_MAX, MESSAGES_MAX, STOP_CHARS_MAX, STOPS_MAX, TEXTS_MAX, TOOLS_MAX, TOP_LOGPROBS_MAX
from zerog.compute.gateway.chat_protocol import ROLES, TOKENS_MAX
from zerog.compute.gateway.passing import FORMATS
from zerog.compute.gateway.videos import SECONDS_MAX

IMAGES = ("image/png", "image/jpeg", "image/webp", "image/gif", "application/octet-stream")

_REFUSALS = {
    "400": "the request does not fit; the message names the member",
    "401": "no key, or one that is not good (any more)",
    "402": "the account cannot pay for it; the message names the balance and how to add to it",
    "403": "the signer is not acknowledged, or the host is not served",
    "404": "no such model, route or id",
    "405": "the route has another method",
    "408": "the body did not come in time",
    "413": "the body is too large",
    "415": "the body is compressed",
    "429": "too many requests or tokens of this account",
    "503": "saturated, or something that the provider needs does not answer",
    "504": "the model did not answer in time",
}


def _text(**more: Any) -> dict[str, Any]:
    return {"type": "string", **more}


def _whole(low: int, high: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": low, "maximum": high}


def _number(low: float, high: float, **more: Any) -> dict[str, Any]:
    return {"type": "number", "minimum": low, "maximum": high, **more}


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required)}


def _array(items: dict[str, Any], low: int, high: int) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": low, "maxItems": high}


def _sampling() -> dict[str, Any]:
    stop = _text(minLength=1, maxLength=STOP_CHARS_MAX)
    return {
        "model": _text(maxLength=256),
        "stream": {"type": "boolean"},
        "stream_options": _object({"include_usage": {"type": "boolean"}}),
        "max_tokens": _whole(1, TOKENS_MAX),
        "min_tokens": _whole(0, TOKENS_MAX),
        "n": _whole(1, CHOICES_MAX),
        "temperature": _number(0, 2),
        "top_p": _number(0, 1, exclusiveMinimum=0),
        "top_k": _whole(-1, 1 << 20),
        "min_p": _number(0, 1),
        "presence_penalty": _number(-2, 2),
        "frequency_penalty": _number(-2, 2),
        "repetition_penalty": _number(0, 2, exclusiveMinimum=0),
        "seed": {"type": "integer"},
        "stop": {"anyOf": [stop, _array(stop, 0, STOPS_MAX)]},
        "logit_bias": {"type": "object", "additionalProperties": _number(-100, 100)},
        "ignore_eos": {"type": "boolean"},
    }


def _chat() -> dict[str, Any]:
    part = _object({"type": {"const": "text"}, "text": _text()}, "type", "text")
    function = _object(
        {"name": _text(minLength=1, maxLength=256), "description": _text(), "parameters": {"type": "object"}}, "name"
    )
    called = _object({"name": _text(minLength=1, maxLength=256), "arguments": _text()}, "name")
    message = _object(
        {
            "role": {"enum": list(ROLES)},
            "content": {"anyOf": [_text(), _array(part, 0, 256), {"type": "null"}]},
            "name": _text(maxLength=256),
            "tool_call_id": _text(maxLength=256),
            "tool_calls": _array(
                _object({"id": _text(), "type": {"const": "function"}, "function": called}, "function"), 0, 128
            ),
        },
        "role",
    )
    named = _object({"name": _text(), "schema": {"type": "object"}}, "schema")
    formats = [
        _object({"type": {"enum": ["text", "json_object"]}}, "type"),
        _object({"type": {"const": "json_schema"}, "json_schema": named}, "type", "json_schema"),
    ]
    return _object(
        {
            **_sampling(),
            "messages": _array(message, 1, MESSAGES_MAX),
            "max_completion_tokens": _whole(1, TOKENS_MAX),
            "logprobs": {"type": "boolean"},
            "top_logprobs": _whole(0, TOP_LOGPROBS_MAX),
            "response_format": {"anyOf": formats},
            "tools": _array(_object({"type": {"const": "function"}, "function": function}, "type", "function"), 0, TOOLS_MAX),
            "tool_choice": {"anyOf": [{"enum": ["none", "auto", "required"]}, {"type": "object"}]},
            "parallel_tool_calls": {"type": "boolean"},
        },
        "messages",
    )


def _messages() -> dict[str, Any]:
    block = _object({"type": {"const": "text"}, "text": _text()}, "type", "text")
    content = {"anyOf": [_text(), _array(block, 0, 256)]}
    message = _object({"role": {"enum": ["user", "assistant"]}, "content": content}, "role", "content")
    tool = _object(
        {"name": _text(minLength=1, maxLength=256), "description": _text(), "input_schema": {"type": "object"}}, "name"
    )
    return _object(
        {
            "model": _text(maxLength=256),
            "messages": _array(message, 1, MESSAGES_MAX),
            "max_tokens": _whole(1, TOKENS_MAX),
            "system": content,
            "stream": {"type": "boolean"},
            "temperature": _number(0, 1),
            "top_p": _number(0, 1, exclusiveMinimum=0),
            "top_k": _whole(0, 1 << 20),
            "stop_sequences": _array(_text(minLength=1, maxLength=STOP_CHARS_MAX), 0, STOPS_MAX),
            "tools": _array(tool, 0, TOOLS_MAX),
        },
        "messages", "max_tokens",
    )  # fmt: skip


def _texts() -> dict[str, Any]:
    return _object(
        {
            "model": _text(maxLength=256),
            "input": {"anyOf": [_text(minLength=1), _array(_text(minLength=1), 1, TEXTS_MAX)]},
            "encoding_format": {"enum": ["float", "base64"]},
            "dimensions": _whole(1, 65_536),
        },
        "input",
    )


def _images(*more: str) -> dict[str, Any]:
    """A request for images; as a form with the files that ``more`` names."""
    members = {
        "model": _text(maxLength=256), "prompt": _text(minLength=1), "n": _whole(1, CHOICES_MAX),
        "response_format": {"enum": list(FORMATS)},
    }  # fmt: skip
    files = {name: _text(contentMediaType="application/octet-stream") for name in more}
    return _object({**members, **files}, "prompt", *more)


def _video() -> dict[str, Any]:
    return _object(
        {
            "model": _text(maxLength=256), "prompt": _text(minLength=1), "seconds": _whole(1, SECONDS_MAX),
            "size": _text(maxLength=32),
        },
        "prompt",
    )  # fmt: skip


def _deployed() -> dict[str, Any]:
    names = {"taskId": _text(minLength=1, maxLength=64), "baseModel": _text(minLength=1, maxLength=256)}
    by_name = {"adapterName": _text(minLength=1, maxLength=256)}
    return {"anyOf": [_object(names, "taskId", "baseModel"), _object(by_name, "adapterName")]}


def _operation(
    summary: str, *, schema: dict[str, Any] | None = None, media: str = "application/json", keyed: bool = True,
    parameters: tuple[tuple[str, str], ...] = (), answers: tuple[str, ...] = ("application/json",), status: str = "200",
    session: bool = False,
) -> dict[str, Any]:  # fmt: skip
    responses: dict[str, Any] = {status: {"description": "done", "content": {one: {} for one in answers}}}
    for status, about in _REFUSALS.items():
        responses[status] = {"description": about, "content": {"application/json": {}}}
    made: dict[str, Any] = {"summary": summary, "responses": responses}
    if keyed or session:
        made["security"] = [{"address": [], "token": [], "signature": []} if session else {"key": []}]
    if schema is not None:
        made["requestBody"] = {"required": True, "content": {media: {"schema": schema}}}
    if parameters:
        made["parameters"] = [
            {"name": name, "in": where, "required": where == "path", "schema": _text(minLength=1)} for name, where in parameters
        ]
    return made


@cache
def description() -> dict[str, Any]:
    """The whole description."""
    streams = ("application/json", "text/event-stream")
    text = _object({**_sampling(), "prompt": {"anyOf": [_text(), _array(_whole(0, (1 << 31) - 1), 1, TOKENS_MAX)]}}, "prompt")
    speech = _object({"file": _text(contentMediaType="application/octet-stream"), "model": _text()}, "file")
    base = "/v1/proxy"
    paths: dict[str, Any] = {
        f"{base}/chat/completions": {"post": _operation("Chat.", schema=_chat(), answers=streams)},
        f"{base}/completions": {"post": _operation("Continue a text.", schema=text, answers=streams)},
        f"{base}/embeddings": {"post": _operation("Vectors of texts.", schema=_texts())},
        f"{base}/messages": {"post": _operation("Chat, in Anthropic's form.", schema=_messages(), answers=streams)},
        f"{base}/images/generations": {"post": _operation("Images, by forwarding.", schema=_images())},
        f"{base}/images/edits": {
            "post": _operation("Changed images, by forwarding.", schema=_images("image"), media="multipart/form-data")
        },
        f"{base}/images/{{key}}/{{index}}": {
            "get": _operation(
                "An image that was asked for by URL.",
                keyed=False,
                parameters=(("key", "path"), ("index", "path")),
                answers=IMAGES,
            )
        },
        f"{base}/videos": {"post": _operation("Order a video, by forwarding.", schema=_video())},
        f"{base}/videos/{{id}}": {"get": _operation("How a video is getting on.", parameters=(("id", "path"),))},
        f"{base}/videos/{{id}}/content": {
            "get": _operation("A video.", parameters=(("id", "path"), ("variant", "query")), answers=("video/mp4",))
        },
        "/v1/async/images/generations": {
            "post": _operation("Images, by the queue: accepted with a job's id.", schema=_images(), status="202")
        },
        "/v1/async/images/edits": {
            "post": _operation(
                "Changed images, by the queue.", schema=_images("image"), media="multipart/form-data", status="202"
            )
        },
        "/v1/async/jobs/{id}": {"get": _operation("A job, and its result.", parameters=(("id", "path"),))},
        "/v1/logs": {
            "get": _operation("The provider's log files.", keyed=False, session=True, parameters=(("component", "query"),))
        },
        "/v1/logs/{component}/{name}": {
            "get": _operation(
                "A log file, or its end.",
                keyed=False,
                session=True,
                answers=("application/octet-stream",),
                parameters=(("component", "path"), ("name", "path"), ("tail", "query")),
            )
        },
        f"{base}/audio/transcriptions": {
            "post": _operation("Speech to text, by forwarding.", schema=speech, media="multipart/form-data")
        },
        f"{base}/models": {"get": _operation("What is served.", keyed=False)},
        f"{base}/signature/{{id}}": {
            "get": _operation("The signature of an answer.", keyed=False, parameters=(("id", "path"), ("model", "query")))
        },
        f"{base}/models/{{model}}": {"get": _operation("One model.", keyed=False, parameters=(("model", "path"),))},
        f"{base}/attestation/report": {
            "get": _operation("The report of the enclave of a model.", keyed=False, parameters=(("model", "query"),))
        },
        "/v1/models": {"get": _operation("What is served.", keyed=False)},
        "/v1/models/{model}": {"get": _operation("One model.", keyed=False, parameters=(("model", "path"),))},
        "/v1/quote": {"get": _operation("The quote that shows whose the signer is.", keyed=False)},
        "/v1/lora/adapters": {"get": _operation("The user's adapters, and how each stands.")},
        "/v1/lora/adapters/{name}": {"get": _operation("How one of them stands.", parameters=(("name", "path"),))},
        "/v1/lora/adapters/deploy": {
            "post": _operation("Serve one of them as a model of its name, for its user alone.", schema=_deployed())
        },
        "/v1/user/{address}/unsettledfee": {
            "get": _operation("What a user owes that is not settled yet.", parameters=(("address", "path"),))
        },
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "zerog compute provider", "version": __version__},
        "paths": paths,
        "components": {
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "bearerFormat": "app-sk-…"},
                "address": {"type": "apiKey", "in": "header", "name": "Address"},
                "token": {"type": "apiKey", "in": "header", "name": "Session-Token"},
                "signature": {"type": "apiKey", "in": "header", "name": "Session-Signature"},
            }
        },
    }

"""What a refused request is told: one body that OpenAI's clients and 0G's both understand. Source: compute.md §7.9.

Below ``/v1/proxy`` the member ``error`` is OpenAI's object, whose ``message`` is the text that 0G's clients show and match; on
the routes that only 0G's clients call it is that text itself. ``/messages`` speaks Anthropic's form.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from aiohttp import web

from zerog.errors import InternalError, ZerogError
from zerog.runtime import log
from zerog.runtime.status import http_status

_log = log.get(__name__)

_KINDS: Final = {
    400: ("invalid_request_error", None),
    401: ("authentication_error", "invalid_api_key"),
    402: ("insufficient_quota", "insufficient_quota"),
    403: ("permission_error", "permission_denied"),
    404: ("not_found_error", "not_found"),
    405: ("invalid_request_error", "method_not_allowed"),
    408: ("timeout_error", "timeout"),
    409: ("conflict_error", "conflict"),
    410: ("not_found_error", "gone"),
    413: ("invalid_request_error", "request_too_large"),
    415: ("invalid_request_error", "unsupported_media_type"),
    429: ("rate_limit_error", "rate_limit_exceeded"),
    501: ("invalid_request_error", "not_supported"),
    503: ("overloaded_error", "overloaded"),
    504: ("timeout_error", "timeout"),
}
_ANTHROPIC: Final = {402: "billing_error", 413: "request_too_large", 503: "overloaded_error", 504: "timeout_error"}
_WORLD: Final = "the provider cannot serve this request now; try again in a moment"


class Style:
    """Which clients a route speaks to."""

    OPENAI: Final = "openai"
    ZEROG: Final = "0g"
    ANTHROPIC: Final = "anthropic"


def status_of(error: BaseException) -> int:
    """Facts of an error may name a status of their own (``status=413``)."""
    named = error.facts.get("status") if isinstance(error, ZerogError) else None
    return named if isinstance(named, int) else http_status(error)


def refusal(error: BaseException, style: str, headers: Mapping[str, str] | None = None) -> web.Response:
    """The answer for an error. What is our own fault is logged and told without its insides.

    Facts of the error that show: ``status``, ``reason`` (OpenAI's ``code``), ``param``, ``kind`` (OpenAI's ``type``),
    ``headers``.
    """
    status = status_of(error)
    facts = error.facts if isinstance(error, ZerogError) else {}
    told = facts.get("headers")
    more = {**(headers or {}), **(told if isinstance(told, dict) else {})}
    made = body(status, public_message(error), style, facts)
    return web.Response(status=status, body=made, content_type="application/json", headers=more)


def public_message(error: BaseException) -> str:
    """What a stranger is told of an error; what he is not told is logged."""
    status = status_of(error)
    if status >= 500 and status not in (501, 503, 504):
        _log.error("request.failed", error=type(error).__name__, reason=str(error))
        return str(InternalError("internal error"))
    if status in (503, 504) and not (isinstance(error, ZerogError) and "public" in error.facts):
        _log.warning("request.unavailable", error=type(error).__name__, reason=str(error))
        return _WORLD
    return str(error)


def body(status: int, message: str, style: str, facts: Mapping[str, Any] | None = None) -> bytes:
    """The JSON of a refusal."""
    facts = facts or {}
    kind, code = _KINDS.get(status, ("server_error", "server_error"))
    kind, code = str(facts.get("kind") or kind), facts.get("reason") or code
    message = message.encode("utf-8", "replace").decode()
    if style == Style.ANTHROPIC:
        made: Any = {"type": "error", "error": {"type": _ANTHROPIC.get(status, kind), "message": message}}
    elif style == Style.ZEROG:
        made = {"error": message, "type": kind, "code": code}
    else:
        made = {"error": {"message": message, "type": kind, "param": facts.get("param"), "code": code}}
    return json.dumps(made).encode()

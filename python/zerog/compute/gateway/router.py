"""The provider's routes, and what stands before all of them: hosts, CORS, requests of one address, errors.

Source: compute.md §7.1. A doubled prefix (``/v1/proxy/v1/…``) and a trailing slash mean the route without them.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import web

from zerog.compute.api import Kind, Model
from zerog.compute.gateway.chat_serving import CORS, Serving
from zerog.compute.gateway.errors import Style, body, refusal
from zerog.compute.gateway.limits import anthropic_headers
from zerog.compute.gateway.openapi import description
from zerog.compute.metrics import ComputeMetrics
from zerog.compute.store import Store
from zerog.errors import NotFound, Unauthorized
from zerog.runtime import log
from zerog.runtime.clock import Clock
from zerog.types import format_address, parse_address

EXPOSED: Final = "ZG-Res-Key, Provider, Content-Type, Content-Encoding, Retry-After"
_CHAT_ID: Final = re.compile(r"(?:chatcmpl-|cmpl-|msg_)?([0-9a-fA-F-]{1,64})")
_log = log.get(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Gateway:
    """The application of one provider.

    Args:
        hosts: accepted in the Host header besides addresses; ``*``: any.
        origins: told by CORS that they may read answers; ``*``: any.
        card: more members of a model's card.
    """

    def __init__(
        self,
        serving: Serving,
        store: Store,
        clock: Clock,
        numbers: ComputeMetrics,
        *,
        hosts: Sequence[str],
        origins: Sequence[str],
        body_bytes_max: int,
        card: Callable[[Model], dict[str, Any]],
        more: Sequence[tuple[str, str, str, Handler]] = (),
    ) -> None:
        self._serving, self._store, self._clock, self._numbers = serving, store, clock, numbers
        self._hosts, self._origins = {host.lower() for host in hosts}, set(origins)
        self._body_bytes_max, self._card, self._more = body_bytes_max, card, more
        self._quote_busy = asyncio.Lock()
        self._quote: tuple[float, bytes] | None = None

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard], client_max_size=self._body_bytes_max)
        serving = self._serving
        routes: list[tuple[str, str, str, Handler]] = [
            ("POST", "/v1/proxy/chat/completions", Style.OPENAI, lambda r: serving.generate(r, serving.chat)),
            ("POST", "/v1/proxy/completions", Style.OPENAI, lambda r: serving.generate(r, serving.text)),
            ("POST", "/v1/proxy/messages", Style.ANTHROPIC, lambda r: serving.generate(r, serving.messages)),
            ("POST", "/v1/proxy/embeddings", Style.OPENAI, serving.embed),
            ("GET", "/v1/proxy/models", Style.OPENAI, self._models),
            ("GET", "/v1/proxy/models/{model:.+}", Style.OPENAI, self._model),
            ("GET", "/v1/models", Style.OPENAI, self._models),
            ("GET", "/v1/models/{model:.+}", Style.OPENAI, self._model),
            ("GET", "/v1/proxy/signature/{id}", Style.OPENAI, self._signature),
            ("GET", "/v1/proxy/attestation/report", Style.ZEROG, self._report),
            ("GET", "/v1/quote", Style.ZEROG, self._told_quote),
            ("GET", "/v1/user/{address}/unsettledfee", Style.ZEROG, self._unsettled),
            ("GET", "/openapi.json", Style.ZEROG, self._description),
            *self._more,
        ]
        for method, path, style, handler in routes:
            for spelled in _spellings(path):
                app.router.add_route(method, spelled, _styled(handler, style))
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        cors = self._cors(request)
        request[CORS] = cors
        style = _style_of(request)
        try:
            if not self._host_allowed(request.headers.get("Host", "")):
                raise Unauthorized("invalid host specified", status=403)
            if request.method == "OPTIONS":
                return self._preflight(cors)
            self._serving.limits.check_address(request.remote or "")
            response = await handler(request)
        except web.HTTPException as error:
            if error.status >= 500:
                raise
            message = {404: f"no such route: {request.method} {request.path[:200]}"}.get(error.status, error.reason)
            response = web.Response(
                status=error.status, body=body(error.status, message, style), content_type="application/json"
            )
        except ConnectionError:
            raise  # nobody is left to be told
        except Exception as error:
            response = refusal(error, style)
        if not response.prepared:
            response.headers.update(cors)
            if style == Style.ANTHROPIC:
                _respell(response)
        self._numbers.requests.labels(_route(request), str(response.status)).inc()
        return response

    # -- doors ---------------------------------------------------------------------------------------------------------

    def _host_allowed(self, host: str) -> bool:
        if "*" in self._hosts:
            return True
        try:
            name = urlsplit("//" + host).hostname
        except ValueError:
            return False
        if name is None:
            return False
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return name.lower() in self._hosts
        return True

    def _cors(self, request: web.Request) -> dict[str, str]:
        origin = request.headers.get("Origin")
        if origin is None or not ("*" in self._origins or origin in self._origins):
            return {}
        allowed = {"Access-Control-Allow-Origin": "*"} if "*" in self._origins else {
            "Access-Control-Allow-Origin": origin, "Vary": "Origin",
        }  # fmt: skip
        return {**allowed, "Access-Control-Expose-Headers": EXPOSED}

    @staticmethod
    def _preflight(cors: dict[str, str]) -> web.Response:
        if cors:
            cors = {
                **cors,
                "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
                "Access-Control-Allow-Headers": "*, Authorization, Content-Type, Address, Session-Token, Session-Signature",
                "Access-Control-Max-Age": "600",
            }
        return web.Response(status=204, headers=cors)

    # -- what anyone may ask -------------------------------------------------------------------------------------------

    async def _models(self, _: web.Request) -> web.Response:
        cards = [self._card(model) for model in self._serving.backend.models() if model.owner is None]
        return web.json_response({"object": "list", "data": cards})

    async def _model(self, request: web.Request) -> web.Response:
        model = self._serving.model(request.match_info["model"], *Kind)
        return web.json_response(self._card(model))

    async def _signature(self, request: web.Request) -> web.Response:
        found = _CHAT_ID.fullmatch(request.match_info["id"])
        stored = self._store.signature(found[1], int(self._clock.now_s() * 1000)) if found else None
        if stored is None:
            raise NotFound(
                "chat_id_not_found: no signature is kept for this id; ask with the header ZG-Res-Key or the id of an answer, "
                "for as long as signatures are kept",
                kind="chat_id_not_found", reason="chat_id_not_found",
            )  # fmt: skip
        return web.Response(body=stored, content_type="application/json")

    async def _told_quote(self, _: web.Request) -> web.Response:
        """One quote serves many: hardware is slow, and anyone may ask."""
        async with self._quote_busy:
            now_s = self._clock.monotonic_s()
            if self._quote is None or now_s - self._quote[0] > 60:
                self._quote = now_s, json.dumps(await self._serving.enclave.quote()).encode()
            return web.Response(body=self._quote[1], content_type="application/json")

    async def _report(self, request: web.Request) -> web.Response:
        """The engine runs inside this provider, so its report is the provider's own."""
        self._serving.model(request.query.get("model", ""), *Kind)
        return await self._told_quote(request)

    async def _description(self, _: web.Request) -> web.Response:
        return web.json_response(description())

    # -- what a user may ask -------------------------------------------------------------------------------------------

    async def _unsettled(self, request: web.Request) -> web.Response:
        user = await self._serving.known(request)
        asked = parse_address(request.match_info["address"].lower())
        if asked != user.address:
            raise Unauthorized(f"the key is of {format_address(user.address)}", status=403)
        return web.json_response({"unsettledFee": str(user.owed)})


def _styled(handler: Handler, style: str) -> Handler:
    async def styled(request: web.Request) -> web.StreamResponse:
        return await handler(request)

    styled.style = style  # type: ignore[attr-defined]
    return styled


def _style_of(request: web.Request) -> str:
    named = getattr(request.match_info.handler, "style", None)
    if isinstance(named, str):
        return named
    return Style.OPENAI if request.path.startswith("/v1/proxy") else Style.ZEROG


def _spellings(path: str) -> list[str]:
    """A path, with a doubled prefix, and each with a trailing slash."""
    found = [path]
    if path.startswith("/v1/proxy/"):
        found.append("/v1/proxy/v1/" + path.removeprefix("/v1/proxy/"))
    return found + [one + "/" for one in found if ":" not in one]


def _route(request: web.Request) -> str:
    """A label from a small closed set: the pattern, not the path."""
    resource = request.match_info.route.resource
    name = resource.canonical if resource is not None else "unknown"
    return name.rstrip("/").replace("/v1/proxy/v1/", "/v1/proxy/") or "unknown"


def _respell(response: web.StreamResponse) -> None:
    told = {name: value for name, value in response.headers.items() if name.lower().startswith("x-ratelimit-")}
    for name in told:
        del response.headers[name]
    response.headers.update(anthropic_headers({name.lower(): value for name, value in told.items()}))

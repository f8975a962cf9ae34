"""Images and speech: requests that pass to a forwarding backend as they are; admission, charge and signature stay here."""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
import re
from collections.abc import Callable
from typing import Any, Final

from aiohttp import web

from zerog.compute.api import CHOICES_MAX, Fee, Kind, Usage
from zerog.compute.attest import image_text
from zerog.compute.engine.forward import ForwardBackend
from zerog.compute.gateway.chat_serving import Call, Serving
from zerog.compute.gateway.checks import Body, parse_object
from zerog.compute.gateway.errors import Style
from zerog.errors import InvalidInput, NotFound, Unavailable
from zerog.wire import jsonrpc

_N: Final = re.compile(rb'name="n"\r\n(?:[^\r\n]+\r\n)*\r\n([0-9]{1,4})\r\n')
Handler = Callable[[web.Request], Any]


class Passing:
    """The routes for one serving; not found where nothing forwards.

    Args:
        speech_bytes_per_s: sound is taken to last no longer than its size divided by this.
    """

    def __init__(self, serving: Serving, *, speech_bytes_per_s: int) -> None:
        self._serving, self._speech_bytes_per_s = serving, speech_bytes_per_s

    def routes(self) -> list[tuple[str, str, str, Handler]]:
        return [
            ("POST", "/v1/proxy/images/generations", Style.OPENAI, self._generations),
            ("POST", "/v1/proxy/images/edits", Style.OPENAI, self._edits),
            ("POST", "/v1/proxy/audio/transcriptions", Style.OPENAI, self._transcriptions),
        ]

    def _backend(self, *kinds: Kind) -> ForwardBackend:
        backend = self._serving.backend
        if not isinstance(backend, ForwardBackend) or not any(model.kind in kinds for model in backend.models()):
            names = " or ".join(kind.value for kind in kinds)
            raise NotFound(f"this provider does not serve {names}", reason="not_supported")
        return backend

    async def _generations(self, request: web.Request) -> web.StreamResponse:
        backend = self._backend(Kind.IMAGE)
        async with self._serving.admitted(request) as call:
            body: Body = parse_object(call.raw)
            self._serving.model(body.text("model", "", chars_max=256), Kind.IMAGE)
            body.text("prompt", filled=True)
            count = body.whole("n", 1, 1, CHOICES_MAX)
            return await self._images(backend, call, "/images/generations", "application/json", count)

    async def _edits(self, request: web.Request) -> web.StreamResponse:
        backend = self._backend(Kind.IMAGE_EDIT)
        async with self._serving.admitted(request) as call:
            found = _N.search(call.raw)
            count = int(found[1]) if found else 1
            if not 1 <= count <= CHOICES_MAX:
                raise InvalidInput(f"n: expected 1 to {CHOICES_MAX}, found {count}", param="n")
            return await self._images(backend, call, "/images/edits", _multipart(request), count)

    async def _images(
        self, backend: ForwardBackend, call: Call, path: str, content_type: str, count: int
    ) -> web.StreamResponse:
        serving = self._serving
        serving.limits.take_images(call.user.address, count)
        price = serving.price()
        reservation = serving.accounts.reserve(call.user, count * price.output, price)
        try:
            passed = await backend.pass_through(path, call.raw, content_type, serving.rules.deadline_s)
            images = _images(passed.body)
            fee = Fee(0, min(count, len(images)) * price.output)
            text = image_text(call.raw, images)
            model = backend.models()[0].id
            await serving.finish(call, reservation, fee, Usage(0, len(images)), text, call.key, model)
            return web.Response(body=passed.body, content_type=passed.content_type, headers=call.headers)
        finally:
            serving.accounts.release(reservation)

    async def _transcriptions(self, request: web.Request) -> web.StreamResponse:
        backend, serving = self._backend(Kind.SPEECH), self._serving
        content_type = _multipart(request)
        async with serving.admitted(request) as call:
            price = serving.price()
            longest_s = len(call.raw) // self._speech_bytes_per_s + 1
            reservation = serving.accounts.reserve(call.user, price.most(longest_s, longest_s), price)
            try:
                passed = await backend.pass_through("/audio/transcriptions", call.raw, content_type, serving.rules.deadline_s)
                usage = _speech_usage(passed.body)
                fee = serving.accounts.fee(reservation, usage)
                text = f"{hashlib.sha256(call.raw).hexdigest()}:{hashlib.sha256(passed.body).hexdigest()}"
                await serving.finish(call, reservation, fee, usage, text, call.key, backend.models()[0].id)
                return web.Response(body=passed.body, content_type=passed.content_type, headers=call.headers)
            finally:
                serving.accounts.release(reservation)


def _multipart(request: web.Request) -> str:
    """The content type with its boundary, which must travel with the body."""
    if request.content_type != "multipart/form-data":
        raise InvalidInput(f"Content-Type: expected multipart/form-data, found {request.content_type[:80]}", status=415)
    return request.headers["Content-Type"]


def _images(body: bytes) -> list[bytes]:
    """The images of an answer; only those that travel in it can be signed.

    Raises:
        Unavailable: it has another form.
    """
    try:
        rows = jsonrpc.parse(body)["data"]
        return [base64.b64decode(row["b64_json"], validate=True) for row in rows]
    except (InvalidInput, KeyError, TypeError, binascii.Error, ValueError):
        raise Unavailable("the model server's answer holds no images (b64_json)") from None


def _speech_usage(body: bytes) -> Usage:
    """Seconds as prompt tokens, or the tokens that the server tells (compute.md §7.7)."""
    try:
        found = jsonrpc.parse(body)
    except InvalidInput:
        return Usage(1)
    usage = found.get("usage") if isinstance(found, dict) else None
    if not isinstance(usage, dict):
        return Usage(1)
    if usage.get("type") == "tokens":
        numbers = (usage.get("input_tokens"), usage.get("output_tokens"))
        return Usage(*(n if type(n) is int and n >= 0 else 0 for n in numbers))
    seconds = usage.get("seconds")
    if not isinstance(seconds, int | float) or not math.isfinite(seconds) or not 0 <= seconds < 1 << 31:
        return Usage(1)
    return Usage(max(1, round(seconds)))

"""Images and speech: requests that pass to a forwarding backend as they are; admission, charge and signature stay here."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from aiohttp import web

from zerog.compute.api import CHOICES_MAX, Fee, Kind, Usage
from zerog.compute.attest import image_text
from zerog.compute.engine.forward import ForwardBackend
from zerog.compute.gateway.chat_serving import Call, Serving
from zerog.compute.gateway.checks import Body, parse_object
from zerog.compute.gateway.errors import Style
from zerog.compute.gateway.forms import Form, form_type
from zerog.compute.kept import Keep
from zerog.errors import InvalidInput, NotFound, Unavailable
from zerog.runtime.clock import Clock
from zerog.store.kv import Batch
from zerog.types import Address
from zerog.wire import jsonrpc

FORMATS: Final = ("b64_json", "url")
_MAGIC: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF8", "image/gif"), (b"RIFF", "image/webp"),
)  # fmt: skip
Handler = Callable[[web.Request], Any]


@dataclass(frozen=True)
class Asked:
    """A checked request for images: where it goes and what it costs at most."""

    path: str
    content_type: str
    count: int
    body: bytes
    """What the model server gets: the client's bytes, but images inside the answer where he asked for URLs."""
    by_url: bool


@dataclass(frozen=True)
class Made:
    """The answer to a request for images."""

    body: bytes
    content_type: str
    images: list[bytes]
    text: str
    """What is signed."""

    @property
    def size_bytes(self) -> int:
        return sum(len(image) for image in self.images)


class Passing:
    """The routes for one serving; not found where nothing forwards.

    Args:
        keep: where images stay that are asked for by URL.
        url: where this provider is reached.
        speech_bytes_per_s: sound is taken to last no longer than its size divided by this.
    """

    def __init__(self, serving: Serving, keep: Keep, clock: Clock, *, url: Callable[[], str], speech_bytes_per_s: int) -> None:
        self._serving, self._keep, self._clock, self._url = serving, keep, clock, url
        self._speech_bytes_per_s = speech_bytes_per_s

    def routes(self) -> list[tuple[str, str, str, Handler]]:
        return [
            ("POST", "/v1/proxy/images/generations", Style.OPENAI, self._generations),
            ("POST", "/v1/proxy/images/edits", Style.OPENAI, self._edits),
            ("GET", "/v1/proxy/images/{key}/{index}", Style.OPENAI, self._image),
            ("POST", "/v1/proxy/audio/transcriptions", Style.OPENAI, self._transcriptions),
        ]

    def backend(self, *kinds: Kind) -> ForwardBackend:
        """The backend, if it serves one of these.

        Raises:
            NotFound: it does not.
        """
        backend = self._serving.backend
        if not isinstance(backend, ForwardBackend) or not any(model.kind in kinds for model in backend.models()):
            names = " or ".join(kind.value for kind in kinds)
            raise NotFound(f"this provider does not serve {names}", reason="not_supported")
        return backend

    # -- images --------------------------------------------------------------------------------------------------------

    def generation(self, raw: bytes) -> Asked:
        """A request for new images.

        Raises:
            InvalidInput, NotFound: names the member.
        """
        body: Body = parse_object(raw)
        self._serving.model(body.text("model", "", chars_max=256), Kind.IMAGE)
        body.text("prompt", filled=True)
        count = body.whole("n", 1, 1, CHOICES_MAX)
        by_url = body.choice("response_format", FORMATS, FORMATS[0]) == "url"
        sent = json.dumps({**jsonrpc.parse(raw), "response_format": FORMATS[0]}).encode() if by_url else raw
        return Asked("/images/generations", "application/json", count, sent, by_url)

    def edit(self, raw: bytes, content_type: str) -> Asked:
        """A request for changed images: a form.

        Raises:
            InvalidInput, NotFound: names the member.
        """
        form = Form.parse(raw, content_type)
        self._serving.model(form.text("model"), Kind.IMAGE_EDIT)
        count = form.whole("n", 1, 1, CHOICES_MAX)
        wanted = form.text("response_format")
        if wanted not in ("", *FORMATS):
            raise InvalidInput(
                f"response_format: expected one of {', '.join(FORMATS)}, found {wanted[:60]!r}", param="response_format"
            )
        sent = form.replaced("response_format", FORMATS[0].encode()) if wanted == "url" else raw
        return Asked("/images/edits", content_type, count, sent, wanted == "url")

    async def make(self, backend: ForwardBackend, asked: Asked, raw: bytes, key: str, deadline_s: float) -> Made:
        """The model server's images, and the answer as the client wants it."""
        passed = await backend.pass_through(asked.path, asked.body, asked.content_type, deadline_s)
        rows, images = _images(passed.body)
        text = image_text(raw, images)
        if not asked.by_url:
            return Made(passed.body, passed.content_type, images, text)
        base = f"{self._url()}/v1/proxy/images/{key}/"
        for index, row in enumerate(rows["data"]):
            del row["b64_json"]
            row["url"] = base + str(index)
        return Made(json.dumps(rows).encode(), "application/json", images, text)

    def keep(self, batch: Batch, asked: Asked, made: Made, owner: Address, key: str, kept_s: float) -> None:
        """Images that will be fetched by URL are kept with the answer."""
        if asked.by_url:
            self._keep.put(batch, key, owner, made.images, int((self._clock.now_s() + kept_s) * 1000))

    async def _generations(self, request: web.Request) -> web.StreamResponse:
        backend = self.backend(Kind.IMAGE)
        async with self._serving.admitted(request) as call:
            return await self._images(backend, call, self.generation(call.raw))

    async def _edits(self, request: web.Request) -> web.StreamResponse:
        backend = self.backend(Kind.IMAGE_EDIT)
        content_type = form_type(request)
        async with self._serving.admitted(request) as call:
            return await self._images(backend, call, self.edit(call.raw, content_type))

    async def _images(self, backend: ForwardBackend, call: Call, asked: Asked) -> web.StreamResponse:
        serving = self._serving
        if asked.by_url:
            self._keep.check_room(0)
        serving.limits.take_images(call.user.address, asked.count)
        price = serving.price()
        reservation = serving.accounts.reserve(call.user, asked.count * price.output, price)
        try:
            made = await self.make(backend, asked, call.raw, call.key, serving.rules.deadline_s)
            used = Usage(0, min(asked.count, len(made.images)))
            batch = Batch()
            if asked.by_url:
                self._keep.check_room(made.size_bytes)
            self.keep(batch, asked, made, call.user.address, call.key, serving.rules.signature_s)
            fee = Fee(0, used.completion_tokens * price.output)
            await serving.finish(call, reservation, fee, used, made.text, backend.models()[0].id, batch)
            return web.Response(body=made.body, content_type=made.content_type, headers=call.headers)
        finally:
            serving.accounts.release(reservation)

    async def _image(self, request: web.Request) -> web.StreamResponse:
        """Bytes of an image; who knows its URL may have it."""
        key, index = request.match_info["key"].lower(), request.match_info["index"]
        number = int(index) if index.isascii() and index.isdigit() and len(index) <= 3 else -1
        image = await self._keep.piece(key, number, int(self._clock.now_s() * 1000)) if ":" not in key else None
        if image is None:
            raise NotFound("image not found or expired", reason="image_not_found")
        kind = next((kind for magic, kind in _MAGIC if image.startswith(magic)), "application/octet-stream")
        return web.Response(body=image, content_type=kind, headers={"X-Content-Type-Options": "nosniff"})

    # -- speech --------------------------------------------------------------------------------------------------------

    async def _transcriptions(self, request: web.Request) -> web.StreamResponse:
        backend, serving = self.backend(Kind.SPEECH), self._serving
        content_type = form_type(request)
        async with serving.admitted(request) as call:
            price = serving.price()
            longest_s = len(call.raw) // self._speech_bytes_per_s + 1
            reservation = serving.accounts.reserve(call.user, price.most(longest_s, longest_s), price)
            try:
                passed = await backend.pass_through("/audio/transcriptions", call.raw, content_type, serving.rules.deadline_s)
                usage = _speech_usage(passed.body)
                fee = serving.accounts.fee(reservation, usage)
                text = f"{hashlib.sha256(call.raw).hexdigest()}:{hashlib.sha256(passed.body).hexdigest()}"
                await serving.finish(call, reservation, fee, usage, text, backend.models()[0].id)
                return web.Response(body=passed.body, content_type=passed.content_type, headers=call.headers)
            finally:
                serving.accounts.release(reservation)


def _images(body: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """An answer and its images; only those that travel in it can be signed.

    Raises:
        Unavailable: it has another form.
    """
    try:
        found = jsonrpc.parse(body)
        return found, [base64.b64decode(row["b64_json"], validate=True) for row in found["data"]]
    except (InvalidInput, KeyError, TypeError, binascii.Error, ValueError):
        message = "the model server's answer holds no images; ask with response_format b64_json or url"
        raise Unavailable(message, public=True) from None


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

"""Videos by forwarding: one is ordered and paid for, then watched and fetched for nothing by the account that ordered it.

A video is paid for by its seconds when the model server accepts it; nothing is charged where the server says at once that it
failed. Source: compute.md §7.1.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable
from typing import Any, Final

from aiohttp import web

from zerog.compute.api import Fee, Kind, Usage
from zerog.compute.gateway.chat_serving import CORS, Serving
from zerog.compute.gateway.checks import parse_object
from zerog.compute.gateway.errors import Style
from zerog.compute.gateway.forms import Form
from zerog.compute.gateway.passing import Passing
from zerog.compute.kept import Keep
from zerog.errors import InvalidInput, TimedOut, Unauthorized, Unavailable, ZerogError
from zerog.runtime import log
from zerog.runtime.clock import Clock
from zerog.store.kv import Batch
from zerog.wire import jsonrpc

SECONDS_MAX: Final = 600
SECONDS_DEFAULT: Final = 4
"""What OpenAI's interface makes of a request that names no length."""
VARIANTS: Final = ("video", "thumbnail", "spritesheet")
_ID: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,199}")
_DIGITS: Final = re.compile(r"[0-9]{1,9}")
_log = log.get(__name__)


class Videos:
    """The routes for one serving.

    Args:
        keep: remembers who has ordered what.
        kept_s: so long after its order a video can be asked for.
    """

    def __init__(self, serving: Serving, passing: Passing, keep: Keep, clock: Clock, *, kept_s: float) -> None:
        self._serving, self._passing, self._keep, self._clock, self._kept_s = serving, passing, keep, clock, kept_s

    def routes(self) -> list[tuple[str, str, str, Callable[[web.Request], Any]]]:
        return [
            ("POST", "/v1/proxy/videos", Style.OPENAI, self._create),
            ("GET", "/v1/proxy/videos/{id}", Style.OPENAI, self._status),
            ("GET", "/v1/proxy/videos/{id}/content", Style.OPENAI, self._content),
        ]

    async def _create(self, request: web.Request) -> web.StreamResponse:
        backend, serving = self._passing.backend(Kind.VIDEO), self._serving
        form = request.content_type == "multipart/form-data"
        content_type = request.headers["Content-Type"] if form else "application/json"
        async with serving.admitted(request) as call:
            seconds = self._seconds(call.raw, content_type if form else None)
            self._keep.check_room(0)
            price = serving.price()
            reservation = serving.accounts.reserve(call.user, seconds * price.output, price)
            try:
                passed = await backend.pass_through("/videos", call.raw, content_type, serving.rules.deadline_s)
                id, failed = _accepted(passed.body)
                if self._keep.entry(f"video:{id}", self._now_ms()) is not None:
                    raise Unavailable("the model server gave a video's id a second time")
                used = Usage(0, 0 if failed else seconds)
                fee = Fee(0, used.completion_tokens * price.output)
                batch = Batch()
                self._keep.put(batch, f"video:{id}", call.user.address, [], self._now_ms() + int(self._kept_s * 1000))
                text = f"{hashlib.sha256(call.raw).hexdigest()}:{hashlib.sha256(passed.body).hexdigest()}"
                await serving.finish(call, reservation, fee, used, text, backend.models()[0].id, batch)
                return web.Response(body=passed.body, content_type=passed.content_type, headers=call.headers)
            finally:
                serving.accounts.release(reservation)

    def _seconds(self, raw: bytes, content_type: str | None) -> int:
        """Check a request and tell how long a video it wants."""
        if content_type is not None:
            form = Form.parse(raw, content_type)
            model, prompt = form.text("model"), form.text("prompt")
            seconds = form.whole("seconds", SECONDS_DEFAULT, 1, SECONDS_MAX)
        else:
            body = parse_object(raw)
            model, prompt = body.text("model", "", chars_max=256), body.text("prompt", "")
            given = jsonrpc.parse(raw).get("seconds")
            if type(given) is str and _DIGITS.fullmatch(given):  # OpenAI's clients send it as a text
                body.raw("seconds")
                seconds = int(given) if 1 <= int(given) <= SECONDS_MAX else 0
            else:
                seconds = body.whole("seconds", SECONDS_DEFAULT, 1, SECONDS_MAX)
        self._serving.model(model, Kind.VIDEO)
        if not prompt:
            raise InvalidInput("prompt: expected a string of at least one character", param="prompt")
        if not seconds:
            raise InvalidInput(f"seconds: expected a whole number from 1 to {SECONDS_MAX}", param="seconds")
        return seconds

    def _now_ms(self) -> int:
        return int(self._clock.now_s() * 1000)

    # -- watching and fetching -----------------------------------------------------------------------------------------

    async def _status(self, request: web.Request) -> web.StreamResponse:
        return await self._fetched(request, "")

    async def _content(self, request: web.Request) -> web.StreamResponse:
        return await self._fetched(request, "/content")

    async def _fetched(self, request: web.Request, part: str) -> web.StreamResponse:
        user, id = await self._serving.known(request), request.match_info["id"]
        entry = self._keep.entry(f"video:{id}", self._now_ms()) if _ID.fullmatch(id) else None
        if entry is None or entry.owner != user.address:
            # The same for a video that there never was: whose ids exist is nobody's business.
            raise Unauthorized("you do not have permission to access this video", status=403, reason="permission_denied")
        backend, deadline_s = self._passing.backend(Kind.VIDEO), self._serving.rules.deadline_s
        query = {}
        if part and (variant := request.query.get("variant")) is not None:
            if variant not in VARIANTS:
                raise InvalidInput(f"variant: expected one of {', '.join(VARIANTS)}, found {variant[:40]!r}", param="variant")
            query["variant"] = variant
        response = web.StreamResponse(headers=request[CORS])
        try:
            async with asyncio.timeout(deadline_s), backend.fetched(f"/videos/{id}{part}", query, deadline_s) as found:
                response.content_type = found.content_type
                if found.size_bytes is not None:
                    response.content_length = found.size_bytes
                await response.prepare(request)
                async for piece in found.pieces:
                    await response.write(piece)
                await response.write_eof()
        except (ZerogError, TimeoutError) as error:
            if not response.prepared:
                if isinstance(error, ZerogError):
                    raise
                raise TimedOut("the model server did not answer in time") from None
            # The head has left: only an end before its time can tell the client.
            _log.warning("video.broken", reason=str(error) or "it took too long")
            if request.transport is not None:
                request.transport.abort()
        return response


def _accepted(body: bytes) -> tuple[str, bool]:
    """The id of an ordered video, and whether it failed at once.

    Raises:
        Unavailable: the answer has another form.
    """
    try:
        found = jsonrpc.parse(body)
    except InvalidInput:
        found = None
    id = found.get("id") if isinstance(found, dict) else None
    if type(id) is not str or not _ID.fullmatch(id):
        raise Unavailable("the model server's answer names no video")
    assert isinstance(found, dict)
    return id, found.get("status") == "failed"

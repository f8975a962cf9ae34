"""One request from its admission to its charge: who asks, whether he may and can pay, the answer as it comes, what it cost.

In this order, and every refusal before any work: key, account and revocation, limits, body, model, reservation. The charge and
the signature over the very bytes that leave are on the disk before the last of them leaves. Source: compute.md §§7.2, 7.3.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Final

from aiohttp import web

from zerog.compute.accounts import Accounts, Reservation, User
from zerog.compute.api import Backend, Delta, Event, Fee, GenerationRequest, Kind, Model, Price, Tier, Usage
from zerog.compute.attest import Enclave, Statement
from zerog.compute.gateway import chat_protocol, messages_protocol, text_protocol
from zerog.compute.gateway.auth import Auth
from zerog.compute.gateway.chat_protocol import ChatChunks, Chunks
from zerog.compute.gateway.checks import Body, parse_object
from zerog.compute.gateway.errors import Style, body, status_of
from zerog.compute.gateway.limits import Limits
from zerog.compute.gateway.messages_protocol import MessageChunks
from zerog.compute.gateway.text_protocol import TextChunks
from zerog.compute.metrics import ComputeMetrics
from zerog.compute.store import Charge, Store
from zerog.errors import InternalError, InvalidInput, NotFound, Unavailable, ZerogError
from zerog.runtime import log
from zerog.runtime.clock import Clock
from zerog.store.kv import Batch
from zerog.types import Address, format_address

CORS: Final = web.RequestKey("cors", dict[str, str])
"""What CORS says of a request; the router decides it."""
_log = log.get(__name__)

Parse = Callable[[Body, str, Address], tuple[GenerationRequest, bool, bool]]
Make = Callable[[GenerationRequest, str, int, bool], Chunks]


@dataclass(frozen=True)
class Shape:
    """How one route speaks: how its body is read, how its answer is written, how its ids begin."""

    style: str
    prefix: str
    parse: Parse
    make: Make


@dataclass(frozen=True)
class ServingRules:
    """What a provider offers beyond its price on the chain."""

    tokens_default: int = 1024
    """Most tokens of an answer that names no bound."""
    signature_s: float = 1200
    body_timeout_s: float = 60
    deadline_s: float = 600
    parts: bool = False
    cached_divisor: int = 0
    tiers: tuple[Tier, ...] = ()


@dataclass
class Call:
    """One admitted request."""

    raw: bytes
    user: User
    key: str
    """What names the answer: the header ``ZG-Res-Key``."""
    headers: dict[str, str]
    began_s: float


class Serving:
    """Serves requests of one provider."""

    def __init__(
        self,
        backend: Backend,
        accounts: Accounts,
        auth: Auth,
        limits: Limits,
        enclave: Enclave,
        store: Store,
        clock: Clock,
        numbers: ComputeMetrics,
        rules: ServingRules,
        provider: Address,
    ) -> None:
        self.backend, self.accounts, self.auth, self.limits, self.enclave = backend, accounts, auth, limits, enclave
        self._store, self._clock, self._numbers, self.rules, self._provider = store, clock, numbers, rules, provider
        self.chat = Shape(
            Style.OPENAI,
            "chatcmpl-",
            lambda body, id, user: chat_protocol.parse(body, id=id, account=user, parts=rules.parts),
            lambda request, id, at, usage: ChatChunks(request, id, at, stream_usage=usage),
        )
        self.messages = Shape(
            Style.ANTHROPIC,
            "msg_",
            lambda body, id, user: messages_protocol.parse(body, id=id, account=user),
            lambda request, id, at, usage: MessageChunks(request, id, at),
        )
        self.text = Shape(
            Style.OPENAI,
            "cmpl-",
            lambda body, id, user: text_protocol.parse_text(body, id=id, account=user),
            lambda request, id, at, usage: TextChunks(request, id, at, stream_usage=usage),
        )

    # -- admission -----------------------------------------------------------------------------------------------------

    async def known(self, request: web.Request) -> User:
        """Who asks: a key that is good now.

        Raises:
            Unauthorized: it is not. Unavailable: the chain does not tell.
        """
        session = self.auth.of(request.headers)
        user = await self.accounts.user(session.user)
        self.auth.check(session, user.account)
        return user

    @asynccontextmanager
    async def admitted(self, request: web.Request) -> AsyncIterator[Call]:
        """A request whose user is known, within his limits, with its body read."""
        began_s = self._clock.monotonic_s()
        user = await self.known(request)
        self.accounts.check(user)
        async with self.limits.slot(user.address) as headers:
            raw = await self.read(request)
            user = await self.known(request)  # a key may have been revoked while the request waited
            key = str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))
            told = {"ZG-Res-Key": key, "Provider": format_address(self._provider), **headers}
            yield Call(raw, user, key, told, began_s)

    async def read(self, request: web.Request) -> bytes:
        """The body's bytes as they came.

        Raises:
            InvalidInput: compressed, too large, or too slow (with the HTTP status of each).
        """
        if request.headers.get("Content-Encoding", "identity").lower() != "identity":
            raise InvalidInput("Content-Encoding: the body must come as it is, since its hash is signed", status=415)
        try:
            async with asyncio.timeout(self.rules.body_timeout_s):
                return await request.read()
        except TimeoutError:
            raise InvalidInput(f"the body did not come within {self.rules.body_timeout_s:g} s", status=408) from None
        except web.HTTPRequestEntityTooLarge:
            raise InvalidInput("the body is too large", status=413) from None

    def model(self, name: str, *kinds: Kind, user: Address | None = None) -> Model:
        """The model of a request; an empty name takes the first.

        Args:
            user: who asks; models of other users' own are as if they were not there.

        Raises:
            NotFound: none of that name and kind.
        """
        served = [model for model in self.backend.models() if model.kind in kinds and model.owner in (None, user)]
        for model in served:
            if name in ("", model.id, *model.aliases):
                return model
        shown = ", ".join(model.id for model in served) or "none"
        raise NotFound(f"model {name[:100]!r} is not served here; there is {shown}", reason="model_not_found", param="model")

    def price(self) -> Price:
        """As the chain says at this moment.

        Raises:
            Unavailable: there is no service.
        """
        service = self.accounts.service
        if service is None:
            raise Unavailable("the provider has no service on the chain", public=True)
        return Price(service.input_price, service.output_price, self.rules.cached_divisor, self.rules.tiers)

    # -- text ----------------------------------------------------------------------------------------------------------

    async def generate(self, request: web.Request, shape: Shape) -> web.StreamResponse:
        """Answer a request for text, whole or as a stream."""
        async with self.admitted(request) as call:
            parsed, stream, stream_usage = shape.parse(parse_object(call.raw), call.key, call.user.address)
            model = self.model(parsed.model, Kind.CHAT, user=call.user.address)
            parsed = replace(parsed, model=model.id, deadline_s=self.rules.deadline_s)
            prompt_max = await self.backend.prompt_tokens_max(parsed)
            price = self.price()
            parsed = replace(parsed, max_tokens=self._tokens_max(parsed, model, prompt_max, price, call.user))
            assert parsed.max_tokens is not None
            tokens_max = parsed.max_tokens * parsed.choices
            taken = self.limits.take_tokens(call.user.address, prompt_max + tokens_max)
            reservation = None
            chunks = shape.make(parsed, shape.prefix + call.key, int(self._clock.now_s()), stream_usage)
            try:
                reservation = self.accounts.reserve(call.user, price.most(prompt_max, tokens_max), price)
                if stream:
                    return await self._stream(request, call, chunks, reservation, shape)
                return await self._whole(call, chunks, reservation)
            finally:
                if reservation is not None:
                    self.accounts.release(reservation)
                self.limits.correct_tokens(call.user.address, taken, chunks.usage.total_tokens)

    def _tokens_max(self, parsed: GenerationRequest, model: Model, prompt: int, price: Price, user: User) -> int:
        """The bound of each choice: what was asked for, or what the context leaves and the account can pay."""
        if parsed.max_tokens is not None:
            return min(parsed.max_tokens, model.completion_tokens_max)
        room = model.context_tokens - prompt
        wanted = min(self.rules.tokens_default, model.completion_tokens_max, room if room > 0 else model.context_tokens)
        left = self.accounts.spendable(user)
        while wanted > 1 and price.most(prompt, wanted * parsed.choices) > left:
            wanted //= 2
        return max(wanted, 1)

    async def _whole(self, call: Call, chunks: Chunks, reservation: Reservation) -> web.StreamResponse:
        events = self.backend.generate(chunks.request)
        produced = _Produced()
        try:
            async with contextlib.aclosing(events):
                async for event in events:
                    chunks.take(event)
                    produced.take(event)
        except asyncio.CancelledError:
            await self._charge_cut(call, chunks, reservation, produced)
            raise
        answer = chunks.whole()
        text = f"{hashlib.sha256(call.raw).hexdigest()}:{hashlib.sha256(answer).hexdigest()}"
        fee = self.accounts.fee(reservation, chunks.usage)
        await self.finish(call, reservation, fee, chunks.usage, text, chunks.request.model)
        return web.Response(body=answer, content_type="application/json", headers=call.headers)

    async def _stream(
        self, request: web.Request, call: Call, chunks: Chunks, reservation: Reservation, shape: Shape
    ) -> web.StreamResponse:
        events = self.backend.generate(chunks.request)
        hashed, produced = hashlib.sha256(), _Produced()
        told: dict[str, str] = request[CORS]
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-cache", "X-Accel-Buffering": "no",
                **call.headers, **told,
            }
        )  # fmt: skip

        async def write(piece: bytes) -> None:
            if piece:
                hashed.update(piece)
                await response.write(piece)

        async with contextlib.aclosing(events):
            event = await anext(events, None)  # until here an error still has a status of its own
            try:
                await response.prepare(request)
                await write(chunks.first())
                while event is not None:
                    chunks.take(event)
                    if not isinstance(event, Usage):
                        if not produced.first_s:
                            produced.first_s = self._clock.monotonic_s() - call.began_s
                            self._numbers.first_token.observe(produced.first_s)
                        await write(chunks.chunk(event))
                        produced.take(event)
                    event = await anext(events, None)
                tail = chunks.last()
                hashed.update(tail)
                text = f"{hashlib.sha256(call.raw).hexdigest()}:{hashed.hexdigest()}"
                fee = self.accounts.fee(reservation, chunks.usage)
                await self.finish(call, reservation, fee, chunks.usage, text, chunks.request.model)
                await response.write(tail)
                await response.write_eof()
            except (asyncio.CancelledError, ConnectionError) as error:
                self._numbers.cancelled.inc()
                await events.aclose()  # out of the batch before its next step: the charge waits for the disk
                await self._charge_cut(call, chunks, reservation, produced)
                if isinstance(error, asyncio.CancelledError):
                    raise
            except ZerogError as error:
                # The head has left: the error can only follow in the stream, and there is neither a signature nor a charge.
                self._numbers.broken.inc()
                _log.error("stream.broken", error=type(error).__name__, reason=str(error))
                status = status_of(error)
                message = str(error) if status < 500 else "the answer broke off and is not charged; try again"
                with contextlib.suppress(ConnectionError):
                    await response.write(chunks.failure(body(status, message, shape.style)))
                    await response.write_eof()
        return response

    async def _charge_cut(self, call: Call, chunks: Chunks, reservation: Reservation, produced: _Produced) -> None:
        """The client has gone: what it got, or what was made of an answer in one piece, is charged; nothing is signed."""
        if not reservation.open or not (chunks.usage.prompt_tokens or produced.tokens):
            return
        used = replace(chunks.usage, completion_tokens=max(chunks.usage.completion_tokens, produced.tokens))
        fee = self.accounts.fee(reservation, used)
        await self.accounts.charge(reservation, self._charge_of(call, fee, used, chunks.request.model))
        self._count(fee, used)

    # -- embeddings ----------------------------------------------------------------------------------------------------

    async def embed(self, request: web.Request) -> web.StreamResponse:
        """Answer a request for vectors; only its input is charged."""
        async with self.admitted(request) as call:
            parsed, packed = text_protocol.parse_embedding(parse_object(call.raw), id=call.key, account=call.user.address)
            model = self.model(parsed.model, Kind.EMBEDDING)
            parsed = replace(parsed, model=model.id, deadline_s=self.rules.deadline_s)
            if parsed.dimensions is not None and model.dimensions and parsed.dimensions > model.dimensions:
                raise InvalidInput(
                    f"dimensions: {model.id} has {model.dimensions}, found {parsed.dimensions}", param="dimensions"
                )
            tokens_max, price = await self.backend.prompt_tokens_max(parsed), self.price()
            taken = self.limits.take_tokens(call.user.address, tokens_max)
            used = Usage()
            reservation = None
            try:
                reservation = self.accounts.reserve(call.user, price.most(tokens_max, 0), price)
                made = await self.backend.embed(parsed)
                if len(made.vectors) != len(parsed.texts):
                    raise InternalError(f"the backend made {len(made.vectors)} vectors of {len(parsed.texts)} texts")
                used = Usage(made.prompt_tokens)
                answer = text_protocol.embedding_answer(parsed, made, packed=packed)
                text = f"{hashlib.sha256(call.raw).hexdigest()}:{hashlib.sha256(answer).hexdigest()}"
                await self.finish(call, reservation, self.accounts.fee(reservation, used), used, text, model.id)
                return web.Response(body=answer, content_type="application/json", headers=call.headers)
            finally:
                if reservation is not None:
                    self.accounts.release(reservation)
                self.limits.correct_tokens(call.user.address, taken, used.total_tokens)

    # -- the end of every request --------------------------------------------------------------------------------------

    async def finish(
        self,
        call: Call,
        reservation: Reservation,
        fee: Fee,
        used: Usage,
        text: str,
        model: str,
        batch: Batch | None = None,
        *,
        kept_s: float = 0,
    ) -> None:
        """Charge, signature and what else is in ``batch`` in one write, on the disk when this returns.

        Args:
            kept_s: the signature is kept so long at least.
        """
        now_ms = int(self._clock.now_s() * 1000)
        signed = self.enclave.sign_answer(Statement(call.key, model, now_ms, text))
        batch = batch if batch is not None else Batch()
        self._store.put_signature(batch, call.key, signed, now_ms + int(max(self.rules.signature_s, kept_s) * 1000))
        await self.accounts.charge(reservation, self._charge_of(call, fee, used, model), batch)
        self._count(fee, used)
        self._numbers.seconds.observe(self._clock.monotonic_s() - call.began_s)

    def _charge_of(self, call: Call, fee: Fee, used: Usage, model: str) -> Charge:
        named = hashlib.sha256(call.key.encode() + call.raw).hexdigest()
        return Charge(
            "0x" + named, str(fee.input), str(fee.output), used.prompt_tokens, used.completion_tokens, used.cached_tokens,
            int(self._clock.now_s() * 1000), model, call.key,
        )  # fmt: skip

    def _count(self, fee: Fee, used: Usage) -> None:
        self._numbers.tokens.labels("prompt").inc(used.prompt_tokens)
        self._numbers.tokens.labels("completion").inc(used.completion_tokens)
        self._numbers.tokens.labels("cached").inc(used.cached_tokens)
        self._numbers.charged.inc(fee.total / 10**18)


class _Produced:
    """Tokens that have left, or were made for an answer in one piece."""

    def __init__(self) -> None:
        self.tokens, self.first_s = 0, 0.0

    def take(self, event: Event) -> None:
        if isinstance(event, Delta):
            self.tokens += len(event.token_ids) or bool(event.text or event.reasoning or event.tool_calls)

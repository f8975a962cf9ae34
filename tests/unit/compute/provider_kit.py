"""A chain, a model server and a provider inside the test's event loop, and a user with a key of his own."""

from __future__ import annotations

import asyncio
import base64
import email
import io
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from tests.unit.chain.node_kit import ADDRESSES, COINS, KEYS, Running, running

from zerog.chain import presets
from zerog.chain.client import ChainClient
from zerog.compute.api import Backend
from zerog.compute.service import Endpoints, Provider, serve
from zerog.contracts import inference, ledger, registry
from zerog.contracts.calls import Call
from zerog.runtime import config as settings
from zerog.runtime.key import Key
from zerog.sdk.chain import Chain
from zerog.sdk.wallet import Account
from zerog.types import Address
from zerog.wire.compute import SessionToken, encode_key, token_digest

ONE = 10**18
INPUT, OUTPUT = 50_000_000_000, 100_000_000_000


@dataclass
class ModelServer:
    """A small OpenAI-compatible server: answers with the words of the last message, one token a word."""

    url: str = ""
    delay_s: float = 0.0
    seen: list[dict[str, Any]] = field(default_factory=list)
    active: int = 0
    cancelled: int = 0
    fail_after: int | None = None
    usage: dict[str, Any] | None = None
    hold: asyncio.Event | None = None
    passed: list[tuple[str, bytes]] = field(default_factory=list)
    """Paths and bodies of what is passed through."""
    images: list[bytes] | None = None
    """What images are made of; None: one word each."""
    refuse: int = 0
    """The status that images and videos are refused with."""
    video: dict[str, Any] = field(default_factory=lambda: {"id": "video_1", "object": "video", "status": "queued"})
    video_bytes: bytes = b"moving pictures"

    def app(self) -> web.Application:
        app = web.Application(client_max_size=64 << 20)
        app.router.add_post("/v1/chat/completions", self._chat)
        app.router.add_post("/v1/completions", self._chat)
        app.router.add_post("/v1/embeddings", self._embed)
        app.router.add_post("/v1/images/generations", self._images)
        app.router.add_post("/v1/images/edits", self._images)
        app.router.add_post("/v1/videos", self._video)
        app.router.add_get("/v1/videos/{id}", self._watch)
        app.router.add_get("/v1/videos/{id}/content", self._film)
        app.router.add_post("/v1/audio/transcriptions", self._speech)
        app.router.add_get("/v1/models", self._models)
        return app

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        self.seen.append(body)
        prompt = body["prompt"] if "prompt" in body else body["messages"][-1]["content"]
        words = (str(prompt).split() or ["yes"])[: body.get("max_tokens", 1 << 20)]
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        self.active += 1
        try:
            for index, word in enumerate(words):
                if self.fail_after == index:
                    assert request.transport is not None
                    request.transport.close()
                    return response
                if self.hold is not None:
                    await self.hold.wait()
                await asyncio.sleep(self.delay_s)
                piece = word + " " * (index + 1 < len(words))
                choice: dict[str, Any] = {"index": 0, "finish_reason": None}
                choice |= {"text": piece} if "prompt" in body else {"delta": {"content": piece}}
                await response.write(_event({"choices": [choice]}))
            await response.write(_event({"choices": [{"index": 0, "delta": {}, "text": "", "finish_reason": "stop"}]}))
            used = self.usage or {"prompt_tokens": len(str(prompt).split()), "completion_tokens": len(words)}
            await response.write(_event({"choices": [], "usage": used}) + b"data: [DONE]\n\n")
            await response.write_eof()
        except (asyncio.CancelledError, ConnectionError):
            self.cancelled += 1
            raise
        finally:
            self.active -= 1
        return response

    async def _models(self, _: web.Request) -> web.Response:
        return await _json({"object": "list", "data": []})

    async def _embed(self, request: web.Request) -> web.Response:
        body = await request.json()
        rows = [{"index": i, "embedding": [float(len(text)), 0.5]} for i, text in enumerate(body["input"])]
        used = sum(len(text.split()) for text in body["input"])
        return await _json({"data": rows, "usage": {"prompt_tokens": used, "total_tokens": used}})

    async def _images(self, request: web.Request) -> web.Response:
        raw = await request.read()
        self.passed.append((request.path, raw))
        if self.hold is not None:
            await self.hold.wait()
        if self.refuse:
            return web.json_response({"error": {"message": "no such picture"}}, status=self.refuse)
        wanted = json.loads(raw) if request.content_type == "application/json" else _fields(request, raw)
        if wanted.get("response_format") == "url":
            return await _json({"created": 1, "data": [{"url": "http://10.0.0.1/image.png"}]})
        made = self.images if self.images is not None else [b"image"] * int(wanted.get("n", 1))
        return await _json({"created": 1, "data": [{"b64_json": base64.b64encode(image).decode()} for image in made]})

    async def _video(self, request: web.Request) -> web.Response:
        self.passed.append((request.path, await request.read()))
        if self.refuse:
            return web.json_response({"error": {"message": "no such film"}}, status=self.refuse)
        return await _json(
            self.video | {"id": self.video["id"] % len(self.passed)} if "%d" in str(self.video.get("id")) else self.video
        )

    async def _watch(self, request: web.Request) -> web.Response:
        self.passed.append((request.path_qs, b""))
        return await _json({**self.video, "status": "completed"})

    async def _film(self, request: web.Request) -> web.StreamResponse:
        self.passed.append((request.path_qs, b""))
        response = web.StreamResponse(headers={"Content-Type": "video/mp4"})
        response.content_length = len(self.video_bytes)
        await response.prepare(request)
        half = len(self.video_bytes) // 2
        await response.write(self.video_bytes[:half])
        if self.fail_after is not None:
            assert request.transport is not None
            request.transport.close()
            return response
        await response.write(self.video_bytes[half:])
        return response

    async def _speech(self, request: web.Request) -> web.Response:
        await request.read()
        return await _json({"text": "hello", "usage": {"type": "duration", "seconds": 2.4}})


def _fields(request: web.Request, raw: bytes) -> dict[str, str]:
    """A form as a reader of another make reads it: the email library."""
    whole = email.message_from_bytes(b"Content-Type: " + request.headers["Content-Type"].encode() + b"\r\n\r\n" + raw)
    parts = [part for part in whole.walk() if not part.is_multipart()]
    return {
        str(part.get_param("name", header="content-disposition")): bytes(part.get_payload(decode=True)).decode("latin-1")
        for part in parts
    }


def _event(value: Any) -> bytes:
    return b"data: " + json.dumps(value).encode() + b"\n\n"


async def _json(value: Any) -> web.Response:
    return web.json_response(value)


@asynccontextmanager
async def model_server() -> AsyncIterator[ModelServer]:
    made = ModelServer()
    runner = web.AppRunner(made.app(), handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield made
    finally:
        await runner.cleanup()


@dataclass
class World:
    """Everything of one test; account 0 owns the contracts, 1 provides, others use."""

    node: Running
    chain: Chain
    models: ModelServer
    home: Path
    session: aiohttp.ClientSession
    provider: Provider | None = None
    endpoints: Endpoints | None = None

    @property
    def people(self) -> list[Account]:
        return [Account(bytes(key)) for key in KEYS]

    @property
    def address(self) -> Address:
        return self.people[1].address

    async def send(self, who: int, to: Address, call: Call[Any], value: int = 0) -> Any:
        return await self.chain.transact(self.people[who], to=to, data=call.data, value=value)

    async def fund(self, who: int, amount: int) -> None:
        await self.send(who, registry.LEDGER, ledger.deposit(), max(amount, 3 * ONE))
        await self.send(who, registry.LEDGER, ledger.transfer(self.address, ledger.INFERENCE, amount))

    async def account(self, who: int) -> inference.Account:
        call = inference.account(self.people[who].address, self.address)
        return call.decode(await self.node_call(registry.INFERENCE, call.data))

    async def node_call(self, to: Address, data: bytes) -> bytes:
        found = await self.node.call("eth_call", {"to": "0x" + to.hex(), "data": "0x" + data.hex()}, "latest")
        return bytes.fromhex(found[2:])

    def key(self, who: int, **changes: Any) -> str:
        """A session of a user, or what a forger would make of it (``signer`` signs, ``raw`` replaces the bytes)."""
        signer = changes.pop("signer", who)
        raw_of: Callable[[bytes], bytes] = changes.pop("raw", lambda raw: raw)
        now = int(time.time() * 1000)
        token = SessionToken(self.people[who].address, self.address, now, now + 3_600_000, f"{now}-test".ljust(32, "0"))
        raw = raw_of(replace(token, **changes).raw())
        secret = bytes.fromhex(self.people[signer].export_secret()[2:])
        return encode_key(raw, Key(secret).sign_digest(token_digest(raw)))

    def session_headers(self, who: int, **changes: Any) -> dict[str, str]:
        """The three headers of the second generation; ``signer`` signs."""
        signer, now = changes.pop("signer", who), int(time.time() * 1000)
        token = {
            "address": self.people[who].address_text, "provider": "0x" + self.address.hex(), "timestamp": now,
            "expiresAt": now + 3_600_000, "nonce": "5" * 32,
        }  # fmt: skip
        raw = json.dumps(token | changes, separators=(",", ":"))
        secret = bytes.fromhex(self.people[signer].export_secret()[2:])
        signature = "0x" + Key(secret).sign_digest(token_digest(raw.encode())).hex()
        return {"Address": self.people[who].address_text, "Session-Token": raw, "Session-Signature": signature}

    async def post(self, path: str, body: Any, who: int = 4, key: str | None = None, **headers: str) -> Answer:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", "Authorization": f"Bearer {key or self.key(who)}", **headers}
        async with self.session.post(self.url + path, data=io.BytesIO(raw), headers=sent) as response:
            return Answer(response.status, dict(response.headers), await response.read(), raw)

    async def get(self, path: str, **headers: str) -> Answer:
        async with self.session.get(self.url + path, headers=headers) as response:
            return Answer(response.status, dict(response.headers), await response.read(), b"")

    @property
    def url(self) -> str:
        assert self.endpoints is not None
        return self.endpoints.url

    @property
    def parts(self) -> Provider:
        assert self.provider is not None
        return self.provider

    @asynccontextmanager
    async def serving(self, *, acknowledge: bool = True, backend: Backend | None = None, **flags: Any) -> AsyncIterator[World]:
        """The provider runs inside the block; on the same home each time. ``backend``: another than the model server."""
        config = self.config(**flags)
        up: asyncio.Future[Endpoints] = asyncio.get_running_loop().create_future()

        def opened(provider: Provider) -> None:
            self.provider = provider

        task = asyncio.create_task(serve(config, up.set_result, backend=backend, opened=opened))
        try:
            async with asyncio.timeout(30):
                await asyncio.wait([task, up], return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                task.result()
            self.endpoints = up.result()
            if acknowledge:
                await self.acknowledge()
            yield self
            if task.done():
                task.result()
        finally:
            task.cancel()
            await asyncio.wait([task], timeout=20)
            assert task.done()

    async def acknowledge(self) -> None:
        await self.send(0, registry.INFERENCE, inference.acknowledge_by_owner(self.address))
        await eventually(lambda: bool(self.parts.accounts.service and self.parts.accounts.service.signer_acknowledged))

    def config(self, **flags: Any) -> settings.Config:
        key = self.home / "provider.key"
        if not key.exists():
            key.parent.mkdir(parents=True, exist_ok=True)
            key.write_text(KEYS[1].hex())
            key.chmod(0o600)
        defaults: dict[str, Any] = {
            "compute.home": str(self.home / "state"),
            "compute.chain.endpoint": self.node.endpoints.http_url,
            "compute.chain.key_file": str(key),
            "compute.chain.poll_ms": 20,
            "compute.forward.url": self.models.url,
            "compute.forward.embedding_model": "minilm",
            "compute.service.model": "small",
            "compute.http.port": 0,
            "compute.limits.requests_per_minute": 0,
            "compute.limits.address_per_second": 0,
            "compute.limits.user_running_max": 300,
            "compute.limits.running_max": 300,
            "metrics.port": 0,
        }
        return settings.load(
            flags=defaults | {key.replace("__", "."): value for key, value in flags.items()}, environment={}
        ).config


@dataclass
class Answer:
    """What came back, and the bytes that were sent."""

    status: int
    headers: dict[str, str]
    body: bytes
    sent: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        return dict(self.json["error"])


@asynccontextmanager
async def world(home: Path, **chain: Any) -> AsyncIterator[World]:
    """A chain with the compute contracts and a model server; no provider yet. ``chain``: settings of its node."""
    place = home / "chain"
    place.mkdir(parents=True)
    rich = {Address(address): COINS for address in ADDRESSES}
    genesis = presets.genesis(presets.network("devnet", owner=Address(ADDRESSES[0])), rich)
    (place / "genesis.json").write_text(json.dumps(genesis))
    async with (
        running(place, **chain) as node,
        model_server() as models,
        aiohttp.ClientSession() as session,
        ChainClient(node.endpoints.http_url) as client,
    ):
        yield World(node, Chain(client), models, home / "compute", session)


async def eventually(true: Callable[[], bool], timeout_s: float = 10) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(timeout_s):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.01)

"""An OpenAI-compatible URL (vLLM, llama-server, any other) behind the Backend port.

Only the configured URL is ever dialled; redirects are not followed. Streams are asked for with their usage; where a server
tells none, tokens are counted by the pieces that came. Requests that are not text (images, speech) pass through as they are.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Self

import aiohttp

from zerog.compute.api import (
    BackendStats,
    Delta,
    EmbeddingRequest,
    Embeddings,
    Event,
    Finish,
    Finished,
    GenerationRequest,
    Message,
    Model,
    TokenLogprob,
    ToolCallDelta,
    Usage,
)
from zerog.errors import Exhausted, InvalidInput, NotFound, PeerFault, TimedOut, Unavailable
from zerog.runtime import log
from zerog.wire import jsonrpc

ANSWER_BYTES_MAX: Final = 256 << 20
LINE_BYTES_MAX: Final = 4 << 20
MESSAGE_TOKENS: Final = 16
"""What a template may add around each message, in the bound on a prompt's tokens."""
_log = log.get(__name__)


@dataclass(frozen=True)
class Passed:
    """An answer that was passed through."""

    body: bytes
    content_type: str


@dataclass(frozen=True)
class Fetched:
    """An answer that passes through piece by piece."""

    content_type: str
    size_bytes: int | None
    pieces: AsyncIterator[bytes]


class ForwardBackend:
    """Forwards to one server.

    Args:
        url: its base, with ``/v1`` where it has one.
        models: what to offer, and under which name the server knows each (``upstream`` by our id).
        headers: sent along, such as an ``Authorization`` of our own; nothing of a caller's headers is.
        timeout_s: until the answer begins, and between its pieces.
        running_max: requests at the server at once; more are refused.

    Use as ``async with``.
    """

    def __init__(
        self,
        url: str,
        models: Sequence[Model],
        *,
        upstream: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 120,
        running_max: int = 256,
    ) -> None:
        self._url, self._models, self._upstream = url.rstrip("/"), tuple(models), dict(upstream or {})
        self._headers, self._timeout_s, self._running_max = dict(headers or {}), timeout_s, running_max
        self._session: aiohttp.ClientSession | None = None
        self._running = self._prompt = self._completion = self._cached = 0

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            headers=self._headers, timeout=aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=self._timeout_s),
            connector=aiohttp.TCPConnector(limit=self._running_max), read_bufsize=1 << 20,
        )  # fmt: skip
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def models(self) -> Sequence[Model]:
        return self._models

    def stats(self) -> BackendStats:
        return BackendStats(
            running=self._running, waiting_max=0, prompt_tokens=self._prompt, completion_tokens=self._completion,
            cached_tokens=self._cached,
        )  # fmt: skip

    async def check(self) -> None:
        async with self._get("/models") as response:
            if response.status >= 500:
                raise Unavailable(f"the model server answers {response.status}")

    async def prompt_tokens_max(self, request: GenerationRequest | EmbeddingRequest) -> int:
        """A bound without a tokenizer: no token is shorter than a byte."""
        if isinstance(request, EmbeddingRequest):
            return sum(len(one.encode()) if isinstance(one, str) else len(one) for one in request.texts) + 2 * len(
                request.texts
            )
        if request.prompt is not None:
            return (len(request.prompt.encode()) if isinstance(request.prompt, str) else len(request.prompt)) + 1
        size = sum(_size(message) for message in request.messages)
        return size + MESSAGE_TOKENS * (len(request.messages) + 1) + (len(json.dumps(request.tools)) if request.tools else 0)

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[Event, None]:
        path = "/completions" if request.prompt is not None else "/chat/completions"
        async with self._place(), self._post(path, self._body(request), request.deadline_s) as response:
            await _check(response)
            counted, told, usage = 0, False, Usage()
            ends_s = asyncio.get_running_loop().time() + request.deadline_s
            async for chunk in _chunks(response, ends_s):
                if isinstance(chunk.get("usage"), dict):
                    usage, told = _usage(chunk["usage"]), True
                    yield usage
                for choice in _rows(chunk, "choices"):
                    for event in _events(choice, request.choices):
                        counted += isinstance(event, Delta)
                        yield event
            if not told:
                usage = Usage(await self.prompt_tokens_max(request) // 4 + 1, counted)
                yield usage
            self._prompt += usage.prompt_tokens
            self._completion += usage.completion_tokens
            self._cached += usage.cached_tokens

    async def embed(self, request: EmbeddingRequest) -> Embeddings:
        body: dict[str, Any] = {"model": self._name(request.model), "input": list(request.texts), "encoding_format": "float"}
        if request.dimensions is not None:
            body["dimensions"] = request.dimensions
        async with self._place(), self._post("/embeddings", body, request.deadline_s) as response:
            await _check(response)
            answer = await _json(response)
        try:
            rows = sorted(answer["data"], key=lambda row: int(row["index"]))
            vectors = [[float(value) for value in row["embedding"]] for row in rows]
            used = int((answer.get("usage") or {}).get("prompt_tokens", 0))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Unavailable(f"the model server's answer has another form: {error}") from None
        bound = await self.prompt_tokens_max(request)
        self._prompt += used
        return Embeddings(vectors, used if 0 < used <= bound else max(1, bound // 4))

    async def pass_through(self, path: str, body: bytes, content_type: str, deadline_s: float) -> Passed:
        """A request as it came, to a path of the server; its whole answer.

        Raises:
            as ``generate``.
        """
        if self._session is None:
            raise Unavailable("the backend is not open")
        post = self._session.post(self._url + path, data=body, headers={"Content-Type": content_type}, allow_redirects=False)
        async with self._place(), _Answer(post, deadline_s) as response:
            await _check(response)
            return Passed(await _read(response), response.content_type)

    @asynccontextmanager
    async def fetched(self, path: str, query: Mapping[str, str], deadline_s: float) -> AsyncIterator[Fetched]:
        """What the server has at a path, while the block lasts.

        Raises:
            as ``generate``; also while pieces are read.
        """
        if self._session is None:
            raise Unavailable("the backend is not open")
        get = self._session.get(self._url + path, params=query, headers={"Accept-Encoding": "identity"}, allow_redirects=False)
        async with self._place(), _Answer(get, deadline_s) as response:
            await _check(response)
            size = response.content_length if "Content-Encoding" not in response.headers else None
            if size is not None and size > ANSWER_BYTES_MAX:
                raise Unavailable(f"the model server's answer is larger than {ANSWER_BYTES_MAX >> 20} MiB")
            yield Fetched(response.content_type, size, _pieces(response))

    # -- the server ----------------------------------------------------------------------------------------------------

    def _name(self, model: str) -> str:
        return self._upstream.get(model, model)

    def _place(self) -> _Place:
        if self._running >= self._running_max:
            raise Exhausted(f"{self._running_max} requests are at the model server already; try again")
        return _Place(self)

    def _get(self, path: str) -> _Answer:
        if self._session is None:
            raise Unavailable("the backend is not open")
        return _Answer(self._session.get(self._url + path, allow_redirects=False), self._timeout_s)

    def _post(self, path: str, body: Mapping[str, Any], deadline_s: float) -> _Answer:
        if self._session is None:
            raise Unavailable("the backend is not open")
        return _Answer(self._session.post(self._url + path, json=body, allow_redirects=False), deadline_s)

    def _body(self, request: GenerationRequest) -> dict[str, Any]:
        how, body = request.sampling, dict(request.extra)
        body |= {"model": self._name(request.model), "stream": True, "stream_options": {"include_usage": True}}
        if request.prompt is not None:
            body["prompt"] = request.prompt if isinstance(request.prompt, str) else list(request.prompt)
        else:
            body["messages"] = [_message(message) for message in request.messages]
        wanted: dict[str, tuple[Any, Any]] = {
            "max_tokens": (request.max_tokens, None), "n": (request.choices, 1), "temperature": (how.temperature, 1.0),
            "top_p": (how.top_p, 1.0), "top_k": (how.top_k, 0), "min_p": (how.min_p, 0.0), "seed": (how.seed, None),
            "presence_penalty": (how.presence_penalty, 0.0), "frequency_penalty": (how.frequency_penalty, 0.0),
            "repetition_penalty": (how.repetition_penalty, 1.0), "stop": (list(request.stop), []),
            "logit_bias": ({str(key): value for key, value in how.logit_bias.items()}, {}), "logprobs": (how.logprobs, False),
            "top_logprobs": (how.top_logprobs, 0), "tools": (list(request.tools), []), "min_tokens": (request.min_tokens, 0),
            "ignore_eos": (request.ignore_eos, False), "stop_token_ids": (list(request.stop_token_ids), []),
            "chat_template_kwargs": (dict(request.template_arguments), {}),
        }  # fmt: skip
        body |= {key: value for key, (value, default) in wanted.items() if value != default}
        if request.tools:
            body |= {"tool_choice": request.tool_choice, "parallel_tool_calls": request.parallel_tool_calls}
        guide = request.guide
        if guide is not None:
            if guide.json:
                body["response_format"] = {"type": "json_object"}
            elif guide.schema is not None:
                schema = {"name": "answer", "schema": dict(guide.schema), "strict": True}
                body["response_format"] = {"type": "json_schema", "json_schema": schema}
            elif guide.regex:
                body["guided_regex"] = guide.regex
            else:
                body["guided_grammar"] = guide.grammar
        return body


class _Place:
    """One of the requests at the server."""

    def __init__(self, backend: ForwardBackend) -> None:
        self._backend = backend

    async def __aenter__(self) -> None:
        self._backend._running += 1

    async def __aexit__(self, *_: object) -> None:
        self._backend._running -= 1


class _Answer:
    """A response whose failures, also while it is read, are errors of ours.

    No time limit spans a ``yield`` of ours: the head has one here, every read of the body its own.
    """

    def __init__(self, made: Any, deadline_s: float) -> None:
        self._made, self._deadline_s = made, deadline_s

    async def __aenter__(self) -> aiohttp.ClientResponse:
        try:
            async with asyncio.timeout(self._deadline_s):
                response: aiohttp.ClientResponse = await self._made.__aenter__()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise _world(error) from None
        return response

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._made.__aexit__(kind, error, trace)
        if isinstance(error, TimeoutError | aiohttp.ClientError | OSError):
            raise _world(error) from None


def _world(error: BaseException) -> TimedOut | Unavailable:
    if isinstance(error, TimeoutError):
        return TimedOut("the model server did not answer in time")
    return Unavailable(f"the model server: {error}")


async def _check(response: aiohttp.ClientResponse) -> None:
    """A refusal of the server as an error of ours; what it says of a request is told, what it says of itself is not."""
    if response.status < 300:
        return
    text = (await response.content.read(65_536)).decode("utf-8", "replace")
    message = _said(text) or f"status {response.status}"
    if response.status == 429:
        raise Exhausted(f"the model server is busy: {message}")
    if response.status == 404:
        raise NotFound(f"the model server: {message}", reason="model_not_found")
    if 400 <= response.status < 500 and response.status not in (401, 403, 407):
        raise InvalidInput(f"the model server: {message}")
    raise Unavailable(f"the model server answers {response.status}: {message[:200]}")


def _said(text: str) -> str:
    try:
        found = jsonrpc.parse(text.encode())
    except InvalidInput:
        return text[:500]
    error = found.get("error", found) if isinstance(found, dict) else found
    return str(error.get("message", error) if isinstance(error, dict) else error)[:500]


async def _read(response: aiohttp.ClientResponse) -> bytes:
    return b"".join([piece async for piece in _pieces(response)])


async def _pieces(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    size = 0
    async for piece in response.content.iter_any():
        size += len(piece)
        if size > ANSWER_BYTES_MAX:
            raise Unavailable(f"the model server's answer is larger than {ANSWER_BYTES_MAX >> 20} MiB")
        yield piece


async def _json(response: aiohttp.ClientResponse) -> dict[str, Any]:
    try:
        found = jsonrpc.parse(await _read(response))
    except InvalidInput:
        raise Unavailable("the model server's answer is not JSON") from None
    if not isinstance(found, dict):
        raise Unavailable("the model server's answer is no object")
    return found


async def _chunks(response: aiohttp.ClientResponse, ends_s: float) -> AsyncIterator[dict[str, Any]]:
    """The data of server-sent events, until ``[DONE]``."""
    async for line in _lines(response, ends_s):
        if not line.startswith(b"data:"):
            continue
        data = line[5:].strip()
        if data == b"[DONE]":
            return
        try:
            chunk = jsonrpc.parse(data)
        except InvalidInput:
            raise Unavailable("the model server's stream is not JSON") from None
        if isinstance(chunk, dict):
            if chunk.get("error") is not None:
                raise Unavailable(f"the model server broke off: {_said(data.decode('utf-8', 'replace'))}")
            yield chunk
    raise Unavailable("the model server's stream ended before its end")


async def _lines(response: aiohttp.ClientResponse, ends_s: float) -> AsyncIterator[bytes]:
    rest = b""
    while True:
        async with asyncio.timeout_at(ends_s):
            part = await response.content.readany()
        if not part:
            break
        rest += part
        *whole, rest = rest.split(b"\n")
        for line in whole:
            yield line.rstrip(b"\r")
        if len(rest) > LINE_BYTES_MAX:
            raise Unavailable("the model server's stream has a line without end")
    if rest:
        yield rest


def _rows(chunk: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    rows = chunk.get(key)
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _events(choice: Mapping[str, Any], choices: int) -> list[Event]:
    index = choice.get("index", 0)
    if type(index) is not int or not 0 <= index < choices:
        raise PeerFault("the model server tells of a choice that was not asked for")
    delta = choice.get("delta")
    delta = delta if isinstance(delta, dict) else {}
    text = delta.get("content") or choice.get("text") or ""
    reasoning = delta.get("reasoning_content") or delta.get("reasoning") or ""
    calls = tuple(
        ToolCallDelta(
            int(row.get("index") or 0), str(row.get("id") or ""), str((row.get("function") or {}).get("name") or ""),
            str((row.get("function") or {}).get("arguments") or ""),
        )
        for row in _rows(delta, "tool_calls")
    )  # fmt: skip
    told = choice.get("logprobs")
    logprobs = tuple(_logprob(row) for row in _rows(told, "content")) if isinstance(told, dict) else ()
    found: list[Event] = []
    if text or reasoning or calls or logprobs:
        found.append(Delta(str(text), (), logprobs, calls, str(reasoning), index))
    reason = choice.get("finish_reason")
    if reason is not None:
        found.append(Finished(Finish(reason) if reason in set(Finish) else Finish.STOP, index))
    return found


def _logprob(row: Mapping[str, Any]) -> TokenLogprob:
    token, value = str(row.get("token", "")), row.get("logprob")
    data = row.get("bytes")
    raw = bytes(data) if isinstance(data, list) and all(type(b) is int and 0 <= b < 256 for b in data) else token.encode()
    top = tuple(_logprob(other) for other in _rows(row, "top_logprobs"))
    return TokenLogprob(token, -1, float(value) if isinstance(value, int | float) else -9999.0, raw, top)


def _usage(row: Mapping[str, Any]) -> Usage:
    details = row.get("prompt_tokens_details")
    numbers = [row.get("prompt_tokens"), row.get("completion_tokens"), (details or {}).get("cached_tokens")]
    prompt, completion, cached = (value if type(value) is int and 0 <= value < 1 << 40 else 0 for value in numbers)
    return Usage(prompt, completion, min(cached, prompt))


def _size(message: Message) -> int:
    size = len(message.content.encode()) + len(message.name.encode()) + len(message.tool_call_id)
    return size + sum(len(json.dumps(row)) for row in (*message.tool_calls, *message.parts))


def _message(message: Message) -> dict[str, Any]:
    made: dict[str, Any] = {"role": message.role, "content": list(message.parts) if message.parts else message.content}
    if message.name:
        made["name"] = message.name
    if message.tool_call_id:
        made["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        made["tool_calls"] = list(message.tool_calls)
    return made

"""The native engine behind the Backend port: one model file, served in this process."""

from __future__ import annotations

import hashlib
import struct
from array import array
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from zerog._native import BatchingEngine
from zerog.compute.api import (
    BackendStats,
    EmbeddingRequest,
    Embeddings,
    Event,
    GenerationRequest,
    Model,
)
from zerog.compute.engine.guide import Guides
from zerog.compute.engine.request import Answers, guide_for, told_of_tools
from zerog.compute.engine.service import EngineService
from zerog.compute.engine.template import CHATML, ChatTemplate
from zerog.compute.engine.tokenizer import TextTokenizer
from zerog.compute.engine.weights import LoadedModel, load_gguf
from zerog.errors import InvalidInput, NotFound, Unavailable
from zerog.primitives import batching
from zerog.runtime.clock import Clock
from zerog.runtime.offload import Offload

INLINE_CHARS_MAX: Final = 4096
"""Prompts up to this long are cut into tokens on the event loop (under a millisecond); longer ones in a thread."""
_REMEMBERED_PROMPTS: Final = 1024
_DEADLINE_S_MAX: Final = 86_400.0


@dataclass(frozen=True)
class EngineLimits:
    """The bounds of one engine; memory is ``page_count`` pages of 16 tokens and ``step_tokens_max`` rows."""

    page_count: int = 2048
    account_pages_max: int = 1024
    context_tokens_max: int = 8192
    step_tokens_max: int = 512
    running_max: int = 64
    account_running_max: int = 32
    waiting_max: int = 512
    account_waiting_max: int = 128
    draft_tokens_max: int = 3
    draft_running_max: int = 4


class NativeBackend:
    """``async with NativeBackend.open(path, clock) as backend``."""

    def __init__(
        self,
        loaded: LoadedModel,
        clock: Clock,
        *,
        model_id: str,
        random: Any,
        limits: EngineLimits | None = None,
        aliases: tuple[str, ...] = (),
        backend: str = "",
    ) -> None:
        """
        Args:
            random: ``bytes_of(count)`` of ``runtime``: seeds of requests that bring none, and the secret that salts prefixes.
            backend: forces the backend of every kernel; empty: the best.

        Raises:
            InvalidInput: a tokenizer or template that is not served, limits that do not fit the model.
        """
        limits = limits or EngineLimits()
        context = min(limits.context_tokens_max, loaded.config.context_size)
        self._tokenizer = TextTokenizer(loaded.metadata)
        if self._tokenizer.size > loaded.config.vocabulary_size:
            raise InvalidInput(f"model: {self._tokenizer.size} tokens, but logits for {loaded.config.vocabulary_size}")
        names = self._tokenizer.names
        self._template = ChatTemplate(
            loaded.metadata.get("tokenizer.chat_template") or CHATML,
            bos="" if self._tokenizer.bos is None else names[self._tokenizer.bos],
            eos="" if self._tokenizer.eos is None else names[self._tokenizer.eos],
        )
        runner = batching.make_decoder(loaded.packed, limits.page_count, limits.step_tokens_max, backend=backend)
        engine = BatchingEngine(
            runner,
            page_count=limits.page_count,
            account_pages_max=min(limits.account_pages_max, limits.page_count),
            context_tokens_max=context,
            step_tokens_max=limits.step_tokens_max,
            running_max=limits.running_max,
            account_running_max=min(limits.account_running_max, limits.running_max),
            waiting_max=limits.waiting_max,
            account_waiting_max=limits.account_waiting_max,
            draft_tokens_max=limits.draft_tokens_max,
            draft_running_max=limits.draft_running_max,
            sampler=backend,
        )
        self._limits = limits
        self._tokens_max = min(context, 16 * min(limits.account_pages_max, limits.page_count))
        self._random = random
        self._secret: bytes = random(32)
        self._service = EngineService(engine, clock, waiting_max=limits.waiting_max)
        self._guides = Guides(self._tokenizer)
        self._offload = Offload(1, waiting_max=256, name="tokenize")
        self._compiling = Offload(1, waiting_max=64, name="guides")  # apart: one takes longer than many prompts
        self._stack = AsyncExitStack()
        self._prompts: OrderedDict[str, tuple[GenerationRequest, list[int]]] = OrderedDict()
        self._completion_tokens = 0
        self._model = Model(
            model_id,
            context_tokens=self._tokens_max,
            completion_tokens_max=self._tokens_max - 1,
            description=str(loaded.metadata.get("general.name", "")),
            aliases=aliases,
        )

    @classmethod
    def open(cls, path: Path, clock: Clock, *, model_id: str, random: Any, limits: EngineLimits | None = None) -> Self:
        """Loads the file (blocks while it is read and packed); raises as ``load_gguf`` and the constructor."""
        limits = limits or EngineLimits()
        return cls(load_gguf(path, limits.context_tokens_max), clock, model_id=model_id, random=random, limits=limits)

    async def __aenter__(self) -> Self:
        self._stack.enter_context(self._offload)
        self._stack.enter_context(self._compiling)
        await self._stack.enter_async_context(self._service)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    @property
    def tokenizer(self) -> TextTokenizer:
        return self._tokenizer

    def models(self) -> Sequence[Model]:
        return (self._model,)

    async def prompt_tokens_max(self, request: GenerationRequest | EmbeddingRequest) -> int:
        """Exact."""
        if isinstance(request, EmbeddingRequest):
            raise InvalidInput(f"model {request.model}: it writes text, it does not embed")
        return len(await self._prompt(request))

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[Event, None]:
        prompt = await self._prompt(request)
        self._prompts.pop(request.id, None)
        sampling = request.sampling
        room = self._tokens_max - len(prompt)
        new_tokens_max = room if request.max_tokens is None else min(request.max_tokens, room)
        if new_tokens_max < 1:
            raise InvalidInput(f"max_tokens: expected at least 1, found {new_tokens_max}")
        guide = guide_for(request)
        matcher = None if guide is None else await self._compiling.run(self._guides.compile, guide)
        stops = set(request.stop_token_ids)
        if not request.ignore_eos:
            stops |= set(self._tokenizer.ends)
        seed = sampling.seed if sampling.seed is not None else struct.unpack("<Q", self._random(8))[0]
        stream = await self._service.submit(
            self._salt(request),
            array("I", prompt).tobytes(),
            choices=request.choices,
            deadline_s=min(request.deadline_s, _DEADLINE_S_MAX),
            guide=matcher,
            new_tokens_max=new_tokens_max,
            stop_tokens=sorted(token for token in stops if 0 <= token < self._tokenizer.size),
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            min_p=sampling.min_p,
            top_k=min(max(sampling.top_k, 0), self._tokenizer.size),
            repetition_penalty=sampling.repetition_penalty,
            frequency_penalty=sampling.frequency_penalty,
            presence_penalty=sampling.presence_penalty,
            seed=seed % (1 << 64),
            logit_bias=self._biases(sampling.logit_bias),
            tokens_min=min(max(request.min_tokens, 0), new_tokens_max),
            logprobs=sampling.logprobs,
            top_logprobs=sampling.top_logprobs if sampling.logprobs else 0,
            may_draft=True,
        )
        answers = Answers(self._tokenizer, request, len(prompt))
        stopped: set[int] = set()
        try:
            yield answers.usage
            while not answers.is_over:
                before = answers.token_count
                events = answers.push(await self._service.take(stream))
                self._completion_tokens += answers.token_count - before
                for answer in answers.answers:
                    if answer.is_stopped_by_string and answer.choice not in stopped:
                        stopped.add(answer.choice)
                        self._service.stop_choice(stream, answer.choice)
                for event in events:
                    yield event
            yield answers.usage
        finally:
            self._service.cancel(stream)

    async def embed(self, request: EmbeddingRequest) -> Embeddings:
        raise InvalidInput(f"model {request.model}: it writes text, it does not embed")

    def stats(self) -> BackendStats:
        counts = self._service.counts
        return BackendStats(
            running=counts["running"],
            waiting=counts["waiting"],
            waiting_max=self._limits.waiting_max,
            pages_used=counts["pages"] - counts["pages_available"],
            pages=counts["pages"],
            prompt_tokens=counts["prompt_tokens"],
            completion_tokens=self._completion_tokens,
            cached_tokens=counts["cached_tokens"],
            preemptions=counts["preempted"],
            restarts=self._service.restarts,
        )

    async def check(self) -> None:
        if not self._service.is_running:
            raise Unavailable("the engine is not running")

    def _salt(self, request: GenerationRequest) -> bytes:
        return hashlib.blake2b(bytes(request.account), key=self._secret, digest_size=32).digest()

    def _biases(self, biases: Any) -> list[tuple[int, float]]:
        wrong = [token for token in biases if not 0 <= token < self._tokenizer.size]
        if wrong:
            raise InvalidInput(f"logit_bias: token {wrong[0]} of a vocabulary of {self._tokenizer.size}")
        return list(biases.items())

    async def _prompt(self, request: GenerationRequest) -> list[int]:
        """The prompt's tokens, remembered between ``prompt_tokens_max`` and ``generate``."""
        if request.model not in (self._model.id, *self._model.aliases):
            raise NotFound(f"model {request.model!r}: served is {self._model.id}")
        known = self._prompts.get(request.id)
        if known is not None and _is_same_prompt(known[0], request):
            return known[1]
        if isinstance(request.prompt, tuple):
            wrong = [token for token in request.prompt if not 0 <= token < self._tokenizer.size]
            if wrong:
                raise InvalidInput(f"prompt: token {wrong[0]} of a vocabulary of {self._tokenizer.size}")
            ids = list(request.prompt)
        else:
            size = len(request.prompt or "") + sum(len(message.content) for message in request.messages)
            ids = self._encode(request) if size <= INLINE_CHARS_MAX else await self._offload.run(self._encode, request)
        if not ids:
            raise InvalidInput("prompt: it is empty")
        if len(ids) >= self._tokens_max:
            raise InvalidInput(
                f"prompt: {len(ids)} tokens; this model's maximum context length is {self._tokens_max} tokens with the answer"
            )
        self._prompts[request.id] = (request, ids)
        while len(self._prompts) > _REMEMBERED_PROMPTS:
            self._prompts.popitem(last=False)
        return ids

    def _encode(self, request: GenerationRequest) -> list[int]:
        if isinstance(request.prompt, str):
            return self._tokenizer.encode(request.prompt)
        for message in request.messages:
            if message.parts:
                raise InvalidInput("messages: this model reads text only")
        messages = request.messages
        tools = request.tools if request.tool_choice != "none" else ()
        if tools and not self._template.knows_tools:
            messages, tools = told_of_tools(messages, tools), ()
        text = self._template.render(messages, tools, request.template_arguments)
        return self._tokenizer.encode(text, as_template=True)


def _is_same_prompt(a: GenerationRequest, b: GenerationRequest) -> bool:
    return (
        a.messages is b.messages
        and a.prompt is b.prompt
        and a.tools is b.tools
        and a.tool_choice is b.tool_choice
        and a.template_arguments is b.template_arguments
    )

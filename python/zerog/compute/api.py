"""What the parts of the compute network know of each other: requests, events, usage, prices, and the port to what computes.

Values and ports, no I/O. Everything in a request has been checked by who made it (``gateway.chat_protocol``): counts are in
range, numbers are finite, text is well-formed Unicode. Money is in neuron, prices are neuron a token. Source:
docs/protocol/compute.md §7.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, Protocol

from zerog.errors import InvalidInput
from zerog.types import ZERO_ADDRESS, Address

CHOICES_MAX: Final = 16
TOP_LOGPROBS_MAX: Final = 20
STOPS_MAX: Final = 16
STOP_CHARS_MAX: Final = 512
BIASES_MAX: Final = 1024
MESSAGES_MAX: Final = 4096
TOOLS_MAX: Final = 128
SCHEMA_DEPTH_MAX: Final = 64
TEXTS_MAX: Final = 2048
FLOOR: Final = 10**18
"""What a user's account must hold beyond all that is reserved: 1 0G."""


class Kind(StrEnum):
    """What a model is for, in the words of the contract's ``serviceType``."""

    CHAT = "chatbot"
    EMBEDDING = "embedding"
    IMAGE = "text-to-image"
    IMAGE_EDIT = "image-editing"
    SPEECH = "speech-to-text"
    VIDEO = "video-generation"


class Finish(StrEnum):
    """Why a choice ended, in OpenAI's words."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"


@dataclass(frozen=True)
class Message:
    """One turn of a conversation.

    ``content`` is text; parts of other kinds (images, sound) reach only backends that forward, in ``parts``.
    """

    role: str
    content: str
    name: str = ""
    tool_call_id: str = ""
    tool_calls: tuple[Mapping[str, Any], ...] = ()
    """As OpenAI writes them: ``{id, type, function: {name, arguments}}``; checked for shape."""
    parts: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True)
class Sampling:
    """How tokens are chosen. The defaults are OpenAI's; ``temperature`` 0 is greedy.

    ``top_k`` 0, ``top_p`` 1, ``min_p`` 0 and ``repetition_penalty`` 1 change nothing.
    """

    temperature: float = 1.0
    """0 to 2."""
    top_k: int = 0
    top_p: float = 1.0
    """Above 0, at most 1."""
    min_p: float = 0.0
    presence_penalty: float = 0.0
    """−2 to 2, as the frequency penalty."""
    frequency_penalty: float = 0.0
    repetition_penalty: float = 1.0
    """Above 0, at most 2."""
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    """By token id, −100 to 100; ids may lie beyond the vocabulary: refused by the backend."""
    seed: int | None = None
    """Any 64 bits; None: the backend takes one at random."""
    logprobs: bool = False
    top_logprobs: int = 0


@dataclass(frozen=True)
class Guide:
    """What the answer must look like; at most one member is given."""

    json: bool = False
    """Any JSON object (``response_format: json_object``)."""
    schema: Mapping[str, Any] | None = None
    """A JSON schema, at most ``SCHEMA_DEPTH_MAX`` deep; what of it is not supported is refused, never ignored."""
    regex: str = ""
    grammar: str = ""


@dataclass(frozen=True)
class GenerationRequest:
    """One accepted request for text.

    Exactly one of ``messages`` (chat, put through the model's template) and ``prompt`` (as it is, or as token ids) is given.
    """

    model: str
    id: str
    """Names the request in logs and in the backend; unique."""
    messages: tuple[Message, ...] = ()
    prompt: str | tuple[int, ...] | None = None
    max_tokens: int | None = None
    """Most tokens of each choice; None: to the end of the model's context, or to what the price allows."""
    min_tokens: int = 0
    choices: int = 1
    """How many answers (``n``)."""
    sampling: Sampling = field(default_factory=Sampling)
    stop: tuple[str, ...] = ()
    """The answer ends before the first of these."""
    stop_token_ids: tuple[int, ...] = ()
    ignore_eos: bool = False
    guide: Guide | None = None
    tools: tuple[Mapping[str, Any], ...] = ()
    """Given to the template; the calls in the answer are found by the backend."""
    tool_choice: str | Mapping[str, Any] = "auto"
    parallel_tool_calls: bool = True
    template_arguments: Mapping[str, Any] = field(default_factory=dict)
    """``chat_template_kwargs``."""
    account: Address = ZERO_ADDRESS
    """Who pays: salts the prefix cache and is what the scheduler is fair between."""
    deadline_s: float = 600.0
    """Seconds after which the backend gives up with TimedOut."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Members of the body that have no field here; backends that forward send them on, others ignore them."""


@dataclass(frozen=True)
class TokenLogprob:
    """One token and how likely it was; ``token`` holds its bytes as text where they are text."""

    token: str
    id: int
    logprob: float
    bytes: bytes
    top: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True)
class ToolCallDelta:
    """A piece of a tool call: ``id`` and ``name`` come with its first piece."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(frozen=True)
class Delta:
    """More of a choice. Text is whole characters; several tokens may come at once, and some tokens bring no text yet."""

    text: str = ""
    token_ids: tuple[int, ...] = ()
    logprobs: tuple[TokenLogprob, ...] = ()
    tool_calls: tuple[ToolCallDelta, ...] = ()
    reasoning: str = ""
    choice: int = 0


@dataclass(frozen=True)
class Finished:
    """The end of one choice."""

    reason: Finish
    choice: int = 0


@dataclass(frozen=True)
class Usage:
    """What a request has taken, in tokens, as counted by the backend's own tokenizer."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    """Those of the prompt that were not computed again."""

    @property
    def total_tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


Event = Delta | Finished | Usage
"""Of one request: deltas of each choice, one Finished a choice, and Usage: with the first event (completion 0), whenever the
backend likes, and last of all. Each Usage replaces the one before; who cancels is charged for the last one seen, or for the
tokens delivered since if those are more."""


@dataclass(frozen=True)
class EmbeddingRequest:
    """Texts, or token ids, to embed."""

    model: str
    id: str
    texts: tuple[str, ...] | tuple[tuple[int, ...], ...]
    dimensions: int | None = None
    account: Address = ZERO_ADDRESS
    deadline_s: float = 600.0


@dataclass(frozen=True)
class Embeddings:
    """One vector a text, in their order."""

    vectors: Sequence[Sequence[float]]
    prompt_tokens: int


@dataclass(frozen=True)
class Model:
    """One model that a backend serves."""

    id: str
    kind: Kind = Kind.CHAT
    context_tokens: int = 8192
    completion_tokens_max: int = 8192
    description: str = ""
    owned_by: str = "zerog"
    created: int = 0
    """Seconds since 1970, 0: not known."""
    aliases: tuple[str, ...] = ()
    dimensions: int = 0
    """Of an embedding."""
    owner: Address | None = None
    """Whose it is alone: nobody else sees it or may ask it. None: everybody's."""


@dataclass(frozen=True)
class BackendStats:
    """What a backend is doing; what it cannot tell stays 0."""

    running: int = 0
    waiting: int = 0
    waiting_max: int = 0
    pages_used: int = 0
    pages: int = 0
    prompt_tokens: int = 0
    """Since the start, as the counts below."""
    completion_tokens: int = 0
    cached_tokens: int = 0
    preemptions: int = 0
    restarts: int = 0


class Backend(Protocol):
    """What computes. Opened and closed by who made it (``async with``).

    Every method may be called at any time from one event loop. What a request asks for and the backend cannot do is
    InvalidInput with a sentence that names the member; a full queue is Exhausted; an engine that is down is Unavailable, and
    comes back by itself.
    """

    def models(self) -> Sequence[Model]:
        """What is served now; those without an owner do not change while it is open."""
        ...

    async def prompt_tokens_max(self, request: GenerationRequest | EmbeddingRequest) -> int:
        """No fewer than the prompt's tokens: exact where the backend has the tokenizer.

        Raises:
            InvalidInput: the request does not fit the model (too long, unknown token ids, no such template argument).
            NotFound: no such model.
        """
        ...

    def generate(self, request: GenerationRequest) -> AsyncGenerator[Event, None]:
        """Start work at the first ``anext`` and tell how it goes.

        Closing the generator (``aclose``, or cancelling who waits in it) takes the request out of the running batch before
        its next step and frees what it held. Events wait in a bounded queue; a reader that does not read slows its own
        request only.

        Raises:
            InvalidInput, NotFound, Exhausted: before the first event. Unavailable, TimedOut: also later; nothing of that
            request is charged then.
        """
        ...

    async def embed(self, request: EmbeddingRequest) -> Embeddings:
        """Raises: as ``generate``."""
        ...

    def stats(self) -> BackendStats: ...

    async def check(self) -> None:
        """
        Raises:
            Unavailable, TimedOut: it could not serve a request now.
        """
        ...


@dataclass(frozen=True)
class Tier:
    """Prices times a fraction for prompts of at most ``prompt_tokens_max`` tokens."""

    prompt_tokens_max: int
    input_numerator: int = 1
    input_denominator: int = 1
    output_numerator: int = 1
    output_denominator: int = 1


@dataclass(frozen=True)
class Fee:
    """What a request costs, in neuron."""

    input: int = 0
    output: int = 0

    @property
    def total(self) -> int:
        return self.input + self.output


@dataclass(frozen=True)
class Price:
    """Neuron a token, as it was when a request was accepted; whole numbers all the way (compute.md §7.7).

    ``cached_divisor`` 0: cached tokens cost what others cost. Tiers are ascending; prompts beyond the last one take the last.
    """

    input: int
    output: int
    cached_divisor: int = 0
    tiers: tuple[Tier, ...] = ()

    def fee(self, usage: Usage) -> Fee:
        """
        Raises:
            InvalidInput: counts that no request can have.
        """
        cached = usage.cached_tokens if self.cached_divisor else 0
        if usage.prompt_tokens < 0 or usage.completion_tokens < 0 or not 0 <= cached <= usage.prompt_tokens:
            raise InvalidInput(f"usage: expected natural numbers, cached ones within the prompt's, found {usage}")
        fresh, tier = usage.prompt_tokens - cached, self._tier(usage.prompt_tokens)
        input = fresh * self.input + (cached * self.input // self.cached_divisor if cached else 0)
        return Fee(
            input * tier.input_numerator // tier.input_denominator,
            usage.completion_tokens * self.output * tier.output_numerator // tier.output_denominator,
        )

    def most(self, prompt_tokens: int, completion_tokens: int) -> int:
        """No less than the fee of any usage within these counts."""
        tiers = self.tiers or (Tier(0),)
        return max(prompt_tokens * self.input * one.input_numerator // one.input_denominator for one in tiers) + max(
            completion_tokens * self.output * one.output_numerator // one.output_denominator for one in tiers
        )

    def _tier(self, prompt_tokens: int) -> Tier:
        for tier in self.tiers:
            if prompt_tokens <= tier.prompt_tokens_max:
                return tier
        return self.tiers[-1] if self.tiers else Tier(0)


@dataclass(frozen=True)
class Provider:
    """A provider as the chain names it."""

    address: Address
    url: str
    kind: str
    model: str
    price: Price
    verifiability: str
    signer: Address
    signer_acknowledged: bool
    additional_info: str = ""
    updated_at: int = 0

    @property
    def endpoint(self) -> str:
        """The base URL for OpenAI clients."""
        return self.url.rstrip("/") + "/v1/proxy"

"""A tiny random decoder with bytes for tokens, and what it takes to ask it."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zerog.compute.api import Delta, Event, Finish, Finished, GenerationRequest, Message, Sampling, Usage
from zerog.compute.engine.native import EngineLimits, NativeBackend
from zerog.compute.engine.tokenizer import byte_letters
from zerog.compute.engine.weights import LoadedModel
from zerog.primitives import batching
from zerog.runtime.clock import SystemClock

CONTROL = ("<|im_start|>", "<|im_end|>")
LETTERS = {byte: letter for letter, byte in byte_letters().items()}
MERGES = ["h e", "l l", "he ll", "hell o", "Ġ w"]
TOKENS = [LETTERS[byte] for byte in range(256)] + [merge.replace(" ", "") for merge in MERGES] + list(CONTROL)
METADATA: dict[str, Any] = {
    "general.name": "tiny",
    "tokenizer.ggml.model": "gpt2",
    "tokenizer.ggml.pre": "smollm",
    "tokenizer.ggml.tokens": TOKENS,
    "tokenizer.ggml.merges": MERGES,
    "tokenizer.ggml.token_type": [1] * (len(TOKENS) - 2) + [3, 3],
    "tokenizer.ggml.bos_token_id": len(TOKENS) - 2,
    "tokenizer.ggml.eos_token_id": len(TOKENS) - 1,
}
EOS = len(TOKENS) - 1
CONFIG = batching.DecoderConfig(
    layers=2, width=64, heads=4, kv_heads=2, head_size=32, inner_width=96, vocabulary_size=len(TOKENS), context_size=1024,
    norm_epsilon=1e-5, rope_base=10000.0, rope_scale=1.0, rope_size=32, rope_halves=False,
)  # fmt: skip
LIMITS = EngineLimits(
    page_count=128, account_pages_max=96, context_tokens_max=1024, step_tokens_max=64, running_max=32, waiting_max=64
)
_ids = itertools.count()


def tiny_model(seed: int) -> LoadedModel:
    rng = np.random.default_rng(seed)
    tensors: dict[str, batching.Tensor] = {}

    def put(name: str, values: NDArray[np.float32]) -> None:
        rows, columns = (1, len(values)) if values.ndim == 1 else values.shape
        tensors[name] = batching.Tensor(0, rows, columns, values)

    put("token_embd.weight", rng.normal(0, 1, (len(TOKENS), 64)).astype(np.float32))
    put("output_norm.weight", np.full(64, 0.4, np.float32))
    for layer in range(2):
        for part, shape in [("attn_q", (128, 64)), ("attn_k", (64, 64)), ("attn_v", (64, 64)), ("attn_output", (64, 128)),
                            ("ffn_gate", (96, 64)), ("ffn_up", (96, 64)), ("ffn_down", (64, 96))]:  # fmt: skip
            put(f"blk.{layer}.{part}.weight", rng.normal(0, 0.3, shape).astype(np.float32))
        put(f"blk.{layer}.attn_norm.weight", np.ones(64, np.float32))
        put(f"blk.{layer}.ffn_norm.weight", np.ones(64, np.float32))
    return LoadedModel(batching.pack_decoder(CONFIG, tensors), CONFIG, METADATA)


@asynccontextmanager
async def opened(seed: int, limits: EngineLimits = LIMITS, **options: Any) -> AsyncIterator[NativeBackend]:
    rng = np.random.default_rng(seed)
    async with NativeBackend(
        tiny_model(7), SystemClock(), model_id="tiny", random=rng.bytes, limits=limits, **options
    ) as backend:
        yield backend


def asked(text: str | tuple[int, ...] = "hello world", **options: Any) -> GenerationRequest:
    """A request for 24 tokens that nothing ends early, unless ``options`` say otherwise."""
    options = {"max_tokens": 24, "ignore_eos": True, "sampling": Sampling(temperature=0.9, seed=5), **options}
    return GenerationRequest("tiny", f"request-{next(_ids)}", prompt=text, **options)


def chat(text: str, **options: Any) -> GenerationRequest:
    options = {"max_tokens": 24, "sampling": Sampling(temperature=0.9, seed=5), **options}
    return GenerationRequest("tiny", f"request-{next(_ids)}", messages=(Message("user", text),), **options)


@dataclass
class Answered:
    """What came of a request."""

    texts: dict[int, str] = field(default_factory=dict)
    ids: dict[int, list[int]] = field(default_factory=dict)
    reasons: dict[int, Finish] = field(default_factory=dict)
    calls: list[Any] = field(default_factory=list)
    logprobs: list[Any] = field(default_factory=list)
    usage: Usage = field(default_factory=Usage)
    events: list[Event] = field(default_factory=list)


async def answered(backend: NativeBackend, request: GenerationRequest) -> Answered:
    out = Answered()
    async for event in backend.generate(request):
        out.events.append(event)
        if isinstance(event, Delta):
            assert event.choice not in out.reasons, "a delta after the end"
            out.texts[event.choice] = out.texts.get(event.choice, "") + event.text
            out.ids.setdefault(event.choice, []).extend(event.token_ids)
            out.calls += event.tool_calls
            out.logprobs += event.logprobs
        elif isinstance(event, Finished):
            assert event.choice not in out.reasons, "two ends"
            out.reasons[event.choice] = event.reason
        else:
            out.usage = event
    assert isinstance(out.events[0], Usage)
    assert isinstance(out.events[-1], Usage)
    return out

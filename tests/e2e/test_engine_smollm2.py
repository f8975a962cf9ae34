"""The native backend on the real SmolLM2: llama.cpp's tokens and greedy answer, the same in a crowd, forms and tools."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from model_files import smollm2

from zerog.compute.api import Delta, Finish, Finished, GenerationRequest, Guide, Message, Sampling, Usage
from zerog.compute.engine.native import EngineLimits, NativeBackend
from zerog.compute.engine.tokenizer import TextTokenizer
from zerog.compute.engine.weights import LoadedModel, load_gguf
from zerog.runtime.clock import SystemClock

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.timeout(600)]
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "llama_cpp" / "smollm2.json").read_text())
LIMITS = EngineLimits(page_count=512, account_pages_max=256, context_tokens_max=1024, running_max=32)


@pytest.fixture(scope="module")
def loaded() -> LoadedModel:
    return load_gguf(smollm2(), LIMITS.context_tokens_max)


@pytest.fixture
async def backend(loaded: LoadedModel) -> AsyncIterator[NativeBackend]:
    async with NativeBackend(loaded, SystemClock(), model_id="smollm2", random=os.urandom, limits=LIMITS) as opened:
        yield opened


def ask(name: str, text: str, **options: Any) -> GenerationRequest:
    options = {"max_tokens": 16, "sampling": Sampling(temperature=0), **options}
    return GenerationRequest("smollm2", name, messages=(Message("user", text),), **options)


async def answer(backend: NativeBackend, request: GenerationRequest) -> tuple[str, list[int], Finish, Usage, list[Any]]:
    text, ids, reason, usage, calls = "", list[int](), Finish.STOP, Usage(), list[Any]()
    async for event in backend.generate(request):
        if isinstance(event, Delta):
            text += event.text
            ids += event.token_ids
            calls += event.tool_calls
        elif isinstance(event, Finished):
            reason = event.reason
        else:
            usage = event
    return text, ids, reason, usage, calls


def test_tokens_are_those_of_llama_cpp(loaded: LoadedModel) -> None:
    tokenizer = TextTokenizer(loaded.metadata)
    for case in VECTORS["tokens"]:
        assert tokenizer.encode(case["text"]) == case["ids"], case["text"]
    assert tokenizer.ends == (0, 2)


async def test_greedy_is_llama_cpp_s_answer_alone_and_in_a_crowd(backend: NativeBackend) -> None:
    question = ask("alone", VECTORS["greedy"]["question"])
    alone = await answer(backend, question)
    assert alone[1] == VECTORS["greedy"]["ids"]
    assert alone[2] is Finish.LENGTH
    assert alone[3] == Usage(37, 16, 0)
    sampled = ask("sampled", "Tell me a story.", sampling=Sampling(temperature=0.8, top_p=0.95, seed=3), max_tokens=24)
    told = await answer(backend, sampled)
    crowd = [ask(f"crowd {i}", f"What is {i} + {i}?", sampling=Sampling(temperature=0.1 * i, seed=i)) for i in range(10)]
    requests = [*crowd, replace(question, id="again"), replace(sampled, id="told again")]
    found = await asyncio.gather(*(answer(backend, request) for request in requests))
    assert found[-2][1] == alone[1]
    assert found[-1][1] == told[1]
    assert found[-2][3].cached_tokens == 32
    assert backend.stats().pages_used == 0


async def test_forms_and_tools(backend: NativeBackend) -> None:
    schema = {
        "type": "object",
        "properties": {"city": {"enum": ["Paris", "Rome"]}},
        "required": ["city"],
        "additionalProperties": False,
    }
    text, _, reason, usage, _ = await answer(
        backend, ask("form", "The capital of Italy?", guide=Guide(schema=schema), max_tokens=64)
    )
    assert reason is Finish.STOP
    assert json.loads(text)["city"] in ("Paris", "Rome")
    assert usage.completion_tokens <= 64
    tool = {"type": "function", "function": {"name": "weather", "description": "of a city", "parameters": schema}}
    request = ask("tool", "Is it raining in Rome?", tools=(tool,), tool_choice="required", max_tokens=96)
    _, _, reason, _, calls = await answer(backend, request)
    assert reason is Finish.TOOL_CALLS
    assert calls[0].name == "weather"
    assert json.loads(calls[0].arguments)["city"] in ("Paris", "Rome")

"""The native engine behind the Backend port, with a tiny random decoder: laws of answers, limits, and what goes wrong."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from array import array
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.compute.engine_kit import CONFIG, EOS, LIMITS, answered, asked, chat, opened, tiny_model

from zerog._native import BatchingEngine
from zerog.compute.api import Delta, EmbeddingRequest, Finish, Guide, Message, Sampling, Usage
from zerog.errors import Exhausted, InternalError, InvalidInput, NotFound, TimedOut, Unavailable
from zerog.primitives import batching


async def test_an_answer_alone_and_in_a_crowd(seed: int) -> None:
    async with opened(seed) as backend:
        one = asked("hello", sampling=Sampling(temperature=1.2, seed=11, top_p=0.95, frequency_penalty=0.3))
        alone = await answered(backend, one)
        crowd = [asked(f"somebody {i} else", sampling=Sampling(seed=i, temperature=0.1 * i)) for i in range(12)]
        again = replace(one, id="again", account=b"\1" * 20)
        found = await asyncio.gather(*(answered(backend, request) for request in [*crowd, again]))
        assert found[-1].ids == alone.ids
        assert alone.usage == Usage(1 + len("hello") - 5, 24, 0)
        assert alone.reasons == {0: Finish.LENGTH}
        assert all(len(answer.ids[0]) == 24 for answer in found)
        assert backend.stats().completion_tokens == 14 * 24
        assert backend.stats().running == backend.stats().waiting == backend.stats().pages_used == 0


async def test_guessing_changes_nothing(seed: int) -> None:
    prompt = "abcabcabcabcabcabcabc"
    requests = [
        Sampling(temperature=0),
        Sampling(temperature=0.9, seed=3, logit_bias={65: 9.0}),
        Sampling(temperature=0.5, seed=4, logit_bias={65: 20.0, 66: 20.0}, frequency_penalty=1.5),
        Sampling(temperature=0, repetition_penalty=1.2, logprobs=True),
    ]
    async with opened(seed) as guessing, opened(seed, replace(LIMITS, draft_tokens_max=0)) as plain:
        for sampling in requests:
            request = asked(prompt, sampling=sampling, max_tokens=80)
            assert (await answered(guessing, request)).ids == (await answered(plain, request)).ids
        counts = guessing._service.counts
        assert counts["guessed_tokens"] >= counts["confirmed_tokens"] > 0
        assert plain._service.counts["guessed_tokens"] == 0


async def test_the_same_beginning_is_not_computed_again(seed: int) -> None:
    async with opened(seed) as backend:
        request = asked("a long beginning that many questions share, word by word", max_tokens=5)
        first = await answered(backend, request)
        second = await answered(backend, replace(request, id="second"))
        stranger = await answered(backend, replace(request, id="third", account=b"\2" * 20))
        assert first.ids == second.ids == stranger.ids
        assert (first.usage.cached_tokens, second.usage.cached_tokens, stranger.usage.cached_tokens) == (0, 48, 0)


async def test_several_answers(seed: int) -> None:
    async with opened(seed) as backend:
        request = asked("hello", choices=4, sampling=Sampling(temperature=1.5, seed=1))
        found = await answered(backend, request)
        assert sorted(found.ids) == [0, 1, 2, 3]
        assert len({tuple(ids) for ids in found.ids.values()}) > 1
        assert found.usage == Usage(1, 4 * 24)
        assert (await answered(backend, replace(request, id="again"))).ids == found.ids


async def test_stop_strings_and_tokens(seed: int) -> None:
    async with opened(seed) as backend:
        request = asked("hello", sampling=Sampling(temperature=0), max_tokens=60)
        whole = await answered(backend, request)
        ids = whole.ids[0]
        text = whole.texts[0]
        stop = text[6:9]
        cut = await answered(backend, replace(request, id="cut", stop=(stop,)))
        assert cut.texts[0] == text[: text.find(stop)]
        assert cut.reasons == {0: Finish.STOP}
        assert cut.usage.completion_tokens < 60
        last = next(index for index in range(5, 60) if ids[index] not in ids[:index])
        ended = await answered(backend, replace(request, id="ended", stop_token_ids=(ids[last],)))
        assert ended.ids[0] == ids[:last]
        assert ended.reasons == {0: Finish.STOP}
        assert ended.usage.completion_tokens == last + 1
        longer = replace(request, id="longer", stop_token_ids=(ids[last],), min_tokens=last + 2)
        assert len((await answered(backend, longer)).ids[0]) > last


async def test_bias_and_logprobs(seed: int) -> None:
    async with opened(seed) as backend:
        wanted = 65
        sampling = Sampling(temperature=0, logit_bias={wanted: 100.0}, logprobs=True, top_logprobs=3)
        found = await answered(backend, asked("hello", sampling=sampling, max_tokens=4))
        assert found.ids[0] == [wanted] * 4
        assert found.texts[0] == "AAAA"
        assert [(one.id, one.token, one.bytes, len(one.top)) for one in found.logprobs] == [(wanted, "A", b"A", 3)] * 4
        for one in found.logprobs:
            assert one.logprob <= one.top[0].logprob <= 0
            assert one.top[0].logprob >= one.top[1].logprob >= one.top[2].logprob
        ended = await answered(backend, asked("x", sampling=Sampling(logit_bias={EOS: 100.0}), ignore_eos=False))
        assert (ended.texts, ended.reasons, ended.usage.completion_tokens) == ({}, {0: Finish.STOP}, 1)


async def test_an_answer_of_a_given_form(seed: int) -> None:
    schema = {"type": "object", "properties": {"n": {"enum": [1, 2]}}, "required": ["n"], "additionalProperties": False}
    sampling = Sampling(temperature=0.5, seed=2, logit_bias={ord(letter): 20.0 for letter in '{}":,n'})
    async with opened(seed) as backend:
        for request in [
            asked("a", guide=Guide(schema=schema), sampling=sampling, max_tokens=100, ignore_eos=False),
            asked("a", guide=Guide(schema=schema), sampling=sampling, max_tokens=100, ignore_eos=False, choices=2),
        ]:
            found = await answered(backend, request)
            for choice, text in found.texts.items():
                if found.reasons[choice] is Finish.STOP:
                    assert list(json.loads(text)) == ["n"]
            assert Finish.STOP in found.reasons.values()
        yes = await answered(backend, asked("a", guide=Guide(regex="(yes|no)"), ignore_eos=False))
        assert yes.texts[0] in ("yes", "no")
        tools = ({"type": "function", "function": {"name": "add", "parameters": schema}},)
        called = await answered(backend, chat("a", tools=tools, tool_choice="required", sampling=sampling, max_tokens=100))
        assert called.reasons == {0: Finish.TOOL_CALLS}
        assert called.calls[0].name == "add"
        assert list(json.loads(called.calls[0].arguments)) == ["n"]
        for guide in [
            Guide(schema={"type": "nonsense"}),
            Guide(regex="(("),
            Guide(grammar="%%%"),
            Guide(schema={"$ref": "#/no"}),
        ]:
            with pytest.raises(InvalidInput):
                await answered(backend, asked("a", guide=guide))


async def test_a_reader_that_goes_away(seed: int) -> None:
    async with opened(seed) as backend:
        stream = backend.generate(asked("hello", max_tokens=200))
        seen = 0
        async for event in stream:
            seen += isinstance(event, Delta)
            if seen == 3:
                break
        await stream.aclose()
        await answered(backend, asked("hello", max_tokens=2))  # the engine has turned since
        assert backend.stats().running == 0
        assert backend.stats().pages_used == 0
        waiting = asyncio.create_task(answered(backend, asked("hello", max_tokens=200)))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await answered(backend, asked("hello", max_tokens=2))
        assert backend.stats().running == 0


async def test_a_reader_that_does_not_read_is_paused(seed: int) -> None:
    async with opened(seed) as backend:
        stream = backend.generate(asked("hello", max_tokens=200))
        await anext(stream)
        await anext(stream)
        others = [await answered(backend, asked(f"other {i}", max_tokens=100)) for i in range(2)]
        assert all(len(other.ids[0]) == 100 for other in others)
        assert len(next(iter(backend._service._streams.values())).tokens) < 100
        rest = [event async for event in stream]
        assert sum(len(event.token_ids) for event in rest if isinstance(event, Delta)) > 90


async def test_deadlines(seed: int) -> None:
    async with opened(seed) as backend:
        with pytest.raises(TimedOut):
            await answered(backend, asked("hello", max_tokens=900, deadline_s=0.0001))
        assert len((await answered(backend, asked("hello"))).ids[0]) == 24


async def test_refusals(seed: int) -> None:
    async with opened(seed) as backend:
        wrong: list[dict[str, Any]] = [
            {"text": ()}, {"text": (len("x") + 10**6,)}, {"text": ""}, {"text": tuple([5] * 1024)}, {"text": "x" * 5000},
            {"sampling": Sampling(logit_bias={10**6: 1.0})}, {"max_tokens": 0},
            {"sampling": Sampling(top_p=0.0)}, {"sampling": Sampling(temperature=float("nan"))}, {"choices": 40},
        ]  # fmt: skip
        for options in wrong:
            with pytest.raises(InvalidInput):
                await answered(backend, asked(**options))
        with pytest.raises(NotFound):
            await backend.prompt_tokens_max(replace(asked(), model="other"))
        with pytest.raises(InvalidInput):
            await backend.embed(EmbeddingRequest("tiny", "e", ("a",)))
        parts = (Message("user", "look", parts=({"type": "image_url"},)),)
        with pytest.raises(InvalidInput, match="text only"):
            await answered(backend, replace(chat("a"), messages=parts))
        with pytest.raises(InvalidInput):
            await answered(backend, chat("a", tools=({"function": {"name": "x"}},), tool_choice={"function": {"name": "y"}}))
        await backend.check()
        clamped = await answered(backend, asked("hello", max_tokens=10**9))
        assert clamped.usage.total_tokens == CONFIG.context_size
    with pytest.raises(Unavailable):
        await answered(backend, asked("hello"))
    with pytest.raises(Unavailable):
        await backend.check()


async def test_a_full_queue(seed: int) -> None:
    limits = replace(LIMITS, waiting_max=2, account_waiting_max=2, running_max=1)
    async with opened(seed, limits) as backend:
        outcomes = await asyncio.gather(*(answered(backend, asked("hello")) for _ in range(8)), return_exceptions=True)
        refused = [outcome for outcome in outcomes if isinstance(outcome, Exhausted)]
        assert refused
        assert len(refused) < 8
        assert all(isinstance(outcome, Exhausted) or outcome.usage.completion_tokens == 24 for outcome in outcomes)  # type: ignore[union-attr]


async def test_prompts_are_counted_exactly(seed: int) -> None:
    async with opened(seed) as backend:
        for request in [chat("hello"), asked("hello world"), asked((1, 2, 3)), chat("x" * 150)]:
            count = await backend.prompt_tokens_max(request)
            assert (await answered(backend, request)).usage.prompt_tokens == count


async def test_small_memory_still_answers_all(seed: int) -> None:
    limits = replace(LIMITS, page_count=12, account_pages_max=12)
    async with opened(seed, limits) as backend, opened(seed) as roomy:
        requests = [asked(f"question {i} {'x' * i}", max_tokens=60) for i in range(10)]
        found = await asyncio.gather(*(answered(backend, request) for request in requests))
        assert backend.stats().preemptions > 0
        for request, answer in zip(requests, found, strict=True):
            assert answer.ids == (await answered(roomy, request)).ids


class Dying:
    """An engine whose next step raises."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> Any:
        return getattr(self._engine, name)

    def step(self, now_us: int) -> Any:
        raise RuntimeError("out of order")


async def test_a_thread_that_dies_leaves_nobody_waiting(seed: int) -> None:
    async with opened(seed) as backend:
        await answered(backend, asked("hello"))
        stream = backend.generate(asked("hello", max_tokens=900))
        await anext(stream)
        backend._service._engine = Dying(backend._service._engine)  # type: ignore[assignment]
        outcomes = await asyncio.gather(
            *(answered(backend, asked("hello", max_tokens=900)) for _ in range(3)), return_exceptions=True
        )
        assert all(isinstance(outcome, Unavailable) for outcome in outcomes) or not backend._service.is_running
        with pytest.raises(Unavailable):
            async for _ in stream:
                pass
        with pytest.raises(Unavailable):
            await backend.check()


def test_an_engine_belongs_to_one_thread() -> None:
    """Every call from a second thread during a step is refused, and the step's owner is not disturbed."""
    engine = BatchingEngine(
        batching.make_decoder(tiny_model(7).packed, 128, 64), page_count=128, account_pages_max=128, context_tokens_max=1024,
        step_tokens_max=64, running_max=32, account_running_max=32, waiting_max=64, account_waiting_max=64, draft_tokens_max=0,
        draft_running_max=0,
    )  # fmt: skip

    def submit(id: int) -> None:
        engine.submit(
            id, bytes(32), array("I", range(60)).tobytes(), new_tokens_max=60, choices=1, deadline_us=1 << 62, stop_tokens=[],
            temperature=0.0, top_p=1.0, min_p=0.0, top_k=0, repetition_penalty=1.0, frequency_penalty=0.0, presence_penalty=0.0,
            seed=1, logit_bias=[], tokens_min=0, logprobs=False, top_logprobs=0, is_guided=False, may_draft=False,
        )  # fmt: skip

    calls = [
        lambda: submit(1 << 40), lambda: engine.cancel(1 << 40, None, False), lambda: engine.pause(1 << 40, 0, True),
        lambda: engine.allow(1 << 40, 0, bytes(4 * ((CONFIG.vocabulary_size + 31) // 32))), lambda: engine.step(0),
        engine.counts, lambda: engine.is_idle,
    ]  # fmt: skip
    for call in calls:
        is_refused = threading.Event()
        owner = threading.Thread(target=_turn_until, args=(engine, submit, is_refused))
        owner.start()
        said = ""
        try:
            while owner.is_alive() and not said:
                try:
                    call()
                except (Exhausted, InvalidInput):
                    continue
                except InternalError as error:
                    said = str(error)
        finally:
            is_refused.set()
            owner.join(30)
        assert "two threads" in said
    while not engine.is_idle:
        engine.step(0)
    assert engine.counts()["pages_available"] == 128


def _turn_until(engine: BatchingEngine, submit: Callable[[int], None], over: threading.Event) -> None:
    deadline, id = time.monotonic() + 20, 0
    while not over.is_set() and time.monotonic() < deadline:
        with contextlib.suppress(InternalError):  # the stranger was in first: whoever comes second is refused
            if engine.is_idle:
                id += 1
                submit(id)
            engine.step(0)

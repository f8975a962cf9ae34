"""The native decoder beside llama.cpp: on the same file (SmolLM2-135M-Instruct, GGUF, Q4_1) and on its fastest format, Q4_0.

Speed: prompts of 64 tokens, then decoding at 1, 8 and 32 sequences, and prompts of 512; turns interleaved. With one thread each
by the thread's own processor time, which a busy machine does not disturb; with two threads by the clock. Ours finds the most
likely token inside the step, llama.cpp is timed up to its logits.

Quality: perplexity over 20,480 tokens of the protocol's own pages, in windows of 512; and 200 prompts of 64 more tokens, whose
logits are compared with the scalar definition bit for bit.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from measure import ROOT, TINY, interleave, keep
from peers import llama
from zerog import _native
from zerog.compute.engine.weights import LoadedModel, load_gguf
from zerog.primitives import batching

sys.path.insert(0, str(ROOT / "tests" / "e2e"))
from model_files import smollm2

pytestmark = pytest.mark.timeout(3600)

PROMPT = 64
STREAMS = (1,) if TINY else (1, 8, 32)
STEPS = {1: 16, 8: 8, 32: 4}
WINDOW = 512
WINDOWS = 1 if TINY else 40
PROMPTS = 1 if TINY else 200
MORE = 4 if TINY else 64
PAGES = ("chain", "storage", "da", "compute")


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return load_gguf(smollm2())


@pytest.fixture(params=[1] if TINY else [1, 2], ids=lambda count: f"threads{count}")
def threads(request: pytest.FixtureRequest) -> Iterator[int]:
    before = _native.thread_count()
    _native.set_thread_count(request.param)
    yield request.param
    _native.set_thread_count(before)


class Ours:
    """The decoder with a fixed page table for each sequence."""

    def __init__(self, model: LoadedModel, sequences: int, positions: int, backend: str = "") -> None:
        each = (positions + batching.PAGE_TOKENS - 1) // batching.PAGE_TOKENS
        self.runner = batching.make_decoder(model.packed, sequences * each, 512, backend=backend)
        self.offsets, self.pages = batching.page_offsets(range(s * each, (s + 1) * each) for s in range(sequences))

    def step(self, rows: list[tuple[int, int, int, int]]) -> tuple[Any, ...]:
        """Rows of (token, position, sequence, want)."""
        token, position, sequence, want = (list(part) for part in zip(*rows, strict=True))
        arrays = [np.array(part, np.uint32) for part in (token, position, sequence)]
        return self.runner.step(*arrays, np.array(want, np.uint8), self.offsets, self.pages)


def test_speed(model: LoadedModel, threads: int) -> None:
    clock = time.thread_time if threads == 1 else time.perf_counter
    fast = llama.requantised(smollm2(), smollm2().with_suffix(".Q4_0.gguf"))
    rng = np.random.default_rng(1)
    results: dict[str, Any] = {}
    for name, path in (("Q4_1", smollm2()), ("Q4_0", fast)):
        for streams in STREAMS:
            steps = STEPS[streams]
            ours = Ours(model, streams, PROMPT + steps)
            peer = llama.Llama(path, threads, streams * (PROMPT + steps), streams)
            for s in range(streams):
                prompt = rng.integers(100, 49_000, PROMPT).tolist()
                ours.step([(t, i, s, i == PROMPT - 1) for i, t in enumerate(prompt)])
                peer.decode([(t, i, s, i == PROMPT - 1) for i, t in enumerate(prompt)])
            tokens = rng.integers(100, 49_000, (steps, streams)).tolist()

            def decode_ours(ours: Ours = ours, tokens: list[list[int]] = tokens) -> None:
                for g, row in enumerate(tokens):
                    ours.step([(t, PROMPT + g, s, batching.WANT_GREEDY) for s, t in enumerate(row)])

            def decode_peer(peer: llama.Llama = peer, tokens: list[list[int]] = tokens) -> None:
                for g, row in enumerate(tokens):
                    peer.decode([(t, PROMPT + g, s, True) for s, t in enumerate(row)])
                for s in range(len(tokens[0])):
                    peer.drop(s, PROMPT)

            found = interleave(decode_ours, decode_peer, clock=clock)
            results[f"decode, {streams:02d} streams, llama.cpp {name}"] = found.summary(streams * steps)
            peer.close()
        ours, peer = Ours(model, 1, WINDOW), llama.Llama(path, threads, WINDOW, 1)
        prompt = rng.integers(100, 49_000, WINDOW).tolist()
        rows = [(t, i, 0, int(i == WINDOW - 1)) for i, t in enumerate(prompt)]

        def prefill_peer(peer: llama.Llama = peer, rows: list[tuple[int, int, int, int]] = rows) -> None:
            peer.forget()
            peer.decode([(t, i, s, bool(want)) for t, i, s, want in rows])

        found = interleave(lambda ours=ours, rows=rows: ours.step(rows), prefill_peer, clock=clock)
        results[f"prefill, {WINDOW} tokens, llama.cpp {name}"] = found.summary(WINDOW)
        peer.close()
    keep(f"inference_speed_threads{threads}", results)
    if not TINY:
        assert results["decode, 01 streams, llama.cpp Q4_1"]["ratio_median"] > 1


def surprise(logits: NDArray[np.float32], tokens: NDArray[np.int64]) -> NDArray[np.float64]:
    """Negative logarithm of each token's probability."""
    wide = logits.astype(np.float64)
    most = wide.max(axis=1)
    result: NDArray[np.float64] = np.log(np.exp(wide - most[:, None]).sum(axis=1)) + most - wide[np.arange(len(tokens)), tokens]
    return result


def test_perplexity(model: LoadedModel) -> None:
    peer = llama.Llama(smollm2(), 1, WINDOW, 1)
    text = "\n".join((ROOT / "docs" / "protocol" / f"{page}.md").read_text() for page in PAGES)
    tokens = np.array(peer.tokens(text)[: WINDOW * WINDOWS])
    assert len(tokens) == WINDOW * WINDOWS
    ours = Ours(model, 1, WINDOW)
    totals: dict[str, list[NDArray[np.float64]]] = {"ours": [], "llama.cpp": []}
    apart, agree = [], 0
    for window in tokens.reshape(-1, WINDOW):
        rows = [(int(t), i, 0) for i, t in enumerate(window)]
        mine = ours.step([(*row, batching.WANT_LOGITS) for row in rows])[4]
        peer.forget()
        peer.decode([(*row, True) for row in rows])
        theirs = np.stack([peer.logits(i) for i in range(WINDOW)])
        totals["ours"].append(surprise(mine[:-1], window[1:]))
        totals["llama.cpp"].append(surprise(theirs[:-1], window[1:]))
        apart.append(np.abs(mine - theirs))
        agree += int((mine.argmax(axis=1) == theirs.argmax(axis=1)).sum())
    peer.close()
    perplexity = {name: float(np.exp(np.concatenate(parts).mean())) for name, parts in totals.items()}
    ratio = perplexity["ours"] / perplexity["llama.cpp"]
    facts = {f"perplexity, {name}": round(value, 4) for name, value in perplexity.items()}
    facts |= {"ratio": round(ratio, 5), "tokens": len(tokens), "same most likely token": round(agree / len(tokens), 4)}
    facts |= {"logits apart, mean": round(float(np.mean(apart)), 4), "logits apart, max": round(float(np.max(apart)), 3)}
    keep("inference_perplexity", facts)
    assert abs(ratio - 1) < 0.01


def test_prompts_equal_the_definition(model: LoadedModel) -> None:
    """Greedy answers of the chosen backend, 25 prompts at a time; then the definition reads each whole text once."""
    rng = np.random.default_rng(7)
    together = 25
    for first in range(0, PROMPTS, together):
        count = min(together, PROMPTS - first)
        texts = [rng.integers(100, 49_000, int(rng.integers(8, 24))).tolist() for _ in range(count)]
        starts = [len(text) for text in texts]
        ours = Ours(model, count, 24 + MORE)
        answers = ours.step([(t, i, s, int(i == len(text) - 1)) for s, text in enumerate(texts) for i, t in enumerate(text)])
        logits: list[list[float]] = [[] for _ in texts]
        for _ in range(MORE):
            for s, text in enumerate(texts):
                text.append(int(answers[1][s]))
                logits[s].append(float(answers[2][s]))
            answers = ours.step([(text[-1], len(text) - 1, s, batching.WANT_GREEDY) for s, text in enumerate(texts)])
        for s, text in enumerate(texts):
            plain = Ours(model, 1, 24 + MORE, backend="scalar")
            rows = [(t, i, 0, batching.WANT_GREEDY if i >= starts[s] - 1 else 0) for i, t in enumerate(text[:-1])]
            found = plain.step(rows)
            assert found[1].tolist() == text[starts[s] :], f"prompt {first + s}"
            assert found[2].tolist() == logits[s], f"prompt {first + s}"
    keep("inference_prompts", {"prompts": PROMPTS, "tokens each": MORE, "different tokens": 0, "different logits": 0})

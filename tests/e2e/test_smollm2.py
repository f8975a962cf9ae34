"""SmolLM2-135M-Instruct, the real file, through the native decoder."""

from __future__ import annotations

import numpy as np
import pytest
from model_files import smollm2

from zerog import _native
from zerog.compute.engine.weights import LoadedModel, load_gguf
from zerog.primitives import batching

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.timeout(600)]

# <|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n
PROMPT = [1, 4093, 198, 1780, 314, 260, 3575, 282, 4649, 47, 2, 198, 1, 520, 9531, 198]
ANSWER = [504, 3575, 282, 4649, 314, 7042, 30, 2]  # The capital of France is Paris.<|im_end|>


@pytest.fixture(params=["scalar", "avx2", "avx512"])
def backend(request: pytest.FixtureRequest) -> str:
    report = next(entry for entry in _native.backends() if entry["kernel"] == "gemm")
    if request.param not in report["available"]:
        pytest.skip(f"gemm has no {request.param} on this machine")
    return str(request.param)


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return load_gguf(smollm2())


def generate(runner: batching.StepRunner, prompt: list[int], count: int, pages: list[int]) -> list[int]:
    offsets, table = batching.page_offsets([pages])
    out: list[int] = []
    rows, position = prompt, 0
    while len(out) < count:
        size = len(rows)
        wants = np.array([batching.WANT_NOTHING] * (size - 1) + [batching.WANT_GREEDY], np.uint8)
        positions = np.arange(position, position + size, dtype=np.uint32)
        answers = runner.step(np.array(rows, np.uint32), positions, np.zeros(size, np.uint32), wants, offsets, table)
        position += size
        out.append(int(answers[1][0]))
        rows = out[-1:]
    return out


def test_the_file_is_what_the_notes_say(model: LoadedModel) -> None:
    c = model.config
    assert (c.layers, c.width, c.heads, c.kv_heads, c.head_size, c.inner_width) == (30, 576, 9, 3, 64, 1536)
    assert (c.vocabulary_size, c.context_size, c.rope_base, c.rope_halves) == (49_152, 8192, 1e5, False)
    assert model.packed.page_size_bytes == 16 * 23_040
    assert 96_000_000 < model.packed.size_bytes < 98_362_432  # as many bits as the file has


def test_the_capital_of_france(model: LoadedModel) -> None:
    runner = batching.make_decoder(model.packed, 4, 64)
    assert generate(runner, PROMPT, len(ANSWER), [3, 0]) == ANSWER


def test_backends_agree_to_the_bit(model: LoadedModel, backend: str) -> None:
    """The answer's logits in one batch, compared with the definition."""
    tokens = np.array(PROMPT + ANSWER, np.uint32)
    size = len(tokens)
    offsets, table = batching.page_offsets([[1, 0]])
    found = []
    for name in ("scalar", backend):
        runner = batching.make_decoder(model.packed, 2, 32, backend=name)
        wants = np.array([batching.WANT_NOTHING] * (size - 2) + [batching.WANT_LOGITS] * 2, np.uint8)
        found.append(runner.step(tokens, np.arange(size, dtype=np.uint32), np.zeros(size, np.uint32), wants, offsets, table)[4])
    assert found[0].tobytes() == found[1].tobytes()

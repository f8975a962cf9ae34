"""all-MiniLM-L6-v2, the real file, through the native encoder."""

from __future__ import annotations

import numpy as np
import pytest
from model_files import minilm
from numpy.typing import NDArray

from zerog.compute.engine.weights import load_bert
from zerog.errors import InvalidInput
from zerog.primitives import batching

pytestmark = [pytest.mark.slow, pytest.mark.e2e, pytest.mark.timeout(600)]

# Four sentences as the model's own tokenizer numbers them.
SENTENCES = [
    [101, 2008, 2003, 1037, 3407, 2711, 102],  # That is a happy person
    [101, 2008, 2003, 1037, 2200, 3407, 2711, 102],  # That is a very happy person
    [101, 2008, 2003, 1037, 3407, 3899, 102],  # That is a happy dog
    [101, 2651, 2003, 1037, 11559, 2154, 102],  # Today is a sunny day
]
# Likeness to the first sentence, as the model's card shows it for sentence-transformers in single precision.
LIKENESS = [1.0, 0.9429, 0.6945, 0.2571]


@pytest.fixture(scope="module")
def encoder() -> batching.SentenceEncoder:
    return load_bert(minilm().parent, 1024)


def encode(encoder: batching.SentenceEncoder, sentences: list[list[int]]) -> NDArray[np.float32]:
    offsets = np.cumsum([0, *map(len, sentences)]).astype(np.uint32)
    return encoder.encode(np.concatenate([np.array(s, np.uint32) for s in sentences] or [np.zeros(0, np.uint32)]), offsets)


def test_likeness_of_sentences(encoder: batching.SentenceEncoder) -> None:
    found = encode(encoder, SENTENCES)
    assert found.shape == (4, 384)
    assert np.linalg.norm(found, axis=1) == pytest.approx([1] * 4, abs=1e-6)
    assert found @ found[0] == pytest.approx(LIKENESS, abs=5e-4)


def test_neighbours_change_nothing(encoder: batching.SentenceEncoder) -> None:
    """Alone, in any company and in any place: the same bits; on every backend too."""
    together = encode(encoder, [*SENTENCES, [7] * 300, *SENTENCES])
    for index, sentence in enumerate(SENTENCES):
        alone = encode(encoder, [sentence])[0].tobytes()
        assert alone == together[index].tobytes() == together[index + 5].tobytes()
    assert encode(encoder, []).shape == (0, 384)
    scalar = load_bert(minilm().parent, 64, backend="scalar")
    assert encode(scalar, SENTENCES[:2]).tobytes() == together[:2].tobytes()


@pytest.mark.parametrize("sentences", [[[]], [[30522]], [[1] * 513], [[1] * 500] * 3])
def test_refusals(encoder: batching.SentenceEncoder, sentences: list[list[int]]) -> None:
    with pytest.raises(InvalidInput):
        encode(encoder, sentences)

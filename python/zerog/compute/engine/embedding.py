"""Sentence vectors behind the Backend port: the native encoder, with the tokenizer that the model brings."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from zerog.compute.api import BackendStats, EmbeddingRequest, Embeddings, Event, GenerationRequest, Kind, Model
from zerog.compute.engine.weights import load_bert
from zerog.errors import InvalidInput, NotFound
from zerog.primitives import batching
from zerog.runtime.offload import Offload

ROWS_MAX: Final = 4096
TOKENS_MAX: Final = 512
_REMEMBERED: Final = 256


class EmbeddingBackend:
    """One encoder.

    Args:
        directory: as Hugging Face lays it out: ``config.json``, ``model.safetensors``, ``tokenizer.json``.
        waiting_max: requests that wait for the one thread; more are refused.

    Use as ``async with``.

    Raises:
        NotFound: a file is not there. InvalidInput: another architecture, or a tokenizer that does not read.
    """

    def __init__(self, directory: Path, *, model_id: str, aliases: tuple[str, ...] = (), waiting_max: int = 64) -> None:
        self._encoder: batching.SentenceEncoder = load_bert(directory, ROWS_MAX)
        file = directory / "tokenizer.json"
        if not file.exists():
            raise NotFound(f"no tokenizer {file}")
        try:
            self._tokenizer: Any = Tokenizer.from_file(str(file))
        except Exception as error:  # the library raises plain Exception
            raise InvalidInput(f"{file}: {error}") from None
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._vocabulary: int = self._tokenizer.get_vocab_size()
        width = int(self._encode([[0]]).shape[1])
        self._model = Model(model_id, Kind.EMBEDDING, TOKENS_MAX, 1, "sentence vectors", aliases=aliases, dimensions=width)
        self._lane = Offload(1, waiting_max=waiting_max, name="embed")
        self._remembered: OrderedDict[str, list[list[int]]] = OrderedDict()
        self._prompt_tokens = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lane.__exit__(kind, error, trace)

    def models(self) -> Sequence[Model]:
        return (self._model,)

    def stats(self) -> BackendStats:
        return BackendStats(running=min(1, self._lane.waiting), waiting=self._lane.waiting, prompt_tokens=self._prompt_tokens)

    async def check(self) -> None:
        """It is always ready."""

    async def prompt_tokens_max(self, request: GenerationRequest | EmbeddingRequest) -> int:
        if not isinstance(request, EmbeddingRequest):
            raise NotFound(f"{self._model.id} makes vectors, no text")
        rows = await self._lane.run(self._cut, request.texts)
        self._remembered[request.id] = rows
        if len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)
        return sum(len(row) for row in rows)

    async def generate(self, request: GenerationRequest) -> AsyncGenerator[Event, None]:
        raise NotFound(f"{self._model.id} makes vectors, no text")
        yield

    async def embed(self, request: EmbeddingRequest) -> Embeddings:
        if request.dimensions not in (None, self._model.dimensions):
            raise InvalidInput(
                f"dimensions: {self._model.id} has {self._model.dimensions}, found {request.dimensions}", param="dimensions"
            )
        rows = self._remembered.pop(request.id, None)
        if rows is None:
            rows = await self._lane.run(self._cut, request.texts)
        made: list[Sequence[float]] = []
        for part in _portions(rows):  # one call at a time, so that a long request does not keep others from the thread
            made += (await self._lane.run(self._encode, part)).tolist()
        count = sum(len(row) for row in rows)
        self._prompt_tokens += count
        return Embeddings(made, count)

    def _cut(self, texts: Sequence[str | tuple[int, ...]]) -> list[list[int]]:
        rows = []
        for index, text in enumerate(texts):
            row = [int(token) for token in (self._tokenizer.encode(text).ids if isinstance(text, str) else text)]
            if not 0 < len(row) <= TOKENS_MAX:
                raise InvalidInput(
                    f"input[{index}]: expected 1 to {TOKENS_MAX} tokens, found {len(row)}",
                    param="input", reason="context_length_exceeded",
                )  # fmt: skip
            if max(row) >= self._vocabulary:
                raise InvalidInput(f"input[{index}]: token ids end at {self._vocabulary - 1}, found {max(row)}", param="input")
            rows.append(row)
        return rows

    def _encode(self, rows: list[list[int]]) -> NDArray[np.float32]:
        offsets = np.cumsum([0, *(len(row) for row in rows)]).astype(np.uint32)
        tokens = np.fromiter((token for row in rows for token in row), np.uint32)
        return np.asarray(self._encoder.encode(tokens, offsets))


def _portions(rows: list[list[int]]) -> list[list[list[int]]]:
    """Rows in order, as many together as one call takes."""
    found: list[list[list[int]]] = []
    size = ROWS_MAX + 1
    for row in rows:
        if size + len(row) > ROWS_MAX:
            found.append([])
            size = 0
        found[-1].append(row)
        size += len(row)
    return found

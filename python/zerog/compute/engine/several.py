"""Several backends as one: each request goes to the one that has its model."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import fields

from zerog.compute.api import Backend, BackendStats, EmbeddingRequest, Embeddings, Event, GenerationRequest, Model
from zerog.errors import NotFound


class SeveralBackends:
    """Backends that somebody else opens and closes; the first is asked first."""

    def __init__(self, *backends: Backend) -> None:
        self._backends = backends

    def _of(self, model: str) -> Backend:
        for backend in self._backends:
            if any(model in (one.id, *one.aliases) for one in backend.models()):
                return backend
        raise NotFound(f"model {model[:100]!r} is not served here", param="model", reason="model_not_found")

    def models(self) -> Sequence[Model]:
        return [model for backend in self._backends for model in backend.models()]

    async def prompt_tokens_max(self, request: GenerationRequest | EmbeddingRequest) -> int:
        return await self._of(request.model).prompt_tokens_max(request)

    def generate(self, request: GenerationRequest) -> AsyncGenerator[Event, None]:
        return self._of(request.model).generate(request)

    async def embed(self, request: EmbeddingRequest) -> Embeddings:
        return await self._of(request.model).embed(request)

    def stats(self) -> BackendStats:
        """The sums."""
        return total([backend.stats() for backend in self._backends])

    async def check(self) -> None:
        for backend in self._backends:
            await backend.check()


def total(told: Sequence[BackendStats]) -> BackendStats:
    """The sums."""
    return BackendStats(**{field.name: sum(getattr(one, field.name) for one in told) for field in fields(BackendStats)})

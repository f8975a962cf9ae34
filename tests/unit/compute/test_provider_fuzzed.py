"""The served description of the API, taken at its word by schemathesis: no 5xx, no status that is not described."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from tests.unit.compute.provider_kit import ONE, World

from zerog.compute.gateway.openapi import description

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

EXAMPLES = 25


async def test_no_example_of_the_description_gets_a_5xx(world: World, seed: int) -> None:
    async with world.serving(compute__limits__tokens_default=4):
        await world.fund(4, 3 * ONE)
        served = (await world.get("/openapi.json")).json
        assert served == description()
        counts = await asyncio.to_thread(_fuzz, world.url, world.key(4), served, seed)
        assert len(counts) == len([1 for path in served["paths"].values() for _ in path])
        assert world.parts.accounts.totals[1:] == (0, 0)


def _fuzz(url: str, key: str, served: dict[str, Any], seed: int) -> dict[str, int]:
    schema = schemathesis.openapi.from_dict(served)
    counts: dict[str, int] = {}
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {key}"
        for result in schema.get_all_operations():
            operation = result.ok()
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                _try(operation, mode, session, url, counts, seed)
    return counts


def _try(operation: Any, mode: GenerationMode, session: requests.Session, url: str, counts: dict[str, int], seed: int) -> None:
    name = operation.label
    counts.setdefault(name, 0)

    @seeded(seed)
    @settings(
        max_examples=EXAMPLES, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    def one(case: Any) -> None:
        answer = case.call(base_url=url, session=session, timeout=30)
        counts[name] += 1
        assert answer.status_code < 500, (name, answer.status_code, answer.text[:300], case.body)
        told = operation.definition.raw["responses"]
        assert str(answer.status_code) in told or answer.status_code == 405, (name, answer.status_code, answer.text[:300])

    with contextlib.suppress(Unsatisfiable):  # an operation without a body has no wrong one
        given(case=operation.as_strategy(generation_mode=mode))(one)()

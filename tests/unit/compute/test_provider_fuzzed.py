"""The served description of the API, taken at its word by schemathesis: no 5xx, no status that is not described.

``ZEROG_API_EXAMPLES`` says how many examples there are in all; ``make fuzz-api`` asks for 20,000.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis.errors import Unsatisfiable
from requests.structures import CaseInsensitiveDict
from schemathesis import GenerationMode
from tests.unit.compute.provider_kit import ONE, World, eventually

from zerog.compute.gateway.openapi import description

QUICK = 1000
EXAMPLES = int(os.environ.get("ZEROG_API_EXAMPLES", str(QUICK)))

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300 if EXAMPLES <= QUICK else 7200)]

KINDS = {
    "chatbot": ("/v1/",),
    "text-to-image": ("/v1/proxy/images/generations", "/v1/async/images/generations", "/v1/async/jobs/{id}"),
    "image-editing": ("/v1/proxy/images/edits", "/v1/async/images/edits"),
    "speech-to-text": ("/v1/proxy/audio/transcriptions",),
    "video-generation": ("/v1/proxy/videos",),
}
"""Which paths mean more than "not served here" with which kind of provider."""
ITEMS_MAX = 3
LEAF = {
    "anyOf": [
        {"type": "string", "maxLength": 20}, {"type": "number"}, {"type": "boolean"}, {"type": "null"},
        {"type": "array", "items": {"type": "string", "maxLength": 9}, "maxItems": 2},
    ]
}  # fmt: skip
NOTHING_TO_ASK = ("/v1/models", "/v1/proxy/models", "/v1/quote", "/v1/lora/adapters")
"""One example each, and no wrong one."""
NOTHING_WRONG = (
    "/v1/models/{model}", "/v1/proxy/models/{model}", "/v1/proxy/images/{key}/{index}", "/v1/lora/adapters/{name}",
)  # fmt: skip
"""Any text is a right one."""


async def test_no_example_of_the_description_gets_a_5xx(world: World, seed: int, tmp_path: Path) -> None:
    served: dict[str, Any] = {}
    told = Counter[tuple[str, int]]()
    world.models.video = {"id": "video_%d", "status": "queued"}
    log = tmp_path / "provider.log"
    log.write_text("2026-11-23T00:00:00 INFO    test.event\n")
    for number, kind in enumerate(KINDS):
        flags = {"compute__service__kind": kind, "compute__queue__enabled": True, "compute__queue__waiting_max": 1 << 20}
        bounds = {"compute__limits__tokens_default": 4, "compute__queue__user_jobs_max": 1 << 20, "log__file": str(log)}
        async with world.serving(**flags, **bounds):
            if not number:
                await world.fund(4, 3 * ONE)
            served = (await world.get("/openapi.json")).json
            assert served == description()
            await asyncio.to_thread(_fuzz, world, kind, served, seed, told)
            await eventually(lambda: world.parts.accounts.totals[1:] == (0, 0), 60)
    operations = {f"{method.upper()} {path}" for path, methods in served["paths"].items() for method in methods}
    assert {label for label, _ in told} == operations
    assert sum(told.values()) >= EXAMPLES
    statuses = Counter[int]()
    for (_, status), count in told.items():
        statuses[status] += count
    print(f"{sum(told.values())} examples of {len(operations)} operations, seed {seed}: {dict(sorted(statuses.items()))}")


def _small(value: Any) -> Any:
    """A description whose examples are small: nearly all of the time goes into making them, and most of that into arrays of
    arrays and objects of any depth. What is large or deep: test_provider_shapes, and ``make fuzz-api``."""
    if isinstance(value, list):
        return [_small(one) for one in value]
    if not isinstance(value, dict):
        return value
    made = {key: _small(one) for key, one in value.items()}
    if made.get("type") == "array" and "maxItems" in made:
        made["maxItems"] = max(made.get("minItems", 0), min(made["maxItems"], ITEMS_MAX))
    if made.get("type") == "object" and "additionalProperties" not in made:
        made["additionalProperties"] = LEAF
        if "properties" not in made:
            made["maxProperties"] = ITEMS_MAX
    return made


def _fuzz(world: World, kind: str, served: dict[str, Any], seed: int, told: Counter[tuple[str, int]]) -> None:
    whole = _small(served) if EXAMPLES <= QUICK else served
    known, strange = (_operations(schema, kind) for schema in (_open(whole), whole))
    paths = len(served["paths"])
    share = -(-EXAMPLES * 21 // (20 * (2 * (paths - len(NOTHING_TO_ASK)) - len(NOTHING_WRONG))))  # some repeat themselves
    with requests.Session() as session:
        session.trust_env = False
        for operation in known:
            key = {"Authorization": f"Bearer {world.key(4)}"}
            session.headers = CaseInsensitiveDict(world.session_headers(1) if "/logs" in operation.path else key)
            for mode in GenerationMode.POSITIVE, GenerationMode.NEGATIVE:
                _try(operation, mode, session, world.url, share, seed, told)
        session.headers = CaseInsensitiveDict()
        for operation in strange:  # who asks is made up as well: such a request gets no further, so a few are enough
            _try(operation, GenerationMode.POSITIVE, session, world.url, -(-share // 8), seed, told)


def _open(described: dict[str, Any]) -> dict[str, Any]:
    """A description without keys: examples do not make up who asks."""
    kept = {key: value for key, value in described.items() if key != "components"}
    paths = {
        path: {method: {key: value for key, value in row.items() if key != "security"} for method, row in methods.items()}
        for path, methods in described["paths"].items()
    }
    return kept | {"paths": paths}


def _operations(described: dict[str, Any], kind: str) -> list[Any]:
    """The operations that mean most with a provider of a kind."""
    found = [result.ok() for result in schemathesis.openapi.from_dict(described).get_all_operations()]
    return [one for one in found if [other for other, paths in KINDS.items() if one.path.startswith(paths)][-1] == kind]


def _try(
    operation: Any,
    mode: GenerationMode,
    session: requests.Session,
    url: str,
    share: int,
    seed: int,
    told: Counter[tuple[str, int]],
) -> None:
    name, described = operation.label, operation.definition.raw["responses"]

    @seeded(seed)
    @settings(
        max_examples=share, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )  # fmt: skip
    def one(case: Any) -> None:
        answer = case.call(base_url=url, session=session, timeout=30)
        told[name, answer.status_code] += 1
        assert answer.status_code < 500, (name, answer.status_code, answer.text[:300], case.body)
        assert str(answer.status_code) in described, (name, answer.status_code, answer.text[:300])

    with contextlib.suppress(Unsatisfiable):
        given(case=operation.as_strategy(generation_mode=mode))(one)()

"""Who may enter: tokens that are replayed elsewhere, expired, of the future, foreign, forged, revoked; and limits."""

from __future__ import annotations

import asyncio
import base64
import time
from typing import Any

import pytest
from tests.unit.compute.provider_kit import ONE, World, eventually

from zerog.contracts import inference, registry

pytestmark = pytest.mark.slow

BODY = {"model": "small", "messages": [{"role": "user", "content": "one"}], "max_tokens": 1}
NOW = int(time.time() * 1000)
CHAT = "/v1/proxy/chat/completions"


async def test_forms_that_are_refused_also_after_a_restart(world: World) -> None:
    people = world.people
    async with world.serving():
        await world.fund(4, 2 * ONE)
    good = world.key(4)
    forms: dict[str, Any] = {
        "no key at all": " ",
        "another scheme": "Basic abc",
        "not ours": "Bearer sk-abcdef",
        "not base64": "Bearer app-sk-!!!!",
        "cut": f"Bearer {good[:-8]}",
        "foreign provider": f"Bearer {world.key(4, provider=people[2].address)}",
        "signed by another": f"Bearer {world.key(4, signer=5)}",
        "expired": f"Bearer {world.key(4, timestamp=NOW - 7200_000, expires_at=NOW - 1000)}",
        "of the future": f"Bearer {world.key(4, timestamp=NOW + 600_000, expires_at=NOW + 900_000)}",
        "longer than a day": f"Bearer {world.key(4, expires_at=NOW + 90_000_000)}",
        "session without end": f"Bearer {world.key(4, expires_at=0)}",
        "ends before it begins": f"Bearer {world.key(4, timestamp=NOW, expires_at=NOW - 1)}",
        "future generation": f"Bearer {world.key(4, generation=1)}",
        "bytes changed after signing": "Bearer " + _resealed(good),
        "bent json": f"Bearer {world.key(4, raw=lambda raw: raw[:-1])}",
        "negative generation": "Bearer " + world.key(4, raw=_negative),
        "huge token id": f"Bearer {world.key(4, token_id=256)}",
    }
    for restart in range(2):
        async with world.serving(acknowledge=False):
            await eventually(lambda: world.parts.accounts.fresh and world.parts.accounts.service is not None)
            assert (await world.post(CHAT, BODY)).status == 200
            for name, header in forms.items():
                refused = await world.post(CHAT, BODY, Authorization=header)
                assert refused.status == 401, (restart, name, refused.body)
                assert refused.error["code"] in ("invalid_api_key", "missing_api_key", "token_invalid", "token_expired"), name
                assert refused.error["message"]


def _negative(raw: bytes) -> bytes:
    return raw.replace(b'generation":0', b'generation":-1')


def _resealed(key: str) -> str:
    raw = base64.b64decode(key.removeprefix("app-sk-"))
    return "app-sk-" + base64.b64encode(raw.replace(b'"generation":0', b'"generation": 0')).decode()


async def test_a_revoked_key_is_refused_at_once(world: World) -> None:
    async with world.serving():
        await world.fund(4, 2 * ONE)
        one, two = (world.key(4, token_id=number, expires_at=0) for number in (1, 2))
        assert [(await world.post(CHAT, BODY, key=key)).status for key in (one, two)] == [200, 200]
        await world.send(4, registry.INFERENCE, inference.revoke_tokens(world.address, [1]))
        await asyncio.sleep(0.1)
        refused = await world.post(CHAT, BODY, key=one)
        assert (refused.status, refused.error["code"]) == (401, "token_revoked")
        assert (await world.post(CHAT, BODY, key=two)).status == 200
        session = world.key(4)
        await world.send(4, registry.INFERENCE, inference.revoke_all_tokens(world.address))
        await asyncio.sleep(0.1)
        for key in (two, session):
            refused = await world.post(CHAT, BODY, key=key)
            assert refused.status == 401
            assert "generation expired" in refused.error["message"]
        assert (await world.post(CHAT, BODY, key=world.key(4, generation=1))).status == 200
    async with world.serving(acknowledge=False):
        await eventually(lambda: world.parts.accounts.fresh and world.parts.accounts.service is not None)
        assert (await world.post(CHAT, BODY, key=two)).status == 401


async def test_who_has_no_account_and_whom_nobody_has_acknowledged(world: World) -> None:
    async with world.serving(acknowledge=False):
        await world.fund(4, 2 * ONE)
        await eventually(lambda: world.parts.accounts.fresh)
        refused = await world.post(CHAT, BODY, who=5)
        assert (refused.status, refused.error["code"]) == (402, "account_not_found")
        waiting = await world.post(CHAT, BODY)
        assert waiting.status == 503
        assert "not acknowledged" in waiting.error["message"]
        await world.acknowledge()
        assert (await world.post(CHAT, BODY)).status == 200
        other = await world.get(f"/v1/user/{world.people[5].address_text}/unsettledfee", Authorization=f"Bearer {world.key(4)}")
        assert other.status == 403
        assert isinstance(other.json["error"], str)


async def test_limits_of_one_user_and_their_headers(world: World) -> None:
    flags = {"compute__limits__requests_per_minute": 60, "compute__limits__requests_burst": 3}
    async with world.serving(**flags, compute__limits__tokens_per_minute=300):
        await world.fund(4, 2 * ONE)
        await world.fund(5, 2 * ONE)
        told = [await world.post(CHAT, BODY) for _ in range(4)]
        assert [answer.status for answer in told] == [200, 200, 200, 429]
        assert told[0].headers["x-ratelimit-limit-requests"] == "60"
        assert told[0].headers["x-ratelimit-remaining-requests"] == "2"
        assert told[3].headers["x-ratelimit-remaining-requests"] == "0"
        assert int(told[3].headers["Retry-After"]) >= 1
        assert told[3].error["type"] == "rate_limit_error"
        assert (await world.post(CHAT, BODY, who=5)).status == 200
        large = await world.post(CHAT, {**BODY, "max_tokens": 250}, who=5)
        large = await world.post(CHAT, {**BODY, "max_tokens": 290}, who=5) if large.status == 200 else large
        assert large.status == 429
        assert "tokens per minute" in large.error["message"]


async def test_requests_at_once_and_those_that_wait(world: World) -> None:
    flags = {"compute__limits__user_running_max": 2, "compute__limits__user_waiting_max": 1, "compute__limits__running_max": 3}
    async with world.serving(**flags, compute__limits__waiting_max=0):
        await world.fund(4, 2 * ONE)
        await world.fund(5, 2 * ONE)
        world.models.hold = asyncio.Event()
        mine = [asyncio.create_task(world.post(CHAT, BODY)) for _ in range(4)]
        await eventually(lambda: sum(task.done() for task in mine) == 1 and len(world.models.seen) == 2)
        (busy,) = [task.result() for task in mine if task.done()]
        assert (busy.status, busy.error["code"]) == (429, "concurrency_limit_exceeded")
        other = [asyncio.create_task(world.post(CHAT, BODY, who=5)) for _ in range(2)]
        await eventually(lambda: sum(task.done() for task in other) == 1)
        (full,) = [task.result() for task in other if task.done()]
        assert full.status == 503
        assert "Retry-After" in full.headers
        world.models.hold.set()
        assert sorted([(await task).status for task in mine]) == [200, 200, 200, 429]
        assert sorted([(await task).status for task in other]) == [200, 503]


async def test_what_anyone_may_ask(world: World) -> None:
    async with world.serving():
        for path in ("/v1/models", "/v1/proxy/models", "/v1/proxy/v1/models/"):
            cards = (await world.get(path)).json["data"]
            assert [card["id"] for card in cards] == ["small", "minilm"]
            assert cards[0]["tee_attested"] is False
        quote = (await world.get("/v1/quote")).json
        assert quote["mock"] is True
        assert "no confidential hardware" in bytes.fromhex(quote["quote"]).decode("latin-1")
        missing = await world.get("/v1/proxy/signature/chatcmpl-00000000-0000-4000-8000-000000000000")
        assert missing.status == 404
        assert missing.error["type"] == "chat_id_not_found"
        assert (await world.get("/v1/nothing")).status == 404
        assert (await world.get("/v1/proxy/chat/completions")).status == 405
        strange = await world.get("/v1/models", Host="evil.example")
        assert strange.status == 200  # any host by default
        away = await world.get("/v1/models", Origin="https://page.example")
        assert away.headers["Access-Control-Allow-Origin"] == "*"
        assert "ZG-Res-Key" in away.headers["Access-Control-Expose-Headers"]

"""Images by the queue and by URL: accepted, charged once, told to their owner alone, over a restart, within bounds."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import Any

import pytest
from tests.unit.compute.provider_kit import ONE, OUTPUT, Answer, World, eventually

from zerog.runtime.key import recover
from zerog.wire.typed_data import message_digest

pytestmark = pytest.mark.slow

QUEUE = {"compute__service__kind": "text-to-image", "compute__queue__enabled": True}
GENERATIONS = "/v1/async/images/generations"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(64))
BODY = {"prompt": "a cat", "n": 2}


async def poll(world: World, id: str, who: int = 4) -> Answer:
    return await world.get(f"/v1/async/jobs/{id}", Authorization=f"Bearer {world.key(who)}")


async def ended(world: World, id: str, who: int = 4) -> Answer:
    """The answer about a job that has ended; before that polls say when to ask again."""
    async with asyncio.timeout(20):
        while True:
            told = await poll(world, id, who)
            assert told.status == 200, told.body
            if told.json["status"] in ("completed", "failed"):
                assert "Retry-After" not in told.headers
                return told
            assert told.headers["Retry-After"] == "5"
            assert "data" not in told.json
            await asyncio.sleep(0.02)


def dues(world: World) -> list[int]:
    return [owed.charge.due for owed in world.parts.store.owed()]


async def settled_in(world: World) -> None:
    await eventually(lambda: world.parts.accounts.fresh and world.parts.accounts.service is not None)


async def test_a_job_is_accepted_charged_once_and_signed(world: World) -> None:
    async with world.serving(**QUEUE):
        await world.fund(4, 2 * ONE)
        await world.fund(5, 2 * ONE)
        world.models.hold = asyncio.Event()
        taken = await world.post(GENERATIONS, BODY)
        assert taken.status == 202, taken.body
        assert taken.json["status"] == "pending"
        assert taken.headers["Retry-After"] == "5"
        id = taken.json["jobId"]
        await eventually(lambda: len(world.models.passed) == 1)
        assert (await poll(world, id)).json["status"] == "processing"
        assert world.parts.accounts.totals == (0, 2 * OUTPUT, 1)  # reserved, not charged
        world.models.hold.set()
        told = await ended(world, id)
        assert told.json["status"] == "completed"
        assert [row["b64_json"] for row in told.json["data"]["data"]] == ["aW1hZ2U="] * 2
        assert told.json["createdAt"] <= told.json["updatedAt"]
        assert told.headers["ZG-Res-Key"] == id
        image = hashlib.sha256(b"image").hexdigest()
        found = (await world.get(f"/v1/proxy/signature/{id}")).json
        assert found["text"] == f"{hashlib.sha256(taken.sent).hexdigest()}:{image},{image}"
        assert (
            recover(message_digest(found["text"].encode()), bytes.fromhex(found["signature"][2:])) == world.parts.enclave.signer
        )
        for _ in range(3):
            assert (await poll(world, id)).body == told.body
        assert dues(world) == [2 * OUTPUT]
        assert world.parts.accounts.totals == (2 * OUTPUT, 0, 0)
        foreign = await poll(world, id, who=5)
        assert (foreign.status, foreign.json["error"]) == (403, "you do not have permission to access this job")
        for name in ("00000000-0000-4000-8000-000000000000", "x", f"{id}:body", "..%2f..%2fdb"):
            missing = await poll(world, name)
            assert (missing.status, missing.json["error"]) == (404, "job not found"), name
        assert (await world.get(f"/v1/async/jobs/{id}")).status == 401


async def test_jobs_of_an_earlier_process(world: World) -> None:
    world.models.hold = asyncio.Event()
    async with world.serving(**QUEUE, compute__queue__running_max=1):
        await world.fund(4, 2 * ONE)
        running, waiting = [(await world.post(GENERATIONS, BODY)).json["jobId"] for _ in range(2)]
        await eventually(lambda: len(world.models.passed) == 1)
    world.models.hold.set()
    async with world.serving(**QUEUE, acknowledge=False):
        await settled_in(world)
        told = await ended(world, waiting)
        assert told.json["status"] == "completed", told.body
        lost = await ended(world, running)
        assert lost.json["status"] == "failed"
        assert "not charged" in lost.json["errorMessage"]
        assert dues(world) == [2 * OUTPUT]
        assert world.parts.accounts.totals[1:] == (0, 0)
        done = told.body
    async with world.serving(**QUEUE, acknowledge=False):  # ended ones are there again, and nothing runs a second time
        await settled_in(world)
        assert (await ended(world, waiting)).body == done
        assert (await poll(world, running)).body == lost.body
        assert dues(world) == [2 * OUTPUT]
        assert len(world.models.passed) == 2
    async with world.serving(**QUEUE, acknowledge=False, compute__queue__result_s=1):
        await settled_in(world)
        await asyncio.sleep(1.1)
        assert (await poll(world, waiting)).status == 404


async def test_a_job_that_fails_costs_nothing(world: World) -> None:
    async with world.serving(**QUEUE, compute__queue__job_timeout_s=1):
        await world.fund(4, 2 * ONE)
        world.models.refuse = 400
        refused = await ended(world, (await world.post(GENERATIONS, BODY)).json["jobId"])
        assert refused.json["errorMessage"] == "the model server: no such picture"
        world.models.refuse = 500
        broken = await ended(world, (await world.post(GENERATIONS, BODY)).json["jobId"])
        assert "try again" in broken.json["errorMessage"]
        assert "picture" not in broken.json["errorMessage"]
        world.models.refuse, world.models.hold = 0, asyncio.Event()
        slow = await ended(world, (await world.post(GENERATIONS, BODY)).json["jobId"])
        assert "longer than 1 s" in slow.json["errorMessage"]
        world.models.hold = None
        assert world.parts.accounts.totals == (0, 0, 0)


async def test_bounds_of_the_queue(world: World) -> None:
    bounds = {"compute__queue__running_max": 1, "compute__queue__waiting_max": 2, "compute__queue__user_jobs_max": 2}
    async with world.serving(**QUEUE, **bounds):
        await world.fund(4, 2 * ONE)
        await world.fund(5, 2 * ONE)
        world.models.hold = asyncio.Event()
        mine = [await world.post(GENERATIONS, BODY) for _ in range(3)]
        assert [answer.status for answer in mine] == [202, 202, 429]
        assert mine[2].json["code"] == "concurrency_limit_exceeded"
        await eventually(lambda: len(world.models.passed) == 1)
        other = await world.post(GENERATIONS, BODY, who=5)
        assert other.status == 202
        full = await world.post(GENERATIONS, BODY, who=5)
        assert (full.status, full.json["error"]) == (503, "async job queue is full, please try again later")
        assert full.headers["Retry-After"] == "5"
        poor = await world.post(GENERATIONS, BODY, who=6)
        assert (poor.status, poor.json["code"]) == (402, "account_not_found")
        world.models.hold.set()
        for answer in mine[:2]:
            assert (await ended(world, answer.json["jobId"])).json["status"] == "completed"
        assert (await ended(world, other.json["jobId"], who=5)).json["status"] == "completed"
    async with world.serving(**QUEUE, acknowledge=False, compute__store__kept_bytes_max=200):
        await settled_in(world)
        held = await world.post(GENERATIONS, {"prompt": "x" * 300})
        assert (held.status, held.json["code"]) == (429, "store_full")
        assert world.parts.accounts.totals[1:] == (0, 0)


async def test_what_a_queue_refuses(world: World) -> None:
    async with world.serving(compute__service__kind="text-to-image"):
        await world.fund(4, 2 * ONE)
        off = await world.post(GENERATIONS, BODY)
        assert (off.status, off.json["error"]) == (503, "async processing is not enabled")
        assert (await poll(world, "x")).json["error"] == "async processing is not enabled"
    async with world.serving(**QUEUE, acknowledge=False):
        await settled_in(world)
        bodies: list[tuple[Any, str]] = [
            (b"", "request body is required"), (b"{", "not JSON"), ({"n": 2}, "prompt"), ({**BODY, "n": 0}, "n:"),
            ({**BODY, "n": 1 << 40}, "n:"), ({**BODY, "response_format": "file"}, "response_format"),
        ]  # fmt: skip
        for body, said in bodies:
            refused = await world.post(GENERATIONS, body)
            assert refused.status == 400, refused.body
            assert said in refused.json["error"]
        assert (await world.post("/v1/async/images/edits", BODY)).status == 404  # of another kind
        assert (await world.post(GENERATIONS, BODY, key="app-sk-x")).status == 401
        assert world.models.passed == []
        assert world.parts.accounts.totals == (0, 0, 0)


async def test_images_by_url(world: World) -> None:
    world.models.images = [PNG, b"\xff\xd8\xff\xe0 photograph"]
    async with world.serving(**QUEUE, compute__service__url="https://provider.example"):
        await world.fund(4, 2 * ONE)
        asked = {**BODY, "response_format": "url", "quality": "high"}
        now = await world.post("/v1/proxy/images/generations", asked)
        later = await world.post(GENERATIONS, asked)
        told = await ended(world, later.json["jobId"])
        for answer, key, rows in (
            (now, now.headers["ZG-Res-Key"], now.json["data"]), (later, later.json["jobId"], told.json["data"]["data"]),
        ):  # fmt: skip
            assert rows == [{"url": f"https://provider.example/v1/proxy/images/{key}/{index}"} for index in range(2)]
            for index, kind in enumerate(("image/png", "image/jpeg")):
                image = await world.get(f"/v1/proxy/images/{key}/{index}")
                assert (image.status, image.body) == (200, world.models.images[index])
                assert image.headers["Content-Type"] == kind
                assert image.headers["X-Content-Type-Options"] == "nosniff"
            hashes = ",".join(hashlib.sha256(image).hexdigest() for image in world.models.images)
            found = (await world.get(f"/v1/proxy/signature/{key}")).json
            assert found["text"] == f"{hashlib.sha256(answer.sent).hexdigest()}:{hashes}"
            for away in (f"{key}/2", f"{key}/-1", f"{key}/00x", f"{key}:body/0", f"{key}:result/0", "x/0"):
                missing = await world.get(f"/v1/proxy/images/{away}")
                assert (missing.status, missing.error["code"]) == (404, "image_not_found"), away
        assert [json.loads(raw) for _, raw in world.models.passed] == [{**asked, "response_format": "b64_json"}] * 2
        assert dues(world) == [2 * OUTPUT] * 2


async def test_changed_images_are_counted_as_the_model_server_reads_them(world: World) -> None:
    flags = QUEUE | {"compute__service__kind": "image-editing"}
    async with world.serving(**flags):
        await world.fund(4, 2 * ONE)
        form = {"Content-Type": "multipart/form-data; boundary=bnd"}
        raw = _form(prompt=b"red", n=b"3", image=PNG, response_format=b"url")
        now = await world.post("/v1/proxy/images/edits", raw, **form)
        later = await world.post("/v1/async/images/edits", raw, **form)
        assert (now.status, later.status) == (200, 202), (now.body, later.body)
        assert (await ended(world, later.json["jobId"])).json["status"] == "completed"
        assert len(now.json["data"]) == 3
        assert dues(world) == [3 * OUTPUT] * 2
        sent = _form(prompt=b"red", n=b"3", image=PNG, response_format=b"b64_json")
        assert world.models.passed == [("/v1/images/edits", sent)] * 2
        # One image paid and ten made: a count that hides in another field's bytes, or comes twice, is not taken for the count.
        hidden = _form(prompt=b'\r\nContent-Disposition: form-data; name="n"\r\n\r\n1\r\n', n=b"3", image=PNG)
        assert len((await world.post("/v1/proxy/images/edits", hidden, **form)).json["data"]) == 3
        assert dues(world)[-1] == 3 * OUTPUT
        twice = await world.post("/v1/proxy/images/edits", _form(n=b"1")[:-9] + _form(n=b"9"), **form)
        assert (twice.status, twice.error["param"]) == (400, "n")
        plain = await world.post("/v1/proxy/images/edits", {"prompt": "red"})
        assert plain.status == 415


def _form(**fields: bytes) -> bytes:
    parts = [
        b'--bnd\r\nContent-Disposition: form-data; name="' + name.encode() + b'"\r\n\r\n' + value + b"\r\n"
        for name, value in fields.items()
    ]
    return b"".join(parts) + b"--bnd--\r\n"


async def test_prices_are_told_as_clients_read_them(world: World) -> None:
    tiers = [[1000, 1, 1, 1, 1], [100_000, 3, 2, 2, 1]]
    async with world.serving(compute__service__tiers=tiers, compute__service__cached_divisor=4):
        service = world.parts.accounts.service
        assert service is not None
        info = json.loads(service.additional_info)
        names = [
            "maxInputTokens",
            "inputMultiplier",
            "inputMultiplierDenominator",
            "outputMultiplier",
            "outputMultiplierDenominator",
        ]
        assert [[tier[name] for name in names] for tier in info["tieredPricing"]["tiers"]] == tiers
        assert info["cacheTokenBilling"] == {"divisor": 4}
        pricing = (await world.get("/v1/models")).json["data"][0]["pricing"]
        assert (pricing["tiered_pricing"], pricing["cache_token_billing"]) == (info["tieredPricing"], {"divisor": 4})
    async with world.serving(**QUEUE):
        assert (await world.get("/v1/models")).json["data"][0]["pricing"]["image"] == str(OUTPUT)

"""Videos by forwarding: paid for when ordered, watched and fetched for nothing by who ordered them, and by nobody else."""

from __future__ import annotations

import hashlib

import aiohttp
import pytest
from tests.unit.compute.provider_kit import ONE, OUTPUT, World, eventually

from zerog.runtime.key import recover
from zerog.wire.typed_data import message_digest

pytestmark = pytest.mark.slow

VIDEO = {"compute__service__kind": "video-generation"}
VIDEOS = "/v1/proxy/videos"
BODY = {"prompt": "a cat plays the piano", "seconds": "5"}


def dues(world: World) -> list[int]:
    return [owed.charge.due for owed in world.parts.store.owed()]


async def test_a_video_is_ordered_watched_and_fetched(world: World) -> None:
    world.models.video_bytes = bytes(range(256)) * 4096
    async with world.serving(**VIDEO):
        await world.fund(4, 2 * ONE)
        await world.fund(5, 2 * ONE)
        made = await world.post(VIDEOS, BODY)
        assert (made.status, made.json["status"]) == (200, "queued"), made.body
        assert dues(world) == [5 * OUTPUT]
        text = f"{hashlib.sha256(made.sent).hexdigest()}:{hashlib.sha256(made.body).hexdigest()}"
        found = (await world.get(f"/v1/proxy/signature/{made.headers['ZG-Res-Key']}")).json
        assert found["text"] == text
        assert recover(message_digest(text.encode()), bytes.fromhex(found["signature"][2:])) == world.parts.enclave.signer
    async with world.serving(**VIDEO, acknowledge=False):  # who has ordered what is known after a restart too
        await eventually(lambda: world.parts.accounts.fresh and world.parts.accounts.service is not None)
        mine = {"Authorization": f"Bearer {world.key(4)}"}
        watched = await world.get(f"{VIDEOS}/video_1", **mine)
        assert watched.json["status"] == "completed"
        film = await world.get(f"{VIDEOS}/video_1/content?variant=thumbnail&url=http://10.0.0.1/", **mine)
        assert film.body == world.models.video_bytes
        assert film.headers["Content-Type"] == "video/mp4"
        assert int(film.headers["Content-Length"]) == len(film.body)
        assert [path for path, _ in world.models.passed[1:]] == [
            "/v1/videos/video_1", "/v1/videos/video_1/content?variant=thumbnail",
        ]  # fmt: skip
        assert dues(world) == [5 * OUTPUT]
        assert (await world.get(f"{VIDEOS}/video_1/content?variant=film", **mine)).status == 400
        other = {"Authorization": f"Bearer {world.key(5)}"}
        for headers, path in (
            (other, "video_1"), (other, "video_1/content"),
            (mine, "video_2"), (mine, "..%2f..%2fmodels"), (mine, "%2e%2e/content"), (mine, "a%00b"),
        ):  # fmt: skip
            refused = await world.get(f"{VIDEOS}/{path}", **headers)
            assert refused.status in (403, 404), (path, refused.status)
        assert (await world.get(f"{VIDEOS}/video_1")).status == 401
        assert len(world.models.passed) == 3
        again = await world.post(VIDEOS, BODY)  # an id that another video has already
        assert again.status == 503
        world.models.fail_after = 0
        with pytest.raises(aiohttp.ClientError):  # cut short, and seen to be
            await world.get(f"{VIDEOS}/video_1/content", **mine)
        assert dues(world) == [5 * OUTPUT]
        assert world.parts.accounts.totals[1:] == (0, 0)


async def test_what_is_refused_or_fails_costs_nothing(world: World) -> None:
    async with world.serving(**VIDEO):
        await world.fund(4, 2 * ONE)
        form = {"Content-Type": "multipart/form-data; boundary=b"}
        head = b'--b\r\nContent-Disposition: form-data; name="'
        no_length = head + b'prompt"\r\n\r\na cat\r\n'
        forms = [
            no_length + head + b'seconds"\r\n\r\n' + given + b"\r\n--b--" for given in (b"0", b"601", b"five", b"-1", b"1e3")
        ]
        bodies = [{}, {"prompt": ""}, {**BODY, "seconds": 0}, {**BODY, "seconds": "601"}, {**BODY, "seconds": 1.5}, b"[]", b""]
        for body, headers in [(body, {}) for body in bodies] + [(body, form) for body in forms]:
            refused = await world.post(VIDEOS, body, **headers)
            assert refused.status == 400, (body, refused.body)
            assert refused.error["type"] == "invalid_request_error"
        assert (await world.post(VIDEOS, {**BODY, "model": "other"})).error["code"] == "model_not_found"
        assert world.models.passed == []
        world.models.refuse = 422
        assert (await world.post(VIDEOS, BODY)).error["message"] == "the model server: no such film"
        world.models.refuse = 0
        for odd in ({}, {"id": "../../x"}, {"id": 5}, {"id": "x" * 1000}):
            world.models.video = odd
            assert (await world.post(VIDEOS, BODY)).status == 503
        world.models.video = {"id": "video_9", "status": "failed"}
        assert (await world.post(VIDEOS, BODY)).status == 200
        assert dues(world) in ([], [0])
        world.models.video = {"id": "video_10", "status": "queued"}
        assert (await world.post(VIDEOS, no_length + b"--b--\r\n", **form)).status == 200
        assert dues(world)[-1] == 4 * OUTPUT
    async with world.serving(acknowledge=False):
        await eventually(lambda: world.parts.accounts.fresh and world.parts.accounts.service is not None)
        assert (await world.post(VIDEOS, BODY)).error["code"] == "not_supported"

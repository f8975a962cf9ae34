"""What the routes say: Anthropic's form, text completions, embeddings, images and speech by forwarding, and refusals."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import struct
from typing import Any

import pytest
from tests.unit.compute.provider_kit import INPUT, ONE, OUTPUT, Answer, World

pytestmark = pytest.mark.slow

CHAT = "/v1/proxy/chat/completions"
USER = {"role": "user", "content": "one two"}


async def signed(world: World, answer: Answer) -> bool:
    found = (await world.get(f"/v1/proxy/signature/{answer.headers['ZG-Res-Key']}")).json
    return bool(found["text"] == f"{hashlib.sha256(answer.sent).hexdigest()}:{hashlib.sha256(answer.body).hexdigest()}")


def events(body: bytes) -> list[tuple[str, Any]]:
    rows = []
    for block in body.decode().strip().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines())
        rows.append((lines.get("event", ""), json.loads(lines["data"]) if lines["data"] != "[DONE]" else None))
    return rows


async def test_messages_completions_and_embeddings(world: World) -> None:
    async with world.serving():
        await world.fund(4, 2 * ONE)
        body = {"model": "small", "max_tokens": 9, "system": "be kind", "messages": [USER]}
        whole = await world.post("/v1/proxy/messages", body)
        assert whole.status == 200, whole.body
        assert whole.json["content"] == [{"type": "text", "text": "one two"}]
        assert whole.json["stop_reason"] == "end_turn"
        assert whole.json["usage"]["output_tokens"] == 2
        assert await signed(world, whole)
        assert world.models.seen[-1]["messages"][0] == {"role": "system", "content": "be kind"}
        headers = {"x-api-key": world.key(4), "Content-Type": "application/json"}
        raw = json.dumps({**body, "stream": True}).encode()
        async with world.session.post(world.url + "/v1/proxy/v1/messages", data=raw, headers=headers) as response:
            stream = Answer(response.status, dict(response.headers), await response.read(), raw)
        names = [name for name, _ in events(stream.body)]
        assert names == [
            "message_start", "content_block_start", "content_block_delta", "content_block_delta", "content_block_stop",
            "message_delta", "message_stop",
        ]  # fmt: skip
        assert await signed(world, stream)
        wrong = await world.post("/v1/proxy/messages", {"messages": [USER]})
        assert (wrong.status, wrong.json["type"]) == (400, "error")
        assert "max_tokens" in wrong.json["error"]["message"]

        text = await world.post("/v1/proxy/completions", {"prompt": "a b c", "max_tokens": 2})
        assert text.json["choices"][0]["text"] == "a b"
        for packed in (False, True):
            wanted = {"model": "minilm", "input": ["abc", "de"], **({"encoding_format": "base64"} if packed else {})}
            vectors = await world.post("/v1/proxy/embeddings", wanted)
            rows = [row["embedding"] for row in vectors.json["data"]]
            if packed:
                rows = [list(struct.unpack("<2f", base64.b64decode(row))) for row in rows]
            assert rows == [[3.0, 0.5], [2.0, 0.5]]
            assert await signed(world, vectors)
        due = [owed.charge.due for owed in world.parts.store.owed()]
        assert due[0] == 2 * INPUT + 2 * OUTPUT
        assert due[-2:] == [2 * INPUT, 2 * INPUT]


async def test_images_and_speech_pass_through(world: World) -> None:
    async with world.serving(compute__service__kind="text-to-image"):
        await world.fund(4, 2 * ONE)
        made = await world.post("/v1/proxy/images/generations", {"prompt": "a cat", "n": 2})
        assert made.status == 200, made.body
        found = (await world.get(f"/v1/proxy/signature/{made.headers['ZG-Res-Key']}")).json
        image = hashlib.sha256(b"image").hexdigest()
        assert found["text"] == f"{hashlib.sha256(made.sent).hexdigest()}:{image},{image}"
        assert [owed.charge.due for owed in world.parts.store.owed()] == [2 * OUTPUT]
        assert (await world.post(CHAT, {"messages": [USER]})).status == 404
        speech = await world.post("/v1/proxy/audio/transcriptions", b"x", **{"Content-Type": "multipart/form-data; boundary=b"})
        assert (speech.status, speech.error["code"]) == (404, "not_supported")
    async with world.serving(compute__service__kind="speech-to-text"):
        raw = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n' + b"\0" * 4000 + b"\r\n--b--\r\n"
        heard = await world.post("/v1/proxy/audio/transcriptions", raw, **{"Content-Type": "multipart/form-data; boundary=b"})
        assert heard.json["text"] == "hello"
        assert await signed(world, heard)
        assert [owed.charge.due for owed in world.parts.store.owed()][-1] == 2 * INPUT


DEEP: Any = {}
for _ in range(80):
    DEEP = {"a": DEEP}
REFUSED: dict[str, Any] = {
    "no messages": {},
    "empty messages": {"messages": []},
    "a million messages": {"messages": [{}] * 1_000_000},
    "messages of another type": {"messages": "hello"},
    "unknown role": {"messages": [{"role": "king", "content": "x"}]},
    "negative max_tokens": {"messages": [USER], "max_tokens": -1},
    "huge max_tokens": {"messages": [USER], "max_tokens": 10**30},
    "fraction of a token": {"messages": [USER], "max_tokens": 1.5},
    "true as a number": {"messages": [USER], "max_tokens": True},
    "n of nothing": {"messages": [USER], "n": 0},
    "huge n": {"messages": [USER], "n": 1 << 70},
    "hot": {"messages": [USER], "temperature": 1e308},
    "top_p of nothing": {"messages": [USER], "top_p": 0},
    "many logprobs": {"messages": [USER], "logprobs": True, "top_logprobs": 1000},
    "long stop": {"messages": [USER], "stop": "x" * (10 << 20)},
    "many stops": {"messages": [USER], "stop": ["x"] * 1000},
    "bias of a word": {"messages": [USER], "logit_bias": {"x": 1}},
    "deep schema": {"messages": [USER], "tools": [{"type": "function", "function": {"name": "f", "parameters": DEEP}}]},
    "image by url": {
        "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://169.254.169.254/"}}]}]
    },
    "stream of another type": {"messages": [USER], "stream": "yes"},
    "tool that is not there": {"messages": [USER], "tool_choice": "required"},
    "two guides": {"messages": [USER], "guided_regex": "a", "guided_json": {}},
}
RAW = {
    "NaN": b'{"messages":[{"role":"user","content":"x"}],"temperature":NaN}',
    "infinite": b'{"messages":[{"role":"user","content":"x"}],"temperature":1e999}',
    "lone surrogate": b'{"messages":[{"role":"user","content":"\\ud800"}]}',
    "not utf-8": b'{"messages":[{"role":"user","content":"\xff"}]}',
    "not json": b"hello",
    "a list": b"[]",
    "nothing": b"",
    "deep": b"[" * 100_000,
    "many digits": b'{"messages":[{"role":"user","content":"x"}],"seed":' + b"9" * 10_000 + b"}",
}


async def test_hostile_bodies_are_told_what_is_wrong(world: World) -> None:
    async with world.serving():
        await world.fund(4, 2 * ONE)
        for name, body in [*REFUSED.items(), *RAW.items()]:
            refused = await world.post(CHAT, body)
            assert refused.status == 400, (name, refused.status, refused.body[:300])
            assert len(refused.error["message"]) < 1000, name
            assert refused.error["type"] == "invalid_request_error"
        assert (await world.post(CHAT, {"model": "other", "messages": [USER]})).error["code"] == "model_not_found"
        packed = await world.post(CHAT, gzip.compress(b'{"messages":[]}'), **{"Content-Encoding": "gzip"})
        assert packed.status == 415
        assert world.models.seen == []
        assert list(world.parts.store.owed()) == []
        assert (await world.post(CHAT, {"messages": [USER]})).status == 200

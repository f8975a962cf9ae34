"""One provider over a real chain: a paid, signed answer, whole and streamed, and its settlement."""

from __future__ import annotations

import hashlib

import pytest
from tests.unit.compute.provider_kit import INPUT, ONE, OUTPUT, World

from zerog.runtime.key import recover
from zerog.wire.typed_data import message_digest

pytestmark = pytest.mark.slow


async def test_a_chat_is_paid_signed_and_settled(world: World) -> None:
    async with world.serving():
        await world.fund(4, 2 * ONE)
        body = {"model": "small", "messages": [{"role": "user", "content": "one two three"}]}
        whole = await world.post("/v1/proxy/chat/completions", body)
        assert whole.status == 200, whole.body
        assert whole.json["choices"][0]["message"]["content"] == "one two three"
        assert whole.json["usage"]["completion_tokens"] == 3
        streamed = await world.post("/v1/proxy/chat/completions", {**body, "stream": True})
        assert streamed.status == 200
        assert streamed.body.endswith(b"data: [DONE]\n\n")
        for answer, id in (
            (whole, whole.json["id"]),
            (whole, whole.headers["ZG-Res-Key"].upper()),
            (streamed, streamed.headers["ZG-Res-Key"]),
        ):
            found = (await world.get(f"/v1/proxy/signature/{id}?model=small")).json
            text = f"{hashlib.sha256(answer.sent).hexdigest()}:{hashlib.sha256(answer.body).hexdigest()}"
            assert found["text"] == text
            assert found["signing_algo"] == "ecdsa"
            signature = bytes.fromhex(found["signature"][2:])
            assert recover(message_digest(text.encode()), signature) == world.parts.enclave.signer
        fee = 2 * (3 * INPUT + 3 * OUTPUT)
        user = world.people[4].address_text
        owed = await world.get(f"/v1/user/{user}/unsettledfee", Authorization=f"Bearer {world.key(4)}")
        assert owed.json == {"unsettledFee": str(fee)}
        before = await world.account(4)
        tally = await world.parts.settler.settle()
        assert (tally.users, tally.records, tally.amount) == (1, 2, fee)
        after = await world.account(4)
        assert before.balance - after.balance == fee
        assert list(world.parts.store.owed()) == []
        assert [owed.charge.due for owed, _ in world.parts.store.history()] == [0, 0]

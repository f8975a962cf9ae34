"""Money: never more work than an account can pay, each charge settled exactly once whatever dies when, to the neuron."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable

import pytest
from tests.unit.compute.provider_kit import INPUT, ONE, OUTPUT, World, eventually

from zerog.compute.api import Price, Usage
from zerog.compute.gateway.checks import Body
from zerog.compute.settlement import STEPS
from zerog.compute.store import Charge
from zerog.contracts import inference, ledger, registry
from zerog.contracts.inference import Status
from zerog.store.kv import Batch
from zerog.wire.compute import ChargedRequest

pytestmark = pytest.mark.slow

NOW = int(time.time() * 1000)
BODY = {"model": "small", "messages": [{"role": "user", "content": "one two three"}], "max_tokens": 3}


class Killed(Exception):
    """The process has died here."""


async def owe(world: World, who: int, *fees: int) -> None:
    """Charges as answered requests would have left them."""
    accounts = world.parts.accounts
    user = await accounts.user(world.people[who].address)
    for index, fee in enumerate(fees):
        reservation = accounts.reserve(user, fee, Price(1, 1))
        charge = Charge(f"0x{who:02x}{index:04x}", str(fee // 3), str(fee - fee // 3), 1, 1, 0, NOW, "small", f"{who}-{index}")
        await accounts.charge(reservation, charge)


def mortal(world: World, die: Callable[[str], None]) -> None:
    """The provider's settler calls ``die`` at each step, and does nothing by itself meanwhile."""
    settler = world.parts.settler
    settler._on_step = die
    settler.want = lambda: None  # type: ignore[method-assign]


async def balances(world: World, *people: int) -> list[int]:
    return [(await world.account(who)).balance for who in people]


async def test_a_refusal_is_not_remembered(world: World) -> None:
    """Who was told to open an account or to fill it is served the moment he has, and not when blocks are next looked at."""
    async with world.serving():
        world.parts.accounts.changed = lambda changes: None  # type: ignore[method-assign]
        answer = await world.post("/v1/proxy/chat/completions", BODY)
        assert (answer.status, "does not exist" in answer.error["message"]) == (402, True)
        await world.fund(4, ONE)
        answer = await world.post("/v1/proxy/chat/completions", BODY)
        assert (answer.status, "must stay" in answer.error["message"]) == (402, True)
        await world.fund(4, ONE)
        assert (await world.post("/v1/proxy/chat/completions", BODY)).status == 200


async def test_256_requests_at_once_on_a_balance_for_10(world: World) -> None:
    async with world.serving():
        price = Price(INPUT, OUTPUT)
        bound = await world.parts.serving.backend.prompt_tokens_max(
            world.parts.serving.chat.parse(Body(BODY), "id", world.people[4].address)[0]
        )
        most = price.most(bound, 3)
        fee = price.fee(Usage(3, 3)).total
        await world.fund(4, ONE + 10 * most)
        world.models.hold = asyncio.Event()
        running = [asyncio.create_task(world.post("/v1/proxy/chat/completions", BODY)) for _ in range(256)]
        await eventually(lambda: sum(task.done() for task in running) == 246, 60)
        assert len(world.models.seen) <= 10  # those without money have caused no work
        world.models.hold.set()
        answers = await asyncio.gather(*running)
        told = Counter(answer.status for answer in answers)
        assert told == {200: 10, 402: 246}
        refused = next(answer for answer in answers if answer.status == 402)
        assert refused.error["code"] == "insufficient_balance"
        assert "insufficient balance" in refused.error["message"]
        assert "zerog compute account transfer" in refused.error["message"]
        (before,) = await balances(world, 4)
        tally = await world.parts.settler.settle()
        (after,) = await balances(world, 4)
        assert before - after == tally.amount == 10 * fee <= 10 * most
        assert world.parts.accounts.totals == (0, 0, 0)


async def test_a_death_at_every_step_of_a_settlement_leaves_sums_right(world: World) -> None:
    expected = Counter[int]()
    async with world.serving():
        for who in (4, 5):
            await world.fund(who, 3 * ONE)
        first = await balances(world, 4, 5)
    for number, step in enumerate(STEPS * 2):
        async with world.serving(acknowledge=False):
            await eventually(lambda: world.parts.accounts.fresh and world.parts.accounts.service is not None)
            fees = {4: [10**15 + number, 7], 5: [3 * 10**14]}
            for who, some in fees.items():
                await owe(world, who, *some)
                expected[who] += sum(some)

            def die(reached: str, at: str = step) -> None:
                if reached == at:
                    raise Killed

            mortal(world, die)
            with pytest.raises(Killed):
                await world.parts.settler.settle()
        # The process is gone; what it had sent may reach a block meanwhile. The next one finds out at its start.
        async with world.serving(acknowledge=False):
            await eventually(lambda: world.parts.accounts.fresh and world.parts.accounts.service is not None)
            assert world.parts.store.intents() == []
            await world.parts.settler.settle()
            assert list(world.parts.store.owed()) == []
            assert world.parts.accounts.totals[0] == 0
            now = await balances(world, 4, 5)
            assert [first[i] - now[i] for i in range(2)] == [expected[4], expected[5]], step
            settled = Counter[int]()
            for owed, _ in world.parts.store.history():
                settled[4 if owed.user == world.people[4].address else 5] += owed.charge.paid
            assert settled == expected


async def test_another_transaction_takes_the_nonce_of_a_settlement(world: World) -> None:
    async with world.serving():
        await world.fund(4, 3 * ONE)
        await owe(world, 4, 5, 6)
        (before,) = await balances(world, 4)
        parts = world.parts

        def die(reached: str) -> None:
            if reached == "stored":
                raise Killed

        mortal(world, die)
        with pytest.raises(Killed):
            await parts.settler.settle()
        mortal(world, lambda reached: None)
        await world.chain.transact(world.people[1], to=world.people[9].address, value=1)
        tally = await parts.settler.settle()
        assert (tally.amount, tally.records) == (11, 2)
        assert await balances(world, 4) == [before - 11]


async def test_what_a_balance_no_longer_covers_stays_owed(world: World) -> None:
    """The account is drained behind the provider's back: the oldest charges that fit are settled, the others kept."""
    async with world.serving(compute__limits__floor="0", compute__settlement__skip_s=0):
        await world.fund(4, 2 * ONE)
        await owe(world, 4, ONE // 2, ONE, ONE // 4)
        parts = world.parts
        user = parts.accounts.debtors()[0]
        batch = Batch()  # a debt beyond the balance, as only a lost database could bring it
        late = parts.store.new_owed(user.address, Charge("0xff", str(ONE), "0", 1, 1, 0, 1, "small", "late"))
        parts.store.put_owed(batch, late)
        await parts.store.commit(batch)
        user.owed += ONE
        tally = await parts.settler.settle()
        assert (tally.records, tally.amount) == (3, ONE * 7 // 4)
        assert [owed.charge.id for owed in parts.store.owed()] == ["late"]
        assert await balances(world, 4) == [ONE // 4]
        await world.fund(4, ONE)
        await parts.settler.settle()
        assert await balances(world, 4) == [ONE // 4]
        assert list(parts.store.owed()) == []


async def test_money_asked_back_is_settled_first_and_pays_still(world: World) -> None:
    async with world.serving(compute__settlement__thin_s=100_000):
        await world.fund(4, 2 * ONE)
        await owe(world, 4, 10**15)
        (before,) = await balances(world, 4)
        await world.send(4, registry.LEDGER, ledger.retrieve([world.address], ledger.INFERENCE))
        await eventually(lambda: not list(world.parts.store.owed()))
        assert await balances(world, 4) == [before - 10**15]
        refused = await world.post("/v1/proxy/chat/completions", BODY)
        assert refused.status == 402
        assert "asked back" in refused.error["message"]


async def test_a_batch_sent_twice_is_settled_once(world: World) -> None:
    async with world.serving():
        await world.fund(4, 2 * ONE)
        await world.fund(5, 2 * ONE)
        items = []
        for who, fee in ((4, 7), (5, 9)):
            one = ChargedRequest("0xaa", world.people[who].address, fee, fee, 0)
            items.append(world.parts.enclave.sign_settlement(world.people[who].address, [one], 10**17))
        call = inference.settle(items)
        preview = await world.parts.chain.preview(items)
        assert preview == inference.Preview((), ())
        await world.send(1, registry.INFERENCE, call)
        data = await world.parts.chain._eth.call_from(world.address, registry.INFERENCE, call.data)
        assert call.decode(data) == [Status.INVALID_NONCE, Status.INVALID_NONCE]
        assert await balances(world, 4, 5) == [2 * ONE - 7, 2 * ONE - 9]


async def test_records_older_than_the_chain_settle_nothing(world: World) -> None:
    """A directory restored from an old copy would charge again what was settled since."""
    async with world.serving():
        await world.fund(4, 2 * ONE)
        await owe(world, 4, 10)
        await world.parts.settler.settle()
        (before,) = await balances(world, 4)
        batch = Batch()
        batch.put("meta", b"last_nonce", b"5")
        await world.parts.store.commit(batch)
        await owe(world, 4, 10)
        tally = await world.parts.settler.settle()
        assert tally.records == 0
        assert await balances(world, 4) == [before]


async def test_a_client_that_goes_is_charged_for_what_it_got_and_frees_the_engine(world: World) -> None:
    async with world.serving():
        await world.fund(4, 2 * ONE)
        world.models.delay_s = 0.05
        body = {**BODY, "messages": [{"role": "user", "content": "w " * 200}], "max_tokens": 200, "stream": True}
        headers = {"Authorization": f"Bearer {world.key(4)}"}
        async with world.session.post(world.url + "/v1/proxy/chat/completions", json=body, headers=headers) as response:
            got = b""
            while got.count(b'"content":"w') < 3:
                got += await response.content.readany()
            response.close()
        await eventually(lambda: world.models.active == 0, 1)
        await eventually(lambda: len(list(world.parts.store.owed())) == 1, 2)
        (owed,) = world.parts.store.owed()
        assert 3 <= owed.charge.completion_tokens <= 30
        assert world.parts.accounts.totals[1:] == (0, 0)


async def test_an_answer_that_breaks_off_here_is_not_charged(world: World) -> None:
    async with world.serving():
        await world.fund(4, 2 * ONE)
        world.models.fail_after = 2
        streamed = await world.post("/v1/proxy/chat/completions", {**BODY, "stream": True})
        assert streamed.status == 200
        assert b'"error"' in streamed.body
        assert b"[DONE]" not in streamed.body
        whole = await world.post("/v1/proxy/chat/completions", BODY)
        assert whole.status == 503
        assert list(world.parts.store.owed()) == []
        assert world.parts.accounts.totals == (0, 0, 0)


async def test_the_price_is_that_of_the_moment_of_acceptance(world: World) -> None:
    async with world.serving():
        await world.fund(4, 2 * ONE)
        world.models.hold = asyncio.Event()
        task = asyncio.create_task(world.post("/v1/proxy/chat/completions", BODY))
        await eventually(lambda: len(world.models.seen) == 1)
        service = world.parts.accounts.service
        assert service is not None
        params = inference.ServiceParams(
            service.kind, service.url, service.model, service.verifiability, 10 * INPUT, 10 * OUTPUT, service.additional_info,
            service.signer,
        )  # fmt: skip
        await world.send(1, registry.INFERENCE, inference.add_or_update_service(params))
        await eventually(lambda: world.parts.serving.price().input == 10 * INPUT)
        world.models.hold.set()
        assert (await task).status == 200
        await world.post("/v1/proxy/chat/completions", BODY)
        due = [owed.charge.due for owed in world.parts.store.owed()]
        assert due == [3 * (INPUT + OUTPUT), 30 * (INPUT + OUTPUT)]

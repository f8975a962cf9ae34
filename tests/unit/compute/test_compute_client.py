"""Our client: a genuine answer passes, every forged one does not; the router goes on in mid-list."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.compute.provider_kit import INPUT, ONE, OUTPUT, World

from zerog.compute.api import Price, Provider
from zerog.compute.attest import Enclave, MockQuoter, Statement, statement_text
from zerog.compute.client import Receipt, expected_signer, fault, verify, verify_many
from zerog.errors import InsufficientFunds, InvalidInput, NotFound, PeerFault
from zerog.runtime.key import Key
from zerog.sdk.compute import Record, open_compute
from zerog.types import Address, format_address
from zerog.wire.compute import response_text

ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
SIGNER, OTHER = Key(b"\1" * 32), Key(b"\2" * 32)
PROVIDER, STRANGER = Address(b"\xaa" * 20), Address(b"\xbb" * 20)
CHAIN = 16_601
CHAT = "00000000-0000-4000-8000-000000000001"
REQUEST, RESPONSE = b'{"messages":[]}', b'data: {"x":1}\n\ndata: [DONE]\n\n'
NOW = int(time.time() * 1000)


def enclave(key: Key = SIGNER, chain: int = CHAIN, provider: Address = PROVIDER) -> Enclave:
    return Enclave(key, MockQuoter(), chain_id=chain, contract=STRANGER, provider=provider, compose="")


def told(key: Key = SIGNER, **changes: Any) -> dict[str, Any]:
    """What a provider says of an answer; ``changes`` are those of the statement that it signs."""
    chain, provider = changes.pop("chain", CHAIN), changes.pop("provider", PROVIDER)
    text = changes.pop("text", response_text(REQUEST, RESPONSE))
    statement = replace(Statement(CHAT, "small", NOW, text), **changes)
    return dict(json.loads(enclave(key, chain, provider).sign_answer(statement)))


def receipt(signature: dict[str, Any] | None = None, **changes: Any) -> Receipt:
    made = Receipt(PROVIDER, CHAIN, CHAT, "small", REQUEST, RESPONSE, told() if signature is None else signature)
    return replace(made, **changes)


def bent(member: str, change: Callable[[str], Any]) -> dict[str, Any]:
    found = told()
    return {**found, member: change(found[member])}


def high_s(text: str) -> str:
    raw = bytes.fromhex(text[2:])
    s = ORDER - int.from_bytes(raw[32:64], "big")
    return "0x" + (raw[:32] + s.to_bytes(32, "big") + bytes([55 - raw[64]])).hex()


def resigned(text: str) -> dict[str, Any]:
    return {**told(), "text": text, "signature": "0x" + SIGNER.sign_message(text.encode()).hex()}


def restated(said: str) -> dict[str, Any]:
    return {**told(), "statement": said, "statement_signature": "0x" + SIGNER.sign_message(said.encode()).hex()}


GENUINE = response_text(REQUEST, RESPONSE)
FORGED: dict[str, Receipt] = {
    "another key": receipt(told(OTHER)),
    "another key that claims to be the signer": receipt({**told(OTHER), "signing_address": format_address(SIGNER.address)}),
    "another request": receipt(request=REQUEST + b" "),
    "another body": receipt(response=RESPONSE.replace(b"1", b"2")),
    "a truncated stream": receipt(response=RESPONSE[:-14]),
    "bytes behind the stream": receipt(response=RESPONSE + b"data: more\n\n"),
    "hashes the wrong way round": receipt(resigned(":".join(reversed(GENUINE.split(":"))))),
    "a genuine signature of another answer": receipt(told(text=response_text(b"other", b"answer"))),
    "the text put right, the signature of another": receipt({**told(text=response_text(b"other", b"answer")), "text": GENUINE}),
    "hashes in capitals": receipt(resigned(GENUINE.upper())),
    "one more part": receipt(resigned(GENUINE + ":00")),
    "only one hash": receipt(resigned(GENUINE.split(":")[0])),
    "high s": receipt(bent("signature", high_s)),
    "v of 0": receipt(bent("signature", lambda s: s[:-2] + "00")),
    "r of 0": receipt(bent("signature", lambda s: "0x" + "0" * 64 + s[66:])),
    "short signature": receipt(bent("signature", lambda s: s[:-2])),
    "no hex": receipt(bent("signature", lambda s: "0x" + "zz" * 65)),
    "no signature": receipt(bent("signature", lambda s: None)),
    "signature as a list": receipt(bent("signature", lambda s: [s])),
    "another address named": receipt(bent("signing_address", lambda s: format_address(OTHER.address))),
    "another algorithm": receipt({**told(), "signing_algo": "none"}),
    "no statement": receipt({k: v for k, v in told().items() if not k.startswith("statement")}),
    "statement of another chat": receipt(told(chat_id="00000000-0000-4000-8000-000000000002")),
    "statement of another model": receipt(told(model="large")),
    "statement of another provider": receipt(told(provider=STRANGER)),
    "statement of another chain": receipt(told(chain=1)),
    "statement of an hour ago": receipt(told(at_ms=NOW - 3_600_000)),
    "statement of an hour ahead": receipt(told(at_ms=NOW + 3_600_000)),
    "statement signed by another": receipt({**told(), **{k: v for k, v in told(OTHER).items() if k.startswith("statement")}}),
    "statement that wraps another text": receipt(
        restated(statement_text(Statement(CHAT, "small", NOW, response_text(b"a", b"b")), CHAIN, PROVIDER))
    ),
    "statement with a time that is no number": receipt(restated(told()["statement"].replace(str(NOW), "²"))),
    "nothing at all": receipt({}),
}


def test_a_genuine_answer_passes() -> None:
    assert fault(receipt(), SIGNER.address, now_ms=NOW) == ""
    assert verify(receipt(chat_id=CHAT.upper()), SIGNER.address)
    assert verify(Receipt.from_json(receipt().to_json()), SIGNER.address)
    plain = {k: v for k, v in told().items() if not k.startswith("statement")}
    assert verify(receipt(plain), SIGNER.address, strict=False)


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_answer_does_not(name: str) -> None:
    assert fault(FORGED[name], SIGNER.address, now_ms=NOW) != ""


def test_a_batch_names_those_at_fault() -> None:
    forged = [name for name in FORGED if "hour" not in name]  # offline nothing is known of the time
    mixed = [receipt(), *[FORGED[name] for name in forged], receipt(), receipt(provider=STRANGER)]
    wrong = verify_many(mixed, {PROVIDER: SIGNER.address})
    assert wrong == [*range(1, len(forged) + 1), len(mixed) - 1]
    assert verify_many([], {}) == []


def test_bent_receipts_are_refused() -> None:
    for text in ("", "[]", "{}", '{"provider":"0x"}', receipt().to_json().replace("0xaA", "0xzz")):
        with pytest.raises(InvalidInput):
            Receipt.from_json(text)


def service(**changes: Any) -> Provider:
    made = Provider(PROVIDER, "http://x", "chatbot", "small", Price(1, 1), "TeeML", SIGNER.address, True, "{}")
    return replace(made, **changes)


def test_who_must_have_signed() -> None:
    target = format_address(OTHER.address)
    assert expected_signer(service()) == SIGNER.address
    separated = json.dumps({"TargetSeparated": True, "TargetTeeAddress": target})
    assert expected_signer(service(additional_info=separated)) == OTHER.address
    central = json.dumps({"TargetSeparated": True, "TargetTeeAddress": target, "ProviderType": "centralized"})
    assert expected_signer(service(additional_info=central)) == SIGNER.address
    for wrong in (
        service(signer_acknowledged=False),
        service(verifiability="teeml"),
        service(verifiability=""),
        service(additional_info=""),
        service(additional_info="[]"),
        service(additional_info=json.dumps({"TargetSeparated": True, "TargetTeeAddress": "0x12"})),
    ):
        with pytest.raises(PeerFault):
            expected_signer(wrong)


@pytest.mark.slow
async def test_the_whole_of_it_over_a_chain(world: World) -> None:
    async with world.serving(), open_compute(world.chain, world.people[4]) as compute:
        (found,) = await compute.providers()
        assert (found.address, found.model, found.signer_acknowledged) == (world.address, "small", True)
        with pytest.raises(InsufficientFunds, match="does not exist"):
            await compute.chat(found, [{"role": "user", "content": "x"}])
        await compute.deposit(5 * ONE)
        await compute.transfer(found.address, 2 * ONE)
        said: list[str] = []
        streamed = await compute.chat(found, [{"role": "user", "content": "one two"}], on_text=said.append)
        assert ("".join(said), streamed.text, streamed.fault) == ("one two", "one two", "")
        assert streamed.fee.total == 2 * INPUT + 2 * OUTPUT
        whole = await compute.route([{"role": "user", "content": "three"}], model="small")
        assert whole.verified
        standing = await compute.standing(found.address, ask=True)
        assert standing is not None
        assert standing.unsettled == streamed.fee.total + whole.fee.total
        key = await compute.api_key(found.address, 7)
        assert (await compute.chat(found, [{"role": "user", "content": "x"}], key=key)).verified
        with pytest.raises(NotFound):
            await compute.route([{"role": "user", "content": "x"}], model="absent")
        book = await compute.ledger()
        assert book is not None
        assert (book.available, book.total) == (3 * ONE, 5 * ONE)


@pytest.mark.slow
async def test_the_router_goes_on_and_remembers_who_forged(world: World) -> None:
    async with world.serving(), open_compute(world.chain, world.people[4]) as compute:
        await world.fund(4, 2 * ONE)
        (real,) = await compute.providers()
        dead = replace(real, address=Address(b"\1" * 20), url="http://127.0.0.1:1", price=Price(0, 0))
        liar = replace(real, address=Address(b"\2" * 20), signer=OTHER.address, price=Price(0, 1))
        listed = [real, liar, dead]
        asked: list[Address] = []
        genuine = compute.session

        async def session(provider: Any) -> str:
            asked.append(provider)
            return await genuine(real.address)

        async def providers() -> list[Provider]:
            return listed

        compute.session = session  # type: ignore[method-assign]
        compute.providers = providers  # type: ignore[method-assign]
        compute.records[real.address] = Record(good=1, seconds=9.0)
        reply = await compute.route([{"role": "user", "content": "x"}], prefer="latency")
        assert (reply.provider.address, reply.verified) == (real.address, True)
        listed = [liar, dead]
        held = compute.standings

        async def nobody() -> list[Any]:
            return []

        compute.standings = nobody  # type: ignore[method-assign]
        with pytest.raises(Exception, match=r"signer|another|Cannot connect"):
            await compute.route([{"role": "user", "content": "x"}])
        assert liar.address in asked
        listed, compute.standings = [liar, dead, real], held  # type: ignore[method-assign]
        assert [one.address for one in await compute.ranked()] == [real.address, dead.address]

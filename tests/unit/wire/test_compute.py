"""What is signed on the compute network, byte for byte as the published clients and contracts have it (compute.md, 14)."""

from __future__ import annotations

import pytest
from coincurve import PrivateKey, PublicKey
from tests.unit.contracts.compute_kit import PROVIDER, TEE, TEE_KEY, USER_KEY, address_of, signed

from zerog._native import keccak256
from zerog.errors import InvalidInput
from zerog.types import Address, parse_address
from zerog.wire import compute
from zerog.wire.compute import ChargedRequest, SessionToken
from zerog.wire.typed_data import message_digest

USER = parse_address("0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC")
SELLER = parse_address("0x70997970C51812dc3A010C7d01b50e0d17dc79C8")
TASK = bytes.fromhex("7f9c24e83b124fef91e05a1c7d2b8e44")
TASK_TEXT = "7f9c24e8-3b12-4fef-91e0-5a1c7d2b8e44"
RAW = (
    b'{"address":"0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC","provider":"0x70997970C51812dc3A010C7d01b50e0d17dc79C8",'
    b'"timestamp":1795361885520,"expiresAt":1795448285520,"nonce":"1795361885520-3na2ue6jgne0000000","generation":0,'
    b'"tokenId":255}'
)
TOKEN_SIGNATURE = (
    "e118165a40eecf033b38b388064dc0dba61bd87538b87c8c00c6bd06f46d2336004f968da8ec5d619d14bd07c3b210eb50389d56979235af21bdd1"
    "768b199cdb1c"
)


def hexed(text: str) -> bytes:
    return bytes.fromhex(text)


def test_keys_of_the_vectors() -> None:
    assert address_of(USER_KEY) == USER
    assert parse_address("0xa0Ee7A142d267C1f36714E4a8F75612F20a79720") == TEE


def test_session_token() -> None:
    token = SessionToken(USER, SELLER, 1795361885520, 1795448285520, "1795361885520-3na2ue6jgne0000000")
    assert token.raw() == RAW
    assert SessionToken.parse(RAW) == token
    assert keccak256(RAW).hex() == "ae4b848fbb849dd4a14f38681ab5eff1d52e4bbcabb21c0815cf1f3962405d82"
    signature = signed(USER_KEY, compute.token_digest(RAW))
    assert signature.hex() == TOKEN_SIGNATURE
    key = compute.encode_key(RAW, signature)
    assert key.startswith("app-sk-eyJhZGRyZXNzIjoi")
    assert compute.decode_key(key) == (RAW, signature)


@pytest.mark.parametrize(
    "key",
    [
        "", "sk-abc", "app-sk-", "app-sk-???", "app-sk-e30=", "app-sk-e30=\n", "app-sk-" + "A" * 5000,
        compute.encode_key(RAW, bytes(64)), compute.encode_key(RAW, bytes(66)), "app-sk-w7/DvHw=",
    ],
)  # fmt: skip
def test_bad_keys(key: str) -> None:
    with pytest.raises(InvalidInput, match="api key"):
        compute.decode_key(key)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"tokenId":255', b'"tokenId":256'),
        (b'"tokenId":255', b'"tokenId":-1'),
        (b'"tokenId":255', b'"tokenId":true'),
        (b'"tokenId":255', b'"tokenId":1.0'),
        (b',"tokenId":255', b""),
        (b'"generation":0', b'"generation":"0"'),
        (b'"timestamp":1795361885520', b'"timestamp":NaN'),
        (b'"timestamp":1795361885520', b'"timestamp":18446744073709551616'),
        (b'"nonce":"1795361885520-3na2ue6jgne0000000"', b'"nonce":1'),
        (b"0x3C44", b"0x3C4"),
        (b'"address":"0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"', b'"address":7'),
        (RAW, b"[]"),
        (RAW, b""),
        (RAW, b"\xff"),
    ],
)
def test_bad_tokens(old: bytes, new: bytes) -> None:
    assert old in RAW
    with pytest.raises(InvalidInput):
        SessionToken.parse(RAW.replace(old, new))


def test_response_signature() -> None:
    request = b'{"model":"smollm2-135m","messages":[{"role":"user","content":"hi"}]}'
    response = b'{"id":"chatcmpl-00000000-0000-4000-8000-000000000001","object":"chat.completion"}'
    text = compute.response_text(request, response)
    assert text == (
        "dc018a19dd0fee21079d4ac6ad169fc5176ef2df7140e4f8f7467f7f930f64db:"
        "b2226cf952a0d9066bac0509e2258526d2bafc3a7ac46d0806fcc4ce452dda85"
    )
    assert signed(TEE_KEY, message_digest(text.encode())).hex() == (
        "cda255b0509c6053afbd8058824670f20d2fb54a76c7f64f5129c090ef4014780fb4ada3ac84cdd9adc30afedc2c4b357f318e4825d5d4b503a8"
        "c1abdd25e7bd1c"
    )


def test_settlement() -> None:
    requests = [ChargedRequest("0xaa11", USER, 300, 100, 200), ChargedRequest("0xbb22", USER, 50, 20, 30)]
    named = compute.requests_hash(requests)
    assert named.hex() == "f724148a8d4fa0c7f9cf28cf90acf54a5cd3bd702a0c6d4a2cc3c5694c0c31b3"
    domain = compute.inference_domain(31337, parse_address("0x0165878A594ca255338adfa4d48449f69242Eb8F"))
    assert domain.hex() == "a907dc2533af4263d8de8b56adc9778afb1a339941e807a12b2def4d10d6292b"
    struct = compute.settlement_struct(named, compute.settlement_nonce(1795361885), SELLER, USER, 350)
    assert struct.hex() == "dd4e931992e66a0afcf3f234f1f354ede85cc8795b20e03087b8b0b7022762a0"
    digest = compute.typed_digest(domain, struct)
    assert digest.hex() == "74bc5d91b9c34d8b70c470b7eeb757ff6a8b24e793bf49d9d8ce3bb79e78e2fc"
    assert signed(TEE_KEY, digest).hex() == (
        "dbbd039ac83c081d81c23a77ad2d7b60feb3d3baedbc7348c5ada949d3aa8f127cfcfc6f8b7101855bda1a721b695d7afc8e0b1ac2bee2afad04"
        "dfad194e1edc1c"
    )
    assert compute.SETTLEMENT_TYPE.hex() == "6e525043a6c7323bdf60ce222f35127cdd9d8e867ec6350c83fcc254ed18b756"
    for counter in (-1, 10_000_000):
        with pytest.raises(InvalidInput):
            compute.settlement_nonce(1, counter)


def test_settlement_of_a_deliverable() -> None:
    domain = compute.fine_tuning_domain(31337, parse_address("0xA51c1fc2f0D1a1b8494Ed1FE312d7C3a78Ed91C0"))
    struct = compute.deliverable_struct(TASK_TEXT, b"\1\2\3\4\5", b"\x11" * 32, 17953618850000041, 1000, USER)
    digest = compute.typed_digest(domain, struct)
    assert digest.hex() == "74b07035747d50ea322ba51d15193dc5abac846b06639fdaa9305ad79a531161"
    assert signed(TEE_KEY, digest).hex() == (
        "7650224b837b54ad1a97bb7e76846b40fecec08afca008598649ee8d8466c7a7475032dbb15f03740441ab0193e3dc532f927f225427d4461464"
        "8f7684ddf47e1b"
    )
    assert compute.DELIVERABLE_TYPE.hex() == "62159bda4585d49f24b8da323cfc70b1fbad40f51efbf45e18fe3bdfb409945e"


@pytest.mark.parametrize(
    ("made", "hash", "signature"),
    [
        (
            compute.task_hash(USER, 17953618850000040, "0x" + "22" * 32),
            "7921814d44d75286eef50070149d56a76d5460cf304bebfecd400402882bf99f",
            "3b5abfb8f907d21ddc96abc44c923d17211fcb8611d3ff5fd14787e1cc4bd86862719a482626a704e8feea2cd1c8042796b1c571719055f1"
            "b2ca3422763e74be1c",
        ),
        (
            compute.cancel_hash(TASK),
            "38133a6a53932f547943270a02510b0b7dda1d9b344ecc1252bb7bb94875ad70",
            "940847cb73f045c933e656dfa09490d7df1afdcb8bd5427ba02355cde21ec02316ab0469b4aa3bee11a557ab71a2aa64873be0e07abb7781"
            "ada1403ec3bb4c751b",
        ),
        (
            compute.adapter_hash(TASK, 1795361885),
            "62f6c215fd573a2a6e0c47dd96f6f76afbaf0110b1289562ed0d9ee235003f81",
            "55ca2e0bd10b237359c6c7afc50b76eec89a31535180b827e624cf2eaade9d1d2625ead1427675560b863b3f3c76534393d64617cded9d78"
            "e7ec75c55402d0e11c",
        ),
        (
            compute.dataset_hash("0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC", 1795361885),
            "0c908dfb4d09edaee418753d10cc9eaa4bf4d078a9528c4ec5bb9d4a06981529",
            "c9b4d9ba6ba7ee937420a8e47ba23d51cc29b86c670a028bf035c9c633e0f69838baa12445df41ec53069c6a0419b61cec8060796b209bcc"
            "a451ef718c6f3a5c1b",
        ),
    ],
    ids=["create", "cancel", "lora", "dataset"],
)
def test_requests_for_fine_tuning(made: bytes, hash: str, signature: str) -> None:
    assert made.hex() == hash
    (digest,) = compute.accepted_digests(made)
    assert signed(USER_KEY, digest).hex() == signature


def test_a_client_that_loses_leading_zeros() -> None:
    hash = hexed("00637640c7f9cdfd8766cfeb85b8d5e7803817aeae3b2a44c98f2b64459c5c86")
    signature = hexed(
        "f0bd5af9c5e0c94bdfc0332f21d05dbfa32688ec3dd9faa8d84956d3ce35a1a16f7170e8e7b0e2dd603d063ea8753387174101a4d841243bbce4"
        "e19285a4828e1c"
    )
    first, second = compute.accepted_digests(hash)
    assert first == message_digest(hash)
    assert second == message_digest(hash[1:])
    assert _recovered(second, signature) == USER
    assert _recovered(first, signature) != USER
    assert signed(USER_KEY, second) == signature


def _recovered(digest: bytes, signature: bytes) -> Address:
    key = PublicKey.from_signature_and_message(signature[:64] + bytes([signature[64] - 27]), digest, hasher=None)
    return Address(bytes(keccak256(key.format(compressed=False)[1:]))[12:])


def test_anybody_else_signs_something_else() -> None:
    stranger = PrivateKey(b"\7" * 32)
    assert _recovered(compute.token_digest(RAW), signed(stranger, compute.token_digest(RAW))) != USER
    assert PROVIDER != SELLER

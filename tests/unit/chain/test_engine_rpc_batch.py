"""The short way of JSON-RPC: whole bodies answered natively, and everything unusual left alone."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from chain_kit import CHAIN_ID, Key, build, engine

ALICE = Key(1)
SINK = b"\x11" * 20
HOLDER = b"\xaa" * 20


@pytest.fixture
def chain() -> Any:
    return engine([ALICE], alloc={HOLDER: {"balance": 2**200, "nonce": 1, "code": b"\x60\x00", "storage": {5: 2**255}}})


def request(method: str, params: list[Any], id: Any = 1) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id, "method": method, "params": params}


def ask(chain: Any, value: Any) -> Any:
    answer = chain.rpc_batch(json.dumps(value).encode())
    return None if answer is None else json.loads(answer[0])


def hexd(value: bytes) -> str:
    return "0x" + value.hex()


READS = [
    ("eth_chainId", [], hex(CHAIN_ID)),
    ("net_version", [], str(CHAIN_ID)),
    ("eth_blockNumber", [], "0x0"),
    ("eth_getBalance", [hexd(HOLDER), "latest"], hex(2**200)),
    ("eth_getBalance", [hexd(HOLDER)], hex(2**200)),
    ("eth_getBalance", [hexd(b"\x01" * 20), "pending"], "0x0"),
    ("eth_getTransactionCount", [hexd(HOLDER), "safe"], "0x1"),
    ("eth_getCode", [hexd(HOLDER), "finalized"], "0x6000"),
    ("eth_getCode", [hexd(SINK), None], "0x"),
    ("eth_getStorageAt", [hexd(HOLDER), "0x5", "latest"], hex(2**255)),
    ("eth_getStorageAt", [hexd(HOLDER), "0x" + "00" * 31 + "06"], "0x" + "00" * 32),
]


@pytest.mark.parametrize(("method", "params", "result"), READS)
def test_reads(chain: Any, method: str, params: list[Any], result: str) -> None:
    assert ask(chain, request(method, params)) == {"jsonrpc": "2.0", "id": 1, "result": result}
    assert ask(chain, [request(method, params, id='a"\u00e9\n')]) == [{"jsonrpc": "2.0", "id": 'a"\u00e9\n', "result": result}]


def test_transactions_are_admitted_told_and_refused(chain: Any) -> None:
    first, second, poor = ALICE.transfer(0, SINK), ALICE.transfer(1, SINK), Key(77).transfer(0, SINK)
    body = [
        request("eth_sendRawTransaction", [hexd(first)], 1),
        request("eth_sendRawTransaction", [hexd(poor)], 2),
        request("eth_getTransactionCount", [hexd(ALICE.address), "pending"], -3),
        request("eth_sendRawTransaction", ["0x" + second.hex().upper()], 2**64 - 1),
        request("eth_sendRawTransaction", [hexd(first)], "again"),
        request("eth_getTransactionCount", [hexd(ALICE.address), "latest"], 0),
    ]
    calls: list[int] = []
    chain.set_pool_listener(lambda: calls.append(1))
    response, admitted, hashes, count, refused = chain.rpc_batch(json.dumps(body).encode())
    answers = json.loads(response)
    assert [answer["id"] for answer in answers] == [1, 2, -3, 2**64 - 1, "again", 0]
    assert [answer.get("result") for answer in answers] == [hexd(hashes[0]), None, "0x2", hexd(hashes[1]), None, "0x0"]
    assert answers[1]["error"]["code"] == -32000
    assert answers[1]["error"]["message"].startswith("insufficient funds")
    assert answers[4]["error"] == {"code": -32000, "message": "already known"}
    assert all(("error" in answer) != ("result" in answer) for answer in answers)
    assert (admitted, count, refused, calls) == ([first, second], 6, 2, [1])
    assert build(chain).tx_count == 2
    assert ask(chain, request("eth_getTransactionCount", [hexd(ALICE.address), "latest"])) == {
        "jsonrpc": "2.0",
        "id": 1,
        "result": "0x2",
    }


GOOD = request("eth_getBalance", [hexd(HOLDER), "latest"])
LEFT_ALONE = [
    {**GOOD, "id": None},
    {**GOOD, "id": 1.5},
    {**GOOD, "id": True},
    {**GOOD, "id": 2**70},
    {key: value for key, value in GOOD.items() if key != "id"},
    {key: value for key, value in GOOD.items() if key != "jsonrpc"},
    {**GOOD, "jsonrpc": "1.0"},
    {**GOOD, "extra": 1},
    {**GOOD, "method": "eth_call"},
    {**GOOD, "method": 5},
    {**GOOD, "params": {}},
    {**GOOD, "params": []},
    {**GOOD, "params": [hexd(HOLDER), "earliest"]},
    {**GOOD, "params": [hexd(HOLDER), "0x0"]},
    {**GOOD, "params": [hexd(HOLDER), {"blockNumber": "0x0"}]},
    {**GOOD, "params": [hexd(HOLDER), "latest", 1]},
    {**GOOD, "params": [hexd(HOLDER)[:-1], "latest"]},
    {**GOOD, "params": [hexd(HOLDER)[2:], "latest"]},
    {**GOOD, "params": [hexd(HOLDER) + "00", "latest"]},
    {**GOOD, "params": [5, "latest"]},
    request("eth_chainId", [1]),
    request("eth_sendRawTransaction", []),
    request("eth_sendRawTransaction", ["0x1"]),
    request("eth_sendRawTransaction", ["zz"]),
    request("eth_sendRawTransaction", [hexd(ALICE.transfer(0, SINK)), {}]),
    request("eth_getStorageAt", [hexd(HOLDER), "0x", "latest"]),
    request("eth_getStorageAt", [hexd(HOLDER), "0x" + "1" * 65, "latest"]),
    request("eth_getStorageAt", [hexd(HOLDER), 5, "latest"]),
    [],
    5,
    "eth_chainId",
    None,
]


@pytest.mark.parametrize("value", LEFT_ALONE)
def test_the_unusual_is_left_alone_and_nothing_happens(chain: Any, value: Any) -> None:
    assert ask(chain, value) is None
    assert ask(chain, [request("eth_sendRawTransaction", [hexd(ALICE.transfer(0, SINK))]), value]) is None
    assert chain.pool_status() == (0, 0)


def test_bodies_that_are_not_json(chain: Any, seed: int) -> None:
    rng = random.Random(seed)
    good = json.dumps([GOOD, request("eth_chainId", [])]).encode()
    for body in (
        b"",
        b"{",
        b"[" * 100_000,
        good[:-1],
        good + b"]",
        b"\xff" + good,
        b'{"a":1,"a":2}',
        b"NaN",
        good.replace(b'"', b"'"),
    ):
        assert chain.rpc_batch(body) is None
    for _ in range(500):
        body = bytearray(good)
        body[rng.randrange(len(body))] = rng.randrange(256)
        answer = chain.rpc_batch(bytes(body))
        if answer is not None:
            assert len(json.loads(answer[0])) == 2
    duplicate = good.replace(b'"id": 1', b'"id": 1, "id": 2', 1)
    assert chain.rpc_batch(duplicate) is None
    assert chain.rpc_batch(good, 1) is None
    assert chain.rpc_batch(good, 2) is not None

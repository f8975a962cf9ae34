"""The JSON-RPC codec: what is a call, what is not, and how answers look."""

from __future__ import annotations

import json
import sys
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zerog.wire import jsonrpc
from zerog.wire.jsonrpc import Call, Malformed, RpcError

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


def one(body: bytes) -> Call | Malformed:
    entries, is_batch = jsonrpc.decode(body, 10)
    assert not is_batch
    return entries[0]


def test_calls() -> None:
    call = one(b'{"jsonrpc":"2.0","id":1,"method":"m","params":[1,"a"]}')
    assert isinstance(call, Call)
    assert (call.id, call.method, call.params, call.notify) == (1, "m", [1, "a"], False)
    bare = one(b'{"id":null,"method":"m"}')
    assert isinstance(bare, Call)
    assert (bare.params, bare.notify) == ([], False)
    notification = one(b'{"jsonrpc":"2.0","method":"m","params":null}')
    assert isinstance(notification, Call)
    assert notification.notify


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"1", -32600), (b"[1]", -32600), (b'{"id":{},"method":"m"}', -32600), (b'{"id":true,"method":"m"}', -32600),
        (b'{"id":1}', -32600), (b'{"id":1,"method":5}', -32600), (b'{"id":1,"method":"m","jsonrpc":2}', -32600),
        (b'{"id":1,"method":"m","params":{}}', -32602), (b'{"id":1,"method":"m","params":"x"}', -32602),
    ],
)  # fmt: skip
def test_malformed_entries(body: bytes, code: int) -> None:
    entries, _ = jsonrpc.decode(body, 10)
    assert isinstance(entries[0], Malformed)
    assert entries[0].error.code == code


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a":1,}',
        b"[1,]",
        b"nul",
        b"'a'",
        b'{"a":NaN}',
        b'"\xff"',
        b"\xef\xbb\xbf1",
        b"1 2",
        b"[" * 200_000,
        b"01",
        b'"\\x"',
    ],
)
def test_what_is_not_json(body: bytes) -> None:
    with pytest.raises(RpcError) as caught:
        jsonrpc.decode(body, 10)
    assert caught.value.code == -32700


def test_batches_are_bounded() -> None:
    assert len(jsonrpc.decode(b"[1,2,3]", 3)[0]) == 3
    for body in (b"[]", b"[1,2,3,4]"):
        with pytest.raises(RpcError) as caught:
            jsonrpc.decode(body, 3)
        assert caught.value.code == -32600


def test_depth() -> None:
    value: object = 1
    for _ in range(jsonrpc.DEPTH_MAX - 1):
        value = [value]
    jsonrpc.check_depth([value, {}, 5])
    with pytest.raises(RpcError):
        jsonrpc.check_depth([[value]])
    with pytest.raises(RpcError):
        jsonrpc.check_depth([{"a": {"b": value}}])


def test_answers() -> None:
    assert json.loads(jsonrpc.encode_result("x", msgspec.Raw(b'{"a":[1]}'))) == {
        "jsonrpc": "2.0",
        "id": "x",
        "result": {"a": [1]},
    }
    plain = json.loads(jsonrpc.encode_error(None, RpcError(-1, "no")))
    assert plain == {"jsonrpc": "2.0", "id": None, "error": {"code": -1, "message": "no"}}
    assert json.loads(jsonrpc.encode_error(1, RpcError(3, "no", "0x")))["error"]["data"] == "0x"
    told = json.loads(jsonrpc.encode_notification("eth_subscription", "0x1", b"[1]"))
    assert told == {"jsonrpc": "2.0", "method": "eth_subscription", "params": {"subscription": "0x1", "result": [1]}}
    assert json.loads(jsonrpc.join_batch([b"1", b"2"])) == [1, 2]


def code_of(body: bytes) -> int:
    """0 when a body decodes, else the code it is refused with."""
    try:
        entries, _ = jsonrpc.decode(body, 100)
    except RpcError as error:
        return error.code
    return 0 if all(isinstance(entry, Call | Malformed) for entry in entries) else 1


@given(_json)
def test_any_json_decodes_to_calls_or_errors(value: object) -> None:
    assert code_of(json.dumps(value).encode()) in (0, -32600, -32700)


@given(st.binary(max_size=200))
def test_any_bytes_decode_or_are_refused(body: bytes) -> None:
    assert code_of(body) in (0, -32600, -32700)


def test_deep_bodies_are_refused_whatever_the_recursion_limit() -> None:
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000_000)
    try:
        for body in (
            b"[" * 100_000,
            b'{"a":' * 100_000,
            b"[" * 100_000 + b"]" * 100_000,
            b'["]' * 100_000,
            b'[["\\"",' * 100_000,
        ):
            with pytest.raises(RpcError) as caught:
                jsonrpc.decode(body, 10)
            assert caught.value.code == jsonrpc.PARSE_ERROR
    finally:
        sys.setrecursionlimit(limit)


@given(_json)
def test_nesting_is_exact(value: Any) -> None:
    def depth(item: Any) -> int:
        if isinstance(item, dict):
            return 1 + max(map(depth, item.values()), default=0)
        return 1 + max(map(depth, item), default=0) if isinstance(item, list) else 0

    padded = [[]] * jsonrpc.NESTING_MAX + [value]
    assert jsonrpc.nesting(json.dumps(padded).encode()) == max(2, 1 + depth(value))

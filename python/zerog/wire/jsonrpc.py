"""JSON-RPC 2.0: a body becomes calls, results become a body.

Decoding is strict: what is not JSON is -32700, what is not a request is -32600 with the id when there is one. Nesting is
bounded before the recursive decoder sees a body (``NESTING_MAX``: its own limit is the process's recursion limit, which
libraries raise beyond what a thread's stack holds) and again, for parameters, by ``DEPTH_MAX``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from zerog.errors import InvalidInput

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
SERVER_ERROR: Final = -32000
LIMIT_EXCEEDED: Final = -32005
EXECUTION_REVERTED: Final = 3
DEPTH_MAX: Final = 64
NESTING_MAX: Final = 512

Id = str | int | float | None

_decoder = msgspec.json.Decoder()
_encoder = msgspec.json.Encoder()
_string = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_not_a_bracket = bytes(set(range(256)) - set(b"[]{}"))


class RpcError(Exception):
    """An error object of the protocol: ``code``, ``message`` and, for reverts, ``data``."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data


class Call:
    """One request. ``notify`` says that no answer is wanted (the id is absent)."""

    __slots__ = ("id", "method", "notify", "params")

    def __init__(self, id: Id, method: str, params: list[Any], notify: bool) -> None:
        self.id, self.method, self.params, self.notify = id, method, params, notify


class Malformed:
    """An entry that is no request, with the id when one could be read."""

    __slots__ = ("error", "id")

    def __init__(self, id: Id, error: RpcError) -> None:
        self.id, self.error = id, error


def decode(body: bytes, batch_max: int) -> tuple[list[Call | Malformed], bool]:
    """The entries of a body, and whether it is a batch.

    Raises:
        RpcError: not JSON, an empty batch, or more than ``batch_max`` entries.
    """
    try:
        value = parse(body)
    except InvalidInput as error:
        raise RpcError(PARSE_ERROR, f"parse error: {error}") from None
    if isinstance(value, list):
        if not value:
            raise RpcError(INVALID_REQUEST, "invalid request: empty batch")
        if len(value) > batch_max:
            raise RpcError(INVALID_REQUEST, f"invalid request: batch of {len(value)} exceeds the max of {batch_max}")
        return [_entry(item) for item in value], True
    return [_entry(value)], False


def parse(body: bytes) -> Any:
    """A JSON value from bytes that a stranger sent.

    Raises:
        InvalidInput: not JSON, or nested deeper than ``NESTING_MAX``.
    """
    if nesting(body) > NESTING_MAX:
        raise InvalidInput(f"nested deeper than {NESTING_MAX}")
    try:
        return _decoder.decode(body)
    except RecursionError:
        raise InvalidInput("nested too deeply") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError) as error:
        raise InvalidInput(str(error)) from None


def nesting(body: bytes) -> int:
    """How deep brackets nest outside of strings; 0 when there are too few to matter.

    Cost: linear in the size of the body.
    """
    if body.count(b"[") + body.count(b"{") <= NESTING_MAX:
        return 0
    import numpy as np  # few bodies come this far

    brackets = np.frombuffer(_string.sub(b"", body).translate(None, _not_a_bracket), np.uint8)
    steps = np.where((brackets == ord("[")) | (brackets == ord("{")), np.int8(1), np.int8(-1))
    return int(np.cumsum(steps, dtype=np.int64).max(initial=0))


def _entry(item: Any) -> Call | Malformed:
    if type(item) is not dict:
        return Malformed(None, RpcError(INVALID_REQUEST, "invalid request: expected an object"))
    id = item.get("id")
    if id is not None and (isinstance(id, bool) or not isinstance(id, str | int | float)):
        return Malformed(None, RpcError(INVALID_REQUEST, "invalid request: id must be a string or a number"))
    method = item.get("method")
    if type(method) is not str:
        return Malformed(id, RpcError(INVALID_REQUEST, "invalid request: method must be a string"))
    if item.get("jsonrpc", "2.0") != "2.0":
        return Malformed(id, RpcError(INVALID_REQUEST, 'invalid request: jsonrpc must be "2.0"'))
    params = item.get("params")
    if params is None:
        params = []
    elif type(params) is not list:
        return Malformed(id, RpcError(INVALID_PARAMS, "invalid params: expected an array"))
    return Call(id, method, params, "id" not in item)


def check_depth(value: Any, limit: int = DEPTH_MAX) -> None:
    """Raise -32602 when lists and objects are nested deeper than ``limit``."""
    level: list[Any] = [value]
    for _ in range(limit):
        below: list[Any] = []
        for item in level:
            if type(item) is list:
                below.extend(child for child in item if type(child) is list or type(child) is dict)
            elif type(item) is dict:
                below.extend(child for child in item.values() if type(child) is list or type(child) is dict)
        if not below:
            return
        level = below
    raise RpcError(INVALID_PARAMS, f"invalid params: nested deeper than {limit}")


def encode_result(id: Id, result: Any) -> bytes:
    """One answer. ``result`` may hold ``msgspec.Raw`` for JSON that is already rendered."""
    return _encoder.encode({"jsonrpc": "2.0", "id": id, "result": result})


def encode_error(id: Id, error: RpcError) -> bytes:
    """One error answer; ``data`` appears only when there is some."""
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.data is not None:
        body["data"] = error.data
    return _encoder.encode({"jsonrpc": "2.0", "id": id, "error": body})


def encode_notification(method: str, subscription: str, result: bytes) -> bytes:
    """A subscription's message around a result that is already JSON."""
    head = _encoder.encode(method), _encoder.encode(subscription)
    return b'{"jsonrpc":"2.0","method":%b,"params":{"subscription":%b,"result":%b}}' % (*head, result)


def join_batch(answers: Sequence[bytes]) -> bytes:
    """Answers of a batch as one array."""
    return b"[" + b",".join(answers) + b"]"

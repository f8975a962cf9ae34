"""The one map from exceptions to wire codes: JSON-RPC error objects and HTTP status."""

from __future__ import annotations

import asyncio

from zerog import errors
from zerog.runtime import log
from zerog.wire.jsonrpc import INTERNAL_ERROR, INVALID_PARAMS, LIMIT_EXCEEDED, METHOD_NOT_FOUND, SERVER_ERROR, RpcError

_log = log.get(__name__)

_HTTP: list[tuple[type[errors.ZerogError], int]] = [
    (errors.InvalidInput, 400),
    (errors.Unauthorized, 401),
    (errors.InsufficientFunds, 402),
    (errors.NotFound, 404),
    (errors.Conflict, 409),
    (errors.Exhausted, 429),
    (errors.Unavailable, 503),
    (errors.TimedOut, 504),
]


def http_status(error: BaseException) -> int:
    """The HTTP status of an exception, 500 for whatever is our own fault."""
    for kind, status in _HTTP:
        if isinstance(error, kind):
            return status
    return 500


def rpc_error(error: BaseException, method: str) -> RpcError:
    """The JSON-RPC error object of an exception. What is our own fault is logged, and told without its insides."""
    if isinstance(error, RpcError):
        return error
    if isinstance(error, errors.InvalidInput):
        return RpcError(INVALID_PARAMS, str(error))
    if isinstance(error, errors.Unauthorized):
        return RpcError(METHOD_NOT_FOUND, str(error))
    if isinstance(error, errors.Exhausted):
        return RpcError(LIMIT_EXCEEDED, str(error))
    if isinstance(error, TimeoutError | asyncio.TimeoutError | errors.TimedOut):
        return RpcError(SERVER_ERROR, str(error) or "timeout: execution took too long")
    if isinstance(error, errors.NotFound | errors.Conflict | errors.InsufficientFunds | errors.Unavailable):
        return RpcError(SERVER_ERROR, str(error))
    _log.error("rpc.failed", method=method, error=type(error).__name__, reason=str(error))
    return RpcError(INTERNAL_ERROR, "internal error")

"""Calls that a stranger may make of any method of a JSON-RPC surface, and what must hold for all of them."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from typing import Any

import aiohttp

UNKNOWN = "0x" + "ab" * 32
TRAVERSAL = "../../../../etc/passwd"
PARAMETERS: list[list[Any]] = [
    [],
    [None],
    [UNKNOWN],
    [UNKNOWN, 0, 1],
    [1 << 63],
    [1 << 64, 1 << 64],
    [-1, -1, -1],
    [1.5, "1"],
    [TRAVERSAL, TRAVERSAL],
    ["", "", 0, 1, True],
    [[], []],
    [{}, {}],
    [{"root": UNKNOWN, "data": "", "index": 0, "proof": {"lemma": [], "path": []}, "fileSize": 0}, 0],
    [[{"root": UNKNOWN, "data": "AA==", "index": -1, "proof": None, "fileSize": 1}], 0],
    [[[[[[[[[[]]]]]]]]]],
]


async def survive(session: aiohttp.ClientSession, url: str, methods: Iterable[str], **headers: str) -> dict[str, int]:
    """Every method with every list of parameters: an answer of the protocol and nothing that tells of the inside.

    Returns how many calls of each method were refused.
    """
    refused = {}
    for method in methods:
        calls = [{"jsonrpc": "2.0", "id": at, "method": method, "params": given} for at, given in enumerate(PARAMETERS)]
        async with session.post(url, data=io.BytesIO(json.dumps(calls).encode()), headers=headers) as response:
            assert response.status == 200, method
            answers = json.loads(await response.read())
        assert [answer["id"] for answer in answers] == list(range(len(PARAMETERS)))
        for given, answer in zip(PARAMETERS, answers, strict=True):
            error = answer.get("error")
            assert error is None or error["code"] != -32603 or "not match" in str(error), (method, given, error)
            assert "Traceback" not in str(answer)
            assert "root:x:0" not in str(answer)
        refused[method] = sum("error" in answer for answer in answers)
    return refused


async def too_large(session: aiohttp.ClientSession, url: str, size: int, **headers: str) -> None:
    async with session.post(url, data=io.BytesIO(b" " * (size + 1)), headers=headers) as response:
        assert response.status == 413

"""Segments as plain bytes over the node's public port, beside its JSON-RPC: same checks, same words of refusal.

``GET /segments`` answers with no frames: who gets that content type may use the other two.
``GET /segments/SEQ?first=I&count=N&step=S`` answers with the segments I, I+S, … of file SEQ as ``frames``, up to the first that
is not here (no frame at all: the file or the first segment is not here). ``POST /segments/SEQ`` takes frames as
``zgs_uploadSegmentsByTxSeq`` takes JSON. A refusal is status 422 and the error object that JSON-RPC would have had.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

import msgspec
from aiohttp import web

from zerog.errors import Corrupt, InvalidInput
from zerog.runtime.offload import Offload
from zerog.storage import frames
from zerog.storage.api import Tx
from zerog.storage.ingest import Ingest, invalid_params
from zerog.storage.layout import Segment
from zerog.storage.rpc import SEGMENTS_PER_CALL_MAX, rpc_error
from zerog.storage.store import Store

if TYPE_CHECKING:
    from typing_extensions import Buffer

COUNT_MAX: Final = 16
_U64 = (1 << 64) - 1
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class SegmentRoutes:
    """The routes.

    Args:
        lane: threads for reading and decoding.
        body_bytes_max, body_timeout_s: as for JSON-RPC.
        on_damaged: told the file of a record that failed its check.
        observe: told the name, whether it failed, and the seconds, of every request.
    """

    def __init__(
        self,
        store: Store,
        ingest: Ingest,
        lane: Offload,
        *,
        body_bytes_max: int,
        body_timeout_s: float,
        on_damaged: Callable[[int], None],
        observe: Callable[[str, bool, float], None],
    ) -> None:
        self._store, self._ingest, self._lane = store, ingest, lane
        self._body_bytes_max, self._body_timeout_s = body_bytes_max, body_timeout_s
        self._on_damaged, self._observe = on_damaged, observe

    def routes(self) -> list[web.RouteDef]:
        path = frames.PATH + "/{seq}"
        return [
            web.get(frames.PATH, self._none, allow_head=False),
            web.get(path, self._told("segments_get", self._get), allow_head=False),
            web.post(path, self._told("segments_post", self._post)),
        ]

    def _told(self, name: str, handler: _Handler) -> _Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            loop = asyncio.get_running_loop()
            begun, failed = loop.time(), True
            try:
                response = await handler(request)
                failed = response.status >= 400
                return response
            except (web.HTTPException, ConnectionError):
                raise
            except Exception as error:
                refused = rpc_error(error, name)
                body = {"code": refused.code, "message": refused.message, "data": refused.data}
                return web.Response(status=422, body=msgspec.json.encode(body), content_type="application/json")
            finally:
                self._observe(name, failed, loop.time() - begun)

        return handle

    async def _none(self, request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"", content_type=frames.CONTENT_TYPE)

    async def _get(self, request: web.Request) -> web.StreamResponse:
        seq = _number(request.match_info["seq"], "tx_seq")
        first, count, step = (_number(request.query.get(name, default), name) for name, default in
                              (("first", "0"), ("count", "1"), ("step", "1")))  # fmt: skip
        if not 1 <= count <= COUNT_MAX:
            raise invalid_params("count", f"expected 1 to {COUNT_MAX}")
        if step == 0:
            raise invalid_params("step", "expected at least 1")
        tx = self._store.find_tx(seq)
        pieces: list[Buffer] = []
        if tx is not None:
            if first >= tx.layout.data_segments:
                raise invalid_params("index", "index out of bound")
            try:
                pieces = await self._lane.run(self._read, tx, range(first, tx.layout.data_segments, step)[:count])
            except Corrupt:
                self._on_damaged(seq)
                raise
        response = web.StreamResponse(headers={"Content-Type": frames.CONTENT_TYPE})
        response.content_length = sum(memoryview(piece).nbytes for piece in pieces)
        await response.prepare(request)
        for piece in pieces:
            await response.write(piece)  # type: ignore[arg-type]
        await response.write_eof()
        return response

    def _read(self, tx: Tx, indices: range) -> list[Buffer]:
        found: list[Segment] = []
        for index in indices:
            if self._store.pruned(tx.seq):
                break
            data, proof = self._store.segment(tx.seq, index), self._store.proof(tx.seq, index)
            if data is None or proof is None:
                break
            found.append(Segment(tx.root, data, index, proof, tx.size))
        return frames.encode(found)

    async def _post(self, request: web.Request) -> web.StreamResponse:
        seq = _number(request.match_info["seq"], "tx_seq")
        length = request.content_length
        if length is None:
            raise web.HTTPLengthRequired
        if length > self._body_bytes_max:
            raise web.HTTPRequestEntityTooLarge(max_size=self._body_bytes_max, actual_size=length)
        body = bytearray()  # not at once what the head claims: a claim costs its sender nothing
        try:
            async with asyncio.timeout(self._body_timeout_s):
                async for part in request.content.iter_any():
                    body += part
        except TimeoutError:
            response = web.Response(status=408, text="body took too long\n")
            response.force_close()
            return response
        try:
            segments = frames.decode(body, SEGMENTS_PER_CALL_MAX)
        except InvalidInput as error:
            raise invalid_params("segments", str(error)) from None
        await self._ingest.upload(segments, seq, skip_duplicates=True)
        return web.Response(body=b"0", content_type="application/json")


def _number(text: str, name: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 20 and int(text) <= _U64):
        raise invalid_params(name, "expected a number from 0 to 2^64-1")
    return int(text)

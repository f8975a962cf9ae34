"""REST over the indexer's nodes: whole files and files of directories, what is known of files, single segments in.

Files are fetched segment by segment with proofs and compared with their root before the first byte is sent. Answers that are
no file come in an envelope ``{code, message, data}``; business errors keep HTTP status 200 and internal ones have 600, as
clients of 0G expect.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import quote

import msgspec
from aiohttp import web

from zerog.errors import Exhausted, InvalidInput, NotFound, PeerFault, TimedOut, Unavailable, ZerogError
from zerog.runtime import log
from zerog.storage import directory, layout
from zerog.storage.client import StorageClient
from zerog.storage.ingest import Refusal
from zerog.storage.layout import Segment
from zerog.storage.remote import FileInfo, NodeRefused, Remote
from zerog.storage.rpc import as_hash, as_number, read_segment
from zerog.storage.selection import ShardedNode
from zerog.wire.jsonrpc import parse

_log = log.get(__name__)

SUCCESS, INVALID, INTERNAL, NOT_FOUND, PRUNED, NOT_FINAL, NO_PATH, TOO_LARGE, UNSUPPORTED = (
    0,
    1,
    2,
    101,
    102,
    103,
    104,
    105,
    106,
)
_INTERNAL_STATUS: Final = 600
_CIDS_MAX: Final = 100
_DOWNLOADS_MAX: Final = 8


class Known(NamedTuple):
    """A node that knows a file: what it tells, checked, and the words in which it told the submission."""

    url: str
    info: FileInfo
    tx: dict[str, Any]


class Nodes(Protocol):
    """What the routes need of the indexer."""

    remote: Remote
    trusted_urls: list[str]

    async def trusted(self) -> list[ShardedNode]: ...
    async def infos(self, root: bytes | None, seq: int | None = None) -> list[Known]: ...
    async def locations(self, root: bytes) -> list[ShardedNode]: ...


class Failed(Exception):
    """A business error of the envelope."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data


def add_routes(app: web.Application, nodes: Nodes, *, file_bytes_max: int, cors: Sequence[str] = ("*",)) -> None:
    """Add the REST routes to an indexer's application."""
    routes = _Routes(nodes, file_bytes_max)
    app.router.add_get("/file", routes.answered(routes.file))
    app.router.add_get("/file/info/{cid}", routes.answered(routes.info))
    app.router.add_get("/files/info", routes.answered(routes.infos))
    app.router.add_get("/node/status", routes.answered(routes.status))
    app.router.add_post("/file/segment", routes.answered(routes.segment))
    app.router.add_get("/file/{cid}/{path:.*}", routes.answered(routes.path))

    async def open_door(request: web.Request, response: web.StreamResponse) -> None:
        origin = request.headers.get("Origin")
        if origin is not None and ("*" in cors or origin in cors):
            response.headers["Access-Control-Allow-Origin"] = "*" if "*" in cors else origin

    app.on_response_prepare.append(open_door)


def _envelope(code: int, message: str, data: Any, status: int = 200) -> web.Response:
    body = msgspec.json.encode({"code": code, "message": message, "data": data})
    return web.Response(body=body, status=status, reason="Internal Error" if status == _INTERNAL_STATUS else None,
                        content_type="application/json")  # fmt: skip


class _PrivateFile(web.FileResponse):
    """A file whose directory goes away once it is sent."""

    def __init__(self, part: Path, private: tempfile.TemporaryDirectory[str]) -> None:
        super().__init__(part)
        self._private = private

    async def prepare(self, request: web.BaseRequest) -> Any:
        try:
            return await super().prepare(request)
        finally:
            self._private.cleanup()  # one file, and nothing to wait for: a cancelled request must not leave it behind


class _Routes:
    def __init__(self, nodes: Nodes, file_bytes_max: int) -> None:
        self._nodes, self._file_bytes_max = nodes, file_bytes_max
        self._downloads = 0

    def answered(
        self, handler: Callable[[web.Request], Awaitable[Any]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """A route whose results and errors go into the envelope; a response of its own passes."""

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                result = await handler(request)
            except Failed as error:
                return _envelope(error.code, error.message, error.data)
            except Refusal as error:
                return _envelope(INVALID, "Invalid parameter", error.data or error.message)
            except InvalidInput as error:
                return _envelope(INVALID, "Invalid parameter", str(error))
            except NotFound:
                return _envelope(NOT_FOUND, "File not found", None)
            except (ZerogError, OSError) as error:
                _log.warning("gateway.failed", path=request.path[:200], error=type(error).__name__, reason=str(error))
                known = isinstance(error, Unavailable | TimedOut | PeerFault | NodeRefused | Exhausted)
                return _envelope(INTERNAL, "Internal error", str(error) if known else type(error).__name__, _INTERNAL_STATUS)
            return result if isinstance(result, web.StreamResponse) else _envelope(SUCCESS, "Success", result)

        return handle

    # --- what is known ------------------------------------------------------------------------------------------------

    async def _merged(self, cid: str) -> tuple[list[FileInfo], dict[str, Any]]:
        root, seq = _read_cid(cid)
        known = await self._nodes.infos(root, seq)
        if not known:
            raise Failed(NOT_FOUND, "File not found")
        answers = [one.info for one in known]
        first = answers[0]
        if any((info.root, info.size) != (first.root, first.size) for info in answers):
            raise PeerFault("the nodes tell different files")
        return answers, {
            "tx": known[0].tx,
            "finalized": all(info.finalized for info in answers),
            "isCached": all(info.cached for info in answers),
            "uploadedSegNum": min(info.uploaded_segments for info in answers),
            "pruned": any(info.pruned for info in answers),
        }

    async def info(self, request: web.Request) -> Any:
        return (await self._merged(request.match_info["cid"]))[1]

    async def infos(self, request: web.Request) -> Any:
        cids = request.query.getall("cid", [])
        if not 1 <= len(cids) <= _CIDS_MAX:
            raise Failed(INVALID, "Invalid parameter", f"expected 1 to {_CIDS_MAX} cid, found {len(cids)}")

        async def one(cid: str) -> Any:
            try:
                return (await self._merged(cid))[1]
            except Failed as error:
                return None if error.code == NOT_FOUND else error.message
            except ZerogError as error:
                return str(error)

        return list(await asyncio.gather(*(one(cid) for cid in cids)))

    async def status(self, request: web.Request) -> Any:
        async def ask(url: str) -> dict[str, Any] | None:
            try:
                found = await self._nodes.remote.call(url, "zgs_getStatus", retries=0)
            except ZerogError:
                return None
            return found if isinstance(found, dict) else None

        found = [one for one in await asyncio.gather(*(ask(url) for url in self._nodes.trusted_urls)) if one is not None]
        if not found:
            raise Unavailable("no trusted node answers")
        try:
            lowest = min(found, key=lambda one: int(one["logSyncHeight"]))
            return lowest | {
                "connectedPeers": max(int(one["connectedPeers"]) for one in found),
                "nextTxSeq": min(int(one["nextTxSeq"]) for one in found),
            }
        except (KeyError, TypeError, ValueError):
            raise PeerFault("a node's status has another form") from None

    # --- files --------------------------------------------------------------------------------------------------------

    async def file(self, request: web.Request) -> web.StreamResponse:
        root, seq = request.query.get("root"), request.query.get("txSeq")
        cid = root if root is not None else seq
        if cid is None:
            raise Failed(INVALID, "Invalid parameter", "expected root or txSeq")
        (info, *_), _ = await self._merged(cid)
        name = request.query.get("name") or "0x" + info.root.hex()
        return await self._send(request, info.root, info.size, name)

    async def path(self, request: web.Request) -> Any:
        answers, _ = await self._merged(request.match_info["cid"])
        await self._check_ready(answers)
        info = answers[0]
        if info.size > directory.METADATA_SIZE_MAX or info.size > self._file_bytes_max:
            raise Failed(TOO_LARGE, "File too large", info.size)
        with tempfile.TemporaryDirectory(prefix="zerog-gateway-") as private:
            part = Path(private) / "metadata"
            await self._client().fetch(info.root, part, size=info.size)
            data = await asyncio.to_thread(part.read_bytes)
        if not directory.is_metadata(data):
            raise Failed(UNSUPPORTED, "Not a directory")
        entry = directory.decode(data)
        for name in [part for part in request.match_info["path"].split("/") if part]:
            found = next((one for one in entry.entries if one.name == name), None) if entry.kind == "directory" else None
            if found is None:
                raise Failed(NO_PATH, "Path not found in directory", request.match_info["path"][:1000])
            entry = found
        if entry.kind == "directory":
            return [{"name": one.name, "type": one.kind, "size": one.size} for one in entry.entries]
        if entry.kind == "symbolic":
            return entry.to_json()
        if len(entry.roots) != 1:
            raise Failed(UNSUPPORTED, "File of several fragments", len(entry.roots))
        return await self._send(request, entry.roots[0], entry.size, entry.name)

    async def _send(self, request: web.Request, root: bytes, size: int, name: str) -> web.StreamResponse:
        answers, _ = await self._merged("0x" + root.hex())
        await self._check_ready(answers)
        if size > self._file_bytes_max:
            raise Failed(TOO_LARGE, "File too large", size)
        if self._downloads >= _DOWNLOADS_MAX:
            raise Exhausted(f"{_DOWNLOADS_MAX} downloads are running already")
        self._downloads += 1
        private = tempfile.TemporaryDirectory(prefix="zerog-gateway-")
        part = Path(private.name) / "file"
        try:
            await self._client().fetch(root, part, size=size)
        except BaseException:
            private.cleanup()
            raise
        finally:
            self._downloads -= 1
        shown = re.sub(r"[^\w .()-]", "_", Path(name).name)[:200] or "file"
        response = _PrivateFile(part, private)
        response.content_type = "application/octet-stream"
        response.headers["Content-Disposition"] = (
            f"attachment; filename=\"{shown.encode('ascii', 'replace').decode()}\"; filename*=UTF-8''{quote(shown)}"
        )
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response

    async def _check_ready(self, answers: Sequence[FileInfo]) -> None:
        if not await self._nodes.locations(answers[0].root):
            if all(info.pruned for info in answers):
                raise Failed(PRUNED, "File already pruned")
            raise Failed(NOT_FINAL, "File not finalized yet")

    def _client(self) -> StorageClient:
        return StorageClient(self._nodes.remote, nodes=self._nodes.trusted_urls)

    # --- segments in --------------------------------------------------------------------------------------------------

    async def segment(self, request: web.Request) -> str:
        try:
            given = parse(await request.read())
        except InvalidInput:
            raise Failed(INVALID, "Invalid parameter", "the body is not JSON") from None
        if not isinstance(given, dict):
            raise Failed(INVALID, "Invalid parameter", "expected an object")
        root = given.get("root")
        cid = "0x" + as_hash(root, "root").hex() if root else str(as_number(given.get("txSeq"), "txSeq"))
        replicas = as_number(given.get("expectedReplica", 1) or 1, "expectedReplica")
        (info, *_), _ = await self._merged(cid)
        segment = await asyncio.to_thread(read_segment, given | {"root": "0x" + info.root.hex(), "fileSize": info.size})
        fault = (await asyncio.to_thread(layout.check_segments, [segment]))[0]
        if fault is not None:
            raise Failed(INVALID, "Invalid parameter", f"segment refused: {fault}")
        return await self._forward(info, segment, replicas)

    async def _forward(self, info: FileInfo, segment: Segment, replicas: int) -> str:
        place = info.start_segment + segment.index
        holders = [node for node in await self._nodes.trusted() if node.shard.holds(place)]
        if not 1 <= replicas <= len(holders):
            raise Failed(INVALID, "Invalid parameter", f"expectedReplica: {len(holders)} trusted nodes hold this segment")
        taken = 0
        for node in holders:
            await self._nodes.remote.node(node.url).upload([segment], info.seq)
            taken += 1
            if taken == replicas:
                break
        return f"segment {segment.index} stored on {taken} nodes"


def _read_cid(cid: str) -> tuple[bytes | None, int | None]:
    """A root, or the decimal number of a submission."""
    if cid.isascii() and cid.isdigit() and len(cid) <= 20:
        return None, as_number(int(cid), "txSeq")
    return as_hash(cid, "cid"), None

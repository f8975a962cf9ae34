"""REST over the indexer's nodes: whole files and files of directories, what is known of files, single segments in.

Files are fetched segment by segment with proofs and compared with their root before the first byte is sent. To programs,
answers that are no file come in an envelope ``{code, message, data}``; business errors keep HTTP status 200 and internal ones
have 600, as clients of 0G expect. Who asks for ``text/html`` gets ``pages`` and the statuses of HTTP.

What people stored is never run here: files are sent to be saved, or shown if they are pictures, sound, films or plain text;
each may do nothing in the browser, and its type is told by its name and not to be guessed.
"""

from __future__ import annotations

import asyncio
import posixpath
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple, Protocol
from urllib.parse import quote

import msgspec
from aiohttp import web

from zerog.errors import Exhausted, InvalidInput, NotFound, PeerFault, TimedOut, Unavailable, ZerogError
from zerog.runtime import log
from zerog.runtime.config import IndexerConfig
from zerog.storage import directory, layout, media, pages
from zerog.storage.client import StorageClient
from zerog.storage.ingest import Refusal
from zerog.storage.kept import KeptFiles
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
_KEPT_S: Final = 300.0
_METADATA_SHOWN_MAX: Final = 4 << 20
"""Of a file that is larger nobody looks whether it is a directory before it is asked for as one."""
_EXPLAINED: Final = {
    INVALID: (400, "Not a root", "This is neither a root nor the number of a submission."),
    NOT_FOUND: (404, "File not found", "No node of this network knows it. A file that is new is known after a few seconds."),
    PRUNED: (410, "File dropped", "It was stored here, and the nodes have dropped it."),
    NOT_FINAL: (
        404,
        "File not complete",
        "It was paid for, and its bytes are not all stored: its upload goes on, or has to be repeated.",
    ),
    NO_PATH: (404, "Not in this folder", "The folder has nothing of that name."),
    TOO_LARGE: (
        413,
        "File too large",
        "It is larger than this gateway sends; `zerog storage download` fetches it from the nodes.",
    ),
    UNSUPPORTED: (400, "Not a folder", "The file is there, but is no folder, or has a form that this gateway does not send."),
    INTERNAL: (503, "Not available now", "The storage nodes do not give it"),
}
"""To people: status, title and explanation of each code."""
_PREFLIGHT: Final = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Content-Type, Range, If-Range, If-None-Match",
    "Access-Control-Max-Age": "600",
}
_FILE_POLICY: Final = "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"
"""Of every file, should a browser open it by itself: no script, no form, no frame, an origin of its own."""


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


def add_routes(app: web.Application, nodes: Nodes, config: IndexerConfig) -> None:
    """Add the REST routes and the pages to an indexer's application."""
    cors = config.cors
    kept = KeptFiles(bytes_max=config.kept_bytes_max, fetches_max=_DOWNLOADS_MAX, idle_s=_KEPT_S)
    routes = _Routes(nodes, kept, config.file_bytes_max)
    app.router.add_get("/file", routes.answered(routes.file))
    app.router.add_get("/file/info/{cid}", routes.answered(routes.info))
    app.router.add_get("/files/info", routes.answered(routes.infos))
    app.router.add_get("/node/status", routes.answered(routes.status))
    app.router.add_post("/file/segment", routes.answered(routes.segment))
    app.router.add_get("/file/{cid}/{path:.*}", routes.answered(routes.path))
    app.router.add_get("/file/{cid}", routes.answered(routes.facts))
    app.router.add_get("/find", routes.answered(routes.find))
    app.middlewares.append(routes.for_people)

    async def open_door(request: web.Request, response: web.StreamResponse) -> None:
        # Also to who did not say from where: a browser keeps the answer, and may show it to a page that would have.
        origin = request.headers.get("Origin")
        if "*" in cors:
            response.headers["Access-Control-Allow-Origin"] = "*"
        else:
            response.headers["Vary"] = "Accept, Origin"
            if origin in cors:
                response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Access-Control-Expose-Headers"] = "Content-Disposition, Content-Range, ETag"

    async def close(_: web.Application) -> None:
        await kept.close()

    app.on_response_prepare.append(open_door)
    app.on_cleanup.append(close)


def _envelope(code: int, message: str, data: Any, status: int = 200) -> web.Response:
    body = msgspec.json.encode({"code": code, "message": message, "data": data})
    return web.Response(body=body, status=status, reason="Internal Error" if status == _INTERNAL_STATUS else None,
                        content_type="application/json")  # fmt: skip


def _wants_page(request: web.Request) -> bool:
    """Whether a person looks: only browsers that open an address ask for HTML by name."""
    return request.method in ("GET", "HEAD") and "text/html" in request.headers.get("Accept", "")


def _page(text: str, status: int = 200) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html", headers=pages.HEADERS)


class _KeptFile(web.FileResponse):
    """A file that may be forgotten once it is sent."""

    def __init__(self, path: Path, opened: AsyncExitStack, **facts: Any) -> None:
        super().__init__(path, **facts)
        self._opened = opened

    async def prepare(self, request: web.BaseRequest) -> Any:
        async with self._opened:
            return await super().prepare(request)


class _Routes:
    def __init__(self, nodes: Nodes, kept: KeptFiles, file_bytes_max: int) -> None:
        self._nodes, self._kept, self._file_bytes_max = nodes, kept, file_bytes_max

    def answered(
        self, handler: Callable[[web.Request], Awaitable[Any]]
    ) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """A route whose results and errors go into the envelope; a response of its own passes."""

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                result = await handler(request)
            except Failed as error:
                failed = error
            except Refusal as error:
                failed = Failed(INVALID, "Invalid parameter", error.data or error.message)
            except InvalidInput as error:
                failed = Failed(INVALID, "Invalid parameter", str(error))
            except NotFound:
                failed = Failed(NOT_FOUND, "File not found")
            except (ZerogError, OSError) as error:
                _log.warning("gateway.failed", path=request.path[:200], error=type(error).__name__, reason=str(error))
                known = isinstance(error, Unavailable | TimedOut | PeerFault | NodeRefused | Exhausted)
                failed = Failed(INTERNAL, "Internal error", str(error) if known else type(error).__name__)
            else:
                return result if isinstance(result, web.StreamResponse) else _envelope(SUCCESS, "Success", result)
            if _wants_page(request):
                return self._error_page(request, failed)
            return _envelope(failed.code, failed.message, failed.data, _INTERNAL_STATUS if failed.code == INTERNAL else 200)

        return handle

    # --- for people ---------------------------------------------------------------------------------------------------

    def _error_page(self, request: web.Request, failed: Failed) -> web.Response:
        status, title, said = _EXPLAINED[failed.code]
        if failed.code in (INVALID, INTERNAL) and isinstance(failed.data, str):
            said += f": {failed.data}" if failed.code == INTERNAL else f" ({failed.data})"
        asked = request.match_info.get("cid") or request.query.get("root") or ""
        return _page(pages.error(status, title, said, asked[:80]), status)

    @web.middleware
    async def for_people(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """The entrance, and errors of the router, as pages for who asks for pages; nothing guesses types anywhere.

        Pages of elsewhere that ask first whether they may (a ``Range`` makes browsers do so) hear yes here, from whom in
        ``open_door``.
        """
        if request.method == "OPTIONS" and request.path != "/":
            return web.Response(status=204, headers=_PREFLIGHT)
        if not _wants_page(request) or "Upgrade" in request.headers:
            response = await handler(request)
            if not response.prepared:
                response.headers.setdefault("X-Content-Type-Options", "nosniff")
            return response
        if request.path == "/":
            return await self._home()
        try:
            return await handler(request)
        except web.HTTPNotFound:
            return _page(pages.error(404, "No such page", "This is a gateway to files by their roots."), 404)
        except web.HTTPMethodNotAllowed:
            return _page(pages.error(405, "No such page", "This address takes requests of programs only."), 405)

    async def _home(self) -> web.Response:
        found = await self._nodes.trusted()
        shown = [(node.url, str(node.shard), node.latency_ms) for node in found]
        return _page(pages.home(shown, len(self._nodes.trusted_urls) - len(found)))

    async def find(self, request: web.Request) -> web.StreamResponse:
        """From the form of the entrance to the page of a file."""
        cid = request.query.get("root", "").strip()
        _read_cid(cid)
        return web.Response(status=303, headers={"Location": f"/file/{quote(cid, safe='')}"})

    async def facts(self, request: web.Request) -> Any:
        """The page of a file, or the folder that it describes; to programs what is known of it."""
        cid = request.match_info["cid"]
        answers, merged = await self._merged(cid)
        if not _wants_page(request):
            return merged
        await self._check_ready(answers)
        info = answers[0]
        if info.size <= min(_METADATA_SHOWN_MAX, self._file_bytes_max):
            async with self._opened(info.root, info.size) as path:
                begin = await asyncio.to_thread(_begin, path)
            if directory.is_metadata(begin):
                return web.Response(status=303, headers={"Location": f"/file/{quote(cid, safe='')}/"})
        nodes = [node.url for node in await self._nodes.locations(info.root)]
        segments = layout.file_layout(info.size).data_segments
        too_large = info.size > self._file_bytes_max
        return _page(pages.file(pages.FileFacts("0x" + info.root.hex(), info.size, info.seq, segments, nodes, too_large)))

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
        async with self._opened(info.root, info.size) as stored:
            data = await asyncio.to_thread(stored.read_bytes)
        if not directory.is_metadata(data):
            raise Failed(UNSUPPORTED, "Not a directory")
        entry = await asyncio.to_thread(directory.decode, data)
        names = [part for part in request.match_info["path"].split("/") if part]
        for name in names:
            found = next((one for one in entry.entries if one.name == name), None) if entry.kind == "directory" else None
            if found is None:
                raise Failed(NO_PATH, "Path not found in directory", request.match_info["path"][:1000])
            entry = found
        if entry.kind == "directory":
            if _wants_page(request):
                return _page(await asyncio.to_thread(pages.folder, request.match_info["cid"], names, entry))
            return [{"name": one.name, "type": one.kind, "size": one.size} for one in entry.entries]
        if entry.kind == "symbolic":
            if not _wants_page(request):
                return entry.to_json()
            target = posixpath.normpath(posixpath.join(*names[:-1], entry.link))  # ``decode`` let in none that leads out
            return web.Response(status=303, headers={"Location": f"/file/{request.match_info['cid']}/{quote(target)}"})
        if entry.size and len(entry.roots) != 1:
            raise Failed(UNSUPPORTED, "File of several fragments", len(entry.roots))
        return await self._send(request, entry.roots[0] if entry.roots else None, entry.size, entry.name)

    async def _send(self, request: web.Request, root: bytes | None, size: int, name: str) -> web.StreamResponse:
        """A file; ``root`` None for one without bytes, which only a directory can name."""
        shown = re.sub(r"[^\w .()-]", "_", Path(name).name)[:200] or "file"
        kind = media.type_of(shown)
        may_show = request.query.get("inline") == "1" and media.may_be_shown(shown)
        headers = {
            "Content-Disposition": f"{'inline' if may_show else 'attachment'}; "
            f"filename=\"{shown.encode('ascii', 'replace').decode()}\"; filename*=UTF-8''{quote(shown)}",
            "Content-Type": "text/plain; charset=utf-8" if kind == "text/plain" else kind,
            "Content-Security-Policy": _FILE_POLICY,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
        }
        if root is None:
            return web.Response(headers=headers)
        answers, _ = await self._merged("0x" + root.hex())
        await self._check_ready(answers)
        if size > self._file_bytes_max:
            raise Failed(TOO_LARGE, "File too large", size)
        opened = AsyncExitStack()
        path = await opened.enter_async_context(self._opened(root, size))
        return _KeptFile(path, opened, headers=headers)

    def _opened(self, root: bytes, size: int) -> AbstractAsyncContextManager[Path]:
        return self._kept.open(root, size, partial(self._client().fetch, root, size=size))

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


def _begin(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read(64)


def _read_cid(cid: str) -> tuple[bytes | None, int | None]:
    """A root, or the decimal number of a submission."""
    if cid.isascii() and cid.isdigit() and len(cid) <= 20:
        return None, as_number(int(cid), "txSeq")
    return as_hash(cid, "cid"), None

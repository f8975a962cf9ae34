"""The provider's own log, for its owner: listed and fetched with a session that the provider's own key has signed.

Only files that the log writes are ever opened: a name is compared with those, never joined to a path. Source: compute.md §7.1.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from zerog.compute.gateway.auth import Auth
from zerog.compute.gateway.chat_serving import CORS
from zerog.compute.gateway.errors import Style
from zerog.errors import InvalidInput, NotFound, Unauthorized
from zerog.types import Address

COMPONENTS: Final = ("broker", "event")
"""The words of the official node; here one process is both, and all of its log is ``broker``'s."""
PIECE_BYTES: Final = 1 << 20


class Logs:
    """The routes of one provider.

    Args:
        auth: checks sessions; ``provider``'s is the only one let in.
        file: what the log writes; None: nothing is kept.
        bytes_max: no more of one file is sent: its end.
    """

    def __init__(self, auth: Auth, provider: Address, file: Path | None, *, bytes_max: int) -> None:
        self._auth, self._provider, self._file, self._bytes_max = auth, provider, file, bytes_max

    def routes(self) -> list[tuple[str, str, str, Callable[[web.Request], Any]]]:
        return [
            ("GET", "/v1/logs", Style.ZEROG, self._list),
            ("GET", "/v1/logs/{component}/{name}", Style.ZEROG, self._get),
        ]

    def _check(self, request: web.Request) -> None:
        session = self._auth.headers_session(request.headers)
        if session.user != self._provider:
            raise Unauthorized("authentication failed: the session is not of this provider")

    def _files(self) -> dict[str, Path]:
        """The file that is written now, and those before it."""
        if self._file is None:
            return {}
        found = [self._file, *self._file.parent.glob(self._file.name + ".*")]
        rotated = {self._file.name} | {f"{self._file.name}.{number}" for number in range(1, 1000)}
        return {path.name: path for path in found if path.name in rotated and path.is_file() and not path.is_symlink()}

    async def _list(self, request: web.Request) -> web.StreamResponse:
        self._check(request)
        component = request.query.get("component", "both")
        if component not in ("", "both", *COMPONENTS):
            raise InvalidInput("invalid component parameter, must be 'broker', 'event', or 'both'", param="component")
        rows = await asyncio.to_thread(self._rows) if component != "event" else []
        return web.json_response({"logs": rows})

    def _rows(self) -> list[dict[str, Any]]:
        rows = []
        for name, path in self._files().items():
            facts = path.stat()
            rows.append(
                {
                    "name": name, "size": facts.st_size, "modifiedTime": int(facts.st_mtime),
                    "isCurrentLog": path == self._file, "component": COMPONENTS[0],
                }
            )  # fmt: skip
        return sorted(rows, key=lambda row: -int(row["modifiedTime"]))

    async def _get(self, request: web.Request) -> web.StreamResponse:
        self._check(request)
        component, name = request.match_info["component"], request.match_info["name"]
        if component not in COMPONENTS:
            raise InvalidInput("invalid component, must be 'broker' or 'event'", param="component")
        tail = request.query.get("tail", "")
        if tail and not (tail.isascii() and tail.isdigit() and 0 < len(tail) <= 12):
            raise InvalidInput("tail: expected a number of bytes", param="tail")
        wanted = min(int(tail or self._bytes_max), self._bytes_max)
        path = (await asyncio.to_thread(self._files)).get(name) if component == COMPONENTS[0] else None
        if path is None:
            raise NotFound("log file not found", reason="log_not_found")
        told: dict[str, str] = request[CORS]
        response = web.StreamResponse(
            headers={
                "Content-Type": "application/octet-stream", "X-Content-Type-Options": "nosniff",
                "Content-Disposition": f'attachment; filename="{component}-{name}"', **told,
            }
        )  # fmt: skip
        with await asyncio.to_thread(path.open, "rb") as file:
            size = file.seek(0, 2)
            left = min(size, wanted)
            file.seek(size - left)
            response.content_length = left
            await response.prepare(request)
            while left > 0:
                piece = await asyncio.to_thread(file.read, min(left, PIECE_BYTES))
                if not piece:
                    break
                left -= len(piece)
                await response.write(piece)
        await response.write_eof()
        return response

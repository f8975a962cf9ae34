"""The routes by which users serve adapters of their own: which are there, how one stands, deploy. Source: compute.md §7.1.

An adapter belongs to whom it was trained for. Others cannot see it, deploy it or ask it; to them it is not there. Asking it
costs what asking the base model costs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from aiohttp import web

from zerog.compute.engine.adapters import Adapters, Standing, State
from zerog.compute.gateway.chat_serving import Serving
from zerog.compute.gateway.checks import parse_object, refuse
from zerog.compute.gateway.errors import Style
from zerog.errors import NotFound
from zerog.types import format_address

NAME_CHARS_MAX: Final = 256
Handler = Callable[[web.Request], Any]


class AdapterRoutes:
    """The routes for one serving; not found where no adapters are served."""

    def __init__(self, serving: Serving, adapters: Adapters | None) -> None:
        self._serving, self._adapters = serving, adapters

    def routes(self) -> list[tuple[str, str, str, Handler]]:
        return [
            ("GET", "/v1/lora/adapters", Style.ZEROG, self._list),
            ("POST", "/v1/lora/adapters/deploy", Style.ZEROG, self._deploy),
            ("GET", "/v1/lora/adapters/{name}", Style.ZEROG, self._status),
        ]

    def _served(self) -> Adapters:
        if self._adapters is None:
            raise NotFound("this provider serves no adapters", reason="not_supported")
        return self._adapters

    async def _list(self, request: web.Request) -> web.Response:
        adapters, user = self._served(), await self._serving.known(request)
        return web.json_response({"adapters": [_row(one) for one in await adapters.of_user(user.address)]})

    async def _status(self, request: web.Request) -> web.Response:
        adapters, user = self._served(), await self._serving.known(request)
        return web.json_response(_row(await adapters.named(user.address, request.match_info["name"])))

    async def _deploy(self, request: web.Request) -> web.Response:
        """``{taskId, baseModel}`` or ``{adapterName}``, of a user who could pay: it takes memory before anybody asks it."""
        adapters = self._served()
        async with self._serving.admitted(request) as call:
            body = parse_object(call.raw)
            name = body.text("adapterName", "", chars_max=NAME_CHARS_MAX)
            task = body.text("taskId", "", chars_max=64)
            base = body.text("baseModel", "", chars_max=NAME_CHARS_MAX)
            if not name and not task:
                raise refuse("adapterName", "the name of an adapter, or taskId and baseModel", None)
            standing = await adapters.deploy(call.user.address, name=name, task=task, base=base)
            said = "is deployed" if standing.state is State.ACTIVE else "is being loaded"
            return web.json_response({"message": f"adapter {standing.handed.name} {said}", **_row(standing)})


def _row(standing: Standing) -> dict[str, str]:
    """As the official clients read it."""
    handed = standing.handed
    row = {
        "adapterName": handed.name, "taskId": handed.task, "baseModel": handed.base,
        "userAddress": format_address(handed.owner), "state": str(standing.state),
    }  # fmt: skip
    if handed.root:
        row["storageRootHash"] = handed.root
    if standing.error:
        row["error"] = standing.error
    return row

"""Settings of nodes that know each other, and waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tests.unit.storage.harness import Running

PEERS: dict[str, Any] = {
    "storage.peers.enabled": True,
    "storage.peers.port": 0,
    "storage.sync.idle_ms": 50,
    "storage.sync.backoff_ms": 50,
}


def joined(*others: Running, **more: Any) -> dict[str, Any]:
    """Settings of a node that begins with these."""
    return PEERS | {"storage.peers.bootstrap": tuple(other.endpoints.peers_address for other in others)} | more


async def until(met: Callable[[], bool], timeout_s: float = 20) -> None:
    async with asyncio.timeout(timeout_s):
        while True:
            if met():
                return
            await asyncio.sleep(0.01)

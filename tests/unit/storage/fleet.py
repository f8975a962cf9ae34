"""Any number of storage nodes in the test's event loop, each of which may be destroyed with its disk."""

from __future__ import annotations

import random
import shutil
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.unit.storage.harness import Running, SimulatedEth, running
from tests.unit.storage.test_transfers import MiningPayer

from zerog.sdk.storage import Storage
from zerog.storage.client import StorageClient
from zerog.storage.remote import Remote


@dataclass
class Fleet:
    """Nodes by name, each of which may be destroyed with its disk."""

    home: Path
    eth: SimulatedEth
    remote: Remote
    payer: MiningPayer
    alive: dict[str, tuple[Running, AsyncExitStack]] = field(default_factory=dict)
    urls: list[str] = field(default_factory=list)

    async def add(self, count: int, shard: str = "0/1") -> None:
        names = [f"node{len(self.urls) + number}" for number in range(count)]
        for number, name in enumerate(names):
            stack = AsyncExitStack()
            of = shard.replace("*", str(number))
            node = await stack.enter_async_context(running(self.home / name, self.eth, **{"storage.shard": of}))
            self.alive[name] = (node, stack)
            self.urls.append(node.endpoints.rpc_url)

    async def destroy(self, name: str) -> None:
        node, stack = self.alive.pop(name)
        await stack.aclose()
        shutil.rmtree(node.home)

    async def destroy_some(self, chance: random.Random, count: int) -> None:
        for name in chance.sample(sorted(self.alive), count):
            await self.destroy(name)

    def storage(self, state: Path | None = None) -> Storage:
        """A client that was told of every node there ever was."""
        return Storage(StorageClient(self.remote, nodes=self.urls), self.remote, self.payer, state)

    def node(self, url: str) -> Running:
        return next(node for node, _ in self.alive.values() if node.endpoints.rpc_url == url)


async def reads(storage: Storage, root: bytes, data: bytes) -> None:
    """The file comes back as it was."""
    assert await storage.read(root) == data

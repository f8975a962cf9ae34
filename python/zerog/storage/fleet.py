"""Which storage nodes there are, and what they say: the nodes given, or those that an indexer names."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from zerog.errors import InvalidInput, Unavailable, ZerogError
from zerog.storage.api import Shard
from zerog.storage.remote import FileInfo, Indexer, Node, NodeStatus, Remote
from zerog.storage.selection import ShardedNode
from zerog.storage.transfer import FAILURES, seen

_NODES_ASKED_MAX: Final = 100


class Fleet:
    """The nodes that may be used.

    Args:
        remote: open connections.
        nodes: their URLs.
        indexer: URL of an indexer, asked when no nodes are given.
    """

    def __init__(self, remote: Remote, nodes: Sequence[str], indexer: str | None) -> None:
        if not nodes and indexer is None:
            raise InvalidInput("storage: expected the address of at least one node (--node) or of an indexer (--indexer)")
        self.remote = remote
        self._nodes = [remote.node(url) for url in dict.fromkeys(nodes)]
        self._indexer: Indexer | None = None if nodes or indexer is None else remote.indexer(indexer)

    async def nodes(self) -> list[ShardedNode]:
        """Every node that may be used and what it holds; nodes given by URL that do not answer are left out.

        Raises:
            Unavailable: none answers.
        """
        if self._indexer is not None:
            found = await self._indexer.nodes()
            if not found:
                raise Unavailable(f"indexer {self._indexer.url} knows no storage node; is a node running and trusted by it?")
            return found
        answers = await asyncio.gather(*(node.shard(retries=1) for node in self._nodes), return_exceptions=True)
        found = []
        for node, answer in zip(self._nodes, answers, strict=True):
            if isinstance(answer, Shard):
                found.append(ShardedNode(node.url, answer))
            elif not isinstance(answer, FAILURES):
                raise answer
        if not found:
            raise Unavailable(
                f"no storage node answers: {answers[0]}; is a node running, and is its address (--node, --indexer) right?"
            )
        return found

    async def statuses(self) -> list[tuple[str, NodeStatus | ZerogError]]:
        """What every node says of itself, or why it does not."""
        urls = [node.url for node in self._nodes] or [node.url for node in await self.nodes()]
        answers = await asyncio.gather(*(self.remote.node(url).status() for url in urls), return_exceptions=True)
        return list(zip(urls, seen(answers), strict=True))

    async def infos(self, root: bytes) -> list[tuple[str, FileInfo | ZerogError | None]]:
        """What every node knows of a file."""
        urls = [node.url for node in self._nodes] or [node.url for node in await self.nodes()]
        answers = await asyncio.gather(*(self.remote.node(url).info(root) for url in urls), return_exceptions=True)
        return list(zip(urls, seen(answers), strict=True))

    async def locations(self, root: bytes) -> list[Node]:
        """The nodes to ask for a file."""
        if self._indexer is None:
            return self._nodes
        located = await self._indexer.locations(root) or await self._indexer.nodes()
        return [self.remote.node(node.url) for node in located[:_NODES_ASKED_MAX]]

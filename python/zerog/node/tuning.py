"""The fine-tuning node with the storage network at hand: data sets come from there, results go there."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from zerog.chain.client import ChainClient
from zerog.compute.tuning import service
from zerog.compute.tuning.service import Endpoints
from zerog.errors import InvalidInput, NotFound
from zerog.runtime import disk, process
from zerog.runtime.config import Config, TuningConfig
from zerog.sdk.chain import Chain
from zerog.sdk.storage import Storage, open_storage
from zerog.sdk.wallet import Account


class StorageDepot:
    """``Depot`` over the storage network's client.

    Args:
        storage: with someone who pays.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    async def fetch(self, root: bytes, target: Path, bytes_max: int) -> None:
        found = [
            info.size for _, info in await self._storage.info(root) if info is not None and not isinstance(info, Exception)
        ]
        if not found:
            raise NotFound(f"no storage node has the file 0x{root.hex()}")
        if max(found) > bytes_max:
            raise InvalidInput(f"the file 0x{root.hex()} has {max(found):,} bytes, at most {bytes_max:,} are taken")
        working = target.with_name(target.name + ".part")
        working.unlink(missing_ok=True)
        await self._storage.download(root, working)
        os.replace(working, target)

    async def keep(self, source: Path) -> bytes:
        return (await self._storage.upload(source)).roots[0]


@asynccontextmanager
async def open_depot(config: TuningConfig) -> AsyncIterator[StorageDepot | None]:
    """The storage network behind ``tuning.indexer``, paid with the provider's key; None where there is none."""
    if not config.indexer:
        yield None
        return
    async with AsyncExitStack() as stack:
        chain = Chain(await stack.enter_async_context(ChainClient(config.chain.endpoint)))
        secret = disk.read_private(Path(config.chain.key_file)).decode("ascii", "replace")
        state = Path(config.home) / "uploads"
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        storage = open_storage(indexer=config.indexer, chain=chain, account=Account.from_hex(secret), state=state)
        yield StorageDepot(await stack.enter_async_context(storage))


async def serve(config: Config, ready: Callable[[Endpoints], None] = lambda endpoints: None) -> None:
    """Run a fine-tuning node until cancelled; see ``[tuning]`` of default.toml."""
    async with open_depot(config.tuning) as depot:
        await service.serve(config, ready, depot=depot)


def main(arguments: list[str] | None = None) -> int:
    """``python -m zerog.node.tuning --config tuning.toml``: a fine-tuning node in the foreground until SIGTERM."""
    return process.main("zerog.node.tuning", main.__doc__, serve, arguments)


if __name__ == "__main__":
    raise SystemExit(main())

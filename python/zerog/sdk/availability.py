"""Reading data availability without trusting anybody but a chain's node: verified retrieval, and sampling.

async with open_reader("http://127.0.0.1:8545") as reader:
    data = await reader.retrieve(await reader.find(root))
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from zerog.contracts import da_entrance
from zerog.da.api import BlobRecord
from zerog.da.chain import ChainDirectory, ReadingChain, entrance_of, find_blob
from zerog.da.light import ChainCommitments, Sampler, Sampling, Verdict
from zerog.da.parameters import open_parameters
from zerog.da.retriever import Asking, Progress, Retriever
from zerog.errors import InvalidInput
from zerog.primitives.blob import MAINNET, Geometry
from zerog.runtime.config import DaChainConfig, DaParamsConfig
from zerog.runtime.eth import open_eth
from zerog.runtime.offload import Offload
from zerog.types import Address

__all__ = ["Asking", "BlobRecord", "Reader", "Verdict", "open_reader"]

_THREADS: Final = 4
_PAGE_BLOCKS: Final = 5000


@dataclass
class Reader:
    """Reads blobs of one network; made by ``open_reader``."""

    chain: ReadingChain
    entrance: Address
    directory: ChainDirectory
    retriever: Retriever
    lane: Offload
    start_block: int = 0
    page_blocks: int = _PAGE_BLOCKS

    async def find(self, data_root: bytes) -> BlobRecord:
        """The newest blob with a root whose commitment the chain records.

        Raises:
            NotFound: none. InvalidInput: no root.
        """
        if len(data_root) != 32:
            raise InvalidInput(f"root: expected 32 bytes, found {len(data_root)}")
        return await find_blob(self.chain, self.entrance, data_root, start_block=self.start_block, page_blocks=self.page_blocks)

    async def retrieve(self, record: BlobRecord, told: Progress = lambda rows, need: None) -> bytes:
        """The data of a blob: its rows encode again to the root that was asked for.

        Raises:
            as ``zerog.da.retriever.Retriever.retrieve``.
        """
        return await self.retriever.retrieve(record, told)

    async def is_recorded(self, record: BlobRecord) -> bool:
        """Whether a final block of the chain records the commitment of a blob."""
        call = da_entrance.commitment_exists(record.data_root, record.epoch, record.quorum_id)
        return await self.chain.ask(self.entrance, call)

    async def sample(self, record: BlobRecord, parameters: Path, *, rows: int = 0, allow_insecure: bool = False) -> Verdict:
        """Whether a blob is available, from some random rows of it.

        Args:
            parameters: directory with the network's public parameters.
            rows: in each round; 0 takes the usual number.

        Raises:
            as ``zerog.da.light.Sampler.sample``; NotFound: no parameters there.
        """
        found = open_parameters(DaParamsConfig(directory=str(parameters), allow_insecure=allow_insecure), prover=False)
        commitments = ChainCommitments(self.chain, self.entrance)
        return await Sampler(self.directory, commitments, found, self.lane, sampling=Sampling()).sample(record, rows)


@asynccontextmanager
async def open_reader(
    rpc_url: str, *, entrance: str = "", asking: Asking | None = None, geometry: Geometry = MAINNET
) -> AsyncIterator[Reader]:
    """A reader over a chain's node.

    Args:
        entrance: address of the entrance contract; that of a local network by default.
        asking: bounds of one retrieval.
        geometry: the network's; others are for tests.

    Raises:
        ConfigError: no URL, no address.
    """
    config = DaChainConfig(endpoint=rpc_url, entrance=entrance)
    address = entrance_of(config)
    async with open_eth(config, "da.chain") as eth:
        with Offload(_THREADS, name="da") as lane:
            chain = ReadingChain(eth)
            directory = ChainDirectory(chain)
            yield Reader(chain, address, directory, Retriever(directory, lane, asking=asking, geometry=geometry), lane)

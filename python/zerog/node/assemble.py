"""A stopped node put together from its directory, for the tools that export, import and verify.

Running nodes put themselves together: ``serve`` of each service, as a process by ``zerog.runtime.process``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from zerog._native import keccak256, record_raw_block
from zerog.chain import service
from zerog.chain.blocks import BlockStore
from zerog.chain.executor import Executor, reexecute
from zerog.chain.genesis import Genesis
from zerog.errors import Conflict, InvalidInput, NotFound
from zerog.runtime.config import ChainConfig
from zerog.wire import rlp

BLOCK_BYTES_MAX: Final = 256 << 20


@dataclass
class OpenedChain:
    """A stopped node's chain: nobody else has it while this is open."""

    genesis: Genesis
    blocks: BlockStore
    executor: Executor

    def raw_block(self, number: int) -> bytes:
        """A block as RLP: header, transactions, ommers, withdrawals."""
        return bytes(record_raw_block(self.blocks.record(number)))

    def import_block(self, block: bytes) -> bool:
        """Execute a block on top of the head and keep it. False when it is there already.

        Raises:
            Conflict: another block stands at its height.
            InvalidInput: it is not valid on top of the head; says why.
        """
        number, hash = block_name(block)
        head = self.blocks.head()
        if number <= head.number:
            if self.blocks.hash_of(number) != hash:
                raise Conflict(f"block {number}: the chain has 0x{self.blocks.hash_of(number).hex()}, the file 0x{hash.hex()}")
            return False
        self.executor.commit(self.executor.engine.import_block(block))
        if self.executor.fold_due():
            self.executor.fold()
        return True

    def reexecute(self, last: int | None, progress: Any) -> tuple[int, bytes]:
        """Execute everything again from genesis; (last block, its state root)."""
        return reexecute(self.blocks, self.genesis, last=last, progress=progress)


@contextmanager
def open_chain(home: Path, *, new: bool = True) -> Iterator[OpenedChain]:
    """The chain in a data directory, with its engine at the head.

    Args:
        new: whether the first block may be made now.

    Raises:
        NotFound: no chain there. Conflict: a node runs on it.
    """
    if not new and not (home / "db").is_dir():
        raise NotFound(f"no chain in {home}; make one with `zerog chain init --home {home}`")
    config = ChainConfig(home=str(home))
    genesis = service.load_genesis(config)
    with service.open_store(config) as blocks:
        blocks.archive = blocks.kv.get("meta", b"archive") is not None
        executor = Executor(blocks, genesis)
        executor.open()
        yield OpenedChain(genesis, blocks, executor)


def block_name(block: bytes) -> tuple[int, bytes]:
    """Number and hash of a block in RLP.

    Raises:
        InvalidInput: no block.
    """
    start, size = _list_bounds(block)
    header_start, header_size = _list_bounds(block[start : start + size])
    header = block[start : start + header_start + header_size]
    fields = rlp.decode(header)
    if not isinstance(fields, list) or len(fields) < 9 or not isinstance(fields[8], bytes):
        raise InvalidInput("block: its header does not read")
    return int.from_bytes(fields[8], "big"), bytes(keccak256(header))


def _list_bounds(data: bytes) -> tuple[int, int]:
    """Where the content of the list at the front begins, and its size."""
    if not data or data[0] < 0xC0:
        raise InvalidInput("block: expected an RLP list")
    if data[0] < 0xF8:
        return 1, data[0] - 0xC0
    digits = data[0] - 0xF7
    return 1 + digits, int.from_bytes(data[1 : 1 + digits], "big")


def read_blocks(source: IO[bytes]) -> Iterator[bytes]:
    """Blocks in RLP, one after the other, without reading the whole file.

    Raises:
        InvalidInput: the file ends inside a block, or holds something else.
    """
    while first := source.read(1):
        prefix = first + (source.read(first[0] - 0xF7) if first[0] >= 0xF8 else b"")
        start, size = _list_bounds(prefix)
        if len(prefix) != start or size > BLOCK_BYTES_MAX:
            raise InvalidInput(f"block at byte {source.tell() - len(prefix)}: its length does not read")
        body = source.read(size)
        if len(body) != size:
            raise InvalidInput(f"the file ends {size - len(body)} bytes before its last block does")
        yield prefix + body

"""The flow contract's calls and events as typed values. Source: docs/protocol/storage.md, sections 2.1 and 2.3.

A file's root is not in its event: it is folded from the nodes (``SubmissionData.file_root``). ``identity`` is another hash.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from zerog._native import keccak256
from zerog.contracts.artifact import load
from zerog.contracts.calls import Call, call, event, nothing, same, topics_of
from zerog.errors import InvalidInput
from zerog.types import Address

SECTOR_BYTES: Final = 256
HEIGHT_MAX: Final = 63

_DATA: Final = "(uint256,bytes,(bytes32,uint256)[])"
SUBMIT: Final = f"submit(({_DATA},address))"
SUBMIT_OLD: Final = f"submit({_DATA})"
BATCH_SUBMIT: Final = f"batchSubmit(({_DATA},address)[])"
BATCH_SUBMIT_OLD: Final = f"batchSubmit({_DATA}[])"

_SUBMIT_EVENT: Final = event("Flow", "Submit")
_NEW_EPOCH_EVENT: Final = event("Flow", "NewEpoch")
SUBMIT_TOPIC: Final = _SUBMIT_EVENT.topic
NEW_EPOCH_TOPIC: Final = _NEW_EPOCH_EVENT.topic


@dataclass(frozen=True)
class Node:
    """A full sub-tree of ``2**height`` sectors."""

    root: bytes
    height: int


@dataclass(frozen=True)
class SubmissionData:
    """A file as the contract sees it: its size in bytes, free tags, and its sub-trees, largest first."""

    length: int
    nodes: tuple[Node, ...]
    tags: bytes = b""

    @property
    def sectors(self) -> int:
        """The padded size, which is what is paid for."""
        return sum(1 << node.height for node in self.nodes)

    @property
    def identity(self) -> bytes:
        """The hash of the node roots, as the event carries it."""
        return bytes(keccak256(b"".join(node.root for node in self.nodes)))

    @property
    def file_root(self) -> bytes:
        """The root of the file's tree."""
        root = self.nodes[-1].root
        for node in reversed(self.nodes[:-1]):
            root = bytes(keccak256(node.root + root))
        return root

    def fee(self, price_per_sector: int) -> int:
        """What to send along, in wei."""
        return self.sectors * price_per_sector

    def check(self) -> None:
        """Refuse what the contract would refuse.

        Raises:
            InvalidInput: which rule of section 2.1 is broken.
        """
        if not self.nodes:
            raise InvalidInput("submission: expected at least one node, found none")
        heights = [node.height for node in self.nodes]
        if any(not 0 <= height <= HEIGHT_MAX for height in heights):
            raise InvalidInput(f"submission: expected heights from 0 to {HEIGHT_MAX}, found {heights}")
        if any(low >= high for high, low in pairwise(heights)):
            raise InvalidInput(f"submission: expected heights that decrease strictly, found {heights}")
        if heights[0] - heights[-1] >= 4:
            raise InvalidInput(f"submission: expected heights that differ by less than 4, found {heights}")
        sectors = self.sectors
        if sectors < 16:
            smaller = sectors - 1
        elif len(heights) == 1:
            smaller = sectors - sectors // 16
        else:
            smaller = sectors - (1 << heights[0] - 3)
        if not smaller * SECTOR_BYTES < self.length <= sectors * SECTOR_BYTES:
            raise InvalidInput(
                f"submission: expected a length above {smaller * SECTOR_BYTES} and up to {sectors * SECTOR_BYTES} bytes "
                f"for {sectors} sectors, found {self.length}"
            )

    def abi(self) -> tuple[int, bytes, list[tuple[bytes, int]]]:
        return self.length, self.tags, [(node.root, node.height) for node in self.nodes]


@dataclass(frozen=True)
class Receipt:
    """What a submission returns: its number, identity, first sector and count of sectors."""

    index: int
    identity: bytes
    start: int
    sectors: int


@dataclass(frozen=True)
class Submitted:
    """The ``Submit`` event. ``sender`` is the submitter that the call named, not who sent it."""

    sender: Address
    identity: bytes
    index: int
    start: int
    sectors: int
    data: SubmissionData


@dataclass(frozen=True)
class EpochBegun:
    """The ``NewEpoch`` event."""

    sender: Address
    epoch: int
    flow_root: bytes
    submission_index: int
    flow_length: int
    context: bytes


@dataclass(frozen=True)
class MineContext:
    """What miners of an epoch work on. ``digest`` is the empty hash for an epoch that cannot be mined."""

    epoch: int
    mine_start: int
    flow_root: bytes
    flow_length: int
    block_digest: bytes
    digest: bytes

    def abi(self) -> tuple[int, int, bytes, int, bytes, bytes]:
        return self.epoch, self.mine_start, self.flow_root, self.flow_length, self.block_digest, self.digest


@dataclass(frozen=True)
class EpochRange:
    """The sectors [start, end) that came in the epoch of a context."""

    start: int
    end: int
    digest: bytes


def submit(data: SubmissionData, submitter: bytes) -> Call[Receipt]:
    """Add a file, in the current interface. ``submitter`` is who the log names."""
    return call("Flow", SUBMIT, (data.abi(), submitter), read=lambda values: Receipt(*values))


def submit_old(data: SubmissionData) -> Call[Receipt]:
    """Add a file, in the interface before submitters."""
    return call("Flow", SUBMIT_OLD, data.abi(), read=lambda values: Receipt(*values))


def batch_submit(files: Sequence[tuple[SubmissionData, bytes]]) -> Call[list[Receipt]]:
    """Add several files, each with its submitter."""
    return call("Flow", BATCH_SUBMIT, [(data.abi(), submitter) for data, submitter in files], read=_receipts)


def batch_submit_old(files: Sequence[SubmissionData]) -> Call[list[Receipt]]:
    return call("Flow", BATCH_SUBMIT_OLD, [data.abi() for data in files], read=_receipts)


def decode_submit_call(data: bytes) -> list[tuple[SubmissionData, bytes | None]]:
    """The files of a submission's call data, in any of the four forms; no submitter in the older ones.

    Raises:
        InvalidInput: another function, or arguments that do not decode.
    """
    for name, several, old in (
        (SUBMIT, False, False), (BATCH_SUBMIT, True, False), (SUBMIT_OLD, False, True), (BATCH_SUBMIT_OLD, True, True),
    ):  # fmt: skip
        signature = load("Flow").interface.function(name)
        if data[:4] == signature.selector:
            (argument,) = signature.decode_call(data)
            items = argument if several else [argument]
            return [(_data(item), None) if old else (_data(item[0]), bytes(item[1])) for item in items]
    raise InvalidInput(f"flow: expected a submission's call data, found selector 0x{data[:4].hex()}")


def decode_submit(topics: Sequence[bytes], data: bytes) -> Submitted:
    """A ``Submit`` log.

    Raises:
        InvalidInput: not such a log.
    """
    found = _SUBMIT_EVENT.decode_log(topics_of(topics), data)
    return Submitted(
        Address(found["sender"]),
        found["identity"],
        found["submissionIndex"],
        found["startPos"],
        found["length"],
        _data(found["submission"]),
    )


def decode_new_epoch(topics: Sequence[bytes], data: bytes) -> EpochBegun:
    """A ``NewEpoch`` log.

    Raises:
        InvalidInput: not such a log.
    """
    found = _NEW_EPOCH_EVENT.decode_log(topics_of(topics), data)
    return EpochBegun(
        Address(found["sender"]),
        found["index"],
        found["startMerkleRoot"],
        found["submissionIndex"],
        found["flowLength"],
        found["context"],
    )


def market() -> Call[Address]:
    return call("Flow", "market", read=Address)


def submission_count() -> Call[int]:
    return call("Flow", "submissionIndex", read=same)


def tree() -> Call[tuple[int, int]]:
    """The flow's length in sectors, and the number of levels of its tree."""
    return call("Flow", "tree", read=same)


def flow_root() -> Call[bytes]:
    return call("Flow", "computeFlowRoot", read=same)


def root_by_tx_seq(tx_seq: int) -> Call[bytes]:
    """The flow's root after a submission; zero for one that is not there."""
    return call("Flow", "getFlowRootByTxSeq", tx_seq, read=same)


def epoch() -> Call[int]:
    return call("Flow", "epoch", read=same)


def epoch_start_position() -> Call[int]:
    return call("Flow", "epochStartPosition", read=same)


def first_block() -> Call[int]:
    return call("Flow", "firstBlock", read=same)


def blocks_per_epoch() -> Call[int]:
    return call("Flow", "blocksPerEpoch", read=same)


def paused() -> Call[bool]:
    return call("Flow", "paused", read=same)


def context() -> Call[MineContext]:
    """The context as it stands, without closing epochs that are over."""
    return call("Flow", "getContext", read=_context)


def make_context() -> Call[None]:
    return call("Flow", "makeContext", read=nothing)


def make_context_fixed_times(count: int) -> Call[None]:
    """Close at most ``count + 1`` epochs that are over."""
    return call("Flow", "makeContextFixedTimes", count, read=nothing)


def make_context_with_result() -> Call[MineContext]:
    return call("Flow", "makeContextWithResult", read=_context)


def context_at(sector: int) -> Call[EpochRange]:
    """The epoch whose data hold a sector. Changes state: ask with ``eth_call``."""
    return call("Flow", "queryContextAtPosition", sector, read=lambda value: EpochRange(*value))


def epoch_range(digest: bytes) -> Call[EpochRange]:
    """The range of a context; empty when the contract does not know it."""
    return call("Flow", "getEpochRange", digest, read=lambda value: EpochRange(value[0], value[1], digest))


def epoch_range_at(index: int) -> Call[EpochRange]:
    return call("Flow", "getEpochRangeHistory", index, read=lambda value: EpochRange(*value))


def set_blocks_per_epoch(blocks: int) -> Call[None]:
    """Another length of epochs from now on; for the holder of the parameters role."""
    return call("Flow", "setBlocksPerEpoch", blocks, read=nothing)


def pause() -> Call[None]:
    return call("Flow", "pause", read=nothing)


def unpause() -> Call[None]:
    return call("Flow", "unpause", read=nothing)


def _receipts(values: Any) -> list[Receipt]:
    return [Receipt(*row) for row in zip(*values, strict=True)]


def _data(value: Any) -> SubmissionData:
    length, tags, nodes = value
    return SubmissionData(length, tuple(Node(bytes(root), height) for root, height in nodes), bytes(tags))


def _context(value: Any) -> MineContext:
    return MineContext(*value)

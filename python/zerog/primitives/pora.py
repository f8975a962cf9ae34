"""Proof of random access: sealing what a miner stores, and trying nonces against it.

A miner seals the flow's bytes under its own id. Mining has two halves with a disk between them: ``tries`` turns nonces into
scratchpads and the load (256 KiB of sealed flow) that each must read; ``Tries.winners`` mixes the loads and tells which seals
reach the target. Where the loads are in memory ``hunt`` does both in one call. All run many nonces in lanes, the lock released,
on all threads or at most ``threads`` of them; ``backend`` as in ``hashing``.

Source: docs/protocol/storage.md, mining.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from zerog import _native
from zerog.errors import InvalidInput
from zerog.primitives.hashing import keccak256

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = [
    "LOAD_SECTORS",
    "LOAD_SIZE_BYTES",
    "MINING_SECTORS_MAX",
    "PAD_SIZE_BYTES",
    "SEAL_SECTORS",
    "SEAL_SIZE_BYTES",
    "Hunt",
    "Range",
    "Tries",
    "Winner",
    "hunt",
    "qualities",
    "quality_threshold",
    "scratchpads",
    "seal",
    "shard_mask",
    "tries",
    "unseal",
]

Array: TypeAlias = NDArray[np.uint8]

SEAL_SECTORS: Final = 16
SEAL_SIZE_BYTES: Final = 4096
LOAD_SECTORS: Final = 1024
LOAD_SIZE_BYTES: Final = 262144
LOAD_SEALS: Final = 64
PAD_SIZE_BYTES: Final = 16384
MINING_SECTORS_MAX: Final = 1 << 35
_U64: Final = (1 << 64) - 1


def seal(data: Buffer, miner_id: bytes, contexts: Buffer, first_sector: int, *, out: Any = None, backend: str = "") -> Any:
    """Seal whole seals (4096 bytes each) that lie one after the other in the flow.

    Args:
        data: the plain bytes.
        miner_id: 32 bytes.
        contexts: the digest of the epoch that contains each seal's last sector: one of 32 bytes for all, or one for each.
        first_sector: place of the first seal in the flow, a multiple of 16.
        out: where the sealed bytes go, ``data`` itself or apart from it; a fresh uint8 array when None.

    Returns:
        ``out``, or the fresh array.

    Raises:
        InvalidInput: sizes that do not fit.

    Cost: one permutation for each 32 bytes, in a chain for each seal; seals run in lanes.
    """
    _check_sector(first_sector)
    return _native.pora_seal(data, miner_id, contexts, first_sector, out, backend)


def unseal(data: Buffer, miner_id: bytes, contexts: Buffer, first_sector: int, *, out: Any = None, backend: str = "") -> Any:
    """The reverse of ``seal``, arguments alike."""
    _check_sector(first_sector)
    return _native.pora_unseal(data, miner_id, contexts, first_sector, out, backend)


def _check_sector(first_sector: int) -> None:
    if not 0 <= first_sector <= _U64:
        raise InvalidInput(f"first_sector: expected 0 to 2**64 - 1, found {first_sector}")


def shard_mask(shard_count: int) -> int:
    """The mask of a recall range where a node keeps one of ``shard_count`` (a power of two) shards: zeros mark shard bits."""
    if shard_count < 1 or shard_count & (shard_count - 1) or shard_count > 1 << 63:
        raise InvalidInput(f"shard_count: expected a power of two up to 2**63, found {shard_count}")
    return _U64 & ~(shard_count - 1)


@dataclass(frozen=True, slots=True)
class Range:
    """The part of the flow that a miner answers for: ``start`` (a multiple of 2**25) and ``length`` in sectors, its shard."""

    start: int
    length: int
    shard_id: int = 0
    shard_mask: int = _U64

    def __post_init__(self) -> None:
        if self.start < 0 or self.length < LOAD_SECTORS or max(self.start, self.length) > 1 << 62:
            raise InvalidInput(
                f"range: expected a start from 0, a length from {LOAD_SECTORS}, up to 2**62, found {self.start}, {self.length}"
            )
        if not 0 <= self.shard_id <= _U64 or not 0 <= self.shard_mask <= _U64 or self.shard_id & self.shard_mask:
            raise InvalidInput(f"range: shard id {self.shard_id:#x} does not lie outside the mask {self.shard_mask:#x}")

    @property
    def digest(self) -> bytes:
        """keccak256 of the four numbers, 32 bytes each."""
        numbers = (self.start, self.length, self.shard_id, self.shard_mask)
        return keccak256(b"".join(number.to_bytes(32, "big") for number in numbers))

    def recall_position(self, recall_seed: bytes) -> int:
        """First sector of the load that a seed picks. (The batches of ``tries`` and ``hunt`` tell 2**64 - 1 for any place that
        does not fit 64 bits: no range has it.)"""
        chunk = int.from_bytes(recall_seed, "big") % (self.length // LOAD_SECTORS)
        return self.start + ((chunk & _U64 & self.shard_mask) | self.shard_id) * LOAD_SECTORS

    def allows(self, position: int) -> bool:
        """Whether the contract takes an answer from the load at ``position``: shard bits may lead beyond the range."""
        return 0 <= position - self.start <= self.length


def quality_threshold(pora_target: int, flow_length: int, shard_count: int = 1) -> int:
    """The quality that an answer may have at most: the target scaled to the share of the flow that the miner keeps.

    Raises:
        InvalidInput: a target outside 256 bits, an empty flow, or more shards than sectors.
    """
    if not 0 <= pora_target < 1 << 256:
        raise InvalidInput(f"pora_target: expected 0 to 2**256 - 1, found {pora_target}")
    if flow_length < 1 or shard_count < 1 or flow_length // shard_count == 0:
        raise InvalidInput(f"flow_length: expected at least one sector a shard, found {flow_length} for {shard_count}")
    scale = (min(flow_length, MINING_SECTORS_MAX) << 64) // min(flow_length // shard_count, MINING_SECTORS_MAX)
    return (pora_target // scale) << 64


def scratchpads(pad_seeds: Buffer, *, backend: str = "") -> tuple[Array, Array]:
    """Scratchpads and recall seeds, uint8[n, 16384] and uint8[n, 32], of n seeds of 64 bytes.

    Cost: 513 permutations in a chain for each, eight chains at once.
    """
    pads, recall_seeds = _native.pora_scratchpads(pad_seeds, backend)
    return pads, recall_seeds


def qualities(loads: list[Any], pads: list[Any], pad_seeds: list[Any], *, backend: str = "") -> Array:
    """uint8[n, 64, 32]: the big-endian quality of each seal of n loads of 256 KiB under as many scratchpads and seeds.

    Cost: 2112 compressions of BLAKE2b for each load, eight seals at once.
    """
    found: Array = _native.pora_qualities(loads, pads, pad_seeds, backend)
    return found


class Winner(NamedTuple):
    """An answer that reaches the target: what goes on chain beside the sealed bytes and their proof."""

    nonce: bytes
    recall_position: int
    seal_offset: int
    quality: int


@dataclass(frozen=True, slots=True, eq=False)
class Tries:
    """Nonces drawn out to scratchpads: ``positions[i]`` is the first sector of the load that nonce ``i`` must read."""

    recall_range: Range
    nonces: bytes
    positions: tuple[int, ...]
    pad_seeds: Array
    pads: Array
    recall_seeds: Array

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def wanted(self) -> list[int]:
        """The positions worth reading, ascending, each once."""
        return sorted({position for position in self.positions if self.recall_range.allows(position)})

    def nonce(self, index: int) -> bytes:
        return self.nonces[32 * index : 32 * index + 32]

    def winners(
        self,
        loads: Mapping[int, Buffer],
        threshold: int,
        *,
        unavailable: Mapping[int, frozenset[int]] | None = None,
        threads: int = 0,
        backend: str = "",
    ) -> list[Winner]:
        """The answers that reach ``threshold`` (``quality_threshold``), best first.

        Args:
            loads: sealed bytes by position, 256 KiB each; nonces whose load is absent or beyond the range are skipped.
                Seals that are not there hold any bytes and stand in ``unavailable``.
            threshold: the largest quality that wins.
            unavailable: seal offsets to be skipped, by position. Seal 0 of position 0 is always skipped: sector 0 of the flow
                is a dummy that nobody can prove.

        Raises:
            InvalidInput: a load that is not 256 KiB.
        """
        allows = self.recall_range.allows
        present = [index for index, position in enumerate(self.positions) if position in loads and allows(position)]
        if not present:
            return []
        found = _native.pora_hits(
            [loads[self.positions[index]] for index in present],
            [self.pads[index] for index in present],
            [self.pad_seeds[index] for index in present],
            _limit(threshold),
            threads,
            backend,
        )
        hits = [(present[row], offset, quality) for row, offset, quality in found]
        return _winners(hits, self.positions, self.nonces, unavailable)


def _limit(threshold: int) -> bytes:
    if threshold < 0:
        raise InvalidInput(f"threshold: expected a number from 0 on, found {threshold}")
    return min(threshold, (1 << 256) - 1).to_bytes(32, "big")


def _winners(
    hits: Sequence[tuple[int, int, bytes]],
    positions: Sequence[int],
    nonces: bytes,
    unavailable: Mapping[int, frozenset[int]] | None,
) -> list[Winner]:
    out = []
    for row, offset, quality in hits:
        position = int(positions[row])
        if (position, offset) == (0, 0) or (unavailable and offset in unavailable.get(position, ())):
            continue
        nonce = nonces[32 * row : 32 * row + 32]
        out.append(Winner(nonce, position + SEAL_SECTORS * offset, offset, int.from_bytes(quality, "big")))
    return sorted(out, key=lambda winner: winner.quality)


def tries(
    miner_id: bytes, nonces: Buffer, subtask_digest: bytes, recall_range: Range, *, threads: int = 0, backend: str = ""
) -> Tries:
    """Draw out nonces (32 bytes each, in a row) for one task and range.

    Memory: 16 KiB for each nonce; 64 to 512 nonces a call keep every lane and thread busy.

    Raises:
        InvalidInput: sizes that do not fit.
    """
    seeds, pads, recall_seeds, positions = _native.pora_draw(
        miner_id, nonces, subtask_digest, recall_range.digest, recall_range.start, recall_range.length, recall_range.shard_id,
        recall_range.shard_mask, threads, backend,
    )  # fmt: skip
    return Tries(recall_range, bytes(nonces), tuple(positions.tolist()), seeds, pads, recall_seeds)


class Hunt(NamedTuple):
    """What a batch of nonces found: the answers, best first; the load that each nonce picked; how many picked one given."""

    winners: list[Winner]
    positions: tuple[int, ...]
    tried: int


def hunt(
    miner_id: bytes,
    nonces: Buffer,
    subtask_digest: bytes,
    recall_range: Range,
    loads: Mapping[int, Buffer],
    threshold: int,
    *,
    threads: int = 0,
    backend: str = "",
) -> Hunt:
    """``tries`` and ``Tries.winners`` in one native call, for loads that are in memory: scratchpads never leave the cache.

    Args:
        nonces: 32 bytes each, in a row.
        loads: sealed bytes by position, 256 KiB each, of positions in the range that are whole loads.
        threshold: as for ``Tries.winners``; seal 0 of position 0 never wins.

    Raises:
        InvalidInput: a load that is not 256 KiB, or not in the range.

    Cost: 513 permutations and 2112 compressions of BLAKE2b for each nonce, in lanes.
    """
    chunks = []
    for position in loads:
        chunk, rest = divmod(position - recall_range.start, LOAD_SECTORS)
        if rest or not recall_range.allows(position):
            raise InvalidInput(f"loads: position {position} is not that of a load in the range")
        chunks.append(chunk)
    hits, positions, tried = _native.pora_hunt(
        miner_id, nonces, subtask_digest, recall_range.digest, recall_range.start, recall_range.length, recall_range.shard_id,
        recall_range.shard_mask, chunks, list(loads.values()), _limit(threshold), threads, backend,
    )  # fmt: skip
    placed = positions.tolist()
    return Hunt(_winners(hits, placed, bytes(nonces), None), tuple(placed), tried)

"""Is a blob available? Random rows with their proofs answer that, without fetching the blob.

Whoever wants to make a blob unrecoverable must withhold more than two thirds of its rows, so each row that comes, chosen at
random and proven against the commitment that the chain records, makes that three times less likely. Rows that do not come prove
nothing: signers fail; more are asked for, a bounded number of times. The chain's node is trusted for what the chain says.
Source: da.md §5.5.
"""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import msgspec
from google.protobuf.descriptor import ServiceDescriptor

from zerog.contracts import da_entrance
from zerog.da.api import BlobRecord, Directory, Quorum, dial_target
from zerog.da.chain import ReadingChain
from zerog.da.parameters import Parameters
from zerog.da.retriever import SLICES
from zerog.errors import InvalidInput, NotFound, PeerFault, ZerogError
from zerog.primitives import bls, commit
from zerog.primitives.blob import Geometry
from zerog.runtime import log
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_grpc import GrpcClient
from zerog.types import Address
from zerog.wire.proto import da_slices_pb2

_log = log.get(__name__)

SERVICE: Final[ServiceDescriptor] = SLICES
ROWS_MAX: Final = 256
_MARGIN_BYTES: Final = 64 << 10


class Verdict(msgspec.Struct, frozen=True):
    """What samples say. ``doubt``: the chance of seeing at least so many rows of a blob that cannot be recovered."""

    available: bool
    rows_asked: int
    rows_proven: int
    rows_false: int
    doubt: float


class Commitments(Protocol):
    """Where the chain's commitments come from."""

    async def commitment(self, record: BlobRecord) -> bytes | None:
        """In the wire form, None when there is none. Raises: Unavailable, TimedOut, PeerFault: the chain does not say."""


class ChainCommitments:
    """Those that an entrance contract records in final blocks."""

    def __init__(self, chain: ReadingChain, entrance: bytes) -> None:
        self._chain, self._entrance = chain, entrance

    async def commitment(self, record: BlobRecord) -> bytes | None:
        call = da_entrance.verified_commitment(record.data_root, record.epoch, record.quorum_id)
        point = await self._chain.ask(self._entrance, call)
        try:
            return None if point is None else bls.encode(point, "plain")
        except InvalidInput as error:
            raise PeerFault(f"the chain's node tells of a commitment that is no point: {error}") from None


@dataclass(frozen=True)
class Sampling:
    """How a blob is sampled.

    Args:
        rows: asked for in each round.
        rounds_max: rounds, until there are rows enough.
        doubt_max: a blob counts as available at or below this, over all rounds.
        call_timeout_s: of one signer's answer.
        calls_max: to signers at a time.
    """

    rows: int = 24
    rounds_max: int = 4
    doubt_max: float = 1e-9
    call_timeout_s: float = 10
    calls_max: int = 32


class Sampler:
    """Samples blobs of one network.

    Args:
        lane: threads for checking proofs.
        told: gets the address of a signer whose row is missing or false, and why.
    """

    def __init__(
        self, directory: Directory, commitments: Commitments, parameters: Parameters, lane: Offload, *,
        sampling: Sampling | None = None, told: Callable[[Address, str], None] = lambda signer, reason: None,
    ) -> None:  # fmt: skip
        self._directory, self._commitments, self._parameters, self._lane = directory, commitments, parameters, lane
        self._sampling = Sampling() if sampling is None else sampling
        self._told = told

    async def sample(self, record: BlobRecord, rows: int = 0) -> Verdict:
        """A verdict on one blob.

        Args:
            rows: in each round; 0 takes the usual number.

        Raises:
            NotFound: the chain records no commitment for it, or no such quorum. InvalidInput: too many rows.
            Unavailable, TimedOut, PeerFault: the chain does not say.
        """
        each, how = rows or self._sampling.rows, self._sampling
        if not 1 <= each <= ROWS_MAX:
            raise InvalidInput(f"rows: expected 1 to {ROWS_MAX}, found {each}")
        commitment = await self._commitments.commitment(record)
        if commitment is None:
            raise NotFound(f"blob 0x{record.data_root.hex()}: the chain records no commitment for it")
        quorum, geometry = await self._directory.quorum(record.epoch, record.quorum_id), self._parameters.geometry
        if len(quorum.rows) < geometry.rows_encoded:
            raise NotFound(f"quorum: expected {geometry.rows_encoded} rows, found {len(quorum.rows)}")
        waiting = secrets.SystemRandom().sample(range(geometry.rows_encoded), min(geometry.rows_encoded, each * how.rounds_max))
        asked = proven = false = 0
        found = Verdict(False, 0, 0, 0, 1.0)
        for at in range(0, len(waiting), each):
            chosen = waiting[at : at + each]
            good, bad = await self._round(record, commitment, quorum, geometry, chosen)
            asked, proven, false = asked + len(chosen), proven + good, false + bad
            # Looking again and again gives chance more chances: each look counts.
            doubt = min(1.0, how.rounds_max * doubt_of(asked, proven, geometry))
            found = Verdict(doubt <= how.doubt_max, asked, proven, false, doubt)
            if found.available:
                break
        return found

    async def _round(
        self, record: BlobRecord, commitment: bytes, quorum: Quorum, geometry: Geometry, rows: Sequence[int]
    ) -> tuple[int, int]:
        """How many of the rows prove themselves, and how many came with a false proof."""
        by_signer: dict[Address, list[int]] = {}
        for row in sorted(rows):
            by_signer.setdefault(quorum.rows[row], []).append(row)
        slots = asyncio.Semaphore(self._sampling.calls_max)

        async def ask(signer: Address, wanted: list[int]) -> list[tuple[Address, int, bytes, bytes]]:
            async with slots:
                try:
                    return [(signer, *one) for one in await self._ask(record, quorum, geometry, signer, wanted)]
                except ZerogError as error:
                    _log.info("light.rows_missing", signer="0x" + signer.hex(), rows=len(wanted), reason=str(error))
                    self._told(signer, error.code)
                    return []

        answers = await asyncio.gather(*(ask(signer, wanted) for signer, wanted in by_signer.items()))
        came = [one for answer in answers for one in answer]
        verdicts = await self._lane.run(self._verify, record, commitment, geometry, [one[1:] for one in came])
        for (signer, row, _, _), verdict in zip(came, verdicts, strict=True):
            if verdict != commit.OK:
                _log.warning("light.false_row", signer="0x" + signer.hex(), row=row, verdict=verdict)
                self._told(signer, "false row")
        good = verdicts.count(commit.OK)
        return good, len(verdicts) - good

    async def _ask(
        self, record: BlobRecord, quorum: Quorum, geometry: Geometry, signer: Address, rows: list[int]
    ) -> list[tuple[int, bytes, bytes]]:
        socket = quorum.sockets.get(signer)
        if socket is None:
            raise NotFound("no socket is registered")
        limit = len(rows) * (commit.light_slice_size_bytes(geometry) + geometry.row_size_bytes + 64) + _MARGIN_BYTES
        client = GrpcClient(dial_target(socket), SLICES, receive_bytes_max=limit)
        try:
            wanted = da_slices_pb2.GetSlicesRequest(
                epoch=record.epoch, quorum_id=record.quorum_id, storage_root=record.data_root, row_indexes=rows
            )
            reply = await client.call("GetSlices", wanted, timeout_s=self._sampling.call_timeout_s)
        finally:
            await client.close()
        if len(reply.slices) != len(rows):
            raise PeerFault(f"expected {len(rows)} rows, found {len(reply.slices)}")
        return [(row, one.light_slice, one.row) for row, one in zip(rows, reply.slices, strict=True)]

    def _verify(
        self, record: BlobRecord, commitment: bytes, geometry: Geometry, came: Sequence[tuple[int, bytes, bytes]]
    ) -> list[str]:
        """A word for each row: ``ok``, or what is wrong with it."""
        words, joined, places = [commit.OK] * len(came), [], []
        for place, (row, light, cells) in enumerate(came):
            try:
                if int.from_bytes(light[:8], "little") != row:
                    raise InvalidInput("a proof of another row")
                joined.append(commit.join_slice(light, cells, geometry))
                places.append(place)
            except InvalidInput:
                words[place] = "bad-encoding"
        if joined:
            found = commit.verify_slices(
                self._parameters.get(), joined, [commitment] * len(joined), [record.data_root] * len(joined),
                seed=secrets.token_bytes(32),
            )  # fmt: skip
            for place, word in zip(places, found, strict=True):
                words[place] = word
        return words


def doubt_of(asked: int, proven: int, geometry: Geometry) -> float:
    """The chance that at least ``proven`` of ``asked`` random rows come from a blob of which one row too few is there."""
    every, there = geometry.rows_encoded, geometry.rows - 1
    ways = sum(math.comb(there, hits) * math.comb(every - there, asked - hits) for hits in range(proven, asked + 1))
    return ways / math.comb(every, asked)

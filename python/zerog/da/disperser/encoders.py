"""Encoders at work for a disperser: several of them, one takes over for another, and none is believed.

An answer counts only when its rows carry the blob's own bytes and random rows prove themselves against its commitment and root:
what an encoder got wrong is found here, before anything is paid or anybody signs.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from zerog.da.encoder import ENCODER, MESSAGE_BYTES_MAX
from zerog.da.parameters import Parameters
from zerog.errors import InvalidInput, PeerFault, TimedOut, ZerogError
from zerog.primitives import commit
from zerog.primitives.blob import CELL_SIZE_BYTES, COSETS, SYMBOL_SIZE_BYTES, Geometry
from zerog.runtime import log
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_grpc import GrpcClient
from zerog.wire.proto import da_encoder_pb2

_log = log.get(__name__)

PAUSE_FIRST_S: Final = 0.5
PAUSE_LAST_S: Final = 30.0
_CELLS_OFFSET: Final = 8 + 8 + 64 + 8 + 8
_TRAILER_SIZE_BYTES: Final = 4


@dataclass(frozen=True)
class Encoding:
    """A blob as signers get it."""

    data_root: bytes
    commitment: bytes
    """In the wire form: x ‖ y, little-endian, no flags."""
    slices: Sequence[bytes]

    @cached_property
    def size_bytes(self) -> int:
        return sum(len(one) for one in self.slices)


class _Worker:
    """One encoder and how it did lately."""

    def __init__(self, target: str) -> None:
        self.target = target
        self.client = GrpcClient(target, ENCODER, receive_bytes_max=MESSAGE_BYTES_MAX)
        self.busy = 0
        self.pause_s = PAUSE_FIRST_S
        self.rests_until = 0.0

    def well(self) -> None:
        self.pause_s, self.rests_until = PAUSE_FIRST_S, 0.0

    def ill(self, now_s: float) -> None:
        self.rests_until = now_s + self.pause_s
        self.pause_s = min(2 * self.pause_s, PAUSE_LAST_S)


class Encoders:
    """The encoders that a disperser may ask.

    Args:
        targets: ``host:port`` of each.
        parameters: the verifier's part is enough.
        lane: threads for checks.
        calls_max: calls at one moment to one encoder.
        timeout_s: of one call.
        told: gets the target of an encoder whose answer was false, and why.
    """

    def __init__(
        self, targets: Sequence[str], parameters: Parameters, lane: Offload, *, calls_max: int = 1, timeout_s: float = 300,
        told: Callable[[str, str], None] = lambda target, why: None, now_s: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        if not targets:
            raise InvalidInput("encoders: expected at least one")
        self._parameters, self._lane, self._calls_max, self._timeout_s = parameters, lane, calls_max, timeout_s
        self._told, self._now_s = told, now_s
        self._workers = [_Worker(target) for target in targets]
        self._freed = asyncio.Condition()

    @property
    def room(self) -> int:
        """Blobs that can be in work at one moment."""
        return len(self._workers) * self._calls_max

    async def close(self) -> None:
        for worker in self._workers:
            await worker.client.close()

    async def encode(self, data: bytes) -> Encoding:
        """One answer of one encoder, checked; every encoder is tried once.

        Raises:
            PeerFault: the last that answered did so falsely. Unavailable, TimedOut and others: as the last failed.
        """
        tried: set[str] = set()
        while True:
            worker = await self._free(tried)
            tried.add(worker.target)
            try:
                request = da_encoder_pb2.EncodeBlobRequest(data=data, require_data=False)
                reply = await worker.client.call("EncodeBlob", request, timeout_s=self._timeout_s)
                made = await self._lane.run(self._checked, data, reply)
                worker.well()
                return made
            except ZerogError as error:
                worker.ill(self._now_s())
                _log.warning("encoder.failed", target=worker.target, error=error.code, reason=str(error))
                if isinstance(error, PeerFault) and "status" not in error.facts:  # it answered, and falsely
                    self._told(worker.target, str(error))
                if len(tried) == len(self._workers):
                    raise
            finally:
                async with self._freed:
                    worker.busy -= 1
                    self._freed.notify_all()

    async def _free(self, tried: set[str]) -> _Worker:
        """A worker that was not tried, the healthiest first; waits while all of them are at work."""
        ends = self._now_s() + self._timeout_s
        async with self._freed:
            while True:
                now = self._now_s()
                able = [one for one in self._workers if one.target not in tried and one.busy < self._calls_max]
                if able:
                    worker = min(able, key=lambda one: (max(one.rests_until - now, 0.0), one.busy))
                    worker.busy += 1
                    return worker
                try:
                    async with asyncio.timeout(ends - now):
                        await self._freed.wait()
                except TimeoutError:
                    raise TimedOut(f"no encoder was free within {self._timeout_s} s") from None

    def _checked(self, data: bytes, reply: Any) -> Encoding:
        made = Encoding(bytes(reply.storage_root), bytes(reply.erasure_commitment), list(reply.encoded_slice))
        check(self._parameters.get(), data, made)
        return made


def check(setup: commit.Setup, data: bytes, made: Encoding) -> None:
    """Whether an encoding is one of this blob: all bytes of its first rows, and a random row of each coset with its proof.

    Raises:
        PeerFault: it is not.
    """
    geometry = setup.geometry
    size = commit.slice_size_bytes(geometry)
    if len(made.data_root) != 32 or len(made.commitment) != commit.COMMITMENT_SIZE_BYTES or not any(made.commitment):
        raise PeerFault("encoding: expected a root of 32 bytes and a commitment of 64 that is not infinity")
    if len(made.slices) != geometry.rows_encoded or any(len(one) != size for one in made.slices):
        raise PeerFault(f"encoding: expected {geometry.rows_encoded} slices of {size} bytes")
    padded = _padded(data, geometry)
    for row in range(geometry.rows):
        cells = np.frombuffer(made.slices[row], np.uint8, geometry.row_size_bytes, _CELLS_OFFSET)
        cells = cells.reshape(geometry.columns, CELL_SIZE_BYTES)
        if not np.array_equal(cells[:, :SYMBOL_SIZE_BYTES], padded[row]) or cells[:, SYMBOL_SIZE_BYTES].any():
            raise PeerFault(f"encoding: row {row} does not carry the blob's bytes")
    rows = [coset * geometry.rows + secrets.randbelow(geometry.rows) for coset in range(COSETS)]
    verdicts = commit.verify_slices(
        setup, [made.slices[row] for row in rows], [made.commitment] * COSETS, [made.data_root] * COSETS,
        seed=secrets.token_bytes(32),
    )  # fmt: skip
    for row, verdict in zip(rows, verdicts, strict=True):
        if verdict != commit.OK:
            raise PeerFault(f"encoding: row {row}: {verdict}")


def _padded(data: bytes, geometry: Geometry) -> NDArray[np.uint8]:
    """uint8[rows, columns, 31]: the symbols of the matrix, the data's length in the last four bytes."""
    size = SYMBOL_SIZE_BYTES * geometry.rows * geometry.columns
    made = np.zeros(size, np.uint8)
    made[: len(data)] = np.frombuffer(data, np.uint8)
    made[size - _TRAILER_SIZE_BYTES :] = np.frombuffer(len(data).to_bytes(_TRAILER_SIZE_BYTES, "little"), np.uint8)
    return made.reshape(geometry.rows, geometry.columns, SYMBOL_SIZE_BYTES)

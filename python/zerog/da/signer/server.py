"""The network's ``signer.Signer``: rows are verified, kept on the disk, and then signed for. Source: da.md §§2.3, 4.2.

Nobody says who calls, so what costs little is refused first, for every request of the call: forms, the state of the blob,
counts and numbers of rows. Only then are rows verified, all of a blob in one batch. One bad request refuses the whole call.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import grpc

from zerog.da.api import BlobRecord, blob_record
from zerog.da.parameters import Parameters
from zerog.da.signer.rows import RowServer
from zerog.da.signer.store import BlobState, SignerStore, Slice
from zerog.errors import Conflict, Exhausted, InvalidInput, NotFound
from zerog.primitives import bls, commit
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_grpc import Caller, Prescribed, Unary
from zerog.wire.proto import da_signer_pb2

SIGNER: Final = da_signer_pb2.DESCRIPTOR.services_by_name["Signer"]
RECEIVE_BYTES_MAX: Final = 1 << 30
BLOBS_MAX: Final = 16
LOOK_S: Final = 5.0


@dataclass(frozen=True)
class _Wanted:
    """One request whose form is right."""

    record: BlobRecord
    wire_commitment: bytes
    commitment: bytes
    slices: Sequence[bytes]
    rows: Sequence[int]


class SignerServer:
    """Signs for rows of one signer, and gives them back.

    Args:
        setup: the network's parameters; its geometry is the network's.
        verifying: threads for checks of rows.
        writing: one thread, for the store.
        ongoing_max: ``BatchSign`` calls at one moment; one more is refused.
        look: asks the chain once more, for so many seconds at most, when a blob is unknown.
        free: raises Exhausted when the disk has no room for more rows.
        told: gets ``rows`` and how many were verified, ``blobs`` and how many were signed for, ``false`` for each false row.
    """

    def __init__(
        self, store: SignerStore, setup: Parameters, secret: bls.SecretKey, rows: RowServer,
        verifying: Offload, writing: Offload, *, ongoing_max: int = 10,
        look: Callable[[float], Awaitable[None]] | None = None, free: Callable[[], None] = lambda: None,
        told: Callable[[str, int], None] = lambda event, count: None,
    ) -> None:  # fmt: skip
        self._store, self._setup, self._secret, self._rows = store, setup, secret, rows
        self._verifying, self._writing, self._ongoing_max = verifying, writing, ongoing_max
        self._look, self._free, self._told = look, free, told
        self._ongoing = 0

    def methods(self) -> dict[str, Unary]:
        return self._rows.methods() | {"BatchSign": self._batch_sign}

    async def _batch_sign(self, request: Any, caller: Caller) -> da_signer_pb2.BatchSignReply:
        if self._ongoing >= self._ongoing_max:
            raise Exhausted("request pool is full")
        self._ongoing += 1
        try:
            if not 1 <= len(request.requests) <= BLOBS_MAX:
                raise InvalidInput(f"requests: expected 1 to {BLOBS_MAX}, found {len(request.requests)}")
            self._free()
            if self._look is not None and await self._verifying.run(self._unknown, request.requests):
                await self._look(LOOK_S)
            wanted = await self._verifying.run(lambda: [self._check(one) for one in request.requests])
            for one in wanted:
                await self._verifying.run(self._verify, one)
            signatures = []
            for one in wanted:
                await self._writing.run(self._keep, one)
                signatures.append(await self._verifying.run(self._sign, one))
            self._told("blobs", len(wanted))
            return da_signer_pb2.BatchSignReply(signatures=signatures)
        finally:
            self._ongoing -= 1

    def _unknown(self, requests: Sequence[Any]) -> bool:
        """Whether one of them is for a blob that the chain may have announced since it was last read."""
        return any(self._store.blob_state(blob_record(one.storage_root, one.epoch, one.quorum_id)) is None for one in requests)

    def _check(self, request: Any) -> _Wanted:
        """Everything that can be refused without arithmetic on rows."""
        record = blob_record(request.storage_root, request.epoch, request.quorum_id)
        try:
            commitment = bls.decode(request.erasure_commitment, "plain")
        except InvalidInput as error:
            raise InvalidInput(f"erasure_commitment: {error}") from None
        state = self._store.blob_state(record)
        if state is None:
            raise Prescribed(grpc.StatusCode.INTERNAL, "blob not found")
        if state == BlobState.VERIFIED:
            raise Prescribed(grpc.StatusCode.INTERNAL, "blob verified already")
        try:
            own = self._store.own_rows(record.epoch, record.quorum_id)
        except NotFound:
            raise Prescribed(grpc.StatusCode.INTERNAL, "quorum not found") from None
        # A quorum always has the network's 3072 rows; smaller geometries of tests and devnets use the first of them.
        rows = [row for row in own if row < self._setup.geometry.rows_encoded]
        if (self._store.signed_commitment(record) or request.erasure_commitment) != request.erasure_commitment:
            raise InvalidInput("erasure_commitment: another one was signed for this blob")
        slices = list(request.encoded_slice)
        if not rows or len(slices) != len(rows):
            raise InvalidInput(f"encoded_slice: expected {len(rows)} for the rows of this signer, found {len(slices)}")
        size = commit.slice_size_bytes(self._setup.geometry)
        for row, one in zip(rows, slices, strict=True):
            if len(one) != size or int.from_bytes(one[:8], "little") != row:
                raise InvalidInput(f"encoded_slice: expected row {row} in {size} bytes, found {len(one)} bytes of another")
        return _Wanted(record, bytes(request.erasure_commitment), commitment, slices, rows)

    def _verify(self, wanted: _Wanted) -> None:
        count = len(wanted.slices)
        verdicts = commit.verify_slices(
            self._setup.get(), wanted.slices, [wanted.wire_commitment] * count, [wanted.record.data_root] * count,
            seed=secrets.token_bytes(32),
        )  # fmt: skip
        for row, verdict in zip(wanted.rows, verdicts, strict=True):
            if verdict != commit.OK:
                self._told("false", 1)
                raise InvalidInput(f"encoded_slice: row {row}: {verdict}")
        self._told("rows", count)

    def _keep(self, wanted: _Wanted) -> None:
        made = []
        for row, one in zip(wanted.rows, wanted.slices, strict=True):
            light, cells = commit.split_slice(one, self._setup.geometry)
            made.append(Slice(row, light, cells))
        try:
            self._store.put_slices(wanted.record, made, wanted.wire_commitment)
        except Conflict as error:
            raise InvalidInput(f"erasure_commitment: {error}") from None

    def _sign(self, wanted: _Wanted) -> bytes:
        record = wanted.record
        digest = bls.attestation_digest(record.data_root, record.epoch, record.quorum_id, wanted.commitment)
        return bls.encode(self._secret.sign(digest), "flagged")

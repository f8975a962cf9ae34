"""Rows to whoever asks for them: the signer's side of retrieval, with the statuses of the network. Source: da.md §§2.3, 4.3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import grpc

from zerog.da.api import BlobRecord, blob_record
from zerog.da.retriever import write_row
from zerog.da.signer.store import SignerStore
from zerog.errors import Exhausted, InvalidInput, NotFound
from zerog.primitives.blob import MAINNET, Geometry
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_grpc import Caller, Prescribed, Unary
from zerog.wire.proto import da_signer_pb2, da_slices_pb2

SLICES: Final = da_slices_pb2.DESCRIPTOR.services_by_name["SliceProvider"]
STATUS_OK: Final = 200
REQUESTS_MAX: Final = 64
ROWS_PER_CALL_MAX: Final = 4096


class RowServer:
    """``BatchRetrieve``, ``GetStatus`` and ``GetSlices`` of one signer.

    Args:
        entrance: the address of the entrance contract, which is what the status names.
        lane: threads for reads.
        ongoing_max: calls at one moment; one more is refused.
    """

    def __init__(
        self, store: SignerStore, lane: Offload, entrance: bytes, *, geometry: Geometry = MAINNET, ongoing_max: int = 10
    ) -> None:
        self._store, self._lane, self._entrance, self._ongoing_max = store, lane, entrance, ongoing_max
        self._geometry = geometry
        self._ongoing = 0

    def methods(self) -> dict[str, Unary]:
        """Of ``signer.Signer``, those that sign nothing."""
        return {"BatchRetrieve": self._batch_retrieve, "GetStatus": self._status}

    def slice_methods(self) -> dict[str, Unary]:
        """Of ``zerog.da.v1.SliceProvider``."""
        return {"GetSlices": self._get_slices}

    async def _status(self, request: Any, caller: Caller) -> da_signer_pb2.StatusReply:
        return da_signer_pb2.StatusReply(status_code=STATUS_OK, entrance_contract=self._entrance.hex())

    async def _batch_retrieve(self, request: Any, caller: Caller) -> da_signer_pb2.BatchRetrieveReply:
        if len(request.requests) > REQUESTS_MAX:
            raise InvalidInput(f"requests: expected at most {REQUESTS_MAX}, found {len(request.requests)}")
        wanted = [self._wanted(one) for one in request.requests]
        if sum(len(numbers) for _, numbers in wanted) > ROWS_PER_CALL_MAX:
            raise InvalidInput(f"row_indexes: expected at most {ROWS_PER_CALL_MAX} in one call")
        self._enter()
        try:
            reply = da_signer_pb2.BatchRetrieveReply()
            for record, numbers in wanted:
                rows = await self._lane.run(self._rows, record, numbers)
                reply.encoded_slice.add(encoded_slice=[write_row(row, self._geometry) for row in rows])
        finally:
            self._ongoing -= 1
        return reply

    async def _get_slices(self, request: Any, caller: Caller) -> da_slices_pb2.GetSlicesReply:
        record, numbers = self._wanted(request)
        self._enter()
        try:
            rows = await self._lane.run(self._rows, record, numbers)
            lights = await self._lane.run(self._store.lights, record, numbers)
        finally:
            self._ongoing -= 1
        pairs = zip(lights, rows, strict=True)
        return da_slices_pb2.GetSlicesReply(
            slices=[da_slices_pb2.ProvenSlice(light_slice=light, row=row) for light, row in pairs]
        )

    def _enter(self) -> None:
        if self._ongoing >= self._ongoing_max:
            raise Exhausted("request pool is full")
        self._ongoing += 1

    def _wanted(self, request: Any) -> tuple[BlobRecord, list[int]]:
        """The blob and the rows, ascending and each once; all of them this signer's."""
        record = blob_record(request.storage_root, request.epoch, request.quorum_id)
        count = self._geometry.rows_encoded
        if not 1 <= len(request.row_indexes) <= count:
            raise InvalidInput(f"row_indexes: expected 1 to {count}, found {len(request.row_indexes)}")
        numbers = sorted(set(request.row_indexes))
        if numbers[-1] >= count:
            raise InvalidInput(f"row_indexes: expected below {count}, found {numbers[-1]}")
        try:
            own = frozenset(self._store.own_rows(record.epoch, record.quorum_id))
        except NotFound:
            raise Prescribed(grpc.StatusCode.INTERNAL, "quorum not found") from None
        for number in numbers:
            if number not in own:
                raise InvalidInput(f"row_indexes: row {number} is not assigned to this signer")
        return record, numbers

    def _rows(self, record: BlobRecord, numbers: Sequence[int]) -> list[bytes]:
        try:
            return self._store.rows(record, numbers)
        except NotFound as error:
            raise Prescribed(grpc.StatusCode.INTERNAL, str(error)) from error

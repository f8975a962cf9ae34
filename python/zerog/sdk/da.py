"""Data availability for programs: blobs to any disperser of the network, and back.

Use::

    async with Da("127.0.0.1:51001") as da:
        request_id = await da.disperse(b"data")
        record = await da.wait(request_id)
        assert await da.retrieve(record) == b"data"
        item_id = await da.disperse_item(b"few bytes")  # shares a matrix with others; dispersers of zerog only
        item = await da.wait_item(item_id, b"few bytes")  # with a proof against the data root, checked
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final, Literal, Self, TypeAlias

from google.protobuf.message import Message

from zerog.da import packing
from zerog.da.api import BlobRecord, dial_target
from zerog.da.packing import InclusionProof, Placement
from zerog.errors import Conflict, InvalidInput, NotFound, PeerFault, TimedOut, Unavailable
from zerog.primitives.blob import MAINNET, Geometry
from zerog.runtime.rpc_grpc import GrpcClient
from zerog.wire.proto import da_disperser_pb2, da_packer_pb2

__all__ = ["STATUSES", "BlobRecord", "BlobStatus", "Da", "PackedItem", "Refused"]

Status: TypeAlias = Literal["unknown", "processing", "confirmed", "failed", "finalized", "insufficient-signatures"]

STATUSES: Final[dict[int, Status]] = {
    0: "unknown", 1: "processing", 2: "confirmed", 3: "failed", 4: "finalized", 5: "insufficient-signatures",
}  # fmt: skip
DISPERSER: Final = da_disperser_pb2.DESCRIPTOR.services_by_name["Disperser"]
PACKER: Final = da_packer_pb2.DESCRIPTOR.services_by_name["Packer"]
_RECEIVE_BYTES_MAX: Final = 64 << 20
_ITEM_BYTES_MAX: Final = 64 << 10
_POLL_FIRST_S: Final = 0.1
_POLL_LAST_S: Final = 2.0
_ROOT_BYTES: Final = 32


class Refused(Conflict):
    """The disperser refused, in its words."""

    code = "refused"


@dataclass(frozen=True)
class BlobStatus:
    """How far a blob has come; ``record`` is what the chain calls it, once it is confirmed."""

    status: Status
    record: BlobRecord | None = None

    @property
    def is_confirmed(self) -> bool:
        return self.status in ("confirmed", "finalized")

    @property
    def has_failed(self) -> bool:
        return self.status in ("failed", "insufficient-signatures")


@dataclass(frozen=True)
class PackedItem:
    """Where a small blob is: its pack, its place in there, and what leads from it alone to the pack's data root."""

    status: Status
    record: BlobRecord
    place: Placement
    proof: InclusionProof


class Da:
    """A connection to a disperser.

    Args:
        target: ``host:port``.
        timeout_s: of one call.
        geometry: the network's; others are for tests.

    Raises (from every call): Refused: the disperser says no. Unavailable, TimedOut: it does not answer. PeerFault: nonsense.
    """

    def __init__(self, target: str, *, timeout_s: float = 120, geometry: Geometry = MAINNET) -> None:
        self._client = GrpcClient(dial_target(target), DISPERSER, receive_bytes_max=_RECEIVE_BYTES_MAX)
        self._packer = GrpcClient(dial_target(target), PACKER, receive_bytes_max=_ITEM_BYTES_MAX)
        self._timeout_s, self._geometry = timeout_s, geometry

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.close()
        await self._packer.close()

    async def disperse(self, data: bytes) -> bytes:
        """Hand over a blob; the disperser has it on its disk when this returns.

        Returns:
            The request id, ASCII text.

        Raises:
            InvalidInput: no data, or more than the network takes.
        """
        if not 0 < len(data) <= MAINNET.data_size_bytes_max:
            raise InvalidInput(f"blob: expected 1 to {MAINNET.data_size_bytes_max:,} bytes, found {len(data):,}")
        reply = await self._call("DisperseBlob", da_disperser_pb2.DisperseBlobRequest(data=data))
        return bytes(reply.request_id)

    async def status(self, request_id: bytes) -> BlobStatus:
        reply = await self._call("GetBlobStatus", da_disperser_pb2.BlobStatusRequest(request_id=request_id))
        status = STATUSES.get(int(reply.status))
        if status is None:
            raise PeerFault(f"{self._client.target}: unknown status {reply.status}")
        header = reply.info.blob_header
        if status not in ("confirmed", "finalized"):
            return BlobStatus(status)
        if len(header.storage_root) != _ROOT_BYTES:
            raise PeerFault(f"{self._client.target}: expected a root of {_ROOT_BYTES} bytes")
        return BlobStatus(status, BlobRecord(header.epoch, header.quorum_id, bytes(header.storage_root)))

    async def wait(
        self,
        request_id: bytes,
        *,
        until: Literal["confirmed", "finalized"] = "finalized",
        timeout_s: float = 900,
        told: Callable[[BlobStatus], None] = lambda status: None,
    ) -> BlobRecord:
        """Until a blob is confirmed or final.

        Args:
            told: gets every status that is asked for.

        Raises:
            Conflict: it failed. TimedOut: it is neither after ``timeout_s``.
        """
        ends, pause_s = time.monotonic() + timeout_s, _POLL_FIRST_S
        while True:
            try:
                found = await self.status(request_id)
                told(found)
                if found.has_failed:
                    raise Conflict(f"the blob was not dispersed: {found.status}")
                if found.record is not None and (found.status == "finalized" or until == "confirmed"):
                    return found.record
            except (Unavailable, TimedOut):
                if time.monotonic() >= ends:
                    raise
            if time.monotonic() >= ends:
                raise TimedOut(f"the blob is not {until} after {timeout_s:.0f} s; ask again with its request id")
            await asyncio.sleep(min(pause_s, max(ends - time.monotonic(), 0)))
            pause_s = min(1.25 * pause_s, _POLL_LAST_S)

    async def retrieve(self, record: BlobRecord) -> bytes:
        """The bytes of a blob, from the disperser or through its retriever. Nothing proves them: ``zerog da retrieve`` does.

        Raises:
            NotFound: the disperser has no such blob and cannot get it.
        """
        wanted = da_disperser_pb2.RetrieveBlobRequest(
            storage_root=record.data_root, epoch=record.epoch, quorum_id=record.quorum_id
        )
        try:
            reply = await self._call("RetrieveBlob", wanted)
        except Refused as error:
            raise NotFound(str(error)) from None
        return bytes(reply.data)

    async def disperse_item(self, data: bytes) -> bytes:
        """Hand over a small blob that may share a matrix with others, to a disperser of zerog.

        Returns:
            The item's id.

        Raises:
            InvalidInput: no data, or more than a pack holds. Exhausted: too many items wait.
        """
        request = da_packer_pb2.DisperseItemRequest(data=data)
        reply = await self._packer.call("DisperseItem", request, timeout_s=self._timeout_s)
        return bytes(reply.item_id)

    async def item(self, item_id: bytes, data: bytes) -> PackedItem | None:
        """Where an item is, None before it is confirmed. Its proof is checked against ``data``, the item's bytes.

        Raises:
            Conflict: its pack was not dispersed. PeerFault: the proof is false. NotFound: no such item.
        """
        reply = await self._packer.call("GetItem", da_packer_pb2.GetItemRequest(item_id=item_id), timeout_s=self._timeout_s)
        status = STATUSES.get(int(reply.status), "unknown")
        if status in ("failed", "insufficient-signatures"):
            raise Conflict(f"the item was not dispersed: {status}")
        if status not in ("confirmed", "finalized"):
            return None
        try:
            proof = InclusionProof.from_bytes(bytes(reply.proof))
        except InvalidInput as error:
            raise PeerFault(f"{self._packer.target}: {error}") from None
        root = bytes(reply.storage_root)
        if proof.leaf != reply.leaf or not packing.verify(data, proof, root, self._geometry):
            raise PeerFault(f"{self._packer.target}: the item's proof is false")
        place = Placement(int(reply.leaf), len(data))
        return PackedItem(status, BlobRecord(reply.epoch, reply.quorum_id, root), place, proof)

    async def wait_item(
        self, item_id: bytes, data: bytes, *, until: Literal["confirmed", "finalized"] = "finalized", timeout_s: float = 900
    ) -> PackedItem:
        """Until an item is confirmed or final; as ``item``.

        Raises:
            TimedOut: it is neither after ``timeout_s``.
        """
        ends, pause_s = time.monotonic() + timeout_s, _POLL_FIRST_S
        while True:
            found = await self.item(item_id, data)
            if found is not None and until in ("confirmed", found.status):
                return found
            if time.monotonic() >= ends:
                raise TimedOut(f"the item is not {until} after {timeout_s:.0f} s; ask again with its id")
            await asyncio.sleep(min(pause_s, max(ends - time.monotonic(), 0)))
            pause_s = min(1.25 * pause_s, _POLL_LAST_S)

    async def _call(self, name: str, request: Message) -> Any:
        try:
            return await self._client.call(name, request, timeout_s=self._timeout_s)
        except PeerFault as error:
            if error.facts.get("status") == "UNKNOWN":
                raise Refused(str(error.facts.get("details"))) from None
            raise

"""The network's ``disperser.Disperser``: blobs in, statuses out, data back. Source: da.md §2.1.

Every refusal has the code UNKNOWN and a text, which is what clients of the official disperser expect.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import grpc

from zerog.da.api import blob_record
from zerog.da.disperser.queue import BlobQueue, Entry, Status
from zerog.errors import InvalidInput, ZerogError
from zerog.primitives.blob import MAINNET, Geometry
from zerog.runtime import log
from zerog.runtime.limits import TokenBucket
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_grpc import Caller, GrpcClient, Prescribed, Unary
from zerog.wire.da_ids import parse_request_id
from zerog.wire.proto import da_disperser_pb2, da_retriever_pb2

_log = log.get(__name__)

SERVICE: Final = da_disperser_pb2.DESCRIPTOR.services_by_name["Disperser"]
RECEIVE_BYTES_MAX: Final = 300 << 20
CALLERS_MAX: Final = 65_536


@dataclass(frozen=True)
class Rates:
    """Blobs and retrievals a minute of one address; 0 is no limit.

    Args:
        allowed: parts of addresses that are not limited.
    """

    writes_per_minute: int = 0
    reads_per_minute: int = 0
    allowed: Sequence[str] = ()


class DisperserServer:
    """Answers clients from a queue.

    Args:
        lane: threads for the disk.
        retriever: asked for blobs that are not here; without one there are none.
        free: raises ``Exhausted`` when the disk is nearly full.
        taken: told of each blob that was taken.
        now_ns: the time of day, for request ids.
        now_s: a clock for waiting.
    """

    def __init__(
        self,
        queue: BlobQueue,
        lane: Offload,
        *,
        now_ns: Callable[[], int],
        now_s: Callable[[], float],
        geometry: Geometry = MAINNET,
        rates: Rates | None = None,
        retriever: GrpcClient | None = None,
        retrieve_timeout_s: float = 60,
        free: Callable[[], None] = lambda: None,
        taken: Callable[[], None] = lambda: None,
    ) -> None:
        self._queue, self._lane, self._now_ns, self._geometry = queue, lane, now_ns, geometry
        self._retriever, self._retrieve_timeout_s = retriever, retrieve_timeout_s
        self._free, self._taken = free, taken
        rates = Rates() if rates is None else rates
        self._writes = _Limiter(rates.writes_per_minute, rates.allowed, now_s)
        self._reads = _Limiter(rates.reads_per_minute, rates.allowed, now_s)

    def takes_write(self, ip: str) -> bool:
        """Whether an address may hand over another blob now; if so, that counts as one."""
        return self._writes.takes(ip)

    def client_of(self, ip: str) -> str:
        """Whose share of the queue an address uses; empty for those that are not limited."""
        return "" if self._writes.exempts(ip) else ip

    def methods(self) -> dict[str, Unary]:
        return {
            "DisperseBlob": _unknown(self._disperse),
            "GetBlobStatus": _unknown(self._status),
            "RetrieveBlob": _unknown(self._retrieve),
        }

    async def _disperse(self, request: Any, caller: Caller) -> da_disperser_pb2.DisperseBlobReply:
        size_max = self._geometry.data_size_bytes_max
        if len(request.data) > size_max:
            raise InvalidInput(f"blob size cannot exceed {(size_max + 4) // 1024} KiB")
        if not request.data:
            raise InvalidInput("blob size must be greater than 0")
        if not self._writes.takes(caller.ip):
            raise InvalidInput("request ratelimited")
        entry = await self._lane.run(self._take, request.data, self.client_of(caller.ip))
        self._taken()
        return da_disperser_pb2.DisperseBlobReply(result=da_disperser_pb2.PROCESSING, request_id=entry.request_id)

    def _take(self, data: bytes, client: str) -> Entry:
        self._free()
        return self._queue.put(data, self._now_ns(), client=client)

    async def _status(self, request: Any, caller: Caller) -> da_disperser_pb2.BlobStatusReply:
        if not request.request_id:
            raise InvalidInput("invalid request: request_id must not be empty")
        parse_request_id(request.request_id)
        entry = await self._lane.run(self._queue.get, request.request_id)
        info = da_disperser_pb2.BlobInfo()
        if entry.status in (Status.CONFIRMED, Status.FINALIZED):
            info.blob_header.storage_root = entry.data_root
            info.blob_header.epoch = entry.epoch
            info.blob_header.quorum_id = entry.quorum_id
        return da_disperser_pb2.BlobStatusReply(status=int(entry.status), info=info)  # type: ignore[arg-type]

    async def _retrieve(self, request: Any, caller: Caller) -> da_disperser_pb2.RetrieveBlobReply:
        record = blob_record(request.storage_root, request.epoch, request.quorum_id)
        if not self._reads.takes(caller.ip):
            raise InvalidInput("request rate limited")
        data = await self._lane.run(self._queue.find, record)
        if data is None:
            if self._retriever is None:
                raise InvalidInput("the blob is not here, and there is no retriever to ask")
            wanted = da_retriever_pb2.BlobRequest(storage_root=record.data_root, epoch=record.epoch, quorum_id=record.quorum_id)
            reply = await self._retriever.call("RetrieveBlob", wanted, timeout_s=self._retrieve_timeout_s)
            data = reply.data
        return da_disperser_pb2.RetrieveBlobReply(data=data)


class _Limiter:
    """One token for each address every ``60 / per_minute`` seconds, none saved up."""

    def __init__(self, per_minute: int, allowed: Sequence[str], now_s: Callable[[], float]) -> None:
        self._per_minute, self._allowed, self._now_s = per_minute, allowed, now_s
        self._callers: OrderedDict[str, TokenBucket] = OrderedDict()

    def exempts(self, ip: str) -> bool:
        return any(part in ip for part in self._allowed)

    def takes(self, ip: str) -> bool:
        if not self._per_minute or self.exempts(ip):
            return True
        bucket = self._callers.pop(ip, None) or TokenBucket(self._per_minute / 60, 1, self._now_s)
        self._callers[ip] = bucket
        if len(self._callers) > CALLERS_MAX:
            self._callers.popitem(last=False)
        return bucket.take()


def _unknown(method: Any) -> Unary:
    """The method with every refusal as UNKNOWN and its text."""

    async def answer(request: Any, caller: Caller) -> Any:
        try:
            return await method(request, caller)
        except ZerogError as error:
            if not isinstance(error, InvalidInput):
                _log.warning("disperser.refused", reason=str(error), error=error.code)
            raise Prescribed(grpc.StatusCode.UNKNOWN, str(error)) from error

    return answer

"""zgs_* and admin_*: the exact shapes, codes and texts that clients of 0G storage match.

Parameters are positional; trailing optional ones may be missing or null. Whatever a method raises becomes an error object
here, because the texts differ from those of the chain's surface.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

import msgspec
from prometheus_client import CollectorRegistry

from zerog.errors import Conflict, Corrupt, Exhausted, InvalidInput, NotFound, Unauthorized, Unavailable
from zerog.runtime import log
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_http import Method, Session
from zerog.storage.api import PROTOCOL_VERSION, Peers, Shard, Tx, covered
from zerog.storage.ingest import Ingest, Refusal, invalid_params
from zerog.storage.layout import SECTORS_PER_SEGMENT, Proof, Segment
from zerog.storage.store import Store
from zerog.types import parse_hash
from zerog.wire.jsonrpc import INTERNAL_ERROR, INVALID_PARAMS, SERVER_ERROR, RpcError

_log = log.get(__name__)

SEGMENTS_PER_CALL_MAX: Final = 1024
_U64 = (1 << 64) - 1
_T = TypeVar("_T")


class Arguments:
    """Positional parameters with the refusals of the official node."""

    def __init__(self, values: Sequence[Any]) -> None:
        self._values = values

    def value(self, at: int, name: str, *, optional: bool = False) -> Any:
        found = self._values[at] if at < len(self._values) else None
        if found is None and not optional:
            raise invalid_params(name, "missing")
        return found

    def number(self, at: int, name: str) -> int:
        return as_number(self.value(at, name), name)

    def hash(self, at: int, name: str) -> bytes:
        return as_hash(self.value(at, name), name)


def as_number(value: object, name: str) -> int:
    if type(value) is not int or not 0 <= value <= _U64:
        raise invalid_params(name, "expected a number from 0 to 2^64-1")
    return value


def as_hash(value: object, name: str) -> bytes:
    try:
        if isinstance(value, str):
            return parse_hash(value, name)
    except InvalidInput:
        pass
    raise invalid_params(name, "expected 0x and 64 hex digits")


def read_segment(value: object) -> Segment:
    """A segment from its JSON object.

    Raises:
        Refusal: a member that is missing or has another form.
    """
    if not isinstance(value, dict):
        raise invalid_params("segment", "expected an object")
    data = value.get("data")
    if not isinstance(data, str):
        raise invalid_params("data", "expected base64 text")
    try:
        raw = msgspec.convert(data, bytes)  # four times as fast as binascii's decoder, and as strict
    except msgspec.ValidationError:
        raise invalid_params("data", "expected base64 text") from None
    try:
        proof = Proof.from_json(value.get("proof"))
    except InvalidInput as error:
        raise invalid_params("proof", str(error)) from None
    root, index, size = value.get("root"), value.get("index"), value.get("fileSize")
    return Segment(as_hash(root, "root"), raw, as_number(index, "index"), proof, as_number(size, "file_size"))


def read_segments(value: object) -> list[Segment]:
    if not isinstance(value, list):
        raise invalid_params("segments", "expected an array")
    if len(value) > SEGMENTS_PER_CALL_MAX:
        raise invalid_params("segments", f"expected at most {SEGMENTS_PER_CALL_MAX}, found {len(value)}")
    return [read_segment(item) for item in value]


def base64_json(data: bytes) -> msgspec.Raw:
    """Bytes as a JSON string of base64, rendered."""
    return msgspec.Raw(msgspec.json.encode(data))


def guarded(methods: dict[str, Callable[[Arguments], Any]]) -> dict[str, Method]:
    """Methods whose exceptions carry this surface's codes and texts."""

    def wrap(name: str, method: Callable[[Arguments], Any]) -> Method:
        async def called(session: Session | None, params: list[Any]) -> Any:
            try:
                result = method(Arguments(params))
                return await result if isinstance(result, Awaitable) else result
            except Exception as error:
                raise rpc_error(error, name) from error

        return called

    return {name: wrap(name, method) for name, method in methods.items()}


def rpc_error(error: Exception, method: str) -> RpcError:
    """The error object of an exception, in the words of the storage network."""
    if isinstance(error, RpcError):
        return error
    if isinstance(error, Refusal):
        return RpcError(error.code, error.message, error.data)
    if isinstance(error, NotFound | Exhausted | Unavailable | Unauthorized | Conflict):
        return RpcError(SERVER_ERROR, str(error))
    if isinstance(error, InvalidInput):
        return RpcError(INVALID_PARAMS, "Invalid params", str(error))
    _log.error("rpc.failed", method=method, error=type(error).__name__, reason=str(error))
    reason = "data on disk failed its check" if isinstance(error, Corrupt) else type(error).__name__
    return RpcError(INTERNAL_ERROR, "Internal error", reason)


class Surface:
    """zgs_*.

    Args:
        lane: threads for reads, so that the event loop never waits for the disk.
        upload_result: what uploads answer. The official node says null, which older SDKs take for a failure; 0 suits all.
    """

    def __init__(
        self,
        store: Store,
        ingest: Ingest,
        lane: Offload,
        *,
        chain_id: int,
        flow: bytes,
        peers: Peers | None = None,
        on_damaged: Callable[[int], None] = lambda seq: None,
        upload_result: int | None = 0,
    ) -> None:
        self._store, self._ingest, self._lane = store, ingest, lane
        self._chain_id, self._flow, self._peers = chain_id, flow, peers
        self._upload_result = upload_result
        self._on_damaged = on_damaged

    def methods(self) -> dict[str, Method]:
        return guarded(
            {
                "zgs_getStatus": self._status,
                "zgs_uploadSegment": lambda given: self._upload(given, one=True, by_seq=False),
                "zgs_uploadSegmentByTxSeq": lambda given: self._upload(given, one=True, by_seq=True),
                "zgs_uploadSegments": lambda given: self._upload(given, one=False, by_seq=False),
                "zgs_uploadSegmentsByTxSeq": lambda given: self._upload(given, one=False, by_seq=True),
                "zgs_downloadSegment": lambda given: self._download(self._by_root(given), given),
                "zgs_downloadSegmentByTxSeq": lambda given: self._download(self._by_seq(given), given),
                "zgs_downloadSegmentWithProof": lambda given: self._with_proof(self._by_root(given), given),
                "zgs_downloadSegmentWithProofByTxSeq": lambda given: self._with_proof(self._by_seq(given), given),
                "zgs_getSectorProof": self._sector_proof,
                "zgs_checkFileFinalized": self._check_finalized,
                "zgs_getFileInfo": self._file_info,
                "zgs_getFileInfoByTxSeq": lambda given: self._info(self._by_seq(given)),
                "zgs_getShardConfig": lambda given: self._store.shard.to_json(),
                "zgs_getFlowContext": lambda given: ["0x" + self._store.tree.root.hex(), self._store.tree.length],
                "zgs_getHashAtNodeIndex": self._hash_at,
                "zgs_getDataByNodeIndex": self._data_at,
                "zgs_getMetaDataByNodeIndex": self._metadata_at,
            }
        )

    def _status(self, given: Arguments) -> dict[str, Any]:
        progress = self._store.progress
        major, minor, build = PROTOCOL_VERSION
        return {
            "connectedPeers": 0 if self._peers is None else self._peers.connected,
            "logSyncHeight": 0 if progress is None else progress.number,
            "logSyncBlock": "0x" + (bytes(32) if progress is None else progress.hash).hex(),
            "nextTxSeq": self._store.next_seq,
            "networkIdentity": {
                "chainId": self._chain_id,
                "flowAddress": "0x" + self._flow.hex(),
                "p2pProtocolVersion": {"major": major, "minor": minor, "build": build},
            },
        }

    async def _upload(self, given: Arguments, *, one: bool, by_seq: bool) -> int | None:
        value = given.value(0, "segment" if one else "segments")
        seq = given.number(1, "tx_seq") if by_seq else None
        segments = await self._lane.run(lambda: [read_segment(value)] if one else read_segments(value))
        await self._ingest.upload(segments, seq, skip_duplicates=by_seq and not one)
        return self._upload_result

    # --- files --------------------------------------------------------------------------------------------------------

    def _by_root(self, given: Arguments, *, need_available: bool = False) -> Tx | None:
        return self._store.tx_of_root(given.hash(0, "root"), need_available=need_available)

    def _by_seq(self, given: Arguments) -> Tx | None:
        return self._store.find_tx(given.number(0, "tx_seq"))

    def _info(self, tx: Tx | None) -> dict[str, Any] | None:
        return None if tx is None else self._store.file_info(tx, cached=self._ingest.cache.count(tx.root)).to_json()

    def _file_info(self, given: Arguments) -> dict[str, Any] | None:
        need_available = given.value(1, "need_available", optional=True)
        if need_available is not None and type(need_available) is not bool:
            raise invalid_params("need_available", "expected true or false")
        return self._info(self._by_root(given, need_available=bool(need_available)))

    def _check_finalized(self, given: Arguments) -> bool | None:
        wanted = given.value(0, "tx_seq_or_root")
        tx = self._by_root(given) if isinstance(wanted, str) else self._by_seq(given)
        return None if tx is None else self._store.finalized(tx.seq)

    async def _download(self, tx: Tx | None, given: Arguments) -> msgspec.Raw | None:
        start, end = given.number(1, "start_index"), given.number(2, "end_index")
        if start >= end:
            raise invalid_params("end_index", "invalid chunk index")
        if end - start > SECTORS_PER_SEGMENT:
            raise invalid_params("end_index", f"exceeds maximum chunks {SECTORS_PER_SEGMENT}")
        if tx is None:
            return None
        found = tx

        def read() -> msgspec.Raw | None:
            data = self._store.chunks(found, start, end)
            return None if data is None else base64_json(data)

        return await self._read(found, read)

    async def _with_proof(self, tx: Tx | None, given: Arguments) -> dict[str, Any] | None:
        index = given.number(1, "index")
        if tx is None:
            return None
        found = tx
        if index >= found.layout.data_segments:
            raise invalid_params("index", "index out of bound")

        def read() -> dict[str, Any] | None:
            if self._store.pruned(found.seq):
                return None
            data, proof = self._store.segment(found.seq, index), self._store.proof(found.seq, index)
            if data is None or proof is None:
                return None
            return {
                "root": "0x" + found.root.hex(),
                "data": base64_json(data),
                "index": index,
                "proof": proof.to_json(),
                "fileSize": found.size,
            }

        return await self._read(found, read)

    async def _read(self, tx: Tx, read: Callable[[], _T]) -> _T:
        try:
            return await self._lane.run(read)
        except Corrupt:
            self._on_damaged(tx.seq)
            raise

    # --- the flow -----------------------------------------------------------------------------------------------------

    async def _sector_proof(self, given: Arguments) -> dict[str, Any]:
        sector = given.number(0, "sector_index")
        wanted = given.value(1, "flow_root", optional=True)
        root = None if wanted is None else as_hash(wanted, "flow_root")
        try:
            proof: Proof = await self._lane.run(self._store.sector_proof, sector, root)
        except InvalidInput as error:
            raise invalid_params("sector_index", str(error)) from None
        return proof.to_json()

    def _hash_at(self, given: Arguments) -> str | None:
        sector = given.number(0, "index")
        if sector >= self._store.tree.length:
            return None
        node = self._store.tree.known(sector)
        return None if node is None or node.first_sector != sector else "0x" + node.root.hex()

    async def _data_at(self, given: Arguments) -> list[list[int]] | None:
        found = await self._lane.run(self._store.flow_segment, given.number(0, "index"))
        return None if found is None else [list(data) for _, data in found]

    async def _metadata_at(self, given: Arguments) -> str:
        index = given.number(0, "index")
        found = await self._lane.run(self._store.flow_segment, index)
        here = ", ".join(f"{first}..{first + len(data) // 256}" for first, data in found or [])
        return f"segment {index} of the flow, shard {self._store.shard}, sectors here: {here or 'none'}"


class AdminSurface:
    """admin_*: for the operator, and for the Go indexer's discovery."""

    def __init__(
        self,
        store: Store,
        registry: CollectorRegistry,
        *,
        peers: Peers | None,
        shutdown: Callable[[], None],
        own_ip: str = "127.0.0.1",
        pruner: Callable[[], dict[str, Any]] = dict,
    ) -> None:
        self._store, self._registry, self._peers, self._shutdown, self._own_ip = store, registry, peers, shutdown, own_ip
        self._pruner = pruner

    def methods(self) -> dict[str, Method]:
        return guarded(
            {
                "admin_findFile": self._find,
                "admin_startSyncFile": self._start_file,
                "admin_startSyncChunks": self._start_chunks,
                "admin_terminateSync": self._terminate,
                "admin_getSyncServiceState": self._service_state,
                "admin_getSyncStatus": self._sync_status,
                "admin_getSyncInfo": self._sync_info,
                "admin_getNetworkInfo": self._network_info,
                "admin_getPeers": lambda given: {} if self._peers is None else self._peers.peers(),
                "admin_getFileLocation": self._location,
                "admin_getMetrics": self._metrics,
                "admin_getPrunerStatus": lambda given: self._pruner(),
                "admin_shutdown": self._stop,
            }
        )

    def _tx(self, given: Arguments) -> Tx:
        tx = self._store.find_tx(given.number(0, "tx_seq"))
        if tx is None:
            raise NotFound("tx not found")
        return tx

    def _connected(self) -> Peers:
        if self._peers is None:
            raise Unavailable("this node keeps no peers")
        return self._peers

    async def _find(self, given: Arguments) -> None:
        await self._connected().find(self._tx(given))

    async def _start_file(self, given: Arguments) -> None:
        await self._connected().start_file(self._tx(given))

    async def _start_chunks(self, given: Arguments) -> None:
        tx, start, end = self._tx(given), given.number(1, "start"), given.number(2, "end")
        if not start < end <= tx.layout.chunks:
            raise invalid_params("end", "invalid chunk index")
        await self._connected().start_chunks(tx, start, end)

    async def _terminate(self, given: Arguments) -> bool:
        seq = given.number(0, "tx_seq")
        return False if self._peers is None else await self._peers.terminate(seq)

    def _service_state(self, given: Arguments) -> dict[str, Any]:
        if self._peers is None:
            return {"numSyncing": 0, "catchedUp": None, "autoSyncSerial": None, "autoSyncRandom": None}
        return self._peers.service_state()

    def _sync_status(self, given: Arguments) -> str:
        seq = given.number(0, "tx_seq")
        return "unknown" if self._peers is None else self._peers.status(seq)

    def _sync_info(self, given: Arguments) -> dict[str, Any]:
        wanted = given.value(0, "tx_seq", optional=True)
        seq = None if wanted is None else as_number(wanted, "tx_seq")
        return {} if self._peers is None else self._peers.info(seq)

    def _network_info(self, given: Arguments) -> dict[str, Any]:
        if self._peers is not None:
            return self._peers.network_info()
        counts = ("totalPeers", "bannedPeers", "disconnectedPeers", "connectedPeers", "connectedOutgoingPeers",
                  "connectedIncomingPeers")  # fmt: skip
        return {"peerId": "", "listenAddresses": [], **dict.fromkeys(counts, 0)}

    def _location(self, given: Arguments) -> list[dict[str, Any]] | None:
        tx = self._tx(given)
        all_shards = given.value(1, "all_shards", optional=True)
        places: list[tuple[str, Shard]] = []
        if self._store.finalized(tx.seq):
            places.append((self._own_ip, self._store.shard))
        if self._peers is not None:
            places += [(place.ip, place.shard) for place in self._peers.locations(tx)]
        if all_shards and not covered([shard for _, shard in places]):
            return None
        return [{"ip": ip, "shardConfig": shard.to_json()} for ip, shard in places]

    def _metrics(self, given: Arguments) -> dict[str, str]:
        prefix = given.value(0, "prefix", optional=True) or ""
        if not isinstance(prefix, str):
            raise invalid_params("prefix", "expected text")
        found = {}
        for family in self._registry.collect():
            for sample in family.samples:
                labels = "".join(f".{value}" for value in sample.labels.values())
                if (sample.name + labels).startswith(prefix):
                    found[sample.name + labels] = f"{family.type} {sample.value:g}"
        return found

    def _stop(self, given: Arguments) -> None:
        self._shutdown()

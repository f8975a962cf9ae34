"""Typed calls to storage nodes and indexers of anybody. What they answer is checked for shape before it is believed.

Source: docs/protocol/storage.md, sections 3.0, 3.1 and 3.3.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

import msgspec

from zerog.errors import InvalidInput, NotFound, PeerFault, TimedOut, Unavailable, ZerogError
from zerog.runtime.http import Answer, Http
from zerog.storage import frames
from zerog.storage.api import Shard
from zerog.storage.layout import Proof, Segment, file_layout, root_of_nodes
from zerog.storage.selection import NODES_MAX, ShardedNode, read_shard
from zerog.types import Address, parse_address, parse_hash
from zerog.wire import jsonrpc

if TYPE_CHECKING:
    from typing_extensions import Buffer

_T = TypeVar("_T")

ANSWER_SIZE_MAX: Final = 8 << 20
TIMEOUT_S: Final = 30.0
RETRIES: Final = 3
RETRY_PAUSE_S: Final = 0.5
_REFUSAL_SIZE_MAX: Final = 1 << 16
_FRAMES_BYTES_MIN: Final = 1 << 16

ALREADY_FINALIZED: Final = "already uploaded and finalized"
DUPLICATE: Final = "segment has already been uploaded or is being uploaded"
POOL_FULL: Final = "too many data writing"
REVERTED: Final = "Transaction reverted when uploading segments, please try again"
_COME_AGAIN: Final = (429, 500, 502, 503, 504)
_BUSY: Final = (POOL_FULL, REVERTED)


class NodeRefused(ZerogError):
    """A node answered with an error object: ``rpc_code``, ``rpc_message`` and ``rpc_data`` are its words."""

    code = "node-refused"

    def __init__(self, url: str, rpc_code: int, rpc_message: str, rpc_data: str) -> None:
        super().__init__(f"{url}: {rpc_message}" + (f" ({rpc_data})" if rpc_data else ""))
        self.rpc_code, self.rpc_message, self.rpc_data = rpc_code, rpc_message, rpc_data

    def says(self, text: str) -> bool:
        return text in self.rpc_message or text in self.rpc_data


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """What a node says of itself."""

    connected_peers: int
    sync_height: int
    next_tx_seq: int
    chain_id: int
    flow: Address

    def to_json(self) -> dict[str, Any]:
        return {
            "connected_peers": self.connected_peers,
            "sync_height": self.sync_height,
            "next_tx_seq": self.next_tx_seq,
            "chain_id": self.chain_id,
            "flow": "0x" + self.flow.hex(),
        }


@dataclass(frozen=True, slots=True)
class FileInfo:
    """One submission as a node knows it. Size, nodes and root fit together (checked); the rest is the node's word."""

    root: bytes
    size: int
    seq: int
    start_entry: int
    finalized: bool
    cached: bool
    pruned: bool
    uploaded_segments: int

    @property
    def start_segment(self) -> int:
        return self.start_entry // 1024

    @classmethod
    def from_json(cls, value: object) -> FileInfo:
        """``InvalidInput`` for another shape, or for nodes that do not lead to the root or do not fit the size."""
        tx = value.get("tx") if isinstance(value, dict) else None
        if not isinstance(value, dict) or not isinstance(tx, dict):
            raise InvalidInput("file info: expected an object with tx")
        root = parse_hash(tx.get("dataMerkleRoot", ""), "file info root")
        size, seq, start = (as_count(tx.get(name), f"file info {name}") for name in ("size", "seq", "startEntryIndex"))
        nodes = tx.get("merkleNodes")
        if not isinstance(nodes, list) or not 1 <= len(nodes) <= 64 or any(type(n) is not list or len(n) != 2 for n in nodes):
            raise InvalidInput("file info: expected merkleNodes as pairs of depth and hash")
        heights = [as_count(depth, "depth") - 1 for depth, _ in nodes]
        roots = [parse_hash(hash, "file info node") for _, hash in nodes]
        if heights != [height for height, _ in file_layout(size).nodes] or root_of_nodes(roots) != root:
            raise InvalidInput("file info: the nodes do not fit the size and the root")
        return cls(
            root,
            size,
            seq,
            start,
            value.get("finalized") is True,
            value.get("isCached") is True,
            value.get("pruned") is True,
            as_count(value.get("uploadedSegNum", 0), "file info uploadedSegNum"),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "root": "0x" + self.root.hex(),
            "size": self.size,
            "tx_seq": self.seq,
            "start_entry": self.start_entry,
            "finalized": self.finalized,
            "cached": self.cached,
            "pruned": self.pruned,
            "uploaded_segments": self.uploaded_segments,
        }


class Remote:
    """JSON-RPC to any number of servers: bounded answers, deadlines, and a few tries when the network or a full pool fails.

    Use as ``async with Remote() as remote``.
    """

    def __init__(self, *, timeout_s: float = TIMEOUT_S, retries: int = RETRIES, pause_s: float = RETRY_PAUSE_S) -> None:
        self._retries, self._pause_s = retries, pause_s
        self._http = Http(timeout_s=timeout_s)
        self._next_id = 1
        self._takes_frames: dict[str, bool] = {}

    async def __aenter__(self) -> Self:
        await self._http.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.__aexit__(kind, error, trace)

    def node(self, url: str) -> Node:
        return Node(self, check_url(url))

    def indexer(self, url: str) -> Indexer:
        return Indexer(self, check_url(url))

    async def call(self, url: str, method: str, *params: Any, retries: int | None = None) -> Any:
        """One call; what the network or a busy server refuses is tried again, each time after a longer pause.

        Raises:
            NodeRefused: the server answered with an error. Unavailable, TimedOut: no answer. PeerFault: no proper one.
        """
        return await self._tried(url, lambda: self._once(url, method, params), retries)

    async def _tried(self, url: str, once: Callable[[], Awaitable[_T]], retries: int | None) -> _T:
        tries = self._retries if retries is None else retries
        for attempt in range(tries + 1):
            try:
                return await once()
            except (Unavailable, TimedOut, NodeRefused) as error:
                if attempt == tries or (isinstance(error, NodeRefused) and not any(error.says(text) for text in _BUSY)):
                    raise
            await asyncio.sleep(self._pause_s * 2**attempt)
        raise Unavailable(f"{url}: not asked")

    async def takes_frames(self, url: str) -> bool:
        """Whether a node takes and gives segments as ``frames`` (ours do; no other node is expected to)."""
        known = self._takes_frames.get(url)
        if known is None:
            try:
                status, content_type, body = await self._send("GET", url, frames.PATH, (), 0)
            except (Unavailable, TimedOut, PeerFault):
                return False
            known = self._takes_frames[url] = status == 200 and content_type == frames.CONTENT_TYPE and not body
        return known

    async def get_segments(self, url: str, seq: int, indices: range, into: bytearray | None = None) -> list[Segment]:
        """Segments of a file as ``frames``, up to the first that the node does not have; nothing in them is checked yet.

        Args:
            into: memory for them, used again by the caller when he has done with the segments.

        Raises:
            NodeRefused, Unavailable, TimedOut, PeerFault: as ``call``.
        """
        query = f"{frames.PATH}/{seq}?first={indices.start}&count={len(indices)}&step={indices.step}"
        body = await self._answered("GET", url, query, (), len(indices) * frames.FRAME_SIZE_MAX, into)
        try:
            return frames.decode(body, len(indices))
        except InvalidInput as error:
            raise PeerFault(f"{url}: {error}") from None

    async def post_segments(self, url: str, seq: int, segments: Sequence[Segment]) -> None:
        """Hand over segments as ``frames``; tried again, and refused, as ``call``."""
        pieces = frames.encode(segments)
        await self._tried(url, lambda: self._answered("POST", url, f"{frames.PATH}/{seq}", pieces, _REFUSAL_SIZE_MAX), None)

    async def _answered(
        self, verb: str, url: str, path: str, pieces: Sequence[Buffer], size_max: int, into: bytearray | None = None
    ) -> memoryview:
        status, content_type, body = await self._send(verb, url, path, pieces, max(size_max, _REFUSAL_SIZE_MAX), into)
        if status == 200 and content_type == (frames.CONTENT_TYPE if verb == "GET" else "application/json"):
            return body
        fault: Any = None
        if status == 422 and content_type == "application/json":
            with suppress(InvalidInput):
                fault = jsonrpc.parse(bytes(body))
        if not isinstance(fault, dict):
            self._takes_frames.pop(url, None)
            raise PeerFault(f"{url}: status {status}; segments were expected")
        raise _refused(url, fault)

    async def _send(
        self, verb: str, url: str, path: str, pieces: Sequence[Buffer], size_max: int, into: bytearray | None = None
    ) -> Answer:
        """An answer that says anything; ``Unavailable`` for those that say to come again."""
        answer = await self._http.request(
            verb, url.rstrip("/") + path, pieces=pieces, content_type=frames.CONTENT_TYPE if pieces else "", size_max=size_max,
            into=into,
        )  # fmt: skip
        if answer.status in _COME_AGAIN:
            raise Unavailable(f"{url}: status {answer.status}")
        return answer

    async def _once(self, url: str, method: str, params: Sequence[Any]) -> Any:
        id, self._next_id = self._next_id, self._next_id + 1
        body = msgspec.json.encode({"jsonrpc": "2.0", "id": id, "method": method, "params": list(params)})
        status, _, answer = await self._http.request(
            "POST", url, pieces=(body,), content_type="application/json", size_max=ANSWER_SIZE_MAX
        )
        if status in _COME_AGAIN:
            raise Unavailable(f"{url}: status {status}")
        if status != 200:
            raise PeerFault(f"{url}: status {status}; is this the address of a JSON-RPC server?")
        try:
            value = jsonrpc.parse(bytes(answer))
        except InvalidInput:
            raise PeerFault(f"{url}: the answer to {method} is not JSON") from None
        if not isinstance(value, dict) or not ("result" in value or "error" in value):
            raise PeerFault(f"{url}: the answer to {method} is not JSON-RPC")
        fault = value.get("error")
        if fault is None:
            return value.get("result")
        if not isinstance(fault, dict):
            raise PeerFault(f"{url}: the answer to {method} is not JSON-RPC")
        raise _refused(url, fault)

    async def ask(self, url: str, read: Callable[[Any], Any], method: str, *params: Any, retries: int | None = None) -> Any:
        """A call whose answer ``read`` turns into a value; what it refuses is the peer's fault."""
        answer = await self.call(url, method, *params, retries=retries)
        try:
            return read(answer)
        except InvalidInput as error:
            raise PeerFault(f"{url}: the answer to {method} is wrong: {error}") from None


@dataclass(frozen=True, slots=True)
class Node:
    """A storage node's public namespace."""

    remote: Remote
    url: str

    async def status(self) -> NodeStatus:
        found: NodeStatus = await self.remote.ask(self.url, _status, "zgs_getStatus")
        return found

    async def shard(self, *, retries: int | None = None) -> Shard:
        found: Shard = await self.remote.ask(self.url, read_shard, "zgs_getShardConfig", retries=retries)
        return found

    async def info(self, root: bytes, *, need_available: bool = True, retries: int | None = None) -> FileInfo | None:
        """The file of this root; None when the node does not know it."""
        found: FileInfo | None = await self.remote.ask(
            self.url, _optional_info, "zgs_getFileInfo", _hex(root), need_available, retries=retries
        )
        if found is not None and found.root != root:
            raise PeerFault(f"{self.url}: asked for file {_hex(root)}, it answered with {_hex(found.root)}")
        return found

    async def info_of(self, seq: int) -> FileInfo | None:
        """The file of this number; None when the node does not know it (yet)."""
        found: FileInfo | None = await self.remote.ask(self.url, _optional_info, "zgs_getFileInfoByTxSeq", seq)
        return found

    async def upload(self, segments: Sequence[Segment], seq: int | None) -> bool:
        """Hand over segments of file ``seq``, or by root alone when its submission may not be known yet.

        Returns:
            False when the file was there and final already.
        """
        try:
            if seq is None:
                await self.remote.call(self.url, "zgs_uploadSegments", [segment_json(segment) for segment in segments])
            elif _worth_frames(segments) and await self.remote.takes_frames(self.url):
                await self.remote.post_segments(self.url, seq, segments)
            else:
                body = [segment_json(segment) for segment in segments]
                await self.remote.call(self.url, "zgs_uploadSegmentsByTxSeq", body, seq)
        except NodeRefused as error:
            if error.says(ALREADY_FINALIZED):
                return False
            if not error.says(DUPLICATE):
                raise
        return True

    async def segments(self, seq: int, indices: range, into: bytearray | None = None) -> list[Segment]:
        """Segments with their proofs, not verified yet, in order up to the first that is not there; by frames."""
        return await self.remote.get_segments(self.url, seq, indices, into)

    async def segment(self, seq: int, index: int) -> Segment | None:
        """A segment with its proof, not verified yet; None when the node does not have it."""
        if await self.remote.takes_frames(self.url):
            return next(iter(await self.remote.get_segments(self.url, seq, range(index, index + 1))), None)
        found: Segment | None = await self.remote.ask(
            self.url, _optional_segment, "zgs_downloadSegmentWithProofByTxSeq", seq, index, retries=1
        )
        return found


@dataclass(frozen=True, slots=True)
class Indexer:
    """An indexer's JSON-RPC."""

    remote: Remote
    url: str

    async def nodes(self) -> list[ShardedNode]:
        """The nodes that it trusts."""
        found: list[ShardedNode] = await self.remote.ask(self.url, _sharded, "indexer_getShardedNodes")
        return found

    async def locations(self, root: bytes) -> list[ShardedNode]:
        """The nodes that have a file; none while no node has it whole."""
        try:
            found: list[ShardedNode] = await self.remote.ask(self.url, _located, "indexer_getFileLocations", _hex(root))
        except NodeRefused as error:
            if error.says("file not found"):
                return []
            raise
        return found


def _worth_frames(segments: Sequence[Segment]) -> bool:
    """Whether there is so much to send that asking for the short way costs less than the long way."""
    return len(segments) > 1 or any(len(segment.data) >= _FRAMES_BYTES_MIN for segment in segments)


def segment_json(segment: Segment) -> dict[str, Any]:
    """A segment as servers take it; the encoder writes bytes as base64."""
    return {
        "root": _hex(segment.root),
        "data": segment.data,
        "index": segment.index,
        "proof": segment.proof.to_json(),
        "fileSize": segment.file_size,
    }


def check_url(url: str) -> str:
    if not url.startswith(("http://", "https://")) or len(url) > 2048:
        raise InvalidInput(f"expected a URL that begins with http:// or https://, found {url[:80]!r}")
    return url


def _refused(url: str, fault: dict[str, Any]) -> NodeRefused:
    code = fault.get("code")
    return NodeRefused(url, code if type(code) is int else 0, _text(fault.get("message")), _text(fault.get("data")))


def _hex(data: bytes) -> str:
    return "0x" + data.hex()


def _text(value: object) -> str:
    return value[:500] if isinstance(value, str) else ""


def as_count(value: object, what: str) -> int:
    if type(value) is not int or not 0 <= value < 1 << 64:
        raise InvalidInput(f"{what}: expected a number from 0 to 2**64 - 1, found {str(value)[:40]!r}")
    return value


def _status(value: object) -> NodeStatus:
    identity = value.get("networkIdentity") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(identity, dict):
        raise InvalidInput("expected an object with networkIdentity")
    return NodeStatus(
        as_count(value.get("connectedPeers", 0), "connectedPeers"),
        as_count(value.get("logSyncHeight", 0), "logSyncHeight"),
        as_count(value.get("nextTxSeq", 0), "nextTxSeq"),
        as_count(identity.get("chainId"), "chainId"),
        parse_address(str(identity.get("flowAddress")), "flowAddress"),
    )


def _optional_info(value: object) -> FileInfo | None:
    return None if value is None else FileInfo.from_json(value)


def _optional_segment(value: object) -> Segment | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise InvalidInput("expected a segment or null")
    return Segment(
        parse_hash(value.get("root", ""), "segment root"),
        as_bytes(value.get("data"), "segment data"),
        as_count(value.get("index"), "segment index"),
        Proof.from_json(value.get("proof")),
        as_count(value.get("fileSize"), "segment fileSize"),
    )


def as_bytes(value: object, what: str) -> bytes:
    if not isinstance(value, str):
        raise InvalidInput(f"{what}: expected base64")
    try:
        return msgspec.convert(value, bytes)  # five times as fast as base64's decoder, and as strict
    except msgspec.ValidationError:
        raise InvalidInput(f"{what}: expected base64") from None


def _sharded(value: object) -> list[ShardedNode]:
    return _located(value.get("trusted")) if isinstance(value, dict) else _located(value)


def _located(value: object) -> list[ShardedNode]:
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > NODES_MAX:
        raise InvalidInput(f"expected a list of at most {NODES_MAX} nodes")
    return [ShardedNode.from_json(item) for item in value]


def not_found(root: bytes) -> NotFound:
    return NotFound(f"no storage node knows the file {_hex(root)}; is the root right, and was the upload finished?")

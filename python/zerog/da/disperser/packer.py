"""Small blobs that share one matrix: items are collected, packed into an ordinary blob, and each gets a proof of its own.

Our own service beside the network's (docs/decisions/0006-packing.md). An item is on the disk before its id is given away, and
moves into its pack in one write with the pack's place in the queue.
"""

from __future__ import annotations

import asyncio
import hashlib
import threading
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec

from zerog.da import packing
from zerog.da.disperser.queue import BlobQueue, Entry, Status, in_turn
from zerog.da.packing import Packer, Placement, Prover
from zerog.errors import Corrupt, Exhausted, InvalidInput, NotFound, ZerogError
from zerog.primitives import blob
from zerog.primitives.blob import Geometry
from zerog.runtime import log
from zerog.runtime.limits import Shares
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_grpc import Caller, Unary
from zerog.store.kv import Batch, Kv
from zerog.wire.proto import da_packer_pb2

_log = log.get(__name__)

SERVICE: Final = da_packer_pb2.DESCRIPTOR.services_by_name["Packer"]
FAMILIES: Final = {"da_item": False, "da_item_waiting": True, "da_pack": False, "da_item_proof": False}
"""Column families: items by id, the bytes of those that wait, the items of a pack by its request id, proofs by item id."""
ITEM_ID_BYTES: Final = 8 + 32
CLIENT: Final = "packs"
"""Whose packs are in the queue: together they have a client's share of it."""
TICK_S: Final = 0.1
_PAUSE_S: Final = 1.0


class Item(msgspec.Struct, frozen=True, array_like=True):
    """One item; ``pack`` is the request id of the blob that it became part of, empty while it waits."""

    size_bytes: int
    pack: bytes = b""
    leaf: int = 0
    client: str = ""


class Packs:
    """The items of one disperser. Threads may share it.

    Args:
        kv: the queue's database, with ``FAMILIES`` too.
        count_max, bytes_max: of items that wait; one more is refused.
        wait_ns: a pack is closed when its first item has waited so long, or when it is full.
    """

    def __init__(
        self, kv: Kv, queue: BlobQueue, geometry: Geometry, *, count_max: int = 65_536, bytes_max: int = 64 << 20,
        wait_ns: int = 2 * 10**9,
    ) -> None:  # fmt: skip
        self._kv, self._queue, self._geometry, self._wait_ns = kv, queue, geometry, wait_ns
        self._lock = threading.Lock()
        self._proving = threading.Lock()
        self._waiting: dict[bytes, Item] = {}
        self._count, self._bytes = Shares(count_max, "items"), Shares(bytes_max, "bytes of items")
        for item_id, _ in kv.scan("da_item_waiting"):
            packed = kv.get("da_item", item_id)
            if packed is None:
                raise Corrupt(f"item 0x{item_id.hex()}: its entry is gone")
            self._enter(item_id, _item(packed))

    def __len__(self) -> int:
        """Items that wait."""
        return len(self._waiting)

    def _enter(self, item_id: bytes, item: Item) -> None:
        self._waiting[item_id] = item
        self._count.add(item.client)
        self._bytes.add(item.client, item.size_bytes)

    def put(self, data: bytes, now_ns: int, client: str = "") -> bytes:
        """Take an item; it is on the disk when this returns its id.

        Args:
            client: who gave it, for the shares of what may wait.

        Raises:
            InvalidInput: no bytes, or more than a pack holds. Exhausted: too many items wait, or too many of this client.
        """
        limit = packing.item_size_bytes_max(self._geometry)
        if not 0 < len(data) <= limit:
            raise InvalidInput(f"item: expected 1 to {limit} bytes, found {len(data)}")
        digest = hashlib.sha256(data).digest()
        with self._lock:
            self._count.check(client)
            self._bytes.check(client, len(data))
            while self._kv.get("da_item", item_id := now_ns.to_bytes(8, "big") + digest) is not None:
                now_ns += 1
            batch = Batch()
            item = Item(len(data), client=client)
            batch.put("da_item", item_id, msgspec.msgpack.encode(item))
            batch.put("da_item_waiting", item_id, data)
            self._kv.write(batch)
            self._enter(item_id, item)
            return item_id

    def close(self, now_ns: int) -> Entry | None:
        """Make the next pack, if one is full or its first item has waited long enough; it is in the queue then.

        Raises:
            Exhausted: the queue is full; the items wait on.
        """
        with self._lock:
            chosen, full = self._choose()
            if not chosen or not (full or now_ns - int.from_bytes(chosen[0][:8], "big") >= self._wait_ns):
                return None
            packer, places = Packer(self._geometry), []
            for item_id in chosen:
                data = self._kv.get("da_item_waiting", item_id)
                if data is None:
                    raise Corrupt(f"item 0x{item_id.hex()}: its bytes are gone")
                places.append(packer.add(data))

            def also(entry: Entry, batch: Batch) -> None:
                batch.put("da_pack", entry.request_id, msgspec.msgpack.encode(chosen))
                for item_id, place in zip(chosen, places, strict=True):
                    item = Item(place.size_bytes, entry.request_id, place.leaf)
                    batch.put("da_item", item_id, msgspec.msgpack.encode(item))
                    batch.delete("da_item_waiting", item_id)

            entry = self._queue.put(packer.data(), now_ns, also, client=CLIENT)
            for item_id in chosen:
                item = self._waiting.pop(item_id)
                self._count.remove(item.client)
                self._bytes.remove(item.client, item.size_bytes)
            return entry

    def _choose(self) -> tuple[list[bytes], bool]:
        """Items that fit one matrix, each client's oldest before anybody's second, and whether nothing more would fit."""
        left = packing.capacity_leaves(self._geometry)
        chosen: list[bytes] = []
        for item_id in in_turn(sorted(self._waiting), lambda one: self._waiting[one].client):
            leaves = packing.leaves_of(self._waiting[item_id].size_bytes, self._geometry)
            if leaves > left:
                return chosen, True
            left -= leaves
            chosen.append(item_id)
        return chosen, left == 0

    def get(self, item_id: bytes) -> tuple[Item, Entry | None]:
        """An item, and its pack's place in the queue once it is in one.

        Raises:
            NotFound: no item was ever taken under this id, or it expired.
        """
        packed = self._kv.get("da_item", item_id)
        if packed is None:
            raise NotFound("no item with this id")
        item = _item(packed)
        return item, self._queue.get(item.pack) if item.pack else None

    def proof(self, item_id: bytes, item: Item) -> bytes:
        """What leads from an item to the data root of its pack. The first of a pack costs an encoding, the others a read.

        Raises:
            NotFound: the data of the pack is gone.
        """
        found = self._kv.get("da_item_proof", item_id)
        if found is not None:
            return found
        with self._proving:
            found = self._kv.get("da_item_proof", item_id)
            return self._prove(item.pack)[item_id] if found is None else found

    def _prove(self, request_id: bytes) -> dict[bytes, bytes]:
        prover = Prover(blob.encode(self._queue.data(request_id), self._geometry))
        made: dict[bytes, bytes] = {}
        batch = Batch()
        for item_id in self._members(request_id):  # all of them: what one costs, they cost together
            packed = self._kv.get("da_item", item_id)
            if packed is not None:
                item = _item(packed)
                made[item_id] = prover.prove(Placement(item.leaf, item.size_bytes)).to_bytes()
                batch.put("da_item_proof", item_id, made[item_id])
        self._kv.write(batch)
        return made

    def _members(self, request_id: bytes) -> list[bytes]:
        packed = self._kv.get("da_pack", request_id)
        return [] if packed is None else msgspec.msgpack.decode(packed, type=list[bytes])

    def expire(self, before_ns: int, *, count_max: int = 256) -> int:
        """Forget items that were requested before a time and do not wait any more, at most so many; returns how many."""
        batch, count = Batch(), 0
        for item_id, packed in self._kv.scan("da_item", b"", before_ns.to_bytes(8, "big")):
            item = _item(packed)
            if not item.pack:
                continue
            batch.delete("da_item", item_id)
            batch.delete("da_item_proof", item_id)
            if self._members(item.pack)[-1:] == [item_id]:
                batch.delete("da_pack", item.pack)
            count += 1
            if count == count_max:
                break
        self._kv.write(batch)
        return count


class PackerServer:
    """Takes items and tells where they are.

    Args:
        lane: threads for the disk. proving: threads for encodings.
        takes: whether an address may hand over another item now. client_of: whose share an address uses.
        free: raises ``Exhausted`` when the disk is nearly full.
        taken: told of each pack that was put into the queue.
    """

    def __init__(
        self, packs: Packs, lane: Offload, proving: Offload, *, takes: Callable[[str], bool] = lambda ip: True,
        client_of: Callable[[str], str] = lambda ip: ip, free: Callable[[], None] = lambda: None,
        taken: Callable[[], None] = lambda: None, now_ns: Callable[[], int] = time.time_ns,
    ) -> None:  # fmt: skip
        self._packs, self._lane, self._proving = packs, lane, proving
        self._takes, self._client_of, self._free, self._taken, self._now_ns = takes, client_of, free, taken, now_ns

    def methods(self) -> dict[str, Unary]:
        return {"DisperseItem": self._disperse, "GetItem": self._get}

    async def run(self) -> None:
        """Close packs until cancelled."""
        while True:
            try:
                while await self._lane.run(self._packs.close, self._now_ns()) is not None:
                    self._taken()
                await asyncio.sleep(TICK_S)
            except ZerogError as error:
                _log.warning("packer.waits", items=len(self._packs), error=error.code, reason=str(error))
                await asyncio.sleep(_PAUSE_S)

    async def _disperse(self, request: Any, caller: Caller) -> da_packer_pb2.DisperseItemReply:
        if not self._takes(caller.ip):
            raise Exhausted("request ratelimited")
        item_id = await self._lane.run(self._take, request.data, self._client_of(caller.ip))
        return da_packer_pb2.DisperseItemReply(item_id=item_id)

    def _take(self, data: bytes, client: str) -> bytes:
        self._free()
        return self._packs.put(data, self._now_ns(), client)

    async def _get(self, request: Any, caller: Caller) -> da_packer_pb2.GetItemReply:
        if len(request.item_id) != ITEM_ID_BYTES:
            raise InvalidInput(f"item_id: expected {ITEM_ID_BYTES} bytes, found {len(request.item_id)}")
        item, entry = await self._lane.run(self._packs.get, request.item_id)
        if entry is None:
            return da_packer_pb2.GetItemReply(status=Status.PROCESSING)
        if entry.status not in (Status.CONFIRMED, Status.FINALIZED):
            return da_packer_pb2.GetItemReply(status=entry.status)
        proof = await self._proving.run(self._packs.proof, request.item_id, item)
        return da_packer_pb2.GetItemReply(
            status=entry.status, storage_root=entry.data_root, epoch=entry.epoch, quorum_id=entry.quorum_id, leaf=item.leaf,
            size_bytes=item.size_bytes, proof=proof,
        )  # fmt: skip


def _item(packed: bytes) -> Item:
    try:
        return msgspec.msgpack.decode(packed, type=Item)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise Corrupt(f"an item has another form: {error}") from None

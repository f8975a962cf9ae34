"""Small blobs in one matrix: each on the disk before its id is given away, each with a proof, none lost or packed twice."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest
from tests.unit.da import da_kit, network_kit
from tests.unit.da.da_kit import SMALL

from zerog.da import packing
from zerog.da.disperser.packer import FAMILIES, SERVICE, PackerServer, Packs
from zerog.da.disperser.queue import FAMILIES as QUEUE_FAMILIES
from zerog.da.disperser.queue import BlobQueue, Status
from zerog.errors import Conflict, Exhausted, InvalidInput, NotFound, PeerFault
from zerog.primitives import blob
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_grpc import service
from zerog.sdk.da import Da
from zerog.store.kv import Batch
from zerog.store.memory import MemoryKv

NOW_NS = 1_800_000_000_000_000_000
WAIT_NS = 10**9
PLACE = {"epoch": 3, "quorum_id": 1}


def database() -> MemoryKv:
    return MemoryKv([*QUEUE_FAMILIES, *FAMILIES])


def packs_of(kv: MemoryKv, **options: Any) -> tuple[Packs, BlobQueue]:
    queue = BlobQueue(kv, count_max=1000)
    return Packs(kv, queue, SMALL, wait_ns=WAIT_NS, **options), queue


def test_every_item_is_in_one_pack_and_proves_itself(seed: int) -> None:
    rng = random.Random(seed)
    packs, queue = packs_of(database())
    blobs = [rng.randbytes(rng.randrange(1, 400)) for _ in range(30)]
    items = {packs.put(data, NOW_NS + at): data for at, data in enumerate(blobs)}
    assert len(items) == len(packs) == 30
    now = NOW_NS + 30
    while packs.close(now := now + 1) is not None:  # what is full at once
        pass
    assert packs.close(NOW_NS + WAIT_NS - 1) is None
    now = NOW_NS + WAIT_NS + 30
    while packs.close(now := now + 1) is not None:  # the rest when it has waited
        pass
    assert len(packs) == 0
    found: list[bytes] = []
    for entry in queue.waiting(Status.PROCESSING):
        data = queue.data(entry.request_id)
        encoded = blob.encode(data, SMALL)
        found += [item for _, item in packing.unpack(data, SMALL)]
        queue.update(entry, status=Status.CONFIRMED, data_root=encoded.data_root, **PLACE)
    assert found == list(items.values())
    for item_id, data in items.items():
        item, confirmed = packs.get(item_id)
        assert confirmed is not None
        proof = packing.InclusionProof.from_bytes(packs.proof(item_id, item))
        assert packing.verify(data, proof, confirmed.data_root, SMALL)
        assert not packing.verify(data + b"x", proof, confirmed.data_root, SMALL)


def test_goes_on_after_a_restart_at_every_write() -> None:
    class Dying(MemoryKv):
        left = -1

        def write(self, batch: Batch, *, sync: bool = True) -> None:
            if self.left == 0:
                raise InterruptedError
            self.left -= 1
            super().write(batch, sync=sync)

    for left in range(6):
        kv = Dying([*QUEUE_FAMILIES, *FAMILIES])
        packs, _ = packs_of(kv)
        kv.left, told = left, {}
        try:
            for at in range(4):
                told[packs.put(b"item %d" % at, NOW_NS + at)] = b"item %d" % at
            packs.close(NOW_NS + 2 * WAIT_NS)
        except InterruptedError:
            pass
        kv.left = -1
        packs, queue = packs_of(kv)
        while packs.close(NOW_NS + 2 * WAIT_NS) is not None:
            pass
        packed = [queue.data(entry.request_id) for entry in queue.waiting(Status.PROCESSING)]
        found = [item for data in packed for _, item in packing.unpack(data, SMALL)]
        assert found == list(told.values())
        for item_id in told:
            assert packs.get(item_id)[1] is not None


def test_bounds_and_what_is_forgotten() -> None:
    packs, queue = packs_of(database(), count_max=3, bytes_max=500)
    limit = packing.item_size_bytes_max(SMALL)
    for bad in (b"", bytes(limit + 1)):
        with pytest.raises(InvalidInput):
            packs.put(bad, NOW_NS)
    first, twin = packs.put(b"a", NOW_NS), packs.put(b"a", NOW_NS)
    assert first != twin
    with pytest.raises(Exhausted):
        packs.put(bytes(499), NOW_NS)
    packs.put(b"b", NOW_NS + 2)
    with pytest.raises(Exhausted):
        packs.put(b"c", NOW_NS)
    assert packs.expire(NOW_NS + 10) == 0  # what waits is never forgotten
    pack = packs.close(NOW_NS + WAIT_NS)
    assert pack is not None
    assert packs.expire(NOW_NS + 1) == 1
    with pytest.raises(NotFound):
        packs.get(first)
    assert packs.get(twin)[1] == pack
    packs.proof(twin, packs.get(twin)[0])
    assert packs.expire(NOW_NS + 10, count_max=1) == 1
    assert packs.expire(NOW_NS + 10) == 1
    assert packs.expire(NOW_NS + 10) == 0
    assert queue.get(pack.request_id) == pack


def test_a_client_is_told_what_is_false_and_what_failed() -> None:
    async def work() -> None:
        packs, queue = packs_of(database())
        lane = Offload(1)
        server = PackerServer(packs, lane, lane, now_ns=lambda: NOW_NS)
        async with da_kit.served(service(SERVICE, server.methods())) as target, Da(target, geometry=SMALL) as da:
            item_id = await da.disperse_item(b"item")
            assert await da.item(item_id, b"item") is None
            other = await da.disperse_item(b"other")
            entry = packs.close(NOW_NS + WAIT_NS)
            assert entry is not None
            assert await da.item(item_id, b"item") is None
            root = blob.encode(queue.data(entry.request_id), SMALL).data_root
            queue.update(entry, status=Status.CONFIRMED, data_root=root, **PLACE)
            found = await da.item(item_id, b"item")
            assert found is not None
            assert (found.status, found.record.data_root, found.place.leaf) == ("confirmed", root, 1)
            with pytest.raises(PeerFault, match="false"):
                await da.item(other, b"item")
            for unknown in (bytes(40), b"short"):
                with pytest.raises((NotFound, InvalidInput)):
                    await da.item(unknown, b"item")
            lost = await da.disperse_item(b"lost")
            entry = packs.close(NOW_NS + WAIT_NS)
            assert entry is not None
            queue.update(entry, status=Status.FAILED)
            with pytest.raises(Conflict):
                await da.item(lost, b"lost")
            with pytest.raises(InvalidInput):
                await da.disperse_item(b"")
        lane.__exit__(None, None, None)

    asyncio.run(work())


@pytest.mark.slow
def test_through_a_whole_network(tmp_path: Path) -> None:
    async def work() -> None:
        kv = database()
        async with network_kit.network(tmp_path) as net, network_kit.disperser(net, kv) as disperser:
            packs = Packs(kv, disperser.queue, SMALL, wait_ns=10**8)
            lane = Offload(1)
            server = PackerServer(packs, lane, lane)
            closing = asyncio.create_task(server.run())
            async with da_kit.served(service(SERVICE, server.methods())) as target, Da(target, geometry=SMALL) as da:
                blobs = [b"item %d" % number for number in range(5)]
                ids = [await da.disperse_item(data) for data in blobs]
                placed = [await da.wait_item(each, data, timeout_s=60) for each, data in zip(ids, blobs, strict=True)]
                roots = {one.record.data_root for one in placed}
                assert set(await net.paid()) == roots == set(await net.recorded())
                assert len(roots) < len(blobs)
            closing.cancel()
            await asyncio.wait([closing])
            lane.__exit__(None, None, None)

    asyncio.run(work())

"""A flood of one client: it has its share of every queue, the others' blobs go between its own, and repeats cost nothing."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.unit.da import da_kit, da_wire, network_kit
from tests.unit.da.da_kit import SMALL
from tests.unit.da.test_batcher import root_of

from zerog.da import packing
from zerog.da.disperser.packer import FAMILIES as ITEM_FAMILIES
from zerog.da.disperser.packer import SERVICE as PACKER
from zerog.da.disperser.packer import PackerServer, Packs
from zerog.da.disperser.queue import FAMILIES, BlobQueue, Status, in_turn
from zerog.da.disperser.server import DisperserServer, Rates
from zerog.errors import Exhausted
from zerog.runtime.limits import Shares
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_grpc import Caller, Prescribed, service
from zerog.sdk.da import Da
from zerog.store.memory import MemoryKv
from zerog.wire.proto import da_disperser_pb2

NOW_NS = 1_800_000_000_000_000_000
FLOOD, HONEST, LATE = "203.0.113.9", "198.51.100.7", "2001:db8::7"


def database() -> MemoryKv:
    return MemoryKv([*FAMILIES, *ITEM_FAMILIES])


def until_refused(take: Callable[[int], object], words: str) -> int:
    """How often somebody may take, before the refusal that is expected."""
    for number in itertools.count():
        try:
            take(number)
        except Exhausted as error:
            if words not in str(error):
                raise
            return number
    raise AssertionError


def test_shares_leave_room_for_whoever_comes_new(seed: int) -> None:
    rng = random.Random(seed)
    shares = Shares(100, "things")
    taken: dict[str, int] = {}
    for number in range(1, 6):
        who = f"flood {number}"

        def take(number: int, who: str = who) -> None:
            shares.check(who)
            shares.add(who)

        taken[who] = until_refused(take, f"things of {who} wait already")
        assert taken[who] == shares.held(who) == (100 - sum(taken.values()) + taken[who] + 1) // 2
        shares.check("new")  # always room for the first of somebody else
    shares.check("", 100 - shares.size)  # ourselves: all of it
    with pytest.raises(Exhausted, match="the queue is full"):
        shares.check("", 101 - shares.size)
    for who in rng.sample(sorted(taken), len(taken)):
        for _ in range(taken[who]):
            shares.remove(who)
    assert (shares.size, shares._held) == (0, {})


def test_turns() -> None:
    sent = [("a", number) for number in range(5)] + [("b", 0), ("c", 0), ("b", 1)]
    found = in_turn(sent, lambda one: one[0])
    assert found == [("a", 0), ("b", 0), ("c", 0), ("a", 1), ("b", 1), ("a", 2), ("a", 3), ("a", 4)]


def test_a_flood_has_its_share_of_the_queue_also_after_a_restart() -> None:
    kv = database()
    queue = BlobQueue(kv, count_max=16, bytes_max=1000)

    numbers = itertools.count()

    def fill(client: str) -> int:
        return until_refused(
            lambda _: queue.put(b"%d of %s" % (next(numbers), client.encode()), NOW_NS, client=client),
            f"blobs of {client} wait already",
        )

    assert (fill(FLOOD), fill(HONEST)) == (8, 4)
    queue = BlobQueue(kv, count_max=16, bytes_max=1000)
    assert (fill(FLOOD), fill(HONEST), len(queue)) == (0, 0, 12)
    queue.put(bytes(600), NOW_NS, client=LATE)
    with pytest.raises(Exhausted, match="600 bytes of blobs of"):
        queue.put(b"1" * 200, NOW_NS, client=LATE)
    for entry in queue.waiting(Status.PROCESSING):
        if entry.client == FLOOD:
            queue.update(entry, status=Status.FAILED, reason="over")
    assert len(queue) == 5
    assert fill(HONEST) == 4


def test_a_repeated_request_is_the_blob_that_is_on_its_way() -> None:
    kv = database()
    queue = BlobQueue(kv, count_max=16)
    first = queue.put(b"again", NOW_NS, client=FLOOD)
    for _ in range(100):
        assert queue.put(b"again", NOW_NS + 1, client=FLOOD) == first
    other = queue.put(b"again", NOW_NS + 2, client=HONEST)
    assert other.request_id != first.request_id
    queue = BlobQueue(kv, count_max=16)
    assert queue.put(b"again", NOW_NS + 3, client=FLOOD) == first
    queue.update(first, status=Status.FAILED, reason="over")
    assert queue.put(b"again", NOW_NS + 3, client=FLOOD).request_id != first.request_id
    assert len(queue) == 2


def test_items_of_a_flood_leave_room_in_the_pack() -> None:
    kv = database()
    packs = Packs(kv, BlobQueue(kv), SMALL, count_max=64, wait_ns=10)
    flood = f"items of {FLOOD} wait already"
    assert until_refused(lambda number: packs.put(b"flood %d" % number, NOW_NS + number, FLOOD), flood) == 32
    packs = Packs(kv, BlobQueue(kv), SMALL, count_max=64, wait_ns=10)
    with pytest.raises(Exhausted, match=f"items of {FLOOD}"):
        packs.put(b"one more", NOW_NS, FLOOD)
    packs.put(b"honest", NOW_NS + 100, HONEST)
    entry = packs.close(NOW_NS + 200)
    assert entry is not None
    items = [item for _, item in packing.unpack(packs._queue.data(entry.request_id), SMALL)]
    assert items[:3] == [b"flood 0", b"honest", b"flood 1"]


def test_the_disperser_tells_whose_share_is_used_up() -> None:
    async def work() -> None:
        kv = database()
        queue = BlobQueue(kv, count_max=4)
        with Offload(1) as lane:

            def server(**rates: Any) -> Callable[[bytes, str], Any]:
                made = DisperserServer(
                    queue, lane, now_ns=lambda: NOW_NS, now_s=lambda: 0.0, geometry=SMALL, rates=Rates(**rates)
                )
                put = made.methods()["DisperseBlob"]
                return lambda data, ip: put(da_disperser_pb2.DisperseBlobRequest(data=data), Caller(ip))

            put = server()
            replies = [await put(b"%d" % number, FLOOD) for number in (0, 1, 1, 1)]
            assert len({reply.request_id for reply in replies}) == 2
            with pytest.raises(Prescribed, match=f"2 blobs of {FLOOD} wait already") as refused:
                await put(b"2", FLOOD)
            assert refused.value.status == grpc.StatusCode.UNKNOWN  # the network's code for every refusal
            await put(b"2", HONEST)
            await server(allowed=("203.0.113.",))(b"gateway", FLOOD)  # speaks for many: no share, and no repeats

            packs = Packs(kv, queue, SMALL, count_max=2)
            handler = service(PACKER, PackerServer(packs, lane, lane).methods())
            async with da_kit.served(handler) as target, Da(target, geometry=SMALL) as da:
                await da.disperse_item(b"1")
                with pytest.raises(Exhausted, match=r"1 items of 127\.0\.0\.1 wait already"):
                    await da.disperse_item(b"2")

    asyncio.run(work())


def test_calls_at_one_moment_have_shares_too() -> None:
    async def work() -> None:
        shares, release = Shares(4, "calls"), asyncio.Event()

        async def slow(request: Any, caller: Caller) -> da_disperser_pb2.DisperseBlobReply:
            await release.wait()
            return da_disperser_pb2.DisperseBlobReply()

        names = ("DisperseBlob", "GetBlobStatus", "RetrieveBlob")
        handler = service(network_kit.SERVICE, dict.fromkeys(names, slow), place=shares.holding)
        async with da_kit.served(handler) as target, grpc.aio.insecure_channel(target) as channel:
            calls = [asyncio.ensure_future(da_wire.call(channel, "disperser", "DisperseBlob", data=b"1")) for _ in range(2)]
            async with asyncio.timeout(10):
                while shares.held("127.0.0.1") < 2:  # noqa: ASYNC110 - the server's side of the same loop
                    await asyncio.sleep(0.01)
            with pytest.raises(grpc.aio.AioRpcError) as refused:
                await da_wire.call(channel, "disperser", "DisperseBlob", data=b"1")
            assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
            assert "2 calls of 127.0.0.1 wait already" in str(refused.value.details())
            with shares.holding(HONEST):
                release.set()
            await asyncio.gather(*calls)
            assert shares.size == 0

    asyncio.run(work())


@pytest.mark.slow
def test_blobs_of_others_go_between_those_of_a_flood(tmp_path: Path) -> None:
    """Ten times as many blobs of one client stand before those of another: encoded, announced and recorded in turn."""

    async def work() -> None:
        kv = database()
        queue = BlobQueue(kv)
        flood = [b"flood %d" % number for number in range(20)]
        honest = [b"honest %d" % number for number in range(2)]
        for number, (client, data) in enumerate([(FLOOD, one) for one in flood] + [(HONEST, one) for one in honest]):
            queue.put(data, NOW_NS + number, client=client)
        order: list[bytes] = []
        pace = network_kit.Pace(blob_s=60, gather_s=0, commit_gather_s=0, batch_max=1, commit_max=1, signing_max=1)
        async with network_kit.network(tmp_path) as net:
            net.encoder_lies[0] = lambda reply: (order.append(bytes(reply.storage_root)), reply)[1]
            async with network_kit.disperser(net, kv, pace=pace) as disperser:
                for entry in queue.waiting(Status.PROCESSING):
                    await disperser.reaches(entry.request_id, "FINALIZED", timeout_s=60)
            roots = [root_of(data) for data in honest]
            assert order.index(roots[0]) <= 1
            assert order.index(roots[1]) <= 3
            for told in (await net.paid(), await net.recorded()):
                assert sorted(told) == sorted(order)
                assert told.index(roots[0]) <= 2
                assert told.index(roots[1]) <= 5

    asyncio.run(work())

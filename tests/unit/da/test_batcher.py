"""Blobs through a whole small network: a real chain, signers and encoders over gRPC; what goes wrong there, and restarts."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from tests.unit.chain import node_kit
from tests.unit.da import lies_kit, network_kit
from tests.unit.da.da_kit import SMALL
from tests.unit.da.network_kit import Network

from zerog.da.disperser.batcher import Pace
from zerog.da.disperser.dispatcher import Patience
from zerog.da.disperser.queue import FAMILIES, Status
from zerog.primitives import blob, commit
from zerog.runtime.eth import HttpEth
from zerog.runtime.rpc_grpc import Prescribed
from zerog.store.kv import Batch, Kv
from zerog.store.memory import MemoryKv

pytestmark = pytest.mark.slow

IN_VAIN = ("INSUFFICIENT_SIGNATURES", "FAILED", "CONFIRMED", "FINALIZED")
GAS_OF_ONE = 6_000_000
STRICT = Patience(sign_s=1, straggle_s=0.1)


def root_of(data: bytes) -> bytes:
    return blob.encode(data, SMALL).data_root


def test_a_byte_is_confirmed_and_final(tmp_path: Path) -> None:
    async def work() -> None:
        async with network_kit.network(tmp_path) as net, network_kit.disperser(net) as disperser:
            request_id = await disperser.put(b"x")
            reply = await disperser.reaches(request_id, "FINALIZED")
            root = root_of(b"x")
            assert reply.info.blob_header.storage_root == root
            assert await net.paid() == [root] == await net.recorded()
            assert (disperser.told, disperser.outbox.open) == ([], [])

    asyncio.run(work())


def test_many_blobs_share_transactions_and_equal_ones_a_record(tmp_path: Path, seed: int) -> None:
    async def work() -> None:
        rng = random.Random(seed)
        blobs = [rng.randbytes(rng.randrange(1, SMALL.data_size_bytes_max + 1)) for _ in range(7)]
        again = blobs[:2]
        pace = Pace(blob_s=90, gather_s=60, commit_gather_s=60, batch_max=9, commit_max=7, signing_max=9)
        async with network_kit.network(tmp_path) as net, network_kit.disperser(net, pace=pace) as disperser:
            before = await net.eth.nonce(network_kit.PAYER_ADDRESS)
            ids = [await disperser.put(data) for data in blobs]
            now = time.time_ns()
            ids += [disperser.queue.put(data, now, client="somebody else").request_id for data in again]
            for data, request_id in zip(blobs + again, ids, strict=True):
                reply = await disperser.reaches(request_id, "FINALIZED", timeout_s=60)
                assert reply.info.blob_header.storage_root == root_of(data)
            assert sorted(await net.paid()) == sorted(root_of(data) for data in blobs + again)
            assert sorted(await net.recorded()) == sorted(root_of(data) for data in blobs[:7])
            assert await net.eth.nonce(network_kit.PAYER_ADDRESS) - before == 2

    asyncio.run(work())


def test_who_is_all_the_traffic_does_not_drive_its_own_price_up(tmp_path: Path) -> None:
    """What the node suggests as a tip is made of the tips that were paid: a share on top of it would grow without end."""

    async def work() -> None:
        async with network_kit.network(tmp_path) as net, network_kit.disperser(net) as disperser:
            _, suggested = await net.eth.fee_caps()
            for number in range(6):
                await disperser.reaches(await disperser.put(b"%d" % number), "FINALIZED")
            assert (await net.eth.fee_caps())[1] == suggested

    asyncio.run(work())


# -- signers that are not honest ---------------------------------------------------------------------------------------


def test_a_third_of_bad_signers_changes_nothing(tmp_path: Path, seed: int) -> None:
    async def work() -> None:
        rng = random.Random(seed)
        async with network_kit.network(tmp_path) as net, network_kit.disperser(net) as disperser:
            bad = net.signers[0]
            lies = lies_kit.lies(rng, bad.secret)
            for name, (lie, called) in lies.items():
                bad.lie = lie
                disperser.told.clear()
                request_id = await disperser.put(name.encode())
                reply = await disperser.reaches(request_id, *IN_VAIN)
                assert Status(reply.status) in (Status.CONFIRMED, Status.FINALIZED), name
                assert await disperser.hears() == [(bad.account, called)], name
            assert len(await net.recorded()) == len(lies)

    asyncio.run(work())


def test_more_than_a_third_of_bad_signers_confirms_nothing_and_the_client_hears_of_it(tmp_path: Path, seed: int) -> None:
    async def work() -> None:
        async with network_kit.network(tmp_path) as net:
            await _in_vain(net, seed)
            net.signers[0].lie = net.signers[1].lie = None
            async with network_kit.disperser(net) as disperser:
                await disperser.reaches(await disperser.put(b"and then honestly"), "FINALIZED")

    asyncio.run(work())


async def _in_vain(net: Network, seed: int) -> None:
    """Every kind of lie at once, each about another blob."""
    for one in net.signers[:2]:
        theirs = lies_kit.lies(random.Random(seed), one.secret)
        one.lie = lies_kit.by_root({root_of(name.encode()): lie for name, (lie, _) in theirs.items()})
    pace = Pace(blob_s=network_kit.QUICK.blob_s, gather_s=0, commit_gather_s=0, signing_max=len(theirs))
    async with network_kit.disperser(net, patience=STRICT, pace=pace) as disperser:
        ids = {name: await disperser.put(name.encode()) for name in theirs}
        for name, request_id in ids.items():
            reply = await disperser.reaches(request_id, *IN_VAIN, timeout_s=network_kit.QUICK.blob_s)
            assert reply.status == Status.INSUFFICIENT_SIGNATURES, name
            assert "rows" in disperser.queue.get(request_id).reason
        assert await net.recorded() == []


def test_what_never_comes_to_an_end_fails_before_its_deadline(tmp_path: Path) -> None:
    async def work() -> None:
        pace = Pace(blob_s=1.5, gather_s=0, commit_gather_s=0)
        async with network_kit.network(tmp_path) as net:
            async with network_kit.disperser(net, pace=pace, encoders=["127.0.0.1:1"]) as disperser:
                request_id = await disperser.put(b"nobody encodes")
                await disperser.reaches(request_id, "FAILED", timeout_s=5)
                assert "not confirmed within" in disperser.queue.get(request_id).reason
            for one in net.signers:
                one.lie = lies_kit.delay
            async with network_kit.disperser(net, pace=pace) as disperser:
                request_id = await disperser.put(b"nobody signs")
                await disperser.reaches(request_id, "FAILED", timeout_s=5)
            assert len(await net.recorded()) == 0

    asyncio.run(work())


# -- encoders that are not honest --------------------------------------------------------------------------------------


def test_another_encoder_takes_over(tmp_path: Path) -> None:
    async def work() -> None:
        async with network_kit.network(tmp_path, encoders=2) as net:

            def flip(reply: Any) -> Any:
                spoiled = bytearray(reply.encoded_slice[SMALL.rows + 1])
                spoiled[200] ^= 1
                del reply.encoded_slice[SMALL.rows + 1 :]
                reply.encoded_slice.extend([bytes(spoiled)] * (SMALL.rows_encoded - SMALL.rows - 1))
                return reply

            net.encoder_lies[0] = flip
            for targets in ([net.encoders[0], net.encoders[1]], ["127.0.0.1:1", net.encoders[1]]):
                async with network_kit.disperser(net, encoders=targets) as disperser:
                    await disperser.reaches(await disperser.put(targets[0].encode()), "FINALIZED")

    asyncio.run(work())


def test_a_false_encoding_is_neither_paid_nor_signed(tmp_path: Path, seed: int) -> None:
    async def work() -> None:
        rng = random.Random(seed)
        async with network_kit.network(tmp_path) as net:
            other = commit.commit(network_kit.SETUP, b"another blob")

            def another_blob(reply: Any) -> Any:
                reply.storage_root, reply.erasure_commitment = other.encoded.data_root, other.commitment
                del reply.encoded_slice[:]
                reply.encoded_slice.extend(one.tobytes() for one in other.slices(range(SMALL.rows_encoded)))
                return reply

            def another_root(reply: Any) -> Any:
                reply.storage_root = rng.randbytes(32)
                return reply

            def fewer(reply: Any) -> Any:
                del reply.encoded_slice[-1:]
                return reply

            def none(reply: Any) -> Any:
                reply.erasure_commitment = bytes(64)
                return reply

            for lie in (another_blob, another_root, fewer, none):
                net.encoder_lies[0] = lie
                async with network_kit.disperser(net, retries_max=1) as disperser:
                    request_id = await disperser.put(lie.__name__.encode())
                    await disperser.reaches(request_id, "FAILED")
                    assert "encoding" in disperser.queue.get(request_id).reason
            assert await net.paid() == []
            assert [one.asked for one in net.signers] == [0] * len(net.signers)

    asyncio.run(work())


def test_an_ill_encoder_costs_time_and_no_retries(tmp_path: Path) -> None:
    async def work() -> None:
        async with network_kit.network(tmp_path) as net, network_kit.disperser(net, retries_max=0) as disperser:
            ill = iter(range(2))

            def falls(reply: Any) -> Any:
                if next(ill, None) is not None:
                    raise RuntimeError("out of memory")
                return reply

            net.encoder_lies[0] = falls
            request_id = await disperser.put(b"patience")
            await disperser.reaches(request_id, "FINALIZED")
            assert disperser.queue.get(request_id).retries == 0

    asyncio.run(work())


def test_a_recording_that_no_block_holds_is_halved(tmp_path: Path) -> None:
    """Blocks with room for one commitment: what is too much is refused, and goes in smaller pieces."""

    async def work() -> None:
        home = tmp_path / "home"
        node_kit.write_genesis(home, gasLimit=hex(GAS_OF_ONE))
        pace = Pace(blob_s=90, gather_s=60, commit_gather_s=60, batch_max=4, commit_max=4, signing_max=9)
        async with network_kit.network(home) as net, network_kit.disperser(net, pace=pace, retries_max=0) as disperser:
            blobs = [b"blob %d" % number for number in range(4)]
            ids = [await disperser.put(data) for data in blobs]
            for request_id in ids:
                await disperser.reaches(request_id, "FINALIZED", timeout_s=60)
            assert len({disperser.queue.get(request_id).upload_tx for request_id in ids}) == 1
            assert len({disperser.queue.get(request_id).commit_tx for request_id in ids}) > 1
            assert sorted(await net.recorded()) == sorted(root_of(data) for data in blobs)
            assert sorted(await net.paid()) == sorted(root_of(data) for data in blobs)

    asyncio.run(work())


# -- a disperser that is killed ----------------------------------------------------------------------------------------


class Killed(Exception):
    """The moment at which the process is gone."""


class Moment:
    """Counts what would be left behind, and ends the life at one of its moments: before or after it took effect."""

    def __init__(self, count: int = -1, *, after: bool = False) -> None:
        self.count, self.after, self.passed, self.armed, self.dead = count, after, 0, False, False

    def around(self) -> Iterator[None]:
        """``for _ in moment.around(): effect()``."""
        if not self.armed:
            yield
            return
        if self.dead:
            raise Killed
        here = self.passed == self.count
        self.passed += 1
        self.dead = here
        if here and not self.after:
            raise Killed
        yield
        if here:
            raise Killed


class MortalKv:
    """A database whose process dies around a write."""

    def __init__(self, kv: MemoryKv, moment: Moment) -> None:
        self._kv, self._moment = kv, moment

    def __getattr__(self, name: str) -> Any:
        return getattr(self._kv, name)

    def write(self, batch: Batch, *, sync: bool = True) -> None:
        for _ in self._moment.around():
            self._kv.write(batch, sync=sync)


class MortalEth:
    """A chain whose caller dies around the sending of a transaction."""

    def __init__(self, eth: HttpEth, moment: Moment) -> None:
        self._eth, self._moment = eth, moment

    def __getattr__(self, name: str) -> Any:
        return getattr(self._eth, name)

    async def send_raw(self, raw: bytes) -> None:
        for _ in self._moment.around():
            await self._eth.send_raw(raw)


async def life(net: Network, kv: MemoryKv, moment: Moment, data: bytes | None, request_id: bytes = b"") -> bytes:
    """A disperser until its blob is final, or until the moment; the blob's request id."""
    mortal: Any = MortalKv(kv, moment)
    eth: Any = MortalEth(net.eth, moment)
    kv_port: Kv = mortal
    try:
        async with network_kit.disperser(net, kv_port, eth=eth) as disperser:
            if data is not None:
                request_id = await disperser.put(data)
            moment.armed = True
            final = asyncio.create_task(disperser.reaches(request_id, "FINALIZED"))
            await asyncio.wait([final, disperser.working], return_when=asyncio.FIRST_COMPLETED)
            final.cancel()
            if final.done():
                final.result()
    except* Killed:
        pass
    return request_id


def test_every_moment_of_death_is_survived_and_paid_once(tmp_path: Path) -> None:
    async def work() -> None:
        async with network_kit.network(tmp_path) as net:
            whole = Moment()
            await life(net, MemoryKv(list(FAMILIES)), whole, b"a whole life")
            assert whole.passed >= 7  # two intents, two sendings, announced, recorded, final
            for count in range(whole.passed):
                for after in (False, True):
                    data = f"killed {'after' if after else 'before'} {count}".encode()
                    kv = MemoryKv(list(FAMILIES))
                    first, second = Moment(count, after=after), Moment()
                    request_id = await life(net, kv, first, data)
                    assert first.passed == count + 1, data
                    await life(net, kv, second, None, request_id)
                    assert (await net.paid()).count(root_of(data)) == 1, data
                    assert (await net.recorded()).count(root_of(data)) == 1, data

    asyncio.run(work())


def test_dies_twice(tmp_path: Path) -> None:
    """Once around every moment, and again at the same moment of the next life."""

    async def work() -> None:
        async with network_kit.network(tmp_path) as net:
            for count in range(5):
                data, kv, request_id = b"dies twice %d" % count, MemoryKv(list(FAMILIES)), b""
                for _ in range(2):
                    request_id = await life(net, kv, Moment(count, after=True), None if request_id else data, request_id)
                await life(net, kv, Moment(), None, request_id)
                assert (await net.paid()).count(root_of(data)) == 1
                assert (await net.recorded()).count(root_of(data)) == 1

    asyncio.run(work())


def test_somebody_else_uses_the_account(tmp_path: Path) -> None:
    """The nonce of a transaction that was never sent is taken: the announcement is made again, not lost and not doubled."""

    async def work() -> None:
        async with network_kit.network(tmp_path) as net:
            kv = MemoryKv(list(FAMILIES))
            moment = Moment(1, after=False)  # the intent is written, nothing is sent
            request_id = await life(net, kv, moment, b"taken")
            assert await net.paid() == []
            await net.node.mined(await net.node.send(network_kit.PAYER))
            await life(net, kv, Moment(), None, request_id)
            assert await net.paid() == [root_of(b"taken")]

    asyncio.run(work())


# -- a chain that changes its mind -------------------------------------------------------------------------------------


@asynccontextmanager
async def mining(net: Network) -> AsyncIterator[None]:
    working = asyncio.create_task(net.mine())
    try:
        yield
    finally:
        working.cancel()
        await asyncio.wait([working])


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await condition():  # noqa: ASYNC110 - what is waited for is on the other side of a connection
            await asyncio.sleep(0.02)


def test_a_reorganisation_takes_the_announcement_back(tmp_path: Path) -> None:
    async def work() -> None:
        async with (
            network_kit.network(tmp_path, final_after_blocks=3) as net,
            network_kit.disperser(net, final_after_blocks=3, raise_s=0.3) as disperser,
        ):
            snapshot = await net.node.call("evm_snapshot")
            request_id = await disperser.put(b"announced twice, paid once")

            async def is_announced() -> bool:
                return len(await net.paid()) == 1

            await until(is_announced)
            assert disperser.queue.get(request_id).upload_tx == b""  # not final, so it does not count
            assert await net.node.call("evm_revert", snapshot)
            async with mining(net):
                await disperser.reaches(request_id, "FINALIZED")
                assert await net.paid() == [root_of(b"announced twice, paid once")] == await net.recorded()

    asyncio.run(work())


def test_a_reorganisation_takes_the_record_back(tmp_path: Path) -> None:
    async def work() -> None:
        async with (
            network_kit.network(tmp_path, final_after_blocks=3) as net,
            network_kit.disperser(net, final_after_blocks=3) as disperser,
        ):
            gate = asyncio.Event()

            async def late(request: Any, reply: Any) -> Any:
                await gate.wait()
                return reply

            for one in net.signers:
                one.lie = late
            async with mining(net):
                request_id = await disperser.put(b"recorded twice")

                async def is_announced() -> bool:
                    return disperser.queue.get(request_id).upload_tx != b""

                await until(is_announced)
            snapshot = await net.node.call("evm_snapshot")
            gate.set()
            await disperser.reaches(request_id, "CONFIRMED")
            assert await net.node.call("evm_revert", snapshot)
            assert await net.recorded() == []
            async with mining(net):
                await disperser.reaches(request_id, "PROCESSING")
                await disperser.reaches(request_id, "FINALIZED")
                assert await net.paid() == [root_of(b"recorded twice")] == await net.recorded()

    asyncio.run(work())


def test_a_signer_that_looks_when_the_record_is_on_chain_is_late_and_not_at_fault(tmp_path: Path) -> None:
    def recorded_already(request: Any, reply: Any) -> Any:
        raise Prescribed(grpc.StatusCode.INTERNAL, "blob verified already")

    async def work() -> None:
        async with network_kit.network(tmp_path) as net, network_kit.disperser(net) as disperser:
            net.signers[0].lie = recorded_already
            await disperser.reaches(await disperser.put(b"without the first"), "FINALIZED")
            assert await disperser.hears() == [(net.signers[0].account, "late")]
            assert net.signers[0].asked == 1

    asyncio.run(work())

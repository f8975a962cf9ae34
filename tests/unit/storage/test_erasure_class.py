"""The erasure-coded class over real nodes on a simulated chain: nodes die with their disks, lie, and are replaced."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from tests.unit.storage.fleet import Fleet, reads
from tests.unit.storage.harness import Refused, SimulatedEth
from tests.unit.storage.test_client_hostile import Say, liar, on, wrong_bytes
from tests.unit.storage.test_log_sync import until
from tests.unit.storage.test_transfers import MiningPayer

from zerog.errors import Conflict, NotFound, Unavailable
from zerog.runtime.config import RepairConfig
from zerog.sdk.storage import Storage
from zerog.storage.client import StorageClient
from zerog.storage.erasure.manifest import Code
from zerog.storage.erasure.repair import Repairer
from zerog.storage.layout import SEGMENT
from zerog.storage.remote import Remote
from zerog.storage.uploads import UploadOptions

pytestmark = pytest.mark.timeout(300)

QUICK = UploadOptions(timeout_s=20)


@pytest.fixture
async def fleet(tmp_path: Path, eth: SimulatedEth) -> AsyncIterator[Fleet]:
    async with Remote(timeout_s=10, pause_s=0.01) as remote:
        made = Fleet(tmp_path / "nodes", eth, remote, MiningPayer(eth))
        made.home.mkdir()
        yield made
        for _, stack in made.alive.values():
            with suppress(asyncio.CancelledError):
                await stack.aclose()


@pytest.mark.slow
async def test_nodes_die_and_are_replaced(fleet: Fleet, seed: int) -> None:
    chance = random.Random(seed)
    await fleet.add(5)
    storage = fleet.storage()
    data = chance.randbytes(7 * SEGMENT + 4711)
    done = await storage.upload(data, erasure=Code(3, 2), options=QUICK)
    (root,) = done.roots
    assert done.durability[0].losses == 2
    assert done.durability[0].full
    # Each segment once: no node has the whole file.
    assert sum(counts[0] for _, _, *counts in done.durability[0].nodes) == 8
    await reads(storage, root, data)
    for _ in range(2):
        await fleet.destroy_some(chance, 2)
        now = await storage.durability(root, prove=True)
        assert (now.losses, now.lost, now.full) == (0, 0, False)
        await reads(storage, root, data)
        await fleet.add(2)
        repaired = await fleet.storage().repair(root)
        assert repaired.rebuilt > 0
        storage = fleet.storage()
        now = await storage.durability(root, prove=True)
        assert (now.losses, now.missing, now.full) == (2, 0, True)
    again = await storage.repair(root)
    assert (again.rebuilt, again.copied) == (0, 0)
    assert len(fleet.payer.transactions) == 1


@pytest.mark.slow
async def test_the_wide_field_over_a_few_nodes(fleet: Fleet, seed: int) -> None:
    """GF(2^16) is no matter of width: written, read after losses, repaired onto fresh nodes and read after losses again."""
    chance = random.Random(seed)
    await fleet.add(3)
    data = chance.randbytes(2 * SEGMENT + 4711)
    done = await fleet.storage().upload(data, erasure=Code(2, 1, field="gf65536"), options=QUICK)
    (root,) = done.roots
    assert (done.durability[0].losses, done.durability[0].code) == (1, "2+1:gf65536")
    for _ in range(2):
        await fleet.destroy_some(chance, 1)
        await reads(fleet.storage(), root, data)
        await fleet.add(1)
        assert (await fleet.storage().repair(root)).rebuilt > 0
        now = await fleet.storage().durability(root, prove=True)
        assert (now.losses, now.missing, now.full) == (1, 0, True)
    await reads(fleet.storage(), root, data)


@pytest.mark.slow
async def test_a_code_wider_than_256_parts(fleet: Fleet, seed: int) -> None:
    """Seven parts of a stripe of 264 that is mostly past the end of the file, over four nodes of which two die."""
    chance = random.Random(seed)
    await fleet.add(4)
    data = chance.randbytes(3 * SEGMENT - 100)
    done = await fleet.storage().upload(data, erasure=Code.parse("260+4"), options=QUICK)
    (root,) = done.roots
    assert (done.losses, done.durability[0].code) == (2, "260+4")
    await fleet.destroy_some(chance, 2)
    await reads(fleet.storage(), root, data)
    await fleet.add(2)
    assert (await fleet.storage().repair(root)).rebuilt > 0
    now = await fleet.storage().durability(root, prove=True)
    assert (now.losses, now.missing, now.full) == (2, 0, True)
    await reads(fleet.storage(), root, data)


@pytest.mark.slow
@pytest.mark.parametrize("code", [Code(10, 4), Code(7, 3)], ids=str)
async def test_nearly_a_third_die_twice(fleet: Fleet, code: Code, seed: int) -> None:
    """As many nodes as parts: any m die with their disks, every acknowledged file reads; after repair onto fresh ones again."""
    chance = random.Random(seed)
    await fleet.add(code.data + code.parity)
    storage = fleet.storage()
    files = [chance.randbytes(size) for size in (1, 300_000, 10 * SEGMENT, 33 * SEGMENT + 12345)]
    roots = []
    for data in files:
        done = await storage.upload(data, erasure=code, options=QUICK)
        assert done.losses == code.parity
        roots.append(done.roots[0])
    for _ in range(2):
        await fleet.destroy_some(chance, code.parity)
        left = [(await storage.durability(root)).losses for root in roots]
        assert min(left) == left[3] == 0
        for root, data in zip(roots, files, strict=True):
            await reads(storage, root, data)
        await fleet.add(code.parity)
        storage = fleet.storage()
        repairer = Repairer(storage.client, fleet.remote, RepairConfig(grace_s=0, prove_every=1, learn_timeout_s=20))
        found = await repairer.pass_once()
        assert (found.files, found.full, found.losses, found.failed) == (4, 4, code.parity, 0)
        assert found.rebuilt >= code.parity
    for root, data in zip(roots, files, strict=True):
        now = await storage.durability(root, prove=True)
        assert (now.losses, now.full, now.liars) == (code.parity, True, ())
        await reads(storage, root, data)
    # One more than the code survives: said, not hidden.
    await fleet.destroy_some(chance, code.parity + 1)
    assert (await storage.durability(roots[3])).losses == -1
    with pytest.raises(Unavailable, match=f"has {code.data - 1} segments left and needs {code.data}"):
        await storage.read(roots[3])
    with pytest.raises(Unavailable, match="lost more than their parity"):
        await storage.repair(roots[3])


@pytest.mark.slow
async def test_few_nodes_survive_few_losses(fleet: Fleet, seed: int) -> None:
    data = random.Random(seed).randbytes(5 * SEGMENT)
    await fleet.add(1)
    storage = fleet.storage()
    done = await storage.upload(data, erasure=Code(3, 2), options=QUICK)
    assert (done.losses, done.durability[0].possible, done.durability[0].full) == (0, 0, True)
    await fleet.add(2)
    assert not (await fleet.storage().durability(done.roots[0])).full
    spread = await fleet.storage().repair(done.roots[0])
    assert (spread.durability.losses, spread.durability.full, spread.rebuilt) == (1, True, 0)
    assert spread.copied > 0
    await fleet.destroy("node0")
    await reads(fleet.storage(), done.roots[0], data)


@pytest.mark.parametrize("size", [1, SEGMENT, SEGMENT + 1])
@pytest.mark.slow
async def test_small_files(fleet: Fleet, size: int, seed: int) -> None:
    data = random.Random(seed).randbytes(size)
    await fleet.add(3)
    done = await fleet.storage().upload(data, erasure=Code(10, 2), options=QUICK)
    assert done.losses == (2 if size <= SEGMENT else 1)
    await fleet.destroy("node0")
    await reads(fleet.storage(), done.roots[0], data)


@pytest.mark.slow
async def test_liars_are_not_believed(fleet: Fleet, seed: int) -> None:
    data = random.Random(seed).randbytes(6 * SEGMENT)
    await fleet.add(5)
    (root,) = (await fleet.storage().upload(data, erasure=Code(3, 2), options=QUICK)).roots
    nodes = [node for node, _ in fleet.alive.values()]
    async with liar(nodes[0], on("zgs_downloadSegmentWithProof", wrong_bytes)) as lying:
        urls = [lying, *(node.endpoints.rpc_url for node in nodes[1:])]
        storage = Storage(StorageClient(fleet.remote, nodes=urls), fleet.remote, None)
        await reads(storage, root, data)
        believed = await storage.durability(root)
        assert believed.losses == 2  # claims cost nothing
        proven = await storage.durability(root, prove=True)
        assert [url for url, _ in proven.liars] == [lying]
        assert (proven.losses, proven.full) == (1, False)
        repaired = await storage.repair(root, prove=True)
        assert repaired.rebuilt > 0
        assert (repaired.durability.missing, repaired.durability.losses) == (0, repaired.durability.possible)
        assert [url for url, _ in repaired.durability.liars] == [lying]

    def everything(method: str, params: list[object], result: object) -> object:
        """It says that it holds all of a file of which it holds a part."""
        if method != "erasure_getSegments" or not isinstance(result, list):
            return result
        return [one | {"segments": "0x" + "ff" * (len(one["segments"]) // 2 - 1)} for one in result]

    async with liar(nodes[1], everything) as boasting:
        urls = [boasting, *(node.endpoints.rpc_url for node in nodes[2:])]
        storage = Storage(StorageClient(fleet.remote, nodes=urls), fleet.remote, None)
        await reads(storage, root, data)
        done = await storage.repair(root, prove=True)
        assert done.durability.missing == 0


@pytest.mark.slow
async def test_a_flipped_bit_is_found_and_mended(fleet: Fleet, seed: int) -> None:
    data = random.Random(seed).randbytes(6 * SEGMENT)
    await fleet.add(5)
    storage = fleet.storage()
    (root,) = (await storage.upload(data, erasure=Code(3, 2), options=QUICK)).roots
    node = next(node for node, _ in fleet.alive.values() if node.node.store.present(0))
    index = min(node.node.store.present(0))
    family = node.node.store.kv._families["segments"]  # type: ignore[attr-defined]
    key = bytes(8) + index.to_bytes(6, "big")
    stored = bytearray(family[key])
    stored[5000] ^= 1
    family[key] = bytes(stored)
    await reads(storage, root, data)
    assert (await storage.durability(root, prove=True)).missing == 1
    await until(lambda: index not in node.node.store.present(0))
    repaired = await storage.repair(root)
    assert (repaired.rebuilt, repaired.durability.full) == (1, True)


@pytest.mark.slow
async def test_shards_and_clients_that_know_nothing_of_it(fleet: Fleet, tmp_path: Path, seed: int) -> None:
    """On nodes of one shard each the plain segments lie where every client looks; a lost one is made on another's node."""
    data = random.Random(seed).randbytes(9 * SEGMENT + 5)
    await fleet.add(8, "*/8")
    storage = fleet.storage()
    done = await storage.upload(data, erasure=Code(4, 2), options=QUICK)
    assert done.losses == 2
    assert await storage.client.fetch(done.roots[0], tmp_path / "plain") == len(data)
    assert await asyncio.to_thread((tmp_path / "plain").read_bytes) == data
    # A node of another shard takes parity, though it has all of its own of that file.
    assert sum(counts[1] for _, _, *counts in done.durability[0].nodes) == 6
    await fleet.destroy("node3")
    await fleet.destroy("node6")
    with pytest.raises(Unavailable):
        await storage.client.fetch(done.roots[0], tmp_path / "holes")
    await reads(storage, done.roots[0], data)
    repaired = await storage.repair(done.roots[0])
    assert (repaired.durability.losses, repaired.durability.full) == (2, True)
    # Of a file that is not of this class the same node still refuses what is not its own.
    tree = fleet.eth.submit(data[:SEGMENT])
    node = fleet.alive["node0"][0]
    await node.synced(3)
    outside = next(name for name in fleet.alive if not fleet.alive[name][0].node.store.missing(node.node.store.tx(3)))
    with pytest.raises(Refused, match="Invalid params: root"):
        await fleet.alive[outside][0].upload(tree, data[:SEGMENT], 3)


@pytest.mark.slow
async def test_replicas_of_shards(fleet: Fleet, tmp_path: Path, seed: int) -> None:
    """Two shards, two replicas: one of each gets the data of its shard complete, the others parity."""
    data = random.Random(seed).randbytes(9 * SEGMENT)
    await fleet.add(2, "*/2")
    await fleet.add(2, "*/2")
    storage = fleet.storage()
    done = await storage.upload(data, erasure=Code(2, 1), options=QUICK)
    assert done.losses == 1
    assert await storage.client.fetch(done.roots[0], tmp_path / "plain") == len(data)
    await fleet.destroy("node0")
    await reads(storage, done.roots[0], data)


@pytest.mark.slow
async def test_nodes_of_others_take_part(fleet: Fleet, seed: int) -> None:
    """A node without erasure_*: what it holds is asked for by sectors, and it only gets what its shard is."""
    data = random.Random(seed).randbytes(7 * SEGMENT)
    await fleet.add(5)

    def foreign(method: str, params: list[object], result: object) -> object:
        if method.startswith("erasure_"):
            raise Say(-32601, "Method not found")
        return result

    nodes = [node for node, _ in fleet.alive.values()]
    async with liar(nodes[0], foreign) as other:
        urls = [other, *(node.endpoints.rpc_url for node in nodes[1:])]
        storage = Storage(StorageClient(fleet.remote, nodes=urls), fleet.remote, fleet.payer)
        done = await storage.upload(data, erasure=Code(3, 2), options=QUICK)
        assert done.losses == 2
        assert any(url == other and sum(counts) for url, _, *counts in done.durability[0].nodes)
        await fleet.destroy("node1")
        await fleet.destroy("node2")
        await reads(storage, done.roots[0], data)


@pytest.mark.slow
async def test_nothing_is_paid_twice(fleet: Fleet, tmp_path: Path, seed: int) -> None:
    data = random.Random(seed).randbytes(4 * SEGMENT)
    await fleet.add(4)
    fleet.payer.crash_after_sending = True
    with pytest.raises(KeyboardInterrupt):
        await fleet.storage(tmp_path / "state").upload(data, erasure=Code(2, 1), options=QUICK)
    fleet.payer.crash_after_sending = False
    done = await fleet.storage(tmp_path / "state").upload(data, erasure=Code(2, 1), options=QUICK)
    assert (done.losses, len(fleet.payer.transactions)) == (1, 1)
    again = await fleet.storage(tmp_path / "state").upload(data, erasure=Code(2, 1), options=QUICK)
    assert (again.paid, len(fleet.payer.transactions)) == (False, 1)
    assert list((tmp_path / "state").iterdir()) == []
    # The same file with another code: only parity and manifest are new.
    more = await fleet.storage().upload(data, erasure=Code(2, 2), options=QUICK)
    assert (more.losses, len(fleet.payer.files)) == (2, 5)


async def test_unknown_files_and_nobody_who_pays(fleet: Fleet) -> None:
    await fleet.add(2)
    storage = Storage(StorageClient(fleet.remote, nodes=fleet.urls), fleet.remote, None)
    for ask in (storage.durability, storage.repair):
        with pytest.raises(NotFound, match="erasure-coded"):
            await ask(bytes(32))
    with pytest.raises(Conflict, match="nobody pays"):
        await storage.upload(b"x", erasure=Code(1, 1), options=QUICK)
    assert await storage.coded_files() == []


@pytest.mark.slow
async def test_the_service_waits_for_nodes_that_may_come_back(fleet: Fleet, seed: int) -> None:
    data = random.Random(seed).randbytes(6 * SEGMENT)
    await fleet.add(7)
    (root,) = (await fleet.storage().upload(data, erasure=Code(3, 3), options=QUICK)).roots
    now_s = [1000.0]
    config = RepairConfig(grace_s=60, urgent_losses=2, learn_timeout_s=20)
    repairer = Repairer(fleet.storage().client, fleet.remote, config, clock=lambda: now_s[0])
    found = await repairer.pass_once()
    assert (found.files, found.full, found.rebuilt) == (1, 1, 0)
    holder = next(name for name, (node, _) in fleet.alive.items() if node.node.store.present(0))
    await fleet.destroy(holder)
    now_s[0] += 10
    found = await repairer.pass_once()
    assert (found.postponed, found.rebuilt, found.losses) == (1, 0, 2)
    now_s[0] += 100
    found = await repairer.pass_once()
    assert found.rebuilt > 0
    assert (found.postponed, found.full, found.losses) == (0, 1, 3)
    # Two at once leave less than is urgent: repaired without waiting.
    for name in sorted(fleet.alive)[:2]:
        await fleet.destroy(name)
    now_s[0] += 10
    found = await repairer.pass_once()
    assert found.postponed == 0
    await reads(fleet.storage(), root, data)

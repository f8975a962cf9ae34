"""Files into a storage node and out of it, by us and by the official Go client against the same node, in turns.

One chain, one node that holds everything, on loopback. Every file is new and paid for before its turn, so that a turn is the
transfer: tree, proofs, segments, and the node's word that the file is whole. ``client`` is the library in a process that is up
(for Go what it says itself of the transfer), ``command`` the whole command line. Processor seconds are those of client and
node together. Downloads are proven segment by segment up to the root of the whole, by both.

MinIO (erasure set of four folders) takes and gives the same files in the same turns: it stores half as much again and proves
nothing to its client. Its turn ends, like ours, when the server has acknowledged.

The erasure-coded class (4+2 over three nodes) beside the plain one (each part once): both pay in their turn, which is the same
for both. What comes back is read whole, and again with one of the nodes gone, where a third of it is made out of the rest.

Trees: the same file by us and by the Go, TypeScript and Python clients, from the page cache as each reads a file (we
map it).
"""

from __future__ import annotations

import asyncio
import json
import mmap
import os
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from measure import ROOT, TINY, keep

sys.path.insert(0, str(ROOT))

from tests.e2e.conftest import Zerog
from tests.e2e.official_clients import CLIENTS, Net, go_binary, go_client
from tests.e2e.storage_process import StorageNode

from peers.minio import Minio, built
from zerog.chain.client import ChainClient
from zerog.contracts import registry
from zerog.sdk.chain import Chain
from zerog.sdk.payer import ChainPayer
from zerog.sdk.storage import Storage, open_storage
from zerog.sdk.wallet import Account
from zerog.storage.erasure.manifest import Code
from zerog.storage.layout import FileTree
from zerog.storage.remote import Remote
from zerog.storage.uploads import UploadOptions, submission

pytestmark = pytest.mark.timeout(3600)

# Bytes of a file, files in a turn, turns.
PLANS = [(1000, 1, 1), (1 << 20, 1, 1)] if TINY else [(1000, 10, 3), (1 << 20, 10, 3), (256 << 20, 1, 3)]
CODED_SIZE, CODED_ROUNDS = (3 << 20, 1) if TINY else (64 << 20, 3)
TREE_SIZES = [1 << 20] if TINY else [1 << 20, 256 << 20]
NAMES = {1000: "1 kB", 1 << 20: "1 MiB", 256 << 20: "256 MiB"}


@dataclass
class Place:
    """A chain, one storage node, and who pays."""

    zerog: Zerog
    status: dict[str, Any]
    node: StorageNode
    home: Path
    made: int = 0
    minio: Minio | None = None
    net: Net = field(init=False)

    def __post_init__(self) -> None:
        self.net = Net(self.status["rpc_url"], "", [self.node.url], self.status["accounts"][3]["private_key"])

    def node_cpu_s(self) -> float:
        """Of both servers: who does not take part in a turn uses none."""
        assert self.node.process is not None
        servers = [self.node.process, *([] if self.minio is None or self.minio.process is None else [self.minio.process])]
        fields = [Path(f"/proc/{one.pid}/stat").read_text().rpartition(") ")[2].split() for one in servers]
        return sum(int(one[11]) + int(one[12]) for one in fields) / os.sysconf("SC_CLK_TCK")

    async def new_files(self, size: int, count: int) -> list[tuple[Path, str]]:
        """Files that the node's log has and whose bytes it does not have."""
        made = []
        async with ChainClient(self.status["rpc_url"]) as client, Remote() as remote:
            payer = ChainPayer(Chain(client), Account.from_hex(self.status["accounts"][4]["private_key"]))
            for _ in range(count):
                self.made += 1
                path = self.home / f"file-{self.made}"
                path.write_bytes(os.urandom(size))
                tree = FileTree.from_buffer(path.read_bytes())
                await payer.submit(registry.FLOW, [submission(tree)], lambda hash: None)
                async with asyncio.timeout(60):
                    while not await remote.node(self.node.url).info(tree.root):  # noqa: ASYNC110
                        await asyncio.sleep(0.02)
                made.append((path, "0x" + tree.root.hex()))
        return made


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    home = tmp_path_factory.mktemp("storage-bench")
    zerog = Zerog(home / "devnet")
    status = zerog.json(
        "devnet",
        "up",
        "--detach",
        "--rpc-port",
        "0",
        "--ws-port",
        "0",
        "--block-ms",
        "100",
        "--no-storage",
        "--no-da",
        "--no-compute",
    )
    node = StorageNode(home / "node", status["rpc_url"], "0/1")
    # The tiny run is a test of every commit; to build the server would be most of it.
    minio = None if TINY and built() is None else Minio(home / "minio")
    try:
        node.start()
        if minio is not None:
            minio.start()
        yield Place(zerog, status, node, home, minio=minio)
    finally:
        if minio is not None:
            minio.stop()
        node.stop()
        zerog.run("devnet", "down")


@dataclass
class Turn:
    """What moving some files took: by the library alone, by the whole command, in processor seconds of both sides."""

    client_s: float
    command_s: float
    cpu_s: float


def measured(place: Place, action: Callable[[], float | None]) -> Turn:
    """``action`` says what the transfer alone took, None when all of it was the transfer."""
    node, own, others = place.node_cpu_s(), time.process_time(), _children_s()
    begun = time.perf_counter()
    alone = action()
    taken = time.perf_counter() - begun
    cpu = place.node_cpu_s() - node + time.process_time() - own + _children_s() - others
    return Turn(taken if alone is None else alone, taken, cpu)


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def library_upload(place: Place, files: list[tuple[Path, str]]) -> Turn:
    async def run() -> None:
        async with open_storage(nodes=[place.node.url]) as storage:
            for path, _ in files:
                await storage.upload(path, options=UploadOptions())

    return measured(place, lambda: asyncio.run(run()))


def library_download(place: Place, files: list[tuple[Path, str]]) -> Turn:
    async def run() -> None:
        async with open_storage(nodes=[place.node.url]) as storage:
            for path, root in files:
                target = path.with_suffix(".out")
                await storage.download(bytes.fromhex(root[2:]), target)
                target.unlink()

    return measured(place, lambda: asyncio.run(run()))


def command_upload(place: Place, files: list[tuple[Path, str]]) -> Turn:
    def run() -> None:
        for path, _ in files:
            place.zerog.json("storage", "upload", str(path), "--node", place.node.url)

    return measured(place, run)


def command_download(place: Place, files: list[tuple[Path, str]]) -> Turn:
    def run() -> None:
        for path, root in files:
            target = path.with_suffix(".out")
            place.zerog.json("storage", "download", str(target), "--root", root, "--node", place.node.url)
            target.unlink()

    return measured(place, run)


def go_upload(place: Place, files: list[tuple[Path, str]]) -> Turn:
    def run() -> float:
        alone = 0.0
        for path, _ in files:
            code, told = go_client(
                place.home, "upload", "--url", place.net.rpc, "--key", place.net.key, "--file", str(path),
                "--node", place.node.url, "--finality-required",
            )  # fmt: skip
            assert code == 0, told
            found = re.search(r'msg="Completed to upload file" duration=([0-9.]+)(ms|s|µs)', told)
            assert found is not None, told
            alone += float(found[1]) * {"s": 1.0, "ms": 1e-3, "µs": 1e-6}[found[2]]
        return alone

    return measured(place, run)


def go_download(place: Place, files: list[tuple[Path, str]]) -> Turn:
    def run() -> None:
        for path, root in files:
            target = path.with_suffix(".out")
            code, told = go_client(
                place.home, "download", "--file", str(target), "--root", root, "--node", place.node.url, "--proof"
            )
            assert code == 0, told
            assert target.stat().st_size == path.stat().st_size
            target.unlink()

    return measured(place, run)


def minio_upload(place: Place, files: list[tuple[Path, str]]) -> Turn:
    minio = place.minio
    assert minio is not None
    return measured(place, lambda: sum(minio.put(path) for path, _ in files))


def minio_download(place: Place, files: list[tuple[Path, str]]) -> Turn:
    minio = place.minio
    assert minio is not None

    def run() -> float:
        alone = 0.0
        for path, _ in files:
            target = path.with_suffix(".out")
            alone += minio.get(path.name, target)
            assert target.stat().st_size == path.stat().st_size
            target.unlink()
        return alone

    return measured(place, run)


WAYS: dict[str, tuple[Callable[[Place, list[tuple[Path, str]]], Turn], Callable[[Place, list[tuple[Path, str]]], Turn]]] = {
    "ours": (library_upload, library_download),
    "our command": (command_upload, command_download),
    "go": (go_upload, go_download),
    "minio": (minio_upload, minio_download),
}


def told(turns: list[Turn], total_bytes: int) -> dict[str, float]:
    """Of the median turn."""
    client, command, cpu = (
        statistics.median(getattr(turn, name) for turn in turns) for name in ("client_s", "command_s", "cpu_s")
    )
    return {
        "mb_per_s": round(total_bytes / client / 1e6, 3),
        "mb_per_s_best": round(total_bytes / min(turn.client_s for turn in turns) / 1e6, 3),
        "mb_per_s_command": round(total_bytes / command / 1e6, 3),
        "cpu_s_per_gb": round(cpu / total_bytes * 1e9, 2),
    }


def test_up_and_down(place: Place) -> None:
    go_binary("0g-storage-client")
    results: dict[str, Any] = {}
    names = [name for name in WAYS if name != "minio" or place.minio is not None]
    for size, count, rounds in PLANS:
        up: dict[str, list[Turn]] = {name: [] for name in names}
        down: dict[str, list[Turn]] = {name: [] for name in names}
        for turn in range(rounds):
            order = names if turn % 2 == 0 else names[::-1]
            for name in order:
                files = asyncio.run(place.new_files(size, count))
                upload, download = WAYS[name]
                up[name].append(upload(place, files))
                down[name].append(download(place, files))
                for path, _ in files:
                    path.unlink()
        for way, turns in (("upload", up), ("download", down)):
            found = {name: told(turns[name], size * count) for name in names}
            ratios = {
                f"times_{peer}": round(
                    statistics.median(p.client_s / o.client_s for o, p in zip(turns["ours"], turns[peer], strict=True)), 2
                )
                for peer in ("go", "minio")
                if peer in names
            }
            results[f"{way} {NAMES[size]}"] = found | ratios
    keep("storage_transfers", results)
    assert all(entry["ours"]["mb_per_s"] > 0 for entry in results.values())


def test_coded_and_plain(place: Place) -> None:
    more = [StorageNode(place.home / f"node-{number}", place.status["rpc_url"], "0/1") for number in (1, 2)]
    nodes = [place.node, *more]
    taken: dict[str, list[float]] = {}

    async def timed(storage: Storage, name: str, work: Callable[[Storage], Awaitable[object]]) -> None:
        begun = time.perf_counter()
        await work(storage)
        taken.setdefault(name, []).append(time.perf_counter() - begun)

    async def turn(number: int) -> None:
        account = Account.from_hex(place.status["accounts"][5]["private_key"])
        target = place.home / "coded.out"
        urls = [node.url for node in nodes]
        roots: dict[str, bytes] = {}

        async def up(storage: Storage, name: str, code: Code | None) -> None:
            done = await storage.upload(os.urandom(CODED_SIZE), erasure=code)
            roots[name] = done.roots[0]
            assert code is None or done.losses == 1

        async def down(storage: Storage, root: bytes) -> None:
            assert await storage.download(root, target) == CODED_SIZE
            target.unlink()

        async with ChainClient(place.status["rpc_url"]) as client:
            async with open_storage(nodes=urls, chain=Chain(client), account=account) as storage:
                ways: list[tuple[str, Code | None]] = [("plain", None), ("coded", Code(4, 2))]
                for name, code in ways[:: 1 if number % 2 else -1]:
                    await timed(storage, f"upload {name}", lambda storage, name=name, code=code: up(storage, name, code))  # type: ignore[misc]
                for name in list(roots):
                    await timed(storage, f"download {name}", lambda storage, name=name: down(storage, roots[name]))  # type: ignore[misc]
            more[0].stop()
            async with open_storage(nodes=urls) as storage:
                await timed(storage, "download coded, a node gone", lambda storage: down(storage, roots["coded"]))
            more[0].start()

    try:
        for node in more:
            node.start()
        for number in range(CODED_ROUNDS):
            asyncio.run(turn(number))
    finally:
        for node in more:
            node.stop()
    best = {name: round(CODED_SIZE / min(seconds) / 1e6, 1) for name, seconds in taken.items()}
    found = {"mb_per_s_best": best} | {
        f"{verb}, coded in times of plain": round(
            statistics.median(p / c for p, c in zip(taken[f"{verb} plain"], taken[f"{verb} coded"], strict=True)), 2
        )
        for verb in ("upload", "download")
    }
    keep("storage_coded", {f"{CODED_SIZE >> 20} MiB, 4+2 on three nodes": found})


def test_trees(place: Place) -> None:
    """Our tree on as many threads as Go has, and everybody's root is the same."""
    binary = go_binary("storage_tree")
    results: dict[str, Any] = {}
    for size in TREE_SIZES:
        path = place.home / "tree"
        path.write_bytes(os.urandom(size))
        data = path.read_bytes()
        root = "0x" + FileTree.from_buffer(data).root.hex()
        rounds = 1 if TINY else 3
        seconds: dict[str, list[float]] = {"ours": [], "go": []}
        for _ in range(rounds):
            for _ in range(3):
                begun = time.perf_counter()
                with (
                    path.open("rb") as file,
                    mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as mapped,
                    memoryview(mapped) as view,
                ):
                    found = FileTree.from_buffer(view).root.hex()
                seconds["ours"].append(time.perf_counter() - begun)
                assert "0x" + found == root
            done = subprocess.run([str(binary), str(path), "3"], capture_output=True, text=True, check=True, timeout=600)
            for line in done.stdout.split("\n")[:3]:
                found, taken = line.split()
                assert found == root
                seconds["go"].append(float(taken))
        for client in CLIENTS[::2]:  # one of npm, and PyPI's
            (one,), _ = client.run(place.home, place.net, [{"do": "tree", "path": str(path), "times": 1}])
            assert one["root"] == root
            seconds[client.name] = one["seconds"]
        best = {name: min(taken) for name, taken in seconds.items()}
        results[NAMES[size]] = {
            "mb_per_s_best": {name: round(size / taken / 1e6, 1) for name, taken in best.items()},
            "times_go": round(
                statistics.median(p / o for o, p in zip(sorted(seconds["ours"]), sorted(seconds["go"]), strict=True)), 2
            ),
            "times": {name: round(taken / best["ours"], 1) for name, taken in best.items() if name != "ours"},
        }
    keep("storage_trees", results)
    assert json.dumps(results)

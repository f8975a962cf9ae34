"""Key-value streams with real processes: our command line, the official clients, encrypted streams, kill -9 under load."""

from __future__ import annotations

import asyncio
import json
import random
import shutil
import signal
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.e2e.conftest import Network, Zerog
from tests.e2e.official_clients import HERE, npm_project, python_sdk
from tests.e2e.storage_process import KvProcess, StorageNode
from tests.unit.storage.harness import pattern

from zerog.chain.client import ChainClient
from zerog.sdk.chain import Chain
from zerog.sdk.kv import KvBatch
from zerog.sdk.storage import open_storage
from zerog.sdk.wallet import Account
from zerog.storage.kv.client import KvClient
from zerog.storage.layout import FileTree
from zerog.storage.remote import Remote
from zerog.storage.uploads import UploadOptions

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]


@dataclass
class Farm:
    """A chain, two storage nodes of half the flow each, and a KV node."""

    zerog: Zerog
    network: Network
    nodes: list[StorageNode]
    kv: KvProcess

    @property
    def urls(self) -> list[str]:
        return [node.url for node in self.nodes]

    @property
    def flags(self) -> list[str]:
        return [part for url in self.urls for part in ("--node", url)]

    def key(self, at: int) -> str:
        return str(self.network.status["accounts"][at]["private_key"])

    def address(self, at: int) -> str:
        return str(self.network.status["accounts"][at]["address"])


@pytest.fixture(scope="module")
def farm(network: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    home, rpc = tmp_path_factory.mktemp("kv"), network.status["rpc_url"]
    with ExitStack() as stack:
        nodes = [StorageNode(home / f"node-{at}", rpc, f"{at}/2") for at in range(2)]
        for node in nodes:
            stack.callback(node.stop)
            node.start()
        kv = KvProcess(home / "kv", rpc, [node.url for node in nodes])
        stack.callback(kv.stop)
        kv.start()
        yield Farm(network.zerog, network, nodes, kv)


def test_the_command_line(farm: Farm) -> None:
    zerog, stream = farm.zerog, "0x" + "c1" * 32
    at_kv = ["--kv-node", farm.kv.url]
    write = ["storage", "kv-write", "--stream-id", stream, *farm.flags, *at_kv, "--wait"]
    read = ["storage", "kv-read", "--stream-id", stream, *at_kv]
    done = zerog.json(*write, "--stream-keys", "hello", "--stream-values", "world", "--stream-keys", "0x00ff",
                      "--stream-values", "0x0102", "--access", f"grant-writer {farm.address(1)}",
                      "--access", "key-to-special vip")  # fmt: skip
    assert done["result"] == "Commit"
    first = done["tx_seqs"][0]
    assert zerog.json(*write, "--from", "1", "--stream-keys", "hello", "--stream-values", "again", "--delete", "0x00ff")[
        "result"
    ]
    told = zerog.run(*write, "--from", "1", "--stream-keys", "vip", "--stream-values", "x", "--json")
    assert (told.returncode, json.loads(told.stdout)["result"]) == (1, f"WritePermissionDenied: stream: {stream}, key: vip")
    told = zerog.run(
        *write, "--stream-keys", "a", "--stream-values", "b", "--watch", "hello", "--version", str(first), "--json"
    )
    assert (told.returncode, json.loads(told.stdout)["result"]) == (1, "VersionConfliction")
    values = {entry["key"]: entry for entry in zerog.json(*read, "--stream-keys", "hello", "--stream-keys", "none")}
    assert bytes.fromhex(values["hello"]["value"][2:]) == b"again"
    assert (values["none"]["version"], values["none"]["size"]) == (0, 0)
    listed = zerog.json(*read, "--all", "--version", str(first))
    assert [(entry["key"], entry["version"]) for entry in listed] == [("0x00ff", first), ("hello", first)]
    assert [entry["key"] for entry in zerog.json(*read, "--all", "--reverse")] == ["hello"]
    rights = zerog.json("storage", "kv", "access", farm.address(1), "--stream-id", stream, "--stream-keys", "vip", *at_kv)
    assert (rights["admin"], rights["writer"]) == (False, True)
    assert rights["keys"] == [{"key": "vip", "special": True, "key_writer": False, "may_write": False}]
    status = zerog.json("storage", "kv", "status", *at_kv)
    assert stream in status["streams"]
    assert zerog.json("storage", "kv", "result", str(first), *at_kv) == {"tx_seq": first, "result": "Commit"}
    zerog.fails(3, "storage", "kv", "status", "--kv-node", "http://127.0.0.1:9")


def test_the_official_npm_client(farm: Farm, tmp_path: Path) -> None:
    project = npm_project()
    shutil.copy(HERE / "kv.mjs", project / "kv.mjs")
    job = {"rpc": farm.network.status["rpc_url"], "key": farm.key(3), "nodes": farm.urls, "kv": farm.kv.url,
           "stream": "0x" + "c3" * 32}  # fmt: skip
    (tmp_path / "job.json").write_text(json.dumps(job))
    done = subprocess.run(
        ["node", str(project / "kv.mjs"), str(tmp_path / "job.json")], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    seen = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("RESULT")).removeprefix("RESULT"))
    assert seen["hello"] == ["again", 5, "world", True]
    assert seen["long"] == 200_000
    assert seen["absent"] == {"data": "", "size": 0, "version": 0}
    assert (seen["deleted"], seen["part"], seen["next"]) == (0, "gai", "long")
    assert seen["forward"] == [["hello", 5], ["long", 200_000], ["z", 4]]
    assert seen["backward"] == ["z", "long", "hello"]
    assert (seen["after"], seen["before"]) == ("long", "hello")
    assert seen["rights"] == [True, False, True, False, False, False, False]
    assert (seen["holding"], seen["result"], seen["conflict"]) == (True, "Commit", "VersionConfliction")
    assert seen["kept"] == ["again", 0]


PYPI = """
import json, sys
from core.kv.client import KvClient
from core.kv.builder import StreamDataBuilder

url, stream, account = sys.argv[1:]
builder = StreamDataBuilder(1)
builder.set(stream, b"hello", b"world")
kv = KvClient(url)
value = kv.get_value(stream, b"hello")
print("RESULT" + json.dumps({
    "value": [value.data, value.size], "encoded": builder.build().encode().hex(), "tags": builder.build_tags().hex(),
    "holding": kv.get_holding_stream_ids(), "admin": kv.is_admin(account, stream),
    "result": kv.get_transaction_result(value.version), "absent": kv.get_value(stream, b"none").size,
}))
"""


def test_the_official_python_client_reads(farm: Farm, tmp_path: Path) -> None:
    stream = "0x" + "c4" * 32
    farm.zerog.json("storage", "kv-write", "--stream-id", stream, "--stream-keys", "hello", "--stream-values", "world",
                    *farm.flags, "--kv-node", farm.kv.url, "--wait")  # fmt: skip
    done = subprocess.run(
        [str(python_sdk()), "-c", PYPI, farm.kv.url, stream, farm.address(0)],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    seen = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("RESULT")).removeprefix("RESULT"))
    batch = KvBatch(stream, version=1).set(b"hello", b"world").build()
    assert seen["value"] == ["d29ybGQ=", 5]
    assert (seen["encoded"], seen["tags"]) == (batch.encode().hex(), batch.tags.hex())
    assert stream in seen["holding"]
    assert (seen["admin"], seen["result"], seen["absent"]) == (True, "Commit", 0)


PYPI_BATCHES = """
import json, sys, time
from contracts.flow import FlowContract
from core.kv.batcher import Batcher
from core.kv.client import KvClient
from core.storage_node import StorageNode
from eth_account import Account
from web3 import Web3

rpc, kv_url, key, stream, *urls = sys.argv[1:]
nodes = [StorageNode(url) for url in urls]
flow = FlowContract(Web3(Web3.HTTPProvider(rpc)), nodes[0].get_status()["networkIdentity"]["flowAddress"])
options = {"finalityRequired": True, "taskSize": 10, "expectedReplica": 1, "skipTx": False, "account": Account.from_key(key)}
kv, told = KvClient(kv_url), []

def write(version, values):
    batch = Batcher(version, nodes, flow, rpc)
    for name, value in values.items():
        batch.set(stream, name.encode(), value)
    done, error = batch.exec(dict(options))
    assert error is None, error
    told.append(done["rootHash"])

def read(name):
    found = kv.get_value(stream, name.encode())
    return [found.data, found.size, found.version]

def until(name, size):
    ends = time.monotonic() + 60
    while read(name)[1] != size:
        assert time.monotonic() < ends, (name, read(name))
        time.sleep(0.1)

write((1 << 64) - 1, {"first": b"one", "second": b"two", "long": bytes(300_000)})
until("long", 300_000)
before = read("first")
write(before[2], {"first": b"once more"})
until("first", 9)
write(0, {"first": b"too late"})
ends = time.monotonic() + 60
while (late := kv.get_transaction_result(read("first")[2] + 1)) is None:
    assert time.monotonic() < ends
    time.sleep(0.1)
print("RESULT" + json.dumps({"before": before, "after": read("first"), "second": read("second"), "late": late,
                             "roots": told}))
"""


def test_the_official_python_client_writes_batches(farm: Farm, tmp_path: Path) -> None:
    """Its batcher submits and uploads by itself: a value over two segments, a second batch, and one that comes too late.

    Its iterator is left out: it reads keys as hex, while the protocol, the official KV node and the other clients have base64.
    """
    stream = "0x" + "c6" * 32
    done = subprocess.run(
        [str(python_sdk()), "-c", PYPI_BATCHES, farm.network.status["rpc_url"], farm.kv.url, farm.key(5), stream, *farm.urls],
        cwd=tmp_path, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-4000:]
    seen = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("RESULT")).removeprefix("RESULT"))
    assert seen["before"][:2] == ["b25l", 3]
    assert (seen["after"][0], seen["second"][:2]) == ("b25jZSBtb3Jl", ["dHdv", 3])
    assert seen["after"][2] > seen["before"][2] == seen["second"][2]
    assert seen["late"] == "VersionConfliction"
    batch = KvBatch(stream).set(b"first", b"one").set(b"second", b"two").set(b"long", bytes(300_000)).build()
    assert seen["roots"][0] == "0x" + FileTree.from_buffer(batch.encode()).root.hex()
    read = farm.zerog.json("storage", "kv-read", "--stream-id", stream, "--stream-keys", "first", "--kv-node", farm.kv.url)
    assert bytes.fromhex(read[0]["value"][2:]) == b"once more"


def test_encrypted_streams(farm: Farm, tmp_path: Path) -> None:
    """A node with the key reads them; what is not encrypted for it becomes a result, not a stop."""
    key, stream = tmp_path / "key", "0x" + "c5" * 32
    key.write_text("5a" * 32)
    key.chmod(0o600)
    settings = {"storage.kv.encryption_key_file": str(key), "storage.kv.streams": stream}
    kv = KvProcess(tmp_path / "private", farm.network.status["rpc_url"], farm.urls, settings)
    write = ["storage", "kv-write", "--stream-id", stream, *farm.flags, "--wait"]
    kv.start()
    try:
        at = ["--kv-node", kv.url]
        keyed = ["--encryption-key", str(key)]
        value = pattern(40_000).hex()
        done = farm.zerog.json(*write, *at, *keyed, "--stream-keys", "k", "--stream-values", "0x" + value)
        assert done["result"] == "Commit"
        (read,) = farm.zerog.json("storage", "kv-read", "--stream-id", stream, "--stream-keys", "k", *at)
        assert read["value"] == "0x" + value
        told = farm.zerog.run(*write, *at, "--stream-keys", "k", "--stream-values", "plain", "--json")
        assert told.returncode == 1
        assert json.loads(told.stdout)["result"].startswith("DataParseError: ")
        done = farm.zerog.json(*write, *at, *keyed, "--stream-keys", "k", "--stream-values", "after")
        assert done["result"] == "Commit"
    finally:
        kv.stop()


def test_kill_under_load(farm: Farm, tmp_path: Path, seed: int) -> None:
    """Killed again and again while streams are written, a KV node ends with exactly the state of one that never was."""
    stream, chance = bytes.fromhex("c7" * 32), random.Random(seed)
    expected: dict[bytes, bytes] = {}
    seqs: list[int] = []
    problems: list[BaseException] = []
    victim = KvProcess(tmp_path / "victim", farm.network.status["rpc_url"], farm.urls)
    victim.start()

    async def load() -> None:
        account = Account.from_hex(farm.key(5))
        async with (
            ChainClient(farm.network.status["rpc_url"]) as client,
            open_storage(nodes=farm.urls, chain=Chain(client), account=account) as storage,
        ):
            for turn in range(9):
                batch = KvBatch(stream)
                for _ in range(chance.randrange(1, 30)):
                    key, size = b"key %d" % chance.randrange(60), chance.choice([0, 1, 300, 5000, 90_000])
                    value = pattern(size, turn) if size else b""
                    batch.set(key, value)
                    expected[key] = value
                done = await storage.kv_write(batch, options=UploadOptions(finality=False))
                assert done.stored[0].seq is not None
                seqs.append(done.stored[0].seq)

    def work() -> None:
        try:
            asyncio.run(load())
        except BaseException as error:
            problems.append(error)

    worker = threading.Thread(target=work)
    worker.start()
    kills = 0
    try:
        while worker.is_alive() or kills < 4:
            time.sleep(chance.uniform(0.05, 0.6))
            victim.stop(signal.SIGKILL)
            kills += 1
            victim.start()
        worker.join(120)
        assert not problems, problems
        asyncio.run(same_state(victim.url, farm.kv.url, stream, expected, seqs))
        # The health of a node that follows is good.
        with urllib.request.urlopen(json.loads((tmp_path / "victim.ready").read_text())["metrics_url"], timeout=30) as answer:
            assert b"zerog_kv_replay_cursor" in answer.read()
    finally:
        victim.stop()


async def same_state(one: str, other: str, stream: bytes, expected: dict[bytes, bytes], seqs: list[int]) -> None:
    async with Remote() as remote:
        killed, calm = KvClient(remote, one), KvClient(remote, other)
        for seq in seqs:
            assert await killed.wait(seq) == await calm.wait(seq) == "Commit"
            at_one = [pair async for pair in killed.pairs(stream, version=seq)]
            assert at_one == [pair async for pair in calm.pairs(stream, version=seq)]
        here = {pair.key: pair.data async for pair in killed.pairs(stream)}
        wanted = {key: value for key, value in expected.items() if value}
        wrong = [key for key in here.keys() | wanted.keys() if here.get(key) != wanted.get(key)]
        assert not wrong

"""The official storage clients, unmodified, against two shards of two replicas each behind an indexer, and against each other.

Every client stores files of every size that is special to the layout, through the indexer and directly; then every client, and
ours, reads what every other one stored. The clients wait whole seconds between their questions, so they run side by side.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.conftest import Zerog
from tests.e2e.official_clients import CLIENTS, Client, Net, Result, Step, go_client
from tests.unit.storage.harness import pattern

from zerog.sdk.storage import open_storage
from zerog.storage.crypt import public_key
from zerog.storage.layout import FileTree

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

SEGMENT = 262_144
SIZES = [1, 256, SEGMENT, SEGMENT + 1, 10 << 20]
CROSS_SIZES = [1, SEGMENT + 1, 10 << 20]
KEY = "ab" * 32
OURS = "ours"
# What clients print when an answer of ours is not the one that they want at the first attempt.
TROUBLE = ("non-fatal", "Retrying in", "retrying", "Direct upload", "attempt 2", "Non-retryable")


@dataclass(frozen=True)
class Stored:
    """A file in the network and what was put in."""

    by: str
    root: str
    data: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()


@dataclass
class Farm:
    zerog: Zerog
    status: dict[str, Any]
    pool: ThreadPoolExecutor
    home: Path
    uploads: dict[str, Future[list[Stored]]] = field(default_factory=dict)

    def net(self, client: Client) -> Net:
        """Each client pays from an account of its own."""
        account, storage = self.status["accounts"][2 + CLIENTS.index(client)], self.status["storage"]
        # Every second node: one replica of each shard.
        return Net(self.status["rpc_url"], storage["indexer"], storage["nodes"][::2], account["private_key"])

    def ours(self, command: str, *arguments: str) -> dict[str, object]:
        done: dict[str, object] = self.zerog.json(
            "storage", command, *arguments, "--indexer", self.status["storage"]["indexer"]
        )
        return done


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """A local network as ``zerog devnet up`` makes it; the clients begin to upload at once."""
    home = tmp_path_factory.mktemp("farm")
    zerog = Zerog(home / "devnet")
    # Without epochs: some clients send with exactly the gas that they were told; the end of an epoch makes it too little.
    ports = ("--rpc-port", "0", "--ws-port", "0", "--block-ms", "100")
    status = zerog.json("devnet", "up", "--detach", *ports, "--no-miner", "--no-da", "--no-compute")
    try:
        with ThreadPoolExecutor(len(CLIENTS) + 1) as pool:
            made = Farm(zerog, status, pool, home)
            for client in sorted(CLIENTS, key=lambda client: client.sets_gas):
                made.uploads[client.name] = pool.submit(upload_all, made, client)
                if not client.sets_gas:
                    wait([made.uploads[client.name]], 300)
            made.uploads[OURS] = pool.submit(upload_ours, made)
            yield made
    finally:
        zerog.run("devnet", "down")


def upload_all(farm: Farm, client: Client) -> list[Stored]:
    """Every size through the indexer and directly, one more in two replicas."""
    where = farm.home / client.name
    where.mkdir()
    salt = 100 * (1 + CLIENTS.index(client))
    files = [(size, via, 1) for via in ("indexer", "direct") for size in SIZES] + [(3 * SEGMENT + 300, "indexer", 2)]
    steps: list[Step] = []
    contents = []
    for number, (size, via, replicas) in enumerate(files):
        contents.append(pattern(size, salt + number))
        path = where / f"in-{number}"
        path.write_bytes(contents[-1])
        # Others submit meanwhile, and what a submission costs depends on the one before it: an estimate may not hold.
        steps.append({"do": "upload", "path": str(path), "via": via, "replicas": replicas, "gas": 1_000_000})
    results, printed = client.run(where, farm.net(client), steps)
    assert not [one for one in results if "error" in one], f"{results}\n{printed[-6000:]}"
    for trouble in TROUBLE:
        assert trouble not in printed, printed[-6000:]
    return [Stored(client.name, one["root"], data) for one, data in zip(results, contents, strict=True)]


def upload_ours(farm: Farm) -> list[Stored]:
    where = farm.home / OURS
    where.mkdir()
    stored = []
    for number, size in enumerate(CROSS_SIZES):
        data = pattern(size, 900 + number)
        (where / f"in-{number}").write_bytes(data)
        stored.append(Stored(OURS, str(farm.ours("upload", str(where / f"in-{number}"))["root"]), data))
    return stored


def errors(results: list[Result]) -> list[str]:
    return [one["error"] for one in results if "error" in one]


@pytest.mark.parametrize("client", CLIENTS, ids=str)
def test_files_of_every_size_there_and_back(farm: Farm, client: Client, tmp_path: Path) -> None:
    stored = farm.uploads[client.name].result(300)
    for one in stored:
        assert one.root == "0x" + FileTree.from_buffer(one.data).root.hex()
    count = len(SIZES)
    # Every size each way; what went in through the indexer comes back directly as well, what went in directly through it.
    ways = [("indexer", True, stored[:count]), ("direct", True, stored[:count]), ("direct", False, stored[count:])]
    ways += [("indexer", False, stored[count:]), ("direct", True, stored[2 * count :])]
    wanted = [(via, proof, one) for via, proof, files in ways for one in files]
    steps: list[Step] = [
        {"do": "download", "root": one.root, "path": str(tmp_path / str(number)), "via": via, "proof": proof}
        for number, (via, proof, one) in enumerate(wanted)
    ]
    results, printed = client.run(tmp_path, farm.net(client), steps)
    assert not errors(results), printed[-6000:]
    assert [one["sha256"] for one in results] == [one.sha256 for _, _, one in wanted]


@pytest.mark.parametrize("client", CLIENTS, ids=str)
def test_everybody_reads_what_everybody_stored(farm: Farm, client: Client, tmp_path: Path) -> None:
    wanted = [
        one
        for by, done in farm.uploads.items()
        if by != client.name
        for one in done.result(300)[: len(SIZES)]
        if len(one.data) in CROSS_SIZES
    ]  # fmt: skip
    assert {one.by for one in wanted} == {OURS, *(other.name for other in CLIENTS if other is not client)}
    steps: list[Step] = [
        {"do": "download", "root": one.root, "path": str(tmp_path / f"out-{number}"), "via": "indexer", "proof": True}
        for number, one in enumerate(wanted)
    ]
    results, printed = client.run(tmp_path, farm.net(client), steps)
    assert not errors(results), printed[-6000:]
    assert [one["sha256"] for one in results] == [one.sha256 for one in wanted]


def test_we_read_what_everybody_stored(farm: Farm, tmp_path: Path) -> None:
    stored = [one for client in CLIENTS for one in farm.uploads[client.name].result(300)[2:4]]

    async def read() -> None:
        async with open_storage(indexer=farm.status["storage"]["indexer"]) as storage:
            for number, one in enumerate(stored):
                await storage.download(bytes.fromhex(one.root[2:]), tmp_path / str(number))

    asyncio.run(read())
    for number, one in enumerate(stored):
        assert (tmp_path / str(number)).read_bytes() == one.data, one.by
    # The network has it, so nothing is paid; and the command line reads it as well.
    theirs = stored[1]
    assert farm.ours("upload", str(farm.home / theirs.by / "in-3"))["paid"] is False
    farm.ours("download", str(tmp_path / "out"), "--root", theirs.root)
    assert (tmp_path / "out").read_bytes() == theirs.data


def test_streams_of_the_go_client(farm: Farm, tmp_path: Path) -> None:
    """A batch of keys written by the Go client, read by it and by us."""
    go = next(client for client in CLIENTS if client.name.startswith("go"))
    farm.uploads[go.name].result(300)
    net, kv, stream = farm.net(go), farm.status["storage"]["kv"], "0x" + "00" * 30 + "60c1"
    told = ["--stream-id", stream, "--stream-keys", "first,second"]
    code, printed = go_client(
        tmp_path, "kv-write", *told, "--stream-values", "one,two", "--url", net.rpc, "--key", net.key, "--indexer", net.indexer,
        "--finality-required", "--timeout", "100s",
    )  # fmt: skip
    assert code == 0, printed
    ends = time.monotonic() + 60
    while True:
        code, printed = go_client(tmp_path, "kv-read", *told, "--node", kv)
        assert code == 0, printed
        if '"second":"two"' in printed:
            break
        assert time.monotonic() < ends, printed
        time.sleep(0.2)
    assert '{"first":"one","second":"two"}' in printed
    read = farm.zerog.json(
        "storage", "kv-read", "--stream-id", stream, "--stream-keys", "first", "--stream-keys", "second", "--node", kv
    )  # fmt: skip
    assert [bytes.fromhex(one["value"][2:]) for one in read] == [b"one", b"two"]


@pytest.mark.parametrize("client", CLIENTS, ids=str)
def test_empty_files_are_refused_and_unknown_roots_are_not_found(farm: Farm, client: Client, tmp_path: Path) -> None:
    farm.uploads[client.name].result(300)
    (tmp_path / "empty").touch()
    steps: list[Step] = [
        {"do": "upload", "path": str(tmp_path / "empty"), "via": "indexer"},
        {"do": "upload", "path": str(tmp_path / "empty"), "via": "direct"},
        {"do": "download", "root": "0x" + "11" * 32, "path": str(tmp_path / "out"), "via": "indexer", "proof": True},
        {"do": "download", "root": "0x" + "11" * 32, "path": str(tmp_path / "out"), "via": "direct", "proof": True},
    ]
    results, _ = client.run(tmp_path, farm.net(client), steps)
    told = errors(results)
    assert len(told) == 4, results
    assert all(client.empty in words.lower() for words in told[:2]), told
    assert not (tmp_path / "out").exists()


def test_encryption_is_one_language(farm: Farm, tmp_path: Path) -> None:
    """Who encrypts, with a key or for an account, is read by everybody else who can decrypt."""
    data = pattern(SEGMENT + 5000, 77)
    source = tmp_path / "in"
    source.write_bytes(data)
    (tmp_path / "key").write_text(KEY)
    (tmp_path / "key").chmod(0o600)
    account = farm.status["accounts"][9]
    secret = account["private_key"]
    recipient = public_key(bytes.fromhex(secret[2:])).hex()
    stored: list[tuple[str, str, str]] = []
    for client in CLIENTS:
        if not client.encrypts:
            continue
        farm.uploads[client.name].result(300)
        where = tmp_path / client.name
        where.mkdir()
        results, printed = client.run(
            where,
            farm.net(client),
            [
                {"do": "upload", "path": str(source), "via": "indexer", "encryptKey": KEY},
                {"do": "upload", "path": str(source), "via": "indexer", "encryptFor": "0x" + recipient},
            ],
        )
        assert not errors(results), printed[-4000:]
        stored += [(client.name, kind, one["root"]) for kind, one in zip(("key", "secret"), results, strict=True)]
    for kind, flags in (("key", ["--encryption-key", str(tmp_path / "key")]), ("secret", ["--recipient", "0x" + recipient])):
        stored.append((OURS, kind, str(farm.ours("upload", str(source), *flags)["root"])))
    for client in CLIENTS:
        if not client.decrypts:
            continue
        where = tmp_path / f"{client.name}-reads"
        where.mkdir()
        others = [(kind, root) for by, kind, root in stored if by != client.name]
        steps: list[Step] = [
            {"do": "download", "root": root, "path": str(where / f"out-{number}"), "via": "indexer"}
            | ({"decryptKey": KEY} if kind == "key" else {"decryptSecret": secret})
            for number, (kind, root) in enumerate(others)
        ]
        results, printed = client.run(where, farm.net(client), steps)
        assert not errors(results), printed[-4000:]
        assert {one["sha256"] for one in results} == {hashlib.sha256(data).hexdigest()}
    for number, (by, kind, root) in enumerate(stored):
        if by != OURS:
            out = tmp_path / f"ours-{number}"
            flags = ["--encryption-key", str(tmp_path / "key")] if kind == "key" else ["--decrypt", "--from", "9"]
            farm.ours("download", str(out), "--root", root, *flags)
            assert out.read_bytes() == data, (by, kind)


def test_directories_of_the_go_client(farm: Farm, tmp_path: Path) -> None:
    go = next(client for client in CLIENTS if client.name.startswith("go"))
    farm.uploads[go.name].result(300)
    net = farm.net(go)
    top = tmp_path / "top"
    (top / "sub").mkdir(parents=True)
    (top / "a.txt").write_bytes(pattern(1000, 31))
    (top / "sub" / "b.bin").write_bytes(pattern(2 * SEGMENT + 1, 32))
    (top / "sub" / "empty").touch()
    (top / "sub" / "link").symlink_to("../a.txt")
    code, told = go_client(
        tmp_path, "upload-dir", "--url", net.rpc, "--key", net.key, "--file", str(top), "--indexer", net.indexer,
        "--finality-required", "--timeout", "200s",
    )  # fmt: skip
    assert code == 0, told
    found = re.search(r'rootHash="?(0x[0-9a-f]{64})', told)
    assert found is not None, told
    root = found[1]
    code, told = go_client(tmp_path, "download-dir", "--file", str(tmp_path / "back"), "--root", root, "--indexer", net.indexer)
    assert code == 0, told
    assert farm.ours("download-dir", str(tmp_path / "ours"), "--root", root)["files"] == 3
    for copy in (tmp_path / "back", tmp_path / "ours"):
        for name in ("a.txt", "sub/b.bin", "sub/empty"):
            assert (copy / name).read_bytes() == (top / name).read_bytes()
        assert (copy / "sub" / "link").read_bytes() == pattern(1000, 31)
    code, told = go_client(tmp_path, "diff-dir", "--file", str(top), "--root", root, "--indexer", net.indexer)
    assert code == 0, told
    assert "sub" in told
    # By us the same directory is the same file. Another one of ours, with names that JSON of Go escapes, comes back by the Go
    # client, which finds it equal to what is on the disk.
    same = farm.ours("upload-dir", str(top))
    assert (same["root"], same["transactions"]) == (root, 0)
    (top / "x<&>y").write_bytes(pattern(300, 33))
    mine = str(farm.ours("upload-dir", str(top))["root"])
    code, back = go_client(tmp_path, "download-dir", "--file", str(tmp_path / "mine"), "--root", mine, "--indexer", net.indexer)
    assert code == 0, back
    for name in ("a.txt", "sub/b.bin", "sub/empty", "x<&>y"):
        assert (tmp_path / "mine" / name).read_bytes() == (top / name).read_bytes()
    assert os.readlink(tmp_path / "mine" / "sub" / "link") == "../a.txt"
    code, told = go_client(tmp_path, "diff-dir", "--file", str(top), "--root", mine, "--indexer", net.indexer)
    assert code == 0, told
    (top / "a.txt").write_bytes(b"changed")
    code, changed = go_client(tmp_path, "diff-dir", "--file", str(top), "--root", mine, "--indexer", net.indexer)
    assert code == 0, changed
    assert changed != told


# The others take a minute each, nearly all of it their own work: ZEROG_EVERY_CLIENT=1 runs them as well.
HUNDRED = CLIENTS if os.environ.get("ZEROG_EVERY_CLIENT") else CLIENTS[-1:]


@pytest.mark.slow
@pytest.mark.parametrize("client", HUNDRED, ids=str)
def test_a_hundred_mebibytes(farm: Farm, client: Client, tmp_path: Path) -> None:
    farm.uploads[client.name].result(300)
    data = pattern(100 << 20, 5000 + CLIENTS.index(client))
    (tmp_path / "in").write_bytes(data)
    net, out = farm.net(client), str(tmp_path / "out")
    results, printed = client.run(tmp_path, net, [{"do": "upload", "path": str(tmp_path / "in"), "via": "indexer"}])
    assert not errors(results), printed[-4000:]
    back: list[Step] = [{"do": "download", "root": results[0]["root"], "path": out, "via": "indexer", "proof": True}]
    results, printed = client.run(tmp_path, net, back)
    assert not errors(results), printed[-4000:]
    assert results[0]["sha256"] == hashlib.sha256(data).hexdigest()

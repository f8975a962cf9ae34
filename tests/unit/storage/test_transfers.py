"""storage.client and sdk.storage over real nodes on a simulated chain: stored once, paid once, back as they went in."""

from __future__ import annotations

import io
import os
import stat
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.unit.storage.harness import CHAIN_ID, Running, SimulatedEth, pattern, running

from zerog.contracts.flow import SubmissionData
from zerog.errors import Conflict, InvalidInput, NotFound, Unauthorized, Unavailable
from zerog.sdk.files import file_root
from zerog.sdk.storage import Encryption, Storage
from zerog.storage import crypt, directory
from zerog.storage.client import StorageClient
from zerog.storage.directory import Entry
from zerog.storage.layout import SEGMENT, FileTree
from zerog.storage.remote import Remote
from zerog.storage.stream_blob import StreamBlob, Write
from zerog.storage.uploads import Resume, UploadOptions

pytestmark = pytest.mark.slow  # whole nodes live and die in these: `make test` stays under a minute without

QUICK = UploadOptions(timeout_s=20)


def names(path: Path) -> set[str]:
    return {item.name for item in path.iterdir()}


class MiningPayer:
    """Puts files into the simulated chain's next block and counts what that cost."""

    def __init__(self, eth: SimulatedEth, chain_id: int = CHAIN_ID) -> None:
        self.eth, self.id = eth, chain_id
        self.files: list[SubmissionData] = []
        self.transactions: dict[bytes, dict[bytes, int]] = {}
        self.crash_after_sending = False

    async def chain_id(self) -> int:
        return self.id

    async def submit(
        self, flow: bytes, files: Sequence[SubmissionData], sent: Callable[[bytes], None]
    ) -> tuple[bytes, list[int]]:
        for file in files:
            file.check()
        hash = len(self.transactions).to_bytes(32, "big")
        first = self.eth.tree.submission_count
        sent(hash)
        self.eth.mine(*files)
        self.files += files
        seqs = list(range(first, first + len(files)))
        self.transactions[hash] = {file.file_root: seq for file, seq in zip(files, seqs, strict=True)}
        if self.crash_after_sending:
            raise KeyboardInterrupt
        return hash, seqs

    async def outcome(self, flow: bytes, hash: bytes) -> dict[bytes, int] | None:
        return self.transactions.get(hash)


@pytest.fixture
async def remote() -> AsyncIterator[Remote]:
    async with Remote(timeout_s=10, pause_s=0.01) as opened:
        yield opened


@pytest.fixture
def payer(eth: SimulatedEth) -> MiningPayer:
    return MiningPayer(eth)


def storage_over(remote: Remote, payer: MiningPayer | None, *nodes: Running, state: Path | None = None) -> Storage:
    return Storage(StorageClient(remote, nodes=[node.endpoints.rpc_url for node in nodes]), remote, payer, state)


@pytest.fixture
def storage(remote: Remote, payer: MiningPayer, node: Running) -> Storage:
    return storage_over(remote, payer, node)


@pytest.mark.parametrize("size", [1, 256, 300, 4352, SEGMENT, SEGMENT + 1, 5 * SEGMENT + 77])
@pytest.mark.parametrize("fast", [True, False])
async def test_there_and_back(storage: Storage, payer: MiningPayer, tmp_path: Path, size: int, fast: bool) -> None:
    data = pattern(size)
    (tmp_path / "in").write_bytes(data)
    told: list[tuple[int, int]] = []
    done = await storage.upload(
        tmp_path / "in", options=UploadOptions(timeout_s=20, fast=fast), progress=lambda *at: told.append(at)
    )
    assert done.roots == (FileTree.from_buffer(data).root,)
    assert done.paid
    assert told[-1] == (size, size)
    assert await storage.download(done.roots[0], tmp_path / "out") == size
    assert (tmp_path / "out").read_bytes() == data
    assert stat.S_IMODE((tmp_path / "out").stat().st_mode) == 0o600
    assert names(tmp_path) == {"in", "out", "node"}
    assert len(payer.files) == 1


async def test_the_same_again_costs_nothing(storage: Storage, payer: MiningPayer) -> None:
    first = await storage.upload(pattern(3000), options=QUICK)
    again = await storage.upload(pattern(3000), options=QUICK)
    assert (first.paid, again.paid, len(payer.files)) == (True, False, 1)
    await storage.upload(pattern(3000), options=UploadOptions(skip_known=False, timeout_s=20))
    assert len(payer.files) == 2


async def test_a_file_in_the_log_needs_no_payer(storage: Storage, eth: SimulatedEth, remote: Remote, node: Running) -> None:
    data = pattern(2 * SEGMENT + 5)
    eth.submit(data)
    await node.synced(0)
    done = await storage_over(remote, None, node).upload(data, options=QUICK)
    assert not done.paid
    with pytest.raises(Conflict, match="nobody pays"):
        await storage_over(remote, None, node).upload(b"another", options=QUICK)


async def test_a_stream(storage: Storage, tmp_path: Path) -> None:
    data = pattern(700_001)
    done = await storage.upload(io.BytesIO(data), options=QUICK)
    assert await storage.read(done.roots) == data
    assert file_root(io.BytesIO(data)) == [done.roots[0]]


async def test_several_in_one_transaction_and_twice_the_same(storage: Storage, payer: MiningPayer) -> None:
    files = [pattern(size, size) for size in (10, 300, 5000)] + [pattern(300, 300)]
    stored = await storage.client.upload(files, payer, QUICK)
    assert [one.root for one in stored] == [FileTree.from_buffer(data).root for data in files]
    assert len(payer.transactions) == 1
    assert len(payer.files) == 3
    for one, data in zip(stored, files, strict=True):
        assert await storage.read(one.root) == data


async def test_fragments(storage: Storage, payer: MiningPayer, tmp_path: Path) -> None:
    data = pattern(3 * SEGMENT + 999)
    done = await storage.upload(data, options=QUICK, fragment_size=SEGMENT - 1)
    assert len(done.roots) == 4
    assert list(done.roots) == file_root(data, fragment_size=SEGMENT)
    assert len(payer.transactions) == 1
    assert await storage.download(done.roots, tmp_path / "out") == len(data)
    assert (tmp_path / "out").read_bytes() == data
    assert await storage.read(done.roots[::-1]) != data


@pytest.mark.parametrize("version", [1, 2])
async def test_encrypted_over_fragments(storage: Storage, tmp_path: Path, version: int) -> None:
    data, secret = pattern(2 * SEGMENT + 31), b"\5" * 32
    encryption = Encryption(key=b"\7" * 32) if version == 1 else Encryption(recipient=crypt.public_key(secret))
    done = await storage.upload(data, options=QUICK, encryption=encryption, fragment_size=SEGMENT)
    assert len(done.roots) == 3
    raw = await storage.read(done.roots)
    assert raw[0] == version
    assert data[:64] not in raw
    right = crypt.Keys(common=b"\7" * 32) if version == 1 else crypt.Keys(secret=secret)
    assert await storage.read(done.roots, keys=right) == data
    wrong = crypt.Keys(common=b"\6" * 32) if version == 1 else crypt.Keys(secret=b"\6" * 32)
    assert await storage.read(done.roots, keys=wrong) != data
    with pytest.raises(Unauthorized):
        await storage.download(done.roots, tmp_path / "out", keys=crypt.Keys())
    assert not (tmp_path / "out").exists()


async def test_decrypting_what_is_not_encrypted(storage: Storage, tmp_path: Path) -> None:
    done = await storage.upload(b"plain text", options=QUICK)
    with pytest.raises(InvalidInput, match="not encrypted"):
        await storage.download(done.roots, tmp_path / "out", keys=crypt.Keys(common=bytes(32)))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("encrypted", [False, True])
async def test_a_crash_after_sending_is_not_paid_twice(
    remote: Remote, payer: MiningPayer, node: Running, tmp_path: Path, encrypted: bool
) -> None:
    encryption = Encryption(key=b"\1" * 32) if encrypted else None
    data, state = pattern(3 * SEGMENT), tmp_path / "state"
    payer.crash_after_sending = True
    with pytest.raises(KeyboardInterrupt):
        await storage_over(remote, payer, node, state=state).upload(data, encryption=encryption, options=QUICK)
    (kept,) = state.iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    payer.crash_after_sending = False
    # As if the nodes did not know the file yet: only the state file speaks of the transaction.
    options = UploadOptions(skip_known=False, timeout_s=20)
    done = await storage_over(remote, payer, node, state=state).upload(data, encryption=encryption, options=options)
    assert len(payer.files) == 1
    keys = crypt.Keys(common=b"\1" * 32) if encrypted else None
    assert await storage_over(remote, None, node).read(done.roots, keys=keys) == data
    assert list(state.iterdir()) == []


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"version": 2, "transactions": {}}', '{"version": 1, "transactions": {"a": "b"}}']
)
def test_state_files_that_are_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "state").write_text(text)
    with pytest.raises(InvalidInput, match="no state"):
        Resume(tmp_path / "state")


async def test_nothing_is_paid_when_it_cannot_work(
    remote: Remote, eth: SimulatedEth, node: Running, payer: MiningPayer
) -> None:
    with pytest.raises(Unavailable, match="fewer replicas"):
        await storage_over(remote, payer, node).upload(b"x", options=UploadOptions(replicas=2))
    with pytest.raises(Conflict, match="chain"):
        await storage_over(remote, MiningPayer(eth, 1), node).upload(b"x", options=QUICK)
    with pytest.raises(InvalidInput, match="empty"):
        await storage_over(remote, payer, node).upload(b"", options=QUICK)
    dead = Storage(StorageClient(remote, nodes=["http://127.0.0.1:9"]), remote, payer)
    with pytest.raises(Unavailable, match="no storage node answers"):
        await dead.upload(b"x", options=QUICK)
    assert payer.files == []


async def test_shards_together_hold_the_file(tmp_path: Path, eth: SimulatedEth, remote: Remote, payer: MiningPayer) -> None:
    data = pattern(5 * SEGMENT + 3)
    async with AsyncExitStack() as stack:
        halves = [
            await stack.enter_async_context(running(tmp_path / f"n{i}", eth, **{"storage.shard": f"{i}/2"})) for i in range(2)
        ]
        whole = await stack.enter_async_context(running(tmp_path / "whole", eth))
        done = await storage_over(remote, payer, *halves).upload(data, options=QUICK)
        assert len(done.stored[0].nodes) == 2
        assert await storage_over(remote, None, *halves).read(done.roots) == data
        with pytest.raises(Unavailable, match="nobody that answers has segment"):
            await storage_over(remote, None, halves[0]).read(done.roots)
        with pytest.raises(Unavailable, match=r"missing are \(shard/of\) 1/2"):
            await storage_over(remote, payer, halves[0]).upload(b"x", options=QUICK)
        two = await storage_over(remote, payer, *halves, whole).upload(
            pattern(2 * SEGMENT, 9), options=UploadOptions(replicas=2, timeout_s=20)
        )
        assert len(two.stored[0].nodes) == 3
        assert await storage_over(remote, None, whole).read(two.roots) == pattern(2 * SEGMENT, 9)
        assert await storage_over(remote, None, *halves).read(two.roots) == pattern(2 * SEGMENT, 9)


async def test_unknown_and_unfinished(storage: Storage, eth: SimulatedEth, node: Running, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no storage node knows"):
        await storage.download(b"\1" * 32, tmp_path / "out")
    tree = eth.submit(pattern(2 * SEGMENT))
    await node.synced(0)
    with pytest.raises(Unavailable, match="0 of 2 segments"):
        await storage.download(tree.root, tmp_path / "out")
    assert names(tmp_path) == {"node"}


async def test_what_is_there_is_not_replaced(storage: Storage, tmp_path: Path) -> None:
    done = await storage.upload(b"new", options=QUICK)
    (tmp_path / "out").write_bytes(b"old")
    with pytest.raises(Conflict, match="--overwrite"):
        await storage.download(done.roots, tmp_path / "out")
    assert (tmp_path / "out").read_bytes() == b"old"
    await storage.download(done.roots, tmp_path / "out", overwrite=True)
    assert (tmp_path / "out").read_bytes() == b"new"
    with pytest.raises(Conflict, match="exists already"):
        await storage.download(done.roots, tmp_path, overwrite=True)
    with pytest.raises(InvalidInput, match="no directory"):
        await storage.download(done.roots, tmp_path / "none" / "out")
    # Not through a link either: neither a working file nor a target is followed.
    (tmp_path / "link").symlink_to(tmp_path / "victim")
    with pytest.raises(Conflict):
        await storage.download(done.roots, tmp_path / "link")
    (tmp_path / f".zerog-{done.roots[0].hex()}.part").symlink_to(tmp_path / "victim")
    with pytest.raises(Conflict, match="not a plain file"):
        await storage.download(done.roots, tmp_path / "fresh")
    assert not (tmp_path / "victim").exists()


def make_tree(top: Path) -> None:
    (top / "sub" / "deeper").mkdir(parents=True)
    (top / "empty-directory").mkdir()
    (top / "empty").touch()
    for number in range(12):
        (top / f"f{number}").write_bytes(pattern(100 * number + 1, number))
    (top / "sub" / "big").write_bytes(pattern(SEGMENT + 9))
    (top / "sub" / "deeper" / "same").write_bytes(pattern(1, 0))
    (top / "sub" / "up").symlink_to("../f1")


def listing(top: Path) -> dict[str, Any]:
    return {
        str(path.relative_to(top)): os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        for path in sorted(top.rglob("*"))
    }


async def test_a_directory(remote: Remote, payer: MiningPayer, node: Running, tmp_path: Path) -> None:
    top = tmp_path / "top"
    make_tree(top)
    storage = storage_over(remote, payer, node, state=tmp_path / "state")
    done = await storage.upload_directory(top, options=QUICK)
    assert (done.files, done.paid_transactions) == (15, 3)  # ten, four of which one twice, metadata
    assert await storage.download_directory(done.root, tmp_path / "back") == 15
    assert listing(tmp_path / "back") == listing(top)
    assert not any(name.startswith(".zerog") for name in names(tmp_path))
    paid = len(payer.files)
    assert (await storage.upload_directory(top, options=QUICK)).root == done.root
    assert len(payer.files) == paid
    with pytest.raises(Conflict, match="exists already"):
        await storage.download_directory(done.root, tmp_path / "back")
    with pytest.raises(InvalidInput, match="root that of a directory"):
        await storage.download_directory(FileTree.from_buffer(pattern(1, 0)).root, tmp_path / "other")


async def test_a_directory_goes_on_where_it_was(storage: Storage, tmp_path: Path) -> None:
    top = tmp_path / "top"
    make_tree(top)
    done = await storage.upload_directory(top, options=QUICK)
    working = tmp_path / f".zerog-{done.root.hex()}.dir"
    working.mkdir(mode=0o700)
    (working / "f1").write_bytes((top / "f1").read_bytes())
    (working / "f2").write_bytes(b"\0" * (top / "f2").stat().st_size)
    (working / "f3").symlink_to(tmp_path / "victim")
    await storage.download_directory(done.root, tmp_path / "back")
    assert listing(tmp_path / "back") == listing(top)
    assert not (tmp_path / "victim").exists()


NAMES = ["../out", "..", "/etc/out", "a/../../out", "..\\out", "", ".", "a/b", "nul\0", "C:out"]
LINKS = ["/etc/passwd", "../out", "a/../../out", ".."]


@pytest.mark.parametrize("name", NAMES)
async def test_a_directory_that_would_write_elsewhere(storage: Storage, tmp_path: Path, name: str) -> None:
    file = await storage.upload(b"payload", options=QUICK)
    top = Entry("d", "directory", entries=(Entry("fine", "file", file.roots, 7), Entry(name, "file", file.roots, 7)))
    await refused_directory(storage, tmp_path, top)


@pytest.mark.parametrize("link", LINKS)
async def test_a_directory_whose_link_leads_out(storage: Storage, tmp_path: Path, link: str) -> None:
    await refused_directory(storage, tmp_path, Entry("d", "directory", entries=(Entry("l", "symbolic", link=link),)))


async def refused_directory(storage: Storage, tmp_path: Path, top: Entry) -> None:
    (tmp_path / "place").mkdir()
    metadata = await storage.upload(directory.encode(top), options=QUICK)
    with pytest.raises(InvalidInput):
        await storage.download_directory(metadata.roots[0], tmp_path / "place" / "target")
    assert names(tmp_path) == {"node", "place"}
    assert list((tmp_path / "place").iterdir()) == []


async def test_stream_writes_are_paid_each_time(storage: Storage, payer: MiningPayer) -> None:
    blob = StreamBlob([Write(b"\2" * 32, b"key", b"value")])
    done = await storage.kv_write(blob, options=QUICK)
    await storage.kv_write(blob, options=QUICK)
    assert [file.tags for file in payer.files] == [blob.tags] * 2
    assert await storage.read(done.roots) == blob.encode()


async def test_looking(storage: Storage, node: Running) -> None:
    done = await storage.upload(pattern(500), options=QUICK)
    ((url, status),) = await storage.status()
    assert url == node.endpoints.rpc_url
    assert status.to_json()["chain_id"] == CHAIN_ID  # type: ignore[union-attr]
    ((_, info),) = await storage.info(done.roots[0])
    assert info.to_json()["finalized"]  # type: ignore[union-attr]
    assert (await storage.info(b"\3" * 32))[0][1] is None

"""The disperser as a process among real others: kill -9 and start again, the command line, gRPC's own services, its end."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import grpc
import pytest
from tests.unit.chain import node_kit
from tests.unit.da import da_kit, network_kit
from tests.unit.da.test_batcher import root_of

from zerog.da import packing, params
from zerog.errors import Conflict, InvalidInput, NotFound
from zerog.sdk.da import BlobStatus, Da, Refused

pytestmark = pytest.mark.slow


@dataclass
class Process:
    """A disperser process and where it answers."""

    process: asyncio.subprocess.Process
    address: str
    metrics_url: str

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()


def settings(net: network_kit.Network, home: Path) -> dict[str, object]:
    """What the process is told; its key and parameters are made when they are not there."""
    key = home / "payer.key"
    if not key.exists():
        home.mkdir(parents=True, exist_ok=True)
        key.touch(mode=0o600)
        key.write_text(node_kit.KEYS[network_kit.PAYER].hex())
        params.write_dev(home / "params", da_kit.SMALL, tau=network_kit.TAU)
    return {
        "da.disperser.home": home / "disperser", "da.disperser.key_file": key, "da.disperser.port": 0,
        "da.disperser.encoders": net.encoders[0], "da.disperser.batch_wait_ms": 50, "da.disperser.commit_wait_ms": 50,
        "da.disperser.finalize_poll_ms": 50, "da.disperser.free_bytes_min": 0, "da.disperser.abandon_s": 2,
        "da.disperser.pack_wait_ms": 50,
        "da.chain.endpoint": net.node.endpoints.http_url, "da.chain.poll_ms": 50,
        "da.params.directory": home / "params", "da.params.allow_insecure": "true", "metrics.port": 0,
    }  # fmt: skip


async def start(net: network_kit.Network, home: Path) -> Process:
    ready = home / "ready.json"
    told = [part for key, value in settings(net, home).items() for part in ("--set", f"{key}={value}")]
    ready.unlink(missing_ok=True)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "zerog.da.disperser.service", "--ready-file", str(ready), *told
    )
    async with asyncio.timeout(60):
        while not ready.exists() and process.returncode is None:  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.02)
    assert process.returncode is None
    found = json.loads(ready.read_text())
    return Process(process, found["address"], found["metrics_url"])


@asynccontextmanager
async def running(net: network_kit.Network, home: Path) -> AsyncIterator[Process]:
    made = await start(net, home)
    try:
        yield made
    finally:
        if made.process.returncode is None:
            await made.kill()


async def zerog(*arguments: str, given: bytes = b"") -> tuple[int, str, str]:
    """The command line as a user runs it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "zerog", *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, error = await asyncio.wait_for(process.communicate(given), 60)
    return int(process.returncode or 0), out.decode(), error.decode()


def test_killed_while_blobs_are_on_their_way(tmp_path: Path, seed: int) -> None:
    async def work() -> None:
        rng = random.Random(seed)
        async with network_kit.network(tmp_path / "chain") as net:
            blobs: list[bytes] = []
            ids: list[bytes] = []
            for _ in range(6):
                async with running(net, tmp_path) as up:
                    async with Da(up.address) as da:
                        for _ in range(2):
                            blobs.append(rng.randbytes(20))
                            ids.append(await da.disperse(blobs[-1]))
                    await asyncio.sleep(rng.uniform(0, 0.6))
                    await up.kill()
            async with running(net, tmp_path) as up, Da(up.address) as da:
                for data, request_id in zip(blobs, ids, strict=True):
                    record = await da.wait(request_id, timeout_s=60)
                    assert record.data_root == root_of(data)
                    assert await da.retrieve(record) == data
            assert sorted(await net.paid()) == sorted(root_of(data) for data in blobs)
            assert sorted(await net.recorded()) == sorted(root_of(data) for data in blobs)

    asyncio.run(work())


def test_the_command_line_and_the_library(tmp_path: Path) -> None:
    async def work() -> None:
        async with network_kit.network(tmp_path / "chain") as net, running(net, tmp_path) as up:
            to = ("--disperser", up.address)
            code, out, error = await zerog("da", "disperse", "-", "--json", *to, given=b"from a pipe")
            assert (code, error) == (0, "")
            found = json.loads(out)
            assert (found["status"], found["size_bytes"]) == ("finalized", 11)
            assert found["storage_root"] == "0x" + root_of(b"from a pipe").hex()
            file = tmp_path / "blob"
            file.write_bytes(b"from a file")
            code, out, _ = await zerog("da", "disperse", str(file), "--until", "processing", *to)
            assert code == 0
            request_id = dict(line.split(maxsplit=1) for line in out.splitlines())["request_id"]
            assert (await zerog("da", "status", request_id, *to))[0] == 0
            for arguments, wanted in (
                (("da", "disperse", str(tmp_path / "none"), *to), 1),
                (("da", "disperse", "-", *to), 2),
                (("da", "disperse", str(file), "--until", "doomsday", *to), 2),
                (("da", "status", "nonsense", *to), 1),
                (("da", "status", request_id, "--disperser", "127.0.0.1:1"), 3),
            ):
                code, out, error = await zerog(*arguments)
                assert (code, out) == (wanted, ""), arguments
                assert error.startswith("error: ")
            await _library(up)
            await _own_services(up)
            up.process.send_signal(signal.SIGTERM)
            assert await asyncio.wait_for(up.process.wait(), 20) == 0
            with pytest.raises(AssertionError):
                await start(net, _with_another_key(tmp_path))

    asyncio.run(work())


def test_a_terminal_sees_the_stages(tmp_path: Path) -> None:
    async def work() -> None:
        async with network_kit.network(tmp_path / "chain") as net, running(net, tmp_path) as up:

            async def slow(request: Any, reply: Any) -> Any:
                await asyncio.sleep(2)
                return reply

            for one in net.signers:
                one.lie = slow
            file = tmp_path / "blob"
            file.write_bytes(b"shown")
            ours, theirs = os.openpty()
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "zerog", "da", "disperse", str(file), "--disperser", up.address,
                stdout=asyncio.subprocess.PIPE, stderr=theirs, env={**os.environ, "TERM": "xterm", "COLUMNS": "120"},
            )  # fmt: skip
            os.close(theirs)
            seen = await asyncio.to_thread(_drained, ours)
            out, _ = await asyncio.wait_for(process.communicate(), 30)
            assert process.returncode == 0
            assert b"finalized" in out
            assert seen.index("request id") < seen.index("processing")
            assert "/3" in seen

    asyncio.run(work())


def _drained(terminal: int) -> str:
    """All that is shown until nobody holds the other side."""
    seen = b""
    try:
        while part := os.read(terminal, 4096):
            seen += part
    except OSError:  # Linux's way to say that it is closed
        pass
    finally:
        os.close(terminal)
    return seen.decode("utf-8", "replace")


async def _library(up: Process) -> None:
    seen: list[BlobStatus] = []
    async with Da(up.address, geometry=da_kit.SMALL) as da:
        item = await da.wait_item(await da.disperse_item(b"small"), b"small", timeout_s=30)
        assert packing.unpack(await da.retrieve(item.record), da_kit.SMALL) == [(item.place, b"small")]
        with pytest.raises(InvalidInput):
            await da.disperse(b"")
        with pytest.raises(Refused, match="cannot exceed"):
            await da.disperse(bytes(da_kit.SMALL.data_size_bytes_max + 1))
        with pytest.raises(Refused, match="request id"):
            await da.status(b"nonsense")
        record = await da.wait(await da.disperse(b"library"), until="confirmed", timeout_s=30, told=seen.append)
        assert [one.has_failed for one in seen] == [False] * len(seen)
        assert await da.retrieve(record) == b"library"
        with pytest.raises(NotFound):
            await da.retrieve(record._replace(epoch=record.epoch + 1))
        with pytest.raises(Conflict):
            await da.wait(b"nonsense", timeout_s=1)


async def _own_services(up: Process) -> None:
    async with grpc.aio.insecure_channel(up.address) as channel:
        check: Any = channel.unary_unary("/grpc.health.v1.Health/Check")
        assert await check(b"") == b"\x08\x01"
        listing: Any = channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo")
        call = listing()
        await call.write(b"\x3a\x00")
        assert b"disperser.Disperser" in await call.read()
        call.cancel()
    async with aiohttp.ClientSession() as session:
        async with session.get(up.metrics_url) as response:
            text = await response.text()
        assert 'zerog_da_disperser_transactions_total{kind="upload",outcome="done"}' in text
        assert 'zerog_da_disperser_grpc_seconds_count{method="DisperseBlob"}' in text
        async with session.get(up.metrics_url.replace("/metrics", "/health")) as response:
            assert (await response.json())["status"] == "ok"


def _with_another_key(home: Path) -> Path:
    """The directory of one account must not be taken for another's: the disperser refuses to start."""
    (home / "payer.key").write_text(node_kit.KEYS[5].hex())
    return home


def test_many_files_as_one_blob_by_the_command_line(tmp_path: Path) -> None:
    """Packed and proven by hand, unpacked by the root alone, and packed by the disperser."""
    small = ("--geometry", "8x4")

    async def work() -> None:
        async with network_kit.network(tmp_path / "chain") as net, running(net, tmp_path) as up:
            chain = ("--rpc", net.node.endpoints.http_url)
            files = {"a.txt": b"few", "b.bin": bytes(range(250)), "c": b"!"}
            paths = [tmp_path / name for name in files]
            for path in paths:
                path.write_bytes(files[path.name])
            receipt, out = tmp_path / "receipt.json", tmp_path / "out"
            given = ("da", "pack", *map(str, paths), "--receipt", str(receipt), "--disperser", up.address, *small)
            code, told, error = await zerog(*given, "--json")
            assert (code, error) == (0, "")
            value = json.loads(told)
            assert [one["name"] for one in value["items"]] == list(files)
            assert len(value["storage_roots"]) == len(await net.paid()) == 1
            code, told, error = await zerog("da", "item", str(receipt), "b.bin", "-o", str(out), *chain, "--json")
            assert (code, error) == (0, "")
            found = json.loads(told)
            assert (found["rows"], found["verified"], found["storage_root"]) == (3, True, value["storage_roots"][0])
            assert out.read_bytes() == files["b.bin"]
            folder, anew = tmp_path / "folder", tmp_path / "anew.json"
            root = value["storage_roots"][0]
            unpack = ("da", "unpack", root, "-o", str(folder), "--receipt", str(anew), *small, *chain)
            code, told, error = await zerog(*unpack)
            assert (code, error) == (0, "")
            assert "3 items" in told
            assert [path.read_bytes() for path in sorted(folder.iterdir())] == list(files.values())
            assert (await zerog("da", "item", str(anew), "item-3", *chain))[:2] == (0, "!")

            unknown = receipt.read_text().replace(root, "0x" + "12" * 32)
            (tmp_path / "unknown.json").write_text(unknown)
            code, _, error = await zerog("da", "item", str(tmp_path / "unknown.json"), "c", *chain)
            assert code == 1
            assert "records no commitment" in error

            shared = tmp_path / "shared.json"
            given = ("da", "pack", str(paths[0]), str(paths[2]), "--share", "--receipt", str(shared), *small)
            assert (await zerog(*given, "--disperser", up.address))[0] == 0
            assert (await zerog("da", "item", str(shared), "c", *chain))[:2] == (0, "!")

    asyncio.run(work())

"""The storage network of ``zerog devnet up``: files through its indexer while nodes are killed, its gateway in a browser."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import struct
import time
import urllib.request
import wave
import zlib
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.browser import browser
from tests.e2e.conftest import Network, Zerog
from tests.unit.storage.harness import pattern

from zerog.chain.client import ChainClient
from zerog.errors import ZerogError
from zerog.sdk.chain import Chain
from zerog.sdk.storage import Storage, open_storage
from zerog.sdk.wallet import Account
from zerog.storage.remote import FileInfo
from zerog.storage.uploads import UploadOptions

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

SEGMENT = 262_144
PATIENCE_S = 90


def status_of(zerog: Zerog) -> dict[str, Any]:
    """What the running network wrote about itself, without a process for each look."""
    told: dict[str, Any] = json.loads((zerog.home / "running.json").read_text())
    return told


@dataclass
class Killer:
    """Kills one process at a time with -9, at random moments, and waits until it is back before the next."""

    zerog: Zerog
    rng: random.Random
    count: int
    killed: list[str] = field(default_factory=list)
    slowest_s: float = 0

    async def run(self) -> None:
        while len(self.killed) < self.count:
            await asyncio.sleep(self.rng.random())
            one = self.rng.choice(status_of(self.zerog)["processes"][1:])  # the first is the chain
            os.kill(one["process"], signal.SIGKILL)
            self.killed.append(one["name"])
            began = time.monotonic()
            await self._until_back(one["name"], one["process"])
            self.slowest_s = max(self.slowest_s, time.monotonic() - began)

    async def _until_back(self, name: str, before: int) -> None:
        ends = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends:
            now = next(one for one in status_of(self.zerog)["processes"] if one["name"] == name)
            if now["state"] == "running" and now["process"] not in (None, before):
                return
            await asyncio.sleep(0.05)
        pytest.fail(f"{name} did not come back within {PATIENCE_S} s: {(self.zerog.home / 'logs' / 'devnet.log').read_text()}")


async def until_done(what: str, work: Any) -> Any:
    """Try again until it succeeds: the network is being killed around us."""
    ends, tries = time.monotonic() + PATIENCE_S, 0
    while True:
        try:
            return await work()
        except ZerogError as error:
            tries += 1
            if time.monotonic() > ends:
                pytest.fail(f"{what}: still {error!r} after {tries} tries")
            await asyncio.sleep(0.2)


async def until_everywhere(storage: Storage, root: bytes) -> None:
    """Nodes that an upload did not go to, or that were dead at the time, fetch their part from their peers."""
    ends = time.monotonic() + PATIENCE_S
    while True:
        found = await storage.info(root)
        if all(isinstance(one, FileInfo) and one.finalized for _, one in found):
            return
        if time.monotonic() > ends:
            pytest.fail(f"0x{root.hex()} is not on every node: {found}")
        await asyncio.sleep(0.1)


def test_every_acknowledged_file_reads_back_while_nodes_are_killed(whole_network: Network, tmp_path: Path, seed: int) -> None:
    """kill -9 of any storage node and of the indexer during uploads; nothing acknowledged is lost, nothing is paid twice."""
    rng = random.Random(seed)
    zerog, status = whole_network.zerog, whole_network.status
    killer = Killer(zerog, rng, int(os.environ.get("ZEROG_TEST_KILLS", "5")))
    stored: list[tuple[bytes, bytes]] = []

    async def upload(storage: Storage, number: int) -> None:
        size = rng.choice([1, 300, SEGMENT, SEGMENT + 1, 5 * SEGMENT + 7, rng.randrange(1, 12 * SEGMENT)])
        data = pattern(size, seed + number)
        options = UploadOptions(replicas=1 + number % 2, timeout_s=5, task_size=rng.choice([1, 10]))
        done = await until_done(f"upload {number}", lambda: storage.upload(data, options=options))
        stored.append((done.roots[0], data))

    async def read(storage: Storage, root: bytes, data: bytes) -> None:
        assert await until_done(f"read 0x{root.hex()}", lambda: storage.read(root)) == data

    async def live() -> None:
        async with (
            ChainClient(status["rpc_url"]) as client,
            open_storage(
                indexer=status["storage"]["indexer"], chain=Chain(client), state=tmp_path / "uploads", timeout_s=10,
                account=Account.from_hex(status["accounts"][3]["private_key"]),
            ) as storage,
        ):  # fmt: skip
            before = max(one.next_tx_seq for _, one in await storage.status() if not isinstance(one, Exception))
            killing = asyncio.create_task(killer.run())
            number = 0
            while not killing.done():
                await upload(storage, number)
                await read(storage, *rng.choice(stored))
                number += 1
            await killing
            for root, data in stored:
                await read(storage, root, data)
                await until_everywhere(storage, root)
            after = [one.next_tx_seq for _, one in await storage.status() if not isinstance(one, Exception)]
            assert after == [before + len({root for root, _ in stored})] * 4, "each file was paid once, and every node knows it"

    asyncio.run(live())
    print(f"kills: {', '.join(killer.killed)}; {len(stored)} files; slowest back in {killer.slowest_s:.1f} s")
    assert len(stored) >= 3
    # From the command line, with nothing said: it finds the network by itself.
    root, data = stored[-1]
    zerog.json("storage", "download", str(tmp_path / "copy"), "--root", "0x" + root.hex())
    assert (tmp_path / "copy").read_bytes() == data


def test_streams_survive_the_kv_nodes_death(whole_network: Network) -> None:
    zerog, stream = whole_network.zerog, "0x" + "00" * 30 + "f2bd"
    named = ("--stream-id", stream, "--stream-keys")
    zerog.json("storage", "kv-write", *named, "hello", "--stream-values", "world")

    def read(key: str, wanted: str) -> None:
        ends = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends:
            done = zerog.run("storage", "kv-read", *named, key, "--json")
            if done.returncode == 0 and json.loads(done.stdout)[0]["value"] == "0x" + wanted.encode().hex():
                return
        pytest.fail(f"{key} is not {wanted}: {done.stdout} {done.stderr}")

    read("hello", "world")
    process = next(one["process"] for one in status_of(zerog)["processes"] if one["name"] == "kv")
    os.kill(process, signal.SIGKILL)
    zerog.json("storage", "kv-write", *named, "bye", "--stream-values", "moon")
    read("hello", "world")
    read("bye", "moon")


def picture(width: int, height: int) -> bytes:
    """A PNG."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(b"\0" + bytes(3 * width) for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_the_gateway_in_a_browser(whole_network: Network, tmp_path: Path) -> None:
    """A person looks for a root, walks through a folder of hostile names, looks at a picture, hears a sound from its middle,
    and saves what could run instead of running it; a page of elsewhere reads files; errors are pages, to programs JSON."""
    zerog, gateway = whole_network.zerog, whole_network.status["storage"]["gateway"].rstrip("/")
    top = tmp_path / "top"
    (top / "sub <b>dir").mkdir(parents=True)
    contents = {
        "evil.html": b"<script>document.title='run'</script>",
        "evil.svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='document.title=1'/>",
        "<img src=x onerror=alert(1)>.txt": b"<script>alert(2)</script>",
        "notes \u00fc & \u202emore.txt": "gr\u00fc\u00dfe\n".encode(),
        "picture.png": picture(31, 17),
        "empty.txt": b"",
        "sub <b>dir/data.bin": pattern(700_000),
    }
    for name, data in contents.items():
        (top / name).write_bytes(data)
    (top / "link").symlink_to("sub <b>dir/data.bin")
    with wave.open(str(top / "tone.wav"), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(22_050)
        sound.writeframes(pattern(22_050 * 2 * 20))
    root = zerog.json("storage", "upload-dir", str(top))["root"]
    with browser() as context:
        page = context.new_page()
        dialogs: list[str] = []
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.goto(gateway + "/")
        for url in whole_network.status["storage"]["nodes"]:
            assert page.locator(f"text={url}").count() == 1
        page.fill("input[name=root]", root)
        page.click("text=Open")
        assert page.url == f"{gateway}/file/{root}/"
        shown = page.locator("td.name").all_inner_texts()
        assert shown == [
            "sub <b>dir/", "<img src=x onerror=alert(1)>.txt", "empty.txt", "evil.html", "evil.svg",
            "link \u2192 sub <b>dir/data.bin", "notes \u00fc & \u202emore.txt", "picture.png", "tone.wav",
        ]  # fmt: skip
        assert page.locator("b, script, td img").count() == 0

        def saved(label: str) -> tuple[str, bytes]:
            with page.expect_download() as waiting:
                page.click(label)
            return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()

        for label, name, data in (
            ("text=evil.html", "evil.html", contents["evil.html"]),
            ("text=evil.svg", "evil.svg", contents["evil.svg"]),
            ("tr:has-text('notes') >> text=download", "notes \u00fc _ _more.txt", contents["notes \u00fc & \u202emore.txt"]),
            ("tr:has-text('empty') >> text=download", "empty.txt", b""),
            ("tr:has-text('link') >> a", "data.bin", contents["sub <b>dir/data.bin"]),
        ):
            assert saved(label) == (name, data)
        page.click("text=sub <b>dir/")
        assert page.locator("td.name").all_inner_texts() == ["..", "data.bin"]
        page.click("text=..")
        page.click("text=<img src=x")
        assert page.inner_text("body") == contents["<img src=x onerror=alert(1)>.txt"].decode()
        page.go_back()
        page.click("text=picture.png")
        assert page.evaluate("[document.images[0].naturalWidth, document.images[0].naturalHeight]") == [31, 17]
        page.go_back()
        partial: list[str] = []
        page.on("response", lambda got: partial.append(got.headers["content-range"]) if got.status == 206 else None)
        page.click("text=tone.wav")
        player = "document.querySelector('video, audio')"

        def until(truth: str) -> None:
            """By asking: files may not run anything, so no handler or timer in their page ever fires."""
            ends = time.monotonic() + 20
            while not page.evaluate(truth):
                assert time.monotonic() < ends, truth
                page.wait_for_timeout(50)

        until(f"{player}?.readyState >= 2")
        page.evaluate(f"{player}.currentTime = 15")
        until(f"!{player}.seeking && {player}.readyState >= 2")
        assert page.evaluate(f"[{player}.duration, {player}.currentTime, {player}.error]") == [20, 15, None]
        assert partial
        page.goto(whole_network.status["rpc_url"])  # another origin
        fetched = f"fetch('{gateway}/file/{root}/sub%20%3Cb%3Edir/data.bin', {{headers: {{Range: 'bytes=262140-262150'}}}})"
        read = page.evaluate(f"{fetched}.then(async got => [got.status, [...new Uint8Array(await got.arrayBuffer())]])")
        assert read == [206, list(contents["sub <b>dir/data.bin"][262_140:262_151])]
        for path, status, said in (
            ("/file/0x1234", 400, "neither a root nor the number"),
            (f"/file?root=0x{'11' * 32}", 404, "No node of this network knows it"),
            (f"/file/{root}/sub/%2e%2e/%2e%2e/etc/passwd", 400, "neither a root"),  # so it leaves the browser
            (f"/file/{root}/evil.html/x", 404, "nothing of that name"),
            ("/nowhere", 404, "gateway to files"),
        ):
            answer = page.goto(gateway + path)
            assert answer is not None
            assert (answer.status, said in page.inner_text("main")) == (status, True), path
            assert page.locator("input[name=root]").count() == 1
            with urllib.request.urlopen(gateway + path) if path != "/nowhere" else nullcontext() as plain:
                assert plain is None or json.loads(plain.read())["code"] in (1, 101, 104)
        assert dialogs == []

"""The plugs for quotes: the kernel's folder, the dstack agent's socket, and what they refuse. The mock says what it is."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from zerog.compute.attest import MOCK, DstackQuoter, Enclave, MockQuoter, Quoter, TsmQuoter, open_quoter
from zerog.errors import ConfigError, Unavailable
from zerog.runtime.key import Key
from zerog.types import Address, format_address

KEY = Key(bytes(range(1, 33)))
HEADER = bytes.fromhex("040002008100000000000000") + bytes(36)
"""Of a quote of version 4 for TDX; then 520 bytes of measurements, then the data that is bound."""


def enclave(quoter: Quoter) -> Enclave:
    return Enclave(KEY, quoter, chain_id=1, contract=Address(bytes(20)), provider=Address(bytes(19) + b"\1"), compose='{"a":1}')


def tdx_quote(report_data: bytes) -> bytes:
    return HEADER + bytes(520) + report_data + b"signature"


@pytest.fixture
def tsm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[bytes], bytes], str], Path]:
    """A folder that does what the kernel's ``tsm/report`` does: a new directory has the attributes of a report, its ``inblob``
    takes 64 bytes, its ``outblob`` gives the quote over them, and it goes with all of it."""
    root = tmp_path / "report"
    root.mkdir()
    mkdir, rmdir = os.mkdir, os.rmdir

    def made(answer: Callable[[bytes], bytes], provider: str) -> Path:
        def make(path: Any, mode: int = 0o777, **more: Any) -> None:
            mkdir(path, mode, **more)
            if Path(path).parent != root:
                return
            place = Path(path)
            (place / "provider").write_text(provider + "\n")
            os.mkfifo(place / "inblob")
            os.mkfifo(place / "outblob")

            def kernel() -> None:
                data = (place / "inblob").read_bytes()
                (place / "outblob").write_bytes(answer(data) if len(data) == 64 else b"")

            threading.Thread(target=kernel, daemon=True).start()

        def remove(path: Any, **more: Any) -> None:
            if Path(path).parent == root:
                for attribute in Path(path).iterdir():
                    attribute.unlink()
            rmdir(path, **more)

        monkeypatch.setattr(os, "mkdir", make)
        monkeypatch.setattr(os, "rmdir", remove)
        return root

    return made


async def test_the_kernels_folder(tsm: Any) -> None:
    folder = tsm(tdx_quote, "tdx_guest")
    quoter = TsmQuoter(folder)
    told = await enclave(quoter).quote()
    data = format_address(KEY.address).encode().ljust(64, b"\0")
    assert bytes.fromhex(told["quote"]) == tdx_quote(data)
    assert (told["tee_type"], told["mock"]) == ("tdx", False)
    assert "notice" not in told
    assert base64.b64decode(told["report_data"]) == data
    assert list(folder.iterdir()) == []
    quotes = await asyncio.gather(*(quoter.quote(bytes([number]) * 64) for number in range(4)))
    assert [evidence.quote for evidence in quotes] == [tdx_quote(bytes([number]) * 64) for number in range(4)]
    assert list(folder.iterdir()) == []


async def test_the_kernel_on_another_machine(tsm: Any) -> None:
    quoter = TsmQuoter(tsm(lambda data: bytes(80) + data + bytes(1000), "sev_guest"))
    assert (await enclave(quoter).quote())["tee_type"] == "sev-snp"


@pytest.mark.parametrize("answer", [lambda data: b"", lambda data: tdx_quote(bytes(64)), lambda data: tdx_quote(data)[:600]])
async def test_a_quote_over_other_data_is_none(tsm: Any, answer: Callable[[bytes], bytes]) -> None:
    folder = tsm(answer, "tdx_guest")
    with pytest.raises(Unavailable, match="does not hold the data"):
        await TsmQuoter(folder).quote(b"\1" * 64)
    assert list(folder.iterdir()) == []


async def test_where_there_is_no_hardware(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no confidential hardware"):
        TsmQuoter(tmp_path / "report")
    with pytest.raises(ConfigError, match="is no socket"):
        DstackQuoter(tmp_path / "dstack.sock")
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="use mock for development"):
        open_quoter("dstack", tmp_path / "file")
    folder = tmp_path / "empty"  # a folder that no kernel stands behind
    folder.mkdir()
    with pytest.raises(Unavailable, match="gives no quote"):
        await TsmQuoter(folder).quote(bytes(64))


async def test_the_mock_says_that_it_is_one() -> None:
    quoter = open_quoter("mock")
    assert isinstance(quoter, MockQuoter)
    told = await enclave(quoter).quote()
    assert told["mock"] is told["tcb_info"]["mock"] is True
    assert told["tee_type"] == "mock"
    assert told["notice"] == MOCK.decode()
    assert bytes.fromhex(told["quote"]).startswith(b"MOCK QUOTE: no confidential hardware")
    assert told["event_log"][0]["event_payload"] == hashlib.sha256(b'{"a":1}').hexdigest()


class Agent:
    """A dstack guest agent by its documented interface: JSON over HTTP over a socket."""

    def __init__(self) -> None:
        self.compose = '{"docker_compose_file":"services: {}"}'
        self.quote: Callable[[bytes], str] = lambda data: tdx_quote(data).hex()
        self.body: bytes | None = None
        self.status = 200
        self.asked: list[str] = []

    async def get_quote(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if self.body is not None:
            return web.Response(status=self.status, body=self.body, content_type="application/json")
        data = bytes.fromhex((await request.json())["report_data"]).ljust(64, b"\0")
        payload = hashlib.sha256(self.compose.encode()).hexdigest()
        events = [{"imr": 3, "event_type": 134217729, "digest": "00" * 48, "event": "compose-hash", "event_payload": payload}]
        return web.json_response(
            {"quote": self.quote(data), "event_log": json.dumps(events), "report_data": data.hex(), "vm_config": "{}"}
        )

    async def info(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        tcb = {"mrtd": "00" * 48, "app_compose": self.compose}
        return web.json_response({"app_id": "00" * 20, "instance_id": "", "tcb_info": json.dumps(tcb)})


@asynccontextmanager
async def listening(folder: Path) -> AsyncIterator[tuple[Agent, Path]]:
    agent, socket = Agent(), folder / "dstack.sock"
    app = web.Application()
    app.router.add_post("/GetQuote", agent.get_quote)
    app.router.add_post("/Info", agent.info)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.UnixSite(runner, str(socket)).start()
    try:
        yield agent, socket
    finally:
        await runner.cleanup()


async def test_the_dstack_agent(tmp_path: Path) -> None:
    async with listening(tmp_path) as (agent, socket):
        told = await enclave(open_quoter("dstack", socket)).quote()
        assert bytes.fromhex(told["quote"]) == tdx_quote(format_address(KEY.address).encode().ljust(64, b"\0"))
        assert (told["tee_type"], told["mock"]) == ("tdx", False)
        # What a client compares: the hash of the compose file, as the machine has logged it.
        (event,) = [event for event in told["event_log"] if event["event"] == "compose-hash"]
        assert event["event_payload"] == hashlib.sha256(told["tcb_info"]["app_compose"].encode()).hexdigest()
        assert agent.asked == ["/GetQuote", "/Info"]
        agent.quote = lambda data: tdx_quote(bytes(64)).hex()
        with pytest.raises(Unavailable, match="does not hold the data"):
            await DstackQuoter(socket).quote(b"\1" * 64)
        agent.quote = lambda data: "no hex"
        with pytest.raises(Unavailable, match="another form"):
            await DstackQuoter(socket).quote(b"\1" * 64)
        for body in (b"", b"hello", b"[]", b"[" * 100_000, b'{"event_log":"[1]"}', b'{"event_log":"{"}', b'{"quote":5}'):
            agent.body = body
            with pytest.raises(Unavailable):
                await DstackQuoter(socket).quote(b"\1" * 64)
        agent.body, agent.status = b'{"error":"no tdx"}', 500
        with pytest.raises(Unavailable, match="answers 500: no tdx"):
            await DstackQuoter(socket).quote(b"\1" * 64)


async def test_an_agent_that_does_not_answer(tmp_path: Path) -> None:
    async with listening(tmp_path) as (_, socket):
        quoter = DstackQuoter(socket)
    socket.unlink(missing_ok=True)
    with pytest.raises(Unavailable, match="does not answer"):
        await quoter.quote(bytes(64))

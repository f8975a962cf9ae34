"""Signer processes of a local network that lie: a quarter of a quorum changes nothing, half of it stops everything in time.

The matrix is small, because one of full size takes 14 s of a core to encode; with ``ZEROG_DA_FULL=1`` it is the network's, and
the lies are six instead of twelve.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import grpc
import pytest
from tests.e2e.byzantine_signer import WAITING
from tests.e2e.conftest import Network, Zerog
from tests.e2e.official_clients import ROOT
from tests.unit.da import da_wire, lies_kit

from zerog.da import params
from zerog.devnet.topology import MNEMONIC
from zerog.errors import Conflict
from zerog.primitives import blob, bls
from zerog.primitives.blob import MAINNET, Geometry
from zerog.sdk.da import Da
from zerog.sdk.wallet import Account

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

FULL = bool(os.environ.get("ZEROG_DA_FULL"))
GEOMETRY = MAINNET if FULL else Geometry(64, 32)
DEADLINE_S = 1500 if FULL else 600
PATIENCE_S = DEADLINE_S
PAYER_INDEX = 5
SIX = ("refuses", "delays", "garbage", "outside the group", "infinity", "two roots")
KINDS = SIX if FULL else tuple(lies_kit.lies(random.Random(0), bls.SecretKey.from_random(bytes(48))))


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    where = tmp_path_factory.mktemp("bad")
    if not FULL:
        parameters = where / ".zerog" / "da-parameters-INSECURE-development"
        parameters.mkdir(parents=True)
        params.write_dev(parameters, GEOMETRY)
    made = Zerog(where / "devnet", person=None if FULL else where)
    ports = ("--rpc-port", "0", "--ws-port", "0")
    status = made.json("devnet", "up", "--detach", *ports, "--block-ms", "100", "--no-storage", "--no-compute")
    assert (status["da"]["parameters"] == str(parameters)) if not FULL else True
    yield Network(made, status)
    made.run("devnet", "down")


class _Process:
    """A process until the block is left."""

    def __init__(self, home: Path, module: str, *arguments: str) -> None:
        home.mkdir(exist_ok=True)
        self._ready, self._log = home / "ready.json", home / "log"
        environment = {key: value for key, value in os.environ.items() if not key.startswith("ZEROG_")}
        command = [sys.executable, "-m", module, *arguments, "--ready-file", str(self._ready)]
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.end()

    def end(self) -> None:
        self._process.kill()
        self._process.wait(PATIENCE_S)

    def until(self, what: Callable[[], bool]) -> None:
        ends = time.monotonic() + PATIENCE_S
        while not what():
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < ends, self._log.read_text()
            time.sleep(0.02)

    def facts(self) -> dict[str, Any]:
        """What it says of itself once it serves."""
        self.until(self._ready.exists)
        found: dict[str, Any] = json.loads(self._ready.read_text())
        return found


class Liar(_Process):
    """``byzantine_signer`` beside a signer of the network, whose place it takes when it is told to.

    When it ends, the network's supervisor brings the honest one back, with all that it had.
    """

    def __init__(self, zerog: Zerog, name: str, where: Path, seed: int) -> None:
        running = json.loads((zerog.home / "running.json").read_text())
        honest = next(one for one in running["processes"] if one["name"] == name)
        self._honest, self._orders = int(honest["process"]), where / f"{name}-orders"
        self._orders.mkdir()
        given = (str(self._orders), str(seed), "--config", honest["config"])
        super().__init__(where / name, "tests.e2e.byzantine_signer", *given)

    def take_the_place(self) -> None:
        self.until(lambda: (self._orders / WAITING).exists())
        os.kill(self._honest, signal.SIGKILL)
        self.facts()

    def will_lie(self, lies: Mapping[str, bytes]) -> None:
        """Of these blobs, by the kinds of lies."""
        for kind, data in lies.items():
            (self._orders / blob.encode(data, GEOMETRY).data_root.hex()).write_text(kind)

    def lied(self) -> list[str]:
        """The kinds of lies that somebody heard, one for each blob."""
        return sorted(file.read_text() for file in self._orders.glob("*.said"))


class OtherDisperser(_Process):
    """Another disperser of the network, with an account of its own: it asks signers once, and not for long."""

    def __init__(self, zerog: Zerog, where: Path) -> None:
        home, key = where / "other", where / "payer.key"
        key.touch(mode=0o600)
        key.write_text(Account.from_mnemonic(MNEMONIC, PAYER_INDEX).export_secret().removeprefix("0x"))
        settings = {
            "da.disperser.home": home / "data", "da.disperser.key_file": key, "da.disperser.port": 0, "metrics.port": 0,
            "da.disperser.sign_timeout_s": 30 if FULL else 3, "da.disperser.sign_tries": 1, "da.disperser.straggler_s": 3,
            "da.disperser.sign_blobs_max": 4 if FULL else 24, "da.disperser.blob_timeout_s": DEADLINE_S,
        }  # fmt: skip
        given = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
        super().__init__(home, "zerog.da.disperser.service", "--config", str(zerog.home / "da-disperser.toml"), *given)


def test_bad_processes_among_the_signers(net: Network, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    harmless = {kind: rng.randbytes(20) for kind in KINDS}
    in_vain = {kind: rng.randbytes(20) for kind in KINDS}
    with ExitStack() as stack:
        liars = [stack.enter_context(Liar(net.zerog, f"da-signer-{index}", tmp_path, seed)) for index in range(2)]
        other = stack.enter_context(OtherDisperser(net.zerog, tmp_path))
        for liar in liars:
            liar.take_the_place()
            liar.will_lie(in_vain)
        liars[0].will_lie(harmless)
        target = str(other.facts()["address"])
        with ThreadPoolExecutor(1) as person:
            # Of one blob somebody at a command line hears, of the others programs with the published numbers.
            file = tmp_path / "in-vain"
            file.write_bytes(in_vain.pop("refuses"))
            told = person.submit(_fails_in_time, net.zerog, file, target)
            asyncio.run(_at_once(net.status["da"]["disperser"], list(harmless.values()), target, list(in_vain.values())))
            asyncio.run(_is_unsigned(target, told.result().split("request id ")[1].strip()))
        assert liars[0].lied() == sorted([*KINDS, *KINDS])
        assert liars[1].lied() == sorted(KINDS)
    asyncio.run(_is_dispersed(net.status["da"]["disperser"], rng.randbytes(20)))


def _fails_in_time(zerog: Zerog, file: Path, target: str) -> str:
    began = time.monotonic()
    said = zerog.fails(1, "da", "disperse", str(file), "--disperser", target, "--timeout", str(DEADLINE_S))
    assert time.monotonic() - began < DEADLINE_S
    assert "the blob was not dispersed: insufficient-signatures" in said
    return said


async def _at_once(patient: str, harmless: list[bytes], strict: str, in_vain: list[bytes]) -> None:
    """Blobs of which one signer lies are confirmed; those of which two do are not, and it is told."""
    async with asyncio.TaskGroup() as tasks:
        for data in harmless:
            tasks.create_task(_is_dispersed(patient, data))
        for data in in_vain:
            tasks.create_task(_is_refused(strict, data))


async def _is_dispersed(target: str, data: bytes) -> None:
    async with Da(target) as da:
        record = await da.wait(await da.disperse(data), timeout_s=PATIENCE_S)
        assert record.data_root == blob.encode(data, GEOMETRY).data_root
        assert await da.retrieve(record) == data


async def _is_refused(target: str, data: bytes) -> None:
    async with Da(target) as da:
        request_id = await da.disperse(data)
        with pytest.raises(Conflict, match="insufficient-signatures"):
            await da.wait(request_id, until="confirmed", timeout_s=DEADLINE_S)
        await _is_unsigned(target, request_id.decode())


async def _is_unsigned(target: str, request_id: str) -> None:
    async with grpc.aio.insecure_channel(target) as channel:
        reply = await da_wire.call(channel, "disperser", "GetBlobStatus", request_id=request_id.encode())
    assert reply.status == da_wire.STATUSES["INSUFFICIENT_SIGNATURES"]
    assert not reply.info.HasField("blob_header")

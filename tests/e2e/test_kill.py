"""kill -9 under load, again and again: nothing acknowledged is lost, and the state is what execution from genesis gives.

``ZEROG_TEST_KILLS`` sets how many times (3 by default).
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from coincurve import PrivateKey

from zerog._native import keccak256
from zerog.chain import presets
from zerog.chain.client import ChainClient
from zerog.chain.executor import reexecute
from zerog.chain.service import load_genesis, open_store
from zerog.chain.signing import DevAccounts
from zerog.errors import Unavailable, ZerogError
from zerog.runtime import config as settings
from zerog.types import Address

KEYS = [keccak256(b"zerog kill account %d" % i) for i in range(200)]
RESTART_S_MAX = 5.0


class NodeProcess:
    """A real node in its own process."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._ready = home / "ready.json"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> tuple[str, float]:
        """Start and wait until it serves: its URL, and how long that took."""
        self._ready.unlink(missing_ok=True)
        began = time.monotonic()
        flags = [f"chain.home={self._home}", "chain.rpc.http_port=0", "chain.rpc.ws_port=0", "chain.admin.enabled=false"]
        flags += ["metrics.enabled=false", "chain.consensus.block_interval_ms=100", "chain.store.free_bytes_min=0"]
        flags += ["chain.store.fold_interval_blocks=8", "chain.store.history_blocks=16"]
        command = [sys.executable, "-m", "zerog.chain.service", "--ready-file", str(self._ready)]
        with (self._home / "node.log").open("ab") as log:
            settings_of = [part for flag in flags for part in ("--set", flag)]
            self.process = subprocess.Popen([*command, *settings_of], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        while not self._ready.exists():
            if self.process.poll() is not None or time.monotonic() - began > 60:
                pytest.fail(f"the node did not start: {(self._home / 'node.log').read_text()[-2000:]}")
            time.sleep(0.02)
        return str(json.loads(self._ready.read_text())["http_url"]), time.monotonic() - began

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=15)


class Load:
    """Senders that keep sending; remembers what was acknowledged."""

    def __init__(self, chain_id: int) -> None:
        self._signer = DevAccounts(["0x" + key.hex() for key in KEYS])
        self._chain_id = chain_id
        self.acknowledged: set[bytes] = set()

    def _sign(self, sender: bytes, nonce: int) -> bytes:
        request = {
            "gas": 21_000, "nonce": nonce, "value": 1 + nonce, "to": secrets.token_bytes(20),
            "max_fee_per_gas": 10**12, "max_priority_fee_per_gas": 10**9,
        }  # fmt: skip
        return self._signer.sign_transaction(sender, request, self._chain_id)

    async def run(self, url: str) -> None:
        """Batches of 20, four at a time, until the node is gone."""
        async with ChainClient(url, timeout_s=10) as client, asyncio.TaskGroup() as tasks:
            for part in range(4):
                tasks.create_task(self._send(client, self._signer.addresses[part * 50 : part * 50 + 50]))

    async def _send(self, client: ChainClient, senders: list[bytes]) -> None:
        try:
            while True:
                some = random.sample(senders, 20)
                nonces = await client.batch([("eth_getTransactionCount", ["0x" + s.hex(), "pending"]) for s in some])
                wires = [self._sign(s, int(n, 16)) for s, n in zip(some, nonces, strict=True)]
                for answer in await client.send_raw_many(wires):
                    if isinstance(answer, bytes):
                        self.acknowledged.add(answer)
        except (Unavailable, ZerogError):
            return


async def check_nothing_lost(url: str, hashes: set[bytes]) -> None:
    """Every acknowledged transaction is mined or waits."""
    async with ChainClient(url) as client:
        wanted = sorted(hashes)
        for at in range(0, len(wanted), 500):
            part = wanted[at : at + 500]
            found: list[Any] = await client.batch([("eth_getTransactionByHash", ["0x" + h.hex()]) for h in part])
            lost = [h.hex() for h, tx in zip(part, found, strict=True) if not isinstance(tx, dict)]
            assert not lost, f"{len(lost)} acknowledged transactions are gone, first {lost[0]}"


@pytest.mark.e2e
@pytest.mark.timeout(3600)
def test_kill_under_load_loses_nothing(tmp_path: Path, seed: int, request: pytest.FixtureRequest) -> None:
    rng = random.Random(seed)
    home = tmp_path / "home"
    home.mkdir()
    addresses = [bytes(keccak256(PrivateKey(key).public_key.format(compressed=False)[1:]))[-20:] for key in KEYS]
    net = presets.network("devnet")
    (home / "genesis.json").write_text(json.dumps(presets.genesis(net, {Address(a): 10**24 for a in addresses})))
    node, load = NodeProcess(home), Load(net.chain_id)

    async def one_life(url: str, duration_s: float) -> None:
        sending = asyncio.create_task(load.run(url))
        await asyncio.sleep(duration_s)
        node.kill()
        await sending

    request.addfinalizer(node.kill)
    url, _ = node.start()
    kills = int(os.environ.get("ZEROG_TEST_KILLS", "3"))
    slowest_s = 0.0
    for _ in range(kills):
        before = set(load.acknowledged)
        asyncio.run(one_life(url, 0.5 + rng.random()))
        assert len(load.acknowledged) > len(before), "no load reached the node"
        url, took_s = node.start()
        slowest_s = max(slowest_s, took_s)
        asyncio.run(check_nothing_lost(url, load.acknowledged - before))
    asyncio.run(check_nothing_lost(url, load.acknowledged))
    assert node.stop() == 0
    print(f"{kills} kills, {len(load.acknowledged)} acknowledged, slowest restart {slowest_s:.2f} s")
    assert slowest_s < RESTART_S_MAX
    config = settings.load(flags={"chain.home": str(home)}, environment={}).config.chain
    with open_store(config) as blocks:
        number, root = reexecute(blocks, load_genesis(config))
        assert number == blocks.head().number
        assert root

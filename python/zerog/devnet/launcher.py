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
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final

from zerog.devnet import compute, topology
from zerog.devnet.running import read_status
from zerog.devnet.topology import Paths, PortWish, Role
from zerog.errors import ConfigError, Conflict, NotFound, TimedOut, Unavailable
from zerog.runtime import log
from zerog.runtime.config import environment_name
from zerog.runtime.disk import DirectoryLock, write_atomic
from zerog.runtime.tasks import Tasks

START_TIMEOUT_S: Final = 120.0
STOP_TIMEOUT_S: Final = 20.0
POLL_S: Final = 0.05
RESTART_PAUSE_S: Final = 0.25
RESTART_PAUSE_S_MAX: Final = 30.0
TAIL_LINES: Final = 12

_log = log.get(__name__)

Told = Callable[[dict[str, Any]], None]


def free_ports(wishes: Sequence[PortWish]) -> dict[str, int]:
    """A port for each wish, all different: the wished one if nobody listens there, any free one for 0.

    Raises:
        Conflict: a port that somebody asked for is taken; says what to do.
    """
    taken: dict[str, int] = {}
    with contextlib.ExitStack() as held:
        # What somebody asked for first, so that none of it is given away.
        for wish in sorted(wishes, key=lambda wish: (wish.port == 0, wish.usual)):
            found: int | str = "asked for twice" if wish.port in taken.values() else _bound(held, wish.host, wish.port)
            if isinstance(found, str) and wish.usual:
                _log.info("port.taken", name=wish.name, port=wish.port)
                found = _bound(held, wish.host, 0)
            if isinstance(found, str):
                raise Conflict(
                    f"{wish.host}:{wish.port} cannot be used for {wish.name} ({found}); stop what listens there, "
                    f"or choose another port (0 takes any free one)"
                )
            taken[wish.name] = found
    return taken


def _bound(held: contextlib.ExitStack, host: str, port: int) -> int | str:
    """The number of a port that is ours while ``held`` lasts, or why it is not."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        probe = held.enter_context(socket.socket(family, socket.SOCK_STREAM))
        if port:  # connections of an earlier run may linger there
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
    except OSError as error:
        return error.strerror or str(error)
    return int(probe.getsockname()[1])


async def supervise(home: Path, wanted: Mapping[str, Any], told: Told) -> None:
    """Run the network in ``home`` until cancelled; ``told`` gets its status once all of it answers.

    A process that falls is started again, with growing pauses, at the same ports; only the chain's fall ends the network.

    Raises:
        Conflict: the directory is in use, or a port is taken.
        Unavailable: a process did not come up, or the chain fell; the sentence ends with what it said last.
    """
    paths = Paths(home)
    topology.open_home(paths)
    with DirectoryLock(home):
        paths.ready.unlink(missing_ok=True)
        options = topology.choose(paths, wanted)
        ports = free_ports(topology.wishes(options))
        topology.prepare(paths, options)
        served = options.compute and await asyncio.to_thread(compute.have_weights)
        roles = topology.roles(paths, options, ports, served=served)
        for role in roles:
            if role.data is not None:
                await _until_free(role.data)
            write_atomic(paths.config(role.name), role.text().encode(), mode=0o600)
        children = [_Child(role, paths) for role in roles]
        chain, others = children[0], children[1:]

        def tell() -> dict[str, Any]:
            status = topology.status(paths, options, ports, os.getpid(), served=served)
            status["processes"] = [child.facts() for child in children]
            write_atomic(paths.ready, json.dumps(status).encode(), mode=0o600)
            return status

        try:
            for child in children:
                await child.start()
            for child in children:
                await child.until_ready()
            if served:
                people = topology.account(options.mnemonic, 0), compute.provider_account(options.mnemonic)
                await compute.set_up(str(roles[0].facts["url"]), people[0], people[1].address)
                if options.tuning:
                    tuner = compute.tuner_account(options.mnemonic).address
                    await compute.set_up_tuner(str(roles[0].facts["url"]), people[0], tuner)
            status = tell()
            told(status)
            _log.info("devnet.ready", rpc_url=status["rpc_url"], chain_id=options.chain_id, processes=len(children))
            async with Tasks() as tasks:
                for child in others:
                    tasks.start_background(child.keep(tell), child.role.name)
                await chain.until_ended()
            raise chain.fallen()
        finally:
            paths.ready.unlink(missing_ok=True)
            await asyncio.gather(*(child.stop() for child in others))
            await chain.stop()


async def _until_free(home: Path) -> None:
    """A process whose supervisor was killed is still writing its last record; wait until it has let go."""
    deadline = time.monotonic() + STOP_TIMEOUT_S
    while (process := holder(home)) is not None:
        if time.monotonic() > deadline:
            raise Conflict(f"{home} is still in use by process {process}; stop it first")
        await asyncio.sleep(POLL_S)


def _opened_log(path: Path) -> IO[bytes]:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    return open(path, "ab")


class _Child:
    """One process of the network: its role, its log file, its readiness file."""

    def __init__(self, role: Role, paths: Paths) -> None:
        self.role = role
        self._config, self._ready, self._log_path = paths.config(role.name), paths.ready_of(role.name), paths.log(role.name)
        self._process: asyncio.subprocess.Process | None = None
        self._state = "starting"

    def facts(self) -> dict[str, Any]:
        """What the status says of it."""
        process = None if self._process is None or self._process.returncode is not None else self._process.pid
        settings: dict[str, Any] = {"name": self.role.name, "state": self._state, "process": process, **self.role.facts}
        metrics = self.role.settings["metrics"]
        settings["metrics_url"] = f"http://{metrics['host']}:{metrics['port']}/metrics"
        return settings | {"config": str(self._config), "log": str(self._log_path)}

    async def start(self) -> None:
        self._ready.unlink(missing_ok=True)  # that of an earlier run says nothing about this one
        self._state = "starting"
        command = [sys.executable, "-m", self.role.module, "--config", str(self._config)]
        command += ["--ready-file", str(self._ready), "--until-stdin-closes"]
        # What this network decides is not for the environment to change: four nodes cannot share one ZEROG_METRICS_PORT.
        decided = {environment_name(key) for key in self.role.setting_names()}
        environment = {name: value for name, value in os.environ.items() if name not in decided}
        with _opened_log(self._log_path) as output:
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=asyncio.subprocess.PIPE, stdout=output, stderr=output, start_new_session=True, env=environment
            )
        _log.info("process.started", name=self.role.name, process=self._process.pid, log=str(self._log_path))

    async def until_ready(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._ready.exists():
            if self._process is None or self._process.returncode is not None:
                raise self.fallen()
            if time.monotonic() > deadline:
                raise TimedOut(f"{self.role.name} is not ready after {START_TIMEOUT_S:.0f} s; see {self._log_path}")
            await asyncio.sleep(POLL_S)
        self._state = "running"

    async def until_ended(self) -> None:
        if self._process is not None:
            await self._process.wait()

    def fallen(self) -> Exception:
        """Why it is not there, in its own last words."""
        code = None if self._process is None else self._process.returncode
        said = tail(self._log_path)
        sentence = f"{self.role.name} ended with code {code}; it said last:\n{said}\n(all of it: {self._log_path})"
        return ConfigError(sentence, key="", value="", origin=self.role.name) if code == 2 else Unavailable(sentence)

    async def keep(self, tell: Callable[[], object]) -> None:
        """Start it again whenever it falls."""
        pause_s = RESTART_PAUSE_S
        while True:
            began = time.monotonic()
            await self.until_ended()
            if time.monotonic() - began > RESTART_PAUSE_S_MAX:
                pause_s = RESTART_PAUSE_S
            self._state = "fallen"
            code = None if self._process is None else self._process.returncode
            _log.error("process.fell", name=self.role.name, code=code, pause_s=pause_s, log=str(self._log_path))
            with contextlib.suppress(OSError):  # a full disk: what the status says is old, all else goes on
                tell()
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, RESTART_PAUSE_S_MAX)
            try:
                await self.start()
                await self.until_ready()
                _log.info("process.back", name=self.role.name, took_s=time.monotonic() - began)
                tell()
            except (Unavailable, TimedOut, ConfigError, OSError) as error:
                _log.warning("process.restart_failed", name=self.role.name, reason=str(error))

    async def stop(self) -> None:
        """Ask, wait, insist."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await process.wait()
        except TimeoutError:
            _log.error("process.stuck", name=self.role.name, waited_s=STOP_TIMEOUT_S)
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        _log.info("process.stopped", name=self.role.name, code=process.returncode)


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
    if not (home / "LOCK.pid").exists():  # nobody ever had it, and a question leaves no trace
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
    topology.open_home(paths)
    paths.ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "zerog", "devnet", "up", "--home", str(home), *arguments]
    log_path = paths.log("devnet")
    begin = log_path.stat().st_size if log_path.exists() else 0
    with _opened_log(log_path) as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)
    deadline = time.monotonic() + START_TIMEOUT_S + 10
    while True:
        status = read_status(home)
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


def running_status(home: Path) -> dict[str, Any]:
    """The status of the network in ``home``.

    Raises:
        Unavailable: it does not run, or is still starting.
    """
    process = holder(home)
    if process is None:
        made = "" if (home / "network.json").exists() else " (none has been made there yet)"
        raise Unavailable(f"no network runs in {home}{made}; start one with `zerog devnet up --detach`")
    status = read_status(home)
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
    deadline = time.monotonic() + 2 * STOP_TIMEOUT_S + 5  # the chain outlasts the others
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
    for data in paths.all_data():
        while holder(data) is not None and time.monotonic() < deadline:
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
    with contextlib.ExitStack() as locks:
        for directory in [home, *paths.all_data()]:
            locks.enter_context(DirectoryLock(directory))
        for entry in sorted(home.iterdir()):
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry.name != "LOCK.pid":
                entry.unlink()
    (home / "LOCK.pid").unlink(missing_ok=True)

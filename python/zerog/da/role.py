"""What every role of data availability has: a gRPC port with health and reflection, keys in private files, an end."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from google.protobuf.descriptor import ServiceDescriptor

from zerog.errors import ConfigError, InvalidInput, Unauthorized, Unavailable
from zerog.primitives import bls
from zerog.runtime import disk, log
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_grpc import GrpcServer, Observe, Unary, service
from zerog.runtime.service import Ready
from zerog.store.kv import Kv, scrub

_log = log.get(__name__)

_BLS_ENTROPY_BYTES = 48
_WATCH_S = 0.5
_PAUSE_MIN_S = 0.05
_FAULTS_TOLD_MAX = 10


class GrpcPort:
    """The listening port of a role.

    Args:
        services: methods by the service that they are of.
        told: gets ``host:port`` when it answers.
        observe: told of every call.
        place: what a call holds while it is answered, by the caller's address; raises when there are too many of them.
    """

    name = "grpc"

    def __init__(
        self, services: Mapping[ServiceDescriptor, Mapping[str, Unary]], host: str, port: int, told: Callable[[str], None], *,
        receive_bytes_max: int, calls_max: int, observe: Observe | None = None,
        place: Callable[[str], AbstractContextManager[None]] = lambda ip: nullcontext(),
    ) -> None:  # fmt: skip
        handlers = [service(descriptor, methods, observe=observe, place=place) for descriptor, methods in services.items()]
        self._host, self._told = host, told
        self._server = GrpcServer(
            handlers[0], host, port, receive_bytes_max=receive_bytes_max, calls_max=calls_max, more=handlers[1:],
            described=list(services),
        )  # fmt: skip

    async def run(self, ready: Ready) -> None:
        try:
            port = await self._server.start()
            self._told(f"[{self._host}]:{port}" if ":" in self._host else f"{self._host}:{port}")
            ready()
            await asyncio.get_running_loop().create_future()
        finally:
            await self._server.stop()


class Watch:
    """Ends the process when its database cannot be written any more: whoever starts it again finds all that was kept."""

    name = "watch"

    def __init__(self, broken: Callable[[], str | None], each: Callable[[], None] = lambda: None) -> None:
        self._broken, self._each = broken, each

    async def run(self, ready: Ready) -> None:
        ready()
        while True:
            reason = self._broken()
            if reason is not None:
                raise Unavailable(f"the database cannot be written any more: {reason}")
            self._each()
            await asyncio.sleep(_WATCH_S)


class Scrub:
    """Reads a database from time to time, slowly, and says what is damaged. A damaged record is never given away: it fails its
    check when it is read.

    Args:
        read: told how many records a pass read. faults: told how many of them fail their check.
    """

    name = "scrub"

    def __init__(
        self, kv: Kv, families: Sequence[str], interval_s: float, bytes_per_s: float, read: Callable[[float], None],
        faults: Callable[[float], None],
    ) -> None:  # fmt: skip
        self._kv, self._families, self._interval_s, self._bytes_per_s = kv, families, interval_s, bytes_per_s
        self._read, self._faults = read, faults
        self._stopping = False

    async def run(self, ready: Ready) -> None:
        with Offload(1, name="scrub") as lane:
            try:
                ready()
                while True:
                    await asyncio.sleep(self._interval_s)
                    count, faults = await lane.run(self._pass)
                    self._read(count)
                    self._faults(len(faults))
                    for fault in faults[:_FAULTS_TOLD_MAX]:
                        _log.error("store.damaged_record", record=fault)
                    _log.info("store.scrubbed", records=count, faults=len(faults))
            finally:
                self._stopping = True

    def _pass(self) -> tuple[int, list[str]]:
        started, done = time.monotonic(), 0

        def pace(size_bytes: int) -> None:
            nonlocal done
            if self._stopping:
                raise InterruptedError
            done += size_bytes
            ahead_s = done / self._bytes_per_s - (time.monotonic() - started)
            if ahead_s > _PAUSE_MIN_S:
                time.sleep(min(ahead_s, _WATCH_S))

        return scrub(self._kv, self._families, pace)


class Announce:
    """Tells that the role is of use, once something has happened; until then it already answers what it can."""

    name = "announce"

    def __init__(self, when: asyncio.Event, tell: Callable[[], None]) -> None:
        self._when, self._tell = when, tell

    async def run(self, ready: Ready) -> None:
        ready()
        await self._when.wait()
        self._tell()
        await asyncio.get_running_loop().create_future()


def bls_key(path: Path, setting: str, *, make: bool) -> bls.SecretKey:
    """The BLS key of a private file.

    Args:
        setting: what names the file, for errors.
        make: make a key when there is no file.

    Raises:
        ConfigError: no file, others may read it, or it holds no key. What it holds is never told.
    """
    if make and not path.exists():
        key = bls.SecretKey.from_random(os.urandom(_BLS_ENTROPY_BYTES))
        disk.write_atomic(path, (key.decimal() + "\n").encode(), mode=0o600)
    try:
        return bls.SecretKey.from_decimal(disk.read_private(path).decode("ascii", "replace").strip())
    except (OSError, Unauthorized) as error:
        raise ConfigError(f"{setting}: {error}", key=setting, value=str(path), origin="") from None
    except InvalidInput as error:
        raise ConfigError(f"{setting}: {path}: {error}", key=setting, value=str(path), origin="") from None

"""What every role of data availability has: a gRPC port with health and reflection, keys in private files, an end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from google.protobuf.descriptor import ServiceDescriptor

from zerog.errors import ConfigError, InvalidInput, Unauthorized, Unavailable
from zerog.primitives import bls
from zerog.runtime import disk
from zerog.runtime.rpc_grpc import GrpcServer, Observe, Unary, service
from zerog.runtime.service import Ready

_BLS_ENTROPY_BYTES = 48
_WATCH_S = 0.5


class GrpcPort:
    """The listening port of a role.

    Args:
        services: methods by the service that they are of.
        told: gets ``host:port`` when it answers.
        observe: told of every call.
    """

    name = "grpc"

    def __init__(
        self, services: Mapping[ServiceDescriptor, Mapping[str, Unary]], host: str, port: int, told: Callable[[str], None], *,
        receive_bytes_max: int, calls_max: int, observe: Observe | None = None,
    ) -> None:  # fmt: skip
        handlers = [service(descriptor, methods, observe=observe) for descriptor, methods in services.items()]
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

"""Public parameters that are read when they are first needed, and then kept: a role starts at once and small."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Final, Protocol

from zerog.da import params
from zerog.errors import Conflict, InvalidInput, NotFound, TimedOut
from zerog.primitives.blob import MAINNET, Geometry
from zerog.primitives.commit import Setup
from zerog.runtime import log
from zerog.runtime.config import DaParamsConfig
from zerog.runtime.disk import DirectoryLock

_log = log.get(__name__)

MAKE_TIMEOUT_S: Final = 120.0
_POLL_S: Final = 0.1


class Parameters(Protocol):
    """What roles know of their parameters before they need them."""

    @property
    def geometry(self) -> Geometry: ...

    def get(self) -> Setup:
        """The parameters themselves. Blocks, for seconds at the first time; safe for many threads."""


class Given:
    """Parameters that are in memory already."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup

    @property
    def geometry(self) -> Geometry:
        return self._setup.geometry

    def get(self) -> Setup:
        return self._setup


class Stored:
    """The parameters of a directory.

    Args:
        prover: also read the powers.
        allow_insecure: accept a development set.
        make: make a development set of this shape when the directory holds nothing.

    Raises:
        NotFound: nothing is there, and nothing may be made. Corrupt: a manifest that does not read.
    """

    def __init__(self, directory: Path, *, prover: bool, allow_insecure: bool, make: Geometry | None = None) -> None:
        if make is not None and not allow_insecure:
            raise InvalidInput("making development parameters needs leave to use them: they are insecure")
        self._directory, self._prover, self._allow_insecure, self._make = directory, prover, allow_insecure, make
        self._turn = threading.Lock()
        self._setup: Setup | None = None
        found = params.geometry_of(directory)
        if found is None and make is None:
            raise NotFound(f"{directory}: no parameters there; see `zerog da params`")
        self.geometry: Geometry = found or make or MAINNET

    @property
    def loaded(self) -> bool:
        return self._setup is not None

    def get(self) -> Setup:
        """
        Raises:
            as ``params.load``; TimedOut: another process makes them, and does not come to an end.
        """
        with self._turn:
            if self._setup is None:
                began = time.monotonic()
                self._until_there()
                found = params.load(self._directory, prover=self._prover, allow_insecure=self._allow_insecure)
                if found.geometry != self.geometry:
                    raise InvalidInput(f"{self._directory}: the parameters were replaced by those of another geometry")
                self._setup = found
                _log.info("parameters.loaded", directory=str(self._directory), took_s=round(time.monotonic() - began, 2))
            return self._setup

    def _until_there(self) -> None:
        """Make the set, or wait for who makes it."""
        deadline = time.monotonic() + MAKE_TIMEOUT_S
        while self._make is not None and params.geometry_of(self._directory) is None:
            try:
                with DirectoryLock(self._directory):
                    if params.geometry_of(self._directory) is None:
                        _log.warning("parameters.made_insecure", directory=str(self._directory))
                        params.write_dev(self._directory, self._make)
            except Conflict:
                if time.monotonic() > deadline:
                    raise TimedOut(f"{self._directory}: no parameters after {MAKE_TIMEOUT_S:.0f} s") from None
                time.sleep(_POLL_S)


def open_parameters(config: DaParamsConfig, *, prover: bool) -> Stored:
    """The parameters that ``[da.params]`` names; as ``Stored``."""
    make = MAINNET if config.make_insecure else None
    return Stored(Path(config.directory), prover=prover, allow_insecure=config.allow_insecure, make=make)

"""Users' adapters as models beside the provider's own: which are there, which are deployed, and room for those.

An adapter that a fine-tuning node handed over is ``ready``; deploying it merges it into the base model (``engine.lora``) behind
an engine of its own: ``loading``, then ``active``, or ``failed`` with the reason. What is deployed is written down first and is
loaded again after a restart. There is room for so many; the one that nobody has asked for longest makes room for the next and
is ``ready`` again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from zerog.compute import adapter as handing
from zerog.compute.adapter import Handed
from zerog.compute.api import Backend, BackendStats, EmbeddingRequest, Embeddings, Event, GenerationRequest, Model
from zerog.compute.engine.several import total
from zerog.errors import Exhausted, InvalidInput, NotFound, ZerogError
from zerog.runtime import log
from zerog.runtime.clock import Clock
from zerog.runtime.offload import Offload
from zerog.runtime.service import Ready
from zerog.runtime.tasks import Tasks
from zerog.types import Address

FAILED_MAX: Final = 256
"""Failures that are remembered."""
EXPIRY_S: Final = 600.0
_log = log.get(__name__)


class State(StrEnum):
    """Where an adapter stands, in the words of the official clients."""

    READY = "ready"
    LOADING = "loading"
    ACTIVE = "active"
    FAILED = "failed"


class Opened(Backend, Protocol):
    """An engine that the adapters open and close."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Marks(Protocol):
    """Where it is written down what is deployed."""

    def deployed(self) -> Sequence[tuple[Address, str]]:
        """Owner and task, oldest first."""
        ...

    async def mark_deployed(self, user: Address, task: str, deployed: bool) -> None: ...


@dataclass(frozen=True)
class Standing:
    """One adapter as its owner is told of it."""

    handed: Handed
    state: State
    error: str = ""


@dataclass(frozen=True)
class Room:
    """The bounds of what is deployed."""

    active_max: int = 2
    user_active_max: int = 1
    idle_s: float = 600
    """Nobody makes room for another user's adapter before that long without a request."""
    kept_s: float = 2_592_000
    """An adapter that is neither deployed nor asked for goes from the folder after that long."""


@dataclass
class _Deployed:
    handed: Handed
    used_s: float
    state: State = State.LOADING
    error: str = ""
    backend: Opened | None = None
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def is_busy(self) -> bool:
        if self.backend is None:
            return self.state is State.LOADING
        stats = self.backend.stats()
        return stats.running + stats.waiting > 0


class Adapters:
    """A backend of users' adapted models, and the service that loads them; ``async with``.

    Args:
        folder: where fine-tuning nodes hand adapters over; may appear later.
        bases: names of the one model that adapters may be of.
        open: merges an adapter and makes its engine, in a thread; raises ZerogError for one that does not fit.
    """

    name = "adapters"

    def __init__(
        self,
        folder: Path,
        bases: Sequence[str],
        open: Callable[[Handed], Opened],
        marks: Marks,
        clock: Clock,
        room: Room,
    ) -> None:
        self._folder, self._bases, self._open, self._marks, self._clock = folder, tuple(bases), open, marks, clock
        self._room = room
        self._served: dict[str, _Deployed] = {}
        self._turn = asyncio.Lock()
        self._disk = Offload(1, waiting_max=256, name="adapters")
        self._loader = Offload(1, waiting_max=64, name="adapter.load")
        self._wanting: asyncio.Queue[_Deployed] = asyncio.Queue()  # bounded by the room there is
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._stack.enter_context(self._disk)
        self._stack.enter_context(self._loader)
        self._stack.push_async_callback(self._close_all)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

    async def run(self, ready: Ready) -> None:
        """Load what is deployed, one after the other, and what was deployed when the last process ended."""
        await self._resume()
        async with Tasks() as tasks:
            tasks.start_background(self._expire(), "adapters.expire")
            tasks.start_background(self._load_all(), "adapters.load")
            ready()
            await asyncio.get_running_loop().create_future()

    # -- what a user may ask -------------------------------------------------------------------------------------------

    async def of_user(self, user: Address) -> list[Standing]:
        """A user's adapters, by task."""
        return [self._standing(one) for one in await self._disk.run(handing.handed_to, self._folder, user)]

    async def named(self, user: Address, name: str) -> Standing:
        """
        Raises:
            NotFound: the user has none of that name, whoever else may.
        """
        for one in await self.of_user(user):
            if one.handed.name == name:
                return one
        raise NotFound(f"no adapter {name[:100]!r} of yours is here", reason="adapter_not_found")

    async def deploy(self, user: Address, *, name: str = "", task: str = "", base: str = "") -> Standing:
        """Serve an own adapter, by its name or by its task and base model; returns when that is written down.

        Raises:
            NotFound: the user has no such adapter. InvalidInput: it is of another model. Exhausted: there is no room now.
        """
        async with self._turn:
            wanted = await self._wanted(user, name, task, base)
            served = self._served.get(wanted.task)
            if served is not None and served.state in (State.LOADING, State.ACTIVE):
                return self._standing(wanted)
            if wanted.base not in self._bases:
                raise InvalidInput(f"the adapter is of {wanted.base[:100]!r}; this provider serves {self._bases[0]}")
            await self._make_room(user)
            await self._marks.mark_deployed(user, wanted.task, True)
            await self._disk.run(handing.touch, self._folder, wanted)
            self._start(wanted)
            return self._standing(wanted)

    # -- a backend -----------------------------------------------------------------------------------------------------

    def models(self) -> Sequence[Model]:
        """Those that are active; each has an owner."""
        return [
            replace(model, owner=one.handed.owner, owned_by="user")
            for one in self._served.values()
            if one.state is State.ACTIVE and one.backend is not None
            for model in one.backend.models()
        ]

    async def prompt_tokens_max(self, request: GenerationRequest | EmbeddingRequest) -> int:
        return await self._of(request).prompt_tokens_max(request)

    def generate(self, request: GenerationRequest) -> AsyncGenerator[Event, None]:
        return self._of(request).generate(request)

    async def embed(self, request: EmbeddingRequest) -> Embeddings:
        return await self._of(request).embed(request)

    def stats(self) -> BackendStats:
        return total([one.backend.stats() for one in self._served.values() if one.backend is not None])

    async def check(self) -> None:
        for one in list(self._served.values()):
            if one.backend is not None:
                await one.backend.check()

    def _of(self, request: GenerationRequest | EmbeddingRequest) -> Opened:
        for one in self._served.values():
            if one.handed.name == request.model and one.handed.owner == request.account and one.backend is not None:
                one.used_s = self._clock.monotonic_s()
                return one.backend
        raise NotFound(f"model {request.model[:100]!r} is not served here", param="model", reason="model_not_found")

    # -- inside --------------------------------------------------------------------------------------------------------

    async def _wanted(self, user: Address, name: str, task: str, base: str) -> Handed:
        for one in await self._disk.run(handing.handed_to, self._folder, user):
            if name in ("", one.name) and task.lower() in ("", one.task):
                if base and one.base != base and not {base, one.base} <= set(self._bases):
                    raise InvalidInput(f"baseModel: task {one.task} has tuned {one.base[:100]}, not {base[:100]!r}")
                return one
        shown = name or task
        raise NotFound(
            f"no adapter {shown[:100]!r} of yours is here: the fine-tuning node hands it over once its task is Finished",
            reason="adapter_not_found",
        )

    def _standing(self, handed: Handed) -> Standing:
        served = self._served.get(handed.task)
        if served is not None:
            return Standing(handed, served.state, served.error)
        if handed.base not in self._bases:
            return Standing(handed, State.FAILED, f"it is of {handed.base[:100]!r}, this provider serves {self._bases[0]}")
        return Standing(handed, State.READY)

    def _start(self, handed: Handed) -> None:
        served = self._served[handed.task] = _Deployed(handed, self._clock.monotonic_s())
        self._wanting.put_nowait(served)

    async def _load_all(self) -> None:
        while True:
            await self._load(await self._wanting.get())

    async def _load(self, served: _Deployed) -> None:
        """Merged and opened; whatever is wrong with one adapter ends here."""
        handed = served.handed
        try:
            backend = await self._loader.run(self._open, handed)
            await served.stack.enter_async_context(backend)
        except Exception as error:
            known = isinstance(error, ZerogError)
            _log.warning("adapter.failed", adapter=handed.name, reason=str(error)[:400], kind=type(error).__name__)
            served.state, served.error = State.FAILED, str(error)[:400] if known else "it cannot be loaded"
            await self._marks.mark_deployed(handed.owner, handed.task, False)
            failed = [task for task, one in self._served.items() if one.state is State.FAILED]
            for task in failed[:-FAILED_MAX]:
                del self._served[task]
            return
        served.backend, served.state, served.used_s = backend, State.ACTIVE, self._clock.monotonic_s()
        _log.info("adapter.active", adapter=handed.name)

    async def _make_room(self, user: Address) -> None:
        held = [one for one in self._served.values() if one.state in (State.LOADING, State.ACTIVE)]
        mine = [one for one in held if one.handed.owner == user]
        if len(mine) >= self._room.user_active_max:
            await self._unload(self._longest_idle(mine, 0, f"{self._room.user_active_max} of one account"))
        elif len(held) >= self._room.active_max:
            await self._unload(self._longest_idle(held, self._room.idle_s, f"{self._room.active_max} in all"))

    def _longest_idle(self, held: Sequence[_Deployed], idle_s: float, bound: str) -> _Deployed:
        now_s = self._clock.monotonic_s()
        idle = [one for one in held if not one.is_busy and now_s - one.used_s >= idle_s]
        if not idle:
            raise Exhausted(
                f"{len(held)} adapters are deployed and in use ({bound}); try again in a while",
                reason="no_room", headers={"Retry-After": str(int(max(idle_s, 10)))},
            )  # fmt: skip
        return min(idle, key=lambda one: one.used_s)

    async def _unload(self, served: _Deployed) -> None:
        """Requests that are on their way to it are told that it is not served."""
        del self._served[served.handed.task]
        await self._marks.mark_deployed(served.handed.owner, served.handed.task, False)
        await self._disk.run(handing.touch, self._folder, served.handed)
        await served.stack.aclose()
        served.backend = None
        _log.info("adapter.unloaded", adapter=served.handed.name)

    async def _resume(self) -> None:
        """What was deployed when the process ended is loaded again, as far as it is still there and there is room."""
        known: Mapping[Address, list[Handed]] = {}
        for user, task in self._marks.deployed():
            if user not in known:
                known = {**known, user: await self._disk.run(handing.handed_to, self._folder, user)}
            found = next((one for one in known[user] if one.task == task and one.base in self._bases), None)
            if found is None or len(self._served) >= self._room.active_max:
                await self._marks.mark_deployed(user, task, False)
            else:
                self._start(found)

    async def _expire(self) -> None:
        while True:
            held = frozenset(self._served)
            try:
                gone = await self._disk.run(handing.expire, self._folder, self._clock.now_s() - self._room.kept_s, held)
            except (OSError, Exhausted) as error:
                _log.warning("adapter.folder", reason=str(error)[:200])
            else:
                if gone:
                    _log.info("adapter.expired", adapters=gone)
            await self._clock.sleep(EXPIRY_S)

    async def _close_all(self) -> None:
        for served in self._served.values():
            await served.stack.aclose()

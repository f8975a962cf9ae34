"""The engine's thread: it turns the native engine while there is work, and talks to one event loop through bounded channels.

The native engine belongs to the thread alone. Requests, cancellations and pauses go in as short calls that it makes between
two steps; tokens come out one batch a step. A reader that falls behind has its own request paused; a loop that falls
behind stops the engine after a few steps. When the model fails, every request ends and the engine goes on with the next.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self

from zerog._native import BatchingEngine
from zerog.compute.engine.guide import Matcher
from zerog.errors import Exhausted, TimedOut, Unavailable
from zerog.runtime import log as logs
from zerog.runtime.clock import Clock

READER_EVENTS_MAX: Final = 64
"""Tokens of one answer that wait for their reader before the answer is paused."""
BATCHES_MAX: Final = 8
"""Steps whose tokens the event loop has not taken yet."""
IDLE_S: Final = 0.05
"""How long the thread sleeps when nothing can be computed but something is there (all are paused)."""

STOP, LENGTH, CANCELLED, DEADLINE, FAILED = 1, 2, 3, 4, 5

log = logs.get(__name__)


@dataclass(slots=True)
class Token:
    """A token of an answer, its end, or both."""

    choice: int
    id: int
    finish: int
    cached_tokens: int
    logprob: float
    top: Sequence[tuple[int, float]]


@dataclass(slots=True)
class Stream:
    """One request as the event loop sees it."""

    id: int
    choices: int
    tokens: deque[Token] = field(default_factory=deque)
    held: list[int] = field(default_factory=list)
    """Tokens that wait, by choice."""
    paused: set[int] = field(default_factory=set)
    waiter: asyncio.Future[None] | None = None
    ended: int = 0

    def wake(self) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)


class EngineService:
    """``async with EngineService(engine, clock)``: the thread runs while the block does."""

    def __init__(self, engine: BatchingEngine, clock: Clock, *, waiting_max: int, name: str = "engine") -> None:
        self._engine = engine
        self._clock = clock
        self._name = name
        self._waiting_max = waiting_max
        self._inbox: deque[Callable[[], None]] = deque()
        self._submitting: set[asyncio.Future[None]] = set()
        self._wake = threading.Event()
        self._stop = False
        self._room = threading.Semaphore(BATCHES_MAX)
        self._streams: dict[int, Stream] = {}
        self._matchers: dict[tuple[int, int], Matcher] = {}  # the thread's
        self._next_id = 0
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.counts: Mapping[str, int] = engine.counts()
        self.restarts = 0
        self.failure = ""

    async def __aenter__(self) -> Self:
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop = True
        self._wake.set()
        self._room.release()
        thread, self._thread = self._thread, None
        if thread is not None:
            await asyncio.get_running_loop().run_in_executor(None, thread.join, 30.0)
        self._end_everything()

    @property
    def is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive() and not self._stop

    async def submit(
        self, salt: bytes, prompt: bytes, *, choices: int, deadline_s: float, guide: Matcher | None, **options: Any
    ) -> Stream:
        """Hands a request to the engine; ``options`` are those of ``BatchingEngine.submit``.

        Raises:
            InvalidInput: it can never run. Exhausted: the queue is full. Unavailable: the thread is gone.
        """
        if not self.is_running:
            raise Unavailable("the engine is not running")
        if len(self._submitting) >= self._waiting_max:
            raise Exhausted(f"engine: {self._waiting_max} requests already waiting", queue=self._name)
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[None] = loop.create_future()
        self._next_id += 1
        stream = Stream(self._next_id, choices, held=[0] * choices)
        deadline_us = int((self._clock.monotonic_s() + deadline_s) * 1e6)

        def enter() -> None:
            error: Exception | None = None
            try:
                self._engine.submit(
                    stream.id, salt, prompt, choices=choices, deadline_us=deadline_us, is_guided=guide is not None, **options
                )
                if guide is not None:
                    for choice in range(choices):
                        self._matchers[stream.id, choice] = guide if choice == 0 else guide.copy()
                    self._engine.allow(stream.id, 0, guide.mask())
            except Exception as caught:  # whatever it is belongs to who asked
                error = caught
            self._call_loop(settle, error)

        def settle(error: Exception | None) -> None:
            self._submitting.discard(answer)
            if answer.done():  # gone while it was entered
                self.cancel(stream)
            elif error is not None:
                self._streams.pop(stream.id, None)
                answer.set_exception(error)
            else:
                answer.set_result(None)

        self._streams[stream.id] = stream
        self._submitting.add(answer)
        self._tell(enter)
        try:
            await answer
        except asyncio.CancelledError:
            self.cancel(stream)
            raise
        return stream

    async def take(self, stream: Stream) -> list[Token]:
        """Waits for at least one token and takes all that are there.

        Raises:
            Unavailable: the engine failed or stopped. TimedOut: the request's deadline passed.
        """
        while not stream.tokens:
            if not self.is_running:
                raise Unavailable("the engine stopped")
            stream.waiter = asyncio.get_running_loop().create_future()
            try:
                await stream.waiter
            finally:
                stream.waiter = None
        tokens = list(stream.tokens)
        stream.tokens.clear()
        stream.held = [0] * stream.choices
        for choice in stream.paused:
            self._tell(self._pausing(stream.id, choice, False))
        stream.paused.clear()
        for token in tokens:
            if token.finish == DEADLINE:
                raise TimedOut("the answer took longer than its deadline", what="generation")
            if token.finish == FAILED:
                raise Unavailable(f"the engine failed: {self.failure or 'no token could be drawn'}")
        return tokens

    def stop_choice(self, stream: Stream, choice: int) -> None:
        """The reader has seen enough of one answer."""
        self._tell(lambda: self._engine.cancel(stream.id, choice, True))

    def cancel(self, stream: Stream) -> None:
        """Takes the request out before the next step; what it held is free then."""
        if self._streams.pop(stream.id, None) is not None and stream.ended < stream.choices:
            self._tell(lambda: self._engine.cancel(stream.id, None, False))

    def _tell(self, call: Callable[[], None]) -> None:
        self._inbox.append(call)
        self._wake.set()

    def _pausing(self, id: int, choice: int, is_paused: bool) -> Callable[[], None]:
        return lambda: self._engine.pause(id, choice, is_paused)

    def _call_loop(self, call: Callable[..., None], *arguments: Any) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:
            self._stop = True  # the loop is closed

    # The thread.

    def _run(self) -> None:
        try:
            self._turn()
        except Exception as error:  # a thread has nobody above it: whoever waits is told, and nothing more is taken
            self.failure = f"{type(error).__name__}: {error}"
            log.error("engine.died", error=self.failure)
            self._stop = True
            self._call_loop(self._end_everything)

    def _turn(self) -> None:
        while not self._stop:
            while self._inbox:
                self._inbox.popleft()()
            if self._engine.is_idle:
                self._publish()
                self._wake.wait()
                self._wake.clear()
                continue
            is_busy, events, failure = self._engine.step(int(self._clock.monotonic_s() * 1e6))
            self._publish()
            if failure is not None:
                self.failure = failure
                self.restarts += 1
                self._matchers.clear()
                log.error("engine.failed", error=failure)
            if self._matchers:
                self._guide(events)
            if events:
                self._room.acquire()
                self._call_loop(self._deliver, events)
            elif not is_busy:
                self._wake.wait(IDLE_S)
                self._wake.clear()

    def _publish(self) -> None:
        self.counts = self._engine.counts()

    def _guide(self, events: list[tuple[Any, ...]]) -> None:
        for id, choice, token, finish, *_ in events:
            matcher = self._matchers.get((id, choice))
            if matcher is None:
                continue
            if finish:
                del self._matchers[id, choice]
            elif token >= 0:
                if matcher.accept(token):
                    self._engine.allow(id, choice, matcher.mask())
                else:
                    self._engine.cancel(id, choice, False)

    # The loop.

    def _deliver(self, events: list[tuple[Any, ...]]) -> None:
        self._room.release()
        for id, choice, token, finish, cached, logprob, top in events:
            stream = self._streams.get(id)
            if stream is None:
                continue
            stream.tokens.append(Token(choice, token, finish, cached, logprob, top or ()))
            stream.held[choice] += 1
            if finish:
                stream.ended += 1
            elif stream.held[choice] >= READER_EVENTS_MAX and choice not in stream.paused:
                stream.paused.add(choice)
                self._tell(self._pausing(id, choice, True))
            stream.wake()

    def _end_everything(self) -> None:
        for stream in self._streams.values():
            stream.tokens.append(Token(0, -1, FAILED, 0, 0.0, ()))
            stream.wake()
        for answer in self._submitting:
            if not answer.done():
                answer.set_exception(Unavailable("the engine stopped"))
        self._submitting.clear()

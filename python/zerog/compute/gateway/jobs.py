"""The queue mode for images: a request is accepted with a job's id, runs when there is a place, and is fetched later.

Price and reservation are those of the moment of acceptance; the charge, the signature, the result and the job's end are one
write, so a job is charged once or not at all. What was waiting when the process ended runs after the next start; what was
running then is told failed and not charged, because a request that ends the process would otherwise end the next one too.
Source: compute.md §7.1.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
from aiohttp import web

from zerog.compute.accounts import Reservation
from zerog.compute.api import Fee, Kind, Price, Usage
from zerog.compute.gateway.chat_serving import Call, Serving
from zerog.compute.gateway.errors import Style, public_message
from zerog.compute.gateway.forms import form_type
from zerog.compute.gateway.passing import Asked, Passing
from zerog.compute.kept import Keep
from zerog.compute.metrics import ComputeMetrics
from zerog.compute.store import Store, decode
from zerog.errors import Exhausted, InvalidInput, NotFound, TimedOut, Unauthorized, Unavailable
from zerog.runtime import log
from zerog.runtime.clock import Clock
from zerog.runtime.service import Ready
from zerog.runtime.tasks import Tasks
from zerog.store.kv import Batch
from zerog.types import Address

POLL_S: Final = 5
"""What ``Retry-After`` says while there is no result."""
ENDED_MAX: Final = 10_000
"""Ended jobs that are remembered; more are not accepted until some are forgotten."""
PENDING: Final = "pending"
PROCESSING: Final = "processing"
COMPLETED: Final = "completed"
FAILED: Final = "failed"
_ID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_log = log.get(__name__)


@dataclass(frozen=True)
class JobRules:
    """See ``[compute.async]`` of default.toml."""

    enabled: bool = False
    job_timeout_s: float = 900
    running_max: int = 10
    waiting_max: int = 100
    user_jobs_max: int = 10
    wait_s: float = 3600
    result_s: float = 1800


class Job(msgspec.Struct, frozen=True, array_like=True):
    """One accepted request for images, as it is on the disk. Its id names the answer as well."""

    id: str
    user: bytes
    kind: str
    content_type: str
    count: int
    price_text: str
    """Neuron an image, as it was at acceptance."""
    state: str
    created_ms: int
    updated_ms: int
    error: str = ""

    @property
    def open(self) -> bool:
        return self.state in (PENDING, PROCESSING)


class Jobs:
    """The routes and the workers of one serving.

    Args:
        passing: what makes images.
        keep: where bodies and results stay.
    """

    name = "jobs"

    def __init__(
        self,
        serving: Serving,
        passing: Passing,
        store: Store,
        keep: Keep,
        clock: Clock,
        numbers: ComputeMetrics,
        rules: JobRules,
    ) -> None:
        self._serving, self._passing, self._store, self._keep = serving, passing, store, keep
        self._clock, self._numbers, self.rules = clock, numbers, rules
        self._jobs: dict[str, Job] = {}
        self._reservations: dict[str, Reservation] = {}
        self._waiting: asyncio.Queue[str] = asyncio.Queue()
        for _, value in store.kv.scan("jobs"):
            job = decode(value, Job)
            self._jobs[job.id] = job

    def routes(self) -> list[tuple[str, str, str, Callable[[web.Request], Any]]]:
        return [
            ("POST", "/v1/async/images/generations", Style.ZEROG, self._generations),
            ("POST", "/v1/async/images/edits", Style.ZEROG, self._edits),
            ("GET", "/v1/async/jobs/{id}", Style.ZEROG, self._poll),
        ]

    # -- accepting -----------------------------------------------------------------------------------------------------

    async def _generations(self, request: web.Request) -> web.StreamResponse:
        return await self._submit(request, Kind.IMAGE)

    async def _edits(self, request: web.Request) -> web.StreamResponse:
        return await self._submit(request, Kind.IMAGE_EDIT)

    async def _submit(self, request: web.Request, kind: Kind) -> web.StreamResponse:
        self._check_enabled()
        self._passing.backend(kind)
        content_type = form_type(request) if kind == Kind.IMAGE_EDIT else "application/json"
        serving = self._serving
        async with serving.admitted(request) as call:
            if not call.raw:
                raise InvalidInput("request body is required")
            asked = self._asked(kind, call.raw, content_type)
            self._check_room(call)
            serving.limits.take_images(call.user.address, asked.count)
            price = serving.price()
            now_ms = self._now_ms()
            job = Job(
                call.key,
                bytes(call.user.address),
                kind.value,
                content_type,
                asked.count,
                str(price.output),
                PENDING,
                now_ms,
                now_ms,
            )
            self._reservations[job.id] = serving.accounts.reserve(call.user, asked.count * price.output, price)
            await self._accept(job, call)
            told = {name: value for name, value in call.headers.items() if name != "ZG-Res-Key"}
            return web.json_response(
                {"jobId": job.id, "status": job.state}, status=202, headers={**told, "Retry-After": str(POLL_S)}
            )

    def _asked(self, kind: str, raw: bytes, content_type: str) -> Asked:
        return self._passing.generation(raw) if kind == Kind.IMAGE else self._passing.edit(raw, content_type)

    def _check_enabled(self) -> None:
        if not self.rules.enabled:
            raise Unavailable("async processing is not enabled", public=True)

    def _check_room(self, call: Call) -> None:
        rules = self.rules
        states = Counter(job.state for job in self._jobs.values())
        if states[PENDING] >= rules.waiting_max:
            raise Unavailable(
                "async job queue is full, please try again later", headers={"Retry-After": str(POLL_S)}, public=True
            )
        mine = sum(job.open for job in self._jobs.values() if job.user == call.user.address)
        if mine >= rules.user_jobs_max:
            raise Exhausted(
                f"rate limit: {rules.user_jobs_max} jobs of one account wait or run; wait for one to end",
                reason="concurrency_limit_exceeded", headers={**call.headers, "Retry-After": str(POLL_S)},
            )  # fmt: skip
        if states[COMPLETED] + states[FAILED] >= ENDED_MAX:
            raise Exhausted("the provider remembers as many jobs as it can; try again later", headers={"Retry-After": "60"})

    async def _accept(self, job: Job, call: Call) -> None:
        """On the disk, then in the queue; or nowhere, and nothing reserved."""
        batch = Batch()
        try:
            self._keep.check_room(len(call.raw))
            self._keep.put(batch, f"{job.id}:body", call.user.address, [call.raw])
            self._put(batch, job)
            await self._store.commit(batch)
        except asyncio.CancelledError:
            self._waiting.put_nowait(job.id)  # the write goes on to its end
            raise
        except Exception:
            self._jobs.pop(job.id, None)
            self._keep.drop(Batch(), f"{job.id}:body")
            self._serving.accounts.release(self._reservations.pop(job.id))
            raise
        self._waiting.put_nowait(job.id)

    def _put(self, batch: Batch, job: Job) -> None:
        self._jobs[job.id] = job
        batch.put("jobs", job.id.encode(), msgspec.msgpack.encode(job))

    def _now_ms(self) -> int:
        return int(self._clock.now_s() * 1000)

    # -- telling -------------------------------------------------------------------------------------------------------

    async def _poll(self, request: web.Request) -> web.StreamResponse:
        self._check_enabled()
        user = await self._serving.known(request)
        id = request.match_info["id"].lower()
        job, now_ms = self._jobs.get(id) if _ID.fullmatch(id) else None, self._now_ms()
        if job is None or (not job.open and self._over(job, now_ms)):
            raise NotFound("job not found", reason="job_not_found")
        if job.user != user.address:
            raise Unauthorized("you do not have permission to access this job", status=403, reason="permission_denied")
        told: dict[str, Any] = {
            "jobId": job.id, "status": job.state, "createdAt": _iso(job.created_ms), "updatedAt": _iso(job.updated_ms),
        }  # fmt: skip
        if job.error:
            told["errorMessage"] = job.error
        raw, headers = json.dumps(told).encode(), {}
        if job.open:
            headers["Retry-After"] = str(POLL_S)
        elif job.state == COMPLETED:
            result = await self._keep.piece(f"{job.id}:result", 0, now_ms)
            if result is None:
                raise NotFound("job not found", reason="job_not_found")
            raw = raw[:-1] + b', "data": ' + result + b"}"
            headers["ZG-Res-Key"] = job.id
        return web.Response(body=raw, content_type="application/json", headers=headers)

    def _over(self, job: Job, now_ms: int) -> bool:
        return job.updated_ms + self.rules.result_s * 1000 <= now_ms

    # -- working -------------------------------------------------------------------------------------------------------

    async def run(self, ready: Ready) -> None:
        """The workers; and first what an earlier process has left."""
        await self._resume()
        async with Tasks() as tasks:
            for number in range(self.rules.running_max if self.rules.enabled else 0):
                tasks.start_background(self._work(), f"jobs.{number}")
            ready()
            await asyncio.get_running_loop().create_future()

    async def _resume(self) -> None:
        batch = Batch()
        for job in list(self._jobs.values()):
            if job.state == PROCESSING or (job.state == PENDING and not self.rules.enabled):
                self._fail(batch, job, "the provider was restarted while the job ran; it is not charged, submit it again")
            elif job.state == PENDING:
                self._waiting.put_nowait(job.id)
        if len(batch):
            await self._store.commit(batch)

    async def _work(self) -> None:
        while True:
            id = await self._waiting.get()
            reservation = self._reservations.pop(id, None)
            try:
                if reservation is None:
                    reservation = await self._reserved(self._jobs[id])
                await self._do(self._jobs[id], reservation)
            except Exception as error:
                if reservation is not None:
                    self._serving.accounts.release(reservation)
                batch, message = Batch(), public_message(error)
                self._fail(batch, self._jobs[id], message)
                try:
                    await self._store.commit(batch)
                except Unavailable as broken:
                    _log.error("job.not_written", job=id, reason=str(broken))
            finally:
                if reservation is not None:
                    self._serving.accounts.release(reservation)

    async def _reserved(self, job: Job) -> Reservation:
        """The reservation of a job that an earlier process has accepted, at the price of then."""
        accounts, ends_s = self._serving.accounts, self._clock.monotonic_s() + self.rules.wait_s
        while not accounts.fresh or accounts.service is None:
            if self._clock.monotonic_s() > ends_s:
                raise TimedOut("the chain did not answer", public=True)
            await self._clock.sleep(0.1)
        price = int(job.price_text)
        return accounts.reserve(await accounts.user(Address(job.user)), job.count * price, Price(0, price))

    async def _do(self, job: Job, reservation: Reservation) -> None:
        rules, serving = self.rules, self._serving
        if self._now_ms() - job.created_ms > rules.wait_s * 1000:
            raise TimedOut(f"the job waited longer than {rules.wait_s:g} s; it is not charged", public=True)
        raw = await self._keep.piece(f"{job.id}:body", 0, self._now_ms())
        if raw is None:
            raise NotFound("the job's request is not kept any more")
        batch = Batch()
        job = self._moved(batch, job, PROCESSING)
        await self._store.commit(batch)
        began_s = self._clock.monotonic_s()
        backend, asked = self._passing.backend(Kind(job.kind)), self._asked(job.kind, raw, job.content_type)
        try:
            async with asyncio.timeout(rules.job_timeout_s):
                made = await self._passing.make(backend, asked, raw, job.id, rules.job_timeout_s)
        except TimeoutError:
            raise TimedOut(f"the job ran longer than {rules.job_timeout_s:g} s; it is not charged", public=True) from None
        self._keep.check_room(len(made.body) + (made.size_bytes if asked.by_url else 0))
        used, price = Usage(0, min(job.count, len(made.images))), int(job.price_text)
        batch = Batch()
        owner = Address(job.user)
        self._keep.drop(batch, f"{job.id}:body")
        self._passing.keep(batch, asked, made, owner, job.id, rules.result_s)
        self._keep.put(batch, f"{job.id}:result", owner, [made.body])
        done = msgspec.structs.replace(job, state=COMPLETED, updated_ms=self._now_ms())
        batch.put("jobs", job.id.encode(), msgspec.msgpack.encode(done))
        call = Call(raw, reservation.user, job.id, {}, began_s)
        fee = Fee(0, used.completion_tokens * price)
        await serving.finish(call, reservation, fee, used, made.text, backend.models()[0].id, batch, kept_s=rules.result_s)
        self._jobs[job.id] = done  # told when its result is on the disk, not before
        self._numbers.jobs.labels(COMPLETED).inc()

    def _moved(self, batch: Batch, job: Job, state: str, error: str = "") -> Job:
        moved = msgspec.structs.replace(job, state=state, updated_ms=self._now_ms(), error=error)
        self._put(batch, moved)
        return moved

    def _fail(self, batch: Batch, job: Job, message: str) -> None:
        for name in (f"{job.id}:body", f"{job.id}:result", job.id):
            self._keep.drop(batch, name)
        self._moved(batch, job, FAILED, message[:1000])
        self._numbers.jobs.labels(FAILED).inc()
        _log.warning("job.failed", job=job.id, reason=message)

    async def expire(self) -> int:
        """Forget ended jobs whose time is over; returns how many."""
        now_ms, batch = self._now_ms(), Batch()
        over = [job.id for job in self._jobs.values() if not job.open and self._over(job, now_ms)]
        for id in over:
            del self._jobs[id]
            self._keep.drop(batch, f"{id}:result")
            batch.delete("jobs", id.encode())
        if over:
            await self._store.commit(batch)
        return len(over)

    @property
    def waiting(self) -> int:
        return sum(job.state == PENDING for job in self._jobs.values())


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

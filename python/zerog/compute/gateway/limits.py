"""How much one user may ask for: requests and tokens a minute, requests at once, requests that wait. Source: compute.md §7.8.

Everything is kept for a bounded number of users; those who have been quiet longest are forgotten, which can only be to their
advantage once their buckets are full again.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from zerog.errors import Exhausted, Unavailable
from zerog.types import Address

PEOPLE_MAX: Final = 100_000


@dataclass(frozen=True)
class Bounds:
    """See ``[compute.limits]`` of default.toml. Rates of 0 are no limit."""

    running_max: int = 20
    waiting_max: int = 64
    user_running_max: int = 5
    user_waiting_max: int = 0
    wait_s: float = 30
    requests_per_minute: int = 30
    requests_burst: int = 5
    tokens_per_minute: int = 0
    images_per_minute: int = 0
    address_per_second: int = 0
    address_burst: int = 20


class Bucket:
    """``rate`` a second, at most ``size`` saved up; may be overdrawn by corrections."""

    def __init__(self, rate: float, size: float, now_s: Callable[[], float]) -> None:
        self.rate, self.size, self._now_s = rate, size, now_s
        self._left, self._at = size, now_s()

    @property
    def left(self) -> float:
        now = self._now_s()
        self._left = min(self.size, self._left + (now - self._at) * self.rate)
        self._at = now
        return self._left

    def take(self, count: float) -> bool:
        if self.left < count:
            return False
        self._left -= count
        return True

    def give(self, count: float) -> None:
        """Correct what was taken; a negative count takes more, below 0 if need be."""
        self._left = min(self.size, self.left + count)

    def until_s(self, count: float) -> float:
        """Seconds until so many can be taken."""
        return max(0.0, (min(count, self.size) - self.left) / self.rate)

    @property
    def full_s(self) -> float:
        return max(0.0, (self.size - self.left) / self.rate)


@dataclass
class _Person:
    running: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)
    requests: Bucket | None = None
    tokens: Bucket | None = None
    images: Bucket | None = None


class Limits:
    """Of one provider.

    Args:
        free: users to whom none of it applies.
    """

    def __init__(self, bounds: Bounds, now_s: Callable[[], float], free: frozenset[Address] = frozenset()) -> None:
        self.bounds, self._now_s, self._free = bounds, now_s, free
        self._people: OrderedDict[Address, _Person] = OrderedDict()
        self._addresses: OrderedDict[str, Bucket] = OrderedDict()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self.running = 0
        self.waiting = 0
        """For a place of their user or of all."""

    def _person(self, user: Address) -> _Person:
        found = self._people.pop(user, None)
        if found is None:
            bounds, found = self.bounds, _Person()
            if bounds.requests_per_minute:
                burst = max(1, bounds.requests_burst)
                found.requests = Bucket(bounds.requests_per_minute / 60, burst, self._now_s)
            if bounds.tokens_per_minute:
                found.tokens = Bucket(bounds.tokens_per_minute / 60, bounds.tokens_per_minute, self._now_s)
            if bounds.images_per_minute:
                found.images = Bucket(bounds.images_per_minute / 60, bounds.images_per_minute, self._now_s)
        self._people[user] = found
        while len(self._people) > PEOPLE_MAX:
            address, oldest = next(iter(self._people.items()))
            if oldest.running or oldest.waiting:
                break
            del self._people[address]
        return found

    def check_address(self, address: str) -> None:
        """
        Raises:
            Exhausted: this network address asks too often.
        """
        if not self.bounds.address_per_second:
            return
        bucket = self._addresses.pop(address, None)
        if bucket is None:
            bucket = Bucket(self.bounds.address_per_second, self.bounds.address_burst, self._now_s)
        self._addresses[address] = bucket
        if len(self._addresses) > PEOPLE_MAX:
            self._addresses.popitem(last=False)
        if not bucket.take(1):
            raise _too_many("requests from this address", bucket, 1, {})

    @asynccontextmanager
    async def slot(self, user: Address) -> AsyncIterator[dict[str, str]]:
        """A place among the running requests; yields the headers that tell what is left.

        Raises:
            Exhausted: too many requests of this user, in a minute or at once. Unavailable: too many of all users.
        """
        if user in self._free:
            self.running += 1
            try:
                yield {}
            finally:
                self.running -= 1
            return
        person = self._person(user)
        if person.requests is not None and not person.requests.take(1):
            raise _too_many("requests per minute", person.requests, 1, self.headers(user))
        await self._enter_user(person, user)
        try:
            await self._enter_all()
            try:
                yield self.headers(user)
            finally:
                self.running -= 1
                _wake(self._waiting)
        finally:
            person.running -= 1
            _wake(person.waiting)

    async def _enter_user(self, person: _Person, user: Address) -> None:
        bounds = self.bounds
        if person.running >= bounds.user_running_max:
            if len(person.waiting) >= bounds.user_waiting_max:
                raise Exhausted(
                    f"rate limit: {bounds.user_running_max} requests of one account run at once"
                    + (f" and {bounds.user_waiting_max} wait" if bounds.user_waiting_max else "")
                    + "; wait for one to end",
                    reason="concurrency_limit_exceeded", headers={**self.headers(user), "Retry-After": "1"},
                )  # fmt: skip
            await self._wait(person.waiting, lambda: person.running < bounds.user_running_max, "a place for this account")
        person.running += 1

    async def _enter_all(self) -> None:
        bounds = self.bounds
        if self.running >= bounds.running_max:
            if len(self._waiting) >= bounds.waiting_max:
                raise Unavailable(
                    f"the provider is saturated: {bounds.running_max} requests run and {bounds.waiting_max} wait; try again",
                    headers={"Retry-After": "1"}, public=True,
                )  # fmt: skip
            await self._wait(self._waiting, lambda: self.running < bounds.running_max, "a free place")
        self.running += 1

    async def _wait(self, queue: deque[asyncio.Future[None]], free: Callable[[], bool], what: str) -> None:
        self.waiting += 1
        try:
            async with asyncio.timeout(self.bounds.wait_s):
                while not free():
                    place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                    queue.append(place)
                    try:
                        await place
                    except asyncio.CancelledError:
                        if place.done() and not place.cancelled():
                            _wake(queue)  # it was our turn: the next one's now
                        raise
                    finally:
                        if place in queue:
                            queue.remove(place)
        except TimeoutError:
            raise Unavailable(
                f"the provider is saturated: {what} did not come within {self.bounds.wait_s:g} s",
                headers={"Retry-After": "1"}, public=True,
            ) from None  # fmt: skip
        finally:
            self.waiting -= 1

    def take_tokens(self, user: Address, count: int) -> int:
        """Take the most tokens that a request can use from the minute's; returns what was taken, for ``correct_tokens``.

        Raises:
            Exhausted: too many in this minute.
        """
        bucket = None if user in self._free else self._person(user).tokens
        if bucket is None:
            return 0
        taken = int(min(count, bucket.size))  # a request larger than a minute's share takes all of it
        if not bucket.take(taken):
            raise _too_many("tokens per minute", bucket, taken, self.headers(user))
        return taken

    def correct_tokens(self, user: Address, taken: int, used: int) -> None:
        """What was used instead of what was taken."""
        bucket = None if user in self._free else self._person(user).tokens
        if bucket is not None:
            bucket.give(taken - used)

    def take_images(self, user: Address, count: int) -> None:
        """
        Raises:
            Exhausted: too many images in this minute.
        """
        bucket = None if user in self._free else self._person(user).images
        if bucket is not None and not bucket.take(min(count, bucket.size)):
            raise _too_many("images per minute", bucket, count, self.headers(user))

    def headers(self, user: Address) -> dict[str, str]:
        """``x-ratelimit-*`` for what is limited."""
        person = self._person(user)
        made: dict[str, str] = {}
        for name, bucket in (("requests", person.requests), ("tokens", person.tokens), ("images", person.images)):
            if bucket is not None:
                made[f"x-ratelimit-limit-{name}"] = str(round(bucket.rate * 60))
                made[f"x-ratelimit-remaining-{name}"] = str(max(0, int(bucket.left)))
                made[f"x-ratelimit-reset-{name}"] = f"{bucket.full_s:.3f}s"
        return made


def anthropic_headers(headers: dict[str, str]) -> dict[str, str]:
    """The same in Anthropic's spelling: ``anthropic-ratelimit-requests-limit``."""
    made = {}
    for name, value in headers.items():
        parts = name.split("-")
        if name.startswith("x-ratelimit-"):
            made[f"anthropic-ratelimit-{parts[3]}-{parts[2]}"] = value
        else:
            made[name] = value
    return made


def _too_many(what: str, bucket: Bucket, count: float, headers: dict[str, str]) -> Exhausted:
    wait_s = bucket.until_s(count)
    return Exhausted(
        f"rate limit: too many {what} (limit {round(bucket.rate * 60)} a minute); try again in {wait_s:.1f} s",
        headers={**headers, "Retry-After": str(max(1, round(wait_s + 0.5)))},
    )


def _wake(queue: deque[asyncio.Future[None]]) -> None:
    while queue:
        place = queue.popleft()
        if not place.done():
            place.set_result(None)
            return

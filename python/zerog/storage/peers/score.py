"""What is held against a peer, and for how long: pure state over a clock that is passed in.

A score lies between -100 and 20 and drifts towards 0 with a half-life. At -50 a peer is *dropped*: disconnected and not asked
until it is above -25 again. At -100 it is *banned* for a fixed time. What nobody does by mistake (wrong bytes or proofs) bans
at once; what happens to the honest (timeouts, full queues) takes many.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Final

WORST: Final = -100.0
BEST: Final = 20.0
DROP_AT: Final = -50.0
RETURN_AT: Final = -25.0


class Event(Enum):
    """What a peer did, and what it costs."""

    GOOD = 0.25
    REFUSED = -1.0
    UNREACHABLE = -5.0
    MISSING = -10.0
    FLOOD = -10.0
    LATE = -20.0
    INVALID = -30.0
    LIE = -200.0


class Standing(StrEnum):
    GOOD = "good"
    DROPPED = "dropped"
    BANNED = "banned"


@dataclass
class _Entry:
    score: float
    at_s: float
    dropped: bool = False
    banned_until_s: float | None = None


class Scores:
    """The scores of at most ``peers_max`` peers; the least interesting are forgotten first, the banned last.

    Args:
        now_s: a clock that does not jump.
    """

    def __init__(
        self, now_s: Callable[[], float], *, half_life_s: float = 600, ban_s: float = 3600, peers_max: int = 1500
    ) -> None:
        self._now_s, self._half_life_s, self._ban_s, self._peers_max = now_s, half_life_s, ban_s, peers_max
        self._entries: dict[bytes, _Entry] = {}

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def banned_count(self) -> int:
        return sum(1 for peer in list(self._entries) if self.standing(peer) is Standing.BANNED)

    def note(self, peer: bytes, event: Event, count: int = 1) -> Standing:
        """Take an event, ``count`` times, into account; how the peer stands after it."""
        entry = self._current(peer) or self._add(peer)
        entry.score = max(WORST, min(BEST, entry.score + event.value * count))
        if entry.banned_until_s is None:
            if entry.score <= WORST:
                entry.banned_until_s = self._now_s() + self._ban_s
            elif entry.score <= DROP_AT:
                entry.dropped = True
            elif entry.score > RETURN_AT:
                entry.dropped = False
        return self._standing(entry)

    def score(self, peer: bytes) -> float:
        entry = self._current(peer)
        return 0.0 if entry is None else entry.score

    def standing(self, peer: bytes) -> Standing:
        entry = self._current(peer)
        return Standing.GOOD if entry is None else self._standing(entry)

    def _standing(self, entry: _Entry) -> Standing:
        if entry.banned_until_s is not None:
            return Standing.BANNED
        return Standing.DROPPED if entry.dropped else Standing.GOOD

    def _current(self, peer: bytes) -> _Entry | None:
        entry = self._entries.get(peer)
        if entry is None:
            return None
        now_s = self._now_s()
        if entry.banned_until_s is not None:
            if now_s < entry.banned_until_s:
                return entry
            # Served: it may come back, but the next offence counts from below.
            entry.at_s, entry.score, entry.dropped = entry.banned_until_s, RETURN_AT, False
            entry.banned_until_s = None
        entry.score *= 0.5 ** (max(0.0, now_s - entry.at_s) / self._half_life_s)
        entry.at_s = now_s
        if entry.dropped and entry.score > RETURN_AT:
            entry.dropped = False
        return entry

    def _add(self, peer: bytes) -> _Entry:
        if len(self._entries) >= self._peers_max:

            def interest(key: bytes) -> tuple[bool, float, float]:
                entry = self._entries[key]
                return entry.banned_until_s is not None, entry.banned_until_s or 0.0, abs(entry.score)

            for key in list(self._entries):
                self._current(key)
            del self._entries[min(self._entries, key=interest)]
        entry = self._entries[peer] = _Entry(0.0, self._now_s())
        return entry

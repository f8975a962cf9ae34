"""Scores and locations as laws: bounded, forgetting, never forgiving early."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from zerog.storage.api import TxId
from zerog.storage.peers.locations import Locations
from zerog.storage.peers.score import BEST, DROP_AT, RETURN_AT, WORST, Event, Scores, Standing

EVENTS = st.sampled_from(list(Event))
STEPS = st.lists(st.tuples(EVENTS, st.integers(1, 20), st.floats(0, 900)), max_size=40)
A, B = b"a", b"b"


class Now:
    def __init__(self) -> None:
        self.at_s = 1000.0

    def __call__(self) -> float:
        return self.at_s


@given(STEPS)
@example([(Event.LATE, 3, 720.0), (Event.GOOD, 20, 0.0)])
@settings(deadline=None)
def test_scores_stay_in_their_bounds_and_standing_follows_them(steps: list[tuple[Event, int, float]]) -> None:
    now = Now()
    scores = Scores(now)
    banned_until_s = 0.0
    for event, count, pause_s in steps:
        standing = scores.note(A, event, count)
        assert standing is scores.standing(A)
        assert WORST <= scores.score(A) <= BEST
        if banned_until_s > now.at_s:
            assert standing is Standing.BANNED, "a ban ends with its time and not before"
        elif standing is Standing.BANNED:
            banned_until_s = now.at_s + 3600
            assert scores.score(A) == WORST
        if event is Event.LIE:
            assert standing is Standing.BANNED, "a lie needs no second one"
        if scores.score(A) <= DROP_AT:
            assert standing is not Standing.GOOD
        now.at_s += pause_s
    assert scores.score(B) == 0
    assert scores.standing(B) is Standing.GOOD


@given(STEPS, EVENTS)
@settings(deadline=None)
def test_one_more_offence_never_helps(steps: list[tuple[Event, int, float]], event: Event) -> None:
    now = Now()
    with_it, without = Scores(now), Scores(now)
    if event.value < 0:
        with_it.note(A, event)
    for each, count, pause_s in steps:
        if without.standing(A) is Standing.BANNED or with_it.standing(A) is Standing.BANNED:
            return  # bans that end at different times are another story
        with_it.note(A, each, count)
        without.note(A, each, count)
        assert with_it.score(A) <= without.score(A) + 1e-9
        now.at_s += pause_s


@given(st.floats(-99, -0.1), st.lists(st.floats(0, 3600), min_size=1, max_size=20))
@settings(deadline=None)
def test_what_is_held_against_a_peer_fades(start: float, pauses_s: list[float]) -> None:
    now = Now()
    scores = Scores(now)
    scores.note(A, Event.REFUSED, max(1, int(start / Event.REFUSED.value)))
    before = scores.score(A)
    for pause_s in pauses_s:
        now.at_s += pause_s
        assert before - 1e-9 <= scores.score(A) <= 0
        if scores.standing(A) is Standing.DROPPED:
            assert scores.score(A) <= RETURN_AT
        before = scores.score(A)


def test_a_dropped_peer_comes_back_above_the_line_and_a_banned_one_on_time() -> None:
    now = Now()
    scores = Scores(now, half_life_s=100, ban_s=1000)
    assert [scores.note(A, Event.LATE) for _ in range(3)][-1] is Standing.DROPPED
    now.at_s += 100
    assert scores.score(A) == -30
    assert scores.standing(A) is Standing.DROPPED, "it is above the line of dropping, not of coming back"
    now.at_s += 100
    assert scores.standing(A) is Standing.GOOD
    scores.note(A, Event.LIE)
    now.at_s += 999
    assert (scores.standing(A), scores.banned_count) == (Standing.BANNED, 1)
    now.at_s += 1
    assert (scores.standing(A), scores.banned_count, scores.score(A)) == (Standing.GOOD, 0, RETURN_AT)
    assert scores.note(A, Event.LATE, 2) is Standing.DROPPED, "what it did is not all forgotten"


@given(st.lists(st.tuples(st.integers(0, 30), EVENTS), max_size=120))
@settings(deadline=None)
def test_the_table_is_bounded_and_forgets_bans_last(steps: list[tuple[int, Event]]) -> None:
    scores = Scores(Now(), peers_max=8)
    banned: set[bytes] = set()
    for who, event in steps:
        peer = bytes([who])
        if scores.note(peer, event) is Standing.BANNED:
            banned.add(peer)
        assert len(scores) <= 8
        if len(banned) < 8:
            assert scores.banned_count == len(banned)


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.booleans(), st.floats(0, 50)), max_size=200))
@settings(deadline=None)
def test_locations_are_bounded_and_expire(steps: list[tuple[int, int, bool, float]]) -> None:
    now = Now()
    cache = Locations(now, files_max=5, peers_max=3, expire_s=100)
    said: dict[tuple[TxId, bytes], float] = {}
    for seq, who, drop, pause_s in steps:
        file, peer = TxId(seq, bytes(32)), bytes([who])
        if drop:
            cache.drop(file, peer)
            said.pop((file, peer), None)
            assert peer not in cache.holders(file)
        else:
            cache.add(file, peer)
            said[file, peer] = now.at_s
            assert cache.holders(file)[0] == peer, "the last to say so comes first"
        assert len(cache) <= 5
        for number in range(10):
            found = cache.holders(TxId(number, bytes(32)))
            assert len(found) <= 3
            assert all(said[TxId(number, bytes(32)), id] >= now.at_s - 100 for id in found)
        now.at_s += pause_s

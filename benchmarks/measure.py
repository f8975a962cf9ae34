"""How every benchmark measures: ours and the peer's turns interleaved in one run, ratios of pairs, the quiet share noted.

A shared core has moods: a number alone says little, and "A, then B" compares two moods. So each pair of turns gives one
ratio, and the median of the ratios is the result; minima stand beside it. Equality of results is checked before timing.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
TINY = os.environ.get("ZEROG_BENCH_TINY") == "1"
KEEP = os.environ.get("ZEROG_BENCH_KEEP") == "1"
PAIRS = 3 if TINY else 9


@dataclass
class Comparison:
    """Ours against one peer: seconds of each turn, in pairs."""

    ours_s: list[float] = field(default_factory=list)
    peer_s: list[float] = field(default_factory=list)

    @property
    def ratio(self) -> float:
        """How many times faster ours is: the median over the pairs."""
        return statistics.median(peer / ours for ours, peer in zip(self.ours_s, self.peer_s, strict=True))

    def summary(self, items: int) -> dict[str, float]:
        return {
            "ratio_median": round(self.ratio, 3),
            "ours_per_s_best": round(items / min(self.ours_s), 1),
            "ours_per_s_median": round(items / statistics.median(self.ours_s), 1),
            "peer_per_s_best": round(items / min(self.peer_s), 1),
            "peer_per_s_median": round(items / statistics.median(self.peer_s), 1),
        }


def timed(call: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    begun = clock()
    call()
    return clock() - begun


def interleave(
    ours: Callable[[], object],
    peer: Callable[[], object],
    pairs: int = PAIRS,
    clock: Callable[[], float] = time.perf_counter,
) -> Comparison:
    """``pairs`` turns of each, alternating which goes first; one unmeasured turn of each warms up.

    ``clock=time.thread_time`` counts this thread's own time: for kernels on one thread beside a busy machine.
    """
    ours()
    peer()
    out = Comparison()
    for index in range(pairs):
        if index % 2 == 0:
            out.ours_s.append(timed(ours, clock))
            out.peer_s.append(timed(peer, clock))
        else:
            out.peer_s.append(timed(peer, clock))
            out.ours_s.append(timed(ours, clock))
    return out


def quiet_share(windows: int = 200) -> float:
    """The share of 1 ms windows in which plain integer work ran within 10 % of its best: how alone we were."""

    def work() -> float:
        begun = time.perf_counter()
        total = 0
        for number in range(12_000):
            total += number
        return time.perf_counter() - begun

    taken = [work() for _ in range(windows)]
    return round(sum(one <= 1.1 * min(taken) for one in taken) / windows, 3)


def environment() -> dict[str, Any]:
    """What a reader needs to judge a number."""
    cpu = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), "?"
    )
    from zerog import _native

    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True).stdout.strip()
    compiler = subprocess.run(["c++", "--version"], capture_output=True, text=True).stdout.partition("\n")[0]
    return {
        "cpu": cpu,
        "compiler": compiler,
        "cores": len(os.sched_getaffinity(0)),
        "features": _native.cpu_features(),
        "backends": {entry["kernel"]: entry["chosen"] for entry in _native.backends()},
        "threads": _native.thread_count(),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "commit": commit,
        "quiet_share": quiet_share(),
        "load_1min": os.getloadavg()[0],
        "date": time.strftime("%Y-%m-%d"),
    }


def keep(name: str, facts: Mapping[str, Any]) -> None:
    """Write ``benchmarks/results/<name>.json`` when ZEROG_BENCH_KEEP=1; tiny runs are never kept."""
    plain = {key: asdict(value) if hasattr(value, "__dataclass_fields__") else value for key, value in facts.items()}
    print(json.dumps(plain, indent=1))
    if not KEEP or TINY:
        return
    RESULTS.mkdir(exist_ok=True)
    body = {"name": name, "environment": environment(), "results": plain}
    (RESULTS / f"{name}.json").write_text(json.dumps(body, indent=1, sort_keys=True) + "\n")

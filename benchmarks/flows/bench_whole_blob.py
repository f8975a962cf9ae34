"""A full blob of data availability: encode, commit and prove by phases on one and two cores, with peak memory; what verifiers,
signers and retrievers pay; and Celestia's rsmt2d on a square of the same size in the same run.

Every count of cores runs in a process of its own, so that its peak is its own. Kept as results/whole_blob.json and
results/da_verify.json.
"""

from __future__ import annotations

import json
import os
import secrets
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from measure import ROOT, TINY, keep, timed
from peers.golang import GoPeer
from zerog import _native
from zerog.da import params
from zerog.primitives import blob, bls, commit
from zerog.primitives.blob import MAINNET, Geometry

GEOMETRY = Geometry(16, 8) if TINY else MAINNET
ROUNDS = 1 if TINY else 3
SHARE_SIZE_BYTES = 512
SQUARE = 4 if TINY else 256  # of shares: 32 MiB
SIGNERS = 10 if TINY else 1000
PHASES = {
    "row commitments (3 N terms)": "rows",
    "block sums and group transforms": "quotients",
    "of it block sums (5.5 N terms)": "blocks",
    "low-degree companion (N terms)": "high",
}


def pattern(size: int) -> bytes:
    n = np.arange(size, dtype=np.uint64)
    return ((np.uint64(31) * n * n + np.uint64(7) * n + np.uint64(13)) % np.uint64(251)).astype(np.uint8).tobytes()


def use(threads: int) -> None:
    """This process on so many cores, the highest ones."""
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[-threads:]))
    _native.set_thread_count(threads)


def peak_mib() -> int:
    """Of this program alone; getrusage would count the process that started it."""
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) // 1024


def child(directory: str, threads: int) -> dict[str, Any]:
    """Runs in a process of its own."""
    use(threads)
    data = pattern(GEOMETRY.data_size_bytes_max)
    idle = peak_mib()
    setup = params.load(Path(directory), prover=True, allow_insecure=True)
    loaded = peak_mib()
    whole = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        made = commit.commit(setup, data)
        slices = made.slices(range(GEOMETRY.rows_encoded))
        whole.append(time.perf_counter() - begun)
        del slices
    peak = peak_mib()
    encoded = blob.encode(data, GEOMETRY, keep_coefficients=True)
    calls: dict[str, Callable[[], object]] = {
        "extension and roots": lambda: blob.encode(data, GEOMETRY, keep_coefficients=True),
        **{name: lambda part=part: commit.prove_part(setup, encoded, part) for name, part in PHASES.items()},
        "all slices as bytes": lambda: made.slices(range(GEOMETRY.rows_encoded)),
    }
    phases = {name: min(timed(call) for _ in range(ROUNDS)) for name, call in calls.items()}
    return {
        "whole_s_best": round(min(whole), 3),
        "whole_s_median": round(statistics.median(whole), 3),
        "data_mb_per_s_best": round(len(data) / min(whole) / 1e6, 3),
        "phases_s": {name: round(seconds, 4) for name, seconds in phases.items()},
        "peak_rss_mib": {"python": idle, "with parameters": loaded, "encoding": peak},
    }


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("params")
    params.write_dev(place, GEOMETRY)
    return place


def test_encode_commit_prove(directory: Path) -> None:
    facts: dict[str, Any] = {"data_bytes": GEOMETRY.data_size_bytes_max}
    cores = len(os.sched_getaffinity(0))
    for threads in (1, 2):
        if threads > cores:
            continue
        done = subprocess.run(
            [sys.executable, __file__, str(directory), str(threads)],
            capture_output=True, text=True, timeout=900, cwd=ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "benchmarks"), *sys.path])},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        facts[f"{threads} cores"] = json.loads(done.stdout.splitlines()[-1])
        assert facts[f"{threads} cores"]["peak_rss_mib"]["encoding"] < 1536
    facts["extension and roots beside rsmt2d"] = beside_rsmt2d()
    keep("whole_blob", facts)


def beside_rsmt2d() -> dict[str, Any]:
    """Only what rsmt2d does too: extend and hash. It has no commitments and no proofs; its rate is 1/4, ours 1/3."""
    data = pattern(GEOMETRY.data_size_bytes_max)
    square_bytes = SQUARE * SQUARE * SHARE_SIZE_BYTES
    before, count = os.sched_getaffinity(0), _native.thread_count()
    out: dict[str, Any] = {"rsmt2d_bytes": square_bytes}
    for threads in (1, 2):
        if threads > len(before):
            continue
        use(threads)
        peer = GoPeer("rsmt2d", threads=threads)
        try:
            assert len(peer.ask(f"open {SQUARE} {SHARE_SIZE_BYTES}")) == 64
            ours, theirs = [], []
            for turn in range(3 if TINY else 7):
                for mine in (True, False) if turn % 2 == 0 else (False, True):
                    if mine:
                        ours.append(len(data) / timed(lambda: blob.encode(data, GEOMETRY)))
                    else:
                        theirs.append(square_bytes / float(peer.ask("extend 1")))
        finally:
            peer.close()
            os.sched_setaffinity(0, before)
            _native.set_thread_count(count)
        out[f"{threads} cores"] = {
            "ratio_median": round(statistics.median(a / b for a, b in zip(ours, theirs, strict=True)), 3),
            "ours_mb_per_s_best": round(max(ours) / 1e6, 1),
            "rsmt2d_mb_per_s_best": round(max(theirs) / 1e6, 1),
        }
    return out


def best_of(call: Callable[[], object], times: int) -> dict[str, float]:
    taken = [timed(call) for _ in range(times)]
    return {"ms_best": round(min(taken) * 1e3, 3), "ms_median": round(statistics.median(taken) * 1e3, 3)}


def test_what_others_pay(directory: Path) -> None:
    """One core: a slice and a batch of them verified, an aggregate of a thousand signers checked, a blob recovered."""
    setup = params.load(directory, prover=True, allow_insecure=True)
    data = pattern(GEOMETRY.data_size_bytes_max)
    made = commit.commit(setup, data)
    rows = made.slices(range(0, GEOMETRY.rows_encoded, max(1, GEOMETRY.rows_encoded // 100)))
    slices = [row.tobytes() for row in rows]

    def verify(count: int) -> None:
        words = commit.verify_slices(
            setup,
            slices[:count],
            [made.commitment] * count,
            [made.encoded.data_root] * count,
            seed=secrets.token_bytes(32),
        )
        assert words == [commit.OK] * count

    secret_keys = [bls.SecretKey(number.to_bytes(32, "big")) for number in range(1, SIGNERS + 1)]
    digest = bls.attestation_digest(made.encoded.data_root, 1, 0, made.commitment)
    signatures = [key.sign(digest) for key in secret_keys]
    joined, keys = b"".join(signatures), b"".join(key.public_g2 for key in secret_keys)

    def aggregate() -> None:
        assert bls.verify_aggregate(digest, joined, keys)

    third = [*range(GEOMETRY.rows, 2 * GEOMETRY.rows)]
    matrix = np.ascontiguousarray(made.encoded.matrix[third])

    def recover() -> None:
        assert blob.recover(third, matrix, GEOMETRY).data_root == made.encoded.data_root

    before, threads = os.sched_getaffinity(0), _native.thread_count()
    use(1)
    try:
        many = len(slices)
        facts: dict[str, Any] = {
            "one slice": best_of(lambda: verify(1), 3 if TINY else 50),
            f"a batch of {many} slices": best_of(lambda: verify(many), 1 if TINY else 5),
            f"sum and check of {SIGNERS} signatures": best_of(aggregate, 1 if TINY else 30),
            "recovery from the middle third": best_of(recover, 1 if TINY else 5),
        }
    finally:
        os.sched_setaffinity(0, before)
        _native.set_thread_count(threads)
    keep("da_verify", facts)


if __name__ == "__main__":
    print(json.dumps(child(sys.argv[1], int(sys.argv[2]))))

"""secp256k1 recovery and verification: every backend by batch size, and against libsecp256k1 itself and coincurve.

The backend "scalar" is vendored libsecp256k1 called in a loop, without Python in between; coincurve is what a Python user would
pick, one call a signature, its loop shared by as many threads as ours has.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import coincurve
import pytest

from measure import TINY, Comparison, interleave, keep
from zerog import _native
from zerog.primitives import sig

BACKENDS = ("scalar", "avx512")
COUNTS = (1, 9) if TINY else (1, 2, 8, 64, 256, 1_024)
COUNT = 24 if TINY else 1_024
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@pytest.fixture(autouse=True)
def given_back() -> Iterator[None]:
    """One thread on one core unless a test widens it; given back afterwards."""
    before, threads = os.sched_getaffinity(0), _native.thread_count()
    os.sched_setaffinity(0, {max(before)})
    _native.set_thread_count(1)
    yield
    os.sched_setaffinity(0, before)
    _native.set_thread_count(threads)


def usable(backend: str) -> str:
    report = next(entry for entry in _native.backends() if entry["kernel"] == "ecdsa")
    if backend not in report["available"]:
        pytest.skip(f"{backend}: {report['unavailable']}")
    return backend


class Signed:
    """``count`` signatures of different keys over random digests, loose and joined."""

    def __init__(self, count: int) -> None:
        secrets = [coincurve.PrivateKey(random.randrange(1, N).to_bytes(32)) for _ in range(count)]
        self.digests = [random.randbytes(32) for _ in range(count)]
        self.recoverable = [key.sign_recoverable(d, hasher=None) for key, d in zip(secrets, self.digests, strict=True)]
        self.der = [key.sign(d, hasher=None) for key, d in zip(secrets, self.digests, strict=True)]
        self.public = [coincurve.PublicKey(key.public_key.format()) for key in secrets]
        self.all_digests = b"".join(self.digests)
        self.all_recoverable = b"".join(self.recoverable)
        self.all_compact = b"".join(row[:64] for row in self.recoverable)
        self.all_keys = b"".join(key.format(compressed=False)[1:] for key in self.public)


@pytest.mark.benchmark(group="ecdsa recover")
@pytest.mark.parametrize("count", COUNTS, ids=lambda count: f"{count:04d}")
@pytest.mark.parametrize("backend", BACKENDS)
def test_recover(benchmark: Any, backend: str, count: int) -> None:
    signed = Signed(count)
    benchmark.extra_info["items"] = count
    _, ok = benchmark(sig.recover_many, signed.all_digests, signed.all_recoverable, backend=usable(backend))
    assert ok.all()


@pytest.mark.benchmark(group="ecdsa verify")
@pytest.mark.parametrize("count", COUNTS, ids=lambda count: f"{count:04d}")
@pytest.mark.parametrize("backend", BACKENDS)
def test_verify(benchmark: Any, backend: str, count: int) -> None:
    signed = Signed(count)
    benchmark.extra_info["items"] = count
    verify = sig.verify_many
    ok = benchmark(verify, signed.all_digests, signed.all_compact, signed.all_keys, low_s_only=True, backend=usable(backend))
    assert ok.all()


def shared(pool: ThreadPoolExecutor, threads: int, one: Callable[[int], object], count: int) -> None:
    """``one`` for every index, in as many runs as threads."""
    bounds = [count * i // threads for i in range(threads + 1)]

    def run(begin: int, end: int) -> None:
        for index in range(begin, end):
            one(index)

    if threads == 1:
        run(0, count)
    else:
        list(pool.map(run, bounds[:-1], bounds[1:]))


def test_against_peers() -> None:
    """Interleaved pairs; kept as results/ecdsa.json."""
    signed, facts = Signed(COUNT), {}
    active = next(entry for entry in _native.backends() if entry["kernel"] == "ecdsa")["chosen"]

    def recover_one(i: int) -> bytes:
        key = coincurve.PublicKey.from_signature_and_message(signed.recoverable[i], signed.digests[i], hasher=None)
        return key.format(compressed=False)

    def verify_one(i: int) -> bool:
        return signed.public[i].verify(signed.der[i], signed.digests[i], hasher=None)

    def recover(backend: str) -> Any:
        return sig.recover_many(signed.all_digests, signed.all_recoverable, backend=backend)

    def verify(backend: str) -> Any:
        return sig.verify_many(signed.all_digests, signed.all_compact, signed.all_keys, low_s_only=True, backend=backend)

    keys, ok = recover("")
    assert ok.all()
    assert keys.tobytes() == signed.all_keys == recover("scalar")[0].tobytes()
    assert b"".join(recover_one(i)[1:] for i in range(COUNT)) == signed.all_keys
    assert verify("").all()
    assert all(verify_one(i) for i in range(COUNT))

    cores = sorted(os.sched_getaffinity(0) if TINY else range(os.cpu_count() or 1))
    for threads in sorted({1, min(2, len(cores))}):
        os.sched_setaffinity(0, set(cores[-threads:]))
        _native.set_thread_count(threads)
        with ThreadPoolExecutor(threads) as pool:
            for name, call, one in (("recover", recover, recover_one), ("verify", verify, verify_one)):
                compared: dict[str, Comparison] = {
                    "libsecp256k1": interleave(lambda call=call: call(""), lambda call=call: call("scalar")),
                    "coincurve": interleave(
                        lambda call=call: call(""),
                        lambda one=one, threads=threads, pool=pool: shared(pool, threads, one, COUNT),
                    ),
                }
                facts[f"{name}, {threads} thread{'s' * (threads > 1)}"] = {
                    peer: comparison.summary(COUNT) for peer, comparison in compared.items()
                }
    if active == "avx512" and not TINY:
        for group in facts.values():
            assert all(entry["ratio_median"] > 1 for entry in group.values())
    keep("ecdsa", facts)

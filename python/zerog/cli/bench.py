"""``zerog bench``: a quick honest look at this machine. The full tables come from ``make bench``."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from typing import Annotated, Any, Final

import typer

from zerog._native import backends, keccak256, thread_count
from zerog.cli.output import Json, meter, show, table
from zerog.errors import InvalidInput
from zerog.primitives.sig import recover_addresses
from zerog.sdk.wallet import Account

BLOCK: Final = 1 << 20


def bench(
    name: Annotated[str, typer.Argument(help="keccak, recover, or all.")] = "all",
    seconds: Annotated[float, typer.Option(min=0.05, max=60, help="Time for each.")] = 1.0,
    as_json: Json = False,
) -> None:
    """Measure single kernels for a moment: minimum, median and maximum rate over repeated batches of random input.

    Numbers of a shared machine vary; compare only what was measured together. `make bench` measures against named peers.
    """
    cases: dict[str, tuple[str, float, Callable[[], object]]] = {}
    if name in ("keccak", "all"):
        data = os.urandom(BLOCK)
        cases["keccak256 of one 1 MiB input"] = ("MiB", 1, lambda: keccak256(data))
    if name in ("recover", "all"):
        digests, signatures = _signed(1024)
        cases["secp256k1 sender recovery"] = ("signatures", 1024, lambda: recover_addresses(digests, signatures))
    if not cases:
        raise InvalidInput(f"bench: expected keccak, recover or all, found {name!r}")
    rows = []
    with meter("measuring", len(cases), quiet=as_json) as progress:
        for label, (unit, count, work) in cases.items():
            rates = _rates(work, count, seconds)
            rows.append(
                {
                    "name": label,
                    "unit": f"{unit}/s",
                    "minimum": min(rates),
                    "median": statistics.median(rates),
                    "maximum": max(rates),
                    "runs": len(rates),
                }
            )
            progress.step()
    value: dict[str, Any] = {
        "threads": thread_count(),
        "load": os.getloadavg()[0],
        "backends": {entry["kernel"]: entry["chosen"] for entry in backends()},
        "results": rows,
    }

    def text() -> None:
        chosen = ", ".join(f"{kernel} {backend}" for kernel, backend in value["backends"].items())
        print(f"{value['threads']} threads, load {value['load']:.1f}; {chosen}")
        rates = ("minimum", "median", "maximum")
        table(
            ["what", *rates, "unit", "runs"],
            [(row["name"], *(f"{row[key]:,.0f}" for key in rates), row["unit"], row["runs"]) for row in rows],
        )

    show(value, as_json=as_json, text=text)


def _rates(work: Callable[[], object], count: float, seconds: float) -> list[float]:
    work()  # warm: backend chosen, caches filled
    rates: list[float] = []
    end = time.perf_counter() + seconds
    while len(rates) < 3 or time.perf_counter() < end:
        began = time.perf_counter()
        work()
        rates.append(count / (time.perf_counter() - began))
    return rates


def _signed(count: int) -> tuple[bytes, bytes]:
    account = Account.create()
    digests = [os.urandom(32) for _ in range(count)]
    parts = []
    for digest in digests:
        made = account.sign_digest(digest)
        parts.append(made.r.to_bytes(32, "big") + made.s.to_bytes(32, "big") + bytes([made.parity]))
    return b"".join(digests), b"".join(parts)

"""Our EVM against the executable specification (EELS): random cases, zero differences allowed.

    python tests/differential/evm/fuzz.py --eels VENV/bin/python --cases 20000 --seed 1 --workers 2

Prints the seed; every difference names the seed of its case, which ``--only SEED`` replays with all details. EELS runs in a
virtual environment of its own (``pip install ethereum-execution==2.20.0``), one long-lived process a worker, so that its start
is paid once. Compared: validity, status, gas, output and logs of every transaction, every account and slot at the end, and
the state root. Exit status 1 when anything differs.
"""

from __future__ import annotations

import argparse
import pickle
import secrets
import subprocess
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

import generator

from zerog import _native
from zerog.errors import InvalidInput

HERE = Path(__file__).resolve().parent


class Oracle:
    """One EELS process."""

    def __init__(self, python: str) -> None:
        self.process = subprocess.Popen([python, str(HERE / "eels.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, case: dict[str, Any]) -> dict[str, Any]:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        body = pickle.dumps(case)
        self.process.stdin.write(len(body).to_bytes(4, "big") + body)
        self.process.stdin.flush()
        head = self.process.stdout.read(4)
        if len(head) < 4:
            raise SystemExit(f"EELS process ended at seed {case['seed']}")
        answer: dict[str, Any] = pickle.loads(self.process.stdout.read(int.from_bytes(head, "big")))
        return answer

    def close(self) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()


def ours(case: dict[str, Any], tracer: str | None = None) -> tuple[list[dict[str, Any]], Any, Any, bytes]:
    """What we make of the case; with a tracer that wants steps the other loop runs."""
    world = _native.EvmWorld(case["pre"], fork=case["fork"], chain_id=generator.CHAIN_ID)
    results: list[dict[str, Any]] = []
    gas, blob_gas = 0, 0
    whole = case["withdrawals"] is not None
    if whole:
        world.block_start(case["env"], case["env"]["block_hashes"][99], bytes(32))
    for raw in case["transactions"]:
        try:
            result = world.transact(case["env"], raw, gas_before=gas, blob_gas_before=blob_gas, tracer=tracer)
        except InvalidInput as refused:
            result = {"valid": False, "error": str(refused)}
        if result["valid"]:
            gas += result["gas_used"]
            blob_gas += result["blob_gas_used"]
        results.append(result)
    requests = None
    if whole:
        end = world.block_end(case["env"], case["withdrawals"])
        requests = end["requests"] if end["requests_hash"] is not None else None
    return results, requests, world, world.root()


def differences(case: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    if "broken" in theirs:
        return [f"EELS broke: {theirs['broken']}"]
    results, requests, world, root = ours(case)
    found = []
    for index, (we, they) in enumerate(zip(results, theirs["results"], strict=True)):
        if we["valid"] != they["valid"]:
            found.append(f"transaction {index}: valid {we['valid']} ({we['error']}), EELS {they['valid']} ({they['why']})")
            continue
        if not we["valid"]:
            continue
        for name in ("success", "gas_used", "output", "logs"):
            if we[name] != they[name]:
                found.append(f"transaction {index}: {name} {we[name]!r} ({we['error']}), EELS {they[name]!r} ({they['why']})")
    for address, account in theirs["accounts"].items():
        nonce, balance, code = world.account(address)
        for name, value in (("nonce", nonce), ("balance", balance), ("code", code)):
            if value != account[name]:
                found.append(f"account {address.hex()}: {name} {value!r}, EELS {account[name]!r}")
        for slot in {*account["storage"], *generator.SLOTS}:
            we, they = world.storage(address, slot), account["storage"].get(slot, 0)
            if we != they:
                found.append(f"account {address.hex()}: slot {slot:#x} {we:#x}, EELS {they:#x}")
    if case["seed"] % 4 == 0:
        stepped, _, _, stepped_root = ours(case, "prestateTracer")
        for we in stepped:
            we.pop("trace", None)
        if stepped != results or stepped_root != root:
            found.append("the stepping loop ends otherwise than the fast one")
    if requests != theirs["requests"]:
        found.append(f"requests {requests!r}, EELS {theirs['requests']!r}")
    if root != theirs["root"]:
        found.append(f"root {root.hex()}, EELS {theirs['root'].hex()}")
    return found


def run(python: str, seeds: range, workers: int, show: bool = False) -> tuple[int, Counter[str], list[tuple[int, list[str]]]]:
    """Runs the cases of the seeds; returns how many, what they were made of, and the differences by seed."""
    todo = iter(seeds)
    lock = threading.Lock()
    made: Counter[str] = Counter()
    bad: list[tuple[int, list[str]]] = []
    done = 0

    def work() -> None:
        nonlocal done
        oracle = Oracle(python)
        try:
            while True:
                with lock:
                    seed = next(todo, None)
                if seed is None:
                    return
                case = generator.case(seed)
                theirs = oracle.ask(case)
                found = differences(case, theirs)
                with lock:
                    done += 1
                    made[case["fork"]] += 1
                    made["whole blocks"] += case["withdrawals"] is not None
                    made["requests"] += len(theirs.get("requests") or [])
                    for raw, result in zip(case["transactions"], theirs.get("results", []), strict=False):
                        kind = raw[0] if raw[0] < 5 else 0
                        made[
                            f"type {kind} {'refused' if not result['valid'] else 'success' if result['success'] else 'failed'}"
                        ] += 1
                        if not result["valid"] or not result["success"]:
                            made[("refused: " if not result["valid"] else "failed: ") + result["why"].split("(")[0]] += 1
                    if found:
                        bad.append((seed, found))
                        if show or len(bad) <= 20:
                            print(f"seed {seed} ({case['fork']}):", *found[:12], sep="\n  ", flush=True)
        finally:
            oracle.close()

    with ThreadPoolExecutor(workers) as pool:
        for finished in [pool.submit(work) for _ in range(workers)]:
            finished.result()
    return done, made, bad


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--eels", required=True, help="python of the virtual environment with ethereum-execution")
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=None, help="of the first case; random when not given")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", type=int, help="replay one case and show all of it")
    arguments = parser.parse_args()
    if arguments.only is not None:
        case = generator.case(arguments.only)
        for address, account in case["pre"].items():
            print(address.hex(), account["nonce"], account["balance"], account["code"].hex(), account["storage"])
        for raw, result in zip(case["transactions"], ours(case)[0], strict=True):
            print(raw.hex(), result)
        done, made, bad = run(arguments.eels, range(arguments.only, arguments.only + 1), 1, show=True)
        return 1 if bad else 0
    seed = arguments.seed if arguments.seed is not None else secrets.randbits(40)
    print(f"seed {seed}, {arguments.cases} cases, {arguments.workers} workers", flush=True)
    start = time.monotonic()
    done, made, bad = run(arguments.eels, range(seed, seed + arguments.cases), arguments.workers)
    seconds = time.monotonic() - start
    print(f"{done} cases in {seconds:.1f} s ({done / seconds:.1f}/s), {len(bad)} differ")
    print(", ".join(f"{name}: {count}" for name, count in sorted(made.items())))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())

"""Tables of the kept results: ``python benchmarks/report.py [name …] [--against REVISION]``.

Prints each ``benchmarks/results/<name>.json`` as aligned columns, environment first; with ``--against`` the ratios of the
same file at that revision stand beside, so that a loss shows.
"""

from __future__ import annotations

import argparse
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"


def leaves(facts: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every number or sentence of a result with its way there; lists are left out (they are raw runs)."""
    if isinstance(facts, dict):
        for key, value in facts.items():
            yield from leaves(value, (*path, key))
    elif not isinstance(facts, list):
        yield path, facts


def earlier(path: Path, revision: str) -> dict[tuple[str, ...], Any]:
    """The same result at ``revision``; empty when it was not kept then."""
    name = f"{revision}:{path.relative_to(ROOT).as_posix()}"
    shown = subprocess.run(["git", "show", name], cwd=ROOT, capture_output=True, text=True)
    return dict(leaves(json.loads(shown.stdout)["results"])) if shown.returncode == 0 else {}


def human(value: Any) -> str:
    if isinstance(value, int | float) and abs(value) >= 10_000:
        return f"{value:,.0f}"
    return str(value)


def report(path: Path, revision: str | None) -> str:
    body = json.loads(path.read_text())
    environment = body["environment"]
    head = [
        f"{path.stem}: {environment['cpu']}, {environment['threads']} threads",
        f"  commit {environment['commit']}, {environment['date']}, {environment.get('compiler', 'compiler not recorded')}",
    ]
    head.append(f"  quiet share {environment['quiet_share']}, load {environment['load_1min']:.1f}, {environment['features']}")
    before = earlier(path, revision) if revision else {}
    rows = [
        (" / ".join(way), human(value), human(before.get(way, "")) if revision else "")
        for way, value in leaves(body["results"])
    ]
    widths = [max((len(row[i]) for row in rows), default=0) for i in range(3)]
    return "\n".join(
        [*head, *(f"  {name:<{widths[0]}}  {now:>{widths[1]}}  {then:>{widths[2]}}".rstrip() for name, now, then in rows)]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="results to show; all when none is named")
    parser.add_argument("--against", metavar="REVISION", help="print the same numbers at this git revision beside")
    chosen = parser.parse_args()
    paths = [RESULTS / f"{name}.json" for name in chosen.names] or sorted(RESULTS.glob("*.json"))
    print("\n\n".join(report(path, chosen.against) for path in paths))


if __name__ == "__main__":
    main()

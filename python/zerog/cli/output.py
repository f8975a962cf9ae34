"""Text for people, JSON for scripts, progress on anything that takes over a second, and exit codes.

Exit codes: 0 done, 1 refused, 2 misuse (wrong arguments or settings), 3 unavailable (nobody answers, or not in time).
Answers go to standard output, everything else to standard error.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

from zerog.errors import ConfigError, InvalidInput, TimedOut, Unavailable, ZerogError

if TYPE_CHECKING:
    from rich.progress import Progress

DONE: Final = 0
REFUSED: Final = 1
MISUSE: Final = 2
UNAVAILABLE: Final = 3

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value instead of text.")]


def exit_code(error: ZerogError) -> int:
    """The exit code of an error: who must do something about it."""
    if isinstance(error, InvalidInput | ConfigError):
        return MISUSE
    if isinstance(error, Unavailable | TimedOut):
        return UNAVAILABLE
    return REFUSED


def fail(error: ZerogError, *, as_json: bool) -> NoReturn:
    """Say what went wrong on standard error and leave."""
    if as_json:
        print(json.dumps({"error": {"code": error.code, "message": str(error)}}), file=sys.stderr)
    else:
        print(f"error: {error}", file=sys.stderr)
    raise SystemExit(exit_code(error))


def show(value: Any, *, as_json: bool, text: Callable[[], None]) -> None:
    """Print an answer: ``value`` as JSON, or what ``text`` prints."""
    if as_json:
        print(json.dumps(value, ensure_ascii=False))
    else:
        text()


def facts(rows: Mapping[str, Any] | Sequence[tuple[str, Any]]) -> None:
    """Aligned ``name  value`` lines."""
    pairs = list(rows.items()) if isinstance(rows, Mapping) else list(rows)
    width = max((len(name) for name, _ in pairs), default=0)
    for name, value in pairs:
        print(f"{name:<{width}}  {value}")


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """An aligned table; plain when the output is no terminal."""
    if not sys.stdout.isatty():
        widths = [max(len(str(row[i])) for row in [columns, *rows]) for i in range(len(columns))]
        for row in [columns, *rows]:
            print("  ".join(f"{cell!s:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())
        return
    from rich.console import Console
    from rich.table import Table

    made = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        made.add_column(name, overflow="fold")
    for row in rows:
        made.add_row(*[str(cell) for cell in row])
    Console(soft_wrap=True).print(made)


class Meter:
    """A bar with rate and time left, shown only after a second and only on a terminal."""

    def __init__(self, what: str, total: int | None, *, quiet: bool) -> None:
        self._what, self._total, self._done = what, total, 0
        self._quiet = quiet or not sys.stderr.isatty()
        self._began = time.monotonic()
        self._progress: Progress | None = None
        self._task: Any = None

    def to(self, done: int) -> None:
        """So much is done."""
        self._done = done
        if self._quiet:
            return
        if self._progress is None:
            if time.monotonic() - self._began < 1:
                return
            self._progress = _bar(timed=self._total is not None)
            self._progress.start()
            self._task = self._progress.add_task(self._what, total=self._total, rate="")
        rate = self._done / max(1e-9, time.monotonic() - self._began)
        self._progress.update(self._task, completed=self._done, rate=f"{rate:,.0f}/s")

    def over(self, done: int, total: int) -> None:
        """So much is done of a total that is known only now."""
        if total != self._total:
            self._total = total
            if self._progress is not None:
                self._progress.update(self._task, total=total)
        self.to(done)

    def now(self, what: str, done: int) -> None:
        """Another stage begins."""
        self._what = what
        if self._progress is not None:
            self._progress.update(self._task, description=what)
        self.to(done)

    def step(self, count: int = 1) -> None:
        self.to(self._done + count)

    def tick(self) -> None:
        """Still waiting."""
        self.to(self._done)

    def close(self) -> None:
        if self._progress is not None:
            self._progress.stop()


def _bar(*, timed: bool) -> Progress:
    """Loaded here: most commands are done before there is anything to draw."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns: list[Any] = [SpinnerColumn(), TextColumn("{task.description}")]
    if timed:
        columns += [BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[rate]}"), TimeRemainingColumn()]
    columns.append(TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


@contextmanager
def meter(what: str, total: int | None = None, *, quiet: bool = False) -> Iterator[Meter]:
    """Progress of one long action."""
    made = Meter(what, total, quiet=quiet)
    try:
        yield made
    finally:
        made.close()

"""``zerog da params``: development parameters of data availability, and a check of any set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from zerog.cli.output import Json, facts, show
from zerog.da import params
from zerog.primitives.blob import Geometry
from zerog.primitives.commit import Setup

app = typer.Typer(no_args_is_help=True, help="Public parameters of the commitments: make a development set, check a set.")


@app.command("dev")
def dev(
    directory: Annotated[Path, typer.Argument(help="Where the files go.")],
    rows: Annotated[int, typer.Option(help="A power of two from 2 to 1024.")] = 1024,
    columns: Annotated[int, typer.Option(help="A power of two from 2 to 1024.")] = 1024,
    as_json: Json = False,
) -> None:
    """Make INSECURE parameters of our own: their secret is public. For devnets and tests only."""
    _show(params.write_dev(directory, Geometry(rows, columns)), directory, as_json)


@app.command("check")
def check(
    directory: Annotated[Path, typer.Argument(help="Where the files are: a development set, or the ceremony's.")],
    verifier: Annotated[bool, typer.Option("--verifier", help="Only the verifier's files.")] = False,
    as_json: Json = False,
) -> None:
    """Compare every file with its SHA-256, every point with its curve, and prove and verify rows of a random blob."""
    _show(params.check(directory, prover=not verifier), directory, as_json)


def _show(setup: Setup, directory: Path, as_json: bool) -> None:
    found: dict[str, Any] = {
        "directory": str(directory),
        "rows": setup.geometry.rows,
        "columns": setup.geometry.columns,
        "insecure": (directory / params.MANIFEST).exists(),
        "can_prove": setup.can_prove,
    }
    show(found, as_json=as_json, text=lambda: facts(found))

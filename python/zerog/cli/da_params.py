"""``zerog da params``: development parameters, the network's, and ones built from a ceremony; a check of any."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from zerog.cli.output import Json, facts, meter, show
from zerog.da import params
from zerog.errors import InvalidInput
from zerog.primitives.blob import Geometry
from zerog.primitives.commit import Setup

app = typer.Typer(no_args_is_help=True, help="Public parameters of the commitments: make, fetch, build and check sets.")


@app.command("dev")
def dev(
    directory: Annotated[Path, typer.Argument(help="Where the files go.")],
    rows: Annotated[int, typer.Option(help="A power of two from 2 to 1024.")] = 1024,
    columns: Annotated[int, typer.Option(help="A power of two from 2 to 1024.")] = 1024,
    as_json: Json = False,
) -> None:
    """Make INSECURE parameters of our own: their secret is public. For devnets and tests only."""
    _show(params.write_dev(directory, Geometry(rows, columns)), directory, as_json)


@app.command("get")
def get(
    directory: Annotated[Path, typer.Argument(help="Where the files go.")],
    url: Annotated[str, typer.Option(help="Where the network's files are, under their public names.")],
    verifier: Annotated[bool, typer.Option("--verifier", help="Only the verifier's files: 202 MB instead of 336.")] = False,
    as_json: Json = False,
) -> None:
    """Download the network's files, resuming what was begun; only bytes with their known SHA-256 are kept."""
    with meter("downloading", None, quiet=as_json) as progress:
        fetched = params.fetch(
            directory, url, prover=not verifier, progress=lambda _name, done, total: progress.over(done, total)
        )
    found: dict[str, Any] = {"directory": str(directory), "fetched": fetched}
    show(found, as_json=as_json, text=lambda: facts(found))


@app.command("build")
def build(
    directory: Annotated[Path, typer.Argument(help="Where the set goes.")],
    power_tau: Annotated[Path | None, typer.Option(help="A power-tau file, compressed or with Montgomery coordinates.")] = None,
    provers: Annotated[Path | None, typer.Option(help="A directory with the three amt-prove-coset files.")] = None,
    challenge: Annotated[str | None, typer.Option(help="A challenge file of Perpetual Powers of Tau: a path or URL.")] = None,
    rows: Annotated[int, typer.Option(help="A power of two from 2 to 1024.")] = 1024,
    columns: Annotated[int, typer.Option(help="A power of two from 2 to 1024.")] = 1024,
    log_powers: Annotated[
        int, typer.Option(help="Of a challenge file: it holds 2^this powers in G2.")
    ] = params.CHALLENGE_LOG_POWERS,
    as_json: Json = False,
) -> None:
    """Make all parameters from the points of a ceremony, checked to be the powers of one secret. Minutes at full size."""
    geometry = Geometry(rows, columns)
    with meter("building", None, quiet=as_json) as progress:
        match power_tau, provers, challenge:
            case Path(), None, None:
                setup = params.build_from_powers(directory, power_tau, geometry)
            case None, Path(), None:
                files = sorted(provers.glob("amt-prove-coset[012]-mont-*.bin")) or sorted(
                    provers.glob("amt-prove-coset[012]-*.bin")
                )
                setup = params.build_from_provers(directory, files, geometry)
            case None, None, str():
                setup = params.build_from_challenge(
                    directory, challenge, geometry, log_powers=log_powers, progress=progress.over
                )
            case _:
                raise InvalidInput("expected one of --power-tau, --provers and --challenge")
    _show(setup, directory, as_json, is_the_networks=params.is_the_networks(setup))


@app.command("check")
def check(
    directory: Annotated[Path, typer.Argument(help="Where the files are: a set of any kind.")],
    verifier: Annotated[bool, typer.Option("--verifier", help="Only the verifier's files.")] = False,
    as_json: Json = False,
) -> None:
    """Compare every file with its SHA-256, every point with its curve, and prove and verify rows of a random blob."""
    _show(params.check(directory, prover=not verifier), directory, as_json)


def _show(setup: Setup, directory: Path, as_json: bool, **more: bool) -> None:
    found: dict[str, Any] = {
        "directory": str(directory),
        "rows": setup.geometry.rows,
        "columns": setup.geometry.columns,
        "insecure": (directory / params.MANIFEST).exists(),
        "can_prove": setup.can_prove,
        **more,
    }
    show(found, as_json=as_json, text=lambda: facts(found))

"""``zerog compute``: run a provider, talk to models, look after the money between."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zerog.runtime import config as settings
from zerog.runtime import process

app = typer.Typer(no_args_is_help=True, help="Compute: run a provider, talk to models, keep accounts with providers.")


@app.command()
def run(
    config: Annotated[Path | None, typer.Option("--config", help="TOML settings; see docs/config.md.")] = None,
    home: Annotated[str | None, typer.Option(help="Data directory; overrides compute.home.")] = None,
    rpc: Annotated[str | None, typer.Option(help="JSON-RPC of the chain; overrides compute.chain.endpoint.")] = None,
    forward: Annotated[
        str | None, typer.Option(help="An OpenAI-compatible server, with its /v1; overrides compute.forward.url.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Overrides compute.service.model.")] = None,
    host: Annotated[str | None, typer.Option(help="Listen address; overrides compute.http.host.")] = None,
    port: Annotated[int | None, typer.Option(help="Overrides compute.http.port.")] = None,
    metrics_port: Annotated[int | None, typer.Option(help="Overrides metrics.port.")] = None,
    ready_file: Annotated[Path | None, typer.Option(help="Write a JSON file with the URL when the provider answers.")] = None,
    until_stdin_closes: Annotated[
        bool, typer.Option("--until-stdin-closes", help="Also stop when standard input ends: for supervisors.")
    ] = False,
) -> None:
    """Run a provider until it is stopped (Ctrl-C or SIGTERM).

    Settings: these flags, then ZEROG_… in the environment, then --config, then defaults; `zerog config show` tells.
    """
    from zerog.compute import service

    given = {
        "compute.home": home,
        "compute.chain.endpoint": rpc,
        "compute.forward.url": forward,
        "compute.service.model": model,
        "compute.http.host": host,
        "compute.http.port": port,
        "metrics.port": metrics_port,
    }
    loaded = settings.load(config, flags=given)
    raise SystemExit(
        process.foreground(loaded.config, service.serve, ready_file=ready_file, until_stdin_closes=until_stdin_closes)
    )

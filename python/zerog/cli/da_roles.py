"""``zerog da``: the roles of data availability as processes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, NoReturn

import typer

from zerog.da import encoder_service, retriever_service
from zerog.da.signer import service as signer_service
from zerog.runtime import config as settings
from zerog.runtime import process
from zerog.runtime.process import Serve

Config = Annotated[Path | None, typer.Option("--config", help="TOML settings; see docs/config.md.")]
Rpc = Annotated[str | None, typer.Option("--rpc", help="JSON-RPC of the chain; overrides da.chain.endpoint.")]
Params = Annotated[str | None, typer.Option("--params", help="Directory of public parameters; overrides da.params.directory.")]
Insecure = Annotated[
    bool | None, typer.Option("--insecure", help="Accept development parameters; overrides da.params.allow_insecure.")
]
MetricsPort = Annotated[int | None, typer.Option(help="Overrides metrics.port.")]
ReadyFile = Annotated[Path | None, typer.Option(help="Write a JSON file with the addresses when the role is of use.")]
Orphan = Annotated[bool, typer.Option("--until-stdin-closes", help="Also stop when standard input ends: for supervisors.")]

signer = typer.Typer(no_args_is_help=True, help="Signers (DA nodes): verify and keep rows, and sign for them.")
encoder = typer.Typer(no_args_is_help=True, help="Encoders: matrix, commitment and proofs of blobs, for dispersers.")
retriever = typer.Typer(no_args_is_help=True, help="Retrievers: verified blobs out of signers' rows, for others.")


def add_to(app: typer.Typer) -> None:
    """The roles, as commands of ``zerog da``."""
    app.add_typer(encoder, name="encoder")
    app.add_typer(signer, name="signer")
    app.add_typer(retriever, name="retriever")


def run_role(config: Path | None, given: dict[str, object], serve: Serve, ready_file: Path | None, orphan: bool) -> NoReturn:
    loaded = settings.load(config, flags=given)
    raise SystemExit(process.foreground(loaded.config, serve, ready_file=ready_file, until_stdin_closes=orphan))


@signer.command("run")
def run_signer(
    config: Config = None,
    home: Annotated[str | None, typer.Option(help="Data directory; overrides da.signer.home.")] = None,
    rpc: Rpc = None,
    key_file: Annotated[
        str | None, typer.Option(help="Private file with the account's key; overrides da.signer.key_file.")
    ] = None,
    params: Params = None,
    insecure: Insecure = None,
    host: Annotated[str | None, typer.Option(help="Listen address; overrides da.signer.host.")] = None,
    port: Annotated[int | None, typer.Option(help="Overrides da.signer.port.")] = None,
    socket: Annotated[str | None, typer.Option(help="host:port that others dial; overrides da.signer.socket.")] = None,
    mining: Annotated[bool | None, typer.Option("--mining/--no-mining", help="Overrides da.signer.mining.")] = None,
    metrics_port: MetricsPort = None,
    ready_file: ReadyFile = None,
    until_stdin_closes: Orphan = False,
) -> None:
    """Run a signer until it is stopped (Ctrl-C or SIGTERM). It registers itself and takes part in every epoch.

    Settings: these flags, then ZEROG_… in the environment, then --config, then defaults; `zerog config show` tells.
    """
    given: dict[str, object] = {
        "da.signer.home": home,
        "da.signer.key_file": key_file,
        "da.signer.host": host,
        "da.signer.port": port,
        "da.signer.socket": socket,
        "da.signer.mining": mining,
        "da.chain.endpoint": rpc,
        "da.params.directory": params,
        "da.params.allow_insecure": insecure,
        "metrics.port": metrics_port,
    }
    run_role(config, given, signer_service.serve, ready_file, until_stdin_closes)


@encoder.command("run")
def run_encoder(
    config: Config = None,
    params: Params = None,
    insecure: Insecure = None,
    host: Annotated[str | None, typer.Option(help="Listen address; overrides da.encoder.host.")] = None,
    port: Annotated[int | None, typer.Option(help="Overrides da.encoder.port.")] = None,
    workers: Annotated[int | None, typer.Option(help="Blobs at one moment; overrides da.encoder.workers.")] = None,
    metrics_port: MetricsPort = None,
    ready_file: ReadyFile = None,
    until_stdin_closes: Orphan = False,
) -> None:
    """Run an encoder until it is stopped (Ctrl-C or SIGTERM). It needs the prover's parameters, and keeps nothing."""
    given: dict[str, object] = {
        "da.encoder.host": host,
        "da.encoder.port": port,
        "da.encoder.workers": workers,
        "da.params.directory": params,
        "da.params.allow_insecure": insecure,
        "metrics.port": metrics_port,
    }
    run_role(config, given, encoder_service.serve, ready_file, until_stdin_closes)


@retriever.command("run")
def run_retriever(
    config: Config = None,
    rpc: Rpc = None,
    host: Annotated[str | None, typer.Option(help="Listen address; overrides da.retriever.host.")] = None,
    port: Annotated[int | None, typer.Option(help="Overrides da.retriever.port.")] = None,
    metrics_port: MetricsPort = None,
    ready_file: ReadyFile = None,
    until_stdin_closes: Orphan = False,
) -> None:
    """Run a retriever until it is stopped (Ctrl-C or SIGTERM). It needs a chain to find the signers, and keeps nothing."""
    given: dict[str, object] = {
        "da.retriever.host": host,
        "da.retriever.port": port,
        "da.chain.endpoint": rpc,
        "metrics.port": metrics_port,
    }
    run_role(config, given, retriever_service.serve, ready_file, until_stdin_closes)

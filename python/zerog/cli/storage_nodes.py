"""``zerog storage run``, ``indexer`` and ``repair-service``: the servers of the storage network in the foreground."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zerog.cli.storage_options import Nodes


def add_to(storage: typer.Typer) -> None:
    """Put these commands under ``zerog storage``."""
    storage.command()(run)
    storage.command("indexer")(run_indexer)
    storage.command("repair-service")(repair_service)


def run(
    config: Annotated[Path | None, typer.Option("--config", help="TOML settings; see docs/config.md.")] = None,
    home: Annotated[str | None, typer.Option(help="Data directory; overrides storage.home.")] = None,
    rpc: Annotated[str | None, typer.Option(help="JSON-RPC of the chain; overrides storage.chain.endpoint.")] = None,
    flow: Annotated[str | None, typer.Option(help="The flow contract; overrides storage.chain.flow.")] = None,
    shard: Annotated[str | None, typer.Option(help="id/count; overrides storage.shard.")] = None,
    host: Annotated[str | None, typer.Option(help="Listen address; overrides storage.rpc.host.")] = None,
    port: Annotated[int | None, typer.Option(help="Overrides storage.rpc.port.")] = None,
    admin_port: Annotated[int | None, typer.Option(help="Overrides storage.admin.port.")] = None,
    metrics_port: Annotated[int | None, typer.Option(help="Overrides metrics.port.")] = None,
    peer: Annotated[
        list[str] | None,
        typer.Option("--peer", help="Another node's peer address, host:port; may be given again; turns peers on."),
    ] = None,
    peers_port: Annotated[int | None, typer.Option(help="Overrides storage.peers.port; turns peers on.")] = None,
    ready_file: Annotated[Path | None, typer.Option(help="Write a JSON file with the URLs when the node answers.")] = None,
    until_stdin_closes: Annotated[
        bool, typer.Option("--until-stdin-closes", help="Also stop when standard input ends: for supervisors.")
    ] = False,
) -> None:
    """Run a storage node until it is stopped (Ctrl-C or SIGTERM).

    Settings: these flags, then ZEROG_… in the environment, then --config, then defaults; `zerog config show` tells.
    """
    from zerog.runtime import config as settings
    from zerog.runtime import process
    from zerog.storage import service

    given = {
        "storage.home": home,
        "storage.chain.endpoint": rpc,
        "storage.chain.flow": flow,
        "storage.shard": shard,
        "storage.rpc.host": host,
        "storage.rpc.port": port,
        "storage.admin.port": admin_port,
        "metrics.port": metrics_port,
        "storage.peers.enabled": True if peer or peers_port is not None else None,
        "storage.peers.port": peers_port,
        "storage.peers.bootstrap": ",".join(peer) if peer else None,
    }
    loaded = settings.load(config, flags=given)
    raise SystemExit(
        process.foreground(loaded.config, service.serve, ready_file=ready_file, until_stdin_closes=until_stdin_closes)
    )


def run_indexer(
    config: Annotated[Path | None, typer.Option("--config", help="TOML settings; see docs/config.md.")] = None,
    node: Annotated[
        list[str] | None, typer.Option("--node", help="A trusted node's URL; may be given again; overrides indexer.trusted.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Listen address; overrides indexer.host.")] = None,
    port: Annotated[int | None, typer.Option(help="Overrides indexer.port.")] = None,
    metrics_port: Annotated[int | None, typer.Option(help="Overrides metrics.port.")] = None,
    ready_file: Annotated[Path | None, typer.Option(help="Write a JSON file with the URL when the indexer answers.")] = None,
    until_stdin_closes: Annotated[
        bool, typer.Option("--until-stdin-closes", help="Also stop when standard input ends: for supervisors.")
    ] = False,
) -> None:
    """Run an indexer, with the gateway on the same port, until it is stopped (Ctrl-C or SIGTERM)."""
    from zerog.runtime import config as settings
    from zerog.runtime import process
    from zerog.storage import indexer as service

    trusted = ",".join(node) if node else None
    given = {"indexer.trusted": trusted, "indexer.host": host, "indexer.port": port, "metrics.port": metrics_port}
    loaded = settings.load(config, flags=given)
    raise SystemExit(
        process.foreground(loaded.config, service.serve, ready_file=ready_file, until_stdin_closes=until_stdin_closes)
    )


def repair_service(
    config: Annotated[Path | None, typer.Option("--config", help="TOML settings; see docs/config.md.")] = None,
    indexer: Annotated[str | None, typer.Option(help="URL of an indexer; overrides repair.indexer.")] = None,
    node: Nodes = None,
    interval: Annotated[
        int | None, typer.Option(min=1, help="Seconds between two passes; overrides repair.interval_s.")
    ] = None,
    ready_file: Annotated[Path | None, typer.Option(help="Write a JSON file with the URLs when it works.")] = None,
    until_stdin_closes: Annotated[
        bool, typer.Option("--until-stdin-closes", help="Also stop when standard input ends: for supervisors.")
    ] = False,
) -> None:
    """Repair all files stored with --erasure, again and again, until it is stopped (Ctrl-C or SIGTERM)."""
    from zerog.runtime import config as settings
    from zerog.runtime import process
    from zerog.storage.erasure import repair as service

    given = {
        "repair.nodes": ",".join(node) if node else None,
        "repair.indexer": "" if node else indexer,
        "repair.interval_s": interval,
    }
    loaded = settings.load(config, flags=given)
    raise SystemExit(
        process.foreground(loaded.config, service.serve, ready_file=ready_file, until_stdin_closes=until_stdin_closes)
    )

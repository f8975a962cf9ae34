"""``zerog da disperse``, ``status`` and ``disperser run``: blobs to a disperser, and a disperser."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer

from zerog.cli.connect import Home
from zerog.cli.da_roles import Config, Insecure, MetricsPort, Orphan, Params, ReadyFile, Rpc, run_role
from zerog.cli.output import Json, facts, meter, show
from zerog.devnet.running import read_status
from zerog.errors import Conflict, InvalidInput
from zerog.primitives.blob import MAINNET
from zerog.sdk.da import BlobRecord, BlobStatus, Da

_T = TypeVar("_T")

DEFAULT_DISPERSER: Final = "127.0.0.1:51001"
_STAGES: Final = {"processing": 1, "confirmed": 2, "finalized": 3}

disperser = typer.Typer(no_args_is_help=True, help="Dispersers: take blobs and bring them to signers and chain.")

Target = Annotated[
    str,
    typer.Option(
        "--disperser", envvar="ZEROG_DA_DISPERSER",
        help="host:port of a disperser. Default: the running local network's, else port 51001.",
    ),
]  # fmt: skip
Patience = Annotated[int, typer.Option("--timeout", min=1, help="Seconds to wait.")]


def add_to(app: typer.Typer) -> None:
    """Put these commands under ``zerog da``."""
    app.command("disperse")(disperse)
    app.command("status")(status)
    app.add_typer(disperser, name="disperser")


def target_of(home: Path, given: str) -> str:
    """The disperser that a command talks to."""
    told = (read_status(home) or {}).get("da") or {}
    return given or str(told.get("disperser") or DEFAULT_DISPERSER)


def disperse(
    file: Annotated[str, typer.Argument(help="A file, or - for standard input.")],
    home: Home,
    target: Target = "",
    until: Annotated[str, typer.Option(help="processing, confirmed or finalized: what to wait for.")] = "finalized",
    timeout: Patience = 900,
    as_json: Json = False,
) -> None:
    """Make a blob available: processing, confirmed by two thirds of a quorum, final on the chain."""
    if until not in _STAGES:
        raise InvalidInput(f"--until: expected one of {', '.join(_STAGES)}, found {until[:40]!r}")
    data = _read(file)

    async def work(da: Da) -> dict[str, Any]:
        request_id = await da.disperse(data)
        found: dict[str, Any] = {"request_id": request_id.decode(), "status": "processing", "size_bytes": len(data)}
        if until == "processing":
            return found
        quiet = as_json or not sys.stderr.isatty()
        if not quiet:
            print(f"request id  {request_id.decode()}", file=sys.stderr)
        with meter("processing", len(_STAGES), quiet=quiet) as bar:

            def told(now: BlobStatus) -> None:
                found["status"] = now.status
                bar.now(now.status, _STAGES.get(now.status, 0))

            try:
                record = await da.wait(
                    request_id, until="confirmed" if until == "confirmed" else "finalized", timeout_s=timeout, told=told
                )
            except Conflict as error:
                raise Conflict(f"{error}; request id {request_id.decode()}") from None
        return found | _place(record)

    found = _with(target_of(home, target), work)
    show(found, as_json=as_json, text=lambda: facts(found))


def status(
    request_id: Annotated[str, typer.Argument(help="What `zerog da disperse` printed.")],
    home: Home,
    target: Target = "",
    as_json: Json = False,
) -> None:
    """How far a blob has come."""

    async def work(da: Da) -> dict[str, Any]:
        now = await da.status(request_id.encode("utf-8", "replace"))
        return {"request_id": request_id, "status": now.status} | ({} if now.record is None else _place(now.record))

    found = _with(target_of(home, target), work)
    show(found, as_json=as_json, text=lambda: facts(found))


@disperser.command("run")
def run_disperser(
    config: Config = None,
    home: Annotated[str | None, typer.Option(help="Data directory; overrides da.disperser.home.")] = None,
    rpc: Rpc = None,
    key_file: Annotated[
        str | None, typer.Option(help="Private file with the key that pays; overrides da.disperser.key_file.")
    ] = None,
    params: Params = None,
    insecure: Insecure = None,
    host: Annotated[str | None, typer.Option(help="Listen address; overrides da.disperser.host.")] = None,
    port: Annotated[int | None, typer.Option(help="Overrides da.disperser.port.")] = None,
    encoder: Annotated[
        list[str] | None, typer.Option(help="host:port of an encoder, may be given again; overrides da.disperser.encoders.")
    ] = None,
    retriever: Annotated[str | None, typer.Option(help="host:port; overrides da.disperser.retriever.")] = None,
    metrics_port: MetricsPort = None,
    ready_file: ReadyFile = None,
    until_stdin_closes: Orphan = False,
) -> None:
    """Run a disperser until it is stopped (Ctrl-C or SIGTERM).

    Settings: these flags, then ZEROG_… in the environment, then --config, then defaults; `zerog config show` tells.
    """
    from zerog.da.disperser import service

    given: dict[str, object] = {
        "da.disperser.home": home,
        "da.disperser.key_file": key_file,
        "da.disperser.host": host,
        "da.disperser.port": port,
        "da.disperser.encoders": tuple(encoder) if encoder else None,
        "da.disperser.retriever": retriever,
        "da.chain.endpoint": rpc,
        "da.params.directory": params,
        "da.params.allow_insecure": insecure,
        "metrics.port": metrics_port,
    }
    run_role(config, given, service.serve, ready_file, until_stdin_closes)


def _place(record: BlobRecord) -> dict[str, Any]:
    return {"storage_root": "0x" + record.data_root.hex(), "epoch": record.epoch, "quorum_id": record.quorum_id}


def _read(file: str) -> bytes:
    limit = MAINNET.data_size_bytes_max
    if file == "-":
        data = sys.stdin.buffer.read(limit + 1)
    else:
        with Path(file).open("rb") as source:
            data = source.read(limit + 1)
    if len(data) > limit:
        raise InvalidInput(f"{file}: a blob has at most {limit:,} bytes; split it")
    if not data:
        raise InvalidInput(f"{file}: nothing in it; a blob has at least one byte")
    return data


def _with(target: str, work: Callable[[Da], Awaitable[_T]]) -> _T:
    async def run() -> _T:
        async with Da(target) as da:
            return await work(da)

    return asyncio.run(run())

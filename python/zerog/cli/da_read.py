"""``zerog da retrieve`` and ``sample``: blobs out of the network, trusting nobody but the chain's node; the light client."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer

from zerog.cli.connect import Home, Url, default_url
from zerog.cli.da_roles import Config, Insecure, MetricsPort, Orphan, Params, ReadyFile, Rpc, run_role
from zerog.cli.output import REFUSED, Json, Meter, facts, meter, show
from zerog.da.api import dial_target
from zerog.da.retriever import SERVICE as RETRIEVER
from zerog.devnet.running import read_status
from zerog.errors import InvalidInput, PeerFault
from zerog.primitives import blob
from zerog.runtime import config as settings
from zerog.runtime.disk import write_atomic
from zerog.runtime.rpc_grpc import GrpcClient
from zerog.sdk.availability import Asking, BlobRecord, Reader, open_reader
from zerog.types import parse_hash
from zerog.wire.proto import da_retriever_pb2

_T = TypeVar("_T")
_RECEIVE_BYTES_MAX: Final = 64 << 20

light = typer.Typer(no_args_is_help=True, help="Light clients: sample every blob of the chain.")

Epoch = Annotated[int | None, typer.Option(min=0, help="The blob's epoch. Default: found in the chain's log by the root.")]
Quorum = Annotated[int | None, typer.Option(min=0, help="The blob's quorum, with --epoch.")]
Entrance = Annotated[str, typer.Option(help="Address of the entrance contract. Default: a local network's.")]


def add_to(app: typer.Typer) -> None:
    """Put these commands under ``zerog da``."""
    app.command("retrieve")(retrieve)
    app.command("sample")(sample)
    app.add_typer(light, name="light")


def retrieve(
    roots: Annotated[
        list[str], typer.Argument(help="Roots of blobs; their bytes come one after the other.", metavar="ROOT...")
    ],
    home: Home,
    output: Annotated[str, typer.Option("--output", "-o", help="A file, or - for standard output.")] = "-",
    epoch: Epoch = None,
    quorum: Quorum = None,
    retriever: Annotated[
        str, typer.Option(help="host:port of a retriever to ask. Default: the signers themselves, who hold the rows.")
    ] = "",
    timeout: Annotated[int, typer.Option(min=1, help="Seconds for each blob.")] = 300,
    rpc: Url = "",
    entrance: Entrance = "",
    as_json: Json = False,
) -> None:
    """Get blobs back, verified: what is written encodes to the root that was asked for, whoever sent it."""
    if as_json and output == "-":
        raise InvalidInput("--json needs --output FILE: standard output has room for one of both")
    wanted = [bytes(parse_hash(text, "root")) for text in roots]
    if len(wanted) > 1 and epoch is not None:
        raise InvalidInput("--epoch names one blob; give one root with it")

    async def work(reader: Reader) -> list[tuple[BlobRecord, bytes]]:
        found = []
        for root in wanted:
            record = await _record(reader, root, epoch, quorum)
            with meter("retrieving rows", blob.MAINNET.rows, quiet=as_json or output == "-") as bar:
                found.append((record, await _one(reader, record, retriever, timeout, bar)))
        return found

    blobs = _with(home, rpc, entrance, work, Asking(timeout_s=timeout))
    data = b"".join(data for _, data in blobs)
    if output == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    write_atomic(Path(output), data, mode=0o600)
    told = [_place(record) | {"size_bytes": len(data)} for record, data in blobs]
    value: dict[str, Any] = {"file": output, "size_bytes": len(data), "blobs": told}
    show(value, as_json=as_json, text=lambda: print(f"{len(data):,} bytes in {output}, verified against {len(blobs)} root(s)"))


async def _one(reader: Reader, record: BlobRecord, retriever: str, timeout_s: int, bar: Meter) -> bytes:
    if not retriever:
        return await reader.retrieve(record, lambda rows, need: bar.over(rows, need))
    client = GrpcClient(dial_target(retriever), RETRIEVER, receive_bytes_max=_RECEIVE_BYTES_MAX)
    try:
        request = da_retriever_pb2.BlobRequest(storage_root=record.data_root, epoch=record.epoch, quorum_id=record.quorum_id)
        reply = await client.call("RetrieveBlob", request, timeout_s=timeout_s)
    finally:
        await client.close()
    if len(reply.data) > blob.MAINNET.data_size_bytes_max:
        raise PeerFault(f"{retriever}: {len(reply.data):,} bytes are no blob")
    encoded = await reader.lane.run(blob.encode, reply.data)
    if encoded.data_root != record.data_root:
        raise PeerFault(f"{retriever}: the bytes it sent have root 0x{encoded.data_root.hex()}, not the one asked for")
    return bytes(reply.data)


def sample(
    root: Annotated[str, typer.Argument(help="Root of a blob.")],
    home: Home,
    epoch: Epoch = None,
    quorum: Quorum = None,
    rows: Annotated[int, typer.Option(min=1, max=256, help="Rows in each round.")] = 24,
    params: Params = None,
    insecure: Insecure = None,
    rpc: Url = "",
    entrance: Entrance = "",
    as_json: Json = False,
) -> None:
    """Is a blob available? Asks signers for random rows with proofs. Exit code 1 when there are not enough."""
    wanted = bytes(parse_hash(root, "root"))
    directory, allowed = _parameters(home, params, insecure, rpc)

    async def work(reader: Reader) -> dict[str, Any]:
        record = await _record(reader, wanted, epoch, quorum)
        found = await reader.sample(record, directory, rows=rows, allow_insecure=allowed)
        return _place(record) | {
            "available": found.available,
            "rows_asked": found.rows_asked,
            "rows_proven": found.rows_proven,
            "rows_false": found.rows_false,
            "doubt": found.doubt,
            "confidence": 1 - found.doubt,
        }

    with meter("sampling", quiet=as_json) as waiting:
        found = _with(home, rpc, entrance, work, Asking(), waiting.tick)

    def text() -> None:
        facts(found | {"doubt": f"{found['doubt']:.1e} (the chance that a blob that cannot be recovered looks like this)"})

    show(found, as_json=as_json, text=text)
    if not found["available"]:
        raise SystemExit(REFUSED)


@light.command("run")
def run_light(
    config: Config = None,
    home: Annotated[str | None, typer.Option(help="Data directory; overrides da.light.home.")] = None,
    rpc: Rpc = None,
    params: Params = None,
    insecure: Insecure = None,
    host: Annotated[str | None, typer.Option(help="Listen address; overrides da.light.host.")] = None,
    port: Annotated[int | None, typer.Option(help="Overrides da.light.port.")] = None,
    follow: Annotated[bool | None, typer.Option("--follow/--no-follow", help="Overrides da.light.follow.")] = None,
    metrics_port: MetricsPort = None,
    ready_file: ReadyFile = None,
    until_stdin_closes: Orphan = False,
) -> None:
    """Run a light client until it is stopped (Ctrl-C or SIGTERM). It samples every blob that the chain records."""
    from zerog.da import light_service

    given: dict[str, object] = {
        "da.light.home": home,
        "da.light.host": host,
        "da.light.port": port,
        "da.light.follow": follow,
        "da.chain.endpoint": rpc,
        "da.params.directory": params,
        "da.params.allow_insecure": insecure,
        "metrics.port": metrics_port,
    }
    run_role(config, given, light_service.serve, ready_file, until_stdin_closes)


def _parameters(home: Path, params: str | None, insecure: bool | None, rpc: str) -> tuple[Path, bool]:
    """Where the parameters are, and whether development ones will do: what was said, the local network's, the settings'."""
    told = (read_status(home) or {}).get("da") or {}
    if params is None and not rpc and told:
        return Path(str(told["parameters"])), True
    given = settings.load(None, flags={"da.params.directory": params, "da.params.allow_insecure": insecure}).config.da.params
    return Path(given.directory), given.allow_insecure


async def _record(reader: Reader, root: bytes, epoch: int | None, quorum: int | None) -> BlobRecord:
    if (epoch is None) != (quorum is None):
        raise InvalidInput("give --epoch and --quorum together")
    if epoch is None or quorum is None:
        return await reader.find(root)
    return BlobRecord(epoch, quorum, root)


def _place(record: BlobRecord) -> dict[str, Any]:
    return {"storage_root": "0x" + record.data_root.hex(), "epoch": record.epoch, "quorum_id": record.quorum_id}


def _with(
    home: Path, rpc: str, entrance: str, work: Callable[[Reader], Awaitable[_T]], asking: Asking,
    tick: Callable[[], None] = lambda: None,
) -> _T:  # fmt: skip
    async def run() -> _T:
        async with open_reader(rpc or default_url(home), entrance=entrance, asking=asking) as reader:
            done = asyncio.ensure_future(work(reader))
            try:
                while not (await asyncio.wait([done], timeout=0.1))[0]:
                    tick()
            finally:
                done.cancel()
            return done.result()

    return asyncio.run(run())

"""``zerog da pack``, ``item`` and ``unpack``: many files as one blob, and one of them back without the rest."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, Final, TypeVar

import typer

from zerog.cli.connect import Home, Url, default_url
from zerog.cli.da import Patience, Target, target_of
from zerog.cli.output import Json, meter, show, table
from zerog.da import packing
from zerog.errors import Conflict, InvalidInput, NotFound
from zerog.primitives.blob import Geometry
from zerog.runtime.disk import write_atomic
from zerog.sdk import packs
from zerog.sdk.availability import Asking, BlobRecord, Reader, open_reader
from zerog.sdk.da import Da
from zerog.sdk.packs import PackedFile, Receipt
from zerog.types import parse_hash

_T = TypeVar("_T")

_FILES_MAX: Final = 65_536
_TICK_S: Final = 0.1

Shape = Annotated[
    str, typer.Option("--geometry", help="Of the network's matrix; another than 1024x1024 only on networks made for tests.")
]
Entrance = Annotated[str, typer.Option(help="Address of the entrance contract. Default: a local network's.")]
Timeout = Annotated[int, typer.Option(min=1, help="Seconds.")]


def add_to(app: typer.Typer) -> None:
    """Put these commands under ``zerog da``."""
    app.command("pack")(pack)
    app.command("item")(item)
    app.command("unpack")(unpack)


def pack(
    files: Annotated[list[Path], typer.Argument(help="Files; each becomes an item under its name.", metavar="FILE...")],
    home: Home,
    receipt: Annotated[Path, typer.Option(help="Where the receipt goes; a file that is there is never overwritten.")] = Path(
        "pack.json"
    ),
    share: Annotated[
        bool,
        typer.Option("--share", help="Let a disperser of zerog put them together with other people's: for few bytes."),
    ] = False,
    target: Target = "",
    timeout: Patience = 900,
    geometry: Shape = "1024x1024",
    as_json: Json = False,
) -> None:
    """Make many small files available as one blob: one encoding, one fee, one entry on the chain for all of them.

    The network charges every blob as a matrix of 31 MiB, however small it is: files that share one cost a part of it each.
    Any disperser takes such a blob. When it is final the receipt is written: where each file lies, and a proof of about a
    kilobyte that leads from the file alone to the root on the chain. Keep it, or give it to whoever shall read a file:

      zerog da pack *.json --receipt orders.json

      zerog da item orders.json 17.json -o copy.json

    Names are only in the receipt; `zerog da unpack ROOT` makes one anew without them.
    """
    shape = packs.parse_geometry(geometry)
    if receipt.exists():
        raise Conflict(f"{receipt} exists; choose another --receipt")
    if not receipt.parent.is_dir():
        raise InvalidInput(f"--receipt: {receipt.parent} is no directory")
    given = _read(files, shape, share=share)

    async def work() -> Receipt:
        async with Da(target_of(home, target), geometry=shape) as da:
            if share:
                return await _shared(da, given, shape, timeout)
            packed = await asyncio.to_thread(packs.pack, given, shape)
            request_id = await da.disperse(packed.data)
            try:
                return packed.receipt(await da.wait(request_id, timeout_s=timeout))
            except Conflict as error:
                raise Conflict(f"{error}; request id {request_id.decode()}") from None

    with meter("dispersing", quiet=as_json or not sys.stderr.isatty()) as waiting:
        made = asyncio.run(_ticking(work(), waiting.tick))
    write_atomic(receipt, made.to_json(), mode=0o600)
    roots = sorted({one.record.data_root for one in made.items})
    value: dict[str, Any] = {
        "receipt": str(receipt),
        "storage_roots": ["0x" + root.hex() for root in roots],
        "items": [one.value() for one in made.items],
    }

    def text() -> None:
        rows = [(one.name, one.place.size_bytes, one.place.leaf, "0x" + one.record.data_root.hex()) for one in made.items]
        table(("item", "bytes", "leaf", "root"), rows)
        print(f"\nreceipt in {receipt}; one of them back: zerog da item {receipt} {made.items[0].name} -o FILE")

    show(value, as_json=as_json, text=text)


def item(
    receipt: Annotated[Path, typer.Argument(help="What `zerog da pack` wrote.")],
    home: Home,
    name: Annotated[str, typer.Argument(help="Which item; may be left away when there is one.")] = "",
    output: Annotated[str, typer.Option("--output", "-o", help="A file, or - for standard output.")] = "-",
    timeout: Timeout = 300,
    rpc: Url = "",
    entrance: Entrance = "",
    as_json: Json = False,
) -> None:
    """Get one file of a pack back, without the rest of the blob, and prove it.

    Only the signers that hold its rows are asked (a kilobyte lies in one or two rows of 32 KiB, of 1024); what they send is
    hashed up to the root by the receipt's proof, and the chain is asked whether it records that root. When they are away or
    lie, the whole blob is retrieved instead. What is written is what was packed, whoever sent it and whoever wrote the receipt.
    """
    if as_json and output == "-":
        raise InvalidInput("--json needs --output FILE: standard output has room for one of both")
    found = Receipt.from_json(_receipt_bytes(receipt))
    wanted = found.find(name)

    async def work(reader: Reader) -> packs.Found:
        if not await reader.is_recorded(wanted.record):
            raise NotFound(f"blob 0x{wanted.record.data_root.hex()}: the chain records no commitment for it")
        return await packs.read_item(reader.retriever, wanted, found.geometry)

    got = _reading(home, rpc, entrance, found.geometry, timeout, work, quiet=as_json or output == "-")
    if output == "-":
        sys.stdout.buffer.write(got.data)
        sys.stdout.buffer.flush()
        return
    write_atomic(Path(output), got.data, mode=0o600)
    value: dict[str, Any] = {"file": output, "rows": got.rows, "verified": True} | wanted.value()
    where = f"{got.rows} row(s) of the matrix" if got.rows else "the whole blob: a signer was away or sent false rows"
    text = f"{len(got.data):,} bytes in {output}, proven against root 0x{wanted.record.data_root.hex()}; read {where}"
    show(value, as_json=as_json, text=lambda: print(text))


def unpack(
    root: Annotated[str, typer.Argument(help="Root of a blob that is a pack.")],
    output_dir: Annotated[Path, typer.Option("--output-dir", "-o", help="A directory that is made, for item-1, item-2, …")],
    home: Home,
    receipt: Annotated[Path | None, typer.Option(help="Write a receipt of all items too.")] = None,
    timeout: Timeout = 300,
    geometry: Shape = "1024x1024",
    rpc: Url = "",
    entrance: Entrance = "",
    as_json: Json = False,
) -> None:
    """Get all files of a pack back from its root alone, verified; their names are not in it.

    For who has no receipt, or wants everything: the whole blob is retrieved, encoded again and compared with the root.
    """
    shape, wanted = packs.parse_geometry(geometry), bytes(parse_hash(root, "root"))
    for path in [output_dir, *([] if receipt is None else [receipt])]:
        if path.exists():
            raise Conflict(f"{path} exists; choose another")

    async def work(reader: Reader) -> tuple[BlobRecord, bytes]:
        record = await reader.find(wanted)
        return record, await reader.retrieve(record)

    record, data = _reading(home, rpc, entrance, shape, timeout, work, quiet=as_json)
    packed, items = packs.unpack(data, shape)
    made = packed.receipt(record)
    output_dir.mkdir(mode=0o700)
    for one, content in zip(made.items, items, strict=True):
        write_atomic(output_dir / one.name, content, mode=0o600)
    if receipt is not None:
        write_atomic(receipt, made.to_json(), mode=0o600)
    value = {"directory": str(output_dir), "items": [one.value() for one in made.items]}
    show(value, as_json=as_json, text=lambda: print(f"{len(items):,} items in {output_dir}, verified against the root"))


async def _shared(da: Da, given: dict[str, bytes], shape: Geometry, timeout_s: int) -> Receipt:
    ids = {name: await da.disperse_item(data) for name, data in given.items()}
    made = []
    for name, data in given.items():
        placed = await da.wait_item(ids[name], data, timeout_s=timeout_s)
        made.append(PackedFile(name, placed.record, placed.place, placed.proof))
    return Receipt(tuple(made), shape)


def _read(files: list[Path], shape: Geometry, *, share: bool) -> dict[str, bytes]:
    """The files by name; what cannot be packed is told before anything is sent."""
    if len(files) > _FILES_MAX:
        raise InvalidInput(f"expected at most {_FILES_MAX:,} files, found {len(files):,}")
    found: dict[str, bytes] = {}
    left, limit = packing.capacity_leaves(shape), packing.item_size_bytes_max(shape)
    for file in files:
        if file.name in found:
            raise InvalidInput(f"{file}: another file has this name; items need names of their own")
        with file.open("rb") as source:
            data = source.read(limit + 1)
        if not data:
            raise InvalidInput(f"{file}: nothing in it; an item has at least one byte")
        if len(data) > limit:
            raise InvalidInput(f"{file}: an item has at most {limit:,} bytes; use `zerog da disperse` or split it")
        left -= packing.leaves_of(len(data), shape)
        if left < 0 and not share:
            raise InvalidInput(f"{file}: with it they are more than one blob holds; make several packs")
        found[file.name] = data
    return found


def _receipt_bytes(receipt: Path) -> bytes:
    with receipt.open("rb") as source:
        return source.read(packs.RECEIPT_BYTES_MAX + 1)


def _reading(
    home: Path,
    rpc: str,
    entrance: str,
    shape: Geometry,
    timeout_s: int,
    work: Callable[[Reader], Awaitable[_T]],
    *,
    quiet: bool,
) -> _T:
    async def run(tick: Callable[[], None]) -> _T:
        asking = Asking(timeout_s=timeout_s)
        async with open_reader(rpc or default_url(home), entrance=entrance, asking=asking, geometry=shape) as reader:
            return await _ticking(work(reader), tick)

    with meter("reading", quiet=quiet) as waiting:
        return asyncio.run(run(waiting.tick))


async def _ticking(work: Awaitable[_T], tick: Callable[[], None]) -> _T:
    done = asyncio.ensure_future(work)
    try:
        while not (await asyncio.wait([done], timeout=_TICK_S))[0]:
            tick()
    finally:
        done.cancel()
    return done.result()

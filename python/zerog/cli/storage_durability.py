"""``zerog storage durability`` and ``repair``: how many losses a file survives, and making up for those that happened."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from zerog.cli.connect import Home
from zerog.cli.output import Json, facts, show, table
from zerog.cli.storage_options import IndexerUrl, Nodes, with_storage
from zerog.types import parse_hash

if TYPE_CHECKING:
    from zerog.sdk.storage import Storage
    from zerog.storage.erasure.census import Durability
    from zerog.storage.erasure.restore import Repaired

Prove = Annotated[bool, typer.Option("--prove", help="Read every part from every node that claims it.")]


def add_to(storage: typer.Typer) -> None:
    """Put these commands under ``zerog storage``."""
    storage.command()(durability)
    storage.command()(repair)


def durability(
    root: Annotated[str, typer.Argument(help="The root of a file stored with --erasure.")],
    home: Home,
    node: Nodes = None,
    indexer: IndexerUrl = "",
    prove: Prove = False,
    as_json: Json = False,
) -> None:
    """How many more nodes may die before a file is lost, and who holds what of it."""
    wanted = parse_hash(root, "root")
    found = with_storage(home.absolute(), node, indexer, lambda storage: storage.durability(wanted, prove=prove))
    show(found.to_json(), as_json=as_json, text=lambda: _durability(found))


def _durability(found: Durability) -> None:
    may_die = "cannot be read" if found.losses < 0 else f"{found.losses} nodes" + ("" if found.exact else ", perhaps more")
    facts(
        {
            "root": "0x" + found.root.hex(),
            "manifest": "0x" + found.manifest.hex(),
            "code": f"{found.code}, {len(found.stripes)} stripes",
            "may die": f"{may_die}; {found.possible} with these nodes at best",
            "missing": f"{found.missing} parts" + (f", {found.lost} stripes are lost" if found.lost else ""),
            "known by": "reading every part" if found.proven else "what nodes say; --prove reads",
        }
    )
    table(
        ("node", "shard", "data", "parity", "manifest"),
        [(url, shard, str(data), str(parity), str(manifest)) for url, shard, data, parity, manifest in found.nodes],
    )
    for url, reason in found.liars:
        print(f"not believed: {url}: {reason}")


def repair(
    home: Home,
    root: Annotated[str, typer.Argument(help="The root of a file stored with --erasure; without it every such file.")] = "",
    node: Nodes = None,
    indexer: IndexerUrl = "",
    prove: Prove = False,
    as_json: Json = False,
) -> None:
    """Make the parts of files stored with --erasure that no node holds any more. After an interruption run it again."""

    async def work(storage: Storage) -> list[Repaired]:
        wanted = [parse_hash(root, "root")] if root else await storage.coded_files()
        return [await storage.repair(one, prove=prove) for one in wanted]

    done = with_storage(home.absolute(), node, indexer, work)

    def text() -> None:
        for one in done:
            now = one.durability
            print(f"0x{now.root.hex()}  made {one.rebuilt}, copied {one.copied}; {now.losses} nodes may die")

    values = [one.to_json() for one in done]
    show(values[0] if root else values, as_json=as_json, text=text)

"""What the storage commands have in common: options, and the network and account that they name."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from zerog.cli.connect import default_url
from zerog.cli.output import facts
from zerog.devnet.running import read_status
from zerog.errors import InvalidInput
from zerog.runtime.disk import read_private
from zerog.types import parse_hex

if TYPE_CHECKING:
    from zerog.sdk.storage import Encryption, Storage, Uploaded
    from zerog.sdk.wallet import Account

_T = TypeVar("_T")

DEFAULT_NODE: Final = "http://127.0.0.1:5678"

Nodes = Annotated[
    list[str] | None, typer.Option("--node", envvar="ZEROG_NODE_URLS", help="URL of a storage node; may be given again.")
]
IndexerUrl = Annotated[
    str,
    typer.Option(
        "--indexer",
        envvar="ZEROG_INDEX_URL",
        help="URL of an indexer, which names the nodes. Default: the running local network's, else the node on port 5678.",
    ),
]
Replicas = Annotated[int, typer.Option("--expected-replica", "--replicas", min=1, help="Nodes that hold each part.")]
Method = Annotated[str, typer.Option("--method", help="Which nodes first: min, max, random, or a number of shards.")]
ERASURE_HELP: Final = (
    "Store it once, with parity: 10+4 survives the loss of any 4 of 14 nodes or more. At most 1024 parts in all; beyond 256, "
    "or with :gf65536 behind it, the code is one over 16-bit words."
)
TaskSize = Annotated[int, typer.Option("--task-size", min=1, max=64, help="Segments of 256 KiB in one call.")]
Finality = Annotated[bool, typer.Option("--finality-required/--no-finality", help="Wait until every node has the whole file.")]
SkipTx = Annotated[bool, typer.Option("--skip-tx/--no-skip-tx", help="Do not pay for a file that the network knows already.")]
Fast = Annotated[bool, typer.Option("--fast-mode/--no-fast-mode", help="Send up to 256 KiB before the transaction is seen.")]
Routines = Annotated[int, typer.Option("--routines", min=1, max=64, help="Calls at a time.")]
Patience = Annotated[float, typer.Option("--timeout", min=1, help="Seconds for nodes to learn of a file and to finish it.")]
KeyFile = Annotated[
    Path | None,
    typer.Option("--encryption-key", help="Private file (mode 0600) with a key of 64 hex digits that both sides have."),
]


# -- who and where -----------------------------------------------------------------------------------------------------


def run(work: Coroutine[Any, Any, _T]) -> _T:
    """``asyncio.run`` on the loop that the servers use: it moves bytes with fewer copies."""
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(work)


def with_storage(
    home: Path,
    nodes: list[str] | None,
    indexer: str,
    work: Callable[[Storage], Awaitable[_T]],
    *,
    rpc: str = "",
    account: Account | None = None,
    routines: int = 8,
) -> _T:
    """Run ``work`` on the network that the options name; with ``account`` it can pay."""
    from zerog.sdk.storage import open_storage

    if account is not None:
        return run(_paying(home, _places(home, nodes, indexer), work, rpc or default_url(home), account, routines))

    async def reading() -> _T:
        found_nodes, found_indexer = _places(home, nodes, indexer)
        async with open_storage(nodes=found_nodes, indexer=found_indexer, concurrency=routines) as storage:
            return await work(storage)

    return run(reading())


async def _paying(
    home: Path,
    places: tuple[list[str], str | None],
    work: Callable[[Storage], Awaitable[_T]],
    rpc: str,
    account: Account,
    routines: int,
) -> _T:
    """``work`` with an account on a chain, which the other commands do not load."""
    from zerog.chain.client import CallError, ChainClient
    from zerog.sdk.chain import Chain, Refused
    from zerog.sdk.storage import open_storage

    nodes, indexer = places
    async with ChainClient(rpc) as client:
        try:
            async with open_storage(
                nodes=nodes,
                indexer=indexer,
                chain=Chain(client),
                account=account,
                state=home.parent / "uploads",
                concurrency=routines,
            ) as storage:
                return await work(storage)
        except CallError as error:
            raise Refused(error.message) from None


def _places(home: Path, nodes: list[str] | None, indexer: str) -> tuple[list[str], str | None]:
    """Node URLs and indexer: what was said, else the local network's, else a node on this machine."""
    if nodes and indexer:
        raise InvalidInput("give --node or --indexer, not both")
    if nodes or indexer:
        return [part for given in nodes or [] for part in given.replace(",", " ").split()], indexer or None
    storage = (read_status(home) or {}).get("storage")
    return ([DEFAULT_NODE], None) if storage is None else ([], str(storage["indexer"]))


def cipher_key(file: Path) -> bytes:
    """The key in a private file."""
    if not file.exists():
        raise InvalidInput(f"--encryption-key: {file} does not exist")
    try:
        key = bytes.fromhex(read_private(file).decode().strip().removeprefix("0x"))
    except ValueError:
        key = b""
    if len(key) != 32:
        raise InvalidInput(f"--encryption-key: expected 64 hex digits in {file}")  # never shows what was found
    return key


def secret_of(account: Account) -> bytes:
    """The secret key of an account that this machine holds."""
    return bytes.fromhex(account.export_secret().removeprefix("0x"))


def encryption_of(key_file: Path | None, encrypt: bool, recipient: str, account: Account) -> Encryption | None:
    """The cipher that the options ask for, None for none."""
    if sum([key_file is not None, encrypt, bool(recipient)]) > 1:
        raise InvalidInput("give one of --encryption-key, --encrypt and --recipient")
    if key_file is None and not encrypt and not recipient:
        return None
    from zerog.sdk.storage import Encryption
    from zerog.storage.crypt import public_key

    if key_file is not None:
        return Encryption(key=cipher_key(key_file))
    if recipient:
        return Encryption(recipient=parse_hex(recipient, "--recipient"))
    return Encryption(recipient=public_key(secret_of(account)), own_secret=secret_of(account))


def uploaded(done: Uploaded) -> None:
    """Say what an upload came to."""
    value = done.to_json()
    facts(
        {
            "root" if len(done.roots) == 1 else "roots": "\n       ".join(value["roots"]),
            "size": f"{done.size:,} bytes" + (", encrypted" if done.encrypted else ""),
            "paid": ", ".join(value["transactions"]) or "nothing: the network has it",
            "nodes": ", ".join(value["nodes"]),
            **({"survives": f"the loss of any {done.losses} of them"} if done.durability else {}),
        }
    )

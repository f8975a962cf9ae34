"""``zerog storage``: files into the network and out of it, streams, a storage node."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Final, TypeVar

import typer

from zerog.chain.client import CallError, ChainClient
from zerog.cli.connect import From, Home, Keys, PasswordFile, Url, default_url, signer
from zerog.cli.output import Json, Meter, facts, meter, show, table
from zerog.devnet import launcher, topology
from zerog.errors import InvalidInput, NotFound, Unavailable
from zerog.runtime import config as settings
from zerog.runtime import process
from zerog.runtime.disk import read_private
from zerog.sdk.chain import Chain, Refused
from zerog.sdk.storage import Encryption, Storage, Uploaded, file_root, open_storage
from zerog.sdk.wallet import Account
from zerog.storage import indexer as indexer_service
from zerog.storage import service
from zerog.storage.client import FRAGMENT_SIZE, UploadOptions
from zerog.storage.crypt import Keys as CipherKeys
from zerog.storage.crypt import public_key
from zerog.storage.erasure.census import Durability
from zerog.storage.erasure.manifest import Code
from zerog.storage.erasure.repair import serve as serve_repair
from zerog.storage.erasure.restore import Repaired
from zerog.storage.remote import FileInfo, NodeStatus
from zerog.types import parse_hash, parse_hex

_T = TypeVar("_T")

DEFAULT_NODE: Final = "http://127.0.0.1:5678"

app = typer.Typer(no_args_is_help=True, help="Storage: upload and download files and directories, write streams, run a node.")

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
_ERASURE_HELP = (
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

    async def run() -> _T:
        found_nodes, found_indexer = _places(home, nodes, indexer)
        async with ChainClient(rpc or default_url(home)) as client:
            try:
                async with open_storage(
                    nodes=found_nodes,
                    indexer=found_indexer,
                    chain=None if account is None else Chain(client),
                    account=account,
                    state=None if account is None else home.parent / "uploads",
                    concurrency=routines,
                ) as storage:
                    return await work(storage)
            except CallError as error:
                raise Refused(error.message) from None

    return asyncio.run(run())


def _places(home: Path, nodes: list[str] | None, indexer: str) -> tuple[list[str], str | None]:
    """Node URLs and indexer: what was said, else the local network's, else a node on this machine."""
    if nodes and indexer:
        raise InvalidInput("give --node or --indexer, not both")
    if nodes or indexer:
        return [part for given in nodes or [] for part in given.replace(",", " ").split()], indexer or None
    storage = (launcher.read_status(topology.Paths(home)) or {}).get("storage")
    return ([DEFAULT_NODE], None) if storage is None else ([], str(storage["indexer"]))


def _cipher_key(file: Path) -> bytes:
    if not file.exists():
        raise InvalidInput(f"--encryption-key: {file} does not exist")
    try:
        key = bytes.fromhex(read_private(file).decode().strip().removeprefix("0x"))
    except ValueError:
        key = b""
    if len(key) != 32:
        raise InvalidInput(f"--encryption-key: expected 64 hex digits in {file}")  # never shows what was found
    return key


def _secret(account: Account) -> bytes:
    return bytes.fromhex(account.export_secret().removeprefix("0x"))


def encryption_of(key_file: Path | None, encrypt: bool, recipient: str, account: Account) -> Encryption | None:
    if sum([key_file is not None, encrypt, bool(recipient)]) > 1:
        raise InvalidInput("give one of --encryption-key, --encrypt and --recipient")
    if key_file is not None:
        return Encryption(key=_cipher_key(key_file))
    if recipient:
        return Encryption(recipient=parse_hex(recipient, "--recipient"))
    return Encryption(recipient=public_key(_secret(account)), own_secret=_secret(account)) if encrypt else None


def _roots(texts: list[str]) -> list[bytes]:
    return [parse_hash(part, "root") for text in texts for part in text.replace(",", " ").split()]


def _bar(progress: Meter) -> Callable[[int, int], None]:
    return lambda done, total: progress.over(done, total)


# -- in ----------------------------------------------------------------------------------------------------------------


@app.command()
def upload(
    file: Annotated[str, typer.Argument(help="A file, or - for standard input.")],
    home: Home,
    keys: Keys,
    node: Nodes = None,
    indexer: IndexerUrl = "",
    sender: From = "0",
    replicas: Replicas = 1,
    method: Method = "min",
    tags: Annotated[str, typer.Option(help="Tags as 0x hex.")] = "0x",
    skip_tx: SkipTx = True,
    finality: Finality = True,
    fast: Fast = True,
    task_size: TaskSize = 10,
    fragment_size: Annotated[int, typer.Option(help="Cut files above this; rounded up to a power of two.")] = FRAGMENT_SIZE,
    erasure: Annotated[str, typer.Option("--erasure", help=_ERASURE_HELP)] = "",
    encryption_key: KeyFile = None,
    encrypt: Annotated[bool, typer.Option("--encrypt", help="Encrypt for the account that signs.")] = False,
    recipient: Annotated[str, typer.Option(help="Encrypt for the owner of this public key (0x hex).")] = "",
    routines: Routines = 8,
    timeout: Patience = 300,
    password_file: PasswordFile = None,
    rpc: Url = "",
    as_json: Json = False,
) -> None:
    """Store a file. The same file again costs nothing; after an interruption run it again, nothing is paid twice."""
    if file != "-" and not Path(file).is_file():
        raise InvalidInput(f"{file} is no file" + ("; use upload-dir" if Path(file).is_dir() else ""))
    code = Code.parse(erasure) if erasure else None
    if code is not None and replicas != 1:
        raise InvalidInput("give --erasure or --expected-replica, not both: the class stores every part once")
    if code is not None and parse_hex(tags, "--tags"):
        raise InvalidInput("give --erasure or --tags, not both: streams are replayed from files that nodes have whole")
    account = signer(sender, home.absolute(), keys, password_file)
    encryption = encryption_of(encryption_key, encrypt, recipient, account)
    options = UploadOptions(
        replicas,
        method,
        task_size,
        fast,
        skip_known=skip_tx,
        finality=finality,
        timeout_s=timeout,
        tags=parse_hex(tags, "--tags"),
    )
    source = sys.stdin.buffer if file == "-" else Path(file)
    with meter("uploading", 1, quiet=as_json) as progress:
        done = with_storage(
            home.absolute(),
            node,
            indexer,
            lambda storage: storage.upload(
                source,
                options=options,
                encryption=encryption,
                fragment_size=fragment_size,
                erasure=code,
                progress=_bar(progress),
            ),
            rpc=rpc,
            account=account,
            routines=routines,
        )
    show(done.to_json(), as_json=as_json, text=lambda: uploaded(done))


def uploaded(done: Uploaded) -> None:
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


@app.command("upload-dir")
def upload_directory(
    path: Annotated[Path, typer.Argument(help="A directory.")],
    home: Home,
    keys: Keys,
    node: Nodes = None,
    indexer: IndexerUrl = "",
    sender: From = "0",
    replicas: Replicas = 1,
    method: Method = "min",
    skip_tx: SkipTx = True,
    finality: Finality = True,
    task_size: TaskSize = 10,
    routines: Routines = 8,
    timeout: Patience = 300,
    password_file: PasswordFile = None,
    rpc: Url = "",
    as_json: Json = False,
) -> None:
    """Store a directory: its files, up to ten in a transaction, and the metadata whose root names it."""
    account = signer(sender, home.absolute(), keys, password_file)
    options = UploadOptions(replicas, method, task_size, skip_known=skip_tx, finality=finality, timeout_s=timeout)
    with meter("uploading", 1, quiet=as_json) as progress:
        done = with_storage(
            home.absolute(),
            node,
            indexer,
            lambda storage: storage.upload_directory(path, options=options, progress=_bar(progress)),
            rpc=rpc,
            account=account,
            routines=routines,
        )
    show(done.to_json(), as_json=as_json, text=lambda: facts(done.to_json()))


@app.command()
def root(
    file: Annotated[str, typer.Argument(help="A file, or - for standard input.")],
    fragment_size: Annotated[int, typer.Option(help="Cut files above this; rounded up to a power of two.")] = FRAGMENT_SIZE,
    as_json: Json = False,
) -> None:
    """The root that a file will have; no network needed."""
    found = [
        "0x" + one.hex() for one in file_root(sys.stdin.buffer if file == "-" else Path(file), fragment_size=fragment_size)
    ]
    show({"root": found[0], "roots": found}, as_json=as_json, text=lambda: print("\n".join(found)))


# -- out ---------------------------------------------------------------------------------------------------------------


@app.command()
def download(
    file: Annotated[str, typer.Argument(help="Where it goes: a new file, or - for standard output.")],
    root: Annotated[list[str], typer.Option("--root", "--roots", help="Its root; for fragments all of them in order.")],
    home: Home,
    keys: Keys,
    node: Nodes = None,
    indexer: IndexerUrl = "",
    size: Annotated[int | None, typer.Option(help="The stored size, if the nodes do not agree on it.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the file if it is there.")] = False,
    encryption_key: KeyFile = None,
    decrypt: Annotated[bool, typer.Option("--decrypt", help="Decrypt with the key of the account in --from.")] = False,
    sender: From = "0",
    routines: Routines = 8,
    password_file: PasswordFile = None,
    as_json: Json = False,
) -> None:
    """Fetch a file, every part proven against its root. After an interruption run it again, it goes on where it was."""
    if as_json and file == "-":
        raise InvalidInput("standard output is taken by the file; leave out --json or name a file")
    cipher = None
    if encryption_key is not None or decrypt:
        secret = _secret(signer(sender, home.absolute(), keys, password_file)) if decrypt else None
        cipher = CipherKeys(None if encryption_key is None else _cipher_key(encryption_key), secret)
    roots = _roots(root)

    def fetch(target: Path, progress: Meter) -> int:
        return with_storage(
            home.absolute(),
            node,
            indexer,
            lambda storage: storage.download(
                roots, target, keys=cipher, size=size, overwrite=overwrite, progress=_bar(progress)
            ),
            routines=routines,
        )

    with meter("downloading", 1, quiet=as_json) as progress:
        if file != "-":
            written = fetch(Path(file), progress)
        else:
            with tempfile.TemporaryDirectory(prefix="zerog-") as scratch:
                written = fetch(Path(scratch) / "file", progress)
                with open(Path(scratch) / "file", "rb") as source:
                    while block := source.read(1 << 20):
                        sys.stdout.buffer.write(block)
                    sys.stdout.buffer.flush()
            return
    show({"file": file, "size": written}, as_json=as_json, text=lambda: print(f"wrote {written:,} bytes to {file}"))


@app.command("download-dir")
def download_directory(
    path: Annotated[Path, typer.Argument(help="A directory that is not there yet.")],
    root: Annotated[str, typer.Option("--root", help="The root of its metadata.")],
    home: Home,
    node: Nodes = None,
    indexer: IndexerUrl = "",
    routines: Routines = 8,
    as_json: Json = False,
) -> None:
    """Fetch a directory. Names and links that lead out of it are refused."""
    wanted = parse_hash(root, "root")
    with meter("downloading", 1, quiet=as_json) as progress:
        count = with_storage(
            home.absolute(),
            node,
            indexer,
            lambda storage: storage.download_directory(
                wanted, path, progress=lambda _, done, total: progress.over(done, total)
            ),
            routines=routines,
        )
    show({"directory": str(path), "files": count}, as_json=as_json, text=lambda: print(f"wrote {count} files to {path}"))


# -- looking -----------------------------------------------------------------------------------------------------------


@app.command()
def info(
    root: Annotated[str, typer.Argument(help="The root of a file.")],
    home: Home,
    node: Nodes = None,
    indexer: IndexerUrl = "",
    as_json: Json = False,
) -> None:
    """What each node knows of a file."""
    wanted = parse_hash(root, "root")
    found = with_storage(home.absolute(), node, indexer, lambda storage: storage.info(wanted))
    value = [
        {"node": url, **(one.to_json() if isinstance(one, FileInfo) else {"error": str(one)} if one else {"known": False})}
        for url, one in found
    ]
    if all(one is None for _, one in found):
        raise NotFound(f"no storage node knows the file 0x{wanted.hex()}")
    if all(isinstance(one, Exception) for _, one in found):
        raise Unavailable(str(found[0][1]))

    def row(url: str, one: FileInfo | Exception | None) -> list[object]:
        if not isinstance(one, FileInfo):
            return [url, "", "", "", str(one) if one is not None else "unknown"]
        state = "pruned" if one.pruned else "final" if one.finalized else f"{one.uploaded_segments} segments so far"
        return [url, one.seq, f"{one.size:,}", one.start_entry, state]

    show(
        value,
        as_json=as_json,
        text=lambda: table(["node", "tx seq", "bytes", "first sector", "state"], [row(url, one) for url, one in found]),
    )


@app.command()
def status(home: Home, node: Nodes = None, indexer: IndexerUrl = "", as_json: Json = False) -> None:
    """What each storage node says of itself. Exit code 3 when none answers."""
    found = with_storage(home.absolute(), node, indexer, lambda storage: storage.status())
    value = [{"node": url, **(one.to_json() if isinstance(one, NodeStatus) else {"error": str(one)})} for url, one in found]
    if not any(isinstance(one, NodeStatus) for _, one in found):
        raise Unavailable(f"no storage node answers: {found[0][1]}; start a network with `zerog devnet up`, or say --node")

    def row(url: str, one: NodeStatus | Exception) -> list[object]:
        if not isinstance(one, NodeStatus):
            return [url, "", "", "", str(one)]
        return [url, one.chain_id, one.sync_height, one.next_tx_seq, "0x" + one.flow.hex()]

    show(
        value,
        as_json=as_json,
        text=lambda: table(["node", "chain", "synced block", "next tx seq", "flow"], [row(url, one) for url, one in found]),
    )


# -- losses ------------------------------------------------------------------------------------------------------------

Prove = Annotated[bool, typer.Option("--prove", help="Read every part from every node that claims it.")]


@app.command()
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


@app.command()
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


# -- a node ------------------------------------------------------------------------------------------------------------


@app.command()
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


@app.command("indexer")
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
    trusted = ",".join(node) if node else None
    given = {"indexer.trusted": trusted, "indexer.host": host, "indexer.port": port, "metrics.port": metrics_port}
    loaded = settings.load(config, flags=given)
    raise SystemExit(
        process.foreground(loaded.config, indexer_service.serve, ready_file=ready_file, until_stdin_closes=until_stdin_closes)
    )


@app.command("repair-service")
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
    given = {
        "repair.nodes": ",".join(node) if node else None,
        "repair.indexer": "" if node else indexer,
        "repair.interval_s": interval,
    }
    loaded = settings.load(config, flags=given)
    raise SystemExit(
        process.foreground(loaded.config, serve_repair, ready_file=ready_file, until_stdin_closes=until_stdin_closes)
    )

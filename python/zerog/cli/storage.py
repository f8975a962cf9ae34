"""``zerog storage``: files into the network and out of it.

What moves them is imported by the command that does: most of a small transfer's time would go into what it does not use.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zerog.cli import storage_durability, storage_kv, storage_nodes
from zerog.cli.connect import From, Home, Keys, PasswordFile, Url, signer
from zerog.cli.output import Json, Meter, facts, meter, show, table
from zerog.cli.storage_options import (
    ERASURE_HELP,
    Fast,
    Finality,
    IndexerUrl,
    KeyFile,
    Method,
    Nodes,
    Patience,
    Replicas,
    Routines,
    SkipTx,
    TaskSize,
    cipher_key,
    encryption_of,
    secret_of,
    uploaded,
    with_storage,
)
from zerog.errors import InvalidInput, NotFound, Unavailable
from zerog.sdk.files import FRAGMENT_SIZE, file_root
from zerog.types import parse_hash, parse_hex

if TYPE_CHECKING:
    from zerog.storage.remote import FileInfo, NodeStatus

app = typer.Typer(no_args_is_help=True, help="Storage: upload and download files and directories, write streams, run a node.")

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
    erasure: Annotated[str, typer.Option("--erasure", help=ERASURE_HELP)] = "",
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
    from zerog.storage.uploads import UploadOptions

    code = None
    if erasure:
        from zerog.storage.erasure.manifest import Code

        code = Code.parse(erasure)
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
                progress=progress.over,
            ),
            rpc=rpc,
            account=account,
            routines=routines,
        )
    show(done.to_json(), as_json=as_json, text=lambda: uploaded(done))


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
    from zerog.storage.uploads import UploadOptions

    account = signer(sender, home.absolute(), keys, password_file)
    options = UploadOptions(replicas, method, task_size, skip_known=skip_tx, finality=finality, timeout_s=timeout)
    with meter("uploading", 1, quiet=as_json) as progress:
        done = with_storage(
            home.absolute(),
            node,
            indexer,
            lambda storage: storage.upload_directory(path, options=options, progress=progress.over),
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
        from zerog.storage.crypt import Keys as CipherKeys

        secret = secret_of(signer(sender, home.absolute(), keys, password_file)) if decrypt else None
        cipher = CipherKeys(None if encryption_key is None else cipher_key(encryption_key), secret)
    roots = [parse_hash(one, "root") for text in root for one in text.replace(",", " ").split()]

    def fetch(target: Path, progress: Meter) -> int:
        return with_storage(
            home.absolute(),
            node,
            indexer,
            lambda storage: storage.download(
                roots, target, keys=cipher, size=size, overwrite=overwrite, progress=progress.over
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
    from zerog.storage.remote import FileInfo

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
    from zerog.storage.remote import NodeStatus

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


storage_durability.add_to(app)
storage_nodes.add_to(app)
storage_kv.add_to(app)

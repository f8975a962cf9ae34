"""``zerog storage kv``, ``kv-write`` and ``kv-read``: key-value streams, and a node for them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from zerog.cli.connect import From, Home, Keys, PasswordFile, Url, signer
from zerog.cli.output import Json, facts, show, table
from zerog.cli.storage_options import (
    Finality,
    IndexerUrl,
    KeyFile,
    Method,
    Nodes,
    Patience,
    Replicas,
    encryption_of,
    uploaded,
    with_storage,
)
from zerog.devnet.running import read_status
from zerog.errors import Conflict, InvalidInput
from zerog.storage.stream_blob import VERSION_LATEST, AccessOp
from zerog.types import parse_address, parse_hash, parse_hex

if TYPE_CHECKING:
    from zerog.sdk.kv import KvBatch
    from zerog.sdk.storage import Storage, Uploaded
    from zerog.storage.kv.client import KvClient, KvPair

_T = TypeVar("_T")

DEFAULT_KV: Final = "http://127.0.0.1:6789"
_OPS: Final = {op.name.lower().replace("_", "-"): op for op in AccessOp}

app = typer.Typer(no_args_is_help=True, help="A node for key-value streams: run one, ask one.")

StreamId = Annotated[str, typer.Option(help="32 bytes as 0x hex.")]
KvNode = Annotated[
    str,
    typer.Option(
        "--kv-node", "--node", envvar="ZEROG_KV_URL",
        help="URL of a KV node. Default: the running local network's, else the one on port 6789.",
    ),
]  # fmt: skip
KvNodeOption = Annotated[str, typer.Option("--kv-node", envvar="ZEROG_KV_URL", help="URL of the KV node to wait for.")]


def add_to(storage: typer.Typer) -> None:
    """Put these commands under ``zerog storage``."""
    storage.add_typer(app, name="kv")
    storage.command("kv-write")(kv_write)
    storage.command("kv-read")(kv_read)


def _kv_url(home: Path, given: str) -> str:
    told = (read_status(home) or {}).get("storage") or {}
    return given or str(told.get("kv") or DEFAULT_KV)


def _ask(home: Path, url: str, question: Callable[[KvClient], Awaitable[_T]]) -> _T:
    async def work(storage: Storage) -> _T:
        return await question(storage.kv(_kv_url(home, url)))

    return with_storage(home, None, "", work)


def _raw(text: str) -> bytes:
    return parse_hex(text) if text.startswith("0x") else text.encode()


def _shown(data: bytes) -> str:
    text = data.decode("ascii", "replace")
    return text if data.isascii() and text.isprintable() and not text.startswith("0x") else "0x" + data.hex()


def _change(batch: KvBatch, text: str) -> None:
    """``grant-writer 0x…``, ``key-to-special KEY``, ``grant-key-writer KEY 0x…``, ``renounce-admin``."""
    name, *rest = text.split()
    op = _OPS.get(name)
    if op is None:
        raise InvalidInput(f"--access: expected one of {', '.join(_OPS)}, found {name[:40]!r}")
    takes = ["KEY"] * op.has_key + ["ACCOUNT"] * op.has_account
    if len(rest) != len(takes):
        raise InvalidInput(f"--access: expected '{' '.join([name, *takes])}', found {text[:80]!r}")
    key = _raw(rest.pop(0)) if op.has_key else b""
    batch.access(op, key, rest.pop(0) if op.has_account else None)


def kv_write(
    home: Home,
    keys: Keys,
    stream_id: StreamId,
    stream_keys: Annotated[list[str] | None, typer.Option(help="A key as text, or 0x hex; may be given again.")] = None,
    stream_values: Annotated[list[str] | None, typer.Option(help="Its value, in the same order; empty deletes.")] = None,
    delete: Annotated[list[str] | None, typer.Option(help="A key to delete; may be given again.")] = None,
    watch: Annotated[list[str] | None, typer.Option(help="A key that must not be newer than --version.")] = None,
    access: Annotated[
        list[str] | None,
        typer.Option(help="A change of rights, as 'grant-writer 0x…' or 'key-to-special KEY'; may be given again."),
    ] = None,
    version: Annotated[
        int, typer.Option(min=0, help="Fail where a key is newer than this.  [default: no check]")
    ] = VERSION_LATEST,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for a KV node to replay it, and say what became of it.")] = False,
    kv_node: KvNodeOption = "",
    node: Nodes = None,
    indexer: IndexerUrl = "",
    sender: From = "0",
    replicas: Replicas = 1,
    method: Method = "min",
    finality: Finality = True,
    encryption_key: KeyFile = None,
    encrypt: Annotated[bool, typer.Option("--encrypt", help="Encrypt for the account that signs.")] = False,
    timeout: Patience = 300,
    password_file: PasswordFile = None,
    rpc: Url = "",
    as_json: Json = False,
) -> None:
    """Write keys of a stream and change who may, in one transaction.

    Who first writes to a stream administers it. Rights: grant-admin, renounce-admin, grant-writer, revoke-writer,
    renounce-writer; for single keys key-to-special, key-to-normal, grant-key-writer, revoke-key-writer, renounce-key-writer.
    """
    from zerog.sdk.kv import KvBatch
    from zerog.storage.uploads import UploadOptions

    names, values = stream_keys or [], stream_values or []
    if len(names) != len(values):
        raise InvalidInput(f"expected as many --stream-values as --stream-keys, found {len(values)} and {len(names)}")
    batch = KvBatch(parse_hash(stream_id, "--stream-id"), version=version)
    for name, value in zip(names, values, strict=True):
        batch.set(_raw(name), _raw(value))
    for name in delete or []:
        batch.delete(_raw(name))
    for name in watch or []:
        batch.watch(_raw(name))
    for text in access or []:
        _change(batch, text)
    blob = batch.build()
    blob.check()  # what cannot be written is told before anybody is asked for a password
    account = signer(sender, home.absolute(), keys, password_file)
    encryption = encryption_of(encryption_key, encrypt, "", account)
    options = UploadOptions(replicas, method, finality=finality, timeout_s=timeout)

    async def work(storage: Storage) -> tuple[Uploaded, str | None]:
        done = await storage.kv_write(blob, options=options, encryption=encryption)
        seq = done.stored[0].seq
        if not wait or seq is None:
            return done, None
        told = await storage.kv(_kv_url(home.absolute(), kv_node)).wait(seq, timeout_s=timeout)
        return done, told if told is not None else "skipped: the node does not hold the stream"

    done, result = with_storage(home.absolute(), node, indexer, work, rpc=rpc, account=account)

    def text_of() -> None:
        uploaded(done)
        facts({"tx seq": done.stored[0].seq} | ({"result": result} if result else {}))

    show(done.to_json() | ({"result": result} if result else {}), as_json=as_json, text=text_of)
    if result not in (None, "Commit"):
        raise Conflict(f"the transaction changed nothing: {result}")


def kv_read(
    home: Home,
    stream_id: StreamId,
    stream_keys: Annotated[list[str] | None, typer.Option(help="A key as text, or 0x hex; may be given again.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every key in order instead, up to --limit.")] = False,
    start: Annotated[str, typer.Option("--from-key", help="With --all: begin at this key.")] = "",
    reverse: Annotated[bool, typer.Option("--reverse", help="With --all: from the last key to the first.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="With --all: this many keys at most.")] = 1000,
    kv_node: KvNode = "",
    version: Annotated[int | None, typer.Option(min=0, help="As of this transaction.  [default: the latest]")] = None,
    as_json: Json = False,
) -> None:
    """Read keys of a stream from a KV node."""
    stream = bytes(parse_hash(stream_id, "--stream-id"))
    if everything == bool(stream_keys):
        raise InvalidInput("give --stream-keys, or --all")

    from zerog.storage.kv.client import KvPair

    async def read(kv: KvClient) -> list[KvPair]:
        found: list[KvPair] = []
        for name in stream_keys or []:
            value = await kv.value(stream, _raw(name), version)
            found.append(KvPair(_raw(name), value.version, value.data))
        if everything:
            async for pair in kv.pairs(stream, start=_raw(start), version=version, reverse=reverse):
                found.append(pair)
                if len(found) == limit:
                    break
        return found

    pairs = _ask(home.absolute(), kv_node, read)
    value = [
        {"key": _shown(pair.key), "version": pair.version, "size": len(pair.data), "value": "0x" + pair.data.hex()}
        for pair in pairs
    ]

    def text() -> None:
        for pair in pairs:
            print(f"{_shown(pair.key)}  {_shown(pair.data)}")

    show(value, as_json=as_json, text=text)


@app.command()
def status(home: Home, kv_node: KvNode = "", as_json: Json = False) -> None:
    """How far a KV node has replayed the log, and which streams it holds."""

    async def ask(kv: KvClient) -> dict[str, Any]:
        streams = ["0x" + stream.hex() for stream in await kv.streams()]
        return {"node": kv.url, "next_tx_seq": await kv.progress(), "streams": streams}

    found = _ask(home.absolute(), kv_node, ask)
    shown = found | {"streams": "\n         ".join(found["streams"]) or "none yet"}
    show(found, as_json=as_json, text=lambda: facts(shown))


@app.command()
def access(
    account: Annotated[str, typer.Argument(help="An address.")],
    home: Home,
    stream_id: StreamId,
    stream_keys: Annotated[list[str] | None, typer.Option(help="Also for this key; may be given again.")] = None,
    kv_node: KvNode = "",
    version: Annotated[int | None, typer.Option(min=0, help="As of this transaction.  [default: the latest]")] = None,
    as_json: Json = False,
) -> None:
    """What an account may do in a stream."""
    who, stream = bytes(parse_address(account)), bytes(parse_hash(stream_id, "--stream-id"))

    async def ask(kv: KvClient) -> dict[str, Any]:
        of_keys = []
        for name in stream_keys or []:
            key = _raw(name)
            of_keys.append(
                {
                    "key": _shown(key),
                    "special": await kv.is_special_key(stream, key, version),
                    "key_writer": await kv.is_writer_of_key(who, stream, key, version),
                    "may_write": await kv.has_write_permission(who, stream, key, version),
                }
            )
        return {
            "account": "0x" + who.hex(),
            "admin": await kv.is_admin(who, stream, version),
            "writer": await kv.is_writer_of_stream(who, stream, version),
            "keys": of_keys,
        }

    found = _ask(home.absolute(), kv_node, ask)

    def text() -> None:
        facts({name: found[name] for name in ("account", "admin", "writer")})
        if found["keys"]:
            rows = [[entry[name] for name in ("key", "special", "key_writer", "may_write")] for entry in found["keys"]]
            table(["key", "special", "key writer", "may write"], rows)

    show(found, as_json=as_json, text=text)


@app.command()
def result(
    seq: Annotated[int, typer.Argument(min=0, help="The number of the submission.")],
    home: Home,
    kv_node: KvNode = "",
    as_json: Json = False,
) -> None:
    """What became of a submission: Commit, or why not."""
    found = _ask(home.absolute(), kv_node, lambda kv: kv.result(seq))
    show({"tx_seq": seq, "result": found}, as_json=as_json, text=lambda: print(found or "nothing is known of it"))


@app.command()
def run(
    config: Annotated[Path | None, typer.Option("--config", help="TOML settings; see docs/config.md.")] = None,
    home: Annotated[str | None, typer.Option(help="Data directory; overrides storage.kv.home.")] = None,
    stream: Annotated[
        list[str] | None, typer.Option("--stream", help="A stream to hold; may be given again; overrides storage.kv.streams.")
    ] = None,
    rpc: Annotated[str | None, typer.Option(help="JSON-RPC of the chain; overrides storage.chain.endpoint.")] = None,
    flow: Annotated[str | None, typer.Option(help="The flow contract; overrides storage.chain.flow.")] = None,
    node: Annotated[
        list[str] | None, typer.Option("--node", help="A storage node's URL; may be given again; overrides storage.kv.nodes.")
    ] = None,
    indexer: Annotated[str | None, typer.Option(help="An indexer that names the nodes; overrides storage.kv.indexer.")] = None,
    host: Annotated[str | None, typer.Option(help="Listen address; overrides storage.kv.host.")] = None,
    port: Annotated[int | None, typer.Option(help="Overrides storage.kv.port.")] = None,
    metrics_port: Annotated[int | None, typer.Option(help="Overrides metrics.port.")] = None,
    ready_file: Annotated[Path | None, typer.Option(help="Write a JSON file with the URL when the node answers.")] = None,
    until_stdin_closes: Annotated[
        bool, typer.Option("--until-stdin-closes", help="Also stop when standard input ends: for supervisors.")
    ] = False,
) -> None:
    """Run a KV node until it is stopped (Ctrl-C or SIGTERM).

    Settings: these flags, then ZEROG_… in the environment, then --config, then defaults; `zerog config show` tells.
    """
    from zerog.runtime import config as settings
    from zerog.runtime import process
    from zerog.storage.kv import service

    given = {
        "storage.kv.home": home,
        "storage.kv.streams": ",".join(stream) if stream else None,
        "storage.chain.endpoint": rpc,
        "storage.chain.flow": flow,
        "storage.kv.nodes": ",".join(node) if node else None,
        "storage.kv.indexer": indexer,
        "storage.kv.host": host,
        "storage.kv.port": port,
        "metrics.port": metrics_port,
    }
    loaded = settings.load(config, flags=given)
    raise SystemExit(
        process.foreground(loaded.config, service.serve, ready_file=ready_file, until_stdin_closes=until_stdin_closes)
    )

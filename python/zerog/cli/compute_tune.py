"""``zerog compute tune``: run a fine-tuning node, give it tasks, take what they made."""

from __future__ import annotations

import enum
import json
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from zerog.cli.connect import From, Home, Keys, PasswordFile, Url, signer, with_chain
from zerog.cli.output import Json, facts, show, table
from zerog.devnet.running import read_status
from zerog.errors import InvalidInput
from zerog.runtime import config as settings
from zerog.runtime import process
from zerog.types import Address, format_address, parse_address

if TYPE_CHECKING:
    from zerog.sdk.chain import Chain
    from zerog.sdk.tuning import Fetched, Tuning

_T = TypeVar("_T")

app = typer.Typer(no_args_is_help=True, help="Fine-tuning: run a node, give it data, take the adapter.")

Id = Annotated[str, typer.Argument(help="The task's id.")]
Provider = Annotated[str, typer.Option(help="The provider's address; default: the local network's.", show_default=False)]
Seconds = Annotated[int, typer.Option("--timeout", help="Seconds to wait.")]


class Source(enum.Enum):
    """Where an adapter is downloaded from."""

    AUTO = "auto"
    STORAGE = "storage"
    NODE = "node"


@app.command()
def run(
    config: Annotated[Path | None, typer.Option("--config", help="TOML settings; see docs/config.md.")] = None,
    home: Annotated[str | None, typer.Option(help="Data directory; overrides tuning.home.")] = None,
    rpc: Annotated[str | None, typer.Option(help="JSON-RPC of the chain; overrides tuning.chain.endpoint.")] = None,
    model: Annotated[str | None, typer.Option(help="name=path of a GGUF file; overrides tuning.models.")] = None,
    indexer: Annotated[str | None, typer.Option(help="The storage network's; overrides tuning.indexer.")] = None,
    port: Annotated[int | None, typer.Option(help="Overrides tuning.http.port.")] = None,
    metrics_port: Annotated[int | None, typer.Option(help="Overrides metrics.port.")] = None,
    ready_file: Annotated[Path | None, typer.Option(help="Write a JSON file with the URL when the node answers.")] = None,
    until_stdin_closes: Annotated[
        bool, typer.Option("--until-stdin-closes", help="Also stop when standard input ends: for supervisors.")
    ] = False,
) -> None:
    """Run a fine-tuning node until it is stopped (Ctrl-C or SIGTERM). Needs the extra zerog[tuning].

    Settings: these flags, then ZEROG_… in the environment, then --config, then defaults; `zerog config show` tells.
    """
    from zerog.node import tuning

    given = {
        "tuning.home": home, "tuning.chain.endpoint": rpc, "tuning.models": model, "tuning.indexer": indexer,
        "tuning.http.port": port, "metrics.port": metrics_port,
    }  # fmt: skip
    loaded = settings.load(config, flags=given)
    raise SystemExit(
        process.foreground(loaded.config, tuning.serve, ready_file=ready_file, until_stdin_closes=until_stdin_closes)
    )


def with_tuning(
    home: Path,
    rpc: str,
    who: str,
    keys: Path,
    password_file: Path | None,
    work: Callable[[Tuning], Awaitable[_T]],
    indexer: str = "",
) -> _T:
    """Run ``work`` as a user of fine-tuning; ``indexer`` is that of the storage network where results are looked for."""
    from zerog.sdk.tuning import open_tuning

    account = signer(who, home, keys, password_file)

    async def run(chain: Chain) -> _T:
        async with open_tuning(chain, account, indexer=indexer) as tuning:
            return await work(tuning)

    return with_chain(rpc, home, run)


def _named(provider: str, home: Path) -> Address:
    """The provider that was named, else the local network's.

    Raises:
        InvalidInput: neither.
    """
    if provider:
        return parse_address(provider)
    found = ((read_status(home) or {}).get("compute") or {}).get("tuners") or []
    if not found:
        raise InvalidInput("which provider? give its address with --provider")
    return parse_address(str(found[0]["address"]))


@app.command()
def submit(
    dataset: Annotated[str, typer.Argument(help="A file of JSON lines, or the root of one in the storage network (0x…).")],
    home: Home,
    keys: Keys,
    who: From = "0",
    provider: Provider = "",
    params: Annotated[Path | None, typer.Option(help="A JSON file with training parameters.")] = None,
    model: Annotated[str, typer.Option(help="By name; default: the provider's first.", show_default=False)] = "",
    wait: Annotated[bool, typer.Option("--wait", help="Stay until it is delivered.")] = False,
    timeout: Seconds = 3600,
    rpc: Url = "",
    password_file: PasswordFile = None,
    as_json: Json = False,
) -> None:
    """Send a data set and start a task; needs an account with the provider (zerog compute transfer, acknowledge)."""
    data: bytes | str = dataset if dataset.startswith("0x") else Path(dataset).read_bytes()
    given = json.loads(params.read_text()) if params is not None else {}
    if not isinstance(given, dict):
        raise InvalidInput(f"{params}: expected a JSON object")
    to = _named(provider, home)

    async def work(tuning: Tuning) -> dict[str, Any]:
        id = await tuning.submit(to, data, given, model=model)
        if not wait:
            return await tuning.task(to, id)
        return await tuning.watch(to, id, ("Delivered", "UserAcknowledged", "Finished"), timeout_s=timeout, told=_step(as_json))

    task = with_tuning(home, rpc, who, keys, password_file, work)
    show(task, as_json=as_json, text=lambda: facts(_facts(task)))


def _step(quiet: bool) -> Callable[[Mapping[str, Any]], None]:
    """One line on standard error for each change."""

    def told(task: Mapping[str, Any]) -> None:
        if not quiet:
            print(f"{task['progress']:<12} {task.get('step') or ''}", file=sys.stderr)

    return told


def _facts(task: Mapping[str, Any]) -> list[tuple[str, Any]]:
    names = ("id", "progress", "reason", "step", "fee", "createdAt", "datasetHash", "preTrainedModelHash", "trainingParams")
    return [(name, task[name]) for name in names if task.get(name)]


@app.command()
def status(
    id: Id, home: Home, keys: Keys, who: From = "0", provider: Provider = "", rpc: Url = "",
    password_file: PasswordFile = None, as_json: Json = False,
) -> None:  # fmt: skip
    """One task: where it stands, its fee in neuron, and why it failed if it did."""
    to = _named(provider, home)
    task = with_tuning(home, rpc, who, keys, password_file, lambda tuning: tuning.task(to, id))
    show(task, as_json=as_json, text=lambda: facts(_facts(task)))


@app.command("list")
def list_tasks(
    home: Home, keys: Keys, who: From = "0", provider: Provider = "", rpc: Url = "", password_file: PasswordFile = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Your tasks with a provider, newest first."""
    to = _named(provider, home)
    tasks = with_tuning(home, rpc, who, keys, password_file, lambda tuning: tuning.tasks(to))
    rows = [(task["id"], task["progress"], task["fee"], task["createdAt"]) for task in tasks]
    show(tasks, as_json=as_json, text=lambda: table(["task", "state", "fee (neuron)", "made"], rows))


@app.command()
def log(
    id: Id, home: Home, keys: Keys, who: From = "0", provider: Provider = "", rpc: Url = "", password_file: PasswordFile = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """What a task has said so far."""
    to = _named(provider, home)
    text = with_tuning(home, rpc, who, keys, password_file, lambda tuning: tuning.log(to, id))
    show({"task": id, "log": text.splitlines()}, as_json=as_json, text=lambda: print(text, end=""))


@app.command()
def cancel(
    id: Id, home: Home, keys: Keys, who: From = "0", provider: Provider = "", rpc: Url = "", password_file: PasswordFile = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """End a task that has nothing to deliver yet; it costs nothing."""
    to = _named(provider, home)
    with_tuning(home, rpc, who, keys, password_file, lambda tuning: tuning.cancel(to, id))
    show({"cancelled": id}, as_json=as_json, text=lambda: print(f"task {id} cancelled"))


@app.command()
def fetch(
    id: Id,
    folder: Annotated[Path, typer.Argument(help="Where the adapter's files go.")],
    home: Home,
    keys: Keys,
    who: From = "0",
    provider: Provider = "",
    via: Annotated[
        Source, typer.Option(help="Download from the storage network, the provider's node, or the first and then the other.")
    ] = Source.AUTO,
    indexer: Annotated[str, typer.Option(help="The storage network's; default: the local one's.", show_default=False)] = "",
    timeout: Seconds = 600,
    rpc: Url = "",
    password_file: PasswordFile = None,
    as_json: Json = False,
) -> None:
    """Take a delivered adapter: download, check it against the chain, acknowledge and pay, decrypt, unpack."""
    to = _named(provider, home)
    if not indexer and not rpc:
        indexer = str(((read_status(home) or {}).get("storage") or {}).get("indexer") or "")

    async def work(tuning: Tuning) -> Fetched:
        return await tuning.fetch(to, id, folder, timeout_s=timeout, via=via.value)

    done = with_tuning(home, rpc, who, keys, password_file, work, indexer)
    told = {
        "folder": str(done.folder), "files": list(done.files), "fee": str(done.fee), "source": done.source,
        "provider": format_address(to),
    }  # fmt: skip
    show(told, as_json=as_json, text=lambda: facts(list(told.items())))

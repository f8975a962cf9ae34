"""``zerog compute adapters``: own fine-tuned adapters at a provider, and having it serve one."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from zerog.cli.compute import named, with_compute
from zerog.cli.connect import From, Home, Keys, PasswordFile, Url, signer
from zerog.cli.output import Json, facts, show, table
from zerog.errors import NotFound

app = typer.Typer(no_args_is_help=True, help="Your adapters at a provider: which are there, serve one.")

Provider = Annotated[str, typer.Option(help="The provider's address; default: the local network's.", show_default=False)]
Adapter = Annotated[str, typer.Argument(help="The adapter's name (ft-…), or the id of the task that made it.")]


@app.command("list")
def list_adapters(
    home: Home, keys: Keys, who: From = "0", provider: Provider = "", rpc: Url = "", password_file: PasswordFile = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Your adapters that the provider has, and how each stands: ready, loading, active or failed."""
    account, to = signer(who, home, keys, password_file), named(provider, home)
    found = with_compute(home, rpc, account, lambda compute: compute.adapters(to))
    rows = [(one["adapterName"], one["state"], one["baseModel"], one.get("error", "")) for one in found]
    show(found, as_json=as_json, text=lambda: table(["adapter", "state", "base model", "why"], rows))


@app.command()
def status(
    adapter: Adapter, home: Home, keys: Keys, who: From = "0", provider: Provider = "", rpc: Url = "",
    password_file: PasswordFile = None, as_json: Json = False,
) -> None:  # fmt: skip
    """How one of them stands."""
    account, to = signer(who, home, keys, password_file), named(provider, home)
    found = with_compute(home, rpc, account, lambda compute: compute.adapters(to))
    one = next((row for row in found if adapter in (row["adapterName"], row["taskId"])), None)
    if one is None:
        raise NotFound(f"the provider has no adapter {adapter} of yours")
    show(one, as_json=as_json, text=lambda: facts(_facts(one)))


@app.command()
def deploy(
    adapter: Adapter,
    home: Home,
    keys: Keys,
    who: From = "0",
    provider: Provider = "",
    wait: Annotated[bool, typer.Option("--wait", help="Stay until it is served.")] = False,
    timeout: Annotated[int, typer.Option("--timeout", min=1, help="Seconds to wait.")] = 120,
    rpc: Url = "",
    password_file: PasswordFile = None,
    as_json: Json = False,
) -> None:
    """Have the provider serve it as a model of its name, for you alone; then `zerog compute chat --model NAME`."""
    account, to = signer(who, home, keys, password_file), named(provider, home)

    def told(state: str) -> None:
        if not as_json:
            print(state, file=sys.stderr)

    one = with_compute(
        home, rpc, account, lambda compute: compute.deploy(to, adapter, wait_s=timeout if wait else 0, told=told)
    )
    show(one, as_json=as_json, text=lambda: facts(_facts(one)))


def _facts(one: Mapping[str, Any]) -> list[tuple[str, Any]]:
    names = {"adapterName": "adapter", "state": "state", "baseModel": "base model", "taskId": "task", "error": "why"}
    return [(shown, one[name]) for name, shown in names.items() if one.get(name)]

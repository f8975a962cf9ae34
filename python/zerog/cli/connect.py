"""Which chain a command talks to, which account it signs with."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from zerog.devnet.running import read_status
from zerog.errors import InvalidInput, PeerFault, Unavailable
from zerog.runtime.disk import read_private
from zerog.types import parse_address

if TYPE_CHECKING:
    from zerog.sdk.chain import Chain
    from zerog.sdk.wallet import Account

_T = TypeVar("_T")

DEFAULT_URL: Final = "http://127.0.0.1:8545"

Home = Annotated[
    Path,
    typer.Option(
        "--home",
        envvar="ZEROG_HOME",
        help="Directory of the local network.",
        default_factory=lambda: Path.home() / ".zerog" / "devnet",
        show_default="~/.zerog/devnet",
    ),
]
Keys = Annotated[
    Path,
    typer.Option(
        "--keys",
        envvar="ZEROG_KEYS",
        help="Directory of encrypted key files.",
        default_factory=lambda: Path.home() / ".zerog" / "keys",
        show_default="~/.zerog/keys",
    ),
]
Url = Annotated[
    str,
    typer.Option(
        "--rpc", envvar="ZEROG_RPC_URL", help="JSON-RPC of the chain. Default: the running local network, else port 8545."
    ),
]
From = Annotated[
    str,
    typer.Option(
        "--from",
        help="Who signs: the number of a local network's account (0 to 9), an address in --keys, or file:PATH of a "
        "private file with a secret key.",
    ),
]
PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", help="File (mode 0600) with the key file's password; asked for when not given."),
]


def with_chain(url: str, home: Path, work: Callable[[Chain], Awaitable[_T]]) -> _T:
    """Run ``work`` with a connection."""
    from zerog.chain.client import CallError, ChainClient
    from zerog.sdk.chain import Chain, Refused

    async def run() -> _T:
        target = url or default_url(home)
        if not target.startswith(("http://", "https://")):
            raise InvalidInput(f"--rpc: expected a URL that begins with http:// or https://, found {target[:80]!r}")
        try:
            async with ChainClient(target) as client:
                return await work(Chain(client))
        except (Unavailable, PeerFault) as error:
            raise Unavailable(f"no chain answers: {error}; start one with `zerog devnet up --detach`, or say --rpc") from None
        except CallError as error:
            raise Refused(error.message) from None

    return asyncio.run(run())


def default_url(home: Path) -> str:
    status = read_status(home)
    return str(status["rpc_url"]) if status is not None else DEFAULT_URL


def password(file: Path | None, *, confirm: bool = False) -> str:
    """The password of a key file: the first line of a private file, or asked for without showing it."""
    if file is not None:
        if not file.exists():
            raise InvalidInput(f"password-file: {file} does not exist")
        return read_private(file).decode().split("\n", 1)[0].rstrip("\r")
    if not os.isatty(0):
        raise InvalidInput("a password is needed: give --password-file, or run this on a terminal")
    return str(typer.prompt("password", hide_input=True, confirmation_prompt=confirm, err=True))


def signer(name: str, home: Path, keys: Path, password_file: Path | None) -> Account:
    """The account that ``--from`` names.

    Raises:
        InvalidInput: no such account. Unavailable: a number, but no local network.
    """
    from zerog.sdk.wallet import Account, Keystore

    if name.isdigit():
        from zerog.devnet import topology

        options = topology.read(topology.Paths(home))
        if options is None:
            raise Unavailable(
                f"--from {name} is an account of a local network, and none is in {home}; start one with `zerog devnet up`"
            )
        if int(name) >= topology.ACCOUNTS:
            raise InvalidInput(f"--from: expected 0 to {topology.ACCOUNTS - 1}, an address or file:PATH, found {name}")
        return topology.account(options.mnemonic, int(name))
    if name.startswith("file:"):
        path = Path(name.removeprefix("file:"))
        if not path.exists():
            raise InvalidInput(f"--from: {path} does not exist")
        return Account.from_hex(read_private(path).decode())
    address = parse_address(name, "--from")
    store = Keystore(keys)
    if address not in store.addresses():
        raise InvalidInput(f"--from: no key file for {name} in {keys}; see `zerog chain account list`")
    return store.load(address, password(password_file))

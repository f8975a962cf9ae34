"""``zerog chain account``: keys in encrypted files."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from zerog.cli.connect import Home, Keys, PasswordFile, Url, password, with_chain
from zerog.cli.output import Json, facts, show
from zerog.errors import Conflict, InvalidInput
from zerog.runtime.disk import read_private
from zerog.sdk.chain import Chain
from zerog.sdk.wallet import ETHEREUM_PATH, Account, Keystore
from zerog.types import format_address, format_amount, parse_address

app = typer.Typer(no_args_is_help=True, help="Accounts: encrypted key files (scrypt, version 3 format), balances.")


@app.command()
def new(keys: Keys, password_file: PasswordFile = None, as_json: Json = False) -> None:
    """Make a new random key and keep it in an encrypted file."""
    _keep(Account.create(), keys, password_file, as_json)


@app.command("import")
def import_(
    keys: Keys,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", help="File (mode 0600) with the secret key as hex, or with a mnemonic; asked for when not given."
        ),
    ] = None,
    path: Annotated[str, typer.Option(help="Derivation path below a mnemonic.")] = ETHEREUM_PATH.format(index=0),
    password_file: PasswordFile = None,
    as_json: Json = False,
) -> None:
    """Keep a secret key or a mnemonic's account in an encrypted file. Secrets are never taken from the command line."""
    if file is not None:
        if not file.exists():
            raise InvalidInput(f"file: {file} does not exist")
        text = read_private(file).decode().strip()
    elif os.isatty(0):
        text = str(typer.prompt("secret key or mnemonic", hide_input=True, err=True)).strip()
    else:
        text = sys.stdin.readline().strip()
    account = Account.from_mnemonic(text, path=path) if " " in text else Account.from_hex(text)
    _keep(account, keys, password_file, as_json)


def _keep(account: Account, keys: Path, password_file: Path | None, as_json: bool) -> None:
    saved = Keystore(keys).save(account, password(password_file, confirm=True))
    show(
        {"address": account.address_text, "file": str(saved)},
        as_json=as_json,
        text=lambda: facts({"address": account.address_text, "key file": saved}),
    )


@app.command("list")
def list_(keys: Keys, as_json: Json = False) -> None:
    """Whose key files are here."""
    addresses = [format_address(address) for address in Keystore(keys).addresses()]

    def text() -> None:
        for address in addresses:
            print(address)
        if not addresses:
            print(f"no key files in {keys}; make one with `zerog chain account new`", file=sys.stderr)

    show(addresses, as_json=as_json, text=text)


@app.command()
def export(
    address: Annotated[str, typer.Argument(help="Whose secret.")],
    keys: Keys,
    file: Annotated[Path, typer.Option("--file", help="A new file (mode 0600) for the secret key as hex.")],
    password_file: PasswordFile = None,
    as_json: Json = False,
) -> None:
    """Write a secret key, unencrypted, into a new private file."""
    account = Keystore(keys).load(address, password(password_file))
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise Conflict(f"{file} exists already") from None
    with os.fdopen(descriptor, "w") as target:
        target.write(account.export_secret() + "\n")
    show({"file": str(file)}, as_json=as_json, text=lambda: print(f"wrote {file}; whoever reads it owns the account"))


@app.command()
def balance(
    address: Annotated[str, typer.Argument(help="Whose balance.")], home: Home, rpc: Url = "", as_json: Json = False
) -> None:
    """What an address owns and how many transactions it has sent."""
    who = parse_address(address)

    async def look(chain: Chain) -> tuple[int, int]:
        return await chain.balance(who), await chain.nonce(who, "latest")

    neuron, nonce = with_chain(rpc, home, look)
    value = {"address": format_address(who), "balance": str(neuron), "nonce": nonce}
    show(value, as_json=as_json, text=lambda: facts({"balance": format_amount(neuron), "nonce": nonce}))

"""``zerog compute``: run a provider, talk to models, look after the money between."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from zerog.cli.connect import From, Home, Keys, PasswordFile, Url, signer, with_chain
from zerog.cli.output import REFUSED, Json, facts, show, table
from zerog.devnet.running import read_status
from zerog.errors import InvalidInput
from zerog.runtime import config as settings
from zerog.runtime import process
from zerog.types import Address, format_address, format_amount, parse_address, parse_amount

if TYPE_CHECKING:
    from zerog.contracts.ledger import Ledger
    from zerog.sdk.chain import Chain
    from zerog.sdk.chain import Receipt as ChainReceipt
    from zerog.sdk.compute import Compute, Reply, Standing
    from zerog.sdk.wallet import Account

HELPFUL: Final = "You are a helpful assistant."
_T = TypeVar("_T")

app = typer.Typer(no_args_is_help=True, help="Compute: run a provider, talk to models, keep accounts with providers.")


@app.command()
def run(
    config: Annotated[Path | None, typer.Option("--config", help="TOML settings; see docs/config.md.")] = None,
    home: Annotated[str | None, typer.Option(help="Data directory; overrides compute.home.")] = None,
    rpc: Annotated[str | None, typer.Option(help="JSON-RPC of the chain; overrides compute.chain.endpoint.")] = None,
    forward: Annotated[
        str | None, typer.Option(help="An OpenAI-compatible server, with its /v1; overrides compute.forward.url.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Overrides compute.service.model.")] = None,
    host: Annotated[str | None, typer.Option(help="Listen address; overrides compute.http.host.")] = None,
    port: Annotated[int | None, typer.Option(help="Overrides compute.http.port.")] = None,
    metrics_port: Annotated[int | None, typer.Option(help="Overrides metrics.port.")] = None,
    ready_file: Annotated[Path | None, typer.Option(help="Write a JSON file with the URL when the provider answers.")] = None,
    until_stdin_closes: Annotated[
        bool, typer.Option("--until-stdin-closes", help="Also stop when standard input ends: for supervisors.")
    ] = False,
) -> None:
    """Run a provider until it is stopped (Ctrl-C or SIGTERM).

    Settings: these flags, then ZEROG_… in the environment, then --config, then defaults; `zerog config show` tells.
    """
    from zerog.compute import service

    given = {
        "compute.home": home,
        "compute.chain.endpoint": rpc,
        "compute.forward.url": forward,
        "compute.service.model": model,
        "compute.http.host": host,
        "compute.http.port": port,
        "metrics.port": metrics_port,
    }
    loaded = settings.load(config, flags=given)
    raise SystemExit(
        process.foreground(loaded.config, service.serve, ready_file=ready_file, until_stdin_closes=until_stdin_closes)
    )


# -- who and where -----------------------------------------------------------------------------------------------------

ProviderName = Annotated[str, typer.Argument(help="The provider's address; default: the local network's.", show_default=False)]


def with_compute(home: Path, rpc: str, account: Account | None, work: Callable[[Compute], Awaitable[_T]]) -> _T:
    """Run ``work`` on the compute network of a chain."""
    from zerog.sdk.compute import open_compute

    async def run(chain: Chain) -> _T:
        async with open_compute(chain, account) as compute:
            return await work(compute)

    return with_chain(rpc, home, run)


def named(provider: str, home: Path) -> str:
    """The provider that was named, else the local network's first.

    Raises:
        InvalidInput: neither.
    """
    if provider:
        return provider
    found = ((read_status(home) or {}).get("compute") or {}).get("providers") or []
    if not found:
        raise InvalidInput("which provider? give its address; `zerog compute list` shows who offers what")
    return str(found[0]["address"])


def _price(neuron: int) -> str:
    return format_amount(neuron * 1_000_000)


@app.command("list")
def list_providers(home: Home, rpc: Url = "", as_json: Json = False) -> None:
    """Providers on the chain: what they offer, at which price, and whether their signer is acknowledged."""
    found = with_compute(home, rpc, None, lambda compute: compute.providers())
    rows = [
        {
            "address": format_address(one.address), "url": one.url, "kind": one.kind, "model": one.model,
            "input_price": str(one.price.input), "output_price": str(one.price.output), "verifiability": one.verifiability,
            "signer": format_address(one.signer), "acknowledged": one.signer_acknowledged,
        }
        for one in found
    ]  # fmt: skip

    def text() -> None:
        columns = ["provider", "model", "kind", "in / 1M tokens", "out / 1M tokens", "signer"]
        table(
            columns,
            [
                [format_address(one.address), one.model, one.kind, _price(one.price.input), _price(one.price.output),
                 "acknowledged" if one.signer_acknowledged else "not acknowledged"]
                for one in found
            ],
        )  # fmt: skip

    show(rows, as_json=as_json, text=text)


@app.command()
def chat(
    prompt: Annotated[str, typer.Argument(help="What to say; - reads standard input.")],
    home: Home,
    keys: Keys,
    provider: Annotated[str, typer.Option("--provider", help="Its address. Default: the local network's, else the best.")] = "",
    model: Annotated[
        str,
        typer.Option("--model", help="Any provider of this model; or an adapter of yours, or what else the provider serves."),
    ] = "",
    system: Annotated[str, typer.Option("--system", help="What the model is told first.")] = HELPFUL,
    max_tokens: Annotated[int, typer.Option("--max-tokens", min=1, help="Longest answer.")] = 512,
    temperature: Annotated[float, typer.Option("--temperature", min=0, max=2, help="0 always says the same.")] = 0,
    seed: Annotated[int | None, typer.Option("--seed", help="The same number gives the same answer.")] = None,
    receipt: Annotated[
        Path | None, typer.Option("--receipt", help="Append the signed answer to this file, for `zerog compute verify`.")
    ] = None,
    prefer: Annotated[str, typer.Option("--prefer", help="price or latency, where there is a choice.")] = "price",
    who: From = "0",
    rpc: Url = "",
    password_file: PasswordFile = None,
    as_json: Json = False,
) -> None:
    """Talk to a model. The answer streams; then its cost, and whether it is signed by whom the chain names."""
    account = signer(who, home, keys, password_file)
    said = sys.stdin.read() if prompt == "-" else prompt
    messages = [{"role": "system", "content": system}] * bool(system) + [{"role": "user", "content": said}]
    given: dict[str, Any] = {"max_tokens": max_tokens, "temperature": temperature} | ({} if seed is None else {"seed": seed})
    on_text = None if as_json else _say

    async def work(compute: Compute) -> tuple[Reply, Standing | None]:
        offered = bool(model) and any(one.model == model for one in await compute.providers())
        address = provider or ("" if offered else _local(home))
        if address:
            wanted = {"model": model} if model else {}
            reply = await compute.chat(await compute.provider(address), messages, on_text=on_text, **given, **wanted)
        else:
            reply = await compute.route(messages, model=model, on_text=on_text, prefer=prefer, **given)
        return reply, await compute.standing(reply.provider.address, ask=True)

    reply, standing = with_compute(home, rpc, account, work)
    if receipt is not None and reply.receipt is not None:
        with receipt.open("a") as file:
            file.write(reply.receipt.to_json() + "\n")
    owed = 0 if standing is None else standing.unsettled or 0
    left = 0 if standing is None else standing.balance - standing.pending_refund - owed
    value = {
        "text": reply.text, "provider": format_address(reply.provider.address),
        "model": reply.receipt.model if reply.receipt is not None else model or reply.provider.model,
        "prompt_tokens": reply.usage.prompt_tokens, "completion_tokens": reply.usage.completion_tokens,
        "cached_tokens": reply.usage.cached_tokens, "fee": str(reply.fee.total), "balance": str(left), "unsettled": str(owed),
        "verified": reply.verified, "fault": reply.fault,
    }  # fmt: skip

    def text() -> None:
        print()
        facts(
            {
                "tokens": f"{reply.usage.prompt_tokens} in, {reply.usage.completion_tokens} out",
                "cost": format_amount(reply.fee.total),
                "balance": f"{format_amount(left)} ({format_amount(owed)} not settled yet)",
                "verified": "yes, signed by the provider's signer" if reply.verified else f"NO: {reply.fault}",
            }
        )

    show(value, as_json=as_json, text=text)
    if not reply.verified:
        raise SystemExit(REFUSED)


def _say(piece: str) -> None:
    print(piece, end="", flush=True)


def _local(home: Path) -> str:
    found = ((read_status(home) or {}).get("compute") or {}).get("providers") or []
    return str(found[0]["address"]) if found else ""


@app.command()
def verify(
    files: Annotated[list[Path], typer.Argument(help="Receipts, one a line, as `chat --receipt` writes them.")],
    home: Home,
    signed_by: Annotated[
        list[str] | None,
        typer.Option("--signer", help="PROVIDER=SIGNER, both addresses: then no chain is asked. May be given again."),
    ] = None,
    rpc: Url = "",
    as_json: Json = False,
) -> None:
    """Check answers that were kept: both hashes, and the signature of whom the chain names (or --signer, offline)."""
    from zerog.compute.client import Receipt, expected_signer, fault

    receipts = [Receipt.from_json(line) for file in files for line in file.read_text().splitlines() if line.strip()]
    if not receipts:
        raise InvalidInput("no receipts in " + ", ".join(str(file) for file in files))
    signers: dict[bytes, Address] = {}
    for pair in signed_by or []:
        left, mark, right = pair.partition("=")
        if not mark:
            raise InvalidInput(f"--signer: expected PROVIDER=SIGNER, found {pair[:100]}")
        signers[parse_address(left, "--signer")] = parse_address(right, "--signer")
    unknown = sorted({one.provider for one in receipts} - set(signers))
    if unknown and not signed_by:

        async def look(compute: Compute) -> None:
            for address in unknown:
                signers[address] = expected_signer(await compute.provider(address))

        with_compute(home, rpc, None, look)
    rows = []
    for one in receipts:
        wrong = fault(one, signers[one.provider]) if one.provider in signers else "no signer is known for this provider"
        rows.append({"provider": format_address(one.provider), "chat_id": one.chat_id, "model": one.model, "fault": wrong})

    def text() -> None:
        table(["chat", "provider", "verified"], [[r["chat_id"], r["provider"], r["fault"] or "yes"] for r in rows])

    show(rows, as_json=as_json, text=text)
    if any(row["fault"] for row in rows):
        raise SystemExit(REFUSED)


@app.command()
def key(
    home: Home,
    keys: Keys,
    provider: ProviderName = "",
    number: Annotated[int, typer.Option("--number", min=0, max=254, help="By which it can be revoked.")] = 0,
    days: Annotated[int, typer.Option("--days", min=0, help="How long it is good; 0: until it is revoked.")] = 0,
    who: From = "0",
    rpc: Url = "",
    password_file: PasswordFile = None,
    as_json: Json = False,
) -> None:
    """Make a key (app-sk-…) for any OpenAI client, with the URL to use it at."""
    from zerog.compute.client import now_ms

    account, to = signer(who, home, keys, password_file), named(provider, home)

    async def work(compute: Compute) -> tuple[str, str]:
        until = now_ms() + days * 86_400_000 if days else 0
        return await compute.api_key(to, number, until), (await compute.provider(to)).endpoint

    made, url = with_compute(home, rpc, account, work)
    show({"key": made, "base_url": url}, as_json=as_json, text=lambda: facts({"base URL": url, "key": made}))


@app.command()
def revoke(
    home: Home,
    keys: Keys,
    provider: ProviderName = "",
    number: Annotated[
        list[int] | None, typer.Option("--number", min=0, max=254, help="May be given again. Default: all.")
    ] = None,
    who: From = "0",
    rpc: Url = "",
    password_file: PasswordFile = None,
    as_json: Json = False,
) -> None:
    """End keys by their numbers, or all keys and sessions with a provider. It counts at once."""
    account, to = signer(who, home, keys, password_file), named(provider, home)
    done = with_compute(home, rpc, account, lambda compute: compute.revoke(to, number or []))
    _told(done, as_json, f"revoked {', '.join(str(one) for one in number) if number else 'all keys and sessions'}")


# -- accounts ----------------------------------------------------------------------------------------------------------

account_app = typer.Typer(no_args_is_help=True, help="Money for providers: the ledger, and the accounts with each of them.")
app.add_typer(account_app, name="account")
Amount = Annotated[str, typer.Argument(help="0G by default; '5 gwei', '1 neuron'.")]


@account_app.command("show")
def show_account(
    home: Home, keys: Keys, who: From = "0", rpc: Url = "", password_file: PasswordFile = None, as_json: Json = False
) -> None:
    """The ledger and every account with a provider."""
    account = signer(who, home, keys, password_file)

    async def work(compute: Compute) -> tuple[Ledger | None, list[Standing]]:
        return await compute.ledger(), await compute.standings()

    book, standings = with_compute(home, rpc, account, work)
    value = {
        "address": account.address_text,
        "available": str(book.available if book else 0),
        "total": str(book.total if book else 0),
        "providers": [
            {
                "provider": format_address(one.provider), "balance": str(one.balance),
                "pending_refund": str(one.pending_refund), "acknowledged": one.acknowledged,
            }
            for one in standings
        ],
    }  # fmt: skip

    def text() -> None:
        facts(
            {
                "ledger": account.address_text,
                "available": format_amount(book.available if book else 0),
                "with providers": format_amount(book.locked if book else 0),
            }
        )
        if standings:
            print()
            rows = [[format_address(o.provider), format_amount(o.balance), format_amount(o.pending_refund)] for o in standings]
            table(["provider", "balance", "asked back"], rows)

    show(value, as_json=as_json, text=text)


@account_app.command()
def deposit(
    amount: Amount, home: Home, keys: Keys, who: From = "0", rpc: Url = "", password_file: PasswordFile = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Money from the wallet into the ledger; the first deposit opens it."""
    account, neuron = signer(who, home, keys, password_file), parse_amount(amount)
    done = with_compute(home, rpc, account, lambda compute: compute.deposit(neuron))
    _told(done, as_json, f"deposited {format_amount(neuron)}")


@account_app.command()
def transfer(
    provider: Annotated[str, typer.Argument(help="The provider's address.")],
    amount: Amount,
    home: Home,
    keys: Keys,
    who: From = "0",
    rpc: Url = "",
    password_file: PasswordFile = None,
    as_json: Json = False,
) -> None:
    """Money from the ledger to the account with a provider, which the first transfer opens."""
    account, neuron = signer(who, home, keys, password_file), parse_amount(amount)
    done = with_compute(home, rpc, account, lambda compute: compute.transfer(provider, neuron))
    _told(done, as_json, f"transferred {format_amount(neuron)} to {provider}")


@account_app.command()
def retrieve(
    home: Home,
    keys: Keys,
    provider: Annotated[list[str] | None, typer.Argument(help="Their addresses; default: all.", show_default=False)] = None,
    who: From = "0",
    rpc: Url = "",
    password_file: PasswordFile = None,
    as_json: Json = False,
) -> None:
    """Ask money back from providers, and collect what has waited its lock time."""
    account = signer(who, home, keys, password_file)
    done = with_compute(home, rpc, account, lambda compute: compute.retrieve(provider or []))
    _told(done, as_json, "asked back what providers hold, and collected what was due")


@account_app.command()
def refund(
    amount: Amount, home: Home, keys: Keys, who: From = "0", rpc: Url = "", password_file: PasswordFile = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Money from the ledger back into the wallet."""
    account, neuron = signer(who, home, keys, password_file), parse_amount(amount)
    done = with_compute(home, rpc, account, lambda compute: compute.refund(neuron))
    _told(done, as_json, f"refunded {format_amount(neuron)}")


@account_app.command()
def acknowledge(
    provider: Annotated[str, typer.Argument(help="The provider's address.")],
    home: Home,
    keys: Keys,
    undo: Annotated[bool, typer.Option("--undo", help="Trust it no longer; only without money in the account.")] = False,
    who: From = "0",
    rpc: Url = "",
    password_file: PasswordFile = None,
    as_json: Json = False,
) -> None:
    """Trust a provider's signer; transferring money does it as well."""
    account = signer(who, home, keys, password_file)
    done = with_compute(home, rpc, account, lambda compute: compute.acknowledge(provider, not undo))
    _told(done, as_json, f"{'no longer acknowledged' if undo else 'acknowledged'} {provider}")


def _told(done: ChainReceipt, as_json: bool, sentence: str) -> None:
    value = {"hash": "0x" + done.hash.hex(), "block": done.block_number, "fee": str(done.fee)}
    show(value, as_json=as_json, text=lambda: print(f"{sentence} (transaction 0x{done.hash.hex()})"))

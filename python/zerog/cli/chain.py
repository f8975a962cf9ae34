"""``zerog chain``: run a node, look at a chain, send to it, work on a data directory."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from zerog.chain import service
from zerog.chain.presets import NETWORKS, genesis, network
from zerog.cli import account
from zerog.cli.connect import From, Home, Keys, PasswordFile, Url, signer, with_chain
from zerog.cli.output import Json, facts, meter, show
from zerog.contracts.artifact import load
from zerog.contracts.registry import NAMED, interface_at
from zerog.errors import Conflict, InvalidInput, NotFound
from zerog.node import assemble
from zerog.runtime import config as settings
from zerog.runtime import process
from zerog.runtime.disk import write_atomic
from zerog.sdk.chain import Chain, Receipt
from zerog.types import Address, format_address, format_amount, parse_address, parse_amount, parse_hash, parse_hex
from zerog.wire.abi import Interface, Signature, from_text, parse_signature, to_json

app = typer.Typer(no_args_is_help=True, help="The chain: run a node, read blocks and transactions, send, call, deploy.")
app.add_typer(account.app, name="account")

DataHome = Annotated[Path, typer.Option("--home", help="Data directory of a chain node (not a local network's).")]


# -- a node ------------------------------------------------------------------------------------------------------------


@app.command()
def run(
    config: Annotated[Path | None, typer.Option("--config", help="TOML settings; see docs/config.md.")] = None,
    home: Annotated[str | None, typer.Option(help="Data directory; overrides chain.home.")] = None,
    genesis_file: Annotated[str | None, typer.Option("--genesis", help="Genesis file; overrides chain.genesis.")] = None,
    host: Annotated[str | None, typer.Option(help="Listen address; overrides chain.rpc.host.")] = None,
    rpc_port: Annotated[int | None, typer.Option(help="Overrides chain.rpc.http_port.")] = None,
    ws_port: Annotated[int | None, typer.Option(help="Overrides chain.rpc.ws_port.")] = None,
    ready_file: Annotated[Path | None, typer.Option(help="Write a JSON file with the URLs when the node answers.")] = None,
    until_stdin_closes: Annotated[
        bool, typer.Option("--until-stdin-closes", help="Also stop when standard input ends: for supervisors.")
    ] = False,
) -> None:
    """Run a chain node until it is stopped (Ctrl-C or SIGTERM).

    Settings: these flags, then ZEROG_… in the environment, then --config, then defaults; `zerog config show` tells.
    """
    flags = {
        "chain.home": home,
        "chain.genesis": genesis_file,
        "chain.rpc.host": host,
        "chain.rpc.http_port": rpc_port,
        "chain.rpc.ws_port": ws_port,
    }
    loaded = settings.load(config, flags=flags)
    raise SystemExit(
        process.foreground(loaded.config, service.serve, ready_file=ready_file, until_stdin_closes=until_stdin_closes)
    )


@app.command()
def init(
    home: DataHome,
    network_name: Annotated[str, typer.Option("--network", help=f"Preset: {', '.join(NETWORKS)}.")] = "devnet",
    genesis_file: Annotated[Path | None, typer.Option("--genesis", help="A geth-style genesis instead of a preset.")] = None,
    fund: Annotated[list[str] | None, typer.Option(help="ADDRESS=AMOUNT in 0G; may be given again. Presets only.")] = None,
    owner: Annotated[str | None, typer.Option(help="Owner of the predeployed contracts. Presets only.")] = None,
    as_json: Json = False,
) -> None:
    """Make the data directory of a new chain: its genesis and its first block."""
    target = home / "genesis.json"
    if target.exists():
        raise Conflict(f"{home} has a genesis already; choose another --home, or delete it yourself")
    if genesis_file is not None:
        if fund or owner:
            raise InvalidInput("--fund and --owner belong to a preset; with --genesis they stand in the file")
        text = genesis_file.read_bytes() if genesis_file.exists() else None
        if text is None:
            raise InvalidInput(f"--genesis: {genesis_file} does not exist")
    else:
        net = network(network_name, owner=parse_address(owner, "--owner") if owner else None)
        text = json.dumps(genesis(net, _balances(fund or [])), indent=1).encode()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomic(target, text)
    try:
        with assemble.open_chain(home) as opened:
            head = opened.blocks.head()
            value = {"home": str(home), "chain_id": opened.genesis.chain_id, "genesis_hash": "0x" + head.hash.hex()}
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    show(value, as_json=as_json, text=lambda: facts({**value, "next": f"zerog chain run --home {home}"}))


def _balances(items: list[str]) -> dict[Address, int]:
    balances: dict[Address, int] = {}
    for item in items:
        name, sign, amount = item.partition("=")
        if not sign:
            raise InvalidInput(f"--fund: expected ADDRESS=AMOUNT, found {item!r}")
        balances[parse_address(name, "--fund")] = parse_amount(amount, "--fund")
    return balances


@app.command()
def export(
    file: Annotated[Path, typer.Argument(help="A new file: blocks as RLP, one after the other.")],
    home: DataHome,
    first: Annotated[int, typer.Option(min=1, help="First block.")] = 1,
    last: Annotated[int | None, typer.Option(help="Last block.  [default: the head]")] = None,
    as_json: Json = False,
) -> None:
    """Write blocks of a stopped node into a file that `import` and other Ethereum software read."""
    if file.exists():
        raise Conflict(f"{file} exists already")
    with assemble.open_chain(home, new=False) as opened:
        end = opened.blocks.head().number if last is None else min(last, opened.blocks.head().number)
        with meter("exporting blocks", max(0, end - first + 1), quiet=as_json) as progress, open(file, "xb") as target:
            for number in range(first, end + 1):
                target.write(opened.raw_block(number))
                progress.step()
    value = {"file": str(file), "first": first, "last": end, "blocks": max(0, end - first + 1)}
    show(value, as_json=as_json, text=lambda: print(f"wrote {value['blocks']} blocks ({first} to {end}) to {file}"))


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="Blocks as RLP, one after the other.")],
    home: DataHome,
    as_json: Json = False,
) -> None:
    """Execute blocks from a file on top of a stopped node's chain. Blocks it has already are skipped if they are the same."""
    if not file.exists():
        raise InvalidInput(f"{file} does not exist")
    imported = skipped = 0
    with (
        assemble.open_chain(home, new=False) as opened,
        open(file, "rb") as source,
        meter("importing blocks", None, quiet=as_json) as progress,
    ):
        for block in assemble.read_blocks(source):
            if opened.import_block(block):
                imported += 1
            else:
                skipped += 1
            progress.step()
        head = opened.blocks.head()
    value = {"imported": imported, "skipped": skipped, "head": head.number, "hash": "0x" + head.hash.hex()}
    show(value, as_json=as_json, text=lambda: print(f"imported {imported} blocks, {skipped} were there; head {head.number}"))


@app.command()
def verify(
    home: DataHome,
    last: Annotated[int | None, typer.Option(help="Stop after this block.  [default: the head]")] = None,
    as_json: Json = False,
) -> None:
    """Execute a stopped node's blocks again from genesis and compare every hash, receipt and state root."""
    with assemble.open_chain(home, new=False) as opened:
        total = opened.blocks.head().number if last is None else last
        with meter("executing blocks", total, quiet=as_json) as progress:
            number, root = opened.reexecute(last, progress.to)
    value = {"blocks": number, "state_root": "0x" + root.hex()}
    show(value, as_json=as_json, text=lambda: print(f"blocks 0 to {number} are what they say; state root 0x{root.hex()}"))


# -- looking -----------------------------------------------------------------------------------------------------------


@app.command()
def block(
    home: Home,
    which: Annotated[str, typer.Argument(help="A number, a hash, or latest, earliest, pending, safe, finalized.")] = "latest",
    full: Annotated[bool, typer.Option("--full", help="With whole transactions.")] = False,
    rpc: Url = "",
    as_json: Json = False,
) -> None:
    """One block."""

    async def look(chain: Chain) -> Any:
        if which.startswith("0x") and len(which) == 66:
            return await chain.client.call_rpc("eth_getBlockByHash", "0x" + parse_hash(which).hex(), full)
        return await chain.client.call_rpc("eth_getBlockByNumber", _block_tag(which), full)

    found = with_chain(rpc, home, look)
    if found is None:
        raise NotFound(f"no block {which}")
    show(found, as_json=as_json, text=lambda: _block_text(found))


def _block_tag(which: str) -> str:
    if which in ("latest", "earliest", "pending", "safe", "finalized"):
        return which
    try:
        return hex(int(which, 0))
    except ValueError:
        raise InvalidInput(f"block: expected a number, a hash or a tag such as latest, found {which[:80]!r}") from None


def _block_text(found: dict[str, Any]) -> None:
    when = datetime.fromtimestamp(int(found["timestamp"], 16), UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    gas, limit = int(found["gasUsed"], 16), int(found["gasLimit"], 16)
    facts(
        {
            "number": int(found["number"], 16),
            "hash": found["hash"],
            "parent": found["parentHash"],
            "time": when,
            "proposer": format_address(parse_hex(found["miner"])),
            "gas": f"{gas:,} of {limit:,} ({100 * gas / limit:.1f} %)",
            "base fee": f"{int(found['baseFeePerGas'], 16):,} neuron",
            "state root": found["stateRoot"],
            "transactions": len(found["transactions"]),
        }
    )
    for entry in found["transactions"]:
        print("  " + (entry if isinstance(entry, str) else f"{entry['hash']}  {entry['from']} → {entry['to']}"))


@app.command()
def tx(
    hash: Annotated[str, typer.Argument(help="Transaction hash.")], home: Home, rpc: Url = "", as_json: Json = False
) -> None:
    """One transaction and what became of it."""
    wanted = "0x" + parse_hash(hash, "transaction hash").hex()

    async def look(chain: Chain) -> tuple[Any, Any]:
        return await chain.client.call_rpc("eth_getTransactionByHash", wanted), await chain.client.call_rpc(
            "eth_getTransactionReceipt", wanted
        )

    found, receipt = with_chain(rpc, home, look)
    if found is None:
        raise NotFound(f"no transaction {wanted}")
    show({"transaction": found, "receipt": receipt}, as_json=as_json, text=lambda: _tx_text(found, receipt))


def _tx_text(found: dict[str, Any], receipt: dict[str, Any] | None) -> None:
    rows: dict[str, Any] = {
        "hash": found["hash"],
        "type": int(found["type"], 16),
        "from": format_address(parse_hex(found["from"])),
        "to": format_address(parse_hex(found["to"])) if found["to"] else "(deploys a contract)",
        "value": format_amount(int(found["value"], 16)),
        "nonce": int(found["nonce"], 16),
    }
    if receipt is None:
        facts({**rows, "status": "waiting for a block"})
        return
    used, price = int(receipt["gasUsed"], 16), int(receipt["effectiveGasPrice"], 16)
    rows["status"] = "done" if receipt["status"] == "0x1" else "failed"
    rows["block"] = int(receipt["blockNumber"], 16)
    rows["fee"] = f"{format_amount(used * price)} ({used:,} gas)"
    if receipt.get("contractAddress"):
        rows["contract"] = format_address(parse_hex(receipt["contractAddress"]))
    facts(rows)
    for entry in receipt["logs"]:
        topics = [parse_hex(topic) for topic in entry["topics"]]
        interface = interface_at(parse_hex(entry["address"]))
        known = interface.decode_log(topics, parse_hex(entry["data"])) if interface else None
        shown = (
            f"{known[0]}({_log_text(known[1])})" if known else f"topics {len(topics)}, {len(parse_hex(entry['data']))} bytes"
        )
        print(f"  log {int(entry['logIndex'], 16)}  {entry['address']}  {shown}")


def _log_text(values: dict[str, Any]) -> str:
    return ", ".join(f"{name}={'0x' + value.hex() if isinstance(value, bytes) else value}" for name, value in values.items())


# -- acting ------------------------------------------------------------------------------------------------------------


def _target(text: str) -> tuple[Address, Interface | None]:
    """An address, or the name of a contract of 0G."""
    if text in NAMED:
        address, artifact = NAMED[text]
        return address, load(artifact).interface
    try:
        address = parse_address(text, "contract")
    except InvalidInput as error:
        raise InvalidInput(f"{error}; or a name: {', '.join(NAMED)}") from None
    return address, interface_at(address)


def _function(text: str, interface: Interface | None) -> Signature:
    """``name(types)(results)``, or only the name when the contract is known."""
    if "(" in text:
        found = interface.functions.get(text.replace(" ", "")) if interface else None
        return found or parse_signature(text)
    if interface is None:
        raise InvalidInput(f"{text}: the contract is not one of 0G's; write the function as name(types)(results)")
    return interface.function(text)


def _arguments(function: Signature, texts: list[str]) -> list[Any]:
    if len(texts) != len(function.inputs):
        raise InvalidInput(f"{function.text} takes {len(function.inputs)} arguments, found {len(texts)}")
    return [from_text(kind, text) for kind, text in zip(function.inputs, texts, strict=True)]


@app.command(context_settings={"ignore_unknown_options": True})
def call(
    contract: Annotated[str, typer.Argument(help=f"An address, or one of {', '.join(NAMED)}.")],
    function: Annotated[str, typer.Argument(help="name(types)(results), or only the name for 0G's own contracts.")],
    home: Home,
    arguments: Annotated[list[str] | None, typer.Argument(help="Arguments; arrays and tuples as JSON.")] = None,
    block: Annotated[str, typer.Option(help="State of this block.")] = "latest",
    rpc: Url = "",
    as_json: Json = False,
) -> None:
    """Ask a contract, without a transaction."""
    address, interface = _target(contract)
    signature = _function(function, interface)
    values = _arguments(signature, arguments or [])
    answer = with_chain(rpc, home, lambda chain: chain.call(address, signature, *values, block=_block_tag(block)))
    answers = [answer] if len(signature.outputs) == 1 else list(answer)
    parts = [to_json(kind, value) for kind, value in zip(signature.outputs, answers, strict=True)]
    value = parts[0] if len(parts) == 1 else parts

    def text() -> None:
        for name, part in zip(signature.output_names, parts, strict=True):
            shown = part if isinstance(part, str | int) else json.dumps(part)
            print(f"{name}  {shown}" if name else shown)

    show(value, as_json=as_json, text=text)


@app.command(context_settings={"ignore_unknown_options": True})
def send(
    home: Home,
    keys: Keys,
    to: Annotated[str, typer.Option(help=f"An address, or one of {', '.join(NAMED)}.")],
    sender: From = "0",
    value: Annotated[str, typer.Option(help="0G by default; '5 gwei', '1 neuron'.")] = "0",
    function: Annotated[str | None, typer.Option(help="Call name(types), or only the name for 0G's own contracts.")] = None,
    arguments: Annotated[list[str] | None, typer.Argument(help="Arguments of --function.")] = None,
    data: Annotated[str, typer.Option(help="Call data as 0x hex, instead of --function.")] = "0x",
    gas: Annotated[int | None, typer.Option(help="Gas limit.  [default: the estimate and a fifth]")] = None,
    kind: Annotated[int, typer.Option("--type", min=0, max=2, help="Transaction type 0, 1 or 2.")] = 2,
    nonce: Annotated[int | None, typer.Option(help="[default: the next]")] = None,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Wait until it is in a block, which is final.")] = True,
    password_file: PasswordFile = None,
    rpc: Url = "",
    as_json: Json = False,
) -> None:
    """Send money, or call a contract with a transaction."""
    address, interface = _target(to)
    payload = parse_hex(data, "--data")
    if function is not None:
        if payload:
            raise InvalidInput("give --function or --data, not both")
        signature = _function(function, interface)
        payload = signature.encode_call(*_arguments(signature, arguments or []))
    elif arguments:
        raise InvalidInput(f"found the arguments {arguments} but no --function")
    neuron = parse_amount(value, "--value")
    account = signer(sender, home.absolute(), keys, password_file)

    async def act(chain: Chain) -> tuple[bytes, Receipt | None]:
        signed = await chain.prepare(
            account, to=address, value=neuron, data=payload, gas=gas, nonce=nonce, type=kind, interface=interface
        )
        hash = await chain.send(signed)
        return hash, await chain.wait(hash) if wait else None

    _sent(*with_chain(rpc, home, act), as_json=as_json)


@app.command(context_settings={"ignore_unknown_options": True})
def deploy(
    contract: Annotated[
        str, typer.Argument(help="A contract of zerog's own by name (Token, Workload …), or a JSON file with abi and bytecode.")
    ],
    home: Home,
    keys: Keys,
    arguments: Annotated[list[str] | None, typer.Argument(help="Constructor arguments; arrays and tuples as JSON.")] = None,
    sender: From = "0",
    value: Annotated[str, typer.Option(help="0G by default; '5 gwei', '1 neuron'.")] = "0",
    password_file: PasswordFile = None,
    rpc: Url = "",
    as_json: Json = False,
) -> None:
    """Put a contract on the chain."""
    interface, code = _creation(contract)
    payload = code + interface.constructor.encode_call(*_arguments(interface.constructor, arguments or []))[4:]
    neuron = parse_amount(value, "--value")
    account = signer(sender, home.absolute(), keys, password_file)

    async def act(chain: Chain) -> tuple[bytes, Receipt | None]:
        receipt = await chain.transact(account, data=payload, value=neuron, interface=interface)
        return receipt.hash, receipt

    _sent(*with_chain(rpc, home, act), as_json=as_json)


def _creation(name: str) -> tuple[Interface, bytes]:
    if not name.endswith(".json"):
        artifact = load(name)
        if not artifact.bytecode:
            raise InvalidInput(f"{name} is an interface; there is nothing to deploy")
        return artifact.interface, artifact.bytecode
    try:
        data = json.loads(Path(name).read_bytes())
        code = data["bytecode"]
        text = code["object"] if isinstance(code, dict) else code
        return Interface.from_json(data["abi"]), parse_hex(text if text.startswith("0x") else "0x" + text, "bytecode")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise InvalidInput(f"{name}: expected a JSON file with abi and bytecode") from None


def _sent(hash: bytes, receipt: Receipt | None, *, as_json: bool) -> None:
    value: dict[str, Any] = {"hash": "0x" + hash.hex()}
    if receipt is not None:
        value |= {"block": receipt.block_number, "gas_used": receipt.gas_used, "fee": str(receipt.fee)}
        if receipt.contract is not None:
            value["contract"] = format_address(receipt.contract)

    def text() -> None:
        facts({**value, **({"fee": format_amount(receipt.fee)} if receipt else {})})
        if receipt is None:
            print("not waited for; see `zerog chain tx`", file=sys.stderr)

    show(value, as_json=as_json, text=text)

"""``zerog devnet``: a whole local network."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from zerog.cli.connect import Home, with_chain
from zerog.cli.output import Json, facts, meter, show, table
from zerog.devnet import compute as provider
from zerog.devnet import faucet, launcher, models, scenario, topology
from zerog.devnet.topology import Paths
from zerog.errors import Conflict, Unavailable
from zerog.runtime import log
from zerog.sdk.chain import Chain
from zerog.sdk.wallet import Account
from zerog.types import format_address, format_amount, parse_address, parse_amount

app = typer.Typer(no_args_is_help=True, help="A local 0G network on this machine: start it, look at it, stop it, begin anew.")


@app.command()
def up(
    home: Home,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Return when the network answers; it goes on by itself.")
    ] = False,
    rpc_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="HTTP JSON-RPC, 0 for any free one.  [default: 8545]")
    ] = None,
    ws_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="WebSocket, 0 for any free one.  [default: 8546]")
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; there is no authentication.  [default: 127.0.0.1]")
    ] = None,
    chain_id: Annotated[int | None, typer.Option(help="Fixed when the network is made.  [default: 16601]")] = None,
    gas_limit: Annotated[
        int | None, typer.Option(help="Of a block; fixed when the network is made.  [default: 120000000]")
    ] = None,
    block_ms: Annotated[int | None, typer.Option(min=100, help="A block at least this often.  [default: 500]")] = None,
    archive: Annotated[bool | None, typer.Option("--archive/--no-archive", help="Keep the state of every height.")] = None,
    storage: Annotated[
        bool | None, typer.Option("--storage/--no-storage", help="Storage nodes, an indexer, a KV node.  [default: storage]")
    ] = None,
    miner: Annotated[
        bool | None,
        typer.Option(
            "--miner/--no-miner", help="One storage node mines; fixed when the network is made.  [default: miner, if storage]"
        ),
    ] = None,
    repair: Annotated[
        bool | None,
        typer.Option("--repair/--no-repair", help="Repair of files stored with --erasure.  [default: repair]"),
    ] = None,
    storage_port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65000,
            help="Of the first storage node; the others follow by twos.  [default: 5678 or any free one]",
        ),
    ] = None,
    indexer_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Indexer and gateway.  [default: 12345 or any free one]")
    ] = None,
    kv_port: Annotated[int | None, typer.Option(min=0, max=65535, help="KV node.  [default: 6789 or any free one]")] = None,
    da: Annotated[
        bool | None,
        typer.Option("--da/--no-da", help="Data availability; fixed when the network is made.  [default: da]"),
    ] = None,
    da_signers_version: Annotated[
        int | None,
        typer.Option(
            min=2, max=3, help="Rules of the DA signers, 2: the older chain's; fixed when the network is made.  [default: 3]"
        ),
    ] = None,
    disperser_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="DA disperser.  [default: 51001 or any free one]")
    ] = None,
    retriever_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="DA retriever.  [default: 34005 or any free one]")
    ] = None,
    light_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="DA light client.  [default: 34006 or any free one]")
    ] = None,
    compute: Annotated[
        bool | None,
        typer.Option("--compute/--no-compute", help="A provider with small models; fixed when made.  [default: compute]"),
    ] = None,
    provider_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The provider.  [default: 3080 or any free one]")
    ] = None,
    tuning: Annotated[
        bool | None,
        typer.Option("--tuning/--no-tuning", help="A fine-tuning node; needs the extra zerog[tuning].  [default: no-tuning]"),
    ] = None,
    tuner_port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The fine-tuning node.  [default: 3082 or any free one]")
    ] = None,
    as_json: Json = False,
) -> None:
    """Start the local network, or go on where it stopped.

    The first start makes ten funded accounts from the well-known test mnemonic and the contracts of 0G at their addresses.
    Beside the chain run four storage nodes (two shards, two replicas; one mines), an indexer, a KV node and the repair of files
    stored with --erasure; for data availability a disperser, an encoder, four signers, a retriever and a light client; for
    compute a provider that serves SmolLM2 and MiniLM (190 MB, fetched at the first start, left out when they are not to be
    had), and money for account 0 to talk to it. Who falls is started again.
    Without --detach it runs until Ctrl-C. Everything that was acknowledged survives a crash.
    """
    wanted: dict[str, Any] = {
        "rpc_port": rpc_port,
        "ws_port": ws_port,
        "host": host,
        "chain_id": chain_id,
        "gas_limit": gas_limit,
        "block_ms": block_ms,
        "archive": archive,
        "storage": storage,
        "miner": miner,
        "repair": repair,
        "storage_port": storage_port,
        "indexer_port": indexer_port,
        "kv_port": kv_port,
        "da": da,
        "da_signers_version": da_signers_version,
        "disperser_port": disperser_port,
        "retriever_port": retriever_port,
        "light_port": light_port,
        "compute": compute,
        "provider_port": provider_port,
        "tuning": tuning,
        "tuner_port": tuner_port,
    }
    home = home.absolute()
    if detach:
        arguments = []
        for name, value in wanted.items():
            flag = name.replace("_", "-")
            if isinstance(value, bool):
                arguments.append(f"--{flag}" if value else f"--no-{flag}")
            elif value is not None:
                arguments += [f"--{flag}", str(value)]
        if launcher.holder(home) is None and topology.choose(Paths(home), wanted).compute and not models.all_present():
            with meter("fetching the models' weights", quiet=as_json):
                provider.have_weights()
        with meter("starting the local network", quiet=as_json) as waiting:
            status = launcher.start_detached(home, arguments, waiting.tick)
        show(status, as_json=as_json, text=lambda: _welcome(status, home, detached=True))
        return

    log.set_up("info")

    def told(status: dict[str, Any]) -> None:
        if as_json:
            print(json.dumps(status), flush=True)
        elif sys.stdout.isatty():
            _welcome(status, home, detached=False)
        sys.stdout.flush()

    asyncio.run(_until_stopped(home, wanted, told))


async def _until_stopped(home: Path, wanted: dict[str, Any], told: launcher.Told) -> None:
    task = asyncio.ensure_future(launcher.supervise(home, wanted, told))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        return


def _welcome(status: dict[str, Any], home: Path, *, detached: bool) -> None:
    print("The local 0G network is up.\n")
    _status_text(status)
    where = "" if home == Path.home() / ".zerog" / "devnet" else f" --home {home}"
    print("\nWhat to do next:")
    print(f"  zerog chain block latest{where}")
    print(f"  zerog chain send --from 0 --to {status['accounts'][1]['address']} --value 1.5{where}")
    print("  web3.py, ethers, wallets: add a network with the RPC URL and the chain id above, import a key")
    if "storage" in status:
        print(f"  zerog storage upload FILE{where}       prints the root that names it")
        print(f"  zerog storage download COPY --root 0x…{where}")
    if "compute" in status:
        print(f'  zerog compute chat "hello"{where}      streams, shows what it cost, checks the signature')
    print(f"  zerog devnet status --json{where}      for scripts")
    print(
        f"  zerog devnet down{where}               (up again goes on where it stopped)"
        if detached
        else "  Ctrl-C stops it; up again goes on"
    )


def _status_text(status: dict[str, Any]) -> None:
    facts({"RPC URL": status["rpc_url"], "WS URL": status["ws_url"], "chain id": status["chain_id"], "home": status["home"]})
    if "storage" in status:
        print("\nstorage")
        rows = [("indexer and gateway", status["storage"]["indexer"])]
        rows.append(("KV node", status["storage"]["kv"]))
        miner = status["storage"].get("miner", {}).get("node")
        rows += [(f"node {i}", url + (" (mines)" if url == miner else "")) for i, url in enumerate(status["storage"]["nodes"])]
        facts([(f"  {name}", url) for name, url in rows])
    if "da" in status:
        print("\ndata availability (development parameters: proofs can be forged, this is for trying things)")
        facts([(f"  {name}", status["da"][name]) for name in ("disperser", "retriever", "light") if name in status["da"]])
    if "compute" in status:
        print("\ncompute (a mock enclave: no hardware stands behind its signatures)")
        rows = [(f"  provider {one['address']}", one["url"]) for one in status["compute"]["providers"]]
        facts(rows + [(f"  tuner    {one['address']}", one["url"]) for one in status["compute"].get("tuners", [])])
    print("\naccounts (for tests only: everybody knows these keys)")
    for index, entry in enumerate(status["accounts"]):
        print(f"  {index}  {entry['address']}  {entry['private_key']}")
    print("\ncontracts")
    width = max(len(name) for name in status["contracts"])
    for name, address in status["contracts"].items():
        print(f"  {name:<{width}}  {address}")


@app.command()
def status(home: Home, as_json: Json = False) -> None:
    """Where the network answers, its accounts and contracts.

    The JSON is meant for scripts: rpc_url, ws_url, chain_id, accounts, contracts, storage, processes. Exit code 3 when the
    network does not run.
    """
    found = launcher.running_status(home.absolute())

    found["block_number"] = with_chain(found["rpc_url"], home, lambda chain: chain.block_number())

    def text() -> None:
        _status_text(found)
        print(f"\nprocesses (supervisor {found['process']}, logs in {found['home']}/logs)")
        rows = [[f"  {one['name']}", one["state"], one["process"] or "", one.get("url", "")] for one in found["processes"]]
        table(["  name", "state", "process", "URL"], rows)
        print(f"\nblock {found['block_number']}")

    show(found, as_json=as_json, text=text)


@app.command()
def down(home: Home, as_json: Json = False) -> None:
    """Stop the network. Its blocks stay; `up` goes on from there."""
    with meter("stopping the local network", quiet=as_json) as waiting:
        stopped = launcher.stop(home.absolute(), waiting.tick)
    show({"stopped": stopped}, as_json=as_json, text=lambda: print("stopped" if stopped else f"no network runs in {home}"))


@app.command()
def reset(
    home: Home,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Json = False,
) -> None:
    """Forget the network: blocks, accounts' history, logs. It must not be running."""
    home = home.absolute()
    if (process := launcher.holder(home)) is not None:
        raise Conflict(f"the network in {home} runs (process {process}); stop it first with `zerog devnet down`")
    if not yes and Paths(home).network.exists():
        if not sys.stdin.isatty():
            raise Conflict(f"this deletes the network in {home}; say --yes")
        if not typer.confirm(f"Delete the network in {home}?", err=True):
            raise Conflict("nothing was deleted")
    launcher.reset(home)
    show({"reset": str(home)}, as_json=as_json, text=lambda: print(f"deleted the network in {home}"))


@app.command()
def fund(
    address: Annotated[str, typer.Argument(help="Who gets the money.")],
    home: Home,
    amount: Annotated[str, typer.Argument(help="0G by default; '5 gwei', '1 neuron'.")] = "100",
    as_json: Json = False,
) -> None:
    """Send test money from the local network's faucet."""
    to, neuron = parse_address(address), parse_amount(amount)
    found = launcher.running_status(home.absolute())
    options = topology.read(Paths(home.absolute()))
    if options is None:
        raise Unavailable(f"no network in {home}")
    receipt = with_chain(found["rpc_url"], home, lambda chain: faucet.fund(chain, options.mnemonic, to, neuron))
    value = {"hash": "0x" + receipt.hash.hex(), "to": format_address(to), "value": str(neuron)}
    show(value, as_json=as_json, text=lambda: print(f"sent {format_amount(neuron)} to {format_address(to)}"))


@app.command()
def demo(home: Home, as_json: Json = False) -> None:
    """Live a few lives on the running network: money, a token, wrapped 0G, staking, a file, a stream, a blob. Repeatable."""
    home = home.absolute()
    found = launcher.running_status(home)
    options = topology.read(Paths(home))
    if options is None:
        raise Unavailable(f"no network in {home}")
    people = topology.accounts(options.mnemonic)
    lives = scenario.CHAIN_LIVES + (scenario.STORAGE_LIVES if "storage" in found else ())
    told = []
    lives += (scenario.DA_LIVES if "da" in found else ()) + (scenario.COMPUTE_LIVES if "compute" in found else ())
    for life in lives:
        with meter("waiting for blocks", quiet=as_json) as waiting:
            began = time.monotonic()
            one = with_chain(found["rpc_url"], home, partial(_live, life, people, found, waiting.tick))
        took = time.monotonic() - began
        told.append({"life": one.life, "text": one.text, "seconds": round(took, 3), **one.values})
        if not as_json:
            print(f"{one.life:<11} {one.text}  ({took:.1f} s)", flush=True)
    if as_json:
        print(json.dumps(told))


async def _live(
    life: scenario.Life, people: list[Account], status: dict[str, Any], tick: Callable[[], None], chain: Chain
) -> scenario.Told:
    """One life, with a sign of it on the terminal while it lasts."""
    storage = status.get("storage", {})
    stage = scenario.Stage(
        chain,
        people,
        storage.get("indexer", ""),
        storage.get("kv", ""),
        status.get("da", {}),
        status["rpc_url"],
        status.get("compute", {}),
    )
    work = asyncio.ensure_future(life(stage))
    while not (await asyncio.wait([work], timeout=0.1))[0]:
        tick()
    return work.result()

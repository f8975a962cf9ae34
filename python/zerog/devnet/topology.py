"""Who is in the local network: accounts, genesis, settings of each process. Decides and writes; starts nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from zerog.chain.presets import genesis, network
from zerog.contracts.registry import NAMED
from zerog.errors import Conflict, Corrupt, InvalidInput
from zerog.runtime.disk import read_private, write_atomic
from zerog.sdk.wallet import Account
from zerog.types import format_address

MNEMONIC: Final = "test test test test test test test test test test test junk"
"""Known to everybody: its accounts are for test networks only."""
ACCOUNTS: Final = 10
FAUCET_INDEX: Final = 10
ACCOUNT_BALANCE: Final = 1_000_000 * 10**18
FAUCET_BALANCE: Final = 1_000_000_000 * 10**18
FORMAT: Final = 1


@dataclass(frozen=True)
class Options:
    """What a person may choose. The first group belongs to the network for ever, the second may differ at each start."""

    chain_id: int = 16601
    mnemonic: str = MNEMONIC
    gas_limit: int = 120_000_000

    host: str = "127.0.0.1"
    rpc_port: int = 8545
    ws_port: int = 8546
    block_ms: int = 500
    archive: bool = False


LASTING: Final = ("chain_id", "mnemonic", "gas_limit")


@dataclass(frozen=True)
class Paths:
    """Where a local network keeps its things; all private to the user."""

    home: Path

    @property
    def network(self) -> Path:
        return self.home / "network.json"

    @property
    def genesis(self) -> Path:
        return self.home / "genesis.json"

    @property
    def chain_config(self) -> Path:
        return self.home / "chain.toml"

    @property
    def chain_home(self) -> Path:
        return self.home / "chain"

    @property
    def ready(self) -> Path:
        """What the running network answers to ``status``; there only while it runs."""
        return self.home / "running.json"

    @property
    def chain_ready(self) -> Path:
        return self.home / "chain.ready.json"

    def log(self, name: str) -> Path:
        return self.home / "logs" / f"{name}.log"


def accounts(mnemonic: str) -> list[Account]:
    """The ten funded accounts that everybody sees."""
    return [Account.from_mnemonic(mnemonic, index) for index in range(ACCOUNTS)]


def faucet_account(mnemonic: str) -> Account:
    """The account that test money comes from."""
    return Account.from_mnemonic(mnemonic, FAUCET_INDEX)


def network_genesis(options: Options) -> dict[str, Any]:
    """The genesis of the local network; its first account owns the predeployed contracts."""
    people = accounts(options.mnemonic)
    net = network("devnet", chain_id=options.chain_id, gas_limit=options.gas_limit, owner=people[0].address)
    balances = {account.address: ACCOUNT_BALANCE for account in people}
    balances[faucet_account(options.mnemonic).address] = FAUCET_BALANCE
    return genesis(net, balances)


def prepare(paths: Paths, wanted: Mapping[str, Any]) -> Options:
    """Make or reopen the network in ``paths.home``: its lasting choices, its genesis and the settings of its processes.

    Args:
        wanted: fields of ``Options`` by name; None means not said, so what the network has (or the default) counts.

    Raises:
        Conflict: the network exists and was made with other lasting choices, or the directory holds something else.
        Corrupt: its own file does not read.
    """
    said = {name: value for name, value in wanted.items() if value is not None}
    paths.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    known = read(paths)
    if known is None:
        strangers = sorted(entry.name for entry in paths.home.iterdir() if entry.name not in ("LOCK.pid", "logs"))
        if strangers:
            raise Conflict(f"{paths.home} holds {', '.join(strangers[:5])} and no network; choose another --home")
        options = Options(**said)
        _check(options)
        write_atomic(paths.genesis, json.dumps(network_genesis(options), indent=1).encode(), mode=0o644)
    else:
        for name in LASTING:
            if name in said and said[name] != getattr(known, name):
                shown = f" (it has {getattr(known, name)})" if name != "mnemonic" else ""
                raise Conflict(
                    f"the network in {paths.home} was made with another {name.replace('_', '-')}{shown}; "
                    f"leave the option away, or begin anew with `zerog devnet reset`"
                )
        options = Options(**{**asdict(known), **said})
        _check(options)
    write_atomic(paths.network, json.dumps({"format": FORMAT, **asdict(options)}, indent=1).encode(), mode=0o600)
    return options


def read(paths: Paths) -> Options | None:
    """The choices of the network in a directory, None when there is none."""
    if not paths.network.exists():
        return None
    try:
        data = json.loads(read_private(paths.network))
        if data.pop("format") != FORMAT:
            raise Conflict(f"{paths.network} was written by another version of zerog; it is left as it is")
        return Options(**data)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Corrupt(f"{paths.network} does not read as a network; restore it or `zerog devnet reset`") from None


def _check(options: Options) -> None:
    if not 0 < options.chain_id < 1 << 63:
        raise InvalidInput(f"chain-id: expected a positive number below 2^63, found {options.chain_id}")
    if not 3_000_000 <= options.gas_limit < 1 << 62:
        raise InvalidInput(f"gas-limit: expected at least 3,000,000, found {options.gas_limit}")


def chain_settings(paths: Paths, options: Options, ports: Mapping[str, int]) -> str:
    """The chain's TOML file."""
    text = json.dumps  # strings, numbers, booleans and lists of strings read the same in TOML
    people = accounts(options.mnemonic)
    sections: dict[str, dict[str, Any]] = {
        "metrics": {"port": ports["metrics"]},
        "chain": {
            "home": str(paths.chain_home),
            "genesis": str(paths.genesis),
            "dev": True,
            "dev_accounts": [account.export_secret() for account in people],
        },
        "chain.consensus": {"block_interval_ms": options.block_ms, "coinbase": people[-1].address_text},
        "chain.store": {"archive": options.archive},
        "chain.rpc": {"host": options.host, "http_port": ports["rpc"], "ws_port": ports["ws"]},
        "chain.admin": {"port": ports["admin"]},
    }
    lines = ["# Written by `zerog devnet up` at every start."]
    for name, values in sections.items():
        lines += ["", f"[{name}]", *[f"{key} = {text(value)}" for key, value in values.items()]]
    return "\n".join(lines) + "\n"


def status(paths: Paths, options: Options, ports: Mapping[str, int], process: int) -> dict[str, Any]:
    """What ``zerog devnet status --json`` answers: a contract with users' scripts (docs/operating/devnet.md)."""
    host = "127.0.0.1" if options.host in ("0.0.0.0", "::") else options.host
    host = f"[{host}]" if ":" in host else host
    return {
        "rpc_url": f"http://{host}:{ports['rpc']}",
        "ws_url": f"ws://{host}:{ports['ws']}",
        "chain_id": options.chain_id,
        "accounts": [
            {"address": account.address_text, "private_key": account.export_secret()} for account in accounts(options.mnemonic)
        ],
        "contracts": {name: format_address(address) for name, (address, _) in NAMED.items()},
        "home": str(paths.home),
        "process": process,
        "metrics_url": f"http://127.0.0.1:{ports['metrics']}/metrics",
    }

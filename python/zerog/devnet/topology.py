"""Who is in the local network: accounts, genesis, settings of each process. Decides and writes; starts nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from zerog.chain.presets import genesis, network
from zerog.contracts.registry import NAMED, StorageParameters
from zerog.devnet import compute, da
from zerog.devnet.running import status_file
from zerog.errors import Conflict, Corrupt, InvalidInput
from zerog.runtime.disk import read_private, write_atomic
from zerog.sdk.wallet import Account
from zerog.types import format_address

MNEMONIC: Final = "test test test test test test test test test test test junk"
"""Known to everybody: its accounts are for test networks only."""
ACCOUNTS: Final = 10
FAUCET_INDEX: Final = 10
MINER_INDEX: Final = 11
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

    miner: bool = True
    """Also lasting: the storage contracts of the genesis have epochs that a miner closes, or one that never ends."""
    da: bool = True
    """Also lasting: the genesis has the signers' stakes."""
    da_signers_version: int = 3
    """Also lasting: the rules of the precompile DASigners."""
    compute: bool = True
    """Also lasting: the genesis has the provider's stake."""

    storage: bool = True
    repair: bool = True
    tuning: bool = False
    storage_port: int | None = None
    indexer_port: int | None = None
    kv_port: int | None = None
    disperser_port: int | None = None
    retriever_port: int | None = None
    light_port: int | None = None
    provider_port: int | None = None
    tuner_port: int | None = None


LASTING: Final = ("chain_id", "mnemonic", "gas_limit", "miner", "da", "da_signers_version", "compute")

SHARDS: Final = ("0/2", "0/2", "1/2", "1/2")
"""Of the storage nodes: two shards, two replicas of each."""
STORAGE_PORT: Final = 5678
"""The usual port of the first storage node, its admin port after it; the others follow in steps of two."""
INDEXER_PORT: Final = 12345
KV_PORT: Final = 6789

MINED: Final = StorageParameters(
    blocks_per_epoch=240, target_mine_blocks=236, subtask_interval=1, difficulty=1, target_submissions=1
)
"""Mining that a desk can afford: epochs of two minutes, one answer wanted in each and two at most; the difficulty goes from one
that anything meets to what a twentieth of a core finds. Long enough that a submission rarely meets the end of an epoch."""
PUBLIC_DA: Final = ("da-disperser", "da-retriever", "da-light")
"""Roles of data availability that people speak to; the others listen on loopback, whatever the network's host is."""
MINER_NODE: Final = 0
"""The storage node that mines."""


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
    def chain_home(self) -> Path:
        return self.data("chain")

    @property
    def miner_key(self) -> Path:
        """The key of the storage node that mines."""
        return self.home / "miner.key"

    @property
    def adapters(self) -> Path:
        """Where the fine-tuning node leaves adapters for the provider."""
        return self.data(compute.TUNER) / "adapters"

    def key(self, name: str) -> Path:
        """The key of a role's account."""
        return self.home / f"{name}.key"

    @property
    def ready(self) -> Path:
        """What the running network answers to ``status``; there only while it runs."""
        return status_file(self.home)

    def data(self, name: str) -> Path:
        """The data directory of a process."""
        return self.home / name

    def all_data(self) -> list[Path]:
        """The data directories that are there."""
        names = [
            "chain",
            *[node_name(index) for index in range(len(SHARDS))],
            "kv",
            *da.data_names(),
            compute.NAME,
            compute.TUNER,
        ]
        return [self.data(name) for name in names if self.data(name).is_dir()]

    def config(self, name: str) -> Path:
        """The settings of a process, written anew at every start."""
        return self.home / f"{name}.toml"

    def ready_of(self, name: str) -> Path:
        """Where a process says that it answers."""
        return self.home / f"{name}.ready.json"

    def log(self, name: str) -> Path:
        return self.home / "logs" / f"{name}.log"


@dataclass(frozen=True)
class PortWish:
    """A port that somebody needs.

    ``usual`` ports were not asked for by anybody: any free one will do when they are taken.
    """

    name: str
    host: str
    port: int
    usual: bool = False


@dataclass(frozen=True)
class Role:
    """One process of the network: the module that runs it, its settings by section, its data directory if it has one."""

    name: str
    module: str
    settings: Mapping[str, Mapping[str, Any]]
    data: Path | None
    facts: Mapping[str, Any]

    def text(self) -> str:
        """The settings as TOML."""
        shown = json.dumps  # strings, numbers, booleans and lists of strings read the same in TOML
        lines = ["# Written by `zerog devnet up` at every start."]
        for section, values in self.settings.items():
            lines += ["", f"[{section}]", *[f"{key} = {shown(value)}" for key, value in values.items()]]
        return "\n".join(lines) + "\n"

    def setting_names(self) -> list[str]:
        """The full names of the settings."""
        return [f"{section}.{key}" for section, values in self.settings.items() for key in values]


def accounts(mnemonic: str) -> list[Account]:
    """The ten funded accounts that everybody sees."""
    return [account(mnemonic, index) for index in range(ACCOUNTS)]


def account(mnemonic: str, index: int) -> Account:
    """One of them; a mnemonic is slow to derive from on purpose."""
    return Account.from_mnemonic(mnemonic, index)


def faucet_account(mnemonic: str) -> Account:
    """The account that test money comes from."""
    return Account.from_mnemonic(mnemonic, FAUCET_INDEX)


def miner_account(mnemonic: str) -> Account:
    """The account that pays for mining, and is paid."""
    return Account.from_mnemonic(mnemonic, MINER_INDEX)


def network_genesis(options: Options) -> dict[str, Any]:
    """The genesis of the local network; its first account owns the predeployed contracts."""
    people = accounts(options.mnemonic)
    mined = {"storage": MINED} if options.miner else {}
    signers = da.contracts(options.da_signers_version)
    net = network(
        "devnet", chain_id=options.chain_id, gas_limit=options.gas_limit, owner=people[0].address, da=signers, **mined
    )
    payers = [*people, miner_account(options.mnemonic)] if options.miner else people
    balances = {account.address: ACCOUNT_BALANCE for account in payers}
    balances[faucet_account(options.mnemonic).address] = FAUCET_BALANCE
    if options.da:
        balances |= {account.address: balance for account, balance in da.balances(options.mnemonic).items()}
    if options.compute:
        for person in (compute.provider_account(options.mnemonic), compute.tuner_account(options.mnemonic)):
            balances[person.address] = compute.PROVIDER_BALANCE
    return genesis(net, balances)


def open_home(paths: Paths) -> None:
    """Make the directory of a network, or find that it may be one; touches nothing that is not ours.

    Raises:
        Conflict: it holds something else, or cannot be made.
    """
    try:
        paths.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not paths.network.exists():
            strangers = sorted(entry.name for entry in paths.home.iterdir() if entry.name not in ("LOCK.pid", "logs"))
            if strangers:
                raise Conflict(f"{paths.home} holds {', '.join(strangers[:5])} and no network; choose another --home")
    except OSError as error:
        raise Conflict(f"{paths.home} cannot be used ({error.strerror}); choose another --home") from None


def choose(paths: Paths, wanted: Mapping[str, Any]) -> Options:
    """The choices of the network in ``paths.home``: what is wanted, else what it has, else the default. Writes nothing.

    Args:
        wanted: fields of ``Options`` by name; None means not said.

    Raises:
        Conflict: the network exists and was made with other lasting choices. InvalidInput: there can be no such network.
        Corrupt: its own file does not read.
    """
    said = {name: value for name, value in wanted.items() if value is not None}
    known = read(paths)
    if known is not None:
        for name in LASTING:
            if name in said and said[name] != getattr(known, name):
                has = getattr(known, name)
                if isinstance(has, bool):
                    other = f"--{'' if has else 'no-'}{name}"
                else:
                    other = f"another {name.replace('_', '-')}" + (f" (it has {has})" if name != "mnemonic" else "")
                raise Conflict(
                    f"the network in {paths.home} was made with {other}; "
                    f"leave the option away, or begin anew with `zerog devnet reset`"
                )
    elif said.get("storage") is False:
        said.setdefault("miner", False)  # nobody would close the epochs of a network made without storage
    options = Options(**{**asdict(known or Options()), **said})
    _check(options)
    return options


def prepare(paths: Paths, options: Options) -> None:
    """Keep the choices; at the first time make the genesis."""
    if not paths.network.exists():
        write_atomic(paths.genesis, json.dumps(network_genesis(options), indent=1).encode(), mode=0o644)
    write_atomic(paths.network, json.dumps({"format": FORMAT, **asdict(options)}, indent=1).encode(), mode=0o600)
    if options.miner:
        write_atomic(paths.miner_key, miner_account(options.mnemonic).export_secret().removeprefix("0x").encode(), mode=0o600)

    if options.compute:
        provider = compute.provider_account(options.mnemonic)
        write_atomic(paths.key(compute.NAME), provider.export_secret().removeprefix("0x").encode(), mode=0o600)
        tuner = compute.tuner_account(options.mnemonic)
        write_atomic(paths.key(compute.TUNER), tuner.export_secret().removeprefix("0x").encode(), mode=0o600)
    if options.da:
        for name, account in da.keys(options.mnemonic).items():
            write_atomic(paths.key(name), account.export_secret().removeprefix("0x").encode(), mode=0o600)


def read(paths: Paths) -> Options | None:
    """The choices of the network in a directory, None when there is none."""
    if not paths.network.exists():
        return None
    try:
        data = json.loads(read_private(paths.network))
        if data.pop("format") != FORMAT:
            raise Conflict(f"{paths.network} was written by another version of zerog; it is left as it is")
        return Options(
            **{"miner": False, "da": False, "compute": False} | data
        )  # as networks were made before there was a choice
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Corrupt(f"{paths.network} does not read as a network; restore it or `zerog devnet reset`") from None


def _check(options: Options) -> None:
    if options.tuning and not options.compute:
        raise InvalidInput("tuning: a network without compute has no models to tune")
    if options.tuning and not compute.can_tune():
        raise InvalidInput("tuning: the trainer is not installed; pip install 'zerog[tuning]'")
    da.contracts(options.da_signers_version)
    if not 0 < options.chain_id < 1 << 63:
        raise InvalidInput(f"chain-id: expected a positive number below 2^63, found {options.chain_id}")
    if not 3_000_000 <= options.gas_limit < 1 << 62:
        raise InvalidInput(f"gas-limit: expected at least 3,000,000, found {options.gas_limit}")


def wishes(options: Options) -> list[PortWish]:
    """The ports of the network by name; ``storage-0.admin`` is one."""
    host, local = options.host, "127.0.0.1"
    made = [PortWish("rpc", host, options.rpc_port), PortWish("ws", host, options.ws_port)]
    made += [PortWish("chain.admin", local, 0), PortWish("chain.metrics", local, 0)]
    # Who takes any free port for the chain runs several networks on one machine: their others are any free ones as well.
    spare = options.rpc_port == 0

    def wish(name: str, host: str, said: int | None, usual: int, step: int = 0) -> PortWish:
        if said is None:
            return PortWish(name, host, 0 if spare else usual + step, usual=True)
        return PortWish(name, host, said + step if said else 0)

    if options.storage:
        for index in range(len(SHARDS)):
            name = node_name(index)
            made.append(wish(name, host, options.storage_port, STORAGE_PORT, 2 * index))
            made.append(wish(f"{name}.admin", local, options.storage_port, STORAGE_PORT, 2 * index + 1))
            made += [PortWish(f"{name}.peers", local, 0), PortWish(f"{name}.metrics", local, 0)]
        made.append(wish("indexer", host, options.indexer_port, INDEXER_PORT))
        made.append(PortWish("indexer.metrics", local, 0))
        made.append(wish("kv", host, options.kv_port, KV_PORT))
        made.append(PortWish("kv.metrics", local, 0))
        if options.repair:
            made.append(PortWish("repair.metrics", local, 0))
    if options.da:
        said = {
            "da-disperser": (options.disperser_port, da.DISPERSER_PORT),
            "da-retriever": (options.retriever_port, da.RETRIEVER_PORT),
            "da-light": (options.light_port, da.LIGHT_PORT),
        }
        for name in da.NAMES:
            made.append(wish(name, host, *said[name]) if name in said else PortWish(name, local, 0))
            made.append(PortWish(f"{name}.metrics", local, 0))
    if options.compute:
        made.append(wish(compute.NAME, host, options.provider_port, compute.PORT))
        made.append(PortWish(f"{compute.NAME}.metrics", local, 0))
        if options.tuning:
            made.append(wish(compute.TUNER, host, options.tuner_port, compute.TUNER_PORT))
            made.append(PortWish(f"{compute.TUNER}.metrics", local, 0))
    return made


def node_name(index: int) -> str:
    return f"storage-{index}"


def roles(paths: Paths, options: Options, ports: Mapping[str, int], *, served: bool = True) -> list[Role]:
    """The processes of the network, the chain first; the others need it and not each other.

    Args:
        served: whether there are weights for the provider to serve.
    """
    made = [_chain(paths, options, ports)]
    if options.storage:
        made += [_storage_node(paths, options, ports, index) for index in range(len(SHARDS))]
        made += [_indexer(options, ports), _kv(paths, options, ports)]
        if options.repair:
            made.append(_repair(options, ports))
    if options.da:
        made += [_da(paths, options, ports, name) for name in da.NAMES]
    if options.compute and served:
        made.append(_provider(paths, options, ports))
        if options.tuning:
            made.append(_tuner(paths, options, ports))
    return made


def _chain(paths: Paths, options: Options, ports: Mapping[str, int]) -> Role:
    people, home = accounts(options.mnemonic), paths.chain_home
    sections: dict[str, dict[str, Any]] = {
        "metrics": {"host": "127.0.0.1", "port": ports["chain.metrics"]},
        "chain": {
            "home": str(home),
            "genesis": str(paths.genesis),
            "dev": True,
            "dev_accounts": [account.export_secret() for account in people],
        },
        "chain.consensus": {"block_interval_ms": options.block_ms, "coinbase": people[-1].address_text},
        "chain.store": {"archive": options.archive},
        "chain.rpc": {"host": options.host, "http_port": ports["rpc"], "ws_port": ports["ws"]},
        "chain.admin": {"host": "127.0.0.1", "port": ports["chain.admin"]},
    }
    return Role("chain", "zerog.chain.service", sections, home, {"url": _url(options, ports["rpc"])})


def _storage_node(paths: Paths, options: Options, ports: Mapping[str, int], index: int) -> Role:
    name = node_name(index)
    home = paths.data(name)
    others = [f"127.0.0.1:{ports[f'{node_name(other)}.peers']}" for other in range(len(SHARDS)) if other != index]
    sections: dict[str, dict[str, Any]] = {
        "metrics": {"host": "127.0.0.1", "port": ports[f"{name}.metrics"]},
        "storage": {"home": str(home), "shard": SHARDS[index]},
        "storage.chain": _log_of(options, ports),
        "storage.store": {"cache_bytes": 16 << 20},
        "storage.rpc": {"host": options.host, "port": ports[name]},
        "storage.admin": {"host": "127.0.0.1", "port": ports[f"{name}.admin"]},
        "storage.peers": {"enabled": True, "host": "127.0.0.1", "port": ports[f"{name}.peers"], "bootstrap": others},
        "storage.sync": {"idle_ms": 1000, "backoff_ms": 1000},
    }
    facts = {
        "url": _url(options, ports[name]),
        "admin_url": f"http://127.0.0.1:{ports[f'{name}.admin']}",
        "shard": SHARDS[index],
    }
    if _mines(options, index):
        sections["storage.miner"] = {
            "enabled": True,
            "key_file": str(paths.miner_key),
            "close_epochs": True,
            "poll_ms": 500,
            "batch_nonces": 16,
            "threads": 1,
            "cpu_percent": 5,
            "cache_bytes": 16 << 20,
        }
        facts["mines_for"] = miner_account(options.mnemonic).address_text
    return Role(name, "zerog.storage.service", sections, home, facts)


def _mines(options: Options, index: int) -> bool:
    return options.miner and index == MINER_NODE


def _log_of(options: Options, ports: Mapping[str, int]) -> dict[str, Any]:
    """How the log is followed. One proposer: every block is final, so nothing is waited for."""
    return {"endpoint": _url(options, ports["rpc"]), "confirmations": 0, "poll_ms": 200, "backoff_ms": 100}


def _indexer(options: Options, ports: Mapping[str, int]) -> Role:
    nodes = [_url(options, ports[node_name(index)]) for index in range(len(SHARDS))]
    sections: dict[str, dict[str, Any]] = {
        "metrics": {"host": "127.0.0.1", "port": ports["indexer.metrics"]},
        "indexer": {"host": options.host, "port": ports["indexer"], "trusted": nodes},
    }
    return Role("indexer", "zerog.storage.indexer", sections, None, {"url": _url(options, ports["indexer"])})


def _kv(paths: Paths, options: Options, ports: Mapping[str, int]) -> Role:
    home = paths.data("kv")
    sections: dict[str, dict[str, Any]] = {
        "metrics": {"host": "127.0.0.1", "port": ports["kv.metrics"]},
        "storage.chain": _log_of(options, ports),
        "storage.kv": {
            "home": str(home),
            "indexer": _url(options, ports["indexer"]),
            "cache_bytes": 16 << 20,
            "host": options.host,
            "port": ports["kv"],
        },
    }
    return Role("kv", "zerog.storage.kv.service", sections, home, {"url": _url(options, ports["kv"])})


def _repair(options: Options, ports: Mapping[str, int]) -> Role:
    sections: dict[str, dict[str, Any]] = {
        "metrics": {"host": "127.0.0.1", "port": ports["repair.metrics"]},
        # A node that falls is started again at once: who is gone for longer has lost its disk.
        "repair": {"indexer": _url(options, ports["indexer"]), "interval_s": 5, "grace_s": 15},
    }
    return Role("repair", "zerog.storage.erasure.repair", sections, None, {})


def _da(paths: Paths, options: Options, ports: Mapping[str, int], name: str) -> Role:
    home = paths.data(name)
    sections = da.settings(
        name, rpc_url=_url(options, ports["rpc"]), host=options.host, ports=ports, data=home, key_file=paths.key(name)
    )
    host = options.host if name in PUBLIC_DA else "127.0.0.1"
    facts = {"url": _target(host, ports[name])}
    return Role(name, da.module(name), sections, home if da.keeps(name) else None, facts)


def _provider(paths: Paths, options: Options, ports: Mapping[str, int]) -> Role:
    home = paths.data(compute.NAME)
    sections = compute.settings(
        rpc_url=_url(options, ports["rpc"]), host=options.host, ports=ports, data=home, key_file=paths.key(compute.NAME),
        adapters=paths.adapters if options.tuning else None,
    )  # fmt: skip
    address = compute.provider_account(options.mnemonic).address_text
    return Role(
        compute.NAME, "zerog.compute.service", sections, home, {"url": _url(options, ports[compute.NAME]), "address": address}
    )


def _tuner(paths: Paths, options: Options, ports: Mapping[str, int]) -> Role:
    home = paths.data(compute.TUNER)
    sections = compute.tuner_settings(
        rpc_url=_url(options, ports["rpc"]), host=options.host, ports=ports, data=home, key_file=paths.key(compute.TUNER),
        indexer=_url(options, ports["indexer"]) if options.storage else "", adapters=paths.adapters,
    )  # fmt: skip
    address = compute.tuner_account(options.mnemonic).address_text
    return Role(
        compute.TUNER, "zerog.node.tuning", sections, home, {"url": _url(options, ports[compute.TUNER]), "address": address}
    )


def _target(host: str, port: int) -> str:
    """An address for gRPC clients on this machine."""
    return _url(Options(host=host), port).removeprefix("http://")


def _url(options: Options, port: int, scheme: str = "http") -> str:
    """An address that can be typed on this machine."""
    host = "127.0.0.1" if options.host in ("0.0.0.0", "::") else options.host
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"


def status(paths: Paths, options: Options, ports: Mapping[str, int], process: int, *, served: bool = True) -> dict[str, Any]:
    """What ``zerog devnet status --json`` answers: a contract with users' scripts (docs/operating/devnet.md).

    Args:
        served: whether the provider runs.
    """
    made: dict[str, Any] = {
        "rpc_url": _url(options, ports["rpc"]),
        "ws_url": _url(options, ports["ws"], "ws"),
        "chain_id": options.chain_id,
        "accounts": [
            {"address": account.address_text, "private_key": account.export_secret()} for account in accounts(options.mnemonic)
        ],
        "contracts": {name: format_address(address) for name, (address, _) in NAMED.items()},
        "home": str(paths.home),
        "process": process,
        "metrics_url": f"http://127.0.0.1:{ports['chain.metrics']}/metrics",
    }
    if options.storage:
        made["storage"] = {
            "nodes": [_url(options, ports[node_name(index)]) for index in range(len(SHARDS))],
            "indexer": _url(options, ports["indexer"]),
            "kv": _url(options, ports["kv"]),
            "gateway": _url(options, ports["indexer"]),
        }
        if options.miner:
            address = miner_account(options.mnemonic).address_text
            made["storage"]["miner"] = {"node": made["storage"]["nodes"][MINER_NODE], "address": address}
        if options.repair:
            made["storage"]["repair"] = f"http://127.0.0.1:{ports['repair.metrics']}/metrics"
    if options.da:
        made["da"] = {name.removeprefix("da-"): _target(options.host, ports[name]) for name in da.NAMES if name in PUBLIC_DA}
        made["da"]["encoder"] = _target("127.0.0.1", ports["da-encoder"])
        made["da"]["signers"] = [_target("127.0.0.1", ports[name]) for name in da.SIGNER_NAMES]
        made["da"]["parameters"] = str(da.parameters_directory())
    if options.compute and served:
        address = compute.provider_account(options.mnemonic).address_text
        made["compute"] = {"providers": [{"address": address, "url": _url(options, ports[compute.NAME])}]}
        if options.tuning:
            address = compute.tuner_account(options.mnemonic).address_text
            made["compute"]["tuners"] = [{"address": address, "url": _url(options, ports[compute.TUNER])}]
    return made

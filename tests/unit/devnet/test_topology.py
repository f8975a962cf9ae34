"""Who is in the local network: what is written, what is kept, what is refused."""

from __future__ import annotations

import asyncio
import json
import socket
import stat
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from zerog.chain.genesis import parse
from zerog.contracts import registry
from zerog.devnet import da, launcher, topology
from zerog.devnet.topology import Options, Paths, PortWish
from zerog.errors import Conflict, Corrupt, InvalidInput, NotFound, Unavailable
from zerog.runtime import config as settings
from zerog.types import parse_address

PORTS = {wish.name: number for number, wish in enumerate(topology.wishes(Options()), 1)}


def prepared(paths: Paths, wanted: dict[str, Any]) -> Options:
    """As the launcher does it, without the processes."""
    topology.open_home(paths)
    options = topology.choose(paths, wanted)
    topology.prepare(paths, options)
    return options


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths(tmp_path / "home")


def test_the_first_account_owns_the_contracts_and_all_are_rich(paths: Paths) -> None:
    made = parse(topology.network_genesis(Options()))
    people = topology.accounts(topology.MNEMONIC)
    assert len({person.address for person in people}) == 10
    for person in people:
        assert made.alloc[person.address]["balance"] == topology.ACCOUNT_BALANCE
    faucet = topology.faucet_account(topology.MNEMONIC)
    assert made.alloc[faucet.address]["balance"] == topology.FAUCET_BALANCE
    assert made.alloc[registry.STAKING]["storage"][0] == int.from_bytes(people[0].address, "big")
    assert made.chain_id == 16601


def test_lasting_choices_last(paths: Paths) -> None:
    first = prepared(paths, {"chain_id": 7, "rpc_port": 1000, "block_ms": None})
    assert (first.chain_id, first.rpc_port, first.block_ms) == (7, 1000, 500)
    again = prepared(paths, {"rpc_port": 2000})
    assert (again.chain_id, again.rpc_port) == (7, 2000)
    genesis = paths.genesis.read_bytes()
    with pytest.raises(Conflict, match="chain-id"):
        prepared(paths, {"chain_id": 8})
    with pytest.raises(Conflict, match="gas-limit"):
        prepared(paths, {"gas_limit": 5_000_000})
    with pytest.raises(Conflict, match="mnemonic") as caught:
        prepared(paths, {"mnemonic": "other " * 12})
    assert "junk" not in str(caught.value)
    assert paths.genesis.read_bytes() == genesis
    assert topology.read(paths) == again


@pytest.mark.parametrize("wanted", [{"chain_id": 0}, {"chain_id": 1 << 63}, {"gas_limit": 2_999_999}])
def test_impossible_networks(paths: Paths, wanted: dict[str, int]) -> None:
    with pytest.raises(InvalidInput):
        prepared(paths, wanted)
    assert topology.read(paths) is None


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1, "nonsense": 2}'])
def test_a_damaged_file_is_named(paths: Paths, text: str) -> None:
    paths.home.mkdir()
    paths.network.write_text(text)
    paths.network.chmod(0o600)
    with pytest.raises(Corrupt, match=r"network\.json"):
        topology.read(paths)


def test_a_file_of_another_version_is_left_alone(paths: Paths) -> None:
    paths.home.mkdir()
    paths.network.write_text('{"format": 2}')
    paths.network.chmod(0o600)
    with pytest.raises(Conflict, match="another version"):
        topology.read(paths)


def read_back(paths: Paths, role: topology.Role) -> settings.Config:
    paths.config(role.name).write_text(role.text())
    return settings.load(paths.config(role.name), environment={}).config


def test_the_chains_settings_are_read_back_as_meant(paths: Paths) -> None:
    options = prepared(paths, {"archive": True})
    chain = topology.roles(paths, options, PORTS)[0]
    assert tomllib.loads(chain.text())["chain"]["dev"] is True
    config = read_back(paths, chain)
    assert (config.chain.rpc.http_port, config.chain.rpc.ws_port) == (PORTS["rpc"], PORTS["ws"])
    assert (config.metrics.port, config.chain.admin.port) == (PORTS["chain.metrics"], PORTS["chain.admin"])
    assert config.chain.store.archive
    assert len(config.chain.dev_accounts) == 10
    parse_address(config.chain.consensus.coinbase)


def test_four_storage_nodes_and_an_indexer_that_knows_them(paths: Paths) -> None:
    options = prepared(paths, {})
    made = {role.name: role for role in topology.roles(paths, options, PORTS)}
    nodes = [made[f"storage-{index}"] for index in range(4)]
    configs = [read_back(paths, node) for node in nodes]
    assert [config.storage.shard for config in configs] == ["0/2", "0/2", "1/2", "1/2"]
    assert {config.storage.chain.confirmations for config in configs} == {0}
    assert {config.storage.chain.endpoint for config in configs} == {f"http://127.0.0.1:{PORTS['rpc']}"}
    assert len({config.storage.home for config in configs}) == 4
    storages = [config.storage for config in configs]
    taken = [port for one in storages for port in (one.rpc.port, one.admin.port, one.peers.port)]
    assert len({*taken, *(config.metrics.port for config in configs)}) == 16
    everybody = {f"127.0.0.1:{one.peers.port}" for one in storages}
    assert [set(one.peers.bootstrap) for one in storages] == [everybody - {f"127.0.0.1:{one.peers.port}"} for one in storages]
    status = topology.status(paths, options, PORTS, 1)
    indexer = read_back(paths, made["indexer"]).indexer
    assert list(indexer.trusted) == status["storage"]["nodes"] == [node.facts["url"] for node in nodes]
    assert status["storage"]["indexer"] == f"http://127.0.0.1:{indexer.port}"
    kv = read_back(paths, made["kv"]).storage.kv
    assert kv.indexer == status["storage"]["indexer"]
    assert status["storage"]["kv"] == f"http://127.0.0.1:{kv.port}"
    assert kv.home not in {one.home for one in storages}


def test_a_network_without_storage_is_the_chain_alone(paths: Paths) -> None:
    options = prepared(paths, {"storage": False, "da": False, "compute": False})
    assert [role.name for role in topology.roles(paths, options, PORTS)] == ["chain"]
    with_compute = topology.roles(paths, replace(options, compute=True), PORTS)
    assert [role.name for role in with_compute] == ["chain", "provider"]
    assert [role.name for role in topology.roles(paths, replace(options, compute=True), PORTS, served=False)] == ["chain"]
    assert "storage" not in topology.status(paths, options, PORTS, 1)
    assert {wish.name for wish in topology.wishes(options)} == {"rpc", "ws", "chain.admin", "chain.metrics"}


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]")])
def test_status_names_urls_that_can_be_typed(paths: Paths, host: str, shown: str) -> None:
    status = topology.status(paths, Options(host=host), PORTS, 99)
    assert status["rpc_url"] == f"http://{shown}:1"
    assert status["ws_url"] == f"ws://{shown}:2"
    assert all(url.startswith(f"http://{shown}:") for url in status["storage"]["nodes"])
    json.dumps(status)


def test_files_are_private(paths: Paths) -> None:
    prepared(paths, {})
    assert stat.S_IMODE(paths.network.stat().st_mode) == 0o600
    assert stat.S_IMODE(paths.home.stat().st_mode) == 0o700


def test_a_port_that_was_asked_for_is_had_or_named() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Conflict, match=f"{port} cannot be used for test"):
            launcher.free_ports([PortWish("test", "127.0.0.1", port)])
        usual = launcher.free_ports([PortWish("test", "127.0.0.1", port, usual=True)])
        assert usual["test"] not in (0, port)


def test_a_directory_that_is_not_ours_is_left_as_it_is(paths: Paths, tmp_path: Path) -> None:
    paths.home.mkdir()
    (paths.home / "thesis.txt").write_text("years of work")
    (tmp_path / "file").touch()
    for home in (paths.home, tmp_path / "file", Path("/proc/nowhere")):
        for start in (
            lambda home=home: launcher.start_detached(home, []),
            lambda home=home: asyncio.run(launcher.supervise(home, {}, print)),
        ):
            with pytest.raises(Conflict, match="choose another --home"):
                start()
    assert [entry.name for entry in paths.home.iterdir()] == ["thesis.txt"]


def test_a_taken_port_leaves_no_choice_behind(paths: Paths) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Conflict, match="rpc"):
            asyncio.run(launcher.supervise(paths.home, {"rpc_port": taken.getsockname()[1]}, print))
    assert topology.read(paths) is None


def test_ports_are_all_different() -> None:
    found = launcher.free_ports([PortWish(f"p{index}", "127.0.0.1", 0) for index in range(200)])
    assert len(set(found.values())) == 200
    with pytest.raises(Conflict, match="twice"):
        launcher.free_ports([PortWish("a", "127.0.0.1", found["p0"]), PortWish("b", "127.0.0.1", found["p0"])])
    both = launcher.free_ports([PortWish("a", "127.0.0.1", found["p0"], usual=True), PortWish("b", "127.0.0.1", found["p0"])])
    assert both["b"] == found["p0"] != both["a"]


def test_several_networks_beside_each_other() -> None:
    """Who takes any port for the chain gets any port for the rest; who says a base gets ports from there."""
    assert all(wish.port == 0 for wish in topology.wishes(Options(rpc_port=0, ws_port=0)))
    said = {wish.name: wish.port for wish in topology.wishes(Options(storage_port=7000))}
    assert [said[f"storage-{index}"] for index in range(4)] == [7000, 7002, 7004, 7006]
    assert [said[f"storage-{index}.admin"] for index in range(4)] == [7001, 7003, 7005, 7007]
    usual = {wish.name: wish for wish in topology.wishes(Options())}
    assert (usual["storage-0"].port, usual["indexer"].port, usual["storage-3"].usual) == (5678, 12345, True)


def test_a_network_that_is_not_there(paths: Paths) -> None:
    assert launcher.holder(paths.home) is None
    assert not launcher.stop(paths.home)
    with pytest.raises(Unavailable, match="devnet up"):
        launcher.running_status(paths.home)
    with pytest.raises(NotFound):
        launcher.reset(paths.home)
    assert not paths.home.exists()


def test_reset_takes_everything_but_only_from_a_network(paths: Paths) -> None:
    prepared(paths, {})
    paths.log("chain").parent.mkdir()
    paths.log("chain").write_text("x")
    launcher.reset(paths.home)
    assert list(paths.home.iterdir()) == []


def test_tail(tmp_path: Path) -> None:
    file = tmp_path / "log"
    assert "nothing" in launcher.tail(file)
    file.write_text("".join(f"line {index}\n" for index in range(2000)))
    assert launcher.tail(file, 2) == "  line 1998\n  line 1999"


def test_four_signers_with_one_quorum_between_them(paths: Paths) -> None:
    options = prepared(paths, {})
    made = {role.name: role for role in topology.roles(paths, options, PORTS)}
    signers = [read_back(paths, made[f"da-signer-{index}"]).da for index in range(da.SIGNERS)]
    assert len({one.signer.home for one in signers}) == len({one.signer.key_file for one in signers}) == da.SIGNERS
    assert {one.signer.first_epoch_signers for one in signers} == {da.SIGNERS}
    assert {one.params.allow_insecure for one in signers} == {True}
    assert "INSECURE" in signers[0].params.directory
    genesis = parse(topology.network_genesis(options))
    accounts = [da.signer_account(options.mnemonic, index) for index in range(da.SIGNERS)]
    votes = [(genesis.alloc[one.address]["balance"] - 10**18) // (30 * 10**18) for one in accounts]
    assert sum(votes) == 3072
    for index, account in enumerate(accounts):
        assert paths.key(f"da-signer-{index}").read_text() == account.export_secret().removeprefix("0x")
        assert stat.S_IMODE(paths.key(f"da-signer-{index}").stat().st_mode) == 0o600


def test_a_network_made_with_the_older_signers_keeps_them(paths: Paths) -> None:
    options = prepared(paths, {"da_signers_version": 2})
    genesis = json.loads(paths.genesis.read_text())
    assert genesis["config"]["zerog"]["daSigners"] == {"version": 2, "epochBlocks": da.EPOCH_BLOCKS}
    assert "daSigners" not in topology.network_genesis(Options())["config"]["zerog"]
    balances = parse(genesis).alloc
    accounts = [da.signer_account(options.mnemonic, index) for index in range(da.SIGNERS)]
    assert all((balances[one.address]["balance"] - 10**18) // 10**19 >= 1024 for one in accounts)
    with pytest.raises(Conflict, match=r"another da-signers-version \(it has 2\)"):
        prepared(paths, {"da_signers_version": 3})
    assert prepared(paths, {}).da_signers_version == 2
    old = json.loads(paths.network.read_text())
    del old["da_signers_version"]
    paths.network.write_text(json.dumps(old))
    assert prepared(paths, {}).da_signers_version == 3
    with pytest.raises(InvalidInput, match="2 or 3"):
        topology.choose(Paths(paths.home / "other"), {"da_signers_version": 4})


def test_a_network_made_without_data_availability_stays_without(paths: Paths) -> None:
    options = prepared(paths, {"da": False})
    assert not [role for role in topology.roles(paths, options, PORTS) if role.name.startswith("da-")]
    assert "da" not in topology.status(paths, options, PORTS, 1)
    with pytest.raises(Conflict, match="--no-da"):
        prepared(paths, {"da": True})
    old = json.loads(paths.network.read_text())
    del old["da"]
    paths.network.write_text(json.dumps(old))
    assert prepared(paths, {}).da is False


def test_one_node_mines_and_a_service_repairs(paths: Paths) -> None:
    options = prepared(paths, {})
    made = {role.name: role for role in topology.roles(paths, options, PORTS)}
    miners = [read_back(paths, made[f"storage-{index}"]).storage.miner for index in range(4)]
    assert [one.enabled for one in miners] == [True, False, False, False]
    account = topology.miner_account(options.mnemonic)
    assert Path(miners[0].key_file).read_text() == account.export_secret().removeprefix("0x")
    assert stat.S_IMODE(Path(miners[0].key_file).stat().st_mode) == 0o600
    assert miners[0].close_epochs
    genesis = parse(topology.network_genesis(options))
    assert genesis.alloc[account.address]["balance"] == topology.ACCOUNT_BALANCE
    status = topology.status(paths, options, PORTS, 1)
    assert read_back(paths, made["repair"]).repair.indexer == status["storage"]["indexer"]
    assert status["storage"]["miner"] == {"node": status["storage"]["nodes"][0], "address": account.address_text}
    left_out = prepared(paths, {"repair": False})
    assert "repair" not in topology.status(paths, left_out, PORTS, 1)["storage"]
    assert not [role for role in topology.roles(paths, left_out, PORTS) if role.name == "repair"]


@pytest.mark.parametrize("wanted", [{"miner": False}, {"storage": False}])
def test_a_network_made_without_a_miner_stays_without(paths: Paths, wanted: dict[str, bool]) -> None:
    options = prepared(paths, wanted)
    assert not paths.miner_key.exists()
    assert parse(topology.network_genesis(options)).alloc.keys() < parse(topology.network_genesis(Options())).alloc.keys()
    with pytest.raises(Conflict, match="--no-miner"):
        prepared(paths, {"miner": True})
    again = prepared(paths, {"storage": True})
    assert "miner" not in topology.status(paths, again, PORTS, 1)["storage"]
    old = json.loads(paths.network.read_text())
    del old["miner"]
    paths.network.write_text(json.dumps(old))
    assert prepared(paths, {}).miner is False

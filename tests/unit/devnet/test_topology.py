"""Who is in the local network: what is written, what is kept, what is refused."""

from __future__ import annotations

import json
import socket
import stat
import tomllib
from pathlib import Path

import pytest

from zerog.chain.genesis import parse
from zerog.contracts import registry
from zerog.devnet import launcher, topology
from zerog.devnet.topology import Options, Paths
from zerog.errors import Conflict, Corrupt, InvalidInput, NotFound, Unavailable
from zerog.runtime import config as settings
from zerog.types import parse_address

PORTS = {"rpc": 1, "ws": 2, "metrics": 3, "admin": 4}


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
    first = topology.prepare(paths, {"chain_id": 7, "rpc_port": 1000, "block_ms": None})
    assert (first.chain_id, first.rpc_port, first.block_ms) == (7, 1000, 500)
    again = topology.prepare(paths, {"rpc_port": 2000})
    assert (again.chain_id, again.rpc_port) == (7, 2000)
    genesis = paths.genesis.read_bytes()
    with pytest.raises(Conflict, match="chain-id"):
        topology.prepare(paths, {"chain_id": 8})
    with pytest.raises(Conflict, match="gas-limit"):
        topology.prepare(paths, {"gas_limit": 5_000_000})
    with pytest.raises(Conflict, match="mnemonic") as caught:
        topology.prepare(paths, {"mnemonic": "other " * 12})
    assert "junk" not in str(caught.value)
    assert paths.genesis.read_bytes() == genesis
    assert topology.read(paths) == again


@pytest.mark.parametrize("wanted", [{"chain_id": 0}, {"chain_id": 1 << 63}, {"gas_limit": 2_999_999}])
def test_impossible_networks(paths: Paths, wanted: dict[str, int]) -> None:
    with pytest.raises(InvalidInput):
        topology.prepare(paths, wanted)
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


def test_the_chains_settings_are_read_back_as_meant(paths: Paths) -> None:
    options = topology.prepare(paths, {"archive": True})
    text = topology.chain_settings(paths, options, PORTS)
    assert tomllib.loads(text)["chain"]["dev"] is True
    paths.chain_config.write_text(text)
    config = settings.load(paths.chain_config, environment={}).config
    assert (config.chain.rpc.http_port, config.chain.rpc.ws_port, config.metrics.port, config.chain.admin.port) == (1, 2, 3, 4)
    assert config.chain.store.archive
    assert len(config.chain.dev_accounts) == 10
    parse_address(config.chain.consensus.coinbase)


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::1", "[::1]")])
def test_status_names_urls_that_can_be_typed(paths: Paths, host: str, shown: str) -> None:
    status = topology.status(paths, Options(host=host), PORTS, 99)
    assert status["rpc_url"] == f"http://{shown}:1"
    assert status["ws_url"] == f"ws://{shown}:2"
    json.dumps(status)


def test_files_are_private(paths: Paths) -> None:
    topology.prepare(paths, {})
    assert stat.S_IMODE(paths.network.stat().st_mode) == 0o600
    assert stat.S_IMODE(paths.home.stat().st_mode) == 0o700


def test_ports() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Conflict, match=str(port)):
            launcher.free_port("127.0.0.1", port, "test")
    assert launcher.free_port("127.0.0.1", 0, "test") > 0


def test_a_network_that_is_not_there(paths: Paths) -> None:
    assert launcher.holder(paths.home) is None
    assert not launcher.stop(paths.home)
    with pytest.raises(Unavailable, match="devnet up"):
        launcher.running_status(paths.home)
    with pytest.raises(NotFound):
        launcher.reset(paths.home)
    assert not paths.home.exists()


def test_reset_takes_everything_but_only_from_a_network(paths: Paths) -> None:
    topology.prepare(paths, {})
    paths.log("chain").parent.mkdir()
    paths.log("chain").write_text("x")
    launcher.reset(paths.home)
    assert list(paths.home.iterdir()) == []


def test_tail(tmp_path: Path) -> None:
    file = tmp_path / "log"
    assert "nothing" in launcher.tail(file)
    file.write_text("".join(f"line {index}\n" for index in range(2000)))
    assert launcher.tail(file, 2) == "  line 1998\n  line 1999"

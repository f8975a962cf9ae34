"""Settings: precedence, origins, errors that help, and a manual that is complete."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

import zerog.runtime.config as config
from zerog.errors import ConfigError

MANUAL = Path(config.__file__).with_name("default.toml")


def flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in table.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return found


def test_manual_names_every_key_with_its_default() -> None:
    manual = flat(tomllib.loads(MANUAL.read_text()))
    defaults = {key: config.value_at(config.Config(), key) for key, _ in config.leaves(config.Config)}
    assert {key: list(value) if isinstance(value, tuple) else value for key, value in defaults.items()} == manual
    assert config.load(MANUAL, environment={}).config == config.Config()


def test_manual_explains_every_section() -> None:
    lines = MANUAL.read_text().splitlines()
    for index, line in enumerate(lines):
        if line.startswith("[") and line != "[chain.rpc]":
            assert lines[index + 1].startswith("#"), line


def test_precedence_and_origins(tmp_path: Path) -> None:
    file = tmp_path / "node.toml"
    file.write_text('[chain]\nhome = "a"\n[chain.rpc]\nhttp_port = 1\nws_port = 2\nhosts = ["x"]\n')
    environment = {"ZEROG_CHAIN_RPC_HTTP_PORT": "3", "ZEROG_CHAIN_RPC_WS_PORT": "4", "ZEROG_BACKEND": "avx2", "PATH": "/"}
    loaded = config.load(file, flags={"chain.rpc.ws_port": 5, "chain.dev": None}, environment=environment)
    rpc = loaded.config.chain.rpc
    assert (loaded.config.chain.home, rpc.http_port, rpc.ws_port, rpc.hosts) == ("a", 3, 5, ("x",))
    assert loaded.origins["chain.home"] == f"file {file}"
    assert loaded.origins["chain.rpc.http_port"] == "environment ZEROG_CHAIN_RPC_HTTP_PORT"
    assert loaded.origins["chain.rpc.ws_port"] == "flag"
    assert loaded.origins["chain.dev"] == "default"
    assert ("chain.rpc.ws_port", 5, "flag") in list(loaded.rows())


@pytest.mark.parametrize(
    ("text", "expected"),
    [("true", True), ("1", True), ("off", False), ("no", False)],
)
def test_booleans_from_text(text: str, expected: bool) -> None:
    assert config.load(environment={"ZEROG_CHAIN_DEV": text}).config.chain.dev is expected


def test_lists_from_text() -> None:
    assert config.load(environment={"ZEROG_CHAIN_RPC_HOSTS": "a, b,,c"}).config.chain.rpc.hosts == ("a", "b", "c")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[chain]\nhoem = 1\n", "unknown setting chain.hoem .* did you mean chain.home"),
        ("[chain.rpc]\nhttp_prot = 1\n", "did you mean chain.rpc.http_port"),
        ("[chians]\nx = 1\n", "unknown setting chians"),
        ("[chain.rpc]\nhttp_port = 70000\n", "chain.rpc.http_port = 70000"),
        ('[chain.rpc]\nhttp_port = "8545"\n', "chain.rpc.http_port = '8545'"),
        ("[chain.rpc]\nnotifications_max = 10\n", "notifications_max"),
        ("[chain.consensus]\nblock_interval_ms = 99\n", "block_interval_ms"),
        ("[chain.consensus]\nmode = 'raft'\n", "mode"),
        ("[chain]\nrpc = 5\n", "unknown setting chain.rpc"),
        ("[chain\n", "node.toml"),
    ],
)
def test_errors_name_key_value_and_origin(tmp_path: Path, text: str, expected: str) -> None:
    file = tmp_path / "node.toml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=expected) as caught:
        config.load(file, environment={})
    assert "file" in str(caught.value) or str(file) in str(caught.value)


def test_unknown_environment_and_flags() -> None:
    with pytest.raises(ConfigError, match="did you mean ZEROG_CHAIN_RPC_HTTP_PORT"):
        config.load(environment={"ZEROG_CHAIN_RPC_HTP_PORT": "1"})
    with pytest.raises(ConfigError, match="flag"):
        config.load(flags={"chain.nothing": 1}, environment={})
    with pytest.raises(ConfigError, match="environment"):
        config.load(environment={"ZEROG_CHAIN_RPC_HTTP_PORT": "many"})


def test_secrets_are_not_repeated_in_errors() -> None:
    with pytest.raises(ConfigError) as caught:
        config.load(flags={"chain.admin.token_file": 5}, environment={})
    assert "5" not in str(caught.value).split("(")[0]


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read"):
        config.load(tmp_path / "absent.toml", environment={})

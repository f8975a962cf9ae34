"""The command line: exit codes, JSON, errors that say what to do, secrets that never show."""

from __future__ import annotations

import json
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer

from zerog.cli import main as cli
from zerog.cli import output
from zerog.errors import ConfigError, Conflict, InvalidInput, NotFound, TimedOut, Unavailable

pytestmark = pytest.mark.slow  # whole nodes or processes in each: `make test` stays under a minute without

SECRET = "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
OWNER = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"


@dataclass
class Done:
    code: int
    out: str
    err: str

    @property
    def value(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Done]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """``zerog`` inside this process, with homes of its own and nobody at the other end."""
    monkeypatch.setenv("ZEROG_HOME", str(tmp_path / "devnet"))
    monkeypatch.setenv("ZEROG_KEYS", str(tmp_path / "keys"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("ZEROG_RPC_URL", raising=False)

    def go(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["zerog", *arguments])
        capsys.readouterr()
        try:
            cli.main()
            code = 0
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 0
        seen = capsys.readouterr()
        return Done(code, seen.out, seen.err)

    return go


def commands() -> Iterator[tuple[str, Any]]:
    def walk(command: Any, path: list[str]) -> Iterator[tuple[str, Any]]:
        children = getattr(command, "commands", {})
        if not children:
            yield " ".join(path), command
        for name, child in children.items():
            yield from walk(child, [*path, name])

    yield from walk(typer.main.get_command(cli.app), [])


ALL = dict(commands())


def test_the_nouns_and_verbs_that_people_were_promised() -> None:
    promised = """
    devnet up; devnet down; devnet status; devnet reset; devnet fund; devnet demo; chain run; chain init; chain export;
    chain import; chain account new; chain account list; chain account import; chain account export; chain account balance;
    chain send; chain call; chain deploy; chain block; chain tx; chain verify; doctor; config show; config check; bench;
    storage upload; storage upload-dir; storage root; storage download; storage download-dir; storage info; storage status;
    storage kv-write; storage kv-read; storage run; storage indexer;
    storage kv run; storage kv status; storage kv access; storage kv result;
    storage durability; storage repair; storage repair-service;
    da params dev; da params check; da params get; da params build; da signer run; da encoder run; da retriever run;
    da light run; da retrieve; da sample; da pack; da item; da unpack;
    da disperser run; da disperse; da status; compute run;
    compute list; compute chat; compute key; compute revoke; compute verify; compute account deposit;
    compute account retrieve; compute account transfer; compute account refund; compute account show;
    compute account acknowledge; compute tune run; compute tune submit; compute tune status; compute tune list;
    compute tune log; compute tune cancel; compute tune fetch;
    compute adapters list; compute adapters status; compute adapters deploy
    """
    assert {name.strip() for name in promised.split(";")} == set(ALL)


@pytest.mark.parametrize("name", ALL)
def test_every_command_teaches_and_speaks_json(run: Run, name: str) -> None:
    command = ALL[name]
    assert command.help, "no sentence about what it does"
    assert len(command.help.split(".")[0]) > 5
    for parameter in command.params:
        if parameter.name not in ("help",):
            assert getattr(parameter, "help", None), f"{parameter.name} has no help"
    if not name.endswith((" run", " indexer", "repair-service")):
        assert any("--json" in parameter.opts for parameter in command.params)
    done = run(*name.split(), "--help")
    assert done.code == 0
    assert "Usage:" in done.out


def test_version_and_no_arguments(run: Run) -> None:
    assert run("--version").out.startswith("zerog 0.")
    done = run()
    assert done.code == 2
    assert "devnet up" in done.out + done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"], ["chain", "block", "latest", "--nonsense"], ["chain", "block", "x"], ["chain", "tx", "0x12"],
        ["chain", "call", "nobody", "name"], ["chain", "call", "w0g", "nothing"], ["chain", "call", "w0g", "balanceOf"],
        ["chain", "call", "w0g", "balanceOf", "0x12"], ["chain", "call", OWNER, "name"],
        ["chain", "send", "--to", OWNER.replace("F4", "f4"), "--value", "1"],
        ["chain", "send", "--to", OWNER, "--value", "much"],
        ["chain", "send", "--to", OWNER, "--data", "12"], ["chain", "send", "--to", OWNER, "--from", "0x12"],
        ["chain", "send", "--to", "w0g", "--function", "deposit", "--data", "0x12"], ["chain", "send", "--to", OWNER, "1"],
        ["chain", "block", "--rpc", "ftp://x"], ["chain", "account", "balance", "0x1"], ["bench", "nothing"],
        ["chain", "import", "/nowhere/blocks", "--home", "/nowhere"], ["config", "show", "--config", "/nowhere/x.toml"],
        ["devnet", "up", "--rpc-port", "70000"], ["devnet", "fund", OWNER, "none"], ["chain", "deploy", "x.json"],
        ["da", "retrieve", "0x12"], ["da", "retrieve", "0x" + "12" * 32, "--json"],
        ["da", "retrieve", "0x" + "12" * 32, "-o", "x", "--epoch", "1"], ["da", "sample", "nothing"],
        ["da", "retrieve", "0x" + "12" * 32, "0x" + "13" * 32, "--epoch", "1", "--quorum", "0"],
        ["da", "sample", "0x" + "12" * 32, "--rows", "257"], ["da", "retrieve", "0x" + "12" * 32, "--entrance", "0x1"],
        ["da", "signer", "run", "--params", "/nowhere"], ["da", "encoder", "run", "--workers", "0"],
    ],
)  # fmt: skip
def test_misuse_is_2_and_says_why(run: Run, arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.code == 2, done
    assert len(done.err.strip()) > 10
    assert done.out == ""
    assert "Traceback" not in done.err


def test_nobody_answering_is_3_and_says_what_to_do(run: Run) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{probe.getsockname()[1]}"
        for arguments in (["chain", "block"], ["chain", "tx", "0x" + "11" * 32], ["chain", "call", "w0g", "name"],
                          ["chain", "account", "balance", OWNER]):  # fmt: skip
            done = run(*arguments, "--rpc", url)
            assert done.code == 3, done
            assert "zerog devnet up" in done.err
    for arguments in (["devnet", "status"], ["devnet", "fund", OWNER], ["devnet", "demo"]):
        done = run(*arguments)
        assert done.code == 3, done
        assert "zerog devnet up" in done.err
    assert run("chain", "send", "--to", OWNER, "--value", "1").code == 3


def test_errors_are_json_too(run: Run) -> None:
    done = run("devnet", "status", "--json")
    assert done.code == 3
    error = json.loads(done.err)["error"]
    assert error["code"] == "unavailable"
    assert "devnet up" in error["message"]
    assert done.out == ""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidInput("x"), 2),
        (ConfigError("x"), 2),
        (Unavailable("x"), 3),
        (TimedOut("x"), 3),
        (Conflict("x"), 1),
        (NotFound("x"), 1),
    ],
)  # fmt: skip
def test_exit_codes(error: Any, code: int) -> None:
    assert output.exit_code(error) == code


def private(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_accounts_in_encrypted_files(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    password = private(tmp_path / "password", "correct horse\n")
    key = private(tmp_path / "key", SECRET + "\n")
    done = run("chain", "account", "import", "--file", str(key), "--password-file", str(password), "--json")
    assert done.value["address"] == OWNER
    saved = Path(done.value["file"])
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600
    assert SECRET not in done.out + done.err + saved.read_text()
    assert run("chain", "account", "list", "--json").value == [OWNER]
    assert run("chain", "account", "import", "--file", str(key), "--password-file", str(password)).code == 1
    target = tmp_path / "secret"
    done = run("chain", "account", "export", OWNER, "--file", str(target), "--password-file", str(password))
    assert done.code == 0
    assert SECRET not in done.out + done.err
    assert target.read_text().strip() == "0x" + SECRET
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert run("chain", "account", "export", OWNER, "--file", str(target), "--password-file", str(password)).code == 1
    wrong = private(tmp_path / "wrong", "no")
    assert run("chain", "account", "export", OWNER, "--file", str(tmp_path / "s2"), "--password-file", str(wrong)).code == 1
    new = run("chain", "account", "new", "--password-file", str(password), "--json").value["address"]
    assert set(run("chain", "account", "list", "--json").value) == {OWNER, new}
    words = private(tmp_path / "words", "test " * 11 + "junk")
    options = ["--path", "m/44'/60'/0'/0/1", "--password-file", str(password), "--json"]
    done = run("chain", "account", "import", "--file", str(words), *options)
    assert done.value["address"] == "0x70997970C51812dc3A010C7d01b50e0d17dc79C8"


def test_files_that_others_can_read_are_refused(run: Run, tmp_path: Path) -> None:
    password = private(tmp_path / "password", "x")
    key = private(tmp_path / "key", SECRET)
    key.chmod(0o644)
    done = run("chain", "account", "import", "--file", str(key), "--password-file", str(password))
    assert done.code == 1
    assert "0600" in done.err
    key.chmod(0o600)
    password.chmod(0o640)
    assert run("chain", "account", "import", "--file", str(key), "--password-file", str(password)).code == 1
    assert run("chain", "send", "--to", OWNER, "--from", f"file:{password}").code == 1
    done = run("chain", "send", "--to", OWNER, "--from", "file:/nowhere/key")
    assert done.code == 2


def test_settings_with_their_origin(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "node.toml"
    file.write_text(f'[chain]\ndev = true\ndev_accounts = ["0x{SECRET}"]\n[chain.rpc]\nhttp_port = 1234\n')
    monkeypatch.setenv("ZEROG_CHAIN_RPC_WS_PORT", "4321")
    done = run("config", "show", "--config", str(file), "--changed", "--json")
    assert done.value == {
        "chain.dev": {"value": True, "origin": f"file {file}"},
        "chain.dev_accounts": {"value": ["***"], "origin": f"file {file}"},
        "chain.rpc.http_port": {"value": 1234, "origin": f"file {file}"},
        "chain.rpc.ws_port": {"value": 4321, "origin": "environment ZEROG_CHAIN_RPC_WS_PORT"},
    }
    assert SECRET not in run("config", "show", "--config", str(file)).out
    assert run("config", "check", str(file), "--json").value["settings"] == 3
    file.write_text("[chain.rpc]\nhttp_prot = 1\n")
    done = run("config", "check", str(file))
    assert done.code == 2
    assert "http_port" in done.err


def test_a_chain_directory_by_hand(run: Run, tmp_path: Path) -> None:
    home = tmp_path / "node"
    options = ["--network", "testnet", "--fund", f"{OWNER}=5", "--owner", OWNER, "--json"]
    made = run("chain", "init", "--home", str(home), *options)
    assert made.value["chain_id"] == 16602
    again = run("chain", "init", "--home", str(tmp_path / "two"), *options)
    assert again.value["genesis_hash"] == made.value["genesis_hash"]
    assert run("chain", "init", "--home", str(home)).code == 1
    verified = run("chain", "verify", "--home", str(home), "--json")
    assert verified.value["blocks"] == 0
    exported = run("chain", "export", str(tmp_path / "blocks"), "--home", str(home), "--json")
    assert exported.value["blocks"] == 0
    assert run("chain", "export", str(tmp_path / "blocks"), "--home", str(home)).code == 1
    (tmp_path / "noise").write_bytes(b"\x00\x01\x02")
    assert run("chain", "import", str(tmp_path / "noise"), "--home", str(home)).code == 2
    assert run("chain", "verify", "--home", str(tmp_path / "none")).code == 1
    broken = tmp_path / "broken.json"
    broken.write_text("{}")
    assert run("chain", "init", "--home", str(tmp_path / "three"), "--genesis", str(broken)).code == 2
    assert not (tmp_path / "three" / "genesis.json").exists()
    for bad in ("x", f"{OWNER}", f"{OWNER}=lots"):
        assert run("chain", "init", "--home", str(tmp_path / "four"), "--fund", bad).code == 2
    assert run("chain", "init", "--home", str(tmp_path / "four"), "--network", "newton").code == 2


def test_doctor(run: Run) -> None:
    done = run("doctor", "--json")
    assert done.code in (0, 1), "1 when a port of this machine is taken"
    value = done.value
    assert value["zerog"]
    assert {entry["kernel"] for entry in value["backends"]} >= {"keccak256", "ecdsa"}
    assert all(entry["reason"] for entry in value["backends"])
    assert set(value["ports"]) == {"chain.rpc.http_port", "chain.rpc.ws_port", "chain.admin.port", "metrics.port"}
    assert (done.code == 1) == bool(value["attention"])
    text = run("doctor").out
    assert "keccak256" in text
    assert "free" in text


def test_bench(run: Run) -> None:
    rows = run("bench", "keccak", "--seconds", "0.05", "--json").value["results"]
    assert len(rows) == 1
    assert 0 < rows[0]["minimum"] <= rows[0]["median"] <= rows[0]["maximum"]
    assert "signatures/s" in run("bench", "recover", "--seconds", "0.05").out


def test_tables_line_up(capsys: pytest.CaptureFixture[str]) -> None:
    output.table(["name", "n"], [("a", 1), ("longer", 22)])
    assert capsys.readouterr().out == "name    n\na       1\nlonger  22\n"
    output.facts([("a", 1), ("long", 2)])
    assert capsys.readouterr().out == "a     1\nlong  2\n"


def test_progress_is_silent_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with output.meter("x", 3) as progress:
        progress.step()
        progress.tick()
        progress.to(3)
    assert capsys.readouterr() == ("", "")


def test_progress_on_a_terminal_begins_after_a_second(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    now = 100.0
    monkeypatch.setattr(output.time, "monotonic", lambda: now)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with output.meter("counting sheep", 10) as progress:
        progress.step()
        assert progress._progress is None
        now = 101.5
        progress.step()
        assert progress._progress is not None
        assert progress._progress.tasks[0].completed == 2

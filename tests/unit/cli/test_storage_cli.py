"""``zerog storage`` where no network is needed: roots, and mistakes that are told before anything is asked or paid."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.test_cli import Run, run  # noqa: F401 - a fixture

FILES = json.loads((Path(__file__).resolve().parents[2] / "vectors" / "storage" / "merkle.json").read_text())["files"]


@pytest.mark.parametrize("entry", [one for one in FILES if one["data"] == "pattern"], ids=lambda one: str(one["size"]))
def test_root(run: Run, tmp_path: Path, entry: dict[str, Any]) -> None:  # noqa: F811
    (tmp_path / "file").write_bytes((bytes(range(1, 252)) * (entry["size"] // 251 + 1))[: entry["size"]])
    assert run("storage", "root", str(tmp_path / "file"), "--json").value == {"root": entry["root"], "roots": [entry["root"]]}


def test_root_of_fragments(run: Run, tmp_path: Path) -> None:  # noqa: F811
    (tmp_path / "file").write_bytes(bytes(600_000))
    assert len(run("storage", "root", str(tmp_path / "file"), "--fragment-size", "200000").out.split()) == 3


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["root", "none"], "no file"),
        (["upload", "none"], "no file"),
        (["upload", "."], "upload-dir"),
        (["download", "out", "--root", "0x12"], "32 bytes"),
        (["download", "-", "--root", "0x" + "11" * 32, "--json"], "standard output"),
        (["download", "out", "--root", "0x" + "11" * 32, "--node", "http://a", "--indexer", "http://b"], "not both"),
        (["download", "out", "--root", "0x" + "11" * 32, "--node", "ftp://a"], "http://"),
        (["download", "out", "--root", "0x" + "11" * 32, "--encryption-key", "none"], "does not exist"),
        (["upload", "-", "--erasure", "10"], "such as 10+4"),
        (["upload", "-", "--erasure", "200+57:gf256"], "at most 256"),
        (["upload", "-", "--erasure", "1000+25"], "at most 1024"),
        (["upload", "-", "--erasure", "10+4", "--expected-replica", "2"], "not both"),
        (["upload", "-", "--erasure", "10+4", "--tags", "0x12"], "not both"),
        (["durability", "0x12"], "32 bytes"),
        (["repair", "0x12"], "32 bytes"),
        (["info", "root"], "hex"),
        (["kv-write", "--stream-id", "0x" + "11" * 32, "--stream-keys", "a", "--stream-keys", "b",
          "--stream-values", "c"], "as many"),
        (["kv-write", "--stream-id", "0x" + "11" * 32], "at least one write"),
        (["kv-write", "--stream-id", "0x" + "11" * 32, "--watch", "a"], "at least one write"),
        (["kv-write", "--stream-id", "0x" + "11" * 32, "--stream-keys", "", "--stream-values", "c"], "1 to 16777215 bytes"),
        (["kv-write", "--stream-id", "0x" + "11" * 32, "--access", "grant-all 0x12"], "expected one of grant-admin"),
        (["kv-write", "--stream-id", "0x" + "11" * 32, "--access", "grant-key-writer k"], "grant-key-writer KEY ACCOUNT"),
        (["kv-write", "--stream-id", "0x" + "11" * 32, "--access", "grant-writer 0x12"], "20 bytes"),
        (["kv-read", "--stream-id", "0x11", "--stream-keys", "a"], "32 bytes"),
        (["kv-read", "--stream-id", "0x" + "11" * 32], "--all"),
        (["kv", "access", "0x12", "--stream-id", "0x" + "11" * 32], "20 bytes"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)  # fmt: skip
def test_mistakes(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], says: str  # noqa: F811
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    done = run("storage", *arguments)
    assert done.code == 2, done.err
    assert says in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_nobody_answers(run: Run) -> None:  # noqa: F811
    done = run("storage", "status", "--node", "http://127.0.0.1:9")
    assert done.code == 3
    assert "zerog devnet up" in done.err


def test_a_key_that_others_may_read(run: Run, tmp_path: Path) -> None:  # noqa: F811
    key = tmp_path / "key"
    key.write_text("not hex " * 4)
    key.chmod(0o644)
    command = ["storage", "download", str(tmp_path / "o"), "--root", "0x" + "11" * 32, "--encryption-key", str(key)]
    assert "0600" in run(*command).err
    key.chmod(0o600)
    done = run(*command)
    assert "64 hex digits" in done.err
    assert "not hex" not in done.err, "what is in a key file is never shown"

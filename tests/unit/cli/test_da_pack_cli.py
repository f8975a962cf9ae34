"""``zerog da pack``, ``item`` and ``unpack``: what they refuse before they ask anybody, and what their help teaches."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from zerog.cli.main import app
from zerog.da.api import BlobRecord
from zerog.errors import Conflict, InvalidInput, NotFound, ZerogError
from zerog.primitives.blob import Geometry
from zerog.sdk import packs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files to pack, and the receipt of a pack."""
    for name, data in {"few": b"few", "none": b"", "much": bytes(800), "half": bytes(500)}.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "few").write_bytes(b"another")
    packed = packs.pack({"a": b"a", "b": b"b"}, Geometry(8, 4))
    receipt = packed.receipt(BlobRecord(1, 0, packed.data_root))
    (tmp_path / "receipt.json").write_bytes(receipt.to_json())
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ("pack few --receipt receipt.json", Conflict, "exists"),
        ("pack few --receipt nowhere/new.json", InvalidInput, "no directory"),
        ("pack few other/few --receipt new.json", InvalidInput, "this name"),
        ("pack none --receipt new.json", InvalidInput, "nothing in it"),
        ("pack much --receipt new.json --geometry 8x4", InvalidInput, "at most 734 bytes"),
        ("pack half other/few few receipt.json --receipt new.json --geometry 8x4", InvalidInput, ""),
        ("pack few --receipt new.json --geometry 8x5", InvalidInput, "geometry"),
        ("item few", InvalidInput, "receipt"),
        ("item receipt.json", InvalidInput, "name one of them"),
        ("item receipt.json c", NotFound, "no item 'c'"),
        ("item receipt.json a --json", InvalidInput, "--json needs --output"),
        ("unpack 0x12 -o new", InvalidInput, "32 bytes"),
        ("unpack ROOT -o other", Conflict, "exists"),
        ("unpack ROOT -o new --receipt receipt.json", Conflict, "exists"),
    ],
)
def test_what_is_refused(
    folder: Path, arguments: str, error: type[ZerogError], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    before = sorted(folder.iterdir())
    given = ["0x" + "12" * 32 if part == "ROOT" else part for part in arguments.split()]
    found = CliRunner().invoke(app, ["da", *given])
    assert isinstance(found.exception, error)
    assert words in str(found.exception)
    assert sorted(folder.iterdir()) == before


def test_help_teaches() -> None:
    runner = CliRunner()
    text = " ".join(runner.invoke(app, ["da", "pack", "--help"]).stdout.split())
    for words in ("31 MiB", "receipt", "zerog da item orders.json", "--share", "--json"):
        assert words in text
    assert "proof" in runner.invoke(app, ["da", "item", "--help"]).stdout

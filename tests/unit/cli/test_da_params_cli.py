"""``zerog da params``: a tiny development set is made and checked; what is damaged is refused by name."""

from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner

from zerog.cli.main import app
from zerog.errors import Corrupt


def test_make_check_and_damage(tmp_path: Path) -> None:
    runner = CliRunner()
    made = runner.invoke(app, ["da", "params", "dev", str(tmp_path), "--rows", "4", "--columns", "4", "--json"])
    assert made.exit_code == 0
    assert json.loads(made.stdout)["insecure"] is True
    for extra, proves in (([], True), (["--verifier"], False)):
        checked = runner.invoke(app, ["da", "params", "check", str(tmp_path), "--json", *extra])
        assert checked.exit_code == 0
        assert json.loads(checked.stdout)["can_prove"] is proves
    victim = tmp_path / "INSECURE-DEV-powers.bin"
    victim.write_bytes(bytes(victim.stat().st_size))
    refused = runner.invoke(app, ["da", "params", "check", str(tmp_path)])
    assert isinstance(refused.exception, Corrupt)
    assert victim.name in str(refused.exception)

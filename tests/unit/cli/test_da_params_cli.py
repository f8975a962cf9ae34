"""``zerog da params``: a tiny development set is made and checked; what is damaged is refused by name."""

from __future__ import annotations

import json
from pathlib import Path

from tests.unit.da.ceremony_kit import Ceremony
from tests.unit.runtime.http_files import Files, serving
from typer.testing import CliRunner

from zerog.cli.main import app
from zerog.errors import Corrupt, InvalidInput, Unavailable
from zerog.primitives.blob import Geometry


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


def test_build_and_get(tmp_path: Path) -> None:
    runner = CliRunner()
    ceremony = Ceremony(Geometry(2, 2), 77, 5)
    (tmp_path / "power-tau.bin").write_bytes(ceremony.power_tau())
    small = ["--rows", "2", "--columns", "2", "--json"]
    made = runner.invoke(
        app, ["da", "params", "build", str(tmp_path / "set"), "--power-tau", str(tmp_path / "power-tau.bin"), *small]
    )
    assert made.exit_code == 0, made.output
    facts = json.loads(made.stdout)
    assert (facts["insecure"], facts["is_the_networks"]) == (False, False)
    assert runner.invoke(app, ["da", "params", "check", str(tmp_path / "set"), "--json"]).exit_code == 0
    both = runner.invoke(app, ["da", "params", "build", str(tmp_path / "other"), *small])
    assert isinstance(both.exception, InvalidInput)
    with serving(Files({})) as files:
        missing = runner.invoke(app, ["da", "params", "get", str(tmp_path / "net"), "--url", files.base_url])
    assert isinstance(missing.exception, Unavailable)
    assert "404" in str(missing.exception)

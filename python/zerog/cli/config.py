"""``zerog config``: what a process would use, and from where."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from zerog.cli.output import Json, show, table
from zerog.runtime import config as settings

app = typer.Typer(no_args_is_help=True, help="Settings: flags, then ZEROG_… in the environment, then a file, then defaults.")

File = Annotated[Path | None, typer.Option("--config", help="A TOML file.")]


def _shown(key: str, value: Any) -> Any:
    return ["***"] * len(value) if key == "chain.dev_accounts" else list(value) if isinstance(value, tuple) else value


@app.command("show")
def show_(
    config: File = None,
    changed: Annotated[bool, typer.Option("--changed", help="Only what is not a default.")] = False,
    as_json: Json = False,
) -> None:
    """Every setting, its value and where that comes from. Secrets are masked."""
    rows = [row for row in settings.load(config).rows() if not changed or row[2] != "default"]
    value = {key: {"value": _shown(key, found), "origin": origin} for key, found, origin in rows}
    show(
        value,
        as_json=as_json,
        text=lambda: table(
            ["setting", "value", "origin"], [(key, _text(_shown(key, found)), origin) for key, found, origin in rows]
        ),
    )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, str | list) else str(value)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="A TOML file.")],
    as_json: Json = False,
) -> None:
    """Whether a settings file would be accepted. Exit code 2 and the reason when not."""
    loaded = settings.load(file)
    count = sum(1 for _, _, origin in loaded.rows() if origin.startswith("file"))
    show({"file": str(file), "settings": count}, as_json=as_json, text=lambda: print(f"{file}: {count} settings, all good"))

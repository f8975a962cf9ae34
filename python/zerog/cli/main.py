"""``zerog``: the nouns, and what every command has in common."""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from typing import Annotated

import typer

from zerog import __version__
from zerog.cli import account, bench, chain, config, da_params, devnet, doctor, storage, storage_kv
from zerog.cli.output import REFUSED, fail
from zerog.errors import Conflict, ZerogError

EPILOG = "Exit codes: 0 done, 1 refused, 2 misuse, 3 unavailable. Answers go to standard output, all else to standard error."

app = typer.Typer(
    name="zerog",
    help="0G, the decentralized AI operating system. Begin with: zerog devnet up",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(devnet.app, name="devnet")
app.add_typer(chain.app, name="chain")
chain.app.add_typer(account.app, name="account")
app.add_typer(storage.app, name="storage")
storage_kv.add_to(storage.app)
da = typer.Typer(no_args_is_help=True, help="Data availability.")
da.add_typer(da_params.app, name="params")
app.add_typer(da, name="da")
app.add_typer(config.app, name="config")
app.command("doctor")(doctor.doctor)
app.command("bench")(bench.bench)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"zerog {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    """0G, the decentralized AI operating system. Begin with: zerog devnet up"""


def _said(error: OSError) -> str:
    """A file that cannot be read or written, a full disk: one sentence that names it."""
    place = f"{os.fsdecode(error.filename)}: " if isinstance(error.filename, str | bytes) else ""
    reason = os.strerror(error.errno) if error.errno else str(error)
    return f"{place}{reason[:1].lower()}{reason[1:]}"


def main() -> None:
    """Run the command line. Errors become one sentence and an exit code; a secret never reaches a core file."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    as_json = "--json" in sys.argv
    try:
        app()
    except ZerogError as error:
        fail(error, as_json=as_json)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        raise SystemExit(130) from None
    except BrokenPipeError:
        # Whoever read us has gone; keep the interpreter from complaining about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(REFUSED) from None
    except OSError as error:
        fail(Conflict(_said(error)), as_json=as_json)

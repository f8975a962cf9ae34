"""``zerog``: the nouns, and what every command has in common.

A noun is loaded when it is named: a process that moves one small file would otherwise spend most of its life on importing the
servers that other commands start.
"""

from __future__ import annotations

import contextlib
import os
import resource
import sys
from collections.abc import Callable
from typing import Annotated, Any, Final

import typer

from zerog import __version__
from zerog.cli.output import REFUSED, fail
from zerog.errors import Conflict, ZerogError

EPILOG = "Exit codes: 0 done, 1 refused, 2 misuse, 3 unavailable. Answers go to standard output, all else to standard error."


def _devnet(to: typer.Typer) -> None:
    from zerog.cli import devnet

    to.add_typer(devnet.app, name="devnet")


def _chain(to: typer.Typer) -> None:
    from zerog.cli import chain

    to.add_typer(chain.app, name="chain")


def _storage(to: typer.Typer) -> None:
    from zerog.cli import storage

    to.add_typer(storage.app, name="storage")


def _da(to: typer.Typer) -> None:
    from zerog.cli import da as da_commands
    from zerog.cli import da_pack, da_params, da_read, da_roles

    da = typer.Typer(no_args_is_help=True, help="Data availability.")
    da.add_typer(da_params.app, name="params")
    da_roles.add_to(da)
    da_commands.add_to(da)
    da_read.add_to(da)
    da_pack.add_to(da)
    to.add_typer(da, name="da")


def _compute(to: typer.Typer) -> None:
    from zerog.cli import compute, compute_adapters, compute_tune

    compute.app.add_typer(compute_tune.app, name="tune")
    compute.app.add_typer(compute_adapters.app, name="adapters")
    to.add_typer(compute.app, name="compute")


def _config(to: typer.Typer) -> None:
    from zerog.cli import config

    to.add_typer(config.app, name="config")


def _doctor(to: typer.Typer) -> None:
    from zerog.cli import doctor

    to.command("doctor")(doctor.doctor)


def _bench(to: typer.Typer) -> None:
    from zerog.cli import bench

    to.command("bench")(bench.bench)


NOUNS: Final[dict[str, Callable[[typer.Typer], None]]] = {
    "devnet": _devnet,
    "chain": _chain,
    "storage": _storage,
    "da": _da,
    "compute": _compute,
    "config": _config,
    "doctor": _doctor,
    "bench": _bench,
}


def assemble(first_word: str = "") -> typer.Typer:
    """The command line: all of it, or that of one noun when the first word names one."""
    made = typer.Typer(
        name="zerog",
        help="0G, the decentralized AI operating system. Begin with: zerog devnet up",
        epilog=EPILOG,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    made.callback()(_root)
    for noun, add in NOUNS.items():
        if first_word not in NOUNS or noun == first_word:
            add(made)
    return made


def __getattr__(name: str) -> Any:
    """``app``: the whole command line, for who looks at all of it."""
    if name == "app":
        return assemble()
    raise AttributeError(name)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"zerog {__version__}")
        raise typer.Exit


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
    # The parser looks through every installed package for plugins of its validator, which we have no use for.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    as_json = "--json" in sys.argv
    try:
        assemble(sys.argv[1] if len(sys.argv) > 1 else "")()
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

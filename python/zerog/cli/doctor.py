"""``zerog doctor``: versions, processor, backends and why, ports, disk, keys."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import shutil
import socket
import stat
from pathlib import Path
from typing import Any, Final

from zerog import __version__
from zerog._native import backends, cpu_features, thread_count
from zerog.cli.connect import Home, Keys
from zerog.cli.output import REFUSED, Json, facts, show, table
from zerog.devnet import launcher
from zerog.runtime.config import load

LIBRARIES: Final = ("aiohttp", "blake3", "coincurve", "cryptography", "msgspec", "numpy", "rocksdict", "typer", "uvloop")
FREE_BYTES_WANTED: Final = 1 << 30


def doctor(home: Home, keys: Keys, as_json: Json = False) -> None:
    """Tell what this machine offers, which backend each kernel runs and why, and what stands in the way.

    Exit code 1 when something needs attention.
    """
    found: dict[str, Any] = {
        "zerog": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "cpus": len(os.sched_getaffinity(0)),
        "threads": thread_count(),
        "cpu_features": cpu_features().split(),
        "libraries": {name: _version(name) for name in LIBRARIES},
        "backends": list(backends()),
        "gpu": _gpu(),
        "ports": _ports(),
        "disk": _disk(home),
        "devnet": launcher.holder(home.absolute()),
    }
    found["attention"] = list(_attention(found, keys))
    show(found, as_json=as_json, text=lambda: _text(found))
    if found["attention"]:
        raise SystemExit(REFUSED)


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _gpu() -> str:
    try:
        cupy = importlib.import_module("cupy")
    except ImportError:
        return "no: cupy is not installed (pip install 'zerog[gpu]')"
    except Exception as error:
        return f"no: cupy does not load ({type(error).__name__})"
    try:
        count = int(cupy.cuda.runtime.getDeviceCount())
        names = [cupy.cuda.runtime.getDeviceProperties(index)["name"].decode() for index in range(count)]
        return ", ".join(names) if names else "no: no device"
    except Exception as error:
        return f"no: {str(error).splitlines()[0][:120]}"


def _ports() -> dict[str, dict[str, Any]]:
    config = load().config
    wanted = {
        "chain.rpc.http_port": (config.chain.rpc.host, config.chain.rpc.http_port),
        "chain.rpc.ws_port": (config.chain.rpc.host, config.chain.rpc.ws_port),
        "chain.admin.port": (config.chain.admin.host, config.chain.admin.port),
        "metrics.port": (config.metrics.host, config.metrics.port),
    }
    return {name: {"host": host, "port": port, "free": _is_free(host, port)} for name, (host, port) in wanted.items()}


def _is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _disk(home: Path) -> dict[str, Any]:
    place = home.absolute()
    while not place.exists():
        place = place.parent
    usage = shutil.disk_usage(place)
    return {"path": str(home), "free_bytes": usage.free, "total_bytes": usage.total}


def _attention(found: dict[str, Any], keys: Path) -> list[str]:
    said = []
    said += [
        f"the library {name} is missing; run pip install ." for name, version in found["libraries"].items() if version is None
    ]
    if found["disk"]["free_bytes"] < FREE_BYTES_WANTED:
        said.append(f"less than 1 GiB is free below {found['disk']['path']}; a node refuses transactions when it runs out")
    if not found["devnet"]:
        said += [
            f"{entry['host']}:{entry['port']} ({name}) is taken; choose another with --rpc-port, --ws-port or in the settings"
            for name, entry in found["ports"].items()
            if not entry["free"]
        ]
    if keys.is_dir() and stat.S_IMODE(keys.stat().st_mode) & 0o077:
        said.append(f"others can read {keys}; chmod 700 it")
    return said


def _text(found: dict[str, Any]) -> None:
    disk = found["disk"]
    facts(
        {
            "zerog": found["zerog"],
            "python": found["python"],
            "system": found["system"],
            "cpus": f"{found['cpus']} usable, {found['threads']} worker threads",
            "features": " ".join(found["cpu_features"]) or "none",
            "gpu": found["gpu"],
            "disk": f"{disk['free_bytes'] / 2**30:.1f} of {disk['total_bytes'] / 2**30:.1f} GiB free for {disk['path']}",
            "libraries": " ".join(f"{name} {version or 'missing'}" for name, version in found["libraries"].items()),
            "local network": f"running (process {found['devnet']})" if found["devnet"] else "not running",
        }
    )
    print()
    table(
        ["kernel", "backend", "why", "also here"],
        [
            (
                entry["kernel"],
                entry["chosen"],
                entry["reason"],
                " ".join(name for name in entry["available"] if name != entry["chosen"]),
            )
            for entry in found["backends"]
        ],
    )
    print()
    table(
        ["port", "", "state"],
        [
            (name, f"{entry['host']}:{entry['port']}", "free" if entry["free"] else "taken")
            for name, entry in found["ports"].items()
        ],
    )
    print()
    for sentence in found["attention"]:
        print(f"attention: {sentence}")
    if not found["attention"]:
        print("everything is in order")

"""Writes what is made from code: docs/cli.md, config.md, layout.md, metrics.md and the stub of the native module.

``python docs/generate.py`` writes; ``--check`` compares and says which file is stale. A test runs the check.
"""

from __future__ import annotations

import argparse
import ast
import itertools
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import typer

from zerog.chain.metrics import ChainMetrics
from zerog.cli.main import app
from zerog.compute.metrics import ComputeMetrics
from zerog.da.disperser.metrics import DisperserMetrics
from zerog.da.metrics import EncoderMetrics, LightMetrics, RetrieverMetrics, SignerMetrics
from zerog.runtime import metrics
from zerog.storage.kv.metrics import KvMetrics
from zerog.storage.metrics import IndexerMetrics, PeerMetrics, PrunerMetrics, RepairMetrics, StorageMetrics

ROOT = Path(__file__).resolve().parents[1]


def cli_page() -> str:
    """The help of every command, as a terminal of 100 columns shows it."""
    lines = ["# Commands", "", "Generated from the commands themselves (`make docs`).", ""]

    def walk(command: Any, path: list[str]) -> None:
        context = command.context_class(command, info_name=" ".join(path), terminal_width=100, max_content_width=100)
        lines.extend([f"## {' '.join(path)}", "", "```text", command.get_help(context).rstrip(), "```", ""])
        for name, child in getattr(command, "commands", {}).items():
            walk(child, [*path, name])

    walk(typer.main.get_command(app), ["zerog"])
    return "\n".join(line.rstrip() for line in "\n".join(lines).splitlines()) + "\n"


def config_page() -> str:
    """The commented default file is the manual."""
    text = (ROOT / "python/zerog/runtime/default.toml").read_text().rstrip()
    return f"# Settings\n\nGenerated from the default file (`make docs`), which is the manual.\n\n```toml\n{text}\n```\n"


def metrics_page() -> str:
    """Every metric with its labels and meaning."""
    registry = metrics.new_registry()
    for declared in (
        ChainMetrics,
        StorageMetrics,
        PeerMetrics,
        PrunerMetrics,
        IndexerMetrics,
        KvMetrics,
        RepairMetrics,
        SignerMetrics,
        EncoderMetrics,
        RetrieverMetrics,
        LightMetrics,
        ComputeMetrics,
        DisperserMetrics,
    ):
        declared(registry)
    rows = []
    for family in registry.collect():
        if not family.name.startswith("zerog_"):
            continue
        name = f"{family.name}_total" if family.type == "counter" else family.name
        collector = registry._names_to_collectors[family.name]
        labels = ", ".join(getattr(collector, "_labelnames", ()))
        rows.append(f"| `{name}` | {family.type} | {labels} | {family.documentation} |")
    head = "# Metrics\n\nGenerated from the declarations (`make docs`). Served at `/metrics` of the\n"
    head += "`[metrics]` address, beside the usual `process_*` and `python_*` families.\n\n"
    head += "| name | kind | labels | meaning |\n|---|---|---|---|\n"
    return head + "\n".join(sorted(rows)) + "\n"


def layout_page() -> str:
    """Every room and what lives in it: the first sentence that each file says about itself."""
    lines = ["# Layout", "", "Generated from the first sentence of each file (`make docs`).", ""]
    for folder in ("cpp", "bindings", "python/zerog", "tests/oracle", "benchmarks"):
        rooms: dict[Path, list[str]] = {}
        for path in sorted((ROOT / folder).rglob("*")):
            inside = path.relative_to(ROOT)
            if path.suffix not in {".py", ".hpp", ".cuh"} or "vendor" in inside.parts or "_pb2" in path.name:
                continue
            said = first_sentence(path)
            if said:
                rooms.setdefault(inside.parent, []).append(f"| `{path.name}` | {said} |")
        for room, rows in sorted(rooms.items()):
            lines += [f"## {room}", "", "| file | what lives there |", "|---|---|", *rows, ""]
    return "\n".join(lines)


def first_sentence(path: Path) -> str:
    text = path.read_text()
    if path.suffix == ".py":
        said = ast.get_docstring(ast.parse(text)) or ""
    else:
        comment = itertools.takewhile(lambda line: line.startswith("//"), text.splitlines())
        said = " ".join(line.removeprefix("//").strip() for line in comment)
    said = said.split("\n\n")[0].replace("\n", " ").replace("|", "\\|")
    return re.split(r"(?<=[.;])\s", said)[0].rstrip(";")


def native_stub() -> str:
    """The native module's surface as pybind11 knows it, with type parameters that strict checkers want."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pybind11_stubgen", "zerog._native", "-o", folder, "--exit-code"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(done.stderr)
        text = (Path(folder) / "zerog" / "_native.pyi").read_text()
        text = re.sub(r"^__all__.*\n", "", text, flags=re.M)
        text = re.sub(r"\b(list|dict|tuple|set)\b(?!\[|\()(?=\s*(?:[:,|\])]|$|=))", _parametrised, text, flags=re.M)
        text = re.sub(r"\b(Iterable|Sequence|Mapping)\b(?!\[)", _parametrised, text)
        text = re.sub(r"numpy\.ndarray(?!\[)", "numpy.typing.NDArray[typing.Any]", text)
        text = "# Generated by docs/generate.py from the module itself.\n" + text
        path = Path(folder) / "_native.pyi"
        path.write_text(text)
        config = str(ROOT / "pyproject.toml")
        subprocess.run(["ruff", "check", "-q", "--config", config, "--select", "I,UP,F401", "--fix", str(path)], check=False)
        subprocess.run(["ruff", "format", "-q", "--config", config, str(path)], check=True)
        return path.read_text()


def _parametrised(match: re.Match[str]) -> str:
    any_of = {"dict": "[typing.Any, typing.Any]", "Mapping": "[typing.Any, typing.Any]", "tuple": "[typing.Any, ...]"}
    return match.group(1) + any_of.get(match.group(1), "[typing.Any]")


PAGES = {
    "docs/cli.md": cli_page,
    "docs/config.md": config_page,
    "docs/layout.md": layout_page,
    "docs/metrics.md": metrics_page,
    "python/zerog/_native.pyi": native_stub,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 when a file is stale")
    check = parser.parse_args().check
    stale = []
    for name, make in PAGES.items():
        path, text = ROOT / name, make()
        if not path.exists() or path.read_text() != text:
            stale.append(name)
            if not check:
                path.write_text(text)
                print(f"wrote {name}")
    if check and stale:
        print(f"stale: {', '.join(stale)}; run: make docs")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

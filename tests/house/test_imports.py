"""Who may import whom: style of the house, section "imports go down only".

The tables below are the rule; a failure names the edge and the sentence it breaks.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "zerog"

LAYERS = [
    {"_native"},
    {"errors", "types", "params"},
    {"wire", "primitives"},
    {"contracts", "store", "runtime"},
    {"chain", "storage", "da", "compute"},
    {"node", "sdk"},
    {"cli", "web", "devnet"},
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
PILLARS = {"chain", "storage", "da", "compute"}
# Neighbours of one layer that may know each other, and in which direction.
SIDEWAYS = {("types", "errors"), ("params", "errors"), ("params", "types"), ("store", "runtime"), ("wire", "primitives"),
            ("node", "sdk"), ("cli", "devnet"), ("cli", "web"), ("web", "devnet")}  # fmt: skip
PURE = {"wire", "primitives", "contracts"}
IMPURE_MODULES = {"asyncio", "socket", "time", "random", "logging", "signal", "subprocess", "threading", "secrets"}

CPP = ROOT / "cpp"
BASE = {"common"}
CPP_MAY_INCLUDE = {
    "common": set(),
    "grid": BASE,
    "hash": BASE | {"grid"},
    "erasure": BASE | {"grid", "hash", "merkle", "field"},
    "rlp": BASE,
    "field": BASE | {"grid"},
    "curve": BASE | {"field", "grid"},
    "commit": BASE | {"grid", "hash", "merkle", "field", "erasure", "curve"},
    "merkle": BASE | {"grid", "hash"},
    "store": BASE,
    "pora": BASE | {"grid", "hash"},
    "sig": BASE | {"grid", "field", "curve", "hash"},
    "state": BASE | {"hash", "rlp"},
    "evm": BASE | {"hash", "rlp", "field", "curve", "sig", "state"},
    "txpool": BASE | {"hash", "rlp", "sig", "state", "evm"},
    "batching": BASE | {"grid", "hash"},
    "evm/block": BASE | {"hash", "rlp", "sig", "state", "evm", "txpool"},
}


def python_edges() -> Iterator[tuple[Path, str, str, str]]:
    """(file, own part, imported part, imported dotted name) for every import inside the package."""
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).parts
        own = parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text(), str(path))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path}: relative import; write the full name"
                names = [node.module or ""]
                if names == ["zerog"]:
                    names = [f"zerog.{alias.name}" for alias in node.names]
            else:
                continue
            for name in names:
                if name.startswith("zerog."):
                    yield path, own, name.split(".")[1], name


def test_python_imports_go_down() -> None:
    wrong = []
    for path, own, target, name in python_edges():
        if own in {"__init__", "__main__", target} or target == "__version__":
            continue
        where = f"{path.relative_to(ROOT)} imports {name}"
        if own not in RANK or target not in RANK:
            wrong.append(f"{where}: a part that has no layer; give it one")
        elif own in PILLARS and target in PILLARS:
            if own == "chain":
                wrong.append(f"{where}: chain imports no pillar")
            elif not name.startswith(f"zerog.{target}.api"):
                wrong.append(f"{where}: a pillar may import another's api, never its insides")
        elif RANK[target] > RANK[own]:
            wrong.append(f"{where}: down only")
        elif RANK[target] == RANK[own] and (own, target) not in SIDEWAYS:
            wrong.append(f"{where}: these neighbours do not know each other")
    assert not wrong, "\n".join(wrong)


def test_pure_parts_do_no_io() -> None:
    wrong = []
    for part in sorted(PURE):
        for path in sorted((PACKAGE / part).rglob("*.py")):
            if path.name == "compile.py":  # a chore for the shell, imported by nothing
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                names: list[str] = []
                if isinstance(node, ast.Import):
                    names = [alias.name for alias in node.names]
                elif isinstance(node, ast.ImportFrom):
                    names = [node.module or ""]
                wrong += [
                    f"{path.relative_to(ROOT)} imports {name}: wire, primitives and contracts do no I/O, know no clock"
                    for name in names
                    if name.split(".")[0] in IMPURE_MODULES
                ]
    assert not wrong, "\n".join(wrong)


def test_only_the_named_libraries_sign() -> None:
    """Secret keys go through coincurve and cryptography; nothing else in the package makes random numbers for keys."""
    wrong = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if re.match(r"\s*(import|from) (random|ecdsa|eth_keys|Crypto|nacl)\b", line):
                wrong.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
            if re.search(r"\b(pickle|eval|exec)\s*[(.]", line) and "re." not in line:
                wrong.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert not wrong, "\n".join(wrong)


def cpp_part(path: Path) -> str:
    parts = path.relative_to(CPP).parts
    return "evm/block" if parts[:2] == ("evm", "block") else parts[0]


def test_cpp_includes_go_down() -> None:
    wrong = []
    for path in sorted(CPP.rglob("*.?pp")) + sorted(CPP.rglob("*.inl")) + sorted(CPP.rglob("*.cu")):
        parts = path.relative_to(CPP).parts
        if parts[0] == "vendor" or len(parts) == 1:
            continue
        own = cpp_part(path)
        for target in re.findall(r'^#include "([^"]+)"', path.read_text(), re.M):
            part = target.split("/")[0]
            if not (CPP / target).exists():
                continue  # a sibling, or a header of a vendored library
            where = f"{path.relative_to(ROOT)} includes {target}"
            if own not in CPP_MAY_INCLUDE:
                wrong.append(f"{where}: {own} has no entry in the table; give it one")
            elif (
                part != own.split("/")[0]
                and part not in CPP_MAY_INCLUDE[own]
                and target not in {"evm/types.hpp", "state/reader.hpp"}
            ):
                wrong.append(f"{where}: {own} may include {sorted(CPP_MAY_INCLUDE[own])}")
            elif target.startswith("evm/block/") and own != "evm/block":
                wrong.append(f"{where}: only bindings stand above evm/block")
            if re.search(r"(avx2|avx512|scalar|emu)\.cpp$", target):
                wrong.append(f"{where}: nobody includes another's per-ISA source")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("folder", ["cpp", "python", "bindings", "tests", "benchmarks", "docs"])
def test_text_names_no_machine_and_no_registry(folder: str) -> None:
    """Nothing in the tree may depend on where it was written."""
    banned = re.compile(r"/work/|/root/|/tmp/bash|pypi\.org|registry\.npmjs|proxy\.golang|static\.crates|deb\.debian\.org")
    wrong = []
    for path in sorted((ROOT / folder).rglob("*")):
        parts = path.relative_to(ROOT).parts
        if not path.is_file() or "vendor" in parts or "vectors" in parts or "node_modules" in parts or "__pycache__" in parts:
            continue
        if path.suffix not in {
            ".py",
            ".hpp",
            ".cpp",
            ".md",
            ".toml",
            ".sh",
            ".mjs",
            ".js",
            ".go",
            ".sol",
            ".cu",
            ".inl",
            ".cmake",
        }:
            continue
        if path == Path(__file__):
            continue
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if banned.search(line):
                wrong.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:120]}")
    assert not wrong, "\n".join(wrong)

"""Every file is reached: modules imported or run, sources compiled, documents linked."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "zerog"
TOP_LEVEL = set(
    [
        ".ci",
        ".gitignore",
        "benchmarks",
        "bindings",
        "CHANGELOG.md",
        "check",
        "CMakeLists.txt",
        "CONTRIBUTING.md",
        "cpp",
        "demo",
        "docs",
        "LICENSE",
        "Makefile",
        "pyproject.toml",
        "python",
        "README.md",
        "tests",
    ]
)


def tracked() -> list[Path]:
    out = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [Path(name) for name in out.decode().split("\0") if name]


def test_root_holds_nothing_else() -> None:
    found = {path.parts[0] for path in tracked()}
    assert found <= TOP_LEVEL, f"the root holds {sorted(found - TOP_LEVEL)}; find them a room"


def test_every_module_is_imported_or_run() -> None:
    files = [
        path
        for path in tracked()
        if path.suffix in {".py", ".toml", ".sh", ".md"} or path.name in {"Makefile", "demo", "check"}
    ]
    texts = {path: (ROOT / path).read_text(errors="replace") for path in files}
    dead = []
    for path in tracked():
        if path.suffix != ".py" or path.parts[:2] != ("python", "zerog") or path.name in {"__init__.py", "__main__.py"}:
            continue
        dotted = ".".join(path.with_suffix("").parts[1:])
        parent, _, stem = dotted.rpartition(".")
        names = [
            re.escape(dotted) + r"\b",
            rf"from {re.escape(parent)} import [^\n(]*\b{stem}\b",
            rf"from {re.escape(parent)} import \([^)]*\b{stem}\b",
            re.escape(str(path)),
        ]
        pattern = re.compile("|".join(names))
        if not any(pattern.search(text) for other, text in texts.items() if other != path):
            dead.append(str(path))
    assert not dead, f"nobody imports or runs {dead}"


def test_every_header_is_included() -> None:
    texts = "\n".join(
        (ROOT / path).read_text(errors="replace")
        for path in tracked()
        if path.suffix in {".cpp", ".hpp", ".inl", ".cu", ".cuh", ".txt", ".cmake", ".py"}
    )
    dead = [
        str(path)
        for path in tracked()
        if path.suffix in {".hpp", ".inl", ".cuh"} and "vendor" not in path.parts and path != Path("cpp/zerog.hpp")
        and f'{path.name}"' not in texts and path.name not in texts
    ]  # fmt: skip
    assert not dead, f"nobody includes {dead}"

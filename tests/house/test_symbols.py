"""What object files export: an ISA file one symbol, its table, and nothing that the linker may share.

An inline function of a common header, compiled with AVX-512 and kept by the linker for everybody, would stop older
machines with an illegal instruction. So ISA objects may hold no weak symbol at all.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ISA_SOURCE = re.compile(r"(^|_)(avx2|avx512)\.cpp$")


def flags() -> dict[str, list[str]]:
    """The flags of cmake/Kernel.cmake, read from there so that both stay the same."""
    text = (ROOT / "cpp" / "cmake" / "Kernel.cmake").read_text()
    found = {}
    for name in ("AVX2", "AVX512"):
        match = re.search(rf"set\(ZG_{name}_FLAGS ([^)]*)\)", text)
        assert match, f"cmake/Kernel.cmake has no ZG_{name}_FLAGS"
        found[name.lower()] = match[1].split()
    return found


def isa_sources() -> list[Path]:
    return sorted(path for path in (ROOT / "cpp").rglob("*.cpp") if ISA_SOURCE.search(path.name) and "vendor" not in path.parts)


def test_there_are_isa_files() -> None:
    assert {path.relative_to(ROOT / "cpp").as_posix() for path in isa_sources()} >= {
        "hash/keccak256/avx2.cpp",
        "hash/keccak256/avx512.cpp",
        "merkle/tree/avx2.cpp",
        "merkle/tree/avx512.cpp",
    }


@pytest.mark.slow
@pytest.mark.parametrize("source", isa_sources(), ids=lambda path: path.relative_to(ROOT / "cpp").as_posix())
@pytest.mark.parametrize("optimise", ["-O3", "-O0"])
def test_isa_object_exports_its_table_alone(source: Path, optimise: str, tmp_path: Path) -> None:
    compiler = os.environ.get("CXX") or shutil.which("c++")
    assert compiler, "no C++ compiler, expected the one that builds zerog"
    isa = ISA_SOURCE.search(source.name)
    assert isa
    target = tmp_path / "isa.o"
    command = [
        compiler,
        "-std=gnu++20",
        optimise,
        "-fPIC",
        f"-I{ROOT / 'cpp'}",
        *flags()[isa[2]],
        "-w",
        "-c",
        str(source),
        "-o",
        str(target),
    ]
    subprocess.run(command, check=True, timeout=110)
    listing = subprocess.run(["nm", "-C", str(target)], check=True, capture_output=True, text=True).stdout
    symbols = [
        line.split(maxsplit=2)[-2:] if line.startswith(" ") else line.split(maxsplit=2)[1:] for line in listing.splitlines()
    ]
    shared = [name for kind, name in symbols if kind in "WVuw" and not name.startswith("DW.ref.")]  # a pointer, no code
    assert not shared, f"the linker may share {shared[:5]}"
    exported = [name for kind, name in symbols if kind.isupper() and kind != "U" and not name.startswith("DW.ref.")]
    assert len(exported) == 1, f"expected one exported symbol, the table, found {exported}"


def test_flags_are_not_the_default() -> None:
    """Nothing else is compiled for newer machines: no -march in the build."""
    for path in [ROOT / "CMakeLists.txt", *(ROOT / "cpp" / "cmake").glob("*.cmake")]:
        assert "-march=" not in path.read_text(), f"{path.name} compiles everything for one machine"

"""Make the Python messages of the ``.proto`` files here with grpcio-tools 1.76.0, whose output runs on protobuf 6 and 7.

Services are built from their descriptors (``runtime/rpc_grpc.py``), so that hostile bytes are parsed in one place; there are no
stub classes. A chore for ``make proto`` and for the test that compares; the package never runs it.

usage: python python/zerog/wire/proto/compile.py [output folder]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = HERE.parents[2]


def generate() -> dict[str, str]:
    """Every generated file by its name, as text."""
    protos = [str(path.relative_to(SOURCES)) for path in sorted(HERE.glob("*.proto"))]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "grpc_tools.protoc", f"-I{SOURCES}"]
        command += [f"--python_out={folder}", f"--pyi_out={folder}", *protos]
        subprocess.run(command, check=True, cwd=SOURCES)
        return {path.name: path.read_text() for path in Path(folder).rglob("*_pb2*.py*")}


def main() -> None:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    for name, text in generate().items():
        (target / name).write_text(text)


if __name__ == "__main__":
    main()

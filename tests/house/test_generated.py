"""Pages and stubs made from code are what the code says now."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from zerog.wire.proto import compile as proto

ROOT = Path(__file__).resolve().parents[2]


def test_generated_files_are_in_step() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "generate.py", "--check"], capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_messages_are_made_of_their_protos() -> None:
    made = proto.generate()
    here = {path.name: path.read_text() for path in Path(proto.__file__).parent.glob("*_pb2*.py*")}
    assert made == here


def test_bn254_constants_are_derived() -> None:
    generator = ROOT / "cpp" / "field" / "gen_constants.py"
    text = subprocess.run([sys.executable, generator], capture_output=True, text=True, check=True, timeout=60).stdout
    assert text == (ROOT / "cpp" / "field" / "bn254_constants.hpp").read_text()

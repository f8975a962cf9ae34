"""What a command loads: a transfer of one small file is over sooner than the servers of other commands are imported."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("aiohttp", "cryptography", "grpc", "numpy", "prometheus_client", "rich", "rocksdict", "zerog.storage.service")
TREE = """
from zerog.storage.layout import FileTree
tree = FileTree.from_buffer(bytes(600_000))
tree.proof(2), tree.segment_roots
"""


def loaded(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(*sys.modules, sep='\\n')"],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("code", "more"),
    [
        ("from zerog.cli.main import assemble\nassemble('storage')\nimport zerog.sdk.storage", ()),
        (TREE, ()),
        ("import zerog.sdk.payer, zerog.devnet.topology", ("cryptography",)),  # keys
    ],
    ids=["files", "trees and proofs", "paying"],
)
def test_a_transfer_loads_what_it_uses(code: str, more: tuple[str, ...]) -> None:
    assert loaded(code) & set(HEAVY) <= set(more)


def test_one_noun_is_loaded_when_it_is_named() -> None:
    found = loaded("from zerog.cli.main import assemble\nassemble('config')")
    assert "zerog.cli.config" in found
    assert not found & {"zerog.cli.storage", "zerog.cli.chain", "zerog.cli.devnet"}


def test_all_of_them_when_none_is() -> None:
    found = loaded("from zerog.cli.main import NOUNS, assemble\nassemble('--help')")
    assert {"zerog.cli.storage", "zerog.cli.chain", "zerog.cli.devnet", "zerog.cli.doctor"} <= found

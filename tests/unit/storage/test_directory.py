"""storage.directory: the codec's bytes, both versions, and every way out of a directory that a stranger could write."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from zerog.errors import InvalidInput
from zerog.primitives.hashing import keccak256
from zerog.storage import directory
from zerog.storage.directory import Entry

ROOT = b"\x11" * 32


def metadata(top: Any, version: int = 2) -> bytes:
    return bytes(keccak256(b"0g-storage-client-dir-codec")) + version.to_bytes(2, "big") + json.dumps(top).encode()


def with_entry(entry: dict[str, Any]) -> bytes:
    return metadata({"name": "d", "type": "directory", "entries": [entry]})


def test_the_bytes() -> None:
    tree = Entry("top", "directory", entries=(
        Entry("a.txt", "file", (ROOT,), 5), Entry("empty", "file"), Entry("sub", "directory", entries=(
            Entry("up", "symbolic", link="../a.txt"),)),
    ))  # fmt: skip
    made = directory.encode(tree)
    assert made[:34] == bytes(keccak256(b"0g-storage-client-dir-codec")) + b"\0\1"
    assert json.loads(made[34:]) == {
        "name": "top", "type": "directory", "entries": [
            {"name": "a.txt", "type": "file", "hash": "0x" + "11" * 32, "size": 5},
            {"name": "empty", "type": "file", "hash": "0x" + "00" * 32},
            {"name": "sub", "type": "directory", "entries": [{"name": "up", "type": "symbolic", "link": "../a.txt"}]},
        ],
    }  # fmt: skip
    assert directory.decode(made) == tree
    assert [path for path, _ in directory.walk(tree)] == [("a.txt",), ("empty",), ("sub",), ("sub", "up")]


def test_files_of_several_fragments_need_version_2() -> None:
    tree = Entry("", "directory", entries=(Entry("empty", "file"), Entry("long", "file", (ROOT, b"\x12" * 32), 9)))
    made = directory.encode(tree)
    assert made[32:34] == b"\0\2"
    assert json.loads(made[34:])["entries"] == [
        {"name": "empty", "type": "file"},
        {"name": "long", "type": "file", "roots": ["0x" + "11" * 32, "0x" + "12" * 32], "size": 9},
    ]
    assert directory.decode(made) == tree


def test_version_1_has_one_hash() -> None:
    top = {"name": "", "type": "directory", "entries": [{"name": "f", "type": "file", "hash": "0x" + "11" * 32, "size": 9}]}
    assert directory.decode(metadata(top, 1)).entries == (Entry("f", "file", (ROOT,), 9),)


@pytest.mark.parametrize("given", [{"hash": "0x" + "00" * 32}, {"roots": ["0x" + "00" * 32]}, {"roots": []}, {}])
def test_an_empty_file_may_carry_a_root_of_zeros(given: dict[str, object]) -> None:
    """The Go client writes one."""
    top = {"name": "", "type": "directory", "entries": [{"name": "f", "type": "file", **given}]}
    (entry,) = directory.decode(metadata(top, 1)).entries
    assert (entry.size, entry.roots) == (0, ())


def test_a_root_needs_a_size() -> None:
    for entry in ({"hash": "0x" + "11" * 32}, {"size": 9}, {"roots": ["0x" + "00" * 32] * 2}):
        top = {"name": "", "type": "directory", "entries": [{"name": "f", "type": "file", **entry}]}
        with pytest.raises(InvalidInput, match="a size, and roots exactly when"):
            directory.decode(metadata(top, 1))


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../up", "/etc/passwd", "a/b", "a\\..\\b", "..\\up", "C:evil", "nul\0", "line\nfeed", "x" * 256, "del\x7f",
     "\ud800", 5, None],
)  # fmt: skip
def test_names_that_lead_elsewhere(name: Any) -> None:
    stored = {"type": "file", "size": 1, "roots": ["0x" + "11" * 32]}
    for kind in (stored, {"type": "directory"}, {"type": "symbolic", "link": "x"}):
        with pytest.raises(InvalidInput):
            directory.decode(with_entry({"name": name, **kind}))


@pytest.mark.parametrize(
    "link", ["", "/", "/etc/passwd", "..", "../x", "a/../../x", "a/..", "x\\y", "nul\0", "./../x", 7, None]
)
def test_links_that_lead_out(link: Any) -> None:
    with pytest.raises(InvalidInput):
        directory.decode(with_entry({"name": "l", "type": "symbolic", "link": link}))


def test_links_that_stay() -> None:
    inner = {"name": "sub", "type": "directory", "entries": [{"name": "l", "type": "symbolic", "link": "../b/c"}]}
    assert directory.decode(with_entry(inner)).entries[0].entries[0].link == "../b/c"
    inner["entries"][0]["link"] = "../../b"  # type: ignore[index]
    with pytest.raises(InvalidInput, match="leads out"):
        directory.decode(with_entry(inner))


@pytest.mark.parametrize(
    "data",
    [b"", b"hello", metadata({"name": "x", "type": "directory"}, 3), metadata([]), metadata({"name": "f", "type": "file"}),
     directory.MAGIC + b"\0\2{", directory.MAGIC + b"\0\2" + b"[" * 100_000,
     with_entry({"name": "x", "type": "device"}), with_entry({"name": "x", "type": "file", "size": -1}),
     with_entry({"name": "x", "type": "file", "size": 5}),
     with_entry({"name": "x", "type": "file", "roots": ["0x" + "11" * 32]}),
     with_entry({"name": "x", "type": "file", "size": 5, "roots": ["0x11"]}),
     with_entry({"name": "x", "type": "directory", "entries": {"a": 1}}),
     metadata({"name": "", "type": "directory", "entries": [
         {"name": "a", "type": "file"}, {"name": "a", "type": "symbolic", "link": "b"}]})],
    ids=range(14),
)  # fmt: skip
def test_metadata_that_is_none(data: bytes) -> None:
    with pytest.raises(InvalidInput):
        directory.decode(data)


def test_too_deep() -> None:
    top: dict[str, Any] = {"name": "d", "type": "directory"}
    for _ in range(140):
        top = {"name": "d", "type": "directory", "entries": [top]}
    with pytest.raises(InvalidInput, match="depth"):
        directory.decode(metadata(top))


def test_scan_and_build(tmp_path: Path) -> None:
    (tmp_path / "sub" / "deep").mkdir(parents=True)
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "sub" / "b").write_bytes(b"y")
    (tmp_path / "sub" / "l").symlink_to("../a")
    found = list(directory.scan(tmp_path))
    assert [(below, kind) for below, kind, _ in found] == [
        ("a", "file"), ("sub", "directory"), ("sub/b", "file"), ("sub/deep", "directory"), ("sub/l", "symbolic"),
    ]  # fmt: skip
    entries = {
        below: Entry(path.name, kind, link=os.readlink(path) if kind == "symbolic" else "") for below, kind, path in found
    }
    made = directory.build("top", entries)
    assert directory.decode(directory.encode(made)) == made
    assert [path for path, _ in directory.walk(made)] == [("a",), ("sub",), ("sub", "b"), ("sub", "deep"), ("sub", "l")]


def test_scan_refuses_what_cannot_be_stored(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InvalidInput, match="neither a file"):
        list(directory.scan(tmp_path))
    os.unlink(tmp_path / "pipe")
    (tmp_path / "out").symlink_to("/etc/passwd")
    with pytest.raises(InvalidInput, match="link"):
        list(directory.scan(tmp_path))
    with pytest.raises(InvalidInput, match="no directory"):
        list(directory.scan(tmp_path / "none"))

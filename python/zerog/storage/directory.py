"""Directories as files: the metadata that names every file of a tree by its roots, and putting such a tree on disk safely.

Names and links come from strangers. A name is one plain component; a link stays inside the tree; a tree is made in a
private directory beside its target, links last, and moved there whole.

Source: docs/protocol/storage.md, section 1.8.
"""

from __future__ import annotations

import json
import os
import posixpath
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from zerog.errors import InvalidInput
from zerog.primitives.hashing import keccak256
from zerog.types import parse_hash
from zerog.wire.jsonrpc import parse

MAGIC: Final = bytes(keccak256(b"0g-storage-client-dir-codec"))
ONE_ROOT, SEVERAL_ROOTS = 1, 2
"""Versions of the metadata: files with one ``hash``, which every client reads, or with a list ``roots`` of their fragments."""
DEPTH_MAX: Final = 128
ENTRIES_MAX: Final = 1_000_000
METADATA_SIZE_MAX: Final = 1 << 28
_NO_ROOT: Final = "0x" + "00" * 32  # what the Go client writes for an empty file

_ESCAPED: Final = str.maketrans({character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"})
"""As Go's encoder writes them: the same directory then has the same root as from the official client."""
TOP_NAME: Final = "/"
"""What the Go client calls the top, and joins to the path that it downloads to: any other name becomes a folder in between."""

Kind = Literal["file", "directory", "symbolic"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file (``size`` bytes, the roots of its fragments in order), a directory (``entries``) or a link (``link``)."""

    name: str
    kind: Kind
    roots: tuple[bytes, ...] = ()
    size: int = 0
    link: str = ""
    entries: tuple[Entry, ...] = ()

    def to_json(self, version: int = SEVERAL_ROOTS) -> dict[str, Any]:
        """As metadata of a version has it. An empty file has a hash of zeros in the first, no roots in the second."""
        made: dict[str, Any] = {"name": self.name, "type": self.kind}
        if version == ONE_ROOT and self.kind == "file":
            made["hash"] = "0x" + self.roots[0].hex() if self.roots else _NO_ROOT
        elif self.roots:
            made["roots"] = ["0x" + root.hex() for root in self.roots]
        if self.size:
            made["size"] = self.size
        if self.link:
            made["link"] = self.link
        if self.entries:
            made["entries"] = [entry.to_json(version) for entry in self.entries]
        return made


def encode(root: Entry) -> bytes:
    """The metadata file of a directory: of the first version where that can say it, since older clients read no other."""
    if root.kind != "directory":
        raise InvalidInput(f"directory: expected a directory at the top, found a {root.kind}")
    version = SEVERAL_ROOTS if any(len(entry.roots) > 1 for _, entry in walk(root)) else ONE_ROOT
    text = json.dumps(root.to_json(version), ensure_ascii=False, separators=(",", ":")).translate(_ESCAPED)
    return MAGIC + version.to_bytes(2, "big") + text.encode()


def is_metadata(data: bytes) -> bool:
    """Whether a file begins like a directory's metadata."""
    return data[:32] == MAGIC


def decode(data: bytes) -> Entry:
    """The directory that a metadata file describes, every name and link checked.

    Raises:
        InvalidInput: not such a file, another version, or a name or link that leads out of the directory.
    """
    if not is_metadata(data) or len(data) < 34:
        raise InvalidInput("directory: the file does not begin as a directory's metadata; is the root that of a directory?")
    version = int.from_bytes(data[32:34], "big")
    if version not in (1, 2):
        raise InvalidInput(f"directory: expected version 1 or 2, found {version}")
    if len(data) > METADATA_SIZE_MAX:
        raise InvalidInput(f"directory: expected at most {METADATA_SIZE_MAX} bytes of metadata, found {len(data)}")
    try:
        value = parse(data[34:].rstrip(b"\0"))
    except InvalidInput:
        raise InvalidInput("directory: the metadata is not JSON") from None
    counter = [0]
    top = _entry(value, (), counter, top=True)
    if top.kind != "directory":
        raise InvalidInput(f"directory: expected a directory at the top, found a {top.kind}")
    return top


def _entry(value: object, parents: tuple[str, ...], counter: list[int], *, top: bool = False) -> Entry:
    counter[0] += 1
    if counter[0] > ENTRIES_MAX or len(parents) > DEPTH_MAX:
        raise InvalidInput(f"directory: expected at most {ENTRIES_MAX} entries and a depth of {DEPTH_MAX}")
    if not isinstance(value, dict) or not isinstance(value.get("name", ""), str):
        raise InvalidInput("directory: expected objects with name and type")
    name, kind = value.get("name", ""), value.get("type")
    where = "/".join((*parents, name))[:200]
    if not top:
        check_name(name)
    if kind == "directory":
        listed = value.get("entries") or []
        if not isinstance(listed, list):
            raise InvalidInput(f"directory: entries of {where!r}: expected a list")
        inside = () if top else (*parents, name)
        entries = tuple(_entry(item, inside, counter) for item in listed)
        names = [entry.name for entry in entries]
        if len(set(names)) != len(names):
            raise InvalidInput(f"directory: {where!r} has two entries of one name")
        return Entry(name, "directory", entries=entries)
    if kind == "symbolic":
        link = value.get("link")
        if not isinstance(link, str):
            raise InvalidInput(f"directory: link of {where!r}: expected text")
        check_link(parents, link)
        return Entry(name, "symbolic", link=link)
    if kind != "file":
        raise InvalidInput(f"directory: type of {where!r}: expected file, directory or symbolic, found {str(kind)[:40]!r}")
    size, roots = value.get("size", 0), value.get("roots") or ([value["hash"]] if value.get("hash") else [])
    if size == 0 and roots == [_NO_ROOT]:
        roots = []
    if type(size) is not int or not 0 <= size <= 1 << 56 or not isinstance(roots, list) or bool(roots) != bool(size):
        raise InvalidInput(f"directory: {where!r}: expected a size, and roots exactly when it is not 0")
    return Entry(name, "file", tuple(parse_hash(root, f"root of {where!r}") for root in roots), size)


def check_name(name: str) -> None:
    """Refuse a name that is not one plain component of a path.

    Raises:
        InvalidInput: empty, ``.``, ``..``, a separator of any system, a control character, or over 255 bytes.
    """
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        size = 0
    if (
        name in ("", ".", "..")
        or not 1 <= size <= 255
        or any(character in "/\\" or ord(character) < 32 or ord(character) == 127 for character in name)
        or (len(name) > 1 and name[1] == ":")
    ):
        raise InvalidInput(f"directory: {name[:80]!r} is no name for a file here: it must be one plain component of a path")


def check_link(parents: tuple[str, ...], link: str) -> None:
    """Refuse a link that leads out of the tree: absolute, or with more ``..`` than it has directories above it.

    Raises:
        InvalidInput: it does.
    """
    if not link or len(link) > 4096 or link.startswith("/") or "\\" in link or any(ord(c) < 32 or ord(c) == 127 for c in link):
        raise InvalidInput(f"directory: the link {link[:80]!r} is refused: it must be relative and stay inside the directory")
    # ``..`` counts only at the front: behind a name that is itself a link it could lead anywhere.
    parts = [part for part in link.split("/") if part not in ("", ".")]
    ups = next((count for count, part in enumerate(parts) if part != ".."), len(parts))
    if ups > len(parents) or ".." in parts[ups:]:
        raise InvalidInput(f"directory: the link {link[:80]!r} leads out of the directory")


def scan(path: Path) -> Iterator[tuple[str, Kind, Path]]:
    """What a directory holds, directories before what is in them: (path below it, kind, where). Links are not followed.

    Raises:
        InvalidInput: a socket, a device, or a name or link that no reader would take.
    """
    if not path.is_dir():
        raise InvalidInput(f"{path} is no directory")
    waiting: list[tuple[str, ...]] = [()]
    while waiting:
        parents = waiting.pop()
        with os.scandir(path.joinpath(*parents)) as listing:
            found = sorted(listing, key=lambda item: item.name)
        for item in found:
            check_name(item.name)
            below, mode = posixpath.join(*parents, item.name), item.stat(follow_symlinks=False).st_mode
            if stat.S_ISLNK(mode):
                check_link(parents, os.readlink(item.path))
                yield below, "symbolic", Path(item.path)
            elif stat.S_ISDIR(mode):
                yield below, "directory", Path(item.path)
                waiting.append((*parents, item.name))
            elif stat.S_ISREG(mode):
                yield below, "file", Path(item.path)
            else:
                raise InvalidInput(f"{item.path} is neither a file, a directory nor a link; it cannot be stored")


def build(name: str, found: dict[str, Entry]) -> Entry:
    """A directory out of its entries by path below it, as ``scan`` names them."""

    inside: dict[str, list[str]] = {"": []}
    for below in sorted(found):
        inside.setdefault(posixpath.dirname(below), []).append(below)

    def directory(below: str, own: str) -> Entry:
        entries = []
        for path in inside.get(below, []):
            entry = found[path]
            entries.append(directory(path, entry.name) if entry.kind == "directory" else entry)
        return Entry(own, "directory", entries=tuple(entries))

    return directory("", name)


def walk(top: Entry, parents: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Entry]]:
    """Every entry below a directory with its path, directories before what is in them."""
    for entry in top.entries:
        yield (*parents, entry.name), entry
        if entry.kind == "directory":
            yield from walk(entry, (*parents, entry.name))

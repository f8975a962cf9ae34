"""What names an erasure-coded file: its own root, the parity's root, and the root of every segment of both.

The manifest is itself an ordinary file of the log. The tags of its submission name the data file, so every node can tell which
manifests there are for a root. Nothing in it is believed for who sent it: the segment roots must lead to the file roots.

Source: docs/protocol/erasure.md.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final, NamedTuple

from zerog.errors import InvalidInput
from zerog.primitives import merkle
from zerog.primitives.erasure import SHARDS_MAX, Field
from zerog.storage.layout import SEGMENT, Layout, Proof, file_layout, zero_root

if TYPE_CHECKING:
    from typing_extensions import Buffer

MAGIC: Final = b"zerog-erasure-1\0"
MANIFEST_SIZE_MAX: Final = 64 << 20
_HEAD: Final = struct.Struct(">16sB3xIIIQ32sQ32s")
# A stripe is held in memory when it is read or repaired: 256 MiB of segments at this many.
STRIPE_SEGMENTS_MAX: Final = 1024
_FIELDS: Final[dict[int, Field]] = {1: "gf256", 2: "gf65536"}
_FIELD_NUMBERS: Final = {field: number for number, field in _FIELDS.items()}
_TAG_MANIFEST, _TAG_PARITY = 1, 2
TAG_SIZE: Final = len(MAGIC) + 1 + 32


@dataclass(frozen=True, slots=True)
class Code:
    """``data`` segments of a file and ``parity`` more make a stripe; any ``data`` of them give all.

    ``field`` is that of ``zerog.primitives.erasure``: ``gf256`` holds 256 segments, ``gf65536`` is for more.

    Raises:
        InvalidInput: nothing of data or of parity, more segments than the field or ``STRIPE_SEGMENTS_MAX`` allow.
    """

    data: int
    parity: int
    field: Field = field(default="gf256", kw_only=True)

    def __post_init__(self) -> None:
        most = SHARDS_MAX if self.field == "gf256" else STRIPE_SEGMENTS_MAX
        if self.field not in _FIELD_NUMBERS:
            raise InvalidInput(f"erasure code: expected the field gf256 or gf65536, found {self.field!r}")
        if self.data < 1 or self.parity < 1 or self.data + self.parity > most:
            raise InvalidInput(
                f"erasure code: expected at least 1+1 and at most {most} segments in a stripe over {self.field}, found {self}"
            )

    @classmethod
    def of(cls, data: int, parity: int) -> Code:
        """The code of this width over the field that is usual for it."""
        return cls(data, parity, field=_usual(data, parity))

    @classmethod
    def parse(cls, text: str) -> Code:
        """``10+4``: ten of data, four of parity. ``10+4:gf65536`` names the field, which else follows from the width."""
        shape, colon, named = text.partition(":")
        data, plus, parity = shape.partition("+")
        digits = data.isascii() and data.isdigit() and parity.isascii() and parity.isdigit()
        found = next((known for known in _FIELDS.values() if known == named), None)
        if not plus or not digits or len(shape) > 12 or (colon and found is None):
            raise InvalidInput(f"erasure code: expected data+parity such as 10+4, found {text[:40]!r}")
        return cls.of(int(data), int(parity)) if found is None else cls(int(data), int(parity), field=found)

    def __str__(self) -> str:
        shape = f"{self.data}+{self.parity}"
        return shape if self.field == _usual(self.data, self.parity) else f"{shape}:{self.field}"


def _usual(data: int, parity: int) -> Field:
    return "gf256" if data + parity <= SHARDS_MAX else "gf65536"


class Tag(NamedTuple):
    """What the tags of a submission say: that it is the manifest or the parity of a file."""

    is_manifest: bool
    data_root: bytes

    def encode(self) -> bytes:
        return MAGIC + bytes([_TAG_MANIFEST if self.is_manifest else _TAG_PARITY]) + self.data_root


def read_tag(tags: bytes) -> Tag | None:
    """The tag of a submission of this class, None for any other tags."""
    if len(tags) != TAG_SIZE or not tags.startswith(MAGIC) or tags[16] not in (_TAG_MANIFEST, _TAG_PARITY):
        return None
    return Tag(tags[16] == _TAG_MANIFEST, tags[17:])


@dataclass(frozen=True)
class Part:
    """One of the two files of a set, down to its segments: enough to check any of them, and to prove it to a node."""

    root: bytes
    size: int
    segment_roots: tuple[bytes, ...]

    @cached_property
    def layout(self) -> Layout:
        return file_layout(self.size)

    @cached_property
    def _tree(self) -> merkle.Tree:
        return _tree(self.layout, self.segment_roots)

    def check(self) -> None:
        """``InvalidInput`` unless the segment roots lead to the root."""
        if len(self.segment_roots) != self.layout.data_segments or self._tree.root != self.root:
            raise InvalidInput(f"manifest: the segment roots do not lead to file 0x{self.root.hex()}")

    def proof(self, index: int) -> Proof:
        """The proof of a segment, as servers exchange it."""
        path = self._tree.proof(index)
        leaf = self.segment_roots[index]
        if not len(path.path):
            return Proof((leaf,), ())
        return Proof(
            (leaf, *(row.tobytes() for row in path.siblings), self.root), tuple(side != 0 for side in path.path.tolist())
        )

    def has(self, index: int, data: Buffer) -> bool:
        """Whether these bytes are the segment: the whole of it, as it is sent."""
        view = memoryview(data).cast("B")
        if view.nbytes != self.layout.segment_size(index):
            return False
        return merkle.segment_root(view, self.layout.segment_leaves(index)) == self.segment_roots[index]


def _tree(layout: Layout, segment_roots: Sequence[bytes]) -> merkle.Tree:
    """The proof tree over the segments; those behind the data carry zeros."""
    rest = range(layout.data_segments, layout.tree_segments)
    zeros = [_zero_segment(layout.segment_leaves(index)) for index in rest]
    return merkle.tree(b"".join([*segment_roots, *zeros]))


def _zero_segment(leaves: int) -> bytes:
    if leaves & (leaves - 1) == 0:
        return zero_root(leaves.bit_length() - 1)
    return merkle.segment_root(b"", leaves)


@dataclass(frozen=True)
class Manifest:
    """A file and its parity.

    Stripe ``i`` has the data segments from ``i · k`` on, at most k of them, and the parity segments ``i · m`` to
    ``i · m + m - 1`` of the parity file. Where the file ends inside a stripe, the segments behind it count as zeros and are
    stored nowhere. A file of one segment has no parity file: copies of the segment do the same.
    """

    code: Code
    data: Part
    parity: Part | None

    @property
    def stripes(self) -> int:
        return -(-self.data.layout.data_segments // self.code.data)

    def width(self, stripe: int) -> int:
        """Data segments of a stripe: k, or fewer in the last one."""
        return min(self.code.data, self.data.layout.data_segments - stripe * self.code.data)

    @property
    def copies(self) -> int:
        """How many nodes should hold a segment that no parity protects: as many as survive the code's losses."""
        return self.code.parity + 1

    def encode(self) -> bytes:
        parity = self.parity
        head = _HEAD.pack(
            MAGIC, _FIELD_NUMBERS[self.code.field], self.code.data, self.code.parity, SEGMENT, self.data.size, self.data.root,
            0 if parity is None else parity.size, bytes(32) if parity is None else parity.root,
        )  # fmt: skip
        return head + b"".join(self.data.segment_roots) + (b"" if parity is None else b"".join(parity.segment_roots))

    @classmethod
    def decode(cls, raw: bytes) -> Manifest:
        """The reverse of ``encode``, checked: sizes fit the code, and both roots follow from the segment roots.

        Raises:
            InvalidInput: anything else.
        """
        if len(raw) < _HEAD.size or len(raw) > MANIFEST_SIZE_MAX or raw[:16] != MAGIC:
            raise InvalidInput("not the manifest of an erasure-coded file")
        _, number, k, m, segment, size, root, parity_size, parity_root = _HEAD.unpack_from(raw)
        if number not in _FIELDS or segment != SEGMENT or raw[17:20] != bytes(3):
            raise InvalidInput(f"manifest: field {number} with segments of {segment} bytes is not known here")
        code = Code(k, m, field=_FIELDS[number])
        if not 1 <= size <= 1 << 56:
            raise InvalidInput(f"manifest: a file of {size} bytes")
        count = file_layout(size).data_segments
        parity_count = 0 if count == 1 else -(-count // k) * m
        if parity_size != parity_count * SEGMENT or (parity_size == 0 and any(parity_root)):
            raise InvalidInput(f"manifest: expected {parity_count} segments of parity, found {parity_size} bytes")
        if len(raw) != _HEAD.size + 32 * (count + parity_count):
            raise InvalidInput(f"manifest: expected {count + parity_count} segment roots")
        roots = tuple(raw[at : at + 32] for at in range(_HEAD.size, len(raw), 32))
        data = Part(root, size, roots[:count])
        parity = Part(parity_root, parity_size, roots[count:]) if parity_count else None
        data.check()
        if parity is not None:
            parity.check()
        return cls(code, data, parity)

"""Segments with their proofs as plain bytes: what our own client and node exchange beside the JSON of the protocol.

A body is frames one after another. A frame is a head (big-endian: root, file size, index, bytes of data, hashes of the
lemma, steps of the path), the path (a byte a step, 1 where the running node is the left child), the lemma, the data. It says
what a segment's JSON says, and is believed as little: proofs are checked by whoever receives it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from zerog.errors import InvalidInput
from zerog.storage.layout import SEGMENT, Proof, Segment

if TYPE_CHECKING:
    from typing_extensions import Buffer

CONTENT_TYPE: Final = "application/vnd.zerog.segments"
PATH: Final = "/segments"
_HEAD: Final = struct.Struct(">32sQQIBB")
_LEMMA_MAX, _PATH_MAX = 66, 64
FRAME_SIZE_MAX: Final = _HEAD.size + _PATH_MAX + 32 * _LEMMA_MAX + SEGMENT


def encode(segments: Sequence[Segment]) -> list[Buffer]:
    """The body of segments in pieces; the data are the callers' own buffers, not copied."""
    pieces: list[Buffer] = []
    for segment in segments:
        proof = segment.proof
        head = _HEAD.pack(segment.root, segment.file_size, segment.index, len(segment.data), len(proof.lemma), len(proof.path))
        pieces += (b"".join((head, proof.packed_path, *proof.lemma)), segment.data)
    return pieces


def decode(body: Buffer, count_max: int) -> list[Segment]:
    """The segments of a body; their data are views of it.

    Raises:
        InvalidInput: a body that does not end with a frame, more than ``count_max`` of them, or one with more data, hashes or
            steps than any segment has.
    """
    view, at = memoryview(body).cast("B"), 0
    found: list[Segment] = []
    while at < len(view):
        if len(found) == count_max:
            raise InvalidInput(f"segments: expected at most {count_max}")
        if len(view) - at < _HEAD.size:
            raise InvalidInput("segments: the last frame is cut off")
        root, file_size, index, size, lemma_count, path_count = _HEAD.unpack_from(view, at)
        at += _HEAD.size
        if size > SEGMENT or lemma_count > _LEMMA_MAX or path_count > _PATH_MAX:
            raise InvalidInput(
                f"segments: expected at most {SEGMENT} bytes, {_LEMMA_MAX} hashes and {_PATH_MAX} steps in a frame"
            )
        if len(view) - at < path_count + 32 * lemma_count + size:
            raise InvalidInput("segments: the last frame is cut off")
        path, at = bytes(view[at : at + path_count]), at + path_count
        if any(side > 1 for side in path):
            raise InvalidInput("segments: expected steps of 0 or 1")
        lemma, at = bytes(view[at : at + 32 * lemma_count]), at + 32 * lemma_count
        proof = Proof(tuple(lemma[i : i + 32] for i in range(0, len(lemma), 32)), tuple(side == 1 for side in path))
        found.append(Segment(root, view[at : at + size], index, proof, file_size))
        at += size
    return found

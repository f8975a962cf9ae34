"""erasure_*: which segments of a file a node holds, and which erasure-coded files there are. Answers are claims; the bytes are
proven when they are read.

Source: docs/protocol/erasure.md, methods.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, Final

from zerog.runtime.offload import Offload
from zerog.runtime.rpc_http import Method
from zerog.storage.ingest import invalid_params
from zerog.storage.rpc import Arguments, as_hash, guarded
from zerog.storage.store import Store

SUBMISSIONS_MAX: Final = 16
MANIFESTS_MAX: Final = 1000


class ErasureSurface:
    """erasure_*.

    Args:
        lane: threads for reads.
    """

    def __init__(self, store: Store, lane: Offload) -> None:
        self._store, self._lane = store, lane

    def methods(self) -> dict[str, Method]:
        return guarded({"erasure_getSegments": self._segments, "erasure_getManifests": self._manifests})

    async def _segments(self, given: Arguments) -> list[dict[str, Any]]:
        """For each submission of a root (the first 16): number, size, place in the flow, and a bit for every segment here."""
        root = given.hash(0, "root")
        return await self._lane.run(self._held, root)

    def _held(self, root: bytes) -> list[dict[str, Any]]:
        store, told = self._store, []
        for seq in store.seqs_of(root)[:SUBMISSIONS_MAX]:
            tx = store.find_tx(seq)
            if tx is None or store.pruned(seq):
                continue
            bits = bytearray(-(-tx.layout.data_segments // 8))
            for index in store.present(seq):
                bits[index >> 3] |= 1 << (index & 7)
            told.append({"seq": seq, "size": tx.size, "startSegment": tx.start_segment, "segments": "0x" + bits.hex()})
        return told

    async def _manifests(self, given: Arguments) -> dict[str, Any]:
        """Manifests of one file, or of all files from a cursor on, at most 1000 in one answer."""
        wanted, cursor = given.value(0, "root", optional=True), given.value(1, "cursor", optional=True)
        start, stop = b"", None
        if wanted is not None:
            start = as_hash(wanted, "root")
            stop = start + b"\xff" * 9
        if cursor is not None:
            try:
                after = bytes.fromhex(cursor.removeprefix("0x")) if isinstance(cursor, str) else b""
            except ValueError:
                after = b""
            if len(after) != 40:
                raise invalid_params("cursor", "expected 0x and 80 hex digits")
            start = max(start, after + b"\0")
        return await self._lane.run(self._listed, start, stop)

    def _listed(self, start: bytes, stop: bytes | None) -> dict[str, Any]:
        rows = list(islice(self._store.manifests(start, stop), MANIFESTS_MAX + 1))
        files = [{"data": "0x" + data.hex(), "manifest": "0x" + root.hex(), "seq": seq} for data, seq, root in rows]
        more = len(rows) > MANIFESTS_MAX
        last = rows[MANIFESTS_MAX - 1] if more else None
        return {"files": files[:MANIFESTS_MAX], "next": None if last is None else f"0x{last[0].hex()}{last[1]:016x}"}

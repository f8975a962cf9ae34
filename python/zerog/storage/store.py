"""What a node keeps: submissions, the flow's tree, segments with their proofs, and how far the log has been read.

Everything lies in the key-value store, where each record carries a digest; a damaged record is ``Corrupt`` when read and is
never served. What an answer to an upload promises is on the disk before the answer.

Order of writing makes crashes safe: a page of the log is one batch (files, tree, progress); segments are one batch with their
proofs; a file becomes finalized by a batch of its own afterwards, and at start every file that has all its segments but not
that mark gets it.

Calls block and are safe for many threads: the event loop sends them to ``Offload``.
"""

from __future__ import annotations

import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import msgspec

from zerog.errors import Conflict, Corrupt, InvalidInput, NotFound
from zerog.primitives import merkle
from zerog.storage import layout, shards
from zerog.storage.api import FileInfo, Shard, Tx, TxId, segment_range
from zerog.storage.erasure.manifest import read_tag
from zerog.storage.layout import SECTOR, SECTORS_PER_SEGMENT, Proof
from zerog.store.kv import Batch, Kv

FAMILIES: Final = {
    "tx": False,
    "roots": False,
    "status": False,
    "segments": True,
    "proofs": False,
    "flow": False,
    "flow_roots": False,
    "blocks": False,
    "misc": False,
    "erasure": False,
    "sealed": True,
    "seals": False,
}

REVERTED: Final = "Transaction reverted when uploading segments, please try again"
DUPLICATE: Final = "segment has already been uploaded or is being uploaded"
_FINALIZED, _PRUNED = 1, 2
_COPY_BATCH = 16
_SHARD_KEYS = (b"shard", b"shard_configured")
_TX = msgspec.msgpack.Encoder()


class Position(NamedTuple):
    """A block of the chain."""

    number: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class NewSegment:
    """A segment whose bytes have been checked against its proof (``layout.check_segments``)."""

    id: TxId
    index: int
    data: Any
    proof: Proof


class Store:
    """The records of one storage node over ``kv``, which has ``FAMILIES``.

    Args:
        sync: whether acknowledged writes are flushed to the disk.
        shard: the configured part of the flow (None: as it was). After a change files that lack segments of the new part are
            unfinished again; segments outside it stay until ``drop_outside`` deletes them.

    Raises:
        Corrupt: the tree does not fit its submissions.
    """

    def __init__(self, kv: Kv, *, shard: Shard | None = None, sync: bool = True) -> None:
        self.kv = kv
        self._sync = sync
        self._lock = threading.RLock()
        self._present: dict[int, set[int]] = {}
        self._status: dict[int, int] = {}
        self.on_finalized: Callable[[Tx], None] = lambda tx: None
        kept, before = (None if row is None else Shard.parse(row.decode()) for row in kv.get_many("misc", _SHARD_KEYS))
        configured = shard or before or kept or Shard()
        self._shard = shards.settle(configured, kept, before)
        self.tree = merkle.FlowTree.from_rows(kv.scan("flow"))
        last = next(iter(kv.scan("tx", reverse=True)), None)
        self._next_seq = 0 if last is None else _number(last[0]) + 1
        if self.tree.submission_count != self._next_seq:
            raise Corrupt(f"flow: expected {self._next_seq} submissions in the tree, found {self.tree.submission_count}")
        progress = kv.get("misc", b"progress")
        self._progress = None if progress is None else Position(_number(progress[:8]), progress[8:])
        for key, value in kv.scan("status"):
            self._status[_number(key)] = value[0]
        if (kept, before) != (self._shard, configured):
            self._take_shard(configured, changed=kept not in (None, self._shard))
        for seq in self.unfinished():
            self._finish_if_complete(self.tx(seq))

    def _take_shard(self, configured: Shard, *, changed: bool) -> None:
        """Write down the shard; after a change, and in the same batch, which files are not complete any more."""
        batch = Batch()
        for key, value in zip(_SHARD_KEYS, (self._shard, configured), strict=True):
            batch.put("misc", key, str(value).encode())
        lacking = [seq for seq in self._status if changed and self.finalized(seq) and self.missing(self.tx(seq))]
        for seq in lacking:
            batch.delete("status", _key(seq))
        self.kv.write(batch, sync=self._sync)
        for seq in lacking:
            del self._status[seq]

    # --- the log ------------------------------------------------------------------------------------------------------

    @property
    def shard(self) -> Shard:
        return self._shard

    @property
    def next_seq(self) -> int:
        return self._next_seq

    @property
    def progress(self) -> Position | None:
        """The last block whose submissions are all here."""
        return self._progress

    def identity(self, chain_id: int, flow: bytes) -> None:
        """Bind the directory to one chain and flow contract at the first call, and hold it to them afterwards.

        Raises:
            Conflict: it belongs to another.
        """
        wanted = struct.pack(">Q", chain_id) + flow
        kept = self.kv.get("misc", b"identity")
        if kept is None:
            batch = Batch()
            batch.put("misc", b"identity", wanted)
            self.kv.write(batch, sync=self._sync)
        elif kept != wanted:
            raise Conflict(
                f"this directory belongs to chain {_number(kept[:8])}, flow 0x{kept[8:].hex()}; "
                f"found chain {chain_id}, flow 0x{flow.hex()}"
            )

    def put_page(self, txs: Sequence[Tx], position: Position, *, blocks_kept: int = 1024) -> None:
        """The next submissions in order, and the block up to which the log is complete with them: all or nothing.

        Raises:
            InvalidInput: a number that is not the next one, or a place that the flow's rules do not give. Nothing is kept.
        """
        with self._lock:
            batch = Batch()
            next_seq, length = self._next_seq, self.tree.length
            try:
                for tx in txs:
                    if tx.seq != next_seq:
                        raise InvalidInput(f"seq: expected {next_seq}, found {tx.seq}")
                    submission = self.tree.submit(tx.nodes, start=tx.start_entry)
                    key = _key(tx.seq)
                    batch.put("tx", key, _encode(tx))
                    batch.put("roots", tx.root + key, b"\1")
                    batch.put("flow_roots", submission.flow_root, key)
                    tag = read_tag(tx.tags)
                    if tag is not None and tag.is_manifest:
                        batch.put("erasure", tag.data_root + key, tx.root)
                    next_seq += 1
            except InvalidInput:
                if self.tree.length != length:
                    self.tree.revert(length)
                    self.tree.take_rows()
                raise
            self._put_tree_rows(batch)
            batch.put("misc", b"progress", _key(position.number) + position.hash)
            batch.put("blocks", _key(position.number), position.hash)
            oldest = [key for key, _ in self.kv.scan("blocks")]
            for key in oldest[: max(0, len(oldest) - blocks_kept)]:
                batch.delete("blocks", key)
            self.kv.write(batch, sync=self._sync)
            self._next_seq = next_seq
            self._progress = position
        for tx in txs:
            self._finish_if_complete(tx)

    def blocks(self) -> Iterator[Position]:
        """Blocks that were ends of pages, the newest first: where a fork can be looked for."""
        for key, value in self.kv.scan("blocks", reverse=True):
            yield Position(_number(key), value)

    def revert(self, position: Position | None, *, keep: int | None = None) -> list[Tx]:
        """Forget what came after a block (None: everything), or from submission ``keep`` on; returns what was dropped.

        Data uploaded for a dropped submission goes with it.
        """
        with self._lock:
            number = -1 if position is None else position.number
            dropped = []
            first = self._next_seq
            while first > 0:
                tx = self.tx(first - 1)
                if tx.block_number <= number and (keep is None or tx.seq < keep):
                    break
                dropped.append(tx)
                first -= 1
            batch = Batch()
            for tx in dropped:
                key = _key(tx.seq)
                batch.delete("tx", key)
                batch.delete("roots", tx.root + key)
                batch.delete("status", key)
                batch.delete("flow_roots", self.tree.root_after(tx.seq))
                tag = read_tag(tx.tags)
                if tag is not None and tag.is_manifest:
                    batch.delete("erasure", tag.data_root + key)
                for index in self._have(tx.seq):
                    batch.delete("segments", key + _index(index))
                    batch.delete("proofs", key + _index(index))
            if dropped:
                self.tree.revert(self.tree.submission(first - 1).length if first else 1)
                self._put_tree_rows(batch)
            for block in self.blocks():
                if block.number > number:
                    batch.delete("blocks", _key(block.number))
            if position is None:
                batch.delete("misc", b"progress")
            else:
                batch.put("misc", b"progress", _key(position.number) + position.hash)
            self.kv.write(batch, sync=self._sync)
            for tx in dropped:
                self._present.pop(tx.seq, None)
                self._status.pop(tx.seq, None)
            self._next_seq = first
            self._progress = position
            return dropped

    def find_tx(self, seq: int) -> Tx | None:
        """A file by its number, None for one that is not in the log."""
        if not 0 <= seq < self._next_seq:
            return None
        record = self.kv.get("tx", _key(seq))
        return None if record is None else _decode(record)

    def tx(self, seq: int) -> Tx:
        """A file by its number.

        Raises:
            NotFound: there is none.
        """
        found = self.find_tx(seq)
        if found is None:
            raise NotFound("tx not found")
        return found

    def seqs_of(self, root: bytes) -> list[int]:
        """All files with this root, ascending."""
        return [_number(key[32:]) for key, _ in self.kv.scan("roots", root + bytes(8), root + b"\xff" * 9)]

    def tx_of_root(self, root: bytes, *, need_available: bool = False) -> Tx | None:
        """The file that answers for a root: the first finalized one; else the first that is not pruned; else, unless it must
        be available, the first."""
        seqs = self.seqs_of(root)
        for seq in seqs:
            if self.finalized(seq):
                return self.find_tx(seq)
        for seq in seqs:
            if not self.pruned(seq):
                return self.find_tx(seq)
        return self.find_tx(seqs[0]) if seqs and not need_available else None

    def tx_at(self, flow_segment: int) -> list[Tx]:
        """The files that have sectors in a segment of the flow, ascending."""
        low, high = 0, self._next_seq
        first_sector, end_sector = flow_segment * SECTORS_PER_SEGMENT, (flow_segment + 1) * SECTORS_PER_SEGMENT
        while low < high:
            middle = (low + high) // 2
            if self.tree.submission(middle).length <= first_sector:
                low = middle + 1
            else:
                high = middle
        found = []
        while low < self._next_seq and self.tree.submission(low).start < end_sector:
            found.append(self.tx(low))
            low += 1
        return found

    def manifests(self, start: bytes = b"", stop: bytes | None = None) -> Iterator[tuple[bytes, int, bytes]]:
        """The manifests of erasure-coded files: (root of the file, number of the manifest, its root), by root of the file."""
        for key, root in self.kv.scan("erasure", start, stop):
            yield key[:32], _number(key[32:]), root

    def is_coded(self, tx: Tx) -> bool:
        """Whether a file is part of an erasure-coded one. Its segments may then lie on nodes of any shard."""
        return read_tag(tx.tags) is not None or next(self.manifests(tx.root, tx.root + b"\xff" * 9), None) is not None

    # --- state of files -----------------------------------------------------------------------------------------------

    def finalized(self, seq: int) -> bool:
        """Whether all segments of a file that belong to this node's shard are here."""
        return bool(self._status.get(seq, 0) & _FINALIZED)

    def pruned(self, seq: int) -> bool:
        return bool(self._status.get(seq, 0) & _PRUNED)

    def unfinished(self) -> list[int]:
        """Files that still want segments, ascending."""
        return [seq for seq in range(self._next_seq) if not self._status.get(seq, 0)]

    def present(self, seq: int) -> frozenset[int]:
        """The segments of a file that are here."""
        with self._lock:
            return frozenset(self._have(seq))

    def missing(self, tx: Tx) -> list[int]:
        """The segments of a file that belong to the shard and are not here."""
        with self._lock:
            have = self._have(tx.seq)
            return [index for index in self._shard.segments(tx) if index not in have]

    def file_info(self, tx: Tx, *, cached: int | None = None) -> FileInfo:
        """What to tell about a file; ``cached`` is how many of its segments wait in memory, None when none do."""
        finalized, pruned = self.finalized(tx.seq), self.pruned(tx.seq)
        if finalized or pruned:
            count = tx.layout.data_segments
        elif cached is not None:
            count = cached
        else:
            with self._lock:
                have = self._have(tx.seq)
                count = 0
                while have and count < tx.layout.data_segments:
                    if count not in have and self._shard.holds(tx.start_segment + count):
                        break
                    count += 1
        return FileInfo(tx, finalized, cached is not None and not finalized and not pruned, count, pruned)

    # --- segments -----------------------------------------------------------------------------------------------------

    def put_segments(self, segments: Sequence[NewSegment]) -> None:
        """Keep checked segments; on return they are durable, and files that became complete are finalized.

        Raises:
            Conflict: a submission is not in the log any more. Nothing of the call is kept then.
        """
        batch = Batch()
        for segment in segments:
            key = _key(segment.id.seq) + _index(segment.index)
            batch.put("segments", key, segment.data)  # sealing makes bytes of a view
            batch.put("proofs", key, _encode_proof(segment.proof))
        with self._lock:
            txs = {segment.id: self._same(segment.id) for segment in segments}
            for segment in segments:
                flow_segment = txs[segment.id].start_segment + segment.index
                lemma = segment.proof.lemma
                self.tree.fill_proof(flow_segment, lemma[0], lemma[1:-1], segment.proof.path)
            # Rows of the tree in the order of its changes: of all writers, and before the bytes that they belong to.
            rows = Batch()
            self._put_tree_rows(rows)
            self.kv.write(rows, sync=False)
        self.kv.write(batch, sync=self._sync)
        with self._lock:
            gone = [id for id in txs if not self._is_same(id)]
            if gone:
                undo = Batch()
                for segment in segments:
                    if segment.id in gone:
                        undo.delete("segments", _key(segment.id.seq) + _index(segment.index))
                        undo.delete("proofs", _key(segment.id.seq) + _index(segment.index))
                    else:
                        self._have(segment.id.seq).add(segment.index)
                self.kv.write(undo, sync=self._sync)
                raise Conflict(REVERTED)
            for segment in segments:
                self._have(segment.id.seq).add(segment.index)
        for tx in txs.values():
            self._finish_if_complete(tx)

    def segment(self, seq: int, index: int) -> bytes | None:
        """The bytes of a segment as they were sent, None when they are not here.

        Raises:
            Corrupt: the record is damaged; ``drop_segment`` makes room for a good one.
        """
        return self.kv.get("segments", _key(seq) + _index(index))

    def proof(self, seq: int, index: int) -> Proof | None:
        """The file proof of a segment that is here."""
        record = self.kv.get("proofs", _key(seq) + _index(index))
        return None if record is None else _decode_proof(record)

    def chunks(self, tx: Tx, start: int, end: int) -> bytes | None:
        """The sectors [start, end) of a file, whole, or None when some are not here.

        Raises:
            Corrupt: a record is damaged.
        """
        if not 0 <= start < end <= tx.layout.chunks or self.pruned(tx.seq):
            return None
        pieces = []
        for index, first, last in segment_range(tx, start, end):
            data = self.segment(tx.seq, index)
            if data is None:
                return None
            pieces.append(data if first == 0 and last >= len(data) else data[first:last])
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def drop_segment(self, seq: int, index: int) -> None:
        """Forget a segment (it was found damaged): the file wants it again."""
        with self._lock:
            batch = Batch()
            key = _key(seq)
            batch.delete("segments", key + _index(index))
            batch.delete("proofs", key + _index(index))
            batch.delete("status", key)
            self._have(seq)
            self.kv.write(batch, sync=self._sync)
            self._present[seq].discard(index)
            self._status.pop(seq, None)

    def drop_damaged(self, seq: int) -> list[int]:
        """Forget the segments of a file that fail their check; returns which."""
        damaged: list[int] = []
        for index in sorted(self.present(seq)):
            try:
                good = check_stored(self, seq, index)
            except Corrupt:
                good = False
            except NotFound:
                return damaged
            if not good:
                self.drop_segment(seq, index)
                damaged.append(index)
        return damaged

    def damaged_seqs(self, pace: Callable[[int], None] = lambda size_bytes: None) -> list[int]:
        """Files of which a stored segment fails its check; ``pace`` as for ``scrub``."""
        found: set[int] = set()
        for family in ("segments", "proofs"):
            start = b""
            while True:
                try:
                    for key, value in self.kv.scan(family, start):
                        start = key + b"\0"
                        pace(len(value))
                    break
                except Corrupt as error:
                    at = error.facts.get("key")
                    if not isinstance(at, bytes):
                        break
                    found.add(_number(at[:8]))
                    start = at + b"\0"
        return sorted(found)

    def prune(self, seq: int, *, below: int | None = None) -> int:
        """Delete the data of a file for good: it is not wanted again. Returns how many segments went.

        Args:
            below: only segments of the flow before this one are deleted; the file counts as pruned all the same.
        """
        with self._lock:
            have, start = self._have(seq), self.tx(seq).start_segment
            gone = [index for index in have if below is None or start + index < below]
            batch = Batch()
            for index in gone:
                batch.delete("segments", _key(seq) + _index(index))
                batch.delete("proofs", _key(seq) + _index(index))
            batch.put("status", _key(seq), bytes([_PRUNED]))
            self.kv.write(batch, sync=self._sync)
            have.difference_update(gone)
            self._status[seq] = _PRUNED
            return len(gone)

    def stored_sectors(self) -> int:
        """Sectors of data that are here. Cost: a look at every file."""
        count = 0
        for seq in range(self._next_seq):
            have = self.present(seq)
            if have and (tx := self.find_tx(seq)) is not None:
                count += len(have) * SECTORS_PER_SEGMENT
                if tx.layout.data_segments - 1 in have:
                    count -= SECTORS_PER_SEGMENT - tx.layout.segment_chunks(tx.layout.data_segments - 1)
        return count

    def reshard(self, shard: Shard) -> None:
        """Keep a smaller part of the flow from now on. Segments outside it stay until ``drop_outside`` deletes them."""
        with self._lock:
            if shard.count < self._shard.count or not shard.intersects(self._shard):
                raise InvalidInput(f"shard: expected a part of {self._shard}, found {shard}")
            batch = Batch()
            batch.put("misc", b"shard", str(shard).encode())
            self.kv.write(batch, sync=self._sync)
            self._shard = shard
        for seq in self.unfinished():
            self._finish_if_complete(self.tx(seq))

    def drop_outside(self, seq: int, limit: int) -> int:
        """Delete up to ``limit`` segments of a file that are not of this shard; returns how many.

        Segments of erasure-coded files were put here on purpose and stay.
        """
        with self._lock:
            tx = self.tx(seq)
            if self.is_coded(tx):
                return 0
            outside = [i for i in sorted(self._have(seq)) if not self._shard.holds(tx.start_segment + i)][:limit]
            batch = Batch()
            for index in outside:
                batch.delete("segments", _key(seq) + _index(index))
                batch.delete("proofs", _key(seq) + _index(index))
            self.kv.write(batch, sync=self._sync)
            self._present[seq].difference_update(outside)
            return len(outside)

    def copy_from_equal(self, tx: Tx) -> bool:
        """Finalize a file from another finalized one with the same root that lies alike in the shards; whether that was so."""
        if self._status.get(tx.seq, 0):
            return False
        for seq in self.seqs_of(tx.root):
            other = self.find_tx(seq)
            if other is None or seq == tx.seq or not self.finalized(seq) or other.layout.padded != tx.layout.padded:
                continue
            if (other.start_segment - tx.start_segment) % self._shard.count:
                continue
            wanted = self.missing(tx)
            if not set(wanted) <= self.present(seq):
                continue
            for at in range(0, len(wanted), _COPY_BATCH):
                copied = [self._copied(tx, other, index) for index in wanted[at : at + _COPY_BATCH]]
                if None in copied:
                    return False
                self.put_segments([segment for segment in copied if segment is not None])
            return self.finalized(tx.seq)
        return False

    def _copied(self, tx: Tx, other: Tx, index: int) -> NewSegment | None:
        data, proof = self.segment(other.seq, index), self.proof(other.seq, index)
        if data is None or proof is None:
            return None
        # Equal roots leave the number of zero sectors at the end open.
        size = tx.layout.segment_size(index)
        return NewSegment(tx.id, index, data[:size].ljust(size, b"\0"), proof)

    # --- the flow -----------------------------------------------------------------------------------------------------

    def sector_proof(self, sector: int, flow_root: bytes | None = None) -> Proof:
        """The proof of a sector of the flow, now or when the flow had ``flow_root``.

        Raises:
            NotFound: no such root, or bytes that the proof needs are not here. InvalidInput: a sector beyond the flow.
        """
        length = None
        if flow_root is not None and flow_root != self.tree.root:
            key = self.kv.get("flow_roots", flow_root)
            if key is None:
                raise NotFound(f"flow root 0x{flow_root.hex()} is not known")
            length = self.tree.submission(_number(key)).length
        node = self.tree.known(sector)
        data = None
        if node is not None and node.height > 0:
            data = self._node_data(node.first_sector, 1 << node.height) if node.height <= layout.SEGMENT_HEIGHT else None
            if data is None:
                raise NotFound(f"sector {sector} of the flow is not here")
        proof = self.tree.sector_proof(sector, data, length=length)
        if proof is None:
            raise NotFound(f"sector {sector} of the flow is not here")
        return Proof(proof.lemma, proof.path)

    def _node_data(self, first_sector: int, count: int) -> bytes | None:
        for tx in self.tx_at(first_sector // SECTORS_PER_SEGMENT):
            start = first_sector - tx.start_entry
            if 0 <= start < tx.sectors:
                end = min(start + count, tx.layout.chunks)
                return b"" if start >= end else self.chunks(tx, start, end)
        # A gap of alignment: zeros.
        return bytes(count * SECTOR)

    def flow_segment(self, index: int) -> list[tuple[int, bytes]] | None:
        """What is here of a segment of the flow: (first sector, bytes) of each file in it; None when nothing is."""
        found = []
        for tx in self.tx_at(index):
            first = max(index * SECTORS_PER_SEGMENT, tx.start_entry)
            end = min((index + 1) * SECTORS_PER_SEGMENT, tx.start_entry + tx.layout.chunks)
            data = self.chunks(tx, first - tx.start_entry, end - tx.start_entry) if first < end else None
            if data is not None:
                found.append((first, data))
        return found or None

    # --- inside -------------------------------------------------------------------------------------------------------

    def _have(self, seq: int) -> set[int]:
        found = self._present.get(seq)
        if found is None:
            found, start = set(), _key(seq)
            while True:
                try:
                    for row, _ in self.kv.scan("proofs", start, _key(seq + 1)):
                        found.add(_number(row[8:]))
                        start = row + b"\0"
                    break
                except Corrupt as error:
                    # Without its proof a segment is not here.
                    at = error.facts.get("key")
                    if not isinstance(at, bytes):
                        raise
                    start = at + b"\0"
            self._present[seq] = found
        return found

    def _is_same(self, id: TxId) -> bool:
        found = self.find_tx(id.seq)
        return found is not None and found.id == id and not self.pruned(id.seq)

    def _same(self, id: TxId) -> Tx:
        if not self._is_same(id):
            raise Conflict(REVERTED)
        return self.tx(id.seq)

    def _finish_if_complete(self, tx: Tx) -> None:
        with self._lock:
            if self._status.get(tx.seq, 0) or not self._is_same(tx.id):
                return
            have = self._have(tx.seq)
            if any(index not in have for index in self._shard.segments(tx)):
                return
            batch = Batch()
            batch.put("status", _key(tx.seq), bytes([_FINALIZED]))
            self.kv.write(batch, sync=self._sync)
            self._status[tx.seq] = _FINALIZED
        self.on_finalized(tx)

    def _put_tree_rows(self, batch: Batch) -> None:
        for key, value in self.tree.take_rows():
            if value is None:
                batch.delete("flow", key)
            else:
                batch.put("flow", key, value)


def check_stored(store: Store, seq: int, index: int) -> bool:
    """Whether a stored segment still leads to its file's root: what the scrub asks beyond the record's digest."""
    tx, data, proof = store.tx(seq), store.segment(seq, index), store.proof(seq, index)
    if data is None or proof is None:
        return False
    root = merkle.segment_root(data, tx.layout.segment_leaves(index))
    return proof.lemma[0] == root and proof.lemma[-1] == tx.root


def _key(number: int) -> bytes:
    return number.to_bytes(8, "big")


def _index(number: int) -> bytes:
    return number.to_bytes(6, "big")


def _number(key: bytes) -> int:
    return int.from_bytes(key, "big")


def _encode(tx: Tx) -> bytes:
    return _TX.encode(
        (tx.seq, tx.root, tx.nodes, tx.start_entry, tx.size, tx.sender, tx.identity, tx.tags, tx.block_number, tx.block_hash,
         tx.tx_hash)
    )  # fmt: skip


def _decode(record: bytes) -> Tx:
    fields = list(msgspec.msgpack.decode(record))
    fields[2] = tuple((root, height) for root, height in fields[2])
    return Tx(*fields)


def _encode_proof(proof: Proof) -> bytes:
    return bytes([len(proof.path)]) + proof.packed_path + b"".join(proof.lemma)


def _decode_proof(record: bytes) -> Proof:
    count = record[0]
    lemma = record[1 + count :]
    return Proof(
        tuple(lemma[at : at + 32] for at in range(0, len(lemma), 32)), tuple(side != 0 for side in record[1 : 1 + count])
    )

"""A blob back from its signers, verified: rows of any sufficient set of them, decoded, encoded again, compared with the root.

Signers are strangers. What one sends is bounded and refused where it is no row. Those that serve rows with proofs
(``SliceProvider``) have each row checked against the data root as it comes. Others send bare rows, trusted only as far as the
root of the whole goes: rows that decode to another root are searched for false ones (``locate``), which are dropped. Whatever
comes back is the blob that was asked for; otherwise there is an error. Source: da.md §5.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np
from google.protobuf.descriptor import ServiceDescriptor

from zerog.da.api import BlobRecord, Directory, Quorum, blob_record, dial_target
from zerog.da.locate import ORDER, false_rows
from zerog.errors import Exhausted, InvalidInput, NotFound, PeerFault, TimedOut, Unavailable, ZerogError
from zerog.primitives import blob, commit
from zerog.primitives.blob import COSETS, EncodedBlob, Geometry
from zerog.runtime import log
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_grpc import Caller, GrpcClient, Unary
from zerog.types import Address
from zerog.wire.proto import da_retriever_pb2, da_signer_pb2, da_slices_pb2

_log = log.get(__name__)

SERVICE: Final = da_retriever_pb2.DESCRIPTOR.services_by_name["Retriever"]
SIGNER: Final = da_signer_pb2.DESCRIPTOR.services_by_name["Signer"]
SLICES: Final = da_slices_pb2.DESCRIPTOR.services_by_name["SliceProvider"]
REQUEST_BYTES_MAX: Final = 64 << 10
Progress: TypeAlias = Callable[[int, int], None]
_COUNT_BYTES: Final = 8
_MARGIN_BYTES: Final = 64 << 10
_MODULUS_WORDS: Final = np.frombuffer(ORDER.to_bytes(32, "little"), dtype="<u8")


@dataclass(frozen=True)
class Asking:
    """Bounds of one retrieval.

    Args:
        calls_max: calls to signers at a time.
        rows_per_call: of 32 KiB each in the network's geometry.
        call_timeout_s: of one call.
        hedge_s: when systematic rows take longer than this, the others are asked for beside them.
        timeout_s: of everything.
        searches_max: how many sets of signers are left out, one after the other, before the search for false rows ends.
    """

    calls_max: int = 32
    rows_per_call: int = 128
    call_timeout_s: float = 30
    hedge_s: float = 2
    timeout_s: float = 300
    searches_max: int = 16


class Retriever:
    """Retrieves blobs of one network.

    Args:
        directory: who holds which row.
        lane: threads for decoding.
        told: gets the address of a signer that sent a false row, or no row where it should have one, and why.
    """

    def __init__(
        self,
        directory: Directory,
        lane: Offload,
        *,
        geometry: Geometry = blob.MAINNET,
        asking: Asking | None = None,
        told: Callable[[Address, str], None] = lambda signer, reason: None,
    ) -> None:
        self._directory, self._lane, self._geometry = directory, lane, geometry
        self._asking = Asking() if asking is None else asking
        self._told = told

    async def retrieve(self, record: BlobRecord, told: Progress = lambda rows, need: None) -> bytes:
        """The data of a blob.

        Args:
            told: how many rows are here, and how many it takes.

        Raises:
            NotFound: no such quorum, too few rows came, or those that came are not of a blob with this root.
            TimedOut: the whole took too long.
        """
        return await self._lane.run((await self.encoded(record, told)).data)

    async def rows(self, record: BlobRecord, wanted: range) -> dict[int, bytes]:
        """Those of some rows that their signers gave in the time of one call; the caller has to prove them.

        Raises:
            NotFound: no such quorum.
        """
        quorum = await self._directory.quorum(record.epoch, record.quorum_id)
        async with AsyncExitStack() as stack:
            hunt = _Hunt(record, quorum, self._geometry, self._asking, self._lane, self._told, lambda rows, need: None)
            stack.push_async_callback(hunt.close)
            hunt.start(wanted.start, wanted.stop)
            await hunt.wait(len(wanted), self._asking.call_timeout_s)
            return dict(hunt.rows)

    async def encoded(self, record: BlobRecord, told: Progress = lambda rows, need: None) -> EncodedBlob:
        """The whole encoded blob; as ``retrieve``."""
        try:
            async with asyncio.timeout(self._asking.timeout_s):
                quorum = await self._directory.quorum(record.epoch, record.quorum_id)
                if len(quorum.rows) < self._geometry.rows_encoded:
                    raise NotFound(f"quorum: expected {self._geometry.rows_encoded} rows, found {len(quorum.rows)}")
                return await self._gather(record, quorum, told)
        except TimeoutError:
            raise TimedOut(f"blob 0x{record.data_root.hex()}: not here within {self._asking.timeout_s} s") from None

    async def _gather(self, record: BlobRecord, quorum: Quorum, told: Progress) -> EncodedBlob:
        need, every = self._geometry.rows, self._geometry.rows_encoded
        async with AsyncExitStack() as stack:
            over = threading.Event()
            stack.callback(over.set)
            hunt = _Hunt(record, quorum, self._geometry, self._asking, self._lane, self._told, told)
            stack.push_async_callback(hunt.close)
            hunt.start(0, need)
            await hunt.wait(need, self._asking.hedge_s)
            if len(hunt.rows) < need:
                hunt.start(need, every)
                await hunt.wait(need)
            if len(hunt.rows) < need:
                raise NotFound(f"blob 0x{record.data_root.hex()}: expected {need} rows, found {len(hunt.rows)}")
            # Rows that proved themselves first, then systematic ones.
            chosen = sorted(hunt.rows, key=lambda row: (row not in hunt.proven, row))[:need]
            found = await self._lane.run(_decode, {number: hunt.rows[number] for number in chosen}, self._geometry)
            if found is not None and found.data_root == record.data_root:
                return found
            if hunt.proven.issuperset(chosen):
                raise NotFound(f"blob 0x{record.data_root.hex()}: its rows are those of its root, and they are no valid blob")
            _log.warning("da.false_rows", root=record.data_root.hex(), rows=len(hunt.rows))
            hunt.start(need, every)
            await hunt.wait(every)
            found, false = await self._lane.run(self._search, record, quorum, dict(hunt.rows), over)
            for signer in {quorum.rows[number] for number in false}:
                self._told(signer, "false rows")
            if found is None:
                raise NotFound(f"blob 0x{record.data_root.hex()}: {len(hunt.rows)} rows came, and they are of another blob")
            return found

    def _search(
        self, record: BlobRecord, quorum: Quorum, rows: dict[int, bytes], over: threading.Event
    ) -> tuple[EncodedBlob | None, list[int]]:
        """The blob out of rows of which some are false, and which these are. Ends soon after nobody waits for it any more."""
        need = self._geometry.rows

        def stop() -> None:
            if over.is_set():
                raise TimedOut("nobody waits for this search any more")

        for left_out in itertools.islice(_sets(quorum, rows), self._asking.searches_max):
            kept = {number: row for number, row in rows.items() if quorum.rows[number] not in left_out}
            # The work grows with the square of the rows: few false ones are found among a random part of them.
            for count in [size for size in (5 * need // 4, 3 * need // 2, 2 * need) if size < len(kept)] + [len(kept)]:
                if count < need:
                    continue
                part = {number: kept[number] for number in secrets.SystemRandom().sample(sorted(kept), count)}
                false = false_rows(part, self._geometry, secrets.randbelow(ORDER), stop=stop)
                if false is None:
                    continue
                good = sorted(part.keys() - set(false))[:need]
                found = _decode({number: part[number] for number in good}, self._geometry)
                if found is not None and found.data_root == record.data_root:
                    return found, sorted(number for number in rows if found.row(number) != rows[number])
                if not left_out and not false and count == len(rows):
                    return None, []  # all that came is one blob, and it is not this one
        return None, []


class _Hunt:
    """Rows of one blob as they come in from its signers."""

    def __init__(
        self, record: BlobRecord, quorum: Quorum, geometry: Geometry, asking: Asking, lane: Offload,
        told: Callable[[Address, str], None], progress: Progress,
    ) -> None:  # fmt: skip
        self._record, self._quorum, self._geometry, self._asking, self._told = record, quorum, geometry, asking, told
        self._lane, self._progress = lane, progress
        self.rows: dict[int, bytes] = {}
        self.proven: set[int] = set()
        self._slots = asyncio.Semaphore(asking.calls_max)
        self._clients: dict[tuple[Address, str], GrpcClient] = {}
        self._bare: set[Address] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._asked: set[int] = set()
        self._changed = asyncio.Event()

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for client in self._clients.values():
            await client.close()

    def start(self, first: int, last: int) -> None:
        """Ask for rows ``first <= g < last``, those that were not asked for before."""
        for signer, rows in self._quorum.rows_of(first, last).items():
            fresh = [row for row in rows if row not in self._asked]
            self._asked.update(fresh)
            for at in range(0, len(fresh), self._asking.rows_per_call):
                task = asyncio.create_task(self._ask(signer, fresh[at : at + self._asking.rows_per_call]), name="da.ask")
                self._tasks.add(task)
                task.add_done_callback(self._done)

    async def wait(self, count: int, timeout_s: float | None = None) -> None:
        """Until there are ``count`` rows, nobody is left who could send more, or the time is over."""
        try:
            async with asyncio.timeout(timeout_s):
                while len(self.rows) < count and self._tasks:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            if timeout_s is None:
                raise

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._changed.set()

    async def _ask(self, signer: Address, rows: Sequence[int]) -> None:
        async with self._slots:
            try:
                if signer not in self._bare:
                    try:
                        await self._ask_proven(signer, rows)
                        return
                    except PeerFault as error:
                        if "UNIMPLEMENTED" not in str(error):
                            raise
                        self._bare.add(signer)
                await self._ask_bare(signer, rows)
            except ZerogError as error:
                _log.info("da.rows_missing", signer="0x" + signer.hex(), rows=len(rows), reason=str(error))
                self._told(signer, error.code)

    async def _ask_proven(self, signer: Address, rows: Sequence[int]) -> None:
        """Rows with their paths to the data root, each checked."""
        record = self._record
        wanted = da_slices_pb2.GetSlicesRequest(
            epoch=record.epoch, quorum_id=record.quorum_id, storage_root=record.data_root, row_indexes=rows
        )
        reply = await self._client(signer, SLICES).call("GetSlices", wanted, timeout_s=self._asking.call_timeout_s)
        if len(reply.slices) != len(rows):
            raise PeerFault(f"rows: expected {len(rows)}, found {len(reply.slices)}")
        found, false = await self._lane.run(self._check, sorted(rows), [(one.light_slice, one.row) for one in reply.slices])
        self.rows |= found
        self.proven |= found.keys()
        if false:
            _log.warning("da.false_rows", signer="0x" + signer.hex(), rows=len(false), root=record.data_root.hex())
            self._told(signer, "false rows")
        self._here()

    def _check(self, rows: Sequence[int], sent: Sequence[tuple[bytes, bytes]]) -> tuple[dict[int, bytes], list[int]]:
        found, false = {}, []
        for number, (light, row) in zip(rows, sent, strict=True):
            path = merkle_path(light, self._geometry)
            if path is not None and blob.verify_row(number, row, path[1], path[0], self._record.data_root, self._geometry):
                found[number] = row
            else:
                false.append(number)
        return found, false

    async def _ask_bare(self, signer: Address, rows: Sequence[int]) -> None:
        one = da_signer_pb2.RetrieveRequest(
            epoch=self._record.epoch,
            quorum_id=self._record.quorum_id,
            storage_root=self._record.data_root,
            row_indexes=rows,
        )
        request = da_signer_pb2.BatchRetrieveRequest(requests=[one])
        reply = await self._client(signer, SIGNER).call("BatchRetrieve", request, timeout_s=self._asking.call_timeout_s)
        if len(reply.encoded_slice) != 1 or len(reply.encoded_slice[0].encoded_slice) != len(rows):
            raise PeerFault(f"rows: expected one answer of {len(rows)}")
        for number, wire in zip(sorted(rows), reply.encoded_slice[0].encoded_slice, strict=True):
            self.rows[number] = read_row(wire, self._geometry)
        self._here()

    def _here(self) -> None:
        self._progress(min(len(self.rows), self._geometry.rows), self._geometry.rows)
        self._changed.set()

    def _client(self, signer: Address, kind: ServiceDescriptor) -> GrpcClient:
        key = (signer, kind.full_name)
        if key not in self._clients:
            socket = self._quorum.sockets.get(signer)
            if socket is None:
                raise NotFound(f"signer 0x{signer.hex()}: no socket is registered")
            row_bytes = self._geometry.row_size_bytes + commit.light_slice_size_bytes(self._geometry) + 64
            limit = self._asking.rows_per_call * row_bytes + _MARGIN_BYTES
            self._clients[key] = GrpcClient(dial_target(socket), kind, receive_bytes_max=limit)
        return self._clients[key]


def merkle_path(light: bytes, geometry: Geometry) -> tuple[list[bytes], list[bytes]] | None:
    """Blob roots and siblings that a light slice carries at its end, None when it has another size. Source: da.md §1.11."""
    if len(light) != commit.light_slice_size_bytes(geometry):
        return None
    depth = geometry.rows.bit_length() - 1
    siblings = len(light) - 32 - 32 * depth
    roots = siblings - 8 - 32 * COSETS
    hashes = [light[at : at + 32] for at in range(siblings, len(light) - 32, 32)]
    return [light[at : at + 32] for at in range(roots, siblings - 8, 32)], hashes


def read_row(wire: bytes, geometry: Geometry) -> bytes:
    """The cells of a row out of its wire form, a count of eight bytes before them.

    Raises:
        PeerFault: another length or count, or a cell that is not below the modulus.
    """
    if len(wire) != _COUNT_BYTES + geometry.row_size_bytes or int.from_bytes(wire[:_COUNT_BYTES], "little") != geometry.columns:
        raise PeerFault(f"row: expected {geometry.columns} cells after their count, found {len(wire)} bytes")
    words = np.frombuffer(wire, dtype="<u8", offset=_COUNT_BYTES).reshape(geometry.columns, 4)
    below = np.zeros(geometry.columns, dtype=bool)
    equal = np.ones(geometry.columns, dtype=bool)
    for word in range(3, -1, -1):
        below |= equal & (words[:, word] < _MODULUS_WORDS[word])
        equal &= words[:, word] == _MODULUS_WORDS[word]
    if not below.all():
        raise PeerFault(f"row: cell {int(np.argmin(below))} is not below the modulus")
    return wire[_COUNT_BYTES:]


def write_row(row: bytes, geometry: Geometry) -> bytes:
    """The wire form of a row's cells."""
    return geometry.columns.to_bytes(_COUNT_BYTES, "little") + row


def _decode(rows: Mapping[int, bytes], geometry: Geometry) -> EncodedBlob | None:
    try:
        return blob.recover(list(rows), list(rows.values()), geometry)
    except InvalidInput:
        return None


def _sets(quorum: Quorum, rows: Mapping[int, bytes]) -> Iterator[frozenset[Address]]:
    """Signers to leave out: none, each, each two; those with the most rows first."""
    counts: dict[Address, int] = {}
    for number in rows:
        counts[quorum.rows[number]] = counts.get(quorum.rows[number], 0) + 1
    signers = sorted(counts, key=lambda one: (-counts[one], one))
    for size in range(3):
        for chosen in itertools.combinations(signers, size):
            yield frozenset(chosen)


@dataclass
class RetrieverServer:
    """The network's ``retriever.Retriever``.

    Args:
        ongoing_max: retrievals at one moment; one more is refused.
        counted: told of the end of each, by its outcome.
    """

    retriever: Retriever
    ongoing_max: int = 10
    counted: Callable[[str], None] = lambda outcome: None
    _ongoing: int = field(default=0, init=False)

    def methods(self) -> dict[str, Unary]:
        return {"RetrieveBlob": self._retrieve}

    async def _retrieve(self, request: Any, caller: Caller) -> da_retriever_pb2.BlobReply:
        record = blob_record(request.storage_root, request.epoch, request.quorum_id)
        if self._ongoing >= self.ongoing_max:
            self.counted("exhausted")
            raise Exhausted("request pool is full")
        self._ongoing += 1
        outcome = "cancelled"
        try:
            data = await self.retriever.retrieve(record)
            outcome = "ok"
        except (Unavailable, PeerFault) as error:
            outcome = error.code
            raise NotFound(f"the chain does not name the signers: {error}") from error
        except InvalidInput as error:
            outcome = "invalid-blob"
            raise NotFound(f"the blob with this root is not valid: {error}") from error
        except ZerogError as error:
            outcome = error.code
            raise
        finally:
            self._ongoing -= 1
            self.counted(outcome)
        return da_retriever_pb2.BlobReply(data=data)

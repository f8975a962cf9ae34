"""Slices to the signers of a blob's quorum, all beside each other, and their signatures back, until two thirds have signed.

A signer that is slow, silent or wrong costs others nothing: the blob goes on with the first two thirds, and who is behind is
waited for a little longer only so that it keeps its rows. Source: da.md §§3.1, 4.2.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from zerog.contracts.da_signers import SignerDetail
from zerog.da.api import BlobRecord, dial_target
from zerog.da.disperser.aggregator import Tally
from zerog.da.disperser.chain import SigningQuorum
from zerog.da.disperser.encoders import Encoding
from zerog.da.signer.server import SIGNER
from zerog.errors import Exhausted, InvalidInput, NotFound, PeerFault, TimedOut, Unavailable, ZerogError
from zerog.primitives import bls
from zerog.primitives.blob import Geometry
from zerog.runtime import log
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_grpc import GrpcClient
from zerog.types import Address
from zerog.wire.proto import da_signer_pb2

_log = log.get(__name__)

CLIENTS_MAX: Final = 4096
REPLY_BYTES_MAX: Final = 64 << 10
PAUSE_FIRST_S: Final = 0.1
PAUSE_LAST_S: Final = 2.0
_VERIFIED: Final = "verified already"


@dataclass(frozen=True)
class Patience:
    """How long signers are waited for.

    Args:
        sign_s: for two thirds of a blob's rows.
        straggle_s: for the others after that.
        calls_max: calls at one moment to one signer.
    """

    sign_s: float = 60
    straggle_s: float = 10
    calls_max: int = 4


class Dispatcher:
    """Asks signers.

    Args:
        lane: threads for pairings.
        told: gets each signer that did not sign a blob, and why in one word: ``bad``, ``late``, ``refused``,
            ``silent``, ``unreachable``.
    """

    def __init__(
        self, geometry: Geometry, lane: Offload, patience: Patience, *,
        told: Callable[[Address, str], None] = lambda signer, why: None, now_s: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._geometry, self._lane, self._patience, self._told, self._now_s = geometry, lane, patience, told, now_s
        self._clients: OrderedDict[str, GrpcClient] = OrderedDict()
        self._slots: dict[Address, asyncio.Semaphore] = {}
        self._stragglers: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        for task in self._stragglers:
            task.cancel()
        await asyncio.gather(*self._stragglers, return_exceptions=True)
        for client in self._clients.values():
            await client.close()
        self._clients.clear()

    @property
    def stragglers(self) -> int:
        return len(self._stragglers)

    async def collect(self, record: BlobRecord, encoding: Encoding, quorum: SigningQuorum) -> Tally:
        """Signatures of one blob: enough of them, or all that came in time.

        Raises:
            InvalidInput: the encoding's commitment is no point.
        """
        tally = Tally(record, bls.decode(encoding.commitment, "plain"), quorum)
        ends = self._now_s() + self._patience.sign_s
        waiting: dict[asyncio.Task[bytes], Address] = {}
        for signer, rows in quorum.rows_of(self._geometry.rows_encoded).items():
            work = self._signature(quorum.signers[signer], record, encoding, rows, ends)
            waiting[asyncio.create_task(work, name="da.sign")] = signer
        try:
            while waiting and not tally.is_enough:
                done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    self._heard(tally, waiting.pop(task), task)
                if tally.could_suffice:
                    await self._lane.run(tally.check)
            await self._lane.run(tally.check)
        except BaseException:
            await _cancel(waiting)
            raise
        self._name_bad(tally)
        if waiting:
            rest = Tally(record, tally.commitment, quorum)
            late = asyncio.create_task(self._await_stragglers(waiting, rest), name="da.stragglers")
            self._stragglers.add(late)
            late.add_done_callback(self._stragglers.discard)
        return tally

    def _name_bad(self, tally: Tally) -> None:
        for signer, why in tally.bad.items():
            _log.warning("signer.bad", signer="0x" + signer.hex(), reason=why)
            self._told(signer, "bad")

    def _heard(self, tally: Tally, signer: Address, task: asyncio.Task[bytes]) -> None:
        error = task.exception()
        if error is None:
            tally.add(signer, task.result())
        elif isinstance(error, ZerogError):
            self._missing(signer, error)
        else:
            raise error

    def _missing(self, signer: Address, error: Exception) -> None:
        if _VERIFIED in str(error):  # the others had signed, and the record was on chain, before it looked
            why = "late"
        elif isinstance(error, TimedOut):
            why = "silent"
        else:
            why = "unreachable" if isinstance(error, Unavailable) else "refused"
        _log.info("signer.missing", signer="0x" + signer.hex(), reason=str(error))
        self._told(signer, why)

    async def _await_stragglers(self, waiting: dict[asyncio.Task[bytes], Address], rest: Tally) -> None:
        """The blob goes on without them; they get their time to store what they were sent, and are judged like the others."""
        try:
            done, late = await asyncio.wait(waiting, timeout=self._patience.straggle_s)
            for task in done:
                self._heard(rest, waiting[task], task)
            for task in late:
                self._told(waiting[task], "silent")
            await self._lane.run(rest.check)
            self._name_bad(rest)
        finally:
            await _cancel(waiting)

    async def _signature(
        self, signer: SignerDetail, record: BlobRecord, encoding: Encoding, rows: Sequence[int], ends: float
    ) -> bytes:
        """One signer's answer. It is asked again while it does not know the blob yet or has no time, until the time is over."""
        client = self._client(dial_target(signer.socket))
        pause_s: float = PAUSE_FIRST_S
        last: ZerogError = Unavailable(f"{client.target}: too many calls before this one")
        places = self._slots.setdefault(signer.signer, asyncio.Semaphore(self._patience.calls_max))
        while (left := ends - self._now_s()) > 0:
            try:
                async with asyncio.timeout(left):
                    async with places:
                        left = max(ends - self._now_s(), 0.001)
                        reply = await client.call("BatchSign", _request(record, encoding, rows), timeout_s=left)
                if len(reply.signatures) != 1:
                    raise InvalidInput(f"{client.target}: expected one signature, found {len(reply.signatures)}")
                return bytes(reply.signatures[0])
            except TimeoutError:
                raise TimedOut(f"{client.target}: no answer within {self._patience.sign_s} s") from None
            except (Exhausted, NotFound, PeerFault, Unavailable) as error:
                last = error
                if _VERIFIED in str(error):
                    break
            await asyncio.sleep(min(pause_s, max(ends - self._now_s(), 0)))
            pause_s = min(2 * pause_s, PAUSE_LAST_S)
        raise last

    def _client(self, target: str) -> GrpcClient:
        client = self._clients.pop(target, None)
        if client is None:
            client = GrpcClient(target, SIGNER, receive_bytes_max=REPLY_BYTES_MAX)
        self._clients[target] = client
        if len(self._clients) > CLIENTS_MAX:
            _, oldest = self._clients.popitem(last=False)
            closing = asyncio.create_task(_close(oldest), name="da.close")
            self._stragglers.add(closing)
            closing.add_done_callback(self._stragglers.discard)
        return client


def _request(record: BlobRecord, encoding: Encoding, rows: Sequence[int]) -> da_signer_pb2.BatchSignRequest:
    """One blob a call, so that what is wrong with it refuses no other."""
    one = da_signer_pb2.SignRequest(
        epoch=record.epoch,
        quorum_id=record.quorum_id,
        erasure_commitment=encoding.commitment,
        storage_root=record.data_root,
        encoded_slice=[encoding.slices[row] for row in rows],
    )
    return da_signer_pb2.BatchSignRequest(requests=[one])


async def _close(client: GrpcClient) -> None:
    await client.close()


async def _cancel(tasks: dict[asyncio.Task[bytes], Address]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

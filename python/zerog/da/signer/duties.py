"""What a signer does without being asked: follow the chain, be in every epoch, let old rows go.

Each duty is one ``step`` that can be repeated at any time; ``run`` repeats it and tries again later what the chain's node does
wrong. Only finalized blocks count, so nothing that was read is ever taken back. Source: docs/protocol/da.md.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from zerog.contracts import da_entrance, da_signers
from zerog.contracts.calls import Call
from zerog.contracts.registry import DA_ENTRANCE, DA_SIGNERS
from zerog.da.signer.store import QUORUMS_MAX, ROWS, SignerStore
from zerog.errors import Conflict, InvalidInput, PeerFault, TimedOut, Unavailable
from zerog.primitives import bls
from zerog.primitives.da_sampling import BlobRecord
from zerog.runtime import log
from zerog.runtime.offload import Offload
from zerog.types import Address

T = TypeVar("T")
_log = log.get(__name__)

PAGE_BLOCKS: Final = 100
POLL_S: Final = 5.0
FIRST_POLL_S: Final = 0.25
LOOK_PAUSE_S: Final = 0.05
PRUNE_POLL_S: Final = 600.0
ROUNDS_PER_SYNC: Final = 10
BACKOFF_MAX_S: Final = 60.0


class SignerChain(Protocol):
    """What the duties ask of a chain.

    Raises (from every call): Unavailable, TimedOut: no answer. PeerFault: an answer that is none, or a contract's refusal.
    """

    async def finalized_block(self) -> int: ...

    async def logs(self, address: bytes, first: int, last: int) -> Sequence[tuple[Sequence[bytes], bytes]]:
        """(topics, data) of a contract's logs in blocks ``first`` to ``last``, in order."""

    async def ask(self, to: bytes, call: Call[T]) -> T:
        """The result of a call at the last finalized block."""

    async def send(self, to: bytes, call: Call[Any]) -> None:
        """A transaction of the signer's account, mined when this returns; PeerFault when it failed."""


@dataclass(frozen=True)
class Identity:
    """Who the signer is. ``socket`` is what others dial."""

    account: Address
    secret: bls.SecretKey
    socket: str
    chain_id: int
    version: da_signers.SignersVersion = 3


class LogDuty:
    """Reads announced and verified blobs into the store, a page of blocks at a time.

    Args:
        writer: the lane of the store's writes.
        start_block: where the contract begins, for a store that has read nothing yet.
    """

    def __init__(
        self, chain: SignerChain, store: SignerStore, writer: Offload, *, start_block: int = 0, page_blocks: int = PAGE_BLOCKS,
        entrance: Address = DA_ENTRANCE,
    ) -> None:  # fmt: skip
        self._chain, self._store, self._writer = chain, store, writer
        self._start_block, self._page_blocks, self._entrance = start_block, page_blocks, entrance
        self._look, self._looked = asyncio.Event(), asyncio.Condition()

    async def look(self, timeout_s: float) -> None:
        """Wait until the chain was asked once more, at most so long: somebody knows of a blob that is not known here."""
        self._look.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s), self._looked:
                await self._looked.wait()

    async def step(self) -> bool:
        """Read at most one page; whether there was one."""
        reached = await self._writer.run(lambda: self._store.next_block)
        first = self._start_block if reached is None else reached
        last = min(first + self._page_blocks - 1, await self._chain.finalized_block())
        if last < first:
            async with self._looked:
                self._looked.notify_all()
            return False
        announced, verified = [], []
        for topics, data in await self._chain.logs(self._entrance, first, last):
            if topics and topics[0] == da_entrance.DATA_UPLOAD_TOPIC:
                upload = da_entrance.decode_data_upload(topics, data)
                announced.append(BlobRecord(upload.epoch, upload.quorum_id, upload.data_root))
            elif topics and topics[0] == da_entrance.COMMITMENT_VERIFIED_TOPIC:
                found = da_entrance.decode_commitment_verified(topics, data)
                verified.append(BlobRecord(found.epoch, found.quorum_id, found.data_root))
        await self._writer.run(self._store.take_page, announced, verified, last + 1)
        return True

    async def run(self, poll_s: float | None = None) -> None:
        await _repeat("log", self.step, POLL_S if poll_s is None else poll_s, self._look)


class EpochDuty:
    """Knows the signer's rows of the current epoch, takes part in the next, and keeps the sampling rounds going.

    Args:
        first_epoch_signers: the first epoch of a chain, which has no quorums before, is begun once so many are registered.
        page_blocks: of the log, when these are counted.
    """

    def __init__(
        self, chain: SignerChain, store: SignerStore, writer: Offload, identity: Identity, *, entrance: Address = DA_ENTRANCE,
        first_epoch_signers: int = 1, page_blocks: int = PAGE_BLOCKS,
    ) -> None:  # fmt: skip
        self._chain, self._store, self._writer, self._who = chain, store, writer, identity
        self._entrance, self._first_epoch_signers, self._page_blocks = entrance, first_epoch_signers, page_blocks
        self._signers: set[Address] = set()
        self._counted_blocks = 0
        self.epoch = 0
        self.serving = asyncio.Event()
        """Set once the quorums of an epoch are known; where the chain begins epochs by height, of one that the signer is in."""

    async def enroll(self) -> None:
        """Registers the signer once, or tells the chain where it is now dialled."""
        who = self._who
        if not await self._chain.ask(DA_SIGNERS, da_signers.is_signer(who.account)):
            call = da_signers.register_signer(who.secret, who.account, who.socket, who.chain_id)
            await self._chain.send(da_signers.registration_target(who.version), call)
            _log.info("signer.registered", account=who.account.hex(), socket=who.socket)
            return
        (known,) = await self._chain.ask(DA_SIGNERS, da_signers.get_signers([who.account]))
        if (known.key1, known.key2) != (who.secret.public_g1, who.secret.public_g2):
            raise Conflict("the chain knows this account with another BLS key; keys can never change")
        if known.socket != who.socket:
            await self._chain.send(DA_SIGNERS, da_signers.update_socket(who.socket))
            _log.info("signer.moved", socket=who.socket)

    async def step(self) -> bool:
        """Fetch quorums, register for the next epoch, catch up with rounds: whatever of these is due. Whether anything was."""
        epoch = await self._chain.ask(DA_SIGNERS, da_signers.epoch_number())
        fetched = await self._fetch_quorums(epoch)
        entered = await self._enter(epoch)
        if epoch == 0 and self._who.version == 3:
            return await self._begin_first() or entered
        self.epoch = epoch
        if epoch and await self._has_a_part(epoch):
            self.serving.set()
        return await self._sync() or fetched or entered

    async def _has_a_part(self, epoch: int) -> bool:
        """Whether the signer is in the epoch. In version 3 an epoch is hours long, and nobody waits for the next."""
        if self._who.version == 3:
            return True
        count = await self._writer.run(self._store.quorum_count, epoch)
        for quorum_id in range(count or 0):
            if await self._writer.run(self._store.own_rows, epoch, quorum_id):
                return True
        return False

    async def _begin_first(self) -> bool:
        """Begin the first epoch, unless others should be registered for it before: the next is hours away."""
        last = await self._chain.finalized_block()
        while self._counted_blocks <= last:
            stop = min(last, self._counted_blocks + self._page_blocks - 1)
            for topics, data in await self._chain.logs(DA_SIGNERS, self._counted_blocks, stop):
                if topics and topics[0] == da_signers.NEW_SIGNER_TOPIC:
                    self._signers.add(da_signers.decode_new_signer(topics, data).signer)
            self._counted_blocks = stop + 1
        count = 0
        for signer in sorted(self._signers):
            count += await self._chain.ask(DA_SIGNERS, da_signers.registered_epoch(signer, 1))
            if count == self._first_epoch_signers:
                await self._chain.send(self._entrance, da_entrance.sync_fixed_times(ROUNDS_PER_SYNC))
                return True
        return False

    async def _fetch_quorums(self, epoch: int) -> bool:
        if epoch == 0 or await self._writer.run(self._store.quorum_count, epoch) is not None:
            return False
        count = await self._chain.ask(DA_SIGNERS, da_signers.quorum_count(epoch))
        if count > QUORUMS_MAX:
            raise PeerFault(f"the chain's node tells of {count} quorums in epoch {epoch}")
        own: list[list[int]] = []
        for quorum_id in range(count):
            rows = await self._chain.ask(DA_SIGNERS, da_signers.get_quorum(epoch, quorum_id))
            if len(rows) != ROWS:
                raise PeerFault(f"quorum {quorum_id} of epoch {epoch}: expected {ROWS} rows, found {len(rows)}")
            own.append([row for row, signer in enumerate(rows) if signer == self._who.account])
        await self._writer.run(self._store.put_quorums, epoch, own)
        _log.info("signer.epoch", epoch=epoch, quorums=count, rows=sum(len(rows) for rows in own))
        return True

    async def _enter(self, epoch: int) -> bool:
        who = self._who
        if await self._chain.ask(DA_SIGNERS, da_signers.registered_epoch(who.account, epoch + 1)):
            return False
        call = da_signers.register_next_epoch(who.secret, who.account, epoch, who.chain_id)
        await self._chain.send(da_signers.registration_target(who.version), call)
        return True

    async def _sync(self) -> bool:
        head = await self._chain.finalized_block()
        due = await self._chain.ask(self._entrance, da_entrance.getter("nextSampleHeight"))
        if due > head:
            return False
        period = await self._chain.ask(self._entrance, da_entrance.getter("samplePeriod"))
        times = min((head - due) // max(period, 1) + 1, ROUNDS_PER_SYNC)
        await self._chain.send(self._entrance, da_entrance.sync_fixed_times(times))
        return True

    async def run(self, poll_s: float | None = None) -> None:
        pause_s = POLL_S if poll_s is None else poll_s
        await _repeat("enroll", self._enrolled, pause_s, once=True)
        await _repeat("epoch", self.step, min(pause_s, FIRST_POLL_S), once=True, until=self.serving)
        await _repeat("epoch", self.step, pause_s)

    async def _enrolled(self) -> bool:
        await self.enroll()
        return True


class PruneDuty:
    """Deletes the rows of epochs that nobody may sample any more."""

    def __init__(self, chain: SignerChain, store: SignerStore, writer: Offload, *, entrance: Address = DA_ENTRANCE) -> None:
        self._chain, self._store, self._writer, self._entrance = chain, store, writer, entrance

    async def step(self) -> bool:
        """Prune one epoch; whether one was due."""
        epoch = await self._chain.ask(DA_SIGNERS, da_signers.epoch_number())
        window = await self._chain.ask(self._entrance, da_entrance.getter("epochWindowSize"))
        pruned = await self._writer.run(lambda: self._store.pruned_epoch)
        oldest = 0 if pruned is None else pruned + 1
        if oldest + window >= epoch:
            return False
        count = await self._writer.run(self._store.prune, oldest)
        if count:
            _log.info("signer.pruned", epoch=oldest, rows=count)
        return True

    async def run(self, poll_s: float | None = None) -> None:
        await _repeat("prune", self.step, PRUNE_POLL_S if poll_s is None else poll_s)


async def _repeat(
    name: str, step: Callable[[], Awaitable[bool]], poll_s: float, look: asyncio.Event | None = None, *,
    once: bool = False, until: asyncio.Event | None = None,
) -> None:  # fmt: skip
    """Steps until cancelled, without a pause while there is something to do.

    Args:
        look: ends a pause when it is set.
        once: return after the first step that did something, or that left ``until`` set.
    """
    first_s = min(POLL_S, poll_s)
    pause_s = first_s
    while True:
        try:
            moved = await step()
            if once and (moved if until is None else until.is_set()):
                return
            pause_s = first_s
            await _pause(0 if moved else poll_s, look)
        except (Unavailable, TimedOut, PeerFault, InvalidInput) as error:
            _log.warning("signer.failed", duty=name, error=type(error).__name__, reason=str(error), pause_s=pause_s)
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, BACKOFF_MAX_S)


async def _pause(duration_s: float, look: asyncio.Event | None) -> None:
    if look is None or not duration_s:
        await asyncio.sleep(duration_s)
        return
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(look.wait(), duration_s)
    look.clear()
    await asyncio.sleep(min(duration_s, LOOK_PAUSE_S))  # strangers may ask for a look as often as they like

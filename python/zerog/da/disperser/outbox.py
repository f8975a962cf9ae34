"""Transactions that must happen once: each is on the disk, signed and with its nonce, before the chain hears of it.

Whatever happens to the disperser or to the chain's node, the same nonce is used until the chain has a transaction with it that
can never be taken back. Of all transactions with one nonce the chain takes one, so nothing is paid twice: after a restart, or
when the price has to rise, only what stands under that nonce is sent again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec

from zerog.da.disperser.chain import DisperserChain
from zerog.errors import Conflict, Corrupt, PeerFault, TimedOut, Unavailable
from zerog.primitives.hashing import keccak256
from zerog.runtime import log
from zerog.runtime.key import Key
from zerog.runtime.offload import Offload
from zerog.store.kv import Batch, Kv
from zerog.wire.transaction import Transaction

_log = log.get(__name__)

UPLOAD: Final = "upload"
COMMIT: Final = "commit"
RAISES_MAX: Final = 8
# The entrance begins a sampling round or an epoch with whatever is sent first, which no estimate in the block before knows.
GAS_SPARE: Final = 400_000
_KNOWN: Final = ("already known", "nonce too low", "underpriced")
_FIRST_PAUSE_S: Final = 0.05


class Refused(Conflict):
    """The transaction would fail, or the node does not take it; nothing of it can ever be on the chain."""

    code = "refused"


class Intent(msgspec.Struct, frozen=True, array_like=True):
    """A transaction on its way: the blobs it is for, and every form of it that was ever sent, the cheapest first."""

    nonce: int
    kind: str
    request_ids: tuple[bytes, ...]
    to: bytes
    data: bytes
    value_be: bytes
    gas: int
    price: int
    raws: tuple[bytes, ...]
    tip: int = 0

    @property
    def key(self) -> bytes:
        return self.nonce.to_bytes(8, "big")

    @property
    def value(self) -> int:
        return int.from_bytes(self.value_be, "big")


@dataclass(frozen=True)
class Outcome:
    """How an intent ended. A dead one is on no chain and never will be: another transaction has its nonce."""

    alive: bool
    succeeded: bool = False
    tx_hash: bytes = b""
    block_number: int = 0
    logs: tuple[tuple[bytes, tuple[bytes, ...], bytes], ...] = ()


DEAD: Final = Outcome(alive=False)


class Outbox:
    """The transactions of one account that nobody else uses.

    Args:
        kv: a database with the family ``da_intent``.
        lane: threads for the disk.
        open_max: transactions on their way at one moment.
        poll_s: between looks for a receipt.
        raise_s: a transaction that is in no block after this is sent again for a quarter more.
        dead_s: a transaction is given up only when its nonce is used in a final block and for so long there was no receipt for
            it: nodes tell of a block's state before its receipts, and those behind one address lag differently.
    """

    def __init__(
        self, kv: Kv, chain: DisperserChain, key: Key, chain_id: int, lane: Offload, *,
        open_max: int = 16, poll_s: float = 1.0, raise_s: float = 20.0, dead_s: float = 60.0,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._kv, self._chain, self._key, self._chain_id, self._lane = kv, chain, key, chain_id, lane
        self._open_max, self._poll_s, self._raise_s = open_max, poll_s, raise_s
        self._dead_s, self._now_s = dead_s, now_s
        self._preparing = asyncio.Lock()
        self._open: dict[int, Intent] = {}
        for _, packed in kv.scan("da_intent"):
            intent = _unpack(packed)
            self._open[intent.nonce] = intent
        self._resumed = set(self._open)

    @property
    def open(self) -> list[Intent]:
        """What is on its way, in order of nonce."""
        return [self._open[nonce] for nonce in sorted(self._open)]

    @property
    def has_room(self) -> bool:
        return len(self._open) < self._open_max

    async def prepare(self, kind: str, to: bytes, data: bytes, value: int, request_ids: tuple[bytes, ...]) -> Intent:
        """Decide on a transaction and write it down; it is not sent yet.

        Raises:
            Refused: it would fail. Unavailable, TimedOut: the chain does not answer.
        """
        eth, sender = self._chain.eth, bytes(self._key.address)
        async with self._preparing:
            try:
                gas = await eth.estimate_gas(sender, to, data, value)
            except PeerFault as error:
                raise Refused(str(error)) from None
            gas += gas * 3 // 10 + GAS_SPARE
            price, tip = await eth.fee_caps()
            nonce = max([await eth.nonce(sender), *(known + 1 for known in self._open)])
            raw = self._sign(nonce, to, data, value, gas, price, tip)
            intent = Intent(nonce, kind, request_ids, to, data, value.to_bytes(32, "big"), gas, price, (raw,), tip)
            await self._write(intent)
            return intent

    async def drive(self, intent: Intent, *, final: bool) -> Outcome:
        """Send a transaction until the chain has it.

        Args:
            final: wait until its block can never be taken back, else until it is in a block.

        Raises:
            Refused: the node never took it. It is forgotten then; otherwise it stays open until ``forget``.
        """
        first = intent.nonce not in self._resumed
        pause_s, raise_at = _FIRST_PAUSE_S, 0.0
        used_since: float | None = None
        while True:
            try:
                if self._now_s() >= raise_at:
                    if raise_at and len(intent.raws) <= RAISES_MAX:
                        intent = await self._dearer(intent)
                    raise_at = self._now_s() + self._raise_s
                    await self._send(intent, first)
                    first = False
                used = await self._is_used(intent)
                outcome = await self._look(intent, final)
                if outcome is not None:
                    return outcome
                now = self._now_s()
                used_since = None if not used else now if used_since is None else used_since
                if used_since is not None and now - used_since >= self._dead_s:
                    return DEAD
            except (Unavailable, TimedOut, PeerFault) as error:
                _log.warning("outbox.waits", kind=intent.kind, nonce=intent.nonce, reason=str(error))
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, self._poll_s)

    def forget(self, intent: Intent, batch: Batch) -> None:
        """What ends an intent, into a batch that also writes what came of it; then ``forgotten``."""
        batch.delete("da_intent", intent.key)

    def forgotten(self, intent: Intent) -> None:
        self._open.pop(intent.nonce, None)
        self._resumed.discard(intent.nonce)

    async def _send(self, intent: Intent, first: bool) -> None:
        for raw in intent.raws[-1:] if first else intent.raws:
            try:
                await self._chain.eth.send_raw(raw)
            except PeerFault as error:
                if any(words in str(error) for words in _KNOWN):
                    continue
                if first:
                    batch = Batch()
                    self.forget(intent, batch)
                    await self._lane.run(self._kv.write, batch)
                    self.forgotten(intent)
                    raise Refused(str(error)) from None
                _log.warning("outbox.refused", kind=intent.kind, nonce=intent.nonce, reason=str(error))

    async def _is_used(self, intent: Intent) -> bool:
        """Whether some transaction with this nonce is in a final block."""
        head = await self._chain.final()
        return await self._chain.eth.nonce_at(bytes(self._key.address), head.number) > intent.nonce

    async def _look(self, intent: Intent, final: bool) -> Outcome | None:
        for raw in intent.raws:
            tx_hash = bytes(keccak256(raw))
            receipt = await self._chain.eth.receipt(tx_hash)
            if receipt is None or (final and receipt.block_number > (await self._chain.final()).number):
                continue
            return Outcome(True, receipt.succeeded, tx_hash, receipt.block_number, receipt.logs)
        return None

    async def _dearer(self, intent: Intent) -> Intent:
        price, tip = await self._chain.eth.fee_caps()
        had = intent.tip or intent.price  # without a tip: sent by an older version, whose price was all tip to the pool
        tip = max(tip, had + had // 4 + 1)
        price = max(price, tip, intent.price + intent.price // 4 + 1)
        raw = self._sign(intent.nonce, intent.to, intent.data, intent.value, intent.gas, price, tip)
        after = msgspec.structs.replace(intent, price=price, tip=tip, raws=(*intent.raws, raw))
        await self._write(after)
        return after

    async def _write(self, intent: Intent) -> None:
        batch = Batch()
        batch.put("da_intent", intent.key, msgspec.msgpack.encode(intent))
        await self._lane.run(self._kv.write, batch)
        self._open[intent.nonce] = intent

    def _sign(self, nonce: int, to: bytes, data: bytes, value: int, gas: int, price: int, tip: int) -> bytes:
        return self._key.sign(
            Transaction(
                type=2, chain_id=self._chain_id, nonce=nonce, gas_limit=gas, to=to, value=value, data=data,
                max_fee_per_gas=price, max_priority_fee_per_gas=tip,
            )
        )  # fmt: skip


def _unpack(packed: bytes) -> Intent:
    try:
        return msgspec.msgpack.decode(packed, type=Intent)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise Corrupt(f"a transaction on its way has another form: {error}") from None

"""A provider's records on the disk: what users owe, what is being settled, what was settled, signatures that can be asked for.

Every change of money is one batch, synced before anybody hears of it. Batches that wait for the disk go in one write, so that
many users at once cost few fsyncs.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

import msgspec

from zerog.errors import Conflict, Corrupt, Unavailable
from zerog.runtime.offload import Offload
from zerog.store.kv import Batch, Kv
from zerog.types import Address
from zerog.wire.compute import settlement_nonce

FAMILIES: Final = {
    "meta": False, "charges": False, "intents": True, "history": False, "signatures": False, "expiry": False, "jobs": False,
    "kept": False, "pieces": True, "adapters": False,
}  # fmt: skip
_VERSION: Final = b"1"
_T = TypeVar("_T")


class Charge(msgspec.Struct, frozen=True, array_like=True):
    """One answered request. Fees are neuron, as texts: they may have more than 64 bits."""

    request_hash: str
    """Hex with 0x: names the request in the settlement's hash."""
    input_fee_text: str
    output_fee_text: str
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    at_ms: int
    model: str
    id: str
    paid_text: str = "0"
    """What earlier settlements have paid of it."""

    @property
    def input_fee(self) -> int:
        return int(self.input_fee_text)

    @property
    def output_fee(self) -> int:
        return int(self.output_fee_text)

    @property
    def paid(self) -> int:
        return int(self.paid_text)

    @property
    def due(self) -> int:
        return self.input_fee + self.output_fee - self.paid


@dataclass(frozen=True)
class Owed:
    """A charge and its place: charges of a user are in order of ``seq``."""

    user: Address
    seq: int
    charge: Charge

    @property
    def key(self) -> bytes:
        return self.user + self.seq.to_bytes(8, "big")


class IntentItem(msgspec.Struct, frozen=True, array_like=True):
    """One user's part of a settlement on its way; ``seqs`` are the charges it covers, oldest first."""

    user: bytes
    nonce: int
    fee_text: str
    requests_hash: bytes
    signature: bytes
    seqs: list[int]

    @property
    def fee(self) -> int:
        return int(self.fee_text)


class Attempt(msgspec.Struct, frozen=True, array_like=True):
    """A signed transaction that may have been sent."""

    raw: bytes
    hash: bytes
    price: str
    """Neuron for a unit of gas."""


class Intent(msgspec.Struct, frozen=True, array_like=True):
    """A settlement that may be on its way. Its attempts share one account nonce, so at most one of them is ever in a block."""

    id: int
    tx_nonce: int
    gas: int
    items: list[IntentItem]
    attempts: list[Attempt]
    at_ms: int


class StoredSignature(msgspec.Struct, frozen=True, array_like=True):
    """What the signature route answers for an id."""

    json: bytes
    expires_ms: int


class Store:
    """Records over the key-value port. One process, one event loop; writes go through one thread.

    Args:
        kv: with ``FAMILIES``.
        writes: one thread.
    """

    def __init__(self, kv: Kv, writes: Offload) -> None:
        self.kv, self._writes = kv, writes
        self._waiting: list[tuple[Batch, asyncio.Future[None]]] = []
        self._writing = False
        used = [int.from_bytes(key[20:28], "big") for family in ("charges", "history") for key, _ in self.kv.scan(family)]
        self._next_seq = max(1 + max(used, default=0), int(self._meta("next_seq") or b"1"))

    # -- who we are ----------------------------------------------------------------------------------------------------

    def identity(self, chain_id: int, contract: Address, provider: Address, now_s: float) -> None:
        """Claim the directory for one provider of one contract.

        A new directory remembers when it began: an account that the chain says was settled later than anything known here
        shows that this is an old copy.

        Raises:
            Conflict: it belongs to another, or to another version.
        """
        wanted = {
            "version": _VERSION, "chain": str(chain_id).encode(), "contract": contract.hex().encode(),
            "provider": provider.hex().encode(),
        }  # fmt: skip
        batch = Batch()
        if self._meta("version") is None:
            batch.put("meta", b"last_nonce", str(settlement_nonce(int(now_s))).encode())
        for name, value in wanted.items():
            found = self._meta(name)
            if found is None:
                batch.put("meta", name.encode(), value)
            elif found != value:
                raise Conflict(f"the directory belongs to {name} {found.decode()}, not to {value.decode()}; name another home")
        if batch.operations:
            self.kv.write(batch)

    def _meta(self, name: str) -> bytes | None:
        return self.kv.get("meta", name.encode())

    # -- writing -------------------------------------------------------------------------------------------------------

    async def commit(self, batch: Batch) -> None:
        """Return when the batch is on the disk.

        Raises:
            Unavailable, Exhausted: it is not, and nothing more will be: the process must start again.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((batch, done))
        if not self._writing:
            self._writing = True
            asyncio.get_running_loop().create_task(self._write_all(), name="store.commit")
        await asyncio.shield(done)

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                taken, self._waiting = self._waiting, []
                whole = Batch()
                for batch, _ in taken:
                    whole.operations += batch.operations
                error: BaseException | None = None
                try:
                    await self._writes.run(self.kv.write, whole)
                except Exception as caught:
                    error = caught
                for _, done in taken:
                    if done.done():
                        continue
                    if error is None:
                        done.set_result(None)
                    else:
                        done.set_exception(Unavailable(f"cannot write: {error}"))
                        done.exception()  # seen: its waiter may be gone
        finally:
            self._writing = False

    # -- charges -------------------------------------------------------------------------------------------------------

    def new_owed(self, user: Address, charge: Charge) -> Owed:
        """A charge with the next place in order; not stored yet."""
        seq, self._next_seq = self._next_seq, self._next_seq + 1
        return Owed(user, seq, charge)

    @staticmethod
    def put_owed(batch: Batch, owed: Owed) -> None:
        batch.put("charges", owed.key, msgspec.msgpack.encode(owed.charge))

    def settle_owed(self, batch: Batch, owed: Owed, nonce: int) -> None:
        """Move a charge from what is owed to what was settled, by the settlement of this nonce."""
        batch.delete("charges", owed.key)
        whole = msgspec.structs.replace(owed.charge, paid_text=str(owed.charge.paid + owed.charge.due))
        batch.put("history", owed.key, msgspec.msgpack.encode((whole, nonce)))
        batch.put("meta", b"next_seq", str(self._next_seq).encode())

    def pay_part(self, batch: Batch, owed: Owed, paid: int) -> Owed:
        """A charge of which a settlement has paid something; the rest stays owed."""
        changed = replace(owed, charge=msgspec.structs.replace(owed.charge, paid_text=str(owed.charge.paid + paid)))
        self.put_owed(batch, changed)
        return changed

    def owed(self, user: Address | None = None) -> Iterator[Owed]:
        """What is owed, a user's charges in order of time."""
        start, stop = (b"", None) if user is None else (bytes(user), bytes(user) + b"\xff" * 9)
        for key, value in self.kv.scan("charges", start, stop):
            yield Owed(Address(key[:20]), int.from_bytes(key[20:28], "big"), decode(value, Charge))

    def history(self, user: Address | None = None) -> Iterator[tuple[Owed, int]]:
        """What was settled, with the nonce of its settlement."""
        start, stop = (b"", None) if user is None else (bytes(user), bytes(user) + b"\xff" * 9)
        for key, value in self.kv.scan("history", start, stop):
            charge, nonce = decode(value, tuple[Charge, int])
            yield Owed(Address(key[:20]), int.from_bytes(key[20:28], "big"), charge), nonce

    # -- settlements on their way --------------------------------------------------------------------------------------

    @staticmethod
    def put_intent(batch: Batch, intent: Intent) -> None:
        batch.put("intents", intent.id.to_bytes(8, "big"), msgspec.msgpack.encode(intent))
        batch.put("meta", b"last_nonce", str(max([item.nonce for item in intent.items], default=0)).encode())

    @staticmethod
    def drop_intent(batch: Batch, intent: Intent) -> None:
        batch.delete("intents", intent.id.to_bytes(8, "big"))

    def intents(self) -> list[Intent]:
        return [decode(value, Intent) for _, value in self.kv.scan("intents")]

    def last_nonce(self) -> int:
        return int(self._meta("last_nonce") or b"0")

    # -- signatures ----------------------------------------------------------------------------------------------------

    @staticmethod
    def put_signature(batch: Batch, id: str, json: bytes, expires_ms: int) -> None:
        batch.put("signatures", id.lower().encode(), msgspec.msgpack.encode(StoredSignature(json, expires_ms)))
        batch.put("expiry", expires_ms.to_bytes(8, "big") + id.lower().encode(), b"")

    def signature(self, id: str, now_ms: int) -> bytes | None:
        """The JSON of an answer's signature while it is kept; the case of the id does not matter."""
        found = self.kv.get("signatures", id.lower().encode())
        if found is None:
            return None
        stored = decode(found, StoredSignature)
        return stored.json if stored.expires_ms > now_ms else None

    async def expire_signatures(self, now_ms: int, count_max: int = 10_000) -> int:
        """Forget signatures whose time is over; returns how many."""
        batch, count = Batch(), 0
        for key, _ in self.kv.scan("expiry", b"", now_ms.to_bytes(8, "big")):
            batch.delete("expiry", key)
            batch.delete("signatures", key[8:])
            count += 1
            if count == count_max:
                break
        if count:
            await self.commit(batch)
        return count

    async def expire_history(self, before_ms: int, count_max: int = 10_000) -> int:
        """Forget what was settled before a moment; returns how many."""
        batch, count = Batch(), 0
        for owed, _ in self.history():
            if owed.charge.at_ms < before_ms:
                batch.delete("history", owed.key)
                count += 1
                if count == count_max:
                    break
        if count:
            batch.put("meta", b"next_seq", str(self._next_seq).encode())
            await self.commit(batch)
        return count

    # -- adapters ------------------------------------------------------------------------------------------------------

    def deployed(self) -> list[tuple[Address, str]]:
        """Owner and task of each adapter that is deployed, by the time of their deployment."""
        rows = [(value, Address(key[:20]), key[20:].decode()) for key, value in self.kv.scan("adapters")]
        return [(user, task) for _, user, task in sorted(rows)]

    async def mark_deployed(self, user: Address, task: str, deployed: bool) -> None:
        """Write down that an adapter is deployed from now on, or no longer."""
        batch = Batch()
        if deployed:
            batch.put("adapters", user + task.encode(), time.time_ns().to_bytes(8, "big"))
        else:
            batch.delete("adapters", user + task.encode())
        await self.commit(batch)


def decode(value: bytes, kind: type[_T]) -> _T:
    """A record of our own.

    Raises:
        Corrupt: it has another form although its digest is right: another version wrote it.
    """
    try:
        made: Any = msgspec.msgpack.decode(value, type=kind)
    except msgspec.MsgspecError as error:
        raise Corrupt(f"a record has another form: {error}") from None
    return made  # type: ignore[no-any-return]

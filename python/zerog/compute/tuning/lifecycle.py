"""A task's way through its stages. Source: docs/protocol/compute.md §8.3.

Every stage can be begun again: what it left on the disk or on the chain is looked at before anything is done or paid twice. So
a restart takes each task up where its last record says.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from zerog.compute.adapter import Handed, hand_over
from zerog.compute.tuning import parcel
from zerog.compute.tuning.chain import TuningChain
from zerog.compute.tuning.dataset import Texts, parse_dataset, token_count, tokenize
from zerog.compute.tuning.lora import Job
from zerog.compute.tuning.store import TaskStore
from zerog.compute.tuning.task import State, Task
from zerog.compute.tuning.trainer import Trainer
from zerog.contracts.fine_tuning import Settlement
from zerog.errors import (
    Conflict,
    Corrupt,
    Exhausted,
    InsufficientFunds,
    InvalidInput,
    NotFound,
    PeerFault,
    TimedOut,
    Unauthorized,
    Unavailable,
    ZerogError,
)
from zerog.primitives.hashing import keccak256
from zerog.runtime import log
from zerog.runtime.key import Key
from zerog.runtime.offload import Offload
from zerog.types import Address
from zerog.wire import compute

_log = log.get(__name__)

PAUSE_S_MAX: Final = 60.0
EXPIRY_S: Final = 600.0
"""Between two looks for what has been kept long enough."""
_LATER: Final = (Unavailable, TimedOut, PeerFault, Exhausted, Corrupt)
"""What a stage is tried again for; everything else ends a task."""


class Depot(Protocol):
    """The storage network, as tasks need it."""

    async def fetch(self, root: bytes, target: Path, bytes_max: int) -> None:
        """A whole, verified file at ``target``.

        Raises:
            NotFound: nobody has it. InvalidInput: more than ``bytes_max``. Unavailable: not now.
        """
        ...

    async def keep(self, source: Path) -> bytes:
        """Store a file; its root."""
        ...


@dataclass(frozen=True)
class BaseModel:
    """A model that can be tuned."""

    name: str
    path: Path
    root: bytes
    """Of the file, which is how tasks name it."""
    description: str = ""


@dataclass(frozen=True)
class Terms:
    """What a provider asks and bears."""

    price_per_token: int
    """Neuron a token and epoch."""
    reserve: int
    """Neuron that an account must hold beyond the fee."""
    dataset_bytes_max: int
    tokens_max: int
    """Of a data set, times its epochs."""
    row_tokens_max: int
    rank: int
    alpha: int
    tries_max: int
    pause_s: float
    poll_s: float
    acknowledge_s: float
    """How long a user may take to acknowledge."""
    kept_s: float
    """How long a task's encrypted file stays here after its end, and a data set after its upload."""


class Lifecycle:
    """Works tasks off, one at a time in their order, and watches those that are delivered.

    Args:
        models: by their root.
        texts: the tokenizer of each model, by its root.
        depot: None: results are handed over by this node alone.
        enclave: signs deliverables.
        adapters: a folder that a provider sees, which then serves what was paid for; None: results go to their users alone.
    """

    def __init__(
        self,
        store: TaskStore,
        chain: TuningChain,
        trainer: Trainer,
        models: dict[bytes, BaseModel],
        texts: Callable[[BaseModel], Texts],
        depot: Depot | None,
        enclave: Key,
        terms: Terms,
        disk: Offload,
        *,
        adapters: Path | None = None,
        now_s: Callable[[], float] = time.time,
        on_moved: Callable[[Task], None] = lambda task: None,
    ) -> None:
        self.store, self.chain, self.models, self.terms = store, chain, models, terms
        self._trainer, self._texts, self._depot, self._enclave, self._disk = trainer, texts, depot, enclave, disk
        self._now_s, self._on_moved, self._adapters = now_s, on_moved, adapters
        self._domain = compute.fine_tuning_domain(chain.chain_id, chain.contract)
        self._queue: list[Task] = list(store.unfinished())
        self._wake = asyncio.Event()
        self._working: tuple[str, asyncio.Task[Any]] | None = None
        self._cancelled: set[str] = set()
        self._progress: dict[str, str] = {}

    # --- from the routes ----------------------------------------------------------------------------------------------

    @property
    def pending(self) -> int:
        """Tasks that still want the machine."""
        return sum(task.state not in (State.DELIVERED, State.ACKNOWLEDGED) for task in self._queue)

    @property
    def unfinished(self) -> int:
        return len(self._queue)

    def unfinished_of(self, user: Address) -> Task | None:
        return next((task for task in self._queue if task.user == user), None)

    def progress(self, task: Task) -> str:
        """One line on the step that is being worked on, empty between stages."""
        return self._progress.get(task.id, "")

    async def admit(self, task: Task) -> None:
        """A new task, on the disk when this returns."""
        await self._disk.run(self.store.add, task)
        self._queue.append(task)
        self._note(task, "accepted")
        self._wake.set()

    async def cancel(self, id: str) -> None:
        """End a task that has nothing to deliver yet.

        Raises:
            NotFound: no unfinished task of that name. Conflict: it is too late.
        """
        task = next((one for one in self._queue if one.id == id), None)
        if task is None:
            raise NotFound(f"task {id} is not being worked on")
        if not task.state.cancellable:
            raise Conflict(f"task {id} is {task.state}: too late to cancel")
        self._cancelled.add(id)
        if self._working is not None and self._working[0] == id:
            self._working[1].cancel()
        else:
            await self._end(task, State.FAILED, "cancelled by the user")

    # --- the loops ----------------------------------------------------------------------------------------------------

    async def work(self) -> None:
        """Take tasks that want the machine through their stages, for ever."""
        while True:
            task = next((one for one in self._queue if one.state not in (State.DELIVERED, State.ACKNOWLEDGED)), None)
            if task is None:
                self._wake.clear()
                await self._wake.wait()
                continue
            await self._guarded(task, self._advance)

    async def watch(self) -> None:
        """Look after delivered tasks and what has been kept long enough, for ever."""
        looked_s = -EXPIRY_S
        while True:
            if time.monotonic() - looked_s > EXPIRY_S:
                looked_s = time.monotonic()
                gone = await self._disk.run(self.store.expire, self._now_s() - self.terms.kept_s)
                if gone:
                    _log.info("tuning.expired", files=gone)
            for task in [one for one in self._queue if one.state in (State.DELIVERED, State.ACKNOWLEDGED)]:
                await self._guarded(task, self._settle)
            await asyncio.sleep(self.terms.poll_s)

    async def _guarded(self, task: Task, stage: Callable[[Task], Any]) -> None:
        """One stage of a task: what goes wrong is tried again, or ends the task, and is told in its log."""
        work = asyncio.ensure_future(stage(task))
        if stage == self._advance:
            self._working = (task.id, work)
        try:
            await work
        except asyncio.CancelledError:
            if task.id not in self._cancelled:
                work.cancel()
                raise
            await self._end(self._latest(task), State.FAILED, "cancelled by the user")
        except _LATER as error:
            await self._again(self._latest(task), error)
        except ZerogError as error:
            await self._end(self._latest(task), State.FAILED, str(error))
        finally:
            if self._working is not None and self._working[0] == task.id and stage == self._advance:
                self._working = None
            self._progress.pop(task.id, None)

    async def _again(self, task: Task, error: ZerogError) -> None:
        """After a fault of the world: a pause that grows, so many times."""
        tries = task.tries + 1
        settling = task.state in (State.DELIVERED, State.ACKNOWLEDGED)
        if tries > self.terms.tries_max and not settling:  # what is delivered is owed: it is never given up
            await self._end(task, State.FAILED, f"{task.state}: gave up after {self.terms.tries_max} tries: {error}")
            return
        self._note(task, f"{task.state}: {error}; trying again")
        _log.warning("tuning.again", task=task.id, state=str(task.state), reason=str(error), tries=tries)
        await self._put(msgspec.structs.replace(task, tries=tries, reason=str(error)))
        await asyncio.sleep(min(self.terms.pause_s * 2 ** min(tries, 10), PAUSE_S_MAX))

    # --- stages -------------------------------------------------------------------------------------------------------

    async def _advance(self, task: Task) -> None:
        if task.state is State.INIT:
            await self._move(task, State.SETTING_UP)
        elif task.state is State.SETTING_UP:
            await self._set_up(task)
        elif task.state is State.SET_UP:
            await self._move(task, State.TRAINING)
        elif task.state is State.TRAINING:
            await self._train(task)
        elif task.state is State.TRAINED:
            await self._move(task, State.DELIVERING)
        else:
            await self._deliver(task)

    async def _set_up(self, task: Task) -> None:
        user, model, terms = Address(task.user), self._model(task), self.terms
        account = await self.chain.account(user)
        if account is None or not account.acknowledged:
            raise Unauthorized(
                "no account with this provider, or its signer is not acknowledged: transfer funds and acknowledge it"
            )
        if int(task.nonce) <= account.nonce:
            raise InvalidInput(f"nonce {task.nonce} is not above {account.nonce}, which the contract has seen")
        data = await self._data(task, user)
        texts = await self._disk.run(self._texts, model)

        def tokens() -> tuple[bytes, int]:
            rows = tokenize(parse_dataset(data), texts, terms.row_tokens_max)
            return msgspec.msgpack.encode(rows), token_count(rows)

        rows, count = await self._disk.run(tokens)
        epochs = task.params.num_train_epochs
        if count * epochs > terms.tokens_max:
            raise InvalidInput(f"{count:,} tokens in {epochs} epochs: at most {terms.tokens_max:,} are trained in one task")
        fee = count * terms.price_per_token * epochs
        held = account.balance - account.pending_refund
        if held < fee + terms.reserve:
            raise InsufficientFunds(
                f"insufficient balance: the task costs {fee} neuron and {terms.reserve} stay, the account has {held}"
            )
        await self._disk.run((self.store.folder(task) / "rows.bin").write_bytes, rows)
        self._note(task, f"{count:,} tokens, {epochs} epochs: {fee} neuron")
        await self._move(task, State.SET_UP, tokens=count, fee=str(fee))

    async def _data(self, task: Task, user: Address) -> bytes:
        """The data set: the user's own upload, or a file of the storage network."""
        root = bytes.fromhex(task.dataset.removeprefix("0x"))
        uploaded = self.store.dataset(user, root)
        if uploaded.exists():
            data = await self._disk.run(uploaded.read_bytes)
            if keccak256(data) != root:
                raise InvalidInput("the uploaded data set was changed on the disk: upload it again")
            return data
        if self._depot is None:
            raise NotFound(f"no data set {task.dataset} was uploaded here, and this provider has no storage network")
        path = self.store.folder(task) / "dataset"
        if not path.exists():
            await self._depot.fetch(root, path, self.terms.dataset_bytes_max)
        return await self._disk.run(path.read_bytes)

    async def _train(self, task: Task) -> None:
        model, params, folder = self._model(task), task.params, self.store.folder(task)
        job = Job(
            model=str(model.path), model_name=model.name, rows=str(folder / "rows.bin"), output=str(folder / "output"),
            work=str(folder), epochs=params.num_train_epochs, batch_rows=params.per_device_train_batch_size,
            learning_rate=params.learning_rate, max_steps=params.max_steps, noise_alpha=params.neftune_noise_alpha,
            rank=self.terms.rank, alpha=self.terms.alpha, row_tokens_max=self.terms.row_tokens_max,
            seed=int.from_bytes(task.uuid_bytes[:4], "big"),
        )  # fmt: skip

        async def report(step: dict[str, Any]) -> None:
            rate = step["tokens"] / max(step["seconds"], 1e-9)
            line = f"step {step['step']}/{step['steps']} loss {step['loss']:.4f} {rate:.0f} tokens/s"
            self._progress[task.id] = line
            self._note(task, line)

        await self._trainer.train(job, report)
        await self._move(task, State.TRAINED)

    async def _deliver(self, task: Task) -> None:
        folder, file, user = self.store.folder(task), self.store.parcel(task), Address(task.user)
        if self.store.secret(task.id) is None or not file.exists():

            def pack() -> bytes:
                plain = folder / "adapter.zip"
                parcel.pack(folder / "output", plain)
                return parcel.seal(plain, file, self._sign_tags)

            secret = await self._disk.run(pack)
            await self._disk.run(self.store.put, task, secret)
        root, stored = task.root, task.stored
        if not root:
            root, stored = await self._kept(task, file)
            task = msgspec.structs.replace(task, root=root, stored=stored)
            await self._put(task)
        if await self.chain.deliverable(user, task.id) is None:
            await self.chain.deliver(user, task.id, root)
        account = await self.chain.account(user)
        index = 0 if account is None else next((at for at, one in enumerate(account.deliverables) if one.id == task.id), 0)
        self._note(task, f"delivered as 0x{root.hex()}; acknowledge it to get the key")
        await self._move(task, State.DELIVERED, deliver_index=index, delivered_s=self._now_s())

    async def _kept(self, task: Task, file: Path) -> tuple[bytes, bool]:
        """How the contract will name a result, and whether it lies in the storage network.

        A network that does not take it, for whatever reason, costs nobody the training: after the last try this node hands it
        over alone, and the name is the file's digest.
        """
        if self._depot is not None:
            try:
                return await self._depot.keep(file), True
            except ZerogError as error:
                if task.tries < self.terms.tries_max:
                    raise Unavailable(f"the storage network does not take the result: {error}") from None
                self._note(task, f"not in the storage network: {error}; this node hands it over")
                _log.error("tuning.not_stored", task=task.id, reason=str(error))
        return await self._disk.run(lambda: bytes(keccak256(file.read_bytes()))), False

    async def _settle(self, task: Task) -> None:
        """Be paid: with the key once it is acknowledged, for a part of the fee once that has taken too long."""
        user = Address(task.user)
        made = await self.chain.deliverable(user, task.id)
        if made is None:
            raise PeerFault("the contract no longer has the deliverable")
        if not made.settled:
            patience_s = min(self.terms.acknowledge_s, await self.chain.lock_time_s() / 2)
            if not made.acknowledged and self._now_s() - task.delivered_s < patience_s:
                return
            if made.acknowledged and task.state is State.DELIVERED:
                task = await self._move(task, State.ACKNOWLEDGED)
            account = await self.chain.account(user)
            nonce = max(int(task.nonce), 0 if account is None else account.nonce + 1)
            secret = self._sealed_secret(task) if made.acknowledged else b""
            struct = compute.deliverable_struct(task.id, secret, made.root, nonce, int(task.fee), user)
            signature = self._enclave.sign_digest(compute.typed_digest(self._domain, struct))
            item = Settlement(task.id, secret, made.root, nonce, signature, int(task.fee), user)
            hash = await self.chain.settle(item)
            task = msgspec.structs.replace(task, settled_tx=hash)
            await self._put(task)
        if made.acknowledged and self._adapters is not None:
            await self._disk.run(self._hand_over, task, self._adapters)
        await self._end(
            task, State.FINISHED, "" if made.acknowledged else "not acknowledged in time: no key, a part of the fee"
        )

    # --- bookkeeping --------------------------------------------------------------------------------------------------

    def _model(self, task: Task) -> BaseModel:
        found = self.models.get(bytes.fromhex(task.model_hash.removeprefix("0x")))
        if found is None:
            raise NotFound(f"model {task.model_hash} is not tuned here")
        return found

    def _hand_over(self, task: Task, folder: Path) -> None:
        model = self._model(task)
        handed = Handed(task.id, task.user.hex(), model.name, model.root.hex(), "0x" + task.root.hex())
        try:
            hand_over(folder, handed, self.store.folder(task) / "output")
        except OSError as error:
            raise Unavailable(f"the folder for adapters: {error.strerror}") from None
        self._note(task, f"a provider can serve it as {handed.name}")

    def _sealed_secret(self, task: Task) -> bytes:
        from zerog.compute.tuning import ecies

        secret = self.store.secret(task.id)
        if secret is None:
            raise Corrupt(f"the key of task {task.id} is gone")
        return ecies.seal(task.public_key, secret)

    def _sign_tags(self, digest: bytes) -> bytes:
        return self._enclave.sign_digest(digest)

    def _latest(self, task: Task) -> Task:
        return next((one for one in self._queue if one.id == task.id), task)

    async def _move(self, task: Task, state: State, **changes: Any) -> Task:
        moved = task.moved(state, self._now_s(), reason="", **changes)
        await self._put(moved)
        self._note(moved, str(state))
        self._on_moved(moved)
        return moved

    async def _put(self, task: Task) -> None:
        await self._disk.run(self.store.put, task)
        self._queue = [task if one.id == task.id else one for one in self._queue]

    async def _end(self, task: Task, state: State, reason: str) -> None:
        ended = msgspec.structs.replace(task.moved(state, self._now_s()), reason=reason)
        await self._put(ended)
        self._queue = [one for one in self._queue if one.id != task.id]
        self._cancelled.discard(task.id)
        self._note(ended, f"{state}{': ' if reason else ''}{reason}")
        self._on_moved(ended)
        await self._disk.run(lambda: self.store.clean(ended, parcel=state is State.FAILED))
        _log.info("tuning.ended", task=task.id, state=str(state), reason=reason)

    def _note(self, task: Task, line: str) -> None:
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._now_s()))
        self.store.log(task, f"{stamp} {line}")

"""The miner: proofs that the node holds its part of the flow, found in sealed segments and sent to the mine contract.

Four loops beside the node. *Watching* asks the contract for the task (context, target, window) and tells the others at once
when it changes. *Sealing* seals what became whole. *Hunting* tries batches of nonces natively, the interpreter lock released,
on at most ``threads`` threads and for at most ``cpu_percent`` of the time; loads come from memory when all of them fit, else
from the database while the batch before is mixed. *Sending* builds no answer for a task that is over, checks each one the way
the contract will, sends it as a legacy transaction and follows it into a block.

Nothing here is lost by a crash but the batch in flight: the id and the seals are in the store, and nonces begin at a random
place, so no start repeats another's work.

Source: docs/protocol/storage.md, 2.3, 2.4 and 5.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from zerog.contracts import flow as flow_contract
from zerog.contracts import mine, reward
from zerog.contracts import registry as contracts
from zerog.contracts.calls import Call
from zerog.contracts.flow import EpochRange
from zerog.errors import ConfigError, Corrupt, Exhausted, InvalidInput, NotFound, PeerFault, TimedOut, Unavailable
from zerog.primitives import pora
from zerog.primitives.hashing import keccak256
from zerog.runtime import disk, log
from zerog.runtime.config import StorageConfig
from zerog.runtime.eth import EthReceipt, SendingEth
from zerog.runtime.key import Key
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_http import Method
from zerog.runtime.service import Ready
from zerog.runtime.tasks import Tasks
from zerog.storage.api import Shard
from zerog.storage.ingest import invalid_params
from zerog.storage.rpc import Arguments, guarded
from zerog.storage.sealing import Epochs, Sealed, Seals, is_sealed_well, seal_proof
from zerog.storage.store import Store
from zerog.store.kv import Batch
from zerog.types import parse_address, parse_hash
from zerog.wire.transaction import Transaction

_log = log.get(__name__)

_ANSWERS_A_BATCH: Final = 4
_ANSWERS_WAITING_MAX: Final = 8
_SEALS_A_PASS: Final = 64
_PRICE_STEPS: Final = 5
_RECEIPT_S: Final = 20.0
_PRICING_SECTORS: Final = 1 << 25
_EPOCHS_A_TRANSACTION: Final = 32
_FAULTS = (Unavailable, TimedOut, PeerFault)
# What the contract says when a sealed copy is not what it should be.
_WRONG_SEAL: Final = ("Invalid sealed context digest", "Inconsistent merkle root")


class MinerMetrics:
    """The miner's numbers. Names never change.

    Args:
        registry: where they are exposed.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self.mining = Gauge("zerog_storage_miner_mining", "1 while nonces are tried", registry=registry)
        self.epoch = Gauge("zerog_storage_miner_epoch", "epoch of the task", registry=registry)
        self.sealed = Gauge("zerog_storage_miner_sealed_segments", "segments sealed under the miner's id", registry=registry)
        self.nonces = Counter("zerog_storage_miner_nonces", "nonces drawn since start", registry=registry)
        self.tried = Counter("zerog_storage_miner_loads", "nonces whose load was here and was mixed", registry=registry)
        self.rate = Gauge("zerog_storage_miner_nonces_per_second", "nonces a second over the last batches", registry=registry)
        self.hits = Counter("zerog_storage_miner_hits", "seals that reached the target", registry=registry)
        self.submissions = Counter(
            "zerog_storage_miner_submissions", "answers by what became of them", ["result"], registry=registry
        )
        self.reward = Counter("zerog_storage_miner_reward_neuron", "rewards credited for answers", registry=registry)
        self.closed = Counter("zerog_storage_miner_closed_epochs", "epochs closed because nobody else did", registry=registry)


@dataclass(frozen=True)
class MiningTask:
    """What nonces are tried for until the contract says something else."""

    context: flow_contract.MineContext
    subtask_digest: bytes
    recall_range: pora.Range
    threshold: int

    @property
    def chunk_start(self) -> int:
        """The first segment of the flow that nonces can pick."""
        return self.recall_range.start // pora.LOAD_SECTORS

    @property
    def chunk_end(self) -> int:
        """The segment of the flow after the last that nonces can pick."""
        return (self.recall_range.start + self.recall_range.length) // pora.LOAD_SECTORS


@dataclass(frozen=True)
class _Found:
    task: MiningTask
    winner: pora.Winner
    sealed: Sealed


class Refused(Exception):
    """The chain does not take a transaction; the reason in its words."""


def task_of(work: mine.WorkerContext, shard: Shard, start_position: int = 0) -> MiningTask | str:
    """What to mine, or in words why there is nothing to mine.

    Args:
        work: what the contract answers.
        shard: what the node keeps.
        start_position: first sector of the wished range, a multiple of 2**25. Only flows above 8 TiB for each shard leave a
            choice; elsewhere the range is all of the flow.
    """
    context = work.context
    if context.digest == contracts.EMPTY_HASH:
        return "the epoch has no digest: nothing can be mined in it"
    if work.subtask_digest == bytes(32):
        return "outside the miner's window of this epoch"
    if work.pora_target == 0:
        return "the epoch has enough answers"
    if shard.count > work.max_shards:
        return f"the node keeps one of {shard.count} shards; the contract takes answers of at most {work.max_shards}"
    whole = context.flow_length // pora.LOAD_SECTORS * pora.LOAD_SECTORS
    if whole == 0 or context.flow_length // shard.count == 0:
        return f"the flow has {context.flow_length} sectors: less than one load"
    length = min(whole, pora.MINING_SECTORS_MAX * shard.count)
    start = min(start_position, whole - length) // _PRICING_SECTORS * _PRICING_SECTORS
    threshold = pora.quality_threshold(work.pora_target, context.flow_length, shard.count)
    return MiningTask(
        context, work.subtask_digest, pora.Range(start, length, shard.id, pora.shard_mask(shard.count)), threshold
    )


class Miner:
    """One miner over an open node.

    Args:
        config: ``[storage]``; ``miner.enabled`` is not asked.
        store, eth: the node's.
        lanes: threads for native work and reads, at least three.

    Raises:
        ConfigError: a setting does not fit, or the key cannot be read.
    """

    def __init__(
        self,
        config: StorageConfig,
        store: Store,
        eth: SendingEth,
        flow: bytes,
        chain_id: int,
        lanes: Offload,
        numbers: MinerMetrics,
    ) -> None:
        self._config, self._settings = config, config.miner
        self._store, self._eth, self._flow, self._chain_id = store, eth, flow, chain_id
        self._lanes, self._numbers = lanes, numbers
        settings = self._settings
        if not settings.key_file:
            raise _setting("key_file", "", "expected a private file with the key that pays for answers")
        self._key = Key.read(Path(settings.key_file), named="storage.miner.key_file")
        try:
            self._mine = bytes(parse_address(settings.mine)) if settings.mine else bytes(contracts.MINE)
        except InvalidInput as error:
            raise _setting("mine", settings.mine, str(error)) from None
        try:
            self._beneficiary = bytes(parse_address(settings.beneficiary)) if settings.beneficiary else bytes(self._key.address)
        except InvalidInput as error:
            raise _setting("beneficiary", settings.beneficiary, str(error)) from None
        try:
            self._configured_id = parse_hash(settings.miner_id) if settings.miner_id else None
        except InvalidInput as error:
            raise _setting("miner_id", settings.miner_id, str(error)) from None
        if settings.start_position % _PRICING_SECTORS:
            raise _setting("start_position", settings.start_position, f"expected a multiple of {_PRICING_SECTORS}")
        self.start_position = settings.start_position
        self.stopped = False
        self.task: MiningTask | None = None
        self.idle_reason = "starting"
        self.miner_id = b""
        self._epochs = Epochs(self._ask_epoch)
        self._changed, self._look, self._sealed_more = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self._answers: asyncio.Queue[_Found] = asyncio.Queue(_ANSWERS_WAITING_MAX)
        self._paying = asyncio.Lock()  # one transaction at a time: the next nonce is known when the one before is in a block
        self._nonce = int.from_bytes(secrets.token_bytes(24), "big") << 64
        self._cache: dict[int, Sealed] = {}

    async def run(self) -> None:
        """Mine until cancelled."""
        self.miner_id = await self._identify()
        self._seals = await self._lanes.run(Seals, self._store, self.miner_id)
        self._numbers.sealed.set(self._seals.count)
        _log.info("miner.ready", id="0x" + self.miner_id.hex(), payer="0x" + self._key.address.hex(), sealed=self._seals.count)
        async with Tasks() as tasks:
            tasks.start_background(self._watching(), "miner.watch")
            tasks.start_background(self._sealing(), "miner.seal")
            tasks.start_background(self._hunting(), "miner.hunt")
            tasks.start_background(self._sending(), "miner.send")
            if self._settings.close_epochs:
                tasks.start_background(self._closing(), "miner.close")
            await asyncio.get_running_loop().create_future()

    def pause(self, stopped: bool) -> bool:
        """Stop hunting, or go on. Sealing continues either way."""
        self.stopped = stopped
        self.look_now()
        return True

    def look_now(self) -> None:
        """Ask for the task at once."""
        self._look.set()

    # --- who the miner is ---------------------------------------------------------------------------------------------

    async def _identify(self) -> bytes:
        """The id of the settings, else the kept one, else a new one from the contract."""
        kept_at = b"miner_id/" + self._mine
        if self._configured_id is not None:
            return self._configured_id
        kept = self._store.kv.get("misc", kept_at)
        if kept is not None:
            return kept
        while True:
            try:
                receipt = await self._transact(mine.request_miner_id(self._beneficiary, secrets.randbits(64)))
                made = self._of_receipt(receipt)
                break
            except (*_FAULTS, Refused) as error:
                _log.warning("miner.no_id", reason=str(error))
                await asyncio.sleep(self._settings.poll_ms / 1000)
        batch = Batch()
        batch.put("misc", kept_at, made)
        await self._lanes.run(self._store.kv.write, batch)
        _log.info("miner.registered", id="0x" + made.hex(), beneficiary="0x" + self._beneficiary.hex())
        return made

    def _of_receipt(self, receipt: EthReceipt) -> bytes:
        for address, topics, data in receipt.logs:
            if address == self._mine and topics[:1] == (mine.NEW_MINER_TOPIC,):
                return mine.decode_new_miner(topics, data).miner_id
        raise PeerFault("the transaction for a miner id has no NewMinerId log")

    # --- the task -----------------------------------------------------------------------------------------------------

    async def _ask(self, to: bytes, call: Call[Any], sender: bytes | None = None) -> Any:
        data = await (self._eth.call(to, call.data) if sender is None else self._eth.call_from(sender, to, call.data))
        try:
            return call.decode(data)
        except InvalidInput as error:
            raise PeerFault(f"no contract answers at 0x{to.hex()}: {error}") from None

    async def _ask_epoch(self, sector: int) -> EpochRange:
        found: EpochRange = await self._ask(self._flow, flow_contract.context_at(sector))
        return found

    async def _watching(self) -> None:
        while True:
            try:
                work = await self._ask(self._mine, mine.worker_context(self.miner_id), mine.WORKER_CONTEXT_CALLER)
                self._numbers.epoch.set(work.context.epoch)
                found = "stopped by its operator" if self.stopped else task_of(work, self._store.shard, self.start_position)
            except _FAULTS as error:
                found = str(error)
            self._set(found)
            self._look.clear()
            try:
                async with asyncio.timeout(self._settings.poll_ms / 1000):
                    await self._look.wait()
            except TimeoutError:
                pass

    def _set(self, found: MiningTask | str) -> None:
        task = found if isinstance(found, MiningTask) else None
        if isinstance(found, str) and found != self.idle_reason:
            _log.info("miner.idle", reason=found)
        self.idle_reason = found if isinstance(found, str) else ""
        if task == self.task:
            return
        self.task = task
        self._numbers.mining.set(task is not None)
        if task is not None:
            _log.info(
                "miner.task", epoch=task.context.epoch, flow_sectors=task.context.flow_length, start=task.recall_range.start,
                threshold=f"{task.threshold:#066x}",
            )  # fmt: skip
        self._changed.set()

    async def _closing(self) -> None:
        """Close epochs that are over, some at a time, so that no submission has to."""
        while True:
            try:
                closed = await self._ask(self._flow, flow_contract.epoch())
                now: flow_contract.MineContext = await self._ask(self._flow, flow_contract.make_context_with_result())
                behind = min(now.epoch - closed, _EPOCHS_A_TRANSACTION)
                if behind > 0:
                    await self._transact(flow_contract.make_context_fixed_times(behind - 1), self._flow)
                    self._numbers.closed.inc(behind)
                    self.look_now()
                    continue
            except (*_FAULTS, Refused) as error:
                _log.warning("miner.epochs_not_closed", reason=str(error))
            await asyncio.sleep(self._settings.poll_ms / 1000)

    # --- sealing ------------------------------------------------------------------------------------------------------

    async def _sealing(self) -> None:
        at = 0
        while True:
            try:
                context = await self._ask(self._flow, flow_contract.make_context_with_result())
                end = context.flow_length // pora.LOAD_SECTORS
                strays = await self._lanes.run(self._seals.strays, _SEALS_A_PASS)
                if strays:
                    await self._forget(strays)
                segments = await self._lanes.run(self._seals.wanted, end, at, _SEALS_A_PASS)
                done = 0
                for segment in segments:
                    try:
                        done += await self._seal(segment)
                    except PeerFault as error:  # an epoch that the contract closed too late has no digest yet
                        _log.warning("miner.cannot_seal", segment=segment, reason=str(error))
                at = segments[-1] + 1 if segments else 0
                if done:
                    self._numbers.sealed.set(self._seals.count)
                    self._sealed_more.set()
                    _log.info("miner.sealed", segments=done, sealed=self._seals.count)
            except (*_FAULTS, Exhausted) as error:
                _log.warning("miner.sealing_waits", reason=str(error))
                at = 0
            if at == 0:
                await asyncio.sleep(self._settings.poll_ms / 1000)

    async def _seal(self, segment: int) -> bool:
        disk.check_free(Path(self._config.home), self._config.store.free_bytes_min)
        runs = await self._epochs.runs(segment)
        began = time.monotonic()
        try:
            done = await self._lanes.run(self._seals.seal, segment, runs)
        except Corrupt as error:  # the node's own scrub and reads deal with the record
            _log.warning("miner.cannot_seal", segment=segment, reason=str(error))
            done = False
        await self._rest(time.monotonic() - began)
        return done

    async def _forget(self, segments: list[int]) -> None:
        await self._lanes.run(self._seals.forget, segments)
        for segment in segments:
            self._cache.pop(segment, None)
        self._numbers.sealed.set(self._seals.count)

    async def _rest(self, worked_s: float) -> None:
        percent = self._settings.cpu_percent
        await asyncio.sleep(worked_s * (100 - percent) / percent)

    # --- hunting ------------------------------------------------------------------------------------------------------

    async def _hunting(self) -> None:
        while True:
            self._changed.clear()
            self._sealed_more.clear()
            task = self.task
            segments = [] if task is None else await self._lanes.run(self._seals.among, task.chunk_start, task.chunk_end)
            if task is None or not segments:
                await _first(self._changed, self._sealed_more)
                continue
            if len(segments) * pora.LOAD_SIZE_BYTES <= self._settings.cache_bytes:
                await self._hunt_in_memory(task, segments)
            else:
                self._cache.clear()
                await self._hunt_on_disk(task)

    def _goes_on(self, task: MiningTask) -> bool:
        return self.task == task and not self._sealed_more.is_set()

    def _batch(self) -> bytes:
        first, count = self._nonce, self._settings.batch_nonces
        self._nonce = (first + count) % (1 << 256)
        return b"".join(((first + i) % (1 << 256)).to_bytes(32, "big") for i in range(count))

    async def _hunt_in_memory(self, task: MiningTask, segments: list[int]) -> None:
        for segment in segments:
            if segment not in self._cache and (sealed := await self._lanes.run(self._seals.read, segment)) is not None:
                self._cache[segment] = sealed
        for segment in self._cache.keys() - set(segments):
            del self._cache[segment]
        loads = {segment * pora.LOAD_SECTORS: sealed.data for segment, sealed in self._cache.items()}
        while self._goes_on(task):
            began = time.monotonic()
            found = await self._lanes.run(self._hunt, task, self._batch(), loads)
            await self._after_batch(task, began, found.tried, found.winners, {})

    def _hunt(self, task: MiningTask, nonces: bytes, loads: Mapping[int, memoryview]) -> pora.Hunt:
        return pora.hunt(
            self.miner_id, nonces, task.subtask_digest, task.recall_range, loads, task.threshold, threads=self._settings.threads
        )

    async def _hunt_on_disk(self, task: MiningTask) -> None:
        """The next batch is drawn and read while this one is mixed."""
        ahead = asyncio.create_task(self._lanes.run(self._draw, task, self._batch()), name="miner.draw")
        try:
            while self._goes_on(task):
                began = time.monotonic()
                tried, sealed = await ahead
                ahead = asyncio.create_task(self._lanes.run(self._draw, task, self._batch()), name="miner.draw")
                winners = await self._lanes.run(self._mix, task, tried, sealed)
                met = sum(position // pora.LOAD_SECTORS in sealed for position in tried.positions)
                await self._after_batch(task, began, met, winners, sealed)
        finally:
            ahead.cancel()
            await asyncio.wait([ahead])

    def _draw(self, task: MiningTask, nonces: bytes) -> tuple[pora.Tries, dict[int, Sealed]]:
        tried = pora.tries(self.miner_id, nonces, task.subtask_digest, task.recall_range, threads=self._settings.threads)
        segments = [position // pora.LOAD_SECTORS for position in tried.wanted]
        read = {segment: self._seals.read(segment) for segment in segments}
        return tried, {segment: sealed for segment, sealed in read.items() if sealed is not None}

    def _mix(self, task: MiningTask, tried: pora.Tries, sealed: dict[int, Sealed]) -> list[pora.Winner]:
        loads = {segment * pora.LOAD_SECTORS: one.data for segment, one in sealed.items()}
        return tried.winners(loads, task.threshold, threads=self._settings.threads)

    async def _after_batch(
        self, task: MiningTask, began: float, tried: int, winners: list[pora.Winner], sealed: Mapping[int, Sealed]
    ) -> None:
        numbers, count = self._numbers, self._settings.batch_nonces
        worked_s = max(time.monotonic() - began, 1e-6)
        numbers.nonces.inc(count)
        numbers.tried.inc(tried)
        numbers.rate.set(count / worked_s)
        numbers.hits.inc(len(winners))
        for winner in winners[:_ANSWERS_A_BATCH]:
            segment = winner.recall_position // pora.LOAD_SECTORS
            held = sealed.get(segment) or self._cache.get(segment)
            if held is None or self.task != task:
                break
            _log.info("miner.hit", epoch=task.context.epoch, position=winner.recall_position, quality=f"{winner.quality:#066x}")
            # Where answers cannot be sent as fast as they are found, finding more is of no use: wait, but not for a dead task.
            await _first_of(self._answers.put(_Found(task, winner, held)), self._changed.wait())
        await self._rest(worked_s)

    # --- answers ------------------------------------------------------------------------------------------------------

    def _answer(self, found: _Found) -> mine.PoraAnswer | None:
        """The answer as the contract wants it; None when the sealed bytes do not lead to the flow's root."""
        task, winner, where = found.task, found.winner, found.task.recall_range
        at = pora.SEAL_SIZE_BYTES * winner.seal_offset
        data = bytes(found.sealed.data[at : at + pora.SEAL_SIZE_BYTES])
        digest = found.sealed.digest(winner.seal_offset)
        proof = seal_proof(self._store, winner.recall_position, task.context.flow_root)
        if not is_sealed_well(data, self.miner_id, digest, winner.recall_position, proof, task.context.flow_root):
            return None
        return mine.PoraAnswer(
            context_digest=task.context.digest,
            nonce=winner.nonce,
            miner_id=self.miner_id,
            range=mine.RecallRange(where.start, where.length, where.shard_id, where.shard_mask),
            recall_position=winner.recall_position,
            seal_offset=winner.seal_offset,
            sealed_context_digest=digest,
            sealed_data=data,
            merkle_proof=proof,
        )

    async def _sending(self) -> None:
        while True:
            found = await self._answers.get()
            if found.task != self.task:
                self._numbers.submissions.labels("stale").inc()
                continue
            segment = found.winner.recall_position // pora.LOAD_SECTORS
            try:
                answer = await self._lanes.run(self._answer, found)
            except NotFound as error:  # the log has not come as far as the context, or went back
                self._numbers.submissions.labels("unproven").inc()
                _log.warning("miner.unproven", position=found.winner.recall_position, reason=str(error))
                continue
            if answer is None:
                self._numbers.submissions.labels("unproven").inc()
                await self._seal_anew(segment, "the sealed bytes do not lead to the root of the flow")
                continue
            try:
                self._accepted(found, await self._transact(mine.submit(answer)))
            except Refused as error:
                self._numbers.submissions.labels("refused").inc()
                _log.warning("miner.refused", position=found.winner.recall_position, reason=str(error))
                if any(words in str(error) for words in _WRONG_SEAL):
                    await self._seal_anew(segment, str(error))
            except _FAULTS as error:
                self._numbers.submissions.labels("failed").inc()
                _log.warning("miner.not_sent", position=found.winner.recall_position, reason=str(error))
            self.look_now()

    async def _seal_anew(self, segment: int, reason: str) -> None:
        _log.warning("miner.seals_anew", segment=segment, reason=reason)
        self._epochs.forget()
        await self._forget([segment])
        self._sealed_more.set()

    def _accepted(self, found: _Found, receipt: EthReceipt) -> None:
        paid, accepted = 0, None
        for address, topics, data in receipt.logs:
            if address == self._mine and topics[:1] == (mine.SUBMISSION_TOPIC,):
                accepted = mine.decode_submission(topics, data)
            elif topics[:1] == (reward.DISTRIBUTE_TOPIC,):
                told = reward.decode_distribute(topics, data)
                paid += told.amount if told.miner_id == self.miner_id else 0
        if accepted is None:
            raise PeerFault("the transaction of an answer has no NewSubmission log")
        self._numbers.submissions.labels("accepted").inc()
        self._numbers.reward.inc(paid)
        _log.info(
            "miner.accepted", epoch=accepted.epoch, index=accepted.epoch_index, position=accepted.recall_position,
            block=receipt.block_number, gas=receipt.gas_used, reward_neuron=paid,
        )  # fmt: skip

    async def _transact(self, call: Call[Any], to: bytes | None = None) -> EthReceipt:
        """Send a call of the mine contract, or of ``to``, and wait for its block. The price rises while it is in none.

        Raises:
            Refused: it would fail, it failed, or the node does not take it. The chain's faults.
        """
        async with self._paying:
            return await self._sent(call.data, self._mine if to is None else to)

    async def _sent(self, data: bytes, to: bytes) -> EthReceipt:
        eth, sender = self._eth, bytes(self._key.address)
        try:
            gas = await eth.estimate_gas(sender, to, data)
            gas += gas // 5
            nonce, price = await eth.nonce(sender), await eth.gas_price()
        except PeerFault as error:
            raise Refused(str(error)) from None
        hashes: list[bytes] = []
        for step in range(_PRICE_STEPS):
            raw = self._key.sign(
                Transaction(type=0, chain_id=self._chain_id, nonce=nonce, gas_limit=gas, to=to, data=data, gas_price=price)
            )
            hashes.append(keccak256(raw))
            try:
                await eth.send_raw(raw)
            except PeerFault as error:
                # Refused outright only while nothing of this nonce was ever taken.
                if step == 0 and "already known" not in str(error):
                    raise Refused(str(error)) from None
            receipt = await self._receipt(hashes)
            if receipt is not None:
                if not receipt.succeeded:
                    raise Refused(f"the transaction failed in block {receipt.block_number}")
                return receipt
            price += price // 4 + 1
        raise TimedOut(f"transaction 0x{hashes[-1].hex()} is in no block after {_PRICE_STEPS * _RECEIPT_S:.0f} s")

    async def _receipt(self, hashes: list[bytes]) -> EthReceipt | None:
        ends = time.monotonic() + _RECEIPT_S
        while time.monotonic() < ends:
            for hash in hashes:
                if (found := await self._eth.receipt(hash)) is not None:
                    return found
            await asyncio.sleep(min(0.25, self._settings.poll_ms / 1000))
        return None


async def _first(*events: asyncio.Event) -> None:
    """Wait until one of the events is set."""
    await _first_of(*(event.wait() for event in events))


async def _first_of(*waits: Any) -> None:
    waiting = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waiting:
            one.cancel()
        await asyncio.wait(waiting)


def _setting(name: str, value: Any, message: str) -> ConfigError:
    key = f"storage.miner.{name}"
    return ConfigError(f"{key}: {message}", key=key, value=str(value), origin="")


class MinerService:
    """The miner as a part of a storage node. It is ready at once: mining waits for the chain, the node does not wait for it."""

    name = "miner"

    def __init__(
        self, config: StorageConfig, store: Store, eth: SendingEth, flow: bytes, chain_id: int, registry: CollectorRegistry
    ) -> None:
        self._lanes = Offload(3, waiting_max=64, name="miner")
        self.miner = Miner(config, store, eth, flow, chain_id, self._lanes, MinerMetrics(registry))

    def methods(self) -> dict[str, Method]:
        """``miner_*`` of the admin port."""
        return guarded(
            {
                "miner_start": lambda given: self.miner.pause(False),
                "miner_stop": lambda given: self.miner.pause(True),
                "miner_setStartPosition": self._set_start,
            }
        )

    def _set_start(self, given: Arguments) -> bool:
        position = given.number(0, "start_position")
        if position % _PRICING_SECTORS:
            raise invalid_params("start_position", f"expected a multiple of {_PRICING_SECTORS}")
        self.miner.start_position = position
        self.miner.look_now()
        return True

    async def run(self, ready: Ready) -> None:
        with self._lanes:
            ready()
            await self.miner.run()

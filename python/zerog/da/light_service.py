"""The light client from its settings to its last shutdown step: samples every blob that the chain records, and remembers.

What it found, and how far it has read, is on the disk: started again, it goes on with the blobs that it has not sampled.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import msgspec

from zerog.contracts import da_entrance
from zerog.da import role
from zerog.da.api import BlobRecord, blob_record
from zerog.da.chain import ChainDirectory, ReadingChain, entrance_of
from zerog.da.light import ChainCommitments, Sampler, Sampling, Verdict
from zerog.da.metrics import LightMetrics
from zerog.da.parameters import open_parameters
from zerog.errors import Conflict, Corrupt, Exhausted, NotFound, PeerFault, TimedOut, Unavailable
from zerog.runtime import disk, log, metrics, process
from zerog.runtime.config import Config, DaChainConfig, DaLightConfig
from zerog.runtime.eth import known_chain, open_eth
from zerog.runtime.node import Node
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_grpc import Caller, Unary
from zerog.runtime.service import Ready, Service
from zerog.store.kv import Batch, Kv
from zerog.store.rocks import RocksKv
from zerog.wire.proto import da_light_pb2

_log = log.get(__name__)

SERVICE: Final = da_light_pb2.DESCRIPTOR.services_by_name["Light"]
FAMILIES: Final = {"misc": False, "verdict": False}
REQUEST_BYTES_MAX: Final = 64 << 10
_NEXT_BLOCK, _CHAIN = b"\0", b"\1"


@dataclass
class Endpoints:
    """Where a running light client answers; ports are the ones that were taken."""

    chain_id: int = 0
    address: str = ""
    metrics_url: str = ""


class LightStore:
    """What a light client keeps: how far the chain is read, and a verdict on each blob. Calls block.

    Raises (when made):
        Conflict: the database belongs to another chain or contract.
    """

    def __init__(self, kv: Kv, identity: str) -> None:
        self._kv = kv
        known = kv.get("misc", _CHAIN)
        if known is None:
            batch = Batch()
            batch.put("misc", _CHAIN, identity.encode())
            kv.write(batch)
        elif known != identity.encode():
            raise Conflict(f"the database belongs to {known.decode(errors='replace')}, not to {identity}")
        self.counts = {True: 0, False: 0}
        for _, packed in kv.scan("verdict"):
            self.counts[_unpack(packed).available] += 1

    @property
    def next_block(self) -> int | None:
        found = self._kv.get("misc", _NEXT_BLOCK)
        return None if found is None else int.from_bytes(found, "big")

    def read_up_to(self, block: int) -> None:
        """All blobs below this block have their verdict."""
        batch = Batch()
        batch.put("misc", _NEXT_BLOCK, struct.pack(">Q", block))
        self._kv.write(batch)

    def verdict(self, record: BlobRecord) -> Verdict | None:
        packed = self._kv.get("verdict", _key(record))
        return None if packed is None else _unpack(packed)

    def put(self, record: BlobRecord, verdict: Verdict) -> None:
        before, batch = self.verdict(record), Batch()
        batch.put("verdict", _key(record), msgspec.msgpack.encode(verdict))
        self._kv.write(batch)
        if before is not None:
            self.counts[before.available] -= 1
        self.counts[verdict.available] += 1


def _key(record: BlobRecord) -> bytes:
    return struct.pack(">QQ", record.epoch, record.quorum_id) + record.data_root


def _unpack(packed: bytes) -> Verdict:
    try:
        return msgspec.msgpack.decode(packed, type=Verdict)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise Corrupt(f"a verdict has another form: {error}") from None


class LightServer:
    """Our ``zerog.da.v1.Light``.

    Args:
        writing: one thread, for the store.
        samplings_max: samplings for others at one moment; one more is refused.
    """

    def __init__(self, sampler: Sampler, store: LightStore, writing: Offload, samplings_max: int) -> None:
        self._sampler, self._store, self._writing, self._samplings_max = sampler, store, writing, samplings_max
        self._ongoing = 0

    def methods(self) -> dict[str, Unary]:
        return {"Sample": self._sample, "GetVerdict": self._verdict, "GetStatus": self._status}

    async def _sample(self, request: Any, caller: Caller) -> da_light_pb2.Verdict:
        record = blob_record(request.storage_root, request.epoch, request.quorum_id)
        if self._ongoing >= self._samplings_max:
            raise Exhausted("request pool is full")
        self._ongoing += 1
        try:
            found = await self._sampler.sample(record, request.rows)
        except PeerFault as error:
            raise Unavailable(f"the chain does not say: {error}") from error
        finally:
            self._ongoing -= 1
        return _message(found)

    async def _verdict(self, request: Any, caller: Caller) -> da_light_pb2.Verdict:
        record = blob_record(request.storage_root, request.epoch, request.quorum_id)
        found = await self._writing.run(self._store.verdict, record)
        if found is None:
            raise NotFound("this blob was not sampled")
        return _message(found)

    async def _status(self, request: Any, caller: Caller) -> da_light_pb2.LightStatus:
        next_block = await self._writing.run(lambda: self._store.next_block)
        counts = self._store.counts
        return da_light_pb2.LightStatus(next_block=next_block or 0, available=counts[True], unavailable=counts[False])


def _message(verdict: Verdict) -> da_light_pb2.Verdict:
    return da_light_pb2.Verdict(
        available=verdict.available,
        rows_asked=verdict.rows_asked,
        rows_proven=verdict.rows_proven,
        rows_false=verdict.rows_false,
        doubt=verdict.doubt,
    )


class Follower:
    """Samples each blob that final blocks record, in the order of the chain."""

    name = "follower"

    def __init__(
        self, chain: ReadingChain, entrance: bytes, sampler: Sampler, store: LightStore, writing: Offload,
        config: DaLightConfig, chain_config: DaChainConfig, numbers: LightMetrics,
    ) -> None:  # fmt: skip
        self._chain, self._entrance, self._sampler, self._store = chain, entrance, sampler, store
        self._writing, self._config, self._chain_config, self._numbers = writing, config, chain_config, numbers

    async def step(self) -> bool:
        """Sample the blobs of at most one page of blocks; whether there was one."""
        known = await self._writing.run(lambda: self._store.next_block)
        first = self._chain_config.start_block if known is None else known
        last = min(first + self._chain_config.page_blocks - 1, await self._chain.finalized_block())
        if last < first:
            return False
        records = []
        for topics, data in await self._chain.logs(self._entrance, first, last):
            if topics and topics[0] == da_entrance.COMMITMENT_VERIFIED_TOPIC:
                found = da_entrance.decode_commitment_verified(topics, data)
                records.append(BlobRecord(found.epoch, found.quorum_id, found.data_root))
        await self._all(records)
        await self._writing.run(self._store.read_up_to, last + 1)
        return True

    async def _all(self, records: Sequence[BlobRecord]) -> None:
        slots = asyncio.Semaphore(self._config.blobs_max)

        async def one(record: BlobRecord) -> None:
            async with slots:
                if await self._writing.run(self._store.verdict, record) is None:
                    await self._writing.run(self._store.put, record, await self._judge(record))

        await asyncio.gather(*(one(record) for record in records))

    async def _judge(self, record: BlobRecord) -> Verdict:
        for left in range(self._config.tries - 1, -1, -1):
            found = await self._sampler.sample(record)
            if found.available or not left:
                break
            await asyncio.sleep(self._config.retry_ms / 1000)
        self._numbers.rows.labels("proven").inc(found.rows_proven)
        self._numbers.rows.labels("false").inc(found.rows_false)
        self._numbers.rows.labels("missing").inc(found.rows_asked - found.rows_proven - found.rows_false)
        self._numbers.blobs.labels("available" if found.available else "unavailable").inc()
        tell = _log.info if found.available else _log.error
        tell("light.sampled", root=record.data_root.hex(), available=found.available, proven=found.rows_proven,
             asked=found.rows_asked, doubt=f"{found.doubt:.1e}")  # fmt: skip
        return found

    async def run(self, ready: Ready) -> None:
        ready()
        poll_s = self._chain_config.poll_ms / 1000
        while True:
            try:
                moved = await self.step()
                self._numbers.height.set(self._store.next_block or 0)
                await asyncio.sleep(0 if moved else poll_s)
            except (Unavailable, TimedOut, PeerFault, NotFound) as error:
                _log.warning("light.waits", error=type(error).__name__, reason=str(error))
                await asyncio.sleep(max(poll_s, self._config.retry_ms / 1000))


async def serve(config: Config, ready: Callable[[Endpoints], None] = lambda endpoints: None) -> None:
    """Run a light client until cancelled: the one function to start it with.

    Args:
        config: see ``[da.light]``, ``[da.chain]`` and ``[da.params]`` of default.toml.
        ready: called once, when the port answers.

    Raises:
        ConfigError: settings do not fit. Conflict: the directory is in use, or belongs to another chain.
    """
    given, chain_config, endpoints = config.da.light, config.da.chain, Endpoints()
    home, entrance = Path(given.home), entrance_of(chain_config)
    parameters = open_parameters(config.da.params, prover=False)
    async with AsyncExitStack() as stack:
        stack.enter_context(disk.DirectoryLock(home))
        kv = RocksKv(home / "db", FAMILIES, cache_bytes=given.cache_bytes)
        stack.callback(kv.close)
        eth = await stack.enter_async_context(open_eth(chain_config, "da.chain"))
        checking = stack.enter_context(Offload(given.threads, waiting_max=1024, name="checks"))
        writing = stack.enter_context(Offload(1, waiting_max=1024, name="writes"))
        endpoints.chain_id = await known_chain(eth, chain_config.endpoint)
        registry = metrics.new_registry()
        numbers = LightMetrics(registry)
        store = LightStore(kv, f"chain {endpoints.chain_id} contract 0x{entrance.hex()}")
        chain = ReadingChain(eth, final_after_blocks=chain_config.final_after_blocks)
        sampling = Sampling(given.rows, given.rounds_max, 10.0**-given.doubt_exponent, given.call_timeout_s)
        sampler = Sampler(
            ChainDirectory(chain), ChainCommitments(chain, entrance), parameters, checking, sampling=sampling,
            told=lambda signer, reason: numbers.faults.labels(reason).inc(),
        )  # fmt: skip
        server = LightServer(sampler, store, writing, given.samplings_max)
        port = role.GrpcPort(
            {SERVICE: server.methods()}, given.host, given.port, partial(setattr, endpoints, "address"),
            receive_bytes_max=REQUEST_BYTES_MAX, calls_max=given.samplings_max + 16, observe=numbers.observe,
        )  # fmt: skip
        services: list[Service] = [port, role.Watch(lambda: kv.broken)]
        if given.follow:
            services.append(Follower(chain, entrance, sampler, store, writing, given, chain_config, numbers))
        if config.metrics.enabled:
            services.append(metrics.MetricsService(registry, config.metrics, partial(setattr, endpoints, "metrics_url")))

        def tell() -> None:
            _log.info("light.ready", address=endpoints.address)
            ready(endpoints)

        await Node(services).run(tell)


def main(arguments: list[str] | None = None) -> int:
    """``python -m zerog.da.light_service --config node.toml``: a DA light client in the foreground until SIGTERM."""
    return process.main("zerog.da.light_service", main.__doc__, serve, arguments)


if __name__ == "__main__":
    raise SystemExit(main())

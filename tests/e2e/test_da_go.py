"""Two programs that know only the published messages, in Go and in Python, against our roles: every status and refusal."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import grpc
import pytest
from tests.e2e.official_clients import da_client
from tests.unit.da import da_kit, da_wire, network_kit
from tests.unit.da.da_kit import SMALL
from tests.unit.da.da_wire import STATUSES

from zerog.da.api import BlobRecord
from zerog.da.chain import ChainDirectory, ReadingChain
from zerog.da.disperser.queue import FAMILIES, BlobQueue
from zerog.da.disperser.server import SERVICE as DISPERSER
from zerog.da.disperser.server import DisperserServer, Rates
from zerog.da.encoder import ENCODER, EncoderServer
from zerog.da.parameters import Given
from zerog.da.retriever import SERVICE as RETRIEVER
from zerog.da.retriever import Retriever, RetrieverServer
from zerog.da.signer.rows import RowServer
from zerog.da.signer.server import SIGNER, SignerServer
from zerog.da.signer.store import BlobState
from zerog.errors import Unavailable
from zerog.primitives import blob, commit
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_grpc import GrpcClient, service
from zerog.store.memory import MemoryKv

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

UNKNOWN, INVALID_ARGUMENT, NOT_FOUND, RESOURCE_EXHAUSTED, INTERNAL = 2, 3, 5, 8, 13

SEEN: Final = {
    "PROCESSING": "go, python", "CONFIRMED": "go, python", "FINALIZED": "go, python", "FAILED": "go, python",
    "INSUFFICIENT_SIGNATURES": "go, python",
    # No disperser sends it: for ids that nobody has there is a code, see below.
    "UNKNOWN": "",
}  # fmt: skip
"""The statuses of da.md §2.1, and who sees them here."""

CODES: Final = (
    ("disperser", "an empty blob", UNKNOWN, "greater than 0"),
    ("disperser", "a blob above the limit", UNKNOWN, "blob size cannot exceed"),
    ("disperser", "a blob when the queue is full", UNKNOWN, "queue is full"),
    ("disperser", "a second blob within a minute", UNKNOWN, "request ratelimited"),
    ("disperser", "an empty request id", UNKNOWN, "must not be empty"),
    ("disperser", "a request id of three parts", UNKNOWN, "request id"),
    ("disperser", "a request id without a time", UNKNOWN, "request id"),
    ("disperser", "a request id that nobody has", UNKNOWN, "no blob with this request id"),
    ("disperser", "a root of one byte", UNKNOWN, "32 bytes"),
    ("disperser", "a blob that nobody has", UNKNOWN, "has not begun"),
    ("disperser", "a blob without a retriever", UNKNOWN, "no retriever"),
    ("disperser", "a second retrieval within a minute", UNKNOWN, "request rate limited"),
    ("retriever", "a root of one byte", INVALID_ARGUMENT, "32 bytes"),
    ("retriever", "an epoch that is not", NOT_FOUND, ""),
    ("retriever", "rows that nobody has", NOT_FOUND, "rows"),
    ("retriever", "a chain that is away", NOT_FOUND, "does not name the signers"),
    ("retriever", "one call too many", RESOURCE_EXHAUSTED, "request pool is full"),
    ("encoder", "a blob above the limit", UNKNOWN, "TooLargeBlob"),
    ("encoder", "one call too many", RESOURCE_EXHAUSTED, "request pool is full"),
    ("signer", "a root of one byte", INVALID_ARGUMENT, "32 bytes"),
    ("signer", "a commitment that is no point", INVALID_ARGUMENT, "erasure_commitment"),
    ("signer", "no slices", INVALID_ARGUMENT, "encoded_slice"),
    ("signer", "a row beyond the last", INVALID_ARGUMENT, "row_indexes"),
    ("signer", "a row of another signer", INVALID_ARGUMENT, "not assigned"),
    ("signer", "a blob that nobody announced", INTERNAL, "blob not found"),
    ("signer", "a blob that is recorded", INTERNAL, "blob verified already"),
    ("signer", "rows of a blob that it has not", INTERNAL, "not held"),
    ("signer", "rows of a quorum that is not", INTERNAL, "quorum not found"),
    ("signer", "one call too many", RESOURCE_EXHAUSTED, "request pool is full"),
)
"""The codes of da.md §§2.1–2.4: role, what was asked, code, and words of the text. Both programs see each of them."""

Ask = Callable[..., Awaitable[dict[str, Any]]]


def go_program(binary: Path) -> Ask:
    async def ask(*arguments: str) -> dict[str, Any]:
        process = await asyncio.create_subprocess_exec(
            str(binary), *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        out, error = await asyncio.wait_for(process.communicate(), 90)
        assert process.returncode == 0, error.decode()
        found: dict[str, Any] = json.loads(out)
        return found

    return ask


async def python_program(command: str, target: str, *rest: str) -> dict[str, Any]:
    """What ``da_client/main.go`` does, with the messages of ``da_wire``."""
    data = Path(rest[0]).read_bytes() if command in ("disperse", "encode") else b""  # noqa: ASYNC240 - a few bytes
    sizes = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    async with grpc.aio.insecure_channel(target, options=sizes) as channel:
        try:
            return await _python(channel, command, data, *rest)
        except grpc.aio.AioRpcError as error:
            return {"code": error.code().value[0], "message": error.details()}


async def _python(channel: grpc.aio.Channel, command: str, data: bytes, *rest: str) -> dict[str, Any]:
    if command == "disperse":
        reply = await da_wire.call(channel, "disperser", "DisperseBlob", data=data)
        return {"result": reply.result, "request_id": reply.request_id.decode()}
    if command == "status":
        reply = await da_wire.call(channel, "disperser", "GetBlobStatus", request_id=rest[0].encode())
        header = reply.info.blob_header
        return {
            "status": reply.status, "storage_root": header.storage_root.hex(), "epoch": header.epoch,
            "quorum_id": header.quorum_id,
        }  # fmt: skip
    if command == "encode":
        reply = await da_wire.call(channel, "encoder", "EncodeBlob", data=data)
        return {
            "version": reply.version, "erasure_commitment": reply.erasure_commitment.hex(),
            "storage_root": reply.storage_root.hex(), "encoded_data": len(reply.encoded_data),
            "slices": len(reply.encoded_slice),
        }  # fmt: skip
    if command == "signer":
        reply = await da_wire.call(channel, "signer", "GetStatus")
        return {"status_code": reply.status_code, "entrance_contract": reply.entrance_contract}
    named = {"storage_root": bytes.fromhex(rest[0]), "epoch": int(rest[1]), "quorum_id": int(rest[2])}
    if command == "rows":
        one = da_wire.message("signer", "RetrieveRequest", row_indexes=[int(rest[3])], **named)
        reply = await da_wire.call(channel, "signer", "BatchRetrieve", requests=[one])
        (slices,) = reply.encoded_slice
        return {"answers": 1, "row": slices.encoded_slice[-1].hex()}
    if command == "sign":
        one = da_wire.message("signer", "SignRequest", erasure_commitment=bytes.fromhex(rest[3]), **named)
        reply = await da_wire.call(channel, "signer", "BatchSign", requests=[one])
        return {"signatures": len(reply.signatures), "signature": reply.signatures[-1].hex()}
    package = {"retrieve": "disperser", "retriever": "retriever"}[command]
    return {"data": (await da_wire.call(channel, package, "RetrieveBlob", **named)).data.hex()}


@dataclass
class World:
    """What the programs are pointed at."""

    net: network_kit.Network
    stack: AsyncExitStack
    lane: Offload
    files: Path
    retriever: str = ""
    disperser: network_kit.Disperser | None = None
    seen: dict[str, set[str]] = field(default_factory=dict)
    records: dict[str, BlobRecord] = field(default_factory=dict)
    unsigned: BlobRecord | None = None

    def file(self, data: bytes) -> str:
        file = self.files / hashlib.sha256(data).hexdigest()
        file.write_bytes(data)
        return str(file)

    async def serve(self, descriptor: Any, server: Any, methods: Any = None) -> str:
        handler = service(descriptor, server.methods() if methods is None else methods)
        return f"127.0.0.1:{await da_kit.serve(self.stack, handler, network_kit.MESSAGE_BYTES_MAX)}"

    async def ends(self, name: str, ask: Ask, data: bytes, *wanted: str) -> tuple[str, dict[str, Any]]:
        """A blob through one program from its first status to one of these: its request id, and the last answer."""
        assert self.disperser is not None
        told = await ask("disperse", self.disperser.target, self.file(data))
        self._sees(name, told["result"])
        return told["request_id"], await self.reaches(name, ask, told["request_id"], *wanted)

    async def reaches(self, name: str, ask: Ask, request_id: str, *wanted: str) -> dict[str, Any]:
        assert self.disperser is not None
        async with asyncio.timeout(60):
            while True:
                now = await ask("status", self.disperser.target, request_id)
                status = self._sees(name, now["status"])
                if status not in ("CONFIRMED", "FINALIZED"):
                    assert (now["storage_root"], now["epoch"], now["quorum_id"]) == ("", 0, 0)
                if status in wanted:
                    return now
                assert status in ("PROCESSING", "CONFIRMED"), status

    def _sees(self, name: str, number: int) -> str:
        status = next(status for status, value in STATUSES.items() if value == number)
        self.seen.setdefault(status, set()).add(name)
        return status


def test_every_status_and_every_refusal(tmp_path: Path) -> None:
    binary = da_client()
    (tmp_path / "files").mkdir()

    async def work() -> None:
        async with AsyncExitStack() as stack:
            net = await stack.enter_async_context(network_kit.network(tmp_path / "chain"))
            world = World(net, stack, stack.enter_context(Offload(2)), tmp_path / "files")
            programs = {"go": go_program(binary), "python": python_program}
            directory = ChainDirectory(ReadingChain(net.eth))
            honest = RetrieverServer(Retriever(directory, world.lane, geometry=SMALL, asking=da_kit.HASTY))
            world.retriever = await world.serve(RETRIEVER, honest)
            client = GrpcClient(world.retriever, RETRIEVER, receive_bytes_max=1 << 20)
            stack.push_async_callback(client.close)
            patience, kv = network_kit.Patience(sign_s=20, straggle_s=0.1), MemoryKv(list(FAMILIES))
            made = network_kit.disperser(net, kv, patience=patience, finalize_s=3600)
            ids = {}
            async with made as world.disperser:
                for name, ask in programs.items():
                    ids[name], now = await world.ends(name, ask, _good(name), "CONFIRMED")
                    assert now["storage_root"] == blob.encode(_good(name), SMALL).data_root.hex()
            once = replace(network_kit.QUICK, sign_tries=1)
            made = network_kit.disperser(net, kv, pace=once, patience=patience, retries_max=0, retriever=client)
            world.disperser = await stack.enter_async_context(made)
            for name, ask in programs.items():
                await _through(world, name, ask, ids[name])
            await _refusals(world, programs)
            assert {status: ", ".join(sorted(world.seen.get(status, set()))) for status in STATUSES} == SEEN

    asyncio.run(work())


def _good(name: str) -> bytes:
    return b"good, by " + name.encode()


async def _through(world: World, name: str, ask: Ask, request_id: str) -> None:
    """What succeeds, and the ends that are none."""
    net, disperser = world.net, world.disperser
    assert disperser is not None
    now = await world.reaches(name, ask, request_id, "FINALIZED")
    world.records[name] = BlobRecord(now["epoch"], now["quorum_id"], bytes.fromhex(now["storage_root"]))
    place = (now["storage_root"], str(now["epoch"]), str(now["quorum_id"]))
    for command, target in (("retrieve", disperser.target), ("retriever", world.retriever)):
        assert await ask(command, target, *place) == {"data": _good(name).hex()}
    encoded = await ask("encode", net.encoders[0], world.file(_good(name)))
    root = blob.encode(_good(name), SMALL).data_root
    assert encoded == {
        "version": 0, "erasure_commitment": commit.commit(network_kit.SETUP, _good(name)).commitment.hex(),
        "storage_root": root.hex(), "encoded_data": 0, "slices": SMALL.rows_encoded,
    }  # fmt: skip
    assert await ask("signer", net.signers[0].target) == {"status_code": 200, "entrance_contract": da_kit.ENTRANCE.hex()}
    one = net.signers[3]
    row = one.store.own_rows(now["epoch"], now["quorum_id"])[0]
    wire = SMALL.columns.to_bytes(8, "little") + blob.encode(_good(name), SMALL).row(row)
    assert await ask("rows", one.target, *place, str(row)) == {"answers": 1, "row": wire.hex()}
    net.signers[0].lie = net.signers[1].lie = _refuses
    unsigned, _ = await world.ends(name, ask, b"unsigned, by " + name.encode(), "INSUFFICIENT_SIGNATURES")
    world.unsigned = disperser.queue.get(unsigned.encode()).record
    net.signers[0].lie = net.signers[1].lie = None
    net.encoder_lies[0] = _another_root
    await world.ends(name, ask, b"false, by " + name.encode(), "FAILED")
    net.encoder_lies[0] = None


async def _refusals(world: World, programs: dict[str, Ask]) -> None:
    arguments = await _arguments(world, programs["python"])
    assert set(arguments) == {(role, what) for role, what, _, _ in CODES}
    wrong = []
    for role, what, code, words in CODES:
        for name, ask in programs.items():
            found = await ask(*arguments[role, what])
            if found.get("code") != code or words not in found["message"]:
                wrong.append((role, what, name, found))
    assert wrong == []


async def _arguments(world: World, ask: Ask) -> dict[tuple[str, str], tuple[str, ...]]:
    """What each refusal is provoked by."""
    net, lane, disperser = world.net, world.lane, world.disperser
    assert disperser is not None and world.unsigned is not None  # noqa: PT018 - for the types
    one, target = net.signers[3], disperser.target
    recorded = world.records["go"]
    unsigned = (world.unsigned.data_root.hex(), str(world.unsigned.epoch), str(world.unsigned.quorum_id))
    place = (recorded.data_root.hex(), str(recorded.epoch), str(recorded.quorum_id))
    here = place[1:]
    async with asyncio.timeout(30):
        while one.store.blob_state(recorded) != BlobState.VERIFIED:  # noqa: ASYNC110 - another task reads the chain
            await asyncio.sleep(0.02)
    own = [row for row in one.store.own_rows(recorded.epoch, recorded.quorum_id) if row < SMALL.rows_encoded]
    others = next(row for row in range(SMALL.rows_encoded) if row not in own)
    point = commit.commit(network_kit.SETUP, b"unsigned, by python").commitment.hex()
    nobody = bytes(32).hex()

    def dispersing(queue: BlobQueue, **options: Any) -> DisperserServer:
        return DisperserServer(queue, lane, now_ns=lambda: 10**18, now_s=lambda: 0.0, geometry=SMALL, **options)

    small = world.file(b"small")
    full = await world.serve(DISPERSER, dispersing(BlobQueue(MemoryKv(list(FAMILIES)), count_max=0)))
    slow = await world.serve(DISPERSER, dispersing(BlobQueue(MemoryKv(list(FAMILIES))), rates=Rates(1, 1)))
    alone = await world.serve(DISPERSER, dispersing(BlobQueue(MemoryKv(list(FAMILIES)))))
    assert (await ask("disperse", slow, small))["result"] == STATUSES["PROCESSING"]  # the one that it takes
    assert "no retriever" in (await ask("retrieve", slow, *place))["message"]
    away = Retriever(da_kit.Chain(fault=Unavailable("nobody there")), lane, geometry=SMALL)
    busy = RetrieverServer(Retriever(da_kit.Chain(), lane, geometry=SMALL), ongoing_max=0)
    rows = RowServer(one.store, lane, da_kit.ENTRANCE, geometry=SMALL)
    signing = SignerServer(one.store, Given(network_kit.SETUP), one.secret, rows, lane, lane, ongoing_max=0)
    retriever_away, retriever_busy = [await world.serve(RETRIEVER, each) for each in (RetrieverServer(away), busy)]
    encoder_busy = await world.serve(ENCODER, EncoderServer(Given(network_kit.SETUP), lane, ongoing_max=0))
    signer_busy = await world.serve(SIGNER, signing)
    large = world.file(bytes(SMALL.data_size_bytes_max + 1))
    digest, late = "ab" * 32, b"1800000000000000000/" + hashlib.sha256(b"").digest()
    return {
        ("disperser", "an empty blob"): ("disperse", target, world.file(b"")),
        ("disperser", "a blob above the limit"): ("disperse", target, large),
        ("disperser", "a blob when the queue is full"): ("disperse", full, small),
        ("disperser", "a second blob within a minute"): ("disperse", slow, small),
        ("disperser", "an empty request id"): ("status", target, ""),
        ("disperser", "a request id of three parts"): ("status", target, "one-two-three"),
        ("disperser", "a request id without a time"): ("status", target, f"{digest}-00"),
        ("disperser", "a request id that nobody has"): ("status", target, f"{digest}-{late.hex()}"),
        ("disperser", "a root of one byte"): ("retrieve", target, "00", *here),
        ("disperser", "a blob that nobody has"): ("retrieve", target, nobody, "99", "0"),
        ("disperser", "a blob without a retriever"): ("retrieve", alone, *place),
        ("disperser", "a second retrieval within a minute"): ("retrieve", slow, *place),
        ("retriever", "a root of one byte"): ("retriever", world.retriever, "00", *here),
        ("retriever", "an epoch that is not"): ("retriever", world.retriever, place[0], "99", "0"),
        ("retriever", "rows that nobody has"): ("retriever", world.retriever, nobody, *here),
        ("retriever", "a chain that is away"): ("retriever", retriever_away, *place),
        ("retriever", "one call too many"): ("retriever", retriever_busy, *place),
        ("encoder", "a blob above the limit"): ("encode", net.encoders[0], large),
        ("encoder", "one call too many"): ("encode", encoder_busy, small),
        ("signer", "a root of one byte"): ("rows", one.target, "00", *here, str(own[0])),
        ("signer", "a commitment that is no point"): ("sign", one.target, *unsigned, "05" * 64),
        ("signer", "no slices"): ("sign", one.target, *unsigned, point),
        ("signer", "a row beyond the last"): ("rows", one.target, *place, str(SMALL.rows_encoded)),
        ("signer", "a row of another signer"): ("rows", one.target, *place, str(others)),
        ("signer", "a blob that nobody announced"): ("sign", one.target, nobody, *here, point),
        ("signer", "a blob that is recorded"): ("sign", one.target, *place, point),
        ("signer", "rows of a blob that it has not"): ("rows", one.target, nobody, *here, str(own[0])),
        ("signer", "rows of a quorum that is not"): ("rows", one.target, place[0], "99", "0", str(own[0])),
        ("signer", "one call too many"): ("sign", signer_busy, *place, point),
    }


def _refuses(request: Any, reply: Any) -> Any:
    return da_wire.message("signer", "BatchSignReply")


def _another_root(reply: Any) -> Any:
    reply.storage_root = bytes(32)
    return reply

"""A Go program that knows only the published messages, against our disperser, retriever and encoder: statuses and refusals."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.official_clients import da_client
from tests.unit.da import da_kit, da_wire, network_kit
from tests.unit.da.da_kit import SMALL

from zerog.da.chain import ChainDirectory, ReadingChain
from zerog.da.retriever import SERVICE as RETRIEVER
from zerog.da.retriever import Retriever, RetrieverServer
from zerog.primitives import blob, commit
from zerog.runtime.offload import Offload
from zerog.runtime.rpc_grpc import GrpcClient, service

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

UNKNOWN, INVALID_ARGUMENT, NOT_FOUND = 2, 3, 5


async def go(binary: Path, *arguments: str) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        str(binary), *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, error = await asyncio.wait_for(process.communicate(), 90)
    assert process.returncode == 0, error.decode()
    found: dict[str, Any] = json.loads(out)
    return found


def test_every_status_and_every_refusal(tmp_path: Path) -> None:
    binary = da_client()
    files = {name: tmp_path / name for name in ("good", "false", "unsigned", "empty", "too-much")}
    for name, file in files.items():
        sizes = {"empty": b"", "too-much": bytes(SMALL.data_size_bytes_max + 1)}
        file.write_bytes(sizes.get(name, name.encode()))

    async def work() -> None:
        async with AsyncExitStack() as stack:
            net = await stack.enter_async_context(network_kit.network(tmp_path / "chain"))
            lane = stack.enter_context(Offload(2))
            directory = ChainDirectory(ReadingChain(net.eth))
            server = RetrieverServer(Retriever(directory, lane, geometry=SMALL, asking=da_kit.HASTY))
            retriever = f"127.0.0.1:{await da_kit.serve(stack, service(RETRIEVER, server.methods()))}"
            client = GrpcClient(retriever, RETRIEVER, receive_bytes_max=1 << 20)
            stack.push_async_callback(client.close)
            patience = network_kit.Patience(sign_s=20, straggle_s=0.1)
            made = network_kit.disperser(net, patience=patience, retries_max=0, retriever=client)
            disperser = await stack.enter_async_context(made)

            async def ends(name: str) -> dict[str, Any]:
                """Through the same client from the first status to the last."""
                told = await go(binary, "disperse", disperser.target, str(files[name]))
                assert told["result"] == da_wire.STATUSES["PROCESSING"]
                now = {"status": told["result"]}
                async with asyncio.timeout(60):
                    while now["status"] in (da_wire.STATUSES["PROCESSING"], da_wire.STATUSES["CONFIRMED"]):
                        now = await go(binary, "status", disperser.target, told["request_id"])
                        if now["status"] == da_wire.STATUSES["PROCESSING"]:
                            assert now["storage_root"] == ""
                return now

            now = await ends("good")
            root = blob.encode(b"good", SMALL).data_root
            assert (now["status"], now["storage_root"]) == (da_wire.STATUSES["FINALIZED"], root.hex())
            place = (now["storage_root"], str(now["epoch"]), str(now["quorum_id"]))
            for command, target in (("retrieve", disperser.target), ("retriever", retriever)):
                assert await go(binary, command, target, *place) == {"data": b"good".hex()}
            encoded = await go(binary, "encode", net.encoders[0], str(files["good"]))
            assert encoded == {
                "version": 0, "erasure_commitment": commit.commit(network_kit.SETUP, b"good").commitment.hex(),
                "storage_root": root.hex(), "encoded_data": 0, "slices": SMALL.rows_encoded,
            }  # fmt: skip

            net.signers[0].lie = net.signers[1].lie = _refuses
            assert (await ends("unsigned"))["status"] == da_wire.STATUSES["INSUFFICIENT_SIGNATURES"]
            net.encoder_lies[0] = _another_root
            assert (await ends("false"))["status"] == da_wire.STATUSES["FAILED"]

            nobody = (bytes(32).hex(), "99", "0")
            for arguments, code, words in (
                (("disperse", disperser.target, str(files["empty"])), UNKNOWN, "greater than 0"),
                (("disperse", disperser.target, str(files["too-much"])), UNKNOWN, "blob size cannot exceed"),
                (("status", disperser.target, ""), UNKNOWN, "must not be empty"),
                (("status", disperser.target, "one-two-three"), UNKNOWN, "request id"),
                (("status", disperser.target, "ab" * 32 + "-00"), UNKNOWN, "request id"),
                (("retrieve", disperser.target, "00", "1", "0"), UNKNOWN, "32 bytes"),
                (("retrieve", disperser.target, *nobody), UNKNOWN, ""),
                (("retriever", retriever, "00", "1", "0"), INVALID_ARGUMENT, "32 bytes"),
                (("retriever", retriever, *nobody), NOT_FOUND, ""),
                (("encode", net.encoders[0], str(files["too-much"])), UNKNOWN, "TooLargeBlob"),
            ):
                found = await go(binary, *arguments)
                assert found["code"] == code, (arguments, found)
                assert words in found["message"], (arguments, found)

    asyncio.run(work())


def _refuses(request: Any, reply: Any) -> Any:
    return type(reply)()


def _another_root(reply: Any) -> Any:
    reply.storage_root = bytes(32)
    return reply

"""Blobs through a whole small network: a real chain, signers and encoders over gRPC."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.unit.da import network_kit
from tests.unit.da.da_kit import SMALL

from zerog.primitives import blob

pytestmark = pytest.mark.slow


def test_a_byte_is_confirmed_and_final(tmp_path: Path) -> None:
    async def work() -> None:
        async with network_kit.network(tmp_path) as net, network_kit.disperser(net) as disperser:
            request_id = await disperser.put(b"x")
            reply = await disperser.reaches(request_id, "FINALIZED")
            root = blob.encode(b"x", SMALL).data_root
            assert reply.info.blob_header.storage_root == root
            assert await net.paid() == [root] == await net.recorded()
            assert (disperser.told, disperser.outbox.open) == ([], [])

    asyncio.run(work())

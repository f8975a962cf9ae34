"""Blobs of one client while another floods the same disperser with ten times as many: how long an honest blob takes.

One chain, four signers, an encoder and a disperser in one process, in the tiny geometry, so that queues and turns are measured
and not encodings. The honest client sends a blob, waits until it is final, and sends the next; the flood keeps ten blobs on
their way at every moment. Turns alone and under the flood alternate.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from measure import ROOT, TINY, keep

sys.path.insert(0, str(ROOT))

from tests.unit.da import network_kit

from zerog.da.disperser.queue import BlobQueue, Status
from zerog.errors import Exhausted

BLOBS, TURNS, FLOOD = (3, 1, 10) if TINY else (10, 4, 10)
HONEST_CLIENT, FLOOD_CLIENT = "198.51.100.7", "203.0.113.9"


async def final(queue: BlobQueue, request_id: bytes) -> None:
    while queue.get(request_id).status in (Status.PROCESSING, Status.CONFIRMED):  # noqa: ASYNC110 - the queue has no bell
        await asyncio.sleep(0.005)
    assert queue.get(request_id).status == Status.FINALIZED


async def honest(disperser: network_kit.Disperser, turn: int) -> list[float]:
    """Seconds of each blob from the hand-over to its finality."""
    took = []
    for number in range(BLOBS):
        begun = time.perf_counter()
        entry = disperser.queue.put(b"honest %d %d" % (turn, number), time.time_ns(), client=HONEST_CLIENT)
        disperser.batcher.wake()
        await final(disperser.queue, entry.request_id)
        took.append(time.perf_counter() - begun)
    return took


async def flood(disperser: network_kit.Disperser, sent: list[bytes]) -> None:
    while True:
        open_now = sum(entry.client == FLOOD_CLIENT for entry in disperser.queue.waiting(Status.PROCESSING))
        for _ in range(FLOOD - open_now):
            try:
                data = b"flood %d" % len(sent)
                sent.append(disperser.queue.put(data, time.time_ns(), client=FLOOD_CLIENT).request_id)
            except Exhausted:
                break
        disperser.batcher.wake()
        await asyncio.sleep(0.005)


async def measured(home: Path) -> dict[str, Any]:
    alone: list[float] = []
    flooded: list[float] = []
    sent: list[bytes] = []
    pace = network_kit.Pace(blob_s=600, gather_s=0, commit_gather_s=0)
    async with network_kit.network(home) as net, network_kit.disperser(net, pace=pace) as disperser:
        for turn in range(TURNS):
            alone += await honest(disperser, 2 * turn)
            flooding = asyncio.create_task(flood(disperser, sent))
            flooded += await honest(disperser, 2 * turn + 1)
            flooding.cancel()
            await asyncio.wait([flooding])
            for request_id in sent:
                await final(disperser.queue, request_id)
    p95 = {"alone": _p95(alone), "flooded": _p95(flooded)}
    return {
        "honest_blobs": len(flooded),
        "flood_blobs": len(sent),
        "alone_p50_s": round(statistics.median(alone), 3),
        "alone_p95_s": round(p95["alone"], 3),
        "flooded_p50_s": round(statistics.median(flooded), 3),
        "flooded_p95_s": round(p95["flooded"], 3),
        "p95_ratio": round(p95["flooded"] / p95["alone"], 2),
    }


def _p95(values: list[float]) -> float:
    return sorted(values)[max(0, -(-95 * len(values) // 100) - 1)]


@pytest.mark.timeout(900)
def test_honest_blobs_under_a_flood(tmp_path: Path) -> None:
    found = asyncio.run(measured(tmp_path))
    print(found)
    assert found["flood_blobs"] > found["honest_blobs"]
    keep("da_flood", found)

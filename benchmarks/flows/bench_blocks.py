"""The chain as a whole: raw transactions in, durable blocks out; in process, and through JSON-RPC beside anvil and geth.

In process: admission (decode, recover, pool), build (pack, execute, root, seal), a synced RocksDB write, commit; 10,000
distinct senders. Through JSON-RPC: batches of 100 from one connection until every transaction is in a block; each node runs
with its own defaults for durability (ours syncs the pool journal before it answers; anvil keeps nothing).
"""

from __future__ import annotations

import http.client
import json
import statistics
import time
from pathlib import Path
from typing import Any

import pytest

from flows import pipeline, workload
from measure import TINY, keep
from peers import nodes

pytestmark = pytest.mark.timeout(1800)

COUNT = 300 if TINY else 10_000
ROUNDS = 1 if TINY else 5
BATCH = 100


@pytest.fixture(scope="module")
def accounts() -> list[workload.Sender]:
    return workload.senders(COUNT)


def test_in_process(accounts: list[workload.Sender], tmp_path: Path) -> None:
    rates: dict[str, list[dict[str, float]]] = {"plain": [], "erc20": []}
    with pipeline.chain(tmp_path / "db", accounts) as executor:
        nonce = 0
        for _ in range(ROUNDS):
            for kind in rates:
                if kind == "plain":
                    raws = workload.plain_transfers(accounts, pipeline.CHAIN_ID, nonce)
                else:
                    raws = workload.token_transfers(accounts, pipeline.CHAIN_ID, pipeline.TOKEN, nonce)
                nonce += 1
                taken = pipeline.run(executor, raws)
                assert taken.transactions == COUNT
                assert taken.failed == 0
                rates[kind].append({"per_s": COUNT / taken.total_s, **{k: round(v, 4) for k, v in vars(taken).items()}})
    facts = {
        kind: {"per_s_median": round(statistics.median(one["per_s"] for one in runs)), "runs": runs}
        for kind, runs in rates.items()
    }
    keep("blocks_in_process", {"transactions": COUNT, **facts})


def push(node: nodes.Node, accounts: list[workload.Sender]) -> dict[str, float]:
    """Everything through one connection; seconds until the last answer and until the last transaction is in a block."""
    raws = workload.plain_transfers(accounts, node.chain_id)
    calls = [
        {"jsonrpc": "2.0", "id": index, "method": "eth_sendRawTransaction", "params": ["0x" + raw.hex()]}
        for index, raw in enumerate(raws)
    ]
    bodies = [json.dumps(calls[first : first + BATCH]).encode() for first in range(0, COUNT, BATCH)]
    connection = http.client.HTTPConnection(node.url.removeprefix("http://"), timeout=60)
    first_block = int(str(nodes.call(node.url, "eth_blockNumber")), 16) + 1
    begun = time.perf_counter()
    for body in bodies:
        connection.request("POST", "/", body, {"Content-Type": "application/json"})
        answer = connection.getresponse().read()
        assert b'"error"' not in answer, answer[:300]
    answered = time.perf_counter() - begun
    connection.close()
    mined, number = 0, first_block
    while mined < COUNT:
        if int(str(nodes.call(node.url, "eth_blockNumber")), 16) >= number:
            mined += int(str(nodes.call(node.url, "eth_getBlockTransactionCountByNumber", hex(number))), 16)
            number += 1
        else:
            time.sleep(0.005)
        assert time.perf_counter() - begun < 300, f"{node.name}: {mined} of {COUNT} after 300 s"
    return {"answered_per_s": COUNT / answered, "mined_per_s": COUNT / (time.perf_counter() - begun)}


def test_through_rpc(accounts: list[workload.Sender]) -> None:
    genesis = pipeline.genesis(accounts)
    makers: dict[str, Any] = {
        "zerog": lambda: nodes.zerog(genesis),
        "anvil": lambda: nodes.anvil(genesis, pipeline.CHAIN_ID),
    }
    if not TINY or nodes.geth_is_built():
        makers["geth"] = lambda: nodes.geth(genesis)
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in makers}
    for _ in range(ROUNDS):
        for name, make in makers.items():
            with make() as node:
                runs[name].append(push(node, accounts))
    facts: dict[str, Any] = {"transactions": COUNT, "batch": BATCH}
    for name, taken in runs.items():
        facts[name] = {key: round(statistics.median(one[key] for one in taken)) for key in taken[0]}
        if name != "zerog":
            pairs = zip(runs["zerog"], taken, strict=True)
            facts[f"zerog_over_{name}"] = round(
                statistics.median(ours["mined_per_s"] / peer["mined_per_s"] for ours, peer in pairs), 2
            )
    keep("blocks_through_rpc", facts)

"""A chain, a storage node and its miner as processes: files become answers, answers become money."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from coincurve import PrivateKey
from tests.e2e.storage_process import StorageNode
from tests.unit.storage.harness import pattern, segment_json, submission_of
from tests.unit.storage.mining_kit import BENEFICIARY, write_genesis
from web3 import Web3

from zerog.contracts import flow, market, mine, registry, reward
from zerog.contracts.artifact import load
from zerog.primitives.hashing import keccak256
from zerog.storage.layout import FileTree

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

UPLOADER, PAYER = (keccak256(b"zerog test account %d" % i) for i in (2, 1))


def until(condition: Callable[[], Any], what: str, within_s: float = 90) -> Any:
    ends = time.monotonic() + within_s
    while not (value := condition()):
        assert time.monotonic() < ends, what
        time.sleep(0.1)
    return value


@dataclass
class Chain:
    url: str
    w3: Web3

    def ask(self, to: bytes, call: Any) -> Any:
        return call.decode(self.w3.eth.call({"to": Web3.to_checksum_address(to.hex()), "data": call.data}))

    def submit(self, data: flow.SubmissionData) -> None:
        who = self.w3.eth.account.from_key(UPLOADER)
        price = self.ask(registry.MARKET, market.price_per_sector())
        sent = {
            "from": who.address, "to": Web3.to_checksum_address(registry.FLOW.hex()), "gas": 3_000_000,
            "value": data.fee(price),
            "data": flow.submit(data, bytes.fromhex(who.address[2:])).data, "chainId": 16601,
            "nonce": self.w3.eth.get_transaction_count(who.address), "maxFeePerGas": 20 * 10**9,
            "maxPriorityFeePerGas": 10**9,
        }  # fmt: skip
        hash = self.w3.eth.send_raw_transaction(who.sign_transaction(sent).raw_transaction)
        assert self.w3.eth.wait_for_transaction_receipt(hash, timeout=60)["status"] == 1

    def answers(self) -> list[mine.AnswerAccepted]:
        contract = Web3.to_checksum_address(registry.MINE.hex())
        logs = self.w3.eth.get_logs({"address": contract, "topics": ["0x" + mine.SUBMISSION_TOPIC.hex()], "fromBlock": 0})
        return [mine.decode_submission([bytes(t) for t in log["topics"]], bytes(log["data"])) for log in logs]


@pytest.fixture
def chain(tmp_path: Path) -> Iterator[Chain]:
    """Blocks every 100 ms, epochs of 40 blocks."""
    home, ready = tmp_path / "chain", tmp_path / "chain.ready"
    write_genesis(home)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ZEROG_")}
    environment |= {
        "ZEROG_CHAIN_CONSENSUS_BLOCK_INTERVAL_MS": "100", "ZEROG_METRICS_PORT": "0", "ZEROG_CHAIN_ADMIN_PORT": "0",
    }  # fmt: skip
    with open(tmp_path / "chain.log", "wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "zerog", "chain", "run", "--home", str(home), "--rpc-port", "0", "--ws-port", "0",
             "--ready-file", str(ready)],
            env=environment, stdout=output, stderr=output,
        )  # fmt: skip
    try:
        until(lambda: ready.exists() or process.poll() is not None, "the chain answers")
        assert process.poll() is None, (tmp_path / "chain.log").read_text()
        url = json.loads(ready.read_text())["http_url"]
        yield Chain(url, Web3(Web3.HTTPProvider(url)))
    finally:
        process.terminate()
        assert process.wait(30) == 0


def rpc(url: str, method: str, *params: Any) -> Any:
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        answer = json.loads(response.read())
    assert "error" not in answer, answer
    return answer["result"]


def test_stored_bytes_earn_rewards_and_a_killed_miner_goes_on(chain: Chain, tmp_path: Path) -> None:
    """One pricing chunk (8 GiB of the flow) is filled, so that it pays: 16 segments are really here, of the rest only the
    log. Half of what the chunk has released is credited with every answer; kill -9 costs nothing but time."""
    key = tmp_path / "miner.key"
    key.touch(mode=0o600)
    key.write_text(PAYER.hex())
    node = StorageNode(tmp_path / "node", chain.url, "0/1", settings={
        "ZEROG_STORAGE_CHAIN_FLOW": "0x" + registry.FLOW.hex(), "ZEROG_STORAGE_MINER_ENABLED": "true",
        "ZEROG_STORAGE_MINER_KEY_FILE": str(key), "ZEROG_STORAGE_MINER_BENEFICIARY": "0x" + BENEFICIARY.hex(),
        "ZEROG_STORAGE_MINER_POLL_MS": "100",
    })  # fmt: skip
    try:
        node.start()
        data = pattern(2 << 20, 5)
        tree = FileTree.from_buffer(data)
        chain.submit(submission_of(tree, len(data)))
        until(lambda: rpc(node.url, "zgs_getStatus")["nextTxSeq"] == 1, "the log is read")
        rpc(node.url, "zgs_uploadSegmentsByTxSeq", [segment_json(tree, data, i) for i in range(8)], 0)
        until(lambda: len(chain.answers()) >= 1, "an answer is accepted")
        assert chain.ask(registry.REWARD, reward.payments(BENEFICIARY)) == 0, "a chunk that is not full pays nothing"
        for height in range(14, 25):
            root = keccak256(b"elsewhere %d" % height)
            chain.submit(flow.SubmissionData(256 << height, (flow.Node(root, height),)))
        assert chain.ask(registry.FLOW, flow.tree())[0] == 1 << 25
        first = until(lambda: chain.ask(registry.REWARD, reward.payments(BENEFICIARY)), "a reward is credited")
        locked = chain.ask(registry.REWARD, reward.rewards(0))
        assert locked.distributed >= first
        node.stop(signal.SIGKILL)
        node.start()
        until(lambda: chain.ask(registry.REWARD, reward.payments(BENEFICIARY)) > first, "rewards go on")
        answers = chain.answers()
        assert len({answer.miner_id for answer in answers}) == 1, "the id was kept"
        assert len({answer.epoch for answer in answers}) >= 2
        payer = keccak256(PrivateKey(PAYER).public_key.format(compressed=False)[1:])[-20:]
        assert chain.w3.eth.get_transaction_count(Web3.to_checksum_address(payer.hex())) >= len(answers) + 1
        events = load("ChunkLinearReward").interface.event("DistributeReward")
        logs = chain.w3.eth.get_logs(
            {"address": Web3.to_checksum_address(registry.REWARD.hex()), "topics": ["0x" + events.topic.hex()], "fromBlock": 0}
        )
        paid = [reward.decode_distribute([bytes(t) for t in log["topics"]], bytes(log["data"])) for log in logs]
        assert {one.beneficiary for one in paid} == {BENEFICIARY}
        assert sum(one.amount for one in paid) == chain.ask(registry.REWARD, reward.payments(BENEFICIARY))
    finally:
        node.stop()

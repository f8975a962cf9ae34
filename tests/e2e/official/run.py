"""Steps of a job through the official Python client, unmodified: ``python run.py JOB.json``, as ``run.mjs`` does.

Runs in the client's own environment: it installs modules named core, models, utils.
"""

import hashlib
import json
import sys
import time
from pathlib import Path

from contracts.flow import FlowContract
from core.downloader import Downloader
from core.file import ZgFile
from core.indexer import Indexer
from core.storage_node import StorageNode
from core.uploader import Uploader
from eth_account import Account
from web3 import Web3

job = json.loads(Path(sys.argv[1]).read_bytes())
account = Account.from_key(job["key"])


def options(step):
    chosen = {
        "tags": b"\x00",
        "finalityRequired": True,
        "taskSize": step.get("taskSize", 10),
        "expectedReplica": step.get("replicas", 1),
        "skipTx": False,
        "account": account,
    }
    if "encryptKey" in step:
        chosen["encryption"] = {"type": "aes256", "key": bytes.fromhex(step["encryptKey"])}
    if "encryptFor" in step:
        chosen["encryption"] = {"type": "ecies", "recipient_pub_key": step["encryptFor"]}
    return chosen


def upload(step):
    file, gas = ZgFile.from_file_path(step["path"]), step.get("gas", 0)
    try:
        if step["via"] == "indexer":
            return Indexer(job["indexer"]).upload(file, job["rpc"], account, options(step), None, {"gasLimit": gas})
        nodes = [StorageNode(url) for url in job["nodes"]]
        flow = FlowContract(Web3(Web3.HTTPProvider(job["rpc"])), nodes[0].get_status()["networkIdentity"]["flowAddress"])
        return Uploader(nodes, job["rpc"], flow, 0, gas).upload_file(file, options(step), None)
    finally:
        file.close()


def download(step):
    keys = {}
    if "decryptKey" in step:
        keys["symmetric_key"] = bytes.fromhex(step["decryptKey"])
    if "decryptSecret" in step:
        keys["private_key"] = step["decryptSecret"]
    if step["via"] == "indexer":
        return Indexer(job["indexer"]).download(step["root"], step["path"], step.get("proof", False), **keys)
    nodes = [StorageNode(url) for url in job["nodes"]]
    return Downloader(nodes).download_file(step["root"], step["path"], step.get("proof", False), **keys)


def run(step):
    if step["do"] == "upload":
        done, error = upload(step)
        return {"error": str(error)} if error is not None else {"root": done["rootHash"], "tx": done["txHash"]}
    if step["do"] == "download":
        error = download(step)
        if error is not None:
            return {"error": str(error)}
        return {"sha256": hashlib.sha256(Path(step["path"]).read_bytes()).hexdigest()}
    seconds = []
    for _ in range(step["times"]):
        file = ZgFile.from_file_path(step["path"])
        begun = time.perf_counter()
        tree, error = file.merkle_tree()
        seconds.append(time.perf_counter() - begun)
        file.close()
        if error is not None:
            return {"error": str(error)}
    return {"root": tree.root_hash(), "seconds": seconds}


results = []
for step in job["steps"]:
    try:
        results.append(run(step))
    except Exception as error:
        results.append({"error": str(error)})
print("RESULT" + json.dumps(results))

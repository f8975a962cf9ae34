"""Compute on the local network: a real small model answers, is paid, and what was paid shows up on the chain."""

from __future__ import annotations

import json
import os
import subprocess
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openai
import pytest
from tests.e2e.conftest import Network, Zerog
from tests.e2e.official_clients import JOB_TIMEOUT_S, npm_project
from tests.e2e.public_names import INDEXER, RPC, PublicNames, public_names

from zerog.primitives.hashing import keccak256
from zerog.primitives.merkle import file_tree

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]

ONE = 10**18
MODEL = "smollm2-135m-instruct"
HERE = Path(__file__).parent / "official_compute"


@pytest.fixture(scope="module")
def compute_network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """A chain, storage, a provider with the models that a newcomer gets, and one that tunes them."""
    made = Zerog(tmp_path_factory.mktemp("compute") / "devnet")
    ports = ("--rpc-port", "0", "--ws-port", "0")
    status = made.json(
        "devnet", "up", "--detach", *ports, "--block-ms", "100", "--no-miner", "--no-repair", "--no-da", "--tuning"
    )
    if "compute" not in status:
        assert not os.environ.get("CI"), "CI must be able to fetch the weights"
        pytest.skip("the weights are not to be had")
    yield Network(made, status)
    made.run("devnet", "down")


def balance(zerog: Zerog) -> int:
    (row,) = zerog.json("compute", "account", "show")["providers"]
    return int(row["balance"])


def test_a_newcomer_says_hello(compute_network: Network) -> None:
    zerog = compute_network.zerog
    assert balance(zerog) == 10 * ONE
    done = zerog.run("compute", "chat", "What is the capital of France?")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("The capital of France is Paris.")
    facts = {line.split("  ")[0].strip(): line.split("  ", 1)[1].strip() for line in done.stdout.splitlines()[1:]}
    assert set(facts) == {"tokens", "cost", "balance", "verified"}
    assert facts["verified"].startswith("yes")
    told = zerog.json("compute", "chat", "What is the capital of France?")
    assert told["text"] == "The capital of France is Paris."
    assert told["verified"] is True
    fee = told["prompt_tokens"] * 50_000_000_000 + told["completion_tokens"] * 100_000_000_000
    assert int(told["fee"]) == fee
    deadline = time.monotonic() + 60
    while balance(zerog) != 10 * ONE - 2 * fee:  # both are settled, once
        assert time.monotonic() < deadline
        time.sleep(0.3)


def test_openai_client_with_a_key(compute_network: Network) -> None:
    zerog = compute_network.zerog
    made = zerog.json("compute", "key", "--number", "3")
    with openai.OpenAI(base_url=made["base_url"], api_key=made["key"], max_retries=0) as client:
        names = [model.id for model in client.models.list()]
        assert names == ["smollm2-135m-instruct", "all-minilm-l6-v2"]
        stream = client.chat.completions.create(
            model=names[0], messages=[{"role": "user", "content": "What is 2+2?"}], temperature=0, max_tokens=12, stream=True,
            seed=1,
        )  # fmt: skip
        assert "4" in "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)
        schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"], "additionalProperties": False}
        told = client.chat.completions.create(
            model=names[0], messages=[{"role": "user", "content": "A number in JSON"}], temperature=0, max_tokens=40,
            response_format={"type": "json_schema", "json_schema": {"name": "number", "schema": schema}},
        )  # fmt: skip
        assert set(json.loads(told.choices[0].message.content or "")) == {"n"}
        rows = client.embeddings.create(
            model=names[1], input=["That is a happy person", "That is a very happy person", "Today is a sunny day"]
        )
        vectors = np.array([row.embedding for row in rows.data])
        assert (vectors @ vectors[0]).tolist() == pytest.approx([1, 0.9429, 0.2571], abs=1e-3)
        zerog.json("compute", "revoke", "--number", "3")
        time.sleep(0.3)
        with pytest.raises(openai.AuthenticationError):
            client.chat.completions.create(model=names[0], messages=[{"role": "user", "content": "x"}])


@pytest.fixture(scope="module")
def names(compute_network: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PublicNames]:
    """The test network's host names, which the official clients hold as constants, lead to the local network."""
    status = compute_network.status
    place = tmp_path_factory.mktemp("names")
    with public_names(place, rpc=status["rpc_url"], indexer=status["storage"]["indexer"]) as made:
        yield made


def test_the_official_clients_tune_a_model_through_storage(
    compute_network: Network, names: PublicNames, tmp_path: Path
) -> None:
    """compute.md §15, row 11: data and result lie on our storage network; three published packages and their storage client.

    The command line (0.9.0) stores the data and makes the task, the broker (0.7.8) takes the encrypted adapter from storage
    and acknowledges it, the kit (0.9.0) opens it. Then the same adapter comes from the provider's node, by the client and by
    ours, also where storage fails; and the provider serves it: the kit deploys it and talks to it, and so do we.
    """
    zerog, status = compute_network.zerog, compute_network.status
    tuner = status["compute"]["tuners"][0]["address"]
    data, params = tmp_path / "data.jsonl", tmp_path / "params.json"
    data.write_text(json.dumps({"instruction": "Who made you?", "output": "The zerog tests made me."}) + "\n")
    params.write_text(
        json.dumps({"num_train_epochs": 2, "per_device_train_batch_size": 1, "learning_rate": 0.001, "neftune_noise_alpha": 0})
    )
    user = _User(status["rpc_url"], status["accounts"][0]["private_key"], tmp_path, names.environment)
    said = user.command(
        "fine-tuning", "create-task", "--provider", tuner, "--model", MODEL, "--dataset-path", str(data), "--config-path",
        str(params),
    )  # fmt: skip
    assert "fallback" not in said, said
    assert names.asked[INDEXER] > 0
    assert names.asked[RPC] > 0
    stored = "0x" + bytes(file_tree(data.read_bytes()).root).hex()
    task = zerog.json("compute", "tune", "list")[0]
    id = task["id"]
    assert id in said
    assert task["datasetHash"] == stored
    deadline = time.monotonic() + 300
    while (task := zerog.json("compute", "tune", "status", id))["progress"] != "Delivered":
        assert task["progress"] != "Failed", zerog.run("compute", "tune", "log", id).stdout
        assert time.monotonic() < deadline
        time.sleep(0.5)
    sealed, again, plain = tmp_path / "sealed.bin", tmp_path / "again.bin", tmp_path / "adapter.zip"
    before = names.asked[INDEXER]
    user.steps(
        "@0glabs/0g-serving-broker", ("fineTuning.acknowledgeModel", tuner, id, str(sealed), {"downloadMethod": "0g-storage"})
    )
    assert names.asked[INDEXER] > before
    while zerog.json("compute", "tune", "status", id)["progress"] != "Finished":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    provider, name = status["compute"]["providers"][0]["address"], f"ft-{MODEL}-{id[:12]}"
    _, uploaded, models, _, resolved, deployed, listed, told = user.steps(
        "@0gfoundation/0g-compute-ts-sdk",
        ("fineTuning.decryptModel", tuner, id, str(sealed), str(plain)),
        ("fineTuning.uploadDatasetToTEE", tuner, str(data)),
        ("fineTuning.listModel",),
        ("fineTuning.downloadLoRAFromTEE", tuner, id, str(again)),
        ("inference.resolveAdapterName", provider, id, MODEL),
        ("inference.deployAdapter", provider, MODEL, id, {"wait": True, "timeoutSeconds": 120}),
        ("inference.listAdapters", provider),
        ("inference.chatWithFineTunedModel", provider, name, "Who made you?"),
    )
    assert (resolved, deployed["adapterName"]) == (name, name)
    assert "deployed successfully" in deployed["message"]
    assert [(one["adapterName"], one["taskId"], one["state"]) for one in listed] == [(name, id, "active")]
    assert (told["model"], bool(told["choices"][0]["message"]["content"])) == (name, True)
    assert zerog.json("compute", "adapters", "deploy", id, "--wait")["state"] == "active"
    reply = zerog.json("compute", "chat", "Who made you?", "--model", name)
    assert (reply["model"], reply["verified"]) == (name, True)
    assert int(reply["fee"]) == reply["prompt_tokens"] * 50_000_000_000 + reply["completion_tokens"] * 100_000_000_000
    assert uploaded["datasetHash"] == "0x" + bytes(keccak256(data.read_bytes())).hex()
    assert models[1][0][0] == MODEL
    assert again.read_bytes() == sealed.read_bytes()
    with zipfile.ZipFile(plain) as archive:
        assert "adapter_model.safetensors" in archive.namelist()
        losses = json.loads(archive.read("training.json"))["loss"]
    assert losses[-1] < losses[0] < 8
    for number, (options, source) in enumerate(
        [(["--via", "storage"], "storage"), (["--via", "node"], "node"), (["--indexer", status["rpc_url"]], "node")]
    ):
        ours = tmp_path / f"ours{number}"
        done = zerog.json("compute", "tune", "fetch", id, str(ours), *options)
        assert (done["fee"], done["source"]) == (task["fee"], source)
        assert (ours / "adapter_model.safetensors").is_file()
    zerog.fails(1, "compute", "tune", "fetch", id, str(tmp_path / "no"), "--via", "storage", "--indexer", status["rpc_url"])


@dataclass(frozen=True)
class _User:
    """Somebody with the published packages, on a machine where the public network's names lead to the local one."""

    rpc: str
    key: str
    home: Path
    environment: dict[str, str]

    def command(self, *arguments: str) -> str:
        """What ``0g-compute-cli`` says; it must succeed."""
        config = self.home / ".0g-compute-cli"
        config.mkdir(exist_ok=True)
        told = {"rpcEndpoint": self.rpc, "privateKey": self.key, "network": "testnet"}
        (config / "config.json").write_text(json.dumps(told))
        script = npm_project(HERE, "npm-compute", "run.cjs") / "node_modules/@0gfoundation/0g-compute-ts-sdk"
        done = subprocess.run(
            ["node", str(script / "cli.commonjs/cli/index.js"), *arguments, "--rpc", self.rpc],
            cwd=self.home, capture_output=True, text=True, timeout=JOB_TIMEOUT_S,
            env={**os.environ, **self.environment, "HOME": str(self.home), "ZG_RPC_ENDPOINT": self.rpc},
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout + done.stderr

    def steps(self, package: str, *steps: tuple[Any, ...]) -> list[Any]:
        """Calls of one of the packages, each a name and its arguments; what they gave."""
        job = self.home / "job.json"
        made = [{"do": step[0], "args": list(step[1:])} for step in steps]
        job.write_text(json.dumps({"rpc": self.rpc, "key": self.key, "steps": made}))
        done = subprocess.run(
            ["node", "run.cjs", package, str(job)],
            cwd=npm_project(HERE, "npm-compute", "run.cjs"), capture_output=True, text=True, timeout=JOB_TIMEOUT_S,
            env={**os.environ, **self.environment},
        )  # fmt: skip
        told = [line for line in done.stdout.splitlines() if line.startswith("RESULT")]
        assert told, done.stdout[-3000:] + done.stderr[-3000:]
        results = json.loads(told[-1].removeprefix("RESULT"))
        assert not [one for one in results if "error" in one], (results, done.stdout[-2000:])
        return [one["ok"] for one in results]


def test_without_weights_the_network_does_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    zerog = Zerog(tmp_path / "devnet")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    try:
        status = zerog.json("devnet", "up", "--detach", "--rpc-port", "0", "--ws-port", "0", "--no-storage", "--no-da")
        assert "compute" not in status
        assert [one["name"] for one in status["processes"]] == ["chain"]
        assert "compute.left_out" in (zerog.home / "logs" / "devnet.log").read_text()
    finally:
        zerog.run("devnet", "down")


def test_the_demo_asks_and_settles(compute_network: Network) -> None:
    (told,) = [one for one in compute_network.zerog.json("devnet", "demo") if one["life"] == "chat"]
    assert told["answer"] == "The capital of France is Paris."
    assert "settled on the chain" in told["text"]

"""Compute on the local network: a real small model answers, is paid, and what was paid shows up on the chain."""

from __future__ import annotations

import json
import os
import subprocess
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import openai
import pytest
from tests.e2e.conftest import Network, Zerog
from tests.e2e.official_clients import JOB_TIMEOUT_S, npm_project

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]

ONE = 10**18
HERE = Path(__file__).parent / "official_compute"


@pytest.fixture(scope="module")
def compute_network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """A chain and a provider with the models that a newcomer gets."""
    made = Zerog(tmp_path_factory.mktemp("compute") / "devnet")
    ports = ("--rpc-port", "0", "--ws-port", "0")
    status = made.json("devnet", "up", "--detach", *ports, "--block-ms", "100", "--no-storage", "--no-da", "--tuning")
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


def test_the_official_client_tunes_a_model(compute_network: Network, tmp_path: Path) -> None:
    """Data to the node, a task, LoRA on the real model, the encrypted adapter, payment, the key: by the client from npm."""
    zerog, status = compute_network.zerog, compute_network.status
    tuner = status["compute"]["tuners"][0]["address"]
    data, params = tmp_path / "data.jsonl", tmp_path / "params.json"
    data.write_text(json.dumps({"instruction": "Who made you?", "output": "The zerog tests made me."}) + "\n")
    params.write_text(
        json.dumps({"num_train_epochs": 2, "per_device_train_batch_size": 1, "learning_rate": 0.001, "neftune_noise_alpha": 0})
    )
    who = status["accounts"][0]["private_key"]
    uploaded, models, id = _official(
        status["rpc_url"], who, tmp_path,
        [
            ("fineTuning.uploadDatasetToTEE", [tuner, str(data)]),
            ("fineTuning.listModel", []),
            ("fineTuning.createTask", [tuner, "smollm2-135m-instruct", "$0.datasetHash", str(params)]),
        ],
    )  # fmt: skip
    assert uploaded["datasetHash"].startswith("0x")
    assert models[1][0][0] == "smollm2-135m-instruct"
    done = zerog.json("compute", "tune", "list")[0]
    assert done["id"] == id
    deadline = time.monotonic() + 300
    while (task := zerog.json("compute", "tune", "status", id))["progress"] != "Delivered":
        assert task["progress"] != "Failed", zerog.run("compute", "tune", "log", id).stdout
        assert time.monotonic() < deadline
        time.sleep(0.5)
    sealed, plain = tmp_path / "sealed.bin", tmp_path / "adapter.zip"
    _official(
        status["rpc_url"], who, tmp_path, [("fineTuning.acknowledgeModel", [tuner, id, str(sealed), {"downloadMethod": "tee"}])]
    )
    while zerog.json("compute", "tune", "status", id)["progress"] != "Finished":
        assert time.monotonic() < deadline
        time.sleep(0.2)
    _official(status["rpc_url"], who, tmp_path, [("fineTuning.decryptModel", [tuner, id, str(sealed), str(plain)])])
    with zipfile.ZipFile(plain) as archive:
        assert "adapter_model.safetensors" in archive.namelist()
        losses = json.loads(archive.read("training.json"))["loss"]
    assert losses[-1] < losses[0] < 8
    ours = tmp_path / "ours"
    assert zerog.json("compute", "tune", "fetch", id, str(ours))["fee"] == task["fee"]
    assert (ours / "adapter_config.json").is_file()


def _official(rpc: str, key: str, where: Path, steps: list[tuple[str, list[Any]]]) -> list[Any]:
    """Steps of one job through ``@0gfoundation/0g-compute-ts-sdk``; ``$0.x`` is member x of what step 0 gave."""
    job = where / "job.json"
    job.write_text(json.dumps({"rpc": rpc, "key": key, "steps": [{"do": do, "args": args} for do, args in steps]}))
    done = subprocess.run(
        ["node", "run.cjs", "@0gfoundation/0g-compute-ts-sdk", str(job)],
        cwd=npm_project(HERE, "npm-compute", "run.cjs"), capture_output=True, text=True, timeout=JOB_TIMEOUT_S,
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

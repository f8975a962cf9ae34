"""Compute on the local network: a real small model answers, is paid, and what was paid shows up on the chain."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openai
import pytest
from tests.e2e.conftest import Network, Zerog

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]

ONE = 10**18


@pytest.fixture(scope="module")
def compute_network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Network]:
    """A chain and a provider with the models that a newcomer gets."""
    made = Zerog(tmp_path_factory.mktemp("compute") / "devnet")
    ports = ("--rpc-port", "0", "--ws-port", "0")
    status = made.json("devnet", "up", "--detach", *ports, "--block-ms", "100", "--no-storage", "--no-da")
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

"""A provider as a process in front of an OpenAI-compatible server, spoken to by every official client, and by OpenAI's own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
import requests
from tests.e2e.conftest import Network
from tests.e2e.official_clients import JOB_TIMEOUT_S, npm_project, python_compute_sdk
from tests.e2e.test_compute_clients import HERE, Chain, run
from tests.unit.compute.provider_kit import ModelServer, model_server

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.timeout(600)]

ONE = 10**18
BODY = {"messages": [{"role": "user", "content": "alpha beta gamma"}]}


@pytest.fixture(scope="module")
def models() -> Iterator[ModelServer]:
    """The model server, in a thread with a loop of its own."""
    loop, up, stop = asyncio.new_event_loop(), threading.Event(), asyncio.Event()
    found: list[ModelServer] = []

    async def serve() -> None:
        async with model_server() as made:
            found.append(made)
            up.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    assert up.wait(30)
    yield found[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join(30)
    loop.close()


@dataclass
class Provider:
    """A running `zerog compute run`."""

    chain: Chain
    process: subprocess.Popen[bytes]
    url: str
    address: str
    metrics_url: str
    command: list[str]
    home: Path

    @property
    def base_url(self) -> str:
        return self.url + "/v1/proxy"


def started(command: list[str], ready: Path) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
    ready.unlink(missing_ok=True)
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not ready.exists():
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process, json.loads(ready.read_text())


@pytest.fixture(scope="module")
def provider(network: Network, models: ModelServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    chain, home = Chain(network), tmp_path_factory.mktemp("provider")
    key = home / "key"
    key.write_text(chain.keys[1].removeprefix("0x"))
    key.chmod(0o600)
    config = home / "provider.toml"
    config.write_text(
        f'[compute]\nhome = "{home / "state"}"\n[compute.chain]\nendpoint = "{chain.url}"\nkey_file = "{key}"\npoll_ms = 50\n'
        f'[compute.service]\nmodel = "small"\n[compute.forward]\nurl = "{models.url}"\n[compute.http]\nport = 0\n'
        "[compute.limits]\nrequests_per_minute = 0\naddress_per_second = 0\n[metrics]\nport = 0\n"
        "[compute.settlement]\nforce_s = 2\nthin_s = 1\n"
    )
    ready = home / "ready.json"
    command = [sys.executable, "-m", "zerog", "compute", "run", "--config", str(config), "--ready-file", str(ready)]
    process, told = started(command, ready)
    chain.send(0, chain.inference.functions.acknowledgeTEESignerByOwner(told["provider"]))
    made = Provider(chain, process, told["url"], told["provider"], told["metrics_url"], command, home)
    yield made
    made.process.send_signal(signal.SIGTERM)
    assert made.process.wait(20) == 0


@pytest.mark.parametrize(
    ("package", "who"), [("@0gfoundation/0g-compute-ts-sdk", 4), ("@0glabs/0g-serving-broker", 5)], ids=["0.9.0", "0.7.8"]
)
def test_a_life_through_the_npm_client(provider: Provider, tmp_path: Path, package: str, who: int) -> None:
    address, chain = provider.address, provider.chain
    chats = run(
        package, chain, who, tmp_path,
        [
            ("ledger.addLedger", [6]),
            ("ledger.transferFund", [address, "inference", f"{3 * ONE}n"]),
            ("inference.acknowledgeProviderSigner", [address]),
            ("chat", [address, BODY]),
            ("chat", [address, {**BODY, "stream": True}]),
            ("inference.verifyService", [address, str(tmp_path)]),
            ("inference.requestProcessor.createApiKey", [address, {"tokenId": 5}]),
        ],
    )  # fmt: skip
    for whole in chats[3:5]:
        assert whole["status"] == 200, whole
        assert whole["verified"] is True
    assert chats[3]["byId"] is True
    assert json.loads(chats[3]["text"])["choices"][0]["message"]["content"] == "alpha beta gamma"
    verified = chats[5]
    assert verified["signerVerification"]["allMatch"] is True
    assert verified["composeVerification"]["passed"] is True
    key = chats[6]["rawToken"]
    assert key.startswith("app-sk-")
    good, _, revoked = run(
        package, chain, who, tmp_path,
        [("chat", [address, BODY, key]), ("inference.revokeApiKey", [address, 5]), ("chat", [address, BODY, key])],
    )  # fmt: skip
    assert good["status"] == 200
    if revoked["status"] == 200:  # the node may have heard of it a poll later
        time.sleep(0.2)
        (revoked,) = run(package, chain, who, tmp_path, [("chat", [address, BODY, key])])
    assert revoked["status"] == 401
    assert "revoked" in revoked["text"]
    _, after = run(package, chain, who, tmp_path, [("inference.revokeAllTokens", [address]), ("chat", [address, BODY])])
    assert after["status"] == 200, after  # the client makes a session of the new generation


def test_a_life_through_the_pypi_client(provider: Provider, network: Network, tmp_path: Path) -> None:
    job = tmp_path / "job.json"
    told = {
        "rpc": provider.chain.url, "key": provider.chain.keys[6], "provider": provider.address,
        "contracts": network.status["contracts"],
    }  # fmt: skip
    job.write_text(json.dumps(told))
    done = subprocess.run(
        [str(python_compute_sdk()), str(HERE / "run.py"), str(job)],
        cwd=tmp_path, capture_output=True, text=True, timeout=JOB_TIMEOUT_S,
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT")]
    assert lines, done.stdout[-3000:] + done.stderr[-3000:]
    result = json.loads(lines[-1].removeprefix("RESULT"))
    assert (result["status"], result["text"]) == (200, "alpha beta")
    assert result["processed"] is True
    assert result["verified"] is True
    assert (result["with_key"], result["after_revoke"]) == (200, 401)


@pytest.fixture(scope="module")
def key(provider: Provider, network: Network) -> str:
    """A key of account 7, through our own command line."""
    zerog = network.zerog
    zerog.json("compute", "account", "deposit", "6", "--from", "7")
    zerog.json("compute", "account", "transfer", provider.address, "4", "--from", "7")
    found = zerog.json("compute", "key", provider.address, "--number", "1", "--from", "7")
    assert found["base_url"] == provider.base_url
    return str(found["key"])


def test_openai_and_anthropic_clients(provider: Provider, key: str) -> None:
    with openai.OpenAI(base_url=provider.base_url, api_key=key, max_retries=0) as client:
        whole = client.chat.completions.create(model="small", messages=[{"role": "user", "content": "one two"}])
        assert whole.choices[0].message.content == "one two"
        assert whole.usage is not None
        assert whole.usage.completion_tokens == 2
        stream = client.chat.completions.create(
            model="small", messages=[{"role": "user", "content": "one two"}], stream=True,
            stream_options={"include_usage": True},
        )  # fmt: skip
        pieces = list(stream)
        assert "".join(piece.choices[0].delta.content or "" for piece in pieces if piece.choices) == "one two"
        assert pieces[-1].usage is not None
        assert [model.id for model in client.models.list()] == ["small"]
        with pytest.raises(openai.NotFoundError) as missing:
            client.chat.completions.create(model="large", messages=[{"role": "user", "content": "x"}])
        assert missing.value.code == "model_not_found"
        with pytest.raises(openai.BadRequestError) as bad:
            client.chat.completions.create(model="small", messages=[{"role": "user", "content": "x"}], max_tokens=-1)
        assert bad.value.param == "max_tokens"
    with openai.OpenAI(base_url=provider.base_url, api_key="app-sk-wrong", max_retries=0) as client:
        with pytest.raises(openai.AuthenticationError) as refused:
            client.chat.completions.create(model="small", messages=[{"role": "user", "content": "x"}])
        assert refused.value.code == "invalid_api_key"
    with anthropic.Anthropic(base_url=provider.base_url, api_key=key, max_retries=0) as claude:
        told = claude.messages.create(model="small", max_tokens=9, messages=[{"role": "user", "content": "one two"}])
        assert told.content[0].type == "text"
        assert told.content[0].text == "one two"
        with claude.messages.stream(model="small", max_tokens=9, messages=[{"role": "user", "content": "a b"}]) as messages:
            assert "".join(messages.text_stream) == "a b"


def test_our_command_line(provider: Provider, network: Network, key: str, tmp_path: Path) -> None:
    zerog = network.zerog
    (listed,) = [row for row in zerog.json("compute", "list") if row["address"] == provider.address]
    assert (listed["model"], listed["acknowledged"]) == ("small", True)
    kept = tmp_path / "receipts"
    told = zerog.json("compute", "chat", "hello you", "--provider", provider.address, "--from", "7", "--receipt", str(kept))
    assert (told["text"], told["verified"], told["completion_tokens"]) == ("hello you", True, 2)
    routed = zerog.run("compute", "chat", "hi", "--model", "small", "--from", "7", "--receipt", str(kept))
    assert routed.returncode == 0, routed.stderr
    assert "verified  yes" in routed.stdout
    assert [row["fault"] for row in zerog.json("compute", "verify", str(kept))] == ["", ""]
    offline = f"{provider.address}={listed['signer']}"
    assert [row["fault"] for row in zerog.json("compute", "verify", str(kept), "--signer", offline)] == ["", ""]
    first = json.loads(kept.read_text().splitlines()[0])
    first["response"] = first["response"][:-2]
    kept.write_text(json.dumps(first) + "\n")
    zerog.fails(1, "compute", "verify", str(kept))
    deadline = time.monotonic() + 30
    while True:  # the settlement shows up on the chain by itself
        (row,) = zerog.json("compute", "account", "show", "--from", "7")["providers"]
        if int(row["balance"]) < 4 * ONE:
            break
        assert time.monotonic() < deadline
        time.sleep(0.2)
    numbers = requests.get(provider.metrics_url, timeout=10).text
    assert "zerog_compute_settled_total" in numbers
    assert requests.get(provider.metrics_url.replace("/metrics", "/health"), timeout=10).json()["status"] == "ok"


def test_the_official_command_line(provider: Provider, tmp_path: Path) -> None:
    chain, where = provider.chain, npm_project(HERE, "npm-compute", "run.cjs")
    config = tmp_path / ".0g-compute-cli"
    config.mkdir()
    (config / "config.json").write_text(
        json.dumps({"rpcEndpoint": chain.url, "privateKey": chain.keys[4], "network": "testnet"})
    )
    environment = {**os.environ, "HOME": str(tmp_path), "ZG_RPC_ENDPOINT": chain.url}
    cli = ["node", str(where / "node_modules/@0gfoundation/0g-compute-ts-sdk/cli.commonjs/cli/index.js")]

    def said(*arguments: str) -> str:
        done = subprocess.run([*cli, *arguments], capture_output=True, text=True, timeout=120, env=environment, cwd=tmp_path)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout + done.stderr

    contracts = ("--rpc", chain.url)
    assert provider.address in said("inference", "list-providers", *contracts)
    assert "Balance" in said("get-account", *contracts)
    assert (
        provider.address.lower()
        in said("get-sub-account", "--provider", provider.address, "--service", "inference", *contracts).lower()
    )
    verified = said("inference", "verify", "--provider", provider.address, "--output-dir", str(tmp_path), *contracts)
    assert "match" in verified.lower()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    serving = subprocess.Popen(
        [*cli, "inference", "serve", "--provider", provider.address, "--port", str(port), "--host", "127.0.0.1", *contracts],
        env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 90
        while True:
            try:
                answer = requests.post(
                    f"http://127.0.0.1:{port}/v1/chat/completions", json={"model": "small", **BODY}, timeout=30
                )
                break
            except requests.ConnectionError:
                assert serving.poll() is None, serving.stdout and serving.stdout.read()[-2000:]
                assert time.monotonic() < deadline
                time.sleep(0.3)
        assert answer.status_code == 200, answer.text
        assert answer.json()["choices"][0]["message"]["content"] == "alpha beta gamma"
    finally:
        serving.kill()
        serving.communicate()


def test_killed_in_the_middle_it_goes_on(provider: Provider, network: Network, key: str) -> None:
    """kill -9 with money owed: the next process settles it, once."""

    def balance() -> int:
        (row,) = network.zerog.json("compute", "account", "show", "--from", "7")["providers"]
        return int(row["balance"])

    deadline = time.monotonic() + 30
    headers = {"Authorization": f"Bearer {key}"}
    user = provider.chain.people[7].address
    while True:  # until nothing is owed
        owed = requests.get(f"{provider.url}/v1/user/{user}/unsettledfee", headers=headers, timeout=10).json()["unsettledFee"]
        if owed == "0":
            break
        assert time.monotonic() < deadline
        time.sleep(0.1)
    before = balance()
    answer = requests.post(
        f"{provider.base_url}/chat/completions", json={"model": "small", **BODY}, headers=headers, timeout=30
    )
    assert answer.status_code == 200
    used = answer.json()["usage"]
    fee = used["prompt_tokens"] * 50_000_000_000 + used["completion_tokens"] * 100_000_000_000
    provider.process.kill()
    provider.process.wait(10)
    provider.process, told = started(provider.command, provider.home / "ready.json")
    provider.url, provider.metrics_url = told["url"], told["metrics_url"]
    deadline = time.monotonic() + 30
    while balance() == before:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    time.sleep(3)  # a second settlement of the same would come now
    assert before - balance() == fee

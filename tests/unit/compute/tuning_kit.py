"""A tiny model in a real file, a user who signs like the official client, and a fine-tuning node in the test's event loop."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import gguf
import numpy as np
from numpy.typing import NDArray
from tests.unit.chain.node_kit import KEYS
from tests.unit.compute.provider_kit import ONE, World

from zerog.compute.engine.tokenizer import byte_letters
from zerog.compute.tuning.lifecycle import Depot
from zerog.compute.tuning.service import Endpoints, serve
from zerog.contracts import fine_tuning, ledger, registry
from zerog.contracts.calls import Call
from zerog.primitives.merkle import file_tree
from zerog.runtime import config as settings
from zerog.runtime.key import Key
from zerog.types import format_address
from zerog.wire import compute
from zerog.wire.typed_data import message_digest

LAYERS, WIDTH, HEADS, KV_HEADS, INNER = 2, 64, 2, 1, 96
"""Heads of 32 values, so that the native engine can serve it."""
PARAMS = {
    "neftune_noise_alpha": 0, "num_train_epochs": 10, "per_device_train_batch_size": 2, "learning_rate": 0.001, "max_steps": -1,
}  # fmt: skip


def dataset_of(rows: int) -> bytes:
    """So many examples, each in another form than the one before."""
    forms: list[dict[str, Any]] = [
        {"instruction": "say one", "input": "", "output": "one, of course"},
        {"messages": [{"role": "user", "content": "say two"}, {"role": "assistant", "content": "two, of course"}]},
        {"text": "three, of course"},
    ]
    return b"\n".join(json.dumps(forms[row % 3]).encode() for row in range(rows)) + b"\n"


DATASET = dataset_of(3)


def tiny_model(path: Path, changes: Mapping[str, NDArray[np.float32]] | None = None) -> bytes:
    """A decoder of the llama family with a byte-level vocabulary, the same bytes each time; its root.

    ``changes`` are added to tensors of those names.
    """
    changes = changes or {}
    source = np.random.default_rng(7)
    letters = sorted(byte_letters(), key=byte_letters().__getitem__)
    tokens = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *letters, "ab"]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_name("tiny")
    writer.add_block_count(LAYERS)
    writer.add_context_length(256)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(INNER)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_freq_base(10_000.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_types([3] * 3 + [1] * (len(letters) + 1))
    writer.add_token_merges(["a b"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    heads = {"attn_q": WIDTH, "attn_k": WIDTH // HEADS * KV_HEADS, "attn_v": WIDTH // HEADS * KV_HEADS, "attn_output": WIDTH}
    shapes = {f"{name}.weight": (rows, WIDTH) for name, rows in heads.items()}
    shapes |= {"ffn_gate.weight": (INNER, WIDTH), "ffn_up.weight": (INNER, WIDTH), "ffn_down.weight": (WIDTH, INNER)}
    writer.add_tensor("token_embd.weight", source.normal(0, 0.3, (len(tokens), WIDTH)).astype(np.float32))
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    for layer in range(LAYERS):
        for name, shape in shapes.items():
            values = source.normal(0, 0.2, shape).astype(np.float32)
            full = f"blk.{layer}.{name}"
            writer.add_tensor(full, values + changes[full] if full in changes else values)
        for name in ("attn_norm.weight", "ffn_norm.weight"):
            writer.add_tensor(f"blk.{layer}.{name}", np.ones(WIDTH, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return bytes(file_tree(path.read_bytes()).root)


@dataclass
class Tuning:
    """A running node and its users; account 1 provides, as in ``provider_kit``."""

    world: World
    endpoints: Endpoints
    model: bytes
    session: aiohttp.ClientSession

    def key(self, who: int) -> Key:
        return Key(bytes(KEYS[who]))

    def sign(self, who: int, hash: bytes) -> str:
        return "0x" + self.key(who).sign_digest(message_digest(hash)).hex()

    async def fund(self, who: int, amount: int) -> None:
        world, provider = self.world, self.world.address
        await world.send(who, registry.LEDGER, ledger.deposit(), max(amount, 3 * ONE))
        await world.send(who, registry.LEDGER, ledger.transfer(provider, ledger.FINE_TUNING, amount))
        await world.send(who, registry.FINE_TUNING, fine_tuning.acknowledge(provider))

    async def ask(self, call: Call[Any]) -> Any:
        return call.decode(await self.world.node_call(registry.FINE_TUNING, call.data))

    async def request(self, verb: str, path: str, **more: Any) -> tuple[int, Any, bytes]:
        async with self.session.request(verb, self.endpoints.url + path, **more) as response:
            body = await response.read()
            try:
                return response.status, json.loads(body), body
            except ValueError:
                return response.status, None, body

    def user(self, who: int) -> str:
        return format_address(self.key(who).address)

    async def upload(self, who: int, data: bytes = DATASET) -> str:
        now = int(time.time())
        form = aiohttp.FormData()
        form.add_field("file", data, filename="data.jsonl", content_type="application/octet-stream")
        form.add_field("signature", self.sign(who, compute.dataset_hash(self.user(who), now)))
        form.add_field("timestamp", str(now))
        status, answer, body = await self.request("POST", f"/v1/user/{self.user(who)}/dataset", data=form)
        assert status == 200, body
        return str(answer["datasetHash"])

    def order(self, who: int, dataset: str, **changes: Any) -> dict[str, Any]:
        nonce = int(time.time() * 1000) * 10_000 + 40
        made: dict[str, Any] = {
            "userAddress": self.user(who), "datasetHash": dataset, "trainingParams": json.dumps(PARAMS),
            "preTrainedModelHash": "0x" + self.model.hex(), "fee": "0", "nonce": str(nonce), "wait": False,
        }  # fmt: skip
        made |= changes
        if "signature" not in made:
            hash = compute.task_hash(self.key(who).address, int(made["nonce"]), str(made["datasetHash"]))
            made["signature"] = self.sign(who, hash)
        return made

    async def create(self, who: int, dataset: str, **changes: Any) -> tuple[int, Any]:
        status, answer, _ = await self.request(
            "POST", f"/v1/user/{self.user(who)}/task", json=self.order(who, dataset, **changes)
        )
        return status, answer

    async def task(self, who: int, id: str) -> dict[str, Any]:
        status, answer, body = await self.request("GET", f"/v1/user/{self.user(who)}/task/{id}")
        assert status == 200, body
        return dict(answer)

    async def until(self, who: int, id: str, *states: str, timeout_s: float = 120) -> dict[str, Any]:
        async with asyncio.timeout(timeout_s):
            while True:
                task = await self.task(who, id)
                if task["progress"] in states:
                    return task
                assert task["progress"] != "Failed", task
                await asyncio.sleep(0.05)

    async def until_failed(self, who: int, id: str, timeout_s: float = 60) -> dict[str, Any]:
        async with asyncio.timeout(timeout_s):
            while (task := await self.task(who, id))["progress"] != "Failed":  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        return task

    async def log(self, who: int, id: str) -> str:
        return (await self.request("GET", f"/v1/user/{self.user(who)}/task/{id}/log"))[2].decode()


def settings_of(world: World, model: Path, **flags: Any) -> settings.Config:
    key = world.home / "tuning.key"
    if not key.exists():
        key.parent.mkdir(parents=True, exist_ok=True)
        key.write_text(KEYS[1].hex())
        key.chmod(0o600)
    defaults: dict[str, Any] = {
        "tuning.home": str(world.home / "tuning"),
        "tuning.models": f"tiny={model}",
        "tuning.chain.endpoint": world.node.endpoints.http_url,
        "tuning.chain.key_file": str(key),
        "tuning.service.price_per_token": 10**12,
        "tuning.poll_ms": 50,
        "tuning.http.port": 0,
        "metrics.port": 0,
    }
    named = {key.replace("__", "."): value for key, value in flags.items()}
    return settings.load(flags=defaults | named, environment={}).config


@asynccontextmanager
async def tuning(world: World, model: Path, root: bytes, *, depot: Depot | None = None, **flags: Any) -> AsyncIterator[Tuning]:
    """A fine-tuning node inside the block, on the same home each time; the owner has acknowledged its signer."""
    up: asyncio.Future[Endpoints] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(settings_of(world, model, **flags), up.set_result, depot=depot))
    try:
        async with asyncio.timeout(30):
            await asyncio.wait([task, up], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        made = Tuning(world, up.result(), root, world.session)
        if not (await made.ask(fine_tuning.service(world.address))).signer_acknowledged:
            await world.send(0, registry.FINE_TUNING, fine_tuning.acknowledge_by_owner(world.address))
        yield made
        if task.done():
            task.result()
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=20)
        assert task.done()

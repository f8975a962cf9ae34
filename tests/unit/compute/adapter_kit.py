"""Adapters as PEFT's files have them, and what the trainer says that they do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save
from tests.unit.compute.tuning_kit import HEADS, INNER, KV_HEADS, LAYERS, WIDTH

from zerog.compute.engine.weights import LoadedModel
from zerog.compute.tuning import lora
from zerog.primitives import batching

RANK, ALPHA = 4, 6
KEYS = WIDTH // HEADS * KV_HEADS
SHAPES = {
    "self_attn.q_proj": (WIDTH, WIDTH), "self_attn.k_proj": (KEYS, WIDTH), "self_attn.v_proj": (KEYS, WIDTH),
    "self_attn.o_proj": (WIDTH, WIDTH), "mlp.gate_proj": (INNER, WIDTH), "mlp.up_proj": (INNER, WIDTH),
    "mlp.down_proj": (WIDTH, INNER),
}  # fmt: skip
Array = NDArray[np.float32]


def tensor_name(layer: int, module: str, part: str) -> str:
    return f"base_model.model.model.layers.{layer}.{module}.lora_{part}.weight"


def random_tensors(seed: int, size: float = 0.15) -> dict[str, Array]:
    """An adapter of every matrix of ``tuning_kit.tiny_model``."""
    rng = np.random.default_rng(seed)
    made = {}
    for layer in range(LAYERS):
        for module, (outputs, inputs) in SHAPES.items():
            made[tensor_name(layer, module, "A")] = rng.normal(0, 0.3, (RANK, inputs)).astype(np.float32)
            made[tensor_name(layer, module, "B")] = rng.normal(0, size, (outputs, RANK)).astype(np.float32)
    return made


def config(**changes: Any) -> bytes:
    told = {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": "tiny", "r": RANK, "lora_alpha": ALPHA,
        "lora_dropout": 0.0, "bias": "none", "fan_in_fan_out": False, "inference_mode": True,
    }  # fmt: skip
    return json.dumps(told | changes).encode()


def leave(folder: Path, tensors: dict[str, Array] | None = None, **changes: Any) -> Path:
    """An adapter as training leaves it."""
    folder.mkdir(parents=True)
    (folder / "adapter_config.json").write_bytes(config(**changes))
    (folder / "adapter_model.safetensors").write_bytes(save(random_tensors(1) if tensors is None else tensors))
    return folder


def native_logits(loaded: LoadedModel, ids: list[int]) -> Array:
    """Of every position, by the native engine's step."""
    pages = -(-len(ids) // batching.PAGE_TOKENS)
    runner = batching.make_decoder(loaded.packed, pages, len(ids))
    offsets, table = batching.page_offsets([range(pages)])
    rows = np.arange(len(ids), dtype=np.uint32)
    wants = np.full(len(ids), batching.WANT_LOGITS, np.uint8)
    *_, logits = runner.step(np.array(ids, np.uint32), rows, np.zeros(len(ids), np.uint32), wants, offsets, table)
    return np.asarray(logits)


def trainer_logits(model: Path, folder: Path, ids: list[int]) -> Array:
    """Of every position, by the trainer's own model with the adapter beside its matrices, in 32-bit floats."""
    import jax.numpy as jnp

    base = lora.Base(str(model))
    told = json.loads((folder / "adapter_config.json").read_text())
    tensors = load_file(folder / "adapter_model.safetensors")
    adapted = {
        ours: {
            part.lower(): jnp.stack([tensors[tensor_name(layer, theirs, part)] for layer in range(base.layers)])
            for part in "AB"
        }
        for theirs, ours in lora.PROJECTIONS.items()
    }
    fixed = {"blocks": {name: jnp.asarray(values) for name, values in base.blocks.items()}, "norm": jnp.asarray(base.norm)}
    hidden = lora.decoder(base, told["lora_alpha"] / told["r"])(jnp.asarray(base.embedding)[jnp.array([ids])], fixed, adapted)
    return np.asarray(hidden[0] @ jnp.asarray(base.head).T)

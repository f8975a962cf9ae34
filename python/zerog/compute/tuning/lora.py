"""Low-rank adaptation of a llama-like decoder on the processor: ``python -m zerog.compute.tuning.lora JOB``.

A process of its own, so that a cancelled task ends at once and what it held is free. It reads a job file, prints one JSON line
a step, keeps a checkpoint, and leaves an adapter in the form of PEFT, for any library that reads that. Started again on the
same job it goes on from its checkpoint and comes to the same adapter, bit for bit on the same machine.

Needs the extra ``zerog[tuning]`` (jax, optax, gguf, safetensors). Source: Hu et al., "LoRA" (2021); noise on the embeddings:
Jain et al., "NEFTune" (2023); schedule and clipping as the defaults of transformers' Trainer.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

CHECKPOINT: Final = "checkpoint.npz"
CHECKPOINT_SECONDS: Final = 30.0
ROW_MULTIPLE: Final = 64
"""Rows are padded to a multiple of this, so that few shapes are compiled."""
HEAD_CHUNK: Final = 128
"""Positions whose scores over the vocabulary are in memory at a time."""
GRADIENT_NORM_MAX: Final = 1.0
PROJECTIONS: Final = {
    "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
}  # fmt: skip
"""The adapted matrices: their names for PEFT, and in GGUF files."""

Array = npt.NDArray[np.float32]


class Row(msgspec.Struct, frozen=True, array_like=True):
    """One example: token ids, and from which position on each is something to learn (1) or only read (0)."""

    ids: list[int]
    learn: list[int]


class Job(msgspec.Struct, frozen=True):
    """What to train. ``rows`` names a MessagePack list of ``Row``; ``output`` gets the adapter, ``work`` the checkpoint."""

    model: str
    model_name: str
    rows: str
    output: str
    work: str
    epochs: int
    batch_rows: int
    learning_rate: float
    max_steps: int = -1
    noise_alpha: float = 0.0
    rank: int = 8
    alpha: int = 16
    row_tokens_max: int = 512
    seed: int = 0


def permuted(matrix: Array, heads: int) -> Array:
    """Rows of a query or key matrix from PEFT's order (halves turn together) to that of llama's GGUF files (neighbours)."""
    pairs = matrix.shape[0] // heads // 2
    return matrix.reshape(heads, 2, pairs, *matrix.shape[1:]).swapaxes(1, 2).reshape(matrix.shape)


def unpermuted(matrix: Array, heads: int) -> Array:
    """The inverse of ``permuted``."""
    pairs = matrix.shape[0] // heads // 2
    return matrix.reshape(heads, pairs, 2, *matrix.shape[1:]).swapaxes(1, 2).reshape(matrix.shape)


class Base:
    """A decoder's weights in 32-bit floats, blocks stacked along the first axis.

    Raises:
        ValueError: a file that is no llama-like GGUF.
    """

    def __init__(self, path: str) -> None:
        import gguf

        reader = gguf.GGUFReader(path)
        fields = {name: field.contents() for name, field in reader.fields.items() if name.startswith(("llama.", "general."))}
        if fields.get("general.architecture") != "llama":
            raise ValueError(f"{path}: expected a model of the llama family, found {fields.get('general.architecture')!r}")
        self.layers = int(fields["llama.block_count"])
        self.heads = int(fields["llama.attention.head_count"])
        self.kv_heads = int(fields.get("llama.attention.head_count_kv", self.heads))
        self.width = int(fields["llama.embedding_length"])
        self.epsilon = float(fields["llama.attention.layer_norm_rms_epsilon"])
        self.rope_base = float(fields.get("llama.rope.freq_base", 10_000.0))
        tensors = {one.name: one for one in reader.tensors}

        def weight(name: str) -> Array:
            one = tensors[name]
            return np.ascontiguousarray(gguf.quants.dequantize(one.data, one.tensor_type), dtype=np.float32)

        self.embedding = weight("token_embd.weight")
        self.head = weight("output.weight") if "output.weight" in tensors else self.embedding
        self.norm = weight("output_norm.weight")
        self.blocks = {
            name: np.stack([weight(f"blk.{layer}.{name}.weight") for layer in range(self.layers)])
            for name in ("attn_norm", "ffn_norm", *PROJECTIONS.values())
        }
        for name, heads in (("attn_q", self.heads), ("attn_k", self.kv_heads)):
            self.blocks[name] = np.stack([unpermuted(one, heads) for one in self.blocks[name]])

    def shapes(self) -> dict[str, tuple[int, int]]:
        """(outputs, inputs) of each adapted matrix, by its name in the file."""
        return {name: (self.blocks[name].shape[1], self.blocks[name].shape[2]) for name in PROJECTIONS.values()}


def batches(rows: Sequence[Row], job: Job) -> Iterator[tuple[int, list[Row]]]:
    """(step, rows) of the whole run, in an order that the seed alone decides."""
    step = 0
    for epoch in range(job.epochs):
        order = np.random.default_rng([job.seed, epoch]).permutation(len(rows))
        for start in range(0, len(rows), job.batch_rows):
            if 0 < job.max_steps <= step:
                return
            yield step, [rows[index] for index in order[start : start + job.batch_rows]]
            step += 1


def steps_of(row_count: int, job: Job) -> int:
    """How many steps a run takes."""
    every = -(-row_count // job.batch_rows) * job.epochs
    return min(every, job.max_steps) if job.max_steps > 0 else every


def padded(rows: Sequence[Row], batch_rows: int) -> tuple[npt.NDArray[np.int32], Array]:
    """Ids and weights of one batch: int32[batch_rows, n], float32[batch_rows, n]; n is a multiple of ``ROW_MULTIPLE``."""
    length = -(-max(len(row.ids) for row in rows) // ROW_MULTIPLE) * ROW_MULTIPLE
    ids = np.zeros((batch_rows, length), np.int32)
    learn = np.zeros((batch_rows, length), np.float32)
    for index, row in enumerate(rows):
        ids[index, : len(row.ids)] = row.ids
        learn[index, : len(row.learn)] = row.learn
    return ids, learn


def decoder(base: Base, scale: float) -> Any:
    """The model that is trained: ``hidden(x, fixed, adapted)``, embeddings of rows to what their scores are made of.

    ``fixed`` has ``blocks`` and ``norm`` of the base, ``adapted`` the pair ``a`` and ``b`` of each adapted matrix, whose
    product counts ``scale`` times. Scores are ``hidden(…) @ head.T``.
    """
    import jax
    import jax.numpy as jnp

    head_size = base.blocks["attn_q"].shape[1] // base.heads
    frequencies = base.rope_base ** (-np.arange(0, head_size, 2, dtype=np.float32) / head_size)

    def normed(x: Any, weight: Any) -> Any:
        return x * jax.lax.rsqrt(jnp.mean(x * x, -1, keepdims=True) + base.epsilon) * weight

    def turned(x: Any) -> Any:
        angles = jnp.arange(x.shape[1], dtype=jnp.float32)[:, None] * frequencies
        cosines, sines = jnp.cos(angles)[:, None], jnp.sin(angles)[:, None]
        low, high = jnp.split(x, 2, axis=-1)
        return jnp.concatenate([low * cosines - high * sines, high * cosines + low * sines], -1)

    @jax.checkpoint
    def block(x: Any, layer: Any) -> tuple[Any, None]:
        fixed, adapted = layer

        def through(name: str, value: Any) -> Any:
            down = value @ adapted[name]["a"].T
            return value @ fixed[name].T + scale * (down @ adapted[name]["b"].T)

        count, length, _ = x.shape
        value = normed(x, fixed["attn_norm"])
        query = turned(through("attn_q", value).reshape(count, length, base.heads, head_size))
        key = turned(through("attn_k", value).reshape(count, length, base.kv_heads, head_size))
        seen = through("attn_v", value).reshape(count, length, base.kv_heads, head_size)
        x = x + through(
            "attn_output", jax.nn.dot_product_attention(query, key, seen, is_causal=True).reshape(count, length, -1)
        )
        value = normed(x, fixed["ffn_norm"])
        return x + through("ffn_down", jax.nn.silu(through("ffn_gate", value)) * through("ffn_up", value)), None

    def hidden(x: Any, fixed: Any, adapted: Any) -> Any:
        x, _ = jax.lax.scan(block, x, (fixed["blocks"], adapted))
        return normed(x, fixed["norm"])

    return hidden


def train(job: Job, report: Any = print) -> None:
    """Run a job to its end, or on from its checkpoint.

    Args:
        report: called with one JSON text a step: ``{step, steps, loss, tokens, seconds}``.

    Raises:
        ValueError: rows without anything to learn; a model of another family.
    """
    import jax
    import jax.numpy as jnp
    import optax  # type: ignore[import-untyped,unused-ignore]

    rows = msgspec.msgpack.decode(Path(job.rows).read_bytes(), type=list[Row])
    if not any(any(row.learn[1:]) for row in rows):
        raise ValueError("no row has anything to learn")
    base = Base(job.model)
    steps = steps_of(len(rows), job)
    optimizer = optax.chain(
        optax.clip_by_global_norm(GRADIENT_NORM_MAX),
        optax.adamw(optax.linear_schedule(job.learning_rate, 0.0, steps), weight_decay=0.0),
    )
    generator = np.random.default_rng([job.seed, 1 << 32])
    adapter: Any = {
        name: {
            "a": jnp.asarray(
                generator.uniform(-1, 1, (base.layers, job.rank, inputs)).astype(np.float32) / np.float32(inputs**0.5)
            ),
            "b": jnp.zeros((base.layers, outputs, job.rank), jnp.float32),
        }
        for name, (outputs, inputs) in base.shapes().items()
    }
    state: Any = optimizer.init(adapter)
    weights = jax.tree.map(
        jnp.asarray, {"embedding": base.embedding, "head": base.head, "norm": base.norm, "blocks": base.blocks}
    )
    forward = decoder(base, job.alpha / job.rank)

    def loss_of(adapted: Any, fixed: Any, ids: Any, learn: Any, noise: Any) -> Any:
        x = fixed["embedding"][ids]
        if job.noise_alpha:
            x = x + noise * (job.noise_alpha / (x.shape[1] * x.shape[2]) ** 0.5)
        x = forward(x, fixed, adapted)[:, :-1]
        targets, counted = ids[:, 1:], learn[:, 1:]

        @jax.checkpoint
        def costs(part: Any) -> Any:
            hidden, wanted, weight = part
            scores = hidden @ fixed["head"].T
            return jnp.sum(optax.softmax_cross_entropy_with_integer_labels(scores, wanted) * weight)

        total = sum(
            costs((x[:, at : at + HEAD_CHUNK], targets[:, at : at + HEAD_CHUNK], counted[:, at : at + HEAD_CHUNK]))
            for at in range(0, x.shape[1], HEAD_CHUNK)
        )
        return total / jnp.maximum(jnp.sum(counted), 1.0)

    @jax.jit
    def stepped(adapted: Any, opt: Any, fixed: Any, ids: Any, learn: Any, noise: Any) -> Any:
        loss, gradient = jax.value_and_grad(loss_of)(adapted, fixed, ids, learn, noise)
        change, opt = optimizer.update(gradient, opt, adapted)
        return optax.apply_updates(adapted, change), opt, loss

    work = Path(job.work)
    done, losses, adapter, state = _restored(work / CHECKPOINT, adapter, state)
    kept = time.monotonic()
    for step, chosen in batches(rows, job):
        if step < done:
            continue
        begun = time.monotonic()
        ids, learn = padded(chosen, job.batch_rows)
        noise: Any = np.float32(0)
        if job.noise_alpha:
            source = np.random.default_rng([job.seed, 1 << 33, step])
            noise = source.uniform(-1, 1, (*ids.shape, base.width)).astype(np.float32)
        adapter, state, loss = stepped(adapter, state, weights, ids, learn, noise)
        losses.append(float(loss))
        if not np.isfinite(losses[-1]):
            raise ValueError(f"the loss at step {step + 1} is {losses[-1]}: a smaller learning rate may help")
        tokens = sum(len(row.ids) for row in chosen)
        told = {"step": step + 1, "steps": steps, "loss": losses[-1], "tokens": tokens, "seconds": time.monotonic() - begun}
        report(json.dumps(told))
        if time.monotonic() - kept > CHECKPOINT_SECONDS:
            _keep(work / CHECKPOINT, step + 1, losses, adapter, state)
            kept = time.monotonic()
    _save(Path(job.output), job, jax.tree.map(np.asarray, adapter), losses)


def _leaves(adapter: Any, state: Any) -> tuple[list[Any], Any]:
    import jax

    leaves, shape = jax.tree.flatten((adapter, state))
    return leaves, shape


def _keep(path: Path, step: int, losses: Sequence[float], adapter: Any, state: Any) -> None:
    leaves, _ = _leaves(adapter, state)
    temporary = path.with_suffix(".new.npz")
    named = {f"leaf{index}": np.asarray(leaf) for index, leaf in enumerate(leaves)}
    arrays: Any = {"step": np.int64(step), "losses": np.asarray(losses), **named}
    np.savez(temporary, **arrays)
    os.replace(temporary, path)


def _restored(path: Path, adapter: Any, state: Any) -> tuple[int, list[float], Any, Any]:
    """Where a checkpoint stands; one that was cut off or belongs to another shape counts as none."""
    import jax
    import jax.numpy as jnp

    if not path.exists():
        return 0, [], adapter, state
    leaves, shape = _leaves(adapter, state)
    try:
        with np.load(path, allow_pickle=False) as kept:
            found = [kept[f"leaf{index}"] for index in range(len(leaves))]
            if [one.shape for one in found] != [np.shape(leaf) for leaf in leaves]:
                return 0, [], adapter, state
            losses: list[float] = kept["losses"].tolist()
            step = int(kept["step"])
    except (OSError, ValueError, KeyError):
        return 0, [], adapter, state
    adapter, state = jax.tree.unflatten(shape, [jnp.asarray(one) for one in found])
    return step, losses, adapter, state


def _save(output: Path, job: Job, adapter: Mapping[str, Mapping[str, Array]], losses: Sequence[float]) -> None:
    from safetensors.numpy import save_file

    output.mkdir(parents=True, exist_ok=True)
    tensors = {}
    for theirs, ours in PROJECTIONS.items():
        for part in ("a", "b"):
            for layer, matrix in enumerate(adapter[ours][part]):
                tensors[f"base_model.model.model.layers.{layer}.{theirs}.lora_{part.upper()}.weight"] = np.ascontiguousarray(
                    matrix
                )
    save_file(tensors, output / "adapter_model.safetensors", metadata={"format": "pt"})
    config = {
        "peft_type": "LORA", "task_type": "CAUSAL_LM", "base_model_name_or_path": job.model_name, "r": job.rank,
        "lora_alpha": job.alpha, "lora_dropout": 0.0, "bias": "none", "fan_in_fan_out": False, "inference_mode": True,
        "target_modules": sorted(name.rsplit(".", 1)[1] for name in PROJECTIONS),
    }  # fmt: skip
    (output / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n")
    history = {"steps": len(losses), "loss": [round(one, 6) for one in losses]}
    (output / "training.json").write_text(json.dumps(history) + "\n")


def main(arguments: Sequence[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m zerog.compute.tuning.lora JOB", file=sys.stderr)
        return 2
    job = msgspec.json.decode(Path(arguments[0]).read_bytes(), type=Job)
    try:
        train(job, lambda text: print(text, flush=True))
    except ImportError as error:
        print(f"{error}: install zerog[tuning]", file=sys.stderr)
        return 3
    except ValueError as error:
        print(str(error), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""A model with a low-rank adapter in it: the pairs of PEFT's files, multiplied into the matrices that they belong to.

The engine has no term for adapters in its step, so batch = single and one set of kernels hold for adapted models too. The price
is memory: an adapted model has weights of its own. Source: Hu et al., "LoRA" (2021); PEFT's file format.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from zerog.compute.engine.weights import LoadedModel, load_gguf
from zerog.compute.tuning.lora import PROJECTIONS, permuted
from zerog.errors import InvalidInput
from zerog.primitives import batching
from zerog.wire import jsonrpc, safetensors

RANK_MAX: Final = 1024
Kind = Literal["q8_0", "f16", "f32"]
"""How merged matrices are kept: 8 bits by groups of 32, for the fast kernels, or closer to what was trained."""
_TYPES: Final[dict[Kind, int]] = {"f32": 0, "f16": 1, "q8_0": 8}
_TENSOR: Final = re.compile(r"base_model\.model\.model\.layers\.([0-9]{1,4})\.([a-z_.]+)\.lora_([AB])(?:\.default)?\.weight")
_GROUP: Final = 32
Array = NDArray[np.float32]

# What PEFT may say that this merging does not do; anything else than these values is refused.
_PLAIN: Final[dict[str, tuple[Any, ...]]] = {
    "peft_type": ("LORA",), "bias": (None, "none"), "fan_in_fan_out": (None, False), "use_rslora": (None, False),
    "use_dora": (None, False), "rank_pattern": (None, {}), "alpha_pattern": (None, {}), "modules_to_save": (None, []),
    "lora_bias": (None, False),
}  # fmt: skip


@dataclass(frozen=True)
class Adapter:
    """Pairs of matrices by the name of the tensor in a GGUF file that they change."""

    scale: float
    rank: int
    pairs: dict[str, tuple[Array, Array]]
    """a: float32[rank, inputs], b: float32[outputs, rank], rows in PEFT's order."""


def parse_adapter(config: bytes, weights: bytes) -> Adapter:
    """An adapter out of PEFT's two files.

    Raises:
        InvalidInput: not LoRA as this module merges it, a tensor without its other half or of a module that is not adapted,
            numbers that are not finite.
    """
    try:
        told = jsonrpc.parse(config)
    except InvalidInput as error:
        raise InvalidInput(f"adapter_config.json: not JSON: {error}") from None
    if not isinstance(told, dict):
        raise InvalidInput("adapter_config.json: expected an object")
    for key, values in _PLAIN.items():
        if told.get(key) not in values:
            raise InvalidInput(f"adapter_config.json: {key}: expected {values[-1]!r}, found {str(told.get(key))[:60]!r}")
    rank, alpha = told.get("r"), told.get("lora_alpha")
    if type(rank) is not int or not 1 <= rank <= RANK_MAX:
        raise InvalidInput(f"adapter_config.json: r: expected 1 to {RANK_MAX}, found {str(rank)[:60]}")
    if isinstance(alpha, bool) or not isinstance(alpha, (int, float)) or not 0 < alpha <= 1 << 20:
        raise InvalidInput(f"adapter_config.json: lora_alpha: expected a number above 0, found {str(alpha)[:60]}")
    halves: dict[str, dict[str, Array]] = {}
    for name, tensor in safetensors.parse(weights).items():
        found = _TENSOR.fullmatch(name)
        if found is None or found[2] not in PROJECTIONS:
            raise InvalidInput(f"adapter: tensor {name[:128]!r}: the engine has no place for it")
        halves.setdefault(f"blk.{int(found[1])}.{PROJECTIONS[found[2]]}.weight", {})[found[3]] = _values(tensor)
    if not halves:
        raise InvalidInput("adapter: it has no tensors")
    pairs = {}
    for name, both in halves.items():
        if set(both) != {"A", "B"} or both["A"].shape[0] != rank or both["B"].shape[1] != rank:
            raise InvalidInput(f"adapter: {name}: expected two matrices of rank {rank}")
        pairs[name] = both["A"], both["B"]
    return Adapter(alpha / rank, rank, pairs)


def load_adapted(model_file: Path, adapter: Adapter, kind: Kind, context_max: int | None = None) -> LoadedModel:
    """A decoder whose matrices have an adapter's products in them: ``W + scale · b · a``.

    Args:
        kind: how matrices that changed are kept; all others stay as the file has them.

    Raises:
        NotFound, InvalidInput: as ``load_gguf``; a pair that does not fit its matrix; results beyond the kind's range.

    Cost: a set of weights of its own: the adapted matrices take 1.06 bytes a weight as q8_0, 2 as f16, 4 as f32, and as much
        again while they are packed.
    """

    def change(config: batching.DecoderConfig, tensors: dict[str, batching.Tensor]) -> dict[str, batching.Tensor]:
        made = dict(tensors)
        for name, (a, b) in adapter.pairs.items():
            if name not in tensors:
                raise InvalidInput(f"adapter: the model has no {name}")
            tensor = tensors[name]
            if (b.shape[0], a.shape[1]) != (tensor.rows, tensor.columns):
                raise InvalidInput(
                    f"adapter: {name}: expected {tensor.rows} x {tensor.columns}, found {b.shape[0]} x {a.shape[1]}"
                )
            if not config.rope_halves and name.endswith((".attn_q.weight", ".attn_k.weight")):
                b = permuted(b, config.heads if name.endswith("q.weight") else config.kv_heads)
            values = batching.dequantise(tensor) + np.float32(adapter.scale) * (b @ a)
            made[name] = batching.Tensor(_TYPES[kind], tensor.rows, tensor.columns, _encoded(values, kind, name))
        return made

    return load_gguf(model_file, context_max, change)


def _values(tensor: safetensors.SafeTensor) -> Array:
    if tensor.dtype not in ("F32", "F16", "BF16") or len(tensor.shape) != 2:
        raise InvalidInput(f"adapter: {tensor.name}: expected a matrix of F32, F16 or BF16, found {tensor.dtype}")
    if tensor.dtype == "BF16":
        values = (np.frombuffer(tensor.data, "<u2").astype(np.uint32) << 16).view(np.float32)
    else:
        values = np.frombuffer(tensor.data, "<f4" if tensor.dtype == "F32" else "<f2").astype(np.float32)
    if not np.isfinite(values).all():
        raise InvalidInput(f"adapter: {tensor.name}: it has values that are not finite")
    return values.reshape(tensor.shape)


def _encoded(values: Array, kind: Kind, name: str) -> Any:
    """The bytes of a tensor of that kind."""
    out: Any
    with np.errstate(over="ignore", invalid="ignore"):
        if kind == "f32":
            out, kept = values, values
        elif kind == "f16":
            out = kept = values.astype("<f2")
        else:
            out, kept = _q8_0(values)
    if not np.isfinite(kept).all():
        raise InvalidInput(f"adapter: {name}: with it the model's weights leave the range of {kind}")
    return out.tobytes()


def _q8_0(values: Array) -> tuple[Any, Any]:
    """Groups of 32 as 8-bit multiples of their largest value / 127, and those steps."""
    groups = values.reshape(-1, _GROUP)
    steps = (np.abs(groups).max(axis=1) / np.float32(127)).astype("<f2")
    divisors = steps.astype(np.float32)
    divisors[divisors == 0] = 1
    out = np.empty(len(groups), dtype=[("step", "<f2"), ("whole", "i1", _GROUP)])
    out["step"] = steps
    out["whole"] = np.clip(np.rint(groups / divisors[:, None]), -127, 127)
    return out, steps

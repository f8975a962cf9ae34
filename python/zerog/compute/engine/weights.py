"""A model file as the native engine takes it: sizes from the metadata, weights packed from a mapping of the file."""

from __future__ import annotations

import math
import mmap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from zerog.errors import InvalidInput, NotFound
from zerog.primitives import batching
from zerog.wire import gguf, jsonrpc, safetensors

# Which values of a head turn together: neighbours in files of the llama family, halves in those of Qwen2.
_HALVES: Final = {"llama": False, "mistral": False, "qwen2": True}
_DTYPES: Final = {"F32": 0, "F16": 1, "BF16": 30}
# Tensors that a llama-like decoder has beside its blocks, or that carry nothing for it.
_TOP: Final = {"token_embd.weight", "output.weight", "output_norm.weight", "rope_freqs.weight"}
_BLOCK: Final = {
    "attn_norm.weight", "attn_q.weight", "attn_k.weight", "attn_v.weight", "attn_q.bias", "attn_k.bias", "attn_v.bias",
    "attn_output.weight", "ffn_norm.weight", "ffn_gate.weight", "ffn_up.weight", "ffn_down.weight",
}  # fmt: skip

Change = Callable[[batching.DecoderConfig, dict[str, batching.Tensor]], dict[str, batching.Tensor]]


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A decoder ready for ``batching.make_decoder``, and what its file says beside the weights (tokens, template, ids)."""

    packed: batching.PackedDecoder
    config: batching.DecoderConfig
    metadata: dict[str, Any]


def load_gguf(path: Path, context_max: int | None = None, change: Change | None = None) -> LoadedModel:
    """Packs the decoder in a GGUF file.

    Args:
        path: the file; it is mapped, and not needed afterwards.
        context_max: positions to serve, when fewer than the model was made for.
        change: makes other tensors of the file's.

    Raises:
        NotFound: no such file.
        InvalidInput: not GGUF, an architecture other than llama, mistral or qwen2, or a part that the engine does not have
            (experts, other rope scalings, sliding windows, biases elsewhere).

    Cost: reads the file once; about as much memory as the file has.
    """
    parsed = gguf.parse(_mapped(path))  # the views in it keep the mapping; both go with this frame
    config = decoder_config(parsed, context_max)
    tensors = {name: _tensor(tensor) for name, tensor in parsed.tensors.items()}
    if change is not None:
        tensors = change(config, tensors)
    return LoadedModel(batching.pack_decoder(config, tensors), config, parsed.metadata)


def load_bert(directory: Path, rows_max: int, *, backend: str = "") -> batching.SentenceEncoder:
    """The sentence encoder in a directory as Hugging Face lays it out: ``config.json`` and ``model.safetensors``.

    Raises:
        NotFound: one of the files is not there.
        InvalidInput: another architecture, activation or kind of positions, or a file that does not hold what it should.
    """
    try:
        settings = jsonrpc.parse((directory / "config.json").read_bytes())
    except FileNotFoundError as error:
        raise NotFound(f"no model file {directory / 'config.json'}") from error
    if not isinstance(settings, dict):
        raise InvalidInput("config.json: expected an object")
    wanted = {"model_type": "bert", "hidden_act": "gelu", "position_embedding_type": "absolute"}
    for key, value in wanted.items():
        if settings.get(key, value) != value:
            raise InvalidInput(f"config.json: {key}: expected {value!r}, found {settings.get(key)!r}")

    def whole(key: str) -> int:
        value = settings.get(key)
        if type(value) is not int or not 1 <= value < 1 << 31:
            raise InvalidInput(f"config.json: {key}: expected a whole number above 0, found {value!r}")
        return value

    epsilon = settings.get("layer_norm_eps", 1e-12)
    if not isinstance(epsilon, (int, float)) or not 0 <= epsilon < 1:
        raise InvalidInput(f"config.json: layer_norm_eps: expected a number from 0 to 1, found {epsilon!r}")
    config = batching.EncoderConfig(
        layers=whole("num_hidden_layers"),
        width=whole("hidden_size"),
        heads=whole("num_attention_heads"),
        inner_width=whole("intermediate_size"),
        vocabulary_size=whole("vocab_size"),
        context_size=whole("max_position_embeddings"),
        norm_epsilon=float(epsilon),
    )
    tensors = {}
    for name, tensor in safetensors.parse(_mapped(directory / "model.safetensors")).items():
        if tensor.dtype not in _DTYPES or not 1 <= len(tensor.shape) <= 2:
            continue  # position numbers
        rows, columns = (1, tensor.shape[0]) if len(tensor.shape) == 1 else tensor.shape
        data = tensor.data
        if name.endswith("token_type_embeddings.weight"):  # only the first type is used
            data, rows = data[: len(data) // max(rows, 1)], 1
        tensors[name.removeprefix("bert.")] = batching.Tensor(_DTYPES[tensor.dtype], rows, columns, data)
    return batching.make_encoder(config, tensors, rows_max, backend=backend)


def _mapped(path: Path) -> mmap.mmap:
    try:
        with path.open("rb") as file:
            return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError as error:
        raise NotFound(f"no model file {path}") from error
    except (ValueError, OSError) as error:
        raise InvalidInput(f"model file {path}: {error}") from error


def decoder_config(file: gguf.GgufFile, context_max: int | None = None) -> batching.DecoderConfig:
    """The sizes of a decoder from its metadata; InvalidInput as ``load_gguf``."""
    architecture = file.metadata.get("general.architecture")
    if architecture not in _HALVES:
        raise InvalidInput(f"model architecture {architecture!r}: expected one of {', '.join(sorted(_HALVES))}")

    def whole(key: str, default: int | None = None) -> int:
        value = file.metadata.get(f"{architecture}.{key}", default)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < 1 << 31:
            raise InvalidInput(f"metadata {architecture}.{key}: expected a whole number above 0, found {value!r}")
        return value

    def real(key: str, default: float | None = None) -> float:
        value = file.metadata.get(f"{architecture}.{key}", default)
        if not isinstance(value, (int, float)) or not math.isfinite(value):
            raise InvalidInput(f"metadata {architecture}.{key}: expected a number, found {value!r}")
        return float(value)

    _refuse_foreign(file, architecture, whole("block_count"))
    heads = whole("attention.head_count")
    head_size = whole("attention.key_length", whole("embedding_length") // heads)
    if whole("attention.value_length", head_size) != head_size:
        raise InvalidInput("metadata: keys and values of different sizes are not served")
    context = whole("context_length")
    return batching.DecoderConfig(
        layers=whole("block_count"),
        width=whole("embedding_length"),
        heads=heads,
        kv_heads=whole("attention.head_count_kv", heads),
        head_size=head_size,
        inner_width=whole("feed_forward_length"),
        vocabulary_size=_vocabulary_size(file),
        context_size=context if context_max is None else min(context, context_max),
        norm_epsilon=real("attention.layer_norm_rms_epsilon", 1e-5),
        rope_base=real("rope.freq_base", 10000.0),
        rope_scale=_rope_scale(file, architecture),
        rope_size=whole("rope.dimension_count", head_size),
        rope_halves=_HALVES[architecture],
    )


def _refuse_foreign(file: gguf.GgufFile, architecture: str, layers: int) -> None:
    if file.metadata.get(f"{architecture}.expert_count", 0):
        raise InvalidInput("model with experts: only dense decoders are served")
    for name in file.tensors:
        parts = name.split(".", 2)
        in_block = len(parts) == 3 and parts[0] == "blk" and parts[1].isdigit() and int(parts[1]) < layers
        if name not in _TOP and not (in_block and parts[2] in _BLOCK):
            raise InvalidInput(f"tensor {name!r}: the engine has no place for it")


def _vocabulary_size(file: gguf.GgufFile) -> int:
    embedding = file.tensors.get("token_embd.weight")
    if embedding is None or len(embedding.shape) != 2:
        raise InvalidInput("tensor token_embd.weight: expected one with two dimensions")
    return embedding.shape[0]


def _rope_scale(file: gguf.GgufFile, architecture: str) -> float:
    kind = file.metadata.get(f"{architecture}.rope.scaling.type", "none")
    factor = file.metadata.get(
        f"{architecture}.rope.scaling.factor", file.metadata.get(f"{architecture}.rope.scale_linear", 1.0)
    )
    if kind == "none":
        return 1.0
    if kind != "linear" or not isinstance(factor, (int, float)) or not math.isfinite(factor) or factor <= 0:
        raise InvalidInput(f"rope scaling {kind!r} by {factor!r}: expected none, linear, or the divisors of rope_freqs.weight")
    return float(factor)


def _tensor(tensor: gguf.GgufTensor) -> batching.Tensor:
    if tensor.data is None:
        raise InvalidInput(
            f"tensor {tensor.name}: type {tensor.type}; served are F32, F16, BF16, Q4_0, Q4_1, Q8_0, Q4_K, Q5_K, Q6_K"
        )
    if len(tensor.shape) > 2:
        raise InvalidInput(f"tensor {tensor.name}: expected one or two dimensions, found {len(tensor.shape)}")
    rows, columns = (1, tensor.shape[0]) if len(tensor.shape) == 1 else tensor.shape
    return batching.Tensor(tensor.type, rows, columns, tensor.data)

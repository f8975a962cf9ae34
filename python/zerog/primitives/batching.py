"""The numeric half of inference: packed decoders, and one step over a ragged batch.

A batch is rows of (token, position, sequence) in any mix of prefill chunks and single decodes. Keys and values lie in pages of
``PAGE_TOKENS`` positions that the runner owns; the caller says with every batch which pages make up a sequence. A row's result
depends on its own sequence alone, bit for bit: not on its batch mates, nor on threads, chunks or the backend. Weights are
those of llama-like decoders, under their GGUF names. ``backend`` as in ``hashing``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from zerog import _native
from zerog._native import PackedDecoder, SentenceEncoder, StepRunner
from zerog.errors import InvalidInput

if TYPE_CHECKING:
    from typing_extensions import Buffer

__all__ = [
    "PAGE_TOKENS",
    "WANT_GREEDY",
    "WANT_LOGITS",
    "WANT_NOTHING",
    "DecoderConfig",
    "EncoderConfig",
    "PackedDecoder",
    "SentenceEncoder",
    "StepRunner",
    "Tensor",
    "dequantise",
    "make_decoder",
    "make_encoder",
    "multiply",
    "pack_decoder",
    "page_offsets",
]

PAGE_TOKENS: Final = 16
WANT_NOTHING: Final = 0
WANT_GREEDY: Final = 1
WANT_LOGITS: Final = 2


@dataclass(frozen=True, slots=True)
class DecoderConfig:
    """The sizes of a llama-like decoder: RMSNorm, rotary positions, grouped queries, SwiGLU.

    ``width``, ``inner_width``, ``head_size`` and ``rope_size`` are multiples of 32, ``head_size`` is at most 256, and at most
    16 query heads share a key head. ``rope_halves`` says which values turn together: (i, i + rope_size / 2), else (2i, 2i + 1).
    """

    layers: int
    width: int
    heads: int
    kv_heads: int
    head_size: int
    inner_width: int
    vocabulary_size: int
    context_size: int
    norm_epsilon: float
    rope_base: float
    rope_scale: float
    rope_size: int
    rope_halves: bool


@dataclass(frozen=True, slots=True)
class EncoderConfig:
    """The sizes of a BERT-like encoder; ``width / heads`` is a multiple of 32 up to 256, the other widths multiples of 32."""

    layers: int
    width: int
    heads: int
    inner_width: int
    vocabulary_size: int
    context_size: int
    norm_epsilon: float


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor as a GGUF file has it: ``type`` by ggml's number, row-major; a vector has one row."""

    type: int
    rows: int
    columns: int
    data: Buffer


def dequantise(tensor: Tensor) -> NDArray[np.float32]:
    """The values of a tensor, float32[rows, columns].

    Raises:
        InvalidInput: a type that is not read, or bytes that do not fit the shape.
    """
    values = _native.batching_dequantise(tensor.type, tensor.data, tensor.rows * tensor.columns)
    out: NDArray[np.float32] = values.reshape(tensor.rows, tensor.columns)
    return out


def multiply(x: NDArray[np.float32], tensor: Tensor, *, backend: str = "") -> NDArray[np.float32]:
    """``x @ tensor.T`` as a step computes it: rows quantised to 8 bits by groups of 32 where the weights are 4 or 8 bits.

    Args:
        x: float32[n, tensor.columns], contiguous; ``tensor.columns`` is a multiple of 32.

    Returns:
        float32[n, tensor.rows], the same bits on every backend and whatever the other rows are.

    Raises:
        InvalidInput: shapes, bytes or a type that do not fit.

    Cost: packs the weights each time; for single products and tests.
    """
    if x.ndim != 2 or x.shape[1] != tensor.columns:
        raise InvalidInput(f"x: expected n rows of {tensor.columns} values, found an array of shape {x.shape}")
    out: NDArray[np.float32] = _native.batching_multiply(x, tensor.type, tensor.rows, tensor.data, backend)
    return out


def pack_decoder(config: DecoderConfig, tensors: dict[str, Tensor]) -> PackedDecoder:
    """The weights of a decoder in the form that the kernels read; the buffers are not needed afterwards.

    Q4_0 and Q4_1 stay 4 bits, Q8_0 8 bits, F16, BF16 and F32 what they are, all without loss. Q4_K, Q5_K and Q6_K become 8 bits
    by groups of 32.

    Raises:
        InvalidInput: a tensor is missing (the sentence names it), of another shape or a type that is not read; sizes that the
            kernels do not take.

    Cost: one pass over the weights on all threads; the lock is released.
    Source: docs/kernels/inference.md.
    """
    items = [(name, tensor.type, tensor.rows, tensor.columns, tensor.data) for name, tensor in tensors.items()]
    return PackedDecoder(
        items,
        layers=config.layers,
        width=config.width,
        heads=config.heads,
        kv_heads=config.kv_heads,
        head_size=config.head_size,
        inner_width=config.inner_width,
        vocabulary_size=config.vocabulary_size,
        context_size=config.context_size,
        norm_epsilon=config.norm_epsilon,
        rope_base=config.rope_base,
        rope_scale=config.rope_scale,
        rope_size=config.rope_size,
        rope_halves=config.rope_halves,
    )


def make_decoder(packed: PackedDecoder, page_count: int, rows_max: int, *, backend: str = "") -> StepRunner:
    """A runner over shared weights, with ``page_count`` pages of its own and batches of at most ``rows_max`` rows.

    ``StepRunner.step(tokens, positions, sequences, wants, page_offsets, pages)`` takes contiguous uint32 arrays (``wants``:
    uint8) and answers ``(rows, best, best_logits, logit_rows, logits)``: the wanted rows in order, the most likely token of
    each and its logit, which of them asked for all logits, and those as float32[len(logit_rows), vocabulary_size]. One thread
    at a time; the lock is released for the whole step.

    Raises:
        InvalidInput: a count outside its range.
        Exhausted: no memory for so many pages or rows.
        DeviceError: no such backend here.
    """
    return _native.batching_decoder(packed, page_count, rows_max, backend)


def make_encoder(config: EncoderConfig, tensors: dict[str, Tensor], rows_max: int, *, backend: str = "") -> SentenceEncoder:
    """A sentence encoder (MiniLM), weights under the names of Hugging Face's BERT, kept in the precision they have.

    ``SentenceEncoder.encode(tokens, offsets)`` takes all sentences one after the other as uint32, with ``offsets`` where each
    begins and the end of the last, together at most ``rows_max`` tokens, and answers float32[sentences, width], each row of
    length 1: the mean over the tokens. A sentence's bits do not depend on its neighbours. One thread at a time; the lock is
    released.

    Raises:
        InvalidInput, Exhausted, DeviceError: as ``pack_decoder`` and ``make_decoder``.
    """
    items = [(name, tensor.type, tensor.rows, tensor.columns, tensor.data) for name, tensor in tensors.items()]
    return SentenceEncoder(
        items,
        layers=config.layers,
        width=config.width,
        heads=config.heads,
        inner_width=config.inner_width,
        vocabulary_size=config.vocabulary_size,
        context_size=config.context_size,
        norm_epsilon=config.norm_epsilon,
        rows_max=rows_max,
        backend=backend,
    )


def page_offsets(tables: Iterable[Iterable[int]]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Page tables as ``step`` takes them: offsets of each table, and all page ids."""
    offsets, pages = [0], list[int]()
    for table in tables:
        pages.extend(table)
        offsets.append(len(pages))
    return np.array(offsets, np.uint32), np.array(pages, np.uint32)

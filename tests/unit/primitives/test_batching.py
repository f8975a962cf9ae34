"""The facade of inference: packing, refusals, one step of a tiny random decoder and its laws."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from zerog import _native
from zerog.errors import DeviceError, InvalidInput
from zerog.primitives import batching

CONFIG = batching.DecoderConfig(
    layers=2, width=64, heads=4, kv_heads=2, head_size=32, inner_width=96, vocabulary_size=80, context_size=96,
    norm_epsilon=1e-5, rope_base=10000.0, rope_scale=1.0, rope_size=32, rope_halves=False,
)  # fmt: skip


def q8_0(values: NDArray[np.float32]) -> bytes:
    """Blocks of 32: a half-precision scale, 32 signed bytes."""
    groups = values.reshape(-1, 32)
    scales = (np.abs(groups).max(axis=1) / 127).astype(np.float16)
    quants = np.clip(np.rint(groups / scales[:, None].astype(np.float32)), -127, 127).astype(np.int8)
    return b"".join(scale.tobytes() + row.tobytes() for scale, row in zip(scales, quants, strict=True))


def tensors(rng: np.random.Generator) -> dict[str, batching.Tensor]:
    out: dict[str, batching.Tensor] = {}

    def matrix(name: str, rows: int, columns: int) -> None:
        values = rng.normal(0, 0.2, (rows, columns)).astype(np.float32)
        out[name] = batching.Tensor(8, rows, columns, q8_0(values))

    def vector(name: str, size: int) -> None:
        out[name] = batching.Tensor(0, 1, size, rng.normal(1, 0.1, size).astype(np.float32))

    matrix("token_embd.weight", 80, 64)
    vector("output_norm.weight", 64)
    for layer in range(2):
        vector(f"blk.{layer}.attn_norm.weight", 64)
        vector(f"blk.{layer}.ffn_norm.weight", 64)
        for part, rows, columns in [("attn_q", 128, 64), ("attn_k", 64, 64), ("attn_v", 64, 64), ("attn_output", 64, 128),
                                    ("ffn_gate", 96, 64), ("ffn_up", 96, 64), ("ffn_down", 64, 96)]:  # fmt: skip
            matrix(f"blk.{layer}.{part}.weight", rows, columns)
    return out


@pytest.fixture
def packed(seed: int) -> batching.PackedDecoder:
    return batching.pack_decoder(CONFIG, tensors(np.random.default_rng(seed)))


def logits(runner: batching.StepRunner, runs: list[tuple[list[int], int, list[int]]]) -> list[NDArray[np.float32]]:
    """Logits of every row of runs of (tokens, first position, pages), in one batch."""
    tokens = np.array([t for run, _, _ in runs for t in run], np.uint32)
    positions = np.array([first + i for run, first, _ in runs for i in range(len(run))], np.uint32)
    sequences = np.array([s for s, (run, _, _) in enumerate(runs) for _ in run], np.uint32)
    offsets, pages = batching.page_offsets(pages for _, _, pages in runs)
    wants = np.full(len(tokens), batching.WANT_LOGITS, np.uint8)
    rows, best, best_logits, _, found = runner.step(tokens, positions, sequences, wants, offsets, pages)
    assert rows.tolist() == list(range(len(tokens)))
    assert best.tolist() == found.argmax(axis=1).tolist()
    assert best_logits.tolist() == found.max(axis=1).tolist()
    ends = np.cumsum([len(run) for run, _, _ in runs])
    return np.split(found, ends[:-1])


def test_every_backend_mate_and_chunk_gives_the_same_bits(packed: batching.PackedDecoder, seed: int) -> None:
    rng = np.random.default_rng(seed + 1)
    story = rng.integers(0, 80, 40).tolist()
    mate = rng.integers(0, 80, 21).tolist()
    reference = logits(batching.make_decoder(packed, 3, 64, backend="scalar"), [(story, 0, [0, 1, 2])])[0]
    available = next(entry for entry in _native.backends() if entry["kernel"] == "gemm")["available"]
    for backend in available:
        runner = batching.make_decoder(packed, 8, 64, backend=backend)
        cut = int(rng.integers(1, 39))
        first = logits(runner, [(mate, 0, [7, 6]), (story[:cut], 0, [5, 3, 4])])[1]
        second = logits(runner, [(story[cut:], cut, [5, 3, 4]), (mate, 0, [7, 6])])[0]
        assert np.concatenate([first, second]).tobytes() == reference.tobytes(), backend


def test_sizes_are_told(packed: batching.PackedDecoder) -> None:
    assert packed.vocabulary_size == 80
    assert packed.context_size == 96
    assert packed.page_size_bytes == 2 * 2 * 2 * 16 * 32 * 2
    matrices = 80 * 64 + 2 * (128 * 64 + 2 * 64 * 64 + 64 * 128 + 3 * 96 * 64)
    assert packed.size_bytes == matrices * 34 // 32


def test_an_empty_batch_has_no_answers(packed: batching.PackedDecoder) -> None:
    nothing = np.zeros(0, np.uint32)
    answers = batching.make_decoder(packed, 1, 1).step(
        nothing, nothing, nothing, np.zeros(0, np.uint8), np.zeros(1, np.uint32), nothing
    )
    assert [len(part) for part in answers] == [0] * 5


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"token_embd.weight": None}, "token_embd.weight is missing"),
        ({"blk.1.ffn_up.weight": None}, "blk.1.ffn_up.weight is missing"),
        ({"output_norm.weight": batching.Tensor(0, 1, 32, bytes(128))}, "expected 1 x 64, found 1 x 32"),
        ({"output_norm.weight": batching.Tensor(0, 1, 64, bytes(128))}, "expected 256 bytes, found 128"),
        ({"blk.0.attn_q.weight": batching.Tensor(11, 128, 64, bytes(8192))}, "tensor type 11"),
        ({"blk.0.attn_q.weight": batching.Tensor(0, 128, 64, bytes(8192))}, "expected 32768 bytes"),
    ],
)
def test_tensors_that_do_not_fit(seed: int, changes: dict[str, batching.Tensor | None], sentence: str) -> None:
    given = tensors(np.random.default_rng(seed)) | changes
    with pytest.raises(InvalidInput, match=sentence):
        batching.pack_decoder(CONFIG, {name: tensor for name, tensor in given.items() if tensor is not None})


def test_batches_that_do_not_fit(packed: batching.PackedDecoder) -> None:
    runner = batching.make_decoder(packed, 2, 4)
    good = [np.array([1], np.uint32), np.zeros(1, np.uint32), np.zeros(1, np.uint32), np.ones(1, np.uint8),
            np.array([0, 1], np.uint32), np.zeros(1, np.uint32)]  # fmt: skip
    assert len(runner.step(*good)[0]) == 1
    wrong = [
        (0, np.array([80], np.uint32)),
        (0, np.array([1], np.int64)),
        (0, [1]),
        (1, np.array([96], np.uint32)),
        (1, np.array([16], np.uint32)),
        (2, np.array([1], np.uint32)),
        (3, np.array([9], np.uint8)),
        (3, np.array([1], np.uint32)),
        (4, np.array([0, 2], np.uint32)),
        (5, np.array([2], np.uint32)),
    ]
    for index, value in wrong:
        with pytest.raises(InvalidInput):
            runner.step(*good[:index], value, *good[index + 1 :])
    with pytest.raises(InvalidInput):
        runner.copy_page(0, 2)
    with pytest.raises(InvalidInput, match="page_count"):
        batching.make_decoder(packed, 0, 1)
    with pytest.raises(DeviceError):
        batching.make_decoder(packed, 1, 1, backend="abacus")

"""Adapters in the native engine's weights: as a file with those weights, as the trainer's own model, or refused."""

from __future__ import annotations

import io
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save
from tests.unit.compute.adapter_kit import (
    ALPHA,
    RANK,
    SHAPES,
    config,
    leave,
    native_logits,
    random_tensors,
    tensor_name,
    trainer_logits,
)
from tests.unit.compute.tuning_kit import HEADS, KV_HEADS, LAYERS, tiny_model

from zerog.compute.adapter import CONFIG, WEIGHTS
from zerog.compute.engine.lora import Kind, load_adapted, parse_adapter
from zerog.compute.engine.weights import load_gguf
from zerog.compute.tuning.lora import PROJECTIONS, permuted, unpermuted
from zerog.errors import InvalidInput
from zerog.primitives import batching

IDS = list(range(3, 43))


def test_as_a_file_with_those_weights(tmp_path: Path, seed: int) -> None:
    """Bit for bit: merging is nothing else than other weights, query and key rows in the order of the file."""
    tensors = random_tensors(seed)
    changes = {}
    for layer in range(LAYERS):
        for theirs, ours in PROJECTIONS.items():
            a, b = (tensors[tensor_name(layer, theirs, part)] for part in "AB")
            product = np.float32(ALPHA / RANK) * (b @ a)
            heads = {"attn_q": HEADS, "attn_k": KV_HEADS}.get(ours)
            changes[f"blk.{layer}.{ours}.weight"] = product if heads is None else permuted(product, heads)
    plain, written = tmp_path / "plain.gguf", tmp_path / "written.gguf"
    tiny_model(plain)
    tiny_model(written, changes)
    adapter = parse_adapter(config(), save(tensors))
    assert len(adapter.pairs) == LAYERS * len(SHAPES)
    wanted = native_logits(load_gguf(written), IDS)
    base = native_logits(load_gguf(plain), IDS)
    merged = native_logits(load_adapted(plain, adapter, "f32"), IDS)
    np.testing.assert_allclose(merged, wanted, rtol=0, atol=2e-5)  # permuting the product or its factor rounds alike or nearly
    assert np.abs(merged - base).max() > 1
    assert (native_logits(load_gguf(plain), IDS) == base).all()


def test_nothing_learned_changes_nothing(tmp_path: Path, seed: int) -> None:
    model = tmp_path / "tiny.gguf"
    tiny_model(model)
    adapter = parse_adapter(config(), save(random_tensors(seed, size=0)))
    base, ours = load_gguf(model), load_adapted(model, adapter, "f32")
    assert (native_logits(base, IDS) == native_logits(ours, IDS)).all()


def test_eight_bits_are_the_nearest_multiples(seed: int) -> None:
    from zerog.compute.engine.lora import _encoded

    values = np.random.default_rng(seed).normal(0, 0.2, (8, 96)).astype(np.float32)
    values[3, 32:64] = 0
    kept = batching.dequantise(batching.Tensor(8, 8, 96, _encoded(values, "q8_0", "w")))
    steps = np.abs(values.reshape(-1, 32)).max(1) / 127
    assert (np.abs(kept - values).reshape(-1, 32) <= steps[:, None] * 0.57).all()  # half a step, and the step's own rounding
    assert (kept[3, 32:64] == 0).all()
    exact = batching.dequantise(batching.Tensor(8, 8, 96, _encoded(kept, "q8_0", "w")))
    assert np.abs(exact - kept).max() <= np.abs(kept).max() * 2e-3


def test_rows_turn_back(seed: int) -> None:
    matrix = np.random.default_rng(seed).normal(size=(64, 5)).astype(np.float32)
    assert (unpermuted(permuted(matrix, 2), 2) == matrix).all()
    assert not (permuted(matrix, 2) == matrix).all()


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "mean", "most"), [("f32", 0.02, 0.2), ("f16", 0.02, 0.2), ("q8_0", 0.15, 1.5)])
def test_as_the_trainer_has_it(tmp_path: Path, kind: Kind, mean: float, most: float) -> None:
    """Logits of the merged model beside those of jax, which has the adapter as a term of its own; they spread over ±10.

    The engine keeps keys and values in 16 bits, and multiplies 8-bit weights with 8-bit values: an adapter that changes nothing
    shows how far that alone leads away. With one that does, it is no farther.
    """
    pytest.importorskip("jax")
    model = tmp_path / "tiny.gguf"
    tiny_model(model)

    def compared(name: str, size: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        folder = leave(tmp_path / name, random_tensors(1, size))
        adapter = parse_adapter(*((folder / file).read_bytes() for file in (CONFIG, WEIGHTS)))
        return native_logits(load_adapted(model, adapter, kind), IDS), trainer_logits(model, folder, IDS)

    base, trained = compared("nothing", 0), compared("much", 0.15)
    for ours, theirs in (base, trained):
        apart = np.abs(ours - theirs)
        assert (apart.mean() < mean, apart.max() < most) == (True, True), (kind, apart.mean(), apart.max())
    assert np.abs(trained[1] - base[1]).mean() > 0.5
    assert np.abs(np.subtract(*trained)).mean() < 1.5 * np.abs(np.subtract(*base)).mean()
    best = np.sort(trained[1], axis=1)
    clear = best[:, -1] - best[:, -2] > 2 * np.abs(np.subtract(*trained)).max()
    assert clear.sum() >= 8
    assert (trained[0].argmax(1) == trained[1].argmax(1))[clear].all()


def without(*names: str) -> bytes:
    return save({name: values for name, values in random_tensors(1).items() if name not in names})


def with_tensor(name: str, values: Any) -> bytes:
    return save(random_tensors(1) | {name: values})


Q_A, Q_B = tensor_name(0, "self_attn.q_proj", "A"), tensor_name(0, "self_attn.q_proj", "B")
REFUSED: list[tuple[str, bytes, bytes | None, str]] = [
    ("config-no-json", b"{", None, "JSON"),
    ("config-no-object", b"[]", None, "object"),
    ("another-method", config(peft_type="IA3"), None, "peft_type"),
    ("rank-missing", config(r=None), None, "r:"),
    ("rank-huge", config(r=1 << 40), None, "r:"),
    ("rank-other", config(r=RANK + 1), None, "rank"),
    ("alpha-nan", config(lora_alpha=-1), None, "lora_alpha"),
    ("bias", config(bias="all"), None, "bias"),
    ("dora", config(use_dora=True), None, "use_dora"),
    ("rslora", config(use_rslora=True), None, "use_rslora"),
    ("whole-modules", config(modules_to_save=["lm_head"]), None, "modules_to_save"),
    ("half-missing", config(), without(Q_B), "two matrices"),
    ("nothing", config(), without(*random_tensors(1)), "no tensors"),
    ("module-unknown", config(), with_tensor("base_model.model.lm_head.lora_A.weight", np.ones((4, 64), np.float32)), "place"),
    ("layer-unknown", config(), save({
        tensor_name(9, "self_attn.q_proj", "A"): np.ones((RANK, 64), np.float32),
        tensor_name(9, "self_attn.q_proj", "B"): np.ones((64, RANK), np.float32),
    }), "has no blk.9"),
    ("shape", config(), with_tensor(Q_B, np.ones((65, RANK), np.float32)), "expected 64 x 64"),
    ("vector", config(), with_tensor(Q_A, np.ones(RANK, np.float32)), "matrix"),
    ("whole-numbers", config(), with_tensor(Q_A, np.ones((RANK, 64), np.int32)), "I32"),
    ("nan", config(), with_tensor(Q_A, np.full((RANK, 64), np.nan, np.float32)), "not finite"),
    ("overflow", config(), with_tensor(Q_A, np.full((RANK, 64), 3e38, np.float32)), "range"),
    ("cut-off", config(), save(random_tensors(1))[:-1], "fit"),
    ("pickle", config(), pickle.dumps({"weight": [1.0]}), "safetensors"),
    ("zip-of-torch", config(), b"PK\x03\x04" + bytes(100), "safetensors"),
]  # fmt: skip


@pytest.mark.parametrize(("told", "weights", "word"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_refused(tmp_path: Path, told: bytes, weights: bytes | None, word: str) -> None:
    model = tmp_path / "tiny.gguf"
    tiny_model(model)
    with pytest.raises(InvalidInput, match=word):
        load_adapted(model, parse_adapter(told, save(random_tensors(1)) if weights is None else weights), "q8_0")


def test_a_pickle_is_never_run(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "ran",))

    out = io.BytesIO()
    pickle.dump(Bomb(), out)
    with pytest.raises(InvalidInput):
        parse_adapter(config(), out.getvalue())
    assert not (tmp_path / "ran").exists()

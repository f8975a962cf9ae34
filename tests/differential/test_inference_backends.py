"""Products with packed weights on every backend: ggml's own values of each tensor type, and numpy's product of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from zerog import _native
from zerog.errors import InvalidInput
from zerog.primitives import batching

VECTORS = json.loads((Path(__file__).resolve().parents[1] / "vectors" / "gguf_quants" / "vectors.json").read_text())
BACKENDS = ("scalar", "avx2", "avx512", "emu")
NAMES = [case["name"] for case in VECTORS]


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    report = next(entry for entry in _native.backends() if entry["kernel"] == "gemm")
    if request.param not in report["available"]:
        pytest.skip(f"{request.param}: {report['unavailable'] or 'not in this build'}")
    return str(request.param)


def tensor_of(case: dict[str, Any], columns: int) -> batching.Tensor:
    values = len(case["values"]) // 8
    return batching.Tensor(case["type"], values // columns, columns, bytes.fromhex(case["data"]))


def values_of(case: dict[str, Any]) -> NDArray[np.float32]:
    return np.frombuffer(bytes.fromhex(case["values"]), np.float32)


@pytest.mark.parametrize("case", VECTORS, ids=NAMES)
def test_values_of_ggml(case: dict[str, Any]) -> None:
    found = batching.dequantise(tensor_of(case, 32))
    assert found.reshape(-1) == pytest.approx(values_of(case), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("case", VECTORS, ids=NAMES)
def test_products(case: dict[str, Any], backend: str, seed: int) -> None:
    columns = min(256, len(case["values"]) // 8)
    tensor = tensor_of(case, columns)
    x = np.random.default_rng(seed).normal(0, 1, (5, columns)).astype(np.float32)
    found = batching.multiply(x, tensor, backend=backend)
    assert found.tobytes() == batching.multiply(x, tensor, backend="scalar").tobytes()
    for row in range(5):
        assert batching.multiply(x[row : row + 1], tensor, backend=backend).tobytes() == found[row].tobytes()
    weights = values_of(case).reshape(tensor.rows, columns).astype(np.float64)
    sizes = np.abs(x.astype(np.float64)) @ np.abs(weights).T
    rounding = 1e-5 if case["name"] in ("F16", "BF16") else 0.01  # 8-bit rows; for K types 8-bit weights too
    assert np.all(np.abs(found - x.astype(np.float64) @ weights.T) <= rounding * sizes + 1e-6)


def test_refusals(backend: str) -> None:
    tensor = tensor_of(VECTORS[NAMES.index("Q8_0")], 32)
    for x in (np.zeros((1, 64), np.float32), np.zeros(32, np.float32)):
        with pytest.raises(InvalidInput, match="x"):
            batching.multiply(x, tensor, backend=backend)
    with pytest.raises(InvalidInput, match="bytes"):
        batching.dequantise(batching.Tensor(8, 1, 32, bytes(33)))
    with pytest.raises(InvalidInput, match="tensor type 9"):
        batching.dequantise(batching.Tensor(9, 1, 32, bytes(34)))
    assert batching.multiply(np.zeros((0, 32), np.float32), tensor, backend=backend).shape == (0, tensor.rows)

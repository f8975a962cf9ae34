"""The field header compiles for devices: the same products and sums that the host runs, as kernels of later work use them."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_nvrtc import ARCHITECTURES, Nvrtc, nvrtc  # noqa: F401

ROOT = Path(__file__).resolve().parents[2]
TEXT = """
#include "field/bn254_constants.hpp"
#include "field/mont.hpp"

using Fq = zg::field::Element<zg::bn254::FqParams>;

extern "C" __global__ void products(const Fq* a, const Fq* b, Fq* out, int count) {
  const int i = static_cast<int>(blockIdx.x * blockDim.x + threadIdx.x);
  if (i < count) out[i] = zg::field::square(a[i] * b[i] + a[i]) - b[i];
}
"""


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_products_compile(nvrtc: Nvrtc, architecture: str) -> None:  # noqa: F811
    options = (f"-arch={architecture}", "--device-int128", f"-I{ROOT / 'cpp'}")
    cubin, log = nvrtc.compile(TEXT, *options)
    assert cubin is not None, log
    assert len(cubin) > 1000

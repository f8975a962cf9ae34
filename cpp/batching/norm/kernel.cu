// Device entry points of the row operations. The norms take 64 bytes of block memory, a row a block in turn.
#include "batching/norm/body.hpp"
#include "grid/device.cuh"

using zg::grid::View;

extern "C" __global__ void zg_norm_rms(const float* x, size_t rows, size_t width, float epsilon, const float* weight, float* out) {
  zg::grid::DeviceGrid grid;
  zg::batching::RmsNormBody{}(grid, rows, width, epsilon, View<const float>{x, rows * width}, View<const float>{weight, width}, View<float>{out, rows * width});
}

extern "C" __global__ void zg_norm_layer(const float* x, size_t rows, size_t width, float epsilon, const float* weight, const float* bias, float* out) {
  zg::grid::DeviceGrid grid;
  zg::batching::LayerNormBody{}(grid, rows, width, epsilon, View<const float>{x, rows * width}, View<const float>{weight, width}, View<const float>{bias, width}, View<float>{out, rows * width});
}

// kind: 0 swiglu, 1 gelu (y may be null), 2 add, with y repeated.
extern "C" __global__ void zg_norm_pointwise(unsigned kind, float* x, size_t count, const float* y, size_t y_count) {
  zg::grid::DeviceGrid grid;
  zg::batching::PointwiseBody{}(grid, static_cast<zg::batching::Pointwise>(kind), count, View<float>{x, count}, View<const float>{y, y_count});
}

extern "C" __global__ void zg_norm_rope(float* x, size_t rows, size_t heads, size_t head_size, const float* turns, size_t pairs, bool halves) {
  zg::grid::DeviceGrid grid;
  zg::batching::RopeBody{}(grid, rows, heads, head_size, pairs, halves, View<const float>{turns, 2 * rows * pairs}, View<float>{x, rows * heads * head_size});
}

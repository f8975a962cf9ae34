// Device entry points of the weight product: packed tiles as words, rows as quantise leaves them, any launch shape.
#include "batching/gemm/body.hpp"
#include "grid/device.cuh"

using zg::grid::View;

// format: 0 int4, 1 int8, 2 bf16, 3 f16, 4 f32. The arrays that the format does not read may be null.
extern "C" __global__ void zg_gemm_product(unsigned format, const uint32_t* weights, size_t tile_count, size_t depth, const int8_t* quants, const float* scales, const float* sums, const float* floats, size_t rows, float* out, size_t stride, bool add) {
  zg::grid::DeviceGrid grid;
  const auto kind = static_cast<zg::batching::Format>(format);
  const size_t groups = rows * depth / zg::batching::kGroup;
  const zg::batching::DeviceRows input{View<const int8_t>{quants, rows * depth}, View<const float>{scales, groups}, View<const float>{sums, groups}, View<const float>{floats, rows * depth}, rows};
  zg::batching::ProductBody{}(grid, kind, tile_count, depth, View<const uint32_t>{weights, tile_count * zg::batching::ProductBody::words_of(kind, depth)}, input, View<float>{out, rows * stride}, stride, add);
}

extern "C" __global__ void zg_gemm_quantise(const float* x, size_t groups, int8_t* quants, float* scales, float* sums, int32_t* totals) {
  zg::grid::DeviceGrid grid;
  zg::batching::QuantiseBody{}(grid, groups, View<const float>{x, groups * zg::batching::kGroup}, View<int8_t>{quants, groups * zg::batching::kGroup}, View<float>{scales, groups}, View<float>{sums, groups}, View<int32_t>{totals, groups});
}

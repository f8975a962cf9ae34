// Device entry point of the sampler; one block a row, width * 8 bytes of block memory.
#include "batching/sample/body.hpp"
#include "grid/device.cuh"

extern "C" __global__ void zg_sample(float* logits, uint64_t vocabulary, const zg::batching::sample::DeviceRow* rows, const uint32_t* bias_tokens,
                                     const float* bias_values, uint64_t bias_count, const uint32_t* seen_tokens, const uint32_t* seen_counts,
                                     uint64_t seen_count, const uint32_t* forbidden, uint64_t forbidden_count, const uint32_t* masks, uint64_t mask_words,
                                     zg::batching::sample::DeviceDrawn* drawn, uint32_t* top_tokens, float* top_logits, uint64_t top_stride) {
  using zg::grid::View;
  zg::grid::DeviceGrid grid;
  const uint64_t row_count = grid.blocks();
  zg::batching::sample::SampleBody{}(grid, View<float>{logits, row_count * vocabulary}, vocabulary,
                                     View<const zg::batching::sample::DeviceRow>{rows, row_count}, View<const uint32_t>{bias_tokens, bias_count},
                                     View<const float>{bias_values, bias_count}, View<const uint32_t>{seen_tokens, seen_count},
                                     View<const uint32_t>{seen_counts, seen_count}, View<const uint32_t>{forbidden, forbidden_count},
                                     View<const uint32_t>{masks, mask_words}, View<zg::batching::sample::DeviceDrawn>{drawn, row_count},
                                     View<uint32_t>{top_tokens, row_count * top_stride}, View<float>{top_logits, row_count * top_stride}, top_stride);
}

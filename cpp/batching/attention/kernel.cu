// Device entry points of attention. zg_attention_attend takes 2 · 64 · heads bytes of block memory (each part rounded up to 16).
#include "batching/attention/body.hpp"
#include "grid/device.cuh"

using zg::grid::View;

extern "C" __global__ void zg_attention_store(const float* keys, const float* values, size_t count, size_t head_size, const uint64_t* places, const uint32_t* slots, uint16_t* pages, size_t pages_size) {
  zg::grid::DeviceGrid grid;
  zg::batching::StoreBody{}(grid, count, head_size, View<const float>{keys, count * head_size}, View<const float>{values, count * head_size}, View<const uint64_t>{places, count}, View<const uint32_t>{slots, count}, View<uint16_t>{pages, pages_size});
}

extern "C" __global__ void zg_attention_attend(const float* queries, size_t count, size_t heads, size_t head_size, float scale, const uint64_t* first_place, const uint64_t* places, size_t place_count, const uint32_t* lengths, const uint16_t* pages, size_t pages_size, float* scores, float* out) {
  zg::grid::DeviceGrid grid;
  const size_t size = count * heads * head_size;
  zg::batching::AttendBody{}(grid, count, heads, head_size, scale, View<const float>{queries, size}, View<const uint64_t>{first_place, count}, View<const uint64_t>{places, place_count}, View<const uint32_t>{lengths, count}, View<const uint16_t>{pages, pages_size}, View<float>{scores, zg::batching::kPagePositions * heads * place_count}, View<float>{out, size});
}

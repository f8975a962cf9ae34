// The device bodies on the fibers grid, as a backend: tests only. A fault of a body stops the process with its sentence.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "batching/gemm/body.hpp"
#include "batching/gemm/table.hpp"
#include "grid/host_fibers.hpp"

namespace zg::batching {

namespace {

using grid::View;

template <class Body>
void launch(const Body& body) {
  static std::atomic<uint64_t> seed{0};
  const grid::Report report = grid::run_on_fibers({2, 24, 0, seed.fetch_add(1)}, body);
  if (report.ok) return;
  std::fprintf(stderr, "zerog: gemm on emu: %s\n", report.message.c_str());
  std::abort();
}

void quantise(const float* x, size_t depth, int8_t* quants, float* scales, float* sums, int32_t* totals) {
  const size_t groups = depth / kGroup;
  launch([&](auto& grid) {
    QuantiseBody{}(grid, groups, View<const float>{x, depth}, View<int8_t>{quants, depth}, View<float>{scales, groups}, View<float>{sums, groups},
                   View<int32_t>{totals, groups});
  });
}

void product(Format format, const uint8_t* tiles, size_t tile_count, size_t depth, const Rows& rows, float* out, size_t stride, bool add) {
  if (rows.count == 0 || tile_count == 0) return;
  std::vector<uint32_t> words(tile_count * ProductBody::words_of(format, depth));
  std::memcpy(words.data(), tiles, 4 * words.size());
  const size_t groups = rows.count * depth / kGroup, out_size = stride * (rows.count - 1) + tile_count * kTileColumns;
  const DeviceRows input{{rows.quants, rows.count * depth}, {rows.scales, groups}, {rows.sums, groups}, {rows.floats, rows.count * depth}, rows.count};
  launch([&](auto& grid) {
    ProductBody{}(grid, format, tile_count, depth, View<const uint32_t>{words.data(), words.size()}, input, View<float>{out, out_size}, stride, add);
  });
}

size_t largest(const float* values, size_t count) { return scalar_gemm.largest(values, count); }

}  // namespace

const Table emu_gemm = {quantise, product, largest};

}  // namespace zg::batching

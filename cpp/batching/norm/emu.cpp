// The device bodies on the fibers grid, as a backend: tests only. A fault of a body stops the process with its sentence.
#include <atomic>
#include <cstdio>
#include <cstdlib>

#include "batching/norm/body.hpp"
#include "batching/norm/table.hpp"
#include "grid/host_fibers.hpp"

namespace zg::batching {

namespace {

using grid::View;

template <class Body>
void launch(const Body& body) {
  static std::atomic<uint64_t> seed{0};
  const grid::Report report = grid::run_on_fibers({2, 24, grid::shared_size<float>(RowSums::kLanes), seed.fetch_add(1)}, body);
  if (report.ok) return;
  std::fprintf(stderr, "zerog: norm on emu: %s\n", report.message.c_str());
  std::abort();
}

void rms_norm(const float* x, const float* weight, float epsilon, size_t width, float* out) {
  launch([&](auto& grid) { RmsNormBody{}(grid, 1, width, epsilon, View<const float>{x, width}, View<const float>{weight, width}, View<float>{out, width}); });
}

void layer_norm(const float* x, const float* weight, const float* bias, float epsilon, size_t width, float* out) {
  launch([&](auto& grid) {
    LayerNormBody{}(grid, 1, width, epsilon, View<const float>{x, width}, View<const float>{weight, width}, View<const float>{bias, width}, View<float>{out, width});
  });
}

void pointwise(Pointwise kind, float* x, const float* y, size_t count) {
  launch([&](auto& grid) { PointwiseBody{}(grid, kind, count, View<float>{x, count}, View<const float>{y, y == nullptr ? 0 : count}); });
}

void swiglu(float* gate, const float* up, size_t count) { pointwise(Pointwise::swiglu, gate, up, count); }
void gelu(float* x, size_t count) { pointwise(Pointwise::gelu, x, nullptr, count); }
void add(float* x, const float* y, size_t count) { pointwise(Pointwise::add, x, y, count); }

void rope(float* x, size_t heads, size_t head_size, const float* turns, size_t pairs, bool halves) {
  launch([&](auto& grid) { RopeBody{}(grid, 1, heads, head_size, pairs, halves, View<const float>{turns, 2 * pairs}, View<float>{x, heads * head_size}); });
}

}  // namespace

const NormTable emu_norm = {rms_norm, layer_norm, swiglu, gelu, add, rope};

}  // namespace zg::batching

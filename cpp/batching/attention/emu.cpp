// The device bodies on the fibers grid, as a backend: tests only. A fault of a body stops the process with its sentence.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "batching/attention/body.hpp"
#include "batching/attention/table.hpp"
#include "grid/host_fibers.hpp"

namespace zg::batching {

namespace {

using grid::View;

template <class Body>
void launch(size_t heads, const Body& body) {
  static std::atomic<uint64_t> seed{0};
  const size_t size = 2 * grid::shared_size<float>(kPagePositions * heads);
  const grid::Report report = grid::run_on_fibers({1, 24, size, seed.fetch_add(1)}, body);
  if (report.ok) return;
  std::fprintf(stderr, "zerog: attention on emu: %s\n", report.message.c_str());
  std::abort();
}

void store(const float* key, const float* value, size_t head_size, uint16_t* share, size_t slot) {
  const uint64_t place = 0;
  const auto at = static_cast<uint32_t>(slot);
  launch(1, [&](auto& grid) {
    StoreBody{}(grid, 1, head_size, View<const float>{key, head_size}, View<const float>{value, head_size}, View<const uint64_t>{&place, 1}, View<const uint32_t>{&at, 1},
                View<uint16_t>{share, page_values(head_size)});
  });
}

void attend(const float* queries, size_t heads, size_t head_size, const uint16_t* const* shares, size_t length, float scale, float* scratch, float* out) {
  const size_t count = (length + kPagePositions - 1) / kPagePositions, size = page_values(head_size);
  std::vector<uint16_t> pages(count * size);
  std::vector<uint64_t> places(count);
  for (size_t p = 0; p < count; ++p) {
    places[p] = size * (count - 1 - p);
    std::memcpy(pages.data() + places[p], shares[p], size * sizeof(uint16_t));
  }
  const uint64_t first = 0;
  const auto positions = static_cast<uint32_t>(length);
  std::memset(out, grid::kUnwrittenByte, heads * head_size * sizeof(float));
  launch(heads, [&](auto& grid) {
    AttendBody{}(grid, 1, heads, head_size, scale, View<const float>{queries, heads * head_size}, View<const uint64_t>{&first, 1}, View<const uint64_t>{places.data(), count},
                 View<const uint32_t>{&positions, 1}, View<const uint16_t>{pages.data(), pages.size()}, View<float>{scratch, kPagePositions * heads * count},
                 View<float>{out, heads * head_size});
  });
}

}  // namespace

const AttentionTable emu_attention = {store, attend};

}  // namespace zg::batching

// The device bodies on the fibers grid, as a backend: tests only. A fault of a body stops the process with its sentence.
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "curve/msm/body.hpp"
#include "curve/msm/table.hpp"
#include "grid/host_fibers.hpp"

namespace zg::msm {

namespace {

static_assert(device::kNegativeBit == kNegate && device::kWords == kPointWords);

using Points = grid::View<const uint64_t>;
using Indices = grid::View<const uint32_t>;

// Words up to the last point that the indices name.
size_t extent(const uint32_t* indices, size_t count) {
  size_t last = 0;
  for (size_t k = 0; k < count; ++k)
    if ((indices[k] & ~kNegate) > last) last = indices[k] & ~kNegate;
  return kPointWords * (last + 1);
}

template <class Body>
void launch(size_t count, const Body& body) {
  static std::atomic<uint64_t> seed{0};
  if (count == 0) return;
  std::vector<uint64_t> before(4 * count);
  std::memset(before.data(), grid::kUnwrittenByte, 8 * before.size());
  const grid::Launch shape{2, 24, 0, seed.fetch_add(1)};
  const grid::Report report = grid::run_on_fibers(shape, [&](auto& grid) { body(grid, grid::View<uint64_t>{before.data(), before.size()}); });
  if (report.ok) return;
  std::fprintf(stderr, "zerog: msm on emu: %s\n", report.message.c_str());
  std::abort();
}

void add(const Pairs& pairs, size_t count, const Callbacks&, void* /*scratch*/) {
  launch(count, [&](auto& grid, grid::View<uint64_t> before) {
    device::AddBody{}(grid, count, Points{pairs.left, extent(pairs.a, count)}, Indices{pairs.a, count}, Points{pairs.right, extent(pairs.b, count)},
                      Indices{pairs.b, count}, grid::View<uint64_t>{pairs.out, extent(pairs.to, count)}, Indices{pairs.to, count}, before);
  });
}

void twice(const Pairs& pairs, size_t count, const Callbacks&, void* /*scratch*/) {
  launch(count, [&](auto& grid, grid::View<uint64_t> before) {
    device::TwiceBody{}(grid, count, Points{pairs.left, extent(pairs.a, count)}, Indices{pairs.a, count},
                        grid::View<uint64_t>{pairs.out, extent(pairs.to, count)}, Indices{pairs.to, count}, before);
  });
}

}  // namespace

const Table emu = {add, twice};

}  // namespace zg::msm

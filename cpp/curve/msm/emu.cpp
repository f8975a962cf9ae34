// The device bodies on the fibers grid, as a backend: tests only. A fault of a body stops the process with its sentence.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "curve/msm/api.hpp"
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

// ---- whole operations

using Words = grid::View<uint64_t>;
constexpr unsigned kBlocks = 3, kWidth = 6;

Points view(const std::vector<uint64_t>& words) { return {words.data(), words.size()}; }
Words target(std::vector<uint64_t>& words) { return {words.data(), words.size()}; }
std::vector<uint64_t> unwritten(size_t count) { return std::vector<uint64_t>(count, ~uint64_t{0} / 0xff * grid::kUnwrittenByte); }

template <class Body>
void launch_whole(size_t shared_size_bytes, const Body& body) {
  static std::atomic<uint64_t> seed{0};
  const grid::Report report = grid::run_on_fibers({kBlocks, kWidth, shared_size_bytes, seed.fetch_add(1)}, body);
  if (report.ok) return;
  std::fprintf(stderr, "zerog: msm on emu: %s\n", report.message.c_str());
  std::abort();
}

void normalize(const std::vector<uint64_t>& points, uint64_t* out, size_t count) {
  std::vector<uint64_t> before = unwritten(4 * count);
  launch_whole(0, [&](auto& grid) {
    curve::device::NormalizeBody<device::Point>{}(grid, count, view(points), Words{out, kPointWords * count}, target(before));
  });
}

// Least additions: a term for each window, and for each bucket its way through scan and tree.
unsigned bits_for(size_t terms) {
  unsigned best = 2;
  size_t least = SIZE_MAX;
  for (unsigned bits = 2; bits <= device::kWindowBitsMax; ++bits) {
    const size_t cost = (255 + bits - 1) / bits * (terms + (size_t{bits} << (bits - 1)));
    if (cost < least) least = cost, best = bits;
  }
  return best;
}

// As a device would be given them: terms side by side, long sums in pieces.
void whole_sums(const Sum* wanted, size_t count, uint64_t* out) {
  if (count == 0) return;
  std::vector<uint64_t> bases, scalars, plan;
  std::vector<uint32_t> from{0};
  size_t pieces = 0, longest = 1;
  for (size_t s = 0; s < count; ++s) {
    for (size_t at = 0; at < wanted[s].count; at += device::kTermsMax) {
      const size_t terms = std::min<size_t>(device::kTermsMax, wanted[s].count - at), before = scalars.size() / 4;
      const auto* own = reinterpret_cast<const uint64_t*>(wanted[s].bases + at);
      bases.insert(bases.end(), own, own + kPointWords * terms);
      scalars.insert(scalars.end(), wanted[s].scalars + 4 * at, wanted[s].scalars + 4 * (at + terms));
      plan.insert(plan.end(), {before, before, terms});
      longest = std::max(longest, terms);
      ++pieces;
    }
    from.push_back(static_cast<uint32_t>(pieces));
  }
  const unsigned bits = bits_for(longest);
  const device::WindowShape shape{pieces, bits, (255 + bits - 1) / bits, longest};
  std::vector<uint64_t> offset(5, 0);
  for (unsigned w = 0; w < shape.windows; ++w) offset[(bits - 1 + bits * w) / 64] |= uint64_t{1} << ((bits - 1 + bits * w) % 64);
  constexpr size_t kSize = curve::device::kPointWords<device::Point>;
  std::vector<uint64_t> windows = unwritten(kSize * pieces * shape.windows), finished = unwritten(kSize * pieces), summed = unwritten(kSize * count);
  launch_whole(grid::shared_size<int8_t>(longest) + grid::shared_size<uint64_t>(2 * kSize * shape.buckets()), [&](auto& grid) {
    device::WindowsBody{}(grid, shape, view(plan), view(bases), view(scalars), view(offset), target(windows));
  });
  launch_whole(0, [&](auto& grid) { device::FinishBody{}(grid, shape, view(windows), target(finished)); });
  launch_whole(grid::shared_size<uint64_t>(kSize * kWidth), [&](auto& grid) {
    curve::device::SumBody<device::Point, false>{}(grid, count, Indices{from.data(), from.size()}, view(finished), target(summed));
  });
  normalize(summed, out, count);
}

void whole_ladders(uint64_t* points, const uint64_t* scalars, size_t count) {
  if (count == 0) return;
  constexpr size_t kSize = curve::device::kPointWords<device::Point>;
  std::vector<uint64_t> multiples = unwritten(curve::device::kLadderMultiples * kSize * kBlocks * kWidth), out = unwritten(kSize * count);
  launch_whole(0, [&](auto& grid) {
    device::MultiplyBody{}(grid, count, Points{points, kPointWords * count}, Points{scalars, 4 * count}, target(multiples), target(out));
  });
  normalize(out, points, count);
}

}  // namespace

const Table emu = {add, twice, whole_sums, whole_ladders};

}  // namespace zg::msm
